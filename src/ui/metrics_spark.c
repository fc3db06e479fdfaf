/* One walk over the metrics serves both forms of the servlets: Dropwizard's JSON, and the text that Spark calls
 * Prometheus, which writes each gauge twice and has no types. */
#include "ui/metrics_spark.h"

#include "record/number.h"
#include "ui/executor.h"
#include "ui/process.h"
#include "ui/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct metric {
    const char *name; /* behind "<application id>.driver." */
    bool counter;
    bool is_double;
    int64_t number;
    double fraction;
};

typedef void (*emit_fn)(void *cookie, const char *application, const struct metric *metric);

static void emit_number(emit_fn emit, void *cookie, const char *app, const char *name, bool counter, int64_t value)
{
    struct metric metric = {.name = name, .counter = counter, .number = value};

    emit(cookie, app, &metric);
}

/* The six gauges of MetricsReporter; a query that has ended has none. */
static void walk_query(emit_fn emit, void *cookie, const char *app, const struct snapshot *snapshot)
{
    const struct progress *last = snapshot->last == NULL ? NULL : &snapshot->last->progress;
    int64_t rows = 0, bytes = 0;

    for (size_t i = 0; last != NULL && i < last->nstates; i++) {
        rows += last->states[i].rows_total;
        bytes += last->states[i].memory_bytes;
    }
    double input = last != NULL && isfinite(last->input_rows_per_second) ? last->input_rows_per_second : 0;
    double processed = last != NULL && isfinite(last->processed_rows_per_second) ? last->processed_rows_per_second : 0;
    int64_t latency = last == NULL || last->phase_ms[PROGRESS_TRIGGER_EXECUTION] == PROGRESS_NONE
                          ? 0
                          : last->phase_ms[PROGRESS_TRIGGER_EXECUTION];
    const struct metric metrics[] = {
        {"eventTime-watermark", false, false, last != NULL && last->has_watermark ? last->watermark_ms : 0, 0},
        {"inputRate-total", false, true, 0, input},
        {"latency", false, false, latency, 0},
        {"processingRate-total", false, true, 0, processed},
        {"states-rowsTotal", false, false, rows, 0},
        {"states-usedBytes", false, false, bytes, 0},
    };
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        struct buf name = BUF_INIT;
        struct metric metric = metrics[i];
        buf_printf(&name, "spark.streaming.%s.%s", snapshot->name != NULL ? snapshot->name : snapshot->id, metric.name);
        if (!name.failed) {
            metric.name = name.data;
            emit(cookie, app, &metric);
        }
        buf_release(&name);
    }
}

