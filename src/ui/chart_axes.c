#include "chart_internal.h"

#include "record/timestamp.h"
#include "ui/html.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LABEL_FROM (-12) /* labels of values may reach into the margin that every chart has */

/* Gridlines of sizes are at powers of two, so most of their labels need no decimals. */
static void size_label(struct buf *out, double bytes)
{
    struct buf text = BUF_INIT;

    html_size(&text, bytes);
    const char *whole = text.data != NULL ? strstr(text.data, ".0 ") : NULL;
    if (whole != NULL) {
        buf_append(out, text.data, (size_t)(whole - text.data));
        buf_append_text(out, whole + 2);
    } else if (text.data != NULL) {
        buf_append_text(out, text.data);
    }
    buf_release(&text);
}

/* A label beside a gridline: short, with as many decimals as the step needs. */
static void tick_label(struct buf *out, enum chart_unit unit, double value, double step)
{
    static const struct {
        double size;
        const char *suffix;
    } decimal[] = {{1e9, "G"}, {1e6, "M"}, {1e4, "k"}};
    double scale = 1;
    const char *suffix = "";

    if (unit == CHART_BYTES) {
        size_label(out, value);
        return;
    }
    if (unit == CHART_SECONDS && step >= 15 && value > 0) {
        html_duration(out, (int64_t)(value * 1000));
        return;
    }
    for (size_t i = 0; i < sizeof(decimal) / sizeof(decimal[0]); i++) {
        if (step * 4 >= decimal[i].size) {
            suffix = decimal[i].suffix;
            scale = decimal[i].size == 1e4 ? 1e3 : decimal[i].size;
            break;
        }
    }
    double shown = step / scale;
    int decimals = 0;
    while (decimals < 3 && fabs(shown - round(shown)) > 1e-6) {
        shown *= 10;
        decimals++;
    }
    html_decimal(out, value / scale, decimals);
    if (value > 0)
        buf_append_text(out, suffix);
}

int64_t chart_time_step(int64_t range_ms, int ticks)
{
    static const int steps[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    int64_t wanted = (range_ms + ticks * 1000 - 1) / (ticks * 1000);

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i] >= wanted)
            return steps[i];
    return (wanted / 86400 + 1) * 86400;
}

static void time_label(struct buf *out, int64_t ms, int64_t step_s, const struct zone *zone)
{
    struct timestamp_civil civil;

    timestamp_civil_of(ms * 1000, zone, &civil);
    if (step_s >= 86400)
        buf_printf(out, "%02d/%02d", civil.month, civil.day);
    else if (step_s >= 60)
        buf_printf(out, "%02d:%02d", civil.hour, civil.minute);
    else
        buf_printf(out, "%02d:%02d:%02d", civil.hour, civil.minute, civil.second);
}

void chart_x_label(struct chart_labels *labels, double x, const struct chart_scale *scale)
{
    const struct chart_spot foot = {x, CHART_BOTTOM + 16, CHART_MIDDLE};

    chart_labels_place(labels, "", CHART_LEFT, scale->right, &foot, 1);
}

static void time_axis(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale)
{
    const struct zone *zone = chart->zone != NULL ? chart->zone : zone_utc();
    int64_t step = chart_time_step(scale->last_ms - scale->first_ms, 4);
    /* Labels stand at whole steps of the wall clock shown. */
    int64_t offset = zone_offset_at(zone, scale->first_ms / 1000);
    int64_t local = (scale->first_ms + 999) / 1000 + offset;
    int64_t at = ((local + step - 1) / step) * step - offset;

    for (; at * 1000 <= scale->last_ms; at += step) {
        double x = chart_x(scale, at * 1000);
        buf_printf(labels->out, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>", x, CHART_TOP, CHART_BOTTOM + 3);
        time_label(&labels->text, at * 1000, step, zone);
        chart_x_label(labels, x, scale);
    }
}

void chart_y_axis(struct chart_labels *labels, enum chart_unit unit, const struct chart_scale *scale)
{
    for (int i = 0; i <= 8 && i * scale->step <= scale->top * 1.000001; i++) {
        double y = chart_y(scale, i * scale->step);
        const struct chart_spot beside = {CHART_LEFT - 5, y + 4, CHART_END};
        buf_printf(labels->out, "<path class=\"%s\" d=\"M%d %.1fH%d\"/>", i == 0 ? "axis" : "grid", CHART_LEFT, y,
                   CHART_RIGHT);
        tick_label(&labels->text, unit, i * scale->step, scale->step);
        chart_labels_place(labels, "", LABEL_FROM, CHART_LEFT, &beside, 1);
    }
}

void chart_axes(struct chart_labels *labels, const struct chart *chart, const struct chart_scale *scale)
{
    chart_y_axis(labels, chart->unit, scale);
    time_axis(labels, chart, scale);
}
