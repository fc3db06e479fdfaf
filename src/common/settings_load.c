/* Where settings come from: files, environment, command line, in the order of their precedence. The command line is
 * read first all the same (it names the files) and kept aside until it is its turn. */
#include "common/nearest.h"
#include "settings_internal.h"

#include <assert.h>
#include <ctype.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SYSTEM_DIR "/etc/sfcrime"

/* --- files -------------------------------------------------------------------------------------------------------- */

/* config/NAME below the working directory; below the clone that the program was built in (it lies in build/.../bin); in
 * /etc. NULL when there is none. */
static const char *default_file(struct settings *settings)
{
    const char *name = settings->program->config_name;
    char exe[PATH_MAX];
    const char *path = arena_printf(&settings->arena, SETTINGS_CONFIG_DIR "/%s", name);

    if (path != NULL && access(path, F_OK) == 0)
        return path;
    ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    const char *deepest = NULL;
    if (len > 0) {
        exe[len] = '\0';
        for (char *build = strstr(exe, "/build/"); build != NULL; build = strstr(build + 1, "/build/")) {
            path = arena_printf(&settings->arena, "%.*s/" SETTINGS_CONFIG_DIR "/%s", (int)(build - exe), exe, name);
            if (path != NULL && access(path, F_OK) == 0)
                deepest = path;
        }
    }
    if (deepest != NULL)
        return deepest;
    path = arena_printf(&settings->arena, SYSTEM_DIR "/%s", name);
    return path != NULL && access(path, F_OK) == 0 ? path : NULL;
}

/* --- environment -------------------------------------------------------------------------------------------------- */

/* True when the variable's name (behind SFCRIME_) is the key's: upper case, dots as _, a leading "sf." left out. *rest:
 * what stands for the open end. */
static bool env_matches(const struct settings_row *row, const char *name, size_t len, const char **rest)
{
    const char *key = row->key;
    bool open = settings_is_open(row);

    if (settings_family_len(row) > 0 || (row->flags & SETTINGS_OPTION_ONLY))
        return false;
    if (strncmp(key, "sf.", 3) == 0)
        key += 3;
    size_t fixed = strlen(key) - (open ? 1 : 0);
    if (open ? len <= fixed : len != fixed)
        return false;
    for (size_t i = 0; i < fixed; i++)
        if ((key[i] == '.' ? '_' : toupper((unsigned char)key[i])) != name[i])
            return false;
    *rest = open ? name + fixed : NULL;
    return true;
}

static int put_variable(struct settings *settings, const char *variable, struct errbuf *err)
{
    static const char ours[] = "SFCRIME_";
    const struct settings_program *program = settings->program;
    const char *equals = strchr(variable, '=');
    struct settings_place place = {.rank = SETTINGS_RANK_ENVIRONMENT};

    if (equals == NULL || equals[1] == '\0') /* empty is as good as unset */
        return 0;
    size_t len = (size_t)(equals - variable);
    place.text = arena_printf(&settings->arena, "environment %.*s", (int)len, variable);
    if (place.text == NULL)
        return errbuf_oom(err, "settings", len);
    if (program->bootstrap_key != NULL && len == strlen("KAFKA_BOOTSTRAP_SERVERS") &&
        strncmp(variable, "KAFKA_BOOTSTRAP_SERVERS", len) == 0)
        return settings_put(settings, &place, program->bootstrap_key, equals + 1, err);
    if (strncmp(variable, ours, sizeof(ours) - 1) != 0)
        return 0;
    const char *name = variable + sizeof(ours) - 1;
    len -= sizeof(ours) - 1;
    if (len == 4 && strncmp(name, "CONF", len) == 0)
        return settings_file_put_lines(settings, place, equals + 1, strlen(equals + 1), "", true, err);

    for (int open = 0; open <= 1; open++) {
        for (size_t i = 0; i < program->nrows; i++) {
            const char *rest;
            if (settings_is_open(&program->rows[i]) != (open == 1) || !env_matches(&program->rows[i], name, len, &rest))
                continue;
            char *lower = NULL;
            if (rest != NULL) {
                lower = arena_strndup(&settings->arena, rest, len - (size_t)(rest - name));
                if (lower == NULL)
                    return errbuf_oom(err, "settings", len);
                for (char *p = lower; *p != '\0'; p++)
                    *p = *p == '_' ? '.' : (char)tolower((unsigned char)*p);
            }
            return settings_put_row(settings, &place, &program->rows[i], NULL, lower, equals + 1, err);
        }
    }
    return settings_warn(settings, err, "environment: %.*s names no setting of %s and is ignored",
                         (int)(equals - variable), variable, program->name);
}

