/* Byte strings to dense numbers: the first key gets 0, the next new one 1, and so on.
 *
 * Open addressing over (hash, id); the keys' bytes are copied into the map's own arena, so a value array indexed by
 * id (counts, accumulators) lives with the caller. Growth rehashes from the stored hashes; keys are not touched.
 * Not thread-safe.
 */
#ifndef COMMON_HASHMAP_H
#define COMMON_HASHMAP_H

#include "common/arena.h"
#include "common/slots.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASHMAP_NONE SLOTS_NONE

struct hashmap_key {
    const char *data;
    uint32_t len;
    uint32_t hash32; /* upper half of the key's hash: compared before the bytes */
};

struct hashmap {
    struct slots slots;
    struct hashmap_key *keys; /* by id */
    size_t count;
    size_t keys_cap;
    struct arena arena; /* the keys' bytes */
};

void hashmap_init(struct hashmap *map);
void hashmap_release(struct hashmap *map);
/* Forget all keys, keep the memory. */
void hashmap_reset(struct hashmap *map);

/* A 64-bit hash of bytes (8-byte multiply-fold, seeded per process against chosen keys). Same within one process only:
 * never store it. */
uint64_t hashmap_hash(const void *key, size_t len);

/* The id of the key, added if new (*inserted then true). HASHMAP_NONE without memory or at 2^32-2 keys.
 * hash is hashmap_hash(key, len). */
uint32_t hashmap_put(struct hashmap *map, const void *key, size_t len, uint64_t hash, bool *inserted);

/* The id, or HASHMAP_NONE. */
uint32_t hashmap_get(const struct hashmap *map, const void *key, size_t len, uint64_t hash);

/* Ask for the slot of a key that will be looked up soon: a loop over many keys hashes some of them first, so that the
 * misses of a large map overlap. */
static inline __attribute__((always_inline)) void hashmap_prefetch(const struct hashmap *map, uint64_t hash)
{
    slots_prefetch(&map->slots, (uint32_t)(hash >> 32));
}

/* Bytes held, keys included. */
size_t hashmap_memory_bytes(const struct hashmap *map);

#endif
