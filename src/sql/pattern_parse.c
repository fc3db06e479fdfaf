/* Parsing, as DateTimeFormatter does in strict style and without regard to letter case: elements from left to right,
 * optional sections given up as a whole; then the fields are put together. Which fields Spark fills in is in
 * resolve(). */
#include "pattern_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define UNSET INT64_MIN

struct fields {
    int64_t year, year_of_era, era; /* era: 1 AD, 0 BC */
    int64_t month, day, day_of_year;
    int64_t hour, clock_hour, ampm_hour, clock_ampm_hour, ampm;
    int64_t minute, second, nano;
    const struct zone *zone;
    int64_t offset_s;
};

struct parser {
    const char *text;
    size_t len;
    struct fields fields;
};

static int64_t *field_of(struct fields *fields, char letter)
{
    switch (letter) {
    case 'u':
        return &fields->year;
    case 'y':
        return &fields->year_of_era;
    case 'M':
    case 'L':
        return &fields->month;
    case 'd':
        return &fields->day;
    case 'D':
        return &fields->day_of_year;
    case 'H':
        return &fields->hour;
    case 'k':
        return &fields->clock_hour;
    case 'K':
        return &fields->ampm_hour;
    case 'h':
        return &fields->clock_ampm_hour;
    case 'm':
        return &fields->minute;
    case 's':
        return &fields->second;
    default:
        return NULL;
    }
}

static bool digit_at(const struct parser *p, size_t at)
{
    return at < p->len && p->text[at] >= '0' && p->text[at] <= '9';
}

/* NumberPrinterParser.parse. Returns the position behind it; on failure SIZE_MAX with *fail where. */
static size_t parse_number(struct parser *p, const struct pattern_element *e, size_t at, size_t *fail)
{
    bool negative = false, positive = false;
    size_t begin = at, min = (size_t)e->min, max = (size_t)e->max + (size_t)e->subsequent;
    int64_t value = 0;
    size_t pos;

    *fail = at;
    if (at >= p->len)
        return SIZE_MAX;
    if (p->text[at] == '+' || p->text[at] == '-') {
        negative = p->text[at] == '-';
        positive = !negative;
        if (e->sign == PATTERN_NOT_NEGATIVE || (positive && e->sign == PATTERN_NORMAL))
            return SIZE_MAX;
        at++;
    }
    *fail = at;
    if (min > p->len - at)
        return SIZE_MAX;
    for (int pass = 0; pass < 2; pass++) {
        value = 0;
        for (pos = at; pos - at < max && digit_at(p, pos); pos++)
            if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, p->text[pos] - '0', &value))
                return SIZE_MAX;
        if (pos - at < min)
            return SIZE_MAX;
        if (e->subsequent == 0 || pass == 1)
            break;
        /* leave the digits that the numbers behind it need */
        size_t spare = pos - at;
        max = spare > (size_t)e->subsequent ? spare - (size_t)e->subsequent : 0;
        if (max < min)
            max = min;
    }
    if (negative) {
        if (value == 0) {
            *fail = begin;
            return SIZE_MAX;
        }
        value = -value;
    } else if (e->sign == PATTERN_EXCEEDS && (pos - at > min) != positive) {
        *fail = begin; /* a plus sign is needed exactly when there are more digits */
        return SIZE_MAX;
    }
    if (e->kind == PATTERN_REDUCED)
        value += 2000;
    int64_t *field = field_of(&p->fields, e->letter);
    if (field != NULL)
        *field = value;
    return pos;
}

static bool starts_with(const struct parser *p, size_t at, const char *name, size_t len)
{
    return len <= p->len - at && strncasecmp(p->text + at, name, len) == 0;
}

static size_t parse_text(struct parser *p, const struct pattern_element *e, size_t at)
{
    if (e->letter == 'a') {
        for (int i = 0; i < 2; i++) {
            if (starts_with(p, at, i == 0 ? "AM" : "PM", 2)) {
                p->fields.ampm = i;
                return at + 2;
            }
        }
    } else if (e->letter == 'G') {
        const char *const names[] = {e->full ? "Before Christ" : "BC", e->full ? "Anno Domini" : "AD"};
        for (int i = 0; i < 2; i++) {
            if (starts_with(p, at, names[i], strlen(names[i]))) {
                p->fields.era = i;
                return at + strlen(names[i]);
            }
        }
    } else {
        for (int i = 0; i < 12; i++) {
            size_t len = e->full ? strlen(pattern_months[i]) : 3;
            if (starts_with(p, at, pattern_months[i], len)) {
                p->fields.month = i + 1;
                return at + len;
            }
        }
    }
    return SIZE_MAX;
}

