#include "engine/read_marks.h"

#include "common/parsenum.h"
#include "engine/offset_plan.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void read_marks_init(struct read_marks *marks)
{
    *marks = (struct read_marks){0, 0, NULL};
}

void read_marks_release(struct read_marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        free(marks->items[i].topic);
    free(marks->items);
    read_marks_init(marks);
}

int read_marks_add(struct read_marks *marks, const char *topic, int32_t partition, const struct reader_mark *mark)
{
    char *name;

    if (marks->count == marks->cap) {
        size_t cap = marks->cap == 0 ? 16 : marks->cap * 2;
        struct read_mark *items = reallocarray(marks->items, cap, sizeof(*items));

        if (items == NULL)
            return -1;
        marks->items = items;
        marks->cap = cap;
    }
    name = strdup(topic);
    if (name == NULL)
        return -1;
    marks->items[marks->count++] = (struct read_mark){name, partition, *mark};
    return 0;
}

const struct reader_mark *read_marks_find(const struct read_marks *marks, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->items[i].partition == partition && strcmp(marks->items[i].topic, topic) == 0)
            return &marks->items[i].mark;
    return NULL;
}

void read_marks_json(const struct read_marks *marks, struct buf *out)
{
    const char *topic = NULL;

    for (size_t i = 0; i < marks->count; i++) {
        const struct read_mark *item = &marks->items[i];

        offset_plan_json_key(out, &topic, item->topic, item->partition);
        buf_printf(out, "[%" PRId64 ",%" PRId64 ",%" PRId64 "]", item->mark.offset, item->mark.timestamp_ms,
                   item->mark.size);
    }
    offset_plan_json_end(out, topic);
}

/* [offset,ms,size] */
static bool parse_mark(json_t *value, struct reader_mark *mark)
{
    if (json_array_size(value) != 3)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!json_is_integer(json_array_get(value, i)))
            return false;
    mark->offset = json_integer_value(json_array_get(value, 0));
    mark->timestamp_ms = json_integer_value(json_array_get(value, 1));
    mark->size = json_integer_value(json_array_get(value, 2));
    return mark->offset >= 0 && mark->timestamp_ms >= -1 && mark->size >= 0;
}

static int parse_topics(json_t *root, struct read_marks *marks)
{
    const char *topic, *number;
    json_t *partitions, *value;

    if (!json_is_object(root))
        return 0;
    json_object_foreach(root, topic, partitions)
    {
        if (topic[0] == '\0' || !json_is_object(partitions))
            return 0;
        json_object_foreach(partitions, number, value)
        {
            struct reader_mark mark;
            int64_t partition;

            if (parsenum_i64(number, 0, INT32_MAX, &partition) != 0 || !parse_mark(value, &mark))
                return 0;
            if (read_marks_add(marks, topic, (int32_t)partition, &mark) != 0)
                return -1;
        }
    }
    return 1;
}

int read_marks_parse(json_t *root, struct read_marks *marks)
{
    int result = root == NULL ? 1 : parse_topics(root, marks);

    if (result != 1)
        read_marks_release(marks);
    return result;
}
