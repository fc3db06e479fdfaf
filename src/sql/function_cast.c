/* CAST, TRY_CAST and the functions named after types. One loop per pair of types; what a text means is in record/number
 * and record/timestamp. A value that has no counterpart is an error of its row (CAST) or NULL (TRY_CAST). */
#include "function_internal.h"
#include "record/number.h"
#include "record/timestamp.h"

#include <math.h>

struct casting {
    struct eval *eval;
    const struct expr *call;
    bool try_cast;
};

/* ---- errors -------------------------------------------------------------------------------------------------- */

/* The value as an SQL literal: 'text', 5, 3000000000L, 1.0E10D, TIMESTAMP '...'. */
static void show_value(struct casting *casting, const struct vector *in, size_t row, struct buf *out)
{
    size_t at = vector_row(in, row);

    switch (in->type->id) {
    case TYPE_STRING:
        buf_append_byte(out, '\'');
        for (uint32_t i = 0; i < in->data.str[at].len; i++) {
            char byte = in->data.str[at].data[i];
            if (byte == '\'' || byte == '\\')
                buf_append_byte(out, '\\');
            buf_append_byte(out, byte);
        }
        buf_append_byte(out, '\'');
        break;
    case TYPE_INT:
        buf_append_i64(out, in->data.i32[at]);
        break;
    case TYPE_BIGINT:
        buf_append_i64(out, in->data.i64[at]);
        buf_append_byte(out, 'L');
        break;
    case TYPE_DOUBLE:
        number_append_double(out, in->data.f64[at]);
        if (isfinite(in->data.f64[at]))
            buf_append_byte(out, 'D');
        break;
    case TYPE_TIMESTAMP:
        buf_append_text(out, "TIMESTAMP '");
        timestamp_text(in->data.i64[at], casting->eval->zone, out);
        buf_append_byte(out, '\'');
        break;
    default:
        break; /* casts from other types do not fail */
    }
}

/* NULL for TRY_CAST, else the error; 0 or -1. */
static int invalid_input(struct casting *casting, const struct vector *in, size_t row, struct vector *out)
{
    struct buf value = BUF_INIT, from = BUF_INIT, to = BUF_INIT;

    if (casting->try_cast) {
        vector_set_null(out, row);
        return 0;
    }
    show_value(casting, in, row, &value);
    type_sql_name(in->type, &from);
    type_sql_name(out->type, &to);
    diagnose_row(
        casting->eval, casting->call, row, "CAST_INVALID_INPUT", "22018",
        "The value %s of the type \"%s\" cannot be cast to \"%s\" because it is malformed. Correct the value as "
        "per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL "
        "instead.",
        value.data != NULL ? value.data : "", from.data != NULL ? from.data : "", to.data != NULL ? to.data : "");
    buf_release(&value);
    buf_release(&from);
    buf_release(&to);
    return -1;
}

/* Spark shows no place for an overflow. `to` is the type that overflowed: casts to TIMESTAMP go through BIGINT. */
static int overflow(struct casting *casting, const struct vector *in, size_t row, struct vector *out, const char *to)
{
    struct buf value = BUF_INIT, from = BUF_INIT;

    if (casting->try_cast) {
        vector_set_null(out, row);
        return 0;
    }
    show_value(casting, in, row, &value);
    type_sql_name(in->type, &from);
    diagnose_row(
        casting->eval, NULL, row, "CAST_OVERFLOW", "22003",
        "The value %s of the type \"%s\" cannot be cast to \"%s\" due to an overflow. Use `try_cast` to tolerate "
        "overflow and return NULL instead.",
        value.data != NULL ? value.data : "", from.data != NULL ? from.data : "", to);
    buf_release(&value);
    buf_release(&from);
    return -1;
}

/* ---- loops --------------------------------------------------------------------------------------------------- */

static int from_string(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                       struct vector *out)
{
    const struct zone *zone = casting->eval->zone;

    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(in, row);
        bool ok = false;
        bool truth = false;
        switch (out->type->id) {
        case TYPE_BOOLEAN:
            ok = number_parse_boolean(text.data, text.len, &truth);
            out->data.boolean[row] = truth;
            break;
        case TYPE_INT:
            ok = number_parse_int(text.data, text.len, &out->data.i32[row]);
            break;
        case TYPE_BIGINT:
            ok = number_parse_bigint(text.data, text.len, &out->data.i64[row]);
            break;
        case TYPE_DOUBLE:
            ok = number_parse_double(text.data, text.len, &out->data.f64[row]);
            break;
        case TYPE_TIMESTAMP:
            ok = timestamp_parse(text.data, text.len, zone, &out->data.i64[row]);
            break;
        case TYPE_DATE:
            ok = timestamp_parse_date(text.data, text.len, &out->data.i32[row]);
            break;
        default:
            break;
        }
        if (!ok && invalid_input(casting, in, row, out) != 0)
            return -1;
    }
    return 0;
}

