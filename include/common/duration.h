/* Spark's interval strings ("10 minutes", "interval 1 day 2 hours", "1.5 seconds", "-3 minutes") and short forms ("5s",
 * "500ms"). Any thread.
 */
#ifndef COMMON_DURATION_H
#define COMMON_DURATION_H

#include "common/errbuf.h"

#include <stddef.h>
#include <stdint.h>

/* As Spark keeps an interval: months and days have no fixed length in microseconds. */
struct duration {
    int32_t months; /* years are 12 of them */
    int32_t days;   /* weeks are 7 */
    int64_t us;
};

enum {
    DURATION_SHORT =
        1, /* also "5s", "500 ms", "1m" or "1min", "2h", "1d", "10us" (Spark's other notation, for its settings) */
    DURATION_BARE_MS = 2 /* also "10000": milliseconds */
};

/* Parse text[0..len). flags 0: exactly what Spark's window() and withWatermark take. Returns 0, or -1 with err:
 * condition CANNOT_PARSE_INTERVAL, SQLSTATE 22006, Spark's text (exit code EXIT_CODE_USAGE). */
int duration_parse(const char *text, size_t len, int flags, struct duration *out, struct errbuf *err);

/* All of it in microseconds; a month counts month_days days (31 for a watermark's delay; 0: months are refused, with
 * Spark's "Intervals greater than a month is not supported (TEXT)." and condition _LEGACY_ERROR_TEMP_3231). -1 with err
 * on that and on overflow (condition ARITHMETIC_OVERFLOW, SQLSTATE 22003). text[0..len) is for the message. */
int duration_total_us(const struct duration *duration, int month_days, const char *text, size_t len, int64_t *us,
                      struct errbuf *err);

#endif
