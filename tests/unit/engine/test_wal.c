/* What the write-ahead log promises while nothing crashes, and what it refuses. Crashes: test_wal_crash.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/engine/wal_internal.h"

#include "common/fileio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char root[64];
    struct wal *wal;
    struct errbuf err;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char path[80];

    if (fixture == NULL)
        return -1;
    snprintf(fixture->root, sizeof(fixture->root), "/tmp/sf-wal-XXXXXX");
    if (mkdtemp(fixture->root) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/d", fixture->root);
    *state = fixture;
    return mkdir(path, 0700) == 0 && (fixture->wal = wal_open(fixture->root, &fixture->err)) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_close(fixture->wal);
    int result = fileio_remove_tree(fixture->root, &fixture->err);
    free(fixture);
    return result;
}

/* --- helpers ------------------------------------------------------------------------------------------------------ */

static const char *path_of(const struct fixture *fixture, const char *name)
{
    static char path[160];

    snprintf(path, sizeof(path), "%s/%s", fixture->root, name);
    return path;
}

static int put(struct fixture *fixture, const char *name, const char *text, bool replace)
{
    errbuf_clear(&fixture->err);
    return wal_put(fixture->wal, path_of(fixture, name), text, strlen(text), replace, &fixture->err);
}

static void sync_it(struct fixture *fixture)
{
    if (wal_sync(fixture->wal, &fixture->err) != 0)
        fail_msg("%s", fixture->err.text);
}

/* text NULL: there is no such file. */
static void holds(const struct fixture *fixture, const char *name, const char *text)
{
    struct buf got = BUF_INIT;
    struct errbuf err;
    bool missing;
    int result = fileio_read(path_of(fixture, name), 1 << 24, &got, &missing, &err);

    if (text == NULL && !missing)
        fail_msg("%s is there", name);
    if (text != NULL && (result != 0 || got.len != strlen(text) || memcmp(got.data, text, got.len) != 0))
        fail_msg("%s: %s, wanted %.40s", name, result != 0 ? err.text : "another text", text);
    buf_release(&got);
}

/* Without a clean end: as the system finds it after a kill. */
static void open_again(struct fixture *fixture)
{
    wal_close(fixture->wal);
    fixture->wal = wal_open(fixture->root, &fixture->err);
    if (fixture->wal == NULL)
        fail_msg("%s", fixture->err.text);
}

static void refuses(struct fixture *fixture, const char *words)
{
    wal_close(fixture->wal);
    fixture->wal = wal_open(fixture->root, &fixture->err);
    if (fixture->wal != NULL)
        fail_msg("accepted, wanted: %s", words);
    assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
    if (strstr(fixture->err.text, words) == NULL || strstr(fixture->err.text, fixture->root) == NULL)
        fail_msg("wanted \"%s\" in: %s", words, fixture->err.text);
}

static void read_log(const struct fixture *fixture, const char *name, struct buf *out)
{
    struct errbuf err;

    buf_init(out);
    assert_int_equal(fileio_read(path_of(fixture, name), 1 << 24, out, NULL, &err), 0);
}

static void write_log(const struct fixture *fixture, const char *name, const char *data, size_t len)
{
    struct errbuf err;

    assert_int_equal(fileio_place(path_of(fixture, name), data, len, true, &err), 0);
}

/* --- in use ------------------------------------------------------------------------------------------------------- */

static void test_steps(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(wal_settle(fixture->wal, &fixture->err), 0); /* nothing was put: nothing is made */
    holds(fixture, "wal.1", NULL);
    assert_int_equal(put(fixture, "a", "first", false), 0);
    assert_int_equal(put(fixture, "d/b", "", true), 0);
    holds(fixture, "a", NULL);
    assert_int_equal(wal_show(fixture->wal, true, &fixture->err), 0);
    holds(fixture, "a", NULL); /* it is not durable yet */
    sync_it(fixture);
    holds(fixture, "a", NULL);
    assert_int_equal(wal_show(fixture->wal, true, &fixture->err), 0);
    holds(fixture, "a", "first");
    holds(fixture, "d/b", "");
    assert_int_equal(put(fixture, "d/b", "second", true), 0);
    sync_it(fixture);
    holds(fixture, "d/b", "");
    assert_int_equal(wal_settle(fixture->wal, &fixture->err), 0);
    holds(fixture, "d/b", "second");
    holds(fixture, "wal.1", NULL);
    /* and goes on with another one */
    assert_int_equal(put(fixture, "c", "third", false), 0);
    sync_it(fixture);
    assert_int_equal(access(path_of(fixture, "wal.2"), F_OK), 0);
    assert_int_equal(wal_settle(fixture->wal, &fixture->err), 0);
    holds(fixture, "c", "third");
    holds(fixture, "wal.2", NULL);
}

