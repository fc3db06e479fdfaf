#include "checkpoint_fixture.h"

/* --- damage ------------------------------------------------------------------------------------------------------- */

static void test_every_byte_flipped(void **state)
{
    static const char *const names[] = {"offsets/1",   "offsets/0",    "commits/1", "commits/0",
                                        "sources/0/0", "sfcrime.json", "metadata"};
    struct fixture *fixture = *state;

    run(fixture, 2);
    remove_file(fixture, "commits/1");
    remove_file(fixture, "offsets/1"); /* so that sources/0/0 is read: batch 0 with its commit gone */
    remove_file(fixture, "commits/0");
    struct checkpoint *checkpoint = open_it(fixture);
    commit(fixture, checkpoint, 0);
    plan(fixture, checkpoint, 1);
    commit(fixture, checkpoint, 1);
    checkpoint_close(checkpoint, false);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf good = BUF_INIT;
        read_file(fixture, names[i], &good);
        if (strcmp(names[i], "sources/0/0") == 0) {
            remove_file(fixture, "offsets/1");
            remove_file(fixture, "commits/1");
            remove_file(fixture, "commits/0");
        }
        for (size_t at = 0; at < good.len; at++) {
            for (int bit = 0; bit < 8; bit += 1 + (at % 3 != 0)) {
                good.data[at] = (char)(good.data[at] ^ 1 << bit);
                write_bytes(fixture, names[i], good.data, good.len);
                refused(fixture, names[i], "--from-scratch");
                good.data[at] = (char)(good.data[at] ^ 1 << bit);
            }
        }
        for (size_t len = 0; len < good.len; len++) {
            write_bytes(fixture, names[i], good.data, len);
            refused(fixture, names[i], "--from-scratch");
        }
        write_bytes(fixture, names[i], good.data, good.len);
        buf_release(&good);
        checkpoint = open_it(fixture);
        checkpoint_close(checkpoint, false);
    }
}

/* Right checksum, wrong text; and the refusals that Spark has words for. */
static void test_wrong_texts(void **state)
{
    static const struct {
        const char *name, *text, *wanted;
    } rows[] = {
        {"offsets/1", "", "Failed to read log file"},
        {"offsets/1", "", "Incomplete log file"},
        {"commits/1", "", "Incomplete log file"},
        {"offsets/1", "v2\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":0,\"conf\":{}}\n{\"sf.crimes\":{\"0\":20}}",
         "maximum supported log version is v1, but encountered v2"},
        {"commits/1", "v99\n{\"nextBatchWatermarkMs\":0}", "but encountered v99"},
        {"offsets/1", "v0\n{}\n{}", "Log file was malformed"},
        {"offsets/1", "vx\n{}\n{}", "Log file was malformed"},
        {"offsets/1", "1\n{}\n{}", "Log file was malformed"},
        {"offsets/1", "v1", "Incomplete log file"},
        {"offsets/1", "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":0,\"conf\":{}}\n{\"sf.crimes\":{\"0\":20}}",
         "no field crc32c"},
        {"commits/1", "v1\n{\"nextBatchWatermarkMs\":0}", "no field crc32c"},
        {"offsets/1", "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":0,\"crc32c\":\"00000000\"}",
         "Incomplete log file"},
        {"offsets/1", "v1\n{\"batchTimestampMs\":0,\"crc32c\":\"00000000\"}\n{\"t\":{\"0\":1}}", "second line"},
        {"offsets/1", "v1\n{\"batchWatermarkMs\":0.5,\"batchTimestampMs\":0,\"crc32c\":\"00000000\"}\n{}",
         "second line"},
        {"offsets/1", "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":0,\"crc32c\":\"00000000\"}\n-", "third line"},
        {"offsets/1", "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":0,\"crc32c\":\"00000000\"}\n{\"t\":{\"0\":-1}}",
         "third line"},
        {"offsets/1", "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":0,\"crc32c\":\"00000000\"}\n{}\n{}",
         "There are [2] sources in the checkpoint offsets and now there are [1] sources"},
        {"commits/1", "v1\n{\"nextBatchWatermarkMs\":\"0\",\"crc32c\":\"00000000\"}", "second line"},
        {"commits/1", "v1\n[\"crc32c\":\"00000000\"]", "second line"},
        {"sfcrime.json",
         "{\"version\":9,\"id\":\"\",\"query\":\"\",\"cluster\":\"\",\"fingerprint\":\"\",\"crc32c\":\"00000000\"}",
         "newer format: version, wanted 1, found 9"},
        {"sfcrime.json", "{\"version\":1,\"crc32c\":\"00000000\"}", "sfcrime.json is damaged"},
        {"metadata", "garbage", "metadata is damaged"},
        {"metadata", "{\"id\":\"none\"}", "metadata is damaged"},
        {"metadata", "{\"id\":\"00000000-0000-4000-8000-000000000000\"}", "query id, wanted"},
    };
    struct fixture *fixture = *state;

    run(fixture, 2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf good = BUF_INIT;
        read_file(fixture, rows[i].name, &good);
        write_sealed(fixture, rows[i].name, rows[i].text);
        refused(fixture, rows[i].wanted, rows[i].name);
        write_bytes(fixture, rows[i].name, good.data, good.len);
        buf_release(&good);
    }
    struct checkpoint *checkpoint = open_it(fixture);
    checkpoint_close(checkpoint, false);
}

/* Other names are neither read nor removed; our own left-over temp files go. */
static void test_foreign_files(void **state)
{
    static const char *const foreign[] = {"offsets/.3.crc",
                                          "offsets/x",
                                          "offsets/03",
                                          "commits/9.bak",
                                          "commits/-1",
                                          "state/_metadata",
                                          "note.txt",
                                          "offsets/.1.0123456789abcdeg.tmp",
                                          "offsets/.1.f0a0b3f1-0000-4000-8000-000000000000.tmp"};
    static const char *const temps[] = {"offsets/.4.0123456789abcdef.tmp", ".sfcrime.json.0123456789abcdef.tmp",
                                        "sources/0/.0.0000000000000000.tmp", "state/0/0/.5.delta.ffffffffffffffff.tmp"};
    struct fixture *fixture = *state;

    run(fixture, 2);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        write_bytes(fixture, foreign[i], "?", 1);
    for (size_t i = 0; i < sizeof(temps) / sizeof(temps[0]); i++)
        write_bytes(fixture, temps[i], "?", 1);
    struct checkpoint *checkpoint = open_it(fixture);
    assert_int_equal(checkpoint_position(checkpoint)->next_batch, 2);
    checkpoint_close(checkpoint, false);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_true(there(fixture, foreign[i]));
    for (size_t i = 0; i < sizeof(temps) / sizeof(temps[0]); i++)
        assert_false(there(fixture, temps[i]));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_byte_flipped),
        TEST(test_wrong_texts),
        TEST(test_foreign_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
