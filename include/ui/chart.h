/* Charts as inline SVG: axes with units, gridlines, title and description, pauses drawn as pauses. Any thread.
 *
 * Markup only: colours and sizes are the style sheet's. The script finds a chart's numbers in the table that it is
 * linked to.
 */
#ifndef UI_CHART_H
#define UI_CHART_H

#include "common/buf.h"
#include "record/zone.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chart_unit { CHART_RECORDS, CHART_RATE, CHART_MS, CHART_SECONDS, CHART_BYTES };

struct chart_series {
    const char *name;
    int colour;           /* 1-8: class s1 .. s8 */
    const double *values; /* n of them; NaN: not known */
    int column;           /* of the linked table, from 0 */
};

struct chart {
    const char *id; /* unique in the page; an HTML id */
    const char *title;
    const char *help; /* one sentence */
    enum chart_unit unit;
    size_t n;
    const int64_t *time_ms; /* ascending */
    size_t nseries;
    const struct chart_series *series;
    bool stacked;           /* bars, one upon the other, instead of lines */
    bool histogram;         /* of the first series, beside the plot; not of stacked ones */
    double limit;           /* a line across; NaN: none */
    const char *limit_name; /* "trigger interval" */
    int64_t gap_ms;         /* points farther apart are not joined */
    int64_t until_ms;       /* nothing happened from the last point until then; 0: does not matter */
    const struct zone *zone;
    const char *table; /* id of the table with the numbers */
};

/* A <figure> with caption, legend, SVG and the line of quantiles. Without points it says so. */
void chart_figure(struct buf *out, const struct chart *chart);

/* Points over a number of records, and a line through them. */
struct chart_scatter {
    const char *id;
    const char *title;
    const char *help;
    enum chart_unit unit; /* of y */
    size_t n;
    const double *x; /* records, at least 0 */
    const double *y; /* NaN: not known */
    size_t nline;
    const double *line_x; /* ascending */
    const double *line_y;
    const char *line_name;
    double limit; /* as above */
    const char *limit_name;
    const char *table;
};

/* A <figure> as above, without crosshair and quantiles. Without points it says so. */
void chart_scatter(struct buf *out, const struct chart_scatter *scatter);

struct chart_part {
    const char *name;
    int colour;   /* 1-8 */
    double value; /* ms; NaN: not known */
};

/* A horizontal bar whose n parts are to scale: the phases of a batch. NaN and 0 take no room. */
void chart_parts(struct buf *out, const char *title, const struct chart_part *parts, size_t n);

/* A value with its unit, as short as its size allows: "12 ms", "1.25 s", "3.4 MiB". */
void chart_value(struct buf *out, enum chart_unit unit, double value);
/* "records/sec" ... */
const char *chart_unit_name(enum chart_unit unit);

#endif
