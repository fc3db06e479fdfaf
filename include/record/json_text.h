/* Values as JSON text: to_json(struct(...)), and the strings that from_json makes. Any thread. */
#ifndef RECORD_JSON_TEXT_H
#define RECORD_JSON_TEXT_H

#include "common/buf.h"
#include "record/vector.h"
#include "record/zone.h"

#include <stddef.h>

/* A text as Jackson's generator writes it when from_json puts a value that is no string into a STRING column: quoted,
 * characters beyond U+FFFF as two escapes. text is sound UTF-8, but may hold lone surrogates (ED A0..BF xx), which are
 * written as escapes too. */
void json_text_append_copied_string(struct buf *out, const char *text, size_t len);

/* The value at `row`: a number, "text", "2018-12-31T23:57:00.000Z" in the zone, "2018-12-31", base64 for BINARY, null
 * for NULL. A STRUCT is an object without its NULL fields, which is to_json of a row. Bytes that are not UTF-8 become
 * U+FFFD. */
void json_text_append_value(struct buf *out, const struct vector *vector, size_t row, const struct zone *zone);

#endif
