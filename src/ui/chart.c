/* A chart is drawn in a box of 400 x 170 units that the style sheet stretches to its column. Scales are
 * chart_scale.c's, axes chart_axes.c's, the bars beside the plot chart_histogram.c's,
 * where words stand chart_labels.c's. */
#include "chart_internal.h"

#include "ui/html.h"
#include "ui/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIN_PAUSE_WITH_WORD 48 /* units: its word is as wide in the type of large screens */
#define MAX_BARS 170           /* more batches are averaged, two units a bar */

const char *chart_unit_name(enum chart_unit unit)
{
    static const char *const names[] = {"records", "records/sec", "ms", "seconds", "bytes"};

    return names[unit];
}

void chart_value(struct buf *out, enum chart_unit unit, double value)
{
    if (!isfinite(value)) {
        buf_append_text(out, "–");
        return;
    }
    switch (unit) {
    case CHART_RECORDS:
        html_decimal(out, value, 0);
        break;
    case CHART_RATE:
        html_decimal(out, value, fabs(value) < 1000 ? 1 : 0);
        buf_append_text(out, "/s");
        break;
    case CHART_MS:
        if (fabs(value) < 1000) {
            html_decimal(out, value, fabs(value) < 10 ? 1 : 0);
            buf_append_text(out, " ms");
        } else {
            html_decimal(out, value / 1000, 2);
            buf_append_text(out, " s");
        }
        break;
    case CHART_SECONDS:
        html_duration(out, (int64_t)(value * 1000));
        break;
    case CHART_BYTES:
        html_size(out, value);
        break;
    }
}

/* --- data ------------------------------------------------------------------------------------------------------- */

static bool joined(const struct chart *chart, const double *values, size_t i)
{
    return i > 0 && isfinite(values[i - 1]) && isfinite(values[i]) &&
           chart->time_ms[i] - chart->time_ms[i - 1] <= chart->gap_ms;
}

/* One path for a series. Points that share a unit of width are drawn as their least and greatest only, so that a
 * thousand batches cost what a few hundred do. */
static void line(struct buf *out, const struct chart *chart, const struct chart_scale *scale,
                 const struct chart_series *series)
{
    buf_printf(out, "<path class=\"line s%d\" d=\"", series->colour);
    for (size_t i = 0; i < chart->n;) {
        double x = chart_x(scale, chart->time_ms[i]);
        double low = series->values[i], high = low;
        size_t next = i + 1;

        if (!isfinite(low)) {
            i++;
            continue;
        }
        while (next < chart->n && joined(chart, series->values, next) &&
               chart_x(scale, chart->time_ms[next]) - x < 0.5) {
            low = fmin(low, series->values[next]);
            high = fmax(high, series->values[next]);
            next++;
        }
        buf_printf(out, "%c%.1f %.1f", joined(chart, series->values, i) ? 'L' : 'M', x, chart_y(scale, high));
        if (high > low)
            buf_printf(out, "V%.1f", chart_y(scale, low));
        i = next;
    }
    buf_append_text(out, "\"/>\n");
}

/* A point without neighbours would be a line without length: the round caps of a thick one make it a dot. */
static void dots(struct buf *out, const struct chart *chart, const struct chart_scale *scale,
                 const struct chart_series *series)
{
    bool any = false;

    for (size_t i = 0; i < chart->n; i++) {
        if (!isfinite(series->values[i]) || joined(chart, series->values, i) ||
            (i + 1 < chart->n && joined(chart, series->values, i + 1)))
            continue;
        if (!any)
            buf_printf(out, "<path class=\"line dot s%d\" d=\"", series->colour);
        any = true;
        buf_printf(out, "M%.1f %.1fh0.1", chart_x(scale, chart->time_ms[i]), chart_y(scale, series->values[i]));
    }
    if (any)
        buf_append_text(out, "\"/>\n");
}

static double bar_value(const double *values, size_t from, size_t to)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        if (isfinite(values[i])) {
            sum += values[i];
            n++;
        }
    }
    return n == 0 ? 0 : sum / (double)n;
}

static void bars(struct buf *out, const struct chart *chart, const struct chart_scale *scale)
{
    size_t group = (chart->n + MAX_BARS - 1) / MAX_BARS;
    size_t nbars = (chart->n + group - 1) / group;
    double width = (scale->right - CHART_LEFT) / (double)(nbars < 24 ? 24 : nbars) * 0.8;

    for (size_t s = 0; s < chart->nseries; s++) {
        buf_printf(out, "<path class=\"bar s%d\" d=\"", chart->series[s].colour);
        for (size_t i = 0; i < chart->n; i += group) {
            size_t end = i + group < chart->n ? i + group : chart->n;
            double below = 0;
            for (size_t k = 0; k < s; k++)
                below += bar_value(chart->series[k].values, i, end);
            double value = bar_value(chart->series[s].values, i, end);
            double bottom = chart_y(scale, below);
            double top = chart_y(scale, below + value);
            double x = chart_x(scale, chart->time_ms[i]) - width / 2;
            if (x < CHART_LEFT)
                x = CHART_LEFT;
            if (bottom - top >= 0.05)
                buf_printf(out, "M%.1f %.1fh%.1fV%.1fh-%.1fz", x, bottom, width, top, width);
        }
        buf_append_text(out, "\"/>\n");
    }
}

