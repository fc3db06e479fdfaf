/* TZif data and the POSIX TZ rule at its end. */
#include "zone_internal.h"

#include "record/timestamp.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 44
#define DAY_S 86400

struct counts {
    uint32_t utc, standard, leap, time, type, chars;
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* The six counts; false if this is no header or a count is beyond all reason (sums below then cannot overflow). */
static bool read_header(const unsigned char *data, size_t len, struct counts *counts)
{
    uint32_t n[6];

    if (len < HEADER_BYTES || memcmp(data, "TZif", 4) != 0)
        return false;
    for (int i = 0; i < 6; i++) {
        n[i] = be32(data + 20 + 4 * i);
        if (n[i] > 1000000)
            return false;
    }
    *counts = (struct counts){n[0], n[1], n[2], n[3], n[4], n[5]};
    return counts->type > 0;
}

static size_t body_bytes(const struct counts *c, size_t time_bytes)
{
    return c->time * time_bytes + c->time + (size_t)c->type * 6 + c->chars + c->leap * (time_bytes + 4) + c->standard +
           c->utc;
}

/* --- the footer: POSIX TZ text --------------------------------------------------------------------------------- */

static bool skip_name(const char **text)
{
    const char *p = *text;

    if (*p == '<') {
        p = strchr(p, '>');
        if (p == NULL)
            return false;
        *text = p + 1;
        return true;
    }
    while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
        p++;
    bool found = p - *text >= 3;
    *text = p;
    return found;
}

static bool read_number(const char **text, int least, int most, int *value)
{
    const char *p = *text;
    int n = 0;

    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');
        if (n > most)
            return false;
    }
    *text = p;
    *value = n;
    return n >= least;
}

/* [+-]hh[:mm[:ss]] in seconds; hours up to 167 as RFC 8536 allows. */
static bool read_time(const char **text, int32_t *seconds)
{
    int hour = 0, minute = 0, second = 0;
    bool negative = **text == '-';

    if (**text == '-' || **text == '+')
        ++*text;
    if (!read_number(text, 0, 167, &hour))
        return false;
    if (**text == ':') {
        ++*text;
        if (!read_number(text, 0, 59, &minute))
            return false;
        if (**text == ':') {
            ++*text;
            if (!read_number(text, 0, 59, &second))
                return false;
        }
    }
    *seconds = (int32_t)(hour * 3600 + minute * 60 + second);
    if (negative)
        *seconds = -*seconds;
    return true;
}

static bool read_rule(const char **text, struct zone_rule *rule)
{
    if (*(*text)++ != ',')
        return false;
    rule->time_s = 2 * 3600;
    if (**text == 'M') {
        rule->kind = 'M';
        ++*text;
        if (!read_number(text, 1, 12, &rule->month) || *(*text)++ != '.' || !read_number(text, 1, 5, &rule->week) ||
            *(*text)++ != '.' || !read_number(text, 0, 6, &rule->day))
            return false;
    } else if (**text == 'J') {
        rule->kind = 'J';
        ++*text;
        if (!read_number(text, 1, 365, &rule->day))
            return false;
    } else {
        rule->kind = 'D';
        if (!read_number(text, 0, 365, &rule->day))
            return false;
    }
    if (**text != '/')
        return true;
    ++*text;
    return read_time(text, &rule->time_s);
}

static bool read_footer(struct zone_table *table, const char *text)
{
    int32_t west_s;

    if (!skip_name(&text) || !read_time(&text, &west_s))
        return false;
    table->standard_s = -west_s; /* POSIX counts westwards */
    table->has_footer = true;
    if (*text == '\0')
        return true;
    if (!skip_name(&text))
        return false;
    table->daylight_s = table->standard_s + 3600;
    if (*text != ',' && *text != '\0') {
        if (!read_time(&text, &west_s))
            return false;
        table->daylight_s = -west_s;
    }
    table->has_daylight = true;
    return read_rule(&text, &table->to_daylight) && read_rule(&text, &table->to_standard) && *text == '\0';
}

/* --- reading --------------------------------------------------------------------------------------------------- */

void zone_file_release(struct zone_table *table)
{
    free(table->transition_s);
    free(table->offset_s);
    memset(table, 0, sizeof(*table));
}

static int read_body(struct zone_table *table, const unsigned char *body, const struct counts *counts)
{
    const unsigned char *times = body;
    const unsigned char *indexes = times + (size_t)counts->time * 8;
    const unsigned char *types = indexes + counts->time;

    table->first_offset_s = (int32_t)be32(types);
    if (counts->time == 0)
        return 0;
    table->transition_s = calloc(counts->time, sizeof(*table->transition_s));
    table->offset_s = calloc(counts->time, sizeof(*table->offset_s));
    if (table->transition_s == NULL || table->offset_s == NULL)
        return -1;
    for (uint32_t i = 0; i < counts->time; i++) {
        if (indexes[i] >= counts->type)
            return -1;
        table->transition_s[i] = be64(times + (size_t)i * 8);
        table->offset_s[i] = (int32_t)be32(types + (size_t)indexes[i] * 6);
        if (i > 0 && table->transition_s[i] <= table->transition_s[i - 1])
            return -1;
    }
    table->ntransitions = counts->time;
    return 0;
}

