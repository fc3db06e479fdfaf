#include "record/json_copy.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Copy from memory of exactly the right size, so that a byte read too far is seen by the address sanitizer. */
static enum json_copy_status copy(const char *text, size_t len, bool one_line, struct buf *out, size_t *used,
                                  const char **reason)
{
    char *exact = malloc(len > 0 ? len : 1);

    assert_non_null(exact);
    memcpy(exact, text, len);
    buf_reset(out);
    enum json_copy_status status = json_copy_record(exact, len, one_line, NULL, out, used, reason);
    free(exact);
    return status;
}

static void test_sound(void **state)
{
    static const struct {
        const char *text;
        const char *copied;
    } CASES[] = {
        {"{}", "{}"},
        {"{ \r\n\t}", "{}"},
        {"{\"a\":1}", "{\"a\": 1}"},
        {"{\"a\" :\t\"b\" ,\n\"c\":[ ] }", "{\"a\": \"b\", \"c\": []}"},
        {"{\"a\":[1,2 , 3],\"b\":{\"c\":{}}}", "{\"a\": [1, 2, 3], \"b\": {\"c\": {}}}"},
        {"{\"a\":[[],[{}],{}]}", "{\"a\": [[], [{}], {}]}"},
        {"{\"a\":true,\"b\":false,\"c\":null}", "{\"a\": true, \"b\": false, \"c\": null}"},
        {"{\"n\":[0,-0,1.50,1E+2,-1e-07,123456789012345678901234567890]}",
         "{\"n\": [0, -0, 1.50, 1E+2, -1e-07, 123456789012345678901234567890]}"},
        {"{\"a\":\"x, y: z  {\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"}",
         "{\"a\": \"x, y: z  {\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"}"},
        {"{\"d\":1,\"d\":2}", "{\"d\": 1, \"d\": 2}"},
        {"{\"caf\xc3\xa9\":\"\xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf \x7f\"}",
         "{\"caf\xc3\xa9\": \"\xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf \x7f\"}"},
        {"{\"lone\":\"\\ud800\"}", "{\"lone\": \"\\ud800\"}"},
        {"{\"long\":\"0123456789abcdef0123456789abcdef0123456789\"}",
         "{\"long\": \"0123456789abcdef0123456789abcdef0123456789\"}"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        size_t len = strlen(CASES[i].text);
        size_t used;
        const char *reason;
        assert_int_equal(copy(CASES[i].text, len, false, &out, &used, &reason), JSON_COPY_DONE);
        assert_int_equal(used, len);
        assert_int_equal(out.len, strlen(CASES[i].copied));
        assert_memory_equal(out.data, CASES[i].copied, out.len);
        /* what is already in wire form stays as it is */
        char *again = malloc(out.len);
        size_t again_len = out.len;
        assert_non_null(again);
        memcpy(again, out.data, again_len);
        assert_int_equal(copy(again, again_len, true, &out, &used, &reason), JSON_COPY_DONE);
        assert_int_equal(out.len, again_len);
        assert_memory_equal(out.data, again, again_len);
        free(again);
        /* every beginning of it needs more, and leaves nothing behind */
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(copy(CASES[i].text, cut, false, &out, &used, &reason), JSON_COPY_MORE);
            assert_int_equal(out.len, 0);
        }
    }
    buf_release(&out);
}

static void test_damaged(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *reason;
    } CASES[] = {
        {"{a:1}", 1, "expected a key"},
        {"{\"a\" 1}", 5, "expected ':'"},
        {"{\"a\":}", 5, "expected a value"},
        {"{\"a\":1,}", 7, "expected a key"},
        {"{\"a\":1 \"b\":2}", 7, "expected ',' or '}'"},
        {"{\"a\":[1 2]}", 8, "expected ',' or ']'"},
        {"{\"a\":[1}", 7, "expected ',' or ']'"},
        {"{\"a\":[1,]}", 8, "expected a value"},
        {"{\"a\":{]}", 6, "expected a key"},
        {"{\"a\":1]", 6, "expected ',' or '}'"},
        {"{\"a\":nul}", 8, "expected a value"},
        {"{\"a\":NaN}", 5, "expected a value"},
        {"{\"a\":'b'}", 5, "expected a value"},
        {"{\"a\":01}", 6, "leading zero"},
        {"{\"a\":-}", 6, "a digit is missing"},
        {"{\"a\":1.}", 7, "a digit is missing"},
        {"{\"a\":.5}", 5, "expected a value"},
        {"{\"a\":1e}", 7, "a digit is missing"},
        {"{\"a\":+1}", 5, "expected a value"},
        {"{\"a\":\"\\x\"}", 7, "no such escape"},
        {"{\"a\":\"\\u12g4\"}", 10, "hexadecimal"},
        {"{\"a\":\"x\ty\"}", 7, "control character"},
        {"{\"a\":\"x\ny\"}", 7, "control character"},
        {"{\"a\":\"\x80\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xc0\xaf\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xe0\x9f\xbf\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xf0\x8f\xbf\xbf\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xf4\x90\x80\x80\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xf5\x80\x80\x80\"}", 6, "not UTF-8"},
        {"{\"a\":\"\xe2\x82\"}", 6, "not UTF-8"},
        {"{\"a\":1\v}", 6, "expected ',' or '}'"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        size_t used;
        const char *reason;
        assert_int_equal(copy(CASES[i].text, strlen(CASES[i].text), false, &out, &used, &reason), JSON_COPY_BAD);
        if (used != CASES[i].at || strstr(reason, CASES[i].reason) == NULL)
            fail_msg("%s: at %zu: %s", CASES[i].text, used, reason);
        assert_int_equal(out.len, 0);
    }
    buf_release(&out);
}