static void walk(struct board *board, bool counters, emit_fn emit, void *cookie)
{
    const char *app = board_application(board)->id;
    size_t n = board_queries(board);
    struct executor executor;

    executor_of(board, &executor);
    if (counters) {
        emit_number(emit, cookie, app, "appStatus.jobs.failedJobs", true, executor.failed_tasks);
        emit_number(emit, cookie, app, "appStatus.jobs.succeededJobs", true, executor.completed_tasks);
        emit_number(emit, cookie, app, "appStatus.tasks.completedTasks", true, executor.completed_tasks);
        emit_number(emit, cookie, app, "appStatus.tasks.failedTasks", true, executor.failed_tasks);
        emit_number(emit, cookie, app, "executor.cpuTime", true, (int64_t)(process_cpu_seconds() * 1e9));
        emit_number(emit, cookie, app, "executor.recordsRead", true, executor.input_records);
        emit_number(emit, cookie, app, "executor.recordsWritten", true, executor.output_records);
        emit_number(emit, cookie, app, "executor.runTime", true, executor.duration_ms);
        emit_number(emit, cookie, app, "executor.succeededTasks", true, executor.completed_tasks);
        return;
    }
    emit_number(emit, cookie, app, "DAGScheduler.job.activeJobs", false, executor.active_tasks);
    emit_number(emit, cookie, app, "DAGScheduler.job.allJobs", false,
                executor.active_tasks + executor.completed_tasks + executor.failed_tasks);
    emit_number(emit, cookie, app, "ExecutorMetrics.ProcessTreeOtherRSSMemory", false, executor.resident_bytes);
    emit_number(emit, cookie, app, "ExecutorMetrics.ProcessTreeOtherVMemory", false, process_virtual_bytes());
    emit_number(emit, cookie, app, "executor.threadpool.activeTasks", false, executor.active_tasks);
    emit_number(emit, cookie, app, "executor.threadpool.completeTasks", false, executor.completed_tasks);
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(board, (int)i);
        if (snapshot != NULL && snapshot->end_ms == 0)
            walk_query(emit, cookie, app, snapshot);
        snapshot_unref(snapshot);
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------------- */

static void emit_json(void *cookie, const char *application, const struct metric *metric)
{
    struct json_writer *json = cookie;
    struct buf name = BUF_INIT, key = BUF_INIT;
    struct json_writer writer;

    buf_printf(&name, "%s.driver.%s", application, metric->name);
    json_writer_init(&writer, &key);
    json_writer_text(&writer, name.failed ? NULL : name.data);
    /* The name of a query may need escapes, so the key is written as text. */
    json_writer_raw(json, key.failed ? "null" : key.data);
    buf_append_byte(json->out, ':');
    json->comma = false;
    json_writer_begin(json, '{');
    if (metric->is_double)
        json_writer_key_double(json, metric->counter ? "count" : "value", metric->fraction);
    else
        json_writer_key_i64(json, metric->counter ? "count" : "value", metric->number);
    json_writer_end(json, '}');
    buf_release(&name);
    buf_release(&key);
}

void metrics_spark_json(struct http_request *request, struct http_answer *answer)
{
    static const char *const nothing[] = {"histograms", "meters", "timers"};
    struct json_writer json;

    answer->content_type = "text/json; charset=utf-8";
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "version", "4.0.0"); /* of Dropwizard's form, not of Spark */
    json_writer_key(&json, "gauges");
    json_writer_begin(&json, '{');
    walk(request->board, false, emit_json, &json);
    json_writer_end(&json, '}');
    json_writer_key(&json, "counters");
    json_writer_begin(&json, '{');
    walk(request->board, true, emit_json, &json);
    json_writer_end(&json, '}');
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        json_writer_key(&json, nothing[i]);
        json_writer_begin(&json, '{');
        json_writer_end(&json, '}');
    }
    json_writer_end(&json, '}');
}

/* --- text ------------------------------------------------------------------------------------------------------- */

/* Everything but ASCII letters and digits becomes '_' (PrometheusServlet.normalizeKey). */
static void append_key(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char c = *text;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        buf_append_byte(out, plain ? c : '_');
    }
}

static void line(struct buf *out, const char *application, const struct metric *metric, const char *suffix)
{
    buf_append_text(out, "metrics_");
    append_key(out, application);
    buf_append_text(out, "_driver_");
    append_key(out, metric->name);
    buf_printf(out, "_%s{type=\"%s\"} ", suffix, metric->counter ? "counters" : "gauges");
    if (metric->is_double)
        number_append_double(out, metric->fraction);
    else
        buf_append_i64(out, metric->number);
    buf_append_byte(out, '\n');
}

static void emit_text(void *cookie, const char *application, const struct metric *metric)
{
    struct buf *out = cookie;

    if (metric->counter) {
        line(out, application, metric, "Count");
        return;
    }
    line(out, application, metric, "Number");
    line(out, application, metric, "Value");
}

void metrics_spark_prometheus(struct http_request *request, struct http_answer *answer)
{
    answer->content_type = "text/plain; charset=utf-8";
    walk(request->board, false, emit_text, &answer->body);
    walk(request->board, true, emit_text, &answer->body);
}

