/* Spark's REST paths about the application and, in the shape proposed to Spark in its pull request 35548, its streaming
 * queries. */
#include "api_internal.h"

#include "common/clock.h"
#include "common/parsenum.h"
#include "ui/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static void application(struct json_writer *json, const struct board *board)
{
    const struct board_application *app = board_application(board);

    json_writer_begin(json, '{');
    json_writer_key_text(json, "id", app->id);
    json_writer_key_text(json, "name", app->name);
    json_writer_key(json, "attempts");
    json_writer_begin(json, '[');
    json_writer_begin(json, '{');
    api_key_spark_time(json, "startTime", app->start_ms);
    api_key_spark_time(json, "endTime", -1);
    api_key_spark_time(json, "lastUpdated", app->start_ms);
    json_writer_key_i64(json, "duration", clock_wall_ms() - app->start_ms);
    json_writer_key_text(json, "sparkUser", app->user);
    json_writer_key_bool(json, "completed", false);
    json_writer_key_text(json, "appSparkVersion", WORDS_SPARK_VERSION);
    json_writer_key_i64(json, "startTimeEpoch", app->start_ms);
    json_writer_key_i64(json, "endTimeEpoch", -1);
    json_writer_key_i64(json, "lastUpdatedEpoch", app->start_ms);
    json_writer_end(json, '}');
    json_writer_end(json, ']');
    json_writer_end(json, '}');
}

/* Spark's REST answers are indented: turn what was written so far into that form. */
void api_make_pretty(struct http_answer *answer)
{
    struct buf compact = answer->body;

    buf_init(&answer->body);
    if (compact.failed)
        answer->body.failed = true;
    else
        json_writer_pretty(compact.data, compact.len, &answer->body);
    buf_release(&compact);
}

/* SimpleDateParam: "2015-02-16T16:30:45.123GMT" or a date, which is in GMT. False for anything else. */
static bool parse_date(const char *text, int64_t *wall_ms)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    int ms = 0, used = 0;

    if (rest == NULL)
        return false;
    if (*rest == 'T') {
        rest = strptime(rest + 1, "%H:%M:%S", &tm);
        if (rest == NULL || sscanf(rest, ".%3d%n", &ms, &used) != 1 || ms < 0)
            return false;
        rest += used;
        if (strcmp(rest, "GMT") != 0 && strcmp(rest, "Z") != 0 && strcmp(rest, "UTC") != 0)
            return false;
    } else if (*rest != '\0') {
        return false;
    }
    *wall_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return true;
}

/* Is this application, which runs, among those that the parameters of Spark's list ask for? -1 after answering an
 * error. An end that is to come is only excluded by a maxEndDate that has passed, as ApplicationListResource does
 * it. */
static int is_listed(const struct http_request *request, struct http_answer *answer)
{
    const struct board_application *app = board_application(request->board);
    static const char *const dates[] = {"minDate", "maxDate", "minEndDate", "maxEndDate"};
    int64_t limits[4] = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX}, limit = 1;
    bool any = false, running = false;

    for (size_t i = 0; i < request->nparameters; i++) {
        const char *name = request->parameters[i].name, *value = request->parameters[i].value;
        if (strcmp(name, "status") == 0) {
            any = true;
            if (strcasecmp(value, "running") == 0) {
                running = true;
            } else if (strcasecmp(value, "completed") != 0) {
                http_error_text(answer, 404, "unknown status: %s", value);
                return -1;
            }
        } else if (strcmp(name, "limit") == 0 && parsenum_i64(value, INT32_MIN, INT32_MAX, &limit) != 0) {
            http_error_text(answer, 404, "no number: %s", value);
            return -1;
        }
        for (size_t d = 0; d < 4; d++) {
            if (strcmp(name, dates[d]) == 0 && !parse_date(value, &limits[d])) {
                http_error_text(answer, 400, "Couldn't parse date: %s", value);
                return -1;
            }
        }
    }
    return (!any || running) && limit > 0 && app->start_ms >= limits[0] && app->start_ms <= limits[1] &&
           limits[3] > clock_wall_ms();
}

void api_applications(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    int listed = is_listed(request, answer);

    if (listed < 0)
        return;
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    if (listed)
        application(&json, request->board);
    json_writer_end(&json, ']');
    api_make_pretty(answer);
}

