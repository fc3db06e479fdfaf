/* What the analyzer's files share. The analyzer turns the syntax tree into a chain of operators (plan_op) whose
 * expressions see all columns; plan_filter.c then moves filters down, and plan_prune.c drops what nobody needs.
 *
 * Everything is made in the plan's arena. A function that fails returns NULL, false or -1 with a->err filled.
 */
#ifndef SQL_ANALYZE_INTERNAL_H
#define SQL_ANALYZE_INTERNAL_H

#include "sql/ast.h"
#include "sql/plan.h"

#include <stdbool.h>
#include <stddef.h>

#define ANALYZE_NONE SIZE_MAX

/* A column of the chain's newest rows. event_time: the watermark's own column, or a window over it (Spark's column
 * metadata). */
struct analyze_column {
    const char *name;
    const struct type *type;
    bool event_time;
};

/* Operators so far and the columns that the last of them leaves. */
struct analyze_chain {
    size_t view; /* index in the catalog, or ANALYZE_NONE */
    size_t nops;
    struct plan_op *ops;
    size_t ncolumns;
    struct analyze_column *columns;
};

/* A name that an expression may use. */
struct analyze_name {
    const char *name;
    const char *qualifier; /* the relation's alias or name; NULL: none */
    const struct type *type;
    size_t column;  /* in the chain */
    bool hidden;    /* only with its qualifier: the right side's column of a USING */
    bool unstarred; /* no star means it: a view's hidden column */
};

struct analyze_scope {
    size_t nnames;
    struct analyze_name *names; /* in the order of SELECT * */
};

/* A relation or query that has been analyzed. */
struct analyze_branch {
    struct analyze_chain chain;
    struct analyze_scope scope;
    bool streaming;
    size_t
        table; /* a bare static table: its index (the chain then has its columns and no operators); else ANALYZE_NONE */
};

/* What the checks for streaming queries look at, bottom up as Spark walks its plan. */
enum analyze_note_kind {
    ANALYZE_NOTE_AGGREGATE,
    ANALYZE_NOTE_DISTINCT, /* SELECT DISTINCT */
    ANALYZE_NOTE_DISTINCT_AGGREGATE,
    ANALYZE_NOTE_SORT,
    ANALYZE_NOTE_LIMIT,
    ANALYZE_NOTE_OFFSET,
    ANALYZE_NOTE_JOIN
};

struct analyze_note {
    enum analyze_note_kind kind;
    bool watermarked;    /* AGGREGATE, DISTINCT: an event time is among the keys */
    bool on_aggregate;   /* SORT: an aggregation is below it */
    int cte_depth;       /* WITH queries around it */
    const char *message; /* JOIN: what is wrong with it */
    struct sql_range range;
};

struct analyze_ctes {
    const struct ast_cte *cte;
    const struct analyze_ctes *outer; /* those visible inside the query of this one */
};

struct analyzer {
    const char *sql;
    struct arena *arena;
    const struct plan_catalog *catalog;
    const struct plan_options *options;
    struct errbuf *err;
    const struct analyze_ctes *ctes;
    int cte_depth; /* WITH queries whose use is being analyzed */
    size_t nnotes;
    struct analyze_note *notes;
    /* The first thing outside the subset that names and types alone could show; reported when nothing else is wrong. */
    bool refused;
    struct sql_range refused_range;
    const char *refused_feature;
    size_t queries;   /* analyzed so far */
    bool reads_table; /* somewhere a static table is selected from */
    size_t nview;     /* columns of the plan's view, once it is known */
    const struct type_field *view_columns;
};

/* ---- analyze.c: queries and tools -------------------------------------------------------------------------------- */
bool analyze_query(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch);
void *analyze_oom(struct analyzer *a);
bool analyze_note(struct analyzer *a, enum analyze_note_kind kind, struct sql_range range, struct analyze_note **note);
void analyze_refuse(struct analyzer *a, struct sql_range range, const char *feature);
/* A new operator at the end of the chain; the caller fills it and calls analyze_columns_* if columns change. */
struct plan_op *analyze_op(struct analyzer *a, struct analyze_chain *chain, enum plan_op_kind kind);
/* Write the chain's columns into its last operator. */
bool analyze_seal(struct analyzer *a, struct analyze_chain *chain);
/* A column behind the others. */
bool analyze_add_column(struct analyzer *a, struct analyze_chain *chain, const char *name, const struct type *type,
                        bool event_time);
bool analyze_add_name(struct analyzer *a, struct analyze_scope *scope, const struct analyze_name *name);
bool analyze_same(const char *a, const char *b); /* names are equal, ignoring letter case */
char *analyze_name_of(struct analyzer *a, const struct expr *expr);

/* A select item. */
struct analyze_item {
    struct expr *expr;
    const char *name;
    const char *qualifier; /* of a bare column that keeps its name; else NULL */
    bool aliased;          /* named by AS */
};

