#include "common/settings.h"

#include "common/escape.h"
#include "common/log.h"
#include "settings_internal.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_NAME 64

const char *const settings_log_levels[] = {"ERROR", "WARN", "INFO", "DEBUG", "TRACE", NULL};
const char *const settings_log_formats[] = {"text", "json", "logfmt", NULL};

/* --- rows and keys ------------------------------------------------------------------------------------------- */

bool settings_is_open(const struct settings_row *row)
{
    size_t len = strlen(row->key);

    return len >= 2 && row->key[len - 1] == '*' && row->key[len - 2] == '.';
}

size_t settings_family_len(const struct settings_row *row)
{
    const char *star = strstr(row->key, ".*.");

    return star == NULL ? 0 : (size_t)(star - row->key) + 1;
}

/* A name that is chosen by the user: `*` alone, or letters, digits, _ and -. */
static bool is_name(const char *text, size_t len)
{
    if (len == 1 && *text == '*')
        return true;
    if (len == 0 || len > LONGEST_NAME)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

/* What stands at an open end: properties of clients and Spark's keys, which are visible ASCII. */
static bool is_rest(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!isgraph((unsigned char)*p))
            return false;
    return *text != '\0';
}

static bool matches(const struct settings_row *row, const char *key, struct settings_match *match)
{
    const char *pattern = row->key;
    size_t family = settings_family_len(row);

    *match = (struct settings_match){NULL, 0, NULL};
    if (family > 0) {
        if (strncasecmp(key, pattern, family) != 0)
            return false;
        key += family;
        size_t len = strcspn(key, ".");
        if (!is_name(key, len) || key[len] != '.')
            return false;
        match->name = key;
        match->name_len = len;
        key += len;
        pattern += family + 1;
    }
    if (!settings_is_open(row))
        return strcasecmp(key, pattern) == 0;
    size_t fixed = strlen(pattern) - 1;
    if (strncasecmp(key, pattern, fixed) != 0 || !is_rest(key + fixed))
        return false;
    match->rest = key + fixed;
    return true;
}

const struct settings_row *settings_match(const struct settings_program *program, const char *key,
                                          struct settings_match *match)
{
    for (int open = 0; open <= 1; open++)
        for (size_t i = 0; i < program->nrows; i++)
            if (settings_is_open(&program->rows[i]) == (open == 1) && matches(&program->rows[i], key, match))
                return &program->rows[i];
    return NULL;
}

void settings_key_text(const struct settings_row *row, const char *name, const char *rest, struct buf *out)
{
    size_t family = settings_family_len(row);
    const char *tail = row->key;

    if (family > 0) {
        buf_append(out, row->key, family);
        buf_append_text(out, name == NULL ? "NAME" : name);
        tail += family + 1;
    }
    if (settings_is_open(row) && rest != NULL) {
        buf_append(out, tail, strlen(tail) - 1);
        buf_append_text(out, rest);
    } else {
        buf_append_text(out, tail);
    }
}

bool settings_is_secret(const struct settings_row *row, const char *rest)
{
    return (row->flags & SETTINGS_SECRET) || (row->secret != NULL && rest != NULL && row->secret(rest));
}

/* --- paths ---------------------------------------------------------------------------------------------------- */

/* "scheme:" in front of a path, as Spark's URIs have: only file: is ours. Returns the path proper; NULL for another
 * scheme. */
static const char *local_path(const char *text)
{
    size_t scheme = 0;

    while (isalnum((unsigned char)text[scheme]) ||
           (scheme > 0 && strchr("+.-", text[scheme]) != NULL && text[scheme] != '\0'))
        scheme++;
    if (scheme < 2 || text[scheme] != ':' || text[scheme + 1] != '/')
        return text;
    if (scheme != 4 || strncasecmp(text, "file", 4) != 0)
        return NULL;
    text += 5;
    if (strncmp(text, "///", 3) == 0) /* an empty host */
        text += 2;
    else if (strncmp(text, "//", 2) == 0)
        return NULL;
    return text;
}

static const char *resolve(struct settings *settings, const struct settings_place *place, const char *path)
{
    if (place->base == NULL || *path == '/' || *path == '\0' || strcmp(path, "-") == 0)
        return arena_strdup(&settings->arena, path);
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return arena_printf(&settings->arena, "%s/%s", place->base, path);
}

/* --- keeping -------------------------------------------------------------------------------------------------- */

/* One more element in an array that doubles. */
static void *grown(void *array, size_t n, size_t *cap, size_t element_bytes)
{
    if (n < *cap)
        return array;
    size_t more = *cap == 0 ? 16 : *cap * 2;
    void *bigger = reallocarray(array, more, element_bytes);
    if (bigger != NULL)
        *cap = more;
    return bigger;
}

