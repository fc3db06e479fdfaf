/* Note "down": librdkafka tells when all brokers are down (an error event), and never that one is up
 * again. So `down` is set by the event and cleared by whatever proves a connection: a record, an end of
 * partition, an answer. While it is set and nothing comes, client_probe asks for a usable connection.
 *
 * Note "secrets": librdkafka's debug lines and error texts pass hide_secrets, which blots out the values
 * of all secret settings wherever they occur.
 */
#include "client_internal.h"

#include "common/clock.h"
#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 512
/* A stop request is noticed within this time while we wait for the broker. */
#define SLICE_MS 100
#define PROBE_EVERY_US 250000
#define REPORT_EVERY_US (10 * 1000000LL)

struct client {
    rd_kafka_t *rk;
    void *owner;
    const char *module;
    char *servers;
    struct conf secrets;  /* the secret settings, for hide_secrets */
    char *username;       /* of SASL, "" without one: for client_wake */
    const char *password; /* in secrets, or "" */
    pthread_mutex_t lock; /* for the next four */
    bool down;
    int64_t down_since_us;
    rd_kafka_resp_err_t last_code;
    char last_text[TEXT_SIZE];
    atomic_bool maybe_down; /* = down, to be read without the lock */
    bool auth_failed;
    bool fatal;
    int64_t reported_at_us;
    int64_t probed_at_us;
    int mock; /* -1: not asked yet */
};

/* A mutex that was made and is used in pairs cannot fail: only a bug of ours could. */
static void lock(struct client *client)
{
    int rc = pthread_mutex_lock(&client->lock);

    assert(rc == 0);
    (void)rc;
}

static void unlock(struct client *client)
{
    int rc = pthread_mutex_unlock(&client->lock);

    assert(rc == 0);
    (void)rc;
}

static void hide_secrets(const struct client *client, char *text)
{
    for (size_t i = 0; i < client->secrets.nentries; i++) {
        const char *secret = client->secrets.entries[i].value;
        size_t len = strlen(secret);

        /* Shorter ones would blot out half of every line, and say nothing. */
        if (len < 4)
            continue;
        for (char *at = text; (at = strstr(at, secret)) != NULL; at += len)
            memset(at, '*', len);
        /* One that was cut off with the text. */
        for (size_t part = len - 1; part >= 4; part--) {
            size_t text_len = strlen(text);

            if (part <= text_len && memcmp(text + text_len - part, secret, part) == 0)
                memset(text + text_len - part, '*', part);
        }
    }
}

/* On librdkafka's threads: may log and nothing else. Connection errors come as error events too and are
 * told from there, so all but emergencies is for people who look closer. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    const struct client *client = rd_kafka_opaque(rk);
    enum log_level our_level = level <= 2 ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG;
    char line[2048];

    if (!log_enabled(our_level))
        return;
    snprintf(line, sizeof(line), "%s", text);
    if (client != NULL)
        hide_secrets(client, line);
    log_line(our_level, "librdkafka", "%s: %s", facility, line);
}

/* Error events of the handle, on the thread that polls. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct client *client = opaque;
    int64_t now_us = clock_monotonic_us();
    bool report;
    char text[TEXT_SIZE];

    (void)rk;
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        client->fatal = true;
    if (client_is_auth((rd_kafka_resp_err_t)code))
        client->auth_failed = true;
    lock(client);
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (!client->down)
            client->down_since_us = now_us;
        client->down = true;
        atomic_store(&client->maybe_down, true);
    }
    /* "all brokers down" follows the error that says why: keep that one. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || client->last_text[0] == '\0') {
        snprintf(client->last_text, sizeof(client->last_text), "%s", reason);
        hide_secrets(client, client->last_text);
        client->last_code = (rd_kafka_resp_err_t)code;
    }
    /* What client_check turns into an error is told where that is handled. */
    report = !client->fatal && !client->auth_failed && now_us - client->reported_at_us >= REPORT_EVERY_US;
    if (report)
        client->reported_at_us = now_us;
    snprintf(text, sizeof(text), "%s", client->last_text);
    unlock(client);
    if (report)
        log_warn(client->module, "Kafka at %s: %s", client->servers, text);
}

static int set_one(rd_kafka_conf_t *rk_conf, const char *name, const char *value, bool optional, struct errbuf *err)
{
    char reason[512];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(rk_conf, name, value, reason, sizeof(reason));

    if (result == RD_KAFKA_CONF_OK || (optional && result == RD_KAFKA_CONF_UNKNOWN))
        return 0;
    return errbuf_set(err, EXIT_CODE_USAGE, "kafka.%s = %s: %s", name, conf_shown(name, value),
                      conf_is_secret(name) ? "not a value that it takes" : reason);
}

