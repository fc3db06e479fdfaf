#include "report/json_writer.h"

#include "common/escape.h"
#include "record/number.h"

#include <math.h>
#include <string.h>

void json_writer_init(struct json_writer *json, struct buf *out)
{
    json->out = out;
    json->comma = false;
}

static void before_value(struct json_writer *json)
{
    if (json->comma)
        buf_append_byte(json->out, ',');
    json->comma = true;
}

void json_writer_begin(struct json_writer *json, char open)
{
    before_value(json);
    buf_append_byte(json->out, open);
    json->comma = false;
}

void json_writer_end(struct json_writer *json, char close)
{
    buf_append_byte(json->out, close);
    json->comma = true;
}

void json_writer_key(struct json_writer *json, const char *key)
{
    before_value(json);
    buf_append_byte(json->out, '"');
    buf_append_text(json->out, key);
    buf_append(json->out, "\":", 2);
    json->comma = false; /* none between key and value */
}

void json_writer_bytes(struct json_writer *json, const char *data, size_t len)
{
    before_value(json);
    buf_append_byte(json->out, '"');
    escape_json(data, len, 0, json->out);
    buf_append_byte(json->out, '"');
}

void json_writer_text(struct json_writer *json, const char *text)
{
    if (text == NULL)
        json_writer_raw(json, NULL);
    else
        json_writer_bytes(json, text, strlen(text));
}

void json_writer_i64(struct json_writer *json, int64_t value)
{
    before_value(json);
    buf_append_i64(json->out, value);
}

void json_writer_double(struct json_writer *json, double value)
{
    if (!isfinite(value)) {
        json_writer_raw(json, NULL);
        return;
    }
    before_value(json);
    number_append_double(json->out, value);
}

void json_writer_bool(struct json_writer *json, bool value)
{
    json_writer_raw(json, value ? "true" : "false");
}

void json_writer_raw(struct json_writer *json, const char *json_text)
{
    before_value(json);
    buf_append_text(json->out, json_text == NULL ? "null" : json_text);
}

void json_writer_key_text(struct json_writer *json, const char *key, const char *text)
{
    json_writer_key(json, key);
    json_writer_text(json, text);
}

void json_writer_key_i64(struct json_writer *json, const char *key, int64_t value)
{
    json_writer_key(json, key);
    json_writer_i64(json, value);
}

void json_writer_key_known(struct json_writer *json, const char *key, int64_t value)
{
    json_writer_key(json, key);
    if (value >= 0)
        json_writer_i64(json, value);
    else
        json_writer_raw(json, NULL);
}

void json_writer_key_double(struct json_writer *json, const char *key, double value)
{
    json_writer_key(json, key);
    json_writer_double(json, value);
}

void json_writer_key_bool(struct json_writer *json, const char *key, bool value)
{
    json_writer_key(json, key);
    json_writer_bool(json, value);
}

/* Jackson's DefaultPrettyPrinter: objects break lines and indent, arrays stay on the line. Nesting beyond 64 levels
 * does not occur in what this module writes. */
void json_writer_pretty(const char *compact, size_t len, struct buf *out)
{
    char open[64];
    size_t depth = 0;   /* of all brackets */
    size_t objects = 0; /* of braces: what indents */

    for (size_t i = 0; i < len; i++) {
        char c = compact[i];
        switch (c) {
        case '"': {
            size_t start = i++;
            while (i < len && compact[i] != '"')
                i += compact[i] == '\\' ? 2 : 1;
            size_t stop = i < len ? i + 1 : len;
            buf_append(out, compact + start, stop - start);
            break;
        }
        case '{':
        case '[':
            buf_append_byte(out, c);
            if (i + 1 < len && (compact[i + 1] == '}' || compact[i + 1] == ']')) {
                buf_append_byte(out, ' ');
                buf_append_byte(out, compact[++i]);
                break;
            }
            if (depth < sizeof(open))
                open[depth] = c;
            depth++;
            if (c == '{') {
                objects++;
                buf_append_byte(out, '\n');
                buf_append_fill(out, ' ', 2 * objects);
            } else {
                buf_append_byte(out, ' ');
            }
            break;
        case '}':
        case ']':
            if (depth > 0)
                depth--;
            if (c == '}') {
                if (objects > 0)
                    objects--;
                buf_append_byte(out, '\n');
                buf_append_fill(out, ' ', 2 * objects);
            } else {
                buf_append_byte(out, ' ');
            }
            buf_append_byte(out, c);
            break;
        case ',':
            buf_append_byte(out, ',');
            if (depth > 0 && depth <= sizeof(open) && open[depth - 1] == '{') {
                buf_append_byte(out, '\n');
                buf_append_fill(out, ' ', 2 * objects);
            } else {
                buf_append_byte(out, ' ');
            }
            break;
        case ':':
            buf_append(out, " : ", 3);
            break;
        default:
            buf_append_byte(out, c);
            break;
        }
    }
}
