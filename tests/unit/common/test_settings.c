#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/fileio.h"
#include "common/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const modes[] = {"append", "complete", "update", NULL};

static int check_even(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)name;
    (void)rest;
    if (strlen(value) % 2 != 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "an even number of characters is wanted");
    return 0;
}

static bool is_password(const char *rest)
{
    return strstr(rest, "password") != NULL;
}

static const struct settings_row rows[] = {
    {.key = "spark.app.name", .type = SETTINGS_TEXT, .def = "App", .flags = SETTINGS_NOT_EMPTY, .help = "The name."},
    {.key = "spark.ui.port",
     .type = SETTINGS_INT,
     .def = "4040",
     .max = 65535,
     .option = "ui-port",
     .argument = "N",
     .help = "The port."},
    {.key = "spark.ui.enabled",
     .type = SETTINGS_BOOL,
     .def = "true",
     .option = "no-ui",
     .option_value = "false",
     .help = "No page."},
    {.key = "sf.broker.timeout",
     .type = SETTINGS_DURATION,
     .def = "30 seconds",
     .min = 1,
     .max = SETTINGS_ANY,
     .help = "The wait."},
    {.key = "sf.even", .type = SETTINGS_TEXT, .check = check_even, .help = "Even."},
    {.key = "sf.size", .type = SETTINGS_BYTES, .min = 1024, .max = SETTINGS_ANY, .help = "Size."},
    {.key = "sf.file", .type = SETTINGS_PATH, .help = "A file.", .option = "file", .letter = 'f', .argument = "FILE"},
    {.key = "sf.delay", .type = SETTINGS_DURATION, .flags = SETTINGS_BARE_MS, .max = SETTINGS_ANY, .help = "Delay."},
    {.key = "sf.token", .type = SETTINGS_TEXT, .flags = SETTINGS_SECRET, .help = "Secret."},
    {.key = "explain",
     .type = SETTINGS_BOOL,
     .flags = SETTINGS_OPTION_ONLY,
     .option = "explain",
     .option_value = "true",
     .help = "Explain."},
    {.key = "spark.sql.shuffle.partitions", .status = SETTINGS_WARNED, .help = "there are no shuffles"},
    {.key = "spark.executor.*", .status = SETTINGS_REFUSED, .help = "there are no executors; leave it out"},
    {.key = "kafka.*",
     .type = SETTINGS_TEXT,
     .letter = 'X',
     .flags = SETTINGS_PAIR,
     .argument = "NAME=VALUE",
     .secret = is_password,
     .help = "Client."},
    {.key = "kafka.bootstrap.servers",
     .type = SETTINGS_TEXT,
     .def = "localhost:9092",
     .option = "bootstrap-servers",
     .letter = 'b',
     .argument = "LIST",
     .help = "Brokers."},
    {.key = "source.*.subscribe",
     .type = SETTINGS_TEXT,
     .letter = 't',
     .option = "topic",
     .argument = "TOPIC",
     .help = "Topic."},
    {.key = "source.*.maxOffsetsPerTrigger",
     .type = SETTINGS_INT,
     .min = 1,
     .max = SETTINGS_ANY,
     .unit = "records",
     .option = "max-offsets-per-trigger",
     .argument = "N",
     .help = "Limit."},
    {.key = "source.*.kafka.*", .type = SETTINGS_TEXT, .secret = is_password, .help = "Client of this source."},
    {.key = "query.*.sql",
     .type = SETTINGS_TEXT,
     .option = "query",
     .flags = SETTINGS_PAIR,
     .argument = "NAME=SQL",
     .help = "SQL."},
    {.key = "query.*.outputMode", .type = SETTINGS_ENUM, .choices = modes, .def = "append", .help = "Mode."},
    SETTINGS_ROWS_LOG,
};

static const struct settings_program program = {
    .name = "sf-test",
    .usage = "[OPTION]... [FILE]",
    .summary = "Tests settings.",
    .config_name = NULL,
    .file_prefix = "kafka.",
    .foreign = "producer. consumer.",
    .max_arguments = 1,
    .bootstrap_key = "kafka.bootstrap.servers",
    .nrows = sizeof(rows) / sizeof(*rows),
    .rows = rows,
};

static char dir[64];
static struct errbuf err;
static struct arena kept; /* words of command lines: the settings borrow them */

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/sf-settings-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&kept);
    return fileio_remove_tree(dir, &err);
}

