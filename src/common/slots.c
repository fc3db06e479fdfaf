/* Linear probing. An entry's place comes from the low bits of its hash, which is kept beside it: growth needs no key.
 *
 * GROWTH. The old table is left as it is while its entries are copied in the order of its slots, so that a lookup in
 * it stays right whatever was copied. Slot i goes to about i or i + old size: both halves of the new table are
 * written in order. With a load of 5/8 at most, a new table of twice the size takes 5/8 of the old size in new
 * entries before it is full in its turn; MOVED slots an operation empty the old one long before.
 *
 * MEMORY. New entries come to random places, so that the first few thousand touch every page of a new table, and each
 * page costs its fault: 6 ms for 16 MB, or 11 when calloc clears them (huge pages: 55, on a virtual machine that has
 * not seen the memory before). So a large table is mapped ahead, when the one before is half full, and its pages are
 * touched one by one until it is needed.
 *
 * A page is written before it is read: a lookup in a fresh one would map the kernel's page of zeros there, and the
 * entry that follows would cost a second fault and an interrupt on every processor that runs a thread of ours. That
 * took 12 % of a query's CPU with a hundred thousand groups; so small tables are cleared by hand, not by calloc, whose
 * pages are fresh. */
#include "common/slots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST ((size_t)64)
#define MAPPED ((size_t)1 << 17) /* slots, 1 MB: from here on tables are mapped, ahead of time */
#define PAGE ((size_t)4096)
#define LINE ((size_t)64)        /* of the cache; divides any table */
#define PUTS_A_PAGE ((size_t)32) /* a table half full takes n / 8 more entries; the next one has n * 16 / PAGE pages */
#define MOVED ((size_t)16)       /* two cache lines of slots a call: some 40 ns */

static struct slots_entry *make_table(size_t n)
{
    size_t bytes = n * sizeof(struct slots_entry);

    if (n < MAPPED) {
        struct slots_entry *table = aligned_alloc(LINE, bytes);
        if (table != NULL)
            memset(table, 0, bytes);
        return table;
    }
    void *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return table == MAP_FAILED ? NULL : table;
}

static void free_table(struct slots_entry *table, size_t n)
{
    if (n < MAPPED)
        free(table);
    else
        (void)munmap(table, n * sizeof(*table)); /* may fail in a process with too many mappings: they stay */
}

void slots_release(struct slots *slots)
{
    if (slots->entries != NULL)
        free_table(slots->entries, slots->mask + 1);
    if (slots->old != NULL)
        free_table(slots->old, slots->old_mask + 1);
    if (slots->next != NULL)
        free_table(slots->next, (slots->mask + 1) * 2);
    memset(slots, 0, sizeof(*slots));
}

static void drop_old(struct slots *slots)
{
    if (slots->old != NULL)
        free_table(slots->old, slots->old_mask + 1);
    slots->old = NULL;
    slots->old_mask = 0;
    slots->moved = 0;
}

void slots_clear(struct slots *slots)
{
    drop_old(slots);
    if (slots->entries != NULL)
        memset(slots->entries, 0, (slots->mask + 1) * sizeof(*slots->entries));
}

size_t slots_memory_bytes(const struct slots *slots)
{
    size_t n = slots->entries == NULL ? 0 : slots->mask + 1;

    return (n + (slots->old == NULL ? 0 : slots->old_mask + 1) + (slots->next == NULL ? 0 : n * 2)) *
           sizeof(*slots->entries);
}

static void place(struct slots *slots, struct slots_entry entry)
{
    size_t at = entry.hash32 & slots->mask;

    while (slots->entries[at].number != 0)
        at = (at + 1) & slots->mask;
    slots->entries[at] = entry;
}

void slots_move(struct slots *slots)
{
    size_t left = slots->old_mask + 1 - slots->moved;

    for (size_t n = left < MOVED ? left : MOVED; n > 0; n--) {
        struct slots_entry entry = slots->old[slots->moved++];
        if (entry.number != 0)
            place(slots, entry);
    }
    if (slots->moved > slots->old_mask)
        drop_old(slots);
}

/* A page of the table that will be needed; without memory it is tried again when there is no way around it. */
static void look_ahead(struct slots *slots, size_t past_half)
{
    if (past_half % PUTS_A_PAGE != 0)
        return;
    if (slots->next == NULL)
        slots->next = make_table((slots->mask + 1) * 2);
    size_t at = past_half / PUTS_A_PAGE * (PAGE / sizeof(*slots->next));
    if (slots->next != NULL && at < (slots->mask + 1) * 2)
        *(volatile uint32_t *)&slots->next[at].number = 0;
}

static bool has_room(size_t n, size_t count)
{
    return (count + 1) * 8 <= n * 5; /* load <= 5/8: about two probes for a key that is there */
}

void slots_reserve(struct slots *slots, size_t count)
{
    size_t n = FIRST;

    if (slots->entries != NULL)
        return;
    while (!has_room(n, count))
        n *= 2;
    slots->entries = make_table(n);
    if (slots->entries == NULL)
        return;
    if (n >= MAPPED)
        memset(slots->entries, 0, n * sizeof(*slots->entries));
    slots->mask = n - 1;
}

int slots_prepare(struct slots *slots, size_t count)
{
    size_t n = slots->entries == NULL ? 0 : slots->mask + 1;

    if (has_room(n, count)) {
        if (n >= MAPPED / 2 && count >= n / 2)
            look_ahead(slots, count - n / 2);
        return 0;
    }
    size_t more = n == 0 ? FIRST : n * 2;
    struct slots_entry *entries = slots->next != NULL ? slots->next : make_table(more);
    if (entries == NULL)
        return -1;
    while (slots->old != NULL) /* only where the caller left slots_advance out */
        slots_move(slots);
    slots->old = slots->entries; /* NULL the first time: nothing to move */
    slots->old_mask = slots->mask;
    slots->moved = 0;
    slots->entries = entries;
    slots->mask = more - 1;
    slots->next = NULL; /* it is in use now */
    return 0;
}

void slots_put(struct slots *slots, uint32_t hash32, uint32_t number)
{
    assert(number != SLOTS_NONE);
    place(slots, (struct slots_entry){hash32, number + 1});
}
