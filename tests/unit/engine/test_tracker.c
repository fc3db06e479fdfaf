/* Progress records of a trigger on a clock that stands still: rates, phases, lag, idle records and when they are
 * due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "engine/tracker.h"

#include <math.h>
#include <string.h>

#define START_MS INT64_C(1546300800000)

static int64_t now_ms;

static void at(int64_t ms)
{
    now_ms = ms;
    clock_fake(START_MS + ms, 1000000000 + ms * 1000);
}

static void make(struct tracker *tracker)
{
    tracker_init(tracker);
    tracker->id = "e292e447-66f3-43d2-88ec-6dcfef0d0b09";
    tracker->run_id = "118b6a03-8b0a-4ac2-b645-7c79692b20af";
    tracker->name = "crimes";
    tracker->source = "KafkaV2[Subscribe[t]]";
    tracker->sink = "Sink";
    tracker->idle_interval_ms = 10000;
}

/* Spark's own numbers: 30 rows in 53,161 ms, 60,967 ms after the trigger before. */
static void test_rates(void **state)
{
    struct tracker tracker;
    struct progress progress;
    struct tracker_facts facts = {.batch_id = 0, .rows = 5};

    (void)state;
    make(&tracker);
    at(0);
    tracker_begin(&tracker);
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_true(progress.input_rows_per_second == 0.0);      /* the first trigger */
    assert_true(progress.processed_rows_per_second == 5000); /* no time at all counts as a millisecond */
    assert_int_equal(progress.timestamp_ms, START_MS);
    progress_release(&progress);

    at(60967);
    tracker_begin(&tracker);
    tracker_enter(&tracker);
    at(60970);
    tracker_leave(&tracker, PROGRESS_LATEST_OFFSET);
    at(60967 + 53161);
    facts.rows = 30;
    facts.batch_id = 1;
    assert_int_equal(tracker_elapsed_ms(&tracker), 53161);
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_true(progress.processed_rows_per_second == 0.5643234702131261);
    assert_true(progress.input_rows_per_second == 0.49206948021060576);
    assert_int_equal(progress.duration_ms, 53161);
    assert_int_equal(progress.phase_ms[PROGRESS_TRIGGER_EXECUTION], 53161);
    assert_int_equal(progress.phase_ms[PROGRESS_LATEST_OFFSET], 3);
    assert_true(progress.phase_ms[PROGRESS_WAL_COMMIT] == PROGRESS_NONE);
    progress_release(&progress);

    /* Two triggers in one millisecond: 0/0, which the JSON leaves out. */
    tracker_begin(&tracker);
    tracker_begin(&tracker);
    facts.rows = 0;
    facts.idle = true;
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_true(isnan(progress.input_rows_per_second));
    progress_release(&progress);
    /* A batch counts as a millisecond, as it does for the rate above; one without rows as well. */
    facts.idle = false;
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_true(progress.input_rows_per_second == 0);
    progress_release(&progress);
    facts.rows = 30;
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_true(progress.input_rows_per_second == 30000);
    progress_release(&progress);
    clock_real();
}

static void test_source(void **state)
{
    struct tracker tracker;
    struct progress progress;
    struct offset_list start, end, latest;
    struct tracker_facts facts = {.batch_id = 3};

    (void)state;
    make(&tracker);
    at(0);
    offset_list_init(&start);
    offset_list_init(&end);
    offset_list_init(&latest);
    for (int32_t i = 0; i < 4; i++) {
        static const int64_t ends[] = {80, 50, 41, 27}, latests[] = {473, 295, 241, 160};

        offset_list_add(&start, "t", i, 0);
        offset_list_add(&end, "t", i, ends[i]);
        offset_list_add(&latest, "t", i, latests[i]);
    }
    facts.start = &start;
    facts.end = &end;
    facts.latest = &latest;
    tracker_begin(&tracker);
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_string_equal(progress.sources[0].end_offset, "{\"t\":{\"0\":80,\"1\":50,\"2\":41,\"3\":27}}");
    assert_true(progress.sources[0].has_lag);
    assert_true(progress.sources[0].lag_avg == 242.75);
    assert_int_equal(progress.sources[0].lag_max, 393);
    assert_int_equal(progress.sources[0].lag_min, 133);
    progress_release(&progress);

    facts.start = NULL; /* batch 0, run again */
    facts.latest = NULL;
    assert_int_equal(tracker_finish(&tracker, &facts, &progress), 0);
    assert_null(progress.sources[0].start_offset);
    assert_null(progress.sources[0].latest_offset);
    assert_false(progress.sources[0].has_lag);
    progress_release(&progress);
    offset_list_release(&start);
    offset_list_release(&end);
    offset_list_release(&latest);
    clock_real();
}

static void test_idle(void **state)
{
    struct tracker tracker;
    struct progress progress;
    struct progress_state saved = {.operator_name = "stateStoreSave",
                                   .rows_total = 7,
                                   .rows_updated = 3,
                                   .rows_removed = 2,
                                   .commit_ms = 9,
                                   .rows_dropped_by_watermark = 1};
    struct tracker_facts idle = {.batch_id = 0, .idle = true};
    struct tracker_facts batch = {.batch_id = 0, .rows = 3, .output_rows = 4, .states = &saved, .nstates = 1};
    bool first;

    (void)state;
    make(&tracker);
    tracker.has_watermark = true;
    /* Before any batch: at once, without event time, state, output; not logged. */
    at(0);
    tracker_begin(&tracker);
    assert_true(tracker_idle_due(&tracker, &first));
    assert_true(first);
    assert_int_equal(tracker_finish(&tracker, &idle, &progress), 0);
    assert_false(progress.has_watermark);
    assert_int_equal(progress.nstates, 0);
    assert_int_equal(progress.output_rows, -1);
    progress_release(&progress);
    at(9999);
    assert_false(tracker_idle_due(&tracker, &first));

    /* A batch sets the clock anew. */
    tracker_begin(&tracker);
    assert_int_equal(tracker_finish(&tracker, &batch, &progress), 0);
    assert_int_equal(progress.states[0].rows_updated, 3);
    progress_release(&progress);
    at(19998);
    assert_false(tracker_idle_due(&tracker, &first));
    at(19999);
    assert_true(tracker_idle_due(&tracker, &first));
    assert_false(first);
    tracker_begin(&tracker);
    idle.batch_id = 1;
    assert_int_equal(tracker_finish(&tracker, &idle, &progress), 0);
    assert_true(progress.has_watermark);
    assert_int_equal(progress.output_rows, 0);
    assert_int_equal(progress.states[0].rows_total, 7);
    assert_int_equal(progress.states[0].rows_updated, 0);
    assert_int_equal(progress.states[0].rows_removed, 2); /* stale, as in Spark */
    assert_int_equal(progress.states[0].rows_dropped_by_watermark, 0);
    assert_int_equal(progress.states[0].commit_ms, 9);
    progress_release(&progress);
    assert_false(tracker_idle_due(&tracker, &first));
    clock_real();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_idle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
