/* The grammar is IntervalUtils.stringToInterval of Spark 4.0.0, state for state, because its corners are visible:
 * blanks between sign and number, fractions on seconds only and at most nine digits, "10min" refused. */
#include "common/duration.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define US_PER_MS INT64_C(1000)
#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)

/* Bytes of a text that its error repeats. */
#define LONGEST_SHOWN 200

struct unit {
    const char *name;
    int64_t months, days, us; /* one of them is not 0 */
};

static const struct unit units[] = {
    {"year", 12, 0, 0},
    {"month", 1, 0, 0},
    {"week", 0, 7, 0},
    {"day", 0, 1, 0},
    {"hour", 0, 0, US_PER_HOUR},
    {"minute", 0, 0, US_PER_MINUTE},
    {"second", 0, 0, US_PER_SECOND},
    {"millisecond", 0, 0, US_PER_MS},
    {"microsecond", 0, 0, 1},
};

static const struct unit short_units[] = {
    {"us", 0, 0, 1},
    {"ms", 0, 0, US_PER_MS},
    {"s", 0, 0, US_PER_SECOND},
    {"m", 0, 0, US_PER_MINUTE},
    {"min", 0, 0, US_PER_MINUTE},
    {"h", 0, 0, US_PER_HOUR},
    {"d", 0, 1, 0},
};

struct cursor {
    const char *p;
    const char *end;
};

/* Java's Character.isWhitespace below 128 */
static bool is_blank(char c)
{
    return (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= ' ');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct cursor *in)
{
    while (in->p < in->end && is_blank(*in->p))
        in->p++;
}

static int take_digits(struct cursor *in, int64_t *value)
{
    *value = 0;
    for (; in->p < in->end && is_digit(*in->p); in->p++) {
        if (__builtin_mul_overflow(*value, (int64_t)10, value) ||
            __builtin_add_overflow(*value, (int64_t)(*in->p - '0'), value))
            return -1;
    }
    return 0;
}

/* Digits behind the point as microseconds (rounded down from at most nine digits). */
static int take_fraction(struct cursor *in, bool need_digits, int64_t *us)
{
    int64_t scale = 100000000; /* nanoseconds of the first digit */
    int64_t ns = 0;
    const char *start = in->p;

    for (; in->p < in->end && is_digit(*in->p); in->p++) {
        if (scale == 0)
            return -1;
        ns += (*in->p - '0') * scale;
        scale /= 10;
    }
    if (need_digits && in->p == start)
        return -1;
    *us = ns / 1000;
    return 0;
}

static int add_part(struct duration *sum, const struct unit *unit, int64_t value, int64_t fraction_us)
{
    int64_t part, total;

    if (__builtin_mul_overflow(value, unit->months, &part) || __builtin_add_overflow(part, sum->months, &total) ||
        total != (int32_t)total)
        return -1;
    sum->months = (int32_t)total;
    if (__builtin_mul_overflow(value, unit->days, &part) || __builtin_add_overflow(part, sum->days, &total) ||
        total != (int32_t)total)
        return -1;
    sum->days = (int32_t)total;
    if (__builtin_mul_overflow(value, unit->us, &part) || __builtin_add_overflow(part, fraction_us, &part) ||
        __builtin_add_overflow(sum->us, part, &sum->us))
        return -1;
    return 0;
}

/* "<sign> <number> <unit>" with the cursor on the sign or number. */
static int take_pair(struct cursor *in, struct duration *sum)
{
    bool negative = false, has_fraction = false;
    int64_t value = 0, fraction_us = 0;

    if (*in->p == '.') {
        in->p++;
        has_fraction = true;
        if (take_fraction(in, true, &fraction_us) != 0)
            return -1;
    } else {
        if (*in->p == '-' || *in->p == '+') {
            negative = *in->p == '-';
            in->p++;
            skip_blanks(in);
        } else if (!is_digit(*in->p)) {
            return -1;
        }
        const char *start = in->p;
        if (take_digits(in, &value) != 0)
            return -1;
        /* behind a sign stands a digit or a point */
        if (in->p == start && (in->p == in->end || *in->p != '.'))
            return -1;
        if (in->p < in->end && *in->p == '.') {
            in->p++;
            has_fraction = true;
            if (take_fraction(in, false, &fraction_us) != 0)
                return -1;
        }
    }
    if (in->p == in->end || !is_blank(*in->p))
        return -1;
    skip_blanks(in);

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        size_t len = strlen(units[i].name);
        if ((size_t)(in->end - in->p) < len || strncasecmp(in->p, units[i].name, len) != 0)
            continue;
        if (has_fraction && units[i].us != US_PER_SECOND)
            return -1;
        in->p += len;
        if (in->p < in->end && (*in->p == 's' || *in->p == 'S'))
            in->p++;
        if (in->p < in->end && !is_blank(*in->p))
            return -1;
        return add_part(sum, &units[i], negative ? -value : value, negative ? -fraction_us : fraction_us);
    }
    return -1;
}

