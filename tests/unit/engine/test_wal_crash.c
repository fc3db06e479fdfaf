/* What a crash of the process or of the system leaves at any moment of a log's life, of its end and of a recovery:
 * hundreds of such directories are made and opened. Each must hold the last acknowledged state, or a later one, and
 * nothing else. SF_SEED=n, SF_EVERY=n (one of so many moments is looked at; default 100) for a longer search. */
#include "checkpoint_fixture.h"
#include "crash_disk.h"

#include "../../../src/engine/wal_internal.h"

#include "common/clock.h"
#include "common/log.h"

enum { OFFSETS, COMMITS, DELTA, KINDS };
enum { MAX_N = 4000, RETAIN = 8, LARGE = 300 << 10 /* is not written through the log */, LOG_ENTRIES = 1024 };

/* What is put is known by a number, from which its bytes follow. */
static uint32_t sizes[3 * MAX_N];
static int nputs;

/* Numbers of what a name holds, 0 nothing: in the last acknowledged state, and with all that was asked for since. */
struct file {
    int acked, pending;
    bool loose; /* each by itself may be as acked or as pending: removals, large files */
};
static struct file files[KINDS][MAX_N];
static int found[KINDS][MAX_N];

static struct fixture *fixture;
static struct wal *wal;
static struct disk disk;
static char images_root[64], image[80], image_of_image[80];
static int images, nested_images, rotations, every;
static bool puts_pending;          /* the next sync is one */
static bool rotated;               /* since the last sync */
static bool settled;               /* nothing is left to a recovery */
static bool look_closely;          /* at each moment, not at a sample */
static int entries, group_entries; /* of the log's newest file, and to come with the next sync */

/* --- what must be there ------------------------------------------------------------------------------------------- */

static void content(int number, struct buf *out)
{
    uint64_t word = (uint64_t)number * 0x9e3779b97f4a7c15u;

    buf_reset(out);
    buf_append(out, &number, sizeof(number));
    while (out->len < sizes[number]) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        buf_append(out, &word, sizeof(word));
    }
    assert_false(out->failed);
}

static bool is_temp(const char *name)
{
    return name[0] == '.' && strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".tmp") == 0;
}

/* What stands in root goes to `found`; false (a reason printed): a damaged file, a log. */
static bool scan(const char *root)
{
    static struct buf bytes = BUF_INIT, right = BUF_INIT;
    bool fine = true;
    char path[256];

    memset(found, 0, sizeof(found));
    for (int kind = -1; kind < KINDS; kind++) {
        char **names;
        size_t n;
        snprintf(path, sizeof(path), "%s/%s", root, disk_dirs[kind + 1]);
        assert_int_equal(fileio_list(path, &names, &n, &fixture->err), 0);
        for (size_t i = 0; i < n; i++) {
            int number = 0;
            if (is_temp(names[i]) || (kind < 0 && strncmp(names[i], "wal.", 4) != 0))
                continue;
            snprintf(path, sizeof(path), "%s/%s%s%s", root, disk_dirs[kind + 1], kind < 0 ? "" : "/", names[i]);
            buf_reset(&bytes);
            assert_int_equal(fileio_read(path, 16 << 20, &bytes, NULL, &fixture->err), 0);
            if (kind >= 0 && bytes.len >= sizeof(number))
                memcpy(&number, bytes.data, sizeof(number));
            if (number > 0 && number <= nputs)
                content(number, &right);
            if (number <= 0 || number > nputs || right.len != bytes.len ||
                memcmp(right.data, bytes.data, bytes.len) != 0) {
                print_error("%s (%zu bytes) is damaged or left over\n", path, bytes.len);
                fine = false;
                continue;
            }
            found[kind][atoi(names[i])] = number;
        }
        fileio_free_names(names, n);
    }
    return fine;
}

