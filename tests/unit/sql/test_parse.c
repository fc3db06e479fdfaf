#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "sql/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- expressions, written out with every parenthesis ------------------------------------------------------------- */

static void show(const struct ast_expr *e, struct buf *out);

static void show_args(const struct ast_expr *e, struct buf *out)
{
    for (size_t i = 0; i < e->nargs; i++) {
        buf_append_byte(out, ' ');
        show(e->args[i], out);
        if (e->args[i]->alias != NULL)
            buf_printf(out, ":%s", e->args[i]->alias);
    }
}

static void show_parts(const struct ast_expr *e, struct buf *out)
{
    for (size_t i = 0; i < e->nparts; i++)
        buf_printf(out, "%s%s", i > 0 ? "." : "", e->parts[i]);
}

static void show_literal(const struct ast_literal *l, struct buf *out)
{
    switch (l->kind) {
    case AST_LITERAL_NULL:
        buf_append_text(out, "NULL");
        break;
    case AST_LITERAL_BOOLEAN:
        buf_append_text(out, l->boolean ? "TRUE" : "FALSE");
        break;
    case AST_LITERAL_INT:
        buf_printf(out, "%lld", (long long)l->integer);
        break;
    case AST_LITERAL_BIGINT:
        buf_printf(out, "%lldL", (long long)l->integer);
        break;
    case AST_LITERAL_DOUBLE:
        buf_printf(out, "%gD", l->number);
        break;
    default:
        buf_printf(out, "%s'%.*s'",
                   l->kind == AST_LITERAL_DATE        ? "DATE"
                   : l->kind == AST_LITERAL_TIMESTAMP ? "TIMESTAMP"
                   : l->kind == AST_LITERAL_BINARY    ? "X"
                                                      : "",
                   (int)l->len, l->data);
        break;
    }
}

static void show(const struct ast_expr *e, struct buf *out)
{
    switch (e->kind) {
    case AST_NAME:
        show_parts(e, out);
        return;
    case AST_STAR:
        show_parts(e, out);
        buf_append_text(out, e->nparts > 0 ? ".*" : "*");
        return;
    case AST_LITERAL:
        show_literal(&e->literal, out);
        return;
    case AST_CALL:
        buf_append_byte(out, '[');
        show_parts(e, out);
        if (e->distinct)
            buf_append_text(out, " DISTINCT");
        break;
    case AST_OPERATOR:
        buf_printf(out, "(%s", e->sign);
        break;
    case AST_CASE:
        buf_printf(out, "(CASE%s%s", e->has_operand ? "-of" : "", e->has_else ? "-else" : "");
        break;
    case AST_CAST:
        buf_printf(out, "(%s ", e->try_cast ? "TRY_CAST" : "CAST");
        type_name(e->type, out);
        break;
    case AST_FIELD:
        buf_printf(out, "(.%s", e->field);
        break;
    case AST_ROW:
        buf_append_text(out, "(ROW");
        break;
    }
    show_args(e, out);
    if (e->filter != NULL) {
        buf_append_text(out, " FILTER ");
        show(e->filter, out);
    }
    buf_append_byte(out, e->kind == AST_CALL ? ']' : ')');
}

