/* Aggregates and window(): bind only; the engine computes them. What each needs of its argument is a cast or a small
 * expression here, so that the engine knows five kinds. */
#include "common/duration.h"
#include "function_internal.h"
#include "record/window.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct expr *aggregate(struct binding *binding, enum aggregate_kind kind, const struct type *type)
{
    struct expr *expr = arena_calloc(binding->arena, 1, sizeof(*expr));

    if (expr == NULL)
        return function_oom(binding);
    expr->kind = EXPR_AGGREGATE;
    expr->type = type;
    expr->range = binding->range;
    expr->nargs = binding->nargs;
    expr->args = binding->args;
    expr->function = binding->function;
    expr->aggregate = kind;
    return expr;
}

/* ---- count --------------------------------------------------------------------------------------------------- */

/* count(a, b) counts rows without a NULL among them: strict, so the kernel sees only those. */
static int all_present_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                              const uint16_t *sel, size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    (void)args;
    FOR_ROWS(row, sel, n)
    out->data.boolean[row] = 1;
    return 0;
}

/* count_if(b) counts rows where b is TRUE: anything else becomes NULL. */
static int true_or_null_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                               const uint16_t *sel, size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        out->data.boolean[row] = 1;
        if (!args[0].data.boolean[vector_row(&args[0], row)])
            vector_set_null(out, row);
    }
    return 0;
}

/* Shows as its arguments alone. */
static void show_arguments(const struct expr *call, struct buf *out)
{
    for (size_t i = 0; i < call->nargs; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        expr_name(call->args[i], out);
    }
}

/* count(*) arrives as count(1). */
static struct expr *bind_count(struct binding *binding)
{
    const struct sql_range nowhere = {-1, -1};

    if (binding->nargs == 0)
        return diagnose(binding->err, binding->sql, nowhere, "WRONG_NUM_ARGS.WITH_SUGGESTION", "42605",
                        "The `count` requires  >= 1 parameters but the actual number is 0. If you have to call this "
                        "function with 0 parameters, set the legacy configuration "
                        "\"spark.sql.legacy.allowParameterlessCount\" to \"true\".");
    if (binding->nargs > 1) {
        struct expr *present = function_bind_other(binding, "all present", binding->args, binding->nargs);
        if (present == NULL)
            return NULL;
        binding->args[0] = present;
        binding->nargs = 1;
    } else if (binding->args[0]->kind == EXPR_LITERAL && !vector_is_null(&binding->args[0]->literal, 0) &&
               binding->args[0]->type->id == TYPE_INT && binding->args[0]->literal.data.i32[0] == 1) {
        binding->nargs = 0; /* count(1) is count(*), also in its name */
    }
    return aggregate(binding, AGGREGATE_COUNT, type_of(TYPE_BIGINT));
}

static struct expr *bind_count_if(struct binding *binding)
{
    if (coerce_input(binding, 0, 'b') != 0)
        return NULL;
    struct expr *arg = function_bind_other(binding, "true or null", binding->args, 1);
    if (arg == NULL)
        return NULL;
    binding->args[0] = arg;
    return aggregate(binding, AGGREGATE_COUNT, type_of(TYPE_BIGINT));
}

/* ---- sum, avg, min, max -------------------------------------------------------------------------------------- */

#define NUMBER_OR_INTERVAL "\"NUMERIC\" or \"ANSI INTERVAL\""

static struct expr *bind_sum(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    if (type->id == TYPE_STRING || type->id == TYPE_NULL)
        type = type_of(TYPE_DOUBLE);
    else if (type->id == TYPE_INT)
        type = type_of(TYPE_BIGINT);
    else if (type->id == TYPE_TIMESTAMP) /* as seconds */
        type = type_of(TYPE_DOUBLE);
    else if (!coerce_is_number(type))
        return function_unexpected(binding, 0, NUMBER_OR_INTERVAL);
    if (coerce_cast(binding, 0, type) != 0)
        return NULL;
    return aggregate(binding, AGGREGATE_SUM, type);
}

static struct expr *bind_avg(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    /* of times too: Spark casts them to DOUBLE seconds */
    if (type->id != TYPE_STRING && type->id != TYPE_NULL && type->id != TYPE_TIMESTAMP && !coerce_is_number(type))
        return function_unexpected(binding, 0, NUMBER_OR_INTERVAL);
    if (coerce_cast(binding, 0, type_of(TYPE_DOUBLE)) != 0)
        return NULL;
    return aggregate(binding, AGGREGATE_AVG, type_of(TYPE_DOUBLE));
}

