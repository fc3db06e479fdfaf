/* Messages as text for standard output. One thread. */
#ifndef CONSUMER_PRINTER_H
#define CONSUMER_PRINTER_H

#include "common/buf.h"
#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum printer_format {
    PRINTER_VALUE, /* the value and a line feed; "null" for a message without one */
    PRINTER_JSON,  /* {"topic":...,"partition":...,"offset":...,"timestamp":...,"key":...,"value":...} a line */
    PRINTER_TABLE  /* the values' fields as Spark's console table */
};

struct printer_options {
    enum printer_format format;
    const char *schema; /* TABLE: columns as DDL text */
    int truncate;       /* TABLE: width that cells are cut to; 0: whole */
    bool escape;        /* for a terminal: control and bidirectional characters visible */
};

struct printer_message {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    const char *key;      /* NULL: none */
    size_t key_len;
    const char *value; /* NULL: none */
    size_t value_len;
};

struct printer;

/* NULL with err (EXIT_CODE_USAGE for a schema that does not parse). options is borrowed for the call only. */
struct printer *printer_new(const struct printer_options *options, struct errbuf *err);
void printer_free(struct printer *printer);

/* Append the message's text to out; a table keeps it until printer_flush, or prints when PRINTER_TABLE_ROWS are in. 0,
 * -1 with err. */
int printer_message(struct printer *printer, const struct printer_message *message, struct buf *out,
                    struct errbuf *err);
#define PRINTER_TABLE_ROWS 1000

/* Append what is kept: the messages have come to a pause. */
int printer_flush(struct printer *printer, struct buf *out, struct errbuf *err);

#endif
