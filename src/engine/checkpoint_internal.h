/* Shared by checkpoint.c (the directory, recovery), checkpoint_owner.c (whose it is) and checkpoint_file.c (the bytes
 * of its files).
 *
 * Files are Spark's, line by line; in JSON objects of ours stands one more field, "crc32c": the CRC32C of the whole
 * file as 8 lower-case hexadecimal digits, computed with these digits as zeros. Spark's readers pass over fields that
 * they do not know. */
#ifndef ENGINE_CHECKPOINT_INTERNAL_H
#define ENGINE_CHECKPOINT_INTERNAL_H

#include "engine/checkpoint.h"

#include "common/buf.h"

/* sfcrime.json: what Spark's files have no place for. */
struct checkpoint_owner {
    char *id;          /* the query's, as in metadata */
    char *query_name;  /* for people */
    char *cluster_id;  /* "" unknown */
    char *fingerprint; /* lines */
    bool has_initial;  /* sources/0/0 was written, with this checksum: Spark's reader lets no field be added there */
    uint32_t initial_crc;
};

#define CHECKPOINT_LOGGER "MicroBatchExecution"
#define CHECKPOINT_FROM_SCRATCH "start again with --from-scratch (the old directory is kept aside)"

/* Batch ids that have a file, ascending. */
struct checkpoint_ids {
    int64_t *items;
    size_t n, cap;
};

struct checkpoint {
    char *dir;
    int lock_fd;
    struct wal *wal;
    struct checkpoint_owner owner;
    struct checkpoint_position position;
    struct checkpoint_ids plans;
    struct checkpoint_ids commits;
};

/* --- checkpoint_owner.c --- */

/* Read metadata and sfcrime.json and compare them with the identity; write what is missing in a directory where nothing
 * was planned yet. 0; -1 with err: another query, cluster or program, damage. */
int checkpoint_owner_claim(struct checkpoint *checkpoint, const struct checkpoint_identity *identity,
                           struct errbuf *err);
/* sfcrime.json, anew. */
int checkpoint_owner_write(const struct checkpoint *checkpoint, struct errbuf *err);

/* --- checkpoint_file.c --- */

/* DIR/NAME as a malloc'd string; NULL without memory. */
char *checkpoint_file_path(const char *dir, const char *name);
/* Write DIR/NAME over what is there, durably. */
int checkpoint_file_write(const char *dir, const char *name, const struct buf *text, struct errbuf *err);

void checkpoint_file_release(struct checkpoint_owner *owner);

/* The text of a file. Check out->failed. */
void checkpoint_file_plan(const struct checkpoint_plan *plan, struct buf *out);
void checkpoint_file_commit(const struct checkpoint_commit *commit, struct buf *out);
void checkpoint_file_initial(const struct offset_list *initial, struct buf *out);
int checkpoint_file_owner(const struct checkpoint_owner *owner, struct buf *out); /* -1 without memory */

/* Read and check a file. 0; -1 with EXIT_CODE_CHECKPOINT (or out of memory). The plan's offsets are a list that the
 * caller releases (made empty on failure); its batch_id is left to the caller. */
int checkpoint_file_read_plan(const char *path, struct checkpoint_plan *plan, struct errbuf *err);
/* The marks are a list that the caller releases (empty on failure). */
int checkpoint_file_read_commit(const char *path, struct checkpoint_commit *commit, struct errbuf *err);
/* *missing: there is none (and 0 is returned). */
int checkpoint_file_read_initial(const char *path, const struct checkpoint_owner *owner, struct offset_list *initial,
                                 bool *missing, struct errbuf *err);
int checkpoint_file_read_owner(const char *path, struct checkpoint_owner *owner, bool *missing, struct errbuf *err);
/* {"id":"<uuid>"} -> malloc'd uuid. */
int checkpoint_file_read_metadata(const char *path, char **id, bool *missing, struct errbuf *err);

/* Put the right checksum into the text of a file that has the field. False: it has none. */
bool checkpoint_file_seal(char *text, size_t len);

/* A clean text for JSON: as it is, or with every byte above 127 as '?' when it is no UTF-8. malloc'd; NULL without
 * memory. */
char *checkpoint_file_clean(const char *text);

#endif
