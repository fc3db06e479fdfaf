/* /batches/: one row a batch under a timeline. */
#include "page_internal.h"

#include "common/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_PAGE 50
#define TIMELINE_BATCHES 200

static const char here[] = "/batches/";

/* --- the timeline ----------------------------------------------------------------------------------------------- */

/* Each batch from its trigger to its end on one lane; what lies between is waiting. */
static void timeline(struct buf *out, const struct snapshot *snapshot)
{
    size_t n = snapshot->nhistory < TIMELINE_BATCHES ? snapshot->nhistory : TIMELINE_BATCHES;
    size_t first = snapshot->nhistory - n;
    const struct progress *oldest = &snapshot->history[first]->progress;
    const struct progress *newest = &snapshot->history[snapshot->nhistory - 1]->progress;
    int64_t begin = oldest->timestamp_ms, end = newest->timestamp_ms + newest->duration_ms;

    if (end <= begin)
        end = begin + 1;
    if (snapshot->end_ms == 0) { /* what has happened since, which is nothing, has a place too, but not all of it */
        int64_t now_ms = clock_wall_ms(), room = (end - begin) / 4;
        end = now_ms - end < room ? now_ms : end + room;
    }
    buf_append_text(out,
                    "<figure class=\"timeline\"><figcaption><span class=\"name\">Event Timeline</span> <span "
                    "class=\"soft\">each batch from its trigger to its commit</span></figcaption>\n<svg viewBox=\"0 0 "
                    "1000 28\" preserveAspectRatio=\"none\" role=\"group\" aria-label=\"Timeline of ");
    buf_printf(out, "%zu batches\"><path class=\"axis\" d=\"M0 27.5H1000\"/>\n", n);
    for (size_t i = first; i < snapshot->nhistory; i++) {
        const struct progress *p = &snapshot->history[i]->progress;
        bool behind = snapshot->trigger_ms > 0 && p->duration_ms > snapshot->trigger_ms;
        double x = (double)(p->timestamp_ms - begin) / (double)(end - begin) * 1000;
        double width = (double)p->duration_ms / (double)(end - begin) * 1000;
        buf_append_text(
            out, "<a tabindex=\"-1\" href=\"/batches/batch?"); /* the table has the same links for the keyboard */
        page_query_parameter(out, snapshot);
        buf_printf(out, "&amp;batch=%" PRId64 "\"><title>Batch %" PRId64 ": ", p->batch_id, p->batch_id);
        html_number(out, progress_rows(p));
        buf_append_text(out, " rows in ");
        chart_value(out, CHART_MS, (double)p->duration_ms);
        buf_append_text(out, ", ");
        html_time_text(out, p->timestamp_ms, snapshot->zone, false, true);
        buf_printf(out, "</title><rect class=\"%s\" x=\"%.1f\" y=\"4\" width=\"%.1f\" height=\"22\"/></a>\n",
                   p->rerun ? "rerun"
                   : behind ? "late"
                            : "batch",
                   x, width < 1.5 ? 1.5 : width);
    }
    buf_append_text(out, "</svg><div class=\"ends\">");
    html_time(out, begin, snapshot->zone, false);
    html_time(out, end, snapshot->zone, false);
    buf_append_text(out, "</div><ul class=\"legend\"><li class=\"batch\">batch</li><li class=\"late\">longer than the "
                         "trigger interval</li><li class=\"rerun\">run again after a restart</li></ul></figure>\n");
}

/* --- the list --------------------------------------------------------------------------------------------------- */

static void offset_cell(struct buf *out, const char *json)
{
    int64_t sum = series_offset_sum(json);

    page_cell(out, true);
    if (sum < 0)
        buf_append_text(out, "–");
    else
        html_number(out, sum);
    buf_append_text(out, "</td>");
}

static void batch_link(struct buf *out, const struct snapshot *snapshot, int64_t batch)
{
    buf_append_text(out, "<a href=\"/batches/batch?");
    page_query_parameter(out, snapshot);
    buf_printf(out, "&amp;batch=%" PRId64 "\">%" PRId64 "</a>", batch, batch);
}

static int64_t lag_after(const struct progress *p)
{
    if (p->nsources == 0 || p->sources[0].latest_offset == NULL)
        return -1;
    int64_t lag = series_offset_sum(p->sources[0].latest_offset) - series_offset_sum(p->sources[0].end_offset);
    return lag > 0 ? lag : 0;
}

