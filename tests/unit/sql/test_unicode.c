#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/sql/unicode_internal.h"

#include <string.h>

static void test_case(void **state)
{
    static const struct {
        const char *text, *upper, *lower, *initcap;
    } cases[] = {
        {"", "", "", ""},
        {"Hello wORLD", "HELLO WORLD", "hello world", "Hello World"},
        {"\u00dcn\u00efc\u00f6d\u00e9 \u00df", "\u00dcN\u00cfC\u00d6D\u00c9 SS", "\u00fcn\u00efc\u00f6d\u00e9 \u00df",
         "\u00dcn\u00efc\u00f6d\u00e9 Ss"},
        {"\ufb01", "FI", "\ufb01", "Fi"},
        {"\u01c6", "\u01c4", "\u01c6", "\u01c5"},
        {"\u0149", "\u02bcN", "\u0149", "\u02bcN"},
        {"\u1f80", "\u1f08\u0399", "\u1f80", "\u1f88"},
        {"\u0390", "\u0399\u0308\u0301", "\u0390", "\u0399\u0308\u0301"},
        {"\u0130", "\u0130", "i\u0307", "I\u0307"},
        {"\u10d0", "\u1c90", "\u10d0", "\u10d0"},
        {"\U00010428", "\U00010400", "\U00010428", "\U00010400"},
        {"\u65e5\u672c\U0001F600", "\u65e5\u672c\U0001F600", "\u65e5\u672c\U0001F600", "\u65e5\u672c\U0001F600"},
        /* the final sigma */
        {"\u03a3", "\u03a3", "\u03c3", "\u03a3"},
        {"\u0391\u03a3", "\u0391\u03a3", "\u03b1\u03c2", "\u0391\u03c2"},
        {"\u0391\u03a3.", "\u0391\u03a3.", "\u03b1\u03c2.", "\u0391\u03c2."},
        {"\u0391.\u03a3", "\u0391.\u03a3", "\u03b1.\u03c2", "\u0391.\u03c2"},
        {"A\u03a3B", "A\u03a3B", "a\u03c3b", "A\u03c3b"},
        {"\u0391\u03a3 \u0392", "\u0391\u03a3 \u0392", "\u03b1\u03c2 \u03b2", "\u0391\u03c2 \u0392"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void (*const maps[])(const char *, size_t, struct buf *) = {unicode_upper, unicode_lower, unicode_initcap};
        const char *const expected[] = {cases[i].upper, cases[i].lower, cases[i].initcap};
        for (int k = 0; k < 3; k++) {
            struct buf out = BUF_INIT;
            maps[k](cases[i].text, strlen(cases[i].text), &out);
            assert_string_equal(out.data != NULL ? out.data : "", expected[k]);
            buf_release(&out);
        }
    }
}

/* Every code point goes through encode and decode; broken bytes are one character each and never read past the end. */
static void test_utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
    } broken[] = {{"caf\xE9", 4},  {"\xF0\x9F\x9A", 1}, {"a\x80z", 3}, {"\xC0\x80", 2},
                  {"\xFF\xFE", 2}, {"\xED\xA0\xBD", 1}, {"\xE9z", 1}};
    size_t step;

    (void)state;
    for (uint32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 61) {
        struct buf out = BUF_INIT;
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        unicode_append(&out, point);
        assert_int_equal(unicode_decode(out.data, out.len, 0, &step), point);
        assert_int_equal(step, out.len);
        assert_int_equal(unicode_count(out.data, out.len), 1);
        buf_release(&out);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        size_t len = strlen(broken[i].bytes);
        assert_int_equal(unicode_count(broken[i].bytes, len), broken[i].count);
        assert_int_equal(unicode_offset(broken[i].bytes, len, 99), len);
        for (size_t at = 0; at < len; at += step) {
            unicode_decode(broken[i].bytes, len, at, &step);
            assert_in_range(step, 1, 4);
        }
    }
    assert_int_equal(unicode_decode("\xED\xA0\xBD", 3, 0, &step), 0xFFFD); /* a surrogate */
    assert_int_equal(unicode_decode("\xE0\x80\x80", 3, 0, &step), 0xFFFD); /* overlong */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_case),
        cmocka_unit_test(test_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
