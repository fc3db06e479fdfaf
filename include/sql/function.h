/* The one table of functions and operators: names, arity, how arguments are coerced, kernels. Operators are functions
 * whose names are their signs; CASE, IN, CAST, AND are in it as well, so that types, names and errors have one place.
 *
 * Which implicit casts there are (ANSI mode: Spark's AnsiTypeCoercion) is sql/coerce.h's.
 */
#ifndef SQL_FUNCTION_H
#define SQL_FUNCTION_H

#include "sql/expr.h"

enum function_flag {
    FUNCTION_STRICT = 1,       /* NULL in any argument: NULL out, without calling the kernel for that row */
    FUNCTION_LAZY = 2,         /* evaluates its arguments itself (AND, OR, CASE, coalesce, if, IN ...) */
    FUNCTION_AGGREGATE = 4,    /* bind makes an EXPR_AGGREGATE */
    FUNCTION_WINDOW = 8,       /* bind makes an EXPR_WINDOW */
    FUNCTION_OPERATOR = 16,    /* not callable by name: "+", "AND", "CASE" */
    FUNCTION_RIGHT_FIRST = 32, /* STRICT: the last argument is evaluated first (the divisor) */
    FUNCTION_CONDITIONAL = 64, /* LAZY: constants in its arguments fail only when a row needs them */
};

/* What binding needs and fills. */
struct binding {
    struct arena *arena;     /* of the plan */
    const struct zone *zone; /* session time zone: date literals, folding */
    const char *sql;         /* for error texts */
    const struct function *function;
    const char *name; /* as the user typed it */
    struct sql_range range;
    size_t nargs;
    struct expr **args; /* bound; bind may replace them by casts of them and add defaults */
    struct errbuf *err;
};

struct function {
    const char *name;  /* Spark's canonical name, shown in column names */
    const char *alias; /* another name for the same, space separated list ("ucase"), or NULL */
    unsigned flags;
    int min_args;
    int max_args; /* -1: any number */
    /* Check and coerce the arguments, choose type and kernel. Returns the new expression in binding->arena, or NULL
     * with err (Spark's condition: DATATYPE_MISMATCH.*, WRONG_NUM_ARGS ...; place = binding->range or the
     * argument's). */
    struct expr *(*bind)(struct binding *binding);
    expr_kernel kernel; /* the usual one, for bind functions that serve many functions */
    const void *detail; /* likewise: a signature, an operation code */
    /* Append the automatic name; NULL: name(arg, arg). */
    void (*show)(const struct expr *call, struct buf *out);
};

/* Look up a callable function, ignoring letter case; NULL if there is none. */
const struct function *function_find(const char *name, size_t len);

/* Look up an operator: "+", "-", "*", "/", "%", "div", "||", "=", "<>", "<", "<=", ">", ">=", "<=>", "AND", "OR",
 * "NOT", "negative" (unary -), "positive", "IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE", "IS UNKNOWN" (and NOT of
 * these through "NOT" or their own names as Spark shows them), "BETWEEN" (value, low, high), "IN" (value, items...),
 * "LIKE" (value, pattern[, escape]), "CASE" (condition, value,
 * ..., [else]), "EXTRACT" (field name literal, source). Never NULL for these. */
const struct function *function_operator(const char *sign);

/* Names nearest to an unknown one, for UNRESOLVED_ROUTINE: the nearest, or NULL. */
const char *function_nearest(const char *name, size_t len);

/* True if Spark 4.0 has a built-in function of that name, whether or not it is in this table: an unknown one is
 * UNRESOLVED_ROUTINE, one that is only not in the subset SFCRIME_UNSUPPORTED. */
bool function_in_spark(const char *name, size_t len);

/* Bind a call: arity check (WRONG_NUM_ARGS with the function's allowed numbers), then function->bind. `args` are bound
 * expressions; the array may be changed. NULL with err. count(*) is bound as count(1), with the INT literal, as Spark's
 * parser has it (its EXPR_AGGREGATE has no argument). struct(x AS y): the argument is the operator "AS" over x and the
 * STRING literal y. trim(BOTH c FROM s) is trim(c, s), LEADING ltrim(c, s), TRAILING rtrim(c, s). */
struct expr *function_bind(struct binding *binding);

enum function_cast {
    FUNCTION_CAST_ANSI,    /* CAST(x AS type): errors */
    FUNCTION_CAST_TRY,     /* TRY_CAST: NULL instead */
    FUNCTION_CAST_IMPLICIT /* inserted by coercion: ANSI, but not shown in names */
};

/* A cast of arg to type, or arg itself when the types are equal and the cast is implicit. NULL with err
 * (DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION for casts that Spark does not have). Literals are folded. */
struct expr *function_cast(struct binding *binding, struct expr *arg, const struct type *type, enum function_cast how);

#endif
