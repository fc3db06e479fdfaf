#include "kafka/reader.h"

#include "common/buf.h"
#include "common/clock.h"
#include "kafka/offsets.h"
#include "mock_kafka.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a callback has seen of one partition. */
struct seen {
    struct buf offsets; /* "0 1 2" */
    int64_t n;
    int64_t last;
    int64_t fail_at; /* offset at which the callback fails; -1: none */
    int64_t bad;     /* records whose value is not their offset */
    size_t headers;
};

static void on_header(void *cookie, const char *name, const char *value, size_t len)
{
    struct seen *seen = cookie;

    if (strcmp(name, "n") == 0 && len == 1 && value != NULL)
        seen->headers++;
}

static int on_record(void *cookie, const struct reader_record *record)
{
    struct seen *seen = cookie;
    char value[32];
    int len = snprintf(value, sizeof(value), "%lld", (long long)record->offset);

    if (record->offset == seen->fail_at)
        return -1;
    assert_true(record->offset > seen->last);
    seen->last = record->offset;
    seen->n++;
    seen->bad += record->value_len < (size_t)len || memcmp(record->value, value, (size_t)len) != 0 ||
                 record->key != NULL || record->timestamp_ms <= 0;
    if (seen->n <= 100) {
        buf_printf(&seen->offsets, "%s%lld", seen->offsets.len > 0 ? " " : "", (long long)record->offset);
        assert_int_equal(reader_headers(record, on_header, seen), 1);
    }
    return 0;
}

static struct seen *seen_new(void)
{
    struct seen *seen = calloc(1, sizeof(*seen));

    assert_non_null(seen);
    seen->last = -1;
    seen->fail_at = -1;
    return seen;
}

static void seen_free(struct seen *seen)
{
    buf_release(&seen->offsets);
    free(seen);
}

static struct reader *open_reader(struct mock_kafka *mock)
{
    struct errbuf err;
    struct reader *reader = reader_open(&mock->conf, 1, &err);

    if (reader == NULL)
        fail_msg("%s", err.text);
    return reader;
}

static int start(struct reader *reader, const char *topic, int32_t partition, int64_t offset)
{
    struct errbuf err;
    int slot = reader_start(reader, topic, partition, offset, NULL, &err);

    if (slot == -1)
        fail_msg("%s", err.text);
    return slot;
}

/* Serve a range to its end, waiting as the map stage does. */
static enum reader_status read_range(struct reader *reader, int slot, int64_t end, struct seen *seen,
                                     struct reader_loss *loss)
{
    int64_t deadline_us = clock_monotonic_us() + PATIENCE_MS * 1000LL;
    struct errbuf err;

    errbuf_clear(&err);
    for (;;) {
        enum reader_status status = reader_serve(reader, slot, end, on_record, seen, loss, &err);

        if (status != READER_MORE)
            return status;
        if (clock_monotonic_us() > deadline_us)
            fail_msg("the range up to %lld never ends (next %lld)", (long long)end,
                     (long long)reader_next(reader, slot));
        if (reader_wait(reader, 1000, -1, &err) == -1)
            fail_msg("%s", err.text);
    }
}

static void expect_range(struct reader *reader, int slot, int64_t end, const char *offsets)
{
    struct seen *seen = seen_new();
    struct reader_loss loss;

    assert_int_equal(read_range(reader, slot, end, seen, &loss), READER_COMPLETE);
    assert_string_equal(seen->offsets.data != NULL ? seen->offsets.data : "", offsets);
    assert_int_equal(seen->bad, 0);
    assert_int_equal(seen->headers, seen->n);
    assert_int_equal(reader_next(reader, slot), end);
    seen_free(seen);
}

static void ranges_are_exact(void **state)
{
    static const struct {
        int64_t end;
        const char *offsets;
    } rows[] = {{3, "0 1 2"},    {3, ""}, {4, "3"}, {2, NULL}, {10, "4 5 6 7 8 9"}, {17, "10 11 12 13 14 15 16"},
                {20, "17 18 19"}};
    struct mock_kafka mock;
    struct reader *reader;
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 20, 0);
    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 0);
    assert_int_equal(slot, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].offsets != NULL)
            expect_range(reader, slot, rows[i].end, rows[i].offsets);
    mock_kafka_fill(&mock, "t", 0, 20, 2, 0); /* goes on behind the end */
    expect_range(reader, slot, 22, "20 21");
    reader_close(reader);
    reader_close(NULL);
    mock_kafka_stop(&mock);
}

