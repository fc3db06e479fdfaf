#include "ui/routes.h"

#include "ui/api.h"
#include "ui/assets.h"
#include "ui/metrics.h"
#include "ui/metrics_spark.h"
#include "ui/page.h"

#include <stdio.h>
#include <string.h>

static const struct route {
    const char *pattern;
    const char *class; /* for sfcrime_http_requests_total */
    enum cache_life life;
    void (*handler)(struct http_request *request, struct http_answer *answer);
} routes[] = {
    {"/", "page", CACHE_SECOND, page_overview},
    {"/jobs/", "page", CACHE_SECOND, page_overview},
    {"/StreamingQuery/", "page", CACHE_SECOND, page_queries},
    {"/StreamingQuery/statistics", "page", CACHE_SECOND, page_statistics},
    {"/StreamingQuery/statistics/", "page", CACHE_SECOND, page_statistics},
    {"/batches/", "page", CACHE_SECOND, page_batches},
    {"/batches/batch", "page", CACHE_SECOND, page_batch},
    {"/source/", "page", CACHE_SECOND, page_source},
    {"/result/", "page", CACHE_SECOND, page_result},
    {"/plan/", "page", CACHE_SECOND, page_plan},
    {"/tuning/", "page", CACHE_SECOND, page_tuning},
    {"/records/", "page", CACHE_SECOND, page_records},
    {"/environment/", "page", CACHE_SECOND, page_environment},
    {"/executors/", "page", CACHE_SECOND, page_executors},
    {"/favicon.ico", "asset", CACHE_NEVER, assets_answer},
    {"/assets/*", "asset", CACHE_NEVER, assets_answer},
    {"/api/openapi.json", "asset", CACHE_NEVER, assets_answer},
    {"/api/v1/events", "events", CACHE_NEVER, api_events},
    {"/api/v1/progress", "api", CACHE_VERSION, api_progress},
    {"/api/v1/table", "api", CACHE_VERSION, api_table},
    {"/api/v1/source", "api", CACHE_VERSION, api_source},
    {"/api/v1/tuning", "api", CACHE_VERSION, api_tuning},
    {"/api/v1/version", "api", CACHE_VERSION, api_spark_version},
    {"/api/v1/applications", "api", CACHE_NEVER, api_applications},
    {"/api/v1/applications/*", "api", CACHE_NEVER, api_application},
    {"/api/v1/applications/*/environment", "api", CACHE_NEVER, api_environment},
    {"/api/v1/applications/*/executors", "api", CACHE_NEVER, api_executors},
    {"/api/v1/applications/*/allexecutors", "api", CACHE_NEVER, api_executors},
    {"/api/v1/applications/*/sql/streamingqueries", "api", CACHE_NEVER, api_queries},
    {"/api/v1/applications/*/sql/streamingqueries/*", "api", CACHE_NEVER, api_query},
    {"/api/v1/applications/*/sql/streamingqueries/*/progress", "api", CACHE_VERSION, api_query_progress},
    {"/api/v1/applications/*/jobs", "api", CACHE_NEVER, api_jobs},
    {"/api/v1/applications/*/jobs/*", "api", CACHE_NEVER, api_job},
    {"/api/v1/applications/*/stages", "api", CACHE_NEVER, api_nothing},
    {"/api/v1/applications/*/stages/*", "api", CACHE_NEVER, api_unknown_item},
    {"/api/v1/applications/*/stages/*/*", "api", CACHE_NEVER, api_unknown_item},
    {"/api/v1/applications/*/stages/*/*/taskSummary", "api", CACHE_NEVER, api_unknown_item},
    {"/api/v1/applications/*/stages/*/*/taskList", "api", CACHE_NEVER, api_unknown_item},
    {"/api/v1/applications/*/sql", "api", CACHE_NEVER, api_nothing},
    {"/api/v1/applications/*/storage/rdd", "api", CACHE_NEVER, api_nothing},
    {"/api/v1/applications/*/storage/rdd/*", "api", CACHE_NEVER, api_unknown_item},
    {"/api/v1/applications/*/allmiscellaneousprocess", "api", CACHE_NEVER, api_nothing},
    {"/api/v1/applications/*/executors/*/threads", "api", CACHE_NEVER, api_threads},
    {"/api/v1/applications/*/streaming/*", "api", CACHE_NEVER, api_no_dstreams},
    {"/api/v1/applications/*/logs", "api", CACHE_NEVER, api_logs},
    {"/api/v1/applications/*/sql/*", "api", CACHE_NEVER, api_unknown_item},
    {"/api/v1/applications/*/*", "api", CACHE_NEVER, api_unknown_attempt},
    {"/metrics", "metrics", CACHE_NEVER, metrics_answer},
    {"/metrics/json", "metrics", CACHE_NEVER, metrics_spark_json},
    {"/metrics/json/", "metrics", CACHE_NEVER, metrics_spark_json},
    {"/metrics/prometheus", "metrics", CACHE_NEVER, metrics_spark_prometheus},
    {"/metrics/prometheus/", "metrics", CACHE_NEVER, metrics_spark_prometheus},
    {"/metrics/executors/prometheus", "metrics", CACHE_NEVER, metrics_spark_executors},
    {"/metrics/executors/prometheus/", "metrics", CACHE_NEVER, metrics_spark_executors},
    {"/healthz", "health", CACHE_NEVER, api_healthz},
    {"/readyz", "health", CACHE_NEVER, api_readyz},
    {"/version", "api", CACHE_VERSION, api_version},
};

