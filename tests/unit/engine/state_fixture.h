/* Shared by the tests of engine/state: one query for all of them, in a directory of its own. */
#ifndef TESTS_ENGINE_STATE_FIXTURE_H
#define TESTS_ENGINE_STATE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/fileio.h"
#include "engine/state.h"
#include "groups.h"

#include <unistd.h>

/* One query for all: text, event time | count(*), sum(number), max(word). */
struct fixture {
    struct groups groups;
    struct aggregate_layout *layout;
    char dir[64];
    struct wal *wal; /* of dir */
    struct errbuf err;
};

static inline void query(struct groups *groups)
{
    groups_init(groups);
    groups_columns(groups, "stls");
    groups_key(groups, 0);
    groups_key(groups, 1);
    groups_call(groups, AGGREGATE_COUNT, -1, -1);
    groups_call(groups, AGGREGATE_SUM, 2, -1);
    groups_call(groups, AGGREGATE_MAX, 3, -1);
    groups->op.u.aggregate.event_time_key = 1;
}

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    query(&fixture->groups);
    fixture->layout = aggregate_layout_new(&fixture->groups.op);
    snprintf(fixture->dir, sizeof(fixture->dir), "/tmp/sf-state-XXXXXX");
    *state = fixture;
    if (fixture->layout == NULL || mkdtemp(fixture->dir) == NULL)
        return -1;
    fixture->wal = wal_open(fixture->dir, &fixture->err);
    return fixture->wal == NULL ? -1 : 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_close(fixture->wal);
    int result = fileio_remove_tree(fixture->dir, &fixture->err);

    aggregate_layout_free(fixture->layout);
    groups_release(&fixture->groups);
    free(fixture);
    return result;
}

static inline struct state *open_version(struct fixture *fixture, int64_t version, int interval)
{
    struct state *state = state_open(fixture->wal, fixture->dir, fixture->layout, version, interval, &fixture->err);

    if (state == NULL)
        fail_msg("version %" PRId64 ": %s", version, fixture->err.text);
    return state;
}

static inline void merge(struct fixture *fixture, struct state *state, const char *const *rows, int64_t late_us)
{
    struct aggregate_table partial;

    assert_int_equal(aggregate_table_init(&partial, fixture->layout), 0);
    assert_int_equal(groups_update(&fixture->groups, &partial, rows), 0);
    assert_int_equal(state_merge(state, &partial, late_us, &fixture->err), 0);
    aggregate_table_release(&partial);
}

#define ROWS(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }
#define NOT_LATE INT64_MIN

static inline void assert_listing(struct state *state, int (*list)(struct state *, uint32_t **, size_t *),
                                  const char *expected)
{
    struct buf out = BUF_INIT;
    uint32_t *numbers;
    size_t n;

    assert_int_equal(list(state, &numbers, &n), 0);
    if (n == 0)
        assert_null(numbers);
    groups_text(state_table(state), numbers, n, &out);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

/* Its files are in their places afterwards, where the tests look at them and damage them. */
static inline void commit(struct fixture *fixture, struct state *state, int64_t version)
{
    if (state_commit(state, version, &fixture->err) != 0 || wal_settle(fixture->wal, &fixture->err) != 0)
        fail_msg("version %" PRId64 ": %s", version, fixture->err.text);
}

static inline void path_in(struct fixture *fixture, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", fixture->dir, name);
}

#endif
