#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/read_marks.h"

#include <jansson.h>
#include <string.h>

static void test_list(void **state)
{
    struct read_marks marks;

    (void)state;
    read_marks_init(&marks);
    for (int i = 0; i < 40; i++) {
        struct reader_mark mark = {i * 10, i, i + 1};
        assert_int_equal(read_marks_add(&marks, i % 2 == 0 ? "a" : "b", i / 2, &mark), 0);
    }
    assert_int_equal(read_marks_find(&marks, "a", 3)->offset, 60);
    assert_int_equal(read_marks_find(&marks, "b", 19)->offset, 390);
    assert_null(read_marks_find(&marks, "b", 20));
    assert_null(read_marks_find(&marks, "c", 0));
    read_marks_release(&marks);
    assert_int_equal(marks.count, 0);
    read_marks_release(&marks);
}

static void test_json(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"t\":{\"0\":[4,1546300800000,37]}}",
        "{\"t\":{\"0\":[0,-1,0],\"12\":[9223372036854775807,1,2]},\"sf.crimes\":{\"2147483647\":[1,2,3]}}",
        "{\"a \\\"b\\\"\":{\"0\":[1,2,3]}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *root = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        struct buf out = BUF_INIT;
        struct read_marks marks;

        read_marks_init(&marks);
        assert_int_equal(read_marks_parse(root, &marks), 1);
        read_marks_json(&marks, &out);
        assert_string_equal(out.data, texts[i]);
        buf_release(&out);
        read_marks_release(&marks);
        json_decref(root);
    }
}

static void test_malformed(void **state)
{
    static const char *const texts[] = {
        "[]",
        "3",
        "{\"t\":3}",
        "{\"\":{\"0\":[1,2,3]}}",
        "{\"t\":{\"0\":[1,2]}}",
        "{\"t\":{\"0\":[1,2,3,4]}}",
        "{\"t\":{\"0\":[1,2,\"3\"]}}",
        "{\"t\":{\"0\":[-1,2,3]}}",
        "{\"t\":{\"0\":[1,-2,3]}}",
        "{\"t\":{\"0\":[1,2,-3]}}",
        "{\"t\":{\"0\":[1,2.5,3]}}",
        "{\"t\":{\"0\":{\"1\":2}}}",
        "{\"t\":{\"-1\":[1,2,3]}}",
        "{\"t\":{\"x\":[1,2,3]}}",
        "{\"t\":{\"2147483648\":[1,2,3]}}",
        "{\"t\":{\"0\":[1,2,3]},\"u\":{\"0\":[1]}}",
    };
    struct read_marks marks;

    (void)state;
    read_marks_init(&marks);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *root = json_loads(texts[i], JSON_DECODE_ANY, NULL);

        assert_non_null(root);
        if (read_marks_parse(root, &marks) != 0)
            fail_msg("accepted: %s", texts[i]);
        assert_int_equal(marks.count, 0);
        assert_null(marks.items);
        json_decref(root);
    }
    assert_int_equal(read_marks_parse(NULL, &marks), 1);
    assert_int_equal(marks.count, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_malformed),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
