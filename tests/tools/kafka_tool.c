/* kafka_tool: what tests need to do to a Kafka broker, without a JVM's two seconds for each step.
 *
 *   kafka_tool -b HOST:PORT [-X name=value ...] VERB ...
 *     cluster-id                               wait for the broker (30 s), print its cluster id
 *     topics                                   names and partitions, one a line
 *     create-topic NAME PARTITIONS [config=value ...]   and wait until every partition has a leader
 *     delete-topic NAME                        and wait until it is gone
 *     add-partitions NAME TOTAL
 *     delete-records TOPIC P:OFFSET ...        drop what lies below OFFSET
 *     list-offsets TOPIC                       lines "partition first last-stable high-watermark"
 *     committed GROUP TOPIC                    lines "partition offset"
 *     produce-jsonl FILE TOPIC                 lines {"p","k","v","v64","k64","ts","h"}; exact partition and
 *                                              time; waits for acknowledgement
 *     produce-tx TOPIC P STEP ...              commit=N abort=N: a transaction of N records; plain=N: N records
 *                                              without one; keys=a,b,c: one batch of records with these keys;
 *                                              open=N: a transaction that stays open until stdin ends (prints
 *                                              "open"), then is aborted
 *     consume TOPIC [--json] [--uncommitted]   all records up to the end: "partition offset value", or JSON lines
 *
 * Ends with 0, or with 1 and one line on stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <librdkafka/rdkafka.h>

#define TIMEOUT_MS 30000

#define CLIENT_SETTINGS_MAX 16

static const char *servers;
static char *client_settings[CLIENT_SETTINGS_MAX][2]; /* -X */
static size_t nclient_settings;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("kafka_tool: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void check(rd_kafka_resp_err_t code, const char *what)
{
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("%s: %s", what, rd_kafka_err2str(code));
}

static void check_error(rd_kafka_error_t *error, const char *what)
{
    if (error != NULL)
        die("%s: %s", what, rd_kafka_error_string(error));
}

static int64_t number(const char *text, int64_t min, int64_t max)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        die("%s is no number from %" PRId64 " to %" PRId64, text, min, max);
    return value;
}

/* extra: pairs of name and value, ended by NULL. */
static rd_kafka_t *open_handle(rd_kafka_type_t type, const char *const *extra, void (*setup)(rd_kafka_conf_t *))
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[512];
    rd_kafka_t *rk;

    if (servers == NULL)
        die("-b HOST:PORT is missing");
    if (rd_kafka_conf_set(conf, "bootstrap.servers", servers, reason, sizeof(reason)) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "log_level", "0", reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
        die("%s", reason);
    for (size_t i = 0; i < nclient_settings; i++)
        if (rd_kafka_conf_set(conf, client_settings[i][0], client_settings[i][1], reason, sizeof(reason)) !=
            RD_KAFKA_CONF_OK)
            die("%s", reason);
    for (; extra != NULL && extra[0] != NULL; extra += 2)
        if (rd_kafka_conf_set(conf, extra[0], extra[1], reason, sizeof(reason)) != RD_KAFKA_CONF_OK)
            die("%s", reason);
    if (setup != NULL)
        setup(conf);
    rk = rd_kafka_new(type, conf, reason, sizeof(reason));
    if (rk == NULL)
        die("%s", reason);
    return rk;
}

/* No group is left and nothing is unsent: do not wait. */
static void close_handle(rd_kafka_t *rk)
{
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* Partitions of a topic that have a leader; 0 if there is no such topic. All topics are asked for: a mock
 * broker makes a topic that is asked for by name. */
static int partitions_of(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    int n = 0;

    check(rd_kafka_metadata(rk, 1, NULL, &metadata, TIMEOUT_MS), "metadata");
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *entry = &metadata->topics[i];

        if (strcmp(entry->topic, topic) != 0)
            continue;
        for (int p = 0; p < entry->partition_cnt; p++)
            n += entry->partitions[p].leader != -1 && entry->partitions[p].err == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_metadata_destroy(metadata);
    return n;
}

static void wait_for_partitions(rd_kafka_t *rk, const char *topic, int wanted)
{
    for (int i = 0; partitions_of(rk, topic) != wanted; i++) {
        if (i == TIMEOUT_MS / 20)
            die("topic %s does not get %d partitions", topic, wanted);
        rd_kafka_poll(rk, 20);
    }
}

static int cluster_id(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, NULL, NULL);
    const struct rd_kafka_metadata *metadata;
    char *id;

    (void)argc;
    (void)argv;
    check(rd_kafka_metadata(rk, 0, NULL, &metadata, TIMEOUT_MS), servers);
    rd_kafka_metadata_destroy(metadata);
    id = rd_kafka_clusterid(rk, TIMEOUT_MS);
    if (id == NULL)
        die("no cluster id from %s", servers);
    puts(id);
    rd_kafka_mem_free(rk, id);
    close_handle(rk);
    return 0;
}

