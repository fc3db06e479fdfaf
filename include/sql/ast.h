/* The syntax tree of a query: what the text says, before any name is looked up. Everything lives in one arena. */
#ifndef SQL_AST_H
#define SQL_AST_H

#include "record/type.h"
#include "sql/expr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ast_kind {
    AST_NAME,     /* parts: a column, perhaps qualified, perhaps with struct fields behind it */
    AST_STAR,     /* parts: the qualifier, or none */
    AST_LITERAL,  /* literal */
    AST_CALL,     /* function parts[nparts - 1] over args */
    AST_OPERATOR, /* sign (a name of function_operator) over args */
    AST_CASE,     /* sign "CASE": [operand,] (condition, value)..., [else] */
    AST_CAST,     /* args[0] to type */
    AST_FIELD,    /* field `field` of args[0] */
    AST_ROW       /* (a, b): a struct with the names of its columns */
};

enum ast_literal_kind {
    AST_LITERAL_NULL,
    AST_LITERAL_BOOLEAN,
    AST_LITERAL_INT,
    AST_LITERAL_BIGINT,
    AST_LITERAL_DOUBLE,
    AST_LITERAL_STRING,
    AST_LITERAL_BINARY,
    AST_LITERAL_DATE,     /* the text of DATE'...' */
    AST_LITERAL_TIMESTAMP /* the text of TIMESTAMP'...' */
};

struct ast_literal {
    enum ast_literal_kind kind;
    bool boolean;
    int64_t integer;
    double number;
    const char *data; /* STRING, BINARY, DATE, TIMESTAMP: len bytes */
    size_t len;
};

struct ast_expr {
    enum ast_kind kind;
    struct sql_range range; /* as Spark underlines it */
    int depth;              /* 1 + that of the deepest argument */
    size_t nparts;
    const char **parts; /* NAME, STAR, CALL: names without their back-quotes */
    struct ast_literal literal;
    const char *sign; /* OPERATOR, CASE */
    size_t nargs;
    struct ast_expr **args;
    bool has_operand; /* CASE: args[0] is what the conditions are compared with */
    bool has_else;    /* CASE */
    const struct type *type;
    bool try_cast;
    const char *field;
    bool distinct;           /* CALL: count(DISTINCT x) */
    struct ast_expr *filter; /* CALL: FILTER (WHERE ...) */
    const char *alias;       /* a select item's or struct argument's name, or NULL */
};

struct ast_query;

enum ast_join_kind { AST_JOIN_INNER, AST_JOIN_LEFT, AST_JOIN_RIGHT, AST_JOIN_FULL };

/* One thing to select from, and how it is joined to those before it. */
struct ast_relation {
    struct sql_range range;       /* of the name or subquery */
    struct sql_range alias_range; /* with the alias */
    size_t nparts;                /* a view's or table's name; 0: a subquery */
    const char **parts;
    struct ast_query *query;
    const char *alias; /* or NULL */
    size_t nnames;     /* alias(a, b): new column names */
    const char **names;
    /* from the second relation on */
    enum ast_join_kind join;
    struct sql_range join_range; /* "JOIN t ON ..." */
    struct ast_expr *on;
    size_t nusing;
    const char **using_names;
};

struct ast_sort {
    struct ast_expr *expr;
    struct sql_range range;
    bool descending;
    bool nulls_first;
};

struct ast_cte {
    const char *name;
    size_t nnames;
    const char **names;
    struct ast_query *query;
};

/* [WITH ...] SELECT ... [ORDER BY ...] [LIMIT n]; or the parentheses around another query with an ORDER BY or LIMIT
 * of its own. */
struct ast_query {
    size_t nctes;
    struct ast_cte *ctes;
    struct sql_range range;  /* the whole query */
    struct ast_query *inner; /* (query): then no select part */

    struct sql_range select_range; /* from SELECT to the end of HAVING */
    bool distinct;
    bool trailing_comma; /* SELECT a, FROM t */
    size_t nitems;
    struct ast_expr **items;
    size_t nrelations;
    struct ast_relation **relations;
    struct ast_expr *where;
    bool grouped; /* has a GROUP BY */
    size_t ngroups;
    struct ast_expr **groups;
    struct sql_range groups_range;
    struct ast_expr *having;

    struct sql_range organization_range; /* ORDER BY ... to the end of LIMIT ... */
    size_t nsorts;
    struct ast_sort *sorts;
    bool sort_local; /* SORT BY */
    bool limit_all;
    struct ast_expr *limit;
    struct sql_range limit_range;
    struct ast_expr *offset;
};

#endif
