/* The log in use: what was put and is not durable in its own place yet.
 *
 * Of each file the log's position of its bytes is kept, not the bytes: when it is time to make the file, they are read
 * back from the log, which is in the page cache. Most files of a query that has a backlog to work off are never made:
 * the batches behind them remove them before.
 *
 * Two files make the log. When the newer one is full the older one is given up; by then next to nothing of it is left
 * to be made durable in its place, since a checkpoint keeps a number of batches and no more. */
#include "wal_internal.h"

#include "common/clock.h"
#include "common/crc32c.h"
#include "common/fileio.h"
#include "common/fileio_log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of a file of the log; beyond either the next one is begun. */
#define FILE_BYTES ((off_t)8 << 20)
#define FILE_ENTRIES ((size_t)1024)
/* What is larger costs more to be written twice than its fsyncs. */
#define DIRECT_BYTES ((size_t)256 << 10)
/* Putting files in their places takes no more than one part in so many of the time. */
#define SHOW_ONE_IN 50
/* At most so many of them at a time: no batch waits long for them. */
#define SHOW_FILES ((size_t)16)

struct entry {
    char *name;
    uint64_t serial; /* ascending */
    uint32_t hash;
    bool replace;
    bool synced; /* `at` is a place in the log; until then one in the group */
    bool shown;  /* in its place */
    bool gone;   /* removed, or put again */
    int64_t file;
    off_t at;
    size_t len;
};

struct log_file {
    struct fileio_log *log; /* NULL: none */
    int64_t number;
    size_t entries;
};

struct wal {
    char *root;
    struct log_file now, before;
    struct log_file oldest; /* only while it is given up */
    uint64_t group_number;  /* of the next group */
    struct buf group;       /* what is put and not synced */
    bool has_puts;          /* in it */
    struct entry *entries;  /* in the order of wal_put */
    size_t nentries, entries_cap;
    char **directories; /* of all names so far, relative to the root; few */
    size_t ndirectories;
    struct buf bytes;     /* of one file */
    uint64_t serial;      /* of the next entry */
    uint64_t showing;     /* the turn of putting in place: of entries before this one; 0: there is none */
    int64_t shown_us;     /* when the last turn ended */
    int64_t show_cost_us; /* of a turn */
    bool failed;
    struct errbuf err;
};

struct wal *wal_open(const char *root, struct errbuf *err)
{
    struct wal *wal;

    if (wal_recover(root, err) != 0)
        return NULL;
    wal = calloc(1, sizeof(*wal));
    if (wal == NULL || (wal->root = strdup(root)) == NULL) {
        free(wal);
        errbuf_oom(err, "write-ahead log", sizeof(*wal));
        return NULL;
    }
    wal->group_number = 1;
    wal->serial = 1;
    buf_init(&wal->bytes);
    buf_init(&wal->group);
    wal_group_begin(&wal->group);
    return wal;
}

void wal_close(struct wal *wal)
{
    if (wal == NULL)
        return;
    fileio_log_close(wal->now.log);
    fileio_log_close(wal->before.log);
    fileio_log_close(wal->oldest.log);
    for (size_t i = 0; i < wal->nentries; i++)
        free(wal->entries[i].name);
    free(wal->entries);
    for (size_t i = 0; i < wal->ndirectories; i++)
        free(wal->directories[i]);
    free(wal->directories);
    buf_release(&wal->group);
    buf_release(&wal->bytes);
    free(wal->root);
    free(wal);
}

/* What failed stays failed: a later call must not build on it. */
static int fail(struct wal *wal, struct errbuf *err)
{
    wal->failed = true;
    wal->err = *err;
    return -1;
}