static void starts_in_the_middle(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 2);
    mock_kafka_fill(&mock, "t", 0, 0, 20, 0); /* one batch: what is before 7 in it must not come */
    reader = open_reader(&mock);
    expect_range(reader, start(reader, "t", 0, 7), 11, "7 8 9 10");
    reader_close(reader);
    reader = open_reader(&mock);
    expect_range(reader, start(reader, "t", 0, 11), 14, "11 12 13");
    reader_close(reader);
    mock_kafka_stop(&mock);
}

static void seeks_back_and_forth(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct errbuf err;
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 20, 0);
    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 0);
    expect_range(reader, slot, 5, "0 1 2 3 4");
    assert_int_equal(reader_seek(reader, slot, 2, &err), 0);
    assert_int_equal(reader_next(reader, slot), 2);
    expect_range(reader, slot, 5, "2 3 4");
    assert_int_equal(reader_seek(reader, slot, 18, &err), 0);
    expect_range(reader, slot, 20, "18 19");
    assert_int_equal(reader_seek(reader, slot, 0, &err), 0);
    expect_range(reader, slot, 2, "0 1");
    reader_close(reader);
    mock_kafka_stop(&mock);
}

/* Many partitions of two topics, every one in ranges of its own size, records arriving while they are
 * read. */
static void many_partitions(void **state)
{
    enum { PARTITIONS = 12, RECORDS = 500 };
    struct mock_kafka mock;
    struct reader *reader;
    struct seen *seen[PARTITIONS];
    int slots[PARTITIONS];
    struct reader_loss loss;

    (void)state;
    mock_kafka_start(&mock, 3);
    mock_kafka_topic(&mock, "a", PARTITIONS / 2);
    mock_kafka_topic(&mock, "b", PARTITIONS / 2);
    reader = open_reader(&mock);
    for (int i = 0; i < PARTITIONS; i++) {
        slots[i] = start(reader, i % 2 == 0 ? "a" : "b", i / 2, 0);
        assert_int_equal(slots[i], i);
        seen[i] = seen_new();
    }
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < PARTITIONS; i++)
            mock_kafka_fill(&mock, i % 2 == 0 ? "a" : "b", i / 2, round * RECORDS / 2, RECORDS / 2, 0);
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < PARTITIONS; i++) {
            int64_t end = reader_next(reader, slots[i]) + 1 + 7 * i;

            if (end > RECORDS)
                end = RECORDS;
            assert_int_equal(read_range(reader, slots[i], end, seen[i], &loss), READER_COMPLETE);
            assert_int_equal(reader_next(reader, slots[i]), end);
            more |= end < RECORDS;
        }
    }
    for (int i = 0; i < PARTITIONS; i++) {
        assert_int_equal(seen[i]->n, RECORDS);
        assert_int_equal(seen[i]->bad, 0);
        seen_free(seen[i]);
    }
    reader_close(reader);
    mock_kafka_stop(&mock);
}

static void callback_failure_ends_and_repeats(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 10, 0);
    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 0);
    seen->fail_at = 4;
    assert_int_equal(read_range(reader, slot, 8, seen, &loss), READER_FAILED);
    assert_int_equal(seen->n, 4);
    assert_int_equal(reader_next(reader, slot), 4);
    seen_free(seen);
    reader_close(reader);
    mock_kafka_stop(&mock);
}

/* Below the first offset (retention) and beyond the last one (topic made anew). */
static void lost_data_are_told(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    struct errbuf err;
    struct offsets *offsets;
    struct offset_list first;
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 2);
    mock_kafka_fill(&mock, "t", 0, 0, 8000, 1000); /* 8 MB, 5 are kept */
    mock_kafka_fill(&mock, "t", 1, 0, 5, 0);
    offsets = offsets_open(&mock.conf, NULL, &err);
    assert_non_null(offsets);
    offset_list_init(&first);
    assert_int_equal(offset_list_add(&first, "t", 0, 0), 0);
    assert_int_equal(offsets_earliest(offsets, &first, PATIENCE_MS, &err), 0);
    assert_true(first.items[0].offset > 0);

    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 10);
    assert_int_equal(read_range(reader, slot, 8000, seen, &loss), READER_LOST);
    assert_int_equal(seen->n, 0);
    assert_int_equal(loss.wanted, 10);
    assert_int_equal(loss.earliest, first.items[0].offset);
    assert_int_equal(reader_next(reader, slot), 10);
    assert_int_equal(reader_seek(reader, slot, loss.earliest, &err), 0);
    assert_int_equal(read_range(reader, slot, 8000, seen, &loss), READER_COMPLETE);
    assert_int_equal(seen->n, 8000 - first.items[0].offset);
    assert_int_equal(seen->bad, 0);

    slot = start(reader, "t", 1, 9);
    assert_int_equal(slot, 1);
    assert_int_equal(read_range(reader, slot, 12, seen, &loss), READER_LOST);
    assert_int_equal(loss.wanted, 9);
    assert_int_equal(loss.earliest, 0);
    assert_int_equal(reader_seek(reader, slot, 0, &err), 0);
    expect_range(reader, slot, 5, "0 1 2 3 4");
    seen_free(seen);
    reader_close(reader);
    offset_list_release(&first);
    offsets_close(offsets);
    mock_kafka_stop(&mock);
}

