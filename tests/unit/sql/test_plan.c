/* plan_compile from end to end: which operators come out, what is refused. Plans are compared as plan_explain shows
 * them, one line an operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "sql/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR INT64_C(3600000000)

static struct plan *compile_as(const char *sql, enum plan_output_mode mode, bool batch, const char *watermark,
                               struct errbuf *err)
{
    struct schema calls;
    struct schema codes;
    struct schema radio;
    schema_init(&calls);
    schema_init(&codes);
    schema_init(&radio);
    assert_int_equal(
        schema_parse(&calls,
                     "id STRING, type STRING, ts TIMESTAMP, disposition STRING, city STRING, n BIGINT, _offset BIGINT",
                     err),
        0);
    assert_int_equal(schema_parse(&codes, "disposition STRING, description STRING", err), 0);
    assert_int_equal(schema_parse(&radio, "code STRING, description STRING, level INT", err), 0);
    struct plan_view view = {
        .name = "calls", .columns = &calls, .nhidden = 1, .watermark_column = watermark, .watermark_delay_us = HOUR};
    struct plan_table tables[] = {{"codes", &codes}, {"radio", &radio}};
    struct plan_catalog catalog = {1, &view, 2, tables};
    struct plan_options options = {.output_mode = mode, .batch = batch, .zone = zone_utc()};
    struct plan *plan = plan_compile(sql, &catalog, &options, err);
    /* the plan must not need the catalog any more */
    schema_release(&calls);
    schema_release(&codes);
    schema_release(&radio);
    return plan;
}

/* Everything in a plan fits together: column numbers, types, counts. */
static void check_columns(const struct expr *expr, const struct type_field *columns, size_t ncolumns)
{
    if (expr->kind == EXPR_COLUMN) {
        assert_true(expr->column < ncolumns);
        assert_true(type_equal(expr->type, columns[expr->column].type));
    }
    assert_int_not_equal(expr->kind, EXPR_AGGREGATE);
    assert_int_not_equal(expr->kind, EXPR_WINDOW);
    for (size_t i = 0; i < expr->nargs; i++)
        check_columns(expr->args[i], columns, ncolumns);
}

static void check_op(const struct plan_op *op, const struct type_field *in, size_t nin)
{
    switch (op->kind) {
    case PLAN_FILTER:
        check_columns(op->u.filter, in, nin);
        assert_int_equal(op->u.filter->type->id, TYPE_BOOLEAN);
        assert_int_equal(op->ncolumns, nin);
        break;
    case PLAN_PROJECT:
        for (size_t i = 0; i < op->ncolumns; i++) {
            check_columns(op->u.project.exprs[i], in, nin);
            assert_true(type_equal(op->u.project.exprs[i]->type, op->columns[i].type));
        }
        break;
    case PLAN_JOIN:
        assert_int_equal(op->ncolumns, nin + op->u.join.nneeded);
        for (size_t i = 0; i < op->u.join.nkeys; i++) {
            check_columns(op->u.join.stream_keys[i], in, nin);
            assert_true(type_equal(op->u.join.stream_keys[i]->type, op->u.join.table_keys[i]->type));
        }
        if (op->u.join.condition != NULL)
            check_columns(op->u.join.condition, op->columns, op->ncolumns);
        break;
    case PLAN_WINDOW:
        check_columns(op->u.window.time, in, nin);
        assert_int_equal(op->u.window.time->type->id, TYPE_TIMESTAMP);
        assert_int_equal(op->ncolumns, nin + 1);
        break;
    case PLAN_WATERMARK:
        assert_true(op->u.watermark.column < nin);
        assert_int_equal(in[op->u.watermark.column].type->id, TYPE_TIMESTAMP);
        break;
    case PLAN_AGGREGATE:
        assert_int_equal(op->ncolumns, op->u.aggregate.nkeys + op->u.aggregate.ncalls);
        for (size_t i = 0; i < op->u.aggregate.nkeys; i++)
            check_columns(op->u.aggregate.keys[i], in, nin);
        for (size_t i = 0; i < op->u.aggregate.ncalls; i++) {
            if (op->u.aggregate.calls[i].arg != NULL)
                check_columns(op->u.aggregate.calls[i].arg, in, nin);
            if (op->u.aggregate.calls[i].filter != NULL)
                check_columns(op->u.aggregate.calls[i].filter, in, nin);
        }
        break;
    case PLAN_SORT:
        for (size_t i = 0; i < op->u.sort.nkeys; i++)
            check_columns(op->u.sort.keys[i].expr, in, nin);
        assert_int_equal(op->ncolumns, nin);
        break;
    case PLAN_LIMIT:
        assert_int_equal(op->ncolumns, nin);
        break;
    }
}

