/* A directory whose calls are recorded, so that at any moment what a crash of the system would leave of it can be made.
 *
 * The C library's calls below stand before its own; syncs are not done but noted. What POSIX promises is what is kept:
 * a file's bytes as of its last fsync or fdatasync, a directory's names as of its last fsync. Of all that came later
 * any part may be there. Files are only appended to. One test program includes this once. */
#ifndef TESTS_ENGINE_CRASH_DISK_H
#define TESTS_ENGINE_CRASH_DISK_H

#include "common/buf.h"
#include "common/fileio.h"
#include "common/hashmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DISK_NONE = -1, DISK_FDS = 1024 };

static const char *const disk_dirs[] = {"", "offsets", "commits", "state/0/0", "sources/0"};
enum { DISK_DIRS = sizeof(disk_dirs) / sizeof(*disk_dirs) };

struct disk_file {
    struct buf bytes;
    size_t synced; /* of them */
};

struct disk_name {
    int dir;
    int now, kept; /* files, or DISK_NONE: as it is, as of the directory's last fsync */
    int image;
};

/* Of a directory, since its last fsync: a name has another file, or none; another may go in the same step. */
struct disk_change {
    uint32_t name, from; /* from HASHMAP_NONE: none */
    int file;
};

struct disk {
    char root[96];
    struct hashmap map; /* paths below the root */
    struct disk_name *names;
    size_t names_cap;
    struct disk_file *files;
    size_t nfiles, files_cap;
    struct disk_change *changes[DISK_DIRS];
    size_t nchanges[DISK_DIRS], changes_cap[DISK_DIRS];
    /* After each call that changed something. */
    void (*happened)(struct disk *disk, const char *call, const char *path);
    int calls;
};

static struct disk *disk_recording; /* calls are noted of this one only; NULL: of none */
static struct {
    struct disk *disk;
    int file; /* DISK_NONE: dir */
    int dir;
} disk_fds[DISK_FDS];
static uint64_t disk_seed = 20260101;

