#include "record/rowset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;
static struct schema schema;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    schema_init(&schema);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    schema_release(&schema);
    arena_release(&arena);
    return 0;
}

static struct str str_of(const char *text)
{
    return (struct str){text, (uint32_t)strlen(text)};
}

static void compares_as_spark_orders(void **state)
{
    static const double doubles[] = {-INFINITY, -1.5, 0.0, 2.0, INFINITY, NAN};
    struct vector v;

    (void)state;
    assert_int_equal(vector_alloc(&v, type_of(TYPE_DOUBLE), 7, &arena), 0);
    memcpy(v.data.f64, doubles, sizeof(doubles));
    v.data.f64[6] = -0.0;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++)
            assert_int_equal(vector_compare(&v, i, &v, j), (i > j) - (i < j));
    assert_int_equal(vector_compare(&v, 2, &v, 6), 0);
    assert_int_equal(vector_alloc(&v, type_of(TYPE_STRING), 4, &arena), 0);
    v.data.str[0] = str_of("");
    v.data.str[1] = str_of("a");
    v.data.str[2] = str_of("aa");
    v.data.str[3] = str_of("\xC3\xA9"); /* unsigned bytes */
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            int order = vector_compare(&v, i, &v, j);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
}

static void compares_structs_with_null_first(void **state)
{
    struct vector v;

    (void)state;
    assert_int_equal(vector_alloc(&v, type_window(), 3, &arena), 0);
    for (size_t i = 0; i < 3; i++)
        v.fields[0].data.i64[i] = 5;
    v.fields[1].data.i64[0] = 1;
    v.fields[1].data.i64[1] = 2;
    vector_set_null(&v.fields[1], 2);
    assert_true(vector_compare(&v, 0, &v, 1) < 0);
    assert_true(vector_compare(&v, 2, &v, 0) < 0);
    assert_int_equal(vector_compare(&v, 2, &v, 2), 0);
    vector_set_null(&v, 1);
    assert_true(vector_is_null(&v.fields[0], 1));
}

static void constants_answer_for_every_row(void **state)
{
    struct vector v, copy;

    (void)state;
    assert_int_equal(vector_alloc(&v, type_of(TYPE_STRING), 1, &arena), 0);
    v.constant = true;
    v.data.str[0] = str_of("x");
    assert_int_equal(vector_alloc(&copy, type_of(TYPE_STRING), 3, &arena), 0);
    assert_int_equal(vector_copy(&copy, 2, &v, 1000, &arena), 0);
    assert_int_equal(vector_compare(&copy, 2, &v, 77), 0);
    assert_ptr_not_equal(copy.data.str[2].data, v.data.str[0].data);
    assert_int_equal(vector_copy(&copy, 1, &v, 1000, NULL), 0);
    assert_ptr_equal(copy.data.str[1].data, v.data.str[0].data);
    vector_set_null(&v, 55);
    assert_true(vector_is_null(&v, 3));
    assert_int_equal(vector_copy(&copy, 2, &v, 1, &arena), 0);
    assert_true(vector_is_null(&copy, 2));
    assert_false(vector_is_null(&copy, 1));
}

/* A batch of rows with every kind of column; row i is NULL where i % 3 == 0. */
static void make_batch(struct batch *batch, struct vector *columns, size_t nrows)
{
    memset(batch, 0, sizeof(*batch));
    for (size_t c = 0; c < schema.ncolumns; c++)
        assert_int_equal(vector_alloc(&columns[c], schema.columns[c].type, nrows, &arena), 0);
    for (size_t i = 0; i < nrows; i++) {
        columns[0].data.i64[i] = (int64_t)i;
        char *text = arena_printf(&arena, "row %zu", i);
        columns[1].data.str[i] = str_of(text);
        columns[2].fields[0].data.i64[i] = (int64_t)i * 10;
        columns[2].fields[1].data.i64[i] = (int64_t)i * 10 + 5;
        columns[3].data.boolean[i] = i & 1;
        if (i % 3 == 0)
            for (size_t c = 1; c < 4; c++)
                vector_set_null(&columns[c], i);
    }
    batch->nrows = batch->nselected = nrows;
    batch->ncolumns = schema.ncolumns;
    batch->columns = columns;
    batch->arena = &arena;
}

static void check_row(const struct vector *columns, size_t row, int64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "row %d", (int)number);
    assert_int_equal(columns[0].data.i64[row], number);
    for (size_t c = 1; c < 4; c++)
        assert_int_equal(vector_is_null(&columns[c], row), number % 3 == 0);
    if (number % 3 == 0)
        return;
    assert_int_equal(columns[1].data.str[row].len, strlen(text));
    assert_memory_equal(columns[1].data.str[row].data, text, strlen(text));
    assert_int_equal(columns[2].fields[1].data.i64[row], number * 10 + 5);
    assert_int_equal(columns[3].data.boolean[row], number & 1);
}

static void rowsets_own_what_they_took(void **state)
{
    static const uint16_t sel[] = {1, 2, 3, 198};
    struct vector columns[4], views[4];
    struct batch batch, view;
    struct rowset rows;

    (void)state;
    assert_int_equal(schema_add(&schema, "n", type_of(TYPE_BIGINT)), 0);
    assert_int_equal(schema_add(&schema, "s", type_of(TYPE_STRING)), 0);
    assert_int_equal(schema_add(&schema, "w", type_window()), 0);
    assert_int_equal(schema_add(&schema, "b", type_of(TYPE_BOOLEAN)), 0);
    assert_int_equal(rowset_init(&rows, &schema), 0);
    for (int round = 0; round < 2; round++) { /* the second after a reset */
        make_batch(&batch, columns, 200);
        assert_int_equal(rowset_append(&rows, &batch), 0);
        batch.sel = sel;
        batch.nselected = 4;
        assert_int_equal(rowset_append(&rows, &batch), 0);
        assert_int_equal(rowset_append_null(&rows), 204);
        arena_release(&arena); /* the batch is gone */
        assert_int_equal(rows.nrows, 205);
        for (size_t i = 0; i < 200; i++)
            check_row(rows.columns, i, (int64_t)i);
        for (size_t i = 0; i < 4; i++)
            check_row(rows.columns, 200 + i, sel[i]);
        for (size_t c = 0; c < 4; c++)
            assert_true(vector_is_null(&rows.columns[c], 204));
        assert_int_equal(rowset_batch(&rows, 197, 5, views, &view, &arena), 0);
        assert_int_equal(view.nrows, 5);
        check_row(view.columns, 0, 197);
        check_row(view.columns, 4, 2);
        rowset_reset(&rows);
        assert_int_equal(rows.nrows, 0);
    }
    rowset_release(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(compares_as_spark_orders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compares_structs_with_null_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(constants_answer_for_every_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rowsets_own_what_they_took, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
