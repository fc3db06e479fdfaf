/* LIMIT of a query in append mode: it holds for the query's whole life, so how many rows went through is state (Spark's
 * operator globalLimit).
 *
 * The count is kept by engine/state as a one-group aggregate in a directory of its own: same files, same checksums,
 * same versions. One thread.
 */
#ifndef ENGINE_LIMIT_H
#define ENGINE_LIMIT_H

#include "engine/state.h"
#include "engine/wal.h"

struct limit;

/* Load version `version` from dir. NULL with err. */
struct limit *limit_open(struct wal *wal, const char *dir, int64_t rows, int64_t version, int snapshot_interval,
                         struct errbuf *err);
void limit_close(struct limit *limit);

/* Begin a batch; how many rows may still go through. -1 with err. */
int64_t limit_begin(struct limit *limit, struct errbuf *err);
/* n rows went through in this batch. 0, -1 with err. */
int limit_add(struct limit *limit, int64_t n, struct errbuf *err);
int limit_commit(struct limit *limit, int64_t version, struct errbuf *err);
void limit_rollback(struct limit *limit);
void limit_purge(struct limit *limit, int64_t oldest_version);
void limit_counts(const struct limit *limit, struct state_counts *counts);

#endif
