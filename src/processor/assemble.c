#include "processor/assemble.h"

#include "kafka/conf.h"
#include "kafka/conf_settings.h"
#include "processor/settings.h"
#include "ui/process.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TRUNCATE_WIDTH 20 /* Spark's truncate=true */

static int oom(struct errbuf *err)
{
    return errbuf_oom(err, "configuration", sizeof(struct assemble));
}

/* A number that may be unset, as struct config has it. */
static int64_t limit(const struct settings *settings, const char *key, const char *name)
{
    int64_t value = settings_int(settings, key, name);

    return value == SETTINGS_UNSET ? CONFIG_NONE : value;
}

/* --- client properties -------------------------------------------------------------------------------------------- */

/* kafka.*, then what is the source's or query's own. */
static int make_conf(struct conf *conf, const struct settings *settings, const char *own_key, const char *name,
                     struct errbuf *err)
{
    if (conf_settings_init(conf, settings, err) != 0)
        return -1;
    if (conf_settings_add(conf, settings, own_key, name, err) != 0) {
        conf_release(conf);
        return -1;
    }
    return 0;
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static int add_watermark(struct assemble *assemble, struct config_source *source, const char *text, struct errbuf *err)
{
    const char *column;
    size_t len;

    if (text == NULL)
        return 0;
    if (settings_split_watermark(text, &column, &len, &source->watermark_delay_us, err) != 0)
        return -1;
    source->watermark_column = arena_strndup(&assemble->arena, column, len);
    return source->watermark_column == NULL ? oom(err) : 0;
}

/* The two words in Spark's spelling, JSON as it is. */
static const char *starting_offsets(const char *text)
{
    if (strcasecmp(text, "earliest") == 0)
        return "earliest";
    if (strcasecmp(text, "latest") == 0)
        return "latest";
    return text;
}

static int add_source(struct assemble *assemble, const struct settings *settings, const char *name, struct errbuf *err)
{
    struct config_source *source = &assemble->sources[assemble->config.nsources];

    *source = (struct config_source){
        .name = name,
        .subscribe = settings_text(settings, "source.*.subscribe", name),
        .subscribe_pattern = settings_text(settings, "source.*.subscribePattern", name),
        .assign = settings_text(settings, "source.*.assign", name),
        .starting_offsets = starting_offsets(settings_text(settings, "source.*.startingOffsets", name)),
        .starting_timestamp = settings_text(settings, "source.*.startingTimestamp", name),
        .starting_offsets_by_timestamp = settings_text(settings, "source.*.startingOffsetsByTimestamp", name),
        .starting_timestamp_strategy_latest =
            settings_choice(settings, "source.*.startingOffsetsByTimestampStrategy", name) == 1,
        .max_offsets_per_trigger = limit(settings, "source.*.maxOffsetsPerTrigger", name),
        .min_offsets_per_trigger = limit(settings, "source.*.minOffsetsPerTrigger", name),
        .max_trigger_delay_ms = settings_ms(settings, "source.*.maxTriggerDelay", name),
        .fail_on_data_loss = settings_bool(settings, "source.*.failOnDataLoss", name),
        .include_headers = settings_bool(settings, "source.*.includeHeaders", name),
        .schema = settings_text(settings, "source.*.schema", name),
        .on_malformed = (enum config_malformed)settings_choice(settings, "source.*.onMalformed", name),
    };
    if (source->max_offsets_per_trigger != CONFIG_NONE &&
        source->min_offsets_per_trigger > source->max_offsets_per_trigger)
        return settings_complain(
            settings, "source.*.minOffsetsPerTrigger", name, err,
            "The value of minOffsetPerTrigger(%lld) is higher than the maxOffsetsPerTrigger(%lld).",
            (long long)source->min_offsets_per_trigger, (long long)source->max_offsets_per_trigger);
    if (add_watermark(assemble, source, settings_text(settings, "source.*.watermark", name), err) != 0)
        return -1;
    if (make_conf(&source->kafka, settings, "source.*.kafka.*", name, err) != 0)
        return -1;
    assemble->config.nsources++; /* from here on the source is released */
    return 0;
}

static int add_sources(struct assemble *assemble, const struct settings *settings, struct errbuf *err)
{
    size_t n;
    const char *const *names = settings_names(settings, "source.", &n);

    assemble->sources = arena_calloc(&assemble->arena, n + 1, sizeof(*assemble->sources));
    if (assemble->sources == NULL)
        return oom(err);
    assemble->config.sources = assemble->sources;
    for (size_t i = 0; i < n; i++)
        if (add_source(assemble, settings, names[i], err) != 0)
            return -1;
    return 0;
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static int add_tables(struct assemble *assemble, const struct settings *settings, struct errbuf *err)
{
    size_t n;
    const char *const *names = settings_names(settings, "table.", &n);

    assemble->tables = arena_calloc(&assemble->arena, n + 1, sizeof(*assemble->tables));
    if (assemble->tables == NULL)
        return oom(err);
    assemble->config.tables = assemble->tables;
    for (size_t i = 0; i < n; i++) {
        struct config_table *table = &assemble->tables[i];
        table->name = names[i];
        table->path = settings_text(settings, "table.*.path", names[i]);
        if (table->path == NULL)
            return errbuf_set(err, EXIT_CODE_USAGE, "table.%s.path is not set: every table needs a file", names[i]);
        table->schema = settings_text(settings, "table.*.schema", names[i]);
        table->format = settings_choice(settings, "table.*.format", names[i]) == 1 ? "csv" : "json";
        switch (settings_choice(settings, "table.*.multiLine", names[i])) {
        case 1:
            table->multi_line = CONFIG_MULTILINE_TRUE;
            break;
        case 2:
            table->multi_line = CONFIG_MULTILINE_FALSE;
            break;
        default:
            table->multi_line = CONFIG_MULTILINE_AUTO;
        }
        assemble->config.ntables++;
    }
    return 0;
}

/* --- queries ------------------------------------------------------------------------------------------------------ */

static enum plan_output_mode output_mode(int choice)
{
    static const enum plan_output_mode modes[] = {PLAN_COMPLETE, PLAN_UPDATE, PLAN_APPEND};

    return modes[choice];
}

static int add_trigger(struct config_query *query, const char *text, struct errbuf *err)
{
    int64_t trigger_ms;

    if (settings_parse_trigger(text, &trigger_ms, err) != 0)
        return -1;
    query->trigger = trigger_ms == SETTINGS_TRIGGER_ONCE            ? CONFIG_TRIGGER_ONCE
                     : trigger_ms == SETTINGS_TRIGGER_AVAILABLE_NOW ? CONFIG_TRIGGER_AVAILABLE_NOW
                                                                    : CONFIG_TRIGGER_INTERVAL;
    query->trigger_ms = trigger_ms < 0 ? 0 : trigger_ms;
    return 0;
}

/* Its own directory, or one of its name below the common one; NULL: none. */
static int add_checkpoint(struct assemble *assemble, const struct settings *settings, struct config_query *query,
                          struct errbuf *err)
{
    const char *common = settings_text(settings, "spark.sql.streaming.checkpointLocation", NULL);

    query->checkpoint_location = settings_text(settings, "query.*.checkpointLocation", query->name);
    if (query->checkpoint_location == NULL && common != NULL) {
        query->checkpoint_location = arena_printf(&assemble->arena, "%s/%s", common, query->name);
        if (query->checkpoint_location == NULL)
            return oom(err);
    }
    for (size_t i = 0; query->checkpoint_location != NULL && i < assemble->config.nqueries; i++) {
        const char *other = assemble->queries[i].checkpoint_location;
        if (other != NULL && strcmp(other, query->checkpoint_location) == 0)
            return errbuf_set(
                err, EXIT_CODE_USAGE,
                "queries %s and %s have the same checkpointLocation %s; each needs a directory of its own",
                assemble->queries[i].name, query->name, other);
    }
    return 0;
}

static int add_query(struct assemble *assemble, const struct settings *settings, const char *name, struct errbuf *err)
{
    static const char *const formats[] = {"console", "kafka", "csv", "noop"};
    struct config_query *query = &assemble->queries[assemble->config.nqueries];

    *query = (struct config_query){
        .name = name,
        .sql = settings_text(settings, "query.*.sql", name),
        .output_mode = output_mode(settings_choice(settings, "query.*.outputMode", name)),
        .format = formats[settings_choice(settings, "query.*.format", name)],
        .num_rows = settings_int(settings, "query.*.option.numRows", name),
        .truncate = settings_bool(settings, "query.*.option.truncate", name) ? TRUNCATE_WIDTH : 0,
        .title = settings_bool(settings, "query.*.option.title", name),
        .topic = settings_text(settings, "query.*.option.topic", name),
        .transactional = settings_bool(settings, "query.*.option.transactional", name),
        .path = settings_text(settings, "query.*.option.path", name),
        .header = settings_bool(settings, "query.*.option.header", name),
    };
    if (query->sql == NULL)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "query.%s.sql is not set: query.%s has other settings, but no SQL text (is the name right?)",
                          name, name);
    if (strcmp(query->format, "csv") == 0 && query->path == NULL)
        return settings_complain(settings, "query.*.format", name, err, "query.%s.option.path is not set", name);
    if (add_trigger(query, settings_text(settings, "query.*.trigger", name), err) != 0 ||
        add_checkpoint(assemble, settings, query, err) != 0)
        return -1;
    if (make_conf(&query->kafka, settings, "query.*.option.kafka.*", name, err) != 0)
        return -1;
    assemble->config.nqueries++; /* from here on the query is released */
    return 0;
}

static int refuse_empty(const struct settings *settings, struct errbuf *err)
{
    size_t n;
    const char *const *files = settings_files(settings, &n);

    if (n > 0)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "there is no query: set query.NAME.sql in %s, or use --query NAME='SELECT ...'",
                          files[n - 1]);
    return errbuf_set(
        err, EXIT_CODE_USAGE,
        "there is no query, and no configuration file: neither config/%s here nor /etc/sfcrime/%s exists; "
        "use --config FILE",
        settings_processor.config_name, settings_processor.config_name);
}