static void append_value(struct casting *casting, const struct vector *in, size_t row, struct buf *out)
{
    size_t at = vector_row(in, row);

    switch (in->type->id) {
    case TYPE_BOOLEAN:
        buf_append_text(out, in->data.boolean[at] ? "true" : "false");
        break;
    case TYPE_INT:
        buf_append_i64(out, in->data.i32[at]);
        break;
    case TYPE_BIGINT:
        buf_append_i64(out, in->data.i64[at]);
        break;
    case TYPE_DOUBLE:
        number_append_double(out, in->data.f64[at]);
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        buf_append(out, in->data.str[at].data, in->data.str[at].len);
        break;
    case TYPE_TIMESTAMP:
        timestamp_text(in->data.i64[at], casting->eval->zone, out);
        break;
    case TYPE_DATE:
        timestamp_date_text(in->data.i32[at], out);
        break;
    case TYPE_STRUCT:
        buf_append_byte(out, '{');
        for (size_t i = 0; i < in->type->nfields; i++) {
            if (i > 0)
                buf_append_text(out, ", ");
            if (vector_is_null(&in->fields[i], row))
                buf_append_text(out, "null");
            else
                append_value(casting, &in->fields[i], row, out);
        }
        buf_append_byte(out, '}');
        break;
    case TYPE_NULL:
        break;
    }
}

