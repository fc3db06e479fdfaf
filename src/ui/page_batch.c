/* /batches/batch: one batch, down to its raw progress record: where its time went, beside what is usual, and what it
 * read. */
#include "page_internal.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char here[] = "/batches/";

static void batch_link(struct buf *out, const struct snapshot *snapshot, int64_t batch)
{
    buf_append_text(out, "<a href=\"/batches/batch?");
    page_query_parameter(out, snapshot);
    buf_printf(out, "&amp;batch=%" PRId64 "\">%" PRId64 "</a>", batch, batch);
}

static void number_or_dash(struct buf *out, const json_t *partition)
{
    page_cell(out, true);
    if (json_is_integer(partition))
        html_number(out, json_integer_value(partition));
    else
        buf_append_text(out, "–");
    buf_append_text(out, "</td>");
}

static void range_rows(struct buf *out, const struct progress_source *source)
{
    json_t *start = source->start_offset == NULL ? NULL : json_loads(source->start_offset, 0, NULL);
    json_t *end = source->end_offset == NULL ? NULL : json_loads(source->end_offset, 0, NULL);
    json_t *latest = source->latest_offset == NULL ? NULL : json_loads(source->latest_offset, 0, NULL);
    const char *topic, *number;
    json_t *partitions, *to;

    json_object_foreach(end, topic, partitions)
    {
        json_object_foreach(partitions, number, to)
        {
            const json_t *from = json_object_get(json_object_get(start, topic), number);
            const json_t *high = json_object_get(json_object_get(latest, topic), number);
            int64_t at = json_integer_value(to);
            buf_append_text(out, "<tr>");
            page_cell_text(out, topic);
            page_cell(out, true);
            html_text(out, number);
            buf_append_text(out, "</td>");
            number_or_dash(out, from);
            number_or_dash(out, to);
            page_cell(out, true);
            if (from != NULL)
                html_number(out, at - json_integer_value(from));
            else
                buf_append_text(out, "–");
            buf_append_text(out, "</td>");
            number_or_dash(out, high);
            page_cell(out, true);
            if (high != NULL)
                html_number(out, json_integer_value(high) > at ? json_integer_value(high) - at : 0);
            else
                buf_append_text(out, "–");
            buf_append_text(out, "</td></tr>\n");
        }
    }
    json_decref(start);
    json_decref(end);
    json_decref(latest);
}

static void offsets(struct buf *out, const struct progress *p)
{
    static const struct page_column columns[] = {
        {NULL, "Topic", false, NULL},
        {NULL, "Partition", true, NULL},
        {NULL, "From", true, NULL},
        {NULL, "To", true, NULL},
        {NULL, "Offsets", true, "To less from; markers of transactions and compacted records take offsets too"},
        {NULL, "End of log", true, "When the batch was planned"},
        {NULL, "Lag after", true, NULL},
    };

    buf_append_text(out, "<h2>Tasks and offset ranges</h2>\n<p class=\"soft\">A partition is a task: its range is "
                         "read, decoded and counted by itself, then the partitions are merged in their order.</p>\n");
    page_table(out, "offsets", "Tasks and offset ranges", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL,
               false);
    for (size_t i = 0; i < p->nsources; i++)
        range_rows(out, &p->sources[i]);
    page_table_end(out);
}

/* The median of a phase over the batches that are kept; the whole trigger for PROGRESS_TRIGGER_EXECUTION. */
static double usual_ms(const struct snapshot *snapshot, enum progress_phase phase)
{
    double *values = malloc((snapshot->nhistory + 1) * sizeof(*values));
    size_t n = 0;
    double usual;

    if (values == NULL)
        return NAN;
    for (size_t i = 0; i < snapshot->nhistory; i++) {
        const struct progress *p = &snapshot->history[i]->progress;
        if (p->phase_ms[phase] != PROGRESS_NONE)
            values[n++] = (double)p->phase_us[phase] / 1000.0;
    }
    usual = series_at(values, series_sort(values, n), 0.5);
    free(values);
    return usual;
}

static void phase_row(struct buf *out, const struct snapshot *snapshot, const struct progress *p,
                      enum progress_phase phase, const char *what)
{
    double ms = p->phase_ms[phase] == PROGRESS_NONE ? NAN : (double)p->phase_us[phase] / 1000.0;
    double whole = (double)p->phase_us[PROGRESS_TRIGGER_EXECUTION] / 1000.0, usual = usual_ms(snapshot, phase);
    bool sum = phase == PROGRESS_TRIGGER_EXECUTION;

