/* Rows to group numbers, and the tables around them.
 *
 * An update is: evaluate the key columns, find each row's group, then let every accumulator run over its own column with the
 * group numbers. Only the middle step is by row. It has two ways:
 *
 *   encoded      the row's key is encoded (aggregate_internal.h) and looked up in `keys`
 *   dictionary   a single STRING key: the column's own bytes are looked up in a dictionary whose small ids lead to groups,
 *                so nothing is copied or encoded unless the text is new. The dictionary stays when the table is reset for the
 *                next batch; it is given up for good when a column turns out to have more than DICTIONARY_MAX texts. */
#include "aggregate_internal.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define DICTIONARY_MAX ((size_t)32768)
#define FIRST_GROUPS ((size_t)64)

/* What an update works in; made by the first one, so that a table that only merges has none. */
struct aggregate_scratch {
    uint32_t groups[VECTOR_ROWS]; /* by row */
    uint16_t selected[VECTOR_ROWS];
    struct vector *keys;
    struct buf encoded;
    struct hashmap dictionary;
    uint32_t *dictionary_groups; /* by dictionary id; HASHMAP_NONE: no group yet */
    size_t dictionary_cap;
    uint32_t null_group;
    bool dictionary_off;
};

/* --- layout ------------------------------------------------------------------------------------------------------ */

struct aggregate_layout *aggregate_layout_new(const struct plan_op *op)
{
    size_t nkeys = op->u.aggregate.nkeys;
    struct aggregate_layout *layout = calloc(1, sizeof(*layout));

    if (layout == NULL)
        return NULL;
    layout->op = op;
    layout->nkeys = nkeys;
    layout->ncalls = op->u.aggregate.ncalls;
    layout->order = calloc(nkeys + 1, sizeof(*layout->order));
    layout->slots = calloc(layout->ncalls + 1, sizeof(*layout->slots));
    if (layout->order == NULL || layout->slots == NULL) {
        aggregate_layout_free(layout);
        return NULL;
    }
    size_t at = 0;
    int event = op->u.aggregate.event_time_key;
    if (event >= 0)
        layout->order[at++] = (size_t)event;
    for (size_t i = 0; i < nkeys; i++)
        if (event < 0 || i != (size_t)event)
            layout->order[at++] = i;
    if (nkeys == 1) {
        enum type_id id = op->u.aggregate.keys[0]->type->id;
        layout->single_string = id == TYPE_STRING || id == TYPE_BINARY;
    }
    for (size_t i = 0; i < layout->ncalls; i++) {
        const struct plan_aggregate_call *call = &op->u.aggregate.calls[i];
        layout->slots[i] = (struct aggregate_slot){call, call->arg == NULL ? NULL : call->arg->type, layout->width};
        layout->width += aggregate_accumulator_width(call);
        if (call->kind == AGGREGATE_SUM || call->kind == AGGREGATE_AVG)
            layout->merge_order_matters = true;
    }
    return layout;
}

void aggregate_layout_free(struct aggregate_layout *layout)
{
    if (layout == NULL)
        return;
    free(layout->order);
    free(layout->slots);
    free(layout);
}

size_t aggregate_width(const struct aggregate_layout *layout)
{
    return layout->width;
}

bool aggregate_merge_order_matters(const struct aggregate_layout *layout)
{
    return layout->merge_order_matters;
}

void aggregate_layout_text(const struct aggregate_layout *layout, struct buf *out)
{
    static const char *const kinds[] = {"count", "sum", "avg", "min", "max"};

    buf_append_text(out, "state 1: keys");
    for (size_t i = 0; i < layout->nkeys; i++) {
        buf_printf(out, " %zu ", layout->order[i]);
        type_name(layout->op->u.aggregate.keys[layout->order[i]]->type, out);
    }
    buf_append_text(out, "; accumulators");
    for (size_t i = 0; i < layout->ncalls; i++) {
        buf_printf(out, " %s(", kinds[layout->slots[i].call->kind]);
        if (layout->slots[i].arg_type != NULL)
            type_name(layout->slots[i].arg_type, out);
        buf_append_byte(out, ')');
    }
}

/* --- table ------------------------------------------------------------------------------------------------------- */

