#include "common/radix.h"

#include <endian.h>
#include <string.h>

#define INSERTION_MAX 64 /* items: counting bytes costs more than that */

static void insertion_sort(struct radix_item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct radix_item item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].value > item.value; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

bool radix_sort(struct radix_item *items, struct radix_item *spare, size_t n)
{
    struct radix_item *from = items, *to = spare;
    uint64_t differing = 0;

    for (size_t i = 1; i < n; i++)
        differing |= items[i].value ^ items[0].value;
    if (differing == 0)
        return false;
    if (n <= INSERTION_MAX) {
        insertion_sort(items, n);
        return true;
    }
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t starts[256] = {0}, at = 0;
        if ((differing >> shift & 0xff) == 0)
            continue;
        for (size_t i = 0; i < n; i++)
            starts[from[i].value >> shift & 0xff]++;
        for (size_t digit = 0; digit < 256; digit++) {
            size_t some = starts[digit];
            starts[digit] = at;
            at += some;
        }
        for (size_t i = 0; i < n; i++)
            to[starts[from[i].value >> shift & 0xff]++] = from[i];
        struct radix_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, n * sizeof(*items));
    return true;
}

size_t radix_run(const struct radix_item *items, size_t first, size_t n)
{
    size_t last = first + 1;

    while (last < n && items[last].value == items[first].value)
        last++;
    return last;
}

static void sort_from(struct radix_item *items, struct radix_item *spare, size_t n, size_t level, size_t nlevels,
                      radix_level_fn fn, void *cookie)
{
    while (level < nlevels && !fn(cookie, level, items, spare, n))
        level++;
    for (size_t first = 0, last; level + 1 < nlevels && first < n; first = last) {
        last = radix_run(items, first, n);
        if (last - first > 1)
            sort_from(items + first, spare, last - first, level + 1, nlevels, fn, cookie);
    }
}

void radix_sort_levels(struct radix_item *items, struct radix_item *spare, size_t n, size_t nlevels, radix_level_fn fn,
                       void *cookie)
{
    if (n > 1)
        sort_from(items, spare, n, 0, nlevels, fn, cookie);
}

uint64_t radix_of_text(const char *text, size_t len)
{
    uint64_t head = 0;

    if (len > 0)
        memcpy(&head, text, len < 8 ? len : 8);
    return be64toh(head);
}
