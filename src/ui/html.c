#include "ui/html.h"

#include "common/clock.h"
#include "common/escape.h"
#include "record/timestamp.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void html_text(struct buf *out, const char *text)
{
    if (text != NULL && *text != '\0')
        escape_html(text, strlen(text), out);
}

void html_url(struct buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (const unsigned char *p = (const unsigned char *)text; p != NULL && *p != '\0'; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                     strchr("-._~", *p) != NULL;
        if (plain) {
            buf_append_byte(out, (char)*p);
        } else {
            buf_append_byte(out, '%');
            buf_append_byte(out, digits[*p >> 4]);
            buf_append_byte(out, digits[*p & 15]);
        }
    }
}

/* Digits with a comma before each group of three. */
static void grouped(struct buf *out, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_append_byte(out, ',');
        buf_append_byte(out, digits[i]);
    }
}

void html_number(struct buf *out, int64_t value)
{
    char digits[24];
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int n = snprintf(digits, sizeof(digits), "%" PRIu64, size);

    if (value < 0)
        buf_append_byte(out, '-');
    grouped(out, digits, (size_t)n);
}

void html_decimal(struct buf *out, double value, int decimals)
{
    char text[352]; /* DBL_MAX has 309 digits */

    if (!isfinite(value)) {
        buf_append_text(out, "–");
        return;
    }
    snprintf(text, sizeof(text), "%.*f", decimals, fabs(value));
    size_t whole = strcspn(text, ".");
    if (value < 0 && strspn(text, "0.") != strlen(text))
        buf_append_byte(out, '-');
    grouped(out, text, whole);
    buf_append_text(out, text + whole);
}

void html_size(struct buf *out, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    while (isfinite(bytes) && fabs(bytes) >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    html_decimal(out, bytes, unit == 0 ? 0 : 1);
    buf_printf(out, " %s", units[unit]);
}

void html_duration(struct buf *out, int64_t ms)
{
    double s = (double)ms / 1000.0;

    if (ms < 100)
        buf_printf(out, "%" PRId64 " ms", ms);
    else if (s < 1)
        buf_printf(out, "%.1f s", s);
    else if (s < 60)
        buf_printf(out, "%.0f s", s);
    else if (s < 600)
        buf_printf(out, "%.1f min", s / 60);
    else if (s < 3600)
        buf_printf(out, "%.0f min", s / 60);
    else
        buf_printf(out, "%.1f h", s / 3600);
}

static void part(struct buf *out, int64_t n, const char *unit, bool *any)
{
    if (n == 0)
        return;
    buf_printf(out, "%s%" PRId64 " %s%s", *any ? " " : "", n, unit, n == 1 ? "" : "s");
    *any = true;
}

void html_duration_verbose(struct buf *out, int64_t ms)
{
    int64_t s = ms / 1000;
    bool any = false;

    if (ms < 1000) {
        buf_printf(out, "%" PRId64 " ms", ms);
        return;
    }
    part(out, s / 604800, "week", &any);
    part(out, s / 86400 % 7, "day", &any);
    part(out, s / 3600 % 24, "hour", &any);
    part(out, s / 60 % 60, "minute", &any);
    part(out, s % 60, "second", &any);
    if (s < 60 && ms % 1000 != 0)
        buf_printf(out, " %" PRId64 " ms", ms % 1000);
}

void html_time_text(struct buf *out, int64_t wall_ms, const struct zone *zone, bool date, bool millis)
{
    struct timestamp_civil civil;

    timestamp_civil_of(wall_ms * 1000, zone != NULL ? zone : zone_utc(), &civil);
    if (date)
        buf_printf(out, "%04" PRId64 "/%02d/%02d ", civil.year, civil.month, civil.day);
    buf_printf(out, "%02d:%02d:%02d", civil.hour, civil.minute, civil.second);
    if (millis)
        buf_printf(out, ".%03d", civil.micro / 1000);
}

void html_time(struct buf *out, int64_t wall_ms, const struct zone *zone, bool millis)
{
    buf_append_text(out, "<time datetime=\"");
    clock_iso_utc(wall_ms, out);
    buf_append_text(out, "\">");
    html_time_text(out, wall_ms, zone, true, millis);
    buf_append_text(out, "</time>");
}
