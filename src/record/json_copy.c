/* The fast part is copy_string: sixteen bytes are stored to the output unseen and looked at in the same step; what has
 * to be looked at closer (quote, backslash, control character, first byte of a multi-byte sequence) is one comparison,
 * since those above 0x7f are negative as signed bytes. Plain SSE2 is enough (wider registers gained nothing on texts of
 * this length), other processors take the byte-wise loops that also do the ends. */
#include "record/json_copy.h"

#include "json_copy_internal.h"

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Where one call stands. `bad` is set with p at the damage; p == end without it means that more is needed. */
struct cursor {
    const char *p;
    const char *end;
    char *out;
    char line_feed; /* a byte that counts as white space: '\n', or ' ' again in JSON lines */
    const char *bad;
};

static inline bool fail(struct cursor *cursor, const char *reason)
{
    cursor->bad = reason;
    return false;
}

/* --- white space ------------------------------------------------------------------------------------------------- */

/* Step over white space; false at the end of the data. */
static inline bool skip_space(struct cursor *cursor)
{
    const char *p = cursor->p;

#ifdef __SSE2__
    while (cursor->end - p >= 16) {
        if ((unsigned char)*p > ' ') {
            cursor->p = p;
            return true;
        }
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i space = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(' ')), _mm_cmpeq_epi8(x, _mm_set1_epi8(cursor->line_feed))),
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\r')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'))));
        unsigned other = ~(unsigned)_mm_movemask_epi8(space) & 0xffffu;
        if (other != 0) {
            cursor->p = p + __builtin_ctz(other);
            return true;
        }
        p += 16;
    }
#endif
    while (p < cursor->end && (*p == ' ' || *p == cursor->line_feed || *p == '\r' || *p == '\t'))
        p++;
    cursor->p = p;
    return p < cursor->end;
}

/* --- strings ----------------------------------------------------------------------------------------------------- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool copy_escape(struct cursor *cursor)
{
    const char *p = cursor->p;
    size_t len = 2;

    if (cursor->end - p < 2) {
        cursor->p = cursor->end;
        return false;
    }
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        break;
    case 'u':
        for (len = 2; len < 6; len++) {
            if (p + len == cursor->end) {
                cursor->p = cursor->end;
                return false;
            }
            if (!is_hex(p[len])) {
                cursor->p = p + len;
                return fail(cursor, "\\u is not followed by four hexadecimal digits");
            }
        }
        break;
    default:
        cursor->p = p + 1;
        return fail(cursor, "no such escape in a string");
    }
    memcpy(cursor->out, p, len);
    cursor->out += len;
    cursor->p = p + len;
    return true;
}

/* One multi-byte sequence, as table 3-7 of the Unicode standard allows it. */
static bool copy_utf8(struct cursor *cursor)
{
    const unsigned char *p = (const unsigned char *)cursor->p;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        if (p[0] == 0xe0)
            low = 0xa0;
        else if (p[0] == 0xed)
            high = 0x9f;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        if (p[0] == 0xf0)
            low = 0x90;
        else if (p[0] == 0xf4)
            high = 0x8f;
    } else {
        return fail(cursor, "not UTF-8");
    }
    for (size_t i = 1; i < len; i++) {
        if (cursor->p + i == cursor->end) {
            cursor->p = cursor->end;
            return false;
        }
        if (p[i] < low || p[i] > high)
            return fail(cursor, "not UTF-8");
        low = 0x80;
        high = 0xbf;
    }
    memcpy(cursor->out, cursor->p, len);
    cursor->out += len;
    cursor->p += len;
    return true;
}

#ifdef __SSE2__
/* Copy 16 bytes; the bits of those that end a plain stretch of text. */
static inline unsigned copy_block(const char *p, char *out)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);

    _mm_storeu_si128((__m128i *)(void *)out, x);
    return (unsigned)_mm_movemask_epi8(
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))),
                     _mm_cmplt_epi8(x, _mm_set1_epi8(' '))));
}
#endif

