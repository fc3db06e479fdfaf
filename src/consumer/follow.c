/* Messages are printed into a block inside the reader's callback, where their bytes live, and written out when it is
 * full or nothing more is there now. */
#include "consumer/follow.h"

#include "common/fileio.h"
#include "common/log.h"
#include "kafka/offsets.h"
#include "kafka/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "Consumer"
#define BLOCK_BYTES ((size_t)64 * 1024)
#define WAIT_MS 1000
#define REQUEST_MS 10000

struct follow {
    const struct consumer_settings *settings;
    struct printer *printer;
    struct reader *reader;
    struct offset_list list; /* partitions with the offset reading begins at */
    struct offset_list ends; /* exit_on_end: with the offset it ends at; same order */
    int stop_fd;
    struct buf out;
    uint64_t *nmessages;
    int32_t partition; /* being served */
    bool done;         /* enough messages, or nobody reads them */
    struct errbuf *err;
};

static int write_out(struct follow *follow)
{
    if (follow->out.len > 0 && fileio_write_all(STDOUT_FILENO, follow->out.data, follow->out.len) == -1) {
        follow->done = true;
        if (errno != EPIPE)
            return errbuf_set(follow->err, EXIT_CODE_STORAGE, "writing to standard output: %s", strerror(errno));
    }
    buf_reset(&follow->out);
    return 0;
}

/* reader_fn */
static int on_record(void *cookie, const struct reader_record *record)
{
    struct follow *follow = cookie;
    struct printer_message message = {.topic = follow->settings->topic,
                                      .partition = follow->partition,
                                      .offset = record->offset,
                                      .timestamp_ms = record->timestamp_ms,
                                      .key = record->key,
                                      .key_len = record->key_len,
                                      .value = record->value,
                                      .value_len = record->value_len};

    if (printer_message(follow->printer, &message, &follow->out, follow->err) == -1)
        return -1;
    (*follow->nmessages)++;
    if (follow->settings->max_messages > 0 && *follow->nmessages == (uint64_t)follow->settings->max_messages)
        follow->done = true;
    if (follow->out.len >= BLOCK_BYTES && write_out(follow) == -1)
        return -1;
    return follow->done ? -1 : 0;
}

static int find_start(struct follow *follow, struct offsets *offsets)
{
    const struct consumer_settings *settings = follow->settings;
    const char *topics[] = {settings->topic};

    if (offsets_partitions(offsets, topics, 1, settings->broker_timeout_ms, &follow->list, follow->err) == -1)
        return -1;
    if (settings->exit_on_end) {
        if (offset_list_copy(&follow->ends, &follow->list) == -1)
            return errbuf_oom(follow->err, "offsets", follow->list.count);
        if (offsets_latest(offsets, &follow->ends, REQUEST_MS, follow->err) == -1)
            return -1;
    }
    return settings->from_beginning ? offsets_earliest(offsets, &follow->list, REQUEST_MS, follow->err)
                                    : offsets_latest(offsets, &follow->list, REQUEST_MS, follow->err);
}

static int step_over_loss(struct follow *follow, struct offsets *offsets, int slot, const struct reader_loss *loss)
{
    const struct partition_offset *item = &follow->list.items[slot];
    int64_t earliest = loss->earliest;

    if (earliest < 0) {
        struct offset_list one;
        offset_list_init(&one);
        int rc = offset_list_add(&one, item->topic, item->partition, OFFSETS_UNKNOWN) == -1
                     ? errbuf_oom(follow->err, "offsets", 1)
                     : offsets_earliest(offsets, &one, REQUEST_MS, follow->err);
        if (rc == 0)
            earliest = one.items[0].offset;
        offset_list_release(&one);
        if (rc == -1)
            return -1;
    }
    log_warn(MODULE, "topic %s partition %d: offset %" PRId64 " is gone; going on at %" PRId64, item->topic,
             (int)item->partition, loss->wanted, earliest);
    return reader_seek(follow->reader, slot, earliest, follow->err);
}

