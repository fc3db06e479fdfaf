/* The page's files (style, scripts, icon, the API's description), which lie in the binary: no file is opened to serve
 * them. */
#ifndef UI_ASSETS_H
#define UI_ASSETS_H

#include "ui/http.h"

/* Answer the file of the request's path, gzip when the client takes it, 304 when it has it. 404 for a path that is
 * none. */
void assets_answer(struct http_request *request, struct http_answer *answer);

#endif
