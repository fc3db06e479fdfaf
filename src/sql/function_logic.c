/* AND, OR, NOT, IS NULL, IN: three-valued logic. The lazy ones evaluate an argument only for the rows that it still
 * decides, so that errors come only from rows where Spark meets them too. */
#include "function_internal.h"

static uint16_t *new_rows(struct eval *eval, size_t n)
{
    uint16_t *rows = arena_alloc(eval->arena, (n > 0 ? n : 1) * sizeof(*rows));

    if (rows == NULL)
        function_kernel_oom(eval, n * sizeof(*rows));
    return rows;
}

/* `decisive` is the value that ends it: FALSE for AND, TRUE for OR. */
static int and_or(struct eval *eval, const struct expr *call, const uint16_t *sel, size_t n, struct vector *out,
                  bool decisive)
{
    struct vector left, right;
    size_t open = 0;

    if (expr_eval(eval, call->args[0], eval->batch, sel, n, &left) != 0)
        return -1;
    uint16_t *rows = new_rows(eval, n);
    if (rows == NULL)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        bool is_null = vector_is_null(&left, row);
        out->data.boolean[row] = decisive;
        rows[open] = (uint16_t)row;
        open += is_null || (left.data.boolean[vector_row(&left, row)] != 0) != decisive;
    }
    if (open == 0)
        return 0;
    if (open == n) {
        if (expr_eval(eval, call->args[1], eval->batch, sel, n, &right) != 0)
            return -1;
    } else if (expr_eval(eval, call->args[1], eval->batch, rows, open, &right) != 0) {
        return -1;
    }
    for (size_t k = 0; k < open; k++) {
        size_t row = rows[k];
        bool right_null = vector_is_null(&right, row);
        bool right_decides = !right_null && (right.data.boolean[vector_row(&right, row)] != 0) == decisive;
        if (right_decides)
            continue;
        if (right_null || vector_is_null(&left, row))
            vector_set_null(out, row);
        else
            out->data.boolean[row] = !decisive;
    }
    return 0;
}

int function_logic_and(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    (void)args;
    return and_or(eval, call, sel, n, out, false);
}

static int or_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                     size_t n, struct vector *out)
{
    (void)args;
    return and_or(eval, call, sel, n, out, true);
}

static int not_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                      size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.boolean[row] = !args[0].data.boolean[vector_row(&args[0], row)];
    return 0;
}

static void show_not(const struct expr *call, struct buf *out)
{
    buf_append_text(out, "(NOT ");
    expr_name(call->args[0], out);
    buf_append_byte(out, ')');
}

static void show_postfix(const struct expr *call, struct buf *out)
{
    buf_append_byte(out, '(');
    expr_name(call->args[0], out);
    buf_printf(out, " %s)",
               call->function->detail != NULL ? (const char *)call->function->detail : call->function->name);
}

/* IS [NOT] UNKNOWN shows as IS [NOT] NULL, but over a constant, which Spark's analyzer does not touch, as written. */
static void show_unknown(const struct expr *call, struct buf *out)
{
    if (call->args[0]->kind != EXPR_LITERAL || call->args[0]->type->id != TYPE_BOOLEAN) {
        show_postfix(call, out);
        return;
    }
    buf_append_byte(out, '(');
    expr_name(call->args[0], out);
    buf_printf(out, " %s)", call->function->name);
}

static struct expr *bind_and_or(struct binding *binding)
{
    if (coerce_operands(binding) != 0)
        return NULL;
    if (binding->args[0]->type->id == TYPE_NULL && binding->args[1]->type->id == TYPE_NULL &&
        coerce_cast_all(binding, 0, 1, type_of(TYPE_BOOLEAN)) != 0)
        return NULL;
    if (!type_equal(binding->args[0]->type, binding->args[1]->type))
        return function_operands_differ(binding);
    if (binding->args[0]->type->id != TYPE_BOOLEAN)
        return function_wrong_operands(binding, "\"BOOLEAN\"");
    return function_bind_boolean(binding);
}

/* ---- IS NULL ------------------------------------------------------------------------------------------------- */

static int is_null_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                          size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.boolean[row] = vector_is_null(&args[0], row);
    return 0;
}

static int is_not_null_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                              const uint16_t *sel, size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.boolean[row] = !vector_is_null(&args[0], row);
    return 0;
}

static int isnan_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        double value = function_f64(&args[0], row);
        out->data.boolean[row] = !vector_is_null(&args[0], row) && value != value; /* a NULL is no NaN: FALSE */
    }
    return 0;
}

static struct expr *bind_isnan(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    if (type->id != TYPE_NULL && type->id != TYPE_STRING && !coerce_is_number(type))
        return function_unexpected(binding, 0, "(\"DOUBLE\" or \"FLOAT\")");
    if (coerce_cast(binding, 0, type_of(TYPE_DOUBLE)) != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_BOOLEAN), NULL, NULL);
}

/* ---- IN ------------------------------------------------------------------------------------------------------ */

/* The rows among rows[0..n) that equal the item become TRUE; the others are kept. Returns how many. */
static size_t match_item(const struct vector *value, const struct vector *item, uint16_t *rows, size_t n,
                         struct vector *out)
{
    size_t kept = 0;

