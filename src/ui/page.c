#include "page_internal.h"

#include "common/clock.h"
#include "ui/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *path;
    const char *label;
    bool of_query; /* keeps ?query= */
} entries[] = {
    {"/", "Overview", false},
    {"/StreamingQuery/", "Streaming queries", false},
    {"/StreamingQuery/statistics", "Statistics", true},
    {"/batches/", "Batches", true},
    {"/source/", "Source", true},
    {"/result/", "Result", true},
    {"/plan/", "Plan", true},
    {"/tuning/", "Tuning", true},
    {"/records/", "Bad records", false},
    {"/environment/", "Environment", false},
    {"/executors/", "Executors", false},
};

static void navigation(struct buf *out, const struct http_request *request, const char *here)
{
    const char *query = http_parameter(request, "query");
    const char *id = http_parameter(request, "id");

    buf_append_text(out, "<nav aria-label=\"Pages\"><ul>");
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        buf_printf(out, "<li><a href=\"%s", entries[i].path);
        if (entries[i].of_query && query != NULL) {
            buf_append_text(out, "?query=");
            html_url(out, query);
        } else if (entries[i].of_query && id != NULL) {
            buf_append_text(out, "?id=");
            html_url(out, id);
        }
        buf_printf(out, "\"%s>%s</a></li>", strcmp(entries[i].path, here) == 0 ? " aria-current=\"page\"" : "",
                   entries[i].label);
    }
    buf_append_text(out, "</ul></nav>\n");
}

void page_begin(struct http_request *request, struct http_answer *answer, const char *title, const char *here)
{
    const struct board_application *app = board_application(request->board);
    struct buf *out = &answer->body;

    answer->content_type = "text/html; charset=utf-8";
    answer->cache = "no-cache";
    buf_append_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                         "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    html_text(out, app->name);
    buf_append_text(out, " - ");
    html_text(out, title);
    /* The theme is chosen before anything is painted, and without waiting for the sheet; the rest may come later. */
    buf_append_text(
        out, "</title>\n<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">\n"
             "<script src=\"/assets/theme.js\"></script>\n"
             "<link rel=\"stylesheet\" href=\"/assets/style.css\">\n"
             "<script src=\"/assets/live.js\" defer></script>\n"
             "<script src=\"/assets/chart.js\" defer></script>\n</head>\n<body>\n"
             "<a class=\"skip\" href=\"#content\">Skip to content</a>\n<header>\n<div class=\"title\"><a href=\"/\">");
    html_text(out, app->name);
    buf_append_text(out, "</a></div>\n<dl class=\"who\"><div><dt>User:</dt><dd>");
    html_text(out, app->user);
    buf_printf(out, "</dd></div><div><dt>Total Uptime:</dt><dd data-since=\"%" PRId64 "\">", app->start_ms);
    html_duration(out, clock_wall_ms() - app->start_ms);
    buf_append_text(out, "</dd></div></dl>\n"
                         "<div class=\"controls\"><span id=\"live\" role=\"status\" data-own></span>"
                         "<button type=\"button\" id=\"pause\" aria-pressed=\"false\" hidden data-own>Pause</button>"
                         "<button type=\"button\" id=\"theme\" hidden data-own>Dark</button></div>\n");
    navigation(out, request, here);
    buf_append_text(out, "</header>\n<main id=\"content\" tabindex=\"-1\">\n<h1>");
    html_text(out, title);
    buf_append_text(out, "</h1>\n");
}

void page_end(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    const struct zone *zone = NULL;
    size_t n = board_queries(request->board);

    for (size_t i = 0; i < n && zone == NULL; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL)
            zone = snapshot->zone;
        snapshot_unref(snapshot);
    }
    buf_append_text(out, "</main>\n<footer>sfcrime " SFCRIME_VERSION " · times in ");
    html_text(out, zone_name(zone != NULL ? zone : zone_utc()));
    buf_append_text(out,
                    " · <a href=\"/api/openapi.json\">API</a> · <a href=\"/api/v1/progress\">progress</a> · "
                    "<a href=\"/metrics\">metrics</a> · <a href=\"/version\">version</a></footer>\n</body>\n</html>\n");
}

/* --- which query ------------------------------------------------------------------------------------------------ */

const char *page_name(const struct snapshot *snapshot)
{
    return snapshot->name != NULL ? snapshot->name : "<no name>";
}

void page_query_parameter(struct buf *out, const struct snapshot *snapshot)
{
    buf_append_text(out, snapshot->name != NULL ? "query=" : "id=");
    html_url(out, snapshot->name != NULL ? snapshot->name : snapshot->run_id);
}