static int start_marked(struct reader *reader, int64_t offset, const struct reader_mark *mark)
{
    struct errbuf err;
    int slot = reader_start(reader, "t", 0, offset, mark, &err);

    if (slot == -1)
        fail_msg("%s", err.text);
    return slot;
}

/* The mark that a reader leaves fits in the next one; another one is told once, and then what follows is served. */
static void marks_are_compared(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_mark mark, wrong;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    struct errbuf err;
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 20, 0); /* one batch */
    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 0);
    assert_int_equal(reader_mark(reader, slot)->offset, -1);
    assert_int_equal(reader_verify(reader, slot, &err), 0);
    expect_range(reader, slot, 7, "0 1 2 3 4 5 6");
    mark = *reader_mark(reader, slot);
    assert_int_equal(mark.offset, 6);
    assert_int_equal(mark.size, 1);
    /* with a record of the next range in hand, or beyond it */
    assert_int_equal(reader_verify(reader, slot, &err), 0);
    expect_range(reader, slot, 9, "7 8");
    assert_int_equal(reader_mark(reader, slot)->offset, 8);
    assert_int_equal(reader_seek(reader, slot, 2, &err), 0);
    assert_int_equal(reader_mark(reader, slot)->offset, -1);
    reader_close(reader);

    reader = open_reader(&mock);
    slot = start_marked(reader, 7, &mark);
    assert_int_equal(reader_mark(reader, slot)->offset, 6);
    expect_range(reader, slot, 11, "7 8 9 10");
    reader_close(reader);

    for (int what = 0; what < 2; what++) {
        wrong = mark;
        wrong.timestamp_ms -= what == 0 ? 1000 : 0;
        wrong.size += what == 1 ? 1 : 0;
        reader = open_reader(&mock);
        slot = start_marked(reader, 9, &wrong);
        assert_int_equal(read_range(reader, slot, 11, seen, &loss), READER_REPLACED);
        assert_int_equal(loss.wanted, 9);
        assert_int_equal(loss.before.timestamp_ms, wrong.timestamp_ms);
        assert_int_equal(loss.before.size, wrong.size);
        assert_memory_equal(&loss.now, &mark, sizeof(mark));
        assert_int_equal(reader_next(reader, slot), 9);
        expect_range(reader, slot, 11, "9 10");
        reader_close(reader);
    }
    assert_int_equal(seen->n, 0);
    seen_free(seen);
    mock_kafka_stop(&mock);
}

/* The marked record is below the first offset: no evidence, and no loss of what follows. */
static void a_mark_that_is_gone(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_mark mark = {10, 1, 1};
    struct reader_loss loss;
    struct seen *seen = seen_new();
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 8000, 1000); /* 8 MB, 5 are kept */
    reader = open_reader(&mock);
    slot = start_marked(reader, 7990, &mark);
    assert_int_equal(read_range(reader, slot, 8000, seen, &loss), READER_COMPLETE);
    assert_int_equal(seen->n, 10);
    reader_close(reader);
    /* ... but a loss stays one */
    reader = open_reader(&mock);
    slot = start_marked(reader, 20, &mark);
    assert_int_equal(read_range(reader, slot, 8000, seen, &loss), READER_LOST);
    assert_int_equal(loss.wanted, 20);
    assert_true(loss.earliest > 20);
    seen_free(seen);
    reader_close(reader);
    mock_kafka_stop(&mock);
}

static void waits_no_longer_than_asked(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    struct errbuf err;
    int stop_fd = eventfd(0, EFD_CLOEXEC);
    int64_t began_us;
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 0);
    /* an empty partition: its end comes once, then nothing */
    began_us = clock_monotonic_us();
    do {
        assert_int_equal(reader_serve(reader, slot, 1, on_record, seen, &loss, &err), READER_MORE);
        assert_true(clock_monotonic_us() - began_us < PATIENCE_MS * 1000LL);
    } while (reader_wait(reader, 500, stop_fd, &err) == 1);
    assert_int_equal(eventfd_write(stop_fd, 1), 0);
    began_us = clock_monotonic_us();
    assert_int_equal(reader_wait(reader, PATIENCE_MS, stop_fd, &err), 0);
    assert_true(clock_monotonic_us() - began_us < PATIENCE_MS * 500LL);
    seen_free(seen);
    reader_close(reader);
    close(stop_fd);
    mock_kafka_stop(&mock);
}

