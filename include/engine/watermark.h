/* The event-time watermark of a query (Spark 4.0.0: EventTimeWatermarkExec, WatermarkTracker). Single-threaded. */
#ifndef ENGINE_WATERMARK_H
#define ENGINE_WATERMARK_H

#include "record/vector.h"

/* What the rows of one batch (or one partition of it) had as event times. Merged in partition order. */
struct watermark_stats {
    int64_t count;
    int64_t min_ms, max_ms; /* floor of microseconds */
    double avg_ms;          /* the running average, in Spark's order of operations */
};

void watermark_stats_init(struct watermark_stats *stats);
/* Feed the selected rows' event times (TIMESTAMP); NULL counts as 0, as in Spark. */
void watermark_observe(struct watermark_stats *stats, const struct vector *time, const uint16_t *sel, size_t n);
void watermark_stats_merge(struct watermark_stats *into, const struct watermark_stats *from);
/* avg as progress shows it, cut to ms. */
int64_t watermark_stats_avg_ms(const struct watermark_stats *stats);

/* The watermark after a batch: max(previous, max event time - delay), never below 0. */
int64_t watermark_advance(int64_t previous_ms, const struct watermark_stats *stats, int64_t delay_us);

#endif
