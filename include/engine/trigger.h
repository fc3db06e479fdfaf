/* When a batch runs: Spark's ProcessingTimeExecutor. Pure arithmetic on a given clock. */
#ifndef ENGINE_TRIGGER_H
#define ENGINE_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

/* The next trigger time after `now_ms` (taken before the batch runs): the next multiple of the interval since the
 * epoch; now_ms itself for interval 0. */
int64_t trigger_next(int64_t now_ms, int64_t interval_ms);

/* True when the batch took longer than the interval: the falling-behind warning is due. */
bool trigger_behind(int64_t elapsed_ms, int64_t interval_ms);

#endif
