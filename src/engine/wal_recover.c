/* What a crash left of a log: read, put in place, removed.
 *
 * The last group of the last file may be torn: it was being written, and nobody was told that it is durable. Damage
 * anywhere before it is no crash's, and is refused. */
#include "wal_internal.h"

#include "common/fileio.h"
#include "common/hashmap.h"
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES ((size_t)1 << 30) /* of one file: a guard against a foreign one */
#define LOOKS ((size_t)16)          /* at each byte, before what follows a damaged place counts as damage too */

struct recovery {
    const char *root;
    struct buf *files; /* the log's, in order */
    char **names;      /* of them */
    size_t nfiles;
    uint64_t next; /* number of the next group; 0: any */
    struct hashmap map;
    struct wal_op *last; /* by the name's id: what was said of it last */
    size_t last_cap;
    size_t restored;
};

static int damaged(const struct recovery *recovery, size_t file, size_t at, const char *what, struct errbuf *err)
{
    return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                      "%s/%s is damaged at byte %zu: %s; restore the directory from a backup, or start again with "
                      "--from-scratch (the old directory is kept aside)",
                      recovery->root, recovery->names[file], at, what);
}

/* "wal.12" -> 12; -1: another name. */
static int64_t number_of(const char *name)
{
    const char *digits = name + strlen(WAL_PREFIX);
    char *end;

    if (strncmp(name, WAL_PREFIX, strlen(WAL_PREFIX)) != 0 || *digits < '1' || *digits > '9')
        return -1;
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    return errno == 0 && *end == '\0' ? (int64_t)number : -1;
}

static int by_number(const void *left, const void *right)
{
    int64_t a = number_of(*(char *const *)left), b = number_of(*(char *const *)right);

    return (a > b) - (a < b);
}

