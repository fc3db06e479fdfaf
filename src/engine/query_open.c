/* Making and unmaking a query: everything that can be refused is refused here, before any thread runs and before
 * anything is planned. Offsets are resolved and fetching starts here too, outside the first trigger's clock.
 */
#include "query_internal.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/uuid.h"
#include "engine/offset_plan.h"
#include "engine/subscription.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "MicroBatchExecution"

const struct plan_op *query_find_op(const struct plan *plan, enum plan_op_kind kind)
{
    for (size_t i = 0; i < plan->nops; i++)
        if (plan->ops[i].kind == kind)
            return &plan->ops[i];
    return NULL;
}

char *query_fingerprint(const struct plan *plan, const char *description)
{
    struct buf out;
    char *text;

    buf_init(&out);
    plan_fingerprint(plan, &out);
    if (out.len && out.data[out.len - 1] != '\n')
        buf_append_byte(&out, '\n');
    buf_printf(&out, "source %s\n", description);
    if (plan->aggregate < plan->nops) {
        struct aggregate_layout *layout = aggregate_layout_new(&plan->ops[plan->aggregate]);

        if (!layout) {
            buf_release(&out);
            return NULL;
        }
        buf_append_text(&out, "state ");
        aggregate_layout_text(layout, &out);
        aggregate_layout_free(layout);
    }
    text = buf_take(&out, NULL);
    buf_release(&out);
    return text;
}

static int unsupported(struct errbuf *err, const char *query, const char *what)
{
    errbuf_condition(err, "SFCRIME_UNSUPPORTED", "0A000", "query %s: %s is outside what this program runs", query,
                     what);
    err->exit_code = EXIT_CODE_USAGE;
    return -1;
}

int query_check(const struct plan *plan, const struct config_query *query, const struct config_source *source,
                struct errbuf *err)
{
    size_t limits = 0;

    for (size_t i = 0; i < plan->nops; i++) {
        enum plan_op_kind kind = plan->ops[i].kind;

        if ((kind == PLAN_LIMIT || kind == PLAN_SORT) && i < plan->final_stage)
            return unsupported(err, query->name, "ORDER BY or LIMIT below an aggregation");
        if ((kind == PLAN_AGGREGATE && i != plan->aggregate) ||
            ((kind == PLAN_WINDOW || kind == PLAN_WATERMARK) && i >= plan->final_stage))
            return unsupported(err, query->name, "two aggregations");
        limits += kind == PLAN_LIMIT;
    }
    if (limits > 1 && query->output_mode == PLAN_APPEND)
        return unsupported(err, query->name, "more than one LIMIT in append mode");
    if (source->on_malformed == CONFIG_MALFORMED_DEADLETTER)
        return unsupported(err, query->name, "onMalformed = deadletter (null and fail are there)");
    return 0;
}

/* --- parts ------------------------------------------------------------------------------------------------------ */

struct map_part *query_part_of(struct query *query, const char *topic, int32_t partition, struct errbuf *err)
{
    struct query_part *part;

