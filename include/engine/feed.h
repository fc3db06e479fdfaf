/* What a query tells the world while it runs: keeps its totals, history and partitions, and publishes an immutable
 * snapshot of them on the board after each change.
 *
 * The query's threads and the session's sampler write; a lock inside keeps them apart (taken before the board's own,
 * never the other way round). Publishing is best effort: without memory a picture is left out, the query goes on.
 */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include "engine/config.h"
#include "kafka/offsets.h"
#include "report/board.h"

struct feed;

/* What does not change during a run; copied. */
struct feed_setup {
    const struct config *config;
    const struct config_query *query;
    const char *id; /* the checkpoint's UUID */
    const char *run_id;
    const char *explain;
    int64_t max_offsets_per_trigger; /* CONFIG_NONE: no limit */
};

/* Numbers of an executed batch that its progress record does not have. */
struct feed_batch {
    bool rerun;
    int64_t late_rows;
    int64_t bad_records;
    int64_t unmatched_rows;
    int64_t lost_offsets;           /* source_skipped: of the whole run so far */
    struct snapshot_result *result; /* of feed_result, taken over; NULL: the one before goes on being shown */
    const int64_t *reached;         /* rows that came to each operator and, last, to the sink; NULL: not known */
    size_t nreached;
};

/* Take a slot of the board and show STARTING. Before the threads start. NULL with err. */
struct feed *feed_new(struct board *board, const struct feed_setup *setup, struct errbuf *err);
/* The board keeps the last picture. NULL does nothing. */
void feed_free(struct feed *feed);

/* Spark's status: message, isDataAvailable, isTriggerActive; and ours. */
void feed_status(struct feed *feed, enum snapshot_status status, bool data_available, bool trigger_active,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Take a result over, whole and without copying: *rows is swapped for an empty rowset. Shown when feed_executed gets
 * it; else snapshot_result_unref. NULL without memory. */
struct snapshot_result *feed_result(struct feed *feed, int64_t batch_id, struct rowset *rows);

/* Where the partitions stand after a batch: end offsets, and rows read of each (NULL: none). */
void feed_partitions(struct feed *feed, const struct offset_list *end, const int64_t *rows);

/* An executed batch: its record goes into the history. */
void feed_executed(struct feed *feed, const struct progress *progress, const struct feed_batch *batch);
/* A malformed record of batch_id. Shown with the next publication. */
void feed_bad(struct feed *feed, int64_t batch_id, const struct snapshot_bad *bad);
/* An idle record: the newest, but not in the history of batches. */
void feed_idle(struct feed *feed, const struct progress *progress);
/* The batch just executed took longer than the trigger interval. */
void feed_behind(struct feed *feed);

/* The session was told to stop: until its end the query is shown as stopping. Any thread. */
void feed_stopping(struct feed *feed);

/* The sampler: the partitions' last offsets (and first ones, when low is not NULL) at now_ms. */
void feed_sample(struct feed *feed, const struct offset_list *high, const struct offset_list *low, int64_t now_ms);

/* The run has ended; error is NULL or its one line. */
void feed_end(struct feed *feed, const char *error);

/* One line for people: "crimes: running, batch 12, 2,400 rows, lag 0". */
void feed_summary(struct feed *feed, struct buf *out);

#endif
