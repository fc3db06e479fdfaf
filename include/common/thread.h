/* What all threads and locks of ours have in common.
 */
#ifndef COMMON_THREAD_H
#define COMMON_THREAD_H

#include "common/errbuf.h"

#include <pthread.h>

/* Start a thread that no signal is delivered to (they are the main thread's); its name is cut to what the kernel takes,
 * 15 bytes. 0, -1 with err. */
int thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *cookie, struct errbuf *err);

/* Ends the program unless rc is 0: for calls that fail for no reason but a bug, as those on a mutex or a condition of
 * the default kind that is used as it should be. */
void thread_must(int rc);

void thread_lock(pthread_mutex_t *lock);
void thread_unlock(pthread_mutex_t *lock);

#endif
