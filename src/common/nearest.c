#include "common/nearest.h"

#include <ctype.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t rows[3][NEAREST_LONGEST + 1]; /* the row before the last, the last, the present one */
    size_t a_len = strnlen(a, NEAREST_LONGEST), b_len = strnlen(b, NEAREST_LONGEST);
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        int x = tolower((unsigned char)a[i - 1]);
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            int y = tolower((unsigned char)b[j - 1]);
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_len];
}

int nearest_pick(const char *name, const char *const *candidates, size_t n)
{
    size_t limit = strlen(name) / 3;
    size_t best = limit < 1 ? 1 : limit;
    int pick = -1;

    for (size_t i = 0; i < n; i++) {
        if (candidates[i] == NULL)
            continue;
        size_t distance = nearest_distance(name, candidates[i]);
        if (distance < best || (distance == best && pick < 0)) {
            best = distance;
            pick = (int)i;
        }
    }
    return pick;
}
