/* One thread inside libmicrohttpd (epoll) serves everything; handlers take snapshots from the board and encode them, so a slow client can
 * hold up nothing but itself. A second one (ui/events) waits for the board's bell and wakes event streams. libmicrohttpd 0.9.75 accepts much that RFC 9112 forbids (two Host headers, bodies on GET, conflicting
 * lengths, encoded slashes decoded before the handler): the raw target is caught by its URI callback, the rest is checked before
 * routing, and what does not fit is answered 400 and closed. */
#include "ui/server.h"

#include "common/clock.h"
#include "common/log.h"
#include "ui/cache.h"
#include "ui/events.h"
#include "ui/http.h"
#include "ui/metrics.h"
#include "ui/respond.h"
#include "ui/routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 512
#define TIMEOUT_S 10
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
#define MAX_TARGET_BYTES 8192
#define FIRST_USER_PORT 1024
#define PORTS 65536

struct server {
    struct MHD_Daemon *daemon;
    struct events *events;
    struct cache *cache;
    struct board *board;
    int port;
    char url[128];
    char **hosts; /* what Host may name */
    size_t nhosts;
};

/* What the URI callback learnt of a request before libmicrohttpd decoded it. */
struct exchange {
    bool target_ok;
    bool target_long;
    char target[256]; /* as it came, to find kept answers by; "": too long for that */
    bool admitted;    /* its head was checked; the answer is due at the second call */
};

static void *on_target(void *cookie, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *exchange = malloc(sizeof(*exchange));
    size_t len = strnlen(uri, MAX_TARGET_BYTES + 1);

    (void)cookie;
    (void)connection;
    if (exchange != NULL) {
        exchange->admitted = false;
        exchange->target_long = len > MAX_TARGET_BYTES;
        exchange->target[0] = '\0';
        if (len < sizeof(exchange->target))
            memcpy(exchange->target, uri, len + 1);
        exchange->target_ok = http_target_ok(uri);
    }
    return exchange;
}

static void on_completed(void *cookie, struct MHD_Connection *connection, void **exchange,
                         enum MHD_RequestTerminationCode code)
{
    (void)cookie;
    (void)connection;
    (void)code;
    free(*exchange);
    *exchange = NULL;
}

/* --- checking a request ----------------------------------------------------------------------------------------- */

struct headers {
    const char *host;
    const char *origin;
    size_t nhosts;
    bool body;
    bool bad;
};

static enum MHD_Result on_header(void *cookie, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct headers *headers = cookie;

    (void)kind;
    for (const unsigned char *p = (const unsigned char *)key; *p != '\0'; p++)
        if (*p <= 0x20 || *p >= 0x7F)
            headers->bad = true;
    if (*key == '\0' || value == NULL) {
        headers->bad = true;
        return MHD_YES;
    }
    if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
        headers->host = value;
        headers->nhosts++;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_ORIGIN) == 0) {
        headers->origin = value;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        headers->body = true;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 && strcmp(value, "0") != 0) {
        headers->body = true;
    }
    return MHD_YES;
}

static bool origin_ok(const struct server *server, const char *origin)
{
    const char *authority = strstr(origin, "://");

    return authority != NULL && http_host_ok(authority + 3, (const char *const *)server->hosts, server->nhosts);
}

/* False after answering a request that must not reach a route. */
static bool admissible(const struct server *server, struct MHD_Connection *connection, const struct exchange *exchange,
                       const char *method, const char *version, struct http_answer *answer)
{
    struct headers headers = {0};

    if (exchange == NULL) {
        http_error(answer, 503, "out of memory");
        return false;
    }
    if (exchange->target_long) {
        http_error(answer, 414, "the request target is longer than %d bytes", MAX_TARGET_BYTES);
        return false;
    }
    if (!exchange->target_ok) {
        http_error(answer, 400, "malformed request target");
        return false;
    }
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &headers);
    if (headers.bad) {
        http_error(answer, 400, "malformed header");
        return false;
    }
    if (headers.nhosts > 1 || (headers.nhosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)) {
        http_error(answer, 400, "a request needs exactly one Host header");
        return false;
    }
    if (headers.nhosts == 1 && !http_host_ok(headers.host, (const char *const *)server->hosts, server->nhosts)) {
        http_error(answer, 403, "this host name is not served; add it to sf.ui.allowedHosts");
        return false;
    }
    if (headers.origin != NULL && !origin_ok(server, headers.origin)) {
        http_error(answer, 403, "requests from other origins are not served");
        return false;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        http_error(answer, 405, "only GET and HEAD are served");
        answer->allow = "GET, HEAD";
        return false;
    }
    if (headers.body) {
        http_error(answer, 400, "a request body is not accepted");
        return false;
    }
    return true;
}

struct collecting {
    struct http_request *request;
    bool too_many;
};

static enum MHD_Result on_parameter(void *cookie, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct collecting *collecting = cookie;
    struct http_request *request = collecting->request;

    (void)kind;
    if (request->nparameters == HTTP_MAX_PARAMETERS) {
        collecting->too_many = true;
        return MHD_NO;
    }
    request->parameters[request->nparameters].name = key;
    request->parameters[request->nparameters].value = value == NULL ? "" : value;
    request->nparameters++;
    return MHD_YES;
}

