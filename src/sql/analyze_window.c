/* window(ts, ...): found in a clause, and made an operator of its own below it. All windows of one SELECT must be the
 * same. */
#include "analyze_internal.h"

#include "sql/diagnose.h"

#include <string.h>

struct window_search {
    struct analyzer *a;
    struct analyze_context context;
    struct sql_range range; /* the clause, for the report about several */
    const struct expr *found;
};

static bool is_window_call(const struct ast_expr *ast)
{
    return ast->kind == AST_CALL && ast->nparts == 1 && analyze_same(ast->parts[0], "window");
}

static bool search_windows(struct window_search *search, const struct ast_expr *ast)
{
    if (ast == NULL)
        return true;
    if (is_window_call(ast)) {
        struct expr *window = analyze_expr(search->a, &search->context, ast);
        if (window == NULL) /* an unknown column is reported when its turn comes */
            return strncmp(search->a->err->condition, "UNRESOLVED_COLUMN", strlen("UNRESOLVED_COLUMN")) == 0;
        if (search->found != NULL && !expr_equal(search->found, window)) {
            diagnose(search->a->err, search->a->sql, search->range, "_LEGACY_ERROR_TEMP_1039", "",
                     "Multiple time/session window expressions would result in a cartesian product of rows, therefore "
                     "they are currently not "
                     "supported.");
            return false;
        }
        search->found = window;
        return true;
    }
    for (size_t i = 0; i < ast->nargs; i++) {
        if (!search_windows(search, ast->args[i]))
            return false;
    }
    return search_windows(search, ast->filter);
}

/* Append the operator for the window that was found. named: the column can be used by the name `window`. */
static bool add_window(struct analyzer *a, struct analyze_branch *branch, const struct expr *found, bool named,
                       struct analyze_window *window)
{
    struct expr *time = found->args[0];
    bool event_time = time->kind == EXPR_COLUMN && branch->chain.columns[time->column].event_time;
    struct plan_op *op = analyze_op(a, &branch->chain, PLAN_WINDOW);
    if (op == NULL)
        return false;
    op->u.window.time = time;
    op->u.window.window_us = found->window_us;
    op->u.window.slide_us = found->slide_us;
    op->u.window.start_us = found->start_us;
    window->window = found;
    window->column = branch->chain.ncolumns;
    if (!analyze_add_column(a, &branch->chain, "window", found->type, event_time) || !analyze_seal(a, &branch->chain))
        return false;
    struct analyze_name name = {.name = "window", .type = found->type, .column = window->column, .unstarred = true};
    return !named || analyze_add_name(a, &branch->scope, &name);
}

bool analyze_window_of_select(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch,
                              struct analyze_window *window, bool *any)
{
    struct window_search search = {.a = a,
                                   .context = {.scope = &branch->scope},
                                   .range = query->grouped ? query->groups_range : query->select_range};
    for (size_t i = 0; i < query->ngroups; i++) {
        if (!search_windows(&search, query->groups[i]))
            return false;
    }
    for (size_t i = 0; i < query->nitems; i++) {
        if (!search_windows(&search, query->items[i]))
            return false;
    }
    for (size_t i = 0; i < query->nsorts; i++) {
        if (!search_windows(&search, query->sorts[i].expr))
            return false;
    }
    if (query->having != NULL && !search_windows(&search, query->having))
        return false;
    *any = search.found != NULL;
    return search.found == NULL || add_window(a, branch, search.found, query->grouped, window);
}

bool analyze_window_of_where(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch,
                             struct analyze_window *window, bool *any)
{
    struct window_search search = {.a = a, .context = {.scope = &branch->scope}, .range = query->select_range};
    if (!search_windows(&search, query->where))
        return false;
    *any = search.found != NULL;
    return search.found == NULL || add_window(a, branch, search.found, false, window);
}
