#include "consumer/printer.h"

#include "common/escape.h"
#include "record/json_decode.h"
#include "record/rowset.h"
#include "record/schema.h"
#include "record/table_text.h"

#include <stdlib.h>

struct printer {
    struct printer_options options;
    struct schema schema; /* table only, as all below */
    struct rowset rows;
    bool rows_ready;
    struct json_decoder *decoder;
};

static int prepare_table(struct printer *printer, struct errbuf *err)
{
    if (schema_parse(&printer->schema, printer->options.schema, err) == -1)
        return errbuf_prefix(err, "schema");
    size_t n = printer->schema.ncolumns;
    size_t *wanted = calloc(n > 0 ? n : 1, sizeof(*wanted));
    if (wanted == NULL)
        return errbuf_oom(err, "schema", n * sizeof(*wanted));
    for (size_t i = 0; i < n; i++)
        wanted[i] = i;
    printer->decoder = json_decoder_new(&printer->schema, wanted, n, zone_utc(), err);
    free(wanted);
    if (printer->decoder == NULL)
        return -1;
    if (rowset_init(&printer->rows, &printer->schema) == -1)
        return errbuf_oom(err, "table", n);
    printer->rows_ready = true;
    return 0;
}

struct printer *printer_new(const struct printer_options *options, struct errbuf *err)
{
    struct printer *printer = calloc(1, sizeof(*printer));

    if (printer == NULL) {
        errbuf_oom(err, "printer", sizeof(*printer));
        return NULL;
    }
    printer->options = *options;
    schema_init(&printer->schema);
    if (options->format == PRINTER_TABLE && prepare_table(printer, err) == -1) {
        if (err->exit_code == EXIT_CODE_OK || err->condition[0] != '\0')
            err->exit_code = EXIT_CODE_USAGE; /* the schema's text is what was wrong */
        printer_free(printer);
        return NULL;
    }
    printer->options.schema = NULL; /* the caller's */
    return printer;
}

void printer_free(struct printer *printer)
{
    if (printer == NULL)
        return;
    json_decoder_free(printer->decoder);
    if (printer->rows_ready)
        rowset_release(&printer->rows);
    schema_release(&printer->schema);
    free(printer);
}

static void print_value(const struct printer *printer, const struct printer_message *message, struct buf *out)
{
    if (message->value == NULL)
        buf_append_text(out, "null"); /* as kafka-console-consumer */
    else if (printer->options.escape)
        escape_visible(message->value, message->value_len, 0, out);
    else
        buf_append(out, message->value, message->value_len);
    buf_append_byte(out, '\n');
}

static void print_text_or_null(const char *text, size_t len, struct buf *out)
{
    if (text == NULL) {
        buf_append_text(out, "null");
        return;
    }
    buf_append_byte(out, '"');
    escape_json(text, len, 0, out);
    buf_append_byte(out, '"');
}

static void print_json(const struct printer *printer, const struct printer_message *message, struct buf *out)
{
    size_t begin = out->len;

    buf_append_text(out, "{\"topic\":");
    escape_json_string(message->topic, out);
    buf_append_text(out, ",\"partition\":");
    buf_append_i64(out, message->partition);
    buf_append_text(out, ",\"offset\":");
    buf_append_i64(out, message->offset);
    buf_append_text(out, ",\"timestamp\":");
    if (message->timestamp_ms < 0)
        buf_append_text(out, "null");
    else
        buf_append_i64(out, message->timestamp_ms);
    buf_append_text(out, ",\"key\":");
    print_text_or_null(message->key, message->key_len, out);
    buf_append_text(out, ",\"value\":");
    print_text_or_null(message->value, message->value_len, out);
    buf_append_byte(out, '}');
    if (printer->options.escape && !out->failed) {
        /* C0 is escaped by JSON itself; C1 and bidirectional characters are not */
        struct buf visible = BUF_INIT;
        escape_visible(out->data + begin, out->len - begin, 0, &visible);
        out->len = begin;
        if (visible.failed)
            out->failed = true;
        else
            buf_append(out, visible.data, visible.len);
        buf_release(&visible);
    }
    buf_append_byte(out, '\n');
}

static int keep_row(struct printer *printer, const struct printer_message *message, struct errbuf *err)
{
    struct rowset *rows = &printer->rows;
    size_t row = rowset_append_null(rows);

    if (row == SIZE_MAX)
        return errbuf_oom(err, "table rows", rows->nrows);
    /* a damaged or partly damaged record shows as NULLs, as Spark's from_json gives them */
    if (message->value != NULL && json_decode_record(printer->decoder, message->value, message->value_len,
                                                     rows->columns, row, &rows->arena) == JSON_DECODE_NOMEM)
        return errbuf_oom(err, "table rows", message->value_len);
    return 0;
}

int printer_message(struct printer *printer, const struct printer_message *message, struct buf *out, struct errbuf *err)
{
    switch (printer->options.format) {
    case PRINTER_VALUE:
        print_value(printer, message, out);
        break;
    case PRINTER_JSON:
        print_json(printer, message, out);
        break;
    case PRINTER_TABLE:
        if (keep_row(printer, message, err) == -1)
            return -1;
        if (printer->rows.nrows >= PRINTER_TABLE_ROWS)
            return printer_flush(printer, out, err);
        break;
    }
    return out->failed ? errbuf_oom(err, "output", out->len) : 0;
}

int printer_flush(struct printer *printer, struct buf *out, struct errbuf *err)
{
    if (printer->options.format != PRINTER_TABLE || printer->rows.nrows == 0)
        return 0;
    struct table_text_options options = {.num_rows = (int64_t)printer->rows.nrows,
                                         .truncate = printer->options.truncate,
                                         .zone = zone_utc(),
                                         .escape = printer->options.escape};
    table_text_rowset(&printer->rows, &options, out);
    rowset_reset(&printer->rows);
    return out->failed ? errbuf_oom(err, "output", out->len) : 0;
}
