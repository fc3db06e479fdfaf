/* Text from outside made safe for where it goes: terminals, logs, HTML, JSON. Any thread; nothing is kept.
 *
 * "Text" is bytes that should be UTF-8 and may not be. All functions append to out and never fail by themselves
 * (see buf.h for memory).
 */
#ifndef COMMON_ESCAPE_H
#define COMMON_ESCAPE_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One code point of UTF-8 at text[0..len), len >= 1. Returns the bytes it takes and sets *code; for malformed bytes the
 * length of the maximal subpart (Unicode 3.9, as Java replaces it: ED A0 BD is one, C0 80 two) and *code =
 * ESCAPE_MALFORMED. */
size_t escape_utf8_next(const char *text, size_t len, uint32_t *code);
#define ESCAPE_MALFORMED UINT32_MAX

/* Write one code point as UTF-8: one to four bytes, returns how many. A surrogate takes three, as any other below
 * U+10000: what becomes of lone ones is the caller's. */
static inline size_t escape_utf8_put(char bytes[4], uint32_t code)
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | code >> 18);
    bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* True when all of it is well-formed UTF-8. */
bool escape_utf8_valid(const char *text, size_t len);

/* Append text with one U+FFFD for each malformed subpart. */
void escape_utf8_repair(const char *text, size_t len, struct buf *out);

enum { ESCAPE_KEEP_LINE_FEEDS = 1 };

/* For a terminal or a log line: code points that could fool a terminal or a reader (C0, DEL, C1, line and paragraph
 * separators, bidirectional marks, embeddings, overrides and isolates) become visible (\n, \t, \x1b, \u202e), malformed
 * bytes \xE9 each. A backslash stays as it is: this is for safety, not to be read back. flags: 0 or
 * ESCAPE_KEEP_LINE_FEEDS. */
void escape_visible(const char *text, size_t len, int flags, struct buf *out);

/* For HTML text and double-quoted attributes: & < > " ' as entities, malformed bytes as U+FFFD, other C0 and C1 (which
 * HTML forbids) as U+FFFD too, bidirectional controls visible as in escape_visible. */
void escape_html(const char *text, size_t len, struct buf *out);

enum { ESCAPE_JSON_FOR_HTML = 1 };

/* The inside of a JSON string (no quotes around): " and \ with a backslash, \b \f \n \r \t, other C0 as \u001B, as
 * Jackson writes them; malformed bytes as U+FFFD. ESCAPE_JSON_FOR_HTML: also < > & U+2028 U+2029 as \u003C. */
void escape_json(const char *text, size_t len, int flags, struct buf *out);
/* The same with quotes around; NULL text gives null. */
void escape_json_string(const char *text_or_null, struct buf *out);

#endif
