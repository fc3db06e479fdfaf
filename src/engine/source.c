/* Partitions are started once, at absolute offsets, and read on from batch to batch (assigning anew costs 3 ms a batch
 * with librdkafka 2.0.2 and throws away what was fetched). `position` is where a partition's last range ended; only
 * when a batch begins somewhere else (lost data skipped, a log that went back) is it sought.
 *
 * Note "made anew": a topic that was deleted and made anew, and is longer than what was read, shows it only in its
 * records (kafka/reader.h, marks). They are compared where nobody can have seen the deletion: at a start, against the
 * marks in the checkpoint; and when the topics were not looked at for LOOK_US and the partition was not read either.
 * Triggers that follow each other faster see that the topic is gone, and while a partition is read the fetching sees
 * it.
 */
#include "engine/source.h"

#include "common/clock.h"
#include "common/log.h"
#include "engine/subscription.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MODULE "KafkaMicroBatchStream"

/* How often tick() is asked. */
#define TICK_US 20000
/* Longest wait for records in one go. */
#define WAIT_MS 1000
/* Deleting a topic and making it again takes a broker some tenths of a second. */
#define LOOK_US 1000000

struct slot {
    char *topic;
    int32_t partition;
    int reader_slot;
    int64_t position;
    int64_t read_us; /* when it was read last */
};

struct source {
    const struct config_source *config;
    struct offsets *offsets;
    struct source_options options;
    struct reader *reader;
    struct slot *slots;
    size_t nslots, slots_cap;
    int64_t looked_us;   /* when the partitions were asked for last */
    int64_t unlooked_us; /* the end of the last time that nobody asked for long; 0: there was none */
    int64_t skipped;
};

/* --- the view --------------------------------------------------------------------------------------------------- */

int source_schema(const struct config_source *config, struct schema *schema, struct errbuf *err)
{
    static const struct {
        const char *name;
        enum type_id type;
    } own[SOURCE_KAFKA_COLUMNS] = {{"_key", TYPE_STRING},
                                   {"_topic", TYPE_STRING},
                                   {"_partition", TYPE_INT},
                                   {"_offset", TYPE_BIGINT},
                                   {"_timestamp", TYPE_TIMESTAMP}};

    schema_init(schema);
    if (config->schema) {
        if (schema_parse(schema, config->schema, err) != 0) {
            errbuf_prefix(err, "source %s: schema", config->name);
            err->exit_code = EXIT_CODE_USAGE;
            return -1;
        }
    } else if (schema_add(schema, "value", type_of(TYPE_STRING)) != 0) {
        return errbuf_oom(err, "schema", sizeof(*schema));
    }
    for (size_t i = 0; i < SOURCE_KAFKA_COLUMNS; i++) {
        if (schema_add(schema, own[i].name, type_of(own[i].type)) != 0) {
            schema_release(schema);
            return errbuf_oom(err, "schema", sizeof(*schema));
        }
    }
    return 0;
}

/* --- handles ---------------------------------------------------------------------------------------------------- */

struct source *source_open(const struct config_source *config, struct offsets *offsets,
                           const struct source_options *options, struct errbuf *err)
{
    struct source *source = calloc(1, sizeof(*source));

    if (!source) {
        errbuf_oom(err, "source", sizeof(*source));
        return NULL;
    }
    source->config = config;
    source->offsets = offsets;
    source->options = *options;
    source->reader = reader_open(&config->kafka, options->partitions, err);
    if (!source->reader) {
        free(source);
        return NULL;
    }
    return source;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    reader_close(source->reader);
    for (size_t i = 0; i < source->nslots; i++)
        free(source->slots[i].topic);
    free(source->slots);
    free(source);
}

static struct slot *find_slot(const struct source *source, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < source->nslots; i++)
        if (source->slots[i].partition == partition && strcmp(source->slots[i].topic, topic) == 0)
            return &source->slots[i];
    return NULL;
}

/* The partition's slot, started at offset (and mark, if there is one) if it is new. NULL with err. */
static struct slot *start_slot(struct source *source, const char *topic, int32_t partition, int64_t offset,
                               const struct reader_mark *mark, struct errbuf *err)
{
    struct slot *slot = find_slot(source, topic, partition);

    if (slot)
        return slot;
    if (source->nslots == source->slots_cap) {
        size_t cap = source->slots_cap ? source->slots_cap * 2 : 16;
        struct slot *grown = realloc(source->slots, cap * sizeof(*grown));

        if (!grown) {
            errbuf_oom(err, "partitions", cap * sizeof(*grown));
            return NULL;
        }
        source->slots = grown;
        source->slots_cap = cap;
    }
    slot = &source->slots[source->nslots];
    memset(slot, 0, sizeof(*slot));
    slot->topic = strdup(topic);
    if (!slot->topic) {
        errbuf_oom(err, "topic", strlen(topic));
        return NULL;
    }
    slot->partition = partition;
    slot->position = offset;
    slot->read_us = clock_monotonic_us();
    slot->reader_slot = reader_start(source->reader, topic, partition, offset, mark, err);
    if (slot->reader_slot < 0) {
        free(slot->topic);
        return NULL;
    }
    source->nslots++;
    return slot;
}

