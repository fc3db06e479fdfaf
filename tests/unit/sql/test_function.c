#include "rows.h"

/* Look-ups. */
static void test_find(void **state)
{
    static const struct {
        const char *name;
        const char *canonical; /* NULL: there is none */
    } cases[] = {
        {"upper", "upper"}, {"UPPER", "upper"},       {"Upper", "upper"},
        {"ucase", "ucase"}, {"dateadd", "date_add"},  {"floor", "FLOOR"},
        {"int", "int"},     {"count", "count"},       {"window", "window"},
        {"uppe", NULL},     {"upperr", NULL},         {"+", NULL},
        {"AND", NULL},      {"all present", NULL},    {"", NULL},
        {"iff", NULL},      {"positive", "positive"}, {"CASE", NULL},
    };
    static const char *const operators[] = {
        "+",           "-",       "*",        "/",          "%",       "div", "||",   "=",        "<>",       "<",
        "<=",          ">",       ">=",       "<=>",        "AND",     "OR",  "NOT",  "negative", "positive", "IS NULL",
        "IS NOT NULL", "IS TRUE", "IS FALSE", "IS UNKNOWN", "BETWEEN", "IN",  "LIKE", "CASE",     "EXTRACT",  "AS"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct function *f = function_find(cases[i].name, strlen(cases[i].name));
        if (cases[i].canonical == NULL)
            assert_null(f);
        else
            assert_string_equal(f->name, cases[i].canonical);
    }
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        const struct function *f = function_operator(operators[i]);
        assert_non_null(f);
        assert_string_equal(f->name, operators[i]);
        assert_true(f->flags & FUNCTION_OPERATOR);
    }
    assert_string_equal(function_nearest("uper", 4), "upper");
    assert_string_equal(function_nearest("concta", 6), "concat");
    assert_null(function_nearest("frobnicate", 10));
    assert_true(function_in_spark("md5", 3));
    assert_true(function_in_spark("ABS", 3));
    assert_true(function_in_spark("zeroifnull", 10));
    assert_false(function_in_spark("iff", 3));
    assert_false(function_in_spark("md", 2));
    assert_false(function_in_spark("", 0));
}

