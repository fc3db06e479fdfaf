/* S8: what a trigger has to say: the progress record, in the log, the session's file and the snapshot. */
#include "query_internal.h"

#include "common/fileio.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void fill_state(const struct state_counts *counts, const char *name, struct progress_state *state)
{
    size_t len = strlen(name);

    memset(state, 0, sizeof(*state));
    memcpy(state->operator_name, name, len < sizeof(state->operator_name) ? len : sizeof(state->operator_name) - 1);
    state->rows_total = counts->total;
    state->rows_updated = counts->updated;
    state->rows_removed = counts->removed;
    state->memory_bytes = counts->memory_bytes;
    state->rows_dropped_by_watermark = counts->dropped;
    state->shuffle_partitions = 1;
    state->store_instances = 1;
    state->current_version_bytes = counts->current_version_bytes;
}

/* Append a record to the session's file. A file that cannot be written is worth a line, not the query. */
static void write_journal(struct query *query, const struct progress *progress)
{
    struct query_journal *journal = query->setup.journal;
    struct errbuf err;
    struct buf line;

    if (!journal || journal->fd < 0)
        return;
    buf_init(&line);
    errbuf_clear(&err);
    progress_json(progress, false, &line);
    buf_append_byte(&line, '\n');
    if (!line.failed && pthread_mutex_lock(&journal->lock) == 0) {
        if (fileio_append(journal->fd, journal->path, line.data, line.len, &err) != 0)
            log_warn("ProgressReporter", "%s", err.text);
        pthread_mutex_unlock(&journal->lock);
    }
    buf_release(&line);
}

static void log_progress(const struct progress *progress)
{
    struct buf text;

    if (!log_enabled(LOG_LEVEL_INFO))
        return;
    buf_init(&text);
    buf_append_text(&text, "Streaming query made progress: ");
    progress_json(progress, true, &text);
    if (!text.failed)
        log_block(LOG_LEVEL_INFO, "ProgressReporter", text.data, text.len);
    buf_release(&text);
}

void query_report_executed(struct query *query, const struct query_work *work)
{
    struct progress_state states[TRACKER_STATES];
    struct state_counts counts;
    struct progress progress;
    size_t n = 0;

    if (query->limit) { /* top down, as Spark: the limit is above the aggregate */
        limit_counts(query->limit, &counts);
        fill_state(&counts, "globalLimit", &states[n++]);
    }
    if (query->state) {
        state_counts(query->state, &counts);
        fill_state(&counts, "stateStoreSave", &states[n]);
        states[n].all_updates_ms = work->updates_us / 1000;
        states[n].all_removals_ms = work->removals_us / 1000;
        states[n++].commit_ms = work->commit_us / 1000;
    }
    struct tracker_facts facts = {
        .batch_id = query->batch_id,
        .rerun = query->rerun,
        .start = query->batch_id > 0 ? &query->start : NULL,
        .end = &query->end,
        .latest = query->rerun ? NULL : &query->latest,
        .rows = work->rows_total,
        .events = &work->events,
        .watermark_ms = query->watermark_ms,
        .output_rows = work->output_rows,
        .states = states,
        .nstates = n,
    };
    if (tracker_finish(&query->tracker, &facts, &progress) != 0) {
        log_warn("ProgressReporter", "no memory for the progress record of batch %" PRId64, query->batch_id);
        return;
    }
    log_progress(&progress);
    write_journal(query, &progress);
    feed_executed(query->feed, &progress, &work->numbers);
    progress_release(&progress);
}

void query_report_idle(struct query *query)
{
    struct progress progress;
    bool first;

    if (!tracker_idle_due(&query->tracker, &first))
        return;
    struct tracker_facts facts = {
        .batch_id = query->batch_id,
        .idle = true,
        .start = &query->start,
        .end = &query->start,
        .latest = &query->latest,
        .watermark_ms = query->watermark_ms,
    };
    if (tracker_finish(&query->tracker, &facts, &progress) != 0)
        return;
    if (!first)
        log_info("ProgressReporter", "Streaming query has been idle and waiting for new data more than %" PRId64 " ms.",
                 query->config->no_data_progress_ms);
    write_journal(query, &progress);
    feed_idle(query->feed, &progress);
    progress_release(&progress);
}
