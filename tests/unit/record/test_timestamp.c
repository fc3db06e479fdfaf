#include "record/timestamp.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define T1 INT64_C(1546300620000000) /* 2018-12-31T23:57:00Z */

static const struct zone *open_zone(const char *name)
{
    const struct zone *zone = zone_open(name, strlen(name), NULL);

    assert_non_null(zone);
    return zone;
}

static int close_zones(void **state)
{
    (void)state;
    zone_close_all();
    return 0;
}

static void calendar_is_proleptic_gregorian(void **state)
{
    int64_t year;
    int month, day;

    (void)state;
    assert_int_equal(timestamp_days(1970, 1, 1), 0);
    assert_int_equal(timestamp_days(2018, 12, 31), 17896);
    assert_int_equal(timestamp_days(1582, 10, 10), -141432);
    assert_int_equal(timestamp_days(0, 1, 1), -719528);
    assert_int_equal(timestamp_days(10000, 1, 1), 2932897);
    assert_int_equal(timestamp_month_days(2000, 2), 29);
    assert_int_equal(timestamp_month_days(1900, 2), 28);
    assert_int_equal(timestamp_month_days(-4, 2), 29);
    int64_t expected_year = -400;
    int expected_month = 1, expected_day = 1;
    for (int64_t days = timestamp_days(-400, 1, 1); days < timestamp_days(2500, 1, 1); days++) {
        timestamp_civil_of_days(days, &year, &month, &day);
        assert_true(year == expected_year && month == expected_month && day == expected_day);
        assert_true(timestamp_days(year, month, day) == days);
        if (++expected_day > timestamp_month_days(expected_year, expected_month)) {
            expected_day = 1;
            if (++expected_month > 12) {
                expected_month = 1;
                expected_year++;
            }
        }
    }
}

static void parses_sparks_grammar(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"2018-12-31T23:57:00.000", T1},
        {"2018-12-31 23:57", T1},
        {" 2018-12-31T23:57:00\t\x7F", T1},
        {"2018-12-31T23:57:00.000Z", T1},
        {"2018-12-31T23:57:00.000+00:00", T1},
        {"2019-01-01T00:57:00+01:00", T1},
        {"2019-01-01T00:57:00 +1", T1},
        {"2019-01-01T00:57:00.Europe/Paris", T1},
        {"2018-12-31T15:57:00PST", T1},
        {"2018-12-31T23:57:00GMT0", T1},
        {"2018-12-31T23:57:0", T1},
        {"2018-12-31T23:57:00.1234567", T1 + 123456},
        {"2018-12-31T23:57:00.5", T1 + 500000},
        {"2018", INT64_C(1514764800000000)},
        {"2018-12", INT64_C(1543622400000000)},
        {"2018-1-2 3:4:5", INT64_C(1514862245000000)},
        {"0000-01-01", INT64_C(-62167219200000000)},
        {"-0001-01-01", INT64_C(-62198755200000000)},
        {"+10000-01-01", INT64_C(253402300800000000)},
        {"+294247-01-10T04:00:54.775807", INT64_MAX},
        {"-290308-12-21T19:59:05.224192", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        " ",
        "2018-12-31T23:57+01:00",
        "2018-12-31T24:00:00",
        "2018-02-30",
        "2018-13-01",
        "2018-12-31T",
        "2018-12-31t23:57:00",
        "2018-12-31  23:57",
        "2018-12-31T23:57:00z",
        "2018-12-31T23:57:60",
        "2018-12-31T23:57:00utc",
        "2018-12-31T23:57:00+100",
        "2018-12-31T23:57:00+19:00",
        "2018-12-31T23:57:00PDT",
        "1",
        "1234567-01-01",
        "2018-123",
        "2018-12-31T23:57:000",
        "x",
        "+",
        "2018-12-31T23:57:00.1x",
        "+294247-01-10T04:00:54.775808",
        "-290308-12-21T19:59:05.224191",
        "2018-12-31T23:57:00Z0",
    };
    int64_t us;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!timestamp_parse(good[i].text, strlen(good[i].text), zone_utc(), &us))
            fail_msg("refused '%s'", good[i].text);
        if (us != good[i].us)
            fail_msg("'%s' is %lld", good[i].text, (long long)us);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (timestamp_parse(bad[i], strlen(bad[i]), zone_utc(), &us))
            fail_msg("accepted '%s'", bad[i]);
}

static void a_time_alone_is_todays(void **state)
{
    int64_t us;

    (void)state;
    clock_fake(T1 / 1000, 0);
    assert_true(timestamp_parse("T01:02:03.5", 11, zone_utc(), &us));
    assert_int_equal(us, T1 - (22 * 3600 + 54 * 60 + 57) * INT64_C(1000000) + 500000);
    assert_true(timestamp_parse("1:2", 3, open_zone("+01:00"), &us)); /* there it is 2019 already */
    assert_int_equal(us, T1 + (180 + 120) * INT64_C(1000000));
    clock_real();
}

