/* A query's batch history as columns of numbers: what charts, their tables and the tuning study are made of. */
#ifndef UI_SERIES_H
#define UI_SERIES_H

#include "report/snapshot.h"

enum series_kind {
    SERIES_INPUT_RATE,
    SERIES_ARRIVAL_RATE, /* records/s appended to the log between two batches, whether taken or not */
    SERIES_PROCESS_RATE,
    SERIES_INPUT_ROWS,
    SERIES_LAG, /* records behind the log's end when the batch was planned */
    SERIES_DURATION,
    SERIES_WATERMARK_GAP, /* seconds from the watermark to the newest event time seen */
    SERIES_WATERMARK_AGE, /* ... to the trigger's time: Spark's gap */
    SERIES_STATE_TOTAL,
    SERIES_STATE_UPDATED,
    SERIES_STATE_REMOVED,
    SERIES_STATE_MEMORY,
    SERIES_DROPPED,
    SERIES_PHASE, /* the first of PROGRESS_PHASES, in their order */
    SERIES_KINDS = SERIES_PHASE + PROGRESS_PHASES
};

struct series {
    size_t n;
    int64_t *time_ms; /* trigger times, ascending */
    int64_t *batch;
    double *values[SERIES_KINDS]; /* NaN: not known */
    int64_t gap_ms;               /* batches farther apart than this have a pause between them */
    bool has_watermark;
    bool has_state;
};

/* Fill (uninitialised) series from the newest `last` records of the history. 0, -1 without memory. */
int series_init(struct series *series, const struct snapshot *snapshot, size_t last);
void series_release(struct series *series);

/* The total of a progress record's offset text ({"topic":{"0":487,"1":611}}); -1 for NULL. */
int64_t series_offset_sum(const char *json);

/* The value below which `share` (0..1) of the known values lie; NaN without any. */
double series_quantile(const double *values, size_t n, double share);

/* The two steps of it, for several shares of the same values: put the known ones in order, in place, and return how
 * many there are; read one. */
size_t series_sort(double *values, size_t n);
double series_at(const double *sorted, size_t known, double share);

#endif
