#include "engine/subscription.h"

#include "common/clock.h"
#include "common/log.h"
#include "engine/offset_plan.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MODULE "KafkaMicroBatchStream"

/* An end offset below a known one is asked for this many times in all (fetchOffset.numRetries of Spark: 3), this far
 * apart. */
enum { LATEST_TRIES = 3, LATEST_RETRY_MS = 10 };

/* Between tries of the first contact; each has waited for an answer already. */
enum { FIRST_RETRY_MS = 200 };

/* --- option texts ----------------------------------------------------------------------------------------------- */

/* The next item of a comma list, trimmed; false at the end. Empty items are passed over, as Spark drops them. */
static bool next_item(const char **text, const char **item, size_t *len)
{
    while (**text) {
        const char *end = strchrnul(*text, ',');
        const char *begin = *text;
        const char *last = end;

        *text = *end ? end + 1 : end;
        while (begin < last && isspace((unsigned char)*begin))
            begin++;
        while (last > begin && isspace((unsigned char)last[-1]))
            last--;
        if (last > begin) {
            *item = begin;
            *len = (size_t)(last - begin);
            return true;
        }
    }
    return false;
}

static bool equals_trimmed(const char *text, const char *word)
{
    const char *item;
    size_t len;

    return next_item(&text, &item, &len) && len == strlen(word) && strncasecmp(item, word, len) == 0;
}

static int parse_i64(const char *text, int64_t *value)
{
    char *end;

    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return -1;
    *value = parsed;
    return 0;
}

/* {"topic":[0,1]} into a list of partitions. */
static int parse_assign(const char *json, struct offset_list *out, struct errbuf *err)
{
    json_error_t error;
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &error);
    const char *topic;
    json_t *partitions;

    if (!json_is_object(root) || json_object_size(root) == 0)
        goto bad;
    json_object_foreach(root, topic, partitions)
    {
        size_t i;
        json_t *partition;

        if (!json_is_array(partitions) || json_array_size(partitions) == 0)
            goto bad;
        json_array_foreach(partitions, i, partition)
        {
            if (!json_is_integer(partition) || json_integer_value(partition) < 0 ||
                json_integer_value(partition) > INT32_MAX)
                goto bad;
            if (offset_list_add(out, topic, (int32_t)json_integer_value(partition), OFFSETS_UNKNOWN) != 0) {
                json_decref(root);
                return errbuf_oom(err, "assign", strlen(json));
            }
        }
    }
    json_decref(root);
    offset_list_sort(out);
    return 0;
bad:
    json_decref(root);
    return errbuf_set(err, EXIT_CODE_USAGE, "assign: expected e.g. {\"topicA\":[0,1],\"topicB\":[0]}, got %s", json);
}

static int unsupported_headers(const struct config_source *config, struct errbuf *err)
{
    errbuf_condition(err, "SFCRIME_UNSUPPORTED", "0A000",
                     "source %s: includeHeaders needs arrays, which are outside the supported types", config->name);
    err->exit_code = EXIT_CODE_USAGE;
    return -1;
}

int subscription_check(const struct config_source *config, struct errbuf *err)
{
    int given = (config->subscribe != NULL) + (config->subscribe_pattern != NULL) + (config->assign != NULL);
    struct offset_list list;
    int64_t value;
    int result = 0;

    if (given != 1)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "source %s: exactly one of subscribe, subscribePattern and assign must be given, not %d",
                          config->name, given);
    if (config->subscribe) {
        const char *text = config->subscribe, *item;
        size_t len;

        if (!next_item(&text, &item, &len))
            return errbuf_set(err, EXIT_CODE_USAGE, "source %s: subscribe names no topic", config->name);
    }
    if (config->subscribe_pattern && config->subscribe_pattern[0] == '\0')
        return errbuf_set(err, EXIT_CODE_USAGE, "source %s: subscribePattern is empty", config->name);
    if (config->max_offsets_per_trigger != CONFIG_NONE && config->min_offsets_per_trigger != CONFIG_NONE &&
        config->min_offsets_per_trigger > config->max_offsets_per_trigger)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "The value of minOffsetPerTrigger(%lld) is higher than the maxOffsetsPerTrigger(%lld).",
                          (long long)config->min_offsets_per_trigger, (long long)config->max_offsets_per_trigger);
    if (config->include_headers)
        return unsupported_headers(config, err);
    if (conf_get(&config->kafka, "group.id"))
        log_warn(MODULE,
                 "source %s: kafka.group.id has no effect on what is read: partitions are assigned by hand and offsets "
                 "live in the checkpoint; sf.group names the group that shows the lag",
                 config->name);
    if (config->starting_timestamp && parse_i64(config->starting_timestamp, &value) != 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "source %s: startingTimestamp must be milliseconds, got %s",
                          config->name, config->starting_timestamp);
    offset_list_init(&list);
    if (config->assign)
        result = parse_assign(config->assign, &list, err);
    offset_list_release(&list);
    offset_list_init(&list);
    if (result == 0 && config->starting_offsets_by_timestamp)
        result = offset_plan_parse(config->starting_offsets_by_timestamp, false, &list, err);
    offset_list_release(&list);
    offset_list_init(&list);
    if (result == 0 && config->starting_offsets && !equals_trimmed(config->starting_offsets, "earliest") &&
        !equals_trimmed(config->starting_offsets, "latest"))
        result = offset_plan_parse(config->starting_offsets, true, &list, err);
    offset_list_release(&list);
    if (result != 0) {
        errbuf_prefix(err, "source %s", config->name);
        err->exit_code = EXIT_CODE_USAGE;
    }
    return result;
}

