/* One row per key. What Spark has is called and means what it does there; where a key can have no effect here the row
 * says why, and where taking it silently would mislead it is refused with the reason. */
#include "processor/settings.h"

#include "common/parsenum.h"
#include "kafka/conf_settings.h"

#include <string.h>
#include <strings.h>

static const char *const output_modes[] = {"complete", "update", "append", NULL}; /* as enum plan_output_mode */
static const char *const malformed[] = {"null", "fail", "deadletter", NULL};      /* as enum config_malformed */
static const char *const multi_line[] = {"auto", "true", "false", NULL};          /* as in struct config_table */
static const char *const table_formats[] = {"json", "csv", NULL};
static const char *const sink_formats[] = {"console", "kafka", "csv", "noop", NULL};
static const char *const escape_modes[] = {"auto", "always", "never", NULL};
static const char *const timestamp_strategies[] = {"error", "latest", NULL};

/* --- checks of single values ------------------------------------------------------------------------------------ */

static int check_master(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    int64_t n;
    char inside[24];
    size_t len = strlen(value);

    (void)name;
    (void)rest;
    if (strcmp(value, "local") == 0 || strcmp(value, "local[*]") == 0)
        return 0;
    if (len > 7 && len < 7 + sizeof(inside) && strncmp(value, "local[", 6) == 0 && value[len - 1] == ']') {
        memcpy(inside, value + 6, len - 7);
        inside[len - 7] = '\0';
        if (parsenum_i64(inside, 1, 1024, &n) == 0)
            return 0;
    }
    return errbuf_set(err, EXIT_CODE_USAGE,
                      "local, local[N] or local[*] is wanted: this is one process and needs no cluster");
}

static int check_is_true(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)name;
    (void)rest;
    if (strcasecmp(value, "true") == 0)
        return 0;
    return errbuf_set(err, EXIT_CODE_USAGE, "only true is possible: Spark 4's default, errors instead of NULLs");
}

static int check_is_false(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)name;
    (void)rest;
    if (strcasecmp(value, "false") == 0)
        return 0;
    return errbuf_set(err, EXIT_CODE_USAGE, "only false is possible: names ignore case, Spark's default");
}

static int check_no_headers(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)name;
    (void)rest;
    if (strcasecmp(value, "false") == 0)
        return 0;
    return errbuf_set(err, EXIT_CODE_USAGE,
                      "only false is possible: headers would be an array, and there are no arrays here");
}

static int check_starting_offsets(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)name;
    (void)rest;
    if (strcasecmp(value, "earliest") == 0 || strcasecmp(value, "latest") == 0 || *value == '{')
        return 0;
    return errbuf_set(err, EXIT_CODE_USAGE,
                      "earliest, latest or offsets of every partition are wanted, "
                      "e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":{\"0\":-2}} (-2: earliest, -1: latest)");
}

static int check_watermark(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    const char *column;
    size_t len;
    int64_t delay_us;

    (void)name;
    (void)rest;
    return settings_split_watermark(value, &column, &len, &delay_us, err);
}

