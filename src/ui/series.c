/* One allocation holds all columns. Arrival and lag come from the offsets that each progress record carries, so they
 * need no history of their own: what the log grew by between two batches, over the time between them. */
#include "ui/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIN_GAP_MS 2000
#define GAP_INTERVALS 3 /* a pause is longer than so many usual distances between batches */

int64_t series_offset_sum(const char *json)
{
    int64_t sum = 0;
    bool quoted = false;

    if (json == NULL)
        return -1;
    for (const char *p = json; *p != '\0'; p++) {
        if (*p == '"') {
            quoted = !quoted;
        } else if (quoted && *p == '\\' && p[1] != '\0') {
            p++;
        } else if (!quoted && *p >= '0' && *p <= '9') {
            char *end = NULL;
            sum += strtoll(p, &end, 10);
            p = end - 1;
        }
    }
    return sum;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

size_t series_sort(double *values, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            values[known++] = values[i];
    qsort(values, known, sizeof(*values), ascending);
    return known;
}

double series_at(const double *sorted, size_t known, double share)
{
    return known == 0 ? NAN : sorted[(size_t)(share * (double)(known - 1) + 0.5)];
}

double series_quantile(const double *values, size_t n, double share)
{
    double *sorted = malloc((n + 1) * sizeof(*sorted));
    double result;

    if (sorted == NULL)
        return NAN;
    if (n > 0) /* memcpy takes no NULL, not even for nothing */
        memcpy(sorted, values, n * sizeof(*sorted));
    result = series_at(sorted, series_sort(sorted, n), share);
    free(sorted);
    return result;
}

static void fill_state(struct series *series, size_t i, const struct progress *progress)
{
    double total = 0, updated = 0, removed = 0, memory = 0, dropped = 0;

    if (progress->nstates == 0)
        return;
    series->has_state = true;
    for (size_t s = 0; s < progress->nstates; s++) {
        total += (double)progress->states[s].rows_total;
        updated += (double)progress->states[s].rows_updated;
        removed += (double)progress->states[s].rows_removed;
        memory += (double)progress->states[s].memory_bytes;
        dropped += (double)progress->states[s].rows_dropped_by_watermark;
    }
    series->values[SERIES_STATE_TOTAL][i] = total;
    series->values[SERIES_STATE_UPDATED][i] = updated;
    series->values[SERIES_STATE_REMOVED][i] = removed;
    series->values[SERIES_STATE_MEMORY][i] = memory;
    series->values[SERIES_DROPPED][i] = dropped;
}

static void fill_source(struct series *series, size_t i, const struct progress *progress,
                        const struct progress *previous)
{
    int64_t latest = 0, end = 0, before = 0;
    bool known = progress->nsources > 0;
    bool known_before = previous != NULL && previous->nsources == progress->nsources;

    for (size_t s = 0; s < progress->nsources; s++) {
        known = known && progress->sources[s].latest_offset != NULL && progress->sources[s].end_offset != NULL;
        latest += series_offset_sum(progress->sources[s].latest_offset);
        end += series_offset_sum(progress->sources[s].end_offset);
        known_before = known_before && previous->sources[s].latest_offset != NULL;
        if (known_before)
            before += series_offset_sum(previous->sources[s].latest_offset);
    }
    if (!known)
        return;
    series->values[SERIES_LAG][i] = (double)(latest > end ? latest - end : 0);
    if (known_before && progress->timestamp_ms > previous->timestamp_ms && latest >= before)
        series->values[SERIES_ARRIVAL_RATE][i] =
            (double)(latest - before) * 1000.0 / (double)(progress->timestamp_ms - previous->timestamp_ms);
}

/* The newest event of the run before history[first]. */
static int64_t event_before(const struct snapshot *snapshot, size_t first)
{
    int64_t newest = snapshot->event_forgotten ? snapshot->forgotten_event_max_ms : PROGRESS_NONE;

    for (size_t i = 0; i < first; i++) {
        const struct progress *p = &snapshot->history[i]->progress;
        if (p->has_event_time && p->event_max_ms > newest)
            newest = p->event_max_ms;
    }
    return newest;
}

static void fill(struct series *series, const struct snapshot *snapshot, size_t first)
{
    int64_t newest_event = event_before(snapshot, first);

    for (size_t i = 0; i < series->n; i++) {
        const struct progress *p = &snapshot->history[first + i]->progress;
        const struct progress *previous = first + i > 0 ? &snapshot->history[first + i - 1]->progress : NULL;

        series->time_ms[i] = p->timestamp_ms;
        series->batch[i] = p->batch_id;
        /* The first batch of a run has no trigger before it: Spark says 0, which is no rate. */
        bool rated = isfinite(p->input_rows_per_second) && !(p->input_rows_per_second == 0 && progress_rows(p) > 0);
        series->values[SERIES_INPUT_RATE][i] = rated ? p->input_rows_per_second : NAN;
        series->values[SERIES_PROCESS_RATE][i] =
            isfinite(p->processed_rows_per_second) ? p->processed_rows_per_second : NAN;
        series->values[SERIES_INPUT_ROWS][i] = (double)progress_rows(p);
        series->values[SERIES_DURATION][i] = (double)p->duration_ms;
        for (int k = 0; k < PROGRESS_PHASES; k++)
            if (p->phase_ms[k] != PROGRESS_NONE)
                series->values[SERIES_PHASE + k][i] = (double)p->phase_us[k] / 1000.0;
        if (p->has_event_time && p->event_max_ms > newest_event)
            newest_event = p->event_max_ms;
        series->has_watermark = series->has_watermark || p->has_watermark;
        /* A watermark above every event of this run was set by events before a restart, which nobody knows any more. */
        if (p->has_watermark && p->watermark_ms > 0 && newest_event != PROGRESS_NONE && newest_event >= p->watermark_ms)
            series->values[SERIES_WATERMARK_GAP][i] = (double)(newest_event - p->watermark_ms) / 1000.0;
        if (p->has_watermark && p->watermark_ms > 0)
            series->values[SERIES_WATERMARK_AGE][i] = (double)(p->timestamp_ms - p->watermark_ms) / 1000.0;
        fill_state(series, i, p);
        fill_source(series, i, p, previous);
    }
}

int series_init(struct series *series, const struct snapshot *snapshot, size_t last)
{
    memset(series, 0, sizeof(*series));
    series->n = last < snapshot->nhistory ? last : snapshot->nhistory;
    /* n + 1: calloc(0) may be NULL */
    series->time_ms = calloc(2 * (series->n + 1), sizeof(*series->time_ms));
    double *values = malloc((series->n + 1) * SERIES_KINDS * sizeof(*values));
    if (series->time_ms == NULL || values == NULL) {
        free(series->time_ms);
        free(values);
        memset(series, 0, sizeof(*series));
        return -1;
    }
    series->batch = series->time_ms + series->n + 1;
    for (size_t i = 0; i < (series->n + 1) * SERIES_KINDS; i++)
        values[i] = NAN;
    for (size_t k = 0; k < SERIES_KINDS; k++)
        series->values[k] = values + k * (series->n + 1);
    fill(series, snapshot, snapshot->nhistory - series->n);

    double *steps = calloc(series->n + 1, sizeof(*steps));
    double usual = 0;
    if (steps != NULL && series->n > 1) {
        for (size_t i = 1; i < series->n; i++)
            steps[i - 1] = (double)(series->time_ms[i] - series->time_ms[i - 1]);
        usual = series_quantile(steps, series->n - 1, 0.5);
    }
    free(steps);
    if (snapshot->trigger_ms > 0 && usual < (double)snapshot->trigger_ms)
        usual = (double)snapshot->trigger_ms;
    series->gap_ms = GAP_INTERVALS * (int64_t)usual;
    if (series->gap_ms < MIN_GAP_MS)
        series->gap_ms = MIN_GAP_MS;
    return 0;
}

void series_release(struct series *series)
{
    free(series->time_ms);
    free(series->values[0]);
    memset(series, 0, sizeof(*series));
}
