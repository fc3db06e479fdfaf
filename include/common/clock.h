/* Wall and monotonic time, and a test's way to set them. Any thread. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/buf.h"

#include <stdint.h>

int64_t clock_wall_ms(void);      /* since 1970-01-01T00:00:00Z */
int64_t clock_monotonic_us(void); /* for durations and waits; never set back */

/* Tests: from now on the clock stands at these values until set again. clock_real() ends it. */
void clock_fake(int64_t wall_ms, int64_t monotonic_us);
void clock_real(void);

/* "2018-12-31T23:57:00.000Z" of a wall time. */
void clock_iso_utc(int64_t wall_ms, struct buf *out);

#endif
