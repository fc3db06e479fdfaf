#include "producer/feeder.h"

#include "common/buf.h"
#include "common/clock.h"
#include "common/fileio.h"
#include "common/log.h"
#include "kafka/writer.h"
#include "producer/pace.h"
#include "record/json_copy.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MODULE "Producer"
/* Between two looks at the stop request and the clock: about 0.1 ms of work at full speed. */
#define CHECK_EVERY 128
/* How long delivery reports may lie around while there is nothing to send. */
#define IDLE_MS 100
#define FLUSH_SLICE_MS 200
/* What a stop request leaves for acknowledgements under way: together with all else less than the 3 s in which a Ctrl-C
 * should be over. */
#define STOPPED_FLUSH_MS 2000

struct feeder {
    const struct producer_settings *settings;
    struct dataset *dataset;
    struct writer *writer;
    struct meter *meter;
    int stop_fd;
    struct pace pace;
    struct buf key;
    struct feeder_result *result;
};

static bool stop_requested(int stop_fd)
{
    struct pollfd stop = {stop_fd, POLLIN, 0};

    return stop_fd != -1 && poll(&stop, 1, 0) > 0;
}

static struct meter_counts counts_of(const struct feeder *feeder)
{
    struct writer_counts counts;

    writer_counts(feeder->writer, &counts);
    return (struct meter_counts){.sent = feeder->result->sent,
                                 .acked = counts.acked,
                                 .skipped = feeder->result->skipped,
                                 .position = dataset_position(feeder->dataset),
                                 .size = feeder->settings->loop ? -1 : dataset_size(feeder->dataset),
                                 .limit = (uint64_t)feeder->settings->limit};
}

static void show(struct feeder *feeder)
{
    if (meter_due(feeder->meter)) {
        struct meter_counts counts = counts_of(feeder);
        meter_show(feeder->meter, &counts);
    }
}

/* Sleep until the next record is due, serving delivery reports. 0; 1 when a stop was asked for; -1 with err. */
static int keep_pace(struct feeder *feeder, struct errbuf *err)
{
    if (feeder->settings->rate == 0) /* without a look at the clock for every record */
        return 0;
    int64_t wait_us = pace_wait_us(&feeder->pace, clock_monotonic_us());
    if (wait_us == 0)
        return 0;
    do {
        if (writer_poll(feeder->writer, 0, err) == -1)
            return -1;
        show(feeder);
        if (wait_us > IDLE_MS * 1000)
            wait_us = IDLE_MS * 1000;
        struct pollfd stop = {feeder->stop_fd, POLLIN, 0};
        struct timespec timeout = {0, (long)wait_us * 1000};
        if (ppoll(&stop, feeder->stop_fd == -1 ? 0 : 1, &timeout, NULL) > 0)
            return 1;
        wait_us = pace_wait_us(&feeder->pace, clock_monotonic_us());
    } while (wait_us > 0);
    return 0;
}

static int send_record(struct feeder *feeder, const char *record, size_t len, struct errbuf *err)
{
    int32_t partition = WRITER_ROUND_ROBIN;
    const char *key = NULL;
    size_t key_len = 0;

    if (feeder->settings->key != NULL) {
        buf_reset(&feeder->key);
        if (json_copy_member(record, len, feeder->settings->key, strlen(feeder->settings->key), &feeder->key)) {
            if (feeder->key.failed)
                return errbuf_oom(err, "message key", len);
            partition = WRITER_BY_KEY;
            key = feeder->key.data != NULL ? feeder->key.data : "";
            key_len = feeder->key.len;
        }
    }
    if (writer_send(feeder->writer, partition, key, key_len, record, len, 0, err) == -1)
        return -1;
    pace_count(&feeder->pace);
    feeder->result->sent++;
    return 0;
}

/* A pipe is silent: hand over what is batched and wait. */
static int wait_for_input(struct feeder *feeder, struct errbuf *err)
{
    if (writer_poll(feeder->writer, 0, err) == -1)
        return -1;
    show(feeder);
    dataset_wait(feeder->dataset, feeder->stop_fd, IDLE_MS);
    return 0;
}

/* Read and send. 0 at the end of input or limit, or stopped; -1 with err. */
static int feed(struct feeder *feeder, struct errbuf *err)
{
    const struct producer_settings *settings = feeder->settings;
    uint64_t sent_before_pass = 0;
    unsigned since_check = 0;

    for (;;) {
        const char *record = NULL;
        size_t len = 0;

        if (settings->limit > 0 && feeder->result->sent == (uint64_t)settings->limit)
            return 0;
        if (since_check++ % CHECK_EVERY == 0) {
            show(feeder);
            if (stop_requested(feeder->stop_fd)) {
                feeder->result->stopped = true;
                return 0;
            }
        }
        switch (dataset_next(feeder->dataset, &record, &len, err)) {
        case DATASET_RECORD: {
            int rc = keep_pace(feeder, err);
            if (rc == 0)
                rc = send_record(feeder, record, len, err);
            if (rc == 1 || (rc == -1 && err->exit_code == EXIT_CODE_OK)) { /* stopped while waiting */
                feeder->result->stopped = true;
                return 0;
            }
            if (rc == -1)
                return -1;
            break;
        }
        case DATASET_WAIT:
            if (wait_for_input(feeder, err) == -1) {
                feeder->result->stopped = err->exit_code == EXIT_CODE_OK; /* while waiting for room */
                return feeder->result->stopped ? 0 : -1;
            }
            since_check = 0; /* look at the stop request at once */
            break;
        case DATASET_BAD:
            if (!settings->skip_bad)
                return -1;
            feeder->result->skipped++;
            meter_clear(feeder->meter);
            log_warn(MODULE, "skipped: %s", err->text);
            errbuf_clear(err);
            break;
        case DATASET_FAILED:
            return -1;
        case DATASET_END:
            if (!settings->loop || feeder->result->sent == sent_before_pass)
                return 0;
            sent_before_pass = feeder->result->sent;
            if (dataset_rewind(feeder->dataset, err) == -1)
                return -1;
            break;
        }
    }
}

