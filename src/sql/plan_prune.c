/* Column pruning: only what the result needs is decoded and carried.
 *
 * Backwards, for each operator the columns that are needed of its input; then forwards, everything is renumbered to
 * what is left. An operator that passes its input through keeps all of it: only PROJECT, AGGREGATE, the join's table
 * columns and the view itself drop columns.
 */
#include "plan_internal.h"

#include "sql/tree.h"

#include <string.h>

/* ---- merging projections ----------------------------------------------------------------------------------------- */

/* Free to compute twice. */
static bool is_cheap(const struct expr *expr)
{
    if (expr->kind == EXPR_FIELD)
        return is_cheap(expr->args[0]);
    return expr->kind == EXPR_COLUMN || expr->kind == EXPR_LITERAL;
}

static bool all_cheap(const struct plan_op *project)
{
    for (size_t i = 0; i < project->ncolumns; i++) {
        if (!is_cheap(project->u.project.exprs[i]))
            return false;
    }
    return true;
}

static bool substitute(struct analyzer *a, struct expr **expr, struct expr *const *exprs)
{
    if (*expr == NULL)
        return true;
    *expr = tree_substitute(a->arena, *expr, exprs);
    return *expr != NULL || analyze_oom(a) != NULL;
}

/* Write `above` (PROJECT or AGGREGATE) in terms of what the projection below it reads. */
static bool substitute_op(struct analyzer *a, struct plan_op *above, struct expr *const *exprs)
{
    if (above->kind == PLAN_PROJECT) {
        struct expr **mapped = arena_calloc(a->arena, above->ncolumns + 1, sizeof *mapped);
        if (mapped == NULL)
            return analyze_oom(a) != NULL;
        for (size_t i = 0; i < above->ncolumns; i++) {
            mapped[i] = above->u.project.exprs[i];
            if (!substitute(a, &mapped[i], exprs))
                return false;
        }
        above->u.project.exprs = mapped;
        return true;
    }
    size_t nkeys = above->u.aggregate.nkeys;
    size_t ncalls = above->u.aggregate.ncalls;
    struct expr **keys = arena_calloc(a->arena, nkeys + 1, sizeof *keys);
    struct plan_aggregate_call *calls = arena_calloc(a->arena, ncalls + 1, sizeof *calls);
    if (keys == NULL || calls == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < nkeys; i++) {
        keys[i] = above->u.aggregate.keys[i];
        if (!substitute(a, &keys[i], exprs))
            return false;
    }
    for (size_t i = 0; i < ncalls; i++) {
        calls[i] = above->u.aggregate.calls[i];
        if (!substitute(a, &calls[i].arg, exprs) || !substitute(a, &calls[i].filter, exprs))
            return false;
    }
    above->u.aggregate.keys = keys;
    above->u.aggregate.calls = calls;
    return true;
}

static bool merge_projects(struct analyzer *a, struct analyze_chain *chain)
{
    for (size_t i = 0; i + 1 < chain->nops;) {
        struct plan_op *op = &chain->ops[i];
        if (op[0].kind != PLAN_PROJECT || (op[1].kind != PLAN_PROJECT && op[1].kind != PLAN_AGGREGATE) ||
            !all_cheap(&op[0])) {
            i++;
            continue;
        }
        if (!substitute_op(a, &op[1], op[0].u.project.exprs))
            return false;
        memmove(op, op + 1, (chain->nops - i - 1) * sizeof *op);
        chain->nops--;
        if (i > 0)
            i--;
    }
    return true;
}

/* ---- backwards: what is needed ----------------------------------------------------------------------------------- */

static void mark(const struct expr *expr, bool *used)
{
    if (expr != NULL)
        tree_columns(expr, used);
}

/* `out`: needed after the operator, may grow by what the operator itself reads of its own columns; `in`: zeroed, to
 * be filled. */
static void need(const struct plan_op *op, bool *out, bool *in, size_t ninput)
{
    switch (op->kind) {
    case PLAN_PROJECT:
        for (size_t i = 0; i < op->ncolumns; i++) {
            if (out[i])
                mark(op->u.project.exprs[i], in);
        }
        return;
    case PLAN_AGGREGATE:
        for (size_t i = 0; i < op->u.aggregate.nkeys; i++)
            mark(op->u.aggregate.keys[i], in);
        for (size_t i = 0; i < op->u.aggregate.ncalls; i++) {
            if (!out[op->u.aggregate.nkeys + i])
                continue;
            mark(op->u.aggregate.calls[i].arg, in);
            mark(op->u.aggregate.calls[i].filter, in);
        }
        return;
    case PLAN_JOIN:
        mark(op->u.join.condition, out);
        memcpy(in, out, ninput * sizeof *in);
        for (size_t i = 0; i < op->u.join.nkeys; i++)
            mark(op->u.join.stream_keys[i], in);
        return;
    case PLAN_WINDOW:
        memcpy(in, out, ninput * sizeof *in);
        mark(op->u.window.time, in);
        return;
    case PLAN_WATERMARK:
        memcpy(in, out, ninput * sizeof *in);
        in[op->u.watermark.column] = true;
        return;
    case PLAN_FILTER:
        memcpy(in, out, ninput * sizeof *in);
        mark(op->u.filter, in);
        return;
    case PLAN_SORT:
        memcpy(in, out, ninput * sizeof *in);
        for (size_t i = 0; i < op->u.sort.nkeys; i++)
            mark(op->u.sort.keys[i].expr, in);
        return;
    case PLAN_LIMIT:
        memcpy(in, out, ninput * sizeof *in);
        return;
    }
}

