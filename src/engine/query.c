/* The order of a trigger's steps, and the triggers' order. Everything else is in the modules that this file calls.
 *
 * Errors: a step that fails fills err and the query ends; what the batch changed in memory is taken back, its plan
 * stays for the next start. A broker that is away is no error but a wait.
 */
#include "query_internal.h"

#include "common/clock.h"
#include "common/log.h"
#include "engine/offset_plan.h"
#include "engine/subscription.h"
#include "engine/trigger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "MicroBatchExecution"

/* --- S1, S2: what the next batch reads -------------------------------------------------------------------------- */

/* Ends of all partitions now. QUERY_EXECUTED: they are in query->latest. */
static enum query_outcome ask_latest(struct query *query, struct errbuf *err)
{
    if (query->has_latest && query->conf->trigger == CONFIG_TRIGGER_AVAILABLE_NOW)
        return QUERY_EXECUTED; /* frozen at the start of the run */
    for (;;) {
        offset_list_release(&query->latest);
        offset_list_init(&query->latest);
        errbuf_clear(err);
        if (subscription_latest(query->setup.source, query->offsets, &query->start, &query->latest, err) == 0) {
            query_note_up(query);
            source_looked(query->source);
            query->has_latest = true;
            return QUERY_EXECUTED;
        }
        enum query_outcome outcome = query_wait_retry(query, err);
        if (outcome != QUERY_EXECUTED)
            return outcome;
    }
}

/* First offsets of the partitions that the start does not have. */
static int ask_earliest(struct query *query, struct offset_list *earliest, struct errbuf *err)
{
    for (size_t i = 0; i < query->latest.count; i++) {
        const struct partition_offset *item = &query->latest.items[i];

        if (!offset_list_find(&query->start, item->topic, item->partition) &&
            offset_list_add(earliest, item->topic, item->partition, OFFSETS_UNKNOWN) != 0)
            return errbuf_oom(err, "offsets", query->latest.count);
    }
    return earliest->count ? offsets_earliest(query->offsets, earliest, SUBSCRIPTION_TIMEOUT_MS, err) : 0;
}

/* query->end from query->latest, under the limits. */
static int limit_end(struct query *query, struct errbuf *err)
{
    const struct config_source *source = query->setup.source;
    struct offset_list earliest;
    int result;

    offset_list_release(&query->end);
    offset_list_init(&query->end);
    if (query->conf->trigger == CONFIG_TRIGGER_ONCE) /* ignores limits */
        return offset_list_copy(&query->end, &query->latest) == 0 ? 0 : errbuf_oom(err, "offsets", 0);
    if (source->min_offsets_per_trigger != CONFIG_NONE &&
        offset_plan_delay(&query->start, &query->latest, source->min_offsets_per_trigger, source->max_trigger_delay_ms,
                          clock_wall_ms(), &query->last_trigger_ms))
        return offset_list_copy(&query->end, &query->start) == 0 ? 0 : errbuf_oom(err, "offsets", 0);
    if (source->max_offsets_per_trigger == CONFIG_NONE)
        return offset_list_copy(&query->end, &query->latest) == 0 ? 0 : errbuf_oom(err, "offsets", 0);
    offset_list_init(&earliest);
    result = ask_earliest(query, &earliest, err);
    if (result == 0 &&
        offset_plan_limit(&query->start, &earliest, &query->latest, source->max_offsets_per_trigger, &query->end) != 0)
        result = errbuf_oom(err, "offsets", query->latest.count);
    offset_list_release(&earliest);
    return result;
}

/* True when closed windows wait for a batch of their own although no data came. */
static bool no_data_batch_due(const struct query *query)
{
    return query->config->no_data_batches && query->state && query->plan->output_mode != PLAN_COMPLETE &&
           query->tracker.has_watermark && query->evicted_watermark_ms >= 0 &&
           query->watermark_ms > query->evicted_watermark_ms;
}

/* Decide about a batch and write its plan. QUERY_EXECUTED: it is to be run. */
static enum query_outcome plan_batch(struct query *query, struct errbuf *err)
{
    struct tracker *tracker = &query->tracker;
    enum query_outcome outcome;

