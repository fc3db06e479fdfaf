#include "checkpoint_fixture.h"

/* --- the files ---------------------------------------------------------------------------------------------------- */

/* Byte for byte what Spark 4.0.0 writes, but for conf and crc32c (checkpoint/ of the captures). */
static void test_bytes(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name, *text;
        size_t len; /* 0: of the text; sealed otherwise by itself */
    } files[] = {
        {"offsets/1",
         "v1\n{\"batchWatermarkMs\":1000,\"batchTimestampMs\":1546300800001,"
         "\"conf\":{\"spark.sql.streaming.multipleWatermarkPolicy\":\"min\"},\"crc32c\":\"00000000\"}\n"
         "{\"sf.crimes\":{\"0\":10}}",
         0},
        {"commits/1",
         "v1\n{\"nextBatchWatermarkMs\":2000,\"lastRead\":{\"sf.crimes\":{\"0\":[9,1546300800001,440]}},"
         "\"crc32c\":\"00000000\"}",
         0},
        {"sources/0/0", "\0v1\n{\"sf.crimes\":{\"0\":0}}", 25},
    };

    run(fixture, 2);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct buf got = BUF_INIT;
        size_t len = files[i].len > 0 ? files[i].len : strlen(files[i].text);
        read_file(fixture, files[i].name, &got);
        assert_int_equal(got.len, len);
        char *want = malloc(len);
        assert_non_null(want);
        memcpy(want, files[i].text, len);
        assert_int_equal(checkpoint_file_seal(want, len), files[i].len == 0);
        assert_memory_equal(got.data, want, len);
        free(want);
        buf_release(&got);
    }
    struct buf metadata = BUF_INIT;
    read_file(fixture, "metadata", &metadata);
    assert_int_equal(metadata.len, strlen("{\"id\":\"xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx\"}"));
    assert_int_equal(strncmp(metadata.data, "{\"id\":\"", 7), 0);
    buf_release(&metadata);
}

/* The checksum as a bit-by-bit CRC32C in Python gives it. */
static void test_seal(void **state)
{
    char text[] = "v1\n{\"nextBatchWatermarkMs\":0,\"crc32c\":\"........\"}";
    char none[] = "v1\n{\"nextBatchWatermarkMs\":0}";

    (void)state;
    assert_true(checkpoint_file_seal(text, strlen(text)));
    assert_string_equal(text, "v1\n{\"nextBatchWatermarkMs\":0,\"crc32c\":\"90eedd6b\"}");
    assert_false(checkpoint_file_seal(none, strlen(none)));
    assert_false(checkpoint_file_seal(none, 0));
}

/* --- recovery ----------------------------------------------------------------------------------------------------- */

static void test_fresh(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);
    const struct checkpoint_position *position = checkpoint_position(checkpoint);
    char id[37];

    assert_true(position->fresh);
    assert_false(position->rerun);
    assert_false(position->has_start);
    assert_int_equal(position->next_batch, 0);
    assert_int_equal(position->watermark_ms, 0);
    assert_int_equal(position->late_watermark_ms, 0);
    snprintf(id, sizeof(id), "%s", checkpoint_id(checkpoint));
    assert_int_equal(strlen(id), 36);
    assert_true(there(fixture, "state/0/0"));
    const char *dir = checkpoint_dir(checkpoint);
    assert_string_equal(dir + strlen(dir) - strlen("/crimes"), "/crimes");
    initial(fixture, checkpoint);
    checkpoint_close(checkpoint, false);
    /* sources/0/0 alone: still fresh, but where to start is known; the id stays */
    checkpoint = open_it(fixture);
    position = checkpoint_position(checkpoint);
    assert_true(position->fresh);
    assert_true(position->has_start);
    assert_offsets(&position->start, "{\"sf.crimes\":{\"0\":0}}");
    assert_string_equal(checkpoint_id(checkpoint), id);
    checkpoint_close(checkpoint, true);
    assert_int_equal(access(fixture->dir, F_OK), -1);
    checkpoint_close(NULL, true);
}

