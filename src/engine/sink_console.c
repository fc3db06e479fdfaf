/* Spark's console sink: head, table, blank line for every executed batch, empty ones too (spark-reference 6). A batch is one
 * write under the session's lock, so that tables of several queries never mix.
 */
#include "engine/sink.h"

#include "common/fileio.h"
#include "record/table_text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define RULE "-------------------------------------------\n" /* 43 dashes */

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

static int console_commit(struct sink *sink, struct errbuf *err)
{
    struct console *console = (struct console *)sink;
    pthread_mutex_t *lock = sink->context->stdout_lock;
    int result, saved;

    if (sink->gone)
        return 0;
    if (pthread_mutex_lock(lock) != 0)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "console: the lock on stdout failed");
    result = fileio_write_all(sink->context->stdout_fd, console->text.data, console->text.len);
    saved = errno;
    pthread_mutex_unlock(lock);
    if (result == 0)
        return 0;
    if (saved == EPIPE) { /* `| head` has seen enough */
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