static rd_kafka_conf_t *make_conf(const struct conf *conf, const struct client_plan *plan, struct errbuf *err)
{
    rd_kafka_conf_t *rk_conf = rd_kafka_conf_new();

    if (set_one(rk_conf, "client.id", "sfcrime", false, err) == -1)
        goto fail;
    for (size_t i = 0; i < plan->ndefaults; i++)
        if (set_one(rk_conf, plan->defaults[i].name, plan->defaults[i].value, true, err) == -1)
            goto fail;
    for (size_t i = 0; i < conf->nentries; i++) {
        if (strcmp(conf->entries[i].name, "group.id") == 0 && !plan->take_group)
            continue;
        if (set_one(rk_conf, conf->entries[i].name, conf->entries[i].value, false, err) == -1)
            goto fail;
    }
    for (size_t i = 0; i < plan->nforced; i++)
        if (set_one(rk_conf, plan->forced[i].name, plan->forced[i].value, false, err) == -1)
            goto fail;
    rd_kafka_conf_set_log_cb(rk_conf, on_log);
    rd_kafka_conf_set_error_cb(rk_conf, on_error);
    if (plan->setup != NULL)
        plan->setup(rk_conf);
    return rk_conf;

fail:
    rd_kafka_conf_destroy(rk_conf);
    return NULL;
}

static int keep_secrets(struct client *client, const struct conf *conf, struct errbuf *err)
{
    const char *username = conf_get(conf, "sasl.username");
    const char *password;

    client->username = strdup(username != NULL ? username : "");
    if (client->username == NULL || conf_copy(&client->secrets, conf) == -1)
        return errbuf_oom(err, "kafka settings", 0);
    password = conf_get(&client->secrets, "sasl.password");
    client->password = password != NULL ? password : "";
    for (size_t i = 0; i < client->secrets.nentries; i++)
        if (!conf_is_secret(client->secrets.entries[i].name))
            client->secrets.entries[i].value[0] = '\0';
    return 0;
}

struct client *client_open(const struct conf *conf, const struct client_plan *plan, struct errbuf *err)
{
    struct client *client = calloc(1, sizeof(*client));
    const char *servers = conf_get(conf, "bootstrap.servers");
    rd_kafka_conf_t *rk_conf = NULL;
    char reason[512];

    if (client == NULL) {
        errbuf_oom(err, "kafka client", sizeof(*client));
        return NULL;
    }
    conf_init(&client->secrets);
    client->owner = plan->owner;
    client->module = plan->module;
    client->mock = -1;
    client->reported_at_us = -REPORT_EVERY_US;
    client->servers = strdup(servers != NULL ? servers : "");
    if (client->servers == NULL) {
        errbuf_oom(err, "kafka client", 0);
        goto fail_client;
    }
    if (servers == NULL && conf_get(conf, "test.mock.num.brokers") == NULL) {
        errbuf_set(err, EXIT_CODE_USAGE,
                   "kafka.bootstrap.servers is not set; give -b HOST:PORT, for example -b localhost:9092");
        goto fail_client;
    }
    if (keep_secrets(client, conf, err) == -1)
        goto fail_client;
    if (pthread_mutex_init(&client->lock, NULL) != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "kafka client: cannot make a mutex");
        goto fail_client;
    }
    rk_conf = make_conf(conf, plan, err);
    if (rk_conf == NULL)
        goto fail_lock;
    rd_kafka_conf_set_opaque(rk_conf, client);
    client->rk = rd_kafka_new(plan->type, rk_conf, reason, sizeof(reason));
    if (client->rk == NULL) {
        hide_secrets(client, reason);
        errbuf_set(err, EXIT_CODE_USAGE, "kafka settings: %s", reason);
        rd_kafka_conf_destroy(rk_conf); /* taken on success only */
        goto fail_lock;
    }
    return client;

fail_lock:
    pthread_mutex_destroy(&client->lock);
fail_client:
    conf_release(&client->secrets);
    free(client->username);
    free(client->servers);
    free(client);
    return NULL;
}

