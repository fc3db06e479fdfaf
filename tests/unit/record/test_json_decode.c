#include "record/json_decode.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COLUMNS 7

static const char ddl[] = "a STRING, b BIGINT, c DOUBLE, d BOOLEAN, e TIMESTAMP, f DATE, k INT";

/* One decoder per way, each with columns of its own. */
struct bench {
    struct schema schema;
    struct arena fixed, strings;
    struct json_decoder *decoders[3];
    struct vector columns[3][COLUMNS];
};

static void bench_init(struct bench *bench)
{
    static const size_t wanted[COLUMNS] = {0, 1, 2, 3, 4, 5, 6};
    struct errbuf err;

    memset(bench, 0, sizeof(*bench));
    schema_init(&bench->schema);
    assert_int_equal(schema_parse(&bench->schema, ddl, &err), 0);
    for (int w = 0; w < 3; w++) {
        bench->decoders[w] = json_decoder_new(&bench->schema, wanted, COLUMNS, zone_utc(), &err);
        assert_non_null(bench->decoders[w]);
        json_decoder_restrict(bench->decoders[w], (enum json_decoder_ways)w);
        for (size_t c = 0; c < COLUMNS; c++)
            assert_int_equal(vector_alloc(&bench->columns[w][c], bench->schema.columns[c].type, 4, &bench->fixed), 0);
    }
}

static void bench_release(struct bench *bench)
{
    for (int w = 0; w < 3; w++)
        json_decoder_free(bench->decoders[w]);
    arena_release(&bench->strings);
    arena_release(&bench->fixed);
    schema_release(&bench->schema);
}

static bool same_value(const struct vector *x, const struct vector *y, size_t row)
{
    if (vector_is_null(x, row) || vector_is_null(y, row))
        return vector_is_null(x, row) == vector_is_null(y, row);
    if (x->type->id == TYPE_STRING) {
        struct str a = x->data.str[row], b = y->data.str[row];
        return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
    }
    size_t width = type_width(x->type);
    return memcmp((char *)x->data.raw + row * width, (char *)y->data.raw + row * width, width) == 0;
}

/* Decode by all ways, twice (shapes are learned from the first time), and insist that they agree. The bytes are copied
 * to a block of their own size, so that a sanitizer sees a byte read too much. */
static enum json_decode_status decode(struct bench *bench, const char *data, size_t len, size_t row)
{
    enum json_decode_status status[3];
    char *record = malloc(len > 0 ? len : 1);

    assert_non_null(record);
    memcpy(record, data, len);
    for (int again = 0; again < 2; again++)
        for (int w = 0; w < 3; w++) {
            status[w] = json_decode_record(bench->decoders[w], record, len, bench->columns[w], row, &bench->strings);
            bool same = status[w] == status[0];
            for (size_t c = 0; c < COLUMNS; c++)
                same = same && same_value(&bench->columns[w][c], &bench->columns[0][c], row);
            if (!same)
                fail_msg("way %d disagrees on %.*s", w, (int)len, data);
        }
    free(record);
    return status[0];
}

/* The row as text: values separated by spaces, '-' for NULL. */
static const char *show(const struct vector *columns, size_t row)
{
    static char text[1000];
    size_t at = 0;

    for (size_t c = 0; c < COLUMNS; c++) {
        const struct vector *v = &columns[c];
        size_t room = sizeof(text) - at;
        if (vector_is_null(v, row))
            at += (size_t)snprintf(text + at, room, " -");
        else if (v->type->id == TYPE_STRING)
            at += (size_t)snprintf(text + at, room, " %.*s", (int)v->data.str[row].len, v->data.str[row].data);
        else if (v->type->id == TYPE_DOUBLE)
            at += (size_t)snprintf(text + at, room, " %g", v->data.f64[row]);
        else if (v->type->id == TYPE_BOOLEAN)
            at += (size_t)snprintf(text + at, room, " %s", v->data.boolean[row] ? "true" : "false");
        else if (type_width(v->type) == 4)
            at += (size_t)snprintf(text + at, room, " %d", v->data.i32[row]);
        else
            at += (size_t)snprintf(text + at, room, " %lld", (long long)v->data.i64[row]);
    }
    return text + 1;
}

