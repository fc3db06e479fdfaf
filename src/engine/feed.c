#include "engine/feed.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* That many samples of growing lag in a row (one a second) are "behind". */
#define GROWING_SAMPLES 10
/* ... and so are that many batches in a row that each left more in the log than the one before. */
#define GROWING_BATCHES 3

/* An unchanged sample is published only this often, so that a quiet query does not ring every second. */
#define SAMPLE_QUIET_MS 5000

struct feed {
    pthread_mutex_t lock; /* everything below */
    struct board *board;
    int index;
    struct snapshot now; /* texts and arrays are ours; history, last, result are references */
    size_t history_max;
    struct snapshot_result *spare; /* the result before feed.now.result */
    int64_t published_ms;          /* of the last sample */
    int64_t lag;
    int growing; /* samples */
    double left; /* in the log, by the last batch's record */
    int growing_batches;
    bool stopping;
};

/* --- pictures --------------------------------------------------------------------------------------------------- */

static char *copy_text(const char *text, bool *failed)
{
    char *copy = text ? strdup(text) : NULL;

    *failed |= text && !copy;
    return copy;
}

static int64_t *copy_counts(const int64_t *counts, size_t n, bool *failed)
{
    int64_t *copy = n ? malloc(n * sizeof(*copy)) : NULL;

    if (copy)
        memcpy(copy, counts, n * sizeof(*copy));
    *failed |= n && !copy;
    return copy;
}

/* A picture of feed->now. */
static struct snapshot *picture(const struct feed *feed)
{
    const struct snapshot *now = &feed->now;
    struct snapshot *snapshot = snapshot_new();
    bool failed = false;

    if (!snapshot)
        return NULL;
    memcpy((char *)snapshot + sizeof(snapshot->refs), (const char *)now + sizeof(now->refs),
           sizeof(*now) - sizeof(now->refs));
    snapshot->name = copy_text(now->name, &failed);
    snapshot->sql = copy_text(now->sql, &failed);
    snapshot->output_mode = copy_text(now->output_mode, &failed);
    snapshot->trigger = copy_text(now->trigger, &failed);
    snapshot->explain = copy_text(now->explain, &failed);
    snapshot->message = copy_text(now->message, &failed);
    snapshot->error = copy_text(now->error, &failed);
    snapshot->last = snapshot_record_ref(now->last);
    snapshot->result = snapshot_result_ref(now->result);
    snapshot->bad = snapshot_bad_list_ref(now->bad);
    snapshot->nhistory = snapshot->npartitions = 0;
    snapshot->history = calloc(now->nhistory + 1, sizeof(*snapshot->history));
    snapshot->partitions = calloc(now->npartitions + 1, sizeof(*snapshot->partitions));
    snapshot->reached = copy_counts(now->reached, now->nreached, &failed);
    snapshot->reached_last = copy_counts(now->reached_last, now->nreached, &failed);
    if (snapshot->history)
        for (; snapshot->nhistory < now->nhistory; snapshot->nhistory++)
            snapshot->history[snapshot->nhistory] = snapshot_record_ref(now->history[snapshot->nhistory]);
    if (snapshot->partitions)
        for (; snapshot->npartitions < now->npartitions; snapshot->npartitions++) {
            snapshot->partitions[snapshot->npartitions] = now->partitions[snapshot->npartitions];
            snapshot->partitions[snapshot->npartitions].topic =
                copy_text(now->partitions[snapshot->npartitions].topic, &failed);
        }
    if (snapshot->status == SNAPSHOT_RUNNING &&
        (feed->growing >= GROWING_SAMPLES || feed->growing_batches >= GROWING_BATCHES))
        snapshot->status = SNAPSHOT_BEHIND;
    if (feed->stopping && snapshot->end_ms == 0)
        snapshot->status = SNAPSHOT_STOPPING;
    if (failed || !snapshot->history || !snapshot->partitions) {
        snapshot_unref(snapshot);
        return NULL;
    }
    return snapshot;
}

static void publish(struct feed *feed)
{
    struct snapshot *snapshot = picture(feed);

    if (snapshot)
        board_publish(feed->board, feed->index, snapshot);
}

