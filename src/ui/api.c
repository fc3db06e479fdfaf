#include "ui/api.h"

#include "common/clock.h"
#include "record/csv.h"
#include "record/json_text.h"
#include "record/table_text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SPARK_VERSION "4.0.0" /* whose behaviour, names and JSON this program follows */

static const char csv_type[] = "text/csv; charset=utf-8";

/* --- times and small pieces ------------------------------------------------------------------------------------- */

/* "2026-11-21T07:58:44.029GMT", the form of Spark's REST API (JacksonMessageWriter). */
static void key_spark_time(struct json_writer *json, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_INIT;

    clock_iso_utc(wall_ms, &text);
    if (!text.failed && text.len > 0) {
        text.len--; /* the Z */
        buf_append_text(&text, "GMT");
    }
    json_writer_key_text(json, key, text.failed ? NULL : text.data);
    buf_release(&text);
}

static void key_iso_time(struct json_writer *json, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_INIT;

    clock_iso_utc(wall_ms, &text);
    json_writer_key_text(json, key, text.failed ? NULL : text.data);
    buf_release(&text);
}

static bool wants_csv(const struct http_request *request, struct http_answer *answer, bool *bad)
{
    const char *format = http_parameter(request, "format");

    *bad = false;
    if (format == NULL || strcmp(format, "json") == 0)
        return false;
    if (strcmp(format, "csv") == 0) {
        answer->content_type = csv_type;
        return true;
    }
    http_error(answer, 400, "parameter format must be json or csv");
    *bad = true;
    return false;
}

/* The snapshot of the query that ?query= names, or of the first one; NULL after answering an error. */
static struct snapshot *chosen(struct http_request *request, struct http_answer *answer, int *index)
{
    const char *name = http_parameter(request, "query");
    size_t n = board_queries(request->board);

    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && (name == NULL || (snapshot->name != NULL && strcmp(snapshot->name, name) == 0))) {
            *index = (int)i;
            return snapshot;
        }
        snapshot_unref(snapshot);
    }
    if (name != NULL)
        http_error(answer, 404, "there is no query named %s", name);
    else
        http_error(answer, 503, "no query has been opened yet");
    return NULL;
}

/* --- Spark-shaped ----------------------------------------------------------------------------------------------- */

static void application(struct json_writer *json, const struct board *board)
{
    const struct board_application *app = board_application(board);

    json_writer_begin(json, '{');
    json_writer_key_text(json, "id", app->id);
    json_writer_key_text(json, "name", app->name);
    json_writer_key(json, "attempts");
    json_writer_begin(json, '[');
    json_writer_begin(json, '{');
    key_spark_time(json, "startTime", app->start_ms);
    key_spark_time(json, "endTime", -1);
    key_spark_time(json, "lastUpdated", app->start_ms);
    json_writer_key_i64(json, "duration", 0);
    json_writer_key_text(json, "sparkUser", app->user);
    json_writer_key_bool(json, "completed", false);
    json_writer_key_text(json, "appSparkVersion", SPARK_VERSION);
    json_writer_key_i64(json, "startTimeEpoch", app->start_ms);
    json_writer_key_i64(json, "endTimeEpoch", -1);
    json_writer_key_i64(json, "lastUpdatedEpoch", app->start_ms);
    json_writer_end(json, '}');
    json_writer_end(json, ']');
    json_writer_end(json, '}');
}

/* Spark's REST answers are indented: turn what was written so far into that form. */
static void make_pretty(struct http_answer *answer)
{
    struct buf compact = answer->body;

    buf_init(&answer->body);
    if (compact.failed)
        answer->body.failed = true;
    else
        json_writer_pretty(compact.data, compact.len, &answer->body);
    buf_release(&compact);
}

void api_applications(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;

    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    application(&json, request->board);
    json_writer_end(&json, ']');
    make_pretty(answer);
}

