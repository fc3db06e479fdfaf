/* The block reader under dataset.c and its two readers of forms: bytes of the input in one piece of memory, and where
 * they are. */
#ifndef PRODUCER_DATASET_INTERNAL_H
#define PRODUCER_DATASET_INTERNAL_H

#include "common/buf.h"
#include "producer/csv_rows.h"
#include "producer/dataset.h"
#include "record/json_copy.h"

enum dataset_fill {
    DATASET_FILL_DATA, /* more bytes are in */
    DATASET_FILL_END,
    DATASET_FILL_WAIT,
    DATASET_FILL_FAILED
};

enum dataset_state {
    DATASET_AT_START,
    DATASET_IN_LINES,       /* between lines */
    DATASET_BEHIND_LINE,    /* behind a record, its line feed to come */
    DATASET_SKIPPING_LINE,  /* behind damage */
    DATASET_BEFORE_FIRST,   /* behind the array's [ */
    DATASET_BEFORE_ELEMENT, /* behind a comma */
    DATASET_BEHIND_ELEMENT,
    DATASET_SKIPPING_ELEMENT, /* behind damage */
    DATASET_BEHIND_ARRAY,
    DATASET_IN_CSV,
    DATASET_AT_END,
    DATASET_BROKEN
};

struct dataset {
    char *name;
    int fd;
    bool regular;
    bool eof;
    int64_t size;
    enum dataset_format format;
    enum dataset_state state;
    char *data; /* unread bytes are [begin, end) */
    size_t cap;
    size_t begin;
    size_t end;
    int64_t base;      /* offset in the file of data[0] */
    int64_t base_line; /* line feeds before data[0] */
    int64_t nrecords;  /* whole records so far */
    size_t tried;      /* bytes of an unfinished record that need not be looked at again before a '}' arrives */
    bool fresh_line;   /* white space before data[begin] holds a line feed */
    char skipped[2];   /* the last two bytes that are not white space while damage is skipped */
    bool skipped_line; /* only white space since the last line feed */
    struct json_copy_shape shape;
    struct buf record;
    struct csv_rows *rows;
};

/* Read one more block behind `end`, moving what is unread to the front. */
enum dataset_fill dataset_fill(struct dataset *dataset, struct errbuf *err);

/* Line (from 1) of data[at]. */
int64_t dataset_line(const struct dataset *dataset, size_t at);

/* "NAME: damaged at byte B, line L: REASON (N whole records before it)". */
enum dataset_status dataset_damage(struct dataset *dataset, enum dataset_status status, size_t at, struct errbuf *err,
                                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* JSON, in dataset_json.c: the next record of array or lines, from any of their states. */
enum dataset_status dataset_json_next(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err);

#endif
