/* The arrays of the needed columns stay where they are for the part's life; the bytes of strings go to an arena that is
 * forgotten with each vector batch. A range is cut into vector batches by VECTOR_ROWS alone, never by what happened to
 * arrive together: the same range gives the same sequence of additions, so sums of DOUBLE come out the same in every
 * run.
 */
#include "engine/map_stage.h"

#include "engine/source.h"
#include "record/json_decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_KEY, COLUMN_TOPIC, COLUMN_PARTITION, COLUMN_OFFSET, COLUMN_TIMESTAMP };

#define NOT_NEEDED SIZE_MAX

#define KEPT_BAD 8 /* malformed records of a batch and a partition that are shown whole */

struct map_part {
    const struct map_stage *stage;
    struct str topic;
    int32_t partition;
    struct json_decoder *decoder; /* NULL: the view has no schema */
    struct arena fixed;           /* the columns' arrays */
    struct arena arena;           /* bytes and results of one vector batch */
    size_t ncolumns;
    struct vector *columns; /* as the plan wants them */
    struct vector *work;    /* the batch's view of them: operators replace and widen it */
    struct vector *decoded; /* the JSON columns in the decoder's order */
    size_t *decoded_at;     /* their places in columns */
    size_t ndecoded;
    size_t raw_at;
    size_t kafka_at[SOURCE_KAFKA_COLUMNS];
    int64_t *offsets;
    size_t rows;
    struct pipeline_run run;
    struct aggregate_table own;
    bool has_own;
    struct aggregate_table *partial; /* own, or the stage's shared one; NULL without aggregate */
    struct rowset out;
    bool has_out;
    struct watermark_stats watermark;
    struct map_counts counts;
    struct snapshot_bad *bad; /* a ring of KEPT_BAD, made when the first one comes */
    size_t nbad;              /* that ever went in, in this batch */
    struct errbuf err;
};

static int emit_aggregate(struct pipeline_run *run, struct batch *batch, void *cookie)
{
    struct map_part *part = cookie;

    return aggregate_update(part->partial, &run->eval, batch, run->eval.err);
}

static int emit_rows(struct pipeline_run *run, struct batch *batch, void *cookie)
{
    struct map_part *part = cookie;

    if (rowset_append(&part->out, batch) != 0)
        return errbuf_oom(run->eval.err, "rows of a batch", part->out.nrows);
    return 0;
}

/* --- making a part ---------------------------------------------------------------------------------------------- */

static int make_columns(struct map_part *part, struct errbuf *err)
{
    const struct map_stage *stage = part->stage;
    const struct plan *plan = stage->plan;
    size_t *wanted;

    part->ncolumns = plan->ncolumns;
    part->columns = arena_calloc(&part->fixed, plan->ncolumns + 1, sizeof(*part->columns));
    part->work = arena_calloc(&part->fixed, plan->ncolumns + 1, sizeof(*part->work));
    part->decoded = arena_calloc(&part->fixed, plan->ncolumns + 1, sizeof(*part->decoded));
    part->decoded_at = arena_calloc(&part->fixed, plan->ncolumns + 1, sizeof(*part->decoded_at));
    wanted = arena_calloc(&part->fixed, plan->ncolumns + 1, sizeof(*wanted));
    part->offsets = arena_alloc(&part->fixed, VECTOR_ROWS * sizeof(*part->offsets));
    if (!part->columns || !part->work || !part->decoded || !part->decoded_at || !wanted || !part->offsets)
        return errbuf_oom(err, "columns", plan->ncolumns * sizeof(*part->columns));
    for (size_t i = 0; i < plan->ncolumns; i++) {
        size_t column = plan->columns[i];
        struct vector *vector = &part->columns[i];

        if (vector_alloc(vector, stage->view->columns[column].type, VECTOR_ROWS, &part->fixed) != 0)
            return errbuf_oom(err, "columns", VECTOR_ROWS * sizeof(struct str));
        if (column >= stage->ndata) {
            part->kafka_at[column - stage->ndata] = i;
            if (column == stage->ndata + COLUMN_TOPIC) {
                vector->constant = true;
                vector->data.str[0] = part->topic;
            } else if (column == stage->ndata + COLUMN_PARTITION) {
                vector->constant = true;
                vector->data.i32[0] = part->partition;
            }
        } else if (stage->raw) {
            part->raw_at = i;
        } else {
            wanted[part->ndecoded] = column;
            part->decoded[part->ndecoded] = *vector;
            part->decoded_at[part->ndecoded++] = i;
        }
    }
    if (!stage->raw) {
        /* Even when no column of it is needed: records that are no JSON are counted, or fail. */
        part->decoder = json_decoder_new(stage->view, wanted, part->ndecoded, plan->zone, err);
        if (!part->decoder)
            return -1;
    }
    return 0;
}