static void set_text(char **text, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return; /* the old one stays */
    free(*text);
    *text = copy;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static char *trigger_text(const struct config_query *query)
{
    struct buf out;
    char *text;

    buf_init(&out);
    if (query->trigger == CONFIG_TRIGGER_ONCE)
        buf_append_text(&out, "once");
    else if (query->trigger == CONFIG_TRIGGER_AVAILABLE_NOW)
        buf_append_text(&out, "availableNow");
    else if (query->trigger_ms % 1000 == 0)
        buf_printf(&out, "%lld second%s", (long long)query->trigger_ms / 1000, query->trigger_ms == 1000 ? "" : "s");
    else
        buf_printf(&out, "%lld ms", (long long)query->trigger_ms);
    text = buf_take(&out, NULL);
    buf_release(&out);
    return text;
}

static const char *mode_text(enum plan_output_mode mode)
{
    return mode == PLAN_COMPLETE ? "complete" : mode == PLAN_UPDATE ? "update" : "append";
}

struct feed *feed_new(struct board *board, const struct feed_setup *setup, struct errbuf *err)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    bool failed = false;

    if (!feed) {
        errbuf_oom(err, "feed", sizeof(*feed));
        return NULL;
    }
    if (pthread_mutex_init(&feed->lock, NULL) != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make a lock");
        free(feed);
        return NULL;
    }
    struct snapshot *now = &feed->now;
    now->name = copy_text(setup->query->name, &failed);
    now->sql = copy_text(setup->query->sql, &failed);
    now->output_mode = copy_text(mode_text(setup->query->output_mode), &failed);
    now->trigger = trigger_text(setup->query);
    now->explain = copy_text(setup->explain, &failed);
    now->message = copy_text("Initializing StreamExecution", &failed);
    memcpy(now->id, setup->id, strnlen(setup->id, sizeof(now->id) - 1));
    memcpy(now->run_id, setup->run_id, strnlen(setup->run_id, sizeof(now->run_id) - 1));
    now->trigger_ms = setup->query->trigger == CONFIG_TRIGGER_INTERVAL ? setup->query->trigger_ms : -1;
    now->max_offsets_per_trigger = setup->max_offsets_per_trigger == CONFIG_NONE ? 0 : setup->max_offsets_per_trigger;
    now->start_ms = clock_wall_ms();
    now->status = SNAPSHOT_STARTING;
    now->trigger_active = true;
    /* Spark evicts while length >= the setting: one fewer stays (ProgressReporter.updateProgress). */
    feed->history_max = setup->config->progress_history > 1 ? (size_t)setup->config->progress_history - 1 : 1;
    now->history = calloc(feed->history_max, sizeof(*now->history));
    feed->board = board;
    if (failed || !now->trigger || !now->history) {
        errbuf_oom(err, "feed", sizeof(*feed));
        feed_free(feed);
        return NULL;
    }
    feed->index = board_add(board);
    if (feed->index < 0) {
        errbuf_set(err, EXIT_CODE_USAGE, "too many queries");
        feed_free(feed);
        return NULL;
    }
    publish(feed);
    return feed;
}

void feed_free(struct feed *feed)
{
    if (!feed)
        return;
    struct snapshot *now = &feed->now;
    for (size_t i = 0; i < now->nhistory; i++)
        snapshot_record_unref(now->history[i]);
    free(now->history);
    snapshot_record_unref(now->last);
    snapshot_result_unref(now->result);
    snapshot_result_unref(feed->spare);
    snapshot_bad_list_unref(now->bad);
    free(now->reached);
    free(now->reached_last);
    for (size_t i = 0; i < now->npartitions; i++)
        free(now->partitions[i].topic);
    free(now->partitions);
    free(now->name);
    free(now->sql);
    free(now->output_mode);
    free(now->trigger);
    free(now->explain);
    free(now->message);
    free(now->error);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

/* --- the query's thread ----------------------------------------------------------------------------------------- */

void feed_status(struct feed *feed, enum snapshot_status status, bool data_available, bool trigger_active,
                 const char *format, ...)
{
    struct buf text;
    va_list args;

    buf_init(&text);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    thread_lock(&feed->lock);
    if (feed->now.status != status || feed->now.data_available != data_available ||
        feed->now.trigger_active != trigger_active || !text.data || strcmp(feed->now.message, text.data) != 0) {
        feed->now.status = status;
        feed->now.data_available = data_available;
        feed->now.trigger_active = trigger_active;
        if (text.data)
            set_text(&feed->now.message, text.data);
        publish(feed);
    }
    thread_unlock(&feed->lock);
    buf_release(&text);
}

struct snapshot_result *feed_result(struct feed *feed, int64_t batch_id, struct rowset *rows)
{
    /* The result before the last one serves again, unless somebody still reads it. */
    thread_lock(&feed->lock);
    struct snapshot_result *result = feed->spare;
    feed->spare = NULL;
    thread_unlock(&feed->lock);
    if (result && !snapshot_result_unshared(result)) {
        snapshot_result_unref(result);
        result = NULL;
    }
    if (!result)
        result = snapshot_result_new(&rows->schema);
    if (!result)
        return NULL;
    rowset_reset(&result->rows);
    rowset_swap(&result->rows, rows);
    result->batch_id = batch_id;
    result->total_rows = (int64_t)result->rows.nrows;
    return result;
}

/* Under the lock. */
static void show_result(struct feed *feed, struct snapshot_result *result)
{
    if (!result)
        return;
    snapshot_result_unref(feed->spare);
    feed->spare = feed->now.result;
    feed->now.result = result;
}

static struct snapshot_partition *find_partition(struct feed *feed, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < feed->now.npartitions; i++)
        if (feed->now.partitions[i].partition == partition && strcmp(feed->now.partitions[i].topic, topic) == 0)
            return &feed->now.partitions[i];
    return NULL;
}

