#include "state_fixture.h"

#include "common/crc32c.h"

/* --- files -------------------------------------------------------------------------------------------------------- */

static bool there(struct fixture *fixture, const char *name)
{
    char path[128];

    path_in(fixture, name, path);
    return access(path, F_OK) == 0;
}

static void read_file(struct fixture *fixture, const char *name, struct buf *out)
{
    char path[128];

    path_in(fixture, name, path);
    assert_int_equal(fileio_read(path, 1 << 20, out, NULL, &fixture->err), 0);
}

static void write_file(struct fixture *fixture, const char *name, const char *data, size_t len)
{
    char path[128];

    path_in(fixture, name, path);
    FILE *file = fopen(path, "w"); /* not fileio: thousands of times, and durability is of no interest */
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(struct fixture *fixture, const char *name)
{
    char path[128];

    path_in(fixture, name, path);
    assert_int_equal(unlink(path), 0);
}

/* Make the trailer right again. */
static void seal(struct buf *file)
{
    uint32_t crc = crc32c_update(0, file->data, file->len - 4);

    for (int i = 0; i < 4; i++)
        file->data[file->len - 4 + (size_t)i] = (char)(crc >> 8 * i);
}

static void refused(struct fixture *fixture, int64_t version, const char *name)
{
    errbuf_clear(&fixture->err);
    struct state *state = state_open(fixture->wal, fixture->dir, fixture->layout, version, 2, &fixture->err);
    if (state != NULL)
        fail_msg("%s: accepted", name);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
    if (strstr(fixture->err.text, name) == NULL)
        fail_msg("%s not named: %s", name, fixture->err.text);
    assert_non_null(strstr(fixture->err.text, "--from-scratch"));
}

/* Versions 1 to 3 with a snapshot at 2. */
static void write_three(struct fixture *fixture)
{
    struct state *state = open_version(fixture, 0, 2);

    for (int64_t version = 1; version <= 3; version++) {
        char line[32];
        snprintf(line, sizeof(line), "k%" PRId64 "|%" PRId64 "|1|w", version, version * 10);
        state_begin(state);
        merge(fixture, state, (const char *const[]){line, "a|100|1|x", NULL}, NOT_LATE);
        assert_int_equal(state_evict(state, version * 10 - 10, &fixture->err), 0);
        commit(fixture, state, version);
    }
    state_close(state);
    assert_true(there(fixture, "2.snapshot") && there(fixture, "3.delta"));
    assert_false(there(fixture, "1.snapshot") || there(fixture, "3.snapshot"));
}

static void test_every_byte_flipped(void **unused)
{
    struct fixture *fixture = *unused;
    static const char *const names[] = {"2.snapshot", "3.delta"};

    write_three(fixture);
    for (size_t i = 0; i < 2; i++) {
        struct buf good = BUF_INIT;
        read_file(fixture, names[i], &good);
        for (size_t at = 0; at < good.len; at++) {
            for (int bit = 0; bit < 8; bit++) {
                good.data[at] = (char)(good.data[at] ^ 1 << bit);
                write_file(fixture, names[i], good.data, good.len);
                refused(fixture, 3, names[i]);
                good.data[at] = (char)(good.data[at] ^ 1 << bit);
            }
        }
        for (size_t len = 0; len < good.len; len++) {
            write_file(fixture, names[i], good.data, len);
            refused(fixture, 3, names[i]);
        }
        good.len++; /* the NUL behind */
        write_file(fixture, names[i], good.data, good.len);
        refused(fixture, 3, names[i]);
        write_file(fixture, names[i], good.data, good.len - 1);
        buf_release(&good);
    }
    struct state *state = open_version(fixture, 3, 2);
    state_close(state);
}

static void test_missing_and_foreign(void **unused)
{
    struct fixture *fixture = *unused;
    static const char *const foreign[] = {"x", "4", "4.delta.bak", "04.delta", "-1.delta", ".5.delta.crc", "9.txt"};
    struct groups other;

    write_three(fixture);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        write_file(fixture, foreign[i], "?", 1);
    struct state *state = open_version(fixture, 3, 2);
    assert_listing(state, state_all, "a|100|3|3|x\nk3|30|1|1|w\n");
    state_purge(state, 3);
    state_close(state);
    assert_int_equal(wal_settle(fixture->wal, &fixture->err), 0);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_true(there(fixture, foreign[i]));
    assert_false(there(fixture, "1.delta")); /* nothing needs it */
    assert_true(there(fixture, "2.snapshot") && there(fixture, "2.delta"));
    refused(fixture, 4, "4.delta");
    /* the layout of another query */
    query(&other);
    other.op.u.aggregate.ncalls = 2;
    struct aggregate_layout *layout = aggregate_layout_new(&other.op);
    assert_null(state_open(fixture->wal, fixture->dir, layout, 3, 2, &fixture->err));
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
    assert_non_null(strstr(fixture->err.text, "other grouping columns or aggregates"));
    aggregate_layout_free(layout);
    groups_release(&other);
    remove_file(fixture, "2.snapshot");
    refused(fixture, 3, "1.delta"); /* without the snapshot it would be needed */
    remove_file(fixture, "3.delta");
    refused(fixture, 3, ".delta");
}

/* Nonsense under a right checksum: accepted where it is a group after all, else refused by name, and nothing is read
 * beyond its end. */
static void test_every_byte_forged(void **unused)
{
    struct fixture *fixture = *unused;
    static const char *const names[] = {"2.snapshot", "3.delta"};
    static const unsigned char forged[] = {0, 1, 2, 0x7f, 0x80, 0xff};

    write_three(fixture);
    for (size_t i = 0; i < 2; i++) {
        struct buf good = BUF_INIT;
        read_file(fixture, names[i], &good);
        for (size_t at = 0; at < good.len - 4; at++) {
            for (size_t f = 0; f < sizeof(forged); f++) {
                char kept = good.data[at];
                good.data[at] = (char)forged[f];
                seal(&good);
                write_file(fixture, names[i], good.data, good.len);
                good.data[at] = kept;
                errbuf_clear(&fixture->err);
                struct state *state = state_open(fixture->wal, fixture->dir, fixture->layout, 3, 2, &fixture->err);
                if (state == NULL) {
                    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
                    assert_non_null(strstr(fixture->err.text, fixture->dir));
                }
                state_close(state);
            }
        }
        seal(&good);
        write_file(fixture, names[i], good.data, good.len);
        buf_release(&good);
    }
    struct state *state = open_version(fixture, 3, 2);
    assert_listing(state, state_all, "a|100|3|3|x\nk3|30|1|1|w\n");
    state_close(state);
}

/* A file of a later format: its checksum is right, and it says so. */
static void test_newer_format(void **unused)
{
    struct fixture *fixture = *unused;
    struct buf bytes = BUF_INIT;

    write_three(fixture);
    read_file(fixture, "3.delta", &bytes);
    bytes.data[8] = 3;
    seal(&bytes);
    write_file(fixture, "3.delta", bytes.data, bytes.len);
    refused(fixture, 3, "3.delta");
    assert_non_null(strstr(fixture->err.text, "format version (a newer program wrote it), wanted 2, found 3"));
    buf_release(&bytes);
}

/* Two histories that part after version 1: a delta of one does not go onto the other, and a snapshot that the newer
 * history has run past does not come back. */
static void test_histories_do_not_mix(void **unused)
{
    struct fixture *fixture = *unused;
    struct buf delta = BUF_INIT;

    write_three(fixture);
    read_file(fixture, "3.delta", &delta);
    struct state *state = open_version(fixture, 1, 10);
    state_begin(state);
    merge(fixture, state, ROWS("other|50|1|x"), NOT_LATE);
    commit(fixture, state, 2);
    state_close(state);
    assert_false(there(fixture, "2.snapshot"));
    refused(fixture, 3, "3.delta");
    assert_non_null(strstr(fixture->err.text, "another history"));
    state = open_version(fixture, 2, 10);
    assert_listing(state, state_all, "a|100|1|1|x\nk1|10|1|1|w\nother|50|1|1|x\n");
    state_close(state);
    buf_release(&delta);
}

/* A commit that cannot be written leaves everything as it was. */
static void test_storage_failure(void **unused)
{
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 2);
    struct errbuf err;

    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|x"), NOT_LATE);
    commit(fixture, state, 1);
    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|x", "b|20|1|x"), NOT_LATE);
    assert_int_equal(fileio_remove_tree(fixture->dir, &err), 0);
    assert_int_equal(state_commit(state, 2, &err), 0);
    assert_int_equal(wal_sync(fixture->wal, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
    assert_non_null(strstr(err.text, fixture->dir));
    state_rollback(state);
    assert_listing(state, state_all, "a|10|1|1|x\n");
    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|x"), NOT_LATE);
    assert_int_equal(state_commit(state, 2, &err), -1); /* never again on this log */
    state_close(state);
    assert_int_equal(fileio_make_dirs(fixture->dir, &err), 0);
}

/* What is retained can be loaded; a base in use stays. */
static void test_purge(void **unused)
{
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 4);

    for (int64_t version = 1; version <= 20; version++) {
        state_begin(state);
        merge(fixture, state, ROWS("a|10|1|x"), NOT_LATE);
        commit(fixture, state, version);
        state_purge(state, version - 6);
    }
    state_close(state);
    /* 14 is the oldest wanted: it needs the snapshot of 12 */
    for (int64_t version = 1; version <= 20; version++) {
        char name[32];
        snprintf(name, sizeof(name), "%" PRId64 ".delta", version);
        assert_int_equal(there(fixture, name), version >= 12);
        snprintf(name, sizeof(name), "%" PRId64 ".snapshot", version);
        assert_int_equal(there(fixture, name), version >= 12 && version % 4 == 0);
    }
    for (int64_t version = 14; version <= 20; version++) {
        char expected[64];
        state = open_version(fixture, version, 4);
        snprintf(expected, sizeof(expected), "a|10|%" PRId64 "|%" PRId64 "|x\n", version, version);
        assert_listing(state, state_all, expected);
        state_close(state);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_byte_flipped),
        TEST(test_every_byte_forged),
        TEST(test_missing_and_foreign),
        TEST(test_newer_format),
        TEST(test_histories_do_not_mix),
        TEST(test_storage_failure),
        TEST(test_purge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