int settings_warn(struct settings *settings, struct errbuf *err, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const char **warnings =
        grown(settings->warnings, settings->nwarnings, &settings->warnings_cap, sizeof(*settings->warnings));
    if (warnings == NULL)
        return errbuf_oom(err, "settings", sizeof(text));
    settings->warnings = warnings;
    const char *copy = arena_strdup(&settings->arena, text);
    if (copy == NULL)
        return errbuf_oom(err, "settings", sizeof(text));
    warnings[settings->nwarnings++] = copy;
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcasecmp(a, b) == 0;
}

static struct settings_value *exact(const struct settings *settings, const struct settings_row *row, const char *name,
                                    const char *rest)
{
    for (size_t i = 0; i < settings->nvalues; i++) {
        struct settings_value *value = &settings->values[i];
        if (value->row == row && same(value->name, name) && same(value->rest, rest))
            return value;
    }
    return NULL;
}

const struct settings_value *settings_find(const struct settings *settings, const struct settings_row *row,
                                           const char *name, const char *rest)
{
    const struct settings_value *own = exact(settings, row, name, rest);
    const struct settings_value *all = name == NULL ? NULL : exact(settings, row, "*", rest);

    if (own == NULL || (all != NULL && all->rank > own->rank))
        return all != NULL ? all : own;
    return own;
}

static int keep(struct settings *settings, const struct settings_value *value, struct errbuf *err)
{
    struct settings_value *old = exact(settings, value->row, value->name, value->rest);

    if (old != NULL) {
        const char *name = old->name; /* as first written */
        if (old->rank == value->rank && value->rank < SETTINGS_RANK_ENVIRONMENT) {
            struct buf key = BUF_INIT;
            settings_key_text(value->row, value->name, value->rest, &key);
            int result =
                key.failed ? errbuf_oom(err, "settings", 64)
                           : settings_warn(settings, err, "%s: %s is set a second time (first at %s); this one counts",
                                           value->origin, key.data, old->origin);
            buf_release(&key);
            if (result != 0)
                return -1;
        }
        *old = *value;
        old->name = name;
        return 0;
    }
    struct settings_value *values =
        grown(settings->values, settings->nvalues, &settings->values_cap, sizeof(*settings->values));
    if (values == NULL)
        return errbuf_oom(err, "settings", sizeof(*values));
    settings->values = values;
    values[settings->nvalues++] = *value;
    return 0;
}

