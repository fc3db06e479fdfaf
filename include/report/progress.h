/* One StreamingQueryProgress: the numbers of a trigger, and Spark's JSON for them (StreamingQueryProgress.json and
 * .prettyJson of 4.0.0).
 *
 * Plain data: filled by the query's thread, then published inside a snapshot and never changed again.
 */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of their names, as the JSON has them. */
enum progress_phase {
    PROGRESS_ADD_BATCH,
    PROGRESS_COMMIT_OFFSETS,
    PROGRESS_GET_BATCH,
    PROGRESS_LATEST_OFFSET,
    PROGRESS_QUERY_PLANNING,
    PROGRESS_TRIGGER_EXECUTION,
    PROGRESS_WAL_COMMIT,
    PROGRESS_PHASES
};

#define PROGRESS_NONE INT64_MIN /* "this number is absent" */

struct progress_state {
    char operator_name[24]; /* "stateStoreSave", "globalLimit" */
    int64_t rows_total;
    int64_t rows_updated;
    int64_t all_updates_ms;
    int64_t rows_removed;
    int64_t all_removals_ms;
    int64_t commit_ms;
    int64_t memory_bytes;
    int64_t rows_dropped_by_watermark;
    int64_t shuffle_partitions;
    int64_t store_instances;
    int64_t cache_hits;
    int64_t cache_misses;
    int64_t current_version_bytes;
};

struct progress_source {
    char *description;  /* "KafkaV2[Subscribe[sf.crimes]]" */
    char *start_offset; /* compact JSON, or NULL: null */
    char *end_offset;
    char *latest_offset;
    int64_t rows;
    bool has_lag; /* the three below are shown */
    double lag_avg;
    int64_t lag_max;
    int64_t lag_min;
};

struct progress {
    char id[37];
    char run_id[37];
    char *name; /* NULL: null */
    int64_t timestamp_ms;
    int64_t batch_id;
    bool idle;                    /* an idle trigger: batch_id is the next batch's */
    bool rerun;                   /* a batch planned by an earlier process, run again */
    int64_t duration_ms;          /* batchDuration */
    double input_rows_per_second; /* NaN or infinite: left out of the JSON */
    double processed_rows_per_second;
    int64_t phase_ms[PROGRESS_PHASES]; /* PROGRESS_NONE: absent */
    int64_t phase_us[PROGRESS_PHASES]; /* the same, finer, for metrics and benchmarks; 0 where absent */
    bool has_watermark;                /* the plan has one: eventTime is shown */
    bool has_event_time;               /* avg, max, min of this batch */
    int64_t event_avg_ms;
    int64_t event_max_ms;
    int64_t event_min_ms;
    int64_t watermark_ms;
    size_t nstates;
    struct progress_state *states;
    size_t nsources;
    struct progress_source *sources;
    char *sink_description;
    int64_t output_rows; /* -1: unknown */
};

void progress_init(struct progress *progress);
/* Free what the pointers own. */
void progress_release(struct progress *progress);
/* A deep copy into dst (uninitialised). Returns 0, -1 without memory. */
int progress_copy(struct progress *dst, const struct progress *src);

/* Sum over the sources. */
int64_t progress_rows(const struct progress *progress);

/* Compact (`json`) or pretty (`prettyJson`, two spaces, `"k" : v`) text, without a line feed at the end. */
void progress_json(const struct progress *progress, bool pretty, struct buf *out);

/* "addBatch" ... */
const char *progress_phase_name(enum progress_phase phase);

#endif
