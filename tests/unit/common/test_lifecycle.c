/* Signals and locks, each case in a child process of its own: they are process-wide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/lifecycle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int seen;

static void note(int number, void *cookie)
{
    *(int *)cookie = number;
    atomic_fetch_add(&seen, 1);
}

static int status_of(pid_t child)
{
    int status = -1;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define MUST(x)                                                                                                        \
    do {                                                                                                               \
        if (!(x))                                                                                                      \
            _exit(100 + __LINE__ % 100);                                                                               \
    } while (0)

/* A child that runs fn, whose return value is its exit status. */
static int in_child(int (*fn)(void))
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(fn());
    return status_of(child);
}

static int first_signal_stops(void)
{
    struct errbuf err;
    int unused;

    MUST(lifecycle_start(note, &unused, &err) == 0);
    MUST(!lifecycle_stopping());
    MUST(!lifecycle_wait_ms(1));
    kill(getpid(), SIGTERM);
    MUST(lifecycle_wait_ms(20000));
    struct pollfd fd = {.fd = lifecycle_stop_fd(), .events = POLLIN};
    MUST(poll(&fd, 1, 20000) == 1 && poll(&fd, 1, 0) == 1); /* and stays readable */
    lifecycle_end();
    return 0;
}

static int second_signal_leaves(void)
{
    struct errbuf err;

    MUST(lifecycle_start(NULL, NULL, &err) == 0);
    kill(getpid(), SIGINT);
    MUST(lifecycle_wait_ms(20000));
    kill(getpid(), SIGINT);
    for (;;)
        pause();
}

static int request_then_signal(void)
{
    struct errbuf err;
    int number = 0;

    MUST(lifecycle_start(note, &number, &err) == 0);
    lifecycle_request_stop();
    lifecycle_request_stop();
    MUST(lifecycle_stopping());
    kill(getpid(), SIGTERM); /* the first signal: no reason to leave at once */
    kill(getpid(), SIGUSR1);
    for (int i = 0; i < 20000 && atomic_load(&seen) == 0; i++)
        poll(NULL, 0, 1);
    MUST(number == SIGUSR1);
    lifecycle_end();
    lifecycle_end();
    return 0;
}

static int other_signals(void)
{
    struct errbuf err;
    int number = 0, fds[2];

    MUST(lifecycle_start(note, &number, &err) == 0);
    kill(getpid(), SIGHUP);
    for (int i = 0; i < 20000 && atomic_load(&seen) == 0; i++)
        poll(NULL, 0, 1);
    MUST(number == SIGHUP);
    MUST(!lifecycle_stopping());
    MUST(pipe(fds) == 0);
    close(fds[0]);
    MUST(write(fds[1], "x", 1) == -1); /* SIGPIPE does not end us */
    /* Nor does a file that may not grow. */
    const struct rlimit none = {0, 0};
    FILE *file = tmpfile();
    MUST(file != NULL && setrlimit(RLIMIT_FSIZE, &none) == 0);
    MUST(write(fileno(file), "x", 1) == -1 && errno == EFBIG);
    fclose(file);
    lifecycle_end();
    return 0;
}

/* Descriptors that the parent closed are taken, and no longer given to sockets and files. */
static int closed_stdio(void)
{
    struct errbuf err;

    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    MUST(lifecycle_hold_stdio(&err) == 0);
    MUST(fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDOUT_FILENO, F_GETFD) >= 0);
    MUST(write(STDOUT_FILENO, "x", 1) == -1 && errno == EBADF);
    int next = dup(STDIN_FILENO);
    close(next);
    MUST(next > STDERR_FILENO);
    MUST(lifecycle_hold_stdio(&err) == 0); /* nothing to do, and nothing left open */
    MUST(dup(STDIN_FILENO) == next);
    return 0;
}

static int wait_with_a_still_clock(void)
{
    struct errbuf err;

    MUST(lifecycle_start(NULL, NULL, &err) == 0);
    clock_fake(0, 0);
    MUST(!lifecycle_wait_ms(2));
    clock_real();
    lifecycle_end();
    return 0;
}

static void signals(void **state)
{
    (void)state;
    assert_int_equal(in_child(first_signal_stops), 0);
    assert_int_equal(in_child(second_signal_leaves), 128 + SIGINT);
    assert_int_equal(in_child(request_then_signal), 0);
    assert_int_equal(in_child(other_signals), 0);
    assert_int_equal(in_child(closed_stdio), 0);
    assert_int_equal(in_child(wait_with_a_still_clock), 0);
}

static void locks(void **state)
{
    char path[64] = "/tmp/sf-lock-XXXXXX";
    struct errbuf err;
    char pid[32];

    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    fd = lifecycle_lock(path, &err);
    assert_true(fd >= 0);
    assert_int_equal(lifecycle_lock(path, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BUSY);
    snprintf(pid, sizeof(pid), "process %ld on ", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    assert_non_null(strstr(err.text, path));
    close(fd);
    /* a holder that was killed leaves no stale lock */
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (lifecycle_lock(path, &err) < 0)
            _exit(1);
        if (write(fds[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char byte;
    assert_int_equal(read(fds[0], &byte, 1), 1);
    assert_int_equal(lifecycle_lock(path, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BUSY);
    kill(child, SIGKILL);
    assert_int_equal(status_of(child), 1000 + SIGKILL);
    fd = lifecycle_lock(path, &err);
    assert_true(fd >= 0);
    close(fd);
    close(fds[0]);
    close(fds[1]);
    unlink(path);
    assert_int_equal(lifecycle_lock("/tmp/no-such-directory-sf/lock", &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_STORAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signals), cmocka_unit_test(locks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