/* Copy a part of a key into the arena, in lower case if asked. */
static const char *part(struct settings *settings, const char *text, size_t len, bool lower)
{
    char *copy = arena_strndup(&settings->arena, text, len);

    for (char *p = copy; lower && p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

int settings_put_row(struct settings *settings, const struct settings_place *place, const struct settings_row *row,
                     const char *name, const char *rest, const char *text, struct errbuf *err)
{
    struct settings_value value = {.row = row, .name = name, .rest = rest, .origin = place->text, .rank = place->rank};
    struct errbuf inner;

    if (row->status == SETTINGS_REFUSED)
        return settings_refuse(place->text, row, name, rest, text, row->help, err);
    if ((row->flags & SETTINGS_OPTION_ONLY) && !place->command_line)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: %s can be given on the command line only (--%s)", place->text,
                          row->key, row->option);
    if (!escape_utf8_valid(text, strlen(text)))
        return settings_refuse(place->text, row, name, rest, text, "the value is not UTF-8", err);
    if (row->type == SETTINGS_PATH) {
        text = local_path(text);
        if (text == NULL)
            return errbuf_set(err, EXIT_CODE_USAGE,
                              "%s: %s: only paths of local files are possible (a plain path, or file:/path)",
                              place->text, row->key);
        value.text = resolve(settings, place, text);
    } else {
        value.text = arena_strdup(&settings->arena, text);
    }
    if (value.text == NULL)
        return errbuf_oom(err, "settings", strlen(text));
    if (row->status == SETTINGS_WARNED) { /* its value does not matter, whatever it is */
        if (keep(settings, &value, err) != 0)
            return -1;
        struct buf key = BUF_INIT;
        settings_key_text(row, name, rest, &key);
        int result = key.failed ? errbuf_oom(err, "settings", 64)
                                : settings_warn(settings, err, "%s: %s has no effect here: %s", place->text, key.data,
                                                row->help);
        buf_release(&key);
        return result;
    }
    if (!settings_parse(row, text, &value.number))
        return settings_refuse_form(place->text, row, name, rest, text, err);
    errbuf_clear(&inner);
    if (row->check != NULL && row->check(name, rest, value.text, &inner) != 0)
        return settings_refuse(place->text, row, name, rest, text, inner.text, err);
    if (place->command_line && settings_is_secret(row, rest) &&
        settings_warn(settings, err,
                      "a secret on the command line can be seen by every user of this machine (ps); put %s into a file "
                      "of mode 0600 or into the environment",
                      row->key) != 0)
        return -1;
    return keep(settings, &value, err);
}

int settings_put(struct settings *settings, const struct settings_place *place, const char *key, const char *value,
                 struct errbuf *err)
{
    struct settings_match match;
    const struct settings_row *row = settings_match(settings->program, key, &match);
    const char *name = NULL, *rest = NULL;

    if (row == NULL)
        return settings_refuse_unknown(settings, place, key, err);
    if (match.name != NULL) {
        name = part(settings, match.name, match.name_len, false);
        if (name == NULL)
            return errbuf_oom(err, "settings", match.name_len);
    }
    if (match.rest != NULL) {
        rest = part(settings, match.rest, strlen(match.rest), true);
        if (rest == NULL)
            return errbuf_oom(err, "settings", strlen(match.rest));
    }
    return settings_put_row(settings, place, row, name, rest, value, err);
}

/* --- after reading ------------------------------------------------------------------------------------------------ */

static int collect_names(struct settings *settings, struct settings_family *family, size_t len, struct errbuf *err)
{
    family->names = arena_calloc(&settings->arena, settings->nvalues + 1, sizeof(*family->names));
    if (family->names == NULL)
        return errbuf_oom(err, "settings", settings->nvalues * sizeof(*family->names));
    for (size_t i = 0; i < settings->nvalues; i++) {
        const struct settings_value *value = &settings->values[i];
        bool known = value->name == NULL || strcmp(value->name, "*") == 0 || settings_family_len(value->row) != len ||
                     strncmp(value->row->key, family->prefix, len) != 0;
        for (size_t k = 0; !known && k < family->nnames; k++)
            known = strcasecmp(family->names[k], value->name) == 0;
        if (!known)
            family->names[family->nnames++] = value->name;
    }
    return 0;
}

static int collect_families(struct settings *settings, struct errbuf *err)
{
    const struct settings_program *program = settings->program;

    settings->families = arena_calloc(&settings->arena, program->nrows + 1, sizeof(*settings->families));
    if (settings->families == NULL)
        return errbuf_oom(err, "settings", program->nrows * sizeof(*settings->families));
    for (size_t i = 0; i < program->nrows; i++) {
        size_t len = settings_family_len(&program->rows[i]);
        bool known = len == 0;
        for (size_t k = 0; !known && k < settings->nfamilies; k++)
            known = strlen(settings->families[k].prefix) == len &&
                    strncmp(settings->families[k].prefix, program->rows[i].key, len) == 0;
        if (known)
            continue;
        struct settings_family *family = &settings->families[settings->nfamilies];
        family->prefix = arena_strndup(&settings->arena, program->rows[i].key, len);
        if (family->prefix == NULL)
            return errbuf_oom(err, "settings", len);
        settings->nfamilies++;
        if (collect_names(settings, family, len, err) != 0)
            return -1;
    }
    return 0;
}

int settings_finish(struct settings *settings, struct errbuf *err)
{
    const struct settings_program *program = settings->program;

    for (size_t i = 0; i < program->nrows; i++) {
        const struct settings_row *row = &program->rows[i];
        if ((row->flags & SETTINGS_REQUIRED) && row->def == NULL && settings_find(settings, row, NULL, NULL) == NULL)
            return errbuf_set(err, EXIT_CODE_USAGE, "%s is not set; put it into a configuration file%s%s", row->key,
                              row->option == NULL ? "" : " or use --", row->option == NULL ? "" : row->option);
    }
    return collect_families(settings, err);
}

/* --- public ------------------------------------------------------------------------------------------------------- */

struct settings *settings_new(const struct settings_program *program)
{
    struct settings *settings = calloc(1, sizeof(*settings));
    int64_t unused;

    if (settings == NULL)
        return NULL;
    for (size_t i = 0; i < program->nrows; i++) /* a table's default obeys the table */
        assert(program->rows[i].def == NULL || program->rows[i].status != SETTINGS_HONOURED ||
               settings_parse(&program->rows[i], program->rows[i].def, &unused));
    (void)unused;
    settings->program = program;
    return settings;
}

void settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    free(settings->values);
    free(settings->warnings);
    arena_release(&settings->arena);
    free(settings);
}