static void check_plan(const struct plan *plan)
{
    const struct type_field *columns = plan->scan_columns;
    size_t ncolumns = plan->ncolumns;
    for (size_t i = 0; i < plan->nops; i++) {
        check_op(&plan->ops[i], columns, ncolumns);
        columns = plan->ops[i].columns;
        ncolumns = plan->ops[i].ncolumns;
    }
    assert_int_equal(plan->output.ncolumns, ncolumns);
    for (size_t i = 0; i < ncolumns; i++)
        assert_true(type_equal(plan->output.columns[i].type, columns[i].type));
    assert_true(plan->final_stage <= plan->nops);
    assert_true(plan->aggregate <= plan->nops);
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *sql;
    enum plan_output_mode mode;
    const char *watermark;
    const char *plan; /* operators from the last to the scan, separated by " < " */
} plans[] = {
    {"SELECT * FROM calls", PLAN_APPEND, NULL, "Scan calls [id, type, ts, disposition, city, n]"},
    {"SELECT city, id FROM calls", PLAN_APPEND, NULL, "Project [city, id] < Scan calls [id, city]"},
    {"SELECT _offset FROM calls", PLAN_APPEND, NULL, "Scan calls [_offset]"},
    {"SELECT type, count(*) AS count FROM calls GROUP BY type ORDER BY count DESC, type", PLAN_COMPLETE, NULL,
     "Sort [count DESC NULLS LAST, type ASC NULLS FIRST] < Aggregate [type], [count(1)] < Scan calls [type]"},
    {"SELECT count(*) FROM calls", PLAN_UPDATE, NULL, "Aggregate [], [count(1)] < Scan calls []"},
    {"SELECT type, window(ts, '1 hour') AS w, count(*) FROM calls GROUP BY type, window(ts, '1 hour') ORDER BY w.start",
     PLAN_COMPLETE, NULL,
     "Project [type, w, count(1)] < Sort [sort ASC NULLS FIRST] < Project [type, window AS w, count(1), window.start "
     "AS sort] < Aggregate "
     "[type, window], [count(1)] < Window ts, every 3600 s, of 3600 s < Scan calls [type, ts]"},
    {"SELECT window.start, sum(n) / count(*) FROM calls GROUP BY window(ts, '10 minutes', '5 minutes', '1 minute')",
     PLAN_UPDATE, NULL,
     "Project [window.start AS start, (sum(n) / count(1))] < Aggregate [window], [sum(n), count(1)] < Window ts, every "
     "300 s, of 600 s, "
     "from 60 s < Scan calls [ts, n]"},
    /* joins */
    {"SELECT c.id, r.description FROM calls c LEFT JOIN radio r ON c.disposition = r.code", PLAN_APPEND, NULL,
     "Project [id, description] < Join left outer radio [disposition = code] < Scan calls [id, disposition]"},
    {"SELECT description, id FROM radio JOIN calls ON code = disposition", PLAN_APPEND, NULL,
     "Project [description, id] < Join inner radio [disposition = code] < Scan calls [id, disposition]"},
    {"SELECT * FROM calls JOIN codes USING (disposition)", PLAN_APPEND, NULL,
     "Project [disposition, id, type, ts, city, n, description] < Join inner codes [disposition = disposition] < Scan "
     "calls [id, type, ts, "
     "disposition, city, n]"},
    {"SELECT id FROM calls c JOIN radio r ON c.disposition = r.code AND r.level > 1 AND c.n > 5 AND c.n < r.level",
     PLAN_APPEND, NULL,
     "Project [id] < Join inner radio [disposition = code], of the table: (level > 1), where (n < level) < Filter (n > "
     "5) < Scan calls "
     "[id, disposition, n]"},
    {"SELECT id FROM calls c LEFT JOIN radio r ON c.disposition = r.code AND r.level > 1 AND c.n > 5", PLAN_APPEND,
     NULL,
     "Project [id] < Join left outer radio [disposition = code], of the table: (level > 1), where (n > 5) < Scan calls "
     "[id, disposition, "
     "n]"},
    {"SELECT id FROM calls c JOIN radio r ON c.disposition <=> r.code", PLAN_APPEND, NULL,
     "Project [id] < Join inner radio [disposition <=> code] < Scan calls [id, disposition]"},
    {"SELECT id FROM calls c JOIN radio r ON c.n = r.level", PLAN_APPEND, NULL,
     "Project [id] < Join inner radio [n = level] < Scan calls [id, n]"},
    {"SELECT a.type, r.description, a.n FROM (SELECT type, disposition AS d, count(*) AS n, max(city) AS unused FROM "
     "calls GROUP BY type, "
     "disposition) a LEFT JOIN radio r ON a.d = r.code ORDER BY n",
     PLAN_COMPLETE, NULL,
     "Sort [n ASC NULLS FIRST] < Project [type, description, n] < Join left outer radio [d = code] < Aggregate [type, "
     "disposition], "
     "[count(1)] < Scan calls [type, disposition]"},
    /* filters move down */
    {"SELECT id FROM calls c JOIN radio r ON c.disposition = r.code WHERE c.city = 'x' AND r.level = 1 AND c.n > "
     "r.level",
     PLAN_APPEND, NULL,
     "Project [id] < Filter (n > level) < Join inner radio [disposition = code], of the table: (level = 1) < Filter "
     "(city = x) < Scan calls "
     "[id, disposition, city, n]"},
    {"SELECT id FROM calls c LEFT JOIN radio r ON c.disposition = r.code WHERE r.level = 1 AND c.city = 'x'",
     PLAN_APPEND, NULL,
     "Project [id] < Filter (level = 1) < Join left outer radio [disposition = code] < Filter (city = x) < Scan calls "
     "[id, disposition, "
     "city]"},
    {"SELECT t FROM (SELECT upper(type) AS t, city FROM calls) WHERE t = 'X' AND city > 'a'", PLAN_APPEND, NULL,
     "Project [upper(type) AS t] < Filter ((upper(type) = X) AND (city > a)) < Scan calls [type, city]"},
    {"SELECT type, count(*) FROM calls GROUP BY type HAVING count(*) > 1 AND type <> 'x'", PLAN_UPDATE, NULL,
     "Filter (count(1) > 1) < Aggregate [type], [count(1)] < Filter (NOT (type = x)) < Scan calls [type]"},
    {"SELECT id FROM calls WHERE city = 'x' AND ts > '2018-01-01'", PLAN_APPEND, "ts",
     "Project [id] < Filter (ts > 2018-01-01) < Watermark ts, delay 3600 s < Filter (city = x) < Scan calls [id, ts, "
     "city]"},
    {"SELECT id FROM calls c JOIN radio r ON c.disposition = r.code", PLAN_APPEND, "ts",
     "Project [id] < Join inner radio [disposition = code] < Watermark ts, delay 3600 s < Filter (disposition IS NOT "
     "NULL) < Scan calls "
     "[id, ts, disposition]"},
    {"SELECT id FROM calls WHERE true", PLAN_APPEND, NULL, "Scan calls [id]"},
    {"SELECT id FROM calls LIMIT 3 + 2", PLAN_APPEND, NULL, "Limit 5 < Scan calls [id]"},
    {"SELECT n FROM (SELECT n FROM calls LIMIT 5) WHERE n > 1", PLAN_APPEND, NULL,
     "Filter (n > 1) < Limit 5 < Scan calls [n]"},
    /* the rest of SELECT */
    {"SELECT DISTINCT city FROM calls", PLAN_COMPLETE, NULL, "Distinct [city] < Scan calls [city]"},
    {"SELECT upper(city) u, count(*) FROM calls GROUP BY u", PLAN_UPDATE, NULL,
     "Aggregate [upper(city)], [count(1)] < Scan calls [city]"},
    {"SELECT city, state, c FROM (SELECT city, type AS state, count(*) c FROM calls GROUP BY ALL)", PLAN_UPDATE, NULL,
     "Aggregate [city, type], [count(1)] < Scan calls [type, city]"},
    {"SELECT count(n), count_if(n > 1), count(*) FILTER (WHERE city = 'x') FROM calls", PLAN_UPDATE, NULL,
     "Aggregate [], [count(n), count_if((n > 1)), count(1) FILTER (WHERE (city = x))] < Scan calls [city, n]"},
    {"WITH x AS (SELECT city AS c FROM calls) SELECT c FROM x WHERE c = 'a'", PLAN_APPEND, NULL,
     "Filter (city = a) < Scan calls [city]"},
    {"SELECT city FROM calls GROUP BY city HAVING max(n) > 1 ORDER BY min(n), 1 DESC", PLAN_COMPLETE, NULL,
     "Project [city] < Sort [sort ASC NULLS FIRST, city DESC NULLS LAST] < Project [city, min(n) AS sort] < Filter "
     "(max(n) > 1) < "
     "Aggregate [city], [max(n), min(n)] < Scan calls [city, n]"},
    {"SELECT city, count(*) AS n FROM calls GROUP BY city HAVING n > 1", PLAN_UPDATE, NULL,
     "Filter (count(1) > 1) < Aggregate [city], [count(1)] < Scan calls [city]"},
};

