/* One librdkafka handle with what all of ours share: settings, logs, error events, what is known of the
 * connection, error texts.
 *
 * Error events are served on the thread that calls rd_kafka_poll and the like; only log lines come from
 * librdkafka's own threads. So one thread at a time uses a client, except for client_down.
 */
#ifndef KAFKA_CLIENT_INTERNAL_H
#define KAFKA_CLIENT_INTERNAL_H

#include "common/errbuf.h"
#include "kafka/conf.h"

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stdint.h>

struct client;

/* Called while the handle is being made, to add callbacks. */
typedef void (*client_setup_fn)(rd_kafka_conf_t *rk_conf);

struct client_setting {
    const char *name;
    const char *value;
};

struct client_plan {
    rd_kafka_type_t type;
    const char *module; /* name in log lines */
    const struct client_setting
        *defaults; /* the user's conf overrides them; unknown to an older librdkafka: left out */
    size_t ndefaults;
    const struct client_setting *forced; /* override the user's conf */
    size_t nforced;
    bool take_group; /* hand on the user's group.id */
    client_setup_fn setup;
    void *owner; /* what client_owner returns inside callbacks */
};

/* NULL with err: EXIT_CODE_USAGE for settings that contradict each other. Does not contact the broker. */
struct client *client_open(const struct conf *conf, const struct client_plan *plan, struct errbuf *err);
/* Does not wait for anything unsent. NULL does nothing. */
void client_close(struct client *client);

rd_kafka_t *client_handle(const struct client *client);
/* The owner of the client, from the opaque that librdkafka passes to a callback. */
void *client_owner(void *opaque);
/* The bootstrap servers as configured. */
const char *client_servers(const struct client *client);

/* Value of a setting as librdkafka holds it, 0 if it has none. */
int64_t client_setting_number(const struct client *client, const char *name);

/* Wait until a broker answers, at most timeout_ms; as offsets_connect in kafka/offsets.h. */
int client_connect(struct client *client, int timeout_ms, int stop_fd, struct errbuf *err);

/* After client_connect: true on librdkafka's mock cluster. cluster_id: malloc'd for the caller, or NULL
 * pointer. */
bool client_is_mock(struct client *client);
char *client_cluster_id(struct client *client, int timeout_ms);

/* Fresh metadata of one topic (NULL: of all). The caller destroys it. -1 with err, retriable when the
 * broker is away. */
int client_metadata(struct client *client, const char *topic, int timeout_ms, const struct rd_kafka_metadata **metadata,
                    struct errbuf *err);

/* The topic's entry in fresh metadata, without making the topic: a mock cluster makes every topic that it
 * is asked for by name, so there the list of all topics is looked through. *found NULL: no such topic.
 * *metadata: destroy it in any case of return 0. */
int client_find_topic(struct client *client, const char *topic, int timeout_ms,
                      const struct rd_kafka_metadata **metadata, const struct rd_kafka_metadata_topic **found,
                      struct errbuf *err);

/* Fill err from a librdkafka error: exit code (BROKER and retriable for what passes by itself, AUTH,
 * RUNTIME) and one line "WHAT: reason (bootstrap servers S; last error ...)". detail may be NULL. Returns
 * -1. */
int client_error(struct client *client, rd_kafka_resp_err_t code, const char *detail, struct errbuf *err,
                 const char *what, ...) __attribute__((format(printf, 5, 6)));

/* True for errors that pass by themselves. */
bool client_is_retriable(rd_kafka_resp_err_t code);
bool client_is_auth(rd_kafka_resp_err_t code);

/* -1 with err after a fatal error event or a failed authentication. */
int client_check(struct client *client, struct errbuf *err);

/* While the client is known to be without a broker, ask at most every 250 ms whether that is still so
 * (librdkafka has no event for a connection that came back). The caller's thread. */
void client_probe(struct client *client);
/* Have the broker threads look at once whether there is anything to do (a local queue that was full has room again);
 * librdkafka itself would see it when something arrives, or after a second. Costs a few microseconds. */
void client_wake(struct client *client);
/* Something came from a broker: it is up. Cheap. */
void client_is_up(struct client *client);
/* As reader_broker_down. Any thread. */
bool client_down(struct client *client, char *text, size_t text_size);

/* True when a stop was asked for: stop_fd is readable. -1: never. */
bool client_is_stopped(int stop_fd);

/* Milliseconds left until a clock_monotonic_us deadline, at least 0. */
int client_left_ms(int64_t deadline_us);

#endif
