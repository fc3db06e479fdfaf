/* A mock cluster inside the test process, on a handle of its own. */
#ifndef TESTS_KAFKA_MOCK_KAFKA_H
#define TESTS_KAFKA_MOCK_KAFKA_H

#include "kafka/conf.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h wants the above */
#include <setjmp.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* Longest wait of a test for something that happens at once. */
#define PATIENCE_MS 20000
/* Closing a handle takes well under a second; the rest is for a machine that is busy. Whoever waits for a
 * broker that is away waits for 45 s and more. */
#define CLOSE_LIMIT_US 2000000

struct mock_kafka {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct conf conf; /* bootstrap.servers, and short back-offs */
};

static inline void mock_kafka_no_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static inline void mock_kafka_set(struct conf *conf, const char *name, const char *value)
{
    struct errbuf err;

    if (conf_set(conf, name, value, &err) == -1)
        fail_msg("%s", err.text);
}

static inline void mock_kafka_start(struct mock_kafka *mock, int brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256];

    rd_kafka_conf_set_log_cb(conf, mock_kafka_no_log);
    mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    assert_non_null(mock->rk);
    mock->cluster = rd_kafka_mock_cluster_new(mock->rk, brokers);
    assert_non_null(mock->cluster);
    conf_init(&mock->conf);
    mock_kafka_set(&mock->conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock->cluster));
    mock_kafka_set(&mock->conf, "reconnect.backoff.ms", "10");
    mock_kafka_set(&mock->conf, "reconnect.backoff.max.ms", "50");
}

static inline void mock_kafka_stop(struct mock_kafka *mock)
{
    conf_release(&mock->conf);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
}

static inline void mock_kafka_topic(struct mock_kafka *mock, const char *name, int partitions)
{
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, name, partitions, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Brokers go away in two ways: nobody listens any more, or nobody answers. */
static inline void mock_kafka_take_away(struct mock_kafka *mock, bool frozen)
{
    assert_int_equal(frozen ? rd_kafka_mock_broker_set_rtt(mock->cluster, -1, 60000)
                            : rd_kafka_mock_broker_set_down(mock->cluster, -1),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* Send n records "FIRST", "FIRST+1" ... to one partition, by a producer of its own; returns when they are
 * acknowledged. */
static inline void mock_kafka_fill(struct mock_kafka *mock, const char *topic, int32_t partition, int first, int n,
                                   size_t value_size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256];
    rd_kafka_t *rk;

    rd_kafka_conf_set_log_cb(conf, mock_kafka_no_log);
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", conf_get(&mock->conf, "bootstrap.servers"), reason,
                                       sizeof(reason)),
                     RD_KAFKA_CONF_OK);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    assert_non_null(rk);
    for (int i = 0; i < n; i++) {
        char value[4096];
        int len = snprintf(value, sizeof(value), "%d", first + i);

        assert_true(value_size <= sizeof(value));
        if ((size_t)len < value_size) {
            memset(value + len, 'x', value_size - (size_t)len);
            len = (int)value_size;
        }
        while (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, (size_t)len),
                                 RD_KAFKA_V_HEADER("n", value, 1), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(rk, 10);
    }
    assert_int_equal(rd_kafka_flush(rk, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(rk);
}

#endif
