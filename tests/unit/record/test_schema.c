#include "record/schema.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct schema schema;
static struct errbuf err;

static int set_up(void **state)
{
    (void)state;
    schema_init(&schema);
    errbuf_clear(&err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    schema_release(&schema);
    return 0;
}

static void accepts_spark_ddl(void **state)
{
    static const struct {
        const char *ddl;
        const char *again;
    } cases[] = {
        {"a STRING", "a STRING"},
        {"struct<a: string, b INT>", "a STRING, b INT"},
        {"Struct < a:string NOT NULL > ", "a STRING"},
        {"struct STRING", "struct STRING"},
        {"-- c\na STRING /* /* x */, */ , b INT --", "a STRING, b INT"},
        {" a\tINT ,\n b  bigint", "a INT, b BIGINT"},
        {"a INTEGER, b LONG, c DOUBLE, d BOOLEAN", "a INT, b BIGINT, c DOUBLE, d BOOLEAN"},
        {"a TIMESTAMP, b DATE, c BINARY", "a TIMESTAMP, b DATE, c BINARY"},
        {"a STRING NOT NULL, b INT COMMENT 'it\\'s, a', c INT NOT NULL COMMENT \"x\"", "a STRING, b INT, c INT"},
        {"`sp ace` STRING, `q``t` STRING, `a.b` INT", "`sp ace` STRING, `q``t` STRING, `a.b` INT"},
        {"string STRING, `1` INT, 1a INT", "string STRING, `1` INT, 1a INT"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT;
        assert_int_equal(schema_parse(&schema, cases[i].ddl, &err), 0);
        schema_ddl(&schema, &out);
        assert_string_equal(out.data, cases[i].again);
        buf_release(&out);
        schema_release(&schema);
    }
}

static void refuses_with_place(void **state)
{
    static const struct {
        const char *ddl;
        const char *condition;
        int line, column;
    } cases[] = {
        {"", "PARSE_EMPTY_STATEMENT", 1, 0},
        {" -- nothing", "PARSE_EMPTY_STATEMENT", 1, 11},
        {"a", "UNSUPPORTED_DATATYPE", 1, 0},
        {" bigint", "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", 1, 1},
        {"a: STRING", "PARSE_SYNTAX_ERROR", 1, 1},
        {"struct<a STRING", "PARSE_SYNTAX_ERROR", 1, 15},
        {"struct<a STRING> b", "PARSE_SYNTAX_ERROR", 1, 17},
        {"a STRING /* b INT", "PARSE_SYNTAX_ERROR", 1, 9},
        {"1 STRING", "PARSE_SYNTAX_ERROR", 1, 0},
        {"a STRING COMMENT 'x' NOT NULL", "PARSE_SYNTAX_ERROR", 1, 21},
        {"a STRING COMMENT 'it''s'", "PARSE_SYNTAX_ERROR", 1, 21},
        {"\xC3\xA9 STRING", "INVALID_IDENTIFIER", 1, 0},
        {"a STRING,", "PARSE_SYNTAX_ERROR", 1, 9},
        {"a STRING b INT", "PARSE_SYNTAX_ERROR", 1, 9},
        {"a STRING,\n  , b INT", "PARSE_SYNTAX_ERROR", 2, 2},
        {"`a STRING", "PARSE_SYNTAX_ERROR", 1, 0},
        {"`` STRING", "PARSE_SYNTAX_ERROR", 1, 0},
        {"a STRING NOT b", "PARSE_SYNTAX_ERROR", 1, 13},
        {"a STRING COMMENT b", "PARSE_SYNTAX_ERROR", 1, 17},
        {"`\xC3\xA9` DECIMAL(10,2)", "SFCRIME_UNSUPPORTED", 1, 4},
        {"a ARRAY<INT>", "SFCRIME_UNSUPPORTED", 1, 2},
        {"a STRUCT<b: INT>", "SFCRIME_UNSUPPORTED", 1, 2},
        {"a VARCHAR(3)", "SFCRIME_UNSUPPORTED", 1, 2},
        {"a STRING COLLATE UNICODE", "SFCRIME_UNSUPPORTED", 1, 2},
        {"a STRING, A INT", "COLUMN_ALREADY_EXISTS", 1, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(schema_parse(&schema, cases[i].ddl, &err), -1);
        assert_string_equal(err.condition, cases[i].condition);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        assert_int_equal(schema.ncolumns, 0);
    }
}

static void finds_names_in_any_case(void **state)
{
    bool ambiguous = true;

    (void)state;
    assert_int_equal(schema_add(&schema, "Alpha", type_of(TYPE_INT)), 0);
    assert_int_equal(schema_add(&schema, "beta", type_of(TYPE_INT)), 0);
    assert_int_equal(schema_add(&schema, "BETA", type_window()), 0);
    assert_int_equal(schema_find(&schema, "alpha", &ambiguous), 0);
    assert_false(ambiguous);
    assert_true(schema_find(&schema, "gamma", &ambiguous) == SIZE_MAX);
    assert_false(ambiguous);
    assert_true(schema_find(&schema, "Beta", &ambiguous) == SIZE_MAX);
    assert_true(ambiguous);
}

static void copies_own_everything(void **state)
{
    struct schema original;
    struct arena arena = ARENA_INIT;
    struct type_field fields[] = {{"x", type_of(TYPE_STRING)}, {"w", type_window()}};
    struct buf out = BUF_INIT;

    (void)state;
    schema_init(&original);
    assert_int_equal(schema_add(&original, "s", type_struct(&arena, fields, 2)), 0);
    for (int i = 0; i < 9; i++)
        assert_int_equal(schema_add(&original, "n", type_of(TYPE_BIGINT)), 0);
    arena_release(&arena);
    assert_int_equal(schema_copy(&schema, &original), 0);
    schema_release(&original);
    assert_int_equal(schema.ncolumns, 10);
    type_name(schema.columns[0].type, &out);
    assert_string_equal(out.data, "struct<x:string,w:struct<start:timestamp,end:timestamp>>");
    buf_reset(&out);
    type_sql_name(schema.columns[0].type, &out);
    assert_string_equal(out.data, "STRUCT<x: STRING, w: STRUCT<start: TIMESTAMP, end: TIMESTAMP>>");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accepts_spark_ddl, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_with_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_names_in_any_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_own_everything, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
