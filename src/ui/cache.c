/* A table of few slots without chains: two targets that share a slot take turns, which costs what no cache would.
 * libmicrohttpd has no call that adds a reference for us, so the maker's own one is taken over. */
#include "ui/cache.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 64 /* some twenty targets are in use at a time */
#define MAX_TARGET 200
#define MAX_BYTES                                                                                                      \
    ((size_t)256 * 1024) /* 16 MiB in all at worst; what is larger is asked for by scripts, one at a time */

struct slot {
    char target[MAX_TARGET];
    bool gzip;
    enum cache_life life;
    uint64_t version;
    int64_t second;
    int64_t made_us;
    const char *path_class;
    struct MHD_Response *response; /* NULL: free */
};

struct cache {
    struct slot slots[SLOTS];
};

/* FNV-1a. */
static size_t slot_of(const char *target, bool gzip)
{
    uint64_t hash = gzip ? UINT64_C(0xcbf29ce484222325) : UINT64_C(0x84222325cbf29ce4);

    for (; *target != '\0'; target++)
        hash = (hash ^ (unsigned char)*target) * UINT64_C(0x100000001b3);
    return (size_t)(hash >> 32) % SLOTS;
}

struct cache *cache_new(void)
{
    return calloc(1, sizeof(struct cache));
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        if (cache->slots[i].response != NULL)
            MHD_destroy_response(cache->slots[i].response);
    free(cache);
}

static bool good(const struct slot *slot, const struct cache_moment *now)
{
    if (slot->life == CACHE_VERSION)
        return slot->version == now->version;
    return (slot->version == now->version && slot->second == now->second) ||
           (now->strained && now->now_us - slot->made_us < CACHE_STRAINED_US);
}

struct MHD_Response *cache_find(struct cache *cache, const char *target, const struct cache_moment *now,
                                const char **path_class)
{
    struct slot *slot = &cache->slots[slot_of(target, now->gzip)];

    if (slot->response == NULL || slot->gzip != now->gzip || !good(slot, now) || strcmp(slot->target, target) != 0)
        return NULL;
    *path_class = slot->path_class;
    return slot->response;
}

bool cache_keep(struct cache *cache, const char *target, const struct cache_moment *now, enum cache_life life,
                const char *path_class, size_t size, struct MHD_Response *response)
{
    struct slot *slot = &cache->slots[slot_of(target, now->gzip)];
    size_t len = strlen(target);

    if (life == CACHE_NEVER || size > MAX_BYTES || len >= MAX_TARGET)
        return false;
    if (slot->response != NULL)
        MHD_destroy_response(slot->response);
    memcpy(slot->target, target, len + 1);
    slot->gzip = now->gzip;
    slot->life = life;
    slot->version = now->version;
    slot->second = now->second;
    slot->made_us = now->now_us;
    slot->path_class = path_class;
    slot->response = response;
    return true;
}