static int add_queries(struct assemble *assemble, const struct settings *settings, struct errbuf *err)
{
    size_t n;
    const char *const *names = settings_names(settings, "query.", &n);

    if (n == 0)
        return refuse_empty(settings, err);
    assemble->queries = arena_calloc(&assemble->arena, n, sizeof(*assemble->queries));
    if (assemble->queries == NULL)
        return oom(err);
    assemble->config.queries = assemble->queries;
    for (size_t i = 0; i < n; i++)
        if (add_query(assemble, settings, names[i], err) != 0)
            return -1;
    return 0;
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static int add_server(struct assemble *assemble, const struct settings *settings, struct errbuf *err)
{
    char *list = arena_strdup(&assemble->arena, settings_text(settings, "sf.ui.allowedHosts", NULL));

    assemble->ui_enabled = settings_bool(settings, "spark.ui.enabled", NULL);
    if (list == NULL)
        return oom(err);
    const char **hosts = arena_calloc(&assemble->arena, strlen(list) / 2 + 1, sizeof(*hosts));
    size_t n = 0;
    char *rest = NULL;
    if (hosts == NULL)
        return oom(err);
    for (char *host = strtok_r(list, ", \t", &rest); host != NULL; host = strtok_r(NULL, ", \t", &rest))
        hosts[n++] = host;
    assemble->server = (struct server_options){
        .host = settings_text(settings, "sf.ui.host", NULL),
        .port = (int)settings_int(settings, "spark.ui.port", NULL),
        .max_retries = (int)settings_int(settings, "spark.port.maxRetries", NULL),
        .allowed_hosts = hosts,
        .nallowed_hosts = n,
    };
    return 0;
}

struct collect {
    struct assemble *assemble;
    size_t cap;
    bool failed;
};

static void count_one(const char *key, const char *value, const char *origin, void *cookie)
{
    (void)key;
    (void)value;
    (void)origin;
    ((struct collect *)cookie)->cap++;
}

static void collect_one(const char *key, const char *value, const char *origin, void *cookie)
{
    struct collect *collect = cookie;
    struct assemble *assemble = collect->assemble;
    struct board_setting one = {arena_strdup(&assemble->arena, key), arena_strdup(&assemble->arena, value),
                                arena_strdup(&assemble->arena, origin)};

    if (one.name == NULL || one.value == NULL || one.origin == NULL)
        collect->failed = true;
    else
        assemble->shown[assemble->nshown++] = one;
}

/* "librdkafka 2.0.2": name and version in one. */
static void collect_libraries(struct collect *collect)
{
    const char *text = conf_library_version(), *version = strchr(text, ' ');
    const char *name;

    collect_one("librdkafka", version == NULL ? "" : version + 1, "library", collect);
    for (size_t i = 0; (name = process_library(i, &version)) != NULL; i++)
        collect_one(name, version, "library", collect);
}

static size_t libraries(void)
{
    const char *version;
    size_t n = 0;

    while (process_library(n, &version) != NULL)
        n++;
    return n + 1;
}

static int add_shown(struct assemble *assemble, const struct settings *settings, struct errbuf *err)
{
    struct collect collect = {.assemble = assemble};

    settings_each(settings, count_one, &collect);
    assemble->shown = arena_calloc(&assemble->arena, collect.cap + libraries(), sizeof(*assemble->shown));
    if (assemble->shown == NULL)
        return oom(err);
    settings_each(settings, collect_one, &collect);
    collect_libraries(&collect);
    return collect.failed ? oom(err) : 0;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

int assemble_config(struct assemble *assemble, const struct settings *settings, bool terminal, struct errbuf *err)
{
    int escape = settings_choice(settings, "sf.console.escape", NULL); /* auto, always, never */

    memset(assemble, 0, sizeof(*assemble));
    arena_init(&assemble->arena);
    assemble->config = (struct config){
        .app_name = settings_text(settings, "spark.app.name", NULL),
        .group = settings_text(settings, "sf.group", NULL),
        .time_zone = settings_text(settings, "spark.sql.session.timeZone", NULL),
        .broker_timeout_ms = settings_ms(settings, "sf.broker.timeout", NULL),
        .stop_timeout_ms = settings_ms(settings, "sf.stop.timeout", NULL),
        .progress_history = settings_int(settings, "spark.sql.streaming.numRecentProgressUpdates", NULL),
        .no_data_progress_ms = settings_ms(settings, "spark.sql.streaming.noDataProgressEventInterval", NULL),
        .polling_delay_ms = settings_ms(settings, "spark.sql.streaming.pollingDelay", NULL),
        .min_batches_to_retain = settings_int(settings, "spark.sql.streaming.minBatchesToRetain", NULL),
        .snapshot_interval = settings_int(settings, "spark.sql.streaming.stateStore.minDeltasForSnapshot", NULL),
        .no_data_batches = settings_bool(settings, "spark.sql.streaming.noDataMicroBatches.enabled", NULL),
        .console_escape = escape == 1 || (escape == 0 && terminal),
        .from_scratch = settings_bool(settings, "from-scratch", NULL),
        .progress_file = settings_text(settings, "sf.progress.file", NULL),
    };
    if (add_sources(assemble, settings, err) != 0 || add_tables(assemble, settings, err) != 0 ||
        add_queries(assemble, settings, err) != 0 || add_server(assemble, settings, err) != 0 ||
        add_shown(assemble, settings, err) != 0) {
        assemble_release(assemble);
        return -1;
    }
    return 0;
}

void assemble_release(struct assemble *assemble)
{
    for (size_t i = 0; i < assemble->config.nsources; i++)
        conf_release(&assemble->sources[i].kafka);
    for (size_t i = 0; i < assemble->config.nqueries; i++)
        conf_release(&assemble->queries[i].kafka);
    arena_release(&assemble->arena);
    memset(assemble, 0, sizeof(*assemble));
}
