/* No label of a chart lies over another one, over a mark or outside the chart, whatever the numbers are: thousands of
 * random charts, their labels measured as a browser with wide letters draws them on a small screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/ui/chart_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHARTS 6000
#define MAX_POINTS 400
#define MAX_BOXES 256
#define TYPE 13.0           /* units: `svg text` of the style sheet below 30rem */
#define TYPE_OF_BATCHES 9.0 /* units: `.batches` */
#define ASCENT 0.928
#define DESCENT 0.236
#define MARGIN 12.0 /* units left of the box that the padding around a chart covers in the smallest of columns */

/* Advances of DejaVu Sans from the blank to the tilde, in thousandths of the type size: as wide as sans-serifs come. */
static const int advances[] = {318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
                               636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
                               1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
                               603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
                               500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
                               635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838};

struct box {
    double left, right, top, bottom;
    char text[64];
};

/* splitmix64's: the same charts in every run. */
static double random_share(uint64_t *seed)
{
    uint64_t x = *seed += UINT64_C(0x9E3779B97F4A7C15);

    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)(x >> 32) / 4294967296.0;
}

static size_t random_below(uint64_t *seed, size_t n)
{
    return (size_t)(random_share(seed) * (double)n);
}

static double width_of(const char *text, double type)
{
    double width = 0;

    for (const char *p = text; *p != '\0'; p++) {
        if (((unsigned char)*p & 0xC0) == 0x80)
            continue;
        width += *p >= ' ' && *p <= '~' ? advances[*p - ' '] : 1000;
    }
    return width / 1000 * type;
}

static double attribute(const char *tag, const char *name)
{
    const char *at = strstr(tag, name);

    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

/* The boxes of a chart's labels, those of its marks behind them. */
static size_t boxes_of(const char *svg, struct box *boxes, size_t *nlabels)
{
    size_t n = 0;

    for (const char *p = svg; (p = strstr(p, "<text")) != NULL; p++) {
        char tag[160] = "";
        struct box *box = &boxes[n++];
        assert_true(n < MAX_BOXES);
        assert_int_equal(sscanf(p, "%159[^>]>%63[^<]", tag, box->text), 2);
        double x = attribute(tag, " x=\""), y = attribute(tag, " y=\"");
        double type = strstr(tag, "class=\"batches\"") != NULL ? TYPE_OF_BATCHES : TYPE;
        double width = width_of(box->text, type);
        box->left = strstr(tag, "\"end\"") != NULL ? x - width : strstr(tag, "\"middle\"") != NULL ? x - width / 2 : x;
        box->right = box->left + width;
        box->top = y - ASCENT * type;
        box->bottom = y + DESCENT * type;
    }
    *nlabels = n;
    for (const char *p = svg; (p = strstr(p, "<path class=\"mark\" d=\"M")) != NULL; p++) {
        double x = attribute(p, "d=\"M"), y = 0;
        assert_true(n < MAX_BOXES);
        assert_int_equal(sscanf(strstr(p, "d=\"M"), "d=\"M%*f %lf", &y), 1);
        boxes[n++] = (struct box){x - 4, x + 4, y, y + 6, "a mark"};
    }
    return n;
}

static void check(const struct buf *out, size_t number)
{
    static struct box boxes[MAX_BOXES];
    size_t nlabels = 0;

    assert_false(out->failed);
    const char *svg = strstr(out->data, "<svg");
    size_t n = boxes_of(svg, boxes, &nlabels);
    assert_true(nlabels >= 2); /* of the values' axis */
    for (size_t i = 0; i < nlabels; i++) {
        const struct box *a = &boxes[i];
        if (a->left < -MARGIN || a->right > CHART_WIDTH || a->top < 0 || a->bottom > CHART_HEIGHT)
            fail_msg("chart %zu: \"%s\" leaves the box: %.1f-%.1f, %.1f-%.1f", number, a->text, a->left, a->right,
                     a->top, a->bottom);
        for (size_t k = i + 1; k < n; k++) {
            const struct box *b = &boxes[k];
            if (a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom)
                fail_msg("chart %zu: \"%s\" and \"%s\" lie over each other\n%s", number, a->text, b->text, svg);
        }
    }
}

/* Many are alike, some are far above, some are not known. */
static void random_values(uint64_t *seed, double *values, size_t n)
{
    double usual = pow(10, random_share(seed) * 11 - 1), spread = random_share(seed);
    double peaks = random_share(seed) * random_share(seed) * 0.3, unknown = random_below(seed, 3) == 0 ? 0.2 : 0;

    for (size_t i = 0; i < n; i++) {
        values[i] = usual * (1 - spread * random_share(seed));
        if (random_share(seed) < peaks)
            values[i] = usual * pow(10, random_share(seed) * 3);
        if (random_share(seed) < unknown)
            values[i] = NAN;
        if (random_below(seed, 20) == 0)
            values[i] = 0;
    }
}

/* Returns where the last one ends. */
static int64_t random_times(uint64_t *seed, int64_t *time_ms, size_t n)
{
    int64_t interval = (int64_t)pow(10, 1 + random_share(seed) * 6), at = INT64_C(1700000000000);

    at += (int64_t)random_below(seed, 86400000);
    for (size_t i = 0; i < n; i++) {
        time_ms[i] = at;
        at += interval + (random_below(seed, 12) == 0 ? interval * (int64_t)random_below(seed, 40) : 0);
    }
    return interval;
}

static double random_limit(uint64_t *seed, const double *values, size_t n)
{
    double known = values[random_below(seed, n)];

    return random_below(seed, 2) == 0 || !(known > 0) ? NAN : known * (0.05 + 3 * random_share(seed));
}

static void over_time(void **state)
{
    static double values[3][MAX_POINTS];
    static int64_t time_ms[MAX_POINTS];
    const struct chart_series series[] = {{"a", 1, values[0], 0}, {"b", 2, values[1], 1}, {"c", 3, values[2], 2}};
    uint64_t seed = 1;
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t number = 0; number < CHARTS; number++) {
        size_t n = 1 + random_below(&seed, random_below(&seed, 2) == 0 ? 12 : MAX_POINTS);
        struct chart chart = {.id = "c",
                              .title = "t",
                              .help = "h",
                              .n = n,
                              .time_ms = time_ms,
                              .series = series,
                              .limit_name = "trigger interval",
                              .table = "n"};
        int64_t interval = random_times(&seed, time_ms, n);
        for (size_t s = 0; s < 3; s++)
            random_values(&seed, values[s], n);
        chart.unit = (enum chart_unit)random_below(&seed, 5);
        chart.nseries = 1 + random_below(&seed, 3);
        chart.stacked = random_below(&seed, 4) == 0;
        chart.histogram = random_below(&seed, 2) == 0;
        chart.limit = random_limit(&seed, values[0], n);
        chart.gap_ms = interval * 3;
        if (random_below(&seed, 3) == 0)
            chart.until_ms = time_ms[n - 1] + interval * (int64_t)random_below(&seed, 1000);
        buf_reset(&out);
        chart_figure(&out, &chart);
        check(&out, number);
    }
    buf_release(&out);
}

