/* The simple consumer with one queue per partition: the only interface of librdkafka that serves records
 * by callback (no op handed to us, nothing to free), shows each record's offset before the next one is
 * taken, and starts at an absolute offset without a race. (Consume-batch calls over-read at gaps, and with
 * pause/resume 2.0.2 can skip offsets.)
 *
 * Note "end of range": what is known of a partition is `next`, a record held over, and `clear_to`: nothing
 * visible lies in [next, clear_to). An end-of-partition event raises clear_to to its offset; it comes once
 * per end, so it is remembered. A record at offset o proves as much for [next, o). A range is complete
 * when next reaches its end, by a record or by that knowledge; no call asks librdkafka for a position,
 * which stops before a compacted tail.
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
#include "kafka/reader.h"

#include "client_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "kafka/offsets.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MODULE "KafkaReader"
/* For the question after lost data; it stands behind a fetch that may wait fetch.wait.max.ms at the
 * broker. */
#define EARLIEST_TIMEOUT_MS 5000
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
    FETCH_BYTES_MAX = 256 * 1024,
    /* What a record costs in a queue beside its value. */
    RECORD_OVERHEAD_BYTES = 400,
    /* A good quarter of what lies in the queues. */
    WAKE_BYTES = 1024 * 1024
};
/* How long a fetch may wait at the broker for records: see note "full queues". */
#define FETCH_WAIT_MS "10"
/* Records taken out of a queue in one go: see note "full queues". */
#define SERVED_AT_ONCE "64"
/* So many goes, 1,024 records, before it is the next partition's turn. Whoever drained one queue while it is being
 * filled would leave the others full: each fetch asks for one partition only, and there is one under way at a time. */
#define ROUNDS_A_TURN 16
/* Longest sleep in one go: a lost wake-up would cost this much and no more. */
#define SLICE_MS 250
/* Errors that librdkafka repairs by itself come with every fetch that fails. */
#define WARN_EVERY_US (10 * 1000000LL)

struct topic {
    char *name;
    rd_kafka_topic_t *rkt;
};

struct held {
    bool full;
    char *bytes; /* value, then key */
    struct reader_record record;
    rd_kafka_headers_t *headers; /* or NULL */
};

struct slot {
    const struct topic *topic;
    int32_t partition;
    rd_kafka_queue_t *queue;
    bool started;
    bool waiting; /* the last reader_serve ended with READER_MORE */
    int64_t next;
    int64_t clear_to;
    struct held held;
};

struct reader {
    struct client *client;
    rd_kafka_queue_t *main_queue;
    int event_fd;
    int64_t warned_at_us;
    size_t taken_bytes;    /* out of the queues, since the broker threads were woken last */
    struct topic **topics; /* pointers, since slots point to them */
    size_t ntopics;
    struct slot *slots;
    size_t nslots;
};

/* What reader_record.message points to. */
struct header_source {
    const rd_kafka_message_t *message; /* a live record */
    rd_kafka_headers_t *headers;       /* a held one */
};

/* One reader_serve, the cookie of on_record. */
struct serving {
    struct reader *reader;
    struct slot *slot;
    int64_t end;
    reader_fn fn;
    void *cookie;
    struct reader_loss *loss;
    struct errbuf *err;
    bool done;
    enum reader_status status;
    rd_kafka_resp_err_t lost_code; /* with READER_LOST: the event that said so */
};

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
                               .module = MODULE,
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
    reader->warned_at_us = -WARN_EVERY_US;
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

static void release_held(struct held *held)
{
    if (!held->full)
        return;
    free(held->bytes);
    if (held->headers != NULL)
        rd_kafka_headers_destroy(held->headers);
    memset(held, 0, sizeof(*held));
}

