#include "rows.h"

/* Every kind of kernel: with columns, with constants on either side, NULLs in any place; none of them fails on these
 * rows. */
static const char *const expressions[] = {
    "1",
    "NULL",
    "n + 1",
    "1 + n",
    "n + n2",
    "n * 2",
    "n - n2",
    "d + 1",
    "d * d",
    "n / 7",
    "7 / (n * n + 1)",
    "n % 7",
    "n div 3",
    "i + 1",
    "i * i",
    "-n",
    "+d",
    "abs(n)",
    "abs(d)",
    "pmod(n, 7)",
    "try_add(n, n2)",
    "try_divide(n, i)",
    "try_multiply(i, 2147483647)",
    "try_add(s, 1)",
    "n = n2",
    "n = 5",
    "n <> n2",
    "n < 0",
    "n >= n2",
    "d = d",
    "d < 0",
    "d >= 1.5e0",
    "d <=> n",
    "s = s2",
    "s = 'Hello'",
    "s < s2",
    "s <=> s2",
    "s >= 'h'",
    "b = true",
    "t > TIMESTAMP'2018-01-01'",
    "dt = DATE'2000-01-01'",
    "dt < t",
    "n BETWEEN -100 AND 100",
    "n BETWEEN n2 AND 500",
    "n NOT BETWEEN i AND n2",
    "greatest(n, n2, 0)",
    "least(d, n)",
    "greatest(s, s2)",
    "b AND n > 0",
    "n > 0 OR b",
    "NOT b",
    "b AND NULL",
    "(n > 0 AND d > 0) OR (b AND n2 < 0)",
    "n IS NULL",
    "s IS NOT NULL",
    "b IS TRUE",
    "b IS NOT FALSE",
    "isnan(d)",
    "n IN (1, 2, 3)",
    "n IN (n2, 5, NULL)",
    "s IN ('Hello', 'x', s2)",
    "s NOT IN ('', NULL)",
    "d IN (0, 1.5e0)",
    "CASE WHEN n > 0 THEN 'pos' WHEN n < 0 THEN s ELSE s2 END",
    "CASE WHEN b THEN n END",
    "if(b, n, d)",
    "coalesce(n, n2, 0)",
    "nvl(s, 'none')",
    "nullif(n, n2)",
    "nvl2(s, n, n2)",
    "coalesce(NULL, s, s2)",
    "if(n <> 0, 100 / n, 0)",
    "CASE n WHEN 1 THEN 'one' ELSE 'more' END",
    "CAST(n AS STRING)",
    "CAST(d AS STRING)",
    "CAST(t AS STRING)",
    "CAST(dt AS STRING)",
    "CAST(b AS INT)",
    "CAST(n AS DOUBLE)",
    "CAST(n AS TIMESTAMP)",
    "CAST(t AS DATE)",
    "CAST(dt AS TIMESTAMP)",
    "CAST(t AS BIGINT)",
    "TRY_CAST(s AS BIGINT)",
    "TRY_CAST(s AS DOUBLE)",
    "TRY_CAST(s AS DATE)",
    "TRY_CAST(s AS BOOLEAN)",
    "TRY_CAST(d AS INT)",
    "CAST(s AS BINARY)",
    "upper(s)",
    "lower(s)",
    "initcap(s)",
    "trim(s)",
    "btrim(s, 'aH')",
    "length(s)",
    "octet_length(s)",
    "concat(s, n, s2)",
    "concat_ws('-', s, n, s2)",
    "s || '!'",
    "replace(s, 'l', 'LL')",
    "reverse(s)",
    "repeat(s, 3)",
    "repeat(s, i)",
    "lpad(s, 8, 'xy')",
    "rpad(s, i, '.')",
    "substring(s, 2, 3)",
    "substring(s, i)",
    "left(s, 3)",
    "right(s, i)",
    "instr(s, 'l')",
    "locate('l', s, i)",
    "startswith(s, 'h')",
    "endswith(s, s2)",
    "contains(s, 'l')",
    "split_part(s, ',', 2)",
    "substring_index(s, ',', i)",
    "translate(s, 'abl', 'AB')",
    "ascii(s)",
    "chr(n)",
    "hex(s)",
    "hex(n)",
    "space(i)",
    "s LIKE 'h%'",
    "s LIKE '%l%'",
    "s LIKE '_e%o'",
    "s LIKE s2",
    "s NOT LIKE ''",
    "sign(d)",
    "sqrt(d)",
    "exp(i)",
    "ln(d)",
    "pow(i, 3)",
    "floor(d)",
    "ceil(d)",
    "round(d, 1)",
    "bround(n, -1)",
    "hour(t)",
    "minute(t)",
    "year(dt)",
    "dayofweek(t)",
    "weekofyear(dt)",
    "extract(QUARTER FROM t)",
    "date_trunc('MONTH', t)",
    "date_trunc(s, t)",
    "trunc(dt, 'YEAR')",
    "date_format(t, 'yyyy-MM-dd HH:mm:ss.SSS XXX')",
    "date_add(dt, i)",
    "datediff(dt, t)",
    "add_months(dt, i)",
    "last_day(dt)",
    "unix_timestamp(t)",
    "from_unixtime(n)",
    "unix_millis(t)",
    "timestamp_seconds(n)",
    "to_date(t)",
    "struct(n, s).n",
    "struct(n, 'c').col2",
    "to_json(struct(n, s, d, t))",
    "named_struct('a', n, 'b', 1)",
    "CAST(struct(n, s) AS STRING)",
    "struct(n, s) = struct(n2, s2)",
    "if(b, struct(n, s), struct(n2, s2))",
    "typeof(n)",
    "struct(1, 'x') IS NULL",
};

