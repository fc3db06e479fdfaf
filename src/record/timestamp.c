/* Calendar arithmetic after Howard Hinnant's days_from_civil; the parsers are Spark's DateTimeUtils.stringToTimestamp
 * and stringToDate, whose small state machine over "segments" is kept as it is, since its odd corners are the
 * contract. */
#include "record/timestamp.h"

#include "common/clock.h"
#include "record/number.h"

#include <string.h>
#ifdef __x86_64__
#include <emmintrin.h>
#endif

#define DAY_S 86400

/* --- calendar ---------------------------------------------------------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t timestamp_days(int64_t year, int month, int day)
{
    /* years begin in March, so that the leap day is the last one */
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

void timestamp_civil_of_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

int timestamp_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return days[month - 1];
}

void timestamp_civil_of(int64_t us, const struct zone *zone, struct timestamp_civil *civil)
{
    int64_t epoch_s = floor_div(us, TIMESTAMP_US_PER_S);
    int64_t local_s = epoch_s + zone_offset_at(zone, epoch_s);
    int64_t days = floor_div(local_s, DAY_S);
    int second_of_day = (int)(local_s - days * DAY_S);

    timestamp_civil_of_days(days, &civil->year, &civil->month, &civil->day);
    civil->hour = second_of_day / 3600;
    civil->minute = second_of_day / 60 % 60;
    civil->second = second_of_day % 60;
    /* Unsigned: the second in which the smallest timestamps lie begins below 64 bits. */
    civil->micro = (int)((uint64_t)us - (uint64_t)epoch_s * (uint64_t)TIMESTAMP_US_PER_S);
}

/* False when the instant does not fit. */
static bool instant_of(int64_t days, int64_t second_of_day, int64_t micro, const struct zone *zone, int64_t *us)
{
    int64_t epoch_s = zone_to_utc(zone, days * DAY_S + second_of_day);
    int64_t whole;

    /* As Java's instantToMicros: the second is rounded towards zero first, so that the last microseconds before the
     * limits count. */
    if (epoch_s < 0 && micro > 0)
        return !__builtin_mul_overflow(epoch_s + 1, TIMESTAMP_US_PER_S, &whole) &&
               !__builtin_add_overflow(whole, micro - TIMESTAMP_US_PER_S, us);
    return !__builtin_mul_overflow(epoch_s, TIMESTAMP_US_PER_S, &whole) && !__builtin_add_overflow(whole, micro, us);
}

