/* The HTTP server: one libmicrohttpd thread that only reads published snapshots.
 *
 * GET and HEAD on exact routes; no file is ever opened from a URL. What libmicrohttpd accepts and should not (raw
 * targets, two Host headers, bodies ...) is refused here.
 */
#ifndef UI_SERVER_H
#define UI_SERVER_H

#include "common/errbuf.h"
#include "report/board.h"

struct server;

struct server_options {
    const char *host; /* to bind: "127.0.0.1", "::1", "0.0.0.0" ... a numeric address or "localhost" */
    int port;         /* 0: any free one */
    int max_retries;  /* spark.port.maxRetries: how many further ports are tried; 0: this port or EXIT_CODE_BUSY */
    const char *const
        *allowed_hosts; /* names besides the bound address and localhost that a Host header may have; "*": any */
    size_t nallowed_hosts;
    int head_ms; /* how long the head of a request may take, and a connection be still; 0: 10 s */
};

/* Bind (logging each taken port as Spark does and the URL at last) and start. Options are copied. NULL with err. The
 * board must outlive the server. */
struct server *server_start(const struct server_options *options, struct board *board, struct errbuf *err);
/* Finish open answers and stop. NULL does nothing. */
void server_stop(struct server *server);

/* The port that it is bound to. */
int server_port(const struct server *server);

/* Spark's k-th port after `port`: wraps from 65535 to 1024 (Utils.userPort). */
int server_port_try(int port, int k);

#endif
