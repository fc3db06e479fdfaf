/* What a query's batches say about other limits and trigger intervals: its points, their fit, and sentences and
 * estimates from it, for the API and the page.
 *
 * Nothing is told outside the range of rows seen. Any thread; a study borrows its snapshot, which must outlive it.
 */
#ifndef UI_STUDY_H
#define UI_STUDY_H

#include "common/buf.h"
#include "report/snapshot.h"
#include "ui/tuning.h"

struct study {
    const struct snapshot *snapshot;
    struct tuning_point *points; /* by rows */
    size_t n;
    bool fitted;
    struct tuning_fit fit;
};

/* Batches with rows that were not run again: a rerun pays for its start as well. False without memory; release it all
 * the same. */
bool study_init(struct study *study, const struct snapshot *snapshot);
void study_release(struct study *study);

/* Fewest and most rows of a batch; -1 without batches. */
int64_t study_rows(const struct study *study, bool most);

/* A batch of so many rows, by the fit. */
struct study_estimate {
    int64_t rows;
    double ms;
    double rows_per_second; /* triggered as the query is; NaN: by a batch that takes no time */
    bool keeps_up;          /* within the trigger interval, or there is none */
};
struct study_estimate study_estimate(const struct study *study, int64_t rows);

/* One sentence, without its full stop: what the fit says about the trigger interval in force. */
void study_advice(const struct study *study, struct buf *out);

#endif
