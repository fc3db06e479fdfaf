#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/crc32c.h"

struct row {
    const char *what;
    size_t len;
    unsigned char fill; /* with step: byte i = fill + i * step */
    int step;
    uint32_t wanted;
};

/* RFC 3720 appendix B.4, whose byte strings are the CRC with its low byte first */
static const struct row rows[] = {
    {"zeros", 32, 0, 0, 0x8a9136aa},     {"ones", 32, 0xff, 0, 0x62a8ab43}, {"rising", 32, 0, 1, 0x46dd794e},
    {"falling", 32, 31, -1, 0x113fdb5c}, {"nothing", 0, 0, 0, 0},
};

static void published_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        unsigned char data[64];
        for (size_t k = 0; k < rows[i].len; k++)
            data[k] = (unsigned char)(rows[i].fill + (int)k * rows[i].step);
        assert_int_equal(crc32c_update(0, data, rows[i].len), rows[i].wanted);
        assert_int_equal(crc32c_update_portable(0, data, rows[i].len), rows[i].wanted);
    }
    assert_int_equal(crc32c_update(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c_update_portable(0, "123456789", 9), 0xe3069283);
}

static void both_ways_agree(void **state)
{
    unsigned char data[700];
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (unsigned char)(seed >> 24);
    }
    for (size_t start = 0; start < 9; start++)
        for (size_t len = 0; len < 300; len++)
            assert_int_equal(crc32c_update(7, data + start, len), crc32c_update_portable(7, data + start, len));
    /* in pieces as in one */
    uint32_t whole = crc32c_update(0, data, sizeof(data));
    for (size_t cut = 0; cut <= sizeof(data); cut += 13)
        assert_int_equal(crc32c_update(crc32c_update(0, data, cut), data + cut, sizeof(data) - cut), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_values), cmocka_unit_test(both_ways_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
