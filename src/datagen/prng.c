#include "datagen/prng.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, int n)
{
    return (x << n) | (x >> (64 - n));
}

void prng_seed(struct prng *prng, uint64_t seed, uint64_t stream)
{
    uint64_t mix = stream;

    mix = seed ^ splitmix64(&mix);
    for (int i = 0; i < 4; i++)
        prng->state[i] = splitmix64(&mix);
}

uint32_t prng_next(struct prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return (uint32_t)(result >> 32);
}

uint32_t prng_below(struct prng *prng, uint32_t n)
{
    return (uint32_t)((uint64_t)prng_next(prng) * n >> 32);
}

bool prng_chance(struct prng *prng, uint32_t share, uint32_t of)
{
    return prng_below(prng, of) < share;
}