static int grow_accumulators(struct aggregate_table *table)
{
    size_t cap = table->accumulators_cap == 0 ? FIRST_GROUPS : table->accumulators_cap * 2;
    size_t size;

    if (table->layout->width > 0) {
        if (__builtin_mul_overflow(cap, table->layout->width, &size))
            return -1;
        unsigned char *grown = realloc(table->accumulators, size);
        if (grown == NULL)
            return -1;
        table->accumulators = grown;
    }
    table->accumulators_cap = cap;
    return 0;
}

uint32_t aggregate_put(struct aggregate_table *table, const char *key, size_t len, bool *inserted)
{
    /* room first: a key that is in the map always has its accumulator */
    *inserted = false;
    if (table->keys.count == table->accumulators_cap && grow_accumulators(table) != 0)
        return HASHMAP_NONE;
    uint32_t group = hashmap_put(&table->keys, key, len, hashmap_hash(key, len), inserted);
    if (*inserted && table->layout->width > 0)
        memset(table->accumulators + (size_t)group * table->layout->width, 0, table->layout->width);
    return group;
}

/* A global aggregate has its one group from the start. */
static int put_global(struct aggregate_table *table)
{
    bool inserted;

    if (table->layout->nkeys > 0)
        return 0;
    return aggregate_put(table, "", 0, &inserted) == HASHMAP_NONE ? -1 : 0;
}

int aggregate_table_init(struct aggregate_table *table, const struct aggregate_layout *layout)
{
    memset(table, 0, sizeof(*table));
    table->layout = layout;
    hashmap_init(&table->keys);
    arena_init(&table->strings);
    if (put_global(table) != 0) {
        aggregate_table_release(table);
        return -1;
    }
    return 0;
}

static void free_scratch(struct aggregate_scratch *scratch)
{
    if (scratch == NULL)
        return;
    free(scratch->keys);
    buf_release(&scratch->encoded);
    hashmap_release(&scratch->dictionary);
    free(scratch->dictionary_groups);
    free(scratch);
}

void aggregate_table_release(struct aggregate_table *table)
{
    const struct aggregate_layout *layout = table->layout;

    hashmap_release(&table->keys);
    arena_release(&table->strings);
    free(table->accumulators);
    free_scratch(table->scratch);
    memset(table, 0, sizeof(*table));
    table->layout = layout;
}

static void forget_groups(struct aggregate_scratch *scratch)
{
    scratch->null_group = HASHMAP_NONE;
    if (scratch->dictionary.count >= DICTIONARY_MAX) {
        hashmap_release(&scratch->dictionary);
        free(scratch->dictionary_groups);
        scratch->dictionary_groups = NULL;
        scratch->dictionary_cap = 0;
        scratch->dictionary_off = true;
    }
    if (scratch->dictionary.count > 0) /* HASHMAP_NONE is all ones */
        memset(scratch->dictionary_groups, 0xff, scratch->dictionary.count * sizeof(*scratch->dictionary_groups));
}

void aggregate_table_reset(struct aggregate_table *table)
{
    hashmap_reset(&table->keys);
    arena_reset(&table->strings);
    if (table->scratch != NULL)
        forget_groups(table->scratch);
    /* cannot fail: the room that init made is still there, and an empty key needs no memory of the arena but its kept block */
    (void)put_global(table);
}

size_t aggregate_table_memory_bytes(const struct aggregate_table *table)
{
    size_t bytes = hashmap_memory_bytes(&table->keys) + table->strings.reserved_bytes +
                   table->accumulators_cap * table->layout->width;

    if (table->scratch != NULL)
        bytes += sizeof(*table->scratch) + table->scratch->encoded.cap +
                 hashmap_memory_bytes(&table->scratch->dictionary) +
                 table->scratch->dictionary_cap * sizeof(*table->scratch->dictionary_groups);
    return bytes;
}

/* --- rows to groups ---------------------------------------------------------------------------------------------- */

static int out_of_groups(struct errbuf *err, const struct aggregate_table *table)
{
    return errbuf_oom(err, "groups of an aggregate", aggregate_table_memory_bytes(table));
}

