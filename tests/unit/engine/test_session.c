/* Whole queries against a mock cluster in this process: batches, restarts, stops, failures. Results are read from the
 * board. */
#include "kafka/mock_kafka.h"

#include "common/clock.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "common/log.h"
#include "engine/session.h"
#include "record/table_text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TOPIC "calls.raw"

struct fixture {
    struct mock_kafka mock;
    char dir[32];
    char checkpoint[64];
    struct config_source source;
    struct config_query queries[2];
    struct config config;
    struct board *board;
    int stop_fd;
    struct errbuf err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    mock_kafka_start(&f->mock, 1);
    mock_kafka_topic(&f->mock, TOPIC, 2);
    snprintf(f->dir, sizeof(f->dir), "/tmp/session-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(setenv("TMPDIR", f->dir, 1), 0); /* a failed query leaves its temporary checkpoint there */
    snprintf(f->checkpoint, sizeof(f->checkpoint), "%s/checkpoint", f->dir);
    f->source = (struct config_source){.name = "calls",
                                       .kafka = f->mock.conf,
                                       .subscribe = TOPIC,
                                       .starting_offsets = "earliest",
                                       .max_offsets_per_trigger = CONFIG_NONE,
                                       .min_offsets_per_trigger = CONFIG_NONE,
                                       .max_trigger_delay_ms = 900000,
                                       .fail_on_data_loss = true};
    f->queries[0] = (struct config_query){.name = "q",
                                          .sql = "SELECT _partition AS p, count(*) AS c FROM calls GROUP BY _partition",
                                          .output_mode = PLAN_COMPLETE,
                                          .trigger = CONFIG_TRIGGER_AVAILABLE_NOW,
                                          .format = "noop",
                                          .num_rows = 20,
                                          .truncate = 20,
                                          .checkpoint_location = f->checkpoint};
    f->config = (struct config){.app_name = "test",
                                .time_zone = "UTC",
                                .broker_timeout_ms = PATIENCE_MS,
                                .stop_timeout_ms = PATIENCE_MS,
                                .progress_history = 100,
                                .no_data_progress_ms = 10000,
                                .polling_delay_ms = 10,
                                .min_batches_to_retain = 100,
                                .snapshot_interval = 10,
                                .no_data_batches = true,
                                .nsources = 1,
                                .sources = &f->source,
                                .nqueries = 1,
                                .queries = f->queries};
    f->stop_fd = eventfd(0, EFD_CLOEXEC);
    assert_true(f->stop_fd >= 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    board_free(f->board);
    mock_kafka_stop(&f->mock);
    assert_int_equal(fileio_remove_tree(f->dir, &f->err), 0);
    close(f->stop_fd);
    free(f);
    return 0;
}

/* Start a session on a new board. NULL with f->err. */
static struct session *begin(struct fixture *f)
{
    struct board_application application = {"test", "local-1", "me", 0};
    struct session *session;

    board_free(f->board);
    f->board = board_new(&application, NULL, 0, &f->err);
    assert_non_null(f->board);
    errbuf_clear(&f->err);
    session = session_open(&f->config, f->board, f->stop_fd, &f->err);
    if (session)
        assert_int_equal(session_start(session, &f->err), 0);
    return session;
}

/* Run to the end; session_wait's result. */
static int run(struct fixture *f)
{
    struct session *session = begin(f);
    int result = -1;

    if (session)
        result = session_wait(session, &f->err);
    session_close(session);
    return result;
}

static struct snapshot *snapshot_of(struct fixture *f, int query)
{
    struct snapshot *snapshot = board_get(f->board, query);

    assert_non_null(snapshot);
    return snapshot;
}

/* Run and compare the result's rows ("0|3 1|0 "), the number of batches and the last record's batch id. */
static void run_check(struct fixture *f, const char *rows, int64_t batches, int64_t batch_id)
{
    struct snapshot *snapshot;
    struct buf text;

    if (run(f) != 0)
        fail_msg("%s", f->err.text);
    snapshot = snapshot_of(f, 0);
    assert_int_equal(snapshot->status, SNAPSHOT_STOPPED);
    assert_string_equal(snapshot->message, "Stopped");
    assert_int_equal(snapshot->batches, batches);
    assert_int_equal(snapshot->nhistory, batches);
    assert_non_null(snapshot->last);
    assert_int_equal(snapshot->last->progress.batch_id, batch_id);
    buf_init(&text);
    for (size_t row = 0; snapshot->result && row < snapshot->result->rows.nrows; row++) {
        for (size_t i = 0; i < snapshot->result->rows.schema.ncolumns; i++) {
            if (i)
                buf_append_byte(&text, '|');
            table_text_cell(&text, &snapshot->result->rows.columns[i], row, zone_utc());
        }
        buf_append_byte(&text, ' ');
    }
    assert_string_equal(text.data ? text.data : "", rows);
    buf_release(&text);
    snapshot_unref(snapshot);
}

static const struct progress *last_of(struct snapshot *snapshot)
{
    return &snapshot->history[snapshot->nhistory - 1]->progress;
}

static void test_batches_and_restart(void **state)
{
    struct fixture *f = *state;
    struct snapshot *snapshot;

    /* An empty topic runs batch 0 all the same. */
    run_check(f, "", 1, 0);
    snapshot = snapshot_of(f, 0);
    const struct progress *progress = last_of(snapshot);
    assert_null(progress->sources[0].start_offset);
    assert_string_equal(progress->sources[0].end_offset, "{\"" TOPIC "\":{\"0\":0,\"1\":0}}");
    assert_string_equal(progress->sources[0].description, "KafkaV2[Subscribe[" TOPIC "]]");
    assert_true(progress->phase_ms[PROGRESS_WAL_COMMIT] >= 0);
    snapshot_unref(snapshot);

    /* Nothing new: an idle record of the next batch. */
    run_check(f, "", 0, 1);
    snapshot = snapshot_of(f, 0);
    assert_true(snapshot->last->progress.idle);
    assert_int_equal(snapshot->last->progress.output_rows, -1);
    assert_int_equal(snapshot->last->progress.nstates, 0);
    snapshot_unref(snapshot);

    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 5, 10);
    mock_kafka_fill(&f->mock, TOPIC, 1, 0, 3, 10);
    f->source.max_offsets_per_trigger = 4; /* 5 and 3 of 8: 2 (2.5) and 1 (1.5) */
    run_check(f, "0|5 1|3 ", 3, 3);
    snapshot = snapshot_of(f, 0);
    assert_string_equal(snapshot->history[0]->progress.sources[0].end_offset, "{\"" TOPIC "\":{\"0\":2,\"1\":1}}");
    assert_true(snapshot->history[0]->progress.sources[0].has_lag);
    assert_int_equal(snapshot->history[0]->progress.sources[0].lag_max, 3);
    assert_int_equal(snapshot->input_rows_total, 8);
    assert_int_equal(snapshot->npartitions, 2);
    assert_int_equal(snapshot->partitions[0].committed, 5);
    assert_int_equal(snapshot->partitions[1].rows, 3);
    assert_int_equal(last_of(snapshot)->nstates, 1);
    assert_string_equal(last_of(snapshot)->states[0].operator_name, "stateStoreSave");
    assert_int_equal(last_of(snapshot)->states[0].rows_total, 2);
    snapshot_unref(snapshot);

    /* State and position live on; limits may change. */
    mock_kafka_fill(&f->mock, TOPIC, 1, 3, 1, 10);
    f->source.max_offsets_per_trigger = 1000;
    run_check(f, "0|5 1|4 ", 1, 4);
}

static void test_rerun(void **state)
{
    struct fixture *f = *state;
    struct snapshot *snapshot;
    char path[96];

    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 6, 10);
    f->source.max_offsets_per_trigger = 3;
    run_check(f, "0|6 ", 2, 1);
    snprintf(path, sizeof(path), "%s/commits/1", f->checkpoint);
    assert_int_equal(unlink(path), 0);
    f->source.max_offsets_per_trigger = CONFIG_NONE;
    mock_kafka_fill(&f->mock, TOPIC, 0, 6, 1, 10);
    run_check(f, "0|7 ", 2, 2);
    snapshot = snapshot_of(f, 0);
    const struct progress *again = &snapshot->history[0]->progress;
    assert_true(again->rerun);
    assert_int_equal(again->batch_id, 1);
    assert_string_equal(again->sources[0].start_offset, "{\"" TOPIC "\":{\"0\":3,\"1\":0}}");
    assert_string_equal(again->sources[0].end_offset, "{\"" TOPIC "\":{\"0\":6,\"1\":0}}");
    assert_null(again->sources[0].latest_offset);
    assert_false(again->sources[0].has_lag);
    assert_true(again->phase_ms[PROGRESS_LATEST_OFFSET] == PROGRESS_NONE);
    assert_true(again->phase_ms[PROGRESS_WAL_COMMIT] == PROGRESS_NONE);
    assert_int_equal(snapshot->batches_rerun, 1);
    snapshot_unref(snapshot);
}

