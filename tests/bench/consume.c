/* What reading a topic costs: a raw librdkafka consumer that throws records away (the floor) against kafka/reader
 * serving exact ranges.
 *
 *   consume -b HOST:PORT -t TOPIC              pairs in turn (5, or --pairs N), medians and the ratio
 *   consume --floor -b HOST:PORT -t TOPIC      the raw consumer once: a floor for whole processes
 *   consume --reader [--range N] ...           the reader once, in ranges of N offsets a partition (0: all in one)
 *
 * The floor is the quickest way that librdkafka has: simple consumer, all partitions forwarded to one queue, a callback
 * that only counts. Both begin at absolute offsets that were asked for before the clock starts, and read the same
 * records.
 */
#include "common/clock.h"
#include "kafka/offsets.h"
#include "kafka/reader.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define TIMEOUT_MS 30000
#define PAIRS_MAX 101
#define PARTITIONS_MAX 1000

struct job {
    struct conf conf;
    const char *topic;
    struct offset_list first;
    struct offset_list last;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench consume: %s: %s\n", what, why);
    exit(1);
}

static void find_ranges(struct job *job)
{
    struct errbuf err;
    struct offsets *offsets = offsets_open(&job->conf, NULL, &err);

    offset_list_init(&job->first);
    offset_list_init(&job->last);
    if (offsets == NULL || offsets_connect(offsets, TIMEOUT_MS, -1, NULL, &err) == -1 ||
        offsets_partitions(offsets, &job->topic, 1, TIMEOUT_MS, &job->first, &err) == -1 ||
        offsets_earliest(offsets, &job->first, TIMEOUT_MS, &err) == -1 ||
        offset_list_copy(&job->last, &job->first) == -1 || offsets_latest(offsets, &job->last, TIMEOUT_MS, &err) == -1)
        die(job->topic, err.text);
    offsets_close(offsets);
}

/* --- floor ------------------------------------------------------------------------------------------------------ */

struct raw {
    int64_t records;
    int64_t bytes;
    size_t open; /* partitions whose end was not seen */
};

static void on_message(rd_kafka_message_t *message, void *opaque)
{
    struct raw *raw = opaque;

    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        raw->open--;
    } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("floor", rd_kafka_message_errstr(message));
    } else {
        raw->records++;
        raw->bytes += (int64_t)message->len;
    }
}

