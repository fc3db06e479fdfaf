/* /StreamingQuery/statistics?id=RUNID: Spark's charts in its order and by its names, plus arrival rate and lag, all
 * over one table of numbers that the script's crosshair reads and that anybody can. */
#include "page_internal.h"

#include "common/clock.h"
#include "ui/chart.h"
#include "ui/series.h"
#include "ui/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_BATCHES 200
#define MAX_BATCHES 2000
#define SHOWN_MS 0.05 /* a phase that never took that long is left out of its chart */
#define TABLE "numbers"

static const char here[] = "/StreamingQuery/statistics";

/* The table's columns after batch and time. The chart of a column is found by its kind. */
static const struct page_number columns[] = {
    {SERIES_INPUT_RATE, 1, "Input Rate"},
    {SERIES_ARRIVAL_RATE, 1, "Arrival Rate"},
    {SERIES_PROCESS_RATE, 1, "Process Rate"},
    {SERIES_INPUT_ROWS, 0, "Input Rows"},
    {SERIES_LAG, 0, "Lag"},
    {SERIES_DURATION, 0, "Batch Duration, ms"},
    {SERIES_PHASE + PROGRESS_ADD_BATCH, 1, "addBatch, ms"},
    {SERIES_PHASE + PROGRESS_COMMIT_OFFSETS, 1, "commitOffsets, ms"},
    {SERIES_PHASE + PROGRESS_GET_BATCH, 1, "getBatch, ms"},
    {SERIES_PHASE + PROGRESS_LATEST_OFFSET, 1, "latestOffset, ms"},
    {SERIES_PHASE + PROGRESS_QUERY_PLANNING, 1, "queryPlanning, ms"},
    {SERIES_PHASE + PROGRESS_WAL_COMMIT, 1, "walCommit, ms"},
    {SERIES_WATERMARK_GAP, 1, "Watermark Gap, s"},
    {SERIES_WATERMARK_AGE, 1, "Spark's Gap, s"},
    {SERIES_STATE_TOTAL, 0, "State Rows"},
    {SERIES_STATE_UPDATED, 0, "Updated"},
    {SERIES_STATE_REMOVED, 0, "Removed"},
    {SERIES_STATE_MEMORY, 0, "State Memory, bytes"},
    {SERIES_DROPPED, 0, "Dropped"},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static int column_of(int kind)
{
    return page_numbers_column(columns, COLUMNS, kind);
}

enum { NEEDS_WATERMARK = 1, NEEDS_STATE = 2 };

static const struct {
    const char *id;
    const char *title;
    const char *help;
    enum chart_unit unit;
    int kinds[2]; /* -1: none */
    int needs;
} charts[] = {
    {"input-rate",
     "Input Rate",
     "The aggregate (across all sources) rate of data arriving.",
     CHART_RATE,
     {SERIES_INPUT_RATE, SERIES_ARRIVAL_RATE},
     0},
    {"process-rate",
     "Process Rate",
     "The aggregate (across all sources) rate at which data is processed.",
     CHART_RATE,
     {SERIES_PROCESS_RATE, -1},
     0},
    {"input-rows",
     "Input Rows",
     "The aggregate (across all sources) number of records processed in a trigger.",
     CHART_RECORDS,
     {SERIES_INPUT_ROWS, -1},
     0},
    {"lag", "Lag", "Records between what the batch read and the end of the log.", CHART_RECORDS, {SERIES_LAG, -1}, 0},
    {"duration", "Batch Duration", "The process duration of each batch.", CHART_MS, {SERIES_DURATION, -1}, 0},
    {"operations",
     "Operation Duration",
     "The amount of time taken to perform various operations in milliseconds.",
     CHART_MS,
     {-1, -1},
     0},
    {"watermark",
     "Global Watermark Gap",
     "The gap between the newest event time and the global watermark. Spark measures from the batch's own time, which "
     "says nothing about historic data: the table below has its number too.",
     CHART_SECONDS,
     {SERIES_WATERMARK_GAP, -1},
     NEEDS_WATERMARK},
    {"state-total",
     "Aggregated Number Of Total State Rows",
     "Aggregated number of total state rows.",
     CHART_RECORDS,
     {SERIES_STATE_TOTAL, -1},
     NEEDS_STATE},
    {"state-updated",
     "Aggregated Number Of Updated State Rows",
     "Aggregated number of updated state rows.",
     CHART_RECORDS,
     {SERIES_STATE_UPDATED, -1},
     NEEDS_STATE},
    {"state-removed",
     "Aggregated Number Of Removed State Rows",
     "Aggregated number of removed state rows: normally those evicted because the watermark has passed them.",
     CHART_RECORDS,
     {SERIES_STATE_REMOVED, -1},
     NEEDS_STATE},
    {"state-memory",
     "Aggregated State Memory Used In Bytes",
     "Aggregated state memory used in bytes.",
     CHART_BYTES,
     {SERIES_STATE_MEMORY, -1},
     NEEDS_STATE},
    {"dropped",
     "Aggregated Number Of Late Rows Dropped By Watermark",
     "Late input rows dropped in stateful operators by watermark.",
     CHART_RECORDS,
     {SERIES_DROPPED, -1},
     NEEDS_STATE},
};

static void one_chart(struct buf *out, size_t i, const struct series *series, const struct snapshot *snapshot)
{
    struct chart_series lines[PAGE_PARTS];
    size_t n = 0;
    bool operations = strcmp(charts[i].id, "operations") == 0;

    if (operations) {
        for (int phase = 0; phase < PROGRESS_PHASES; phase++) {
            const double *spent = series->values[SERIES_PHASE + phase];
            if (phase != PROGRESS_TRIGGER_EXECUTION && series_quantile(spent, series->n, 1) >= SHOWN_MS)
                lines[n++] = (struct chart_series){progress_phase_name((enum progress_phase)phase),
                                                   page_parts_colour((enum progress_phase)phase), spent,
                                                   column_of(SERIES_PHASE + phase)};
        }
    } else {
        for (size_t k = 0; k < 2 && charts[i].kinds[k] >= 0; k++) {
            int kind = charts[i].kinds[k];
            lines[n] = (struct chart_series){k == 0 ? "taken" : "arriving", k == 0 ? 1 : 3, series->values[kind],
                                             column_of(kind)};
            n++;
        }
    }
    bool duration = strcmp(charts[i].id, "duration") == 0;
    struct chart chart = {.id = charts[i].id,
                          .title = charts[i].title,
                          .help = charts[i].help,
                          .unit = charts[i].unit,
                          .n = series->n,
                          .time_ms = series->time_ms,
                          .nseries = n,
                          .series = lines,
                          .stacked = operations,
                          .histogram = true,
                          .limit = duration && snapshot->trigger_ms > 0 ? (double)snapshot->trigger_ms : NAN,
                          .limit_name = "trigger interval",
                          .gap_ms = series->gap_ms,
                          .until_ms = snapshot->end_ms == 0 ? clock_wall_ms() : 0,
                          .zone = snapshot->zone,
                          .table = TABLE};
    chart_figure(out, &chart);
}

static void numbers(struct buf *out, const struct series *series, const struct snapshot *snapshot, int64_t after)
{
    size_t last = series->n == 0 ? 1 : series->n;
    char json[64], csv[64];

    snprintf(json, sizeof(json), "/api/v1/progress?last=%zu&", last);
    snprintf(csv, sizeof(csv), "/api/v1/progress?format=csv&last=%zu&", last);
    buf_append_text(out, "<details id=\"data\"><summary>The numbers of these charts</summary>\n");
    page_numbers(out, snapshot, series, TABLE, columns, COLUMNS, after);
    buf_append_text(out, "</details>\n<p class=\"soft\">");
    html_number(out, (int64_t)series->n);
    buf_append_text(out, series->n == 1 ? " batch" : " batches");
    if (snapshot->nhistory > series->n) {
        buf_append_text(out, " shown of ");
        html_number(out, (int64_t)snapshot->nhistory);
        buf_append_text(out, " that are kept · <a href=\"/StreamingQuery/statistics?id=");
        html_url(out, snapshot->run_id);
        buf_printf(out, "&amp;last=%d\">all</a>", MAX_BATCHES);
    }
    page_exports(out, json, csv, snapshot);
    buf_append_text(out, "</p>\n");
}

static void head(struct buf *out, const struct snapshot *snapshot)
{
    int64_t batches = snapshot->nhistory > 0 ? snapshot->history[snapshot->nhistory - 1]->progress.batch_id + 1 : 0;

    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_text(out, snapshot->end_ms == 0 ? " Running batches for <b>" : " Ran batches for <b>");
    page_running(out, snapshot);
    buf_append_text(out, "</b> since <b>");
    html_time(out, snapshot->start_ms, snapshot->zone, false);
    buf_append_text(out, "</b> (<b>");
    html_number(out, batches);
    buf_append_text(out, "</b> completed batches)</p>\n");
    page_trouble(out, snapshot);
    buf_append_text(out, "<dl class=\"facts texts\">\n");
    page_fact_text(out, "Name", page_name(snapshot));
    page_fact_text(out, "Id", snapshot->id);
    page_fact_text(out, "RunId", snapshot->run_id);
    page_fact_text(out, "Output mode", snapshot->output_mode);
    page_fact_text(out, "Trigger", snapshot->trigger);
    if (snapshot->max_offsets_per_trigger > 0)
        page_fact_number(out, "maxOffsetsPerTrigger", snapshot->max_offsets_per_trigger);
    if (snapshot->nhistory > 0) {
        const struct progress *last = &snapshot->history[snapshot->nhistory - 1]->progress;
        if (last->nsources > 0)
            page_fact_text(out, "Source", last->sources[0].description);
        page_fact_text(out, "Sink", last->sink_description);
        if (last->has_watermark && last->watermark_ms > 0)
            page_fact_time(out, "Watermark", last->watermark_ms, snapshot);
    }
    buf_append_text(out, "</dl>\n");
}

void page_statistics(struct http_request *request, struct http_answer *answer)
{
    int64_t last = DEFAULT_BATCHES, after = -1;
    struct series series;
    struct buf *out = &answer->body;

    if (http_number(request, "last", 1, MAX_BATCHES, &last, answer) < 0 ||
        http_number(request, "after", 0, INT64_MAX, &after, answer) < 0)
        return;
    struct snapshot *snapshot = page_choose(request, answer, "Streaming Query Statistics", here);
    if (snapshot == NULL)
        return;
    page_begin(request, answer, "Streaming Query Statistics", here);
    page_switch(request, answer, snapshot);
    head(out, snapshot);
    if (series_init(&series, snapshot, (size_t)last) != 0) {
        out->failed = true;
    } else if (series.n == 0) {
        buf_append_text(out, "<p class=\"empty\">No visualization information available because no batch has been "
                             "finished yet.</p>\n");
        series_release(&series);
    } else {
        buf_append_text(out, "<div class=\"charts\">\n");
        for (size_t i = 0; i < sizeof(charts) / sizeof(charts[0]); i++)
            if ((!(charts[i].needs & NEEDS_WATERMARK) || series.has_watermark) &&
                (!(charts[i].needs & NEEDS_STATE) || series.has_state))
                one_chart(out, i, &series, snapshot);
        buf_append_text(out, "</div>\n");
        numbers(out, &series, snapshot, after);
        series_release(&series);
    }
    page_end(request, answer);
    snapshot_unref(snapshot);
}
