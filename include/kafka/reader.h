/* Exact ranges of offsets of many partitions, record by record.
 *
 * One librdkafka queue per partition on the simple consumer (rd_kafka_consume_start_queue); each is
 * started once, at an absolute offset, and never sought again while ranges follow each other. Records are
 * served by callback out of librdkafka's own memory.
 *
 * A range [next, end) of a partition is complete when the record end-1 was served, or when any record or
 * end-of-partition report with an offset >= end shows that nothing visible is left in it (control records,
 * aborted transactions, compaction). A record that belongs to the next range is kept (one per partition)
 * and served first then. Records below `next` (repeats around leader moves) are dropped. All calls on one
 * thread.
 *
 * Marks tell a partition from another one of its name. A topic that was deleted and made anew, and has grown beyond
 * what was read of the old one, answers every request about offsets as the old one would; librdkafka shows neither
 * topic ids nor leader epochs (2.0.2). But a log never changes a record that it holds, so the record served last is
 * remembered by offset, time and size, and can be asked for again: another one in its place proves another log (or one
 * that was cut and written anew). No record in its place proves nothing: compaction, retention.
 */
#ifndef KAFKA_READER_H
#define KAFKA_READER_H

#include "common/errbuf.h"
#include "kafka/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader;

struct reader_record {
    const char *value; /* NULL: tombstone */
    size_t value_len;
    const char *key; /* NULL: none */
    size_t key_len;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    int timestamp_type;   /* 0 create time, 1 log append time */
    const void *message;  /* for reader_headers, during the callback only */
};

/* Called for each record of a range, in offset order. Returns 0, or -1 to end reading with an error that
 * the cookie keeps. */
typedef int (*reader_fn)(void *cookie, const struct reader_record *record);

enum reader_status {
    READER_COMPLETE, /* the range was served */
    READER_MORE,     /* its turn is over, or nothing more is there now: serve the others, reader_wait, call again */
    READER_LOST,     /* data loss: see struct reader_loss; `next` is still where reading stopped */
    READER_REPLACED, /* the marked record is not the one that was read: see struct reader_loss. Told once; the next
                        call serves what there is from `next` on */
    READER_FAILED    /* err is set (the callback's own failure: err untouched) */
};

/* The record served last of a partition. */
struct reader_mark {
    int64_t offset;       /* -1: none */
    int64_t timestamp_ms; /* -1: none */
    int64_t size;         /* of key and value */
};

struct reader_loss {
    int64_t wanted;            /* the offset that is gone */
    int64_t earliest;          /* first offset that the partition has now; OFFSETS_UNKNOWN (-1001) if unknown */
    struct reader_mark before; /* with READER_REPLACED: the mark, and */
    struct reader_mark now;    /* what is there in its place */
};

/* Make a consumer handle. partitions: how many it is going to read, more or less; they share what is fetched ahead, a
 * few megabytes. Forced: enable.auto.commit=false, enable.auto.offset.store=false, auto.offset.reset=error,
 * enable.partition.eof=true; defaults that the conf may override: isolation.level=read_committed, check.crcs=true,
 * fetch.wait.max.ms=10, and queued.min.messages, queued.max.messages.kbytes, fetch.message.max.bytes by the number of
 * partitions. NULL with err. */
struct reader *reader_open(const struct conf *conf, int partitions, struct errbuf *err);
/* Stop all partitions and free. NULL does nothing. */
void reader_close(struct reader *reader);

/* Start fetching a partition at an absolute offset (>= 0). mark (or NULL): the record read last, below offset; fetching
 * begins there, and it is compared before anything is served. Returns its slot (0, 1, ... in the order of calls), or
 * -1. */
int reader_start(struct reader *reader, const char *topic, int32_t partition, int64_t offset,
                 const struct reader_mark *mark, struct errbuf *err);

/* Go on at another offset (data loss skipped, topic re-created): forgets what is held and known, and the mark.
 * 0, -1 with err. */
int reader_seek(struct reader *reader, int slot, int64_t offset, struct errbuf *err);

/* Compare the mark before anything more is served, by fetching again from there: for when nobody looked at the topic
 * for so long that it may have been deleted and made anew. Costs what a start costs, and what was fetched ahead.
 * Without a mark: nothing. */
int reader_verify(struct reader *reader, int slot, struct errbuf *err);

/* The record served last, or the mark that the partition was started with; offset -1: none. */
const struct reader_mark *reader_mark(const struct reader *reader, int slot);

/* Offset of the next record to be served. */
int64_t reader_next(const struct reader *reader, int slot);

/* Serve the records of [reader_next, end) that have arrived, without waiting, and no more than about a thousand: so
 * that all partitions are emptied at the same pace. */
enum reader_status reader_serve(struct reader *reader, int slot, int64_t end, reader_fn fn, void *cookie,
                                struct reader_loss *loss, struct errbuf *err);

/* Wait until some partition has something new, stop_fd becomes readable, or timeout_ms passed. Serves logs
 * and errors of the handle. Returns 1 news, 0 timeout or stop, -1 with err (fatal client error,
 * authentication). */
int reader_wait(struct reader *reader, int timeout_ms, int stop_fd, struct errbuf *err);

/* True while the client has no usable broker connection; text says since when and why (for status and
 * logs). */
bool reader_broker_down(struct reader *reader, char *text, size_t text_size);

/* Headers of a record, one call each; during reader_fn only. Returns the number. */
typedef void (*reader_header_fn)(void *cookie, const char *name, const char *value, size_t value_len);
size_t reader_headers(const struct reader_record *record, reader_header_fn fn, void *cookie);

#endif
