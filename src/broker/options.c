#include "broker/options.h"

#include "broker/cluster.h"
#include "broker/listener.h"
#include "common/parsenum.h"

#include <stdlib.h>
#include <string.h>

/* What the mock makes by itself for a topic that is asked for by name. */
#define DEFAULT_PARTITIONS 4

static int check_listen(const char *name, const char *rest, const char *value, struct errbuf *err)
{
    int port;

    (void)name;
    (void)rest;
    return listener_parse(value, &port, err);
}

static const struct settings_row rows[] = {
    {.key = "broker.listen",
     .type = SETTINGS_TEXT,
     .flags = SETTINGS_NOT_EMPTY,
     .def = "127.0.0.1:9092",
     .check = check_listen,
     .option = "listen",
     .argument = "HOST:PORT",
     .help = "Address to listen on; 127.0.0.1 only. Port 0 is any free one: the line that says ready names it."},
    {.key = "broker.topics",
     .type = SETTINGS_TEXT,
     .def = "sf.crimes:8",
     .option = "topic",
     .letter = 't',
     .argument = "NAME:PARTITIONS",
     .help = "Topics to make, separated by commas; the option may be repeated. Without a number: 4 partitions."},
    SETTINGS_ROWS_LOG,
};

const struct settings_program options_program = {
    .name = "sf-broker",
    .usage = "[OPTION]...",
    .summary =
        "An in-memory stand-in for Apache Kafka, for a first look and for tests: librdkafka's mock cluster on a fixed "
        "port. "
        "It keeps 5 MiB a partition, drops the oldest records beyond that (and warns), and forgets everything when it "
        "stops. Real work runs on Apache Kafka (scripts/kafka.sh, config/kafka/).",
    .examples = "  sf-broker\n"
                "  sf-broker --listen 127.0.0.1:0 --topic sf.crimes:8 --topic sf.counts:1\n",
    .config_name = "sf-broker.properties",
    .foreign = "spark. source. table. query. producer. consumer. kafka. sf.",
    .nrows = sizeof(rows) / sizeof(rows[0]),
    .rows = rows,
};

/* The value of argument i when it is --topic, --topic=V, -t or -tV, and how many arguments that takes;
 * NULL for others. */
static const char *topic_argument(int argc, char **argv, int i, int *taken)
{
    *taken = 1;
    if (strncmp(argv[i], "--topic=", 8) == 0)
        return argv[i] + 8;
    if (strncmp(argv[i], "-t", 2) == 0 && argv[i][2] != '\0')
        return argv[i] + 2;
    if ((strcmp(argv[i], "--topic") == 0 || strcmp(argv[i], "-t") == 0) && i + 1 < argc) {
        *taken = 2;
        return argv[i + 1];
    }
    return NULL;
}

char **options_join_topics(int *argc, char **argv, struct errbuf *err)
{
    char **joined = calloc((size_t)*argc + 3, sizeof(*joined)); /* + program name, --topic, its value at worst */
    struct buf topics = BUF_INIT;
    int n = 0;
    int taken;

    if (joined == NULL)
        goto fail;
    for (int i = 0; i < *argc; i += taken) {
        const char *topic = topic_argument(*argc, argv, i, &taken);

        if (topic != NULL) {
            buf_printf(&topics, "%s%s", topics.len > 0 ? "," : "", topic);
            continue;
        }
        joined[n] = strdup(argv[i]);
        if (joined[n++] == NULL)
            goto fail;
    }
    if (topics.len > 0) {
        /* In front of all: behind a "--" it would be a word. */
        memmove(joined + 3, joined + 1, (size_t)(n - 1) * sizeof(*joined));
        joined[1] = strdup("--topic");
        joined[2] = buf_take(&topics, NULL);
        n += 2;
        if (joined[1] == NULL || joined[2] == NULL)
            goto fail;
    }
    if (topics.failed)
        goto fail;
    *argc = n;
    return joined;

fail:
    buf_release(&topics);
    options_free_argv(joined);
    errbuf_oom(err, "command line", 0);
    return NULL;
}

void options_free_argv(char **argv)
{
    for (size_t i = 0; argv != NULL && argv[i] != NULL; i++)
        free(argv[i]);
    free(argv);
}

static int parse_topic(const char *text, struct options_topic *topic, const struct settings *settings,
                       struct errbuf *err)
{
    size_t len = strcspn(text, ":");
    int64_t partitions = DEFAULT_PARTITIONS;

    if (len == 0 || len >= sizeof(topic->name) || strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") < len)
        return settings_complain(settings, "broker.topics", NULL, err,
                                 "\"%s\": a topic's name is 1 to 249 of the characters a-z A-Z 0-9 . _ -", text);
    if (text[len] == ':' && parsenum_i64(text + len + 1, 1, CLUSTER_MAX_PARTITIONS, &partitions) == -1)
        return settings_complain(settings, "broker.topics", NULL, err,
                                 "\"%s\": expected NAME:PARTITIONS with 1 to %d partitions", text,
                                 CLUSTER_MAX_PARTITIONS);
    memcpy(topic->name, text, len);
    topic->name[len] = '\0';
    topic->partitions = (int)partitions;
    return 0;
}

static int parse_topics(struct options *options, const struct settings *settings, struct errbuf *err)
{
    char *text = strdup(settings_text(settings, "broker.topics", NULL));
    char *save = NULL;
    int result = -1;

    if (text == NULL)
        return errbuf_oom(err, "topics", 0);
    for (char *word = strtok_r(text, ", ", &save); word != NULL; word = strtok_r(NULL, ", ", &save)) {
        struct options_topic *topics = reallocarray(options->topics, options->ntopics + 1, sizeof(*topics));

        if (topics == NULL) {
            errbuf_oom(err, "topics", options->ntopics * sizeof(*topics));
            goto out;
        }
        options->topics = topics;
        if (parse_topic(word, &topics[options->ntopics], settings, err) == -1)
            goto out;
        options->ntopics++;
    }
    result = 0;

out:
    free(text);
    return result;
}

int options_init(struct options *options, const struct settings *settings, struct errbuf *err)
{
    memset(options, 0, sizeof(*options));
    if (listener_parse(settings_text(settings, "broker.listen", NULL), &options->port, err) == -1)
        return -1;
    return parse_topics(options, settings, err);
}

void options_release(struct options *options)
{
    free(options->topics);
    options->topics = NULL;
    options->ntopics = 0;
}