static void number_or_dash(struct buf *out, int64_t value)
{
    page_cell(out, true);
    if (value < 0)
        buf_append_text(out, "–");
    else
        html_number(out, value);
    buf_append_text(out, "</td>");
}

/* The day is told where it is not the newest batch's; the title has it everywhere. */
static void trigger_time(struct buf *out, const struct snapshot *snapshot, int64_t ms)
{
    struct buf day = BUF_INIT, newest = BUF_INIT;
    const size_t date = sizeof("yyyy/MM/dd") - 1;

    html_time_text(&day, ms, snapshot->zone, true, true);
    html_time_text(&newest, snapshot->history[snapshot->nhistory - 1]->progress.timestamp_ms, snapshot->zone, true,
                   true);
    if (day.failed || newest.failed) {
        out->failed = true;
    } else {
        buf_printf(out, "<time title=\"%s\">", day.data);
        buf_append_text(out, strncmp(day.data, newest.data, date) == 0 ? day.data + date + 1 : day.data);
        buf_append_text(out, "</time>");
    }
    buf_release(&day);
    buf_release(&newest);
}

static void row(struct buf *out, const struct snapshot *snapshot, const struct progress *p)
{
    struct chart_part parts[PAGE_PARTS];
    bool late = snapshot->trigger_ms > 0 && p->duration_ms > snapshot->trigger_ms;

    buf_printf(out, "<tr data-key=\"%" PRId64 "\"><td class=\"number\">", p->batch_id);
    batch_link(out, snapshot, p->batch_id);
    buf_append_text(out, p->rerun ? " <small>again</small></td><td>" : "</td><td>");
    trigger_time(out, snapshot, p->timestamp_ms);
    buf_append_text(out, "</td>");
    page_cell_number(out, progress_rows(p));
    offset_cell(out, p->nsources > 0 ? p->sources[0].start_offset : NULL);
    offset_cell(out, p->nsources > 0 ? p->sources[0].end_offset : NULL);
    number_or_dash(out, lag_after(p));
    page_cell_decimal(out, p->input_rows_per_second, 1);
    page_cell_decimal(out, p->processed_rows_per_second, 1);
    buf_append_text(out, late ? "<td class=\"number over\" title=\"Longer than the trigger interval\">"
                              : "<td class=\"number\">");
    html_number(out, p->duration_ms);
    buf_append_text(out, "</td><td class=\"bar\">");
    page_parts_of(p, parts);
    chart_parts(out, "Phases", parts, PAGE_PARTS);
    buf_append_text(out, "</td>");
    number_or_dash(out, p->nstates > 0 ? p->states[0].rows_total : -1);
    number_or_dash(out, p->output_rows);
    buf_append_text(out, "</tr>\n");
}

