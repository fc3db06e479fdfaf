/* Configuration files and what is written like them: `key = value`, comments, continuations; relative paths and open
 * secrets of a file. */
#include "common/escape.h"
#include "common/fileio.h"
#include "settings_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE ((size_t)4 << 20)

/* --- lines of key = value ----------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

struct settings_line settings_file_trim(struct settings_line line)
{
    while (line.len > 0 && is_blank(line.start[0])) {
        line.start++;
        line.len--;
    }
    while (line.len > 0 && is_blank(line.start[line.len - 1]))
        line.len--;
    return line;
}

/* The next line of text without its line feed; false at the end. */
static bool next_line(const char *text, size_t len, size_t *at, struct settings_line *line)
{
    if (*at >= len)
        return false;
    const char *start = text + *at;
    const char *end = memchr(start, '\n', len - *at);
    line->start = start;
    line->len = end == NULL ? len - *at : (size_t)(end - start);
    *at += line->len + 1;
    return true;
}

/* Take a `\` at the end off (a carriage return or blanks may stand behind it). */
static bool takes_continuation(struct settings_line *line)
{
    struct settings_line rest = *line;

    while (rest.len > 0 && is_blank(rest.start[rest.len - 1]))
        rest.len--;
    if (rest.len == 0 || rest.start[rest.len - 1] != '\\')
        return false;
    line->len = rest.len - 1;
    return true;
}

/* Append a continuation: its indentation is one blank at most, none if there is one already. */
static void append_continued(struct buf *whole, struct settings_line line)
{
    size_t indent = 0;

    while (indent < line.len && is_blank(line.start[indent]))
        indent++;
    if (indent > 0 && whole->len > 0 && !is_blank(whole->data[whole->len - 1]))
        buf_append_byte(whole, ' ');
    buf_append(whole, line.start + indent, line.len - indent);
}

static bool is_foreign(const struct settings_program *program, const char *key)
{
    const char *p = program->foreign;

    while (p != NULL && *p != '\0') {
        size_t len = strcspn(p, " ");
        if (len > 0 && strncasecmp(key, p, len) == 0)
            return true;
        p += len + (p[len] == ' ');
    }
    return false;
}

/* One whole `key = value` in line (changed). */
static int put_line(struct settings *settings, const struct settings_place *place, char *line, const char *prefix,
                    bool shared, struct errbuf *err)
{
    char *equals = strchr(line, '=');

    if (equals == NULL) {
        struct buf shown = BUF_INIT;
        escape_visible(line, strnlen(line, 60), 0, &shown);
        errbuf_set(err, EXIT_CODE_USAGE, "%s: \"%s\" is not of the form key = value", place->text,
                   shown.data == NULL || shown.failed ? "" : shown.data);
        buf_release(&shown);
        return -1;
    }
    struct settings_line key = settings_file_trim((struct settings_line){line, (size_t)(equals - line)});
    struct settings_line value = settings_file_trim((struct settings_line){equals + 1, strlen(equals + 1)});
    if (key.len == 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: there is no key before the =", place->text);
    char *whole;
    if (asprintf(&whole, "%s%.*s", prefix, (int)key.len, key.start) < 0)
        return errbuf_oom(err, "settings", key.len);
    char *text = strndup(value.start, value.len);
    int result = 0;
    if (text == NULL)
        result = errbuf_oom(err, "settings", value.len);
    else if (!shared || !is_foreign(settings->program, whole))
        result = settings_put(settings, place, whole, text, err);
    free(text);
    free(whole);
    return result;
}

int settings_file_put_lines(struct settings *settings, struct settings_place place, const char *text, size_t len,
                            const char *prefix, bool shared, struct errbuf *err)
{
    const char *name = place.text;
    struct buf whole = BUF_INIT;
    struct settings_line line;
    size_t at = 0;
    int number = 0, result = 0;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark, from Windows editors */
        at = 3;
    while (result == 0 && next_line(text, len, &at, &line)) {
        int first = ++number;
        struct settings_line trimmed = settings_file_trim(line);
        if (trimmed.len == 0 || trimmed.start[0] == '#' || trimmed.start[0] == '!')
            continue;
        buf_reset(&whole);
        bool more = takes_continuation(&line);
        append_continued(&whole, line);
        while (more && next_line(text, len, &at, &line)) {
            number++;
            more = takes_continuation(&line);
            append_continued(&whole, line);
        }
        if (whole.failed) {
            result = errbuf_oom(err, "settings", len);
            break;
        }
        place.text = arena_printf(&settings->arena, "%s:%d", name, first);
        if (place.text == NULL)
            result = errbuf_oom(err, "settings", 64);
        else if (whole.data == NULL || memchr(whole.data, '\0', whole.len) != NULL)
            result = errbuf_set(err, EXIT_CODE_USAGE, "%s: there is a NUL byte in the line", place.text);
        else if (!escape_utf8_valid(whole.data, whole.len))
            result = errbuf_set(err, EXIT_CODE_USAGE, "%s: the line is not UTF-8", place.text);
        else
            result = put_line(settings, &place, whole.data, prefix, shared, err);
    }
    buf_release(&whole);
    return result;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* What relative paths in this file count from: the directory above a `config` directory, NULL when that is the working
 * directory or the file lies elsewhere. */
static const char *base_of(struct settings *settings, const char *path)
{
    char real[PATH_MAX], cwd[PATH_MAX];

    if (realpath(path, real) == NULL)
        return NULL;
    char *slash = strrchr(real, '/');
    *slash = '\0';
    slash = strrchr(real, '/');
    if (slash == NULL || strcmp(slash + 1, SETTINGS_CONFIG_DIR) != 0)
        return NULL;
    *slash = '\0';
    if (real[0] == '\0' || (getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, real) == 0))
        return NULL;
    return arena_strdup(&settings->arena, real);
}

/* Others may read a file that holds a secret: say so. */
static int warn_of_open_secrets(struct settings *settings, const char *path, size_t first_value, struct errbuf *err)
{
    struct stat st;

    if (stat(path, &st) != 0 || (st.st_mode & (S_IRGRP | S_IROTH)) == 0)
        return 0;
    for (size_t i = first_value; i < settings->nvalues; i++)
        if (settings_is_secret(settings->values[i].row, settings->values[i].rest))
            return settings_warn(settings, err, "%s holds a secret and can be read by others; chmod 600 it", path);
    return 0;
}

int settings_file_put(struct settings *settings, const char *path, unsigned rank, const char *prefix,
                      struct errbuf *err)
{
    struct buf text = BUF_INIT;
    bool missing;
    size_t first_value = settings->nvalues;
    struct settings_place place = {.text = path, .rank = rank, .base = base_of(settings, path)};

    int result = fileio_read(path, LARGEST_FILE, &text, &missing, err);
    if (result != 0) {
        err->exit_code = EXIT_CODE_USAGE;
        errbuf_prefix(err, "configuration");
    } else {
        result =
            settings_file_put_lines(settings, place, text.data == NULL ? "" : text.data, text.len, prefix, false, err);
    }
    buf_release(&text);
    return result != 0 ? -1 : warn_of_open_secrets(settings, path, first_value, err);
}