static int make_scratch(struct aggregate_table *table)
{
    struct aggregate_scratch *scratch = calloc(1, sizeof(*scratch));

    if (scratch == NULL)
        return -1;
    scratch->keys = calloc(table->layout->nkeys + 1, sizeof(*scratch->keys));
    if (scratch->keys == NULL) {
        free(scratch);
        return -1;
    }
    buf_init(&scratch->encoded);
    hashmap_init(&scratch->dictionary);
    scratch->null_group = HASHMAP_NONE;
    table->scratch = scratch;
    return 0;
}

static uint32_t group_of_encoded(struct aggregate_table *table, size_t row)
{
    const struct aggregate_layout *layout = table->layout;
    struct aggregate_scratch *scratch = table->scratch;
    size_t size = 0;
    bool inserted;

    for (size_t i = 0; i < layout->nkeys; i++)
        size += aggregate_key_size(&scratch->keys[i], row);
    buf_reset(&scratch->encoded);
    if (!buf_reserve(&scratch->encoded, size))
        return HASHMAP_NONE;
    unsigned char *start = (unsigned char *)scratch->encoded.data;
    unsigned char *end = start;
    for (size_t i = 0; i < layout->nkeys; i++)
        end = aggregate_key_write(end, &scratch->keys[layout->order[i]], row, false);
    return aggregate_put(table, (const char *)start, (size_t)(end - start), &inserted);
}

static int grow_dictionary(struct aggregate_scratch *scratch)
{
    size_t cap = scratch->dictionary_cap == 0 ? 1024 : scratch->dictionary_cap * 2;
    uint32_t *grown = reallocarray(scratch->dictionary_groups, cap, sizeof(*grown));

    if (grown == NULL)
        return -1;
    scratch->dictionary_groups = grown;
    scratch->dictionary_cap = cap;
    return 0;
}

static int number_by_dictionary(struct aggregate_table *table, const uint16_t *sel, size_t n)
{
    struct aggregate_scratch *scratch = table->scratch;
    const struct vector *key = &scratch->keys[0];
    bool inserted;

    for (size_t i = 0; i < n; i++) {
        size_t row = sel == NULL ? i : sel[i];
        if (vector_is_null(key, row)) {
            if (scratch->null_group == HASHMAP_NONE)
                scratch->null_group = group_of_encoded(table, row);
            if (scratch->null_group == HASHMAP_NONE)
                return -1;
            scratch->groups[row] = scratch->null_group;
            continue;
        }
        struct str text = key->data.str[vector_row(key, row)];
        if (scratch->dictionary.count == scratch->dictionary_cap && grow_dictionary(scratch) != 0)
            return -1;
        uint32_t id =
            hashmap_put(&scratch->dictionary, text.data, text.len, hashmap_hash(text.data, text.len), &inserted);
        if (id == HASHMAP_NONE)
            return -1;
        if (inserted)
            scratch->dictionary_groups[id] = HASHMAP_NONE;
        uint32_t group = scratch->dictionary_groups[id];
        if (group == HASHMAP_NONE) {
            group = group_of_encoded(table, row);
            if (group == HASHMAP_NONE)
                return -1;
            scratch->dictionary_groups[id] = group;
        }
        scratch->groups[row] = group;
    }
    return 0;
}

static int number_rows(struct aggregate_table *table, const uint16_t *sel, size_t n)
{
    const struct aggregate_layout *layout = table->layout;
    struct aggregate_scratch *scratch = table->scratch;

    if (layout->nkeys == 0) {
        memset(scratch->groups, 0, sizeof(scratch->groups));
        return 0;
    }
    if (layout->single_string && !scratch->dictionary_off && scratch->dictionary.count < DICTIONARY_MAX)
        return number_by_dictionary(table, sel, n);
    for (size_t i = 0; i < n; i++) {
        size_t row = sel == NULL ? i : sel[i];
        uint32_t group = group_of_encoded(table, row);
        if (group == HASHMAP_NONE)
            return -1;
        scratch->groups[row] = group;
    }
    return 0;
}