void client_close(struct client *client)
{
    if (client == NULL)
        return;
    /* No consumer of ours has joined a group, so there is nothing to leave. */
    rd_kafka_destroy_flags(client->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    pthread_mutex_destroy(&client->lock);
    conf_release(&client->secrets);
    free(client->username);
    free(client->servers);
    free(client);
}

rd_kafka_t *client_handle(const struct client *client)
{
    return client->rk;
}

void *client_owner(void *opaque)
{
    return ((struct client *)opaque)->owner;
}

const char *client_servers(const struct client *client)
{
    return client->servers;
}

int64_t client_setting_number(const struct client *client, const char *name)
{
    char text[64];
    size_t size = sizeof(text);

    if (rd_kafka_conf_get(rd_kafka_conf(client->rk), name, text, &size) != RD_KAFKA_CONF_OK)
        return 0;
    return strtoll(text, NULL, 10);
}

int client_left_ms(int64_t deadline_us)
{
    int64_t left_us = deadline_us - clock_monotonic_us();

    if (left_us <= 0)
        return 0;
    return left_us / 1000 >= INT_MAX ? INT_MAX : (int)(left_us / 1000) + 1;
}

bool client_is_stopped(int stop_fd)
{
    struct pollfd fd = {.fd = stop_fd, .events = POLLIN};

    return stop_fd != -1 && poll(&fd, 1, 0) > 0;
}

/* Whether a broker has ever sent metadata. */
static bool has_cluster_id(const struct client *client)
{
    char *id = rd_kafka_clusterid(client->rk, 0);

    if (id != NULL)
        rd_kafka_mem_free(client->rk, id);
    return id != NULL;
}

int client_connect(struct client *client, int timeout_ms, int stop_fd, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;
    bool answered_before = has_cluster_id(client);
    char reason[TEXT_SIZE];

    for (;;) {
        const struct rd_kafka_metadata *metadata;
        int left_ms = client_left_ms(deadline_us);
        rd_kafka_resp_err_t code;

        if (client_is_stopped(stop_fd))
            return errbuf_set(err, EXIT_CODE_OK, "stopped");
        code = rd_kafka_metadata(client->rk, 0, NULL, &metadata, left_ms < SLICE_MS ? left_ms : SLICE_MS);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            client_is_up(client);
            return 0;
        }
        /* A broker farther away than a slice: its answer comes when we have given up that request, and is
         * seen in what it left in the client. */
        if (!answered_before && has_cluster_id(client)) {
            client_is_up(client);
            return 0;
        }
        rd_kafka_poll(client->rk, 0);
        if (client_check(client, err) == -1)
            return -1;
        if (client_is_auth(code))
            return client_error(client, code, NULL, err, "connect");
        if (left_ms == 0)
            break;
    }
    lock(client);
    snprintf(reason, sizeof(reason), "%s", client->last_text[0] != '\0' ? client->last_text : "no answer");
    unlock(client);
    errbuf_set(err, EXIT_CODE_BROKER,
               "no Kafka broker answers at %s (waited %.1f s): %s; start one (sf-broker, or Apache Kafka) or correct "
               "kafka.bootstrap.servers (-b HOST:PORT)",
               client->servers, timeout_ms / 1000.0, reason);
    err->retriable = true;
    return -1;
}

char *client_cluster_id(struct client *client, int timeout_ms)
{
    char *id = rd_kafka_clusterid(client->rk, timeout_ms);
    char *copy = id != NULL ? strdup(id) : NULL;

    if (id != NULL)
        rd_kafka_mem_free(client->rk, id);
    return copy;
}

bool client_is_mock(struct client *client)
{
    if (client->mock == -1) {
        char *id = client_cluster_id(client, 1000);

        if (id == NULL)
            return false; /* asked again next time */
        client->mock = strncmp(id, "mockCluster", 11) == 0;
        free(id);
    }
    return client->mock == 1;
}

int client_metadata(struct client *client, const char *topic, int timeout_ms, const struct rd_kafka_metadata **metadata,
                    struct errbuf *err)
{
    rd_kafka_topic_t *rkt = NULL;
    rd_kafka_resp_err_t code;

    if (topic != NULL) {
        rkt = rd_kafka_topic_new(client->rk, topic, NULL);
        if (rkt == NULL)
            return client_error(client, rd_kafka_last_error(), NULL, err, "topic %s", topic);
    }
    code = rd_kafka_metadata(client->rk, topic == NULL, rkt, metadata, timeout_ms);
    if (rkt != NULL)
        rd_kafka_topic_destroy(rkt);
    rd_kafka_poll(client->rk, 0);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return client_error(client, code, NULL, err, "metadata of %s", topic != NULL ? topic : "all topics");
    client_is_up(client);
    return 0;
}

int client_find_topic(struct client *client, const char *topic, int timeout_ms,
                      const struct rd_kafka_metadata **metadata, const struct rd_kafka_metadata_topic **found,
                      struct errbuf *err)
{
    *found = NULL;
    if (client_metadata(client, client_is_mock(client) ? NULL : topic, timeout_ms, metadata, err) == -1)
        return -1;
    for (int i = 0; i < (*metadata)->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *entry = &(*metadata)->topics[i];

        if (strcmp(entry->topic, topic) != 0)
            continue;
        if (entry->err == RD_KAFKA_RESP_ERR_NO_ERROR && entry->partition_cnt > 0)
            *found = entry;
        else if (entry->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
                 entry->err != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
            client_error(client,
                         entry->err != RD_KAFKA_RESP_ERR_NO_ERROR ? entry->err : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                         NULL, err, "topic %s", topic);
            rd_kafka_metadata_destroy(*metadata);
            return -1;
        }
        break;
    }
    return 0;
}

