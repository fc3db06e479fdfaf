#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/ui/chart_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
        n++;
    return n;
}

static void steps(void **state)
{
    static const struct {
        double range;
        bool binary;
        double step;
    } rows[] = {
        {100, false, 25}, {40, false, 10}, {13, false, 5},    {0.9, false, 0.25},  {0, false, 1},
        {7, false, 2},    {8, false, 2},   {1000, true, 256}, {16384, true, 4096}, {NAN, false, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (fabs(chart_step(rows[i].range, 4, rows[i].binary) - rows[i].step) > 1e-9)
            fail_msg("range %g: step %g", rows[i].range, chart_step(rows[i].range, 4, rows[i].binary));
    assert_int_equal(chart_time_step(40000, 4), 10);
    assert_int_equal(chart_time_step(3600000, 4), 900);
    assert_int_equal(chart_time_step(INT64_C(30) * 86400000, 4), 8 * 86400);
}

static void values(void **state)
{
    static const struct {
        enum chart_unit unit;
        double value;
        const char *text;
    } rows[] = {
        {CHART_RECORDS, 1234, "1,234"}, {CHART_RATE, 39.64, "39.6/s"},  {CHART_RATE, 12345, "12,345/s"},
        {CHART_MS, 4.25, "4.2 ms"},     {CHART_MS, 152, "152 ms"},      {CHART_MS, 13500, "13.50 s"},
        {CHART_SECONDS, 3600, "1.0 h"}, {CHART_BYTES, 2048, "2.0 KiB"}, {CHART_MS, NAN, "–"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        buf_reset(&out);
        chart_value(&out, rows[i].unit, rows[i].value);
        assert_string_equal(out.data, rows[i].text);
    }
    buf_release(&out);
}

static const int64_t time_ms[] = {0, 5000, 10000, 60000, 65000};

static void draw(struct chart *chart, const double *numbers, size_t n, struct buf *out)
{
    const struct chart_series series[] = {{"a <b>", 1, numbers, 3}};

    chart->id = "c";
    chart->title = "Title & more";
    chart->help = "\"Help\"";
    chart->n = n;
    chart->time_ms = time_ms;
    chart->nseries = 1;
    chart->series = series;
    chart->gap_ms = 15000;
    chart->table = "numbers";
    buf_reset(out);
    chart_figure(out, chart);
    chart->series = NULL;
    assert_false(out->failed);
    assert_null(strstr(out->data, "nan"));
    assert_null(strstr(out->data, "inf"));
}

static void pauses_are_gaps(void **state)
{
    const double numbers[] = {1, 2, 3, 4, 5};
    const double holes[] = {1, NAN, 3, NAN, 5};
    struct chart chart = {.unit = CHART_RECORDS, .limit = NAN};
    struct buf out = BUF_INIT;

    (void)state;
    draw(&chart, numbers, 5, &out);
    const char *path = strstr(out.data, "class=\"line s1\" d=\"");
    assert_non_null(path);
    char line[256] = "";
    sscanf(path, "class=\"line s1\" d=\"%255[^\"]", line);
    assert_int_equal(count(line, "M"), 2); /* two strokes, not one slope through the pause */
    assert_int_equal(count(line, "L"), 3);
    assert_int_equal(count(out.data, "class=\"pause\" x"), 2); /* the shade and its word */
    assert_non_null(strstr(out.data, "<title id=\"c-t\">Title &amp; more</title>"));
    assert_non_null(strstr(out.data, "tabindex=\"0\""));
    assert_non_null(strstr(out.data, "data-columns=\"3\""));
    draw(&chart, holes, 5, &out);
    path = strstr(out.data, "class=\"line dot s1\" d=\"");
    assert_non_null(path);
    sscanf(path, "class=\"line dot s1\" d=\"%255[^\"]", line);
    assert_int_equal(count(line, "M"), 3); /* each point alone: a dot */
    assert_int_equal(count(line, "h0.1"), 3);
    chart.until_ms = 100000; /* nothing since */
    draw(&chart, numbers, 5, &out);
    assert_int_equal(count(out.data, "<rect class=\"pause\""), 2);
    buf_release(&out);
}

static void nothing_and_one(void **state)
{
    const double numbers[] = {0};
    struct chart chart = {.unit = CHART_MS, .limit = NAN};
    struct buf out = BUF_INIT;

    (void)state;
    draw(&chart, numbers, 0, &out);
    assert_non_null(strstr(out.data, "No batch has been finished yet"));
    draw(&chart, numbers, 1, &out);
    assert_non_null(strstr(out.data, "<svg"));
    buf_release(&out);
}

static void limits(void **state)
{
    const double numbers[] = {4000, 4500, 5200, 4100, 4000};
    const double small[] = {4, 5, 6, 7, 8};
    struct chart chart = {.unit = CHART_MS, .limit = 5000, .limit_name = "trigger interval"};
    struct buf out = BUF_INIT;

    (void)state;
    draw(&chart, numbers, 5, &out);
    assert_non_null(strstr(out.data, "class=\"limit\""));
    draw(&chart, small, 5, &out); /* would flatten everything: said in words */
    assert_null(strstr(out.data, "class=\"limit\""));
    assert_non_null(strstr(out.data, "trigger interval <b>5.00 s</b>"));
    buf_release(&out);
}

/* A thousand points cost little more than the width of the box; one far above the rest is cut and marked. */
static void many_points_and_one_peak(void **state)
{
    static double numbers[1000];
    static int64_t at[1000];
    const struct chart_series series[] = {{"a", 1, numbers, 0}, {"b", 2, numbers, 1}, {"c", 3, numbers, 2}};
    struct chart chart = {.id = "c",
                          .title = "t",
                          .help = "h",
                          .unit = CHART_MS,
                          .n = 1000,
                          .time_ms = at,
                          .nseries = 1,
                          .series = series,
                          .limit = NAN,
                          .gap_ms = 15000};
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        numbers[i] = 10 + (double)(i % 7);
        at[i] = (int64_t)i * 1000;
    }
    numbers[0] = 13500;
    chart_figure(&out, &chart);
    assert_true(out.len < 24000);
    assert_non_null(strstr(out.data, "class=\"mark\""));
    assert_non_null(strstr(out.data, ">13.50 s</text>"));
    buf_reset(&out);
    chart.stacked = true;
    chart.nseries = 3;
    chart_figure(&out, &chart);
    assert_int_equal(count(out.data, "class=\"bar s"), 3);
    assert_true(out.len < 24000);
    buf_release(&out);
}

static void parts(void **state)
{
    const struct chart_part shares[] = {{"one", 3, 30}, {"two", 1, NAN}, {"three", 5, 10}};
    struct buf out = BUF_INIT;

    (void)state;
    chart_parts(&out, "Phases", shares, 3);
    assert_non_null(strstr(out.data, "class=\"bar s3\" x=\"0.0\" y=\"0\" width=\"300.0\""));
    assert_non_null(strstr(out.data, "x=\"300.0\" y=\"0\" width=\"100.0\""));
    assert_non_null(strstr(out.data, "aria-label=\"Phases: one 30 ms, three 10 ms\""));
    buf_release(&out);
}

/* Bars stand at the values that they count, whatever the count: a value far off is far off. */
static void histogram(void **state)
{
    const int64_t at[] = {0, 1000, 2000, 3000, 4000};
    const double durations[] = {2, 2, 18, 2, NAN};
    const struct chart_series one = {"duration", 1, durations, 2};
    struct chart chart = {.id = "d",
                          .title = "Batch Duration",
                          .unit = CHART_MS,
                          .n = 5,
                          .time_ms = at,
                          .nseries = 1,
                          .series = &one,
                          .histogram = true,
                          .limit = NAN,
                          .gap_ms = 5000};
    struct buf out = BUF_INIT;

    (void)state;
    chart_figure(&out, &chart);
    assert_int_equal(count(out.data, "batches ("), 1);
    assert_non_null(strstr(out.data, "<title>3 batches (75.0 %) between 2.0 ms and 3.0 ms</title>"));
    assert_non_null(strstr(out.data, "<title>1 batch (25.0 %) between 18 ms and 19 ms</title>"));
    /* 18 of 20 ms is near the top (14) of the plot, 2 of 20 near its end (146). */
    const char *low = strstr(out.data, "<rect x=\"352\" y=\"1"), *high = strstr(out.data, "<rect x=\"352\" y=\"2");
    assert_non_null(low);
    assert_non_null(high);
    assert_true(low < high);
    /* Records are few where they are few: none and one have a bar each, far below the top. */
    const double few[] = {0, 0, 1, 0, NAN};
    const struct chart_series removed = {"removed", 1, few, 2};
    chart.series = &removed;
    chart.unit = CHART_RECORDS;
    buf_reset(&out);
    chart_figure(&out, &chart);
    assert_non_null(strstr(out.data, "<title>3 batches (75.0 %) between 0 and 1</title>"));
    assert_non_null(strstr(out.data, "<title>1 batch (25.0 %) between 1 and 2</title>"));
    buf_reset(&out);
    chart.histogram = false;
    chart_figure(&out, &chart);
    assert_null(strstr(out.data, "histogram"));
    buf_release(&out);
}

static void scatter(void **state)
{
    enum { POINTS = 30 };
    double x[POINTS], y[POINTS];
    const double line_x[] = {10, 300}, line_y[] = {5, 6};
    struct chart_scatter chart = {.id = "s",
                                  .title = "A <b>",
                                  .help = "Why",
                                  .unit = CHART_MS,
                                  .n = POINTS,
                                  .x = x,
                                  .y = y,
                                  .nline = 2,
                                  .line_x = line_x,
                                  .line_y = line_y,
                                  .line_name = "fit",
                                  .limit = NAN,
                                  .table = "t"};
    struct buf out = BUF_INIT;
    char text[1024] = "";

    (void)state;
    for (int i = 0; i < POINTS; i++) {
        x[i] = 10 * (i + 1);
        y[i] = i == POINTS - 1 ? 900 : 5 + i % 2;
    }
    chart_scatter(&out, &chart);
    const char *path = strstr(out.data, "point s1\" d=\"");
    assert_non_null(path);
    sscanf(path, "point s1\" d=\"%1023[^\"]", text);
    assert_int_equal(count(text, "M"), POINTS - 1);
    assert_int_equal(count(out.data, "class=\"mark\""), 1); /* what is far above is cut, and marked */
    assert_non_null(strstr(out.data, "class=\"line s2\" d=\"M"));
    assert_non_null(strstr(out.data, "A &lt;b&gt;"));
    assert_null(strstr(out.data, "nan"));
    buf_reset(&out);
    chart.n = 0;
    chart.nline = 0;
    chart_scatter(&out, &chart);
    assert_non_null(strstr(out.data, "No batch with rows"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histogram),       cmocka_unit_test(scatter),
        cmocka_unit_test(steps),           cmocka_unit_test(values),
        cmocka_unit_test(pauses_are_gaps), cmocka_unit_test(nothing_and_one),
        cmocka_unit_test(limits),          cmocka_unit_test(many_points_and_one_peak),
        cmocka_unit_test(parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