static int topics(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, NULL, NULL);
    const struct rd_kafka_metadata *metadata;

    (void)argc;
    (void)argv;
    check(rd_kafka_metadata(rk, 1, NULL, &metadata, TIMEOUT_MS), servers);
    for (int i = 0; i < metadata->topic_cnt; i++)
        printf("%s %d\n", metadata->topics[i].topic, metadata->topics[i].partition_cnt);
    rd_kafka_metadata_destroy(metadata);
    close_handle(rk);
    return 0;
}

/* --- admin requests --------------------------------------------------------------------------------------------- */

/* The answer to an admin request; dies when the request or one of its topics failed. */
static rd_kafka_event_t *admin_answer(rd_kafka_queue_t *queue, const char *what)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    const rd_kafka_topic_result_t **results = NULL;
    size_t n = 0;

    if (event == NULL)
        die("%s: no answer", what);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("%s: %s", what, rd_kafka_event_error_string(event));
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
        break;
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
        break;
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &n);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < n; i++)
        if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
            die("%s %s: %s", what, rd_kafka_topic_result_name(results[i]),
                rd_kafka_topic_result_error_string(results[i]));
    return event;
}

static int create_topic(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    int partitions = (int)number(argv[1], 1, 10000);
    char reason[512];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[0], partitions, 1, reason, sizeof(reason));

    if (topic == NULL)
        die("%s", reason);
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (equals == NULL)
            die("%s is not config=value", argv[i]);
        *equals = '\0';
        check(rd_kafka_NewTopic_set_config(topic, argv[i], equals + 1), argv[i]);
    }
    rd_kafka_CreateTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_destroy(admin_answer(queue, "create-topic"));
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    wait_for_partitions(rk, argv[0], partitions);
    close_handle(rk);
    return 0;
}

static int delete_topic(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[0]);

    (void)argc;
    rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_destroy(admin_answer(queue, "delete-topic"));
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    wait_for_partitions(rk, argv[0], 0);
    close_handle(rk);
    return 0;
}

static int add_partitions(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    int total = (int)number(argv[1], 1, 10000);
    char reason[512];
    rd_kafka_NewPartitions_t *partitions = rd_kafka_NewPartitions_new(argv[0], (size_t)total, reason, sizeof(reason));

    (void)argc;
    if (partitions == NULL)
        die("%s", reason);
    rd_kafka_CreatePartitions(rk, &partitions, 1, NULL, queue);
    rd_kafka_event_destroy(admin_answer(queue, "add-partitions"));
    rd_kafka_NewPartitions_destroy(partitions);
    rd_kafka_queue_destroy(queue);
    wait_for_partitions(rk, argv[0], total);
    close_handle(rk);
    return 0;
}

static int delete_records(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(argc);
    const rd_kafka_topic_partition_list_t *answer;
    rd_kafka_DeleteRecords_t *request;
    rd_kafka_event_t *event;

    for (int i = 1; i < argc; i++) {
        char *colon = strchr(argv[i], ':');

        if (colon == NULL)
            die("%s is not PARTITION:OFFSET", argv[i]);
        *colon = '\0';
        rd_kafka_topic_partition_list_add(list, argv[0], (int32_t)number(argv[i], 0, INT32_MAX))->offset =
            number(colon + 1, -1, INT64_MAX);
    }
    request = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
    event = admin_answer(queue, "delete-records");
    answer = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
    for (int i = 0; i < answer->cnt; i++)
        check(answer->elems[i].err, "delete-records");
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    close_handle(rk);
    return 0;
}

/* --- offsets ---------------------------------------------------------------------------------------------------- */

