/* Reading the ranges of batches, against a mock cluster. What only a real broker does (lost data, transactions) is in
 * tests/e2e. */
#include "kafka/mock_kafka.h"

#include "common/clock.h"
#include "engine/source.h"

#include <stdlib.h>

/* The queue takes QUEUED records; it is filled forty times over. */
enum { RECORDS = 40000, FILL = 1000, VALUE = 100, QUEUED = 1000, BATCH = 200 };

struct fixture {
    struct mock_kafka mock;
    struct offsets *offsets;
    struct config_source config;
    struct source *source;
    int64_t next; /* offset that the next record must have */
};

static int take_record(void *cookie, const struct reader_record *record)
{
    struct fixture *fixture = cookie;

    if (record->offset != fixture->next)
        return -1;
    fixture->next++;
    return 0;
}

static int tick(void *cookie, const char *down)
{
    (void)cookie;
    (void)down;
    return 0;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct source_options options = {.partitions = 1, .query_name = "q", .checkpoint_dir = "/nowhere"};
    struct errbuf err;
    char number[16];

    assert_non_null(fixture);
    mock_kafka_start(&fixture->mock, 1);
    mock_kafka_topic(&fixture->mock, "one", 1);
    for (int i = 0; i < RECORDS; i += FILL) /* so that a fetch, which takes whole batches, takes no more */
        mock_kafka_fill(&fixture->mock, "one", 0, i, FILL, VALUE);
    snprintf(number, sizeof(number), "%d", QUEUED);
    mock_kafka_set(&fixture->mock.conf, "queued.min.messages", number);
    snprintf(number, sizeof(number), "%d", FILL * VALUE);
    mock_kafka_set(&fixture->mock.conf, "fetch.message.max.bytes", number);
    fixture->config = (struct config_source){.name = "calls",
                                             .kafka = fixture->mock.conf, /* borrowed */
                                             .subscribe = "one",
                                             .max_offsets_per_trigger = CONFIG_NONE,
                                             .min_offsets_per_trigger = CONFIG_NONE,
                                             .fail_on_data_loss = true};
    fixture->offsets = offsets_open(&fixture->config.kafka, NULL, &err);
    assert_non_null(fixture->offsets);
    assert_int_equal(offsets_connect(fixture->offsets, PATIENCE_MS, -1, NULL, &err), 0);
    fixture->source = source_open(&fixture->config, fixture->offsets, &options, &err);
    assert_non_null(fixture->source);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    source_close(fixture->source);
    offsets_close(fixture->offsets);
    mock_kafka_stop(&fixture->mock);
    free(fixture);
    return 0;
}

static void read_range(struct fixture *fixture, int64_t begin, int64_t end)
{
    struct source_range range = {"one", 0, begin, end};
    void *parts[] = {fixture};
    struct source_sink sink = {take_record, parts, tick, NULL};
    struct errbuf err;

    errbuf_clear(&err);
    if (source_read(fixture->source, &range, 1, &sink, -1, &err) != SOURCE_COMPLETE)
        fail_msg("range [%lld, %lld): %s", (long long)begin, (long long)end, err.text);
    assert_int_equal(fixture->next, end);
}

/* A queue that was full is looked at again by librdkafka 2.0.2 only once a second: without a remedy this takes 20 s or
 * more. */
static void test_a_full_queue_does_not_stall(void **state)
{
    struct fixture *fixture = *state;
    int64_t began_us = clock_monotonic_us();
    const struct read_marks nothing = {0, 0, NULL};
    struct offset_list from;
    struct errbuf err;

    offset_list_init(&from);
    assert_int_equal(offset_list_add(&from, "one", 0, 0), 0);
    assert_int_equal(source_start(fixture->source, &from, &nothing, &err), 0);
    offset_list_release(&from);
    for (int64_t offset = 0; offset < RECORDS; offset += BATCH)
        read_range(fixture, offset, offset + BATCH);
    print_message("%d records in %lld ms\n", RECORDS, (long long)(clock_monotonic_us() - began_us) / 1000);
    assert_true(clock_monotonic_us() - began_us < 6000000);
}

