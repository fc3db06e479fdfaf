#include "api_internal.h"

#include "common/clock.h"
#include "common/parsenum.h"
#include "ui/series.h"
#include "ui/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char csv_type[] = "text/csv; charset=utf-8";

bool api_wants_csv(const struct http_request *request, struct http_answer *answer, bool *bad)
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

/* By its name or by its run; both as pages take them. */
bool api_is_chosen(const struct http_request *request, const struct snapshot *snapshot)
{
    const char *name = http_parameter(request, "query");
    const char *id = http_parameter(request, "id");

    return (name == NULL || (snapshot->name != NULL && strcmp(snapshot->name, name) == 0)) &&
           (id == NULL || strcmp(snapshot->run_id, id) == 0);
}

struct snapshot *api_chosen(struct http_request *request, struct http_answer *answer)
{
    size_t n = board_queries(request->board);

    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && api_is_chosen(request, snapshot))
            return snapshot;
        snapshot_unref(snapshot);
    }
    const char *name = http_parameter(request, "query");
    if (name == NULL)
        name = http_parameter(request, "id");
    if (name != NULL)
        http_error(answer, 404, "there is no query named %s", name);
    else
        http_error(answer, 503, "no query has been opened yet");
    return NULL;
}

/* --- progress --------------------------------------------------------------------------------------------------- */

/* A rate that is no number stays empty. */
static void append_rate(struct buf *out, double rate)
{
    struct json_writer number;

    json_writer_init(&number, out);
    if (isfinite(rate))
        json_writer_double(&number, rate);
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
        int64_t latest = p->nsources > 0 ? series_offset_sum(p->sources[0].latest_offset) : -1;
        int64_t end = p->nsources > 0 ? series_offset_sum(p->sources[0].end_offset) : -1;
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
        append_rate(out, p->input_rows_per_second);
        buf_append_byte(out, ',');
        append_rate(out, p->processed_rows_per_second);
        buf_printf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",",
                   phase(p, PROGRESS_ADD_BATCH), phase(p, PROGRESS_GET_BATCH), phase(p, PROGRESS_LATEST_OFFSET),
                   phase(p, PROGRESS_QUERY_PLANNING), phase(p, PROGRESS_WAL_COMMIT), phase(p, PROGRESS_COMMIT_OFFSETS),
                   phase(p, PROGRESS_TRIGGER_EXECUTION));
        if (latest >= 0 && end >= 0)
            buf_append_i64(out, latest > end ? latest - end : 0);
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
    bool csv = api_wants_csv(request, answer, &bad);
    if (bad)
        return;
    if (csv) {
        struct snapshot *snapshot = api_chosen(request, answer);
        if (snapshot == NULL)
            return;
        history_csv(snapshot, last > 0 ? last : INT64_MAX, &answer->body);
        snapshot_unref(snapshot);
        return;
    }
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key(&json, "queries");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && api_is_chosen(request, snapshot))
            api_short_form(&json, snapshot, last);
        snapshot_unref(snapshot);
    }
    json_writer_end(&json, ']');
    json_writer_end(&json, '}');
}

/* --- the source ------------------------------------------------------------------------------------------------- */

static void partition(struct json_writer *json, const struct snapshot_partition *p)
{
    json_writer_begin(json, '{');
    json_writer_key_text(json, "topic", p->topic);
    json_writer_key_i64(json, "partition", p->partition);
    json_writer_key_known(json, "low", p->low);
    json_writer_key_known(json, "committed", p->committed);
    json_writer_key_known(json, "position", p->position);
    json_writer_key_known(json, "high", snapshot_partition_high(p));
    json_writer_key_known(json, "lag", snapshot_partition_lag(p));
    json_writer_key_i64(json, "rows", p->rows);
    json_writer_key_double(json, "arrivalRate", p->arrival_rate);
    json_writer_end(json, '}');
}

static void source_csv(struct http_request *request, struct http_answer *answer)
{
    struct snapshot *snapshot = api_chosen(request, answer);
    struct buf *out = &answer->body;

    if (snapshot == NULL)
        return;
    buf_append_text(out, "topic,partition,low,committed,position,high,lag,rows,arrivalRate\n");
    for (size_t i = 0; i < snapshot->npartitions; i++) {
        const struct snapshot_partition *p = &snapshot->partitions[i];
        const int64_t offsets[] = {p->low, p->committed, p->position, snapshot_partition_high(p),
                                   snapshot_partition_lag(p)};
        /* Kafka allows letters, digits and ._- in a topic's name: nothing to quote. */
        buf_printf(out, "%s,%" PRId32, p->topic, p->partition);
        for (size_t k = 0; k < sizeof(offsets) / sizeof(offsets[0]); k++) {
            buf_append_byte(out, ',');
            if (offsets[k] >= 0)
                buf_append_i64(out, offsets[k]);
        }
        buf_printf(out, ",%" PRId64 ",", p->rows);
        append_rate(out, p->arrival_rate);
        buf_append_byte(out, '\n');
    }
    snapshot_unref(snapshot);
}

void api_source(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    bool bad = false;
    size_t n = board_queries(request->board);

    if (api_wants_csv(request, answer, &bad)) {
        source_csv(request, answer);
        return;
    }
    if (bad)
        return;
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key(&json, "queries");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot == NULL || !api_is_chosen(request, snapshot)) {
            snapshot_unref(snapshot);
            continue;
        }
        json_writer_begin(&json, '{');
        json_writer_key_text(&json, "name", snapshot->name);
        json_writer_key_known(&json, "lag", snapshot_lag(snapshot));
        if (snapshot->lag_sampled_ms > 0)
            api_key_iso_time(&json, "sampled", snapshot->lag_sampled_ms);
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

void api_events(struct http_request *request, struct http_answer *answer)
{
    size_t n = board_queries(request->board);
    bool named = http_parameter(request, "query") != NULL || http_parameter(request, "id") != NULL;

    answer->stream_query = -1;
    for (size_t i = 0; named && i < n && answer->stream_query < 0; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && api_is_chosen(request, snapshot))
            answer->stream_query = (int)i;
        snapshot_unref(snapshot);
    }
    if (named && answer->stream_query < 0) {
        http_error(answer, 404, "there is no such query");
        return;
    }
    /* An id that is none of ours is as good as none: a client must always get through. */
    answer->stream_after = -1;
    if (request->last_event_id == NULL ||
        parsenum_i64(request->last_event_id, 0, INT64_MAX, &answer->stream_after) != 0)
        answer->stream_after = -1;
    answer->stream = true;
    answer->content_type = "text/event-stream; charset=utf-8";
    answer->cache = "no-store";
}

/* --- what this is, and how it is -------------------------------------------------------------------------------- */

void api_spark_version(struct http_request *request, struct http_answer *answer)
{
    (void)request;
    buf_append_text(&answer->body, "{\n  \"spark\" : \"" WORDS_SPARK_VERSION "\"\n}");
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
    json_writer_key_text(&json, "spark", WORDS_SPARK_VERSION);
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
