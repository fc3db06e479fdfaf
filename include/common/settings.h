/* A program's settings: one table of rows that parses, checks, explains and shows them.
 *
 * A row says for one key what it is called, of what type, its default and range, and what it does; the same rows give
 * --help, --print-config and the sample file. Sources, each overriding the ones before: defaults of the rows; the
 * configuration files in order (--config, or the program's default file); the environment; the command line. Everything
 * is checked while it is read: after settings_load the getters cannot fail.
 *
 * Keys ignore (ASCII) case. A `*` inside a row's key stands for a name the user chooses ("source.*.subscribe":
 * source.calls.subscribe), a `*` at its end for any rest ("kafka.*": kafka.security.protocol; the rest is turned to
 * lower case). A value given for the literal name `*` (source.*.maxOffsetsPerTrigger = 200, which is what
 * --max-offsets-per-trigger does) counts for every name that has no value of the same or a later origin.
 *
 * File: UTF-8 lines `key = value`; a whole line that begins with # or ! is a comment; `\` at a line's end continues it
 * (indentation of the next line counts as at most one blank); values are trimmed; a key set twice in one file: the last
 * one counts, with a warning.
 *
 * Environment: SFCRIME_ and the key in upper case with _ for every dot, "sf." left out (SFCRIME_SPARK_UI_PORT,
 * SFCRIME_BROKER_TIMEOUT, SFCRIME_KAFKA_SECURITY_PROTOCOL), for keys without a name in them; SFCRIME_CONF = lines as in
 * a file; KAFKA_BOOTSTRAP_SERVERS. A variable for one key goes before SFCRIME_CONF, that before
 * KAFKA_BOOTSTRAP_SERVERS; an empty one is as good as unset. Unknown SFCRIME_ variables are only warned about
 * (Kubernetes makes such ones for a service of that name); all else unknown is an error.
 *
 * Relative paths (SETTINGS_PATH): in a file that lies in a directory named `config` they count from the directory that
 * holds it (the clone), everywhere else from the working directory. "file:" in front is taken off.
 *
 * All errors have EXIT_CODE_USAGE and begin with their place (file:line, "environment NAME", "command line").
 */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/buf.h"
#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum settings_type {
    SETTINGS_TEXT,
    SETTINGS_BOOL,     /* true or false, any case */
    SETTINGS_INT,      /* min..max */
    SETTINGS_DURATION, /* "5 seconds", "5s"; min..max in milliseconds; flag SETTINGS_BARE_MS: "5000" too */
    SETTINGS_BYTES,    /* "64m"; min..max in bytes */
    SETTINGS_ENUM,     /* one of choices, any case */
    SETTINGS_PATH      /* of a local file */
};

enum settings_status {
    SETTINGS_HONOURED,
    SETTINGS_WARNED, /* accepted, without effect here; the row's help says why, and one WARN does */
    SETTINGS_REFUSED /* an error; the row's help says why and what to do instead */
};

enum settings_flag {
    SETTINGS_SECRET = 1 << 0, /* its value is never shown */
    SETTINGS_OPTION_ONLY =
        1 << 1, /* command line only (--explain): refused in files and environment, not in the sample file */
    SETTINGS_PAIR =
        1 << 2, /* the option takes NAME=VALUE; NAME goes to the key's `*` (--query NAME=SQL, -X name=value) */
    SETTINGS_BARE_MS = 1 << 3,   /* DURATION: a bare number counts milliseconds */
    SETTINGS_NOT_EMPTY = 1 << 4, /* TEXT, PATH: an empty value is refused */
    SETTINGS_REQUIRED = 1 << 5   /* without a default and not set: settings_load fails (only for keys without `*`) */
};

#define SETTINGS_ANY INT64_MAX   /* max of a row without an upper limit */
#define SETTINGS_UNSET INT64_MIN /* what number getters give for a row without a value */

/* Designated initialisers keep tables readable: {.key = "spark.ui.port", .type = SETTINGS_INT, .def = "4040", .max =
 * 65535, .option = "ui-port", .argument = "N", .help = "..."}. */
struct settings_row {
    const char *key;
    enum settings_type type;
    enum settings_status status;
    unsigned flags;
    const char *def;            /* as text; NULL: not set */
    int64_t min, max;           /* INT, DURATION (ms), BYTES */
    const char *unit;           /* for the texts: "records", "bytes"; may be NULL */
    const char *const *choices; /* ENUM: NULL-terminated */
    const char *help;           /* one or two sentences, without line breaks */
    const char *example;        /* sample file: shown commented out when there is no default; may be NULL */
    const char *option;         /* long option without dashes, or NULL */
    char letter;                /* short option, or 0 */
    const char *argument;       /* what --help calls the value: "N" */
    const char *option_value;   /* not NULL: the option takes no argument and means this value (--no-ui: "false") */
    /* More checks for a value that has the right form; name and rest as the key's stars matched (NULL without one). The
     * text in err says what is wrong and what is wanted; place and key are put in front. 0, -1. May be NULL. */
    int (*check)(const char *name, const char *rest, const char *value, struct errbuf *err);
    /* Rows that end in `*`: which rests are secret. May be NULL. */
    bool (*secret)(const char *rest);
};

