/* Rows to group numbers to accumulators, and the tables around them.
 *
 * An update is: evaluate the key columns, pack the rows' keys (aggregate_pack.c) and find their groups
 * (aggregate_index.c) a block at a time, then let every accumulator run over its own column with the group numbers.
 * Each of these is a loop over one array.
 *
 * A table's dictionaries outlive its groups: a partial aggregate that is reset for the next batch meets the same texts
 * again. */
#include "aggregate_internal.h"

#include <stdlib.h>

/* Texts beyond which a dictionary is emptied with the groups: such a column's texts hardly come again. */
#define DICTIONARY_KEPT ((size_t)32768)

/* What update and adopt work in; made when first needed. */
struct aggregate_scratch {
    uint32_t groups[VECTOR_ROWS]; /* by row */
    uint16_t selected[VECTOR_ROWS];
    uint32_t block[AGGREGATE_BLOCK];
    struct vector *keys;
    unsigned char *packed; /* AGGREGATE_BLOCK keys */
    uint32_t **ids;        /* by dictionary: the number here of a text's number in the table that is adopted from */
    size_t *ids_cap;
};

/* --- table ------------------------------------------------------------------------------------------------------- */

/* A global aggregate has its one group from the start. */
static int put_global(struct aggregate_table *table)
{
    uint32_t group;

    return table->layout->nkeys > 0 ? 0 : aggregate_index_put(table, NULL, 1, &group);
}

int aggregate_table_init(struct aggregate_table *table, const struct aggregate_layout *layout)
{
    memset(table, 0, sizeof(*table));
    table->layout = layout;
    table->null_group = AGGREGATE_NONE;
    arena_init(&table->strings);
    table->dictionaries = calloc(layout->ndictionaries + 1, sizeof(*table->dictionaries));
    table->order = aggregate_sort_new(layout);
    if (table->dictionaries != NULL)
        for (size_t i = 0; i < layout->ndictionaries; i++)
            hashmap_init(&table->dictionaries[i]);
    if (table->dictionaries == NULL || table->order == NULL || put_global(table) != 0) {
        aggregate_table_release(table);
        return -1;
    }
    return 0;
}

static void free_scratch(struct aggregate_scratch *scratch, size_t ndictionaries)
{
    if (scratch == NULL)
        return;
    free(scratch->keys);
    free(scratch->packed);
    if (scratch->ids != NULL)
        for (size_t i = 0; i < ndictionaries; i++)
            free(scratch->ids[i]);
    free(scratch->ids);
    free(scratch->ids_cap);
    free(scratch);
}

void aggregate_table_release(struct aggregate_table *table)
{
    const struct aggregate_layout *layout = table->layout;

    if (table->dictionaries != NULL)
        for (size_t i = 0; i < layout->ndictionaries; i++)
            hashmap_release(&table->dictionaries[i]);
    free(table->dictionaries);
    free(table->direct);
    slots_release(&table->slots);
    free(table->keys);
    free(table->accumulators);
    arena_release(&table->strings);
    aggregate_sort_free(table->order);
    if (table->scratch != NULL)
        free_scratch(table->scratch, layout->ndictionaries);
    memset(table, 0, sizeof(*table));
    table->layout = layout;
}

void aggregate_table_reset(struct aggregate_table *table)
{
    bool large = false;

    aggregate_index_reset(table);
    arena_reset(&table->strings);
    for (size_t i = 0; i < table->layout->ndictionaries; i++)
        large |= table->dictionaries[i].count > DICTIONARY_KEPT;
    if (large) {
        for (size_t i = 0; i < table->layout->ndictionaries; i++)
            hashmap_reset(&table->dictionaries[i]);
        aggregate_sort_forget(table->order);
    }
    (void)put_global(table); /* cannot fail: there is room since the first time */
}

size_t aggregate_table_memory_bytes(const struct aggregate_table *table)
{
    const struct aggregate_layout *layout = table->layout;
    size_t bytes = table->cap * (layout->width + layout->key_width) + slots_memory_bytes(&table->slots) +
                   table->direct_cap * sizeof(*table->direct) + table->strings.reserved_bytes +
                   aggregate_sort_memory_bytes(table->order);

    for (size_t i = 0; i < layout->ndictionaries; i++)
        bytes += hashmap_memory_bytes(&table->dictionaries[i]);
    if (table->scratch != NULL) {
        bytes += sizeof(*table->scratch) + AGGREGATE_BLOCK * layout->key_width;
        for (size_t i = 0; i < layout->ndictionaries; i++)
            bytes += table->scratch->ids_cap[i] * sizeof(**table->scratch->ids);
    }
    return bytes;
}