/* Marks first: a number keeps off all of them. */
static void cut_marks(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale)
{
    for (size_t i = 0; scale->cut && i < chart->n; i++)
        if (chart_height(chart, i) > scale->top)
            chart_mark(labels, chart_x(scale, chart->time_ms[i]));
    for (size_t i = 0; scale->cut && i < chart->n; i++) {
        if (!(chart_height(chart, i) > scale->top))
            continue;
        double x = chart_x(scale, chart->time_ms[i]);
        const struct chart_spot sides[] = {{x + 9, CHART_TOP - 1, CHART_START}, {x - 9, CHART_TOP - 1, CHART_END}};
        chart_value(&labels->text, chart->unit, chart_height(chart, i));
        chart_labels_place(labels, "mark", CHART_LEFT, scale->right, sides, 2);
    }
}

/* Calls `draw` with the x of both ends of each pause. */
static void pauses(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale,
                   void (*draw)(struct chart_labels *labels, const struct chart_scale *scale, double left,
                                double right))
{
    for (size_t i = 1; i < chart->n; i++)
        if (chart->time_ms[i] - chart->time_ms[i - 1] > chart->gap_ms)
            draw(labels, scale, chart_x(scale, chart->time_ms[i - 1]), chart_x(scale, chart->time_ms[i]));
    if (scale->idle_ms != 0)
        draw(labels, scale, chart_x(scale, scale->idle_ms), chart_x(scale, scale->last_ms));
}

static void pause_shade(struct chart_labels *labels, const struct chart_scale *scale, double left, double right)
{
    (void)scale;
    buf_printf(labels->out, "<rect class=\"pause\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", left,
               CHART_TOP, right - left, CHART_BOTTOM - CHART_TOP);
}

static void pause_word(struct chart_labels *labels, const struct chart_scale *scale, double left, double right)
{
    struct chart_spot spots[7];

    if (right - left < MIN_PAUSE_WITH_WORD)
        return;
    for (int i = 0; i < 7; i++)
        spots[i] = (struct chart_spot){(left + right) / 2, CHART_TOP + 14 + i * 16, CHART_MIDDLE};
    buf_append_text(&labels->text, "no batch");
    chart_labels_place(labels, "pause", CHART_LEFT, scale->right, spots, 7);
}

void chart_limit(struct chart_labels *labels, double limit, const char *name, const struct chart_scale *scale)
{
    if (!scale->limit_shown)
        return;
    double y = chart_y(scale, limit);
    const struct chart_spot ends[] = {{scale->right - 2, y - 3, CHART_END},
                                      {scale->right - 2, y + 13, CHART_END},
                                      {CHART_LEFT + 2, y - 3, CHART_START},
                                      {CHART_LEFT + 2, y + 13, CHART_START}};
    buf_printf(labels->out, "<path class=\"limit\" d=\"M%d %.1fH%d\"/>", CHART_LEFT, y, scale->right);
    buf_append_text(&labels->text, name);
    chart_labels_place(labels, "limit", CHART_LEFT, scale->right, ends, 4);
}

/* --- the figure ------------------------------------------------------------------------------------------------- */

/* Of all series added up, or of the first one. */
static double newest(const struct chart *chart)
{
    if (chart->n == 0)
        return NAN;
    return chart->stacked ? chart_height(chart, chart->n - 1) : chart->series[0].values[chart->n - 1];
}

static void caption(struct buf *out, const struct chart *chart)
{
    buf_append_text(out, "<figcaption><span class=\"name\">");
    html_text(out, chart->title);
    buf_printf(out, "</span><span class=\"unit\">%s</span>", chart_unit_name(chart->unit));
    if (chart->nseries > 1)
        buf_append_text(out, "<ul class=\"legend\">");
    for (size_t s = 0; chart->nseries > 1 && s < chart->nseries; s++) {
        buf_printf(out, "<li class=\"s%d\">", chart->series[s].colour);
        html_text(out, chart->series[s].name);
        buf_append_text(out, "</li>");
    }
    buf_append_text(out, chart->nseries > 1 ? "</ul><b class=\"now\">" : "<b class=\"now\">");
    chart_value(out, chart->unit, newest(chart));
    buf_append_text(out, "</b></figcaption>\n");
}

