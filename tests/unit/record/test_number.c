#include "record/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void prints_as_java(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-1.5, "-1.5"},
        {0.001, "0.001"},
        {0.00099999, "9.9999E-4"},
        {9999999, "9999999.0"},
        {1e7, "1.0E7"},
        {123456.789, "123456.789"},
        {20, "20.0"},
        {100, "100.0"},
        {0.1 + 0.2, "0.30000000000000004"},
        {2e23, "2.0E23"},
        {1e23, "1.0E23"},
        {9007199254740993.0, "9.007199254740992E15"},
        {5e-324, "4.9E-324"},
        {1e-323, "9.9E-324"},
        {1e-322, "9.9E-323"},
        {2.2250738585072014e-308, "2.2250738585072014E-308"},
        {1.7976931348623157e308, "1.7976931348623157E308"},
        {0x1p-44, "5.684341886080802E-14"}, /* the nearest 16 digits do not read back, their neighbour does */
        {30 / 53.161, "0.5643234702131261"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[NUMBER_DOUBLE_TEXT + 1] = {0};
        size_t len = number_double_text(cases[i].value, text);
        assert_int_equal(len, strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

/* Whatever is printed reads back as the same value, and one digit fewer would not do. */
static void texts_read_back(void **state)
{
    uint64_t x = 88172645463325252u;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        double value, back;
        char text[NUMBER_DOUBLE_TEXT + 1] = {0};
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(&value, &x, sizeof(value));
        if (i % 4 == 0)
            value = ldexp(1, (int)(x % 2098) - 1074); /* powers of two are the hard ones */
        if (!isfinite(value))
            continue;
        number_double_text(value, text);
        assert_true(strtod(text, NULL) == value);
        assert_true(number_parse_double(text, strlen(text), &back) && back == value);
    }
}

static void parses_whole_numbers(void **state)
{
    static const struct {
        const char *text;
        bool fits_bigint, fits_int;
        int64_t value;
    } cases[] = {
        {"0", true, true, 0},
        {" 12\t", true, true, 12},
        {"+7", true, true, 7},
        {"-0", true, true, 0},
        {"007", true, true, 7},
        {"2147483648", true, false, 2147483648},
        {"-2147483648", true, true, -2147483648LL},
        {"9223372036854775807", true, false, INT64_MAX},
        {"-9223372036854775808", true, false, INT64_MIN},
        {"9223372036854775808", false, false, 0},
        {"99999999999999999999999", false, false, 0},
        {"", false, false, 0},
        {"-", false, false, 0},
        {"1.0", false, false, 0},
        {"1e3", false, false, 0},
        {"0x1", false, false, 0},
        {"1 2", false, false, 0},
        {"\xC2\xA0"
         "1",
         false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t wide = 42;
        int32_t narrow = 42;
        assert_int_equal(number_parse_bigint(cases[i].text, strlen(cases[i].text), &wide), cases[i].fits_bigint);
        assert_int_equal(wide, cases[i].fits_bigint ? cases[i].value : 42);
        assert_int_equal(number_parse_int(cases[i].text, strlen(cases[i].text), &narrow), cases[i].fits_int);
        assert_int_equal(narrow, cases[i].fits_int ? cases[i].value : 42);
    }
}

static void parses_doubles_and_booleans(void **state)
{
    static const char *const good[] = {"1",       "1.",  ".5",        "1e3", "1E+3", "1d", "1.5F",
                                       "0x1.8p1", "inf", "-Infinity", "nan", "+NaN", " 1 "};
    static const char *const bad[] = {"", ".", "1e", "0x10", "1L", "-nan", "1 5", "--1", "infinit", "0x", "e5", "1dd"};
    double value;
    bool flag;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!number_parse_double(good[i], strlen(good[i]), &value))
            fail_msg("refused '%s'", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (number_parse_double(bad[i], strlen(bad[i]), &value))
            fail_msg("accepted '%s'", bad[i]);
    assert_true(number_parse_double("-1e400", 6, &value) && value == -INFINITY);
    assert_true(number_parse_boolean(" Yes\n", 5, &flag) && flag);
    assert_true(number_parse_boolean("f", 1, &flag) && !flag);
    assert_false(number_parse_boolean("on", 2, &flag));
    assert_false(number_parse_boolean("", 0, &flag));
    char digits[2000];
    memset(digits, '9', sizeof(digits)); /* longer than any buffer of the parser */
    assert_true(number_parse_double(digits, sizeof(digits), &value) && value == INFINITY);
    assert_true(number_json_double(digits, 20) == 1e20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_as_java),
        cmocka_unit_test(texts_read_back),
        cmocka_unit_test(parses_whole_numbers),
        cmocka_unit_test(parses_doubles_and_booleans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
