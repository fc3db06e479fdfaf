/* The simple consumer with one queue per partition: the only interface of librdkafka that serves records
 * by callback (no op handed to us, nothing to free), shows each record's offset before the next one is
 * taken, and starts at an absolute offset without a race. (Consume-batch calls over-read at gaps, and with
 * pause/resume 2.0.2 can skip offsets.)
 *
 * Note "wake-up": every queue and the handle's main queue write to one eventfd when they become non-empty.
 * A queue that still holds records of a later range is not empty and stays silent; only slots whose last
 * answer was READER_MORE (so that their queue was empty) are waited for.
 *
 * Note "full queues": so that memory stays small, little is fetched ahead. librdkafka 2.0.2 does not fetch for a queue
 * that is full and looks at it again only when its broker thread wakes, with nothing else to do once a second. So the
 * threads are woken after every WAKE_BYTES taken out, and before each wait if anything was. What cannot be broken off
 * is a fetch under way, and there is one at a time per broker: while all other partitions were full it may have gone
 * out for one that stands at its end and wait there. Hence the short wait; a broker that has news answers at once in
 * any case, except the embedded one, which always waits.
 * rd_kafka_consume_callback_queue takes all records out before it serves them, and puts the rest back when we yield; a
 * look at the queue in between finds it empty and fetches more, each time, until all of the topic is here. Only
 * rd_kafka_consume_callback, which serves the queue that the partition was started with, minds
 * consume.callback.max.messages.
 */
#include "reader_internal.h"

#include "common/clock.h"
#include "kafka/offsets.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Fetched ahead of all partitions together (per partition: a share, within bounds), in records and in KiB of values. A
 * queue may hold more: a fetch that was let go brings at least one of the producer's batches, up to a megabyte. */
enum {
    AHEAD_MESSAGES = 8192,
    AHEAD_MESSAGES_MIN = 64,
    AHEAD_KBYTES = 2048,
    AHEAD_KBYTES_MIN = 16,
    /* Of one partition in one answer, as they lie in the log; compressed records may grow tenfold. */
    FETCH_BYTES = 512 * 1024,
    FETCH_BYTES_MIN = 64 * 1024,
    FETCH_BYTES_MAX = 256 * 1024
};
/* How long a fetch may wait at the broker for records: see note "full queues". */
#define FETCH_WAIT_MS "10"
/* Records taken out of a queue in one go: see note "full queues". */
#define SERVED_AT_ONCE "64"
/* Longest sleep in one go: a lost wake-up would cost this much and no more. */
#define SLICE_MS 250

/* One partition's share of total, within bounds. */
static int share(int total, int partitions, int min, int max)
{
    int part = total / (partitions > 0 ? partitions : 1);

    return part < min ? min : part > max ? max : part;
}

struct reader *reader_open(const struct conf *conf, int partitions, struct errbuf *err)
{
    static const struct client_setting forced[] = {{"enable.auto.commit", "false"},
                                                   {"enable.auto.offset.store", "false"},
                                                   {"auto.offset.reset", "error"},
                                                   {"enable.partition.eof", "true"},
                                                   {"consume.callback.max.messages", SERVED_AT_ONCE}};
    char messages[16], kbytes[16], fetch_bytes[16];
    const struct client_setting defaults[] = {
        {"isolation.level", "read_committed"},
        {"check.crcs", "true"},
        {"fetch.wait.max.ms", FETCH_WAIT_MS},
        {"queued.min.messages", messages},
        {"queued.max.messages.kbytes", kbytes},
        {"fetch.message.max.bytes", fetch_bytes},
        /* From 2.2: it looks at a full queue again by itself, too. */
        {"fetch.queue.backoff.ms", "10"},
    };
    struct reader *reader = calloc(1, sizeof(*reader));
    struct client_plan plan = {.type = RD_KAFKA_CONSUMER,
                               .module = READER_MODULE,
                               .defaults = defaults,
                               .ndefaults = sizeof(defaults) / sizeof(defaults[0]),
                               .forced = forced,
                               .nforced = sizeof(forced) / sizeof(forced[0]),
                               .owner = reader};

