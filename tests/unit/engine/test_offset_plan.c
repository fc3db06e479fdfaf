#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/offset_plan.h"

#include <string.h>

#define MAX 12
#define END (-99) /* no more partitions */
#define NEW (-98) /* not in `from`: begins at `earliest` */

static void fill(struct offset_list *list, const int64_t *offsets)
{
    offset_list_init(list);
    for (int32_t i = 0; i < MAX && offsets[i] != END; i++)
        if (offsets[i] != NEW)
            assert_int_equal(offset_list_add(list, "sf.crimes", i, offsets[i]), 0);
}

/* Rows with a name of tests/golden/stream are as captured; the others are worked out by
 * KafkaMicroBatchStream.rateLimit. */
static void test_limit(void **unused)
{
    static const struct {
        const char *name;
        int64_t limit;
        int64_t from[MAX], until[MAX], expected[MAX];
    } rows[] = {
        {"rate-limit-single", 20, {0, END}, {100, END}, {20, END}},
        {"rate-limit-single, last", 20, {80, END}, {100, END}, {100, END}},
        {"rate-limit-equal", 200, {0, 0, 0, END}, {100, 100, 100, END}, {66, 66, 66, END}},
        {"rate-limit-equal, second", 200, {66, 66, 66, END}, {100, 100, 100, END}, {100, 100, 100, END}},
        {"rate-limit-skew", 10, {0, 0, 0, END}, {1, 1, 98, END}, {1, 1, 9, END}},
        {"rate-limit-skew, rest", 10, {1, 1, 89, END}, {1, 1, 98, END}, {1, 1, 98, END}},
        {"a tiny share is rounded up", 10, {0, 0, 0, END}, {1, 1, 998, END}, {1, 1, 9, END}},
        {"rate-limit-ceil", 1, {0, 0, 0, 0, END}, {5, 5, 5, 5, END}, {1, 1, 1, 1, END}},
        {"rate-limit-float", 3, {0, 0, END}, {7, 3, END}, {2, 1, END}},
        {"rate-limit-float, second", 3, {2, 1, END}, {7, 3, END}, {4, 2, END}},
        {"rate-limit-float, third", 3, {4, 2, END}, {7, 3, END}, {6, 3, END}},
        {"22 * 30 / 44 would be 15", 22, {0, 0, END}, {30, 14, END}, {14, 7, END}},
        {"23 * 26 / 46 would be 13", 23, {0, 0, END}, {26, 20, END}, {12, 10, END}},
        {"rate-limit-fits", 100, {0, 0, 0, END}, {30, 10, 0, END}, {30, 10, 0, END}},
        {"many-partitions",
         30,
         {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
         {1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4}},
        {"many-partitions, second",
         30,
         {1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4},
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
         {1, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8, 8}},
        {"min-offsets", 20, {9, END}, {45, END}, {29, END}},
        {"nothing new", 5, {7, 8, END}, {7, 8, END}, {7, 8, END}},
        {"log shrunk: the lower end stays", 5, {10, 0, END}, {7, 12, END}, {7, 5, END}},
        {"new partition from its earliest", 10, {50, NEW, END}, {60, 40, END}, {55, 35, END}},
        {"limit 0 makes no progress", 0, {3, END}, {9, END}, {3, END}},
        {"beyond the end", INT64_MAX, {0, 0, END}, {5, 7, END}, {5, 7, END}},
        {"saturates", INT64_MAX, {1, END}, {INT64_MAX, END}, {INT64_MAX, END}},
    };
    static const int64_t first[MAX] = {7, 30, END};

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct offset_list from, until, expected, earliest, out;
        fill(&from, rows[i].from);
        fill(&until, rows[i].until);
        fill(&expected, rows[i].expected);
        fill(&earliest, first);
        offset_list_init(&out);
        assert_int_equal(offset_plan_limit(&from, &earliest, &until, rows[i].limit, &out), 0);
        if (!offset_list_equal(&out, &expected)) {
            struct buf got = BUF_INIT, want = BUF_INIT;
            offset_plan_json(&out, &got);
            offset_plan_json(&expected, &want);
            fail_msg("%s: %s instead of %s", rows[i].name, got.data, want.data);
        }
        offset_list_release(&from);
        offset_list_release(&until);
        offset_list_release(&expected);
        offset_list_release(&earliest);
        offset_list_release(&out);
    }
}

