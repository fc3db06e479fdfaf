/* + - * / % div, unary signs, pmod, the try_ variants. Overflow of INT and BIGINT and division by zero are errors of
 * the row (ANSI mode), for DOUBLE division too; DOUBLE otherwise follows IEEE 754.
 *
 * The whole-number loops compute all rows and only remember that something overflowed; which row it was is looked up
 * afterwards.
 */
#include "function_internal.h"

#include <math.h>

enum op { OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_MOD, OP_DIV, OP_PMOD };

struct arith {
    enum op op;
    bool try_arith; /* NULL instead of an error */
};

/* ---- errors -------------------------------------------------------------------------------------------------- */

#define ANSI_HINT " If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error."

static int overflow(struct eval *eval, const struct expr *call, size_t row, const char *instead)
{
    const char *type = call->type->id == TYPE_INT ? "integer" : "long";

    if (instead == NULL) /* unary minus, abs: Spark knows no place and no way out */
        return diagnose_row(eval, NULL, row, "ARITHMETIC_OVERFLOW", "22003", "%s overflow." ANSI_HINT, type);
    return diagnose_row(eval, call, row, "ARITHMETIC_OVERFLOW", "22003",
                        "%s overflow. Use '%s' to tolerate overflow and return NULL instead." ANSI_HINT, type, instead);
}

static int divide_by_zero(struct eval *eval, const struct expr *call, size_t row)
{
    return diagnose_row(
        eval, call, row, "DIVIDE_BY_ZERO", "22012",
        "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead." ANSI_HINT);
}

/* ---- + - * --------------------------------------------------------------------------------------------------- */

#define WHOLE_LOOP(T, array, builtin)                                                                                  \
    do {                                                                                                               \
        const T *a = args[0].data.array;                                                                               \
        const T *b = args[1].data.array;                                                                               \
        T *to = out->data.array;                                                                                       \
        if (sel == NULL && !args[0].constant && args[1].constant) {                                                    \
            const T value = b[0];                                                                                      \
            for (size_t row = 0; row < n; row++)                                                                       \
                bad |= builtin(a[row], value, &to[row]);                                                               \
        } else if (sel == NULL && !args[0].constant && !args[1].constant) {                                            \
            for (size_t row = 0; row < n; row++)                                                                       \
                bad |= builtin(a[row], b[row], &to[row]);                                                              \
        } else {                                                                                                       \
            FOR_ROWS(row, sel, n)                                                                                      \
            bad |= builtin(a[vector_row(&args[0], row)], b[vector_row(&args[1], row)], &to[row]);                      \
        }                                                                                                              \
        if (!bad)                                                                                                      \
            return 0;                                                                                                  \
        FOR_ROWS(row, sel, n)                                                                                          \
        {                                                                                                              \
            if (!builtin(a[vector_row(&args[0], row)], b[vector_row(&args[1], row)], &to[row]))                        \
                continue;                                                                                              \
            if (!arith->try_arith)                                                                                     \
                return overflow(eval, call, row, instead);                                                             \
            vector_set_null(out, row);                                                                                 \
        }                                                                                                              \
        return 0;                                                                                                      \
    } while (0)

#define DOUBLE_LOOP(sign)                                                                                              \
    do {                                                                                                               \
        const double *a = args[0].data.f64;                                                                            \
        const double *b = args[1].data.f64;                                                                            \
        double *to = out->data.f64;                                                                                    \
        if (sel == NULL && !args[0].constant && !args[1].constant)                                                     \
            for (size_t row = 0; row < n; row++)                                                                       \
                to[row] = a[row] sign b[row];                                                                          \
        else                                                                                                           \
            FOR_ROWS(row, sel, n)                                                                                      \
        to[row] = a[vector_row(&args[0], row)] sign b[vector_row(&args[1], row)];                                      \
        return 0;                                                                                                      \
    } while (0)

