/* Texts lie in a ring of the newest events, counted by references; a stream is a place in it. A stream that has nothing
 * to send suspends its connection (libmicrohttpd then neither polls it nor lets it time out), and the bell's thread
 * resumes it. Both happen under `lock`, so that no event can slip in between "there is nothing" and "asleep".
 *
 * What rings after a rest is told at once. When it rings all the time, rounds are some milliseconds apart, more so the
 * more streams there are, so that many small batches and many readers together cost no more than STREAMS_A_SECOND
 * wakes; without a reader nothing is written at all.
 *
 * Lock: `lock` guards all below it in struct events. Inside it only libmicrohttpd's resume and the board's own short
 * lock are taken. */
#include "ui/events.h"

#include "api_internal.h"
#include "common/clock.h"
#include "common/thread.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define RING 256
#define MAX_QUERIES 256
#define MAX_STREAMS 400 /* of the server's 512 connections: pages must still come through */
#define HEARTBEAT_MS 5000
#define ROUND_MS 8
#define ROUND_MAX_MS 500     /* half of it is what one of very many readers waits at the median */
#define BURST 4              /* rounds without a pause: "running", the batch, "waiting" and what comes of them */
#define STREAMS_A_SECOND 400 /* some 20 us each, nearly all of it the kernel's: under 1 % of a core */
#define MAX_BATCHES_A_ROUND 64
#define MIN_BATCHES_A_ROUND 8     /* they fit a block: one write a stream */
#define BATCHES_TOLD_A_ROUND 1600 /* to all streams together */
#define BLOCK_BYTES 16384

struct event {
    int refs;
    int query; /* -1: concerns all */
    size_t len;
    char *text;
};

struct stream {
    struct events *events;
    struct MHD_Connection *connection;
    struct stream *next, *previous;
    int query;
    uint64_t at;           /* the event to be sent next */
    struct event *current; /* being sent */
    size_t sent;           /* bytes of it, or of `first` */
    struct buf first;      /* what the client missed, and how things stand */
    bool asleep;
};

/* What the streams have been told of a query. The thread's own. */
struct told {
    char run_id[37];
    int64_t batch;
    int64_t idle_ms;
    int64_t lag;
    enum snapshot_status status;
    char *message;
};

struct events {
    struct board *board;
    pthread_t thread;
    int stop_fd;
    struct told told[MAX_QUERIES];
    pthread_mutex_t lock;
    bool ending;
    uint64_t next; /* number of the next event */
    struct event *ring[RING];
    struct stream *streams;
    size_t nstreams;
};

/* --- texts ------------------------------------------------------------------------------------------------------ */

/* JSON as written here has no line feed outside strings and escapes them inside: one data line. */
static void append_event(struct buf *out, const char *name, int64_t id, const struct snapshot *snapshot,
                         const struct progress *progress)
{
    struct json_writer json;

    buf_printf(out, "event: %s\n", name);
    if (id >= 0)
        buf_printf(out, "id: %" PRId64 "\n", id);
    buf_append_text(out, "data: ");
    json_writer_init(&json, out);
    if (progress == NULL) {
        api_short_form(&json, snapshot, 0);
    } else {
        json_writer_begin(&json, '{');
        json_writer_key_text(&json, "name", snapshot->name);
        json_writer_key_text(&json, "runId", snapshot->run_id);
        json_writer_key_text(&json, "status", snapshot_status_name(snapshot->status));
        json_writer_key_i64(&json, "lag", snapshot_lag(snapshot));
        json_writer_key(&json, "last");
        api_short_record(&json, progress);
        json_writer_end(&json, '}');
    }
    buf_append_text(out, "\n\n");
}

static void event_unref(struct event *event)
{
    if (event == NULL || --event->refs > 0)
        return;
    free(event->text);
    free(event);
}

