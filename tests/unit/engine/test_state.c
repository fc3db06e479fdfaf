#include "state_fixture.h"

/* --- one thing at a time ------------------------------------------------------------------------------------------ */

static void test_batches(void **unused)
{
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 10);
    struct state_counts counts;

    assert_listing(state, state_all, "");
    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|x", "b|20|2|y", "a|10|3|z"), NOT_LATE);
    merge(fixture, state, ROWS("b|20|4|w", "c|NULL|5|v"), NOT_LATE);
    assert_listing(state, state_updated, "a|10|2|4|z\nb|20|2|6|y\nc|NULL|1|5|v\n");
    state_counts(state, &counts);
    assert_int_equal(counts.total, 3);
    assert_int_equal(counts.updated, 3);
    assert_int_equal(counts.removed, 0);
    assert_int_equal(counts.dropped, 0);
    assert_true(counts.memory_bytes > counts.current_version_bytes && counts.current_version_bytes > 0);
    commit(fixture, state, 1);
    state_begin(state);
    assert_listing(state, state_updated, "");
    commit(fixture, state, 2); /* a batch that changed nothing has a version too */
    state_begin(state);
    merge(fixture, state, ROWS("b|20|1|zz", "d|5|1|q"), NOT_LATE);
    assert_int_equal(state_evict(state, 10, &fixture->err), 0); /* a|10 and the new d|5; NULL never */
    assert_listing(state, state_updated, "b|20|3|7|zz\nd|5|1|1|q\n");
    assert_listing(state, state_removed, "a|10|2|4|z\nd|5|1|1|q\n");
    assert_listing(state, state_all, "b|20|3|7|zz\nc|NULL|1|5|v\n");
    state_counts(state, &counts);
    assert_int_equal(counts.total, 2);
    assert_int_equal(counts.updated, 2);
    assert_int_equal(counts.removed, 2);
    commit(fixture, state, 3);
    state_close(state);
    static const char *const versions[] = {"", "a|10|2|4|z\nb|20|2|6|y\nc|NULL|1|5|v\n",
                                           "a|10|2|4|z\nb|20|2|6|y\nc|NULL|1|5|v\n", "b|20|3|7|zz\nc|NULL|1|5|v\n"};
    for (int64_t version = 0; version <= 3; version++) {
        state = open_version(fixture, version, 10);
        assert_listing(state, state_all, versions[version]);
        state_close(state);
    }
    /* an evicted key comes back empty */
    state = open_version(fixture, 3, 10);
    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|e"), NOT_LATE);
    assert_listing(state, state_updated, "a|10|1|1|e\n");
    state_close(state);
}

/* Late is a key, not a row or a partition; and "<=" is late. */
/* Versions that no commit names: a run that ended while the next batches' files were written already, with a snapshot
 * each or with none. What is read is what was written again. */
static void test_versions_ahead(void **unused)
{
    struct fixture *fixture = *unused;

    for (int interval = 1; interval <= 10; interval += 9) {
        struct state *state = open_version(fixture, 0, interval);

        for (int64_t version = 1; version <= 3; version++) {
            state_begin(state);
            merge(fixture, state, ROWS("a|10|1|x"), NOT_LATE);
            commit(fixture, state, version);
        }
        state_close(state);
        state = open_version(fixture, 1, 10);
        state_begin(state);
        merge(fixture, state, ROWS("b|20|1|other"), NOT_LATE);
        commit(fixture, state, 2);
        state_close(state);
        state = open_version(fixture, 2, 10);
        assert_listing(state, state_all, "a|10|1|1|x\nb|20|1|1|other\n");
        state_begin(state);
        merge(fixture, state, ROWS("c|30|1|more"), NOT_LATE);
        commit(fixture, state, 3);
        state_close(state);
        state = open_version(fixture, 3, 10);
        assert_listing(state, state_all, "a|10|1|1|x\nb|20|1|1|other\nc|30|1|1|more\n");
        state_close(state);
        assert_int_equal(fileio_remove_tree(fixture->dir, &fixture->err), 0);
    }
}