static int update_call(struct aggregate_table *table, const struct aggregate_slot *slot, struct eval *eval,
                       const struct batch *batch, const uint16_t *sel, size_t n)
{
    struct vector arg;

    if (slot->call->filter != NULL) {
        long kept = expr_select(eval, slot->call->filter, batch, sel, n, table->scratch->selected);
        if (kept < 0)
            return -1;
        sel = table->scratch->selected;
        n = (size_t)kept;
    }
    if (n == 0)
        return 0;
    if (slot->call->arg != NULL && expr_eval(eval, slot->call->arg, batch, sel, n, &arg) != 0)
        return -1;
    return aggregate_accumulator_update(slot, table->accumulators, table->layout->width, table->scratch->groups,
                                        slot->call->arg == NULL ? NULL : &arg, sel, n, &table->strings, eval);
}

static int update(struct aggregate_table *table, struct eval *eval, const struct batch *batch, struct errbuf *err)
{
    const struct aggregate_layout *layout = table->layout;
    size_t n = batch->nselected;

    if (table->scratch == NULL && make_scratch(table) != 0)
        return errbuf_oom(err, "scratch of an aggregate", sizeof(*table->scratch));
    for (size_t i = 0; i < layout->nkeys; i++)
        if (expr_eval(eval, layout->op->u.aggregate.keys[i], batch, batch->sel, n, &table->scratch->keys[i]) != 0)
            return -1;
    if (number_rows(table, batch->sel, n) != 0)
        return out_of_groups(err, table);
    for (size_t i = 0; i < layout->ncalls; i++)
        if (update_call(table, &layout->slots[i], eval, batch, batch->sel, n) != 0)
            return -1;
    return 0;
}

int aggregate_update(struct aggregate_table *table, struct eval *eval, const struct batch *batch, struct errbuf *err)
{
    struct errbuf *before = eval->err;

    if (batch->nselected == 0)
        return 0;
    eval->err = err;
    int result = update(table, eval, batch, err);
    eval->err = before;
    return result;
}

/* --- single groups ----------------------------------------------------------------------------------------------- */

int aggregate_merge_one(const struct aggregate_layout *layout, unsigned char *dst, const unsigned char *src,
                        struct arena *dst_strings, struct errbuf *err)
{
    for (size_t i = 0; i < layout->ncalls; i++)
        if (aggregate_accumulator_merge(&layout->slots[i], dst, src, dst_strings, err) != 0)
            return -1;
    return 0;
}

void aggregate_clear_one(const struct aggregate_layout *layout, unsigned char *accumulator)
{
    if (layout->width > 0)
        memset(accumulator, 0, layout->width);
}

void aggregate_encode_one(const struct aggregate_layout *layout, const unsigned char *accumulator, struct buf *out)
{
    for (size_t i = 0; i < layout->ncalls; i++)
        aggregate_accumulator_encode(&layout->slots[i], accumulator, out);
}

int aggregate_decode_one(const struct aggregate_layout *layout, const char *bytes, size_t len,
                         unsigned char *accumulator, struct arena *strings)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char *end = at + len;
    bool oom = false;

    aggregate_clear_one(layout, accumulator);
    for (size_t i = 0; i < layout->ncalls && at != NULL; i++)
        at = aggregate_accumulator_decode(&layout->slots[i], at, end, accumulator, strings, &oom);
    return at == end ? 0 : -1;
}

bool aggregate_key_valid(const struct aggregate_layout *layout, const char *key, size_t len)
{
    const unsigned char *at = (const unsigned char *)key;
    const unsigned char *end = at + len;

    for (size_t i = 0; i < layout->nkeys && at != NULL; i++)
        at = aggregate_key_read(at, end, layout->op->u.aggregate.keys[layout->order[i]]->type, NULL, 0);
    return at == end;
}

bool aggregate_event_time(const struct aggregate_layout *layout, const char *key, size_t len, int64_t *event_us)
{
    /* tag and value of the first column; of a window: its tag, then tag and value of start and of end */
    size_t at = layout->op->u.aggregate.event_time_window ? 1 + 9 : 0;
    uint64_t value;

    if (layout->op->u.aggregate.event_time_key < 0 || len < at + 9 || key[0] == 0 || key[at] == 0)
        return false;
    memcpy(&value, key + at + 1, sizeof(value));
    *event_us = (int64_t)le64toh(value);
    return true;
}

