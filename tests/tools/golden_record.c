/* golden_record DIR [OUTSIDE]: ask our record room what the captured tables asked Spark, and compare.
 *
 * One line per failing row (id and first difference), then "N passed, N failed, N skipped". Skipped are only rows
 * listed in OUTSIDE (DIR/../outside.txt): each must need a type that we do not have, and be refused. Row formats:
 * tables/README.md. Exit code 0 if nothing failed.
 */
#include "common/duration.h"
#include "record/csv.h"
#include "record/json_decode.h"
#include "record/json_text.h"
#include "record/number.h"
#include "record/rowset.h"
#include "record/table_text.h"
#include "record/timestamp.h"
#include "record/window.h"
#include "sql/plan.h"

#include "golden.h"

#include <inttypes.h>

enum verdict { PASS, FAIL, OUTSIDE };

/* The difference found, for FAIL. */
static char difference[600];

static enum verdict differ(const char *what, const char *got, const char *expected)
{
    snprintf(difference, sizeof(difference), "%s: got %.240s, expected %.240s", what, got, expected);
    return FAIL;
}

/* --- the tables' ways to write bytes and values ------------------------------------------------------------------ */

static int base64_digit(int c)
{
    const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != 0 ? strchr(alphabet, c) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

static void append_base64(const char *text, struct buf *out)
{
    unsigned bits = 0;
    int have = 0;
    for (; *text != '\0' && *text != '='; text++) {
        bits = bits << 6 | (unsigned)base64_digit(*text);
        have += 6;
        if (have >= 8) {
            have -= 8;
            buf_append_byte(out, (char)(bits >> have));
        }
    }
}

static void append_gen(const json_t *parts, struct buf *out)
{
    size_t i;
    json_t *part;
    json_array_foreach(parts, i, part)
    {
        const json_t *repeat = json_object_get(part, "repeat");
        const json_t *piece = repeat != NULL ? repeat : json_object_get(part, "text");
        json_int_t n = repeat != NULL ? json_integer_value(json_object_get(part, "n")) : 1;
        for (json_int_t k = 0; k < n; k++)
            buf_append(out, json_string_value(piece), json_string_length(piece));
    }
}

/* Bytes as a string, or an object with b64 or gen. */
static void append_bytes(const json_t *value, struct buf *out)
{
    if (json_is_string(value))
        buf_append(out, json_string_value(value), json_string_length(value));
    else if (json_object_get(value, "b64") != NULL)
        append_base64(json_string_value(json_object_get(value, "b64")), out);
    else
        append_gen(json_object_get(value, "gen"), out);
}

/* NULL when the type is none of ours. */
static const struct type *type_from(const json_t *spec, struct arena *arena)
{
    static const struct {
        const char *name;
        enum type_id id;
    } types[] = {{"STRING", TYPE_STRING}, {"BIGINT", TYPE_BIGINT},      {"INT", TYPE_INT},
                 {"DOUBLE", TYPE_DOUBLE}, {"BOOLEAN", TYPE_BOOLEAN},    {"DATE", TYPE_DATE},
                 {"BINARY", TYPE_BINARY}, {"TIMESTAMP", TYPE_TIMESTAMP}};
    if (json_is_string(spec)) {
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
            if (strcmp(types[i].name, json_string_value(spec)) == 0)
                return type_of(types[i].id);
        return NULL;
    }
    const json_t *list = json_object_get(spec, "struct");
    if (list == NULL)
        return NULL;
    size_t n = json_array_size(list);
    struct type_field *fields = arena_calloc(arena, n, sizeof(*fields));
    for (size_t i = 0; i < n; i++) {
        const json_t *field = json_array_get(list, i);
        fields[i].name = golden_text(field, "name");
        fields[i].type = type_from(json_object_get(field, "type"), arena);
        if (fields[i].type == NULL)
            return NULL;
    }
    return type_struct(arena, fields, n);
}

static double double_from(const char *text)
{
    double value = 0;
    golden_need(number_parse_double(text, strlen(text), &value), "a DOUBLE in a table is unreadable");
    return value;
}

static void fill(struct vector *vector, size_t row, const json_t *value, struct arena *arena)
{
    vector->nulls[row] = 0;
    if (json_is_null(value)) {
        vector_set_null(vector, row);
        return;
    }
    switch (vector->type->id) {
    case TYPE_STRING:
    case TYPE_BINARY: {
        struct buf bytes = BUF_INIT;
        if (vector->type->id == TYPE_STRING) {
            append_bytes(value, &bytes);
        } else {
            const char *hex = json_string_value(value);
            for (; hex[0] != '\0'; hex += 2) {
                unsigned byte = 0;
                golden_need(sscanf(hex, "%2x", &byte) == 1, "a BINARY in a table is unreadable");
                buf_append_byte(&bytes, (char)byte);
            }
        }
        vector->data.str[row].data = arena_copy(arena, bytes.data, bytes.len);
        vector->data.str[row].len = (uint32_t)bytes.len;
        buf_release(&bytes);
        break;
    }
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        vector->data.i64[row] = json_integer_value(value);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        vector->data.i32[row] = (int32_t)json_integer_value(value);
        break;
    case TYPE_BOOLEAN:
        vector->data.boolean[row] = json_is_true(value);
        break;
    case TYPE_DOUBLE:
        vector->data.f64[row] = double_from(json_string_value(value));
        break;
    case TYPE_STRUCT:
        for (size_t i = 0; i < vector->type->nfields; i++)
            fill(&vector->fields[i], row, json_array_get(value, i), arena);
        break;
    case TYPE_NULL:
        break;
    }
}

/* A row's "columns" as a schema; false if a type is not ours. */
static bool schema_from(const json_t *row, struct schema *schema, struct arena *arena)
{
    size_t i;
    json_t *column;
    json_array_foreach(json_object_get(row, "columns"), i, column)
    {
        const struct type *type = type_from(json_object_get(column, "type"), arena);
        if (type == NULL)
            return false;
        golden_need(schema_add(schema, golden_text(column, "name"), type) == 0, "out of memory");
    }
    return true;
}

static void fill_rowset(struct rowset *rows, const json_t *list)
{
    size_t i;
    json_t *values;
    json_array_foreach(list, i, values)
    {
        size_t row = rowset_append_null(rows);
        for (size_t c = 0; c < rows->schema.ncolumns; c++)
            fill(&rows->columns[c], row, json_array_get(values, c), &rows->arena);
    }
}

static const struct zone *zone_of(const json_t *row)
{
    const json_t *name = json_object_get(row, "zone");
    const struct zone *zone = zone_utc();
    if (json_is_string(name)) {
        zone = zone_open(json_string_value(name), json_string_length(name), NULL);
        golden_need(zone != NULL, "a zone of a table is unknown");
    }
    return zone;
}

static enum verdict compare_text(const char *what, const struct buf *got, const json_t *expected)
{
    struct buf bytes = BUF_INIT;
    append_bytes(expected, &bytes);
    bool same = got->len == bytes.len && (bytes.len == 0 || memcmp(got->data, bytes.data, bytes.len) == 0);
    enum verdict verdict = PASS;
    if (!same)
        verdict = differ(what, got->len > 0 ? got->data : "(nothing)", bytes.len > 0 ? bytes.data : "(nothing)");
    buf_release(&bytes);
    return verdict;
}

/* One decoded or given value as the tables write it. */
static enum verdict compare_value(const char *what, const struct vector *vector, size_t row, const json_t *expected)
{
    struct buf got = BUF_INIT;
    char number[32];
    enum verdict verdict = PASS;
    if (vector_is_null(vector, row))
        return json_is_null(expected) ? PASS : differ(what, "NULL", "a value");
    switch (vector->type->id) {
    case TYPE_STRING:
        buf_append(&got, vector->data.str[row].data, vector->data.str[row].len);
        break;
    case TYPE_DOUBLE:
        number_append_double(&got, vector->data.f64[row]);
        break;
    case TYPE_BOOLEAN:
        if (json_is_boolean(expected) && json_is_true(expected) == vector->data.boolean[row])
            return PASS;
        return differ(what, vector->data.boolean[row] ? "true" : "false", "otherwise");
    default: {
        int64_t value = type_width(vector->type) == 4 ? vector->data.i32[row] : vector->data.i64[row];
        if (json_is_integer(expected) && json_integer_value(expected) == value)
            return PASS;
        snprintf(number, sizeof(number), "%" PRId64, value);
        char *dump = json_dumps(expected, JSON_ENCODE_ANY);
        verdict = differ(what, number, dump);
        free(dump);
        return verdict;
    }
    }
    if (json_is_null(expected))
        verdict = differ(what, got.len > 0 ? got.data : "''", "NULL");
    else
        verdict = compare_text(what, &got, expected);
    buf_release(&got);
    return verdict;
}

/* --- the tables -------------------------------------------------------------------------------------------------- */

static enum verdict from_json_pass(const json_t *row, struct schema *schema, const struct buf *record,
                                   enum json_decoder_ways ways)
{
    const json_t *expected = json_object_get(row, "expected");
    struct errbuf err;
    struct arena arena = ARENA_INIT;
    enum verdict verdict = PASS;
    size_t n = schema->ncolumns;
    size_t wanted[64];
    struct vector columns[64];
    for (size_t i = 0; i < n; i++) {
        wanted[i] = i;
        golden_need(vector_alloc(&columns[i], schema->columns[i].type, 2, &arena) == 0, "out of memory");
    }
    struct json_decoder *decoder = json_decoder_new(schema, wanted, n, zone_of(row), &err);
    golden_need(decoder != NULL, "no decoder");
    json_decoder_restrict(decoder, ways);
    /* twice: the second time a shape that the first one taught may serve */
    for (size_t i = 0; i < 2 && verdict == PASS; i++) {
        enum json_decode_status status =
            json_decode_record(decoder, record->data != NULL ? record->data : "", record->len, columns, i, &arena);
        bool null_struct = status == JSON_DECODE_EMPTY;
        if (null_struct != json_is_true(json_object_get(row, "null_struct")))
            verdict = differ("struct", null_struct ? "NULL" : "not NULL", "the opposite");
        for (size_t c = 0; c < n && verdict == PASS; c++)
            verdict = compare_value(schema->columns[c].name, &columns[c], i, json_array_get(expected, c));
    }
    json_decoder_free(decoder);
    arena_release(&arena);
    return verdict;
}

static enum verdict from_json(const json_t *row)
{
    struct errbuf err;
    struct schema schema;
    struct buf record = BUF_INIT;
    schema_init(&schema);
    if (schema_parse(&schema, golden_text(row, "schema"), &err) != 0)
        return strcmp(err.condition, "SFCRIME_UNSUPPORTED") == 0 ? OUTSIDE : differ("schema", err.text, "accepted");
    if (json_object_get(row, "text") != NULL)
        append_bytes(json_object_get(row, "text"), &record);
    else
        append_bytes(row, &record);
    enum verdict verdict = from_json_pass(row, &schema, &record, JSON_DECODER_SLOW_WAY);
    if (verdict == PASS)
        verdict = from_json_pass(row, &schema, &record, JSON_DECODER_NO_SHAPES);
    if (verdict == PASS)
        verdict = from_json_pass(row, &schema, &record, JSON_DECODER_ALL_WAYS);
    buf_release(&record);
    schema_release(&schema);
    return verdict;
}

static enum verdict compare_cast(const char *what, bool ok, int64_t value, const json_t *expected)
{
    char number[32] = "an error";
    bool expects = json_is_integer(expected);
    if (ok)
        snprintf(number, sizeof(number), "%" PRId64, value);
    if (ok == expects && (!ok || json_integer_value(expected) == value))
        return PASS;
    char *dump = expected != NULL ? json_dumps(expected, JSON_ENCODE_ANY) : NULL;
    enum verdict verdict = differ(what, number, dump != NULL ? dump : "an error");
    free(dump);
    return verdict;
}

static enum verdict timestamp_cast(const json_t *row)
{
    const json_t *text = json_object_get(row, "text");
    const char *data = json_string_value(text);
    size_t len = json_string_length(text);
    const struct zone *zone = zone_of(row);
    int64_t us = 0, cached_us = 0;
    int32_t days = 0, json_days = 0;
    if (strcmp(golden_text(row, "to"), "DATE") == 0) {
        bool ok = timestamp_parse_date(data, len, &days);
        enum verdict verdict = compare_cast("CAST", ok, days, json_object_get(row, "expected"));
        if (verdict != PASS)
            return verdict;
        ok = timestamp_parse_json_date(data, len, &json_days);
        return compare_cast("from_json", ok, json_days, json_object_get(row, "from_json"));
    }
    struct timestamp_cache cache;
    timestamp_cache_init(&cache, zone);
    bool ok = timestamp_parse(data, len, zone, &us);
    enum verdict verdict = compare_cast("CAST", ok, us, json_object_get(row, "expected"));
    for (int i = 0; i < 2 && verdict == PASS; i++) {
        ok = timestamp_parse_json(&cache, data, len, &cached_us);
        verdict = compare_cast("from_json", ok, cached_us, json_object_get(row, "from_json"));
    }
    return verdict;
}

static enum verdict double_text(const json_t *row)
{
    if (strcmp(golden_text(row, "of"), "DOUBLE") != 0)
        return OUTSIDE;
    uint64_t bits = strtoull(golden_text(row, "bits"), NULL, 16);
    double value;
    struct buf got = BUF_INIT;
    memcpy(&value, &bits, sizeof(value));
    number_append_double(&got, value);
    enum verdict verdict = compare_text("text", &got, json_object_get(row, "expected"));
    buf_release(&got);
    return verdict;
}

static enum verdict string_cast(const json_t *row)
{
    const json_t *text = json_object_get(row, "text");
    const char *data = json_string_value(text);
    size_t len = json_string_length(text);
    const char *to = golden_text(row, "to");
    struct buf got = BUF_INIT;
    bool ok = false;
    if (strcmp(to, "BIGINT") == 0) {
        int64_t value = 0;
        ok = number_parse_bigint(data, len, &value);
        buf_append_i64(&got, value);
    } else if (strcmp(to, "INT") == 0) {
        int32_t value = 0;
        ok = number_parse_int(data, len, &value);
        buf_append_i64(&got, value);
    } else if (strcmp(to, "DOUBLE") == 0) {
        double value = 0;
        ok = number_parse_double(data, len, &value);
        number_append_double(&got, value);
    } else if (strcmp(to, "BOOLEAN") == 0) {
        bool value = false;
        ok = number_parse_boolean(data, len, &value);
        buf_append_text(&got, value ? "true" : "false");
    } else if (strcmp(to, "BINARY") == 0 || strcmp(to, "STRING") == 0) {
        buf_append(&got, data, len); /* there and back */
        ok = true;
    } else {
        buf_release(&got);
        return OUTSIDE;
    }
    const json_t *expected = json_object_get(row, "expected");
    enum verdict verdict = PASS;
    if (ok != (expected != NULL))
        verdict = differ("CAST", ok ? got.data : "an error", ok ? "an error" : "a value");
    else if (ok)
        verdict = compare_text("CAST", &got, expected);
    buf_release(&got);
    return verdict;
}

/* Whether SQL takes the call: 0, -1 with err. */
static int compile_window(const json_t *args, struct errbuf *err)
{
    struct schema schema;
    struct plan_view view = {.name = "v", .columns = &schema};
    struct plan_catalog catalog = {.nviews = 1, .views = &view};
    struct plan_options options = {.output_mode = PLAN_APPEND, .batch = true, .zone = zone_utc()};
    struct buf sql = BUF_INIT;

    schema_init(&schema);
    golden_need(schema_parse(&schema, "t TIMESTAMP", err) == 0, "out of memory");
    buf_append_text(&sql, "SELECT window(t");
    for (size_t i = 0; i < json_array_size(args); i++)
        buf_printf(&sql, ", '%s'", json_string_value(json_array_get(args, i)));
    buf_append_text(&sql, ") FROM v");
    golden_need(!sql.failed, "out of memory");
    struct plan *plan = plan_compile(sql.data, &catalog, &options, err);
    int result = plan != NULL ? 0 : -1;
    plan_free(plan);
    buf_release(&sql);
    schema_release(&schema);
    return result;
}

static enum verdict window_table(const json_t *row)
{
    const json_t *args = json_object_get(row, "args");
    const json_t *expected = json_object_get(row, "expected");
    int64_t us[3] = {0, 0, 0};
    struct errbuf err;
    const char *error = golden_text(row, "error");
    errbuf_clear(&err);
    if (compile_window(args, &err) != 0)
        return strcmp(err.condition, error) == 0 ? PASS : differ("window", err.text, error);
    for (size_t i = 0; i < json_array_size(args) && i < 3; i++) {
        const json_t *text = json_array_get(args, i);
        struct duration duration;
        size_t len = json_string_length(text);
        golden_need(duration_parse(json_string_value(text), len, 0, &duration, &err) == 0 &&
                        duration_total_us(&duration, 0, json_string_value(text), len, &us[i], &err) == 0,
                    "an interval that SQL took is none");
    }
    struct window window = {us[0], json_array_size(args) > 1 ? us[1] : us[0], us[2]};
    bool is_null = json_is_null(json_object_get(row, "ts"));
    if (!is_null && !window_fits(&window, json_integer_value(json_object_get(row, "ts"))))
        return strcmp(error, "ARITHMETIC_OVERFLOW") == 0 ? PASS : differ("window", "ARITHMETIC_OVERFLOW", "none");
    if (error[0] != '\0')
        return differ("window", "no error", error);
    if (is_null)
        return json_array_size(expected) == 0 ? PASS : differ("window", "nothing for NULL", "a window");
    int64_t *starts = calloc(window_max(&window), sizeof(*starts));
    golden_need(starts != NULL, "out of memory");
    size_t n = window_starts(&window, json_integer_value(json_object_get(row, "ts")), starts);
    enum verdict verdict = PASS;
    if (n != json_array_size(expected))
        verdict = differ("window", "another number of windows", "the captured one");
    for (size_t i = 0; i < n && verdict == PASS; i++) {
        const json_t *pair = json_array_get(expected, i);
        if (json_integer_value(json_array_get(pair, 0)) != starts[i] ||
            json_integer_value(json_array_get(pair, 1)) != starts[i] + window.length_us)
            verdict = differ("window", "another start or end", "the captured one");
    }
    free(starts);
    return verdict;
}

static enum verdict console(const json_t *row)
{
    struct arena arena = ARENA_INIT;
    struct schema schema;
    struct rowset rows;
    struct buf got = BUF_INIT;
    enum verdict verdict = OUTSIDE;
    const json_t *truncate = json_object_get(row, "truncate");
    schema_init(&schema);
    if (schema_from(row, &schema, &arena)) {
        struct table_text_options options = {
            .num_rows = json_integer_value(json_object_get(row, "numRows")),
            .truncate = json_is_integer(truncate) ? (int)json_integer_value(truncate)
                        : json_is_true(truncate)  ? 20
                                                  : 0,
            .zone = zone_of(row),
        };
        golden_need(rowset_init(&rows, &schema) == 0, "out of memory");
        fill_rowset(&rows, json_object_get(row, "rows"));
        table_text_rowset(&rows, &options, &got);
        /* Spark's text of a table ends with a line feed only without the footer; ours always does */
        if (table_text_has_footer(rows.nrows, &options))
            got.data[--got.len] = '\0';
        verdict = compare_text("table", &got, json_object_get(row, "expected"));
        rowset_release(&rows);
    }
    buf_release(&got);
    schema_release(&schema);
    arena_release(&arena);
    return verdict;
}

static void set_csv_options(struct csv_writer *writer, const json_t *options, bool *header, bool *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)options, key, value)
    {
        const char *text = json_string_value(value);
        bool on = strcmp(text, "true") == 0;
        if (strcmp(key, "header") == 0)
            *header = on;
        else if (strcmp(key, "sep") == 0 || strcmp(key, "delimiter") == 0)
            snprintf(writer->separator, sizeof(writer->separator), "%s", strcmp(text, "\\t") == 0 ? "\t" : text);
        else if (strcmp(key, "quote") == 0)
            writer->quote = text[0];
        else if (strcmp(key, "escape") == 0)
            writer->escape = text[0];
        else if (strcmp(key, "charToEscapeQuoteEscaping") == 0)
            writer->escape_quote = text[0];
        else if (strcmp(key, "quoteAll") == 0)
            writer->quote_all = on;
        else if (strcmp(key, "escapeQuotes") == 0)
            writer->escape_quotes = on;
        else if (strcmp(key, "ignoreLeadingWhiteSpace") == 0)
            writer->trim_leading = on;
        else if (strcmp(key, "ignoreTrailingWhiteSpace") == 0)
            writer->trim_trailing = on;
        else if (strcmp(key, "nullValue") == 0)
            writer->null_text = text;
        else if (strcmp(key, "emptyValue") == 0)
            writer->empty_text = text;
        else if (strcmp(key, "lineSep") == 0)
            writer->line_end = text;
        else
            *known = false;
    }
}

