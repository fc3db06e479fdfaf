/* Between times, numbers since the epoch, and texts by a pattern. */
#include "function_internal.h"
#include "pattern_internal.h"
#include "record/timestamp.h"

#include <math.h>

#define DEFAULT_PATTERN "yyyy-MM-dd HH:mm:ss"

/* ---- unix_seconds ..., timestamp_seconds ... ------------------------------------------------------------------ */

static int unix_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    const int64_t unit = strcmp(call->function->name, "unix_seconds") == 0  ? TIMESTAMP_US_PER_S
                         : strcmp(call->function->name, "unix_millis") == 0 ? 1000
                                                                            : 1;

    (void)eval;
    FOR_ROWS(row, sel, n)
    {
        int64_t us = function_i64(&args[0], row);
        out->data.i64[row] = us / unit - (us % unit < 0); /* towards the past */
    }
    return 0;
}

/* A plain ArithmeticException in Spark: no condition. */
static int long_overflow(struct eval *eval, size_t row)
{
    return diagnose_row(eval, NULL, row, "", "", "long overflow");
}

static int timestamp_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                            size_t n, struct vector *out)
{
    const char *name = call->function->name;
    const int64_t unit = strcmp(name, "timestamp_seconds") == 0  ? TIMESTAMP_US_PER_S
                         : strcmp(name, "timestamp_millis") == 0 ? 1000
                                                                 : 1;

    FOR_ROWS(row, sel, n)
    {
        if (args[0].type->id == TYPE_DOUBLE) {
            double seconds = function_f64(&args[0], row);
            double us = seconds * 1e6;
            if (!isfinite(seconds))
                vector_set_null(out, row);
            else /* cut, and saturating as Java's conversion */
                out->data.i64[row] = us >= 0x1p63 ? INT64_MAX : us <= -0x1p63 ? INT64_MIN : (int64_t)us;
            continue;
        }
        int64_t value = args[0].type->id == TYPE_INT ? function_i32(&args[0], row) : function_i64(&args[0], row);
        if (__builtin_mul_overflow(value, unit, &out->data.i64[row]))
            return long_overflow(eval, row);
    }
    return 0;
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

/* The pattern of the row: compiled when the query was bound, or now. NULL with the error. */
static const struct datetime_pattern *pattern_of(struct eval *eval, const struct expr *call, const struct vector *arg,
                                                 size_t row, bool parsing)
{
    const struct datetime_pattern *pattern = call->data;

    if (pattern == NULL) {
        struct str source = function_str(arg, row);
        pattern = pattern_compile(eval->arena, source.data, source.len, parsing);
        if (pattern == NULL) {
            function_kernel_oom(eval, source.len);
            return NULL;
        }
    }
    if (pattern->message == NULL)
        return pattern;
    diagnose_row(eval, NULL, row, pattern->condition, pattern->sqlstate, "%s", pattern->message);
    return NULL;
}

/* The instant of a text, or Spark's error, which names the function that would not raise it. */
static int parse_row(struct eval *eval, const struct datetime_pattern *pattern, struct str text, size_t row,
                     const char *instead, int64_t *us)
{
    char why[160];

    if (pattern_parse(pattern, text.data, text.len, eval->zone, us, why, sizeof(why)))
        return 0;
    return diagnose_row(eval, NULL, row, "CANNOT_PARSE_TIMESTAMP", "22007",
                        "Text '%.*s' %s. Use `%s` to tolerate invalid input string and return NULL instead.",
                        (int)text.len, text.data, why, instead);
}

/* args: a text and its pattern; the result is BIGINT seconds, TIMESTAMP or DATE. */
static int parse_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    const char *instead = call->type->id == TYPE_DATE ? "try_to_date" : "try_to_timestamp";

    FOR_ROWS(row, sel, n)
    {
        const struct datetime_pattern *pattern = pattern_of(eval, call, &args[1], row, true);
        int64_t us;
        if (pattern == NULL || parse_row(eval, pattern, function_str(&args[0], row), row, instead, &us) != 0)
            return -1;
        if (call->type->id == TYPE_DATE)
            out->data.i32[row] = timestamp_to_date(us, eval->zone);
        else if (call->type->id == TYPE_TIMESTAMP)
            out->data.i64[row] = us;
        else
            out->data.i64[row] = us / TIMESTAMP_US_PER_S; /* towards 1970 */
    }
    return 0;
}

/* Seconds of a TIMESTAMP, towards 1970; the pattern does not count. */
static int seconds_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                          size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.i64[row] = function_i64(&args[0], row) / TIMESTAMP_US_PER_S;
    return 0;
}

