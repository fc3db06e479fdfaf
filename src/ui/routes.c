#include "ui/routes.h"

#include "ui/api.h"
#include "ui/assets.h"
#include "ui/metrics.h"
#include "ui/metrics_spark.h"
#include "ui/page.h"

#include <string.h>

static const struct route {
    const char *pattern;
    const char *class; /* for sfcrime_http_requests_total */
    void (*handler)(struct http_request *request, struct http_answer *answer);
} routes[] = {
    {"/", "page", page_overview},
    {"/jobs/", "page", page_overview},
    {"/StreamingQuery/", "page", page_queries},
    {"/StreamingQuery/statistics", "page", page_statistics},
    {"/StreamingQuery/statistics/", "page", page_statistics},
    {"/batches/", "page", page_batches},
    {"/batches/batch", "page", page_batch},
    {"/source/", "page", page_source},
    {"/result/", "page", page_result},
    {"/plan/", "page", page_plan},
    {"/records/", "page", page_records},
    {"/environment/", "page", page_environment},
    {"/executors/", "page", page_executors},
    {"/favicon.ico", "asset", assets_answer},
    {"/assets/*", "asset", assets_answer},
    {"/api/openapi.json", "asset", assets_answer},
    {"/api/v1/events", "events", api_events},
    {"/api/v1/progress", "api", api_progress},
    {"/api/v1/table", "api", api_table},
    {"/api/v1/source", "api", api_source},
    {"/api/v1/version", "api", api_spark_version},
    {"/api/v1/applications", "api", api_applications},
    {"/api/v1/applications/", "api", api_applications},
    {"/api/v1/applications/*", "api", api_application},
    {"/api/v1/applications/*/environment", "api", api_environment},
    {"/api/v1/applications/*/executors", "api", api_executors},
    {"/api/v1/applications/*/allexecutors", "api", api_executors},
    {"/api/v1/applications/*/sql/streamingqueries", "api", api_queries},
    {"/api/v1/applications/*/sql/streamingqueries/*", "api", api_query},
    {"/api/v1/applications/*/sql/streamingqueries/*/progress", "api", api_query_progress},
    {"/metrics", "metrics", metrics_answer},
    {"/metrics/json", "metrics", metrics_spark_json},
    {"/metrics/json/", "metrics", metrics_spark_json},
    {"/metrics/prometheus", "metrics", metrics_spark_prometheus},
    {"/metrics/prometheus/", "metrics", metrics_spark_prometheus},
    {"/metrics/executors/prometheus", "metrics", metrics_spark_executors},
    {"/metrics/executors/prometheus/", "metrics", metrics_spark_executors},
    {"/healthz", "health", api_healthz},
    {"/readyz", "health", api_readyz},
    {"/version", "api", api_version},
};

/* Known to Spark's users without the slash at the end. */
static const char *const slashless[] = {"/jobs/", "/StreamingQuery/", "/batches/",     "/source/",   "/result/",
                                        "/plan/", "/records/",        "/environment/", "/executors/"};

/* The same path with a slash, if it is a page's; else NULL. */
static const char *with_slash(const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(slashless) / sizeof(slashless[0]); i++)
        if (strlen(slashless[i]) == len + 1 && strncmp(slashless[i], path, len) == 0)
            return slashless[i];
    return NULL;
}

static const struct route *find(struct http_request *request)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (http_match(request, routes[i].pattern))
            return &routes[i];
    return NULL;
}

void routes_answer(struct http_request *request, struct http_answer *answer)
{
    const struct route *route = find(request);

    if (route == NULL && with_slash(request->path) != NULL) {
        answer->status = 302;
        answer->location = with_slash(request->path);
        answer->content_type = NULL;
        buf_append(&answer->body, "", 0);
    } else if (route == NULL)
        http_error(answer, 404, "there is nothing at %s", request->path);
    else
        route->handler(request, answer);
}

const char *routes_class(const char *path)
{
    struct http_request request = {.path = path};
    const struct route *route = find(&request);

    return route == NULL ? "other" : route->class;
}
