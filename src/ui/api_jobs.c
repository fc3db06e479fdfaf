/* What scripts written for Spark ask for besides: jobs, and all that a program without stages, blocks and receivers has
 * none of, in the words that Spark 4.0.0 has for nothing.
 *
 * A batch is a job of one task. Scripts find the batches of a query by jobGroup (its run) and description, as Spark
 * writes them. Numbers are unique over the queries: batch * queries + index. */
#include "api_internal.h"

#include "common/parsenum.h"
#include "ui/process.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_THREADS 64

struct job {
    struct snapshot *snapshot; /* borrowed from struct jobs */
    int64_t id;
    int64_t batch_id;
    int64_t begin_ms, end_ms;
    bool failed;
};

/* The batches that are still known, newest first. */
struct jobs {
    struct snapshot **snapshots;
    size_t nsnapshots;
    struct job *jobs;
    size_t n;
};

static void jobs_release(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->nsnapshots; i++)
        snapshot_unref(jobs->snapshots[i]);
    free(jobs->snapshots);
    free(jobs->jobs);
}

static int newest_first(const void *a, const void *b)
{
    const struct job *x = a, *y = b;

    if (x->begin_ms != y->begin_ms)
        return x->begin_ms < y->begin_ms ? 1 : -1;
    return (x->id < y->id) - (x->id > y->id);
}

static void add_query(struct jobs *jobs, struct snapshot *snapshot, size_t index, size_t nqueries)
{
    int64_t next = 0;

    for (size_t i = 0; i < snapshot->nhistory; i++) {
        const struct progress *progress = &snapshot->history[i]->progress;
        jobs->jobs[jobs->n++] = (struct job){.snapshot = snapshot,
                                             .id = progress->batch_id * (int64_t)nqueries + (int64_t)index,
                                             .batch_id = progress->batch_id,
                                             .begin_ms = progress->timestamp_ms,
                                             .end_ms = progress->timestamp_ms + progress->duration_ms};
        next = progress->batch_id + 1;
    }
    /* The batch that a query ended with has no progress record; when it began is not known either. */
    if (snapshot->status == SNAPSHOT_FAILED)
        jobs->jobs[jobs->n++] = (struct job){.snapshot = snapshot,
                                             .id = next * (int64_t)nqueries + (int64_t)index,
                                             .batch_id = next,
                                             .begin_ms = snapshot->end_ms,
                                             .end_ms = snapshot->end_ms,
                                             .failed = true};
}

