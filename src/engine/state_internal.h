/* Shared by state.c (the live groups, one batch's changes), state_store.c (which files make a version) and state_file.c
 * (their bytes).
 *
 * FILES. All numbers little endian.
 *   header   "SFCSTATE", u32 format, u32 kind (1 delta, 2 snapshot), u64 version, u64 base, u64 layout hash, u64 puts,
 *            u64 removes, u32 parent, u32 own
 *   texts    by text column of the key: u32 count, then u32 length and bytes of each; keys name them by their place
 *   puts     key (its width is the layout's), accumulator
 *   removes  key
 *   trailer  u32 CRC32C of everything before it
 * base is the version that a delta starts from (its own less one; a snapshot's base is itself). parent is the trailer
 * of the delta of the version before, so that files of two histories (a directory put back from a backup, a plan
 * deleted by hand) cannot be mixed; own, in a snapshot, is the trailer of the delta of the same version, which the next
 * delta names as its parent. Both are 0 where there is none. */
#ifndef ENGINE_STATE_INTERNAL_H
#define ENGINE_STATE_INTERNAL_H

#include "engine/state.h"

enum state_file_kind { STATE_FILE_DELTA = 1, STATE_FILE_SNAPSHOT = 2 };

/* What a file says about itself. */
struct state_file_head {
    enum state_file_kind kind;
    int64_t version;
    uint64_t layout_hash;
    uint64_t puts;
    uint64_t removes;
    uint32_t parent;
    uint32_t own;
};

/* What reads a file's contents: the texts once, then each row (put: key and accumulator; else a removal). Both return
 * the end of what they took from [at, end); NULL with err, which stays empty when the bytes are wrong: the file is
 * named then. */
struct state_file_sink {
    const unsigned char *(*texts)(void *cookie, const unsigned char *at, const unsigned char *end, struct errbuf *err);
    const unsigned char *(*row)(void *cookie, bool put, const unsigned char *at, const unsigned char *end,
                                struct errbuf *err);
    void *cookie;
};

/* The head alone, for a file that is made in pieces. */
void state_file_put_head(struct buf *out, const struct state_file_head *head);

/* Begin a file in `out` (emptied) and end it when texts and rows were appended. Returns the trailer through *crc; -1
 * without memory. */
void state_file_begin(struct buf *out, const struct state_file_head *head);
int state_file_end(struct buf *out, uint32_t *crc);

/* Put it into the log as DIR/<version>.delta or .snapshot, over what is there. */
int state_file_write(struct wal *wal, const char *dir, const struct state_file_head *head, const struct buf *bytes,
                     struct errbuf *err);

/* Read and check a file against what is wanted (kind, version, layout hash; a delta's parent). Fills head, *crc
 * (trailer). -1 with EXIT_CODE_CHECKPOINT. */
int state_file_read(const char *dir, const struct state_file_head *want, struct state_file_head *head, uint32_t *crc,
                    const struct state_file_sink *sink, struct errbuf *err);

/* "DIR/12.delta" as a malloc'd string. */
char *state_file_path(const char *dir, enum state_file_kind kind, int64_t version);

/* Versions that have a file of this kind, ascending, as a malloc'd array. Other names are not ours and are passed
 * over. */
int state_file_list(const char *dir, enum state_file_kind kind, int64_t **versions, size_t *n, struct errbuf *err);

/* A snapshot that is written beside the batches that follow its version (state_snapshot.c). */
struct state_snapshot {
    uint8_t *unwritten; /* by group; NULL: no snapshot is under way */
    size_t groups;      /* of the table at that version: later ones are none of its */
    int64_t version;
    uint64_t rows;              /* rows_since at that version */
    struct fileio_draft *draft; /* made with the first piece */
    struct state_file_head head;
    size_t *ntexts; /* by column of texts, at that version */
    size_t column;  /* the next text is this one's ... */
    size_t text;    /* ... with this number */
    uint32_t group; /* the next one to look at */
    struct buf texts;
    struct buf rows_out; /* wait for the texts to be written */
    uint32_t crc;
};

