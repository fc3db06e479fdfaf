#include "consumer/settings.h"

#include "kafka/conf_settings.h"

#include <string.h>

#define COURSE_SCHEMA                                                                                                  \
    "crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date STRING, offense_date STRING, "    \
    "call_time STRING, call_date_time STRING, disposition STRING, address STRING, city STRING, state STRING, "         \
    "agency_id STRING, address_type STRING, common_location STRING"

/* The values of printer_format follow this order. */
static const char *const FORMATS[] = {"value", "json", "table", NULL};

static const struct settings_row ROWS[] = {
    CONF_SETTINGS_ROWS,
    {.key = "consumer.topic",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "sf.crimes",
     .option = "topic",
     .letter = 't',
     .argument = "TOPIC",
     .help = "The topic that is read, all its partitions."},
    {.key = "consumer.fromBeginning",
     .type = SETTINGS_BOOL,
     .def = "false",
     .option = "from-beginning",
     .option_value = "true",
     .help = "Begin with the oldest message there is; otherwise only what comes from now on is shown."},
    {.key = "consumer.exitOnEnd",
     .type = SETTINGS_BOOL,
     .def = "false",
     .option = "exit-on-end",
     .option_value = "true",
     .help = "End when everything that was there at the start is shown."},
    {.key = "consumer.maxMessages",
     .type = SETTINGS_INT,
     .def = "0",
     .min = 0,
     .max = SETTINGS_ANY,
     .unit = "messages",
     .option = "max-messages",
     .argument = "N",
     .help = "End after so many messages; 0 is no limit."},
    {.key = "consumer.format",
     .type = SETTINGS_ENUM,
     .def = "value",
     .choices = FORMATS,
     .option = "format",
     .argument = "FORMAT",
     .help = "value: the messages' values, a line each; json: an object with topic, partition, offset, timestamp, key "
             "and value; table: the values' fields as a table."},
    {.key = "consumer.schema",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = COURSE_SCHEMA,
     .option = "schema",
     .argument = "DDL",
     .help = "The columns of a table, as Spark's DDL: name TYPE, ..."},
    {.key = "consumer.truncate",
     .type = SETTINGS_INT,
     .def = "20",
     .min = 0,
     .max = 10000,
     .unit = "characters",
     .option = "truncate",
     .argument = "N",
     .help = "The width that the cells of a table are cut to; 0 shows them whole."},
    {.key = "sf.broker.timeout",
     .type = SETTINGS_DURATION,
     .def = "30 seconds",
     .min = 1,
     .max = INT32_MAX,
     .help = "How long to wait for the first contact with a broker; then exit code 3."},
    SETTINGS_ROWS_LOG,
};

const struct settings_program settings_consumer = {
    .name = "sf-consumer",
    .usage = "[OPTION]...",
    .summary = "Show the messages of a Kafka topic on standard output.",
    .examples = "  sf-consumer --from-beginning --max-messages 10\n"
                "  sf-consumer --from-beginning --exit-on-end --format json | jq -r .value | head\n"
                "  sf-consumer --from-beginning --format table --schema 'call_time STRING, disposition STRING'\n",
    .config_name = "sf-consumer.properties",
    .file_prefix = "kafka.",
    .foreign = "spark. source. table. query. producer. broker. sf.ui. sf.console. sf.stop. sf.group sf.progress.",
    .max_arguments = 0,
    .bootstrap_key = "kafka.bootstrap.servers",
    .nrows = sizeof(ROWS) / sizeof(ROWS[0]),
    .rows = ROWS,
};

int settings_consumer_init(struct consumer_settings *consumer, const struct settings *settings, struct errbuf *err)
{
    memset(consumer, 0, sizeof(*consumer));
    consumer->topic = settings_text(settings, "consumer.topic", NULL);
    consumer->from_beginning = settings_bool(settings, "consumer.fromBeginning", NULL);
    consumer->exit_on_end = settings_bool(settings, "consumer.exitOnEnd", NULL);
    consumer->max_messages = settings_int(settings, "consumer.maxMessages", NULL);
    consumer->broker_timeout_ms = (int)settings_ms(settings, "sf.broker.timeout", NULL);
    consumer->printer.format = (enum printer_format)settings_choice(settings, "consumer.format", NULL);
    consumer->printer.schema = settings_text(settings, "consumer.schema", NULL);
    consumer->printer.truncate = (int)settings_int(settings, "consumer.truncate", NULL);
    return conf_settings_init(&consumer->kafka, settings, err);
}

void settings_consumer_release(struct consumer_settings *consumer)
{
    conf_release(&consumer->kafka);
}