static const struct {
    const char *text;
    const char *tree;
} expressions[] = {
    {"1 + 2 * 3", "(+ 1 (* 2 3))"},
    {"(1 + 2) * 3", "(* (+ 1 2) 3)"},
    {"s || 1 + 2", "(+ (|| s 1) 2)"},
    {"1 - -1", "(- 1 -1)"},
    {"- 2 + 3", "(+ -2 3)"},
    {"-n * 2", "(* (negative n) 2)"},
    {"- -n", "(negative (negative n))"},
    {"-9223372036854775808", "-9223372036854775808L"},
    {"2147483648", "2147483648L"},
    {"n div 2 % 3", "(% (div n 2) 3)"},
    {"a = b <> c", "(NOT (= (= a b) c))"},
    {"a == b", "(= a b)"},
    {"a !> b", "(<= a b)"},
    {"NOT a AND b", "(AND (NOT a) b)"},
    {"a OR b AND c", "(OR a (AND b c))"},
    {"a AND b AND c AND d", "(AND (AND a b) (AND c d))"},
    {"a AND b AND c", "(AND (AND a b) c)"},
    {"a BETWEEN 1 AND 2 OR b", "(OR (BETWEEN a 1 2) b)"},
    {"a NOT BETWEEN 1 AND 2", "(NOT (BETWEEN a 1 2))"},
    {"a IN (1, 'x')", "(IN a 1 'x')"},
    {"a NOT IN (1)", "(NOT (IN a 1))"},
    {"a LIKE 'x' ESCAPE '/'", "(LIKE a 'x' '/')"},
    {"a IS NULL", "(IS NULL a)"},
    {"a IS NOT TRUE", "(NOT (IS TRUE a))"},
    {"a IS DISTINCT FROM b", "(NOT (<=> a b))"},
    {"a IS NOT DISTINCT FROM b", "(<=> a b)"},
    {"b = NOT", "(= b NOT)"},
    {"NOT", "NOT"},
    {"'a' 'b' \"c\"", "'abc'"},
    {"'it\\'s \\t \\u0041\\101 \\% \\q'", "'it's \t AA \\% q'"},
    {"'\\ud83d\\ude00'", "'\xF0\x9F\x98\x80'"},
    {"r'\\n'", "'\\n'"},
    {"X'616'", "X'\x06\x16'"},
    {"DATE '2018-12-31'", "DATE'2018-12-31'"},
    {"TIMESTAMP'x'", "TIMESTAMP'x'"},
    {"1e3", "1000D"},
    {"1.5D", "1.5D"},
    {"`a``b`.c", "a`b.c"},
    {"count(*)", "[count *]"},
    {"count(DISTINCT a, b)", "[count DISTINCT a b]"},
    {"count(ALL a)", "[count a]"},
    {"count(DISTINCT)", "[count DISTINCT]"},
    {"sum(a) FILTER (WHERE b)", "[sum a FILTER b]"},
    {"struct(a AS x, b)", "[struct a:x b]"},
    {"(a, b)", "(ROW a b)"},
    {"CASE WHEN a THEN 1 ELSE 2 END + 1", "(+ (CASE-else a 1 2) 1)"},
    {"CASE a WHEN 1 THEN 2 END", "(CASE-of a 1 2)"},
    {"CAST(a AS BIGINT)", "(CAST bigint a)"},
    {"a::INT + 1", "(+ (CAST int a) 1)"},
    {"TRY_CAST(a AS DATE)", "(TRY_CAST date a)"},
    {"EXTRACT(HOUR FROM t)", "(EXTRACT 'HOUR' t)"},
    {"position('a' IN s)", "[locate 'a' s]"},
    {"position('a', s)", "[position 'a' s]"},
    {"substring(s FROM 2 FOR 3)", "[substring s 2 3]"},
    {"substring(s, 2)", "[substring s 2]"},
    {"trim(LEADING 'x' FROM s)", "[ltrim 'x' s]"},
    {"trim(BOTH FROM s)", "[trim s]"},
    {"trim(s)", "[trim s]"},
    {"window(t, '1 hour').start", "(.start [window t '1 hour'])"},
    {"left(s, 1)", "[left s 1]"},
    {"if(a, 1, 2)", "[if a 1 2]"},
};

static void test_expressions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expressions / sizeof expressions[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct buf sql = BUF_INIT;
        struct buf tree = BUF_INIT;
        struct errbuf err;
        buf_printf(&sql, "SELECT %s", expressions[i].text);
        struct ast_query *query = parse_query(sql.data, &arena, &err);
        if (query == NULL)
            fail_msg("%s: %s", sql.data, err.text);
        show(query->items[0], &tree);
        assert_string_equal(tree.data, expressions[i].tree);
        assert_null(query->items[0]->alias);
        buf_release(&sql);
        buf_release(&tree);
        arena_release(&arena);
    }
}

/* ---- keywords as names ------------------------------------------------------------------------------------------- */

