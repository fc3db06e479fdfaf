/* Counts for nothing: benchmarks and queries that are watched on the page only. */
#include "engine/sink.h"

#include <stdlib.h>

static const struct sink_kind noop = {
    .name = "noop",
    .description = "org.apache.spark.sql.execution.datasources.noop.NoopTable$",
    .repeats = true,
};

struct sink *sink_noop_open(const struct sink_context *context, struct errbuf *err)
{
    struct sink *sink = calloc(1, sizeof(*sink));

    if (!sink) {
        errbuf_oom(err, "sink", sizeof(*sink));
        return NULL;
    }
    sink->kind = &noop;
    sink->context = context;
    return sink;
}
