/* Files that no crash leaves where a log should be: refused at once, and left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/engine/wal_internal.h"

#include "common/fileio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char root[64];
    char path[80]; /* of the log */
    struct errbuf err;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    snprintf(fixture->root, sizeof(fixture->root), "/tmp/sf-wal-XXXXXX");
    *state = fixture;
    if (mkdtemp(fixture->root) == NULL)
        return -1;
    snprintf(fixture->path, sizeof(fixture->path), "%s/wal.1", fixture->root);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    int result = fileio_remove_tree(fixture->root, &fixture->err);

    free(fixture);
    return result;
}

static void opens(struct fixture *fixture, const struct buf *log, bool expected)
{
    assert_false(log->failed);
    assert_int_equal(fileio_place(fixture->path, log->data, log->len, true, &fixture->err), 0);
    struct wal *wal = wal_open(fixture->root, &fixture->err);
    struct buf found = BUF_INIT;
    struct errbuf err;
    bool there = fileio_read(fixture->path, SIZE_MAX, &found, NULL, &err) == 0;

    assert_int_equal(wal != NULL, expected);
    if (!expected) {
        assert_int_equal(fixture->err.exit_code, EXIT_CODE_CHECKPOINT);
        assert_non_null(strstr(fixture->err.text, "wal.1 is damaged"));
    }
    assert_int_equal(there, !expected);
    wal_close(wal);
    buf_release(&found);
}

/* Beginnings of groups and nothing else, each of half the file: their checksums would take minutes. */
static void test_many_beginnings(void **state)
{
    static const char number_and_crc[12] = {1};
    struct buf log = BUF_INIT;
    const size_t beginnings = 400000;
    const uint32_t body_len = 4000000;
    char head[WAL_GROUP_BYTES] = {'s', 'f', 'w', 'l'};

    for (size_t i = 0; i < 4; i++)
        head[4 + i] = (char)(body_len >> 8 * i);
    memcpy(head + 8, number_and_crc, sizeof(number_and_crc));
    buf_append_text(&log, WAL_TITLE);
    for (size_t i = 0; i < beginnings; i++)
        buf_append(&log, head, sizeof(head));
    opens(*state, &log, false);
    buf_release(&log);
}

/* The title may be torn, where the other bytes are zeros, but is nothing else. */
static void test_title(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool opens;
    } cases[] = {
        {"", 0, true},
        {"sfcrime wr", 10, true},
        {"\0\0\0\0\0\0\0\0\0\0", 10, true},
        {"sfcrime wr\0\0\0\0", 14, true},
        {"sfcrime_wr", 10, false},
        {"a file of somebody else's, with a name like ours, which is not to be removed", 76, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf log = BUF_INIT;
        buf_append(&log, cases[i].text, cases[i].len);
        opens(*state, &log, cases[i].opens);
        buf_release(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_beginnings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_title, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
