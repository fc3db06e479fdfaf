/* A JSON tokenizer that behaves as Jackson's ReaderBasedJsonParser 2.18 does, also behind an error.
 *
 * Spark catches what goes wrong while it converts one field and then goes on reading with the same parser, so where
 * that parser stands after an error decides what becomes of the rest of the record. Its state is
 * therefore kept as it is there: a field's name and the first byte of its value are taken in one step, text of a string
 * is read only when asked for, and an error leaves the position and the current token as they were at that moment.
 *
 * Single-threaded. Text is UTF-8 in which a lone surrogate from an escape is kept as its three bytes (ED A0..BF
 * xx). */
#ifndef RECORD_JSON_TOKEN_INTERNAL_H
#define RECORD_JSON_TOKEN_INTERNAL_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_token_kind {
    JSON_TOKEN_NONE, /* before the first, behind the last; and after a failure between a name and its value */
    JSON_TOKEN_START_OBJECT,
    JSON_TOKEN_END_OBJECT,
    JSON_TOKEN_START_ARRAY,
    JSON_TOKEN_END_ARRAY,
    JSON_TOKEN_NAME,
    JSON_TOKEN_STRING,
    JSON_TOKEN_INT,
    JSON_TOKEN_FLOAT,
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL
};

/* Jackson's StreamReadConstraints. */
#define JSON_TOKEN_MAX_DEPTH 1000
#define JSON_TOKEN_MAX_NUMBER 1000
#define JSON_TOKEN_MAX_NAME 50000

struct json_token_context {
    char type;      /* 'r' root, 'o' object, 'a' array */
    int32_t index;  /* entries begun, less one */
    int32_t column; /* what `match` said about the current name; -1: none */
};

struct json_token {
    const char *start;
    const char *at; /* next byte to read */
    const char *end;
    enum json_token_kind kind;
    enum json_token_kind ahead; /* the value that goes with the current NAME */
    bool incomplete;            /* a STRING whose text was not read yet */
    struct buf text;            /* of the current NAME or STRING */
    const char *number;         /* INT and FLOAT: the bytes */
    size_t number_len;
    double special; /* FLOAT without bytes (number NULL): NaN or an infinity */
    const char *error;
    size_t error_offset;
    /* Number of the column that has this name, or -1. */
    int32_t (*match)(const void *cookie, const char *name, size_t len);
    const void *cookie;
    int depth; /* of contexts[], 0 is the root */
    struct json_token_context contexts[JSON_TOKEN_MAX_DEPTH + 8];
};

/* Set match and cookie before the first use. */
void json_token_init(struct json_token *token);
void json_token_release(struct json_token *token);
/* Begin with other input; it must outlive the use. */
void json_token_reset(struct json_token *token, const char *data, size_t len);

/* Go to the next token. 0, or -1 with `error`. */
int json_token_next(struct json_token *token);
/* At START_OBJECT or START_ARRAY: go to its end. Elsewhere nothing. 0, -1. */
int json_token_skip_children(struct json_token *token);
/* At STRING: read its text, unless that was done. 0, -1. */
int json_token_read_text(struct json_token *token);

/* The column of the current field (Jackson's currentName). */
int32_t json_token_column(const struct json_token *token);

/* What stands behind a backslash, which was consumed: a UTF-16 unit, or -1. */
int json_token_escape(struct json_token *token);

/* Note an error at the current place. Returns -1. */
int json_token_fail(struct json_token *token, const char *error);

/* json_base64.c: at STRING, append its base64 content, as getBinaryValue does. 0, -1. */
int json_base64_read(struct json_token *token, struct buf *out);

#endif
