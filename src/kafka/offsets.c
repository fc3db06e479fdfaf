/* Note "one request": first, last and by-time offsets all come by rd_kafka_offsets_for_times, which sends
 * one ListOffsets request to each leader, with the handle's isolation.level: -2 asks for the first offset,
 * -1 for the last (stable) one, anything else is a time. rd_kafka_query_watermark_offsets asks partition
 * by partition, and in 2.0.2 it may overrun its time-out.
 *
 * Note "not answered": when the time is over, offsets_for_times returns no error and leaves what we asked
 * in place. So every partition goes out marked with an error of our own, and what still bears it
 * afterwards was not answered.
 *
 * Note "display commits": they go by rd_kafka_AlterConsumerGroupOffsets, which is the same OffsetCommit
 * request. rd_kafka_commit would need a group.id, and then rd_kafka_destroy does not return before every
 * commit under way is answered or has timed out: in 2.0.2 for session.timeout.ms (45 s) when the broker is
 * gone, for socket.timeout.ms (60 s) when it is frozen, with a thread that spins meanwhile.
 */
#include "kafka/offsets.h"

#include "client_internal.h"
#include "common/clock.h"
#include "common/log.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define MODULE "KafkaOffsets"
#define NOT_ANSWERED RD_KAFKA_RESP_ERR__IN_PROGRESS
/* One try; the whole call has the caller's time-out. */
#define TRY_MS 5000
#define BACKOFF_MS 50
#define COMMIT_REPORT_EVERY_US (60 * 1000000LL)
/* Display commits that are under way when the handle is closed get this long. */
#define COMMIT_LAST_MS 500
/* After which a display commit is given up. */
#define COMMIT_TIMEOUT_MS 10000
/* While no coordinator answers, display commits do not pile up. */
#define COMMITS_OUT_MAX 16

struct offsets {
    struct client *client;
    pthread_mutex_t lock;           /* everything below, and every use of the client */
    char *group;                    /* NULL: no display commits, and the next two are NULL too */
    rd_kafka_AdminOptions_t *admin; /* of a display commit */
    rd_kafka_queue_t *answers;      /* to display commits */
    int commits_out;                /* sent, not answered */
    int64_t commit_reported_at_us;
};

static void lock(struct offsets *offsets)
{
    int rc = pthread_mutex_lock(&offsets->lock);

    assert(rc == 0); /* only a bug of ours */
    (void)rc;
}

static void unlock(struct offsets *offsets)
{
    int rc = pthread_mutex_unlock(&offsets->lock);

    assert(rc == 0);
    (void)rc;
}

static rd_kafka_resp_err_t commit_result(rd_kafka_event_t *event)
{
    const rd_kafka_group_result_t **groups;
    const rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    size_t ngroups;

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return code;
    groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(event),
                                                              &ngroups);
    list = ngroups > 0 ? rd_kafka_group_result_partitions(groups[0]) : NULL;
    for (int i = 0; list != NULL && i < list->cnt; i++)
        if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return list->elems[i].err;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Look at the answers to display commits, waiting at most timeout_ms for one. With the lock held. */
static void serve_commits(struct offsets *offsets, int timeout_ms)
{
    rd_kafka_event_t *event;

    rd_kafka_poll(client_handle(offsets->client), 0); /* whether the broker is there */
    while (offsets->commits_out > 0 && (event = rd_kafka_queue_poll(offsets->answers, timeout_ms)) != NULL) {
        rd_kafka_resp_err_t code = commit_result(event);
        int64_t now_us = clock_monotonic_us();

        rd_kafka_event_destroy(event);
        offsets->commits_out--;
        timeout_ms = 0;
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || now_us - offsets->commit_reported_at_us < COMMIT_REPORT_EVERY_US)
            continue;
        offsets->commit_reported_at_us = now_us;
        log_warn(MODULE, "cannot commit to the consumer group %s (only other tools' display of lag depends on it): %s",
                 offsets->group, rd_kafka_err2str(code));
    }
}

