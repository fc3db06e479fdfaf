/* A write-ahead log of whole files: the small files of a checkpoint, made durable many at a time.
 *
 * A file of its own is durable after two fsyncs and three changes of a directory, and a batch wants three files. Here
 * what they hold is appended to one log, durable by one fdatasync; the files come into their places later, without
 * haste, and durably there only when the log is given up (PostgreSQL's, SQLite's and ext4's way with pages and blocks).
 *
 *   wal_put ... wal_put, wal_remove -> wal_sync: durable, all of it or none -> wal_show: to be seen, as any other file
 *   -> wal_settle: durable in its place; the log is gone
 *
 * ROOT/wal.<n> are the log's files, n ascending; two, and for a moment three. They are there while a process runs and
 * after a crash, never after a clean end. Whoever opens ROOT next puts the files in their places first (wal_open); so
 * after a crash of the process, or of the system, the directory is as it was at the last wal_sync or somewhat later.
 *
 * One thread. ROOT and the files' directories are there, and the caller holds ROOT's lock. Errors: -1 or NULL with err,
 * EXIT_CODE_STORAGE unless said otherwise. After a failed write or sync all later calls fail likewise, and the log
 * stays for the next start.
 */
#ifndef ENGINE_WAL_H
#define ENGINE_WAL_H

#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>

struct wal;

/* Restore what a log left there, durably. A log that is damaged elsewhere than at its end, which a crash may have torn:
 * EXIT_CODE_CHECKPOINT. */
struct wal *wal_open(const char *root, struct errbuf *err);
/* Without wal_settle the log stays for the next start. NULL is fine. */
void wal_close(struct wal *wal);

/* The file at path (below ROOT, written as ROOT/...) is to hold these bytes; copied. replace false: one that is there
 * is an error with condition "EXISTS", now or, when somebody else makes it later, by wal_show. Large ones are written
 * at once, durably and behind all that was put before. */
int wal_put(struct wal *wal, const char *path, const void *data, size_t len, bool replace, struct errbuf *err);
/* The file is to be there no more; missing is fine. It may be gone at once and come back after a crash of the system:
 * nothing waits for it. */
int wal_remove(struct wal *wal, const char *path, struct errbuf *err);

/* All that was put is durable; nothing was: nothing is done. */
int wal_sync(struct wal *wal, struct errbuf *err);

/* Put the files that are durable in the log into their places: at once (now), or only if enough time went by for this
 * to be a small part of it. What is removed before its turn is never made. */
int wal_show(struct wal *wal, bool now, struct errbuf *err);

/* All that was put is durable in its place, and there is no log. */
int wal_settle(struct wal *wal, struct errbuf *err);

#endif
