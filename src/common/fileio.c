/* Every step is a plain call of the C library (open, write, fsync, renameat2, ...), so that a test linked with --wrap
 * can fail or record each of them. A failed fsync is final: the kernel may have dropped the pages, a second fsync would
 * lie. */
#include "fileio_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int fileio_failed(struct errbuf *err, const char *step, const char *path)
{
    int reason = errno;
    const char *advice = "";

    if (reason == ENOSPC || reason == EDQUOT)
        advice = "; free some space and start again";
    else if (reason == EACCES || reason == EPERM)
        advice = "; check owner and mode";
    else if (reason == EROFS)
        advice = "; the file system is mounted read-only";
    return errbuf_set(err, EXIT_CODE_STORAGE, "cannot %s %s: %s%s", step, path, strerror(reason), advice);
}

/* The directory part as a malloc'd string: "." for a bare name. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int fileio_sync_directory(const char *dir, struct errbuf *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fileio_failed(err, "open the directory", dir);
    /* EINVAL: a file system without a notion of it (some network ones) */
    if (fsync(fd) != 0 && errno != EINVAL) {
        fileio_failed(err, "sync the directory", dir);
        close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

int fileio_sync_directory_of(const char *path, struct errbuf *err)
{
    char *dir = directory_of(path);

    if (dir == NULL)
        return errbuf_oom(err, "path", strlen(path));
    int result = fileio_sync_directory(dir, err);
    free(dir);
    return result;
}

int fileio_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -1;
        }
        if (n == 0) { /* not by POSIX; never spin on it */
            errno = EIO;
            return -1;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* rename that fails with EEXIST; by link and unlink where the file system cannot (and then only for files) */
static int rename_no_replace(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    struct stat st;
    if (lstat(from, &st) != 0)
        return -1;
    if (!S_ISDIR(st.st_mode)) {
        if (link(from, to) != 0)
            return -1;
        (void)unlink(from); /* a second name of a file that is in place does no harm */
        return 0;
    }
    /* a directory cannot be linked; rename itself replaces only an empty one */
    if (lstat(to, &st) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

static char *temp_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    int dir_len = slash == NULL ? 0 : (int)(slash - path) + 1;
    uint64_t number;
    char *name;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return NULL;
    if (asprintf(&name, "%.*s.%s.%016" PRIx64 ".tmp", dir_len, path, path + dir_len, number) < 0)
        return NULL;
    return name;
}

/* Takes temp's descriptor: what was written becomes the file, if asked durably. On failure the temp is gone. */
static int publish(int fd, const char *temp, const char *path, bool replace, bool durable, struct errbuf *err)
{
    if (durable && fsync(fd) != 0) {
        fileio_failed(err, "sync", temp);
        close(fd);
        goto fail;
    }
    if (close(fd) != 0) {
        fileio_failed(err, "close", temp);
        goto fail;
    }
    if ((replace ? rename(temp, path) : rename_no_replace(temp, path)) != 0) {
        bool exists = errno == EEXIST;
        if (exists) {
            errbuf_condition(err, "EXISTS", "", "%s exists already", path);
            err->exit_code = EXIT_CODE_STORAGE;
        } else {
            fileio_failed(err, "rename to", path);
        }
        goto fail;
    }
    return durable ? fileio_sync_directory_of(path, err) : 0;

fail:
    unlink(temp);
    return -1;
}

/* The descriptor of a new temp beside path, its name malloc'd. -1 with err. */
static int create_temp(const char *path, char **temp, struct errbuf *err)
{
    *temp = temp_name(path);
    if (*temp == NULL)
        return errbuf_oom(err, "path", strlen(path));
    int fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        fileio_failed(err, "create", *temp);
        free(*temp);
        *temp = NULL;
    }
    return fd;
}

static int write_file(const char *path, const void *data, size_t len, bool replace, bool durable, struct errbuf *err)
{
    char *temp;
    int fd = create_temp(path, &temp, err);
    int result;

    if (fd < 0)
        return -1;
    if (fileio_write_all(fd, data, len) != 0) {
        result = fileio_failed(err, "write", temp);
        close(fd);
        unlink(temp);
    } else {
        result = publish(fd, temp, path, replace, durable, err);
    }
    free(temp);
    return result;
}

int fileio_replace(const char *path, const void *data, size_t len, bool replace, struct errbuf *err)
{
    return write_file(path, data, len, replace, true, err);
}

int fileio_place(const char *path, const void *data, size_t len, bool replace, struct errbuf *err)
{
    return write_file(path, data, len, replace, false, err);
}

void fileio_sync_begin(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return; /* fileio_sync will say it */
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    close(fd);
}

int fileio_sync(const char *path, struct errbuf *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return fileio_failed(err, "open", path);
    if (fsync(fd) != 0) {
        fileio_failed(err, "sync", path);
        close(fd);
        return -1;
    }
    close(fd);
    return 0;
}

struct fileio_draft {
    int fd;
    char *temp;
    char *path;
    off_t written;
};

struct fileio_draft *fileio_draft_open(const char *path, struct errbuf *err)
{
    struct fileio_draft *draft = calloc(1, sizeof(*draft));

    if (draft == NULL || (draft->path = strdup(path)) == NULL) {
        errbuf_oom(err, "path", strlen(path));
        free(draft);
        return NULL;
    }
    draft->fd = create_temp(path, &draft->temp, err);
    if (draft->fd < 0) {
        free(draft->path);
        free(draft);
        return NULL;
    }
    return draft;
}

int fileio_draft_append(struct fileio_draft *draft, const void *data, size_t len, struct errbuf *err)
{
    if (fileio_write_all(draft->fd, data, len) != 0)
        return fileio_failed(err, "write", draft->temp);
    /* Only a hint, which not every file system takes: what it would tell of an error, fsync tells at the end. */
    (void)sync_file_range(draft->fd, draft->written, (off_t)len, SYNC_FILE_RANGE_WRITE);
    draft->written += (off_t)len;
    return 0;
}

static void free_draft(struct fileio_draft *draft)
{
    free(draft->temp);
    free(draft->path);
    free(draft);
}

int fileio_draft_finish(struct fileio_draft *draft, struct errbuf *err)
{
    int result = publish(draft->fd, draft->temp, draft->path, true, true, err);

    free_draft(draft);
    return result;
}

void fileio_draft_drop(struct fileio_draft *draft)
{
    if (draft == NULL)
        return;
    close(draft->fd);
    unlink(draft->temp);
    free_draft(draft);
}

int fileio_read(const char *path, size_t max_bytes, struct buf *out, bool *missing, struct errbuf *err)
{
    struct stat st;

    if (missing != NULL)
        *missing = false;
    /* O_NONBLOCK: a FIFO in the place of a file must not hang us; it does nothing to files */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        if (missing != NULL)
            *missing = errno == ENOENT;
        return fileio_failed(err, "open", path);
    }
    if (fstat(fd, &st) != 0) {
        fileio_failed(err, "look at", path);
        goto fail;
    }
    if (!S_ISREG(st.st_mode)) {
        errbuf_set(err, EXIT_CODE_STORAGE, "cannot read %s: %s", path,
                   S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file");
        goto fail;
    }
    if ((uint64_t)st.st_size > max_bytes) {
        errbuf_set(err, EXIT_CODE_STORAGE, "cannot read %s: it has %jd bytes, at most %zu are expected", path,
                   (intmax_t)st.st_size, max_bytes);
        goto fail;
    }
    size_t had = out->len;
    size_t want = (size_t)st.st_size + 1; /* one more, to see the end or a file that grows */
    for (;;) {
        if (!buf_reserve(out, want)) {
            errbuf_oom(err, path, want);
            goto fail;
        }
        ssize_t n = read(fd, out->data + out->len, want);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            fileio_failed(err, "read", path);
            goto fail;
        }
        if (n == 0)
            break;
        out->len += (size_t)n;
        if (out->len - had > max_bytes) {
            errbuf_set(err, EXIT_CODE_STORAGE, "cannot read %s: it has more than %zu bytes", path, max_bytes);
            goto fail;
        }
        want = want > (size_t)n ? want - (size_t)n : 4096;
    }
    out->data[out->len] = '\0';
    close(fd);
    return 0;

fail:
    close(fd);
    return -1;
}

