/* An even rate of records: when the next one is due. Pure; times are monotonic microseconds. */
#ifndef PRODUCER_PACE_H
#define PRODUCER_PACE_H

#include <stdint.h>

struct pace {
    int64_t rate; /* records/s; 0: no limit */
    int64_t origin_us;
    uint64_t sent; /* since origin_us */
};

void pace_init(struct pace *pace, int64_t rate, int64_t now_us);

/* Microseconds to wait before the next record; 0: now. Up to 1 ms early counts as now when records are closer together
 * than that, so that a high rate goes out in small bursts instead of a sleep for each. A delay of more than 1 s (the
 * broker was away) is not caught up with. */
int64_t pace_wait_us(struct pace *pace, int64_t now_us);

/* One record went out. */
void pace_count(struct pace *pace);

#endif
