/* Shared by the files of aggregate.c: the layout, and the forms of keys and accumulators.
 *
 * ENCODED KEYS. A value is a tag byte (0 NULL, 1 a value) and, if there is one, its bytes: BOOLEAN 1, INT and DATE 4,
 * BIGINT, TIMESTAMP and DOUBLE 8 (little endian), STRING and BINARY a 4-byte length and the bytes, STRUCT its fields in
 * the same way. A key is its columns one after the other, the event-time column first. Equal keys have equal bytes:
 * -0.0 is written as 0.0 and every NaN as one.
 *
 * PACKED KEYS, which a table works with: the values of all columns and struct fields at fixed places, a text as its
 * number in the table's dictionary of that field, then a bit for each that is NULL (its value, and all in a NULL
 * struct, is then zero), filled up to a multiple of 8. Equal keys of one table have equal bytes; two tables' packed
 * keys cannot be compared. Files hold packed keys too, with numbers of their own.
 *
 * ACCUMULATORS lie in the slots of one fixed-width record per group; all zero bytes are an empty accumulator. */
#ifndef ENGINE_AGGREGATE_INTERNAL_H
#define ENGINE_AGGREGATE_INTERNAL_H

#include "engine/aggregate.h"

#include <string.h>

struct aggregate_slot {
    const struct plan_aggregate_call *call;
    const struct type *arg_type; /* NULL: count(*) */
    size_t offset;               /* in the group's record, a multiple of 8 */
};

/* A key column or a field of one, in the order of encoding: a struct stands before its fields. */
struct aggregate_field {
    const struct type *type;
    size_t column;     /* the key column that it is or belongs to */
    size_t next;       /* the field behind this one and all inside it */
    size_t offset;     /* of the value in the packed key */
    size_t null_at;    /* byte of its NULL bit */
    uint8_t null_bit;  /* as a mask */
    size_t dictionary; /* STRING and BINARY */
};

struct aggregate_layout {
    const struct plan_op *op;
    size_t nkeys;
    size_t *order; /* key columns in the order they are encoded in */
    size_t *first; /* by key column: its field */
    size_t nfields;
    struct aggregate_field *fields;
    size_t ndictionaries;
    size_t key_width;   /* of a packed key, a multiple of 8; 0: no keys */
    size_t nulls_at;    /* where its NULL bits begin, all bytes to its end */
    size_t fixed_bytes; /* of an encoded key without NULLs, its texts apart */
    size_t *texts;      /* by dictionary: its field */
    bool direct;        /* the key is one text */
    int event_field;    /* -1: none */
    size_t ncalls;
    struct aggregate_slot *slots;
    size_t width; /* a multiple of 8, may be 0 (SELECT DISTINCT) */
    bool merge_order_matters;
    bool any_order;
    bool counts_only;
};

static inline bool aggregate_is_null(const struct aggregate_field *field, const unsigned char *key)
{
    return (key[field->null_at] & field->null_bit) != 0;
}

static inline uint32_t aggregate_get32(const unsigned char *key, const struct aggregate_field *field)
{
    uint32_t value;

    memcpy(&value, key + field->offset, sizeof(value));
    return value;
}

static inline uint64_t aggregate_get64(const unsigned char *key, const struct aggregate_field *field)
{
    uint64_t value;

    memcpy(&value, key + field->offset, sizeof(value));
    return value;
}

static inline const unsigned char *aggregate_packed(const struct aggregate_table *table, uint32_t group)
{
    return table->keys + (size_t)group * table->layout->key_width;
}

/* The text of a field that is not NULL. */
static inline const struct hashmap_key *aggregate_text(const struct aggregate_table *table,
                                                       const struct aggregate_field *field, const unsigned char *key)
{
    return &table->dictionaries[field->dictionary].keys[aggregate_get32(key, field)];
}

/* --- aggregate_layout.c --- */

/* One for every NaN, and for both zeros. */
uint64_t aggregate_layout_double_bits(double value);

/* --- aggregate_key.c: values in their encoding --- */

/* Bytes that the value of a row takes, and writing them; returns the end. Exact: -0.0 and NaN's bits are kept. */
size_t aggregate_key_size(const struct vector *vector, size_t row);
unsigned char *aggregate_key_write(unsigned char *at, const struct vector *vector, size_t row);

/* Read one value into a row of out (strings point into the bytes). out NULL: only check. Returns the end, NULL when the
 * bytes are not such a value. */
const unsigned char *aggregate_key_read(const unsigned char *at, const unsigned char *end, const struct type *type,
                                        struct vector *out, size_t row);

/* Spark's order of two values in bytes (that aggregate_key_read accepts), NULL first. Moves both past the value. */
int aggregate_key_compare(const struct type *type, const unsigned char **a, const unsigned char **b);

/* --- aggregate_pack.c: packed keys --- */

/* Pack the keys of rows sel[first..first + n) (sel NULL: the rows themselves) of the key columns' vectors, n <=
 * AGGREGATE_BLOCK, one after the other into `packed`. 0, -1 without memory. */
int aggregate_pack_rows(struct aggregate_table *table, const struct vector *columns, const uint16_t *sel, size_t first,
                        size_t n, unsigned char *packed);

/* --- aggregate_index.c: packed keys to groups --- */

/* Numbers of the groups of n <= AGGREGATE_BLOCK packed keys, new ones with a clear accumulator. 0, -1 without
 * memory. */
int aggregate_index_put(struct aggregate_table *table, const unsigned char *packed, size_t n, uint32_t *groups);
uint32_t aggregate_index_find(const struct aggregate_table *table, const unsigned char *packed);
/* Room for so many groups in a table without any. Best effort. */
void aggregate_index_reserve(struct aggregate_table *table, size_t groups);
/* Forget all groups. */
void aggregate_index_reset(struct aggregate_table *table);

/* --- aggregate_sort.c --- */

struct aggregate_order *aggregate_sort_new(const struct aggregate_layout *layout); /* NULL without memory */
void aggregate_sort_free(struct aggregate_order *order);
void aggregate_sort_forget(struct aggregate_order *order); /* the dictionaries were emptied */
size_t aggregate_sort_memory_bytes(const struct aggregate_order *order);

/* --- aggregate_accumulator.c --- */

/* Bytes of a slot; 0: the call cannot be computed over this type. */
size_t aggregate_accumulator_width(const struct plan_aggregate_call *call);

/* Add the rows sel (n of them; NULL: 0..n-1) of arg (NULL: count(*)); groups is indexed by row. 0, -1 with
 * eval->err. */
int aggregate_accumulator_update(const struct aggregate_slot *slot, unsigned char *records, size_t width,
                                 const uint32_t *groups, const struct vector *arg, const uint16_t *sel, size_t n,
                                 struct arena *strings, struct eval *eval);
int aggregate_accumulator_merge(const struct aggregate_slot *slot, unsigned char *dst, const unsigned char *src,
                                struct arena *strings, struct errbuf *err);
void aggregate_accumulator_encode(const struct aggregate_slot *slot, const unsigned char *record, struct buf *out);
/* Returns the end, NULL when the bytes are not such an accumulator; *oom tells why else. */
const unsigned char *aggregate_accumulator_decode(const struct aggregate_slot *slot, const unsigned char *at,
                                                  const unsigned char *end, unsigned char *record,
                                                  struct arena *strings, bool *oom);
/* The result into a row of out; strings are shared with the accumulator. */
void aggregate_accumulator_result(const struct aggregate_slot *slot, const unsigned char *record, struct vector *out,
                                  size_t row);

#endif
