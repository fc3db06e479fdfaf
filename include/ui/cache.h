/* Finished answers by request target, kept while nothing has changed that they tell.
 *
 * Most readers ask for the same few things again and again between two batches. Such an answer is made, and packed,
 * once for a version of the board; libmicrohttpd then sends the same bytes to all. Held by the server's thread only; a
 * response in it may still be on its way to a slow reader when its slot is taken by another, for it counts references.
 */
#ifndef UI_CACHE_H
#define UI_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct MHD_Response;

/* What an answer depends on besides its target and the version. */
enum cache_life {
    CACHE_NEVER,   /* the request's headers, the process, the clock to the millisecond ...: not kept */
    CACHE_SECOND,  /* the clock, to the second */
    CACHE_VERSION, /* nothing: as long as the board's version stays */
};

/* An empty cache; NULL without memory. */
struct cache *cache_new(void);
/* Drops its references. NULL does nothing. */
void cache_free(struct cache *cache);

/* The server's now, taken before the snapshots of an answer are read. */
struct cache_moment {
    bool gzip;        /* the client takes it */
    bool strained;    /* much was made lately: pages may be CACHE_STRAINED_US old */
    uint64_t version; /* of the board */
    int64_t second;
    int64_t now_us; /* monotonic */
};

/* How old a page (CACHE_SECOND) may be in a strained moment although the board has changed. The page's script asks once
 * more when a little more than that has passed without an event, so that nobody is left with an old one. */
#define CACHE_STRAINED_US 500000

/* The response (to be sent with status 200) kept for this raw target (path and query as they came) that is good now;
 * else NULL. *path_class is what cache_keep was given. The response is the cache's and lasts until the next
 * cache_keep. */
struct MHD_Response *cache_find(struct cache *cache, const char *target, const struct cache_moment *now,
                                const char **path_class);

/* Keep a response of `size` bytes whose body was made from the board as it was at `now`. path_class: static text. True:
 * the caller's reference is the cache's now, and the caller may queue the response until the next call here. False: it
 * is not kept, being too large or too short-lived, and stays the caller's. */
bool cache_keep(struct cache *cache, const char *target, const struct cache_moment *now, enum cache_life life,
                const char *path_class, size_t size, struct MHD_Response *response);

#endif
