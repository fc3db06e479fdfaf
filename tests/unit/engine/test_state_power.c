/* A history was given up (a plan deleted by hand), and one of its snapshots lies where the new one writes. The system
 * crashes when the new version is durable: a name that was removed is back, unless its directory was synced since. */
#include "state_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* --- the calls, before the C library's ---------------------------------------------------------------------------- */

static char removed[160]; /* a snapshot; "": none, or durably */
static char kept[160];    /* its second name */

int unlink(const char *path)
{
    const char *end = strrchr(path, '.');

    if (end != NULL && strcmp(end, ".snapshot") == 0) {
        snprintf(removed, sizeof(removed), "%s", path);
        snprintf(kept, sizeof(kept), "%s.kept", path);
        (void)syscall(SYS_unlinkat, AT_FDCWD, kept, 0);
        return (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, kept, 0);
    }
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int fsync(int fd)
{
    struct stat of, root;
    char dir[160];

    snprintf(dir, sizeof(dir), "%s", removed);
    if (dir[0] != '\0')
        *strrchr(dir, '/') = '\0';
    if (fstat(fd, &of) == 0 && stat(dir, &root) == 0 && of.st_dev == root.st_dev && of.st_ino == root.st_ino)
        removed[0] = '\0';
    return 0;
}

static void crash(struct fixture *fixture)
{
    wal_close(fixture->wal);
    if (removed[0] != '\0')
        assert_int_equal(syscall(SYS_renameat2, AT_FDCWD, kept, AT_FDCWD, removed, 0), 0);
    removed[0] = '\0';
    fixture->wal = wal_open(fixture->dir, &fixture->err);
    assert_non_null(fixture->wal);
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

/* Beside the log, not among its files: making one of these syncs their directory. */
static struct state *open_below(struct fixture *fixture, int64_t version, int interval)
{
    char dir[128];

    path_in(fixture, "0", dir);
    struct state *state = state_open(fixture->wal, dir, fixture->layout, version, interval, &fixture->err);
    if (state == NULL)
        fail_msg("version %" PRId64 ": %s", version, fixture->err.text);
    return state;
}

static void test_stale_snapshot(void **cmocka)
{
    struct fixture *fixture = *cmocka;
    struct state *state = open_below(fixture, 0, 2);

    for (int64_t version = 1; version <= 2; version++) {
        state_begin(state);
        merge(fixture, state, ROWS("a|1|1|old"), NOT_LATE);
        commit(fixture, state, version);
    }
    state_close(state);

    state = open_below(fixture, 1, 10);
    state_begin(state);
    merge(fixture, state, ROWS("a|1|1|new", "a|1|1|new"), NOT_LATE);
    assert_int_equal(state_commit(state, 2, &fixture->err), 0);
    assert_int_equal(wal_sync(fixture->wal, &fixture->err), 0);
    state_close(state);
    crash(fixture);

    state = open_below(fixture, 2, 10);
    assert_listing(state, state_all, "a|1|3|3|old\n");
    state_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_stale_snapshot, setup, teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