static void decodes_as_spark(void **state)
{
    static const struct {
        const char *record;
        enum json_decode_status status;
        const char *row;
        const char *reason; /* part of it */
    } cases[] = {
        {"{\"a\":\"x\",\"b\":-12,\"c\":1.5,\"d\":true,\"e\":\"2018-12-31T23:57:00.000\",\"f\":\"2018-12-31\",\"k\":7}",
         JSON_DECODE_OK, "x -12 1.5 true 1546300620000000 17896 7", ""},
        {" { \"k\" : 1 ,\n\t\"zz\" : { \"k\" : [ 2, { } , [ ] , \"]\" ] } } trailing", JSON_DECODE_OK, "- - - - - - 1",
         ""},
        {"{}", JSON_DECODE_OK, "- - - - - - -", ""},
        {"", JSON_DECODE_EMPTY, "- - - - - - -", ""},
        {" \t\r\n", JSON_DECODE_EMPTY, "- - - - - - -", ""},
        {"[{\"k\":1}]", JSON_DECODE_BAD, "- - - - - - -", "not an object"},
        {"null", JSON_DECODE_BAD, "- - - - - - -", "not an object"},
        {"hello", JSON_DECODE_BAD, "- - - - - - -", "byte"},
        {"{\"k\":1", JSON_DECODE_BAD, "- - - - - - -", "ends inside"},
        {"{\"k\":1,}", JSON_DECODE_BAD, "- - - - - - -", "name"},
        {"{\"k\" 1}", JSON_DECODE_BAD, "- - - - - - -", "':'"},
        {"{\"k\":1,\"zz\":\"\x01\"}", JSON_DECODE_BAD, "- - - - - - -", "control character"},
        {"{\"k\":\"7\"}", JSON_DECODE_PARTIAL, "- - - - - - -", "column k: not an INT"},
        {"{\"k\":1,\"e\":\"not a date\",\"a\":\"y\"}", JSON_DECODE_PARTIAL, "y - - - - - 1",
         "column e: not a TIMESTAMP"},
        {"{\"k\":1,\"k\":\"x\",\"b\":1,\"b\":null}", JSON_DECODE_PARTIAL, "- - - - - - 1", "column k"},
        {"{\"k\":1,\"K\":2,\"k\":3}", JSON_DECODE_OK, "- - - - - - 3", ""},
        {"{\"\\u006b\":5}", JSON_DECODE_OK, "- - - - - - 5", ""},
        {"{'k':5,\"a\":'it\\'s'}", JSON_DECODE_OK, "it's - - - - - 5", ""},
        {"{\"a\":{ \"x\" : [1, 2.50, null, \"\\u00e9\\/\"] },\"k\":1}", JSON_DECODE_OK,
         "{\"x\":[1,2.5,null,\"\xC3\xA9/\"]} - - - - - 1", ""},
        {"{\"a\":12,\"c\":12,\"d\":1}", JSON_DECODE_PARTIAL, "12 - 12 - - - -", "column d: not a BOOLEAN"},
        {"{\"a\":-0,\"c\":-0}", JSON_DECODE_OK, "0 - 0 - - - -", ""},
        {"{\"a\":1.50,\"c\":-0.0}", JSON_DECODE_OK, "1.5 - -0 - - - -", ""},
        {"{\"a\":true,\"e\":1546300620,\"f\":\"-1\"}", JSON_DECODE_OK, "true - - - 1546300620000000 -1 -", ""},
        {"{\"e\":9223372036855,\"c\":\"-INF\"}", JSON_DECODE_OK, "- - -inf - -9223372036854551616 - -", ""},
        {"{\"c\":NaN,\"a\":Infinity}", JSON_DECODE_OK, "\"Infinity\" - nan - - - -", ""},
        {"{\"a\":\"\\ud83d\\ude00\\ud83d \\n\"}", JSON_DECODE_OK, "\xF0\x9F\x98\x80? \n - - - - - -", ""},
        {"{\"a\":\"caf\xE9\"}", JSON_DECODE_OK, "caf\xEF\xBF\xBD - - - - - -", ""},
        /* an error while a value is converted costs the field; reading goes on where the parser stood */
        {"{\"a\":\"\\u12\",\"k\":1}", JSON_DECODE_PARTIAL, "- - - - - - 1", "column a"},
        {"{\"a\":\"\\u12g4\",\"k\":1}", JSON_DECODE_BAD, "- - - - - - -", "','"},
        {"{\"a\":{\"x\":1,},\"k\":1}", JSON_DECODE_PARTIAL, "- - - - - - 1", "column a"},
        {"{\"a\":[1,],\"k\":1}", JSON_DECODE_BAD, "- - - - - - -", ""},
        {"{\"a\":[1.],\"k\":1}", JSON_DECODE_PARTIAL, "- - - - - - 1", "column a"},
        {"{\"b\":[1.],\"k\":1}", JSON_DECODE_BAD, "- - - - - - -", "decimal point"},
    };
    struct bench bench;

    (void)state;
    bench_init(&bench);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum json_decode_status status = decode(&bench, cases[i].record, strlen(cases[i].record), i % 4);
        if (status != cases[i].status)
            fail_msg("status %d of %s", status, cases[i].record);
        assert_string_equal(show(bench.columns[0], i % 4), cases[i].row);
        const char *reason = json_decoder_reason(bench.decoders[0]);
        if (status == JSON_DECODE_OK || status == JSON_DECODE_EMPTY)
            assert_string_equal(reason, "");
        else if (strstr(reason, cases[i].reason) == NULL)
            fail_msg("reason '%s' of %s", reason, cases[i].record);
    }
    bench_release(&bench);
}

