/* Dates and times: truncation, arithmetic in days and months, building and formatting. Wall clocks are read in the
 * session's zone. */
#include "function_internal.h"
#include "pattern_internal.h"
#include "record/timestamp.h"

#include <strings.h>

/* ---- date_trunc, trunc ---------------------------------------------------------------------------------------- */

enum unit {
    UNIT_NONE,
    UNIT_US,
    UNIT_MS,
    UNIT_S,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_DAY,
    UNIT_WEEK,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_YEAR
};

static enum unit unit_of(struct str text)
{
    static const struct {
        const char *name;
        enum unit unit;
    } units[] = {
        {"MICROSECOND", UNIT_US}, {"MILLISECOND", UNIT_MS}, {"SECOND", UNIT_S}, {"MINUTE", UNIT_MINUTE},
        {"HOUR", UNIT_HOUR},      {"DAY", UNIT_DAY},        {"DD", UNIT_DAY},   {"WEEK", UNIT_WEEK},
        {"MONTH", UNIT_MONTH},    {"MON", UNIT_MONTH},      {"MM", UNIT_MONTH}, {"QUARTER", UNIT_QUARTER},
        {"YEAR", UNIT_YEAR},      {"YYYY", UNIT_YEAR},      {"YY", UNIT_YEAR},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strlen(units[i].name) == text.len && strncasecmp(units[i].name, text.data, text.len) == 0)
            return units[i].unit;
    return UNIT_NONE;
}

static int64_t floor_to(int64_t value, int64_t unit)
{
    int64_t rest = value % unit;

    return value - (rest < 0 ? rest + unit : rest);
}

/* The first day of the unit (WEEK: its Monday). */
static int64_t trunc_days(int64_t days, enum unit unit)
{
    int64_t year;
    int month, day;

    if (unit == UNIT_WEEK)
        return days - ((days + 3) % 7 + 7) % 7;
    timestamp_civil_of_days(days, &year, &month, &day);
    if (unit == UNIT_YEAR)
        month = 1;
    else if (unit == UNIT_QUARTER)
        month -= (month - 1) % 3;
    return timestamp_days(year, month, 1);
}

/* Units up to the minute do not depend on the zone but for offsets with seconds (before 1900); hours and days are the
 * wall clock's. */
static int64_t trunc_time(int64_t us, enum unit unit, const struct zone *zone)
{
    if (unit == UNIT_US)
        return us;
    if (unit == UNIT_MS)
        return floor_to(us, 1000);
    if (unit == UNIT_S)
        return floor_to(us, TIMESTAMP_US_PER_S);
    if (unit <= UNIT_HOUR) {
        /* in offset time, so that an hour that comes twice stays in its own half */
        int64_t offset =
            zone_offset_at(zone, floor_to(us, TIMESTAMP_US_PER_S) / TIMESTAMP_US_PER_S) * TIMESTAMP_US_PER_S;
        return floor_to(us + offset, (unit == UNIT_HOUR ? 3600 : 60) * TIMESTAMP_US_PER_S) - offset;
    }
    int64_t days = timestamp_to_date(us, zone);
    if (unit > UNIT_DAY)
        days = trunc_days(days, unit);
    return timestamp_from_date((int32_t)days, zone);
}

/* A day on the wall as instants [from_us, to_us), and what its times are truncated to. */
struct truncated_day {
    int64_t from_us;
    int64_t to_us;
    int64_t result;
};

/* Truncate to days or more. Neighbouring rows mostly lie in one day, and calendars and zones cost more than the
 * comparison. A day in which the
 * offset changes is not remembered: its instants may be in two pieces. */
static int64_t trunc_near(int64_t us, enum unit unit, const struct zone *zone, struct truncated_day *day)
{
    if (us >= day->from_us && us < day->to_us)
        return day->result;
    int64_t result = trunc_time(us, unit, zone);
    int32_t date = timestamp_to_date(us, zone);
    if (date > INT32_MIN / 256 && date < INT32_MAX / 256) { /* far from where days leave 64 bits */
        int64_t from_us = timestamp_from_date(date, zone), to_us = timestamp_from_date(date + 1, zone);
        if (zone_constant(zone, from_us / TIMESTAMP_US_PER_S - 1, to_us / TIMESTAMP_US_PER_S + 1))
            *day = (struct truncated_day){from_us, to_us, result};
    }
    return result;
}

