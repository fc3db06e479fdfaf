/* Producing with back-pressure and exact counting of what the broker acknowledged.
 *
 * Messages are copied. When the client's queue is full the caller's thread serves delivery reports until
 * there is room, so memory stays bounded however slow the broker is. All calls on one thread; delivery
 * reports are served inside writer_* calls.
 */
#ifndef KAFKA_WRITER_H
#define KAFKA_WRITER_H

#include "common/errbuf.h"
#include "kafka/conf.h"

#include <stddef.h>
#include <stdint.h>

struct writer;

#define WRITER_ROUND_ROBIN (-1) /* next partition in turn, for records without a key */
#define WRITER_BY_KEY (-2)      /* murmur2 of the key, as Java's producer */

struct writer_counts {
    uint64_t sent;       /* handed to the client */
    uint64_t acked;      /* acknowledged by the broker */
    uint64_t failed;     /* given up */
    uint64_t queue_full; /* times the caller had to wait for room */
};

/* Make a producer for one topic. Defaults that the conf may override: enable.idempotence=true, compression.codec=lz4,
 * linger.ms=5, batch.size=524288, queue.buffering.max.kbytes=12288. Does not contact the broker. NULL with err. */
struct writer *writer_open(const struct conf *conf, const char *topic, struct errbuf *err);
/* Free without waiting for what is unsent (writer_flush first). NULL does nothing. */
void writer_close(struct writer *writer);

/* Whoever waits for room in writer_send or writer_poll is woken (within 100 ms) when stop_fd is readable; -1:
 * nobody is, as at the beginning. The writer only looks at it. */
void writer_set_stop_fd(struct writer *writer, int stop_fd);

/* Wait until broker and topic answer; the number of partitions, or -1 with err (EXIT_CODE_BROKER after
 * timeout_ms, EXIT_CODE_AUTH, missing topic: EXIT_CODE_RUNTIME with the command that creates it). stop_fd
 * as in offsets_connect. */
int writer_connect(struct writer *writer, int timeout_ms, int stop_fd, struct errbuf *err);

/* Queue one message; key or value may be NULL (tombstone). partition: a number, WRITER_ROUND_ROBIN or
 * WRITER_BY_KEY. timestamp_ms 0: now. Messages are batched inside (produce_batch) and go out by themselves
 * when a batch is full, on writer_poll and on writer_flush. Returns 0, -1 with err: message too large
 * (naming size and limit), no such partition, a delivery failed for good, the broker was away for the
 * message timeout; or EXIT_CODE_OK with text "stopped": there was no room and a stop was asked for
 * (writer_set_stop_fd). Then this message was not taken, and those before it wait for writer_flush. */
int writer_send(struct writer *writer, int32_t partition, const void *key, size_t key_len, const void *value,
                size_t value_len, int64_t timestamp_ms, struct errbuf *err);

/* Hand over what is batched and serve delivery reports for up to timeout_ms. Returns 0, -1 as writer_send. */
int writer_poll(struct writer *writer, int timeout_ms, struct errbuf *err);

/* Wait until everything is acknowledged or given up, at most timeout_ms (then -1, EXIT_CODE_BROKER, retriable).
 * stop_fd: readable means stop waiting (-1, EXIT_CODE_OK, "stopped ..."); the writer's own does not count
 * here, so that the last acknowledgements can be waited for after a stop request. Returns 0 when all is
 * acknowledged. */
int writer_flush(struct writer *writer, int timeout_ms, int stop_fd, struct errbuf *err);

void writer_counts(const struct writer *writer, struct writer_counts *counts);

#endif
