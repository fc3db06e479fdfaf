/* Numbers sorted by 64-bit values: the one order that everything is sorted by in the end (rows, groups, texts by their
 * first bytes). Least significant byte first, which is stable; a byte in which no two values differ costs nothing.
 */
#ifndef COMMON_RADIX_H
#define COMMON_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct radix_item {
    uint64_t value;
    uint32_t number; /* of what has the value */
};

/* Sort by value, stable. spare: room for n items, overwritten. Returns false when all values are equal. */
bool radix_sort(struct radix_item *items, struct radix_item *spare, size_t n);

/* The end of the run of equal values that begins at items[first]. */
size_t radix_run(const struct radix_item *items, size_t first, size_t n);

/* Order items[0..n) by one level of an order: give them their values and sort. False: they are equal in it. */
typedef bool (*radix_level_fn)(void *cookie, size_t level, struct radix_item *items, struct radix_item *spare,
                               size_t n);

/* Sort by levels 0..nlevels-1: by the first, then each run of equal ones by the next. spare: room for n items. */
void radix_sort_levels(struct radix_item *items, struct radix_item *spare, size_t n, size_t nlevels, radix_level_fn fn,
                       void *cookie);

/* Values in the order of what they stand for. */
static inline uint64_t radix_of_int32(int32_t value)
{
    return (uint32_t)value ^ UINT32_C(1) << 31;
}

static inline uint64_t radix_of_int64(int64_t value)
{
    return (uint64_t)value ^ UINT64_C(1) << 63;
}

/* The first eight bytes of a text; texts that share them are to be compared in full. */
uint64_t radix_of_text(const char *text, size_t len);

/* The bits of a double that is no NaN. Negative: all bits turned, else the sign bit. */
static inline uint64_t radix_of_double_bits(uint64_t bits)
{
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

#endif
