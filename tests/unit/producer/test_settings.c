#include "producer/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_WORDS 8

static char empty_file[] = "/tmp/sf-producer.XXXXXX";

/* Load a command line, without a file and environment. */
static int load(const char *const *words, struct settings **settings, struct producer_settings *producer,
                struct errbuf *err)
{
    char room[MAX_WORDS + 4][64];
    char *argv[MAX_WORDS + 5];
    int argc = 0;

    snprintf(room[argc++], sizeof(room[0]), "sf-producer");
    snprintf(room[argc++], sizeof(room[0]), "--config");
    snprintf(room[argc++], sizeof(room[0]), "%s", empty_file);
    for (; words[argc - 3] != NULL; argc++)
        snprintf(room[argc], sizeof(room[0]), "%s", words[argc - 3]);
    for (int i = 0; i < argc; i++)
        argv[i] = room[i];
    argv[argc] = NULL;
    errbuf_clear(err);
    *settings = settings_new(&settings_producer);
    assert_non_null(*settings);
    if (settings_load(*settings, argc, argv, NULL, err) == -1)
        return -1;
    return settings_producer_init(producer, *settings, err);
}

static void test_defaults(void **state)
{
    static const char *const NONE[] = {NULL};
    struct settings *settings;
    struct producer_settings producer;
    struct errbuf err;

    (void)state;
    if (load(NONE, &settings, &producer, &err) == -1)
        fail_msg("%s", err.text);
    assert_string_equal(producer.input, "data/police-department-calls-for-service.json");
    assert_string_equal(producer.topic, "sf.crimes");
    assert_null(producer.key);
    assert_int_equal(producer.format, DATASET_AUTO);
    assert_int_equal(producer.rate, 0);
    assert_int_equal(producer.limit, 0);
    assert_false(producer.loop || producer.skip_bad || producer.dry_run);
    assert_int_equal(producer.broker_timeout_ms, 30000);
    assert_string_equal(conf_get(&producer.kafka, "bootstrap.servers"), "localhost:9092");
    settings_producer_release(&producer);
    settings_free(settings);
}

static void test_options(void **state)
{
    static const char *const WORDS[] = {
        "--rate=100", "--key=crime_id", "--format=JSONL", "-Xlinger.ms=7", "-bhost:1", "--bad-record=skip", "-", NULL};
    struct settings *settings;
    struct producer_settings producer;
    struct errbuf err;

    (void)state;
    if (load(WORDS, &settings, &producer, &err) == -1)
        fail_msg("%s", err.text);
    assert_string_equal(producer.input, "-");
    assert_string_equal(producer.key, "crime_id");
    assert_int_equal(producer.format, DATASET_JSONL);
    assert_int_equal(producer.rate, 100);
    assert_true(producer.skip_bad);
    assert_string_equal(conf_get(&producer.kafka, "linger.ms"), "7");
    assert_string_equal(conf_get(&producer.kafka, "bootstrap.servers"), "host:1");
    settings_producer_release(&producer);
    settings_free(settings);
}

static void test_refused(void **state)
{
    static const struct {
        const char *words[3];
        const char *says;
    } CASES[] = {
        {{"--loop", "-"}, "cannot be read twice"},
        {{"--loop", "--dry-run"}, "limit"},
        {{"--bad-record=dlq"}, "dead-letter"},
        {{"--bad-record=ignore"}, "ignore"},
        {{"--rate=-1"}, "-1"},
        {{"--rate=fast"}, "fast"},
        {{"--format=xml"}, "xml"},
        {{"-Xno.such.name=1"}, "no.such.name"},
        {{"one", "two"}, "two"},
        {{"--conf", "producer.rat=1"}, "producer.rate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        const char *words[4] = {CASES[i].words[0], CASES[i].words[1], CASES[i].words[2], NULL};
        struct settings *settings;
        struct producer_settings producer;
        struct errbuf err;
        assert_int_equal(load(words, &settings, &producer, &err), -1);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        if (strstr(err.text, CASES[i].says) == NULL)
            fail_msg("case %zu: %s", i, err.text);
        settings_free(settings);
    }
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(empty_file);
    return fd == -1 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(empty_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
