#include "chart_internal.h"

#include "ui/html.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define MAX_BINS 40

/* Into how many bins a step between gridlines is cut, so that their bounds are short numbers; those of records, which
 * come whole, are whole. */
static int bins_a_step(const struct chart *chart, double step)
{
    static const int counts[] = {5, 4, 2};

    for (size_t i = 0; chart->unit == CHART_RECORDS && i < sizeof(counts) / sizeof(counts[0]); i++)
        if (fmod(step, counts[i]) == 0)
            return counts[i];
    if (chart->unit == CHART_RECORDS)
        return 1;
    if (chart->unit == CHART_BYTES || chart->unit == CHART_SECONDS)
        return 4;
    double power = pow(10, floor(log10(step) + 1e-9));
    return fabs(step / power - 2) < 0.01 ? 4 : 5;
}

static void bin_title(struct buf *out, const struct chart *chart, size_t count, size_t known, double low, double high,
                      bool open)
{
    html_number(out, (int64_t)count);
    buf_append_text(out, count == 1 ? " batch (" : " batches (");
    html_decimal(out, 100.0 * (double)count / (double)known, 1);
    buf_append_text(out, open ? " %) of " : " %) between ");
    chart_value(out, chart->unit, low);
    buf_append_text(out, open ? " or more" : " and ");
    if (!open)
        chart_value(out, chart->unit, high);
}

void chart_histogram(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale)
{
    static const struct chart_spot foot = {CHART_RIGHT, CHART_BOTTOM + 16, CHART_END};
    struct buf *out = labels->out;
    size_t counts[MAX_BINS] = {0}, known = 0, most = 0;
    double width = scale->step / bins_a_step(chart, scale->step);
    int nbins = (int)(scale->top / width + 0.5);
    const double *values = chart->series[0].values;

    if (nbins < 1 || nbins > MAX_BINS)
        return;
    for (size_t i = 0; i < chart->n; i++) {
        if (!isfinite(values[i]) || values[i] < 0)
            continue;
        int bin = values[i] >= scale->top ? nbins - 1 : (int)(values[i] / width);
        bin = bin >= nbins ? nbins - 1 : bin;
        known++;
        if (++counts[bin] > most)
            most = counts[bin];
    }
    buf_printf(out, "<path class=\"axis\" d=\"M%d %dV%d\"/>", CHART_HISTOGRAM, CHART_TOP, CHART_BOTTOM);
    buf_append_text(&labels->text, "batches");
    chart_labels_place(labels, "batches", CHART_LEFT, CHART_RIGHT, &foot, 1);
    buf_append_text(out, "<g class=\"histogram\">");
    for (int bin = 0; bin < nbins; bin++) {
        if (counts[bin] == 0)
            continue;
        double top = chart_y(scale, (bin + 1) * width), bottom = chart_y(scale, bin * width);
        double share = (double)counts[bin] / (double)most * (CHART_RIGHT - CHART_HISTOGRAM);
        buf_printf(out, "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", CHART_HISTOGRAM, top,
                   share < 1 ? 1 : share, bottom - top > 1.5 ? bottom - top - 0.8 : bottom - top);
        bin_title(out, chart, counts[bin], known, bin * width, (bin + 1) * width, bin == nbins - 1 && scale->cut);
        buf_append_text(out, "</title></rect>");
    }
    buf_append_text(out, "</g>\n");
}
