/* Comparisons: = <> < <= > >= <=>, BETWEEN, greatest and least.
 *
 * The loops are written once per type by macros. Doubles compare as Spark says: NaN equals NaN and is greater than
 * anything, -0.0 equals 0.0. Texts compare by unsigned bytes.
 */
#include "function_internal.h"

static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline int str_order(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

#define NUMBER_TEST(a, b, sign) ((a)sign(b))
/* Only NaN differs from itself; bit operators keep the loops free of branches. */
#define DOUBLE_EQ(a, b, sign) ((int)((a) == (b)) | ((int)((a) != (a)) & (int)((b) != (b))))
#define DOUBLE_LT(a, b, sign) ((int)((a) < (b)) | ((int)((a) == (a)) & (int)((b) != (b))))
#define DOUBLE_LE(a, b, sign) ((int)((a) <= (b)) | (int)((b) != (b)))
#define DOUBLE_GT(a, b, sign) DOUBLE_LT(b, a, sign)
#define DOUBLE_GE(a, b, sign) DOUBLE_LE(b, a, sign)
#define STR_TEST(a, b, sign) (str_order(a, b) sign 0)
#define STR_EQUAL(a, b, sign) str_equal(a, b)

/* One loop for each way the operands can lie: most often a column against a literal over all rows. */
#define LOOP(T, array, TEST, sign)                                                                                     \
    do {                                                                                                               \
        const T *a = args[0].data.array;                                                                               \
        const T *b = args[1].data.array;                                                                               \
        uint8_t *to = out->data.boolean;                                                                               \
        if (sel == NULL && !args[0].constant && args[1].constant) {                                                    \
            const T value = b[0];                                                                                      \
            for (size_t row = 0; row < n; row++)                                                                       \
                to[row] = TEST(a[row], value, sign);                                                                   \
        } else if (sel == NULL && !args[0].constant && !args[1].constant) {                                            \
            for (size_t row = 0; row < n; row++)                                                                       \
                to[row] = TEST(a[row], b[row], sign);                                                                  \
        } else {                                                                                                       \
            FOR_ROWS(row, sel, n)                                                                                      \
            to[row] = TEST(a[vector_row(&args[0], row)], b[vector_row(&args[1], row)], sign);                          \
        }                                                                                                              \
    } while (0)

#define KERNEL(name, sign, STR, DOUBLE)                                                                                \
    static int name(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,        \
                    size_t n, struct vector *out)                                                                      \
    {                                                                                                                  \
        (void)eval;                                                                                                    \
        (void)call;                                                                                                    \
        switch (args[0].type->id) {                                                                                    \
        case TYPE_BOOLEAN:                                                                                             \
            LOOP(uint8_t, boolean, NUMBER_TEST, sign);                                                                 \
            break;                                                                                                     \
        case TYPE_INT:                                                                                                 \
        case TYPE_DATE:                                                                                                \
            LOOP(int32_t, i32, NUMBER_TEST, sign);                                                                     \
            break;                                                                                                     \
        case TYPE_BIGINT:                                                                                              \
        case TYPE_TIMESTAMP:                                                                                           \
            LOOP(int64_t, i64, NUMBER_TEST, sign);                                                                     \
            break;                                                                                                     \
        case TYPE_DOUBLE:                                                                                              \
            LOOP(double, f64, DOUBLE, sign);                                                                           \
            break;                                                                                                     \
        case TYPE_STRING:                                                                                              \
        case TYPE_BINARY:                                                                                              \
            LOOP(struct str, str, STR, sign);                                                                          \
            break;                                                                                                     \
        case TYPE_STRUCT:                                                                                              \
            FOR_ROWS(row, sel, n)                                                                                      \
            out->data.boolean[row] =                                                                                   \
                vector_compare(&args[0], vector_row(&args[0], row), &args[1], vector_row(&args[1], row)) sign 0;       \
            break;                                                                                                     \
        case TYPE_NULL:                                                                                                \
            break;                                                                                                     \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

KERNEL(compare_eq, ==, STR_EQUAL, DOUBLE_EQ)
KERNEL(compare_lt, <, STR_TEST, DOUBLE_LT)
KERNEL(compare_le, <=, STR_TEST, DOUBLE_LE)
KERNEL(compare_gt, >, STR_TEST, DOUBLE_GT)
KERNEL(compare_ge, >=, STR_TEST, DOUBLE_GE)

/* <=> sees NULLs: both or neither. */
static int compare_null_safe(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                             size_t n, struct vector *out)
{
    if (args[0].type->id != TYPE_NULL && !args[0].has_nulls && !args[1].has_nulls)
        return compare_eq(eval, call, args, sel, n, out);
    FOR_ROWS(row, sel, n)
    {
        bool a_null = vector_is_null(&args[0], row), b_null = vector_is_null(&args[1], row);
        if (a_null || b_null)
            out->data.boolean[row] = a_null && b_null;
        else
            out->data.boolean[row] =
                vector_compare(&args[0], vector_row(&args[0], row), &args[1], vector_row(&args[1], row)) == 0;
    }
    return 0;
}

/* The common type of a comparison's operands, both cast to it. */
static int bind_operands(struct binding *binding)
{
    if (coerce_operands(binding) != 0)
        return -1;
    if (coerce_tightest(binding->arena, binding->args[0]->type, binding->args[1]->type) == NULL) {
        function_operands_differ(binding);
        return -1;
    }
    return 0;
}

static struct expr *bind_compare(struct binding *binding)
{
    if (bind_operands(binding) != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_BOOLEAN), NULL, NULL);
}

/* a <> b is NOT (a = b), also by name. */
static struct expr *bind_not_equal(struct binding *binding)
{
    struct expr *equal = function_bind_other(binding, "=", binding->args, 2);

    return equal != NULL ? function_bind_other(binding, "NOT", &equal, 1) : NULL;
}

/* x IS TRUE is (x <=> true); the literal is detail. */
static struct expr *bind_is_boolean(struct binding *binding)
{
    bool value = binding->function->detail != NULL;
    struct expr *args[2] = {binding->args[0], expr_boolean(binding->arena, value, binding->range)};

    return args[1] != NULL ? function_bind_other(binding, "<=>", args, 2) : function_oom(binding);
}

/* ---- BETWEEN ------------------------------------------------------------------------------------------------- */

/* Bound as (value >= low) AND (value <= high): the upper bound is evaluated only where the lower one does not decide,
 * and each comparison casts on its own (n BETWEEN '1' AND 2.5D). */
static struct expr *bind_between(struct binding *binding)
{
    struct expr *lower[2] = {binding->args[0], binding->args[1]};
    struct expr *upper[2] = {binding->args[0], binding->args[2]};
    struct expr *both[2];

    both[0] = function_bind_other(binding, ">=", lower, 2);
    both[1] = both[0] != NULL ? function_bind_other(binding, "<=", upper, 2) : NULL;
    if (both[1] == NULL)
        return NULL;
    binding->nargs = 2;
    binding->args = arena_alloc(binding->arena, sizeof(both));
    if (binding->args == NULL)
        return function_oom(binding);
    memcpy(binding->args, both, sizeof(both));
    return function_call(binding, type_of(TYPE_BOOLEAN), function_logic_and, NULL);
}

/* An operand as it was written, without the cast that the comparison put around it. */
static const struct expr *written(const struct expr *expr)
{
    while (expr->kind == EXPR_CALL && expr->implicit)
        expr = expr->args[0];
    return expr;
}

static void show_between(const struct expr *call, struct buf *out)
{
    buf_append_text(out, "between(");
    expr_name(written(call->args[0]->args[0]), out);
    buf_append_text(out, ", ");
    expr_name(written(call->args[0]->args[1]), out);
    buf_append_text(out, ", ");
    expr_name(written(call->args[1]->args[1]), out);
    buf_append_byte(out, ')');
}

/* ---- greatest, least ----------------------------------------------------------------------------------------- */

/* NULLs do not count; all NULL: NULL. sign +1 for greatest, -1 for least. */
static int extreme(const struct expr *call, const struct vector *args, const uint16_t *sel, size_t n,
                   struct vector *out, int sign)
{
    FOR_ROWS(row, sel, n)
    {
        const struct vector *best = NULL;
        for (size_t a = 0; a < call->nargs; a++) {
            if (vector_is_null(&args[a], row))
                continue;
            if (best == NULL ||
                sign * vector_compare(&args[a], vector_row(&args[a], row), best, vector_row(best, row)) > 0)
                best = &args[a];
        }
        if (best == NULL)
            vector_set_null(out, row);
        else if (vector_copy(out, row, best, vector_row(best, row), NULL) != 0)
            return -1;
    }
    return 0;
}

static int greatest_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    (void)eval;
    return extreme(call, args, sel, n, out, 1);
}

static int least_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    (void)eval;
    return extreme(call, args, sel, n, out, -1);
}