static void test_late(void **unused)
{
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 10);
    struct state_counts counts;

    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|x", "a|10|1|x", "b|11|1|x"), 10);
    merge(fixture, state, ROWS("a|10|1|x", "c|9|1|x", "n|NULL|1|x"), 10);
    state_counts(state, &counts);
    assert_int_equal(counts.dropped, 2);
    assert_int_equal(counts.updated, 2);
    assert_listing(state, state_all, "b|11|1|1|x\nn|NULL|1|1|x\n");
    state_rollback(state);
    state_counts(state, &counts);
    assert_int_equal(counts.dropped, 0);
    state_close(state);
}

/* Spark 4.0.0: partials of a batch are merged before they meet the state. */
static void test_order_of_sums(void **unused)
{
    struct fixture *fixture = *unused;
    struct groups groups;
    struct aggregate_table partial;

    groups_init(&groups);
    groups_columns(&groups, "sd");
    groups_key(&groups, 0);
    groups_call(&groups, AGGREGATE_SUM, 1, -1);
    groups_call(&groups, AGGREGATE_AVG, 1, -1);
    struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
    struct state *state = state_open(fixture->wal, fixture->dir, layout, 0, 10, &fixture->err);
    assert_non_null(state);
    assert_int_equal(aggregate_table_init(&partial, layout), 0);
    static const char *const parts[][2] = {{"a|1e16", NULL}, {"a|1", NULL}, {"a|1", NULL}};
    for (int i = 0; i < 3; i++) {
        if (i < 2)
            state_begin(state);
        aggregate_table_reset(&partial);
        assert_int_equal(groups_update(&groups, &partial, parts[i]), 0);
        assert_int_equal(state_merge(state, &partial, NOT_LATE, &fixture->err), 0);
        if (i == 0)
            commit(fixture, state, 1);
    }
    assert_listing(state, state_all, "a|10000000000000002|3333333333333334\n");
    state_rollback(state);
    assert_listing(state, state_all, "a|10000000000000000|10000000000000000\n");
    aggregate_table_release(&partial);
    state_close(state);
    aggregate_layout_free(layout);
    groups_release(&groups);
}

static void test_global(void **unused)
{
    struct fixture *fixture = *unused;
    struct groups groups;
    struct aggregate_table partial;

    groups_init(&groups);
    groups_columns(&groups, "l");
    groups_call(&groups, AGGREGATE_COUNT, -1, -1);
    groups_call(&groups, AGGREGATE_SUM, 0, -1);
    struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
    struct state *state = state_open(fixture->wal, fixture->dir, layout, 0, 10, &fixture->err);
    assert_non_null(state);
    assert_int_equal(aggregate_table_init(&partial, layout), 0);
    assert_listing(state, state_all, "0|NULL\n");
    state_begin(state);
    /* a batch without partitions, as tests/golden/stream/global-aggregate */
    assert_listing(state, state_updated, "0|NULL\n");
    assert_int_equal(state_merge(state, &partial, NOT_LATE, &fixture->err), 0);
    assert_listing(state, state_updated, "0|NULL\n");
    commit(fixture, state, 1);
    state_begin(state);
    assert_int_equal(groups_update(&groups, &partial, ROWS("5", "6")), 0);
    assert_int_equal(state_merge(state, &partial, NOT_LATE, &fixture->err), 0);
    commit(fixture, state, 2);
    state_rollback(state);
    assert_listing(state, state_all, "0|NULL\n");
    state_close(state);
    state = state_open(fixture->wal, fixture->dir, layout, 2, 10, &fixture->err);
    assert_non_null(state);
    assert_listing(state, state_all, "2|11\n");
    state_close(state);
    aggregate_table_release(&partial);
    aggregate_layout_free(layout);
    groups_release(&groups);
}

/* --- against a model ---------------------------------------------------------------------------------------------- */

enum { TEXTS = 12, TIMES = 40 };

struct model_group {
    bool live;
    int64_t count, sum;
    char word[8];
};

struct model {
    struct model_group groups[TEXTS][TIMES]; /* time 0 is NULL */
};

struct model_batch {
    bool touched[TEXTS][TIMES], removed[TEXTS][TIMES], late[TEXTS][TIMES];
    struct model_group at_removal[TEXTS][TIMES];
};

static uint64_t seed = 20260701;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((seed >> 33) % n);
}