/* False after answering 404 in Spark's words. */
static bool known_application(const struct http_request *request, struct http_answer *answer)
{
    if (strcmp(request->parts[0], board_application(request->board)->id) == 0)
        return true;
    http_error_text(answer, 404, "unknown app: %s", request->parts[0]);
    return false;
}

void api_application(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;

    if (!known_application(request, answer))
        return;
    json_writer_init(&json, &answer->body);
    application(&json, request->board);
    make_pretty(answer);
}

/* Averages as Spark's page shows them: over the retained records, a number that is none counting as 0. */
static double average(const struct snapshot *snapshot, bool input)
{
    double sum = 0.0;

    for (size_t i = 0; i < snapshot->nhistory; i++) {
        const struct progress *progress = &snapshot->history[i]->progress;
        double rate = input ? progress->input_rows_per_second : progress->processed_rows_per_second;
        if (isfinite(rate))
            sum += rate;
    }
    return snapshot->nhistory == 0 ? NAN : sum / (double)snapshot->nhistory;
}

static const char *spark_status(const struct snapshot *snapshot)
{
    if (snapshot->status == SNAPSHOT_FAILED)
        return "FAILED";
    return snapshot->end_ms != 0 ? "FINISHED" : "RUNNING";
}

/* The shape proposed to Spark in its pull request 35548, with our status beside it. */
static void query(struct json_writer *json, const struct snapshot *snapshot)
{
    int64_t end_ms = snapshot->end_ms != 0 ? snapshot->end_ms : clock_wall_ms();

    json_writer_begin(json, '{');
    json_writer_key_text(json, "name", snapshot->name);
    json_writer_key_text(json, "id", snapshot->id);
    json_writer_key_text(json, "runId", snapshot->run_id);
    json_writer_key_text(json, "status", spark_status(snapshot));
    json_writer_key_text(json, "state", snapshot_status_name(snapshot->status));
    json_writer_key_text(json, "message", snapshot->message);
    json_writer_key_bool(json, "isDataAvailable", snapshot->data_available);
    json_writer_key_bool(json, "isTriggerActive", snapshot->trigger_active);
    key_spark_time(json, "startTime", snapshot->start_ms);
    json_writer_key_i64(json, "startTimeEpoch", snapshot->start_ms);
    json_writer_key_i64(json, "durationMs", end_ms - snapshot->start_ms);
    json_writer_key_double(json, "avgInputRowsPerSecond", average(snapshot, true));
    json_writer_key_double(json, "avgProcessedRowsPerSecond", average(snapshot, false));
    json_writer_key(json, "latestBatch");
    if (snapshot->nhistory > 0)
        json_writer_i64(json, snapshot->history[snapshot->nhistory - 1]->progress.batch_id);
    else
        json_writer_raw(json, NULL);
    json_writer_key_text(json, "sql", snapshot->sql);
    json_writer_key_text(json, "outputMode", snapshot->output_mode);
    json_writer_key_text(json, "trigger", snapshot->trigger);
    json_writer_key_text(json, "error", snapshot->error);
    json_writer_end(json, '}');
}

void api_queries(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    size_t n = board_queries(request->board);

    if (!known_application(request, answer))
        return;
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL)
            query(&json, snapshot);
        snapshot_unref(snapshot);
    }
    json_writer_end(&json, ']');
    make_pretty(answer);
}

/* The snapshot of run parts[1], or NULL after answering 404. */
static struct snapshot *run_of(const struct http_request *request, struct http_answer *answer)
{
    size_t n = board_queries(request->board);

    if (!known_application(request, answer))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && strcmp(snapshot->run_id, request->parts[1]) == 0)
            return snapshot;
        snapshot_unref(snapshot);
    }
    http_error_text(answer, 404, "unknown streaming query run: %s", request->parts[1]);
    return NULL;
}

void api_query(struct http_request *request, struct http_answer *answer)
{
    struct snapshot *snapshot = run_of(request, answer);
    struct json_writer json;

    if (snapshot == NULL)
        return;
    json_writer_init(&json, &answer->body);
    query(&json, snapshot);
    snapshot_unref(snapshot);
    make_pretty(answer);
}

