#include "engine/trigger.h"

int64_t trigger_next(int64_t now_ms, int64_t interval_ms)
{
    int64_t next;

    if (interval_ms <= 0)
        return now_ms;
    /* Integer division cuts toward zero, as on the JVM; the clock is never before 1970 anyway. */
    if (__builtin_add_overflow(now_ms / interval_ms * interval_ms, interval_ms, &next))
        return INT64_MAX;
    return next;
}

bool trigger_behind(int64_t elapsed_ms, int64_t interval_ms)
{
    return interval_ms > 0 && elapsed_ms > interval_ms;
}
