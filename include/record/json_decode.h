/* JSON records into column vectors: what from_json(CAST(value AS STRING), schema) gives, only for the columns that are
 * wanted.
 *
 * A decoder is used by one thread. It allocates nothing per record: texts are copied into the caller's arena,
 * everything else is kept and reused. Behaviour follows Spark 4.0.0 in PERMISSIVE mode; whole
 * records are checked lexically, also the parts that nobody wants, for what Spark would reject.
 */
#ifndef RECORD_JSON_DECODE_H
#define RECORD_JSON_DECODE_H

#include "common/arena.h"
#include "common/errbuf.h"
#include "record/schema.h"
#include "record/vector.h"
#include "record/zone.h"

#include <stddef.h>

struct json_decoder;

enum json_decode_status {
    JSON_DECODE_OK,      /* an object; every wanted column present was converted */
    JSON_DECODE_PARTIAL, /* an object, but a wanted column could not be converted and is NULL; FAILFAST fails on it */
    JSON_DECODE_BAD,     /* malformed: every column is NULL; FAILFAST fails on it */
    JSON_DECODE_EMPTY,   /* blank: the struct itself is NULL, every column is NULL, but nothing is malformed */
    JSON_DECODE_NOMEM    /* the arena could not grow; the row is undefined */
};

/* A decoder for the columns schema->columns[wanted[0..nwanted-1]] (types other than STRUCT; none twice). Columns that
 * are not wanted are skipped as if they were not in the schema, which is what Spark's column pruning does: their values
 * need no conversion, only sound JSON. Copies what it needs of the schema; zone must stay open. NULL with err. */
struct json_decoder *json_decoder_new(const struct schema *schema, const size_t *wanted, size_t nwanted,
                                      const struct zone *zone, struct errbuf *err);
void json_decoder_free(struct json_decoder *decoder);

/* Decode one record into row `row` of columns[0..nwanted-1], which are vectors with null maps of the wanted types in
 * the order of `wanted`. Bytes that are not UTF-8 count as U+FFFD. data need not live longer than the call: texts are
 * copied to `strings`. */
enum json_decode_status json_decode_record(struct json_decoder *decoder, const char *data, size_t len,
                                           struct vector *columns, size_t row, struct arena *strings);

/* Why the last record was PARTIAL or BAD, in one line ("byte 17: expected ':' after a key", "column call_date_time: not
 * a TIMESTAMP"); "" for other states. Valid until the next record. */
const char *json_decoder_reason(struct json_decoder *decoder);

/* For benchmarks and differential tests: which ways through a record may be taken. Results never depend on it. */
enum json_decoder_ways {
    JSON_DECODER_ALL_WAYS, /* the default */
    JSON_DECODER_NO_SHAPES,
    JSON_DECODER_SLOW_WAY
};
void json_decoder_restrict(struct json_decoder *decoder, enum json_decoder_ways ways);

#endif
