#include "record/csv.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- reading ----------------------------------------------------------------------------------------------------- */

static struct buf seen; /* rows as they came: line:[field][field] */
static int stop_at;     /* the row number at which the callback says 7 */

static int on_row(const struct csv_field *fields, size_t nfields, int64_t line, void *cookie)
{
    int *count = cookie;

    buf_printf(&seen, "%d:", (int)line);
    for (size_t i = 0; i < nfields; i++)
        buf_printf(&seen, "[%.*s]", (int)fields[i].len, fields[i].data);
    return ++*count == stop_at ? 7 : 0;
}

static int read_all(const char *text, size_t len, size_t chunk, size_t max_row_bytes, struct errbuf *err)
{
    int count = 0, result = 0;
    struct csv_reader *reader = csv_reader_new(',', max_row_bytes, on_row, &count, err);

    assert_non_null(reader);
    buf_reset(&seen);
    buf_append_text(&seen, "");
    for (size_t at = 0; at < len && result == 0; at += chunk)
        result = csv_reader_feed(reader, text + at, len - at < chunk ? len - at : chunk, err);
    if (result == 0)
        result = csv_reader_end(reader, err);
    csv_reader_free(reader);
    return result;
}

static void reads_in_any_chunks(void **state)
{
    static const struct {
        const char *text;
        const char *rows;
    } cases[] = {
        {"a,b\n1,2\n", "1:[a][b]2:[1][2]"},
        {"a,b\r\n\"x,\"\"y\"\"\",\r\n", "1:[a][b]2:[x,\"y\"][]"},
        {"\xEF\xBB\xBF"
         "a,b\n\n\r\n \n1,2",
         "1:[a][b]4:[ ]5:[1][2]"},
        {"\xEF\xBBx,b\n", "1:[\xEF\xBBx][b]"},
        {"\xEF\xBB", "1:[\xEF\xBB]"},
        {"a\n\"two\nlines\",x\nlast\n", "1:[a]2:[two\nlines][x]4:[last]"},
        {" a , b \n", "1:[ a ][ b ]"},
        {"a\r\"b\nc\"\nd\r\re", "1:[a]1:[b\nc]3:[d]3:[e]"},
        {"", ""},
    };
    struct errbuf err;

    (void)state;
    stop_at = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t chunk = 1; chunk < 12; chunk++) {
            assert_int_equal(read_all(cases[i].text, strlen(cases[i].text), chunk, 1000, &err), 0);
            assert_string_equal(seen.data != NULL ? seen.data : "", cases[i].rows);
        }
    buf_release(&seen);
}

static void reads_wide_rows(void **state)
{
    struct buf text = BUF_INIT;
    struct errbuf err;

    (void)state;
    stop_at = 0;
    for (int i = 0; i < 1000; i++)
        buf_append_text(&text, i == 0 ? "f" : ",f");
    assert_int_equal(read_all(text.data, text.len, 100, 10000, &err), 0);
    assert_int_equal(seen.len, 2 + 3 * 1000);
    buf_release(&text);
    buf_release(&seen);
}

static void says_where_it_fails(void **state)
{
    struct errbuf err;

    (void)state;
    stop_at = 0;
    assert_int_equal(read_all("a\nb\n\"c\nd", 8, 3, 1000, &err), -1);
    assert_non_null(strstr(err.text, "line 3: a quote is not closed"));
    assert_int_equal(read_all("a\nbcdefghijk\n", 13, 4, 8, &err), -1);
    assert_non_null(strstr(err.text, "line 2: longer than 8 bytes"));
    stop_at = 2;
    assert_int_equal(read_all("a\nb\nc\n", 6, 100, 8, &err), 7);
    assert_string_equal(seen.data, "1:[a]2:[b]");
    buf_release(&seen);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void writes_as_spark(void **state)
{
    static const struct {
        const char *text;          /* NULL: NULL */
        const char *first, *later; /* as the first column, and as the second behind a 1 */
    } cases[] = {
        {"a", "a", "a"},
        {NULL, "", ""},
        {"", "\"\"", "\"\""},
        {" \t\n", "\"\"", "\"\""},
        {" a b ", "a b", "a b"},
        {"a,b", "\"a,b\"", "\"a,b\""},
        {"a\"b", "\"a\\\"b\"", "\"a\\\"b\""},
        {"a\\b", "a\\b", "a\\b"},
        {"a\\\"b", "\"a\\\\\\\"b\"", "\"a\\\\\\\"b\""},
        {"a\n", "\"a\"", "\"a\""},
        {"\na", "a", "a"},
        {"#a", "\"#a\"", "#a"},
        {"caf\xE9", "caf\xEF\xBF\xBD", "caf\xEF\xBF\xBD"},
    };
    struct arena arena = ARENA_INIT;
    struct vector columns[2];
    struct csv_writer writer;
    struct buf out = BUF_INIT, expected = BUF_INIT;

    (void)state;
    csv_writer_init(&writer, zone_utc());
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(vector_alloc(&columns[0], type_of(TYPE_STRING), 1, &arena), 0);
        assert_int_equal(vector_alloc(&columns[1], type_of(TYPE_INT), 1, &arena), 0);
        columns[1].data.i32[0] = 1;
        if (cases[i].text == NULL)
            vector_set_null(&columns[0], 0);
        else
            columns[0].data.str[0] = (struct str){cases[i].text, (uint32_t)strlen(cases[i].text)};
        buf_reset(&out);
        buf_reset(&expected);
        buf_printf(&expected, "%s,1\n1,%s\n%s%s", cases[i].first, cases[i].later, cases[i].first,
                   cases[i].first[0] != '\0' ? "\n" : "");
        csv_writer_row(&writer, columns, 2, 0, &out);
        struct vector swap = columns[0];
        columns[0] = columns[1];
        columns[1] = swap;
        csv_writer_row(&writer, columns, 2, 0, &out);
        csv_writer_row(&writer, columns + 1, 1, 0, &out); /* alone: NULL gives no line */
        assert_string_equal(out.data, expected.data);
    }
    buf_release(&expected);
    buf_release(&out);
    arena_release(&arena);
}

static void refuses_structs(void **state)
{
    struct schema schema;
    struct errbuf err;

    (void)state;
    schema_init(&schema);
    assert_int_equal(schema_add(&schema, "a", type_of(TYPE_STRING)), 0);
    assert_int_equal(csv_writer_check(&schema, &err), 0);
    assert_int_equal(schema_add(&schema, "window", type_window()), 0);
    assert_int_equal(csv_writer_check(&schema, &err), -1);
    assert_string_equal(err.condition, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
    schema_release(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_any_chunks), cmocka_unit_test(reads_wide_rows), cmocka_unit_test(says_where_it_fails),
        cmocka_unit_test(writes_as_spark),     cmocka_unit_test(refuses_structs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