static void test_once_ignores_limits(void **state)
{
    struct fixture *f = *state;

    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 6, 10);
    f->source.max_offsets_per_trigger = 3;
    f->queries[0].trigger = CONFIG_TRIGGER_ONCE;
    run_check(f, "0|6 ", 1, 0);
}

static void test_limit_for_life(void **state)
{
    struct fixture *f = *state;
    struct snapshot *snapshot;

    f->queries[0].sql = "SELECT _offset FROM calls LIMIT 5";
    f->queries[0].output_mode = PLAN_APPEND;
    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 3, 10);
    run_check(f, "0 1 2 ", 1, 0);
    mock_kafka_fill(&f->mock, TOPIC, 0, 3, 4, 10);
    run_check(f, "3 4 ", 1, 1);
    mock_kafka_fill(&f->mock, TOPIC, 0, 7, 2, 10);
    run_check(f, "", 1, 2);
    snapshot = snapshot_of(f, 0);
    assert_string_equal(last_of(snapshot)->states[0].operator_name, "globalLimit");
    assert_int_equal(last_of(snapshot)->states[0].rows_total, 1);
    assert_int_equal(last_of(snapshot)->states[0].rows_updated, 0);
    snapshot_unref(snapshot);
}

/* The mock cluster keeps 5 MiB a partition: the first records are gone. */
static void test_data_loss(void **state)
{
    struct fixture *f = *state;
    struct snapshot *snapshot;

    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 3000, 4000);
    f->source.starting_offsets = "{\"" TOPIC "\":{\"0\":0,\"1\":0}}";
    f->queries[0].sql = "SELECT min(_offset) AS lo, max(_offset) AS hi, count(*) AS c FROM calls";
    assert_int_equal(run(f), -1);
    assert_int_equal(f->err.exit_code, EXIT_CODE_DATA_LOSS);
    assert_string_equal(f->err.condition, "KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE");
    assert_non_null(strstr(f->err.text, "partition 0: offset 0 was wanted"));
    assert_non_null(strstr(f->err.text, "source.calls.failOnDataLoss = false"));
    snapshot = snapshot_of(f, 0);
    assert_int_equal(snapshot->status, SNAPSHOT_FAILED);
    assert_non_null(snapshot->error);
    snapshot_unref(snapshot);

    /* The planned batch runs again, without them. */
    f->source.fail_on_data_loss = false;
    assert_int_equal(run(f), 0);
    snapshot = snapshot_of(f, 0);
    const struct rowset *rows = &snapshot->result->rows;
    assert_int_equal(rows->nrows, 1);
    assert_true(rows->columns[0].data.i64[0] > 0);
    assert_int_equal(rows->columns[1].data.i64[0], 2999);
    assert_int_equal(rows->columns[2].data.i64[0], 3000 - rows->columns[0].data.i64[0]);
    assert_int_equal(last_of(snapshot)->sources[0].rows, rows->columns[2].data.i64[0]);
    snapshot_unref(snapshot);
}

