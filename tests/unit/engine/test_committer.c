#include "checkpoint_fixture.h"

#include "engine/committer.h"

/* What the committer told of the commits, in order. */
struct told {
    int64_t commit_us[8];
    size_t n;
};

static void tell(void *cookie, int64_t spent_us, int64_t durable_us)
{
    struct told *told = cookie;

    assert_true(durable_us > 0);
    told->commit_us[told->n++] = spent_us;
}

static void give_plan(struct committer *committer, int64_t batch_id, const struct offset_list *end)
{
    const struct checkpoint_plan plan = {batch_id, 0, 1700000000000 + batch_id, *end};

    committer_plan(committer, &plan);
}

static void give_commit(struct committer *committer, int64_t batch_id, struct told *told)
{
    struct committer_commit commit = {.batch_id = batch_id, .retain = 2, .done = tell, .cookie = told};

    read_marks_init(&commit.commit.read);
    committer_commit(committer, &commit);
}

/* A commit and the next plan are given at once; when the wait is over both are there, and what is old is not. */
static void makes_durable_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);
    struct committer *committer = committer_open(checkpoint, &fixture->err);
    struct offset_list end = offsets("{\"sf.crimes\":{\"0\":5}}");
    struct told told = {.n = 0};

    assert_non_null(committer);
    initial(fixture, checkpoint);
    assert_int_equal(committer_wait(committer, true, &fixture->err), 0); /* nothing was given */
    give_plan(committer, 0, &end);
    assert_int_equal(committer_wait(committer, true, &fixture->err), 0);
    assert_true(there(fixture, "offsets/0"));
    for (int64_t batch_id = 0; batch_id < 4; batch_id++) {
        give_commit(committer, batch_id, &told);
        give_plan(committer, batch_id + 1, &end);
        assert_int_equal(committer_wait(committer, true, &fixture->err), 0);
    }
    assert_int_equal(told.n, 4);
    for (size_t i = 0; i < told.n; i++)
        assert_true(told.commit_us[i] >= 0);
    assert_true(there(fixture, "offsets/4") && there(fixture, "commits/3"));
    assert_false(there(fixture, "offsets/0") || there(fixture, "commits/0"));
    committer_close(committer);
    checkpoint_close(checkpoint, false);

    checkpoint = open_it(fixture);
    const struct checkpoint_position *position = checkpoint_position(checkpoint);
    assert_int_equal(position->next_batch, 4);
    assert_true(position->rerun);
    checkpoint_close(checkpoint, false);
    offset_list_release(&end);
}

/* A commit that cannot be written: the plan behind it never is, the error says the batch and stays, and a commit that
 * comes later is refused too. */
static void nothing_follows_a_failure(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint *checkpoint = open_it(fixture);
    struct committer *committer = committer_open(checkpoint, &fixture->err);
    struct offset_list end = offsets("{\"sf.crimes\":{\"0\":5}}");
    struct told told = {.n = 0};
    char commits[160], aside[160];

    assert_non_null(committer);
    initial(fixture, checkpoint);
    give_plan(committer, 0, &end);
    assert_int_equal(committer_wait(committer, true, &fixture->err), 0);
    path_of(fixture, "commits", commits);
    path_of(fixture, "commits.aside", aside);
    assert_int_equal(rename(commits, aside), 0);
    give_commit(committer, 0, &told);
    give_plan(committer, 1, &end);
    for (int again = 0; again < 2; again++) {
        errbuf_clear(&fixture->err);
        assert_int_equal(committer_wait(committer, true, &fixture->err), -1);
        assert_non_null(strstr(fixture->err.text, "batch 0: "));
        assert_non_null(strstr(fixture->err.text, "commits/"));
        assert_int_equal(fixture->err.exit_code, EXIT_CODE_STORAGE);
    }
    assert_false(there(fixture, "offsets/1"));
    assert_int_equal(rename(aside, commits), 0);
    give_commit(committer, 1, &told);
    assert_int_equal(committer_wait(committer, true, &fixture->err), -1);
    assert_false(there(fixture, "commits/1"));
    assert_int_equal(told.n, 2);
    assert_true(told.commit_us[0] < 0 && told.commit_us[1] < 0);
    committer_close(committer);
    checkpoint_close(checkpoint, false);
    offset_list_release(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_durable_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_follows_a_failure, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
