/* Hash aggregation: rows into groups, groups into groups.
 *
 * One layout (immutable) describes keys and accumulators of a plan's PLAN_AGGREGATE; a table holds groups in first-seen
 * order. The same table type serves as the partial aggregate of one partition in one batch and as the live state
 * (engine/state.h wraps it with undo and durability). Inside a table a group's key is a few words: fixed-width values
 * as they are, texts as small numbers of the table's own dictionaries (-0.0 as 0.0, every NaN as one). What leaves the
 * table, for a file, is the key's encoding: bytes that mean the same everywhere. Accumulators are fixed-width, with
 * strings of min/max in the table's arena.
 * A table belongs to one thread.
 */
#ifndef ENGINE_AGGREGATE_H
#define ENGINE_AGGREGATE_H

#include "common/buf.h"
#include "common/hashmap.h"
#include "record/rowset.h"
#include "sql/plan.h"

#define AGGREGATE_NONE UINT32_MAX /* no group */

/* So many groups at most are handed from table to table in one call. */
#define AGGREGATE_BLOCK 256

struct aggregate_layout;
struct aggregate_scratch;
struct aggregate_order;

/* From a PLAN_AGGREGATE operator; borrows the plan. NULL without memory. */
struct aggregate_layout *aggregate_layout_new(const struct plan_op *op);
void aggregate_layout_free(struct aggregate_layout *layout);

struct aggregate_table {
    const struct aggregate_layout *layout;
    size_t count;                 /* groups, numbered from 0 */
    unsigned char *accumulators;  /* by group number */
    unsigned char *keys;          /* by group number; packed, private */
    size_t cap;                   /* groups that the two have room for */
    struct slots slots;           /* packed key -> group number */
    struct hashmap *dictionaries; /* by text column of the key: text -> number */
    uint32_t *direct;             /* instead of slots when the key is one text: its number -> group number */
    size_t direct_cap;
    uint32_t null_group;               /* ... and the group of its NULL */
    struct arena strings;              /* min/max of STRING, BINARY and STRUCT */
    struct aggregate_scratch *scratch; /* of aggregate_update and aggregate_adopt; private */
    struct aggregate_order *order;     /* of aggregate_sort; private */
};

int aggregate_table_init(struct aggregate_table *table, const struct aggregate_layout *layout); /* 0, -1 */
void aggregate_table_release(struct aggregate_table *table);
/* Forget the groups, keep memory and dictionaries: the next batch will have the same texts. */
void aggregate_table_reset(struct aggregate_table *table);
size_t aggregate_table_memory_bytes(const struct aggregate_table *table);

/* Add the batch's selected rows: evaluates keys, arguments and filters, then updates a group at a time. 0, -1 with err
 * (ARITHMETIC_OVERFLOW of sum, runtime errors of expressions): some rows are then counted and some are not, so the
 * caller throws the table's contents away. A global aggregate (no keys) has one group, present from the start. */
int aggregate_update(struct aggregate_table *table, struct eval *eval, const struct batch *batch, struct errbuf *err);

/* Room for so many groups, made at one go, in a table that has none yet. Best effort. */
void aggregate_reserve(struct aggregate_table *table, size_t groups);

/* Find the groups of another table of the same layout: numbers[0..n), n <= AGGREGATE_BLOCK, in `from`; their numbers in
 * `table` go to groups[]. New ones get a clear accumulator. `from` must not change between aggregate_adopt_begin and
 * the last aggregate_adopt; both 0, -1 without memory (then some of the groups may have been added). */
int aggregate_adopt_begin(struct aggregate_table *table, const struct aggregate_table *from);
int aggregate_adopt(struct aggregate_table *table, const struct aggregate_table *from, const uint32_t *numbers,
                    size_t n, uint32_t *groups);

/* A group's key as bytes that are the same for the same values in every table: how many, and writing them (returns the
 * end). */
size_t aggregate_key_bytes(const struct aggregate_table *table, uint32_t group);
unsigned char *aggregate_key_encode(const struct aggregate_table *table, uint32_t group, unsigned char *at);

/* --- keys in files --- */

/* The texts of a file that is being written or read: its keys name them by number. One file at a time. NULL without
 * memory. */
struct aggregate_file;
struct aggregate_file *aggregate_file_new(const struct aggregate_layout *layout);
void aggregate_file_free(struct aggregate_file *file);
size_t aggregate_file_key_width(const struct aggregate_layout *layout); /* bytes of a key, all alike */