/* Wait until the query's snapshot has so many batches. */
static void wait_batches(struct fixture *f, int query, int64_t batches)
{
    int64_t end_us = clock_monotonic_us() + PATIENCE_MS * INT64_C(1000);

    for (;;) {
        struct snapshot *snapshot = snapshot_of(f, query);
        bool there = snapshot->batches >= batches;

        snapshot_unref(snapshot);
        if (there)
            return;
        assert_true(clock_monotonic_us() < end_us);
        poll(NULL, 0, 1);
    }
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    const uint64_t one = 1;
    struct session *session;
    int64_t began_us;

    f->queries[0].trigger = CONFIG_TRIGGER_INTERVAL;
    f->queries[0].trigger_ms = 3600000;
    session = begin(f);
    assert_non_null(session);
    wait_batches(f, 0, 1);
    began_us = clock_monotonic_us();
    assert_int_equal(write(f->stop_fd, &one, sizeof(one)), sizeof(one));
    assert_int_equal(session_wait(session, &f->err), 0);
    assert_true(clock_monotonic_us() - began_us < 5000000);
    session_log_summary(session);
    session_close(session);
}

/* New records and a new partition arrive while the query runs. */
static void test_continuous(void **state)
{
    struct fixture *f = *state;
    const uint64_t one = 1;
    struct session *session;
    struct snapshot *snapshot;

    f->queries[0].trigger = CONFIG_TRIGGER_INTERVAL;
    f->queries[0].trigger_ms = 20;
    session = begin(f);
    assert_non_null(session);
    wait_batches(f, 0, 1);
    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 5, 10);
    wait_batches(f, 0, 2);
    mock_kafka_fill(&f->mock, TOPIC, 1, 0, 5, 10);
    wait_batches(f, 0, 3);
    assert_int_equal(write(f->stop_fd, &one, sizeof(one)), sizeof(one));
    assert_int_equal(session_wait(session, &f->err), 0);
    session_close(session);
    snapshot = snapshot_of(f, 0);
    assert_int_equal(snapshot->input_rows_total, 10);
    snapshot_unref(snapshot);
}