/* What display commits need. 0, -1 with err. */
static int open_group(struct offsets *offsets, const char *group, struct errbuf *err)
{
    char reason[256];

    offsets->admin =
        rd_kafka_AdminOptions_new(client_handle(offsets->client), RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
    offsets->answers = rd_kafka_queue_new(client_handle(offsets->client));
    offsets->group = strdup(group);
    if (offsets->group == NULL || offsets->admin == NULL)
        return errbuf_oom(err, "kafka offsets", 0);
    if (rd_kafka_AdminOptions_set_request_timeout(offsets->admin, COMMIT_TIMEOUT_MS, reason, sizeof(reason)) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "kafka offsets: %s", reason);
    return 0;
}

static void release_group(struct offsets *offsets)
{
    if (offsets->admin != NULL)
        rd_kafka_AdminOptions_destroy(offsets->admin);
    if (offsets->answers != NULL)
        rd_kafka_queue_destroy(offsets->answers);
    free(offsets->group);
}

struct offsets *offsets_open(const struct conf *conf, const char *group, struct errbuf *err)
{
    static const struct client_setting defaults[] = {{"isolation.level", "read_committed"}};
    static const struct client_setting forced[] = {{"enable.auto.commit", "false"},
                                                   {"enable.auto.offset.store", "false"}};
    struct offsets *offsets = calloc(1, sizeof(*offsets));
    struct client_plan plan = {.type = RD_KAFKA_CONSUMER,
                               .module = MODULE,
                               .defaults = defaults,
                               .ndefaults = 1,
                               .forced = forced,
                               .nforced = 2,
                               .owner = offsets};

    if (offsets == NULL) {
        errbuf_oom(err, "kafka offsets", sizeof(*offsets));
        return NULL;
    }
    offsets->commit_reported_at_us = -COMMIT_REPORT_EVERY_US;
    if (pthread_mutex_init(&offsets->lock, NULL) != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "kafka offsets: cannot make a mutex");
        goto fail;
    }
    offsets->client = client_open(conf, &plan, err);
    if (offsets->client == NULL)
        goto fail_lock;
    if (group != NULL && open_group(offsets, group, err) == -1)
        goto fail_group;
    return offsets;

fail_group:
    release_group(offsets);
    client_close(offsets->client);
fail_lock:
    pthread_mutex_destroy(&offsets->lock);
fail:
    free(offsets);
    return NULL;
}

void offsets_close(struct offsets *offsets)
{
    int64_t deadline_us;

    if (offsets == NULL)
        return;
    deadline_us = clock_monotonic_us() + COMMIT_LAST_MS * 1000LL;
    lock(offsets);
    while (offsets->commits_out > 0 && client_left_ms(deadline_us) > 0 && !client_down(offsets->client, NULL, 0))
        serve_commits(offsets, 10);
    unlock(offsets);
    release_group(offsets);
    client_close(offsets->client);
    pthread_mutex_destroy(&offsets->lock);
    free(offsets);
}

int offsets_connect(struct offsets *offsets, int timeout_ms, int stop_fd, char **cluster_id, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;
    int result;

    lock(offsets);
    result = client_connect(offsets->client, timeout_ms, stop_fd, err);
    if (result == 0 && cluster_id != NULL) {
        int left_ms = client_left_ms(deadline_us);

        *cluster_id = client_cluster_id(offsets->client, left_ms > 0 ? left_ms : 1);
        if (*cluster_id == NULL)
            result = client_error(offsets->client, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, err, "cluster id");
    }
    unlock(offsets);
    return result;
}

/* Names of existing topics for an error text, at most a few: those that share a beginning with the one
 * that is missing come first. */
static void list_topics(struct offsets *offsets, const char *missing, int timeout_ms, struct buf *out)
{
    const struct rd_kafka_metadata *metadata;
    struct errbuf ignored;
    int shown = 0;

    if (client_metadata(offsets->client, NULL, timeout_ms, &metadata, &ignored) == -1)
        return;
    for (int near = 1; near >= 0; near--) {
        for (int i = 0; i < metadata->topic_cnt && shown < 8; i++) {
            const char *name = metadata->topics[i].topic;

            if (strncmp(name, "__", 2) == 0 || (strncmp(name, missing, 3) == 0) != (near == 1))
                continue;
            buf_printf(out, "%s%s", shown++ > 0 ? ", " : "", name);
        }
    }
    rd_kafka_metadata_destroy(metadata);
}

static int unknown_topic(struct offsets *offsets, const char *topic, int timeout_ms, struct errbuf *err)
{
    struct buf names = BUF_INIT;

    list_topics(offsets, topic, timeout_ms, &names);
    errbuf_condition(
        err, "UNKNOWN_TOPIC_OR_PARTITION", "",
        "topic %s does not exist on Kafka at %s (%s%s); create it, for example with sf-broker --topic %s:4 "
        "or kafka-topics.sh --bootstrap-server %s --create --topic %s --partitions 4",
        topic, client_servers(offsets->client), names.len > 0 ? "there are: " : "it has no topics",
        names.len > 0 ? names.data : "", topic, client_servers(offsets->client), topic);
    buf_release(&names);
    return -1;
}

static int add_partitions(struct offsets *offsets, const char *topic, int timeout_ms, struct offset_list *out,
                          struct errbuf *err)
{
    const struct rd_kafka_metadata *metadata;
    const struct rd_kafka_metadata_topic *found;
    int result = 0;

