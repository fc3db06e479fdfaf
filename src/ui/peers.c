/* A few hundred slots in an array, looked through from end to end: opening a connection costs the kernel more. */
#include "ui/peers.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SWEEP_US 250000

struct peer {
    bool used;
    bool waits; /* for the head of a request */
    bool shut;
    int fd;
    int64_t since_us;
    unsigned char key[16];
};

struct peers {
    size_t max, max_per_address, n;
    int64_t head_us;
    int64_t swept_us;
    struct peer slots[];
};

/* What counts as one address: IPv4 as IPv6 has it, IPv6 without what a host may choose itself. */
static void key_of(const struct sockaddr *address, unsigned char *key)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(key, 0, 16);
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        memcpy(key, &v6.sin6_addr, 16);
        if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr))
            memset(key + 8, 0, 8);
    } else if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        key[10] = key[11] = 0xFF;
        memcpy(key + 12, &v4.sin_addr, 4);
    }
}

static bool is_loopback(const unsigned char *key)
{
    static const unsigned char v4[12] = {[10] = 0xFF, [11] = 0xFF}, v6[16] = {[15] = 1};

    return memcmp(key, v6, sizeof(v6)) == 0 || (memcmp(key, v4, sizeof(v4)) == 0 && key[12] == 127);
}

struct peers *peers_new(size_t max, size_t max_per_address, int64_t head_ms)
{
    struct peers *peers = calloc(1, sizeof(*peers) + max * sizeof(peers->slots[0]));

    if (peers == NULL)
        return NULL;
    peers->max = max;
    peers->max_per_address = max_per_address;
    peers->head_us = head_ms * 1000;
    return peers;
}

void peers_free(struct peers *peers)
{
    free(peers);
}

static void sweep(struct peers *peers, int64_t now_us)
{
    peers->swept_us = now_us;
    for (size_t i = 0; i < peers->max; i++) {
        struct peer *peer = &peers->slots[i];
        if (peer->used && peer->waits && !peer->shut && now_us - peer->since_us > peers->head_us) {
            /* Its end is read by libmicrohttpd, which closes it. It fails only for a connection that has ended. */
            (void)shutdown(peer->fd, SHUT_RDWR);
            peer->shut = true;
        }
    }
}

void peers_sweep(struct peers *peers)
{
    int64_t now_us = clock_monotonic_us();

    if (now_us - peers->swept_us >= SWEEP_US)
        sweep(peers, now_us);
}

bool peers_admit(struct peers *peers, const struct sockaddr *address)
{
    unsigned char key[16];
    size_t same = 0;

    peers_sweep(peers);
    if (peers->n >= peers->max) {
        sweep(peers, clock_monotonic_us());
        return false;
    }
    key_of(address, key);
    if (is_loopback(key))
        return true;
    for (size_t i = 0; i < peers->max; i++)
        if (peers->slots[i].used && memcmp(peers->slots[i].key, key, sizeof(key)) == 0)
            same++;
    return same < peers->max_per_address;
}

struct peer *peers_opened(struct peers *peers, const struct sockaddr *address, int fd)
{
    for (size_t i = 0; i < peers->max; i++) {
        struct peer *peer = &peers->slots[i];
        if (peer->used)
            continue;
        *peer = (struct peer){.used = true, .waits = true, .fd = fd, .since_us = clock_monotonic_us()};
        key_of(address, peer->key);
        peers->n++;
        return peer;
    }
    return NULL;
}

void peers_closed(struct peers *peers, struct peer *peer)
{
    if (peer == NULL)
        return;
    peer->used = false;
    peers->n--;
}

void peers_served(struct peer *peer)
{
    if (peer != NULL)
        peer->waits = false;
}

void peers_waits(struct peer *peer)
{
    if (peer == NULL)
        return;
    peer->waits = true;
    peer->since_us = clock_monotonic_us();
}

size_t peers_count(const struct peers *peers)
{
    return peers->n;
}
