#include "record/vector.h"

#include <string.h>

int vector_alloc(struct vector *vector, const struct type *type, size_t rows, struct arena *arena)
{
    size_t size_bytes;

    memset(vector, 0, sizeof(*vector));
    vector->type = type;
    if (rows == 0)
        rows = 1; /* so that row 0 of a constant always exists */
    vector->nulls = arena_calloc(arena, rows, 1);
    if (vector->nulls == NULL)
        return -1;
    if (type->id == TYPE_STRUCT) {
        vector->fields = arena_calloc(arena, type->nfields, sizeof(*vector->fields));
        if (vector->fields == NULL)
            return -1;
        for (size_t i = 0; i < type->nfields; i++)
            if (vector_alloc(&vector->fields[i], type->fields[i].type, rows, arena) != 0)
                return -1;
        return 0;
    }
    if (type->id == TYPE_NULL) {
        memset(vector->nulls, 1, rows);
        vector->has_nulls = true;
        return 0;
    }
    if (__builtin_mul_overflow(rows, type_width(type), &size_bytes))
        return -1;
    vector->data.raw = arena_alloc(arena, size_bytes);
    return vector->data.raw == NULL ? -1 : 0;
}

void vector_set_null(struct vector *vector, size_t row)
{
    row = vector_row(vector, row);
    vector->nulls[row] = 1;
    vector->has_nulls = true;
    if (vector->type->id == TYPE_STRUCT)
        for (size_t i = 0; i < vector->type->nfields; i++)
            vector_set_null(&vector->fields[i], row);
}

int vector_copy(struct vector *dst, size_t dst_row, const struct vector *src, size_t src_row, struct arena *arena)
{
    if (vector_is_null(src, src_row)) {
        vector_set_null(dst, dst_row);
        return 0;
    }
    src_row = vector_row(src, src_row);
    if (dst->has_nulls)
        dst->nulls[dst_row] = 0;
    switch (src->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        dst->data.boolean[dst_row] = src->data.boolean[src_row];
        break;
    case TYPE_INT:
    case TYPE_DATE:
        dst->data.i32[dst_row] = src->data.i32[src_row];
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        dst->data.i64[dst_row] = src->data.i64[src_row];
        break;
    case TYPE_DOUBLE:
        dst->data.f64[dst_row] = src->data.f64[src_row];
        break;
    case TYPE_STRING:
    case TYPE_BINARY: {
        struct str value = src->data.str[src_row];
        if (arena != NULL) {
            value.data = arena_copy(arena, value.data, value.len);
            if (value.data == NULL)
                return -1;
        }
        dst->data.str[dst_row] = value;
        break;
    }
    case TYPE_STRUCT:
        for (size_t i = 0; i < src->type->nfields; i++)
            if (vector_copy(&dst->fields[i], dst_row, &src->fields[i], src_row, arena) != 0)
                return -1;
        break;
    }
    return 0;
}

/* A column at a time: the type is looked at once, not once a value. */
#define GATHER(field)                                                                                                  \
    do {                                                                                                               \
        for (size_t i = 0; i < n; i++)                                                                                 \
            dst->data.field[first + i] = src->data.field[ROW(i)];                                                      \
    } while (0)
#define ROW(i) (src->constant ? 0 : rows != NULL ? rows[i] : (i))

static int gather_texts(struct vector *dst, size_t first, size_t n, struct arena *arena)
{
    struct str *texts = dst->data.str + first;
    const uint8_t *nulls = dst->nulls + first;
    size_t size_bytes = 0;

    for (size_t i = 0; i < n; i++)
        size_bytes += dst->has_nulls && nulls[i] ? 0 : texts[i].len;
    char *bytes = arena_alloc(arena, size_bytes + 1);
    if (bytes == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (dst->has_nulls && nulls[i])
            continue;
        if (texts[i].len > 0)
            memcpy(bytes, texts[i].data, texts[i].len);
        texts[i].data = bytes;
        bytes += texts[i].len;
    }
    return 0;
}

int vector_gather(struct vector *dst, size_t first, const struct vector *src, const uint32_t *rows, size_t n,
                  struct arena *arena)
{
    if (src->has_nulls) {
        for (size_t i = 0; i < n; i++) {
            dst->nulls[first + i] = src->nulls[ROW(i)];
            dst->has_nulls |= src->nulls[ROW(i)] != 0;
        }
    }
    switch (src->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        GATHER(boolean);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        GATHER(i32);
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        GATHER(i64);
        break;
    case TYPE_DOUBLE:
        GATHER(f64);
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        GATHER(str);
        return arena != NULL ? gather_texts(dst, first, n, arena) : 0;
    case TYPE_STRUCT:
        for (size_t i = 0; i < src->type->nfields; i++) {
            struct vector field = src->fields[i];

            field.constant |= src->constant;
            if (vector_gather(&dst->fields[i], first, &field, rows, n, arena) != 0)
                return -1;
        }
        break;
    }
    return 0;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_doubles(double a, double b)
{
    bool a_nan = a != a;
    bool b_nan = b != b;

    if (a_nan || b_nan)
        return a_nan - b_nan;
    return ORDER(a, b); /* -0.0 == 0.0 */
}

static int compare_bytes(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order != 0 ? order : ORDER(a.len, b.len);
}

int vector_compare(const struct vector *a, size_t a_row, const struct vector *b, size_t b_row)
{
    a_row = vector_row(a, a_row);
    b_row = vector_row(b, b_row);
    switch (a->type->id) {
    case TYPE_NULL:
        return 0;
    case TYPE_BOOLEAN:
        return ORDER(a->data.boolean[a_row], b->data.boolean[b_row]);
    case TYPE_INT:
    case TYPE_DATE:
        return ORDER(a->data.i32[a_row], b->data.i32[b_row]);
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        return ORDER(a->data.i64[a_row], b->data.i64[b_row]);
    case TYPE_DOUBLE:
        return compare_doubles(a->data.f64[a_row], b->data.f64[b_row]);
    case TYPE_STRING:
    case TYPE_BINARY:
        return compare_bytes(a->data.str[a_row], b->data.str[b_row]);
    case TYPE_STRUCT:
        break;
    }
    for (size_t i = 0; i < a->type->nfields; i++) {
        bool a_null = vector_is_null(&a->fields[i], a_row);
        bool b_null = vector_is_null(&b->fields[i], b_row);
        int order = a_null || b_null ? b_null - a_null : vector_compare(&a->fields[i], a_row, &b->fields[i], b_row);
        if (order != 0)
            return order;
    }
    return 0;
}
