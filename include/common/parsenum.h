/* Numbers and truth values from text: the whole string or nothing. Any thread. */
#ifndef COMMON_PARSENUM_H
#define COMMON_PARSENUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal whole number, an optional sign in front, no blanks, between min and max. 0; -1 leaves *value alone. */
int parsenum_i64(const char *text, int64_t min, int64_t max, int64_t *value);

/* true or false in any case, as Spark's options. 0, -1. */
int parsenum_bool(const char *text, bool *value);

/* A size: a whole number and an optional k, m, g or t (any case, powers of 1024, an optional b behind). 0, -1. */
int parsenum_bytes(const char *text, int64_t min, int64_t max, int64_t *value);

#endif
