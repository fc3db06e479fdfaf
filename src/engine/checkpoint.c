/* The directory and what a start finds in it.
 *
 *   lock          flock for the life of the process
 *   metadata      {"id":"<uuid>"}, Spark's
 *   sfcrime.json  whose it is: query id, fingerprint, cluster, checksum of sources/0/0
 *   sources/0/0   initial offsets
 *   offsets/N     plan of batch N
 *   commits/N     batch N is done
 *   state/0/0     engine/state.h
 *   wal.N         while a process runs and after a crash: engine/wal.h, of the three before
 *
 * Recovery follows Spark 4.0.0 (MicroBatchExecution.populateStartOffsets), with L the newest plan and C the newest
 * commit: C == L goes on behind L; anything else runs L again. Where Spark looks at the newest files only, all of them
 * are checked here: a directory that lost or garbled a file has a history that nobody should build on. */
#include "checkpoint_internal.h"

#include "common/clock.h"
#include "common/crc32c.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOGGER CHECKPOINT_LOGGER
#define FROM_SCRATCH CHECKPOINT_FROM_SCRATCH

/* --- small helpers ----------------------------------------------------------------------------------------------- */

static int add_id(struct checkpoint_ids *ids, int64_t id)
{
    if (ids->n == ids->cap) {
        size_t cap = ids->cap == 0 ? 128 : ids->cap * 2;
        int64_t *grown = reallocarray(ids->items, cap, sizeof(*grown));
        if (grown == NULL)
            return -1;
        ids->items = grown;
        ids->cap = cap;
    }
    ids->items[ids->n++] = id;
    return 0;
}

static int64_t newest(const struct checkpoint_ids *ids)
{
    return ids->n == 0 ? -1 : ids->items[ids->n - 1];
}

static char *path_of_id(const struct checkpoint *checkpoint, const char *folder, int64_t id)
{
    char *path;

    return asprintf(&path, "%s/%s/%" PRId64, checkpoint->dir, folder, id) < 0 ? NULL : path;
}

/* --- names in the directory -------------------------------------------------------------------------------------- */

/* "0", "12": a batch id as we write it; -1 for every other name, which is then not ours. */
static int64_t id_of(const char *name)
{
    char *end;

    if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1] != '\0'))
        return -1;
    errno = 0;
    long long id = strtoll(name, &end, 10);
    return errno == 0 && *end == '\0' ? (int64_t)id : -1;
}

static int ascending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static int list_ids(const struct checkpoint *checkpoint, const char *folder, struct checkpoint_ids *ids,
                    struct errbuf *err)
{
    char *path = checkpoint_file_path(checkpoint->dir, folder);
    char **names;
    size_t n;
    int result = 0;

    if (path == NULL)
        return errbuf_oom(err, folder, 0);
    result = fileio_list(path, &names, &n, err);
    free(path);
    if (result != 0)
        return -1;
    for (size_t i = 0; i < n && result == 0; i++) {
        int64_t id = id_of(names[i]);
        if (id >= 0 && add_id(ids, id) != 0)
            result = errbuf_oom(err, folder, n);
    }
    fileio_free_names(names, n);
    if (ids->n > 1)
        qsort(ids->items, ids->n, sizeof(*ids->items), ascending);
    return result;
}

/* ".NAME.<16 hex digits>.tmp", as common/fileio makes them */
static bool is_temp(const char *name)
{
    size_t len = strlen(name);

    if (len < 1 + 1 + 1 + 16 + 4 || name[0] != '.' || strcmp(name + len - 4, ".tmp") != 0 || name[len - 21] != '.')
        return false;
    return strspn(name + len - 20, "0123456789abcdef") == 16;
}

static int remove_temps(const struct checkpoint *checkpoint, const char *folder, struct errbuf *err)
{
    char *dir = checkpoint_file_path(checkpoint->dir, folder);
    char **names;
    size_t n;
    int result;

    if (dir == NULL)
        return errbuf_oom(err, folder, 0);
    result = fileio_list(dir, &names, &n, err);
    if (result == 0) {
        for (size_t i = 0; i < n && result == 0; i++) {
            char *path;
            if (!is_temp(names[i]))
                continue;
            if (asprintf(&path, "%s/%s", dir, names[i]) < 0) {
                result = errbuf_oom(err, folder, 0);
                break;
            }
            result = fileio_remove(path, err);
            free(path);
        }
        fileio_free_names(names, n);
    }
    free(dir);
    return result;
}