static struct snapshot_partition *add_partition(struct feed *feed, const char *topic, int32_t partition)
{
    size_t n = feed->now.npartitions;
    struct snapshot_partition *grown = realloc(feed->now.partitions, (n + 1) * sizeof(*grown));

    if (!grown)
        return NULL;
    feed->now.partitions = grown;
    memset(&grown[n], 0, sizeof(grown[n]));
    grown[n].topic = strdup(topic);
    if (!grown[n].topic)
        return NULL;
    grown[n].partition = partition;
    grown[n].low = grown[n].committed = grown[n].position = grown[n].high = -1;
    grown[n].arrival_rate = NAN;
    feed->now.npartitions++;
    return &grown[n];
}

void feed_partitions(struct feed *feed, const struct offset_list *end, const int64_t *rows)
{
    thread_lock(&feed->lock);
    for (size_t i = 0; i < end->count; i++) {
        const struct partition_offset *item = &end->items[i];
        struct snapshot_partition *partition = find_partition(feed, item->topic, item->partition);

        if (!partition)
            partition = add_partition(feed, item->topic, item->partition);
        if (!partition)
            continue;
        partition->committed = partition->position = item->offset;
        if (partition->high < 0) /* later values come from the sampler alone: rates are made of them */
            partition->high = item->offset;
        if (rows)
            partition->rows += rows[i];
    }
    thread_unlock(&feed->lock);
}

static void count_duration(struct snapshot *now, const struct progress *progress)
{
    size_t bucket = 0;

    while (bucket < 15 && progress->duration_ms > snapshot_duration_bounds_ms[bucket])
        bucket++;
    now->duration_bucket[bucket]++;
    now->duration_us_total += progress->phase_us[PROGRESS_TRIGGER_EXECUTION];
    for (size_t i = 0; i < PROGRESS_PHASES; i++)
        now->phase_us_total[i] += progress->phase_us[i];
}

static void add_reached(struct snapshot *now, const struct feed_batch *batch)
{
    if (!now->nreached && batch->nreached) {
        now->reached = calloc(batch->nreached, sizeof(*now->reached));
        now->reached_last = calloc(batch->nreached, sizeof(*now->reached_last));
        if (!now->reached || !now->reached_last) {
            free(now->reached);
            free(now->reached_last);
            now->reached = now->reached_last = NULL;
            return;
        }
        now->nreached = batch->nreached;
    }
    for (size_t i = 0; i < now->nreached && i < batch->nreached; i++) {
        now->reached[i] += batch->reached[i];
        now->reached_last[i] = batch->reached[i];
    }
}

/* Does each batch leave more than the one before? By the records' own numbers: those of the sampler are up to a second
 * old, and between two batches the lag of every query grows. */
static void note_left(struct feed *feed, const struct progress *progress)
{
    double left = 0;

    for (size_t i = 0; i < progress->nsources; i++)
        if (progress->sources[i].has_lag)
            left += progress->sources[i].lag_avg;
    feed->growing_batches = left > feed->left ? feed->growing_batches + 1 : 0;
    feed->left = left;
}

void feed_bad(struct feed *feed, int64_t batch_id, const struct snapshot_bad *bad)
{
    struct snapshot_bad item = *bad;

    item.batch_id = batch_id;
    thread_lock(&feed->lock);
    feed->now.bad = snapshot_bad_list_add(feed->now.bad, &item);
    thread_unlock(&feed->lock);
}

/* What the oldest record alone knew of the run. */
static void forget_oldest(struct snapshot *now)
{
    const struct progress *oldest = &now->history[0]->progress;

    if (oldest->has_event_time && (!now->event_forgotten || oldest->event_max_ms > now->forgotten_event_max_ms)) {
        now->event_forgotten = true;
        now->forgotten_event_max_ms = oldest->event_max_ms;
    }
    snapshot_record_unref(now->history[0]);
    memmove(now->history, now->history + 1, (now->nhistory - 1) * sizeof(struct snapshot_record *));
    now->nhistory--;
}

