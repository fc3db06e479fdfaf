#include "engine/tracker.h"

#include "common/buf.h"
#include "common/clock.h"
#include "engine/offset_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tracker_init(struct tracker *tracker)
{
    memset(tracker, 0, sizeof(*tracker));
    tracker->last_event_ms = INT64_MIN;
    tracker->output_rows = -1;
}

void tracker_begin(struct tracker *tracker)
{
    tracker->previous_start_ms = tracker->start_ms;
    tracker->previous_start_us = tracker->start_us;
    tracker->start_ms = clock_wall_ms();
    tracker->start_us = clock_monotonic_us();
    for (size_t i = 0; i < PROGRESS_PHASES; i++)
        tracker->phase_us[i] = -1;
}

void tracker_enter(struct tracker *tracker)
{
    tracker->entered_us = clock_monotonic_us();
}

void tracker_leave(struct tracker *tracker, enum progress_phase phase)
{
    int64_t spent_us = clock_monotonic_us() - tracker->entered_us;

    tracker->phase_us[phase] = (tracker->phase_us[phase] < 0 ? 0 : tracker->phase_us[phase]) + spent_us;
}

int64_t tracker_elapsed_ms(const struct tracker *tracker)
{
    return (clock_monotonic_us() - tracker->start_us) / 1000;
}

/* Compact JSON, or NULL for none. */
static char *offsets_json(const struct offset_list *list, bool *failed)
{
    struct buf out;
    char *text;

    if (!list)
        return NULL;
    buf_init(&out);
    offset_plan_json(list, &out);
    text = buf_take(&out, NULL);
    buf_release(&out);
    *failed |= text == NULL;
    return text;
}

/* How far each partition's end lies behind the log's: mean, most, least. */
static void fill_lag(struct progress_source *source, const struct offset_list *end, const struct offset_list *latest)
{
    int64_t sum = 0, most = INT64_MIN, least = INT64_MAX;
    size_t n = 0;

    for (size_t i = 0; i < latest->count; i++) {
        const struct partition_offset *item = offset_list_find(end, latest->items[i].topic, latest->items[i].partition);

        if (!item)
            continue;
        int64_t lag = latest->items[i].offset - item->offset;
        sum += lag;
        most = lag > most ? lag : most;
        least = lag < least ? lag : least;
        n++;
    }
    if (n == 0)
        return;
    source->has_lag = true;
    source->lag_avg = (double)sum / (double)n;
    source->lag_max = most;
    source->lag_min = least;
}

static int fill_source(const struct tracker *tracker, const struct tracker_facts *facts, struct progress *progress)
{
    struct progress_source *source = calloc(1, sizeof(*source));
    bool failed = false;

    if (!source)
        return -1;
    progress->sources = source;
    progress->nsources = 1;
    source->description = strdup(tracker->source);
    source->start_offset = offsets_json(facts->start, &failed);
    source->end_offset = offsets_json(facts->end, &failed);
    source->latest_offset = offsets_json(facts->latest, &failed);
    source->rows = facts->rows;
    if (facts->latest && facts->end)
        fill_lag(source, facts->end, facts->latest);
    return failed || !source->description ? -1 : 0;
}

static int fill_states(struct tracker *tracker, const struct tracker_facts *facts, struct progress *progress)
{
    if (!facts->idle) {
        tracker->nstates = facts->nstates < TRACKER_STATES ? facts->nstates : TRACKER_STATES;
        if (tracker->nstates)
            memcpy(tracker->states, facts->states, tracker->nstates * sizeof(*facts->states));
        tracker->output_rows = facts->output_rows;
    }
    progress->states = calloc(tracker->nstates + 1, sizeof(*progress->states));
    if (!progress->states)
        return -1;
    progress->nstates = tracker->nstates;
    memcpy(progress->states, tracker->states, tracker->nstates * sizeof(*progress->states));
    for (size_t i = 0; facts->idle && i < progress->nstates; i++) {
        progress->states[i].rows_updated = 0; /* times, removed rows and memory stay as they were: so Spark */
        progress->states[i].rows_dropped_by_watermark = 0;
    }
    progress->output_rows = !facts->idle ? facts->output_rows : tracker->output_rows < 0 ? -1 : 0;
    return 0;
}

static void fill_times(const struct tracker *tracker, const struct tracker_facts *facts, struct progress *progress)
{
    int64_t since_ms = (tracker->start_us - tracker->previous_start_us) / 1000;
    int64_t total_us = clock_monotonic_us() - tracker->start_us, total_ms = total_us / 1000;

    progress->timestamp_ms = tracker->start_ms;
    for (size_t i = 0; i < PROGRESS_PHASES; i++) {
        progress->phase_ms[i] = tracker->phase_us[i] < 0 ? PROGRESS_NONE : tracker->phase_us[i] / 1000;
        progress->phase_us[i] = tracker->phase_us[i] < 0 ? 0 : tracker->phase_us[i];
    }
    /* The first trigger of a run has no trigger before it: an infinite time, so the rate is 0. Small batches that were
     * waiting come several a millisecond, which Spark's never do: they have their rate as their duration, by a whole
     * one. */
    if (!facts->idle && since_ms == 0)
        since_ms = 1;
    progress->input_rows_per_second =
        tracker->previous_start_ms ? (double)facts->rows / ((double)since_ms / 1000) : 0.0;
    progress->duration_ms = total_ms;
    progress->phase_ms[PROGRESS_TRIGGER_EXECUTION] = total_ms;
    progress->phase_us[PROGRESS_TRIGGER_EXECUTION] = total_us;
    progress->processed_rows_per_second =
        (double)progress_rows(progress) / ((double)(total_ms > 1 ? total_ms : 1) / 1000);
}

int tracker_finish(struct tracker *tracker, const struct tracker_facts *facts, struct progress *progress)
{
    progress_init(progress);
    memcpy(progress->id, tracker->id, strnlen(tracker->id, sizeof(progress->id) - 1));
    memcpy(progress->run_id, tracker->run_id, strnlen(tracker->run_id, sizeof(progress->run_id) - 1));
    progress->name = strdup(tracker->name);
    progress->sink_description = strdup(tracker->sink);
    progress->batch_id = facts->batch_id;
    progress->idle = facts->idle;
    progress->rerun = facts->rerun;
    /* Before any batch ran in this process an idle record has no event times at all. */
    progress->has_watermark = tracker->has_watermark && (!facts->idle || tracker->output_rows >= 0);
    progress->watermark_ms = facts->watermark_ms;
    if (facts->events && facts->events->count > 0) {
        progress->has_event_time = true;
        progress->event_avg_ms = watermark_stats_avg_ms(facts->events);
        progress->event_max_ms = facts->events->max_ms;
        progress->event_min_ms = facts->events->min_ms;
    }
    if (!progress->name || !progress->sink_description || fill_states(tracker, facts, progress) != 0 ||
        fill_source(tracker, facts, progress) != 0) {
        progress_release(progress);
        return -1;
    }
    fill_times(tracker, facts, progress);
    if (!facts->idle)
        tracker->last_event_ms = clock_wall_ms();
    return 0;
}

bool tracker_idle_due(struct tracker *tracker, bool *first)
{
    int64_t now_ms = clock_wall_ms();

    *first = tracker->last_event_ms == INT64_MIN;
    if (!*first && now_ms - tracker->idle_interval_ms < tracker->last_event_ms)
        return false;
    tracker->last_event_ms = now_ms;
    return true;
}