/* Copy the rest of a string, whose opening quote was copied. */
static inline bool copy_string(struct cursor *cursor)
{
    const char *p = cursor->p;
    char *out = cursor->out;

    for (;;) {
#ifdef __SSE2__
        unsigned mask = 0;
        while (cursor->end - p >= 16 && (mask = copy_block(p, out)) == 0) {
            p += 16;
            out += 16;
        }
        if (mask != 0) {
            p += __builtin_ctz(mask);
            out += __builtin_ctz(mask);
        }
#endif
        while (p < cursor->end && *p != '"' && *p != '\\' && (signed char)*p >= ' ')
            *out++ = *p++;
        cursor->p = p;
        cursor->out = out;
        if (p == cursor->end)
            return false;
        if (*p == '"') {
            *cursor->out++ = '"';
            cursor->p++;
            return true;
        }
        if (*p == '\\') {
            if (!copy_escape(cursor))
                return false;
        } else if ((unsigned char)*p < ' ') {
            return fail(cursor, "control character in a string");
        } else if (!copy_utf8(cursor)) {
            return false;
        }
        p = cursor->p;
        out = cursor->out;
    }
}

/* --- other scalars ----------------------------------------------------------------------------------------------- */

/* Copy digits; at least one. */
static bool copy_digits(struct cursor *cursor)
{
    const char *begin = cursor->p;

    while (cursor->p < cursor->end && *cursor->p >= '0' && *cursor->p <= '9')
        *cursor->out++ = *cursor->p++;
    if (cursor->p == cursor->end)
        return false;
    if (cursor->p == begin)
        return fail(cursor, "a digit is missing in a number");
    return true;
}

/* A number inside an object is always followed by something, so running into the end means that more is needed. */
static bool copy_number(struct cursor *cursor)
{
    if (*cursor->p == '-')
        *cursor->out++ = *cursor->p++;
    if (cursor->p == cursor->end)
        return false;
    if (*cursor->p == '0') {
        *cursor->out++ = *cursor->p++;
        if (cursor->p == cursor->end)
            return false;
        if (*cursor->p >= '0' && *cursor->p <= '9')
            return fail(cursor, "a number with a leading zero");
    } else if (!copy_digits(cursor)) {
        return false;
    }
    if (*cursor->p == '.') {
        *cursor->out++ = *cursor->p++;
        if (!copy_digits(cursor))
            return false;
    }
    if (*cursor->p == 'e' || *cursor->p == 'E') {
        *cursor->out++ = *cursor->p++;
        if (cursor->p == cursor->end)
            return false;
        if (*cursor->p == '+' || *cursor->p == '-')
            *cursor->out++ = *cursor->p++;
        if (!copy_digits(cursor))
            return false;
    }
    return true;
}

static bool copy_word(struct cursor *cursor, const char *word)
{
    for (; *word != '\0'; word++) {
        if (cursor->p == cursor->end)
            return false;
        if (*cursor->p != *word)
            return fail(cursor, "expected a value");
        *cursor->out++ = *cursor->p++;
    }
    return true;
}

/* --- structure --------------------------------------------------------------------------------------------------- */

/* A key with its colon; p is at the opening quote. */
static inline bool copy_key(struct cursor *cursor)
{
    if (*cursor->p != '"')
        return fail(cursor, "expected a key in double quotes");
    *cursor->out++ = *cursor->p++;
    if (!copy_string(cursor) || !skip_space(cursor))
        return false;
    if (*cursor->p != ':')
        return fail(cursor, "expected ':' after a key");
    cursor->p++;
    *cursor->out++ = ':';
    *cursor->out++ = ' ';
    return true;
}

/* Anything but an object or array. */
static inline bool copy_scalar(struct cursor *cursor)
{
    switch (*cursor->p) {
    case '"':
        *cursor->out++ = *cursor->p++;
        return copy_string(cursor);
    case 't':
        return copy_word(cursor, "true");
    case 'f':
        return copy_word(cursor, "false");
    case 'n':
        return copy_word(cursor, "null");
    default:
        if (*cursor->p == '-' || (*cursor->p >= '0' && *cursor->p <= '9'))
            return copy_number(cursor);
        return fail(cursor, "expected a value");
    }
}