static enum verdict csv_table(const json_t *row)
{
    struct arena arena = ARENA_INIT;
    struct schema schema;
    struct rowset rows;
    struct errbuf err;
    struct csv_writer writer;
    struct buf got = BUF_INIT;
    bool header = false, known = true;
    enum verdict verdict = OUTSIDE;
    csv_writer_init(&writer, zone_of(row));
    set_csv_options(&writer, json_object_get(row, "options"), &header, &known);
    schema_init(&schema);
    if (known && schema_from(row, &schema, &arena)) {
        if (csv_writer_check(&schema, &err) != 0) {
            verdict =
                strcmp(err.condition, golden_text(row, "error")) == 0 ? PASS : differ("check", err.text, "accepted");
        } else {
            json_t *one = json_pack("[O]", json_object_get(row, "row"));
            golden_need(one != NULL && rowset_init(&rows, &schema) == 0, "out of memory");
            fill_rowset(&rows, one);
            if (header)
                csv_writer_header(&writer, &schema, &got);
            csv_writer_row(&writer, rows.columns, schema.ncolumns, 0, &got);
            verdict = compare_text("line", &got, json_object_get(row, "expected"));
            rowset_release(&rows);
            json_decref(one);
        }
    }
    buf_release(&got);
    schema_release(&schema);
    arena_release(&arena);
    return verdict;
}

