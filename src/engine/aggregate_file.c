/* Groups in files: packed keys in little endian, with texts numbered by the file, whose texts stand in front of its
 * keys.
 *
 * Writing numbers the texts that the file needs, as a sparse set: a text's number is believed only if that place of the
 * list names the text, so that nothing is cleared between files and a small file of a large table costs what is in
 * it. */
#include "aggregate_internal.h"

#include <endian.h>
#include <stdlib.h>

struct texts {
    uint32_t *numbers; /* by text of the table: its number in the file */
    size_t numbers_cap;
    uint32_t *list; /* by number in the file: the text of the table */
    size_t list_cap;
    size_t count;
};

struct aggregate_file {
    const struct aggregate_layout *layout;
    struct texts *texts; /* by dictionary */
    unsigned char *key;  /* room for one */
};

struct aggregate_file *aggregate_file_new(const struct aggregate_layout *layout)
{
    struct aggregate_file *file = calloc(1, sizeof(*file));

    if (file == NULL)
        return NULL;
    file->layout = layout;
    file->texts = calloc(layout->ndictionaries + 1, sizeof(*file->texts));
    file->key = malloc(layout->key_width + 1);
    if (file->texts == NULL || file->key == NULL) {
        aggregate_file_free(file);
        return NULL;
    }
    return file;
}

void aggregate_file_free(struct aggregate_file *file)
{
    if (file == NULL)
        return;
    if (file->texts != NULL)
        for (size_t i = 0; i < file->layout->ndictionaries; i++) {
            free(file->texts[i].numbers);
            free(file->texts[i].list);
        }
    free(file->texts);
    free(file->key);
    free(file);
}

size_t aggregate_file_key_width(const struct aggregate_layout *layout)
{
    return layout->key_width;
}

/* Between the CPU's order of bytes and the file's; the same both ways. */
static void swap_bytes(const struct aggregate_layout *layout, unsigned char *key)
{
    if (htole32(1) == 1)
        return;
    for (size_t f = 0; f < layout->nfields; f++) {
        const struct aggregate_field *field = &layout->fields[f];
        size_t size = field->type->id == TYPE_STRUCT ? 0 : type_width(field->type);
        if (field->type->id == TYPE_STRING || field->type->id == TYPE_BINARY)
            size = sizeof(uint32_t);
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char *low = &key[field->offset + i], *high = &key[field->offset + size - 1 - i];
            unsigned char byte = *low;
            *low = *high;
            *high = byte;
        }
    }
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static int grow_texts(struct texts *texts, size_t in_table)
{
    if (texts->numbers_cap < in_table) {
        size_t cap = in_table + in_table / 4;
        uint32_t *grown = reallocarray(texts->numbers, cap, sizeof(*grown));
        if (grown == NULL)
            return -1;
        memset(grown + texts->numbers_cap, 0, (cap - texts->numbers_cap) * sizeof(*grown));
        texts->numbers = grown;
        texts->numbers_cap = cap;
    }
    if (texts->list_cap == texts->count) {
        size_t cap = texts->count == 0 ? 64 : texts->count * 2;
        uint32_t *grown = reallocarray(texts->list, cap, sizeof(*grown));
        if (grown == NULL)
            return -1;
        texts->list = grown;
        texts->list_cap = cap;
    }
    return 0;
}

void aggregate_file_begin(struct aggregate_file *file)
{
    for (size_t i = 0; i < file->layout->ndictionaries; i++)
        file->texts[i].count = 0;
}

int aggregate_file_note(struct aggregate_file *file, const struct aggregate_table *table, uint32_t group)
{
    const struct aggregate_layout *layout = file->layout;
    const unsigned char *key = aggregate_packed(table, group);

    for (size_t i = 0; i < layout->ndictionaries; i++) {
        const struct aggregate_field *field = &layout->fields[layout->texts[i]];
        struct texts *texts = &file->texts[i];
        if (aggregate_is_null(field, key))
            continue;
        uint32_t text = aggregate_get32(key, field);
        if (text < texts->numbers_cap) {
            uint32_t number = texts->numbers[text];
            if (number < texts->count && texts->list[number] == text)
                continue;
        }
        if (grow_texts(texts, table->dictionaries[i].count) != 0)
            return -1;
        texts->numbers[text] = (uint32_t)texts->count;
        texts->list[texts->count++] = text;
    }
    return 0;
}

static void append32(struct buf *out, uint32_t value)
{
    value = htole32(value);
    buf_append(out, &value, sizeof(value));
}

static void append_text(struct buf *out, const struct hashmap_key *text)
{
    append32(out, text->len);
    buf_append(out, text->data, text->len);
}

void aggregate_file_put_texts(const struct aggregate_file *file, const struct aggregate_table *table, struct buf *out)
{
    for (size_t i = 0; i < file->layout->ndictionaries; i++) {
        const struct texts *texts = &file->texts[i];
        append32(out, (uint32_t)texts->count);
        for (size_t number = 0; number < texts->count; number++)
            append_text(out, &table->dictionaries[i].keys[texts->list[number]]);
    }
}

void aggregate_file_put_key(const struct aggregate_file *file, const struct aggregate_table *table, uint32_t group,
                            struct buf *out)
{
    const struct aggregate_layout *layout = file->layout;