    if (reader == NULL) {
        errbuf_oom(err, "kafka reader", sizeof(*reader));
        return NULL;
    }
    snprintf(messages, sizeof(messages), "%d", share(AHEAD_MESSAGES, partitions, AHEAD_MESSAGES_MIN, AHEAD_MESSAGES));
    snprintf(kbytes, sizeof(kbytes), "%d", share(AHEAD_KBYTES, partitions, AHEAD_KBYTES_MIN, AHEAD_KBYTES));
    snprintf(fetch_bytes, sizeof(fetch_bytes), "%d", share(FETCH_BYTES, partitions, FETCH_BYTES_MIN, FETCH_BYTES_MAX));
    reader->warned_at_us = -READER_WARN_EVERY_US;
    reader->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (reader->event_fd == -1) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "kafka reader: eventfd: %s", strerror(errno));
        goto fail;
    }
    reader->client = client_open(conf, &plan, err);
    if (reader->client == NULL)
        goto fail_fd;
    reader->main_queue = rd_kafka_queue_get_main(client_handle(reader->client));
    rd_kafka_queue_io_event_enable(reader->main_queue, reader->event_fd, &(uint64_t){1}, sizeof(uint64_t));
    return reader;

fail_fd:
    close(reader->event_fd);
fail:
    free(reader);
    return NULL;
}

void reader_release_held(struct held *held)
{
    if (!held->full)
        return;
    free(held->bytes);
    if (held->headers != NULL)
        rd_kafka_headers_destroy(held->headers);
    memset(held, 0, sizeof(*held));
}

void reader_stop_slot(struct slot *slot)
{
    if (slot->started)
        rd_kafka_consume_stop(slot->topic->rkt, slot->partition);
    slot->started = false;
    reader_release_held(&slot->held);
    if (slot->queue != NULL) {
        rd_kafka_queue_io_event_enable(slot->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(slot->queue);
    }
    slot->queue = NULL;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t i = 0; i < reader->nslots; i++)
        reader_stop_slot(&reader->slots[i]);
    for (size_t i = 0; i < reader->ntopics; i++) {
        rd_kafka_topic_destroy(reader->topics[i]->rkt);
        free(reader->topics[i]->name);
        free(reader->topics[i]);
    }
    rd_kafka_queue_io_event_enable(reader->main_queue, -1, NULL, 0);
    rd_kafka_queue_destroy(reader->main_queue);
    client_close(reader->client);
    close(reader->event_fd);
    free(reader->topics);
    free(reader->slots);
    free(reader);
}

static const struct topic *find_topic(struct reader *reader, const char *name, struct errbuf *err)
{
    struct topic **topics;
    struct topic *topic;

    for (size_t i = 0; i < reader->ntopics; i++)
        if (strcmp(reader->topics[i]->name, name) == 0)
            return reader->topics[i];
    topics = realloc(reader->topics, (reader->ntopics + 1) * sizeof(*topics));
    if (topics == NULL)
        goto fail_memory;
    reader->topics = topics;
    topic = calloc(1, sizeof(*topic));
    if (topic == NULL)
        goto fail_memory;
    topic->name = strdup(name);
    if (topic->name == NULL) {
        free(topic);
        goto fail_memory;
    }
    topic->rkt = rd_kafka_topic_new(client_handle(reader->client), name, NULL);
    if (topic->rkt == NULL) {
        client_error(reader->client, rd_kafka_last_error(), NULL, err, "topic %s", name);
        free(topic->name);
        free(topic);
        return NULL;
    }
    reader->topics[reader->ntopics++] = topic;
    return topic;

fail_memory:
    errbuf_oom(err, "topics", sizeof(*topic));
    return NULL;
}

int reader_start_slot(struct reader *reader, struct slot *slot, int64_t next, const struct reader_mark *mark,
                      struct errbuf *err)
{
    int64_t offset = next;

    slot->next = next;
    slot->clear_to = next;
    slot->waiting = false;
    if (mark != NULL)
        slot->mark = *mark;
    else
        slot->mark.offset = -1;
    slot->comparing = slot->mark.offset >= 0 && slot->mark.offset < next;
    if (slot->comparing)
        offset = slot->mark.offset;
    slot->queue = rd_kafka_queue_new(client_handle(reader->client));
    rd_kafka_queue_io_event_enable(slot->queue, reader->event_fd, &(uint64_t){1}, sizeof(uint64_t));
    if (rd_kafka_consume_start_queue(slot->topic->rkt, slot->partition, offset, slot->queue) == -1) {
        client_error(reader->client, rd_kafka_last_error(), NULL, err, "start of %s-%d at offset %lld",
                     slot->topic->name, (int)slot->partition, (long long)offset);
        reader_stop_slot(slot);
        return -1;
    }
    slot->started = true;
    return 0;
}

