#include "record/timestamp.h"
#include "record/zone.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct zone *open_zone(const char *name)
{
    return zone_open(name, strlen(name), NULL);
}

static int close_zones(void **state)
{
    (void)state;
    zone_close_all();
    return 0;
}

static int64_t utc(int64_t year, int month, int day, int hour, int minute)
{
    return timestamp_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static void takes_javas_names(void **state)
{
    static const struct {
        const char *name;
        int32_t offset_s; /* on 2019-01-15 */
        const char *id;
    } cases[] = {
        {"UTC", 0, "UTC"},
        {"Z", 0, "Z"},
        {"GMT", 0, "GMT"},
        {"UT", 0, "UT"},
        {"GMT0", 0, "GMT0"},
        {"Zulu", 0, "Zulu"},
        {"Etc/GMT+5", -18000, "Etc/GMT+5"},
        {"+1", 3600, "+01:00"},
        {"-08", -28800, "-08:00"},
        {"+01:00", 3600, "+01:00"},
        {"+0530", 19800, "+05:30"},
        {"+1:30", 5400, "+01:30"},
        {"+01:5", 3900, "+01:05"},
        {"-18:00", -64800, "-18:00"},
        {"+01:00:30", 3630, "+01:00:30"},
        {"+010030", 3630, "+01:00:30"},
        {"+00:00", 0, "Z"},
        {"UTC+1", 3600, "UTC+01:00"},
        {"UT-03:30", -12600, "UT-03:30"},
        {"GMT+00:00", 0, "GMT"},
        {"Europe/Paris", 3600, "Europe/Paris"},
        {"America/Los_Angeles", -28800, "America/Los_Angeles"},
        {"PST8PDT", -28800, "PST8PDT"},
        {"PST", -28800, "America/Los_Angeles"},
        {"EST", -18000, "-05:00"},
        {"JST", 32400, "Asia/Tokyo"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct zone *zone = open_zone(cases[i].name);
        assert_non_null(zone);
        assert_int_equal(zone_offset_at(zone, utc(2019, 1, 15, 0, 0)), cases[i].offset_s);
        assert_string_equal(zone_id(zone), cases[i].id);
        assert_string_equal(zone_name(zone), cases[i].name);
        assert_ptr_equal(zone, open_zone(cases[i].name));
    }
}

static void refuses_other_names(void **state)
{
    static const char *const names[] = {
        "",
        "utc",
        "europe/paris",
        "PDT",
        "+100",
        "+01:",
        "+19:00",
        "+18:01",
        "+18:00:01",
        "UTC0",
        "UTC+",
        "UTCZ",
        "Factory",
        "ROC",
        "right/UTC",
        "posix/UTC",
        "localtime",
        "Europe",
        "+1:60",
        "+24",
        "../zoneinfo/UTC",
        "Europe/./Paris",
        "tzdata.zi",
        "zone.tab",
        "[Europe/Paris]",
        " UTC",
        "UTC ",
    };
    struct errbuf err;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        errbuf_clear(&err);
        if (zone_open(names[i], strlen(names[i]), &err) != NULL)
            fail_msg("accepted '%s'", names[i]);
        assert_string_equal(err.condition, "INVALID_TIMEZONE");
        assert_string_equal(err.sqlstate, "22009");
    }
    assert_null(zone_open("UTC\0x", 5, NULL));
}

static void knows_offsets_far_ahead(void **state)
{
    const struct zone *paris, *sydney, *kolkata;

    (void)state;
    paris = open_zone("Europe/Paris");
    sydney = open_zone("Australia/Sydney");
    kolkata = open_zone("Asia/Kolkata");
    /* beyond the file's own list: the rule of its footer; last Sunday of March and October at 01:00 UTC */
    assert_int_equal(zone_offset_at(paris, utc(2101, 3, 27, 0, 59)), 3600);
    assert_int_equal(zone_offset_at(paris, utc(2101, 3, 27, 1, 0)), 7200);
    assert_int_equal(zone_offset_at(paris, utc(2101, 10, 30, 0, 59)), 7200);
    assert_int_equal(zone_offset_at(paris, utc(2101, 10, 30, 1, 0)), 3600);
    assert_int_equal(zone_offset_at(sydney, utc(9999, 1, 1, 0, 0)), 39600);
    assert_int_equal(zone_offset_at(sydney, utc(9999, 7, 1, 0, 0)), 36000);
    assert_int_equal(zone_offset_at(kolkata, utc(250000, 7, 1, 0, 0)), 19800);
    assert_int_equal(zone_offset_at(paris, utc(1800, 1, 1, 0, 0)), 561); /* local mean time */
    assert_true(zone_constant(kolkata, utc(2001, 1, 1, 0, 0), utc(2999, 1, 1, 0, 0)));
    assert_true(zone_constant(paris, utc(2101, 3, 27, 1, 0), utc(2101, 10, 30, 0, 59)));
    assert_false(zone_constant(paris, utc(2101, 3, 27, 0, 59), utc(2101, 3, 27, 1, 0)));
}

static void gaps_move_forward_overlaps_take_the_earlier(void **state)
{
    const struct zone *paris;

    (void)state;
    paris = open_zone("Europe/Paris");
    /* 2019-03-31: 02:00 +01:00 becomes 03:00 +02:00 */
    assert_int_equal(zone_to_utc(paris, utc(2019, 3, 31, 1, 59)), utc(2019, 3, 31, 0, 59));
    assert_int_equal(zone_to_utc(paris, utc(2019, 3, 31, 2, 30)), utc(2019, 3, 31, 1, 30)); /* = 03:30 */
    assert_int_equal(zone_to_utc(paris, utc(2019, 3, 31, 3, 0)), utc(2019, 3, 31, 1, 0));
    /* 2019-10-27: 03:00 +02:00 becomes 02:00 +01:00 */
    assert_int_equal(zone_to_utc(paris, utc(2019, 10, 27, 2, 30)), utc(2019, 10, 27, 0, 30));
    assert_int_equal(zone_to_utc(paris, utc(2019, 10, 27, 3, 0)), utc(2019, 10, 27, 2, 0));
    /* Samoa left out a whole day */
    assert_int_equal(zone_to_utc(open_zone("Pacific/Apia"), utc(2011, 12, 30, 12, 0)), utc(2011, 12, 30, 22, 0));
}

/* Every hour of some years in zones of every kind: the way there and back agrees, and constant spans are constant. */
static void there_and_back(void **state)
{
    static const char *const names[] = {"Europe/Paris",      "America/Los_Angeles", "Australia/Lord_Howe",
                                        "Africa/Casablanca", "Europe/Dublin",       "Asia/Tehran"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct zone *zone = open_zone(names[i]);
        assert_non_null(zone);
        for (int year = 1970; year < 2110; year += 20)
            for (int64_t t = utc(year, 1, 1, 0, 0); t < utc(year + 1, 1, 1, 0, 0); t += 3600) {
                int32_t offset_s = zone_offset_at(zone, t);
                int64_t back = zone_to_utc(zone, t + offset_s);
                /* the same instant, or in an overlap the earlier one with the same wall time */
                assert_true(back <= t && back + zone_offset_at(zone, back) == t + offset_s);
                if (zone_constant(zone, t, t + 3600))
                    assert_int_equal(zone_offset_at(zone, t + 3600), offset_s);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_javas_names),       cmocka_unit_test(refuses_other_names),
        cmocka_unit_test(knows_offsets_far_ahead), cmocka_unit_test(gaps_move_forward_overlaps_take_the_earlier),
        cmocka_unit_test(there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, close_zones);
}
