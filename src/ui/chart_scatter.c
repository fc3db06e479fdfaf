/* Two scales of values instead of one and time. What lies far above all others is cut off, as in the other charts. */
#include "chart_internal.h"

#include "ui/html.h"

#include <math.h>

struct plane {
    struct chart_scale y;
    double right; /* greatest x shown */
    double step;  /* between gridlines of x */
};

static double at_x(const struct plane *plane, double x)
{
    return CHART_LEFT + x / plane->right * (CHART_RIGHT - CHART_LEFT);
}

/* The scale of y is that of a chart over time with the same values. */
static void plane_of(const struct chart_scatter *scatter, struct plane *plane)
{
    static const int64_t nowhen[] = {0};
    const struct chart_series series = {scatter->title, 1, scatter->y, 0};
    struct chart chart = {
        .unit = scatter->unit, .n = scatter->n, .nseries = 1, .series = &series, .limit = scatter->limit};
    double most = 0;

    for (size_t i = 0; i < scatter->n; i++)
        most = fmax(most, scatter->x[i]);
    plane->step = fmax(1, chart_step(most, 6, false));
    plane->right = fmax(ceil(most / plane->step - 1e-9), 1) * plane->step;
    chart.time_ms = nowhen;
    chart_values(&chart, &plane->y);
    plane->y.right = CHART_RIGHT;
}

static void x_axis(struct chart_labels *labels, const struct plane *plane)
{
    for (int i = 0; i <= 8 && i * plane->step <= plane->right * 1.000001; i++) {
        double x = at_x(plane, i * plane->step);
        buf_printf(labels->out, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", x, CHART_TOP, CHART_BOTTOM + 3);
        html_decimal(&labels->text, i * plane->step, 0);
        chart_x_label(labels, x, &plane->y);
    }
}

static void points(struct chart_labels *labels, const struct chart_scatter *scatter, const struct plane *plane)
{
    struct buf *out = labels->out;

    buf_append_text(out, "<path class=\"line dot point s1\" d=\"");
    for (size_t i = 0; i < scatter->n; i++)
        if (isfinite(scatter->y[i]) && scatter->y[i] <= plane->y.top)
            buf_printf(out, "M%.1f %.1fh0.1", at_x(plane, scatter->x[i]), chart_y(&plane->y, scatter->y[i]));
    buf_append_text(out, "\"/>\n");
    for (size_t i = 0; i < scatter->n; i++)
        if (scatter->y[i] > plane->y.top)
            chart_mark(labels, at_x(plane, scatter->x[i]));
}

static void line(struct buf *out, const struct chart_scatter *scatter, const struct plane *plane)
{
    buf_append_text(out, "<path class=\"line s2\" d=\"");
    for (size_t i = 0; i < scatter->nline; i++)
        buf_printf(out, "%c%.1f %.1f", i == 0 ? 'M' : 'L', at_x(plane, scatter->line_x[i]),
                   chart_y(&plane->y, scatter->line_y[i]));
    buf_append_text(out, "\"/>\n");
}

void chart_scatter(struct buf *out, const struct chart_scatter *scatter)
{
    struct chart_labels labels = {.out = out};
    struct plane plane;

    buf_printf(out, "<figure class=\"chart scatter\" id=\"%s\" title=\"", scatter->id);
    html_text(out, scatter->help);
    buf_append_text(out, "\">\n<figcaption><span class=\"name\">");
    html_text(out, scatter->title);
    buf_printf(out, "</span><span class=\"unit\">%s</span><ul class=\"legend\"><li class=\"s1\">batch</li>",
               chart_unit_name(scatter->unit));
    if (scatter->nline > 1) {
        buf_append_text(out, "<li class=\"s2\">");
        html_text(out, scatter->line_name);
        buf_append_text(out, "</li>");
    }
    buf_append_text(out, "</ul></figcaption>\n");
    if (scatter->n == 0) {
        buf_append_text(out, "<p class=\"empty\">No batch with rows has been finished yet.</p>\n</figure>\n");
        return;
    }
    plane_of(scatter, &plane);
    buf_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">",
               CHART_WIDTH, CHART_HEIGHT, scatter->id, scatter->id, scatter->id);
    html_text(out, scatter->title);
    buf_printf(out, "</title><desc id=\"%s-d\">", scatter->id);
    html_text(out, scatter->help);
    buf_printf(out, " %zu batches.</desc>\n", scatter->n);
    chart_y_axis(&labels, scatter->unit, &plane.y);
    x_axis(&labels, &plane);
    points(&labels, scatter, &plane);
    if (scatter->nline > 1)
        line(out, scatter, &plane);
    chart_limit(&labels, scatter->limit, scatter->limit_name, &plane.y);
    chart_labels_release(&labels);
    buf_append_text(out, "</svg>\n<p class=\"quantiles\"><span>over rows of the batch</span><a href=\"#");
    html_text(out, scatter->table);
    buf_append_text(out, "\">table<span class=\"unseen\"> of ");
    html_text(out, scatter->title);
    buf_append_text(out, "</span></a></p>\n</figure>\n");
}
