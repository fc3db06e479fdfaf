#include "common/errbuf.h"

#include <stdio.h>
#include <string.h>

void errbuf_clear(struct errbuf *err)
{
    memset(err, 0, sizeof(*err));
}

__attribute__((format(printf, 3, 0))) static void set(struct errbuf *err, enum exit_code code, const char *format,
                                                      va_list args)
{
    errbuf_clear(err);
    err->exit_code = code;
    vsnprintf(err->text, sizeof(err->text), format, args);
}

int errbuf_set(struct errbuf *err, enum exit_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, code, format, args);
    va_end(args);
    return -1;
}

int errbuf_condition(struct errbuf *err, const char *condition, const char *sqlstate, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set(err, EXIT_CODE_RUNTIME, format, args);
    va_end(args);
    if (sqlstate[0] != '\0') {
        /* A long text loses its end, never its SQLSTATE. */
        char text[sizeof(err->text)];
        int room = (int)(sizeof(err->text) - strlen(condition) - strlen(sqlstate) - sizeof("[]  SQLSTATE: "));
        memcpy(text, err->text, sizeof(text));
        snprintf(err->text, sizeof(err->text), "[%s] %.*s SQLSTATE: %s", condition, room, text, sqlstate);
    }
    snprintf(err->condition, sizeof(err->condition), "%s", condition);
    snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
    return -1;
}

int errbuf_prefix(struct errbuf *err, const char *format, ...)
{
    char context[sizeof(err->text)];
    char old[sizeof(err->text)];
    va_list args;

    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    memcpy(old, err->text, sizeof(old));
    /* The end of a long text is less useful than its beginning: cut there. */
    size_t len = strlen(context);
    if (len > sizeof(err->text) - 3)
        len = sizeof(err->text) - 3;
    memcpy(err->text, context, len);
    memcpy(err->text + len, ": ", 2);
    size_t room = sizeof(err->text) - len - 3;
    size_t keep = strnlen(old, room);
    memcpy(err->text + len + 2, old, keep);
    err->text[len + 2 + keep] = '\0';
    return -1;
}

int errbuf_oom(struct errbuf *err, const char *what, size_t size_bytes)
{
    return errbuf_set(err, EXIT_CODE_RUNTIME, "out of memory (%s, %zu bytes)", what, size_bytes);
}
