#include "conf_names_internal.h"

#include "common/nearest.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answer {
    const char *name;
    const char *text;
};

/* Set by the programs themselves: another value would break exact offset ranges or the count of what was
 * acknowledged. */
static const struct answer owned[] = {
    {"auto.offset.reset", "where reading begins is said by startingOffsets, and lost data by failOnDataLoss"},
    {"enable.auto.commit", "offsets live in the checkpoint"},
    {"auto.commit.enable", "offsets live in the checkpoint"},
    {"auto.commit.interval.ms", "offsets live in the checkpoint"},
    {"enable.auto.offset.store", "offsets live in the checkpoint"},
    {"offset.store.method", "offsets live in the checkpoint"},
    {"offset.store.path", "offsets live in the checkpoint"},
    {"offset.store.sync.interval.ms", "offsets live in the checkpoint"},
    {"enable.partition.eof", "the reader needs to see the ends of partitions"},
    {"consume.callback.max.messages", "the size of a batch is said by maxOffsetsPerTrigger"},
    {"partition.assignment.strategy", "partitions are assigned by the query, not by a consumer group"},
    {"key.deserializer", "keys and values are read as bytes and decoded by the query"},
    {"value.deserializer", "keys and values are read as bytes and decoded by the query"},
    {"key.serializer", "keys and values are written as they are"},
    {"value.serializer", "keys and values are written as they are"},
    {"interceptor.classes", "there are no Java classes to load"},
    {"interceptors", "it is a C interface of librdkafka"},
    {"plugin.library.paths", "no code is loaded at run time"},
    {"partitioner", "records without a key go round-robin, others by the murmur2 hash of their key as in Java"},
    {"partitioner.class", "records without a key go round-robin, others by the murmur2 hash of their key as in Java"},
    {"transactional.id", "transactions are asked for with the sink's option transactional = true"},
    {"delivery.report.only.error", "every record's acknowledgement is counted"},
    {"log.queue", "librdkafka's log goes to the program's log at --log-level DEBUG"},
    {"enabled_events", "it is a C interface of librdkafka"},
    {"default_topic_conf", "it is a C interface of librdkafka"},
    {"opaque", "it is a C interface of librdkafka"},
    {"ssl_engine_callback_data", "it is a C interface of librdkafka"},
};

/* Java's client only. Looked at after librdkafka itself refused the name, since newer versions know more
 * of them. */
