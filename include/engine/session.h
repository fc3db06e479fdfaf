/* All queries of one process: opens them, runs a thread for each, samples lag, stops them.
 *
 * Owns what queries share: the offsets handle per bootstrap list, static tables (read once, before the start), the lock
 * on stdout, the progress file. Everything is checked before the first thread starts: SQL, tables, broker, topics,
 * checkpoints.
 */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "common/errbuf.h"
#include "engine/config.h"
#include "report/board.h"

struct session;

/* Compile every query and read every table without touching broker or checkpoint: what --check-config and --explain
 * need. explain (may be NULL) gets each query's plan. Returns 0, -1 with err naming the query and what to do. */
int session_check(const struct config *config, struct buf *explain, struct errbuf *err);

/* Check, connect (up to config->broker_timeout_ms), open checkpoints (lock them). Snapshots appear on the board, one
 * slot a query, from here on. stop_fd: readable (and staying so) means stop; -1 none. NULL with err; everything opened
 * is closed again. */
struct session *session_open(const struct config *config, struct board *board, int stop_fd, struct errbuf *err);

/* Start the query threads and the sampler. Returns 0, -1 with err. */
int session_start(struct session *session, struct errbuf *err);

/* Wait until every query has ended: by its trigger (once, availableNow), by the stop request, or by failure. A failed
 * query stops the others after their current batch. Returns 0, or -1 with err = the first failure (its exit code is the
 * program's). */
int session_wait(struct session *session, struct errbuf *err);

/* Write a summary of each query's progress to the log (SIGUSR1). */
void session_log_summary(struct session *session);

/* Release all. The board keeps the last snapshots. NULL does nothing. */
void session_close(struct session *session);

#endif
