/* Event streams over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fixture.h"
#include "ui/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static struct board *board;
static struct server *server;

struct client {
    int fd;
    size_t len;
    char text[1 << 16];
};

static struct client clients[3];

static void connect_to(struct client *client, const char *target, const char *headers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server))};
    char request[512];
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target, headers);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->len = 0;
    client->text[0] = '\0';
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(client->fd, request, (size_t)len, MSG_NOSIGNAL), len);
}

/* Read until the text is there; false at the end of the stream or after ten seconds. */
static bool reads(struct client *client, const char *wanted)
{
    while (strstr(client->text, wanted) == NULL) {
        struct pollfd fd = {.fd = client->fd, .events = POLLIN};
        if (poll(&fd, 1, 10000) != 1)
            return false;
        ssize_t n = recv(client->fd, client->text + client->len, sizeof(client->text) - 1 - client->len, 0);
        if (n <= 0)
            return false;
        client->len += (size_t)n;
        client->text[client->len] = '\0';
    }
    return true;
}

static int start(void **state)
{
    (void)state;
    board = fixture_board();
    server = fixture_server(board, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    server_stop(server);
    board_free(board);
    zone_close_all();
    return 0;
}

static void tells_what_changes(void **state)
{
    struct client *a = &clients[0], *b = &clients[1];

    (void)state;
    fixture_publish(board, 1);
    connect_to(a, "/api/v1/events", "");
    connect_to(b, "/api/v1/events?query=crimes", "");
    assert_true(reads(a, "event: status\ndata: {\"name\":\"crimes\""));
    assert_true(reads(b, "event: status\n"));
    assert_non_null(strstr(a->text, "Content-Type: text/event-stream"));
    assert_non_null(strstr(a->text, "Cache-Control: no-store"));
    assert_non_null(strstr(a->text, "X-Content-Type-Options: nosniff"));
    fixture_publish(board, 3);
    assert_true(reads(a, "event: progress\nid: 2\ndata: {\"name\":\"crimes\""));
    assert_true(reads(b, "event: progress\nid: 1\n"));
    assert_true(reads(b, "event: progress\nid: 2\n"));
    struct snapshot *idle = fixture_snapshot(3);
    struct progress progress;
    fixture_progress(&progress, 3);
    progress.idle = true;
    snapshot_record_unref(idle->last);
    idle->last = snapshot_record_new(&progress);
    progress_release(&progress);
    idle->status = SNAPSHOT_IDLE;
    board_publish(board, 0, idle);
    assert_true(reads(a, "event: idle\ndata: "));
    assert_true(reads(a, "\"status\":\"idle\""));
    close(a->fd);
    close(b->fd);
}

static void goes_on_after_the_last_id(void **state)
{
    struct client *a = &clients[0];

    (void)state;
    fixture_publish(board, 4);
    connect_to(a, "/api/v1/events", "Last-Event-ID: 1\r\n");
    assert_true(reads(a, "id: 3\n"));
    assert_non_null(strstr(a->text, "id: 2\n"));
    assert_null(strstr(a->text, "id: 1\n"));
    close(a->fd);
    connect_to(a, "/api/v1/events", "Last-Event-ID: nonsense\r\n");
    assert_true(reads(a, "event: status\n"));
    assert_null(strstr(a->text, "event: progress\n"));
    close(a->fd);
}

/* Longer than the idle timeout of other connections would be too long for a test; one heartbeat shows that the sleeping
 * stream lives. */
static void beats_while_nothing_happens(void **state)
{
    struct client *a = &clients[0];

    (void)state;
    connect_to(a, "/api/v1/events", "");
    assert_true(reads(a, ": heartbeat\n\n"));
    fixture_publish(board, 1);
    fixture_publish(board, 4);
    close(a->fd);
}

static void head_has_no_body(void **state)
{
    struct client *a = &clients[0];
    static const char request[] = "HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server))};

    (void)state;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->len = 0;
    a->text[0] = '\0';
    a->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(a->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(a->fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    assert_false(reads(a, "event:"));
    assert_non_null(strstr(a->text, "200 OK"));
    close(a->fd);
}

/* A reader that never reads holds nobody up; a stop ends streams that sleep and streams that do not. */
static void slow_readers_and_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        connect_to(&clients[i], "/api/v1/events", "");
    assert_true(reads(&clients[0], "event: status\n"));
    for (int i = 0; i < 2000; i++)
        fixture_publish(board, (size_t)(i % 4) + 1);
    struct snapshot *last = fixture_snapshot(4);
    free(last->message);
    last->message = strdup("the last word");
    board_publish(board, 0, last);
    clients[0].len = 0; /* what came before does not matter */
    clients[0].text[0] = '\0';
    assert_true(reads(&clients[0], "the last word"));
    server_stop(server);
    server = NULL;
    assert_false(reads(&clients[0], "never said"));
    for (int i = 0; i < 3; i++)
        close(clients[i].fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_changes),          cmocka_unit_test(goes_on_after_the_last_id),
        cmocka_unit_test(beats_while_nothing_happens), cmocka_unit_test(head_has_no_body),
        cmocka_unit_test(slow_readers_and_the_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
