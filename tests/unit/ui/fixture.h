/* A board with one query that has run four batches, one of them after a pause, over two partitions. */
#ifndef TEST_UI_FIXTURE_H
#define TEST_UI_FIXTURE_H

#include "report/board.h"
#include "ui/http.h"
#include "ui/server.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURE_RUN "118b6a03-8b0a-4ac2-b645-7c79692b20af"
#define FIXTURE_START_MS INT64_C(1546300800000) /* 2019-01-01T00:00:00Z */
#define FIXTURE_MARKUP "<img src=x onerror=alert(1)>"

static inline struct board *fixture_board(void)
{
    static const struct board_application application = {"SF <b>", "local-1", "no&body", FIXTURE_START_MS};
    static const struct board_setting settings[] = {
        {"librdkafka", "2.0.2", "library"},
        {"spark.ui.port", "4040", "default"},
        {"kafka.sasl.password", "*********(redacted)", "p.properties:3"},
    };
    struct errbuf err;
    struct board *board = board_new(&application, settings, 3, &err);

    assert_non_null(board);
    assert_int_equal(board_add(board), 0);
    return board;
}

static inline void fixture_progress(struct progress *progress, int64_t id)
{
    static const int64_t at_s[] = {0, 5, 10, 60}; /* a pause before the last */
    static const int64_t latest[] = {40, 80, 100, 110};
    char text[96];

    progress_init(progress);
    progress->batch_id = id;
    progress->timestamp_ms = FIXTURE_START_MS + at_s[id % 4] * 1000;
    progress->duration_ms = 100 * (id + 1);
    progress->input_rows_per_second = id == 0 ? 0.0 : 4.0;
    progress->processed_rows_per_second = 200.0;
    for (int i = 0; i < PROGRESS_PHASES; i++) {
        progress->phase_ms[i] = 10 * (i + 1);
        progress->phase_us[i] = 10000 * (i + 1);
    }
    progress->has_watermark = progress->has_event_time = true;
    progress->event_max_ms = FIXTURE_START_MS;
    progress->watermark_ms = FIXTURE_START_MS - 3600000;
    progress->states = calloc(1, sizeof(*progress->states));
    progress->nstates = 1;
    memcpy(progress->states[0].operator_name, "stateStoreSave", sizeof("stateStoreSave"));
    progress->states[0].rows_total = 10 * (id + 1);
    progress->states[0].memory_bytes = 2048;
    progress->sources = calloc(1, sizeof(*progress->sources));
    progress->nsources = 1;
    progress->sources[0].description = strdup("KafkaV2[Subscribe[sf.crimes]]");
    progress->sources[0].rows = 20;
    snprintf(text, sizeof(text), "{\"sf.crimes\":{\"0\":%d,\"1\":%d}}", (int)id * 10, (int)id * 10);
    progress->sources[0].start_offset = id == 0 ? NULL : strdup(text);
    snprintf(text, sizeof(text), "{\"sf.crimes\":{\"0\":%d,\"1\":%d}}", (int)id * 10 + 10, (int)id * 10 + 10);
    progress->sources[0].end_offset = strdup(text);
    snprintf(text, sizeof(text), "{\"sf.crimes\":{\"0\":%d,\"1\":%d}}", (int)latest[id % 4], (int)latest[id % 4]);
    progress->sources[0].latest_offset = strdup(text);
}

static inline void fixture_row(struct snapshot *snapshot, const char *text, int64_t count)
{
    struct rowset *rows = &snapshot->result->rows;
    size_t row = rowset_append_null(rows);

    if (text != NULL) {
        rows->columns[0].data.str[row] = (struct str){text, (uint32_t)strlen(text)};
        rows->columns[0].nulls[row] = 0;
    }
    rows->columns[1].data.i64[row] = count;
    rows->columns[1].nulls[row] = 0;
    snapshot->result->total_rows++;
}