static void test_one_line(void **state)
{
    struct buf out = BUF_INIT;
    size_t used;
    const char *reason;

    (void)state;
    assert_int_equal(copy("{\"a\":\n1}", 8, true, &out, &used, &reason), JSON_COPY_BAD);
    assert_int_equal(used, 5);
    assert_string_equal(reason, "the line ends inside a record");
    assert_int_equal(copy("{\"a\":\r\n1}", 9, true, &out, &used, &reason), JSON_COPY_BAD);
    assert_int_equal(used, 6);
    assert_int_equal(copy("{\"a\":\"x\n", 8, true, &out, &used, &reason), JSON_COPY_BAD);
    assert_string_equal(reason, "the line ends inside a record");
    assert_int_equal(copy("{\"a\" : \t1}", 10, true, &out, &used, &reason), JSON_COPY_DONE);
    buf_release(&out);
}

/* depth brackets around nothing, as the value of a key. */
static size_t nested(char *text, int depth, char open, char close)
{
    size_t len = 0;

    memcpy(text, "{\"a\":", 5);
    len = 5;
    for (int i = 1; i < depth; i++)
        text[len++] = open;
    for (int i = 1; i < depth; i++)
        text[len++] = close;
    text[len++] = '}';
    return len;
}

static void test_nesting(void **state)
{
    char text[20100];
    struct buf out = BUF_INIT;
    size_t used;
    const char *reason;

    (void)state;
    size_t len = nested(text, JSON_COPY_DEPTH, '[', ']');
    assert_int_equal(copy(text, len, false, &out, &used, &reason), JSON_COPY_DONE);
    for (int depth = JSON_COPY_DEPTH + 1; depth <= 10000; depth += 2500) {
        len = nested(text, depth, '[', ']');
        assert_int_equal(copy(text, len, false, &out, &used, &reason), JSON_COPY_BAD);
        assert_non_null(strstr(reason, "nested"));
        assert_int_equal(used, 5 + JSON_COPY_DEPTH - 1);
    }
    buf_release(&out);
}

static void test_size(void **state)
{
    struct buf out = BUF_INIT;
    size_t used;
    const char *reason;
    char *text = malloc(JSON_COPY_MAX_BYTES + 1);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', JSON_COPY_MAX_BYTES + 1);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + JSON_COPY_MAX_BYTES - 2, "\"}", 2);
    assert_int_equal(json_copy_record(text, JSON_COPY_MAX_BYTES, false, NULL, &out, &used, &reason), JSON_COPY_DONE);
    assert_int_equal(out.len, JSON_COPY_MAX_BYTES + 1);
    /* one more, whether or not the rest is there */
    memcpy(text + JSON_COPY_MAX_BYTES - 2, "x\"}", 3);
    buf_reset(&out);
    assert_int_equal(json_copy_record(text, JSON_COPY_MAX_BYTES, false, NULL, &out, &used, &reason), JSON_COPY_BAD);
    assert_int_equal(json_copy_record(text, JSON_COPY_MAX_BYTES + 1, false, NULL, &out, &used, &reason), JSON_COPY_BAD);
    assert_int_equal(used, JSON_COPY_MAX_BYTES);
    assert_non_null(strstr(reason, "1 MiB"));
    /* the worst growth: a comma for every other byte */
    for (size_t i = 6; i < JSON_COPY_MAX_BYTES; i++)
        text[i] = i % 2 == 0 ? '1' : ',';
    memcpy(text, "{\"a\":[", 6);
    memcpy(text + JSON_COPY_MAX_BYTES - 3, "1]}", 3);
    text[JSON_COPY_MAX_BYTES - 4] = '1';
    assert_int_equal(json_copy_record(text, JSON_COPY_MAX_BYTES, false, NULL, &out, &used, &reason), JSON_COPY_DONE);
    free(text);
    buf_release(&out);
}