static void quantiles(struct buf *out, const struct chart *chart, const struct chart_scale *scale)
{
    static const struct {
        const char *name;
        double share;
    } shown[] = {{"min", 0}, {"p50", 0.5}, {"p95", 0.95}, {"max", 1}};
    double *heights = calloc(chart->n + 1, sizeof(*heights));
    size_t known = 0;

    buf_append_text(out, "<p class=\"quantiles\">");
    for (size_t i = 0; heights != NULL && i < chart->n; i++)
        heights[i] = chart->stacked ? chart_height(chart, i) : chart->series[0].values[i];
    if (heights != NULL)
        known = series_sort(heights, chart->n);
    for (size_t q = 0; heights != NULL && q < sizeof(shown) / sizeof(shown[0]); q++) {
        buf_printf(out, "<span>%s <b>", shown[q].name);
        chart_value(out, chart->unit, series_at(heights, known, shown[q].share));
        buf_append_text(out, "</b></span> ");
    }
    free(heights);
    if (isfinite(chart->limit) && !scale->limit_shown) {
        buf_append_text(out, "<span>");
        html_text(out, chart->limit_name);
        buf_append_text(out, " <b>");
        chart_value(out, chart->unit, chart->limit);
        buf_append_text(out, "</b></span> ");
    }
    if (chart->table != NULL) {
        buf_append_text(out, "<a href=\"#");
        html_text(out, chart->table);
        buf_append_text(out, "\">table<span class=\"unseen\"> of ");
        html_text(out, chart->title);
        buf_append_text(out, "</span></a>");
    }
    buf_append_text(out, "</p>\n");
}

static void describe(struct buf *out, const struct chart *chart)
{
    buf_printf(out, "<title id=\"%s-t\">", chart->id);
    html_text(out, chart->title);
    buf_printf(out, "</title><desc id=\"%s-d\">", chart->id);
    html_text(out, chart->help);
    buf_printf(out, " %zu batches, newest ", chart->n);
    chart_value(out, chart->unit, newest(chart));
    buf_append_text(out, ".</desc>\n");
}

void chart_figure(struct buf *out, const struct chart *chart)
{
    struct chart_labels labels = {.out = out};
    struct chart_scale scale;

    buf_printf(out, "<figure class=\"chart%s\" id=\"%s\" title=\"", chart->stacked ? " stacked" : "", chart->id);
    html_text(out, chart->help);
    buf_append_text(out, "\">\n");
    caption(out, chart);
    if (chart->n == 0) {
        buf_append_text(out, "<p class=\"empty\">No batch has been finished yet.</p>\n</figure>\n");
        return;
    }
    chart_scale_of(chart, &scale);
    buf_printf(
        out,
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\" tabindex=\"0\" data-first=\"%" PRId64
        "\" data-last=\"%" PRId64
        "\" data-left=\"%d\" data-right=\"%d\" data-top=\"%d\" data-bottom=\"%d\" data-columns=\"",
        CHART_WIDTH, CHART_HEIGHT, chart->id, chart->id, scale.first_ms, scale.last_ms, CHART_LEFT, scale.right,
        CHART_TOP, CHART_BOTTOM);
    for (size_t s = 0; s < chart->nseries; s++)
        buf_printf(out, "%s%d", s > 0 ? "," : "", chart->series[s].column);
    buf_append_text(out, "\" data-table=\"");
    html_text(out, chart->table);
    buf_append_text(out, "\">\n");
    describe(out, chart);
    pauses(&labels, chart, &scale, pause_shade);
    chart_axes(&labels, chart, &scale);
    if (chart->stacked)
        bars(out, chart, &scale);
    for (size_t s = 0; !chart->stacked && s < chart->nseries; s++) {
        line(out, chart, &scale, &chart->series[s]);
        dots(out, chart, &scale, &chart->series[s]);
    }
    cut_marks(&labels, chart, &scale);
    chart_limit(&labels, chart->limit, chart->limit_name, &scale);
    pauses(&labels, chart, &scale, pause_word);
    if (scale.right < CHART_RIGHT)
        chart_histogram(&labels, chart, &scale);
    chart_labels_release(&labels);
    buf_append_text(out, "<g class=\"cursor\" data-own></g></svg>\n<div class=\"foot\"><output class=\"readout\" "
                         "data-own></output>\n");
    quantiles(out, chart, &scale);
    buf_append_text(out, "</div></figure>\n");
}

void chart_parts(struct buf *out, const char *title, const struct chart_part *parts, size_t n)
{
    double total = 0, x = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(parts[i].value))
            total += parts[i].value;
    buf_append_text(
        out, "<svg class=\"parts\" viewBox=\"0 0 400 14\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
    html_text(out, title);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(parts[i].value)) {
            buf_append_text(out, i == 0 ? ": " : ", ");
            html_text(out, parts[i].name);
            buf_append_byte(out, ' ');
            chart_value(out, CHART_MS, parts[i].value);
        }
    }
    buf_append_text(out, "\">");
    for (size_t i = 0; i < n && total > 0; i++) {
        double width = isfinite(parts[i].value) ? parts[i].value / total * 400 : 0;
        if (width >= 0.1)
            buf_printf(out, "<rect class=\"bar s%d\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"14\"/>",
                       parts[i].colour, x, width);
        x += width;
    }
    buf_append_text(out, "</svg>\n");
}
