/* The socket that the embedded broker listens on, at an address that we choose.
 *
 * librdkafka's mock cluster always binds port 0 and aborts the process when that fails. So the socket is
 * bound here first, where a port that is taken is an error like any other, and handed to the mock when it
 * calls bind(): between the two nobody can take the port. Main thread only.
 */
#ifndef BROKER_LISTENER_H
#define BROKER_LISTENER_H

#include "common/errbuf.h"

/* Take "HOST:PORT" apart. HOST must be 127.0.0.1 or localhost, since the mock listens nowhere else; PORT 0
 * means any free one. Returns 0, -1 with EXIT_CODE_USAGE. */
int listener_parse(const char *address, int *port, struct errbuf *err);

/* Bind 127.0.0.1:port and keep the socket for the next socket that is bound to port 0. Returns the port
 * bound (the real one for 0); -1 with EXIT_CODE_BUSY naming the port, or EXIT_CODE_RUNTIME.
 *
 * The second half is done by bind() itself, which this module defines: a program's own definition takes
 * precedence over libc's, also inside librdkafka. All other sockets are bound as ever. */
int listener_reserve(int port, struct errbuf *err);

/* Close the reserved socket if nobody took it. */
void listener_release(void);

#endif
