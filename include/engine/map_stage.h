/* The map stage: records of one partition's range to a partial aggregate (or to rows, in a query without aggregate).
 *
 * A record is decoded inside the reader's callback straight into column vectors, only the columns that the plan needs;
 * when VECTOR_ROWS rows are in, the plan's operators run over them. The stage is immutable and shared; a part belongs
 * to one partition and one thread, and is used for batch after batch.
 */
#ifndef ENGINE_MAP_STAGE_H
#define ENGINE_MAP_STAGE_H

#include "engine/aggregate.h"
#include "engine/config.h"
#include "engine/pipeline.h"
#include "kafka/reader.h"
#include "report/snapshot.h"

struct map_stage {
    const struct plan *plan;
    const struct pipeline *pipeline;
    const struct aggregate_layout *layout; /* NULL: a query without aggregate */
    /* NULL: each part has a partial aggregate of its own. Else all of them count into this one, borrowed; they then
     * belong to one thread, and the order must not matter to the layout (aggregate_any_order). */
    struct aggregate_table *shared;
    const struct schema *view; /* source_schema */
    /* its first columns come from the record's JSON (or are the one column `value`); Kafka's own columns follow */
    size_t ndata;
    bool raw; /* no schema: `value` is the text itself */
    enum config_malformed on_malformed;
};

/* Forget the last batch: what the parts share. Then map_part_begin, for each. */
void map_stage_begin(const struct map_stage *stage);

/* Of the nparts parts of a batch, so many hold all that was counted, the first ones: where they share a partial, the
 * first stands for all. */
size_t map_stage_partials(const struct map_stage *stage, size_t nparts);

/* Columns of the rows that come out of a stage without aggregate. schema is initialised and empty. 0, -1 without
 * memory. */
int map_stage_schema(const struct map_stage *stage, struct schema *schema);

struct map_part;

/* What a part did in a batch. */
struct map_counts {
    int64_t records;
    int64_t bad;              /* malformed: not an object, or broken off */
    int64_t partial;          /* an object with a value that could not be converted */
    int64_t unmatched;        /* of left joins */
    int64_t first_bad_offset; /* of the first of bad and partial; -1: none */
    char first_bad[160];      /* why */
};

/* A part for one partition. topic is borrowed for the part's life. NULL with err. */
struct map_part *map_part_new(const struct map_stage *stage, const char *topic, int32_t partition, struct errbuf *err);
void map_part_free(struct map_part *part);

/* Forget the last batch. */
void map_part_begin(struct map_part *part);

/* The reader's callback (cookie is the part): take a record. -1: map_part_error says why. */
int map_part_record(void *part, const struct reader_record *record);

/* The range is over: run what is left over. 0, -1 with map_part_error. */
int map_part_finish(struct map_part *part);
const struct errbuf *map_part_error(const struct map_part *part);

/* Results of the batch, valid until map_part_begin. */
const struct aggregate_table *map_part_partial(const struct map_part *part); /* NULL without aggregate */
const struct rowset *map_part_rows(const struct map_part *part);             /* NULL with one */
const struct watermark_stats *map_part_watermark(const struct map_part *part);
void map_part_counts(const struct map_part *part, struct map_counts *counts);

/* The i-th newest of the malformed records that are kept of a batch (a few; the counts have all), or NULL. Also after
 * map_part_record failed for one. Valid until map_part_begin. */
const struct snapshot_bad *map_part_bad(const struct map_part *part, size_t i);

/* Add to reached[] (nops + 1) the rows that came to each operator before the final stage in this batch. */
void map_part_reached(const struct map_part *part, int64_t *reached);

#endif
