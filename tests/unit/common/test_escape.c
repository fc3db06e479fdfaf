#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/escape.h"

#include <string.h>

#define FFFD "\xef\xbf\xbd"

struct row {
    const char *text;
    const char *visible;
    const char *html;
    const char *json;
    const char *repaired;
};

static const struct row rows[] = {
    {"plain", "plain", "plain", "plain", "plain"},
    {"", "", "", "", ""},
    {"a\nb", "a\\nb", "a\nb", "a\\nb", "a\nb"},
    {"\r\t", "\\r\\t", "\r\t", "\\r\\t", "\r\t"},
    {"\x1b[31mred", "\\x1b[31mred", FFFD "[31mred", "\\u001B[31mred", "\x1b[31mred"},
    {"\x01\x1f", "\\x01\\x1f", FFFD FFFD, "\\u0001\\u001F", "\x01\x1f"},
    {"\b\f", "\\x08\\x0c", FFFD FFFD, "\\b\\f", "\b\f"},
    {"\x7f", "\\x7f", FFFD, "\x7f", "\x7f"},
    {"\xc2\x9b", "\\u009b", FFFD, "\xc2\x9b", "\xc2\x9b"}, /* C1 CSI */
    {"a\xe2\x80\xae"
     "b",
     "a\\u202eb", "a\\u202eb",
     "a\xe2\x80\xae"
     "b",
     "a\xe2\x80\xae"
     "b"},                                                                  /* RLO */
    {"\xe2\x81\xa6", "\\u2066", "\\u2066", "\xe2\x81\xa6", "\xe2\x81\xa6"}, /* LRI */
    {"\xe2\x80\x8f", "\\u200f", "\\u200f", "\xe2\x80\x8f", "\xe2\x80\x8f"}, /* RLM */
    {"\xd8\x9c", "\\u061c", "\\u061c", "\xd8\x9c", "\xd8\x9c"},             /* ALM */
    {"\xe2\x80\xa8", "\\u2028", "\\u2028", "\xe2\x80\xa8", "\xe2\x80\xa8"},
    {"<b a=\"x\">&'", "<b a=\"x\">&'", "&lt;b a=&quot;x&quot;&gt;&amp;&#39;", "<b a=\\\"x\\\">&'", "<b a=\"x\">&'"},
    {"back\\slash", "back\\slash", "back\\slash", "back\\\\slash", "back\\slash"},
    {"Caf\xc3\xa9 \xf0\x9f\x9a\x93", "Caf\xc3\xa9 \xf0\x9f\x9a\x93", "Caf\xc3\xa9 \xf0\x9f\x9a\x93",
     "Caf\xc3\xa9 \xf0\x9f\x9a\x93", "Caf\xc3\xa9 \xf0\x9f\x9a\x93"},
    {"caf\xe9!", "caf\\xE9!", "caf" FFFD "!", "caf" FFFD "!", "caf" FFFD "!"},
    {"\xf0\x9f\x9a", "\\xF0\\x9F\\x9A", FFFD, FFFD, FFFD},               /* cut: one subpart */
    {"\xed\xa0\xbdx", "\\xED\\xA0\\xBDx", FFFD "x", FFFD "x", FFFD "x"}, /* a surrogate: one */
    {"\xc0\x80", "\\xC0\\x80", FFFD FFFD, FFFD FFFD, FFFD FFFD},         /* overlong: two */
    {"\xe0\x80\x80", "\\xE0\\x80\\x80", FFFD FFFD FFFD, FFFD FFFD FFFD, FFFD FFFD FFFD},
    {"\xf5\x80", "\\xF5\\x80", FFFD FFFD, FFFD FFFD, FFFD FFFD},
    {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80", FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD},
    {"\xed\xa0", "\\xED\\xA0", FFFD, FFFD, FFFD},
    {"\xe2\x82(", "\\xE2\\x82(", FFFD "(", FFFD "(", FFFD "("},
};

static void check(const struct buf *out, const char *wanted)
{
    assert_false(out->failed);
    assert_string_equal(out->data == NULL ? "" : out->data, wanted);
}

static void each_row(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *text = rows[i].text;
        size_t len = strlen(text);
        escape_visible(text, len, 0, &out);
        check(&out, rows[i].visible);
        buf_reset(&out);
        escape_html(text, len, &out);
        check(&out, rows[i].html);
        buf_reset(&out);
        escape_json(text, len, 0, &out);
        check(&out, rows[i].json);
        buf_reset(&out);
        escape_utf8_repair(text, len, &out);
        check(&out, rows[i].repaired);
        assert_int_equal(escape_utf8_valid(text, len), strstr(rows[i].repaired, FFFD) == NULL);
        buf_reset(&out);
    }
    buf_release(&out);
}

static void flags_and_nul(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    escape_visible("a\nb\x1b", 4, ESCAPE_KEEP_LINE_FEEDS, &out);
    check(&out, "a\nb\\x1b");
    buf_reset(&out);
    escape_visible("a\0b", 3, 0, &out);
    check(&out, "a\\x00b");
    buf_reset(&out);
    escape_json("</script>&\xe2\x80\xa8\0", 14, ESCAPE_JSON_FOR_HTML, &out);
    check(&out, "\\u003C/script\\u003E\\u0026\\u2028\\u0000");
    buf_reset(&out);
    escape_json_string(NULL, &out);
    check(&out, "null");
    buf_reset(&out);
    escape_json_string("a\"b", &out);
    check(&out, "\"a\\\"b\"");
    buf_release(&out);
}

/* Every code point there is: encoded, it is read back; nothing else is well-formed. */
static void all_code_points(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        char text[4];
        size_t len;
        uint32_t got;
        if (code < 0x80) {
            text[0] = (char)code;
            len = 1;
        } else if (code < 0x800) {
            text[0] = (char)(0xc0 | code >> 6);
            text[1] = (char)(0x80 | (code & 0x3f));
            len = 2;
        } else if (code < 0x10000) {
            text[0] = (char)(0xe0 | code >> 12);
            text[1] = (char)(0x80 | (code >> 6 & 0x3f));
            text[2] = (char)(0x80 | (code & 0x3f));
            len = 3;
        } else {
            text[0] = (char)(0xf0 | code >> 18);
            text[1] = (char)(0x80 | (code >> 12 & 0x3f));
            text[2] = (char)(0x80 | (code >> 6 & 0x3f));
            text[3] = (char)(0x80 | (code & 0x3f));
            len = 4;
        }
        bool surrogate = code >= 0xd800 && code <= 0xdfff;
        assert_int_equal(escape_utf8_next(text, len, &got), len);
        assert_int_equal(got, surrogate ? ESCAPE_MALFORMED : code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(flags_and_nul),
                                       cmocka_unit_test(all_code_points)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