int64_t timestamp_of_civil(const struct timestamp_civil *civil, const struct zone *zone)
{
    int64_t us = 0;
    int64_t second_of_day = (civil->hour * 60 + civil->minute) * 60 + civil->second;

    if (!instant_of(timestamp_days(civil->year, civil->month, civil->day), second_of_day, civil->micro, zone, &us))
        us = civil->year < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

int32_t timestamp_to_date(int64_t us, const struct zone *zone)
{
    int64_t epoch_s = floor_div(us, TIMESTAMP_US_PER_S);

    return (int32_t)floor_div(epoch_s + zone_offset_at(zone, epoch_s), DAY_S);
}

int64_t timestamp_from_date(int32_t days, const struct zone *zone)
{
    int64_t us = 0;

    if (!instant_of(days, 0, 0, zone, &us))
        us = days < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

/* --- text of a TIMESTAMP ----------------------------------------------------------------------------------------- */

enum segment { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION, ZONE, SEGMENTS };

struct parsed {
    int64_t value[SEGMENTS];
    const char *zone; /* the rest behind the time, or NULL */
    size_t zone_len;
    bool only_time;
};

static bool digits_fit(int segment, size_t digits)
{
    switch (segment) {
    case YEAR:
        return digits >= 4 && digits <= 6;
    case FRACTION:
        return true;
    case ZONE:
        return digits <= 2;
    default:
        return digits > 0 && digits <= 2;
    }
}

/* Spark's parseTimestampString: digits fill the current segment, each other byte ends it or ends it all. */
static bool parse_segments(const char *text, size_t len, struct parsed *parsed)
{
    int segment = YEAR;
    int64_t value = 0;
    size_t digits = 0;
    size_t fraction_digits = 0;
    bool signed_year = false;
    int64_t sign = 1;
    size_t at = 0;

    *parsed = (struct parsed){.value = {1, 1, 1, 0, 0, 0, 0, 0}};
    if (len == 0)
        return false;
    if (text[0] == '-' || text[0] == '+') {
        signed_year = true;
        sign = text[0] == '-' ? -1 : 1;
        at++;
    }
    for (; at < len; at++) {
        char c = text[at];
        if (c >= '0' && c <= '9') {
            if (segment == FRACTION)
                fraction_digits++;
            if (segment == FRACTION ? digits < 6 : digits < 7) /* a seventh digit makes the segment invalid anyway */
                value = value * 10 + (c - '0');
            digits++;
            continue;
        }
        if (at == 0 && c == 'T') {
            parsed->only_time = true;
            segment = HOUR;
            continue;
        }
        int next = segment + 1;
        bool ends = false;
        if (segment == YEAR && c == ':' && !signed_year) {
            parsed->only_time = true;
            segment = HOUR;
            next = MINUTE;
        } else if (segment < DAY) {
            if (c != '-')
                return false;
        } else if (segment == DAY) {
            if (c != ' ' && c != 'T')
                return false;
        } else if (segment < SECOND) {
            if (c != ':')
                return false;
        } else if (segment == SECOND && c == '.') {
            next = FRACTION;
        } else if (segment <= FRACTION) {
            next = ZONE;
            ends = true;
        } else {
            return false;
        }
        if (!digits_fit(segment, digits))
            return false;
        parsed->value[segment] = value;
        value = 0;
        digits = 0;
        segment = next;
        if (ends) {
            parsed->zone = text + at;
            parsed->zone_len = len - at;
            break;
        }
    }
    if (!digits_fit(segment, digits))
        return false;
    parsed->value[segment] = value;
    for (; fraction_digits < 6; fraction_digits++)
        parsed->value[FRACTION] *= 10;
    parsed->value[YEAR] *= sign;
    return true;
}

static bool fields_exist(const struct parsed *parsed)
{
    const int64_t *v = parsed->value;

    return v[MONTH] >= 1 && v[MONTH] <= 12 && v[DAY] >= 1 && v[DAY] <= timestamp_month_days(v[YEAR], (int)v[MONTH]) &&
           v[HOUR] < 24 && v[MINUTE] < 60 && v[SECOND] < 60;
}

bool timestamp_parse(const char *text, size_t len, const struct zone *zone, int64_t *us)
{
    struct parsed parsed;
    int32_t offset_s = 0;
    bool has_offset = false;

    number_trim(&text, &len);
    if (!parse_segments(text, len, &parsed) || !fields_exist(&parsed))
        return false;
    if (parsed.zone != NULL) {
        const char *name = parsed.zone;
        size_t name_len = parsed.zone_len;
        while (name_len > 0 && (unsigned char)*name <= 0x20) {
            name++;
            name_len--;
        }
        has_offset = zone_parse_offset(name, name_len, &offset_s);
        if (!has_offset && (zone = zone_open(name, name_len, NULL)) == NULL)
            return false;
    }
    const int64_t *v = parsed.value;
    int64_t second_of_day = (v[HOUR] * 60 + v[MINUTE]) * 60 + v[SECOND];
    int64_t days;
    if (parsed.only_time) {
        int64_t now_s = floor_div(clock_wall_ms(), 1000);
        days = floor_div(now_s + (has_offset ? offset_s : zone_offset_at(zone, now_s)), DAY_S);
    } else {
        days = timestamp_days(v[YEAR], (int)v[MONTH], (int)v[DAY]);
    }
    if (has_offset) {
        second_of_day -= offset_s;
        zone = zone_utc();
    }
    return instant_of(days, second_of_day, v[FRACTION], zone, us);
}

/* --- many texts of one zone -------------------------------------------------------------------------------------- */

#define ISO_MS_LEN 23 /* YYYY-MM-DDTHH:MM:SS.mmm */
#define DATE_LEN 11   /* with the T */

void timestamp_cache_init(struct timestamp_cache *cache, const struct zone *zone)
{
    memset(cache, 0, sizeof(*cache));
    cache->zone = zone;
}

/* Whether the time behind a date is written as HH:MM:SS.mmm with fields in range, and its microseconds. */
#ifdef __x86_64__
static bool read_time(const char *text, int64_t *us)
{
    /* The last 16 bytes, "-31T23:57:00.000". Each is compared with the least it may be; what is above that must be 9 at
     * most for a digit and 0 for a separator. */
    const __m128i least = _mm_setr_epi8('-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0');
    const __m128i most = _mm_setr_epi8(0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 0, 9, 9, 9);
    /* Digits of one number side by side, as 16 bits each, times their weights; sums of two stand in 32 bits. */
    const __m128i low_weights = _mm_setr_epi16(0, 0, 0, 0, 10, 1, 0, 10);
    const __m128i high_weights = _mm_setr_epi16(1, 0, 10, 1, 0, 100, 10, 1);

    __m128i above = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)(text + 7)), least);
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_subs_epu8(above, most), _mm_setzero_si128())) != 0xFFFF)
        return false;
    __m128i low = _mm_madd_epi16(_mm_unpacklo_epi8(above, _mm_setzero_si128()), low_weights);
    __m128i high = _mm_madd_epi16(_mm_unpackhi_epi8(above, _mm_setzero_si128()), high_weights);
    uint64_t hour_minute = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(low, low));
    uint64_t minute_second = (uint64_t)_mm_cvtsi128_si64(high);
    uint64_t millis = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(high, high));
    uint32_t hour = (uint32_t)hour_minute, minute = (uint32_t)(hour_minute >> 32) + (uint32_t)minute_second;
    uint32_t second = (uint32_t)(minute_second >> 32);
    *us = ((int64_t)(hour * 60 + minute) * 60 + second) * TIMESTAMP_US_PER_S +
          (int64_t)((uint32_t)millis + (millis >> 32)) * INT64_C(1000);
    return hour < 24 && minute < 60 && second < 60;
}
#else
static bool two(const char *p, int most, int *value)
{
    unsigned tens = (unsigned)(p[0] - '0'), ones = (unsigned)(p[1] - '0');

    *value = (int)(tens * 10 + ones);
    return tens <= 9 && ones <= 9 && *value <= most;
}