static int make_one(const char *path, struct errbuf *err)
{
    struct stat st;

    if (mkdir(path, 0700) == 0)
        return fileio_sync_directory_of(path, err);
    if (errno != EEXIST)
        return fileio_failed(err, "make the directory", path);
    if (stat(path, &st) != 0)
        return fileio_failed(err, "look at", path);
    if (!S_ISDIR(st.st_mode))
        return errbuf_set(err, EXIT_CODE_STORAGE, "cannot make the directory %s: a file of that name is in the way",
                          path);
    return 0;
}

int fileio_make_dirs(const char *path, struct errbuf *err)
{
    char *part = strdup(path);
    int result = 0;

    if (part == NULL)
        return errbuf_oom(err, "path", strlen(path));
    for (char *p = part; result == 0 && *p != '\0';) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char was = *p;
        *p = '\0';
        if (strcmp(part, "") != 0 && part[strspn(part, "/")] != '\0')
            result = make_one(part, err);
        *p = was;
    }
    free(part);
    return result;
}

int fileio_remove(const char *path, struct errbuf *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return fileio_failed(err, "remove", path);
    return 0;
}

/* Empty the directory open at fd (takes fd). shown is its path, for messages. */
static int empty_directory(int fd, const char *shown, struct errbuf *err)
{
    DIR *dir = fdopendir(fd);
    int result = 0;

    if (dir == NULL) {
        fileio_failed(err, "read the directory", shown);
        close(fd);
        return -1;
    }
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno != 0)
                result = fileio_failed(err, "read the directory", shown);
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
            continue;
        if (errno != EISDIR && errno != EPERM) { /* EPERM: POSIX's answer for a directory */
            result = fileio_failed(err, "remove a file in", shown);
            break;
        }
        int child = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0) {
            result = fileio_failed(err, "open a directory in", shown);
            break;
        }
        result = empty_directory(child, shown, err);
        if (result != 0)
            break;
        if (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) != 0) {
            result = fileio_failed(err, "remove a directory in", shown);
            break;
        }
    }
    closedir(dir);
    return result;
}

