/* jansson says whether a document is sound and where it is not; the values themselves are decoded by the same code as
 * the stream's records (record/json_decode), from their own bytes, so that a code reads the same on both sides of a
 * join.
 */
#include "engine/static_table.h"

#include "common/fileio.h"
#include "common/log.h"
#include "record/json_decode.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORRUPT "_corrupt_record"

/* Far above any table that belongs into memory. */
#define MAX_BYTES ((size_t)256 << 20)

/* Fills a rowset record by record. */
struct loader {
    const struct config_table *config;
    struct rowset *rows;
    struct json_decoder *decoder;
    struct arena fixed;
    struct arena arena;
    struct vector *columns; /* the schema's */
    struct vector *decoded; /* those that the decoder fills */
    size_t *decoded_at;
    size_t ndecoded;
    size_t corrupt_at; /* the column _corrupt_record; SIZE_MAX: none */
    size_t n;
    bool strict;       /* damage is an error */
    const char *begin; /* of the file's text, for line numbers */
    struct errbuf *err;
};

static int fail_at(struct loader *loader, const char *at, const char *what, const char *detail)
{
    long line = 1;

    for (const char *p = loader->begin; p < at; p++)
        line += *p == '\n';
    return errbuf_set(loader->err, EXIT_CODE_USAGE, "table %s: %s, line %ld: %s%s%s", loader->config->name,
                      loader->config->path, line, what, detail[0] ? ": " : "", detail);
}

static int flush(struct loader *loader)
{
    struct batch batch;

    if (loader->n == 0)
        return 0;
    for (size_t i = 0; i < loader->ndecoded; i++)
        loader->columns[loader->decoded_at[i]] = loader->decoded[i];
    memset(&batch, 0, sizeof(batch));
    batch.nrows = batch.nselected = loader->n;
    batch.ncolumns = loader->rows->schema.ncolumns;
    batch.columns = loader->columns;
    batch.arena = &loader->arena;
    if (rowset_append(loader->rows, &batch) != 0)
        return errbuf_oom(loader->err, "static table", loader->n);
    for (size_t i = 0; i < loader->ndecoded; i++) {
        if (loader->decoded[i].has_nulls)
            memset(loader->decoded[i].nulls, 0, loader->n);
        loader->decoded[i].has_nulls = false;
    }
    if (loader->corrupt_at != SIZE_MAX) {
        memset(loader->columns[loader->corrupt_at].nulls, 0, loader->n);
        loader->columns[loader->corrupt_at].has_nulls = false;
    }
    loader->n = 0;
    arena_reset(&loader->arena);
    return 0;
}

/* One row from the text of one record. */
static int add_record(struct loader *loader, const char *data, size_t len)
{
    size_t row = loader->n;
    bool bad = false;

    switch (json_decode_record(loader->decoder, data, len, loader->decoded, row, &loader->arena)) {
    case JSON_DECODE_OK:
        break;
    case JSON_DECODE_EMPTY:
    case JSON_DECODE_BAD:
        if (loader->strict)
            return fail_at(loader, data, "not a JSON object", json_decoder_reason(loader->decoder));
        for (size_t i = 0; i < loader->ndecoded; i++)
            vector_set_null(&loader->decoded[i], row);
        bad = true;
        break;
    case JSON_DECODE_PARTIAL:
        if (loader->strict)
            return fail_at(loader, data, "a value does not fit its column", json_decoder_reason(loader->decoder));
        bad = true;
        break;
    case JSON_DECODE_NOMEM:
        return errbuf_oom(loader->err, "static table", len);
    }
    if (loader->corrupt_at != SIZE_MAX) {
        struct vector *corrupt = &loader->columns[loader->corrupt_at];

        if (bad) {
            char *copy = arena_copy(&loader->arena, data, len);

            if (!copy)
                return errbuf_oom(loader->err, "static table", len);
            corrupt->data.str[row] = (struct str){copy, (uint32_t)len};
        } else {
            vector_set_null(corrupt, row);
        }
    }
    return ++loader->n == VECTOR_ROWS ? flush(loader) : 0;
}

/* --- cutting the text into records ------------------------------------------------------------------------------ */

