/* Answers on their way out: headers, gzip, the body's ownership. The server's thread only. */
#ifndef UI_RESPOND_H
#define UI_RESPOND_H

#include "ui/http.h"

struct MHD_Connection;
struct MHD_Response;
struct respond_packer;

/* The answer as a response with all its headers; its body is taken. packer: for clients that take gzip; else NULL.
 * close_after: the connection is not to be used again. *size is that of the body as it will be sent. The caller queues
 * it with answer->status (which becomes 503 when the body's making had failed) and destroys it. NULL without memory:
 * the connection is then to be closed. */
struct MHD_Response *respond_make(struct http_answer *answer, struct respond_packer *packer, bool close_after,
                                  size_t *size);

/* Add the headers that every answer has, and those of this one. 0, -1 without memory. */
int respond_headers(struct MHD_Response *response, const struct http_answer *answer, bool close_after);

/* What packs answers: some 270 KB that are worth keeping between them. NULL without memory. */
struct respond_packer *respond_packer_new(void);
void respond_packer_free(struct respond_packer *packer); /* NULL does nothing */

/* in as gzip into the empty out, fast rather than small. 0; -1 without memory, with out empty. */
int respond_gzip(struct respond_packer *packer, const char *in, size_t len, struct buf *out);

#endif
