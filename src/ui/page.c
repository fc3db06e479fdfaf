#include "ui/page.h"

#include "common/clock.h"
#include "common/escape.h"
#include "record/table_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_ROWS 20

/* The style sheet lies in the binary: no file is opened to serve it. */
__asm__(".pushsection .rodata\n"
        ".globl page_style_begin\n"
        ".globl page_style_end\n"
        "page_style_begin:\n"
        ".incbin \"src/ui/assets/style.css\"\n"
        "page_style_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const char page_style_begin[];
extern const char page_style_end[];

void page_style(struct http_request *request, struct http_answer *answer)
{
    (void)request;
    answer->content_type = "text/css; charset=utf-8";
    answer->cache = "no-cache";
    buf_append(&answer->body, page_style_begin, (size_t)(page_style_end - page_style_begin));
}

static void text(struct buf *out, const char *value)
{
    escape_html(value, strlen(value), out);
}

static void item(struct buf *out, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void item(struct buf *out, const char *name, const char *format, ...)
{
    struct buf value = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&value, format, args);
    va_end(args);
    buf_append_text(out, "<div><dt>");
    text(out, name);
    buf_append_text(out, "</dt><dd>");
    if (value.failed)
        out->failed = true;
    else
        text(out, value.data);
    buf_append_text(out, "</dd></div>\n");
    buf_release(&value);
}

/* Spark's short form: 12 ms, 0.3 s, 12 s, 4.0 min, 12 min, 1.5 h (UIUtils.formatDuration). */
static void duration_text(int64_t ms, char *out, size_t size)
{
    double s = (double)ms / 1000.0;

    if (ms < 100)
        snprintf(out, size, "%" PRId64 " ms", ms);
    else if (s < 1)
        snprintf(out, size, "%.1f s", s);
    else if (s < 60)
        snprintf(out, size, "%.0f s", s);
    else if (s < 600)
        snprintf(out, size, "%.1f min", s / 60);
    else if (s < 3600)
        snprintf(out, size, "%.0f min", s / 60);
    else
        snprintf(out, size, "%.1f h", s / 3600);
}

static void rate_item(struct buf *out, const char *name, double rate)
{
    if (isfinite(rate))
        item(out, name, "%.1f", rate);
}

/* How long the records that wait have been arriving: lag over the arrival rate, where that is known. */
static void lag_items(struct buf *out, const struct snapshot *snapshot)
{
    int64_t lag = snapshot_lag(snapshot);
    double arrival = 0.0;

    if (lag < 0) {
        item(out, "Lag", "not known yet");
        return;
    }
    item(out, "Lag", "%" PRId64 " records", lag);
    for (size_t i = 0; i < snapshot->npartitions; i++)
        if (isfinite(snapshot->partitions[i].arrival_rate))
            arrival += snapshot->partitions[i].arrival_rate;
    if (lag > 0 && arrival > 0) {
        char behind[32];
        duration_text((int64_t)((double)lag / arrival * 1000.0), behind, sizeof(behind));
        item(out, "Behind by", "%s", behind);
    }
}

static void batch_items(struct buf *out, const struct progress *progress)
{
    char duration[32];

    item(out, "Batch", "%" PRId64, progress->batch_id);
    item(out, "Input rows", "%" PRId64, progress_rows(progress));
    rate_item(out, "Input rows per second", progress->input_rows_per_second);
    rate_item(out, "Processed rows per second", progress->processed_rows_per_second);
    duration_text(progress->duration_ms, duration, sizeof(duration));
    item(out, "Batch duration", "%s", duration);
    for (int i = 0; i < PROGRESS_PHASES; i++)
        if (progress->phase_ms[i] != PROGRESS_NONE)
            item(out, progress_phase_name((enum progress_phase)i), "%.3f ms", (double)progress->phase_us[i] / 1000.0);
    if (progress->nstates > 0)
        item(out, "State rows", "%" PRId64, progress->states[0].rows_total);
    if (progress->has_watermark) {
        struct buf time = BUF_INIT;
        clock_iso_utc(progress->watermark_ms, &time);
        if (!time.failed)
            item(out, "Watermark", "%s", time.data);
        buf_release(&time);
    }
}

static bool is_number(const struct type *type)
{
    return type->id == TYPE_INT || type->id == TYPE_BIGINT || type->id == TYPE_DOUBLE;
}

static void result_table(struct buf *out, const struct snapshot *snapshot)
{
    const struct snapshot_result *result = snapshot->result;
    const struct rowset *rows = &result->rows;
    size_t shown = rows->nrows < SHOWN_ROWS ? rows->nrows : SHOWN_ROWS;
    const struct zone *zone = snapshot->zone != NULL ? snapshot->zone : zone_utc();
    struct buf cell = BUF_INIT;

    buf_append_text(out,
                    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"result\"><table>\n<thead><tr>");
    for (size_t c = 0; c < rows->schema.ncolumns; c++) {
        buf_append_text(out, is_number(rows->schema.columns[c].type) ? "<th scope=\"col\" class=\"number\">"
                                                                     : "<th scope=\"col\">");
        text(out, rows->schema.columns[c].name);
        buf_append_text(out, "</th>");
    }
    buf_append_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t row = 0; row < shown; row++) {
        buf_append_text(out, "<tr>");
        for (size_t c = 0; c < rows->schema.ncolumns; c++) {
            buf_append_text(out, is_number(rows->schema.columns[c].type) ? "<td class=\"number\">" : "<td>");
            if (vector_is_null(&rows->columns[c], row)) {
                buf_append_text(out, "<span class=\"null\">NULL</span>");
            } else {
                buf_reset(&cell);
                table_text_cell(&cell, &rows->columns[c], row, zone);
                if (cell.failed)
                    out->failed = true;
                else if (cell.len > 0)
                    escape_html(cell.data, cell.len, out);
            }
            buf_append_text(out, "</td>");
        }
        buf_append_text(out, "</tr>\n");
    }
    buf_append_text(out, "</tbody></table></div>\n");
    buf_printf(out, "<p class=\"soft\">%zu of %" PRId64 " rows, batch %" PRId64, shown, result->total_rows,
               result->batch_id);
    if (snapshot->name != NULL) {
        buf_append_text(out, " · <a href=\"/api/v1/table?limit=1000000&amp;query=");
        text(out, snapshot->name);
        buf_append_text(out, "\">JSON</a> · <a href=\"/api/v1/table?limit=1000000&amp;format=csv&amp;query=");
        text(out, snapshot->name);
        buf_append_text(out, "\">CSV</a>");
    }
    buf_append_text(out, "</p>\n");
    buf_release(&cell);
}

