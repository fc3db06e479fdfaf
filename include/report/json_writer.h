/* JSON text as Jackson writes it: commas by itself, strings escaped, doubles in Java's form; and its pretty style.
 *
 * Writes compact text into a buf (sticky failure, see common/buf.h); nothing here fails by itself. A value in an object
 * follows its key.
 */
#ifndef REPORT_JSON_WRITER_H
#define REPORT_JSON_WRITER_H

#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    struct buf *out;
    bool comma; /* the next key or element needs one before it */
};

void json_writer_init(struct json_writer *json, struct buf *out);

/* '{' or '[' in; '}' or ']' out. */
void json_writer_begin(struct json_writer *json, char open);
void json_writer_end(struct json_writer *json, char close);

/* A key (ASCII without characters that need escapes); the value comes next. */
void json_writer_key(struct json_writer *json, const char *key);

void json_writer_text(struct json_writer *json, const char *text);              /* NULL: null */
void json_writer_bytes(struct json_writer *json, const char *data, size_t len); /* malformed UTF-8 becomes U+FFFD */
void json_writer_i64(struct json_writer *json, int64_t value);
void json_writer_double(struct json_writer *json, double value); /* NaN and infinities: null */
void json_writer_bool(struct json_writer *json, bool value);
/* Text that is JSON already; NULL: null. */
void json_writer_raw(struct json_writer *json, const char *json_text);

/* key and value in one call. */
void json_writer_key_text(struct json_writer *json, const char *key, const char *text);
void json_writer_key_i64(struct json_writer *json, const char *key, int64_t value);
void json_writer_key_known(struct json_writer *json, const char *key, int64_t value); /* null if negative: not known */
void json_writer_key_double(struct json_writer *json, const char *key, double value);
void json_writer_key_bool(struct json_writer *json, const char *key, bool value);

/* Append compact JSON (as written by this module: no blanks outside strings) in Jackson's pretty style: two spaces,
 * `"k" : v`, objects of an array as `[ {`, `}, {`, `} ]`, empty ones as `[ ]` and `{ }`. */
void json_writer_pretty(const char *compact, size_t len, struct buf *out);

#endif