/* The whole object. The stack of open brackets is one bit each: 1 an object, 0 an array. */
static bool copy_object(struct cursor *cursor)
{
    uint64_t objects = 0;
    int depth = 0;

    for (;;) {
        /* at the first byte of a value */
        if (*cursor->p == '{' || *cursor->p == '[') {
            bool object = *cursor->p == '{';
            if (depth == JSON_COPY_DEPTH)
                return fail(cursor, "nested more than 64 deep");
            objects = objects << 1 | (object ? 1 : 0);
            depth++;
            *cursor->out++ = *cursor->p++;
            if (!skip_space(cursor))
                return false;
            if (*cursor->p != (object ? '}' : ']')) {
                if (object && (!copy_key(cursor) || !skip_space(cursor)))
                    return false;
                continue;
            }
        } else if (!copy_scalar(cursor) || !skip_space(cursor)) {
            return false;
        }
        /* behind a value, or at the bracket that closes an empty one */
        while (*cursor->p == '}' || *cursor->p == ']') {
            if (*cursor->p != ((objects & 1) != 0 ? '}' : ']'))
                return fail(cursor, (objects & 1) != 0 ? "expected ',' or '}' after a value"
                                                       : "expected ',' or ']' after a value");
            *cursor->out++ = *cursor->p++;
            objects >>= 1;
            if (--depth == 0)
                return true;
            if (!skip_space(cursor))
                return false;
        }
        if (*cursor->p != ',')
            return fail(cursor,
                        (objects & 1) != 0 ? "expected ',' or '}' after a value" : "expected ',' or ']' after a value");
        cursor->p++;
        *cursor->out++ = ',';
        *cursor->out++ = ' ';
        if (!skip_space(cursor))
            return false;
        if ((objects & 1) != 0 && (!copy_key(cursor) || !skip_space(cursor)))
            return false;
    }
}

/* --- shapes ------------------------------------------------------------------------------------------------------ */

/* Comparing a known piece costs no waiting: the processor goes on behind it while the comparison is still under way,
 * which reading the piece token by token does not allow. It halves the time of a whole file. */

static const char *behind_space(const char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

static bool add_piece(struct json_copy_shape *shape, const char *in, const char *in_end, const char *key,
                      const char *key_end)
{
    struct json_copy_piece *piece = &shape->pieces[shape->npieces];
    struct buf out = BUF_INIT;

    if (shape->npieces == JSON_COPY_PIECES || in_end - in > JSON_COPY_PIECE_BYTES)
        return false;
    if (key == NULL) {
        buf_append_text(&out, "\"}");
    } else {
        buf_append_text(&out, *in == '{' ? "{" : "\", ");
        buf_append(&out, key, (size_t)(key_end - key));
        buf_append_text(&out, ": \"");
    }
    bool fits = !out.failed && out.len <= JSON_COPY_PIECE_BYTES;
    if (fits) {
        piece->in_len = (unsigned)(in_end - in);
        memcpy(piece->in, in, piece->in_len);
        piece->out_len = (unsigned)out.len;
        memcpy(piece->out, out.data, out.len);
        shape->npieces++;
    }
    buf_release(&out);
    return fits;
}

/* Learn the shape of a sound record; it stays unknown if the record is not flat, or its values are no texts. */
static void learn_shape(struct json_copy_shape *shape, const char *data, size_t len)
{
    const char *end = data + len;
    const char *piece = data;
    const char *p = data;

    shape->npieces = 0;
    do {
        const char *key = behind_space(p + 1);
        if (*key != '"')
            goto unfit;
        const char *key_end = json_copy_end_of_string(key + 1, end) + 1;
        const char *value = behind_space(behind_space(key_end) + 1);
        if (*value != '"' || !add_piece(shape, piece, value + 1, key, key_end))
            goto unfit;
        piece = json_copy_end_of_string(value + 1, end);
        p = behind_space(piece + 1);
    } while (*p == ',');
    if (add_piece(shape, piece, p + 1, NULL, NULL))
        return;
unfit:
    shape->npieces = 0;
}

static inline bool is_piece(const struct json_copy_piece *piece, const char *p)
{
#ifdef __SSE2__
    for (unsigned at = 0; at < piece->in_len; at += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + at));
        __m128i y = _mm_loadu_si128((const __m128i *)(const void *)(piece->in + at));
        unsigned differ = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) ^ 0xffffu;
        if (piece->in_len - at < 16)
            differ &= (1u << (piece->in_len - at)) - 1;
        if (differ != 0)
            return false;
    }
    return true;
