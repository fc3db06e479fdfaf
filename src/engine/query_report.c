/* S8: what a trigger has to say: the progress record, in the log, the session's file and the snapshot. That of a batch
 * is made when the batch is done and told when its commit is durable. */
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
static void write_journal(struct query_journal *journal, const struct progress *progress)
{
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

struct report {
    struct feed *feed;
    struct query_journal *journal;
    struct progress progress;
    struct feed_batch numbers;
    struct offset_list end;
    int64_t *rows;    /* by partition of end */
    int64_t *reached; /* of numbers */
};

void query_report_drop(void *untold)
{
    struct report *report = untold;

    if (!report)
        return;
    progress_release(&report->progress);
    offset_list_release(&report->end);
    snapshot_result_unref(report->numbers.result);
    free(report->rows);
    free(report->reached);
    free(report);
}

static int make_progress(struct query *query, const struct query_work *work, struct progress *progress)
{
    struct progress_state states[TRACKER_STATES];
    struct state_counts counts;
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
        .output_rows = (int64_t)work->result->nrows,
        .states = states,
        .nstates = n,
    };
    return tracker_finish(&query->tracker, &facts, progress);
}

void *query_report_new(struct query *query, struct query_work *work)
{
    struct report *report = calloc(1, sizeof(*report));

    if (!report)
        goto no_memory;
    progress_init(&report->progress);
    offset_list_init(&report->end);
    report->feed = query->feed;
    report->journal = query->setup.journal;
    report->numbers = work->numbers;
    report->numbers.rerun = query->rerun;
    report->numbers.lost_offsets = source_skipped(query->source);
    report->numbers.reached = work->reached;
    report->numbers.nreached = query->plan->nops + 1;
    report->reached = work->reached;
    report->rows = work->rows;
    work->reached = work->rows = NULL;
    if (offset_list_copy(&report->end, &query->end) == 0 && make_progress(query, work, &report->progress) == 0) {
        report->numbers.result = feed_result(query->feed, query->batch_id, work->result);
        return report;
    }
    query_report_drop(report);
no_memory:
    log_warn("ProgressReporter", "no memory for the progress record of batch %" PRId64, query->batch_id);
    return NULL;
}

void query_report_tell(void *untold)
{
    struct report *report = untold;

    if (!report)
        return;
    log_progress(&report->progress);
    write_journal(report->journal, &report->progress);
    feed_partitions(report->feed, &report->end, report->rows);
    feed_executed(report->feed, &report->progress, &report->numbers);
    report->numbers.result = NULL; /* taken over */
    query_report_drop(report);
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
    write_journal(query->setup.journal, &progress);
    feed_idle(query->feed, &progress);
    progress_release(&progress);
}
