/* A configuration file of any bytes: what is refused is refused with its file and line and as usage; what is accepted
 * can be shown, safely for a terminal, and is assembled or refused in the same way. No secret is shown. */
#include "common/log.h"
#include "processor/assemble.h"
#include "processor/settings.h"

#include "fuzz.h"

#define CANARY "c4n4ry"

static char path[256];

/* "PATH:12: ..." or, for what no line alone is to blame for, a text that names a key. */
static void must_name_place(const struct errbuf *err, bool loading)
{
    struct buf text = {.data = (char *)(uintptr_t)err->text, .len = strlen(err->text)};
    const char *rest = strncmp(err->text, path, strlen(path)) == 0 ? err->text + strlen(path) : "";

    if (err->exit_code != EXIT_CODE_USAGE || err->text[0] == '\0')
        fuzz_fail("exit code %d: %s", (int)err->exit_code, err->text);
    bool line = rest[0] == ':' && strspn(rest + 1, "0123456789") > 0 && strstr(rest, ": ") != NULL;
    if (loading && !line)
        fuzz_fail("no line in: %s", err->text);
    /* the text may be cut inside a character; log and terminal show it through escape_visible */
    if (text.len + 4 < sizeof(err->text))
        fuzz_must(escape_utf8_valid(text.data, text.len));
}

static void show(const struct settings *settings)
{
    struct buf out = BUF_INIT;

    settings_answer(settings, SETTINGS_PRINT_CONFIG, &out);
    fuzz_must_be_plain(&out, "\n\t");
    /* the canary stands for a password: it counts when the line's key is a secret's */
    for (char *line = out.data, *end; line != NULL && *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        fuzz_must(end != NULL);
        *end = '\0';
        if (strstr(line, "password = ") != NULL && strstr(strstr(line, "password = "), CANARY) != NULL)
            fuzz_fail("shown: %s", line);
    }
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char program[] = "sf-processor", option[] = "--config", check[] = "--check-config";
    char *argv[] = {program, option, path, check, NULL};
    struct settings *settings = settings_new(&settings_processor);
    struct assemble assemble;
    struct errbuf err;

    fuzz_must(settings != NULL);
    if (path[0] == '\0') {
        log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
        snprintf(path, sizeof(path), "%s/fuzzed.properties", fuzz_dir());
    }
    fuzz_write(path, data, size);
    errbuf_clear(&err);
    if (settings_load(settings, 4, argv, NULL, &err) < 0) {
        must_name_place(&err, true);
    } else {
        show(settings);
        if (assemble_config(&assemble, settings, true, &err) == 0)
            assemble_release(&assemble);
        else
            must_name_place(&err, false);
    }
    settings_free(settings);
    return 0;
}
