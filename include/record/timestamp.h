/* TIMESTAMP and DATE: calendar arithmetic, the text that casts accept, the texts that sinks print. Any thread.
 *
 * A TIMESTAMP is microseconds since 1970-01-01T00:00:00Z, a DATE is days since 1970-01-01, both in the proleptic
 * Gregorian calendar with a year 0 (java.time).
 */
#ifndef RECORD_TIMESTAMP_H
#define RECORD_TIMESTAMP_H

#include "common/buf.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMESTAMP_US_PER_S INT64_C(1000000)
#define TIMESTAMP_US_PER_DAY INT64_C(86400000000)

/* A wall clock reading. */
struct timestamp_civil {
    int64_t year;
    int month;  /* 1-12 */
    int day;    /* 1-31 */
    int hour;   /* 0-23 */
    int minute; /* 0-59 */
    int second; /* 0-59 */
    int micro;  /* 0-999999 */
};

/* Days since 1970-01-01 of a date (month 1-12, day from 1, not checked), and back. */
int64_t timestamp_days(int64_t year, int month, int day);
void timestamp_civil_of_days(int64_t days, int64_t *year, int *month, int *day);
int timestamp_month_days(int64_t year, int month);

/* The wall clock in the zone at that instant, and the instant of a wall clock reading (gaps and overlaps as
 * zone_to_utc). */
void timestamp_civil_of(int64_t us, const struct zone *zone, struct timestamp_civil *civil);
int64_t timestamp_of_civil(const struct timestamp_civil *civil, const struct zone *zone);

/* The date in the zone at that instant, and the instant at which a date begins in the zone: the casts between the two
 * types. */
int32_t timestamp_to_date(int64_t us, const struct zone *zone);
int64_t timestamp_from_date(int32_t days, const struct zone *zone);

/* CAST(text AS TIMESTAMP) and CAST(text AS DATE). True with the value, or false: CAST raises
 * CAST_INVALID_INPUT then. A time without a date ("12:00") is today's in the zone, by the wall clock. */
bool timestamp_parse(const char *text, size_t len, const struct zone *zone, int64_t *us);
bool timestamp_parse_date(const char *text, size_t len, int32_t *days);

/* timestamp_parse for many texts of one zone: the dates met last are remembered, and the form YYYY-MM-DDTHH:MM:SS.mmm
 * is read in a few instructions. Same results. One thread. */
#define TIMESTAMP_CACHE_DAYS 64
struct timestamp_cache {
    const struct zone *zone;
    struct {
        char date[16];  /* "2018-12-31T"; all zero: free */
        int64_t day_us; /* midnight of that date */
    } days[TIMESTAMP_CACHE_DAYS];
};
void timestamp_cache_init(struct timestamp_cache *cache, const struct zone *zone);
bool timestamp_parse_cached(struct timestamp_cache *cache, const char *text, size_t len, int64_t *us);

/* What from_json makes of a string for a TIMESTAMP or DATE column: CAST, or else CAST of the text without every "GMT"
 * in it, or else, for a DATE, a plain integer as days since the epoch (the ways of Spark 2.x, still tried). */
bool timestamp_parse_json(struct timestamp_cache *cache, const char *text, size_t len, int64_t *us);
bool timestamp_parse_json_date(const char *text, size_t len, int32_t *days);

/* "2018-12-31 23:57:00.1234": CAST(ts AS STRING) and the console. "2018-12-31": CAST(date AS STRING) and everywhere. */
void timestamp_text(int64_t us, const struct zone *zone, struct buf *out);
void timestamp_date_text(int64_t days, struct buf *out);

/* "2018-12-31T23:57:00.000Z", "...-08:00": to_json and CSV; microseconds are cut off towards the past. */
void timestamp_iso_text(int64_t us, const struct zone *zone, struct buf *out);

#endif
