/* Evaluation costs per batch and node: a column or literal is a struct copy, a call is one allocation and one kernel
 * loop. NULL handling of strict functions is here, so that their kernels see only rows without NULLs. */
#include "sql/expr.h"

#include "function_internal.h"
#include "record/timestamp.h"

#include <string.h>

/* ---- constructors ------------------------------------------------------------------------------------------- */

static struct expr *new_expr(struct arena *arena, enum expr_kind kind, const struct type *type, struct sql_range range)
{
    struct expr *expr = arena_calloc(arena, 1, sizeof(*expr));

    if (expr == NULL || type == NULL)
        return NULL;
    expr->kind = kind;
    expr->type = type;
    expr->range = range;
    return expr;
}

struct expr *expr_column(struct arena *arena, size_t column, const struct type *type, const char *name,
                         struct sql_range range)
{
    struct expr *expr = new_expr(arena, EXPR_COLUMN, type, range);

    if (expr == NULL)
        return NULL;
    expr->column = column;
    expr->name = arena_strdup(arena, name);
    return expr->name != NULL ? expr : NULL;
}

struct expr *expr_field(struct arena *arena, struct expr *structure, size_t field, const char *name,
                        struct sql_range range)
{
    struct expr *expr = new_expr(arena, EXPR_FIELD, structure->type->fields[field].type, range);

    if (expr == NULL)
        return NULL;
    expr->column = field;
    expr->name = arena_strdup(arena, name);
    expr->args = arena_alloc(arena, sizeof(struct expr *));
    if (expr->name == NULL || expr->args == NULL)
        return NULL;
    expr->nargs = 1;
    expr->args[0] = structure;
    expr->constant = structure->constant;
    expr->failing = structure->failing;
    return expr;
}

static void make_constant(struct vector *vector)
{
    vector->constant = true;
    for (size_t i = 0; i < vector->type->nfields; i++)
        make_constant(&vector->fields[i]);
}

/* A literal with room for its value; the caller stores it. */
static struct expr *new_literal(struct arena *arena, const struct type *type, struct sql_range range)
{
    struct expr *expr = new_expr(arena, EXPR_LITERAL, type, range);

    if (expr == NULL || vector_alloc(&expr->literal, type, 1, arena) != 0)
        return NULL;
    make_constant(&expr->literal);
    expr->constant = true;
    return expr;
}

struct expr *expr_null(struct arena *arena, const struct type *type, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type, range);

    if (expr != NULL)
        vector_set_null(&expr->literal, 0);
    return expr;
}

struct expr *expr_boolean(struct arena *arena, bool value, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type_of(TYPE_BOOLEAN), range);

    if (expr != NULL)
        expr->literal.data.boolean[0] = value;
    return expr;
}

struct expr *expr_int(struct arena *arena, int32_t value, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type_of(TYPE_INT), range);

    if (expr != NULL)
        expr->literal.data.i32[0] = value;
    return expr;
}

struct expr *expr_bigint(struct arena *arena, int64_t value, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type_of(TYPE_BIGINT), range);

    if (expr != NULL)
        expr->literal.data.i64[0] = value;
    return expr;
}

struct expr *expr_double(struct arena *arena, double value, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type_of(TYPE_DOUBLE), range);

    if (expr != NULL)
        expr->literal.data.f64[0] = value;
    return expr;
}

static struct expr *bytes_literal(struct arena *arena, enum type_id id, const char *data, size_t len,
                                  struct sql_range range)
{
    struct expr *expr = len <= UINT32_MAX ? new_literal(arena, type_of(id), range) : NULL;
    char *copy = expr != NULL ? arena_copy(arena, data, len) : NULL;

    if (copy == NULL)
        return NULL;
    expr->literal.data.str[0] = (struct str){copy, (uint32_t)len};
    return expr;
}

struct expr *expr_string(struct arena *arena, const char *data, size_t len, struct sql_range range)
{
    return bytes_literal(arena, TYPE_STRING, data, len, range);
}

struct expr *expr_binary(struct arena *arena, const char *data, size_t len, struct sql_range range)
{
    return bytes_literal(arena, TYPE_BINARY, data, len, range);
}

/* "DATE '...'" with the text that casts to STRING give. */
static const char *typed_name(struct arena *arena, const char *word, struct buf *text)
{
    const char *name = text->failed ? NULL : arena_printf(arena, "%s '%s'", word, text->data);

    buf_release(text);
    return name;
}

struct expr *expr_date(struct arena *arena, int32_t days, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type_of(TYPE_DATE), range);
    struct buf text = BUF_INIT;

    if (expr == NULL)
        return NULL;
    expr->literal.data.i32[0] = days;
    timestamp_date_text(days, &text);
    expr->name = typed_name(arena, "DATE", &text);
    return expr->name != NULL ? expr : NULL;
}

