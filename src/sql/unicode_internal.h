/* UTF-8 as Spark's UTF8String reads it, and Unicode's case mappings (with SpecialCasing and the final sigma). */
#ifndef SQL_UNICODE_INTERNAL_H
#define SQL_UNICODE_INTERNAL_H

#include "common/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins with this byte, going by the byte alone; a byte that begins none is a character of
 * its own. */
static inline size_t unicode_width(unsigned char first)
{
    if (first < 0xC2 || first > 0xF4)
        return 1;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Bytes of the character at text[at] (at < len), cut at the end. */
static inline size_t unicode_step(const char *text, size_t len, size_t at)
{
    size_t width = unicode_width((unsigned char)text[at]);

    return width <= len - at ? width : len - at;
}

/* Characters in the text. */
size_t unicode_count(const char *text, size_t len);

/* Byte offset of the character number `index`, or len past the end. */
size_t unicode_offset(const char *text, size_t len, size_t index);

/* The code point at text[at]; U+FFFD and a step of one byte where that begins no sound one. */
uint32_t unicode_decode(const char *text, size_t len, size_t at, size_t *step);
void unicode_append(struct buf *out, uint32_t point);

void unicode_upper(const char *text, size_t len, struct buf *out);
void unicode_lower(const char *text, size_t len, struct buf *out);
/* The first letter of every word in title case, the others in lower case; words end at spaces (U+0020). */
void unicode_initcap(const char *text, size_t len, struct buf *out);

#endif