static const struct answer java[] = {
    {"fetch.max.wait.ms", "use fetch.wait.max.ms"},
    {"max.poll.records", "has no counterpart; the size of a batch is said by maxOffsetsPerTrigger"},
    {"default.api.timeout.ms", "use socket.timeout.ms"},
    {"buffer.memory", "use queue.buffering.max.kbytes (in KiB)"},
    {"max.block.ms", "use message.timeout.ms"},
    {"max.request.size", "use message.max.bytes"},
    {"send.buffer.bytes", "use socket.send.buffer.bytes"},
    {"receive.buffer.bytes", "use socket.receive.buffer.bytes"},
    {"socket.connection.setup.timeout.max.ms", "use socket.connection.setup.timeout.ms"},
    {"retry.backoff.max.ms", "use retry.backoff.ms"},
    {"compression.gzip.level", "use compression.level"},
    {"compression.lz4.level", "use compression.level"},
    {"compression.zstd.level", "use compression.level"},
    {"sasl.jaas.config", "use sasl.username and sasl.password (or sasl.kerberos.*, sasl.oauthbearer.*)"},
    {"ssl.truststore.location", "use ssl.ca.location (a PEM file)"},
    {"ssl.truststore.certificates", "use ssl.ca.pem"},
    {"ssl.truststore.password", "has no counterpart; ssl.ca.location is a PEM file without a password"},
    {"ssl.truststore.type", "has no counterpart; ssl.ca.location is a PEM file"},
    {"ssl.keystore.key", "use ssl.key.pem"},
    {"ssl.keystore.certificate.chain", "use ssl.certificate.pem"},
    {"ssl.keystore.type", "has no counterpart; ssl.keystore.location is a PKCS#12 file"},
    {"ssl.cipher.suites.list", "use ssl.cipher.suites"},
    {"ssl.protocol", "has no counterpart; OpenSSL chooses"},
    {"ssl.enabled.protocols", "has no counterpart; OpenSSL chooses"},
    {"ssl.provider", "use ssl.providers"},
    {"ssl.keymanager.algorithm", "has no counterpart"},
    {"ssl.trustmanager.algorithm", "has no counterpart"},
    {"ssl.secure.random.implementation", "has no counterpart"},
    {"ssl.engine.factory.class", "has no counterpart"},
    {"sasl.client.callback.handler.class", "has no counterpart"},
    {"sasl.login.callback.handler.class", "has no counterpart"},
    {"sasl.login.class", "has no counterpart"},
    {"sasl.kerberos.kinit.cmd.path", "use sasl.kerberos.kinit.cmd"},
    {"sasl.kerberos.ticket.renew.window.factor", "use sasl.kerberos.min.time.before.relogin"},
    {"client.dns.lookup", "has no counterpart in this version of librdkafka"},
    {"exclude.internal.topics", "has no counterpart; internal topics never match a pattern"},
    {"metric.reporters", "has no counterpart; see /metrics"},
    {"metrics.num.samples", "has no counterpart; see /metrics"},
    {"metrics.recording.level", "has no counterpart; see /metrics"},
    {"metrics.sample.window.ms", "has no counterpart; see /metrics"},
    {"auto.include.jmx.reporter", "has no counterpart; see /metrics"},
    {"enable.metrics.push", "has no counterpart in this version of librdkafka"},
    {"metadata.recovery.strategy", "has no counterpart in this version of librdkafka"},
    {"metadata.max.idle.ms", "use metadata.max.age.ms"},
    {"partitioner.ignore.keys", "has no counterpart; see the producer's --key"},
    {"partitioner.adaptive.partitioning.enable", "has no counterpart; records without a key go round-robin"},
    {"partitioner.availability.timeout.ms", "has no counterpart; records without a key go round-robin"},
    {"transaction.two.phase.commit.enable", "has no counterpart"},
    {"group.protocol", "has no counterpart; partitions are assigned by the query"},
    {"group.remote.assignor", "has no counterpart; partitions are assigned by the query"},
    {"internal.leave.group.on.close", "has no counterpart; partitions are assigned by the query"},
    {"security.providers", "has no counterpart"},
    {"config.providers", "has no counterpart"},
};

static const char *find(const struct answer *answers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(answers[i].name, name) == 0)
            return answers[i].text;
    return NULL;
}

const char *conf_names_owned(const char *name)
{
    size_t len = strlen(name);

    if (len > 3 && strcmp(name + len - 3, "_cb") == 0)
        return "it is a C interface of librdkafka";
    return find(owned, sizeof(owned) / sizeof(owned[0]), name);
}

const char *conf_names_java(const char *name)
{
    return find(java, sizeof(java) / sizeof(java[0]), name);
}

/* Cut the first column out of the table that librdkafka prints of itself ("name      |  C  | ...") and
 * collect pointers to the names, room for max. */
static size_t collect_names(char *table, const char **names, size_t max)
{
    char *save = NULL;
    size_t n = 0;

    for (char *line = strtok_r(table, "\n", &save); line != NULL && n < max; line = strtok_r(NULL, "\n", &save)) {
        size_t len = strcspn(line, " |-");

        if (len == 0 || strchr(line, '|') == NULL || strncmp(line, "Property ", len + 1) == 0)
            continue;
        line[len] = '\0';
        if (conf_names_owned(line) == NULL)
            names[n++] = line;
    }
    return n;
}

void conf_names_nearest(const char *name, char *out, size_t out_size)
{
    const char *names[512]; /* 2.0.2 has 150 */
    char *table = NULL;
    size_t table_len = 0;
    FILE *memory = open_memstream(&table, &table_len);

    out[0] = '\0';
    if (memory == NULL)
        return;
    rd_kafka_conf_properties_show(memory);
    if (fclose(memory) != EOF && table != NULL) {
        int nearest = nearest_pick(name, names, collect_names(table, names, sizeof(names) / sizeof(names[0])));

        if (nearest >= 0)
            snprintf(out, out_size, "%s", names[nearest]);
    }
    free(table);
}
