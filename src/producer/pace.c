#include "producer/pace.h"

#define SECOND_US 1000000
#define BURST_US 1000

void pace_init(struct pace *pace, int64_t rate, int64_t now_us)
{
    *pace = (struct pace){rate, now_us, 0};
}

int64_t pace_wait_us(struct pace *pace, int64_t now_us)
{
    if (pace->rate == 0)
        return 0;
    /* Whole seconds move the origin, so that the product below stays small and exact. */
    if (pace->sent >= (uint64_t)pace->rate) {
        pace->origin_us += SECOND_US * (int64_t)(pace->sent / (uint64_t)pace->rate);
        pace->sent %= (uint64_t)pace->rate;
    }
    int64_t due_us = pace->origin_us + (int64_t)(pace->sent * SECOND_US / (uint64_t)pace->rate);
    if (now_us - due_us > SECOND_US) {
        pace->origin_us = now_us;
        pace->sent = 0;
        return 0;
    }
    int64_t early_us = pace->rate > SECOND_US / BURST_US ? BURST_US : 0;
    return due_us - now_us > early_us ? due_us - now_us : 0;
}

void pace_count(struct pace *pace)
{
    pace->sent++;
}