int source_start(struct source *source, const struct offset_list *from, const struct read_marks *read,
                 struct errbuf *err)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct partition_offset *item = &from->items[i];

        if (!start_slot(source, item->topic, item->partition, item->offset,
                        read_marks_find(read, item->topic, item->partition), err))
            return -1;
    }
    return 0;
}

void source_looked(struct source *source)
{
    int64_t now_us = clock_monotonic_us();

    if (source->looked_us != 0 && now_us - source->looked_us >= LOOK_US)
        source->unlooked_us = now_us;
    source->looked_us = now_us;
}

int source_marks(const struct source *source, const struct offset_list *end, struct read_marks *read)
{
    for (size_t i = 0; i < end->count; i++) {
        const struct partition_offset *item = &end->items[i];
        const struct slot *slot = find_slot(source, item->topic, item->partition);
        const struct reader_mark *mark = slot ? reader_mark(source->reader, slot->reader_slot) : NULL;

        if (mark && mark->offset >= 0 && mark->offset < item->offset &&
            read_marks_add(read, item->topic, item->partition, mark) != 0)
            return -1;
    }
    return 0;
}

/* Read on at another offset. */
static int restart_slot(struct source *source, struct slot *slot, int64_t offset, struct errbuf *err)
{
    slot->position = offset;
    return reader_seek(source->reader, slot->reader_slot, offset, err);
}

/* --- lost data -------------------------------------------------------------------------------------------------- */

/* Report lost data: an error of EXIT_CODE_DATA_LOSS (-1), or a WARN (0) with failOnDataLoss = false. */
static int report_loss(const struct source *source, const char *condition, const char *what, struct errbuf *err)
{
    const char *name = source->config->name;

    if (!source->config->fail_on_data_loss) {
        log_warn(MODULE,
                 "Some data may be lost. Recovering from the earliest offset: %s. If you want your streaming query to "
                 "fail on such cases, set source.%s.failOnDataLoss = true.",
                 what, name);
        return 0;
    }
    errbuf_condition(
        err, condition, "22000",
        "Some data may have been lost because they are not available in Kafka any more: %s. Either the data was "
        "aged out by Kafka or the topic may have been deleted before all the data in the topic was "
        "processed. To go on without them set source.%s.failOnDataLoss = false.",
        what, name);
    err->exit_code = EXIT_CODE_DATA_LOSS;
    return -1;
}

static int partitions_gone(struct source *source, const struct offset_list *start, const struct offset_list *end,
                           struct errbuf *err)
{
    struct buf what;
    size_t gone = 0;
    int result = 0;

    buf_init(&what);
    for (size_t i = 0; i < start->count; i++) {
        const struct partition_offset *item = &start->items[i];

        if (offset_list_find(end, item->topic, item->partition))
            continue;
        buf_printf(&what, "%s%s-%d",
                   gone++ ? ", " : "partitions gone, which were read up to their offsets: ", item->topic,
                   (int)item->partition);
        buf_printf(&what, " (%lld)", (long long)item->offset);
    }
    if (gone)
        result =
            report_loss(source, "KAFKA_DATA_LOSS.PARTITIONS_DELETED", what.data ? what.data : "partitions gone", err);
    buf_release(&what);
    return result;
}

/* Begin offsets of partitions that are new: their earliest ones. */
static int new_partitions(struct source *source, const struct offset_list *start, const struct offset_list *end,
                          struct offset_list *added, struct errbuf *err)
{
    struct buf names;
    int result = 0;