/* --- groups to rows ---------------------------------------------------------------------------------------------- */

int aggregate_rows(const struct aggregate_table *table, const uint32_t *groups, size_t n, struct batch *batch,
                   struct arena *arena)
{
    const struct aggregate_layout *layout = table->layout;
    size_t ncolumns = layout->nkeys + layout->ncalls;
    struct vector *columns = arena_calloc(arena, ncolumns + 1, sizeof(*columns));

    if (columns == NULL)
        return -1;
    for (size_t i = 0; i < ncolumns; i++) {
        const struct type *type =
            i < layout->nkeys ? layout->op->u.aggregate.keys[i]->type : layout->slots[i - layout->nkeys].call->type;
        if (vector_alloc(&columns[i], type, n, arena) != 0)
            return -1;
    }
    for (size_t row = 0; row < n; row++) {
        const struct hashmap_key *key = &table->keys.keys[groups[row]];
        const unsigned char *at = (const unsigned char *)key->data;
        const unsigned char *end = at + key->len;
        for (size_t i = 0; i < layout->nkeys; i++)
            at = aggregate_key_read(at, end, columns[layout->order[i]].type, &columns[layout->order[i]], row);
    }
    for (size_t i = 0; i < layout->ncalls; i++)
        for (size_t row = 0; row < n; row++)
            aggregate_accumulator_result(&layout->slots[i], table->accumulators + groups[row] * layout->width,
                                         &columns[layout->nkeys + i], row);
    *batch = (struct batch){
        .nrows = n, .nselected = n, .ncolumns = ncolumns, .columns = columns, .arena = arena, .partition = -1};
    return 0;
}

/* What is sorted: the first bytes of the sortable key as a number, then the rest. */
struct sort_item {
    uint64_t head;
    const char *key;
    size_t offset; /* of the key, while the buffer still moves */
    uint32_t len;
    uint32_t group;
};

static int by_key(const void *left, const void *right)
{
    const struct sort_item *a = left, *b = right;

    if (a->head != b->head)
        return a->head < b->head ? -1 : 1;
    uint32_t common = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->key, b->key, common);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* The columns in their own order: where each begins is found by walking the key once. */
static void append_sortable(const struct aggregate_layout *layout, const struct hashmap_key *key,
                            const unsigned char **starts, struct buf *out)
{
    const unsigned char *at = (const unsigned char *)key->data;
    const unsigned char *end = at + key->len;

    for (size_t i = 0; i < layout->nkeys; i++) {
        starts[layout->order[i]] = at;
        at = aggregate_key_read(at, end, layout->op->u.aggregate.keys[layout->order[i]]->type, NULL, 0);
    }
    for (size_t i = 0; i < layout->nkeys; i++)
        aggregate_key_sortable(layout->op->u.aggregate.keys[i]->type, starts[i], out);
}

int aggregate_sort(const struct aggregate_table *table, uint32_t *groups, size_t n)
{
    const struct aggregate_layout *layout = table->layout;
    struct buf bytes = BUF_INIT;
    int result = -1;

    if (n < 2)
        return 0;
    struct sort_item *items = reallocarray(NULL, n, sizeof(*items));
    const unsigned char **starts = calloc(layout->nkeys + 1, sizeof(*starts));
    if (items == NULL || starts == NULL)
        goto done;
    for (size_t i = 0; i < n; i++) {
        items[i].group = groups[i];
        items[i].offset = bytes.len;
        append_sortable(layout, &table->keys.keys[groups[i]], starts, &bytes);
        items[i].len = (uint32_t)(bytes.len - items[i].offset);
    }
    if (bytes.failed)
        goto done;
    for (size_t i = 0; i < n; i++) {
        unsigned char head[8] = {0};
        items[i].key = bytes.data + items[i].offset;
        memcpy(head, items[i].key, items[i].len < 8 ? items[i].len : 8);
        memcpy(&items[i].head, head, sizeof(head));
        items[i].head = be64toh(items[i].head);
    }
    qsort(items, n, sizeof(*items), by_key);
    for (size_t i = 0; i < n; i++)
        groups[i] = items[i].group;
    result = 0;
done:
    free(items);
    free(starts);
    buf_release(&bytes);
    return result;
}
