/* One thread inside libmicrohttpd (epoll) serves everything; handlers take snapshots from the board and encode them, so
 * a slow client can hold up nothing but itself. A second one (ui/events) waits for the board's bell and wakes event
 * streams. What may be asked at all is looked at in ui/admission; finished answers are kept in ui/cache while the board
 * stays as it is. */
#include "ui/server.h"

#include "common/clock.h"
#include "common/log.h"
#include "ui/admission.h"
#include "ui/cache.h"
#include "ui/events.h"
#include "ui/http.h"
#include "ui/metrics.h"
#include "ui/peers.h"
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
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 512
#define MAX_PER_ADDRESS 64
#define SPARE_CONNECTIONS 8 /* libmicrohttpd stops listening at its limit; at ours newcomers are told so by a close */
#define HEAD_MS 10000
#define PAGES_US_A_SECOND 3000 /* of a core; beyond that a page serves several readers, see ui/cache.h */
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
#define FIRST_USER_PORT 1024
#define PORTS 65536

struct server {
    struct MHD_Daemon *daemon;
    struct events *events;
    struct cache *cache;
    struct board *board;
    int port;
    char url[128];
    struct peers *peers;
    struct admission_hosts hosts;
    struct respond_packer *packer;
    int64_t share_second; /* what making pages has taken of this second */
    int64_t share_us;
};

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

/* The server's now; strained when pages already took their share of this second. */
static struct cache_moment moment(struct server *server, struct MHD_Connection *connection)
{
    struct cache_moment now = {
        .gzip = http_accepts_gzip(
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING)),
        .version = board_version(server->board),
        .second = clock_wall_ms() / 1000,
        .now_us = clock_monotonic_us(),
    };

    if (now.second != server->share_second) {
        server->share_second = now.second;
        server->share_us = 0;
    }
    now.strained = server->share_us >= PAGES_US_A_SECOND;
    return now;
}

/* Send the answer; false if the connection is to be closed. */
static bool send_answer(struct server *server, struct MHD_Connection *connection, const char *target,
                        struct http_answer *answer, const struct cache_moment *now)
{
    size_t size = 0;
    struct MHD_Response *response = respond_make(answer, now->gzip ? server->packer : NULL, false, &size);

    if (response == NULL)
        return false;
    enum cache_life life = answer->status == 200 && target[0] != '\0' ? answer->life : CACHE_NEVER;
    if (life == CACHE_SECOND)
        server->share_us += clock_monotonic_us() - now->now_us;
    bool kept = cache_keep(server->cache, target, now, life, answer->path_class, size, response);
    bool sent = queue(connection, answer->status, response);
    if (!kept)
        MHD_destroy_response(response);
    return sent;
}

/* An admitted request: from the cache, or by its route. */
static bool serve(struct server *server, struct MHD_Connection *connection, const char *path, const char *target)
{
    const struct cache_moment now = moment(server, connection);
    struct http_answer answer = fresh_answer;
    const char *path_class = NULL;
    struct MHD_Response *kept = cache_find(server->cache, target, &now, &path_class);
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
        request->gzip = now.gzip;
        route(server, connection, request, &answer);
    }
    if (answer.stream)
        sent = stream(server, connection, &answer);
    if (!sent)
        sent = send_answer(server, connection, target, &answer, &now);
    metrics_count_request(answer.path_class != NULL ? answer.path_class : "other", answer.status);
    free(request);
    return sent;
}

/* --- connections ------------------------------------------------------------------------------------------------ */

static enum MHD_Result on_accept(void *cookie, const struct sockaddr *address, socklen_t size)
{
    struct server *server = cookie;

    (void)size;
    return peers_admit(server->peers, address) ? MHD_YES : MHD_NO;
}

static void on_connection(void *cookie, struct MHD_Connection *connection, void **peer,
                          enum MHD_ConnectionNotificationCode code)
{
    struct server *server = cookie;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        peers_closed(server->peers, *peer);
        *peer = NULL;
        return;
    }
    const union MHD_ConnectionInfo *address = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *peer = address == NULL || fd == NULL ? NULL : peers_opened(server->peers, address->client_addr, fd->connect_fd);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info == NULL ? NULL : info->socket_context;
}

static void on_completed(void *cookie, struct MHD_Connection *connection, void **of_request,
                         enum MHD_RequestTerminationCode code)
{
    admission_completed(cookie, connection, of_request, code);
    peers_waits(peer_of(connection));
}

/* --- requests --------------------------------------------------------------------------------------------------- */

/* Called twice for a good request. What is answered at the first call ends its connection, for libmicrohttpd then reads
 * nothing more from it: right for what is refused (a body is never read), wrong for all else. */
static enum MHD_Result on_request(void *cookie, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **of_request)
{
    struct server *server = cookie;
    struct admission *admission = *of_request;
    struct http_answer answer = fresh_answer;

    (void)upload;
    (void)upload_size;
    if (admission != NULL && admission->admitted)
        return serve(server, connection, path, admission->target) ? MHD_YES : MHD_NO;
    peers_served(peer_of(connection));
    peers_sweep(server->peers);
    if (admission_check(admission, connection, method, version, &server->hosts, &answer))
        return MHD_YES;
    metrics_count_request(routes_class(path), answer.status);
    size_t size = 0;
    struct MHD_Response *response = respond_make(&answer, NULL, true, &size);
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
        bind(fd, (struct sockaddr *)&bound, address->ai_addrlen) != 0 || listen(fd, MAX_CONNECTIONS) != 0 ||
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

static void free_server(struct server *server)
{
    events_free(server->events);
    cache_free(server->cache);
    respond_packer_free(server->packer);
    peers_free(server->peers);
    admission_hosts_release(&server->hosts);
    free(server);
}

struct server *server_start(const struct server_options *options, struct board *board, struct errbuf *err)
{
    int head_ms = options->head_ms > 0 ? options->head_ms : HEAD_MS;
    struct server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        errbuf_oom(err, "HTTP server", sizeof(*server));
        return NULL;
    }
    server->board = board;
    server->cache = cache_new();
    server->packer = respond_packer_new();
    server->peers = peers_new(MAX_CONNECTIONS, MAX_PER_ADDRESS, head_ms);
    if (server->peers == NULL || server->cache == NULL || server->packer == NULL ||
        admission_hosts_init(&server->hosts, options->host, options->allowed_hosts, options->nallowed_hosts) != 0) {
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
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, on_accept, server,
                                      on_request, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
                                      admission_target, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                                      MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_CONNECTION_LIMIT,
                                      (unsigned)(MAX_CONNECTIONS + SPARE_CONNECTIONS), MHD_OPTION_CONNECTION_TIMEOUT,
                                      (unsigned)((head_ms + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                      CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
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
