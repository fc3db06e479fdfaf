/* Time windows: which ones an event time belongs to, and the interval texts that describe them (spark-reference 4.2). Any thread. */
#ifndef RECORD_WINDOW_H
#define RECORD_WINDOW_H

#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All in microseconds. Tumbling: slide_us == length_us, start_us == 0. */
struct window {
    int64_t length_us;
    int64_t slide_us;
    int64_t start_us;
};

/* Spark's rules for the three numbers: length > 0, slide > 0, slide <= length, |start| < slide. Returns 0, or -1 with err (condition
 * DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE or DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION). */
int window_check(const struct window *window, struct errbuf *err);

/* Greatest number of windows an event time can be in: the room that window_starts needs. */
size_t window_max(const struct window *window);

/* Whether all bounds around event_us fit in 64 bits. If not, Spark ends the query with ARITHMETIC_OVERFLOW; the functions below then give
 * meaningless numbers (but do no harm). */
bool window_fits(const struct window *window, int64_t event_us);

/* Starts of the windows that hold event_us, latest first, as Spark emits them; the end is start + length_us. Returns how many. */
size_t window_starts(const struct window *window, int64_t event_us, int64_t *starts);

/* The one window of a tumbling definition (slide_us == length_us). */
static inline int64_t window_start(const struct window *window, int64_t event_us)
{
    int64_t rest = (int64_t)((uint64_t)event_us - (uint64_t)window->start_us) % window->slide_us;
    return (int64_t)((uint64_t)event_us - (uint64_t)(rest < 0 ? rest + window->slide_us : rest));
}

/* An interval text of days and shorter units ("60 minutes", "1 day 1 hour", "interval 10 seconds", "1.5 seconds", "-5 minutes") in microseconds.
 * Letter case does not count. Weeks count as 7 days, days as 24 hours; months and years are refused unless month_days is not 0, then they count
 * as that many days. Returns 0; -1 with err (condition CANNOT_PARSE_INTERVAL, or
 * _LEGACY_ERROR_TEMP_3231 for refused months). */
int window_parse_interval(const char *text, size_t len, int month_days, int64_t *us, struct errbuf *err);

#endif
