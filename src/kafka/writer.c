/* Note "room": librdkafka counts the messages and bytes that are not yet reported as delivered and refuses
 * more with QUEUE_FULL; a batch that is refused in the middle could go on with its smaller messages, out
 * of order. So the same two numbers are counted here and a batch is handed over only when it fits: until
 * then the caller's thread serves delivery reports. They are counted down in the same callback in which
 * librdkafka counts down, so ours are never smaller than its own.
 *
 * Note "batch": produce_batch saves the locks per message. Payloads are copied twice (into the batch, then
 * by librdkafka): measured, keeping them until delivery instead gains nothing over the whole way.
 */
#include "kafka/writer.h"

#include "client_internal.h"
#include "common/buf.h"
#include "common/clock.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "KafkaWriter"
#define BATCH_MESSAGES 1024
/* Fits the second-level cache beside the source's buffer. */
#define BATCH_BYTES (256 * 1024)
/* How long one wait for delivery reports lasts before a stop request or the broker's state is looked at
 * again. */
#define SLICE_MS 100

/* The first delivery that failed. (Its text is the code's: rd_kafka_message_errstr would take a produced
 * payload for an error text.) */
struct failure {
    rd_kafka_resp_err_t code;
    int32_t partition;
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
    int64_t queued_messages; /* handed over and not reported: note "room" */
    int64_t queued_bytes;
    size_t nbatch;
    int64_t batch_bytes; /* payloads and keys of the batch */
    struct buf bytes;
    size_t value_at[BATCH_MESSAGES]; /* positions in bytes, which moves when it grows */
    size_t key_at[BATCH_MESSAGES];
    rd_kafka_message_t batch[BATCH_MESSAGES];
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
        {"queue.buffering.max.kbytes", "16384"},
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
    writer->max_queued_bytes = client_setting_number(writer->client, "queue.buffering.max.kbytes") * 1024;
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
    free(writer->name);
    free(writer);
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

static bool has_room(const struct writer *writer)
{
    return writer->queued_messages == 0 ||
           (writer->queued_messages + (int64_t)writer->nbatch <= writer->max_queued_messages &&
            writer->queued_bytes + writer->batch_bytes <= writer->max_queued_bytes);
}

/* One message by itself: with a time of its own, or what produce_batch refused. Waits while the queue is
 * full. */
static int produce_one(struct writer *writer, const rd_kafka_message_t *message, int64_t timestamp_ms,
                       struct errbuf *err)
{
    for (;;) {
        rd_kafka_resp_err_t code = rd_kafka_producev(
            client_handle(writer->client), RD_KAFKA_V_RKT(writer->rkt), RD_KAFKA_V_PARTITION(message->partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(message->payload, message->len),
            RD_KAFKA_V_KEY(message->key, message->key_len), RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);

        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            writer->queued_messages++;
            writer->queued_bytes += (int64_t)(message->len + message->key_len);
            writer->counts.sent++;
            return 0;
        }
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return client_error(writer->client, code, NULL, err, "topic %s partition %d", writer->name,
                                (int)message->partition);
        writer->counts.queue_full++;
        rd_kafka_poll(client_handle(writer->client), SLICE_MS);
        if (check(writer, err) == -1)
            return -1;
    }
}

static int wait_for_room(struct writer *writer, struct errbuf *err)
{
    if (!has_room(writer))
        writer->counts.queue_full++;
    while (!has_room(writer)) {
        rd_kafka_poll(client_handle(writer->client), SLICE_MS);
        client_probe(writer->client);
        if (check(writer, err) == -1)
            return -1;
    }
    return 0;
}

/* Hand over the batch. */
static int produce_batch(struct writer *writer, struct errbuf *err)
{
    size_t n = writer->nbatch;
    int result = 0;
    int accepted;

    if (n == 0)
        return 0;
    if (wait_for_room(writer, err) == -1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (writer->batch[i].payload != NULL)
            writer->batch[i].payload = writer->bytes.data + writer->value_at[i];
        if (writer->batch[i].key != NULL)
            writer->batch[i].key = writer->bytes.data + writer->key_at[i];
    }
    accepted = rd_kafka_produce_batch(writer->rkt, RD_KAFKA_PARTITION_UA,
                                      RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, writer->batch, (int)n);
    writer->nbatch = 0;
    writer->queued_messages += accepted;
    writer->queued_bytes += writer->batch_bytes;
    writer->counts.sent += (uint64_t)accepted;
    writer->batch_bytes = 0;
    for (size_t i = 0; i < n && (size_t)accepted < n && result == 0; i++) {
        const rd_kafka_message_t *message = &writer->batch[i];

        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        writer->queued_bytes -= (int64_t)(message->len + message->key_len);
        if (message->err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            result = produce_one(writer, message, 0, err);
        else
            result = client_error(writer->client, message->err, NULL, err, "topic %s partition %d", writer->name,
                                  (int)message->partition);
    }
    buf_reset(&writer->bytes);
    return result;
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

/* librdkafka takes a pointer as "there is one" and NULL as "there is none"; the place comes when the batch
 * is handed over. */
static void *present(const void *data)
{
    return data != NULL ? (void *)(uintptr_t)data : NULL;
}

int writer_send(struct writer *writer, int32_t partition, const void *key, size_t key_len, const void *value,
                size_t value_len, int64_t timestamp_ms, struct errbuf *err)
{
    rd_kafka_message_t *message;

    if (writer->max_message_bytes > 0 &&
        (value_len > (size_t)writer->max_message_bytes || key_len > (size_t)writer->max_message_bytes - value_len))
        return errbuf_set(
            err, EXIT_CODE_RUNTIME,
            "topic %s: a record of %zu bytes is larger than kafka.message.max.bytes = %lld; raise it, and the "
            "topic's max.message.bytes",
            writer->name, key_len + value_len, (long long)writer->max_message_bytes);
    if (writer->nbatch == BATCH_MESSAGES ||
        (writer->nbatch > 0 && writer->bytes.len + key_len + value_len > BATCH_BYTES) || timestamp_ms != 0) {
        if (writer_poll(writer, 0, err) == -1)
            return -1;
    }
    message = &writer->batch[writer->nbatch];
    memset(message, 0, sizeof(*message));
    message->partition = choose_partition(writer, partition, key, key_len);
    message->payload = present(value);
    message->len = value != NULL ? value_len : 0;
    message->key = present(key);
    message->key_len = key != NULL ? key_len : 0;
    if (timestamp_ms != 0) { /* produce_batch has no times */
        writer->batch_bytes = (int64_t)(message->len + message->key_len);
        int result = wait_for_room(writer, err);
        writer->batch_bytes = 0;
        return result == -1 ? -1 : produce_one(writer, message, timestamp_ms, err);
    }
    writer->value_at[writer->nbatch] = writer->bytes.len;
    buf_append(&writer->bytes, value, message->len);
    writer->key_at[writer->nbatch] = writer->bytes.len;
    buf_append(&writer->bytes, key, message->key_len);
    if (writer->bytes.failed)
        return errbuf_oom(err, "batch of records", value_len);
    writer->batch_bytes += (int64_t)(message->len + message->key_len);
    writer->nbatch++;
    return 0;
}

int writer_poll(struct writer *writer, int timeout_ms, struct errbuf *err)
{
    if (produce_batch(writer, err) == -1)
        return -1;
    rd_kafka_poll(client_handle(writer->client), timeout_ms);
    client_probe(writer->client);
    return check(writer, err);
}

int writer_flush(struct writer *writer, int timeout_ms, int stop_fd, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;

    if (produce_batch(writer, err) == -1)
        return -1;
    while (writer->queued_messages > 0) {
        struct pollfd fd = {.fd = stop_fd, .events = POLLIN};
        int left_ms = client_left_ms(deadline_us);

        if (stop_fd != -1 && poll(&fd, 1, 0) > 0)
            return errbuf_set(err, EXIT_CODE_OK, "stopped with %lld records not acknowledged",
                              (long long)writer->queued_messages);
        if (left_ms == 0) {
            errbuf_set(err, EXIT_CODE_BROKER, "topic %s: %lld records not acknowledged by Kafka at %s in %g s",
                       writer->name, (long long)writer->queued_messages, client_servers(writer->client),
                       timeout_ms / 1000.0);
            err->retriable = true;
            return -1;
        }
        rd_kafka_flush(client_handle(writer->client), left_ms < SLICE_MS ? left_ms : SLICE_MS);
        client_probe(writer->client);
    }
    return check(writer, err);
}

void writer_counts(const struct writer *writer, struct writer_counts *counts)
{
    *counts = writer->counts;
}
