#include "common/escape.h"

#include <string.h>

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */

/* Well-formed sequences, Unicode table 3-7: the second byte's range depends on the first. */
size_t escape_utf8_next(const char *text, size_t len, uint32_t *code)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xbf;
    size_t need;
    uint32_t value;

    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    *code = ESCAPE_MALFORMED;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        need = 2;
        value = p[0] & 0x1fu;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        need = 3;
        value = p[0] & 0x0fu;
        if (p[0] == 0xe0)
            low = 0xa0;
        /* a surrogate's two bytes ED A0..BF: Java's decoder takes the three bytes as one malformed sequence */
        if (p[0] == 0xed && len >= 2 && p[1] >= 0xa0 && p[1] <= 0xbf)
            return len >= 3 && (p[2] & 0xc0) == 0x80 ? 3 : 2;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        need = 4;
        value = p[0] & 0x07u;
        if (p[0] == 0xf0)
            low = 0x90;
        if (p[0] == 0xf4)
            high = 0x8f;
    } else {
        return 1;
    }
    for (size_t i = 1; i < need; i++) {
        if (i == len || p[i] < low || p[i] > high)
            return i;
        value = value << 6 | (p[i] & 0x3fu);
        low = 0x80;
        high = 0xbf;
    }
    *code = value;
    return need;
}

bool escape_utf8_valid(const char *text, size_t len)
{
    uint32_t code;

    for (size_t i = 0; i < len;) {
        i += escape_utf8_next(text + i, len - i, &code);
        if (code == ESCAPE_MALFORMED)
            return false;
    }
    return true;
}

void escape_utf8_repair(const char *text, size_t len, struct buf *out)
{
    size_t start = 0;
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t n = escape_utf8_next(text + i, len - i, &code);
        if (code == ESCAPE_MALFORMED) {
            buf_append(out, text + start, i - start);
            buf_append_text(out, REPLACEMENT);
            start = i + n;
        }
        i += n;
    }
    if (start < len)
        buf_append(out, text + start, len - start);
}

static bool is_bidi(uint32_t code)
{
    return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029 || is_bidi(code);
}

void escape_visible(const char *text, size_t len, int flags, struct buf *out)
{
    size_t start = 0; /* of what is copied as it is */
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t n = escape_utf8_next(text + i, len - i, &code);
        bool as_is = code != ESCAPE_MALFORMED && !is_control(code);
        if (code == '\n' && (flags & ESCAPE_KEEP_LINE_FEEDS))
            as_is = true;
        if (as_is) {
            i += n;
            continue;
        }
        if (start < i)
            buf_append(out, text + start, i - start);
        if (code == ESCAPE_MALFORMED) {
            for (size_t k = 0; k < n; k++)
                buf_printf(out, "\\x%02X", (unsigned)(unsigned char)text[i + k]);
        } else if (code == '\n') {
            buf_append_text(out, "\\n");
        } else if (code == '\r') {
            buf_append_text(out, "\\r");
        } else if (code == '\t') {
            buf_append_text(out, "\\t");
        } else if (code < 0x80) {
            buf_printf(out, "\\x%02x", (unsigned)code);
        } else {
            buf_printf(out, "\\u%04x", (unsigned)code);
        }
        i += n;
        start = i;
    }
    if (start < len)
        buf_append(out, text + start, len - start);
}

static const char *entity(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void escape_html(const char *text, size_t len, struct buf *out)
{
    size_t start = 0;
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t n = escape_utf8_next(text + i, len - i, &code);
        const char *name = entity(code);
        bool blank = code == '\n' || code == '\r' || code == '\t';
        if (name == NULL && code != ESCAPE_MALFORMED && (blank || !is_control(code))) {
            i += n;
            continue;
        }
        if (start < i)
            buf_append(out, text + start, i - start);
        if (name != NULL)
            buf_append_text(out, name);
        else if (code != ESCAPE_MALFORMED && code >= 0xa0)
            buf_printf(out, "\\u%04x", (unsigned)code);
        else
            buf_append_text(out, REPLACEMENT);
        i += n;
        start = i;
    }
    if (start < len)
        buf_append(out, text + start, len - start);
}

static char short_escape(uint32_t code)
{
    switch (code) {
    case '"':
        return '"';
    case '\\':
        return '\\';
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return '\0';
    }
}

void escape_json(const char *text, size_t len, int flags, struct buf *out)
{
    size_t start = 0;
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t n = escape_utf8_next(text + i, len - i, &code);
        char letter = short_escape(code);
        bool numbered = code < 0x20 || ((flags & ESCAPE_JSON_FOR_HTML) && (code == '<' || code == '>' || code == '&' ||
                                                                           code == 0x2028 || code == 0x2029));
        if (letter == '\0' && !numbered && code != ESCAPE_MALFORMED) {
            i += n;
            continue;
        }
        if (start < i)
            buf_append(out, text + start, i - start);
        if (letter != '\0') {
            buf_append_byte(out, '\\');
            buf_append_byte(out, letter);
        } else if (code == ESCAPE_MALFORMED) {
            buf_append_text(out, REPLACEMENT);
        } else {
            buf_printf(out, "\\u%04X", (unsigned)code);
        }
        i += n;
        start = i;
    }
    if (start < len)
        buf_append(out, text + start, len - start);
}

void escape_json_string(const char *text_or_null, struct buf *out)
{
    if (text_or_null == NULL) {
        buf_append_text(out, "null");
        return;
    }
    buf_append_byte(out, '"');
    escape_json(text_or_null, strlen(text_or_null), 0, out);
    buf_append_byte(out, '"');
}