/* Over all rows, over every third, and one at a time: the same values. */
static void evaluates_alike(struct rows *rows, const char *text)
{
    struct arena arena = ARENA_INIT;
    struct errbuf err;
    struct plan *plan = rows_compile(rows, text, &err);
    uint16_t third[ROWS];
    size_t nthird = 0;
    struct batch batch;
    struct vector all, some, one;

    if (plan == NULL)
        fail_msg("%s: %s", text, err.text);
    const struct expr *expr = rows_item(plan);
    struct eval eval = {.arena = &arena, .zone = rows->zone, .sql = plan->sql, .err = &err};
    for (size_t row = 1; row < ROWS; row += 3)
        third[nthird++] = (uint16_t)row;
    rows_batch(rows, plan, 0, ROWS, &batch, &arena);
    if (expr_eval(&eval, expr, &batch, NULL, ROWS, &all) != 0 ||
        expr_eval(&eval, expr, &batch, third, nthird, &some) != 0)
        fail_msg("%s: %s", text, err.text);
    assert_true(type_equal(all.type, expr->type));
    for (size_t row = 0; row < ROWS; row++) {
        struct batch single;
        rows_batch(rows, plan, row, 1, &single, &arena);
        assert_int_equal(expr_eval(&eval, expr, &single, NULL, 1, &one), 0);
        if (!rows_same(&all, row, &one, 0) || (row % 3 == 1 && !rows_same(&some, row, &one, 0)))
            fail_msg("%s: row %zu differs when it is evaluated alone", text, row);
    }
    /* an empty selection is fine too */
    assert_int_equal(expr_eval(&eval, expr, &batch, third, 0, &some), 0);
    plan_free(plan);
    arena_release(&arena);
}

static void test_rows_alone_and_together(void **state)
{
    struct rows rows;

    (void)state;
    rows_init(&rows);
    for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
        evaluates_alike(&rows, expressions[i]);
    rows_release(&rows);
}

/* Neighbouring times share the work of finding their day: also around clock changes, at midnight too, and at the
 * ends of what a TIMESTAMP holds. */