static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* The end of the element that begins at p, in an array that is known to be sound JSON. */
static const char *element_end(const char *p, const char *end)
{
    int depth = 0;
    bool quoted = false;

    for (; p < end; p++) {
        if (quoted) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                quoted = false;
        } else if (*p == '"') {
            quoted = true;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            if (depth == 0)
                return p;
            depth--;
        } else if (*p == ',' && depth == 0) {
            return p;
        }
    }
    return p;
}

/* The elements of a sound array [p, end). */
static int add_elements(struct loader *loader, const char *p, const char *end)
{
    p = skip_blank(p, end) + 1;
    for (;;) {
        p = skip_blank(p, end);
        if (p >= end || *p == ']')
            return 0;
        const char *stop = element_end(p, end);
        if (add_record(loader, p, (size_t)(stop - p)) != 0)
            return -1;
        p = stop < end && *stop == ',' ? stop + 1 : stop;
    }
}

/* True when [data, data + len) is one sound JSON document; else error says where not. */
static bool is_sound(const char *data, size_t len, json_error_t *error)
{
    json_t *root = json_loadb(data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);

    json_decref(root);
    return root != NULL;
}

static int add_lines(struct loader *loader, const char *data, size_t len)
{
    const char *end = data + len;

    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline ? newline : end;
        const char *first = skip_blank(data, stop);
        json_error_t error;
        int result = 0;

        if (first < stop) {
            size_t n = (size_t)(stop - first);

            if (n && first[n - 1] == '\r')
                n--;
            if (*first == '[' && is_sound(first, n, &error))
                result = add_elements(loader, first, first + n);
            else
                result = add_record(loader, first, n);
        }
        if (result != 0)
            return -1;
        data = newline ? newline + 1 : end;
    }
    return 0;
}

/* Spark's multiLine = true: the file is one document. */
static int add_document(struct loader *loader, const char *data, size_t len)
{
    const char *first = skip_blank(data, data + len);
    json_error_t error;

    if (first == data + len)
        return 0;
    len -= (size_t)(first - data);
    if (*first == '[' && is_sound(first, len, &error))
        return add_elements(loader, first, first + len);
    return add_record(loader, first, len);
}

/* What the file is shows in its first character. */
static int add_auto(struct loader *loader, const char *data, size_t len)
{
    const char *first = skip_blank(data, data + len);
    size_t rest = len - (size_t)(first - data);
    json_error_t error;

    if (rest == 0)
        return errbuf_set(loader->err, EXIT_CODE_USAGE, "table %s: %s is empty", loader->config->name,
                          loader->config->path);
    bool sound = is_sound(data, len, &error);
    if (*first == '[') {
        if (!sound)
            return errbuf_set(
                loader->err, EXIT_CODE_USAGE,
                "table %s: %s, line %d, column %d: %s. The file must hold an array of objects or one object a line",
                loader->config->name, loader->config->path, error.line, error.column, error.text);
        return add_elements(loader, first, first + rest);
    }
    if (*first != '{')
        return fail_at(loader, first, "neither an array of objects nor one object a line", "");
    return sound ? add_record(loader, first, rest) : add_lines(loader, first, rest);
}

/* --- columns ---------------------------------------------------------------------------------------------------- */

/* Names and types seen so far. */
struct guess {
    char *name;
    enum type_id type;
};

struct guesses {
    struct guess *items;
    size_t n, cap;
    bool corrupt; /* a record was no object */
};

static enum type_id widen(enum type_id a, enum type_id b)
{
    if (a == b || b == TYPE_NULL)
        return a;
    if (a == TYPE_NULL)
        return b;
    if ((a == TYPE_BIGINT && b == TYPE_DOUBLE) || (a == TYPE_DOUBLE && b == TYPE_BIGINT))
        return TYPE_DOUBLE;
    return TYPE_STRING;
}

static int guess_add(struct guesses *guesses, const char *name, enum type_id type, struct errbuf *err)
{
    for (size_t i = 0; i < guesses->n; i++) {
        if (strcmp(guesses->items[i].name, name) == 0) {
            guesses->items[i].type = widen(guesses->items[i].type, type);
            return 0;
        }
    }
    if (guesses->n == guesses->cap) {
        size_t cap = guesses->cap ? guesses->cap * 2 : 16;
        struct guess *grown = realloc(guesses->items, cap * sizeof(*grown));

        if (!grown)
            return errbuf_oom(err, "schema", cap * sizeof(*grown));
        guesses->items = grown;
        guesses->cap = cap;
    }
    guesses->items[guesses->n].name = strdup(name);
    guesses->items[guesses->n].type = type;
    if (!guesses->items[guesses->n].name)
        return errbuf_oom(err, "schema", strlen(name));
    guesses->n++;
    return 0;
}