/* False after answering 404 in Spark's words. */
bool api_known_application(const struct http_request *request, struct http_answer *answer)
{
    if (strcmp(request->parts[0], board_application(request->board)->id) == 0)
        return true;
    http_error_text(answer, 404, "unknown app: %s", request->parts[0]);
    return false;
}

void api_application(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;

    if (!api_known_application(request, answer))
        return;
    json_writer_init(&json, &answer->body);
    application(&json, request->board);
    api_make_pretty(answer);
}

/* The shape proposed to Spark in its pull request 35548, with our status beside it. */
static void query(struct json_writer *json, const struct snapshot *snapshot)
{
    json_writer_begin(json, '{');
    json_writer_key_text(json, "name", snapshot->name);
    json_writer_key_text(json, "id", snapshot->id);
    json_writer_key_text(json, "runId", snapshot->run_id);
    json_writer_key_text(json, "status", words_status(snapshot));
    json_writer_key_text(json, "state", snapshot_status_name(snapshot->status));
    json_writer_key_text(json, "message", snapshot->message);
    json_writer_key_bool(json, "isDataAvailable", snapshot->data_available);
    json_writer_key_bool(json, "isTriggerActive", snapshot->trigger_active);
    api_key_spark_time(json, "startTime", snapshot->start_ms);
    json_writer_key_i64(json, "startTimeEpoch", snapshot->start_ms);
    json_writer_key_i64(json, "durationMs", words_duration_ms(snapshot));
    json_writer_key_double(json, "avgInputRowsPerSecond", words_average(snapshot, true));
    json_writer_key_double(json, "avgProcessedRowsPerSecond", words_average(snapshot, false));
    json_writer_key_known(json, "latestBatch",
                          snapshot->nhistory > 0 ? snapshot->history[snapshot->nhistory - 1]->progress.batch_id : -1);
    json_writer_key_text(json, "sql", snapshot->sql);
    json_writer_key_text(json, "outputMode", snapshot->output_mode);
    json_writer_key_text(json, "trigger", snapshot->trigger);
    json_writer_key_text(json, "error", snapshot->error);
    json_writer_end(json, '}');
}

void api_queries(struct http_request *request, struct http_answer *answer)
{
    struct json_writer json;
    size_t n = board_queries(request->board);

    if (!api_known_application(request, answer))
        return;
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL)
            query(&json, snapshot);
        snapshot_unref(snapshot);
    }
    json_writer_end(&json, ']');
    api_make_pretty(answer);
}

/* The snapshot of run parts[1], or NULL after answering 404. */
static struct snapshot *run_of(const struct http_request *request, struct http_answer *answer)
{
    size_t n = board_queries(request->board);

    if (!api_known_application(request, answer))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && strcmp(snapshot->run_id, request->parts[1]) == 0)
            return snapshot;
        snapshot_unref(snapshot);
    }
    http_error_text(answer, 404, "unknown streaming query run: %s", request->parts[1]);
    return NULL;
}

void api_query(struct http_request *request, struct http_answer *answer)
{
    struct snapshot *snapshot = run_of(request, answer);
    struct json_writer json;

    if (snapshot == NULL)
        return;
    json_writer_init(&json, &answer->body);
    query(&json, snapshot);
    snapshot_unref(snapshot);
    api_make_pretty(answer);
}

void api_query_progress(struct http_request *request, struct http_answer *answer)
{
    int64_t last = 1;

    if (http_number(request, "last", 1, 100000, &last, answer) < 0)
        return;
    struct snapshot *snapshot = run_of(request, answer);
    if (snapshot == NULL)
        return;
    size_t n = (size_t)last < snapshot->nhistory ? (size_t)last : snapshot->nhistory;
    buf_append_byte(&answer->body, '[');
    for (size_t i = snapshot->nhistory - n; i < snapshot->nhistory; i++) {
        if (i > snapshot->nhistory - n)
            buf_append_byte(&answer->body, ',');
        progress_json(&snapshot->history[i]->progress, false, &answer->body);
    }
    buf_append_byte(&answer->body, ']');
    snapshot_unref(snapshot);
    api_make_pretty(answer);
}
