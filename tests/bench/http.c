/* Load for the HTTP server: as many requests as it answers, or streams of events and pages at a steady pace.
 *
 *   http PORT --requests CONNECTIONS SECONDS PATH         one request after the other on each connection
 *   http PORT --beside STREAMS PAGES_PER_SECOND PATH...   until standard input ends; the paths in turn
 *
 * One thread, epoll, connections kept alive. Prints name=value pairs; a wrong status or a torn connection counts as an
 * error. With --beside it also ends when the server does, which tears what is open. cpu_us is what this program itself
 * took from the machine. */
#include "common/clock.h"
#include "common/parsenum.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536
#define HEAD_BYTES 4096
#define MAX_LATENCIES (1 << 22)
#define PAGE_CONNECTIONS 4

struct client {
    int fd;
    bool stream;
    bool waiting; /* an answer is due */
    bool in_body;
    int64_t body_left;
    int64_t begin_us;
    size_t head_len;
    char head[HEAD_BYTES + 1];
};

static struct {
    int port;
    int epoll_fd;
    struct client *clients;
    size_t nclients;
    uint64_t answers, errors, events, bytes;
    bool may_end; /* the server */
    bool gone;    /* it has */
    uint32_t *latencies_us;
    size_t nlatencies;
} load;

static int fail(const char *what)
{
    if (load.gone || (load.may_end && (errno == EPIPE || errno == ECONNRESET)))
        return -1; /* no failure: the server has ended, or is about to */
    fprintf(stderr, "http: %s: %s\n", what, strerror(errno));
    return -1;
}