static const struct {
    const char *sql;
    const char *shape; /* items with aliases | relation alias | which clauses are there */
} shapes[] = {
    {"SELECT a FROM t", "a|t|"},
    {"SELECT a b FROM t c", "a:b|t:c|"},
    {"SELECT a AS FROM FROM t", "a:FROM|t|"},
    {"SELECT a AS FROM t", "a:AS|t|"},
    {"SELECT a FROM", "a:FROM||"},
    {"SELECT FROM t", "FROM:t||"},
    {"SELECT a FROM t WHERE", "a|t:WHERE|"},
    {"SELECT a FROM t WHERE WHERE x", "a|t:WHERE|w"},
    {"SELECT a FROM t LIMIT", "a|t:LIMIT|"},
    {"SELECT a FROM t HAVING", "a|t:HAVING|"},
    {"SELECT a FROM WHERE x = 1", "a:FROM||w"},
    {"SELECT a end FROM t", "a:end|t|"},
    {"SELECT a IS FROM t", "a:IS|t|"},
    {"SELECT a AND FROM t c WHERE d", "a:AND|t:c|w"},
    {"SELECT a ORDER BY b", "a||o"},
    {"SELECT a FROM t JOIN u ON b", "a|t,u|"},
    {"SELECT a FROM t OUTER JOIN u ON b", "a|t:OUTER,u|"},
    {"SELECT a FROM (SELECT b FROM u) AS q", "a|?:q|"},
    {"SELECT DISTINCT a FROM t", "a|t|d"},
    {"SELECT DISTINCT FROM t c", "DISTINCT|t:c|"},
    {"SELECT a FROM t WHERE b GROUP BY c HAVING d ORDER BY e LIMIT 1", "a|t|wghol"},
    {"SELECT a FROM t LIMIT ALL;", "a|t|"},
    {"SELECT CASE END FROM t", "CASE:END|t|"},
    {"SELECT /*+ BROADCAST(t) */ a FROM t", "a|t|"},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct buf out = BUF_INIT;
        struct errbuf err;
        struct ast_query *q = parse_query(shapes[i].sql, &arena, &err);
        if (q == NULL)
            fail_msg("%s: %s", shapes[i].sql, err.text);
        for (size_t k = 0; k < q->nitems; k++) {
            show(q->items[k], &out);
            buf_printf(&out, q->items[k]->alias != NULL ? ":%s" : "%s",
                       q->items[k]->alias != NULL ? q->items[k]->alias : "");
        }
        buf_append_byte(&out, '|');
        for (size_t k = 0; k < q->nrelations; k++) {
            const struct ast_relation *r = q->relations[k];
            buf_printf(&out, "%s%s", k > 0 ? "," : "", r->nparts > 0 ? r->parts[0] : "?");
            if (r->alias != NULL)
                buf_printf(&out, ":%s", r->alias);
        }
        buf_printf(&out, "|%s%s%s%s%s%s", q->distinct ? "d" : "", q->where != NULL ? "w" : "", q->grouped ? "g" : "",
                   q->having != NULL ? "h" : "", q->nsorts > 0 ? "o" : "", q->limit != NULL ? "l" : "");
        assert_string_equal(out.data, shapes[i].shape);
        buf_release(&out);
        arena_release(&arena);
    }
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* Places are Spark 4.0.0's. */
static const struct {
    const char *sql;
    const char *condition;
    int line;
    int column;
} errors[] = {
    {"", "PARSE_EMPTY_STATEMENT", 1, 0},
    {" ", "PARSE_EMPTY_STATEMENT", 1, 1},
    {"-- nothing", "PARSE_SYNTAX_ERROR", 1, 10},
    {"SELECT", "PARSE_SYNTAX_ERROR", 1, 6},
    {"SELEC a", "PARSE_SYNTAX_ERROR", 1, 0},
    {"SELECT a b c FROM t", "PARSE_SYNTAX_ERROR", 1, 11},
    {"SELECT a FROM t WHERE a =", "PARSE_SYNTAX_ERROR", 1, 25},
    {"SELECT a FROM t WHERE a IN", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t WHERE a IN ('a', b", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t WHERE a NOT IN ('a', b", "PARSE_SYNTAX_ERROR", 1, 38},
    {"SELECT a FROM t WHERE a LIKE", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t WHERE a AND", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t WHERE a AND (b", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t WHERE a IS", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t WHERE a IS NULL = b", "PARSE_SYNTAX_ERROR", 1, 32},
    {"SELECT CASE WHEN a THEN 1 FROM t", "PARSE_SYNTAX_ERROR", 1, 17},
    {"SELECT upper(CASE WHEN a THEN b) FROM t", "PARSE_SYNTAX_ERROR", 1, 18},
    {"SELECT upper(lower(a b)) FROM t", "PARSE_SYNTAX_ERROR", 1, 18},
    {"SELECT upper(a b) FROM t", "PARSE_SYNTAX_ERROR", 1, 15},
    {"SELECT a FROM t GROUP a", "PARSE_SYNTAX_ERROR", 1, 22},
    {"SELECT a FROM t GROUP BY", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t GROUP BY a HAVNG b > 1", "PARSE_SYNTAX_ERROR", 1, 33},
    {"SELECT a FROM t GROUP BY a b", "PARSE_SYNTAX_ERROR", 0, 0},
    {"SELECT a FROM t ORDER BY", "PARSE_SYNTAX_ERROR", 1, 16},
    {"SELECT a FROM t ORDER BY sum(b", "PARSE_SYNTAX_ERROR", 1, 16},
    {"SELECT a FROM t ORDER BY a ASCENDING", "PARSE_SYNTAX_ERROR", 1, 27},
    {"SELECT a FROM t LIMIT 5 +", "PARSE_SYNTAX_ERROR", 1, 16},
    {"SELECT a FROM t LIMIT 5 5", "PARSE_SYNTAX_ERROR", 1, 24},
    {"SELECT a FROM t JOIN", "PARSE_SYNTAX_ERROR", 1, 20},
    {"SELECT a FROM t LEFT u ON b", "PARSE_SYNTAX_ERROR", 1, 21},
    {"SELECT a FROM (SELECT a FROM t", "PARSE_SYNTAX_ERROR", 1, 30},
    {"SELECT a FROM SELECT b FROM t", "PARSE_SYNTAX_ERROR", 1, 14},
    {"SELECT a FROM t)", "PARSE_SYNTAX_ERROR", 1, 15},
    {"SELECT a\nFROM t\nWHERE a = = 'x'", "PARSE_SYNTAX_ERROR", 3, 10},
    {"SELECT '\xF0\x9F\x98\x80' x y FROM t", "PARSE_SYNTAX_ERROR", 1, 13},
    {"SELECT 'open FROM t", "PARSE_SYNTAX_ERROR", 1, 7},
    {"SELECT a FROM t WHERE \xC3\xA9 = 1", "INVALID_IDENTIFIER", 1, 22},
    {"SELECT a AS b-c FROM t", "INVALID_IDENTIFIER", 1, 13},
    {"SELECT 128Y", "INVALID_NUMERIC_LITERAL_RANGE", 1, 7},
    {"SELECT 9223372036854775808L", "INVALID_NUMERIC_LITERAL_RANGE", 1, 7},
    {"SELECT 1e400", "INVALID_NUMERIC_LITERAL_RANGE", 1, 7},
    {"SELECT X'12G'", "INVALID_TYPED_LITERAL", 1, 7},
    {"SELECT FOO'x'", "UNSUPPORTED_TYPED_LITERAL", 1, 7},
    {"SELECT CAST(a AS TEXT)", "UNSUPPORTED_DATATYPE", 1, 17},
    {"SELECT CAST(a AS VARCHAR)", "DATATYPE_MISSING_SIZE", 1, 17},
    {"SELECT a LIKE 'x' ESCAPE 'xx'", "INVALID_ESC", 1, 9},
    {"SELECT ?", "UNBOUND_SQL_PARAMETER", 1, 7},
    {"SELECT 123456789012345678901234567890123456789", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", 0, 0},
    /* outside the subset, by name */
    {"SELECT 1.0", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT 1.0 x y", "PARSE_SYNTAX_ERROR", 1, 13},
    {"SELECT 9223372036854775808", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT 1F", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT CAST(a AS DECIMAL(10, 2))", "SFCRIME_UNSUPPORTED", 1, 17},
    {"SELECT CAST(a AS ARRAY<INT>)", "SFCRIME_UNSUPPORTED", 1, 17},
    {"SELECT INTERVAL 1 DAY", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT a & 1", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT a[0]", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT (SELECT 1)", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT a FROM t WHERE a IN (SELECT 1)", "SFCRIME_UNSUPPORTED", 1, 24},
    {"SELECT sum(a) OVER (PARTITION BY b)", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT a FROM t UNION SELECT b FROM u", "SFCRIME_UNSUPPORTED", 1, 16},
    {"SELECT a FROM t, u", "SFCRIME_UNSUPPORTED", 1, 15},
    {"SELECT a FROM t CROSS JOIN u", "SFCRIME_UNSUPPORTED", 1, 16},
    {"SELECT a FROM t JOIN u", "SFCRIME_UNSUPPORTED", 1, 16},
    {"SELECT a FROM t LEFT SEMI JOIN u ON b", "SFCRIME_UNSUPPORTED", 1, 16},
    {"SELECT a FROM t GROUP BY ROLLUP (a)", "SFCRIME_UNSUPPORTED", 1, 25},
    {"SELECT a FROM t GROUP BY a WITH CUBE", "SFCRIME_UNSUPPORTED", 1, 27},
    {"SELECT * EXCEPT (a) FROM t", "SFCRIME_UNSUPPORTED", 1, 7},
    {"SELECT transform(a, x -> x + 1)", "SFCRIME_UNSUPPORTED", 1, 20},
    {"SELECT f(a => 1)", "SFCRIME_UNSUPPORTED", 1, 9},
    {"VALUES (1)", "SFCRIME_UNSUPPORTED", 1, 0},
    {"INSERT INTO t SELECT 1", "SFCRIME_UNSUPPORTED", 1, 0},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct errbuf err;
        errbuf_clear(&err);
        assert_null(parse_query(errors[i].sql, &arena, &err));
        if (strcmp(err.condition, errors[i].condition) != 0 || err.line != errors[i].line ||
            err.column != errors[i].column)
            fail_msg("%s: %s at %d:%d: %s", errors[i].sql, err.condition, err.line, err.column, err.text);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        arena_release(&arena);
    }
}

/* A text of n times `open`, then `middle`, then n times `close`. */
static char *nested(const char *open, const char *middle, const char *close, size_t n)
{
    struct buf text = BUF_INIT;
    buf_append_text(&text, "SELECT ");
    for (size_t i = 0; i < n; i++)
        buf_append_text(&text, open);
    buf_append_text(&text, middle);
    for (size_t i = 0; i < n; i++)
        buf_append_text(&text, close);
    return buf_take(&text, NULL);
}

/* However deep a text is, the parser answers and does not run out of stack. */
static void test_depth(void **state)
{
    static const struct {
        const char *open;
        const char *middle;
        const char *close;
    } deep[] = {{"(", "1", ")"},        {"upper(", "a", ")"}, {"NOT ", "a", ""},
                {"- ", "a", ""},        {"1 + ", "1", ""},    {"CASE WHEN ", "a", " THEN 1 END"},
                {"(SELECT ", "1", ")"}, {"a IN (", "1", ")"}, {"a AND ", "a", ""},
                {"", "a", "::INT"}};
    (void)state;
    for (size_t i = 0; i < sizeof deep / sizeof deep[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct errbuf err;
        errbuf_clear(&err);
        char *sql = nested(deep[i].open, deep[i].middle, deep[i].close, 20000);
        assert_non_null(sql);
        if (parse_query(sql, &arena, &err) == NULL)
            assert_string_equal(err.condition, "SFCRIME_UNSUPPORTED");
        else
            assert_string_equal(deep[i].open, "a AND "); /* a balanced tree is not deep */
        free(sql);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