static struct expr *bind_min(struct binding *binding)
{
    return aggregate(binding, AGGREGATE_MIN, binding->args[0]->type);
}

static struct expr *bind_max(struct binding *binding)
{
    return aggregate(binding, AGGREGATE_MAX, binding->args[0]->type);
}

static struct expr *bind_bool_and(struct binding *binding)
{
    return coerce_input(binding, 0, 'b') == 0 ? bind_min(binding) : NULL;
}

static struct expr *bind_bool_or(struct binding *binding)
{
    return coerce_input(binding, 0, 'b') == 0 ? bind_max(binding) : NULL;
}

/* ---- window -------------------------------------------------------------------------------------------------- */

/* An interval argument: a text, or a whole number of microseconds. 0, -1 with err. */
static int interval_of(struct binding *binding, size_t index, int64_t *us)
{
    const struct expr *arg = binding->args[index];
    struct errbuf reason;

    if (arg->kind == EXPR_LITERAL && !vector_is_null(&arg->literal, 0)) {
        if (arg->type->id == TYPE_INT || arg->type->id == TYPE_BIGINT) {
            *us = arg->type->id == TYPE_INT ? arg->literal.data.i32[0] : arg->literal.data.i64[0];
            return 0;
        }
        if (arg->type->id == TYPE_STRING) {
            struct str text = arg->literal.data.str[0];
            struct duration duration;
            if (duration_parse(text.data, text.len, 0, &duration, &reason) == 0 &&
                duration_total_us(&duration, 0, text.data, text.len, us, &reason) == 0)
                return 0;
            if (strcmp(reason.condition, "CANNOT_PARSE_INTERVAL") == 0)
                diagnose(binding->err, binding->sql, binding->range, reason.condition, reason.sqlstate,
                         "Unable to parse '%.*s'. Please ensure that the value provided is in a valid format for "
                         "defining an interval. You can reference the documentation for the correct format. If the "
                         "issue persists, please double check that the input value is not null or empty and try again.",
                         (int)text.len, text.data);
            else if (reason.sqlstate[0] == '\0') /* months: Spark finds them later and names no place */
                diagnose(binding->err, NULL, binding->range, reason.condition, "", "%s", reason.text);
            else
                diagnose(binding->err, binding->sql, binding->range, reason.condition, reason.sqlstate,
                         "long overflow");
            return -1;
        }
    }
    diagnose(binding->err, binding->sql, binding->range, "_LEGACY_ERROR_TEMP_1207", "",
             "The duration and time inputs to window must be an integer, long or string literal.");
    return -1;
}

