#include "ui/study.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

bool study_init(struct study *study, const struct snapshot *snapshot)
{
    *study = (struct study){.snapshot = snapshot, .points = calloc(snapshot->nhistory + 1, sizeof(*study->points))};
    if (study->points == NULL)
        return false;
    for (size_t i = 0; i < snapshot->nhistory; i++) {
        const struct progress *p = &snapshot->history[i]->progress;
        if (p->rerun || progress_rows(p) <= 0 || p->phase_ms[PROGRESS_TRIGGER_EXECUTION] == PROGRESS_NONE)
            continue;
        study->points[study->n++] = (struct tuning_point){
            .rows = (double)progress_rows(p), .ms = (double)p->phase_us[PROGRESS_TRIGGER_EXECUTION] / 1000.0};
    }
    study->fitted = tuning_fit(study->points, study->n, &study->fit);
    return true;
}

void study_release(struct study *study)
{
    free(study->points);
    *study = (struct study){0};
}

int64_t study_rows(const struct study *study, bool most)
{
    return study->n == 0 ? -1 : (int64_t)study->points[most ? study->n - 1 : 0].rows;
}

struct study_estimate study_estimate(const struct study *study, int64_t rows)
{
    double ms = tuning_ms(&study->fit, (double)rows);
    int64_t trigger_ms = study->snapshot->trigger_ms;
    double period_ms = trigger_ms > 0 && ms < (double)trigger_ms ? (double)trigger_ms : ms;

    return (struct study_estimate){.rows = rows,
                                   .ms = ms,
                                   .rows_per_second = period_ms > 0 ? (double)rows * 1000 / period_ms : NAN,
                                   .keeps_up = trigger_ms <= 0 || ms <= (double)trigger_ms};
}

void study_advice(const struct study *study, struct buf *out)
{
    int64_t high = study_rows(study, true), trigger_ms = study->snapshot->trigger_ms;

    if (!study->fitted) {
        buf_append_text(out, "batches of different sizes are needed before anything can be said");
    } else if (trigger_ms > 0) {
        double rows = tuning_rows_within(&study->fit, (double)trigger_ms, (double)high);
        if (rows < (double)study_rows(study, false))
            buf_printf(out, "no size seen finishes within the trigger interval of %" PRId64 " ms: make it longer",
                       trigger_ms);
        else if (rows >= (double)high)
            buf_printf(
                out, "every size seen, up to %" PRId64 " rows, finishes within the trigger interval of %" PRId64 " ms",
                high, trigger_ms);
        else
            buf_printf(out, "batches of up to %.0f rows finish within the trigger interval of %" PRId64 " ms", rows,
                       trigger_ms);
    } else if (study->fit.has_knee && study->fit.ms_per_row_above > study->fit.ms_per_row) {
        buf_printf(out, "a row costs more in batches beyond %.0f rows", study->fit.knee_rows);
    } else {
        buf_append_text(out, "the larger the batch, the less a row costs, within the range seen");
    }
}
