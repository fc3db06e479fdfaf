/* The scanning primitives that json_scan.c and json_shape.c share. All stay within [p, end) and answer NULL for
 * whatever is not plain, sound JSON in UTF-8: the record then goes the slow way, which decides what it is.
 */
#ifndef RECORD_JSON_SCAN_INTERNAL_H
#define RECORD_JSON_SCAN_INTERNAL_H

#include "common/escape.h"
#include "json_decode_internal.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A plain text piece: what may stand in quotes without a closer look. */
static inline bool json_scan_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Over a backslash escape or non-ASCII characters at p; NULL if they are not sound. */
const char *json_scan_odd(const char *p, const char *end, bool *escaped);

/* The closing quote of a text that begins at p. *escaped is set (never cleared) when there are backslashes. */
static inline const char *json_scan_text(const char *p, const char *end, bool *escaped)
{
    for (;;) {
#ifdef __SSE2__
        const __m128i quote = _mm_set1_epi8('"');
        const __m128i backslash = _mm_set1_epi8('\\');
        const __m128i space = _mm_set1_epi8(0x20);
        while (end - p >= 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
            /* compared as signed: bytes from 0x80 on are below 0x20 too */
            __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, backslash)),
                                        _mm_cmplt_epi8(x, space));
            unsigned mask = (unsigned)_mm_movemask_epi8(stop);
            if (mask != 0) {
                p += __builtin_ctz(mask);
                goto stopped;
            }
            p += 16;
        }
#endif
        while (p < end && json_scan_plain((unsigned char)*p))
            p++;
        if (p == end)
            return NULL;
#ifdef __SSE2__
    stopped:
#endif
        if (*p == '"')
            return p;
        p = json_scan_odd(p, end, escaped);
        if (p == NULL)
            return NULL;
    }
}

static inline const char *json_scan_blanks(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* What became of the wanted values of a record so far. */
struct json_scan {
    struct json_decoder *decoder;
    const char *end;
    struct vector *columns;
    size_t row;
    struct arena *arena;
    bool no_memory;
};

/* Store the text [p, quote) into a wanted column. False: surprise or no memory. */
bool json_scan_store(struct json_scan *scan, int32_t column, const char *p, const char *quote, bool escaped);

/* Over the value at p, which is stored if column is wanted. NULL: surprise or no memory. */
const char *json_scan_value(struct json_scan *scan, const char *p, int32_t column);

/* Where the values of a record lay: what a shape is learned from. */
#define JSON_TRACE_FIELDS 128
struct json_trace {
    bool usable;
    size_t nfields;
    size_t record_len; /* up to and with the closing brace */
    struct {
        uint32_t start; /* of the value, behind its opening quote if it is a text */
        uint32_t end;
        int32_t column;
        bool text;
    } fields[JSON_TRACE_FIELDS];
};

enum json_scan_result { JSON_SCAN_DONE, JSON_SCAN_SURPRISE, JSON_SCAN_NOMEM };

/* A whole record; trace may be NULL. Columns that do not occur are left alone. */
enum json_scan_result json_scan_record(struct json_scan *scan, const char *data, struct json_trace *trace);

/* The same by a shape learned earlier (SURPRISE: none fits), and learning from a record that was scanned. */
struct json_shapes *json_shape_new(void);
void json_shape_free(struct json_shapes *shapes);
enum json_scan_result json_shape_record(struct json_shapes *shapes, struct json_scan *scan, const char *data);
/* Whether the next scan should be traced and learned from. */
bool json_shape_curious(const struct json_shapes *shapes);
/* Where that scan notes its fields: kept here, because 2 KiB on the stack of every record would be cleared every
 * time. */
struct json_trace *json_shape_trace(struct json_shapes *shapes);
void json_shape_learn(struct json_shapes *shapes, const char *data);

#endif