static void model_text(const struct model *model, const bool (*of)[TIMES], struct buf *out)
{
    buf_append_text(out, "");
    for (int i = 0; i < TEXTS; i++) {
        for (int j = 0; j < TIMES; j++) {
            const struct model_group *group = &model->groups[i][j];
            if (of != NULL ? !of[i][j] : !group->live)
                continue;
            if (j == 0)
                buf_printf(out, "%c|NULL|", 'a' + i);
            else
                buf_printf(out, "%c|%d|", 'a' + i, j * 10);
            buf_printf(out, "%" PRId64 "|%" PRId64 "|%s\n", group->count, group->sum, group->word);
        }
    }
    if (out->data == NULL)
        buf_append_text(out, "");
}

static void compare(struct state *state, int (*list)(struct state *, uint32_t **, size_t *), const struct model *model,
                    const bool (*of)[TIMES])
{
    struct buf text = BUF_INIT;

    model_text(model, of, &text);
    assert_listing(state, list, text.data);
    buf_release(&text);
}

static int count_set(const bool (*set)[TIMES])
{
    int n = 0;

    for (int i = 0; i < TEXTS; i++)
        for (int j = 0; j < TIMES; j++)
            n += set[i][j];
    return n;
}

static void model_row(struct model *model, struct model_batch *batch, int text, int time, int64_t number,
                      const char *word, int64_t late_us)
{
    struct model_group *group = &model->groups[text][time];

    if (time > 0 && late_us != NOT_LATE && time * 10 <= late_us) {
        batch->late[text][time] = true;
        return;
    }
    if (!group->live)
        *group = (struct model_group){.live = true};
    group->count++;
    group->sum += number;
    if (strcmp(word, group->word) > 0)
        snprintf(group->word, sizeof(group->word), "%s", word);
    batch->touched[text][time] = true;
}

/* Some partitions with some rows, late ones dropped, old ones evicted: the same on both sides. */
static void random_batch(struct fixture *fixture, struct state *state, struct model *model, struct model_batch *batch,
                         int64_t late_us, int64_t watermark_us)
{
    uint32_t partitions = random_below(4);

    memset(batch, 0, sizeof(*batch));
    state_begin(state);
    for (uint32_t partition = 0; partition < partitions; partition++) {
        char lines[60][48];
        const char *rows[61];
        uint32_t n = random_below(60);
        for (uint32_t i = 0; i < n; i++) {
            int text = (int)random_below(TEXTS), time = (int)random_below(TIMES);
            int64_t number = (int64_t)random_below(1000) - 500;
            char word[8], when[16] = "NULL";
            snprintf(word, sizeof(word), "w%u", random_below(500));
            if (time > 0)
                snprintf(when, sizeof(when), "%d", time * 10);
            snprintf(lines[i], sizeof(lines[i]), "%c|%s|%" PRId64 "|%s", 'a' + text, when, number, word);
            rows[i] = lines[i];
            model_row(model, batch, text, time, number, word, late_us);
        }
        rows[n] = NULL;
        merge(fixture, state, rows, late_us);
    }
    compare(state, state_updated, model, (const bool(*)[TIMES])batch->touched);
    if (watermark_us == NOT_LATE)
        return;
    assert_int_equal(state_evict(state, watermark_us, &fixture->err), 0);
    for (int i = 0; i < TEXTS; i++) {
        for (int j = 1; j < TIMES; j++) {
            if (!model->groups[i][j].live || j * 10 > watermark_us)
                continue;
            model->groups[i][j].live = false;
            batch->removed[i][j] = true;
        }
    }
    compare(state, state_removed, model, (const bool(*)[TIMES])batch->removed);
}

static void check_counts(const struct state *state, const struct model *model, const struct model_batch *batch)
{
    struct state_counts counts;
    int live = 0;

    for (int i = 0; i < TEXTS; i++)
        for (int j = 0; j < TIMES; j++)
            live += model->groups[i][j].live;
    state_counts(state, &counts);
    assert_int_equal(counts.total, live);
    assert_int_equal(counts.updated, count_set((const bool(*)[TIMES])batch->touched));
    assert_int_equal(counts.removed, count_set((const bool(*)[TIMES])batch->removed));
    assert_int_equal(counts.dropped, count_set((const bool(*)[TIMES])batch->late));
}

/* Snapshots in pieces of spread_rows groups; 0: at once. */
static struct state *open_spread(struct fixture *fixture, int64_t version, size_t spread_rows)
{
    struct state *state = open_version(fixture, version, 5);

