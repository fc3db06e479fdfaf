/* The floor of publishing: records prepared in memory, handed over by produce_batch without a copy, until all are
 * acknowledged.
 *
 *   produce --floor -b HOST:PORT -t TOPIC FILE    FILE as for sf-producer (JSON array or JSON lines)
 *
 * Prints records_per_second; reading and preparing FILE and the first contact are not in it. sf-producer's time
 * over the whole way is divided by this. The settings are the writer's (lz4, idempotence, explicit partitions in
 * turn), except that the queue is large enough never to hold us back.
 */
#include "common/clock.h"
#include "common/fileio.h"
#include "record/json_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define TIMEOUT_MS 60000
#define BATCH 1024

struct prepared {
    struct buf bytes;
    size_t *at; /* n + 1 positions in bytes */
    size_t n;
};

static int64_t acked;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench produce: %s: %s\n", what, why);
    exit(1);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("delivery", rd_kafka_err2str(message->err));
    acked++;
}

static void add_position(struct prepared *prepared, size_t *cap)
{
    if (prepared->n == *cap) {
        *cap = *cap == 0 ? 4096 : *cap * 2;
        prepared->at = reallocarray(prepared->at, *cap + 1, sizeof(*prepared->at));
        if (prepared->at == NULL)
            die("records", "out of memory");
    }
    prepared->at[prepared->n++] = prepared->bytes.len;
}

static void prepare(const char *path, struct prepared *prepared)
{
    struct buf file = BUF_INIT;
    struct errbuf err;
    size_t cap = 0;

    if (fileio_read(path, (size_t)4 << 30, &file, NULL, &err) == -1)
        die(path, err.text);
    for (size_t at = 0; at < file.len;) {
        const char *start = memchr(file.data + at, '{', file.len - at);
        const char *reason;
        size_t used;

        if (start == NULL)
            break;
        at = (size_t)(start - file.data);
        add_position(prepared, &cap);
        if (json_copy_record(start, file.len - at, false, NULL, &prepared->bytes, &used, &reason) != JSON_COPY_DONE)
            die(path, "a record is damaged");
        at += used;
    }
    if (prepared->n == 0)
        die(path, "no records");
    prepared->at[prepared->n] = prepared->bytes.len;
    buf_release(&file);
}

static rd_kafka_t *open_producer(const char *servers)
{
    static const char *const settings[][2] = {{"compression.codec", "lz4"},
                                              {"enable.idempotence", "true"},
                                              {"queue.buffering.max.messages", "10000000"},
                                              {"queue.buffering.max.kbytes", "2097151"},
                                              {"linger.ms", "5"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[512];
    rd_kafka_t *rk;

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
            die("settings", reason);
    if (rd_kafka_conf_set(conf, "bootstrap.servers", servers, reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
        die("settings", reason);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    if (rk == NULL)
        die("settings", reason);
    return rk;
}

static int count_partitions(rd_kafka_t *rk, rd_kafka_topic_t *rkt)
{
    const struct rd_kafka_metadata *metadata;
    int n;

    if (rd_kafka_metadata(rk, 0, rkt, &metadata, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("topic", "no broker answers");
    n = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (n == 0)
        die("topic", "it does not exist");
    return n;
}

static void produce(rd_kafka_t *rk, rd_kafka_topic_t *rkt, const struct prepared *prepared, int npartitions)
{
    static rd_kafka_message_t batch[BATCH];

    for (size_t done = 0; done < prepared->n;) {
        int n = 0;

        for (; n < BATCH && done + (size_t)n < prepared->n; n++) {
            size_t i = done + (size_t)n;

            memset(&batch[n], 0, sizeof(batch[n]));
            batch[n].payload = prepared->bytes.data + prepared->at[i];
            batch[n].len = prepared->at[i + 1] - prepared->at[i];
            batch[n].partition = (int32_t)(i % (size_t)npartitions);
        }
        if (rd_kafka_produce_batch(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_PARTITION, batch, n) != n)
            die("produce", "the queue is full");
        done += (size_t)n;
        rd_kafka_poll(rk, 0);
    }
    if (rd_kafka_flush(rk, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("flush", "not everything was acknowledged in time");
}

int main(int argc, char **argv)
{
    struct prepared prepared = {.bytes = BUF_INIT};
    rd_kafka_topic_t *rkt;
    rd_kafka_t *rk;
    int64_t began_us;
    int npartitions;

    if (argc != 7 || strcmp(argv[1], "--floor") != 0 || strcmp(argv[2], "-b") != 0 || strcmp(argv[4], "-t") != 0)
        die("usage", "produce --floor -b HOST:PORT -t TOPIC FILE");
    prepare(argv[6], &prepared);
    rk = open_producer(argv[3]);
    rkt = rd_kafka_topic_new(rk, argv[5], NULL);
    if (rkt == NULL)
        die("topic", rd_kafka_err2str(rd_kafka_last_error()));
    npartitions = count_partitions(rk, rkt);
    began_us = clock_monotonic_us();
    produce(rk, rkt, &prepared, npartitions);
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    if (acked != (int64_t)prepared.n)
        die("delivery", "not every record was acknowledged");
    printf("records=%zu seconds=%.6f records_per_second=%.0f\n", prepared.n, seconds, (double)prepared.n / seconds);
    rd_kafka_topic_destroy(rkt);
    rd_kafka_destroy(rk);
    buf_release(&prepared.bytes);
    free(prepared.at);
    return 0;
}