/* One offset of each partition: -2 the first, -1 the last. */
static void ask_offsets(const char *isolation, const char *topic, int n, int64_t what, int64_t *offsets)
{
    const char *extra[] = {"isolation.level", isolation, NULL};
    rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, extra, NULL);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);

    for (int p = 0; p < n; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = what;
    check(rd_kafka_offsets_for_times(rk, list, TIMEOUT_MS), "list-offsets");
    for (int p = 0; p < n; p++) {
        check(list->elems[p].err, "list-offsets");
        offsets[p] = list->elems[p].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    close_handle(rk);
}

static int list_offsets(int argc, char **argv)
{
    rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, NULL, NULL);
    int n = partitions_of(rk, argv[0]);
    int64_t *offsets = calloc((size_t)n * 3 + 1, sizeof(*offsets));

    (void)argc;
    close_handle(rk);
    if (n == 0 || offsets == NULL)
        die("topic %s does not exist", argv[0]);
    ask_offsets("read_committed", argv[0], n, -2, offsets);
    ask_offsets("read_committed", argv[0], n, -1, offsets + n);
    ask_offsets("read_uncommitted", argv[0], n, -1, offsets + 2 * n);
    for (int p = 0; p < n; p++)
        printf("%d %" PRId64 " %" PRId64 " %" PRId64 "\n", p, offsets[p], offsets[n + p], offsets[2 * n + p]);
    free(offsets);
    return 0;
}

static int committed(int argc, char **argv)
{
    const char *extra[] = {"group.id", argv[0], NULL};
    rd_kafka_t *rk = open_handle(RD_KAFKA_CONSUMER, extra, NULL);
    int n = partitions_of(rk, argv[1]);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);

    (void)argc;
    for (int p = 0; p < n; p++)
        rd_kafka_topic_partition_list_add(list, argv[1], p);
    check(rd_kafka_committed(rk, list, TIMEOUT_MS), "committed");
    for (int p = 0; p < n; p++)
        printf("%d %" PRId64 "\n", p, list->elems[p].offset);
    rd_kafka_topic_partition_list_destroy(list);
    close_handle(rk);
    return 0;
}

/* --- producing -------------------------------------------------------------------------------------------------- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    (void)opaque;
    check(message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT
              ? RD_KAFKA_RESP_ERR_NO_ERROR
              : message->err,
          "produce");
}

static void set_delivery(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
}

/* A header's or record's bytes: text as it is, or base64 from the member NAME64. *data NULL: null. Freed
 * by the caller. */
static void member_bytes(json_t *object, const char *name, const char *name64, char **data, size_t *len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    json_t *text = json_object_get(object, name);
    const char *coded = json_string_value(json_object_get(object, name64));
    uint32_t bits = 0;
    int nbits = 0;

    *len = 0;
    *data = NULL;
    if (coded == NULL && !json_is_string(text))
        return;
    *data = malloc((coded != NULL ? strlen(coded) : json_string_length(text)) + 1);
    if (*data == NULL)
        die("out of memory");
    if (coded == NULL) {
        *len = json_string_length(text);
        memcpy(*data, json_string_value(text), *len);
        return;
    }
    for (; *coded != '\0' && *coded != '='; coded++) {
        const char *digit = strchr(digits, *coded);

        if (digit == NULL)
            die("bad base64");
        bits = bits << 6 | (uint32_t)(digit - digits);
        nbits += 6;
        if (nbits >= 8) {
            nbits -= 8;
            (*data)[(*len)++] = (char)(bits >> nbits & 0xff);
        }
    }
}

static void produce_line(rd_kafka_t *rk, const char *topic, json_t *line)
{
    rd_kafka_headers_t *headers = NULL;
    json_t *pair;
    size_t i;
    char *key;
    char *value;
    size_t key_len;
    size_t value_len;
    rd_kafka_resp_err_t code;

    member_bytes(line, "k", "k64", &key, &key_len);
    member_bytes(line, "v", "v64", &value, &value_len);
    if (json_object_get(line, "h") != NULL)
        headers = rd_kafka_headers_new(4);
    json_array_foreach(json_object_get(line, "h"), i, pair)
    {
        json_t *text = json_array_get(pair, 1);

        check(rd_kafka_header_add(headers, json_string_value(json_array_get(pair, 0)), -1, json_string_value(text),
                                  json_is_string(text) ? (ssize_t)json_string_length(text) : 0),
              "header");
    }
    for (;;) {
        code = rd_kafka_producev(
            rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((int32_t)json_integer_value(json_object_get(line, "p"))),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, value_len), RD_KAFKA_V_KEY(key, key_len),
            RD_KAFKA_V_TIMESTAMP(json_integer_value(json_object_get(line, "ts"))), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_END);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            break;
        rd_kafka_poll(rk, 100);
    }
    check(code, "produce"); /* with success the headers are librdkafka's */
    free(key);
    free(value);
}

