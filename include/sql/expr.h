/* Bound expressions, and their evaluation a vector at a time.
 *
 * The analyzer makes them through sql/function.h; they are immutable afterwards, live in the plan's arena and may be
 * evaluated by several threads at once (each with its own struct eval).
 *
 * Only the rows of the selection are evaluated: ANSI mode makes errors visible, so `CASE WHEN d <> 0 THEN n / d END`
 * must not divide where d is 0. Values are written at the row's own index; rows outside the selection stay
 * undefined. */
#ifndef SQL_EXPR_H
#define SQL_EXPR_H

#include "common/buf.h"
#include "common/errbuf.h"
#include "record/vector.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stdint.h>

struct function;

enum expr_kind {
    EXPR_COLUMN,    /* column `column` of the batch */
    EXPR_LITERAL,   /* the constant vector `literal` */
    EXPR_FIELD,     /* field `column` of the struct args[0] */
    EXPR_CALL,      /* `function` over args: operators, CASE, CAST and functions alike */
    EXPR_AGGREGATE, /* count, sum ...: only between analyze and plan, never evaluated */
    EXPR_WINDOW     /* window(ts, ...): likewise; the plan has PLAN_WINDOW for it */
};

enum aggregate_kind {
    AGGREGATE_COUNT, /* count(*) has no argument; result BIGINT */
    AGGREGATE_SUM,   /* BIGINT (overflow is an error) or DOUBLE */
    AGGREGATE_AVG,   /* argument and result DOUBLE */
    AGGREGATE_MIN,   /* any orderable type; bool_and too */
    AGGREGATE_MAX    /* bool_or too */
};

/* Where in the SQL text: code points from 0, stop inclusive (as Spark counts). start -1: nowhere. */
struct sql_range {
    int32_t start;
    int32_t stop;
};

struct expr;

/* A kernel computes rows of `out` (allocated, type = call->type, null map zeroed and present). `sel` lists n rows, or
 * is NULL for rows 0..n-1. Unless the function is FUNCTION_LAZY, args are the evaluated arguments; with FUNCTION_STRICT
 * rows with a NULL argument were already set NULL and taken out of the selection. A NULL result: vector_set_null(out,
 * row). Returns 0, or -1 with eval->err set. */
struct eval;
typedef int (*expr_kernel)(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out);

struct expr {
    enum expr_kind kind;
    const struct type *type;
    struct sql_range range;
    const char
        *name; /* COLUMN, FIELD: as the user wrote it; LITERAL of DATE or TIMESTAMP: "DATE '2018-12-31'"; else NULL */
    size_t column;
    struct vector
        literal;   /* LITERAL; CALL over constants: its value, where evaluating it succeeded (else type is NULL) */
    bool constant; /* the value cannot change from row to row */
    bool failing;  /* holds a constant part that cannot be computed (1 / 0) where Spark, which folds constants first,
                      always meets it */
    size_t nargs;
    struct expr **args;
    const struct function *function;
    expr_kernel kernel; /* CALL: the overload that bind chose */
    const void *data;   /* CALL: what bind prepared (a compiled LIKE pattern, a date format), immutable, in the arena */
    bool implicit; /* CALL of a cast that the user did not write: does not show in names. COLUMN that stands for a call
                      of window(): no name */
    enum aggregate_kind aggregate;
    struct expr *filter;                   /* AGGREGATE: FILTER (WHERE ...), or NULL */
    int64_t window_us, slide_us, start_us; /* WINDOW; args[0] is the time */
};

/* What evaluation needs besides the rows. One per thread; err is where kernels report. */
struct eval {
    struct arena *arena;     /* results live here: as long as the batch's arena */
    const struct zone *zone; /* session time zone */
    const char *sql;         /* the query's text, for the caret under the failing part; may be NULL */
    const struct batch *batch;
    struct errbuf *err;
};

/* Evaluate over rows `sel` (n of them; NULL: 0..n-1) of batch into *out, which the callee points at existing memory (a
 * column, a literal) or at new memory of eval->arena: read-only for the caller. Returns 0, or -1 with err: a runtime
 * error of Spark (condition, SQLSTATE, place in the text) with the row's topic, partition and offset when the batch
 * knows them. */
int expr_eval(struct eval *eval, const struct expr *expr, const struct batch *batch, const uint16_t *sel, size_t n,
              struct vector *out);

/* Evaluate a BOOLEAN expression and write the rows that are TRUE to sel_out (room for n). Returns their number, or -1
 * with err. */
long expr_select(struct eval *eval, const struct expr *expr, const struct batch *batch, const uint16_t *sel, size_t n,
                 uint16_t *sel_out);

/* True when the value cannot change from row to row (literals and deterministic calls on them). */
bool expr_is_constant(const struct expr *expr);
bool expr_equal(const struct expr *a, const struct expr *b);

/* Spark's automatic column name of a bound expression: "(n + 1)", "count(1)", "substring(t, 1, 2147483647)". */
void expr_name(const struct expr *expr, struct buf *out);

/* Constructors for binder and analyzer. NULL without memory. */
struct expr *expr_column(struct arena *arena, size_t column, const struct type *type, const char *name,
                         struct sql_range range);
struct expr *expr_field(struct arena *arena, struct expr *structure, size_t field, const char *name,
                        struct sql_range range);
struct expr *expr_null(struct arena *arena, const struct type *type, struct sql_range range);
struct expr *expr_boolean(struct arena *arena, bool value, struct sql_range range);
struct expr *expr_int(struct arena *arena, int32_t value, struct sql_range range);
struct expr *expr_bigint(struct arena *arena, int64_t value, struct sql_range range);
struct expr *expr_double(struct arena *arena, double value, struct sql_range range);
struct expr *expr_string(struct arena *arena, const char *data, size_t len,
                         struct sql_range range); /* copies the bytes */
struct expr *expr_binary(struct arena *arena, const char *data, size_t len, struct sql_range range);
struct expr *expr_date(struct arena *arena, int32_t days, struct sql_range range);
/* The zone is the session's: the automatic name shows the wall clock there. */
struct expr *expr_timestamp(struct arena *arena, int64_t us, const struct zone *zone, struct sql_range range);

#endif