/* The query after `batches` batches (up to 4). The caller publishes or drops it. */
static inline struct snapshot *fixture_snapshot(size_t batches)
{
    struct snapshot *snapshot = snapshot_new();
    struct schema schema;

    assert_non_null(snapshot);
    snapshot->name = strdup("crimes");
    memcpy(snapshot->run_id, FIXTURE_RUN, sizeof(FIXTURE_RUN));
    memcpy(snapshot->id, "efb6b529-1605-44ca-9497-d94f1ceebb2a", 37);
    snapshot->sql = strdup("SELECT '<x>'");
    snapshot->explain = strdup("Aggregate [a]\n+- Join left outer codes [a = b]\n   +- Scan calls [a]\n");
    snapshot->output_mode = strdup("complete");
    snapshot->trigger = strdup("5 seconds");
    snapshot->trigger_ms = 5000;
    snapshot->start_ms = FIXTURE_START_MS;
    snapshot->status = SNAPSHOT_RUNNING;
    snapshot->message = strdup("Waiting for next trigger");
    snapshot->batches = (int64_t)batches;
    snapshot->input_rows_total = 20 * (int64_t)batches;
    snapshot->unmatched_rows_total = 5;
    snapshot->lost_offsets_total = 6;
    snapshot->history = calloc(batches + 1, sizeof(*snapshot->history));
    for (size_t i = 0; i < batches; i++) {
        struct progress progress;
        fixture_progress(&progress, (int64_t)i);
        snapshot->history[snapshot->nhistory++] = snapshot_record_new(&progress);
        progress_release(&progress);
    }
    if (batches > 0)
        snapshot->last = snapshot_record_ref(snapshot->history[batches - 1]);
    static const int64_t run[] = {80, 100, 40}, batch[] = {20, 25, 10};
    struct snapshot_bad bad = {.topic = "sf.crimes", .reason = "byte 3: why", .offset = 4711, .size_bytes = 1000};
    snapshot->nreached = 3; /* of the two operators, and the sink */
    snapshot->reached = malloc(sizeof(run));
    snapshot->reached_last = malloc(sizeof(batch));
    memcpy(snapshot->reached, run, sizeof(run));
    memcpy(snapshot->reached_last, batch, sizeof(batch));
    memcpy(bad.text, "not <b> json\001\377", 14);
    bad.text_len = 14;
    snapshot->bad = snapshot_bad_list_add(NULL, &bad);
    schema_init(&schema);
    assert_int_equal(schema_add(&schema, "kind", type_of(TYPE_STRING)), 0);
    assert_int_equal(schema_add(&schema, "count", type_of(TYPE_BIGINT)), 0);
    snapshot->result = snapshot_result_new(&schema);
    schema_release(&schema);
    fixture_row(snapshot, FIXTURE_MARKUP, 7);
    fixture_row(snapshot, "Zebra", 5);
    fixture_row(snapshot, "apple Suspicious", 9);
    fixture_row(snapshot, NULL, 1);
    snapshot->partitions = calloc(2, sizeof(*snapshot->partitions));
    snapshot->npartitions = 2;
    for (int i = 0; i < 2; i++) {
        snapshot->partitions[i].topic = strdup("sf.crimes");
        snapshot->partitions[i].partition = i;
        snapshot->partitions[i].high = 10;
        snapshot->partitions[i].position = snapshot->partitions[i].committed = i == 0 ? 4 : 10;
        snapshot->partitions[i].arrival_rate = i == 0 ? 2.0 : NAN;
    }
    return snapshot;
}

static inline void fixture_publish(struct board *board, size_t batches)
{
    board_publish(board, 0, fixture_snapshot(batches));
}

/* Call a handler with "name=value" parameters (they are changed). The caller releases answer->body. */
static inline void fixture_call(struct board *board, void (*handler)(struct http_request *, struct http_answer *),
                                const char *path, char *const *parameters, size_t n, struct http_answer *answer)
{
    struct http_request *request = calloc(1, sizeof(*request));

    assert_non_null(request);
    request->board = board;
    request->path = path;
    for (size_t i = 0; i < n; i++) {
        char *equals = strchr(parameters[i], '=');
        *equals = '\0';
        request->parameters[request->nparameters++] = (struct http_parameter){parameters[i], equals + 1};
    }
    *answer =
        (struct http_answer){.status = 200, .content_type = "application/json; charset=utf-8", .cache = "no-store"};
    handler(request, answer);
    free(request);
}

/* A server of this board on a free port of loopback; head_ms as in its options. */
static inline struct server *fixture_server(struct board *board, int64_t head_ms)
{
    struct server_options options = {.host = "127.0.0.1", .port = 0, .max_retries = 0, .head_ms = head_ms};
    struct errbuf err;

    signal(SIGPIPE, SIG_IGN);
    struct server *server = server_start(&options, board, &err);
    assert_non_null(server);
    return server;
}

#endif
