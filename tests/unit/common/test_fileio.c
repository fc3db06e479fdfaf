#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static char path_buf[4][256];

/* A path in the test's directory; four may be in use at once. */
static const char *in_dir(const char *name)
{
    static int next;
    char *path = path_buf[next++ % 4];

    snprintf(path, sizeof(path_buf[0]), "%s/%s", dir, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/sf-fileio-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct errbuf err;

    (void)state;
    return fileio_remove_tree(dir, &err);
}

static size_t count_names(void)
{
    struct errbuf err;
    char **names;
    size_t n;

    assert_int_equal(fileio_list(dir, &names, &n, &err), 0);
    fileio_free_names(names, n);
    return n;
}

static void check_contents(const char *path, const char *wanted)
{
    struct buf text = BUF_INIT;
    struct errbuf err;
    bool missing;

    assert_int_equal(fileio_read(path, 1 << 20, &text, &missing, &err), 0);
    assert_false(missing);
    assert_int_equal(text.len, strlen(wanted));
    assert_string_equal(text.data, wanted);
    buf_release(&text);
}

static void replace_and_read(void **state)
{
    struct errbuf err;
    struct stat st;
    const char *path = in_dir("file");

    (void)state;
    assert_int_equal(fileio_replace(path, "one", 3, true, &err), 0);
    check_contents(path, "one");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(fileio_replace(path, "two", 3, true, &err), 0);
    check_contents(path, "two");
    assert_int_equal(fileio_replace(path, "three", 5, false, &err), -1);
    assert_string_equal(err.condition, "EXISTS");
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
    check_contents(path, "two");
    assert_int_equal(fileio_replace(in_dir("new"), "", 0, false, &err), 0);
    check_contents(in_dir("new"), "");
    assert_int_equal(count_names(), 2); /* no temporary file is left */
}

static void replace_fails_cleanly(void **state)
{
    struct errbuf err;

    (void)state;
    assert_int_equal(fileio_replace(in_dir("no/such/file"), "x", 1, true, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
    assert_non_null(strstr(err.text, strerror(ENOENT)));
    assert_non_null(strstr(err.text, "no/such"));
    assert_int_equal(mkdir(in_dir("d"), 0700), 0);
    assert_int_equal(mkdir(in_dir("d/full"), 0700), 0);
    assert_int_equal(fileio_replace(in_dir("d"), "x", 1, true, &err), -1); /* a directory is in the way */
    assert_int_equal(count_names(), 1);
    /* a link is replaced, not followed */
    assert_int_equal(fileio_replace(in_dir("target"), "safe", 4, true, &err), 0);
    assert_int_equal(symlink(in_dir("target"), in_dir("link")), 0);
    assert_int_equal(fileio_replace(in_dir("link"), "new", 3, true, &err), 0);
    check_contents(in_dir("target"), "safe");
    check_contents(in_dir("link"), "new");
}

static void draft(void **state)
{
    const char *path = in_dir("draft");
    struct errbuf err;

    (void)state;
    fileio_draft_drop(NULL);
    assert_int_equal(fileio_replace(path, "old", 3, true, &err), 0);
    for (int finished = 0; finished < 2; finished++) {
        struct fileio_draft *made = fileio_draft_open(path, &err);
        assert_non_null(made);
        assert_int_equal(fileio_draft_append(made, "one, ", 5, &err), 0);
        assert_int_equal(fileio_draft_append(made, "two", 3, &err), 0);
        check_contents(path, "old"); /* nothing is to be seen of it */
        assert_int_equal(count_names(), 2);
        if (finished)
            assert_int_equal(fileio_draft_finish(made, &err), 0);
        else
            fileio_draft_drop(made);
        check_contents(path, finished ? "one, two" : "old");
        assert_int_equal(count_names(), 1);
    }
    assert_null(fileio_draft_open(in_dir("no/such/folder"), &err));
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
}

static void read_refuses(void **state)
{
    struct buf text = BUF_INIT;
    struct errbuf err;
    bool missing = false;

    (void)state;
    assert_int_equal(fileio_read(in_dir("none"), 10, &text, &missing, &err), -1);
    assert_true(missing);
    assert_int_equal(fileio_read(in_dir("none"), 10, &text, NULL, &err), -1);
    assert_int_equal(fileio_read(dir, 10, &text, &missing, &err), -1);
    assert_false(missing);
    assert_non_null(strstr(err.text, "directory"));
    assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
    assert_int_equal(fileio_read(in_dir("fifo"), 10, &text, &missing, &err), -1); /* and does not hang */
    assert_int_equal(fileio_replace(in_dir("big"), "0123456789", 10, true, &err), 0);
    assert_int_equal(fileio_read(in_dir("big"), 9, &text, &missing, &err), -1);
    assert_int_equal(fileio_read(in_dir("big"), 10, &text, &missing, &err), 0);
    assert_int_equal(fileio_read(in_dir("big"), 10, &text, &missing, &err), 0); /* appends */
    assert_string_equal(text.data, "01234567890123456789");
    buf_release(&text);
    /* a file whose size the kernel does not tell */
    assert_int_equal(fileio_read("/proc/self/status", 1 << 20, &text, &missing, &err), 0);
    assert_true(text.len > 100);
    buf_release(&text);
}

static void directories(void **state)
{
    struct errbuf err;
    struct stat st;

    (void)state;
    assert_int_equal(fileio_make_dirs(in_dir("a/b//c/"), &err), 0);
    assert_int_equal(stat(in_dir("a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(fileio_make_dirs(in_dir("a/b/c"), &err), 0);
    assert_int_equal(fileio_replace(in_dir("a/file"), "x", 1, true, &err), 0);
    assert_int_equal(fileio_make_dirs(in_dir("a/file/d"), &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
    assert_int_equal(fileio_replace(in_dir("kept"), "kept", 4, true, &err), 0);
    assert_int_equal(symlink(in_dir("kept"), in_dir("a/b/link")), 0);
    assert_int_equal(symlink(dir, in_dir("a/b/up")), 0);
    assert_int_equal(fileio_remove_tree(in_dir("a"), &err), 0);
    assert_int_equal(stat(in_dir("a"), &st), -1);
    check_contents(in_dir("kept"), "kept"); /* no link was followed */
    assert_int_equal(fileio_remove_tree(in_dir("a"), &err), 0);
    assert_int_equal(fileio_remove_tree(in_dir("kept"), &err), 0); /* a plain file goes too */
    assert_int_equal(fileio_remove(in_dir("kept"), &err), 0);
    assert_int_equal(fileio_remove(dir, &err), -1);
    assert_int_equal(count_names(), 0);
}

static void rename_without_replacing(void **state)
{
    struct errbuf err;

    (void)state;
    assert_int_equal(fileio_replace(in_dir("a"), "a", 1, true, &err), 0);
    assert_int_equal(fileio_replace(in_dir("b"), "b", 1, true, &err), 0);
    assert_int_equal(fileio_rename(in_dir("a"), in_dir("b"), &err), -1);
    assert_string_equal(err.condition, "EXISTS");
    assert_int_equal(fileio_rename(in_dir("a"), in_dir("c"), &err), 0);
    check_contents(in_dir("c"), "a");
    assert_int_equal(fileio_rename(in_dir("a"), in_dir("d"), &err), -1);
    assert_string_equal(err.condition, "");
    assert_int_equal(fileio_make_dirs(in_dir("d1"), &err), 0);
    assert_int_equal(fileio_make_dirs(in_dir("d2"), &err), 0);
    assert_int_equal(fileio_rename(in_dir("d1"), in_dir("d2"), &err), -1);
    assert_string_equal(err.condition, "EXISTS");
    assert_int_equal(fileio_rename(in_dir("d1"), in_dir("d3"), &err), 0);
}

static void list_is_sorted(void **state)
{
    static const char *const wanted[] = {".hidden", "0", "10", "2", "b"};
    struct errbuf err;
    char **names;
    size_t n;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(fileio_replace(in_dir(wanted[(i * 2) % 5]), "", 0, true, &err), 0);
    assert_int_equal(fileio_list(dir, &names, &n, &err), 0);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(names[i], wanted[i]);
    fileio_free_names(names, n);
    assert_int_equal(fileio_list(in_dir("none"), &names, &n, &err), -1);
}

static void append(void **state)
{
    struct errbuf err;
    int fd = open(in_dir("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fileio_append(fd, "log", "a\n", 2, &err), 0);
    assert_int_equal(fileio_append(fd, "log", "b\n", 2, &err), 0);
    close(fd);
    check_contents(in_dir("log"), "a\nb\n");
    fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fileio_append(fd, "/dev/full", "a\n", 2, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
    assert_non_null(strstr(err.text, "/dev/full"));
    close(fd);
}

/* A line that fits only in part is taken back: the lines around it stay whole. */
static void append_no_room(void **state)
{
    int status = -1;

    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit room = {6, 6};
        struct errbuf err;
        int fd = open(in_dir("full"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        bool good = signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &room) == 0 &&
                    fileio_append(fd, "full", "ab\n", 3, &err) == 0 &&
                    fileio_append(fd, "full", "cdef\n", 5, &err) == -1 && err.exit_code == EXIT_CODE_STORAGE &&
                    fileio_append(fd, "full", "g\n", 2, &err) == 0;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    check_contents(in_dir("full"), "ab\ng\n");
}

/* More than a pipe holds: write_all goes on after short writes. */
static void short_writes(void **state)
{
    enum { SIZE = 1 << 20 };
    int fds[2];
    static char data[SIZE];

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        _exit(fileio_write_all(fds[1], data, SIZE) == 0 ? 0 : 1);
    }
    close(fds[1]);
    size_t total = 0;
    ssize_t n;
    static char piece[777];
    while ((n = read(fds[0], piece, sizeof(piece))) > 0)
        total += (size_t)n;
    close(fds[0]);
    assert_int_equal(total, SIZE);
    assert_int_equal(fileio_write_all(-1, data, 1), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(replace_and_read), TEST(draft),        TEST(replace_fails_cleanly), TEST(read_refuses),
        TEST(directories),      TEST(append),       TEST(append_no_room),        TEST(rename_without_replacing),
        TEST(list_is_sorted),   TEST(short_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
