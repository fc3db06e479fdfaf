/* Note "room": librdkafka counts the messages and bytes that are not yet reported as delivered and refuses
 * more with QUEUE_FULL. So the same two numbers are counted here, no batch is larger than the queue, and
 * one is handed over only when it fits: until then the caller's thread serves delivery reports. Ours are
 * counted down in the callback after which librdkafka counts down its own, in the same poll, and count
 * keys too, so they are never smaller: QUEUE_FULL does not happen.
 *
 * Note "batch": produce_batch saves the locks per message. A batch is handed over partition by partition, in the order
 * of sending within each. librdkafka allocates a message with its payload, so the messages of a partition, which its
 * own thread walks, sends and reports together, lie side by side in memory instead of a stride of all partitions apart:
 * measured, a quarter less CPU a record. Payloads are copied twice (into the batch, then by librdkafka): keeping them
 * until delivery instead saves a twentieth and takes half as much memory again.
 */
#include "kafka/writer.h"

#include "client_internal.h"
#include "common/buf.h"
#include "common/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "KafkaWriter"
/* Enough for some hundred messages of each of a few partitions; larger ones gain little. */
#define BATCH_MESSAGES 4096
#define BATCH_BYTES (1024 * 1024)
/* A batch waits until all of it has room, so it is a small part of the queue. */
#define QUEUE_BATCHES 4
/* How long one wait for delivery reports lasts before a stop request or the broker's state is looked at
 * again. */
#define SLICE_MS 100

/* The first delivery that failed. (Its text is the code's: rd_kafka_message_errstr would take a produced
 * payload for an error text.) */
struct failure {
    rd_kafka_resp_err_t code;
    int32_t partition;
};

/* A message of the batch: its value and then its key stand at a position in `bytes`, which moves when it grows. */
struct pending {
    size_t at;
    size_t value_len;
    size_t key_len;
    int32_t partition;
    bool has_value;
    bool has_key;
};

struct writer {
    struct client *client;
    char *name;
    /* NULL before writer_connect has seen the topic: librdkafka asks for the topics it holds by name, and
     * a mock broker makes what it is asked for. */
    rd_kafka_topic_t *rkt;
    int npartitions; /* 0 before writer_connect */
    int next_partition;
    struct writer_counts counts;
    struct failure failure;
    int64_t max_message_bytes;
    int64_t max_queued_messages;
    int64_t max_queued_bytes;
    size_t batch_max; /* messages and bytes of a batch; a single message may have more bytes */
    size_t batch_max_bytes;
    int stop_fd;             /* -1: none */
    int64_t queued_messages; /* handed over and not reported: note "room" */
    int64_t queued_bytes;
    size_t nbatch;
    struct buf bytes; /* payloads and keys of the batch */
    struct pending batch[BATCH_MESSAGES];
    rd_kafka_message_t grouped[BATCH_MESSAGES]; /* the batch by partition, as it is handed over */
    size_t *place;                              /* by partition: where in grouped its next message goes */
};

/* Inside rd_kafka_poll and rd_kafka_flush. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct writer *writer = client_owner(opaque);

    (void)rk;
    writer->queued_messages--;
    writer->queued_bytes -= (int64_t)(message->len + message->key_len);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        writer->counts.acked++;
        client_is_up(writer->client);
        return;
    }
    if (writer->counts.failed++ > 0 || message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE)
        return;
    writer->failure.code = message->err;
    writer->failure.partition = message->partition;
}

static void setup(rd_kafka_conf_t *rk_conf)
{
    rd_kafka_conf_set_dr_msg_cb(rk_conf, on_delivery);
}

/* Idempotence is our default, not the user's wish: it gives way to settings that exclude it (acks=1, many
 * in flight, no retries). */
static struct client *open_client(const struct conf *conf, struct writer *writer, struct errbuf *err)
{
    struct client_setting defaults[] = {
        {"compression.codec", "lz4"},
        {"linger.ms", "5"},
        /* A consumer has to hold at least one batch of every partition, uncompressed. Every batch is a request: 384 KB
         * cost Apache Kafka a tenth more CPU a record, 768 KB a tenth less. */
        {"batch.size", "524288"},
        {"queue.buffering.max.kbytes", "12288"},
        /* A topic that is missing is said to be missing. */
        {"allow.auto.create.topics", "false"},
        {"enable.idempotence", "true"},
    };
    struct client_plan plan = {.type = RD_KAFKA_PRODUCER,
                               .module = MODULE,
                               .defaults = defaults,
                               .ndefaults = sizeof(defaults) / sizeof(defaults[0]),
                               .setup = setup,
                               .owner = writer};
    struct client *client = client_open(conf, &plan, err);

