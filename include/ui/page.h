/* The pages: whole without JavaScript, rendered from the board's newest snapshots. Handlers for ui/routes.
 *
 * Pages about one query take ?query=NAME (or ?id=RUNID) and show the first query otherwise. The script refreshes a page
 * by asking for it again and taking over what changed, so a number has one source only.
 */
#ifndef UI_PAGE_H
#define UI_PAGE_H

#include "ui/http.h"

void page_overview(struct http_request *request, struct http_answer *answer);
void page_queries(struct http_request *request, struct http_answer *answer); /* /StreamingQuery/ */
void page_statistics(struct http_request *request,
                     struct http_answer *answer); /* ...statistics?id=RUNID&last=N&after=BATCH */
void page_batches(struct http_request *request, struct http_answer *answer); /* ?page=N */
void page_batch(struct http_request *request, struct http_answer *answer);   /* ?batch=N */
void page_source(struct http_request *request, struct http_answer *answer);
void page_result(struct http_request *request, struct http_answer *answer); /* ?q=TEXT&sort=COLUMN&desc=true&page=N */
void page_plan(struct http_request *request, struct http_answer *answer);
void page_tuning(struct http_request *request, struct http_answer *answer);
void page_records(struct http_request *request, struct http_answer *answer); /* bad records */
void page_environment(struct http_request *request, struct http_answer *answer);
void page_executors(struct http_request *request, struct http_answer *answer);

/* 404 for a browser: where to find what stands elsewhere in Spark's pages. */
void page_unknown(struct http_request *request, struct http_answer *answer);

#endif
