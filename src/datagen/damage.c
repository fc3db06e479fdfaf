#include "datagen/damage.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FILLER_BYTES ((size_t)1200000) /* beyond the producer's limit of 1 MiB with the rest of the record */

enum kind_of_damage {
    DAMAGE_CUT,
    DAMAGE_MISSING_KEYS,
    DAMAGE_OTHER_TYPES,
    DAMAGE_HUGE_TEXT,
    DAMAGE_BROKEN_TEXT,
    DAMAGE_BAD_TIME,
    DAMAGE_DUPLICATE_ID,
    DAMAGE_KINDS
};

int damage_init(struct damage *damage, uint64_t seed, uint32_t share, struct errbuf *err)
{
    memset(damage, 0, sizeof(*damage));
    prng_seed(&damage->prng, seed, 2);
    damage->share = share;
    if (share == 0)
        return 0;
    damage->filler = malloc(FILLER_BYTES);
    if (damage->filler == NULL)
        return errbuf_oom(err, "filler of huge texts", FILLER_BYTES);
    for (size_t i = 0; i < FILLER_BYTES; i++)
        damage->filler[i] = "Passing Call "[i % 13];
    return 0;
}

void damage_release(struct damage *damage)
{
    free(damage->filler);
    damage->filler = NULL;
}

static int any_column(struct damage *damage)
{
    return (int)prng_below(&damage->prng, CALL_COLUMNS);
}

static void set_raw(struct damage *damage, struct call *call, int column, const char *text, size_t len)
{
    call->column[column] = (struct call_text){text, len};
    damage->defects.raw |= 1u << column;
}

static void other_types(struct damage *damage, struct call *call)
{
    static const char *const VALUES[] = {"null", "42",   "-1.5e3",  "true",           "false",
                                         "[]",   "{}",   "[1, 2]",  "{\"a\": \"b\"}", "18446744073709551616",
                                         "NaN",  "\"\"", "[[[[]]]]"};
    uint32_t n = 1 + prng_below(&damage->prng, 2);

    for (uint32_t i = 0; i < n; i++) {
        const char *value = VALUES[prng_below(&damage->prng, (uint32_t)COUNT(VALUES))];
        set_raw(damage, call, any_column(damage), value, strlen(value));
    }
}

static void huge_text(struct damage *damage, struct call *call)
{
    size_t len = (size_t)4096 << prng_below(&damage->prng, 7);

    if (prng_chance(&damage->prng, 1, 16))
        len = FILLER_BYTES;
    call->column[any_column(damage)] = (struct call_text){damage->filler, len};
}

static void broken_text(struct damage *damage, struct call *call)
{
    /* a lone byte, an overlong form, a surrogate, a cut sequence, beyond U+10FFFF; bad escapes; raw control
     * characters */
    static const char *const TEXTS[] = {
        "\"caf\xe9\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xe2\x82\"", "\"\xf4\x90\x80\x80\"",
        "\"a\\qb\"",   "\"\\u12g4\"",  "\"tab\there\"",    "\"bell\x07\"", "\"\x7f\\u0000\"",
    };
    const char *text = TEXTS[prng_below(&damage->prng, (uint32_t)COUNT(TEXTS))];

    set_raw(damage, call, prng_chance(&damage->prng, 1, 2) ? CALL_TYPE_NAME : any_column(damage), text, strlen(text));
}

static void bad_time(struct damage *damage, struct call *call)
{
    static const char *const TIMES[] = {
        "",           "yesterday",  "2018-02-30T10:00:00.000",     "2018-12-31T24:30:00.000", "12/31/2018 11:57:00 PM",
        "1546300620", "2018-12-31", "+294247-01-10T04:00:54.776Z",
    };
    const char *time = TIMES[prng_below(&damage->prng, (uint32_t)COUNT(TIMES))];

    call->column[CALL_CALL_DATE_TIME] = (struct call_text){time, strlen(time)};
}

void damage_call(struct damage *damage, struct call *call)
{
    damage->defects = (struct layout_defects){0, 0};
    damage->cut = false;
    if (damage->share == 0)
        return;
    struct call_text id = call->column[CALL_CRIME_ID];
    char own_id[sizeof(damage->previous_id)];
    memcpy(own_id, id.data, id.len);
    if (prng_chance(&damage->prng, damage->share, 10000)) {
        switch ((enum kind_of_damage)prng_below(&damage->prng, DAMAGE_KINDS)) {
        case DAMAGE_CUT:
            damage->cut = true;
            break;
        case DAMAGE_MISSING_KEYS:
            for (uint32_t n = 1 + prng_below(&damage->prng, 3); n > 0; n--)
                damage->defects.omit |= 1u << any_column(damage);
            break;
        case DAMAGE_OTHER_TYPES:
            other_types(damage, call);
            break;
        case DAMAGE_HUGE_TEXT:
            huge_text(damage, call);
            break;
        case DAMAGE_BROKEN_TEXT:
            broken_text(damage, call);
            break;
        case DAMAGE_BAD_TIME:
            bad_time(damage, call);
            break;
        case DAMAGE_DUPLICATE_ID:
        default:
            if (damage->previous_id[0] != '\0')
                memcpy(call->id, damage->previous_id, id.len);
            break;
        }
    }
    memcpy(damage->previous_id, own_id, id.len);
}

void damage_text(struct damage *damage, size_t begin, struct buf *out)
{
    size_t len = out->len - begin;

    if (damage->cut && len > 2)
        out->len = begin + 1 + prng_below(&damage->prng, (uint32_t)(len - 2));
}
