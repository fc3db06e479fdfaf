/* /records/: what could not be read: how much of it by query, and the newest such records themselves. */
#include "page_internal.h"

#include "common/escape.h"

#include <math.h>

static void bad_row(struct buf *out, const struct snapshot *snapshot, const struct snapshot_bad *bad)
{
    struct buf text = BUF_INIT;

    buf_append_text(out, "<tr>");
    page_cell_text(out, page_name(snapshot));
    buf_append_text(out, "<td>");
    html_time(out, bad->timestamp_ms, snapshot->zone, false);
    buf_append_text(out, "</td>");
    page_cell_text(out, bad->topic);
    page_cell_number(out, bad->partition);
    page_cell_number(out, bad->offset);
    page_cell_number(out, bad->batch_id);
    buf_append_text(out, "<td class=\"wide\">");
    html_text(out, bad->reason);
    buf_append_text(out, bad->partial ? " <small>(the other columns are kept)</small>" : "");
    buf_append_text(out, "</td>");
    page_cell(out, true);
    html_size(out, (double)bad->size_bytes);
    buf_append_text(out, "</td><td class=\"snippet\">");
    /* What fools a reader is made visible first, then what fools a browser is made harmless. */
    escape_visible(bad->text, bad->text_len, 0, &text);
    if (text.failed)
        out->failed = true;
    else if (text.len > 0)
        escape_html(text.data, text.len, out);
    buf_append_text(out, bad->size_bytes > bad->text_len ? "…</td></tr>\n" : "</td></tr>\n");
    buf_release(&text);
}

static void last_records(struct http_request *request, struct buf *out)
{
    static const struct page_column columns[] = {
        {NULL, "Query", false, NULL},
        {NULL, "Record's time", false, "When the broker got it"},
        {NULL, "Topic", false, NULL},
        {NULL, "Partition", true, NULL},
        {NULL, "Offset", true, NULL},
        {NULL, "Batch", true, NULL},
        {NULL, "Reason", false, NULL},
        {NULL, "Size", true, NULL},
        {NULL, "Beginning", false, "Bytes that are no text are shown as \\xNN"},
    };
    size_t n = board_queries(request->board), shown = 0;

    buf_append_text(out, "<h2>The newest bad records</h2>\n");
    page_table(out, "bad", "The newest bad records", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        for (size_t k = snapshot == NULL || snapshot->bad == NULL ? 0 : snapshot->bad->n; k > 0; k--, shown++)
            bad_row(out, snapshot, &snapshot->bad->items[k - 1]);
        snapshot_unref(snapshot);
    }
    if (shown == 0)
        buf_append_text(out,
                        "<tr><td colspan=\"9\" class=\"none\">None: every record that this run has read was what the "
                        "source's schema says.</td></tr>\n");
    page_table_end(out);
    buf_printf(out, "<p class=\"soft\">The newest %d of each query are kept, at most 8 of a batch and partition.</p>\n",
               SNAPSHOT_BAD_MAX);
}

void page_records(struct http_request *request, struct http_answer *answer)
{
    static const struct page_column columns[] = {
        {NULL, "Query", false, NULL},
        {NULL, "Rows read", true, NULL},
        {NULL, "Bad records", true, "Records that FAILFAST would fail on"},
        {NULL, "Share, %", true, NULL},
        {NULL, "Late rows", true, "Dropped because the watermark had passed them"},
        {NULL, "Error", false, "Of a query that a bad record ended: topic, partition, offset and text"},
    };
    struct buf *out = &answer->body;
    size_t n = board_queries(request->board);

    page_begin(request, answer, "Bad records", "/records/");
    page_table(out, "records", "Bad records by query", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL,
               false);
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot == NULL)
            continue;
        buf_append_text(out, "<tr>");
        page_cell_text(out, page_name(snapshot));
        page_cell_number(out, snapshot->input_rows_total);
        page_cell_number(out, snapshot->bad_records_total);
        page_cell_decimal(out,
                          snapshot->input_rows_total > 0
                              ? 100.0 * (double)snapshot->bad_records_total / (double)snapshot->input_rows_total
                              : NAN,
                          3);
        page_cell_number(out, snapshot->late_rows_total);
        buf_append_text(out, "<td class=\"failed wide\">");
        html_text(out, snapshot->error);
        buf_append_text(out, "</td></tr>\n");
        snapshot_unref(snapshot);
    }
    page_table_end(out);
    last_records(request, out);
    buf_append_text(out,
                    "<p class=\"soft\">A malformed record counts here and becomes a row of NULLs "
                    "(<code>onMalformed = null</code>), ends the query (<code>fail</code>), or goes to the dead-letter "
                    "topic (<code>deadletter</code>).</p>\n");
    page_end(request, answer);
}
