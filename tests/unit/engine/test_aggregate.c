#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "groups.h"

#define ROWS(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

/* Letters of a call: C count, S sum, A avg, m min, M max; the column's digit, '*' none; then the filter's digit, if
 * any. */
static void add_calls(struct groups *groups, const char *calls)
{
    for (const char *p = calls; *p != '\0'; p++) {
        static const char letters[] = "CSAmM";
        enum aggregate_kind kind = (enum aggregate_kind)(strchr(letters, *p) - letters);
        int column = *++p == '*' ? -1 : *p - '0';
        int filter = p[1] >= '0' && p[1] <= '9' ? *++p - '0' : -1;
        groups_call(groups, kind, column, filter);
    }
}

static void add_keys(struct groups *groups, const char *keys)
{
    for (const char *p = keys; *p != '\0'; p++)
        groups_key(groups, (size_t)(*p - '0'));
}

static void all_groups(const struct aggregate_table *table, struct buf *out)
{
    uint32_t numbers[4096];

    for (uint32_t i = 0; i < table->count; i++)
        numbers[i] = i;
    groups_text(table, numbers, table->count, out);
}

struct row {
    const char *name;
    const char *columns, *keys, *calls;
    const char *const *rows;
    const char *expected;
};

/* Each row is computed twice: by one table in one go, and by one table a row, merged in order; sums of DOUBLE in the
 * second way come out the same as long as they are exact. */
static const struct row rows[] = {
    {"count per text", "s", "0", "C*", ROWS("b", "a", "NULL", "b", "", "b"), "NULL|1\n|1\na|1\nb|3\n"},
    {"count(x) of the NULL group is 0", "s", "0", "C0", ROWS("a", "NULL", "NULL"), "NULL|0\na|1\n"},
    {"BINARY", "x", "0", "C*", ROWS("a", "NULL", "ab", "a"), "NULL|1\na|2\nab|1\n"},
    {"two keys, prefixes", "ss", "01", "C*", ROWS("a|bc", "ab|c", "a|bc", "a|NULL", "NULL|a", "|"),
     "NULL|a|1\n||1\na|NULL|1\na|bc|2\nab|c|1\n"},
    {"text and window", "sw", "01", "C*", ROWS("a|0..60", "a|60..120", "b|0..60", "a|0..60", "a|-60..0"),
     "a|-60..0|1\na|0..60|2\na|60..120|1\nb|0..60|1\n"},
    {"DOUBLE keys: one zero, one NaN", "d", "0", "C*",
     ROWS("0", "-0", "nan", "-nan", "1.5", "-inf", "inf", "NULL", "-1.5"),
     "NULL|1\n-inf|1\n-1.5|1\n0|2\n1.5|1\ninf|1\nnan|2\n"},
    {"every key type in order", "bilty", "01234", "C*",
     ROWS("true|1|1|1|1", "false|1|1|1|1", "NULL|1|1|1|1", "false|-1|1|1|1", "false|-1|-9|1|1", "false|-1|-9|-1|1",
          "false|-1|-9|-1|-5", "false|-1|-9|-1|NULL"),
     "NULL|1|1|1|1|1\nfalse|-1|-9|-1|NULL|1\nfalse|-1|-9|-1|-5|1\nfalse|-1|-9|-1|1|1\nfalse|-1|-9|1|1|1\n"
     "false|-1|1|1|1|1\nfalse|1|1|1|1|1\ntrue|1|1|1|1|1\n"},
    {"NULL type as a key", "n", "0", "C*C0", ROWS("NULL", "NULL"), "NULL|2|0\n"},
    {"global", "l", "", "C*C0S0m0M0", ROWS("3", "NULL", "-4"), "3|2|-1|-4|3\n"},
    {"distinct", "ss", "01", "", ROWS("a|b", "a|b", "a|c"), "a|b\na|c\n"},
    {"sum of INT is BIGINT", "si", "0", "S1", ROWS("a|2147483647", "a|2147483647"), "a|4294967294\n"},
    {"sum, avg of DOUBLE", "sd", "0", "S1A1", ROWS("a|1", "a|2", "b|NULL", "a|NULL", "a|0.75"),
     "a|3.75|1.25\nb|NULL|NULL\n"},
    {"a sum of -0.0 is 0.0", "sd", "0", "S1", ROWS("a|-0"), "a|0\n"},
    {"NaN is greatest", "sd", "0", "m1M1", ROWS("a|nan", "a|1", "a|-inf", "a|inf", "b|nan"), "a|-inf|nan\nb|nan|nan\n"},
    {"of -0.0 and 0.0 the first seen stays", "sd", "0", "m1M1", ROWS("a|-0", "a|0", "b|0", "b|-0"), "a|-0|-0\nb|0|0\n"},
    {"min, max of texts by bytes", "ss", "0", "m1M1", ROWS("a|b", "a|B", "a|\xc3\xa9", "a|", "a|ba", "b|NULL"),
     "a||\xc3\xa9\nb|NULL|NULL\n"},
    {"min, max of BINARY", "sx", "0", "m1M1", ROWS("a|b", "a|ab", "a|\xff"), "a|ab|\xff\n"},
    {"min, max of BOOLEAN", "sb", "0", "m1M1", ROWS("a|true", "a|false", "b|true", "b|NULL"),
     "a|false|true\nb|true|true\n"},
    {"min, max of INT, DATE, TIMESTAMP", "siyt", "0", "m1M1m2M2m3M3", ROWS("a|1|-1|5", "a|-7|3|NULL", "a|4|NULL|-5"),
     "a|-7|4|-1|3|-5|5\n"},
    {"min, max of a struct", "sw", "0", "m1M1", ROWS("a|0..60", "a|0..30", "a|-60..0", "a|NULL", "b|NULL", "a|0..NULL"),
     "a|-60..0|0..60\nb|NULL|NULL\n"},
    {"min of NULL type", "sn", "0", "m1M1C1", ROWS("a|NULL"), "a|NULL|NULL|0\n"},
    {"FILTER", "slb", "0", "C*2S12C12", ROWS("a|1|true", "a|2|false", "a|4|NULL", "b|8|false", "a|NULL|true"),
     "a|2|1|1\nb|0|NULL|0\n"},
};