static bool read_time(const char *text, int64_t *us)
{
    const char *p = text + DATE_LEN;
    int hour, minute, second, centi;
    unsigned last = (unsigned)(p[11] - '0');

    if (!two(p, 23, &hour) || p[2] != ':' || !two(p + 3, 59, &minute) || p[5] != ':' || !two(p + 6, 59, &second) ||
        p[8] != '.' || !two(p + 9, 99, &centi) || last > 9)
        return false;
    *us = ((int64_t)(hour * 60 + minute) * 60 + second) * TIMESTAMP_US_PER_S + (centi * 10 + (int)last) * INT64_C(1000);
    return true;
}
#endif

/* Remember a date, if all its wall clock times have one offset. */
static void remember(struct timestamp_cache *cache, size_t slot, const char *text)
{
    char midnight[ISO_MS_LEN + 1] = "YYYY-MM-DDT00:00:00.000";
    int64_t us;

    memcpy(midnight, text, DATE_LEN);
    if (!timestamp_parse(midnight, ISO_MS_LEN, cache->zone, &us))
        return;
    int64_t epoch_s = floor_div(us, TIMESTAMP_US_PER_S);
    if (!zone_constant(cache->zone, epoch_s - 2 * DAY_S, epoch_s + 3 * DAY_S))
        return;
    memcpy(cache->days[slot].date, text, DATE_LEN);
    cache->days[slot].day_us = us;
}