static int guess_object(struct guesses *guesses, json_t *object, const struct config_table *config, struct errbuf *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        guesses->corrupt = true;
        return 0;
    }
    json_object_foreach(object, key, value)
    {
        enum type_id type = TYPE_STRING;

        switch (json_typeof(value)) {
        case JSON_OBJECT:
        case JSON_ARRAY:
            errbuf_condition(
                err, "SFCRIME_UNSUPPORTED", "0A000",
                "table %s: %s: column %s holds objects or arrays; give table.%s.schema with that column as STRING",
                config->name, config->path, key, config->name);
            err->exit_code = EXIT_CODE_USAGE;
            return -1;
        case JSON_STRING:
            break;
        case JSON_INTEGER:
            type = TYPE_BIGINT;
            break;
        case JSON_REAL:
            type = TYPE_DOUBLE;
            break;
        case JSON_TRUE:
        case JSON_FALSE:
            type = TYPE_BOOLEAN;
            break;
        case JSON_NULL:
            type = TYPE_NULL;
            break;
        }
        if (guess_add(guesses, key, type, err) != 0)
            return -1;
    }
    return 0;
}

static int guess_document(struct guesses *guesses, const char *data, size_t len, const struct config_table *config,
                          struct errbuf *err)
{
    json_error_t error;
    json_t *root = json_loadb(data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    int result = 0;

    if (json_is_array(root)) {
        size_t i;
        json_t *element;

        json_array_foreach(root, i, element)
        {
            if (result == 0)
                result = guess_object(guesses, element, config, err);
        }
    } else {
        result = guess_object(guesses, root, config, err);
    }
    json_decref(root);
    return result;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct guess *)a)->name, ((const struct guess *)b)->name);
}

static int infer_schema(const struct config_table *config, const char *data, size_t len, struct schema *schema,
                        struct errbuf *err)
{
    struct guesses guesses = {NULL, 0, 0, false};
    const char *end = data + len;
    json_error_t error;
    int result = 0;
    bool lines = config->multi_line == CONFIG_MULTILINE_FALSE ||
                 (config->multi_line == CONFIG_MULTILINE_AUTO && !is_sound(data, len, &error));

    if (!lines)
        result = guess_document(&guesses, data, len, config, err);
    while (lines && data < end && result == 0) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline ? newline : end;

        if (skip_blank(data, stop) < stop)
            result = guess_document(&guesses, data, (size_t)(stop - data), config, err);
        data = newline ? newline + 1 : end;
    }
    if (result == 0 && guesses.corrupt)
        result = guess_add(&guesses, CORRUPT, TYPE_STRING, err);
    if (result == 0 && guesses.n > 0)
        qsort(guesses.items, guesses.n, sizeof(*guesses.items), by_name);
    schema_init(schema);
    for (size_t i = 0; i < guesses.n; i++) {
        enum type_id type = guesses.items[i].type == TYPE_NULL ? TYPE_STRING : guesses.items[i].type;

        if (result == 0 && schema_add(schema, guesses.items[i].name, type_of(type)) != 0)
            result = errbuf_oom(err, "schema", guesses.n);
        free(guesses.items[i].name);
    }
    free(guesses.items);
    if (result != 0)
        schema_release(schema);
    return result;
}

/* --- loading ---------------------------------------------------------------------------------------------------- */