static void one_table(struct groups *groups, const struct aggregate_layout *layout, const struct row *row,
                      struct buf *out)
{
    struct aggregate_table table;

    assert_int_equal(aggregate_table_init(&table, layout), 0);
    assert_int_equal(groups_update(groups, &table, row->rows), 0);
    all_groups(&table, out);
    /* a reset table counts anew, its dictionary or not */
    aggregate_table_reset(&table);
    assert_int_equal(table.count, row->keys[0] == '\0' ? 1 : 0);
    assert_int_equal(groups_update(groups, &table, row->rows), 0);
    struct buf again = BUF_INIT;
    all_groups(&table, &again);
    assert_string_equal(again.data, out->data);
    buf_release(&again);
    aggregate_table_release(&table);
}

/* The key of a group as bytes, in memory of exactly its size for the address sanitizer. */
static char *encoded(const struct aggregate_table *table, uint32_t group, size_t *len)
{
    *len = aggregate_key_bytes(table, group);
    char *key = malloc(*len > 0 ? *len : 1);

    assert_non_null(key);
    assert_ptr_equal(aggregate_key_encode(table, group, (unsigned char *)key), key + *len);
    return key;
}

static void merge_tables(const struct aggregate_layout *layout, struct aggregate_table *into,
                         const struct aggregate_table *from)
{
    size_t width = aggregate_width(layout);
    struct errbuf err;
    uint32_t group;

    assert_int_equal(aggregate_adopt_begin(into, from), 0);
    for (uint32_t i = 0; i < from->count; i++) {
        assert_int_equal(aggregate_adopt(into, from, &i, 1, &group), 0);
        assert_int_equal(aggregate_merge_one(layout, into->accumulators + group * width, from->accumulators + i * width,
                                             &into->strings, &err),
                         0);
    }
}

/* The merged accumulators go through their bytes on the way. */
static void by_rows(struct groups *groups, const struct aggregate_layout *layout, const struct row *row,
                    struct buf *out)
{
    struct aggregate_table whole, part;
    size_t width = aggregate_width(layout);
    struct buf bytes = BUF_INIT;

