#include "ui/words.h"

#include "common/clock.h"

#include <math.h>

const char *words_status(const struct snapshot *snapshot)
{
    if (snapshot->status == SNAPSHOT_FAILED)
        return "FAILED";
    return snapshot->end_ms != 0 ? "FINISHED" : "RUNNING";
}

double words_average(const struct snapshot *snapshot, bool input)
{
    double sum = 0.0;

    for (size_t i = 0; i < snapshot->nhistory; i++) {
        const struct progress *progress = &snapshot->history[i]->progress;
        double rate = input ? progress->input_rows_per_second : progress->processed_rows_per_second;
        if (isfinite(rate))
            sum += rate;
    }
    return snapshot->nhistory == 0 ? NAN : sum / (double)snapshot->nhistory;
}

int64_t words_duration_ms(const struct snapshot *snapshot)
{
    if (snapshot->end_ms == 0)
        return clock_wall_ms() - snapshot->start_ms;
    return snapshot->last == NULL ? 0 : snapshot->last->progress.timestamp_ms - snapshot->start_ms;
}
