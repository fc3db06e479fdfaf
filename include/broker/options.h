/* What sf-broker was asked to do: its table of settings, and the values taken out of it. */
#ifndef BROKER_OPTIONS_H
#define BROKER_OPTIONS_H

#include "common/errbuf.h"
#include "common/settings.h"

#include <stddef.h>

struct options_topic {
    char name[250]; /* Kafka's limit is 249 characters */
    int partitions;
};

struct options {
    int port; /* 0: any free one */
    struct options_topic *topics;
    size_t ntopics;
};

/* The table, for settings_new. */
extern const struct settings_program options_program;

/* argv with every --topic NAME:N joined into one --topic A:N,B:M, since of a setting given twice the last
 * counts. Returns a malloc'd, NULL-terminated array that the caller frees with options_free_argv; *argc is
 * its new length. NULL with err. */
char **options_join_topics(int *argc, char **argv, struct errbuf *err);
void options_free_argv(char **argv);

/* Take the values out of loaded settings. Returns 0; -1 with EXIT_CODE_USAGE. Release in both cases. */
int options_init(struct options *options, const struct settings *settings, struct errbuf *err);
void options_release(struct options *options);

#endif
