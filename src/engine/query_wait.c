/* Waiting: for the stop, and for a broker that is away, which is no error. */
#include "query_internal.h"

#include "common/clock.h"
#include "common/log.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>

#define MODULE "MicroBatchExecution"

/* Between tries while the broker is away, and between the log lines about it. */
enum { RETRY_MS = 1000, WAITING_LOG_US = 10000000 };

/* A commit and a plan that wait for the batch's state wait no longer than this. */
#define UNSYNCED_US 10000

/* A stop waits this long for a broker that is away; then nothing would come in the rest of the stop timeout either. */
#define STOP_DOWN_US 2000000

bool query_wait_stop(struct query *query, int64_t ms)
{
    struct pollfd fd = {query->setup.stop_fd, POLLIN, 0};
    int64_t end_us = clock_monotonic_us() + ms * 1000;
    int64_t left_ms = ms;

    while (!query->stopping) {
        if (poll(&fd, 1, left_ms > INT_MAX ? INT_MAX : left_ms < 0 ? 0 : (int)left_ms) > 0) {
            query->stopping = true;
            query->stop_us = clock_monotonic_us();
        }
        left_ms = (end_us - clock_monotonic_us() + 999) / 1000;
        if (left_ms <= 0)
            break;
    }
    return query->stopping;
}

/* The broker is away: shown at once, logged every ten seconds. */
static void note_down(struct query *query, const char *why)
{
    int64_t now_us = clock_monotonic_us();

    if (query->down_us == 0)
        query->down_us = now_us;
    feed_status(query->feed, SNAPSHOT_WAITING, query->data_available, true, "Waiting for the broker: %s", why);
    if (query->down_logged_us == 0 || now_us - query->down_logged_us >= WAITING_LOG_US) {
        query->down_logged_us = now_us;
        log_warn(MODULE, "Query %s waits for the broker: %s", query->conf->name, why);
    }
}

void query_note_up(struct query *query)
{
    if (query->down_us == 0)
        return;
    if (query->down_logged_us)
        log_info(MODULE, "Query %s: the broker is back after %" PRId64 " ms", query->conf->name,
                 (clock_monotonic_us() - query->down_us) / 1000);
    query->down_us = query->down_logged_us = 0;
    feed_status(query->feed, SNAPSHOT_RUNNING, query->data_available, true, "Processing new data");
}

enum query_outcome query_wait_retry(struct query *query, struct errbuf *err)
{
    if (!err->retriable)
        return QUERY_FAILED;
    note_down(query, err->text);
    if (query_settle(query, true, err) != 0) /* a disk that failed is not to hide behind a broker that is away */
        return QUERY_FAILED;
    return query_wait_stop(query, RETRY_MS) ? QUERY_STOPPED : QUERY_EXECUTED;
}

bool query_give_up(void *cookie)
{
    struct query *query = cookie;

    return query_wait_stop(query, 0) && clock_monotonic_us() - query->stop_us >= query->config->stop_timeout_ms * 1000;
}

int query_tick(void *cookie, const char *down)
{
    struct query *query = cookie;
    int64_t now_us = clock_monotonic_us();

    if (down)
        note_down(query, down);
    else
        query_note_up(query);
    if (query->unsynced_us != 0 && now_us - query->unsynced_us >= UNSYNCED_US) {
        struct errbuf err; /* which every later sync repeats */

        errbuf_clear(&err);
        if (query_settle(query, false, &err) != 0)
            return 1;
    }
    if (!query_wait_stop(query, 0))
        return 0;
    if (query_give_up(query))
        return 1;
    int64_t since_us = query->down_us > query->stop_us ? query->down_us : query->stop_us;
    return query->down_us && now_us - since_us >= STOP_DOWN_US;
}
