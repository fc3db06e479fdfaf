/* The server over real sockets: routes, headers, and requests that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/server.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct board *board;
static struct server *server;

static int send_raw(const char *request, size_t len, char *answer, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t got = 0;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), len);
    /* Every request here asks for the connection to be closed, or is refused and closed. */
    while (got < size - 1) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, 20000) != 1)
            break;
        ssize_t n = recv(fd, answer + got, size - 1 - got, 0);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    answer[got] = '\0';
    close(fd);
    int status = 0;
    if (sscanf(answer, "HTTP/1.%*d %d", &status) != 1)
        status = 0; /* closed without an answer */
    return status;
}

static int get(const char *target, char *answer, size_t size)
{
    char request[1024];
    int len =
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", target);
    return send_raw(request, (size_t)len, answer, size);
}

static void publish(void)
{
    static const struct type_field columns[] = {{"kind", NULL}, {"count", NULL}};
    struct schema schema;
    struct snapshot *snapshot = snapshot_new();
    struct progress progress;

    assert_non_null(snapshot);
    schema_init(&schema);
    assert_int_equal(schema_add(&schema, columns[0].name, type_of(TYPE_STRING)), 0);
    assert_int_equal(schema_add(&schema, columns[1].name, type_of(TYPE_BIGINT)), 0);
    snapshot->name = strdup("crimes");
    strcpy(snapshot->run_id, "118b6a03-8b0a-4ac2-b645-7c79692b20af");
    snapshot->status = SNAPSHOT_RUNNING;
    snapshot->result = snapshot_result_new(&schema);
    assert_non_null(snapshot->result);
    size_t row = rowset_append_null(&snapshot->result->rows);
    assert_int_equal(row, 0);
    snapshot->result->rows.columns[0].data.str[0] = (struct str){"<img src=x onerror=alert(1)>", 28};
    snapshot->result->rows.columns[0].nulls[0] = 0;
    snapshot->result->rows.columns[1].data.i64[0] = 7;
    snapshot->result->rows.columns[1].nulls[0] = 0;
    snapshot->result->total_rows = 1;
    progress_init(&progress);
    progress.batch_id = 3;
    progress.phase_ms[PROGRESS_ADD_BATCH] = 5;
    snapshot->history = calloc(1, sizeof(*snapshot->history));
    snapshot->history[0] = snapshot_record_new(&progress);
    snapshot->nhistory = 1;
    snapshot->last = snapshot_record_ref(snapshot->history[0]);
    snapshot->partitions = calloc(1, sizeof(*snapshot->partitions));
    snapshot->npartitions = 1;
    snapshot->partitions[0].topic = strdup("sf.crimes");
    snapshot->partitions[0].high = 10;
    snapshot->partitions[0].position = 4;
    board_publish(board, 0, snapshot);
    progress_release(&progress);
    schema_release(&schema);
}

