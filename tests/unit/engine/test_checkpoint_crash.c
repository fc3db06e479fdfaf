/* What a crash of the process or of the system leaves of a checkpoint, at many moments of its batches: it opens, with
 * the last batch that was acknowledged or the one behind it, and none of an acknowledged plan or commit is lost. How
 * such directories are made: crash_disk.h; the log below is looked at more closely by test_wal_crash.c. */
#include "checkpoint_fixture.h"
#include "crash_disk.h"

#include "common/clock.h"
#include "common/log.h"

enum { RETAIN = 4 };

/* Where a start goes on. */
struct expected {
    int64_t next_batch;
    bool rerun;
};

static struct fixture *fixture;
static struct fixture crashed; /* dir: the image */
static struct disk disk;
static struct checkpoint *checkpoint;
static struct expected acked, pending;
static char id[64];
static int images;
static int every; /* one of so many moments is looked at */

static bool is(const struct checkpoint_position *position, struct expected expected)
{
    return position->next_batch == expected.next_batch && position->rerun == expected.rerun;
}

static void check_offsets(const struct offset_list *list, int64_t end)
{
    char json[64];

    snprintf(json, sizeof(json), "{\"sf.crimes\":{\"0\":%" PRId64 "}}", end);
    assert_offsets(list, json);
}

static void check_nothing_left(const char *when)
{
    struct errbuf err;
    char path[160], **names;
    size_t n;

    for (int dir = 0; dir < DISK_DIRS; dir++) {
        path_of(&crashed, disk_dirs[dir], path);
        assert_int_equal(fileio_list(path, &names, &n, &err), 0);
        for (size_t i = 0; i < n; i++)
            if (names[i][0] == '.' || strncmp(names[i], "wal.", 4) == 0)
                fail_msg("%s: %s/%s is left", when, path, names[i]);
        fileio_free_names(names, n);
    }
}

static void check_image(enum disk_crash crash, const char *call, const char *path)
{
    char when[256];

    disk_recording = NULL;
    disk_image(&disk, crash, crashed.dir);
    snprintf(when, sizeof(when), "call %d (%s %s), %s", disk.calls, call, path, disk_crash_names[crash]);
    for (int time = 0; time < 2; time++) {
        struct checkpoint *opened = checkpoint_open(crashed.dir, &fixture->identity, &crashed.err);
        if (opened == NULL)
            fail_msg("%s: %s", when, crashed.err.text);
        const struct checkpoint_position *position = checkpoint_position(opened);
        if (!is(position, acked) && !is(position, pending))
            fail_msg("%s: batch %" PRId64 "%s, wanted %" PRId64 "%s or %" PRId64 "%s", when, position->next_batch,
                     position->rerun ? " again" : "", acked.next_batch, acked.rerun ? " again" : "", pending.next_batch,
                     pending.rerun ? " again" : "");
        check_offsets(&position->start, position->next_batch * 5);
        if (position->rerun)
            check_offsets(&position->plan.end, position->next_batch * 5 + 5);
        assert_int_equal(position->watermark_ms, position->next_batch * 1000);
        assert_string_equal(checkpoint_id(opened), id);
        check_nothing_left(when);
        checkpoint_close(opened, false);
    }
    assert_int_equal(fileio_remove_tree(crashed.dir, &crashed.err), 0);
    images++;
    disk_recording = &disk;
}

static void happened(struct disk *of, const char *call, const char *path)
{
    (void)of;
    if (disk_random((uint64_t)every) == 0 || (strncmp(path, "wal.", 4) == 0 && disk_random(3) == 0))
        check_image((enum disk_crash)disk_random(DISK_CRASHES), call, path);
}

static void ok(int result)
{
    if (result != 0)
        fail_msg("%s", fixture->err.text);
}

static void sync_it(void)
{
    ok(checkpoint_sync(checkpoint, &fixture->err));
    acked = pending;
}

static void batch(int64_t n)
{
    bool planned = acked.next_batch == n && acked.rerun;

    if (!planned) {
        write_plan(fixture, checkpoint, n);
        pending = (struct expected){n, true};
    }
    sync_it();
    write_commit(fixture, checkpoint, n);
    pending = (struct expected){n + 1, false};
    if (disk_random(2) == 0)
        sync_it();
    if (disk_random(3) == 0)
        ok(checkpoint_show(checkpoint, disk_random(2) == 0, &fixture->err));
    checkpoint_purge(checkpoint, n, RETAIN);
    clock_fake(1546300800000 + n, n * 20000);
}

/* After a kill: what was not synced is lost. */
static int64_t open_again(void)
{
    checkpoint_close(checkpoint, false);
    checkpoint = open_it(fixture);
    const struct checkpoint_position *position = checkpoint_position(checkpoint);
    assert_true(is(position, acked));
    pending = acked;
    return position->next_batch;
}

static void checkpoint_lives(void **state)
{
    int64_t n = 0;

    (void)state;
    checkpoint = open_it(fixture);
    initial(fixture, checkpoint);
    snprintf(id, sizeof(id), "%s", checkpoint_id(checkpoint));
    disk_load(&disk, fixture->dir, happened);
    disk_recording = &disk;
    acked = pending = (struct expected){0, false};
    for (int life = 0; life < 6; life++) {
        /* The third fills more than two files of the log. */
        for (int64_t until = n + (life == 2 ? 1200 : 12); n < until; n++)
            batch(n);
        if (life % 2 == 0) {
            write_plan(fixture, checkpoint, n);
            pending = (struct expected){n, true};
            if (life == 4) {
                ok(checkpoint_settle(checkpoint, &fixture->err));
                acked = pending;
            }
        } else {
            ok(checkpoint_settle(checkpoint, &fixture->err));
            acked = pending;
        }
        n = open_again();
    }
    checkpoint_close(checkpoint, false);
    disk_recording = NULL;
    disk_release(&disk);
    print_message("%" PRId64 " batches, %d calls, %d images\n", n, disk.calls, images);
}

static int set_up(void **state)
{
    if (setup(state) != 0)
        return -1;
    fixture = *state;
    /* in memory, if it can be: they are many */
    snprintf(crashed.root, sizeof(crashed.root), "%s/sf-crash-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(crashed.root) == NULL)
        return -1;
    snprintf(crashed.dir, sizeof(crashed.dir), "%s/image", crashed.root);
    return 0;
}

static int tear_down(void **state)
{
    disk_recording = NULL;
    clock_real();
    int result = fileio_remove_tree(crashed.root, &fixture->err);
    return teardown(state) == 0 ? result : -1;
}

int main(void)
{
    const char *seed = getenv("SF_SEED"), *sample = getenv("SF_EVERY");
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(checkpoint_lives, set_up, tear_down)};

    if (seed != NULL)
        disk_seed = strtoull(seed, NULL, 10);
    every = sample != NULL ? atoi(sample) : 30;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