/* Data of a later range that lie in a queue must not wake somebody who waits for another partition. */
static void prefetched_records_do_not_wake(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    struct errbuf err;
    int64_t deadline_us = clock_monotonic_us() + PATIENCE_MS * 1000LL;
    int wakes = 0;
    int full;
    int empty;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 2);
    mock_kafka_fill(&mock, "t", 0, 0, 1000, 0);
    reader = open_reader(&mock);
    full = start(reader, "t", 0, 0);
    empty = start(reader, "t", 1, 0);
    assert_int_equal(read_range(reader, full, 10, seen, &loss), READER_COMPLETE);
    seen->last = -1;
    while (reader_serve(reader, empty, 1, on_record, seen, &loss, &err) == READER_MORE &&
           reader_wait(reader, 300, -1, &err) == 1)
        wakes++;
    assert_true(clock_monotonic_us() < deadline_us);
    assert_true(wakes <= 3); /* the end of the empty partition */
    mock_kafka_fill(&mock, "t", 1, 0, 1, 0);
    seen->last = -1;
    assert_int_equal(read_range(reader, empty, 1, seen, &loss), READER_COMPLETE);
    seen->last = 9;
    assert_int_equal(read_range(reader, full, 1000, seen, &loss), READER_COMPLETE);
    assert_int_equal(seen->n, 1001);
    seen_free(seen);
    reader_close(reader);
    mock_kafka_stop(&mock);
}

