/* GET /metrics: Prometheus text 0.0.4, or OpenMetrics 1.0 when the Accept header asks for it. */
#ifndef UI_METRICS_H
#define UI_METRICS_H

#include "ui/http.h"

void metrics_answer(struct http_request *request, struct http_answer *answer);

/* Count an answered request. Called by the server's thread only. */
void metrics_count_request(const char *path_class, int status);

#endif