static void test_exists(void **state)
{
    struct fixture *fixture = *state;

    write_log(fixture, "a", "foreign", 7);
    assert_int_equal(put(fixture, "a", "mine", false), -1);
    assert_string_equal(fixture->err.condition, "EXISTS");
    assert_int_equal(put(fixture, "a", "mine", true), 0); /* that was no failure of the log */
    assert_int_equal(put(fixture, "b", "1", false), 0);
    assert_int_equal(put(fixture, "b", "2", false), -1); /* not in its place yet, and there all the same */
    assert_string_equal(fixture->err.condition, "EXISTS");
    sync_it(fixture);
    write_log(fixture, "b", "foreign", 7); /* somebody else, later */
    assert_int_equal(wal_show(fixture->wal, true, &fixture->err), -1);
    assert_string_equal(fixture->err.condition, "EXISTS");
    assert_int_equal(put(fixture, "c", "3", false), -1); /* this one is final */
    holds(fixture, "a", "mine");
}

static void test_removed(void **state)
{
    struct fixture *fixture = *state;

    write_log(fixture, "old", "x", 1);
    assert_int_equal(wal_remove(fixture->wal, path_of(fixture, "old"), &fixture->err), 0);
    assert_int_equal(wal_remove(fixture->wal, path_of(fixture, "never"), &fixture->err), 0);
    holds(fixture, "old", NULL);
    assert_int_equal(put(fixture, "a", "1", false), 0);
    sync_it(fixture);
    assert_int_equal(wal_remove(fixture->wal, path_of(fixture, "a"), &fixture->err), 0);
    assert_int_equal(put(fixture, "b", "2", false), 0);
    sync_it(fixture);
    assert_int_equal(wal_show(fixture->wal, true, &fixture->err), 0);
    holds(fixture, "a", NULL);
    holds(fixture, "b", "2");
    assert_int_equal(wal_remove(fixture->wal, path_of(fixture, "b"), &fixture->err), 0);
    holds(fixture, "b", NULL);
    assert_int_equal(put(fixture, "b", "again", false), 0);
    sync_it(fixture);
    open_again(fixture);
    holds(fixture, "a", NULL);
    holds(fixture, "b", "again");
}

/* What is too large for the log has its own durable file at once, and the log does not undo it. */
static void test_large(void **state)
{
    struct fixture *fixture = *state;
    size_t len = 1 << 20;
    char *large = malloc(len + 1);

    assert_non_null(large);
    memset(large, 'x', len);
    large[len] = '\0';
    assert_int_equal(put(fixture, "a", "small", true), 0);
    assert_int_equal(put(fixture, "before", "1", true), 0);
    assert_int_equal(put(fixture, "a", large, true), 0);
    holds(fixture, "a", large);
    struct stat st;
    assert_int_equal(stat(path_of(fixture, "wal.1"), &st), 0); /* what was put before it is durable before it */
    assert_true(st.st_size < 1000);
    assert_int_equal(put(fixture, "a", large, false), -1);
    assert_string_equal(fixture->err.condition, "EXISTS");
    sync_it(fixture);
    open_again(fixture);
    holds(fixture, "a", large);
    holds(fixture, "before", "1");
    free(large);
}

/* Some at a time, in their order; and the second turn comes later than at once. */
static void test_show_takes_its_time(void **state)
{
    struct fixture *fixture = *state;
    char name[16];
    int shown_at = 0;

    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "d/%d", i);
        assert_int_equal(put(fixture, name, "x", false), 0);
    }
    sync_it(fixture);
    assert_int_equal(wal_show(fixture->wal, false, &fixture->err), 0);
    holds(fixture, "d/0", "x");
    holds(fixture, "d/100", NULL);
    assert_int_equal(wal_remove(fixture->wal, path_of(fixture, "d/100"), &fixture->err), 0); /* before its turn */
    assert_int_equal(put(fixture, "late", "x", false), 0);
    sync_it(fixture);
    while (access(path_of(fixture, "d/199"), F_OK) != 0)
        assert_int_equal(wal_show(fixture->wal, false, &fixture->err), 0);
    holds(fixture, "d/198", "x");
    holds(fixture, "d/100", NULL);
    holds(fixture, "late", NULL);
    while (access(path_of(fixture, "late"), F_OK) != 0) { /* it comes, though nobody says now */
        assert_int_equal(wal_show(fixture->wal, false, &fixture->err), 0);
        shown_at++;
    }
    assert_true(shown_at > 1);
}