static enum verdict to_json(const json_t *row)
{
    struct arena arena = ARENA_INIT;
    struct schema schema;
    struct rowset rows;
    struct buf got = BUF_INIT;
    enum verdict verdict = OUTSIDE;
    schema_init(&schema);
    if (schema_from(row, &schema, &arena)) {
        json_t *one = json_pack("[O]", json_object_get(row, "row"));
        golden_need(one != NULL && rowset_init(&rows, &schema) == 0, "out of memory");
        fill_rowset(&rows, one);
        const struct type type = {TYPE_STRUCT, schema.ncolumns, schema.columns};
        const struct vector whole = {.type = &type, .fields = rows.columns};
        json_text_append_value(&got, &whole, 0, zone_of(row));
        verdict = compare_text("to_json", &got, json_object_get(row, "expected"));
        rowset_release(&rows);
        json_decref(one);
    }
    buf_release(&got);
    schema_release(&schema);
    arena_release(&arena);
    return verdict;
}

static struct vector *sort_column;
static int sort_direction, sort_null_first;

static int sort_order(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    bool x_null = vector_is_null(sort_column, x), y_null = vector_is_null(sort_column, y);
    if (x_null || y_null)
        return x_null == y_null ? 0 : (x_null ? 1 : -1) * (sort_null_first ? -1 : 1);
    return sort_direction * vector_compare(sort_column, x, sort_column, y);
}

