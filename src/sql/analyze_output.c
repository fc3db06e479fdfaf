/* The last operators of a SELECT: the projection of its items, DISTINCT, and ORDER BY with the sort keys that are no
 * items, which a second projection takes away again. */
#include "analyze_internal.h"

#include "sql/tree.h"

#include <string.h>

static bool append_project(struct analyzer *a, struct analyze_chain *chain, struct expr **exprs,
                           const char *const *names, size_t count)
{
    struct analyze_chain above = *chain;
    struct plan_op *op = analyze_op(a, chain, PLAN_PROJECT);
    if (op == NULL)
        return false;
    op->u.project.exprs = exprs;
    above.ncolumns = 0;
    above.columns = NULL;
    for (size_t i = 0; i < count; i++) {
        bool event_time = exprs[i]->kind == EXPR_COLUMN && chain->columns[exprs[i]->column].event_time;
        if (!analyze_add_column(a, &above, names[i], exprs[i]->type, event_time))
            return false;
    }
    chain->ncolumns = above.ncolumns;
    chain->columns = above.columns;
    return analyze_seal(a, chain);
}

static struct expr *column_at(struct analyzer *a, const struct analyze_chain *chain, size_t i)
{
    struct expr *column =
        expr_column(a->arena, i, chain->columns[i].type, chain->columns[i].name, (struct sql_range){-1, -1});
    return column != NULL ? column : analyze_oom(a);
}

/* Parts of a sort key that are select items become the items' columns: how ORDER BY sees a SELECT DISTINCT. */
struct output_search {
    struct analyzer *a;
    const struct analyze_select *select;
    const struct analyze_item *items; /* as they were before they were projected */
    const struct analyze_chain *chain;
};

static bool replace_output(const struct expr *expr, void *cookie, struct expr **out)
{
    struct output_search *search = cookie;
    for (size_t i = 0; i < search->select->nitems; i++) {
        if (expr_equal(search->items[i].expr, expr)) {
            *out = column_at(search->a, search->chain, i);
            return true;
        }
    }
    if (expr->kind == EXPR_COLUMN) {
        struct analyze_scope names = {0};
        if (analyze_scope_of_items(search->a, search->select->nitems, search->items, &names))
            *out = analyze_scope_unresolved(search->a, &names, 1, &expr->name, expr->range);
        return true;
    }
    return false;
}

/* Column in the projection of a sort key: an item's when they are equal, else a new one at the end. */
static size_t place_sort(struct expr *key, struct expr **exprs, const char **names, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (expr_equal(exprs[i], key))
            return i;
    }
    exprs[*count] = key;
    names[*count] = "sort";
    return (*count)++;
}

static bool append_sort(struct analyzer *a, const struct ast_query *query, struct analyze_chain *chain,
                        struct expr **keys, bool on_aggregate)
{
    struct plan_sort_key *sort_keys = arena_calloc(a->arena, query->nsorts, sizeof *sort_keys);
    struct plan_op *op = analyze_op(a, chain, PLAN_SORT);
    struct analyze_note *note;
    if (sort_keys == NULL || op == NULL || !analyze_note(a, ANALYZE_NOTE_SORT, query->organization_range, &note))
        return op == NULL ? false : analyze_oom(a) != NULL;
    note->on_aggregate = on_aggregate;
    for (size_t i = 0; i < query->nsorts; i++)
        sort_keys[i] = (struct plan_sort_key){keys[i], query->sorts[i].descending, query->sorts[i].nulls_first};
    op->u.sort.nkeys = query->nsorts;
    op->u.sort.keys = sort_keys;
    return analyze_seal(a, chain);
}

/* Spark's check of ORDER BY looks for an aggregation below, but not into the queries of WITH. */
static bool has_aggregate_note(const struct analyzer *a)
{
    for (size_t i = 0; i < a->nnotes; i++) {
        if (a->notes[i].kind == ANALYZE_NOTE_AGGREGATE && a->notes[i].cte_depth <= a->cte_depth)
            return true;
    }
    return false;
}

