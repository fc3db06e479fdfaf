/* /StreamingQuery/: Spark's two tables, with lag and the real state besides. */
#include "page_internal.h"

#include "ui/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_QUERIES 256

static const struct page_column columns[] = {
    {"Name", "Name", false, NULL},
    {"Status", "Status", false, "Spark's status: RUNNING, FINISHED or FAILED"},
    {"State", "State", false, "What it is doing: starting, running, idle, behind, waiting, stopping, stopped, failed"},
    {"ID", "ID", false, "Lives with the checkpoint"},
    {"Run ID", "Run ID", false, "New with every start"},
    {"Start Time", "Start Time", false, NULL},
    {"Duration", "Duration", false, NULL},
    {"Avg Input /sec", "Avg Input /sec", true, "Mean over the retained batches"},
    {"Avg Process /sec", "Avg Process /sec", true, "Mean over the retained batches"},
    {"Latest Batch", "Latest Batch", true, NULL},
    {"Lag", "Lag", true, "Records between the query's position and the end of the log"},
    {NULL, "Error", false, NULL},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COLUMN_STATE 2 /* only of active ones: how a completed query is, Status says */
#define COLUMN_ERROR (COLUMNS - 1)

static int64_t latest_batch(const struct snapshot *snapshot)
{
    return snapshot->nhistory > 0 ? snapshot->history[snapshot->nhistory - 1]->progress.batch_id : -1;
}

static int by_number(double x, double y)
{
    if (isnan(x) || isnan(y))
        return !isnan(x) - !isnan(y);
    return (x > y) - (x < y);
}

static int compare(const struct snapshot *a, const struct snapshot *b, const char *key)
{
    if (strcmp(key, "Name") == 0)
        return strcmp(page_name(a), page_name(b));
    if (strcmp(key, "Status") == 0)
        return strcmp(words_status(a), words_status(b));
    if (strcmp(key, "State") == 0)
        return strcmp(snapshot_status_name(a->status), snapshot_status_name(b->status));
    if (strcmp(key, "ID") == 0)
        return strcmp(a->id, b->id);
    if (strcmp(key, "Run ID") == 0)
        return strcmp(a->run_id, b->run_id);
    if (strcmp(key, "Duration") == 0)
        return by_number((double)words_duration_ms(a), (double)words_duration_ms(b));
    if (strcmp(key, "Avg Input /sec") == 0)
        return by_number(words_average(a, true), words_average(b, true));
    if (strcmp(key, "Avg Process /sec") == 0)
        return by_number(words_average(a, false), words_average(b, false));
    if (strcmp(key, "Latest Batch") == 0)
        return by_number((double)latest_batch(a), (double)latest_batch(b));
    if (strcmp(key, "Lag") == 0)
        return by_number((double)snapshot_lag(a), (double)snapshot_lag(b));
    return by_number((double)a->start_ms, (double)b->start_ms);
}

/* Stable, by insertion: there are few queries. */
static void sort(struct snapshot **list, size_t n, const char *key, bool descending)
{
    for (size_t i = 1; i < n; i++) {
        struct snapshot *moved = list[i];
        size_t k = i;
        while (k > 0) {
            int order = compare(list[k - 1], moved, key);
            if (descending ? order >= 0 : order <= 0)
                break;
            list[k] = list[k - 1];
            k--;
        }
        list[k] = moved;
    }
}

static void average_cell(struct buf *out, double value)
{
    page_cell(out, true);
    if (isnan(value))
        buf_append_text(out, "NaN"); /* as Spark says it before the first batch */
    else
        html_decimal(out, value, 2);
    buf_append_text(out, "</td>");
}

static void row(struct buf *out, const struct snapshot *snapshot, bool completed)
{
    buf_append_text(out, "<tr><td><a href=\"/StreamingQuery/statistics?id=");
    html_url(out, snapshot->run_id);
    buf_append_text(out, "\">");
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</a></td>");
    page_cell_text(out, words_status(snapshot));
    if (!completed) {
        page_cell(out, false);
        page_status(out, snapshot);
        buf_append_text(out, "</td>");
    }
    buf_append_text(out, "<td class=\"id\">");
    html_text(out, snapshot->id);
    buf_append_text(out, "</td><td class=\"id\"><a href=\"/StreamingQuery/statistics?id=");
    html_url(out, snapshot->run_id);
    buf_append_text(out, "\">");
    html_text(out, snapshot->run_id);
    buf_append_text(out, "</a></td><td>");
    html_time(out, snapshot->start_ms, snapshot->zone, false);
    buf_append_text(out, "</td><td>");
    page_running(out, snapshot);
    buf_append_text(out, "</td>");
    average_cell(out, words_average(snapshot, true));
    average_cell(out, words_average(snapshot, false));
    page_cell(out, true);
    if (snapshot->nhistory > 0)
        html_number(out, latest_batch(snapshot));
    else
        buf_append_text(out, "NaN");
    buf_append_text(out, "</td>");
    page_cell(out, true);
    if (snapshot_lag(snapshot) >= 0)
        html_number(out, snapshot_lag(snapshot));
    else
        buf_append_text(out, "–");
    buf_append_text(out, "</td>");
    if (completed) {
        buf_append_text(out, snapshot->error != NULL ? "<td class=\"failed wide\">" : "<td>");
        html_text(out, snapshot->error != NULL ? snapshot->error : "-");
        buf_append_text(out, "</td>");
    }
    buf_append_text(out, "</tr>\n");
}

/* The link of one table keeps how the other one is sorted. */
static void other_parameters(const struct http_request *request, const char *tag, struct buf *link)
{
    static const char *const names[] = {"sort", "desc"};

    buf_append_text(link, "/StreamingQuery/?");
    for (size_t i = 0; i < 2; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s.%s", tag, names[i]);
        if (http_parameter(request, name) == NULL)
            continue;
        buf_printf(link, "%s=", name);
        html_url(link, http_parameter(request, name));
        buf_append_byte(link, '&');
    }
}

static void table(struct http_request *request, struct buf *out, struct snapshot **list, size_t n, bool completed)
{
    const char *tag = completed ? "completed" : "active";
    char sort_name[32], desc_name[32];
    struct buf link = BUF_INIT;
    const char *key, *direction;
    struct page_column shown[COLUMNS];
    size_t nshown = 0;

    for (size_t i = 0; i < COLUMNS; i++)
        if (i != (completed ? COLUMN_STATE : COLUMN_ERROR))
            shown[nshown++] = columns[i];
    snprintf(sort_name, sizeof(sort_name), "%s.sort", tag);
    snprintf(desc_name, sizeof(desc_name), "%s.desc", tag);
    /* Both Spark's parameter names and the short ones; newest first by default. */
    key = http_parameter(request, sort_name);
    if (key == NULL)
        key = http_parameter(request, "sort");
    direction = http_parameter(request, desc_name);
    bool descending = direction != NULL ? strcmp(direction, "true") == 0 : page_descending(request);
    if (key == NULL) {
        key = "Start Time";
        descending = true;
    }
    sort(list, n, key, descending);
    buf_printf(out, "<h2>%s Streaming Queries (%zu)</h2>\n", completed ? "Completed" : "Active", n);
    other_parameters(request, completed ? "active" : "completed", &link);
    buf_printf(&link, "%s.", tag);
    page_table(out, tag, completed ? "Completed Streaming Queries" : "Active Streaming Queries", shown, nshown,
               link.failed ? NULL : link.data, key, descending);
    for (size_t i = 0; i < n; i++)
        row(out, list[i], completed);
    page_table_end(out);
    buf_release(&link);
}

void page_queries(struct http_request *request, struct http_answer *answer)
{
    struct snapshot *active[MAX_QUERIES], *completed[MAX_QUERIES];
    size_t nactive = 0, ncompleted = 0;
    size_t n = board_queries(request->board);
    struct buf *out = &answer->body;
    struct buf json = BUF_INIT;

    for (size_t i = 0; i < n && i < MAX_QUERIES; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot == NULL)
            continue;
        if (snapshot->end_ms == 0)
            active[nactive++] = snapshot;
        else
            completed[ncompleted++] = snapshot;
    }
    page_begin(request, answer, "Streaming Query", "/StreamingQuery/");
    if (nactive > 0)
        table(request, out, active, nactive, false);
    if (ncompleted > 0)
        table(request, out, completed, ncompleted, true);
    if (nactive + ncompleted == 0)
        buf_append_text(out, "<p class=\"empty\">No query has been opened yet.</p>\n");
    buf_append_text(&json, "/api/v1/applications/");
    buf_append_text(&json, board_application(request->board)->id);
    buf_append_text(&json, "/sql/streamingqueries");
    buf_append_text(out, "<p class=\"soft\">The same as data");
    page_links(out, json.failed ? NULL : json.data, NULL);
    buf_append_text(out, "</p>\n");
    page_end(request, answer);
    buf_release(&json);
    for (size_t i = 0; i < nactive; i++)
        snapshot_unref(active[i]);
    for (size_t i = 0; i < ncompleted; i++)
        snapshot_unref(completed[i]);
}