char *wal_recover_path(const char *root, const char *name, size_t name_len)
{
    char *path;

    return asprintf(&path, "%s/%.*s", root, (int)name_len, name) < 0 ? NULL : path;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int list_files(struct recovery *recovery, struct errbuf *err)
{
    size_t n;

    if (fileio_list(recovery->root, &recovery->names, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (number_of(recovery->names[i]) < 0)
            free(recovery->names[i]);
        else
            recovery->names[recovery->nfiles++] = recovery->names[i];
    }
    if (recovery->nfiles == 0)
        return 0;
    qsort(recovery->names, recovery->nfiles, sizeof(*recovery->names), by_number);
    recovery->files = calloc(recovery->nfiles, sizeof(*recovery->files));
    return recovery->files == NULL ? errbuf_oom(err, "write-ahead log", recovery->nfiles) : 0;
}

static int note(struct recovery *recovery, const struct wal_op *op, struct errbuf *err)
{
    uint64_t hash = hashmap_hash(op->name, op->name_len);
    bool inserted;
    uint32_t id = hashmap_put(&recovery->map, op->name, op->name_len, hash, &inserted);

    if (id != HASHMAP_NONE && id >= recovery->last_cap) {
        size_t cap = recovery->last_cap == 0 ? 256 : recovery->last_cap * 2;
        struct wal_op *grown = reallocarray(recovery->last, cap, sizeof(*grown));
        if (grown == NULL)
            id = HASHMAP_NONE;
        else {
            recovery->last = grown;
            recovery->last_cap = cap;
        }
    }
    if (id == HASHMAP_NONE)
        return errbuf_oom(err, "write-ahead log", recovery->last_cap * sizeof(*recovery->last));
    recovery->last[id] = *op;
    return 0;
}

/* The name is used as a path: below the root, or nowhere. */
static bool is_below(const struct wal_op *op)
{
    const char *name = op->name, *end = name + op->name_len;

    if (memchr(name, '\0', op->name_len) != NULL)
        return false;
    while (name < end) {
        const char *slash = memchr(name, '/', (size_t)(end - name));
        size_t part = (size_t)((slash == NULL ? end : slash) - name);
        if (part == 0 || (part == 1 && name[0] == '.') || (part == 2 && name[0] == '.' && name[1] == '.'))
            return false;
        name += part + 1;
    }
    return op->name[op->name_len - 1] != '/';
}

static int read_group(struct recovery *recovery, size_t file, size_t at, const char *body, size_t body_len,
                      uint64_t number, struct errbuf *err)
{
    const char *end = body + body_len;
    struct wal_op op;

    if (recovery->next != 0 && number != recovery->next)
        return damaged(recovery, file, at, "a group of changes before it is missing", err);
    recovery->next = number + 1;
    while (body < end) {
        if (!wal_group_next(&body, end, &op) || !is_below(&op))
            return damaged(recovery, file, at, "it is not a group of changes", err);
        if (note(recovery, &op, err) != 0)
            return -1;
    }
    return 0;
}

/* Whether a whole group begins anywhere between. What looks like many beginnings is no torn end either, and is not
 * worth a checksum of all that follows each of them. */
static bool has_group(const char *at, const char *end)
{
    size_t worth = (size_t)(end - at) * LOOKS;

    for (; at < end; at++) {
        uint64_t number;
        const char *body;
        size_t body_len = 0;

        if (wal_group_read(at, end, &number, &body, &body_len) != 0)
            return true;
        if (body_len > (size_t)(end - at))
            continue; /* it had no checksum to look at */
        if (body_len > worth)
            return true;
        worth -= body_len;
    }
    return false;
}

/* What the first write of a file may leave: bytes of the title, and zeros where the others are not there yet. */
static bool is_torn_title(const struct buf *bytes)
{
    for (size_t i = 0; i < bytes->len && i < strlen(WAL_TITLE); i++)
        if (bytes->data[i] != '\0' && bytes->data[i] != WAL_TITLE[i])
            return false;
    return true;
}

/* A whole line of text, which a torn one is not. */
static bool is_other_version(const struct buf *bytes)
{
    size_t family = strlen(WAL_FAMILY);

    if (bytes->len <= family || memcmp(bytes->data, WAL_FAMILY, family) != 0)
        return false;
    size_t digits = strspn(bytes->data + family, "0123456789");
    return digits > 0 && bytes->data[family + digits] == '\n';
}

static int read_file(struct recovery *recovery, size_t file, struct errbuf *err)
{
    struct buf *bytes = &recovery->files[file];
    size_t title = strlen(WAL_TITLE);
    char *path = wal_recover_path(recovery->root, recovery->names[file], strlen(recovery->names[file]));

    if (path == NULL)
        return errbuf_oom(err, "path", strlen(recovery->root));
    buf_init(bytes);
    int result = fileio_read(path, MAX_BYTES, bytes, NULL, err);
    free(path);
    if (result != 0)
        return -1;
    const char *begin = bytes->data, *end = begin + bytes->len, *at = begin;
    bool last = file + 1 == recovery->nfiles;
    if (bytes->len >= title && memcmp(begin, WAL_TITLE, title) == 0)
        at += title;
    else if (is_other_version(bytes))
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "%s/%s is of another version, wanted \"%.*s\"; run the program that wrote it once, until it "
                          "ends by itself, or start again with --from-scratch (the old directory is kept aside)",
                          recovery->root, recovery->names[file], (int)title - 1, WAL_TITLE);
    else if (!last || !is_torn_title(bytes) || has_group(begin, end))
        return damaged(recovery, file, 0, "it does not begin as a write-ahead log", err);
    else
        return 0; /* torn as it was made */
    while (at < end) {
        uint64_t number;
        const char *body;
        size_t body_len, len = wal_group_read(at, end, &number, &body, &body_len);

        if (len == 0) {
            if (!last || has_group(at + 1, end))
                return damaged(recovery, file, (size_t)(at - begin), "checksum", err);
            log_info(WAL_LOGGER, "%s/%s: %zu bytes at its end were being written when the process or the system ended",
                     recovery->root, recovery->names[file], (size_t)(end - at));
            return 0;
        }
        if (read_group(recovery, file, (size_t)(at - begin), body, body_len, number, err) != 0)
            return -1;
        at += len;
    }
    return 0;
}

/* --- putting in place --------------------------------------------------------------------------------------------- */

static bool is_there(const char *path, const struct wal_op *op)
{
    struct buf bytes = BUF_INIT;
    struct errbuf ignored;
    bool same = fileio_read(path, op->len + 1, &bytes, NULL, &ignored) == 0 && bytes.len == op->len &&
                memcmp(bytes.data, op->data, op->len) == 0;

    buf_release(&bytes);
    return same;
}

static int apply(struct recovery *recovery, const struct wal_op *op, const char *path, struct errbuf *err)
{
    if (op->kind == WAL_REMOVE)
        return fileio_remove(path, err);
    if (op->kind != WAL_PUT)
        return 0;
    if (!is_there(path, op)) {
        if (fileio_place(path, op->data, op->len, true, err) != 0)
            return -1;
        recovery->restored++;
    }
    fileio_sync_begin(path);
    return 0;
}

/* All files, then all of them durably: one that was there may have been seen only. */
static int apply_all(struct recovery *recovery, struct errbuf *err)
{
    for (int waiting = 0; waiting < 2; waiting++)
        for (size_t i = 0; i < recovery->map.count; i++) {
            const struct wal_op *op = &recovery->last[i];
            char *path = wal_recover_path(recovery->root, op->name, op->name_len);
            int result = 0;

            if (path == NULL)
                return errbuf_oom(err, "path", op->name_len);
            if (!waiting)
                result = apply(recovery, op, path, err);
            else if (op->kind == WAL_PUT)
                result = fileio_sync(path, err);
            free(path);
            if (result != 0)
                return -1;
        }
    return 0;
}

/* Each directory of a name, once. */
static int sync_directories(const struct recovery *recovery, struct errbuf *err)
{
    struct hashmap done;
    int result = 0;

    hashmap_init(&done);
    for (size_t i = 0; i < recovery->map.count && result == 0; i++) {
        const struct wal_op *op = &recovery->last[i];
        const char *slash = memrchr(op->name, '/', op->name_len);
        size_t len = slash == NULL ? 0 : (size_t)(slash - op->name);
        bool inserted;

        if (hashmap_put(&done, op->name, len, hashmap_hash(op->name, len), &inserted) == HASHMAP_NONE) {
            result = errbuf_oom(err, "write-ahead log", len);
        } else if (inserted) {
            char *path = wal_recover_path(recovery->root, op->name, len);
            result = path == NULL ? errbuf_oom(err, "path", len) : fileio_sync_directory(path, err);
            free(path);
        }
    }
    hashmap_release(&done);
    return result;
}

/* The oldest first, each durably: one that came back alone would undo what the later ones said, and what is written
 * from now on. */
static int remove_files(const struct recovery *recovery, struct errbuf *err)
{
    for (size_t i = 0; i < recovery->nfiles; i++) {
        char *path = wal_recover_path(recovery->root, recovery->names[i], strlen(recovery->names[i]));
        if (path == NULL)
            return errbuf_oom(err, "path", strlen(recovery->root));
        int result = fileio_remove(path, err);
        free(path);
        if (result != 0 || fileio_sync_directory(recovery->root, err) != 0)
            return -1;
    }
    return 0;
}

static int put_in_place(struct recovery *recovery, struct errbuf *err)
{
    if (apply_all(recovery, err) != 0 || sync_directories(recovery, err) != 0 || remove_files(recovery, err) != 0)
        return -1;
    log_info(WAL_LOGGER, "%s: %zu files were in the write-ahead log of an unclean end, %zu of them not in their places",
             recovery->root, recovery->map.count, recovery->restored);
    return 0;
}

int wal_recover(const char *root, struct errbuf *err)
{
    struct recovery recovery = {.root = root};
    int result;

    hashmap_init(&recovery.map);
    result = list_files(&recovery, err);
    for (size_t i = 0; i < recovery.nfiles && result == 0; i++)
        result = read_file(&recovery, i, err);
    if (result == 0 && recovery.nfiles > 0)
        result = put_in_place(&recovery, err);
    for (size_t i = 0; i < recovery.nfiles; i++) {
        if (recovery.files != NULL)
            buf_release(&recovery.files[i]);
        free(recovery.names[i]);
    }
    free(recovery.names);
    free(recovery.files);
    free(recovery.last);
    hashmap_release(&recovery.map);
    return result;
}