static int make_scratch(struct aggregate_table *table)
{
    const struct aggregate_layout *layout = table->layout;

    if (table->scratch != NULL)
        return 0;
    struct aggregate_scratch *scratch = calloc(1, sizeof(*scratch));
    if (scratch == NULL)
        return -1;
    scratch->keys = calloc(layout->nkeys + 1, sizeof(*scratch->keys));
    scratch->packed = malloc(AGGREGATE_BLOCK * layout->key_width + 1);
    scratch->ids = calloc(layout->ndictionaries + 1, sizeof(*scratch->ids));
    scratch->ids_cap = calloc(layout->ndictionaries + 1, sizeof(*scratch->ids_cap));
    if (scratch->keys == NULL || scratch->packed == NULL || scratch->ids == NULL || scratch->ids_cap == NULL) {
        free_scratch(scratch, layout->ndictionaries);
        return -1;
    }
    table->scratch = scratch;
    return 0;
}

/* --- rows to groups ---------------------------------------------------------------------------------------------- */

static int number_rows(struct aggregate_table *table, const uint16_t *sel, size_t n)
{
    struct aggregate_scratch *scratch = table->scratch;

    if (table->layout->nkeys == 0) {
        memset(scratch->groups, 0, sizeof(scratch->groups));
        return 0;
    }
    for (size_t first = 0; first < n; first += AGGREGATE_BLOCK) {
        size_t some = n - first < AGGREGATE_BLOCK ? n - first : AGGREGATE_BLOCK;
        uint32_t *groups = sel == NULL ? scratch->groups + first : scratch->block;
        if (aggregate_pack_rows(table, scratch->keys, sel, first, some, scratch->packed) != 0 ||
            aggregate_index_put(table, scratch->packed, some, groups) != 0)
            return -1;
        if (sel != NULL)
            for (size_t i = 0; i < some; i++)
                scratch->groups[sel[first + i]] = groups[i];
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

    if (make_scratch(table) != 0)
        return errbuf_oom(err, "scratch of an aggregate", sizeof(*table->scratch));
    for (size_t i = 0; i < layout->nkeys; i++)
        if (expr_eval(eval, layout->op->u.aggregate.keys[i], batch, batch->sel, n, &table->scratch->keys[i]) != 0)
            return -1;
    if (number_rows(table, batch->sel, n) != 0)
        return errbuf_oom(err, "groups of an aggregate", aggregate_table_memory_bytes(table));
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

/* --- groups to groups -------------------------------------------------------------------------------------------- */

void aggregate_reserve(struct aggregate_table *table, size_t groups)
{
    aggregate_index_reserve(table, groups);
}

int aggregate_adopt_begin(struct aggregate_table *table, const struct aggregate_table *from)
{
    if (make_scratch(table) != 0)
        return -1;
    for (size_t i = 0; i < table->layout->ndictionaries; i++) {
        size_t n = from->dictionaries[i].count;
        if (n > table->scratch->ids_cap[i]) {
            uint32_t *grown = reallocarray(table->scratch->ids[i], n, sizeof(*grown));
            if (grown == NULL)
                return -1;
            table->scratch->ids[i] = grown;
            table->scratch->ids_cap[i] = n;
        }
        if (n > 0) /* HASHMAP_NONE: not looked up yet */
            memset(table->scratch->ids[i], 0xff, n * sizeof(**table->scratch->ids));
    }
    return 0;
}

/* Put our number of a text in place of the other table's. */
static int translate(struct aggregate_table *table, const struct aggregate_table *from,
                     const struct aggregate_field *field, unsigned char *key)
{
    uint32_t *id = &table->scratch->ids[field->dictionary][aggregate_get32(key, field)];
    bool inserted;

    if (*id == HASHMAP_NONE) {
        const struct hashmap_key *text = aggregate_text(from, field, key);
        *id = hashmap_put(&table->dictionaries[field->dictionary], text->data, text->len,
                          hashmap_hash(text->data, text->len), &inserted);
        if (*id == HASHMAP_NONE)
            return -1;
    }
    memcpy(key + field->offset, id, sizeof(*id));
    return 0;
}

int aggregate_adopt(struct aggregate_table *table, const struct aggregate_table *from, const uint32_t *numbers,
                    size_t n, uint32_t *groups)
{
    const struct aggregate_layout *layout = table->layout;
    unsigned char *packed = table->scratch->packed;

    if (layout->key_width > 0)
        for (size_t i = 0; i < n; i++)
            memcpy(packed + i * layout->key_width, aggregate_packed(from, numbers[i]), layout->key_width);
    for (size_t t = 0; t < layout->ndictionaries; t++) {
        const struct aggregate_field *field = &layout->fields[layout->texts[t]];
        for (size_t i = 0; i < n; i++) {
            unsigned char *key = packed + i * layout->key_width;
            if (!aggregate_is_null(field, key) && translate(table, from, field, key) != 0)
                return -1;
        }
    }
    return aggregate_index_put(table, packed, n, groups);
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

size_t aggregate_width(const struct aggregate_layout *layout)
{
    return layout->width;
}

bool aggregate_merge_order_matters(const struct aggregate_layout *layout)
{
    return layout->merge_order_matters;
}

bool aggregate_any_order(const struct aggregate_layout *layout)
{
    return layout->any_order;
}

bool aggregate_has_event_time(const struct aggregate_layout *layout)
{
    return layout->event_field >= 0;
}

void aggregate_encode_one(const struct aggregate_layout *layout, const unsigned char *accumulator, struct buf *out)
{
    for (size_t i = 0; i < layout->ncalls; i++)
        aggregate_accumulator_encode(&layout->slots[i], accumulator, out);
}

const unsigned char *aggregate_decode_one(const struct aggregate_layout *layout, const unsigned char *at,
                                          const unsigned char *end, unsigned char *accumulator, struct arena *strings,
                                          bool *oom)
{
    *oom = false;
    aggregate_clear_one(layout, accumulator);
    for (size_t i = 0; i < layout->ncalls && at != NULL; i++)
        at = aggregate_accumulator_decode(&layout->slots[i], at, end, accumulator, strings, oom);
    return at;
}

bool aggregate_event_time(const struct aggregate_table *table, uint32_t group, int64_t *event_us)
{
    const struct aggregate_layout *layout = table->layout;

    if (layout->event_field < 0)
        return false;
    const struct aggregate_field *field = &layout->fields[layout->event_field];
    const unsigned char *key = aggregate_packed(table, group);
    if (aggregate_is_null(field, key))
        return false;
    *event_us = (int64_t)aggregate_get64(key, field);
    return true;
}

/* --- groups to rows ---------------------------------------------------------------------------------------------- */

#define UNPACK(to, value)                                                                                              \
    do {                                                                                                               \
        for (size_t row = 0; row < n; row++) {                                                                         \
            const unsigned char *key = aggregate_packed(table, groups[row]);                                           \
            (to)[row] = (value);                                                                                       \
        }                                                                                                              \
    } while (0)

/* The numbers of texts in an all-zero value of a NULL may be of no dictionary yet. */
static void unpack_texts(const struct aggregate_table *table, const struct aggregate_field *field,
                         const uint32_t *groups, size_t n, struct vector *out)
{
    const struct hashmap_key *texts = table->dictionaries[field->dictionary].keys;

    for (size_t row = 0; row < n; row++) {
        const unsigned char *key = aggregate_packed(table, groups[row]);
        if (!aggregate_is_null(field, key)) {
            const struct hashmap_key *text = &texts[aggregate_get32(key, field)];
            out->data.str[row] = (struct str){text->data, text->len};
        }
    }
}

static void unpack_field(const struct aggregate_table *table, size_t at, const uint32_t *groups, size_t n,
                         struct vector *out)
{
    const struct aggregate_field *fields = table->layout->fields;
    const struct aggregate_field *field = &fields[at];
    size_t inner = at + 1;

    for (size_t i = 0; inner < field->next; i++, inner = fields[inner].next)
        unpack_field(table, inner, groups, n, &out->fields[i]);
    switch (field->type->id) {
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    case TYPE_BOOLEAN:
        UNPACK(out->data.boolean, key[field->offset]);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        UNPACK(out->data.i32, (int32_t)aggregate_get32(key, field));
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_DOUBLE: /* the bits, whichever they are */
        UNPACK(out->data.i64, (int64_t)aggregate_get64(key, field));
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        unpack_texts(table, field, groups, n, out);
        break;
    }
    for (size_t row = 0; row < n; row++)
        if (aggregate_is_null(field, aggregate_packed(table, groups[row])))
            vector_set_null(out, row);
}

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
    for (size_t i = 0; i < layout->nkeys; i++)
        unpack_field(table, layout->first[i], groups, n, &columns[i]);
    for (size_t i = 0; i < layout->ncalls; i++)
        for (size_t row = 0; row < n; row++)
            aggregate_accumulator_result(&layout->slots[i], table->accumulators + groups[row] * layout->width,
                                         &columns[layout->nkeys + i], row);
    *batch = (struct batch){
        .nrows = n, .nselected = n, .ncolumns = ncolumns, .columns = columns, .arena = arena, .partition = -1};
    return 0;
}
