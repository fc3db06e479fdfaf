/* One consumer handle is both: with test.mock.num.brokers librdkafka starts the mock cluster inside it and
 * points the handle's own client at it, which is the client of the watch. Nothing is ever consumed, so its
 * requests never wait behind a fetch.
 *
 * Offsets of a mock partition begin at 0 and records leave only by retention, so a first offset above 0 is
 * the exact number of lost records.
 */
#include "broker/cluster.h"

#include "broker/listener.h"
#include "common/clock.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#define MODULE "Broker"
#define REPEAT_US (10 * 1000000LL)

struct watched {
    char *topic;
    int32_t partition;
    int64_t low;  /* as last seen */
    int64_t told; /* low at the last warning */
    int64_t told_at_us;
};

struct cluster {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *mock; /* owned by rk */
    const char *address;           /* owned by mock */
    struct watched *watched;
    size_t nwatched;
    int64_t dropped;
};

/* On librdkafka's threads: may log and nothing else. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    log_debug("librdkafka", "%s: %s", facility, text);
}

static void on_log_nowhere(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

struct cluster *cluster_open(int port, bool debug, struct errbuf *err)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    rd_kafka_conf_t *conf = NULL;
    char reason[256];

    if (cluster == NULL) {
        errbuf_oom(err, "embedded broker", sizeof(*cluster));
        return NULL;
    }
    port = listener_reserve(port, err);
    if (port == -1)
        goto fail;
    conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, debug ? on_log : on_log_nowhere);
    if (rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", reason, sizeof(reason)) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "client.id", "sf-broker", reason, sizeof(reason)) != RD_KAFKA_CONF_OK ||
        (debug && rd_kafka_conf_set(conf, "debug", "mock", reason, sizeof(reason)) != RD_KAFKA_CONF_OK)) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "librdkafka %s: %s", rd_kafka_version_str(), reason);
        goto fail;
    }
    cluster->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    if (cluster->rk == NULL) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "librdkafka %s cannot start its mock cluster: %s", rd_kafka_version_str(),
                   reason);
        goto fail;
    }
    conf = NULL; /* rd_kafka_new took it */
    cluster->mock = rd_kafka_handle_mock_cluster(cluster->rk);
    if (cluster->mock == NULL) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "librdkafka %s started without its mock cluster", rd_kafka_version_str());
        goto fail;
    }
    cluster->address = rd_kafka_mock_cluster_bootstraps(cluster->mock);
    return cluster;

fail:
    if (conf != NULL)
        rd_kafka_conf_destroy(conf);
    listener_release();
    cluster_close(cluster);
    return NULL;
}

void cluster_close(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    if (cluster->rk != NULL)
        rd_kafka_destroy(cluster->rk);
    for (size_t i = 0; i < cluster->nwatched; i++)
        free(cluster->watched[i].topic);
    free(cluster->watched);
    free(cluster);
}

const char *cluster_address(const struct cluster *cluster)
{
    return cluster->address;
}

int cluster_create_topic(struct cluster *cluster, const char *name, int partitions, struct errbuf *err)
{
    rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(cluster->mock, name, partitions, 1);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot create topic %s with %d partitions: %s", name, partitions,
                          rd_kafka_err2str(code));
    return 0;
}

/* The entry of a partition, added if new. NULL without memory: the partition is looked at again next time. */
static struct watched *find_watched(struct cluster *cluster, const char *topic, int32_t partition)
{
    struct watched *watched;
    char *name;

    for (size_t i = 0; i < cluster->nwatched; i++)
        if (cluster->watched[i].partition == partition && strcmp(cluster->watched[i].topic, topic) == 0)
            return &cluster->watched[i];
    name = strdup(topic);
    if (name == NULL)
        return NULL;
    watched = realloc(cluster->watched, (cluster->nwatched + 1) * sizeof(*watched));
    if (watched == NULL) {
        free(name);
        return NULL;
    }
    cluster->watched = watched;
    watched = &cluster->watched[cluster->nwatched++];
    *watched = (struct watched){.topic = name, .partition = partition, .told_at_us = -REPEAT_US};
    return watched;
}

static void look_at(struct cluster *cluster, const char *topic, int32_t partition, int64_t low)
{
    struct watched *watched = find_watched(cluster, topic, partition);
    int64_t now_us = clock_monotonic_us();

    if (watched == NULL)
        return;
    if (low > watched->low) {
        cluster->dropped += low - watched->low;
        watched->low = low;
    }
    if (watched->low == watched->told || now_us - watched->told_at_us < REPEAT_US)
        return;
    log_warn(MODULE,
             "topic %s partition %d dropped %lld messages (all below offset %lld are gone): the embedded broker keeps "
             "5 MiB a "
             "partition; use more partitions, or Apache Kafka for real work",
             topic, (int)partition, (long long)(watched->low - watched->told), (long long)watched->low);
    watched->told = watched->low;
    watched->told_at_us = now_us;
}

/* Every partition of every topic, with OFFSET_BEGINNING for the request; NULL when the client has no
 * answer in time. */
static rd_kafka_topic_partition_list_t *list_partitions(struct cluster *cluster, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_partition_list_t *list;

    if (rd_kafka_metadata(cluster->rk, 1, NULL, &metadata, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    list = rd_kafka_topic_partition_list_new(16);
    for (int t = 0; t < metadata->topic_cnt; t++)
        for (int p = 0; p < metadata->topics[t].partition_cnt; p++)
            rd_kafka_topic_partition_list_add(list, metadata->topics[t].topic, metadata->topics[t].partitions[p].id)
                ->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_metadata_destroy(metadata);
    return list;
}

/* offsets_for_times takes the two logical offsets as times too: all first offsets come in one request. */
void cluster_watch(struct cluster *cluster, int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = list_partitions(cluster, timeout_ms);

    if (list == NULL)
        return;
    if (list->cnt > 0 && rd_kafka_offsets_for_times(cluster->rk, list, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
        for (int i = 0; i < list->cnt; i++)
            if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset > 0)
                look_at(cluster, list->elems[i].topic, list->elems[i].partition, list->elems[i].offset);
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t cluster_dropped(const struct cluster *cluster)
{
    return cluster->dropped;
}

const char *cluster_library_version(void)
{
    static char text[64];

    if (text[0] == '\0')
        snprintf(text, sizeof(text), "librdkafka %s", rd_kafka_version_str());
    return text;
}
