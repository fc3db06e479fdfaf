#include "record/json_text.h"

#include "common/escape.h"
#include "record/number.h"
#include "record/timestamp.h"

#include <math.h>
#include <string.h>

/* --- strings ----------------------------------------------------------------------------------------------------- */

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void append_unit_escape(struct buf *out, unsigned unit)
{
    static const char hex[] = "0123456789ABCDEF";
    char text[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};

    buf_append(out, text, sizeof(text));
}

static void append_escape(struct buf *out, unsigned char c)
{
    static const char short_escapes[] = {[8] = 'b', [9] = 't', [10] = 'n', [12] = 'f', [13] = 'r'};

    if (c == '"' || c == '\\') {
        buf_append_byte(out, '\\');
        buf_append_byte(out, (char)c);
    } else if (c < sizeof(short_escapes) && short_escapes[c] != 0) {
        buf_append_byte(out, '\\');
        buf_append_byte(out, short_escapes[c]);
    } else {
        append_unit_escape(out, c);
    }
}

static void append_string(struct buf *out, const char *text, size_t len)
{
    buf_append_byte(out, '"');
    escape_json(text, len, 0, out);
    buf_append_byte(out, '"');
}

void json_text_append_copied_string(struct buf *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    buf_append_byte(out, '"');
    for (size_t i = 0; i < len;) {
        size_t run = i;
        while (i < len && (plain(s[i]) || (s[i] >= 0x80 && s[i] < 0xF0 && !(s[i] == 0xED && s[i + 1] >= 0xA0))))
            i++;
        buf_append(out, text + run, i - run);
        if (i == len)
            break;
        if (s[i] < 0x80) {
            append_escape(out, s[i++]);
        } else if (s[i] == 0xED) {
            append_unit_escape(out, 0xD000u | (s[i + 1] & 0x3Fu) << 6 | (s[i + 2] & 0x3Fu));
            i += 3;
        } else {
            unsigned c = (s[i] & 7u) << 18 | (s[i + 1] & 0x3Fu) << 12 | (s[i + 2] & 0x3Fu) << 6 | (s[i + 3] & 0x3Fu);
            append_unit_escape(out, 0xD800 + ((c - 0x10000) >> 10));
            append_unit_escape(out, 0xDC00 + (c & 0x3FF));
            i += 4;
        }
    }
    buf_append_byte(out, '"');
}

/* --- values ------------------------------------------------------------------------------------------------------ */

static void append_base64(struct buf *out, struct str value)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *s = (const unsigned char *)value.data;

    for (size_t i = 0; i < value.len; i += 3) {
        size_t n = value.len - i < 3 ? value.len - i : 3;
        uint32_t bits = (uint32_t)s[i] << 16 | (n > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (n > 2 ? s[i + 2] : 0);
        char text[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63], n > 1 ? alphabet[bits >> 6 & 63] : '=',
                        n > 2 ? alphabet[bits & 63] : '='};
        buf_append(out, text, sizeof(text));
    }
}

static void append_double(struct buf *out, double value)
{
    bool quoted = !isfinite(value);

    if (quoted)
        buf_append_byte(out, '"');
    number_append_double(out, value);
    if (quoted)
        buf_append_byte(out, '"');
}

static void append_fields(struct buf *out, const struct type *type, const struct vector *fields, size_t row,
                          const struct zone *zone)
{
    bool first = true;

    buf_append_byte(out, '{');
    for (size_t i = 0; i < type->nfields; i++) {
        if (vector_is_null(&fields[i], row))
            continue;
        if (!first)
            buf_append_byte(out, ',');
        first = false;
        append_string(out, type->fields[i].name, strlen(type->fields[i].name));
        buf_append_byte(out, ':');
        json_text_append_value(out, &fields[i], row, zone);
    }
    buf_append_byte(out, '}');
}

void json_text_append_value(struct buf *out, const struct vector *vector, size_t row, const struct zone *zone)
{
    if (vector_is_null(vector, row)) {
        buf_append_text(out, "null");
        return;
    }
    row = vector_row(vector, row);
    switch (vector->type->id) {
    case TYPE_NULL:
        buf_append_text(out, "null");
        break;
    case TYPE_BOOLEAN:
        buf_append_text(out, vector->data.boolean[row] ? "true" : "false");
        break;
    case TYPE_INT:
        buf_append_i64(out, vector->data.i32[row]);
        break;
    case TYPE_BIGINT:
        buf_append_i64(out, vector->data.i64[row]);
        break;
    case TYPE_DOUBLE:
        append_double(out, vector->data.f64[row]);
        break;
    case TYPE_STRING:
        append_string(out, vector->data.str[row].data, vector->data.str[row].len);
        break;
    case TYPE_TIMESTAMP:
        buf_append_byte(out, '"');
        timestamp_iso_text(vector->data.i64[row], zone, out);
        buf_append_byte(out, '"');
        break;
    case TYPE_DATE:
        buf_append_byte(out, '"');
        timestamp_date_text(vector->data.i32[row], out);
        buf_append_byte(out, '"');
        break;
    case TYPE_BINARY:
        buf_append_byte(out, '"');
        append_base64(out, vector->data.str[row]);
        buf_append_byte(out, '"');
        break;
    case TYPE_STRUCT:
        append_fields(out, vector->type, vector->fields, row, zone);
        break;
    }
}
