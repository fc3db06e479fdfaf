/* A zone's offsets over time, read from a TZif file (RFC 8536): zone.c knows names and questions, zone_file.c the
 * format. */
#ifndef RECORD_ZONE_INTERNAL_H
#define RECORD_ZONE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* When, within a year, a rule of a POSIX TZ text takes effect. */
struct zone_rule {
    char kind;      /* 'M' month.week.day, 'J' day 1-365 without February 29th, 'D' day 0-365 */
    int month;      /* 'M': 1-12 */
    int week;       /* 'M': 1-5, 5 is the last one */
    int day;        /* weekday 0-6 (Sunday 0), or the day's number */
    int32_t time_s; /* on the wall that day, may be negative or beyond 24 h */
};

struct zone_table {
    size_t ntransitions;
    int64_t *transition_s;  /* ascending */
    int32_t *offset_s;      /* from that transition on */
    int32_t first_offset_s; /* before the first transition */
    /* After the last transition (RFC 8536 footer); without daylight saving: standard_s for ever. */
    bool has_footer;
    bool has_daylight;
    int32_t standard_s;
    int32_t daylight_s;
    struct zone_rule to_daylight;
    struct zone_rule to_standard;
};

/* Read the file's bytes. 0, -1 when they are no sound TZif data or without memory (table is then empty). */
int zone_file_read(struct zone_table *table, const unsigned char *data, size_t len);
void zone_file_release(struct zone_table *table);

/* The offset in force at an instant, and the first transition after it: false if there is none. */
int32_t zone_file_offset(const struct zone_table *table, int64_t epoch_s);
bool zone_file_next(const struct zone_table *table, int64_t epoch_s, int64_t *transition_s, int32_t *offset_s);

#endif