    tracker_enter(tracker);
    if (query->write_initial) {
        struct buf json;

        if (checkpoint_write_initial(query->checkpoint, &query->start, err) != 0)
            return QUERY_FAILED;
        query->write_initial = false;
        buf_init(&json);
        offset_plan_json(&query->start, &json);
        log_info("KafkaMicroBatchStream", "Initial offsets: %s", json.data ? json.data : "");
        buf_release(&json);
    }
    do {
        outcome = ask_latest(query, err);
        if (outcome != QUERY_EXECUTED)
            return outcome;
        if (limit_end(query, err) == 0)
            break;
        outcome = query_wait_retry(query, err);
    } while (outcome == QUERY_EXECUTED);
    if (outcome != QUERY_EXECUTED)
        return outcome;
    tracker_leave(tracker, PROGRESS_LATEST_OFFSET);

    query->data_available = !query->planned || !offset_list_equal(&query->start, &query->end);
    if (!query->data_available && !no_data_batch_due(query))
        return QUERY_IDLE;
    feed_status(query->feed, SNAPSHOT_RUNNING, query->data_available, true, "Writing offsets to log");
    tracker_enter(tracker);
    query->planned_ms = clock_wall_ms();
    struct checkpoint_plan plan = {query->batch_id, query->watermark_ms, query->planned_ms, query->end};
    if (checkpoint_write_plan(query->checkpoint, &plan, err) != 0) {
        errbuf_prefix(err, "batch %" PRId64, query->batch_id);
        return QUERY_FAILED;
    }
    query_note_unsynced(query);
    query->planned = true;
    tracker_leave(tracker, PROGRESS_WAL_COMMIT);
    return QUERY_EXECUTED;
}

/* --- S3: read and compute --------------------------------------------------------------------------------------- */

static enum query_outcome prepare(struct query *query, struct query_work *work, struct errbuf *err)
{
    enum query_outcome outcome;

    tracker_enter(&query->tracker);
    while (source_plan(query->source, &query->start, &query->end, &work->ranges, err) != 0) {
        outcome = query_wait_retry(query, err);
        if (outcome != QUERY_EXECUTED)
            return outcome;
        errbuf_clear(err);
    }
    query_note_up(query);
    tracker_leave(&query->tracker, PROGRESS_GET_BATCH);

    tracker_enter(&query->tracker);
    work->n = query->end.count;
    work->parts = calloc(work->n + 1, sizeof(*work->parts));
    work->rows = calloc(work->n + 1, sizeof(*work->rows));
    work->reached = calloc(query->plan->nops + 1, sizeof(*work->reached));
    watermark_stats_init(&work->events);
    if (!work->parts || !work->rows || !work->reached) {
        errbuf_oom(err, "batch", work->n);
        return QUERY_FAILED;
    }
    for (size_t i = 0; i < work->n; i++) {
        work->parts[i] = query_part_of(query, work->ranges[i].topic, work->ranges[i].partition, err);
        if (!work->parts[i])
            return QUERY_FAILED;
        map_part_begin(work->parts[i]);
    }
    map_stage_begin(&query->map);
    if (query->state)
        state_begin(query->state);
    int64_t remaining = INT64_MAX;
    if (query->limit && (remaining = limit_begin(query->limit, err)) < 0)
        return QUERY_FAILED;
    final_stage_begin(query->final, remaining);
    tracker_leave(&query->tracker, PROGRESS_QUERY_PLANNING);
    return QUERY_EXECUTED;
}

/* The newest malformed records go to the page. */
static void show_bad(struct query *query, const struct map_part *part)
{
    const struct snapshot_bad *bad;
    size_t n = 0;

    while (map_part_bad(part, n))
        n++;
    while (n > 0 && (bad = map_part_bad(part, --n)) != NULL)
        feed_bad(query->feed, query->batch_id, bad);
}

/* A part stopped the reading: its error. */
static void part_error(const struct query_work *work, struct errbuf *err)
{
    for (size_t i = 0; i < work->n && err->text[0] == '\0'; i++)
        *err = *map_part_error(work->parts[i]);
    if (err->text[0] == '\0')
        errbuf_set(err, EXIT_CODE_RUNTIME, "reading failed");
}

static void log_bad(const struct query *query, const struct source_range *range, const struct map_counts *counts)
{
    if (counts->bad + counts->partial == 0)
        return;
    log_warn("MapStage",
             "Query %s, batch %" PRId64 ", %s-%d: %" PRId64 " malformed records, %" PRId64
             " with a value that does not fit its column; the first at offset %" PRId64 ": %s",
             query->conf->name, query->batch_id, range->topic, (int)range->partition, counts->bad, counts->partial,
             counts->first_bad_offset, counts->first_bad);
}

static void log_given_up(const struct query *query)
{
    log_warn(MODULE,
             "Query %s: batch %" PRId64
             " was given up by the stop; it will run again, on the same offsets, at the next start",
             query->conf->name, query->batch_id);
}

