/* The table of sf-processor's settings: every key, with Spark's names where Spark has them (README and
 * config/sf-processor.properties explain them for users; here is what the program believes). Read with
 * common/settings.h.
 */
#ifndef PROCESSOR_SETTINGS_H
#define PROCESSOR_SETTINGS_H

#include "common/settings.h"

extern const struct settings_program settings_processor;

/* Parts of values that the table checks and processor/assemble.h takes apart again. */

/* "call_date_time 60 minutes": the column (its length; back-quotes are not part of it, *column points behind an opening
 * one) and the delay in microseconds, a month counting 31 days. 0; -1 with err. */
int settings_split_watermark(const char *text, const char **column, size_t *column_len, int64_t *delay_us,
                             struct errbuf *err);

/* A trigger: SETTINGS_TRIGGER_* or an interval in milliseconds. 0; -1 with err. */
#define SETTINGS_TRIGGER_ONCE (-1)
#define SETTINGS_TRIGGER_AVAILABLE_NOW (-2)
int settings_parse_trigger(const char *text, int64_t *trigger_ms, struct errbuf *err);

#endif
