#include "report/progress.h"

#include "common/clock.h"
#include "record/number.h"
#include "report/json_writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const phase_names[PROGRESS_PHASES] = {
    "addBatch", "commitOffsets", "getBatch", "latestOffset", "queryPlanning", "triggerExecution", "walCommit",
};

const char *progress_phase_name(enum progress_phase phase)
{
    return phase_names[phase];
}

void progress_init(struct progress *progress)
{
    memset(progress, 0, sizeof(*progress));
    for (int i = 0; i < PROGRESS_PHASES; i++)
        progress->phase_ms[i] = PROGRESS_NONE;
    progress->output_rows = -1;
}

void progress_release(struct progress *progress)
{
    for (size_t i = 0; i < progress->nsources; i++) {
        free(progress->sources[i].description);
        free(progress->sources[i].start_offset);
        free(progress->sources[i].end_offset);
        free(progress->sources[i].latest_offset);
    }
    free(progress->sources);
    free(progress->states);
    free(progress->name);
    free(progress->sink_description);
    progress_init(progress);
}

/* strdup of a text that may be NULL; *failed when there was no memory. */
static char *copy_text(const char *text, bool *failed)
{
    char *copy = text == NULL ? NULL : strdup(text);

    if (text != NULL && copy == NULL)
        *failed = true;
    return copy;
}

int progress_copy(struct progress *dst, const struct progress *src)
{
    bool failed = false;

    *dst = *src;
    dst->name = copy_text(src->name, &failed);
    dst->sink_description = copy_text(src->sink_description, &failed);
    dst->states = NULL;
    dst->nstates = 0;
    dst->sources = NULL;
    dst->nsources = 0;
    if (src->nstates > 0) {
        dst->states = malloc(src->nstates * sizeof(*src->states));
        if (dst->states == NULL)
            failed = true;
        else
            memcpy(dst->states, src->states, src->nstates * sizeof(*src->states));
        dst->nstates = failed ? 0 : src->nstates;
    }
    if (src->nsources > 0) {
        dst->sources = calloc(src->nsources, sizeof(*src->sources));
        if (dst->sources == NULL) {
            failed = true;
        } else {
            dst->nsources = src->nsources;
            for (size_t i = 0; i < src->nsources; i++) {
                dst->sources[i] = src->sources[i];
                dst->sources[i].description = copy_text(src->sources[i].description, &failed);
                dst->sources[i].start_offset = copy_text(src->sources[i].start_offset, &failed);
                dst->sources[i].end_offset = copy_text(src->sources[i].end_offset, &failed);
                dst->sources[i].latest_offset = copy_text(src->sources[i].latest_offset, &failed);
            }
        }
    }
    if (failed) {
        progress_release(dst);
        return -1;
    }
    return 0;
}

int64_t progress_rows(const struct progress *progress)
{
    int64_t rows = 0;

    for (size_t i = 0; i < progress->nsources; i++)
        rows += progress->sources[i].rows;
    return rows;
}

static void key_time(struct json_writer *json, const char *key, int64_t wall_ms)
{
    struct buf text = BUF_INIT;

    clock_iso_utc(wall_ms, &text);
    if (text.failed)
        json->out->failed = true;
    else
        json_writer_key_text(json, key, text.data);
    buf_release(&text);
}

/* Spark leaves a rate out that is no finite number. */
static void rates(struct json_writer *json, double input, double processed)
{
    if (isfinite(input))
        json_writer_key_double(json, "inputRowsPerSecond", input);
    if (isfinite(processed))
        json_writer_key_double(json, "processedRowsPerSecond", processed);
}

static void durations(struct json_writer *json, const struct progress *progress)
{
    bool any = false;

    for (int i = 0; i < PROGRESS_PHASES; i++) {
        if (progress->phase_ms[i] == PROGRESS_NONE)
            continue;
        if (!any) {
            json_writer_key(json, "durationMs");
            json_writer_begin(json, '{');
            any = true;
        }
        json_writer_key_i64(json, phase_names[i], progress->phase_ms[i]);
    }
    if (any)
        json_writer_end(json, '}');
}

static void event_time(struct json_writer *json, const struct progress *progress)
{
    if (!progress->has_watermark)
        return;
    json_writer_key(json, "eventTime");
    json_writer_begin(json, '{');
    if (progress->has_event_time) {
        key_time(json, "avg", progress->event_avg_ms);
        key_time(json, "max", progress->event_max_ms);
        key_time(json, "min", progress->event_min_ms);
    }
    key_time(json, "watermark", progress->watermark_ms);
    json_writer_end(json, '}');
}