int map_stage_schema(const struct map_stage *stage, struct schema *schema)
{
    const struct plan *plan = stage->plan;
    size_t last = plan->final_stage;

    /* Without any operator: the columns as they are read. */
    for (size_t i = 0; i < (last > 0 ? plan->ops[last - 1].ncolumns : plan->ncolumns); i++) {
        const struct type_field *column =
            last > 0 ? &plan->ops[last - 1].columns[i] : &stage->view->columns[plan->columns[i]];

        if (schema_add(schema, column->name, column->type) != 0)
            return -1;
    }
    return 0;
}

void map_stage_begin(const struct map_stage *stage)
{
    if (stage->shared)
        aggregate_table_reset(stage->shared);
}

size_t map_stage_partials(const struct map_stage *stage, size_t nparts)
{
    return stage->shared && nparts > 1 ? 1 : nparts;
}

struct map_part *map_part_new(const struct map_stage *stage, const char *topic, int32_t partition, struct errbuf *err)
{
    const struct plan *plan = stage->plan;
    struct map_part *part = calloc(1, sizeof(*part));
    bool aggregates = stage->layout != NULL;

    if (!part) {
        errbuf_oom(err, "partition", sizeof(*part));
        return NULL;
    }
    part->stage = stage;
    part->topic = (struct str){topic, (uint32_t)strlen(topic)};
    part->partition = partition;
    part->raw_at = NOT_NEEDED;
    for (size_t i = 0; i < SOURCE_KAFKA_COLUMNS; i++)
        part->kafka_at[i] = NOT_NEEDED;
    arena_init(&part->fixed);
    arena_init(&part->arena);
    watermark_stats_init(&part->watermark);
    part->counts.first_bad_offset = -1;
    if (make_columns(part, err) != 0)
        goto fail;
    if (pipeline_run_init(&part->run, stage->pipeline, 0, aggregates ? plan->aggregate : plan->final_stage,
                          aggregates ? emit_aggregate : emit_rows, part) != 0) {
        errbuf_oom(err, "partition", plan->nops);
        goto fail;
    }
    part->run.watermark = &part->watermark;
    if (stage->shared) {
        part->partial = stage->shared;
    } else if (aggregates) {
        if (aggregate_table_init(&part->own, stage->layout) != 0) {
            errbuf_oom(err, "partial aggregate", sizeof(part->own));
            goto fail;
        }
        part->has_own = true;
        part->partial = &part->own;
    } else {
        struct schema schema;
        int result;

        schema_init(&schema);
        result = map_stage_schema(stage, &schema);
        if (result == 0)
            result = rowset_init(&part->out, &schema);
        schema_release(&schema);
        if (result != 0) {
            errbuf_oom(err, "rows of a batch", plan->ncolumns);
            goto fail;
        }
        part->has_out = true;
    }
    return part;
fail:
    map_part_free(part);
    return NULL;
}

