/* Keys become byte strings for the hash map: a single STRING key is used as it lies in memory (the common case: a
 * code), anything else is encoded field by field, each with a NULL flag and a length where it varies, so that different
 * keys never give equal bytes.
 */
#include "engine/join.h"

#include "common/hashmap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct join {
    const struct plan_op *op;
    const struct rowset *table;
    struct hashmap keys; /* encoded key -> number of the key */
    uint32_t *first;     /* by key number: its first table row */
    uint32_t *next;      /* by table row: the next one with the same key */
    bool unique;
    bool plain; /* one STRING or BINARY key compared by = : no encoding */
};

static void encode_value(const struct vector *vector, size_t row, struct buf *out)
{
    row = vector_row(vector, row);
    switch (vector->type->id) {
    case TYPE_BOOLEAN:
        buf_append_byte(out, (char)vector->data.boolean[row]);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        buf_append(out, &vector->data.i32[row], sizeof(int32_t));
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        buf_append(out, &vector->data.i64[row], sizeof(int64_t));
        break;
    case TYPE_DOUBLE: {
        double value = vector->data.f64[row];

        if (value == 0)
            value = 0; /* -0.0 */
        else if (isnan(value))
            value = NAN;
        buf_append(out, &value, sizeof(value));
        break;
    }
    case TYPE_STRING:
    case TYPE_BINARY: {
        const struct str *str = &vector->data.str[row];

        buf_append(out, &str->len, sizeof(str->len));
        buf_append(out, str->data, str->len);
        break;
    }
    case TYPE_STRUCT:
        for (size_t i = 0; i < vector->type->nfields; i++) {
            bool null = vector_is_null(&vector->fields[i], row);

            buf_append_byte(out, null ? 1 : 0);
            if (!null)
                encode_value(&vector->fields[i], row, out);
        }
        break;
    case TYPE_NULL:
        break;
    }
}

/* Encode the key of one row. False: it has a NULL that matches nothing. */
static bool encode_key(const struct join *join, const struct vector *keys, size_t row, struct buf *out)
{
    buf_reset(out);
    for (size_t i = 0; i < join->op->u.join.nkeys; i++) {
        bool null = vector_is_null(&keys[i], row);

        if (null && !join->op->u.join.null_safe[i])
            return false;
        buf_append_byte(out, null ? 1 : 0);
        if (!null)
            encode_value(&keys[i], row, out);
    }
    return true;
}

/* Add the selected rows of one chunk of the table; base is the number of its first row. last[key] is the newest row of
 * a key. */
static int index_rows(struct join *join, const struct vector *keys, const struct batch *batch, const uint16_t *sel,
                      size_t n, uint32_t base, uint32_t *last, struct buf *encoded, struct errbuf *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t row = sel ? sel[i] : i;
        uint32_t table_row = base + (uint32_t)row;
        const char *key;
        size_t len;
        bool inserted = false;

        (void)batch;
        if (join->plain) {
            if (vector_is_null(&keys[0], row))
                continue;
            const struct str *str = &keys[0].data.str[vector_row(&keys[0], row)];
            key = str->data;
            len = str->len;
        } else {
            if (!encode_key(join, keys, row, encoded))
                continue;
            if (encoded->failed)
                return errbuf_oom(err, "join key", encoded->len);
            key = encoded->data ? encoded->data : "";
            len = encoded->len;
        }
        uint32_t id = hashmap_put(&join->keys, key, len, hashmap_hash(key, len), &inserted);
        if (id == HASHMAP_NONE)
            return errbuf_oom(err, "join index", hashmap_memory_bytes(&join->keys));
        if (inserted) {
            join->first[id] = table_row;
        } else {
            join->next[last[id]] = table_row;
            join->unique = false;
        }
        last[id] = table_row;
    }
    return 0;
}

