/* Looking into records that json_copy_record made: they are known to be sound, and how they are separated is known
 * too. */
#include "record/json_copy.h"

#include "common/escape.h"
#include "json_copy_internal.h"

#include <stdint.h>
#include <string.h>

/* The byte behind the value that begins at p. */
static const char *end_of_value(const char *p, const char *end)
{
    int depth = 0;

    for (;; p++) {
        if (*p == '"')
            p = json_copy_end_of_string(p + 1, end);
        else if (*p == '{' || *p == '[')
            depth++;
        else if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
            return p;
        else if (*p == '}' || *p == ']')
            depth--;
    }
}

static uint32_t hex4(const char *p)
{
    uint32_t code = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t digit = (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
        code = code << 4 | digit;
    }
    return code;
}

/* The text between the quotes [p, end). */
static void append_unescaped(const char *p, const char *end, struct buf *out)
{
    while (p < end) {
        const char *escape = memchr(p, '\\', (size_t)(end - p));
        if (escape == NULL)
            escape = end;
        buf_append(out, p, (size_t)(escape - p));
        p = escape;
        if (p == end)
            return;
        static const char NAMES[] = "bfnrt";
        static const char BYTES[] = "\b\f\n\r\t";
        const char *name = strchr(NAMES, p[1]);
        if (p[1] != 'u') {
            buf_append_byte(out, name != NULL ? BYTES[name - NAMES] : p[1]);
            p += 2;
            continue;
        }
        uint32_t code = hex4(p + 2);
        p += 6;
        if (code >= 0xd800 && code <= 0xdbff && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
            uint32_t low = hex4(p + 2);
            if (low >= 0xdc00 && low <= 0xdfff) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                p += 6;
            }
        }
        char bytes[4];
        buf_append(out, bytes, escape_utf8_put(bytes, code >= 0xd800 && code <= 0xdfff ? 0xfffd : code));
    }
}

static bool key_equals(const char *key, const char *key_end, const char *name, size_t name_len, struct buf *out)
{
    if (memchr(key, '\\', (size_t)(key_end - key)) == NULL)
        return (size_t)(key_end - key) == name_len && memcmp(key, name, name_len) == 0;
    /* out serves as scratch: what is appended here is taken back */
    size_t before = out->len;
    append_unescaped(key, key_end, out);
    bool equal = !out->failed && out->len - before == name_len && memcmp(out->data + before, name, name_len) == 0;
    out->len = before;
    return equal;
}

bool json_copy_member(const char *record, size_t len, const char *name, size_t name_len, struct buf *out)
{
    const char *value = NULL;
    const char *value_end = NULL;
    const char *p = record + 1;
    const char *end = record + len;

    while (p < end && *p == '"') {
        const char *key = p + 1;
        p = json_copy_end_of_string(key, end);
        bool wanted = key_equals(key, p, name, name_len, out);
        p += 3; /* quote, colon, space */
        const char *behind = end_of_value(p, end);
        if (wanted) {
            value = p;
            value_end = behind;
        }
        p = *behind == ',' ? behind + 2 : end;
    }
    if (value == NULL || *value == 'n')
        return false;
    if (*value == '"')
        append_unescaped(value + 1, value_end - 1, out);
    else
        buf_append(out, value, (size_t)(value_end - value));
    return true;
}
