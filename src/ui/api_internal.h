/* What the files of the API share. */
#ifndef UI_API_INTERNAL_H
#define UI_API_INTERNAL_H

#include "ui/api.h"

/* api_brief.c */
void api_key_spark_time(struct json_writer *json, const char *key, int64_t wall_ms); /* "2026-11-21T07:58:44.029GMT" */
void api_key_iso_time(struct json_writer *json, const char *key, int64_t wall_ms);   /* "...Z" */
void api_short_record(struct json_writer *json, const struct progress *progress);
/* With the newest `last` batches; 0: without a history. */
void api_short_form(struct json_writer *json, const struct snapshot *snapshot, int64_t last);

/* api.c */
/* True when ?format=csv; sets the answer's type. *bad after answering 400. */
bool api_wants_csv(const struct http_request *request, struct http_answer *answer, bool *bad);
/* Is it the query that ?query= names or whose run ?id= is? Every one is without these. */
bool api_is_chosen(const struct http_request *request, const struct snapshot *snapshot);
/* The snapshot of the query that ?query= names or whose run ?id= is, or of the first one; NULL after answering an
 * error. The caller drops it. */
struct snapshot *api_chosen(struct http_request *request, struct http_answer *answer);

/* api_spark.c */
/* Spark's REST answers are indented: turn what was written so far into that form. */
void api_make_pretty(struct http_answer *answer);
/* Is parts[0] this application? False after answering 404 in Spark's words. */
bool api_known_application(const struct http_request *request, struct http_answer *answer);

#endif
