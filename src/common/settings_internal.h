/* What the files of the settings module share: settings.c keeps values, settings_check.c judges them, settings_load.c
 * brings them together from command line, environment and files, settings_file.c reads files, settings_text.c shows
 * them. */
#ifndef COMMON_SETTINGS_INTERNAL_H
#define COMMON_SETTINGS_INTERNAL_H

#include "common/arena.h"
#include "common/settings.h"

/* Where a value comes from. */
struct settings_place {
    const char *text; /* the origin as shown; lives in the settings' arena */
    unsigned rank;    /* a later source's is higher */
    const char *base; /* what relative paths count from; NULL: the working directory */
    bool command_line;
};

/* Where a clone has its files, and what relative paths in them do not count from. */
#define SETTINGS_CONFIG_DIR "config"

#define SETTINGS_RANK_ENVIRONMENT 1000u
#define SETTINGS_RANK_COMMAND_LINE 2000u

struct settings_value {
    const struct settings_row *row;
    const char *name; /* at the first star; NULL: none; "*": for every name */
    const char *rest; /* at the last star, lower case; NULL: none */
    const char *text;
    const char *origin;
    unsigned rank;
    int64_t number; /* INT, BYTES; DURATION in ms; BOOL 0, 1; ENUM its index */
};

struct settings_family {
    const char *prefix; /* "source." */
    size_t nnames;
    const char **names;
};

struct settings {
    const struct settings_program *program;
    struct arena arena; /* all strings */
    size_t nvalues, values_cap;
    struct settings_value *values;
    size_t nfamilies;
    struct settings_family *families;
    size_t nwarnings, warnings_cap;
    const char **warnings;
    size_t nfiles;
    const char **files;
    size_t narguments;
    const char **arguments;
    int argc; /* as given to settings_load, for a reload */
    char **argv;
    char **environment;
};

/* What a key's stars stand for; borrowed from the key. */
struct settings_match {
    const char *name;
    size_t name_len;
    const char *rest;
};

/* The row that a key belongs to (rows without an open end first), or NULL. */
const struct settings_row *settings_match(const struct settings_program *program, const char *key,
                                          struct settings_match *match);
/* The part of a row's key before its inner star, e.g. 7 of "source.*.path"; 0: it has none. */
size_t settings_family_len(const struct settings_row *row);
/* True for "kafka.*": open at the end. */
bool settings_is_open(const struct settings_row *row);

/* Check a value and keep it. name: the one at the star ("*" for all), or NULL. 0; -1 with err. */
int settings_put(struct settings *settings, const struct settings_place *place, const char *key, const char *value,
                 struct errbuf *err);
/* The same for a known row (an option's). */
int settings_put_row(struct settings *settings, const struct settings_place *place, const struct settings_row *row,
                     const char *name, const char *rest, const char *value, struct errbuf *err);

/* Note a warning for settings_apply_log. 0; -1 with err without memory. */
int settings_warn(struct settings *settings, struct errbuf *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A piece of text; without the blanks at both ends. */
struct settings_line {
    const char *start;
    size_t len;
};
struct settings_line settings_file_trim(struct settings_line line);

/* All lines of a file or of SFCRIME_CONF; prefix is put in front of every key. place.text is the name that goes in
 * front of ":line". shared: keys of other programs may be among them, and are skipped. 0, -1 with err. */
int settings_file_put_lines(struct settings *settings, struct settings_place place, const char *text, size_t len,
                            const char *prefix, bool shared, struct errbuf *err);
/* A whole file: path lives as long as the settings. 0, -1 with err. */
int settings_file_put(struct settings *settings, const char *path, unsigned rank, const char *prefix,
                      struct errbuf *err);

/* Collect the names of every family; check SETTINGS_REQUIRED. */
int settings_finish(struct settings *settings, struct errbuf *err);

/* The value in force, or NULL: the row's default counts. */
const struct settings_value *settings_find(const struct settings *settings, const struct settings_row *row,
                                           const char *name, const char *rest);

bool settings_is_secret(const struct settings_row *row, const char *rest);
/* The key with its stars filled in; names that are NULL show as NAME, rests as `*`. */
void settings_key_text(const struct settings_row *row, const char *name, const char *rest, struct buf *out);
/* The value as a number (0 for texts). False: it does not have the row's form. */
bool settings_parse(const struct settings_row *row, const char *text, int64_t *number);
/* Errors, all -1: "PLACE: key = value: WHAT" with the value masked where it must be; what form is wanted; no such
 * key. */
int settings_refuse(const char *place, const struct settings_row *row, const char *name, const char *rest,
                    const char *value, const char *what, struct errbuf *err);
int settings_refuse_form(const char *place, const struct settings_row *row, const char *name, const char *rest,
                         const char *value, struct errbuf *err);
int settings_refuse_unknown(const struct settings *settings, const struct settings_place *place, const char *key,
                            struct errbuf *err);
#define SETTINGS_REDACTED "*********(redacted)" /* Spark's mask */
/* "a whole number from 0 to 65535" */
void settings_wanted(const struct settings_row *row, struct buf *out);

#endif