/* Known to Spark's users without the slash at the end. */
static const char *const slashless[] = {"/jobs/", "/StreamingQuery/", "/batches/", "/source/",      "/result/",
                                        "/plan/", "/tuning/",         "/records/", "/environment/", "/executors/"};

/* The same path with a slash, if it is a page's; else NULL. */
static const char *with_slash(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(slashless) / sizeof(slashless[0]); i++)
        if (strlen(slashless[i]) == len + 1 && strncmp(slashless[i], path, len) == 0)
            return slashless[i];
    return NULL;
}

/* Spark's REST paths may end in a slash. */
static bool match_with_slash(struct http_request *request, const char *pattern)
{
    char with[128];

    return strncmp(pattern, "/api/v1/applications", strlen("/api/v1/applications")) == 0 &&
           snprintf(with, sizeof(with), "%s/", pattern) < (int)sizeof(with) && http_match(request, with);
}

static const struct route *find(struct http_request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (http_match(request, routes[i].pattern) || match_with_slash(request, routes[i].pattern))
            return &routes[i];
    return NULL;
}

/* A person with a browser, not a script: programs read errors as JSON. */
static bool wants_page(const struct http_request *request)
{
    return request->accept != NULL && strstr(request->accept, "text/html") != NULL &&
           strncmp(request->path, "/api/", 5) != 0 && strncmp(request->path, "/metrics", 8) != 0 &&
           strncmp(request->path, "/assets/", 8) != 0;
}

void routes_answer(struct http_request *request, struct http_answer *answer)
{
    const struct route *route = find(request);

    if (route == NULL && with_slash(request->path) != NULL) {
        answer->status = 302;
        answer->location = with_slash(request->path);
        answer->content_type = NULL;
        buf_append(&answer->body, "", 0);
    } else if (route == NULL && wants_page(request))
        page_unknown(request, answer);
    else if (route == NULL)
        http_error(answer, 404, "there is nothing at %s", request->path);
    else {
        answer->life = route->life;
        route->handler(request, answer);
    }
    answer->path_class = route == NULL ? "other" : route->class;
}

const char *routes_class(const char *path)
{
    struct http_request request = {.path = path};
    const struct route *route = find(&request);

    return route == NULL ? "other" : route->class;
}