/* Hundreds of batches: never more than two files of the log, and all that is kept is there in the end. */
static void test_rotation(void **state)
{
    struct fixture *fixture = *state;
    char name[32];
    size_t most = 0, rotated = 0;

    for (int i = 0; i < 4000; i++) {
        snprintf(name, sizeof(name), "d/%d", i);
        assert_int_equal(put(fixture, name, name, false), 0);
        if (i % 10 != 0 && i >= 50) { /* every tenth one stays for good */
            snprintf(name, sizeof(name), "d/%d", i - 50);
            if ((i - 50) % 10 != 0)
                assert_int_equal(wal_remove(fixture->wal, path_of(fixture, name), &fixture->err), 0);
        }
        if (i % 100 == 99) {
            char **names;
            size_t n, logs = 0;
            sync_it(fixture);
            assert_int_equal(fileio_list(fixture->root, &names, &n, &fixture->err), 0);
            for (size_t k = 0; k < n; k++)
                logs += strncmp(names[k], "wal.", 4) == 0;
            rotated += strcmp(names[n - 1], "wal.1") != 0;
            fileio_free_names(names, n);
            most = logs > most ? logs : most;
        }
    }
    assert_int_equal(most, 2);
    assert_true(rotated > 0);
    open_again(fixture);
    for (int i = 0; i < 4000; i++) {
        snprintf(name, sizeof(name), "d/%d", i);
        holds(fixture, name, i % 10 == 0 || i >= 3950 ? name : NULL);
    }
}

static void test_failure_stays(void **state)
{
    struct fixture *fixture = *state;
    struct errbuf first;

    assert_int_equal(put(fixture, "a", "1", false), 0);
    sync_it(fixture);
    assert_int_equal(put(fixture, "missing/b", "2", false), 0);
    sync_it(fixture);
    assert_int_equal(wal_show(fixture->wal, true, &first), -1); /* no such directory */
    assert_int_equal(first.exit_code, EXIT_CODE_STORAGE);
    assert_non_null(strstr(first.text, "missing"));
    assert_int_equal(put(fixture, "c", "3", false), -1);
    assert_int_equal(wal_sync(fixture->wal, &fixture->err), -1);
    assert_int_equal(wal_remove(fixture->wal, path_of(fixture, "a"), &fixture->err), -1);
    assert_int_equal(wal_settle(fixture->wal, &fixture->err), -1);
    assert_string_equal(fixture->err.text, first.text);
    assert_int_equal(mkdir(path_of(fixture, "missing"), 0700), 0);
    open_again(fixture); /* the log stayed */
    holds(fixture, "missing/b", "2");
    holds(fixture, "c", NULL);
}

/* --- what a start finds ------------------------------------------------------------------------------------------- */

static void test_torn_end(void **state)
{
    struct fixture *fixture = *state;
    struct buf log;

    for (int i = 0; i < 3; i++) {
        const char *names[] = {"a", "b", "c"};
        assert_int_equal(put(fixture, names[i], names[i], false), 0);
        sync_it(fixture);
    }
    read_log(fixture, "wal.1", &log);
    size_t group = WAL_GROUP_BYTES + 8 + 2; /* each of the three */
    for (size_t cut = log.len; cut + 1 > 0; cut--) {
        for (int i = 0; i < 3; i++)
            (void)unlink(path_of(fixture, (const char *[]){"a", "b", "c"}[i]));
        write_log(fixture, "wal.1", log.data, cut);
        open_again(fixture);
        size_t title = strlen(WAL_TITLE), whole = cut < title ? 0 : (cut - title) / group;
        holds(fixture, "a", whole > 0 ? "a" : NULL);
        holds(fixture, "b", whole > 1 ? "b" : NULL);
        holds(fixture, "c", whole > 2 ? "c" : NULL);
        holds(fixture, "wal.1", NULL);
        if (cut == 0)
            break;
    }
    buf_release(&log);
}

