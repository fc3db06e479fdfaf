/* Spark's JacksonParser.convertObject, step by step, over a tokenizer that stumbles where Jackson does. */
#include "json_decode_internal.h"

#include "record/json_text.h"
#include "record/number.h"

#include <math.h>
#include <string.h>

/* --- a value into a STRING column: written again, compactly (JsonGenerator.copyCurrentStructure) ------------------ */

static void separate(struct buf *out)
{
    char last = out->len > 0 ? out->data[out->len - 1] : '\0';

    /* Inside quotes text cannot end here: a quoted piece ends with its quote. */
    if (last != '\0' && last != '{' && last != '[' && last != ':')
        buf_append_byte(out, ',');
}

static void write_number(const struct json_token *t, struct buf *out)
{
    if (t->kind == JSON_TOKEN_INT) {
        if (t->number_len == 2 && memcmp(t->number, "-0", 2) == 0)
            buf_append_byte(out, '0');
        else
            buf_append(out, t->number, t->number_len);
        return;
    }
    double value = t->number != NULL ? number_json_double(t->number, t->number_len) : t->special;
    bool quoted = !isfinite(value);
    if (quoted)
        buf_append_byte(out, '"');
    number_append_double(out, value);
    if (quoted)
        buf_append_byte(out, '"');
}

/* The current scalar; -1 if it is none (the end of something). */
static int write_scalar(struct json_token *t, struct buf *out)
{
    switch (t->kind) {
    case JSON_TOKEN_STRING:
        if (json_token_read_text(t) != 0)
            return -1;
        json_text_append_copied_string(out, t->text.data != NULL ? t->text.data : "", t->text.len);
        return 0;
    case JSON_TOKEN_INT:
    case JSON_TOKEN_FLOAT:
        write_number(t, out);
        return 0;
    case JSON_TOKEN_TRUE:
        buf_append_text(out, "true");
        return 0;
    case JSON_TOKEN_FALSE:
        buf_append_text(out, "false");
        return 0;
    case JSON_TOKEN_NULL:
        buf_append_text(out, "null");
        return 0;
    default:
        t->error = "no value where one is expected";
        return -1;
    }
}

static int write_structure(struct json_token *t, struct buf *out)
{
    int depth = 0;

    for (;;) {
        switch (t->kind) {
        case JSON_TOKEN_NAME:
            separate(out);
            json_text_append_copied_string(out, t->text.data != NULL ? t->text.data : "", t->text.len);
            buf_append_byte(out, ':');
            break;
        case JSON_TOKEN_START_OBJECT:
        case JSON_TOKEN_START_ARRAY:
            separate(out);
            buf_append_byte(out, t->kind == JSON_TOKEN_START_OBJECT ? '{' : '[');
            depth++;
            break;
        case JSON_TOKEN_END_OBJECT:
        case JSON_TOKEN_END_ARRAY:
            if (depth == 0)
                return write_scalar(t, out);
            buf_append_byte(out, t->kind == JSON_TOKEN_END_OBJECT ? '}' : ']');
            depth--;
            break;
        default:
            if (depth > 0)
                separate(out);
            if (write_scalar(t, out) != 0)
                return -1;
            break;
        }
        if (depth == 0)
            return 0;
        if (json_token_next(t) != 0)
            return -1;
        if (t->kind == JSON_TOKEN_NONE)
            return 0; /* Spark keeps what was written, with its generator closing what is open; never seen to matter */
    }
}

/* --- one field --------------------------------------------------------------------------------------------------- */

/* Lone surrogates (kept by the tokenizer) become '?', as Java's encoder writes them. */
static size_t replace_surrogates(char *text, size_t len)
{
    size_t to = 0;

    for (size_t i = 0; i < len;) {
        if ((unsigned char)text[i] == 0xED && i + 2 < len && (unsigned char)text[i + 1] >= 0xA0) {
            text[to++] = '?';
            i += 3;
        } else {
            text[to++] = text[i++];
        }
    }
    return to;
}

static enum json_value_result convert_binary(struct json_decoder *decoder, struct vector *vector, size_t row,
                                             struct arena *arena)
{
    buf_reset(&decoder->text);
    if (json_base64_read(&decoder->token, &decoder->text) != 0)
        return JSON_VALUE_INVALID;
    size_t len = decoder->text.len;
    char *copy = decoder->text.failed ? NULL : arena_copy(arena, len > 0 ? decoder->text.data : "", len);
    if (copy == NULL)
        return JSON_VALUE_NOMEM;
    vector->data.str[row] = (struct str){copy, (uint32_t)len};
    vector->nulls[row] = 0;
    return JSON_VALUE_OK;
}

