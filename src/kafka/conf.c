#include "kafka/conf.h"

#include "conf_names_internal.h"

#include <librdkafka/rdkafka.h>

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void conf_init(struct conf *conf)
{
    conf->nentries = 0;
    conf->entries = NULL;
}

/* Values may be passwords: they do not stay behind in freed memory. */
static void release_entry(struct conf_entry *entry)
{
    if (entry->value != NULL)
        explicit_bzero(entry->value, strlen(entry->value));
    free(entry->value);
    free(entry->name);
}

void conf_release(struct conf *conf)
{
    for (size_t i = 0; i < conf->nentries; i++)
        release_entry(&conf->entries[i]);
    free(conf->entries);
    conf_init(conf);
}

/* Append copies of both; -1 without memory, conf unchanged. */
static int append(struct conf *conf, const char *name, const char *value)
{
    struct conf_entry *entries = realloc(conf->entries, (conf->nentries + 1) * sizeof(*entries));
    struct conf_entry entry;

    if (entries == NULL)
        return -1;
    conf->entries = entries;
    entry.name = strdup(name);
    entry.value = strdup(value);
    if (entry.name == NULL || entry.value == NULL) {
        release_entry(&entry);
        return -1;
    }
    conf->entries[conf->nentries++] = entry;
    return 0;
}

int conf_copy(struct conf *dst, const struct conf *src)
{
    struct conf copy;

    conf_init(&copy);
    for (size_t i = 0; i < src->nentries; i++) {
        if (append(&copy, src->entries[i].name, src->entries[i].value) == -1) {
            conf_release(&copy);
            return -1;
        }
    }
    conf_release(dst);
    *dst = copy;
    return 0;
}

/* Lower case, since the programs' names ignore case and librdkafka's are lower case; one name for the
 * broker list. */
static char *normalize(const char *name)
{
    char *lower = strdup(strcasecmp(name, "metadata.broker.list") == 0 ? "bootstrap.servers" : name);

    for (char *c = lower; c != NULL && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

/* Ask librdkafka what it thinks of name = value. */
static int check(const char *name, const char *value, struct errbuf *err)
{
    rd_kafka_conf_t *scratch = rd_kafka_conf_new();
    char reason[512];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(scratch, name, value, reason, sizeof(reason));
    const char *answer;
    char nearest[96];

    rd_kafka_conf_destroy(scratch);
    if (result == RD_KAFKA_CONF_OK)
        return 0;
    answer = conf_names_java(name); /* librdkafka calls some of them invalid, others unknown */
    if (answer != NULL)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s is a setting of Java's Kafka client: %s", name, answer);
    if (result == RD_KAFKA_CONF_INVALID)
        /* librdkafka's reason may repeat the value */
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: %s", name,
                          conf_is_secret(name) ? "not a value that it takes" : reason);
    conf_names_nearest(name, nearest, sizeof(nearest));
    if (nearest[0] != '\0')
        return errbuf_set(err, EXIT_CODE_USAGE, "librdkafka %s has no setting %s; did you mean %s?",
                          rd_kafka_version_str(), name, nearest);
    return errbuf_set(err, EXIT_CODE_USAGE, "librdkafka %s has no setting %s; -X list shows all",
                      rd_kafka_version_str(), name);
}

int conf_set(struct conf *conf, const char *name, const char *value, struct errbuf *err)
{
    char *key = normalize(name);
    const char *reason;

    if (key == NULL)
        return errbuf_oom(err, "kafka settings", strlen(name));
    reason = conf_names_owned(key);
    if (reason != NULL) {
        errbuf_set(err, EXIT_CODE_USAGE, "%s cannot be set: %s", key, reason);
        goto fail;
    }
    if (check(key, value, err) == -1)
        goto fail;
    if (append(conf, key, value) == -1) {
        errbuf_oom(err, "kafka settings", strlen(value));
        goto fail;
    }
    /* The new entry is the last, so that it also wins over another name of the same setting (linger.ms,
     * queue.buffering.max.ms). */
    for (size_t i = 0; i + 1 < conf->nentries; i++) {
        if (strcmp(conf->entries[i].name, key) == 0) {
            release_entry(&conf->entries[i]);
            memmove(&conf->entries[i], &conf->entries[i + 1], (conf->nentries - i - 1) * sizeof(*conf->entries));
            conf->nentries--;
            break;
        }
    }
    free(key);
    return 0;

fail:
    free(key);
    return -1;
}

const char *conf_get(const struct conf *conf, const char *name)
{
    if (strcasecmp(name, "metadata.broker.list") == 0)
        name = "bootstrap.servers";
    for (size_t i = 0; i < conf->nentries; i++)
        if (strcasecmp(conf->entries[i].name, name) == 0)
            return conf->entries[i].value;
    return NULL;
}

bool conf_is_secret(const char *name)
{
    static const char *const parts[] = {
        "password", "secret", "token", "jaas", "ssl.key.pem", "ssl_key", "ssl.keystore.key", "oauthbearer.config"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcasestr(name, parts[i]) != NULL)
            return true;
    return false;
}

const char *conf_shown(const char *name, const char *value)
{
    return conf_is_secret(name) ? "*********(redacted)" : value;
}

void conf_list(struct buf *out)
{
    char *table = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&table, &len);

    if (memory == NULL) {
        out->failed = true;
        return;
    }
    rd_kafka_conf_properties_show(memory);
    if (fclose(memory) == EOF)
        out->failed = true;
    else
        buf_append(out, table, len);
    free(table);
}

static char library_version[48];

static void fill_library_version(void)
{
    snprintf(library_version, sizeof(library_version), "librdkafka %s", rd_kafka_version_str());
}

const char *conf_library_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    return pthread_once(&once, fill_library_version) == 0 ? library_version : "librdkafka";
}
