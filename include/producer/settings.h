/* What sf-producer can be told: its table of settings, and the values taken out of it. */
#ifndef PRODUCER_SETTINGS_H
#define PRODUCER_SETTINGS_H

#include "common/errbuf.h"
#include "common/settings.h"
#include "kafka/conf.h"
#include "producer/dataset.h"

#include <stdbool.h>
#include <stdint.h>

struct producer_settings {
    const char *input; /* path, or "-" */
    enum dataset_format format;
    const char *topic;
    const char *key; /* NULL: none */
    int64_t rate;    /* records/s; 0: as fast as it goes */
    int64_t limit;   /* records; 0: all */
    bool loop;
    bool skip_bad;
    bool dry_run;
    int broker_timeout_ms;
    struct conf kafka;
};

/* The table, for settings_new. */
extern const struct settings_program settings_producer;

/* Take the values out of loaded settings, whose texts are borrowed. Returns 0; -1 with err for what fits together badly
 * (nothing to release then). */
int settings_producer_init(struct producer_settings *producer, const struct settings *settings, struct errbuf *err);
void settings_producer_release(struct producer_settings *producer);

#endif