static void test_days_of_neighbours(void **state)
{
    static const struct {
        const char *zone;
        int64_t from_us;
        int64_t step_us;
    } walks[] = {
        {"America/Los_Angeles", INT64_C(1520755200000000), INT64_C(600000000)},       /* 2018-03-11, forward at 2 */
        {"America/Los_Angeles", INT64_C(1541289600000000), INT64_C(600000000)},       /* 2018-11-04, back at 2 */
        {"America/Sao_Paulo", INT64_C(1541199600000000), INT64_C(600000000)},         /* 2018-11-04, no midnight */
        {"America/Sao_Paulo", INT64_C(1518832800000000), INT64_C(600000000)},         /* 2018-02-18, midnight twice */
        {"Asia/Beirut", INT64_C(1540580400000000), INT64_C(600000000)},               /* 2018-10-28, likewise */
        {"Pacific/Apia", INT64_C(1325152800000000), INT64_C(1200000000)},             /* 2011-12-30 is left out */
        {"UTC", INT64_C(-2000000000), INT64_C(13333333)},                             /* around 1970 */
        {"UTC", INT64_MAX - INT64_C(299) * INT64_C(600000000), INT64_C(600000000)},   /* the last */
        {"Asia/Kolkata", INT64_MIN, INT64_C(600000000)},                              /* the first */
        {"Europe/Paris", INT64_C(-62135769600000000), INT64_C(86400000000) * 40 + 1}, /* months apart */
    };
    static const char *const expressions_of_days[] = {"date_trunc('DAY', t)",     "date_trunc('WEEK', t)",
                                                      "date_trunc('MONTH', t)",   "date_trunc('dd', t)",
                                                      "date_trunc('QUARTER', t)", "date_trunc('YEAR', t)"};

    (void)state;
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
        struct rows rows;
        rows_init(&rows);
        rows.zone = zone_open(walks[i].zone, strlen(walks[i].zone), NULL);
        assert_non_null(rows.zone);
        for (size_t row = 0; row < ROWS; row++)
            rows.columns[7].data.i64[row] = walks[i].from_us + (int64_t)row * walks[i].step_us;
        for (size_t k = 0; k < sizeof(expressions_of_days) / sizeof(expressions_of_days[0]); k++)
            evaluates_alike(&rows, expressions_of_days[k]);
        rows_release(&rows);
    }
}

/* expr_select gives the rows where the value is TRUE, in order, also in place. */
static void test_select(void **state)
{
    static const char *const conditions[] = {"NOT b",          "n > 0 AND b", "n > 0 AND d > 0 AND s IS NOT NULL",
                                             "true",           "false",       "NULL",
                                             "n IN (1, NULL)", "s LIKE '%l%'"};
    struct rows rows;

    (void)state;
    rows_init(&rows);
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        struct arena arena = ARENA_INIT;
        struct errbuf err;
        struct plan *plan = rows_compile(&rows, conditions[i], &err);
        struct batch batch;
        struct vector value;
        uint16_t chosen[ROWS];
        assert_non_null(plan);
        struct eval eval = {.arena = &arena, .zone = rows.zone, .sql = plan->sql, .err = &err};
        rows_batch(&rows, plan, 0, ROWS, &batch, &arena);
        assert_int_equal(expr_eval(&eval, rows_item(plan), &batch, NULL, ROWS, &value), 0);
        long n = expr_select(&eval, rows_item(plan), &batch, NULL, ROWS, chosen);
        long expected = 0;
        for (size_t row = 0; row < ROWS; row++) {
            if (value.type->id == TYPE_NULL || vector_is_null(&value, row) ||
                !value.data.boolean[vector_row(&value, row)])
                continue;
            assert_true(expected < n);
            assert_int_equal(chosen[expected], row);
            expected++;
        }
        assert_int_equal(n, expected);
        long again = expr_select(&eval, rows_item(plan), &batch, chosen, (size_t)n, chosen);
        assert_int_equal(again, n);
        plan_free(plan);
        arena_release(&arena);
    }
    rows_release(&rows);
}

/* Errors: only of rows that are evaluated, with the record and the caret. */
static void test_errors(void **state)
{
    static const struct {
        const char *expr;
        const char *condition; /* NULL: no error */
    } cases[] = {
        {"100 / i", "DIVIDE_BY_ZERO"},
        {"if(i <> 0, 100 / i, 0)", NULL},
        {"i <> 0 AND 100 / i > 1", NULL},
        {"i = 0 OR 100 / i > 1", NULL},
        {"CASE WHEN i = 0 THEN 0 ELSE 100 / i END", NULL},
        {"coalesce(1, 1 / i)", NULL},
        {"n IN (n, 1 / i)", NULL},
        {"CAST(s AS INT)", "CAST_INVALID_INPUT"},
        {"s = 5", "CAST_INVALID_INPUT"},
        {"n * 9223372036854775807", "ARITHMETIC_OVERFLOW"},
        {"n * 9223372036854775807 + 1 / 0", "DIVIDE_BY_ZERO"}, /* constants first */
        {"b AND 1 / 0 = 1", "DIVIDE_BY_ZERO"},
        {"if(b, 1, 1 / 0)", "DIVIDE_BY_ZERO"},
        {"if(true, n, 1 / 0)", NULL},
        {"NULL + 1 / i", NULL}, /* the right side of a NULL is not evaluated */
        {"CAST(d AS BIGINT)", "CAST_OVERFLOW"},
        {"date_format(t, 'yyyyyyyy')", "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION"},
        {"s LIKE '%\\\\'", "INVALID_FORMAT.ESC_AT_THE_END"},
        {"to_timestamp(s, 'yyyy')", "CANNOT_PARSE_TIMESTAMP"},
        {"split_part(s, ',', i)", "INVALID_INDEX_OF_ZERO"},
    };
    struct rows rows;

    (void)state;
    rows_init(&rows);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena = ARENA_INIT;
        struct errbuf err;
        struct plan *plan = rows_compile(&rows, cases[i].expr, &err);
        struct batch batch;
        struct vector value;
        if (plan == NULL)
            fail_msg("%s: %s", cases[i].expr, err.text);
        struct eval eval = {.arena = &arena, .zone = rows.zone, .sql = plan->sql, .err = &err};
        rows_batch(&rows, plan, 0, ROWS, &batch, &arena);
        int rc = expr_eval(&eval, rows_item(plan), &batch, NULL, ROWS, &value);
        if (cases[i].condition == NULL) {
            if (rc != 0)
                fail_msg("%s: %s", cases[i].expr, err.text);
        } else {
            assert_int_equal(rc, -1);
            assert_string_equal(err.condition, cases[i].condition);
            assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
            assert_non_null(strstr(err.text, "\nat topic calls, partition 3, offset 1"));
        }
        plan_free(plan);
        arena_release(&arena);
    }
    rows_release(&rows);
}

