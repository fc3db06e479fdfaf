/* Numbers to text and back as Spark does it: Java's Double.toString, and the casts from text. Any thread.
 *
 * The parsers take text as CAST(text AS type) does: bytes 0x00-0x20 and 0x7F at both ends do not count; what is then
 * left must be the whole number. They return true and store the value, or false (CAST raises CAST_INVALID_INPUT then)
 * and store nothing.
 */
#ifndef RECORD_NUMBER_H
#define RECORD_NUMBER_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any double's text; it is not NUL-terminated. */
#define NUMBER_DOUBLE_TEXT 32

/* Double.toString of JDK 19 and later ("1.0", "1.0E10", "4.9E-324", "NaN", "-Infinity"). Returns
 * the length. */
size_t number_double_text(double value, char text[NUMBER_DOUBLE_TEXT]);
void number_append_double(struct buf *out, double value);

/* Take off both ends what such casts (of other types too) do not count: UTF8String.trimAll. */
void number_trim(const char **text, size_t *len);

/* CAST(text AS BIGINT), AS INT: optional sign and ASCII digits, in range. */
bool number_parse_bigint(const char *text, size_t len, int64_t *value);
bool number_parse_int(const char *text, size_t len, int32_t *value);

/* CAST(text AS DOUBLE): Java's decimal floating-point grammar with its suffixes d, D, f, F, plus inf, infinity and nan
 * in any letter case. */
bool number_parse_double(const char *text, size_t len, double *value);

/* CAST(text AS BOOLEAN): t true y yes 1, f false n no 0, in any letter case. */
bool number_parse_boolean(const char *text, size_t len, bool *value);

/* The nearest double of a JSON number token, which the caller has checked to be digits with optional '-', fraction and
 * exponent. */
double number_json_double(const char *text, size_t len);

#endif