char *subscription_description(const struct config_source *config)
{
    struct buf out;

    buf_init(&out);
    if (config->subscribe) {
        const char *text = config->subscribe, *item;
        const char *separator = "";
        size_t len;

        buf_append_text(&out, "KafkaV2[Subscribe[");
        while (next_item(&text, &item, &len)) {
            buf_append_text(&out, separator);
            buf_append(&out, item, len);
            separator = ", ";
        }
    } else if (config->subscribe_pattern) {
        buf_printf(&out, "KafkaV2[SubscribePattern[%s", config->subscribe_pattern);
    } else {
        struct offset_list list;
        struct errbuf err;

        offset_list_init(&list);
        errbuf_clear(&err);
        buf_append_text(&out, "KafkaV2[Assign[");
        if (parse_assign(config->assign, &list, &err) == 0)
            for (size_t i = 0; i < list.count; i++)
                buf_printf(&out, "%s%s-%d", i ? ", " : "", list.items[i].topic, (int)list.items[i].partition);
        offset_list_release(&list);
    }
    buf_append_text(&out, "]]");
    char *text = buf_take(&out, NULL);
    buf_release(&out);
    return text;
}

/* --- partitions ------------------------------------------------------------------------------------------------- */

/* Add a topic's partitions to out. */
static int add_topic(struct offsets *offsets, const char *topic, bool skip_missing, struct offset_list *out,
                     struct errbuf *err)
{
    struct offset_list found;
    int result;

    offset_list_init(&found);
    result = offsets_partitions(offsets, &topic, 1, SUBSCRIPTION_TIMEOUT_MS, &found, err);
    if (result != 0 && skip_missing && strcmp(err->condition, "UNKNOWN_TOPIC_OR_PARTITION") == 0) {
        errbuf_clear(err);
        result = 0;
    }
    for (size_t i = 0; result == 0 && i < found.count; i++)
        if (offset_list_add(out, topic, found.items[i].partition, OFFSETS_UNKNOWN) != 0)
            result = errbuf_oom(err, "partitions", found.count * sizeof(*found.items));
    offset_list_release(&found);
    return result;
}

static int add_subscribed(const struct config_source *config, struct offsets *offsets, bool skip_missing,
                          struct offset_list *out, struct errbuf *err)
{
    const char *text = config->subscribe, *item;
    size_t len;