static double run_raw(const struct job *job, int64_t *records)
{
    static const char *const settings[][2] = {{"enable.partition.eof", "true"}, {"enable.auto.commit", "false"},
                                              {"auto.offset.reset", "error"},   {"isolation.level", "read_committed"},
                                              {"check.crcs", "true"},           {"fetch.wait.max.ms", "10"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct raw raw = {0, 0, job->first.count};
    char reason[512];
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    rd_kafka_queue_t *queue;
    int64_t began_us;

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
            die("floor", reason);
    if (rd_kafka_conf_set(conf, "bootstrap.servers", conf_get(&job->conf, "bootstrap.servers"), reason,
                          sizeof(reason)) != RD_KAFKA_CONF_OK)
        die("floor", reason);
    began_us = clock_monotonic_us();
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    if (rk == NULL)
        die("floor", reason);
    rkt = rd_kafka_topic_new(rk, job->topic, NULL);
    queue = rd_kafka_queue_new(rk);
    for (size_t i = 0; i < job->first.count; i++)
        if (rd_kafka_consume_start_queue(rkt, job->first.items[i].partition, job->first.items[i].offset, queue) == -1)
            die("floor", rd_kafka_err2str(rd_kafka_last_error()));
    while (raw.open > 0)
        rd_kafka_consume_callback_queue(queue, 1000, on_message, &raw);
    *records = raw.records;
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    for (size_t i = 0; i < job->first.count; i++)
        rd_kafka_consume_stop(rkt, job->first.items[i].partition);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(rkt);
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return seconds;
}

/* --- reader ----------------------------------------------------------------------------------------------------- */

static int on_record(void *cookie, const struct reader_record *record)
{
    int64_t *counts = cookie;

    counts[0]++;
    counts[1] += (int64_t)record->value_len;
    return 0;
}

/* One trigger: every partition up to its end of the range. False when all was read before. */
static bool read_batch(struct reader *reader, const struct job *job, int64_t range, bool *complete, int64_t *counts)
{
    struct reader_loss loss;
    struct errbuf err;
    size_t open = 0;

    for (size_t i = 0; i < job->last.count; i++) {
        complete[i] = reader_next(reader, (int)i) >= job->last.items[i].offset;
        open += !complete[i];
    }
    if (open == 0)
        return false;
    int64_t ends[PARTITIONS_MAX];
    for (size_t i = 0; i < job->last.count; i++) {
        ends[i] = reader_next(reader, (int)i) + range;
        if (range == 0 || ends[i] > job->last.items[i].offset)
            ends[i] = job->last.items[i].offset;
    }
    while (open > 0) {
        for (size_t i = 0; i < job->last.count; i++) {
            if (complete[i])
                continue;
            switch (reader_serve(reader, (int)i, ends[i], on_record, counts, &loss, &err)) {
            case READER_COMPLETE:
                complete[i] = true;
                open--;
                break;
            case READER_MORE:
                break;
            case READER_REPLACED:
            case READER_LOST:
                die("reader", "records are gone");
                break;
            case READER_FAILED:
                die("reader", err.text);
                break;
            }
        }
        if (open > 0 && reader_wait(reader, TIMEOUT_MS, -1, &err) != 1)
            die("reader", "nothing comes");
    }
    return true;
}

static double run_reader(const struct job *job, int64_t range, int64_t *records)
{
    int64_t counts[2] = {0, 0};
    bool *complete = calloc(job->first.count, sizeof(*complete));
    struct errbuf err;
    struct reader *reader;
    int64_t began_us = clock_monotonic_us();

    if (complete == NULL || job->first.count > PARTITIONS_MAX)
        die("reader", "too many partitions");
    reader = reader_open(&job->conf, (int)job->first.count, &err);
    if (reader == NULL)
        die("reader", err.text);
    for (size_t i = 0; i < job->first.count; i++)
        if (reader_start(reader, job->topic, job->first.items[i].partition, job->first.items[i].offset, NULL, &err) ==
            -1)
            die("reader", err.text);
    while (read_batch(reader, job, range, complete, counts))
        ;
    *records = counts[0];
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    reader_close(reader);
    free(complete);
    return seconds;
}

/* --- pairs ------------------------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), compare);
    return values[n / 2];
}

static void run_pairs(const struct job *job, int64_t range, int pairs)
{
    double floors[PAIRS_MAX];
    double products[PAIRS_MAX];
    double ratios[PAIRS_MAX];
    int64_t floor_records = 0;
    int64_t records = 0;

    for (int i = 0; i < pairs; i++) {
        floors[i] = run_raw(job, &floor_records);
        products[i] = run_reader(job, range, &records);
        if (records != floor_records)
            die("reader", "it read another number of records than the floor");
        ratios[i] = floors[i] / products[i];
    }
    double ratio = median(ratios, pairs);
    double floor = median(floors, pairs);
    double product = median(products, pairs);
    printf("kafka/reader, ranges of %" PRId64 " offsets (0: one range)\n", range);
    printf("    %.2f [%.2f-%.2f] of a raw librdkafka consumer, goal >= 0.8; %.2f against %.2f M records/s, %" PRId64
           " records\n",
           ratio, ratios[0], ratios[pairs - 1], (double)records / product / 1e6, (double)records / floor / 1e6,
           records);
}

int main(int argc, char **argv)
{
    struct job job = {.topic = NULL};
    struct errbuf err;
    enum { PAIRS, FLOOR, READER } mode = PAIRS;
    int64_t range = -1;
    int64_t records;
    int pairs = 5;

    conf_init(&job.conf);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--floor") == 0) {
            mode = FLOOR;
            continue;
        }
        if (strcmp(argv[i], "--reader") == 0) {
            mode = READER;
            continue;
        }
        i++;
        if (strcmp(argv[i - 1], "-b") == 0) {
            if (conf_set(&job.conf, "bootstrap.servers", value, &err) == -1)
                die("-b", err.text);
        } else if (strcmp(argv[i - 1], "-t") == 0) {
            job.topic = value;
        } else if (strcmp(argv[i - 1], "--range") == 0) {
            range = strtoll(value, NULL, 10);
        } else if (strcmp(argv[i - 1], "--pairs") == 0) {
            pairs = (int)strtol(value, NULL, 10);
        } else {
            die(argv[i - 1], "unknown option");
        }
    }
    if (job.topic == NULL || pairs < 1 || pairs > PAIRS_MAX)
        die("usage", "consume [--floor|--reader] [--range N] [--pairs N] -b HOST:PORT -t TOPIC");
    find_ranges(&job);
    if (mode == PAIRS) {
        run_pairs(&job, range == -1 ? 0 : range, pairs);
        if (range == -1)
            run_pairs(&job, 2000, pairs);
    } else {
        double seconds = mode == FLOOR ? run_raw(&job, &records) : run_reader(&job, range == -1 ? 0 : range, &records);

        printf("records=%" PRId64 " seconds=%.6f records_per_second=%.0f\n", records, seconds,
               (double)records / seconds);
    }
    offset_list_release(&job.first);
    offset_list_release(&job.last);
    conf_release(&job.conf);
    return 0;
}
