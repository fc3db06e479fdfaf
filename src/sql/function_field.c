/* Parts of a date or time: year(t), hour(t) ..., and EXTRACT and date_part, which are the same functions by the field's
 * name. */
#include "function_internal.h"
#include "record/timestamp.h"

#include <strings.h>

enum part {
    PART_YEAR,
    PART_QUARTER,
    PART_MONTH,
    PART_WEEK,
    PART_DAY,
    PART_DAYOFWEEK,     /* 1 Sunday */
    PART_WEEKDAY,       /* 0 Monday */
    PART_DAYOFWEEK_ISO, /* 1 Monday */
    PART_DAYOFYEAR,
    PART_YEAROFWEEK,
    PART_HOUR,
    PART_MINUTE,
    PART_SECOND
};

/* 0 for Monday. */
static int weekday_of(int64_t days)
{
    return (int)(((days + 3) % 7 + 7) % 7);
}

/* ISO 8601: the week belongs to the year of its Thursday. */
static void iso_week(int64_t days, int64_t *year, int *week)
{
    int64_t thursday = days - weekday_of(days) + 3;
    int month, day;

    timestamp_civil_of_days(thursday, year, &month, &day);
    *week = (int)((thursday - timestamp_days(*year, 1, 1)) / 7) + 1;
}

static int32_t date_part(int64_t days, enum part part)
{
    int64_t year;
    int month, day, week;

    timestamp_civil_of_days(days, &year, &month, &day);
    switch (part) {
    case PART_YEAR:
        return (int32_t)year;
    case PART_QUARTER:
        return (month - 1) / 3 + 1;
    case PART_MONTH:
        return month;
    case PART_DAY:
        return day;
    case PART_DAYOFWEEK:
        return (weekday_of(days) + 1) % 7 + 1;
    case PART_WEEKDAY:
        return weekday_of(days);
    case PART_DAYOFWEEK_ISO:
        return weekday_of(days) + 1;
    case PART_DAYOFYEAR:
        return (int32_t)(days - timestamp_days(year, 1, 1)) + 1;
    case PART_WEEK:
        iso_week(days, &year, &week);
        return week;
    default:
        iso_week(days, &year, &week);
        return (int32_t)year;
    }
}

static enum part part_of(const struct expr *call)
{
    const enum part *part = call->data != NULL ? call->data : call->function->detail;

    return *part;
}

static int date_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    enum part part = part_of(call);
    const struct vector *dates = &args[call->nargs - 1];

    (void)eval;
    FOR_ROWS(row, sel, n)
    out->data.i32[row] = date_part(function_i32(dates, row), part);
    return 0;
}

static int time_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    enum part part = part_of(call);
    const struct vector *times = &args[call->nargs - 1];
    const int32_t divisor = part == PART_HOUR ? 3600 : part == PART_MINUTE ? 60 : 1;
    const int32_t modulus = part == PART_HOUR ? 24 : 60;

    FOR_ROWS(row, sel, n)
    {
        int64_t us = function_i64(times, row);
        int64_t s = us / TIMESTAMP_US_PER_S - (us % TIMESTAMP_US_PER_S < 0);
        int64_t in_day = (s + zone_offset_at(eval->zone, s)) % 86400;
        if (in_day < 0)
            in_day += 86400;
        out->data.i32[row] = (int32_t)in_day / divisor % modulus;
    }
    return 0;
}

/* The last argument as a DATE, or as a TIMESTAMP for the parts of the day. */
static struct expr *bind_part_of(struct binding *binding, const enum part *part)
{
    bool time = *part >= PART_HOUR;

    if (coerce_input(binding, binding->nargs - 1, time ? 'D' : 't') != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_INT), time ? time_kernel : date_kernel, part);
}

static struct expr *bind_part(struct binding *binding)
{
    return bind_part_of(binding, binding->function->detail);
}

/* ---- EXTRACT, date_part --------------------------------------------------------------------------------------- */

static const enum part parts[] = {PART_YEAR,      PART_QUARTER, PART_MONTH,         PART_WEEK,      PART_DAY,
                                  PART_DAYOFWEEK, PART_WEEKDAY, PART_DAYOFWEEK_ISO, PART_DAYOFYEAR, PART_YEAROFWEEK,
                                  PART_HOUR,      PART_MINUTE,  PART_SECOND};

static const struct {
    const char *names; /* space separated */
    enum part part;
} extract_fields[] = {
    {"YEAR Y YEARS YR YRS", PART_YEAR},
    {"YEAROFWEEK", PART_YEAROFWEEK},
    {"QUARTER QTR", PART_QUARTER},
    {"MONTH MON MONS MONTHS", PART_MONTH},
    {"WEEK W WEEKS", PART_WEEK},
    {"DAY D DAYS", PART_DAY},
    {"DAYOFWEEK DOW", PART_DAYOFWEEK},
    {"DAYOFWEEK_ISO DOW_ISO", PART_DAYOFWEEK_ISO},
    {"DOY", PART_DAYOFYEAR},
    {"HOUR H HOURS HR HRS", PART_HOUR},
    {"MINUTE M MIN MINS MINUTES", PART_MINUTE},
    {"SECOND S SEC SECONDS SECS", PART_SECOND},
};

