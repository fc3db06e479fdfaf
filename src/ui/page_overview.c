/* The first page: is it running, how fast, how far behind, what took the time, what does the result say. */
#include "page_internal.h"

#include "common/clock.h"
#include "ui/chart.h"
#include "ui/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_ROWS 20
#define SHOWN_BATCHES 60
#define SHOWN_MS 0.05 /* phases below that would read 0.0 ms */

void page_parts_of(const struct progress *progress, const char *names[PAGE_PARTS], double values[PAGE_PARTS])
{
    size_t n = 0;

    for (int i = 0; i < PROGRESS_PHASES; i++) {
        if (i == PROGRESS_TRIGGER_EXECUTION)
            continue;
        names[n] = progress_phase_name((enum progress_phase)i);
        values[n++] = progress->phase_ms[i] == PROGRESS_NONE ? NAN : (double)progress->phase_us[i] / 1000.0;
    }
}

void page_parts(struct buf *out, const struct progress *progress)
{
    const char *names[PAGE_PARTS];
    double values[PAGE_PARTS];

    page_parts_of(progress, names, values);
    chart_parts(out, "Phases of the batch", names, values, PAGE_PARTS);
    buf_append_text(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < PAGE_PARTS; i++) {
        if (!(values[i] >= SHOWN_MS))
            continue;
        buf_printf(out, "<li class=\"s%zu\">%s <b>", i + 1, names[i]);
        chart_value(out, CHART_MS, values[i]);
        buf_append_text(out, "</b></li>");
    }
    buf_append_text(out, "</ul>\n");
}

static void rate_fact(struct buf *out, const char *name, double rate)
{
    page_fact(out, name);
    html_decimal(out, rate, 1);
    if (isfinite(rate))
        buf_append_text(out, " <small>/s</small>");
    page_fact_end(out);
}

static void pace_facts(struct buf *out, const struct snapshot *snapshot)
{
    struct page_pace pace;

    page_pace_of(snapshot, &pace);
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
    page_fact(out, "Caught up in");
    page_append_ms(out, pace.catch_up_ms);
    page_fact_end(out);
    rate_fact(out, "Arriving", pace.arrival);
}

static void batch_facts(struct buf *out, const struct snapshot *snapshot)
{
    const struct progress *last = &snapshot->history[snapshot->nhistory - 1]->progress;

    rate_fact(out, "Input", last->input_rows_per_second);
    rate_fact(out, "Process", last->processed_rows_per_second);
    page_fact_number(out, "Rows in batch", progress_rows(last));
    page_fact(out, "Batch duration");
    chart_value(out, CHART_MS, (double)last->duration_ms);
    page_fact_end(out);
    if (last->nstates > 0)
        page_fact_number(out, "State rows", last->states[0].rows_total);
    if (last->has_watermark && last->watermark_ms > 0) {
        page_fact(out, "Watermark");
        html_time(out, last->watermark_ms, snapshot->zone, false);
        page_fact_end(out);
    }
}

static void facts(struct buf *out, const struct snapshot *snapshot)
{
    buf_append_text(out, "<dl class=\"facts\">\n");
    page_fact(out, "Batch");
    if (snapshot->nhistory > 0) {
        int64_t id = snapshot->history[snapshot->nhistory - 1]->progress.batch_id;
        buf_append_text(out, "<a href=\"/batches/batch?");
        page_query_parameter(out, snapshot);
        buf_printf(out, "&amp;batch=%" PRId64 "\">%" PRId64 "</a>", id, id);
    } else {
        buf_append_text(out, "–");
    }
    page_fact_end(out);
    pace_facts(out, snapshot);
    if (snapshot->nhistory > 0)
        batch_facts(out, snapshot);
    page_fact_number(out, "Rows read", snapshot->input_rows_total);
    page_fact_number(out, "Bad records", snapshot->bad_records_total);
    if (snapshot->late_rows_total > 0)
        page_fact_number(out, "Late rows", snapshot->late_rows_total);
    if (snapshot->batches_behind > 0)
        page_fact_number(out, "Batches behind", snapshot->batches_behind);
    page_fact_text(out, "Trigger", snapshot->trigger);
    buf_append_text(out, "</dl>\n");
}