static void test_error_text(void **state)
{
    struct rows rows;
    struct arena arena = ARENA_INIT;
    struct errbuf err;
    struct batch batch;
    struct vector value;

    (void)state;
    rows_init(&rows);
    rows.columns[4].data.i32[0] = 5;
    rows.columns[4].nulls[0] = 0;
    rows.columns[4].data.i32[1] = 0;
    rows.columns[4].nulls[1] = 0;
    struct plan *plan = rows_compile(&rows, "7 / i", &err);
    assert_non_null(plan);
    struct eval eval = {.arena = &arena, .zone = rows.zone, .sql = plan->sql, .err = &err};
    rows_batch(&rows, plan, 0, 2, &batch, &arena);
    assert_int_equal(expr_eval(&eval, rows_item(plan), &batch, NULL, 2, &value), -1);
    assert_string_equal(err.text, "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and "
                                  "return NULL instead. If necessary "
                                  "set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error. SQLSTATE: 22012\n"
                                  "at topic calls, partition 3, offset 1001\n"
                                  "== SQL (line 1, position 8) ==\n"
                                  "SELECT 7 / i AS v FROM t\n"
                                  "       ^^^^^");
    assert_string_equal(err.sqlstate, "22012");
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, 7);
    plan_free(plan);
    arena_release(&arena);
    rows_release(&rows);
}

static void test_constants(void **state)
{
    struct arena arena = ARENA_INIT;
    struct buf name = BUF_INIT;

    (void)state;
    struct expr *one = expr_int(&arena, 1, NO_RANGE);
    struct expr *other = expr_int(&arena, 1, NO_RANGE);
    struct expr *column = expr_column(&arena, 0, type_of(TYPE_INT), "i", NO_RANGE);
    struct expr *zero = expr_double(&arena, 0.0, NO_RANGE);
    struct expr *minus_zero = expr_double(&arena, -0.0, NO_RANGE);
    struct errbuf err;
    struct expr *args[] = {one, other};
    struct binding binding = {
        .arena = &arena, .zone = zone_utc(), .range = NO_RANGE, .err = &err, .nargs = 2, .args = args};
    binding.function = function_operator("+");
    binding.name = "+";
    struct expr *sum = function_bind(&binding);
    assert_non_null(sum);
    assert_true(expr_is_constant(sum));
    assert_int_equal(sum->literal.data.i32[0], 2); /* folded, but still named as written */
    expr_name(sum, &name);
    assert_string_equal(name.data, "(1 + 1)");
    assert_true(expr_equal(one, other));
    assert_false(expr_equal(one, column));
    assert_false(expr_equal(zero, minus_zero));
    assert_false(expr_is_constant(column));
    assert_true(
        expr_equal(expr_null(&arena, type_of(TYPE_INT), NO_RANGE), expr_null(&arena, type_of(TYPE_INT), NO_RANGE)));
    assert_false(
        expr_equal(expr_null(&arena, type_of(TYPE_INT), NO_RANGE), expr_null(&arena, type_of(TYPE_BIGINT), NO_RANGE)));
    buf_release(&name);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_alone_and_together),
        cmocka_unit_test(test_days_of_neighbours),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_error_text),
        cmocka_unit_test(test_constants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