    if (client == NULL && err->exit_code == EXIT_CODE_USAGE && conf_get(conf, "enable.idempotence") == NULL) {
        struct errbuf second;

        defaults[plan.ndefaults - 1].value = "false";
        client = client_open(conf, &plan, &second);
    }
    return client;
}

/* What is good for speed, and at least one, but never so much that the queue must run empty for it. */
static size_t share_of_queue(int64_t queue, size_t most)
{
    int64_t share = queue / QUEUE_BATCHES;

    if (share >= (int64_t)most)
        return most;
    return share > 0 ? (size_t)share : 1;
}

struct writer *writer_open(const struct conf *conf, const char *topic, struct errbuf *err)
{
    struct writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL) {
        errbuf_oom(err, "kafka writer", sizeof(*writer));
        return NULL;
    }
    buf_init(&writer->bytes);
    writer->name = strdup(topic);
    if (writer->name == NULL || !buf_reserve(&writer->bytes, BATCH_BYTES)) {
        errbuf_oom(err, "kafka writer", BATCH_BYTES);
        goto fail;
    }
    writer->client = open_client(conf, writer, err);
    if (writer->client == NULL)
        goto fail;
    writer->max_message_bytes = client_setting_number(writer->client, "message.max.bytes");
    writer->max_queued_messages = client_setting_number(writer->client, "queue.buffering.max.messages");
    if (writer->max_queued_messages == 0) /* no limit */
        writer->max_queued_messages = INT64_MAX;
    writer->max_queued_bytes = client_setting_number(writer->client, "queue.buffering.max.kbytes") * 1024;
    writer->batch_max = share_of_queue(writer->max_queued_messages, BATCH_MESSAGES);
    writer->batch_max_bytes = share_of_queue(writer->max_queued_bytes, BATCH_BYTES);
    writer->stop_fd = -1;
    return writer;

fail:
    buf_release(&writer->bytes);
    free(writer->name);
    free(writer);
    return NULL;
}

