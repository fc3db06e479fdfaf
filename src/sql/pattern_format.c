#include "pattern_internal.h"

#include <stdlib.h>
#include <string.h>

struct moment {
    struct timestamp_civil civil;
    const struct zone *zone;
    int64_t epoch_s;
    int64_t days; /* of the local date */
    int32_t offset_s;
};

static int64_t field(const struct moment *m, char letter)
{
    const struct timestamp_civil *c = &m->civil;

    switch (letter) {
    case 'u':
        return c->year;
    case 'y':
        return c->year > 0 ? c->year : 1 - c->year;
    case 'M':
    case 'L':
        return c->month;
    case 'd':
        return c->day;
    case 'D':
        return m->days - timestamp_days(c->year, 1, 1) + 1;
    case 'F':
        return (c->day - 1) / 7 + 1;
    case 'g':
        return m->days + 40587; /* modified Julian day */
    case 'Q':
    case 'q':
        return (c->month - 1) / 3 + 1;
    case 'H':
        return c->hour;
    case 'k':
        return c->hour == 0 ? 24 : c->hour;
    case 'K':
        return c->hour % 12;
    case 'h':
        return c->hour % 12 == 0 ? 12 : c->hour % 12;
    case 'm':
        return c->minute;
    default:
        return c->second;
    }
}

static void append_padded(struct buf *out, uint64_t value, int width)
{
    char digits[24];
    int n = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (width-- > n)
        buf_append_byte(out, '0');
    while (n > 0)
        buf_append_byte(out, digits[--n]);
}

static void append_number(const struct pattern_element *e, int64_t value, struct buf *out)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t limit = 1;

    if (value < 0) {
        buf_append_byte(out, '-');
    } else if (e->sign == PATTERN_EXCEEDS) {
        for (int i = 0; i < e->min && limit < UINT64_C(1000000000000000000); i++)
            limit *= 10;
        if (magnitude >= limit)
            buf_append_byte(out, '+');
    }
    append_padded(out, magnitude, e->min);
}

static void append_text(const struct pattern_element *e, const struct moment *m, struct buf *out)
{
    static const char *const quarters[] = {"1st quarter", "2nd quarter", "3rd quarter", "4th quarter"};
    const char *name;

    switch (e->letter) {
    case 'a':
        buf_append_text(out, m->civil.hour < 12 ? "AM" : "PM");
        break;
    case 'G':
        if (e->full)
            buf_append_text(out, m->civil.year > 0 ? "Anno Domini" : "Before Christ");
        else
            buf_append_text(out, m->civil.year > 0 ? "AD" : "BC");
        break;
    case 'E':
        name = pattern_days[((m->days + 3) % 7 + 7) % 7]; /* 1970-01-01 was a Thursday */
        buf_append(out, name, e->full ? strlen(name) : 3);
        break;
    case 'Q':
    case 'q':
        if (e->full)
            buf_append_text(out, quarters[(m->civil.month - 1) / 3]);
        else
            buf_printf(out, "Q%d", (m->civil.month - 1) / 3 + 1);
        break;
    default:
        name = pattern_months[m->civil.month - 1];
        buf_append(out, name, e->full ? strlen(name) : 3);
        break;
    }
}

static void append_localized(const struct pattern_element *e, int32_t offset_s, struct buf *out)
{
    int32_t rest = abs(offset_s);

    buf_append_text(out, "GMT");
    if (offset_s == 0)
        return;
    buf_append_byte(out, offset_s < 0 ? '-' : '+');
    append_padded(out, (uint64_t)(rest / 3600), e->full ? 2 : 1);
    if (e->full || rest % 3600 != 0) {
        buf_append_byte(out, ':');
        append_padded(out, (uint64_t)(rest / 60 % 60), 2);
    }
    if (rest % 60 != 0) {
        buf_append_byte(out, ':');
        append_padded(out, (uint64_t)(rest % 60), 2);
    }
}

static void append_offset(const struct pattern_element *e, int32_t offset_s, struct buf *out)
{
    int32_t rest = abs(offset_s);
    int hours = rest / 3600, minutes = rest / 60 % 60, seconds = rest % 60;
    bool colon = e->offset == PATTERN_HH_MM || e->offset == PATTERN_HH_MM_ss;
    bool with_seconds = (e->offset == PATTERN_HHMMss || e->offset == PATTERN_HH_MM_ss) && seconds != 0;

    if (hours == 0 && minutes == 0 && !with_seconds) {
        buf_append(out, e->text, e->len);
        return;
    }
    buf_append_byte(out, offset_s < 0 ? '-' : '+');
    append_padded(out, (uint64_t)hours, 2);
    if (e->offset != PATTERN_HHmm || minutes != 0) {
        if (colon)
            buf_append_byte(out, ':');
        append_padded(out, (uint64_t)minutes, 2);
    }
    if (with_seconds) {
        if (colon)
            buf_append_byte(out, ':');
        append_padded(out, (uint64_t)seconds, 2);
    }
}

void pattern_format(const struct datetime_pattern *pattern, int64_t us, const struct zone *zone, struct buf *out)
{
    struct moment m = {.zone = zone};
    char fraction[16];

    timestamp_civil_of(us, zone, &m.civil);
    m.epoch_s = us / TIMESTAMP_US_PER_S - (us % TIMESTAMP_US_PER_S < 0);
    m.days = timestamp_days(m.civil.year, m.civil.month, m.civil.day);
    m.offset_s = zone_offset_at(zone, m.epoch_s);
    for (size_t i = 0; i < pattern->nelements; i++) {
        const struct pattern_element *e = &pattern->elements[i];
        switch (e->kind) {
        case PATTERN_LITERAL:
            buf_append(out, e->text, e->len);
            break;
        case PATTERN_NUMBER:
            append_number(e, field(&m, e->letter), out);
            break;
        case PATTERN_REDUCED:
            append_padded(out, (uint64_t)llabs(field(&m, e->letter)) % 100, 2);
            break;
        case PATTERN_TEXT:
            append_text(e, &m, out);
            break;
        case PATTERN_FRACTION: {
            int micro = m.civil.micro;
            for (int k = 5; k >= 0; k--, micro /= 10)
                fraction[k] = (char)('0' + micro % 10);
            memcpy(fraction + 6, "000", 3);
            buf_append(out, fraction, (size_t)e->max);
            break;
        }
        case PATTERN_ZONE_ID:
            buf_append_text(out, zone_id(zone));
            break;
        case PATTERN_ZONE_NAME:
        case PATTERN_ZONE_GENERIC:
            pattern_zone_name(zone, m.epoch_s, e->full, e->kind == PATTERN_ZONE_GENERIC, out);
            break;
        case PATTERN_LOCALIZED:
            append_localized(e, m.offset_s, out);
            break;
        case PATTERN_OFFSET:
            append_offset(e, m.offset_s, out);
            break;
        case PATTERN_OPTION:
            break; /* everything in it can be printed */
        }
    }
}
