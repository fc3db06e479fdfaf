/* CSV rows of the public data set as records in wire form.
 *
 * Columns are found by name, not by place: lower case with blanks as underscores, the data portal's API names
 * (original_crimetype_name, call_dttm) too. All fourteen must be there, others are left out. Times become
 * 2018-12-31T23:57:00.000 from any of the forms the data set is published in; what is none of them stays as it is. One
 * thread.
 */
#ifndef PRODUCER_CSV_ROWS_H
#define PRODUCER_CSV_ROWS_H

#include "common/errbuf.h"

#include <stddef.h>

enum csv_rows_status {
    CSV_ROWS_RECORD, /* *record is valid until the next call of any function */
    CSV_ROWS_MORE,   /* feed, or end */
    CSV_ROWS_END,
    CSV_ROWS_BAD,   /* one row, err says which line and why; the next call goes on behind it */
    CSV_ROWS_FAILED /* a header without the columns, an unclosed quote */
};

struct csv_rows;

/* NULL with err. */
struct csv_rows *csv_rows_new(struct errbuf *err);
void csv_rows_free(struct csv_rows *rows);

/* The next bytes of the file, or its end. To be called when csv_rows_next said MORE, which then tells of errors. */
void csv_rows_feed(struct csv_rows *rows, const char *data, size_t len);
void csv_rows_end(struct csv_rows *rows);

enum csv_rows_status csv_rows_next(struct csv_rows *rows, const char **record, size_t *len, struct errbuf *err);

#endif