    assert_int_equal(aggregate_table_init(&whole, layout), 0);
    assert_int_equal(aggregate_table_init(&part, layout), 0);
    for (size_t i = 0; row->rows[i] != NULL; i++) {
        const char *const one[] = {row->rows[i], NULL};
        assert_int_equal(groups_update(groups, &part, one), 0);
        merge_tables(layout, &whole, &part);
        aggregate_table_reset(&part);
    }
    for (uint32_t i = 0; i < whole.count; i++) {
        unsigned char *accumulator = whole.accumulators + i * width;
        buf_reset(&bytes);
        aggregate_encode_one(layout, accumulator, &bytes);
        /* short, right, long */
        for (size_t len = 0; len <= bytes.len + 1; len++) {
            unsigned char *copy = malloc(len + 1); /* exact, for the address sanitizer */
            bool oom;
            memset(copy, 0, len);
            if (bytes.len > 0)
                memcpy(copy, bytes.data, len < bytes.len ? len : bytes.len);
            assert_ptr_equal(aggregate_decode_one(layout, copy, copy + len, accumulator, &whole.strings, &oom),
                             len < bytes.len ? NULL : copy + bytes.len);
            assert_false(oom);
            free(copy);
        }
    }
    all_groups(&whole, out);
    assert_true(aggregate_table_memory_bytes(&whole) > 0);
    buf_release(&bytes);
    aggregate_table_release(&part);
    aggregate_table_release(&whole);
}

static void test_table(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf first = BUF_INIT, second = BUF_INIT;
        struct groups groups;
        groups_init(&groups);
        groups_columns(&groups, rows[i].columns);
        add_keys(&groups, rows[i].keys);
        add_calls(&groups, rows[i].calls);
        struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
        assert_non_null(layout);
        one_table(&groups, layout, &rows[i], &first);
        by_rows(&groups, layout, &rows[i], &second);
        if (strcmp(first.data, second.data) != 0)
            fail_msg("%s: merged\n%sin one\n%s", rows[i].name, second.data, first.data);
        if (strcmp(first.data, rows[i].expected) != 0)
            fail_msg("%s: got\n%swanted\n%s", rows[i].name, first.data, rows[i].expected);
        buf_release(&first);
        buf_release(&second);
        aggregate_layout_free(layout);
        groups_release(&groups);
    }
}