    if (spread_rows > 0)
        state_spread(state, 1, spread_rows);
    return state;
}

static size_t count_files(const struct fixture *fixture, const char *suffix)
{
    struct errbuf err;
    char **names;
    size_t n, found = 0;

    assert_int_equal(fileio_list(fixture->dir, &names, &n, &err), 0);
    for (size_t i = 0; i < n; i++)
        found += strlen(names[i]) > strlen(suffix) && strcmp(names[i] + strlen(names[i]) - strlen(suffix), suffix) == 0;
    fileio_free_names(names, n);
    return found;
}

static void follow_model(struct fixture *fixture, size_t spread_rows)
{
    enum { BATCHES = 300, KEPT = 20 };
    static struct model model, before, history[KEPT];
    static struct model_batch batch;
    struct state *state = open_spread(fixture, 0, spread_rows);
    int64_t version = 0;

    memset(&model, 0, sizeof(model));
    for (int i = 0; i < BATCHES; i++) {
        int64_t watermark = random_below(3) == 0 ? (int64_t)random_below(TIMES) * 10 : NOT_LATE;
        int64_t late = random_below(2) == 0 ? (int64_t)random_below(TIMES) * 5 : NOT_LATE;
        before = model;
        random_batch(fixture, state, &model, &batch, late, watermark);
        compare(state, state_all, &model, NULL);
        check_counts(state, &model, &batch);
        switch (random_below(6)) {
        case 0: /* fails before the commit */
            state_rollback(state);
            model = before;
            break;
        case 1: /* fails behind it: the sink */
            commit(fixture, state, version + 1);
            state_rollback(state);
            model = before;
            break;
        case 2: /* the process dies before commits/N: the version before is loaded */
            commit(fixture, state, version + 1);
            state_close(state);
            state = open_spread(fixture, version, spread_rows);
            model = before;
            break;
        case 3: /* ... or behind it */
            commit(fixture, state, ++version);
            state_close(state);
            state = open_spread(fixture, version, spread_rows);
            break;
        default:
            commit(fixture, state, ++version);
            break;
        }
        compare(state, state_all, &model, NULL);
        history[version % KEPT] = model;
        if (version >= KEPT && random_below(4) == 0)
            state_purge(state, version - KEPT / 2);
        if (version > KEPT / 2 && random_below(8) == 0) {
            /* any version that is retained can be loaded; nothing is written by that */
            int64_t older = version - random_below(KEPT / 2);
            struct state *old = open_version(fixture, older, 5);
            compare(old, state_all, &history[older % KEPT], NULL);
            state_close(old);
        }
    }
    assert_true(version > BATCHES / 3);
    state_close(state);
    assert_true(count_files(fixture, ".snapshot") > 0);
    assert_int_equal(count_files(fixture, ".tmp"), 0);
}

static void test_model(void **unused)
{
    follow_model(*unused, 0);
}

/* A snapshot takes two to four commits, in which its groups change, go and come again. */
static void test_model_spread(void **unused)
{
    follow_model(*unused, 150);
}

/* The process ends before any snapshot does: one is written at once when the deltas have become too many. */
static void test_model_hurried(void **unused)
{
    follow_model(*unused, 1);
}

/* One group a commit, and every group changes before its turn: the snapshot is of its own version. Without the deltas
 * before it, what it holds is all that a load has. */
