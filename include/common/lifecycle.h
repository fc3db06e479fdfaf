/* Signals as one stop request, and lock files.
 *
 * lifecycle_start blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 in the calling (main) thread, before any other thread
 * exists, ignores SIGPIPE and SIGXFSZ (a write then fails with EPIPE or EFBIG, as with a full disk), and starts a named
 * thread that waits for them. The first SIGINT/SIGTERM makes lifecycle_stop_fd readable for ever; a second one ends the
 * process at once (128 + signal). Everything that waits does so with that descriptor.
 */
#ifndef COMMON_LIFECYCLE_H
#define COMMON_LIFECYCLE_H

#include "common/errbuf.h"

#include <stdbool.h>

/* Called on the signal thread for SIGHUP, SIGUSR1. */
typedef void (*lifecycle_signal_fn)(int signal, void *cookie);

int lifecycle_start(lifecycle_signal_fn fn, void *cookie, struct errbuf *err);
/* Fill those of the descriptors 0, 1 and 2 that the parent closed (`>&-`), before anything else is opened: a socket
 * or a file must never stand in the place of stdout. Writing to what is filled in fails with EBADF. Call it first in
 * main. 0, -1 with err. */
int lifecycle_hold_stdio(struct errbuf *err);
/* Ask for a stop from inside (a closed stdout, a finished once query). Any thread. */
void lifecycle_request_stop(void);
int lifecycle_stop_fd(void);
bool lifecycle_stopping(void);
/* Join the signal thread. */
void lifecycle_end(void);

/* Sleep up to ms or until the stop request; true when stopping. */
bool lifecycle_wait_ms(int ms);

/* Open (create 0600) and flock a file for the life of the descriptor, writing "pid host start" into it. Returns the
 * descriptor; -1 with err: EXIT_CODE_BUSY naming the holder, EXIT_CODE_STORAGE. */
int lifecycle_lock(const char *path, struct errbuf *err);

#endif