/* Takes the text. Under the lock. Without memory the event is left out: the next status tells the same. */
static void push(struct events *events, int query, struct buf *text)
{
    struct event *event = text->failed || text->len == 0 ? NULL : malloc(sizeof(*event));

    if (event == NULL) {
        buf_release(text);
        return;
    }
    event->refs = 1;
    event->query = query;
    event->text = buf_take(text, &event->len);
    event_unref(events->ring[events->next % RING]);
    events->ring[events->next % RING] = event;
    events->next++;
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

static bool message_changed(struct told *told, const char *message)
{
    const char *now = message == NULL ? "" : message;

    if (told->message != NULL && strcmp(told->message, now) == 0)
        return false;
    free(told->message);
    told->message = strdup(now);
    return true;
}

/* Append to text what is new about a query; NULL: only remember it. Of many new batches only the newest are told, and
 * the fewer the more streams there are: a reader who wants each finds them in the progress that the API keeps. */
static void look(struct told *told, const struct snapshot *snapshot, struct buf *text, size_t nstreams)
{
    int64_t lag = snapshot_lag(snapshot);
    size_t first = snapshot->nhistory;
    size_t most = nstreams == 0 ? MAX_BATCHES_A_ROUND : BATCHES_TOLD_A_ROUND / nstreams;

    if (most > MAX_BATCHES_A_ROUND)
        most = MAX_BATCHES_A_ROUND;
    if (most < MIN_BATCHES_A_ROUND)
        most = MIN_BATCHES_A_ROUND;

    if (strcmp(told->run_id, snapshot->run_id) != 0) {
        memcpy(told->run_id, snapshot->run_id, sizeof(told->run_id));
        told->batch = -1;
        told->idle_ms = 0;
        told->lag = -2;
    }
    while (first > 0 && snapshot->history[first - 1]->progress.batch_id > told->batch &&
           snapshot->nhistory - first < most)
        first--;
    for (size_t i = first; i < snapshot->nhistory; i++) {
        const struct progress *progress = &snapshot->history[i]->progress;
        if (text != NULL)
            append_event(text, "progress", progress->batch_id, snapshot, progress);
        told->batch = progress->batch_id;
    }
    if (snapshot->last != NULL && snapshot->last->progress.idle &&
        snapshot->last->progress.timestamp_ms != told->idle_ms) {
        told->idle_ms = snapshot->last->progress.timestamp_ms;
        if (text != NULL)
            append_event(text, "idle", -1, snapshot, &snapshot->last->progress);
    }
    bool changed = message_changed(told, snapshot->message);
    if (changed || told->status != snapshot->status || told->lag != lag) {
        told->status = snapshot->status;
        told->lag = lag;
        if (text != NULL)
            append_event(text, "status", -1, snapshot, NULL);
    }
}

/* Under the lock. */
static void wake_all(struct events *events)
{
    for (struct stream *stream = events->streams; stream != NULL; stream = stream->next) {
        if (stream->asleep) {
            stream->asleep = false;
            MHD_resume_connection(stream->connection);
        }
    }
}

static size_t count_streams(struct events *events)
{
    thread_lock(&events->lock);
    size_t n = events->nstreams;
    thread_unlock(&events->lock);
    return n;
}

/* Returns the pause until the next round. A stream is counted before it reads the board for its opening, and here the
 * streams are counted after the board was read: whoever is not counted yet will find in the board what is not told
 * here. */
static int round_of(struct events *events)
{
    size_t n = board_queries(events->board), nstreams = 0;

    for (size_t i = 0; i < n && i < MAX_QUERIES; i++) {
        struct snapshot *snapshot = board_get(events->board, (int)i);
        struct buf text = BUF_INIT;
        if (snapshot == NULL)
            continue;
        nstreams = count_streams(events);
        look(&events->told[i], snapshot, nstreams > 0 ? &text : NULL, nstreams);
        snapshot_unref(snapshot);
        thread_lock(&events->lock);
        push(events, (int)i, &text);
        thread_unlock(&events->lock);
    }
    thread_lock(&events->lock);
    wake_all(events);
    thread_unlock(&events->lock);
    int pause_ms = (int)(nstreams * 1000 / STREAMS_A_SECOND);
    return pause_ms < ROUND_MS ? ROUND_MS : pause_ms > ROUND_MAX_MS ? ROUND_MAX_MS : pause_ms;
}

static void heartbeat(struct events *events)
{
    struct buf text = BUF_INIT;

    buf_append_text(&text, ": heartbeat\n\n");
    thread_lock(&events->lock);
    push(events, -1, &text);
    wake_all(events);
    thread_unlock(&events->lock);
}

static void *run(void *cookie)
{
    struct events *events = cookie;
    int64_t beat_us = clock_monotonic_us();
    int64_t due_us = beat_us; /* when the rounds so far would have been due at their pauses */

    for (;;) {
        struct pollfd fds[] = {{.fd = events->stop_fd, .events = POLLIN},
                               {.fd = board_bell_fd(events->board), .events = POLLIN}};
        int64_t left_ms = HEARTBEAT_MS - (clock_monotonic_us() - beat_us) / 1000;
        int rc = poll(fds, 2, left_ms < 0 ? 0 : (int)left_ms);
        if (rc < 0 && errno != EINTR)
            return NULL; /* only a bug can close these; streams then rest until the server ends */
        if (fds[0].revents != 0)
            return NULL;
        if (rc > 0 && fds[1].revents != 0) {
            board_bell_arm(events->board);
            int64_t pause_us = round_of(events) * INT64_C(1000), now_us = clock_monotonic_us();
            due_us = (due_us > now_us ? due_us : now_us) + pause_us;
            int64_t excess_us = due_us - now_us - BURST * pause_us;
            if (excess_us > 0 &&
                poll(fds, 1, (int)(excess_us / 1000) + 1) > 0) /* what rings meanwhile is told in the next round */
                return NULL;
        }
        if (clock_monotonic_us() - beat_us >= HEARTBEAT_MS * INT64_C(1000)) {
            heartbeat(events);
            beat_us = clock_monotonic_us();
        }
    }
}

/* --- streams ---------------------------------------------------------------------------------------------------- */

/* The next event for this stream, or NULL. Under the lock. */
static struct event *next_event(struct stream *stream)
{
    struct events *events = stream->events;

    if (events->next > RING && stream->at < events->next - RING)
        stream->at = events->next - RING; /* too slow: what has left the ring is skipped */
    while (stream->at < events->next) {
        struct event *event = events->ring[stream->at % RING];
        stream->at++;
        if (stream->query < 0 || event->query < 0 || event->query == stream->query) {
            event->refs++;
            return event;
        }
    }
    return NULL;
}

/* libmicrohttpd asks for bytes. Server's thread. */
static ssize_t on_read(void *cookie, uint64_t position, char *out, size_t max)
{
    struct stream *stream = cookie;
    struct events *events = stream->events;
    size_t n = 0;

    (void)position;
    thread_lock(&events->lock);
    if (events->ending) {
        thread_unlock(&events->lock);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    while (n < max) {
        bool opening = stream->first.len > 0;
        if (!opening && stream->current == NULL) {
            stream->current = next_event(stream);
            stream->sent = 0;
            if (stream->current == NULL)
                break;
        }
        const char *text = opening ? stream->first.data : stream->current->text;
        size_t left = (opening ? stream->first.len : stream->current->len) - stream->sent;
        size_t part = left < max - n ? left : max - n;
        memcpy(out + n, text + stream->sent, part);
        n += part;
        stream->sent += part;
        if (part < left)
            break;
        stream->sent = 0;
        if (opening) {
            buf_release(&stream->first);
        } else {
            event_unref(stream->current);
            stream->current = NULL;
        }
    }
    if (n == 0) {
        stream->asleep = true;
        MHD_suspend_connection(stream->connection);
    }
    thread_unlock(&events->lock);
    return (ssize_t)n;
}

/* Under the lock. */
static void unlink_stream(struct stream *stream)
{
    struct events *events = stream->events;

    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        events->streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    events->nstreams--;
}

static void on_closed(void *cookie)
{
    struct stream *stream = cookie;
    struct events *events = stream->events;

    thread_lock(&events->lock);
    unlink_stream(stream);
    event_unref(stream->current);
    thread_unlock(&events->lock);
    buf_release(&stream->first);
    free(stream);
}

/* How things stand, after the batches that the client missed. */
static void opening(struct stream *stream, int64_t last_id)
{
    size_t n = board_queries(stream->events->board);

    buf_append_text(&stream->first, "retry: 1000\n\n");
    for (size_t i = 0; i < n; i++) {
        if (stream->query >= 0 && stream->query != (int)i)
            continue;
        struct snapshot *snapshot = board_get(stream->events->board, (int)i);
        if (snapshot == NULL)
            continue;
        for (size_t k = 0; last_id >= 0 && k < snapshot->nhistory; k++) {
            const struct progress *progress = &snapshot->history[k]->progress;
            if (progress->batch_id > last_id)
                append_event(&stream->first, "progress", progress->batch_id, snapshot, progress);
        }
        append_event(&stream->first, "status", -1, snapshot, NULL);
        snapshot_unref(snapshot);
    }
}

struct MHD_Response *events_open(struct events *events, struct MHD_Connection *connection, int query, int64_t last_id,
                                 bool *full)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    *full = false;
    if (stream == NULL)
        return NULL;
    stream->events = events;
    stream->connection = connection;
    stream->query = query;
    thread_lock(&events->lock);
    *full = events->nstreams >= MAX_STREAMS || events->ending;
    if (!*full) {
        stream->at = events->next; /* before the snapshots are read: an event may come twice, never not at all */
        stream->next = events->streams;
        if (events->streams != NULL)
            events->streams->previous = stream;
        events->streams = stream;
        events->nstreams++;
    }
    thread_unlock(&events->lock);
    if (*full) {
        free(stream);
        return NULL;
    }
    opening(stream, last_id);
    struct MHD_Response *response =
        stream->first.failed
            ? NULL
            : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, stream, on_closed);
    if (response == NULL)
        on_closed(stream);
    return response;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

struct events *events_start(struct board *board, struct errbuf *err)
{
    struct events *events = calloc(1, sizeof(*events));

    if (events == NULL) {
        errbuf_oom(err, "event streams", sizeof(*events));
        return NULL;
    }
    events->board = board;
    for (size_t i = 0; i < MAX_QUERIES; i++)
        events->told[i].batch = -1;
    events->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (events->stop_fd < 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make an event descriptor: %s", strerror(errno));
        goto fail_fd;
    }
    int rc = pthread_mutex_init(&events->lock, NULL);
    if (rc != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make a lock: %s", strerror(rc));
        goto fail_lock;
    }
    if (thread_start(&events->thread, "sf-events", run, events, err) != 0)
        goto fail_thread;
    return events;

fail_thread:
    pthread_mutex_destroy(&events->lock);
fail_lock:
    close(events->stop_fd);
fail_fd:
    free(events);
    return NULL;
}

void events_end(struct events *events)
{
    const uint64_t one = 1;

    if (events == NULL)
        return;
    ssize_t n = write(events->stop_fd, &one, sizeof(one));
    (void)n; /* cannot fail: the counter is far from full */
    thread_must(pthread_join(events->thread, NULL));
    thread_lock(&events->lock);
    events->ending = true;
    wake_all(events);
    thread_unlock(&events->lock);
}

void events_free(struct events *events)
{
    if (events == NULL)
        return;
    for (size_t i = 0; i < RING; i++)
        event_unref(events->ring[i]);
    for (size_t i = 0; i < MAX_QUERIES; i++)
        free(events->told[i].message);
    pthread_mutex_destroy(&events->lock);
    close(events->stop_fd);
    free(events);
}
