/* The table of settings and what becomes of it: command line in, struct config out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fileio.h"
#include "processor/assemble.h"
#include "processor/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64];
static struct errbuf err;
static struct settings *settings;
static struct assemble got;
static bool assembled;

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/sf-assemble-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static void forget(void)
{
    if (assembled)
        assemble_release(&got);
    assembled = false;
    settings_free(settings);
    settings = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    forget();
    return fileio_remove_tree(dir, &err);
}

/* Load and assemble a file's text and up to six words. 0, -1 with err. */
static int assemble_text(const char *text, char **words)
{
    static char path[128], program[] = "sf-processor", option[] = "--config";
    char *argv[12] = {program, option, path};
    int argc = 3;

    forget();
    snprintf(path, sizeof(path), "%s/test.properties", dir);
    assert_int_equal(fileio_replace(path, text, strlen(text), true, &err), 0);
    for (; words != NULL && *words != NULL; words++)
        argv[argc++] = *words;
    settings = settings_new(&settings_processor);
    assert_non_null(settings);
    if (settings_load(settings, argc, argv, NULL, &err) < 0)
        return -1;
    if (assemble_config(&got, settings, true, &err) != 0)
        return -1;
    assembled = true;
    return 0;
}

static void must(const char *text, char **words)
{
    if (assemble_text(text, words) != 0)
        fail_msg("%s", err.text);
}

#define MINIMAL "source.calls.subscribe = t\nquery.q.sql = SELECT 1\n"

static void defaults(void **state)
{
    (void)state;
    must(MINIMAL, NULL);
    const struct config *config = &got.config;
    assert_string_equal(config->app_name, "SFCrimeStatistics");
    assert_null(config->group);
    assert_string_equal(config->time_zone, "UTC");
    assert_int_equal(config->broker_timeout_ms, 30000);
    assert_int_equal(config->stop_timeout_ms, 30000);
    assert_int_equal(config->progress_history, 100);
    assert_int_equal(config->no_data_progress_ms, 10000);
    assert_int_equal(config->polling_delay_ms, 10);
    assert_int_equal(config->min_batches_to_retain, 100);
    assert_int_equal(config->snapshot_interval, 10);
    assert_true(config->no_data_batches);
    assert_true(config->console_escape); /* a terminal */
    assert_false(config->from_scratch);
    assert_null(config->progress_file);
    assert_int_equal(config->nsources, 1);
    const struct config_source *source = &config->sources[0];
    assert_string_equal(source->name, "calls");
    assert_string_equal(source->subscribe, "t");
    assert_null(source->subscribe_pattern);
    assert_null(source->assign);
    assert_string_equal(source->starting_offsets, "latest");
    assert_null(source->starting_timestamp);
    assert_true(source->max_offsets_per_trigger == CONFIG_NONE);
    assert_true(source->min_offsets_per_trigger == CONFIG_NONE);
    assert_int_equal(source->max_trigger_delay_ms, 900000);
    assert_true(source->fail_on_data_loss);
    assert_null(source->schema);
    assert_null(source->watermark_column);
    assert_int_equal(source->on_malformed, CONFIG_MALFORMED_NULL);
    assert_string_equal(conf_get(&source->kafka, "bootstrap.servers"), "localhost:9092");
    const struct config_query *query = &config->queries[0];
    assert_int_equal(config->nqueries, 1);
    assert_string_equal(query->name, "q");
    assert_int_equal(query->output_mode, PLAN_APPEND);
    assert_int_equal(query->trigger, CONFIG_TRIGGER_INTERVAL);
    assert_int_equal(query->trigger_ms, 0);
    assert_string_equal(query->format, "console");
    assert_int_equal(query->num_rows, 20);
    assert_int_equal(query->truncate, 20);
    assert_false(query->title);
    assert_null(query->checkpoint_location);
    assert_true(got.ui_enabled);
    assert_string_equal(got.server.host, "127.0.0.1");
    assert_int_equal(got.server.port, 4040);
    assert_int_equal(got.server.max_retries, 16);
    assert_int_equal(got.server.nallowed_hosts, 0);
    assert_true(got.nshown > 20);
}