int zone_file_read(struct zone_table *table, const unsigned char *data, size_t len)
{
    struct counts counts;
    char footer[256];

    memset(table, 0, sizeof(*table));
    /* The first block is the 32-bit one of version 1, kept for old readers; ours is the second. */
    if (!read_header(data, len, &counts) || data[4] < '2')
        return -1;
    size_t skip = HEADER_BYTES + body_bytes(&counts, 4);
    if (skip > len || !read_header(data + skip, len - skip, &counts))
        return -1;
    size_t body = skip + HEADER_BYTES;
    size_t end = body + body_bytes(&counts, 8);
    if (end >= len || data[end] != '\n')
        return -1;
    const unsigned char *text = data + end + 1;
    const unsigned char *stop = memchr(text, '\n', len - end - 1);
    if (stop == NULL || (size_t)(stop - text) >= sizeof(footer))
        return -1;
    memcpy(footer, text, (size_t)(stop - text));
    footer[stop - text] = '\0';
    if (read_body(table, data + body, &counts) != 0 || (footer[0] != '\0' && !read_footer(table, footer))) {
        zone_file_release(table);
        return -1;
    }
    return 0;
}

/* --- questions ------------------------------------------------------------------------------------------------- */

static int64_t rule_day(const struct zone_rule *rule, int64_t year)
{
    int64_t first;

    if (rule->kind == 'D')
        return timestamp_days(year, 1, 1) + rule->day;
    if (rule->kind == 'J') {
        bool leap = timestamp_month_days(year, 2) == 29;
        return timestamp_days(year, 1, 1) + rule->day - 1 + (leap && rule->day > 59);
    }
    first = timestamp_days(year, rule->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
    while (day >= timestamp_month_days(year, rule->month))
        day -= 7; /* week 5 is the last one */
    return first + day;
}

/* The two transitions of a year, as instants. */
static void year_transitions(const struct zone_table *table, int64_t year, int64_t *to_daylight, int64_t *to_standard)
{
    *to_daylight = rule_day(&table->to_daylight, year) * DAY_S + table->to_daylight.time_s - table->standard_s;
    *to_standard = rule_day(&table->to_standard, year) * DAY_S + table->to_standard.time_s - table->daylight_s;
}

static int64_t year_of(int64_t epoch_s)
{
    int64_t year;
    int month, day;

    timestamp_civil_of_days(epoch_s / DAY_S - (epoch_s % DAY_S < 0), &year, &month, &day);
    return year;
}

/* The last rule transition at or before an instant says which offset holds; years around it are enough. */
static int32_t footer_offset(const struct zone_table *table, int64_t epoch_s)
{
    if (!table->has_daylight)
        return table->standard_s;
    int64_t year = year_of(epoch_s);
    int64_t newest = INT64_MIN;
    int32_t offset_s = table->standard_s;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t to_daylight, to_standard;
        year_transitions(table, y, &to_daylight, &to_standard);
        if (to_daylight <= epoch_s && to_daylight > newest) {
            newest = to_daylight;
            offset_s = table->daylight_s;
        }
        if (to_standard <= epoch_s && to_standard > newest) {
            newest = to_standard;
            offset_s = table->standard_s;
        }
    }
    return offset_s;
}

/* Number of transitions at or before the instant. */
static size_t transitions_until(const struct zone_table *table, int64_t epoch_s)
{
    size_t low = 0, high = table->ntransitions;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->transition_s[middle] <= epoch_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t zone_file_offset(const struct zone_table *table, int64_t epoch_s)
{
    size_t n = transitions_until(table, epoch_s);

    if (n == table->ntransitions && table->has_footer)
        return footer_offset(table, epoch_s);
    return n == 0 ? table->first_offset_s : table->offset_s[n - 1];
}

bool zone_file_next(const struct zone_table *table, int64_t epoch_s, int64_t *transition_s, int32_t *offset_s)
{
    size_t n = transitions_until(table, epoch_s);

    if (n < table->ntransitions) {
        *transition_s = table->transition_s[n];
        *offset_s = table->offset_s[n];
        return true;
    }
    if (!table->has_daylight)
        return false;
    int64_t year = year_of(epoch_s);
    *transition_s = INT64_MAX;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t to_daylight, to_standard;
        year_transitions(table, y, &to_daylight, &to_standard);
        if (to_daylight > epoch_s && to_daylight < *transition_s) {
            *transition_s = to_daylight;
            *offset_s = table->daylight_s;
        }
        if (to_standard > epoch_s && to_standard < *transition_s) {
            *transition_s = to_standard;
            *offset_s = table->standard_s;
        }
    }
    return true;
}
