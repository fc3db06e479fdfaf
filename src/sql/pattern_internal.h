/* Date and time patterns ("yyyy-MM-dd HH:mm:ss"): java.time's DateTimeFormatter in the en_US locale, with Spark's
 * restrictions. Immutable once compiled. */
#ifndef SQL_PATTERN_INTERNAL_H
#define SQL_PATTERN_INTERNAL_H

#include "common/arena.h"
#include "common/buf.h"
#include "record/timestamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pattern_kind {
    PATTERN_LITERAL,      /* text */
    PATTERN_NUMBER,       /* `letter`, min..max digits */
    PATTERN_REDUCED,      /* two digits of a year, from 2000 on */
    PATTERN_TEXT,         /* M L E a G Q q by name; full or short */
    PATTERN_FRACTION,     /* S: 1..max digits of the second (formatting: exactly max) */
    PATTERN_ZONE_ID,      /* VV */
    PATTERN_ZONE_NAME,    /* z */
    PATTERN_ZONE_GENERIC, /* v */
    PATTERN_LOCALIZED,    /* O, ZZZZ: GMT+8 */
    PATTERN_OFFSET,       /* X x Z: style and text for zero */
    PATTERN_OPTION,       /* [: until the matching ]; `skip` elements are inside */
};

enum pattern_sign {
    PATTERN_NORMAL,      /* a minus sign only */
    PATTERN_EXCEEDS,     /* and a plus sign when wider than min */
    PATTERN_NOT_NEGATIVE /* none */
};

enum pattern_offset {
    PATTERN_HHmm, /* minutes only when not 0 */
    PATTERN_HHMM,
    PATTERN_HH_MM,  /* with a colon */
    PATTERN_HHMMss, /* seconds only when not 0 */
    PATTERN_HH_MM_ss
};

struct pattern_element {
    enum pattern_kind kind;
    char letter;
    bool full;
    int min;
    int max;
    int subsequent; /* digits that the adjacent fixed-width numbers behind it need */
    enum pattern_sign sign;
    enum pattern_offset offset;
    const char *text; /* LITERAL; OFFSET: what stands for zero */
    size_t len;
    size_t skip;
};

struct datetime_pattern {
    size_t nelements;
    struct pattern_element *elements;
    const char *source; /* with a NUL behind it */
    /* Why Spark refuses it, or NULL; then nothing else is set. sqlstate "" for plain Java exceptions. */
    const char *message;
    const char *condition;
    const char *sqlstate;
};

/* Compile the text; a refusal is stored, not returned. NULL without memory. */
const struct datetime_pattern *pattern_compile(struct arena *arena, const char *text, size_t len, bool parsing);

/* Append the text of an instant in the zone. */
void pattern_format(const struct datetime_pattern *pattern, int64_t us, const struct zone *zone, struct buf *out);

/* Parse a whole text; missing fields are those of 1970-01-01 00:00:00, a missing zone is `zone`. True with *us, or
 * false with Spark's reason in why ("could not be parsed at index 5"). */
bool pattern_parse(const struct datetime_pattern *pattern, const char *text, size_t len, const struct zone *zone,
                   int64_t *us, char *why, size_t why_size);

/* The name of a zone at an instant: "PST", "Pacific Standard Time"; generic: "PT". The zone's id where there is no
 * name. */
void pattern_zone_name(const struct zone *zone, int64_t epoch_s, bool full, bool generic, struct buf *out);

extern const char *const pattern_months[12];
extern const char *const pattern_days[7]; /* from Monday */

#endif
