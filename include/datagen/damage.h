/* Records as they should not be, for tests and demos of how a pipeline takes them. */
#ifndef DATAGEN_DAMAGE_H
#define DATAGEN_DAMAGE_H

#include "common/buf.h"
#include "common/errbuf.h"
#include "datagen/call.h"
#include "datagen/layout.h"
#include "datagen/prng.h"

#include <stdbool.h>
#include <stdint.h>

struct damage {
    struct prng prng; /* its own: the sound records are the same with and without damaged ones */
    uint32_t share;   /* of 10,000 records */
    char *filler;     /* what huge texts are made of */
    char previous_id[16];
    struct layout_defects defects; /* of the record at hand */
    bool cut;                      /* of the record at hand */
};

/* share: of 10,000 records. Returns 0, -1 with err. */
int damage_init(struct damage *damage, uint64_t seed, uint32_t share, struct errbuf *err);
void damage_release(struct damage *damage);

/* Decide what happens to this record, in equal parts: cut off, keys missing, values of other types, a huge text (4 KiB
 * to 256 KiB, one in sixteen 1.2 MB), bad UTF-8 or broken escapes, a time that is none, the id of the record before.
 * Changes the call's texts and sets defects. */
void damage_call(struct damage *damage, struct call *call);

/* The record's text is out->data[begin..len): cut it, if that is its lot. */
void damage_text(struct damage *damage, size_t begin, struct buf *out);

#endif