static char *explain(const struct plan *plan)
{
    struct buf text = BUF_INIT;
    struct buf line = BUF_INIT;
    plan_explain(plan, &text);
    for (char *p = text.data; *p != '\0';) {
        size_t len = strcspn(p, "\n");
        size_t indent = strspn(p, " ");
        if (line.len > 0) {
            buf_append_text(&line, " < ");
            indent += 3; /* "+- " */
        }
        buf_append(&line, p + indent, len - indent);
        p += len + 1;
    }
    buf_release(&text);
    return buf_take(&line, NULL);
}

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct errbuf err;
        struct plan *plan = compile_as(plans[i].sql, plans[i].mode, false, plans[i].watermark, &err);
        if (plan == NULL)
            fail_msg("%s: %s", plans[i].sql, err.text);
        char *text = explain(plan);
        if (strcmp(text, plans[i].plan) != 0)
            fail_msg("%s\n  is   %s\n  want %s", plans[i].sql, text, plans[i].plan);
        check_plan(plan);
        free(text);
        plan_free(plan);
    }
}

/* ---- stages and event time --------------------------------------------------------------------------------------- */

static const struct {
    const char *sql;
    enum plan_output_mode mode;
    int event_time_key;
    bool window;
    size_t operators_above; /* in the final stage */
    bool ordered;
} stages[] = {
    {"SELECT ts, count(*) FROM calls GROUP BY ts", PLAN_APPEND, 0, false, 0, false},
    {"SELECT city, t, count(*) FROM (SELECT city, ts AS t FROM calls) GROUP BY city, t", PLAN_APPEND, 1, false, 0,
     false},
    {"SELECT w, count(*) FROM (SELECT window(ts, '1 hour') AS w FROM calls) GROUP BY w", PLAN_APPEND, 0, true, 0,
     false},
    {"SELECT city, count(*) FROM calls GROUP BY city, window(ts, '1 hour')", PLAN_APPEND, 1, true, 1, false},
    {"SELECT DISTINCT city, ts FROM calls", PLAN_APPEND, 1, false, 0, false},
    {"SELECT city, count(*) FROM calls GROUP BY city ORDER BY 2 LIMIT 3", PLAN_COMPLETE, -1, false, 2, true},
    {"SELECT date_trunc('HOUR', ts), count(*) FROM calls GROUP BY 1", PLAN_UPDATE, -1, false, 0, false},
    {"SELECT count(*) FROM calls JOIN radio ON disposition = code GROUP BY ts", PLAN_APPEND, 0, false, 1, false},
};

