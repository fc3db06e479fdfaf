#include "producer/feeder.h"

#include "common/log.h"
#include "kafka/mock_kafka.h"
#include "kafka/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define TOPIC "calls"

static char path[] = "/tmp/sf-feeder.XXXXXX";
static struct mock_kafka mock;

static void write_input(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_not_equal(fputs(text, file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* Feed the input file to the mock's topic. */
static int feed(const struct producer_settings *settings, int stop_fd, struct feeder_result *result, struct errbuf *err)
{
    struct meter meter;

    errbuf_clear(err);
    struct dataset *dataset = dataset_open(path, DATASET_AUTO, err);
    assert_non_null(dataset);
    struct writer *writer = writer_open(&mock.conf, TOPIC, err);
    assert_non_null(writer);
    assert_int_equal(writer_connect(writer, PATIENCE_MS, -1, err), 4);
    meter_init(&meter, false);
    int rc = feeder_run(settings, dataset, writer, &meter, stop_fd, result, err);
    meter_release(&meter);
    writer_close(writer);
    dataset_close(dataset);
    return rc;
}

static void test_all(void **state)
{
    struct producer_settings settings = {.key = NULL};
    struct feeder_result result;
    struct errbuf err;

    (void)state;
    write_input("[{\"a\":1},{\"a\":2},{\"a\":3}]");
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.sent, 3);
    assert_int_equal(result.acked, 3);
    assert_false(result.stopped);
    write_input("[]");
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.sent, 0);
}

static void test_limit_and_loop(void **state)
{
    struct producer_settings settings = {.limit = 2};
    struct feeder_result result;
    struct errbuf err;

    (void)state;
    write_input("[{\"a\":1},{\"a\":2},{\"a\":3}]");
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.acked, 2);
    settings.limit = 1000;
    settings.loop = true;
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.acked, 1000);
    /* nothing to loop over: it ends */
    write_input("[]");
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.sent, 0);
}

static void test_key(void **state)
{
    struct producer_settings settings = {.key = "k"};
    struct feeder_result result;
    struct errbuf err;

    (void)state;
    write_input("{\"k\":\"x\"}\n{\"k\":\"\"}\n{\"k\":null}\n{\"other\":1}\n{\"k\":17}\n");
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.acked, 5);
}

static void test_damage(void **state)
{
    struct producer_settings settings = {.skip_bad = false};
    struct feeder_result result;
    struct errbuf err;

    (void)state;
    write_input("[{\"a\":1},\n{\"a\":},\n{\"a\":3}]");
    assert_int_equal(feed(&settings, -1, &result, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
    assert_non_null(strstr(err.text, "line 2: expected a value (1 whole records before it)"));
    assert_int_equal(result.sent, 1);
    assert_int_equal(result.acked, 1);
    settings.skip_bad = true;
    assert_int_equal(feed(&settings, -1, &result, &err), 0);
    assert_int_equal(result.acked, 2);
    assert_int_equal(result.skipped, 1);
    /* a cut file is an error even then */
    write_input("[{\"a\":1},\n{\"a\":2");
    assert_int_equal(feed(&settings, -1, &result, &err), -1);
    assert_non_null(strstr(err.text, "cut off"));
    assert_int_equal(result.acked, 1);
}

static void test_stop(void **state)
{
    struct producer_settings settings = {.loop = true, .rate = 1};
    struct feeder_result result;
    struct errbuf err;
    int stop_fd = eventfd(0, EFD_CLOEXEC);

    (void)state;
    assert_int_not_equal(stop_fd, -1);
    write_input("[{\"a\":1}]");
    assert_int_equal(eventfd_write(stop_fd, 1), 0);
    assert_int_equal(feed(&settings, stop_fd, &result, &err), 0);
    assert_true(result.stopped);
    assert_int_equal(result.sent, result.acked);
    close(stop_fd);
}

static void test_broker_refuses(void **state)
{
    struct producer_settings settings = {.rate = 0};
    struct feeder_result result;
    struct errbuf err;

    (void)state;
    write_input("[{\"a\":1},{\"a\":2}]");
    rd_kafka_mock_push_request_errors(mock.cluster, 0 /* Produce */, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(feed(&settings, -1, &result, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_AUTH);
    assert_true(result.acked < result.sent);
    rd_kafka_mock_clear_request_errors(mock.cluster, 0);
}

static void test_record_too_large(void **state)
{
    struct producer_settings settings = {.rate = 0};
    struct feeder_result result;
    struct errbuf err;
    struct buf text = BUF_INIT;

    (void)state;
    buf_append_text(&text, "[{\"a\":1},{\"a\":\"");
    buf_append_fill(&text, 'x', 1020000); /* above message.max.bytes, below what a record may have */
    buf_append_text(&text, "\"}]");
    write_input(text.data);
    buf_release(&text);
    assert_int_equal(feed(&settings, -1, &result, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
    assert_non_null(strstr(err.text, "message.max.bytes"));
    assert_int_equal(result.acked, 1);
}

static int start(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    int fd = mkstemp(path);
    if (fd == -1)
        return -1;
    close(fd);
    mock_kafka_start(&mock, 1);
    mock_kafka_topic(&mock, TOPIC, 4);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mock_kafka_stop(&mock);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_limit_and_loop),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_broker_refuses),
        cmocka_unit_test(test_record_too_large),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