bool client_is_auth(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return true;
    default:
        return false;
    }
}

bool client_is_retriable(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE:
        return true;
    default:
        return false;
    }
}

int client_error(struct client *client, rd_kafka_resp_err_t code, const char *detail, struct errbuf *err,
                 const char *what, ...)
{
    enum exit_code exit_code = EXIT_CODE_RUNTIME;
    char subject[512];
    char reason[TEXT_SIZE];
    char last[TEXT_SIZE + 16] = "";
    va_list args;

    va_start(args, what);
    vsnprintf(subject, sizeof(subject), what, args);
    va_end(args);
    snprintf(reason, sizeof(reason), "%s", detail != NULL && detail[0] != '\0' ? detail : rd_kafka_err2str(code));
    hide_secrets(client, reason);
    if (client_is_auth(code))
        exit_code = EXIT_CODE_AUTH;
    else if (client_is_retriable(code))
        exit_code = EXIT_CODE_BROKER;
    if (exit_code == EXIT_CODE_BROKER) {
        lock(client);
        if (client->down)
            snprintf(last, sizeof(last), "; last error: %s", client->last_text);
        unlock(client);
    }
    errbuf_set(err, exit_code, "%s: %s (Kafka at %s%s)", subject, reason, client->servers, last);
    err->retriable = exit_code == EXIT_CODE_BROKER;
    return -1;
}

int client_check(struct client *client, struct errbuf *err)
{
    char reason[TEXT_SIZE];

    if (client->auth_failed) {
        lock(client);
        snprintf(reason, sizeof(reason), "%s", client->last_text);
        unlock(client);
        client->auth_failed = false; /* told once; librdkafka goes on trying */
        return errbuf_set(err, EXIT_CODE_AUTH,
                          "Kafka at %s refuses us: %s; check kafka.security.protocol, kafka.sasl.* and kafka.ssl.*",
                          client->servers, reason);
    }
    if (client->fatal) {
        rd_kafka_resp_err_t code = rd_kafka_fatal_error(client->rk, reason, sizeof(reason));

        hide_secrets(client, reason);
        return errbuf_set(err, EXIT_CODE_RUNTIME, "Kafka client at %s failed for good: %s (%s)", client->servers,
                          reason, rd_kafka_err2name(code));
    }
    return 0;
}

void client_probe(struct client *client)
{
    const struct rd_kafka_metadata *metadata;
    int64_t now_us = clock_monotonic_us();
    rd_kafka_resp_err_t code;

    if (!atomic_load(&client->maybe_down) || now_us - client->probed_at_us < PROBE_EVERY_US)
        return;
    client->probed_at_us = now_us;
    /* Without a usable connection the answer is _TRANSPORT; a time-out means that a broker has our
     * request. */
    code = rd_kafka_metadata(client->rk, 0, NULL, &metadata, 10);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    if (code != RD_KAFKA_RESP_ERR__TRANSPORT)
        client_is_up(client);
}

/* rd_kafka_sasl_set_credentials is the one public call that wakes every broker thread without a request, from any
 * thread and in any state. It is given what is set already; where SASL is not used, or without a user's name, nobody
 * looks at that. */
void client_wake(struct client *client)
{
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(client->rk, client->username, client->password);

    if (error != NULL)
        rd_kafka_error_destroy(error);
}

void client_is_up(struct client *client)
{
    int64_t away_us;

    if (!atomic_load(&client->maybe_down))
        return;
    lock(client);
    away_us = clock_monotonic_us() - client->down_since_us;
    client->down = false;
    client->last_text[0] = '\0';
    client->reported_at_us = -REPORT_EVERY_US;
    atomic_store(&client->maybe_down, false);
    unlock(client);
    log_info(client->module, "Kafka at %s answers again after %.1f s", client->servers, (double)away_us / 1e6);
}

bool client_down(struct client *client, char *text, size_t text_size)
{
    bool down;

    if (text_size > 0)
        text[0] = '\0';
    if (!atomic_load(&client->maybe_down))
        return false;
    lock(client);
    down = client->down;
    if (down)
        snprintf(text, text_size, "Kafka at %s is away since %.0f s: %s", client->servers,
                 (double)(clock_monotonic_us() - client->down_since_us) / 1e6, client->last_text);
    unlock(client);
    return down;
}