static void skips_what_nobody_wants(void **state)
{
    static const size_t wanted[] = {6, 0};
    struct bench bench;
    struct vector columns[2];
    struct errbuf err;

    (void)state;
    bench_init(&bench);
    struct json_decoder *decoder = json_decoder_new(&bench.schema, wanted, 2, zone_utc(), &err);
    assert_non_null(decoder);
    assert_int_equal(vector_alloc(&columns[0], type_of(TYPE_INT), 1, &bench.fixed), 0);
    assert_int_equal(vector_alloc(&columns[1], type_of(TYPE_STRING), 1, &bench.fixed), 0);
    static const char fine[] = "{\"b\":\"no number\",\"a\":\"x\",\"k\":3}"; /* b is not looked at */
    assert_int_equal(json_decode_record(decoder, fine, sizeof(fine) - 1, columns, 0, &bench.strings), JSON_DECODE_OK);
    assert_int_equal(columns[0].data.i32[0], 3);
    assert_int_equal(columns[1].data.str[0].len, 1);
    static const char broken[] = "{\"a\":\"x\",\"k\":3,\"b\":tru}"; /* but must be JSON */
    assert_int_equal(json_decode_record(decoder, broken, sizeof(broken) - 1, columns, 0, &bench.strings),
                     JSON_DECODE_BAD);
    json_decoder_free(decoder);
    decoder = json_decoder_new(&bench.schema, NULL, 0, zone_utc(), &err); /* count(*) wants nothing */
    assert_non_null(decoder);
    assert_int_equal(json_decode_record(decoder, fine, sizeof(fine) - 1, NULL, 0, &bench.strings), JSON_DECODE_OK);
    assert_int_equal(json_decode_record(decoder, broken, sizeof(broken) - 1, NULL, 0, &bench.strings), JSON_DECODE_BAD);
    json_decoder_free(decoder);
    bench_release(&bench);
}