void feed_executed(struct feed *feed, const struct progress *progress, const struct feed_batch *batch)
{
    struct snapshot_record *record = snapshot_record_new(progress);
    struct snapshot *now = &feed->now;

    thread_lock(&feed->lock);
    now->batches++;
    now->batches_rerun += batch->rerun;
    now->input_rows_total += progress_rows(progress);
    now->output_rows_total += progress->output_rows > 0 ? progress->output_rows : 0;
    now->late_rows_total += batch->late_rows;
    now->bad_records_total += batch->bad_records;
    now->unmatched_rows_total += batch->unmatched_rows;
    now->lost_offsets_total = batch->lost_offsets;
    count_duration(now, progress);
    add_reached(now, batch);
    show_result(feed, batch->result);
    note_left(feed, progress);
    if (record) {
        if (now->nhistory == feed->history_max)
            forget_oldest(now);
        now->history[now->nhistory++] = record;
        snapshot_record_unref(now->last);
        now->last = snapshot_record_ref(record);
    }
    publish(feed);
    thread_unlock(&feed->lock);
}

void feed_idle(struct feed *feed, const struct progress *progress)
{
    struct snapshot_record *record = snapshot_record_new(progress);

    if (!record)
        return;
    thread_lock(&feed->lock);
    snapshot_record_unref(feed->now.last);
    feed->now.last = record;
    publish(feed);
    thread_unlock(&feed->lock);
}

void feed_behind(struct feed *feed)
{
    thread_lock(&feed->lock);
    feed->now.batches_behind++;
    feed->now.status = SNAPSHOT_BEHIND;
    publish(feed);
    thread_unlock(&feed->lock);
}

void feed_stopping(struct feed *feed)
{
    thread_lock(&feed->lock);
    if (!feed->stopping && !feed->now.end_ms) {
        feed->stopping = true;
        publish(feed);
    }
    thread_unlock(&feed->lock);
}

void feed_end(struct feed *feed, const char *error)
{
    struct buf text;

    buf_init(&text);
    thread_lock(&feed->lock);
    feed->now.status = error ? SNAPSHOT_FAILED : SNAPSHOT_STOPPED;
    feed->now.end_ms = clock_wall_ms();
    feed->now.data_available = feed->now.trigger_active = false;
    if (error) {
        feed->now.batches_failed++;
        set_text(&feed->now.error, error);
        buf_printf(&text, "Terminated with exception: %s", error);
    } else {
        buf_append_text(&text, "Stopped");
    }
    if (text.data)
        set_text(&feed->now.message, text.data);
    publish(feed);
    thread_unlock(&feed->lock);
    buf_release(&text);
}

/* --- the sampler ------------------------------------------------------------------------------------------------ */

void feed_sample(struct feed *feed, const struct offset_list *high, const struct offset_list *low, int64_t now_ms)
{
    struct snapshot *now = &feed->now;
    bool changed = false;
    int64_t lag;

    thread_lock(&feed->lock);
    double seconds = (double)(now_ms - now->lag_sampled_ms) / 1000;
    for (size_t i = 0; i < now->npartitions; i++) {
        struct snapshot_partition *partition = &now->partitions[i];
        const struct partition_offset *item = offset_list_find(high, partition->topic, partition->partition);
        const struct partition_offset *first =
            low ? offset_list_find(low, partition->topic, partition->partition) : NULL;

        if (first) {
            changed |= partition->low != first->offset;
            partition->low = first->offset;
        }
        if (!item)
            continue;
        double rate = NAN;
        if (now->lag_sampled_ms && partition->high >= 0 && seconds > 0 && item->offset >= partition->high)
            rate = (double)(item->offset - partition->high) / seconds;
        changed |= item->offset != partition->high || (rate == 0) != (partition->arrival_rate == 0);
        partition->arrival_rate = rate;
        partition->high = item->offset;
    }
    now->lag_sampled_ms = now_ms;
    lag = snapshot_lag(now);
    feed->growing = lag > feed->lag ? feed->growing + 1 : 0;
    feed->lag = lag;
    if (!now->end_ms && (changed || now_ms - feed->published_ms >= SAMPLE_QUIET_MS)) {
        feed->published_ms = now_ms;
        publish(feed);
    }
    thread_unlock(&feed->lock);
}

void feed_summary(struct feed *feed, struct buf *out)
{
    thread_lock(&feed->lock);
    const struct snapshot *now = &feed->now;
    buf_printf(out, "%s: %s, %lld batches", now->name, snapshot_status_name(now->status), (long long)now->batches);
    if (now->last)
        buf_printf(out, " (last record: batch %lld)", (long long)now->last->progress.batch_id);
    buf_printf(out, ", %lld rows in, %lld rows out, %lld bad records, %lld late, lag %lld, %s",
               (long long)now->input_rows_total, (long long)now->output_rows_total, (long long)now->bad_records_total,
               (long long)now->late_rows_total, (long long)snapshot_lag(now), now->message);
    thread_unlock(&feed->lock);
}
