#include "rows.h"

#include "sql/coerce.h"

/* tightest: without strings; wider: a string yields. "" for none. */
static void test_pairs(void **state)
{
    static const struct {
        enum type_id a, b;
        const char *tightest;
        const char *wider;
    } cases[] = {
        {TYPE_INT, TYPE_INT, "int", "int"},
        {TYPE_INT, TYPE_BIGINT, "bigint", "bigint"},
        {TYPE_BIGINT, TYPE_DOUBLE, "double", "double"},
        {TYPE_NULL, TYPE_DATE, "date", "date"},
        {TYPE_NULL, TYPE_NULL, "void", "void"},
        {TYPE_DATE, TYPE_TIMESTAMP, "timestamp", "timestamp"},
        {TYPE_BOOLEAN, TYPE_INT, "", ""},
        {TYPE_INT, TYPE_TIMESTAMP, "", ""},
        {TYPE_STRING, TYPE_INT, "", "bigint"},
        {TYPE_STRING, TYPE_BIGINT, "", "bigint"},
        {TYPE_STRING, TYPE_DOUBLE, "", "double"},
        {TYPE_STRING, TYPE_BOOLEAN, "", "boolean"},
        {TYPE_STRING, TYPE_TIMESTAMP, "", "timestamp"},
        {TYPE_STRING, TYPE_DATE, "", "date"},
        {TYPE_STRING, TYPE_BINARY, "", "binary"},
        {TYPE_STRING, TYPE_NULL, "string", "string"},
        {TYPE_BINARY, TYPE_INT, "", ""},
    };
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int turned = 0; turned < 2; turned++) {
            const struct type *a = type_of(turned ? cases[i].b : cases[i].a),
                              *b = type_of(turned ? cases[i].a : cases[i].b);
            const struct type *types[2] = {coerce_tightest(&arena, a, b), coerce_wider(&arena, a, b)};
            const char *expected[2] = {cases[i].tightest, cases[i].wider};
            for (int k = 0; k < 2; k++) {
                struct buf name = BUF_INIT;
                if (types[k] != NULL)
                    type_name(types[k], &name);
                assert_string_equal(name.data != NULL ? name.data : "", expected[k]);
                buf_release(&name);
            }
        }
    }
    arena_release(&arena);
}

static void test_structs(void **state)
{
    const struct type_field ab[] = {{"a", type_of(TYPE_INT)}, {"b", type_of(TYPE_DATE)}};
    const struct type_field xy[] = {{"x", type_of(TYPE_BIGINT)}, {"y", type_of(TYPE_TIMESTAMP)}};
    const struct type_field other[] = {{"a", type_of(TYPE_INT)}, {"b", type_of(TYPE_INT)}};
    struct arena arena = ARENA_INIT;
    struct buf name = BUF_INIT;

    (void)state;
    const struct type *s = type_struct(&arena, ab, 2);
    const struct type *common = coerce_tightest(&arena, s, type_struct(&arena, xy, 2));
    type_name(common, &name);
    assert_string_equal(name.data, "struct<a:bigint,b:timestamp>");
    assert_null(coerce_tightest(&arena, s, type_struct(&arena, other, 2)));
    assert_null(coerce_tightest(&arena, s, type_struct(&arena, ab, 1)));
    assert_null(coerce_wider(&arena, s, type_of(TYPE_STRING)));
    buf_release(&name);
    arena_release(&arena);
}

/* What types expressions get: the result of coercion as a user sees it. */
static void test_results(void **state)
{
    static const struct {
        const char *expr;
        const char *type;
    } cases[] = {
        {"i + n", "bigint"},
        {"i + 1", "int"},
        {"s + 1", "bigint"},
        {"s + d", "double"},
        {"i / i", "double"},
        {"i div i", "bigint"},
        {"-s", "double"},
        {"NULL + NULL", "double"},
        {"dt + 1", "date"},
        {"1 + dt", "date"},
        {"CASE WHEN b THEN 1 ELSE 'x' END", "bigint"},
        {"coalesce(i, n, d)", "double"},
        {"coalesce(s, dt)", "date"},
        {"if(b, dt, t)", "timestamp"},
        {"if(b, NULL, NULL)", "void"},
        {"nullif(i, s)", "int"},
        {"greatest(i, n)", "bigint"},
        {"concat(CAST(s AS BINARY), CAST(s AS BINARY))", "binary"},
        {"concat(CAST(s AS BINARY), s)", "string"},
        {"round(s)", "double"},
        {"floor(i)", "bigint"},
        {"sign(n)", "double"},
        {"abs(i)", "int"},
    };
    struct rows rows;

    (void)state;
    rows_init(&rows);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct errbuf err;
        struct buf name = BUF_INIT;
        struct plan *plan = rows_compile(&rows, cases[i].expr, &err);
        if (plan == NULL)
            fail_msg("%s: %s", cases[i].expr, err.text);
        type_name(rows_item(plan)->type, &name);
        if (strcmp(name.data, cases[i].type) != 0)
            fail_msg("%s: got %s, expected %s", cases[i].expr, name.data, cases[i].type);
        buf_release(&name);
        plan_free(plan);
    }
    rows_release(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_structs),
        cmocka_unit_test(test_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