static void outage_is_waited_for(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    struct errbuf err;
    int64_t deadline_us = clock_monotonic_us() + PATIENCE_MS * 1000LL;
    char text[256];
    int slot;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 10, 0);
    reader = open_reader(&mock);
    slot = start(reader, "t", 0, 0);
    assert_int_equal(read_range(reader, slot, 10, seen, &loss), READER_COMPLETE);
    assert_false(reader_broker_down(reader, text, sizeof(text)));
    assert_int_equal(rd_kafka_mock_broker_set_down(mock.cluster, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
    while (!reader_broker_down(reader, text, sizeof(text))) {
        assert_int_equal(reader_serve(reader, slot, 20, on_record, seen, &loss, &err), READER_MORE);
        assert_int_not_equal(reader_wait(reader, 100, -1, &err), -1);
        assert_true(clock_monotonic_us() < deadline_us);
    }
    assert_non_null(strstr(text, conf_get(&mock.conf, "bootstrap.servers")));
    assert_int_equal(rd_kafka_mock_broker_set_up(mock.cluster, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
    /* nothing to read: only the probe can tell that the broker is back */
    while (reader_broker_down(reader, text, sizeof(text))) {
        assert_int_equal(reader_serve(reader, slot, 20, on_record, seen, &loss, &err), READER_MORE);
        assert_int_not_equal(reader_wait(reader, 100, -1, &err), -1);
        assert_true(clock_monotonic_us() < deadline_us);
    }
    mock_kafka_fill(&mock, "t", 0, 10, 10, 0);
    assert_int_equal(read_range(reader, slot, 20, seen, &loss), READER_COMPLETE);
    assert_int_equal(seen->n, 20);
    assert_int_equal(seen->bad, 0);
    seen_free(seen);
    reader_close(reader);
    mock_kafka_stop(&mock);
}

/* However much has arrived, the next partition's turn comes soon. */
static void turns_are_short(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct errbuf err;
    struct seen *seen[2] = {seen_new(), seen_new()};
    int64_t deadline_us = clock_monotonic_us() + PATIENCE_MS * 1000LL;
    int complete = 0;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 2);
    reader = open_reader(&mock);
    for (int p = 0; p < 2; p++) {
        mock_kafka_fill(&mock, "t", p, 0, 6000, 0);
        assert_int_equal(start(reader, "t", p, 0), p);
    }
    for (int slot = 0; complete < 2; slot = 1 - slot) {
        int64_t before = seen[slot]->n;
        enum reader_status status = reader_serve(reader, slot, 6000, on_record, seen[slot], &loss, &err);

        assert_true(seen[slot]->n - before <= 2000);
        assert_true(status == READER_MORE || status == READER_COMPLETE);
        complete += status == READER_COMPLETE && seen[slot]->n > before;
        if (slot == 1 && complete < 2)
            assert_int_not_equal(reader_wait(reader, 100, -1, &err), -1);
        assert_true(clock_monotonic_us() < deadline_us);
    }
    for (int p = 0; p < 2; p++) {
        assert_int_equal(seen[p]->n, 6000);
        assert_int_equal(seen[p]->bad, 0);
        seen_free(seen[p]);
    }
    reader_close(reader);
    mock_kafka_stop(&mock);
}

/* A stop request during an outage: closing waits for nobody. */
static void closes_at_once_without_a_broker(void **state)
{
    (void)state;
    for (int frozen = 0; frozen < 2; frozen++) {
        struct mock_kafka mock;
        struct reader *reader;
        struct reader_loss loss;
        struct errbuf err;
        struct seen *seen = seen_new();
        int64_t began_us;

        mock_kafka_start(&mock, 1);
        mock_kafka_topic(&mock, "t", 4);
        mock_kafka_fill(&mock, "t", 0, 0, 10, 0);
        reader = open_reader(&mock);
        for (int p = 0; p < 4; p++)
            start(reader, "t", p, 0);
        assert_int_equal(read_range(reader, 0, 10, seen, &loss), READER_COMPLETE);
        mock_kafka_take_away(&mock, frozen == 1);
        assert_int_not_equal(reader_wait(reader, 100, -1, &err), -1);
        began_us = clock_monotonic_us();
        reader_close(reader);
        assert_true(clock_monotonic_us() - began_us < CLOSE_LIMIT_US);
        seen_free(seen);
        mock_kafka_stop(&mock);
    }
}

static void errors_of_fetches_are_repaired(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();

    (void)state;
    mock_kafka_start(&mock, 2);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 3000, 0);
    mock_kafka_set(&mock.conf, "fetch.error.backoff.ms", "10");
    rd_kafka_mock_push_request_errors(mock.cluster, 1 /* Fetch */, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                                      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
    reader = open_reader(&mock);
    start(reader, "t", 0, 0);
    assert_int_equal(read_range(reader, 0, 1500, seen, &loss), READER_COMPLETE);
    assert_int_equal(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 0, 2), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(read_range(reader, 0, 2999, seen, &loss), READER_COMPLETE);
    assert_int_equal(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 0, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(read_range(reader, 0, 3000, seen, &loss), READER_COMPLETE);
    assert_int_equal(seen->n, 3000);
    assert_int_equal(seen->bad, 0);
    seen_free(seen);
    reader_close(reader);
    mock_kafka_stop(&mock);
}

static void refused_topic_is_an_auth_failure(void **state)
{
    struct mock_kafka mock;
    struct reader *reader;
    struct reader_loss loss;
    struct seen *seen = seen_new();
    struct errbuf err;
    enum reader_status status;
    int64_t deadline_us = clock_monotonic_us() + PATIENCE_MS * 1000LL;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    rd_kafka_mock_push_request_errors(mock.cluster, 1 /* Fetch */, 3, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    reader = open_reader(&mock);
    start(reader, "t", 0, 0);
    while ((status = reader_serve(reader, 0, 1, on_record, seen, &loss, &err)) == READER_MORE) {
        assert_int_not_equal(reader_wait(reader, 100, -1, &err), -1);
        assert_true(clock_monotonic_us() < deadline_us);
    }
    assert_int_equal(status, READER_FAILED);
    assert_int_equal(err.exit_code, EXIT_CODE_AUTH);
    assert_non_null(strstr(err.text, "t-0"));
    seen_free(seen);
    reader_close(reader);
    mock_kafka_stop(&mock);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_exact),
        cmocka_unit_test(starts_in_the_middle),
        cmocka_unit_test(seeks_back_and_forth),
        cmocka_unit_test(many_partitions),
        cmocka_unit_test(callback_failure_ends_and_repeats),
        cmocka_unit_test(lost_data_are_told),
        cmocka_unit_test(marks_are_compared),
        cmocka_unit_test(a_mark_that_is_gone),
        cmocka_unit_test(waits_no_longer_than_asked),
        cmocka_unit_test(prefetched_records_do_not_wake),
        cmocka_unit_test(outage_is_waited_for),
        cmocka_unit_test(turns_are_short),
        cmocka_unit_test(closes_at_once_without_a_broker),
        cmocka_unit_test(errors_of_fetches_are_repaired),
        cmocka_unit_test(refused_topic_is_an_auth_failure),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
