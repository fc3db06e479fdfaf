#include "kafka/writer.h"

#include "common/clock.h"
#include "kafka/offsets.h"
#include "kafka/reader.h"
#include "mock_kafka.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static struct writer *open_writer(struct mock_kafka *mock, const char *topic, int partitions)
{
    struct errbuf err;
    struct writer *writer = writer_open(&mock->conf, topic, &err);

    if (writer == NULL || writer_connect(writer, PATIENCE_MS, -1, &err) != partitions)
        fail_msg("%s", err.text);
    return writer;
}

static void send_number(struct writer *writer, int32_t partition, int number)
{
    struct errbuf err;
    char value[32];
    int len = snprintf(value, sizeof(value), "%d", number);

    if (writer_send(writer, partition, NULL, 0, value, (size_t)len, 0, &err) == -1)
        fail_msg("%s", err.text);
}

static void flush(struct writer *writer, uint64_t acked)
{
    struct writer_counts counts;
    struct errbuf err;

    if (writer_flush(writer, PATIENCE_MS, -1, &err) == -1)
        fail_msg("%s", err.text);
    writer_counts(writer, &counts);
    assert_int_equal(counts.sent, acked);
    assert_int_equal(counts.acked, acked);
    assert_int_equal(counts.failed, 0);
}

/* Records of one partition, as they are in the broker. */
struct stored {
    int n;
    int ascending; /* values that are the numbers before them + step */
    int step;
    int last;
    int tombstones;
    int empty;
    int keys;
    int64_t timestamp_ms; /* of the last */
};

static int on_record(void *cookie, const struct reader_record *record)
{
    struct stored *stored = cookie;
    char value[32] = "";

    stored->n++;
    stored->tombstones += record->value == NULL;
    stored->empty += record->value != NULL && record->value_len == 0;
    stored->keys += record->key != NULL;
    stored->timestamp_ms = record->timestamp_ms;
    if (record->value_len < sizeof(value) && record->value != NULL)
        memcpy(value, record->value, record->value_len);
    stored->ascending += stored->n == 1 || atoi(value) == stored->last + stored->step;
    stored->last = atoi(value);
    return 0;
}

static struct stored read_all(struct mock_kafka *mock, const char *topic, int32_t partition, int step)
{
    struct stored stored = {.step = step};
    struct offset_list end;
    struct reader_loss loss;
    struct errbuf err;
    enum reader_status status;
    struct offsets *offsets = offsets_open(&mock->conf, NULL, &err);
    struct reader *reader = reader_open(&mock->conf, 1, &err);

    assert_non_null(offsets);
    assert_non_null(reader);
    offset_list_init(&end);
    assert_int_equal(offset_list_add(&end, topic, partition, 0), 0);
    assert_int_equal(offsets_latest(offsets, &end, PATIENCE_MS, &err), 0);
    assert_int_equal(reader_start(reader, topic, partition, 0, NULL, &err), 0);
    while ((status = reader_serve(reader, 0, end.items[0].offset, on_record, &stored, &loss, &err)) == READER_MORE)
        assert_int_not_equal(reader_wait(reader, PATIENCE_MS, -1, &err), -1);
    assert_int_equal(status, READER_COMPLETE);
    reader_close(reader);
    offset_list_release(&end);
    offsets_close(offsets);
    return stored;
}

static void round_robin_is_even_and_ordered(void **state)
{
    enum { N = 30000, PARTITIONS = 3 };
    struct mock_kafka mock;
    struct writer *writer;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", PARTITIONS);
    writer = open_writer(&mock, "t", PARTITIONS);
    for (int i = 0; i < N; i++)
        send_number(writer, WRITER_ROUND_ROBIN, i);
    flush(writer, N);
    writer_close(writer);
    writer_close(NULL);
    for (int p = 0; p < PARTITIONS; p++) {
        struct stored stored = read_all(&mock, "t", p, PARTITIONS);

        assert_int_equal(stored.n, N / PARTITIONS);
        assert_int_equal(stored.ascending, stored.n);
    }
    mock_kafka_stop(&mock);
}