static void stop_slot(struct slot *slot)
{
    if (slot->started)
        rd_kafka_consume_stop(slot->topic->rkt, slot->partition);
    slot->started = false;
    release_held(&slot->held);
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
        stop_slot(&reader->slots[i]);
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

/* A fresh queue for each start: records of before the start cannot be in it. */
static int start_slot(struct reader *reader, struct slot *slot, int64_t offset, struct errbuf *err)
{
    slot->next = offset;
    slot->clear_to = offset;
    slot->waiting = false;
    slot->queue = rd_kafka_queue_new(client_handle(reader->client));
    rd_kafka_queue_io_event_enable(slot->queue, reader->event_fd, &(uint64_t){1}, sizeof(uint64_t));
    if (rd_kafka_consume_start_queue(slot->topic->rkt, slot->partition, offset, slot->queue) == -1) {
        client_error(reader->client, rd_kafka_last_error(), NULL, err, "start of %s-%d at offset %lld",
                     slot->topic->name, (int)slot->partition, (long long)offset);
        stop_slot(slot);
        return -1;
    }
    slot->started = true;
    return 0;
}

int reader_start(struct reader *reader, const char *topic, int32_t partition, int64_t offset, struct errbuf *err)
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
    if (start_slot(reader, &slots[reader->nslots], offset, err) == -1)
        return -1;
    return (int)reader->nslots++;
}

int reader_seek(struct reader *reader, int slot, int64_t offset, struct errbuf *err)
{
    stop_slot(&reader->slots[slot]);
    return start_slot(reader, &reader->slots[slot], offset, err);
}

int64_t reader_next(const struct reader *reader, int slot)
{
    return reader->slots[slot].next;
}

static void end_serving(struct serving *serving, enum reader_status status)
{
    serving->done = true;
    serving->status = status;
    rd_kafka_yield(client_handle(serving->reader->client)); /* nothing more from the queue after this one */
}

/* The first offset that the partition has now, on this handle since it is asked for once in a blue moon.
 * Returns librdkafka's error. */
static rd_kafka_resp_err_t query_earliest(struct reader *reader, const struct slot *slot, int64_t *earliest)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, slot->topic->name, slot->partition);
    rd_kafka_resp_err_t code;

    *earliest = OFFSETS_UNKNOWN;
    item->offset = OFFSETS_EARLIEST;
    code = rd_kafka_offsets_for_times(client_handle(reader->client), list, EARLIEST_TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = item->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && item->offset >= 0)
        *earliest = item->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static bool is_unknown(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Data seem to be lost: complete *loss and say whether they are. Not inside the callback, which must not
 * block. A topic or partition that one broker does not know yet (just made, partitions added) is not lost
 * while another answers for it: librdkafka goes on by itself. */
static enum reader_status judge_loss(struct serving *serving)
{
    rd_kafka_resp_err_t code = query_earliest(serving->reader, serving->slot, &serving->loss->earliest);

    if (!is_unknown(serving->lost_code) || is_unknown(code))
        return READER_LOST;
    return READER_MORE;
}

/* librdkafka repairs it by itself: leader moves, time-outs, connections. */
static void warn_of(struct reader *reader, const struct slot *slot, const rd_kafka_message_t *message)
{
    int64_t now_us = clock_monotonic_us();
    enum log_level level = LOG_LEVEL_DEBUG;

    if (now_us - reader->warned_at_us >= WARN_EVERY_US) {
        reader->warned_at_us = now_us;
        level = LOG_LEVEL_WARN;
    }
    log_line(level, MODULE, "%s-%d at offset %lld: %s", slot->topic->name, (int)slot->partition, (long long)slot->next,
             rd_kafka_message_errstr(message));
}

static void on_event(struct serving *serving, rd_kafka_message_t *message)
{
    struct slot *slot = serving->slot;

    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (message->offset > slot->clear_to)
            slot->clear_to = message->offset;
        if (slot->clear_to >= serving->end) {
            slot->next = serving->end;
            end_serving(serving, READER_COMPLETE);
        }
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: /* what auto.offset.reset=error makes of an offset that is gone */
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
#if RD_KAFKA_VERSION >= 0x020100ff
    case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
#endif
        log_debug(MODULE, "%s-%d at offset %lld: %s", slot->topic->name, (int)slot->partition, (long long)slot->next,
                  rd_kafka_message_errstr(message));
        serving->loss->wanted = slot->next;
        serving->lost_code = message->err;
        end_serving(serving, READER_LOST);
        break;
    case RD_KAFKA_RESP_ERR_INVALID_MSG: /* damaged on the way or on disk: librdkafka would go on behind it */
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        client_error(serving->reader->client, message->err, rd_kafka_message_errstr(message), serving->err,
                     "%s-%d after offset %lld", slot->topic->name, (int)slot->partition, (long long)slot->next - 1);
        end_serving(serving, READER_FAILED);
        break;
    default:
        if (client_is_auth(message->err)) {
            client_error(serving->reader->client, message->err, rd_kafka_message_errstr(message), serving->err, "%s-%d",
                         slot->topic->name, (int)slot->partition);
            end_serving(serving, READER_FAILED);
            break;
        }
        warn_of(serving->reader, slot, message);
    }
}

