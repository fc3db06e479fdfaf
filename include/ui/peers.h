/* Who is connected: how many connections in all and from one address, and who takes too long over the head of a
 * request.
 *
 * libmicrohttpd's timeout begins anew with every byte, so that a client that sends one now and then would hold its
 * connection for ever. Here the head as a whole has its time. Used by the server's thread only.
 */
#ifndef UI_PEERS_H
#define UI_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peers;
struct peer;
struct sockaddr;

/* max: connections in all. max_per_address: from one IPv4 address or one IPv6 /64, except loopback. head_ms: time for
 * the head of a request, from the connection's opening or the answer before. NULL without memory. */
struct peers *peers_new(size_t max, size_t max_per_address, int64_t head_ms);
/* Every peer must have been closed. NULL does nothing. */
void peers_free(struct peers *peers);

/* May another connection from this address be taken? When none is free, those whose heads are overdue are shut down
 * first; they are gone a moment later. */
bool peers_admit(struct peers *peers, const struct sockaddr *address);

/* A connection was opened: peers keeps its descriptor until peers_closed, without owning it. NULL when there are more
 * than were admitted; then it is not counted. */
struct peer *peers_opened(struct peers *peers, const struct sockaddr *address, int fd);
void peers_closed(struct peers *peers, struct peer *peer); /* NULL does nothing */

/* The head of a request is complete; no time limit of this module's applies until peers_waits. NULL does nothing. */
void peers_served(struct peer *peer);
/* The answer is out, the next head is awaited. NULL does nothing. */
void peers_waits(struct peer *peer);

/* Shut down whoever is overdue. Cheap; called whenever something happens. */
void peers_sweep(struct peers *peers);

size_t peers_count(const struct peers *peers);

#endif