#define KERNEL(name, builtin, sign, instead_text)                                                                      \
    static int name(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,        \
                    size_t n, struct vector *out)                                                                      \
    {                                                                                                                  \
        const struct arith *arith = call->data;                                                                        \
        const char *instead = instead_text;                                                                            \
        bool bad = false;                                                                                              \
                                                                                                                       \
        if (call->type->id == TYPE_INT)                                                                                \
            WHOLE_LOOP(int32_t, i32, builtin);                                                                         \
        if (call->type->id == TYPE_BIGINT)                                                                             \
            WHOLE_LOOP(int64_t, i64, builtin);                                                                         \
        DOUBLE_LOOP(sign);                                                                                             \
    }

KERNEL(add_kernel, __builtin_add_overflow, +, "try_add")
KERNEL(subtract_kernel, __builtin_sub_overflow, -, "try_subtract")
KERNEL(multiply_kernel, __builtin_mul_overflow, *, "try_multiply")

/* ---- / % div pmod -------------------------------------------------------------------------------------------- */

/* Java's (r + b) % b wraps in the operands' width; for a negative b the result is negative: pmod(-42, -5) is -2. */
static int64_t pmod_whole(int64_t a, int64_t b, bool narrow)
{
    int64_t rest = b == -1 ? 0 : a % b;

    if (rest >= 0)
        return rest;
    if (narrow)
        return (int32_t)((uint32_t)rest + (uint32_t)b) % (int32_t)b;
    return (int64_t)((uint64_t)rest + (uint64_t)b) % b;
}

static double pmod_double(double a, double b)
{
    double rest = fmod(a, b);

    return rest < 0 ? fmod(rest + b, b) : rest;
}

/* One row; false: it is an error, *zero says which. */
static bool divide_row(enum op op, const struct vector *args, size_t row, struct vector *out, bool *zero)
{
    if (args[1].type->id == TYPE_DOUBLE) {
        double a = function_f64(&args[0], row), b = function_f64(&args[1], row);
        *zero = b == 0;
        if (*zero)
            return false;
        out->data.f64[row] = op == OP_DIVIDE ? a / b : op == OP_MOD ? fmod(a, b) : pmod_double(a, b);
        return true;
    }
    bool narrow = args[1].type->id == TYPE_INT;
    int64_t a = narrow ? function_i32(&args[0], row) : function_i64(&args[0], row);
    int64_t b = narrow ? function_i32(&args[1], row) : function_i64(&args[1], row);
    int64_t value;
    *zero = b == 0;
    if (b == 0 || (op == OP_DIV && a == INT64_MIN && b == -1))
        return false;
    if (op == OP_DIV)
        value = a / b;
    else if (op == OP_MOD)
        value = b == -1 ? 0 : a % b; /* INT64_MIN % -1 traps */
    else
        value = pmod_whole(a, b, narrow);
    if (narrow)
        out->data.i32[row] = (int32_t)value;
    else
        out->data.i64[row] = value;
    return true;
}

static int divide_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    const struct arith *arith = call->data;
    bool zero;

    FOR_ROWS(row, sel, n)
    {
        if (divide_row(arith->op, args, row, out, &zero))
            continue;
        if (arith->try_arith)
            vector_set_null(out, row);
        else if (zero)
            return divide_by_zero(eval, call, row);
        else
            return diagnose_row(eval, call, row, "ARITHMETIC_OVERFLOW", "22003",
                                "Overflow in integral divide. Use 'try_divide' to tolerate overflow and return NULL "
                                "instead." ANSI_HINT);
    }
    return 0;
}

/* ---- unary --------------------------------------------------------------------------------------------------- */

static int negative_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    FOR_ROWS(row, sel, n)
    {
        bool bad = false;
        if (call->type->id == TYPE_INT)
            bad = __builtin_sub_overflow(0, function_i32(&args[0], row), &out->data.i32[row]);
        else if (call->type->id == TYPE_BIGINT)
            bad = __builtin_sub_overflow(0, function_i64(&args[0], row), &out->data.i64[row]);
        else
            out->data.f64[row] = -function_f64(&args[0], row);
        if (bad)
            return overflow(eval, call, row, NULL);
    }
    return 0;
}