    if (client_find_topic(offsets->client, topic, timeout_ms, &metadata, &found, err) == -1)
        return -1;
    for (int i = 0; found != NULL && i < found->partition_cnt && result == 0; i++)
        if (offset_list_add(out, topic, found->partitions[i].id, OFFSETS_UNKNOWN) == -1)
            result = errbuf_oom(err, "partitions", 0);
    rd_kafka_metadata_destroy(metadata);
    return found == NULL ? unknown_topic(offsets, topic, timeout_ms, err) : result;
}

int offsets_partitions(struct offsets *offsets, const char *const *topics, size_t ntopics, int timeout_ms,
                       struct offset_list *out, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;
    struct offset_list list;
    int result = 0;

    offset_list_init(&list);
    lock(offsets);
    for (size_t i = 0; i < ntopics && result == 0; i++)
        result = add_partitions(offsets, topics[i], client_left_ms(deadline_us), &list, err);
    unlock(offsets);
    if (result == -1) {
        offset_list_release(&list);
        return -1;
    }
    offset_list_sort(&list);
    offset_list_release(out);
    *out = list;
    return 0;
}

/* Java's patterns in POSIX's extended form, as far as they go: \d becomes [0-9] (\w, \s and \b are GNU's
 * too), and the whole name must match. NULL without memory; the caller frees. */
static char *translate_pattern(const char *pattern)
{
    struct buf out = BUF_INIT;

    buf_append_text(&out, "^(");
    for (const char *c = pattern; *c != '\0'; c++) {
        if (c[0] == '\\' && c[1] == 'd') {
            buf_append_text(&out, "[0-9]");
            c++;
        } else if (c[0] == '\\' && c[1] != '\0') {
            buf_append(&out, c, 2);
            c++;
        } else if (c[0] == '(' && c[1] == '?' && c[2] == ':') {
            buf_append_byte(&out, '(');
            c += 2;
        } else {
            buf_append_byte(&out, *c);
        }
    }
    buf_append_text(&out, ")$");
    return buf_take(&out, NULL);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect_matches(const struct rd_kafka_metadata *metadata, const regex_t *regex, char ***names,
                           size_t *nnames, struct errbuf *err)
{
    char **list = calloc(metadata->topic_cnt > 0 ? (size_t)metadata->topic_cnt : 1, sizeof(*list));
    size_t n = 0;

    if (list == NULL)
        return errbuf_oom(err, "topics", (size_t)metadata->topic_cnt * sizeof(*list));
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const char *name = metadata->topics[i].topic;

        /* Java's consumers never match Kafka's internal topics (exclude.internal.topics). */
        if (strcmp(name, "__consumer_offsets") == 0 || strcmp(name, "__transaction_state") == 0 ||
            regexec(regex, name, 0, NULL, 0) != 0)
            continue;
        list[n] = strdup(name);
        if (list[n] == NULL) {
            while (n > 0)
                free(list[--n]);
            free(list);
            return errbuf_oom(err, "topics", strlen(name));
        }
        n++;
    }
    qsort(list, n, sizeof(*list), compare_names);
    *names = list;
    *nnames = n;
    return 0;
}

int offsets_match(struct offsets *offsets, const char *pattern, int timeout_ms, char ***names, size_t *nnames,
                  struct errbuf *err)
{
    const struct rd_kafka_metadata *metadata;
    char *posix = translate_pattern(pattern);
    char reason[128];
    regex_t regex;
    int code;
    int result;

    if (posix == NULL)
        return errbuf_oom(err, "subscribePattern", strlen(pattern));
    code = regcomp(&regex, posix, REG_EXTENDED | REG_NOSUB);
    free(posix);
    if (code != 0) {
        regerror(code, &regex, reason, sizeof(reason));
        return errbuf_set(err, EXIT_CODE_USAGE, "subscribePattern %s: %s", pattern, reason);
    }
    lock(offsets);
    result = client_metadata(offsets->client, NULL, timeout_ms, &metadata, err);
    unlock(offsets);
    if (result == 0) {
        result = collect_matches(metadata, &regex, names, nnames, err);
        rd_kafka_metadata_destroy(metadata);
    }
    regfree(&regex);
    return result;
}

/* One round of requests. Returns the first error of the call or of a partition (*which: its index), or
 * none with `asked` filled. */