struct state {
    struct wal *wal;
    char *dir;
    const struct aggregate_layout *layout;
    size_t width;
    uint64_t layout_hash;
    int interval;
    bool global; /* no keys, one group */
    struct aggregate_table table;

    /* by group */
    uint8_t *live;
    uint32_t *touch;
    int64_t *event_us; /* NULL: groups have none */
    size_t groups_cap;
    size_t nlive;
    int64_t live_bytes;
    int64_t oldest_event_us; /* no live group has an earlier one */
    size_t strings_kept;     /* bytes of strings after the last compaction */

    /* this batch */
    uint32_t *touched;
    uint8_t *was_live; /* by place in touched, as are the next two */
    unsigned char *before;
    unsigned char *merged; /* with sums only */
    size_t ntouched, touched_cap;
    unsigned char *sum; /* room for one accumulator */
    uint32_t *removed;
    size_t nremoved, removed_cap;
    struct hashmap late; /* keys dropped in this batch, encoded */
    struct buf key;      /* one of them */
    uint32_t *listing;   /* what state_updated and state_all hand out */
    size_t listing_cap;

    /* files */
    int64_t version; /* of the state before this batch */
    uint32_t delta_crc;
    int64_t snapshot;    /* newest at or below version; 0 none */
    uint64_t rows_since; /* in deltas after it */
    bool committed;      /* this batch is on disk as version + 1, with: */
    uint32_t committed_crc;
    bool committed_snapshot;
    uint64_t committed_rows;
    int64_t lowest; /* of the files in the directory */
    int64_t highest;
    int64_t *snapshots; /* versions of snapshot files, ascending */
    size_t nsnapshots, snapshots_cap;
    struct buf bytes; /* a delta being made */
    struct state_snapshot large;
    size_t spread_groups; /* a state with so many is large */
    size_t spread_rows;
    struct aggregate_file *file;
};

static inline unsigned char *state_accumulator(const struct state *state, uint32_t group)
{
    return state->table.accumulators + (size_t)group * state->width;
}

/* True when the batch has the group in `touched`. */
static inline bool state_is_touched(const struct state *state, uint32_t group)
{
    uint32_t place = state->touch[group];

    return place < state->ntouched && state->touched[place] == group;
}

/* --- state.c --- */

/* Room for `more` groups that may be added to the table. 0, -1 without memory. */
int state_ensure_groups(struct state *state, size_t more);
/* A group that the table has given out lives from now on, with a clear accumulator if it did not before. Returns
 * whether it did. */
bool state_revive_group(struct state *state, uint32_t group);
/* Take a live group out of the count. */
void state_kill_group(struct state *state, uint32_t group);
/* Room for n items of size bytes in the array that the pointer at `array` holds. False without memory. */
bool state_grow(void *array, size_t n, size_t size);

/* --- state_snapshot.c --- */

/* Begin the snapshot of the state as it is now, between two batches. Without memory nothing begins. */
void state_snapshot_begin(struct state *state);
/* The group is about to change: it is written as it is, if it is still to be written. */
void state_snapshot_write_now(struct state *state, uint32_t group);
/* Write the next `items` texts or groups. *done: the snapshot is in its place, and nothing is under way any more. 0, -1
 * with err. */
int state_snapshot_go_on(struct state *state, size_t items, bool *done, struct errbuf *err);
/* Give up what is under way, if anything. */
void state_snapshot_drop(struct state *state);
size_t state_snapshot_memory_bytes(const struct state *state);

static inline void state_snapshot_before_change(struct state *state, uint32_t group)
{
    const struct state_snapshot *large = &state->large;

    if (__builtin_expect(large->unwritten != NULL, 0) && group < large->groups && large->unwritten[group] != 0)
        state_snapshot_write_now(state, group);
}

/* --- state_store.c --- */

/* Between two batches: is it time for the snapshot of a large state? */
void state_store_begin(struct state *state);

/* Look at the directory, then build the version from the newest snapshot at or below it and the deltas behind that. 0,
 * -1 with err. */
int state_store_load(struct state *state, int64_t version, struct errbuf *err);
int state_store_commit(struct state *state, int64_t version, struct errbuf *err);
void state_store_purge(struct state *state, int64_t oldest_version);

#endif
