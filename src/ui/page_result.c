/* /result/: the table a query makes, searched and sorted here, so that it works without the script and the state is in
 * the URL. What is looked at is bounded: the page must not hold up the server's one thread for long. */
#include "page_internal.h"

#include "common/escape.h"
#include "record/table_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_PAGE 100
#define MAX_SEARCHED 100000

static const char here[] = "/result/";

bool page_result_number(const struct type *type)
{
    return type->id == TYPE_INT || type->id == TYPE_BIGINT || type->id == TYPE_DOUBLE;
}

void page_result_cell(struct buf *out, const struct vector *column, size_t row, const struct zone *zone)
{
    struct buf text = BUF_INIT;

    page_cell(out, page_result_number(column->type));
    if (vector_is_null(column, row)) {
        buf_append_text(out, "<span class=\"null\">NULL</span>");
    } else {
        table_text_cell(&text, column, row, zone != NULL ? zone : zone_utc());
        if (text.failed)
            out->failed = true;
        else if (text.len > 0)
            escape_html(text.data, text.len, out);
    }
    buf_append_text(out, "</td>");
    buf_release(&text);
}

/* --- searching and sorting -------------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* ASCII letters in any case; other bytes as they are. */
static bool contains(const char *text, size_t len, const char *wanted, size_t wanted_len)
{
    for (size_t i = 0; i + wanted_len <= len; i++) {
        size_t k = 0;
        while (k < wanted_len && lower(text[i + k]) == lower(wanted[k]))
            k++;
        if (k == wanted_len)
            return true;
    }
    return wanted_len == 0;
}

static bool row_matches(const struct rowset *rows, size_t row, const char *wanted, const struct zone *zone,
                        struct buf *text)
{
    for (size_t c = 0; c < rows->schema.ncolumns; c++) {
        const struct vector *column = &rows->columns[c];
        if (vector_is_null(column, row))
            continue;
        buf_reset(text);
        table_text_cell(text, column, row, zone);
        if (text->len > 0 && contains(text->data, text->len, wanted, strlen(wanted)))
            return true;
    }
    return false;
}

/* NULL before everything, as Spark sorts. */
static int order(const struct vector *column, bool descending, uint32_t a, uint32_t b)
{
    bool a_null = vector_is_null(column, a), b_null = vector_is_null(column, b);
    int result = a_null || b_null ? b_null - a_null : vector_compare(column, a, column, b);

    return descending ? -result : result;
}

/* Merge sort: stable, so that the query's own order decides between equals. scratch has room for n. */
static void sort(uint32_t *rows, uint32_t *scratch, size_t n, const struct vector *column, bool descending)
{
    if (n < 2)
        return;
    size_t half = n / 2, a = 0, b = half;
    sort(rows, scratch, half, column, descending);
    sort(rows + half, scratch, n - half, column, descending);
    memcpy(scratch, rows, n * sizeof(*rows));
    for (size_t i = 0; i < n; i++) {
        bool left = b == n || (a < half && order(column, descending, scratch[a], scratch[b]) <= 0);
        rows[i] = left ? scratch[a++] : scratch[b++];
    }
}

struct view {
    uint32_t *rows; /* row numbers, in the order shown */
    size_t n;
    bool cut; /* there are more than were looked at */
};

static int choose_rows(const struct snapshot *snapshot, const char *wanted, const char *sorted, bool descending,
                       struct view *view)
{
    const struct rowset *rows = &snapshot->result->rows;
    const struct zone *zone = snapshot->zone != NULL ? snapshot->zone : zone_utc();
    size_t n = rows->nrows < MAX_SEARCHED ? rows->nrows : MAX_SEARCHED;
    struct buf text = BUF_INIT;
    uint32_t *scratch = malloc((n + 1) * sizeof(*scratch));

    view->rows = malloc((n + 1) * sizeof(*view->rows));
    view->n = 0;
    view->cut = rows->nrows > n;
    if (view->rows == NULL || scratch == NULL) {
        free(scratch);
        free(view->rows);
        return -1;
    }
    for (size_t row = 0; row < n; row++)
        if (wanted == NULL || *wanted == '\0' || row_matches(rows, row, wanted, zone, &text))
            view->rows[view->n++] = (uint32_t)row;
    for (size_t c = 0; sorted != NULL && c < rows->schema.ncolumns; c++) {
        if (strcmp(rows->schema.columns[c].name, sorted) == 0) {
            sort(view->rows, scratch, view->n, &rows->columns[c], descending);
            break;
        }
    }
    buf_release(&text);
    free(scratch);
    return 0;
}

/* --- the page --------------------------------------------------------------------------------------------------- */

static void search_box(struct buf *out, const char *wanted)
{
    /* The content policy forbids forms; the script puts the text into the URL. Without it, ?q= does. */
    buf_append_text(out,
                    "<p class=\"search\"><label for=\"search\">Search</label> <input type=\"search\" id=\"search\" "
                    "autocomplete=\"off\" spellcheck=\"false\" data-parameter=\"q\" value=\"");
    html_text(out, wanted);
    buf_append_text(out, "\"><noscript> <span class=\"soft\">Without JavaScript: add <code>q=TEXT</code> to the "
                         "address.</span></noscript></p>\n");
}