static rd_kafka_resp_err_t try_once(struct offsets *offsets, rd_kafka_topic_partition_list_t *asked,
                                    const struct offset_list *list, int timeout_ms, size_t *which)
{
    rd_kafka_resp_err_t code;

    for (size_t i = 0; i < list->count; i++) {
        asked->elems[i].offset = list->items[i].offset;
        asked->elems[i].err = NOT_ANSWERED;
    }
    *which = 0;
    code = rd_kafka_offsets_for_times(client_handle(offsets->client), asked, timeout_ms);
    rd_kafka_poll(client_handle(offsets->client), 0);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return code;
    for (size_t i = 0; i < list->count; i++) {
        *which = i;
        if (asked->elems[i].err == NOT_ANSWERED)
            return RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (asked->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return asked->elems[i].err;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* In 2.0.2 offsets_for_times keeps asking the leader it knows; a metadata answer makes it look again. */
static void refresh_leaders(struct offsets *offsets, const struct offset_list *list, int timeout_ms)
{
    const struct rd_kafka_metadata *metadata;
    struct errbuf ignored;

    for (size_t i = 0; i < list->count; i++) {
        if (i > 0 && strcmp(list->items[i].topic, list->items[i - 1].topic) == 0)
            continue;
        if (client_metadata(offsets->client, list->items[i].topic, timeout_ms, &metadata, &ignored) == 0)
            rd_kafka_metadata_destroy(metadata);
    }
}

static int query(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err)
{
    int64_t deadline_us = clock_monotonic_us() + timeout_ms * 1000LL;
    rd_kafka_topic_partition_list_t *asked;
    int result = 0;

    if (list->count == 0)
        return 0;
    asked = rd_kafka_topic_partition_list_new((int)list->count);
    for (size_t i = 0; i < list->count; i++)
        rd_kafka_topic_partition_list_add(asked, list->items[i].topic, list->items[i].partition);
    lock(offsets);
    for (;;) {
        int left_ms = client_left_ms(deadline_us);
        size_t which;
        rd_kafka_resp_err_t code = try_once(offsets, asked, list, left_ms < TRY_MS ? left_ms : TRY_MS, &which);

        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            client_is_up(offsets->client);
            break;
        }
        left_ms = client_left_ms(deadline_us);
        if (!client_is_retriable(code) || left_ms == 0) {
            result = client_error(offsets->client, code, NULL, err, "offsets of %s-%d", list->items[which].topic,
                                  (int)list->items[which].partition);
            break;
        }
        if (client_check(offsets->client, err) == -1) {
            result = -1;
            break;
        }
        refresh_leaders(offsets, list, left_ms < TRY_MS ? left_ms : TRY_MS);
        rd_kafka_poll(client_handle(offsets->client), left_ms < BACKOFF_MS ? left_ms : BACKOFF_MS);
    }
    unlock(offsets);
    for (size_t i = 0; i < list->count && result == 0; i++)
        list->items[i].offset = asked->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(asked);
    return result;
}

static int query_all(struct offsets *offsets, struct offset_list *list, int64_t what, int timeout_ms,
                     struct errbuf *err)
{
    struct offset_list answer;
    int result;

    offset_list_init(&answer);
    if (offset_list_copy(&answer, list) == -1)
        return errbuf_oom(err, "offsets", list->count * sizeof(*list->items));
    for (size_t i = 0; i < answer.count; i++)
        answer.items[i].offset = what;
    result = query(offsets, &answer, timeout_ms, err);
    for (size_t i = 0; i < answer.count && result == 0; i++)
        list->items[i].offset = answer.items[i].offset;
    offset_list_release(&answer);
    return result;
}

int offsets_earliest(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err)
{
    return query_all(offsets, list, OFFSETS_EARLIEST, timeout_ms, err);
}

int offsets_latest(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err)
{
    return query_all(offsets, list, OFFSETS_LATEST, timeout_ms, err);
}

int offsets_by_time(struct offsets *offsets, struct offset_list *list, int timeout_ms, struct errbuf *err)
{
    return query(offsets, list, timeout_ms, err);
}

void offsets_commit(struct offsets *offsets, const struct offset_list *list)
{
    rd_kafka_AlterConsumerGroupOffsets_t *commit;
    rd_kafka_topic_partition_list_t *asked;

    if (offsets->group == NULL || list->count == 0)
        return;
    asked = rd_kafka_topic_partition_list_new((int)list->count);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].offset >= 0)
            rd_kafka_topic_partition_list_add(asked, list->items[i].topic, list->items[i].partition)->offset =
                list->items[i].offset;
    commit = rd_kafka_AlterConsumerGroupOffsets_new(offsets->group, asked);
    lock(offsets);
    serve_commits(offsets, 0);
    if (asked->cnt > 0 && offsets->commits_out < COMMITS_OUT_MAX) {
        rd_kafka_AlterConsumerGroupOffsets(client_handle(offsets->client), &commit, 1, offsets->admin,
                                           offsets->answers);
        offsets->commits_out++; /* an answer comes in any case */
    }
    unlock(offsets);
    rd_kafka_AlterConsumerGroupOffsets_destroy(commit);
    rd_kafka_topic_partition_list_destroy(asked);
}
