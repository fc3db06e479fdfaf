#include "engine/offset_plan.h"

#include "common/escape.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* The lists are sorted: with many partitions a search per partition must not be a walk. */
static const struct partition_offset *find(const struct offset_list *list, const char *topic, int32_t partition)
{
    size_t low = 0, high = list == NULL ? 0 : list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct partition_offset *item = &list->items[middle];
        int order = strcmp(item->topic, topic);
        if (order == 0)
            order = (item->partition > partition) - (item->partition < partition);
        if (order == 0)
            return item;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Where the partition starts and how many offsets it has; false: nothing to read, or no start known. */
static bool size_of(const struct offset_list *from, const struct offset_list *earliest,
                    const struct partition_offset *end, int64_t *begin, int64_t *size)
{
    const struct partition_offset *start = find(from, end->topic, end->partition);

    if (start == NULL)
        start = find(earliest, end->topic, end->partition);
    if (start == NULL || __builtin_sub_overflow(end->offset, start->offset, size) || *size <= 0)
        return false;
    *begin = start->offset;
    return true;
}

/* double to long as the JVM does it: NaN is 0, what does not fit saturates. */
static int64_t to_long(double value)
{
    if (isnan(value))
        return 0;
    if (value >= 0x1p63)
        return INT64_MAX;
    if (value < -0x1p63)
        return INT64_MIN;
    return (int64_t)value;
}

int offset_plan_limit(const struct offset_list *from, const struct offset_list *earliest,
                      const struct offset_list *until, int64_t limit, struct offset_list *out)
{
    int64_t begin, size, sum = 0;

    for (size_t i = 0; i < until->count; i++)
        if (size_of(from, earliest, &until->items[i], &begin, &size) && __builtin_add_overflow(sum, size, &sum))
            sum = INT64_MAX;
    double total = (double)sum;
    for (size_t i = 0; i < until->count; i++) {
        const struct partition_offset *end = &until->items[i];
        int64_t offset = end->offset;
        if (total >= 1 && size_of(from, earliest, end, &begin, &size)) {
            /* This order of operations, and no other: limit * (size / total). With limit 3 and sizes 7 and 3 it gives
             * 2.0999999999999996 and 0.8999999999999999. */
            double share = (double)size / total;
            double prorate = (double)limit * share;
            int64_t n = to_long(prorate < 1 ? ceil(prorate) : floor(prorate));
            if (__builtin_add_overflow(begin, n, &offset))
                offset = INT64_MAX;
            if (offset > end->offset)
                offset = end->offset;
        }
        if (offset_list_add(out, end->topic, end->partition, offset) != 0)
            return -1;
    }
    return 0;
}

bool offset_plan_delay(const struct offset_list *from, const struct offset_list *until, int64_t min,
                       int64_t max_delay_ms, int64_t now_ms, int64_t *last_trigger_ms)
{
    if (now_ms - *last_trigger_ms >= max_delay_ms) {
        *last_trigger_ms = now_ms;
        return false;
    }
    int64_t records = 0;
    for (size_t i = 0; i < until->count; i++) {
        const struct partition_offset *end = &until->items[i];
        const struct partition_offset *start = find(from, end->topic, end->partition);
        records += end->offset - (start == NULL ? 0 : start->offset);
    }
    if (records < min)
        return true;
    *last_trigger_ms = now_ms;
    return false;
}

/* Topic names are [a-zA-Z0-9._-]; but a list may come from a damaged file or an option, and what we write must be
 * JSON. */
void offset_plan_json_key(struct buf *out, const char **topic, const char *of_topic, int32_t partition)
{
    if (*topic == NULL || strcmp(*topic, of_topic) != 0) {
        buf_append_text(out, *topic == NULL ? "{" : "},");
        escape_json_string(of_topic, out);
        buf_append_text(out, ":{");
        *topic = of_topic;
    } else {
        buf_append_byte(out, ',');
    }
    buf_printf(out, "\"%" PRId32 "\":", partition);
}

void offset_plan_json_end(struct buf *out, const char *topic)
{
    buf_append_text(out, topic == NULL ? "{}" : "}}");
}

void offset_plan_json(const struct offset_list *list, struct buf *out)
{
    const char *topic = NULL;

    for (size_t i = 0; i < list->count; i++) {
        offset_plan_json_key(out, &topic, list->items[i].topic, list->items[i].partition);
        buf_printf(out, "%" PRId64, list->items[i].offset);
    }
    offset_plan_json_end(out, topic);
}

/* "0", "12": decimal digits without a leading zero, at most INT32_MAX. */
static bool parse_partition(const char *text, int32_t *partition)
{
    int64_t value = 0;
    size_t len = strlen(text);

    if (len == 0 || len > 10 || (text[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    if (value > INT32_MAX)
        return false;
    *partition = (int32_t)value;
    return true;
}

/* 1: added everything, 0: not of the form, -1: no memory */
static int add_topics(json_t *root, bool special, struct offset_list *out)
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
            int32_t partition;
            if (!parse_partition(number, &partition) || !json_is_integer(value))
                return 0;
            int64_t offset = json_integer_value(value);
            if (offset < (special ? OFFSETS_EARLIEST : 0))
                return 0;
            if (offset_list_add(out, topic, partition, offset) != 0)
                return -1;
        }
    }
    return 1;
}

int offset_plan_parse(const char *json, bool special, struct offset_list *out, struct errbuf *err)
{
    json_error_t where;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &where);
    int added = add_topics(root, special, out);

    json_decref(root);
    if (added > 0) {
        offset_list_sort(out);
        return 0;
    }
    offset_list_release(out);
    offset_list_init(out);
    if (added < 0)
        return errbuf_oom(err, "offsets", strlen(json));
    return errbuf_set(err, EXIT_CODE_USAGE,
                      "Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":{\"0\":-2}}, got %.500s", json);
}