static void test_spread_snapshot(void **unused)
{
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 2);
    char path[128];

    state_spread(state, 3, 1);
    state_begin(state);
    merge(fixture, state, ROWS("a|10|1|x", "b|20|2|y", "c|NULL|3|z", "NULL|30|4|NULL"), NOT_LATE);
    commit(fixture, state, 1);
    state_begin(state);
    commit(fixture, state, 2);
    state_begin(state); /* version 2 is final: its snapshot begins */
    merge(fixture, state, ROWS("b|20|5|zz", "e|50|1|q"), NOT_LATE);
    assert_int_equal(state_evict(state, 10, &fixture->err), 0);
    state_rollback(state);
    state_begin(state);
    merge(fixture, state, ROWS("c|NULL|1|zzz", "f|60|1|q"), NOT_LATE);
    assert_int_equal(state_evict(state, 20, &fixture->err), 0);
    commit(fixture, state, 3);
    assert_int_equal(count_files(fixture, ".snapshot"), 0);
    assert_int_equal(count_files(fixture, ".tmp"), 1);
    int64_t version = 3;
    for (; count_files(fixture, ".snapshot") == 0 && version < 20; version++) {
        state_begin(state);
        merge(fixture, state, ROWS("a|10|7|again"), NOT_LATE);
        commit(fixture, state, version + 1);
    }
    assert_int_equal(count_files(fixture, ".tmp"), 0);
    path_in(fixture, "2.snapshot", path);
    assert_int_equal(access(path, F_OK), 0);
    state_purge(state, version);
    path_in(fixture, "1.delta", path);
    assert_int_not_equal(access(path, F_OK), 0);
    state_close(state);
    state = open_version(fixture, 2, 2);
    assert_listing(state, state_all, "NULL|30|1|4|NULL\na|10|1|1|x\nb|20|1|2|y\nc|NULL|1|3|z\n");
    state_close(state);
    state = open_version(fixture, 3, 2);
    assert_listing(state, state_all, "NULL|30|1|4|NULL\nc|NULL|2|4|zzz\nf|60|1|1|q\n");
    state_close(state);
}

/* Many groups die: the table is built anew without them, and what lives keeps its numbers right. Each round brings
 * GROUPS with two times; its eviction takes the earlier half of the round before and the later half of the one before
 * that. */
static void test_rebuild(void **unused)
{
    enum { GROUPS = 6000, CHUNK = 1000 };
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 2);
    char(*lines)[48] = calloc(CHUNK, sizeof(*lines));
    const char **rows = calloc(CHUNK + 1, sizeof(*rows));
    struct state_counts counts;
    int64_t version = 0, memory = 0;

    assert_non_null(lines);
    assert_non_null(rows);
    for (int round = 0; round < 12; round++) {
        state_begin(state);
        for (int first = 0; first < GROUPS; first += CHUNK) {
            for (int i = 0; i < CHUNK; i++) {
                snprintf(lines[i], sizeof(lines[i]), "text %d|%d|1|word%d", first + i, round * 100 + (i % 2 ? 50 : 70),
                         round);
                rows[i] = lines[i];
            }
            merge(fixture, state, rows, NOT_LATE);
        }
        assert_int_equal(state_evict(state, round * 100 - 40, &fixture->err), 0);
        state_counts(state, &counts);
        assert_int_equal(counts.total, round == 0 ? GROUPS : GROUPS + GROUPS / 2);
        assert_int_equal(counts.removed, round == 0 ? 0 : round == 1 ? GROUPS / 2 : GROUPS);
        commit(fixture, state, ++version);
        if (round == 4)
            memory = counts.memory_bytes;
        if (round > 4)
            assert_true(counts.memory_bytes <= memory * 2); /* the dead do not pile up */
        if (round % 3 == 2) {
            state_close(state);
            state = open_version(fixture, version, 2);
            state_counts(state, &counts);
            assert_int_equal(counts.total, GROUPS + GROUPS / 2);
        }
    }
    state_close(state);
    free(lines);
    free(rows);
}

/* max() of a text that grows in every batch must not fill the memory with the old ones. */
static void test_strings_are_compacted(void **unused)
{
    enum { WORD = 60000 };
    struct fixture *fixture = *unused;
    struct state *state = open_version(fixture, 0, 1000);
    char *line = malloc(WORD + 64);
    const char *const rows[] = {line, NULL};
    struct state_counts counts;

    assert_non_null(line);
    for (int i = 0; i < 200; i++) {
        int at = snprintf(line, 64, "a|10|1|%05d", i);
        memset(line + at, 'x', WORD);
        line[at + WORD] = '\0';
        state_begin(state);
        merge(fixture, state, rows, NOT_LATE);
        state_counts(state, &counts);
        assert_true(counts.memory_bytes < 8 << 20);
    }
    free(line);
    state_close(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_batches),
        TEST(test_versions_ahead),
        TEST(test_late),
        TEST(test_order_of_sums),
        TEST(test_global),
        TEST(test_model),
        TEST(test_rebuild),
        TEST(test_strings_are_compacted),
        TEST(test_model_spread),
        TEST(test_model_hurried),
        TEST(test_spread_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
