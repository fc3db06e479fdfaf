/* Every system call of a durable write fails once, for every k-th call: what is named afterwards is whole, old or new,
 * and nothing is left over. The calls below stand before the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fileio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int calls;   /* so far */
static int fail_at; /* the call that fails; 0: none */
static int fail_errno;
static bool short_writes; /* write takes one byte less than asked, at first EINTR */

static bool fails_now(void)
{
    if (++calls != fail_at)
        return false;
    errno = fail_errno;
    return true;
}

ssize_t write(int fd, const void *data, size_t len)
{
    static bool interrupted;

    if (fails_now())
        return -1;
    if (short_writes && fd > STDERR_FILENO) {
        interrupted = !interrupted;
        if (interrupted) {
            errno = EINTR;
            return -1;
        }
        len = len > 1 ? len / 2 : len;
    }
    return syscall(SYS_write, fd, data, len);
}

int fsync(int fd)
{
    return fails_now() ? -1 : (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    return fails_now() ? -1 : (int)syscall(SYS_renameat2, -100, from, -100, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return fails_now() ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

static char dir[64], path[128];
static struct errbuf err;

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/sf-faults-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/file", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fail_at = 0;
    short_writes = false;
    return fileio_remove_tree(dir, &err);
}

static void check_whole(const char *a, const char *b)
{
    struct buf text = BUF_INIT;
    char **names;
    size_t n;

    fail_at = 0;
    assert_int_equal(fileio_read(path, 1000, &text, NULL, &err), 0);
    if (strcmp(text.data, a) != 0 && strcmp(text.data, b) != 0)
        fail_msg("the file holds '%s'", text.data);
    buf_release(&text);
    assert_int_equal(fileio_list(dir, &names, &n, &err), 0);
    assert_int_equal(n, 1);
    fileio_free_names(names, n);
}

static int replace(struct errbuf *got)
{
    return fileio_replace(path, "new text", 8, true, got);
}

static int in_pieces(struct errbuf *got)
{
    struct fileio_draft *draft = fileio_draft_open(path, got);

    if (draft == NULL)
        return -1;
    if (fileio_draft_append(draft, "new ", 4, got) != 0 || fileio_draft_append(draft, "text", 4, got) != 0) {
        fileio_draft_drop(draft);
        return -1;
    }
    return fileio_draft_finish(draft, got);
}

static void each_call_of(int (*write_new)(struct errbuf *got))
{
    static const int reasons[] = {ENOSPC, EIO, EROFS, EACCES};

    assert_int_equal(fileio_replace(path, "old", 3, true, &err), 0);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        fail_errno = reasons[i];
        for (int k = 1;; k++) {
            struct errbuf got;
            calls = 0;
            fail_at = k;
            int result = write_new(&got);
            if (calls < k) { /* no k-th call: it went through */
                assert_int_equal(result, 0);
                break;
            }
            assert_int_equal(result, -1);
            assert_int_equal(got.exit_code, EXIT_CODE_STORAGE);
            assert_non_null(strstr(got.text, strerror(reasons[i])));
            assert_non_null(strstr(got.text, dir));
            check_whole("old", "new text");
        }
        assert_true(calls >= 4); /* write, fsync, rename, fsync of the directory */
        fail_at = 0;
        assert_int_equal(fileio_replace(path, "old", 3, true, &err), 0);
    }
}

static void each_call_fails(void **state)
{
    (void)state;
    each_call_of(replace);
    each_call_of(in_pieces);
}

static void write_goes_on(void **state)
{
    (void)state;
    short_writes = true;
    assert_int_equal(fileio_replace(path, "new text", 8, true, &err), 0);
    short_writes = false;
    check_whole("new text", "new text");
}

/* A file system without RENAME_NOREPLACE: by link. */
static void without_noreplace(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        fail_errno = round == 0 ? EINVAL : ENOSYS;
        unlink(path);
        calls = 0;
        fail_at = 3; /* write, fsync, renameat2 */
        assert_int_equal(fileio_replace(path, "one", 3, false, &err), 0);
        check_whole("one", "one");
        calls = 0;
        fail_at = 3;
        assert_int_equal(fileio_replace(path, "two", 3, false, &err), -1);
        assert_string_equal(err.condition, "EXISTS");
        check_whole("one", "one");
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(each_call_fails), TEST(write_goes_on), TEST(without_noreplace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