struct snapshot *page_choose(struct http_request *request, struct http_answer *answer, const char *title,
                             const char *here)
{
    const char *name = http_parameter(request, "query");
    const char *id = http_parameter(request, "id");
    size_t n = board_queries(request->board);

    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && (name == NULL || (snapshot->name != NULL && strcmp(snapshot->name, name) == 0)) &&
            (id == NULL || strcmp(snapshot->run_id, id) == 0 || strcmp(snapshot->id, id) == 0))
            return snapshot;
        snapshot_unref(snapshot);
    }
    page_begin(request, answer, title, here);
    if (name == NULL && id == NULL) {
        buf_append_text(&answer->body, "<p class=\"empty\">No query has been opened yet.</p>\n");
    } else {
        answer->status = 404;
        buf_append_text(&answer->body, "<p class=\"failed\">Failed to find streaming query ");
        html_text(&answer->body, name != NULL ? name : id);
        buf_append_text(&answer->body, "</p>\n<p><a href=\"/StreamingQuery/\">All streaming queries</a></p>\n");
    }
    page_end(request, answer);
    return NULL;
}

void page_switch(struct http_request *request, struct http_answer *answer, const struct snapshot *chosen)
{
    struct buf *out = &answer->body;
    size_t n = board_queries(request->board);

    if (n < 2)
        return;
    buf_append_text(out, "<nav class=\"switch\" aria-label=\"Queries\"><ul>");
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot == NULL)
            continue;
        buf_append_text(out, "<li><a href=\"");
        html_text(out, request->path);
        buf_append_byte(out, '?');
        page_query_parameter(out, snapshot);
        buf_printf(out, "\"%s>", strcmp(snapshot->run_id, chosen->run_id) == 0 ? " aria-current=\"true\"" : "");
        html_text(out, page_name(snapshot));
        buf_append_text(out, "</a></li>");
        snapshot_unref(snapshot);
    }
    buf_append_text(out, "</ul></nav>\n");
}

/* --- state and pace --------------------------------------------------------------------------------------------- */

void page_status(struct buf *out, const struct snapshot *snapshot)
{
    const char *status = snapshot_status_name(snapshot->status);

    buf_printf(out, "<span class=\"status %s\">%s</span>", status, status);
    if (snapshot->status == SNAPSHOT_IDLE && snapshot->nhistory > 0) {
        const struct progress *last = &snapshot->history[snapshot->nhistory - 1]->progress;
        int64_t since_ms = last->timestamp_ms + last->duration_ms;
        buf_append_text(out, " <span class=\"soft\">since ");
        html_time_text(out, since_ms, snapshot->zone, false, false);
        buf_append_text(out, "</span>");
    }
}

void page_trouble(struct buf *out, const struct snapshot *snapshot)
{
    bool waiting = snapshot->status == SNAPSHOT_WAITING;
    const char *text = snapshot->error != NULL ? snapshot->error : waiting ? snapshot->message : NULL;

    if (text == NULL)
        return;
    buf_printf(out, "<p class=\"trouble%s\">", waiting ? " waiting" : "");
    html_text(out, text);
    buf_append_text(out, "</p>\n");
}

void page_running(struct buf *out, const struct snapshot *snapshot)
{
    if (snapshot->end_ms == 0)
        buf_printf(out, "<span data-since=\"%" PRId64 "\" data-words>", snapshot->start_ms);
    html_duration_verbose(out, words_duration_ms(snapshot));
    if (snapshot->end_ms == 0)
        buf_append_text(out, "</span>");
}

static int64_t log_end(const struct progress *progress)
{
    return progress->nsources == 1 ? series_offset_sum(progress->sources[0].latest_offset) : -1;
}

/* How long ago the log's end was where the query stands now: each trigger notes the end, and between two of them the
 * log is taken to have grown evenly. NaN: before the oldest trigger that is kept, or after the newest. */
static double arrived_ago_ms(const struct snapshot *snapshot)
{
    int64_t position = 0, after = -1;
    double after_ms = 0;

    for (size_t i = 0; i < snapshot->npartitions; i++)
        position += snapshot->partitions[i].position;
    for (size_t i = snapshot->nhistory; i-- > 0;) {
        const struct progress *progress = &snapshot->history[i]->progress;
        int64_t end = log_end(progress);
        if (end < 0)
            return NAN;
        if (end <= position) {
            double share = after > end ? (double)(position - end) / (double)(after - end) : NAN;
            double at_ms = (double)progress->timestamp_ms + share * (after_ms - (double)progress->timestamp_ms);
            return (double)clock_wall_ms() - at_ms;
        }
        after = end;
        after_ms = (double)progress->timestamp_ms;
    }
    return NAN;
}