static int abs_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                      size_t n, struct vector *out)
{
    FOR_ROWS(row, sel, n)
    {
        bool bad = false;
        if (call->type->id == TYPE_INT) {
            int32_t value = function_i32(&args[0], row);
            out->data.i32[row] = value;
            bad = value < 0 && __builtin_sub_overflow(0, value, &out->data.i32[row]);
        } else if (call->type->id == TYPE_BIGINT) {
            int64_t value = function_i64(&args[0], row);
            out->data.i64[row] = value;
            bad = value < 0 && __builtin_sub_overflow(0, value, &out->data.i64[row]);
        } else {
            out->data.f64[row] = fabs(function_f64(&args[0], row));
        }
        if (bad)
            return overflow(eval, call, row, NULL);
    }
    return 0;
}

/* ---- bind ---------------------------------------------------------------------------------------------------- */

static const struct arith plain[] = {{OP_ADD, false}, {OP_SUBTRACT, false}, {OP_MULTIPLY, false}, {OP_DIVIDE, false},
                                     {OP_MOD, false}, {OP_DIV, false},      {OP_PMOD, false}};
static const struct arith tolerant[] = {
    {OP_ADD, true}, {OP_SUBTRACT, true}, {OP_MULTIPLY, true}, {OP_DIVIDE, true}, {OP_MOD, true}};

#define NUMBER_OR_INTERVAL "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"

static const char *const required[] = {
    [OP_ADD] = NUMBER_OR_INTERVAL,
    [OP_SUBTRACT] = NUMBER_OR_INTERVAL,
    [OP_MULTIPLY] = "\"NUMERIC\"",
    [OP_DIVIDE] = "(\"DOUBLE\" or \"DECIMAL\")",
    [OP_MOD] = "\"NUMERIC\"",
    [OP_DIV] = "(\"BIGINT\" or \"DECIMAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")",
    [OP_PMOD] = "\"NUMERIC\"",
};

static void *wrong_operands(struct binding *binding, enum op op)
{
    static const char *const signs[] = {"+", "-", "*", "/", "%", "div", NULL};
    struct binding shown = *binding;

    /* the try_ variants are the operator in Spark's messages */
    if (signs[op] != NULL && binding->function->name[0] == 't')
        shown.function = function_operator(signs[op]);
    if (!type_equal(binding->args[0]->type, binding->args[1]->type))
        return function_operands_differ(&shown);
    return function_wrong_operands(&shown, required[op]);
}

static bool is_number_or_null(const struct type *type)
{
    return coerce_is_number(type) || type->id == TYPE_NULL;
}

/* Casts of the operands before the general ones. 0, -1 with err. */
static int widen(struct binding *binding, enum op op)
{
    if (op == OP_DIVIDE && is_number_or_null(binding->args[0]->type) && is_number_or_null(binding->args[1]->type))
        return coerce_cast_all(binding, 0, 1, type_of(TYPE_DOUBLE));
    for (size_t i = 0; op == OP_DIV && i < 2; i++)
        if ((coerce_is_integral(binding->args[i]->type) || binding->args[i]->type->id == TYPE_NULL) &&
            coerce_cast(binding, i, type_of(TYPE_BIGINT)) != 0)
            return -1;
    return 0;
}

/* DATE + INT, INT + DATE, DATE - INT are date_add and date_sub; differences of times are INTERVALs. *done: *result is
 * the answer. */
static struct expr *bind_time(struct binding *binding, enum op op, bool *done)
{
    struct expr **args = binding->args;
    enum type_id a = args[0]->type->id, b = args[1]->type->id;

