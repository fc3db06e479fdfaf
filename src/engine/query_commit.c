/* S6, S7: how a batch becomes the past.
 *
 * Reading and mapping records has no effect that a crash could leave behind. So when a batch follows at once, the
 * commit of the last one waits for that one's plan and state and becomes durable with them, before anything of the
 * batch reaches the sink: one sync a batch. Where reading takes longer, neither commit nor plan waits for it
 * (query_tick). What follows from a commit (the report, removing what is old, the display group) is done when it is
 * durable. */
#include "query_internal.h"

#include "common/clock.h"
#include "common/log.h"

#include <inttypes.h>

/* The display group is for people: once a second is enough. */
#define DISPLAY_US 1000000

void query_display_offsets(struct query *query, bool now)
{
    int64_t now_us = clock_monotonic_us();

    if (!now && query->displayed_us && now_us - query->displayed_us < DISPLAY_US)
        return;
    query->displayed_us = now_us;
    offsets_commit(query->offsets, &query->start);
}

void query_note_unsynced(struct query *query)
{
    if (query->unsynced_us == 0)
        query->unsynced_us = clock_monotonic_us();
}

int query_settle(struct query *query, bool resting, struct errbuf *err)
{
    if (checkpoint_sync(query->checkpoint, err) != 0)
        return -1;
    query->unsynced_us = 0;
    if (query->committing) {
        int64_t committed = query->batch_id - 1, oldest = committed - query->config->min_batches_to_retain;

        query->committing = false;
        query_report_tell(query->untold);
        query->untold = NULL;
        checkpoint_purge(query->checkpoint, committed, query->config->min_batches_to_retain);
        if (oldest > 0 && query->state)
            state_purge(query->state, oldest);
        if (oldest > 0 && query->limit)
            limit_purge(query->limit, oldest);
        query_display_offsets(query, false);
    }
    return checkpoint_show(query->checkpoint, resting, err);
}

/* The event time moved on: what the next batch works with. */
static int64_t next_watermark(const struct query *query, const struct query_work *work)
{
    const struct plan_op *op = query_find_op(query->plan, PLAN_WATERMARK);
    int64_t next = query->watermark_ms;

    if (op && work->events.count > 0)
        next = watermark_advance(query->watermark_ms, &work->events, op->u.watermark.delay_us);
    if (next != query->watermark_ms)
        log_info("WatermarkTracker", "Updating event-time watermark from %" PRId64 " to %" PRId64 " ms",
                 query->watermark_ms, next);
    return next;
}

/* The committed batch becomes the past. */
static void move_on(struct query *query, int64_t next_watermark_ms)
{
    struct offset_list old = query->start;

    query->start = query->end;
    query->end = old;
    query->evicted_watermark_ms = query->watermark_ms;
    query->late_watermark_ms = query->watermark_ms;
    query->watermark_ms = next_watermark_ms;
    query->batch_id++;
    query->rerun = false;
}

/* The next batch is due at once, and has records waiting. */
static bool next_is_due(const struct query *query)
{
    if (query->rerun || query->conf->trigger == CONFIG_TRIGGER_ONCE || offset_list_equal(&query->end, &query->latest))
        return false;
    return query->conf->trigger == CONFIG_TRIGGER_AVAILABLE_NOW ||
           tracker_elapsed_ms(&query->tracker) >= query->conf->trigger_ms;
}

static int write_commit(struct query *query, int64_t next_watermark_ms, struct errbuf *err)
{
    struct checkpoint_commit commit = {.next_watermark_ms = next_watermark_ms};

    read_marks_init(&commit.read);
    int result = source_marks(query->source, &query->end, &commit.read) != 0
                     ? errbuf_oom(err, "commit", query->end.count)
                     : checkpoint_write_commit(query->checkpoint, query->batch_id, &commit, err);
    read_marks_release(&commit.read);
    return result;
}

enum query_outcome query_commit(struct query *query, struct query_work *work, struct errbuf *err)
{
    bool later = next_is_due(query);
    int64_t next_watermark_ms = next_watermark(query, work);

    tracker_enter(&query->tracker);
    if (write_commit(query, next_watermark_ms, err) != 0 || (!later && checkpoint_sync(query->checkpoint, err) != 0))
        return QUERY_FAILED;
    tracker_leave(&query->tracker, PROGRESS_COMMIT_OFFSETS);
    query->untold = query_report_new(query, work);
    query->committing = true;
    query_note_unsynced(query);
    move_on(query, next_watermark_ms);
    int result = later ? checkpoint_show(query->checkpoint, false, err) : query_settle(query, false, err);
    return result == 0 ? QUERY_EXECUTED : QUERY_FAILED;
}
