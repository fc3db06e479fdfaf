/* What the files of a chart share: the box, its scales, its labels. */
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

enum chart_anchor { CHART_START, CHART_MIDDLE, CHART_END };

/* Where a label may stand: y is that of its baseline. */
struct chart_spot {
    double x;
    double y;
    enum chart_anchor anchor;
};

struct chart_box {
    double left, right, top, bottom;
};

enum { CHART_MAX_TAKEN = 128 };

/* What a chart's labels have taken of its box so far. {.out = out} is an empty one; chart_labels_release frees its
 * memory. What comes first has the first choice. */
struct chart_labels {
    struct buf *out;
    struct buf text; /* of the next label, not escaped */
    size_t ntaken;
    struct chart_box taken[CHART_MAX_TAKEN];
};

/* Write labels->text at the first of the spots where it lies over nothing, then forget it. Where none is free it is
 * left out: every number is also in a title or a table. It keeps between `from` and `to` (x); one that is centred moves
 * aside for that. class may be "". */
void chart_labels_place(struct chart_labels *labels, const char *class, double from, double to,
                        const struct chart_spot *spots, size_t nspots);

void chart_labels_release(struct chart_labels *labels);

/* The sign above the plot that something at x lies beyond its top; labels keep off it. */
void chart_mark(struct chart_labels *labels, double x);

/* Gridlines and axis lines, to labels->out, with their labels. */
void chart_axes(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale);
void chart_y_axis(struct chart_labels *labels, enum chart_unit unit, const struct chart_scale *scale);

/* The label of a gridline of x, at its foot. */
void chart_x_label(struct chart_labels *labels, double x, const struct chart_scale *scale);

/* A line across with its name; nothing where the scale does not show it. */
void chart_limit(struct chart_labels *labels, double limit, const char *name, const struct chart_scale *scale);

/* How often each value of the first series came, as bars beside the plot, on its scale. */
void chart_histogram(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale);

#endif
