#include "sql/tree.h"

#include "sql/function.h"

#include <string.h>

/* Depth is bounded by the parser, so plain recursion is safe. */
struct expr *tree_map(struct arena *arena, struct expr *expr, tree_replace replace, void *cookie)
{
    struct expr *replaced = NULL;
    struct expr *copy = NULL;
    if (replace(expr, cookie, &replaced))
        return replaced;
    for (size_t i = 0; i < expr->nargs; i++) {
        struct expr *arg = tree_map(arena, expr->args[i], replace, cookie);
        if (arg == NULL)
            return NULL;
        if (arg == expr->args[i])
            continue;
        if (copy == NULL) {
            copy = arena_alloc(arena, sizeof *copy);
            if (copy == NULL)
                return NULL;
            *copy = *expr;
            copy->args = arena_calloc(arena, expr->nargs, sizeof *copy->args);
            if (copy->args == NULL)
                return NULL;
            memcpy(copy->args, expr->args, expr->nargs * sizeof *copy->args);
        }
        copy->args[i] = arg;
    }
    if (expr->filter != NULL) {
        struct expr *filter = tree_map(arena, expr->filter, replace, cookie);
        if (filter == NULL)
            return NULL;
        if (filter != expr->filter) {
            if (copy == NULL) {
                copy = arena_alloc(arena, sizeof *copy);
                if (copy == NULL)
                    return NULL;
                *copy = *expr;
            }
            copy->filter = filter;
        }
    }
    return copy != NULL ? copy : expr;
}

const struct expr *tree_find(const struct expr *expr, bool (*test)(const struct expr *expr, void *cookie), void *cookie)
{
    if (test(expr, cookie))
        return expr;
    for (size_t i = 0; i < expr->nargs; i++) {
        const struct expr *found = tree_find(expr->args[i], test, cookie);
        if (found != NULL)
            return found;
    }
    return expr->filter != NULL ? tree_find(expr->filter, test, cookie) : NULL;
}

static bool is_kind(const struct expr *expr, void *cookie)
{
    return expr->kind == *(enum expr_kind *)cookie;
}

const struct expr *tree_find_kind(const struct expr *expr, enum expr_kind kind)
{
    return tree_find(expr, is_kind, &kind);
}

struct renumbering {
    struct arena *arena;
    const size_t *map;
    struct expr *const *exprs;
};

static bool renumber(const struct expr *expr, void *cookie, struct expr **out)
{
    struct renumbering *to = cookie;
    if (expr->kind != EXPR_COLUMN)
        return false;
    if (to->exprs != NULL) {
        *out = to->exprs[expr->column];
        return true;
    }
    *out = arena_alloc(to->arena, sizeof **out);
    if (*out != NULL) {
        **out = *expr;
        (*out)->column = to->map[expr->column];
    }
    return true;
}

struct expr *tree_renumber(struct arena *arena, struct expr *expr, const size_t *map)
{
    struct renumbering to = {arena, map, NULL};
    return tree_map(arena, expr, renumber, &to);
}

struct expr *tree_substitute(struct arena *arena, struct expr *expr, struct expr *const *exprs)
{
    struct renumbering to = {arena, NULL, exprs};
    return tree_map(arena, expr, renumber, &to);
}

static bool mark_column(const struct expr *expr, void *cookie)
{
    bool *used = cookie;
    if (expr->kind == EXPR_COLUMN)
        used[expr->column] = true;
    return false;
}

void tree_columns(const struct expr *expr, bool *used)
{
    tree_find(expr, mark_column, used);
}

static bool is_and(const struct expr *expr)
{
    return expr->kind == EXPR_CALL && expr->function == function_operator("AND");
}

static size_t count_conjuncts(const struct expr *expr)
{
    return is_and(expr) ? count_conjuncts(expr->args[0]) + count_conjuncts(expr->args[1]) : 1;
}

static void put_conjuncts(struct expr *expr, struct expr **parts, size_t *n)
{
    if (is_and(expr)) {
        put_conjuncts(expr->args[0], parts, n);
        put_conjuncts(expr->args[1], parts, n);
    } else {
        parts[(*n)++] = expr;
    }
}

size_t tree_conjuncts(struct arena *arena, struct expr *expr, struct expr ***parts)
{
    size_t n = 0;
    *parts = arena_calloc(arena, count_conjuncts(expr), sizeof **parts);
    if (*parts != NULL)
        put_conjuncts(expr, *parts, &n);
    return n;
}