static void reads_base64(void **state)
{
    static const size_t wanted[] = {0, 1};
    static const struct {
        const char *record;
        enum json_decode_status status;
        const char *bytes; /* NULL: NULL */
        int32_t k;         /* -1: NULL */
    } cases[] = {
        {"{\"a\":\"YWJj\",\"k\":1}", JSON_DECODE_OK, "abc", 1},
        {"{\"a\":\"YQ==\",\"k\":1}", JSON_DECODE_OK, "a", 1},
        {"{\"a\":\" YWI= YWI=\",\"k\":1}", JSON_DECODE_OK, "abab", 1},
        {"{\"a\":\"\",\"k\":1}", JSON_DECODE_OK, "", 1},
        {"{\"a\":'YW\\u004aj',\"k\":1}", JSON_DECODE_OK, "abc", 1},
        {"{\"a\":null,\"k\":1}", JSON_DECODE_OK, NULL, 1},
        {"{\"a\":\"YWI\",\"k\":1}", JSON_DECODE_PARTIAL, NULL, 1},
        {"{\"a\":\"Y W==\",\"k\":1}", JSON_DECODE_PARTIAL, NULL, 1},
        {"{\"a\":\"*\",\"k\":1}", JSON_DECODE_PARTIAL, NULL, 1},
        {"{\"a\":7,\"k\":1}", JSON_DECODE_PARTIAL, NULL, 1},
    };
    struct schema schema;
    struct arena arena = ARENA_INIT;
    struct vector columns[2];
    struct errbuf err;

    (void)state;
    schema_init(&schema);
    assert_int_equal(schema_parse(&schema, "a BINARY, k INT", &err), 0);
    struct json_decoder *decoder = json_decoder_new(&schema, wanted, 2, zone_utc(), &err);
    assert_non_null(decoder);
    for (size_t c = 0; c < 2; c++)
        assert_int_equal(vector_alloc(&columns[c], schema.columns[c].type, 1, &arena), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(json_decode_record(decoder, cases[i].record, strlen(cases[i].record), columns, 0, &arena),
                         cases[i].status);
        assert_int_equal(vector_is_null(&columns[0], 0), cases[i].bytes == NULL);
        if (cases[i].bytes != NULL) {
            assert_int_equal(columns[0].data.str[0].len, strlen(cases[i].bytes));
            assert_memory_equal(columns[0].data.str[0].data, cases[i].bytes, strlen(cases[i].bytes));
        }
        assert_int_equal(columns[1].data.i32[0], cases[i].k);
    }
    json_decoder_free(decoder);
    arena_release(&arena);
    schema_release(&schema);
}

/* Many shapes in turn, more than are kept, and long texts: the cache must never answer for another record. */
static void shapes_do_not_mix(void **state)
{
    struct bench bench;
    char record[600];

    (void)state;
    bench_init(&bench);
    for (unsigned i = 0; i < 3000; i++) {
        const char *space = i % 2 == 0 ? "" : " ";
        size_t pad = i % 40;
        int n = snprintf(record, sizeof(record), "{%s\"%s\":%s\"%.*s\",\"zz%u\": %u, \"k\":%s%u,\"b\":%u}", space,
                         i % 3 == 0 ? "a" : "y", space, (int)pad, "0123456789012345678901234567890123456789", i % 7, i,
                         space, i, i * 2);
        assert_int_equal(decode(&bench, record, (size_t)n, i % 4), JSON_DECODE_OK);
        assert_int_equal(bench.columns[0][6].data.i32[i % 4], i);
        assert_int_equal(bench.columns[0][1].data.i64[i % 4], i * 2);
        assert_int_equal(vector_is_null(&bench.columns[0][0], i % 4), i % 3 != 0);
        if (i % 3 == 0)
            assert_int_equal(bench.columns[0][0].data.str[i % 4].len, pad);
        if (i % 500 == 0)
            arena_reset(&bench.strings);
    }
    bench_release(&bench);
}

/* --- against jansson --------------------------------------------------------------------------------------------- */

