/* Walks over bound expressions: searching, and copying with parts replaced. */
#ifndef SQL_TREE_H
#define SQL_TREE_H

#include "common/arena.h"
#include "sql/expr.h"

#include <stdbool.h>
#include <stddef.h>

/* Decide about one node: true when *out is what stands in its place (NULL: failed, the whole map fails); false: look
 * at its children. */
typedef bool (*tree_replace)(const struct expr *expr, void *cookie, struct expr **out);

/* A copy of expr in arena, with nodes replaced from the root down; shares what does not change. NULL when a
 * replacement failed or without memory. */
struct expr *tree_map(struct arena *arena, struct expr *expr, tree_replace replace, void *cookie);

/* The first node (root first) of which `test` is true, or NULL. */
const struct expr *tree_find(const struct expr *expr, bool (*test)(const struct expr *expr, void *cookie),
                             void *cookie);

/* The first node of that kind, or NULL. */
const struct expr *tree_find_kind(const struct expr *expr, enum expr_kind kind);

/* expr with the columns renumbered: column i becomes map[i]. NULL without memory. */
struct expr *tree_renumber(struct arena *arena, struct expr *expr, const size_t *map);

/* expr with column i replaced by exprs[i]. NULL without memory. */
struct expr *tree_substitute(struct arena *arena, struct expr *expr, struct expr *const *exprs);

/* Set used[i] for every column i in expr. */
void tree_columns(const struct expr *expr, bool *used);

/* The operands of a chain of ANDs, left to right. Returns their number; *parts is in arena, NULL without memory. */
size_t tree_conjuncts(struct arena *arena, struct expr *expr, struct expr ***parts);

#endif
