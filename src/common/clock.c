#include "common/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static atomic_bool faked;
static atomic_int_least64_t fake_wall_ms;
static atomic_int_least64_t fake_monotonic_us;

int64_t clock_wall_ms(void)
{
    struct timespec now;

    if (atomic_load_explicit(&faked, memory_order_acquire))
        return atomic_load(&fake_wall_ms);
    clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a clock that exists */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;

    if (atomic_load_explicit(&faked, memory_order_acquire))
        return atomic_load(&fake_monotonic_us);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_fake(int64_t wall_ms, int64_t monotonic_us)
{
    atomic_store(&fake_wall_ms, wall_ms);
    atomic_store(&fake_monotonic_us, monotonic_us);
    atomic_store_explicit(&faked, true, memory_order_release);
}

void clock_real(void)
{
    atomic_store_explicit(&faked, false, memory_order_release);
}

void clock_iso_utc(int64_t wall_ms, struct buf *out)
{
    int64_t seconds = wall_ms / 1000;
    int ms = (int)(wall_ms % 1000);

    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    time_t when = (time_t)seconds;
    struct tm tm;
    if (gmtime_r(&when, &tm) == NULL) { /* a year beyond int: no time that a clock shows */
        buf_append_i64(out, wall_ms);
        return;
    }
    buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
               tm.tm_min, tm.tm_sec, ms);
}