/* Bytes behind the record are not looked at, records may follow each other in one output. */
static void test_behind(void **state)
{
    struct buf out = BUF_INIT;
    size_t used;
    const char *reason;
    static const char text[] = "{\"a\":1}{\"b\":\xff";

    (void)state;
    assert_int_equal(json_copy_record(text, sizeof(text) - 1, false, NULL, &out, &used, &reason), JSON_COPY_DONE);
    assert_int_equal(used, 7);
    assert_int_equal(json_copy_record(text, sizeof(text) - 1, false, NULL, &out, &used, &reason), JSON_COPY_DONE);
    assert_int_equal(out.len, 16);
    assert_memory_equal(out.data, "{\"a\": 1}{\"a\": 1}", 16);
    buf_release(&out);
}

/* jansson as second opinion on mutated records. It refuses more in three places, which are passed over: \u escapes
 * (lone surrogates, NUL) and numbers out of its range. */
static void test_against_jansson(void **state)
{
    static const char seed_text[] =
        "{\"crime_id\": \"183653763\", \"n\": [0, -1.5e+3, true, null, {\"x\": {}}], \"t\": \"caf\xc3\xa9 \xe2\x82\xac "
        "\xf0\x9f\x98\x80 a\\\"b\\\\ and more text to fill a block\", \"e\": \"\", \"z\": [[], [false]]}";
    static const char BYTES[] = "{}[]\",:\\0123456789eE+-. tfnul\n\x01\x80\xc3\xe2\xf0\xff";
    uint64_t random = 88172645463325252u;
    size_t accepted = 0;
    struct buf out = BUF_INIT;

    (void)state;
    for (int round = 0; round < 40000; round++) {
        char text[sizeof(seed_text) + 8];
        size_t len = sizeof(seed_text) - 1;
        memcpy(text, seed_text, len);
        for (int change = 0; change < 1 + round % 3; change++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            size_t at = 1 + (size_t)(random >> 8) % (len - 1);
            char byte = BYTES[(random >> 40) % (sizeof(BYTES) - 1)];
            switch (random % 3) {
            case 0:
                text[at] = byte;
                break;
            case 1:
                memmove(text + at + 1, text + at, len - at);
                text[at] = byte;
                len++;
                break;
            default:
                memmove(text + at, text + at + 1, len - at - 1);
                len--;
                break;
            }
        }
        size_t used;
        const char *reason;
        json_error_t error;
        bool sound = copy(text, len, false, &out, &used, &reason) == JSON_COPY_DONE && used == len;
        json_t *json = json_loadb(text, len, 0, &error);
        bool wanted = json != NULL;
        json_decref(json);
        if (sound != wanted && memmem(text, len, "\\u", 2) == NULL &&
            (wanted || json_error_code(&error) != json_error_numeric_overflow))
            fail_msg("round %d: %s but jansson says %s: %.*s", round, sound ? "sound" : reason,
                     wanted ? "sound" : error.text, (int)len, text);
        accepted += sound;
    }
    assert_true(accepted > 1000);
    buf_release(&out);
}

