/* The console table of Spark's show() and console sink. Any thread. */
#ifndef RECORD_TABLE_TEXT_H
#define RECORD_TABLE_TEXT_H

#include "common/buf.h"
#include "record/rowset.h"
#include "record/schema.h"
#include "record/vector.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stddef.h>

struct table_text_options {
    int64_t num_rows;        /* rows shown; negative: 0 */
    int truncate;            /* cells are cut to that many UTF-16 units and right-aligned; 0: whole and left-aligned */
    const struct zone *zone; /* of timestamps */
    bool escape; /* make control and bidirectional characters visible: for a terminal. false: Spark's bytes */
};

/* The table, ending with a line feed: header, the first rows, and "only showing top N rows" when there are more. What
 * Spark prints is this and one more line feed, unless the footer stands. */
void table_text_rowset(const struct rowset *rows, const struct table_text_options *options, struct buf *out);

/* True if the table of so many rows ends with the footer line. */
bool table_text_has_footer(size_t total_rows, const struct table_text_options *options);

/* The text of one value as CAST(value AS STRING) gives it, except that BINARY is "[61 62]" and NULL is "NULL"; nothing
 * cut, nothing escaped. */
void table_text_cell(struct buf *out, const struct vector *vector, size_t row, const struct zone *zone);

#endif
