/* What reader.c (the handle, its partitions, waiting) and reader_serve.c (what a queue's records and events mean)
 * share. */
#ifndef KAFKA_READER_INTERNAL_H
#define KAFKA_READER_INTERNAL_H

#include "kafka/reader.h"

#include "client_internal.h"

#define READER_MODULE "KafkaReader" /* in log lines */
/* Errors that librdkafka repairs by itself come with every fetch that fails: not every one is a log line. */
#define READER_WARN_EVERY_US (10 * 1000000LL)

struct topic {
    char *name;
    rd_kafka_topic_t *rkt;
};

struct held {
    bool full;
    char *bytes; /* value, then key */
    struct reader_record record;
    rd_kafka_headers_t *headers; /* or NULL */
};

struct slot {
    const struct topic *topic;
    int32_t partition;
    rd_kafka_queue_t *queue;
    bool started;
    bool waiting; /* the last reader_serve ended with READER_MORE */
    int64_t next;
    int64_t clear_to;
    struct reader_mark mark;
    bool comparing; /* fetching began at the mark, and it is not yet known what is there */
    struct held held;
};

struct reader {
    struct client *client;
    rd_kafka_queue_t *main_queue;
    int event_fd;
    int64_t warned_at_us;
    size_t taken_bytes;    /* out of the queues, since the broker threads were woken last */
    struct topic **topics; /* pointers, since slots point to them */
    size_t ntopics;
    struct slot *slots;
    size_t nslots;
};

/* What reader_record.message points to. */
struct header_source {
    const rd_kafka_message_t *message; /* a live record */
    rd_kafka_headers_t *headers;       /* a held one */
};

/* Serve from next on, and fetch from there, or from the mark if there is one (NULL: none). -1 with err, and stopped. In
 * a fresh queue, so that records of before the start cannot be in it. */
int reader_start_slot(struct reader *reader, struct slot *slot, int64_t next, const struct reader_mark *mark,
                      struct errbuf *err);
/* Forget all but where it is: topic, partition, next and mark. */
void reader_stop_slot(struct slot *slot);
void reader_release_held(struct held *held);
/* Have the broker threads look at the queues: note "full queues" in reader.c. */
void reader_wake(struct reader *reader);

#endif