void api_query_progress(struct http_request *request, struct http_answer *answer)
{
    int64_t last = 1;

    if (http_number(request, "last", 1, 100000, &last, answer) < 0)
        return;
    struct snapshot *snapshot = run_of(request, answer);
    if (snapshot == NULL)
        return;
    size_t n = (size_t)last < snapshot->nhistory ? (size_t)last : snapshot->nhistory;
    buf_append_byte(&answer->body, '[');
    for (size_t i = snapshot->nhistory - n; i < snapshot->nhistory; i++) {
        if (i > snapshot->nhistory - n)
            buf_append_byte(&answer->body, ',');
        progress_json(&snapshot->history[i]->progress, false, &answer->body);
    }
    buf_append_byte(&answer->body, ']');
    snapshot_unref(snapshot);
    make_pretty(answer);
}

/* --- ours ------------------------------------------------------------------------------------------------------- */

static void short_record(struct json_writer *json, const struct progress *progress)
{
    json_writer_begin(json, '{');
    json_writer_key_i64(json, "batchId", progress->batch_id);
    json_writer_key_bool(json, "idle", progress->idle);
    json_writer_key_bool(json, "rerun", progress->rerun);
    key_iso_time(json, "timestamp", progress->timestamp_ms);
    json_writer_key_i64(json, "batchDuration", progress->duration_ms);
    json_writer_key_i64(json, "numInputRows", progress_rows(progress));
    json_writer_key_double(json, "inputRowsPerSecond", progress->input_rows_per_second);
    json_writer_key_double(json, "processedRowsPerSecond", progress->processed_rows_per_second);
    json_writer_key_i64(json, "numOutputRows", progress->output_rows);
    json_writer_key(json, "durationMs");
    json_writer_begin(json, '{');
    for (int i = 0; i < PROGRESS_PHASES; i++)
        if (progress->phase_ms[i] != PROGRESS_NONE)
            json_writer_key_double(json, progress_phase_name((enum progress_phase)i),
                                   (double)progress->phase_us[i] / 1000.0);
    json_writer_end(json, '}');
    if (progress->has_watermark)
        key_iso_time(json, "watermark", progress->watermark_ms);
    if (progress->nstates > 0) {
        json_writer_key_i64(json, "stateRows", progress->states[0].rows_total);
        json_writer_key_i64(json, "stateBytes", progress->states[0].memory_bytes);
    }
    json_writer_end(json, '}');
}

static void short_form(struct json_writer *json, const struct snapshot *snapshot, int64_t last)
{
    int64_t lag = snapshot_lag(snapshot);

    json_writer_begin(json, '{');
    json_writer_key_text(json, "name", snapshot->name);
    json_writer_key_text(json, "id", snapshot->id);
    json_writer_key_text(json, "runId", snapshot->run_id);
    json_writer_key_text(json, "status", snapshot_status_name(snapshot->status));
    json_writer_key_text(json, "message", snapshot->message);
    json_writer_key_text(json, "error", snapshot->error);
    json_writer_key(json, "lag");
    if (lag >= 0)
        json_writer_i64(json, lag);
    else
        json_writer_raw(json, NULL);
    json_writer_key_i64(json, "batches", snapshot->batches);
    json_writer_key_i64(json, "inputRows", snapshot->input_rows_total);
    json_writer_key_i64(json, "outputRows", snapshot->output_rows_total);
    json_writer_key_i64(json, "badRecords", snapshot->bad_records_total);
    json_writer_key_i64(json, "lateRows", snapshot->late_rows_total);
    json_writer_key(json, "last");
    if (snapshot->last != NULL)
        short_record(json, &snapshot->last->progress);
    else
        json_writer_raw(json, NULL);
    if (last > 0) {
        size_t n = (size_t)last < snapshot->nhistory ? (size_t)last : snapshot->nhistory;
        json_writer_key(json, "history");
        json_writer_begin(json, '[');
        for (size_t i = snapshot->nhistory - n; i < snapshot->nhistory; i++)
            short_record(json, &snapshot->history[i]->progress);
        json_writer_end(json, ']');
    }
    json_writer_end(json, '}');
}

