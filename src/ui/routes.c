#include "ui/routes.h"

#include "ui/api.h"
#include "ui/metrics.h"
#include "ui/page.h"

#include <string.h>

static const struct route {
    const char *pattern;
    const char *class; /* for sfcrime_http_requests_total */
    void (*handler)(struct http_request *request, struct http_answer *answer);
} routes[] = {
    {"/", "page", page_overview},
    {"/jobs/", "page", page_overview},
    {"/assets/style.css", "asset", page_style},
    {"/api/v1/progress", "api", api_progress},
    {"/api/v1/table", "api", api_table},
    {"/api/v1/source", "api", api_source},
    {"/api/v1/version", "api", api_spark_version},
    {"/api/v1/applications", "api", api_applications},
    {"/api/v1/applications/*", "api", api_application},
    {"/api/v1/applications/*/sql/streamingqueries", "api", api_queries},
    {"/api/v1/applications/*/sql/streamingqueries/*", "api", api_query},
    {"/api/v1/applications/*/sql/streamingqueries/*/progress", "api", api_query_progress},
    {"/metrics", "metrics", metrics_answer},
    {"/healthz", "health", api_healthz},
    {"/readyz", "health", api_readyz},
    {"/version", "api", api_version},
};

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

    if (route == NULL)
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