static void everything_set(void **state)
{
    static const char text[] =
        "spark.app.name = A\nspark.ui.enabled = false\nspark.ui.port = 0\nspark.port.maxRetries = 0\nsf.ui.host = ::1\n"
        "sf.ui.allowedHosts = a.example, b.example,\nspark.sql.session.timeZone = America/Los_Angeles\n"
        "spark.sql.streaming.checkpointLocation = /cp\nspark.sql.streaming.numRecentProgressUpdates = 5\n"
        "spark.sql.streaming.noDataProgressEventInterval = 250\nspark.sql.streaming.noDataMicroBatches.enabled = "
        "false\n"
        "spark.sql.streaming.minBatchesToRetain = 7\nspark.sql.streaming.stateStore.minDeltasForSnapshot = 3\n"
        "spark.sql.streaming.pollingDelay = 20ms\nsf.broker.timeout = 1m\nsf.stop.timeout = 2s\nsf.group = g\n"
        "sf.console.escape = never\nsf.progress.file = /p\nkafka.bootstrap.servers = b1:1,b2:2\nKafka.Client.ID = c\n"
        "source.s.subscribePattern = a.*\nsource.s.startingOffsets = Earliest\nsource.s.startingTimestamp = 5\n"
        "source.s.startingOffsetsByTimestamp = {}\nsource.s.startingOffsetsByTimestampStrategy = latest\n"
        "source.s.maxOffsetsPerTrigger = 20\nsource.s.minOffsetsPerTrigger = 10\nsource.s.maxTriggerDelay = 90000\n"
        "source.s.failOnDataLoss = false\nsource.s.schema = a STRING\nsource.s.watermark = `odd name` 1 month 1 day\n"
        "source.s.onMalformed = deadletter\nsource.s.kafka.client.id = own\nsource.r.assign = {\"x\":[0]}\n"
        "source.r.kafka.bootstrap.servers = other:3\nsource.r.onMalformed = fail\nsource.r.watermark = t 500ms\n"
        "table.t.path = file:///x.json\ntable.t.schema = k STRING\ntable.t.multiLine = false\ntable.u.path = /u.csv\n"
        "table.u.format = csv\ntable.u.multiLine = TRUE\n"
        "query.one.sql = SELECT 1\nquery.one.outputMode = Complete\nquery.one.trigger = availablenow\n"
        "query.one.option.numRows = -1\nquery.one.option.truncate = false\nquery.one.option.title = true\n"
        "query.two.sql = SELECT 2\nquery.two.outputMode = update\nquery.two.trigger = ONCE\nquery.two.format = kafka\n"
        "query.two.option.topic = out\nquery.two.option.transactional = true\nquery.two.option.kafka.linger.ms = 7\n"
        "query.three.sql = SELECT 3\nquery.three.trigger = 1.5 seconds\nquery.three.format = CSV\n"
        "query.three.option.path = /out\nquery.three.option.header = true\nquery.three.checkpointLocation = /own\n";

    (void)state;
    must(text, NULL);
    const struct config *config = &got.config;
    assert_string_equal(config->app_name, "A");
    assert_string_equal(config->group, "g");
    assert_string_equal(config->time_zone, "America/Los_Angeles");
    assert_int_equal(config->broker_timeout_ms, 60000);
    assert_int_equal(config->stop_timeout_ms, 2000);
    assert_int_equal(config->progress_history, 5);
    assert_int_equal(config->no_data_progress_ms, 250);
    assert_int_equal(config->polling_delay_ms, 20);
    assert_int_equal(config->min_batches_to_retain, 7);
    assert_int_equal(config->snapshot_interval, 3);
    assert_false(config->no_data_batches);
    assert_false(config->console_escape);
    assert_string_equal(config->progress_file, "/p");
    assert_false(got.ui_enabled);
    assert_string_equal(got.server.host, "::1");
    assert_int_equal(got.server.port, 0);
    assert_int_equal(got.server.max_retries, 0);
    assert_int_equal(got.server.nallowed_hosts, 2);
    assert_string_equal(got.server.allowed_hosts[1], "b.example");
    assert_int_equal(config->nsources, 2);
    const struct config_source *s = &config->sources[0], *r = &config->sources[1];
    assert_string_equal(s->subscribe_pattern, "a.*");
    assert_string_equal(s->starting_offsets, "earliest");
    assert_string_equal(s->starting_timestamp, "5");
    assert_string_equal(s->starting_offsets_by_timestamp, "{}");
    assert_true(s->starting_timestamp_strategy_latest);
    assert_int_equal(s->max_offsets_per_trigger, 20);
    assert_int_equal(s->min_offsets_per_trigger, 10);
    assert_int_equal(s->max_trigger_delay_ms, 90000);
    assert_false(s->fail_on_data_loss);
    assert_string_equal(s->schema, "a STRING");
    assert_string_equal(s->watermark_column, "odd name");
    assert_int_equal(s->watermark_delay_us, INT64_C(32) * 86400 * 1000000);
    assert_int_equal(s->on_malformed, CONFIG_MALFORMED_DEADLETTER);
    assert_string_equal(conf_get(&s->kafka, "bootstrap.servers"), "b1:1,b2:2");
    assert_string_equal(conf_get(&s->kafka, "client.id"), "own");
    assert_string_equal(r->assign, "{\"x\":[0]}");
    assert_string_equal(conf_get(&r->kafka, "bootstrap.servers"), "other:3");
    assert_string_equal(conf_get(&r->kafka, "client.id"), "c");
    assert_int_equal(r->on_malformed, CONFIG_MALFORMED_FAIL);
    assert_string_equal(r->watermark_column, "t");
    assert_int_equal(r->watermark_delay_us, 500000);
    assert_int_equal(config->ntables, 2);
    assert_string_equal(config->tables[0].path, "/x.json");
    assert_string_equal(config->tables[0].format, "json");
    assert_int_equal(config->tables[0].multi_line, CONFIG_MULTILINE_FALSE);
    assert_string_equal(config->tables[1].format, "csv");
    assert_int_equal(config->tables[1].multi_line, CONFIG_MULTILINE_TRUE);
    assert_null(config->tables[1].schema);
    assert_int_equal(config->nqueries, 3);
    const struct config_query *one = &config->queries[0], *two = &config->queries[1], *three = &config->queries[2];
    assert_int_equal(one->output_mode, PLAN_COMPLETE);
    assert_int_equal(one->trigger, CONFIG_TRIGGER_AVAILABLE_NOW);
    assert_int_equal(one->num_rows, -1); /* as in Spark: none are shown */
    assert_int_equal(one->truncate, 0);
    assert_true(one->title);
    assert_string_equal(one->checkpoint_location, "/cp/one");
    assert_int_equal(two->output_mode, PLAN_UPDATE);
    assert_int_equal(two->trigger, CONFIG_TRIGGER_ONCE);
    assert_string_equal(two->format, "kafka");
    assert_string_equal(two->topic, "out");
    assert_true(two->transactional);
    assert_string_equal(conf_get(&two->kafka, "linger.ms"), "7");
    assert_string_equal(conf_get(&two->kafka, "client.id"), "c");
    assert_int_equal(three->trigger_ms, 1500);
    assert_string_equal(three->format, "csv");
    assert_string_equal(three->path, "/out");
    assert_true(three->header);
    assert_string_equal(three->checkpoint_location, "/own");
}