static int64_t phase(const struct progress *progress, enum progress_phase which)
{
    return progress->phase_ms[which] == PROGRESS_NONE ? 0 : progress->phase_ms[which];
}

/* The history as the tuning study takes it: one line a batch (RFC 4180, LF). */
static void history_csv(const struct snapshot *snapshot, int64_t last, struct buf *out)
{
    size_t n = (size_t)last < snapshot->nhistory ? (size_t)last : snapshot->nhistory;

    buf_append_text(
        out, "batchId,timestamp,maxOffsetsPerTrigger,triggerMs,numInputRows,inputRowsPerSecond,processedRowsPerSecond,"
             "addBatchMs,getBatchMs,latestOffsetMs,queryPlanningMs,walCommitMs,commitOffsetsMs,triggerExecutionMs,lag,"
             "stateRows,stateBytes\n");
    for (size_t i = snapshot->nhistory - n; i < snapshot->nhistory; i++) {
        const struct progress *p = &snapshot->history[i]->progress;
        struct json_writer number;
        double lag = 0.0;
        bool has_lag = false;
        for (size_t s = 0; s < p->nsources; s++) {
            if (p->sources[s].has_lag) {
                lag += p->sources[s].lag_avg * (double)snapshot->npartitions;
                has_lag = true;
            }
        }
        buf_append_i64(out, p->batch_id);
        buf_append_byte(out, ',');
        clock_iso_utc(p->timestamp_ms, out);
        buf_append_byte(out, ',');
        if (snapshot->max_offsets_per_trigger > 0)
            buf_append_i64(out, snapshot->max_offsets_per_trigger);
        buf_append_byte(out, ',');
        if (snapshot->trigger_ms >= 0)
            buf_append_i64(out, snapshot->trigger_ms);
        buf_printf(out, ",%" PRId64 ",", progress_rows(p));
        json_writer_init(&number, out);
        if (isfinite(p->input_rows_per_second))
            json_writer_double(&number, p->input_rows_per_second);
        buf_append_byte(out, ',');
        json_writer_init(&number, out);
        if (isfinite(p->processed_rows_per_second))
            json_writer_double(&number, p->processed_rows_per_second);
        buf_printf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",",
                   phase(p, PROGRESS_ADD_BATCH), phase(p, PROGRESS_GET_BATCH), phase(p, PROGRESS_LATEST_OFFSET),
                   phase(p, PROGRESS_QUERY_PLANNING), phase(p, PROGRESS_WAL_COMMIT), phase(p, PROGRESS_COMMIT_OFFSETS),
                   phase(p, PROGRESS_TRIGGER_EXECUTION));
        if (has_lag)
            buf_append_i64(out, llround(lag));
        buf_append_byte(out, ',');
        if (p->nstates > 0)
            buf_printf(out, "%" PRId64 ",%" PRId64, p->states[0].rows_total, p->states[0].memory_bytes);
        else
            buf_append_byte(out, ',');
        buf_append_byte(out, '\n');
    }
}

void api_progress(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    int64_t last = 0;
    bool bad = false;
    size_t n = board_queries(request->board);

    if (http_number(request, "last", 1, 100000, &last, answer) < 0)
        return;
    bool csv = wants_csv(request, answer, &bad);
    if (bad)
        return;
    if (csv) {
        int index = 0;
        struct snapshot *snapshot = chosen(request, answer, &index);
        if (snapshot == NULL)
            return;
        history_csv(snapshot, last > 0 ? last : INT64_MAX, &answer->body);
        snapshot_unref(snapshot);
        return;
    }
    const char *name = http_parameter(request, "query");
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key(&json, "queries");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && (name == NULL || (snapshot->name != NULL && strcmp(name, snapshot->name) == 0)))
            short_form(&json, snapshot, last);
        snapshot_unref(snapshot);
    }
    json_writer_end(&json, ']');
    json_writer_end(&json, '}');
}

