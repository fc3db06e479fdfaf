#include "record/json_text.h"
#include "record/table_text.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A rowset with a STRING and a BIGINT column for the table, and one of every type for cells and JSON. */
static struct rowset rows;

static void start(const char *ddl)
{
    struct schema schema;
    struct errbuf err;

    schema_init(&schema);
    assert_int_equal(schema_parse(&schema, ddl, &err), 0);
    assert_int_equal(rowset_init(&rows, &schema), 0);
    schema_release(&schema);
}

static int tear_down(void **state)
{
    (void)state;
    rowset_release(&rows);
    return 0;
}

static void set_text(size_t column, size_t row, const char *text)
{
    rows.columns[column].nulls[row] = 0;
    rows.columns[column].data.str[row].data = arena_strdup(&rows.arena, text);
    rows.columns[column].data.str[row].len = (uint32_t)strlen(text);
}

static void add(const char *text, int64_t number)
{
    size_t row = rowset_append_null(&rows);

    assert_true(row != SIZE_MAX);
    if (text != NULL)
        set_text(0, row, text);
    rows.columns[1].nulls[row] = 0;
    rows.columns[1].data.i64[row] = number;
}

static void check(const struct table_text_options *options, const char *expected)
{
    struct buf out = BUF_INIT;

    table_text_rowset(&rows, options, &out);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static void draws_tables(void **state)
{
    struct table_text_options options = {.num_rows = 20, .truncate = 20, .zone = zone_utc()};

    (void)state;
    start("k STRING, n BIGINT");
    check(&options, "+---+---+\n|  k|  n|\n+---+---+\n+---+---+\n");
    add("a\tb", 1);
    add("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 22);
    add(NULL, 3);
    options.num_rows = 2;
    assert_true(table_text_has_footer(rows.nrows, &options));
    check(&options, "+------+---+\n|     k|  n|\n+------+---+\n|  a\\tb|  1|\n"
                    "|\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E| 22|\n+------+---+\nonly showing top 2 rows\n");
    options.num_rows = -1;
    check(&options, "+---+---+\n|  k|  n|\n+---+---+\n+---+---+\nonly showing top 0 rows\n");
    options.num_rows = 3;
    options.truncate = 0;
    assert_false(table_text_has_footer(rows.nrows, &options));
    check(&options, "+------+---+\n|k     |n  |\n+------+---+\n|a\\tb  |1  |\n"
                    "|\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E|22 |\n|NULL  |3  |\n+------+---+\n");
}

static void cuts_by_utf16_units(void **state)
{
#define CAR "\xF0\x9F\x9A\x93"
    struct table_text_options options = {.num_rows = 20, .truncate = 6, .zone = zone_utc()};

    (void)state;
    start("k STRING, n BIGINT");
    add("abcdef", 1);
    add("abcdefg", 2);
    add(CAR CAR CAR CAR, 3); /* 3 units and "...": the second car is cut in half */
    add("caf\xE9", 4);
    check(&options, "+------+---+\n|     k|  n|\n+------+---+\n|abcdef|  1|\n|abc...|  2|\n|" CAR "?...|  3|\n"
                    "|  caf\xEF\xBF\xBD|  4|\n+------+---+\n");
    options.truncate = 2; /* too narrow for dots */
    check(&options, "+---+---+\n|  k|  n|\n+---+---+\n| ab|  1|\n| ab|  2|\n| " CAR "|  3|\n| ca|  4|\n+---+---+\n");
}

static void escapes_for_terminals_only(void **state)
{
    struct table_text_options options = {.num_rows = 20, .truncate = 0, .zone = zone_utc()};

    (void)state;
    start("k STRING, n BIGINT");
    add("\x1B[31m\n", 1);
    check(&options, "+-------+---+\n|k      |n  |\n+-------+---+\n|\x1B[31m\\n|1  |\n+-------+---+\n");
    options.escape = true;
    check(&options, "+----------+---+\n|k         |n  |\n+----------+---+\n|\\x1b[31m\\n|1  |\n+----------+---+\n");
}

static void prints_every_type(void **state)
{
    static const char *const cells[] = {"true",       "-7",     "9000000000", "1.0E7", "x", "1970-01-01 01:00:00.5",
                                        "1970-01-02", "[61 0A]"};
    struct buf out = BUF_INIT;

    (void)state;
    start("b BOOLEAN, i INT, l BIGINT, d DOUBLE, s STRING, t TIMESTAMP, a DATE, y BINARY");
    assert_int_equal(rowset_append_null(&rows), 0);
    assert_int_equal(rowset_append_null(&rows), 1);
    for (size_t c = 0; c < 8; c++)
        rows.columns[c].nulls[0] = 0;
    rows.columns[0].data.boolean[0] = 1;
    rows.columns[1].data.i32[0] = -7;
    rows.columns[2].data.i64[0] = 9000000000;
    rows.columns[3].data.f64[0] = 1e7;
    set_text(4, 0, "x");
    rows.columns[5].data.i64[0] = 500000;
    rows.columns[6].data.i32[0] = 1;
    set_text(7, 0, "a\n");
    const struct zone *zone = zone_open("+01:00", 6, NULL);
    for (size_t c = 0; c < 8; c++) {
        buf_reset(&out);
        table_text_cell(&out, &rows.columns[c], 0, zone);
        assert_string_equal(out.data, cells[c]);
        buf_reset(&out);
        table_text_cell(&out, &rows.columns[c], 1, zone);
        assert_string_equal(out.data, "NULL");
    }
    buf_reset(&out);
    const struct type row_type = {TYPE_STRUCT, rows.schema.ncolumns, rows.schema.columns};
    const struct vector whole = {.type = &row_type, .fields = rows.columns};
    json_text_append_value(&out, &whole, 0, zone);
    assert_string_equal(out.data, "{\"b\":true,\"i\":-7,\"l\":9000000000,\"d\":1.0E7,\"s\":\"x\","
                                  "\"t\":\"1970-01-01T01:00:00.500+01:00\",\"a\":\"1970-01-02\",\"y\":\"YQo=\"}");
    buf_reset(&out);
    json_text_append_value(&out, &whole, 1, zone);
    assert_string_equal(out.data, "{}");
    rows.columns[3].data.f64[0] = -INFINITY;
    buf_reset(&out);
    json_text_append_value(&out, &rows.columns[3], 0, zone);
    assert_string_equal(out.data, "\"-Infinity\"");
    buf_release(&out);
    zone_close_all();
}

static void prints_structs(void **state)
{
    struct arena arena = ARENA_INIT;
    struct buf out = BUF_INIT;
    struct vector v;

    (void)state;
    start("k STRING");
    assert_int_equal(vector_alloc(&v, type_window(), 2, &arena), 0);
    v.fields[0].data.i64[0] = 0;
    vector_set_null(&v.fields[1], 0);
    vector_set_null(&v, 1);
    table_text_cell(&out, &v, 0, zone_utc());
    assert_string_equal(out.data, "{1970-01-01 00:00:00, NULL}");
    buf_reset(&out);
    table_text_cell(&out, &v, 1, zone_utc());
    assert_string_equal(out.data, "NULL");
    buf_reset(&out);
    json_text_append_value(&out, &v, 0, zone_utc());
    assert_string_equal(out.data, "{\"start\":\"1970-01-01T00:00:00.000Z\"}");
    buf_release(&out);
    arena_release(&arena);
}

static void writes_both_kinds_of_json_strings(void **state)
{
    static const char text[] = "\"\\/\b\x1F\x7F\xC3\xA9\xF0\x9F\x98\x80";
    static const char lone[] = "a\xED\xA0\xBD"
                               "b"; /* as the tokenizer keeps \ud83d */
    struct buf out = BUF_INIT;

    (void)state;
    start("k STRING");
    assert_int_equal(rowset_append_null(&rows), 0);
    rows.columns[0].nulls[0] = 0;
    set_text(0, 0, text);
    json_text_append_value(&out, &rows.columns[0], 0, zone_utc());
    assert_string_equal(out.data, "\"\\\"\\\\/\\b\\u001F\x7F\xC3\xA9\xF0\x9F\x98\x80\"");
    buf_reset(&out);
    json_text_append_copied_string(&out, text, sizeof(text) - 1);
    assert_string_equal(out.data, "\"\\\"\\\\/\\b\\u001F\x7F\xC3\xA9\\uD83D\\uDE00\"");
    buf_reset(&out);
    json_text_append_copied_string(&out, lone, sizeof(lone) - 1);
    assert_string_equal(out.data, "\"a\\uD83Db\"");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(draws_tables, tear_down),
        cmocka_unit_test_teardown(cuts_by_utf16_units, tear_down),
        cmocka_unit_test_teardown(escapes_for_terminals_only, tear_down),
        cmocka_unit_test_teardown(prints_every_type, tear_down),
        cmocka_unit_test_teardown(prints_structs, tear_down),
        cmocka_unit_test_teardown(writes_both_kinds_of_json_strings, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
