#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/html.h"

#include <math.h>
#include <string.h>

static void is(struct buf *out, const char *wanted)
{
    assert_false(out->failed);
    assert_string_equal(out->len == 0 ? "" : out->data, wanted);
    buf_release(out);
}

static void texts(void **state)
{
    static const struct {
        const char *in;
        const char *html;
        const char *url;
    } rows[] = {
        {NULL, "", ""},
        {"", "", ""},
        {"plain", "plain", "plain"},
        {"<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;",
         "%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E"},
        {"a\"b'c&d", "a&quot;b&#39;c&amp;d", "a%22b%27c%26d"},
        {"caf\xc3\xa9 -._~", "caf\xc3\xa9 -._~", "caf%C3%A9%20-._~"},
        {"\x01", "\xef\xbf\xbd", "%01"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        html_text(&out, rows[i].in);
        is(&out, rows[i].html);
        html_url(&out, rows[i].in);
        is(&out, rows[i].url);
    }
}

static void numbers(void **state)
{
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {7, "7"},
        {999, "999"},
        {1000, "1,000"},
        {-1234567, "-1,234,567"},
        {INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    static const struct {
        double value;
        int decimals;
        const char *text;
    } decimals[] = {
        {0, 1, "0.0"}, {1234.56, 1, "1,234.6"}, {-0.01, 1, "0.0"},     {-2.5, 2, "-2.50"},
        {NAN, 1, "–"}, {INFINITY, 1, "–"},      {1e6, 0, "1,000,000"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        html_number(&out, rows[i].value);
        is(&out, rows[i].text);
    }
    for (size_t i = 0; i < sizeof(decimals) / sizeof(decimals[0]); i++) {
        html_decimal(&out, decimals[i].value, decimals[i].decimals);
        is(&out, decimals[i].text);
    }
    html_decimal(&out, -1.7e308, 3); /* 309 digits fit */
    assert_true(out.len > 400);
    buf_release(&out);
    html_size(&out, 512);
    is(&out, "512 B");
    html_size(&out, 12595);
    is(&out, "12.3 KiB");
    html_size(&out, 3.5 * 1024 * 1024 * 1024);
    is(&out, "3.5 GiB");
}

static void durations(void **state)
{
    static const struct {
        int64_t ms;
        const char *brief;
        const char *verbose;
    } rows[] = {
        {0, "0 ms", "0 ms"},
        {99, "99 ms", "99 ms"},
        {123, "0.1 s", "123 ms"},
        {1000, "1 s", "1 second"},
        {4056, "4 s", "4 seconds 56 ms"},
        {124000, "2.1 min", "2 minutes 4 seconds"},
        {660000, "11 min", "11 minutes"},
        {3724000, "1.0 h", "1 hour 2 minutes 4 seconds"},
        {90061000, "25.0 h", "1 day 1 hour 1 minute 1 second"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        html_duration(&out, rows[i].ms);
        is(&out, rows[i].brief);
        html_duration_verbose(&out, rows[i].ms);
        is(&out, rows[i].verbose);
    }
}

static void times(void **state)
{
    const struct zone *zone = zone_open("-08:00", 6, NULL);
    struct buf out = BUF_INIT;

    (void)state;
    html_time(&out, 1546300800044, NULL, false);
    is(&out, "<time datetime=\"2019-01-01T00:00:00.044Z\">2019/01/01 00:00:00</time>");
    html_time_text(&out, 1546300800044, zone, true, true);
    is(&out, "2018/12/31 16:00:00.044");
    html_time_text(&out, 1546300800044, zone, false, false);
    is(&out, "16:00:00");
    zone_close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(numbers),
        cmocka_unit_test(durations),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