static bool matches(bool pending, bool explain)
{
    bool all = true;

    for (int kind = 0; kind < KINDS; kind++)
        for (int n = 0; n < MAX_N && (all || explain); n++) {
            const struct file *file = &files[kind][n];
            int is = found[kind][n], wanted = pending ? file->pending : file->acked;
            if (is == wanted || (file->loose && (is == file->acked || is == file->pending)))
                continue;
            all = false;
            if (explain) {
                print_error("  %s: %s/%d with %d, found %d\n", pending ? "or" : "wanted", disk_dirs[kind + 1], n,
                            wanted, is);
            }
        }
    return all;
}

/* --- crashes ------------------------------------------------------------------------------------------------------ */

static void clear(const char *root)
{
    assert_int_equal(fileio_remove_tree(root, &fixture->err), 0);
}

static void check_state(const char *root, const char *when)
{
    if (scan(root) && (matches(false, false) || matches(true, false)))
        return;
    matches(false, true);
    matches(true, true);
    fail_msg("%s", when);
}

static void open_again(const char *root, const char *when)
{
    struct wal *again = wal_open(root, &fixture->err);

    if (again == NULL)
        fail_msg("%s: %s", when, fixture->err.text);
    wal_close(again);
}

static void check_cut_recovery(struct disk *inner, enum disk_crash crash, const char *call, const char *path)
{
    char when[512];

    disk_recording = NULL;
    disk_image(inner, crash, image_of_image);
    snprintf(when, sizeof(when), "a recovery's call %d (%s %s), %s%s", inner->calls, call, path,
             disk_crash_names[crash], settled ? ", after its end" : "");
    if (!settled)
        open_again(image_of_image, when);
    check_state(image_of_image, when);
    clear(image_of_image);
    nested_images++;
    disk_recording = inner;
}

static void recovery_happened(struct disk *inner, const char *call, const char *path)
{
    bool log = strncmp(path, "wal.", 4) == 0;

    if (log || disk_random(24) == 0)
        check_cut_recovery(inner, (enum disk_crash)disk_random(DISK_CRASHES), call, path);
    for (int i = 0; i < 3 && log; i++)
        check_cut_recovery(inner, DISK_REORDERED, call, path);
}

/* A recovery that is itself cut short, anywhere. */
static void open_recorded(const char *root, const char *when)
{
    struct disk inner;
    bool was = settled;

    disk_load(&inner, root, recovery_happened);
    settled = false;
    disk_recording = &inner;
    open_again(root, when);
    settled = true;
    for (int crash = 0; crash < DISK_CRASHES; crash++)
        check_cut_recovery(&inner, (enum disk_crash)crash, "end", "");
    settled = was;
    disk_recording = NULL;
    disk_release(&inner);
}

static void check_image(enum disk_crash crash, const char *call, const char *path)
{
    struct disk *was = disk_recording;
    char when[512];

    disk_recording = NULL;
    disk_image(&disk, crash, image);
    snprintf(when, sizeof(when), "call %d (%s %s), %s%s, log %d", disk.calls, call, path, disk_crash_names[crash],
             settled ? ", settled" : "", rotations);
    if (!settled && disk_random(12) == 0)
        open_recorded(image, when);
    else if (!settled)
        open_again(image, when);
    check_state(image, when);
    open_again(image, when);
    clear(image);
    images++;
    disk_recording = was;
}

/* All kinds of crash, now. */
static void check_now(const char *call, const char *path)
{
    for (int crash = 0; crash < DISK_CRASHES; crash++)
        check_image((enum disk_crash)crash, call, path);
    for (int i = 0; i < 4; i++)
        check_image(DISK_REORDERED, call, path);
}

static void happened(struct disk *of, const char *call, const char *path)
{
    bool log = strncmp(path, "wal.", 4) == 0;

    (void)of;
    if (log && strcmp(call, "open") == 0) {
        rotations++;
        rotated = true;
    }
    if (log)
        check_now(call, path);
    else if (look_closely || disk_random((uint64_t)every) == 0)
        check_image((enum disk_crash)disk_random(DISK_CRASHES), call, path);
}