    if (layout->key_width == 0 || !buf_reserve(out, layout->key_width))
        return;
    unsigned char *key = (unsigned char *)out->data + out->len;
    memcpy(key, aggregate_packed(table, group), layout->key_width);
    for (size_t i = 0; i < layout->ndictionaries; i++) {
        const struct aggregate_field *field = &layout->fields[layout->texts[i]];
        if (!aggregate_is_null(field, key)) {
            uint32_t number = file->texts[i].numbers[aggregate_get32(key, field)];
            memcpy(key + field->offset, &number, sizeof(number));
        }
    }
    swap_bytes(layout, key);
    out->len += layout->key_width;
}

size_t aggregate_file_columns(const struct aggregate_layout *layout)
{
    return layout->ndictionaries;
}

void aggregate_file_put_own_texts(const struct aggregate_table *table, size_t column, size_t count, size_t first,
                                  size_t n, struct buf *out)
{
    if (first == 0)
        append32(out, (uint32_t)count);
    for (size_t text = first; text < first + n; text++)
        append_text(out, &table->dictionaries[column].keys[text]);
}

void aggregate_file_put_own_key(const struct aggregate_table *table, uint32_t group, struct buf *out)
{
    const struct aggregate_layout *layout = table->layout;

    if (layout->key_width == 0 || !buf_reserve(out, layout->key_width))
        return;
    unsigned char *key = (unsigned char *)out->data + out->len;
    memcpy(key, aggregate_packed(table, group), layout->key_width);
    swap_bytes(layout, key);
    out->len += layout->key_width;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static bool take32(const unsigned char **at, const unsigned char *end, uint32_t *value)
{
    if (end - *at < 4)
        return false;
    memcpy(value, *at, sizeof(*value));
    *value = le32toh(*value);
    *at += 4;
    return true;
}

const unsigned char *aggregate_file_take_texts(struct aggregate_file *file, struct aggregate_table *table,
                                               const unsigned char *at, const unsigned char *end, bool *oom)
{
    bool inserted;

    *oom = false;
    for (size_t i = 0; i < file->layout->ndictionaries; i++) {
        struct texts *texts = &file->texts[i];
        uint32_t count, len;
        /* a text takes 4 bytes at least: a count beyond that is nonsense, and allocates nothing */
        if (!take32(&at, end, &count) || count > (size_t)(end - at) / 4)
            return NULL;
        for (texts->count = 0; texts->count < count; texts->count++) {
            if (!take32(&at, end, &len) || (size_t)(end - at) < len)
                return NULL;
            uint32_t text = hashmap_put(&table->dictionaries[i], at, len, hashmap_hash(at, len), &inserted);
            if (text == HASHMAP_NONE || grow_texts(texts, 0) != 0) {
                *oom = true;
                return NULL;
            }
            texts->list[texts->count] = text;
            at += len;
        }
    }
    return at;
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static bool null_is_right(const struct aggregate_layout *layout, size_t at, const unsigned char *key)
{
    const struct aggregate_field *field = &layout->fields[at];
    size_t size = type_width(field->type);

    if (field->type->id == TYPE_STRING || field->type->id == TYPE_BINARY)
        size = sizeof(uint32_t);
    if (size > 0 && !is_zero(key + field->offset, size))
        return false;
    for (size_t inner = at + 1; inner < field->next; inner++)
        if (!aggregate_is_null(&layout->fields[inner], key))
            return false;
    return true;
}

/* A key as aggregate_pack.c could have made it: one form for each value. */
static bool key_is_right(const struct aggregate_file *file, const unsigned char *key)
{
    const struct aggregate_layout *layout = file->layout;
    size_t bits = layout->nfields;

    for (size_t i = layout->nulls_at; i < layout->key_width; i++, bits -= bits < 8 ? bits : 8)
        if (bits < 8 && key[i] >> bits != 0)
            return false;
    for (size_t f = 0; f < layout->nfields; f++) {
        const struct aggregate_field *field = &layout->fields[f];
        double value;
        if (aggregate_is_null(field, key)) {
            if (!null_is_right(layout, f, key))
                return false;
            continue;
        }
        switch (field->type->id) {
        case TYPE_NULL:
            return false;
        case TYPE_BOOLEAN:
            if (key[field->offset] > 1)
                return false;
            break;
        case TYPE_DOUBLE:
            memcpy(&value, key + field->offset, sizeof(value));
            if (aggregate_layout_double_bits(value) != aggregate_get64(key, field))
                return false;
            break;
        case TYPE_STRING:
        case TYPE_BINARY:
            if (aggregate_get32(key, field) >= file->texts[field->dictionary].count)
                return false;
            break;
        default:
            break;
        }
    }
    return true;
}

int aggregate_file_take_key(struct aggregate_file *file, struct aggregate_table *table, const unsigned char *bytes,
                            bool add, uint32_t *group)
{
    const struct aggregate_layout *layout = file->layout;

    memcpy(file->key, bytes, layout->key_width);
    swap_bytes(layout, file->key);
    if (!key_is_right(file, file->key))
        return 0;
    for (size_t i = 0; i < layout->ndictionaries; i++) {
        const struct aggregate_field *field = &layout->fields[layout->texts[i]];
        if (!aggregate_is_null(field, file->key))
            memcpy(file->key + field->offset, &file->texts[i].list[aggregate_get32(file->key, field)],
                   sizeof(uint32_t));
    }
    if (add)
        return aggregate_index_put(table, file->key, 1, group) == 0 ? 1 : -1;
    *group = aggregate_index_find(table, file->key);
    return *group == AGGREGATE_NONE ? 0 : 1;
}
