/* /batches/: one row a batch under a timeline; /batches/batch: one of them, down to its raw progress record. */
#include "page_internal.h"

#include "ui/chart.h"
#include "ui/series.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
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
    buf_append_text(out,
                    "<figure class=\"timeline\"><figcaption><span class=\"name\">Event Timeline</span> <span "
                    "class=\"soft\">each batch from its trigger to its commit</span></figcaption>\n<svg viewBox=\"0 0 "
                    "1000 28\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Timeline of ");
    buf_printf(out, "%zu batches\"><path class=\"axis\" d=\"M0 27.5H1000\"/>\n", n);
    for (size_t i = first; i < snapshot->nhistory; i++) {
        const struct progress *p = &snapshot->history[i]->progress;
        bool behind = snapshot->trigger_ms > 0 && p->duration_ms > snapshot->trigger_ms;
        double x = (double)(p->timestamp_ms - begin) / (double)(end - begin) * 1000;
        double width = (double)p->duration_ms / (double)(end - begin) * 1000;
        buf_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"4\" width=\"%.1f\" height=\"22\"><title>",
                   p->rerun ? "rerun"
                   : behind ? "late"
                            : "batch",
                   x, width < 1.5 ? 1.5 : width);
        buf_printf(out, "Batch %" PRId64 ": ", p->batch_id);
        html_number(out, progress_rows(p));
        buf_append_text(out, " rows in ");
        chart_value(out, CHART_MS, (double)p->duration_ms);
        buf_append_text(out, "</title></rect>\n");
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

static void row(struct buf *out, const struct snapshot *snapshot, const struct progress *p)
{
    const char *names[PAGE_PARTS];
    double parts[PAGE_PARTS];
    int64_t lag = -1;

    if (p->nsources > 0 && p->sources[0].latest_offset != NULL) {
        lag = series_offset_sum(p->sources[0].latest_offset) - series_offset_sum(p->sources[0].end_offset);
        if (lag < 0)
            lag = 0;
    }
    buf_append_text(out, "<tr><td class=\"number\">");
    batch_link(out, snapshot, p->batch_id);
    buf_append_text(out, p->rerun ? " <small>again</small></td><td>" : "</td><td>");
    html_time_text(out, p->timestamp_ms, snapshot->zone, false, true);
    buf_append_text(out, "</td>");
    page_cell_number(out, progress_rows(p));
    offset_cell(out, p->nsources > 0 ? p->sources[0].start_offset : NULL);
    offset_cell(out, p->nsources > 0 ? p->sources[0].end_offset : NULL);
    page_cell(out, true);
    if (lag < 0)
        buf_append_text(out, "–");
    else
        html_number(out, lag);
    buf_append_text(out, "</td>");
    page_cell_decimal(out, p->input_rows_per_second, 1);
    page_cell_decimal(out, p->processed_rows_per_second, 1);
    page_cell_number(out, p->duration_ms);
    buf_append_text(out, "<td class=\"bar\">");
    page_parts_of(p, names, parts);
    chart_parts(out, "Phases", names, parts, PAGE_PARTS);
    buf_append_text(out, "</td>");
    page_cell(out, true);
    if (p->nstates > 0)
        html_number(out, p->states[0].rows_total);
    else
        buf_append_text(out, "–");
    buf_append_text(out, "</td>");
    page_cell(out, true);
    if (p->output_rows >= 0)
        html_number(out, p->output_rows);
    else
        buf_append_text(out, "–");
    buf_append_text(out, "</td></tr>\n");
}