/* After batches 0 to 3 these files are deleted: cases restart-* and error-offsets-* of tests/golden/stream. */
static void test_recovery(void **state)
{
    static const struct {
        const char *deleted[5];
        int64_t next, watermark, late;
        const char *start; /* NULL: none */
        bool rerun;
        const char *refused; /* or text of the refusal */
        int64_t mark;        /* offset of the last record before start; 0: none */
    } rows[] = {
        {{NULL}, 4, 4000, 3000, "{\"sf.crimes\":{\"0\":20}}", false, NULL, 19},
        {{"commits/3"}, 3, 3000, 2000, "{\"sf.crimes\":{\"0\":15}}", true, NULL, 14},
        {{"commits/0", "commits/1", "commits/2", "commits/3"},
         3,
         3000,
         2000,
         "{\"sf.crimes\":{\"0\":15}}",
         true,
         NULL,
         0},
        {{"commits/2", "commits/3"}, 3, 3000, 2000, "{\"sf.crimes\":{\"0\":15}}", true, NULL, 0},
        {{"commits/2"}, 4, 4000, 3000, "{\"sf.crimes\":{\"0\":20}}", false, NULL, 19},
        {{"offsets/3"}, 2, 2000, 1000, "{\"sf.crimes\":{\"0\":10}}", true, NULL, 0},
        {{"offsets/3", "commits/3"}, 3, 3000, 2000, "{\"sf.crimes\":{\"0\":15}}", false, NULL, 14},
        {{"offsets/0"}, 4, 4000, 3000, "{\"sf.crimes\":{\"0\":20}}", false, NULL, 19},
        {{"offsets/3", "offsets/2", "offsets/1"}, 0, 0, 0, "{\"sf.crimes\":{\"0\":0}}", true, NULL, 0},
        {{"offsets/3", "offsets/2", "offsets/1", "sources/0/0"}, 0, 0, 0, NULL, true, NULL, 0},
        {{"sources/0/0"}, 4, 4000, 3000, "{\"sf.crimes\":{\"0\":20}}", false, NULL, 19},
        {{"metadata"}, 4, 4000, 3000, "{\"sf.crimes\":{\"0\":20}}", false, NULL, 19},
        {{"offsets/2", "commits/3"}, 0, 0, 0, NULL, false, "batch 2 doesn't exist", 0},
        {{"offsets/2"}, 0, 0, 0, NULL, false, "batch 2 doesn't exist", 0},
        {{"offsets/1"}, 0, 0, 0, NULL, false, "batch 1 doesn't exist", 0},
        {{"offsets/0", "offsets/1", "offsets/2"}, 0, 0, 0, NULL, false, "batch 2 doesn't exist", 0},
        {{"offsets/0", "offsets/1", "offsets/2", "offsets/3"}, 0, 0, 0, NULL, false, "the plans were lost", 0},
        {{"sfcrime.json"}, 0, 0, 0, NULL, false, "another program's", 0},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(fileio_remove_tree(fixture->dir, &fixture->err), 0);
        run(fixture, 4);
        for (size_t j = 0; j < 5 && rows[i].deleted[j] != NULL; j++)
            remove_file(fixture, rows[i].deleted[j]);
        if (rows[i].refused != NULL) {
            refused(fixture, rows[i].refused, "--from-scratch");
            continue;
        }
        struct checkpoint *checkpoint = open_it(fixture);
        const struct checkpoint_position *position = checkpoint_position(checkpoint);
        assert_false(position->fresh);
        assert_int_equal(position->next_batch, rows[i].next);
        assert_int_equal(position->watermark_ms, rows[i].watermark);
        assert_int_equal(position->late_watermark_ms, rows[i].late);
        assert_int_equal(position->rerun, rows[i].rerun);
        assert_int_equal(position->has_start, rows[i].start != NULL);
        if (rows[i].start != NULL)
            assert_offsets(&position->start, rows[i].start);
        const struct reader_mark *mark = read_marks_find(&position->read, "sf.crimes", 0);
        assert_int_equal(position->read.count, rows[i].mark > 0);
        assert_int_equal(mark == NULL ? 0 : mark->offset, rows[i].mark);
        if (rows[i].rerun) {
            char json[64];
            snprintf(json, sizeof(json), "{\"sf.crimes\":{\"0\":%" PRId64 "}}", (rows[i].next + 1) * 5);
            assert_offsets(&position->plan.end, json);
            assert_int_equal(position->plan.batch_id, rows[i].next);
            assert_int_equal(position->plan.watermark_ms, rows[i].next * 1000);
            assert_int_equal(position->plan.timestamp_ms, 1546300800000 + rows[i].next);
        }
        checkpoint_close(checkpoint, false);
    }
}

