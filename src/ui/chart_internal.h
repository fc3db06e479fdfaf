/* What the files of a chart share: the box and its scales. */
#ifndef UI_CHART_INTERNAL_H
#define UI_CHART_INTERNAL_H

#include "ui/chart.h"

enum {
    CHART_WIDTH = 400,
    CHART_HEIGHT = 170,
    CHART_LEFT = 54,
    CHART_HISTOGRAM = 352,
    CHART_RIGHT = 394,
    CHART_TOP = 14,
    CHART_BOTTOM = 146
};

struct chart_scale {
    int right;   /* end of the plot: CHART_RIGHT, or before the histogram */
    double top;  /* greatest value shown */
    double step; /* between gridlines */
    bool cut;    /* some values are above top */
    bool limit_shown;
    int64_t first_ms;
    int64_t last_ms;
    int64_t idle_ms; /* nothing from then on; 0: there was */
};

/* All series added up, for stacked charts, else the greatest of point i: what the scale must show. NaN: nothing is
 * known. */
double chart_height(const struct chart *chart, size_t i);

void chart_scale_of(const struct chart *chart, struct chart_scale *scale);

/* Only what is about values: top, step, cut, limit_shown. */
void chart_values(const struct chart *chart, struct chart_scale *scale);

double chart_x(const struct chart_scale *scale, int64_t ms);
double chart_y(const struct chart_scale *scale, double value);

/* The smallest step of 1, 2, 2.5, 5 times a power of ten (binary: a power of two) with which `ticks` of them cover
 * range. */
double chart_step(double range, int ticks, bool binary);

/* Seconds between time labels so that at most `ticks` fall into the range. */
int64_t chart_time_step(int64_t range_ms, int ticks);

/* How often each value of the first series came, as bars beside the plot, on its scale. */
void chart_histogram(struct buf *out, const struct chart *chart, const struct chart_scale *scale);

/* Gridlines, labels, axis lines. */
void chart_axes(struct buf *out, const struct chart *chart, const struct chart_scale *scale);
void chart_y_axis(struct buf *out, enum chart_unit unit, const struct chart_scale *scale);

/* A line across with its name; nothing where the scale does not show it. */
void chart_limit(struct buf *out, double limit, const char *name, const struct chart_scale *scale);

#endif