static void parses_dates(void **state)
{
    static const struct {
        const char *text;
        bool cast, json;
        int32_t days;
    } cases[] = {
        {"2018-12-31", true, true, 17896},
        {"2018-12-31 garbage", true, true, 17896},
        {"2018-12-31T", true, true, 17896},
        {"2018", true, true, 17532},
        {"2018-12", true, true, 17866},
        {"17896", true, true, 5816852},
        {"1", false, true, 1},
        {"-1", false, true, -1},
        {"20181231", false, true, 20181231},
        {"2147483648", false, false, 0},
        {"2018-12-31GMT", false, true, 17896},
        {"-2147483648", false, true, -2147439564},
        {"2018-12-31Z", false, false, 0},
        {"2018-12 ", true, true, 17866},
        {"2018-12 x", false, false, 0},
        {"", false, false, 0},
        {"-", false, false, 0},
        {"5881581-01-01", false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int32_t days = 0;
        assert_int_equal(timestamp_parse_date(cases[i].text, strlen(cases[i].text), &days), cases[i].cast);
        if (cases[i].cast)
            assert_int_equal(days, cases[i].days);
        assert_int_equal(timestamp_parse_json_date(cases[i].text, strlen(cases[i].text), &days), cases[i].json);
        if (cases[i].json)
            assert_int_equal(days, cases[i].days);
    }
}

/* The cached way against the plain one: sound and broken texts, in zones with and without changes of the clock. */
static void cache_changes_nothing(void **state)
{
    static const char *const zones[] = {"UTC", "+05:30", "Europe/Paris", "America/Los_Angeles"};
    static const char alphabet[] = "0123456789-:T. Z9";
    uint32_t x = 12345;

    (void)state;
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
        static struct timestamp_cache cache;
        const struct zone *zone = open_zone(zones[z]);
        timestamp_cache_init(&cache, zone);
        for (int i = 0; i < 40000; i++) {
            char text[32];
            int64_t plain = 1, cached = 1;
            x = x * 1664525 + 1013904223;
            snprintf(text, sizeof(text), "20%02u-%02u-%02uT%02u:%02u:%02u.%03u", x % 90, (x >> 8) % 13, (x >> 12) % 32,
                     (x >> 16) % 25, (x >> 20) % 61, (x >> 24) % 61, x % 1000);
            x = x * 1664525 + 1013904223;
            if (x % 4 == 0)
                text[(x >> 8) % 23] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
            for (int again = 0; again < 2; again++) {
                bool ok = timestamp_parse(text, strlen(text), zone, &plain);
                if (ok != timestamp_parse_cached(&cache, text, strlen(text), &cached) || (ok && plain != cached))
                    fail_msg("'%s' in %s", text, zones[z]);
            }
        }
    }
}

static void prints(void **state)
{
    static const struct {
        int64_t us;
        const char *zone, *text, *iso;
    } cases[] = {
        {T1, "UTC", "2018-12-31 23:57:00", "2018-12-31T23:57:00.000Z"},
        {T1 + 120000, "UTC", "2018-12-31 23:57:00.12", "2018-12-31T23:57:00.120Z"},
        {T1 + 1, "America/Los_Angeles", "2018-12-31 15:57:00.000001", "2018-12-31T15:57:00.000-08:00"},
        {-1, "UTC", "1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000000), "UTC", "+10000-01-01 00:00:00", "+10000-01-01T00:00:00.000Z"},
        {INT64_C(-62198755200000000), "UTC", "-0001-01-01 00:00:00", "-0001-01-01T00:00:00.000Z"},
        {INT64_C(-62135596800000000), "Europe/Paris", "0001-01-01 00:09:21", "0001-01-01T00:09:21.000+00:09:21"},
    };
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_reset(&out);
        timestamp_text(cases[i].us, open_zone(cases[i].zone), &out);
        assert_string_equal(out.data, cases[i].text);
        buf_reset(&out);
        timestamp_iso_text(cases[i].us, open_zone(cases[i].zone), &out);
        assert_string_equal(out.data, cases[i].iso);
    }
    buf_reset(&out);
    timestamp_date_text(-719528 - 1, &out);
    assert_string_equal(out.data, "-0001-12-31");
    buf_release(&out);
}

static void civil_and_back(void **state)
{
    static const char *const zones[] = {"UTC", "-08", "Europe/Paris"};
    struct timestamp_civil civil;

    (void)state;
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
        const struct zone *zone = open_zone(zones[z]);
        for (int64_t us = -INT64_C(3000000000123457); us < INT64_C(3000000000000000); us += INT64_C(7777777777777)) {
            timestamp_civil_of(us, zone, &civil);
            assert_int_equal(timestamp_of_civil(&civil, zone), us);
            assert_int_equal(timestamp_to_date(us, zone), timestamp_days(civil.year, civil.month, civil.day));
            int64_t midnight = timestamp_from_date(timestamp_to_date(us, zone), zone);
            assert_true(midnight <= us && us - midnight < 25 * INT64_C(3600000000));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_is_proleptic_gregorian),
        cmocka_unit_test(parses_sparks_grammar),
        cmocka_unit_test(a_time_alone_is_todays),
        cmocka_unit_test(parses_dates),
        cmocka_unit_test(cache_changes_nothing),
        cmocka_unit_test(prints),
        cmocka_unit_test(civil_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, close_zones);
}
