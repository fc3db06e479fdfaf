/* Whether a value has its row's form, and what is said when it has not or when the key is unknown. */
#include "common/duration.h"
#include "common/escape.h"
#include "common/nearest.h"
#include "common/parsenum.h"
#include "settings_internal.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define LONGEST_SHOWN 300 /* bytes of a value in a message: the rest of it must fit too */

/* --- checking -------------------------------------------------------------------------------------------------- */

static void append_range(const struct settings_row *row, struct buf *out)
{
    if (row->max == SETTINGS_ANY)
        buf_printf(out, "of at least %" PRId64, row->min);
    else
        buf_printf(out, "from %" PRId64 " to %" PRId64, row->min, row->max);
}

void settings_wanted(const struct settings_row *row, struct buf *out)
{
    switch (row->type) {
    case SETTINGS_TEXT:
        buf_append_text(out, "a text");
        break;
    case SETTINGS_PATH:
        buf_append_text(out, "a path");
        break;
    case SETTINGS_BOOL:
        buf_append_text(out, "true or false");
        break;
    case SETTINGS_INT:
        buf_append_text(out, "a whole number ");
        append_range(row, out);
        if (row->unit != NULL)
            buf_printf(out, " (%s)", row->unit);
        break;
    case SETTINGS_BYTES:
        buf_append_text(out, "a size such as 64m, in bytes ");
        append_range(row, out);
        break;
    case SETTINGS_DURATION:
        buf_append_text(out, "a duration such as '5 seconds', '5s' or '500ms'");
        if (row->min > 0 || row->max != SETTINGS_ANY) {
            buf_append_text(out, ", in milliseconds ");
            append_range(row, out);
        }
        break;
    case SETTINGS_ENUM:
        buf_append_text(out, "one of ");
        for (size_t i = 0; row->choices[i] != NULL; i++)
            buf_printf(out, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
        break;
    }
}

/* The value as a number. False: it does not have the row's form. */
bool settings_parse(const struct settings_row *row, const char *text, int64_t *number)
{
    struct duration duration;
    struct errbuf unused;
    int64_t us;
    bool truth;

    *number = 0;
    switch (row->type) {
    case SETTINGS_TEXT:
    case SETTINGS_PATH:
        return *text != '\0' || !(row->flags & SETTINGS_NOT_EMPTY);
    case SETTINGS_BOOL:
        if (parsenum_bool(text, &truth) != 0)
            return false;
        *number = truth;
        return true;
    case SETTINGS_INT:
        return parsenum_i64(text, row->min, row->max, number) == 0;
    case SETTINGS_BYTES:
        return parsenum_bytes(text, row->min, row->max, number) == 0;
    case SETTINGS_DURATION:
        if (duration_parse(text, strlen(text), DURATION_SHORT | (row->flags & SETTINGS_BARE_MS ? DURATION_BARE_MS : 0),
                           &duration, &unused) != 0 ||
            duration_total_us(&duration, 0, text, strlen(text), &us, &unused) != 0)
            return false;
        *number = us / 1000;
        return *number >= row->min && *number <= row->max && us >= 0;
    case SETTINGS_ENUM:
        for (size_t i = 0; row->choices[i] != NULL; i++) {
            if (strcasecmp(text, row->choices[i]) == 0) {
                *number = (int64_t)i;
                return true;
            }
        }
        return false;
    }
    return false;
}

/* "PLACE: key = value" into head, the value masked where it must be. */
static void append_head(const char *place, const struct settings_row *row, const char *name, const char *rest,
                        const char *value, struct buf *head)
{
    buf_printf(head, "%s: ", place);
    settings_key_text(row, name, rest, head);
    buf_append_text(head, " = ");
    if (settings_is_secret(row, rest))
        buf_append_text(head, SETTINGS_REDACTED);
    else
        escape_visible(value, strnlen(value, LONGEST_SHOWN), 0, head);
    if (strlen(value) > LONGEST_SHOWN)
        buf_append_text(head, "...");
}

int settings_refuse(const char *place, const struct settings_row *row, const char *name, const char *rest,
                    const char *value, const char *what, struct errbuf *err)
{
    struct buf head = BUF_INIT;

    append_head(place, row, name, rest, value, &head);
    if (head.failed)
        errbuf_set(err, EXIT_CODE_USAGE, "%s: %s: %s", place, row->key, what);
    else
        errbuf_set(err, EXIT_CODE_USAGE, "%s: %s", head.data, what);
    buf_release(&head);
    return -1;
}

int settings_refuse_form(const char *place, const struct settings_row *row, const char *name, const char *rest,
                         const char *value, struct errbuf *err)
{
    struct buf what = BUF_INIT;

    if (*value == '\0')
        buf_append_text(&what, "the value is empty; ");
    settings_wanted(row, &what);
    buf_append_text(&what, " is wanted");
    if (row->type == SETTINGS_ENUM) {
        size_t n = 0;
        while (row->choices[n] != NULL)
            n++;
        int near = nearest_pick(value, row->choices, n);
        if (near >= 0)
            buf_printf(&what, "; did you mean %s?", row->choices[near]);
    }
    settings_refuse(place, row, name, rest, value, what.failed ? "it has the wrong form" : what.data, err);
    buf_release(&what);
    return -1;
}

/* --- unknown keys ------------------------------------------------------------------------------------------------ */

/* What follows the star of a family, or the last dot: what people remember of a key. */
static const char *last_part(const char *key)
{
    const char *star = strstr(key, ".*.");
    const char *dot = strrchr(key, '.');

    if (star != NULL)
        return star + 3;
    return dot == NULL ? key : dot + 1;
}

/* Nearest by the whole key, the user's own name at the star; else by the last part. */
static const struct settings_row *guess(const struct settings *settings, const char *key, struct arena *scratch,
                                        const char **suggestion)
{
    const struct settings_program *program = settings->program;
    const char **candidates = arena_calloc(scratch, program->nrows, sizeof(*candidates));

    if (candidates == NULL)
        return NULL;
    for (size_t i = 0; i < program->nrows; i++) {
        const struct settings_row *row = &program->rows[i];
        size_t family = settings_family_len(row);
        if (row->status == SETTINGS_REFUSED || settings_is_open(row) || (row->flags & SETTINGS_OPTION_ONLY))
            continue;
        if (family == 0) {
            candidates[i] = row->key;
            continue;
        }
        const char *name = "NAME";
        size_t name_len = 4;
        if (strncasecmp(key, row->key, family) == 0 && strchr(key + family, '.') != NULL) {
            name = key + family;
            name_len = strcspn(name, ".");
        }
        candidates[i] =
            arena_printf(scratch, "%.*s%.*s%s", (int)family, row->key, (int)name_len, name, row->key + family + 1);
    }
    int near = nearest_pick(key, candidates, program->nrows);
    if (near < 0) {
        const char **parts = arena_calloc(scratch, program->nrows, sizeof(*parts));
        for (size_t i = 0; parts != NULL && i < program->nrows; i++)
            parts[i] = candidates[i] == NULL ? NULL : last_part(program->rows[i].key);
        if (parts != NULL)
            near = nearest_pick(last_part(key), parts, program->nrows);
    }
    if (near < 0)
        return NULL;
    *suggestion = candidates[near];
    return &program->rows[near];
}

int settings_refuse_unknown(const struct settings *settings, const struct settings_place *place, const char *key,
                            struct errbuf *err)
{
    struct arena scratch = ARENA_INIT;
    struct buf shown = BUF_INIT;
    const char *whole = NULL;
    const struct settings_row *near = guess(settings, key, &scratch, &whole);

    escape_visible(key, strlen(key), 0, &shown);
    const char *text = shown.data == NULL || shown.failed ? "" : shown.data;
    if (near == NULL)
        errbuf_set(err, EXIT_CODE_USAGE, "%s: unknown setting %s; %s --sample-config prints all that exist",
                   place->text, text, settings->program->name);
    else if (settings_family_len(near) > 0)
        errbuf_set(err, EXIT_CODE_USAGE, "%s: unknown setting %s; did you mean %s? (%s)", place->text, text,
                   last_part(near->key), whole);
    else
        errbuf_set(err, EXIT_CODE_USAGE, "%s: unknown setting %s; did you mean %s?", place->text, text, whole);
    buf_release(&shown);
    arena_release(&scratch);
    return -1;
}
