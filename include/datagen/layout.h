/* The three forms in which records are written: the original's layout, JSON lines, CSV. */
#ifndef DATAGEN_LAYOUT_H
#define DATAGEN_LAYOUT_H

#include "common/buf.h"
#include "datagen/call.h"

#include <stdbool.h>
#include <stdint.h>

enum layout {
    LAYOUT_JSON,  /* one array, four spaces of indent, LF: the original file */
    LAYOUT_JSONL, /* an object a line, separated as on the wire (", " and ": ") */
    LAYOUT_CSV    /* header line, RFC 4180 quoting, LF, dates without milliseconds (the public CSV's form) */
};

/* What to do wrong in one record; bit n stands for column n. All zero: nothing. */
struct layout_defects {
    uint32_t omit; /* leave the column out */
    uint32_t raw;  /* write the text as it is, without quotes and escapes */
};

/* -1 if the name is none of json jsonl csv. */
int layout_parse(const char *name, enum layout *layout);

/* What comes before the first record, between two, and after the last (any: there was one). */
void layout_begin(enum layout layout, bool any, struct buf *out);
void layout_separator(enum layout layout, struct buf *out);
void layout_end(enum layout layout, bool any, struct buf *out);

/* One record. */
void layout_record(enum layout layout, const struct call *call, const struct layout_defects *defects, struct buf *out);

#endif
