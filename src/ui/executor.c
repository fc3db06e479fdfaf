#include "ui/executor.h"

#include "ui/process.h"

#include <string.h>

void executor_of(struct board *board, struct executor *executor)
{
    size_t n = board_queries(board);

    memset(executor, 0, sizeof(*executor));
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(board, (int)i);
        if (snapshot == NULL)
            continue;
        executor->active_tasks += snapshot->end_ms == 0 && snapshot->trigger_active;
        executor->failed_tasks += snapshot->batches_failed;
        executor->completed_tasks += snapshot->batches;
        executor->duration_ms += snapshot->duration_us_total / 1000;
        executor->input_records += snapshot->input_rows_total;
        executor->output_records += snapshot->output_rows_total;
        for (size_t s = 0; snapshot->last != NULL && s < snapshot->last->progress.nstates; s++)
            executor->state_bytes += snapshot->last->progress.states[s].memory_bytes;
        snapshot_unref(snapshot);
    }
    executor->max_memory_bytes = process_memory_bytes();
    executor->resident_bytes = process_resident_bytes();
    executor->peak_bytes = process_peak_resident_bytes();
    executor->cores = process_cores();
}
