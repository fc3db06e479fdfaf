#include "ui/http.h"

#include "common/escape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *http_parameter(const struct http_request *request, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < request->nparameters; i++)
        if (strcmp(request->parameters[i].name, name) == 0)
            value = request->parameters[i].value;
    return value;
}

int http_number(const struct http_request *request, const char *name, int64_t low, int64_t high, int64_t *value,
                struct http_answer *answer)
{
    const char *text = http_parameter(request, name);
    char *end = NULL;

    if (text == NULL)
        return 0;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool digits = (*text >= '0' && *text <= '9') || *text == '-'; /* strtoll takes blanks and '+' too */
    if (!digits || *end != '\0' || errno != 0 || number < low || number > high) {
        http_error(answer, 400, "parameter %s must be a whole number from %" PRId64 " to %" PRId64, name, low, high);
        return -1;
    }
    *value = number;
    return 1;
}

static const char *code_of(int status)
{
    switch (status) {
    case 400:
        return "bad_request";
    case 403:
        return "forbidden";
    case 404:
        return "not_found";
    case 405:
        return "method_not_allowed";
    case 413:
        return "content_too_large";
    case 414:
        return "uri_too_long";
    case 503:
        return "unavailable";
    default:
        return "error";
    }
}

void http_error(struct http_answer *answer, int status, const char *format, ...)
{
    struct buf message = BUF_INIT;
    struct buf shown = BUF_INIT; /* JSON lets controls beyond ASCII stand, and people read this in a terminal */
    va_list args;

    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    escape_visible(message.len > 0 ? message.data : "", message.len, 0, &shown);
    buf_reset(&answer->body);
    answer->status = status;
    answer->content_type = "application/json; charset=utf-8";
    buf_append_text(&answer->body, "{\"error\":{\"code\":\"");
    buf_append_text(&answer->body, code_of(status));
    buf_append_text(&answer->body, "\",\"message\":\"");
    escape_json(shown.len > 0 ? shown.data : "", shown.len, ESCAPE_JSON_FOR_HTML, &answer->body);
    buf_append_text(&answer->body, "\"}}\n");
    buf_release(&shown);
    buf_release(&message);
}

void http_error_text(struct http_answer *answer, int status, const char *format, ...)
{
    struct buf message = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    buf_reset(&answer->body);
    answer->status = status;
    answer->content_type = "text/plain; charset=utf-8";
    escape_visible(message.len > 0 ? message.data : "", message.len, 0, &answer->body);
    buf_release(&message);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A segment "." or "..", also written with %2e. */
static bool dot_segment(const char *segment, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; n++) {
        char c = segment[i];
        if (c == '%') {
            c = (char)(hex_value(segment[i + 1]) * 16 + hex_value(segment[i + 2]));
            i += 3;
        } else {
            i++;
        }
        if (n == 2 || c != '.')
            return false;
    }
    return n > 0;
}

bool http_target_ok(const char *target)
{
    const char *query = strchr(target, '?');
    const char *segment = target + 1;

    if (target[0] != '/' || target[1] == '/')
        return false;
    for (const char *p = target; *p != '\0'; p++) {
        bool in_path = query == NULL || p < query;
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7F || *p == '#' || *p == '\\')
            return false;
        if (*p == '%') {
            int high = hex_value(p[1]);
            int low = high < 0 ? -1 : hex_value(p[2]);
            if (low < 0)
                return false;
            int byte = high * 16 + low;
            if (byte < 0x20 || byte == 0x7F)
                return false;
            if (in_path && (byte == '/' || byte == '\\' || byte == '%' || byte == '?'))
                return false;
            p += 2;
        }
    }
    for (const char *p = target + 1;; p++) {
        if (*p != '/' && *p != '?' && *p != '\0')
            continue;
        if (dot_segment(segment, (size_t)(p - segment)))
            return false;
        if (*p != '/')
            return true;
        segment = p + 1;
    }
}

bool http_host_ok(const char *host, const char *const *names, size_t n)
{
    size_t len;

    if (host[0] == '[') {
        const char *close = strchr(host, ']');
        if (close == NULL)
            return false;
        len = (size_t)(close - host) + 1;
    } else {
        len = strcspn(host, ":");
    }
    if (len == 0 || memchr(host, '@', strlen(host)) != NULL)
        return false;
    const char *rest = host + len;
    if (*rest == ':') {
        char *end = NULL;
        if (rest[1] < '0' || rest[1] > '9')
            return false;
        long port = strtol(rest + 1, &end, 10);
        if (*end != '\0' || port > 65535)
            return false;
    } else if (*rest != '\0') {
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], "*") == 0 || (strlen(names[i]) == len && strncasecmp(names[i], host, len) == 0))
            return true;
    return false;
}

bool http_accepts_gzip(const char *accept_encoding)
{
    bool named = false, any = false, refused = false;

    for (const char *p = accept_encoding; p != NULL && *p != '\0';) {
        size_t len = strcspn(p, ",");
        const char *name = p + strspn(p, " \t");
        size_t name_len = strcspn(name, " \t;,");
        const char *q = strstr(name, "q=");
        bool zero = q != NULL && q < p + len && strtod(q + 2, NULL) <= 0;
        if (name_len == 4 && strncasecmp(name, "gzip", 4) == 0) {
            named = !zero;
            refused = zero;
        } else if (name_len == 1 && *name == '*') {
            any = !zero;
        }
        p += len + (p[len] == ',');
    }
    return named || (any && !refused);
}

bool http_etag_matches(const char *if_none_match, const char *etag)
{
    size_t etag_len = strlen(etag);

    for (const char *p = if_none_match; p != NULL && *p != '\0';) {
        p += strspn(p, " \t,");
        if (*p == '*')
            return true;
        if (p[0] == 'W' && p[1] == '/')
            p += 2;
        size_t len = strcspn(p, ", \t");
        if (len == etag_len && len > 0 && memcmp(p, etag, len) == 0)
            return true;
        p += len;
    }
    return false;
}

bool http_match(struct http_request *request, const char *pattern)
{
    const char *path = request->path;

    request->nparts = 0;
    while (*pattern != '\0') {
        if (*pattern != '*') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t len = strcspn(path, "/");
        size_t part = request->nparts;
        if (len == 0 || part == 4 || len >= sizeof(request->part_text[0]))
            return false;
        memcpy(request->part_text[part], path, len);
        request->part_text[part][len] = '\0';
        request->parts[part] = request->part_text[part];
        request->nparts++;
        path += len;
        pattern++;
    }
    return *path == '\0';
}
