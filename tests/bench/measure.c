/* Run a program and write what it took, as one line, to a file descriptor:
 *
 *   measure FD COMMAND [ARG...]      STATUS WALL_US CPU_US PEAK_RSS_KIB     STATUS 128 + signal when one ended it
 *
 * A program's peak memory is counted from the memory of the process that started it, so it must be started by a small
 * one: this, not the script. */
#include "common/clock.h"
#include "common/parsenum.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t micros(struct timeval time)
{
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int64_t number;
    int status;

    if (argc < 3 || parsenum_i64(argv[1], 0, INT_MAX, &number) != 0) {
        fprintf(stderr, "usage: measure FD COMMAND [ARG...]\n");
        return 2;
    }
    int fd = (int)number;
    int64_t began_us = clock_monotonic_us();
    pid_t pid = fork();
    if (pid == 0) {
        close(fd);
        execv(argv[2], argv + 2);
        fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
        fprintf(stderr, "measure: %s\n", strerror(errno));
        return 1;
    }
    int64_t wall_us = clock_monotonic_us() - began_us;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    dprintf(fd, "%d %" PRId64 " %" PRId64 " %ld\n", code, wall_us, micros(usage.ru_utime) + micros(usage.ru_stime),
            usage.ru_maxrss);
    return 0;
}