static void counts(struct buf *out, const struct snapshot *snapshot, const struct view *view, const char *wanted)
{
    const struct snapshot_result *result = snapshot->result;

    buf_append_text(out, "<p class=\"soft\">");
    if (wanted != NULL && *wanted != '\0') {
        html_number(out, (int64_t)view->n);
        buf_append_text(out, " found of ");
    }
    html_number(out, result->total_rows);
    buf_printf(out, " rows, batch %" PRId64, result->batch_id);
    if (view->cut || result->total_rows > (int64_t)result->rows.nrows) {
        buf_append_text(out, "; the first ");
        html_number(out, view->cut ? MAX_SEARCHED : (int64_t)result->rows.nrows);
        buf_append_text(out, " are searched and sorted here");
    }
    if (snapshot->unmatched_rows_total > 0 && snapshot->input_rows_total > 0) {
        buf_append_text(out, " · ");
        html_decimal(out, 100.0 * (double)snapshot->unmatched_rows_total / (double)snapshot->input_rows_total, 1);
        buf_append_text(out, " % of the rows read had no match in the joined table");
    }
    page_exports(out, "/api/v1/table?limit=1000000&", "/api/v1/table?limit=1000000&format=csv&", snapshot);
    buf_append_text(out, "</p>\n");
}

static void content(struct http_request *request, struct buf *out, const struct snapshot *snapshot, int64_t page)
{
    const struct rowset *rows = &snapshot->result->rows;
    const char *wanted = http_parameter(request, "q");
    const char *sorted = http_parameter(request, "sort");
    bool descending = page_descending(request);
    size_t ncolumns = rows->schema.ncolumns;
    struct page_column *columns = calloc(ncolumns + 1, sizeof(*columns));
    struct buf base = BUF_INIT, link = BUF_INIT;
    struct view view;

    if (columns == NULL || choose_rows(snapshot, wanted, sorted, descending, &view) != 0) {
        free(columns);
        out->failed = true;
        return;
    }
    for (size_t c = 0; c < ncolumns; c++)
        columns[c] = (struct page_column){rows->schema.columns[c].name, rows->schema.columns[c].name,
                                          page_result_number(rows->schema.columns[c].type), NULL};
    buf_append_text(&base, "/result/?");
    page_query_parameter(&base, snapshot);
    if (wanted != NULL && *wanted != '\0') {
        buf_append_text(&base, "&q=");
        html_url(&base, wanted);
    }
    buf_append_byte(&base, '&');
    search_box(out, wanted);
    counts(out, snapshot, &view, wanted);
    page_table(out, "result", "Result", columns, ncolumns, base.failed ? NULL : base.data, sorted, descending);
    int64_t pages = ((int64_t)view.n + ROWS_A_PAGE - 1) / ROWS_A_PAGE;
    if (page > pages)
        page = pages < 1 ? 1 : pages;
    size_t skip = (size_t)(page - 1) * ROWS_A_PAGE;
    for (size_t i = skip; i < skip + ROWS_A_PAGE && i < view.n; i++) {
        buf_append_text(out, "<tr>");
        for (size_t c = 0; c < ncolumns; c++)
            page_result_cell(out, &rows->columns[c], view.rows[i], snapshot->zone);
        buf_append_text(out, "</tr>\n");
    }
    page_table_end(out);
    buf_append_text(&link, base.failed ? "" : base.data);
    if (sorted != NULL) {
        buf_append_text(&link, "sort=");
        html_url(&link, sorted);
        buf_append_text(&link, descending ? "&desc=true&" : "&desc=false&");
    }
    page_pages(out, link.failed ? "/result/?" : link.data, page, pages);
    buf_release(&base);
    buf_release(&link);
    free(view.rows);
    free(columns);
}

void page_result(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    int64_t page = 1;

    if (http_number(request, "page", 1, INT32_MAX, &page, answer) < 0)
        return;
    struct snapshot *snapshot = page_choose(request, answer, "Result", here);
    if (snapshot == NULL)
        return;
    page_begin(request, answer, "Result", here);
    page_switch(request, answer, snapshot);
    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_byte(out, ' ');
    html_text(out, page_name(snapshot));
    buf_append_text(out, snapshot->output_mode != NULL && strcmp(snapshot->output_mode, "complete") == 0
                             ? ": the whole table"
                             : ": the last batch's rows");
    buf_append_text(out, "</p>\n");
    page_trouble(out, snapshot);
    if (snapshot->result == NULL)
        buf_append_text(out, "<p class=\"empty\">No batch has been finished yet.</p>\n");
    else
        content(request, out, snapshot, page);
    page_end(request, answer);
    snapshot_unref(snapshot);
}