static int make_folders(const struct checkpoint *checkpoint, struct errbuf *err)
{
    static const char *const folders[] = {"sources/0", "offsets", "commits", "state/0/0"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char *path = checkpoint_file_path(checkpoint->dir, folders[i]);
        if (path == NULL)
            return errbuf_oom(err, folders[i], 0);
        int result = fileio_make_dirs(path, err);
        free(path);
        if (result != 0 || remove_temps(checkpoint, folders[i], err) != 0)
            return -1;
    }
    return remove_temps(checkpoint, ".", err);
}

/* --- recovery ---------------------------------------------------------------------------------------------------- */

/* Check all commits; the newest goes to *last. */
static int read_commits(struct checkpoint *checkpoint, struct checkpoint_commit *last, struct errbuf *err)
{
    for (size_t i = 0; i < checkpoint->commits.n; i++) {
        char *path = path_of_id(checkpoint, "commits", checkpoint->commits.items[i]);
        if (path == NULL)
            return errbuf_oom(err, "commits", 0);
        read_marks_release(&last->read);
        int result = checkpoint_file_read_commit(path, last, err);
        free(path);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int missing_plan(const struct checkpoint *checkpoint, int64_t id, struct errbuf *err)
{
    return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                      "batch %" PRId64 " doesn't exist: %s/offsets/%" PRId64
                      " is missing, wanted every batch from %" PRId64 " to %" PRId64
                      "; restore the directory from a backup, or %s",
                      id, checkpoint->dir, id, checkpoint->plans.items[0], newest(&checkpoint->plans), FROM_SCRATCH);
}

/* Check all plans; the newest goes to *last, the one before to *previous (has: there is one). */
static int read_plans(struct checkpoint *checkpoint, struct checkpoint_plan *last, struct checkpoint_plan *previous,
                      struct errbuf *err)
{
    const struct checkpoint_ids *plans = &checkpoint->plans;

    if (plans->n == 1 && plans->items[0] > 0)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "batch %" PRId64 " doesn't exist: %s/offsets holds only %" PRId64
                          "; restore the directory from a backup, or %s",
                          plans->items[0] - 1, checkpoint->dir, plans->items[0], FROM_SCRATCH);
    for (size_t i = 0; i < plans->n; i++) {
        struct checkpoint_plan plan = {.batch_id = plans->items[i]};
        if (i > 0 && plans->items[i] != plans->items[i - 1] + 1)
            return missing_plan(checkpoint, plans->items[i - 1] + 1, err);
        char *path = path_of_id(checkpoint, "offsets", plan.batch_id);
        if (path == NULL)
            return errbuf_oom(err, "offsets", 0);
        int result = checkpoint_file_read_plan(path, &plan, err);
        free(path);
        if (result != 0)
            return -1;
        offset_list_release(&previous->end);
        *previous = *last;
        *last = plan;
    }
    return 0;
}

/* Moves the lists out of last, previous and commit into the position. */
static void place(struct checkpoint *checkpoint, struct checkpoint_plan *last, struct checkpoint_plan *previous,
                  struct checkpoint_commit *commit)
{
    struct checkpoint_position *position = &checkpoint->position;
    int64_t committed = newest(&checkpoint->commits);
    int64_t next_watermark_ms = commit->next_watermark_ms;

    /* Whatever the next batch is, it begins where this commit's batch ended. */
    if (committed == last->batch_id || committed == last->batch_id - 1) {
        position->read = commit->read;
        read_marks_init(&commit->read);
    }