/* Ranges that do not follow each other. */
static void test_jumps(void **state)
{
    static const struct {
        int64_t begin, end;
    } ranges[] = {{0, 10}, {10, 10}, {500, 510}, {5, 1200}, {1200, 1201}, {39999, 40000}, {0, 1}};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (ranges[i].begin != ranges[i].end)
            fixture->next = ranges[i].begin;
        read_range(fixture, ranges[i].begin, ranges[i].end);
    }
}

/* What a batch leaves for the next start, and what that makes of it: the same record, another one in its place, none.
 * */
static void test_marks(void **state)
{
    static const struct {
        bool fail_on_data_loss;
        int64_t later_ms; /* the mark's time, moved */
        int64_t size;     /* its size; 0: the right one */
        int64_t offset;   /* its offset, moved */
        bool refused;
    } rows[] = {
        {true, 0, 0, 0, false},  {true, 1, 0, 0, true},     {true, 0, VALUE + 1, 0, true},
        {false, 1, 0, 0, false}, {true, 1, 0, 1000, false}, /* not before the start: of no use */
    };
    struct fixture *fixture = *state;
    struct source_options options = {.partitions = 1, .query_name = "q", .checkpoint_dir = "/nowhere"};
    struct read_marks left;
    struct offset_list end;
    struct errbuf err;

    read_range(fixture, 0, 700);
    offset_list_init(&end);
    read_marks_init(&left);
    assert_int_equal(offset_list_add(&end, "one", 0, 700), 0);
    assert_int_equal(offset_list_add(&end, "one", 1, 10), 0); /* never read */
    assert_int_equal(source_marks(fixture->source, &end, &left), 0);
    assert_int_equal(left.count, 1);
    assert_int_equal(left.items[0].mark.offset, 699);
    assert_int_equal(left.items[0].mark.size, VALUE);
    assert_true(left.items[0].mark.timestamp_ms > 1500000000000);
    end.count = 1;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source_range range = {"one", 0, 700, 900};
        void *parts[] = {fixture};
        struct source_sink sink = {take_record, parts, tick, NULL};
        struct reader_mark mark = left.items[0].mark;
        struct read_marks marks;

        mark.offset += rows[i].offset;
        mark.timestamp_ms += rows[i].later_ms;
        mark.size = rows[i].size == 0 ? mark.size : rows[i].size;
        read_marks_init(&marks);
        assert_int_equal(read_marks_add(&marks, "one", 0, &mark), 0);
        fixture->config.fail_on_data_loss = rows[i].fail_on_data_loss;
        source_close(fixture->source);
        fixture->source = source_open(&fixture->config, fixture->offsets, &options, &err);
        assert_non_null(fixture->source);
        assert_int_equal(source_start(fixture->source, &end, &marks, &err), 0);
        fixture->next = 700;
        errbuf_clear(&err);
        enum source_status status = source_read(fixture->source, &range, 1, &sink, -1, &err);
        assert_int_equal(status, rows[i].refused ? SOURCE_FAILED : SOURCE_COMPLETE);
        assert_int_equal(fixture->next, rows[i].refused ? 700 : 900);
        if (rows[i].refused) {
            assert_int_equal(err.exit_code, EXIT_CODE_DATA_LOSS);
            assert_string_equal(err.condition, "KAFKA_DATA_LOSS.TOPIC_RECREATED");
            assert_non_null(strstr(err.text, "topic one, partition 0 was deleted and made anew"));
        }
        read_marks_release(&marks);
    }
    read_marks_release(&left);
    end.count = 2;
    offset_list_release(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_full_queue_does_not_stall, setup, teardown),
        cmocka_unit_test_setup_teardown(test_jumps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
