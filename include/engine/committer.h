/* Makes the plans and commits of one query durable on a thread of its own, in order, while the query reads on.
 *
 * Reading and mapping records has no effect that a crash could leave behind. So the next batch may be read while the
 * commit of the last one and its own plan are still being written, and so may its version of the state be written,
 * which nobody reads before a commit names it (engine/state_store.c: it is written over when the batch runs again). But
 * before anything of it reaches the sink, committer_wait must have said that both are durable. On disk the order is
 * that of engine/checkpoint.h: a job begins when the one before is durable, and none begins after one that failed.
 *
 * All calls on the query's thread; between committer_open and committer_close it leaves the checkpoint's plans and
 * commits to this one.
 */
#ifndef ENGINE_COMMITTER_H
#define ENGINE_COMMITTER_H

#include "engine/checkpoint.h"

struct committer;

struct committer_commit {
    int64_t batch_id;
    struct checkpoint_commit commit; /* taken over */
    int64_t retain;                  /* batches kept, as checkpoint_purge */
    /* Called once, on the committer's thread, behind what was given meanwhile: the commit became durable at
     * durable_us (monotonic), after spent_us; spent_us -1: it never will. */
    void (*done)(void *cookie, int64_t spent_us, int64_t durable_us);
    void *cookie;
};

/* Borrows the checkpoint. NULL with err. */
struct committer *committer_open(struct checkpoint *checkpoint, struct errbuf *err);
/* Finishes what it was given. NULL does nothing. */
void committer_close(struct committer *committer);

/* Write offsets/N behind what is under way. *plan is borrowed until committer_wait. */
void committer_plan(struct committer *committer, const struct checkpoint_plan *plan);
/* Write commits/N, then purge. What was given before has been waited for. */
void committer_commit(struct committer *committer, const struct committer_commit *commit);

/* Until all is durable; told: and until done was called and old batches are purged. 0, or -1 with err: the first
 * failure, which says its batch; it stays. */
int committer_wait(struct committer *committer, bool told, struct errbuf *err);
/* True when something failed already: committer_wait will say what. Does not wait. */
bool committer_failed(struct committer *committer);

#endif
