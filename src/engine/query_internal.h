/* What query.c (the loop), query_commit.c (its end of a batch), query_open.c (making and unmaking), query_wait.c and
 * query_report.c (what it tells) share. */
#ifndef ENGINE_QUERY_INTERNAL_H
#define ENGINE_QUERY_INTERNAL_H

#include "engine/feed.h"
#include "engine/final_stage.h"
#include "engine/limit.h"
#include "engine/map_stage.h"
#include "engine/query.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/state.h"
#include "engine/tracker.h"

/* A partition's map part, kept from batch to batch. */
struct query_part {
    char *topic;
    int32_t partition;
    struct map_part *part;
};

struct query {
    struct query_setup setup;
    const struct config *config;
    const struct config_query *conf;
    const struct plan *plan;

    struct checkpoint *checkpoint;
    char run_id[37];
    bool failed; /* keep a temporary checkpoint */
    struct offsets *offsets;
    struct source *source;
    struct pipeline pipeline;
    bool has_pipeline;
    struct aggregate_layout *layout; /* NULL: no aggregate */
    struct state *state;             /* likewise */
    struct limit *limit;             /* a LIMIT in append mode */
    struct map_stage map;
    struct aggregate_table partial; /* of all parts, where they share one */
    struct query_part *parts;
    size_t nparts, parts_cap;
    struct final_stage *final;
    struct sink_context sink_context;
    struct sink *sink;
    char *sink_text;
    struct feed *feed;
    struct tracker tracker;

    /* Where the query is. */
    int64_t batch_id;   /* the next batch, or the one in work */
    bool planned;       /* some batch was planned: an end that equals the start is nothing new */
    bool rerun;         /* batch_id was planned by an earlier process */
    bool write_initial; /* sources/0/0 is still to be written */
    struct offset_list start;
    struct offset_list end;    /* of the batch in work */
    struct offset_list latest; /* of this trigger; availableNow: of the run */
    bool has_latest;
    int64_t planned_ms;           /* when the batch in work was planned */
    int64_t watermark_ms;         /* in force in batch_id */
    int64_t late_watermark_ms;    /* of the batch before */
    int64_t evicted_watermark_ms; /* that the last batch of this process evicted with; -1: none ran yet */
    int64_t last_trigger_ms;      /* of minOffsetsPerTrigger */
    int64_t displayed_us;         /* when the display group was committed last */
    bool data_available;
    void *untold;        /* of the batch before, to be told when its commit is durable; NULL: none */
    bool committing;     /* a commit was written that is not known to be durable yet */
    int64_t unsynced_us; /* since when that or a plan waits to be made durable; 0: nothing does */

    /* Stopping and waiting. */
    bool stopping;
    int64_t stop_us; /* since when */
    int64_t down_us; /* the broker is away since; 0: it is there */
    int64_t down_logged_us;
};

/* What a batch in work knows (query.c). */
struct query_work {
    struct source_range *ranges;
    struct map_part **parts; /* by range */
    int64_t *rows;           /* read, by range */
    size_t n;
    int64_t *reached; /* rows that came to each operator and, last, to the sink */
    int64_t rows_total;
    struct watermark_stats events;
    struct feed_batch numbers;
    struct rowset *result;
    int64_t updates_us, removals_us, commit_us;
};

/* The part of a partition, made when it is new. NULL with err. */
struct map_part *query_part_of(struct query *query, const char *topic, int32_t partition, struct errbuf *err);

/* The plan's first operator of a kind, or NULL. */
const struct plan_op *query_find_op(const struct plan *plan, enum plan_op_kind kind);

/* What became of a trigger or of a step of it. */
enum query_outcome { QUERY_EXECUTED, QUERY_IDLE, QUERY_STOPPED, QUERY_FAILED };

/* query_wait.c. Wait for the stop, at most ms; true when stopping. */
bool query_wait_stop(struct query *query, int64_t ms);
/* Something failed: QUERY_EXECUTED after a pause when it may be tried again, because only the broker is away; else
 * QUERY_FAILED, or QUERY_STOPPED when the stop came. */
enum query_outcome query_wait_retry(struct query *query, struct errbuf *err);
/* The broker answered. */
void query_note_up(struct query *query);
/* source_sink's tick: non-zero when the batch is to be given up. */
int query_tick(void *query, const char *down);
/* sink_context's give_up: a stop came, and its time is over. */
bool query_give_up(void *query);

/* query_commit.c. A plan or a commit was written. */
void query_note_unsynced(struct query *query);
/* All that a batch did is done, but for its commit: write that, move on to the next batch and, unless
 * that one is due at once, make it durable. QUERY_EXECUTED, or QUERY_FAILED with err. */
enum query_outcome query_commit(struct query *query, struct query_work *work, struct errbuf *err);
/* The commit of the batch before, the plan of the one in work and its version of the state, whichever were written, are
 * durable, and the batch before is told; its files are to be seen when it is time, or (resting: nothing comes for a
 * while) now. 0, -1 with err. */
int query_settle(struct query *query, bool resting, struct errbuf *err);
/* For other Kafka tools to show lag; once a second, or now. */
void query_display_offsets(struct query *query, bool now);

/* query_report.c. What is to be told of an executed batch when its commit is durable; takes over work's rows,
 * reached and result. Before the query moves on. NULL without memory (logged): nothing will be told. */
void *query_report_new(struct query *query, struct query_work *work);
/* The commit is durable: tell it and forget it. NULL is fine. */
void query_report_tell(void *report);
void query_report_drop(void *report);
/* An idle trigger, if a record is due. */
void query_report_idle(struct query *query);

#endif
