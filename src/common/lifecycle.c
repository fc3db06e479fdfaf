/* The signals are blocked everywhere and read from a signalfd by one thread, so no handler ever runs: what a signal
 * does can take locks and log. The stop request is an eventfd that is written once and never read: every poll that
 * includes it returns from then on, in any thread. */
#include "common/lifecycle.h"

#include "common/buf.h"
#include "common/clock.h"
#include "common/fileio.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int stop_fd = -1;
static int signal_fd = -1;
static int end_fd = -1; /* tells the signal thread to go */
static pthread_t thread;
static atomic_bool stopping;
static lifecycle_signal_fn on_signal;
static void *on_signal_cookie;

int lifecycle_hold_stdio(struct errbuf *err)
{
    int fd;

    do {                                  /* the lowest free number is given out first */
        fd = open("/dev/null", O_RDONLY); /* not for writing: a table must not vanish in silence */
        if (fd < 0)
            return errbuf_set(err, EXIT_CODE_STORAGE, "cannot open /dev/null: %s", strerror(errno));
    } while (fd <= STDERR_FILENO);
    close(fd);
    return 0;
}

void lifecycle_request_stop(void)
{
    if (!atomic_exchange(&stopping, true) && stop_fd >= 0)
        (void)eventfd_write(stop_fd, 1); /* cannot block: the counter goes from 0 to 1 once */
}

int lifecycle_stop_fd(void)
{
    return stop_fd;
}

bool lifecycle_stopping(void)
{
    return atomic_load(&stopping);
}

static void *wait_for_signals(void *unused)
{
    bool asked = false;

    (void)unused;
    for (;;) {
        struct pollfd fds[2] = {{.fd = signal_fd, .events = POLLIN}, {.fd = end_fd, .events = POLLIN}};
        struct signalfd_siginfo info;

        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            log_error("Lifecycle", "cannot wait for signals: %s", strerror(errno));
            return NULL;
        }
        if (fds[1].revents != 0)
            return NULL;
        if (read(signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
            continue;
        int number = (int)info.ssi_signo;
        if (number == SIGINT || number == SIGTERM) {
            if (asked)
                _exit(128 + number); /* a second one: the user does not want to wait */
            asked = true;
            lifecycle_request_stop();
        } else if (on_signal != NULL) {
            on_signal(number, on_signal_cookie);
        }
    }
}

int lifecycle_start(lifecycle_signal_fn fn, void *cookie, struct errbuf *err)
{
    sigset_t set;

    on_signal = fn;
    on_signal_cookie = cookie;
    atomic_store(&stopping, false);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    int reason = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (reason != 0)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot block signals: %s", strerror(reason));
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot ignore SIGPIPE: %s", strerror(errno));
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR) /* RLIMIT_FSIZE: an error like a full disk, not the end */
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot ignore SIGXFSZ: %s", strerror(errno));

    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd < 0)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make an eventfd: %s", strerror(errno));
    end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (end_fd < 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make an eventfd: %s", strerror(errno));
        goto fail_stop;
    }
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd < 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make a signalfd: %s", strerror(errno));
        goto fail_end;
    }
    reason = pthread_create(&thread, NULL, wait_for_signals, NULL);
    if (reason != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot start the signal thread: %s", strerror(reason));
        goto fail_signal;
    }
    (void)pthread_setname_np(thread, "sf-signals"); /* only for people who look */
    return 0;

fail_signal:
    close(signal_fd);
    signal_fd = -1;
fail_end:
    close(end_fd);
    end_fd = -1;
fail_stop:
    close(stop_fd);
    stop_fd = -1;
    return -1;
}

void lifecycle_end(void)
{
    if (signal_fd < 0)
        return;
    (void)eventfd_write(end_fd, 1);
    int reason = pthread_join(thread, NULL);
    if (reason != 0) { /* its descriptors must stay */
        log_error("Lifecycle", "cannot join the signal thread: %s", strerror(reason));
        return;
    }
    close(signal_fd);
    close(end_fd);
    close(stop_fd);
    signal_fd = end_fd = stop_fd = -1;
}

bool lifecycle_wait_ms(int ms)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)ms * 1000;

    for (;;) {
        struct pollfd fd = {.fd = stop_fd, .events = POLLIN};
        int64_t rest_us = deadline_us - clock_monotonic_us();

        if (lifecycle_stopping())
            return true;
        if (rest_us <= 0)
            return false;
        int ready = poll(&fd, 1, (int)((rest_us + 999) / 1000));
        if (ready == 0 || (ready < 0 && errno != EINTR))
            return lifecycle_stopping();
    }
}

/* What the holder wrote, made fit for a message. */
static void read_holder(int fd, struct buf *out)
{
    char text[256];
    ssize_t n = pread(fd, text, sizeof(text), 0);

    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    char pid[32], host[128], start[64];
    text[n > 0 ? (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1 : 0] = '\0';
    if (sscanf(text, "%31s %127s %63s", pid, host, start) == 3)
        buf_printf(out, "process %s on %s, running since %s", pid, host, start);
    else
        buf_append_text(out, "another process");
}

static int write_holder(int fd, const char *path, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    char host[128];

    if (gethostname(host, sizeof(host)) != 0)
        snprintf(host, sizeof(host), "localhost");
    host[sizeof(host) - 1] = '\0';
    buf_printf(&text, "%ld %s ", (long)getpid(), host);
    clock_iso_utc(clock_wall_ms(), &text);
    buf_append_byte(&text, '\n');
    int result = 0;
    if (text.failed)
        result = errbuf_oom(err, "lock file", 256);
    else if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 || fileio_write_all(fd, text.data, text.len) != 0)
        result = errbuf_set(err, EXIT_CODE_STORAGE, "cannot write the lock file %s: %s", path, strerror(errno));
    buf_release(&text);
    return result;
}

int lifecycle_lock(const char *path, struct errbuf *err)
{
    for (;;) {
        struct stat opened, named;
        int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
            return errbuf_set(err, EXIT_CODE_STORAGE, "cannot open the lock file %s: %s", path, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int reason = errno;
            if (reason == EINTR) {
                close(fd);
                continue;
            }
            if (reason == EWOULDBLOCK) {
                struct buf holder = BUF_INIT;
                read_holder(fd, &holder);
                errbuf_set(err, EXIT_CODE_BUSY, "%s is in use by %s; stop that one first, or use another directory",
                           path, holder.failed ? "another process" : holder.data);
                buf_release(&holder);
            } else {
                errbuf_set(err, EXIT_CODE_STORAGE, "cannot lock %s: %s", path, strerror(reason));
            }
            close(fd);
            return -1;
        }
        /* The holder before us may have removed the file while we waited to lock it: then ours is a lock on nothing. */
        if (fstat(fd, &opened) != 0 || stat(path, &named) != 0 || opened.st_ino != named.st_ino ||
            opened.st_dev != named.st_dev) {
            close(fd);
            if (access(path, F_OK) != 0 && errno != ENOENT)
                return errbuf_set(err, EXIT_CODE_STORAGE, "cannot look at the lock file %s: %s", path, strerror(errno));
            continue;
        }
        if (write_holder(fd, path, err) != 0) {
            close(fd);
            return -1;
        }
        return fd;
    }
}