static int loader_init(struct loader *loader, const struct zone *zone)
{
    const struct schema *schema = &loader->rows->schema;
    size_t *wanted;

    arena_init(&loader->fixed);
    arena_init(&loader->arena);
    loader->corrupt_at = SIZE_MAX;
    loader->columns = arena_calloc(&loader->fixed, schema->ncolumns + 1, sizeof(*loader->columns));
    loader->decoded = arena_calloc(&loader->fixed, schema->ncolumns + 1, sizeof(*loader->decoded));
    loader->decoded_at = arena_calloc(&loader->fixed, schema->ncolumns + 1, sizeof(*loader->decoded_at));
    wanted = arena_calloc(&loader->fixed, schema->ncolumns + 1, sizeof(*wanted));
    if (!loader->columns || !loader->decoded || !loader->decoded_at || !wanted)
        return errbuf_oom(loader->err, "static table", schema->ncolumns);
    for (size_t i = 0; i < schema->ncolumns; i++) {
        const struct type *type = schema->columns[i].type;

        if (type->id == TYPE_STRUCT) {
            errbuf_condition(loader->err, "SFCRIME_UNSUPPORTED", "0A000",
                             "table %s: column %s: STRUCT columns are not supported", loader->config->name,
                             schema->columns[i].name);
            loader->err->exit_code = EXIT_CODE_USAGE;
            return -1;
        }
        if (vector_alloc(&loader->columns[i], type, VECTOR_ROWS, &loader->fixed) != 0)
            return errbuf_oom(loader->err, "static table", VECTOR_ROWS * type_width(type));
        if (strcmp(schema->columns[i].name, CORRUPT) == 0 && type->id == TYPE_STRING) {
            loader->corrupt_at = i;
            continue;
        }
        wanted[loader->ndecoded] = i;
        loader->decoded[loader->ndecoded] = loader->columns[i];
        loader->decoded_at[loader->ndecoded++] = i;
    }
    loader->decoder = json_decoder_new(schema, wanted, loader->ndecoded, zone, loader->err);
    return loader->decoder ? 0 : -1;
}

static int load_text(struct static_table *table, const struct config_table *config, const struct zone *zone,
                     const char *data, size_t len, struct errbuf *err)
{
    struct loader loader = {.config = config, .rows = &table->rows, .begin = data, .err = err};
    int result = loader_init(&loader, zone);

    if (result == 0) {
        switch (config->multi_line) {
        case CONFIG_MULTILINE_AUTO:
            loader.strict = true;
            result = add_auto(&loader, data, len);
            break;
        case CONFIG_MULTILINE_TRUE:
            result = add_document(&loader, data, len);
            break;
        case CONFIG_MULTILINE_FALSE:
            result = add_lines(&loader, data, len);
            break;
        }
    }
    if (result == 0)
        result = flush(&loader);
    json_decoder_free(loader.decoder);
    arena_release(&loader.arena);
    arena_release(&loader.fixed);
    return result;
}

int static_table_load(struct static_table *table, const struct config_table *config, const struct zone *zone,
                      struct errbuf *err)
{
    struct schema schema;
    struct buf text;
    const char *data;
    size_t len;
    bool missing = false;
    int result = -1;

    memset(table, 0, sizeof(*table));
    table->name = config->name;
    if (strcmp(config->format, "json") != 0) {
        errbuf_condition(err, "SFCRIME_UNSUPPORTED", "0A000", "table %s: format %s: only json is supported so far",
                         config->name, config->format);
        err->exit_code = EXIT_CODE_USAGE;
        return -1;
    }
    buf_init(&text);
    schema_init(&schema);
    if (fileio_read(config->path, MAX_BYTES, &text, &missing, err) != 0) {
        if (missing)
            errbuf_set(err, EXIT_CODE_USAGE, "table %s: %s: no such file; set table.%s.path", config->name,
                       config->path, config->name);
        else
            errbuf_prefix(err, "table %s", config->name);
        err->exit_code = EXIT_CODE_USAGE;
        goto out;
    }
    data = text.data ? text.data : "";
    len = text.len;
    if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
        data += 3;
        len -= 3;
    }
    if (config->schema) {
        if (schema_parse(&schema, config->schema, err) != 0) {
            errbuf_prefix(err, "table %s: schema", config->name);
            err->exit_code = EXIT_CODE_USAGE;
            goto out;
        }
    } else if (infer_schema(config, data, len, &schema, err) != 0) {
        goto out;
    }
    if (rowset_init(&table->rows, &schema) != 0) {
        errbuf_oom(err, "static table", schema.ncolumns);
        goto out;
    }
    result = load_text(table, config, zone, data, len, err);
    if (result != 0)
        rowset_release(&table->rows);
    else
        log_info("StaticTable", "Read table %s from %s: %zu rows", config->name, config->path, table->rows.nrows);
out:
    schema_release(&schema);
    buf_release(&text);
    return result;
}

void static_table_release(struct static_table *table)
{
    rowset_release(&table->rows);
}
