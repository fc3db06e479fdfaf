/* What a batch costs by its rows: a line, or two that meet in a knee, through the batches of a query's history.
 *
 * Pure arithmetic over points; no thread, no memory of its own.
 */
#ifndef UI_TUNING_H
#define UI_TUNING_H

#include <stdbool.h>
#include <stddef.h>

struct tuning_point {
    double rows;
    double ms;
};

struct tuning_fit {
    double fixed_ms;         /* of a batch without rows, by the line */
    double ms_per_row;       /* below the knee */
    bool has_knee;           /* above it a row costs something else */
    double knee_rows;        /* one of the points' */
    double ms_per_row_above; /* 0 without a knee */
    double residual_ms;      /* root mean square */
    double r2;               /* share of the variance that is explained; NaN when all take the same time */
};

/* Least squares over n points, which are sorted by rows here. The knee is kept only where it makes the squares a fifth
 * smaller and has four points on each side. False with fewer than three points, or all of the same size: nothing can be
 * said then. */
bool tuning_fit(struct tuning_point *points, size_t n, struct tuning_fit *fit);

/* What a batch of so many rows takes, by the fit; never below 0. Outside the range seen it is a guess that should not
 * be made. */
double tuning_ms(const struct tuning_fit *fit, double rows);

/* The most rows, at most max_rows, that take no longer than limit_ms; -1 if even 0 take longer. */
double tuning_rows_within(const struct tuning_fit *fit, double limit_ms, double max_rows);

#endif