static void test_stages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        struct errbuf err;
        struct plan *plan = compile_as(stages[i].sql, stages[i].mode, false, "ts", &err);
        if (plan == NULL)
            fail_msg("%s: %s", stages[i].sql, err.text);
        check_plan(plan);
        assert_true(plan->aggregate < plan->nops);
        assert_int_equal(plan->ops[plan->aggregate].u.aggregate.event_time_key, stages[i].event_time_key);
        assert_int_equal(plan->ops[plan->aggregate].u.aggregate.event_time_window, stages[i].window);
        assert_int_equal(plan->nops - plan->final_stage, stages[i].operators_above);
        assert_int_equal(plan->deterministic_order, stages[i].ordered);
        plan_free(plan);
    }
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *sql;
    const char *names;
} outputs[] = {
    {"SELECT CITY, City AS c, n + 1, CAST(n AS STRING), n::INT, CAST(n + 1 AS STRING), calls.city FROM calls",
     "CITY c (n + 1) n n CAST((n + 1) AS STRING) city"},
    {"SELECT count(*), COUNT(N), sum(n) + 1, max(n) FILTER (WHERE city = 'x') FROM calls",
     "count(1) count(N) (sum(n) + 1) max(n) FILTER (WHERE (city = x))"},
    {"SELECT WINDOW.START, window(ts, '1 hour').end, window FROM calls GROUP BY window(ts, '1 hour')",
     "START window.end window"},
    {"SELECT struct(city, n AS m).m, (city, n), CASE city WHEN 'a' THEN 1 END FROM calls",
     "struct(city, n AS m).m named_struct(city, city, n, n) CASE WHEN (city = a) THEN 1 END"},
    {"SELECT a.*, b FROM (SELECT id, n AS b FROM calls) a", "id b b"},
    {"SELECT x, y FROM (SELECT id, n FROM calls) AS q(x, y)", "x y"},
    {"WITH q(x) AS (SELECT city FROM calls) SELECT * FROM q", "x"},
    {"SELECT city FROM (SELECT city, city FROM calls)", "city"},
    {"SELECT 1, 'a', NULL, 1e0", "1 a NULL 1.0"},
};