    for (size_t i = 0; i < query->nparts; i++)
        if (query->parts[i].partition == partition && strcmp(query->parts[i].topic, topic) == 0)
            return query->parts[i].part;
    if (query->nparts == query->parts_cap) {
        size_t cap = query->parts_cap ? query->parts_cap * 2 : 16;
        struct query_part *grown = realloc(query->parts, cap * sizeof(*grown));

        if (!grown) {
            errbuf_oom(err, "partitions", cap * sizeof(*grown));
            return NULL;
        }
        query->parts = grown;
        query->parts_cap = cap;
    }
    part = &query->parts[query->nparts];
    part->topic = strdup(topic);
    part->partition = partition;
    if (!part->topic) {
        errbuf_oom(err, "topic", strlen(topic));
        return NULL;
    }
    part->part = map_part_new(&query->map, part->topic, partition, err);
    if (!part->part) {
        free(part->topic);
        return NULL;
    }
    query->nparts++;
    return part->part;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* Take over what recovery found. */
static int take_position(struct query *query, struct errbuf *err)
{
    const struct checkpoint_position *position = checkpoint_position(query->checkpoint);

    query->batch_id = position->next_batch;
    query->planned = !position->fresh;
    query->rerun = position->rerun;
    query->watermark_ms = position->watermark_ms;
    query->late_watermark_ms = position->late_watermark_ms;
    query->evicted_watermark_ms = -1;
    if (position->has_start && offset_list_copy(&query->start, &position->start) != 0)
        return errbuf_oom(err, "offsets", position->start.count);
    if (position->rerun) {
        query->planned_ms = position->plan.timestamp_ms;
        if (offset_list_copy(&query->end, &position->plan.end) != 0)
            return errbuf_oom(err, "offsets", position->plan.end.count);
    }
    return 0;
}

/* Where a stateful operator keeps its files; malloc'd, NULL without memory. */
static char *state_dir(const struct query *query, int number)
{
    char *dir;

    return asprintf(&dir, "%s/state/%d/0", checkpoint_dir(query->checkpoint), number) < 0 ? NULL : dir;
}

static int open_state(struct query *query, struct errbuf *err)
{
    const struct plan *plan = query->plan;
    const struct plan_op *limit = query_find_op(plan, PLAN_LIMIT);
    int interval = (int)query->config->snapshot_interval;
    struct wal *wal = checkpoint_wal(query->checkpoint);
    int number = 0; /* of operators that have a state, as Spark counts them */
    char *dir;

    if (plan->aggregate < plan->nops) {
        query->layout = aggregate_layout_new(&plan->ops[plan->aggregate]);
        dir = state_dir(query, number++);
        if (query->layout && dir)
            query->state = state_open(wal, dir, query->layout, query->batch_id, interval, err);
        else
            errbuf_oom(err, "aggregate", 0);
        free(dir);
        if (!query->state)
            return -1;
    }
    if (!limit || plan->output_mode != PLAN_APPEND)
        return 0;
    dir = state_dir(query, number);
    if (!dir)
        return errbuf_oom(err, "path", 0);
    query->limit = limit_open(wal, dir, limit->u.limit.rows, query->batch_id, interval, err);
    free(dir);
    return query->limit ? 0 : -1;
}

static int open_stages(struct query *query, struct errbuf *err)
{
    const struct plan *plan = query->plan;
    struct schema input;
    int result = 0;

    if (pipeline_init(&query->pipeline, plan, query->setup.tables, err) != 0)
        return -1;
    query->has_pipeline = true;
    query->map.plan = plan;
    query->map.pipeline = &query->pipeline;
    query->map.layout = query->layout;
    if (query->layout && aggregate_any_order(query->layout)) {
        if (aggregate_table_init(&query->partial, query->layout) != 0)
            return errbuf_oom(err, "partial aggregate", sizeof(query->partial));
        query->map.shared = &query->partial;
    }
    query->map.view = query->setup.view;
    query->map.ndata = query->setup.view->ncolumns - SOURCE_KAFKA_COLUMNS;
    query->map.raw = query->setup.source->schema == NULL;
    query->map.on_malformed = query->setup.source->on_malformed;
    schema_init(&input);
    if (!query->layout)
        result = map_stage_schema(&query->map, &input);
    if (result != 0)
        return errbuf_oom(err, "schema", plan->ncolumns);
    query->final = final_stage_new(&query->pipeline, query->layout ? NULL : &input, err);
    schema_release(&input);
    return query->final ? 0 : -1;
}

static int open_sink(struct query *query, struct errbuf *err)
{
    query->sink_context = (struct sink_context){
        .config = query->config,
        .query = query->conf,
        .schema = &query->plan->output,
        .zone = query->plan->zone,
        .query_id = checkpoint_id(query->checkpoint),
        .stdout_lock = query->setup.stdout_lock,
        .stdout_fd = query->setup.stdout_fd,
        .mock = query->setup.mock,
        .give_up = query_give_up,
        .give_up_cookie = query,
    };
    query->sink = sink_open(&query->sink_context, err);
    if (!query->sink)
        return -1;
    query->sink_text = sink_description(query->sink, query->run_id);
    return query->sink_text ? 0 : errbuf_oom(err, "sink", 0);
}

/* A fresh query finds out where it starts; then fetching begins at absolute offsets. */
static int open_source(struct query *query, struct errbuf *err)
{
    const struct config_source *source = query->setup.source;
    char group[64];

    /* A handle of the query's own: a slow answer to one query delays no other, and the group is its own. */
    snprintf(group, sizeof(group), "sfcrime-%s", checkpoint_id(query->checkpoint));
    query->offsets = offsets_open(&source->kafka, query->config->group ? query->config->group : group, err);
    if (!query->offsets || offsets_connect(query->offsets, (int)query->config->broker_timeout_ms,
                                           query->setup.open_stop_fd, NULL, err) != 0)
        return -1;
    if (!checkpoint_position(query->checkpoint)->has_start) {
        offset_list_release(&query->start);
        if (subscription_first_contact(source, query->offsets, query->config->broker_timeout_ms,
                                       query->setup.open_stop_fd, &query->start, err) != 0)
            return -1;
        query->write_initial = !query->rerun; /* batch 0 was planned without: its plan is what counts */
    }
    struct source_options options = {.partitions = (int)query->start.count,
                                     .query_name = query->conf->name,
                                     .checkpoint_dir = query->setup.checkpoint_dir};
    query->source = source_open(source, query->offsets, &options, err);
    if (!query->source)
        return -1;
    return source_start(query->source, &query->start, &checkpoint_position(query->checkpoint)->read, err);
}

static int open_all(struct query *query, struct errbuf *err)
{
    if (uuid_random(query->run_id, err) != 0 || take_position(query, err) != 0 || open_state(query, err) != 0 ||
        open_stages(query, err) != 0 || open_sink(query, err) != 0 || open_source(query, err) != 0)
        return -1;
    struct feed_setup feed = {
        .config = query->config,
        .query = query->conf,
        .id = checkpoint_id(query->checkpoint),
        .run_id = query->run_id,
        .explain = query->setup.explain,
        .max_offsets_per_trigger = query->setup.source->max_offsets_per_trigger,
    };
    query->feed = feed_new(query->setup.board, &feed, err);
    if (!query->feed)
        return -1;
    feed_partitions(query->feed, &query->start, NULL);
    tracker_init(&query->tracker);
    query->tracker.id = checkpoint_id(query->checkpoint);
    query->tracker.run_id = query->run_id;
    query->tracker.name = query->conf->name;
    query->tracker.source = query->setup.description;
    query->tracker.sink = query->sink_text;
    query->tracker.has_watermark = query_find_op(query->plan, PLAN_WATERMARK) != NULL;
    query->tracker.idle_interval_ms = query->config->no_data_progress_ms;
    for (size_t i = 0; i < query->start.count; i++)
        if (!query_part_of(query, query->start.items[i].topic, query->start.items[i].partition, err))
            return -1;
    return 0;
}

struct query *query_open(const struct query_setup *setup, struct checkpoint *checkpoint, struct errbuf *err)
{
    struct query *query = calloc(1, sizeof(*query));

