#include "broker/listener.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int bind_to(int fd, uint32_t address, int port)
{
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet.sin_addr.s_addr = htonl(address);
    return bind(fd, (const struct sockaddr *)(const void *)&inet, sizeof(inet));
}

static int port_of(int fd)
{
    struct sockaddr_in inet;
    socklen_t len = sizeof(inet);

    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&inet, &len), 0);
    return ntohs(inet.sin_port);
}

/* What librdkafka's mock does, and that everything else is left alone. */
static void next_bind_to_port_0_gets_the_reserved_socket(void **state)
{
    struct errbuf err;
    int mock = socket(AF_INET, SOCK_STREAM, 0);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    int later = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in inet = {.sin_family = AF_INET};
    int port = listener_reserve(0, &err);

    (void)state;
    assert_true(port > 0);
    assert_true(mock >= 0 && other >= 0 && later >= 0 && client >= 0);
    assert_int_equal(bind_to(mock, INADDR_LOOPBACK, 0), 0);
    assert_int_equal(port_of(mock), port);
    assert_int_equal(listen(mock, 5), 0);
    assert_int_equal(bind_to(later, INADDR_LOOPBACK, 0), 0); /* nothing is reserved any more */
    assert_int_not_equal(port_of(later), port);
    assert_int_equal(bind_to(other, INADDR_LOOPBACK, port), -1);
    inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    inet.sin_port = htons((uint16_t)port);
    assert_int_equal(connect(client, (const struct sockaddr *)(const void *)&inet, sizeof(inet)), 0);
    close(mock);
    close(other);
    close(later);
    close(client);
    listener_release();
}

static void taken_port_is_named(void **state)
{
    struct errbuf err;
    char number[16];
    int port = listener_reserve(0, &err);
    int mock = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_true(port > 0);
    assert_int_equal(bind_to(mock, INADDR_LOOPBACK, 0), 0);
    assert_int_equal(listener_reserve(port, &err), -1);
    assert_int_equal(err.exit_code, EXIT_CODE_BUSY);
    snprintf(number, sizeof(number), "port %d ", port);
    assert_non_null(strstr(err.text, number));
    close(mock);
    assert_int_equal(listener_reserve(port, &err), port);
    listener_release();
    listener_release();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_bind_to_port_0_gets_the_reserved_socket),
        cmocka_unit_test(taken_port_is_named),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
