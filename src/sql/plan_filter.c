/* Moving filters down, as Spark's optimizer does: below projections, windows, joins, the watermark and, for grouping
 * keys, the aggregation. Two of these show in what a query reports: rows that are filtered below the watermark do not
 * count for the event time statistics, and keys that are filtered below the aggregation are no state. So a filter
 * goes exactly as far as Spark's.
 *
 * A WHERE is taken apart at its ANDs; the parts keep their order, and none moves ahead of one that stays behind at
 * the same place.
 */
#include "plan_internal.h"

#include "sql/function.h"
#include "sql/tree.h"

#include <string.h>

struct moving {
    struct analyzer *a;
    struct analyze_chain *chain;
    struct expr *condition;
    size_t landing; /* the filter goes in front of this operator */
    struct expr *landed;
    bool absorbed; /* it became part of a join's table filter */
    bool failed;
};

/* Which columns the condition uses; arrays are as long as the widest operator. */
static bool *columns_of(struct analyzer *a, const struct expr *expr, size_t ncolumns)
{
    bool *used = arena_calloc(a->arena, ncolumns + 1, sizeof *used);
    if (used == NULL)
        return analyze_oom(a);
    tree_columns(expr, used);
    return used;
}

static bool uses_from(const bool *used, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (used[i])
            return true;
    }
    return false;
}

static struct expr *both(struct analyzer *a, struct expr *left, struct expr *right)
{
    if (left == NULL)
        return right;
    struct expr **args = arena_calloc(a->arena, 2, sizeof *args);
    if (args == NULL)
        return analyze_oom(a);
    args[0] = left;
    args[1] = right;
    return analyze_bind(a, "AND", args, 2, right->range);
}

/* A condition on the table's columns of an INNER join thins the table out. */
static bool absorb(struct moving *moving, struct plan_op *join, size_t nstream)
{
    size_t *map = arena_calloc(moving->a->arena, join->ncolumns + 1, sizeof *map);
    moving->failed = map == NULL;
    if (map == NULL)
        return false;
    for (size_t i = nstream; i < join->ncolumns; i++)
        map[i] = join->u.join.needed[i - nstream];
    struct expr *condition = tree_renumber(moving->a->arena, moving->condition, map);
    join->u.join.table_filter = condition == NULL ? NULL : both(moving->a, join->u.join.table_filter, condition);
    moving->failed = join->u.join.table_filter == NULL;
    moving->absorbed = true;
    return false;
}

/* Rewrite the condition for below the operator; false: it cannot go there. */
static bool pass(struct moving *moving, struct plan_op *op, size_t ninput)
{
    struct analyzer *a = moving->a;
    bool *used = columns_of(a, moving->condition, op->ncolumns);
    if (used == NULL) {
        moving->failed = true;
        return false;
    }
    switch (op->kind) {
    case PLAN_FILTER:
    case PLAN_SORT:
        return true;
    case PLAN_LIMIT:
        return false;
    case PLAN_WATERMARK:
        return !used[op->u.watermark.column];
    case PLAN_WINDOW:
        return !used[op->ncolumns - 1];
    case PLAN_PROJECT:
        moving->condition = tree_substitute(a->arena, moving->condition, op->u.project.exprs);
        break;
    case PLAN_JOIN:
        if (!uses_from(used, ninput, op->ncolumns))
            return true;
        return !op->u.join.left && !uses_from(used, 0, ninput) && absorb(moving, op, ninput);
    case PLAN_AGGREGATE:
        if (uses_from(used, op->u.aggregate.nkeys, op->ncolumns) || !uses_from(used, 0, op->u.aggregate.nkeys))
            return false;
        moving->condition = tree_substitute(a->arena, moving->condition, op->u.aggregate.keys);
        break;
    }
    moving->failed = moving->condition == NULL;
    return !moving->failed;
}

static size_t input_columns(const struct analyze_chain *chain, size_t i, size_t nview)
{
    return i == 0 ? nview : chain->ops[i - 1].ncolumns;
}

/* Follow the condition down from in front of operator `at`. */
static bool find_landing(struct moving *moving, size_t at, size_t nview)
{
    moving->landing = at;
    moving->landed = moving->condition;
    for (size_t i = at; i > 0; i--) {
        struct plan_op *op = &moving->chain->ops[i - 1];
        if (!pass(moving, op, input_columns(moving->chain, i - 1, nview)))
            break;
        if (op->kind == PLAN_FILTER)
            continue; /* only worth it when there is something to pass below */
        moving->landing = i - 1;
        moving->landed = moving->condition;
    }
    return !moving->failed;
}

static bool insert_filter(struct analyzer *a, struct analyze_chain *chain, size_t at, struct expr *condition,
                          size_t nview)
{
    struct plan_op filter = {.kind = PLAN_FILTER, .u.filter = condition};
    struct plan_op *ops = arena_calloc(a->arena, chain->nops + 1, sizeof *ops);
    if (ops == NULL)
        return analyze_oom(a) != NULL;
    filter.ncolumns = input_columns(chain, at, nview);
    filter.columns = at == 0 ? a->view_columns : chain->ops[at - 1].columns;
    memcpy(ops, chain->ops, at * sizeof *ops);
    ops[at] = filter;
    memcpy(ops + at + 1, chain->ops + at, (chain->nops - at) * sizeof *ops);
    chain->ops = ops;
    chain->nops++;
    return true;
}