static enum json_value_result convert_string(struct json_decoder *decoder, enum type_id type, struct vector *vector,
                                             size_t row, struct arena *arena)
{
    struct json_token *t = &decoder->token;

    if (type == TYPE_BINARY)
        return convert_binary(decoder, vector, row, arena);
    if (json_token_read_text(t) != 0)
        return JSON_VALUE_INVALID;
    if (t->text.len > 0)
        t->text.len = replace_surrogates(t->text.data, t->text.len);
    return json_value_text(decoder, type, vector, row, t->text.len > 0 ? t->text.data : "", t->text.len, arena);
}

static enum json_value_result convert_to_text(struct json_decoder *decoder, struct vector *vector, size_t row,
                                              struct arena *arena)
{
    struct buf *out = &decoder->text;

    buf_reset(out);
    if (write_structure(&decoder->token, out) != 0)
        return JSON_VALUE_INVALID;
    if (out->failed)
        return JSON_VALUE_NOMEM;
    return json_value_text(decoder, TYPE_STRING, vector, row, out->data, out->len, arena);
}

/* Spark's parseJsonToken with the converter of the column's type. */
static enum json_value_result convert(struct json_decoder *decoder, enum type_id type, struct vector *vector,
                                      size_t row, struct arena *arena)
{
    struct json_token *t = &decoder->token;

    if (t->kind == JSON_TOKEN_NAME && json_token_next(t) != 0)
        return JSON_VALUE_INVALID;
    if (t->kind == JSON_TOKEN_NONE || t->kind == JSON_TOKEN_NULL) {
        json_value_null(vector, row);
        return JSON_VALUE_OK;
    }
    if (t->kind == JSON_TOKEN_STRING)
        return convert_string(decoder, type, vector, row, arena);
    if (type == TYPE_STRING)
        return convert_to_text(decoder, vector, row, arena);
    if (type == TYPE_BOOLEAN && (t->kind == JSON_TOKEN_TRUE || t->kind == JSON_TOKEN_FALSE)) {
        vector->data.boolean[row] = t->kind == JSON_TOKEN_TRUE;
        vector->nulls[row] = 0;
        return JSON_VALUE_OK;
    }
    if (t->kind == JSON_TOKEN_FLOAT && t->number == NULL) {
        if (type != TYPE_DOUBLE)
            return JSON_VALUE_INVALID;
        vector->data.f64[row] = t->special;
        vector->nulls[row] = 0;
        return JSON_VALUE_OK;
    }
    if (t->kind == JSON_TOKEN_INT || t->kind == JSON_TOKEN_FLOAT)
        return json_value_number(decoder, type, vector, row, t->number, t->number_len, t->kind == JSON_TOKEN_FLOAT);
    return JSON_VALUE_INVALID;
}

/* --- the record -------------------------------------------------------------------------------------------------- */

static void all_null(const struct json_decoder *decoder, struct vector *columns, size_t row)
{
    for (size_t i = 0; i < decoder->ncolumns; i++)
        json_value_null(&columns[i], row);
}

static enum json_decode_status bad(struct json_decoder *decoder, struct vector *columns, size_t row, const char *error)
{
    decoder->error = error != NULL ? error : decoder->token.error;
    decoder->error_offset = (size_t)(decoder->token.at - decoder->token.start);
    decoder->error_column = JSON_NO_COLUMN;
    all_null(decoder, columns, row);
    return JSON_DECODE_BAD;
}

enum json_decode_status json_slow_record(struct json_decoder *decoder, const char *data, size_t len,
                                         struct vector *columns, size_t row, struct arena *arena)
{
    struct json_token *t = &decoder->token;

    json_token_reset(t, data, len);
    decoder->error = NULL;
    decoder->error_column = JSON_NO_COLUMN;
    all_null(decoder, columns, row);
    if (json_token_next(t) != 0)
        return bad(decoder, columns, row, NULL);
    if (t->kind == JSON_TOKEN_NONE)
        return JSON_DECODE_EMPTY;
    if (t->kind != JSON_TOKEN_START_OBJECT)
        return bad(decoder, columns, row, "not an object");
    for (;;) {
        if (json_token_next(t) != 0)
            return bad(decoder, columns, row, NULL);
        if (t->kind == JSON_TOKEN_NONE || t->kind == JSON_TOKEN_END_OBJECT)
            break;
        int32_t column = json_token_column(t);
        if (column != JSON_NO_COLUMN) {
            switch (convert(decoder, decoder->columns[column].type, &columns[column], row, arena)) {
            case JSON_VALUE_OK:
                continue;
            case JSON_VALUE_NOMEM:
                return JSON_DECODE_NOMEM;
            case JSON_VALUE_INVALID:
                json_note_invalid(decoder, column);
            }
        }
        if (json_token_skip_children(t) != 0)
            return bad(decoder, columns, row, NULL);
    }
    return decoder->error_column != JSON_NO_COLUMN ? JSON_DECODE_PARTIAL : JSON_DECODE_OK;
}
