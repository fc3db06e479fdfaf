/* What a topic holds: partitions, first and last offsets, offsets by time. On a client handle of its own,
 * because a fetch that waits at the broker blocks every other request on its connection for
 * fetch.wait.max.ms (measured: 500 ms each).
 *
 * Last offsets are the last *stable* ones when the conf says read_committed: they come by request
 * (offsets_for_times), never from the client's cache, which answers the high watermark and makes a batch
 * wait for records that are not visible. Any thread: query threads and the lag sampler share a handle, and
 * its calls wait for each other.
 */
#ifndef KAFKA_OFFSETS_H
#define KAFKA_OFFSETS_H

#include "common/errbuf.h"
#include "kafka/conf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OFFSETS_EARLIEST (-2)
#define OFFSETS_LATEST (-1)
#define OFFSETS_UNKNOWN (-1001)

struct offsets;

/* One partition and an offset ("next to read"), the currency between planner, source, checkpoint and
 * reader. Lists of them are sorted by topic, then partition number. */
struct partition_offset {
    const char *topic; /* the list's own; equal names may differ in address */
    int32_t partition;
    int64_t offset;
};

/* A growable list. Topic names are copied into it. */
struct offset_list {
    size_t count;
    size_t cap;
    struct partition_offset *items;
};

void offset_list_init(struct offset_list *list);
void offset_list_release(struct offset_list *list);
int offset_list_add(struct offset_list *list, const char *topic, int32_t partition,
                    int64_t offset); /* 0, -1 without memory */
int offset_list_copy(struct offset_list *dst, const struct offset_list *src);
void offset_list_sort(struct offset_list *list);
/* The item, or NULL. */
struct partition_offset *offset_list_find(const struct offset_list *list, const char *topic, int32_t partition);
bool offset_list_equal(const struct offset_list *a, const struct offset_list *b);

/* Open a handle. group: the display group that offsets_commit writes to; NULL: none. Does not contact the
 * broker. NULL with err. */
struct offsets *offsets_open(const struct conf *conf, const char *group, struct errbuf *err);
void offsets_close(struct offsets *offsets);

/* Wait until the broker answers, up to timeout_ms; *cluster_id (when not NULL) is a malloc'd string that
 * the caller frees ("mockCluster..." for the embedded broker). stop_fd: readable means give up (-1: none).
 * Returns 0; -1 with err: EXIT_CODE_BROKER (naming bootstrap servers and the last client error),
 * EXIT_CODE_AUTH, or EXIT_CODE_OK with text "stopped". */
int offsets_connect(struct offsets *offsets, int timeout_ms, int stop_fd, char **cluster_id, struct errbuf *err);

/* The topics' partitions (offset = OFFSETS_UNKNOWN), sorted, from fresh metadata. A topic that does not
 * exist: -1, condition "UNKNOWN_TOPIC_OR_PARTITION", the topics that do exist nearby in the text.
 * Transport errors: retriable. */
int offsets_partitions(struct offsets *offsets, const char *const *topics, size_t ntopics, int timeout_ms,
                       struct offset_list *out, struct errbuf *err);

/* Names of the topics that a regular expression matches from end to end: malloc'd array of malloc'd names, sorted,
 * the caller's. 0; -1 with err (EXIT_CODE_USAGE for an expression that is none). */
int offsets_match(struct offsets *offsets, const char *pattern, int timeout_ms, char ***names, size_t *nnames,
                  struct errbuf *err);

/* Fill each item's offset: the first (earliest) or the last stable one (latest) that exists now. 0; -1 with err,
 * retriable for transport errors. */
int offsets_earliest(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err);
int offsets_latest(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err);

/* In: each item's offset holds a timestamp in ms. Out: the first offset at or after it, OFFSETS_LATEST if
 * there is none. 0, -1 likewise. */
int offsets_by_time(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err);

/* Commit to the display group, for other Kafka tools to show lag; asynchronous and best effort: failures
 * are logged once a minute. */
void offsets_commit(struct offsets *offsets, const struct offset_list *list);

#endif