/* The watermark of the next batch is the greater of plan and commit. */
static void test_watermark_of_the_plan(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);
    struct checkpoint_plan it = {0, 7000, 1, offsets("{\"t\":{\"0\":1}}")};

    assert_int_equal(checkpoint_write_plan(checkpoint, &it, &fixture->err), 0);
    const struct checkpoint_commit done = {.next_watermark_ms = 5000};
    assert_int_equal(checkpoint_write_commit(checkpoint, 0, &done, &fixture->err), 0);
    assert_int_equal(checkpoint_sync(checkpoint, &fixture->err), 0); /* durable, though not in its place */
    assert_false(there(fixture, "commits/0"));
    checkpoint_close(checkpoint, false);
    offset_list_release(&it.end);
    checkpoint = open_it(fixture);
    assert_int_equal(checkpoint_position(checkpoint)->watermark_ms, 7000);
    checkpoint_close(checkpoint, false);
}

/* offsets/3 lost: batch 2 is run again and then finds its commit there. */
static void test_concurrent_update(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, 4);
    remove_file(fixture, "offsets/3");
    struct checkpoint *checkpoint = open_it(fixture);
    assert_int_equal(checkpoint_position(checkpoint)->next_batch, 2);
    const struct checkpoint_commit done = {.next_watermark_ms = 0};
    assert_int_equal(checkpoint_write_commit(checkpoint, 2, &done, &fixture->err), -1);
    assert_string_equal(fixture->err.condition, "CONCURRENT_STREAM_LOG_UPDATE");
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
    assert_non_null(strstr(fixture->err.text, "Multiple streaming jobs detected for 2"));
    checkpoint_close(checkpoint, false);
}

/* --- whose it is -------------------------------------------------------------------------------------------------- */

static void test_identity(void **state)
{
    static const struct {
        const char *fingerprint, *cluster;
        const char *refused; /* NULL: fits */
    } rows[] = {
        {"source sf.crimes\nkeys original_crime_type_name STRING\ncount(1)", CLUSTER, NULL},
        {"source sf.crimes\nkeys original_crime_type_name STRING\ncount(1)", NULL, NULL},
        {"source sf.crimes\nkeys disposition STRING\ncount(1)", CLUSTER,
         "wanted \"keys disposition STRING\", found \"keys original_crime_type_name STRING\""},
        {"source sf.crimes\nkeys original_crime_type_name STRING", CLUSTER, "wanted \"\", found \"count(1)\""},
        {"source sf.crimes\nkeys original_crime_type_name STRING\ncount(1)\nwatermark", CLUSTER,
         "wanted \"watermark\", found \"\""},
        {"source sf.crimes\nkeys original_crime_type_name STRING\ncount(1)", "other",
         "another Kafka cluster: wanted other"},
        {"source sf.crimes\nkeys original_crime_type_name STRING\ncount(1)", "mockCluster55d0",
         "another Kafka cluster"},
    };
    struct fixture *fixture = *state;
    struct checkpoint_identity identity = fixture->identity;

    run(fixture, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture->identity.fingerprint = rows[i].fingerprint;
        fixture->identity.cluster_id = rows[i].cluster;
        if (rows[i].refused != NULL) {
            refused(fixture, rows[i].refused, "--from-scratch");
            continue;
        }
        checkpoint_close(open_it(fixture), false);
    }
    /* the name of the query is no part of it */
    fixture->identity = identity;
    fixture->identity.query_name = "renamed";
    checkpoint_close(open_it(fixture), false);
}

static void test_embedded_broker_restarted(void **state)
{
    struct fixture *fixture = *state;

    fixture->identity.cluster_id = "mockCluster55d0c0a8";
    run(fixture, 1);
    fixture->identity.cluster_id = "mockCluster7f21aa10";
    refused(fixture, "embedded broker that has been restarted", "--from-scratch");
}

/* Where nothing was planned the next query moves in; a cluster that was not known is noted when it is. */
static void test_unused_directory(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint_identity identity = fixture->identity;

    fixture->identity.fingerprint = "another query, with bytes that are no UTF-8: \xff";
    fixture->identity.cluster_id = NULL;
    checkpoint_close(open_it(fixture), false);
    checkpoint_close(open_it(fixture), false);
    fixture->identity = identity;
    fixture->identity.cluster_id = NULL;
    run(fixture, 1);
    fixture->identity.cluster_id = CLUSTER;
    checkpoint_close(open_it(fixture), false);
    fixture->identity.cluster_id = "other";
    refused(fixture, "another Kafka cluster", CLUSTER);
}

static void test_spark_checkpoint(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, 1);
    remove_file(fixture, "sfcrime.json");
    write_bytes(fixture, "commits/0", "v1\n{\"nextBatchWatermarkMs\":0}", 29);
    refused(fixture, "sfcrime.json is missing", "Spark's own state cannot be read");
}

/* --- lock, moving aside, purging ---------------------------------------------------------------------------------- */