#else
    return memcmp(p, piece->in, piece->in_len) == 0;
#endif
}

/* Copy a record of the known shape. False: it has another one, is damaged, or too near the end of the data; nothing is
 * lost then but time. */
static bool copy_by_shape(struct cursor *cursor, const struct json_copy_shape *shape)
{
    for (unsigned i = 0;; i++) {
        const struct json_copy_piece *piece = &shape->pieces[i];
        /* room to compare a whole piece in blocks, and to copy it as one */
        if (cursor->end - cursor->p < JSON_COPY_PIECE_BYTES || !is_piece(piece, cursor->p))
            return false;
        memcpy(cursor->out, piece->out, JSON_COPY_PIECE_BYTES);
        cursor->p += piece->in_len;
        cursor->out += piece->out_len;
        if (i + 1 == shape->npieces)
            return true;
        if (!copy_string(cursor))
            return false;
        /* the closing quote belongs to the next piece */
        cursor->p--;
        cursor->out--;
    }
}

/* Records that follow no common shape pay for the attempt only now and then. */
#define SHAPE_MISSES 8
#define SHAPE_PAUSE 512

static bool copy_whole(struct cursor *cursor, struct json_copy_shape *shape)
{
    const struct cursor begin = *cursor;

    if (shape == NULL)
        return copy_object(cursor);
    if (shape->pause > 0) {
        shape->pause--;
        return copy_object(cursor);
    }
    if (shape->npieces > 0 && copy_by_shape(cursor, shape)) {
        shape->misses = 0;
        return true;
    }
    *cursor = begin;
    bool done = copy_object(cursor);
    if (done && cursor->end - cursor->p >= JSON_COPY_PIECE_BYTES) { /* not only too near the end */
        if (++shape->misses == SHAPE_MISSES) {
            shape->misses = 0;
            shape->pause = SHAPE_PAUSE;
        }
        learn_shape(shape, begin.p, (size_t)(cursor->p - begin.p));
    }
    return done;
}

enum json_copy_status json_copy_record(const char *data, size_t len, bool one_line, struct json_copy_shape *shape,
                                       struct buf *out, size_t *used, const char **reason)
{
    struct cursor cursor;
    size_t seen = len < JSON_COPY_MAX_BYTES ? len : JSON_COPY_MAX_BYTES;

    *used = 0;
    *reason = "";
    if (len == 0)
        return JSON_COPY_MORE;
    /* A comma or colon may become two bytes, and blocks and pieces are stored before it is known how much of them
     * counts. */
    if (!buf_reserve(out, 2 * seen + JSON_COPY_PIECE_BYTES))
        return JSON_COPY_NOMEM;
    cursor.p = data;
    cursor.end = data + seen;
    cursor.out = out->data + out->len;
    cursor.line_feed = one_line ? ' ' : '\n';
    cursor.bad = NULL;
    bool done = copy_whole(&cursor, shape);
    *used = (size_t)(cursor.p - data);
    if (done) {
        out->len = (size_t)(cursor.out - out->data);
        return JSON_COPY_DONE;
    }
    if (cursor.bad != NULL) {
        *reason = one_line && *cursor.p == '\n' ? "the line ends inside a record" : cursor.bad;
        return JSON_COPY_BAD;
    }
    if (seen == JSON_COPY_MAX_BYTES) {
        *used = seen;
        *reason = "a record of more than 1 MiB";
        return JSON_COPY_BAD;
    }
    return JSON_COPY_MORE;
}
