#include "kafka/offsets.h"

#include "common/clock.h"
#include "mock_kafka.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct offsets *open_offsets(struct mock_kafka *mock, const char *group)
{
    struct errbuf err;
    struct offsets *offsets = offsets_open(&mock->conf, group, &err);

    if (offsets == NULL)
        fail_msg("%s", err.text);
    return offsets;
}

static void connects_and_names_the_cluster(void **state)
{
    struct mock_kafka mock;
    struct offsets *offsets;
    struct errbuf err;
    char *id = NULL;

    (void)state;
    mock_kafka_start(&mock, 1);
    offsets = open_offsets(&mock, NULL);
    assert_int_equal(offsets_connect(offsets, PATIENCE_MS, -1, &id, &err), 0);
    assert_int_equal(strncmp(id, "mockCluster", 11), 0);
    free(id);
    offsets_close(offsets);
    offsets_close(NULL);
    mock_kafka_stop(&mock);
}

static void no_broker_names_servers_and_reason(void **state)
{
    struct conf conf;
    struct offsets *offsets;
    struct errbuf err;
    int64_t began_us = clock_monotonic_us();

    (void)state;
    conf_init(&conf);
    mock_kafka_set(&conf, "bootstrap.servers", "127.0.0.1:1");
    mock_kafka_set(&conf, "sasl.password", "canary-canary");
    offsets = offsets_open(&conf, NULL, &err);
    assert_non_null(offsets);
    assert_int_equal(offsets_connect(offsets, 300, -1, NULL, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
    assert_true(err.retriable);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
    assert_non_null(strstr(err.text, "Connection refused"));
    assert_null(strstr(err.text, "canary"));
    assert_true(clock_monotonic_us() - began_us < PATIENCE_MS * 1000LL);
    offsets_close(offsets);
    conf_release(&conf);
}

static void settings_that_exclude_each_other_are_refused(void **state)
{
    struct conf conf;
    struct errbuf err;

    (void)state;
    conf_init(&conf);
    errbuf_clear(&err);
    assert_null(offsets_open(&conf, NULL, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    assert_non_null(strstr(err.text, "bootstrap.servers"));
    mock_kafka_set(&conf, "bootstrap.servers", "127.0.0.1:1");
    mock_kafka_set(&conf, "security.protocol", "ssl");
    mock_kafka_set(&conf, "ssl.ca.location", "/nonexistent/ca.pem");
    errbuf_clear(&err);
    assert_null(offsets_open(&conf, NULL, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    conf_release(&conf);
}

static void stop_request_ends_the_wait(void **state)
{
    struct conf conf;
    struct offsets *offsets;
    struct errbuf err;
    int stop_fd = eventfd(1, EFD_CLOEXEC);
    int64_t began_us = clock_monotonic_us();

    (void)state;
    conf_init(&conf);
    mock_kafka_set(&conf, "bootstrap.servers", "127.0.0.1:1");
    offsets = offsets_open(&conf, NULL, &err);
    assert_non_null(offsets);
    assert_int_equal(offsets_connect(offsets, PATIENCE_MS, stop_fd, NULL, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_OK);
    assert_string_equal(err.text, "stopped");
    assert_true(clock_monotonic_us() - began_us < PATIENCE_MS * 500LL);
    offsets_close(offsets);
    conf_release(&conf);
    close(stop_fd);
}

static void lists_partitions_sorted_and_makes_no_topic(void **state)
{
    static const char *const both[] = {"b", "a"};
    static const char *const missing[] = {"a", "crims"};
    struct mock_kafka mock;
    struct offsets *offsets;
    struct offset_list list;
    struct errbuf err;
    char **names;
    size_t nnames;

    (void)state;
    mock_kafka_start(&mock, 3);
    mock_kafka_topic(&mock, "a", 2);
    mock_kafka_topic(&mock, "b", 12);
    mock_kafka_topic(&mock, "crimes", 1);
    offsets = open_offsets(&mock, NULL);
    offset_list_init(&list);
    assert_int_equal(offsets_partitions(offsets, both, 2, PATIENCE_MS, &list, &err), 0);
    assert_int_equal(list.count, 14);
    for (int i = 0; i < 14; i++) {
        assert_string_equal(list.items[i].topic, i < 2 ? "a" : "b");
        assert_int_equal(list.items[i].partition, i < 2 ? i : i - 2);
        assert_int_equal(list.items[i].offset, OFFSETS_UNKNOWN);
    }
    assert_int_equal(offsets_partitions(offsets, missing, 2, PATIENCE_MS, &list, &err), -1);
    assert_string_equal(err.condition, "UNKNOWN_TOPIC_OR_PARTITION");
    assert_false(err.retriable);
    assert_non_null(strstr(err.text, "topic crims"));
    assert_non_null(strstr(err.text, "crimes"));
    assert_int_equal(list.count, 14); /* untouched */
    assert_int_equal(offsets_match(offsets, ".*", PATIENCE_MS, &names, &nnames, &err), 0);
    assert_int_equal(nnames, 3); /* the question made no topic */
    for (size_t i = 0; i < nnames; i++)
        free(names[i]);
    free(names);
    offset_list_release(&list);
    offsets_close(offsets);
    mock_kafka_stop(&mock);
}

static void matches_whole_names(void **state)
{
    static const struct {
        const char *pattern;
        const char *names; /* joined by commas */
    } rows[] = {
        {"sf\\.crimes", "sf.crimes"},
        {"sf.*", "sf.crimes,sf.crimes2,sf_crimes"},
        {"crimes", ""},
        {"sf\\.crimes\\d?", "sf.crimes,sf.crimes2"},
        {"sf\\.crimes|other", "other,sf.crimes"},
        {"(?:sf|oth)\\w+", "other,sf_crimes"},
    };
    struct mock_kafka mock;
    struct offsets *offsets;
    struct errbuf err;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "sf.crimes2", 1);
    mock_kafka_topic(&mock, "sf.crimes", 1);
    mock_kafka_topic(&mock, "sf_crimes", 1);
    mock_kafka_topic(&mock, "other", 1);
    mock_kafka_topic(&mock, "__consumer_offsets", 1);
    offsets = open_offsets(&mock, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf joined = BUF_INIT;
        char **names = NULL;
        size_t n = 0;

        assert_int_equal(offsets_match(offsets, rows[i].pattern, PATIENCE_MS, &names, &n, &err), 0);
        for (size_t j = 0; j < n; j++) {
            buf_printf(&joined, "%s%s", j > 0 ? "," : "", names[j]);
            free(names[j]);
        }
        free(names);
        assert_string_equal(joined.data != NULL ? joined.data : "", rows[i].names);
        buf_release(&joined);
    }
    {
        char **names;
        size_t n;

        assert_int_equal(offsets_match(offsets, "a(b", PATIENCE_MS, &names, &n, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
    offsets_close(offsets);
    mock_kafka_stop(&mock);
}

static void finds_first_and_last(void **state)
{
    static const char *const topics[] = {"t"};
    struct mock_kafka mock;
    struct offsets *offsets;
    struct offset_list list;
    struct errbuf err;

    (void)state;
    mock_kafka_start(&mock, 3);
    mock_kafka_topic(&mock, "t", 5);
    for (int p = 0; p < 5; p++)
        mock_kafka_fill(&mock, "t", p, 0, p * 3, 0);
    offsets = open_offsets(&mock, NULL);
    offset_list_init(&list);
    assert_int_equal(offsets_partitions(offsets, topics, 1, PATIENCE_MS, &list, &err), 0);
    assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
    for (int p = 0; p < 5; p++)
        assert_int_equal(list.items[p].offset, p * 3);
    assert_int_equal(offsets_earliest(offsets, &list, PATIENCE_MS, &err), 0);
    for (int p = 0; p < 5; p++) {
        assert_int_equal(list.items[p].offset, 0);
        list.items[p].offset = 1546300800000;
    }
    /* a mock knows no times: nothing is at or after it */
    assert_int_equal(offsets_by_time(offsets, &list, PATIENCE_MS, &err), 0);
    for (int p = 0; p < 5; p++)
        assert_int_equal(list.items[p].offset, OFFSETS_LATEST);
    offset_list_release(&list);
    offsets_close(offsets);
    mock_kafka_stop(&mock);
}

/* A new leader, then no broker, then one again. */
static void keeps_its_deadline_and_follows_leaders(void **state)
{
    static const char *const topics[] = {"t"};
    struct mock_kafka mock;
    struct offsets *offsets;
    struct offset_list list;
    struct errbuf err;
    int64_t began_us;

    (void)state;
    mock_kafka_start(&mock, 2);
    mock_kafka_topic(&mock, "t", 1);
    mock_kafka_fill(&mock, "t", 0, 0, 7, 0);
    assert_int_equal(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 0, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    offsets = open_offsets(&mock, NULL);
    offset_list_init(&list);
    assert_int_equal(offsets_partitions(offsets, topics, 1, PATIENCE_MS, &list, &err), 0);
    assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
    assert_int_equal(list.items[0].offset, 7);
    assert_int_equal(rd_kafka_mock_partition_set_leader(mock.cluster, "t", 0, 2), RD_KAFKA_RESP_ERR_NO_ERROR);
    list.items[0].offset = OFFSETS_UNKNOWN;
    assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
    assert_int_equal(list.items[0].offset, 7);
    rd_kafka_mock_push_request_errors(mock.cluster, 2 /* ListOffsets */, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                      RD_KAFKA_RESP_ERR__TRANSPORT);
    assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
    assert_int_equal(list.items[0].offset, 7);

    assert_int_equal(rd_kafka_mock_broker_set_down(mock.cluster, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
    began_us = clock_monotonic_us();
    assert_int_equal(offsets_latest(offsets, &list, 300, &err), -1);
    assert_true(err.retriable);
    assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
    assert_non_null(strstr(err.text, conf_get(&mock.conf, "bootstrap.servers")));
    assert_true(clock_monotonic_us() - began_us < 5000000);
    assert_int_equal(rd_kafka_mock_broker_set_up(mock.cluster, -1), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
    assert_int_equal(list.items[0].offset, 7);
    offset_list_release(&list);
    offsets_close(offsets);
    mock_kafka_stop(&mock);
}

static void slow_broker_is_not_a_wrong_answer(void **state)
{
    static const char *const topics[] = {"t"};
    struct mock_kafka mock;
    struct offsets *offsets;
    struct offset_list list;
    struct errbuf err;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 2);
    mock_kafka_fill(&mock, "t", 1, 0, 3, 0);
    offsets = open_offsets(&mock, NULL);
    offset_list_init(&list);
    assert_int_equal(offsets_partitions(offsets, topics, 1, PATIENCE_MS, &list, &err), 0);
    list.items[0].offset = 1;
    assert_int_equal(rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 700), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(offsets_latest(offsets, &list, 200, &err), -1);
    assert_true(err.retriable);
    assert_int_equal(list.items[0].offset, 1);
    assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
    assert_int_equal(list.items[0].offset, 0);
    assert_int_equal(list.items[1].offset, 3);
    offset_list_release(&list);
    offsets_close(offsets);
    mock_kafka_stop(&mock);
}

/* What other tools see of the group. */
static int64_t committed_offset(struct mock_kafka *mock, const char *group, const char *topic, int32_t partition)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    char reason[256];
    int64_t offset;
    rd_kafka_t *rk;

    rd_kafka_conf_set_log_cb(conf, mock_kafka_no_log);
    rd_kafka_conf_set(conf, "bootstrap.servers", conf_get(&mock->conf, "bootstrap.servers"), reason, sizeof(reason));
    rd_kafka_conf_set(conf, "group.id", group, reason, sizeof(reason));
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    assert_non_null(rk);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(rk, list, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return offset;
}

static void commits_to_the_display_group(void **state)
{
    struct mock_kafka mock;
    struct offsets *offsets;
    struct offset_list list;
    struct errbuf err;

    (void)state;
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, "t", 1);
    offsets = open_offsets(&mock, "sfcrime-test");
    offset_list_init(&list);
    assert_int_equal(offset_list_add(&list, "t", 0, 42), 0);
    assert_int_equal(offsets_connect(offsets, PATIENCE_MS, -1, NULL, &err), 0);
    offsets_commit(offsets, &list);
    list.items[0].offset = 43;
    offsets_commit(offsets, &list);
    offsets_close(offsets); /* waits a moment for what is under way */
    assert_int_equal(committed_offset(&mock, "sfcrime-test", "t", 0), 43);
    offsets = open_offsets(&mock, NULL);
    offsets_commit(offsets, &list); /* no group: nothing */
    offsets_close(offsets);
    offset_list_release(&list);
    mock_kafka_stop(&mock);
}

/* A commit under way, a question that was given up: neither holds up the end. */
static void close_does_not_wait_for_a_broker(void **state)
{
    (void)state;
    for (int frozen = 0; frozen < 2; frozen++) {
        struct mock_kafka mock;
        struct offsets *offsets;
        struct offset_list list;
        struct errbuf err;
        int64_t began_us;

        mock_kafka_start(&mock, 1);
        mock_kafka_topic(&mock, "t", 1);
        offsets = open_offsets(&mock, "sfcrime-test");
        offset_list_init(&list);
        assert_int_equal(offset_list_add(&list, "t", 0, 42), 0);
        assert_int_equal(offsets_latest(offsets, &list, PATIENCE_MS, &err), 0);
        offsets_commit(offsets, &list); /* finds the coordinator */
        while (committed_offset(&mock, "sfcrime-test", "t", 0) != list.items[0].offset)
            ;
        mock_kafka_take_away(&mock, frozen == 1);
        for (int i = 0; i < 100; i++)
            offsets_commit(offsets, &list);
        assert_int_equal(offsets_latest(offsets, &list, 200, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
        offsets_commit(offsets, &list);
        began_us = clock_monotonic_us();
        offsets_close(offsets);
        assert_true(clock_monotonic_us() - began_us < CLOSE_LIMIT_US);
        offset_list_release(&list);
        mock_kafka_stop(&mock);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_and_names_the_cluster),
        cmocka_unit_test(no_broker_names_servers_and_reason),
        cmocka_unit_test(settings_that_exclude_each_other_are_refused),
        cmocka_unit_test(stop_request_ends_the_wait),
        cmocka_unit_test(lists_partitions_sorted_and_makes_no_topic),
        cmocka_unit_test(matches_whole_names),
        cmocka_unit_test(finds_first_and_last),
        cmocka_unit_test(keeps_its_deadline_and_follows_leaders),
        cmocka_unit_test(slow_broker_is_not_a_wrong_answer),
        cmocka_unit_test(commits_to_the_display_group),
        cmocka_unit_test(close_does_not_wait_for_a_broker),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
