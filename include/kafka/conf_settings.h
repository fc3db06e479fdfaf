/* A program's `kafka.*` settings: the rows that every client program has, and a conf filled from them. */
#ifndef KAFKA_CONF_SETTINGS_H
#define KAFKA_CONF_SETTINGS_H

#include "common/settings.h"
#include "kafka/conf.h"

/* struct settings_row's check: the value of the property that the open end names, of bootstrap.servers. 0; -1 with
 * err. */
int conf_settings_check(const char *name, const char *rest, const char *value, struct errbuf *err);
int conf_settings_check_bootstrap(const char *name, const char *rest, const char *value, struct errbuf *err);

#define CONF_SETTINGS_ROWS                                                                                             \
    {.key = "kafka.bootstrap.servers",                                                                                 \
     .type = SETTINGS_TEXT,                                                                                            \
     .flags = SETTINGS_NOT_EMPTY,                                                                                      \
     .def = "localhost:9092",                                                                                          \
     .check = conf_settings_check_bootstrap,                                                                           \
     .option = "bootstrap-servers",                                                                                    \
     .letter = 'b',                                                                                                    \
     .argument = "LIST",                                                                                               \
     .help = "Brokers to ask first: host:port, comma-separated."},                                                     \
    {                                                                                                                  \
        .key = "kafka.*", .type = SETTINGS_TEXT, .flags = SETTINGS_PAIR, .check = conf_settings_check,                 \
        .secret = conf_is_secret, .letter = 'X', .argument = "NAME=VALUE",                                             \
        .help = "Any property of librdkafka, by its name there (security.protocol, sasl.*, ssl.* ...); -X list "       \
                "prints them all."                                                                                     \
    }

/* Make conf of what CONF_SETTINGS_ROWS say. 0; -1 with err, and nothing to release. */
int conf_settings_init(struct conf *conf, const struct settings *settings, struct errbuf *err);

/* Set in conf (initialised) what stands under an open key, e.g. ("source.*.kafka.*", "calls"). 0; -1 with err. */
int conf_settings_add(struct conf *conf, const struct settings *settings, const char *key, const char *name,
                      struct errbuf *err);

#endif