static void options(void **state)
{
    static char words[][40] = {
        "-b",          "host:1",        "-t", "topic", "--trigger", "1m", "--max-offsets-per-trigger=9",
        "--ui-port=5", "--from-scratch"};
    char *list[10];

    (void)state;
    for (size_t i = 0; i < 9; i++)
        list[i] = words[i];
    list[9] = NULL;
    must("source.a.subscribe = t\nsource.b.subscribe = t\nquery.q.sql = SELECT 1\nquery.q.trigger = 5 seconds\n"
         "source.a.maxOffsetsPerTrigger = 1\n",
         list);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(got.config.sources[i].subscribe, "topic");
        assert_int_equal(got.config.sources[i].max_offsets_per_trigger, 9);
        assert_string_equal(conf_get(&got.config.sources[i].kafka, "bootstrap.servers"), "host:1");
    }
    assert_int_equal(got.config.queries[0].trigger_ms, 60000);
    assert_int_equal(got.server.port, 5);
    assert_true(got.config.from_scratch);
}

static void refusals(void **state)
{
    static const struct {
        const char *text;
        const char *wanted;
    } cases[] = {
        {"", "there is no query: set query.NAME.sql in "},
        {"query.q.trigger = once", "query.q.sql is not set"},
        {"query.q.sql =", "empty"},
        {MINIMAL "query.q.trigger = 5", "query.q.trigger = 5: an interval such as '5 seconds'"},
        {MINIMAL "query.q.trigger = 5 parsecs", "trigger"},
        {MINIMAL "query.q.trigger = -5 seconds", "not negative"},
        {MINIMAL "query.q.trigger = 1 month", "no months"},
        {MINIMAL "query.q.outputMode = whole", "one of complete, update, append is wanted"},
        {MINIMAL "query.q.format = xml", "one of console, kafka, csv, noop"},
        {MINIMAL "query.q.format = csv", "query.q.option.path is not set"},
        {MINIMAL "query.q.option.truncate = 30", "query.q.option.truncate = 30: true or false is wanted"},
        {MINIMAL "query.q.option.numRows = 2147483648", "to 2147483647"},
        {MINIMAL "query.q.option.numRow = 1", "did you mean option.numRows?"},
        {MINIMAL "query.q.checkpointLocation = /a\nquery.r.sql = SELECT 1\nquery.r.checkpointLocation = /a",
         "queries q and r have the same checkpointLocation /a"},
        {MINIMAL "table.t.schema = a STRING", "table.t.path is not set"},
        {MINIMAL "source.calls.startingOffsets = yesterday", "startingOffsets = yesterday: earliest, latest or"},
        {MINIMAL "source.calls.endingOffsets = latest", "ending offset not valid in streaming queries"},
        {MINIMAL "source.calls.maxOffsetsPerTrigger = 0", "of at least 1"},
        {MINIMAL "source.calls.maxOffsetsPerTrigger = abc", "maxOffsetsPerTrigger = abc"},
        {MINIMAL "source.calls.minOffsetsPerTrigger = 10\nsource.calls.maxOffsetsPerTrigger = 5",
         "The value of minOffsetPerTrigger(10) is higher than the maxOffsetsPerTrigger(5)."},
        {MINIMAL "source.calls.failOnDataLoss = maybe", "true or false is wanted"},
        {MINIMAL "source.calls.includeHeaders = true", "there are no arrays here"},
        {MINIMAL "source.calls.onMalformed = DROPMALFORMED", "one of null, fail, deadletter is wanted"},
        {MINIMAL "source.calls.watermark = call_date_time", "a column and a delay are wanted"},
        {MINIMAL "source.calls.watermark = call_date_time -5 minutes", "should not be negative"},
        {MINIMAL "source.calls.watermark = call_date_time x", "Unable to parse 'x'"},
        {MINIMAL "source.calls.watermark = ` 5 minutes", "a column and a delay"},
        {MINIMAL "source.calls.kafka.auto.offset.reset = earliest", "auto.offset.reset"},
        {MINIMAL "kafka.fetch.wait.max.mss = 1", "fetch.wait.max.ms"},
        {MINIMAL "kafka.fetch.wait.max.ms = soon", "fetch.wait.max.ms = soon"},
        {MINIMAL "kafka.bootstrap.servers =", "empty"},
        {MINIMAL "spark.master = spark://host:7077", "this is one process"},
        {MINIMAL "spark.master = local[0]", "local, local[N] or local[*] is wanted"},
        {MINIMAL "spark.sql.ansi.enabled = false", "only true is possible"},
        {MINIMAL "spark.sql.caseSensitive = true", "only false is possible"},
        {MINIMAL "spark.executor.memory = 1g", "there are no executors"},
        {MINIMAL "spark.driver.memory = 1g", "there is no JVM"},
        {MINIMAL "explain = true", "on the command line only"},
        {MINIMAL "from-scratch = true", "on the command line only"},
        {MINIMAL "maxOffsetPerTrigger = 200", "did you mean maxOffsetsPerTrigger?"},
        {MINIMAL "source.calls.maxOffsetPerTrigger = 200", "did you mean maxOffsetsPerTrigger?"},
        {MINIMAL "spark.ui.prot = 1", "did you mean spark.ui.port?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (assemble_text(cases[i].text, NULL) == 0)
            fail_msg("taken: %s", cases[i].text);
        if (strstr(err.text, cases[i].wanted) == NULL)
            fail_msg("%s\n  gave: %s", cases[i].text, err.text);
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
}

static void only_warned(void **state)
{
    static const char *const keys[] = {"spark.sql.shuffle.partitions",
                                       "spark.default.parallelism",
                                       "spark.streaming.kafka.maxRatePerPartition",
                                       "spark.streaming.stopGracefullyOnShutdown",
                                       "source.calls.maxRatePerPartition",
                                       "source.calls.stopGracefullyOnShutdown",
                                       "source.calls.minPartitions",
                                       "source.calls.maxRecordsPerPartition",
                                       "source.calls.fetchOffset.numRetries",
                                       "source.calls.fetchOffset.retryIntervalMs",
                                       "source.calls.groupIdPrefix",
                                       "source.calls.kafkaConsumer.pollTimeoutMs",
                                       "spark.jars.packages"};

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        char text[256];
        snprintf(text, sizeof(text), MINIMAL "%s = anything at all\n", keys[i]);
        must(text, NULL);
    }
}

static void watermarks_and_triggers(void **state)
{
    static const struct {
        const char *text;
        int64_t wanted; /* ms; -3: refused */
    } triggers[] = {{"once", SETTINGS_TRIGGER_ONCE},
                    {"AvailableNow", SETTINGS_TRIGGER_AVAILABLE_NOW},
                    {"5 seconds", 5000},
                    {"5s", 5000},
                    {"interval 1 minute", 60000},
                    {"0 seconds", 0},
                    {"100 milliseconds", 100},
                    {"1500 microseconds", 1},
                    {"1 day", 86400000},
                    {"5", -3},
                    {"", -3},
                    {"never", -3}};

    (void)state;
    for (size_t i = 0; i < sizeof(triggers) / sizeof(*triggers); i++) {
        int64_t ms = -3;
        int result = settings_parse_trigger(triggers[i].text, &ms, &err);
        assert_int_equal(result, triggers[i].wanted == -3 ? -1 : 0);
        assert_int_equal(ms, triggers[i].wanted);
    }
}

/* The page's settings hold no secret. */
static void secrets(void **state)
{
    (void)state;
    must(MINIMAL "kafka.sasl.password = canary\nsource.calls.kafka.ssl.key.password = canary\n"
                 "query.q.option.kafka.sasl.password = canary\n",
         NULL);
    size_t masked = 0;
    for (size_t i = 0; i < got.nshown; i++) {
        assert_null(strstr(got.shown[i].value, "canary"));
        masked += strcmp(got.shown[i].value, "*********(redacted)") == 0;
    }
    assert_int_equal(masked, 3);
    assert_string_equal(conf_get(&got.config.sources[0].kafka, "sasl.password"), "canary");
}

/* "\nsf.group =", ".subscribe =", ".kafka.": how the shipped file writes a row's key behind the name. */
static void written_key(const struct settings_row *row, char *out, size_t size)
{
    const char *star = strstr(row->key, ".*.");
    const char *tail = star == NULL ? row->key : star + 3;
    size_t len = strlen(tail);
    bool open = tail[len - 1] == '*';

    snprintf(out, size, "%s%.*s%s", star == NULL ? "\n" : ".", (int)(open ? len - 1 : len), tail, open ? "" : " =");
}

/* config/sf-processor.properties is good, names every setting that does something, and explains each on a line above.
 * The tests run in the clone's directory. */
static void shipped_file(void **state)
{
    struct buf text = BUF_INIT, keys = BUF_INIT;

    (void)state;
    if (fileio_read("config/sf-processor.properties", 1 << 20, &text, NULL, &err) != 0)
        fail_msg("%s", err.text);
    must(text.data, NULL);
    assert_int_equal(got.config.nqueries, 1);
    assert_string_equal(got.config.queries[0].name, "crimes");
    assert_string_equal(got.config.queries[0].sql,
                        "SELECT original_crime_type_name, count(*) AS count FROM calls GROUP BY "
                        "original_crime_type_name ORDER BY count DESC");
    assert_int_equal(got.config.sources[0].max_offsets_per_trigger, 200);
    assert_int_equal(got.config.queries[0].trigger_ms, 5000);

    /* the same text with the # before keys taken away */
    bool explained = false;
    for (const char *line = text.data; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        bool comment = len > 1 && line[0] == '#' && line[1] == ' ';
        bool key = len > 0 && !comment && line[0] != ' ';
        if (key && line[0] != '#' && !explained)
            fail_msg("no comment above: %.*s", (int)len, line);
        explained = comment;
        buf_append_byte(&keys, '\n');
        buf_append(&keys, line + (key && line[0] == '#'), len - (key && line[0] == '#'));
        line += len + (line[len] == '\n');
    }
    assert_false(keys.failed);
    for (size_t i = 0; i < settings_processor.nrows; i++) {
        const struct settings_row *row = &settings_processor.rows[i];
        char key[80];
        if (row->status != SETTINGS_HONOURED || (row->flags & SETTINGS_OPTION_ONLY))
            continue;
        written_key(row, key, sizeof(key));
        if (strstr(keys.data, key) == NULL)
            fail_msg("config/sf-processor.properties does not explain %s", row->key);
    }
    buf_release(&text);
    buf_release(&keys);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(defaults),    TEST(everything_set),          TEST(options), TEST(refusals),
        TEST(only_warned), TEST(watermarks_and_triggers), TEST(secrets), TEST(shipped_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