int reader_start(struct reader *reader, const char *topic, int32_t partition, int64_t offset,
                 const struct reader_mark *mark, struct errbuf *err)
{
    const struct topic *entry = find_topic(reader, topic, err);
    struct slot *slots;

    if (entry == NULL)
        return -1;
    slots = realloc(reader->slots, (reader->nslots + 1) * sizeof(*slots));
    if (slots == NULL)
        return errbuf_oom(err, "partitions", (reader->nslots + 1) * sizeof(*slots));
    reader->slots = slots;
    memset(&slots[reader->nslots], 0, sizeof(*slots));
    slots[reader->nslots].topic = entry;
    slots[reader->nslots].partition = partition;
    if (reader_start_slot(reader, &slots[reader->nslots], offset, mark, err) == -1)
        return -1;
    return (int)reader->nslots++;
}

int reader_seek(struct reader *reader, int slot, int64_t offset, struct errbuf *err)
{
    reader_stop_slot(&reader->slots[slot]);
    return reader_start_slot(reader, &reader->slots[slot], offset, NULL, err);
}

int reader_verify(struct reader *reader, int slot, struct errbuf *err)
{
    struct reader_mark mark = reader->slots[slot].mark;

    if (mark.offset < 0)
        return 0;
    reader_stop_slot(&reader->slots[slot]);
    return reader_start_slot(reader, &reader->slots[slot], reader->slots[slot].next, &mark, err);
}

const struct reader_mark *reader_mark(const struct reader *reader, int slot)
{
    return &reader->slots[slot].mark;
}

int64_t reader_next(const struct reader *reader, int slot)
{
    return reader->slots[slot].next;
}

void reader_wake(struct reader *reader)
{
    reader->taken_bytes = 0;
    client_wake(reader->client);
}

/* True when a partition that somebody waits for has something in its queue. */
static bool has_news(const struct reader *reader)
{
    for (size_t i = 0; i < reader->nslots; i++)
        if (reader->slots[i].waiting && rd_kafka_queue_length(reader->slots[i].queue) > 0)
            return true;
    return false;
}

int reader_wait(struct reader *reader, int timeout_ms, int stop_fd, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;

    for (;;) {
        struct pollfd fds[2] = {{.fd = reader->event_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
        int left_ms = client_left_ms(deadline_us);
        uint64_t count;

        /* Emptied before the queues are looked at: what comes after the look wakes us again. */
        if (read(reader->event_fd, &count, sizeof(count)) == -1 && errno != EAGAIN && errno != EINTR)
            return errbuf_set(err, EXIT_CODE_RUNTIME, "kafka reader: eventfd: %s", strerror(errno));
        rd_kafka_poll(client_handle(reader->client), 0);
        if (client_check(reader->client, err) == -1)
            return -1;
        if (has_news(reader))
            return 1;
        client_probe(reader->client);
        if (reader->taken_bytes > 0)
            reader_wake(reader);
        if (left_ms == 0)
            return 0;
        if (poll(fds, 2, left_ms < SLICE_MS ? left_ms : SLICE_MS) == -1 && errno != EINTR)
            return errbuf_set(err, EXIT_CODE_RUNTIME, "kafka reader: poll: %s", strerror(errno));
        if (fds[1].revents != 0)
            return 0;
    }
}

bool reader_broker_down(struct reader *reader, char *text, size_t text_size)
{
    return client_down(reader->client, text, text_size);
}

size_t reader_headers(const struct reader_record *record, reader_header_fn fn, void *cookie)
{
    const struct header_source *source = record->message;
    rd_kafka_headers_t *headers = source->headers;
    const char *name;
    const void *value;
    size_t len;
    size_t n = 0;

    if (source->message != NULL && rd_kafka_message_headers(source->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    while (headers != NULL && rd_kafka_header_get_all(headers, n, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        fn(cookie, name, value, len);
        n++;
    }
    return n;
}