static void route(struct server *server, struct MHD_Connection *connection, struct http_request *request,
                  struct http_answer *answer)
{
    struct collecting collecting = {request, false};

    request->board = server->board;
    request->accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    request->host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    request->if_none_match = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    request->last_event_id = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID");
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, on_parameter, &collecting);
    if (collecting.too_many)
        http_error(answer, 400, "more than %d parameters", HTTP_MAX_PARAMETERS);
    else
        routes_answer(request, answer);
}

/* What an answer is made from: the state of the board, and when. */
struct moment {
    bool gzip;
    uint64_t version;
    int64_t second;
};

static const struct http_answer fresh_answer = {
    .status = 200, .content_type = "application/json; charset=utf-8", .cache = "no-store"};

/* --- answering -------------------------------------------------------------------------------------------------- */

/* Turn the connection into a stream of events. False after answering that it cannot be. */
static bool stream(struct server *server, struct MHD_Connection *connection, struct http_answer *answer)
{
    bool full = false;
    struct MHD_Response *response =
        events_open(server->events, connection, answer->stream_query, answer->stream_after, &full);
    enum MHD_Result queued = MHD_NO;

    if (response != NULL) {
        if (respond_headers(response, answer, false) == 0)
            queued = MHD_queue_response(connection, (unsigned)answer->status, response);
        MHD_destroy_response(response);
    }
    if (queued != MHD_YES)
        http_error(answer, 503, full ? "too many event streams" : "out of memory");
    return queued == MHD_YES;
}

static bool queue(struct MHD_Connection *connection, int status, struct MHD_Response *response)
{
    return MHD_queue_response(connection, (unsigned)status, response) == MHD_YES;
}

/* Send the answer; false if the connection is to be closed. */
static bool send_answer(struct server *server, struct MHD_Connection *connection, const struct exchange *exchange,
                        struct http_answer *answer, const struct moment *moment)
{
    size_t size = 0;
    struct MHD_Response *response = respond_make(answer, moment->gzip, false, &size);

    if (response == NULL)
        return false;
    enum cache_life life = answer->status == 200 && exchange->target[0] != '\0' ? answer->life : CACHE_NEVER;
    bool kept = life != CACHE_NEVER && cache_keep(server->cache, exchange->target, moment->gzip, moment->version,
                                                  moment->second, life, answer->path_class, size, response);
    bool sent = queue(connection, answer->status, response);
    if (!kept)
        MHD_destroy_response(response);
    return sent;
}

/* An admitted request: from the cache, or by its route. */
static bool serve(struct server *server, struct MHD_Connection *connection, const char *path,
                  const struct exchange *exchange)
{
    struct http_answer answer = fresh_answer;
    const struct moment moment = {
        .gzip = http_accepts_gzip(
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING)),
        .version = board_version(server->board), /* before the snapshots are read */
        .second = clock_wall_ms() / 1000,
    };
    const char *path_class = NULL;
    struct MHD_Response *kept =
        cache_find(server->cache, exchange->target, moment.gzip, moment.version, moment.second, &path_class);
    bool sent = false;

    if (kept != NULL) {
        metrics_count_request(path_class, 200);
        return queue(connection, 200, kept);
    }
    struct http_request *request = calloc(1, sizeof(*request));
    if (request == NULL) {
        http_error(&answer, 503, "out of memory");
    } else {
        request->path = path;
        request->gzip = moment.gzip;
        route(server, connection, request, &answer);
    }
    if (answer.stream)
        sent = stream(server, connection, &answer);
    if (!sent)
        sent = send_answer(server, connection, exchange, &answer, &moment);
    metrics_count_request(answer.path_class != NULL ? answer.path_class : "other", answer.status);
    free(request);
    return sent;
}

/* Called twice for a good request. What is answered at the first call ends its connection, for libmicrohttpd then reads
 * nothing more from it: right for what is refused (a body is never read), wrong for all else. */
static enum MHD_Result on_request(void *cookie, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **of_request)
{
    struct server *server = cookie;
    struct exchange *exchange = *of_request;
    struct http_answer answer = fresh_answer;

    (void)upload;
    (void)upload_size;
    if (exchange != NULL && exchange->admitted)
        return serve(server, connection, path, exchange) ? MHD_YES : MHD_NO;
    if (admissible(server, connection, exchange, method, version, &answer)) {
        exchange->admitted = true;
        return MHD_YES;
    }
    metrics_count_request(routes_class(path), answer.status);
    size_t size = 0;
    struct MHD_Response *response = respond_make(&answer, false, true, &size);
    if (response == NULL)
        return MHD_NO;
    bool sent = queue(connection, answer.status, response);
    MHD_destroy_response(response);
    return sent ? MHD_YES : MHD_NO;
}

/* --- binding ---------------------------------------------------------------------------------------------------- */

int server_port_try(int port, int k)
{
    if (k == 0)
        return port;
    int shifted = (port + k - FIRST_USER_PORT) % (PORTS - FIRST_USER_PORT);
    return shifted + FIRST_USER_PORT;
}

