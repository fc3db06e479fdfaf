/* CASE, if, coalesce and their relatives: a value chosen row by row, and only the chosen one evaluated. */
#include "function_internal.h"

/* Copy the rows of src (same type) to out; texts are shared, their bytes live as long as the batch. */
static int take_rows(struct eval *eval, const struct vector *src, const uint16_t *rows, size_t n, struct vector *out)
{
    switch (out->type->id) {
    case TYPE_INT:
    case TYPE_DATE:
        for (size_t k = 0; k < n; k++)
            out->data.i32[rows[k]] = function_i32(src, rows[k]);
        break;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
    case TYPE_DOUBLE: /* as bits */
        for (size_t k = 0; k < n; k++)
            out->data.i64[rows[k]] = function_i64(src, rows[k]);
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        for (size_t k = 0; k < n; k++)
            out->data.str[rows[k]] = function_str(src, rows[k]);
        break;
    case TYPE_NULL:
        for (size_t k = 0; k < n; k++)
            vector_set_null(out, rows[k]);
        return 0;
    case TYPE_BOOLEAN:
    case TYPE_STRUCT:
        for (size_t k = 0; k < n; k++)
            if (vector_copy(out, rows[k], src, vector_row(src, rows[k]), NULL) != 0)
                return function_kernel_oom(eval, sizeof(struct str));
        return 0;
    }
    if (src->has_nulls)
        for (size_t k = 0; k < n; k++)
            if (vector_is_null(src, rows[k]))
                vector_set_null(out, rows[k]);
    return 0;
}

static uint16_t *all_rows(struct eval *eval, const uint16_t *sel, size_t n)
{
    uint16_t *rows = arena_alloc(eval->arena, (n > 0 ? n : 1) * sizeof(*rows));

    if (rows == NULL)
        function_kernel_oom(eval, n * sizeof(*rows));
    else
        for (size_t k = 0; k < n; k++)
            rows[k] = sel != NULL ? sel[k] : (uint16_t)k;
    return rows;
}

/* Evaluate args[index] for the rows and store it. */
static int take_arg(struct eval *eval, const struct expr *call, size_t index, const uint16_t *rows, size_t n,
                    struct vector *out)
{
    struct vector value;

    if (n == 0)
        return 0;
    if (expr_eval(eval, call->args[index], eval->batch, rows, n, &value) != 0)
        return -1;
    return take_rows(eval, &value, rows, n, out);
}

/* Split rows[0..n) by a condition: those where it is TRUE go to yes, the others stay in rows. Returns how many stay,
 * SIZE_MAX with the error. */
static size_t split(struct eval *eval, const struct expr *condition, uint16_t *rows, size_t n, uint16_t *yes,
                    size_t *nyes)
{
    struct vector value;
    size_t kept = 0;

    *nyes = 0;
    if (n == 0)
        return 0;
    if (expr_eval(eval, condition, eval->batch, rows, n, &value) != 0)
        return SIZE_MAX;
    for (size_t k = 0; k < n; k++) {
        uint16_t row = rows[k];
        if (!vector_is_null(&value, row) && value.data.boolean[vector_row(&value, row)])
            yes[(*nyes)++] = row;
        else
            rows[kept++] = row;
    }
    return kept;
}

/* args: condition, value, condition, value ... [else]. */
static int case_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    uint16_t *rows = all_rows(eval, sel, n);
    uint16_t *yes = all_rows(eval, sel, n);
    size_t nyes;

    (void)args;
    if (rows == NULL || yes == NULL)
        return -1;
    for (size_t i = 0; i + 1 < call->nargs; i += 2) {
        n = split(eval, call->args[i], rows, n, yes, &nyes);
        if (n == SIZE_MAX || take_arg(eval, call, i + 1, yes, nyes, out) != 0)
            return -1;
    }
    if (call->nargs % 2 == 1)
        return take_arg(eval, call, call->nargs - 1, rows, n, out);
    for (size_t k = 0; k < n; k++)
        vector_set_null(out, rows[k]);
    return 0;
}

static int coalesce_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    uint16_t *rows = all_rows(eval, sel, n);
    uint16_t *found = all_rows(eval, sel, n);

    (void)args;
    if (rows == NULL || found == NULL)
        return -1;
    for (size_t i = 0; i < call->nargs && n > 0; i++) {
        struct vector value;
        size_t nfound = 0, kept = 0;
        if (expr_eval(eval, call->args[i], eval->batch, rows, n, &value) != 0)
            return -1;
        for (size_t k = 0; k < n; k++) {
            uint16_t row = rows[k];
            if (vector_is_null(&value, row))
                rows[kept++] = row;
            else
                found[nfound++] = row;
        }
        if (take_rows(eval, &value, found, nfound, out) != 0)
            return -1;
        n = kept;
    }
    for (size_t k = 0; k < n; k++)
        vector_set_null(out, rows[k]);
    return 0;
}

/* args: value, NULL where TRUE (a = b). */
static int nullif_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    uint16_t *rows = all_rows(eval, sel, n);
    uint16_t *yes = all_rows(eval, sel, n);
    size_t nyes;

    (void)args;
    if (rows == NULL || yes == NULL)
        return -1;
    n = split(eval, call->args[1], rows, n, yes, &nyes);
    if (n == SIZE_MAX)
        return -1;
    for (size_t k = 0; k < nyes; k++)
        vector_set_null(out, yes[k]);
    return take_arg(eval, call, 0, rows, n, out);
}

