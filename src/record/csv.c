/* Reading: libcsv splits fields, we gather rows and count lines; it is fed line by line, because it says nothing about
 * positions.
 *
 * Writing: what Spark makes of univocity-parsers 2.9 (golden rows of csv.jsonl), which is not quite RFC 4180. */
#include "record/csv.h"

#include "common/escape.h"
#include "record/number.h"
#include "record/table_text.h"
#include "record/timestamp.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

/* --- reading ----------------------------------------------------------------------------------------------------- */

struct csv_reader {
    struct csv_parser parser;
    size_t max_row_bytes;
    csv_row_fn fn;
    void *cookie;
    struct buf bytes; /* the row's fields, one behind the other */
    size_t *ends;     /* where each field ends in bytes */
    size_t nfields;
    size_t fields_cap;
    struct csv_field *fields; /* as given to fn; fields_cap of them */
    int64_t line;             /* being read, from 1 */
    int64_t row_line;         /* on which the current row began */
    size_t row_bytes;         /* read for the current row */
    size_t bom_bytes;         /* of the byte order mark seen so far; 3: past the beginning of the file */
    bool row_ended;           /* by the piece that was just parsed */
    bool in_row;              /* bytes of the current row were seen */
    bool no_memory;
    int stopped; /* what fn returned */
};

static const char byte_order_mark[3] = "\xEF\xBB\xBF";

static void on_field(void *data, size_t len, void *cookie)
{
    struct csv_reader *reader = cookie;

    if (reader->nfields == reader->fields_cap) {
        size_t cap = reader->fields_cap * 2;
        size_t *ends = realloc(reader->ends, cap * sizeof(*ends));
        if (ends != NULL)
            reader->ends = ends;
        struct csv_field *fields = realloc(reader->fields, cap * sizeof(*fields));
        if (fields != NULL)
            reader->fields = fields;
        if (ends == NULL || fields == NULL) {
            reader->no_memory = true;
            return;
        }
        reader->fields_cap = cap;
    }
    buf_append(&reader->bytes, data, len);
    reader->ends[reader->nfields++] = reader->bytes.len;
}

static void on_row(int character, void *cookie)
{
    struct csv_reader *reader = cookie;
    size_t start = 0;

    (void)character;
    reader->row_ended = true;
    if (reader->bytes.failed)
        reader->no_memory = true;
    if (!reader->no_memory && reader->stopped == 0) {
        const char *bytes = reader->bytes.data != NULL ? reader->bytes.data : "";
        for (size_t i = 0; i < reader->nfields; i++) {
            reader->fields[i] = (struct csv_field){bytes + start, reader->ends[i] - start};
            start = reader->ends[i];
        }
        reader->stopped = reader->fn(reader->fields, reader->nfields, reader->row_line, reader->cookie);
    }
    reader->nfields = 0;
    buf_reset(&reader->bytes);
}

/* Blanks belong to the fields: libcsv would trim them. */
static int no_blank(unsigned char c)
{
    (void)c;
    return 0;
}

struct csv_reader *csv_reader_new(char separator, size_t max_row_bytes, csv_row_fn fn, void *cookie, struct errbuf *err)
{
    struct csv_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        goto fail;
    if (csv_init(&reader->parser, 0) != 0)
        goto fail;
    csv_set_delim(&reader->parser, (unsigned char)separator);
    csv_set_space_func(&reader->parser, no_blank);
    reader->max_row_bytes = max_row_bytes;
    reader->fn = fn;
    reader->cookie = cookie;
    reader->line = reader->row_line = 1;
    reader->fields_cap = 32;
    reader->ends = calloc(reader->fields_cap, sizeof(*reader->ends));
    reader->fields = calloc(reader->fields_cap, sizeof(*reader->fields));
    if (reader->ends != NULL && reader->fields != NULL)
        return reader;

fail:
    errbuf_oom(err, "CSV reader", sizeof(*reader));
    csv_reader_free(reader);
    return NULL;
}

void csv_reader_free(struct csv_reader *reader)
{
    if (reader == NULL)
        return;
    csv_free(&reader->parser);
    buf_release(&reader->bytes);
    free(reader->ends);
    free(reader->fields);
    free(reader);
}

static int reader_error(struct csv_reader *reader, struct errbuf *err)
{
    if (reader->no_memory || csv_error(&reader->parser) == CSV_ENOMEM)
        return errbuf_oom(err, "CSV row", reader->row_bytes);
    return errbuf_set(err, EXIT_CODE_RUNTIME, "CSV, row that begins on line %lld: %s", (long long)reader->row_line,
                      csv_strerror(csv_error(&reader->parser)));
}

