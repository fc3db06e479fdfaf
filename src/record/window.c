#include "record/window.h"

#include <string.h>
#include <strings.h>

#define US_PER_S INT64_C(1000000)

/* --- expansion --------------------------------------------------------------------------------------------------- */

int window_check(const struct window *window, struct errbuf *err)
{
    static const char range[] = "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE";
    static const char relation[] = "DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION";
    static const char state[] = "42K09";

    if (window->length_us <= 0)
        return errbuf_condition(err, range, state,
                                "window: the window duration must be in (0, 9223372036854775807] microseconds, not "
                                "%lld",
                                (long long)window->length_us);
    if (window->slide_us <= 0)
        return errbuf_condition(err, range, state,
                                "window: the slide duration must be in (0, 9223372036854775807] microseconds, not %lld",
                                (long long)window->slide_us);
    if (window->slide_us > window->length_us)
        return errbuf_condition(err, relation, state,
                                "window: the slide duration (%lld us) must not exceed the window duration (%lld us)",
                                (long long)window->slide_us, (long long)window->length_us);
    if (window->start_us >= window->slide_us || window->start_us <= -window->slide_us)
        return errbuf_condition(err, relation, state,
                                "window: the start time (%lld us) must be shorter than the slide duration (%lld us)",
                                (long long)window->start_us, (long long)window->slide_us);
    return 0;
}

size_t window_max(const struct window *window)
{
    return (size_t)(window->length_us / window->slide_us + (window->length_us % window->slide_us != 0));
}

bool window_fits(const struct window *window, int64_t event_us)
{
    int64_t relative, bound;

    if (__builtin_sub_overflow(event_us, window->start_us, &relative))
        return false;
    int64_t rest = relative % window->slide_us;
    /* Spark adds a slide to a remainder below 0 only, so the latest start is never above the event */
    if (__builtin_sub_overflow(event_us, rest < 0 ? rest + window->slide_us : rest, &bound) ||
        __builtin_add_overflow(bound, window->length_us, &relative))
        return false;
    int64_t back = window->length_us - window->length_us % window->slide_us;
    return !__builtin_sub_overflow(bound, back, &bound);
}

size_t window_starts(const struct window *window, int64_t event_us, int64_t *starts)
{
    size_t most = window_max(window);
    size_t n = 0;
    uint64_t start_us = (uint64_t)window_start(window, event_us);

    for (size_t i = 0; i < most; i++, start_us -= (uint64_t)window->slide_us)
        if ((int64_t)((uint64_t)event_us - start_us) < window->length_us)
            starts[n++] = (int64_t)start_us;
    return n;
}

/* --- interval text ----------------------------------------------------------------------------------------------- */

enum unit_kind { UNIT_US, UNIT_MONTHS };

static const struct {
    const char *name; /* singular; an s may follow */
    enum unit_kind kind;
    int64_t factor;
} units[] = {
    {"microsecond", UNIT_US, 1},
    {"millisecond", UNIT_US, 1000},
    {"second", UNIT_US, US_PER_S},
    {"minute", UNIT_US, 60 * US_PER_S},
    {"hour", UNIT_US, 3600 * US_PER_S},
    {"day", UNIT_US, 86400 * US_PER_S},
    {"week", UNIT_US, 7 * 86400 * US_PER_S},
    {"month", UNIT_MONTHS, 1},
    {"year", UNIT_MONTHS, 12},
};

#define SECOND_UNIT 2

struct scan {
    const char *p;
    const char *end;
};

static bool blank(char c)
{
    return (unsigned char)c <= 0x20 || c == 0x7F;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->p < scan->end && blank(*scan->p))
        scan->p++;
}

enum part { PART_OK, PART_BROKEN, PART_MONTHS };

/* One "[+-]123[.456] unit". */
static enum part scan_part(struct scan *scan, int month_days, int64_t *us)
{
    int64_t whole = 0;
    int64_t fraction_us = 0;
    bool negative = false;
    bool fraction = false;

    if (*scan->p == '+' || *scan->p == '-') {
        negative = *scan->p++ == '-';
        skip_blanks(scan);
    }
    const char *digits = scan->p;
    for (; scan->p < scan->end && *scan->p >= '0' && *scan->p <= '9'; scan->p++)
        if (__builtin_mul_overflow(whole, INT64_C(10), &whole) ||
            __builtin_add_overflow(whole, (int64_t)(*scan->p - '0'), &whole))
            return PART_BROKEN;
    bool any = scan->p > digits;
    if (scan->p < scan->end && *scan->p == '.') {
        fraction = true;
        /* nanoseconds are read and cut: nine digits at most */
        int64_t unit_us = US_PER_S / 10;
        const char *first = ++scan->p;
        for (; scan->p < scan->end && *scan->p >= '0' && *scan->p <= '9'; scan->p++) {
            fraction_us += (*scan->p - '0') * unit_us;
            unit_us /= 10;
        }
        if (scan->p - first > 9)
            return PART_BROKEN;
        any = any || scan->p > first;
    }
    if (!any || scan->p == scan->end || !blank(*scan->p))
        return PART_BROKEN;
    skip_blanks(scan);
    const char *word = scan->p;
    while (scan->p < scan->end && !blank(*scan->p))
        scan->p++;
    size_t len = (size_t)(scan->p - word);
    if (len > 1 && (word[len - 1] | 0x20) == 's')
        len--;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) != len || strncasecmp(units[i].name, word, len) != 0)
            continue;
        if (fraction && i != SECOND_UNIT)
            return PART_BROKEN;
        int64_t factor = units[i].factor;
        if (units[i].kind == UNIT_MONTHS) {
            if (month_days == 0)
                return PART_MONTHS;
            factor *= month_days * 86400 * US_PER_S;
        }
        if (negative) {
            whole = -whole;
            fraction_us = -fraction_us;
        }
        int64_t part;
        return !__builtin_mul_overflow(whole, factor, &part) && !__builtin_add_overflow(part, fraction_us, &part) &&
                       !__builtin_add_overflow(*us, part, us)
                   ? PART_OK
                   : PART_BROKEN;
    }
    return PART_BROKEN;
}

int window_parse_interval(const char *text, size_t len, int month_days, int64_t *us, struct errbuf *err)
{
    struct scan scan = {text, text + len};
    int64_t sum = 0;

    skip_blanks(&scan);
    if (scan.end - scan.p > 8 && strncasecmp(scan.p, "interval", 8) == 0 && blank(scan.p[8]))
        scan.p += 8;
    skip_blanks(&scan);
    if (scan.p == scan.end)
        goto fail;
    for (; scan.p < scan.end; skip_blanks(&scan)) {
        enum part part = scan_part(&scan, month_days, &sum);
        if (part == PART_MONTHS)
            return errbuf_condition(err, "_LEGACY_ERROR_TEMP_3231", "",
                                    "Intervals greater than a month is not supported (%.*s).", len > 80 ? 80 : (int)len,
                                    text);
        if (part != PART_OK)
            goto fail;
    }
    *us = sum;
    return 0;

fail:
    return errbuf_condition(err, "CANNOT_PARSE_INTERVAL", "22006",
                            "Unable to parse '%.*s': write numbers and units, as in '60 minutes' or '1 day 12 hours'",
                            len > 80 ? 80 : (int)len, text);
}
