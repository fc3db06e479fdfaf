/* Spark's metrics by Spark's names: /metrics/json, /metrics/prometheus (its servlets) and
 * /metrics/executors/prometheus. Handlers for ui/routes.
 *
 * Only what has a meaning here is told, the numbers of a JVM are left out rather than made up; but the executor's lines
 * are a fixed list in Spark, so that those are 0.
 */
#ifndef UI_METRICS_SPARK_H
#define UI_METRICS_SPARK_H

#include "ui/http.h"

void metrics_spark_json(struct http_request *request, struct http_answer *answer);
void metrics_spark_prometheus(struct http_request *request, struct http_answer *answer);
void metrics_spark_executors(struct http_request *request, struct http_answer *answer);

#endif
