#include "datagen/layout.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

int layout_parse(const char *name, enum layout *layout)
{
    static const char *const NAMES[] = {[LAYOUT_JSON] = "json", [LAYOUT_JSONL] = "jsonl", [LAYOUT_CSV] = "csv"};

    for (int i = LAYOUT_JSON; i <= LAYOUT_CSV; i++) {
        if (strcasecmp(name, NAMES[i]) == 0) {
            *layout = (enum layout)i;
            return 0;
        }
    }
    return -1;
}

static void csv_header(struct buf *out)
{
    for (int i = 0; i < CALL_COLUMNS; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        buf_append_text(out, call_csv_name((enum call_column)i));
    }
    buf_append_byte(out, '\n');
}

void layout_begin(enum layout layout, bool any, struct buf *out)
{
    if (layout == LAYOUT_CSV)
        csv_header(out);
    else if (layout == LAYOUT_JSON)
        buf_append_text(out, any ? "[\n" : "[");
}

void layout_separator(enum layout layout, struct buf *out)
{
    buf_append_text(out, layout == LAYOUT_JSON ? ",\n" : "\n");
}

void layout_end(enum layout layout, bool any, struct buf *out)
{
    if (layout == LAYOUT_JSON)
        buf_append_text(out, any ? "\n]\n" : "]\n");
    else if (any)
        buf_append_byte(out, '\n');
}

/* Room was reserved by the caller: two bytes for every byte of text, and what stands around it. */
static char *put_json_text(char *at, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            *at++ = '\\';
        *at++ = text[i];
    }
    return at;
}

static char *put(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

static void json_record(const struct call *call, const struct layout_defects *defects, bool pretty, struct buf *out)
{
    size_t room = 16;

    for (int i = 0; i < CALL_COLUMNS; i++)
        room += 2 * call->column[i].len + 64; /* 64: the name, its quotes, colon and indent */
    if (!buf_reserve(out, room))
        return;
    char *at = out->data + out->len;
    bool first = true;
    at = pretty ? put(at, "    {", 5) : put(at, "{", 1);
    for (int i = 0; i < CALL_COLUMNS; i++) {
        const struct call_text *text = &call->column[i];
        const char *name = call_json_name((enum call_column)i);
        if (defects->omit >> i & 1)
            continue;
        if (!first)
            *at++ = ',';
        if (pretty)
            at = put(at, "\n        ", 9);
        else if (!first)
            *at++ = ' ';
        first = false;
        *at++ = '"';
        at = put(at, name, strlen(name));
        at = put(at, "\": ", 3);
        if (defects->raw >> i & 1) {
            at = put(at, text->data, text->len);
            continue;
        }
        *at++ = '"';
        at = put_json_text(at, text->data, text->len);
        *at++ = '"';
    }
    at = pretty ? put(at, "\n    }", 6) : put(at, "}", 1);
    out->len = (size_t)(at - out->data);
}

static bool is_date_column(int column)
{
    return column == CALL_REPORT_DATE || column == CALL_CALL_DATE || column == CALL_OFFENSE_DATE ||
           column == CALL_CALL_DATE_TIME;
}

static void csv_text(const char *text, size_t len, struct buf *out)
{
    bool quote = false;

    for (size_t i = 0; i < len && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    if (!quote) {
        buf_append(out, text, len);
        return;
    }
    buf_append_byte(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            buf_append_byte(out, '"');
        buf_append_byte(out, text[i]);
    }
    buf_append_byte(out, '"');
}

static void csv_record(const struct call *call, const struct layout_defects *defects, struct buf *out)
{
    bool first = true;

    for (int i = 0; i < CALL_COLUMNS; i++) {
        const struct call_text *text = &call->column[i];
        size_t len = text->len;
        if (defects->omit >> i & 1)
            continue;
        if (!first)
            buf_append_byte(out, ',');
        first = false;
        if (defects->raw >> i & 1) {
            buf_append(out, text->data, len);
            continue;
        }
        if (is_date_column(i) && len == 23)
            len = 19; /* without .000 */
        csv_text(text->data, len, out);
    }
}

void layout_record(enum layout layout, const struct call *call, const struct layout_defects *defects, struct buf *out)
{
    if (layout == LAYOUT_CSV)
        csv_record(call, defects, out);
    else
        json_record(call, defects, layout == LAYOUT_JSON, out);
}
