/* libmicrohttpd 0.9.75 accepts much that RFC 9112 forbids (two Host headers, bodies on GET, conflicting lengths,
 * encoded slashes decoded before the handler): the raw target is caught by its URI callback, the rest is looked at
 * before routing, and what does not fit is answered and its connection closed. */
#include "ui/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_TARGET_BYTES 8192

/* --- hosts ------------------------------------------------------------------------------------------------------ */

int admission_hosts_init(struct admission_hosts *hosts, const char *bound_to, const char *const *allowed,
                         size_t nallowed)
{
    const char *const own[] = {"localhost", "127.0.0.1", "[::1]"};
    size_t nown = sizeof(own) / sizeof(own[0]);
    char bound[80];

    snprintf(bound, sizeof(bound), strchr(bound_to, ':') != NULL ? "[%s]" : "%s", bound_to);
    hosts->names = calloc(nown + 1 + nallowed, sizeof(*hosts->names));
    if (hosts->names == NULL)
        return -1;
    for (size_t i = 0; i < nown + 1 + nallowed; i++) {
        const char *name = i < nown ? own[i] : i == nown ? bound : allowed[i - nown - 1];
        hosts->names[i] = strdup(name);
        if (hosts->names[i] == NULL)
            return -1;
        hosts->n++;
    }
    return 0;
}

void admission_hosts_release(struct admission_hosts *hosts)
{
    for (size_t i = 0; i < hosts->n; i++)
        free(hosts->names[i]);
    free(hosts->names);
    *hosts = (struct admission_hosts){0};
}

/* --- a request -------------------------------------------------------------------------------------------------- */

void *admission_target(void *cookie, const char *uri, struct MHD_Connection *connection)
{
    struct admission *admission = malloc(sizeof(*admission));
    size_t len = strnlen(uri, MAX_TARGET_BYTES + 1);

    (void)cookie;
    (void)connection;
    if (admission != NULL) {
        admission->admitted = false;
        admission->target_long = len > MAX_TARGET_BYTES;
        admission->target[0] = '\0';
        if (len < sizeof(admission->target))
            memcpy(admission->target, uri, len + 1);
        admission->target_ok = http_target_ok(uri);
    }
    return admission;
}

void admission_completed(void *cookie, struct MHD_Connection *connection, void **admission,
                         enum MHD_RequestTerminationCode code)
{
    (void)cookie;
    (void)connection;
    (void)code;
    free(*admission);
    *admission = NULL;
}

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
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++)
        if ((*p < 0x20 && *p != '\t') || *p == 0x7F)
            headers->bad = true;
    if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
        headers->host = value;
        headers->nhosts++;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_ORIGIN) == 0) {
        headers->bad |= headers->origin != NULL;
        headers->origin = value;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        headers->body = true;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 && strcmp(value, "0") != 0) {
        headers->body = true;
    }
    return MHD_YES;
}

static bool origin_ok(const struct admission_hosts *hosts, const char *origin)
{
    const char *authority = strstr(origin, "://");

    return authority != NULL && http_host_ok(authority + 3, (const char *const *)hosts->names, hosts->n);
}

bool admission_check(struct admission *admission, struct MHD_Connection *connection, const char *method,
                     const char *version, const struct admission_hosts *hosts, struct http_answer *answer)
{
    struct headers headers = {0};

    if (admission == NULL) {
        http_error(answer, 503, "out of memory");
        return false;
    }
    if (admission->target_long) {
        http_error(answer, 414, "the request target is longer than %d bytes", MAX_TARGET_BYTES);
        return false;
    }
    if (!admission->target_ok) {
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
    if (headers.nhosts == 1 && !http_host_ok(headers.host, (const char *const *)hosts->names, hosts->n)) {
        http_error(answer, 403, "this host name is not served; add it to sf.ui.allowedHosts");
        return false;
    }
    if (headers.origin != NULL && !origin_ok(hosts, headers.origin)) {
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
    admission->admitted = true;
    return true;
}