struct settings_program {
    const char *name;        /* "sf-processor" */
    const char *usage;       /* behind the name: "[OPTION]... [FILE|-]" */
    const char *summary;     /* what it does: a few lines */
    const char *examples;    /* last part of --help: lines; may be NULL */
    const char *config_name; /* of the default file: config/<this> in a clone, /etc/sfcrime/<this>; NULL: none */
    const char *file_prefix; /* option -F FILE: lines name=value, this put in front ("kafka."); NULL: no such option */
    const char *foreign;     /* key prefixes of the other programs, which a shared SFCRIME_CONF may hold: skipped there:
                                "producer. consumer."; NULL: none */
    size_t max_arguments;    /* words behind the options */
    const char *bootstrap_key; /* that KAFKA_BOOTSTRAP_SERVERS sets; NULL: none */
    size_t nrows;
    const struct settings_row *rows;
};

/* Rows of every program. */
extern const char *const settings_log_levels[];
extern const char *const settings_log_formats[];
#define SETTINGS_ROWS_LOG                                                                                              \
    {.key = "sf.log.level",                                                                                            \
     .type = SETTINGS_ENUM,                                                                                            \
     .def = "INFO",                                                                                                    \
     .choices = settings_log_levels,                                                                                   \
     .option = "log-level",                                                                                            \
     .argument = "LEVEL",                                                                                              \
     .help = "How much is logged on stderr. SIGHUP reads it again."},                                                  \
    {                                                                                                                  \
        .key = "sf.log.format", .type = SETTINGS_ENUM, .def = "text", .choices = settings_log_formats,                 \
        .option = "log-format", .argument = "FORMAT",                                                                  \
        .help = "text is Spark's line form; json and logfmt are for log collectors."                                   \
    }

enum settings_action {
    SETTINGS_RUN,
    SETTINGS_HELP,         /* --help */
    SETTINGS_VERSION,      /* --version */
    SETTINGS_SAMPLE,       /* --sample-config: the commented sample file */
    SETTINGS_PRINT_CONFIG, /* --print-config */
    SETTINGS_CHECK_CONFIG, /* --check-config: everything read and checked so far; the program checks the rest and
                            * ends */
    SETTINGS_LIST          /* -X list: the program prints the client's properties */
};

struct settings;

/* NULL without memory. Borrows program and its rows for the life of the settings. */
struct settings *settings_new(const struct settings_program *program);
void settings_free(struct settings *settings);

/* Read everything. argv is not changed. environ_or_null: NULL-terminated NAME=VALUE list (main passes `environ`).
 * Returns an enum settings_action (after HELP, VERSION and SAMPLE nothing else was read), or -1 with err. Main thread,
 * before others start. */
int settings_load(struct settings *settings, int argc, char **argv, char **environ_or_null, struct errbuf *err);

/* The text that answers HELP, VERSION, SAMPLE or PRINT_CONFIG: goes to stdout. */
void settings_answer(const struct settings *settings, enum settings_action action, struct buf *out);

/* Set the log's level and format from sf.log.*, then log each warning that loading collected (once). */
void settings_apply_log(struct settings *settings);

/* SIGHUP: read files and environment again and apply only sf.log.level and sf.log.format. 0, -1 with err. Any
 * thread. */
int settings_reload_log(const struct settings *settings, struct errbuf *err);

/* Words behind the options. */
const char *const *settings_arguments(const struct settings *settings, size_t *n);

/* Files that were read, in order. */
const char *const *settings_files(const struct settings *settings, size_t *n);

/* --- values. key is a row's key as written in the table; name stands for its first `*` (NULL when it has none). --- */
const char *settings_text(const struct settings *settings, const char *key, const char *name); /* NULL: not set */
int64_t settings_int(const struct settings *settings, const char *key, const char *name);      /* INT, BYTES */
int64_t settings_ms(const struct settings *settings, const char *key, const char *name);       /* DURATION */
bool settings_bool(const struct settings *settings, const char *key, const char *name);        /* unset: false */
int settings_choice(const struct settings *settings, const char *key,
                    const char *name); /* index in choices; -1: not set */
/* "default", "config/sf-processor.properties:12", "environment SFCRIME_CONF:2", "command line". */
const char *settings_origin(const struct settings *settings, const char *key, const char *name);

/* The names in use at the star of a family ("source.", "query."), in order of first mention; n of them. Owned by
 * settings. */
const char *const *settings_names(const struct settings *settings, const char *family, size_t *n);

/* Walk what was set under a row that ends in `*`, e.g. ("kafka.*", NULL) or ("source.*.kafka.*", "calls"): *at is 0 at
 * first; false at the end. Later settings of the same rest have replaced earlier ones. */
struct settings_pair {
    const char *rest;
    const char *value;
    const char *origin;
};
bool settings_next(const struct settings *settings, const char *key, const char *name, size_t *at,
                   struct settings_pair *pair);

/* Every effective setting as it may be shown (secrets masked), in table order: for the Environment page. */
typedef void (*settings_show_fn)(const char *key, const char *value, const char *origin, void *cookie);
void settings_each(const struct settings *settings, settings_show_fn fn, void *cookie);

/* An error about a value that only the program can judge: "PLACE: key = value: TEXT". Returns -1. */
int settings_complain(const struct settings *settings, const char *key, const char *name, struct errbuf *err,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
