/* The generator's own random numbers (xoshiro256** by Blackman and Vigna, seeded by splitmix64): integers only, so that
 * a seed gives the same data on every machine and with every libc. Not for secrets. */
#ifndef DATAGEN_PRNG_H
#define DATAGEN_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state[4];
};

/* Different (seed, stream) pairs give unrelated sequences. */
void prng_seed(struct prng *prng, uint64_t seed, uint64_t stream);

uint32_t prng_next(struct prng *prng);

/* Uniform in [0, n), n >= 1 (the bias of n / 2^32 does not count here). */
uint32_t prng_below(struct prng *prng, uint32_t n);

/* True `share` times in `of`. */
bool prng_chance(struct prng *prng, uint32_t share, uint32_t of);

#endif
