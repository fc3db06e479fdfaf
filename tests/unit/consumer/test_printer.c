#include "consumer/printer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct printer *must_make(const struct printer_options *options)
{
    struct errbuf err;
    struct printer *printer = printer_new(options, &err);

    if (printer == NULL)
        fail_msg("%s", err.text);
    return printer;
}

static struct printer_message message_of(const char *key, const char *value)
{
    return (struct printer_message){.topic = "sf.crimes",
                                    .partition = 3,
                                    .offset = 1234567890123,
                                    .timestamp_ms = 1546300620000,
                                    .key = key,
                                    .key_len = key != NULL ? strlen(key) : 0,
                                    .value = value,
                                    .value_len = value != NULL ? strlen(value) : 0};
}

static void test_lines(void **state)
{
#define BEGIN "{\"topic\":\"sf.crimes\",\"partition\":3,\"offset\":1234567890123,\"timestamp\":1546300620000,"
    static const struct {
        enum printer_format format;
        bool escape;
        const char *key;
        const char *value;
        const char *text;
    } CASES[] = {
        {PRINTER_VALUE, false, NULL, "{\"a\": 1}", "{\"a\": 1}\n"},
        {PRINTER_VALUE, false, "k", "", "\n"},
        {PRINTER_VALUE, false, NULL, NULL, "null\n"},
        {PRINTER_VALUE, false, NULL, "\x1b[31m\xff", "\x1b[31m\xff\n"}, /* a pipe gets the bytes */
        {PRINTER_VALUE, true, NULL, "a\x1b[31m\n\xe2\x80\xae", "a\\x1b[31m\\n\\u202e\n"},
        {PRINTER_JSON, false, NULL, "{\"a\": 1}", BEGIN "\"key\":null,\"value\":\"{\\\"a\\\": 1}\"}\n"},
        {PRINTER_JSON, false, "k\"", NULL, BEGIN "\"key\":\"k\\\"\",\"value\":null}\n"},
        {PRINTER_JSON, false, "", "caf\xc3\xa9\n\xff",
         BEGIN "\"key\":\"\",\"value\":\"caf\xc3\xa9\\n\xef\xbf\xbd\"}\n"},
        {PRINTER_JSON, true, NULL, "\xe2\x80\xae", BEGIN "\"key\":null,\"value\":\"\\u202e\"}\n"},
    };
    struct errbuf err;

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct printer_options options = {.format = CASES[i].format, .escape = CASES[i].escape};
        struct printer *printer = must_make(&options);
        struct printer_message message = message_of(CASES[i].key, CASES[i].value);
        struct buf out = BUF_INIT;
        assert_int_equal(printer_message(printer, &message, &out, &err), 0);
        assert_string_equal(out.data, CASES[i].text);
        assert_int_equal(printer_flush(printer, &out, &err), 0);
        assert_int_equal(out.len, strlen(CASES[i].text));
        buf_release(&out);
        printer_free(printer);
    }
}

static void test_no_timestamp(void **state)
{
    struct printer_options options = {.format = PRINTER_JSON};
    struct printer *printer = must_make(&options);
    struct printer_message message = message_of(NULL, "x");
    struct buf out = BUF_INIT;
    struct errbuf err;

    (void)state;
    message.timestamp_ms = -1;
    assert_int_equal(printer_message(printer, &message, &out, &err), 0);
    assert_non_null(strstr(out.data, "\"timestamp\":null"));
    buf_release(&out);
    printer_free(printer);
}

static void test_table(void **state)
{
    struct printer_options options = {.format = PRINTER_TABLE, .schema = "name STRING, n INT", .truncate = 20};
    struct printer *printer = must_make(&options);
    static const char *const VALUES[] = {"{\"name\": \"a long name beyond twenty\", \"n\": 1, \"other\": [1]}",
                                         "{\"n\": 22}", "damaged", NULL};
    struct buf out = BUF_INIT;
    struct errbuf err;

    (void)state;
    for (size_t i = 0; i < sizeof(VALUES) / sizeof(VALUES[0]); i++) {
        struct printer_message message = message_of(NULL, VALUES[i]);
        assert_int_equal(printer_message(printer, &message, &out, &err), 0);
        assert_int_equal(out.len, 0); /* kept until the pause */
    }
    assert_int_equal(printer_flush(printer, &out, &err), 0);
    assert_string_equal(out.data, "+--------------------+----+\n"
                                  "|                name|   n|\n"
                                  "+--------------------+----+\n"
                                  "|a long name beyon...|   1|\n"
                                  "|                NULL|  22|\n"
                                  "|                NULL|NULL|\n"
                                  "|                NULL|NULL|\n"
                                  "+--------------------+----+\n");
    buf_reset(&out);
    assert_int_equal(printer_flush(printer, &out, &err), 0);
    assert_int_equal(out.len, 0);
    /* many rows do not pile up */
    for (int i = 0; i < PRINTER_TABLE_ROWS; i++) {
        struct printer_message message = message_of(NULL, VALUES[1]);
        assert_int_equal(printer_message(printer, &message, &out, &err), 0);
    }
    assert_true(out.len > 0);
    buf_release(&out);
    printer_free(printer);
}

static void test_bad_schema(void **state)
{
    static const char *const SCHEMAS[] = {"name", "name STRNG", "a DECIMAL(10,2)", "a STRING,"};
    struct errbuf err;

    (void)state;
    for (size_t i = 0; i < sizeof(SCHEMAS) / sizeof(SCHEMAS[0]); i++) {
        struct printer_options options = {.format = PRINTER_TABLE, .schema = SCHEMAS[i], .truncate = 20};
        errbuf_clear(&err);
        assert_null(printer_new(&options, &err));
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        assert_int_not_equal(err.text[0], '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_no_timestamp),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_bad_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
