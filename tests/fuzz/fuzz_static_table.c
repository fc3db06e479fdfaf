/* A static table's file, read in each of the ways: refused as usage and by name, or rows; twice the same; and with
 * multiLine auto a JSON array of objects that jansson takes has as many rows as elements. */
#include "common/log.h"
#include "engine/static_table.h"
#include "record/table_text.h"

#include <jansson.h>

#include "fuzz.h"

static char path[256];

static bool load(int multi_line, const char *schema, struct buf *out, size_t *nrows)
{
    struct config_table config = {.name = "codes", .path = path, .schema = schema, .format = "json"};
    struct static_table table;
    struct errbuf err;

    config.multi_line = multi_line;
    errbuf_clear(&err);
    buf_reset(out);
    if (static_table_load(&table, &config, zone_utc(), &err) != 0) {
        if (err.exit_code != EXIT_CODE_USAGE || strstr(err.text, "codes") == NULL)
            fuzz_fail("exit code %d: %s", (int)err.exit_code, err.text);
        buf_append_text(out, err.text);
        return false;
    }
    *nrows = table.rows.nrows;
    schema_ddl(&table.rows.schema, out);
    for (size_t row = 0; row < table.rows.nrows; row++)
        for (size_t i = 0; i < table.rows.schema.ncolumns; i++)
            table_text_cell(out, &table.rows.columns[i], row, zone_utc());
    fuzz_must(!out->failed);
    static_table_release(&table);
    return true;
}

/* Rows that an array of objects has; -1: it is none, or beyond what one may nest. */
static int64_t rows_of(const char *text, size_t size)
{
    json_t *root = json_loadb(text, size, JSON_ALLOW_NUL, NULL), *element;
    int64_t rows = json_is_array(root) ? (int64_t)json_array_size(root) : -1;
    size_t i, open = 0;

    json_array_foreach(root, i, element) if (!json_is_object(element)) rows = -1;
    json_decref(root);
    for (i = 0; i < size; i++)
        open += text[i] == '[' || text[i] == '{';
    return open > 500 ? -1 : rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemas[] = {NULL, "disposition_code STRING, description STRING",
                                          "n BIGINT, _corrupt_record STRING, t TIMESTAMP, description STRING"};
    uint8_t choice = fuzz_choice(&data, &size);
    const char *schema = schemas[choice % 3];
    struct buf first = BUF_INIT, second = BUF_INIT;
    char *text = fuzz_text(data, size);
    size_t nrows = 0;

    if (path[0] == '\0') {
        log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
        snprintf(path, sizeof(path), "%s/codes.json", fuzz_dir());
    }
    fuzz_write(path, data, size);
    for (int way = CONFIG_MULTILINE_AUTO; way <= CONFIG_MULTILINE_FALSE; way++) {
        bool good = load(way, schema, &first, &nrows);
        fuzz_must(load(way, schema, &second, &nrows) == good && fuzz_same(&first, &second));
        /* a value of the wrong type is an error in auto: with declared texts only, there is none */
        int64_t wanted = way == CONFIG_MULTILINE_AUTO && choice % 3 == 1 ? rows_of(text, size) : -1;
        if (wanted >= 0 && (!good || nrows != (size_t)wanted))
            fuzz_fail("%" PRId64 " rows wanted: %zu, %s", wanted, nrows, first.data);
    }
    free(text);
    buf_release(&first);
    buf_release(&second);
    return 0;
}
