/* Spark's /environment, /executors and /allexecutors, with the names and the order of the fields that Spark 4.0.0 has.
 * What only a JVM knows is 0, or says so. */
#include "api_internal.h"

#include "ui/executor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static void pair(struct json_writer *json, const char *name, const char *value)
{
    json_writer_begin(json, '[');
    json_writer_text(json, name);
    json_writer_text(json, value);
    json_writer_end(json, ']');
}

static int by_name(const void *a, const void *b)
{
    const struct board_setting *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

/* Settings (or the libraries among them) by name. */
static void settings(struct json_writer *json, const struct board *board, bool libraries)
{
    size_t n = 0;
    const struct board_setting *all = board_settings(board, &n);
    const struct board_setting **sorted = calloc(n + 1, sizeof(*sorted));
    size_t chosen = 0;

    if (sorted == NULL) {
        json->out->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if ((strcmp(all[i].origin, "library") == 0) == libraries)
            sorted[chosen++] = &all[i];
    qsort(sorted, chosen, sizeof(*sorted), by_name);
    for (size_t i = 0; i < chosen; i++)
        pair(json, sorted[i]->name, sorted[i]->value);
    free(sorted);
}

static void empty_array(struct json_writer *json, const char *key)
{
    json_writer_key(json, key);
    json_writer_begin(json, '[');
    json_writer_end(json, ']');
}

static void empty_object(struct json_writer *json, const char *key)
{
    json_writer_key(json, key);
    json_writer_begin(json, '{');
    json_writer_end(json, '}');
}

static void system_properties(struct json_writer *json, const struct board *board)
{
    struct utsname name;

    json_writer_key(json, "systemProperties");
    json_writer_begin(json, '[');
    settings(json, board, true);
    if (uname(&name) == 0) {
        pair(json, "os.arch", name.machine);
        pair(json, "os.name", name.sysname);
        pair(json, "os.version", name.release);
    }
    pair(json, "sfcrime.compiler", __VERSION__);
    pair(json, "sfcrime.revision", SFCRIME_REVISION);
    pair(json, "sfcrime.version", SFCRIME_VERSION);
    pair(json, "user.name", board_application(board)->user);
    json_writer_end(json, ']');
}

static void resource(struct json_writer *json, const char *name, int64_t amount)
{
    json_writer_key(json, name);
    json_writer_begin(json, '{');
    json_writer_key_text(json, "resourceName", name);
    json_writer_key_i64(json, "amount", amount);
    json_writer_key_text(json, "discoveryScript", "");
    json_writer_key_text(json, "vendor", "");
    json_writer_end(json, '}');
}

static void resource_profiles(struct json_writer *json, struct board *board)
{
    struct executor executor;

    executor_of(board, &executor);
    json_writer_key(json, "resourceProfiles");
    json_writer_begin(json, '[');
    json_writer_begin(json, '{');
    json_writer_key_i64(json, "id", 0);
    json_writer_key(json, "executorResources");
    json_writer_begin(json, '{');
    resource(json, "cores", executor.cores);
    resource(json, "memory", executor.max_memory_bytes / 1048576);
    resource(json, "offHeap", 0);
    json_writer_end(json, '}');
    json_writer_key(json, "taskResources");
    json_writer_begin(json, '{');
    json_writer_key(json, "cpus");
    json_writer_begin(json, '{');
    json_writer_key_text(json, "resourceName", "cpus");
    json_writer_key_double(json, "amount", 1.0);
    json_writer_end(json, '}');
    json_writer_end(json, '}');
    json_writer_end(json, '}');
    json_writer_end(json, ']');
}

void api_environment(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;

    if (!api_known_application(request, answer))
        return;
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key(&json, "runtime");
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "javaVersion", "none (sfcrime " SFCRIME_VERSION ")");
    json_writer_key_text(&json, "javaHome", "");
    json_writer_key_text(&json, "scalaVersion", "none");
    json_writer_end(&json, '}');
    json_writer_key(&json, "sparkProperties");
    json_writer_begin(&json, '[');
    pair(&json, "spark.app.id", board_application(request->board)->id);
    settings(&json, request->board, false);
    json_writer_end(&json, ']');
    empty_array(&json, "hadoopProperties");
    system_properties(&json, request->board);
    empty_array(&json, "metricsProperties");
    empty_array(&json, "classpathEntries");
    resource_profiles(&json, request->board);
    json_writer_end(&json, '}');
    api_make_pretty(answer);
}

static void memory_metrics(struct json_writer *json, const struct executor *executor)
{
    json_writer_key(json, "memoryMetrics");
    json_writer_begin(json, '{');
    json_writer_key_i64(json, "usedOnHeapStorageMemory", executor->state_bytes);
    json_writer_key_i64(json, "usedOffHeapStorageMemory", 0);
    json_writer_key_i64(json, "totalOnHeapStorageMemory", executor->max_memory_bytes);
    json_writer_key_i64(json, "totalOffHeapStorageMemory", 0);
    json_writer_end(json, '}');
}

static void peak_metrics(struct json_writer *json, const struct executor *executor)
{
    static const char *const names[] = {
        "JVMHeapMemory",
        "JVMOffHeapMemory",
        "OnHeapExecutionMemory",
        "OffHeapExecutionMemory",
        "OnHeapStorageMemory",
        "OffHeapStorageMemory",
        "OnHeapUnifiedMemory",
        "OffHeapUnifiedMemory",
        "DirectPoolMemory",
        "MappedPoolMemory",
        "ProcessTreeJVMVMemory",
        "ProcessTreeJVMRSSMemory",
        "ProcessTreePythonVMemory",
        "ProcessTreePythonRSSMemory",
        "ProcessTreeOtherVMemory",
        "ProcessTreeOtherRSSMemory",
        "MinorGCCount",
        "MinorGCTime",
        "MajorGCCount",
        "MajorGCTime",
        "TotalGCTime",
        "ConcurrentGCCount",
        "ConcurrentGCTime",
    };

    json_writer_key(json, "peakMemoryMetrics");
    json_writer_begin(json, '{');
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        json_writer_key_i64(json, names[i],
                            strcmp(names[i], "ProcessTreeOtherRSSMemory") == 0 ? executor->peak_bytes : 0);
    json_writer_end(json, '}');
}

/* The one executor. /executors lists the active ones, /allexecutors all: the same here. */
void api_executors(struct http_request *request, struct http_answer *answer)
{
    struct executor executor;
    struct json_writer json;

    if (!api_known_application(request, answer))
        return;
    executor_of(request->board, &executor);
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "id", "driver");
    json_writer_key_text(&json, "hostPort", request->host != NULL ? request->host : "localhost");
    json_writer_key_bool(&json, "isActive", true);
    json_writer_key_i64(&json, "rddBlocks", 0);
    json_writer_key_i64(&json, "memoryUsed", executor.state_bytes);
    json_writer_key_i64(&json, "diskUsed", 0);
    json_writer_key_i64(&json, "totalCores", executor.cores);
    json_writer_key_i64(&json, "maxTasks", executor.cores);
    json_writer_key_i64(&json, "activeTasks", executor.active_tasks);
    json_writer_key_i64(&json, "failedTasks", executor.failed_tasks);
    json_writer_key_i64(&json, "completedTasks", executor.completed_tasks);
    json_writer_key_i64(&json, "totalTasks", executor.active_tasks + executor.failed_tasks + executor.completed_tasks);
    json_writer_key_i64(&json, "totalDuration", executor.duration_ms);
    json_writer_key_i64(&json, "totalGCTime", 0);
    json_writer_key_i64(&json, "totalInputBytes", 0);
    json_writer_key_i64(&json, "totalShuffleRead", 0);
    json_writer_key_i64(&json, "totalShuffleWrite", 0);
    json_writer_key_bool(&json, "isBlacklisted", false);
    json_writer_key_i64(&json, "maxMemory", executor.max_memory_bytes);
    api_key_spark_time(&json, "addTime", board_application(request->board)->start_ms);
    empty_object(&json, "executorLogs");
    memory_metrics(&json, &executor);
    empty_array(&json, "blacklistedInStages");
    peak_metrics(&json, &executor);
    empty_object(&json, "attributes");
    empty_object(&json, "resources");
    json_writer_key_i64(&json, "resourceProfileId", 0);
    json_writer_key_bool(&json, "isExcluded", false);
    empty_array(&json, "excludedInStages");
    json_writer_end(&json, '}');
    json_writer_end(&json, ']');
    api_make_pretty(answer);
}
