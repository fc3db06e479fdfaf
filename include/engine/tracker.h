/* Times the phases of a trigger and makes its progress record (Spark 4.0.0: ProgressReporter, ProgressContext).
 *
 * One tracker a query, on its thread.
 */
#ifndef ENGINE_TRACKER_H
#define ENGINE_TRACKER_H

#include "engine/watermark.h"
#include "kafka/offsets.h"
#include "report/progress.h"

/* Aggregation and globalLimit: as many as a plan may have. */
#define TRACKER_STATES 2

struct tracker {
    /* Borrowed; set once. */
    const char *id;
    const char *run_id;
    const char *name;
    const char *source; /* descriptions */
    const char *sink;
    bool has_watermark;
    int64_t idle_interval_ms;

    int64_t start_ms; /* of this trigger, wall clock */
    int64_t start_us;
    int64_t previous_start_ms; /* of the trigger before; 0: none */
    int64_t previous_start_us;
    int64_t phase_us[PROGRESS_PHASES]; /* -1: not entered */
    int64_t entered_us;
    int64_t last_event_ms;                        /* of the last record; INT64_MIN: none yet */
    struct progress_state states[TRACKER_STATES]; /* of the last executed batch: an idle record repeats them */
    size_t nstates;
    int64_t output_rows; /* likewise; -1: no batch yet */
};

/* What a trigger did. */
struct tracker_facts {
    int64_t batch_id; /* idle: of the next batch */
    bool idle;
    bool rerun;
    const struct offset_list *start;  /* NULL: null (batch 0) */
    const struct offset_list *end;    /* NULL: null */
    const struct offset_list *latest; /* NULL: unknown (a batch run again) */
    int64_t rows;
    const struct watermark_stats *events;
    int64_t watermark_ms; /* in force */
    int64_t output_rows;
    const struct progress_state *states;
    size_t nstates;
};

void tracker_init(struct tracker *tracker);

void tracker_begin(struct tracker *tracker);
void tracker_enter(struct tracker *tracker);                            /* a phase begins */
void tracker_leave(struct tracker *tracker, enum progress_phase phase); /* it was this one */
int64_t tracker_elapsed_ms(const struct tracker *tracker);              /* since tracker_begin */

/* The trigger is over: make its record in *progress (uninitialised; progress_release). 0, -1 without memory. */
int tracker_finish(struct tracker *tracker, const struct tracker_facts *facts, struct progress *progress);

/* True when an idle record is due now; *first: none was emitted before, so nothing is logged about it. Counts as
 * emitted. */
bool tracker_idle_due(struct tracker *tracker, bool *first);

#endif