void page_pace_of(const struct snapshot *snapshot, struct page_pace *pace)
{
    *pace = (struct page_pace){snapshot_lag(snapshot), NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < snapshot->npartitions; i++) {
        double rate = snapshot->partitions[i].arrival_rate;
        if (isfinite(rate))
            pace->arrival = isnan(pace->arrival) ? rate : pace->arrival + rate;
    }
    if (snapshot->nhistory > 0) {
        double rate = snapshot->history[snapshot->nhistory - 1]->progress.input_rows_per_second;
        if (isfinite(rate) && rate > 0)
            pace->intake = rate;
    }
    if (pace->lag > 0) {
        pace->behind_ms = arrived_ago_ms(snapshot);
        if (isnan(pace->behind_ms) && pace->arrival > 0)
            pace->behind_ms = (double)pace->lag / pace->arrival * 1000;
    }
    if (pace->lag == 0)
        pace->behind_ms = 0;
    pace->catch_up_ms = page_catch_up_ms(snapshot, pace, pace->lag, pace->arrival);
}

/* A batch takes maxOffsetsPerTrigger at most, shared out among the partitions by what waits in them. */
double page_catch_up_ms(const struct snapshot *snapshot, const struct page_pace *pace, int64_t lag, double arrival)
{
    const struct progress *last = snapshot->nhistory == 0 ? NULL : &snapshot->history[snapshot->nhistory - 1]->progress;
    int64_t batch = snapshot->max_offsets_per_trigger;

    if (lag == 0)
        return 0;
    if (lag < 0 || pace->lag <= 0 || last == NULL || snapshot->end_ms != 0)
        return NAN;
    double every_ms = (double)(last->duration_ms > snapshot->trigger_ms ? last->duration_ms : snapshot->trigger_ms);
    if (batch == 0 || pace->lag <= batch)
        return every_ms; /* the next batch has it all */
    double share = (double)lag / (double)pace->lag;
    double net = (double)batch * share / (every_ms > 0 ? every_ms : 1) - (arrival > 0 ? arrival / 1000 : 0);
    return net > 0 ? (double)lag / net : INFINITY;
}

void page_append_ms(struct buf *out, double ms)
{
    if (isnan(ms))
        buf_append_text(out, "–");
    else if (isinf(ms))
        buf_append_text(out, "never");
    else if (ms <= 0)
        buf_append_text(out, "0 s");
    else
        html_duration(out, ms > 3.6e9 ? INT64_C(3600000000) : (int64_t)ms);
}

void page_fact(struct buf *out, const char *name)
{
    buf_append_text(out, "<div><dt>");
    html_text(out, name);
    buf_append_text(out, "</dt><dd>");
}

void page_fact_end(struct buf *out)
{
    buf_append_text(out, "</dd></div>\n");
}

void page_fact_text(struct buf *out, const char *name, const char *value)
{
    page_fact(out, name);
    html_text(out, value);
    page_fact_end(out);
}

void page_fact_number(struct buf *out, const char *name, int64_t value)
{
    page_fact(out, name);
    html_number(out, value);
    page_fact_end(out);
}

void page_fact_time(struct buf *out, const char *name, int64_t wall_ms, const struct snapshot *snapshot)
{
    buf_append_text(out, "<div class=\"time\"><dt>");
    html_text(out, name);
    buf_append_text(out, "</dt><dd>");
    html_time(out, wall_ms, snapshot->zone, false);
    page_fact_end(out);
}

void page_fact_rate(struct buf *out, const char *name, double rate)
{
    page_fact(out, name);
    html_decimal(out, rate, 1);
    if (isfinite(rate))
        buf_append_text(out, " <small>/s</small>");
    page_fact_end(out);
}

void page_fact_pace(struct buf *out, const struct page_pace *pace, const struct snapshot *snapshot)
{
    page_fact(out, "Lag");
    if (pace->lag < 0)
        buf_append_text(out, "–");
    else
        html_number(out, pace->lag);
    buf_append_text(out, " <small>records</small>");
    if (snapshot->lag_sampled_ms > 0 && (snapshot->status == SNAPSHOT_WAITING || snapshot->end_ms != 0)) {
        buf_append_text(out, " <small>as of ");
        html_time_text(out, snapshot->lag_sampled_ms, snapshot->zone, false, false);
        buf_append_text(out, "</small>");
    }
    page_fact_end(out);
    page_fact(out, "Behind by");
    page_append_ms(out, pace->behind_ms);
    page_fact_end(out);
    page_fact(out, "Caught up in");
    page_append_ms(out, pace->catch_up_ms);
    page_fact_end(out);
    page_fact_rate(out, "Arriving", pace->arrival);
}