/* A partition with no known start is read to its end; without `from` at all everything begins at the earliest. */
static void test_limit_unknown_start(void **unused)
{
    const int64_t until[MAX] = {10, 20, END}, earliest[MAX] = {0, END};
    struct offset_list end, first, none, out;

    (void)unused;
    fill(&end, until);
    fill(&first, earliest);
    offset_list_init(&none);
    offset_list_init(&out);
    assert_int_equal(offset_plan_limit(&none, &first, &end, 4, &out), 0);
    assert_int_equal(out.items[0].offset, 4);
    assert_int_equal(out.items[1].offset, 20);
    offset_list_release(&end);
    offset_list_release(&first);
    offset_list_release(&out);
}

static void test_delay(void **unused)
{
    static const struct {
        int64_t from, until, min, max_delay, now, last;
        bool wait;
        int64_t last_after;
    } rows[] = {
        {0, 4, 10, 900000, 1546300800000, 0, false, 1546300800000},                /* the first never waits */
        {4, 9, 10, 900000, 1546300800010, 1546300800000, true, 1546300800000},     /* 5 of 10 */
        {4, 14, 10, 900000, 1546300800020, 1546300800000, false, 1546300800020},   /* enough */
        {4, 9, 10, 900000, 1546301700000, 1546300800000, false, 1546301700000},    /* waited long enough */
        {4, 9, 10, 900000, 1546301699999, 1546300800000, true, 1546300800000},     /* not quite */
        {NEW, 12, 10, 900000, 1546300800030, 1546300800000, false, 1546300800030}, /* a new partition counts from 0 */
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t from[MAX] = {rows[i].from, END}, until[MAX] = {rows[i].until, END};
        struct offset_list start, end;
        int64_t last = rows[i].last;
        fill(&start, from);
        fill(&end, until);
        assert_int_equal(offset_plan_delay(&start, &end, rows[i].min, rows[i].max_delay, rows[i].now, &last),
                         rows[i].wait);
        assert_int_equal(last, rows[i].last_after);
        offset_list_release(&start);
        offset_list_release(&end);
    }
}

static void test_json(void **unused)
{
    static const struct {
        const char *in, *out; /* out NULL: refused */
        bool special;
    } rows[] = {
        {"{}", "{}", false},
        {"{\"sf.crimes\":{\"0\":200}}", "{\"sf.crimes\":{\"0\":200}}", false},
        {" { \"b\" : { \"10\" : 1, \"9\" : 2 } , \"a\" : { \"0\" : 0 } } ",
         "{\"a\":{\"0\":0},\"b\":{\"9\":2,\"10\":1}}", false},
        {"{\"t\":{\"0\":-1,\"1\":-2}}", "{\"t\":{\"0\":-1,\"1\":-2}}", true},
        {"{\"t\":{\"0\":9223372036854775807}}", "{\"t\":{\"0\":9223372036854775807}}", false},
        {"{\"t\":{\"0\":-1}}", NULL, false},
        {"{\"t\":{\"0\":-3}}", NULL, true},
        {"{\"t\":{\"0\":9223372036854775808}}", NULL, false},
        {"{\"t\":{\"0\":1.5}}", NULL, false},
        {"{\"t\":{\"0\":\"1\"}}", NULL, false},
        {"{\"t\":{\"0\":null}}", NULL, true},
        {"{\"t\":{\"x\":1}}", NULL, false},
        {"{\"t\":{\"-1\":1}}", NULL, false},
        {"{\"t\":{\"00\":1}}", NULL, false},
        {"{\"t\":{\"2147483648\":1}}", NULL, false},
        {"{\"t\":{\"0\":1,\"0\":2}}", NULL, false},
        {"{\"\":{\"0\":1}}", NULL, false},
        {"{\"t\":[1]}", NULL, false},
        {"[]", NULL, false},
        {"", NULL, false},
        {"earliest", NULL, false},
        {"{\"t\":{\"0\":1}} x", NULL, false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct offset_list list;
        struct errbuf err;
        struct buf text = BUF_INIT;
        offset_list_init(&list);
        int result = offset_plan_parse(rows[i].in, rows[i].special, &list, &err);
        assert_int_equal(result, rows[i].out == NULL ? -1 : 0);
        if (result != 0) {
            assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
            assert_non_null(
                strstr(err.text, "Expected e.g. {\"topicA\":{\"0\":23,\"1\":-1},\"topicB\":{\"0\":-2}}, got "));
            assert_non_null(strstr(err.text, rows[i].in));
            assert_int_equal(list.count, 0);
            continue;
        }
        offset_plan_json(&list, &text);
        assert_string_equal(text.data, rows[i].out);
        buf_release(&text);
        offset_list_release(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_unknown_start),
        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
