/* The one "executor" of this program, in the terms of Spark's REST API. */
#ifndef UI_EXECUTOR_H
#define UI_EXECUTOR_H

#include "report/board.h"

#include <stdint.h>

/* A task is a batch here. */
struct executor {
    int64_t active_tasks;
    int64_t failed_tasks;
    int64_t completed_tasks;
    int64_t duration_ms;   /* spent in batches */
    int64_t input_records; /* over all queries */
    int64_t output_records;
    int64_t state_bytes;
    int64_t max_memory_bytes;
    int64_t resident_bytes;
    int64_t peak_bytes;
    int cores;
};

/* Sums over the board's newest snapshots, and what the system says. */
void executor_of(struct board *board, struct executor *executor);

#endif
