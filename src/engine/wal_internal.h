/* Shared by wal.c (the log in use), wal_group.c (its bytes) and wal_recover.c (what a crash left).
 *
 * A file of the log is a line of text and then groups, one a wal_sync: 4 bytes magic, length of the body, number of the
 * group (one more than the one before, over all files), CRC32C of what follows the magic, the CRC's own four bytes left
 * out; then the body, operations one after the other. All numbers are little endian. */
#ifndef ENGINE_WAL_INTERNAL_H
#define ENGINE_WAL_INTERNAL_H

#include "engine/wal.h"

#include "common/buf.h"

#include <stdint.h>

#define WAL_LOGGER "WriteAheadLog"
#define WAL_FAMILY "sfcrime write-ahead log, version "
#define WAL_TITLE WAL_FAMILY "1\n"
#define WAL_PREFIX "wal."
#define WAL_GROUP_BYTES ((size_t)20) /* before the body */

enum wal_kind {
    WAL_PUT = 1,
    WAL_REMOVE = 2,
    WAL_KEEP = 3 /* the file was written by itself: what the log has of it is old */
};

struct wal_op {
    enum wal_kind kind;
    const char *name; /* relative to the root, not ended by a zero byte */
    size_t name_len;
    const char *data; /* of WAL_PUT */
    size_t len;
};

/* --- wal_group.c --- */

/* An empty group: room for its head. Check out->failed in the end. */
void wal_group_begin(struct buf *out);
/* Append an operation. Returns where in the group its data stand. */
size_t wal_group_add(struct buf *out, const struct wal_op *op);
/* Fill in the head. */
void wal_group_end(struct buf *out, uint64_t number);

/* A group that begins at `at`: its body, its number, and how many bytes it has; 0: there is none, or a damaged one. */
size_t wal_group_read(const char *at, const char *end, uint64_t *number, const char **body, size_t *body_len);
/* The next operation of a body, which begins at *at; false: none, or (*at then is not the end) it is malformed. */
bool wal_group_next(const char **at, const char *end, struct wal_op *op);

/* --- wal_recover.c --- */

/* ROOT/NAME as a malloc'd string; NULL without memory. */
char *wal_recover_path(const char *root, const char *name, size_t name_len);
/* Put what ROOT/wal.* say into its place, durably, and remove them. 0, -1 with err. */
int wal_recover(const char *root, struct errbuf *err);

#endif