static bool append_distinct(struct analyzer *a, const struct ast_query *query, struct analyze_chain *chain)
{
    struct expr **keys = arena_calloc(a->arena, chain->ncolumns + 1, sizeof *keys);
    struct analyze_note *note;
    if (keys == NULL || !analyze_note(a, ANALYZE_NOTE_DISTINCT, query->select_range, &note))
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < chain->ncolumns; i++) {
        keys[i] = column_at(a, chain, i);
        if (keys[i] == NULL)
            return false;
        note->watermarked = note->watermarked || chain->columns[i].event_time;
    }
    struct plan_op *op = analyze_op(a, chain, PLAN_AGGREGATE);
    if (op == NULL)
        return false;
    op->u.aggregate.nkeys = chain->ncolumns;
    op->u.aggregate.keys = keys;
    op->u.aggregate.event_time_key = -1;
    op->u.aggregate.distinct = true;
    return analyze_seal(a, chain);
}

/* Everything from the select list on, once it is bound. */
bool analyze_output_append(struct analyzer *a, const struct ast_query *query, struct analyze_chain *chain,
                           struct analyze_select *select)
{
    size_t room = select->nitems + select->nsorts + 1;
    struct expr **exprs = arena_calloc(a->arena, room, sizeof *exprs);
    struct expr **keys = arena_calloc(a->arena, select->nsorts + 1, sizeof *keys);
    size_t *places = arena_calloc(a->arena, select->nsorts + 1, sizeof *places);
    const char **names = arena_calloc(a->arena, room, sizeof *names);
    size_t count = select->nitems;
    bool on_aggregate = has_aggregate_note(a);
    if (exprs == NULL || keys == NULL || places == NULL || names == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < select->nitems; i++) {
        exprs[i] = select->items[i].expr;
        names[i] = select->items[i].name;
    }
    for (size_t i = 0; i < select->nsorts && !query->distinct; i++)
        places[i] = place_sort(select->sorts[i], exprs, names, &count);
    if (!append_project(a, chain, exprs, names, count))
        return false;
    if (query->distinct && !append_distinct(a, query, chain))
        return false;
    if (select->nsorts == 0)
        return true;
    struct output_search search = {.a = a, .select = select, .items = select->items, .chain = chain};
    for (size_t i = 0; i < select->nsorts; i++) {
        keys[i] = query->distinct ? tree_map(a->arena, select->sorts[i], replace_output, &search)
                                  : column_at(a, chain, places[i]);
        if (keys[i] == NULL)
            return false;
    }
    if (!append_sort(a, query, chain, keys, on_aggregate))
        return false;
    if (count == select->nitems)
        return true;
    struct expr **kept = arena_calloc(a->arena, select->nitems + 1, sizeof *kept);
    if (kept == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < select->nitems; i++) {
        kept[i] = column_at(a, chain, i);
        if (kept[i] == NULL)
            return false;
    }
    return append_project(a, chain, kept, names, select->nitems);
}

/* The names that a query gives to the outside. */
bool analyze_output_scope(struct analyzer *a, const struct analyze_select *select, const struct analyze_item *bound,
                          struct analyze_scope *scope)
{
    memset(scope, 0, sizeof *scope);
    for (size_t i = 0; i < select->nitems; i++) {
        struct analyze_name name = {.name = select->items[i].name, .type = select->items[i].expr->type, .column = i};
        /* one column twice without alias is one column: its name is not ambiguous */
        for (size_t k = 0; k < i && !bound[i].aliased && bound[i].expr->kind == EXPR_COLUMN; k++) {
            if (!bound[k].aliased && bound[k].expr->kind == EXPR_COLUMN &&
                bound[k].expr->column == bound[i].expr->column)
                name.column = k;
        }
        if (!analyze_add_name(a, scope, &name))
            return false;
    }
    return true;
}
