/* The short JSON form of a query and of a progress record: what the API, the events and scripts read. */
#include "api_internal.h"

#include "common/clock.h"

#include <string.h>

/* "2026-11-21T07:58:44.029GMT", the form of Spark's REST API (JacksonMessageWriter). */
void api_key_spark_time(struct json_writer *json, const char *key, int64_t wall_ms)
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

void api_key_iso_time(struct json_writer *json, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_INIT;

    clock_iso_utc(wall_ms, &text);
    json_writer_key_text(json, key, text.failed ? NULL : text.data);
    buf_release(&text);
}

void api_short_record(struct json_writer *json, const struct progress *progress)
{
    json_writer_begin(json, '{');
    json_writer_key_i64(json, "batchId", progress->batch_id);
    json_writer_key_bool(json, "idle", progress->idle);
    json_writer_key_bool(json, "rerun", progress->rerun);
    api_key_iso_time(json, "timestamp", progress->timestamp_ms);
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
        api_key_iso_time(json, "watermark", progress->watermark_ms);
    if (progress->nstates > 0) {
        json_writer_key_i64(json, "stateRows", progress->states[0].rows_total);
        json_writer_key_i64(json, "stateBytes", progress->states[0].memory_bytes);
    }
    json_writer_end(json, '}');
}

void api_short_form(struct json_writer *json, const struct snapshot *snapshot, int64_t last)
{
    int64_t lag = snapshot_lag(snapshot);

    json_writer_begin(json, '{');
    json_writer_key_text(json, "name", snapshot->name);
    json_writer_key_text(json, "id", snapshot->id);
    json_writer_key_text(json, "runId", snapshot->run_id);
    json_writer_key_text(json, "status", snapshot_status_name(snapshot->status));
    json_writer_key_text(json, "message", snapshot->message);
    json_writer_key_text(json, "error", snapshot->error);
    json_writer_key_known(json, "lag", lag);
    json_writer_key_i64(json, "batches", snapshot->batches);
    json_writer_key_i64(json, "inputRows", snapshot->input_rows_total);
    json_writer_key_i64(json, "outputRows", snapshot->output_rows_total);
    json_writer_key_i64(json, "badRecords", snapshot->bad_records_total);
    json_writer_key_i64(json, "lateRows", snapshot->late_rows_total);
    json_writer_key_i64(json, "lostOffsets", snapshot->lost_offsets_total);
    json_writer_key(json, "last");
    if (snapshot->last != NULL)
        api_short_record(json, &snapshot->last->progress);
    else
        json_writer_raw(json, NULL);
    if (last > 0) {
        size_t n = (size_t)last < snapshot->nhistory ? (size_t)last : snapshot->nhistory;
        json_writer_key(json, "history");
        json_writer_begin(json, '[');
        for (size_t i = snapshot->nhistory - n; i < snapshot->nhistory; i++)
            api_short_record(json, &snapshot->history[i]->progress);
        json_writer_end(json, ']');
    }
    json_writer_end(json, '}');
}
