/* /source/: what Spark's pages leave out: where each partition begins, stands and ends, how fast it grows, when it will
 * be caught up. */
#include "page_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void partition_row(struct buf *out, const struct snapshot *snapshot, const struct snapshot_partition *p,
                          const struct page_pace *pace)
{
    buf_append_text(out, "<tr>");
    page_cell_text(out, p->topic);
    page_cell_number(out, p->partition);
    offset_cell(out, p->low);
    offset_cell(out, p->committed);
    offset_cell(out, p->position);
    offset_cell(out, snapshot_partition_high(p));
    offset_cell(out, snapshot_partition_lag(p));
    page_cell_decimal(out, p->arrival_rate, 1);
    page_cell_number(out, p->rows);
    page_cell(out, true);
    page_append_ms(out, page_catch_up_ms(snapshot, pace, snapshot_partition_lag(p), p->arrival_rate));
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

static const struct page_column columns[] = {
    {NULL, "Topic", false, NULL},
    {"Partition", "Partition", true, NULL},
    {"Low", "Low", true, "The first offset that is still there"},
    {"Committed", "Committed", true, "The checkpoint's offset: where a restart goes on"},
    {"Current", "Current", true, "The next offset to be read"},
    {"High", "High", true, "The end of the log"},
    {"Lag", "Lag", true, "High less current"},
    {"Arriving /sec", "Arriving /sec", true, "What the log grew by in the last second"},
    {"Rows read", "Rows read", true, "By this run"},
    {"Caught up in", "Caught up in", true, "At the newest arrival rate, by batches as large as they may be"},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static double value_of(const struct snapshot *snapshot, const struct snapshot_partition *p,
                       const struct page_pace *pace, size_t column)
{
    switch (column) {
    case 2:
        return (double)p->low;
    case 3:
        return (double)p->committed;
    case 4:
        return (double)p->position;
    case 5:
        return (double)snapshot_partition_high(p);
    case 6:
        return (double)snapshot_partition_lag(p);
    case 7:
        return p->arrival_rate;
    case 8:
        return (double)p->rows;
    case 9:
        return page_catch_up_ms(snapshot, pace, snapshot_partition_lag(p), p->arrival_rate);
    default:
        return (double)p->partition;
    }
}

static void partitions(const struct http_request *request, struct buf *out, const struct snapshot *snapshot,
                       const struct page_pace *pace)
{
    const char *key = http_parameter(request, "sort");
    size_t n = snapshot->npartitions, column = COLUMNS;
    uint32_t *places = malloc((n + 1) * sizeof(*places));
    double *values = malloc((n + 1) * sizeof(*values));
    struct buf link = BUF_INIT;

    if (places == NULL || values == NULL) {
        out->failed = true;
        goto done;
    }
    for (size_t c = 0; key != NULL && c < COLUMNS; c++)
        if (columns[c].key != NULL && strcmp(columns[c].key, key) == 0)
            column = c;
    for (size_t i = 0; i < n; i++) {
        places[i] = (uint32_t)i;
        values[i] = column == COLUMNS ? 0 : value_of(snapshot, &snapshot->partitions[i], pace, column);
    }
    page_order(places, n, values, page_descending(request));
    buf_append_text(&link, "/source/?");
    page_query_parameter(&link, snapshot);
    buf_append_byte(&link, '&');
    page_table(out, "partitions", "Partitions", columns, COLUMNS, link.failed ? "/source/?" : link.data, key,
               page_descending(request));
    for (size_t i = 0; i < n; i++)
        partition_row(out, snapshot, &snapshot->partitions[places[i]], pace);
    total_row(out, snapshot, pace);
    page_table_end(out);
done:
    buf_release(&link);
    free(places);
    free(values);
}

void page_source(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
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
    buf_append_text(out, "</p>\n");
    page_trouble(out, snapshot);
    buf_append_text(out, "<dl class=\"facts\">\n");
    page_fact_pace(out, &pace, snapshot);
    page_fact_rate(out, "Taken", pace.intake);
    if (snapshot->lag_sampled_ms > 0) {
        page_fact(out, "Log's end asked at");
        html_time_text(out, snapshot->lag_sampled_ms, snapshot->zone, false, false);
        page_fact_end(out);
    }
    buf_append_text(out, "</dl>\n");
    if (snapshot->npartitions == 0) {
        buf_append_text(out, "<p class=\"empty\">The partitions are not known yet.</p>\n");
    } else {
        partitions(request, out, snapshot, &pace);
    }
    buf_append_text(out, "<p class=\"soft\">");
    html_number(out, (int64_t)snapshot->npartitions);
    buf_append_text(out, " partitions");
    page_exports(out, "/api/v1/source?", "/api/v1/source?format=csv&", snapshot);
    buf_append_text(out, "</p>\n");
    page_end(request, answer);
    snapshot_unref(snapshot);
}
