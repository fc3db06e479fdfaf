#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "processor/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A manager's socket at path, or abstract for "@name". */
static int manager(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path));
    if (*path == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))), 0);
    return fd;
}

static void check_delivery(const char *path)
{
    char text[64] = "";
    int fd = manager(path);

    setenv("NOTIFY_SOCKET", path, 1);
    notify_send("READY=1\nSTATUS=x");
    assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 16);
    assert_string_equal(text, "READY=1\nSTATUS=x");
    close(fd);
}

static void delivered(void **state)
{
    char dir[] = "/tmp/sf-notify-XXXXXX", path[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/s", dir);
    check_delivery(path);
    unlink(path);
    rmdir(dir);
    snprintf(path, sizeof(path), "@sf-notify-%ld", (long)getpid());
    check_delivery(path);
}

static void nobody_listens(void **state)
{
    char long_path[300];

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    notify_send("READY=1");
    setenv("NOTIFY_SOCKET", "relative", 1);
    notify_send("READY=1");
    memset(long_path, 'x', sizeof(long_path));
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_path, 1);
    notify_send("READY=1");
    unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(delivered), cmocka_unit_test(nobody_listens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