static void test_outputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        struct errbuf err;
        struct buf names = BUF_INIT;
        struct plan *plan = compile_as(outputs[i].sql, PLAN_APPEND, true, NULL, &err);
        if (plan == NULL)
            fail_msg("%s: %s", outputs[i].sql, err.text);
        check_plan(plan);
        for (size_t k = 0; k < plan->output.ncolumns; k++)
            buf_printf(&names, "%s%s", k > 0 ? " " : "", plan->output.columns[k].name);
        assert_string_equal(names.data, outputs[i].names);
        buf_release(&names);
        plan_free(plan);
    }
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *sql;
    const char *condition;
    int column;       /* in line 1; -1: no place */
    const char *text; /* somewhere in the report */
} errors[] = {
    {"SELECT nosuch FROM calls", "UNRESOLVED_COLUMN.WITH_SUGGESTION", 7, "[`ts`, `city`, `id`, `n`, `type`]"},
    {"SELECT x.city FROM calls", "UNRESOLVED_COLUMN.WITH_SUGGESTION", 7, "`x`.`city`"},
    {"SELECT city", "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", 7, "`city`"},
    {"SELECT disposition FROM calls JOIN codes ON city = description", "AMBIGUOUS_REFERENCE", 7,
     "[`calls`.`disposition`, `codes`.`disposition`]"},
    {"SELECT a FROM nowhere", "TABLE_OR_VIEW_NOT_FOUND", 14, "`nowhere`"},
    {"SELECT a FROM x.y", "TABLE_OR_VIEW_NOT_FOUND", 14, "`x`.`y`"},
    {"SELECT frobnicate(a) FROM nowhere", "UNRESOLVED_ROUTINE", 7, "`frobnicate`"},
    {"SELECT x.upper(city) FROM calls", "UNRESOLVED_ROUTINE", 7, "`x`.`upper`"},
    {"SELECT collect_list(city) FROM calls", "SFCRIME_UNSUPPORTED", 7, "the function collect_list"},
    {"SELECT x.* FROM calls", "CANNOT_RESOLVE_STAR_EXPAND", 7, "`x`.*"},
    {"SELECT city, count(*) FROM calls", "MISSING_GROUP_BY", 0, "GROUP BY"},
    {"SELECT city, n, count(*) FROM calls GROUP BY city", "MISSING_AGGREGATION", -1, "\"n\""},
    {"SELECT city FROM calls GROUP BY city, sum(n)", "GROUP_BY_AGGREGATE", 38, "sum(n)"},
    {"SELECT city, sum(n) FROM calls GROUP BY 2", "GROUP_BY_POS_AGGREGATE", 40, "sum(n)"},
    {"SELECT city FROM calls GROUP BY 0", "GROUP_BY_POS_OUT_OF_RANGE", 32, "[1, 1]"},
    {"SELECT * FROM calls GROUP BY 1", "STAR_GROUP_BY_POS", -1, "Star"},
    {"SELECT city FROM calls ORDER BY 2", "ORDER_BY_POS_OUT_OF_RANGE", 32, "[1, 1]"},
    {"SELECT city AS a, n AS a FROM calls ORDER BY a", "UNRESOLVED_COLUMN.WITH_SUGGESTION", 45, "`a`"},
    {"SELECT city FROM calls ORDER BY count(*)", "UNSUPPORTED_EXPR_FOR_OPERATOR", 23, "count(1)"},
    {"SELECT count(sum(n)) FROM calls", "NESTED_AGGREGATE_FUNCTION", 13, ""},
    {"SELECT city FROM calls WHERE city", "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", 0, "\"STRING\""},
    {"SELECT city FROM calls WHERE max(n) > 1", "INVALID_WHERE_CONDITION", 0, "max(n)"},
    {"SELECT city FROM calls JOIN radio ON level", "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", 23, "\"INT\""},
    {"SELECT city FROM calls JOIN radio USING (city)", "UNRESOLVED_USING_COLUMN_FOR_JOIN", -1,
     "[`code`, `description`, `level`]"},
    {"SELECT city, FROM calls", "TRAILING_COMMA_IN_SELECT", 0, ""},
    {"SELECT count() FROM calls", "WRONG_NUM_ARGS.WITH_SUGGESTION", -1, ""},
    {"SELECT count(calls.*) FROM calls", "_LEGACY_ERROR_TEMP_1021", -1, "count(calls.*)"},
    {"SELECT ts.start FROM calls", "INVALID_EXTRACT_BASE_FIELD_TYPE", 7, "\"TIMESTAMP\""},
    {"SELECT window(ts, '1 hour').foo FROM calls", "FIELD_NOT_FOUND", -1, "`start`, `end`"},
    {"SELECT window(ts, '1 hour'), window(ts, '2 hours') FROM calls", "_LEGACY_ERROR_TEMP_1039", 0, ""},
    {"SELECT city FROM calls LIMIT -1", "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", 29, "-1"},
    {"SELECT city FROM calls LIMIT 'a'", "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE", 29, "STRING"},
    {"SELECT city FROM calls LIMIT CAST(NULL AS INT)", "INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL", 29, ""},
    {"SELECT city FROM calls LIMIT n", "UNRESOLVED_COLUMN.WITH_SUGGESTION", 29, "`n`"},
    {"SELECT DATE'x' FROM calls", "INVALID_TYPED_LITERAL", 7, "\"DATE\""},
    {"SELECT a FROM (SELECT id, n FROM calls) AS q(x)", "ASSIGNMENT_ARITY_MISMATCH", 14, ""},
    {"WITH a AS (SELECT 1), A AS (SELECT 2) SELECT 1", "DUPLICATED_CTE_NAMES", 0, ""},
    {"SELECT city c, upper(c) FROM calls", "SFCRIME_UNSUPPORTED", 21, "same select list"},
    {"SELECT a.id FROM calls a JOIN calls b ON a.id = b.id", "SFCRIME_UNSUPPORTED", 25, "two streams"},
    {"SELECT count(DISTINCT city) FROM calls", "SFCRIME_UNSUPPORTED", 7, "DISTINCT"},
    {"SELECT code FROM radio", "SFCRIME_UNSUPPORTED", 0, "static tables alone"},
    {"SELECT DISTINCT c FROM (SELECT city, count(*) c FROM calls GROUP BY city)", "SFCRIME_UNSUPPORTED", -1,
     "aggregation of an aggregation"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct errbuf err;
        struct plan *plan = compile_as(errors[i].sql, PLAN_APPEND, true, NULL, &err);
        if (plan != NULL)
            fail_msg("%s: accepted", errors[i].sql);
        bool placed = err.line == 1;
        if (strcmp(err.condition, errors[i].condition) != 0 || placed != (errors[i].column >= 0) ||
            (placed && err.column != errors[i].column) || strstr(err.text, errors[i].text) == NULL)
            fail_msg("%s: %s at %d:%d: %s", errors[i].sql, err.condition, err.line, err.column, err.text);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
}

/* ---- streaming --------------------------------------------------------------------------------------------------- */

#define MODE "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION"
#define OTHER "_LEGACY_ERROR_TEMP_3102"

static const struct {
    const char *sql;
    const char *watermark;
    const char *complete; /* condition in that mode, or NULL: accepted */
    const char *update;
    const char *append;
} streaming[] = {
    {"SELECT city FROM calls", NULL, MODE, NULL, NULL},
    {"SELECT count(*) FROM calls", NULL, NULL, NULL, MODE},
    {"SELECT city, count(*) FROM calls GROUP BY city", "ts", NULL, NULL, MODE},
    {"SELECT ts, count(*) FROM calls GROUP BY ts", "ts", NULL, NULL, NULL},
    {"SELECT window.end, count(*) FROM calls GROUP BY window(ts, '1 hour')", "ts", NULL, NULL, NULL},
    {"SELECT count(*) FROM calls GROUP BY CAST(ts AS DATE)", "ts", NULL, NULL, MODE},
    {"SELECT DISTINCT city FROM calls", NULL, NULL, NULL, MODE},
    {"SELECT DISTINCT city, ts FROM calls", "ts", NULL, NULL, NULL},
    {"SELECT DISTINCT city FROM calls ORDER BY city", NULL, OTHER, OTHER, MODE},
    {"SELECT city FROM calls ORDER BY city", NULL, MODE, OTHER, OTHER},
    {"SELECT city, count(*) FROM calls GROUP BY city ORDER BY 2", NULL, NULL, OTHER, MODE},
    {"WITH x AS (SELECT city, count(*) c FROM calls GROUP BY city) SELECT * FROM x ORDER BY c", NULL, OTHER, OTHER,
     MODE},
    {"SELECT city FROM calls LIMIT 5", NULL, MODE, OTHER, NULL},
    {"SELECT city FROM calls LIMIT 5 OFFSET 1", NULL, MODE, OTHER, OTHER},
    {"SELECT count(DISTINCT city) FROM calls", NULL, OTHER, OTHER, MODE},
    {"SELECT DISTINCT c FROM (SELECT count(*) c FROM calls GROUP BY city)", NULL, OTHER, OTHER, MODE},
    {"SELECT code, id FROM radio LEFT JOIN calls ON code = disposition", NULL, MODE, OTHER, OTHER},
    {"SELECT code, id FROM calls RIGHT JOIN radio ON code = disposition", NULL, MODE, OTHER, OTHER},
    {"SELECT code, id FROM calls FULL JOIN radio ON code = disposition", NULL, MODE, OTHER, OTHER},
    {"SELECT code FROM radio", NULL, "WRITE_STREAM_NOT_ALLOWED", "WRITE_STREAM_NOT_ALLOWED",
     "WRITE_STREAM_NOT_ALLOWED"},
    {"SELECT city FROM calls", "nosuch", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "UNRESOLVED_COLUMN.WITH_SUGGESTION",
     "UNRESOLVED_COLUMN.WITH_SUGGESTION"},
    {"SELECT city FROM calls", "city", "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE", "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE",
     "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE"},
};

static void test_streaming(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streaming / sizeof streaming[0]; i++) {
        const char *const wanted[] = {streaming[i].complete, streaming[i].update, streaming[i].append};
        for (int mode = PLAN_COMPLETE; mode <= PLAN_APPEND; mode++) {
            struct errbuf err;
            struct plan *plan =
                compile_as(streaming[i].sql, (enum plan_output_mode)mode, false, streaming[i].watermark, &err);
            const char *got = plan != NULL ? "accepted" : err.condition;
            if (strcmp(got, wanted[mode] != NULL ? wanted[mode] : "accepted") != 0)
                fail_msg("%s in mode %d: %s: %s", streaming[i].sql, mode, got, plan != NULL ? "" : err.text);
            plan_free(plan);
        }
    }
}