    if (committed == last->batch_id) {
        position->next_batch = last->batch_id + 1;
        position->start = last->end;
        position->has_start = true;
        offset_list_init(&last->end);
        position->late_watermark_ms = last->watermark_ms;
        position->watermark_ms = next_watermark_ms > last->watermark_ms ? next_watermark_ms : last->watermark_ms;
        return;
    }
    if (committed > last->batch_id)
        log_warn(LOGGER,
                 "%s/commits/%" PRId64 " exists, but the newest plan is %" PRId64 ": offsets were lost; batch %" PRId64
                 " is run again",
                 checkpoint->dir, committed, last->batch_id, last->batch_id);
    else if (committed < last->batch_id - 1)
        log_warn(LOGGER,
                 "Batch completion log latest batch id is %" PRId64 ", which is not trailing batchid %" PRId64
                 " by one; batch %" PRId64 " is run again",
                 committed, last->batch_id, last->batch_id);
    position->next_batch = last->batch_id;
    position->rerun = true;
    position->plan = *last;
    offset_list_init(&last->end);
    position->watermark_ms = last->watermark_ms;
    if (last->batch_id > 0) {
        position->late_watermark_ms = previous->watermark_ms;
        offset_list_release(&position->start); /* the initial offsets are of no more use */
        position->start = previous->end;
        position->has_start = true;
        offset_list_init(&previous->end);
    }
}

static int recover(struct checkpoint *checkpoint, struct errbuf *err)
{
    struct checkpoint_position *position = &checkpoint->position;
    struct checkpoint_plan last = {.batch_id = -1}, previous = {.batch_id = -1};
    struct checkpoint_commit commit = {.next_watermark_ms = 0};
    bool missing = true;
    int result = -1;

    if (checkpoint->plans.n == 0 && checkpoint->commits.n > 0)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "%s/offsets is empty, but %s/commits/%" PRId64
                          " exists: the plans were lost; restore the directory from a backup, or %s",
                          checkpoint->dir, checkpoint->dir, newest(&checkpoint->commits), FROM_SCRATCH);
    if (read_commits(checkpoint, &commit, err) != 0 || read_plans(checkpoint, &last, &previous, err) != 0)
        goto done;
    position->fresh = checkpoint->plans.n == 0;
    if (newest(&checkpoint->plans) <= 0 && newest(&checkpoint->commits) != 0) {
        char *path = checkpoint_file_path(checkpoint->dir, "sources/0/0");
        if (path == NULL) {
            errbuf_oom(err, "sources/0/0", 0);
            goto done;
        }
        int read = checkpoint_file_read_initial(path, &checkpoint->owner, &position->start, &missing, err);
        free(path);
        if (read != 0)
            goto done;
        position->has_start = !missing;
    }
    if (!position->fresh)
        place(checkpoint, &last, &previous, &commit);
    result = 0;
done:
    read_marks_release(&commit.read);
    offset_list_release(&last.end);
    offset_list_release(&previous.end);
    return result;
}

/* --- open and close ---------------------------------------------------------------------------------------------- */

/* Without slashes at the end; "/" stays. */
static char *trimmed(const char *dir)
{
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/')
        len--;
    return strndup(dir, len);
}

static int lock_dir(const char *dir, struct errbuf *err)
{
    char *path;

    if (asprintf(&path, "%s/lock", dir) < 0)
        return errbuf_oom(err, "lock", strlen(dir));
    int fd = lifecycle_lock(path, err);
    free(path);
    return fd;
}

struct checkpoint *checkpoint_open(const char *dir, const struct checkpoint_identity *identity, struct errbuf *err)
{
    struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));

    if (checkpoint == NULL) {
        errbuf_oom(err, "checkpoint", sizeof(*checkpoint));
        return NULL;
    }
    checkpoint->lock_fd = -1;
    offset_list_init(&checkpoint->position.start);
    offset_list_init(&checkpoint->position.plan.end);
    checkpoint->dir = trimmed(dir);
    if (checkpoint->dir == NULL) {
        errbuf_oom(err, "checkpoint", strlen(dir));
        goto fail;
    }
    if (fileio_make_dirs(checkpoint->dir, err) != 0)
        goto fail;
    checkpoint->lock_fd = lock_dir(checkpoint->dir, err);
    if (checkpoint->lock_fd < 0)
        goto fail;
    if (make_folders(checkpoint, err) != 0 || (checkpoint->wal = wal_open(checkpoint->dir, err)) == NULL ||
        list_ids(checkpoint, "offsets", &checkpoint->plans, err) != 0 ||
        list_ids(checkpoint, "commits", &checkpoint->commits, err) != 0 ||
        checkpoint_owner_claim(checkpoint, identity, err) != 0 || recover(checkpoint, err) != 0)
        goto fail;
    return checkpoint;

