/* /source/: what Spark's pages leave out: where each partition begins, stands and ends, how fast it grows, when it will be caught up. */
#include "page_internal.h"

#include <inttypes.h>
#include <math.h>

static const char here[] = "/source/";

static void offset_cell(struct buf *out, int64_t offset)
{
    page_cell(out, true);
    if (offset < 0)
        buf_append_text(out, "–");
    else
        html_number(out, offset);
    buf_append_text(out, "</td>");
}

static int64_t lag_of(const struct snapshot_partition *p)
{
    if (p->high < 0 || p->position < 0)
        return -1;
    return p->high > p->position ? p->high - p->position : 0;
}

/* The query takes its share of each partition by its lag; what one partition gets is not known beforehand. So the estimate is the
 * query's: its rate shared out by lag. */
static double catch_up_ms(const struct snapshot_partition *p, const struct page_pace *pace)
{
    int64_t lag = lag_of(p);

    if (lag == 0)
        return 0;
    if (lag < 0 || !isfinite(pace->intake) || pace->lag <= 0)
        return NAN;
    double intake = pace->intake * (double)lag / (double)pace->lag;
    double arrival = isfinite(p->arrival_rate) ? p->arrival_rate : 0;
    return intake > arrival ? (double)lag / (intake - arrival) * 1000 : INFINITY;
}

static void partition_row(struct buf *out, const struct snapshot_partition *p, const struct page_pace *pace)
{
    buf_append_text(out, "<tr>");
    page_cell_text(out, p->topic);
    page_cell_number(out, p->partition);
    offset_cell(out, p->low);
    offset_cell(out, p->committed);
    offset_cell(out, p->position);
    offset_cell(out, p->high);
    offset_cell(out, lag_of(p));
    page_cell_decimal(out, p->arrival_rate, 1);
    page_cell_number(out, p->rows);
    page_cell(out, true);
    page_append_ms(out, catch_up_ms(p, pace));
    buf_append_text(out, "</td></tr>\n");
}

static void total_row(struct buf *out, const struct snapshot *snapshot, const struct page_pace *pace)
{
    int64_t rows = 0;

    for (size_t i = 0; i < snapshot->npartitions; i++)
        rows += snapshot->partitions[i].rows;
    buf_append_text(out, "<tr class=\"total\"><th scope=\"row\" colspan=\"6\">All partitions</th>");
    offset_cell(out, pace->lag);
    page_cell_decimal(out, pace->arrival, 1);
    page_cell_number(out, rows);
    page_cell(out, true);
    page_append_ms(out, pace->catch_up_ms);
    buf_append_text(out, "</td></tr>\n");
}

void page_source(struct http_request *request, struct http_answer *answer)
{
    static const struct page_column columns[] = {
        {NULL, "Topic", false, NULL},
        {NULL, "Partition", true, NULL},
        {NULL, "Low", true, "The first offset that is still there"},
        {NULL, "Committed", true, "The checkpoint's offset: where a restart goes on"},
        {NULL, "Current", true, "The next offset to be read"},
        {NULL, "High", true, "The end of the log"},
        {NULL, "Lag", true, "High less current"},
        {NULL, "Arriving /sec", true, "What the log grew by in the last second"},
        {NULL, "Rows read", true, "By this run"},
        {NULL, "Caught up in", true, "At the newest rates"},
    };
    struct buf *out = &answer->body, json = BUF_INIT, csv = BUF_INIT;
    struct snapshot *snapshot = page_choose(request, answer, "Source", here);
    struct page_pace pace;

    if (snapshot == NULL)
        return;
    page_begin(request, answer, "Source", here);
    page_switch(request, answer, snapshot);
    page_pace_of(snapshot, &pace);
    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_byte(out, ' ');
    html_text(out, snapshot->nhistory > 0 && snapshot->last->progress.nsources > 0
                       ? snapshot->last->progress.sources[0].description
                       : page_name(snapshot));
    buf_append_text(out, "</p>\n<dl class=\"facts\">\n");
    page_fact(out, "Lag");
    if (pace.lag < 0)
        buf_append_text(out, "–");
    else
        html_number(out, pace.lag);
    buf_append_text(out, " <small>records</small>");
    page_fact_end(out);
    page_fact(out, "Behind by");
    page_append_ms(out, pace.behind_ms);
    page_fact_end(out);
    page_fact(out, "Arriving");
    html_decimal(out, pace.arrival, 1);
    buf_append_text(out, " <small>/s</small>");
    page_fact_end(out);
    page_fact(out, "Taken");
    html_decimal(out, pace.intake, 1);
    buf_append_text(out, " <small>/s</small>");
    page_fact_end(out);
    page_fact(out, "Caught up in");
    page_append_ms(out, pace.catch_up_ms);
    page_fact_end(out);
    if (snapshot->lag_sampled_ms > 0) {
        page_fact(out, "Log's end asked at");
        html_time_text(out, snapshot->lag_sampled_ms, snapshot->zone, false, false);
        page_fact_end(out);
    }
    buf_append_text(out, "</dl>\n");
    if (snapshot->npartitions == 0) {
        buf_append_text(out, "<p class=\"empty\">The partitions are not known yet.</p>\n");
    } else {
        page_table(out, "partitions", "Partitions", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
        for (size_t i = 0; i < snapshot->npartitions; i++)
            partition_row(out, &snapshot->partitions[i], &pace);
        total_row(out, snapshot, &pace);
        page_table_end(out);
    }
    buf_append_text(&json, "/api/v1/source?");
    page_query_parameter(&json, snapshot);
    buf_append_text(&csv, "/api/v1/source?format=csv&");
    page_query_parameter(&csv, snapshot);
    buf_append_text(out, "<p class=\"soft\">");
    html_number(out, (int64_t)snapshot->npartitions);
    buf_append_text(out, " partitions");
    page_links(out, json.failed ? NULL : json.data, csv.failed ? NULL : csv.data);
    buf_append_text(out, "</p>\n");
    buf_release(&json);
    buf_release(&csv);
    page_end(request, answer);
    snapshot_unref(snapshot);
}
