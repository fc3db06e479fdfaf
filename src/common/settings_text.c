/* What the table says about itself: --help, --version, the sample file, --print-config. */
#include "common/escape.h"
#include "settings_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define WIDTH 100
#define HELP_COLUMN 34

/* Append words from column on, broken before WIDTH; further lines begin with indent (text) padded to column. */
static void append_wrapped(struct buf *out, const char *text, size_t column, const char *lead)
{
    size_t at = column;
    bool first = true;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        if (!first && at + 1 + len > WIDTH) {
            buf_append_byte(out, '\n');
            buf_append_text(out, lead);
            if (column > strlen(lead))
                buf_append_fill(out, ' ', column - strlen(lead));
            at = column;
            first = true;
        }
        if (!first) {
            buf_append_byte(out, ' ');
            at++;
        }
        buf_append(out, text, len);
        at += len;
        first = false;
        text += len;
        text += strspn(text, " ");
    }
}

static void append_option(struct buf *out, char letter, const char *option, const char *argument, const char *help)
{
    size_t start = out->len;

    if (letter != 0 && option != NULL)
        buf_printf(out, "  -%c, --%s", letter, option);
    else if (letter != 0)
        buf_printf(out, "  -%c", letter);
    else
        buf_printf(out, "      --%s", option);
    if (argument != NULL)
        buf_printf(out, " %s", argument);
    size_t used = out->len - start;
    if (used + 2 > HELP_COLUMN) {
        buf_append_byte(out, '\n');
        used = 0;
    }
    buf_append_fill(out, ' ', HELP_COLUMN - used);
    append_wrapped(out, help, HELP_COLUMN, "");
    buf_append_byte(out, '\n');
}

