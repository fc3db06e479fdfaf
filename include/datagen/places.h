/* Where calls come from: addresses, cities and common locations in the forms of the real data. */
#ifndef DATAGEN_PLACES_H
#define DATAGEN_PLACES_H

#include "datagen/call.h"
#include "datagen/prng.h"

/* Set address, city, address type and common location of the call. */
void places_fill(struct call *call, struct prng *prng);

#endif