static void charts(struct buf *out, const struct snapshot *snapshot, size_t number)
{
    struct series series;
    char id[48];

    if (series_init(&series, snapshot, SHOWN_BATCHES) != 0) {
        out->failed = true;
        return;
    }
    const struct chart_series rates[] = {{"taken", 1, series.values[SERIES_INPUT_RATE], 0},
                                         {"arriving", 3, series.values[SERIES_ARRIVAL_RATE], 0}};
    const struct chart_series duration[] = {{"duration", 1, series.values[SERIES_DURATION], 0}};
    struct chart chart = {.id = id,
                          .n = series.n,
                          .time_ms = series.time_ms,
                          .limit = NAN,
                          .gap_ms = series.gap_ms,
                          .until_ms = snapshot->end_ms == 0 ? clock_wall_ms() : 0,
                          .zone = snapshot->zone};
    buf_append_text(out, "<div class=\"charts\">\n");
    snprintf(id, sizeof(id), "rate-%zu", number);
    chart.title = "Input and arrival";
    chart.help = "Records per second that reached the topic, and that batches took.";
    chart.unit = CHART_RATE;
    chart.nseries = 2;
    chart.series = rates;
    chart_figure(out, &chart);
    snprintf(id, sizeof(id), "duration-%zu", number);
    chart.title = "Batch duration";
    chart.help = "How long each batch took.";
    chart.unit = CHART_MS;
    chart.nseries = 1;
    chart.series = duration;
    chart.limit = snapshot->trigger_ms > 0 ? (double)snapshot->trigger_ms : NAN;
    chart.limit_name = "trigger interval";
    chart_figure(out, &chart);
    buf_append_text(out, "</div>\n");
    series_release(&series);
}

static void result(struct buf *out, const struct snapshot *snapshot, size_t number)
{
    const struct rowset *rows = &snapshot->result->rows;
    size_t shown = rows->nrows < SHOWN_ROWS ? rows->nrows : SHOWN_ROWS;
    char id[32];

    snprintf(id, sizeof(id), "result-%zu", number);
    buf_printf(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Result of ");
    html_text(out, page_name(snapshot));
    buf_printf(out, "\"><table id=\"%s\">\n<thead><tr>", id);
    for (size_t c = 0; c < rows->schema.ncolumns; c++) {
        buf_append_text(out, page_result_number(rows->schema.columns[c].type) ? "<th scope=\"col\" class=\"number\">"
                                                                              : "<th scope=\"col\">");
        html_text(out, rows->schema.columns[c].name);
        buf_append_text(out, "</th>");
    }
    buf_append_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t row = 0; row < shown; row++) {
        buf_append_text(out, "<tr>");
        for (size_t c = 0; c < rows->schema.ncolumns; c++)
            page_result_cell(out, &rows->columns[c], row, snapshot->zone);
        buf_append_text(out, "</tr>\n");
    }
    page_table_end(out);
    buf_append_text(out, "<p class=\"soft\">");
    if (shown == 0)
        buf_append_text(out, "The last batch changed no row: ");
    html_number(out, (int64_t)shown);
    buf_append_text(out, " of ");
    html_number(out, snapshot->result->total_rows);
    buf_printf(out, " rows, batch %" PRId64 " · <a href=\"/result/?", snapshot->result->batch_id);
    page_query_parameter(out, snapshot);
    buf_append_text(out, "\">search and sort<span class=\"unseen\"> the result of ");
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</span></a></p>\n");
}

static void query(struct buf *out, const struct snapshot *snapshot, size_t number)
{
    buf_append_text(out, "<section class=\"query\">\n<h2><a href=\"/StreamingQuery/statistics?id=");
    html_url(out, snapshot->run_id);
    buf_append_text(out, "\">");
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</a> ");
    page_status(out, snapshot);
    buf_append_text(out, " <span class=\"message\">");
    html_text(out, snapshot->error == NULL ? snapshot->message : "");
    buf_append_text(out, "</span></h2>\n");
    if (snapshot->error != NULL) {
        buf_append_text(out, "<p class=\"failed\">");
        html_text(out, snapshot->error);
        buf_append_text(out, "</p>\n");
    }
    facts(out, snapshot);
    buf_append_text(out, "<div class=\"split\"><div>\n");
    if (snapshot->nhistory > 0) {
        buf_append_text(out, "<h3>Last batch</h3>\n");
        page_parts(out, &snapshot->history[snapshot->nhistory - 1]->progress);
    }
    charts(out, snapshot, number);
    buf_append_text(out, "</div><div>\n");
    if (snapshot->result != NULL) {
        buf_append_text(out, "<h3>Result</h3>\n");
        result(out, snapshot, number);
    }
    buf_append_text(out, "</div></div>\n</section>\n");
}

void page_overview(struct http_request *request, struct http_answer *answer)
{
    size_t n = board_queries(request->board), shown = 0;

    page_begin(request, answer, "Overview", "/");
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL) {
            query(&answer->body, snapshot, i);
            shown++;
        }
        snapshot_unref(snapshot);
    }
    if (shown == 0)
        buf_append_text(&answer->body,
                        "<p class=\"empty\">No query has been opened yet: the broker is being asked, or a "
                        "checkpoint read.</p>\n");
    page_end(request, answer);
}
