/* range_tool: reads ranges of offsets with kafka/reader, as a query does, and shows what was served.
 *
 *   range_tool -b HOST:PORT [-X name=value ...] plan TOPIC LIMIT
 *       ranges of LIMIT offsets a partition up to the last stable offset, the partitions in turn, as micro-batches do
 *   range_tool -b HOST:PORT [-X name=value ...] read TOPIC P START END ...
 *       ranges [START,END), [END,END2) ... of partition P
 *
 * One line a range: "P START END: offsets", the offsets that no record came for marked with * ("0 3 6: 3 4 5*").
 * A range that does not end within 30 s: "P START END: stuck at N" and exit 1. Lost data: "P START END: lost, first
 * is N" and exit 4.
 */
#include "common/clock.h"
#include "kafka/offsets.h"
#include "kafka/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 30000

static struct conf conf;

static int fail(const struct errbuf *err)
{
    fprintf(stderr, "range_tool: %s\n", err->text);
    return (int)err->exit_code;
}

/* The cookie: the offset that the next record would have without gaps. */
static int on_record(void *cookie, const struct reader_record *record)
{
    int64_t *expected = cookie;

    for (; *expected < record->offset; ++*expected)
        printf(" %" PRId64 "*", *expected);
    printf(" %" PRId64, record->offset);
    *expected = record->offset + 1;
    return 0;
}

static int read_range(struct reader *reader, int slot, int32_t partition, int64_t end)
{
    int64_t deadline_us = clock_monotonic_us() + TIMEOUT_MS * 1000LL;
    int64_t expected = reader_next(reader, slot);
    struct reader_loss loss;
    struct errbuf err;

    printf("%d %" PRId64 " %" PRId64 ":", (int)partition, expected, end);
    for (;;) {
        switch (reader_serve(reader, slot, end, on_record, &expected, &loss, &err)) {
        case READER_COMPLETE:
            for (; expected < end; expected++)
                printf(" %" PRId64 "*", expected);
            putchar('\n');
            return 0;
        case READER_REPLACED: /* no mark was given */
        case READER_LOST:
            printf(" lost, first is %" PRId64 "\n", loss.earliest);
            return EXIT_CODE_DATA_LOSS;
        case READER_FAILED:
            return fail(&err);
        case READER_MORE:
            break;
        }
        if (clock_monotonic_us() > deadline_us) {
            printf(" stuck at %" PRId64 "\n", reader_next(reader, slot));
            return EXIT_CODE_RUNTIME;
        }
        if (reader_wait(reader, 1000, -1, &err) == -1)
            return fail(&err);
    }
}

static int read_all(struct reader *reader, const struct offset_list *first, const struct offset_list *last,
                    int64_t limit)
{
    struct errbuf err;
    int result = 0;

    for (size_t i = 0; i < first->count; i++)
        if (reader_start(reader, first->items[i].topic, first->items[i].partition, first->items[i].offset, NULL,
                         &err) == -1)
            return fail(&err);
    for (int more = 1; more && result == 0;) {
        more = 0;
        for (size_t i = 0; i < first->count && result == 0; i++) {
            int64_t end = reader_next(reader, (int)i) + limit;

            if (end > last->items[i].offset)
                end = last->items[i].offset;
            if (end == reader_next(reader, (int)i))
                continue;
            result = read_range(reader, (int)i, first->items[i].partition, end);
            more = 1;
        }
    }
    return result;
}

static int plan(const char *topic, int64_t limit)
{
    struct offset_list first;
    struct offset_list last;
    struct reader *reader = NULL;
    struct errbuf err;
    struct offsets *offsets = offsets_open(&conf, NULL, &err);
    int result;

    offset_list_init(&first);
    offset_list_init(&last);
    errbuf_clear(&err);
    if (offsets == NULL || offsets_connect(offsets, TIMEOUT_MS, -1, NULL, &err) == -1 ||
        offsets_partitions(offsets, &topic, 1, TIMEOUT_MS, &first, &err) == -1 ||
        offsets_earliest(offsets, &first, TIMEOUT_MS, &err) == -1 || offset_list_copy(&last, &first) == -1 ||
        offsets_latest(offsets, &last, TIMEOUT_MS, &err) == -1 ||
        (reader = reader_open(&conf, (int)first.count, &err)) == NULL)
        result = fail(&err);
    else
        result = read_all(reader, &first, &last, limit);
    reader_close(reader);
    offset_list_release(&first);
    offset_list_release(&last);
    offsets_close(offsets);
    return result;
}

static int read_given(int argc, char **argv)
{
    int32_t partition = (int32_t)strtol(argv[1], NULL, 10);
    struct errbuf err;
    struct reader *reader = reader_open(&conf, 1, &err);
    int result = 0;

    if (reader == NULL || reader_start(reader, argv[0], partition, strtoll(argv[2], NULL, 10), NULL, &err) == -1)
        result = fail(&err);
    for (int i = 3; i < argc && result == 0; i++)
        result = read_range(reader, 0, partition, strtoll(argv[i], NULL, 10));
    reader_close(reader);
    return result;
}

/* -b and -X. Returns the first argument behind them, or -1. */
static int parse_options(int argc, char **argv)
{
    struct errbuf err;
    int i;

    for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        char *value = strchr(argv[i + 1], '=');
        int result;

        if (strcmp(argv[i], "-b") == 0) {
            result = conf_set(&conf, "bootstrap.servers", argv[i + 1], &err);
        } else if (strcmp(argv[i], "-X") == 0 && value != NULL) {
            *value = '\0';
            result = conf_set(&conf, argv[i + 1], value + 1, &err);
        } else {
            return argc;
        }
        if (result == -1) {
            fail(&err);
            return -1;
        }
    }
    return i;
}

int main(int argc, char **argv)
{
    int result = EXIT_CODE_USAGE;
    int i;

    conf_init(&conf);
    i = parse_options(argc, argv);
    if (i != -1 && argc - i == 3 && strcmp(argv[i], "plan") == 0 && strtoll(argv[i + 2], NULL, 10) > 0)
        result = plan(argv[i + 1], strtoll(argv[i + 2], NULL, 10));
    else if (i != -1 && argc - i >= 5 && strcmp(argv[i], "read") == 0)
        result = read_given(argc - i - 1, argv + i + 1);
    else if (i != -1)
        fprintf(stderr, "usage: see the head of tests/tools/range_tool.c\n");
    conf_release(&conf);
    if (fflush(stdout) == EOF && result == 0)
        result = EXIT_CODE_STORAGE;
    return result;
}