/* A listening socket, or -1 with errno. *bound_port is what the kernel gave for port 0. */
static int listen_on(const struct addrinfo *address, int port, int *bound_port)
{
    const int one = 1;
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    memcpy(&bound, address->ai_addr, address->ai_addrlen);
    if (address->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)&bound)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)&bound)->sin_port = htons((uint16_t)port);
    /* After a restart the old port is free at once although old connections linger in TIME_WAIT. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (struct sockaddr *)&bound, address->ai_addrlen) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    *bound_port = ntohs(address->ai_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                       : ((struct sockaddr_in *)&bound)->sin_port);
    return fd;
}

static int bind_first_free(const struct server_options *options, int *port, struct errbuf *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *address = NULL;
    int fd = -1;

    if (strcmp(options->host, "localhost") == 0)
        hints.ai_family = AF_INET;
    else
        hints.ai_flags |= AI_NUMERICHOST;
    int rc = getaddrinfo(options->host, NULL, &hints, &address);
    if (rc != 0) {
        errbuf_set(err, EXIT_CODE_USAGE, "sf.ui.host = %s is no address of this machine: %s", options->host,
                   gai_strerror(rc));
        return -1;
    }
    for (int k = 0; fd < 0; k++) {
        int wanted = server_port_try(options->port, k);
        fd = listen_on(address, wanted, port);
        if (fd >= 0)
            break;
        if (errno != EADDRINUSE) {
            errbuf_set(err, EXIT_CODE_RUNTIME,
                       "cannot serve the page on %s port %d: %s; set spark.ui.port or sf.ui.host", options->host,
                       wanted, strerror(errno));
            break;
        }
        if (k >= options->max_retries || options->port == 0) {
            if (options->max_retries == 0)
                errbuf_set(err, EXIT_CODE_BUSY,
                           "port %d on %s is taken and spark.port.maxRetries = 0: end its user, set spark.ui.port to "
                           "another one, "
                           "or allow retries",
                           wanted, options->host);
            else
                errbuf_set(err, EXIT_CODE_BUSY,
                           "Service 'SparkUI' failed after %d retries (starting from %d)! Set spark.ui.port to a free "
                           "port or raise "
                           "spark.port.maxRetries",
                           options->max_retries, options->port);
            break;
        }
        log_warn("Utils", "Service 'SparkUI' could not bind on port %d. Attempting port %d.", wanted,
                 server_port_try(options->port, k + 1));
    }
    freeaddrinfo(address);
    return fd;
}

static int copy_hosts(struct server *server, const struct server_options *options)
{
    const char *const own[] = {"localhost", "127.0.0.1", "[::1]"};
    size_t nown = sizeof(own) / sizeof(own[0]);
    char bound[80];

    snprintf(bound, sizeof(bound), strchr(options->host, ':') != NULL ? "[%s]" : "%s", options->host);
    server->hosts = calloc(nown + 1 + options->nallowed_hosts, sizeof(*server->hosts));
    if (server->hosts == NULL)
        return -1;
    for (size_t i = 0; i < nown + 1 + options->nallowed_hosts; i++) {
        const char *name = i < nown ? own[i] : i == nown ? bound : options->allowed_hosts[i - nown - 1];
        server->hosts[i] = strdup(name);
        if (server->hosts[i] == NULL)
            return -1;
        server->nhosts++;
    }
    return 0;
}

static void free_server(struct server *server)
{
    events_free(server->events);
    cache_free(server->cache);
    for (size_t i = 0; i < server->nhosts; i++)
        free(server->hosts[i]);
    free(server->hosts);
    free(server);
}

struct server *server_start(const struct server_options *options, struct board *board, struct errbuf *err)
{
    struct server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        errbuf_oom(err, "HTTP server", sizeof(*server));
        return NULL;
    }
    server->board = board;
    server->cache = cache_new();
    if (server->cache == NULL || copy_hosts(server, options) != 0) {
        errbuf_oom(err, "HTTP server", sizeof(*server));
        goto fail;
    }
    int fd = bind_first_free(options, &server->port, err);
    if (fd < 0)
        goto fail;
    server->events = events_start(board, err);
    if (server->events == NULL) {
        close(fd);
        goto fail;
    }
    snprintf(server->url, sizeof(server->url), strchr(options->host, ':') != NULL ? "http://[%s]:%d" : "http://%s:%d",
             options->host, server->port);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
        1, MHD_OPTION_END);
    if (server->daemon == NULL) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot start the HTTP server on %s: %s", server->url, strerror(errno));
        events_end(server->events);
        close(fd);
        goto fail;
    }
    log_info("Utils", "Successfully started service 'SparkUI' on port %d.", server->port);
    log_info("SparkUI", "Bound SparkUI to %s, and started at %s", options->host, server->url);
    return server;

fail:
    free_server(server);
    return NULL;
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    events_end(server->events);      /* a suspended connection must not meet the end of the daemon */
    MHD_stop_daemon(server->daemon); /* closes the socket too */
    free_server(server);
}

int server_port(const struct server *server)
{
    return server->port;
}

const char *server_url(const struct server *server)
{
    return server->url;
}