/* --- a life of the log -------------------------------------------------------------------------------------------- */

static void ok(int result)
{
    if (result != 0)
        fail_msg("%s", fixture->err.text);
}

static void path_to(int kind, int n, char path[160])
{
    snprintf(path, 160, "%s/%s/%d%s", disk.root, disk_dirs[kind + 1], n, kind == DELTA ? ".delta" : "");
}

static void acknowledge(bool removals_too)
{
    entries = rotated ? group_entries : entries + group_entries;
    group_entries = 0;
    rotated = false;
    for (int kind = 0; kind < KINDS; kind++)
        for (int n = 0; n < MAX_N; n++)
            if (files[kind][n].pending != 0 || removals_too)
                files[kind][n] = (struct file){files[kind][n].pending, files[kind][n].pending, false};
}

static void put(int kind, int n, size_t size)
{
    struct file *file = &files[kind][n];
    struct buf bytes = BUF_INIT;
    char path[160];

    settled = false;
    sizes[++nputs] = (uint32_t)size;
    content(nputs, &bytes);
    path_to(kind, n, path);
    file->pending = nputs;
    file->loose = size >= LARGE;
    look_closely = size >= LARGE && entries >= LOG_ENTRIES;
    ok(wal_put(wal, path, bytes.data, bytes.len, kind == DELTA, &fixture->err));
    look_closely = false;
    if (size >= LARGE) { /* with it, what was put before is durable; of itself an old one may come back */
        int old = file->acked;
        acknowledge(puts_pending);
        *file = (struct file){old, nputs, true};
    } else {
        group_entries++;
    }
    puts_pending = true;
    buf_release(&bytes);
}

static void purge(int n)
{
    char path[160];

    for (int kind = 0; kind < KINDS && n > 0; kind++) {
        if (files[kind][n].pending == 0)
            continue;
        settled = false;
        files[kind][n].pending = 0;
        files[kind][n].loose = true; /* at once, or not before the next sync */
        path_to(kind, n, path);
        ok(wal_remove(wal, path, &fixture->err));
    }
}

static void sync_it(void)
{
    look_closely = entries >= LOG_ENTRIES;
    ok(wal_sync(wal, &fixture->err));
    look_closely = false;
    if (puts_pending)
        acknowledge(true);
    puts_pending = false;
}

static void settle(void)
{
    look_closely = true;
    ok(wal_settle(wal, &fixture->err));
    look_closely = false;
    acknowledge(true);
    puts_pending = false;
    settled = true;
    check_now("settled", "");
}

static void open_it_again(void)
{
    look_closely = true;
    wal = wal_open(disk.root, &fixture->err);
    look_closely = false;
    if (wal == NULL)
        fail_msg("%s", fixture->err.text);
    check_state(disk.root, "after a kill");
    for (int kind = 0; kind < KINDS; kind++)
        for (int n = 0; n < MAX_N; n++)
            files[kind][n] = (struct file){found[kind][n], found[kind][n], false};
    puts_pending = false;
    settled = true;
    group_entries = 0;
    check_now("opened", "");
}

/* A new file of the log, whose first bytes are there up to any: zeros follow, or what is behind the title is garbage.
 * */
static void torn_at_every_byte(void **state)
{
    const size_t whole = strlen(WAL_TITLE) + 60;
    struct buf bytes = BUF_INIT;
    char path[160];

    (void)state;
    for (size_t n = 0; n < whole * 3; n++) {
        ok(fileio_make_dirs(image, &fixture->err));
        buf_reset(&bytes);
        buf_append_text(&bytes, WAL_TITLE);
        buf_append_fill(&bytes, 'x', 60);
        bytes.len = n / 3;
        if (n % 3 > 0 && bytes.len < strlen(WAL_TITLE))
            buf_append_fill(&bytes, '\0', strlen(WAL_TITLE) - bytes.len);
        if (n % 3 > 0)
            buf_append_fill(&bytes, n % 3 == 1 ? '\0' : '\xff', whole - bytes.len);
        snprintf(path, sizeof(path), "%s/wal.1", image);
        ok(fileio_place(path, bytes.data, bytes.len, true, &fixture->err));
        open_again(image, "a torn title");
        assert_int_equal(access(path, F_OK), -1);
    }
    buf_release(&bytes);
    clear(image);
}