/* ---- forwards: renumbering --------------------------------------------------------------------------------------- */

struct renumbering {
    struct analyzer *a;
    size_t *map;     /* old column -> new column, of the rows that reach the operator */
    size_t ncolumns; /* new columns that reach it */
};

static bool renumber(struct renumbering *r, struct expr **expr)
{
    if (*expr == NULL)
        return true;
    *expr = tree_renumber(r->a->arena, *expr, r->map);
    return *expr != NULL || analyze_oom(r->a) != NULL;
}

static bool prune_project(struct renumbering *r, struct plan_op *op, const bool *out, struct type_field *columns)
{
    struct expr **exprs = arena_calloc(r->a->arena, op->ncolumns + 1, sizeof *exprs);
    size_t *map = arena_calloc(r->a->arena, op->ncolumns + 1, sizeof *map);
    size_t n = 0;
    if (exprs == NULL || map == NULL)
        return analyze_oom(r->a) != NULL;
    for (size_t i = 0; i < op->ncolumns; i++) {
        if (!out[i])
            continue;
        exprs[n] = op->u.project.exprs[i];
        if (!renumber(r, &exprs[n]))
            return false;
        columns[n] = op->columns[i];
        map[i] = n++;
    }
    op->u.project.exprs = exprs;
    r->map = map;
    r->ncolumns = n;
    return true;
}

static bool prune_aggregate(struct renumbering *r, struct plan_op *op, const bool *out, struct type_field *columns)
{
    size_t nkeys = op->u.aggregate.nkeys;
    struct expr **keys = arena_calloc(r->a->arena, nkeys + 1, sizeof *keys);
    struct plan_aggregate_call *calls = arena_calloc(r->a->arena, op->u.aggregate.ncalls + 1, sizeof *calls);
    size_t *map = arena_calloc(r->a->arena, op->ncolumns + 1, sizeof *map);
    size_t n = 0;
    if (keys == NULL || calls == NULL || map == NULL)
        return analyze_oom(r->a) != NULL;
    for (size_t i = 0; i < nkeys; i++) {
        keys[i] = op->u.aggregate.keys[i];
        if (!renumber(r, &keys[i]))
            return false;
        columns[i] = op->columns[i];
        map[i] = i;
    }
    for (size_t i = 0; i < op->u.aggregate.ncalls; i++) {
        if (!out[nkeys + i])
            continue;
        calls[n] = op->u.aggregate.calls[i];
        if (!renumber(r, &calls[n].arg) || !renumber(r, &calls[n].filter))
            return false;
        columns[nkeys + n] = op->columns[nkeys + i];
        map[nkeys + i] = nkeys + n++;
    }
    op->u.aggregate.keys = keys;
    op->u.aggregate.calls = calls;
    op->u.aggregate.ncalls = n;
    r->map = map;
    r->ncolumns = nkeys + n;
    return true;
}

static bool prune_join(struct renumbering *r, struct plan_op *op, const bool *out, size_t ninput,
                       struct type_field *columns)
{
    size_t *needed = arena_calloc(r->a->arena, op->u.join.nneeded + 1, sizeof *needed);
    size_t *map = arena_calloc(r->a->arena, op->ncolumns + 1, sizeof *map);
    struct expr **keys = arena_calloc(r->a->arena, op->u.join.nkeys + 1, sizeof *keys);
    size_t n = 0;
    if (needed == NULL || map == NULL || keys == NULL)
        return analyze_oom(r->a) != NULL;
    for (size_t i = 0; i < op->u.join.nkeys; i++) {
        keys[i] = op->u.join.stream_keys[i];
        if (!renumber(r, &keys[i]))
            return false;
    }
    memcpy(map, r->map, ninput * sizeof *map);
    for (size_t i = 0; i < op->u.join.nneeded; i++) {
        if (!out[ninput + i])
            continue;
        columns[r->ncolumns + n] = op->columns[ninput + i];
        map[ninput + i] = r->ncolumns + n;
        needed[n++] = op->u.join.needed[i];
    }
    op->u.join.stream_keys = keys;
    op->u.join.needed = needed;
    op->u.join.nneeded = n;
    r->map = map;
    r->ncolumns += n;
    return renumber(r, &op->u.join.condition);
}

static bool prune_window(struct renumbering *r, struct plan_op *op, size_t ninput, struct type_field *columns)
{
    size_t *map = arena_calloc(r->a->arena, op->ncolumns + 1, sizeof *map);
    if (map == NULL)
        return analyze_oom(r->a) != NULL;
    if (!renumber(r, &op->u.window.time))
        return false;
    memcpy(map, r->map, ninput * sizeof *map);
    map[ninput] = r->ncolumns;
    columns[r->ncolumns++] = op->columns[ninput];
    r->map = map;
    return true;
}

