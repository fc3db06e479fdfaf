#include "engine/committer.h"

#include "common/clock.h"
#include "common/thread.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct committer {
    struct checkpoint *checkpoint;
    pthread_t thread;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    /* What is to be done, in this order: a commit stays until it is durable, and again until it was told. */
    bool has_commit;
    bool has_plan;
    bool has_untold;
    struct committer_commit commit;
    struct checkpoint_plan plan;
    struct committer_commit untold;
    int64_t spent_us; /* for untold.done */
    int64_t durable_us;
    bool closing;
    bool failed;
    struct errbuf err;
};

/* The steps run without the lock, which is held again in the end. */

static void fail(struct committer *committer, int64_t batch_id, struct errbuf *err)
{
    errbuf_prefix(err, "batch %" PRId64, batch_id);
    committer->failed = true;
    committer->err = *err;
}

static void write_commit(struct committer *committer)
{
    struct committer_commit commit = committer->commit;
    bool failed = committer->failed;
    struct errbuf err;

    thread_unlock(&committer->lock);
    errbuf_clear(&err);
    int64_t began_us = clock_monotonic_us();
    int result = failed ? -1 : checkpoint_write_commit(committer->checkpoint, commit.batch_id, &commit.commit, &err);
    int64_t durable_us = clock_monotonic_us();
    read_marks_release(&commit.commit.read);
    thread_lock(&committer->lock);
    if (result != 0 && !failed)
        fail(committer, commit.batch_id, &err);
    committer->has_commit = false;
    committer->has_untold = true;
    committer->untold = commit;
    committer->spent_us = result == 0 ? durable_us - began_us : -1;
    committer->durable_us = durable_us;
}

static void write_plan(struct committer *committer)
{
    struct checkpoint_plan plan = committer->plan;
    struct errbuf err;
    int result = 0;

    if (!committer->failed) {
        thread_unlock(&committer->lock);
        errbuf_clear(&err);
        result = checkpoint_write_plan(committer->checkpoint, &plan, &err);
        thread_lock(&committer->lock);
    }
    if (result != 0)
        fail(committer, plan.batch_id, &err);
    committer->has_plan = false;
}

static void tell(struct committer *committer)
{
    struct committer_commit commit = committer->untold;
    int64_t spent_us = committer->spent_us, durable_us = committer->durable_us;

    thread_unlock(&committer->lock);
    commit.done(commit.cookie, spent_us, durable_us);
    if (spent_us >= 0)
        checkpoint_purge(committer->checkpoint, commit.batch_id, commit.retain);
    thread_lock(&committer->lock);
    committer->has_untold = false;
}

static void *run(void *cookie)
{
    struct committer *committer = cookie;

    thread_lock(&committer->lock);
    for (;;) {
        if (committer->has_commit && !committer->has_untold)
            write_commit(committer);
        else if (committer->has_plan)
            write_plan(committer);
        else if (committer->has_untold)
            tell(committer);
        else if (committer->closing)
            break;
        else {
            thread_must(pthread_cond_wait(&committer->changed, &committer->lock));
            continue;
        }
        thread_must(pthread_cond_broadcast(&committer->changed));
    }
    thread_unlock(&committer->lock);
    return NULL;
}

struct committer *committer_open(struct checkpoint *checkpoint, struct errbuf *err)
{
    struct committer *committer = calloc(1, sizeof(*committer));

    if (committer == NULL) {
        errbuf_oom(err, "committer", sizeof(*committer));
        return NULL;
    }
    committer->checkpoint = checkpoint;
    thread_must(pthread_mutex_init(&committer->lock, NULL));
    thread_must(pthread_cond_init(&committer->changed, NULL));
    if (thread_start(&committer->thread, "committer", run, committer, err) != 0) {
        pthread_cond_destroy(&committer->changed);
        pthread_mutex_destroy(&committer->lock);
        free(committer);
        return NULL;
    }
    return committer;
}

void committer_close(struct committer *committer)
{
    if (committer == NULL)
        return;
    thread_lock(&committer->lock);
    committer->closing = true;
    thread_must(pthread_cond_broadcast(&committer->changed));
    thread_unlock(&committer->lock);
    thread_must(pthread_join(committer->thread, NULL));
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->lock);
    free(committer);
}

void committer_plan(struct committer *committer, const struct checkpoint_plan *plan)
{
    thread_lock(&committer->lock);
    assert(!committer->has_plan);
    committer->plan = *plan;
    committer->has_plan = true;
    thread_must(pthread_cond_broadcast(&committer->changed));
    thread_unlock(&committer->lock);
}

void committer_commit(struct committer *committer, const struct committer_commit *commit)
{
    thread_lock(&committer->lock);
    assert(!committer->has_plan && !committer->has_commit);
    committer->commit = *commit;
    committer->has_commit = true;
    thread_must(pthread_cond_broadcast(&committer->changed));
    thread_unlock(&committer->lock);
}

int committer_wait(struct committer *committer, bool told, struct errbuf *err)
{
    thread_lock(&committer->lock);
    while (committer->has_commit || committer->has_plan || (told && committer->has_untold))
        thread_must(pthread_cond_wait(&committer->changed, &committer->lock));
    bool failed = committer->failed;
    if (failed)
        *err = committer->err;
    thread_unlock(&committer->lock);
    return failed ? -1 : 0;
}

bool committer_failed(struct committer *committer)
{
    thread_lock(&committer->lock);
    bool failed = committer->failed;
    thread_unlock(&committer->lock);
    return failed;
}