static void state_operator(struct json_writer *json, const struct progress_state *state)
{
    json_writer_begin(json, '{');
    json_writer_key_text(json, "operatorName", state->operator_name);
    json_writer_key_i64(json, "numRowsTotal", state->rows_total);
    json_writer_key_i64(json, "numRowsUpdated", state->rows_updated);
    json_writer_key_i64(json, "allUpdatesTimeMs", state->all_updates_ms);
    json_writer_key_i64(json, "numRowsRemoved", state->rows_removed);
    json_writer_key_i64(json, "allRemovalsTimeMs", state->all_removals_ms);
    json_writer_key_i64(json, "commitTimeMs", state->commit_ms);
    json_writer_key_i64(json, "memoryUsedBytes", state->memory_bytes);
    json_writer_key_i64(json, "numRowsDroppedByWatermark", state->rows_dropped_by_watermark);
    json_writer_key_i64(json, "numShufflePartitions", state->shuffle_partitions);
    json_writer_key_i64(json, "numStateStoreInstances", state->store_instances);
    json_writer_key(json, "customMetrics");
    json_writer_begin(json, '{');
    json_writer_key_i64(json, "loadedMapCacheHitCount", state->cache_hits);
    json_writer_key_i64(json, "loadedMapCacheMissCount", state->cache_misses);
    json_writer_key_i64(json, "stateOnCurrentVersionSizeBytes", state->current_version_bytes);
    json_writer_end(json, '}');
    json_writer_end(json, '}');
}

static void key_number_text(struct json_writer *json, const char *key, const struct buf *text)
{
    if (text->failed)
        json->out->failed = true;
    else
        json_writer_key_text(json, key, text->data);
}

/* Spark rates each source by itself; with one source, ours always, they are the query's. */
static void source(struct json_writer *json, const struct progress *progress, const struct progress_source *src)
{
    int64_t all = progress_rows(progress);
    double share = all > 0 ? (double)src->rows / (double)all : 1.0;

    json_writer_begin(json, '{');
    json_writer_key_text(json, "description", src->description);
    json_writer_key(json, "startOffset");
    json_writer_raw(json, src->start_offset);
    json_writer_key(json, "endOffset");
    json_writer_raw(json, src->end_offset);
    json_writer_key(json, "latestOffset");
    json_writer_raw(json, src->latest_offset);
    json_writer_key_i64(json, "numInputRows", src->rows);
    rates(json, progress->input_rows_per_second * share, progress->processed_rows_per_second * share);
    if (src->has_lag) {
        struct buf text = BUF_INIT;

        json_writer_key(json, "metrics");
        json_writer_begin(json, '{');
        number_append_double(&text, src->lag_avg);
        key_number_text(json, "avgOffsetsBehindLatest", &text);
        buf_reset(&text);
        buf_append_i64(&text, src->lag_max);
        key_number_text(json, "maxOffsetsBehindLatest", &text);
        buf_reset(&text);
        buf_append_i64(&text, src->lag_min);
        key_number_text(json, "minOffsetsBehindLatest", &text);
        buf_release(&text);
        json_writer_end(json, '}');
    }
    json_writer_end(json, '}');
}

static void compact(const struct progress *progress, struct buf *out)
{
    struct json_writer json;

    json_writer_init(&json, out);
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "id", progress->id);
    json_writer_key_text(&json, "runId", progress->run_id);
    json_writer_key_text(&json, "name", progress->name);
    key_time(&json, "timestamp", progress->timestamp_ms);
    json_writer_key_i64(&json, "batchId", progress->batch_id);
    json_writer_key_i64(&json, "batchDuration", progress->duration_ms);
    json_writer_key_i64(&json, "numInputRows", progress_rows(progress));
    rates(&json, progress->input_rows_per_second, progress->processed_rows_per_second);
    durations(&json, progress);
    event_time(&json, progress);
    json_writer_key(&json, "stateOperators");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < progress->nstates; i++)
        state_operator(&json, &progress->states[i]);
    json_writer_end(&json, ']');
    json_writer_key(&json, "sources");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < progress->nsources; i++)
        source(&json, progress, &progress->sources[i]);
    json_writer_end(&json, ']');
    json_writer_key(&json, "sink");
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "description", progress->sink_description);
    json_writer_key_i64(&json, "numOutputRows", progress->output_rows);
    json_writer_end(&json, '}');
    json_writer_end(&json, '}');
}

void progress_json(const struct progress *progress, bool pretty, struct buf *out)
{
    struct buf text = BUF_INIT;

    if (!pretty) {
        compact(progress, out);
        return;
    }
    compact(progress, &text);
    if (text.failed)
        out->failed = true;
    else
        json_writer_pretty(text.data, text.len, out);
    buf_release(&text);
}