/* Writing: begin, note every group that the file will name (0, -1 without memory), put the texts, then the keys. Format
 * independent of CPU: little endian. */
void aggregate_file_begin(struct aggregate_file *file);
int aggregate_file_note(struct aggregate_file *file, const struct aggregate_table *table, uint32_t group);
void aggregate_file_put_texts(const struct aggregate_file *file, const struct aggregate_table *table, struct buf *out);
void aggregate_file_put_key(const struct aggregate_file *file, const struct aggregate_table *table, uint32_t group,
                            struct buf *out);

/* Writing in pieces, while the table goes on: texts and keys in the table's own numbers, which stay as they are when
 * more are added. The texts of column 0 .. aggregate_file_columns - 1 come first, `count` of each (as many as the table
 * had when the writing began): those at [first, first + n), led by the count where first is 0. */
size_t aggregate_file_columns(const struct aggregate_layout *layout);
void aggregate_file_put_own_texts(const struct aggregate_table *table, size_t column, size_t count, size_t first,
                                  size_t n, struct buf *out);
void aggregate_file_put_own_key(const struct aggregate_table *table, uint32_t group, struct buf *out);

/* Reading, with every byte checked: the texts at [at, end); returns their end, NULL when they are none, or without
 * memory (*oom). */
const unsigned char *aggregate_file_take_texts(struct aggregate_file *file, struct aggregate_table *table,
                                               const unsigned char *at, const unsigned char *end, bool *oom);
/* The group of a key (aggregate_file_key_width bytes). 1; 0: it is no key of this layout or, without `add`, no group of
 * the table; -1 without memory. A new group gets a clear accumulator. */
int aggregate_file_take_key(struct aggregate_file *file, struct aggregate_table *table, const unsigned char *bytes,
                            bool add, uint32_t *group);

/* --- accumulators --- */

/* Merge accumulator src (of a table with the same layout) into dst; strings are copied into dst_strings. 0, -1 with
 * err. */
int aggregate_merge_one(const struct aggregate_layout *layout, unsigned char *dst, const unsigned char *src,
                        struct arena *dst_strings, struct errbuf *err);
/* A fresh accumulator: count 0, sum NULL ... */
void aggregate_clear_one(const struct aggregate_layout *layout, unsigned char *accumulator);
size_t aggregate_width(const struct aggregate_layout *layout); /* bytes of an accumulator, a multiple of 8, may be 0 */
/* True when merging (a, b) and c is not the same as a and (b, c): sums. */
bool aggregate_merge_order_matters(const struct aggregate_layout *layout);
/* True when rows and groups may come in any order, whichever partition's first: counts, and extremes of values of which
 * equal ones are the same bytes. */
bool aggregate_any_order(const struct aggregate_layout *layout);
/* True when groups have an event time that a watermark can close. */
bool aggregate_has_event_time(const struct aggregate_layout *layout);

/* Accumulators as bytes for the checkpoint and back. Format independent of CPU: little endian. Decoding checks; it
 * returns the end of what it read from [at, end), NULL when that is no accumulator, or without memory (*oom). */
void aggregate_encode_one(const struct aggregate_layout *layout, const unsigned char *accumulator, struct buf *out);
const unsigned char *aggregate_decode_one(const struct aggregate_layout *layout, const unsigned char *at,
                                          const unsigned char *end, unsigned char *accumulator, struct arena *strings,
                                          bool *oom);

/* The event time that the watermark compares with (microseconds: the key itself, or its window's end). False: the key
 * is NULL or there is no event-time key. */
bool aggregate_event_time(const struct aggregate_table *table, uint32_t group, int64_t *event_us);

/* Turn groups (numbers groups[0..n), n <= VECTOR_ROWS) into a batch with the operator's columns (keys, then results) in
 * arena. The columns array is allocated there too; strings are shared with the table, so the batch is good until the
 * table's next change. 0, -1 without memory. */
int aggregate_rows(const struct aggregate_table *table, const uint32_t *groups, size_t n, struct batch *batch,
                   struct arena *arena);

/* Order group numbers by their key values (NULL first, then Spark's order): the fixed order of unsorted output.
 * Works in arena. 0, -1 without memory. */
int aggregate_sort(const struct aggregate_table *table, uint32_t *groups, size_t n, struct arena *arena);

/* A text that changes when bytes of accumulators or keys would be read differently: part of the checkpoint's
 * fingerprint. */
void aggregate_layout_text(const struct aggregate_layout *layout, struct buf *out);

#endif