/* What an old file of the log holds, anew in the group, or with the sync, that is the end of that file. */
static void put_old_one(void)
{
    static int last;

    if (entries < LOG_ENTRIES || rotations % 2 != 0 || rotations == last)
        return;
    last = rotations;
    put(DELTA, 0, rotations % 4 == 0 ? LARGE : 50);
}

static void batch(int n)
{
    put(OFFSETS, n, 100 + disk_random(300));
    put_old_one();
    put(DELTA, n, disk_random(40) == 0 ? LARGE : 20 + disk_random(3000));
    sync_it();
    if (disk_random(30) == 0) { /* a batch that is run again */
        put(DELTA, n, disk_random(2) == 0 ? LARGE : 500);
        put_old_one();
        sync_it();
    }
    put(COMMITS, n, 80);
    put_old_one();
    if (disk_random(3) == 0)
        sync_it();
    if (disk_random(4) == 0)
        ok(wal_show(wal, disk_random(8) == 0, &fixture->err));
    purge(n - RETAIN);
    clock_fake(1546300800000, n * 20000);
}

static void wal_lives(void **state)
{
    int n = 1;

    (void)state;
    for (int dir = 0; dir < DISK_DIRS; dir++) {
        char path[160];
        snprintf(path, sizeof(path), "%s/%s", fixture->dir, disk_dirs[dir]);
        ok(fileio_make_dirs(path, &fixture->err));
    }
    wal = wal_open(fixture->dir, &fixture->err);
    assert_non_null(wal);
    disk_load(&disk, fixture->dir, happened);
    disk_recording = &disk;
    put(DELTA, 0, 60);
    while (rotations < 6)
        batch(n++);
    put(OFFSETS, n, 100); /* killed, and this was not synced */
    wal_close(wal);
    open_it_again();
    for (int i = 0; i < 30; i++)
        batch(n++);
    sync_it();
    purge(n - RETAIN - 1);
    settle();
    for (int until = rotations + 3; rotations < until;)
        batch(n++);
    settle();
    wal_close(wal);
    open_it_again();
    for (int i = 0; i < 20; i++)
        batch(n++);
    wal_close(wal);
    open_it_again();
    settle();
    wal_close(wal);
    disk_recording = NULL;
    disk_release(&disk);
    print_message("%d batches, %d calls, %d log files: %d images, %d of their recoveries\n", n, disk.calls, rotations,
                  images, nested_images);
}

/* --- the checkpoint ----------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    if (setup(state) != 0)
        return -1;
    fixture = *state;
    /* in memory, if it can be: they are many */
    snprintf(images_root, sizeof(images_root), "%s/sf-crash-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(images_root) == NULL)
        return -1;
    snprintf(image, sizeof(image), "%s/image", images_root);
    snprintf(image_of_image, sizeof(image_of_image), "%s/again", images_root);
    return 0;
}

static int tear_down(void **state)
{
    disk_recording = NULL;
    clock_real();
    int result = fileio_remove_tree(images_root, &fixture->err);
    return teardown(state) == 0 ? result : -1;
}

int main(void)
{
    const char *seed = getenv("SF_SEED"), *sample = getenv("SF_EVERY");
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(torn_at_every_byte, set_up, tear_down),
                                       cmocka_unit_test_setup_teardown(wal_lives, set_up, tear_down)};

    if (seed != NULL)
        disk_seed = strtoull(seed, NULL, 10);
    every = sample != NULL ? atoi(sample) : 100;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