static int parse_pairs(struct cursor in, struct duration *out)
{
    static const char prefix[] = "interval";
    const size_t prefix_len = sizeof(prefix) - 1;

    if (in.p == in.end)
        return -1;
    if ((size_t)(in.end - in.p) >= prefix_len && strncasecmp(in.p, prefix, prefix_len) == 0) {
        in.p += prefix_len;
        if (in.p == in.end || !is_blank(*in.p))
            return -1;
    }
    for (skip_blanks(&in); in.p < in.end; skip_blanks(&in))
        if (take_pair(&in, out) != 0)
            return -1;
    return 0;
}

static int parse_short(struct cursor in, int flags, struct duration *out)
{
    bool negative = in.p < in.end && *in.p == '-';
    int64_t value;

    if (negative)
        in.p++;
    if (in.p == in.end || !is_digit(*in.p) || take_digits(&in, &value) != 0)
        return -1;
    if (negative)
        value = -value;
    skip_blanks(&in);
    size_t rest = (size_t)(in.end - in.p);
    if (rest == 0) {
        static const struct unit ms = {"", 0, 0, US_PER_MS};
        return flags & DURATION_BARE_MS ? add_part(out, &ms, value, 0) : -1;
    }
    if (!(flags & DURATION_SHORT))
        return -1;
    for (size_t i = 0; i < sizeof(short_units) / sizeof(*short_units); i++)
        if (strlen(short_units[i].name) == rest && strncasecmp(in.p, short_units[i].name, rest) == 0)
            return add_part(out, &short_units[i], value, 0);
    return -1;
}

/* UTF8String.trimAll */
static struct cursor trimmed(const char *text, size_t len)
{
    struct cursor in = {text, text + len};

    while (in.p < in.end && ((unsigned char)*in.p <= ' ' || *in.p == 0x7f))
        in.p++;
    while (in.end > in.p && ((unsigned char)in.end[-1] <= ' ' || in.end[-1] == 0x7f))
        in.end--;
    return in;
}

int duration_parse(const char *text, size_t len, int flags, struct duration *out, struct errbuf *err)
{
    struct cursor in = trimmed(text, len);

    *out = (struct duration){0, 0, 0};
    if (parse_pairs(in, out) == 0)
        return 0;
    *out = (struct duration){0, 0, 0};
    if ((flags & (DURATION_SHORT | DURATION_BARE_MS)) && parse_short(in, flags, out) == 0)
        return 0;
    errbuf_condition(
        err, "CANNOT_PARSE_INTERVAL", "22006",
        "Unable to parse '%.*s'. Please ensure that the value provided is in a valid format for defining an "
        "interval. You can reference the documentation for the correct format. If the issue persists, please "
        "double check that the input value is not null or empty and try again.",
        len < LONGEST_SHOWN ? (int)len : LONGEST_SHOWN, text);
    err->exit_code = EXIT_CODE_USAGE;
    return -1;
}

int duration_total_us(const struct duration *duration, int month_days, const char *text, size_t len, int64_t *us,
                      struct errbuf *err)
{
    int64_t days = duration->days, total;
    int shown = len < LONGEST_SHOWN ? (int)len : LONGEST_SHOWN;

    if (duration->months != 0 && month_days == 0) {
        errbuf_condition(err, "_LEGACY_ERROR_TEMP_3231", "", "Intervals greater than a month is not supported (%.*s).",
                         shown, text);
        err->exit_code = EXIT_CODE_USAGE;
        return -1;
    }
    days += (int64_t)duration->months * month_days; /* int32 times a small number: no overflow */
    if (__builtin_mul_overflow(days, US_PER_DAY, &total) || __builtin_add_overflow(total, duration->us, us)) {
        errbuf_condition(err, "ARITHMETIC_OVERFLOW", "22003",
                         "long overflow: the interval '%.*s' has too many microseconds", shown, text);
        err->exit_code = EXIT_CODE_USAGE;
        return -1;
    }
    return 0;
}
