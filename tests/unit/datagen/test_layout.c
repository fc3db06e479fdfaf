#include "datagen/layout.h"

#include "common/crc32c.h"
#include "datagen/damage.h"
#include "datagen/model.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the program writes. */
static void generate(enum layout layout, uint64_t seed, int n, uint32_t malformed, struct buf *out)
{
    struct model *model = malloc(sizeof(*model));
    struct damage damage;
    struct errbuf err;
    struct call call;

    assert_non_null(model);
    assert_int_equal(damage_init(&damage, seed, malformed, &err), 0);
    model_init(model, seed, 0);
    buf_reset(out);
    layout_begin(layout, n > 0, out);
    for (int i = 0; i < n; i++) {
        if (i > 0)
            layout_separator(layout, out);
        size_t begin = out->len;
        model_next(model, &call);
        damage_call(&damage, &call);
        layout_record(layout, &call, &damage.defects, out);
        damage_text(&damage, begin, out);
    }
    layout_end(layout, n > 0, out);
    assert_false(out->failed);
    damage_release(&damage);
    free(model);
}

/* The promise of --seed: these sums hold on every machine. They change only when the model is meant to change. */
static void test_same_bytes_everywhere(void **state)
{
    static const struct {
        enum layout layout;
        uint32_t malformed;
        uint32_t crc;
    } CASES[] = {
        {LAYOUT_JSON, 0, 0xee7fdc7e},
        {LAYOUT_JSONL, 0, 0xde1ad29c},
        {LAYOUT_CSV, 0, 0xd50149eb},
        {LAYOUT_JSONL, 1000, 0xdff53803},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        generate(CASES[i].layout, 2018, 5000, CASES[i].malformed, &out);
        uint32_t crc = crc32c_update(0, out.data, out.len);
        if (crc != CASES[i].crc)
            fail_msg("case %zu: 0x%08x", i, (unsigned)crc);
    }
    buf_release(&out);
}

/* jansson writes the original's layout with JSON_INDENT(4): ours is the same to the byte. */
static void test_original_layout(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    for (int n = 0; n <= 200; n += n < 3 ? 1 : 197) {
        generate(LAYOUT_JSON, 99, n, 0, &out);
        json_t *json = json_loadb(out.data, out.len, 0, NULL);
        assert_non_null(json);
        assert_int_equal(json_array_size(json), n);
        char *text = json_dumps(json, JSON_INDENT(4));
        assert_non_null(text);
        assert_int_equal(out.len, strlen(text) + 1);
        assert_memory_equal(out.data, text, strlen(text));
        assert_int_equal(out.data[out.len - 1], '\n');
        free(text);
        json_decref(json);
    }
    buf_release(&out);
}

static void test_lines_and_prefix(void **state)
{
    struct buf out = BUF_INIT;
    struct buf more = BUF_INIT;

    (void)state;
    generate(LAYOUT_JSONL, 4, 50, 0, &out);
    generate(LAYOUT_JSONL, 4, 100, 0, &more);
    assert_memory_equal(out.data, more.data, out.len); /* fewer records: the same ones */
    for (char *line = out.data; *line != '\0';) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        json_t *json = json_loadb(line, (size_t)(end - line), 0, NULL);
        assert_non_null(json);
        assert_int_equal(json_object_size(json), CALL_COLUMNS);
        char *text = json_dumps(json, 0); /* ", " and ": " */
        assert_int_equal(strlen(text), end - line);
        assert_memory_equal(text, line, strlen(text));
        free(text);
        json_decref(json);
        line = end + 1;
    }
    generate(LAYOUT_CSV, 4, 0, 0, &out);
    assert_non_null(strstr(out.data, "Crime Id,Original Crime Type Name,Report Date,"));
    buf_release(&more);
    buf_release(&out);
}

static void test_csv_quotes(void **state)
{
    struct call call;
    struct layout_defects none = {0, 0};
    struct buf out = BUF_INIT;

    (void)state;
    for (int i = 0; i < CALL_COLUMNS; i++)
        call.column[i] = (struct call_text){"x", 1};
    call.column[CALL_CALL_DATE] = (struct call_text){"2018-12-31T00:00:00.000", 23};
    call.column[CALL_ADDRESS] = (struct call_text){"a \"b\", c", 8};
    call.column[CALL_CITY] = (struct call_text){"", 0};
    layout_record(LAYOUT_CSV, &call, &none, &out);
    assert_non_null(out.data);
    out.data[out.len] = 0;
    assert_string_equal(out.data, "x,x,x,2018-12-31T00:00:00,x,x,x,x,\"a \"\"b\"\", c\",,x,x,x,x");
    buf_release(&out);
}

/* With malformed records the sound ones stay as they were. */
static void test_malformed(void **state)
{
    struct buf plain = BUF_INIT;
    struct buf out = BUF_INIT;
    int same = 0;
    int unreadable = 0;
    int n = 0;

    (void)state;
    generate(LAYOUT_JSONL, 3, 3000, 0, &plain);
    generate(LAYOUT_JSONL, 3, 3000, 1000, &out);
    char *line = out.data;
    for (char *wanted = plain.data; *wanted != '\0'; n++) {
        char *wanted_end = strchr(wanted, '\n');
        char *end = memchr(line, '\n', out.len - (size_t)(line - out.data));
        assert_non_null(end);
        same += end - line == wanted_end - wanted && memcmp(line, wanted, (size_t)(end - line)) == 0;
        json_t *json = json_loadb(line, (size_t)(end - line), 0, NULL);
        unreadable += json == NULL;
        json_decref(json);
        wanted = wanted_end + 1;
        line = end + 1;
    }
    assert_int_equal(n, 3000);
    assert_in_range(n - same, 240, 360);  /* 10 % */
    assert_in_range(unreadable, 50, 140); /* two of seven kinds, and NaN */
    buf_release(&out);
    buf_release(&plain);
}

static void test_names(void **state)
{
    enum layout layout;

    (void)state;
    assert_int_equal(layout_parse("JSON", &layout), 0);
    assert_int_equal(layout, LAYOUT_JSON);
    assert_int_equal(layout_parse("jsonl", &layout), 0);
    assert_int_equal(layout, LAYOUT_JSONL);
    assert_int_equal(layout_parse("csv", &layout), 0);
    assert_int_equal(layout_parse("xml", &layout), -1);
    assert_int_equal(layout_parse("", &layout), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_everywhere),
        cmocka_unit_test(test_original_layout),
        cmocka_unit_test(test_lines_and_prefix),
        cmocka_unit_test(test_csv_quotes),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
