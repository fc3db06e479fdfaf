/* Shared by aggregate.c, aggregate_key.c and aggregate_accumulator.c: the layout, and the bytes of keys and accumulators.
 *
 * KEYS. A value is a tag byte (0 NULL, 1 a value) and, if there is one, its bytes: BOOLEAN 1, INT and DATE 4, BIGINT, TIMESTAMP and DOUBLE 8
 * (little endian), STRING and BINARY a 4-byte length and the bytes, STRUCT its fields in the same way. A key is its columns one after the
 * other, the event-time column first, so that the watermark finds its time at a fixed place. Equal keys have equal bytes: -0.0 is
 * written as 0.0 and every NaN as one.
 *
 * ACCUMULATORS lie in the slots of one fixed-width record per group; all zero bytes are an empty accumulator. */
#ifndef ENGINE_AGGREGATE_INTERNAL_H
#define ENGINE_AGGREGATE_INTERNAL_H

#include "engine/aggregate.h"

struct aggregate_slot {
    const struct plan_aggregate_call *call;
    const struct type *arg_type; /* NULL: count(*) */
    size_t offset;               /* in the group's record, a multiple of 8 */
};

struct aggregate_layout {
    const struct plan_op *op;
    size_t nkeys;
    size_t *order; /* key columns in the order they are encoded in */
    bool single_string;
    size_t ncalls;
    struct aggregate_slot *slots;
    size_t width; /* a multiple of 8, may be 0 (SELECT DISTINCT) */
    bool merge_order_matters;
};

/* --- aggregate_key.c --- */

/* Bytes that the value of a row takes, and writing them; returns the end. exact: keep -0.0 and NaN's bits. */
size_t aggregate_key_size(const struct vector *vector, size_t row);
unsigned char *aggregate_key_write(unsigned char *at, const struct vector *vector, size_t row, bool exact);

/* Read one value into a row of out (strings point into the bytes). out NULL: only check. Returns the end, NULL when the bytes are
 * not such a value. */
const unsigned char *aggregate_key_read(const unsigned char *at, const unsigned char *end, const struct type *type,
                                        struct vector *out, size_t row);

/* Spark's order of two values in bytes (that aggregate_key_read accepts), NULL first. Moves both past the value. */
int aggregate_key_compare(const struct type *type, const unsigned char **a, const unsigned char **b);

/* Append bytes whose memcmp order is that order. Returns the end of the value. */
const unsigned char *aggregate_key_sortable(const struct type *type, const unsigned char *at, struct buf *out);

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
