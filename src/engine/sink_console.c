/* Spark's console sink (ConsoleWrite of 4.0.0): head, table, blank line for every executed batch, empty ones too. A
 * batch is one unit under the session's lock, so that tables of several queries never mix.
 *
 * Nobody knows when a pipe or a terminal is read on (`| less`), and a stop must not wait for that: nothing here blocks
 * for longer than WAIT_MS without asking give_up.
 */
#include "engine/sink.h"

#include "record/table_text.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RULE "-------------------------------------------\n" /* 43 dashes */

/* Between two looks at give_up. */
#define WAIT_MS 100

struct console {
    struct sink sink;
    struct buf text;
};

static int console_write(struct sink *sink, const struct rowset *rows, struct errbuf *err)
{
    struct console *console = (struct console *)sink;
    const struct config_query *query = sink->context->query;
    struct table_text_options options = {
        .num_rows = query->num_rows,
        .truncate = query->truncate > INT_MAX ? INT_MAX : (int)query->truncate,
        .zone = sink->context->zone,
        .escape = sink->context->config->console_escape,
    };

    buf_reset(&console->text);
    if (query->title)
        buf_printf(&console->text, "Query: %s\n", query->name);
    buf_printf(&console->text, RULE "Batch: %lld\n" RULE, (long long)sink->batch_id);
    table_text_rowset(rows, &options, &console->text);
    /* Spark 4 prints no blank line behind the footer. */
    if (!table_text_has_footer(rows->nrows, &options))
        buf_append_byte(&console->text, '\n');
    return console->text.failed ? errbuf_oom(err, "console table", console->text.len) : 0;
}

static bool give_up(const struct sink *sink)
{
    return sink->context->give_up && sink->context->give_up(sink->context->give_up_cookie);
}

/* Another query may wait for the reader with the lock held. 0, SINK_ABANDONED, -1. */
static int lock_stdout(const struct sink *sink)
{
    for (;;) {
        struct timespec until;

        if (clock_gettime(CLOCK_REALTIME, &until) != 0)
            return -1;
        until.tv_nsec += WAIT_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        int rc = pthread_mutex_timedlock(sink->context->stdout_lock, &until);
        if (rc == 0)
            return 0;
        if (rc != ETIMEDOUT)
            return -1;
        if (give_up(sink))
            return SINK_ABANDONED;
    }
}

/* 0, SINK_ABANDONED, -1 with errno. */
static int write_table(const struct sink *sink, const char *data, size_t len)
{
    struct pollfd fd = {sink->context->stdout_fd, POLLOUT, 0};
    struct stat st;
    /* A pipe that is ready takes so much without blocking. A file takes all, and a kill then leaves no half of a
     * table. */
    size_t step = fstat(fd.fd, &st) == 0 && S_ISREG(st.st_mode) ? SSIZE_MAX : PIPE_BUF;

    while (len > 0) {
        int ready = poll(&fd, 1, WAIT_MS);

        if (ready < 0 && errno != EINTR)
            return -1;
        if (ready <= 0) {
            if (give_up(sink))
                return SINK_ABANDONED;
            continue;
        }
        ssize_t n = write(fd.fd, data, len < step ? len : step);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -1;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

static int console_commit(struct sink *sink, struct errbuf *err)
{
    struct console *console = (struct console *)sink;
    int result, saved;

    if (sink->gone)
        return 0;
    result = lock_stdout(sink);
    if (result < 0)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "console: the lock on stdout failed");
    if (result != 0)
        return result;
    result = write_table(sink, console->text.data, console->text.len);
    saved = errno;
    pthread_mutex_unlock(sink->context->stdout_lock);
    if (result >= 0)
        return result;
    if (saved == EPIPE || saved == EBADF) { /* `| head` has seen enough; `>&-` never wanted any */
        sink->gone = true;
        return 0;
    }
    return errbuf_set(err, EXIT_CODE_STORAGE, "cannot write the table of batch %lld to stdout: %s",
                      (long long)sink->batch_id, strerror(saved));
}

static void console_close(struct sink *sink)
{
    buf_release(&((struct console *)sink)->text);
}

static const struct sink_kind kind = {
    .name = "console",
    .description = "org.apache.spark.sql.execution.streaming.ConsoleTable$",
    .repeats = true,
    .write = console_write,
    .commit = console_commit,
    .close = console_close,
};

struct sink *sink_console_open(const struct sink_context *context, struct errbuf *err)
{
    struct console *console = calloc(1, sizeof(*console));

    if (!console) {
        errbuf_oom(err, "sink", sizeof(*console));
        return NULL;
    }
    console->sink.kind = &kind;
    console->sink.context = context;
    buf_init(&console->text);
    return &console->sink;
}