/* False without memory, after answering so. */
static bool jobs_init(struct jobs *jobs, struct board *board, struct http_answer *answer)
{
    size_t n = board_queries(board), total = 1;

    *jobs = (struct jobs){.snapshots = calloc(n + 1, sizeof(*jobs->snapshots))};
    for (size_t i = 0; jobs->snapshots != NULL && i < n; i++) {
        struct snapshot *snapshot = board_get(board, (int)i);
        jobs->snapshots[jobs->nsnapshots++] = snapshot;
        total += snapshot == NULL ? 0 : snapshot->nhistory + 1;
    }
    jobs->jobs = calloc(total, sizeof(*jobs->jobs));
    if (jobs->snapshots == NULL || jobs->jobs == NULL) {
        jobs_release(jobs);
        http_error_text(answer, 503, "out of memory");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (jobs->snapshots[i] != NULL)
            add_query(jobs, jobs->snapshots[i], i, n);
    qsort(jobs->jobs, jobs->n, sizeof(*jobs->jobs), newest_first);
    return true;
}

static void empty(struct json_writer *json, const char *key, const char *brackets)
{
    json_writer_key(json, key);
    json_writer_begin(json, brackets[0]);
    json_writer_end(json, brackets[1]);
}

static void job_json(struct json_writer *json, const struct job *job)
{
    const struct snapshot *snapshot = job->snapshot;
    struct buf description = BUF_INIT;

    if (snapshot->name != NULL)
        buf_printf(&description, "%s\n", snapshot->name);
    buf_printf(&description, "id = %s\nrunId = %s\nbatch = %" PRId64, snapshot->id, snapshot->run_id, job->batch_id);
    json_writer_begin(json, '{');
    json_writer_key_i64(json, "jobId", job->id);
    json_writer_key_text(json, "name", "start at sf-processor");
    json_writer_key_text(json, "description", description.failed ? NULL : description.data);
    api_key_spark_time(json, "submissionTime", job->begin_ms);
    api_key_spark_time(json, "completionTime", job->end_ms);
    empty(json, "stageIds", "[]");
    json_writer_key_text(json, "jobGroup", snapshot->run_id);
    empty(json, "jobTags", "[]");
    json_writer_key_text(json, "status", job->failed ? "FAILED" : "SUCCEEDED");
    json_writer_key_i64(json, "numTasks", 1);
    json_writer_key_i64(json, "numActiveTasks", 0);
    json_writer_key_i64(json, "numCompletedTasks", job->failed ? 0 : 1);
    json_writer_key_i64(json, "numSkippedTasks", 0);
    json_writer_key_i64(json, "numFailedTasks", job->failed ? 1 : 0);
    json_writer_key_i64(json, "numKilledTasks", 0);
    json_writer_key_i64(json, "numCompletedIndices", job->failed ? 0 : 1);
    json_writer_key_i64(json, "numActiveStages", 0);
    json_writer_key_i64(json, "numCompletedStages", 0);
    json_writer_key_i64(json, "numSkippedStages", 0);
    json_writer_key_i64(json, "numFailedStages", 0);
    empty(json, "killedTasksSummary", "{}");
    json_writer_end(json, '}');
    buf_release(&description);
}

/* JobExecutionStatus, any case, may be repeated. False after answering Spark's 404 for a word that is none. */
static bool wanted_status(const struct http_request *request, bool *succeeded, bool *failed, struct http_answer *answer)
{
    static const char *const words[] = {"running", "unknown", "succeeded", "failed"};
    bool wanted[4] = {false}, any = false;

    for (size_t i = 0; i < request->nparameters; i++) {
        bool known = false;
        if (strcmp(request->parameters[i].name, "status") != 0)
            continue;
        for (size_t w = 0; w < 4; w++)
            if (strcasecmp(request->parameters[i].value, words[w]) == 0)
                wanted[w] = known = any = true;
        if (!known) {
            http_error_text(answer, 404, "unknown status: %s", request->parameters[i].value);
            return false;
        }
    }
    *succeeded = !any || wanted[2];
    *failed = !any || wanted[3];
    return true;
}

void api_jobs(struct http_request *request, struct http_answer *answer)
{
    bool succeeded = false, failed = false;
    struct json_writer json;
    struct jobs jobs;

    if (!api_known_application(request, answer) || !wanted_status(request, &succeeded, &failed, answer) ||
        !jobs_init(&jobs, request->board, answer))
        return;
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < jobs.n; i++)
        if (jobs.jobs[i].failed ? failed : succeeded)
            job_json(&json, &jobs.jobs[i]);
    json_writer_end(&json, ']');
    jobs_release(&jobs);
    api_make_pretty(answer);
}

void api_job(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    struct jobs jobs;
    int64_t id = 0;

    if (!api_known_application(request, answer))
        return;
    if (parsenum_i64(request->parts[1], INT32_MIN, INT32_MAX, &id) != 0) {
        http_error_text(answer, 404, "%s", request->path);
        return;
    }
    if (!jobs_init(&jobs, request->board, answer))
        return;
    for (size_t i = 0; i < jobs.n; i++) {
        if (jobs.jobs[i].id == id) {
            json_writer_init(&json, &answer->body);
            job_json(&json, &jobs.jobs[i]);
        }
    }
    jobs_release(&jobs);
    if (answer->body.len > 0)
        api_make_pretty(answer);
    else
        http_error_text(answer, 404, "unknown job: %" PRId64, id);
}

/* --- what there is none of -------------------------------------------------------------------------------------- */

