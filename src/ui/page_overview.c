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
#define MAX_QUERIES 256

static const struct page_number numbers[] = {
    {SERIES_INPUT_RATE, 1, "Input /sec"},
    {SERIES_ARRIVAL_RATE, 1, "Arriving /sec"},
    {SERIES_LAG, 0, "Lag"},
    {SERIES_DURATION, 0, "Duration, ms"},
    {SERIES_STATE_TOTAL, 0, "State rows"},
    {SERIES_INPUT_ROWS, 0, "Input rows"},
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void batch_facts(struct buf *out, const struct snapshot *snapshot)
{
    const struct progress *last = &snapshot->history[snapshot->nhistory - 1]->progress;

    page_fact_rate(out, "Input", last->input_rows_per_second);
    page_fact_rate(out, "Process", last->processed_rows_per_second);
    page_fact_number(out, "Rows in batch", progress_rows(last));
    page_fact(out, "Batch duration");
    chart_value(out, CHART_MS, (double)last->duration_ms);
    page_fact_end(out);
    if (last->nstates > 0)
        page_fact_number(out, "State rows", last->states[0].rows_total);
    if (last->has_watermark && last->watermark_ms > 0)
        page_fact_time(out, "Watermark", last->watermark_ms, snapshot);
}

static void facts(struct buf *out, const struct snapshot *snapshot)
{
    struct page_pace pace;

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
    page_pace_of(snapshot, &pace);
    page_fact_pace(out, &pace, snapshot);
    if (snapshot->nhistory > 0)
        batch_facts(out, snapshot);
    page_fact_number(out, "Rows read", snapshot->input_rows_total);
    page_fact_number(out, "Bad records", snapshot->bad_records_total);
    if (snapshot->lost_offsets_total > 0)
        page_fact_number(out, "Lost offsets", snapshot->lost_offsets_total);
    if (snapshot->late_rows_total > 0)
        page_fact_number(out, "Late rows", snapshot->late_rows_total);
    if (snapshot->batches_behind > 0)
        page_fact_number(out, "Batches behind", snapshot->batches_behind);
    page_fact_text(out, "Trigger", snapshot->trigger);
    buf_append_text(out, "</dl>\n");
}

static struct chart_series line(const struct series *series, const char *name, int colour, int kind)
{
    return (struct chart_series){name, colour, series->values[kind], page_numbers_column(numbers, NUMBERS, kind)};
}

/* Four charts over one table of numbers. */
static void charts(struct buf *out, const struct snapshot *snapshot, size_t number)
{
    struct series series;
    char id[48], table[48];

    if (series_init(&series, snapshot, SHOWN_BATCHES) != 0) {
        out->failed = true;
        return;
    }
    const struct chart_series rates[] = {line(&series, "taken", 1, SERIES_INPUT_RATE),
                                         line(&series, "arriving", 3, SERIES_ARRIVAL_RATE)};
    const struct chart_series lag = line(&series, "lag", 1, SERIES_LAG);
    const struct chart_series duration = line(&series, "duration", 1, SERIES_DURATION);
    const struct chart_series rows = series.has_state ? line(&series, "state rows", 1, SERIES_STATE_TOTAL)
                                                      : line(&series, "input rows", 1, SERIES_INPUT_ROWS);
    const struct {
        const char *id, *title, *help;
        enum chart_unit unit;
        const struct chart_series *series;
        size_t nseries;
        double limit;
    } shown[] = {
        {"rate", "Input and arrival", "Records per second that reached the topic, and that batches took.", CHART_RATE,
         rates, 2, NAN},
        {"lag", "Lag", "Records between what the batch read and the end of the log.", CHART_RECORDS, &lag, 1, NAN},
        {"duration", "Batch duration", "How long each batch took.", CHART_MS, &duration, 1,
         snapshot->trigger_ms > 0 ? (double)snapshot->trigger_ms : NAN},
        {"rows", series.has_state ? "State rows" : "Input rows",
         series.has_state ? "Groups that are kept." : "Records that each batch took.", CHART_RECORDS, &rows, 1, NAN},
    };
    snprintf(table, sizeof(table), "numbers-%zu", number);
    buf_append_text(out, "<div class=\"charts\">\n");
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        snprintf(id, sizeof(id), "%s-%zu", shown[i].id, number);
        struct chart chart = {.id = id,
                              .title = shown[i].title,
                              .help = shown[i].help,
                              .unit = shown[i].unit,
                              .n = series.n,
                              .time_ms = series.time_ms,
                              .nseries = shown[i].nseries,
                              .series = shown[i].series,
                              .limit = shown[i].limit,
                              .limit_name = "trigger interval",
                              .gap_ms = series.gap_ms,
                              .until_ms = snapshot->end_ms == 0 ? clock_wall_ms() : 0,
                              .zone = snapshot->zone,
                              .table = table};
        chart_figure(out, &chart);
    }
    buf_append_text(out, "</div>\n");
    if (series.n > 0) {
        buf_append_text(out, "<details><summary>The numbers of these charts</summary>\n");
        page_numbers(out, snapshot, &series, table, numbers, NUMBERS, -1);
        buf_append_text(out, "</details>\n");
    }
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
    buf_printf(out, "<section class=\"query\" id=\"query-%zu\">\n<h2><a href=\"/StreamingQuery/statistics?id=", number);
    html_url(out, snapshot->run_id);
    buf_append_text(out, "\">");
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</a> ");
    page_status(out, snapshot);
    buf_append_text(out, " <span class=\"message\">");
    html_text(out, snapshot->error == NULL && snapshot->status != SNAPSHOT_WAITING ? snapshot->message : "");
    buf_append_text(out, "</span></h2>\n");
    page_trouble(out, snapshot);
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

/* All queries in one look, each with a link to its own part. */
static void summary_row(struct buf *out, const struct snapshot *snapshot, size_t number)
{
    const struct progress *last = snapshot->nhistory == 0 ? NULL : &snapshot->history[snapshot->nhistory - 1]->progress;
    struct page_pace pace;

    page_pace_of(snapshot, &pace);
    buf_printf(out, "<tr><td><a href=\"#query-%zu\">", number);
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</a></td><td>");
    page_status(out, snapshot);
    buf_append_text(out, "</td>");
    page_cell(out, true);
    if (last == NULL)
        buf_append_text(out, "–");
    else
        html_number(out, last->batch_id);
    buf_append_text(out, "</td>");
    page_cell_decimal(out, pace.arrival, 1);
    page_cell_decimal(out, last == NULL ? NAN : last->input_rows_per_second, 1);
    page_cell(out, true);
    if (pace.lag < 0)
        buf_append_text(out, "–");
    else
        html_number(out, pace.lag);
    buf_append_text(out, "</td>");
    page_cell(out, true);
    page_append_ms(out, pace.behind_ms);
    buf_append_text(out, "</td>");
    page_cell(out, true);
    chart_value(out, CHART_MS, last == NULL ? NAN : (double)last->duration_ms);
    buf_append_text(out, "</td>");
    page_cell_text(out, snapshot->trigger);
    page_cell_number(out, snapshot->input_rows_total);
    page_cell_number(out, snapshot->bad_records_total);
    buf_append_text(out, "</tr>\n");
}

static void summary(struct buf *out, struct snapshot *const *list, size_t n)
{
    static const struct page_column columns[] = {
        {NULL, "Query", false, NULL},
        {NULL, "State", false, NULL},
        {NULL, "Batch", true, NULL},
        {NULL, "Arriving /sec", true, "What the log grows by"},
        {NULL, "Input /sec", true, "What the last batch took"},
        {NULL, "Lag", true, "Records between the query's position and the end of the log"},
        {NULL, "Behind by", true, "How long ago the record that is read next arrived"},
        {NULL, "Duration", true, "Of the last batch"},
        {NULL, "Trigger", false, NULL},
        {NULL, "Rows read", true, "By this run"},
        {NULL, "Bad records", true, NULL},
    };

    page_table(out, "summary", "All queries", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (size_t i = 0; i < n; i++)
        if (list[i] != NULL)
            summary_row(out, list[i], i);
    page_table_end(out);
}

void page_overview(struct http_request *request, struct http_answer *answer)
{
    struct snapshot *list[MAX_QUERIES] = {NULL};
    size_t n = board_queries(request->board), shown = 0;

    n = n < MAX_QUERIES ? n : MAX_QUERIES;
    for (size_t i = 0; i < n; i++) {
        list[i] = board_get(request->board, (int)i);
        shown += list[i] != NULL;
    }
    page_begin(request, answer, "Overview", "/");
    if (shown > 1)
        summary(&answer->body, list, n);
    for (size_t i = 0; i < n; i++) {
        if (list[i] != NULL)
            query(&answer->body, list[i], i);
        snapshot_unref(list[i]);
    }
    if (shown == 0)
        buf_append_text(&answer->body,
                        "<p class=\"empty\">No query has been opened yet: the broker is being asked, or a "
                        "checkpoint read.</p>\n");
    page_end(request, answer);
}