static bool has_text(const char *piece, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (piece[i] != '\n' && piece[i] != '\r')
            return true;
    return false;
}

/* At most one line, and nothing behind a CR: at most one row ends in it, at its last byte. */
static int feed_piece(struct csv_reader *reader, const char *piece, size_t len, struct errbuf *err)
{
    if (len > reader->max_row_bytes || reader->row_bytes > reader->max_row_bytes - len)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "CSV, row that begins on line %lld: longer than %zu bytes",
                          (long long)reader->row_line, reader->max_row_bytes);
    reader->row_bytes += len;
    reader->row_ended = false;
    if (csv_parse(&reader->parser, piece, len, on_field, on_row, reader) != len || reader->no_memory)
        return reader_error(reader, err);
    reader->in_row = !reader->row_ended && (reader->in_row || has_text(piece, len));
    if (piece[len - 1] == '\n')
        reader->line++;
    if (!reader->in_row) {
        reader->row_line = reader->line;
        reader->row_bytes = 0;
    }
    return reader->stopped;
}

int csv_reader_feed(struct csv_reader *reader, const char *data, size_t len, struct errbuf *err)
{
    size_t at = 0;

    while (at < len && reader->bom_bytes < sizeof(byte_order_mark)) {
        if (data[at] != byte_order_mark[reader->bom_bytes]) {
            size_t held = reader->bom_bytes; /* no mark after all */
            reader->bom_bytes = sizeof(byte_order_mark);
            int result = held > 0 ? feed_piece(reader, byte_order_mark, held, err) : 0;
            if (result != 0)
                return result;
            break;
        }
        reader->bom_bytes++;
        at++;
    }
    while (at < len) {
        const char *line_feed = memchr(data + at, '\n', len - at);
        size_t n = line_feed != NULL ? (size_t)(line_feed - (data + at)) + 1 : len - at;
        const char *carriage_return = memchr(data + at, '\r', n);
        if (carriage_return != NULL)
            n = (size_t)(carriage_return - (data + at)) + 1;
        int result = feed_piece(reader, data + at, n, err);
        if (result != 0)
            return result;
        at += n;
    }
    return 0;
}

int csv_reader_end(struct csv_reader *reader, struct errbuf *err)
{
    if (reader->bom_bytes < sizeof(byte_order_mark) && reader->bom_bytes > 0) {
        size_t held = reader->bom_bytes;
        reader->bom_bytes = sizeof(byte_order_mark);
        int result = feed_piece(reader, byte_order_mark, held, err);
        if (result != 0)
            return result;
    }
    /* Stray quotes are taken as they are, only a quote that is never closed has swallowed the rest of the file. */
    csv_set_opts(&reader->parser, CSV_STRICT | CSV_STRICT_FINI);
    if (csv_fini(&reader->parser, on_field, on_row, reader) != 0) {
        if (csv_error(&reader->parser) == CSV_EPARSE)
            return errbuf_set(err, EXIT_CODE_RUNTIME, "CSV, row that begins on line %lld: a quote is not closed",
                              (long long)reader->row_line);
        return reader_error(reader, err);
    }
    return reader->no_memory ? reader_error(reader, err) : reader->stopped;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

void csv_writer_init(struct csv_writer *writer, const struct zone *zone)
{
    *writer = (struct csv_writer){
        .separator = ",",
        .quote = '"',
        .escape = '\\',
        .escape_quotes = true,
        .trim_leading = true,
        .trim_trailing = true,
        .null_text = "",
        .line_end = "\n",
        .zone = zone,
    };
}

int csv_writer_check(const struct schema *schema, struct errbuf *err)
{
    for (size_t i = 0; i < schema->ncolumns; i++) {
        struct buf name = BUF_INIT;
        if (schema->columns[i].type->id != TYPE_STRUCT)
            continue;
        type_sql_name(schema->columns[i].type, &name);
        errbuf_condition(err, "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE", "0A000",
                         "The CSV datasource doesn't support the column `%s` of the type \"%s\"; select its fields "
                         "one by one",
                         schema->columns[i].name, name.data != NULL ? name.data : "STRUCT");
        buf_release(&name);
        return -1;
    }
    return 0;
}

/* What makes quotes necessary, looked for from the first byte that is written on: the comment sign counts in the first
 * column of a line, a quote counts at the beginning always and elsewhere unless escapeQuotes is off. */
static bool needs_quotes(const struct csv_writer *writer, const char *text, size_t start, size_t len, bool first)
{
    size_t separator_len = strlen(writer->separator);

    if (writer->quote == '\0' || start == len)
        return false;
    if (text[start] == writer->quote || (first && text[0] == '#'))
        return true;
    for (size_t i = start; i < len; i++) {
        if (text[i] == '\n' || text[i] == '\r' || (text[i] == writer->quote && writer->escape_quotes))
            return true;
        if (separator_len > 0 && len - i >= separator_len && memcmp(text + i, writer->separator, separator_len) == 0)
            return true;
    }
    return false;
}

static void append_quoted(const struct csv_writer *writer, const char *text, size_t len, struct buf *out)
{
    /* Spark: the escape escapes itself, unless it is the quote */
    char escape_quote = writer->escape_quote != '\0'      ? writer->escape_quote
                        : writer->escape != writer->quote ? writer->escape
                                                          : '\0';

    buf_append_byte(out, writer->quote);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == writer->quote)
            buf_append_byte(out, writer->escape);
        else if (text[i] == writer->escape && escape_quote != '\0')
            buf_append_byte(out, escape_quote);
        buf_append_byte(out, text[i]);
    }
    buf_append_byte(out, writer->quote);
}