static uint32_t seed = 20181231;

static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* What Spark's parser takes and jansson does not: then only our own ways are compared with each other. */
static bool beyond_jansson(const char *record, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)record[i] >= 0x80 || strchr("'NI\\", record[i]) != NULL)
            return true;
    return false;
}

static void check_text(const struct vector *column, const json_t *value, const char *record)
{
    if (!json_is_string(value)) {
        if (vector_is_null(column, 0) != (value == NULL || json_is_null(value)))
            fail_msg("column a of %s", record);
        return;
    }
    struct str got = column->data.str[0];
    if (vector_is_null(column, 0) || got.len != json_string_length(value) ||
        memcmp(got.data, json_string_value(value), got.len) != 0)
        fail_msg("column a of %s", record);
}

static void mutated_records_against_jansson(void **state)
{
    static const char *const originals[] = {
        "{\"a\": \"x y\", \"b\": -12, \"zz\": {\"p\": [1, \"]\", {}], \"q\": null}, \"k\": 7}",
        "{\"k\":1,\"e\":\"2018-12-31T23:57:00.000\",\"a\":\"\",\"d\":false,\"c\":1.5e3}",
        "{\"zz\":[[],[1,2.5,-0],{\"a\":{\"a\":\"n\"}}],\"a\":\"long enough for a block or two of sixteen bytes\"}",
    };
    static const char alphabet[] = "\"\"{}[],,::0123456789-+.eE \n\ttrufalsn/akbz#";
    struct bench bench;
    int accepted = 0, rejected = 0, compared = 0;
    uint32_t first_seed = seed;

    (void)state;
    bench_init(&bench);
    for (int i = 0; i < 60000; i++) {
        char record[200];
        const char *original = originals[next_random() % 3];
        size_t len = strlen(original);
        memcpy(record, original, len + 1);
        for (unsigned n = next_random() % 3; n > 0; n--) {
            size_t at = next_random() % len;
            char c = next_random() % 16 == 0 ? (char)next_random() : alphabet[next_random() % (sizeof(alphabet) - 1)];
            switch (next_random() % 4) {
            case 0:
                memmove(record + at, record + at + 1, len - at);
                len--;
                break;
            case 1:
                memmove(record + at + 1, record + at, len - at + 1);
                record[at] = c;
                len++;
                break;
            case 2:
                record[at] = c;
                break;
            default:
                if (next_random() % 8 == 0)
                    len = at > 0 ? at : 1;
            }
        }
        record[len] = '\0';
        if (i % 1000 == 0)
            arena_reset(&bench.strings);
        enum json_decode_status status = decode(&bench, record, len, 0);
        if (beyond_jansson(record, len))
            continue;
        json_error_t error;
        json_t *root = json_loadb(record, len, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
        compared++;
        if (root == NULL && strstr(error.text, "too big") == NULL && strstr(error.text, "overflow") == NULL) {
            /* PARTIAL: Spark reads on behind an error inside a value */
            if (status == JSON_DECODE_OK)
                fail_msg("seed %u: accepted what jansson rejects (%s): %s", first_seed, error.text, record);
            rejected++;
        } else if (json_is_object(root)) {
            if (status != JSON_DECODE_OK && status != JSON_DECODE_PARTIAL)
                fail_msg("seed %u: rejected (%s): %s", first_seed, json_decoder_reason(bench.decoders[0]), record);
            check_text(&bench.columns[0][0], json_object_get(root, "a"), record);
            accepted++;
        }
        json_decref(root);
    }
    print_message("seed %u: %d compared, %d accepted, %d rejected\n", first_seed, compared, accepted, rejected);
    assert_true(accepted > 10000 && rejected > 5000);
    bench_release(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_as_spark),
        cmocka_unit_test(skips_what_nobody_wants),
        cmocka_unit_test(reads_base64),
        cmocka_unit_test(shapes_do_not_mix),
        cmocka_unit_test(mutated_records_against_jansson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