static bool prune_sort(struct renumbering *r, struct plan_op *op)
{
    struct plan_sort_key *keys = arena_calloc(r->a->arena, op->u.sort.nkeys + 1, sizeof *keys);
    if (keys == NULL)
        return analyze_oom(r->a) != NULL;
    for (size_t i = 0; i < op->u.sort.nkeys; i++) {
        keys[i] = op->u.sort.keys[i];
        if (!renumber(r, &keys[i].expr))
            return false;
    }
    op->u.sort.keys = keys;
    return true;
}

/* `before`: the columns that reach the operator, already pruned. */
static bool prune_op(struct renumbering *r, struct plan_op *op, const bool *out, size_t ninput,
                     const struct type_field *before)
{
    size_t most = r->ncolumns + op->ncolumns + 1;
    struct type_field *columns = arena_calloc(r->a->arena, most, sizeof *columns);
    bool done = true;
    if (columns == NULL)
        return analyze_oom(r->a) != NULL;
    if (op->kind != PLAN_PROJECT && op->kind != PLAN_AGGREGATE && r->ncolumns > 0)
        memcpy(columns, before, r->ncolumns * sizeof *columns);
    switch (op->kind) {
    case PLAN_PROJECT:
        done = prune_project(r, op, out, columns);
        break;
    case PLAN_AGGREGATE:
        done = prune_aggregate(r, op, out, columns);
        break;
    case PLAN_JOIN:
        done = prune_join(r, op, out, ninput, columns);
        break;
    case PLAN_WINDOW:
        done = prune_window(r, op, ninput, columns);
        break;
    case PLAN_WATERMARK:
        op->u.watermark.column = r->map[op->u.watermark.column];
        break;
    case PLAN_FILTER:
        done = renumber(r, &op->u.filter);
        break;
    case PLAN_SORT:
        done = prune_sort(r, op);
        break;
    case PLAN_LIMIT:
        break;
    }
    op->columns = columns;
    op->ncolumns = r->ncolumns;
    return done;
}

/* A projection that changes nothing. */
static bool is_identity(const struct plan_op *op, size_t ninput)
{
    if (op->kind != PLAN_PROJECT || op->ncolumns != ninput)
        return false;
    for (size_t i = 0; i < ninput; i++) {
        if (op->u.project.exprs[i]->kind != EXPR_COLUMN || op->u.project.exprs[i]->column != i)
            return false;
    }
    return true;
}

static void drop_identities(struct analyze_chain *chain, size_t nview)
{
    size_t n = 0;
    size_t ninput = nview;
    for (size_t i = 0; i < chain->nops; i++) {
        if (is_identity(&chain->ops[i], ninput))
            continue;
        chain->ops[n++] = chain->ops[i];
        ninput = chain->ops[i].ncolumns;
    }
    chain->nops = n;
}

bool plan_prune(struct analyzer *a, struct analyze_chain *chain, size_t nview, size_t *nkept, const size_t **kept)
{
    if (!merge_projects(a, chain))
        return false;
    bool **needed = arena_calloc(a->arena, chain->nops + 1, sizeof *needed);
    if (needed == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i <= chain->nops; i++) {
        size_t n = i == 0 ? nview : chain->ops[i - 1].ncolumns;
        needed[i] = arena_calloc(a->arena, n + 1, sizeof **needed);
        if (needed[i] == NULL)
            return analyze_oom(a) != NULL;
    }
    memset(needed[chain->nops], true,
           (chain->nops == 0 ? nview : chain->ops[chain->nops - 1].ncolumns) * sizeof **needed);
    for (size_t i = chain->nops; i > 0; i--)
        need(&chain->ops[i - 1], needed[i], needed[i - 1], i == 1 ? nview : chain->ops[i - 2].ncolumns);

    struct renumbering r = {.a = a};
    size_t *columns = arena_calloc(a->arena, nview + 1, sizeof *columns);
    struct type_field *fields = arena_calloc(a->arena, nview + 1, sizeof *fields);
    r.map = arena_calloc(a->arena, nview + 1, sizeof *r.map);
    if (columns == NULL || fields == NULL || r.map == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < nview; i++) {
        if (!needed[0][i])
            continue;
        fields[r.ncolumns] = a->view_columns[i];
        r.map[i] = r.ncolumns;
        columns[r.ncolumns++] = i;
    }
    *nkept = r.ncolumns;
    *kept = columns;
    const struct type_field *before = fields;
    size_t ninput = nview;
    for (size_t i = 0; i < chain->nops; i++) {
        size_t after = chain->ops[i].ncolumns;
        if (!prune_op(&r, &chain->ops[i], needed[i + 1], ninput, before))
            return false;
        before = chain->ops[i].columns;
        ninput = after;
    }
    drop_identities(chain, *nkept);
    return true;
}