    buf_append_text(out, sum ? "<tr class=\"total\"><td>" : "<tr><td>");
    if (!sum)
        buf_printf(out, "<span class=\"swatch s%d\"></span>", page_parts_colour(phase));
    buf_printf(out, "%s</td><td class=\"what\">%s</td>", progress_phase_name(phase), what);
    page_cell_decimal(out, ms, 1);
    page_cell_decimal(out, whole > 0 ? 100.0 * ms / whole : NAN, 1);
    page_cell_decimal(out, usual, 1);
    page_cell(out, true);
    if (usual > 0 && isfinite(ms)) {
        html_decimal(out, ms / usual, 1);
        buf_append_text(out, " ×");
    } else {
        buf_append_text(out, "–");
    }
    buf_append_text(out, "</td></tr>\n");
}

static void phases(struct buf *out, const struct snapshot *snapshot, const struct progress *p)
{
    static const struct page_column columns[] = {
        {NULL, "Phase", false, "Spark's names, in the order in which they happen"},
        {NULL, "What happens", false, NULL},
        {NULL, "This batch, ms", true, NULL},
        {NULL, "Share, %", true, "Of the whole trigger"},
        {NULL, "Median, ms", true, "Of the batches that are kept"},
        {NULL, "Against the median", true, "What makes a slow batch slow stands far above 1"},
    };
    static const char *const what[PROGRESS_PHASES] = {
        [PROGRESS_LATEST_OFFSET] = "the broker is asked for the end of each partition, and the batch is planned",
        [PROGRESS_WAL_COMMIT] = "the plan is written to the checkpoint, safely",
        [PROGRESS_GET_BATCH] = "the ranges are made out of the offsets",
        [PROGRESS_QUERY_PLANNING] = "the operators are made ready",
        [PROGRESS_ADD_BATCH] = "reading, counting, state and sink",
        [PROGRESS_COMMIT_OFFSETS] = "the commit is written to the checkpoint, safely",
        [PROGRESS_TRIGGER_EXECUTION] = "the whole trigger",
    };

    buf_append_text(out, "<h2>Phases</h2>\n");
    page_parts(out, p);
    page_table(out, "phases", "Phases", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (size_t i = 0; i < PAGE_PARTS; i++)
        phase_row(out, snapshot, p, page_parts_order[i], what[page_parts_order[i]]);
    phase_row(out, snapshot, p, PROGRESS_TRIGGER_EXECUTION, what[PROGRESS_TRIGGER_EXECUTION]);
    page_table_end(out);
}

static void states(struct buf *out, const struct progress *p)
{
    static const struct page_column columns[] = {
        {NULL, "State operator", false, NULL}, {NULL, "Rows", true, NULL},
        {NULL, "Updated", true, NULL},         {NULL, "Removed", true, "Evicted: the watermark has passed them"},
        {NULL, "Late, dropped", true, NULL},   {NULL, "Memory", true, NULL},
        {NULL, "Updates, ms", true, NULL},     {NULL, "Removals, ms", true, NULL},
        {NULL, "Commit, ms", true, NULL},
    };

    if (p->nstates == 0)
        return;
    buf_append_text(out, "<h2>State</h2>\n");
    page_table(out, "state", "State", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (size_t i = 0; i < p->nstates; i++) {
        const struct progress_state *state = &p->states[i];
        buf_append_text(out, "<tr>");
        page_cell_text(out, state->operator_name);
        page_cell_number(out, state->rows_total);
        page_cell_number(out, state->rows_updated);
        page_cell_number(out, state->rows_removed);
        page_cell_number(out, state->rows_dropped_by_watermark);
        page_cell(out, true);
        html_size(out, (double)state->memory_bytes);
        buf_append_text(out, "</td>");
        page_cell_number(out, state->all_updates_ms);
        page_cell_number(out, state->all_removals_ms);
        page_cell_number(out, state->commit_ms);
        buf_append_text(out, "</tr>\n");
    }
    page_table_end(out);
}

static void batch_facts(struct buf *out, const struct snapshot *snapshot, const struct progress *p)
{
    buf_append_text(out, "<dl class=\"facts\">\n");
    page_fact(out, "Query");
    buf_append_text(out, "<a href=\"/StreamingQuery/statistics?id=");
    html_url(out, snapshot->run_id);
    buf_append_text(out, "\">");
    html_text(out, page_name(snapshot));
    buf_append_text(out, "</a>");
    page_fact_end(out);
    buf_append_text(out, "<div class=\"time\"><dt>Trigger time</dt><dd>");
    html_time(out, p->timestamp_ms, snapshot->zone, true);
    page_fact_end(out);
    page_fact(out, "Duration");
    chart_value(out, CHART_MS, (double)p->duration_ms);
    if (snapshot->trigger_ms > 0) {
        buf_append_text(out, " <small>of ");
        chart_value(out, CHART_MS, (double)snapshot->trigger_ms);
        buf_append_text(out, "</small>");
    }
    page_fact_end(out);
    page_fact_number(out, "Input rows", progress_rows(p));
    if (p->output_rows >= 0)
        page_fact_number(out, "Output rows", p->output_rows);
    page_fact_rate(out, "Input", p->input_rows_per_second);
    page_fact_rate(out, "Process", p->processed_rows_per_second);
    if (p->has_event_time) {
        page_fact_time(out, "Oldest event", p->event_min_ms, snapshot);
        page_fact_time(out, "Newest event", p->event_max_ms, snapshot);
    }
    if (p->has_watermark && p->watermark_ms > 0)
        page_fact_time(out, "Watermark", p->watermark_ms, snapshot);
    if (p->rerun)
        page_fact_text(out, "Run", "again, planned by an earlier process");
    buf_append_text(out, "</dl>\n");
}

static void batch_content(struct buf *out, const struct snapshot *snapshot, size_t at)
{
    const struct progress *p = &snapshot->history[at]->progress;
    struct buf text = BUF_INIT;

    buf_append_text(out, "<p class=\"pages\">");
    if (at > 0) {
        buf_append_text(out, "‹ ");
        batch_link(out, snapshot, snapshot->history[at - 1]->progress.batch_id);
        buf_append_text(out, " · ");
    }
    buf_append_text(out, "<a href=\"/batches/?");
    page_query_parameter(out, snapshot);
    buf_append_text(out, "\">all batches</a>");
    if (at + 1 < snapshot->nhistory) {
        buf_append_text(out, " · ");
        batch_link(out, snapshot, snapshot->history[at + 1]->progress.batch_id);
        buf_append_text(out, " ›");
    }
    buf_append_text(out, "</p>\n");
    batch_facts(out, snapshot, p);
    phases(out, snapshot, p);
    offsets(out, p);
    states(out, p);
    buf_append_text(out, "<h2>Progress</h2>\n<pre tabindex=\"0\">");
    progress_json(p, true, &text);
    html_text(out, text.failed ? NULL : text.data);
    buf_append_text(out, "</pre>\n");
    buf_release(&text);
}

void page_batch(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    int64_t batch = -1;
    char title[48];

    if (http_number(request, "batch", 0, INT64_MAX, &batch, answer) < 0)
        return;
    struct snapshot *snapshot = page_choose(request, answer, "Batch", here);
    if (snapshot == NULL)
        return;
    size_t at = snapshot->nhistory;
    for (size_t i = 0; i < snapshot->nhistory; i++)
        if (snapshot->history[i]->progress.batch_id == batch)
            at = i;
    if (batch < 0 && snapshot->nhistory > 0) {
        at = snapshot->nhistory - 1;
        batch = snapshot->history[at]->progress.batch_id;
    }
    snprintf(title, sizeof(title), "Batch %" PRId64, batch < 0 ? 0 : batch);
    page_begin(request, answer, title, here);
    if (at < snapshot->nhistory) {
        batch_content(out, snapshot, at);
    } else {
        answer->status = 404;
        buf_append_text(out, "<p class=\"empty\">This batch is not among those that are kept "
                             "(spark.sql.streaming.numRecentProgressUpdates).</p>\n<p><a href=\"/batches/?");
        page_query_parameter(out, snapshot);
        buf_append_text(out, "\">All batches</a></p>\n");
    }
    page_end(request, answer);
    snapshot_unref(snapshot);
}