bool timestamp_parse_cached(struct timestamp_cache *cache, const char *text, size_t len, int64_t *us)
{
    uint64_t key;
    int64_t time_us;

    if (len != ISO_MS_LEN || text[0] < '0' || text[0] > '9' || text[10] != 'T' || !read_time(text, &time_us))
        return timestamp_parse(text, len, cache->zone, us);
    memcpy(&key, text + 2, sizeof(key)); /* "18-12-31" */
    size_t slot = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 58);
    if (memcmp(cache->days[slot].date, text, DATE_LEN) != 0) {
        if (!timestamp_parse(text, len, cache->zone, us))
            return false;
        remember(cache, slot, text);
        return true;
    }
    *us = cache->days[slot].day_us + time_us;
    return true;
}

/* --- text of a DATE ---------------------------------------------------------------------------------------------- */

bool timestamp_parse_date(const char *text, size_t len, int32_t *days)
{
    int64_t value[3] = {1, 1, 1};
    int part = YEAR;
    int64_t sign = 1;
    size_t at = 0;

    number_trim(&text, &len);
    if (len == 0)
        return false;
    if (text[0] == '-' || text[0] == '+') {
        sign = text[0] == '-' ? -1 : 1;
        at++;
    }
    for (;; part++) {
        int64_t number = 0;
        size_t digits = 0;
        while (at < len && text[at] >= '0' && text[at] <= '9' && digits < 8) {
            number = number * 10 + (text[at++] - '0');
            digits++;
        }
        if (part == YEAR ? digits < 4 || digits > 7 : digits < 1 || digits > 2)
            return false;
        value[part] = number;
        if (at == len)
            break;
        if (part == DAY) {
            /* only a whole date may be followed by a time, or by anything behind a T or a space */
            if (text[at] != ' ' && text[at] != 'T')
                return false;
            break;
        }
        if (text[at++] != '-')
            return false;
    }
    value[YEAR] *= sign;
    if (value[MONTH] < 1 || value[MONTH] > 12 || value[DAY] < 1 ||
        value[DAY] > timestamp_month_days(value[YEAR], (int)value[MONTH]))
        return false;
    int64_t wide = timestamp_days(value[YEAR], (int)value[MONTH], (int)value[DAY]);
    if (wide < INT32_MIN || wide > INT32_MAX)
        return false;
    *days = (int32_t)wide;
    return true;
}

/* The text without "GMT" into a buffer of LONGEST_GMT bytes; false if there is none in it, or if it is longer than any
 * date and time are. */
#define LONGEST_GMT 512

static bool remove_gmt(const char *text, size_t len, char *to, size_t *to_len)
{
    size_t n = 0;

    if (len > LONGEST_GMT || memmem(text, len, "GMT", 3) == NULL)
        return false;
    for (size_t i = 0; i < len;) {
        if (len - i >= 3 && memcmp(text + i, "GMT", 3) == 0)
            i += 3;
        else
            to[n++] = text[i++];
    }
    *to_len = n;
    return true;
}

bool timestamp_parse_json(struct timestamp_cache *cache, const char *text, size_t len, int64_t *us)
{
    char rest[LONGEST_GMT];
    size_t rest_len;

    return timestamp_parse_cached(cache, text, len, us) ||
           (remove_gmt(text, len, rest, &rest_len) && timestamp_parse(rest, rest_len, cache->zone, us));
}

#define FIRST_GREGORIAN_DAY (-141427) /* 1582-10-15 */

/* Spark takes such a number for days in the old hybrid calendar: before 1582-10-15 they are counted in the Julian one,
 * and the date with the same year, month and day is meant (a 29th of February that does not exist becomes the 1st of
 * March). */
static int64_t from_hybrid_calendar(int64_t days)
{
    if (days >= FIRST_GREGORIAN_DAY)
        return days;
    int64_t z = days + 719470; /* since March 1st of the Julian year 0 */
    int64_t era = floor_div(z, 1461);
    int64_t day_of_era = z - era * 1461;
    int64_t year_of_era = (day_of_era - day_of_era / 1460) / 365;
    int64_t day_of_year = day_of_era - 365 * year_of_era;
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * shifted + 2) / 5;
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    int64_t year = era * 4 + year_of_era + (month <= 2);
    return timestamp_days(year, month, 1) + day;
}