static int put_environment(struct settings *settings, char **environment, struct errbuf *err)
{
    /* from the general to the definite, whatever their order: the common variable, the lines, single settings */
    for (int round = 0; round <= 2; round++) {
        for (char **variable = environment; variable != NULL && *variable != NULL; variable++) {
            int turn = strncmp(*variable, "SFCRIME_", 8) != 0         ? 0
                       : strncmp(*variable, "SFCRIME_CONF=", 13) == 0 ? 1
                                                                      : 2;
            if (turn == round && put_variable(settings, *variable, err) != 0)
                return -1;
        }
    }
    return 0;
}

/* --- command line ------------------------------------------------------------------------------------------------- */

enum { OPTION_CONFIG = 256, OPTION_CONF, OPTION_CHECK, OPTION_PRINT, OPTION_SAMPLE, OPTION_ROW };

struct command {
    struct option *options; /* for getopt_long, ended by a zero */
    char *letters;
    size_t nconfig;
    const char **config; /* files of --config */
    size_t nset;         /* what sets values, in order */
    struct {
        int code; /* OPTION_CONF, 'F', or OPTION_ROW + index */
        const char *argument;
    } * set;
    enum settings_action action;
};

static void command_release(struct command *command)
{
    free(command->options);
    free(command->letters);
    free(command->config);
    free(command->set);
}

static int make_options(const struct settings_program *program, struct command *command, struct errbuf *err)
{
    static const struct option common[] = {
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"conf", required_argument, NULL, OPTION_CONF},
        {"check-config", no_argument, NULL, OPTION_CHECK},
        {"print-config", no_argument, NULL, OPTION_PRINT},
        {"sample-config", no_argument, NULL, OPTION_SAMPLE},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
    };
    const size_t ncommon = sizeof(common) / sizeof(*common);
    size_t n = ncommon;
    char *letter;

    command->options = calloc(ncommon + program->nrows + 1, sizeof(*command->options));
    command->letters = malloc(16 + 2 * program->nrows);
    if (command->options == NULL || command->letters == NULL)
        return errbuf_oom(err, "options", program->nrows * sizeof(*command->options));
    memcpy(command->options, common, sizeof(common));
    letter = command->letters;
    *letter++ = ':'; /* a missing argument is told apart */
    *letter++ = 'h';
    *letter++ = 'V';
    if (program->file_prefix != NULL) {
        *letter++ = 'F';
        *letter++ = ':';
    }
    for (size_t i = 0; i < program->nrows; i++) {
        const struct settings_row *row = &program->rows[i];
        int takes = row->option_value != NULL ? no_argument : required_argument;
        if (row->option != NULL)
            command->options[n++] = (struct option){row->option, takes, NULL, OPTION_ROW + (int)i};
        if (row->letter != 0) {
            *letter++ = row->letter;
            if (takes == required_argument)
                *letter++ = ':';
        }
    }
    *letter = '\0';
    return 0;
}

static int refuse_option(const struct settings_program *program, const struct command *command, const char *word,
                         int letter, bool missing, struct errbuf *err)
{
    const char *names[128];
    size_t n = 0;

    if (missing)
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: %s needs a value; see %s --help", word, program->name);
    if (strncmp(word, "--", 2) != 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: unknown option -%c; see %s --help",
                          isprint(letter) ? letter : '?', program->name);
    if (letter != 0) /* getopt says so for an argument that an option does not take */
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: %.*s takes no value; see %s --help",
                          (int)strcspn(word, "="), word, program->name);
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    size_t matching = 0;
    for (const struct option *option = command->options; option->name != NULL && n < 128; option++) {
        names[n++] = option->name;
        matching += strncmp(option->name, name, strlen(name)) == 0;
    }
    if (matching > 1)
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: --%s could be several options; see %s --help", name,
                          program->name);
    int near = nearest_pick(name, names, n);
    if (near >= 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: unknown option --%s; did you mean --%s?", name,
                          names[near]);
    return errbuf_set(err, EXIT_CODE_USAGE, "command line: unknown option --%s; see %s --help", name, program->name);
}

