#include "broker/options.h"

#include "broker/listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MAX 12

static char *no_environment[] = {NULL};
static char empty_file[] = "/tmp/sf-broker-test.XXXXXX"; /* instead of whatever config/ holds */

/* Parse a command line as main does; "name:n,name:n" in out, or "error TEXT". */
static void parse(const char *const *words, char *out, size_t out_size, int *port)
{
    char *argv[WORDS_MAX + 3] = {(char *)(uintptr_t) "sf-broker", (char *)(uintptr_t) "--config", empty_file};
    struct settings *settings = settings_new(&options_program);
    struct options options = {0};
    struct errbuf err;
    char **joined;
    int argc = 3;

    assert_non_null(settings);
    for (; words[argc - 3] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 3];
    joined = options_join_topics(&argc, argv, &err);
    assert_non_null(joined);
    assert_null(joined[argc]);
    out[0] = '\0';
    if (settings_load(settings, argc, joined, no_environment, &err) == -1 ||
        options_init(&options, settings, &err) == -1) {
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
        snprintf(out, out_size, "error %s", err.text);
    }
    for (size_t i = 0; out[0] != 'e' && i < options.ntopics; i++) {
        size_t len = strlen(out);

        snprintf(out + len, out_size - len, "%s%s:%d", i > 0 ? "," : "", options.topics[i].name,
                 options.topics[i].partitions);
    }
    *port = options.port;
    options_release(&options);
    settings_free(settings);
    options_free_argv(joined);
}

static int make_file(void **state)
{
    int fd = mkstemp(empty_file);

    (void)state;
    return fd == -1 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(empty_file);
}

static void command_lines(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *says; /* the topics, or a part of the error */
        int port;
    } rows[] = {
        {{NULL}, "sf.crimes:8", 9092},
        {{"--topic", "a:2", NULL}, "a:2", 9092},
        {{"--topic", "a:2", "--topic=b:3", "-t", "c", "-td:1000", NULL}, "a:2,b:3,c:4,d:1000", 9092},
        {{"--topic", "a:2,b:1", "--listen", "127.0.0.1:0", NULL}, "a:2,b:1", 0},
        {{"--listen", "localhost:65535", NULL}, "sf.crimes:8", 65535},
        {{"--conf", "broker.topics=x:1", "--conf", "broker.listen=127.0.0.1:1", NULL}, "x:1", 1},
        {{"--topic", "a:0", NULL}, "1 to 1000 partitions", -1},
        {{"--topic", "a:1001", NULL}, "1 to 1000 partitions", -1},
        {{"--topic", "a:", NULL}, "1 to 1000 partitions", -1},
        {{"--topic", "a:1x", NULL}, "1 to 1000 partitions", -1},
        {{"--topic", ":1", NULL}, "1 to 249 of the characters", -1},
        {{"--topic", "a/b:1", NULL}, "1 to 249 of the characters", -1},
        {{"--topic", "..", NULL}, "1 to 249 of the characters", -1},
        {{"--listen", "9092", NULL}, "expected HOST:PORT", -1},
        {{"--listen", "127.0.0.1:", NULL}, "from 0 to 65535", -1},
        {{"--listen", "127.0.0.1:65536", NULL}, "from 0 to 65535", -1},
        {{"--listen", "127.0.0.1:-1", NULL}, "from 0 to 65535", -1},
        {{"--listen", "127.0.0.1:99999999999999999999", NULL}, "from 0 to 65535", -1},
        {{"--listen", "192.168.0.1:9092", NULL}, "127.0.0.1 only", -1},
        {{"--listen", "[::1]:9092", NULL}, "127.0.0.1 only", -1},
        {{"--topic", NULL}, "topic", -1},
        {{"--topics", "a:1", NULL}, "topic", -1},
        {{"word", NULL}, "word", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[4096];
        int port;

        parse(rows[i].words, out, sizeof(out), &port);
        if (rows[i].port == -1) {
            if (strncmp(out, "error ", 6) != 0 || strstr(out, rows[i].says) == NULL)
                fail_msg("row %zu: \"%s\" is not in: %s", i, rows[i].says, out);
        } else {
            assert_string_equal(out, rows[i].says);
            assert_int_equal(port, rows[i].port);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(command_lines)};

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