static enum query_outcome read_ranges(struct query *query, struct query_work *work, struct errbuf *err)
{
    struct source_sink sink = {map_part_record, (void *const *)work->parts, query_tick, query};

    errbuf_clear(err);
    switch (source_read(query->source, work->ranges, work->n, &sink, query->setup.stop_fd, err)) {
    case SOURCE_COMPLETE:
        break;
    case SOURCE_ABANDONED:
        if (query_settle(query, true, err) != 0)
            return QUERY_FAILED;
        log_given_up(query);
        return QUERY_STOPPED;
    case SOURCE_FAILED:
        for (size_t i = 0; i < work->n; i++)
            show_bad(query, work->parts[i]);
        part_error(work, err);
        return QUERY_FAILED;
    }
    query_note_up(query);
    for (size_t i = 0; i < work->n; i++) {
        struct map_counts counts;

        if (map_part_finish(work->parts[i]) != 0) {
            *err = *map_part_error(work->parts[i]);
            return QUERY_FAILED;
        }
        map_part_counts(work->parts[i], &counts);
        watermark_stats_merge(&work->events, map_part_watermark(work->parts[i]));
        work->rows[i] = counts.records;
        work->rows_total += counts.records;
        work->numbers.bad_records += counts.bad + counts.partial;
        work->numbers.unmatched_rows += counts.unmatched;
        log_bad(query, &work->ranges[i], &counts);
        show_bad(query, work->parts[i]);
        map_part_reached(work->parts[i], work->reached);
    }
    return QUERY_EXECUTED;
}

/* Partials into the state in partition order, closed groups out of it, and the mode's groups to the final stage. */
static int run_aggregate(struct query *query, struct query_work *work, struct errbuf *err)
{
    bool timed = query->plan->output_mode != PLAN_COMPLETE &&
                 query->plan->ops[query->plan->aggregate].u.aggregate.event_time_key >= 0;
    /* Late rows go by the watermark of the batch before (Spark 3.4 and later); for batch 0 it is 0. */
    int64_t late_us = timed ? query->late_watermark_ms * 1000 : INT64_MIN;
    struct state_counts counts;
    uint32_t *groups = NULL;
    size_t n = 0;
    int64_t began_us = clock_monotonic_us();
    int result;

    for (size_t i = 0; i < map_stage_partials(&query->map, work->n); i++)
        if (state_merge(query->state, map_part_partial(work->parts[i]), late_us, err) != 0)
            return -1;
    int64_t merged_us = clock_monotonic_us();
    if (timed && state_evict(query->state, query->watermark_ms * 1000, err) != 0)
        return -1;
    work->updates_us = merged_us - began_us;
    work->removals_us = clock_monotonic_us() - merged_us;
    switch (query->plan->output_mode) {
    case PLAN_COMPLETE:
        result = state_all(query->state, &groups, &n);
        break;
    case PLAN_UPDATE:
        result = state_updated(query->state, &groups, &n);
        break;
    default:
        result = state_removed(query->state, &groups, &n);
        break;
    }
    if (result != 0)
        return errbuf_oom(err, "groups", n);
    state_counts(query->state, &counts);
    work->numbers.late_rows = counts.dropped;
    return final_stage_groups(query->final, state_table(query->state), groups, n, err);
}

static int compute(struct query *query, struct query_work *work, struct errbuf *err)
{
    int result = 0;

    if (query->state) {
        result = run_aggregate(query, work, err);
    } else {
        for (size_t i = 0; i < work->n && result == 0; i++)
            result = final_stage_rows(query->final, map_part_rows(work->parts[i]), err);
    }
    if (result != 0)
        return -1;
    work->result = final_stage_end(query->final, err);
    if (!work->result)
        return -1;
    work->numbers.unmatched_rows += final_stage_unmatched(query->final);
    final_stage_reached(query->final, work->reached);
    return query->limit ? limit_add(query->limit, final_stage_limited(query->final), err) : 0;
}

/* --- S4 to S6 --------------------------------------------------------------------------------------------------- */

static int commit_state(struct query *query, struct query_work *work, struct errbuf *err)
{
    int64_t began_us = clock_monotonic_us();

    if (query->state && state_commit(query->state, query->batch_id + 1, err) != 0)
        return -1;
    if (query->limit && limit_commit(query->limit, query->batch_id + 1, err) != 0)
        return -1;
    work->commit_us = clock_monotonic_us() - began_us;
    return 0;
}

