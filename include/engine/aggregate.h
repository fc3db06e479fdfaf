/* Hash aggregation: rows into groups, groups into groups.
 *
 * One layout (immutable) describes keys and accumulators of a plan's PLAN_AGGREGATE; a table holds groups in first-seen order. The same table type
 * serves as the partial aggregate of one partition in one batch and as the live state (engine/state.h wraps it with undo and
 * durability). Keys are encoded to bytes (null flags, fixed-width values, length-prefixed strings; -0.0 as 0.0, every NaN as one); accumulators are
 * fixed-width, with strings of min/max in the table's arena.
 * A table belongs to one thread.
 */
#ifndef ENGINE_AGGREGATE_H
#define ENGINE_AGGREGATE_H

#include "common/buf.h"
#include "common/hashmap.h"
#include "record/rowset.h"
#include "sql/plan.h"

struct aggregate_layout;
struct aggregate_scratch;

/* From a PLAN_AGGREGATE operator; borrows the plan. NULL without memory. */
struct aggregate_layout *aggregate_layout_new(const struct plan_op *op);
void aggregate_layout_free(struct aggregate_layout *layout);

struct aggregate_table {
    const struct aggregate_layout *layout;
    struct hashmap keys;               /* encoded key -> group number */
    unsigned char *accumulators;       /* by group number */
    size_t accumulators_cap;           /* groups */
    struct arena strings;              /* min/max of STRING, BINARY and STRUCT */
    struct aggregate_scratch *scratch; /* of aggregate_update; private */
};

int aggregate_table_init(struct aggregate_table *table, const struct aggregate_layout *layout); /* 0, -1 */
void aggregate_table_release(struct aggregate_table *table);
void aggregate_table_reset(struct aggregate_table *table);
size_t aggregate_table_memory_bytes(const struct aggregate_table *table);

/* Add the batch's selected rows: evaluates keys, arguments and filters, then updates a group at a time. 0, -1 with err
 * (ARITHMETIC_OVERFLOW of sum, runtime errors of expressions): some rows are then counted and some are not, so the caller throws the table's
 * contents away. A global aggregate (no keys) has one group, present from the start. */
int aggregate_update(struct aggregate_table *table, struct eval *eval, const struct batch *batch, struct errbuf *err);

/* The group number of an encoded key; a new key gets a clear accumulator. HASHMAP_NONE without memory. */
uint32_t aggregate_put(struct aggregate_table *table, const char *key, size_t len, bool *inserted);

/* Merge accumulator src (of a table with the same layout) into dst; strings are copied into dst_strings. 0, -1 with err. */
int aggregate_merge_one(const struct aggregate_layout *layout, unsigned char *dst, const unsigned char *src,
                        struct arena *dst_strings, struct errbuf *err);
/* A fresh accumulator: count 0, sum NULL ... */
void aggregate_clear_one(const struct aggregate_layout *layout, unsigned char *accumulator);
size_t aggregate_width(const struct aggregate_layout *layout); /* bytes of an accumulator, a multiple of 8, may be 0 */
/* True when merging (a, b) and c is not the same as a and (b, c): sums. */
bool aggregate_merge_order_matters(const struct aggregate_layout *layout);

/* Accumulators as bytes for the checkpoint and back (checked: -1 on short or trailing bytes). Format independent of CPU: little endian. */
void aggregate_encode_one(const struct aggregate_layout *layout, const unsigned char *accumulator, struct buf *out);
int aggregate_decode_one(const struct aggregate_layout *layout, const char *bytes, size_t len,
                         unsigned char *accumulator, struct arena *strings);

/* True when the bytes are a key of this layout: for keys that come from a file. */
bool aggregate_key_valid(const struct aggregate_layout *layout, const char *key, size_t len);

/* The event time that the watermark compares with (microseconds: the key itself, or its window's end). False: the key is NULL or there is no
 * event-time key. */
bool aggregate_event_time(const struct aggregate_layout *layout, const char *key, size_t len, int64_t *event_us);

/* Turn groups (numbers groups[0..n), n <= VECTOR_ROWS) into a batch with the operator's columns (keys, then results) in arena.
 * The columns array is allocated there too; strings are shared with the table, so the batch is good until the table's next change. 0, -1 without
 * memory. */
int aggregate_rows(const struct aggregate_table *table, const uint32_t *groups, size_t n, struct batch *batch,
                   struct arena *arena);

/* Order group numbers by their key values (NULL first, then Spark's order): the fixed order of unsorted output. */
int aggregate_sort(const struct aggregate_table *table, uint32_t *groups, size_t n);

/* A text that changes when bytes of accumulators or keys would be read differently: part of the checkpoint's fingerprint. */
void aggregate_layout_text(const struct aggregate_layout *layout, struct buf *out);

#endif
