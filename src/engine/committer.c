#include "engine/committer.h"

#include "common/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct committer {
    struct checkpoint *checkpoint;
    pthread_t thread;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    bool has_commit; /* written before the plan */
    struct committer_commit commit;
    bool has_plan;
    struct checkpoint_plan plan;
    bool closing;
    bool failed;
    struct errbuf err;
};

/* A mutex and a condition of the default kinds, used as they should be, fail for no reason but a bug. */
static void must(int rc)
{
    if (rc != 0)
        abort();
}

static int write_commit(struct committer *committer, struct committer_commit *job, struct errbuf *err)
{
    int64_t began_us = clock_monotonic_us(), spent_us = -1;
    int result = checkpoint_write_commit(committer->checkpoint, job->batch_id, &job->commit, err);

    read_marks_release(&job->commit.read);
    if (result == 0)
        spent_us = clock_monotonic_us() - began_us;
    job->done(job->cookie, spent_us);
    if (result == 0)
        checkpoint_purge(committer->checkpoint, job->batch_id, job->retain);
    return result;
}

static void give_up(struct committer_commit *job)
{
    read_marks_release(&job->commit.read);
    job->done(job->cookie, -1);
}

/* One job, without the lock, which is held again in the end. The job stays in its place until it is done. */
static void run_job(struct committer *committer, struct errbuf *err)
{
    bool is_commit = committer->has_commit;
    bool failed = committer->failed;
    struct committer_commit commit = committer->commit;
    struct checkpoint_plan plan = committer->plan;
    int result = 0;

    must(pthread_mutex_unlock(&committer->lock));
    errbuf_clear(err);
    if (is_commit && failed)
        give_up(&commit);
    else if (is_commit)
        result = write_commit(committer, &commit, err);
    else if (!failed)
        result = checkpoint_write_plan(committer->checkpoint, &plan, err);
    if (result != 0)
        errbuf_prefix(err, "batch %" PRId64, is_commit ? commit.batch_id : plan.batch_id);
    must(pthread_mutex_lock(&committer->lock));
    if (is_commit)
        committer->has_commit = false;
    else
        committer->has_plan = false;
    if (result != 0) {
        committer->failed = true;
        committer->err = *err;
    }
}

static void *run(void *cookie)
{
    struct committer *committer = cookie;
    struct errbuf err;

    must(pthread_mutex_lock(&committer->lock));
    for (;;) {
        if (committer->has_commit || committer->has_plan) {
            run_job(committer, &err);
            must(pthread_cond_broadcast(&committer->changed));
        } else if (committer->closing) {
            break;
        } else {
            must(pthread_cond_wait(&committer->changed, &committer->lock));
        }
    }
    must(pthread_mutex_unlock(&committer->lock));
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
    must(pthread_mutex_init(&committer->lock, NULL));
    must(pthread_cond_init(&committer->changed, NULL));
    int rc = pthread_create(&committer->thread, NULL, run, committer);
    if (rc != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot start a thread: %s", strerror(rc));
        pthread_cond_destroy(&committer->changed);
        pthread_mutex_destroy(&committer->lock);
        free(committer);
        return NULL;
    }
    (void)pthread_setname_np(committer->thread, "committer"); /* a name is a help, not a need */
    return committer;
}

void committer_close(struct committer *committer)
{
    if (committer == NULL)
        return;
    must(pthread_mutex_lock(&committer->lock));
    committer->closing = true;
    must(pthread_cond_broadcast(&committer->changed));
    must(pthread_mutex_unlock(&committer->lock));
    must(pthread_join(committer->thread, NULL));
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->lock);
    free(committer);
}

void committer_plan(struct committer *committer, const struct checkpoint_plan *plan)
{
    must(pthread_mutex_lock(&committer->lock));
    assert(!committer->has_plan);
    committer->plan = *plan;
    committer->has_plan = true;
    must(pthread_cond_broadcast(&committer->changed));
    must(pthread_mutex_unlock(&committer->lock));
}

void committer_commit(struct committer *committer, const struct committer_commit *commit)
{
    must(pthread_mutex_lock(&committer->lock));
    assert(!committer->has_plan && !committer->has_commit);
    committer->commit = *commit;
    committer->has_commit = true;
    must(pthread_cond_broadcast(&committer->changed));
    must(pthread_mutex_unlock(&committer->lock));
}

int committer_wait(struct committer *committer, struct errbuf *err)
{
    must(pthread_mutex_lock(&committer->lock));
    while (committer->has_commit || committer->has_plan)
        must(pthread_cond_wait(&committer->changed, &committer->lock));
    bool failed = committer->failed;
    if (failed)
        *err = committer->err;
    must(pthread_mutex_unlock(&committer->lock));
    return failed ? -1 : 0;
}
