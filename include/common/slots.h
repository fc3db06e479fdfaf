/* Hashes to numbers of things that lie elsewhere: open addressing that doubles without a pause.
 *
 * A slot is 8 bytes, hash and number; what a number stands for, and whether it is the key that is looked for, the
 * caller knows. Nothing is ever taken out alone. When the table is full a table of twice the size takes new entries,
 * and the old one's are moved there a few at a time by the calls that follow; until the last is moved a lookup tries
 * both. So no call costs more than another, however many entries there are. Not thread-safe.
 *
 * An insertion is, in this order: slots_advance, slots_find (there? done), slots_prepare, slots_put.
 */
#ifndef COMMON_SLOTS_H
#define COMMON_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOTS_NONE UINT32_MAX

struct slots_entry {
    uint32_t hash32;
    uint32_t number; /* the caller's number + 1; 0: free */
};

/* All zero bytes are an empty table. */
struct slots {
    struct slots_entry *entries; /* a power of two; NULL: nothing was put yet */
    size_t mask;
    struct slots_entry *old; /* being emptied; NULL: none */
    size_t old_mask;
    size_t moved;             /* the first so many slots of old are copied to entries */
    struct slots_entry *next; /* the table of twice the size, made ready; NULL: not yet */
};

void slots_release(struct slots *slots);
/* Forget all entries, keep the memory. */
void slots_clear(struct slots *slots);
/* Bytes held. */
size_t slots_memory_bytes(const struct slots *slots);

/* Room for so many entries in a table that has none yet, made at one go: no growth on the way to them. Best effort. */
void slots_reserve(struct slots *slots, size_t count);
/* Room for one entry more than the `count` that are there. 0; -1 without memory, the table is then as it was. */
int slots_prepare(struct slots *slots, size_t count);
/* Add an entry that slots_find did not find, behind slots_prepare. number < SLOTS_NONE. */
void slots_put(struct slots *slots, uint32_t hash32, uint32_t number);

/* For slots_advance: move a few entries of the old table. */
void slots_move(struct slots *slots);

/* A growth that is under way goes on. Before each lookup of a loop that inserts. */
static inline void slots_advance(struct slots *slots)
{
    if (__builtin_expect(slots->old != NULL, 0))
        slots_move(slots);
}

/* Is `number` the key that is looked for? things, key and len are those of slots_find. */
typedef bool (*slots_same)(const void *things, uint32_t number, const void *key, size_t len);

/* The number, or SLOTS_NONE. Inline with its comparison: the compiler makes one loop of both. */
static inline __attribute__((always_inline)) uint32_t
slots_find(const struct slots *slots, uint32_t hash32, slots_same same, const void *things, const void *key, size_t len)
{
    const struct slots_entry *entries = slots->entries;
    size_t mask = slots->mask;

    if (entries == NULL)
        return SLOTS_NONE;
    for (;;) {
        for (size_t at = hash32 & mask; entries[at].number != 0; at = (at + 1) & mask)
            if (entries[at].hash32 == hash32 && same(things, entries[at].number - 1, key, len))
                return entries[at].number - 1;
        if (__builtin_expect(slots->old == NULL || entries == slots->old, 1))
            return SLOTS_NONE;
        entries = slots->old;
        mask = slots->old_mask;
    }
}

/* Ask for the slot of a key that will be looked up soon: a loop over many keys hashes some of them first, so that the
 * misses of a large table overlap. always_inline: gcc takes a function that only prefetches for one without effect,
 * and drops the call. */
static inline __attribute__((always_inline)) void slots_prefetch(const struct slots *slots, uint32_t hash32)
{
    if (slots->entries != NULL)
        __builtin_prefetch(&slots->entries[hash32 & slots->mask]);
    if (__builtin_expect(slots->old != NULL, 0))
        __builtin_prefetch(&slots->old[hash32 & slots->old_mask]);
}

#endif
