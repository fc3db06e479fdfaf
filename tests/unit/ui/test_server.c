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
        {"/jobs", 404, "not_found"},
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
        const char *body = strstr(answer, "\r\n\r\n");
        if (strstr(answer, "application/json") != NULL) {
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
        {"\x16\x03\x01\x02\r\n\r\n", 0, 400},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 400},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = send_raw(rows[i].request, strlen(rows[i].request), answer, sizeof(answer));
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

static void head(void **state)
{
    static const char request[] = "HEAD /api/v1/progress HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    (void)state;
    assert_int_equal(send_raw(request, strlen(request), answer, sizeof(answer)), 200);
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
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
        cmocka_unit_test(head),
        cmocka_unit_test(open_metrics),
        cmocka_unit_test(taken_port),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