static int to_string(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                     struct vector *out)
{
    struct function_texts texts;

    if (function_texts_begin(&texts, casting->eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        append_value(casting, in, row, &texts.buf);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static int to_boolean(const struct vector *in, const uint16_t *sel, size_t n, struct vector *out)
{
    FOR_ROWS(row, sel, n)
    {
        if (in->type->id == TYPE_INT)
            out->data.boolean[row] = function_i32(in, row) != 0;
        else if (in->type->id == TYPE_BIGINT)
            out->data.boolean[row] = function_i64(in, row) != 0;
        else
            out->data.boolean[row] = function_f64(in, row) != 0; /* NaN too is TRUE */
    }
    return 0;
}

static int64_t floor_seconds(int64_t us)
{
    int64_t s = us / TIMESTAMP_US_PER_S;

    return s - (us % TIMESTAMP_US_PER_S < 0);
}

static int to_int(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n, struct vector *out)
{
    FOR_ROWS(row, sel, n)
    {
        int64_t wide = 0;
        bool fits = true;
        switch (in->type->id) {
        case TYPE_BOOLEAN:
            wide = in->data.boolean[vector_row(in, row)];
            break;
        case TYPE_BIGINT:
            wide = function_i64(in, row);
            break;
        case TYPE_TIMESTAMP:
            wide = floor_seconds(function_i64(in, row));
            break;
        case TYPE_DOUBLE: {
            double value = function_f64(in, row);
            /* cut towards zero: anything above -2^31-1 and below 2^31 fits */
            fits = value > -2147483649.0 && value < 2147483648.0;
            wide = fits ? (int64_t)value : 0;
            break;
        }
        default:
            break;
        }
        if (fits && wide >= INT32_MIN && wide <= INT32_MAX)
            out->data.i32[row] = (int32_t)wide;
        else if (overflow(casting, in, row, out, "INT") != 0)
            return -1;
    }
    return 0;
}

/* Cut towards zero, as Spark checks it: floor(value) <= Long.MAX as a double, which is 2^63. So 2^63 itself passes and
 * saturates. */
static bool double_to_bigint(double value, int64_t *out)
{
    if (!(value >= -9223372036854775808.0 && value <= 9223372036854775808.0))
        return false;
    *out = value == 9223372036854775808.0 ? INT64_MAX : (int64_t)value;
    return true;
}

static int to_bigint(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                     struct vector *out)
{
    switch (in->type->id) {
    case TYPE_INT:
        FOR_ROWS(row, sel, n)
        out->data.i64[row] = function_i32(in, row);
        break;
    case TYPE_BOOLEAN:
        FOR_ROWS(row, sel, n)
        out->data.i64[row] = in->data.boolean[vector_row(in, row)];
        break;
    case TYPE_TIMESTAMP:
        FOR_ROWS(row, sel, n)
        out->data.i64[row] = floor_seconds(function_i64(in, row));
        break;
    default:
        FOR_ROWS(row, sel, n)
        if (!double_to_bigint(function_f64(in, row), &out->data.i64[row]) &&
            overflow(casting, in, row, out, "BIGINT") != 0)
            return -1;
        break;
    }
    return 0;
}

static int to_double(const struct vector *in, const uint16_t *sel, size_t n, struct vector *out)
{
    FOR_ROWS(row, sel, n)
    {
        switch (in->type->id) {
        case TYPE_INT:
            out->data.f64[row] = function_i32(in, row);
            break;
        case TYPE_BIGINT:
            out->data.f64[row] = (double)function_i64(in, row);
            break;
        case TYPE_BOOLEAN:
            out->data.f64[row] = in->data.boolean[vector_row(in, row)];
            break;
        default:
            out->data.f64[row] = (double)function_i64(in, row) / 1e6;
            break;
        }
    }
    return 0;
}

/* Whole numbers are seconds and saturate; doubles are seconds with a fraction, and must be finite and fit. */
static int to_timestamp(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                        struct vector *out)
{
    FOR_ROWS(row, sel, n)
    {
        int64_t seconds;
        switch (in->type->id) {
        case TYPE_DATE:
            out->data.i64[row] = timestamp_from_date(function_i32(in, row), casting->eval->zone);
            break;
        case TYPE_DOUBLE: {
            double value = function_f64(in, row);
            struct vector scaled = {.type = in->type, .constant = true};
            double us = value * 1e6;
            if (!isfinite(value)) {
                if (invalid_input(casting, in, row, out) != 0)
                    return -1;
            } else if (!double_to_bigint(us, &out->data.i64[row])) {
                scaled.data.f64 = &us; /* the message shows the microseconds */
                if (overflow(casting, &scaled, row, out, "BIGINT") != 0)
                    return -1;
            }
            break;
        }
        default:
            seconds = in->type->id == TYPE_INT ? function_i32(in, row) : function_i64(in, row);
            if (__builtin_mul_overflow(seconds, TIMESTAMP_US_PER_S, &out->data.i64[row]))
                out->data.i64[row] = seconds < 0 ? INT64_MIN : INT64_MAX;
            break;
        }
    }
    return 0;
}

/* TIMESTAMP -> DATE in the session's zone. */
static int to_date(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n, struct vector *out)
{
    FOR_ROWS(row, sel, n)
    out->data.i32[row] = timestamp_to_date(function_i64(in, row), casting->eval->zone);
    return 0;
}

static int cast_rows(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                     struct vector *out);

/* Field by field; the fields' own NULLs stay. */
static int cast_struct(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                       struct vector *out)
{
    uint16_t *rows = arena_alloc(casting->eval->arena, (n > 0 ? n : 1) * sizeof(*rows));

    if (rows == NULL)
        return function_kernel_oom(casting->eval, n * sizeof(*rows));
    for (size_t i = 0; i < in->type->nfields; i++) {
        size_t some = 0;
        FOR_ROWS(row, sel, n)
        {
            if (vector_is_null(&in->fields[i], row))
                vector_set_null(&out->fields[i], row);
            else
                rows[some++] = (uint16_t)row;
        }
        if (cast_rows(casting, &in->fields[i], rows, some, &out->fields[i]) != 0)
            return -1;
    }
    return 0;
}

static int same_rows(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                     struct vector *out)
{
    FOR_ROWS(row, sel, n)
    if (vector_copy(out, row, in, vector_row(in, row), NULL) != 0)
        return function_kernel_oom(casting->eval, sizeof(struct str));
    return 0;
}

/* in has no NULL among the rows. */
static int cast_rows(struct casting *casting, const struct vector *in, const uint16_t *sel, size_t n,
                     struct vector *out)
{
    enum type_id from = in->type->id, to = out->type->id;

    if (n == 0)
        return 0;
    if (from == TYPE_STRUCT && to == TYPE_STRUCT)
        return cast_struct(casting, in, sel, n, out);
    if (from == to)
        return same_rows(casting, in, sel, n, out);
    if (from == TYPE_STRING && to != TYPE_BINARY)
        return from_string(casting, in, sel, n, out);
    switch (to) {
    case TYPE_STRING:
        return to_string(casting, in, sel, n, out);
    case TYPE_BINARY:
        FOR_ROWS(row, sel, n)
        out->data.str[row] = function_str(in, row);
        return 0;
    case TYPE_BOOLEAN:
        return to_boolean(in, sel, n, out);
    case TYPE_INT:
        return to_int(casting, in, sel, n, out);
    case TYPE_BIGINT:
        return to_bigint(casting, in, sel, n, out);
    case TYPE_DOUBLE:
        return to_double(in, sel, n, out);
    case TYPE_TIMESTAMP:
        return to_timestamp(casting, in, sel, n, out);
    case TYPE_DATE:
        return to_date(casting, in, sel, n, out);
    case TYPE_NULL:
    case TYPE_STRUCT:
        break;
    }
    return 0;
}

static int cast_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    struct casting casting = {eval, call, false};
    enum type_id from = args[0].type->id, to = out->type->id;

    /* The bytes of texts stay where they are: nothing to do but to give the column its new type. */
    if ((from == TYPE_BINARY && to == TYPE_STRING) || (from == TYPE_STRING && to == TYPE_BINARY) ||
        (from == to && from != TYPE_STRUCT)) {
        *out = args[0];
        out->type = call->type;
        return 0;
    }
    return cast_rows(&casting, &args[0], sel, n, out);
}

static int try_cast_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    struct casting casting = {eval, call, true};

    return cast_rows(&casting, &args[0], sel, n, out);
}

/* ---- which casts there are ----------------------------------------------------------------------------------- */

enum verdict {
    CAST_FINE,
    CAST_NEVER,
    CAST_NOT_IN_ANSI, /* Spark would with ansi.enabled=false */
    CAST_BY_FUNCTION  /* Spark names a function that does it */
};

static enum verdict judge(const struct type *from, const struct type *to)
{
    bool from_number = coerce_is_number(from), to_number = coerce_is_number(to);

    if (from->id == TYPE_STRUCT && to->id == TYPE_STRUCT) {
        if (from->nfields != to->nfields)
            return CAST_NEVER;
        for (size_t i = 0; i < from->nfields; i++)
            if (judge(from->fields[i].type, to->fields[i].type) != CAST_FINE)
                return CAST_NEVER;
        return CAST_FINE;
    }
    if (from->id == to->id || from->id == TYPE_NULL || to->id == TYPE_STRING)
        return CAST_FINE;
    if (from->id == TYPE_STRUCT || to->id == TYPE_STRUCT || from->id == TYPE_BINARY)
        return CAST_NEVER;
    if (from->id == TYPE_STRING || (from_number && to_number))
        return CAST_FINE;
    if (to->id == TYPE_BINARY)
        return coerce_is_integral(from) ? CAST_NOT_IN_ANSI : CAST_NEVER;
    if (from->id == TYPE_BOOLEAN)
        return to_number ? CAST_FINE : to->id == TYPE_TIMESTAMP ? CAST_NOT_IN_ANSI : CAST_NEVER;
    if (from_number)
        return to->id == TYPE_DATE ? CAST_BY_FUNCTION : CAST_FINE; /* BOOLEAN, TIMESTAMP */
    if (to->id == TYPE_BOOLEAN)
        return CAST_NOT_IN_ANSI;
    if (from->id == TYPE_DATE && to_number)
        return CAST_BY_FUNCTION;
    return CAST_FINE;
}

static void *refuse(struct binding *binding, const struct type *type, const struct expr *shown, enum verdict verdict)
{
    struct buf name = BUF_INIT, from = BUF_INIT, to = BUF_INIT;
    const struct type *arg = binding->args[0]->type;

    expr_name(shown, &name);
    type_sql_name(arg, &from);
    type_sql_name(type, &to);
    const char *what = name.data != NULL ? name.data : "";
    const char *a = from.data != NULL ? from.data : "";
    const char *b = to.data != NULL ? to.data : "";
    if (verdict == CAST_NEVER)
        diagnose(binding->err, binding->sql, binding->range, "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "42K09",
                 "Cannot resolve \"%s\" due to data type mismatch: cannot cast \"%s\" to \"%s\".", what, a, b);
    else if (verdict == CAST_NOT_IN_ANSI)
        diagnose(binding->err, binding->sql, binding->range, "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", "42K09",
                 "Cannot resolve \"%s\" due to data type mismatch: cannot cast \"%s\" to \"%s\" with ANSI mode on.\n"
                 "If you have to cast \"%s\" to \"%s\", you can set \"spark.sql.ansi.enabled\" as 'false'.",
                 what, a, b, a, b);
    else
        diagnose(binding->err, binding->sql, binding->range, "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", "42K09",
                 "Cannot resolve \"%s\" due to data type mismatch: cannot cast \"%s\" to \"%s\".\n"
                 "To convert values from \"%s\" to \"%s\", you can use the functions `%s` instead.",
                 what, a, b, a, b, type->id == TYPE_DATE ? "DATE_FROM_UNIX_DATE" : "UNIX_DATE");
    buf_release(&name);
    buf_release(&from);
    buf_release(&to);
    return NULL;
}

static struct expr *make_cast(struct binding *outer, struct expr *arg, const struct type *type, bool try_cast,
                              bool hidden)
{
    struct binding binding = *outer;
    enum verdict verdict = judge(arg->type, type);

    binding.function = function_operator(try_cast ? "TRY_CAST" : "CAST");
    binding.nargs = 1;
    binding.args = arena_alloc(outer->arena, sizeof(struct expr *));
    if (binding.args == NULL)
        return function_oom(outer);
    binding.args[0] = arg;
    if (verdict == CAST_NOT_IN_ANSI && try_cast)
        verdict = CAST_NEVER; /* no setting allows it there */
    if (verdict != CAST_FINE) {
        struct expr shown = {.kind = EXPR_CALL, .type = type, .nargs = 1, .args = binding.args, .implicit = hidden};
        shown.function = binding.function;
        return refuse(&binding, type, &shown, verdict);
    }
    struct expr *call = function_call(&binding, type, NULL, NULL);
    if (call != NULL)
        call->implicit = hidden;
    return call;
}

struct expr *function_cast(struct binding *binding, struct expr *arg, const struct type *type, enum function_cast how)
{
    if (how == FUNCTION_CAST_IMPLICIT && type_equal(arg->type, type))
        return arg;
    return make_cast(binding, arg, type, how == FUNCTION_CAST_TRY, how == FUNCTION_CAST_IMPLICIT);
}

/* int(x), string(x): a written cast, but it shows as x. detail is the type's letter as in signatures. */
static struct expr *bind_type_name(struct binding *binding)
{
    static const struct {
        char letter;
        enum type_id id;
    } types[] = {{'b', TYPE_BOOLEAN}, {'i', TYPE_INT},       {'l', TYPE_BIGINT}, {'d', TYPE_DOUBLE},
                 {'S', TYPE_STRING},  {'T', TYPE_TIMESTAMP}, {'t', TYPE_DATE},   {'x', TYPE_BINARY}};
    const char *letter = binding->function->detail;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].letter == *letter)
            return make_cast(binding, binding->args[0], type_of(types[i].id), false, true);
    return NULL;
}

