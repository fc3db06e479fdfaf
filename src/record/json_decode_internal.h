/* What the parts of the decoder share: json_decode.c (the object, the quick scan), json_shape.c (the cache of record
 * shapes), json_slow.c (Spark's own way through a record, for all that is out of the ordinary), json_value.c (texts and
 * numbers into columns). */
#ifndef RECORD_JSON_DECODE_INTERNAL_H
#define RECORD_JSON_DECODE_INTERNAL_H

#include "json_token_internal.h"
#include "record/json_decode.h"
#include "record/timestamp.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_NO_COLUMN (-1)

struct json_column {
    const char *name;
    size_t name_len;
    enum type_id type;
    int32_t next_same_length; /* chain of the columns whose name is as long modulo 64 */
};

enum json_value_result { JSON_VALUE_OK, JSON_VALUE_INVALID, JSON_VALUE_NOMEM };

struct json_shapes;

struct json_decoder {
    size_t ncolumns;
    struct json_column *columns;
    int32_t first_of_length[64];
    bool has_binary; /* base64 is read by the tokenizer only: the slow way */
    enum json_decoder_ways ways;
    struct timestamp_cache times;
    struct json_shapes *shapes;
    struct json_token token;
    struct buf text; /* a value re-serialised */
    /* why the last record was not OK */
    const char *error;
    size_t error_offset;
    int32_t error_column; /* the first column that could not be converted */
    char reason[320];
};

/* Number of the column of that name (decoded), or JSON_NO_COLUMN. */
static inline int32_t json_column_find(const struct json_decoder *decoder, const char *name, size_t len)
{
    int32_t i = decoder->first_of_length[len & 63];

    for (; i >= 0; i = decoder->columns[i].next_same_length) {
        const struct json_column *column = &decoder->columns[i];
        /* names of one length often differ in the first byte: cheaper to see here than in a call */
        if (column->name_len == len && column->name[0] == (len > 0 ? name[0] : '\0') &&
            __builtin_memcmp(column->name, name, len) == 0)
            return i;
    }
    return JSON_NO_COLUMN;
}

static inline void json_note_invalid(struct json_decoder *decoder, int32_t column)
{
    if (decoder->error_column == JSON_NO_COLUMN)
        decoder->error_column = column;
}

/* Store a string value: text is sound UTF-8 and is copied. INVALID leaves the row as it was. Not for BINARY. */
enum json_value_result json_value_text(struct json_decoder *decoder, enum type_id type, struct vector *vector,
                                       size_t row, const char *text, size_t len, struct arena *arena);

/* Store a number token (in JSON's grammar). Not for STRING. */
enum json_value_result json_value_number(struct json_decoder *decoder, enum type_id type, struct vector *vector,
                                         size_t row, const char *text, size_t len, bool is_float);

static inline void json_value_null(struct vector *vector, size_t row)
{
    vector->nulls[row] = 1;
    vector->has_nulls = true;
}

/* The whole record, Spark's way. Sets every column. */
enum json_decode_status json_slow_record(struct json_decoder *decoder, const char *data, size_t len,
                                         struct vector *columns, size_t row, struct arena *arena);

#endif