static int connect_client(struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load.port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return fail("socket");
    if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        load.gone = load.may_end;
        return fail("connect");
    }
    if (epoll_ctl(load.epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
        return fail("epoll_ctl");
    return 0;
}

static int ask(struct client *client, const char *path)
{
    char request[1024];
    /* What a browser sends, so that the server has as much to look through. */
    int len = snprintf(request, sizeof(request),
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: keep-alive\r\nAccept: */*\r\n"
                       "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en\r\n\r\n",
                       path, load.port);

    client->waiting = true;
    client->begin_us = clock_monotonic_us();
    if (len < 0 || (size_t)len >= sizeof(request) || send(client->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        return fail("send");
    return 0;
}

/* The answer's head is complete: its length is known now. False if it is not one that we wanted. */
static bool head_done(struct client *client)
{
    const char *length = strcasestr(client->head, "\r\nContent-Length: ");

    client->in_body = true;
    client->body_left = length == NULL ? -1 : strtoll(length + 18, NULL, 10);
    return strncmp(client->head, "HTTP/1.1 200", 12) == 0 && (client->stream || length != NULL);
}

static void answered(struct client *client)
{
    client->waiting = client->in_body = false;
    client->head_len = 0;
    load.answers++;
    if (load.nlatencies < MAX_LATENCIES)
        load.latencies_us[load.nlatencies++] = (uint32_t)(clock_monotonic_us() - client->begin_us);
}

/* -1 when the connection is of no use any more. */
static int receive(struct client *client)
{
    static char bytes[READ_BYTES + 1];
    ssize_t n = recv(client->fd, bytes, READ_BYTES, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return -1;
    load.bytes += (uint64_t)n;
    for (size_t at = 0; at < (size_t)n;) {
        if (!client->in_body) {
            size_t room = HEAD_BYTES - client->head_len, part = (size_t)n - at < room ? (size_t)n - at : room;
            size_t before = client->head_len;
            memcpy(client->head + before, bytes + at, part);
            client->head[before + part] = '\0';
            char *end = strstr(client->head, "\r\n\r\n");
            client->head_len += part;
            if (end == NULL && part == room)
                return -1;
            if (end == NULL)
                return 0;
            at += (size_t)(end + 4 - client->head) - before;
            end[2] = '\0';
            if (!head_done(client))
                return -1;
        }
        if (client->stream) {
            bytes[n] = '\0';
            for (const char *p = bytes + at; (p = strstr(p, "event: ")) != NULL; p++)
                load.events++;
            return 0;
        }
        int64_t part = n - (ssize_t)at < client->body_left ? n - (ssize_t)at : client->body_left;
        at += (size_t)part;
        client->body_left -= part;
        if (client->body_left == 0)
            answered(client);
    }
    return 0;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void report(int64_t wall_us)
{
    struct rusage usage;
    size_t n = load.nlatencies;

    qsort(load.latencies_us, n, sizeof(*load.latencies_us), by_size);
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        usage = (struct rusage){0};
    printf("answers=%" PRIu64 " errors=%" PRIu64 " events=%" PRIu64 " bytes=%" PRIu64 " wall_us=%" PRId64
           " median_us=%" PRIu32 " p99_us=%" PRIu32 " cpu_us=%lld\n",
           load.answers, load.errors, load.events, load.bytes, wall_us, n > 0 ? load.latencies_us[n / 2] : 0,
           n > 0 ? load.latencies_us[n * 99 / 100] : 0,
           (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
               usage.ru_stime.tv_usec);
}

static int pump(int timeout_ms)
{
    struct epoll_event events[64];
    int n = epoll_wait(load.epoll_fd, events, 64, timeout_ms);

    if (n < 0 && errno != EINTR)
        return fail("epoll_wait");
    for (int i = 0; i < n; i++) {
        struct client *client = events[i].data.ptr;
        if (receive(client) != 0) {
            load.errors++;
            close(client->fd);
            client->waiting = client->in_body = false;
            client->head_len = 0;
            if (connect_client(client) != 0)
                return -1;
        }
    }
    return 0;
}

static int run_requests(int64_t seconds, const char *path)
{
    int64_t begin_us = clock_monotonic_us(), now_us = begin_us;

    while (now_us - begin_us < seconds * 1000000) {
        for (size_t i = 0; i < load.nclients; i++)
            if (!load.clients[i].waiting && ask(&load.clients[i], path) != 0)
                return -1;
        if (pump(100) != 0)
            return -1;
        now_us = clock_monotonic_us();
    }
    report(now_us - begin_us);
    return 0;
}

/* Streams first, then page connections; a page that is due while all of these wait is asked for later, never
 * dropped. */
static int run_beside(size_t nstreams, int64_t rate, char *const *paths, size_t npaths)
{
    int64_t begin_us = clock_monotonic_us(), now_us = begin_us;
    uint64_t asked = 0;
    struct pollfd input = {.fd = 0, .events = POLLIN};

    for (size_t i = 0; i < nstreams && !load.gone; i++) {
        load.clients[i].stream = true;
        if (ask(&load.clients[i], "/api/v1/events") != 0)
            break; /* torn: epoll tells */
    }
    printf("ready\n");
    fflush(stdout);
    while (!load.gone && poll(&input, 1, 0) == 0) {
        int64_t due_us = rate == 0 ? now_us + 50000 : begin_us + (int64_t)asked * 1000000 / rate;
        for (size_t i = nstreams; i < load.nclients && rate > 0 && due_us <= now_us; i++) {
            if (load.clients[i].waiting)
                continue;
            if (ask(&load.clients[i], paths[asked % npaths]) != 0)
                break; /* torn: epoll tells */
            asked++;
            due_us = begin_us + (int64_t)asked * 1000000 / rate;
        }
        int64_t left_ms = (due_us - now_us + 999) / 1000;
        if (pump(left_ms < 1 ? 1 : left_ms > 50 ? 50 : (int)left_ms) != 0 && !load.gone)
            return -1;
        now_us = clock_monotonic_us();
    }
    report(now_us > begin_us ? now_us - begin_us : 1);
    return 0;
}

int main(int argc, char **argv)
{
    int64_t port = 0, first = 0, second = 0;
    bool requests = argc == 6 && strcmp(argv[2], "--requests") == 0;
    bool beside = argc >= 6 && strcmp(argv[2], "--beside") == 0;

    if ((!requests && !beside) || parsenum_i64(argv[1], 1, 65535, &port) != 0 ||
        parsenum_i64(argv[3], requests ? 1 : 0, 450, &first) != 0 || parsenum_i64(argv[4], 0, 10000, &second) != 0) {
        fprintf(stderr, "usage: http PORT --requests CONNECTIONS SECONDS PATH\n"
                        "       http PORT --beside STREAMS PAGES_PER_SECOND PATH...\n");
        return 2;
    }
    load.port = (int)port;
    load.may_end = beside;
    load.nclients = (size_t)first + (beside ? PAGE_CONNECTIONS : 0);
    load.clients = calloc(load.nclients, sizeof(*load.clients));
    load.latencies_us = malloc(MAX_LATENCIES * sizeof(*load.latencies_us));
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (load.clients == NULL || load.latencies_us == NULL || load.epoll_fd < 0)
        return fail("start") != 0;
    for (size_t i = 0; i < load.nclients && !load.gone; i++)
        if (connect_client(&load.clients[i]) != 0 && !load.gone)
            return 1;
    int rc = requests ? run_requests(second, argv[5]) : run_beside((size_t)first, second, argv + 5, (size_t)argc - 5);
    for (size_t i = 0; i < load.nclients; i++)
        close(load.clients[i].fd);
    close(load.epoll_fd);
    free(load.latencies_us);
    free(load.clients);
    return rc == 0 ? 0 : 1;
}
