/* The route table: exact paths to handlers. */
#ifndef UI_ROUTES_H
#define UI_ROUTES_H

#include "ui/http.h"

/* Fill the answer for a request with a checked path: a handler's, or 404. */
void routes_answer(struct http_request *request, struct http_answer *answer);

/* A word of bounded variety for metrics: "page", "api", "events", "metrics", "health", "asset", "other". */
const char *routes_class(const char *path);

#endif