/* One query fails; the other ends after its batch, without an error. */
static void test_failure_stops_all(void **state)
{
    struct fixture *f = *state;
    struct snapshot *snapshot;

    f->queries[0].trigger = CONFIG_TRIGGER_INTERVAL;
    f->queries[0].trigger_ms = 3600000;
    f->queries[1] = f->queries[0];
    f->queries[1].name = "bad";
    f->queries[1].sql = "SELECT 1 / (_offset - 2) AS x FROM calls";
    f->queries[1].output_mode = PLAN_APPEND;
    f->queries[1].checkpoint_location = NULL; /* temporary */
    f->config.nqueries = 2;
    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 5, 10);
    assert_int_equal(run(f), -1);
    assert_string_equal(f->err.condition, "DIVIDE_BY_ZERO");
    assert_int_equal(f->err.exit_code, EXIT_CODE_RUNTIME);
    assert_non_null(strstr(f->err.text, "query bad: batch 0"));
    snapshot = snapshot_of(f, 0);
    assert_int_equal(snapshot->status, SNAPSHOT_STOPPED);
    snapshot_unref(snapshot);
    snapshot = snapshot_of(f, 1);
    assert_int_equal(snapshot->status, SNAPSHOT_FAILED);
    assert_non_null(strstr(snapshot->message, "Terminated with exception: "));
    snapshot_unref(snapshot);
}

