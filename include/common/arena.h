/* A bump allocator: many small pieces, freed all at once.
 *
 * Pieces are never moved, so pointers stay valid until arena_reset or arena_release. Not thread-safe.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    char *next; /* free bytes of the current block: [next, end) */
    char *end;
    struct arena_block *blocks; /* newest first */
    size_t reserved_bytes;      /* held from malloc: what a report calls memory used */
};

#define ARENA_INIT                                                                                                     \
    {                                                                                                                  \
        NULL, NULL, NULL, 0                                                                                            \
    }

void arena_init(struct arena *arena);
/* Free everything; the arena is then as after arena_init. */
void arena_release(struct arena *arena);
/* Forget all pieces, keep one block (the largest) for the next round. */
void arena_reset(struct arena *arena);

/* size_bytes aligned for any type (alloc), or unaligned (bytes). NULL without memory.
 * A size of 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size_bytes);
void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes); /* zeroed, overflow-checked */
char *arena_bytes(struct arena *arena, size_t size_bytes);
char *arena_copy(struct arena *arena, const void *data, size_t size_bytes); /* NULL without memory */
char *arena_strdup(struct arena *arena, const char *text);                  /* with NUL */
char *arena_strndup(struct arena *arena, const char *text, size_t len);     /* with NUL added */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The last piece given out by arena_bytes may be cut: give back its last `unused` bytes. */
void arena_trim(struct arena *arena, size_t unused_bytes);

#endif
