/* A file that only grows, and is durable after each append: one fdatasync, where a file of its own would cost two
 * fsyncs and three changes of a directory. Errors as in common/fileio.h; tests wrap the calls of both.
 */
#ifndef COMMON_FILEIO_LOG_H
#define COMMON_FILEIO_LOG_H

#include "common/errbuf.h"

#include <stddef.h>
#include <sys/types.h>

struct fileio_log;

/* Make a file (0600) that must not be there yet; its name is durable. NULL with err. */
struct fileio_log *fileio_log_create(const char *path, struct errbuf *err);
/* NULL is fine. */
void fileio_log_close(struct fileio_log *log);

/* Durable when it returns 0. -1 with err: a part of it may be there or may not, and nothing can be appended any more;
 * what was appended before stays. */
int fileio_log_append(struct fileio_log *log, const void *data, size_t len, struct errbuf *err);

/* Bytes so far. */
off_t fileio_log_size(const struct fileio_log *log);

/* Read bytes that were appended. 0, -1 with err. */
int fileio_log_read(const struct fileio_log *log, off_t at, void *data, size_t len, struct errbuf *err);

#endif