/* With stdout as given, run; stdout is put back. */
static int run_with_stdout(struct fixture *f, int fd)
{
    int kept = dup(STDOUT_FILENO);
    int result;

    assert_true(kept >= 0);
    fflush(stdout);
    assert_true(dup2(fd, STDOUT_FILENO) >= 0);
    result = run(f);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    return result;
}

static void test_console(void **state)
{
    static const char wanted[] = "-------------------------------------------\nBatch: 0\n"
                                 "-------------------------------------------\n"
                                 "+---+---+\n|  p|  c|\n+---+---+\n|  0|  5|\n+---+---+\nonly showing top 1 row\n";
    struct fixture *f = *state;
    char text[512];
    int pipes[2];

    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 5, 10);
    mock_kafka_fill(&f->mock, TOPIC, 1, 0, 5, 10);
    f->queries[0].format = "console";
    f->queries[0].num_rows = 1;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_int_equal(run_with_stdout(f, pipes[1]), 0);
    close(pipes[1]);
    ssize_t len = read(pipes[0], text, sizeof(text) - 1);
    assert_true(len > 0);
    text[len] = '\0';
    assert_string_equal(text, wanted);
    close(pipes[0]);
}

/* The reader of stdout is gone: the batch is committed, the session ends by itself and without an error. */
static void test_stdout_closed(void **state)
{
    struct fixture *f = *state;
    char path[96];
    int pipes[2];

    f->queries[0].format = "console";
    f->queries[0].trigger = CONFIG_TRIGGER_INTERVAL;
    f->queries[0].trigger_ms = 3600000;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    close(pipes[0]);
    assert_int_equal(run_with_stdout(f, pipes[1]), 0);
    close(pipes[1]);
    snprintf(path, sizeof(path), "%s/offsets/0", f->checkpoint);
    bool planned = access(path, F_OK) == 0;
    snprintf(path, sizeof(path), "%s/commits/0", f->checkpoint);
    assert_int_equal(access(path, F_OK) == 0, planned);
}

/* Nobody reads stdout, which is full (`| less`): a stop does not wait for the reader longer than its time, and the
 * batch is not done. */