static void remove_op(struct analyze_chain *chain, size_t at)
{
    memmove(chain->ops + at, chain->ops + at + 1, (chain->nops - at - 1) * sizeof *chain->ops);
    chain->nops--;
}

/* An INNER join's condition on the stream alone is a filter before it. */
static bool split_join(struct analyzer *a, struct analyze_chain *chain, size_t *at, size_t nview)
{
    struct plan_op *join = &chain->ops[*at];
    struct expr **parts = NULL;
    struct expr *rest = NULL;
    struct expr *filter = NULL;
    if (join->u.join.left || join->u.join.condition == NULL)
        return true;
    size_t ninput = input_columns(chain, *at, nview);
    size_t nparts = tree_conjuncts(a->arena, join->u.join.condition, &parts);
    for (size_t i = 0; i < nparts; i++) {
        bool *used = parts == NULL ? NULL : columns_of(a, parts[i], join->ncolumns);
        if (used == NULL)
            return analyze_oom(a) != NULL;
        struct expr **to = uses_from(used, ninput, join->ncolumns) || !uses_from(used, 0, ninput) ? &rest : &filter;
        *to = both(a, *to, parts[i]);
        if (*to == NULL)
            return false;
    }
    join->u.join.condition = rest;
    if (filter == NULL)
        return true;
    return insert_filter(a, chain, (*at)++, filter, nview);
}

/* Spark infers from an INNER join's equalities that the keys are not NULL, and that filter sinks below the watermark.
 * Without a watermark it would make no difference. */
static bool infer_keys(struct analyzer *a, struct analyze_chain *chain, size_t *at, size_t nview)
{
    struct plan_op join = chain->ops[*at];
    bool watermark = false;
    for (size_t i = 0; i < *at; i++)
        watermark = (watermark || chain->ops[i].kind == PLAN_WATERMARK) && chain->ops[i].kind != PLAN_AGGREGATE;
    for (size_t i = 0; watermark && !join.u.join.left && i < join.u.join.nkeys; i++) {
        struct expr *key = join.u.join.stream_keys[i];
        if (join.u.join.null_safe[i] || key->kind != EXPR_COLUMN)
            continue;
        struct expr **args = arena_calloc(a->arena, 1, sizeof *args);
        if (args == NULL)
            return analyze_oom(a) != NULL;
        args[0] = key;
        struct expr *present = analyze_bind(a, "IS NOT NULL", args, 1, key->range);
        if (present == NULL || !insert_filter(a, chain, (*at)++, present, nview))
            return false;
    }
    return true;
}

static bool is_true(const struct expr *expr)
{
    return expr->kind == EXPR_LITERAL && expr->type->id == TYPE_BOOLEAN && !vector_is_null(&expr->literal, 0) &&
           expr->literal.data.boolean[0] != 0;
}

/* Take one filter apart and put each part where it belongs. *at is where the walk goes on. */
static bool move_filter(struct analyzer *a, struct analyze_chain *chain, size_t *at, size_t nview)
{
    struct expr **parts = NULL;
    struct expr *kept = NULL;
    size_t nparts = tree_conjuncts(a->arena, chain->ops[*at].u.filter, &parts);
    for (size_t i = 0; i < nparts; i++) {
        struct moving moving = {.a = a, .chain = chain};
        if (parts == NULL)
            return analyze_oom(a) != NULL;
        moving.condition = parts[i];
        if (is_true(parts[i]))
            continue;
        if (!find_landing(&moving, *at, nview))
            return false;
        if (moving.absorbed)
            continue;
        if (moving.landing == *at) {
            kept = both(a, kept, parts[i]);
            if (kept == NULL)
                return false;
        } else {
            if (!insert_filter(a, chain, moving.landing, moving.landed, nview))
                return false;
            (*at)++;
        }
    }
    if (kept == NULL)
        remove_op(chain, *at);
    else
        chain->ops[(*at)++].u.filter = kept;
    return true;
}

/* Filters that stand together are one. */
static bool merge_filters(struct analyzer *a, struct analyze_chain *chain)
{
    for (size_t i = 0; i + 1 < chain->nops;) {
        struct plan_op *op = &chain->ops[i];
        if (op[0].kind != PLAN_FILTER || op[1].kind != PLAN_FILTER) {
            i++;
            continue;
        }
        op[0].u.filter = both(a, op[0].u.filter, op[1].u.filter);
        if (op[0].u.filter == NULL)
            return false;
        remove_op(chain, i + 1);
    }
    return true;
}

bool plan_filter_push(struct analyzer *a, struct analyze_chain *chain, size_t nview)
{
    for (size_t i = 0; i < chain->nops;) {
        if (chain->ops[i].kind == PLAN_JOIN) {
            if (!split_join(a, chain, &i, nview) || !infer_keys(a, chain, &i, nview))
                return false;
        }
        i++;
    }
    for (size_t i = 0; i < chain->nops;) {
        if (chain->ops[i].kind != PLAN_FILTER)
            i++;
        else if (!move_filter(a, chain, &i, nview))
            return false;
    }
    return merge_filters(a, chain);
}
