/* What a chart shows of its numbers. A value far above all others (the first batch, which also warms everything up)
 * would flatten the rest: the scale then ends a little above the 95 % quantile, and what is cut carries a mark with its
 * number. */
#include "chart_internal.h"

#include "ui/series.h"

#include <math.h>
#include <stdlib.h>

#define CUT_ABOVE 4.0  /* times the 95 % quantile */
#define MIN_TO_CUT 8   /* points */
#define MAX_LIMIT 3.0  /* a limit farther above the values than that is only mentioned */
#define IDLE_SHARE 0.2 /* of the width, at most, for "nothing since" */
#define MIN_RECORDS                                                                                                    \
    4 /* an axis of records reaches so far at least: few would look like many, and 0 and 1 share a bar beside it */

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

void chart_values(const struct chart *chart, struct chart_scale *scale)
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
    scale->step = top > 0 ? chart_step(top, 4, chart->unit == CHART_BYTES) : 1;
    if (whole && scale->step < 1)
        scale->step = 1;
    if (chart->unit == CHART_SECONDS && top >= 60)
        scale->step = (double)chart_time_step((int64_t)(top * 1000), 4);
    scale->top = ceil(top / scale->step - 1e-9) * scale->step;
    if (chart->unit == CHART_RECORDS)
        scale->top = fmax(scale->top, MIN_RECORDS);
    if (!(scale->top > 0))
        scale->top = scale->step;
}

static void time_scale(const struct chart *chart, struct chart_scale *scale)
{
    scale->first_ms = chart->time_ms[0];
    scale->last_ms = chart->time_ms[chart->n - 1];
    scale->idle_ms = 0;
    if (scale->last_ms - scale->first_ms < 1000) { /* a single batch stands in the middle */
        scale->first_ms -= 1000;
        scale->last_ms += 1000;
    }
    if (chart->until_ms > scale->last_ms + chart->gap_ms) {
        int64_t room = (int64_t)((double)(scale->last_ms - scale->first_ms) * IDLE_SHARE) + 1000;
        scale->idle_ms = scale->last_ms;
        scale->last_ms = chart->until_ms - scale->last_ms < room ? chart->until_ms : scale->last_ms + room;
    }
}

double chart_x(const struct chart_scale *scale, int64_t ms)
{
    return CHART_LEFT +
           (double)(ms - scale->first_ms) / (double)(scale->last_ms - scale->first_ms) * (scale->right - CHART_LEFT);
}

double chart_y(const struct chart_scale *scale, double value)
{
    double y = CHART_BOTTOM - value / scale->top * (CHART_BOTTOM - CHART_TOP);

    return y < CHART_TOP ? CHART_TOP : y > CHART_BOTTOM ? CHART_BOTTOM : y;
}

void chart_scale_of(const struct chart *chart, struct chart_scale *scale)
{
    scale->right = chart->histogram && !chart->stacked ? CHART_HISTOGRAM - 8 : CHART_RIGHT;
    chart_values(chart, scale);
    time_scale(chart, scale);
}
