/* Where a query's results go. One interface for all kinds; a sink belongs to its query's thread.
 *
 * Per batch: begin, write (once or more; in the result's order), commit. A failed step leaves the batch uncommitted:
 * the query calls abort and ends. A commit that has to wait for whoever reads the output asks give_up, and returns
 * SINK_ABANDONED when that says so.
 *
 * After a restart the planned batch comes again with the same id and, from the same records, the same rows: a sink that
 * says `repeats` shows it twice (console), one that does not must put the repetition over the first (files by batch id)
 * or recognise it (a transaction that holds the batch id).
 */
#ifndef ENGINE_SINK_H
#define ENGINE_SINK_H

#include "common/errbuf.h"
#include "engine/config.h"
#include "record/rowset.h"
#include "record/zone.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What sinks of one session share, and what a sink may know of its query. Borrowed for the sink's life. */
struct sink_context {
    const struct config *config;
    const struct config_query *query;
    const struct schema *schema; /* of the result */
    const struct zone *zone;
    const char *query_id; /* the checkpoint's UUID: names fences and producers */
    pthread_mutex_t *stdout_lock;
    int stdout_fd;
    bool mock; /* the broker is the embedded one */
    /* Asked now and then while a write cannot go on: true means give the batch up. NULL: wait for ever. */
    bool (*give_up)(void *cookie);
    void *give_up_cookie;
};

struct sink;

/* Of commit: the stop's time was over before everything was written; no error, but the batch is not done. */
#define SINK_ABANDONED 1

/* What a kind of sink implements. All return 0, or -1 with err; commit also SINK_ABANDONED. */
struct sink_kind {
    const char *name;        /* "console" */
    const char *description; /* Spark's class name, without the address behind it */
    bool repeats;
    /* NULL where nothing is to be done. */
    int (*begin)(struct sink *sink, int64_t batch_id, bool rerun, struct errbuf *err);
    int (*write)(struct sink *sink, const struct rowset *rows, struct errbuf *err);
    int (*commit)(struct sink *sink, struct errbuf *err);
    void (*abort)(struct sink *sink);
    void (*close)(struct sink *sink); /* frees what the kind owns, not the sink's common part */
};

/* The common part; kinds embed it first. */
struct sink {
    const struct sink_kind *kind;
    const struct sink_context *context;
    int64_t batch_id; /* of the batch in work */
    bool gone;        /* nobody reads the output any more (stdout closed): the query ends after its commit, no error */
};

/* Check format and mode before anything runs; kafka and csv are known and refused (SFCRIME_UNSUPPORTED). 0, -1 with err
 * (EXIT_CODE_USAGE). */
int sink_check(const struct config_query *query, const struct schema *schema, struct errbuf *err);

/* Open the sink that context->query->format names. NULL with err. */
struct sink *sink_open(const struct sink_context *context, struct errbuf *err);
void sink_close(struct sink *sink);

int sink_begin(struct sink *sink, int64_t batch_id, bool rerun, struct errbuf *err);
int sink_write(struct sink *sink, const struct rowset *rows, struct errbuf *err);
int sink_commit(struct sink *sink, struct errbuf *err); /* also SINK_ABANDONED */
void sink_abort(struct sink *sink);

/* As progress shows it: the class name and an address-like hash, "...ConsoleTable$@6e2b1d0a". malloc'd; NULL without
 * memory. */
char *sink_description(const struct sink *sink, const char *run_id);

/* The kinds' constructors. NULL with err. */
struct sink *sink_console_open(const struct sink_context *context, struct errbuf *err);
struct sink *sink_noop_open(const struct sink_context *context, struct errbuf *err);

#endif
