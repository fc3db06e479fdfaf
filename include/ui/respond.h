/* Answers on their way out: headers, gzip, the body's ownership. The server's thread only. */
#ifndef UI_RESPOND_H
#define UI_RESPOND_H

#include "ui/http.h"

struct MHD_Connection;
struct MHD_Response;

/* Queue the answer; its body is taken. gzip: the client takes it. close_after: the connection is not to be used again. 0; -1 when it could not be
 * queued: the connection is then to be closed. */
int respond_send(struct MHD_Connection *connection, struct http_answer *answer, bool gzip, bool close_after);

/* Add the headers that every answer has, and those of this one. 0, -1 without memory. */
int respond_headers(struct MHD_Response *response, const struct http_answer *answer, bool close_after);

/* in as gzip into the empty out, fast rather than small. 0; -1 without memory, with out empty. */
int respond_gzip(const char *in, size_t len, struct buf *out);

#endif
