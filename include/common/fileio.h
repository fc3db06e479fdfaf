/* The one place that writes, syncs, renames and removes files of ours; tests wrap it to fail any step.
 *
 * Errors name the step, the path and the system's reason, with EXIT_CODE_STORAGE (reading what should be there: the
 * caller changes the code).
 */
#ifndef COMMON_FILEIO_H
#define COMMON_FILEIO_H

#include "common/buf.h"
#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* Write a file durably: temp beside it (.NAME.<random>.tmp, O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), all bytes, fsync,
 * rename, fsync of the directory. replace false: an existing target is an error with condition "EXISTS" (link-or-rename
 * without replace), and stays untouched. On failure the temp is removed. 0, -1. */
int fileio_replace(const char *path, const void *data, size_t len, bool replace, struct errbuf *err);

/* The same but not durable: whole for whoever looks, and for whoever comes after a crash of the process; what a crash
 * of the system leaves is anything. fileio_sync makes a file's bytes durable, fileio_sync_directory the names in one.
 * fileio_sync_begin sends the bytes on without waiting: of many files to be synced, all first. */
int fileio_place(const char *path, const void *data, size_t len, bool replace, struct errbuf *err);
void fileio_sync_begin(const char *path);
int fileio_sync(const char *path, struct errbuf *err);
int fileio_sync_directory(const char *dir, struct errbuf *err);

/* A file that is written in pieces while other work goes on, and is in its place, durably and whole, when it is
 * finished. The temp is that of fileio_replace. Each piece is sent on to the disk at once, without waiting, so that
 * little is left to wait for at the end. Open: NULL with err. Append: 0, -1 with err (then drop it). Finish: over what
 * is there; 0, -1 with err; the draft is gone either way. Drop: the temp is removed; NULL is fine. */
struct fileio_draft;
struct fileio_draft *fileio_draft_open(const char *path, struct errbuf *err);
int fileio_draft_append(struct fileio_draft *draft, const void *data, size_t len, struct errbuf *err);
int fileio_draft_finish(struct fileio_draft *draft, struct errbuf *err);
void fileio_draft_drop(struct fileio_draft *draft);

/* Read a whole regular file of at most max_bytes. 0; -1 with err; *missing (may be NULL) is set when there is no such
 * file. */
int fileio_read(const char *path, size_t max_bytes, struct buf *out, bool *missing, struct errbuf *err);

/* Make a directory and its parents (0700), durably. 0 when it is there afterwards. */
int fileio_make_dirs(const char *path, struct errbuf *err);

/* Remove a file (missing is fine) or a tree (follows no links). */
int fileio_remove(const char *path, struct errbuf *err);
int fileio_remove_tree(const char *path, struct errbuf *err);

/* Rename without replacing, and sync both directories. */
int fileio_rename(const char *from, const char *to, struct errbuf *err);

/* Write all bytes to a descriptor, going on after short writes and EINTR. 0; -1 with errno set. */
int fileio_write_all(int fd, const void *data, size_t len);

/* Write text to standard output. Nobody reading it (`| head`) is no failure; a buffer that failed is. 0; -1 with
 * err. */
int fileio_print(const struct buf *text, struct errbuf *err);

/* Append a line to a file opened by the caller with O_APPEND; not synced. On failure a part that was written is taken
 * back. */
int fileio_append(int fd, const char *path, const void *data, size_t len, struct errbuf *err);

/* Names in a directory (without . and ..), sorted, malloc'd array of malloc'd names that the caller frees with
 * fileio_free_names. */
int fileio_list(const char *dir, char ***names, size_t *n, struct errbuf *err);
void fileio_free_names(char **names, size_t n);

#endif
