/* CSV: a text read in any pieces gives the rows, lines and errors that it gives in one; what the writer writes with
 * doubled quotes is read back as it was. */
#include "record/csv.h"

#include "fuzz.h"

#define COLUMNS 3
#define ROWS 8
#define MOST_BYTES 400 /* of a row */

/* Rows as text: the line, then each field with its length. */
static int note_row(const struct csv_field *fields, size_t nfields, int64_t line, void *cookie)
{
    struct buf *out = cookie;

    buf_printf(out, "%" PRId64, line);
    for (size_t i = 0; i < nfields; i++) {
        buf_printf(out, "|%zu:", fields[i].len);
        buf_append(out, fields[i].data, fields[i].len);
    }
    buf_append_byte(out, '\n');
    return 0;
}

/* seed 0: in one piece */
static void read_all(const char *text, size_t len, uint32_t seed, struct buf *rows)
{
    struct errbuf err;
    struct csv_reader *reader = csv_reader_new(',', MOST_BYTES, note_row, rows, &err);
    int result = 0;

    fuzz_must(reader != NULL);
    for (size_t at = 0; at < len && result == 0;) {
        size_t n = seed == 0 ? len - at : fuzz_chunk(&seed, len - at);
        char *piece = fuzz_text((const uint8_t *)text + at, n);
        result = csv_reader_feed(reader, piece, n, &err);
        free(piece);
        at += n;
    }
    if (result == 0)
        result = csv_reader_end(reader, &err);
    if (result != 0)
        buf_printf(rows, "error %s", err.text);
    csv_reader_free(reader);
}

/* The bytes as fields, a semicolon between two; all rows full. */
static size_t fields_of(const char *text, size_t len, struct vector columns[COLUMNS])
{
    size_t nfields = 0;

    for (size_t at = 0; at <= len && nfields < (size_t)ROWS * COLUMNS; nfields++) {
        const char *end = memchr(text + at, ';', len - at);
        size_t n = (end == NULL ? len : (size_t)(end - text)) - at;
        columns[nfields % COLUMNS].data.str[nfields / COLUMNS] = (struct str){text + at, (uint32_t)n};
        at += n + 1;
    }
    return nfields / COLUMNS;
}

static void there_and_back(const char *text, size_t len, bool quote_all)
{
    static struct vector columns[COLUMNS];
    static struct arena arena;
    struct csv_writer writer;
    struct buf file = BUF_INIT, wanted = BUF_INIT, got = BUF_INIT, clean = BUF_INIT;
    int64_t line = 1;

    for (size_t i = 0; i < COLUMNS; i++)
        if (columns[i].type == NULL)
            fuzz_must(vector_alloc(&columns[i], type_of(TYPE_STRING), ROWS, &arena) == 0);
    size_t nrows = fields_of(text, len, columns);
    csv_writer_init(&writer, zone_utc());
    writer.escape = '"'; /* what other programs read; Spark's backslash is the default */
    writer.quote_all = quote_all;
    writer.trim_leading = writer.trim_trailing = false;
    for (size_t row = 0; row < nrows; row++) {
        csv_writer_row(&writer, columns, COLUMNS, row, &file);
        buf_printf(&wanted, "%" PRId64, line++);
        for (size_t i = 0; i < COLUMNS; i++) {
            struct str field = columns[i].data.str[row];
            buf_reset(&clean);
            escape_utf8_repair(field.data, field.len, &clean);
            buf_printf(&wanted, "|%zu:", clean.len);
            buf_append(&wanted, clean.data, clean.len);
            for (size_t at = 0; at < clean.len; at++)
                line += clean.data[at] == '\n';
        }
        buf_append_byte(&wanted, '\n');
    }
    /* a mark in front is no part of the first field */
    bool marked = file.len >= 3 && memcmp(file.data, "\xEF\xBB\xBF", 3) == 0;
    bool too_long = file.len > MOST_BYTES;
    if (file.len > 0 && !marked)
        read_all(file.data, file.len, 0, &got);
    if (!marked && !too_long && !fuzz_same(&wanted, &got))
        fuzz_fail("wrote %.*s\nwanted %.*s\ngot %.*s", (int)file.len, file.data, (int)wanted.len, wanted.data,
                  (int)got.len, got.data);
    buf_release(&file);
    buf_release(&wanted);
    buf_release(&got);
    buf_release(&clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t choice = fuzz_choice(&data, &size);
    char *text = fuzz_text(data, size);
    struct buf whole = BUF_INIT, pieces = BUF_INIT;

    read_all(text, size, 0, &whole);
    read_all(text, size, choice + 1u, &pieces);
    if (!fuzz_same(&whole, &pieces))
        fuzz_fail("in one piece\n%.*s\nin pieces\n%.*s", (int)whole.len, whole.data, (int)pieces.len, pieces.data);
    there_and_back(text, size, choice & 1);
    free(text);
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
