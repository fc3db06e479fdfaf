/* What calls are about: names of crime types and the dispositions that follow from them. Weights are those published
 * for the real data; the long tail of rare names is composed. */
#ifndef DATAGEN_KINDS_H
#define DATAGEN_KINDS_H

#include "datagen/call.h"
#include "datagen/prng.h"

struct kind;

/* A kind of call, by weight; NULL for one of the rare ones (name it with kinds_rare_name). */
const struct kind *kinds_pick(struct prng *prng);

/* Its name; static. */
struct call_text kinds_name(const struct kind *kind);

/* Compose a rare name into room (of CALL_TEXT_MAX). There are about 5,000 of them in 200,000 records, and more than
 * half occur once. */
struct call_text kinds_rare_name(struct prng *prng, char *room);

/* How a call of that kind (NULL: rare) ended; static. */
struct call_text kinds_disposition(const struct kind *kind, struct prng *prng);

#endif