static int produce_jsonl(int argc, char **argv)
{
    const char *extra[] = {"enable.idempotence", "true", NULL};
    rd_kafka_t *rk = open_handle(RD_KAFKA_PRODUCER, extra, set_delivery);
    FILE *file = strcmp(argv[0], "-") == 0 ? stdin : fopen(argv[0], "r");
    char *text = NULL;
    size_t size = 0;
    ssize_t len;
    int n = 0;

    (void)argc;
    if (file == NULL)
        die("%s: %s", argv[0], strerror(errno));
    while ((len = getline(&text, &size, file)) > 0) {
        json_error_t reason;
        json_t *line = json_loadb(text, (size_t)len, JSON_ALLOW_NUL, &reason);

        n++;
        if (line == NULL)
            die("%s line %d: %s", argv[0], n, reason.text);
        produce_line(rk, argv[1], line);
        json_decref(line);
        rd_kafka_poll(rk, 0);
    }
    free(text);
    if (file != stdin)
        fclose(file);
    check(rd_kafka_flush(rk, TIMEOUT_MS), "flush");
    close_handle(rk);
    return 0;
}

static void produce_some(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t n, const char *key)
{
    static int counter;
    size_t key_len = key != NULL ? strlen(key) : 0;

    for (int64_t i = 0; i < n; i++) {
        char value[32];
        int len = snprintf(value, sizeof(value), "value-%d", counter++);

        check(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value, (size_t)len),
                                RD_KAFKA_V_KEY((void *)(uintptr_t)key, key_len), RD_KAFKA_V_END),
              "produce");
    }
}

static void transaction(rd_kafka_t *rk, const char *topic, int32_t partition, const char *step, int64_t n)
{
    check_error(rd_kafka_begin_transaction(rk), "begin");
    produce_some(rk, topic, partition, n, NULL);
    check(rd_kafka_flush(rk, TIMEOUT_MS), "flush");
    if (strcmp(step, "open") == 0) {
        puts("open");
        fflush(stdout);
        while (getchar() != EOF)
            ;
    }
    if (strcmp(step, "commit") == 0)
        check_error(rd_kafka_commit_transaction(rk, TIMEOUT_MS), "commit");
    else
        check_error(rd_kafka_abort_transaction(rk, TIMEOUT_MS), "abort");
}

static int produce_tx(int argc, char **argv)
{
    char id[64];
    const char *extra[] = {"transactional.id", id, NULL};
    const char *one_batch[] = {"enable.idempotence", "true", "linger.ms", "100", NULL};
    rd_kafka_t *rk = NULL;
    rd_kafka_t *plain = open_handle(RD_KAFKA_PRODUCER, one_batch, set_delivery);
    int32_t partition = (int32_t)number(argv[1], 0, INT32_MAX);

    snprintf(id, sizeof(id), "kafka-tool-%ld", (long)getpid());
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (equals == NULL)
            die("%s is not STEP=N", argv[i]);
        *equals = '\0';
        if (strcmp(argv[i], "plain") == 0) {
            produce_some(plain, argv[0], partition, number(equals + 1, 1, 1000000), NULL);
            check(rd_kafka_flush(plain, TIMEOUT_MS), "flush");
        } else if (strcmp(argv[i], "keys") == 0) {
            char *save = NULL;

            for (char *key = strtok_r(equals + 1, ",", &save); key != NULL; key = strtok_r(NULL, ",", &save))
                produce_some(plain, argv[0], partition, 1, key);
            check(rd_kafka_flush(plain, TIMEOUT_MS), "flush");
        } else if (strcmp(argv[i], "commit") == 0 || strcmp(argv[i], "abort") == 0 || strcmp(argv[i], "open") == 0) {
            if (rk == NULL) {
                rk = open_handle(RD_KAFKA_PRODUCER, extra, set_delivery);
                check_error(rd_kafka_init_transactions(rk, TIMEOUT_MS), "init transactions");
            }
            transaction(rk, argv[0], partition, argv[i], number(equals + 1, 1, 1000000));
        } else {
            die("unknown step %s", argv[i]);
        }
    }
    if (rk != NULL)
        close_handle(rk);
    close_handle(plain);
    return 0;
}

/* --- consuming -------------------------------------------------------------------------------------------------- */

/* Bytes as JSON: text, or base64 under NAME64 when they are no UTF-8. */
static void add_bytes(json_t *object, const char *name, const char *name64, const unsigned char *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    json_t *text = data != NULL ? json_stringn((const char *)data, len) : json_null();
    char *coded;
    size_t n = 0;

    if (text != NULL) {
        json_object_set_new(object, name, text);
        return;
    }
    coded = malloc(len / 3 * 4 + 8);
    if (coded == NULL)
        die("out of memory");
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
                        (i + 2 < len ? (uint32_t)data[i + 2] : 0);

        coded[n++] = digits[bits >> 18 & 63];
        coded[n++] = digits[bits >> 12 & 63];
        coded[n++] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        coded[n++] = i + 2 < len ? digits[bits & 63] : '=';
    }
    json_object_set_new(object, name64, json_stringn(coded, n));
    free(coded);
}

