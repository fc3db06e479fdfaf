/* What readers (HTTP, metrics) may see of a query: an immutable picture with a reference count.
 *
 * The query's thread makes a new one after each change and publishes it on the board; readers take a reference under a
 * short lock and encode outside it. Parts that did not change (history entries, result) are shared between pictures by
 * reference counts of their own.
 */
#ifndef REPORT_SNAPSHOT_H
#define REPORT_SNAPSHOT_H

#include "record/rowset.h"
#include "record/zone.h"
#include "report/progress.h"

#include <stdatomic.h>

enum snapshot_status {
    SNAPSHOT_STARTING,
    SNAPSHOT_RUNNING, /* a batch is being worked on, or the next trigger is awaited */
    SNAPSHOT_IDLE,    /* caught up, nothing new */
    SNAPSHOT_BEHIND,  /* batches take longer than the trigger interval, or lag grows */
    SNAPSHOT_WAITING, /* the broker is away */
    SNAPSHOT_STOPPING,
    SNAPSHOT_STOPPED, /* ended without an error */
    SNAPSHOT_FAILED
};

/* A progress record in the history, shared by pictures. */
struct snapshot_record {
    atomic_int refs;
    struct progress progress;
};

/* The result as last written by the sink, whole (complete mode: the table; update, append: the last batch's rows). */
struct snapshot_result {
    atomic_int refs;
    int64_t batch_id;
    int64_t total_rows; /* rows.nrows */
    struct rowset rows;
};

struct snapshot_partition {
    char *topic;
    int32_t partition;
    int64_t low, committed, position, high; /* -1: not known yet */
    int64_t rows;                           /* read by this run */
    double arrival_rate;                    /* records/s appended to the log, from the sampler; NaN: not known */
};

/* A record that could not be read as the source's schema wants it. */
struct snapshot_bad {
    char topic[250]; /* Kafka's own limit is 249 */
    char reason[160];
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the record's, by the broker */
    int64_t batch_id;
    bool partial; /* an object with a value that does not fit its column; else no object at all */
    size_t size_bytes;
    size_t text_len; /* of its beginning, any bytes */
    char text[240];
};

#define SNAPSHOT_BAD_MAX 50

/* The newest of them, oldest first; shared by pictures. */
struct snapshot_bad_list {
    atomic_int refs;
    size_t n;
    struct snapshot_bad items[SNAPSHOT_BAD_MAX];
};

struct snapshot {
    atomic_int refs;
    char *name; /* NULL: unnamed */
    char id[37];
    char run_id[37];
    char *sql;
    char *output_mode;               /* "complete" */
    char *trigger;                   /* "5 seconds", "availableNow" */
    const struct zone *zone;         /* session time zone, for showing times; NULL: UTC; not owned */
    char *explain;                   /* plan tree as text */
    int64_t trigger_ms;              /* interval; 0: as fast as possible; -1: once or availableNow */
    int64_t max_offsets_per_trigger; /* 0: none */
    int64_t start_ms;                /* wall clock */
    int64_t end_ms;                  /* 0 while active */
    enum snapshot_status status;
    char *message; /* Spark's status message: "Processing new data" */
    bool data_available;
    bool trigger_active;
    char *error;     /* FAILED: the one line */
    int64_t batches; /* finished by this run */
    int64_t batches_failed;
    int64_t batches_rerun;
    int64_t batches_behind;
    int64_t input_rows_total;
    int64_t output_rows_total;
    int64_t late_rows_total;
    int64_t bad_records_total;
    int64_t unmatched_rows_total; /* of left joins */
    int64_t lost_offsets_total;   /* gone at the source before they were read, and passed over */
    int64_t phase_us_total[PROGRESS_PHASES];
    int64_t duration_bucket[16]; /* batch durations: counts per bound of snapshot_duration_bounds_ms, last: above */
    int64_t duration_us_total;
    size_t nhistory; /* executed batches, oldest first */
    struct snapshot_record **history;
    bool event_forgotten;           /* some batch that is no longer in the history had event times */
    int64_t forgotten_event_max_ms; /* the greatest of them */
    struct snapshot_record *last;   /* newest record, idle ones too; NULL before the first */
    struct snapshot_result *result; /* NULL before the first batch */
    size_t npartitions;
    struct snapshot_partition *partitions;
    struct snapshot_bad_list *bad; /* NULL: there was none */
    size_t nreached;               /* the plan's operators and one more; 0: not known yet */
    int64_t *reached;              /* rows that came to each operator in this run; the last entry: to the sink */
    int64_t *reached_last;         /* the same of the last batch */
    int64_t lag_sampled_ms;        /* when high was last asked; 0: never */
};

/* Upper bounds of the duration histogram: 15 of them. */
extern const int64_t snapshot_duration_bounds_ms[15];

const char *snapshot_status_name(enum snapshot_status status); /* "running" */

/* End of a partition as far as is known: where it was when the broker was last asked, or where the query has read to
 * since. -1: not known. */
int64_t snapshot_partition_high(const struct snapshot_partition *partition);

/* Records between a partition's position and its end, or -1 while unknown. */
int64_t snapshot_partition_lag(const struct snapshot_partition *partition);

/* The partitions' lags together, or -1 while one is unknown. */
int64_t snapshot_lag(const struct snapshot *snapshot);

/* An empty picture with one reference, the caller's; its texts and arrays are malloc'd and freed with it. NULL without
 * memory. */
struct snapshot *snapshot_new(void);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
/* Drop a reference; the last one frees. NULL does nothing. */
void snapshot_unref(struct snapshot *snapshot);

/* A history entry with a deep copy of progress; one reference. NULL without memory. */
struct snapshot_record *snapshot_record_new(const struct progress *progress);
struct snapshot_record *snapshot_record_ref(struct snapshot_record *record); /* NULL stays NULL */
void snapshot_record_unref(struct snapshot_record *record);

/* An empty result with a copy of the schema; one reference; filled before it is published. NULL without memory. */
struct snapshot_result *snapshot_result_new(const struct schema *schema);
struct snapshot_result *snapshot_result_ref(struct snapshot_result *result); /* NULL stays NULL */
void snapshot_result_unref(struct snapshot_result *result);

/* True when the caller's reference is the only one, so that it may change the result again. */
bool snapshot_result_unshared(struct snapshot_result *result);

/* A list with what `list` (NULL: nothing) and then `item` say, without the oldest when it is full: `list` itself when
 * the caller's reference is the only one, else a copy (the caller's reference to `list` is dropped then).
 * `list` as it was without memory. */
struct snapshot_bad_list *snapshot_bad_list_add(struct snapshot_bad_list *list, const struct snapshot_bad *item);
struct snapshot_bad_list *snapshot_bad_list_ref(struct snapshot_bad_list *list); /* NULL stays NULL */
void snapshot_bad_list_unref(struct snapshot_bad_list *list);

#endif