/* Serve what has arrived. 1: every partition is at its end; 0: not yet; -1 with err. */
static int serve_all(struct follow *follow, struct offsets *offsets)
{
    size_t complete = 0;

    for (size_t i = 0; i < follow->list.count && !follow->done; i++) {
        int slot = (int)i;
        int64_t end = follow->settings->exit_on_end ? follow->ends.items[i].offset : INT64_MAX;
        struct reader_loss loss;

        follow->partition = follow->list.items[i].partition;
        if (reader_next(follow->reader, slot) >= end) {
            complete++;
            continue;
        }
        switch (reader_serve(follow->reader, slot, end, on_record, follow, &loss, follow->err)) {
        case READER_COMPLETE:
            complete++;
            break;
        case READER_MORE:
            break;
        case READER_LOST:
            if (step_over_loss(follow, offsets, slot, &loss) == -1)
                return -1;
            break;
        case READER_REPLACED:
            log_warn(MODULE, "topic %s partition %d was made anew; going on at %" PRId64, follow->list.items[i].topic,
                     (int)follow->list.items[i].partition, loss.wanted);
            break;
        case READER_FAILED:
            if (follow->done && follow->err->text[0] == '\0')
                return 0; /* it was our own callback that had enough */
            return -1;
        }
    }
    return follow->settings->exit_on_end && complete == follow->list.count ? 1 : 0;
}

static bool stop_requested(int stop_fd)
{
    struct pollfd stop = {stop_fd, POLLIN, 0};

    return stop_fd != -1 && poll(&stop, 1, 0) > 0;
}

static int read_on(struct follow *follow, struct offsets *offsets)
{
    while (!follow->done && !stop_requested(follow->stop_fd)) {
        int rc = serve_all(follow, offsets);
        if (rc == -1)
            return -1;
        follow->done = follow->done || rc == 1;
        if (follow->done)
            break;
        /* nothing more is there now: show what was kept back */
        if (printer_flush(follow->printer, &follow->out, follow->err) == -1 || write_out(follow) == -1)
            return -1;
        if (!follow->done && reader_wait(follow->reader, WAIT_MS, follow->stop_fd, follow->err) == -1)
            return -1;
    }
    if (printer_flush(follow->printer, &follow->out, follow->err) == -1)
        return -1;
    return write_out(follow);
}

static int start_reader(struct follow *follow)
{
    follow->reader = reader_open(&follow->settings->kafka, (int)follow->list.count, follow->err);
    if (follow->reader == NULL)
        return -1;
    for (size_t i = 0; i < follow->list.count; i++) {
        const struct partition_offset *item = &follow->list.items[i];
        if (reader_start(follow->reader, item->topic, item->partition, item->offset, NULL, follow->err) == -1)
            return -1;
    }
    return 0;
}

int follow_run(const struct consumer_settings *settings, struct printer *printer, int stop_fd, uint64_t *nmessages,
               struct errbuf *err)
{
    struct follow follow = {.settings = settings,
                            .printer = printer,
                            .stop_fd = stop_fd,
                            .out = BUF_INIT,
                            .nmessages = nmessages,
                            .err = err};
    int rc = -1;

    *nmessages = 0;
    offset_list_init(&follow.list);
    offset_list_init(&follow.ends);
    struct offsets *offsets = offsets_open(&settings->kafka, NULL, err);
    if (offsets == NULL)
        goto done;
    if (offsets_connect(offsets, settings->broker_timeout_ms, stop_fd, NULL, err) == -1) {
        if (err->exit_code == EXIT_CODE_OK)
            rc = 0; /* stopped while waiting */
        goto done;
    }
    if (find_start(&follow, offsets) == -1)
        goto done;
    if (start_reader(&follow) == 0)
        rc = read_on(&follow, offsets);
done:
    reader_close(follow.reader);
    offsets_close(offsets);
    offset_list_release(&follow.ends);
    offset_list_release(&follow.list);
    buf_release(&follow.out);
    return rc;
}
