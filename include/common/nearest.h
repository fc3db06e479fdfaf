/* "Did you mean ...?": the known name that a misspelt one is nearest to. Any thread. */
#ifndef COMMON_NEAREST_H
#define COMMON_NEAREST_H

#include <stddef.h>

/* Edits between two names, ignoring ASCII case: insert, delete, change, swap of neighbours (Damerau-Levenshtein,
 * optimal string alignment). Names longer than NEAREST_LONGEST bytes are compared by their beginnings. */
size_t nearest_distance(const char *a, const char *b);
#define NEAREST_LONGEST 128

/* The index of the nearest of n candidates (NULL entries are skipped), the first of equally near ones; -1 when none is
 * near enough to be what was meant: at most a third of the name's length, and at least one edit for short ones. */
int nearest_pick(const char *name, const char *const *candidates, size_t n);

#endif
