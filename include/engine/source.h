/* The Kafka source of one query: which columns its view has, what a batch reads of each partition, what counts as lost
 * data, and the reading (Spark 4.0.0: KafkaMicroBatchStream). Where it starts and how far it goes:
 * engine/subscription.h.
 *
 * One thread.
 */
#ifndef ENGINE_SOURCE_H
#define ENGINE_SOURCE_H

#include "engine/config.h"
#include "engine/read_marks.h"
#include "kafka/offsets.h"
#include "kafka/reader.h"
#include "record/schema.h"

struct source;

/* --- the view --------------------------------------------------------------------------------------------------- */

#define SOURCE_KAFKA_COLUMNS 5 /* _key _topic _partition _offset _timestamp: the last ones of the view */

/* Columns of the view: those of the DDL (or `value STRING` without one), then Kafka's own. Returns 0, -1 with err. */
int source_schema(const struct config_source *config, struct schema *schema, struct errbuf *err);

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* What of a batch one partition has to read; begin > end: nothing (the log shrank). */
struct source_range {
    const char *topic; /* of the plan's end list */
    int32_t partition;
    int64_t begin;
    int64_t end;
};

struct source_options {
    int partitions;             /* how many there are to begin with */
    const char *query_name;     /* for messages */
    const char *checkpoint_dir; /* likewise, for the remedy */
};

/* Make the reader; borrows config. NULL with err. */
struct source *source_open(const struct config_source *config, struct offsets *offsets,
                           const struct source_options *options, struct errbuf *err);
void source_close(struct source *source);

/* Start fetching these partitions at these absolute offsets, ahead of the first batch. read: what was read last of them
 * by an earlier process; where another record stands there now, the topic was made anew, which is lost data. 0, -1 with
 * err. */
int source_start(struct source *source, const struct offset_list *from, const struct read_marks *read,
                 struct errbuf *err);

/* The broker has just been asked which partitions there are. Longer than a second since the last time, and a topic may
 * have been deleted and made anew unseen: partitions that were not read meanwhile are compared before they are read on.
 * */
void source_looked(struct source *source);

/* The last records read of the partitions of end, before their end offsets there; read must be empty. 0, -1 without
 * memory. */
int source_marks(const struct source *source, const struct offset_list *end, struct read_marks *read);

/* Ranges of a batch: end[i] against start. New partitions begin at their earliest offset; lost data (partitions gone,
 * ends that went back, new ones that do not begin at 0) fails with EXIT_CODE_DATA_LOSS or, with failOnDataLoss = false,
 * is logged and left out. ranges is malloc'd, one per item of end in its order. 0, -1 with err. */
int source_plan(struct source *source, const struct offset_list *start, const struct offset_list *end,
                struct source_range **ranges, struct errbuf *err);

/* Takes the records of a batch. */
struct source_sink {
    reader_fn record;
    void *const *parts; /* by range: the record function's cookie */
    /* Called about once a second, and when stop_fd became readable: down says why the broker is not there, NULL while
     * it is. Non-zero: give up. */
    int (*tick)(void *cookie, const char *down);
    void *cookie; /* of tick */
};

enum source_status {
    SOURCE_COMPLETE,
    SOURCE_ABANDONED, /* tick() gave up */
    SOURCE_FAILED     /* err is set; an empty text: the record function failed and keeps its error */
};

/* Serve all ranges to their ends, in offset order within each. */
enum source_status source_read(struct source *source, const struct source_range *ranges, size_t nranges,
                               const struct source_sink *sink, int stop_fd, struct errbuf *err);

/* Offsets skipped so far because of failOnDataLoss = false. */
int64_t source_skipped(const struct source *source);

#endif
