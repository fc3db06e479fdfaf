#include "kafka/offsets.h"

#include <stdlib.h>
#include <string.h>

void offset_list_init(struct offset_list *list)
{
    *list = (struct offset_list){0, 0, NULL};
}

void offset_list_release(struct offset_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((void *)(uintptr_t)list->items[i].topic); /* ours, shown to others as const */
    free(list->items);
    offset_list_init(list);
}

int offset_list_add(struct offset_list *list, const char *topic, int32_t partition, int64_t offset)
{
    char *name;

    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        struct partition_offset *items = reallocarray(list->items, cap, sizeof(*items));

        if (items == NULL)
            return -1;
        list->items = items;
        list->cap = cap;
    }
    name = strdup(topic);
    if (name == NULL)
        return -1;
    list->items[list->count++] = (struct partition_offset){name, partition, offset};
    return 0;
}

int offset_list_copy(struct offset_list *dst, const struct offset_list *src)
{
    struct offset_list copy;

    offset_list_init(&copy);
    for (size_t i = 0; i < src->count; i++) {
        if (offset_list_add(&copy, src->items[i].topic, src->items[i].partition, src->items[i].offset) == -1) {
            offset_list_release(&copy);
            return -1;
        }
    }
    offset_list_release(dst);
    *dst = copy;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct partition_offset *left = a;
    const struct partition_offset *right = b;
    int by_topic = strcmp(left->topic, right->topic);

    if (by_topic != 0)
        return by_topic;
    return (left->partition > right->partition) - (left->partition < right->partition);
}

void offset_list_sort(struct offset_list *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof(*list->items), compare);
}

/* Lists are built by hand too, before they are sorted, and are short: look at each. */
struct partition_offset *offset_list_find(const struct offset_list *list, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].partition == partition && strcmp(list->items[i].topic, topic) == 0)
            return &list->items[i];
    return NULL;
}

bool offset_list_equal(const struct offset_list *a, const struct offset_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (compare(&a->items[i], &b->items[i]) != 0 || a->items[i].offset != b->items[i].offset)
            return false;
    return true;
}