fail:
    checkpoint_close(checkpoint, false);
    return NULL;
}

void checkpoint_close(struct checkpoint *checkpoint, bool remove)
{
    struct errbuf err;

    if (checkpoint == NULL)
        return;
    wal_close(checkpoint->wal);
    /* still under the lock, so that nobody loses a new one */
    if (remove && fileio_remove_tree(checkpoint->dir, &err) != 0)
        log_warn(LOGGER, "cannot remove the temporary checkpoint: %s", err.text);
    if (checkpoint->lock_fd >= 0)
        close(checkpoint->lock_fd);
    offset_list_release(&checkpoint->position.start);
    offset_list_release(&checkpoint->position.plan.end);
    read_marks_release(&checkpoint->position.read);
    checkpoint_file_release(&checkpoint->owner);
    free(checkpoint->plans.items);
    free(checkpoint->commits.items);
    free(checkpoint->dir);
    free(checkpoint);
}

/* 1: a checkpoint; 0: nothing there, or empty; -1 with err: it cannot be read, or it is something else. */
static int is_checkpoint(const char *dir, struct errbuf *err)
{
    struct stat st;
    char **names;
    size_t n;
    bool marked = false, ours = true;

    if (lstat(dir, &st) != 0 && errno == ENOENT)
        return 0;
    if (fileio_list(dir, &names, &n, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        marked = marked || strcmp(names[i], "metadata") == 0 || strcmp(names[i], "offsets") == 0 ||
                 strcmp(names[i], "sfcrime.json") == 0;
        ours = ours && (strcmp(names[i], "lock") == 0 || strcmp(names[i], "sources") == 0);
    }
    fileio_free_names(names, n);
    if (marked || n == 0)
        return marked;
    if (ours) /* a first start got no further than this (a full disk, a kill) */
        return 1;
    return errbuf_set(
        err, EXIT_CODE_CHECKPOINT,
        "%s is no checkpoint (neither metadata nor offsets nor sfcrime.json in it), so --from-scratch leaves "
        "it alone; name another directory",
        dir);
}

static int rename_aside(const char *dir, struct errbuf *err)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    char stamp[32] = "";
    struct tm tm;
    char *to;

    if (gmtime_r(&now, &tm) != NULL)
        strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
    /* several within a second get a number */
    for (int i = 1; i <= 100; i++) {
        int made = i == 1 ? asprintf(&to, "%s.old-%s", dir, stamp) : asprintf(&to, "%s.old-%s-%d", dir, stamp, i);
        if (made < 0)
            return errbuf_oom(err, "path", strlen(dir));
        int result = fileio_rename(dir, to, err);
        bool taken = result != 0 && strcmp(err->condition, "EXISTS") == 0;
        if (result == 0)
            log_info(LOGGER, "moved the old checkpoint %s to %s", dir, to);
        free(to);
        if (!taken)
            return result;
    }
    return -1;
}

int checkpoint_move_aside(const char *dir, struct errbuf *err)
{
    char *path = trimmed(dir);
    int result;

    if (path == NULL)
        return errbuf_oom(err, "path", strlen(dir));
    result = is_checkpoint(path, err);
    if (result > 0) {
        int fd = lock_dir(path, err);
        result = fd < 0 ? -1 : rename_aside(path, err);
        if (fd >= 0)
            close(fd);
    }
    free(path);
    return result;
}

const char *checkpoint_id(const struct checkpoint *checkpoint)
{
    return checkpoint->owner.id;
}

struct wal *checkpoint_wal(const struct checkpoint *checkpoint)
{
    return checkpoint->wal;
}

const char *checkpoint_dir(const struct checkpoint *checkpoint)
{
    return checkpoint->dir;
}

