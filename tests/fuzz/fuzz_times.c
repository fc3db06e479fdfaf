/* Times, durations and numbers: what a parser takes, printed and parsed again, is the same value; values stay in their
 * bounds; the quick ways give what the plain ones do. */
#include "common/duration.h"
#include "common/parsenum.h"
#include "record/number.h"
#include "record/timestamp.h"

#include "fuzz.h"

static struct buf printed, again;

static void times(const char *text, size_t len, const struct zone *zone, bool one_offset)
{
    static struct timestamp_cache cache;
    int64_t us, cached, second;

    if (cache.zone != zone)
        timestamp_cache_init(&cache, zone);
    bool good = timestamp_parse(text, len, zone, &us);
    /* a time alone is today's: not the same day in two calls at midnight */
    bool dated = memchr(text, '-', len) != NULL;
    fuzz_must(timestamp_parse_cached(&cache, text, len, &cached) == good);
    fuzz_must(!good || !dated || cached == us);
    if (!good)
        return;
    fuzz_must(timestamp_parse_json(&cache, text, len, &cached));
    fuzz_must(!dated || cached == us);
    buf_reset(&printed);
    timestamp_text(us, zone, &printed);
    if (!timestamp_parse(printed.data, printed.len, zone, &second))
        fuzz_fail("%s is not taken back", printed.data);
    if (one_offset && second != us)
        fuzz_fail("%s is %" PRId64 ", not %" PRId64, printed.data, second, us);
    /* of two instants with the same wall time a text means the earlier one */
    buf_reset(&again);
    timestamp_text(second, zone, &again);
    fuzz_must(fuzz_same(&printed, &again));
    buf_reset(&printed);
    timestamp_iso_text(us, zone, &printed);
    fuzz_must_be_plain(&printed, "");
}

static void dates(const char *text, size_t len)
{
    int32_t days, second;
    int64_t year;
    int month, day;

    if (!timestamp_parse_date(text, len, &days))
        return;
    fuzz_must(timestamp_parse_json_date(text, len, &second) && second == days);
    timestamp_civil_of_days(days, &year, &month, &day);
    fuzz_must(month >= 1 && month <= 12 && day >= 1 && day <= timestamp_month_days(year, month));
    fuzz_must(timestamp_days(year, month, day) == days);
    buf_reset(&printed);
    timestamp_date_text(days, &printed);
    if (!timestamp_parse_date(printed.data, printed.len, &second) || second != days)
        fuzz_fail("%s is not taken back as %" PRId32, printed.data, days);
}

static void durations(const char *text, size_t len, int flags)
{
    struct duration duration, second;
    struct errbuf err;
    int64_t us;

    errbuf_clear(&err);
    if (duration_parse(text, len, flags, &duration, &err) != 0) {
        fuzz_must(strcmp(err.condition, "CANNOT_PARSE_INTERVAL") == 0 && err.text[0] != '\0');
        return;
    }
    buf_reset(&printed);
    buf_printf(&printed, "%" PRId32 " months %" PRId32 " days %" PRId64 " microseconds", duration.months, duration.days,
               duration.us);
    /* the one number whose digits alone do not fit, as in Spark */
    if (duration.us != INT64_MIN) {
        if (duration_parse(printed.data, printed.len, 0, &second, &err) != 0)
            fuzz_fail("%s: %s", printed.data, err.text);
        fuzz_must(second.months == duration.months && second.days == duration.days && second.us == duration.us);
    }
    __int128 total = ((__int128)duration.months * 31 + duration.days) * TIMESTAMP_US_PER_DAY + duration.us;
    if (duration_total_us(&duration, 31, text, len, &us, &err) == 0)
        fuzz_must(total == us);
    else
        fuzz_must(strcmp(err.condition, "ARITHMETIC_OVERFLOW") == 0);
}

static void numbers(const char *text, size_t len)
{
    int64_t big, second, plain;
    int32_t small;
    double number, back;
    bool truth;

    bool good = number_parse_bigint(text, len, &big);
    fuzz_must(number_parse_int(text, len, &small) == (good && big == (int32_t)big));
    fuzz_must(!good || big != (int32_t)big || small == big);
    if (good) {
        buf_reset(&printed);
        buf_append_i64(&printed, big);
        fuzz_must(number_parse_bigint(printed.data, printed.len, &second) && second == big);
        fuzz_must(parsenum_i64(printed.data, INT64_MIN, INT64_MAX, &plain) == 0 && plain == big);
        fuzz_must(number_parse_double(text, len, &number) && number == (double)big);
    }
    if (parsenum_i64(text, -1000, 70000, &plain) == 0)
        fuzz_must(plain >= -1000 && plain <= 70000 && number_parse_bigint(text, strlen(text), &big) && big == plain);
    if (parsenum_bytes(text, 1, INT64_C(1) << 40, &plain) == 0)
        fuzz_must(plain >= 1 && plain <= INT64_C(1) << 40);
    (void)number_parse_boolean(text, len, &truth);
    if (!number_parse_double(text, len, &number))
        return;
    buf_reset(&printed);
    number_append_double(&printed, number);
    fuzz_must(printed.len <= NUMBER_DOUBLE_TEXT && number_parse_double(printed.data, printed.len, &back));
    if (memcmp(&back, &number, sizeof(back)) != 0 && !(back != back && number != number))
        fuzz_fail("%s is not taken back as %a", printed.data, number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"America/Los_Angeles", "Europe/Paris", "Australia/Lord_Howe", "+05:45", "UTC"};
    uint8_t choice = fuzz_choice(&data, &size);
    const struct zone *zone = zone_open(names[choice % 5], strlen(names[choice % 5]), NULL);
    char *text = fuzz_text(data, size);

    fuzz_must(zone != NULL);
    times(text, size, zone, choice % 5 >= 3);
    dates(text, size);
    durations(text, size, choice / 5 % 4);
    numbers(text, size);
    free(text);
    return 0;
}
