/* What a trigger pays to find out that there is nothing new: engine/subscription asking which partitions there are and
 * where they end, as every trigger does, against one round trip to the broker (ListOffsets of one partition).
 *
 *   plan -b HOST:PORT -t TOPIC [N]     N of each in turn (500); prints medians, 99th percentiles and the longest, in
 * microseconds
 */
#include "common/clock.h"
#include "common/parsenum.h"
#include "engine/subscription.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define TIMEOUT_MS 30000
#define ROUNDS_MAX 1000000

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench plan: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_t *open_raw(const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[512];
    rd_kafka_t *rk;

    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, reason, sizeof(reason)) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "isolation.level", "read_committed", reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
        die("floor", reason);
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    if (rk == NULL)
        die("floor", reason);
    return rk;
}

static void ask_raw(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, topic, 0);
    rd_kafka_resp_err_t code;

    item->offset = OFFSETS_LATEST;
    code = rd_kafka_offsets_for_times(rk, list, TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = item->err;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("floor", rd_kafka_err2str(code));
    rd_kafka_topic_partition_list_destroy(list);
}

static void ask_product(const struct config_source *source, struct offsets *offsets, struct offset_list *known)
{
    struct offset_list latest;
    struct errbuf err;

    offset_list_init(&latest);
    if (subscription_latest(source, offsets, known, &latest, &err) != 0)
        die(source->subscribe, err.text);
    offset_list_release(known);
    *known = latest;
}

static int ascending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static void print(const char *name, int64_t *times, size_t n)
{
    qsort(times, n, sizeof(*times), ascending);
    printf("%s_median_us=%" PRId64 " %s_p99_us=%" PRId64 " %s_max_us=%" PRId64 "\n", name, times[n / 2], name,
           times[n * 99 / 100], name, times[n - 1]);
}

int main(int argc, char **argv)
{
    struct config_source source = {
        .name = "calls", .max_offsets_per_trigger = CONFIG_NONE, .min_offsets_per_trigger = CONFIG_NONE};
    struct offset_list known;
    struct offsets *offsets;
    struct errbuf err;
    int64_t rounds = 500;

    if (argc < 5 || strcmp(argv[1], "-b") != 0 || strcmp(argv[3], "-t") != 0 ||
        (argc > 5 && parsenum_i64(argv[5], 1, ROUNDS_MAX, &rounds) != 0))
        die("usage", "plan -b HOST:PORT -t TOPIC [N]");
    source.subscribe = argv[4];
    conf_init(&source.kafka);
    if (conf_set(&source.kafka, "bootstrap.servers", argv[2], &err) != 0)
        die(argv[2], err.text);
    offset_list_init(&known);
    offsets = offsets_open(&source.kafka, NULL, &err);
    if (offsets == NULL || offsets_connect(offsets, TIMEOUT_MS, -1, NULL, &err) != 0)
        die(argv[2], err.text);

    size_t n = (size_t)rounds;
    int64_t *floors = calloc(n, sizeof(*floors)), *products = calloc(n, sizeof(*products));
    if (floors == NULL || products == NULL)
        die("memory", "none");
    rd_kafka_t *rk = open_raw(argv[2]);
    ask_raw(rk, argv[4]); /* connections, leaders */
    ask_product(&source, offsets, &known);
    for (size_t i = 0; i < n; i++) {
        int64_t began_us = clock_monotonic_us();
        ask_raw(rk, argv[4]);
        int64_t between_us = clock_monotonic_us();
        ask_product(&source, offsets, &known);
        floors[i] = between_us - began_us;
        products[i] = clock_monotonic_us() - between_us;
    }
    print("floor", floors, n);
    print("plan", products, n);
    rd_kafka_destroy(rk);
    offset_list_release(&known);
    offsets_close(offsets);
    conf_release(&source.kafka);
    free(floors);
    free(products);
    return 0;
}