static int date_trunc_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                             size_t n, struct vector *out)
{
    struct truncated_day day = {0, 0, 0};
    enum unit unit = UNIT_NONE;

    (void)call;
    if (args[0].constant)
        unit = unit_of(args[0].data.str[0]);
    if (args[0].constant && unit >= UNIT_DAY) {
        FOR_ROWS(row, sel, n)
        out->data.i64[row] = trunc_near(function_i64(&args[1], row), unit, eval->zone, &day);
        return 0;
    }
    FOR_ROWS(row, sel, n)
    {
        if (!args[0].constant)
            unit = unit_of(function_str(&args[0], row));
        if (unit == UNIT_NONE) /* an unknown unit gives NULL */
            vector_set_null(out, row);
        else
            out->data.i64[row] = trunc_time(function_i64(&args[1], row), unit, eval->zone);
    }
    return 0;
}

static int trunc_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        enum unit unit = unit_of(function_str(&args[1], row));
        if (unit < UNIT_WEEK)
            vector_set_null(out, row);
        else
            out->data.i32[row] = (int32_t)trunc_days(function_i32(&args[0], row), unit);
    }
    return 0;
}

/* ---- days and months ------------------------------------------------------------------------------------------ */

/* Java's int arithmetic: wraps. */
static int date_add_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    bool subtract = strcmp(call->function->name, "date_sub") == 0 || strcmp(call->function->name, "try_subtract") == 0;

    (void)eval;
    FOR_ROWS(row, sel, n)
    {
        uint32_t days = (uint32_t)function_i32(&args[1], row);
        out->data.i32[row] = (int32_t)((uint32_t)function_i32(&args[0], row) + (subtract ? 0 - days : days));
    }
    return 0;
}

static int datediff_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    out->data.i32[row] = (int32_t)((uint32_t)function_i32(&args[0], row) - (uint32_t)function_i32(&args[1], row));
    return 0;
}

#define ANSI_HINT " If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error."

static int add_months_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                             size_t n, struct vector *out)
{
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        int64_t year;
        int month, day;
        timestamp_civil_of_days(function_i32(&args[0], row), &year, &month, &day);
        int64_t months = year * 12 + (month - 1) + function_i32(&args[1], row);
        int64_t to_year = months / 12 - (months % 12 < 0);
        int to_month = (int)(months - to_year * 12) + 1;
        int last = timestamp_month_days(to_year, to_month);
        int64_t days = timestamp_days(to_year, to_month, day < last ? day : last);
        if (days < INT32_MIN || days > INT32_MAX)
            return diagnose_row(eval, NULL, row, "ARITHMETIC_OVERFLOW", "22003", "integer overflow." ANSI_HINT);
        out->data.i32[row] = (int32_t)days;
    }
    return 0;
}

static int last_day_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    (void)eval;
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        int64_t year;
        int month, day;
        int32_t days = function_i32(&args[0], row);
        timestamp_civil_of_days(days, &year, &month, &day);
        out->data.i32[row] = days + timestamp_month_days(year, month) - day;
    }
    return 0;
}

static int bad_field(struct eval *eval, size_t row, const char *field, const char *range, int32_t value)
{
    return diagnose_row(eval, NULL, row, "DATETIME_FIELD_OUT_OF_BOUNDS", "22023",
                        "Invalid value for %s (valid values %s): %d." ANSI_HINT, field, range, (int)value);
}

