/* libFuzzer entry: every way through a record must give the same status and the same values, twice over (shapes learn
 * from the first). `make fuzz` builds and runs it. */
#include "record/json_decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char ddl[] = "a STRING, b BIGINT, c DOUBLE, d BOOLEAN, e TIMESTAMP, f DATE, g INT, h STRING";

static int same_value(const struct vector *x, const struct vector *y, size_t row)
{
    if (vector_is_null(x, row) || vector_is_null(y, row))
        return vector_is_null(x, row) == vector_is_null(y, row);
    if (x->type->id != TYPE_STRING) {
        size_t width = type_width(x->type);
        return memcmp((char *)x->data.raw + row * width, (char *)y->data.raw + row * width, width) == 0;
    }
    struct str a = x->data.str[row], b = y->data.str[row];
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_decoder *decoders[3];
    static struct vector columns[3][COLUMNS];
    static struct arena fixed, strings;
    struct errbuf err;
    enum json_decode_status status[3];

    if (decoders[0] == NULL) {
        static const size_t wanted[COLUMNS] = {0, 1, 2, 3, 4, 5, 6, 7};
        struct schema schema;
        schema_init(&schema);
        if (schema_parse(&schema, ddl, &err) != 0)
            abort();
        for (int w = 0; w < 3; w++) {
            decoders[w] = json_decoder_new(&schema, wanted, COLUMNS, zone_utc(), &err);
            if (decoders[w] == NULL)
                abort();
            json_decoder_restrict(decoders[w], (enum json_decoder_ways)w);
            for (int c = 0; c < COLUMNS; c++)
                if (vector_alloc(&columns[w][c], schema.columns[c].type, 2, &fixed) != 0)
                    abort();
        }
        schema_release(&schema);
    }
    /* an exact copy, so that reading one byte too far is seen */
    char *record = malloc(size > 0 ? size : 1);
    if (record == NULL)
        abort();
    memcpy(record, data, size);
    arena_reset(&strings);
    for (size_t row = 0; row < 2; row++) {
        for (int w = 0; w < 3; w++) {
            status[w] = json_decode_record(decoders[w], record, size, columns[w], row, &strings);
            (void)json_decoder_reason(decoders[w]);
            if (status[w] != status[0])
                abort();
            for (int c = 0; c < COLUMNS; c++)
                if (!same_value(&columns[w][c], &columns[0][c], row))
                    abort();
        }
    }
    free(record);
    return 0;
}