    *done = true;
    /* a string beside a date is a date, which then is no number of days */
    if (op == OP_ADD && ((a == TYPE_DATE && b == TYPE_STRING) || (a == TYPE_STRING && b == TYPE_DATE)) &&
        coerce_cast_all(binding, 0, 1, type_of(TYPE_DATE)) != 0)
        return NULL;
    if (op == OP_ADD && a == TYPE_DATE)
        return function_bind_other(binding, "date_add", args, 2);
    if (op == OP_ADD && b == TYPE_DATE) {
        struct expr *turned[2] = {args[1], args[0]};
        return function_bind_other(binding, "date_add", turned, 2);
    }
    if (op == OP_SUBTRACT && (a == TYPE_TIMESTAMP || b == TYPE_TIMESTAMP) &&
        (a == TYPE_TIMESTAMP || a == TYPE_DATE || a == TYPE_STRING || a == TYPE_NULL) &&
        (b == TYPE_TIMESTAMP || b == TYPE_DATE || b == TYPE_STRING || b == TYPE_NULL))
        return diagnose_unsupported(
            binding->err, binding->sql, binding->range,
            "Outside the supported subset of Spark SQL: the difference of two times (INTERVAL): "
            "subtract unix_micros(...) instead.");
    if (op == OP_SUBTRACT && (a == TYPE_TIMESTAMP || b == TYPE_TIMESTAMP))
        return function_unexpected(binding, a == TYPE_TIMESTAMP, "\"TIMESTAMP\"");
    if (op == OP_SUBTRACT && b == TYPE_DATE && a != TYPE_DATE && a != TYPE_STRING && a != TYPE_NULL)
        return function_unexpected(binding, 0, "\"DATE\"");
    if (op == OP_SUBTRACT && (b == TYPE_DATE || (a == TYPE_DATE && b == TYPE_STRING)))
        return diagnose_unsupported(
            binding->err, binding->sql, binding->range,
            "Outside the supported subset of Spark SQL: the difference of two dates (INTERVAL): "
            "use datediff(end, start).");
    if (op == OP_SUBTRACT && a == TYPE_DATE)
        return function_bind_other(binding, "date_sub", args, 2);
    *done = false;
    return NULL;
}

static struct expr *bind_arith(struct binding *binding)
{
    const struct arith *arith = binding->function->detail;
    enum op op = arith->op;
    bool done;

    if (arith->try_arith && binding->args[0]->type->id == TYPE_DATE && binding->args[1]->type->id == TYPE_INT &&
        op != OP_MULTIPLY && op != OP_DIVIDE && op != OP_MOD) {
        /* shows as try_add(dt, 1); cannot fail otherwise than the function itself */
        struct expr *moved = function_bind_other(binding, op == OP_ADD ? "date_add" : "date_sub", binding->args, 2);
        if (moved != NULL)
            moved->function = binding->function;
        return moved;
    }
    struct expr *time = bind_time(binding, op, &done);
    if (done)
        return time;
    if (widen(binding, op) != 0)
        return NULL;
    /* div takes no DOUBLE, so Spark leaves a BIGINT beside one as it is */
    bool keep = op == OP_DIV && coerce_is_number(binding->args[0]->type) && coerce_is_number(binding->args[1]->type);
    if (!keep && coerce_operands(binding) != 0)
        return NULL;
    /* both NULL, or a text against a NULL: numbers then are DOUBLE */
    if (binding->args[0]->type->id == TYPE_NULL && binding->args[1]->type->id == TYPE_NULL &&
        coerce_cast_all(binding, 0, 1, type_of(TYPE_DOUBLE)) != 0)
        return NULL;
    if (widen(binding, op) != 0)
        return NULL;
    const struct type *type = binding->args[0]->type;
    if (!type_equal(type, binding->args[1]->type) || !coerce_is_number(type) ||
        (op == OP_DIV && type->id != TYPE_BIGINT))
        return wrong_operands(binding, op);
    return function_call(binding, type, NULL, arith);
}

/* The try_ variants take strings too; a string that is no number gives NULL there, like everything that fails. */
static struct expr *bind_try(struct binding *binding)
{
    for (size_t i = 0; i < 2; i++) {
        const struct type *other = binding->args[1 - i]->type;
        if (binding->args[i]->type->id != TYPE_STRING || !coerce_is_number(other))
            continue;
        const struct type *type = other->id == TYPE_DOUBLE ? other : type_of(TYPE_BIGINT);
        struct expr *number = function_cast(binding, binding->args[i], type, FUNCTION_CAST_TRY);
        if (number == NULL)
            return NULL;
        number->implicit = true;
        binding->args[i] = number;
    }
    return bind_arith(binding);
}