static size_t parse_fraction(struct parser *p, const struct pattern_element *e, size_t at)
{
    int64_t nano = 0;
    size_t pos = at;

    while (pos - at < (size_t)e->max && digit_at(p, pos))
        nano = nano * 10 + (p->text[pos++] - '0');
    if (pos - at < (size_t)e->min)
        return SIZE_MAX;
    for (size_t i = pos - at; i < 9; i++)
        nano *= 10;
    p->fields.nano = nano;
    return pos;
}

/* The longest text here that names a zone. */
static size_t parse_zone(struct parser *p, size_t at)
{
    size_t end = at;

    while (end < p->len && end - at < 40 && p->text[end] != ' ' && p->text[end] != ']' && p->text[end] != ')')
        end++;
    for (; end > at; end--) {
        const struct zone *zone = zone_open(p->text + at, end - at, NULL);
        if (zone != NULL) {
            p->fields.zone = zone;
            return end;
        }
    }
    return SIZE_MAX;
}

/* Two digits, behind a colon if there must be one. */
static size_t parse_two(const struct parser *p, size_t at, bool colon, int64_t *value)
{
    if (colon) {
        if (at >= p->len || p->text[at] != ':')
            return SIZE_MAX;
        at++;
    }
    if (!digit_at(p, at) || !digit_at(p, at + 1))
        return SIZE_MAX;
    *value = (p->text[at] - '0') * 10 + (p->text[at + 1] - '0');
    return *value <= 59 ? at + 2 : SIZE_MAX;
}

static size_t parse_offset(struct parser *p, const struct pattern_element *e, size_t at)
{
    bool colon = e->offset == PATTERN_HH_MM || e->offset == PATTERN_HH_MM_ss;
    int64_t hours, minutes = 0, seconds = 0;
    size_t next, behind;

    if (at < p->len && (p->text[at] == '+' || p->text[at] == '-')) {
        next = parse_two(p, at + 1, false, &hours);
        if (next != SIZE_MAX && hours <= 18) {
            behind = parse_two(p, next, colon, &minutes);
            if (behind != SIZE_MAX) {
                next = behind;
                if (e->offset == PATTERN_HHMMss || e->offset == PATTERN_HH_MM_ss) {
                    behind = parse_two(p, next, colon, &seconds);
                    if (behind != SIZE_MAX)
                        next = behind;
                    else
                        seconds = 0;
                }
            } else if (e->offset != PATTERN_HHmm) {
                return SIZE_MAX;
            } else {
                minutes = 0;
            }
            p->fields.offset_s = (hours * 3600 + minutes * 60 + seconds) * (p->text[at] == '-' ? -1 : 1);
            return next;
        }
    }
    if (starts_with(p, at, e->text, e->len)) {
        p->fields.offset_s = 0;
        return at + e->len;
    }
    return SIZE_MAX;
}

/* GMT, GMT+8, GMT+08:00 */
static size_t parse_localized(struct parser *p, const struct pattern_element *e, size_t at)
{
    int64_t hours = 0, minutes = 0, seconds = 0;
    size_t behind;

    if (!starts_with(p, at, "GMT", 3))
        return SIZE_MAX;
    at += 3;
    p->fields.offset_s = 0;
    if (at >= p->len || (p->text[at] != '+' && p->text[at] != '-'))
        return at;
    bool negative = p->text[at] == '-';
    size_t digits = digit_at(p, at + 1) ? (digit_at(p, at + 2) ? 2 : 1) : 0;
    if (digits == 0 || (e->full && digits != 2))
        return SIZE_MAX;
    for (size_t i = 1; i <= digits; i++)
        hours = hours * 10 + (p->text[at + i] - '0');
    at += 1 + digits;
    behind = parse_two(p, at, true, &minutes);
    if (behind != SIZE_MAX) {
        at = behind;
        behind = parse_two(p, at, true, &seconds);
        if (behind != SIZE_MAX)
            at = behind;
        else
            seconds = 0;
    } else if (e->full) {
        return SIZE_MAX;
    } else {
        minutes = 0;
    }
    p->fields.offset_s = (hours * 3600 + minutes * 60 + seconds) * (negative ? -1 : 1);
    return at;
}