struct expr *expr_timestamp(struct arena *arena, int64_t us, const struct zone *zone, struct sql_range range)
{
    struct expr *expr = new_literal(arena, type_of(TYPE_TIMESTAMP), range);
    struct buf text = BUF_INIT;

    if (expr == NULL)
        return NULL;
    expr->literal.data.i64[0] = us;
    timestamp_text(us, zone, &text);
    expr->name = typed_name(arena, "TIMESTAMP", &text);
    return expr->name != NULL ? expr : NULL;
}

/* ---- evaluation --------------------------------------------------------------------------------------------- */

/* Most calls have few arguments: those need no allocation. */
#define ARGS_ON_STACK 4

static int no_memory(struct eval *eval, size_t size_bytes)
{
    return errbuf_oom(eval->err, "evaluating an expression", size_bytes);
}

/* Rows that still count while the arguments of a strict function are evaluated one after the other. */
struct rows {
    const uint16_t *sel;
    size_t n;
    uint16_t *own; /* the list, once one was needed */
};

/* Take the rows out where arg is NULL, and make them NULL in out. */
static int drop_null_rows(struct eval *eval, const struct vector *arg, struct rows *rows, struct vector *out)
{
    size_t kept = 0;

    if (!arg->has_nulls || (arg->constant && arg->nulls[0] == 0))
        return 0;
    if (rows->own == NULL) {
        rows->own = arena_alloc(eval->arena, (rows->n > 0 ? rows->n : 1) * sizeof(*rows->own));
        if (rows->own == NULL)
            return no_memory(eval, rows->n * sizeof(*rows->own));
    }
    for (size_t k = 0; k < rows->n; k++) {
        uint16_t row = rows->sel != NULL ? rows->sel[k] : (uint16_t)k;
        if (arg->nulls[vector_row(arg, row)] != 0)
            vector_set_null(out, row);
        else
            rows->own[kept++] = row; /* kept <= k: the list may be read and written at once */
    }
    if (kept < rows->n) {
        rows->sel = rows->own;
        rows->n = kept;
    }
    return 0;
}

/* Run the kernel over the selected rows of a batch of `size` rows. A strict function evaluates an argument only where
 * the ones before it are not NULL, as Spark does: `zn + 1 / zero` is NULL where zn is. */
static int run_call(struct eval *eval, const struct expr *call, const struct batch *batch, size_t size,
                    const uint16_t *sel, size_t n, struct vector *out)
{
    struct vector on_stack[ARGS_ON_STACK];
    struct vector *args = on_stack;
    unsigned flags = call->function->flags;
    struct rows rows = {sel, n, NULL};

    if (vector_alloc(out, call->type, size, eval->arena) != 0)
        return no_memory(eval, size * type_width(call->type));
    if (flags & FUNCTION_LAZY)
        return call->kernel(eval, call, NULL, sel, n, out);
    if (call->nargs > ARGS_ON_STACK) {
        args = arena_alloc(eval->arena, call->nargs * sizeof(*args));
        if (args == NULL)
            return no_memory(eval, call->nargs * sizeof(*args));
    }
    for (size_t i = 0; i < call->nargs; i++) {
        size_t a = flags & FUNCTION_RIGHT_FIRST ? call->nargs - 1 - i : i;
        if (expr_eval(eval, call->args[a], batch, rows.sel, rows.n, &args[a]) != 0)
            return -1;
        if ((flags & FUNCTION_STRICT) && drop_null_rows(eval, &args[a], &rows, out) != 0)
            return -1;
        if (rows.n == 0)
            return 0;
    }
    return call->kernel(eval, call, args, rows.sel, rows.n, out);
}

/* Compute the constant part that failed when the query was bound, for its error. */
static int fail(struct eval *eval, const struct expr *expr, const struct batch *batch)
{
    struct vector unused;

    for (size_t i = 0; i < expr->nargs; i++)
        if (expr->args[i]->failing)
            return fail(eval, expr->args[i], batch);
    if (run_call(eval, expr, batch, 1, NULL, 1, &unused) != 0)
        return -1;
    return errbuf_set(eval->err, EXIT_CODE_RUNTIME, "internal error: a constant that failed has a value");
}

int expr_eval(struct eval *eval, const struct expr *expr, const struct batch *batch, const uint16_t *sel, size_t n,
              struct vector *out)
{
    const struct batch *outer = eval->batch;
    int rc;

