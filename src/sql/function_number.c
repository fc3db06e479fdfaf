/* Mathematical functions: sign, rounding, roots, powers. */
#include "function_internal.h"
#include "record/number.h"
#include "strict_internal.h"

#include <math.h>

/* ---- one double to one double --------------------------------------------------------------------------------- */

#define DOUBLE_KERNEL(name, expression)                                                                                \
    static int name(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,        \
                    size_t n, struct vector *out)                                                                      \
    {                                                                                                                  \
        (void)eval;                                                                                                    \
        (void)call;                                                                                                    \
        FOR_ROWS(row, sel, n)                                                                                          \
        {                                                                                                              \
            double x = function_f64(&args[0], row);                                                                    \
            out->data.f64[row] = expression;                                                                           \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

DOUBLE_KERNEL(sign_kernel, x > 0 ? 1.0 : x < 0 ? -1.0 : x) /* NaN and both zeros stay */
DOUBLE_KERNEL(sqrt_kernel, sqrt(x))
DOUBLE_KERNEL(exp_kernel, strict_exp(x))

static int ln_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                     size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        double x = function_f64(&args[0], row);
        if (x <= 0)
            vector_set_null(out, row);
        else
            out->data.f64[row] = strict_log(x);
    }
    return 0;
}

static int pow_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                      size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.f64[row] = strict_pow(function_f64(&args[0], row), function_f64(&args[1], row));
    return 0;
}

/* ---- floor, ceil: BIGINT, saturating as Java's conversion does ------------------------------------------------ */

static int64_t saturate(double x)
{
    if (x != x)
        return 0;
    if (x >= 0x1p63)
        return INT64_MAX;
    if (x < -0x1p63)
        return INT64_MIN;
    return (int64_t)x;
}

static int floor_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    bool up = call->function->name[0] == 'C' || call->function->name[0] == 'c';

    (void)eval;
    FOR_ROWS(row, sel, n)
    {
        double x = function_f64(&args[0], row);
        out->data.i64[row] = saturate(up ? ceil(x) : floor(x));
    }
    return 0;
}

static struct expr *bind_floor(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    if (binding->nargs == 2)
        return diagnose_unsupported(binding->err, binding->sql, binding->range,
                                    "Outside the supported subset of Spark SQL: %s with a scale (DECIMAL): use round.",
                                    binding->name);
    if (coerce_is_integral(type)) {
        if (coerce_cast(binding, 0, type_of(TYPE_BIGINT)) != 0)
            return NULL;
        return function_call(binding, type_of(TYPE_BIGINT), function_kernel_first, NULL);
    }
    if (type->id != TYPE_DOUBLE && type->id != TYPE_STRING && type->id != TYPE_NULL)
        return function_unexpected(binding, 0, "(\"DOUBLE\" or \"DECIMAL\" or \"BIGINT\")");
    if (coerce_cast(binding, 0, type_of(TYPE_DOUBLE)) != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_BIGINT), NULL, NULL);
}

/* ---- round, bround -------------------------------------------------------------------------------------------- */

/* Is the part behind `kept` digits enough to round up? Half goes away from zero, or (even) to the even neighbour. */
static bool rounds_up(const char *digits, size_t ndigits, size_t kept, bool even)
{
    if (digits[kept] != '5')
        return digits[kept] > '5';
    for (size_t i = kept + 1; i < ndigits; i++)
        if (digits[i] != '0')
            return true;
    return !even || (kept > 0 && (digits[kept - 1] - '0') % 2 != 0);
}

/* Spark rounds the decimal text of the double (1.005 is 1.005, not the binary value just below), and reads the result
 * back. */
static double round_double(double x, int64_t scale, bool even)
{
    char text[NUMBER_DOUBLE_TEXT], digits[NUMBER_DOUBLE_TEXT], result[NUMBER_DOUBLE_TEXT + 32];
    size_t len, ndigits = 0, out = 0;
    int64_t point = 0; /* the value is 0.DIGITS times ten to this */
    bool fraction = false;

    if (!isfinite(x))
        return x;
    if (scale == 0 && fabs(x) < 0x1p52)
        return (even ? rint(x) : round(x)) + 0.0; /* -0.0 is 0.0 as a decimal */
    len = number_double_text(fabs(x), text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.') {
            fraction = true;
        } else if (text[i] == 'E') {
            bool negative = text[i + 1] == '-';
            int64_t exponent = 0;
            for (i += negative ? 2 : 1; i < len; i++)
                exponent = exponent * 10 + (text[i] - '0');
            point += negative ? -exponent : exponent;
        } else {
            if (ndigits > 0 || text[i] != '0') {
                digits[ndigits++] = text[i];
                point += !fraction;
            } else {
                point -= fraction; /* zeros behind the point, before the first digit */
            }
        }
    }
    int64_t kept = point + scale;
    if (kept >= (int64_t)ndigits)
        return x + 0.0;
    if (kept < 0)
        return 0;
    bool up = rounds_up(digits, ndigits, (size_t)kept, even);
    ndigits = (size_t)kept;
    while (up && ndigits > 0 && digits[ndigits - 1] == '9')
        ndigits--;
    if (x < 0)
        result[out++] = '-';
    if (up && ndigits == 0) {
        result[out++] = '1';
        point++;
        ndigits = 1;
    } else if (ndigits == 0) {
        return 0;
    } else {
        digits[ndigits - 1] = (char)(digits[ndigits - 1] + up);
        memcpy(result + out, digits, ndigits);
        out += ndigits;
    }
    result[out++] = 'e';
    int64_t exponent = point - (int64_t)ndigits;
    if (exponent < 0) {
        result[out++] = '-';
        exponent = -exponent;
    }
    char reversed[8];
    size_t n = 0;
    do {
        reversed[n++] = (char)('0' + exponent % 10);
        exponent /= 10;
    } while (exponent > 0);
    while (n > 0)
        result[out++] = reversed[--n];
    return number_json_double(result, out);
}