static size_t parse_element(struct parser *p, const struct pattern_element *e, size_t at, size_t *fail)
{
    size_t next = SIZE_MAX;

    *fail = at;
    switch (e->kind) {
    case PATTERN_LITERAL:
        return starts_with(p, at, e->text, e->len) ? at + e->len : SIZE_MAX;
    case PATTERN_NUMBER:
    case PATTERN_REDUCED:
        return parse_number(p, e, at, fail);
    case PATTERN_TEXT:
        next = parse_text(p, e, at);
        break;
    case PATTERN_FRACTION:
        next = parse_fraction(p, e, at);
        break;
    case PATTERN_ZONE_ID:
    case PATTERN_ZONE_NAME:
    case PATTERN_ZONE_GENERIC:
        next = parse_zone(p, at);
        break;
    case PATTERN_LOCALIZED:
        next = parse_localized(p, e, at);
        break;
    case PATTERN_OFFSET:
        next = parse_offset(p, e, at);
        break;
    case PATTERN_OPTION:
        break;
    }
    return next;
}

/* Elements [first, stop). The position behind them, or SIZE_MAX. */
static size_t parse_elements(struct parser *p, const struct datetime_pattern *pattern, size_t first, size_t stop,
                             size_t at, size_t *fail)
{
    for (size_t i = first; i < stop; i++) {
        const struct pattern_element *e = &pattern->elements[i];
        if (e->kind == PATTERN_OPTION) {
            struct fields before = p->fields;
            size_t unused;
            size_t next = parse_elements(p, pattern, i + 1, i + 1 + e->skip, at, &unused);
            if (next == SIZE_MAX)
                p->fields = before;
            else
                at = next;
            i += e->skip;
            continue;
        }
        at = parse_element(p, e, at, fail);
        if (at == SIZE_MAX)
            return SIZE_MAX;
    }
    return at;
}

/* Java shows two upper ends where the greatest value depends on the month or year; `smallest` is the lower of them, 0:
 * there is one. */
static bool in_range(int64_t value, int64_t low, int64_t high, int smallest, const char *name, char *why,
                     size_t why_size)
{
    char also[16] = "";

    if (value == UNSET || (value >= low && value <= high))
        return true;
    if (smallest != 0)
        snprintf(also, sizeof(also), "%d/", smallest);
    snprintf(why, why_size, "could not be parsed: Invalid value for %s (valid values %lld - %s%lld): %lld", name,
             (long long)low, also, (long long)high, (long long)value);
    return false;
}

static bool check_ranges(const struct fields *f, char *why, size_t why_size)
{
    return in_range(f->month, 1, 12, 0, "MonthOfYear", why, why_size) &&
           in_range(f->day, 1, 31, 28, "DayOfMonth", why, why_size) &&
           in_range(f->day_of_year, 1, 366, 365, "DayOfYear", why, why_size) &&
           in_range(f->hour, 0, 23, 0, "HourOfDay", why, why_size) &&
           in_range(f->clock_hour, 1, 24, 0, "ClockHourOfDay", why, why_size) &&
           in_range(f->ampm_hour, 0, 11, 0, "HourOfAmPm", why, why_size) &&
           in_range(f->clock_ampm_hour, 1, 12, 0, "ClockHourOfAmPm", why, why_size) &&
           in_range(f->minute, 0, 59, 0, "MinuteOfHour", why, why_size) &&
           in_range(f->second, 0, 59, 0, "SecondOfMinute", why, why_size) &&
           in_range(f->year, -290308, 294247, 0, "Year", why, why_size) &&
           in_range(f->year_of_era, 1, 294247, 0, "YearOfEra", why, why_size);
}