    if (!query) {
        checkpoint_close(checkpoint, false);
        errbuf_oom(err, "query", sizeof(*query));
        return NULL;
    }
    query->setup = *setup;
    query->config = setup->config;
    query->conf = setup->query;
    query->plan = setup->plan;
    query->checkpoint = checkpoint;
    offset_list_init(&query->start);
    offset_list_init(&query->end);
    offset_list_init(&query->latest);
    if (open_all(query, err) != 0) {
        errbuf_prefix(err, "query %s", setup->query->name);
        query_close(query);
        return NULL;
    }
    return query;
}

void query_close(struct query *query)
{
    if (!query)
        return;
    query_report_drop(query->untold);
    sink_close(query->sink);
    source_close(query->source);
    offsets_close(query->offsets);
    for (size_t i = 0; i < query->nparts; i++) {
        map_part_free(query->parts[i].part);
        free(query->parts[i].topic);
    }
    free(query->parts);
    if (query->map.shared)
        aggregate_table_release(query->map.shared);
    final_stage_free(query->final);
    if (query->has_pipeline)
        pipeline_release(&query->pipeline);
    limit_close(query->limit);
    state_close(query->state);
    aggregate_layout_free(query->layout);
    if (query->setup.temporary && !query->failed)
        log_info(MODULE, "Deleting checkpoint file:%s.", query->setup.checkpoint_dir);
    checkpoint_close(query->checkpoint, query->setup.temporary && !query->failed);
    feed_free(query->feed);
    free(query->sink_text);
    offset_list_release(&query->start);
    offset_list_release(&query->end);
    offset_list_release(&query->latest);
    free(query);
}