void settings_apply_log(struct settings *settings)
{
    log_configure((enum log_level)settings_choice(settings, "sf.log.level", NULL),
                  (enum log_format)settings_choice(settings, "sf.log.format", NULL));
    for (size_t i = 0; i < settings->nwarnings; i++)
        log_warn("Settings", "%s", settings->warnings[i]);
    settings->nwarnings = 0;
}

int settings_reload_log(const struct settings *settings, struct errbuf *err)
{
    struct settings *fresh = settings_new(settings->program);

    if (fresh == NULL)
        return errbuf_oom(err, "settings", sizeof(*fresh));
    int result = settings_load(fresh, settings->argc, settings->argv, settings->environment, err);
    if (result >= 0) {
        log_configure((enum log_level)settings_choice(fresh, "sf.log.level", NULL),
                      (enum log_format)settings_choice(fresh, "sf.log.format", NULL));
        result = 0;
    }
    settings_free(fresh);
    return result;
}

const char *const *settings_arguments(const struct settings *settings, size_t *n)
{
    *n = settings->narguments;
    return settings->arguments;
}

const char *const *settings_files(const struct settings *settings, size_t *n)
{
    *n = settings->nfiles;
    return settings->files;
}

/* A key that the table does not have is a slip in the program, not in its input. */
static const struct settings_row *row_of(const struct settings *settings, const char *key)
{
    const struct settings_row *row = NULL;

    for (size_t i = 0; i < settings->program->nrows && row == NULL; i++)
        if (strcmp(settings->program->rows[i].key, key) == 0)
            row = &settings->program->rows[i];
    assert(row != NULL);
    return row;
}

static bool number_of(const struct settings *settings, const char *key, const char *name, int64_t *number)
{
    const struct settings_row *row = row_of(settings, key);
    const struct settings_value *value = settings_find(settings, row, name, NULL);

    if (value != NULL) {
        *number = value->number;
        return true;
    }
    return row->def != NULL && settings_parse(row, row->def, number);
}

const char *settings_text(const struct settings *settings, const char *key, const char *name)
{
    const struct settings_row *row = row_of(settings, key);
    const struct settings_value *value = settings_find(settings, row, name, NULL);

    return value != NULL ? value->text : row->def;
}

int64_t settings_int(const struct settings *settings, const char *key, const char *name)
{
    int64_t number;

    return number_of(settings, key, name, &number) ? number : SETTINGS_UNSET;
}

int64_t settings_ms(const struct settings *settings, const char *key, const char *name)
{
    return settings_int(settings, key, name);
}

bool settings_bool(const struct settings *settings, const char *key, const char *name)
{
    int64_t number;

    return number_of(settings, key, name, &number) && number != 0;
}

int settings_choice(const struct settings *settings, const char *key, const char *name)
{
    int64_t number;

    return number_of(settings, key, name, &number) ? (int)number : -1;
}

const char *settings_origin(const struct settings *settings, const char *key, const char *name)
{
    const struct settings_value *value = settings_find(settings, row_of(settings, key), name, NULL);

    return value != NULL ? value->origin : "default";
}

const char *const *settings_names(const struct settings *settings, const char *family, size_t *n)
{
    for (size_t i = 0; i < settings->nfamilies; i++) {
        if (strcmp(settings->families[i].prefix, family) == 0) {
            *n = settings->families[i].nnames;
            return settings->families[i].names;
        }
    }
    *n = 0;
    return NULL;
}

/* Rests of `*` and of the name itself are one list: each rest once, at its first mention, with the value in force. */
bool settings_next(const struct settings *settings, const char *key, const char *name, size_t *at,
                   struct settings_pair *pair)
{
    const struct settings_row *row = row_of(settings, key);

    for (; *at < settings->nvalues; (*at)++) {
        const struct settings_value *value = &settings->values[*at];
        if (value->row != row || value->rest == NULL)
            continue;
        bool all = name != NULL && strcmp(value->name, "*") == 0;
        if (!all && !same(value->name, name))
            continue;
        const struct settings_value *winner = settings_find(settings, row, name, value->rest);
        if (winner != value)
            continue; /* the walk meets the winner too */
        *pair = (struct settings_pair){value->rest, value->text, value->origin};
        (*at)++;
        return true;
    }
    return false;
}

int settings_complain(const struct settings *settings, const char *key, const char *name, struct errbuf *err,
                      const char *format, ...)
{
    const struct settings_row *row = row_of(settings, key);
    const char *value = settings_text(settings, key, name);
    char what[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return settings_refuse(settings_origin(settings, key, name), row, name, NULL, value == NULL ? "" : value, what,
                           err);
}