static void print_json(const rd_kafka_message_t *message)
{
    json_t *line = json_object();
    rd_kafka_headers_t *headers;
    rd_kafka_timestamp_type_t type;

    json_object_set_new(line, "p", json_integer(message->partition));
    json_object_set_new(line, "o", json_integer(message->offset));
    add_bytes(line, "k", "k64", message->key, message->key_len);
    add_bytes(line, "v", "v64", message->payload, message->len);
    json_object_set_new(line, "ts", json_integer(rd_kafka_message_timestamp(message, &type)));
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        json_t *list = json_array();
        const char *name;
        const void *value;
        size_t len;

        for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
            json_array_append_new(list,
                                  json_pack("[s, o]", name, value != NULL ? json_stringn(value, len) : json_null()));
        json_object_set_new(line, "h", list);
    }
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static int consume(int argc, char **argv)
{
    const char *extra[] = {"group.id",
                           "kafka-tool",
                           "enable.auto.commit",
                           "false",
                           "auto.offset.reset",
                           "earliest",
                           "enable.partition.eof",
                           "true",
                           "isolation.level",
                           "read_committed",
                           "fetch.wait.max.ms",
                           "10",
                           NULL};
    bool json = false;
    rd_kafka_topic_partition_list_t *list;
    int64_t *first;
    rd_kafka_t *rk;
    int left;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--uncommitted") == 0)
            extra[9] = "read_uncommitted";
        else
            die("unknown option %s", argv[i]);
    }
    rk = open_handle(RD_KAFKA_CONSUMER, extra, NULL);
    left = partitions_of(rk, argv[0]);
    first = calloc((size_t)left + 1, sizeof(*first));
    if (left == 0 || first == NULL)
        die("topic %s does not exist", argv[0]);
    ask_offsets(extra[9], argv[0], left, -2, first);
    list = rd_kafka_topic_partition_list_new(left);
    for (int p = 0; p < left; p++) /* an absolute start: a logical one costs half a second */
        rd_kafka_topic_partition_list_add(list, argv[0], p)->offset = first[p];
    check(rd_kafka_assign(rk, list), "assign");
    check(rd_kafka_poll_set_consumer(rk), "poll");
    while (left > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, TIMEOUT_MS);

        if (message == NULL)
            die("consume: no answer");
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            left--;
        else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            die("consume: %s", rd_kafka_message_errstr(message));
        else if (json)
            print_json(message);
        else
            printf("%d %" PRId64 " %.*s\n", (int)message->partition, message->offset, (int)message->len,
                   message->payload != NULL ? (const char *)message->payload : "");
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    free(first);
    close_handle(rk);
    return 0;
}

static const struct verb {
    const char *name;
    int min_args;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"cluster-id", 0, cluster_id},
    {"topics", 0, topics},
    {"create-topic", 2, create_topic},
    {"delete-topic", 1, delete_topic},
    {"add-partitions", 2, add_partitions},
    {"delete-records", 2, delete_records},
    {"list-offsets", 1, list_offsets},
    {"committed", 2, committed},
    {"produce-jsonl", 2, produce_jsonl},
    {"produce-tx", 3, produce_tx},
    {"consume", 1, consume},
};

int main(int argc, char **argv)
{
    for (; argc > 2 && argv[1][0] == '-'; argc -= 2, argv += 2) {
        char *equals = strchr(argv[2], '=');

        if (strcmp(argv[1], "-b") == 0) {
            servers = argv[2];
        } else if (strcmp(argv[1], "-X") == 0 && equals != NULL && nclient_settings < CLIENT_SETTINGS_MAX) {
            *equals = '\0';
            client_settings[nclient_settings][0] = argv[2];
            client_settings[nclient_settings++][1] = equals + 1;
        } else {
            die("%s %s is no option", argv[1], argv[2]);
        }
    }
    for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, argv[1]) != 0)
            continue;
        if (argc - 2 < verbs[i].min_args)
            die("%s needs %d arguments; see the head of tests/tools/kafka_tool.c", argv[1], verbs[i].min_args);
        verbs[i].run(argc - 2, argv + 2);
        if (fflush(stdout) == EOF)
            die("stdout: %s", strerror(errno));
        return 0;
    }
    die("usage: kafka_tool [-b HOST:PORT] VERB ...; see the head of tests/tools/kafka_tool.c");
}