    for (size_t i = 0; i < end->count; i++) {
        const struct partition_offset *item = &end->items[i];

        if (!offset_list_find(start, item->topic, item->partition) &&
            offset_list_add(added, item->topic, item->partition, OFFSETS_UNKNOWN) != 0)
            return errbuf_oom(err, "partitions", end->count);
    }
    if (added->count == 0)
        return 0;
    if (offsets_earliest(source->offsets, added, SUBSCRIPTION_TIMEOUT_MS, err) != 0)
        return -1;
    buf_init(&names);
    for (size_t i = 0; i < added->count; i++)
        buf_printf(&names, "%s%s-%d -> %lld", i ? ", " : "", added->items[i].topic, (int)added->items[i].partition,
                   (long long)added->items[i].offset);
    log_info(MODULE, "Partitions added: Map(%s)", names.data ? names.data : "");
    buf_release(&names);
    for (size_t i = 0; i < added->count && result == 0; i++) {
        char what[400];
        int64_t earliest = added->items[i].offset;

        if (earliest == 0)
            continue;
        snprintf(what, sizeof(what),
                 "added partition %s-%d does not start from offset 0 but from %lld: %lld offsets are lost",
                 added->items[i].topic, (int)added->items[i].partition, (long long)earliest, (long long)earliest);
        result = report_loss(source, "KAFKA_DATA_LOSS.ADDED_PARTITION_DOES_NOT_START_FROM_OFFSET_ZERO", what, err);
        if (result == 0)
            source->skipped += earliest;
    }
    return result;
}

int source_plan(struct source *source, const struct offset_list *start, const struct offset_list *end,
                struct source_range **ranges, struct errbuf *err)
{
    struct source_range *made = calloc(end->count + 1, sizeof(*made));
    struct offset_list added;
    int result = -1;

