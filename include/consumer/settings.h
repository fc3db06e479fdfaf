/* What sf-consumer can be told: its table of settings, and the values taken out of it. */
#ifndef CONSUMER_SETTINGS_H
#define CONSUMER_SETTINGS_H

#include "common/errbuf.h"
#include "common/settings.h"
#include "consumer/printer.h"
#include "kafka/conf.h"

#include <stdbool.h>
#include <stdint.h>

struct consumer_settings {
    const char *topic;
    bool from_beginning;
    bool exit_on_end;
    int64_t max_messages; /* 0: no limit */
    int broker_timeout_ms;
    struct printer_options printer;
    struct conf kafka;
};

/* The table, for settings_new. */
extern const struct settings_program settings_consumer;

/* Take the values out of loaded settings, whose texts are borrowed. Returns 0; -1 with err (nothing to release
 * then). */
int settings_consumer_init(struct consumer_settings *consumer, const struct settings *settings, struct errbuf *err);
void settings_consumer_release(struct consumer_settings *consumer);

#endif
