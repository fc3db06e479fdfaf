/* Serving: what the records and events in a partition's queue say about it.
 *
 * Note "end of range": what is known of a partition is `next`, a record held over, and `clear_to`: nothing
 * visible lies in [next, clear_to). An end-of-partition event raises clear_to to its offset; it comes once
 * per end, so it is remembered. A record at offset o proves as much for [next, o). A range is complete
 * when next reaches its end, by a record or by that knowledge; no call asks librdkafka for a position,
 * which stops before a compacted tail.
 *
 * Note "mark": where a partition is started with a mark, fetching begins there instead of at `next`; what comes before
 * `next` is dropped in any case, and on its way there the marked record is compared. The broker sends whole batches of
 * the producer's, so that this costs at most one batch more.
 */
#include "reader_internal.h"

#include "common/clock.h"
#include "common/log.h"
#include "kafka/offsets.h"

#include <stdlib.h>
#include <string.h>

/* For the question after lost data; it stands behind a fetch that may wait fetch.wait.max.ms at the
 * broker. */
#define EARLIEST_TIMEOUT_MS 5000
/* So many goes, 1,024 records, before it is the next partition's turn. Whoever drained one queue while it is being
 * filled would leave the others full: each fetch asks for one partition only, and there is one under way at a time. */
#define ROUNDS_A_TURN 16

enum {
    /* What a record costs in a queue beside its value. */
    RECORD_OVERHEAD_BYTES = 400,
    /* A quarter of what lies in the queues. */
    WAKE_BYTES = 1024 * 1024
};

/* One reader_serve, the cookie of on_record. */
struct serving {
    struct reader *reader;
    struct slot *slot;
    int64_t end;
    reader_fn fn;
    void *cookie;
    struct reader_loss *loss;
    struct errbuf *err;
    bool done;
    enum reader_status status;
    rd_kafka_resp_err_t lost_code; /* with READER_LOST: the event that said so */
};

static void end_serving(struct serving *serving, enum reader_status status)
{
    serving->done = true;
    serving->status = status;
    rd_kafka_yield(client_handle(serving->reader->client)); /* nothing more from the queue after this one */
}

/* The first offset that the partition has now, on this handle since it is asked for once in a blue moon.
 * Returns librdkafka's error. */
static rd_kafka_resp_err_t query_earliest(struct reader *reader, const struct slot *slot, int64_t *earliest)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(list, slot->topic->name, slot->partition);
    rd_kafka_resp_err_t code;

    *earliest = OFFSETS_UNKNOWN;
    item->offset = OFFSETS_EARLIEST;
    code = rd_kafka_offsets_for_times(client_handle(reader->client), list, EARLIEST_TIMEOUT_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = item->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && item->offset >= 0)
        *earliest = item->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

/* The marked record itself is gone, by retention or with its log; what is lost of the rest, a fetch at `next` tells. */
static enum reader_status leave_mark(struct serving *serving)
{
    struct slot *slot = serving->slot;

    reader_stop_slot(slot);
    return reader_start_slot(serving->reader, slot, slot->next, NULL, serving->err) == 0 ? READER_MORE : READER_FAILED;
}