static void test_any_order(void **unused)
{
    /* columns 0 to 6: STRING, BIGINT, DOUBLE, window, TIMESTAMP, BOOLEAN, INT */
    static const struct {
        const char *calls;
        bool any_order;
    } layouts[] = {
        {"", true},    {"C*", true},      {"C2", true},  {"m0M1", true}, {"m3M4m5M6", true}, {"C*S1", false},
        {"S2", false}, {"C*A2C0", false}, {"m2", false}, {"M2", false},  {"C*M0S6", false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        struct groups groups;
        groups_init(&groups);
        groups_columns(&groups, "sldwtbi");
        groups_key(&groups, 2);
        add_calls(&groups, layouts[i].calls);
        struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
        assert_non_null(layout);
        if (aggregate_any_order(layout) != layouts[i].any_order)
            fail_msg("%s", layouts[i].calls);
        aggregate_layout_free(layout);
        groups_release(&groups);
    }
}

static void test_global_group_is_there_from_the_start(void **unused)
{
    struct aggregate_layout *layout;
    struct aggregate_table table;
    struct buf out = BUF_INIT;
    struct groups groups;

    (void)unused;
    groups_init(&groups);
    groups_columns(&groups, "l");
    add_calls(&groups, "C*S0m0");
    layout = aggregate_layout_new(&groups.op);
    assert_int_equal(aggregate_table_init(&table, layout), 0);
    all_groups(&table, &out);
    aggregate_table_reset(&table);
    all_groups(&table, &out);
    assert_string_equal(out.data, "0|NULL|NULL\n0|NULL|NULL\n");
    buf_release(&out);
    aggregate_table_release(&table);
    aggregate_layout_free(layout);
    groups_release(&groups);
}

static void test_selection_and_constants(void **unused)
{
    struct arena arena = ARENA_INIT;
    struct aggregate_layout *layout;
    struct aggregate_table table;
    struct buf out = BUF_INIT;
    uint16_t sel[] = {1, 3};
    struct groups groups;
    struct batch batch;

    (void)unused;
    groups_init(&groups);
    groups_columns(&groups, "sl");
    add_keys(&groups, "0");
    add_calls(&groups, "C*S1m1");
    layout = aggregate_layout_new(&groups.op);
    assert_int_equal(aggregate_table_init(&table, layout), 0);
    groups_batch(&groups, ROWS("a|1", "b|2", "a|4", "b|8"), &batch, &arena);
    batch.sel = sel;
    batch.nselected = 2;
    struct eval eval = {.arena = &arena, .zone = zone_utc(), .batch = &batch, .err = &groups.err};
    assert_int_equal(aggregate_update(&table, &eval, &batch, &groups.err), 0);
    batch.columns[0].constant = true;
    batch.columns[1].constant = true;
    assert_int_equal(aggregate_update(&table, &eval, &batch, &groups.err), 0);
    batch.nselected = 0;
    assert_int_equal(aggregate_update(&table, &eval, &batch, &groups.err), 0);
    all_groups(&table, &out);
    assert_string_equal(out.data, "a|2|2|1\nb|2|10|2\n");
    buf_release(&out);
    aggregate_table_release(&table);
    aggregate_layout_free(layout);
    groups_release(&groups);
    arena_release(&arena);
}

static void test_overflow(void **unused)
{
    static const char *const tables[][4] = {
        {"a|9223372036854775807", "a|1", NULL},
        {"a|-9223372036854775808", "a|-1", NULL},
    };
    struct aggregate_layout *layout;
    struct groups groups;

    (void)unused;
    groups_init(&groups);
    groups_columns(&groups, "sl");
    add_keys(&groups, "0");
    add_calls(&groups, "S1");
    layout = aggregate_layout_new(&groups.op);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        struct aggregate_table table, other;
        const char *const first[] = {tables[i][0], NULL}, *const second[] = {tables[i][1], NULL};
        assert_int_equal(aggregate_table_init(&table, layout), 0);
        assert_int_equal(aggregate_table_init(&other, layout), 0);
        assert_int_equal(groups_update(&groups, &table, tables[i]), -1);
        assert_string_equal(groups.err.condition, "ARITHMETIC_OVERFLOW");
        assert_string_equal(groups.err.sqlstate, "22003");
        assert_int_equal(groups.err.exit_code, EXIT_CODE_RUNTIME);
        assert_non_null(strstr(groups.err.text, "long overflow. Use 'try_add' to tolerate overflow"));
        /* likewise between groups */
        aggregate_table_reset(&table);
        assert_int_equal(groups_update(&groups, &table, first), 0);
        assert_int_equal(groups_update(&groups, &other, second), 0);
        errbuf_clear(&groups.err);
        assert_int_equal(
            aggregate_merge_one(layout, table.accumulators, other.accumulators, &table.strings, &groups.err), -1);
        assert_string_equal(groups.err.condition, "ARITHMETIC_OVERFLOW");
        aggregate_table_release(&table);
        aggregate_table_release(&other);
    }
    aggregate_layout_free(layout);
    groups_release(&groups);
}

/* The event time is found wherever its column stands among the keys. */
static void test_event_time(void **unused)
{
    static const struct {
        const char *columns, *keys;
        int event;
        bool window;
        const char *row;
        bool found;
        int64_t event_us;
    } cases[] = {
        {"st", "01", 1, false, "abc|77", true, 77},   {"st", "10", 0, false, "abc|-77", true, -77},
        {"st", "01", 1, false, "abc|NULL", false, 0}, {"sw", "01", 1, true, "abc|3600..7200", true, 7200},
        {"sw", "01", 1, true, "abc|NULL", false, 0},  {"wsl", "102", 1, true, "1..2|x|5", true, 2},
        {"st", "01", -1, false, "abc|77", false, 0},  {"t", "0", 0, false, "9223372036854775807", true, INT64_MAX},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const batch_rows[] = {cases[i].row, NULL};
        struct aggregate_table table;
        struct groups groups;
        int64_t event_us;
        groups_init(&groups);
        groups_columns(&groups, cases[i].columns);
        add_keys(&groups, cases[i].keys);
        groups.op.u.aggregate.event_time_key = cases[i].event;
        groups.op.u.aggregate.event_time_window = cases[i].window;
        struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
        assert_int_equal(aggregate_table_init(&table, layout), 0);
        assert_int_equal(groups_update(&groups, &table, batch_rows), 0);
        assert_int_equal(aggregate_event_time(&table, 0, &event_us), cases[i].found);
        if (cases[i].found)
            assert_int_equal(event_us, cases[i].event_us);
        aggregate_table_release(&table);
        aggregate_layout_free(layout);
        groups_release(&groups);
    }
}