static void test_output_mode(void **state)
{
    enum plan_output_mode mode = PLAN_APPEND;
    struct errbuf err;
    (void)state;
    assert_int_equal(plan_output_mode("Complete", &mode, &err), 0);
    assert_int_equal(mode, PLAN_COMPLETE);
    assert_int_equal(plan_output_mode("UPDATE", &mode, &err), 0);
    assert_int_equal(mode, PLAN_UPDATE);
    assert_int_equal(plan_output_mode(" append", &mode, &err), -1);
    assert_string_equal(err.condition, "STREAMING_OUTPUT_MODE.INVALID");
}

/* ---- fingerprint ------------------------------------------------------------------------------------------------- */

/* Pairs of queries: does a checkpoint of the first serve the second? */
static const struct {
    const char *first;
    const char *second;
    bool same;
} prints[] = {
    {"SELECT city, count(*) FROM calls GROUP BY city",
     "select CITY AS x, COUNT(1) AS y from calls c group by c.City order by y limit 3", true},
    {"SELECT city, count(*) FROM calls GROUP BY city",
     "SELECT c, k FROM (SELECT city AS c, count(*) AS k, max(n) FROM calls GROUP BY city)", true},
    {"SELECT city, count(*) FROM calls GROUP BY city", "SELECT city, count(*) FROM calls WHERE n > 1 GROUP BY city",
     true},
    {"SELECT city, count(*) FROM calls GROUP BY city", "SELECT type, count(*) FROM calls GROUP BY type", false},
    {"SELECT city, count(*) FROM calls GROUP BY city", "SELECT city, sum(n) FROM calls GROUP BY city", false},
    {"SELECT city, sum(n) FROM calls GROUP BY city", "SELECT city, sum(CAST(n AS DOUBLE)) FROM calls GROUP BY city",
     false},
    {"SELECT count(*) FROM calls GROUP BY window(ts, '1 hour')",
     "SELECT count(*) FROM calls GROUP BY window(ts, '2 hours')", false},
    {"SELECT count(n) FROM calls", "SELECT count(n) FILTER (WHERE n > 1) FROM calls", false},
};

static void test_fingerprint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prints / sizeof prints[0]; i++) {
        struct errbuf err;
        struct buf first = BUF_INIT;
        struct buf second = BUF_INIT;
        struct plan *a = compile_as(prints[i].first, PLAN_COMPLETE, false, NULL, &err);
        struct plan *b = compile_as(prints[i].second, PLAN_COMPLETE, false, NULL, &err);
        if (a == NULL || b == NULL)
            fail_msg("%s / %s: %s", prints[i].first, prints[i].second, err.text);
        plan_fingerprint(a, &first);
        plan_fingerprint(b, &second);
        if ((strcmp(first.data, second.data) == 0) != prints[i].same)
            fail_msg("%s / %s:\n%s%s", prints[i].first, prints[i].second, first.data, second.data);
        buf_release(&first);
        buf_release(&second);
        plan_free(a);
        plan_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),       cmocka_unit_test(test_stages),    cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_streaming), cmocka_unit_test(test_output_mode),
        cmocka_unit_test(test_fingerprint),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zone_close_all();
    return failed;
}