    while (next_item(&text, &item, &len)) {
        char *topic = strndup(item, len);
        int result;

        if (!topic)
            return errbuf_oom(err, "topic", len);
        /* "a, a" names it once. */
        bool known = false;
        for (size_t i = 0; i < out->count && !known; i++)
            known = strcmp(out->items[i].topic, topic) == 0;
        result = known ? 0 : add_topic(offsets, topic, skip_missing, out, err);
        free(topic);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int add_matching(const struct config_source *config, struct offsets *offsets, struct offset_list *out,
                        struct errbuf *err)
{
    char **names = NULL;
    size_t nnames = 0;
    int result = offsets_match(offsets, config->subscribe_pattern, SUBSCRIPTION_TIMEOUT_MS, &names, &nnames, err);

    for (size_t i = 0; i < nnames; i++) {
        if (result == 0)
            result = add_topic(offsets, names[i], true, out, err);
        free(names[i]);
    }
    free(names);
    return result;
}

static int add_assigned(const struct config_source *config, struct offsets *offsets, bool skip_missing,
                        struct offset_list *out, struct errbuf *err)
{
    struct offset_list wanted, there;
    int result;

    offset_list_init(&wanted);
    offset_list_init(&there);
    result = parse_assign(config->assign, &wanted, err);
    for (size_t i = 0; result == 0 && i < wanted.count; i++) {
        const struct partition_offset *item = &wanted.items[i];

        if (i == 0 || strcmp(wanted.items[i - 1].topic, item->topic) != 0)
            result = add_topic(offsets, item->topic, skip_missing, &there, err);
        if (result != 0)
            break;
        offset_list_sort(&there);
        if (offset_list_find(&there, item->topic, item->partition))
            result = offset_list_add(out, item->topic, item->partition, OFFSETS_UNKNOWN) == 0
                         ? 0
                         : errbuf_oom(err, "partitions", wanted.count);
        else if (!skip_missing)
            result = errbuf_condition(err, "UNKNOWN_TOPIC_OR_PARTITION", "", "topic %s has no partition %d",
                                      item->topic, (int)item->partition);
    }
    offset_list_release(&wanted);
    offset_list_release(&there);
    return result;
}

/* The partitions that exist now, offsets unknown. skip_missing: a topic that does not exist (any more) has none; else
 * it is an error as of offsets_partitions. out is filled (it must be empty). 0, -1 with err. */
static int existing_partitions(const struct config_source *config, struct offsets *offsets, bool skip_missing,
                               struct offset_list *out, struct errbuf *err)
{
    int result;

    if (config->subscribe)
        result = add_subscribed(config, offsets, skip_missing, out, err);
    else if (config->subscribe_pattern)
        result = add_matching(config, offsets, out, err);
    else
        result = add_assigned(config, offsets, skip_missing, out, err);
    offset_list_sort(out);
    return result;
}

/* --- starting offsets ------------------------------------------------------------------------------------------- */

/* Copy named offsets over the partitions; they must be the same partitions. */
static int match_partitions(const struct offset_list *named, const char *option, struct offset_list *partitions,
                            struct errbuf *err)
{
    struct buf there;

    if (named->count == partitions->count) {
        size_t same = 0;

        for (size_t i = 0; i < named->count; i++)
            same += offset_list_find(partitions, named->items[i].topic, named->items[i].partition) != NULL;
        if (same == partitions->count) {
            for (size_t i = 0; i < named->count; i++)
                offset_list_find(partitions, named->items[i].topic, named->items[i].partition)->offset =
                    named->items[i].offset;
            return 0;
        }
    }
    buf_init(&there);
    for (size_t i = 0; i < partitions->count; i++)
        buf_printf(&there, "%s%s-%d", i ? ", " : "", partitions->items[i].topic, (int)partitions->items[i].partition);
    errbuf_set(
        err, EXIT_CODE_USAGE,
        "If %s contains specific offsets, you must specify all TopicPartitions. Use -1 for latest, -2 for earliest. "
        "There are: %s",
        option, there.data ? there.data : "none");
    buf_release(&there);
    return -1;
}

/* Replace -2 and -1 by what they stand for. */
static int resolve_special(struct offsets *offsets, struct offset_list *list, struct errbuf *err)
{
    static const int64_t specials[] = {OFFSETS_EARLIEST, OFFSETS_LATEST};

    for (size_t s = 0; s < 2; s++) {
        struct offset_list asked;
        int result = 0;

        offset_list_init(&asked);
        for (size_t i = 0; i < list->count && result == 0; i++)
            if (list->items[i].offset == specials[s] &&
                offset_list_add(&asked, list->items[i].topic, list->items[i].partition, OFFSETS_UNKNOWN) != 0)
                result = errbuf_oom(err, "offsets", list->count);
        if (result == 0 && asked.count)
            result = specials[s] == OFFSETS_EARLIEST ? offsets_earliest(offsets, &asked, SUBSCRIPTION_TIMEOUT_MS, err)
                                                     : offsets_latest(offsets, &asked, SUBSCRIPTION_TIMEOUT_MS, err);
        for (size_t i = 0; i < asked.count && result == 0; i++)
            offset_list_find(list, asked.items[i].topic, asked.items[i].partition)->offset = asked.items[i].offset;
        offset_list_release(&asked);
        if (result != 0)
            return -1;
    }
    return 0;
}

/* list holds timestamps. */
static int resolve_times(const struct config_source *config, struct offsets *offsets, struct offset_list *list,
                         struct errbuf *err)
{
    struct offset_list times;
    int result;

    offset_list_init(&times);
    if (offset_list_copy(&times, list) != 0)
        return errbuf_oom(err, "offsets", list->count);
    result = offsets_by_time(offsets, list, SUBSCRIPTION_TIMEOUT_MS, err);
    for (size_t i = 0; i < list->count && result == 0; i++) {
        if (list->items[i].offset == OFFSETS_LATEST && !config->starting_timestamp_strategy_latest)
            result = errbuf_set(err, EXIT_CODE_RUNTIME,
                                "No offset matched from request of topic-partition %s-%d and timestamp %lld. To start "
                                "such partitions at their end set startingOffsetsByTimestampStrategy = latest.",
                                list->items[i].topic, (int)list->items[i].partition, (long long)times.items[i].offset);
    }
    offset_list_release(&times);
    return result != 0 ? -1 : resolve_special(offsets, list, err);
}

int subscription_initial(const struct config_source *config, struct offsets *offsets, struct offset_list *out,
                         struct errbuf *err)
{
    const char *starting = config->starting_offsets ? config->starting_offsets : "latest";
    struct offset_list named;
    int result = -1;

    if (existing_partitions(config, offsets, false, out, err) != 0)
        return -1;
    offset_list_init(&named);
    if (config->starting_timestamp) {
        int64_t time_ms = 0;

        if (parse_i64(config->starting_timestamp, &time_ms) != 0) {
            errbuf_set(err, EXIT_CODE_USAGE, "startingTimestamp must be milliseconds, got %s",
                       config->starting_timestamp);
            goto out;
        }
        for (size_t i = 0; i < out->count; i++)
            out->items[i].offset = time_ms;
        result = resolve_times(config, offsets, out, err);
    } else if (config->starting_offsets_by_timestamp) {
        if (offset_plan_parse(config->starting_offsets_by_timestamp, false, &named, err) != 0 ||
            match_partitions(&named, "startingOffsetsByTimestamp", out, err) != 0)
            goto out;
        result = resolve_times(config, offsets, out, err);
    } else if (equals_trimmed(starting, "earliest") || equals_trimmed(starting, "latest")) {
        for (size_t i = 0; i < out->count; i++)
            out->items[i].offset = equals_trimmed(starting, "earliest") ? OFFSETS_EARLIEST : OFFSETS_LATEST;
        result = resolve_special(offsets, out, err);
    } else {
        if (offset_plan_parse(starting, true, &named, err) != 0 ||
            match_partitions(&named, "startingOffsets", out, err) != 0)
            goto out;
        result = resolve_special(offsets, out, err);
    }
out:
    offset_list_release(&named);
    return result;
}

int subscription_first_contact(const struct config_source *config, struct offsets *offsets, int64_t timeout_ms,
                               int stop_fd, struct offset_list *out, struct errbuf *err)
{
    struct pollfd stop = {stop_fd, POLLIN, 0}; /* a negative one is passed over */
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000;
    bool told = false;

    while (subscription_initial(config, offsets, out, err) != 0) {
        if (!err->retriable || clock_monotonic_us() >= deadline_us)
            return -1;
        if (!told)
            log_warn(MODULE, "source %s: waiting for the broker: %s", config->name, err->text);
        told = true;
        if (poll(&stop, 1, FIRST_RETRY_MS) > 0) {
            errbuf_clear(err);
            return errbuf_set(err, EXIT_CODE_OK, "stopped");
        }
        errbuf_clear(err);
        offset_list_release(out);
        offset_list_init(out);
    }
    return 0;
}

/* --- ends ------------------------------------------------------------------------------------------------------- */

/* The first partition whose end went back behind what is known, or NULL. */
static const struct partition_offset *went_back(const struct offset_list *list, const struct offset_list *known,
                                                int64_t *before)
{
    for (size_t i = 0; known && i < list->count; i++) {
        const struct partition_offset *item = &list->items[i];
        const struct partition_offset *was = offset_list_find(known, item->topic, item->partition);

        if (was && was->offset > item->offset) {
            *before = was->offset;
            return item;
        }
    }
    return NULL;
}

int subscription_latest(const struct config_source *config, struct offsets *offsets, const struct offset_list *known,
                        struct offset_list *out, struct errbuf *err)
{
    if (existing_partitions(config, offsets, known && known->count > 0, out, err) != 0)
        return -1;
    for (int tries = 1;; tries++) {
        int64_t before = 0;

        if (out->count && offsets_latest(offsets, out, SUBSCRIPTION_TIMEOUT_MS, err) != 0)
            return -1;
        const struct partition_offset *item = went_back(out, known, &before);
        if (!item)
            return 0;
        log_warn(MODULE,
                 "Found incorrect offsets in some partitions (partition, previous offset, fetched offset): (%s-%d, "
                 "%lld, %lld)",
                 item->topic, (int)item->partition, (long long)before, (long long)item->offset);
        if (tries == LATEST_TRIES)
            return 0;
        poll(NULL, 0, LATEST_RETRY_MS);
    }
}
