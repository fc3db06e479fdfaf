/* What really arrives on stderr, captured in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fileio.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char path[64];
static int saved_stderr;
static struct buf text;

static void start_capture(void)
{
    snprintf(path, sizeof(path), "/tmp/sf-log-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    close(fd);
}

static const char *end_capture(void)
{
    struct errbuf err;

    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    buf_reset(&text);
    assert_int_equal(fileio_read(path, 1 << 20, &text, NULL, &err), 0);
    unlink(path);
    return text.data;
}

static int set_up(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    unsetenv("JOURNAL_STREAM");
    clock_fake(INT64_C(1546300620123), 1000);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    clock_real();
    buf_release(&text);
    return 0;
}

static void spark_form(void **state)
{
    (void)state;
    start_capture();
    log_info("MicroBatchExecution", "batch %d of %s", 7, "crimes\n\x1b[2J");
    log_warn("ProcessingTimeExecutor", "late");
    log_debug("Nobody", "hidden");
    log_error("Main", "end");
    assert_string_equal(end_capture(), "18/12/31 23:57:00 INFO MicroBatchExecution: batch 7 of crimes\\n\\x1b[2J\n"
                                       "18/12/31 23:57:00 WARN ProcessingTimeExecutor: late\n"
                                       "18/12/31 23:57:00 ERROR Main: end\n");
}

static void other_forms(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    start_capture();
    log_debug("M", "say \"%s\"\n\xe2\x80\xae", "a\\b");
    assert_string_equal(end_capture(), "{\"ts\":\"2018-12-31T23:57:00.123Z\",\"level\":\"DEBUG\",\"msg\":\"say "
                                       "\\\"a\\\\b\\\"\\n\\\\u202e\",\"logger\":\"M\"}\n");
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    start_capture();
    log_info("M", "plain");
    log_info("M", "two words=\"x\"");
    log_info("M", "%s", "");
    assert_string_equal(end_capture(), "ts=2018-12-31T23:57:00.123Z level=INFO logger=M msg=plain\n"
                                       "ts=2018-12-31T23:57:00.123Z level=INFO logger=M msg=\"two words=\\\"x\\\"\"\n"
                                       "ts=2018-12-31T23:57:00.123Z level=INFO logger=M msg=\"\"\n");
}

static void blocks_keep_line_feeds(void **state)
{
    static const char block[] = "made progress: {\n  \"id\" : \"\x1b\"\n}";

    (void)state;
    start_capture();
    log_block(LOG_LEVEL_INFO, "ProgressReporter", block, sizeof(block) - 1);
    log_block(LOG_LEVEL_DEBUG, "ProgressReporter", block, sizeof(block) - 1);
    assert_string_equal(end_capture(),
                        "18/12/31 23:57:00 INFO ProgressReporter: made progress: {\n  \"id\" : \"\\x1b\"\n}\n");
}

static size_t count_of(const char *haystack, const char *needle)
{
    size_t n = 0;

    for (const char *p = strstr(haystack, needle); p != NULL; p = strstr(p + 1, needle))
        n++;
    return n;
}

static void repeats_are_counted(void **state)
{
    (void)state;
    clock_fake(0, 50000000);
    start_capture();
    for (int i = 0; i < 100; i++) {
        log_warn("Reader", "broker away");
        log_warn("Reader", "number %d", i); /* not the same text */
    }
    clock_fake(0, 50000000 + 9999999);
    log_warn("Reader", "broker away");
    clock_fake(0, 50000000 + 10000000);
    log_info("Main", "next");
    log_warn("Reader", "broker away");
    const char *got = end_capture();
    assert_int_equal(count_of(got, "Reader: number"), 100);
    assert_int_equal(count_of(got, "Reader: broker away\n"), 10 + 1);
    assert_int_equal(count_of(got, "WARN Reader: broker away (repeated 91 more times within 10 s)\n"), 1);
}

static void journal_priorities(void **state)
{
    char stream[64];
    struct stat st;

    (void)state;
    start_capture();
    setenv("JOURNAL_STREAM", "1:1", 1); /* some other stream: stderr was redirected */
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info("M", "redirected");
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info("M", "note");
    log_error("M", "fault");
    assert_string_equal(end_capture(), "18/12/31 23:57:00 INFO M: redirected\n"
                                       "<6>18/12/31 23:57:00 INFO M: note\n"
                                       "<3>18/12/31 23:57:00 ERROR M: fault\n");
    unsetenv("JOURNAL_STREAM");
}

static void levels(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_true(log_enabled(LOG_LEVEL_INFO));
    assert_false(log_enabled(LOG_LEVEL_DEBUG));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(spark_form),          TEST(other_forms),        TEST(blocks_keep_line_feeds),
        TEST(repeats_are_counted), TEST(journal_priorities), TEST(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
