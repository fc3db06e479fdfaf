#include "engine/compiled.h"

#include "engine/query.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "engine/subscription.h"

#include <stdlib.h>
#include <string.h>

void compiled_release(struct compiled *compiled)
{
    for (size_t i = 0; i < compiled->nplans; i++)
        plan_free(compiled->plans[i]);
    free(compiled->plans);
    for (size_t i = 0; i < compiled->ntables; i++)
        static_table_release(&compiled->tables[i]);
    free(compiled->tables);
    free(compiled->rows);
    for (size_t i = 0; i < compiled->nschemas; i++)
        schema_release(&compiled->schemas[i]);
    free(compiled->schemas);
    memset(compiled, 0, sizeof(*compiled));
}

static int check_names(const struct config *config, struct errbuf *err)
{
    if (config->nqueries == 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "no query: set query.NAME.sql");
    for (size_t i = 0; i < config->nqueries; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(config->queries[i].name, config->queries[k].name) == 0)
                return errbuf_set(err, EXIT_CODE_USAGE, "two queries are named %s", config->queries[i].name);
    return 0;
}

static int load_inputs(struct compiled *compiled, struct errbuf *err)
{
    const struct config *config = compiled->config;

    compiled->schemas = calloc(config->nsources + 1, sizeof(*compiled->schemas));
    compiled->tables = calloc(config->ntables + 1, sizeof(*compiled->tables));
    compiled->rows = calloc(config->ntables + 1, sizeof(*compiled->rows));
    compiled->plans = calloc(config->nqueries + 1, sizeof(*compiled->plans));
    if (!compiled->schemas || !compiled->tables || !compiled->rows || !compiled->plans)
        return errbuf_oom(err, "session", config->nqueries);
    for (size_t i = 0; i < config->nsources; i++) {
        if (subscription_check(&config->sources[i], err) != 0 ||
            source_schema(&config->sources[i], &compiled->schemas[i], err) != 0)
            return -1;
        compiled->nschemas++;
    }
    for (size_t i = 0; i < config->ntables; i++) {
        if (static_table_load(&compiled->tables[i], &config->tables[i], compiled->zone, err) != 0)
            return -1;
        compiled->rows[i] = &compiled->tables[i].rows;
        compiled->ntables++;
    }
    return 0;
}

static int compile_query(struct compiled *compiled, const struct plan_catalog *catalog, size_t i, struct errbuf *err)
{
    const struct config_query *query = &compiled->config->queries[i];
    struct plan_options options = {.output_mode = query->output_mode, .zone = compiled->zone};
    struct plan *plan = plan_compile(query->sql, catalog, &options, err);

    if (!plan)
        return errbuf_prefix(err, "query %s", query->name);
    compiled->plans[compiled->nplans++] = plan;
    if (query_check(plan, query, &compiled->config->sources[plan->view], err) != 0)
        return -1;
    if (sink_check(query, &plan->output, err) != 0)
        return errbuf_prefix(err, "query %s", query->name);
    return 0;
}

int compiled_init(struct compiled *compiled, const struct config *config, struct errbuf *err)
{
    struct plan_view *views = calloc(config->nsources + 1, sizeof(*views));
    struct plan_table *tables = calloc(config->ntables + 1, sizeof(*tables));
    int result = -1;

    memset(compiled, 0, sizeof(*compiled));
    compiled->config = config;
    if (!views || !tables) {
        errbuf_oom(err, "session", config->nsources);
        goto out;
    }
    compiled->zone = zone_open(config->time_zone, strlen(config->time_zone), err);
    if (!compiled->zone) {
        err->exit_code = EXIT_CODE_USAGE;
        goto out;
    }
    if (check_names(config, err) != 0 || load_inputs(compiled, err) != 0)
        goto out;
    for (size_t i = 0; i < config->nsources; i++) {
        const struct config_source *source = &config->sources[i];

        views[i] = (struct plan_view){.name = source->name,
                                      .columns = &compiled->schemas[i],
                                      .watermark_column = source->watermark_column,
                                      .watermark_delay_us = source->watermark_delay_us};
    }
    for (size_t i = 0; i < config->ntables; i++)
        tables[i] = (struct plan_table){config->tables[i].name, &compiled->tables[i].rows.schema};
    struct plan_catalog catalog = {config->nsources, views, config->ntables, tables};
    result = 0;
    for (size_t i = 0; i < config->nqueries && result == 0; i++)
        result = compile_query(compiled, &catalog, i, err);
out:
    free(views);
    free(tables);
    if (result != 0)
        compiled_release(compiled);
    return result;
}
