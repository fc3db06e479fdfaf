/* One JSON object copied into the form records have on the wire, checked on the way.
 *
 * The form is Python's json.dumps(): ", " and ": " between tokens and no other white space; strings and numbers keep
 * the bytes they were written with, keys their order, duplicates included. Everything is checked against RFC 8259:
 * escapes, numbers, UTF-8 (no overlong forms, no surrogates), nesting of at most JSON_COPY_DEPTH. Nothing is allocated
 * but the output. Any thread.
 */
#ifndef RECORD_JSON_COPY_H
#define RECORD_JSON_COPY_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define JSON_COPY_DEPTH 64
/* Bytes of a record as written, white space included: about what a broker takes by default. */
#define JSON_COPY_MAX_BYTES ((size_t)1 << 20)

enum json_copy_status {
    JSON_COPY_DONE,  /* *used bytes were the record */
    JSON_COPY_MORE,  /* sound so far, but the record goes on after data[len) */
    JSON_COPY_BAD,   /* damaged at data[*used]; *reason says how */
    JSON_COPY_NOMEM, /* out could not grow */
};

/* What stands around the values of flat records whose values are texts: the records of one file mostly share it, byte
 * for byte, indentation included. A record that does is copied by comparing these pieces instead of reading them;
 * results never depend on it. Zeroed at first; belongs to one file and thread. */
#define JSON_COPY_PIECES 33
#define JSON_COPY_PIECE_BYTES 64
struct json_copy_piece {
    char in[JSON_COPY_PIECE_BYTES]; /* from the closing quote of a value to the opening quote of the next, as written */
    char out[JSON_COPY_PIECE_BYTES]; /* in wire form */
    unsigned in_len;
    unsigned out_len;
};
struct json_copy_shape {
    unsigned npieces; /* 0: none known */
    unsigned misses;  /* in a row */
    unsigned pause;   /* records to go before it is tried again */
    struct json_copy_piece pieces[JSON_COPY_PIECES];
};

/* Copy the object that begins at data[0], which must be '{', to the end of out. Reads nothing beyond data[len). After
 * JSON_COPY_MORE the caller comes back with the same bytes and more behind them. one_line: a line feed inside the
 * record is damage (JSON lines); the same for all records of a shape. shape may be NULL. *reason is static text.
 * Whatever does not end with DONE leaves out->len as it was. */
enum json_copy_status json_copy_record(const char *data, size_t len, bool one_line, struct json_copy_shape *shape,
                                       struct buf *out, size_t *used, const char **reason);

/* The member `name` (UTF-8, unescaped) of a record that json_copy_record made; the last one if there are several.
 * Appends a string's text with its escapes decoded (lone surrogates as U+FFFD), of other values the JSON text, to out.
 * False, with nothing appended, if there is none or it is null. */
bool json_copy_member(const char *record, size_t len, const char *name, size_t name_len, struct buf *out);

#endif