/* Up to eight words, then NULL. */
static int load(struct settings *settings, char **environment, const char *const *words)
{
    char *argv[10] = {NULL};
    static char first[] = "sf-test";
    int argc = 0;

    argv[argc++] = first;
    for (; words != NULL && *words != NULL; words++)
        argv[argc++] = arena_strdup(&kept, *words);
    int result = settings_load(settings, argc, argv, environment, &err);
    if (result < 0)
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    return result;
}

static char *write_file(const char *name, const char *text)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(fileio_replace(path, text, strlen(text), true, &err), 0);
    return path;
}

/* Settings from one file with this text. */
static struct settings *from_file(const char *text, int wanted)
{
    struct settings *settings = settings_new(&program);
    const char *words[] = {"--config", write_file("test.properties", text), NULL};

    assert_non_null(settings);
    int result = load(settings, NULL, words);
    if (result != wanted)
        fail_msg("%s: %d: %s", text, result, result < 0 ? err.text : "");
    return settings;
}

static void the_format(void **state)
{
    static const struct {
        const char *text;
        const char *app;
    } files[] = {
        {"spark.app.name = x", "x"},
        {"spark.app.name=x\n", "x"},
        {"  SPARK.App.Name   =   two words  \r\n", "two words"},
        {"\xef\xbb\xbfspark.app.name = bom", "bom"},
        {"# spark.app.name = no\n! spark.app.name = no\n  # no\n\n\t\nspark.app.name = yes", "yes"},
        {"spark.app.name = a # not a comment", "a # not a comment"},
        {"spark.app.name = a=b=c", "a=b=c"},
        {"spark.app.name = SELECT a, \\\n    b\\\n  FROM c", "SELECT a, b FROM c"},
        {"spark.app.name = ear\\\nly", "early"},
        {"spark.app.name = a \\\r\n  b", "a b"},
        {"spark.app.name = a\\\n# b", "a# b"},
        {"spark.app.name = C:\\dir\\n", "C:\\dir\\n"},
        {"spark.app.name = \\\n  x", "x"},
        {"spark.app.name = end\\", "end"},
        {"spark.app.name = a\nspark.app.name = b", "b"},
        {"spark.app.name = \xc3\xa9", "\xc3\xa9"},
        {"", "App"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        struct settings *settings = from_file(files[i].text, SETTINGS_RUN);
        assert_string_equal(settings_text(settings, "spark.app.name", NULL), files[i].app);
        settings_free(settings);
    }
}

static void refused_lines(void **state)
{
    static const struct {
        const char *text;
        const char *wanted; /* in the message */
    } files[] = {
        {"\n\nspark.ui.port = abc", "test.properties:3: spark.ui.port = abc: a whole number from 0 to 65535 is wanted"},
        {"spark.ui.port = 65536", "from 0 to 65535"},
        {"spark.ui.port =", "the value is empty"},
        {"spark.ui.port = -1", "spark.ui.port = -1"},
        {"spark.ui.enabled = maybe", "true or false is wanted"},
        {"spark.app.name =", "is empty"},
        {"sf.broker.timeout = 5", "a duration such as '5 seconds'"},
        {"sf.broker.timeout = 0 seconds", "duration"},
        {"sf.broker.timeout = -5 seconds", "duration"},
        {"sf.broker.timeout = 1 month", "duration"},
        {"sf.size = 1", "a size"},
        {"sf.size = 64q", "a size"},
        {"sf.even = abc", "sf.even = abc: an even number of characters is wanted"},
        {"sf.file = hdfs://host/x", "only paths of local files"},
        {"sf.file = s3a://bucket/x", "only paths of local files"},
        {"source.calls.maxOffsetsPerTrigger = 0", "a whole number of at least 1 (records)"},
        {"query.q.outputMode = complet", "one of append, complete, update is wanted; did you mean complete?"},
        {"explain = true", "on the command line only (--explain)"},
        {"spark.executor.memory = 2g", "spark.executor.memory = 2g: there are no executors; leave it out"},
        {"SPARK.EXECUTOR.cores = 2", "there are no executors"},
        {"no equals sign", ":1: \"no equals sign\" is not of the form key = value"},
        {"\\\n\\\n\\\nfoo", "is not of the form"},
        {" = x", "there is no key before the ="},
        {"spark.ui.prot = 4041", "unknown setting spark.ui.prot; did you mean spark.ui.port?"},
        {"source.calls.maxOffsetPerTrigger = 2",
         "unknown setting source.calls.maxOffsetPerTrigger; did you mean maxOffsetsPerTrigger? "
         "(source.calls.maxOffsetsPerTrigger)"},
        {"maxOffsetPerTrigger = 2",
         "unknown setting maxOffsetPerTrigger; did you mean maxOffsetsPerTrigger? (source.NAME.maxOffsetsPerTrigger)"},
        {"source.subscribe = x", "did you mean subscribe? (source.NAME.subscribe)"},
        {"utter.nonsense = 1", "unknown setting utter.nonsense; sf-test --sample-config"},
        {"bad\x1b[2Jkey = 1", "bad\\x1b[2Jkey"},
        {"source.a b.subscribe = x", "unknown setting"},
        {"source..subscribe = x", "unknown setting"},
        {"kafka. = x", "unknown setting"},
        {"kafka.a\x1b[2Jb = x", "unknown setting kafka.a\\x1b[2Jb"},
        {"kafka.a b = x", "unknown setting"},
        {"spark.app.name = caf\xe9", ":1: the line is not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        struct settings *settings = from_file(files[i].text, -1);
        if (strstr(err.text, files[i].wanted) == NULL)
            fail_msg("%s: %s", files[i].text, err.text);
        settings_free(settings);
    }
}

static void values_by_type(void **state)
{
    struct settings *settings = from_file("spark.ui.port = 0\nsf.broker.timeout = 1m\nsf.delay = 250\nsf.size = 64K\n"
                                          "spark.ui.enabled = FALSE\nquery.a.outputMode = Update\nsf.even =\n",
                                          SETTINGS_RUN);

    (void)state;
    assert_int_equal(settings_int(settings, "spark.ui.port", NULL), 0);
    assert_int_equal(settings_ms(settings, "sf.broker.timeout", NULL), 60000);
    assert_int_equal(settings_ms(settings, "sf.delay", NULL), 250);
    assert_int_equal(settings_int(settings, "sf.size", NULL), 65536);
    assert_false(settings_bool(settings, "spark.ui.enabled", NULL));
    assert_int_equal(settings_choice(settings, "query.*.outputMode", "A"), 2);
    assert_int_equal(settings_choice(settings, "query.*.outputMode", "other"), 0);
    assert_string_equal(settings_text(settings, "sf.even", NULL), "");
    assert_null(settings_text(settings, "sf.token", NULL));
    assert_true(settings_int(settings, "source.*.maxOffsetsPerTrigger", "x") == SETTINGS_UNSET);
    assert_string_equal(settings_origin(settings, "spark.app.name", NULL), "default");
    assert_non_null(strstr(settings_origin(settings, "sf.size", NULL), "test.properties:4"));
    settings_free(settings);
}

static void precedence(void **state)
{
    static char e1[] = "SFCRIME_SPARK_UI_PORT=3",
                e2[] = "SFCRIME_CONF=spark.ui.port = 2\nspark.app.name=env\nproducer.rate=5",
                e3[] = "KAFKA_BOOTSTRAP_SERVERS=env:1", e4[] = "SFCRIME_KAFKA_SECURITY_PROTOCOL=ssl",
                e5[] = "SFCRIME_BROKER_TIMEOUT=7s", e6[] = "SFCRIME_SERVICE_HOST=10.0.0.1", e7[] = "HOME=/",
                e8[] = "SFCRIME_EXPLAIN=true";
    char *environment[] = {e1, e2, e3, e4, e5, e6, e7, e8, NULL};
    char file1[256], file2[256];

    (void)state;
    snprintf(file1, sizeof(file1), "%s",
             write_file("1", "spark.ui.port = 1\nspark.app.name = one\nsf.even = ab\nkafka.client.id = one\n"));
    snprintf(file2, sizeof(file2), "%s", write_file("2", "spark.app.name = two\nKafka.Client.ID = two\n"));
    const char *words[] = {"--config", file1, "--config", file2, "--conf", "sf.token = t ", "file", NULL};
    struct settings *settings = settings_new(&program);
    assert_int_equal(load(settings, environment, words), SETTINGS_RUN);
    assert_int_equal(settings_int(settings, "spark.ui.port", NULL), 3);
    assert_string_equal(settings_origin(settings, "spark.ui.port", NULL), "environment SFCRIME_SPARK_UI_PORT");
    assert_string_equal(settings_text(settings, "spark.app.name", NULL), "env");
    assert_string_equal(settings_origin(settings, "spark.app.name", NULL), "environment SFCRIME_CONF:2");
    assert_string_equal(settings_text(settings, "sf.even", NULL), "ab");
    assert_string_equal(settings_text(settings, "kafka.bootstrap.servers", NULL), "env:1");
    assert_int_equal(settings_ms(settings, "sf.broker.timeout", NULL), 7000);
    assert_string_equal(settings_text(settings, "sf.token", NULL), "t");
    size_t n, at = 0;
    assert_string_equal(settings_arguments(settings, &n)[0], "file");
    assert_int_equal(n, 1);
    assert_string_equal(settings_files(settings, &n)[1], file2);
    assert_int_equal(n, 2);
    struct settings_pair pair;
    assert_true(settings_next(settings, "kafka.*", NULL, &at, &pair));
    assert_string_equal(pair.rest, "client.id");
    assert_string_equal(pair.value, "two");
    assert_true(settings_next(settings, "kafka.*", NULL, &at, &pair));
    assert_string_equal(pair.rest, "security.protocol");
    assert_string_equal(pair.value, "ssl");
    assert_false(settings_next(settings, "kafka.*", NULL, &at, &pair));
    settings_free(settings);

    const char *more[] = {"-b", "cmd:9", "--ui-port=9", "--no-ui", "-Xclient.id=x", "--conf=spark.app.name=cmd", NULL};
    settings = settings_new(&program);
    assert_int_equal(load(settings, environment, more), SETTINGS_RUN);
    assert_string_equal(settings_text(settings, "kafka.bootstrap.servers", NULL), "cmd:9");
    assert_int_equal(settings_int(settings, "spark.ui.port", NULL), 9);
    assert_string_equal(settings_origin(settings, "spark.ui.port", NULL), "command line");
    assert_false(settings_bool(settings, "spark.ui.enabled", NULL));
    assert_string_equal(settings_text(settings, "spark.app.name", NULL), "cmd");
    settings_free(settings);
}

/* The environment has no order: what is more definite wins. Empty variables count as unset. */
static void environment_order(void **state)
{
    static char e1[] = "SFCRIME_KAFKA_BOOTSTRAP_SERVERS=definite:1", e2[] = "SFCRIME_CONF=spark.app.name = conf",
                e3[] = "KAFKA_BOOTSTRAP_SERVERS=common:1",
                e4[] = "SFCRIME_SPARK_UI_PORT=", e5[] = "SFCRIME_SPARK_APP_NAME=definite", e6[] = "noequals",
                bad[] = "SFCRIME_CONF=spark.app.name = x\nspark.ui.prot = 1", worse[] = "SFCRIME_SPARK_UI_PORT=http";
    char *orders[][7] = {{e1, e2, e3, e4, e5, e6, NULL}, {e5, e4, e3, e2, e1, e6, NULL}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct settings *settings = settings_new(&program);
        assert_int_equal(load(settings, orders[i], NULL), SETTINGS_RUN);
        assert_string_equal(settings_text(settings, "kafka.bootstrap.servers", NULL), "definite:1");
        assert_string_equal(settings_text(settings, "spark.app.name", NULL), "definite");
        assert_string_equal(settings_origin(settings, "spark.ui.port", NULL), "default");
        settings_free(settings);
    }
    char *wrong[] = {bad, NULL}, *wrong2[] = {worse, NULL};
    struct settings *settings = settings_new(&program);
    assert_int_equal(load(settings, wrong, NULL), -1);
    assert_string_equal(err.text,
                        "environment SFCRIME_CONF:2: unknown setting spark.ui.prot; did you mean spark.ui.port?");
    settings_free(settings);
    settings = settings_new(&program);
    assert_int_equal(load(settings, wrong2, NULL), -1);
    assert_non_null(strstr(err.text, "environment SFCRIME_SPARK_UI_PORT: spark.ui.port = http: a whole number"));
    settings_free(settings);
}

static void families_and_stars(void **state)
{
    static const char file[] = "source.calls.subscribe = a\nsource.Calls.maxOffsetsPerTrigger = 5\n"
                               "source.more.subscribe = b\nsource.*.maxOffsetsPerTrigger = 7\n"
                               "source.*.kafka.client.id = all\nsource.more.kafka.client.id = own\n"
                               "source.*.kafka.fetch.min.bytes = 1\nquery.q.sql = SELECT 1\n";
    struct settings *settings = from_file(file, SETTINGS_RUN);
    struct settings_pair pair;
    size_t n, at = 0;

    (void)state;
    const char *const *names = settings_names(settings, "source.", &n);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "calls");
    assert_string_equal(names[1], "more");
    names = settings_names(settings, "query.", &n);
    assert_int_equal(n, 1);
    assert_string_equal(names[0], "q");
    settings_names(settings, "table.", &n);
    assert_int_equal(n, 0);
    assert_int_equal(settings_int(settings, "source.*.maxOffsetsPerTrigger", "calls"), 5);
    assert_int_equal(settings_int(settings, "source.*.maxOffsetsPerTrigger", "more"), 7);
    assert_true(settings_next(settings, "source.*.kafka.*", "more", &at, &pair));
    assert_string_equal(pair.value, "own");
    assert_true(settings_next(settings, "source.*.kafka.*", "more", &at, &pair));
    assert_string_equal(pair.rest, "fetch.min.bytes");
    assert_false(settings_next(settings, "source.*.kafka.*", "more", &at, &pair));
    at = 0;
    assert_true(settings_next(settings, "source.*.kafka.*", "calls", &at, &pair));
    assert_string_equal(pair.value, "all");
    settings_free(settings);

    /* an option speaks for all names and wins over the file; a definite key given with it wins again */
    const char *words[] = {"--config",
                           write_file("f", file),
                           "--max-offsets-per-trigger",
                           "9",
                           "--conf",
                           "source.calls.maxOffsetsPerTrigger=11",
                           "--query",
                           "Z = SELECT 2",
                           NULL};
    settings = settings_new(&program);
    assert_int_equal(load(settings, NULL, words), SETTINGS_RUN);
    assert_int_equal(settings_int(settings, "source.*.maxOffsetsPerTrigger", "calls"), 11);
    assert_int_equal(settings_int(settings, "source.*.maxOffsetsPerTrigger", "more"), 9);
    names = settings_names(settings, "query.", &n);
    assert_int_equal(n, 2);
    assert_string_equal(names[1], "Z");
    assert_string_equal(settings_text(settings, "query.*.sql", "z"), "SELECT 2");
    settings_free(settings);
}

static void command_lines(void **state)
{
    static const struct {
        const char *words[6];
        int wanted;
        const char *text; /* in the message */
    } lines[] = {
        {{NULL}, SETTINGS_RUN, NULL},
        {{"--help"}, SETTINGS_HELP, NULL},
        {{"-h", "--nonsense"}, SETTINGS_HELP, NULL},
        {{"--version"}, SETTINGS_VERSION, NULL},
        {{"-V"}, SETTINGS_VERSION, NULL},
        {{"--sample-config"}, SETTINGS_SAMPLE, NULL},
        {{"--check-config"}, SETTINGS_CHECK_CONFIG, NULL},
        {{"--print-config", "--check-config"}, SETTINGS_PRINT_CONFIG, NULL},
        {{"-X", "list"}, SETTINGS_LIST, NULL},
        {{"file", "--check-config"}, SETTINGS_CHECK_CONFIG, NULL},
        {{"--", "--help"}, SETTINGS_RUN, NULL},
        {{"-"}, SETTINGS_RUN, NULL},
        {{"--ui-prot", "1"}, -1, "unknown option --ui-prot; did you mean --ui-port?"},
        {{"--quux"}, -1, "unknown option --quux; see sf-test --help"},
        {{"-Q"}, -1, "unknown option -Q"},
        {{"--ui-port"}, -1, "--ui-port needs a value"},
        {{"-b"}, -1, "-b needs a value"},
        {{"--no-ui=yes"}, -1, "--no-ui takes no value"},
        {{"--con", "x"}, -1, "could be several options"},
        {{"--ui-port", "x"}, -1, "command line: spark.ui.port = x: a whole number"},
        {{"one", "two"}, -1, "'two' is one word too many"},
        {{"-X", "novalue"}, -1, "'novalue' is not of the form NAME=VALUE"},
        {{"--query", "=x"}, -1, "is not of the form NAME=SQL"},
        {{"--query", "a.b=x"}, -1, "unknown setting query.a.b.sql"},
        {{"--conf", "x"}, -1, "--conf 'x' is not of the form KEY=VALUE"},
        {{"--conf", "spark.ui.prot=1"}, -1, "command line: unknown setting spark.ui.prot; did you mean spark.ui.port?"},
        {{"--config", "/no/such/file"}, -1, "/no/such/file"},
        {{"--config", "/"}, -1, "directory"},
        {{"-F", "/no/such/file"}, -1, "/no/such/file"},
        {{"--explain"}, SETTINGS_RUN, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct settings *settings = settings_new(&program);
        int result = load(settings, NULL, lines[i].words);
        if (result != lines[i].wanted)
            fail_msg("line %zu: %d %s", i, result, result < 0 ? err.text : "");
        if (result < 0 && strstr(err.text, lines[i].text) == NULL)
            fail_msg("line %zu: %s", i, err.text);
        settings_free(settings);
    }
}

static void client_file(void **state)
{
    const char *words[] = {"-F", write_file("client", "# of kcat\nclient.id=from-file\nsasl.password=hush\n"), NULL};
    struct settings *settings = settings_new(&program);
    struct settings_pair pair;
    size_t at = 0;

    (void)state;
    assert_int_equal(load(settings, NULL, words), SETTINGS_RUN);
    assert_true(settings_next(settings, "kafka.*", NULL, &at, &pair));
    assert_string_equal(pair.rest, "client.id");
    assert_string_equal(pair.value, "from-file");
    assert_non_null(strstr(pair.origin, "client:2"));
    settings_free(settings);
}

static void paths(void **state)
{
    char config_dir[128], file[160], wanted[200];

    (void)state;
    snprintf(config_dir, sizeof(config_dir), "%s/config", dir);
    assert_int_equal(mkdir(config_dir, 0700), 0);
    snprintf(file, sizeof(file), "%s/x.properties", config_dir);
    snprintf(wanted, sizeof(wanted), "%s/data/radio.json", dir);
    static const struct {
        const char *value, *wanted; /* NULL: below dir */
    } cases[] = {{"data/radio.json", NULL}, {"./data/radio.json", NULL}, {"/abs", "/abs"}, {"-", "-"},
                 {"file:/tmp/x", "/tmp/x"}, {"file:///tmp/x", "/tmp/x"}, {"a:b", NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[256];
        snprintf(text, sizeof(text), "sf.file = %s\n", cases[i].value);
        assert_int_equal(fileio_replace(file, text, strlen(text), true, &err), 0);
        const char *words[] = {"--config", file, NULL};
        struct settings *settings = settings_new(&program);
        assert_int_equal(load(settings, NULL, words), SETTINGS_RUN);
        if (strcmp(cases[i].value, "a:b") == 0)
            snprintf(wanted, sizeof(wanted), "%s/a:b", dir);
        assert_string_equal(settings_text(settings, "sf.file", NULL),
                            cases[i].wanted != NULL ? cases[i].wanted : wanted);
        settings_free(settings);
    }
    /* elsewhere: from the working directory, so left alone */
    struct settings *settings = from_file("sf.file = data/x", SETTINGS_RUN);
    assert_string_equal(settings_text(settings, "sf.file", NULL), "data/x");
    settings_free(settings);
    const char *words[] = {"--config", file, "-f", "mine", NULL};
    settings = settings_new(&program);
    assert_int_equal(load(settings, NULL, words), SETTINGS_RUN);
    assert_string_equal(settings_text(settings, "sf.file", NULL), "mine");
    settings_free(settings);
}

static struct buf answer;

static const char *answer_of(struct settings *settings, enum settings_action action)
{
    buf_reset(&answer);
    settings_answer(settings, action, &answer);
    assert_false(answer.failed);
    return answer.data == NULL ? "" : answer.data;
}

static void what_is_printed(void **state)
{
    struct settings *settings =
        from_file("kafka.sasl.password = canary\nsf.token = canary\nsource.s.kafka.ssl.key.password = canary\n"
                  "source.s.subscribe = topic\nspark.sql.shuffle.partitions = 8\nkafka.client.id = me\n"
                  "source.t.maxOffsetsPerTrigger = 4",
                  SETTINGS_RUN);

    (void)state;
    const char *text = answer_of(settings, SETTINGS_PRINT_CONFIG);
    assert_null(strstr(text, "canary"));
    assert_non_null(strstr(text, "kafka.sasl.password = *********(redacted)\t# "));
    assert_non_null(strstr(text, "sf.token = *********(redacted)"));
    assert_non_null(strstr(text, "spark.ui.port = 4040\t# default\n"));
    assert_non_null(strstr(text, "kafka.client.id = me\t# "));
    assert_non_null(strstr(text, "test.properties:6\n"));
    assert_non_null(strstr(text, "source.s.subscribe = topic\t"));
    assert_non_null(strstr(text, "source.t.maxOffsetsPerTrigger = 4\t"));
    assert_non_null(strstr(text, "spark.sql.shuffle.partitions = 8\t"));
    assert_null(strstr(text, "explain"));
    assert_true(strstr(text, "source.s.subscribe") < strstr(text, "source.t."));
    text = answer_of(settings, SETTINGS_HELP);
    for (size_t i = 0; i < program.nrows; i++)
        if (rows[i].option != NULL)
            assert_non_null(strstr(text, rows[i].option));
    assert_non_null(strstr(text, "Usage: sf-test [OPTION]... [FILE]\n"));
    assert_non_null(strstr(text, "  -b, --bootstrap-servers LIST"));
    assert_non_null(strstr(text, "Default: 4040. [spark.ui.port]"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 110);
    assert_non_null(strstr(answer_of(settings, SETTINGS_VERSION), "sf-test "));
    assert_non_null(strstr(answer_of(settings, SETTINGS_SAMPLE), "\n#source.NAME.maxOffsetsPerTrigger =\n"));
    settings_free(settings);

    /* the sample is a file that can be read; with its # taken out, its defaults are good */
    settings = settings_new(&program);
    struct buf sample = BUF_INIT;
    settings_answer(settings, SETTINGS_SAMPLE, &sample);
    settings_free(settings);
    settings = from_file(sample.data, SETTINGS_RUN);
    settings_free(settings);
    buf_release(&sample);
    buf_release(&answer);
}

static void secrets_stay_out_of_errors(void **state)
{
    struct settings *settings = from_file("sf.token = canary\xff", -1);

    (void)state;
    assert_null(strstr(err.text, "canary"));
    settings_free(settings);
    settings = settings_new(&program);
    const char *words[] = {"--conf", "kafka.sasl.password=canary\xff", NULL};
    assert_int_equal(load(settings, NULL, words), -1);
    assert_null(strstr(err.text, "canary"));
    assert_non_null(strstr(err.text, "(redacted)"));
    settings_free(settings);
}

static void required(void **state)
{
    static const struct settings_row required_rows[] = {
        {.key = "sf.must",
         .type = SETTINGS_TEXT,
         .flags = SETTINGS_REQUIRED,
         .option = "must",
         .argument = "X",
         .help = "Must."},
        SETTINGS_ROWS_LOG,
    };
    static const struct settings_program required_program = {
        .name = "sf-must", .usage = "", .summary = "", .nrows = 3, .rows = required_rows};
    const char *words[] = {"--must", "x", NULL};

    (void)state;
    struct settings *settings = settings_new(&required_program);
    assert_int_equal(load(settings, NULL, NULL), -1);
    assert_string_equal(err.text, "sf.must is not set; put it into a configuration file or use --must");
    settings_free(settings);
    settings = settings_new(&required_program);
    assert_int_equal(load(settings, NULL, words), SETTINGS_RUN);
    errbuf_clear(&err);
    assert_int_equal(settings_complain(settings, "sf.must", NULL, &err, "%d is odd", 3), -1);
    assert_string_equal(err.text, "command line: sf.must = x: 3 is odd");
    settings_free(settings);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_format),         TEST(refused_lines),
        TEST(values_by_type),     TEST(precedence),
        TEST(families_and_stars), TEST(command_lines),
        TEST(client_file),        TEST(paths),
        TEST(what_is_printed),    TEST(secrets_stay_out_of_errors),
        TEST(required),           TEST(environment_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
