#include "common/thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void thread_must(int rc)
{
    if (rc != 0)
        abort();
}

void thread_lock(pthread_mutex_t *lock)
{
    thread_must(pthread_mutex_lock(lock));
}

void thread_unlock(pthread_mutex_t *lock)
{
    thread_must(pthread_mutex_unlock(lock));
}

int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *cookie, struct errbuf *err)
{
    sigset_t all, old;
    char short_name[16];

    sigfillset(&all);
    thread_must(pthread_sigmask(SIG_SETMASK, &all, &old));
    int rc = pthread_create(thread, NULL, fn, cookie);
    thread_must(pthread_sigmask(SIG_SETMASK, &old, NULL));
    if (rc != 0)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot start thread %s: %s", name, strerror(rc));
    snprintf(short_name, sizeof(short_name), "%s", name);
    (void)pthread_setname_np(*thread, short_name); /* a name is a help, not a need */
    return 0;
}