static void append_row_option(struct buf *out, const struct settings_row *row)
{
    struct buf help = BUF_INIT;

    buf_append_text(&help, row->help);
    if (row->type == SETTINGS_ENUM && row->option_value == NULL) {
        buf_append_byte(&help, ' ');
        for (size_t i = 0; row->choices[i] != NULL; i++)
            buf_printf(&help, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
        buf_append_byte(&help, '.');
    }
    if (row->def != NULL && row->option_value == NULL)
        buf_printf(&help, " Default: %s.", row->def);
    if (!(row->flags & SETTINGS_OPTION_ONLY))
        buf_printf(&help, " [%s%s%s]", row->key, row->option_value != NULL ? " = " : "",
                   row->option_value != NULL ? row->option_value : "");
    append_option(out, row->letter, row->option, row->option_value != NULL ? NULL : row->argument,
                  help.failed || help.data == NULL ? row->help : help.data);
    buf_release(&help);
}

static void append_help(const struct settings_program *program, struct buf *out)
{
    buf_printf(out, "Usage: %s %s\n", program->name, program->usage);
    append_wrapped(out, program->summary, 0, "");
    buf_append_text(out, "\n\nOptions (in brackets: the setting that an option stands for):\n");
    for (size_t i = 0; i < program->nrows; i++)
        if (program->rows[i].option != NULL || program->rows[i].letter != 0)
            append_row_option(out, &program->rows[i]);
    if (program->file_prefix != NULL)
        append_option(out, 'F', NULL, "FILE", "Read librdkafka properties (name=value lines, as kcat does) from FILE.");
    buf_append_byte(out, '\n');
    if (program->config_name != NULL) {
        struct buf help = BUF_INIT;
        buf_printf(
            &help,
            "Read settings from FILE; may be given several times, later files win. Without it: config/%s here or "
            "in the clone that the program was built in, else /etc/sfcrime/%s.",
            program->config_name, program->config_name);
        append_option(out, 0, "config", "FILE", help.failed ? "Read settings from FILE." : help.data);
        buf_release(&help);
    } else {
        append_option(out, 0, "config", "FILE",
                      "Read settings from FILE; may be given several times, later files win.");
    }
    append_option(out, 0, "conf", "KEY=VALUE", "Set any setting; may be given several times.");
    append_option(out, 0, "check-config", NULL, "Check the whole configuration and end: 0 when it is good, else 2.");
    append_option(out, 0, "print-config", NULL,
                  "Print every setting in force with its origin (secrets masked) and end.");
    append_option(out, 0, "sample-config", NULL, "Print a file that explains every setting and end.");
    append_option(out, 'h', "help", NULL, "Print this help and end.");
    append_option(out, 'V', "version", NULL, "Print the version and end.");
    buf_append_text(out, "\nLater wins: defaults, files, environment (SFCRIME_* for single settings, SFCRIME_CONF for "
                         "lines of key=value");
    if (program->bootstrap_key != NULL)
        buf_append_text(out, ",\nKAFKA_BOOTSTRAP_SERVERS");
    buf_append_text(out, "), command line.\n");
    if (program->examples != NULL)
        buf_printf(out, "\nExamples:\n%s", program->examples);
    buf_append_text(out,
                    "\nExit codes: 0 done, 1 failure, 2 usage or configuration, 3 broker not reachable, 4 data loss,\n"
                    "5 checkpoint refused, 6 busy (lock, port, fenced), 7 storage, 8 authentication or "
                    "authorisation.\n");
}

static void append_sample_row(const struct settings_row *row, struct buf *out)
{
    const char *value = row->def != NULL ? row->def : row->example != NULL ? row->example : "";

    buf_append_text(out, "\n# ");
    append_wrapped(out, row->help, 2, "# ");
    if (row->status == SETTINGS_HONOURED && row->type != SETTINGS_TEXT && row->type != SETTINGS_PATH) {
        buf_append_text(out, "\n# Value: ");
        settings_wanted(row, out);
        buf_append_byte(out, '.');
    }
    if (row->def == NULL && row->status == SETTINGS_HONOURED)
        buf_append_text(out, "\n# Not set by default.");
    buf_append_text(out, "\n#");
    settings_key_text(row, NULL, settings_is_open(row) ? "*" : NULL, out);
    buf_printf(out, " =%s%s\n", *value == '\0' ? "" : " ", value);
}

static void append_sample(const struct settings_program *program, struct buf *out)
{
    buf_printf(out,
               "# Settings of %s. A # takes a line out; what is taken out here shows the default, or an example.\n",
               program->name);
    for (size_t i = 0; i < program->nrows; i++)
        if (program->rows[i].status == SETTINGS_HONOURED && !(program->rows[i].flags & SETTINGS_OPTION_ONLY))
            append_sample_row(&program->rows[i], out);
    bool headed = false;
    for (size_t i = 0; i < program->nrows; i++) {
        if (program->rows[i].status != SETTINGS_WARNED)
            continue;
        if (!headed)
            buf_append_text(out, "\n# --- accepted with a warning, because they can have no effect here ---\n");
        headed = true;
        append_sample_row(&program->rows[i], out);
    }
}

/* --- what is in force --------------------------------------------------------------------------------------------- */

struct show {
    settings_show_fn fn;
    void *cookie;
};

static void show_one(const struct settings_row *row, const char *name, const struct settings_value *value,
                     const struct show *show)
{
    const char *rest = value == NULL ? NULL : value->rest;
    const char *text = value == NULL ? row->def : value->text;
    struct buf key = BUF_INIT;

    if (text == NULL || (value == NULL && (row->flags & SETTINGS_OPTION_ONLY)))
        return;
    settings_key_text(row, name, rest, &key);
    if (!key.failed)
        show->fn(key.data, settings_is_secret(row, rest) ? SETTINGS_REDACTED : text,
                 value == NULL ? "default" : value->origin, show->cookie);
    buf_release(&key);
}

static void show_row(const struct settings *settings, const struct settings_row *row, const char *name,
                     const struct show *show)
{
    if (!settings_is_open(row)) {
        const struct settings_value *value = settings_find(settings, row, name, NULL);
        if (value != NULL || row->status == SETTINGS_HONOURED)
            show_one(row, name, value, show);
        return;
    }
    for (size_t i = 0; i < settings->nvalues; i++) {
        const struct settings_value *value = &settings->values[i];
        if (value->row == row && settings_find(settings, row, name, value->rest) == value)
            show_one(row, name, value, show);
    }
}

void settings_each(const struct settings *settings, settings_show_fn fn, void *cookie)
{
    const struct settings_program *program = settings->program;
    const struct show show = {fn, cookie};

    for (size_t i = 0; i < program->nrows;) {
        size_t family = settings_family_len(&program->rows[i]);
        size_t end = i + 1;
        if (family == 0) {
            show_row(settings, &program->rows[i], NULL, &show);
            i = end;
            continue;
        }
        /* the rows of a family stand together: show them name by name */
        while (end < program->nrows && settings_family_len(&program->rows[end]) == family &&
               strncmp(program->rows[end].key, program->rows[i].key, family) == 0)
            end++;
        char prefix[64];
        size_t nnames;
        snprintf(prefix, sizeof(prefix), "%.*s", (int)family, program->rows[i].key);
        const char *const *names = settings_names(settings, prefix, &nnames);
        for (size_t k = 0; k < nnames; k++)
            for (size_t row = i; row < end; row++)
                show_row(settings, &program->rows[row], names[k], &show);
        i = end;
    }
}

static void print_one(const char *key, const char *value, const char *origin, void *cookie)
{
    struct buf *out = cookie;

    buf_printf(out, "%s =%s", key, *value == '\0' ? "" : " ");
    escape_visible(value, strlen(value), 0, out);
    buf_printf(out, "\t# %s\n", origin);
}

void settings_answer(const struct settings *settings, enum settings_action action, struct buf *out)
{
    switch (action) {
    case SETTINGS_HELP:
        append_help(settings->program, out);
        break;
    case SETTINGS_VERSION:
        buf_printf(out, "%s %s (%s)\n", settings->program->name, SFCRIME_VERSION, SFCRIME_REVISION);
        break;
    case SETTINGS_SAMPLE:
        append_sample(settings->program, out);
        break;
    case SETTINGS_PRINT_CONFIG:
        settings_each(settings, print_one, out);
        break;
    case SETTINGS_RUN:
    case SETTINGS_CHECK_CONFIG:
    case SETTINGS_LIST:
        break;
    }
}