static int row_of_letter(const struct settings_program *program, int letter)
{
    for (size_t i = 0; i < program->nrows; i++)
        if (program->rows[i].letter == letter)
            return OPTION_ROW + (int)i;
    return letter;
}

static bool is_list(const struct settings_program *program, int code, const char *argument)
{
    if (code < OPTION_ROW || argument == NULL || strcmp(argument, "list") != 0)
        return false;
    const struct settings_row *row = &program->rows[code - OPTION_ROW];
    return (row->flags & SETTINGS_PAIR) && settings_is_open(row);
}

/* Take argv apart into command and settings->arguments. */
static int read_command_line(struct settings *settings, struct command *command, int argc, char **words,
                             struct errbuf *err)
{
    const struct settings_program *program = settings->program;
    int code;

    command->config = calloc((size_t)argc + 1, sizeof(*command->config));
    command->set = calloc((size_t)argc + 1, sizeof(*command->set));
    settings->arguments = arena_calloc(&settings->arena, (size_t)argc + 1, sizeof(*settings->arguments));
    if (command->config == NULL || command->set == NULL || settings->arguments == NULL)
        return errbuf_oom(err, "options", (size_t)argc * sizeof(*command->set));
    if (make_options(program, command, err) != 0)
        return -1;
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((code = getopt_long(argc, words, command->letters, command->options, NULL)) != -1) {
        if (code == ':' || code == '?') {
            int at = optind > 0 && optind <= argc ? optind - 1 : 0;
            /* a bad letter in a cluster leaves optind on the word itself */
            const char *word = words[at];
            if (optopt != 0 && optopt < OPTION_CONFIG && strncmp(word, "--", 2) != 0) {
                char shown[3] = {'-', (char)optopt, '\0'};
                return refuse_option(program, command, shown, optopt, code == ':', err);
            }
            return refuse_option(program, command, word, optopt, code == ':', err);
        }
        if (code < OPTION_CONFIG && code != 'h' && code != 'V' && code != 'F')
            code = row_of_letter(program, code);
        if (code == 'h' || code == 'V') {
            command->action = code == 'h' ? SETTINGS_HELP : SETTINGS_VERSION;
            return 0;
        }
        if (code == OPTION_SAMPLE) {
            command->action = SETTINGS_SAMPLE;
            return 0;
        }
        if (code == OPTION_CONFIG) {
            command->config[command->nconfig++] = optarg;
        } else if (code == OPTION_CHECK || code == OPTION_PRINT) {
            if (command->action != SETTINGS_PRINT_CONFIG)
                command->action = code == OPTION_CHECK ? SETTINGS_CHECK_CONFIG : SETTINGS_PRINT_CONFIG;
        } else if (is_list(program, code, optarg)) {
            command->action = SETTINGS_LIST;
            return 0;
        } else {
            command->set[command->nset].code = code;
            command->set[command->nset++].argument = optarg;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (settings->narguments == program->max_arguments)
            return errbuf_set(err, EXIT_CODE_USAGE, "command line: '%s' is one word too many; see %s --help", words[i],
                              program->name);
        settings->arguments[settings->narguments++] = words[i];
    }
    return 0;
}

/* NAME=VALUE, both trimmed and copied to the arena. 0; -1: there is no = or no name; -2 without memory. */
static int split_pair(struct settings *settings, const char *pair, const char **name, const char **value)
{
    const char *equals = strchr(pair, '=');

    if (equals == NULL)
        return -1;
    struct settings_line left = settings_file_trim((struct settings_line){pair, (size_t)(equals - pair)});
    struct settings_line right = settings_file_trim((struct settings_line){equals + 1, strlen(equals + 1)});
    if (left.len == 0)
        return -1;
    *name = arena_strndup(&settings->arena, left.start, left.len);
    *value = arena_strndup(&settings->arena, right.start, right.len);
    return *name == NULL || *value == NULL ? -2 : 0;
}

static int put_option(struct settings *settings, const struct settings_place *place, const struct settings_row *row,
                      const char *argument, struct errbuf *err)
{
    const char *name, *value;
    struct buf key = BUF_INIT;

    if (!(row->flags & SETTINGS_PAIR))
        return settings_put_row(settings, place, row, settings_family_len(row) > 0 ? "*" : NULL, NULL,
                                row->option_value != NULL ? row->option_value : argument, err);
    int result = split_pair(settings, argument, &name, &value);
    if (result == -1)
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: '%s' is not of the form %s", argument, row->argument);
    if (result != 0)
        return errbuf_oom(err, "settings", strlen(argument));
    /* through the key, so that the name is checked like any other */
    settings_key_text(row, settings_is_open(row) ? NULL : name, settings_is_open(row) ? name : NULL, &key);
    result = key.failed ? errbuf_oom(err, "settings", 64) : settings_put(settings, place, key.data, value, err);
    buf_release(&key);
    return result;
}

static int put_conf(struct settings *settings, const struct settings_place *place, const char *argument,
                    struct errbuf *err)
{
    const char *key, *value;
    int result = split_pair(settings, argument, &key, &value);

