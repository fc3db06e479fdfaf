/* Values to packed keys.
 *
 * A block of rows is packed a field at a time: a loop over one column's array writes one place in every key. Texts are
 * looked up in the field's dictionary; all of a block are hashed before the first is looked up, so that the misses of a
 * large dictionary overlap.
 *
 * Where a row's struct is NULL its fields are NULL too, whatever their vectors hold: equal keys must have equal
 * bytes. */
#include "aggregate_internal.h"

struct block {
    struct aggregate_table *table;
    const uint16_t *sel;
    size_t first;
    size_t n;
    unsigned char *keys;
};

static inline size_t row_of(const struct block *block, size_t i)
{
    return block->sel == NULL ? block->first + i : block->sel[block->first + i];
}

static inline unsigned char *key_of(const struct block *block, size_t i)
{
    return block->keys + i * block->table->layout->key_width;
}

static inline void set_null(const struct aggregate_field *field, unsigned char *key)
{
    key[field->null_at] |= field->null_bit;
}

/* --- texts ------------------------------------------------------------------------------------------------------ */

static int pack_one_text(const struct block *block, const struct aggregate_field *field, const struct str *text)
{
    struct hashmap *dictionary = &block->table->dictionaries[field->dictionary];
    bool inserted;
    uint32_t id = hashmap_put(dictionary, text->data, text->len, hashmap_hash(text->data, text->len), &inserted);

    if (id == HASHMAP_NONE)
        return -1;
    for (size_t i = 0; i < block->n; i++)
        memcpy(key_of(block, i) + field->offset, &id, sizeof(id));
    return 0;
}

/* Texts that rows share: a table's that joined them, a CASE's literals. One look at the pointer replaces hashing the
 * bytes and finding them. The memo is of one block, since a batch's memory is used again. A memo of distinct texts is
 * of no use, so it is kept only while rows hit it. */
enum { MEMO = 16, MEMO_TRIAL = 32 };

struct memo {
    const char *data[MEMO];
    uint32_t len[MEMO];
    uint32_t id[MEMO];
    unsigned hits;
};

static inline size_t memo_place(const struct str *text)
{
    return (size_t)(((uintptr_t)text->data * UINT64_C(0x9e3779b97f4a7c15)) >> 60);
}

/* Pack the first rows, all of them if the memo serves. Returns how many; *failed: without memory. */
static size_t pack_shared(const struct block *block, const struct aggregate_field *field, const struct vector *vector,
                          bool *failed)
{
    struct hashmap *dictionary = &block->table->dictionaries[field->dictionary];
    struct memo memo;
    bool inserted;
    size_t i;

    memset(&memo, 0xff, sizeof(memo)); /* a pointer that no text has */
    memo.hits = 0;
    for (i = 0; i < block->n && (i != MEMO_TRIAL || memo.hits >= MEMO_TRIAL / 2); i++) {
        size_t row = row_of(block, i);
        if (vector_is_null(vector, row))
            continue;
        const struct str *text = &vector->data.str[row];
        size_t at = memo_place(text);
        if (memo.data[at] == text->data && memo.len[at] == text->len) {
            memo.hits++;
        } else {
            memo.id[at] =
                hashmap_put(dictionary, text->data, text->len, hashmap_hash(text->data, text->len), &inserted);
            *failed |= memo.id[at] == HASHMAP_NONE;
            memo.data[at] = text->data;
            memo.len[at] = text->len;
        }
        memcpy(key_of(block, i) + field->offset, &memo.id[at], sizeof(memo.id[at]));
    }
    return i;
}

static int pack_texts(const struct block *block, const struct aggregate_field *field, const struct vector *vector)
{
    struct hashmap *dictionary = &block->table->dictionaries[field->dictionary];
    uint64_t hashes[AGGREGATE_BLOCK];
    bool inserted, failed = false;

    if (vector->constant)
        return vector_is_null(vector, 0) ? 0 : pack_one_text(block, field, &vector->data.str[0]);
    size_t first = pack_shared(block, field, vector, &failed);
    if (failed)
        return -1;
    for (size_t i = first; i < block->n; i++) {
        size_t row = row_of(block, i);
        if (vector_is_null(vector, row))
            continue;
        hashes[i] = hashmap_hash(vector->data.str[row].data, vector->data.str[row].len);
        hashmap_prefetch(dictionary, hashes[i]);
    }
    for (size_t i = first; i < block->n; i++) {
        size_t row = row_of(block, i);
        if (vector_is_null(vector, row))
            continue;
        const struct str *text = &vector->data.str[row];
        uint32_t id = hashmap_put(dictionary, text->data, text->len, hashes[i], &inserted);
        if (id == HASHMAP_NONE)
            return -1;
        memcpy(key_of(block, i) + field->offset, &id, sizeof(id));
    }
    return 0;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

#define PACK(value)                                                                                                    \
    do {                                                                                                               \
        for (size_t i = 0; i < block->n; i++) {                                                                        \
            size_t row = vector_row(vector, row_of(block, i));                                                         \
            __typeof__(value) packed = (value);                                                                        \
            memcpy(key_of(block, i) + field->offset, &packed, sizeof(packed));                                         \
        }                                                                                                              \
    } while (0)

/* The values, of NULL rows too (but never the text of one). */
static int pack_values(const struct block *block, const struct aggregate_field *field, const struct vector *vector)
{
    switch (field->type->id) {
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    case TYPE_BOOLEAN:
        PACK((uint8_t)(vector->data.boolean[row] != 0));
        break;
    case TYPE_INT:
    case TYPE_DATE:
        PACK(vector->data.i32[row]);
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        PACK(vector->data.i64[row]);
        break;
    case TYPE_DOUBLE:
        PACK(aggregate_layout_double_bits(vector->data.f64[row]));
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        return pack_texts(block, field, vector);
    }
    return 0;
}

static void zero_value(const struct aggregate_field *field, unsigned char *key)
{
    switch (field->type->id) {
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    case TYPE_BOOLEAN:
        key[field->offset] = 0;
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_DOUBLE:
        memset(key + field->offset, 0, 8);
        break;
    default:
        memset(key + field->offset, 0, 4);
        break;
    }
}

/* Pack field `at` and those inside it. */
static int pack_field(const struct block *block, size_t at, const struct vector *vector)
{
    const struct aggregate_field *fields = block->table->layout->fields;
    const struct aggregate_field *field = &fields[at];
    size_t inner = at + 1;

    for (size_t i = 0; inner < field->next; i++, inner = fields[inner].next)
        if (pack_field(block, inner, &vector->fields[i]) != 0)
            return -1;
    if (pack_values(block, field, vector) != 0)
        return -1;
    if (!vector->has_nulls && field->type->id != TYPE_NULL)
        return 0;
    for (size_t i = 0; i < block->n; i++) {
        if (field->type->id != TYPE_NULL && !vector_is_null(vector, row_of(block, i)))
            continue;
        for (size_t f = at; f < field->next; f++) {
            zero_value(&fields[f], key_of(block, i));
            set_null(&fields[f], key_of(block, i));
        }
    }
    return 0;
}

int aggregate_pack_rows(struct aggregate_table *table, const struct vector *columns, const uint16_t *sel, size_t first,
                        size_t n, unsigned char *packed)
{
    const struct aggregate_layout *layout = table->layout;
    struct block block = {table, sel, first, n, packed};

    memset(packed, 0, n * layout->key_width);
    for (size_t at = 0; at < layout->nfields; at = layout->fields[at].next)
        if (pack_field(&block, at, &columns[layout->fields[at].column]) != 0)
            return -1;
    return 0;
}
