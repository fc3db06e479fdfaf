/* Spark's EventTimeStats and WatermarkTracker.
 *
 * The average is a running one, in Spark's order of operations: the text in progress records is its whole milliseconds,
 * and a sum divided at the end can differ there by one. Merging weighs by the new total count. */
#include "engine/watermark.h"

#define US_PER_MS 1000

void watermark_stats_init(struct watermark_stats *stats)
{
    stats->count = 0;
    stats->min_ms = INT64_MAX;
    stats->max_ms = INT64_MIN;
    stats->avg_ms = 0.0;
}

static int64_t floor_ms(int64_t us)
{
    int64_t ms = us / US_PER_MS;

    return ms * US_PER_MS > us ? ms - 1 : ms;
}

static void add(struct watermark_stats *stats, int64_t ms)
{
    if (ms < stats->min_ms)
        stats->min_ms = ms;
    if (ms > stats->max_ms)
        stats->max_ms = ms;
    stats->count++;
    stats->avg_ms += ((double)ms - stats->avg_ms) / (double)stats->count;
}

void watermark_observe(struct watermark_stats *stats, const struct vector *time, const uint16_t *sel, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t row = sel == NULL ? i : sel[i];
        add(stats, vector_is_null(time, row) ? 0 : floor_ms(time->data.i64[vector_row(time, row)]));
    }
}

void watermark_stats_merge(struct watermark_stats *into, const struct watermark_stats *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0) {
        *into = *from;
        return;
    }
    if (from->min_ms < into->min_ms)
        into->min_ms = from->min_ms;
    if (from->max_ms > into->max_ms)
        into->max_ms = from->max_ms;
    into->count += from->count;
    into->avg_ms += (from->avg_ms - into->avg_ms) * (double)from->count / (double)into->count;
}

int64_t watermark_stats_avg_ms(const struct watermark_stats *stats)
{
    return (int64_t)stats->avg_ms; /* milliseconds of 64-bit microseconds: always in range */
}

int64_t watermark_advance(int64_t previous_ms, const struct watermark_stats *stats, int64_t delay_us)
{
    int64_t candidate;

    if (previous_ms < 0)
        previous_ms = 0;
    if (stats->count == 0 || __builtin_sub_overflow(stats->max_ms, delay_us / US_PER_MS, &candidate))
        return previous_ms;
    return candidate > previous_ms ? candidate : previous_ms;
}
