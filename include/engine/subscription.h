/* Which partitions a source reads, where it starts and how far they go now: options subscribe, subscribePattern,
 * assign, startingOffsets, startingTimestamp and startingOffsetsByTimestamp (Spark 4.0.0: KafkaSourceProvider,
 * KafkaOffsetReader). A partition that appears later is read from its earliest offset.
 *
 * Functions of a source's configuration and an offsets handle; nothing is kept. Lists come out sorted by topic and
 * partition.
 */
#ifndef ENGINE_SUBSCRIPTION_H
#define ENGINE_SUBSCRIPTION_H

#include "engine/config.h"
#include "kafka/offsets.h"

/* Check what can be checked without a broker: exactly one of the three options and its form, the form of starting
 * offsets, limits, minimum not above maximum. 0, -1 with err (EXIT_CODE_USAGE). */
int subscription_check(const struct config_source *config, struct errbuf *err);

/* Spark's name for it: KafkaV2[Subscribe[sf.crimes]]. malloc'd; NULL without memory. The options have passed
 * subscription_check. */
char *subscription_description(const struct config_source *config);

/* Absolute offsets that a fresh query starts from. -1 with err: retriable for transport errors; EXIT_CODE_USAGE for
 * offsets that do not name exactly the partitions; EXIT_CODE_RUNTIME for a time without a record. */
int subscription_initial(const struct config_source *config, struct offsets *offsets, struct offset_list *out,
                         struct errbuf *err);

/* The same, asked again while the broker does not answer, for timeout_ms in all. stop_fd readable: -1, EXIT_CODE_OK and
 * "stopped" (-1: nobody stops it). What cannot get better, like offsets that do not fit the partitions, fails at
 * once. */
int subscription_first_contact(const struct config_source *config, struct offsets *offsets, int64_t timeout_ms,
                               int stop_fd, struct offset_list *out, struct errbuf *err);

/* Last offsets of all partitions that exist now. known (or NULL): offsets reached before; an end below one is asked for
 * again a few times with a WARN and then believed. */
int subscription_latest(const struct config_source *config, struct offsets *offsets, const struct offset_list *known,
                        struct offset_list *out, struct errbuf *err);

/* Limit of one call to the broker. */
#define SUBSCRIPTION_TIMEOUT_MS 2500

#endif
