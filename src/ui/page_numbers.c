/* The table behind charts: what the crosshair reads out, and what a reader without eyes for charts reads. */
#include "page_internal.h"

#include <inttypes.h>

void page_numbers(struct buf *out, const struct snapshot *snapshot, const struct series *series, const char *id,
                  const struct page_number *columns, size_t n, int64_t after)
{
    buf_append_text(out,
                    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The numbers of the charts of ");
    html_text(out, page_name(snapshot));
    buf_printf(out,
               "\"><table id=\"%s\" class=\"dense\">\n<thead><tr><th scope=\"col\">Batch</th><th scope=\"col\">Time"
               "</th>",
               id);
    for (size_t i = 0; i < n; i++) {
        buf_append_text(out, "<th scope=\"col\">");
        html_text(out, columns[i].label);
        buf_append_text(out, "</th>");
    }
    buf_printf(out, "</tr></thead>\n<tbody data-run=\"%s\" data-keep=\"%zu\"%s>\n", snapshot->run_id, series->n,
               after >= 0 ? " data-more" : "");
    for (size_t at = series->n; at-- > 0 && series->batch[at] > after;) {
        buf_printf(out, "<tr data-key=\"%" PRId64 "\" data-ms=\"%" PRId64 "\"><td><a href=\"/batches/batch?",
                   series->batch[at], series->time_ms[at]);
        page_query_parameter(out, snapshot);
        buf_printf(out, "&amp;batch=%" PRId64 "\">%" PRId64 "</a></td><td>", series->batch[at], series->batch[at]);
        html_time_text(out, series->time_ms[at], snapshot->zone, false, true);
        for (size_t i = 0; i < n; i++) {
            buf_append_text(out, "</td><td>");
            html_decimal(out, series->values[columns[i].kind][at], columns[i].decimals);
        }
        buf_append_text(out, "</td></tr>\n");
    }
    page_table_end(out);
}

int page_numbers_column(const struct page_number *columns, size_t n, int kind)
{
    for (size_t i = 0; i < n; i++)
        if (columns[i].kind == kind)
            return (int)i + 2;
    return 0;
}
