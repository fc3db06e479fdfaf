/* buf, arena, errbuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/errbuf.h"

#include <stdlib.h>
#include <string.h>

static void buf_grows(void **state)
{
    struct buf buf = BUF_INIT;
    size_t len = 99;

    (void)state;
    assert_null(buf.data);
    buf_append(&buf, "", 0);
    assert_string_equal(buf.data, "");
    for (int i = 0; i < 10000; i++)
        buf_append_text(&buf, "abc");
    assert_int_equal(buf.len, 30000);
    assert_int_equal(buf.data[30000], '\0');
    buf_reset(&buf);
    assert_int_equal(buf.len, 0);
    buf_append_byte(&buf, 'x');
    buf_append_fill(&buf, '-', 3);
    buf_printf(&buf, "%s=%d", "k", 7);
    assert_string_equal(buf.data, "x---k=7");
    char *taken = buf_take(&buf, &len);
    assert_string_equal(taken, "x---k=7");
    assert_int_equal(len, 7);
    free(taken);
    assert_null(buf.data);
    taken = buf_take(&buf, NULL);
    assert_string_equal(taken, "");
    free(taken);
}

static void buf_numbers(void **state)
{
    static const struct {
        int64_t value;
        const char *wanted;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {1234567890, "1234567890"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    struct buf buf = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        buf_reset(&buf);
        buf_append_i64(&buf, rows[i].value);
        assert_string_equal(buf.data, rows[i].wanted);
    }
    buf_release(&buf);
}

static void buf_failure_sticks(void **state)
{
    struct buf buf = BUF_INIT;

    (void)state;
    buf_append_text(&buf, "kept");
    assert_false(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    buf_append_text(&buf, "lost");
    buf_append_i64(&buf, 5);
    buf_printf(&buf, "lost");
    assert_string_equal(buf.data, "kept");
    assert_null(buf_take(&buf, NULL));
    assert_false(buf.failed);
    assert_null(buf.data);
}

static void arena_pieces(void **state)
{
    struct arena arena = ARENA_INIT;
    char *texts[2000];

    (void)state;
    for (size_t i = 0; i < 2000; i++) {
        texts[i] = arena_printf(&arena, "piece %zu", i);
        assert_non_null(texts[i]);
        void *aligned = arena_alloc(&arena, i % 37);
        assert_int_equal((uintptr_t)aligned % _Alignof(max_align_t), 0);
    }
    for (size_t i = 0; i < 2000; i++)
        assert_int_equal(strtoul(texts[i] + 6, NULL, 10), i);
    char *large = arena_bytes(&arena, 3 << 20);
    assert_non_null(large);
    memset(large, 1, 3 << 20);
    assert_true(arena.reserved_bytes > 3 << 20);
    arena_reset(&arena);
    assert_int_equal(arena.reserved_bytes, 3 << 20); /* the largest block stays */
    char *piece = arena_bytes(&arena, 10);
    arena_trim(&arena, 4);
    assert_ptr_equal(arena_bytes(&arena, 1), piece + 6);
    uint64_t *zeros = arena_calloc(&arena, 100, sizeof(*zeros));
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
    assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_bytes(&arena, 0));
    arena_release(&arena);
    assert_int_equal(arena.reserved_bytes, 0);
    arena_reset(&arena);
    arena_release(&arena);
}

static void errors(void **state)
{
    struct errbuf err;
    char huge[4096];

    (void)state;
    errbuf_clear(&err);
    assert_int_equal(err.exit_code, EXIT_CODE_OK);
    assert_int_equal(errbuf_condition(&err, "DIVIDE_BY_ZERO", "22012", "by %d", 0), -1);
    assert_string_equal(err.condition, "DIVIDE_BY_ZERO");
    assert_string_equal(err.sqlstate, "22012");
    assert_int_equal(err.exit_code, EXIT_CODE_RUNTIME);
    assert_int_equal(errbuf_prefix(&err, "query %s", "q"), -1);
    assert_string_equal(err.text, "query q: [DIVIDE_BY_ZERO] by 0 SQLSTATE: 22012");
    assert_string_equal(err.condition, "DIVIDE_BY_ZERO");
    assert_int_equal(errbuf_set(&err, EXIT_CODE_USAGE, "plain"), -1);
    assert_string_equal(err.condition, "");
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    memset(huge, 'x', sizeof(huge));
    huge[sizeof(huge) - 1] = '\0';
    errbuf_set(&err, EXIT_CODE_USAGE, "%s", huge);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    errbuf_prefix(&err, "front");
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_memory_equal(err.text, "front: xxx", 10);
    errbuf_prefix(&err, "%s", huge);
    assert_int_equal(err.text[sizeof(err.text) - 1], '\0');
    assert_int_equal(errbuf_oom(&err, "table", 12), -1);
    assert_string_equal(err.text, "out of memory (table, 12 bytes)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_grows),    cmocka_unit_test(buf_numbers), cmocka_unit_test(buf_failure_sticks),
        cmocka_unit_test(arena_pieces), cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
