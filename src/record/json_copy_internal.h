/* What copying and looking into copies have in common. */
#ifndef RECORD_JSON_COPY_INTERNAL_H
#define RECORD_JSON_COPY_INTERNAL_H

#include <string.h>

/* The closing quote of the string whose text begins at p; the record is known to be sound and ends at end. */
static inline const char *json_copy_end_of_string(const char *p, const char *end)
{
    for (;;) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        const char *escape = memchr(p, '\\', (size_t)(quote - p));
        if (escape == NULL)
            return quote;
        p = escape + 2;
    }
}

#endif