void page_batches(struct http_request *request, struct http_answer *answer)
{
    static const struct page_column columns[] = {
        {NULL, "Batch", true, NULL},
        {NULL, "Trigger Time", false, NULL},
        {NULL, "Input Rows", true, NULL},
        {NULL, "Offsets from", true, "Summed over the partitions"},
        {NULL, "to", true, "Summed over the partitions"},
        {NULL, "Lag after", true, "Records that the batch left in the log"},
        {NULL, "Input /sec", true, NULL},
        {NULL, "Process /sec", true, NULL},
        {NULL, "Duration, ms", true, NULL},
        {NULL, "Phases", false, "Where the time went; the batch's page has the numbers"},
        {NULL, "State Rows", true, NULL},
        {NULL, "Output Rows", true, NULL},
    };
    struct buf *out = &answer->body, link = BUF_INIT, json = BUF_INIT, csv = BUF_INIT;
    int64_t page = 1;

    if (http_number(request, "page", 1, INT32_MAX, &page, answer) < 0)
        return;
    struct snapshot *snapshot = page_choose(request, answer, "Batches", here);
    if (snapshot == NULL)
        return;
    int64_t pages = ((int64_t)snapshot->nhistory + ROWS_A_PAGE - 1) / ROWS_A_PAGE;
    if (page > pages)
        page = pages < 1 ? 1 : pages;
    page_begin(request, answer, "Batches", here);
    page_switch(request, answer, snapshot);
    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_byte(out, ' ');
    html_text(out, page_name(snapshot));
    buf_append_text(out, ": ");
    html_number(out, snapshot->batches);
    buf_printf(out, " batches in this run, the newest %zu here", snapshot->nhistory);
    if (snapshot->batches_rerun > 0)
        buf_printf(out, ", %" PRId64 " run again", snapshot->batches_rerun);
    if (snapshot->batches_behind > 0)
        buf_printf(out, ", %" PRId64 " longer than the trigger interval", snapshot->batches_behind);
    buf_append_text(out, "</p>\n");
    if (snapshot->nhistory == 0) {
        buf_append_text(out, "<p class=\"empty\">No batch has been finished yet.</p>\n");
    } else {
        timeline(out, snapshot);
        page_table(out, "batches", "Batches, newest first", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL,
                   false);
        size_t skip = (size_t)(page - 1) * ROWS_A_PAGE;
        for (size_t i = skip; i < skip + ROWS_A_PAGE && i < snapshot->nhistory; i++)
            row(out, snapshot, &snapshot->history[snapshot->nhistory - 1 - i]->progress);
        page_table_end(out);
        buf_append_text(&link, "/batches/?");
        page_query_parameter(&link, snapshot);
        buf_append_byte(&link, '&');
        page_pages(out, link.failed ? "/batches/?" : link.data, page, pages);
        buf_append_text(&json, "/api/v1/progress?last=100000&");
        page_query_parameter(&json, snapshot);
        buf_append_text(&csv, "/api/v1/progress?format=csv&");
        page_query_parameter(&csv, snapshot);
        buf_append_text(out, "<p class=\"soft\">All of them");
        page_links(out, json.failed ? NULL : json.data, csv.failed ? NULL : csv.data);
        buf_append_text(out, "</p>\n");
    }
    page_end(request, answer);
    buf_release(&link);
    buf_release(&json);
    buf_release(&csv);
    snapshot_unref(snapshot);
}

/* --- one batch -------------------------------------------------------------------------------------------------- */

static void number_or_dash(struct buf *out, const json_t *partition)
{
    page_cell(out, true);
    if (json_is_integer(partition))
        html_number(out, json_integer_value(partition));
    else
        buf_append_text(out, "–");
    buf_append_text(out, "</td>");
}

static void range_rows(struct buf *out, const struct progress_source *source)
{
    json_t *start = source->start_offset == NULL ? NULL : json_loads(source->start_offset, 0, NULL);
    json_t *end = source->end_offset == NULL ? NULL : json_loads(source->end_offset, 0, NULL);
    json_t *latest = source->latest_offset == NULL ? NULL : json_loads(source->latest_offset, 0, NULL);
    const char *topic, *number;
    json_t *partitions, *to;

    json_object_foreach(end, topic, partitions)
    {
        json_object_foreach(partitions, number, to)
        {
            const json_t *from = json_object_get(json_object_get(start, topic), number);
            const json_t *high = json_object_get(json_object_get(latest, topic), number);
            int64_t at = json_integer_value(to);
            buf_append_text(out, "<tr>");
            page_cell_text(out, topic);
            page_cell(out, true);
            html_text(out, number);
            buf_append_text(out, "</td>");
            number_or_dash(out, from);
            number_or_dash(out, to);
            page_cell(out, true);
            if (from != NULL)
                html_number(out, at - json_integer_value(from));
            else
                buf_append_text(out, "–");
            buf_append_text(out, "</td>");
            number_or_dash(out, high);
            page_cell(out, true);
            if (high != NULL)
                html_number(out, json_integer_value(high) > at ? json_integer_value(high) - at : 0);
            else
                buf_append_text(out, "–");
            buf_append_text(out, "</td></tr>\n");
        }
    }
    json_decref(start);
    json_decref(end);
    json_decref(latest);
}

