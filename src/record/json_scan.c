/* The quick way through a record: one pass, wanted values straight into their columns, everything else checked and
 * skipped. Whatever is out of the ordinary is a "surprise" and left to json_slow.c: errors, single quotes, escapes in
 * keys, NaN, bytes that are not UTF-8, a wanted value that is no text, whole number or word, depth beyond 60, and the
 * very long.
 *
 * So this scanner accepts a subset of what Spark accepts and must agree with json_slow.c on it; tests compare the
 * two. */
#include "json_scan_internal.h"

#define DEEPEST 60
#define LONGEST_NUMBER 512
#define LONGEST_KEY 4096

/* --- texts ------------------------------------------------------------------------------------------------------- */

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits at p, or -1. */
static int read_unit(const char *p, const char *end)
{
    int unit = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value((unsigned char)p[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

const char *json_scan_odd(const char *p, const char *end, bool *escaped)
{
    uint32_t code;

    if (*p == '\\') {
        *escaped = true;
        if (end - p < 2)
            return NULL;
        switch (p[1]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
        case '\'':
            return p + 2;
        case 'u':
            return read_unit(p + 2, end) >= 0 ? p + 6 : NULL;
        default:
            return NULL;
        }
    }
    if ((unsigned char)*p < 0x80)
        return NULL; /* a control character */
    while (p < end && (unsigned char)*p >= 0x80) {
        size_t n = escape_utf8_next(p, (size_t)(end - p), &code);
        if (code == ESCAPE_MALFORMED)
            return NULL;
        p += n;
    }
    return p;
}

/* A checked text without its escapes; never longer than it was. A lone surrogate becomes '?'. Returns the length. */
static size_t unescape(char *to, const char *p, const char *end)
{
    char *start = to;

    while (p < end) {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        char c = p[1];
        p += 2;
        switch (c) {
        case 'b':
            *to++ = '\b';
            break;
        case 'f':
            *to++ = '\f';
            break;
        case 'n':
            *to++ = '\n';
            break;
        case 'r':
            *to++ = '\r';
            break;
        case 't':
            *to++ = '\t';
            break;
        case 'u': {
            int unit = read_unit(p, end);
            p += 4;
            if (unit < 0xD800 || unit > 0xDFFF) {
                to += escape_utf8_put(to, (uint32_t)unit);
                break;
            }
            int low = unit < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? read_unit(p + 2, end) : -1;
            if (low >= 0xDC00 && low <= 0xDFFF) {
                to += escape_utf8_put(to, 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00));
                p += 6;
            } else {
                *to++ = '?';
            }
            break;
        }
        default:
            *to++ = c;
        }
    }
    return (size_t)(to - start);
}

static bool accept(struct json_scan *scan, int32_t column, enum json_value_result result)
{
    if (result == JSON_VALUE_INVALID)
        json_note_invalid(scan->decoder, column);
    else if (result == JSON_VALUE_NOMEM)
        scan->no_memory = true;
    return !scan->no_memory;
}

bool json_scan_store(struct json_scan *scan, int32_t column, const char *p, const char *quote, bool escaped)
{
    enum type_id type = scan->decoder->columns[column].type;
    struct vector *vector = &scan->columns[column];
    size_t len = (size_t)(quote - p);

    if (!escaped)
        return accept(scan, column, json_value_text(scan->decoder, type, vector, scan->row, p, len, scan->arena));
    char *text = arena_bytes(scan->arena, len);
    if (text == NULL)
        return accept(scan, column, JSON_VALUE_NOMEM);
    size_t n = unescape(text, p, quote);
    if (type == TYPE_STRING) {
        arena_trim(scan->arena, len - n);
        vector->data.str[scan->row] = (struct str){text, (uint32_t)n};
        vector->nulls[scan->row] = 0;
        return true;
    }
    arena_trim(scan->arena, len); /* the piece stays readable until the next is given out; only STRING takes one */
    return accept(scan, column, json_value_text(scan->decoder, type, vector, scan->row, text, n, scan->arena));
}

/* --- other values ------------------------------------------------------------------------------------------------ */

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static const char *scan_digits(const char *p, const char *end)
{
    while (is_digit(p, end))
        p++;
    return p;
}

/* Behind a number in JSON's grammar; NULL if there is none. */
static const char *scan_number(const char *p, const char *end, bool *is_float)
{
    const char *start = p;

    *is_float = false;
    if (*p == '-')
        p++;
    if (!is_digit(p, end))
        return NULL;
    p = *p == '0' ? p + 1 : scan_digits(p, end);
    if (p < end && *p == '.') {
        *is_float = true;
        if (!is_digit(++p, end))
            return NULL;
        p = scan_digits(p, end);
    }
    if (p < end && (*p | 0x20) == 'e') {
        *is_float = true;
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit(p, end))
            return NULL;
        p = scan_digits(p, end);
    }
    return p - start > LONGEST_NUMBER || is_digit(p, end) ? NULL : p;
}

static const char *scan_word(const char *p, const char *end, const char *word, size_t len)
{
    return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

/* Behind true, false or null at p. */
static const char *scan_any_word(const char *p, const char *end)
{
    switch (*p) {
    case 't':
        return scan_word(p, end, "true", 4);
    case 'f':
        return scan_word(p, end, "false", 5);
    case 'n':
        return scan_word(p, end, "null", 4);
    default:
        return NULL;
    }
}

/* Over an object or array that nobody wants. */
static const char *skip_nested(const char *p, const char *end)
{
    uint64_t objects = 0; /* bit 0: the innermost level is an object */
    int depth = 0;
    bool escaped = false;
    bool is_float;

    for (;;) { /* p is at a value */
        if (p == end)
            return NULL;
        bool opened = *p == '{' || *p == '[';
        if (opened) {
            if (++depth > DEEPEST)
                return NULL;
            objects = objects << 1 | (*p == '{');
            p = json_scan_blanks(p + 1, end);
        } else if (*p == '"') {
            p = json_scan_text(p + 1, end, &escaped);
            if (p != NULL)
                p++;
        } else if (*p == '-' || is_digit(p, end)) {
            p = scan_number(p, end, &is_float);
        } else {
            p = scan_any_word(p, end);
        }
        if (p == NULL)
            return NULL;
        /* close what closes here, then on to the next value */
        for (;; opened = false) {
            p = json_scan_blanks(p, end);
            if (p == end)
                return NULL;
            if (*p == ((objects & 1) != 0 ? '}' : ']')) {
                p++;
                objects >>= 1;
                if (--depth == 0)
                    return p;
                continue;
            }
            break;
        }
        if (!opened) {
            if (*p != ',')
                return NULL;
            p = json_scan_blanks(p + 1, end);
        }
        if ((objects & 1) != 0) {
            if (p == end || *p != '"')
                return NULL;
            const char *key = p + 1;
            p = json_scan_text(key, end, &escaped);
            if (p == NULL || p - key > LONGEST_KEY)
                return NULL;
            p = json_scan_blanks(p + 1, end);
            if (p == end || *p != ':')
                return NULL;
            p = json_scan_blanks(p + 1, end);
        }
    }
}

static bool store_number(struct json_scan *scan, int32_t column, const char *p, size_t len, bool is_float)
{
    enum type_id type = scan->decoder->columns[column].type;
    struct vector *vector = &scan->columns[column];

    if (type != TYPE_STRING)
        return accept(scan, column, json_value_number(scan->decoder, type, vector, scan->row, p, len, is_float));
    if (is_float || (len == 2 && p[0] == '-' && p[1] == '0'))
        return false; /* its text changes: the slow way writes it */
    return accept(scan, column, json_value_text(scan->decoder, type, vector, scan->row, p, len, scan->arena));
}

static bool store_word(struct json_scan *scan, int32_t column, const char *p, size_t len)
{
    enum type_id type = scan->decoder->columns[column].type;
    struct vector *vector = &scan->columns[column];

    if (*p == 'n') {
        vector->nulls[scan->row] = 1;
        return true;
    }
    if (type == TYPE_STRING)
        return accept(scan, column, json_value_text(scan->decoder, type, vector, scan->row, p, len, scan->arena));
    if (type != TYPE_BOOLEAN)
        return accept(scan, column, JSON_VALUE_INVALID);
    vector->data.boolean[scan->row] = *p == 't';
    vector->nulls[scan->row] = 0;
    return true;
}

const char *json_scan_value(struct json_scan *scan, const char *p, int32_t column)
{
    const char *end = scan->end;
    const char *start = p;
    bool is_float;
    bool escaped = false;

    if (p == end)
        return NULL;
    if (*p == '"') {
        p = json_scan_text(p + 1, end, &escaped);
        if (p == NULL || (column != JSON_NO_COLUMN && !json_scan_store(scan, column, start + 1, p, escaped)))
            return NULL;
        return p + 1;
    }
    if (*p == '-' || is_digit(p, end)) {
        p = scan_number(p, end, &is_float);
        if (p != NULL && column != JSON_NO_COLUMN && !store_number(scan, column, start, (size_t)(p - start), is_float))
            return NULL;
        return p;
    }
    if (*p == '{' || *p == '[')
        return column == JSON_NO_COLUMN ? skip_nested(p, end) : NULL;
    p = scan_any_word(p, end);
    if (p != NULL && column != JSON_NO_COLUMN && !store_word(scan, column, start, (size_t)(p - start)))
        return NULL;
    return p;
}

/* --- the record -------------------------------------------------------------------------------------------------- */

static void note_field(struct json_trace *trace, const char *data, const char *start, const char *p, int32_t column)
{
    bool text = *start == '"';

    if (trace->nfields == JSON_TRACE_FIELDS) {
        trace->usable = false;
        return;
    }
    trace->fields[trace->nfields].start = (uint32_t)(start - data) + text;
    trace->fields[trace->nfields].end = (uint32_t)(p - data) - text;
    trace->fields[trace->nfields].column = column;
    trace->fields[trace->nfields].text = text;
    trace->nfields++;
}

enum json_scan_result json_scan_record(struct json_scan *scan, const char *data, struct json_trace *trace)
{
    const char *end = scan->end;
    const char *p = json_scan_blanks(data, end);
    bool escaped = false;

    if (trace != NULL) {
        trace->usable = true;
        trace->nfields = 0;
    }
    if (p == end || *p != '{')
        return JSON_SCAN_SURPRISE;
    p = json_scan_blanks(p + 1, end);
    if (p < end && *p == '}')
        goto done;
    for (;;) {
        if (p == end || *p != '"')
            return JSON_SCAN_SURPRISE;
        const char *key = p + 1;
        p = json_scan_text(key, end, &escaped);
        if (p == NULL || escaped || p - key > LONGEST_KEY)
            return JSON_SCAN_SURPRISE;
        int32_t column = json_column_find(scan->decoder, key, (size_t)(p - key));
        p = json_scan_blanks(p + 1, end);
        if (p == end || *p != ':')
            return JSON_SCAN_SURPRISE;
        p = json_scan_blanks(p + 1, end);
        const char *start = p;
        if (column == JSON_NO_COLUMN && p < end && *p == '"') {
            /* most of most records: a text that nobody wants */
            p = json_scan_text(p + 1, end, &escaped);
            if (p != NULL)
                p++;
            escaped = false;
        } else {
            p = json_scan_value(scan, p, column);
        }
        if (p == NULL)
            return scan->no_memory ? JSON_SCAN_NOMEM : JSON_SCAN_SURPRISE;
        if (trace != NULL)
            note_field(trace, data, start, p, column);
        p = json_scan_blanks(p, end);
        if (p == end)
            return JSON_SCAN_SURPRISE;
        if (*p == '}')
            break;
        if (*p != ',')
            return JSON_SCAN_SURPRISE;
        p = json_scan_blanks(p + 1, end);
    }

done:
    if (trace != NULL)
        trace->record_len = (size_t)(p + 1 - data);
    return JSON_SCAN_DONE;
}