static enum verdict sort_table(const json_t *row)
{
    struct arena arena = ARENA_INIT;
    const struct type *type = type_from(json_object_get(row, "of"), &arena);
    const json_t *values = json_object_get(row, "values");
    const char *order = golden_text(row, "order");
    struct vector column;
    size_t n = json_array_size(values);
    if (type == NULL) {
        arena_release(&arena);
        return OUTSIDE;
    }
    size_t *rows = arena_calloc(&arena, n + 1, sizeof(*rows));
    golden_need(rows != NULL && vector_alloc(&column, type, 2 * n, &arena) == 0, "out of memory");
    for (size_t i = 0; i < n; i++) {
        rows[i] = i;
        fill(&column, i, json_array_get(values, i), &arena);
        fill(&column, n + i, json_array_get(json_object_get(row, "expected"), i), &arena);
    }
    sort_column = &column;
    sort_direction = strncmp(order, "DESC", 4) == 0 ? -1 : 1;
    sort_null_first = strstr(order, "NULLS") != NULL ? strstr(order, "FIRST") != NULL : sort_direction > 0;
    qsort(rows, n, sizeof(*rows), sort_order);
    enum verdict verdict = PASS;
    for (size_t i = 0; i < n && verdict == PASS; i++) /* equal is enough: 0.0 and -0.0 may change places */
        if (vector_is_null(&column, rows[i]) != vector_is_null(&column, n + i) ||
            (!vector_is_null(&column, n + i) && vector_compare(&column, rows[i], &column, n + i) != 0))
            verdict = differ("order", "another value at some place", "the captured order");
    arena_release(&arena);
    return verdict;
}

