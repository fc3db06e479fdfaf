/* Settings for librdkafka clients: `kafka.*` keys, -X name=value, in librdkafka's names.
 *
 * A conf is a plain list of name and value until a client is made from it; nothing outside this room sees
 * librdkafka's types. Java-only names (key.deserializer, max.poll.records ...) and what the programs force
 * themselves are answered by name.
 */
#ifndef KAFKA_CONF_H
#define KAFKA_CONF_H

#include "common/buf.h"
#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>

struct conf_entry {
    char *name;
    char *value;
};

struct conf {
    size_t nentries;
    struct conf_entry *entries;
};

void conf_init(struct conf *conf);
void conf_release(struct conf *conf);
/* Copy src over dst (initialised). Returns 0, -1 without memory. */
int conf_copy(struct conf *dst, const struct conf *src);

/* Set name (without "kafka." in front) to value; later wins. Checks the name and value against librdkafka
 * at once: an unknown name is refused with the nearest one, a Java-only name with librdkafka's name for
 * it, a name that the product owns (auto.offset.reset, enable.auto.commit, key/value.(de)serializer,
 * interceptor.classes ...) with the reason. Returns 0 or -1 (EXIT_CODE_USAGE). */
int conf_set(struct conf *conf, const char *name, const char *value, struct errbuf *err);

/* The value, or NULL. */
const char *conf_get(const struct conf *conf, const char *name);

/* True when values of this setting must never be shown (password, secret, token, jaas, ssl.key.pem ...). */
bool conf_is_secret(const char *name);

/* The value fit to be shown: itself, or "*********(redacted)". */
const char *conf_shown(const char *name, const char *value);

/* Every librdkafka property with its default, as `-X list` prints. */
void conf_list(struct buf *out);

/* "librdkafka 2.0.2" of the library that runs. */
const char *conf_library_version(void);

#endif
