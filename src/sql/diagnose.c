/* The text is composed in a fixed buffer of errbuf's size: what does not fit (a very long query) is cut at the end,
 * where the least important part stands. Positions are code points, because Spark counts so; only here they become
 * bytes. */
#include "sql/diagnose.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE sizeof(((struct errbuf *)NULL)->text)

struct text {
    size_t len;
    char data[TEXT_SIZE];
};

static void add_bytes(struct text *text, const char *data, size_t len)
{
    size_t room = TEXT_SIZE - 1 - text->len;

    if (len > room)
        len = room;
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

static void add_v(struct text *text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void add_v(struct text *text, const char *format, va_list args)
{
    int n = vsnprintf(text->data + text->len, TEXT_SIZE - text->len, format, args);

    if (n > 0)
        text->len = (size_t)n < TEXT_SIZE - text->len ? text->len + (size_t)n : TEXT_SIZE - 1;
}

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_v(text, format, args);
    va_end(args);
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t diagnose_byte_offset(const char *sql, int32_t position)
{
    size_t at = 0;

    for (int32_t i = 0; i < position && sql[at] != '\0'; i++) {
        at++;
        while (is_continuation(sql[at]))
            at++;
    }
    return at;
}

static int32_t count_points(const char *from, const char *to)
{
    int32_t n = 0;

    for (; from < to; from++)
        n += !is_continuation(*from);
    return n;
}

/* Line from 1 and column from 0 of a place in the text. */
static void locate(const char *sql, size_t offset, int *line, int *column)
{
    const char *begin = sql;

    *line = 1;
    for (const char *p = sql; p < sql + offset; p++) {
        if (*p == '\n') {
            (*line)++;
            begin = p + 1;
        }
    }
    *column = count_points(begin, sql + offset);
}

/* Every line that the range touches, each with carets below. */
static void add_context(struct text *text, const char *sql, size_t from, size_t to, int line, int column)
{
    const char *p = sql + from;

    while (p > sql && p[-1] != '\n')
        p--;
    add(text, "\n== SQL (line %d, position %d) ==", line, column + 1);
    while (p < sql + to || p == sql + from) {
        const char *end = strchr(p, '\n');
        if (end == NULL)
            end = p + strlen(p);
        const char *first = p < sql + from ? sql + from : p;
        const char *last = end < sql + to ? end : sql + to;
        add_bytes(text, "\n", 1);
        add_bytes(text, p, (size_t)(end - p));
        add(text, "\n%*s", (int)count_points(p, first), "");
        for (int32_t i = count_points(first, last); i > 0; i--)
            add_bytes(text, "^", 1);
        if (*end == '\0')
            break;
        p = end + 1;
    }
}

struct message {
    const char *condition;
    const char *sqlstate;
    const char *sql;
    struct sql_range range;
    bool say_line; /* "; line 1 pos 7", as Spark's analyzer does */
};

static void compose(struct errbuf *err, enum exit_code code, const struct message *m, const char *format, va_list args,
                    const char *tail) __attribute__((format(printf, 4, 0)));
static void compose(struct errbuf *err, enum exit_code code, const struct message *m, const char *format, va_list args,
                    const char *tail)
{
    struct text text = {0};
    bool legacy = m->sqlstate[0] == '\0' || strncmp(m->condition, "_LEGACY", 7) == 0;
    bool placed = m->sql != NULL && m->range.start >= 0;
    int line = 0, column = 0;
    size_t from = 0, to = 0;

    if (placed) {
        from = diagnose_byte_offset(m->sql, m->range.start);
        to = diagnose_byte_offset(m->sql, m->range.stop < m->range.start ? m->range.start : m->range.stop + 1);
        locate(m->sql, from, &line, &column);
    }
    if (!legacy)
        add(&text, "[%s] ", m->condition);
    add_v(&text, format, args);
    if (!legacy)
        add(&text, " SQLSTATE: %s", m->sqlstate);
    if (placed && m->say_line)
        add(&text, "; line %d pos %d", line, column);
    if (tail != NULL)
        add_bytes(&text, tail, strlen(tail));
    if (placed)
        add_context(&text, m->sql, from, to, line, column);
    /* not by errbuf_condition: the SQLSTATE stands before the lines of context */
    errbuf_set(err, code, "%s", text.data);
    snprintf(err->condition, sizeof(err->condition), "%s", m->condition);
    snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", m->sqlstate);
    err->line = line;
    err->column = column;
}

void *diagnose(struct errbuf *err, const char *sql, struct sql_range range, const char *condition, const char *sqlstate,
               const char *format, ...)
{
    struct message m = {condition, sqlstate, sql, range, true};
    va_list args;

    va_start(args, format);
    compose(err, EXIT_CODE_USAGE, &m, format, args, NULL);
    va_end(args);
    return NULL;
}

void *diagnose_unsupported(struct errbuf *err, const char *sql, struct sql_range range, const char *format, ...)
{
    struct message m = {"SFCRIME_UNSUPPORTED", "0A000", sql, range, true};
    va_list args;

    va_start(args, format);
    compose(err, EXIT_CODE_USAGE, &m, format, args, NULL);
    va_end(args);
    return NULL;
}

int diagnose_row(struct eval *eval, const struct expr *call, size_t row, const char *condition, const char *sqlstate,
                 const char *format, ...)
{
    const struct sql_range nowhere = {-1, -1};
    struct message m = {condition, sqlstate, eval->sql, call != NULL ? call->range : nowhere, false};
    const struct batch *batch = eval->batch;
    char record[320] = "";
    va_list args;

    if (batch != NULL && batch->topic != NULL && batch->offsets != NULL && row < batch->nrows)
        snprintf(record, sizeof(record), "\nat topic %s, partition %" PRId32 ", offset %" PRId64, batch->topic,
                 batch->partition, batch->offsets[row]);
    va_start(args, format);
    compose(eval->err, EXIT_CODE_RUNTIME, &m, format, args, record);
    va_end(args);
    return -1;
}