/* Keys from a file: what is no key of the layout is seen, nothing is read beyond the end. */
static void test_keys_in_files(void **unused)
{
    struct aggregate_table table, other;
    struct buf texts = BUF_INIT, key = BUF_INIT;
    struct groups groups;
    uint32_t group;
    bool oom;

    (void)unused;
    groups_init(&groups);
    groups_columns(&groups, "sbwd");
    add_keys(&groups, "0123");
    struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
    struct aggregate_file *file = aggregate_file_new(layout);
    size_t width = aggregate_file_key_width(layout);
    assert_non_null(file);
    assert_int_equal(aggregate_table_init(&table, layout), 0);
    assert_int_equal(aggregate_table_init(&other, layout), 0);
    assert_int_equal(
        groups_update(&groups, &table, ROWS("left out|true|1..2|0", "abc|true|1..2|nan", "NULL|NULL|NULL|-0")), 0);
    aggregate_file_begin(file);
    for (uint32_t i = 1; i < 3; i++)
        assert_int_equal(aggregate_file_note(file, &table, i), 0);
    aggregate_file_put_texts(file, &table, &texts);
    for (uint32_t i = 1; i < 3; i++)
        aggregate_file_put_key(file, &table, i, &key);
    assert_int_equal(texts.len, 4 + 4 + 3);
    assert_int_equal(key.len, 2 * width);

    for (size_t len = 0; len <= texts.len; len++) {
        unsigned char *cut = malloc(len + 1);
        memcpy(cut, texts.data, len);
        assert_ptr_equal(aggregate_file_take_texts(file, &other, cut, cut + len, &oom),
                         len == texts.len ? cut + len : NULL);
        assert_false(oom);
        free(cut);
    }
    const unsigned char *keys = (const unsigned char *)key.data;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(aggregate_file_take_key(file, &other, keys + i * width, false, &group), 0);
        assert_int_equal(aggregate_file_take_key(file, &other, keys + i * width, true, &group), 1);
        assert_int_equal(group, i);
        assert_int_equal(aggregate_file_take_key(file, &other, keys + i * width, false, &group), 1);
        assert_int_equal(group, i);
        size_t len, other_len;
        char *here = encoded(&table, (uint32_t)i + 1, &len), *there = encoded(&other, group, &other_len);
        assert_int_equal(len, other_len);
        assert_memory_equal(here, there, len);
        free(here);
        free(there);
    }
    /* a NULL bit more leaves a value behind that should be zero; a number beyond the texts; TRUE as 2; another NaN,
     * -0.0 */
    unsigned char *wrong = malloc(width);
    size_t refused = 0;
    for (size_t at = 0; at < width; at++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(wrong, keys, width);
            wrong[at] ^= (unsigned char)(1 << bit);
            refused += aggregate_file_take_key(file, &other, wrong, true, &group) == 0;
        }
    /* what remains is another key: the window's bounds (128 bits), FALSE, NULL for the text numbered 0, and of the NaN
     * a bit less in the exponent (11) or infinity */
    assert_int_equal(refused, width * 8 - 128 - 1 - 1 - 12);
    free(wrong);
    buf_release(&texts);
    buf_release(&key);
    aggregate_file_free(file);
    aggregate_table_release(&table);
    aggregate_table_release(&other);
    aggregate_layout_free(layout);
    groups_release(&groups);
}