static int check_trigger(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    int64_t trigger_ms;

    (void)name;
    (void)rest;
    return settings_parse_trigger(value, &trigger_ms, err);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct settings_row rows[] = {
    {.key = "spark.app.name",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "SFCrimeStatistics",
     .help = "Name of the application, shown on the page."},
    {.key = "spark.master",
     .type = SETTINGS_TEXT,
     .def = "local[*]",
     .check = check_master,
     .help = "local, local[N] or local[*]. Each query runs on one thread of its own, which keeps up with a broker on "
             "the same machine; N "
             "is checked and else not used."},
    {.key = "spark.ui.enabled",
     .type = SETTINGS_BOOL,
     .def = "true",
     .option = "no-ui",
     .option_value = "false",
     .help = "Whether the page and the API are served; --no-ui turns them off."},
    {.key = "spark.ui.port",
     .type = SETTINGS_INT,
     .def = "4040",
     .max = 65535,
     .option = "ui-port",
     .argument = "N",
     .help = "Port of the page and the API; 0 takes any free one. The log names the URL."},
    {.key = "spark.port.maxRetries",
     .type = SETTINGS_INT,
     .def = "16",
     .max = 1000,
     .help = "How many further ports are tried when spark.ui.port is taken; 0: that port, or the program ends with 6."},
    {.key = "sf.ui.host",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "127.0.0.1",
     .help = "Address that the page is bound to. Only this machine can reach the default; 0.0.0.0 opens it to the "
             "network, without any "
             "login."},
    {.key = "sf.ui.allowedHosts",
     .type = SETTINGS_TEXT,
     .def = "",
     .help = "Names, comma-separated, that a request may address besides the bound address and localhost (a guard "
             "against DNS "
             "rebinding); * allows all."},
    {.key = "spark.sql.session.timeZone",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "UTC",
     .help = "Time zone that times without an offset are read and shown in, e.g. America/Los_Angeles."},
    {.key = "spark.sql.ansi.enabled",
     .type = SETTINGS_BOOL,
     .def = "true",
     .check = check_is_true,
     .help = "Overflow, division by zero and casts that cannot be are errors, as in Spark 4. Only true is possible."},
    {.key = "spark.sql.caseSensitive",
     .type = SETTINGS_BOOL,
     .def = "false",
     .check = check_is_false,
     .help = "Names of columns ignore case. Only false is possible."},
    {.key = "spark.sql.streaming.checkpointLocation",
     .type = SETTINGS_PATH,
     .flags = SETTINGS_NOT_EMPTY,
     .example = "build/run/checkpoints",
     .help = "Directory below which each query without a checkpointLocation of its own keeps its checkpoint, in a "
             "directory of the query's "
             "name. Without both, a query starts from nothing each time."},
    {.key = "spark.sql.streaming.numRecentProgressUpdates",
     .type = SETTINGS_INT,
     .def = "100",
     .min = 1,
     .max = 100000,
     .help = "Progress records that the page and the API keep of each query."},
    {.key = "spark.sql.streaming.noDataProgressEventInterval",
     .type = SETTINGS_DURATION,
     .flags = SETTINGS_BARE_MS,
     .def = "10000",
     .max = SETTINGS_ANY,
     .help = "How often an idle query reports; a bare number counts milliseconds."},
    {.key = "spark.sql.streaming.noDataMicroBatches.enabled",
     .type = SETTINGS_BOOL,
     .def = "true",
     .help =
         "Whether a batch without input runs when the watermark has moved, so that closed windows come out at once."},
    {.key = "spark.sql.streaming.minBatchesToRetain",
     .type = SETTINGS_INT,
     .def = "100",
     .min = 1,
     .max = SETTINGS_ANY,
     .help = "Batches whose files the checkpoint keeps."},
    {.key = "spark.sql.streaming.stateStore.minDeltasForSnapshot",
     .type = SETTINGS_INT,
     .def = "10",
     .min = 1,
     .max = 100000,
     .help = "Changes of the state are kept batch by batch; after so many a whole snapshot is written."},
    {.key = "spark.sql.streaming.pollingDelay",
     .type = SETTINGS_DURATION,
     .flags = SETTINGS_BARE_MS,
     .def = "10",
     .min = 1,
     .max = 60000,
     .help = "Pause between looks for new records of a query whose trigger is 0 seconds; a bare number counts "
             "milliseconds."},
    {.key = "sf.broker.timeout",
     .type = SETTINGS_DURATION,
     .def = "30 seconds",
     .min = 1,
     .max = 86400000,
     .help = "How long the first contact with the broker may take; then the program ends with 3. Once it has been "
             "reached, a broker that is "
             "away is waited for, however long."},
    {.key = "sf.stop.timeout",
     .type = SETTINGS_DURATION,
     .def = "30 seconds",
     .max = 86400000,
     .help = "How long a stop waits for the batch in progress. A batch that takes longer is given up and runs again at "
             "the next start."},
    {.key = "sf.group",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .option = "group",
     .letter = 'g',
     .argument = "NAME",
     .example = "sf-crime",
     .help = "Consumer group that offsets are also committed to, so that Kafka's tools show the lag; the checkpoint "
             "alone decides where a query "
             "goes on. Default: sfcrime-<query id>."},
    {.key = "sf.console.escape",
     .type = SETTINGS_ENUM,
     .def = "auto",
     .choices = escape_modes,
     .help = "Whether tables show control and bidirectional characters as visible escapes. auto: on a terminal; "
             "elsewhere the bytes are "
             "Spark's."},
    {.key = "sf.progress.file",
     .type = SETTINGS_PATH,
     .flags = SETTINGS_NOT_EMPTY,
     .option = "progress-file",
     .argument = "FILE",
     .example = "build/run/progress.jsonl",
     .help = "Append every progress record, idle ones too, to FILE: one compact JSON a line."},
    SETTINGS_ROWS_LOG,

    CONF_SETTINGS_ROWS,

    {.key = "source.*.subscribe",
     .type = SETTINGS_TEXT,
     .option = "topic",
     .letter = 't',
     .argument = "TOPIC",
     .example = "sf.crimes",
     .help = "Topics to read, comma-separated. The source's name is the view that queries select from. Exactly one of "
             "subscribe, subscribePattern "
             "and assign is given."},
    {.key = "source.*.subscribePattern",
     .type = SETTINGS_TEXT,
     .example = "sf\\..*",
     .help = "Regular expression; all topics whose whole name it matches are read."},
    {.key = "source.*.assign",
     .type = SETTINGS_TEXT,
     .example = "{\"sf.crimes\":[0,1]}",
     .help = "Partitions to read, as JSON."},
    {.key = "source.*.startingOffsets",
     .type = SETTINGS_TEXT,
     .def = "latest",
     .check = check_starting_offsets,
     .help = "Where a query without a checkpoint begins: earliest, latest, or JSON with an offset for every partition. "
             "A query with a checkpoint goes "
             "on where it was."},
    {.key = "source.*.startingTimestamp",
     .type = SETTINGS_INT,
     .max = SETTINGS_ANY,
     .unit = "milliseconds since 1970",
     .example = "1546300800000",
     .help = "Begin at the first record at or after this time; goes before startingOffsets."},
    {.key = "source.*.startingOffsetsByTimestamp",
     .type = SETTINGS_TEXT,
     .example = "{\"sf.crimes\":{\"0\":1546300800000}}",
     .help = "The same with a time for each partition, as JSON."},
    {.key = "source.*.startingOffsetsByTimestampStrategy",
     .type = SETTINGS_ENUM,
     .def = "error",
     .choices = timestamp_strategies,
     .help = "What happens to a partition without a record at or after that time: the query fails, or begins at the "
             "partition's end."},
    {.key = "source.*.maxOffsetsPerTrigger",
     .type = SETTINGS_INT,
     .min = 1,
     .max = SETTINGS_ANY,
     .unit = "offsets",
     .example = "200",
     .option = "max-offsets-per-trigger",
     .argument = "N",
     .help = "Upper limit of a batch, over all partitions in proportion to what they hold. Without it a batch takes "
             "all there is."},
    {.key = "source.*.minOffsetsPerTrigger",
     .type = SETTINGS_INT,
     .min = 1,
     .max = SETTINGS_ANY,
     .unit = "offsets",
     .example = "10",
     .help = "Wait for so many new offsets before a batch, but no longer than maxTriggerDelay."},
    {.key = "source.*.maxTriggerDelay",
     .type = SETTINGS_DURATION,
     .flags = SETTINGS_BARE_MS,
     .def = "15m",
     .max = SETTINGS_ANY,
     .help = "Longest wait for minOffsetsPerTrigger."},
    {.key = "source.*.failOnDataLoss",
     .type = SETTINGS_BOOL,
     .def = "true",
     .help = "Records that should be there and are gone (retention, a topic made anew): true ends the query with 4 and "
             "says what is lost; false "
             "warns and goes on."},
    {.key = "source.*.includeHeaders",
     .type = SETTINGS_BOOL,
     .def = "false",
     .check = check_no_headers,
     .help = "A column with the records' headers. Only false is possible."},
    {.key = "source.*.schema",
     .type = SETTINGS_TEXT,
     .example = "crime_id STRING, call_date_time TIMESTAMP",
     .help = "Columns that are read from the record's JSON, as DDL. Without it the view has one column, value. _key, "
             "_topic, _partition, _offset "
             "and _timestamp are always there."},
    {.key = "source.*.watermark",
     .type = SETTINGS_TEXT,
     .check = check_watermark,
     .example = "call_date_time 60 minutes",
     .help = "Event-time column and how late a record may come: windows older than the latest time less this delay are "
             "closed."},
    {.key = "source.*.onMalformed",
     .type = SETTINGS_ENUM,
     .def = "null",
     .choices = malformed,
     .help = "A record that is no JSON of the schema: null gives NULL columns (Spark's PERMISSIVE), fail ends the "
             "query (FAILFAST). deadletter, a topic for them, is refused: this version has none."},
    {.key = "source.*.kafka.*",
     .type = SETTINGS_TEXT,
     .check = conf_settings_check,
     .secret = conf_is_secret,
     .help = "Properties of librdkafka for this source alone; they win over kafka.*."},
    {.key = "source.*.endingOffsets",
     .status = SETTINGS_REFUSED,
     .help = "ending offset not valid in streaming queries; a query with the trigger availableNow ends at the offsets "
             "it found"},
    {.key = "source.*.endingOffsetsByTimestamp",
     .status = SETTINGS_REFUSED,
     .help = "ending timestamp not valid in streaming queries"},
    {.key = "source.*.endingTimestamp",
     .status = SETTINGS_REFUSED,
     .help = "ending timestamp not valid in streaming queries"},
    {.key = "source.*.minPartitions", .status = SETTINGS_WARNED, .help = "it only splits Spark's read tasks"},
    {.key = "source.*.maxRecordsPerPartition", .status = SETTINGS_WARNED, .help = "it only splits Spark's read tasks"},
    {.key = "source.*.groupIdPrefix",
     .status = SETTINGS_WARNED,
     .help = "partitions are assigned by hand; sf.group names the group that shows the lag"},
    {.key = "source.*.kafkaConsumer.pollTimeoutMs",
     .status = SETTINGS_WARNED,
     .help = "a broker that is away is waited for"},
    {.key = "source.*.fetchOffset.numRetries",
     .status = SETTINGS_WARNED,
     .help = "a broker that is away is waited for"},
    {.key = "source.*.fetchOffset.retryIntervalMs",
     .status = SETTINGS_WARNED,
     .help = "a broker that is away is waited for"},
    {.key = "source.*.maxRatePerPartition",
     .status = SETTINGS_WARNED,
     .help = "it belongs to the old DStreams; maxOffsetsPerTrigger limits a batch"},
    {.key = "source.*.stopGracefullyOnShutdown",
     .status = SETTINGS_WARNED,
     .help = "it belongs to the old DStreams; a stop always finishes the batch"},

    {.key = "table.*.path",
     .type = SETTINGS_PATH,
     .flags = SETTINGS_NOT_EMPTY,
     .example = "data/radio_code.json",
     .help = "File of a static table that queries can join; read once, at the start."},
    {.key = "table.*.schema",
     .type = SETTINGS_TEXT,
     .example = "disposition_code STRING, description STRING",
     .help = "Its columns, as DDL."},
    {.key = "table.*.format",
     .type = SETTINGS_ENUM,
     .def = "json",
     .choices = table_formats,
     .help = "Form of the file."},
    {.key = "table.*.multiLine",
     .type = SETTINGS_ENUM,
     .def = "auto",
     .choices = multi_line,
     .help = "auto finds out whether the file is one JSON array or JSON lines, and takes damage for an error; true and "
             "false read as Spark does "
             "with that option."},

    {.key = "query.*.sql",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY | SETTINGS_PAIR,
     .option = "query",
     .argument = "NAME=SQL",
     .example = "SELECT city, count(*) AS count FROM calls GROUP BY city",
     .help = "The query: Spark SQL over one source, with joins of static tables. Several queries run side by side."},
    {.key = "query.*.outputMode",
     .type = SETTINGS_ENUM,
     .def = "append",
     .choices = output_modes,
     .help = "complete: the whole result after each batch. update: rows that changed. append: rows that will not "
             "change any more."},
    {.key = "query.*.trigger",
     .type = SETTINGS_TEXT,
     .def = "0 seconds",
     .check = check_trigger,
     .option = "trigger",
     .argument = "WHEN",
     .help = "When batches run: an interval such as '5 seconds' (at its multiples on the clock; 0: one after the "
             "other), availableNow (all that is "
             "there, in batches, then end) or once (all in one batch, without limit, then end)."},
    {.key = "query.*.format",
     .type = SETTINGS_ENUM,
     .def = "console",
     .choices = sink_formats,
     .help =
         "Where results go: console prints tables on stdout, noop nowhere (the page shows them all the same). kafka "
         "and csv are refused: this version does not write there."},
    {.key = "query.*.option.numRows",
     .type = SETTINGS_INT,
     .def = "20",
     .min = INT32_MIN,
     .max = INT32_MAX,
     .unit = "rows",
     .help = "Console: rows of a table that are shown; a negative number shows none, as 0 does."},
    {.key = "query.*.option.truncate",
     .type = SETTINGS_BOOL,
     .def = "true",
     .help = "Console: cut cells to 20 characters. false shows them whole and on the left."},
    {.key = "query.*.option.title",
     .type = SETTINGS_BOOL,
     .def = "false",
     .help = "Console: a line with the query's name above each table, for several queries on one terminal."},
    {.key = "query.*.option.topic",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .example = "sf.counts",
     .help =
         "kafka: topic that rows are sent to (columns key and value). Without effect for now, as kafka is refused."},
    {.key = "query.*.option.transactional",
     .type = SETTINGS_BOOL,
     .def = "false",
     .help = "kafka: one transaction per batch, so that readers see each batch exactly once. Without effect for now."},
    {.key = "query.*.option.path",
     .type = SETTINGS_PATH,
     .flags = SETTINGS_NOT_EMPTY,
     .example = "build/run/out",
     .help = "csv: directory of the files, one per batch. Without effect for now, as csv is refused."},
    {.key = "query.*.option.header",
     .type = SETTINGS_BOOL,
     .def = "false",
     .help = "csv: begin each file with the columns' names. Without effect for now."},
    {.key = "query.*.option.kafka.*",
     .type = SETTINGS_TEXT,
     .check = conf_settings_check,
     .secret = conf_is_secret,
     .help =
         "kafka: properties of librdkafka for this query's producer; they win over kafka.*. Without effect for now."},
    {.key = "query.*.checkpointLocation",
     .type = SETTINGS_PATH,
     .flags = SETTINGS_NOT_EMPTY,
     .example = "build/run/checkpoints/crimes",
     .help = "Directory of this query's progress and state; after a stop or a crash it goes on from there."},

    {.key = "explain",
     .type = SETTINGS_BOOL,
     .flags = SETTINGS_OPTION_ONLY,
     .option = "explain",
     .option_value = "true",
     .help = "Print the plan of each query and end."},
    {.key = "from-scratch",
     .type = SETTINGS_BOOL,
     .flags = SETTINGS_OPTION_ONLY,
     .option = "from-scratch",
     .option_value = "true",
     .help = "Move old checkpoints aside (nothing is deleted) and begin anew."},

    {.key = "spark.sql.shuffle.partitions", .status = SETTINGS_WARNED, .help = "nothing is shuffled"},
    {.key = "spark.default.parallelism", .status = SETTINGS_WARNED, .help = "nothing is shuffled"},
    {.key = "spark.streaming.*", .status = SETTINGS_WARNED, .help = "it belongs to the old DStreams"},
    {.key = "spark.sql.adaptive.*", .status = SETTINGS_WARNED, .help = "plans are not changed while they run"},
    {.key = "spark.sql.streaming.metricsEnabled", .status = SETTINGS_WARNED, .help = "/metrics is always there"},
    {.key = "spark.sql.streaming.multipleWatermarkPolicy",
     .status = SETTINGS_WARNED,
     .help = "a query reads one source, so there is one watermark"},
    {.key = "spark.sql.streaming.schemaInference",
     .status = SETTINGS_WARNED,
     .help = "a source has the schema that source.NAME.schema says"},
    {.key = "spark.jars.*", .status = SETTINGS_WARNED, .help = "the Kafka source is built in"},
    {.key = "spark.jars", .status = SETTINGS_WARNED, .help = "the Kafka source is built in"},
    {.key = "spark.executor.*",
     .status = SETTINGS_REFUSED,
     .help = "there are no executors: everything runs in this process; leave it out"},
    {.key = "spark.driver.*",
     .status = SETTINGS_REFUSED,
     .help = "there is no JVM to size; limit the process with the service manager (MemoryMax=) and leave it out"},
    {.key = "spark.cores.max", .status = SETTINGS_REFUSED, .help = "there is no cluster; leave it out"},
};

const struct settings_program settings_processor = {
    .name = "sf-processor",
    .usage = "[OPTION]...",
    .summary = "Runs Spark SQL queries over Kafka topics in micro-batches and prints their results as tables, as Spark "
               "Structured Streaming's console sink "
               "does. Log and errors go to stderr; a page with the progress is on http://localhost:4040.",
    .examples = "  sf-processor                                   the shipped configuration\n"
                "  sf-processor --trigger '1 second' --max-offsets-per-trigger 1000\n"
                "  sf-processor -b kafka1:9092 -X security.protocol=ssl --trigger availableNow\n"
                "  sf-processor --query city='SELECT city, count(*) AS n FROM calls GROUP BY city' \\\n"
                "               --conf query.city.outputMode=complete\n",
    .config_name = "sf-processor.properties",
    .file_prefix = "kafka.",
    .foreign = "producer. consumer. broker.",
    .max_arguments = 0,
    .bootstrap_key = "kafka.bootstrap.servers",
    .nrows = sizeof(rows) / sizeof(*rows),
    .rows = rows,
};