void writer_close(struct writer *writer)
{
    if (writer == NULL)
        return;
    /* Else librdkafka waits for what is in flight. Delivery reports of what is thrown away are not served
     * any more. */
    rd_kafka_purge(client_handle(writer->client), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (writer->rkt != NULL)
        rd_kafka_topic_destroy(writer->rkt);
    client_close(writer->client);
    buf_release(&writer->bytes);
    free(writer->place);
    free(writer->name);
    free(writer);
}

void writer_set_stop_fd(struct writer *writer, int stop_fd)
{
    writer->stop_fd = stop_fd;
}

static int missing_topic(struct writer *writer, struct errbuf *err)
{
    const char *servers = client_servers(writer->client);

    if (client_is_mock(writer->client))
        return errbuf_set(
            err, EXIT_CODE_RUNTIME,
            "topic %s does not exist on the embedded broker at %s; start it with `sf-broker --topic %s:8`",
            writer->name, servers, writer->name);
    return errbuf_set(
        err, EXIT_CODE_RUNTIME,
        "topic %s does not exist on Kafka at %s; create it with `kafka-topics.sh --bootstrap-server %s --create "
        "--topic %s --partitions 4`",
        writer->name, servers, servers, writer->name);
}

/* The number of partitions, or -1. */
static int open_topic(struct writer *writer, struct errbuf *err)
{
    free(writer->place);
    writer->place = calloc((size_t)writer->npartitions, sizeof(*writer->place));
    if (writer->place == NULL)
        return errbuf_oom(err, "kafka writer", (size_t)writer->npartitions * sizeof(*writer->place));
    if (writer->rkt == NULL)
        writer->rkt = rd_kafka_topic_new(client_handle(writer->client), writer->name, NULL);
    if (writer->rkt == NULL)
        return client_error(writer->client, rd_kafka_last_error(), NULL, err, "topic %s", writer->name);
    return writer->npartitions;
}

int writer_connect(struct writer *writer, int timeout_ms, int stop_fd, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;

    for (;;) {
        const struct rd_kafka_metadata *metadata;
        const struct rd_kafka_metadata_topic *found;

        if (client_connect(writer->client, client_left_ms(deadline_us), stop_fd, err) == -1)
            return -1;
        if (client_find_topic(writer->client, writer->name, client_left_ms(deadline_us), &metadata, &found, err) == 0) {
            writer->npartitions = found != NULL ? found->partition_cnt : 0;
            rd_kafka_metadata_destroy(metadata);
            return writer->npartitions > 0 ? open_topic(writer, err) : missing_topic(writer, err);
        }
        if (!err->retriable || client_left_ms(deadline_us) == 0)
            return -1;
        rd_kafka_poll(client_handle(writer->client), SLICE_MS); /* no leader yet: a topic that was just made */
    }
}

/* -1 with err when a delivery failed for good or the client cannot go on. */
static int check(struct writer *writer, struct errbuf *err)
{
    const struct failure *failure = &writer->failure;

    if (client_check(writer->client, err) == -1)
        return -1;
    if (failure->code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    client_error(writer->client, failure->code, NULL, err,
                 "topic %s partition %d: %llu records not acknowledged, first reason", writer->name,
                 (int)failure->partition, (unsigned long long)writer->counts.failed);
    err->retriable = false; /* given up: what was lost is lost */
    return -1;
}

static int out_of_time(const struct writer *writer, struct errbuf *err)
{
    errbuf_set(err, EXIT_CODE_BROKER, "topic %s: %lld records not acknowledged in time by Kafka at %s", writer->name,
               (long long)writer->queued_messages + (long long)writer->nbatch, client_servers(writer->client));
    err->retriable = true;
    return -1;
}

/* Room for so much more. A single message may be larger than a batch. */
static bool has_room(const struct writer *writer, size_t messages, int64_t bytes)
{
    return writer->queued_messages + (int64_t)messages <= writer->max_queued_messages &&
           writer->queued_bytes + bytes <= writer->max_queued_bytes;
}

/* 0 when there is room; -1 with err when a delivery failed, a stop was asked for, or the time is over
 * (retriable). deadline_us -1: no limit, since every message has its own time-out. */
static int wait_for_room(struct writer *writer, size_t messages, int64_t bytes, int stop_fd, int64_t deadline_us,
                         struct errbuf *err)
{
    if (has_room(writer, messages, bytes))
        return 0;
    writer->counts.queue_full++;
    do {
        int slice_ms = SLICE_MS;

        if (client_is_stopped(stop_fd))
            return errbuf_set(err, EXIT_CODE_OK, "stopped");
        if (deadline_us != -1) {
            int left_ms = client_left_ms(deadline_us);

            if (left_ms == 0)
                return out_of_time(writer, err);
            slice_ms = left_ms < SLICE_MS ? left_ms : SLICE_MS;
        }
        rd_kafka_poll(client_handle(writer->client), slice_ms);
        client_probe(writer->client);
        if (check(writer, err) == -1)
            return -1;
    } while (!has_room(writer, messages, bytes));
    return 0;
}

/* Fill grouped from the batch: note "batch". Counting sort, which keeps the order within a partition. */
static void group_by_partition(struct writer *writer)
{
    size_t npartitions = (size_t)writer->npartitions;
    size_t next = 0;

    memset(writer->place, 0, npartitions * sizeof(*writer->place));
    for (size_t i = 0; i < writer->nbatch; i++)
        writer->place[writer->batch[i].partition]++;
    for (size_t p = 0; p < npartitions; p++) {
        size_t count = writer->place[p];
        writer->place[p] = next;
        next += count;
    }
    for (size_t i = 0; i < writer->nbatch; i++) {
        const struct pending *pending = &writer->batch[i];
        char *value = writer->bytes.data + pending->at;

        writer->grouped[writer->place[pending->partition]++] =
            (rd_kafka_message_t){.partition = pending->partition,
                                 .payload = pending->has_value ? value : NULL,
                                 .len = pending->value_len,
                                 .key = pending->has_key ? value + pending->value_len : NULL,
                                 .key_len = pending->key_len};
    }
}

/* A batch of one with a time of its own, which produce_batch has no place for. */
static void produce_at(struct writer *writer, int64_t timestamp_ms)
{
    rd_kafka_message_t *message = &writer->grouped[0];

    message->err = rd_kafka_producev(
        client_handle(writer->client), RD_KAFKA_V_RKT(writer->rkt), RD_KAFKA_V_PARTITION(message->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(message->payload, message->len),
        RD_KAFKA_V_KEY(message->key, message->key_len), RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);
}

/* Hand over the batch, for which there is room. timestamp_ms: 0, or the time of its only message. */
static int hand_over(struct writer *writer, int64_t timestamp_ms, struct errbuf *err)
{
    const rd_kafka_message_t *refused = NULL;

    group_by_partition(writer);
    if (timestamp_ms != 0)
        produce_at(writer, timestamp_ms);
    else
        rd_kafka_produce_batch(writer->rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION,
                               writer->grouped, (int)writer->nbatch);
    for (size_t i = 0; i < writer->nbatch; i++) {
        const rd_kafka_message_t *message = &writer->grouped[i];

        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            writer->queued_messages++;
            writer->queued_bytes += (int64_t)(message->len + message->key_len);
            writer->counts.sent++;
        } else if (refused == NULL) {
            refused = message;
        }
    }
    writer->nbatch = 0;
    buf_reset(&writer->bytes);
    if (refused != NULL)
        return client_error(writer->client, refused->err, NULL, err, "topic %s partition %d", writer->name,
                            (int)refused->partition);
    return 0;
}

/* Hand over the batch when there is room; without room it stays (see wait_for_room). */
static int produce_batch(struct writer *writer, int stop_fd, int64_t deadline_us, struct errbuf *err)
{
    if (writer->nbatch == 0)
        return 0;
    if (wait_for_room(writer, writer->nbatch, (int64_t)writer->bytes.len, stop_fd, deadline_us, err) == -1)
        return -1;
    return hand_over(writer, 0, err);
}

static int32_t choose_partition(struct writer *writer, int32_t partition, const void *key, size_t key_len)
{
    assert(writer->npartitions > 0); /* writer_connect comes first */
    if (partition >= 0)
        return partition;
    if (partition == WRITER_BY_KEY && key != NULL)
        return rd_kafka_msg_partitioner_murmur2(writer->rkt, key, key_len, writer->npartitions, NULL, NULL);
    partition = writer->next_partition;
    writer->next_partition = (partition + 1) % writer->npartitions;
    return partition;
}

/* A message that could never be sent. */
static int check_message(const struct writer *writer, int32_t partition, size_t key_len, size_t value_len,
                         struct errbuf *err)
{
    size_t max = (size_t)writer->max_message_bytes;

    if (partition >= writer->npartitions)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "topic %s has %d partitions: there is no partition %d", writer->name,
                          writer->npartitions, (int)partition);
    if (max > 0 && (value_len > max || key_len > max - value_len))
        return errbuf_set(
            err, EXIT_CODE_RUNTIME,
            "topic %s: a record of %zu bytes is larger than kafka.message.max.bytes = %lld; raise it, and the "
            "topic's max.message.bytes",
            writer->name, key_len + value_len, (long long)writer->max_message_bytes);
    max = (size_t)writer->max_queued_bytes;
    if (value_len > max || key_len > max - value_len)
        return errbuf_set(
            err, EXIT_CODE_RUNTIME,
            "topic %s: a record of %zu bytes is larger than the queue, kafka.queue.buffering.max.kbytes = "
            "%lld; raise it",
            writer->name, key_len + value_len, (long long)writer->max_queued_bytes / 1024);
    return 0;
}

int writer_send(struct writer *writer, int32_t partition, const void *key, size_t key_len, const void *value,
                size_t value_len, int64_t timestamp_ms, struct errbuf *err)
{
    value_len = value != NULL ? value_len : 0;
    key_len = key != NULL ? key_len : 0;
    if (check_message(writer, partition, key_len, value_len, err) == -1)
        return -1;
    if (writer->nbatch == writer->batch_max ||
        (writer->nbatch > 0 && writer->bytes.len + key_len + value_len > writer->batch_max_bytes) ||
        timestamp_ms != 0) {
        if (writer_poll(writer, 0, err) == -1)
            return -1;
    }
    if (timestamp_ms != 0 && wait_for_room(writer, 1, (int64_t)(key_len + value_len), writer->stop_fd, -1, err) == -1)
        return -1;
    struct pending pending = {.at = writer->bytes.len,
                              .value_len = value_len,
                              .key_len = key_len,
                              .partition = choose_partition(writer, partition, key, key_len),
                              .has_value = value != NULL,
                              .has_key = key != NULL};
    buf_append(&writer->bytes, value, value_len);
    buf_append(&writer->bytes, key, key_len);
    if (writer->bytes.failed)
        return errbuf_oom(err, "batch of records", value_len);
    writer->batch[writer->nbatch++] = pending;
    return timestamp_ms != 0 ? hand_over(writer, timestamp_ms, err) : 0;
}

int writer_poll(struct writer *writer, int timeout_ms, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;
    int left_ms = timeout_ms;

    if (produce_batch(writer, writer->stop_fd, -1, err) == -1)
        return -1;
    while (rd_kafka_poll(client_handle(writer->client), left_ms < SLICE_MS ? left_ms : SLICE_MS) == 0 && left_ms > 0) {
        if (client_is_stopped(writer->stop_fd))
            return errbuf_set(err, EXIT_CODE_OK, "stopped");
        left_ms = client_left_ms(deadline_us);
    }
    client_probe(writer->client);
    return check(writer, err);
}

int writer_flush(struct writer *writer, int timeout_ms, int stop_fd, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;

    if (produce_batch(writer, stop_fd, deadline_us, err) == -1)
        return -1;
    while (writer->queued_messages > 0) {
        int left_ms = client_left_ms(deadline_us);

        if (client_is_stopped(stop_fd))
            return errbuf_set(err, EXIT_CODE_OK, "stopped with %lld records not acknowledged",
                              (long long)writer->queued_messages);
        if (left_ms == 0)
            return out_of_time(writer, err);
        rd_kafka_flush(client_handle(writer->client), left_ms < SLICE_MS ? left_ms : SLICE_MS);
        client_probe(writer->client);
    }
    return check(writer, err);
}

void writer_counts(const struct writer *writer, struct writer_counts *counts)
{
    *counts = writer->counts;
}
