/* The state of an aggregation: all groups so far, changed by one batch at a time, durable by deltas and snapshots.
 *
 * Changes of batch N are invisible on disk until state_commit(N + 1) and can be taken back by state_rollback (an undo
 * log), so a failed batch leaves memory as it was after N - 1. Version V is the state after batch V - 1; version 0 is
 * empty. Files: DIR/<version>.delta (changed and removed groups since version-1) and, every `snapshot_interval`
 * versions, DIR/<version>.snapshot. A state of 65,536 groups and more has a snapshot begun when a quarter of it has
 * changed, after ten times the interval at the latest, and each commit that follows writes a part of it: no batch waits
 * for all of it. Each has a header (magic, format, version, base, count, layout hash), length-prefixed rows and a
 * CRC32C trailer; both are there whole or not at all. A damaged or missing file is refused by name
 * (EXIT_CODE_CHECKPOINT).
 * Single-threaded.
 */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine/aggregate.h"
#include "engine/wal.h"

struct state;

struct state_counts {
    int64_t total;   /* groups after this batch */
    int64_t updated; /* groups put in this batch, evicted ones too */
    int64_t removed; /* evicted in this batch */
    int64_t dropped; /* keys refused by the watermark in this batch: once each, as Spark 4.0.0 counts */
    int64_t memory_bytes;
    int64_t current_version_bytes; /* of keys and accumulators alone */
};

/* Load version `version` from the directory at path dir (made if missing; version 0: empty), which is wal's or below
 * it; wal is borrowed. NULL with err. */
struct state *state_open(struct wal *wal, const char *dir, const struct aggregate_layout *layout, int64_t version,
                         int snapshot_interval, struct errbuf *err);
void state_close(struct state *state);

/* From so many groups on snapshots are spread over the batches, so many groups or texts a commit: 65,536 and 32,768 if
 * it is not called. */
void state_spread(struct state *state, size_t groups, size_t rows);

/* Begin a batch: forget the marks of the last one. The group of a global aggregate is touched by every batch. */
void state_begin(struct state *state);

/* Merge a partial aggregate in its group order. late_us: groups whose event time is <= it are dropped and counted
 * (INT64_MIN: none). Sums come out as Spark's: the partials of a batch among themselves in the order of the calls, then
 * onto the state. All merges of a batch come before its eviction. 0, -1 with err (then roll back). */
int state_merge(struct state *state, const struct aggregate_table *partial, int64_t late_us, struct errbuf *err);

/* Remove groups whose event time is <= watermark_us. The removed ones stay readable through state_removed until the
 * next state_begin: append mode emits them. 0, -1 with err. */
int state_evict(struct state *state, int64_t watermark_us, struct errbuf *err);

/* Group numbers (into state_table) of this batch: touched in this batch (those that it evicted too: Spark prints them
 * once more, tests/golden/stream/watermark-one-batch-lag); evicted in this batch; all live ones. Each group once, in no
 * promised order; the array may be sorted in place. Arrays belong to the state, valid until the next call of these or
 * the next change. NULL with *n = 0 when none; -1 without memory. */
int state_updated(struct state *state, uint32_t **groups, size_t *n);
int state_removed(struct state *state, uint32_t **groups, size_t *n);
int state_all(struct state *state, uint32_t **groups, size_t *n);
const struct aggregate_table *state_table(const struct state *state);

/* Write the batch's changes as `version` (delta, and a snapshot when due), durable with the next wal_sync. 0, -1 with
 * err (EXIT_CODE_STORAGE).
 * The changes are still only as final as commits/N: state_rollback is possible until the next state_begin. */
int state_commit(struct state *state, int64_t version, struct errbuf *err);

/* Take back everything since state_begin. */
void state_rollback(struct state *state);

/* Delete files that no version >= oldest_version needs (a base in use stays). Failures are logged, not fatal. */
void state_purge(struct state *state, int64_t oldest_version);

void state_counts(const struct state *state, struct state_counts *counts);

#endif
