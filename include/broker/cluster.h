/* The embedded broker itself: librdkafka's mock cluster of one broker, and a watch over what it has
 * dropped.
 *
 * The mock keeps 5 MiB or 100,000 batches a partition (fixed in librdkafka) and then drops the oldest
 * without a word; the watch says so. One thread at a time.
 */
#ifndef BROKER_CLUSTER_H
#define BROKER_CLUSTER_H

#include "common/errbuf.h"

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_MAX_PARTITIONS 1000

struct cluster;

/* Start a broker on 127.0.0.1:port (0: any). debug: librdkafka's own log lines go to our log at DEBUG;
 * else nowhere. NULL with err: EXIT_CODE_BUSY (port), EXIT_CODE_RUNTIME. */
struct cluster *cluster_open(int port, bool debug, struct errbuf *err);
/* Stop and forget all data. NULL does nothing. */
void cluster_close(struct cluster *cluster);

/* "127.0.0.1:9092" with the real port; lives as long as the cluster. */
const char *cluster_address(const struct cluster *cluster);

/* Create a topic. Returns 0, -1 with err. */
int cluster_create_topic(struct cluster *cluster, const char *name, int partitions, struct errbuf *err);

/* Look once at the first offset of every partition of every topic, and WARN for each partition that
 * dropped records since the last look (the first time at once, then at most every 10 s a partition). Takes
 * at most twice timeout_ms. */
void cluster_watch(struct cluster *cluster, int timeout_ms);

/* Records dropped so far, as far as cluster_watch has seen. */
int64_t cluster_dropped(const struct cluster *cluster);

/* "librdkafka 2.0.2" of the library that runs. */
const char *cluster_library_version(void);

#endif
