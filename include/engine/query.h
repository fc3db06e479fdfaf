/* One streaming query: the loop that knows the order of a trigger's steps (Spark 4.0.0: MicroBatchExecution).
 *
 * S1 plan end offsets -> S2 offsets/N -> S3 read, decode, aggregate -> S4 state N+1 -> S5 sink -> S6 commits/N -> S7
 * purge -> S8 progress, snapshot. A batch that fails or is given up leaves nothing behind but its plan, and runs again
 * on it at the next start.
 *
 * query_open and query_close on the session's thread; query_run on the query's own, which owns everything in between;
 * query_sample and query_summary and query_stopping on any.
 */
#ifndef ENGINE_QUERY_H
#define ENGINE_QUERY_H

#include "engine/checkpoint.h"
#include "engine/config.h"
#include "record/rowset.h"
#include "report/board.h"
#include "sql/plan.h"

#include <pthread.h>

/* A file that every progress record is appended to, shared by a session's queries. fd -1: none. */
struct query_journal {
    int fd;
    const char *path;
    pthread_mutex_t lock;
};

/* What a query is made of; all borrowed until query_close, except the checkpoint, which the query takes. */
struct query_setup {
    const struct config *config;
    const struct config_query *query;
    const struct config_source *source;
    const struct plan *plan;
    const struct schema *view;          /* source_schema */
    const struct rowset *const *tables; /* of the catalog */
    const char *explain;
    const char *description; /* of the source */
    const char *checkpoint_dir;
    bool temporary; /* remove the directory after a clean end */
    bool mock;      /* the broker is the embedded one */
    struct board *board;
    struct query_journal *journal;
    pthread_mutex_t *stdout_lock;
    int stdout_fd;
    int stop_fd;      /* readable: end after the batch */
    int open_stop_fd; /* readable: give up query_open */
};

struct query;

/* Open state, sink and source and start fetching. Takes checkpoint, also on failure. NULL with err. */
struct query *query_open(const struct query_setup *setup, struct checkpoint *checkpoint, struct errbuf *err);
void query_close(struct query *query);

/* Run until the trigger is done, the stop, or a failure. 0; -1 with err. *gone (after 0): the reader of the output went
 * away. */
int query_run(struct query *query, bool *gone, struct errbuf *err);

const char *query_name(const struct query *query);

/* The sampler: show the partitions' last (and first, or NULL) offsets. */
void query_sample(struct query *query, const struct offset_list *high, const struct offset_list *low, int64_t now_ms);
void query_summary(struct query *query, struct buf *out);

/* The session ends: show the query as stopping. Any thread. */
void query_stopping(struct query *query);

/* The text that a checkpoint must agree with: plan, source, layout of the state. malloc'd; NULL without memory. */
char *query_fingerprint(const struct plan *plan, const char *description);

/* Refuse what the engine cannot run although it compiles. 0, -1 with err. */
int query_check(const struct plan *plan, const struct config_query *query, const struct config_source *source,
                struct errbuf *err);

#endif