/* --- the result table ------------------------------------------------------------------------------------------- */

static void result_columns(struct json_writer *json, const struct schema *schema)
{
    json_writer_key(json, "columns");
    json_writer_begin(json, '[');
    for (size_t c = 0; c < schema->ncolumns; c++) {
        struct buf type = BUF_INIT;
        type_name(schema->columns[c].type, &type);
        json_writer_begin(json, '{');
        json_writer_key_text(json, "name", schema->columns[c].name);
        json_writer_key_text(json, "type", type.failed ? NULL : type.data);
        json_writer_end(json, '}');
        buf_release(&type);
    }
    json_writer_end(json, ']');
}

static void result_json(const struct snapshot *snapshot, size_t nrows, struct buf *out)
{
    const struct snapshot_result *result = snapshot->result;
    const struct zone *zone = snapshot->zone != NULL ? snapshot->zone : zone_utc();
    struct json_writer json;

    json_writer_init(&json, out);
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "query", snapshot->name);
    json_writer_key_i64(&json, "batchId", result->batch_id);
    json_writer_key_i64(&json, "totalRows", result->total_rows);
    result_columns(&json, &result->rows.schema);
    json_writer_key(&json, "rows");
    json_writer_begin(&json, '[');
    for (size_t row = 0; row < nrows; row++) {
        json_writer_begin(&json, '[');
        for (size_t c = 0; c < result->rows.schema.ncolumns; c++) {
            json_writer_raw(&json, "");
            json_text_append_value(out, &result->rows.columns[c], row, zone);
        }
        json_writer_end(&json, ']');
    }
    json_writer_end(&json, ']');
    json_writer_end(&json, '}');
}

/* STRUCT columns as columns of their text, which Spark's CSV cannot hold but a reader of windows wants. The other columns are shared. NULL without
 * memory. */
static struct vector *flat_columns(const struct rowset *rows, size_t nrows, const struct zone *zone,
                                   struct arena *arena)
{
    struct vector *columns = arena_calloc(arena, rows->schema.ncolumns, sizeof(*columns));

    if (columns == NULL)
        return NULL;
    for (size_t c = 0; c < rows->schema.ncolumns; c++) {
        columns[c] = rows->columns[c];
        if (columns[c].type->id != TYPE_STRUCT)
            continue;
        if (vector_alloc(&columns[c], type_of(TYPE_STRING), nrows, arena) != 0)
            return NULL;
        for (size_t row = 0; row < nrows; row++) {
            struct buf text = BUF_INIT;
            if (vector_is_null(&rows->columns[c], row)) {
                vector_set_null(&columns[c], row);
                continue;
            }
            table_text_cell(&text, &rows->columns[c], row, zone);
            const char *copy = text.failed ? NULL : arena_copy(arena, text.data, text.len);
            columns[c].data.str[row] = (struct str){copy, (uint32_t)text.len};
            buf_release(&text);
            if (copy == NULL)
                return NULL;
        }
    }
    return columns;
}

static void result_csv(const struct snapshot *snapshot, size_t nrows, struct buf *out)
{
    const struct rowset *rows = &snapshot->result->rows;
    const struct zone *zone = snapshot->zone != NULL ? snapshot->zone : zone_utc();
    struct arena arena = ARENA_INIT;
    struct vector *columns = flat_columns(rows, nrows, zone, &arena);
    struct csv_writer writer;

    if (columns == NULL) {
        out->failed = true;
    } else {
        csv_writer_init(&writer, zone);
        csv_writer_header(&writer, &rows->schema, out);
        for (size_t row = 0; row < nrows; row++)
            csv_writer_row(&writer, columns, rows->schema.ncolumns, row, out);
    }
    arena_release(&arena);
}