static void *refuse_window(struct binding *binding, const struct expr *w, const char *sub, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* DATATYPE_MISMATCH with the call as Spark shows it: the numbers in microseconds. */
static void *refuse_window(struct binding *binding, const struct expr *w, const char *sub, const char *format, ...)
{
    struct buf call = BUF_INIT, what = BUF_INIT;
    char condition[64];
    va_list args;

    buf_append_text(&call, "window(");
    expr_name(binding->args[0], &call);
    buf_printf(&call, ", %" PRId64 ", %" PRId64 ", %" PRId64 ")", w->window_us, w->slide_us, w->start_us);
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    snprintf(condition, sizeof(condition), "DATATYPE_MISMATCH.%s", sub);
    diagnose(binding->err, binding->sql, binding->range, condition, "42K09",
             "Cannot resolve \"%s\" due to data type mismatch: %s", call.data != NULL ? call.data : "",
             what.data != NULL ? what.data : "");
    buf_release(&call);
    buf_release(&what);
    return NULL;
}

/* Spark's rules for the three numbers. NULL with err when one is broken, else w. */
static struct expr *check_window(struct binding *binding, struct expr *w)
{
    int64_t start = w->start_us < 0 ? (int64_t)(0 - (uint64_t)w->start_us) : w->start_us;

    if (w->window_us <= 0 || w->slide_us <= 0)
        return refuse_window(binding, w, "VALUE_OUT_OF_RANGE",
                             "The `%s` must be between (0, 9223372036854775807] (current value = %" PRId64 "L).",
                             w->window_us <= 0 ? "window_duration" : "slide_duration",
                             w->window_us <= 0 ? w->window_us : w->slide_us);
    if (w->slide_us > w->window_us)
        return refuse_window(binding, w, "PARAMETER_CONSTRAINT_VIOLATION",
                             "The `slide_duration`(%" PRId64 "L) must be <= the `window_duration`(%" PRId64 "L).",
                             w->slide_us, w->window_us);
    if (start < 0 || start >= w->slide_us)
        return refuse_window(binding, w, "PARAMETER_CONSTRAINT_VIOLATION",
                             "The `abs(start_time)`(%" PRId64 "L) must be < the `slide_duration`(%" PRId64 "L).", start,
                             w->slide_us);
    return w;
}

static void *wrong_time(struct binding *binding, const struct expr *w)
{
    struct buf name = BUF_INIT, type = BUF_INIT;

    expr_name(binding->args[0], &name);
    type_sql_name(binding->args[0]->type, &type);
    refuse_window(binding, w, "UNEXPECTED_INPUT_TYPE",
                  "The first parameter requires the (\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or \"STRUCT<start: "
                  "TIMESTAMP, end: TIMESTAMP>\" or \"STRUCT<start: TIMESTAMP_NTZ, end: TIMESTAMP_NTZ>\") type, however "
                  "\"%s\" has the type \"%s\".",
                  name.data != NULL ? name.data : "", type.data != NULL ? type.data : "");
    buf_release(&name);
    buf_release(&type);
    return NULL;
}

static struct expr *bind_window(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;
    struct expr *w = arena_calloc(binding->arena, 1, sizeof(*w));

    if (w == NULL)
        return function_oom(binding);
    if (interval_of(binding, 1, &w->window_us) != 0)
        return NULL;
    w->slide_us = w->window_us;
    if (binding->nargs > 2 && interval_of(binding, 2, &w->slide_us) != 0)
        return NULL;
    if (binding->nargs > 3 && interval_of(binding, 3, &w->start_us) != 0)
        return NULL;
    if (type->id == TYPE_STRUCT)
        return diagnose_unsupported(binding->err, binding->sql, binding->range,
                                    "Outside the supported subset of Spark SQL: a window over a window.");
    if (type->id != TYPE_TIMESTAMP && type->id != TYPE_DATE && type->id != TYPE_STRING && type->id != TYPE_NULL)
        return wrong_time(binding, w);
    if (coerce_cast(binding, 0, type_of(TYPE_TIMESTAMP)) != 0)
        return NULL;
    w->kind = EXPR_WINDOW;
    w->type = type_window();
    w->range = binding->range;
    w->nargs = 1;
    w->args = binding->args;
    w->function = binding->function;
    return check_window(binding, w);
}

#define AGGREGATE FUNCTION_AGGREGATE
#define HELPER (FUNCTION_OPERATOR | FUNCTION_STRICT)

const struct function function_aggregate_table[] = {
    {"count", NULL, AGGREGATE, 0, -1, bind_count, NULL, NULL, NULL},
    {"count_if", NULL, AGGREGATE, 1, 1, bind_count_if, NULL, NULL, NULL},
    {"sum", NULL, AGGREGATE, 1, 1, bind_sum, NULL, NULL, NULL},
    {"avg", NULL, AGGREGATE, 1, 1, bind_avg, NULL, NULL, NULL},
    {"mean", NULL, AGGREGATE, 1, 1, bind_avg, NULL, NULL, NULL},
    {"min", NULL, AGGREGATE, 1, 1, bind_min, NULL, NULL, NULL},
    {"max", NULL, AGGREGATE, 1, 1, bind_max, NULL, NULL, NULL},
    {"bool_and", NULL, AGGREGATE, 1, 1, bind_bool_and, NULL, NULL, NULL},
    {"every", NULL, AGGREGATE, 1, 1, bind_bool_and, NULL, NULL, NULL},
    {"bool_or", NULL, AGGREGATE, 1, 1, bind_bool_or, NULL, NULL, NULL},
    {"any", NULL, AGGREGATE, 1, 1, bind_bool_or, NULL, NULL, NULL},
    {"some", NULL, AGGREGATE, 1, 1, bind_bool_or, NULL, NULL, NULL},
    {"all present", NULL, HELPER, 1, -1, function_bind_boolean, all_present_kernel, NULL, show_arguments},
    {"true or null", NULL, HELPER, 1, 1, function_bind_boolean, true_or_null_kernel, NULL, show_arguments},
    {"window", NULL, FUNCTION_WINDOW, 2, 4, bind_window, NULL, NULL, NULL},
    {0},
};