/* `text` replaces a NULL or empty value: written as it is, if it already stands in quotes. */
static void append_replacement(const struct csv_writer *writer, const char *text, bool first, struct buf *out)
{
    size_t len = strlen(text);
    bool in_quotes = len >= 2 && text[0] == writer->quote && text[len - 1] == writer->quote;

    if (!in_quotes && (writer->quote_all || needs_quotes(writer, text, 0, len, first)))
        append_quoted(writer, text, len, out);
    else
        buf_append(out, text, len);
}

static void append_text(const struct csv_writer *writer, const char *text, size_t len, bool first, struct buf *out)
{
    const char *empty = writer->empty_text != NULL ? writer->empty_text : "\"\"";
    size_t start = 0;
    size_t end = len;

    while (writer->trim_leading && start < len && (unsigned char)text[start] <= ' ')
        start++;
    /* what is trimmed away at the end still calls for quotes, what is trimmed at the front does not */
    bool quoted = writer->quote_all || needs_quotes(writer, text, start, len, first);
    while (writer->trim_trailing && end > start && (unsigned char)text[end - 1] <= ' ')
        end--;
    if (start == end)
        append_replacement(writer, empty, first, out);
    else if (quoted && writer->quote != '\0')
        append_quoted(writer, text + start, end - start, out);
    else
        buf_append(out, text + start, end - start);
}

static void append_value(const struct csv_writer *writer, const struct vector *column, size_t row, bool first,
                         struct buf *text, struct buf *out)
{
    if (vector_is_null(column, row)) {
        append_replacement(writer, writer->null_text, first, out);
        return;
    }
    buf_reset(text);
    if (column->type->id == TYPE_STRING) {
        struct str value = column->data.str[vector_row(column, row)];
        escape_utf8_repair(value.data, value.len, text);
    } else if (column->type->id == TYPE_TIMESTAMP) {
        timestamp_iso_text(column->data.i64[vector_row(column, row)], writer->zone, text);
    } else {
        table_text_cell(text, column, row, writer->zone);
    }
    if (text->failed)
        out->failed = true;
    append_text(writer, text->data != NULL ? text->data : "", text->len, first, out);
}

void csv_writer_header(const struct csv_writer *writer, const struct schema *schema, struct buf *out)
{
    for (size_t i = 0; i < schema->ncolumns; i++) {
        if (i > 0)
            buf_append_text(out, writer->separator);
        append_text(writer, schema->columns[i].name, strlen(schema->columns[i].name), i == 0, out);
    }
    buf_append_text(out, writer->line_end);
}

void csv_writer_row(const struct csv_writer *writer, const struct vector *columns, size_t ncolumns, size_t row,
                    struct buf *out)
{
    struct buf text = BUF_INIT;
    size_t before = out->len;

    for (size_t i = 0; i < ncolumns; i++) {
        if (i > 0)
            buf_append_text(out, writer->separator);
        append_value(writer, &columns[i], row, i == 0, &text, out);
    }
    buf_release(&text);
    if (out->len > before) /* an empty line would be skipped by every reader: not written */
        buf_append_text(out, writer->line_end);
}
