/* Static tables: each way of reading each kind of file, and what damage does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/static_table.h"
#include "record/table_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY                                                                                                          \
    "[\n    {\n        \"code\": \"A\",\n        \"text\": \"Alpha\"\n    },\n    {\"text\": \"Beta\", \"code\": "     \
    "\"B\"}\n]\n"
#define LINES "{\"code\": \"A\", \"text\": \"Alpha\"}\r\n\n  {\"code\": \"B\"}\n"

static char dir[] = "/tmp/static-table-XXXXXX";
static char path[64];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static int load(struct static_table *table, const char *schema, int multi_line, struct errbuf *err)
{
    struct config_table config = {.name = "codes", .path = path, .schema = schema, .format = "json"};

    config.multi_line = multi_line;
    errbuf_clear(err);
    return static_table_load(table, &config, zone_utc(), err);
}

/* Rows as "a|b" lines, columns first. */
static void show(const struct static_table *table, struct buf *out)
{
    schema_ddl(&table->rows.schema, out);
    buf_append_byte(out, '\n');
    for (size_t row = 0; row < table->rows.nrows; row++) {
        for (size_t i = 0; i < table->rows.schema.ncolumns; i++) {
            if (i)
                buf_append_byte(out, '|');
            table_text_cell(out, &table->rows.columns[i], row, zone_utc());
        }
        buf_append_byte(out, '\n');
    }
}

#define SCHEMA "code STRING, text STRING"
enum { AUTO = CONFIG_MULTILINE_AUTO, TRUE = CONFIG_MULTILINE_TRUE, FALSE = CONFIG_MULTILINE_FALSE };

static const struct {
    const char *file;
    const char *schema;
    int multi_line;
    const char *rows;
} good[] = {
    {ARRAY, SCHEMA, AUTO, SCHEMA "\nA|Alpha\nB|Beta\n"},
    {ARRAY, SCHEMA, TRUE, SCHEMA "\nA|Alpha\nB|Beta\n"},
    /* the classic mistake: every line is a broken record */
    {ARRAY, SCHEMA, FALSE, SCHEMA "\nNULL|NULL\nNULL|NULL\nNULL|NULL\nNULL|NULL\nNULL|NULL\nB|Beta\nNULL|NULL\n"},
    {LINES, SCHEMA, AUTO, SCHEMA "\nA|Alpha\nB|NULL\n"},
    {LINES, SCHEMA, FALSE, SCHEMA "\nA|Alpha\nB|NULL\n"},
    {LINES, SCHEMA, TRUE, SCHEMA "\nA|Alpha\n"}, /* one document; what follows is not looked at */
    {"\xEF\xBB\xBF[]", SCHEMA, AUTO, SCHEMA "\n"},
    {"[{\"code\": \"[,]}\\\"\", \"text\": {\"a\": [1, {\"b\": \"]\"}]}}, {\"code\": 22}]", SCHEMA, AUTO,
     SCHEMA "\n[,]}\"|{\"a\":[1,{\"b\":\"]\"}]}\n22|NULL\n"},
    {"[{\"code\":\"A\"}]\n{\"code\":\"B\"}\nbroken\n", SCHEMA, FALSE, SCHEMA "\nA|NULL\nB|NULL\nNULL|NULL\n"},
    {"{\n\"code\": \"A\"\n}\n", SCHEMA, AUTO, SCHEMA "\nA|NULL\n"}, /* one object over several lines */
    /* inferred, in alphabetical order */
    {"[{\"text\": \"Alpha\", \"code\": \"A\"}, {\"n\": 1}, {\"n\": 2.5}, {\"ok\": true, \"none\": null}]", NULL, AUTO,
     "code STRING, n DOUBLE, none STRING, ok BOOLEAN, text STRING\n"
     "A|NULL|NULL|NULL|Alpha\nNULL|1.0|NULL|NULL|NULL\nNULL|2.5|NULL|NULL|NULL\nNULL|NULL|NULL|true|NULL\n"},
    {"{\"n\": 1}\n{\"n\": \"x\"}\n", NULL, FALSE, "n STRING\n1\nx\n"},
    {"[\n", NULL, FALSE, "_corrupt_record STRING\n[\n"},
    {"[\n", "code STRING, _corrupt_record STRING", FALSE, "code STRING, _corrupt_record STRING\nNULL|[\n"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct static_table table;
        struct errbuf err;
        struct buf text;

        write_file(good[i].file);
        if (load(&table, good[i].schema, good[i].multi_line, &err) != 0)
            fail_msg("case %zu: %s", i, err.text);
        buf_init(&text);
        show(&table, &text);
        if (strcmp(text.data, good[i].rows) != 0)
            fail_msg("case %zu: %s", i, text.data);
        buf_release(&text);
        static_table_release(&table);
    }
}

static const struct {
    const char *file; /* NULL: missing */
    const char *schema;
    const char *says[3];
} bad[] = {
    {NULL, SCHEMA, {"codes", "no such file", "table.codes.path"}},
    {"", SCHEMA, {"codes", "empty"}},
    {"[{\"code\": \"A\"},\n {\"code\" \"B\"}]", SCHEMA, {"line 2", "column", "codes"}},
    {"[{\"code\": \"A\"}", SCHEMA, {"line 1"}},
    {"[{\"code\": \"A\"},\n7]", SCHEMA, {"line 2", "not a JSON object"}},
    {"{\"code\": \"A\"}\n{\"code\": \n", SCHEMA, {"line 2"}},
    {"code,text\nA,Alpha\n", SCHEMA, {"line 1", "neither"}},
    {"[{\"n\": 1},\n{\"n\": \"x\"}]", "n BIGINT", {"line 2", "does not fit"}},
    {"[]", "code TEXTUAL", {"table codes"}},
    {"[{\"a\": []}]", NULL, {"column a", "SFCRIME_UNSUPPORTED"}},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct static_table table;
        struct errbuf err;

        if (bad[i].file)
            write_file(bad[i].file);
        else
            unlink(path);
        assert_int_equal(load(&table, bad[i].schema, AUTO, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        for (size_t k = 0; k < 3 && bad[i].says[k]; k++)
            if (!strstr(err.text, bad[i].says[k]))
                fail_msg("case %zu: no \"%s\" in: %s", i, bad[i].says[k], err.text);
    }
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/table.json", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
