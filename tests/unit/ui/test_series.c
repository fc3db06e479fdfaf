#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fixture.h"
#include "ui/series.h"
#include "ui/words.h"

static void offset_sums(void **state)
{
    static const struct {
        const char *json;
        int64_t sum;
    } rows[] = {
        {NULL, -1},
        {"{}", 0},
        {"{\"t\":{\"0\":487,\"1\":611}}", 1098},
        {"{\"topic.2024\":{\"10\":5}}", 5},
        {"{\"a\\\"9\":{\"0\":3}}", 3},
        {"{\"a\":{\"0\":1},\"b\":{\"0\":2,\"1\":4}}", 7},
        {"{\"broken\\", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (series_offset_sum(rows[i].json) != rows[i].sum)
            fail_msg("%s", rows[i].json);
}

static void quantiles(void **state)
{
    const double values[] = {NAN, 5, 1, 3, 2, 4, INFINITY};

    (void)state;
    assert_true(series_quantile(values, 7, 0) == 1);
    assert_true(series_quantile(values, 7, 0.5) == 3);
    assert_true(series_quantile(values, 7, 1) == 5);
    assert_true(isnan(series_quantile(values, 1, 0.5)));
    assert_true(isnan(series_quantile(NULL, 0, 0.5)));
}

static void columns(void **state)
{
    struct snapshot *snapshot = fixture_snapshot(4);
    struct series series;

    (void)state;
    assert_int_equal(series_init(&series, snapshot, 100), 0);
    assert_int_equal(series.n, 4);
    assert_true(series.has_state && series.has_watermark);
    assert_int_equal(series.gap_ms, 15000);                  /* three trigger intervals */
    assert_true(isnan(series.values[SERIES_INPUT_RATE][0])); /* the first batch has no rate */
    assert_true(series.values[SERIES_INPUT_RATE][1] == 4.0);
    assert_true(isnan(series.values[SERIES_ARRIVAL_RATE][0]));
    assert_true(series.values[SERIES_ARRIVAL_RATE][1] == 16.0); /* 80 more in 5 s */
    assert_true(series.values[SERIES_LAG][0] == 60.0);          /* 2 x 40 less 2 x 10 */
    assert_true(series.values[SERIES_WATERMARK_GAP][0] == 3600.0);
    assert_true(series.values[SERIES_STATE_TOTAL][3] == 40.0);
    assert_true(series.values[SERIES_PHASE + PROGRESS_ADD_BATCH][0] == 10.0);
    series_release(&series);
    /* The newest only; what lies before them still serves for the first one's arrival rate. */
    assert_int_equal(series_init(&series, snapshot, 2), 0);
    assert_int_equal(series.n, 2);
    assert_int_equal(series.batch[0], 2);
    assert_true(series.values[SERIES_ARRIVAL_RATE][0] == 8.0);
    series_release(&series);
    /* The newest event is the run's, whether its batch is shown, kept or forgotten. A watermark above it is of another
     * run. */
    for (int i = 1; i < 4; i++)
        snapshot->history[i]->progress.event_max_ms -= 7200000;
    assert_int_equal(series_init(&series, snapshot, 2), 0);
    assert_true(series.values[SERIES_WATERMARK_GAP][1] == 3600.0);
    series_release(&series);
    snapshot->history[0]->progress.event_max_ms -= 7200000;
    assert_int_equal(series_init(&series, snapshot, 2), 0);
    assert_true(isnan(series.values[SERIES_WATERMARK_GAP][1]));
    series_release(&series);
    snapshot->event_forgotten = true;
    snapshot->forgotten_event_max_ms = FIXTURE_START_MS + 60000;
    assert_int_equal(series_init(&series, snapshot, 2), 0);
    assert_true(series.values[SERIES_WATERMARK_GAP][1] == 3660.0);
    series_release(&series);
    snapshot_unref(snapshot);
    snapshot = fixture_snapshot(0);
    assert_int_equal(series_init(&series, snapshot, 2), 0);
    assert_int_equal(series.n, 0);
    series_release(&series);
    snapshot_unref(snapshot);
}

static void words(void **state)
{
    struct snapshot *snapshot = fixture_snapshot(4);

    (void)state;
    assert_string_equal(words_status(snapshot), "RUNNING");
    /* Spark's plain mean, the first batch's 0.0 in it */
    assert_true(words_average(snapshot, true) == 3.0);
    assert_true(words_average(snapshot, false) == 200.0);
    snapshot->end_ms = FIXTURE_START_MS + 99000;
    assert_string_equal(words_status(snapshot), "FINISHED");
    assert_int_equal(words_duration_ms(snapshot), 60000); /* to the last record */
    snapshot->status = SNAPSHOT_FAILED;
    assert_string_equal(words_status(snapshot), "FAILED");
    snapshot_unref(snapshot);
    snapshot = fixture_snapshot(0);
    assert_true(isnan(words_average(snapshot, true)));
    snapshot->end_ms = FIXTURE_START_MS + 1;
    assert_int_equal(words_duration_ms(snapshot), 0);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offset_sums),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(columns),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
