/* The scales of a chart. Time runs evenly while there are batches; a pause longer than a little is drawn shorter than it was, shaded and named, so
 * that a night without records does not squeeze the day into a corner. */
#include "chart_internal.h"

#include "ui/series.h"

#include <math.h>
#include <stdlib.h>

#define CUT_ABOVE 4.0   /* times the 95 % quantile */
#define MIN_TO_CUT 8    /* points */
#define MAX_LIMIT 3.0   /* a limit farther above the values than that is only mentioned */
#define PAUSE_SHARE 0.1 /* of the time with batches: the longest that a pause is drawn */

/* All series added up, for stacked charts, else the greatest: what the scale must show of point i. */
double chart_height(const struct chart *chart, size_t i)
{
    double height = NAN;

    for (size_t s = 0; s < chart->nseries; s++) {
        double value = chart->series[s].values[i];
        if (!isfinite(value))
            continue;
        if (isnan(height))
            height = value;
        else
            height = chart->stacked ? height + value : fmax(height, value);
    }
    return height;
}

double chart_step(double range, int ticks, bool binary)
{
    static const double decimal_steps[] = {1, 2, 2.5, 5, 10};
    double wanted = range / ticks;

    if (!(wanted > 0))
        return 1;
    if (binary && wanted >= 1) {
        double step = 1;
        while (step < wanted)
            step *= 2;
        return step;
    }
    double power = pow(10, floor(log10(wanted)));
    for (size_t i = 0; i < sizeof(decimal_steps) / sizeof(decimal_steps[0]); i++)
        if (decimal_steps[i] * power >= wanted * 0.999999)
            return decimal_steps[i] * power;
    return 10 * power;
}

int64_t chart_time_step(int64_t range_ms, int ticks)
{
    static const int steps[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    int64_t wanted = (range_ms + ticks * INT64_C(1000) - 1) / (ticks * INT64_C(1000));

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i] >= wanted)
            return steps[i];
    return (wanted / 86400 + 1) * 86400;
}

static void value_scale(const struct chart *chart, struct chart_scale *scale)
{
    double *heights = calloc(chart->n + 1, sizeof(*heights));
    double top = 0;
    bool whole = chart->unit == CHART_RECORDS || chart->unit == CHART_BYTES;

    scale->cut = false;
    if (heights != NULL) {
        for (size_t i = 0; i < chart->n; i++) {
            heights[i] = chart_height(chart, i);
            if (isfinite(heights[i]))
                top = fmax(top, heights[i]);
        }
        double usual = series_quantile(heights, chart->n, 0.95);
        if (chart->n >= MIN_TO_CUT && usual > 0 && top > CUT_ABOVE * usual) {
            top = 1.5 * usual;
            scale->cut = true;
        }
        free(heights);
    }
    scale->limit_shown = isfinite(chart->limit) && chart->limit <= MAX_LIMIT * top;
    if (scale->limit_shown)
        top = fmax(top, chart->limit);
    scale->step = chart_step(top > 0 ? top : 1, 4, chart->unit == CHART_BYTES);
    if (whole && scale->step < 1)
        scale->step = 1;
    if (chart->unit == CHART_SECONDS && top >= 60)
        scale->step = (double)chart_time_step((int64_t)(top * 1000), 4);
    scale->top = ceil(top / scale->step - 1e-9) * scale->step;
    if (!(scale->top > 0))
        scale->top = scale->step;
}

/* --- time ------------------------------------------------------------------------------------------------------- */

static bool is_pause(const struct chart *chart, size_t i)
{
    return chart->time_ms[i] - chart->time_ms[i - 1] > chart->gap_ms;
}

/* Where each point lies, 0 to 1, and where the time after the last one ends. */
static void time_scale(const struct chart *chart, struct chart_scale *scale)
{
    double busy = 0, at = 0, longest;
    size_t n = chart->n;
    bool idle = chart->until_ms > chart->time_ms[n - 1] + chart->gap_ms;

    for (size_t i = 1; i < n; i++)
        if (!is_pause(chart, i))
            busy += (double)(chart->time_ms[i] - chart->time_ms[i - 1]);
    longest = fmax(busy * PAUSE_SHARE, 1000);
    scale->share[0] = 0;
    for (size_t i = 1; i < n; i++) {
        double step = (double)(chart->time_ms[i] - chart->time_ms[i - 1]);
        at += is_pause(chart, i) ? fmin(step, longest) : step;
        scale->share[i] = at;
    }
    double end = at + (idle ? fmin((double)(chart->until_ms - chart->time_ms[n - 1]), longest) : 0);
    scale->drawn_ms = end;
    scale->idle = idle;
    for (size_t i = 0; i < n; i++) /* a single batch stands in the middle */
        scale->share[i] = end > 0 ? scale->share[i] / end : 0.5;
}

int chart_scale_init(struct chart_scale *scale, const struct chart *chart)
{
    scale->share = calloc(chart->n + 1, sizeof(*scale->share));
    if (scale->share == NULL)
        return -1;
    value_scale(chart, scale);
    time_scale(chart, scale);
    return 0;
}

void chart_scale_release(struct chart_scale *scale)
{
    free(scale->share);
    scale->share = NULL;
}

double chart_x(const struct chart_scale *scale, size_t i)
{
    return CHART_LEFT + scale->share[i] * (CHART_RIGHT - CHART_LEFT);
}

double chart_y(const struct chart_scale *scale, double value)
{
    double y = CHART_BOTTOM - value / scale->top * (CHART_BOTTOM - CHART_TOP);

    return y < CHART_TOP ? CHART_TOP : y > CHART_BOTTOM ? CHART_BOTTOM : y;
}

void chart_positions(const struct chart *chart, double *x)
{
    struct chart_scale scale = {0};

    if (chart->n == 0)
        return;
    scale.share = x;
    time_scale(chart, &scale);
    for (size_t i = 0; i < chart->n; i++)
        x[i] = chart_x(&scale, i);
}
