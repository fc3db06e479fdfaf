/* Blocks double from 4 KiB to 1 MiB, so that a small arena costs little and a large one few mallocs; a piece larger
 * than a block gets a block of its own. */
#include "common/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK ((size_t)4096)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct arena_block {
    struct arena_block *older;
    size_t size; /* of data */
    max_align_t data[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena)ARENA_INIT;
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    arena_init(arena);
}

static void use_block(struct arena *arena, struct arena_block *block)
{
    arena->next = (char *)block->data;
    arena->end = arena->next + block->size;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = arena->blocks;

    if (keep == NULL)
        return;
    for (struct arena_block *block = keep->older; block != NULL; block = block->older)
        if (block->size > keep->size)
            keep = block;
    for (struct arena_block *block = arena->blocks; block != NULL;) {
        struct arena_block *older = block->older;
        if (block != keep)
            free(block);
        block = older;
    }
    keep->older = NULL;
    arena->blocks = keep;
    arena->reserved_bytes = keep->size;
    use_block(arena, keep);
}

static char *grow(struct arena *arena, size_t need)
{
    size_t size = arena->blocks == NULL ? FIRST_BLOCK : arena->blocks->size * 2;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < need)
        size = need;
    if (size > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->older = arena->blocks;
    arena->blocks = block;
    arena->reserved_bytes += size;
    use_block(arena, block);
    return arena->next;
}

char *arena_bytes(struct arena *arena, size_t size_bytes)
{
    char *piece = arena->next;

    if (piece == NULL || size_bytes > (size_t)(arena->end - piece)) {
        piece = grow(arena, size_bytes);
        if (piece == NULL)
            return NULL;
    }
    arena->next = piece + size_bytes;
    return piece;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    const size_t align = _Alignof(max_align_t);

    if (arena->next != NULL) {
        size_t pad = (align - ((uintptr_t)arena->next & (align - 1))) & (align - 1);
        if (pad <= (size_t)(arena->end - arena->next) && size_bytes <= (size_t)(arena->end - arena->next) - pad) {
            char *piece = arena->next + pad;
            arena->next = piece + size_bytes;
            return piece;
        }
    }
    char *piece = grow(arena, size_bytes); /* a block begins aligned */
    if (piece != NULL)
        arena->next = piece + size_bytes;
    return piece;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total;

    if (__builtin_mul_overflow(count, size_bytes, &total))
        return NULL;
    void *piece = arena_alloc(arena, total);
    if (piece != NULL)
        memset(piece, 0, total);
    return piece;
}

char *arena_copy(struct arena *arena, const void *data, size_t size_bytes)
{
    char *piece = arena_bytes(arena, size_bytes);

    if (piece != NULL && size_bytes > 0)
        memcpy(piece, data, size_bytes);
    return piece;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *piece = len < SIZE_MAX ? arena_bytes(arena, len + 1) : NULL;

    if (piece != NULL) {
        if (len > 0)
            memcpy(piece, text, len);
        piece[len] = '\0';
    }
    return piece;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return NULL;
    char *piece = arena_bytes(arena, (size_t)n + 1);
    if (piece != NULL) {
        va_start(args, format);
        vsnprintf(piece, (size_t)n + 1, format, args);
        va_end(args);
    }
    return piece;
}

void arena_trim(struct arena *arena, size_t unused_bytes)
{
    arena->next -= unused_bytes;
}