static int make_date_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                            size_t n, struct vector *out)
{
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        int32_t year = function_i32(&args[0], row);
        int32_t month = function_i32(&args[1], row);
        int32_t day = function_i32(&args[2], row);
        if (year < -999999999 || year > 999999999)
            return bad_field(eval, row, "Year", "-999999999 - 999999999", year);
        if (month < 1 || month > 12)
            return bad_field(eval, row, "MonthOfYear", "1 - 12", month);
        if (day < 1 || day > 31)
            return bad_field(eval, row, "DayOfMonth", "1 - 28/31", day);
        if (day > timestamp_month_days(year, month)) {
            char name[16] = "";
            for (size_t i = 0; pattern_months[month - 1][i] != '\0'; i++)
                name[i] = (char)(pattern_months[month - 1][i] & ~0x20);
            if (day == 29)
                return diagnose_row(eval, NULL, row, "DATETIME_FIELD_OUT_OF_BOUNDS", "22023",
                                    "Invalid date 'February 29' as '%d' is not a leap year." ANSI_HINT, (int)year);
            return diagnose_row(eval, NULL, row, "DATETIME_FIELD_OUT_OF_BOUNDS", "22023",
                                "Invalid date '%s %d'." ANSI_HINT, name, (int)day);
        }
        int64_t days = timestamp_days(year, month, day);
        if (days < INT32_MIN || days > INT32_MAX)
            return diagnose_row(eval, NULL, row, "ARITHMETIC_OVERFLOW", "22003", "integer overflow." ANSI_HINT);
        out->data.i32[row] = (int32_t)days;
    }
    return 0;
}

/* ---- date_format ---------------------------------------------------------------------------------------------- */

static int date_format_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                              const uint16_t *sel, size_t n, struct vector *out)
{
    const struct datetime_pattern *pattern = call->data;
    struct function_texts texts;

    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        if (call->data == NULL) {
            struct str source = function_str(&args[1], row);
            pattern = pattern_compile(eval->arena, source.data, source.len, false);
            if (pattern == NULL) {
                texts.buf.failed = true;
                break;
            }
        }
        if (pattern->message != NULL) {
            diagnose_row(eval, NULL, row, pattern->condition, pattern->sqlstate, "%s", pattern->message);
            return function_texts_end(&texts, true);
        }
        pattern_format(pattern, function_i64(&args[0], row), eval->zone, &texts.buf);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static struct expr *bind_date_format(struct binding *binding)
{
    const struct datetime_pattern *pattern = NULL;

    if (coerce_input(binding, 0, 'T') != 0 || coerce_input(binding, 1, 'S') != 0)
        return NULL;
    const struct vector *constant = function_constant(binding->args[1]);
    if (constant != NULL && !vector_is_null(constant, 0)) {
        struct str source = constant->data.str[0];
        pattern = pattern_compile(binding->arena, source.data, source.len, false);
        if (pattern == NULL)
            return function_oom(binding);
    }
    return function_call(binding, type_of(TYPE_STRING), NULL, pattern);
}

#define STRICT FUNCTION_STRICT
#define SIGNED function_bind_signature

const struct function function_time_table[] = {
    {"date_trunc", NULL, STRICT, 2, 2, SIGNED, date_trunc_kernel, "ST>T", NULL},
    {"trunc", NULL, STRICT, 2, 2, SIGNED, trunc_kernel, "tS>t", NULL},
    {"date_add", "dateadd", STRICT, 2, 2, SIGNED, date_add_kernel, "tI>t", NULL},
    {"date_sub", NULL, STRICT, 2, 2, SIGNED, date_add_kernel, "tI>t", NULL},
    {"datediff", NULL, STRICT, 2, 2, SIGNED, datediff_kernel, "tt>i", NULL},
    {"date_diff", NULL, STRICT, 2, 2, SIGNED, datediff_kernel, "tt>i", NULL},
    {"add_months", NULL, STRICT, 2, 2, SIGNED, add_months_kernel, "ti>t", NULL},
    {"last_day", NULL, STRICT, 1, 1, SIGNED, last_day_kernel, "t>t", NULL},
    {"make_date", NULL, STRICT, 3, 3, SIGNED, make_date_kernel, "iii>t", NULL},
    {"date_format", NULL, STRICT, 2, 2, bind_date_format, date_format_kernel, NULL, NULL},
    {0},
};
