/* Time zones by their names, from the system's tzdata (TZif files), with java.time's rules for gaps and overlaps.
 *
 * A zone is immutable once opened and may be used by any thread.
 */
#ifndef RECORD_ZONE_H
#define RECORD_ZONE_H

#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

/* Open a zone by a name that Spark accepts (UTC, Z, +01:00, UTC+1, Europe/Paris, PST ...; case-sensitive,
 * java.time.ZoneId plus the short ids). The same name gives the same object; zones are kept until zone_close_all. NULL
 * with err (condition INVALID_TIMEZONE) if there is none; err may be NULL. Thread-safe. */
const struct zone *zone_open(const char *name, size_t len, struct errbuf *err);

/* UTC, without opening anything. */
const struct zone *zone_utc(void);

/* The name it was opened by. */
const char *zone_name(const struct zone *zone);

/* java.time's ZoneId.getId() for it: "Z", "+01:00", "UTC+01:00", "Europe/Paris"; PST is "America/Los_Angeles". */
const char *zone_id(const struct zone *zone);

/* An offset written as a zone: Z, +1, +01:00, +010030, UTC, UT+1, GMT-02:00 ..., within 18 hours, without opening
 * anything. False if the name is no such one (it may still be a region). */
bool zone_parse_offset(const char *name, size_t len, int32_t *offset_s);

/* Offset from UTC in seconds that is in force at that instant (seconds since the epoch). */
int32_t zone_offset_at(const struct zone *zone, int64_t epoch_s);

/* Whether one offset holds for all instants in [from_s, to_s]. */
bool zone_constant(const struct zone *zone, int64_t from_s, int64_t to_s);

/* The instant of a local wall time (seconds since 1970-01-01T00:00 on the wall). A gap shifts forward by the gap's
 * length, an overlap takes the earlier offset (java.time.ZonedDateTime.ofLocal). */
int64_t zone_to_utc(const struct zone *zone, int64_t local_s);

/* Free every zone: for tests under a leak checker; nothing may use a zone afterwards. */
void zone_close_all(void);

#endif
