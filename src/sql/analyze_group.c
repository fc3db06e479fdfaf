/* GROUP BY and aggregates: which expressions are keys, and everything above the aggregation in terms of keys and
 * results.
 *
 * Items, HAVING and ORDER BY are first bound over the SELECT's input. Then each part that equals a key becomes that
 * key's column, each aggregate becomes a column behind the keys; a column of the input that is still there is the
 * error.
 */
#include "analyze_internal.h"

#include "sql/diagnose.h"
#include "sql/function.h"
#include "sql/tree.h"

#include <string.h>

bool analyze_is_aggregate(const struct expr *expr)
{
    return tree_find_kind(expr, EXPR_AGGREGATE) != NULL;
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static bool add_key(struct analyzer *a, struct analyze_select *select, struct expr *key)
{
    const struct expr *inner = tree_find_kind(key, EXPR_AGGREGATE);
    if (inner != NULL) {
        diagnose(a->err, a->sql, inner->range, "GROUP_BY_AGGREGATE", "42903",
                 "Aggregate functions are not allowed in GROUP BY, but found %s.", analyze_name_of(a, inner));
        return false;
    }
    for (size_t i = 0; i < select->ngroups; i++) {
        if (expr_equal(select->groups[i], key))
            return true;
    }
    select->groups[select->ngroups++] = key;
    return true;
}

static bool add_ordinal(struct analyzer *a, const struct ast_query *query, struct analyze_select *select,
                        const struct ast_expr *ast)
{
    int64_t ordinal = ast->literal.integer;
    for (size_t i = 0; i < query->nitems; i++) {
        if (query->items[i]->kind == AST_STAR) {
            diagnose(a->err, a->sql, (struct sql_range){-1, -1}, "STAR_GROUP_BY_POS", "0A000",
                     "Star (*) is not allowed in a select list when GROUP BY an ordinal position is used.");
            return false;
        }
    }
    if (ordinal < 1 || (uint64_t)ordinal > select->nitems) {
        diagnose(a->err, a->sql, ast->range, "GROUP_BY_POS_OUT_OF_RANGE", "42805",
                 "GROUP BY position %lld is not in select list (valid range is [1, %zu]).", (long long)ordinal,
                 select->nitems);
        return false;
    }
    struct expr *key = select->items[ordinal - 1].expr;
    if (analyze_is_aggregate(key)) {
        diagnose(a->err, a->sql, ast->range, "GROUP_BY_POS_AGGREGATE", "42903",
                 "GROUP BY %lld refers to an expression %s that contains an aggregate function. Aggregate functions "
                 "are not allowed in GROUP "
                 "BY.",
                 (long long)ordinal, analyze_name_of(a, key));
        return false;
    }
    return add_key(a, select, key);
}

static bool is_word_all(const struct ast_expr *ast)
{
    return ast->kind == AST_NAME && ast->nparts == 1 && analyze_same(ast->parts[0], "ALL");
}

/* GROUP BY ALL: every item without an aggregate; of an item that mixes both, the part that has columns would have to
 * be found. */
static bool add_all(struct analyzer *a, struct analyze_select *select)
{
    for (size_t i = 0; i < select->nitems; i++) {
        struct expr *expr = select->items[i].expr;
        if (!analyze_is_aggregate(expr) && !add_key(a, select, expr))
            return false;
    }
    return true;
}

bool analyze_group_keys(struct analyzer *a, const struct ast_query *query, const struct analyze_context *context,
                        struct analyze_select *select)
{
    struct expr *unused;
    struct analyze_context with_items = *context;
    with_items.nitems = select->nitems;
    with_items.items = select->items;
    select->groups = arena_calloc(a->arena, query->ngroups + select->nitems + 1, sizeof *select->groups);
    if (select->groups == NULL)
        return analyze_oom(a) != NULL;
    if (query->ngroups == 1 && is_word_all(query->groups[0]) &&
        analyze_scope_find(a, context->scope, query->groups[0], &unused) == ANALYZE_MISSING)
        return add_all(a, select);
    for (size_t i = 0; i < query->ngroups; i++) {
        const struct ast_expr *ast = query->groups[i];
        if (ast->kind == AST_LITERAL && ast->literal.kind == AST_LITERAL_INT) {
            if (!add_ordinal(a, query, select, ast))
                return false;
            continue;
        }
        /* an alias stands for its item only when it is the whole key */
        struct expr *key = analyze_expr(a, ast->kind == AST_NAME ? &with_items : context, ast);
        if (key == NULL || !add_key(a, select, key))
            return false;
    }
    return true;
}

/* ---- above the aggregation --------------------------------------------------------------------------------------- */

enum place { PLACE_ITEM, PLACE_HAVING, PLACE_SORT };

struct raising {
    struct analyzer *a;
    const struct ast_query *query;
    struct analyze_select *select;
    size_t naggregates;
    const struct expr **aggregates;
    enum place place;
};

static bool same_aggregate(const struct expr *x, const struct expr *y)
{
    if ((x->filter == NULL) != (y->filter == NULL) || (x->filter != NULL && !expr_equal(x->filter, y->filter)))
        return false;
    return expr_equal(x, y);
}

static bool collect(const struct expr *expr, void *cookie)
{
    struct raising *raising = cookie;
    if (expr->kind != EXPR_AGGREGATE)
        return false;
    for (size_t i = 0; i < raising->naggregates; i++) {
        if (same_aggregate(raising->aggregates[i], expr))
            return false;
    }
    raising->aggregates[raising->naggregates++] = expr;
    return false;
}

static bool count_aggregates(const struct expr *expr, void *cookie)
{
    *(size_t *)cookie += expr->kind == EXPR_AGGREGATE;
    return false;
}

/* "c.zip" as the user typed it, for the report about a column that is found too late. */
static void *unresolved(struct raising *raising, const struct expr *expr)
{
    struct analyzer *a = raising->a;
    struct analyze_scope items = {0};
    if (!analyze_scope_of_items(a, raising->select->nitems, raising->select->items, &items))
        return NULL;
    const char *name = analyze_name_of(a, expr);
    return name == NULL ? NULL : analyze_scope_unresolved(a, &items, 1, &name, expr->range);
}

static void *stray_column(struct raising *raising, const struct expr *expr)
{
    struct analyzer *a = raising->a;
    if (raising->place != PLACE_ITEM)
        return unresolved(raising, expr);
    if (!raising->query->grouped)
        return diagnose(a->err, a->sql, raising->query->select_range, "MISSING_GROUP_BY", "42803",
                        "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window "
                        "functions using OVER "
                        "clauses.");
    return diagnose(a->err, NULL, (struct sql_range){-1, -1}, "MISSING_AGGREGATION", "42803",
                    "The non-aggregating expression \"%s\" is based on columns which are not participating in the "
                    "GROUP BY clause.\nAdd the "
                    "columns or the expression to the GROUP BY, aggregate the expression, or use \"any_value(%s)\" if "
                    "you do not care which "
                    "of the values within a group is returned.",
                    analyze_name_of(a, expr), analyze_name_of(a, expr));
}

static bool is_key(const struct analyze_select *select, const struct expr *expr)
{
    for (size_t i = 0; i < select->ngroups; i++) {
        if (expr_equal(select->groups[i], expr))
            return true;
    }
    return false;
}

bool analyze_group_covers(const struct analyze_select *select, const struct expr *expr)
{
    if (expr->kind == EXPR_AGGREGATE || is_key(select, expr))
        return true;
    if (expr->kind == EXPR_COLUMN)
        return false;
    for (size_t i = 0; i < expr->nargs; i++) {
        if (!analyze_group_covers(select, expr->args[i]))
            return false;
    }
    return true;
}

static bool raise_one(const struct expr *expr, void *cookie, struct expr **out)
{
    struct raising *raising = cookie;
    struct analyze_select *select = raising->select;
    for (size_t i = 0; i < select->ngroups; i++) {
        if (!expr_equal(select->groups[i], expr))
            continue;
        if (expr->kind == EXPR_LITERAL) /* a constant needs no column, and its name stays */
            return false;
        const char *name = expr->kind == EXPR_COLUMN ? expr->name : analyze_name_of(raising->a, expr);
        *out = name == NULL ? NULL : expr_column(raising->a->arena, i, expr->type, name, expr->range);
        if (*out == NULL)
            analyze_oom(raising->a);
        return true;
    }
    if (expr->kind == EXPR_AGGREGATE) {
        size_t i = 0;
        while (!same_aggregate(raising->aggregates[i], expr))
            i++;
        const char *name = analyze_name_of(raising->a, expr);
        *out = name == NULL ? NULL : expr_column(raising->a->arena, select->ngroups + i, expr->type, name, expr->range);
        if (*out == NULL)
            analyze_oom(raising->a);
        return true;
    }
    /* Spark computes window_time() below the aggregation, where it is a column of its own */
    if (expr->kind == EXPR_COLUMN || (expr->kind == EXPR_CALL && strcmp(expr->function->name, "window_time") == 0)) {
        *out = stray_column(raising, expr);
        return true;
    }
    return false;
}

static struct expr *raise_expr(struct raising *raising, struct expr *expr, enum place place)
{
    raising->place = place;
    struct expr *raised = tree_map(raising->a->arena, expr, raise_one, raising);
    if (raised == NULL && raising->a->err->text[0] == '\0')
        analyze_oom(raising->a);
    return raised;
}

static void for_each(struct analyze_select *select, bool (*visit)(const struct expr *, void *), void *cookie)
{
    for (size_t i = 0; i < select->nitems; i++)
        tree_find(select->items[i].expr, visit, cookie);
    if (select->having != NULL)
        tree_find(select->having, visit, cookie);
    for (size_t i = 0; i < select->nsorts; i++)
        tree_find(select->sorts[i], visit, cookie);
}

static bool add_operator(struct raising *raising, struct analyze_chain *chain)
{
    struct analyzer *a = raising->a;
    struct analyze_select *select = raising->select;
    struct plan_op *op = analyze_op(a, chain, PLAN_AGGREGATE);
    struct plan_aggregate_call *calls = arena_calloc(a->arena, raising->naggregates + 1, sizeof *calls);
    struct analyze_chain above = *chain;
    struct analyze_note *note;
    if (op == NULL || calls == NULL || !analyze_note(a, ANALYZE_NOTE_AGGREGATE, raising->query->select_range, &note))
        return op == NULL ? false : analyze_oom(a) != NULL;
    op->u.aggregate.nkeys = select->ngroups;
    op->u.aggregate.keys = select->groups;
    op->u.aggregate.ncalls = raising->naggregates;
    op->u.aggregate.calls = calls;
    op->u.aggregate.event_time_key = -1;
    above.ncolumns = 0;
    above.columns = NULL;
    for (size_t i = 0; i < select->ngroups; i++) {
        const struct expr *key = select->groups[i];
        bool event_time = key->kind == EXPR_COLUMN && chain->columns[key->column].event_time;
        note->watermarked = note->watermarked || event_time;
        if (!analyze_add_column(a, &above, analyze_name_of(a, key), key->type, event_time))
            return false;
    }
    for (size_t i = 0; i < raising->naggregates; i++) {
        const struct expr *call = raising->aggregates[i];
        calls[i] = (struct plan_aggregate_call){.kind = call->aggregate,
                                                .arg = call->nargs > 0 ? call->args[0] : NULL,
                                                .filter = call->filter,
                                                .type = call->type,
                                                .name = analyze_name_of(a, call)};
        if (calls[i].name == NULL || !analyze_add_column(a, &above, calls[i].name, call->type, false))
            return false;
    }
    chain->ncolumns = above.ncolumns;
    chain->columns = above.columns;
    return analyze_seal(a, chain);
}

bool analyze_group_apply(struct analyzer *a, const struct ast_query *query, struct analyze_chain *chain,
                         struct analyze_select *select)
{
    struct raising raising = {.a = a, .query = query, .select = select};
    size_t n = 0;
    for_each(select, count_aggregates, &n);
    raising.aggregates = arena_calloc(a->arena, n + 1, sizeof *raising.aggregates);
    if (raising.aggregates == NULL)
        return analyze_oom(a) != NULL;
    for_each(select, collect, &raising);
    if (!add_operator(&raising, chain))
        return false;
    for (size_t i = 0; i < select->nitems; i++) {
        select->items[i].expr = raise_expr(&raising, select->items[i].expr, PLACE_ITEM);
        if (select->items[i].expr == NULL)
            return false;
    }
    if (select->having != NULL && (select->having = raise_expr(&raising, select->having, PLACE_HAVING)) == NULL)
        return false;
    for (size_t i = 0; i < select->nsorts; i++) {
        select->sorts[i] = raise_expr(&raising, select->sorts[i], PLACE_SORT);
        if (select->sorts[i] == NULL)
            return false;
    }
    return true;
}
