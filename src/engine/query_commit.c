/* S6, S7: how a batch becomes the past. Its commit is handed over; what follows from it (removing what is old, the
 * display group) is done when it is known to be durable. */
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

int query_settle(struct query *query, bool told, struct errbuf *err)
{
    int64_t oldest = query->batch_id - 1 - query->config->min_batches_to_retain;

    if (committer_wait(query->committer, told, err) != 0) {
        query->unsettled = true;
        return -1;
    }
    if (!query->committing)
        return 0;
    query->committing = false;
    if (oldest > 0 && query->state)
        state_purge(query->state, oldest);
    if (oldest > 0 && query->limit)
        limit_purge(query->limit, oldest);
    query_display_offsets(query, false);
    return 0;
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

/* The next batch is due at once, and has records waiting: it may be read while this one's commit is written. */
static bool next_is_due(const struct query *query)
{
    if (query->rerun || query->conf->trigger == CONFIG_TRIGGER_ONCE || offset_list_equal(&query->end, &query->latest))
        return false;
    return query->conf->trigger == CONFIG_TRIGGER_AVAILABLE_NOW ||
           tracker_elapsed_ms(&query->tracker) >= query->conf->trigger_ms;
}

enum query_outcome query_commit(struct query *query, struct query_work *work, struct errbuf *err)
{
    bool later = next_is_due(query);
    int64_t next_watermark_ms = next_watermark(query, work);
    struct committer_commit commit = {.batch_id = query->batch_id,
                                      .commit = {.next_watermark_ms = next_watermark_ms},
                                      .retain = query->config->min_batches_to_retain,
                                      .done = query_report_done};

    read_marks_init(&commit.commit.read);
    if (source_marks(query->source, &query->end, &commit.commit.read) != 0) {
        read_marks_release(&commit.commit.read);
        errbuf_oom(err, "commit", query->end.count);
        return QUERY_FAILED;
    }
    commit.cookie = query_report_new(query, work);
    committer_commit(query->committer, &commit);
    query->committing = true;
    move_on(query, next_watermark_ms);
    return later || query_settle(query, true, err) == 0 ? QUERY_EXECUTED : QUERY_FAILED;
}