static void offsets(struct buf *out, const struct progress *p)
{
    static const struct page_column columns[] = {
        {NULL, "Topic", false, NULL},    {NULL, "Partition", true, NULL}, {NULL, "From", true, NULL},
        {NULL, "To", true, NULL},        {NULL, "Offsets", true, NULL},   {NULL, "End of log", true, NULL},
        {NULL, "Lag after", true, NULL},
    };

    buf_append_text(out, "<h2>Offset ranges</h2>\n");
    page_table(out, "offsets", "Offset ranges", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (size_t i = 0; i < p->nsources; i++)
        range_rows(out, &p->sources[i]);
    page_table_end(out);
}

static void batch_facts(struct buf *out, const struct snapshot *snapshot, const struct progress *p)
{
    buf_append_text(out, "<dl class=\"facts\">\n");
    page_fact(out, "Query");
    buf_append_text(out, "<a href=\"/StreamingQuery/statistics?id=");
    html_url(out, snapshot->run_id);
    buf_append_text(out, "\">");
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</a>");
    page_fact_end(out);
    page_fact(out, "Trigger time");
    html_time(out, p->timestamp_ms, snapshot->zone, true);
    page_fact_end(out);
    page_fact(out, "Duration");
    chart_value(out, CHART_MS, (double)p->duration_ms);
    if (snapshot->trigger_ms > 0) {
        buf_append_text(out, " <small>of ");
        chart_value(out, CHART_MS, (double)snapshot->trigger_ms);
        buf_append_text(out, "</small>");
    }
    page_fact_end(out);
    page_fact_number(out, "Input rows", progress_rows(p));
    if (p->output_rows >= 0)
        page_fact_number(out, "Output rows", p->output_rows);
    page_fact(out, "Input");
    html_decimal(out, p->input_rows_per_second, 1);
    buf_append_text(out, " <small>/s</small>");
    page_fact_end(out);
    page_fact(out, "Process");
    html_decimal(out, p->processed_rows_per_second, 1);
    buf_append_text(out, " <small>/s</small>");
    page_fact_end(out);
    for (size_t i = 0; i < p->nstates; i++) {
        page_fact_number(out, "State rows", p->states[i].rows_total);
        page_fact_number(out, "updated", p->states[i].rows_updated);
        page_fact_number(out, "removed", p->states[i].rows_removed);
    }
    if (p->has_event_time) {
        page_fact(out, "Event times");
        html_time(out, p->event_min_ms, snapshot->zone, false);
        buf_append_text(out, " – ");
        html_time(out, p->event_max_ms, snapshot->zone, false);
        page_fact_end(out);
    }
    if (p->has_watermark && p->watermark_ms > 0) {
        page_fact(out, "Watermark");
        html_time(out, p->watermark_ms, snapshot->zone, false);
        page_fact_end(out);
    }
    if (p->rerun)
        page_fact_text(out, "Run", "again, planned by an earlier process");
    buf_append_text(out, "</dl>\n");
}

static void batch_content(struct buf *out, const struct snapshot *snapshot, size_t at)
{
    const struct progress *p = &snapshot->history[at]->progress;
    struct buf text = BUF_INIT;

    buf_append_text(out, "<p class=\"pages\">");
    if (at > 0) {
        buf_append_text(out, "‹ ");
        batch_link(out, snapshot, snapshot->history[at - 1]->progress.batch_id);
        buf_append_text(out, " · ");
    }
    buf_append_text(out, "<a href=\"/batches/?");
    page_query_parameter(out, snapshot);
    buf_append_text(out, "\">all batches</a>");
    if (at + 1 < snapshot->nhistory) {
        buf_append_text(out, " · ");
        batch_link(out, snapshot, snapshot->history[at + 1]->progress.batch_id);
        buf_append_text(out, " ›");
    }
    buf_append_text(out, "</p>\n");
    batch_facts(out, snapshot, p);
    buf_append_text(out, "<h2>Phases</h2>\n");
    page_parts(out, p);
    offsets(out, p);
    buf_append_text(out, "<h2>Progress</h2>\n<pre tabindex=\"0\">");
    progress_json(p, true, &text);
    html_text(out, text.failed ? NULL : text.data);
    buf_append_text(out, "</pre>\n");
    buf_release(&text);
}

void page_batch(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    int64_t batch = -1;
    char title[48];

    if (http_number(request, "batch", 0, INT64_MAX, &batch, answer) < 0)
        return;
    struct snapshot *snapshot = page_choose(request, answer, "Batch", here);
    if (snapshot == NULL)
        return;
    size_t at = snapshot->nhistory;
    for (size_t i = 0; i < snapshot->nhistory; i++)
        if (snapshot->history[i]->progress.batch_id == batch)
            at = i;
    if (batch < 0 && snapshot->nhistory > 0) {
        at = snapshot->nhistory - 1;
        batch = snapshot->history[at]->progress.batch_id;
    }
    snprintf(title, sizeof(title), "Batch %" PRId64, batch < 0 ? 0 : batch);
    page_begin(request, answer, title, here);
    if (at < snapshot->nhistory) {
        batch_content(out, snapshot, at);
    } else {
        answer->status = 404;
        buf_append_text(out, "<p class=\"empty\">This batch is not among those that are kept "
                             "(spark.sql.streaming.numRecentProgressUpdates).</p>\n<p><a href=\"/batches/?");
        page_query_parameter(out, snapshot);
        buf_append_text(out, "\">All batches</a></p>\n");
    }
    page_end(request, answer);
    snapshot_unref(snapshot);
}
