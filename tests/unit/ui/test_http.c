#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/http.h"
#include "ui/server.h"

#include <string.h>

static void targets(void **state)
{
    static const struct {
        const char *target;
        bool ok;
    } rows[] = {
        {"/", true},
        {"/api/v1/progress?last=3", true},
        {"/api/v1/table?query=a%20b%2Fc", true},
        {"/a.b/..c", true},
        {"/?x=..", true},
        {"/?", true},
        {"", false},
        {"*", false},
        {"http://127.0.0.1/", false},
        {"//", false},
        {"//evil", false},
        {"/a/../b", false},
        {"/..", false},
        {"/.", false},
        {"/a/.", false},
        {"/%2e%2e/x", false},
        {"/%2E", false},
        {"/.%2e?x", false},
        {"/a%2fb", false},
        {"/a%2Fb", false},
        {"/a%5cb", false},
        {"/a\\b", false},
        {"/%00", false},
        {"/x?y=%00", false},
        {"/%c0%af", true},
        {"/%zz", false},
        {"/%2", false},
        {"/%", false},
        {"/a b", false},
        {"/a\tb", false},
        {"/\x7f", false},
        {"/\xc3\xa9", false},
        {"/a#b", false},
        {"/a%0d%0aX:y", false},
        {"/a%3fb", false},
        {"/a%25b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (http_target_ok(rows[i].target) != rows[i].ok)
            fail_msg("target \"%s\"", rows[i].target);
}

static void hosts(void **state)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]", "sf.example"};
    static const struct {
        const char *host;
        bool ok;
    } rows[] = {
        {"localhost", true},
        {"LOCALHOST:4040", true},
        {"127.0.0.1:1", true},
        {"[::1]", true},
        {"[::1]:4040", true},
        {"sf.example:80", true},
        {"", false},
        {":80", false},
        {"evil.example", false},
        {"localhost.evil.example", false},
        {"localhost:", false},
        {"localhost:x", false},
        {"localhost:80x", false},
        {"localhost:70000", false},
        {"user@localhost", false},
        {"[::1", false},
        {"[::1]x", false},
        {"::1", false},
        {"localhost/", false},
        {"localhost:-1", false},
    };
    static const char *const any[] = {"*"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (http_host_ok(rows[i].host, names, 4) != rows[i].ok)
            fail_msg("host \"%s\"", rows[i].host);
    assert_true(http_host_ok("evil.example:80", any, 1));
    assert_false(http_host_ok("user@evil.example", any, 1));
}

static void matches(void **state)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool ok;
        const char *part;
    } rows[] = {
        {"/", "/", true, NULL},
        {"/", "/x", false, NULL},
        {"/a/*", "/a/b", true, "b"},
        {"/a/*", "/a/", false, NULL},
        {"/a/*", "/a/b/c", false, NULL},
        {"/a/*/c", "/a/b/c", true, "b"},
        {"/a/*/c", "/a/b/d", false, NULL},
        {"/jobs/", "/jobs", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request = {.path = rows[i].path};
        if (http_match(&request, rows[i].pattern) != rows[i].ok)
            fail_msg("%s against %s", rows[i].path, rows[i].pattern);
        if (rows[i].part != NULL)
            assert_string_equal(request.parts[0], rows[i].part);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } rows[] = {
        {"1", 1, 1},    {"100", 1, 100}, {"0", -1, 0},
        {"101", -1, 0}, {"", -1, 0},     {" 5", -1, 0},
        {"+5", -1, 0},  {"5x", -1, 0},   {"99999999999999999999", -1, 0},
        {"1e2", -1, 0}, {NULL, 0, 7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_request request = {.nparameters = rows[i].text == NULL ? 0 : 1};
        struct http_answer answer = {.status = 200};
        int64_t value = 7;
        request.parameters[0] = (struct http_parameter){"last", rows[i].text};
        assert_int_equal(http_number(&request, "last", 1, 100, &value, &answer), rows[i].result);
        if (rows[i].result >= 0)
            assert_int_equal(value, rows[i].value);
        else
            assert_int_equal(answer.status, 400);
        buf_release(&answer.body);
    }
}

static void last_parameter_wins(void **state)
{
    struct http_request request = {.nparameters = 2, .parameters = {{"a", "1"}, {"a", "2"}}};

    (void)state;
    assert_string_equal(http_parameter(&request, "a"), "2");
    assert_null(http_parameter(&request, "b"));
}

static void encodings(void **state)
{
    static const struct {
        const char *header;
        bool ok;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"br, gzip", true},
        {"gzip;q=0", false},
        {"gzip; q=0.0", false},
        {"gzip;q=0.5", true},
        {"*", true},
        {"*;q=0", false},
        {"*, gzip;q=0", false},
        {"identity", false},
        {"xgzip", false},
        {"gzipx", false},
        {"deflate;q=0, gzip", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (http_accepts_gzip(rows[i].header) != rows[i].ok)
            fail_msg("Accept-Encoding: %s", rows[i].header);
}

static void etags(void **state)
{
    static const struct {
        const char *header;
        bool matches;
    } rows[] = {
        {NULL, false},          {"", false},         {"\"a-1\"", true},
        {"W/\"a-1\"", true},    {"*", true},         {"\"b\", \"a-1\"", true},
        {"\"b\",\"c\"", false}, {"\"a-12\"", false}, {"a-1", false},
        {" \"a-1\" ", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (http_etag_matches(rows[i].header, "\"a-1\"") != rows[i].matches)
            fail_msg("If-None-Match: %s", rows[i].header);
}

/* What a request says is repeated only in a form that neither a page nor a terminal acts on. */
static void errors_repeat_safely(void **state)
{
    struct http_answer answer = {.status = 200};

    (void)state;
    http_error(&answer, 404, "there is nothing at %s", "/<b>\xC2\x9B\x1B[2J\xE2\x80\xAE\xFF\"");
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer.body.data, "{\"error\":{\"code\":\"not_found\",\"message\":\"there is nothing at "
                                          "/\\u003Cb\\u003E\\\\u009b\\\\x1b[2J\\\\u202e\\\\xFF\\\"\"}}\n");
    buf_release(&answer.body);
}

/* Utils.userPort: wraps above 65535 back to 1024. */
static void ports(void **state)
{
    (void)state;
    assert_int_equal(server_port_try(4040, 0), 4040);
    assert_int_equal(server_port_try(4040, 16), 4056);
    assert_int_equal(server_port_try(65535, 1), 1024);
    assert_int_equal(server_port_try(65530, 10), 1028);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets),
        cmocka_unit_test(hosts),
        cmocka_unit_test(matches),
        cmocka_unit_test(numbers),
        cmocka_unit_test(last_parameter_wins),
        cmocka_unit_test(encodings),
        cmocka_unit_test(etags),
        cmocka_unit_test(errors_repeat_safely),
        cmocka_unit_test(ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