static int from_unixtime_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                                const uint16_t *sel, size_t n, struct vector *out)
{
    struct function_texts texts;

    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        const struct datetime_pattern *pattern = pattern_of(eval, call, &args[1], row, false);
        if (pattern == NULL)
            return function_texts_end(&texts, true);
        /* Java's multiplication wraps */
        uint64_t us = (uint64_t)function_i64(&args[0], row) * (uint64_t)TIMESTAMP_US_PER_S;
        pattern_format(pattern, (int64_t)us, eval->zone, &texts.buf);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

/* Compile the pattern argument if it is a constant; *pattern NULL otherwise. 0, -1 with err. */
static int constant_pattern(struct binding *binding, size_t index, bool parsing,
                            const struct datetime_pattern **pattern)
{
    const struct vector *constant = function_constant(binding->args[index]);

    *pattern = NULL;
    if (constant == NULL || vector_is_null(constant, 0))
        return 0;
    struct str source = constant->data.str[0];
    *pattern = pattern_compile(binding->arena, source.data, source.len, parsing);
    if (*pattern != NULL)
        return 0;
    function_oom(binding);
    return -1;
}

static struct expr *bind_from_unixtime(struct binding *binding)
{
    const struct datetime_pattern *pattern;

    if (function_default_text(binding, 1, DEFAULT_PATTERN) != 0 || coerce_input(binding, 0, 'l') != 0 ||
        coerce_input(binding, 1, 'S') != 0 || constant_pattern(binding, 1, false, &pattern) != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_STRING), NULL, pattern);
}

/* A time in any form -> seconds: texts by the pattern. */
static struct expr *bind_unix_timestamp(struct binding *binding)
{
    const struct datetime_pattern *pattern;

    if (binding->nargs == 0)
        return diagnose_unsupported(binding->err, binding->sql, binding->range,
                                    "Outside the supported subset of Spark SQL: the current time.");
    if (function_default_text(binding, 1, DEFAULT_PATTERN) != 0 || coerce_input(binding, 1, 'S') != 0)
        return NULL;
    enum type_id id = binding->args[0]->type->id;
    if (id == TYPE_STRING || id == TYPE_NULL) {
        if (coerce_cast(binding, 0, type_of(TYPE_STRING)) != 0 || constant_pattern(binding, 1, true, &pattern) != 0)
            return NULL;
        return function_call(binding, type_of(TYPE_BIGINT), parse_kernel, pattern);
    }
    if (id != TYPE_TIMESTAMP && id != TYPE_DATE)
        return function_unexpected(binding, 0, "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")");
    if (coerce_cast(binding, 0, type_of(TYPE_TIMESTAMP)) != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_BIGINT), seconds_kernel, NULL);
}

/* to_timestamp(x) and to_date(x) are casts, with a pattern a text is parsed by it. A type without a cast goes by way of
 * its text, as in Spark: to_date(42) fails on '42'. */
static struct expr *bind_to_time(struct binding *binding)
{
    bool date = binding->function->name[3] == 'd';
    const struct type *type = type_of(date ? TYPE_DATE : TYPE_TIMESTAMP);
    enum type_id id = binding->args[0]->type->id;
    const struct datetime_pattern *pattern;

    bool time = id == TYPE_TIMESTAMP || id == TYPE_DATE || id == TYPE_STRING || id == TYPE_NULL;
    if (binding->nargs == 2 && id == TYPE_STRING) {
        if (coerce_input(binding, 1, 'S') != 0 || constant_pattern(binding, 1, true, &pattern) != 0)
            return NULL;
        return function_call(binding, type, parse_kernel, pattern);
    }
    if (binding->nargs == 2 && coerce_input(binding, 1, 'S') != 0)
        return NULL;
    if (binding->nargs == 2 && !time)
        return function_unexpected(binding, 0, "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\")");
    if (!time && (date || !coerce_is_number(binding->args[0]->type)) && coerce_input(binding, 0, 'S') != 0)
        return NULL;
    if (coerce_cast(binding, 0, type) != 0)
        return NULL;
    return function_call(binding, type, function_kernel_first, NULL);
}

#define STRICT FUNCTION_STRICT
#define SIGNED function_bind_signature

const struct function function_epoch_table[] = {
    {"unix_seconds", NULL, STRICT, 1, 1, SIGNED, unix_kernel, "s>l", NULL},
    {"unix_millis", NULL, STRICT, 1, 1, SIGNED, unix_kernel, "s>l", NULL},
    {"unix_micros", NULL, STRICT, 1, 1, SIGNED, unix_kernel, "s>l", NULL},
    {"timestamp_seconds", NULL, STRICT, 1, 1, SIGNED, timestamp_kernel, "N>T", NULL},
    {"timestamp_millis", NULL, STRICT, 1, 1, SIGNED, timestamp_kernel, "L>T", NULL},
    {"timestamp_micros", NULL, STRICT, 1, 1, SIGNED, timestamp_kernel, "L>T", NULL},
    {"unix_timestamp", NULL, STRICT, 0, 2, bind_unix_timestamp, NULL, NULL, NULL},
    {"to_unix_timestamp", NULL, STRICT, 1, 2, bind_unix_timestamp, NULL, NULL, NULL},
    {"from_unixtime", NULL, STRICT, 1, 2, bind_from_unixtime, from_unixtime_kernel, NULL, NULL},
    {"to_timestamp", NULL, STRICT, 1, 2, bind_to_time, NULL, NULL, NULL},
    {"to_date", NULL, STRICT, 1, 2, bind_to_time, NULL, NULL, NULL},
    {0},
};
