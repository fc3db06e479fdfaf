#include "engine/sink.h"

#include "common/crc32c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int sink_check(const struct config_query *query, const struct schema *schema, struct errbuf *err)
{
    (void)schema;
    if (strcasecmp(query->format, "console") == 0 || strcasecmp(query->format, "noop") == 0)
        return 0;
    if (strcasecmp(query->format, "csv") == 0 && query->output_mode != PLAN_APPEND) {
        errbuf_condition(err, "STREAMING_OUTPUT_MODE.UNSUPPORTED_DATASOURCE", "42KDE",
                         "Invalid streaming output mode: %s. This output mode is not supported in Data Source csv.",
                         query->output_mode == PLAN_COMPLETE ? "complete" : "update");
        err->exit_code = EXIT_CODE_USAGE;
        return -1;
    }
    if (strcasecmp(query->format, "kafka") == 0 || strcasecmp(query->format, "csv") == 0) {
        errbuf_condition(err, "SFCRIME_UNSUPPORTED", "0A000", "format %s: this version writes to console and noop only",
                         query->format);
        err->exit_code = EXIT_CODE_USAGE;
        return -1;
    }
    return errbuf_set(err, EXIT_CODE_USAGE, "unknown format %s: use console or noop", query->format);
}

struct sink *sink_open(const struct sink_context *context, struct errbuf *err)
{
    if (sink_check(context->query, context->schema, err) != 0)
        return NULL;
    if (strcasecmp(context->query->format, "console") == 0)
        return sink_console_open(context, err);
    return sink_noop_open(context, err);
}

void sink_close(struct sink *sink)
{
    if (!sink)
        return;
    if (sink->kind->close)
        sink->kind->close(sink);
    free(sink);
}

int sink_begin(struct sink *sink, int64_t batch_id, bool rerun, struct errbuf *err)
{
    sink->batch_id = batch_id;
    return sink->kind->begin ? sink->kind->begin(sink, batch_id, rerun, err) : 0;
}

int sink_write(struct sink *sink, const struct rowset *rows, struct errbuf *err)
{
    return sink->kind->write ? sink->kind->write(sink, rows, err) : 0;
}

int sink_commit(struct sink *sink, struct errbuf *err)
{
    return sink->kind->commit ? sink->kind->commit(sink, err) : 0;
}

void sink_abort(struct sink *sink)
{
    if (sink->kind->abort)
        sink->kind->abort(sink);
}

char *sink_description(const struct sink *sink, const char *run_id)
{
    char *text;

    /* Spark prints the object's address: other in every run. */
    if (asprintf(&text, "%s@%08x", sink->kind->description, (unsigned)crc32c_update(0, run_id, strlen(run_id))) < 0)
        return NULL;
    return text;
}