static inline uint64_t disk_random(uint64_t below)
{
    uint64_t z = (disk_seed += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

/* --- what is known ------------------------------------------------------------------------------------------------ */

static inline void *disk_grow(void *items, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap == 0 ? 64 : *cap * 2;
    items = reallocarray(items, *cap, size);
    assert_non_null(items);
    return items;
}

static inline int disk_dir_of(const char *path, size_t len)
{
    for (int i = 0; i < DISK_DIRS; i++)
        if (strlen(disk_dirs[i]) == len && memcmp(disk_dirs[i], path, len) == 0)
            return i;
    fail_msg("an unknown directory: %.*s", (int)len, path);
    return 0;
}

static inline uint32_t disk_name_of(struct disk *disk, const char *path)
{
    const char *slash = strrchr(path, '/');
    bool inserted;
    uint32_t id = hashmap_put(&disk->map, path, strlen(path), hashmap_hash(path, strlen(path)), &inserted);

    assert_int_not_equal(id, HASHMAP_NONE);
    if (inserted) {
        disk->names = disk_grow(disk->names, &disk->names_cap, id, sizeof(*disk->names));
        disk->names[id] = (struct disk_name){disk_dir_of(path, slash == NULL ? 0 : (size_t)(slash - path)), DISK_NONE,
                                             DISK_NONE, DISK_NONE};
    }
    return id;
}

static inline int disk_new_file(struct disk *disk)
{
    disk->files = disk_grow(disk->files, &disk->files_cap, disk->nfiles, sizeof(*disk->files));
    disk->files[disk->nfiles] = (struct disk_file){.synced = 0};
    buf_init(&disk->files[disk->nfiles].bytes);
    return (int)disk->nfiles++;
}

static inline void disk_change(struct disk *disk, uint32_t name, uint32_t from, int file)
{
    int dir = disk->names[name].dir;
    size_t n = disk->nchanges[dir]++;

    disk->changes[dir] = disk_grow(disk->changes[dir], &disk->changes_cap[dir], n, sizeof(**disk->changes));
    disk->changes[dir][n] = (struct disk_change){name, from, file};
    disk->names[name].now = file;
    if (from != HASHMAP_NONE)
        disk->names[from].now = DISK_NONE;
}

static inline void disk_dir_synced(struct disk *disk, int dir)
{
    for (size_t i = 0; i < disk->nchanges[dir]; i++) {
        const struct disk_change *change = &disk->changes[dir][i];
        disk->names[change->name].kept = disk->names[change->name].now;
        if (change->from != HASHMAP_NONE)
            disk->names[change->from].kept = disk->names[change->from].now;
    }
    disk->nchanges[dir] = 0;
}

/* What is in root, durable. */
static inline void disk_load(struct disk *disk, const char *root,
                             void (*happened)(struct disk *disk, const char *call, const char *path))
{
    struct errbuf err;
    char path[256];

    *disk = (struct disk){.happened = happened};
    snprintf(disk->root, sizeof(disk->root), "%s", root);
    hashmap_init(&disk->map);
    for (int dir = 0; dir < DISK_DIRS; dir++) {
        char **names;
        size_t n;
        snprintf(path, sizeof(path), "%s/%s", root, disk_dirs[dir]);
        if (access(path, F_OK) != 0)
            continue;
        assert_int_equal(fileio_list(path, &names, &n, &err), 0);
        for (size_t i = 0; i < n; i++) {
            struct stat st;
            snprintf(path, sizeof(path), "%s/%s%s%s", root, disk_dirs[dir], dir == 0 ? "" : "/", names[i]);
            assert_int_equal(stat(path, &st), 0);
            if (!S_ISREG(st.st_mode) || strcmp(names[i], "lock") == 0)
                continue;
            int file = disk_new_file(disk);
            assert_int_equal(fileio_read(path, SIZE_MAX / 2, &disk->files[file].bytes, NULL, &err), 0);
            disk->files[file].synced = disk->files[file].bytes.len;
            uint32_t name = disk_name_of(disk, path + strlen(root) + 1);
            disk->names[name].now = disk->names[name].kept = file;
        }
        fileio_free_names(names, n);
    }
}

static inline void disk_release(struct disk *disk)
{
    for (int fd = 0; fd < DISK_FDS; fd++)
        if (disk_fds[fd].disk == disk)
            disk_fds[fd].disk = NULL;
    for (size_t i = 0; i < disk->nfiles; i++)
        buf_release(&disk->files[i].bytes);
    for (int dir = 0; dir < DISK_DIRS; dir++)
        free(disk->changes[dir]);
    free(disk->files);
    free(disk->names);
    hashmap_release(&disk->map);
}

/* --- what a crash leaves ------------------------------------------------------------------------------------------ */

enum disk_crash {
    DISK_KILL,      /* of the process: everything is there */
    DISK_SYNCED,    /* only what was synced */
    DISK_NO_DATA,   /* all names, and only synced bytes */
    DISK_TORN,      /* all names; what was not synced is there in part */
    DISK_REORDERED, /* some of the names, in any order; some of the bytes */
    DISK_CRASHES
};
static const char *const disk_crash_names[] = {"killed", "only what was synced", "names without data", "torn",
                                               "reordered"};

/* A directory's changes up to a point, and any of those behind it. */
static inline void disk_pick_names(struct disk *disk, int dir)
{
    size_t n = disk->nchanges[dir];
    size_t window = 1 + (size_t)disk_random(24);
    size_t sure = disk_random(2) == 0 ? (size_t)disk_random(n + 1) : n > window ? n - window : 0;

    for (size_t i = 0; i < n && i < sure + window; i++) {
        const struct disk_change *change = &disk->changes[dir][i];
        if (i >= sure && disk_random(2) == 0)
            continue;
        disk->names[change->name].image = change->file;
        if (change->from != HASHMAP_NONE)
            disk->names[change->from].image = DISK_NONE;
    }
}

static inline void disk_put_bytes(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = syscall(SYS_write, fd, data, len);
        assert_true(n > 0);
        data += n;
        len -= (size_t)n;
    }
}

static inline void disk_write_bytes(int fd, const struct disk_file *file, enum disk_crash crash)
{
    size_t len = file->bytes.len, unsynced = len - file->synced;
    char sector[512] = {0};

    if (crash == DISK_REORDERED)
        crash = (enum disk_crash)(disk_random(3) == 0 ? DISK_KILL : disk_random(2) == 0 ? DISK_NO_DATA : DISK_TORN);
    if (unsynced == 0 || crash == DISK_KILL) {
        disk_put_bytes(fd, file->bytes.data, len);
    } else if (crash != DISK_TORN) {
        disk_put_bytes(fd, file->bytes.data, file->synced);
    } else {
        /* Whole up to a byte or a sector; behind it nothing, zeros, garbage, or a sector of these and then the rest. */
        size_t whole = file->synced + (size_t)disk_random(unsynced), how = (size_t)disk_random(4);
        if (disk_random(2) == 0 && whole / 512 * 512 >= file->synced)
            whole = whole / 512 * 512;
        if (how == 2 && whole < 512) /* the first sector of a new file is one write, or zeros */
            how = 1;
        disk_put_bytes(fd, file->bytes.data, whole);
        for (size_t at = whole; at < len && how > 0; at += sizeof(sector)) {
            size_t n = len - at < sizeof(sector) ? len - at : sizeof(sector);
            if (how == 2)
                for (size_t i = 0; i < sizeof(sector); i++)
                    sector[i] = (char)disk_random(256);
            disk_put_bytes(fd, how == 3 && at > whole ? file->bytes.data + at : sector, n);
        }
    }
}

/* Make at root what the crash leaves. */
static inline void disk_image(struct disk *disk, enum disk_crash crash, const char *root)
{
    static const char *const above[] = {"", "/state", "/state/0", "/sources"};
    char path[512];

    for (size_t i = 0; i < sizeof(above) / sizeof(*above); i++) {
        snprintf(path, sizeof(path), "%s%s", root, above[i]);
        assert_int_equal(syscall(SYS_mkdir, path, 0700), 0);
    }
    for (int dir = 1; dir < DISK_DIRS; dir++) {
        snprintf(path, sizeof(path), "%s/%s", root, disk_dirs[dir]);
        assert_int_equal(syscall(SYS_mkdir, path, 0700), 0);
    }
    for (size_t i = 0; i < disk->map.count; i++) {
        struct disk_name *name = &disk->names[i];
        name->image = crash == DISK_SYNCED || crash == DISK_REORDERED ? name->kept : name->now;
    }
    for (int dir = 0; dir < DISK_DIRS && crash == DISK_REORDERED; dir++)
        disk_pick_names(disk, dir);
    for (size_t i = 0; i < disk->map.count; i++) {
        const struct hashmap_key *key = &disk->map.keys[i];
        if (disk->names[i].image == DISK_NONE)
            continue;
        snprintf(path, sizeof(path), "%s/%.*s", root, (int)key->len, key->data);
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(fd >= 0);
        disk_write_bytes(fd, &disk->files[disk->names[i].image], crash);
        assert_int_equal(syscall(SYS_close, fd), 0);
    }
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

/* The path below the recorded root, "" for itself; NULL: it is not recorded. */
static inline const char *disk_below(const char *path)
{
    size_t len = disk_recording == NULL ? 0 : strlen(disk_recording->root);

    if (len == 0 || strncmp(path, disk_recording->root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    path += len;
    path += *path == '/';
    return strcmp(path, "lock") == 0 ? NULL : path;
}

static inline int disk_happened(struct disk *disk, const char *call, const char *path)
{
    disk->calls++;
    disk->happened(disk, call, path);
    return 0;
}

int open(const char *path, int flags, ...)
{
    const char *below = disk_below(path);
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(args, mode_t);
    va_end(args);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd < 0)
        return -1;
    assert_true(fd < DISK_FDS);
    disk_fds[fd].disk = NULL;
    if (below == NULL)
        return fd;
    if ((flags & O_DIRECTORY) != 0) {
        disk_fds[fd].file = DISK_NONE;
        disk_fds[fd].dir = disk_dir_of(below, strlen(below));
    } else {
        uint32_t name = disk_name_of(disk_recording, below);
        if ((flags & O_CREAT) != 0) {
            assert_true((flags & O_EXCL) != 0);
            disk_change(disk_recording, name, HASHMAP_NONE, disk_new_file(disk_recording));
        }
        disk_fds[fd].file = disk_recording->names[name].now;
    }
    disk_fds[fd].disk = disk_recording;
    if ((flags & O_CREAT) != 0)
        disk_happened(disk_recording, "open", below);
    return fd;
}

int close(int fd)
{
    if (fd >= 0 && fd < DISK_FDS)
        disk_fds[fd].disk = NULL;
    return (int)syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t n = syscall(SYS_write, fd, data, len);
    struct disk *disk = fd >= 0 && fd < DISK_FDS ? disk_fds[fd].disk : NULL;

    if (n <= 0 || disk == NULL)
        return n;
    struct buf *bytes = &disk->files[disk_fds[fd].file].bytes;
    buf_append(bytes, data, (size_t)n);
    assert_false(bytes->failed);
    disk_happened(disk, "write", "");
    return n;
}

int ftruncate(int fd, off_t len)
{
    assert_true(disk_fds[fd].disk == NULL); /* only after errors */
    return (int)syscall(SYS_ftruncate, fd, len);
}

int fsync(int fd)
{
    struct disk *disk = disk_fds[fd].disk;

    if (disk == NULL)
        return 0;
    if (disk_fds[fd].file == DISK_NONE)
        disk_dir_synced(disk, disk_fds[fd].dir);
    else
        disk->files[disk_fds[fd].file].synced = disk->files[disk_fds[fd].file].bytes.len;
    return disk_happened(disk, "fsync", disk_fds[fd].file == DISK_NONE ? disk_dirs[disk_fds[fd].dir] : "");
}

int fdatasync(int fd)
{
    return fsync(fd);
}

int sync_file_range(int fd, off_t at, off_t len, unsigned flags)
{
    (void)fd, (void)at, (void)len, (void)flags;
    return 0;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    const char *below = disk_below(to);
    int result = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);

    if (result != 0 || below == NULL)
        return result;
    uint32_t old = disk_name_of(disk_recording, disk_below(from)), name = disk_name_of(disk_recording, below);
    assert_int_equal(disk_recording->names[old].dir, disk_recording->names[name].dir);
    disk_change(disk_recording, name, old, disk_recording->names[old].now);
    return disk_happened(disk_recording, "rename", below);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    const char *below = disk_below(path);
    int result = (int)syscall(SYS_unlink, path);

    if (result != 0 || below == NULL)
        return result;
    disk_change(disk_recording, disk_name_of(disk_recording, below), HASHMAP_NONE, DISK_NONE);
    return disk_happened(disk_recording, "unlink", below);
}

#endif