static struct expr *bind_extreme(struct binding *binding)
{
    const struct type *type = coerce_common(binding, 0, 1, false);

    if (type == NULL)
        return function_types_differ(binding, binding->function->name, binding, true);
    if (coerce_cast_all(binding, 0, 1, type) != 0)
        return NULL;
    return function_call(binding, type, NULL, NULL);
}

#define OPERATOR (FUNCTION_OPERATOR | FUNCTION_STRICT)

const struct function function_compare_table[] = {
    {"=", NULL, OPERATOR, 2, 2, bind_compare, compare_eq, NULL, function_show_infix},
    {"<", NULL, OPERATOR, 2, 2, bind_compare, compare_lt, NULL, function_show_infix},
    {"<=", NULL, OPERATOR, 2, 2, bind_compare, compare_le, NULL, function_show_infix},
    {">", NULL, OPERATOR, 2, 2, bind_compare, compare_gt, NULL, function_show_infix},
    {">=", NULL, OPERATOR, 2, 2, bind_compare, compare_ge, NULL, function_show_infix},
    {"<=>", NULL, FUNCTION_OPERATOR, 2, 2, bind_compare, compare_null_safe, NULL, function_show_infix},
    {"<>", NULL, OPERATOR, 2, 2, bind_not_equal, NULL, NULL, NULL},
    {"IS TRUE", NULL, FUNCTION_OPERATOR, 1, 1, bind_is_boolean, NULL, "true", NULL},
    {"IS FALSE", NULL, FUNCTION_OPERATOR, 1, 1, bind_is_boolean, NULL, NULL, NULL},
    {"BETWEEN", NULL, FUNCTION_OPERATOR | FUNCTION_LAZY, 3, 3, bind_between, NULL, NULL, show_between},
    {"greatest", NULL, 0, 2, -1, bind_extreme, greatest_kernel, NULL, NULL},
    {"least", NULL, 0, 2, -1, bind_extreme, least_kernel, NULL, NULL},
    {0},
};