int fileio_remove_tree(const char *path, struct errbuf *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        if (errno == ENOENT)
            return 0;
        if (errno == ENOTDIR || errno == ELOOP)
            return fileio_remove(path, err);
        return fileio_failed(err, "open the directory", path);
    }
    if (empty_directory(fd, path, err) != 0)
        return -1;
    if (rmdir(path) != 0 && errno != ENOENT)
        return fileio_failed(err, "remove the directory", path);
    return 0;
}

int fileio_rename(const char *from, const char *to, struct errbuf *err)
{
    if (rename_no_replace(from, to) != 0) {
        if (errno == EEXIST) {
            errbuf_condition(err, "EXISTS", "", "cannot rename %s to %s: it exists already", from, to);
            err->exit_code = EXIT_CODE_STORAGE;
            return -1;
        }
        return fileio_failed(err, "rename", from);
    }
    if (fileio_sync_directory_of(to, err) != 0)
        return -1;
    return fileio_sync_directory_of(from, err);
}

int fileio_print(const struct buf *text, struct errbuf *err)
{
    if (text->failed)
        return errbuf_oom(err, "text for standard output", text->len);
    if (fileio_write_all(STDOUT_FILENO, text->data, text->len) == -1 && errno != EPIPE)
        return errbuf_set(err, EXIT_CODE_STORAGE, "writing to standard output: %s", strerror(errno));
    return 0;
}

int fileio_append(int fd, const char *path, const void *data, size_t len, struct errbuf *err)
{
    struct stat before, after;
    const char *p = data;
    size_t left = len;

    if (fstat(fd, &before) != 0)
        return fileio_failed(err, "look at", path);
    while (left > 0) {
        ssize_t n = write(fd, p, left);
        if (n > 0) {
            p += n;
            left -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            int reason = n == 0 ? EIO : errno;
            /* Half a line would spoil the next one too; but what somebody else appended meanwhile stays. */
            if (left < len && S_ISREG(before.st_mode) && fstat(fd, &after) == 0 &&
                after.st_size == before.st_size + (off_t)(len - left))
                (void)!ftruncate(fd, before.st_size);
            errno = reason;
            return fileio_failed(err, "append to", path);
        }
    }
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int fileio_list(const char *dir_path, char ***names, size_t *n, struct errbuf *err)
{
    DIR *dir = opendir(dir_path);
    char **list = NULL;
    size_t count = 0, cap = 0;

    if (dir == NULL)
        return fileio_failed(err, "open the directory", dir_path);
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno != 0) {
                fileio_failed(err, "read the directory", dir_path);
                goto fail;
            }
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (count == cap) {
            size_t more = cap == 0 ? 16 : cap * 2;
            char **grown = reallocarray(list, more, sizeof(*grown));
            if (grown == NULL) {
                errbuf_oom(err, "file names", more * sizeof(*grown));
                goto fail;
            }
            list = grown;
            cap = more;
        }
        list[count] = strdup(entry->d_name);
        if (list[count] == NULL) {
            errbuf_oom(err, "file name", strlen(entry->d_name));
            goto fail;
        }
        count++;
    }
    closedir(dir);
    if (count > 1)
        qsort(list, count, sizeof(*list), by_bytes);
    *names = list;
    *n = count;
    return 0;

fail:
    closedir(dir);
    fileio_free_names(list, count);
    return -1;
}

void fileio_free_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}
