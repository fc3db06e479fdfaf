#include "kafka/offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void sorts_by_topic_then_number(void **state)
{
    static const struct partition_offset in[] = {{"b", 2, 5}, {"b", 10, 6}, {"a", 1, 7}, {"ab", 0, 8}, {"a", 0, 9}};
    static const struct partition_offset out[] = {{"a", 0, 9}, {"a", 1, 7}, {"ab", 0, 8}, {"b", 2, 5}, {"b", 10, 6}};
    struct offset_list list;

    (void)state;
    offset_list_init(&list);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(offset_list_add(&list, in[i].topic, in[i].partition, in[i].offset), 0);
    offset_list_sort(&list);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(list.items[i].topic, out[i].topic);
        assert_int_equal(list.items[i].partition, out[i].partition);
        assert_int_equal(list.items[i].offset, out[i].offset);
        assert_ptr_equal(offset_list_find(&list, out[i].topic, out[i].partition), &list.items[i]);
    }
    assert_null(offset_list_find(&list, "a", 2));
    assert_null(offset_list_find(&list, "c", 0));
    offset_list_release(&list);
}

static void copies_and_compares(void **state)
{
    struct offset_list a;
    struct offset_list b;
    char name[] = "topic";

    (void)state;
    offset_list_init(&a);
    offset_list_init(&b);
    assert_true(offset_list_equal(&a, &b));
    for (int i = 0; i < 100; i++)
        assert_int_equal(offset_list_add(&a, name, i, i * 1000), 0);
    name[0] = 'X'; /* names are copied */
    assert_int_equal(offset_list_add(&b, "old", 0, 0), 0);
    assert_false(offset_list_equal(&a, &b));
    assert_int_equal(offset_list_copy(&b, &a), 0);
    assert_true(offset_list_equal(&a, &b));
    assert_string_equal(b.items[99].topic, "topic");
    b.items[50].offset++;
    assert_false(offset_list_equal(&a, &b));
    b.items[50].offset--;
    b.items[50].partition++;
    assert_false(offset_list_equal(&a, &b));
    offset_list_release(&a);
    assert_int_equal(a.count, 0);
    offset_list_sort(&a);
    assert_int_equal(b.items[99].offset, 99000);
    offset_list_release(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_by_topic_then_number),
        cmocka_unit_test(copies_and_compares),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
