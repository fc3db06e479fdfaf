#include "datagen/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALLS 50000

static bool is(const struct call *call, enum call_column column, const char *text)
{
    return call->column[column].len == strlen(text) && memcmp(call->column[column].data, text, strlen(text)) == 0;
}

static void test_order_and_forms(void **state)
{
    struct model *model = malloc(sizeof(*model));
    struct call call;
    char before[32] = "9999";
    size_t days = 0;
    unsigned char *used = calloc(1000 * 10000, 1);

    (void)state;
    assert_non_null(model);
    assert_non_null(used);
    model_init(model, 7, 0);
    for (int i = 0; i < CALLS; i++) {
        model_next(model, &call);
        char when[32] = "";
        assert_int_equal(call.column[CALL_CALL_DATE_TIME].len, 23);
        memcpy(when, call.column[CALL_CALL_DATE_TIME].data, 23);
        assert_true(strcmp(when, before) <= 0); /* newest first */
        days += strncmp(when, before, 10) != 0;
        memcpy(before, when, sizeof(before));
        /* every text agrees with the others */
        assert_memory_equal(when, call.column[CALL_CALL_DATE].data, 11);
        assert_memory_equal(when + 11, call.column[CALL_CALL_TIME].data, 5);
        assert_memory_equal(when + 16, ":00.000", 7);
        assert_memory_equal(call.column[CALL_CALL_DATE].data + 10, "T00:00:00.000", 13);
        assert_memory_equal(when + 2, call.column[CALL_CRIME_ID].data, 2);
        assert_true(is(&call, CALL_STATE, "CA"));
        assert_true(is(&call, CALL_AGENCY_ID, "1"));
        assert_int_equal(is(&call, CALL_ADDRESS_TYPE, "Common Location"), call.column[CALL_COMMON_LOCATION].len > 0);
        if (call.column[CALL_CITY].len == 0)
            assert_true(is(&call, CALL_ADDRESS_TYPE, "Geo-Override"));
        /* numbers of calls are used once */
        assert_int_equal(call.column[CALL_CRIME_ID].len, 9);
        char digits[8] = "";
        memcpy(digits, call.column[CALL_CRIME_ID].data + 2, 7);
        int id = atoi(digits);
        assert_int_equal(used[id], 0);
        used[id] = 1;
        for (int column = 0; column < CALL_COLUMNS; column++)
            for (size_t k = 0; k < call.column[column].len; k++)
                assert_in_range(call.column[column].data[k], 0x20, 0x7e);
    }
    assert_in_range(days, CALLS / 2400, CALLS / 2100);
    free(used);
    free(model);
}

static void test_shares(void **state)
{
    static const struct {
        enum call_column column;
        const char *text;
        int share; /* of 1,000 */
    } EXPECTED[] = {
        {CALL_TYPE_NAME, "Passing Call", 176},
        {CALL_TYPE_NAME, "Traffic Stop", 55},
        {CALL_TYPE_NAME, "Muni Inspection", 47},
        {CALL_DISPOSITION, "HAN", 266},
        {CALL_DISPOSITION, "Not recorded", 211},
        {CALL_DISPOSITION, "CIT", 97},
        {CALL_DISPOSITION, "REP", 81},
        {CALL_DISPOSITION, "PAS", 29},
        {CALL_ADDRESS_TYPE, "Premise Address", 510},
        {CALL_ADDRESS_TYPE, "Intersection", 300},
        {CALL_CITY, "San Francisco", 967},
        {CALL_CITY, "", 23},
    };
    enum { N = sizeof(EXPECTED) / sizeof(EXPECTED[0]) };
    int counts[N] = {0};
    struct model *model = malloc(sizeof(*model));
    struct call call;

    (void)state;
    assert_non_null(model);
    model_init(model, 2018, 0);
    for (int i = 0; i < CALLS; i++) {
        model_next(model, &call);
        for (int k = 0; k < N; k++)
            counts[k] += is(&call, EXPECTED[k].column, EXPECTED[k].text);
    }
    for (int k = 0; k < N; k++) {
        int share = counts[k] * 1000 / CALLS;
        if (abs(share - EXPECTED[k].share) > 6)
            fail_msg("%s: %d of 1,000 instead of %d", EXPECTED[k].text, share, EXPECTED[k].share);
    }
    free(model);
}

static void test_late(void **state)
{
    struct model *model = malloc(sizeof(*model));
    struct model *plain = malloc(sizeof(*plain));
    struct call call;
    struct call other;
    int late = 0;

    (void)state;
    assert_non_null(model);
    assert_non_null(plain);
    model_init(model, 5, 1000);
    model_init(plain, 5, 0);
    for (int i = 0; i < 10000; i++) {
        model_next(model, &call);
        model_next(plain, &other);
        late += memcmp(call.date_time, other.date_time, 23) != 0;
        assert_memory_equal(call.id, other.id, 9); /* all else is the same */
        assert_memory_equal(call.address, other.address, call.column[CALL_ADDRESS].len);
        assert_true(memcmp(call.date_time, other.date_time, 23) <= 0);
    }
    assert_in_range(late, 900, 1100);
    free(plain);
    free(model);
}

/* Far enough back that years, leap days and the century in the id change. */
static void test_calendar(void **state)
{
    struct model *model = malloc(sizeof(*model));
    struct call call;

    (void)state;
    assert_non_null(model);
    model_init(model, 1, 0);
    model->day = 16861; /* 2016-03-01 */
    model->ncalls = 0;
    model_next(model, &call);
    assert_memory_equal(call.date_time, "2016-02-29T", 11);
    assert_memory_equal(call.id, "16060", 5);
    model->day = 10957; /* 2000-01-01 */
    model->ncalls = 0;
    model_next(model, &call);
    assert_memory_equal(call.date_time, "1999-12-31T", 11);
    assert_memory_equal(call.id, "99365", 5);
    model->day = 1; /* before the epoch */
    model->ncalls = 0;
    for (int i = 0; i < 5000; i++)
        model_next(model, &call);
    assert_memory_equal(call.date_time, "1969-12-3", 9);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_forms),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