/* Every byte: in the last group it is as if torn, before it the log is refused, and nothing is touched. */
static void test_every_byte_flipped(void **state)
{
    struct fixture *fixture = *state;
    struct buf log;

    for (int i = 0; i < 3; i++) {
        const char *names[] = {"a", "b", "c"};
        assert_int_equal(put(fixture, names[i], names[i], false), 0);
        sync_it(fixture);
    }
    read_log(fixture, "wal.1", &log);
    size_t last = log.len - (WAL_GROUP_BYTES + 8 + 2);
    for (size_t at = 0; at < log.len; at++) {
        log.data[at] ^= 0x20;
        write_log(fixture, "wal.1", log.data, log.len);
        log.data[at] ^= 0x20;
        if (at < last) {
            refuses(fixture, "wal.1 is damaged");
            holds(fixture, "a", NULL);
            assert_int_equal(unlink(path_of(fixture, "wal.1")), 0);
        } else {
            open_again(fixture);
            holds(fixture, "b", "b");
            holds(fixture, "c", NULL);
            assert_int_equal(unlink(path_of(fixture, "a")), 0);
            assert_int_equal(unlink(path_of(fixture, "b")), 0);
        }
    }
    buf_release(&log);
}

static void group(struct buf *log, uint64_t number, enum wal_kind kind, const char *name, const char *data)
{
    struct wal_op op = {kind, name, strlen(name), data, data == NULL ? 0 : strlen(data)};
    struct buf out = BUF_INIT;

    wal_group_begin(&out);
    wal_group_add(&out, &op);
    wal_group_end(&out, number);
    if (log->len == 0)
        buf_append_text(log, WAL_TITLE);
    buf_append(log, out.data, out.len);
    buf_release(&out);
}

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const outside[] = {"../a", "d/../../a", "/a", "d//a", ".", "d/.", "a/"};
    struct buf log = BUF_INIT;

    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        group(&log, 1, WAL_PUT, outside[i], "x");
        write_log(fixture, "wal.1", log.data, log.len);
        refuses(fixture, "not a group of changes");
        buf_reset(&log);
    }
    /* an operation that nobody knows */
    group(&log, 1, (enum wal_kind)9, "a", "x");
    write_log(fixture, "wal.1", log.data, log.len);
    refuses(fixture, "not a group of changes");
    /* of a later version */
    log.data[strlen(WAL_TITLE) - 2] = '2';
    write_log(fixture, "wal.1", log.data, log.len);
    refuses(fixture, "version");
    /* a group is missing, in one file and between two */
    buf_reset(&log);
    group(&log, 4, WAL_PUT, "a", "x");
    group(&log, 6, WAL_PUT, "b", "x");
    write_log(fixture, "wal.1", log.data, log.len);
    refuses(fixture, "missing");
    buf_reset(&log);
    group(&log, 4, WAL_PUT, "a", "x");
    write_log(fixture, "wal.9", log.data, log.len);
    buf_reset(&log);
    group(&log, 6, WAL_PUT, "b", "x");
    write_log(fixture, "wal.10", log.data, log.len);
    assert_int_equal(unlink(path_of(fixture, "wal.1")), 0);
    refuses(fixture, "wal.10");
    /* only the last file may have a torn end */
    buf_reset(&log);
    group(&log, 5, WAL_PUT, "b", "x");
    write_log(fixture, "wal.10", log.data, log.len);
    buf_reset(&log);
    group(&log, 4, WAL_PUT, "a", "x");
    write_log(fixture, "wal.9", log.data, log.len - 1);
    refuses(fixture, "wal.9");
    write_log(fixture, "wal.9", log.data, log.len);
    open_again(fixture);
    holds(fixture, "a", "x");
    holds(fixture, "b", "x");
    holds(fixture, "wal.9", NULL);
    holds(fixture, "wal.10", NULL);
    buf_release(&log);
}

/* Other names are nobody's business here. */
static void test_foreign_names(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"wal", "wal.", "wal.x", "wal.01", "wal.1x", "wal.-1", "xwal.1"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        write_log(fixture, names[i], "?", 1);
    open_again(fixture);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        holds(fixture, names[i], "?");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_steps),
        TEST(test_exists),
        TEST(test_removed),
        TEST(test_large),
        TEST(test_show_takes_its_time),
        TEST(test_rotation),
        TEST(test_failure_stays),
        TEST(test_torn_end),
        TEST(test_every_byte_flipped),
        TEST(test_refused),
        TEST(test_foreign_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
