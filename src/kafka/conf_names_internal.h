/* What librdkafka's setting names mean to us: which the product owns, what Java's names are called there,
 * and the nearest to a mistyped one. */
#ifndef KAFKA_CONF_NAMES_INTERNAL_H
#define KAFKA_CONF_NAMES_INTERNAL_H

#include <stddef.h>

/* Why a user may not set this name, or NULL. */
const char *conf_names_owned(const char *name);

/* For a name that only Java's client has: what to use instead ("use fetch.wait.max.ms", "has no
 * counterpart ..."). NULL for others. */
const char *conf_names_java(const char *name);

/* The known name nearest to a mistyped one, copied into out; out is "" if none is near. */
void conf_names_nearest(const char *name, char *out, size_t out_size);

#endif
