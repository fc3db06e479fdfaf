/* Records of one producer look alike: the same keys in the same order with the same blanks. A shape is what stands
 * between the values of such a record; while the next record's bytes are equal to it, its keys need no look-up and its
 * syntax no check, only the texts do. Anything else ends the attempt, and the record is scanned from its beginning in
 * the usual way.
 *
 * A few shapes are kept. They are learned from records that were scanned without surprise; when records never fit, both
 * trying and learning are cut down, so that varied records cost little more than without shapes.
 */
#include "json_scan_internal.h"

#include <stdlib.h>

#define SHAPES 4
#define LONGEST_LITERALS 8192
/* After so many misses in a row shapes are tried and learned only now and then. */
#define PATIENCE 64
#define NOW_AND_THEN 32

struct field {
    uint32_t literal; /* what stands before the value: its place in literals */
    uint32_t literal_len;
    int32_t column;
    bool text; /* a value in quotes; the literal ends with the opening one, the next begins with the closing one */
};

struct shape {
    size_t nfields; /* 0: free. The last field has no value: the end of the record */
    struct field fields[JSON_TRACE_FIELDS + 1];
    size_t literals_len;
    char literals[LONGEST_LITERALS + 16]; /* 16 more: they are read in blocks */
};

struct json_shapes {
    size_t last;   /* the shape that fitted last is tried first */
    size_t oldest; /* the next to be replaced */
    unsigned misses;
    struct shape shapes[SHAPES];
    struct json_trace trace;
};

struct json_shapes *json_shape_new(void)
{
    return calloc(1, sizeof(struct json_shapes));
}

void json_shape_free(struct json_shapes *shapes)
{
    free(shapes);
}

/* Whether the record's bytes at p are the literal. */
static inline bool same(const char *p, const char *end, const char *literal, size_t len)
{
    if ((size_t)(end - p) < len)
        return false;
#ifdef __SSE2__
    while (end - p >= 16) {
        __m128i differs = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p),
                                         _mm_loadu_si128((const __m128i *)(const void *)literal));
        unsigned equal = (unsigned)_mm_movemask_epi8(differs);
        if (len <= 16)
            return (~equal & ((1u << len) - 1)) == 0;
        if (equal != 0xFFFF)
            return false;
        p += 16;
        literal += 16;
        len -= 16;
    }
#endif
    return memcmp(p, literal, len) == 0;
}

/* Store a plain text into a STRING column: short texts in blocks, where both sides have the room. */
static inline bool store_string(struct json_scan *scan, struct vector *vector, const char *p, size_t len)
{
    struct arena *arena = scan->arena;
    char *to = arena->next;

#ifdef __SSE2__
    size_t blocks = (len + 15) & ~(size_t)15;
    if (to != NULL && (size_t)(arena->end - to) >= blocks && (size_t)(scan->end - p) >= blocks) {
        for (size_t i = 0; i < blocks; i += 16)
            _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_loadu_si128((const __m128i *)(const void *)(p + i)));
        arena->next = to + len;
    } else
#endif
    {
        to = arena_copy(arena, p, len);
        if (to == NULL) {
            scan->no_memory = true;
            return false;
        }
    }
    vector->data.str[scan->row] = (struct str){to, (uint32_t)len};
    vector->nulls[scan->row] = 0;
    return true;
}

static bool follow(const struct shape *shape, struct json_scan *scan, const char *p)
{
    const char *end = scan->end;
    const struct field *last = &shape->fields[shape->nfields - 1];

    for (const struct field *field = shape->fields;; field++) {
        if (!same(p, end, shape->literals + field->literal, field->literal_len))
            return false;
        p += field->literal_len;
        if (field == last)
            return true;
        if (!field->text) {
            p = json_scan_value(scan, p, field->column);
            if (p == NULL)
                return false;
            continue;
        }
        bool escaped = false;
        const char *quote = json_scan_text(p, end, &escaped);
        if (quote == NULL)
            return false;
        if (field->column != JSON_NO_COLUMN) {
            if (!escaped && scan->decoder->columns[field->column].type == TYPE_STRING) {
                if (!store_string(scan, &scan->columns[field->column], p, (size_t)(quote - p)))
                    return false;
            } else if (!json_scan_store(scan, field->column, p, quote, escaped)) {
                return false;
            }
        }
        p = quote;
    }
}

enum json_scan_result json_shape_record(struct json_shapes *shapes, struct json_scan *scan, const char *data)
{
    if (shapes->misses >= PATIENCE && shapes->misses % NOW_AND_THEN != 0) {
        shapes->misses++;
        return JSON_SCAN_SURPRISE;
    }
    for (size_t i = 0; i < SHAPES; i++) {
        size_t n = (shapes->last + i) % SHAPES;
        if (shapes->shapes[n].nfields == 0)
            continue;
        if (follow(&shapes->shapes[n], scan, data)) {
            shapes->last = n;
            shapes->misses = 0;
            return JSON_SCAN_DONE;
        }
        if (scan->no_memory)
            return JSON_SCAN_NOMEM;
        scan->decoder->error_column = JSON_NO_COLUMN;
    }
    shapes->misses++;
    return JSON_SCAN_SURPRISE;
}

bool json_shape_curious(const struct json_shapes *shapes)
{
    return shapes->misses <= PATIENCE || shapes->misses % NOW_AND_THEN == 0;
}

static bool add_literal(struct shape *shape, const char *data, size_t len, int32_t column, bool text)
{
    struct field *field = &shape->fields[shape->nfields];

    if (len > LONGEST_LITERALS - shape->literals_len)
        return false;
    memcpy(shape->literals + shape->literals_len, data, len);
    *field = (struct field){(uint32_t)shape->literals_len, (uint32_t)len, column, text};
    shape->literals_len += len;
    shape->nfields++;
    return true;
}

struct json_trace *json_shape_trace(struct json_shapes *shapes)
{
    return &shapes->trace;
}

void json_shape_learn(struct json_shapes *shapes, const char *data)
{
    const struct json_trace *trace = &shapes->trace;
    struct shape *shape = &shapes->shapes[shapes->oldest];
    size_t at = 0;

    if (!trace->usable)
        return;
    shape->nfields = 0;
    shape->literals_len = 0;
    for (size_t i = 0; i < trace->nfields; i++) {
        if (!add_literal(shape, data + at, trace->fields[i].start - at, trace->fields[i].column, trace->fields[i].text))
            goto fail;
        at = trace->fields[i].end;
    }
    if (!add_literal(shape, data + at, trace->record_len - at, JSON_NO_COLUMN, false))
        goto fail;
    shapes->last = shapes->oldest;
    shapes->oldest = (shapes->oldest + 1) % SHAPES;
    return;

fail:
    shape->nfields = 0;
}
