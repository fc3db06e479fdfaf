/* Time windows: which ones an event time belongs to. Any thread. */
#ifndef RECORD_WINDOW_H
#define RECORD_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All in microseconds: 0 < slide_us <= length_us, |start_us| < slide_us. Tumbling: slide_us == length_us, start_us ==
 * 0. */
struct window {
    int64_t length_us;
    int64_t slide_us;
    int64_t start_us;
};

/* Greatest number of windows an event time can be in: the room that window_starts needs. */
size_t window_max(const struct window *window);

/* Whether all bounds around event_us fit in 64 bits. If not, Spark ends the query with ARITHMETIC_OVERFLOW; the
 * functions below then give meaningless numbers (but do no harm). */
bool window_fits(const struct window *window, int64_t event_us);

/* Starts of the windows that hold event_us, latest first, as Spark emits them; the end is start + length_us. Returns
 * how many. */
size_t window_starts(const struct window *window, int64_t event_us, int64_t *starts);

/* The one window of a tumbling definition (slide_us == length_us). */
static inline int64_t window_start(const struct window *window, int64_t event_us)
{
    int64_t rest = (int64_t)((uint64_t)event_us - (uint64_t)window->start_us) % window->slide_us;
    return (int64_t)((uint64_t)event_us - (uint64_t)(rest < 0 ? rest + window->slide_us : rest));
}

#endif