static const struct page_column columns[] = {
    {"Batch", "Batch", true, NULL},
    {"Trigger Time", "Trigger Time", false, NULL},
    {"Input Rows", "Input Rows", true, NULL},
    {NULL, "Offsets from", true, "Summed over the partitions"},
    {NULL, "to", true, "Summed over the partitions"},
    {"Lag after", "Lag after", true, "Records that the batch left in the log"},
    {"Input /sec", "Input /sec", true, NULL},
    {"Process /sec", "Process /sec", true, NULL},
    {"Duration, ms", "Duration, ms", true, NULL},
    {NULL, "Phases", false, "Where the time went; the batch's page has the numbers"},
    {"State Rows", "State Rows", true, NULL},
    {"Output Rows", "Output Rows", true, NULL},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static double value_of(const struct progress *p, size_t column)
{
    switch (column) {
    case 1:
        return (double)p->timestamp_ms;
    case 2:
        return (double)progress_rows(p);
    case 5:
        return lag_after(p) < 0 ? NAN : (double)lag_after(p);
    case 6:
        return p->input_rows_per_second;
    case 7:
        return p->processed_rows_per_second;
    case 8:
        return (double)p->duration_ms;
    case 10:
        return p->nstates > 0 ? (double)p->states[0].rows_total : NAN;
    case 11:
        return p->output_rows < 0 ? NAN : (double)p->output_rows;
    default:
        return (double)p->batch_id;
    }
}

/* Places in the history in the order asked for: newest first, unless ?sort= names a column. NULL without memory; the
 * caller frees. */
static uint32_t *order(const struct snapshot *snapshot, const char *key, bool descending)
{
    size_t n = snapshot->nhistory, column = COLUMNS;
    uint32_t *places = malloc((n + 1) * sizeof(*places));
    double *values = malloc((n + 1) * sizeof(*values));

    for (size_t c = 0; key != NULL && c < COLUMNS; c++)
        if (columns[c].key != NULL && strcmp(columns[c].key, key) == 0)
            column = c;
    for (size_t i = 0; places != NULL && i < n; i++)
        places[i] = (uint32_t)(n - 1 - i);
    if (places != NULL && values != NULL && column < COLUMNS) {
        for (size_t i = 0; i < n; i++)
            values[i] = value_of(&snapshot->history[i]->progress, column);
        page_order(places, n, values, descending);
    }
    free(values);
    return places;
}

/* Timeline and table. */
static void content(struct http_request *request, struct http_answer *answer, const struct snapshot *snapshot,
                    int64_t page)
{
    struct buf *out = &answer->body, base = BUF_INIT, link = BUF_INIT;
    const char *key = http_parameter(request, "sort");
    bool descending = key == NULL || page_descending(request);
    int64_t pages = ((int64_t)snapshot->nhistory + ROWS_A_PAGE - 1) / ROWS_A_PAGE;
    uint32_t *places = order(snapshot, key, descending);

    if (places == NULL) {
        out->failed = true;
        return;
    }
    if (page > pages)
        page = pages;
    buf_append_text(&base, "/batches/?");
    page_query_parameter(&base, snapshot);
    buf_append_byte(&base, '&');
    timeline(out, snapshot);
    page_table(out, "batches", "Batches", columns, COLUMNS, base.failed ? "/batches/?" : base.data,
               key == NULL ? "Batch" : key, descending);
    size_t skip = (size_t)(page - 1) * ROWS_A_PAGE;
    for (size_t i = skip; i < skip + ROWS_A_PAGE && i < snapshot->nhistory; i++)
        row(out, snapshot, &snapshot->history[places[i]]->progress);
    page_table_end(out);
    buf_append_text(&link, base.failed ? "/batches/?" : base.data);
    if (key != NULL) {
        buf_append_text(&link, "sort=");
        html_url(&link, key);
        buf_append_text(&link, descending ? "&desc=true&" : "&desc=false&");
    }
    page_pages(out, link.failed ? "/batches/?" : link.data, page, pages);
    buf_append_text(out, "<p class=\"soft\">All of them");
    page_exports(out, "/api/v1/progress?last=100000&", "/api/v1/progress?format=csv&last=100000&", snapshot);
    buf_append_text(out, "</p>\n");
    buf_release(&base);
    buf_release(&link);
    free(places);
}

void page_batches(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    int64_t page = 1;

    if (http_number(request, "page", 1, INT32_MAX, &page, answer) < 0)
        return;
    struct snapshot *snapshot = page_choose(request, answer, "Batches", here);
    if (snapshot == NULL)
        return;
    page_begin(request, answer, "Batches", here);
    page_switch(request, answer, snapshot);
    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_byte(out, ' ');
    html_text(out, page_name(snapshot));
    buf_append_text(out, ": ");
    html_number(out, snapshot->batches);
    buf_append_text(out, snapshot->batches == 1 ? " batch in this run" : " batches in this run");
    if (snapshot->batches > (int64_t)snapshot->nhistory) {
        buf_append_text(out, ", the newest ");
        html_number(out, (int64_t)snapshot->nhistory);
        buf_append_text(out, " of which are kept (<code>spark.sql.streaming.numRecentProgressUpdates</code>)");
    }
    if (snapshot->batches_rerun > 0)
        buf_printf(out, ", %" PRId64 " run again", snapshot->batches_rerun);
    if (snapshot->batches_behind > 0)
        buf_printf(out, ", %" PRId64 " longer than the trigger interval", snapshot->batches_behind);
    buf_append_text(out, "</p>\n");
    page_trouble(out, snapshot);
    if (snapshot->nhistory == 0)
        buf_append_text(out, "<p class=\"empty\">No batch has been finished yet.</p>\n");
    else
        content(request, answer, snapshot, page);
    page_end(request, answer);
    snapshot_unref(snapshot);
}
