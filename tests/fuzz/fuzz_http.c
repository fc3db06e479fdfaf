/* Requests without a socket: any target, taken apart as libmicrohttpd does it, and headers. A target that is served
 * gets one of the statuses we know and a body that is what its type says and repeats no markup of the request. */
#include <assert.h>
#define assert_non_null(pointer) assert((pointer) != NULL)
#define assert_int_equal(a, b) assert((a) == (b))
#include <stdio.h>

#include "../unit/ui/fixture.h"

#include "ui/routes.h"

#include <jansson.h>

#include "fuzz.h"

#define CANARY "<zq"
#define ETAG "\"9a3f\""

/* %XX in place, and + as a blank in parameters */
static void decode(char *text, bool plus)
{
    char *out = text;

    for (char *p = text; *p != '\0'; p++) {
        unsigned byte = 0;
        if (*p == '%' && sscanf(p + 1, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            p += 2;
        } else {
            *out++ = plus && *p == '+' ? ' ' : *p;
        }
    }
    *out = '\0';
}

static void parameters(struct http_request *request, char *query)
{
    char *save = NULL;

    for (char *one = strtok_r(query, "&", &save); one != NULL; one = strtok_r(NULL, "&", &save)) {
        static char none[] = "";
        char *equals = strchr(one, '=');
        if (request->nparameters == HTTP_MAX_PARAMETERS)
            return;
        if (equals != NULL)
            *equals = '\0';
        decode(one, true);
        if (equals != NULL)
            decode(equals + 1, true);
        request->parameters[request->nparameters++] = (struct http_parameter){one, equals == NULL ? none : equals + 1};
    }
}

static void must_be_answer(const char *path, const struct http_answer *answer)
{
    static const int known[] = {200, 302, 304, 400, 404, 503};
    const char *type = answer->content_type != NULL ? answer->content_type : "";
    bool good = false;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        good |= answer->status == known[i];
    if (!good)
        fuzz_fail("%s: status %d", path, answer->status);
    fuzz_must((answer->status == 302) == (answer->location != NULL));
    fuzz_must(answer->location == NULL || (answer->location[0] == '/' && answer->location[1] != '/'));
    if (answer->stream || answer->fixed != NULL)
        return;
    fuzz_must_be_plain(&answer->body, "\n\t");
    if (strstr(type, "html") != NULL && answer->body.data != NULL && strstr(answer->body.data, CANARY) != NULL)
        fuzz_fail("%s: markup of the request is repeated", path);
    if (strncmp(type, "application/json", 16) == 0) {
        json_error_t error;
        json_t *value = json_loadb(answer->body.data, answer->body.len, JSON_DECODE_ANY, &error);
        if (value == NULL)
            fuzz_fail("%s: %s: %.*s", path, error.text, (int)answer->body.len, answer->body.data);
        json_decref(value);
    }
}

static void headers(const char *text)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    size_t len = strcspn(text, ":");

    if (http_host_ok(text, names, 3))
        fuzz_must(strpbrk(text, "/@ \r\n") == NULL && (text[0] == '[' || len == 9));
    (void)http_accepts_gzip(text);
    if (http_etag_matches(text, ETAG))
        fuzz_must(strchr(text, '*') != NULL || strstr(text, ETAG) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct board *board;
    char *target = fuzz_text(data, size);
    struct http_answer answer = {.status = 200, .content_type = "application/json; charset=utf-8", .cache = "no-store"};

    if (board == NULL) {
        board = fixture_board();
        fixture_publish(board, 4);
    }
    headers(target);
    if (!http_target_ok(target)) {
        free(target);
        return 0;
    }
    struct http_request *request = calloc(1, sizeof(*request));
    fuzz_must(request != NULL);
    char *query = strchr(target, '?');
    if (query != NULL) {
        *query = '\0';
        parameters(request, query + 1);
    }
    decode(target, false);
    fuzz_must(target[0] == '/' && strstr(target, "/../") == NULL);
    request->board = board;
    request->path = target;
    routes_answer(request, &answer);
    must_be_answer(target, &answer);
    fuzz_must(routes_class(target) != NULL);
    buf_release(&answer.body);
    free(request);
    free(target);
    return 0;
}
