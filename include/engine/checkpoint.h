/* The checkpoint directory of one query: Spark's layout and file format for metadata, sources, offsets and commits
 * (4.0.0: StreamMetadata, HDFSMetadataLog, OffsetSeqLog, CommitLog), with a CRC32C field of ours in the metadata JSON,
 * and our lock.
 *
 * Files with a JSON object of ours (offsets/N, commits/N, sfcrime.json) must have the field "crc32c", right: without it
 * they are refused as damaged or another program's. The one of sources/0/0 stands in sfcrime.json, which also repeats
 * metadata's id; the two files themselves are Spark's to the byte. So Spark's tools read our directory, but a directory
 * that Spark wrote is refused: its state could not be read anyway.
 *
 * Order of a batch N, kept by the caller: checkpoint_write_plan(N), the state's version N + 1 -> checkpoint_sync ->
 * sink -> checkpoint_write_commit(N), and checkpoint_sync at the latest before the sink of N + 1. What was written is
 * durable, all of it and in this order, when checkpoint_sync returns; the files are seen in their places when
 * checkpoint_show says so (engine/wal.h). One thread; one process (flock on DIR/lock, held until close).
 */
#ifndef ENGINE_CHECKPOINT_H
#define ENGINE_CHECKPOINT_H

#include "common/errbuf.h"
#include "engine/read_marks.h"
#include "engine/wal.h"
#include "kafka/offsets.h"

#include <stdbool.h>
#include <stdint.h>

struct checkpoint;

/* What offsets/N holds. */
struct checkpoint_plan {
    int64_t batch_id;
    int64_t watermark_ms; /* in force in this batch */
    int64_t timestamp_ms; /* of the trigger that planned it */
    struct offset_list end;
};

/* What commits/N holds. */
struct checkpoint_commit {
    int64_t next_watermark_ms;
    struct read_marks read; /* as of the end of the batch; ours ("lastRead"), Spark's readers pass over it */
};

/* What recovery found. */
struct checkpoint_position {
    bool fresh;                  /* nothing planned yet */
    int64_t next_batch;          /* the batch to run or to plan next */
    bool rerun;                  /* next_batch was planned and not committed: run it on `plan` again */
    struct checkpoint_plan plan; /* rerun: the plan of next_batch */
    struct offset_list start;    /* start offsets of next_batch: end of the one before, or sources/0/0 for batch 0 */
    struct read_marks read;      /* of the records before start; none if the batch before left none */
    bool has_start;       /* false: batch 0 and no sources/0/0: startingOffsets say, then checkpoint_write_initial */
    int64_t watermark_ms; /* in force for next_batch */
    int64_t late_watermark_ms; /* that of the batch before (0 for batch 0): what drops late rows, since Spark 3.4 */
};

/* What identifies the query and its broker to later starts; strings borrowed for the call. */
struct checkpoint_identity {
    const char *fingerprint; /* plan_fingerprint + source description + layout text; lines */
    const char *query_name;
    const char *cluster_id; /* of the broker */
};

/* Open (or make) DIR: take the lock (EXIT_CODE_BUSY naming pid, host and start of the holder), remove temp files, read
 * metadata and identity, check CRCs, contiguity, version, identity. What does not fit: NULL with
 * EXIT_CODE_CHECKPOINT naming file, wanted, found, remedy; nothing is deleted. A directory in which nothing was planned
 * yet becomes the caller's, whoever's it was. A lost metadata is written again with its old id. A directory of an
 * embedded broker that was restarted ("mockCluster...") says so and names --from-scratch. Missing commits: WARN, the
 * newest plan is run again, as Spark. */
struct checkpoint *checkpoint_open(const char *dir, const struct checkpoint_identity *identity, struct errbuf *err);
/* Release the lock, close; what is not settled stays in the log for the next start. remove: delete the directory (a
 * temporary one, after a clean end). */
void checkpoint_close(struct checkpoint *checkpoint, bool remove);

/* Move an old directory aside (DIR.old-<time>), for --from-scratch. A missing or empty one is fine. Refuses a locked
 * one, and one with other things than a checkpoint in it. 0, -1 with err. */
int checkpoint_move_aside(const char *dir, struct errbuf *err);

const char *checkpoint_id(const struct checkpoint *checkpoint);  /* the query's UUID */
const char *checkpoint_dir(const struct checkpoint *checkpoint); /* DIR without slashes at its end: the log's root */
struct wal *checkpoint_wal(const struct checkpoint *checkpoint); /* for the state's files */
const struct checkpoint_position *checkpoint_position(const struct checkpoint *checkpoint);

/* sources/0/0, before the first plan, durable at once. Like all writes 0, -1 with err (EXIT_CODE_STORAGE unless said
 * otherwise). */
int checkpoint_write_initial(struct checkpoint *checkpoint, const struct offset_list *initial, struct errbuf *err);
/* offsets/N. */
int checkpoint_write_plan(struct checkpoint *checkpoint, const struct checkpoint_plan *plan, struct errbuf *err);
/* commits/N. Condition CONCURRENT_STREAM_LOG_UPDATE (EXIT_CODE_CHECKPOINT) if it exists already; likewise a plan. */
int checkpoint_write_commit(struct checkpoint *checkpoint, int64_t batch_id, const struct checkpoint_commit *commit,
                            struct errbuf *err);
/* All that was written, by the state too, is durable. */
int checkpoint_sync(struct checkpoint *checkpoint, struct errbuf *err);
/* Its files are to be seen: now, or when it is time; durable in their places too, with nothing left over. */
int checkpoint_show(struct checkpoint *checkpoint, bool now, struct errbuf *err);
int checkpoint_settle(struct checkpoint *checkpoint, struct errbuf *err);

/* Delete offsets and commits below batch_id - retain. What cannot be deleted is logged and tried again next time. */
void checkpoint_purge(struct checkpoint *checkpoint, int64_t batch_id, int64_t retain);

#endif