/* ---- analyze_scope.c: names -------------------------------------------------------------------------------------- */
enum analyze_found { ANALYZE_FOUND, ANALYZE_MISSING, ANALYZE_AMBIGUOUS, ANALYZE_ERROR };
/* Look a (qualified, nested) name up; *out is a column or a field of one. ANALYZE_ERROR: err is filled (no such
 * field). */
enum analyze_found analyze_scope_find(struct analyzer *a, const struct analyze_scope *scope,
                                      const struct ast_expr *name, struct expr **out);
/* UNRESOLVED_COLUMN with the nearest names of the scope. Always NULL. */
void *analyze_scope_unresolved(struct analyzer *a, const struct analyze_scope *scope, size_t nparts,
                               const char *const *parts, struct sql_range range);
void *analyze_scope_ambiguous(struct analyzer *a, const struct analyze_scope *scope, const struct ast_expr *name);
/* "`a`, `b`": every name of the scope, by letter, as Spark lists them in reports. */
void analyze_scope_list(struct analyzer *a, const struct analyze_scope *scope, struct buf *out);
/* The names of the select items, for suggestions. */
bool analyze_scope_of_items(struct analyzer *a, size_t nitems, const struct analyze_item *items,
                            struct analyze_scope *scope);
/* The columns that a star stands for. -1 with err when there are none for its qualifier. */
int analyze_scope_star(struct analyzer *a, const struct analyze_scope *scope, const struct ast_expr *star,
                       struct expr ***exprs, size_t *count);
/* Field `field` of structure; NULL with err. */
struct expr *analyze_scope_field(struct analyzer *a, struct expr *structure, const char *field, struct sql_range range);

/* ---- analyze_expr.c: expressions --------------------------------------------------------------------------------- */
struct analyze_window {
    const struct expr *window; /* EXPR_WINDOW */
    size_t column;
};

/* Where an expression stands. */
struct analyze_context {
    const struct analyze_scope *scope;
    size_t nitems; /* select items whose names may be used, or 0 */
    const struct analyze_item *items;
    bool items_first;   /* before the scope's names: ORDER BY */
    bool items_outside; /* but not inside an aggregate: HAVING */
    bool items_only;    /* SELECT DISTINCT: a name that several items have is no column either */
    bool lateral;       /* the items stand before this one in the same select list: using their names is refused */
    bool in_aggregate;
    const struct analyze_window *window; /* the window operator of this SELECT, or NULL */
};

struct expr *analyze_expr(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast);
struct expr *analyze_bind(struct analyzer *a, const char *sign, struct expr **args, size_t nargs,
                          struct sql_range range);
struct expr *analyze_cast(struct analyzer *a, struct expr *arg, const struct type *type, bool try_cast, bool implicit,
                          struct sql_range range);
/* Functions that nobody has: UNRESOLVED_ROUTINE comes before every other error of the analyzer. */
bool analyze_routines(struct analyzer *a, const struct ast_query *query);

/* ---- analyze_relation.c: FROM ------------------------------------------------------------------------------------ */
/* A catalog's column, copied into the plan's arena: the plan outlives the catalog. */
bool analyze_relation_copy(struct analyzer *a, const struct type_field *from, struct type_field *to);
bool analyze_relation_from(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch);

/* ---- analyze_group.c: GROUP BY and aggregates -------------------------------------------------------------------- */
/* What one SELECT computes, bound over its input. */
struct analyze_select {
    size_t nitems;
    struct analyze_item *items;
    size_t ngroups;
    struct expr **groups;
    struct expr *having;
    size_t nsorts;
    struct expr **sorts;
};
bool analyze_group_keys(struct analyzer *a, const struct ast_query *query, const struct analyze_context *context,
                        struct analyze_select *select);
/* Append AGGREGATE; items, having and sorts are then over its columns. */
bool analyze_group_apply(struct analyzer *a, const struct ast_query *query, struct analyze_chain *chain,
                         struct analyze_select *select);
/* Whether expr can be had from the keys and aggregates alone. */
bool analyze_group_covers(const struct analyze_select *select, const struct expr *expr);
bool analyze_is_aggregate(const struct expr *expr);

/* ---- analyze_window.c -------------------------------------------------------------------------------------------- */
/* The window of WHERE, or of the select list, GROUP BY, HAVING and ORDER BY: appended as an operator. *any: there is
 * one. */
bool analyze_window_of_where(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch,
                             struct analyze_window *window, bool *any);
bool analyze_window_of_select(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch,
                              struct analyze_window *window, bool *any);

/* ---- analyze_output.c -------------------------------------------------------------------------------------------- */
bool analyze_output_append(struct analyzer *a, const struct ast_query *query, struct analyze_chain *chain,
                           struct analyze_select *select);
/* The names that a query gives to the outside; bound: the items as they were bound over its input. */
bool analyze_output_scope(struct analyzer *a, const struct analyze_select *select, const struct analyze_item *bound,
                          struct analyze_scope *scope);

/* ---- analyze_stream.c -------------------------------------------------------------------------------------------- */
bool analyze_stream_check(struct analyzer *a, const struct analyze_branch *branch);

#endif
