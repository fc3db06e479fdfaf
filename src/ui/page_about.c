/* Plan, bad records, environment, executors: what changes seldom. */
#include "page_internal.h"

#include "ui/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the plan --------------------------------------------------------------------------------------------------- */

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

/* What is known about an operator's rows, by its name. */
static void operator_rows(struct buf *out, const char *operator, const struct snapshot * snapshot)
{
    const struct progress *last = snapshot->last == NULL ? NULL : &snapshot->last->progress;

    if (strncmp(operator, "Scan", 4) == 0) {
        html_number(out, snapshot->input_rows_total);
        buf_append_text(out, " read");
    } else if (strncmp(operator, "Join left", 9) == 0) {
        html_number(out, snapshot->unmatched_rows_total);
        buf_append_text(out, " without a match");
    } else if (strncmp(operator, "Watermark", 9) == 0) {
        html_number(out, snapshot->late_rows_total);
        buf_append_text(out, " dropped as late");
    } else if (strncmp(operator, "Aggregate", 9) == 0 && last != NULL && last->nstates > 0) {
        html_number(out, last->states[last->nstates - 1].rows_total);
        buf_append_text(out, " groups");
    }
}

/* The tree, a line an operator. */
static void operators(struct buf *out, const struct snapshot *snapshot)
{
    static const struct page_column columns[] = {{NULL, "Operator", false, NULL},
                                                 {NULL, "Rows of this run", true, NULL}};
    const char *line = snapshot->explain;

    page_table(out, "operators", "Operators", columns, 2, NULL, NULL, false);
    while (line != NULL && *line != '\0') {
        size_t len = strcspn(line, "\n");
        char *text = strndup(line, len);
        buf_append_text(out, "<tr><td class=\"tree\">");
        html_text(out, text);
        buf_append_text(out, "</td><td class=\"number\">");
        if (text != NULL)
            operator_rows(out, text + strspn(text, " +-:|"), snapshot);
        buf_append_text(out, "</td></tr>\n");
        free(text);
        line += len + (line[len] == '\n');
    }
    buf_append_text(out, "<tr><td class=\"tree\">Sink</td><td class=\"number\">");
    html_number(out, snapshot->output_rows_total);
    buf_append_text(out, " written</td></tr>\n");
    page_table_end(out);
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
    buf_append_text(out, "</p>\n<h2>Query</h2>\n<pre tabindex=\"0\">");
    html_text(out, snapshot->sql);
    buf_append_text(out, "</pre>\n<h2>Operators</h2>\n");
    operators(out, snapshot);
    buf_append_text(out, "<h2>Rows of this run</h2>\n<dl class=\"facts\">\n");
    page_fact_number(out, "Read from the source", snapshot->input_rows_total);
    share_fact(out, "Malformed", snapshot->bad_records_total, snapshot->input_rows_total);
    share_fact(out, "Without a match in a join", snapshot->unmatched_rows_total, snapshot->input_rows_total);
    page_fact_number(out, "Dropped as late", snapshot->late_rows_total);
    if (snapshot->last != NULL)
        for (size_t i = 0; i < snapshot->last->progress.nstates; i++)
            page_fact_number(out, snapshot->last->progress.states[i].operator_name,
                             snapshot->last->progress.states[i].rows_total);
    page_fact_number(out, "Written to the sink", snapshot->output_rows_total);
    buf_append_text(out, "</dl>\n");
    page_end(request, answer);
    snapshot_unref(snapshot);
}

/* --- bad records ------------------------------------------------------------------------------------------------ */

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
    buf_append_text(out,
                    "<p class=\"soft\">A malformed record counts here and becomes a row of NULLs "
                    "(<code>onMalformed = null</code>), ends the query (<code>fail</code>), or goes to the dead-letter "
                    "topic (<code>deadletter</code>).</p>\n");
    page_end(request, answer);
}

/* --- environment ------------------------------------------------------------------------------------------------ */

static bool wanted_setting(const struct board_setting *setting, const char *text)
{
    return text == NULL || *text == '\0' || strcasestr(setting->name, text) != NULL ||
           strcasestr(setting->value, text) != NULL || strcasestr(setting->origin, text) != NULL;
}