/* More texts than a dictionary keeps: it is emptied with the groups, and all still counts. */
static void test_many_texts(void **unused)
{
    enum { TEXTS = 40000, CHUNK = 2000 };
    struct aggregate_table table;
    struct groups groups;
    char(*text)[16] = calloc(CHUNK, sizeof(*text));
    const char **batch_rows = calloc(CHUNK + 1, sizeof(*batch_rows));

    (void)unused;
    assert_non_null(text);
    assert_non_null(batch_rows);
    groups_init(&groups);
    groups_columns(&groups, "s");
    add_keys(&groups, "0");
    add_calls(&groups, "C*");
    struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
    assert_int_equal(aggregate_table_init(&table, layout), 0);
    for (int round = 0; round < 3; round++) {
        for (int first = 0; first < TEXTS; first += CHUNK) {
            for (int i = 0; i < CHUNK; i++) {
                snprintf(text[i], sizeof(text[i]), "text %d", first + i);
                batch_rows[i] = text[i];
            }
            assert_int_equal(groups_update(&groups, &table, batch_rows), 0);
            assert_int_equal(groups_update(&groups, &table, batch_rows), 0);
        }
        assert_int_equal(table.count, TEXTS);
        const int64_t *counts = (const int64_t *)(const void *)table.accumulators;
        for (int i = 0; i < TEXTS; i++)
            assert_int_equal(counts[i], 2);
        aggregate_table_reset(&table);
    }
    aggregate_table_release(&table);
    aggregate_layout_free(layout);
    groups_release(&groups);
    free(text);
    free(batch_rows);
}

/* --- many groups ------------------------------------------------------------------------------------------------- */

enum { CELL = 48, MANY = 500 };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return *seed >> 8;
}

/* Values that tie often: texts with long common beginnings, some empty, NULLs, zeros of both signs. */
static void random_cell(char letter, uint32_t *seed, char cell[CELL])
{
    uint32_t pick = next_random(seed), value = next_random(seed);
    const char *sign = pick % 2 == 0 ? "-" : "";

    if (pick % 11 == 0)
        snprintf(cell, CELL, "NULL");
    else if (letter == 's' && pick % 13 == 0)
        cell[0] = '\0';
    else if (letter == 's')
        snprintf(cell, CELL, "%s%u", pick % 3 == 0 ? "" : "a common beginning ", value % 300);
    else if (letter == 'd')
        snprintf(cell, CELL, "%s%u.%u", sign, pick % 7 == 0 ? 0 : value % 100, pick % 7 == 0 ? 0 : 5);
    else if (letter == 'b')
        snprintf(cell, CELL, "%s", pick % 2 == 0 ? "true" : "false");
    else if (letter == 'w')
        snprintf(cell, CELL, "%s%u..%s", sign, value % 1000, pick % 3 == 0 ? "NULL" : "60");
    else
        snprintf(cell, CELL, "%s%u", sign, value % 70000);
}

static void random_rows(const char *columns, uint32_t *seed, char (*text)[4 * CELL], const char **lines)
{
    for (size_t i = 0; i < MANY; i++) {
        size_t len = 0;
        for (const char *p = columns; *p != '\0'; p++) {
            char cell[CELL];
            random_cell(*p, seed, cell);
            len += (size_t)snprintf(text[i] + len, 4 * CELL - len, "%s%s", p > columns ? "|" : "", cell);
        }
        lines[i] = text[i];
    }
    lines[MANY] = NULL;
}

/* Row i stands rightly before row j, by the comparison of vectors. */
static bool in_order(const struct batch *batch, size_t ncolumns, size_t i, size_t j)
{
    for (size_t c = 0; c < ncolumns; c++) {
        const struct vector *column = &batch->columns[c];
        bool i_null = vector_is_null(column, i), j_null = vector_is_null(column, j);
        int order = i_null || j_null ? j_null - i_null : vector_compare(column, i, column, j);
        if (order != 0)
            return order < 0;
    }
    return false; /* equal ones would be one group */
}

static void check_order(const struct aggregate_table *table, uint32_t *numbers, size_t n, size_t ncolumns)
{
    struct arena arena = ARENA_INIT;

    assert_int_equal(aggregate_sort(table, numbers, n, &arena), 0);
    for (size_t first = 0; first + 1 < n; first += VECTOR_ROWS - 1) {
        size_t some = n - first < VECTOR_ROWS ? n - first : VECTOR_ROWS;
        struct batch batch;
        assert_int_equal(aggregate_rows(table, numbers + first, some, &batch, &arena), 0);
        for (size_t i = 0; i + 1 < some; i++)
            assert_true(in_order(&batch, ncolumns, i, i + 1));
        arena_reset(&arena);
    }
    arena_release(&arena);
}

