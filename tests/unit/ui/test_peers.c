/* Limits by address, in all, and in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "ui/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage storage;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    memset(&storage, 0, sizeof(storage));
    if (strchr(text, ':') == NULL) {
        assert_int_equal(inet_pton(AF_INET, text, &v4.sin_addr), 1);
        memcpy(&storage, &v4, sizeof(v4));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(&storage, &v6, sizeof(v6));
    }
    return storage;
}

static bool admit(struct peers *peers, const char *text)
{
    struct sockaddr_storage storage = address(text);

    return peers_admit(peers, (const struct sockaddr *)&storage);
}

static struct peer *open_peer(struct peers *peers, const char *text, int fd)
{
    struct sockaddr_storage storage = address(text);

    return peers_opened(peers, (const struct sockaddr *)&storage, fd);
}

static void by_address(void **state)
{
    static const struct {
        const char *holder, *newcomer;
        bool admitted; /* after three of the holder's */
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", false},
        {"192.0.2.1", "192.0.2.2", true},
        {"192.0.2.1", "::ffff:192.0.2.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.1.2.3", "127.1.2.3", true},
        {"::1", "::1", true},
        {"::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
        {"2001:db8::1", "2001:db8::2", false}, /* one host may have a whole /64 */
        {"2001:db8::1", "2001:db8:0:1::1", true},
        {"fe80::1", "fe80::1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peers *peers = peers_new(10, 3, 1000);
        struct peer *held[3];
        assert_non_null(peers);
        for (int k = 0; k < 3; k++) {
            assert_true(admit(peers, rows[i].holder));
            held[k] = open_peer(peers, rows[i].holder, -1);
            assert_non_null(held[k]);
        }
        assert_int_equal(admit(peers, rows[i].newcomer), rows[i].admitted);
        peers_closed(peers, held[1]);
        assert_true(admit(peers, rows[i].newcomer));
        assert_int_equal(peers_count(peers), 2);
        peers_free(peers);
    }
}

static void in_all(void **state)
{
    struct peers *peers = peers_new(2, 1, 1000);

    (void)state;
    struct peer *first = open_peer(peers, "127.0.0.1", -1);
    assert_non_null(open_peer(peers, "127.0.0.1", -1));
    assert_false(admit(peers, "127.0.0.1"));
    assert_false(admit(peers, "192.0.2.1"));
    assert_null(open_peer(peers, "127.0.0.1", -1));
    peers_closed(peers, NULL);
    peers_closed(peers, first);
    assert_true(admit(peers, "192.0.2.1"));
    peers_free(peers);
    peers_free(NULL);
}

static bool is_shut(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void in_time(void **state)
{
    struct peers *peers = peers_new(3, 3, 1000);
    int pairs[3][2];
    struct peer *held[3];

    (void)state;
    clock_fake(1000000, 1000000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        held[i] = open_peer(peers, "127.0.0.1", pairs[i][0]);
    }
    peers_served(held[1]);
    clock_fake(1000500, 1900000);
    peers_sweep(peers);
    assert_false(is_shut(pairs[0][1]));
    clock_fake(1001000, 2300000);
    peers_waits(held[2]); /* an answer went out: the time begins anew */
    peers_sweep(peers);
    assert_true(is_shut(pairs[0][1]));
    assert_false(is_shut(pairs[1][1]));
    assert_false(is_shut(pairs[2][1]));
    clock_fake(1003000, 9000000);
    assert_false(admit(peers, "127.0.0.1")); /* full; the overdue one goes meanwhile */
    assert_false(is_shut(pairs[1][1]));
    assert_true(is_shut(pairs[2][1]));
    clock_real();
    for (int i = 0; i < 3; i++) {
        peers_closed(peers, held[i]);
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    assert_int_equal(peers_count(peers), 0);
    peers_free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_address),
        cmocka_unit_test(in_all),
        cmocka_unit_test(in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