/* What is found when a query is bound: condition, SQLSTATE, and a piece of Spark's message. */
static void test_refusals(void **state)
{
    static const struct {
        const char *expr;
        const char *condition;
        const char *sqlstate;
        const char *text;
    } cases[] = {
        {"upper()", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
         "The `upper` requires 1 parameters but the actual number is 0."},
        {"substring(s)", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605",
         "requires [2, 3] parameters but the actual number is 1."},
        {"window(t)", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", "requires [2, 3, 4] parameters"},
        {"coalesce()", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", "requires > 0 parameters"},
        {"named_struct('a')", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", "requires 2n (n > 0) parameters"},
        {"b + 1", "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09", "incompatible types (\"BOOLEAN\" and \"INT\")"},
        {"s + s2", "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE", "42K09", "not \"STRING\""},
        {"t = 1", "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09", "Cannot resolve \"(t = 1)\""},
        {"hour(n)", "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09", "however \"n\" has the type \"BIGINT\"."},
        {"if(1, 2, 3)", "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09", "\"(IF(1, 2, 3))\""},
        {"CASE WHEN b THEN 1 ELSE t END", "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09", "[\"INT\", \"TIMESTAMP\"]"},
        {"t IN (1, 2)", "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09", "Input to `in`"},
        {"CAST(n AS DATE)", "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", "42K09", "`DATE_FROM_UNIX_DATE`"},
        {"CAST(b AS TIMESTAMP)", "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", "42K09", "with ANSI mode on."},
        {"CAST(d AS BINARY)", "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "42K09",
         "cannot cast \"DOUBLE\" to \"BINARY\"."},
        {"sum(b)", "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09", "\"sum(b)\""},
        {"to_json(s)", "DATATYPE_MISMATCH.INVALID_JSON_SCHEMA", "42K09", "Input schema \"STRING\""},
        {"round(d, i)", "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "42K09", "got \"i\"."},
        {"extract(EPOCH FROM t)", "INVALID_EXTRACT_FIELD", "42601", "Cannot extract `EPOCH` from \"t\"."},
        {"date_part(s, t)", "NON_FOLDABLE_ARGUMENT", "42K08", "The function `date_part`"},
        {"window(t, '0 minutes')", "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09", "\"window(t, 0, 0, 0)\""},
        {"window(t, '5 minutes', '10 minutes')", "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION", "42K09",
         "(600000000L) must be <="},
        {"window(t, '1 month')", "_LEGACY_ERROR_TEMP_3231", "", "(1 month)"},
        {"window(t, s)", "_LEGACY_ERROR_TEMP_1207", "", "string literal."},
        {"window(t, 'soon')", "CANNOT_PARSE_INTERVAL", "22006", "Unable to parse 'soon'."},
        {"dt - dt", "SFCRIME_UNSUPPORTED", "0A000", "INTERVAL"},
        {"extract(SECOND FROM t)", "SFCRIME_UNSUPPORTED", "0A000", "DECIMAL"},
        {"floor(d, 1)", "SFCRIME_UNSUPPORTED", "0A000", "DECIMAL"},
        {"unix_timestamp()", "SFCRIME_UNSUPPORTED", "0A000", "current time"},
    };
    struct rows rows;

    (void)state;
    rows_init(&rows);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct errbuf err;
        struct plan *plan = rows_compile(&rows, cases[i].expr, &err);
        if (plan != NULL)
            fail_msg("%s is accepted", cases[i].expr);
        if (strcmp(err.condition, cases[i].condition) != 0 || strcmp(err.sqlstate, cases[i].sqlstate) != 0 ||
            strstr(err.text, cases[i].text) == NULL)
            fail_msg("%s: %s (%s)", cases[i].expr, err.text, err.sqlstate);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
    rows_release(&rows);
}

/* A constant expression's value as text. */
static void value_of(struct rows *rows, const char *expr, struct buf *out)
{
    struct arena arena = ARENA_INIT;
    struct errbuf err;
    struct batch batch;
    struct vector value;
    char text[1100];

    snprintf(text, sizeof(text), "CAST(%s AS STRING)", expr);
    struct plan *plan = rows_compile(rows, text, &err);
    if (plan == NULL)
        fail_msg("%s: %s", expr, err.text);
    struct eval eval = {.arena = &arena, .zone = rows->zone, .sql = plan->sql, .err = &err};
    rows_batch(rows, plan, 0, 1, &batch, &arena);
    buf_reset(out);
    if (expr_eval(&eval, rows_item(plan), &batch, NULL, 1, &value) != 0)
        buf_append_text(out, err.condition[0] != '\0' ? err.condition : err.text);
    else if (value.type->id == TYPE_NULL || vector_is_null(&value, 0))
        buf_append_text(out, "NULL");
    else
        buf_append(out, value.data.str[vector_row(&value, 0)].data, value.data.str[vector_row(&value, 0)].len);
    plan_free(plan);
    arena_release(&arena);
}

static void test_values(void **state)
{
    static const struct {
        const char *expr;
        const char *expected;
    } cases[] = {
        {"1 + 2 * 3", "7"},
        {"7 / 2", "3.5"},
        {"-7 % 3", "-1"},
        {"pmod(-7, 3)", "2"},
        {"7 div 2", "3"},
        {"2147483647 + 1", "ARITHMETIC_OVERFLOW"},
        {"try_add(2147483647, 1)", "NULL"},
        {"'5' + 3", "8"},
        {"'x' + 3", "CAST_INVALID_INPUT"},
        {"NULL + 1", "NULL"},
        {"double('NaN') = double('NaN')", "true"},
        {"double('NaN') > double('Infinity')", "true"},
        {"0.0D = -0.0D", "true"},
        {"NULL <=> NULL", "true"},
        {"1 IN (2, NULL)", "NULL"},
        {"1 IN (1, NULL)", "true"},
        {"5 BETWEEN 6 AND NULL", "false"},
        {"NULL AND false", "false"},
        {"NULL OR true", "true"},
        {"coalesce(1, 'x')", "1"},
        {"coalesce(NULL, 'x', 1)", "CAST_INVALID_INPUT"},
        {"nullif(1, 1)", "NULL"},
        {"upper('stra\u00dfe')", "STRASSE"},
        {"lower('\u039f\u0394\u039f\u03a3')", "\u03bf\u03b4\u03bf\u03c2"},
        {"initcap('hello wORLD')", "Hello World"},
        {"trim('\t x ')", "\t x"},
        {"substring('Hello', -3, 2)", "ll"},
        {"substring('Hello', -10, 7)", "He"},
        {"substring('\U0001F600x', 2)", "x"},
        {"lpad('7', 3, '0')", "007"},
        {"split_part('a,b,c', ',', -1)", "c"},
        {"substring_index('a.b.c', '.', -2)", "b.c"},
        {"translate('abc', 'ab', 'x')", "xc"},
        {"concat_ws('-', 1, NULL, 'a')", "1-a"},
        {"'abc' LIKE 'a%c'", "true"},
        {"'abc' LIKE '_b_'", "true"},
        {"'a%c' LIKE 'a\\\\%c'", "true"},
        {"'mississippi' LIKE 'm%i%s_p%'", "true"},
        {"'aaa' LIKE '%a_a'", "true"},
        {"'ab' LIKE 'a'", "false"},
        {"'' LIKE '%'", "true"},
        {"'' LIKE '_'", "false"},
        {"hex(-1)", "FFFFFFFFFFFFFFFF"},
        {"ascii('\u65e5')", "26085"},
        {"round(2.5D)", "3.0"},
        {"round(1.005D, 2)", "1.01"},
        {"round(-0.4D)", "0.0"},
        {"round(99.5D)", "100.0"},
        {"round(0.05D, 1)", "0.1"},
        {"round(9.995D, 2)", "10.0"},
        {"bround(2.5D)", "2.0"},
        {"round(15, -1)", "20"},
        {"bround(25, -1)", "20"},
        {"round(9223372036854775807, -1)", "ARITHMETIC_OVERFLOW"},
        {"floor(-0.5D)", "-1"},
        {"ceil(double('Infinity'))", "9223372036854775807"},
        {"ln(0)", "NULL"},
        {"sign(-3)", "-1.0"},
        {"greatest(1, NULL, 3)", "3"},
        {"date_trunc('WEEK', TIMESTAMP'2018-12-30 10:00:00')", "2018-12-24 00:00:00"},
        {"date_trunc('HH', TIMESTAMP'2018-12-30 10:00:00')", "NULL"},
        {"trunc(DATE'2018-08-15', 'QUARTER')", "2018-07-01"},
        {"add_months(DATE'2018-01-31', 1)", "2018-02-28"},
        {"last_day(DATE'2016-02-03')", "2016-02-29"},
        {"make_date(2018, 2, 30)", "DATETIME_FIELD_OUT_OF_BOUNDS"},
        {"weekofyear(DATE'2016-01-01')", "53"},
        {"extract(YEAROFWEEK FROM DATE'2016-01-01')", "2015"},
        {"dayofweek(DATE'2018-12-30')", "1"},
        {"unix_timestamp('1970-01-01 00:00:00')", "28800"}, /* Los Angeles */
        {"from_unixtime(0)", "1969-12-31 16:00:00"},
        {"date_format(TIMESTAMP'2018-07-01 12:00:00', 'EEE d MMM y h a z')", "Sun 1 Jul 2018 12 PM PDT"},
        {"to_timestamp('12/31/2018 1:02', 'M/d/yyyy H:mm')", "2018-12-31 01:02:00"},
        {"to_date('bad')", "CAST_INVALID_INPUT"},
        {"CAST(1546300620.5D AS TIMESTAMP)", "2018-12-31 15:57:00.5"},
        {"CAST(double('NaN') AS INT)", "CAST_OVERFLOW"},
        {"TRY_CAST('x' AS INT)", "NULL"},
        {"struct(1, NULL, 'a')", "{1, null, a}"},
        {"to_json(named_struct('a', 1, 'b', NULL, 'c', 'x'))", "{\"a\":1,\"c\":\"x\"}"},
        {"typeof(1 / 0)", "double"},
    };
    struct rows rows;
    struct buf got = BUF_INIT;

    (void)state;
    rows_init(&rows);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        value_of(&rows, cases[i].expr, &got);
        if (strcmp(got.data != NULL ? got.data : "", cases[i].expected) != 0)
            fail_msg("%s: got %s, expected %s", cases[i].expr, got.data, cases[i].expected);
    }
    buf_release(&got);
    rows_release(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