static void test_lock(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);
    struct errbuf err;

    assert_null(checkpoint_open(fixture->dir, &fixture->identity, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_BUSY);
    errbuf_clear(&err);
    assert_int_equal(checkpoint_move_aside(fixture->dir, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BUSY);
    assert_true(there(fixture, "metadata"));
    checkpoint_close(checkpoint, false);
    checkpoint_close(open_it(fixture), false);
}

static size_t entries(const char *dir)
{
    struct errbuf err;
    char **names;
    size_t n;

    assert_int_equal(fileio_list(dir, &names, &n, &err), 0);
    fileio_free_names(names, n);
    return n;
}

static void test_move_aside(void **state)
{
    struct fixture *fixture = *state;
    char slashed[96];

    assert_int_equal(checkpoint_move_aside(fixture->dir, &fixture->err), 0); /* missing */
    assert_int_equal(mkdir(fixture->dir, 0700), 0);
    assert_int_equal(checkpoint_move_aside(fixture->dir, &fixture->err), 0); /* empty */
    assert_int_equal(access(fixture->dir, F_OK), 0);
    snprintf(slashed, sizeof(slashed), "%s//", fixture->dir);
    for (size_t i = 1; i <= 3; i++) { /* within one second */
        run(fixture, 1);
        assert_int_equal(checkpoint_move_aside(slashed, &fixture->err), 0);
        assert_int_equal(access(fixture->dir, F_OK), -1);
        assert_int_equal(entries(fixture->root), i);
    }
    assert_int_equal(mkdir(fixture->dir, 0700), 0);
    write_bytes(fixture, "lock", "1 host 2020", 11); /* a first start that got no further: a full disk */
    assert_int_equal(checkpoint_move_aside(fixture->dir, &fixture->err), 0);
    assert_int_equal(access(fixture->dir, F_OK), -1);
    assert_int_equal(mkdir(fixture->dir, 0700), 0);
    write_bytes(fixture, "letters.txt", "dear", 4);
    assert_int_equal(checkpoint_move_aside(fixture->dir, &fixture->err), -1);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
    assert_true(there(fixture, "letters.txt"));
}

/* Before batch N everything below N - retain goes. */
static void test_purge(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);

    for (int64_t id = 0; id < 8; id++) {
        plan(fixture, checkpoint, id);
        checkpoint_purge(checkpoint, id, 3);
        if (id != 2)
            commit(fixture, checkpoint, id);
    }
    checkpoint_close(checkpoint, false);
    for (int64_t id = 0; id < 8; id++) {
        char name[32];
        snprintf(name, sizeof(name), "offsets/%" PRId64, id);
        assert_int_equal(there(fixture, name), id >= 4);
        snprintf(name, sizeof(name), "commits/%" PRId64, id);
        assert_int_equal(there(fixture, name), id >= 4);
    }
    checkpoint = open_it(fixture);
    assert_int_equal(checkpoint_position(checkpoint)->next_batch, 8);
    checkpoint_purge(checkpoint, 8, 3); /* what it found counts, too */
    checkpoint_close(checkpoint, false);
    assert_false(there(fixture, "offsets/4"));
    assert_true(there(fixture, "offsets/5"));
}

static void test_storage_failure(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);
    struct checkpoint_plan it = {0, 0, 0, offsets("{\"t\":{\"0\":1}}")};

    assert_int_equal(fileio_remove_tree(fixture->dir, &fixture->err), 0);
    assert_int_equal(checkpoint_write_plan(checkpoint, &it, &fixture->err), 0);
    assert_int_equal(checkpoint_sync(checkpoint, &fixture->err), -1);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_STORAGE);
    const struct checkpoint_commit done = {.next_watermark_ms = 0};
    assert_int_equal(checkpoint_write_commit(checkpoint, 0, &done, &fixture->err), -1);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_STORAGE);
    assert_int_equal(checkpoint_write_initial(checkpoint, &it.end, &fixture->err), -1);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_STORAGE);
    offset_list_release(&it.end);
    checkpoint_close(checkpoint, false);
    /* a file in the place of the directory */
    FILE *file = fopen(fixture->dir, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_null(checkpoint_open(fixture->dir, &fixture->identity, &fixture->err));
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_STORAGE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_bytes),
        TEST(test_seal),
        TEST(test_fresh),
        TEST(test_recovery),
        TEST(test_watermark_of_the_plan),
        TEST(test_concurrent_update),
        TEST(test_identity),
        TEST(test_embedded_broker_restarted),
        TEST(test_unused_directory),
        TEST(test_spark_checkpoint),
        TEST(test_lock),
        TEST(test_move_aside),
        TEST(test_purge),
        TEST(test_storage_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