static void show_cast(const struct expr *call, struct buf *out)
{
    buf_printf(out, "%s(", call->function->name);
    expr_name(call->args[0], out);
    buf_append_text(out, " AS ");
    type_sql_name(call->type, out);
    buf_append_byte(out, ')');
}

const struct function function_cast_table[] = {
    {"CAST", NULL, FUNCTION_OPERATOR | FUNCTION_STRICT, 1, 1, NULL, cast_kernel, NULL, show_cast},
    {"TRY_CAST", NULL, FUNCTION_OPERATOR | FUNCTION_STRICT, 1, 1, NULL, try_cast_kernel, NULL, show_cast},
    {"boolean", NULL, 0, 1, 1, bind_type_name, NULL, "b", NULL},
    {"int", NULL, 0, 1, 1, bind_type_name, NULL, "i", NULL},
    {"bigint", NULL, 0, 1, 1, bind_type_name, NULL, "l", NULL},
    {"double", NULL, 0, 1, 1, bind_type_name, NULL, "d", NULL},
    {"string", NULL, 0, 1, 1, bind_type_name, NULL, "S", NULL},
    {"timestamp", NULL, 0, 1, 1, bind_type_name, NULL, "T", NULL},
    {"date", NULL, 0, 1, 1, bind_type_name, NULL, "t", NULL},
    {"binary", NULL, 0, 1, 1, bind_type_name, NULL, "x", NULL},
    {0},
};