/* --- executors -------------------------------------------------------------------------------------------------- */

static void label(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            buf_append_byte(out, '\\');
        if (*text == '\n')
            buf_append_text(out, "\\n");
        else
            buf_append_byte(out, *text);
    }
}

void metrics_spark_executors(struct http_request *request, struct http_answer *answer)
{
    const struct board_application *app = board_application(request->board);
    struct buf *out = &answer->body;
    struct executor e;

    executor_of(request->board, &e);
    const struct {
        const char *name;
        int64_t value;
        bool seconds; /* value is in ms, shown in seconds */
    } rows[] = {
        {"rddBlocks", 0, false},
        {"memoryUsed_bytes", e.state_bytes, false},
        {"diskUsed_bytes", 0, false},
        {"totalCores", e.cores, false},
        {"maxTasks", e.cores, false},
        {"activeTasks", e.active_tasks, false},
        {"failedTasks_total", e.failed_tasks, false},
        {"completedTasks_total", e.completed_tasks, false},
        {"totalTasks_total", e.active_tasks + e.failed_tasks + e.completed_tasks, false},
        {"totalDuration_seconds_total", e.duration_ms, true},
        {"totalGCTime_seconds_total", 0, true},
        {"totalInputBytes_bytes_total", 0, false},
        {"totalShuffleRead_bytes_total", 0, false},
        {"totalShuffleWrite_bytes_total", 0, false},
        {"maxMemory_bytes", e.max_memory_bytes, false},
        {"usedOnHeapStorageMemory_bytes", e.state_bytes, false},
        {"usedOffHeapStorageMemory_bytes", 0, false},
        {"totalOnHeapStorageMemory_bytes", e.max_memory_bytes, false},
        {"totalOffHeapStorageMemory_bytes", 0, false},
        {"JVMHeapMemory_bytes", 0, false},
        {"JVMOffHeapMemory_bytes", 0, false},
        {"OnHeapExecutionMemory_bytes", 0, false},
        {"OffHeapExecutionMemory_bytes", 0, false},
        {"OnHeapStorageMemory_bytes", 0, false},
        {"OffHeapStorageMemory_bytes", 0, false},
        {"OnHeapUnifiedMemory_bytes", 0, false},
        {"OffHeapUnifiedMemory_bytes", 0, false},
        {"DirectPoolMemory_bytes", 0, false},
        {"MappedPoolMemory_bytes", 0, false},
        {"ProcessTreeJVMVMemory_bytes", 0, false},
        {"ProcessTreeJVMRSSMemory_bytes", 0, false},
        {"ProcessTreePythonVMemory_bytes", 0, false},
        {"ProcessTreePythonRSSMemory_bytes", 0, false},
        {"ProcessTreeOtherVMemory_bytes", process_virtual_bytes(), false},
        {"ProcessTreeOtherRSSMemory_bytes", e.peak_bytes, false},
        {"MinorGCCount_total", 0, false},
        {"MajorGCCount_total", 0, false},
        {"ConcurrentGCCount_total", 0, false},
        {"MinorGCTime_seconds_total", 0, true},
        {"MajorGCTime_seconds_total", 0, true},
        {"ConcurrentGCTime_seconds_total", 0, true},
    };

    answer->content_type = "text/plain";
    buf_append_text(out, "spark_info{version=\"" WORDS_SPARK_VERSION "\", revision=\"" SFCRIME_REVISION "\"} 1.0\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buf_printf(out, "metrics_executor_%s{application_id=\"", rows[i].name);
        label(out, app->id);
        buf_append_text(out, "\", application_name=\"");
        label(out, app->name);
        buf_append_text(out, "\", executor_id=\"driver\"} ");
        if (rows[i].seconds)
            number_append_double(out, (double)rows[i].value * 0.001);
        else
            buf_append_i64(out, rows[i].value);
        buf_append_byte(out, '\n');
    }
}