void api_nothing(struct http_request *request, struct http_answer *answer)
{
    if (api_known_application(request, answer))
        buf_append_text(&answer->body, "[ ]");
}

/* The words for one of these that a client names by its number. */
void api_unknown_item(struct http_request *request, struct http_answer *answer)
{
    static const struct {
        const char *word; /* in the path */
        const char *says;
    } kinds[] = {{"/stages/", "unknown stage: "},
                 {"/sql/", "unknown query execution id: "},
                 {"/storage/rdd/", "no rdd found w/ id "}};
    int64_t number;

    if (!api_known_application(request, answer))
        return;
    const char *rest = strstr(request->path, request->parts[0]) + strlen(request->parts[0]);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strncmp(rest, kinds[i].word, strlen(kinds[i].word)) != 0)
            continue;
        if (parsenum_i64(request->parts[1], INT32_MIN, INT64_MAX, &number) == 0)
            http_error_text(answer, 404, "%s%" PRId64, kinds[i].says, number);
        else
            http_error_text(answer, 404, "%s", request->path);
        return;
    }
    http_error_text(answer, 404, "%s", request->path);
}

/* /streaming/... is for the old DStreams, in Spark too. */
void api_no_dstreams(struct http_request *request, struct http_answer *answer)
{
    if (api_known_application(request, answer))
        http_error_text(answer, 404, "no streaming listener attached to %s", board_application(request->board)->name);
}

/* A word behind the application that is no resource is taken for an attempt, and there is none. */
void api_unknown_attempt(struct http_request *request, struct http_answer *answer)
{
    if (api_known_application(request, answer))
        http_error_text(answer, 404, "unknown app %s, attempt %s", request->parts[0], request->parts[1]);
}

/* Event logs, zipped: none, as Spark answers without spark.eventLog.enabled. */
void api_logs(struct http_request *request, struct http_answer *answer)
{
    static const char end_of_directory[22] = "PK\5\6";

    if (!api_known_application(request, answer))
        return;
    answer->content_type = "application/octet-stream";
    buf_append(&answer->body, end_of_directory, sizeof(end_of_directory));
}

/* --- threads ---------------------------------------------------------------------------------------------------- */

static const char *thread_state(char state)
{
    return state == 'R' ? "RUNNABLE" : state == 'D' ? "BLOCKED" : "WAITING";
}

void api_threads(struct http_request *request, struct http_answer *answer)
{
    struct process_thread threads[MAX_THREADS];
    struct json_writer json;
    int64_t number;

    if (!api_known_application(request, answer))
        return;
    if (strcmp(request->parts[1], "driver") != 0) {
        if (parsenum_i64(request->parts[1], 0, INT64_MAX, &number) == 0)
            http_error_text(answer, 404, "unknown executor: %" PRId64, number);
        else
            http_error_text(answer, 400, "Invalid executorId: neither 'driver' nor number.");
        return;
    }
    size_t n = process_list_threads(threads, MAX_THREADS);
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        json_writer_begin(&json, '{');
        json_writer_key_i64(&json, "threadId", threads[i].id);
        json_writer_key_text(&json, "threadName", threads[i].name);
        json_writer_key_text(&json, "threadState", thread_state(threads[i].state));
        json_writer_key(&json, "stackTrace");
        json_writer_begin(&json, '{');
        empty(&json, "elems", "[]");
        json_writer_end(&json, '}');
        json_writer_key_text(&json, "blockedByLock", "");
        empty(&json, "holdingLocks", "[]");
        empty(&json, "synchronizers", "[]");
        empty(&json, "monitors", "[]");
        json_writer_key_bool(&json, "suspended", threads[i].state == 'T');
        json_writer_key_bool(&json, "inNative", true);
        json_writer_key_bool(&json, "isDaemon", i > 0);
        json_writer_key_i64(&json, "priority", 5);
        json_writer_end(&json, '}');
    }
    json_writer_end(&json, ']');
    api_make_pretty(answer);
}
