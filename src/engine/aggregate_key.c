#include "aggregate_internal.h"

#include <endian.h>
#include <string.h>

#define TAG_NULL 0
#define TAG_VALUE 1

/* --- little endian ---------------------------------------------------------------------------------------------- */

static unsigned char *put32(unsigned char *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

static unsigned char *put64(unsigned char *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof(value));
    return at + sizeof(value);
}

static uint32_t get32(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return le32toh(value);
}

static uint64_t get64(const unsigned char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return le64toh(value);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* --- values to bytes -------------------------------------------------------------------------------------------- */

size_t aggregate_key_size(const struct vector *vector, size_t row)
{
    size_t size = 1;

    if (vector_is_null(vector, row))
        return size;
    switch (vector->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        size += sizeof(uint32_t) + vector->data.str[vector_row(vector, row)].len;
        break;
    case TYPE_STRUCT:
        for (size_t i = 0; i < vector->type->nfields; i++)
            size += aggregate_key_size(&vector->fields[i], row);
        break;
    default:
        size += 8;
        break;
    }
    return size;
}

unsigned char *aggregate_key_write(unsigned char *at, const struct vector *vector, size_t row)
{
    if (vector->type->id == TYPE_NULL || vector_is_null(vector, row)) {
        *at = TAG_NULL;
        return at + 1;
    }
    size_t value_row = vector_row(vector, row);
    *at++ = TAG_VALUE;
    switch (vector->type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        *at++ = vector->data.boolean[value_row] != 0;
        break;
    case TYPE_INT:
    case TYPE_DATE:
        at = put32(at, (uint32_t)vector->data.i32[value_row]);
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        at = put64(at, (uint64_t)vector->data.i64[value_row]);
        break;
    case TYPE_DOUBLE:
        at = put64(at, bits_of(vector->data.f64[value_row]));
        break;
    case TYPE_STRING:
    case TYPE_BINARY: {
        struct str value = vector->data.str[value_row];
        at = put32(at, value.len);
        if (value.len > 0)
            memcpy(at, value.data, value.len);
        at += value.len;
        break;
    }
    case TYPE_STRUCT:
        for (size_t i = 0; i < vector->type->nfields; i++)
            at = aggregate_key_write(at, &vector->fields[i], row);
        break;
    }
    return at;
}

/* --- and back --------------------------------------------------------------------------------------------------- */

static size_t fixed_size(enum type_id id)
{
    switch (id) {
    case TYPE_BOOLEAN:
        return 1;
    case TYPE_INT:
    case TYPE_DATE:
        return 4;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

static void read_fixed(const unsigned char *at, struct vector *out, size_t row)
{
    switch (out->type->id) {
    case TYPE_BOOLEAN:
        out->data.boolean[row] = *at;
        break;
    case TYPE_INT:
    case TYPE_DATE:
        out->data.i32[row] = (int32_t)get32(at);
        break;
    case TYPE_DOUBLE:
        out->data.f64[row] = double_of(get64(at));
        break;
    default:
        out->data.i64[row] = (int64_t)get64(at);
        break;
    }
}

const unsigned char *aggregate_key_read(const unsigned char *at, const unsigned char *end, const struct type *type,
                                        struct vector *out, size_t row)
{
    if (at == end || *at > TAG_VALUE)
        return NULL;
    if (*at++ == TAG_NULL) {
        if (out != NULL)
            vector_set_null(out, row);
        return at;
    }
    switch (type->id) {
    case TYPE_NULL:
        return NULL;
    case TYPE_STRING:
    case TYPE_BINARY: {
        if (end - at < 4)
            return NULL;
        uint32_t len = get32(at);
        at += 4;
        if ((size_t)(end - at) < len)
            return NULL;
        if (out != NULL)
            out->data.str[row] = (struct str){(const char *)at, len};
        return at + len;
    }
    case TYPE_STRUCT:
        for (size_t i = 0; i < type->nfields && at != NULL; i++)
            at = aggregate_key_read(at, end, type->fields[i].type, out == NULL ? NULL : &out->fields[i], row);
        return at;
    default: {
        size_t size = fixed_size(type->id);
        if ((size_t)(end - at) < size || (type->id == TYPE_BOOLEAN && *at > 1))
            return NULL;
        if (out != NULL)
            read_fixed(at, out, row);
        return at + size;
    }
    }
}

/* --- order ------------------------------------------------------------------------------------------------------ */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_doubles(double a, double b)
{
    bool a_nan = a != a, b_nan = b != b;

    return a_nan || b_nan ? a_nan - b_nan : ORDER(a, b);
}

int aggregate_key_compare(const struct type *type, const unsigned char **a, const unsigned char **b)
{
    const unsigned char *x = *a, *y = *b;
    int order = ORDER(*x, *y);

    if (*x != TAG_VALUE || *y != TAG_VALUE) {
        /* what follows is of no matter: one of them is NULL, and so the order is decided or both end here */
        *a = x + 1;
        *b = y + 1;
        return order;
    }
    x++;
    y++;
    switch (type->id) {
    case TYPE_NULL:
        break;
    case TYPE_STRING:
    case TYPE_BINARY: {
        uint32_t x_len = get32(x), y_len = get32(y);
        uint32_t common = x_len < y_len ? x_len : y_len;
        x += 4;
        y += 4;
        order = common > 0 ? memcmp(x, y, common) : 0;
        if (order == 0)
            order = ORDER(x_len, y_len);
        x += x_len;
        y += y_len;
        break;
    }
    case TYPE_STRUCT:
        for (size_t i = 0; i < type->nfields && order == 0; i++)
            order = aggregate_key_compare(type->fields[i].type, &x, &y);
        break;
    case TYPE_BOOLEAN:
        order = ORDER(*x, *y);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        order = ORDER((int32_t)get32(x), (int32_t)get32(y));
        break;
    case TYPE_DOUBLE:
        order = compare_doubles(double_of(get64(x)), double_of(get64(y)));
        break;
    default:
        order = ORDER((int64_t)get64(x), (int64_t)get64(y));
        break;
    }
    *a = x + fixed_size(type->id);
    *b = y + fixed_size(type->id);
    return order;
}

/* --- keys of a table -------------------------------------------------------------------------------------------- */

static bool has_nulls(const struct aggregate_layout *layout, const unsigned char *key)
{
    unsigned char any = 0;

    for (size_t at = layout->nulls_at; at < layout->key_width; at++)
        any |= key[at];
    return any != 0;
}

size_t aggregate_key_bytes(const struct aggregate_table *table, uint32_t group)
{
    const struct aggregate_layout *layout = table->layout;
    const unsigned char *key = aggregate_packed(table, group);
    size_t size = 0;

    if (!has_nulls(layout, key)) {
        size = layout->fixed_bytes;
        for (size_t i = 0; i < layout->ndictionaries; i++)
            size += aggregate_text(table, &layout->fields[layout->texts[i]], key)->len;
        return size;
    }
    for (size_t f = 0; f < layout->nfields;) {
        const struct aggregate_field *field = &layout->fields[f];
        size++;
        if (aggregate_is_null(field, key)) {
            f = field->next;
            continue;
        }
        if (field->type->id == TYPE_STRING || field->type->id == TYPE_BINARY)
            size += sizeof(uint32_t) + aggregate_text(table, field, key)->len;
        else
            size += fixed_size(field->type->id);
        f++;
    }
    return size;
}

unsigned char *aggregate_key_encode(const struct aggregate_table *table, uint32_t group, unsigned char *at)
{
    const struct aggregate_layout *layout = table->layout;
    const unsigned char *key = aggregate_packed(table, group);

    for (size_t f = 0; f < layout->nfields;) {
        const struct aggregate_field *field = &layout->fields[f];
        if (aggregate_is_null(field, key)) {
            *at++ = TAG_NULL;
            f = field->next;
            continue;
        }
        *at++ = TAG_VALUE;
        switch (field->type->id) {
        case TYPE_NULL:
        case TYPE_STRUCT:
            break;
        case TYPE_BOOLEAN:
            *at++ = key[field->offset];
            break;
        case TYPE_INT:
        case TYPE_DATE:
            at = put32(at, aggregate_get32(key, field));
            break;
        case TYPE_STRING:
        case TYPE_BINARY: {
            const struct hashmap_key *text = aggregate_text(table, field, key);
            at = put32(at, text->len);
            memcpy(at, text->data, text->len);
            at += text->len;
            break;
        }
        default:
            at = put64(at, aggregate_get64(key, field));
            break;
        }
        f++;
    }
    return at;
}