static void test_stdout_stalled(void **state)
{
    struct fixture *f = *state;
    const uint64_t one = 1;
    struct session *session;
    char path[96], filler[4096];
    int pipes[2];
    int kept = dup(STDOUT_FILENO);

    memset(filler, '.', sizeof(filler));
    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 5, 10);
    f->config.stop_timeout_ms = 50;
    f->config.nqueries = 2; /* the second one waits for the lock on stdout */
    f->queries[0].format = "console";
    f->queries[1] = f->queries[0];
    f->queries[1].name = "r";
    f->queries[1].checkpoint_location = NULL;
    assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(pipes[1], filler, sizeof(filler)) > 0)
        continue;
    assert_int_equal(fcntl(pipes[1], F_SETFL, 0), 0);
    assert_true(kept >= 0 && dup2(pipes[1], STDOUT_FILENO) >= 0);
    session = begin(f);
    snprintf(path, sizeof(path), "%s/state/0/0/1.delta", f->checkpoint);
    for (int i = 0; i < PATIENCE_MS && access(path, F_OK) != 0; i++)
        poll(NULL, 0, 1);
    int told = write(f->stop_fd, &one, sizeof(one)) == sizeof(one);
    int result = session ? session_wait(session, &f->err) : -1;
    session_close(session);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    close(pipes[0]);
    close(pipes[1]);
    assert_true(told);
    assert_int_equal(result, 0);
    snprintf(path, sizeof(path), "%s/offsets/0", f->checkpoint);
    assert_int_equal(access(path, F_OK), 0);
    snprintf(path, sizeof(path), "%s/commits/0", f->checkpoint);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_journal(void **state)
{
    struct fixture *f = *state;
    struct buf text;
    char path[96];
    size_t lines = 0;

    snprintf(path, sizeof(path), "%s/progress.jsonl", f->dir);
    f->config.progress_file = path;
    mock_kafka_fill(&f->mock, TOPIC, 0, 0, 5, 10);
    f->source.max_offsets_per_trigger = 3;
    assert_int_equal(run(f), 0);
    assert_int_equal(run(f), 0); /* an idle record */
    buf_init(&text);
    assert_int_equal(fileio_read(path, 1 << 20, &text, NULL, &f->err), 0);
    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    assert_int_equal(lines, 3);
    assert_int_equal(strncmp(text.data, "{\"id\":\"", 7), 0);
    buf_release(&text);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *sql, *format, *schema, *says;
        enum plan_output_mode mode;
    } cases[] = {
        {"SELECT nope FROM calls", "noop", NULL, "UNRESOLVED_COLUMN", PLAN_APPEND},
        {"SELECT value FROM calls", "nope", NULL, "unknown format nope", PLAN_APPEND},
        {"SELECT value FROM calls", "csv", NULL, "UNSUPPORTED_DATASOURCE", PLAN_UPDATE},
        {"SELECT count(*) AS c FROM calls", "noop", NULL, "STREAMING_OUTPUT_MODE", PLAN_APPEND},
        {"SELECT value FROM calls", "noop", "x TEXTUAL", "TEXTUAL", PLAN_APPEND},
    };
    struct fixture *f = *state;
    struct buf explain;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f->queries[0].sql = cases[i].sql;
        f->queries[0].format = cases[i].format;
        f->queries[0].output_mode = cases[i].mode;
        f->source.schema = cases[i].schema;
        errbuf_clear(&f->err);
        assert_int_equal(session_check(&f->config, NULL, &f->err), -1);
        assert_int_equal(f->err.exit_code, EXIT_CODE_USAGE);
        if (!strstr(f->err.text, cases[i].says))
            fail_msg("%s: %s", cases[i].sql, f->err.text);
    }
    f->source.schema = NULL;
    f->queries[0].sql = "SELECT value FROM calls";
    f->queries[0].format = "noop";
    f->queries[0].output_mode = PLAN_APPEND;
    buf_init(&explain);
    assert_int_equal(session_check(&f->config, &explain, &f->err), 0);
    assert_non_null(strstr(explain.data, "== q =="));
    buf_release(&explain);

    f->source.on_malformed = CONFIG_MALFORMED_DEADLETTER;
    assert_int_equal(session_check(&f->config, NULL, &f->err), -1);
    assert_non_null(strstr(f->err.text, "deadletter"));
    f->source.on_malformed = CONFIG_MALFORMED_NULL;

    f->queries[1] = f->queries[0];
    f->config.nqueries = 2;
    assert_int_equal(session_check(&f->config, NULL, &f->err), -1);
    assert_non_null(strstr(f->err.text, "two queries are named q"));
    f->queries[1].name = "other"; /* one directory for both */
    assert_null(begin(f));
    assert_int_equal(f->err.exit_code, EXIT_CODE_BUSY);
    f->config.nqueries = 1;

    f->source.subscribe = "no.such.topic";
    f->source.subscribe_pattern = NULL;
    assert_null(begin(f));
    assert_string_equal(f->err.condition, "UNKNOWN_TOPIC_OR_PARTITION");
}

static void test_no_broker(void **state)
{
    struct fixture *f = *state;
    struct conf nowhere;

    conf_init(&nowhere);
    mock_kafka_set(&nowhere, "bootstrap.servers", "127.0.0.1:1");
    f->source.kafka = nowhere;
    f->config.broker_timeout_ms = 200;
    assert_null(begin(f));
    assert_int_equal(f->err.exit_code, EXIT_CODE_BROKER);
    conf_release(&nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_batches_and_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rerun, setup, teardown),
        cmocka_unit_test_setup_teardown(test_once_ignores_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit_for_life, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_loss, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stdout_stalled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_continuous, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_stops_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_console, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stdout_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_broker, setup, teardown),
    };

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 1;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