static void settings_table(struct buf *out, const struct board_setting *settings, size_t n, bool libraries,
                           const char *text)
{
    static const struct page_column columns[] = {
        {NULL, "Name", false, NULL}, {NULL, "Value", false, NULL}, {NULL, "Origin", false, NULL}};

    page_table(out, libraries ? "libraries" : "settings", libraries ? "Libraries" : "Settings", columns,
               libraries ? 2 : 3, NULL, NULL, false);
    for (size_t i = 0; i < n; i++) {
        bool library = strcmp(settings[i].origin, "library") == 0;
        if (library != libraries || !wanted_setting(&settings[i], text))
            continue;
        buf_append_text(out, strcmp(settings[i].origin, "default") == 0 ? "<tr class=\"default\">" : "<tr>");
        page_cell_text(out, settings[i].name);
        buf_append_text(out, "<td class=\"wide\">");
        html_text(out, settings[i].value);
        buf_append_text(out, "</td>");
        if (!libraries)
            page_cell_text(out, settings[i].origin);
        buf_append_text(out, "</tr>\n");
    }
    if (libraries) {
        buf_append_text(out, "<tr><td>sfcrime</td><td class=\"wide\">" SFCRIME_VERSION " (" SFCRIME_REVISION
                             ")</td></tr>\n<tr><td>compiler</td><td class=\"wide\">");
        html_text(out, __VERSION__);
        buf_append_text(out, "</td></tr>\n");
    }
    page_table_end(out);
}

void page_environment(struct http_request *request, struct http_answer *answer)
{
    const char *text = http_parameter(request, "q");
    struct buf *out = &answer->body, json = BUF_INIT;
    size_t n = 0;
    const struct board_setting *settings = board_settings(request->board, &n);

    page_begin(request, answer, "Environment", "/environment/");
    buf_append_text(
        out, "<h2>Settings</h2>\n<p class=\"search\"><label for=\"search\">Search</label> <input type=\"search\" "
             "id=\"search\" autocomplete=\"off\" spellcheck=\"false\" data-parameter=\"q\" value=\"");
    html_text(out, text);
    buf_append_text(out, "\"></p>\n");
    settings_table(out, settings, n, false, text);
    buf_append_text(&json, "/api/v1/applications/");
    buf_append_text(&json, board_application(request->board)->id);
    buf_append_text(&json, "/environment");
    buf_append_text(out, "<p class=\"soft\">Secrets are masked; dimmed lines are defaults");
    page_links(out, json.failed ? NULL : json.data, NULL);
    buf_append_text(out, "</p>\n<h2>Libraries</h2>\n");
    settings_table(out, settings, n, true, NULL);
    page_end(request, answer);
    buf_release(&json);
}

/* --- executors -------------------------------------------------------------------------------------------------- */

static void size_fact(struct buf *out, const char *name, int64_t bytes)
{
    page_fact(out, name);
    if (bytes < 0)
        buf_append_text(out, "–");
    else
        html_size(out, (double)bytes);
    page_fact_end(out);
}

void page_executors(struct http_request *request, struct http_answer *answer)
{
    const struct board_application *app = board_application(request->board);
    struct buf *out = &answer->body, json = BUF_INIT;
    size_t n = board_queries(request->board), active = 0;
    int64_t batches = 0, failed = 0, rows = 0;
    const struct zone *zone = NULL;

    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot == NULL)
            continue;
        active += snapshot->end_ms == 0;
        batches += snapshot->batches;
        failed += snapshot->batches_failed;
        rows += snapshot->input_rows_total;
        zone = snapshot->zone;
        snapshot_unref(snapshot);
    }
    page_begin(request, answer, "Executors", "/executors/");
    buf_append_text(
        out, "<p>One process does everything: Spark's <b>driver</b> and its executor.</p>\n<dl class=\"facts\">\n");
    page_fact_text(out, "Executor ID", "driver");
    page_fact_text(out, "Status", "Active");
    page_fact_number(out, "Cores", process_cores());
    page_fact_number(out, "Threads", process_threads());
    size_fact(out, "Resident memory", process_resident_bytes());
    size_fact(out, "Peak", process_peak_resident_bytes());
    page_fact(out, "Processor time");
    html_decimal(out, process_cpu_seconds(), 2);
    buf_append_text(out, " <small>s</small>");
    page_fact_end(out);
    page_fact_number(out, "Open files", process_open_descriptors());
    page_fact_number(out, "Active queries", (int64_t)active);
    page_fact_number(out, "Completed batches", batches);
    page_fact_number(out, "Failed batches", failed);
    page_fact_number(out, "Input records", rows);
    page_fact(out, "Add Time");
    html_time(out, app->start_ms, zone, false);
    page_fact_end(out);
    buf_append_text(out, "</dl>\n");
    buf_append_text(&json, "/api/v1/applications/");
    buf_append_text(&json, app->id);
    buf_append_text(&json, "/executors");
    buf_append_text(out, "<p class=\"soft\">The same as data");
    page_links(out, json.failed ? NULL : json.data, NULL);
    buf_append_text(out, "</p>\n");
    page_end(request, answer);
    buf_release(&json);
}