    if (item->constant && (value->type->id == TYPE_STRING || value->type->id == TYPE_BINARY)) {
        struct str wanted = item->data.str[0]; /* the usual list: texts */
        for (size_t k = 0; k < n; k++) {
            uint16_t row = rows[k];
            struct str text = function_str(value, row);
            bool same = text.len == wanted.len && (text.len == 0 || memcmp(text.data, wanted.data, text.len) == 0);
            out->data.boolean[row] = same;
            rows[kept] = row;
            kept += !same;
        }
        return kept;
    }
    for (size_t k = 0; k < n; k++) {
        uint16_t row = rows[k];
        bool same = vector_compare(value, vector_row(value, row), item, vector_row(item, row)) == 0;
        out->data.boolean[row] = same;
        rows[kept] = row;
        kept += !same;
    }
    return kept;
}

/* Items one after the other, each over the rows that matched none yet; NULL if nothing matched and some item was
 * NULL. */
static int in_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                     size_t n, struct vector *out)
{
    struct vector value, item;
    size_t open = 0;

    (void)args;
    if (expr_eval(eval, call->args[0], eval->batch, sel, n, &value) != 0)
        return -1;
    uint16_t *rows = new_rows(eval, n);
    uint16_t *some = new_rows(eval, n);
    uint8_t *saw_null = arena_calloc(eval->arena, VECTOR_ROWS, 1);
    if (rows == NULL || some == NULL || saw_null == NULL)
        return function_kernel_oom(eval, VECTOR_ROWS);
    FOR_ROWS(row, sel, n)
    {
        out->data.boolean[row] = 0;
        if (vector_is_null(&value, row))
            vector_set_null(out, row);
        else
            rows[open++] = (uint16_t)row;
    }
    for (size_t i = 1; i < call->nargs && open > 0; i++) {
        size_t comparable = 0, left = 0;
        if (expr_eval(eval, call->args[i], eval->batch, rows, open, &item) != 0)
            return -1;
        if (!item.has_nulls) {
            open = match_item(&value, &item, rows, open, out);
            continue;
        }
        /* NULL items stay open, in order with those that did not match */
        for (size_t k = 0; k < open; k++) {
            if (vector_is_null(&item, rows[k]))
                saw_null[rows[k]] = 1;
            else
                some[comparable++] = rows[k];
        }
        match_item(&value, &item, some, comparable, out);
        for (size_t k = 0; k < open; k++)
            if (!out->data.boolean[rows[k]])
                rows[left++] = rows[k];
        open = left;
    }
    for (size_t k = 0; k < open; k++)
        if (saw_null[rows[k]])
            vector_set_null(out, rows[k]);
    return 0;
}

static struct expr *bind_in(struct binding *binding)
{
    const struct type *type = coerce_common(binding, 0, 1, true);

    if (type == NULL)
        return function_types_differ(binding, "in", binding, true);
    if (coerce_cast_all(binding, 0, 1, type) != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_BOOLEAN), NULL, NULL);
}

static void show_in(const struct expr *call, struct buf *out)
{
    buf_append_byte(out, '(');
    expr_name(call->args[0], out);
    buf_append_text(out, " IN (");
    for (size_t i = 1; i < call->nargs; i++) {
        if (i > 1)
            buf_append_text(out, ", ");
        expr_name(call->args[i], out);
    }
    buf_append_text(out, "))");
}

#define OPERATOR FUNCTION_OPERATOR

const struct function function_logic_table[] = {
    {"AND", NULL, OPERATOR | FUNCTION_LAZY, 2, 2, bind_and_or, function_logic_and, NULL, function_show_infix},
    {"OR", NULL, OPERATOR | FUNCTION_LAZY, 2, 2, bind_and_or, or_kernel, NULL, function_show_infix},
    {"NOT", NULL, OPERATOR | FUNCTION_STRICT, 1, 1, function_bind_signature, not_kernel, "b>b", show_not},
    {"IS NULL", NULL, OPERATOR, 1, 1, function_bind_boolean, is_null_kernel, NULL, show_postfix},
    {"IS UNKNOWN", NULL, OPERATOR, 1, 1, function_bind_boolean, is_null_kernel, "IS NULL", show_unknown},
    {"IS NOT NULL", NULL, OPERATOR, 1, 1, function_bind_boolean, is_not_null_kernel, NULL, show_postfix},
    {"IS NOT UNKNOWN", NULL, OPERATOR, 1, 1, function_bind_boolean, is_not_null_kernel, "IS NOT NULL", show_unknown},
    {"isnull", NULL, 0, 1, 1, function_bind_boolean, is_null_kernel, "IS NULL", show_postfix},
    {"isnotnull", NULL, 0, 1, 1, function_bind_boolean, is_not_null_kernel, "IS NOT NULL", show_postfix},
    {"isnan", NULL, 0, 1, 1, bind_isnan, isnan_kernel, NULL, NULL},
    {"IN", NULL, OPERATOR | FUNCTION_LAZY, 2, -1, bind_in, in_kernel, NULL, show_in},
    {0},
};
