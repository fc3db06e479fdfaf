/* Spark's Dataset.showString (4.0): cells as Java strings, so lengths count UTF-16 units. */
#include "record/table_text.h"

#include "common/escape.h"
#include "record/number.h"
#include "record/timestamp.h"

#include <stdlib.h>
#include <string.h>

#define NARROWEST_COLUMN 3

/* --- one value --------------------------------------------------------------------------------------------------- */

static void append_binary(struct buf *out, struct str value)
{
    static const char hex[] = "0123456789ABCDEF";

    buf_append_byte(out, '[');
    for (uint32_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        char text[3] = {' ', hex[c >> 4], hex[c & 15]};
        buf_append(out, text + (i == 0), i == 0 ? 2 : 3);
    }
    buf_append_byte(out, ']');
}

void table_text_cell(struct buf *out, const struct vector *vector, size_t row, const struct zone *zone)
{
    if (vector_is_null(vector, row)) {
        buf_append_text(out, "NULL");
        return;
    }
    row = vector_row(vector, row);
    switch (vector->type->id) {
    case TYPE_NULL:
        buf_append_text(out, "NULL");
        break;
    case TYPE_BOOLEAN:
        buf_append_text(out, vector->data.boolean[row] ? "true" : "false");
        break;
    case TYPE_INT:
        buf_append_i64(out, vector->data.i32[row]);
        break;
    case TYPE_BIGINT:
        buf_append_i64(out, vector->data.i64[row]);
        break;
    case TYPE_DOUBLE:
        number_append_double(out, vector->data.f64[row]);
        break;
    case TYPE_STRING:
        buf_append(out, vector->data.str[row].data, vector->data.str[row].len);
        break;
    case TYPE_TIMESTAMP:
        timestamp_text(vector->data.i64[row], zone, out);
        break;
    case TYPE_DATE:
        timestamp_date_text(vector->data.i32[row], out);
        break;
    case TYPE_BINARY:
        append_binary(out, vector->data.str[row]);
        break;
    case TYPE_STRUCT:
        buf_append_byte(out, '{');
        for (size_t i = 0; i < vector->type->nfields; i++) {
            if (i > 0)
                buf_append_text(out, ", ");
            table_text_cell(out, &vector->fields[i], row, zone);
        }
        buf_append_byte(out, '}');
        break;
    }
}

/* --- cells as they are shown ------------------------------------------------------------------------------------- */

struct cell {
    size_t start; /* in table.text */
    size_t len;
    size_t width; /* places on the screen, as Spark counts them */
};

struct table {
    struct buf text;    /* all cells, one behind the other */
    struct buf value;   /* the cell being made */
    struct buf visible; /* for a terminal: with escapes */
    struct cell *cells; /* headers first, then row by row */
    size_t *widths;     /* by column */
};

/* The control characters that Spark shows as escapes, in every output; others only for a terminal. */
static char shown_escape(uint32_t code)
{
    static const char letters[] = {[7] = 'a', [8] = 'b', [9] = 't', [10] = 'n', [11] = 'v', [12] = 'f', [13] = 'r'};

    return code < sizeof(letters) ? letters[code] : '\0';
}

static size_t units_of(uint32_t code)
{
    return code == ESCAPE_MALFORMED || code < 0x10000 ? 1 : 2;
}

/* The characters that take two places: a fixed list of ranges in Spark, all below U+10000. */
static bool is_wide(uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE10 && c <= 0xFE19) || (c >= 0xFE30 && c <= 0xFE6F) ||
           (c >= 0xFF00 && c <= 0xFF60) || (c >= 0xFFE0 && c <= 0xFFE6);
}

static size_t units_in(const char *text, size_t len)
{
    size_t units = 0;
    uint32_t code;

    for (size_t i = 0; i < len; i += escape_utf8_next(text + i, len - i, &code), units += units_of(code))
        ;
    return units;
}

/* Append at most `room` units; half of a pair shows as '?', malformed bytes as U+FFFD. Returns the width. */
static size_t append_units(struct buf *out, const char *text, size_t len, size_t room)
{
    size_t width = 0;
    uint32_t code;

    for (size_t i = 0; i < len && room > 0;) {
        size_t n = escape_utf8_next(text + i, len - i, &code);
        size_t units = units_of(code);
        if (units > room) {
            buf_append_byte(out, '?');
            return width + 1;
        }
        if (code == ESCAPE_MALFORMED)
            buf_append_text(out, "\xEF\xBF\xBD");
        else
            buf_append(out, text + i, n);
        width += units + (code != ESCAPE_MALFORMED && is_wide(code));
        room -= units;
        i += n;
    }
    return width;
}

/* table->value with Spark's escapes, into table->visible; for a terminal all other control characters are made visible
 * too. */
