/* JSON and CSV over the board: Spark-shaped paths under /api/v1/applications, and ours. Handlers for ui/routes. */
#ifndef UI_API_H
#define UI_API_H

#include "ui/http.h"

void api_applications(struct http_request *request, struct http_answer *answer);
void api_application(struct http_request *request, struct http_answer *answer);
void api_environment(struct http_request *request, struct http_answer *answer); /* .../environment */
void api_executors(struct http_request *request, struct http_answer *answer);   /* .../executors, .../allexecutors */
void api_jobs(struct http_request *request, struct http_answer *answer);        /* .../jobs?status=W: the batches */
void api_job(struct http_request *request, struct http_answer *answer);         /* .../jobs/N */
void api_nothing(struct http_request *request, struct http_answer *answer); /* .../stages, sql, storage/rdd ...: [ ] */
void api_unknown_item(struct http_request *request, struct http_answer *answer);    /* .../stages/N ...: Spark's 404 */
void api_no_dstreams(struct http_request *request, struct http_answer *answer);     /* .../streaming/W: Spark's 404 */
void api_unknown_attempt(struct http_request *request, struct http_answer *answer); /* .../W: Spark's 404 */
void api_logs(struct http_request *request, struct http_answer *answer);            /* .../logs: an empty archive */
void api_threads(struct http_request *request, struct http_answer *answer);         /* .../executors/driver/threads */
void api_queries(struct http_request *request, struct http_answer *answer);         /* .../sql/streamingqueries */
void api_query(struct http_request *request, struct http_answer *answer);           /* .../streamingqueries/RUNID */
void api_query_progress(struct http_request *request, struct http_answer *answer);  /* .../RUNID/progress?last=N */
void api_progress(struct http_request *request, struct http_answer *answer);        /* ?last=N&format=csv&query=NAME */
void api_table(struct http_request *request, struct http_answer *answer);           /* ?query=NAME&limit=N&format=csv */
void api_source(struct http_request *request, struct http_answer *answer);
void api_tuning(struct http_request *request, struct http_answer *answer);        /* ?query=NAME&rows=N&format=csv */
void api_events(struct http_request *request, struct http_answer *answer);        /* ?query=NAME, Last-Event-ID */
void api_spark_version(struct http_request *request, struct http_answer *answer); /* /api/v1/version */
void api_version(struct http_request *request, struct http_answer *answer);       /* /version */
void api_healthz(struct http_request *request, struct http_answer *answer);
void api_readyz(struct http_request *request, struct http_answer *answer);

#endif
