/* Queries: the clauses of a SELECT in the order in which Spark resolves and checks them, appended to the chain of
 * operators.
 *
 *   FROM > [WINDOW] > WHERE > [WINDOW] > AGGREGATE > HAVING > PROJECT (items, then sort keys that are none of them) >
 *   SORT > PROJECT (items alone) > LIMIT
 *
 * window(...) may stand in WHERE, in GROUP BY or in the select list; it becomes an operator that adds a column, under
 * the clause where it stands.
 */
#include "analyze_internal.h"

#include "sql/diagnose.h"
#include "sql/function.h"
#include "sql/tree.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- tools ------------------------------------------------------------------------------------------------------- */

void *analyze_oom(struct analyzer *a)
{
    errbuf_oom(a->err, "compiling a query", 0);
    return NULL;
}

bool analyze_same(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

char *analyze_name_of(struct analyzer *a, const struct expr *expr)
{
    struct buf name = BUF_INIT;
    expr_name(expr, &name);
    char *text = name.failed ? NULL : arena_strndup(a->arena, name.data == NULL ? "" : name.data, name.len);
    buf_release(&name);
    return text != NULL ? text : analyze_oom(a);
}

/* Room for one more in an array of the arena that doubles at every power of two. */
static void *grow(struct analyzer *a, void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    void *grown = arena_calloc(a->arena, count == 0 ? 1 : count * 2, size);
    if (grown == NULL)
        return analyze_oom(a);
    if (count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

bool analyze_note(struct analyzer *a, enum analyze_note_kind kind, struct sql_range range, struct analyze_note **note)
{
    struct analyze_note *notes = grow(a, a->notes, a->nnotes, sizeof *notes);
    if (notes == NULL)
        return false;
    a->notes = notes;
    *note = &notes[a->nnotes++];
    memset(*note, 0, sizeof **note);
    (*note)->kind = kind;
    (*note)->cte_depth = a->cte_depth;
    (*note)->range = range;
    return true;
}

void analyze_refuse(struct analyzer *a, struct sql_range range, const char *feature)
{
    if (a->refused)
        return;
    a->refused = true;
    a->refused_range = range;
    a->refused_feature = feature;
}

struct plan_op *analyze_op(struct analyzer *a, struct analyze_chain *chain, enum plan_op_kind kind)
{
    struct plan_op *ops = grow(a, chain->ops, chain->nops, sizeof *ops);
    if (ops == NULL)
        return NULL;
    chain->ops = ops;
    memset(&ops[chain->nops], 0, sizeof *ops);
    ops[chain->nops].kind = kind;
    return &ops[chain->nops++];
}

bool analyze_seal(struct analyzer *a, struct analyze_chain *chain)
{
    struct plan_op *op = &chain->ops[chain->nops - 1];
    struct type_field *columns = arena_calloc(a->arena, chain->ncolumns + 1, sizeof *columns);
    if (columns == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < chain->ncolumns; i++)
        columns[i] = (struct type_field){chain->columns[i].name, chain->columns[i].type};
    op->ncolumns = chain->ncolumns;
    op->columns = columns;
    return true;
}

bool analyze_add_column(struct analyzer *a, struct analyze_chain *chain, const char *name, const struct type *type,
                        bool event_time)
{
    if (name == NULL)
        return false;
    struct analyze_column *columns = grow(a, chain->columns, chain->ncolumns, sizeof *columns);
    if (columns == NULL)
        return false;
    columns[chain->ncolumns++] = (struct analyze_column){name, type, event_time};
    chain->columns = columns;
    return true;
}

bool analyze_add_name(struct analyzer *a, struct analyze_scope *scope, const struct analyze_name *name)
{
    struct analyze_name *names = grow(a, scope->names, scope->nnames, sizeof *names);
    if (names == NULL)
        return false;
    names[scope->nnames++] = *name;
    scope->names = names;
    return true;
}

/* ---- WHERE ------------------------------------------------------------------------------------------------------- */

static bool append_filter(struct analyzer *a, struct analyze_chain *chain, struct expr *condition)
{
    struct plan_op *op = analyze_op(a, chain, PLAN_FILTER);
    if (op == NULL)
        return false;
    op->u.filter = condition;
    return analyze_seal(a, chain);
}

static bool analyze_where(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch)
{
    struct analyze_window window;
    bool has_window = false;
    if (!analyze_window_of_where(a, query, branch, &window, &has_window))
        return false;
    struct analyze_context context = {.scope = &branch->scope, .window = has_window ? &window : NULL};
    struct expr *where = analyze_expr(a, &context, query->where);
    if (where == NULL)
        return false;
    if (analyze_is_aggregate(where)) {
        diagnose(a->err, a->sql, query->select_range, "INVALID_WHERE_CONDITION", "42903",
                 "The WHERE condition \"%s\" contains invalid expressions: %s.\nRewrite the query to avoid window "
                 "functions, aggregate "
                 "functions, and generator functions in the WHERE clause.",
                 analyze_name_of(a, where), analyze_name_of(a, tree_find_kind(where, EXPR_AGGREGATE)));
        return false;
    }
    if (where->type->id != TYPE_BOOLEAN) {
        struct buf type = BUF_INIT;
        type_sql_name(where->type, &type);
        diagnose(a->err, a->sql, query->select_range, "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09",
                 "Cannot resolve \"%s\" due to data type mismatch: Filter expression \"%s\" of type \"%s\" is not a "
                 "boolean.",
                 analyze_name_of(a, where), analyze_name_of(a, where), type.data != NULL ? type.data : "");
        buf_release(&type);
        return false;
    }
    return append_filter(a, &branch->chain, where);
}

/* ---- the select list --------------------------------------------------------------------------------------------- */

static bool push_item(struct analyzer *a, struct analyze_select *select, const struct analyze_item *item)
{
    struct analyze_item *items = grow(a, select->items, select->nitems, sizeof *items);
    if (items == NULL)
        return false;
    items[select->nitems++] = *item;
    select->items = items;
    return true;
}

/* The name of an item without alias. A cast of a bare column has the column's name. */
static const char *item_name(struct analyzer *a, const struct ast_expr *ast, const struct expr *expr)
{
    if (ast->kind == AST_NAME)
        return ast->parts[ast->nparts - 1];
    if (ast->kind == AST_CAST && expr->kind == EXPR_CALL && expr->nargs == 1 && expr->args[0]->kind == EXPR_COLUMN &&
        (ast->args[0]->kind == AST_NAME || expr->args[0]->implicit))
        return expr->args[0]->name;
    if (ast->kind == AST_CAST && expr->kind == EXPR_COLUMN)
        return expr->name;
    return analyze_name_of(a, expr);
}

static const char *qualifier_of(const struct analyze_scope *scope, const struct expr *expr)
{
    for (size_t i = 0; expr->kind == EXPR_COLUMN && i < scope->nnames; i++) {
        if (scope->names[i].column == expr->column)
            return scope->names[i].qualifier;
    }
    return NULL;
}

static bool add_star(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast,
                     struct analyze_select *select)
{
    struct expr **columns = NULL;
    size_t count = 0;
    if (analyze_scope_star(a, context->scope, ast, &columns, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct analyze_item item = {
            .expr = columns[i], .name = columns[i]->name, .qualifier = qualifier_of(context->scope, columns[i])};
        if (!push_item(a, select, &item))
            return false;
    }
    return true;
}

static bool analyze_items(struct analyzer *a, const struct ast_query *query, const struct analyze_context *outer,
                          struct analyze_select *select)
{
    struct analyze_context context = *outer;
    context.lateral = true;
    for (size_t i = 0; i < query->nitems; i++) {
        const struct ast_expr *ast = query->items[i];
        context.nitems = select->nitems;
        context.items = select->items;
        if (ast->kind == AST_STAR && ast->alias == NULL) {
            if (!add_star(a, outer, ast, select))
                return false;
            continue;
        }
        struct expr *expr = analyze_expr(a, &context, ast);
        if (expr == NULL)
            return false;
        struct analyze_item item = {.expr = expr,
                                    .name = ast->alias != NULL ? ast->alias : item_name(a, ast, expr),
                                    .qualifier = ast->alias == NULL ? qualifier_of(outer->scope, expr) : NULL,
                                    .aliased = ast->alias != NULL};
        if (item.name == NULL || !push_item(a, select, &item))
            return false;
    }
    return true;
}

/* ---- HAVING, ORDER BY, LIMIT ------------------------------------------------------------------------------------- */

/* HAVING of something that is no predicate is cast to BOOLEAN, as Spark's parser does. */
static bool analyze_having(struct analyzer *a, const struct ast_query *query, const struct analyze_context *outer,
                           struct analyze_select *select)
{
    struct analyze_context context = *outer;
    context.nitems = select->nitems;
    context.items = select->items;
    struct expr *having = analyze_expr(a, &context, query->having);
    if (having != NULL && !analyze_group_covers(select, having)) {
        /* a column that is no key: if a select item has its name, that is meant */
        struct errbuf ignored;
        struct analyzer second = *a;
        second.err = &ignored;
        context.items_first = true;
        context.items_outside = true;
        struct expr *other = analyze_expr(&second, &context, query->having);
        if (other != NULL && analyze_group_covers(select, other))
            having = other;
    }
    if (having != NULL && having->type->id != TYPE_BOOLEAN)
        having = analyze_cast(a, having, type_of(TYPE_BOOLEAN), false, false, query->having->range);
    select->having = having;
    return having != NULL;
}

static struct expr *sort_ordinal(struct analyzer *a, const struct ast_expr *ast, const struct analyze_select *select)
{
    int64_t ordinal = ast->literal.integer;
    if (ordinal >= 1 && (uint64_t)ordinal <= select->nitems)
        return select->items[ordinal - 1].expr;
    return diagnose(a->err, a->sql, ast->range, "ORDER_BY_POS_OUT_OF_RANGE", "42805",
                    "ORDER BY position %lld is not in select list (valid range is [1, %zu]).", (long long)ordinal,
                    select->nitems);
}

/* ORDER BY ALL (not SORT BY), unless an item has that name: every item, as ordinals. */
static const struct ast_query *spread_order(struct analyzer *a, const struct ast_query *query,
                                            const struct analyze_select *select)
{
    const struct ast_expr *all = query->nsorts == 1 ? query->sorts[0].expr : NULL;
    if (all == NULL || query->sort_local || all->kind != AST_NAME || all->nparts != 1 ||
        !analyze_same(all->parts[0], "ALL"))
        return query;
    for (size_t i = 0; i < select->nitems; i++) {
        if (analyze_same(select->items[i].name, "ALL"))
            return query;
    }
    struct ast_query *spread = arena_calloc(a->arena, 1, sizeof *spread);
    struct ast_sort *sorts = arena_calloc(a->arena, select->nitems + 1, sizeof *sorts);
    struct ast_expr *ordinals = arena_calloc(a->arena, select->nitems + 1, sizeof *ordinals);
    if (spread == NULL || sorts == NULL || ordinals == NULL)
        return analyze_oom(a);
    for (size_t i = 0; i < select->nitems; i++) {
        ordinals[i].kind = AST_LITERAL;
        ordinals[i].range = all->range;
        ordinals[i].literal.kind = AST_LITERAL_INT;
        ordinals[i].literal.integer = (int64_t)i + 1;
        sorts[i] = query->sorts[0];
        sorts[i].expr = &ordinals[i];
    }
    *spread = *query;
    spread->nsorts = select->nitems;
    spread->sorts = sorts;
    return spread;
}

static bool analyze_sorts(struct analyzer *a, const struct ast_query *query, const struct analyze_context *outer,
                          bool aggregated, struct analyze_select *select)
{
    struct analyze_context context = *outer;
    context.nitems = select->nitems;
    context.items = select->items;
    context.items_first = true;
    context.items_only = query->distinct;
    select->sorts = arena_calloc(a->arena, query->nsorts + 1, sizeof *select->sorts);
    if (select->sorts == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < query->nsorts; i++) {
        const struct ast_expr *ast = query->sorts[i].expr;
        bool ordinal = ast->kind == AST_LITERAL && ast->literal.kind == AST_LITERAL_INT;
        struct expr *expr = ordinal ? sort_ordinal(a, ast, select) : analyze_expr(a, &context, ast);
        if (expr == NULL)
            return false;
        if (!aggregated && analyze_is_aggregate(expr)) {
            diagnose(a->err, a->sql, query->organization_range, "UNSUPPORTED_EXPR_FOR_OPERATOR", "42K0E",
                     "A query operator contains one or more unsupported expressions. Consider to rewrite it to avoid "
                     "window functions, "
                     "aggregate functions, and generator functions in the WHERE clause. Invalid expressions: [%s]",
                     analyze_name_of(a, tree_find_kind(expr, EXPR_AGGREGATE)));
            return false;
        }
        select->sorts[select->nsorts++] = expr;
    }
    return true;
}

static void wrong_limit(struct analyzer *a, const struct expr *limit, const char *sub, const char *why)
{
    char condition[64] = "INVALID_LIMIT_LIKE_EXPRESSION.";
    strncat(condition, sub, sizeof condition - strlen(condition) - 1);
    diagnose(a->err, a->sql, limit->range, condition, "42K0E", "The limit like expression \"%s\" is invalid. %s",
             analyze_name_of(a, limit), why);
}

/* The constant of LIMIT; -1 with err. The range is that of the text, whatever the expression became. */
static int64_t limit_rows(struct analyzer *a, const struct ast_query *query, const struct analyze_scope *scope)
{
    struct analyze_context context = {.scope = scope};
    struct expr *limit = analyze_expr(a, &context, query->limit);
    if (limit == NULL)
        return -1;
    if (!expr_is_constant(limit)) {
        wrong_limit(a, limit, "IS_UNFOLDABLE", "The limit expression must evaluate to a constant value.");
        return -1;
    }
    if (limit->type->id != TYPE_INT) {
        struct buf why = BUF_INIT;
        buf_append_text(&why, "The limit expression must be integer type, but got \"");
        type_sql_name(limit->type, &why);
        buf_append_text(&why, "\".");
        wrong_limit(a, limit, "DATA_TYPE", why.data != NULL ? why.data : "");
        buf_release(&why);
        return -1;
    }
    if (limit->literal.type == NULL) {
        analyze_refuse(a, query->limit_range, "a LIMIT that cannot be computed");
        return 0;
    }
    if (vector_is_null(&limit->literal, 0)) {
        wrong_limit(a, limit, "IS_NULL", "The evaluated limit expression must not be null.");
        return -1;
    }
    int32_t rows = limit->literal.data.i32[0];
    if (rows < 0) {
        char why[96];
        snprintf(why, sizeof why, "The limit expression must be equal to or greater than 0, but got %d.", rows);
        wrong_limit(a, limit, "IS_NEGATIVE", why);
        return -1;
    }
    return rows;
}

static bool append_limit(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch)
{
    struct analyze_note *note;
    if (query->offset != NULL && !analyze_note(a, ANALYZE_NOTE_OFFSET, query->offset->range, &note))
        return false;
    if (query->limit == NULL)
        return true;
    int64_t rows = limit_rows(a, query, &branch->scope);
    if (rows < 0)
        return false;
    struct plan_op *op = analyze_op(a, &branch->chain, PLAN_LIMIT);
    if (op == NULL || !analyze_note(a, ANALYZE_NOTE_LIMIT, query->limit_range, &note))
        return false;
    op->u.limit.rows = rows;
    return analyze_seal(a, &branch->chain);
}

/* ---- SELECT ------------------------------------------------------------------------------------------------------ */

static bool is_aggregated(const struct ast_query *query, const struct analyze_select *select)
{
    if (query->grouped || query->having != NULL)
        return true;
    for (size_t i = 0; i < select->nitems; i++) {
        if (analyze_is_aggregate(select->items[i].expr))
            return true;
    }
    return false;
}

static bool analyze_select(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch)
{
    struct analyze_select select = {0};
    struct analyze_window window;
    bool has_window = false;
    if (query->trailing_comma) {
        diagnose(a->err, a->sql, query->distinct ? query->items[query->nitems - 1]->range : query->select_range,
                 "TRAILING_COMMA_IN_SELECT", "42601",
                 "Trailing comma detected in SELECT clause. Remove the trailing comma before the FROM clause.");
        return false;
    }
    if (!analyze_relation_from(a, query, branch) || (query->where != NULL && !analyze_where(a, query, branch)))
        return false;
    if (!analyze_window_of_select(a, query, branch, &window, &has_window))
        return false;
    struct analyze_context context = {.scope = &branch->scope, .window = has_window ? &window : NULL};
    if (!analyze_items(a, query, &context, &select))
        return false;
    bool aggregated = is_aggregated(query, &select);
    if (aggregated && !analyze_group_keys(a, query, &context, &select))
        return false;
    if (query->having != NULL && !analyze_having(a, query, &context, &select))
        return false;
    if ((query = spread_order(a, query, &select)) == NULL || !analyze_sorts(a, query, &context, aggregated, &select))
        return false;
    struct analyze_item *bound = arena_calloc(a->arena, select.nitems + 1, sizeof *bound);
    if (bound == NULL)
        return analyze_oom(a) != NULL;
    if (select.nitems > 0)
        memcpy(bound, select.items, select.nitems * sizeof *bound);
    if (aggregated && !analyze_group_apply(a, query, &branch->chain, &select))
        return false;
    if (select.having != NULL && !append_filter(a, &branch->chain, select.having))
        return false;
    if (!analyze_output_append(a, query, &branch->chain, &select) ||
        !analyze_output_scope(a, &select, bound, &branch->scope))
        return false;
    branch->table = ANALYZE_NONE;
    return true;
}

/* (query) ORDER BY ... LIMIT ...: as if it were SELECT * FROM (query). */
static bool analyze_inner(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch)
{
    struct analyze_select select = {0};
    struct ast_expr star = {.kind = AST_STAR, .range = query->range};
    if (!analyze_query(a, query->inner, branch))
        return false;
    if (query->nsorts == 0)
        return true;
    struct analyze_context context = {.scope = &branch->scope};
    if (!add_star(a, &context, &star, &select) || (query = spread_order(a, query, &select)) == NULL ||
        !analyze_sorts(a, query, &context, false, &select) || !analyze_output_append(a, query, &branch->chain, &select))
        return false;
    return analyze_output_scope(a, &select, select.items, &branch->scope);
}

static bool push_ctes(struct analyzer *a, const struct ast_query *query)
{
    for (size_t i = 0; i < query->nctes; i++) {
        for (size_t k = 0; k < i; k++) {
            if (analyze_same(query->ctes[i].name, query->ctes[k].name)) {
                diagnose(a->err, a->sql, query->range, "DUPLICATED_CTE_NAMES", "42602",
                         "CTE definition can't have duplicate names: `%s`.", query->ctes[i].name);
                return false;
            }
        }
        struct analyze_ctes *one = arena_calloc(a->arena, 1, sizeof *one);
        if (one == NULL)
            return analyze_oom(a) != NULL;
        one->cte = &query->ctes[i];
        one->outer = a->ctes;
        a->ctes = one;
    }
    return true;
}

bool analyze_query(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch)
{
    const struct analyze_ctes *outer = a->ctes;
    memset(branch, 0, sizeof *branch);
    branch->chain.view = ANALYZE_NONE;
    branch->table = ANALYZE_NONE;
    /* each use of a WITH query is analyzed anew: a chain of them doubles, so it must end */
    if (++a->queries > 1000) {
        diagnose_unsupported(a->err, a->sql, query->range,
                             "Outside the supported subset of Spark SQL: WITH queries used this often.");
        return false;
    }
    bool done = push_ctes(a, query) &&
                (query->inner != NULL ? analyze_inner(a, query, branch) : analyze_select(a, query, branch)) &&
                append_limit(a, query, branch);
    a->ctes = outer;
    return done;
}
