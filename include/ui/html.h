/* Pieces of HTML that every page uses: escaped text, numbers, times and durations in the forms that Spark's pages have.
 *
 * All append to out and never fail by themselves (see common/buf.h). Any thread.
 */
#ifndef UI_HTML_H
#define UI_HTML_H

#include "common/buf.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text from anywhere, safe between tags and in double-quoted attributes. NULL: nothing. */
void html_text(struct buf *out, const char *text);

/* Text as part of a URL's query, safe in an attribute: everything but letters, digits and -._~ as %XX. NULL:
 * nothing. */
void html_url(struct buf *out, const char *text);

/* 1234567 as "1,234,567". */
void html_number(struct buf *out, int64_t value);

/* With so many decimals and thousands separators; "–" for NaN and infinities. */
void html_decimal(struct buf *out, double value, int decimals);

/* A size: "512 B", "12.3 KiB". */
void html_size(struct buf *out, double bytes);

/* Spark's short form: 12 ms, 0.3 s, 12 s, 4.0 min, 12 min, 1.5 h (UIUtils.formatDuration). */
void html_duration(struct buf *out, int64_t ms);
/* Spark's long form: "123 ms", "4 seconds 56 ms", "1 hour 2 minutes 4 seconds" (UIUtils.formatDurationVerbose), without
 * trailing blanks. */
void html_duration_verbose(struct buf *out, int64_t ms);

/* A <time> element that shows yyyy/MM/dd HH:mm:ss in the zone (NULL: UTC); with milliseconds when asked. */
void html_time(struct buf *out, int64_t wall_ms, const struct zone *zone, bool millis);
/* The text alone; date: false leaves yyyy/MM/dd away. */
void html_time_text(struct buf *out, int64_t wall_ms, const struct zone *zone, bool date, bool millis);

#endif
