/* Environment, executors, and what is not there: what changes seldom. */
#include "page_internal.h"

#include "ui/process.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* --- environment ------------------------------------------------------------------------------------------------ */

static bool wanted_setting(const struct board_setting *setting, const char *text)
{
    return text == NULL || *text == '\0' || strcasestr(setting->name, text) != NULL ||
           strcasestr(setting->value, text) != NULL || strcasestr(setting->origin, text) != NULL;
}

/* What Spark calls Runtime Information: which program this is, and where it runs. */
static void runtime_table(struct buf *out)
{
    static const struct page_column columns[] = {{NULL, "Name", false, NULL}, {NULL, "Value", false, NULL}};
    struct utsname system;
    char directory[1024];

    page_table(out, "runtime", "Runtime Information", columns, 2, NULL, NULL, false);
    buf_append_text(out, "<tr><td>sfcrime</td><td class=\"wide\">" SFCRIME_VERSION " (" SFCRIME_REVISION ")</td></tr>\n"
                         "<tr><td>Compiler</td><td class=\"wide\">");
    html_text(out, __VERSION__);
    buf_append_text(out, "</td></tr>\n");
    if (uname(&system) == 0) {
        buf_append_text(out, "<tr><td>System</td><td class=\"wide\">");
        html_text(out, system.sysname);
        buf_append_byte(out, ' ');
        html_text(out, system.release);
        buf_append_byte(out, ' ');
        html_text(out, system.machine);
        buf_append_text(out, "</td></tr>\n");
    }
    if (getcwd(directory, sizeof(directory)) != NULL) {
        buf_append_text(out, "<tr><td>Working directory</td><td class=\"wide\">");
        html_text(out, directory);
        buf_append_text(out, "</td></tr>\n");
    }
    buf_printf(out, "<tr><td>Process</td><td class=\"wide\">%ld</td></tr>\n", (long)getpid());
    page_table_end(out);
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
    page_table_end(out);
}

void page_environment(struct http_request *request, struct http_answer *answer)
{
    const char *text = http_parameter(request, "q");
    struct buf *out = &answer->body, json = BUF_INIT;
    size_t n = 0;
    const struct board_setting *settings = board_settings(request->board, &n);

    page_begin(request, answer, "Environment", "/environment/");
    buf_append_text(out, "<h2>Runtime Information</h2>\n");
    runtime_table(out);
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
    buf_append_text(out, "<div class=\"time\"><dt>Add Time</dt><dd>");
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

/* --- what is not there ------------------------------------------------------------------------------------------- */

void page_unknown(struct http_request *request, struct http_answer *answer)
{
    static const struct {
        const char *spark, *href, *label;
    } rows[] = {
        {"Jobs", "/jobs/", "Overview"},
        {"Jobs, event timeline", "/batches/", "Batches"},
        {"Stages, tasks", "/batches/batch", "the newest batch: its phases and offset ranges"},
        {"SQL / DataFrame", "/plan/", "Plan, with the rows of each operator"},
        {"Structured Streaming", "/StreamingQuery/", "Streaming queries"},
        {"Storage", "/StreamingQuery/statistics", "Statistics: state rows and memory"},
        {"Environment", "/environment/", "Environment"},
        {"Executors", "/executors/", "Executors"},
    };
    struct buf *out = &answer->body;

    answer->status = 404;
    page_begin(request, answer, "Not found", "");
    buf_append_text(out, "<p class=\"trouble\">There is nothing at ");
    html_text(out, request->path);
    buf_append_text(
        out, "</p>\n<p>What Spark's pages show is here:</p>\n<div class=\"scroll\"><table id=\"pages\"><thead><tr>"
             "<th scope=\"col\">In Spark</th><th scope=\"col\">Here</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        buf_printf(out, "<tr><td>%s</td><td><a href=\"%s\">%s</a></td></tr>\n", rows[i].spark, rows[i].href,
                   rows[i].label);
    page_table_end(out);
    page_end(request, answer);
}