/* Keep a record that belongs to a later range. */
static int hold(struct slot *slot, rd_kafka_message_t *message, const struct reader_record *record, struct errbuf *err)
{
    struct held *held = &slot->held;
    char *bytes = malloc(record->value_len + record->key_len + 1);

    if (bytes == NULL)
        return errbuf_oom(err, "record", record->value_len + record->key_len);
    held->record = *record;
    if (record->value != NULL) {
        memcpy(bytes, record->value, record->value_len);
        held->record.value = bytes;
    }
    if (record->key != NULL) {
        memcpy(bytes + record->value_len, record->key, record->key_len);
        held->record.key = bytes + record->value_len;
    }
    held->record.message = NULL; /* set when it is served */
    if (rd_kafka_message_detach_headers(message, &held->headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        held->headers = NULL; /* it has none */
    held->bytes = bytes;
    held->full = true;
    return 0;
}

/* See note "full queues". */
static void wake_fetching(struct reader *reader)
{
    reader->taken_bytes = 0;
    client_wake(reader->client);
}

static void on_record(rd_kafka_message_t *message, void *opaque)
{
    struct serving *serving = opaque;
    struct slot *slot = serving->slot;
    struct header_source source = {message, NULL};
    struct reader_record record;
    rd_kafka_timestamp_type_t type;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_event(serving, message);
        return;
    }
    serving->reader->taken_bytes += message->len + message->key_len + RECORD_OVERHEAD_BYTES;
    if (serving->reader->taken_bytes >= WAKE_BYTES)
        wake_fetching(serving->reader);
    if (message->offset < slot->next)
        return; /* repeated around a leader move, or before the offset inside a batch */
    record.value = message->payload;
    record.value_len = message->len;
    record.key = message->key;
    record.key_len = message->key_len;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message, &type);
    record.timestamp_type = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    record.message = &source;
    if (message->offset >= serving->end) {
        if (hold(slot, message, &record, serving->err) == -1) {
            end_serving(serving, READER_FAILED);
            return;
        }
        slot->next = serving->end;
        end_serving(serving, READER_COMPLETE);
        return;
    }
    if (serving->fn(serving->cookie, &record) == -1) {
        end_serving(serving, READER_FAILED);
        return;
    }
    slot->next = message->offset + 1;
    if (slot->next == serving->end)
        end_serving(serving, READER_COMPLETE);
}

/* Serve the held record if it lies in the range. 0, -1 when the callback failed. */
static int serve_held(struct slot *slot, int64_t end, reader_fn fn, void *cookie)
{
    struct header_source source = {NULL, slot->held.headers};

    if (!slot->held.full || slot->held.record.offset >= end)
        return 0;
    slot->held.record.message = &source;
    if (fn(cookie, &slot->held.record) == -1)
        return -1;
    slot->next = slot->held.record.offset + 1;
    release_held(&slot->held);
    return 0;
}

enum reader_status reader_serve(struct reader *reader, int slot_number, int64_t end, reader_fn fn, void *cookie,
                                struct reader_loss *loss, struct errbuf *err)
{
    struct slot *slot = &reader->slots[slot_number];
    struct serving serving = {.reader = reader,
                              .slot = slot,
                              .end = end,
                              .fn = fn,
                              .cookie = cookie,
                              .loss = loss,
                              .err = err,
                              .status = READER_MORE};
    int64_t served_from = slot->next;

    slot->waiting = false;
    if (slot->next < end && serve_held(slot, end, fn, cookie) == -1)
        return READER_FAILED;
    if (slot->next >= end)
        return READER_COMPLETE;
    if (slot->clear_to >= end || slot->held.full) { /* a record still held has an offset >= end */
        slot->next = end;
        return READER_COMPLETE;
    }
    for (int round = 0; round < ROUNDS_A_TURN && !serving.done; round++)
        if (rd_kafka_consume_callback(slot->topic->rkt, slot->partition, 0, on_record, &serving) <= 0)
            break;
    if (slot->next > served_from)
        client_is_up(reader->client);
    if (serving.status == READER_LOST)
        serving.status = judge_loss(&serving);
    slot->waiting = serving.status == READER_MORE;
    return serving.status;
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
            wake_fetching(reader);
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