    switch (expr->kind) {
    case EXPR_COLUMN:
        *out = batch->columns[expr->column];
        return 0;
    case EXPR_LITERAL:
        *out = expr->literal;
        return 0;
    case EXPR_FIELD: {
        struct vector structure;
        if (expr_eval(eval, expr->args[0], batch, sel, n, &structure) != 0)
            return -1;
        *out = structure.fields[expr->column];
        return 0;
    }
    case EXPR_CALL:
        break;
    case EXPR_AGGREGATE:
    case EXPR_WINDOW:
        return errbuf_set(eval->err, EXIT_CODE_RUNTIME, "internal error: an aggregate or window reached the evaluator");
    }
    if (expr->literal.type != NULL) {
        *out = expr->literal;
        return 0;
    }
    eval->batch = batch;
    if (expr->failing && n > 0) {
        rc = fail(eval, expr, batch);
    } else if (!expr->constant) {
        rc = run_call(eval, expr, batch, batch->nrows, sel, n, out);
    } else {
        /* One value for all rows; none at all when no row asks for it, since computing it may be an error. */
        rc = run_call(eval, expr, batch, 1, NULL, n > 0 ? 1 : 0, out);
        make_constant(out);
    }
    eval->batch = outer;
    return rc;
}

/* Conjuncts one after the other, each over the rows that the ones before left: as Spark's filter does. */
static long select_all(struct eval *eval, const struct expr *expr, const struct batch *batch, const uint16_t *sel,
                       size_t n, uint16_t *sel_out)
{
    long left = expr_select(eval, expr->args[0], batch, sel, n, sel_out);

    if (left <= 0)
        return left;
    return expr_select(eval, expr->args[1], batch, sel_out, (size_t)left, sel_out);
}

long expr_select(struct eval *eval, const struct expr *expr, const struct batch *batch, const uint16_t *sel, size_t n,
                 uint16_t *sel_out)
{
    struct vector v;
    size_t kept = 0;

    if (n == 0)
        return 0;
    if (expr->kind == EXPR_CALL && expr->kernel == function_logic_and && expr->literal.type == NULL && !expr->failing)
        return select_all(eval, expr, batch, sel, n, sel_out);
    if (expr_eval(eval, expr, batch, sel, n, &v) != 0)
        return -1;
    if (v.type->id == TYPE_NULL)
        return 0;
    if (v.constant) {
        if (vector_is_null(&v, 0) || !v.data.boolean[0])
            return 0;
        for (size_t k = 0; k < n; k++)
            sel_out[k] = sel != NULL ? sel[k] : (uint16_t)k;
        return (long)n;
    }
    /* Branch-free: each row is written and counted only if it is TRUE. sel may be sel_out itself. */
    if (!v.has_nulls && sel == NULL) {
        for (size_t row = 0; row < n; row++) {
            sel_out[kept] = (uint16_t)row;
            kept += v.data.boolean[row];
        }
    } else {
        for (size_t k = 0; k < n; k++) {
            uint16_t row = sel != NULL ? sel[k] : (uint16_t)k;
            bool is_true = !(v.has_nulls && v.nulls[row] != 0) && v.data.boolean[row] != 0;
            sel_out[kept] = row;
            kept += is_true;
        }
    }
    return (long)kept;
}

/* ---- properties --------------------------------------------------------------------------------------------- */

bool expr_is_constant(const struct expr *expr)
{
    return expr->constant;
}

static bool literal_equal(const struct vector *a, const struct vector *b)
{
    bool a_null = vector_is_null(a, 0), b_null = vector_is_null(b, 0);

    if (!type_equal(a->type, b->type) || a_null != b_null)
        return false;
    if (a_null)
        return true;
    /* 0.0 and -0.0 compare equal but are different literals */
    if (a->type->id == TYPE_DOUBLE)
        return memcmp(a->data.f64, b->data.f64, sizeof(double)) == 0;
    return vector_compare(a, 0, b, 0) == 0;
}

bool expr_equal(const struct expr *a, const struct expr *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL || a->kind != b->kind || a->nargs != b->nargs || !type_equal(a->type, b->type))
        return false;
    for (size_t i = 0; i < a->nargs; i++)
        if (!expr_equal(a->args[i], b->args[i]))
            return false;
    switch (a->kind) {
    case EXPR_COLUMN:
    case EXPR_FIELD:
        return a->column == b->column;
    case EXPR_LITERAL:
        return literal_equal(&a->literal, &b->literal);
    case EXPR_CALL:
        return a->function == b->function && a->kernel == b->kernel;
    case EXPR_AGGREGATE:
        return a->aggregate == b->aggregate && expr_equal(a->filter, b->filter);
    case EXPR_WINDOW:
        return a->window_us == b->window_us && a->slide_us == b->slide_us && a->start_us == b->start_us;
    }
    return false;
}