/* The partitions that Java's DefaultPartitioner chooses of 8 (positive(murmur2(key)) % 8), computed by an
 * independent implementation of murmur2. */
static void keys_go_where_java_sends_them(void **state)
{
    static const struct {
        const char *key;
        uint32_t murmur2;
    } rows[] = {
        {"kafka", 0xd067cf64},
        {"giberish123456789", 0x8f552b0c},
        {"1234", 0x9fc97b14},
        {"234", 0xe7c009ca},
        {"34", 0x873930da},
        {"4", 0x5a4b5ca1},
        {"PreAmbleWillBeRemoved,ThePrePartThatIs", 0x78424f1c},
    };
    struct mock_kafka mock;
    struct writer *writer;
    struct errbuf err;
    int expected[8] = {0};
    uint64_t n = 0;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 8);
    writer = open_writer(&mock, "t", 8);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++, n++) {
        assert_int_equal(writer_send(writer, WRITER_BY_KEY, rows[i].key, strlen(rows[i].key), "7", 1, 0, &err), 0);
        expected[(rows[i].murmur2 & 0x7fffffff) % 8]++;
    }
    flush(writer, n);
    for (int p = 0; p < 8; p++) {
        struct stored stored = read_all(&mock, "t", p, 0);

        assert_int_equal(stored.n, expected[p]);
        assert_int_equal(stored.keys, expected[p]);
    }
    writer_close(writer);
    mock_kafka_stop(&mock);
}

static void tombstones_empty_values_and_times(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;
    struct stored stored;
    struct errbuf err;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 2);
    writer = open_writer(&mock, "t", 2);
    assert_int_equal(writer_send(writer, 1, "k", 1, NULL, 0, 0, &err), 0);
    assert_int_equal(writer_send(writer, 1, NULL, 0, "", 0, 0, &err), 0);
    assert_int_equal(writer_send(writer, 1, "", 0, "5", 1, 0, &err), 0);
    assert_int_equal(writer_send(writer, 1, NULL, 0, "6", 1, 1546300800123, &err), 0);
    flush(writer, 4);
    stored = read_all(&mock, "t", 1, 1);
    assert_int_equal(stored.n, 4);
    assert_int_equal(stored.tombstones, 1);
    assert_int_equal(stored.empty, 1);
    assert_int_equal(stored.keys, 2);
    assert_int_equal(stored.last, 6);
    assert_int_equal(stored.timestamp_ms, 1546300800123);
    writer_close(writer);
    mock_kafka_stop(&mock);
}

/* A small queue and a slow broker: the caller is held back, and order and count stay. */
static void full_queue_holds_the_caller_back(void **state)
{
    enum { N = 5000 };
    struct mock_kafka mock;
    struct writer *writer;
    struct writer_counts counts;
    struct stored stored;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_set(&mock.conf, "queue.buffering.max.messages", "1500");
    assert_int_equal(rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 20), RD_KAFKA_RESP_ERR_NO_ERROR);
    writer = open_writer(&mock, "t", 1);
    for (int i = 0; i < N; i++) {
        send_number(writer, WRITER_ROUND_ROBIN, i);
        writer_counts(writer, &counts);
        assert_true(counts.sent - counts.acked <= 1500);
    }
    flush(writer, N);
    writer_counts(writer, &counts);
    assert_true(counts.queue_full > 0);
    stored = read_all(&mock, "t", 0, 1);
    assert_int_equal(stored.n, N);
    assert_int_equal(stored.ascending, N);
    writer_close(writer);
    mock_kafka_stop(&mock);
}

