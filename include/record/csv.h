/* CSV: reading by rows with libcsv, writing as Spark's CSV sink does. */
#ifndef RECORD_CSV_H
#define RECORD_CSV_H

#include "common/buf.h"
#include "common/errbuf.h"
#include "record/schema.h"
#include "record/vector.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- reading ---------------------------------------------------------------------------------------------------- */

struct csv_field {
    const char *data; /* not NUL-terminated */
    size_t len;
};

/* One row, in the order of the file; fields are valid during the call. line counts from 1: the line on which the row
 * begins. Return 0 to go on, another value to stop: csv_reader_feed and csv_reader_end then return it. */
typedef int (*csv_row_fn)(const struct csv_field *fields, size_t nfields, int64_t line, void *cookie);

struct csv_reader;

/* A streaming reader of RFC 4180 text (quotes doubled, LF or CRLF, a byte order mark at the beginning skipped, blank
 * lines skipped, line feeds in quoted fields). A row of more than max_row_bytes is an error. NULL with err.
 * Single-threaded. */
struct csv_reader *csv_reader_new(char separator, size_t max_row_bytes, csv_row_fn fn, void *cookie,
                                  struct errbuf *err);
void csv_reader_free(struct csv_reader *reader);
/* Take the next bytes of the file, calling back for every row that ended. 0; what the callback returned; -1 with
 * err. */
int csv_reader_feed(struct csv_reader *reader, const char *data, size_t len, struct errbuf *err);
/* The file is over: deliver the last row. An unclosed quote is an error. */
int csv_reader_end(struct csv_reader *reader, struct errbuf *err);

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* Spark's options; csv_writer_init sets its defaults, single fields may then be changed. */
struct csv_writer {
    char separator[8]; /* one or more characters, NUL-terminated: "," */
    char quote;        /* '"'; 0: never quote */
    char escape;       /* '\\' */
    char escape_quote; /* charToEscapeQuoteEscaping; 0: as Spark decides by default */
    bool quote_all;
    bool escape_quotes;     /* true: a value that holds the quote character is quoted */
    bool trim_leading;      /* true */
    bool trim_trailing;     /* true */
    const char *null_text;  /* "" */
    const char *empty_text; /* NULL: two quote characters */
    const char *line_end;   /* "\n" */
    const struct zone *zone;
};

void csv_writer_init(struct csv_writer *writer, const struct zone *zone);

/* Refuse column types that Spark's CSV sink refuses (STRUCT): -1 with err (condition
 * UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE). */
int csv_writer_check(const struct schema *schema, struct errbuf *err);

/* The header line; the line of one row. A row whose only column is NULL gives no line at all, as in Spark. */
void csv_writer_header(const struct csv_writer *writer, const struct schema *schema, struct buf *out);
void csv_writer_row(const struct csv_writer *writer, const struct vector *columns, size_t ncolumns, size_t row,
                    struct buf *out);

#endif
