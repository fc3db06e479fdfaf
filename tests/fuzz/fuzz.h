/* Shared by the fuzz targets: input in exact copies, chunks that the input itself chooses, a directory for files, and
 * what to do when a property does not hold. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "common/buf.h"
#include "common/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Say what does not hold and abort: libFuzzer then keeps the input. */
__attribute__((format(printf, 1, 2), noreturn)) static inline void fuzz_fail(const char *format, ...)
{
    va_list args;

    fputs("PROPERTY: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

#define fuzz_must(condition)                                                                                           \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fuzz_fail("%s:%d: %s", __FILE__, __LINE__, #condition);                                                    \
    } while (0)

/* The first byte of the input, as a choice between things; 0 when there is none. */
static inline uint8_t fuzz_choice(const uint8_t **data, size_t *size)
{
    if (*size == 0)
        return 0;
    *size -= 1;
    return *(*data)++;
}

/* A copy of exactly that size with a NUL behind it that does not count: reading further is seen. malloc'd. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    fuzz_must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* The next piece's size, from 1 to `left` (> 0), out of a sequence that *seed begins: mostly small ones. */
static inline size_t fuzz_chunk(uint32_t *seed, size_t left)
{
    *seed = *seed * 1664525u + 1013904223u;
    size_t most = (*seed >> 24 & 3) == 0 ? 1 : (*seed >> 24 & 7) == 1 ? left : 40;
    size_t n = 1 + (*seed >> 8) % most;
    return n < left ? n : left;
}

static inline bool fuzz_same(const struct buf *a, const struct buf *b)
{
    fuzz_must(!a->failed && !b->failed);
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Nothing in it that a terminal or an editor would act on: sound UTF-8 without control bytes but those named. */
static inline void fuzz_must_be_plain(const struct buf *text, const char *allowed)
{
    const char *p = text->data;
    uint32_t code;

    fuzz_must(!text->failed);
    for (size_t left = text->len; left > 0;) {
        size_t n = escape_utf8_next(p, left, &code);
        if (code == ESCAPE_MALFORMED)
            fuzz_fail("malformed UTF-8 at byte %zu: %.*s", text->len - left, (int)text->len, text->data);
        if ((code < 0x20 && (code == 0 || strchr(allowed, (int)code) == NULL)) || (code >= 0x7F && code < 0xA0))
            fuzz_fail("control character %02x at byte %zu", (unsigned)code, text->len - left);
        p += n;
        left -= n;
    }
}

/* A directory of this process, below $TMPDIR: whoever starts the target removes it. */
static inline const char *fuzz_dir(void)
{
    static char dir[200];
    const char *parent = getenv("TMPDIR");

    if (dir[0] == '\0') {
        snprintf(dir, sizeof(dir), "%s/sf-fuzz-XXXXXX", parent != NULL ? parent : "/tmp");
        fuzz_must(mkdtemp(dir) != NULL);
    }
    return dir;
}

/* Write a file without waiting for the disk. */
static inline void fuzz_write(const char *path, const void *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_must(fd >= 0);
    fuzz_must(len == 0 || write(fd, data, len) == (ssize_t)len);
    fuzz_must(close(fd) == 0);
}

#endif
