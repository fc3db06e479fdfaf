/* A checked request and an answer under construction: all that a route's handler sees of HTTP.
 *
 * Both live on the server's thread for the time of one request.
 */
#ifndef UI_HTTP_H
#define UI_HTTP_H

#include "common/buf.h"
#include "report/board.h"
#include "report/json_writer.h"
#include "ui/cache.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_MAX_PARAMETERS 32

struct http_parameter {
    const char *name; /* decoded; borrowed from the connection */
    const char *value;
};

struct http_request {
    struct board *board;
    const char *path;     /* decoded, starts with '/' */
    const char *parts[4]; /* what the route's "*" segments matched, in order; NUL-terminated copies */
    size_t nparts;
    char part_text[4][128];
    struct http_parameter parameters[HTTP_MAX_PARAMETERS];
    size_t nparameters;
    const char *accept;        /* the Accept header, or NULL */
    const char *host;          /* the Host header, checked, or NULL */
    const char *if_none_match; /* that header, or NULL */
    const char *last_event_id; /* that header, or NULL */
    bool gzip;                 /* the client takes it */
};

struct http_answer {
    int status;               /* 200 unless set */
    const char *content_type; /* JSON unless set */
    const char *cache;        /* Cache-Control: "no-store" unless set */
    const char *allow;        /* Allow, for 405 */
    const char *location;     /* for redirects; static text */
    const char *etag;         /* with its quotes; static text */
    const char *encoding;     /* Content-Encoding of a body that is encoded already */
    const char *fixed;        /* a body that lives as long as the program, instead of `body` */
    size_t fixed_len;
    enum cache_life life;   /* how long others may be given the same answer; of status 200 only */
    const char *path_class; /* for the count of requests; static text; NULL before it was routed */
    bool stream;            /* no body: the connection becomes a stream of events (ui/events.h) */
    int stream_query;       /* of that query; -1: of all */
    int64_t stream_after;   /* after that batch; -1: from now on */
    struct buf body;
};

/* The parameter's value, or NULL; the last one wins when it is repeated. */
const char *http_parameter(const struct http_request *request, const char *name);

/* A number in [low, high]: 1 and *value if the parameter is given, 0 if not (value untouched), -1 after answering
 * 400. */
int http_number(const struct http_request *request, const char *name, int64_t low, int64_t high, int64_t *value,
                struct http_answer *answer);

/* Answer {"error":{"code":...,"message":...}} with that status. The message is escaped here. */
void http_error(struct http_answer *answer, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Spark's own paths answer errors as plain text. */
void http_error_text(struct http_answer *answer, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is the raw request target (as it came, still encoded) one that we serve at all: begins with one '/', printable ASCII,
 * valid %XX without encoded '/', '\', NUL or controls, no "." or ".." segment? */
bool http_target_ok(const char *target);

/* Does a Host (or an Origin's authority) "name[:port]" name an allowed host? names: n allowed ones; "*" allows any. */
bool http_host_ok(const char *host, const char *const *names, size_t n);

/* Does an Accept-Encoding header (or NULL) allow gzip? */
bool http_accepts_gzip(const char *accept_encoding);

/* Does an If-None-Match header (or NULL) name this ETag? Weak comparison (RFC 9110 13.1.2). */
bool http_etag_matches(const char *if_none_match, const char *etag);

/* Match path against a pattern in which a "*" segment stands for any one non-empty segment; fills parts. */
bool http_match(struct http_request *request, const char *pattern);

#endif