static void escape_value(struct table *table, bool terminal)
{
    const struct buf *value = &table->value;
    size_t start = 0;

    buf_reset(&table->visible);
    for (size_t i = 0; i < value->len; i++) {
        char letter = shown_escape((unsigned char)value->data[i]);
        if (letter == '\0')
            continue;
        buf_append(&table->visible, value->data + start, i - start);
        buf_append_byte(&table->visible, '\\');
        buf_append_byte(&table->visible, letter);
        start = i + 1;
    }
    if (start < value->len)
        buf_append(&table->visible, value->data + start, value->len - start);
    if (!terminal)
        return;
    buf_reset(&table->value);
    escape_visible(table->visible.data != NULL ? table->visible.data : "", table->visible.len, 0, &table->value);
    struct buf swap = table->value;
    table->value = table->visible;
    table->visible = swap;
}

/* table->value becomes a cell, cut to `truncate` units (0: whole). */
static void add_cell(struct table *table, struct cell *cell, int truncate, bool terminal)
{
    escape_value(table, terminal);
    const char *text = table->visible.data != NULL ? table->visible.data : "";
    size_t len = table->visible.len;
    size_t limit = truncate > 0 ? (size_t)truncate : SIZE_MAX;

    cell->start = table->text.len;
    if (limit == SIZE_MAX || units_in(text, len) <= limit) {
        cell->width = append_units(&table->text, text, len, SIZE_MAX);
    } else if (limit < 4) {
        cell->width = append_units(&table->text, text, len, limit);
    } else {
        cell->width = append_units(&table->text, text, len, limit - 3) + 3;
        buf_append_text(&table->text, "...");
    }
    cell->len = table->text.len - cell->start;
}

/* --- the table --------------------------------------------------------------------------------------------------- */

static void print_separator(const struct table *table, size_t ncolumns, struct buf *out)
{
    buf_append_byte(out, '+');
    for (size_t c = 0; c < ncolumns; c++) {
        buf_append_fill(out, '-', table->widths[c]);
        buf_append_byte(out, '+');
    }
    if (ncolumns == 0)
        buf_append_byte(out, '+');
    buf_append_byte(out, '\n');
}

static void print_row(const struct table *table, const struct cell *cells, size_t ncolumns, bool right, struct buf *out)
{
    buf_append_byte(out, '|');
    for (size_t c = 0; c < ncolumns; c++) {
        size_t pad = table->widths[c] - cells[c].width;
        if (right)
            buf_append_fill(out, ' ', pad);
        buf_append(out, table->text.data + cells[c].start, cells[c].len);
        if (!right)
            buf_append_fill(out, ' ', pad);
        buf_append_byte(out, '|');
    }
    if (ncolumns == 0)
        buf_append_byte(out, '|');
    buf_append_byte(out, '\n');
}

static size_t rows_shown(size_t nrows, const struct table_text_options *options)
{
    if (options->num_rows <= 0)
        return 0;
    return (uint64_t)options->num_rows < nrows ? (size_t)options->num_rows : nrows;
}

bool table_text_has_footer(size_t total_rows, const struct table_text_options *options)
{
    return rows_shown(total_rows, options) < total_rows;
}

void table_text_rowset(const struct rowset *rows, const struct table_text_options *options, struct buf *out)
{
    size_t ncolumns = rows->schema.ncolumns;
    size_t shown = rows_shown(rows->nrows, options);
    struct table table = {.text = BUF_INIT, .value = BUF_INIT, .visible = BUF_INIT};

    table.cells = calloc(ncolumns > 0 ? (shown + 1) * ncolumns : 1, sizeof(*table.cells));
    table.widths = calloc(ncolumns + 1, sizeof(*table.widths));
    if (table.cells == NULL || table.widths == NULL) {
        out->failed = true;
        goto release;
    }
    for (size_t r = 0; r <= shown; r++) {
        for (size_t c = 0; c < ncolumns; c++) {
            struct cell *cell = &table.cells[r * ncolumns + c];
            buf_reset(&table.value);
            if (r == 0)
                buf_append_text(&table.value, rows->schema.columns[c].name);
            else
                table_text_cell(&table.value, &rows->columns[c], r - 1, options->zone);
            add_cell(&table, cell, r == 0 ? 0 : options->truncate, options->escape);
            if (r == 0)
                table.widths[c] = NARROWEST_COLUMN;
            if (cell->width > table.widths[c])
                table.widths[c] = cell->width;
        }
    }
    if (table.text.failed || table.value.failed || table.visible.failed) {
        out->failed = true;
        goto release;
    }
    print_separator(&table, ncolumns, out);
    print_row(&table, table.cells, ncolumns, options->truncate > 0, out);
    print_separator(&table, ncolumns, out);
    for (size_t r = 1; r <= shown; r++)
        print_row(&table, table.cells + r * ncolumns, ncolumns, options->truncate > 0, out);
    print_separator(&table, ncolumns, out);
    if (rows->nrows > shown)
        buf_printf(out, "only showing top %zu row%s\n", shown, shown == 1 ? "" : "s");

release:
    free(table.widths);
    free(table.cells);
    buf_release(&table.visible);
    buf_release(&table.value);
    buf_release(&table.text);
}