const struct checkpoint_position *checkpoint_position(const struct checkpoint *checkpoint)
{
    return &checkpoint->position;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

int checkpoint_write_initial(struct checkpoint *checkpoint, const struct offset_list *initial, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    int result;

    checkpoint_file_initial(initial, &text);
    if (text.failed) {
        buf_release(&text);
        return errbuf_oom(err, "sources/0/0", 0);
    }
    /* The checksum first: a file whose checksum is known but that is not there is no harm. */
    checkpoint->owner.has_initial = true;
    checkpoint->owner.initial_crc = crc32c_update(0, text.data, text.len);
    result = checkpoint_owner_write(checkpoint, err);
    if (result == 0)
        result = checkpoint_file_write(checkpoint->dir, "sources/0/0", &text, err);
    buf_release(&text);
    return result;
}

static int write_log(struct checkpoint *checkpoint, const char *folder, struct checkpoint_ids *ids, int64_t batch_id,
                     const struct buf *text, struct errbuf *err)
{
    char *path = path_of_id(checkpoint, folder, batch_id);

    if (path == NULL || text->failed) {
        free(path);
        return errbuf_oom(err, folder, text->len);
    }
    int result = wal_put(checkpoint->wal, path, text->data, text->len, false, err);
    free(path);
    if (result != 0 && strcmp(err->condition, "EXISTS") == 0) {
        errbuf_condition(
            err, "CONCURRENT_STREAM_LOG_UPDATE", "40000",
            "Concurrent update to the log. Multiple streaming jobs detected "
            "for %" PRId64 ". Please make sure only one streaming job runs on a specific checkpoint location "
            "at a time. (%s/%s/%" PRId64 " exists already, from a batch whose plan was lost; restore the directory "
            "from a backup, or " FROM_SCRATCH ")",
            batch_id, checkpoint->dir, folder, batch_id);
        err->exit_code = EXIT_CODE_CHECKPOINT;
    }
    if (result != 0)
        return -1;
    return add_id(ids, batch_id) != 0 ? errbuf_oom(err, folder, ids->n * sizeof(*ids->items)) : 0;
}

int checkpoint_write_plan(struct checkpoint *checkpoint, const struct checkpoint_plan *plan, struct errbuf *err)
{
    struct buf text = BUF_INIT;

    checkpoint_file_plan(plan, &text);
    int result = write_log(checkpoint, "offsets", &checkpoint->plans, plan->batch_id, &text, err);
    buf_release(&text);
    return result;
}

int checkpoint_write_commit(struct checkpoint *checkpoint, int64_t batch_id, const struct checkpoint_commit *commit,
                            struct errbuf *err)
{
    struct buf text = BUF_INIT;

    checkpoint_file_commit(commit, &text);
    int result = write_log(checkpoint, "commits", &checkpoint->commits, batch_id, &text, err);
    buf_release(&text);
    return result;
}

int checkpoint_sync(struct checkpoint *checkpoint, struct errbuf *err)
{
    return wal_sync(checkpoint->wal, err);
}

int checkpoint_show(struct checkpoint *checkpoint, bool now, struct errbuf *err)
{
    return wal_show(checkpoint->wal, now, err);
}

int checkpoint_settle(struct checkpoint *checkpoint, struct errbuf *err)
{
    return wal_settle(checkpoint->wal, err);
}

static void purge(const struct checkpoint *checkpoint, const char *folder, struct checkpoint_ids *ids, int64_t below)
{
    struct errbuf err;
    size_t gone = 0;

    while (gone < ids->n && ids->items[gone] < below) {
        char *path = path_of_id(checkpoint, folder, ids->items[gone]);
        if (path == NULL)
            break;
        int result = wal_remove(checkpoint->wal, path, &err);
        free(path);
        if (result != 0) {
            log_warn(LOGGER, "%s", err.text);
            break; /* keep the order: what stays must have no gap */
        }
        gone++;
    }
    if (gone == 0)
        return;
    ids->n -= gone;
    memmove(ids->items, ids->items + gone, ids->n * sizeof(*ids->items));
}

void checkpoint_purge(struct checkpoint *checkpoint, int64_t batch_id, int64_t retain)
{
    purge(checkpoint, "offsets", &checkpoint->plans, batch_id - retain);
    purge(checkpoint, "commits", &checkpoint->commits, batch_id - retain);
}
