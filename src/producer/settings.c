#include "producer/settings.h"

#include "kafka/conf_settings.h"

#include <string.h>
#include <strings.h>

#define DEFAULT_INPUT "data/police-department-calls-for-service.json"

static int check_bad_record(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    (void)name;
    (void)rest;
    if (strcasecmp(value, "dlq") == 0)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "sf-producer has no dead-letter topic; fail and skip are what it can do with a bad record");
    return 0;
}

/* The values of dataset_format follow this order, from DATASET_AUTO. */
static const char *const FORMATS[] = {"auto", "json", "jsonl", "csv", NULL};
enum { BAD_RECORD_FAIL, BAD_RECORD_SKIP };
static const char *const BAD_RECORD[] = {"fail", "skip", "dlq", NULL};

static const struct settings_row ROWS[] = {
    CONF_SETTINGS_ROWS,
    {.key = "producer.topic",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "sf.crimes",
     .option = "topic",
     .letter = 't',
     .argument = "TOPIC",
     .help = "The topic that records go to."},
    {.key = "producer.input",
     .type = SETTINGS_PATH,
     .flags = SETTINGS_NOT_EMPTY,
     .def = DEFAULT_INPUT,
     .help = "The file that is read when none is named behind the options."},
    {.key = "producer.format",
     .type = SETTINGS_ENUM,
     .def = "auto",
     .choices = FORMATS,
     .option = "format",
     .argument = "FORMAT",
     .help = "json is one array or JSON lines, by the first byte; jsonl an object a line; csv the public data set's "
             "columns. auto: csv for names in .csv, otherwise json."},
    {.key = "producer.rate",
     .type = SETTINGS_INT,
     .def = "0",
     .min = 0,
     .max = 1000000000,
     .unit = "records/s",
     .option = "rate",
     .argument = "N",
     .help = "Records per second; 0 is as fast as the broker takes them."},
    {.key = "producer.limit",
     .type = SETTINGS_INT,
     .def = "0",
     .min = 0,
     .max = SETTINGS_ANY,
     .unit = "records",
     .option = "limit",
     .argument = "N",
     .help = "Stop after so many records; 0 is all of them."},
    {.key = "producer.loop",
     .type = SETTINGS_BOOL,
     .def = "false",
     .option = "loop",
     .option_value = "true",
     .help = "Begin again when the file is at its end, until stopped."},
    {.key = "producer.key",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "none",
     .option = "key",
     .argument = "FIELD",
     .help = "The field whose text is the message key, which decides the partition as Java clients do (murmur2). none: "
             "no key, partitions in turn."},
    {.key = "producer.badRecord",
     .type = SETTINGS_ENUM,
     .def = "fail",
     .choices = BAD_RECORD,
     .check = check_bad_record,
     .option = "bad-record",
     .argument = "ACTION",
     .help = "What to do with a damaged record: fail ends with everything before it sent; skip logs it and goes on."},
    {.key = "producer.dryRun",
     .type = SETTINGS_BOOL,
     .flags = SETTINGS_OPTION_ONLY,
     .def = "false",
     .option = "dry-run",
     .option_value = "true",
     .help = "Read and check everything, print the first record and the count, send nothing."},
    {.key = "sf.broker.timeout",
     .type = SETTINGS_DURATION,
     .def = "30 seconds",
     .min = 1,
     .max = INT32_MAX,
     .help = "How long to wait for the first contact with a broker; then exit code 3."},
    SETTINGS_ROWS_LOG,
};

const struct settings_program settings_producer = {
    .name = "sf-producer",
    .usage = "[OPTION]... [FILE|-]",
    .summary = "Send the records of a file, or of standard input (-), to a Kafka topic, one message each. "
               "Ends with 0 only when every record read "
               "was acknowledged by the broker.",
    .examples = "  sf-producer data/police-department-calls-for-service.json\n"
                "  sf-producer --rate 100 --loop calls.json\n"
                "  sf-datagen --format jsonl | sf-producer -b localhost:9092 -X compression.codec=zstd -\n",
    .config_name = "sf-producer.properties",
    .file_prefix = "kafka.",
    .foreign = "spark. source. table. query. consumer. broker. sf.ui. sf.console. sf.stop. sf.group sf.progress.",
    .max_arguments = 1,
    .bootstrap_key = "kafka.bootstrap.servers",
    .nrows = sizeof(ROWS) / sizeof(ROWS[0]),
    .rows = ROWS,
};

int settings_producer_init(struct producer_settings *producer, const struct settings *settings, struct errbuf *err)
{
    size_t narguments;
    const char *const *arguments = settings_arguments(settings, &narguments);

    memset(producer, 0, sizeof(*producer));
    producer->input = narguments > 0 ? arguments[0] : settings_text(settings, "producer.input", NULL);
    producer->format = (enum dataset_format)settings_choice(settings, "producer.format", NULL);
    producer->topic = settings_text(settings, "producer.topic", NULL);
    producer->key = settings_text(settings, "producer.key", NULL);
    if (strcmp(producer->key, "none") == 0)
        producer->key = NULL;
    producer->rate = settings_int(settings, "producer.rate", NULL);
    producer->limit = settings_int(settings, "producer.limit", NULL);
    producer->loop = settings_bool(settings, "producer.loop", NULL);
    producer->skip_bad = settings_choice(settings, "producer.badRecord", NULL) == BAD_RECORD_SKIP;
    producer->dry_run = settings_bool(settings, "producer.dryRun", NULL);
    producer->broker_timeout_ms = (int)settings_ms(settings, "sf.broker.timeout", NULL);
    if (producer->loop && strcmp(producer->input, "-") == 0)
        return settings_complain(settings, "producer.loop", NULL, err,
                                 "standard input cannot be read twice; name a file");
    if (producer->loop && producer->dry_run && producer->limit == 0)
        return settings_complain(settings, "producer.loop", NULL, err,
                                 "a dry run that loops needs a limit to come to an end");
    return conf_settings_init(&producer->kafka, settings, err);
}

void settings_producer_release(struct producer_settings *producer)
{
    conf_release(&producer->kafka);
}
