#include "producer/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Send as the feeder does, on a clock that only moves when it waits; the time that n records took. */
static int64_t run(int64_t rate, uint64_t n)
{
    struct pace pace;
    int64_t began = 1000000007;
    int64_t now = began;

    pace_init(&pace, rate, now);
    for (uint64_t i = 0; i < n; i++) {
        int64_t wait;
        while ((wait = pace_wait_us(&pace, now)) > 0)
            now += wait;
        pace_count(&pace);
    }
    return now - began;
}

static void test_rates(void **state)
{
    static const int64_t RATES[] = {1, 2, 3, 7, 10, 99, 1000, 1001, 12345, 100000, 999983, 1000000, 5000000};

    (void)state;
    for (size_t i = 0; i < sizeof(RATES) / sizeof(RATES[0]); i++) {
        uint64_t n = (uint64_t)RATES[i] * 3 + 1;
        int64_t took = run(RATES[i], n);
        /* the first goes out at once; bursts may be 1 ms early */
        assert_in_range(took, 3000000 - 1001, 3000000);
    }
}

static void test_no_limit(void **state)
{
    (void)state;
    assert_int_equal(run(0, 100000), 0);
}

static void test_delay_is_not_caught_up_with(void **state)
{
    struct pace pace;

    (void)state;
    pace_init(&pace, 100, 0);
    pace_count(&pace);
    assert_int_equal(pace_wait_us(&pace, 0), 10000);
    /* up to a second late: as many go out at once as were missed */
    int sent = 0;
    while (pace_wait_us(&pace, 900000) == 0) {
        pace_count(&pace);
        sent++;
    }
    assert_int_equal(sent, 90);
    /* ten seconds late: it begins anew */
    sent = 0;
    while (pace_wait_us(&pace, 11000000) == 0) {
        pace_count(&pace);
        sent++;
    }
    assert_int_equal(sent, 1);
}

static void test_long_run_stays_exact(void **state)
{
    struct pace pace;
    int64_t now = 0;

    (void)state;
    pace_init(&pace, 3, now);
    for (int i = 0; i < 3 * 100000; i++) {
        int64_t wait;
        while ((wait = pace_wait_us(&pace, now)) > 0)
            now += wait;
        pace_count(&pace);
    }
    assert_in_range(now, 99999000000 + 666666, 99999000000 + 666667);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_delay_is_not_caught_up_with),
        cmocka_unit_test(test_long_run_stays_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
