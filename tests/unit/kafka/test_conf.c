#include "kafka/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct refused {
    const char *name;
    const char *value;
    const char *says[3]; /* parts of the text, NULL-terminated */
};

static void refuses_by_name(void **state)
{
    static const struct refused rows[] = {
        {"auto.offset.reset", "earliest", {"auto.offset.reset", "startingOffsets"}},
        {"Auto.Offset.Reset", "latest", {"startingOffsets"}},
        {"enable.auto.commit", "true", {"checkpoint"}},
        {"enable.auto.offset.store", "true", {"checkpoint"}},
        {"key.deserializer", "x", {"bytes"}},
        {"value.serializer", "x", {"value.serializer"}},
        {"interceptor.classes", "x", {"Java"}},
        {"transactional.id", "x", {"transactional"}},
        {"partitioner", "murmur2", {"murmur2", "round-robin"}},
        {"plugin.library.paths", "/tmp/x.so", {"no code"}},
        {"rebalance_cb", "x", {"C interface"}},
        {"enable.partition.eof", "false", {"ends of partitions"}},
        {"max.poll.records", "10", {"Java", "maxOffsetsPerTrigger"}},
        {"fetch.max.wait.ms", "10", {"fetch.wait.max.ms"}},
        {"buffer.memory", "10", {"queue.buffering.max.kbytes"}},
        {"sasl.jaas.config", "secret-canary", {"sasl.username"}},
        {"ssl.truststore.location", "x.jks", {"ssl.ca.location"}},
        {"fetch.wait.max", "10", {"fetch.wait.max.ms"}},
        {"lingr.ms", "10", {"did you mean linger.ms"}},
        {"compresion.codec", "lz4", {"compression.codec"}},
        {"zzzzzzzzzz", "1", {"zzzzzzzzzz", "-X list"}},
        {"linger.ms", "soon", {"linger.ms"}},
        {"linger.ms", "-5", {"linger.ms"}},
        {"security.protocol", "telnet", {"security.protocol"}},
        {"compression.codec", "rar", {"compression.codec"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf conf;
        struct errbuf err;

        conf_init(&conf);
        errbuf_clear(&err);
        if (conf_set(&conf, rows[i].name, rows[i].value, &err) != -1)
            fail_msg("%s was taken", rows[i].name);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        for (size_t j = 0; j < 3 && rows[i].says[j] != NULL; j++)
            if (strstr(err.text, rows[i].says[j]) == NULL)
                fail_msg("%s: \"%s\" is not in: %s", rows[i].name, rows[i].says[j], err.text);
        assert_null(strstr(err.text, "canary"));
        assert_int_equal(conf.nentries, 0);
        conf_release(&conf);
    }
}

static void later_wins_and_is_last(void **state)
{
    struct conf conf;
    struct conf copy;
    struct errbuf err;

    (void)state;
    conf_init(&conf);
    conf_init(&copy);
    assert_int_equal(conf_set(&conf, "linger.ms", "1", &err), 0);
    assert_int_equal(conf_set(&conf, "metadata.broker.list", "a:1", &err), 0);
    assert_int_equal(conf_set(&conf, "LINGER.MS", "2", &err), 0);
    assert_int_equal(conf_set(&conf, "acks", "all", &err), 0);
    assert_int_equal(conf.nentries, 3);
    assert_string_equal(conf.entries[1].name, "linger.ms");
    assert_string_equal(conf_get(&conf, "Linger.Ms"), "2");
    assert_string_equal(conf_get(&conf, "bootstrap.servers"), "a:1");
    assert_string_equal(conf_get(&conf, "metadata.broker.list"), "a:1");
    assert_null(conf_get(&conf, "client.id"));
    assert_int_equal(conf_set(&copy, "client.id", "x", &err), 0);
    assert_int_equal(conf_copy(&copy, &conf), 0);
    conf_release(&conf);
    assert_int_equal(copy.nentries, 3);
    assert_string_equal(conf_get(&copy, "linger.ms"), "2");
    conf_release(&copy);
    conf_release(&copy);
}

static void hides_secrets(void **state)
{
    static const char *const secret[] = {"sasl.password",   "ssl.key.password", "kafka.sasl.password", "SASL.PASSWORD",
                                         "ssl.key.pem",     "sasl.jaas.config", "ssl.keystore.key",    "my.token",
                                         "client.secret.x", "ssl_key"};
    static const char *const open[] = {"sasl.username", "ssl.ca.location", "ssl.certificate.pem", "bootstrap.servers",
                                       "ssl.key.location"};

    (void)state;
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        assert_true(conf_is_secret(secret[i]));
        assert_string_equal(conf_shown(secret[i], "canary"), "*********(redacted)");
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_false(conf_is_secret(open[i]));
        assert_string_equal(conf_shown(open[i], "canary"), "canary");
    }
}

static void lists_properties(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    conf_list(&out);
    assert_false(out.failed);
    assert_non_null(strstr(out.data, "\nfetch.wait.max.ms"));
    assert_non_null(strstr(out.data, "500"));
    buf_release(&out);
    assert_int_equal(strncmp(conf_library_version(), "librdkafka ", 11), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_by_name),
        cmocka_unit_test(later_wins_and_is_last),
        cmocka_unit_test(hides_secrets),
        cmocka_unit_test(lists_properties),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