static int start(void **state)
{
    static const struct board_application application = {"SF <b>", "local-1", "nobody", 1};
    static const struct board_setting settings[] = {{"librdkafka", "2.0.2", "library"}};
    struct server_options options = {.host = "127.0.0.1", .port = 0, .max_retries = 0};
    struct errbuf err;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    board = board_new(&application, settings, 1, &err);
    assert_non_null(board);
    assert_int_equal(board_add(board), 0);
    server = server_start(&options, board, &err);
    assert_non_null(server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_stop(server);
    server_stop(NULL);
    board_free(board);
    return 0;
}

static char answer[1 << 17];

static void before_the_first_batch(void **state)
{
    (void)state;
    assert_int_equal(get("/readyz", answer, sizeof(answer)), 503);
    assert_int_equal(get("/api/v1/table", answer, sizeof(answer)), 503);
    assert_int_equal(get("/", answer, sizeof(answer)), 200);
    assert_int_equal(get("/metrics", answer, sizeof(answer)), 200);
}

static void routes(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *holds;
    } rows[] = {
        {"/", 200, "&lt;img src=x onerror=alert(1)&gt;"},
        {"/jobs/", 200, "SF &lt;b&gt;"},
        {"/assets/style.css", 200, "text/css"},
        {"/api/v1/progress", 200, "\"lag\":6"},
        {"/api/v1/progress?last=5", 200, "\"history\":[{\"batchId\":3"},
        {"/api/v1/progress?last=5&format=csv", 200, "batchId,timestamp,maxOffsetsPerTrigger"},
        {"/api/v1/progress?last=0", 400, "from 1 to"},
        {"/api/v1/progress?format=xml", 400, "format"},
        {"/api/v1/table", 200, "\"rows\":[[\"<img src=x onerror=alert(1)>\",7]]"},
        {"/api/v1/table?query=crimes&limit=0", 200, "\"rows\":[]"},
        {"/api/v1/table?query=nosuch", 404, "nosuch"},
        {"/api/v1/table?format=csv", 200, "kind,count\n"},
        {"/api/v1/source", 200, "\"topic\":\"sf.crimes\""},
        {"/api/v1/version", 200, "\"spark\" : \"4.0.0\""},
        {"/api/v1/applications", 200, "\"id\" : \"local-1\""},
        {"/api/v1/applications/local-1", 200, "\"attempts\" : [ {"},
        {"/api/v1/applications/nosuch", 404, "unknown app: nosuch"},
        {"/api/v1/applications/local-1/sql/streamingqueries", 200, "\"name\" : \"crimes\""},
        {"/api/v1/applications/local-1/sql/streamingqueries/118b6a03-8b0a-4ac2-b645-7c79692b20af", 200,
         "\"status\" : \"RUNNING\""},
        {"/api/v1/applications/local-1/sql/streamingqueries/118b6a03-8b0a-4ac2-b645-7c79692b20af/progress", 200,
         "\"addBatch\" : 5"},
        {"/api/v1/applications/local-1/sql/streamingqueries/x/progress", 404, "unknown streaming query run: x"},
        {"/metrics", 200, "sfcrime_consumer_lag_messages{query=\"crimes\",topic=\"sf.crimes\",partition=\"0\"} 6"},
        {"/healthz", 200, "ok"},
        {"/readyz", 200, "ready"},
        {"/version", 200, "\"librdkafka\":\"2.0.2\""},
        {"/nosuch", 404, "not_found"},
        {"/api", 404, "not_found"},
        {"/jobs", 302, "Location: /jobs/"},
        {"/StreamingQuery", 302, "Location: /StreamingQuery/"},
        {"/StreamingQuery/", 200, "Active Streaming Queries (1)"},
        {"/StreamingQuery/statistics?id=118b6a03-8b0a-4ac2-b645-7c79692b20af", 200, "Streaming Query Statistics"},
        {"/StreamingQuery/statistics/?id=nosuch", 404, "Failed to find streaming query nosuch"},
        {"/batches/", 200, "Event Timeline"},
        {"/batches/batch?batch=3", 200, "Batch 3"},
        {"/source/", 200, "sf.crimes"},
        {"/result/?q=nothing", 200, "0 found of"},
        {"/plan/", 200, "Operators"},
        {"/tuning/", 200, "batches of different sizes are needed"},
        {"/records/", 200, "Bad records"},
        {"/environment/", 200, "librdkafka"},
        {"/executors/", 200, "driver"},
        {"/assets/live.js", 200, "text/javascript"},
        {"/assets/theme.js", 200, "dataset.theme"},
        {"/assets/chart.js", 200, "crosshair"},
        {"/assets/icon.svg", 200, "image/svg+xml"},
        {"/favicon.ico", 200, "<svg"},
        {"/assets/nosuch", 404, "not_found"},
        {"/api/openapi.json", 200, "\"openapi\": \"3.1.0\""},
        {"/api/v1/source?format=csv", 200, "sf.crimes,0,0,0,4,10,6,0,"},
        {"/api/v1/source?query=nosuch", 200, "\"queries\":[]"},
        {"/api/v1/applications/", 200, "\"id\" : \"local-1\""},
        {"/api/v1/applications/local-1/environment", 200, "\"sparkProperties\" : [ ["},
        {"/api/v1/applications/local-1/executors", 200, "\"peakMemoryMetrics\" : {"},
        {"/api/v1/applications/local-1/allexecutors", 200, "\"completedTasks\" : 0"},
        {"/api/v1/applications/nosuch/executors", 404, "unknown app: nosuch"},
        {"/api/v1/events?query=nosuch", 404, "no such query"},
        {"/metrics/json", 200, "\"local-1.driver.spark.streaming.crimes.inputRate-total\":{\"value\":0.0}"},
        {"/metrics/json/", 200, "\"timers\":{}"},
        {"/metrics/prometheus", 200,
         "metrics_local_1_driver_spark_streaming_crimes_states_rowsTotal_Value{type=\"gauges\"} 0"},
        {"/metrics/prometheus/", 200, "metrics_local_1_driver_executor_recordsRead_Count{type=\"counters\"} 0"},
        {"/metrics/executors/prometheus", 200,
         "metrics_executor_completedTasks_total{application_id=\"local-1\", application_name=\"SF <b>\", "
         "executor_id=\"driver\"} 0"},
    };

    (void)state;
    publish();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = get(rows[i].target, answer, sizeof(answer));
        if (status != rows[i].status || strstr(answer, rows[i].holds) == NULL)
            fail_msg("%s: %d, wanted %d with %s:\n%s", rows[i].target, status, rows[i].status, rows[i].holds, answer);
        if (strstr(answer, "Content-Security-Policy: default-src 'none'") == NULL ||
            strstr(answer, "X-Content-Type-Options: nosniff") == NULL ||
            strstr(answer, "Referrer-Policy: no-referrer") == NULL)
            fail_msg("%s: security headers missing:\n%s", rows[i].target, answer);
        if (strcasestr(answer, "\r\nAccess-Control-") != NULL)
            fail_msg("%s: another site may read it:\n%s", rows[i].target, answer);
        const char *body = strstr(answer, "\r\n\r\n");
        if (strstr(answer, "Content-Type: application/json") != NULL) {
            json_error_t error;
            json_t *json = json_loads(body + 4, 0, &error);
            if (json == NULL)
                fail_msg("%s: %s in %s", rows[i].target, error.text, body + 4);
            json_decref(json);
        }
    }
    /* The page never shows the value as markup. */
    assert_int_equal(get("/", answer, sizeof(answer)), 200);
    assert_null(strstr(answer, "<img"));
}

