/* /plan/: the query's text and its operators, with the rows that went through each. */
#include "page_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows in and out of the operator on line `line` of the explained tree: the last operator stands on top, the scan at
 * the bottom, which has nothing before it. -1: not known. */
static void flow_of(const struct snapshot *snapshot, const int64_t *reached, size_t line, int64_t *in, int64_t *out)
{
    *in = *out = -1;
    if (reached == NULL || line >= snapshot->nreached)
        return;
    *out = reached[snapshot->nreached - 1 - line];
    if (line + 1 < snapshot->nreached)
        *in = reached[snapshot->nreached - 2 - line];
}

static void count_cell(struct buf *out, int64_t rows)
{
    page_cell(out, true);
    if (rows < 0)
        buf_append_text(out, "–");
    else
        html_number(out, rows);
    buf_append_text(out, "</td>");
}

/* What else is known about an operator, by its name. */
static void remark(struct buf *out, const char *operator, const struct snapshot * snapshot)
{
    const struct progress *last = snapshot->last == NULL ? NULL : &snapshot->last->progress;

    if (strncmp(operator, "Join left", 9) == 0) {
        html_number(out, snapshot->unmatched_rows_total);
        buf_append_text(out, " without a match");
    } else if (strncmp(operator, "Scan", 4) == 0 && snapshot->bad_records_total > 0) {
        html_number(out, snapshot->bad_records_total);
        buf_append_text(out, " malformed");
    } else if ((strncmp(operator, "Aggregate", 9) == 0 || strncmp(operator, "Distinct", 8) == 0) && last != NULL &&
               last->nstates > 0) {
        html_number(out, last->states[last->nstates - 1].rows_total);
        buf_append_text(out, " groups kept");
        if (snapshot->late_rows_total > 0) {
            buf_append_text(out, ", ");
            html_number(out, snapshot->late_rows_total);
            buf_append_text(out, " late dropped");
        }
    }
}

static void flow_cells(struct buf *out, const struct snapshot *snapshot, size_t line)
{
    int64_t in, passed;

    flow_of(snapshot, snapshot->reached_last, line, &in, &passed);
    count_cell(out, in);
    count_cell(out, passed);
    flow_of(snapshot, snapshot->reached, line, &in, &passed);
    count_cell(out, in);
    count_cell(out, passed);
    page_cell_decimal(out, in > 0 ? 100.0 * (double)passed / (double)in : NAN, 1);
}

/* The tree, a line an operator. */
static void operators(struct buf *out, const struct snapshot *snapshot)
{
    static const struct page_column columns[] = {
        {NULL, "Operator", false, "Rows flow upwards"},
        {NULL, "Last batch: in", true, NULL},
        {NULL, "out", true, NULL},
        {NULL, "This run: in", true, NULL},
        {NULL, "out", true, "Of an aggregate: groups that were passed on, batch after batch"},
        {NULL, "Out of in, %", true, "Of this run"},
        {NULL, "Remark", false, NULL},
    };
    const char *line = snapshot->explain;

    page_table(out, "operators", "Operators", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    if (snapshot->nreached > 0) {
        buf_append_text(out, "<tr><td class=\"tree\">Sink</td>");
        count_cell(out, snapshot->reached_last[snapshot->nreached - 1]);
        count_cell(out, -1);
        count_cell(out, snapshot->reached[snapshot->nreached - 1]);
        buf_append_text(out, "<td class=\"number\">–</td><td class=\"number\">–</td><td class=\"wide\">");
        html_text(out, snapshot->last == NULL ? NULL : snapshot->last->progress.sink_description);
        buf_append_text(out, "</td></tr>\n");
    }
    for (size_t number = 0; line != NULL && *line != '\0'; number++) {
        size_t len = strcspn(line, "\n");
        char *text = strndup(line, len);
        buf_append_text(out, "<tr><td class=\"tree\">");
        html_text(out, text);
        buf_append_text(out, "</td>");
        flow_cells(out, snapshot, number);
        buf_append_text(out, "<td>");
        if (text != NULL)
            remark(out, text + strspn(text, " +-:|"), snapshot);
        buf_append_text(out, "</td></tr>\n");
        free(text);
        line += len + (line[len] == '\n');
    }
    page_table_end(out);
}

static void share_fact(struct buf *out, const char *name, int64_t rows, int64_t of)
{
    page_fact(out, name);
    html_number(out, rows);
    if (of > 0) {
        buf_append_text(out, " <small>");
        html_decimal(out, 100.0 * (double)rows / (double)of, 1);
        buf_append_text(out, " %</small>");
    }
    page_fact_end(out);
}

void page_plan(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    struct snapshot *snapshot = page_choose(request, answer, "Plan", "/plan/");

    if (snapshot == NULL)
        return;
    page_begin(request, answer, "Plan", "/plan/");
    page_switch(request, answer, snapshot);
    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_byte(out, ' ');
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</p>\n");
    page_trouble(out, snapshot);
    buf_append_text(out, "<h2>Query</h2>\n<pre tabindex=\"0\">");
    html_text(out, snapshot->sql);
    buf_append_text(out, "</pre>\n<h2>Operators</h2>\n");
    operators(out, snapshot);
    if (snapshot->nreached == 0)
        buf_append_text(out, "<p class=\"soft\">Rows are counted from the first batch of this run on.</p>\n");
    buf_append_text(out, "<h2>Rows of this run</h2>\n<dl class=\"facts\">\n");
    page_fact_number(out, "Read from the source", snapshot->input_rows_total);
    share_fact(out, "Malformed", snapshot->bad_records_total, snapshot->input_rows_total);
    share_fact(out, "Without a match in a left join", snapshot->unmatched_rows_total, snapshot->input_rows_total);
    share_fact(out, "Dropped as late", snapshot->late_rows_total, snapshot->input_rows_total);
    page_fact_number(out, "Written to the sink", snapshot->output_rows_total);
    buf_append_text(out, "</dl>\n");
    page_end(request, answer);
    snapshot_unref(snapshot);
}
