#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/respond.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void there_and_back(void **state)
{
    static const size_t sizes[] = {0, 1, 1400, 70000, 3000000};
    struct respond_packer *packer = respond_packer_new();

    (void)state;
    assert_non_null(packer);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t len = sizes[i];
        char *in = malloc(len + 1), *back = malloc(len + 1);
        struct buf out = BUF_INIT;
        z_stream stream = {0};
        uint32_t random = 1;
        assert_non_null(in);
        assert_non_null(back);
        for (size_t k = 0; k < len; k++) {
            random = random * 1664525 + 1013904223;
            in[k] = k % 2 == 0 ? (char)(random >> 24) : 'a';
        }
        assert_int_equal(respond_gzip(packer, in, len, &out), 0);
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        stream.next_in = (unsigned char *)out.data;
        stream.avail_in = (unsigned)out.len;
        stream.next_out = (unsigned char *)back;
        stream.avail_out = (unsigned)len + 1;
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, len);
        assert_memory_equal(in, back, len);
        inflateEnd(&stream);
        buf_release(&out);
        free(in);
        free(back);
    }
    respond_packer_free(packer);
    respond_packer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