void map_part_free(struct map_part *part)
{
    if (!part)
        return;
    json_decoder_free(part->decoder);
    pipeline_run_release(&part->run);
    if (part->has_own)
        aggregate_table_release(&part->own);
    if (part->has_out)
        rowset_release(&part->out);
    arena_release(&part->arena);
    arena_release(&part->fixed);
    free(part->bad);
    free(part);
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

/* Make the arrays as new: only columns that had a NULL need it. */
static void forget_rows(struct map_part *part)
{
    for (size_t i = 0; i < part->ndecoded; i++) {
        if (part->decoded[i].has_nulls) {
            memset(part->decoded[i].nulls, 0, part->rows);
            part->decoded[i].has_nulls = false;
        }
    }
    for (size_t i = 0; i < part->ncolumns; i++) {
        if (part->columns[i].has_nulls) {
            memset(part->columns[i].nulls, 0, part->rows);
            part->columns[i].has_nulls = false;
        }
    }
    part->rows = 0;
    arena_reset(&part->arena);
}

/* Run the operators over the rows so far. */
static int flush(struct map_part *part)
{
    struct batch batch;
    int result;

    if (part->rows == 0)
        return 0;
    memcpy(part->work, part->columns, part->ncolumns * sizeof(*part->work));
    for (size_t i = 0; i < part->ndecoded; i++)
        part->work[part->decoded_at[i]] = part->decoded[i];
    memset(&batch, 0, sizeof(batch));
    batch.nrows = batch.nselected = part->rows;
    batch.ncolumns = part->ncolumns;
    batch.columns = part->work;
    batch.arena = &part->arena;
    batch.topic = part->topic.data;
    batch.partition = part->partition;
    batch.offsets = part->offsets;
    result = pipeline_push(&part->run, &batch, &part->err);
    forget_rows(part);
    return result;
}

static int put_bytes(struct map_part *part, size_t column, const char *data, size_t len)
{
    struct vector *vector = &part->columns[column];
    char *copy;

    if (!data) {
        vector_set_null(vector, part->rows);
        return 0;
    }
    if (len > UINT32_MAX)
        return errbuf_set(&part->err, EXIT_CODE_RUNTIME, "a value of %zu bytes is too long", len);
    copy = arena_bytes(&part->arena, len);
    if (!copy)
        return errbuf_oom(&part->err, "record", len);
    memcpy(copy, data, len);
    vector->data.str[part->rows] = (struct str){copy, (uint32_t)len};
    return 0;
}

/* For the page. Without memory there is nothing to show, which is no reason to fail. */
static void keep_bad(struct map_part *part, const struct reader_record *record, bool partial, const char *reason)
{
    struct snapshot_bad *bad;

    if (!part->bad)
        part->bad = calloc(KEPT_BAD, sizeof(*part->bad));
    if (!part->bad)
        return;
    bad = &part->bad[part->nbad++ % KEPT_BAD];
    memset(bad, 0, sizeof(*bad));
    snprintf(bad->topic, sizeof(bad->topic), "%s", part->topic.data);
    snprintf(bad->reason, sizeof(bad->reason), "%s", reason);
    bad->partition = part->partition;
    bad->offset = record->offset;
    bad->timestamp_ms = record->timestamp_ms;
    bad->partial = partial;
    bad->size_bytes = record->value_len;
    bad->text_len = record->value_len < sizeof(bad->text) ? record->value_len : sizeof(bad->text);
    memcpy(bad->text, record->value, bad->text_len);
}

/* A record that Spark's FAILFAST would fail on. */
static int malformed(struct map_part *part, const struct reader_record *record, bool partial)
{
    struct map_counts *counts = &part->counts;
    const char *reason = json_decoder_reason(part->decoder);

    keep_bad(part, record, partial, reason);
    if (part->stage->on_malformed == CONFIG_MALFORMED_FAIL)
        return errbuf_condition(
            &part->err, "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION", "22023",
            "Malformed records are detected in record parsing: topic %s, partition %d, offset %lld: "
            "%s. Parse Mode: FAILFAST. To process malformed records as null result, set "
            "onMalformed = null for this source.",
            part->topic.data, (int)part->partition, (long long)record->offset, reason);
    if (counts->first_bad_offset < 0) {
        counts->first_bad_offset = record->offset;
        snprintf(counts->first_bad, sizeof(counts->first_bad), "%s", reason);
    }
    if (partial)
        counts->partial++;
    else
        counts->bad++;
    return 0;
}

static void set_all_null(struct map_part *part)
{
    for (size_t i = 0; i < part->ndecoded; i++)
        vector_set_null(&part->decoded[i], part->rows);
}

static int decode(struct map_part *part, const struct reader_record *record)
{
    if (!record->value) { /* from_json(NULL) is NULL, and nothing is malformed */
        set_all_null(part);
        return 0;
    }
    switch (
        json_decode_record(part->decoder, record->value, record->value_len, part->decoded, part->rows, &part->arena)) {
    case JSON_DECODE_OK:
    case JSON_DECODE_EMPTY:
        return 0;
    case JSON_DECODE_PARTIAL:
        return malformed(part, record, true);
    case JSON_DECODE_BAD:
        return malformed(part, record, false);
    case JSON_DECODE_NOMEM:
        break;
    }
    return errbuf_oom(&part->err, "record", record->value_len);
}

static int put_kafka_columns(struct map_part *part, const struct reader_record *record)
{
    size_t row = part->rows;

    if (part->kafka_at[COLUMN_KEY] != NOT_NEEDED &&
        put_bytes(part, part->kafka_at[COLUMN_KEY], record->key, record->key_len) != 0)
        return -1;
    if (part->kafka_at[COLUMN_OFFSET] != NOT_NEEDED)
        part->columns[part->kafka_at[COLUMN_OFFSET]].data.i64[row] = record->offset;
    if (part->kafka_at[COLUMN_TIMESTAMP] != NOT_NEEDED)
        part->columns[part->kafka_at[COLUMN_TIMESTAMP]].data.i64[row] =
            (int64_t)((uint64_t)record->timestamp_ms * 1000u);
    return 0;
}

int map_part_record(void *cookie, const struct reader_record *record)
{
    struct map_part *part = cookie;

    if (part->decoder) {
        if (decode(part, record) != 0)
            return -1;
    } else if (part->raw_at != NOT_NEEDED && put_bytes(part, part->raw_at, record->value, record->value_len) != 0) {
        return -1;
    }
    if (put_kafka_columns(part, record) != 0)
        return -1;
    part->offsets[part->rows] = record->offset;
    part->counts.records++;
    return ++part->rows == VECTOR_ROWS ? flush(part) : 0;
}

void map_part_begin(struct map_part *part)
{
    forget_rows(part);
    if (part->has_own)
        aggregate_table_reset(&part->own);
    if (part->has_out)
        rowset_reset(&part->out);
    watermark_stats_init(&part->watermark);
    memset(&part->counts, 0, sizeof(part->counts));
    part->counts.first_bad_offset = -1;
    part->nbad = 0;
    pipeline_run_begin(&part->run);
    errbuf_clear(&part->err);
}

int map_part_finish(struct map_part *part)
{
    int result = flush(part);

    part->counts.unmatched = part->run.unmatched;
    return result;
}

const struct errbuf *map_part_error(const struct map_part *part)
{
    return &part->err;
}

const struct aggregate_table *map_part_partial(const struct map_part *part)
{
    return part->partial;
}

const struct rowset *map_part_rows(const struct map_part *part)
{
    return part->has_out ? &part->out : NULL;
}

const struct watermark_stats *map_part_watermark(const struct map_part *part)
{
    return &part->watermark;
}

void map_part_counts(const struct map_part *part, struct map_counts *counts)
{
    *counts = part->counts;
}

const struct snapshot_bad *map_part_bad(const struct map_part *part, size_t i)
{
    return i < part->nbad && i < KEPT_BAD ? &part->bad[(part->nbad - 1 - i) % KEPT_BAD] : NULL;
}

void map_part_reached(const struct map_part *part, int64_t *reached)
{
    const struct plan *plan = part->stage->plan;

    for (size_t op = 0; op < plan->final_stage; op++)
        reached[op] += part->run.reached[op];
}