static enum query_outcome write_sink(struct query *query, const struct query_work *work, struct errbuf *err)
{
    if (sink_begin(query->sink, query->batch_id, query->rerun, err) != 0 ||
        sink_write(query->sink, work->result, err) != 0)
        return QUERY_FAILED;
    switch (sink_commit(query->sink, err)) {
    case 0:
        return QUERY_EXECUTED;
    case SINK_ABANDONED:
        log_given_up(query);
        return QUERY_STOPPED;
    default:
        return QUERY_FAILED;
    }
}

/* --- a batch ---------------------------------------------------------------------------------------------------- */

static enum query_outcome run_steps(struct query *query, struct query_work *work, struct errbuf *err)
{
    struct tracker *tracker = &query->tracker;
    enum query_outcome outcome = prepare(query, work, err);

    if (outcome != QUERY_EXECUTED)
        return outcome;
    tracker_enter(tracker);
    outcome = read_ranges(query, work, err);
    if (outcome != QUERY_EXECUTED)
        return outcome;
    if (compute(query, work, err) != 0 || commit_state(query, work, err) != 0)
        return QUERY_FAILED;
    tracker_leave(tracker, PROGRESS_ADD_BATCH);

    /* Up to here a crash leaves nothing behind but a version of the state that no commit names. */
    tracker_enter(tracker);
    if (query_settle(query, false, err) != 0)
        return QUERY_FAILED;
    tracker_leave(tracker, query->rerun ? PROGRESS_ADD_BATCH : PROGRESS_WAL_COMMIT);
    if (!query->rerun)
        log_info(MODULE,
                 "Committed offsets for batch %" PRId64 ". Metadata OffsetSeqMetadata(%" PRId64 ",%" PRId64
                 ",HashMap())",
                 query->batch_id, query->watermark_ms, query->planned_ms);

    tracker_enter(tracker);
    outcome = write_sink(query, work, err);
    if (outcome != QUERY_EXECUTED)
        return outcome;
    tracker_leave(tracker, PROGRESS_ADD_BATCH);
    return query_commit(query, work, err);
}

static enum query_outcome run_batch(struct query *query, struct errbuf *err)
{
    int64_t batch_id = query->batch_id; /* which a commit moves on */
    struct query_work work;
    enum query_outcome outcome;

    memset(&work, 0, sizeof(work));
    feed_status(query->feed, SNAPSHOT_RUNNING, query->data_available, true,
                query->data_available ? "Processing new data" : "No new data but cleaning up state");
    outcome = run_steps(query, &work, err);
    if (outcome != QUERY_EXECUTED) {
        sink_abort(query->sink);
        if (query->state)
            state_rollback(query->state);
        if (query->limit)
            limit_rollback(query->limit);
        if (outcome == QUERY_FAILED)
            errbuf_prefix(err, "batch %" PRId64, batch_id);
    }
    free(work.ranges);
    free(work.parts);
    free(work.rows);
    free(work.reached);
    return outcome;
}

/* --- triggers --------------------------------------------------------------------------------------------------- */

static enum query_outcome run_trigger(struct query *query, bool quiet, struct errbuf *err)
{
    enum query_outcome outcome;

    tracker_begin(&query->tracker);
    if (query->rerun) {
        query->data_available = true;
        log_info(MODULE,
                 "Resuming at batch %" PRId64 ": it was planned but not committed and runs again on the same offsets",
                 query->batch_id);
        return run_batch(query, err);
    }
    /* A query that polls for data every few milliseconds would ring the bell as often. */
    if (!quiet)
        feed_status(query->feed, SNAPSHOT_RUNNING, false, true, "Getting offsets from %s", query->setup.description);
    outcome = plan_batch(query, err);
    if (outcome == QUERY_EXECUTED)
        return run_batch(query, err);
    if (outcome == QUERY_IDLE) {
        if (query_settle(query, true, err) != 0) /* what is told of an idle trigger comes after the batch before */
            return QUERY_FAILED;
        query_report_idle(query);
    }
    return outcome;
}

/* Between triggers: until the next boundary. True when stopping. */
static bool wait_trigger(struct query *query, enum query_outcome last, int64_t next_ms)
{
    int64_t left_ms;

    feed_status(query->feed, last == QUERY_IDLE ? SNAPSHOT_IDLE : SNAPSHOT_RUNNING, query->data_available, false,
                "Waiting for next trigger");
    if (last == QUERY_IDLE && query_wait_stop(query, query->config->polling_delay_ms))
        return true;
    /* The boundary is a wall time, the wait is not: a clock that is set meanwhile moves only the boundaries after this
     * one. */
    left_ms = next_ms - clock_wall_ms();
    if (query->conf->trigger_ms > 0 && left_ms > query->conf->trigger_ms)
        left_ms = query->conf->trigger_ms;
    return query_wait_stop(query, left_ms);
}