/* To 10^places; false when the result does not fit in 64 bits. */
static bool round_whole(int64_t x, int64_t places, bool even, int64_t *result)
{
    __int128 unit = 1;

    if (places > 19) {
        *result = 0;
        return true;
    }
    for (int64_t i = 0; i < places; i++)
        unit *= 10;
    __int128 rest = (__int128)x % unit;
    __int128 whole = (__int128)x - rest;
    __int128 twice = rest < 0 ? -2 * rest : 2 * rest;
    bool away = twice > unit || (twice == unit && (!even || whole / unit % 2 != 0));
    if (away)
        whole += x < 0 ? -unit : unit;
    *result = (int64_t)whole;
    return whole >= INT64_MIN && whole <= INT64_MAX;
}

static int round_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    bool even = call->function->name[0] == 'b';
    int32_t scale = function_i32(&args[1], 0);

    if (call->type->id != TYPE_DOUBLE && scale >= 0) {
        *out = args[0];
        return 0;
    }
    FOR_ROWS(row, sel, n)
    {
        int64_t value = 0;
        bool fits = true;
        if (call->type->id == TYPE_DOUBLE) {
            out->data.f64[row] = round_double(function_f64(&args[0], row), scale, even);
        } else if (call->type->id == TYPE_INT) {
            fits = round_whole(function_i32(&args[0], row), -(int64_t)scale, even, &value) && value >= INT32_MIN &&
                   value <= INT32_MAX;
            out->data.i32[row] = (int32_t)value;
        } else {
            fits = round_whole(function_i64(&args[0], row), -(int64_t)scale, even, &value);
            out->data.i64[row] = value;
        }
        if (!fits)
            return diagnose_row(eval, call, row, "ARITHMETIC_OVERFLOW", "22003",
                                "Overflow. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this "
                                "error.");
    }
    return 0;
}

static struct expr *bind_round(struct binding *binding)
{
    if (function_default_int(binding, 1, 0) != 0 || coerce_input(binding, 0, 'n') != 0 ||
        coerce_input(binding, 1, 'i') != 0)
        return NULL;
    if (!binding->args[1]->constant) {
        struct buf name = BUF_INIT;
        expr_name(binding->args[1], &name);
        function_mismatch(binding, "NON_FOLDABLE_INPUT",
                          "the input `scale` should be a foldable \"INT\" expression; however, got \"%s\".",
                          name.data != NULL ? name.data : "");
        buf_release(&name);
        return NULL;
    }
    return function_call(binding, binding->args[0]->type, NULL, NULL);
}

#define STRICT FUNCTION_STRICT
#define SIGNED function_bind_signature

/* Spark shows some of these in capitals. */
const struct function function_number_table[] = {
    {"sign", NULL, STRICT, 1, 1, SIGNED, sign_kernel, "d>d", NULL},
    {"SIGNUM", NULL, STRICT, 1, 1, SIGNED, sign_kernel, "d>d", NULL},
    {"SQRT", NULL, STRICT, 1, 1, SIGNED, sqrt_kernel, "d>d", NULL},
    {"EXP", NULL, STRICT, 1, 1, SIGNED, exp_kernel, "d>d", NULL},
    {"ln", NULL, STRICT, 1, 1, SIGNED, ln_kernel, "d>d", NULL},
    {"pow", NULL, STRICT, 2, 2, SIGNED, pow_kernel, "d>d", NULL},
    {"POWER", NULL, STRICT, 2, 2, SIGNED, pow_kernel, "d>d", NULL},
    {"FLOOR", NULL, STRICT, 1, 2, bind_floor, floor_kernel, NULL, NULL},
    {"CEIL", NULL, STRICT, 1, 2, bind_floor, floor_kernel, NULL, NULL},
    {"ceiling", NULL, STRICT, 1, 2, bind_floor, floor_kernel, NULL, NULL},
    {"round", NULL, STRICT, 1, 2, bind_round, round_kernel, NULL, NULL},
    {"bround", NULL, STRICT, 1, 2, bind_round, round_kernel, NULL, NULL},
    {0},
};
