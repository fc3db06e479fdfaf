#include "engine/limit.h"

#include <stdlib.h>
#include <string.h>

struct limit {
    struct arena arena; /* the aggregate below */
    struct plan_op op;
    struct aggregate_layout *layout;
    struct state *state;
    int64_t rows;
};

/* count(*) grouped by a constant: no group, and no row of state, before the first row went through, as in Spark. */
static int make_op(struct limit *limit)
{
    static const struct sql_range nowhere = {-1, -1};
    struct arena *arena = &limit->arena;
    struct plan_aggregate_call *call = arena_calloc(arena, 1, sizeof(*call));
    struct expr **keys = arena_calloc(arena, 1, sizeof(*keys));
    struct type_field *columns = arena_calloc(arena, 2, sizeof(*columns));

    if (!call || !keys || !columns)
        return -1;
    keys[0] = expr_int(arena, 0, nowhere);
    if (!keys[0])
        return -1;
    call->kind = AGGREGATE_COUNT;
    call->type = type_of(TYPE_BIGINT);
    call->name = "count(1)";
    columns[0] = (struct type_field){"limit", type_of(TYPE_INT)};
    columns[1] = (struct type_field){"rows", type_of(TYPE_BIGINT)};
    limit->op.kind = PLAN_AGGREGATE;
    limit->op.ncolumns = 2;
    limit->op.columns = columns;
    limit->op.u.aggregate.nkeys = 1;
    limit->op.u.aggregate.keys = keys;
    limit->op.u.aggregate.ncalls = 1;
    limit->op.u.aggregate.calls = call;
    limit->op.u.aggregate.event_time_key = -1;
    return 0;
}

struct limit *limit_open(struct wal *wal, const char *dir, int64_t rows, int64_t version, int snapshot_interval,
                         struct errbuf *err)
{
    struct limit *limit = calloc(1, sizeof(*limit));

    if (!limit) {
        errbuf_oom(err, "limit", sizeof(*limit));
        return NULL;
    }
    limit->rows = rows;
    arena_init(&limit->arena);
    if (make_op(limit) != 0 || !(limit->layout = aggregate_layout_new(&limit->op))) {
        errbuf_oom(err, "limit", sizeof(*limit));
        goto fail;
    }
    limit->state = state_open(wal, dir, limit->layout, version, snapshot_interval, err);
    if (limit->state)
        return limit;
fail:
    limit_close(limit);
    return NULL;
}

void limit_close(struct limit *limit)
{
    if (!limit)
        return;
    state_close(limit->state);
    aggregate_layout_free(limit->layout);
    arena_release(&limit->arena);
    free(limit);
}

int64_t limit_begin(struct limit *limit, struct errbuf *err)
{
    struct arena arena;
    struct batch batch;
    uint32_t *groups;
    size_t n;
    int64_t passed = 0;

    state_begin(limit->state);
    if (state_all(limit->state, &groups, &n) != 0)
        return errbuf_oom(err, "limit", 0);
    arena_init(&arena);
    memset(&batch, 0, sizeof(batch));
    if (n > 0) {
        if (aggregate_rows(state_table(limit->state), groups, 1, &batch, &arena) != 0) {
            arena_release(&arena);
            return errbuf_oom(err, "limit", 0);
        }
        passed = batch.columns[1].data.i64[0];
    }
    arena_release(&arena);
    return passed < limit->rows ? limit->rows - passed : 0;
}

int limit_add(struct limit *limit, int64_t n, struct errbuf *err)
{
    struct aggregate_table counted;
    struct arena arena;
    int result = 0;

    if (n == 0)
        return 0;
    if (aggregate_table_init(&counted, limit->layout) != 0)
        return errbuf_oom(err, "limit", sizeof(counted));
    arena_init(&arena);
    while (n > 0 && result == 0) {
        size_t chunk = n < VECTOR_ROWS ? (size_t)n : VECTOR_ROWS;
        struct batch batch = {.nrows = chunk, .nselected = chunk, .arena = &arena};
        struct eval eval = {.arena = &arena, .zone = zone_utc(), .batch = &batch, .err = err};

        result = aggregate_update(&counted, &eval, &batch, err);
        arena_reset(&arena);
        n -= (int64_t)chunk;
    }
    if (result == 0)
        result = state_merge(limit->state, &counted, INT64_MIN, err);
    arena_release(&arena);
    aggregate_table_release(&counted);
    return result;
}

int limit_commit(struct limit *limit, int64_t version, struct errbuf *err)
{
    return state_commit(limit->state, version, err);
}

void limit_rollback(struct limit *limit)
{
    state_rollback(limit->state);
}

void limit_purge(struct limit *limit, int64_t oldest_version)
{
    state_purge(limit->state, oldest_version);
}

void limit_counts(const struct limit *limit, struct state_counts *counts)
{
    state_counts(limit->state, counts);
}