bool timestamp_parse_json_date(const char *text, size_t len, int32_t *days)
{
    int64_t value = 0;
    size_t at = 0;

    char rest[LONGEST_GMT];
    size_t rest_len;

    if (timestamp_parse_date(text, len, days) ||
        (remove_gmt(text, len, rest, &rest_len) && timestamp_parse_date(rest, rest_len, days)))
        return true;
    bool negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+'))
        at++;
    if (at == len)
        return false;
    for (; at < len; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        value = value * 10 + (text[at] - '0');
        if (value > (int64_t)INT32_MAX + negative)
            return false;
    }
    value = from_hybrid_calendar(negative ? -value : value);
    if (value < INT32_MIN)
        return false;
    *days = (int32_t)value;
    return true;
}

/* --- printing ---------------------------------------------------------------------------------------------------- */

static char *put_digits(char *p, unsigned value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return p + width;
}

/* Four digits at least, a sign before years that need more ("+10000") or are before 0 ("-0044"). */
static void append_date(int64_t year, int month, int day, struct buf *out)
{
    char text[6];
    char *p = text;

    if (year < 0)
        buf_append_byte(out, '-');
    else if (year > 9999)
        buf_append_byte(out, '+');
    uint64_t magnitude = year < 0 ? 0 - (uint64_t)year : (uint64_t)year;
    if (magnitude < 10000) {
        put_digits(text, (unsigned)magnitude, 4);
        buf_append(out, text, 4);
    } else {
        buf_append_i64(out, (int64_t)magnitude);
    }
    *p++ = '-';
    p = put_digits(p, (unsigned)month, 2);
    *p++ = '-';
    put_digits(p, (unsigned)day, 2);
    buf_append(out, text, 6);
}

static void append_time(const struct timestamp_civil *civil, struct buf *out)
{
    char text[8];

    put_digits(text, (unsigned)civil->hour, 2);
    text[2] = ':';
    put_digits(text + 3, (unsigned)civil->minute, 2);
    text[5] = ':';
    put_digits(text + 6, (unsigned)civil->second, 2);
    buf_append(out, text, 8);
}

void timestamp_text(int64_t us, const struct zone *zone, struct buf *out)
{
    struct timestamp_civil civil;

    timestamp_civil_of(us, zone, &civil);
    append_date(civil.year, civil.month, civil.day, out);
    buf_append_byte(out, ' ');
    append_time(&civil, out);
    if (civil.micro != 0) {
        char text[7] = ".";
        put_digits(text + 1, (unsigned)civil.micro, 6);
        size_t len = 7;
        while (text[len - 1] == '0')
            len--;
        buf_append(out, text, len);
    }
}

void timestamp_date_text(int64_t days, struct buf *out)
{
    int64_t year;
    int month, day;

    timestamp_civil_of_days(days, &year, &month, &day);
    append_date(year, month, day, out);
}

void timestamp_iso_text(int64_t us, const struct zone *zone, struct buf *out)
{
    struct timestamp_civil civil;
    char text[6] = ".";

    timestamp_civil_of(us, zone, &civil);
    append_date(civil.year, civil.month, civil.day, out);
    buf_append_byte(out, 'T');
    append_time(&civil, out);
    put_digits(text + 1, (unsigned)civil.micro / 1000, 3);
    buf_append(out, text, 4);
    int32_t offset_s = zone_offset_at(zone, floor_div(us, TIMESTAMP_US_PER_S));
    unsigned seconds = (unsigned)(offset_s < 0 ? -offset_s : offset_s);
    if (offset_s == 0) {
        buf_append_byte(out, 'Z');
        return;
    }
    text[0] = offset_s < 0 ? '-' : '+';
    put_digits(text + 1, seconds / 3600, 2);
    text[3] = ':';
    put_digits(text + 4, seconds / 60 % 60, 2);
    buf_append(out, text, 6);
    if (seconds % 60 != 0) { /* local mean time of long ago */
        text[0] = ':';
        put_digits(text + 1, seconds % 60, 2);
        buf_append(out, text, 3);
    }
}
