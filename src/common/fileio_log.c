#include "common/fileio_log.h"

#include "fileio_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fileio_log {
    int fd;
    char *path;
    off_t size;
    bool broken; /* a failed fdatasync is final, and what a failed write left is in the way */
};

struct fileio_log *fileio_log_create(const char *path, struct errbuf *err)
{
    struct fileio_log *log = calloc(1, sizeof(*log));

    if (log == NULL || (log->path = strdup(path)) == NULL) {
        free(log);
        errbuf_oom(err, "path", strlen(path));
        return NULL;
    }
    log->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (log->fd < 0)
        fileio_failed(err, "create", path);
    else if (fileio_sync_directory_of(path, err) == 0)
        return log;
    if (log->fd >= 0) {
        unlink(path);
        close(log->fd);
    }
    free(log->path);
    free(log);
    return NULL;
}

void fileio_log_close(struct fileio_log *log)
{
    if (log == NULL)
        return;
    close(log->fd);
    free(log->path);
    free(log);
}

int fileio_log_append(struct fileio_log *log, const void *data, size_t len, struct errbuf *err)
{
    if (log->broken) {
        errno = EIO;
        return fileio_failed(err, "append to", log->path);
    }
    log->broken = true;
    if (fileio_write_all(log->fd, data, len) != 0) {
        fileio_failed(err, "append to", log->path);
        /* A full disk: what is left of it would only take room. */
        (void)!ftruncate(log->fd, log->size);
        return -1;
    }
    if (fdatasync(log->fd) != 0)
        return fileio_failed(err, "sync", log->path);
    log->broken = false;
    log->size += (off_t)len;
    return 0;
}

off_t fileio_log_size(const struct fileio_log *log)
{
    return log->size;
}

int fileio_log_read(const struct fileio_log *log, off_t at, void *data, size_t len, struct errbuf *err)
{
    char *to = data;

    while (len > 0) {
        ssize_t n = pread(log->fd, to, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = EIO; /* somebody cut it */
            return fileio_failed(err, "read", log->path);
        }
        to += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}