/* args: test, value if not NULL, value if NULL. */
static int nvl2_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    uint16_t *rows = all_rows(eval, sel, n);
    uint16_t *some = all_rows(eval, sel, n);
    struct vector test;
    size_t nrows = 0, nsome = 0;

    (void)args;
    if (rows == NULL || some == NULL || expr_eval(eval, call->args[0], eval->batch, sel, n, &test) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        if (vector_is_null(&test, row))
            rows[nrows++] = (uint16_t)row;
        else
            some[nsome++] = (uint16_t)row;
    }
    if (take_arg(eval, call, 1, some, nsome, out) != 0)
        return -1;
    return take_arg(eval, call, 2, rows, nrows, out);
}

/* ---- bind ---------------------------------------------------------------------------------------------------- */

/* The branches from `first` in steps (and the last argument, an ELSE) to their common type. NULL with err when there is
 * none; Spark lists the types in one of two ways. */
static const struct type *common_branches(struct binding *binding, size_t first, size_t step, const char *shown,
                                          bool brackets)
{
    struct binding branches = *binding;

    branches.nargs = 0;
    branches.args = arena_alloc(binding->arena, binding->nargs * sizeof(*branches.args));
    if (branches.args == NULL)
        return function_oom(binding);
    for (size_t i = first; i < binding->nargs; i++)
        if ((i - first) % step == 0 || i + 1 == binding->nargs)
            branches.args[branches.nargs++] = binding->args[i];
    const struct type *type = coerce_common(&branches, 0, 1, true);
    if (type == NULL)
        return function_types_differ(binding, shown, &branches, brackets);
    for (size_t i = first; i < binding->nargs; i++)
        if (((i - first) % step == 0 || i + 1 == binding->nargs) && coerce_cast(binding, i, type) != 0)
            return NULL;
    return type;
}

static struct expr *bind_case(struct binding *binding)
{
    for (size_t i = 0; i + 1 < binding->nargs; i += 2)
        if (binding->args[i]->type->id != TYPE_BOOLEAN) /* no implicit cast, not even of NULL */
            return function_unexpected(binding, i, "\"BOOLEAN\"");
    const struct type *type = common_branches(binding, 1, 2, "casewhen", true);
    return type != NULL ? function_call(binding, type, NULL, NULL) : NULL;
}

static struct expr *bind_if(struct binding *binding)
{
    if (binding->args[0]->type->id == TYPE_NULL && coerce_cast(binding, 0, type_of(TYPE_BOOLEAN)) != 0)
        return NULL;
    if (binding->args[0]->type->id != TYPE_BOOLEAN)
        return function_unexpected(binding, 0, "\"BOOLEAN\"");
    const struct type *type = common_branches(binding, 1, 1, "if", true);
    return type != NULL ? function_call(binding, type, NULL, NULL) : NULL;
}

static struct expr *bind_coalesce(struct binding *binding)
{
    const struct type *type = common_branches(binding, 0, 1, "coalesce", false);

    return type != NULL ? function_call(binding, type, NULL, NULL) : NULL;
}

/* The value itself, and the comparison, which may need casts of it. */
static struct expr *bind_nullif(struct binding *binding)
{
    struct expr *equal = function_bind_other(binding, "=", binding->args, 2);

    if (equal == NULL)
        return NULL;
    binding->args[1] = equal;
    return function_call(binding, binding->args[0]->type, NULL, NULL);
}

static void show_nullif(const struct expr *call, struct buf *out)
{
    const struct expr *other = call->args[1];

    /* the second operand of the comparison, without the cast it put around it */
    if (other->kind == EXPR_CALL && strcmp(other->function->name, "=") == 0)
        other = other->args[1];
    buf_append_text(out, "nullif(");
    expr_name(call->args[0], out);
    buf_append_text(out, ", ");
    expr_name(other, out);
    buf_append_byte(out, ')');
}

static struct expr *bind_nvl2(struct binding *binding)
{
    const struct type *type = common_branches(binding, 1, 1, "if", true);

    return type != NULL ? function_call(binding, type, NULL, NULL) : NULL;
}

static void show_case(const struct expr *call, struct buf *out)
{
    buf_append_text(out, "CASE");
    for (size_t i = 0; i + 1 < call->nargs; i += 2) {
        buf_append_text(out, " WHEN ");
        expr_name(call->args[i], out);
        buf_append_text(out, " THEN ");
        expr_name(call->args[i + 1], out);
    }
    if (call->nargs % 2 == 1) {
        buf_append_text(out, " ELSE ");
        expr_name(call->args[call->nargs - 1], out);
    }
    buf_append_text(out, " END");
}

static void show_if(const struct expr *call, struct buf *out)
{
    buf_append_text(out, "(IF(");
    for (size_t i = 0; i < call->nargs; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        expr_name(call->args[i], out);
    }
    buf_append_text(out, "))");
}

#define CHOICE (FUNCTION_LAZY | FUNCTION_CONDITIONAL)

const struct function function_choice_table[] = {
    {"CASE", NULL, FUNCTION_OPERATOR | CHOICE, 2, -1, bind_case, case_kernel, NULL, show_case},
    {"if", NULL, CHOICE, 3, 3, bind_if, case_kernel, NULL, show_if},
    {"coalesce", NULL, CHOICE, 1, -1, bind_coalesce, coalesce_kernel, NULL, NULL},
    {"nvl", NULL, CHOICE, 2, 2, bind_coalesce, coalesce_kernel, NULL, NULL},
    {"ifnull", NULL, CHOICE, 2, 2, bind_coalesce, coalesce_kernel, NULL, NULL},
    {"nvl2", NULL, CHOICE, 3, 3, bind_nvl2, nvl2_kernel, NULL, NULL},
    {"nullif", NULL, FUNCTION_LAZY, 2, 2, bind_nullif, nullif_kernel, NULL, show_nullif},
    {0},
};