static bool is_unknown(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Data seem to be lost: complete *loss and say whether they are. Not inside the callback, which must not
 * block. A topic or partition that one broker does not know yet (just made, partitions added) is not lost
 * while another answers for it: librdkafka goes on by itself. */
static enum reader_status judge_loss(struct serving *serving)
{
    rd_kafka_resp_err_t code;

    if (serving->slot->comparing && !is_unknown(serving->lost_code))
        return leave_mark(serving);
    code = query_earliest(serving->reader, serving->slot, &serving->loss->earliest);
    if (!is_unknown(serving->lost_code) || is_unknown(code))
        return READER_LOST;
    /* It is there, and may have been made anew. */
    return reader_verify(serving->reader, (int)(serving->slot - serving->reader->slots), serving->err) == 0
               ? READER_MORE
               : READER_FAILED;
}

/* librdkafka repairs it by itself: leader moves, time-outs, connections. */
static void warn_of(struct reader *reader, const struct slot *slot, const rd_kafka_message_t *message)
{
    int64_t now_us = clock_monotonic_us();
    enum log_level level = LOG_LEVEL_DEBUG;

    if (now_us - reader->warned_at_us >= READER_WARN_EVERY_US) {
        reader->warned_at_us = now_us;
        level = LOG_LEVEL_WARN;
    }
    log_line(level, READER_MODULE, "%s-%d at offset %lld: %s", slot->topic->name, (int)slot->partition,
             (long long)slot->next, rd_kafka_message_errstr(message));
}

static void on_event(struct serving *serving, rd_kafka_message_t *message)
{
    struct slot *slot = serving->slot;

    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        slot->comparing = false; /* nothing that is visible lies at the mark */
        if (message->offset > slot->clear_to)
            slot->clear_to = message->offset;
        if (slot->clear_to >= serving->end) {
            slot->next = serving->end;
            end_serving(serving, READER_COMPLETE);
        }
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: /* what auto.offset.reset=error makes of an offset that is gone */
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
#if RD_KAFKA_VERSION >= 0x020100ff
    case RD_KAFKA_RESP_ERR__LOG_TRUNCATION:
#endif
        log_debug(READER_MODULE, "%s-%d at offset %lld: %s", slot->topic->name, (int)slot->partition,
                  (long long)slot->next, rd_kafka_message_errstr(message));
        serving->loss->wanted = slot->next;
        serving->lost_code = message->err;
        end_serving(serving, READER_LOST);
        break;
    case RD_KAFKA_RESP_ERR_INVALID_MSG: /* damaged on the way or on disk: librdkafka would go on behind it */
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        client_error(serving->reader->client, message->err, rd_kafka_message_errstr(message), serving->err,
                     "%s-%d after offset %lld", slot->topic->name, (int)slot->partition, (long long)slot->next - 1);
        end_serving(serving, READER_FAILED);
        break;
    default:
        if (client_is_auth(message->err)) {
            client_error(serving->reader->client, message->err, rd_kafka_message_errstr(message), serving->err, "%s-%d",
                         slot->topic->name, (int)slot->partition);
            end_serving(serving, READER_FAILED);
            break;
        }
        warn_of(serving->reader, slot, message);
    }
}