    if (result == -1)
        return errbuf_set(err, EXIT_CODE_USAGE, "command line: --conf '%s' is not of the form KEY=VALUE", argument);
    if (result != 0)
        return errbuf_oom(err, "settings", strlen(argument));
    return settings_put(settings, place, key, value, err);
}

static int put_command_line(struct settings *settings, const struct command *command, struct errbuf *err)
{
    const struct settings_program *program = settings->program;
    const struct settings_place place = {
        .text = "command line", .rank = SETTINGS_RANK_COMMAND_LINE, .command_line = true};

    for (size_t i = 0; i < command->nset; i++) {
        const char *argument = command->set[i].argument;
        int code = command->set[i].code;
        int result;
        if (code == OPTION_CONF) {
            result = put_conf(settings, &place, argument, err);
        } else if (code == 'F') {
            result = settings_file_put(settings, argument, SETTINGS_RANK_COMMAND_LINE, program->file_prefix, err);
        } else {
            assert(code >= OPTION_ROW && (size_t)(code - OPTION_ROW) < program->nrows);
            result = put_option(settings, &place, &program->rows[code - OPTION_ROW], argument, err);
        }
        if (result != 0)
            return -1;
    }
    return 0;
}

static int put_files(struct settings *settings, const struct command *command, struct errbuf *err)
{
    settings->files = arena_calloc(&settings->arena, command->nconfig + 1, sizeof(*settings->files));
    if (settings->files == NULL)
        return errbuf_oom(err, "settings", command->nconfig * sizeof(*settings->files));
    for (size_t i = 0; i < command->nconfig; i++)
        settings->files[settings->nfiles++] = command->config[i];
    if (command->nconfig == 0 && settings->program->config_name != NULL) {
        settings->files[0] = default_file(settings);
        settings->nfiles = settings->files[0] != NULL;
    }
    for (size_t i = 0; i < settings->nfiles; i++)
        if (settings_file_put(settings, settings->files[i], (unsigned)i + 1, "", err) != 0)
            return -1;
    return 0;
}

int settings_load(struct settings *settings, int argc, char **argv, char **environ_or_null, struct errbuf *err)
{
    struct command command = {.action = SETTINGS_RUN};
    /* getopt_long sorts the words; the caller's stay as they are */
    char **words = calloc((size_t)argc + 1, sizeof(*words));
    int result = -1;

    if (words == NULL)
        return errbuf_oom(err, "options", (size_t)argc * sizeof(*words));
    memcpy(words, argv, (size_t)argc * sizeof(*words));
    settings->argc = argc;
    settings->argv = argv;
    settings->environment = environ_or_null;
    if (read_command_line(settings, &command, argc, words, err) != 0)
        goto out;
    result = (int)command.action;
    if (command.action == SETTINGS_HELP || command.action == SETTINGS_VERSION || command.action == SETTINGS_SAMPLE ||
        command.action == SETTINGS_LIST)
        goto out;
    if (put_files(settings, &command, err) != 0 || put_environment(settings, environ_or_null, err) != 0 ||
        put_command_line(settings, &command, err) != 0 || settings_finish(settings, err) != 0)
        result = -1;
out:
    command_release(&command);
    free(words);
    return result;
}