static int build(struct join *join, const struct plan *plan, struct errbuf *err)
{
    const struct rowset *table = join->table;
    size_t nkeys = join->op->u.join.nkeys;
    struct arena arena;
    struct buf encoded;
    uint32_t *last = calloc(table->nrows ? table->nrows : 1, sizeof(*last));
    int result = -1;

    arena_init(&arena);
    buf_init(&encoded);
    if (!last) {
        errbuf_oom(err, "join index", table->nrows * sizeof(*last));
        goto out;
    }
    for (size_t base = 0; base < table->nrows; base += VECTOR_ROWS) {
        size_t n = table->nrows - base < VECTOR_ROWS ? table->nrows - base : VECTOR_ROWS;
        struct eval eval = {.arena = &arena, .zone = plan->zone, .sql = plan->sql, .err = err};
        struct batch batch;
        const uint16_t *sel = NULL;

        arena_reset(&arena);
        struct vector *columns = arena_calloc(&arena, table->schema.ncolumns + 1, sizeof(*columns));
        struct vector *keys = arena_calloc(&arena, nkeys + 1, sizeof(*keys));
        uint16_t *passing = arena_alloc(&arena, VECTOR_ROWS * sizeof(*passing));
        if (!columns || !keys || !passing || rowset_batch(table, base, n, columns, &batch, &arena) != 0) {
            errbuf_oom(err, "join index", n);
            goto out;
        }
        eval.batch = &batch;
        if (join->op->u.join.table_filter) {
            long passed = expr_select(&eval, join->op->u.join.table_filter, &batch, NULL, n, passing);
            if (passed < 0)
                goto out;
            sel = passing;
            n = (size_t)passed;
        }
        for (size_t i = 0; i < nkeys; i++)
            if (expr_eval(&eval, join->op->u.join.table_keys[i], &batch, sel, n, &keys[i]) != 0)
                goto out;
        if (index_rows(join, keys, &batch, sel, n, (uint32_t)base, last, &encoded, err) != 0)
            goto out;
    }
    result = 0;
out:
    free(last);
    buf_release(&encoded);
    arena_release(&arena);
    return result;
}

struct join *join_new(const struct plan_op *op, const struct rowset *table, const struct plan *plan, struct errbuf *err)
{
    struct join *join = calloc(1, sizeof(*join));
    size_t rows = table->nrows ? table->nrows : 1;

    if (!join) {
        errbuf_oom(err, "join", sizeof(*join));
        return NULL;
    }
    join->op = op;
    join->table = table;
    join->unique = true;
    if (op->u.join.nkeys == 1 && !op->u.join.null_safe[0]) {
        enum type_id id = op->u.join.table_keys[0]->type->id;
        join->plain = id == TYPE_STRING || id == TYPE_BINARY;
    }
    hashmap_init(&join->keys);
    if (table->nrows >= JOIN_NONE) {
        errbuf_set(err, EXIT_CODE_USAGE, "a static table of %zu rows is too large to join", table->nrows);
        goto fail;
    }
    join->first = malloc(rows * sizeof(*join->first));
    join->next = malloc(rows * sizeof(*join->next));
    if (!join->first || !join->next) {
        errbuf_oom(err, "join index", 2 * rows * sizeof(*join->first));
        goto fail;
    }
    memset(join->next, 0xff, rows * sizeof(*join->next)); /* JOIN_NONE */
    if (build(join, plan, err) != 0)
        goto fail;
    return join;
fail:
    join_free(join);
    return NULL;
}

void join_free(struct join *join)
{
    if (!join)
        return;
    hashmap_release(&join->keys);
    free(join->first);
    free(join->next);
    free(join);
}

bool join_unique(const struct join *join)
{
    return join->unique;
}

int join_probe(const struct join *join, struct eval *eval, const struct batch *batch, uint32_t *first)
{
    size_t nkeys = join->op->u.join.nkeys;
    size_t n = batch->nselected;
    struct vector *keys = arena_calloc(eval->arena, nkeys + 1, sizeof(*keys));

    if (!keys)
        return errbuf_oom(eval->err, "join", nkeys * sizeof(*keys));
    for (size_t i = 0; i < nkeys; i++)
        if (expr_eval(eval, join->op->u.join.stream_keys[i], batch, batch->sel, n, &keys[i]) != 0)
            return -1;
    if (join->plain) {
        for (size_t i = 0; i < n; i++) {
            size_t row = batch->sel ? batch->sel[i] : i;

            first[row] = JOIN_NONE;
            if (vector_is_null(&keys[0], row))
                continue;
            const struct str *str = &keys[0].data.str[vector_row(&keys[0], row)];
            uint32_t id = hashmap_get(&join->keys, str->data, str->len, hashmap_hash(str->data, str->len));
            if (id != HASHMAP_NONE)
                first[row] = join->first[id];
        }
        return 0;
    }
    struct buf encoded;

    buf_init(&encoded);
    for (size_t i = 0; i < n; i++) {
        size_t row = batch->sel ? batch->sel[i] : i;

        first[row] = JOIN_NONE;
        if (!encode_key(join, keys, row, &encoded))
            continue;
        const char *key = encoded.data ? encoded.data : "";
        uint32_t id = hashmap_get(&join->keys, key, encoded.len, hashmap_hash(key, encoded.len));
        if (id != HASHMAP_NONE)
            first[row] = join->first[id];
    }
    bool failed = encoded.failed;
    size_t len = encoded.len;
    buf_release(&encoded);
    return failed ? errbuf_oom(eval->err, "join key", len) : 0;
}

uint32_t join_next(const struct join *join, uint32_t table_row)
{
    return join->next[table_row];
}