/* Keep a record that belongs to a later range. */
static int hold(struct slot *slot, rd_kafka_message_t *message, const struct reader_record *record, struct errbuf *err)
{
    struct held *held = &slot->held;
    char *bytes = malloc(record->value_len + record->key_len + 1);

    if (bytes == NULL)
        return errbuf_oom(err, "record", record->value_len + record->key_len);
    held->record = *record;
    if (record->value != NULL) {
        memcpy(bytes, record->value, record->value_len);
        held->record.value = bytes;
    }
    if (record->key != NULL) {
        memcpy(bytes + record->value_len, record->key, record->key_len);
        held->record.key = bytes + record->value_len;
    }
    held->record.message = NULL; /* set when it is served */
    if (rd_kafka_message_detach_headers(message, &held->headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        held->headers = NULL; /* it has none */
    held->bytes = bytes;
    held->full = true;
    return 0;
}

static void make_mark(const struct reader_record *record, struct reader_mark *mark)
{
    mark->offset = record->offset;
    mark->timestamp_ms = record->timestamp_ms;
    mark->size = (int64_t)(record->value_len + record->key_len);
}

/* The first records after a start at the mark. True: it is another one, and the serving ends. */
static bool compare_mark(struct serving *serving, const rd_kafka_message_t *message)
{
    struct slot *slot = serving->slot;
    struct reader_mark now = {message->offset, rd_kafka_message_timestamp(message, NULL),
                              (int64_t)(message->len + message->key_len)};

    if (now.offset < slot->mark.offset) /* the beginning of the batch that it is in */
        return false;
    slot->comparing = false;
    if (now.offset > slot->mark.offset || /* compacted, or a control record: no evidence */
        (now.timestamp_ms == slot->mark.timestamp_ms && now.size == slot->mark.size))
        return false;
    serving->loss->wanted = slot->next;
    serving->loss->before = slot->mark;
    serving->loss->now = now;
    slot->mark.offset = -1;
    end_serving(serving, READER_REPLACED);
    return true;
}

static void on_record(rd_kafka_message_t *message, void *opaque)
{
    struct serving *serving = opaque;
    struct slot *slot = serving->slot;
    struct header_source source = {message, NULL};
    struct reader_record record;
    rd_kafka_timestamp_type_t type;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_event(serving, message);
        return;
    }
    serving->reader->taken_bytes += message->len + message->key_len + RECORD_OVERHEAD_BYTES;
    if (serving->reader->taken_bytes >= WAKE_BYTES)
        reader_wake(serving->reader);
    if (slot->comparing && compare_mark(serving, message))
        return;
    if (message->offset < slot->next)
        return; /* repeated around a leader move, or before the offset inside a batch */
    record.value = message->payload;
    record.value_len = message->len;
    record.key = message->key;
    record.key_len = message->key_len;
    record.offset = message->offset;
    record.timestamp_ms = rd_kafka_message_timestamp(message, &type);
    record.timestamp_type = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
    record.message = &source;
    if (message->offset >= serving->end) {
        if (hold(slot, message, &record, serving->err) == -1) {
            end_serving(serving, READER_FAILED);
            return;
        }
        slot->next = serving->end;
        end_serving(serving, READER_COMPLETE);
        return;
    }
    if (serving->fn(serving->cookie, &record) == -1) {
        end_serving(serving, READER_FAILED);
        return;
    }
    slot->next = message->offset + 1;
    make_mark(&record, &slot->mark);
    if (slot->next == serving->end)
        end_serving(serving, READER_COMPLETE);
}

/* Serve the held record if it lies in the range. 0, -1 when the callback failed. */
static int serve_held(struct slot *slot, int64_t end, reader_fn fn, void *cookie)
{
    struct header_source source = {NULL, slot->held.headers};

    if (!slot->held.full || slot->held.record.offset >= end)
        return 0;
    slot->held.record.message = &source;
    if (fn(cookie, &slot->held.record) == -1)
        return -1;
    slot->next = slot->held.record.offset + 1;
    make_mark(&slot->held.record, &slot->mark);
    reader_release_held(&slot->held);
    return 0;
}

enum reader_status reader_serve(struct reader *reader, int slot_number, int64_t end, reader_fn fn, void *cookie,
                                struct reader_loss *loss, struct errbuf *err)
{
    struct slot *slot = &reader->slots[slot_number];
    struct serving serving = {.reader = reader,
                              .slot = slot,
                              .end = end,
                              .fn = fn,
                              .cookie = cookie,
                              .loss = loss,
                              .err = err,
                              .status = READER_MORE};
    int64_t served_from = slot->next;

    slot->waiting = false;
    if (slot->next < end && serve_held(slot, end, fn, cookie) == -1)
        return READER_FAILED;
    if (slot->next >= end)
        return READER_COMPLETE;
    if (slot->clear_to >= end || slot->held.full) { /* a record still held has an offset >= end */
        slot->next = end;
        return READER_COMPLETE;
    }
    for (int round = 0; round < ROUNDS_A_TURN && !serving.done; round++)
        if (rd_kafka_consume_callback(slot->topic->rkt, slot->partition, 0, on_record, &serving) <= 0)
            break;
    if (slot->next > served_from)
        client_is_up(reader->client);
    if (serving.status == READER_LOST)
        serving.status = judge_loss(&serving);
    slot->waiting = serving.status == READER_MORE;
    return serving.status;
}
