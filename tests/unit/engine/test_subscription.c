/* Which partitions, where to start, how far: option texts alone, then against a mock cluster. */
#include "kafka/mock_kafka.h"

#include "engine/offset_plan.h"
#include "engine/subscription.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct config_source source_of(const char *subscribe, const char *pattern, const char *assign)
{
    struct config_source source = {.name = "calls",
                                   .subscribe = subscribe,
                                   .subscribe_pattern = pattern,
                                   .assign = assign,
                                   .max_offsets_per_trigger = CONFIG_NONE,
                                   .min_offsets_per_trigger = CONFIG_NONE};

    return source;
}

static void test_check(void **state)
{
    static const struct {
        const char *subscribe, *pattern, *assign, *starting, *by_time, *time;
        const char *says; /* NULL: fine */
    } cases[] = {
        {"a", NULL, NULL, "earliest", NULL, NULL, NULL},
        {"a", NULL, NULL, " LATEST ", NULL, NULL, NULL},
        {"a, b", NULL, NULL, NULL, NULL, NULL, NULL},
        {NULL, "a.*", NULL, NULL, NULL, NULL, NULL},
        {NULL, NULL, "{\"a\":[0,1]}", NULL, NULL, NULL, NULL},
        {"a", NULL, NULL, "{\"a\":{\"0\":5,\"1\":-2}}", NULL, NULL, NULL},
        {"a", NULL, NULL, NULL, "{\"a\":{\"0\":1546300800000}}", NULL, NULL},
        {"a", NULL, NULL, NULL, NULL, "1546300800000", NULL},
        {NULL, NULL, NULL, NULL, NULL, NULL, "exactly one"},
        {"a", "b", NULL, NULL, NULL, NULL, "exactly one"},
        {" , ", NULL, NULL, NULL, NULL, NULL, "no topic"},
        {NULL, "", NULL, NULL, NULL, NULL, "empty"},
        {NULL, NULL, "[0]", NULL, NULL, NULL, "expected e.g."},
        {NULL, NULL, "{\"a\":[-1]}", NULL, NULL, NULL, "expected e.g."},
        {NULL, NULL, "{}", NULL, NULL, NULL, "expected e.g."},
        {NULL, NULL, "{\"a\":[]}", NULL, NULL, NULL, "expected e.g."},
        {"a", NULL, NULL, "middle", NULL, NULL, "Expected e.g."},
        {"a", NULL, NULL, NULL, "soon", NULL, "Expected e.g."},
        {"a", NULL, NULL, NULL, NULL, "12x", "startingTimestamp"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_source source = source_of(cases[i].subscribe, cases[i].pattern, cases[i].assign);
        struct errbuf err;

        source.starting_offsets = cases[i].starting;
        source.starting_offsets_by_timestamp = cases[i].by_time;
        source.starting_timestamp = cases[i].time;
        errbuf_clear(&err);
        int result = subscription_check(&source, &err);
        if ((result != 0) != (cases[i].says != NULL) || (cases[i].says && !strstr(err.text, cases[i].says)))
            fail_msg("case %zu: %d %s", i, result, err.text);
        if (result != 0)
            assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
    struct config_source limits = source_of("a", NULL, NULL);
    struct errbuf err;
    limits.min_offsets_per_trigger = 10;
    limits.max_offsets_per_trigger = 5;
    assert_int_equal(subscription_check(&limits, &err), -1);
    assert_string_equal(err.text, "The value of minOffsetPerTrigger(10) is higher than the maxOffsetsPerTrigger(5).");
}

static void test_description(void **state)
{
    static const struct {
        const char *subscribe, *pattern, *assign, *text;
    } cases[] = {
        {"sf.crimes", NULL, NULL, "KafkaV2[Subscribe[sf.crimes]]"},
        {" a ,, b", NULL, NULL, "KafkaV2[Subscribe[a, b]]"},
        {NULL, "sf\\..*", NULL, "KafkaV2[SubscribePattern[sf\\..*]]"},
        {NULL, NULL, "{\"t\":[1,0]}", "KafkaV2[Assign[t-0, t-1]]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_source source = source_of(cases[i].subscribe, cases[i].pattern, cases[i].assign);
        char *text = subscription_description(&source);

        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

struct fixture {
    struct mock_kafka mock;
    struct offsets *offsets;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct errbuf err;

    assert_non_null(fixture);
    mock_kafka_start(&fixture->mock, 1);
    mock_kafka_topic(&fixture->mock, "one", 2);
    mock_kafka_topic(&fixture->mock, "two", 1);
    mock_kafka_fill(&fixture->mock, "one", 0, 0, 7, 10);
    mock_kafka_fill(&fixture->mock, "two", 0, 0, 3, 10);
    fixture->offsets = offsets_open(&fixture->mock.conf, NULL, &err);
    assert_non_null(fixture->offsets);
    assert_int_equal(offsets_connect(fixture->offsets, PATIENCE_MS, -1, NULL, &err), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    offsets_close(fixture->offsets);
    mock_kafka_stop(&fixture->mock);
    free(fixture);
    return 0;
}

static void check_list(const struct offset_list *list, const char *json)
{
    struct buf text;

    buf_init(&text);
    offset_plan_json(list, &text);
    assert_string_equal(text.data ? text.data : "", json);
    buf_release(&text);
}

static void test_initial(void **state)
{
    static const struct {
        const char *subscribe, *pattern, *assign, *starting;
        const char *result; /* JSON, or what the error says */
        bool fails;
    } cases[] = {
        {"one", NULL, NULL, "earliest", "{\"one\":{\"0\":0,\"1\":0}}", false},
        {"one", NULL, NULL, "Latest", "{\"one\":{\"0\":7,\"1\":0}}", false},
        {"one", NULL, NULL, NULL, "{\"one\":{\"0\":7,\"1\":0}}", false},
        {"two,one, two", NULL, NULL, "latest", "{\"one\":{\"0\":7,\"1\":0},\"two\":{\"0\":3}}", false},
        {NULL, "o.*|t.o", NULL, "earliest", "{\"one\":{\"0\":0,\"1\":0},\"two\":{\"0\":0}}", false},
        {NULL, NULL, "{\"one\":[0]}", "latest", "{\"one\":{\"0\":7}}", false},
        {"one", NULL, NULL, "{\"one\":{\"0\":4,\"1\":-1}}", "{\"one\":{\"0\":4,\"1\":0}}", false},
        {"one", NULL, NULL, "{\"one\":{\"0\":-1,\"1\":-2}}", "{\"one\":{\"0\":7,\"1\":0}}", false},
        {"one", NULL, NULL, "{\"one\":{\"0\":4}}", "you must specify all TopicPartitions", true},
        {"one", NULL, NULL, "{\"one\":{\"0\":4,\"1\":0,\"7\":0}}", "you must specify all TopicPartitions", true},
        {"one", NULL, NULL, "{\"one\":{\"0\":4,\"7\":0}}", "one-0, one-1", true},
        {NULL, NULL, "{\"one\":[5]}", "latest", "no partition 5", true},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config_source source = source_of(cases[i].subscribe, cases[i].pattern, cases[i].assign);
        struct offset_list list;
        struct errbuf err;

        source.starting_offsets = cases[i].starting;
        offset_list_init(&list);
        errbuf_clear(&err);
        int result = subscription_initial(&source, fixture->offsets, &list, &err);
        if ((result != 0) != cases[i].fails || (result != 0 && !strstr(err.text, cases[i].result)))
            fail_msg("case %zu: %d %s", i, result, err.text);
        if (result == 0)
            check_list(&list, cases[i].result);
        offset_list_release(&list);
    }
}

/* The mock cluster knows no times: every partition answers "none at or after". */
static void test_by_time(void **state)
{
    struct fixture *fixture = *state;
    struct config_source source = source_of("one", NULL, NULL);
    struct offset_list list;
    struct errbuf err;

    source.starting_timestamp = "1";
    source.starting_offsets = "earliest"; /* the time goes before it */
    source.starting_timestamp_strategy_latest = true;
    offset_list_init(&list);
    assert_int_equal(subscription_initial(&source, fixture->offsets, &list, &err), 0);
    check_list(&list, "{\"one\":{\"0\":7,\"1\":0}}");
    offset_list_release(&list);

    source.starting_timestamp_strategy_latest = false;
    offset_list_init(&list);
    assert_int_equal(subscription_initial(&source, fixture->offsets, &list, &err), -1);
    assert_non_null(strstr(err.text, "one-0"));
    assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
    offset_list_release(&list);
}

static void test_latest(void **state)
{
    struct fixture *fixture = *state;
    struct config_source source = source_of("one", NULL, NULL);
    struct offset_list known, list;
    struct errbuf err;

    offset_list_init(&known);
    offset_list_init(&list);
    offset_list_add(&known, "one", 0, 9); /* more than there is: asked again, then believed */
    assert_int_equal(subscription_latest(&source, fixture->offsets, &known, &list, &err), 0);
    check_list(&list, "{\"one\":{\"0\":7,\"1\":0}}");
    offset_list_release(&known);
    offset_list_release(&list);
}

/* The first answer comes after the time of one question is over: it is asked again. */
static void test_first_contact(void **state)
{
    struct fixture *fixture = *state;
    struct config_source source = source_of("one", NULL, NULL);
    struct offset_list list;
    struct errbuf err;

    source.starting_offsets = "latest";
    assert_int_equal(rd_kafka_mock_broker_push_request_error_rtts(fixture->mock.cluster, 1, 3 /* Metadata */, 1,
                                                                  RD_KAFKA_RESP_ERR_NO_ERROR,
                                                                  SUBSCRIPTION_TIMEOUT_MS + 500),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    offset_list_init(&list);
    assert_int_equal(subscription_first_contact(&source, fixture->offsets, PATIENCE_MS, -1, &list, &err), 0);
    check_list(&list, "{\"one\":{\"0\":7,\"1\":0}}");
    offset_list_release(&list);
}

static void test_first_contact_ends(void **state)
{
    struct fixture *fixture = *state;
    struct config_source source = source_of("one", NULL, NULL);
    struct config_source wrong = source_of("one", NULL, NULL);
    struct offset_list list;
    struct errbuf err;
    int stop_fd = eventfd(1, EFD_CLOEXEC);

    assert_true(stop_fd >= 0);
    offset_list_init(&list);
    wrong.starting_offsets = "{\"one\":{\"0\":1}}"; /* no time makes it right */
    assert_int_equal(subscription_first_contact(&wrong, fixture->offsets, INT32_MAX, -1, &list, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    offset_list_release(&list);

    mock_kafka_take_away(&fixture->mock, false);
    offset_list_init(&list);
    assert_int_equal(subscription_first_contact(&source, fixture->offsets, 1, -1, &list, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BROKER);
    assert_true(err.retriable);
    offset_list_release(&list);

    offset_list_init(&list);
    assert_int_equal(subscription_first_contact(&source, fixture->offsets, INT32_MAX, stop_fd, &list, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_OK);
    assert_string_equal(err.text, "stopped");
    offset_list_release(&list);
    close(stop_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_description),
        cmocka_unit_test_setup_teardown(test_initial, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_latest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_contact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_contact_ends, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
