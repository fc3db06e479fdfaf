/* A lookup that finds its key touches one cache line of slots (common/slots.h) and one of key bytes.
 *
 * The hash is the multiply-fold of wyhash (Wang Yi, public domain): 8 bytes a multiplication, a few nanoseconds
 * for a category name. Its seed comes from the kernel once a process, so that nobody outside can choose colliding
 * keys. */
#include "common/hashmap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define FIRST_KEYS ((size_t)32)
#define LAST_ID (UINT32_MAX - 2)

/* wyhash's default secret: odd constants with balanced bits */
#define SECRET0 UINT64_C(0xa0761d6478bd642f)
#define SECRET1 UINT64_C(0xe7037ed1a0b428db)
#define SECRET2 UINT64_C(0x8ebc6af09c88c6e3)
#define SECRET3 UINT64_C(0x589965cc75374cc3)

static uint64_t process_seed;

static inline void multiply(uint64_t *a, uint64_t *b)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)*a * *b;

    *a = (uint64_t)product;
    *b = (uint64_t)(product >> 64);
#else
    uint64_t a_high = *a >> 32, a_low = (uint32_t)*a, b_high = *b >> 32, b_low = (uint32_t)*b;
    uint64_t high = a_high * b_high, mid0 = a_high * b_low, mid1 = a_low * b_high, low = a_low * b_low;
    uint64_t sum = low + (mid0 << 32);
    uint64_t carry = sum < low;

    low = sum + (mid1 << 32);
    carry += low < sum;
    *a = low;
    *b = high + (mid0 >> 32) + (mid1 >> 32) + carry;
#endif
}

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    multiply(&a, &b);
    return a ^ b;
}

static inline uint64_t read8(const unsigned char *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

static inline uint64_t read4(const unsigned char *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

/* Before main: hashmap_hash then needs no check whether the seed is there. */
__attribute__((constructor)) static void seed_once(void)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
        /* very early in a boot: weaker, but still not known to a sender of records */
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        seed = (uint64_t)now.tv_nsec * SECRET2 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 32 ^
               (uint64_t)(uintptr_t)&now;
    }
    process_seed = seed ^ fold(seed ^ SECRET0, SECRET1);
}

uint64_t hashmap_hash(const void *key, size_t len)
{
    const unsigned char *p = key;
    uint64_t seed = process_seed;
    uint64_t a, b;

    if (len <= 16) {
        if (len >= 4) {
            size_t step = (len >> 3) << 2; /* 0 below 8 bytes, else 4: the four words cover every byte */
            a = read4(p) << 32 | read4(p + step);
            b = read4(p + len - 4) << 32 | read4(p + len - 4 - step);
        } else if (len > 0) {
            a = (uint64_t)p[0] << 16 | (uint64_t)p[len >> 1] << 8 | p[len - 1];
            b = 0;
        } else {
            a = b = 0;
        }
    } else {
        size_t rest = len;
        if (rest > 48) {
            uint64_t lane1 = seed, lane2 = seed;
            do {
                seed = fold(read8(p) ^ SECRET1, read8(p + 8) ^ seed);
                lane1 = fold(read8(p + 16) ^ SECRET2, read8(p + 24) ^ lane1);
                lane2 = fold(read8(p + 32) ^ SECRET3, read8(p + 40) ^ lane2);
                p += 48;
                rest -= 48;
            } while (rest > 48);
            seed ^= lane1 ^ lane2;
        }
        while (rest > 16) {
            seed = fold(read8(p) ^ SECRET1, read8(p + 8) ^ seed);
            p += 16;
            rest -= 16;
        }
        a = read8(p + rest - 16);
        b = read8(p + rest - 8);
    }
    a ^= SECRET1;
    b ^= seed;
    multiply(&a, &b);
    return fold(a ^ SECRET0 ^ len, b ^ SECRET1);
}

void hashmap_init(struct hashmap *map)
{
    memset(map, 0, sizeof(*map));
    arena_init(&map->arena);
}

void hashmap_release(struct hashmap *map)
{
    slots_release(&map->slots);
    free(map->keys);
    arena_release(&map->arena);
    hashmap_init(map);
}

void hashmap_reset(struct hashmap *map)
{
    if (map->count > 0)
        slots_clear(&map->slots);
    map->count = 0;
    arena_reset(&map->arena);
}

static bool grow_keys(struct hashmap *map)
{
    size_t cap = map->keys_cap == 0 ? FIRST_KEYS : map->keys_cap * 2;
    size_t size;

    if (__builtin_mul_overflow(cap, sizeof(struct hashmap_key), &size))
        return false;
    struct hashmap_key *keys = realloc(map->keys, size); /* large ones are remapped, not copied */
    if (keys == NULL)
        return false;
    map->keys = keys;
    map->keys_cap = cap;
    return true;
}

/* Keys are short: words, of which the last two may overlap, instead of a call. */
static inline bool same_bytes(const char *a, const char *b, size_t len)
{
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

    if (len >= 8) {
        size_t at = 0;
        for (; at + 8 < len; at += 8)
            if (read8(x + at) != read8(y + at))
                return false;
        return read8(x + len - 8) == read8(y + len - 8);
    }
    if (len >= 4)
        return read4(x) == read4(y) && read4(x + len - 4) == read4(y + len - 4);
    for (size_t i = 0; i < len; i++)
        if (x[i] != y[i])
            return false;
    return true;
}

static inline bool same_key(const void *keys, uint32_t id, const void *key, size_t len)
{
    const struct hashmap_key *candidate = (const struct hashmap_key *)keys + id;

    return candidate->len == len && same_bytes(candidate->data, key, len);
}

uint32_t hashmap_put(struct hashmap *map, const void *key, size_t len, uint64_t hash, bool *inserted)
{
    uint32_t hash32 = (uint32_t)(hash >> 32);

    *inserted = false;
    slots_advance(&map->slots);
    uint32_t id = slots_find(&map->slots, hash32, same_key, map->keys, key, len);
    if (id != SLOTS_NONE)
        return id;

    if (map->count > LAST_ID || len > UINT32_MAX || slots_prepare(&map->slots, map->count) != 0)
        return HASHMAP_NONE;
    if (map->count == map->keys_cap && !grow_keys(map))
        return HASHMAP_NONE;
    char *copy = arena_copy(&map->arena, key, len);
    if (copy == NULL)
        return HASHMAP_NONE;
    id = (uint32_t)map->count++;
    map->keys[id] = (struct hashmap_key){copy, (uint32_t)len, hash32};
    slots_put(&map->slots, hash32, id);
    *inserted = true;
    return id;
}

uint32_t hashmap_get(const struct hashmap *map, const void *key, size_t len, uint64_t hash)
{
    return slots_find(&map->slots, (uint32_t)(hash >> 32), same_key, map->keys, key, len);
}

size_t hashmap_memory_bytes(const struct hashmap *map)
{
    return slots_memory_bytes(&map->slots) + map->keys_cap * sizeof(*map->keys) + map->arena.reserved_bytes;
}
