#include "rows.h"

#include "sql/diagnose.h"

static void test_places(void **state)
{
    static const struct {
        const char *sql;
        int32_t start, stop;
        int line, column;
        const char *context;
    } cases[] = {
        {"SELECT x FROM t", 7, 7, 1, 7, "== SQL (line 1, position 8) ==\nSELECT x FROM t\n       ^"},
        {"SELECT a,\n  nosuch(b)\nFROM t", 12, 20, 2, 2, "== SQL (line 2, position 3) ==\n  nosuch(b)\n  ^^^^^^^^^"},
        /* over two lines: carets below both */
        {"SELECT f(a,\n b) FROM t", 7, 14, 1, 7,
         "== SQL (line 1, position 8) ==\nSELECT f(a,\n       ^^^^\n b) FROM t\n^^^"},
        /* code points, not bytes */
        {"SELECT '\u65e5\U0001F600', x", 13, 13, 1, 13,
         "== SQL (line 1, position 14) ==\nSELECT '\u65e5\U0001F600', x\n             ^"},
        {"", 0, 0, 1, 0, "== SQL (line 1, position 1) ==\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct errbuf err;
        char expected[400];
        assert_null(diagnose(&err, cases[i].sql, (struct sql_range){cases[i].start, cases[i].stop}, "SOME_CONDITION",
                             "42000", "Something %s.", "bad"));
        snprintf(expected, sizeof(expected), "[SOME_CONDITION] Something bad. SQLSTATE: 42000; line %d pos %d\n%s",
                 cases[i].line, cases[i].column, cases[i].context);
        assert_string_equal(err.text, expected);
        assert_string_equal(err.condition, "SOME_CONDITION");
        assert_string_equal(err.sqlstate, "42000");
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
}

static void test_without_place(void **state)
{
    struct errbuf err;

    (void)state;
    diagnose(&err, "SELECT 1", NO_RANGE, "A_CONDITION", "42000", "No place.");
    assert_string_equal(err.text, "[A_CONDITION] No place. SQLSTATE: 42000");
    assert_int_equal(err.line, 0);
    diagnose(&err, NULL, (struct sql_range){0, 1}, "_LEGACY_ERROR_TEMP_1", "", "Old.");
    assert_string_equal(err.text, "Old.");
    assert_string_equal(err.condition, "_LEGACY_ERROR_TEMP_1");
    diagnose_unsupported(&err, "SELECT 1.5", (struct sql_range){7, 9}, "the type %s", "DECIMAL");
    assert_string_equal(err.condition, "SFCRIME_UNSUPPORTED");
    assert_string_equal(err.sqlstate, "0A000");
}

/* A text longer than the buffer is cut, not overrun. */
static void test_long_text(void **state)
{
    struct errbuf err;
    char sql[6000];

    (void)state;
    memset(sql, 'x', sizeof(sql) - 1);
    sql[sizeof(sql) - 1] = '\0';
    diagnose(&err, sql, (struct sql_range){10, 5900}, "A_CONDITION", "42000", "%s", sql);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    diagnose(&err, sql, (struct sql_range){10, 5900}, "A_CONDITION", "42000", "Short.");
    assert_int_equal(strncmp(err.text, "[A_CONDITION] Short. SQLSTATE: 42000", 36), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_without_place),
        cmocka_unit_test(test_long_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
