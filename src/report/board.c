/* One mutex guards the slots' pointers and is never held while anything is encoded, freed or waited for. The version,
 * which any thread may look at, is atomic. */
#include "report/board.h"

#include "common/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_QUERIES 256

struct slot {
    struct snapshot *newest;
};

struct board {
    pthread_mutex_t lock; /* slots[].newest */
    struct slot slots[MAX_QUERIES];
    atomic_size_t nslots;
    atomic_ullong version;
    int bell_fd;
    struct arena arena; /* the texts below */
    struct board_application application;
    struct board_setting *settings;
    size_t nsettings;
};

static int copy_settings(struct board *board, const struct board_setting *settings, size_t nsettings)
{
    board->settings = arena_calloc(&board->arena, nsettings, sizeof(*settings));
    if (board->settings == NULL)
        return -1;
    for (size_t i = 0; i < nsettings; i++) {
        struct board_setting *copy = &board->settings[i];
        copy->name = arena_strdup(&board->arena, settings[i].name);
        copy->value = arena_strdup(&board->arena, settings[i].value);
        copy->origin = arena_strdup(&board->arena, settings[i].origin);
        if (copy->name == NULL || copy->value == NULL || copy->origin == NULL)
            return -1;
    }
    board->nsettings = nsettings;
    return 0;
}

struct board *board_new(const struct board_application *application, const struct board_setting *settings,
                        size_t nsettings, struct errbuf *err)
{
    struct board *board = calloc(1, sizeof(*board));

    if (board == NULL) {
        errbuf_oom(err, "board", sizeof(*board));
        return NULL;
    }
    board->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (board->bell_fd < 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make an event descriptor: %s", strerror(errno));
        goto fail_fd;
    }
    int rc = pthread_mutex_init(&board->lock, NULL);
    if (rc != 0) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make a lock: %s", strerror(rc));
        goto fail_lock;
    }
    board->application.name = arena_strdup(&board->arena, application->name);
    board->application.id = arena_strdup(&board->arena, application->id);
    board->application.user = arena_strdup(&board->arena, application->user);
    board->application.start_ms = application->start_ms;
    if (board->application.name == NULL || board->application.id == NULL || board->application.user == NULL ||
        copy_settings(board, settings, nsettings) != 0) {
        errbuf_oom(err, "board", nsettings * sizeof(*settings));
        goto fail_arena;
    }
    return board;

fail_arena:
    arena_release(&board->arena);
    pthread_mutex_destroy(&board->lock);
fail_lock:
    close(board->bell_fd);
fail_fd:
    free(board);
    return NULL;
}

void board_free(struct board *board)
{
    if (board == NULL)
        return;
    for (size_t i = 0; i < board->nslots; i++)
        snapshot_unref(board->slots[i].newest);
    arena_release(&board->arena);
    pthread_mutex_destroy(&board->lock);
    close(board->bell_fd);
    free(board);
}

const struct board_application *board_application(const struct board *board)
{
    return &board->application;
}

const struct board_setting *board_settings(const struct board *board, size_t *nsettings)
{
    *nsettings = board->nsettings;
    return board->settings;
}

int board_add(struct board *board)
{
    size_t index = atomic_load(&board->nslots);

    if (index == MAX_QUERIES)
        return -1;
    atomic_store(&board->nslots, index + 1);
    return (int)index;
}

size_t board_queries(const struct board *board)
{
    return atomic_load(&board->nslots);
}

void board_publish(struct board *board, int index, struct snapshot *snapshot)
{
    const uint64_t one = 1;

    thread_lock(&board->lock);
    struct snapshot *old = board->slots[index].newest;
    board->slots[index].newest = snapshot;
    thread_unlock(&board->lock);
    snapshot_unref(old);
    atomic_fetch_add(&board->version, 1);
    /* A full counter (EAGAIN) means that the bell rings already. */
    ssize_t n = write(board->bell_fd, &one, sizeof(one));
    (void)n;
}

struct snapshot *board_get(struct board *board, int index)
{
    thread_lock(&board->lock);
    struct snapshot *snapshot = board->slots[index].newest;
    if (snapshot != NULL)
        snapshot_ref(snapshot);
    thread_unlock(&board->lock);
    return snapshot;
}

uint64_t board_version(const struct board *board)
{
    return atomic_load(&board->version);
}

int board_bell_fd(const struct board *board)
{
    return board->bell_fd;
}

void board_bell_arm(struct board *board)
{
    uint64_t rings;
    ssize_t n = read(board->bell_fd, &rings, sizeof(rings));

    (void)n; /* EAGAIN: it had not rung */
}

bool board_ready(struct board *board, struct buf *reason)
{
    size_t n = board_queries(board);

    if (n == 0) {
        if (reason != NULL)
            buf_append_text(reason, "no query has been opened yet");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(board, (int)i);
        const char *what = NULL;
        if (snapshot == NULL || snapshot->status == SNAPSHOT_STARTING)
            what = "is starting";
        else if (snapshot->status == SNAPSHOT_WAITING)
            what = "waits for the broker";
        else if (snapshot->status == SNAPSHOT_FAILED)
            what = "has failed";
        if (what != NULL) {
            if (reason != NULL) {
                if (snapshot != NULL && snapshot->name != NULL)
                    buf_printf(reason, "query %s %s", snapshot->name, what);
                else
                    buf_printf(reason, "query %zu %s", i + 1, what);
            }
            snapshot_unref(snapshot);
            return false;
        }
        snapshot_unref(snapshot);
    }
    return true;
}
