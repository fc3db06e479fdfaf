#include "rows.h"

#include "../../../src/sql/pattern_internal.h"

static const struct zone *zone_of(const char *name)
{
    const struct zone *zone = zone_open(name, strlen(name), NULL);

    assert_non_null(zone);
    return zone;
}

static void test_refused(void **state)
{
    static const struct {
        const char *pattern;
        bool parsing;
        const char *condition; /* NULL: accepted; "" a plain exception */
        const char *message;   /* how it begins */
    } cases[] = {
        {"yyyy-MM-dd", false, NULL, NULL},
        {"yyyyyyy", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION",
         "You may get a different result"},
        {"MMMMM", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "You may"},
        {"YYYY", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "You may"},
        {"e", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", "You may"},
        {"n", false, "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "Unrecognized datetime pattern: n."},
        {"qqqqq", false, "INVALID_DATETIME_PATTERN.LENGTH", "Unrecognized datetime pattern: qqqqq."},
        {"V", false, "", "Pattern letter count must be 2: V"},
        {"l", false, "", "Unknown pattern letter: l"},
        {"'open", false, "", "Pattern ends with an incomplete string literal: 'open"},
        {"XXXXXX", false, "", "Too many pattern letters: X"},
        {"{", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "You may"},
        {"yyyy]", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "You may"},
        {"SSSSSSSSSS", false, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "You may"},
        {"E", false, NULL, NULL},
        {"E", true, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION", "You may"},
        {"Q", true, "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "Unrecognized"},
        {"'e n'", false, NULL, NULL}, /* quoted letters are text */
        {"[[[[", false, NULL, NULL},
    };
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct datetime_pattern *p =
            pattern_compile(&arena, cases[i].pattern, strlen(cases[i].pattern), cases[i].parsing);
        assert_non_null(p);
        if ((p->message != NULL) != (cases[i].condition != NULL))
            fail_msg("%s: %s", cases[i].pattern, p->message != NULL ? p->message : "accepted");
        if (p->message == NULL)
            continue;
        assert_string_equal(p->condition, cases[i].condition);
        if (strncmp(p->message, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s: %s", cases[i].pattern, p->message);
    }
    /* 65 open brackets are more than anyone writes: refused, not overrun */
    char many[66];
    memset(many, '[', 65);
    many[65] = '\0';
    assert_non_null(pattern_compile(&arena, many, 65, false)->message);
    arena_release(&arena);
}

static void test_format(void **state)
{
    static const struct {
        const char *zone;
        int64_t us;
        const char *pattern;
        const char *text;
    } cases[] = {
        {"UTC", INT64_C(1546300620123456), "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", "2018-12-31T23:57:00.123456Z"},
        {"UTC", INT64_C(1546300620123456), "EEEE d MMMM y G, QQQ 'o''clock' [yy]",
         "Monday 31 December 2018 AD, Q4 o'clock 18"},
        {"UTC", INT64_C(1546300620123456), "D F g h hh k K a SSSSSSSSS", "365 5 58483 11 11 23 11 PM 123456000"},
        {"America/Los_Angeles", INT64_C(1546300620123456), "HH z zzzz v VV O OOOO x X Z ZZZZZ",
         "15 PST Pacific Standard Time PT America/Los_Angeles GMT-8 GMT-08:00 -08 -08 -0800 -08:00"},
        {"America/Los_Angeles", INT64_C(1530000000000000), "z zzzz", "PDT Pacific Daylight Time"},
        {"+05:30", INT64_C(1546300620123456), "HH:mm z VV XX XXX", "05:27 +05:30 +05:30 +0530 +05:30"},
        {"PST", INT64_C(1546300620123456), "VV z", "America/Los_Angeles PST"},
        {"UTC", INT64_C(-62198755200000000), "yyyy G u", NULL},
        {"UTC", INT64_C(-62198755200000000), "yyyy-MM-dd", "-0001-01-01"},
        {"UTC", INT64_C(-62198755200000000), "y G", "2 BC"},
        {"UTC", -1, "yyyy-MM-dd HH:mm:ss.SSSSSS", "1969-12-31 23:59:59.999999"},
    };
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT;
        const struct datetime_pattern *p = pattern_compile(&arena, cases[i].pattern, strlen(cases[i].pattern), false);
        if (cases[i].text == NULL) {
            assert_non_null(p->message);
            continue;
        }
        assert_null(p->message);
        pattern_format(p, cases[i].us, zone_of(cases[i].zone), &out);
        assert_string_equal(out.data, cases[i].text);
        buf_release(&out);
    }
    arena_release(&arena);
    zone_close_all();
}

static void test_parse(void **state)
{
    static const struct {
        const char *pattern;
        const char *text;
        const char *result; /* in UTC, or why not */
    } cases[] = {
        {"yyyy-MM-dd HH:mm:ss", "2018-12-31 23:57:00", "2018-12-31 23:57:00"},
        {"yyyy-MM-dd", "2018-2-3", "could not be parsed at index 5"},
        {"y-M-d", "2018-2-3", "2018-02-03 00:00:00"},
        {"yyyy-MM-dd", "2018-12-31x", "could not be parsed, unparsed text found at index 10"},
        {"yyyy-MM-dd", "2018-02-30", "could not be parsed: Invalid date 'FEBRUARY 30'"},
        {"yyyyMMddHHmmss", "20181231235700", "2018-12-31 23:57:00"},
        {"yyyyMMddHHmmssSSS", "20181231235700123", "could not be parsed at index 0"},
        {"yyyy", "12018", "could not be parsed at index 0"},
        {"yyyy", "+12018", "+12018-01-01 00:00:00"},
        {"yyyy", "-0044", "-0044-01-01 00:00:00"},
        {"yy-MM", "70-02", "2070-02-01 00:00:00"},
        {"D yyyy", "365 2018", "2018-12-31 00:00:00"},
        {"D yyyy", "366 2018", "could not be parsed: Invalid date 'DayOfYear 366' as '2018' is not a leap year"},
        {"hh a", "12 am", "1970-01-01 00:00:00"},
        {"hh a", "13 PM", "could not be parsed: Invalid value for ClockHourOfAmPm (valid values 1 - 12): 13"},
        {"a", "PM", "1970-01-01 12:00:00"},
        {"kk", "24", "1970-01-01 00:00:00"},
        {"d MMM yyyy", "31 dec 2018", "2018-12-31 00:00:00"},
        {"ss.SSS", "07.5", "1970-01-01 00:00:07.5"},
        {"ss[.SSS]", "07", "1970-01-01 00:00:07"},
        {"HH:mmXXX", "10:00+01:00", "1970-01-01 09:00:00"},
        {"HH:mmZ", "10:00-0130", "1970-01-01 11:30:00"},
        {"HH:mmX", "10:00Z", "1970-01-01 10:00:00"},
        {"HH:mm O", "10:00 GMT+1", "1970-01-01 09:00:00"},
        {"HH:mm VV", "10:00 Asia/Tokyo", "1970-01-01 01:00:00"},
        {"yyyy G", "0044 BC", "-0043-01-01 00:00:00"},
        {"'at' HH", "at 5", "could not be parsed at index 3"},
        {"yyyy", "", "could not be parsed at index 0"},
        {"yyyy", "99999999999999999999", "could not be parsed at index 0"},
        {"\u65e5yyyy", "\u65e5x", "could not be parsed at index 1"},
    };
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT;
        char why[160];
        int64_t us;
        const struct datetime_pattern *p = pattern_compile(&arena, cases[i].pattern, strlen(cases[i].pattern), true);
        assert_null(p->message);
        if (pattern_parse(p, cases[i].text, strlen(cases[i].text), zone_utc(), &us, why, sizeof(why)))
            timestamp_text(us, zone_utc(), &out);
        else
            buf_append_text(&out, why);
        if (strcmp(out.data, cases[i].result) != 0)
            fail_msg("%s by %s: got %s, expected %s", cases[i].text, cases[i].pattern, out.data, cases[i].result);
        buf_release(&out);
    }
    arena_release(&arena);
    zone_close_all();
}

/* What was formatted parses back to the same instant. */
static void test_round_trip(void **state)
{
    static const char *const patterns[] = {"yyyy-MM-dd HH:mm:ss.SSSSSSXXX", "y/D HH:mm:ss.SSSSSS x",
                                           "dd MMMM yyyy hh:mm:ss.SSSSSS a ZZZZ", "yyyyMMdd kk:mm:ss.SSSSSS VV"};
    const char *const zones[] = {"UTC", "America/Los_Angeles", "Asia/Kolkata"};
    struct arena arena = ARENA_INIT;

    (void)state;
    for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
        const struct datetime_pattern *format = pattern_compile(&arena, patterns[p], strlen(patterns[p]), false);
        const struct datetime_pattern *parse = pattern_compile(&arena, patterns[p], strlen(patterns[p]), true);
        for (int k = 0; k < 600; k++) {
            struct buf out = BUF_INIT;
            char why[160];
            int64_t us = INT64_C(-30000000000000000) + (int64_t)k * INT64_C(98765432109876), back;
            pattern_format(format, us, zone_of(zones[k % 3]), &out);
            /* an offset with seconds (before standard time) does not fit these patterns */
            if (us > 0) {
                if (!pattern_parse(parse, out.data, out.len, zone_utc(), &back, why, sizeof(why)))
                    fail_msg("%s by %s: %s", out.data, patterns[p], why);
                if (p == 3 && back == us + INT64_C(3600000000))
                    back = us; /* the hour that comes twice is read as its first */
                assert_int_equal(back, us);
            }
            buf_release(&out);
        }
    }
    arena_release(&arena);
    zone_close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