/* Hours from whichever fields there are; without AM or PM it is AM, and PM alone is noon. */
static int hour_of(const struct fields *f)
{
    int64_t half = f->ampm_hour != UNSET ? f->ampm_hour : f->clock_ampm_hour != UNSET ? f->clock_ampm_hour % 12 : UNSET;

    if (f->hour != UNSET)
        return (int)f->hour;
    if (f->clock_hour != UNSET)
        return (int)(f->clock_hour % 24);
    if (half != UNSET)
        return (int)(half + (f->ampm == 1 ? 12 : 0));
    return f->ampm == 1 ? 12 : 0;
}

static int64_t or_else(int64_t value, int64_t other)
{
    return value != UNSET ? value : other;
}

static bool resolve(const struct fields *f, const struct zone *zone, int64_t *us, char *why, size_t why_size)
{
    struct timestamp_civil civil = {.year = 1970, .month = 1, .day = 1};

    if (!check_ranges(f, why, why_size))
        return false;
    if (f->year != UNSET)
        civil.year = f->year;
    else if (f->year_of_era != UNSET)
        civil.year = f->era == 0 ? 1 - f->year_of_era : f->year_of_era;
    bool leap = timestamp_month_days(civil.year, 2) == 29;
    if (f->day_of_year != UNSET) {
        if (f->day_of_year == 366 && !leap) {
            snprintf(why, why_size, "could not be parsed: Invalid date 'DayOfYear 366' as '%lld' is not a leap year",
                     (long long)civil.year);
            return false;
        }
        timestamp_civil_of_days(timestamp_days(civil.year, 1, 1) + f->day_of_year - 1, &civil.year, &civil.month,
                                &civil.day);
    } else {
        civil.month = (int)or_else(f->month, 1);
        civil.day = (int)or_else(f->day, 1);
    }
    if (civil.day > timestamp_month_days(civil.year, civil.month)) {
        char month[16];
        size_t n = strlen(pattern_months[civil.month - 1]);
        for (size_t i = 0; i <= n; i++) {
            char c = pattern_months[civil.month - 1][i];
            month[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
        }
        if (civil.month == 2 && civil.day == 29)
            snprintf(why, why_size, "could not be parsed: Invalid date 'February 29' as '%lld' is not a leap year",
                     (long long)civil.year);
        else
            snprintf(why, why_size, "could not be parsed: Invalid date '%s %d'", month, civil.day);
        return false;
    }
    civil.hour = hour_of(f);
    civil.minute = (int)or_else(f->minute, 0);
    civil.second = (int)or_else(f->second, 0);
    civil.micro = (int)(or_else(f->nano, 0) / 1000);
    if (f->offset_s != UNSET)
        *us = timestamp_of_civil(&civil, zone_utc()) - f->offset_s * TIMESTAMP_US_PER_S;
    else
        *us = timestamp_of_civil(&civil, f->zone != NULL ? f->zone : zone);
    return true;
}

/* Java counts UTF-16 units. */
static size_t utf16_units(const char *text, size_t len)
{
    size_t units = 0;

    for (size_t i = 0; i < len; i++)
        units += ((unsigned char)text[i] & 0xC0) != 0x80 ? 1 + ((unsigned char)text[i] >= 0xF0) : 0;
    return units;
}

bool pattern_parse(const struct datetime_pattern *pattern, const char *text, size_t len, const struct zone *zone,
                   int64_t *us, char *why, size_t why_size)
{
    struct parser p = {.text = text, .len = len};
    size_t fail = 0;

    p.fields = (struct fields){UNSET, UNSET, UNSET, UNSET, UNSET, UNSET, UNSET, UNSET,
                               UNSET, UNSET, UNSET, UNSET, UNSET, UNSET, NULL,  UNSET};
    size_t end = parse_elements(&p, pattern, 0, pattern->nelements, 0, &fail);
    if (end == SIZE_MAX) {
        snprintf(why, why_size, "could not be parsed at index %zu", utf16_units(text, fail));
        return false;
    }
    if (end < len) {
        snprintf(why, why_size, "could not be parsed, unparsed text found at index %zu", utf16_units(text, end));
        return false;
    }
    return resolve(&p.fields, zone, us, why, why_size);
}