static void over_records(void **state)
{
    static double x[MAX_POINTS], y[MAX_POINTS];
    uint64_t seed = 2;
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t number = 0; number < CHARTS / 4; number++) {
        size_t n = 1 + random_below(&seed, MAX_POINTS);
        struct chart_scatter scatter = {.id = "c",
                                        .title = "t",
                                        .help = "h",
                                        .n = n,
                                        .x = x,
                                        .y = y,
                                        .limit_name = "trigger interval",
                                        .table = "n"};
        random_values(&seed, y, n);
        double most = pow(10, random_share(&seed) * 10);
        for (size_t i = 0; i < n; i++)
            x[i] = floor(random_share(&seed) * most);
        scatter.unit = CHART_MS;
        scatter.limit = random_limit(&seed, y, n);
        buf_reset(&out);
        chart_scatter(&out, &scatter);
        check(&out, number);
    }
    buf_release(&out);
}

/* Two batches far above all others, their marks 71 units apart: one number right of its mark, one left of it. */
static void numbers_of_what_is_cut(void **state)
{
    static double values[100];
    static int64_t time_ms[100];
    const struct chart_series one = {"a", 1, values, 0};
    const struct chart chart = {.id = "c",
                                .title = "t",
                                .help = "h",
                                .unit = CHART_MS,
                                .n = 100,
                                .time_ms = time_ms,
                                .nseries = 1,
                                .series = &one,
                                .limit = NAN,
                                .gap_ms = 5000,
                                .table = "n"};
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t far = 99; far >= 80; far--) {
        for (size_t i = 0; i < 100; i++) {
            values[i] = i == far ? 96 : i + 21 == far ? 32 : 3;
            time_ms[i] = (int64_t)i * 1000;
        }
        buf_reset(&out);
        chart_figure(&out, &chart);
        check(&out, far);
        assert_non_null(strstr(out.data, ">32 ms</text>"));
    }
    assert_non_null(strstr(out.data, ">96 ms</text>"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_time),
        cmocka_unit_test(over_records),
        cmocka_unit_test(numbers_of_what_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
