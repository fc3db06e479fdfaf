/* The synthetic data set: calls in the order of the original file, newest first, so that event time runs backwards.
 *
 * Day by day from 2018-12-31 into the past: how many calls a day has, at which minutes, under which numbers; then each
 * call by itself. Shares and ranges are those of the public data set of that time. One day is held at a time: memory
 * does not depend on the number of calls.
 */
#ifndef DATAGEN_MODEL_H
#define DATAGEN_MODEL_H

#include "datagen/call.h"
#include "datagen/prng.h"

#include <stdint.h>

#define MODEL_DAY_MAX 4096 /* calls */

struct model {
    struct prng prng;
    struct prng late_prng; /* its own, so that asking for late calls changes nothing else */
    uint32_t late_share;   /* of 10,000 calls */
    int64_t day;           /* since 1970-01-01, of the calls below */
    uint32_t ncalls;       /* of that day that are still to come; call i is at minute[i], in ascending order */
    uint16_t minute[MODEL_DAY_MAX];
    uint16_t sequence[MODEL_DAY_MAX];
};

/* late_share: of 10,000 calls, so many have a time 1 to 72 hours older than their place in the file. */
void model_init(struct model *model, uint64_t seed, uint32_t late_share);

/* The next older call; there is always one. */
void model_next(struct model *model, struct call *call);

#endif