static void refused(void **state)
{
    static const struct {
        const char *request;
        int status;  /* 0: closed without an answer is fine too */
        int or_else; /* another allowed status */
    } rows[] = {
        {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400, 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: user@localhost\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 403, 400},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n", 403, 403},
        {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405, 405},
        {"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405, 405},
        {"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 405},
        {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 405},
        {"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 405},
        {"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 405},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 400, 400},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 400},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
         400},
        {"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET //evil HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /a%2fb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /../x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%5c HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /a\\b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%c0%af HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404, 400},
        {"GET /%2E%2E HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /.%2e/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%25 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /%0d%0aX:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /a%3fb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /?a=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /?a=%7f HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET https://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"GET localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 400},
        {"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, 405},
        {"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 405},
        {"PATCH / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 405},
        {"OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 405},
        {"GET\x01 / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, 400},
        {"POST /api/v1/table HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 405, 405},
        {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 405, 405},
        {"GET / HTTP/1.1\r\nHost: localhost:99999\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost:-1\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost:x\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: [::2]\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost.evil.example\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: file://\r\n\r\n", 403, 403},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, 413},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, 0},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, 0},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400, 0},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400, 413},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nA\x01"
         "B: c\r\n\r\n",
         400, 0},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nA B: c\r\n\r\n", 400, 0},
        {"GET / HTTP/1.1\r\nHost: localhost\r\n: c\r\n\r\n", 400, 200},
        {"GET / HTTP/1.1\r\nHost: localhost\r\nnocolon\r\n\r\n", 400, 0},
        {"GET /\r\n\r\n", 0, 400},
        {"GET  /  HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 0, 400},
        {"GET / HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n", 505, 400},
        {"GET / HTTP/1.1x\r\nHost: localhost\r\nConnection: close\r\n\r\n", 505, 400},
        {"GET / FTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 505, 400},
        {"GET /api/v1/progress?last=9223372036854775808 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400,
         400},
        {"GET /api/v1/table?limit=-1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400, 400},
        {"\x16\x03\x01\x02\r\n\r\n", 0, 400},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = send_raw(rows[i].request, strlen(rows[i].request), answer, sizeof(answer));
        /* What libmicrohttpd drops before we see it (an empty header name, further blanks) may be answered; nothing is
         * echoed. */
        if (status != rows[i].status && status != rows[i].or_else &&
            !(rows[i].status == 0 && (status == 505 || status == 0)))
            fail_msg("%s -> %d, wanted %d:\n%s", rows[i].request, status, rows[i].status, answer);
        if (rows[i].status == 405)
            assert_non_null(strstr(answer, "Allow: GET, HEAD"));
        assert_int_equal(get("/healthz", answer, sizeof(answer)), 200); /* the next clean request is served */
    }
}

static void long_targets_and_many_parameters(void **state)
{
    char *request = malloc(40000);
    size_t len = 0;

    (void)state;
    assert_non_null(request);
    len = (size_t)sprintf(request, "GET /");
    memset(request + len, 'a', 9000);
    len += 9000;
    len += (size_t)sprintf(request + len, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_int_equal(send_raw(request, len, answer, sizeof(answer)), 414);
    len = (size_t)sprintf(request, "GET /healthz?");
    for (int i = 0; i < 100; i++)
        len += (size_t)sprintf(request + len, "p%d=1&", i);
    len += (size_t)sprintf(request + len, "z=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_int_equal(send_raw(request, len, answer, sizeof(answer)), 400);
    free(request);
}

/* A header of 8 KiB in the method's place, a thousand headers, a thousand pipelined requests: a listed status or a
 * close. */
static void floods(void **state)
{
    size_t size = 200000, len = 0;
    char *request = malloc(size);
    int status;

    (void)state;
    assert_non_null(request);
    memset(request, 'M', 8192);
    len = 8192 + (size_t)snprintf(request + 8192, 64, " / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    status = send_raw(request, len, answer, sizeof(answer));
    assert_true(status == 405 || status == 400 || status == 414 || status == 431 || status == 0);
    len = (size_t)snprintf(request, size, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(request + len, size - len, "X-%d: %d\r\n", i, i);
    len += (size_t)snprintf(request + len, size - len, "\r\n");
    status = send_raw(request, len, answer, sizeof(answer));
    assert_true(status == 200 || status == 431 || status == 413 || status == 0);
    len = 0;
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(request + len, size - len, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                                i == 999 ? "Connection: close\r\n" : "");
    assert_int_equal(send_raw(request, len, answer, sizeof(answer)), 200);
    assert_int_equal(get("/healthz", answer, sizeof(answer)), 200);
    free(request);
}

static void asset_is_kept_by_its_tag(void **state)
{
    char request[512], tag[64] = "";
    int len;

    (void)state;
    assert_int_equal(get("/assets/style.css", answer, sizeof(answer)), 200);
    assert_int_equal(sscanf(strstr(answer, "ETag: "), "ETag: %63[^\r]", tag), 1);
    assert_non_null(strstr(answer, "Cache-Control: no-cache"));
    assert_non_null(strstr(answer, "Vary: Accept-Encoding"));
    len = snprintf(
        request, sizeof(request),
        "GET /assets/style.css HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"x\", %s\r\nConnection: close\r\n\r\n",
        tag);
    assert_int_equal(send_raw(request, (size_t)len, answer, sizeof(answer)), 304);
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    /* The packed form is another one, with a tag of its own. */
    len = snprintf(request, sizeof(request),
                   "GET /assets/style.css HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nIf-None-Match: "
                   "%s\r\nConnection: close\r\n\r\n",
                   tag);
    assert_int_equal(send_raw(request, (size_t)len, answer, sizeof(answer)), 200);
    assert_non_null(strstr(answer, "Content-Encoding: gzip"));
    assert_null(strstr(answer, tag));
    assert_memory_equal(strstr(answer, "\r\n\r\n") + 4, "\x1f\x8b", 2);
}

static void pages_are_packed_when_asked(void **state)
{
    static const char plain[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip;q=0\r\nConnection: close\r\n\r\n";
    static const char packed[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, gzip\r\nConnection: close\r\n\r\n";

    (void)state;
    assert_int_equal(send_raw(plain, strlen(plain), answer, sizeof(answer)), 200);
    assert_non_null(strstr(answer, "<!DOCTYPE html>"));
    assert_int_equal(send_raw(packed, strlen(packed), answer, sizeof(answer)), 200);
    assert_non_null(strstr(answer, "Content-Encoding: gzip"));
    assert_memory_equal(strstr(answer, "\r\n\r\n") + 4, "\x1f\x8b", 2);
}

static void head(void **state)
{
    static const char request[] = "HEAD /api/v1/progress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    (void)state;
    assert_int_equal(send_raw(request, strlen(request), answer, sizeof(answer)), 200);
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void unknown_to_a_browser(void **state)
{
    static const char request[] = "GET /SQL/%3Cb%3E HTTP/1.1\r\nHost: localhost\r\nAccept: text/html,*/*;q=0.8\r\n"
                                  "Connection: close\r\n\r\n";
    static const char api[] = "GET /api/nosuch HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: "
                              "close\r\n\r\n";

    (void)state;
    assert_int_equal(send_raw(request, strlen(request), answer, sizeof(answer)), 404);
    assert_non_null(strstr(answer, "Content-Type: text/html"));
    assert_non_null(strstr(answer, "There is nothing at /SQL/&lt;b&gt;</p>"));
    assert_non_null(strstr(answer, "<a href=\"/plan/\">"));
    assert_int_equal(send_raw(api, strlen(api), answer, sizeof(answer)), 404);
    assert_non_null(strstr(answer, "{\"error\":{\"code\":\"not_found\""));
}

static void open_metrics(void **state)
{
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\nConnection: close\r\n\r\n";

    (void)state;
    assert_int_equal(send_raw(request, strlen(request), answer, sizeof(answer)), 200);
    assert_non_null(strstr(answer, "# TYPE sfcrime_input_rows counter"));
    assert_string_equal(answer + strlen(answer) - 6, "# EOF\n");
}

static void taken_port(void **state)
{
    struct server_options strict = {.host = "127.0.0.1", .port = server_port(server), .max_retries = 0};
    struct server_options next = {.host = "127.0.0.1", .port = server_port(server), .max_retries = 16};
    struct server_options nowhere = {.host = "no address", .port = 0, .max_retries = 0};
    struct errbuf err;

    (void)state;
    assert_null(server_start(&strict, board, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_BUSY);
    assert_non_null(strstr(err.text, "spark.ui.port"));
    struct server *other = server_start(&next, board, &err);
    assert_non_null(other);
    assert_int_not_equal(server_port(other), server_port(server));
    server_stop(other);
    assert_null(server_start(&nowhere, board, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_batch),
        cmocka_unit_test(routes),
        cmocka_unit_test(refused),
        cmocka_unit_test(long_targets_and_many_parameters),
        cmocka_unit_test(floods),
        cmocka_unit_test(asset_is_kept_by_its_tag),
        cmocka_unit_test(pages_are_packed_when_asked),
        cmocka_unit_test(head),
        cmocka_unit_test(unknown_to_a_browser),
        cmocka_unit_test(open_metrics),
        cmocka_unit_test(taken_port),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
