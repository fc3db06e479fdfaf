/* A growable byte buffer with a sticky failure.
 *
 * Appending never returns an error: after a failed allocation (or a size overflow) `failed` is set, the
 * contents stay as they were and all further appends do nothing. The writer checks `failed` once, at the
 * end. data is NULL while nothing was appended; otherwise data[len] is a NUL that does not count.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    bool failed;
};

#define BUF_INIT                                                                                                       \
    {                                                                                                                  \
        NULL, 0, 0, false                                                                                              \
    }

void buf_init(struct buf *buf);
/* Free the memory; the buffer is then as after buf_init. */
void buf_release(struct buf *buf);
/* Forget the contents and the failure, keep the memory. */
void buf_reset(struct buf *buf);

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_byte(struct buf *buf, char byte);
void buf_append_text(struct buf *buf, const char *text);
void buf_append_i64(struct buf *buf, int64_t value);
void buf_append_fill(struct buf *buf, char byte, size_t n);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Room for `extra` more bytes at data + len; the caller writes there and adds to len itself (and then
 * must not rely on the trailing NUL before the next append). Returns false, with failed set, without memory. */
bool buf_reserve(struct buf *buf, size_t extra);

/* The contents as a malloc'd NUL-terminated string that the caller frees; buf is empty afterwards.
 * NULL when the buffer had failed. */
char *buf_take(struct buf *buf, size_t *len_or_null);

#endif
