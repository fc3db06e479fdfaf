#include "record/window.h"

size_t window_max(const struct window *window)
{
    return (size_t)(window->length_us / window->slide_us + (window->length_us % window->slide_us != 0));
}

bool window_fits(const struct window *window, int64_t event_us)
{
    int64_t relative, bound;

    if (__builtin_sub_overflow(event_us, window->start_us, &relative))
        return false;
    int64_t rest = relative % window->slide_us;
    /* Spark adds a slide to a remainder below 0 only, so the latest start is never above the event */
    if (__builtin_sub_overflow(event_us, rest < 0 ? rest + window->slide_us : rest, &bound) ||
        __builtin_add_overflow(bound, window->length_us, &relative))
        return false;
    int64_t back = window->length_us - window->length_us % window->slide_us;
    return !__builtin_sub_overflow(bound, back, &bound);
}

size_t window_starts(const struct window *window, int64_t event_us, int64_t *starts)
{
    size_t most = window_max(window);
    size_t n = 0;
    uint64_t start_us = (uint64_t)window_start(window, event_us);

    for (size_t i = 0; i < most; i++, start_us -= (uint64_t)window->slide_us)
        if ((int64_t)((uint64_t)event_us - start_us) < window->length_us)
            starts[n++] = (int64_t)start_us;
    return n;
}