static int failed_before(const struct wal *wal, struct errbuf *err)
{
    *err = wal->err;
    return -1;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static const char *name_in(const struct wal *wal, const char *path)
{
    size_t root = strlen(wal->root);

    assert(strncmp(path, wal->root, root) == 0 && path[root] == '/' && path[root + 1] != '/');
    return path + root + 1;
}

static char *path_of(const struct wal *wal, const char *name)
{
    return wal_recover_path(wal->root, name, strlen(name));
}

/* ROOT/wal.<number> as a malloc'd string; NULL with err. */
static char *log_path(const struct wal *wal, int64_t number, struct errbuf *err)
{
    char name[32];

    snprintf(name, sizeof(name), WAL_PREFIX "%" PRId64, number);
    char *path = path_of(wal, name);
    if (path == NULL)
        errbuf_oom(err, "path", strlen(wal->root));
    return path;
}

static void forget(struct entry *entry)
{
    free(entry->name);
    entry->name = NULL;
    entry->gone = true;
}

/* The entry of a name, or NULL. What is asked for is mostly among the oldest (removed) or not there (put). */
static struct entry *find(const struct wal *wal, const char *name)
{
    uint32_t hash = crc32c_update(0, name, strlen(name));

    for (size_t i = 0; i < wal->nentries; i++)
        if (wal->entries[i].hash == hash && !wal->entries[i].gone && strcmp(wal->entries[i].name, name) == 0)
            return &wal->entries[i];
    return NULL;
}

static void compact(struct wal *wal)
{
    size_t n = 0;

    for (size_t i = 0; i < wal->nentries; i++)
        if (!wal->entries[i].gone)
            wal->entries[n++] = wal->entries[i];
    wal->nentries = n;
}

/* Room for one more; the array grows when hardly any of it is gone. */
static int room(struct wal *wal)
{
    if (wal->nentries < wal->entries_cap)
        return 0;
    compact(wal);
    if (wal->nentries * 4 < wal->entries_cap * 3)
        return 0;
    size_t cap = wal->entries_cap == 0 ? 256 : wal->entries_cap * 2;
    struct entry *grown = reallocarray(wal->entries, cap, sizeof(*grown));
    if (grown == NULL)
        return -1;
    wal->entries = grown;
    wal->entries_cap = cap;
    return 0;
}

static int add_entry(struct wal *wal, const char *name, const struct entry *entry)
{
    if (room(wal) != 0)
        return -1;
    struct entry *added = &wal->entries[wal->nentries];
    *added = *entry;
    added->name = strdup(name);
    if (added->name == NULL)
        return -1;
    added->serial = wal->serial++;
    added->hash = crc32c_update(0, name, strlen(name));
    wal->nentries++;
    return 0;
}

/* --- files in their places ---------------------------------------------------------------------------------------- */

static const struct log_file *file_of(const struct wal *wal, int64_t number)
{
    if (number == wal->now.number)
        return &wal->now;
    return number == wal->before.number ? &wal->before : &wal->oldest;
}

static int show_entry(struct wal *wal, struct entry *entry, struct errbuf *err)
{
    const struct log_file *file = file_of(wal, entry->file);
    char *path = path_of(wal, entry->name);
    int result;

    buf_reset(&wal->bytes);
    if (path == NULL || !buf_reserve(&wal->bytes, entry->len)) {
        free(path);
        return errbuf_oom(err, "write-ahead log", entry->len);
    }
    result = fileio_log_read(file->log, entry->at, wal->bytes.data, entry->len, err);
    if (result == 0)
        result = fileio_place(path, wal->bytes.data, entry->len, entry->replace, err);
    free(path);
    entry->shown = result == 0;
    return result;
}

/* The next files of the turn, `most` of them. */
static int show_some(struct wal *wal, size_t most, struct errbuf *err)
{
    int64_t began_us = clock_monotonic_us();
    bool more = false;

    for (size_t i = 0; i < wal->nentries && wal->entries[i].serial < wal->showing && !more; i++) {
        struct entry *entry = &wal->entries[i];
        if (entry->gone || entry->shown || !entry->synced)
            continue;
        more = most == 0;
        if (!more && show_entry(wal, entry, err) != 0)
            return -1;
        most--;
    }
    int64_t now_us = clock_monotonic_us();
    wal->show_cost_us += now_us - began_us;
    if (!more) {
        wal->showing = 0;
        wal->shown_us = now_us;
    }
    return 0;
}

/* The directory of a name will have to be synced, also when nothing of it is left: a name that came back after the log
 * is gone would stay, and perhaps with nothing in it. */
static int note_directory(struct wal *wal, const char *name)
{
    const char *slash = strrchr(name, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - name);

    for (size_t i = 0; i < wal->ndirectories; i++)
        if (strncmp(wal->directories[i], name, len) == 0 && wal->directories[i][len] == '\0')
            return 0;
    char **grown = reallocarray(wal->directories, wal->ndirectories + 1, sizeof(*grown));
    if (grown == NULL)
        return -1;
    wal->directories = grown;
    wal->directories[wal->ndirectories] = strndup(name, len);
    if (wal->directories[wal->ndirectories] == NULL)
        return -1;
    wal->ndirectories++;
    return 0;
}

static int sync_directories(struct wal *wal, struct errbuf *err)
{
    for (size_t i = 0; i < wal->ndirectories; i++) {
        char *path = path_of(wal, wal->directories[i]);
        int result = path == NULL ? errbuf_oom(err, "path", strlen(wal->root)) : fileio_sync_directory(path, err);
        free(path);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* In two steps, for all files at once. */
static int make_durable(struct wal *wal, struct entry *entry, bool waiting, struct errbuf *err)
{
    int result = 0;

    if (!entry->shown && show_entry(wal, entry, err) != 0)
        return -1;
    char *path = path_of(wal, entry->name);
    if (path == NULL)
        return errbuf_oom(err, "path", 0);
    if (waiting)
        result = fileio_sync(path, err);
    else
        fileio_sync_begin(path);
    free(path);
    return result;
}

/* What a file of the log holds becomes durable in its place; then the file goes. */
static int give_up(struct wal *wal, struct log_file *file, struct errbuf *err)
{
    if (file->log == NULL)
        return 0;
    for (int waiting = 0; waiting < 2; waiting++)
        for (size_t i = 0; i < wal->nentries; i++) {
            struct entry *entry = &wal->entries[i];
            if (!entry->gone && entry->file == file->number && make_durable(wal, entry, waiting, err) != 0)
                return -1;
        }
    if (sync_directories(wal, err) != 0)
        return -1;
    for (size_t i = 0; i < wal->nentries; i++)
        if (!wal->entries[i].gone && wal->entries[i].file == file->number)
            forget(&wal->entries[i]);
    compact(wal);
    fileio_log_close(file->log);
    file->log = NULL;
    char *path = log_path(wal, file->number, err);
    int result = path == NULL ? -1 : fileio_remove(path, err);
    free(path);
    /* A log that came back after a crash would undo what is written from now on. */
    return result == 0 ? fileio_sync_directory(wal->root, err) : -1;
}

/* --- putting ------------------------------------------------------------------------------------------------------ */

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static int already_there(const char *path, struct errbuf *err)
{
    errbuf_condition(err, "EXISTS", "", "%s exists already", path);
    err->exit_code = EXIT_CODE_STORAGE;
    return -1;
}

static void add_op(struct wal *wal, enum wal_kind kind, const char *name, const void *data, size_t len, size_t *at)
{
    struct wal_op op = {kind, name, strlen(name), data, len};

    *at = wal_group_add(&wal->group, &op);
}

static int put_direct(struct wal *wal, const char *path, const void *data, size_t len, bool replace, struct errbuf *err)
{
    size_t at;

    /* Never before what was put before it. */
    if (wal_sync(wal, err) != 0)
        return -1;
    if (fileio_replace(path, data, len, replace, err) != 0)
        return strcmp(err->condition, "EXISTS") == 0 ? -1 : fail(wal, err);
    /* Only now, and looked for again: the sync may have given up the file of the log that held it. */
    struct entry *old = find(wal, name_in(wal, path));
    if (old != NULL)
        forget(old);
    add_op(wal, WAL_KEEP, name_in(wal, path), NULL, 0, &at);
    wal->has_puts = true; /* it has to be durable, or what the log said of the name before would be done again */
    return 0;
}

int wal_put(struct wal *wal, const char *path, const void *data, size_t len, bool replace, struct errbuf *err)
{
    const char *name = name_in(wal, path);
    struct entry *old = find(wal, name);

    if (wal->failed)
        return failed_before(wal, err);
    if (!replace && (old != NULL || exists(path)))
        return already_there(path, err);
    if (len > DIRECT_BYTES)
        return put_direct(wal, path, data, len, replace, err);
    if (old != NULL)
        forget(old);
    struct entry entry = {.replace = replace, .len = len};
    size_t at;
    add_op(wal, WAL_PUT, name, data, len, &at);
    entry.at = (off_t)at;
    if (note_directory(wal, name) != 0 || add_entry(wal, name, &entry) != 0 || wal->group.failed) {
        errbuf_oom(err, "write-ahead log", wal->group.len);
        return fail(wal, err);
    }
    wal->has_puts = true;
    return 0;
}

int wal_remove(struct wal *wal, const char *path, struct errbuf *err)
{
    const char *name = name_in(wal, path);
    struct entry *entry = find(wal, name);
    bool never_made = entry != NULL && !entry->shown && !entry->replace;
    size_t at;

    if (wal->failed)
        return failed_before(wal, err);
    add_op(wal, WAL_REMOVE, name, NULL, 0, &at);
    if (note_directory(wal, name) != 0) {
        errbuf_oom(err, "write-ahead log", strlen(name));
        return fail(wal, err);
    }
    if (entry != NULL)
        forget(entry);
    return never_made ? 0 : fileio_remove(path, err);
}

/* --- syncing ------------------------------------------------------------------------------------------------------ */

static int begin_file(struct wal *wal, struct errbuf *err)
{
    int64_t number = wal->now.number + 1;
    char *path = log_path(wal, number, err);
    struct fileio_log *log = path == NULL ? NULL : fileio_log_create(path, err);

    free(path);
    if (log == NULL)
        return -1;
    wal->oldest = wal->before;
    wal->before = wal->now;
    wal->now = (struct log_file){.log = log, .number = number};
    return 0;
}

static int write_group(struct wal *wal, struct errbuf *err)
{
    struct log_file *file = &wal->now;
    struct buf *group = &wal->group;
    off_t base;

    if ((file->log == NULL || fileio_log_size(file->log) >= FILE_BYTES || file->entries >= FILE_ENTRIES) &&
        begin_file(wal, err) != 0)
        return -1;
    wal_group_end(group, wal->group_number);
    if (group->failed)
        return errbuf_oom(err, "write-ahead log", group->len);
    base = fileio_log_size(file->log);
    if (base == 0) { /* the title goes with the first group: no sync of its own */
        buf_reset(&wal->bytes);
        buf_append_text(&wal->bytes, WAL_TITLE);
        base = (off_t)wal->bytes.len;
        buf_append(&wal->bytes, group->data, group->len);
        if (wal->bytes.failed)
            return errbuf_oom(err, "write-ahead log", group->len);
        group = &wal->bytes;
    }
    if (fileio_log_append(file->log, group->data, group->len, err) != 0)
        return -1;
    wal->group_number++;
    for (size_t i = wal->nentries; i > 0 && !wal->entries[i - 1].synced; i--) {
        struct entry *entry = &wal->entries[i - 1];
        entry->synced = true;
        entry->file = file->number;
        entry->at += base;
        file->entries++;
    }
    /* Not before the group is durable: what it says anew of a name is what the old file's word of it gives way to. */
    return give_up(wal, &wal->oldest, err);
}

int wal_sync(struct wal *wal, struct errbuf *err)
{
    if (wal->failed)
        return failed_before(wal, err);
    if (!wal->has_puts)
        return 0;
    if (write_group(wal, err) != 0)
        return fail(wal, err);
    wal_group_begin(&wal->group);
    wal->has_puts = false;
    return 0;
}

int wal_show(struct wal *wal, bool now, struct errbuf *err)
{
    if (wal->failed)
        return failed_before(wal, err);
    if (wal->showing == 0) {
        if (!now && clock_monotonic_us() - wal->shown_us < wal->show_cost_us * SHOW_ONE_IN)
            return 0;
        wal->show_cost_us = 0;
    }
    if (now || wal->showing == 0)
        wal->showing = wal->serial;
    return show_some(wal, now ? SIZE_MAX : SHOW_FILES, err) == 0 ? 0 : fail(wal, err);
}

int wal_settle(struct wal *wal, struct errbuf *err)
{
    if (wal_sync(wal, err) != 0)
        return -1;
    if (wal->now.log == NULL)
        return 0;
    if (give_up(wal, &wal->before, err) != 0 || give_up(wal, &wal->now, err) != 0)
        return fail(wal, err);
    wal_group_begin(&wal->group); /* removals, done long since */
    return 0;
}