static const enum part *find_field(struct str name)
{
    for (size_t i = 0; i < sizeof(extract_fields) / sizeof(extract_fields[0]); i++) {
        for (const char *word = extract_fields[i].names; *word != '\0'; word += strspn(word, " ")) {
            size_t len = strcspn(word, " ");
            if (len == name.len && strncasecmp(word, name.data, len) == 0)
                return &parts[extract_fields[i].part];
            word += len;
        }
    }
    return NULL;
}

/* Where the source's type does not fit, Spark's message names the function behind the field. */
static struct expr *bind_source(struct binding *binding, const enum part *part)
{
    static const char *const functions[] = {"year",      "quarter", "month",   "weekofyear", "day",
                                            "dayofweek", "weekday", "weekday", "dayofyear",  "year",
                                            "hour",      "minute",  "second"};
    enum type_id id = binding->args[1]->type->id;

    if (id != TYPE_TIMESTAMP && id != TYPE_DATE && id != TYPE_STRING && id != TYPE_NULL)
        return function_bind_other(binding, functions[*part], binding->args + 1, 1);
    return bind_part_of(binding, part);
}

static struct expr *bind_extract(struct binding *binding)
{
    const struct vector *field = function_constant(binding->args[0]);
    struct buf source = BUF_INIT;

    if (field == NULL)
        return diagnose(binding->err, binding->sql, binding->range, "NON_FOLDABLE_ARGUMENT", "42K08",
                        "The function `%s` requires the parameter `field` to be a foldable expression of the type "
                        "\"STRING\", but the actual argument is a non-foldable.",
                        binding->name);
    if (vector_is_null(field, 0)) {
        if (coerce_cast(binding, 0, type_of(TYPE_STRING)) != 0)
            return NULL;
        return function_call(binding, type_of(TYPE_DOUBLE), time_kernel, &parts[PART_HOUR]); /* strict: always NULL */
    }
    if (field->type->id != TYPE_STRING)
        return function_unexpected(binding, 0, "\"STRING\"");
    struct str name = field->data.str[0];
    const enum part *part = find_field(name);
    if (part == NULL) {
        expr_name(binding->args[1], &source);
        diagnose(binding->err, binding->sql, binding->range, "INVALID_EXTRACT_FIELD", "42601",
                 "Cannot extract `%.*s` from \"%s\".", (int)name.len, name.data,
                 source.data != NULL ? source.data : "");
        buf_release(&source);
        return NULL;
    }
    if (*part == PART_SECOND)
        return diagnose_unsupported(binding->err, binding->sql, binding->range,
                                    "Outside the supported subset of Spark SQL: the field SECOND (DECIMAL): use "
                                    "second(...).");
    return bind_source(binding, part);
}

static void show_from(const struct expr *call, struct buf *out)
{
    buf_append_text(out, call->function->name[0] == 'E' ? "extract" : call->function->name);
    buf_append_byte(out, '(');
    expr_name(call->args[0], out);
    buf_append_text(out, " FROM ");
    expr_name(call->args[1], out);
    buf_append_byte(out, ')');
}

#define STRICT FUNCTION_STRICT
#define PART(which) NULL, &parts[which], NULL

const struct function function_field_table[] = {
    {"year", NULL, STRICT, 1, 1, bind_part, PART(PART_YEAR)},
    {"quarter", NULL, STRICT, 1, 1, bind_part, PART(PART_QUARTER)},
    {"month", NULL, STRICT, 1, 1, bind_part, PART(PART_MONTH)},
    {"weekofyear", NULL, STRICT, 1, 1, bind_part, PART(PART_WEEK)},
    {"day", NULL, STRICT, 1, 1, bind_part, PART(PART_DAY)},
    {"dayofmonth", NULL, STRICT, 1, 1, bind_part, PART(PART_DAY)},
    {"dayofweek", NULL, STRICT, 1, 1, bind_part, PART(PART_DAYOFWEEK)},
    {"weekday", NULL, STRICT, 1, 1, bind_part, PART(PART_WEEKDAY)},
    {"dayofyear", NULL, STRICT, 1, 1, bind_part, PART(PART_DAYOFYEAR)},
    {"hour", NULL, STRICT, 1, 1, bind_part, PART(PART_HOUR)},
    {"minute", NULL, STRICT, 1, 1, bind_part, PART(PART_MINUTE)},
    {"second", NULL, STRICT, 1, 1, bind_part, PART(PART_SECOND)},
    {"EXTRACT", NULL, STRICT | FUNCTION_OPERATOR, 2, 2, bind_extract, NULL, NULL, show_from},
    {"date_part", NULL, STRICT, 2, 2, bind_extract, NULL, NULL, NULL},
    {"datepart", NULL, STRICT, 2, 2, bind_extract, NULL, NULL, show_from},
    {0},
};