    offset_list_init(&added);
    if (!made) {
        errbuf_oom(err, "ranges", end->count * sizeof(*made));
        goto out;
    }
    if (partitions_gone(source, start, end, err) != 0 || new_partitions(source, start, end, &added, err) != 0)
        goto out;
    for (size_t i = 0; i < end->count; i++) {
        const struct partition_offset *item = &end->items[i];
        const struct partition_offset *from = offset_list_find(start, item->topic, item->partition);

        if (!from)
            from = offset_list_find(&added, item->topic, item->partition);
        made[i].topic = item->topic;
        made[i].partition = item->partition;
        made[i].begin = from->offset;
        made[i].end = item->offset;
        if (made[i].end < made[i].begin) {
            char what[400];

            snprintf(what, sizeof(what),
                     "partition %s-%d's offset was changed from %lld to %lld: the topic was re-created or truncated",
                     item->topic, (int)item->partition, (long long)made[i].begin, (long long)made[i].end);
            if (report_loss(source, "KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED", what, err) != 0)
                goto out;
        }
    }
    *ranges = made;
    made = NULL;
    result = 0;
out:
    free(made);
    offset_list_release(&added);
    return result;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* A range met an offset that is gone. 0: go on (*done: nothing of it is left), -1 with err. */
static int skip_lost(struct source *source, struct slot *slot, const struct source_range *range,
                     const struct reader_loss *loss, bool *done, struct errbuf *err)
{
    struct offset_list asked;
    int64_t earliest = loss->earliest;
    char what[400];

    if (earliest < 0) { /* the reader did not learn it */
        offset_list_init(&asked);
        if (offset_list_add(&asked, range->topic, range->partition, OFFSETS_UNKNOWN) == 0 &&
            offsets_earliest(source->offsets, &asked, SUBSCRIPTION_TIMEOUT_MS, err) == 0)
            earliest = asked.items[0].offset;
        offset_list_release(&asked);
        errbuf_clear(err);
    }
    if (earliest > loss->wanted)
        snprintf(
            what, sizeof(what),
            "topic %s, partition %d: offset %lld was wanted, the earliest there is now is %lld: %lld offsets are lost",
            range->topic, (int)range->partition, (long long)loss->wanted, (long long)earliest,
            (long long)(earliest - loss->wanted));
    else
        snprintf(what, sizeof(what),
                 "topic %s, partition %d: offset %lld was wanted and is not there (earliest %lld): the log was cut, "
                 "up to %lld offsets are lost",
                 range->topic, (int)range->partition, (long long)loss->wanted, (long long)earliest,
                 (long long)(range->end - loss->wanted));
    if (report_loss(source, "KAFKA_DATA_LOSS.COULD_NOT_READ_OFFSET_RANGE", what, err) != 0)
        return -1;
    int64_t next = earliest > loss->wanted && earliest < range->end ? earliest : range->end;
    source->skipped += next - loss->wanted;
    *done = next == range->end;
    return restart_slot(source, slot, next, err);
}

static void time_of(int64_t ms, char *text, size_t size)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (ms < 0 || gmtime_r(&seconds, &tm) == NULL || strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(text, size, "an unknown time");
}

/* The record read last is another one now. 0: go on behind it, -1 with err. */
static int go_on_in_new_log(const struct source *source, const struct source_range *range,
                            const struct reader_loss *loss, struct errbuf *err)
{
    char before[32], now[32], what[400];

    time_of(loss->before.timestamp_ms, before, sizeof(before));
    time_of(loss->now.timestamp_ms, now, sizeof(now));
    snprintf(what, sizeof(what),
             "topic %s, partition %d was deleted and made anew, or cut and written again: offset %lld, read before, "
             "was a record of "
             "%lld bytes of %s (%lld ms) and is one of %lld bytes of %s (%lld ms) now; up to %lld offsets below %lld "
             "were not read",
             range->topic, (int)range->partition, (long long)loss->before.offset, (long long)loss->before.size, before,
             (long long)loss->before.timestamp_ms, (long long)loss->now.size, now, (long long)loss->now.timestamp_ms,
             (long long)loss->wanted, (long long)loss->wanted);
    return report_loss(source, "KAFKA_DATA_LOSS.TOPIC_RECREATED", what, err);
}

/* Serve what has arrived of one range. 1: it is complete; 0: more to come; -1 with err (empty: the record function
 * failed). */
static int serve(struct source *source, struct slot *slot, const struct source_range *range, reader_fn fn, void *cookie,
                 struct errbuf *err)
{
    for (;;) {
        struct reader_loss loss = {.earliest = OFFSETS_UNKNOWN};
        bool done = false;

        switch (reader_serve(source->reader, slot->reader_slot, range->end, fn, cookie, &loss, err)) {
        case READER_COMPLETE:
            slot->position = range->end;
            slot->read_us = clock_monotonic_us();
            return 1;
        case READER_MORE:
            return 0;
        case READER_LOST:
            if (skip_lost(source, slot, range, &loss, &done, err) != 0)
                return -1;
            if (done)
                return 1;
            break;
        case READER_REPLACED:
            if (go_on_in_new_log(source, range, &loss, err) != 0)
                return -1;
            break;
        case READER_FAILED:
            return -1;
        }
    }
}

/* Find or start the slots of all ranges and put them where the ranges begin. */
static int prepare(struct source *source, const struct source_range *ranges, size_t nranges, int *slots,
                   struct errbuf *err)
{
    for (size_t i = 0; i < nranges; i++) {
        struct slot *slot;

        if (ranges[i].begin >= ranges[i].end)
            continue;
        slot = start_slot(source, ranges[i].topic, ranges[i].partition, ranges[i].begin, NULL, err);
        if (!slot)
            return -1;
        if (slot->position != ranges[i].begin) {
            if (restart_slot(source, slot, ranges[i].begin, err) != 0)
                return -1;
        } else if (source->unlooked_us - slot->read_us >= LOOK_US) {
            if (reader_verify(source->reader, slot->reader_slot, err) != 0)
                return -1;
        }
        slots[i] = (int)(slot - source->slots);
    }
    return 0;
}

static bool readable(int fd)
{
    struct pollfd poll_fd = {fd, POLLIN, 0};

    return fd >= 0 && poll(&poll_fd, 1, 0) > 0;
}

enum source_status source_read(struct source *source, const struct source_range *ranges, size_t nranges,
                               const struct source_sink *sink, int stop_fd, struct errbuf *err)
{
    int *slots = calloc(nranges + 1, sizeof(*slots));
    bool *done = calloc(nranges + 1, sizeof(*done));
    int64_t ticked_us = clock_monotonic_us();
    enum source_status status = SOURCE_FAILED;
    size_t left = 0;

    if (!slots || !done) {
        errbuf_oom(err, "ranges", nranges * sizeof(*slots));
        goto out;
    }
    if (prepare(source, ranges, nranges, slots, err) != 0)
        goto out;
    for (size_t i = 0; i < nranges; i++) {
        done[i] = ranges[i].begin >= ranges[i].end;
        left += !done[i];
    }
    for (;;) {
        for (size_t i = 0; i < nranges; i++) {
            if (done[i])
                continue;
            int served = serve(source, &source->slots[slots[i]], &ranges[i], sink->record, sink->parts[i], err);
            if (served < 0)
                goto out;
            done[i] = served == 1;
            left -= done[i];
        }
        if (left == 0)
            break;
        int news = reader_wait(source->reader, WAIT_MS, stop_fd, err);
        if (news < 0)
            goto out;
        /* A stop wakes the wait once; from then on the batch is finished, or given up by tick(). */
        bool stopping = readable(stop_fd);
        if (stopping)
            stop_fd = -1;
        if (stopping || clock_monotonic_us() - ticked_us >= TICK_US || (news == 0 && left)) {
            char text[256];
            bool down = reader_broker_down(source->reader, text, sizeof(text));

            ticked_us = clock_monotonic_us();
            if (sink->tick(sink->cookie, down ? text : NULL) != 0) {
                status = SOURCE_ABANDONED;
                goto out;
            }
        }
    }
    status = SOURCE_COMPLETE;
out:
    free(slots);
    free(done);
    return status;
}

int64_t source_skipped(const struct source *source)
{
    return source->skipped;
}