static void retriable_errors_are_repaired(void **state)
{
    enum { N = 20000 };
    struct mock_kafka mock;
    struct writer *writer;
    struct stored stored;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_set(&mock.conf, "retry.backoff.ms", "10");
    writer = open_writer(&mock, "t", 1);
    rd_kafka_mock_push_request_errors(mock.cluster, 0 /* Produce */, 4, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    for (int i = 0; i < N; i++)
        send_number(writer, 0, i);
    flush(writer, N);
    stored = read_all(&mock, "t", 0, 1);
    assert_int_equal(stored.n, N);
    assert_int_equal(stored.ascending, N);
    writer_close(writer);
    mock_kafka_stop(&mock);
}

static void permanent_errors_are_counted_and_told(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;
    struct writer_counts counts;
    struct errbuf err;
    int result = 0;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_set(&mock.conf, "enable.idempotence", "false");
    writer = open_writer(&mock, "t", 1);
    rd_kafka_mock_push_request_errors(mock.cluster, 0, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    for (int i = 0; i < 10; i++)
        send_number(writer, 0, i);
    result = writer_flush(writer, PATIENCE_MS, -1, &err);
    assert_int_equal(result, -1);
    assert_int_equal(err.exit_code, EXIT_CODE_AUTH);
    assert_non_null(strstr(err.text, "10 records"));
    assert_non_null(strstr(err.text, "topic t"));
    writer_counts(writer, &counts);
    assert_int_equal(counts.sent, 10);
    assert_int_equal(counts.acked, 0);
    assert_int_equal(counts.failed, 10);
    assert_int_equal(writer_poll(writer, 0, &err), -1); /* it stays told */
    writer_close(writer);
    mock_kafka_stop(&mock);
}

static void broker_that_is_away_ends_with_the_message_timeout(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;
    struct errbuf err;
    int64_t began_us;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_set(&mock.conf, "message.timeout.ms", "400");
    writer = open_writer(&mock, "t", 1);
    assert_int_equal(rd_kafka_mock_broker_set_down(mock.cluster, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
    send_number(writer, 0, 1);
    assert_int_equal(writer_flush(writer, 50, -1, &err), -1); /* not yet given up */
    assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
    assert_true(err.retriable);
    began_us = clock_monotonic_us();
    assert_int_equal(writer_flush(writer, PATIENCE_MS, -1, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
    assert_false(err.retriable);
    assert_true(clock_monotonic_us() - began_us < PATIENCE_MS * 500LL);
    writer_close(writer);
    mock_kafka_stop(&mock);
}

static void too_large_names_size_and_limit(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;
    struct errbuf err;
    char *large = calloc(1, 2000);

    (void)state;
    assert_non_null(large);
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_set(&mock.conf, "message.max.bytes", "1500");
    writer = open_writer(&mock, "t", 1);
    send_number(writer, 0, 1);
    assert_int_equal(writer_send(writer, 0, NULL, 0, large, 2000, 0, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
    assert_non_null(strstr(err.text, "2000"));
    assert_non_null(strstr(err.text, "message.max.bytes = 1500"));
    send_number(writer, 0, 2); /* the writer goes on */
    flush(writer, 2);
    writer_close(writer);
    mock_kafka_stop(&mock);
    free(large);
}

static void missing_topic_is_named_with_the_command(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;
    struct errbuf err;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    writer = writer_open(&mock.conf, "nowhere", &err);
    assert_non_null(writer);
    assert_int_equal(writer_connect(writer, PATIENCE_MS, -1, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
    assert_non_null(strstr(err.text, "nowhere"));
    assert_non_null(strstr(err.text, "sf-broker --topic nowhere:"));
    assert_int_equal(writer_connect(writer, PATIENCE_MS, -1, &err), -1); /* the question has not made it */
    writer_close(writer);
    mock_kafka_stop(&mock);
}

/* Send until there is no room. Returns what writer_send set in err; *taken: messages before that. */
static void send_until_refused(struct writer *writer, int timestamp_ms, int *taken, struct errbuf *err)
{
    char value[1000] = "";

    errbuf_clear(err);
    for (*taken = 0; *taken < 100000; (*taken)++)
        if (writer_send(writer, 0, NULL, 0, value, sizeof(value), timestamp_ms, err) == -1)
            return;
    fail_msg("the queue takes everything");
}

/* A broker that answers late is as good as frozen. */
static void stop_ends_the_wait_for_room(void **state)
{
    static const int timestamps_ms[] = {0, 1};

    (void)state;
    for (size_t row = 0; row < sizeof(timestamps_ms) / sizeof(timestamps_ms[0]); row++) {
        struct mock_kafka mock;
        struct writer *writer;
        struct writer_counts counts;
        struct errbuf err;
        int taken;
        int64_t began_us;
        int stop_fd = eventfd(0, EFD_CLOEXEC);

        mock_kafka_start(&mock, 1);
        mock_kafka_topic(&mock, "t", 1);
        mock_kafka_set(&mock.conf, "queue.buffering.max.kbytes", "2048");
        writer = open_writer(&mock, "t", 1);
        writer_set_stop_fd(writer, stop_fd);
        assert_int_equal(rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 2000), RD_KAFKA_RESP_ERR_NO_ERROR);
        assert_int_equal(eventfd_write(stop_fd, 1), 0);
        began_us = clock_monotonic_us();
        send_until_refused(writer, timestamps_ms[row], &taken, &err);
        assert_int_equal(err.exit_code, EXIT_CODE_OK);
        assert_string_equal(err.text, "stopped");
        assert_true(clock_monotonic_us() - began_us < 1500000);
        /* The flush has a stop request of its own, and a limit also for the wait for room. */
        assert_int_equal(writer_flush(writer, PATIENCE_MS, stop_fd, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_OK);
        assert_non_null(strstr(err.text, "stopped"));
        assert_int_equal(writer_flush(writer, 10, -1, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
        assert_true(err.retriable);
        /* What was taken is not lost, and no more than that is sent. */
        assert_int_equal(rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
        assert_int_equal(writer_flush(writer, PATIENCE_MS, -1, &err), 0);
        writer_counts(writer, &counts);
        assert_int_equal(counts.acked, taken);
        writer_close(writer);
        mock_kafka_stop(&mock);
        close(stop_fd);
    }
}

/* The wait for room is cut by a signal that comes during it, too. */
static void *stop_soon(void *arg)
{
    struct timespec delay = {0, 200 * 1000000L};

    nanosleep(&delay, NULL);
    assert_int_equal(eventfd_write(*(int *)arg, 1), 0);
    return NULL;
}

static void stop_comes_while_waiting(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;
    struct errbuf err;
    pthread_t thread;
    int taken;
    int64_t began_us;
    int stop_fd = eventfd(0, EFD_CLOEXEC);

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_set(&mock.conf, "queue.buffering.max.kbytes", "1");
    writer = open_writer(&mock, "t", 1);
    writer_set_stop_fd(writer, stop_fd);
    assert_int_equal(rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 30000), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop_fd), 0);
    began_us = clock_monotonic_us();
    send_until_refused(writer, 0, &taken, &err);
    assert_int_equal(err.exit_code, EXIT_CODE_OK);
    assert_int_equal(writer_poll(writer, PATIENCE_MS, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_OK);
    assert_true(clock_monotonic_us() - began_us < 2000000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    began_us = clock_monotonic_us();
    writer_close(writer); /* requests are under way that nobody answers */
    assert_true(clock_monotonic_us() - began_us < CLOSE_LIMIT_US);
    mock_kafka_stop(&mock);
    close(stop_fd);
}

/* Queues smaller than a batch, without a limit of messages, and records that no queue could take. */
static void odd_queues(void **state)
{
    static const struct {
        const char *messages;
        const char *kbytes;
    } rows[] = {{"1", "16384"}, {"0", "16384"}, {"100000", "1"}, {"7", "1"}};
    enum { N = 150 };
    char value[1025] = "";

    (void)state;
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct mock_kafka mock;
        struct writer *writer;
        struct stored stored;
        struct errbuf err;

        mock_kafka_start(&mock, 1);
        mock_kafka_topic(&mock, "t", 1);
        mock_kafka_set(&mock.conf, "queue.buffering.max.messages", rows[row].messages);
        mock_kafka_set(&mock.conf, "queue.buffering.max.kbytes", rows[row].kbytes);
        mock_kafka_set(&mock.conf, "linger.ms", "0");
        writer = open_writer(&mock, "t", 1);
        for (int i = 0; i < N; i++)
            send_number(writer, 0, i);
        flush(writer, N);
        stored = read_all(&mock, "t", 0, 1);
        assert_int_equal(stored.n, N);
        assert_int_equal(stored.ascending, N);
        if (strcmp(rows[row].kbytes, "1") == 0) {
            assert_int_equal(writer_send(writer, 0, NULL, 0, value, sizeof(value), 0, &err), -1);
            assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
            assert_non_null(strstr(err.text, "queue.buffering.max.kbytes = 1;"));
        }
        assert_int_equal(writer_send(writer, 1, NULL, 0, value, 1, 0, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
        assert_non_null(strstr(err.text, "no partition 1"));
        writer_close(writer);
        mock_kafka_stop(&mock);
    }
}

static void slow_broker_is_waited_for(void **state)
{
    struct mock_kafka mock;
    struct writer *writer;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    assert_int_equal(rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 400), RD_KAFKA_RESP_ERR_NO_ERROR);
    writer = open_writer(&mock, "t", 1);
    send_number(writer, 0, 1);
    flush(writer, 1);
    writer_close(writer);
    mock_kafka_stop(&mock);
}

static void no_broker_and_stop_request(void **state)
{
    struct conf conf;
    struct writer *writer;
    struct errbuf err;
    int stop_fd = eventfd(0, EFD_CLOEXEC);

    (void)state;
    conf_init(&conf);
    mock_kafka_set(&conf, "bootstrap.servers", "127.0.0.1:1");
    writer = writer_open(&conf, "t", &err);
    assert_non_null(writer);
    assert_int_equal(writer_connect(writer, 200, stop_fd, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
    assert_int_equal(eventfd_write(stop_fd, 1), 0);
    assert_int_equal(writer_connect(writer, PATIENCE_MS, stop_fd, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_OK);
    writer_close(writer);
    conf_release(&conf);
    close(stop_fd);
}

/* Our default must not turn a user's acks=1 into a contradiction; the user's own contradiction is one. */
static void idempotence_gives_way(void **state)
{
    struct conf conf;
    struct writer *writer;
    struct errbuf err;

    (void)state;
    conf_init(&conf);
    mock_kafka_set(&conf, "bootstrap.servers", "127.0.0.1:1");
    mock_kafka_set(&conf, "acks", "1");
    writer = writer_open(&conf, "t", &err);
    assert_non_null(writer);
    writer_close(writer);
    mock_kafka_set(&conf, "enable.idempotence", "true");
    errbuf_clear(&err);
    assert_null(writer_open(&conf, "t", &err));
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    conf_release(&conf);
}

static void close_does_not_wait(void **state)
{
    (void)state;
    for (int frozen = 0; frozen < 2; frozen++) {
        struct mock_kafka mock;
        struct writer *writer;
        struct errbuf err;
        int64_t began_us;

        mock_kafka_start(&mock, 1);
        mock_kafka_topic(&mock, "t", 1);
        writer = open_writer(&mock, "t", 1);
        send_number(writer, 0, 1);
        flush(writer, 1);
        mock_kafka_take_away(&mock, frozen == 1);
        for (int i = 0; i < 5000; i++)
            send_number(writer, 0, i);
        assert_int_equal(writer_flush(writer, 100, -1, &err), -1); /* now some are under way */
        began_us = clock_monotonic_us();
        writer_close(writer);
        assert_true(clock_monotonic_us() - began_us < CLOSE_LIMIT_US);
        mock_kafka_stop(&mock);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_is_even_and_ordered),
        cmocka_unit_test(keys_go_where_java_sends_them),
        cmocka_unit_test(tombstones_empty_values_and_times),
        cmocka_unit_test(full_queue_holds_the_caller_back),
        cmocka_unit_test(stop_ends_the_wait_for_room),
        cmocka_unit_test(stop_comes_while_waiting),
        cmocka_unit_test(odd_queues),
        cmocka_unit_test(slow_broker_is_waited_for),
        cmocka_unit_test(retriable_errors_are_repaired),
        cmocka_unit_test(permanent_errors_are_counted_and_told),
        cmocka_unit_test(broker_that_is_away_ends_with_the_message_timeout),
        cmocka_unit_test(too_large_names_size_and_limit),
        cmocka_unit_test(missing_topic_is_named_with_the_command),
        cmocka_unit_test(no_broker_and_stop_request),
        cmocka_unit_test(idempotence_gives_way),
        cmocka_unit_test(close_does_not_wait),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