/* --- running ----------------------------------------------------------------------------------------------------- */

struct table {
    const char *file;
    enum verdict (*ask)(const json_t *row);
};

static const struct table tables[] = {
    {"from_json", from_json},     {"timestamp_cast", timestamp_cast},
    {"double_text", double_text}, {"string_cast", string_cast},
    {"console", console},         {"csv", csv_table},
    {"to_json", to_json},         {"sort", sort_table},
    {"window", window_table},
};

static char *outside_ids;

static int counts[3]; /* passed, failed, skipped */

static void run_row(const json_t *row, const void *cookie)
{
    const struct table *table = cookie;
    const char *id = golden_text(row, "id");
    enum verdict verdict = table->ask(row);
    bool outside = golden_is_outside(outside_ids, id);
    if (verdict == OUTSIDE && outside) {
        counts[2]++;
    } else if (verdict == PASS && !outside) {
        counts[0]++;
    } else {
        counts[1]++;
        printf("%s  %s\n", id,
               verdict == OUTSIDE ? "refused, but not listed in outside.txt"
               : verdict == PASS  ? "listed in outside.txt, but passes"
                                  : difference);
    }
}

int main(int argc, char **argv)
{
    char path[4096];
    outside_ids = golden_outside(argc, argv);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s.jsonl", argv[1], tables[i].file);
        golden_each(path, run_row, &tables[i]);
    }
    free(outside_ids);
    zone_close_all();
    printf("%d passed, %d failed, %d skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] > 0;
}