void api_table(struct http_request *request, struct http_answer *answer)
{
    int64_t limit = 20;
    int index = 0;
    bool bad = false;

    if (http_number(request, "limit", 0, 1000000, &limit, answer) < 0)
        return;
    bool csv = wants_csv(request, answer, &bad);
    if (bad)
        return;
    struct snapshot *snapshot = chosen(request, answer, &index);
    if (snapshot == NULL)
        return;
    if (snapshot->result == NULL) {
        http_error(answer, 503, "the query has not finished a batch yet");
    } else {
        size_t nrows = snapshot->result->rows.nrows < (size_t)limit ? snapshot->result->rows.nrows : (size_t)limit;
        if (csv)
            result_csv(snapshot, nrows, &answer->body);
        else
            result_json(snapshot, nrows, &answer->body);
    }
    snapshot_unref(snapshot);
}

/* --- the source ------------------------------------------------------------------------------------------------- */

static void key_offset(struct json_writer *json, const char *key, int64_t offset)
{
    json_writer_key(json, key);
    if (offset >= 0)
        json_writer_i64(json, offset);
    else
        json_writer_raw(json, NULL);
}

static void partition(struct json_writer *json, const struct snapshot_partition *p)
{
    json_writer_begin(json, '{');
    json_writer_key_text(json, "topic", p->topic);
    json_writer_key_i64(json, "partition", p->partition);
    key_offset(json, "low", p->low);
    key_offset(json, "committed", p->committed);
    key_offset(json, "position", p->position);
    key_offset(json, "high", p->high);
    key_offset(json, "lag",
               p->high >= 0 && p->position >= 0 ? (p->high > p->position ? p->high - p->position : 0) : -1);
    json_writer_key_i64(json, "rows", p->rows);
    json_writer_key_double(json, "arrivalRate", p->arrival_rate);
    json_writer_end(json, '}');
}

void api_source(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    size_t n = board_queries(request->board);

    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key(&json, "queries");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot == NULL)
            continue;
        json_writer_begin(&json, '{');
        json_writer_key_text(&json, "name", snapshot->name);
        key_offset(&json, "lag", snapshot_lag(snapshot));
        if (snapshot->lag_sampled_ms > 0)
            key_iso_time(&json, "sampled", snapshot->lag_sampled_ms);
        json_writer_key(&json, "partitions");
        json_writer_begin(&json, '[');
        for (size_t p = 0; p < snapshot->npartitions; p++)
            partition(&json, &snapshot->partitions[p]);
        json_writer_end(&json, ']');
        json_writer_end(&json, '}');
        snapshot_unref(snapshot);
    }
    json_writer_end(&json, ']');
    json_writer_end(&json, '}');
}

/* --- what this is, and how it is -------------------------------------------------------------------------------- */

void api_spark_version(struct http_request *request, struct http_answer *answer)
{
    (void)request;
    buf_append_text(&answer->body, "{\n  \"spark\" : \"" SPARK_VERSION "\"\n}");
}

void api_version(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    size_t n = 0;

    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "name", "sfcrime");
    json_writer_key_text(&json, "version", SFCRIME_VERSION);
    json_writer_key_text(&json, "revision", SFCRIME_REVISION);
    json_writer_key_text(&json, "spark", SPARK_VERSION);
    json_writer_key(&json, "libraries");
    json_writer_begin(&json, '{');
    /* The program lists the libraries it runs with among its settings. */
    const struct board_setting *settings = board_settings(request->board, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].origin, "library") == 0)
            json_writer_key_text(&json, settings[i].name, settings[i].value);
    json_writer_end(&json, '}');
    json_writer_end(&json, '}');
}

void api_healthz(struct http_request *request, struct http_answer *answer)
{
    (void)request;
    buf_append_text(&answer->body, "{\"status\":\"ok\"}\n");
}

void api_readyz(struct http_request *request, struct http_answer *answer)
{
    struct buf reason = BUF_INIT;

    if (board_ready(request->board, &reason))
        buf_append_text(&answer->body, "{\"status\":\"ready\"}\n");
    else
        http_error(answer, 503, "%s", reason.data == NULL ? "not ready" : reason.data);
    buf_release(&reason);
}