static void query(struct buf *out, const struct snapshot *snapshot)
{
    const char *status = snapshot_status_name(snapshot->status);

    buf_append_text(out, "<section>\n<h2>");
    text(out, snapshot->name != NULL ? snapshot->name : "<no name>");
    buf_printf(out, " <span class=\"status %s\">%s</span></h2>\n<p class=\"soft\">", status, status);
    if (snapshot->message != NULL)
        text(out, snapshot->message);
    buf_append_text(out, "</p>\n");
    if (snapshot->error != NULL) {
        buf_append_text(out, "<p class=\"failed\">");
        text(out, snapshot->error);
        buf_append_text(out, "</p>\n");
    }
    buf_append_text(out, "<dl>\n");
    item(out, "Trigger", "%s", snapshot->trigger != NULL ? snapshot->trigger : "");
    lag_items(out, snapshot);
    item(out, "Rows read", "%" PRId64, snapshot->input_rows_total);
    if (snapshot->nhistory > 0)
        batch_items(out, &snapshot->history[snapshot->nhistory - 1]->progress);
    if (snapshot->bad_records_total > 0)
        item(out, "Bad records", "%" PRId64, snapshot->bad_records_total);
    buf_append_text(out, "</dl>\n");
    if (snapshot->result != NULL)
        result_table(out, snapshot);
    buf_append_text(out, "</section>\n");
}

void page_overview(struct http_request *request, struct http_answer *answer)
{
    const struct board_application *app = board_application(request->board);
    struct buf *out = &answer->body;
    char uptime[32];
    size_t n = board_queries(request->board);

    answer->content_type = "text/html; charset=utf-8";
    answer->cache = "no-cache";
    duration_text(clock_wall_ms() - app->start_ms, uptime, sizeof(uptime));
    buf_append_text(
        out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
             "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"refresh\" content=\"2\">\n<title>");
    text(out, app->name);
    buf_append_text(out,
                    "</title>\n<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n<header><h1>");
    text(out, app->name);
    buf_append_text(out, "</h1><span class=\"soft\">User: ");
    text(out, app->user);
    buf_append_text(out, "</span><span class=\"soft\">Total Uptime: ");
    text(out, uptime);
    buf_append_text(out, "</span></header>\n<main>\n");
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL)
            query(out, snapshot);
        snapshot_unref(snapshot);
    }
    buf_append_text(out,
                    "</main>\n<footer class=\"soft\"><a href=\"/api/v1/progress\">progress</a> · <a "
                    "href=\"/api/v1/source\">source</a> · "
                    "<a href=\"/metrics\">metrics</a> · <a href=\"/version\">version</a></footer>\n</body>\n</html>\n");
}