/* Copies of the same bytes with and without a shape must agree in everything, whatever the records before had been. */
static void test_shapes(void **state)
{
    static const char *const RECORDS[] = {
        "{\n        \"a\": \"1\",\n        \"key\": \"value with more than sixteen bytes of text\"\n    }",
        "{\n        \"a\": \"\",\n        \"key\": \"caf\xc3\xa9 \\\"quoted\\\" \\\\\"\n    }",
        "{\n        \"a\": \"1\",\n        \"kez\": \"other key\"\n    }",
        "{\n        \"a\": \"1\",\n        \"key\": \"other end\"\n   }",
        "{\n        \"a\": 1,\n        \"key\": \"number\"\n    }",
        "{\n        \"a\": \"1\"\n    }",
        "{\"a\":\"1\",\"key\":\"x\"}",
        "{\"a\": \"1\", \"key\": \"x\"}",
        "{\"a\":\"1\",\"key\":\"\xff\"}",
        "{\"a\":\"1\",\"key\":\"\t\"}",
        "{\"a\":\"1\",\"key\":\"\\x\"}",
        "{\"a\":\"1\",\"key\":\"x\"",
        "{}",
        "{\"k\\\"e\":\"1\"}",
        "{\"a key that is so long that the piece it stands in does not fit into a shape any more\":\"1\"}",
        "{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\",\"9\":\"\","
        "\"10\":\"\",\"11\":\"\",\"12\":\"\",\"13\":\"\",\"14\":\"\",\"15\":\"\",\"16\":\"\",\"17\":\"\","
        "\"18\":\"\",\"19\":\"\",\"20\":\"\",\"21\":\"\",\"22\":\"\",\"23\":\"\",\"24\":\"\",\"25\":\"\","
        "\"26\":\"\",\"27\":\"\",\"28\":\"\",\"29\":\"\",\"30\":\"\",\"31\":\"\",\"32\":\"\",\"33\":\"\"}",
        "{\"a\":{\"b\":\"c\"},\"key\":\"x\"}",
    };
    enum { N = sizeof(RECORDS) / sizeof(RECORDS[0]) };
    struct json_copy_shape shape;
    struct buf plain = BUF_INIT;
    struct buf shaped = BUF_INIT;
    uint64_t random = 1;

    (void)state;
    memset(&shape, 0, sizeof(shape));
    for (int round = 0; round < 20000; round++) {
        /* runs of one record, so that its shape is known and used; what follows differs in length */
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const char *record = RECORDS[round / 3 % 7 == 0 ? (int)((random >> 33) % N) : round / 100 % N];
        size_t behind = (random >> 40) % 4 == 0 ? (random >> 45) % 70 : 100;
        size_t len = strlen(record);
        char *exact = malloc(len + behind + 1);
        size_t used[2];
        const char *reason[2];
        assert_non_null(exact);
        memcpy(exact, record, len);
        memset(exact + len, ' ', behind);
        exact = realloc(exact, len + behind > 0 ? len + behind : 1);
        assert_non_null(exact);
        buf_reset(&plain);
        buf_reset(&shaped);
        enum json_copy_status want = json_copy_record(exact, len + behind, false, NULL, &plain, &used[0], &reason[0]);
        enum json_copy_status got = json_copy_record(exact, len + behind, false, &shape, &shaped, &used[1], &reason[1]);
        assert_int_equal(got, want);
        assert_int_equal(used[1], used[0]);
        assert_string_equal(reason[1], reason[0]);
        assert_int_equal(shaped.len, plain.len);
        if (plain.len > 0)
            assert_memory_equal(shaped.data, plain.data, plain.len);
        free(exact);
    }
    buf_release(&plain);
    buf_release(&shaped);
}

static void test_member(void **state)
{
    static const struct {
        const char *record;
        const char *name;
        const char *text; /* NULL: none */
    } CASES[] = {
        {"{}", "a", NULL},
        {"{\"a\": \"x\"}", "a", "x"},
        {"{\"a\": \"x\"}", "b", NULL},
        {"{\"a\": \"\"}", "a", ""},
        {"{\"a\": null}", "a", NULL},
        {"{\"a\": 1.50, \"b\": 2}", "a", "1.50"},
        {"{\"a\": 1, \"b\": true}", "b", "true"},
        {"{\"a\": {\"b\": 1}, \"b\": [1, {\"a\": \"]\"}]}", "b", "[1, {\"a\": \"]\"}]"},
        {"{\"a\": {\"b\": 1, \"c\": [2, \"}\"]}, \"b\": \"x\"}", "b", "x"},
        {"{\"d\": 1, \"d\": 2, \"e\": 3}", "d", "2"},
        {"{\"d\": 1, \"d\": null}", "d", NULL},
        {"{\"a\": \"q\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a", "q\"\\/\b\f\n\r\t"},
        {"{\"a\": \"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"}", "a", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"{\"a\": \"\\ud83d\\u0041\\ude00\"}", "a",
         "\xef\xbf\xbd"
         "A\xef\xbf\xbd"},
        {"{\"disp\\u006fsition\": \"x\"}", "disposition", "x"},
        {"{\"x\\\"y\": 1, \"a\": \"\\\\\"}", "a", "\\"},
        {"{\"caf\xc3\xa9\": 7}", "caf\xc3\xa9", "7"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        buf_reset(&out);
        bool found =
            json_copy_member(CASES[i].record, strlen(CASES[i].record), CASES[i].name, strlen(CASES[i].name), &out);
        assert_int_equal(found, CASES[i].text != NULL);
        if (found) {
            assert_int_equal(out.len, strlen(CASES[i].text));
            assert_memory_equal(out.data != NULL ? out.data : "", CASES[i].text, out.len);
        } else {
            assert_int_equal(out.len, 0);
        }
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),           cmocka_unit_test(test_damaged), cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_nesting),         cmocka_unit_test(test_size),    cmocka_unit_test(test_behind),
        cmocka_unit_test(test_against_jansson), cmocka_unit_test(test_shapes),  cmocka_unit_test(test_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