/* Run triggers until the end of the run. */
static enum query_outcome run_triggers(struct query *query, bool *gone, struct errbuf *err)
{
    bool quiet = false;

    while (!query_wait_stop(query, 0)) {
        int64_t now_ms = clock_wall_ms();
        enum query_outcome outcome = run_trigger(query, quiet, err);
        int64_t elapsed_ms = tracker_elapsed_ms(&query->tracker);

        if (outcome == QUERY_STOPPED || outcome == QUERY_FAILED)
            return outcome;
        *gone = query->sink->gone;
        if (*gone)
            return QUERY_STOPPED;
        if (query->conf->trigger == CONFIG_TRIGGER_ONCE)
            return outcome;
        if (query->conf->trigger == CONFIG_TRIGGER_AVAILABLE_NOW) {
            if (outcome == QUERY_IDLE) {
                log_info(MODULE, "Finished processing all available data for the trigger, terminating this "
                                 "Trigger.AvailableNow query");
                return QUERY_IDLE;
            }
            continue;
        }
        if (trigger_behind(elapsed_ms, query->conf->trigger_ms)) {
            /* Spark 4.0.0 prints the stray brace; people grep for the line. */
            log_warn("ProcessingTimeExecutor",
                     "Current batch is falling behind. The trigger interval is %" PRId64
                     "} milliseconds, but spent %" PRId64 " milliseconds",
                     query->conf->trigger_ms, elapsed_ms);
            feed_behind(query->feed);
        } else {
            quiet = outcome == QUERY_IDLE && query->conf->trigger_ms < 1000;
        }
        int64_t next_ms = trigger_next(now_ms, query->conf->trigger_ms);
        if (next_ms > clock_wall_ms() && query_settle(query, true, err) != 0)
            return QUERY_FAILED;
        if (wait_trigger(query, outcome, next_ms))
            return QUERY_STOPPED;
    }
    return QUERY_STOPPED;
}

int query_run(struct query *query, bool *gone, struct errbuf *err)
{
    const char *id = checkpoint_id(query->checkpoint);
    enum query_outcome outcome;

    *gone = false;
    errbuf_clear(err);
    log_info(MODULE, "Starting %s [id = %s, runId = %s]. Use file:%s to store the query checkpoint.", query->conf->name,
             id, query->run_id, query->setup.checkpoint_dir);
    if (!query->planned) {
        log_info(MODULE, "Starting new streaming query.");
    } else if (!query->rerun) {
        struct buf json;

        buf_init(&json);
        offset_plan_json(&query->start, &json);
        log_info(MODULE, "Resuming at batch %" PRId64 " with committed offsets {%s: %s}", query->batch_id,
                 query->setup.description, json.data ? json.data : "");
        buf_release(&json);
    }
    outcome = run_triggers(query, gone, err);
    /* The last commit, and all files into their places; what fails here as well is told too. */
    struct errbuf late;
    errbuf_clear(&late);
    bool removed = query->setup.temporary && outcome != QUERY_FAILED; /* then nobody will miss its files */
    if (query_settle(query, false, &late) != 0 || (!removed && checkpoint_settle(query->checkpoint, &late) != 0)) {
        if (outcome != QUERY_FAILED)
            *err = late;
        else if (strstr(err->text, late.text) == NULL)
            log_error(MODULE, "Query %s: %s", query->conf->name, late.text);
        outcome = QUERY_FAILED;
    }
    if (query->planned && outcome != QUERY_FAILED)
        query_display_offsets(query, true);
    if (outcome == QUERY_FAILED) {
        query->failed = true;
        errbuf_prefix(err, "query %s", query->conf->name);
        log_error(MODULE, "Query %s [id = %s, runId = %s] terminated with error", query->conf->name, id, query->run_id);
        feed_end(query->feed, err->text);
        return -1;
    }
    log_info(MODULE, "Query %s [id = %s, runId = %s] was stopped", query->conf->name, id, query->run_id);
    feed_end(query->feed, NULL);
    return 0;
}

const char *query_name(const struct query *query)
{
    return query->conf->name;
}

void query_sample(struct query *query, const struct offset_list *high, const struct offset_list *low, int64_t now_ms)
{
    feed_sample(query->feed, high, low, now_ms);
}

void query_summary(struct query *query, struct buf *out)
{
    feed_summary(query->feed, out);
}

void query_stopping(struct query *query)
{
    feed_stopping(query->feed);
}
