#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/board.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct board *new_board(void)
{
    static const struct board_application application = {"SF", "local-1", "nobody", 1};
    static const struct board_setting settings[] = {{"spark.ui.port", "4040", "default"}};
    struct errbuf err;
    struct board *board = board_new(&application, settings, 1, &err);
    assert_non_null(board);
    return board;
}

static bool rings(const struct board *board)
{
    struct pollfd fd = {.fd = board_bell_fd(board), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void application_and_settings(void **state)
{
    struct board *board = new_board();
    size_t n = 0;

    (void)state;
    assert_string_equal(board_application(board)->name, "SF");
    const struct board_setting *settings = board_settings(board, &n);
    assert_int_equal(n, 1);
    assert_string_equal(settings[0].value, "4040");
    board_free(board);
    board_free(NULL);
}

static void publish_replaces_and_rings(void **state)
{
    struct board *board = new_board();

    (void)state;
    assert_int_equal(board_add(board), 0);
    assert_null(board_get(board, 0));
    assert_false(rings(board));
    struct snapshot *first = snapshot_new();
    first->batches = 1;
    board_publish(board, 0, first);
    assert_true(rings(board));
    board_bell_arm(board);
    assert_false(rings(board));
    struct snapshot *held = board_get(board, 0);
    struct snapshot *second = snapshot_new();
    second->batches = 2;
    board_publish(board, 0, second);
    assert_int_equal(held->batches, 1); /* a reader's picture does not change */
    snapshot_unref(held);
    held = board_get(board, 0);
    assert_int_equal(held->batches, 2);
    snapshot_unref(held);
    assert_int_equal(board_version(board), 2);
    board_free(board);
}

static void ready(void **state)
{
    static const struct {
        enum snapshot_status status;
        bool ready;
    } rows[] = {
        {SNAPSHOT_STARTING, false}, {SNAPSHOT_RUNNING, true}, {SNAPSHOT_IDLE, true},    {SNAPSHOT_BEHIND, true},
        {SNAPSHOT_WAITING, false},  {SNAPSHOT_FAILED, false}, {SNAPSHOT_STOPPED, true},
    };
    struct board *board = new_board();
    struct buf reason = BUF_INIT;

    (void)state;
    assert_false(board_ready(board, &reason));
    assert_true(reason.len > 0);
    board_add(board);
    assert_false(board_ready(board, NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct snapshot *snapshot = snapshot_new();
        snapshot->status = rows[i].status;
        snapshot->name = strdup("crimes");
        board_publish(board, 0, snapshot);
        buf_reset(&reason);
        assert_int_equal(board_ready(board, &reason), rows[i].ready);
        assert_int_equal(reason.len == 0, rows[i].ready);
    }
    buf_release(&reason);
    board_free(board);
}

static void lag(void **state)
{
    struct snapshot *snapshot = snapshot_new();

    (void)state;
    assert_int_equal(snapshot_lag(snapshot), -1);
    snapshot->partitions = calloc(2, sizeof(*snapshot->partitions));
    snapshot->npartitions = 2;
    snapshot->partitions[0].high = 10;
    snapshot->partitions[0].position = 4;
    snapshot->partitions[1].high = -1;
    assert_int_equal(snapshot_lag(snapshot), -1);
    snapshot->partitions[1].high = 3;
    snapshot->partitions[1].position = 5; /* the sampler may look before the reader */
    assert_int_equal(snapshot_lag(snapshot), 6);
    snapshot_unref(snapshot);
}

/* Readers and a writer at once: under the thread sanitizer this shows a missing lock, under the address sanitizer a
 * lost reference. */
static void *read_many(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        struct snapshot *snapshot = board_get(arg, 0);
        if (snapshot != NULL && snapshot->batches < 0)
            abort();
        snapshot_unref(snapshot);
    }
    return NULL;
}

static void concurrent(void **state)
{
    struct board *board = new_board();
    pthread_t threads[2];
    struct progress progress;

    (void)state;
    board_add(board);
    progress_init(&progress);
    struct snapshot_record *record = snapshot_record_new(&progress);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, board), 0);
    for (int i = 0; i < 20000; i++) {
        struct snapshot *snapshot = snapshot_new();
        snapshot->last = snapshot_record_ref(record);
        snapshot->batches = i;
        board_publish(board, 0, snapshot);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(record->refs, 2); /* ours, and the last picture's */
    snapshot_record_unref(record);
    board_free(board);
}

/* The newest 50; a list that somebody else holds does not change. */
static void bad_list(void **state)
{
    struct snapshot_bad item = {.topic = "t", .reason = "why"};
    struct snapshot_bad_list *list = NULL, *held;

    (void)state;
    for (int64_t i = 0; i < SNAPSHOT_BAD_MAX + 3; i++) {
        item.offset = i;
        list = snapshot_bad_list_add(list, &item);
        assert_non_null(list);
    }
    assert_int_equal(list->n, SNAPSHOT_BAD_MAX);
    assert_int_equal(list->items[0].offset, 3);
    held = snapshot_bad_list_ref(list);
    item.offset = 1000;
    list = snapshot_bad_list_add(list, &item);
    assert_ptr_not_equal(list, held);
    assert_int_equal(held->items[SNAPSHOT_BAD_MAX - 1].offset, SNAPSHOT_BAD_MAX + 2);
    assert_int_equal(list->items[SNAPSHOT_BAD_MAX - 1].offset, 1000);
    assert_int_equal(list->items[0].offset, 4);
    snapshot_bad_list_unref(held);
    snapshot_bad_list_unref(list);
    snapshot_bad_list_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(application_and_settings),
        cmocka_unit_test(publish_replaces_and_rings),
        cmocka_unit_test(ready),

        cmocka_unit_test(lag),
        cmocka_unit_test(concurrent),
        cmocka_unit_test(bad_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