static struct expr *bind_unary(struct binding *binding)
{
    const char *required_types = binding->function->detail;
    const struct type *type = binding->args[0]->type;

    if (type->id == TYPE_STRING || type->id == TYPE_NULL) {
        if (coerce_cast(binding, 0, type_of(TYPE_DOUBLE)) != 0)
            return NULL;
    } else if (!coerce_is_number(type)) {
        return function_unexpected(binding, 0, required_types);
    }
    return function_call(binding, binding->args[0]->type, NULL, NULL);
}

static void show_sign(const struct expr *call, struct buf *out)
{
    buf_append_text(out, call->function->name[0] == 'n' ? "(- " : "(+ ");
    expr_name(call->args[0], out);
    buf_append_byte(out, ')');
}

#define OPERATOR (FUNCTION_OPERATOR | FUNCTION_STRICT)
#define DIVISION (OPERATOR | FUNCTION_RIGHT_FIRST)
#define STRICT FUNCTION_STRICT
#define NUMBER_OR_INTERVALS "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")"

const struct function function_arith_table[] = {
    {"+", NULL, OPERATOR, 2, 2, bind_arith, add_kernel, &plain[OP_ADD], function_show_infix},
    {"-", NULL, OPERATOR, 2, 2, bind_arith, subtract_kernel, &plain[OP_SUBTRACT], function_show_infix},
    {"*", NULL, OPERATOR, 2, 2, bind_arith, multiply_kernel, &plain[OP_MULTIPLY], function_show_infix},
    {"/", NULL, DIVISION, 2, 2, bind_arith, divide_kernel, &plain[OP_DIVIDE], function_show_infix},
    {"%", NULL, DIVISION, 2, 2, bind_arith, divide_kernel, &plain[OP_MOD], function_show_infix},
    {"div", NULL, DIVISION, 2, 2, bind_arith, divide_kernel, &plain[OP_DIV], function_show_infix},
    {"negative", NULL, OPERATOR, 1, 1, bind_unary, negative_kernel, NUMBER_OR_INTERVAL, show_sign},
    {"positive", NULL, OPERATOR, 1, 1, bind_unary, function_kernel_first, NUMBER_OR_INTERVAL, show_sign},
    {"negative", NULL, STRICT, 1, 1, bind_unary, negative_kernel, NUMBER_OR_INTERVAL, NULL},
    {"positive", NULL, STRICT, 1, 1, bind_unary, function_kernel_first, NUMBER_OR_INTERVAL, show_sign},
    {"abs", NULL, STRICT, 1, 1, bind_unary, abs_kernel, NUMBER_OR_INTERVALS, NULL},
    {"mod", NULL, STRICT | FUNCTION_RIGHT_FIRST, 2, 2, bind_arith, divide_kernel, &plain[OP_MOD], NULL},
    {"pmod", NULL, STRICT | FUNCTION_RIGHT_FIRST, 2, 2, bind_arith, divide_kernel, &plain[OP_PMOD], NULL},
    {"try_add", NULL, STRICT, 2, 2, bind_try, add_kernel, &tolerant[OP_ADD], NULL},
    {"try_subtract", NULL, STRICT, 2, 2, bind_try, subtract_kernel, &tolerant[OP_SUBTRACT], NULL},
    {"try_multiply", NULL, STRICT, 2, 2, bind_try, multiply_kernel, &tolerant[OP_MULTIPLY], NULL},
    {"try_divide", NULL, STRICT | FUNCTION_RIGHT_FIRST, 2, 2, bind_try, divide_kernel, &tolerant[OP_DIVIDE], NULL},
    {"try_mod", NULL, STRICT | FUNCTION_RIGHT_FIRST, 2, 2, bind_try, divide_kernel, &tolerant[OP_MOD], NULL},
    {0},
};