/* Wait until every message is acknowledged or given up; a stop request meanwhile leaves STOPPED_FLUSH_MS for it. */
static int drain(struct feeder *feeder, struct errbuf *err)
{
    for (;;) {
        bool stopping = stop_requested(feeder->stop_fd);

        errbuf_clear(err);
        if (writer_flush(feeder->writer, stopping ? STOPPED_FLUSH_MS : FLUSH_SLICE_MS, stopping ? -1 : feeder->stop_fd,
                         err) == 0)
            return 0;
        bool out_of_time = err->retriable || err->exit_code == EXIT_CODE_OK;
        if (!out_of_time || stopping)
            return -1;
        show(feeder);
    }
}

int feeder_run(const struct producer_settings *settings, struct dataset *dataset, struct writer *writer,
               struct meter *meter, int stop_fd, struct feeder_result *result, struct errbuf *err)
{
    struct feeder feeder = {.settings = settings,
                            .dataset = dataset,
                            .writer = writer,
                            .meter = meter,
                            .stop_fd = stop_fd,
                            .result = result};
    struct writer_counts counts;
    struct errbuf drain_err;

    memset(result, 0, sizeof(*result));
    writer_set_stop_fd(writer, stop_fd); /* the broker may never make room again */
    buf_init(&feeder.key);
    pace_init(&feeder.pace, settings->rate, clock_monotonic_us());
    errbuf_clear(&drain_err);
    int rc = feed(&feeder, err);
    int drained = drain(&feeder, &drain_err);
    buf_release(&feeder.key);
    writer_counts(writer, &counts);
    result->acked = counts.acked;
    struct meter_counts last = counts_of(&feeder);
    meter_finish(meter, &last);
    if (drained == 0)
        return rc;
    if (rc == -1)
        log_error(MODULE, "%s", drain_err.text); /* the caller tells of what came first */
    else
        *err = drain_err;
    return -1;
}

/* --- dry run ----------------------------------------------------------------------------------------------------- */

static int print_first(const char *record, size_t len, struct errbuf *err)
{
    if (fileio_write_all(STDOUT_FILENO, record, len) == -1 || fileio_write_all(STDOUT_FILENO, "\n", 1) == -1)
        return errno == EPIPE ? 0
                              : errbuf_set(err, EXIT_CODE_STORAGE, "writing to standard output: %s", strerror(errno));
    return 0;
}

int feeder_dry_run(const struct producer_settings *settings, struct dataset *dataset, int stop_fd, struct errbuf *err)
{
    uint64_t count = 0;
    uint64_t bytes = 0;
    uint64_t skipped = 0;
    int rc = 0;
    bool more = true;

    while (more && rc == 0 && (settings->limit == 0 || count < (uint64_t)settings->limit)) {
        const char *record = NULL;
        size_t len = 0;

        if (count % CHECK_EVERY == 0 && stop_requested(stop_fd))
            break;
        switch (dataset_next(dataset, &record, &len, err)) {
        case DATASET_RECORD:
            if (count++ == 0)
                rc = print_first(record, len, err);
            bytes += len;
            break;
        case DATASET_WAIT:
            dataset_wait(dataset, stop_fd, -1);
            more = !stop_requested(stop_fd);
            break;
        case DATASET_BAD:
            if (!settings->skip_bad) {
                rc = -1;
                break;
            }
            skipped++;
            log_warn(MODULE, "skipped: %s", err->text);
            break;
        case DATASET_FAILED:
            rc = -1;
            break;
        case DATASET_END:
            more = settings->loop && count > 0;
            if (more)
                rc = dataset_rewind(dataset, err);
            break;
        }
    }
    struct buf line = BUF_INIT;
    buf_printf(&line,
               "%" PRIu64 " records read (%" PRIu64 " bytes as messages), %" PRIu64 " skipped, nothing sent (dry run)",
               count, bytes, skipped);
    if (!line.failed) {
        struct errbuf ignored;
        errbuf_clear(&ignored);
        (void)print_first(line.data, line.len, rc == 0 ? err : &ignored);
        if (rc == 0 && err->exit_code == EXIT_CODE_STORAGE)
            rc = -1;
    }
    buf_release(&line);
    return rc;
}
