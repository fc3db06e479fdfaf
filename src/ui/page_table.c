/* Tables: heads that sort by links, so that they work without the script and the state is in the URL. */
#include "page_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What follows the link's last separator: "active." of a page with several tables, else nothing. */
static const char *prefix_of(const char *link)
{
    const char *end = link + strlen(link);

    while (end > link && end[-1] != '?' && end[-1] != '&')
        end--;
    return end;
}

static void head(struct buf *out, const struct page_column *column, const char *link, const char *sort, bool descending)
{
    bool sorted = column->key != NULL && sort != NULL && strcmp(sort, column->key) == 0;

    buf_append_text(out, "<th scope=\"col\"");
    if (column->number)
        buf_append_text(out, " class=\"number\"");
    if (column->key != NULL && link != NULL)
        buf_printf(out, " aria-sort=\"%s\"", !sorted ? "none" : descending ? "descending" : "ascending");
    if (column->help != NULL) {
        buf_append_text(out, " title=\"");
        html_text(out, column->help);
        buf_append_byte(out, '"');
    }
    buf_append_byte(out, '>');
    if (column->key != NULL && link != NULL) {
        /* As in Spark: the first click sorts ascending, the second descending. */
        buf_append_text(out, "<a class=\"sort\" href=\"");
        html_text(out, link);
        buf_append_text(out, "sort=");
        html_url(out, column->key);
        buf_append_text(out, "&amp;");
        html_text(out, prefix_of(link));
        buf_printf(out, "desc=%s\">", sorted && !descending ? "true" : "false");
        html_text(out, column->label);
        buf_append_text(out, sorted ? descending ? "\u00a0▾</a>" : "\u00a0▴</a>" : "</a>");
    } else {
        html_text(out, column->label);
    }
    buf_append_text(out, "</th>");
}

void page_table(struct buf *out, const char *id, const char *caption, const struct page_column *columns, size_t n,
                const char *link, const char *sort, bool descending)
{
    buf_append_text(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    html_text(out, caption);
    buf_printf(out, "\"><table id=\"%s\">\n<thead><tr>", id);
    for (size_t i = 0; i < n; i++)
        head(out, &columns[i], link, sort, descending);
    buf_append_text(out, "</tr></thead>\n<tbody>\n");
}

void page_table_end(struct buf *out)
{
    buf_append_text(out, "</tbody></table></div>\n");
}

void page_cell(struct buf *out, bool number)
{
    buf_append_text(out, number ? "<td class=\"number\">" : "<td>");
}

void page_cell_number(struct buf *out, int64_t value)
{
    page_cell(out, true);
    html_number(out, value);
    buf_append_text(out, "</td>");
}

void page_cell_decimal(struct buf *out, double value, int decimals)
{
    page_cell(out, true);
    html_decimal(out, value, decimals);
    buf_append_text(out, "</td>");
}

void page_cell_text(struct buf *out, const char *text)
{
    page_cell(out, false);
    html_text(out, text);
    buf_append_text(out, "</td>");
}

void page_links(struct buf *out, const char *json, const char *csv)
{
    if (json != NULL) {
        buf_append_text(out, " · <a href=\"");
        html_text(out, json);
        buf_append_text(out, "\">JSON</a>");
    }
    if (csv != NULL) {
        buf_append_text(out, " · <a href=\"");
        html_text(out, csv);
        buf_append_text(out, "\">CSV</a>");
    }
}

void page_exports(struct buf *out, const char *json, const char *csv, const struct snapshot *snapshot)
{
    struct buf json_link = BUF_INIT, csv_link = BUF_INIT;

    buf_append_text(&json_link, json);
    page_query_parameter(&json_link, snapshot);
    buf_append_text(&csv_link, csv);
    page_query_parameter(&csv_link, snapshot);
    page_links(out, json_link.failed ? NULL : json_link.data, csv_link.failed ? NULL : csv_link.data);
    buf_release(&json_link);
    buf_release(&csv_link);
}

void page_pages(struct buf *out, const char *link, int64_t page, int64_t pages)
{
    if (pages < 2)
        return;
    buf_append_text(out, "<p class=\"pages\">");
    if (page > 1) {
        buf_append_text(out, "<a href=\"");
        html_text(out, link);
        buf_printf(out, "page=%" PRId64 "\" rel=\"prev\">Previous</a> · ", page - 1);
    }
    buf_append_text(out, "Page ");
    html_number(out, page);
    buf_append_text(out, " of ");
    html_number(out, pages);
    if (page < pages) {
        buf_append_text(out, " · <a href=\"");
        html_text(out, link);
        buf_printf(out, "page=%" PRId64 "\" rel=\"next\">Next</a>", page + 1);
    }
    buf_append_text(out, "</p>\n");
}

bool page_descending(const struct http_request *request)
{
    const char *text = http_parameter(request, "desc");

    return text != NULL && strcmp(text, "true") == 0;
}

/* Merge sort: histories have thousands of rows, and equal ones stay in order. */
static void merge(uint32_t *rows, uint32_t *scratch, size_t n, const double *values, bool descending)
{
    size_t half = n / 2, a = 0, b = half, k = 0;

    if (n < 2)
        return;
    merge(rows, scratch, half, values, descending);
    merge(rows + half, scratch, n - half, values, descending);
    while (a < half && b < n) {
        double x = values[rows[a]], y = values[rows[b]];
        bool second = isnan(x) ? !isnan(y) : !isnan(y) && (descending ? y > x : y < x);
        scratch[k++] = second ? rows[b++] : rows[a++];
    }
    while (a < half)
        scratch[k++] = rows[a++];
    while (b < n)
        scratch[k++] = rows[b++];
    memcpy(rows, scratch, n * sizeof(*rows));
}

void page_order(uint32_t *rows, size_t n, const double *values, bool descending)
{
    uint32_t *scratch = malloc((n + 1) * sizeof(*scratch));

    if (scratch != NULL) /* else the order stays: the page is worth more than its sorting */
        merge(rows, scratch, n, values, descending);
    free(scratch);
}
