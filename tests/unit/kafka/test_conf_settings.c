#include "kafka/conf_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct settings_row rows[] = {
    CONF_SETTINGS_ROWS,
    {.key = "source.*.kafka.*", .type = SETTINGS_TEXT, .check = conf_settings_check, .secret = conf_is_secret},
    SETTINGS_ROWS_LOG,
};
static const struct settings_program program = {
    .name = "sf-test",
    .bootstrap_key = "kafka.bootstrap.servers",
    .nrows = sizeof(rows) / sizeof(*rows),
    .rows = rows,
};

/* Settings from one --conf (NULL: none), or NULL with err. */
static struct settings *load(char *one, struct errbuf *err)
{
    char name[] = "sf-test", option[] = "--conf";
    char *argv[] = {name, option, one, NULL};
    struct settings *settings = settings_new(&program);

    assert_non_null(settings);
    errbuf_clear(err);
    if (settings_load(settings, one == NULL ? 1 : 3, argv, NULL, err) == SETTINGS_RUN)
        return settings;
    settings_free(settings);
    return NULL;
}

static void fills_a_conf(void **state)
{
    char common[] = "kafka.linger.ms=7", own[] = "source.calls.kafka.linger.ms=9";
    struct errbuf err;
    struct conf conf;

    (void)state;
    struct settings *settings = load(common, &err);
    assert_non_null(settings);
    assert_int_equal(conf_settings_init(&conf, settings, &err), 0);
    assert_string_equal(conf_get(&conf, "bootstrap.servers"), "localhost:9092");
    assert_string_equal(conf_get(&conf, "linger.ms"), "7");
    settings_free(settings);

    settings = load(own, &err);
    assert_non_null(settings);
    assert_int_equal(conf_settings_add(&conf, settings, "source.*.kafka.*", "other", &err), 0);
    assert_string_equal(conf_get(&conf, "linger.ms"), "7");
    assert_int_equal(conf_settings_add(&conf, settings, "source.*.kafka.*", "calls", &err), 0);
    assert_string_equal(conf_get(&conf, "linger.ms"), "9");
    settings_free(settings);
    conf_release(&conf);
}

static void refuses_while_reading(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"kafka.lingr.ms=1", "linger.ms"},
        {"kafka.linger.ms=soon", "command line"},
        {"kafka.enable.auto.commit=true", "checkpoint"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct errbuf err;
        char text[64];
        memcpy(text, bad[i].text, strlen(bad[i].text) + 1);
        assert_null(load(text, &err));
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        assert_non_null(strstr(err.text, bad[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fills_a_conf), cmocka_unit_test(refuses_while_reading)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
