#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"
#include "sql/token.h"

#include <string.h>

static const struct {
    const char *sql;
    const char *tokens; /* kind letter and text, blank separated */
} lexed[] = {
    {"SELECT city", "w:SELECT w:city"},
    {"a.b,c", "w:a s:. w:b s:, w:c"},
    {"1 1L 1S 1Y 1x 1_0", "i:1 L:1L S:1S Y:1Y w:1x w:1_0"},
    {"1.5 .5 1. 1.5D 1D 1F 1.5BD 1BD", "d:1.5 d:.5 d:1. D:1.5D D:1D F:1F B:1.5BD B:1BD"},
    {"1e3 1E-3 1.e1 1e3D 1e 1e+", "e:1e3 e:1E-3 e:1.e1 D:1e3D w:1e w:1e s:+"},
    {"1.5x 1.5e3x 2.3", "i:1 s:. w:5x i:1 s:. w:5e3x d:2.3"},
    {"a.1", "w:a d:.1"},
    {"'a\\'b' \"c\" r'd\\' R\"e\"", "t:'a\\'b' t:\"c\" t:r'd\\' t:R\"e\""},
    {"`a``b` `", "q:`a``b` u:`"},
    {"'open", "u:' w:open"},
    {"<=> <= < == = != <> !> !< ! || | :: : -> => >>> >> |>",
     "s:<=> s:<= s:< s:== s:= s:!= s:<> s:!> s:!< s:! s:|| s:| s::: s:: s:-> s:=> s:>>> s:>> s:|>"},
    {"a -- b\nc", "w:a w:c"},
    {"a -- b\\\nstill\nc", "w:a w:c"},
    {"a /* x /* y */ z */ b", "w:a w:b"},
    {"a/**/b", "w:a w:b"},
    {"/*+ H(x) */ a", "h:/*+ w:H s:( w:x s:) s:*/ w:a"},
    {"# @ $ \\", "u:# u:@ u:$ u:\\"},
    {"\xC3\xA9t\xC3\xA9 \xF0\x9F\x98\x80", "w:\xC3\xA9t\xC3\xA9 u:\xF0\x9F\x98\x80"},
    {"a\xC2\xA0\xE3\x80\x80"
     "b",
     "w:a w:b"},
    {"\xFF", "u:\xFF"},
    {"", ""},
};

static void test_lexed(void **state)
{
    static const char letters[] = ".wqtiLSYdeDFBshu";
    (void)state;
    for (size_t i = 0; i < sizeof lexed / sizeof lexed[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct token_list list;
        struct errbuf err;
        struct buf text = BUF_INIT;
        assert_int_equal(token_read(lexed[i].sql, &arena, &list, &err), 0);
        for (size_t k = 0; k + 1 < list.count; k++)
            buf_printf(&text, "%s%c:%.*s", k > 0 ? " " : "", letters[list.tokens[k].kind], (int)list.tokens[k].len,
                       list.tokens[k].text);
        assert_int_equal(list.tokens[list.count - 1].kind, TOKEN_END);
        assert_string_equal(text.data == NULL ? "" : text.data, lexed[i].tokens);
        buf_release(&text);
        arena_release(&arena);
    }
}

/* Places count characters, not bytes. */
static void test_places(void **state)
{
    struct arena arena = ARENA_INIT;
    struct token_list list;
    struct errbuf err;
    (void)state;
    assert_int_equal(token_read("'\xF0\x9F\x98\x80\xE6\x97\xA5',\n  nosuch ", &arena, &list, &err), 0);
    assert_int_equal(list.tokens[0].start, 0);
    assert_int_equal(list.tokens[0].stop, 3);
    assert_int_equal(list.tokens[1].start, 4);
    assert_int_equal(list.tokens[2].start, 8);
    assert_int_equal(list.tokens[2].stop, 13);
    assert_int_equal(list.tokens[2].line, 2);
    assert_int_equal(list.tokens[2].column, 2);
    assert_int_equal(list.tokens[3].start, 15);
    assert_int_equal(list.tokens[3].column, 9);
    assert_true(token_is_word(&list.tokens[2], "NOSUCH"));
    assert_false(token_is_word(&list.tokens[2], "NOSUC"));
    assert_true(token_is_sign(&list.tokens[1], ","));
    arena_release(&arena);
}

static void test_unclosed_comment(void **state)
{
    struct arena arena = ARENA_INIT;
    struct token_list list;
    struct errbuf err;
    (void)state;
    assert_int_equal(token_read("SELECT a\n /* b /* c */", &arena, &list, &err), -1);
    assert_string_equal(err.condition, "UNCLOSED_BRACKETED_COMMENT");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 1);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lexed),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_unclosed_comment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