/* All groups of a table go over to another one; their keys are the same there. */
static void check_adopted(struct aggregate_table *into, const struct aggregate_table *from)
{
    uint32_t numbers[AGGREGATE_BLOCK], groups[AGGREGATE_BLOCK];

    assert_int_equal(aggregate_adopt_begin(into, from), 0);
    for (uint32_t first = 0; first < from->count; first += AGGREGATE_BLOCK) {
        size_t n = from->count - first < AGGREGATE_BLOCK ? from->count - first : AGGREGATE_BLOCK;
        for (size_t i = 0; i < n; i++)
            numbers[i] = first + (uint32_t)i;
        assert_int_equal(aggregate_adopt(into, from, numbers, n, groups), 0);
        for (size_t i = 0; i < n; i++) {
            size_t len, other_len;
            char *key = encoded(from, numbers[i], &len);
            char *other = encoded(into, groups[i], &other_len);
            assert_int_equal(len, other_len);
            assert_memory_equal(key, other, len);
            free(key);
            free(other);
        }
    }
}

/* Tables that grow, are sorted in part and whole while they do, and serve again after a reset. */
static void test_many_groups(void **unused)
{
    static const char *const columns[] = {"s", "sw", "ss", "di", "bys", "tls", "wsd", "l", "x"};
    enum { ROUNDS = 16 };
    char(*text)[4 * CELL] = calloc(MANY, sizeof(*text));
    const char **lines = calloc(MANY + 1, sizeof(*lines));
    uint32_t *numbers = calloc((size_t)MANY * ROUNDS, sizeof(*numbers));
    uint32_t seed = 7;

    (void)unused;
    assert_non_null(text);
    assert_non_null(lines);
    assert_non_null(numbers);
    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
        size_t ncolumns = strlen(columns[c]);
        struct aggregate_table table, other;
        struct groups groups;
        groups_init(&groups);
        groups_columns(&groups, columns[c]);
        for (size_t i = 0; i < ncolumns; i++)
            groups_key(&groups, i);
        add_calls(&groups, "C*");
        struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
        assert_int_equal(aggregate_table_init(&table, layout), 0);
        assert_int_equal(aggregate_table_init(&other, layout), 0);
        for (int round = 0; round < ROUNDS; round++) {
            int64_t records = 0;
            size_t n = 0;
            random_rows(columns[c], &seed, text, lines);
            assert_int_equal(groups_update(&groups, &table, lines), 0);
            check_adopted(&other, &table);
            for (uint32_t i = 0; i < table.count; i += 1 + (uint32_t)(round % 3) * 20)
                numbers[n++] = i;
            check_order(&table, numbers, n, ncolumns);
            for (uint32_t i = 0; i < table.count; i++)
                records += ((const int64_t *)(const void *)table.accumulators)[i];
            assert_int_equal(records, (round % 8 + 1) * MANY);
            if (round == 7)
                aggregate_table_reset(&table);
        }
        assert_true(other.count >= table.count && other.count <= MANY * ROUNDS);
        for (uint32_t i = 0; i < other.count; i++)
            numbers[i] = i;
        check_order(&other, numbers, other.count, ncolumns);
        aggregate_table_release(&table);
        aggregate_table_release(&other);
        aggregate_layout_free(layout);
        groups_release(&groups);
    }
    free(text);
    free(lines);
    free(numbers);
}

static void test_layout_text(void **unused)
{
    static const struct {
        const char *columns, *keys, *calls, *text;
    } cases[] = {
        {"sl", "0", "C*S1", "state 2: keys 0 string; accumulators count() sum(bigint)"},
        {"sw", "01", "M0", "state 2: keys 0 string 1 struct<start:timestamp,end:timestamp>; accumulators max(string)"},
        {"l", "", "m0", "state 2: keys; accumulators min(bigint)"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf text = BUF_INIT;
        struct groups groups;
        groups_init(&groups);
        groups_columns(&groups, cases[i].columns);
        add_keys(&groups, cases[i].keys);
        add_calls(&groups, cases[i].calls);
        struct aggregate_layout *layout = aggregate_layout_new(&groups.op);
        aggregate_layout_text(layout, &text);
        assert_string_equal(text.data, cases[i].text);
        buf_release(&text);
        aggregate_layout_free(layout);
        groups_release(&groups);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_global_group_is_there_from_the_start),
        cmocka_unit_test(test_selection_and_constants),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_event_time),
        cmocka_unit_test(test_keys_in_files),
        cmocka_unit_test(test_many_texts),
        cmocka_unit_test(test_many_groups),
        cmocka_unit_test(test_layout_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
