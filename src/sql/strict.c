/* StrictMath is defined as the algorithms of fdlibm 5.3, so these are written after them: same reductions, same
 * polynomials, same order of operations. fdlibm: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 * Developed at SunSoft, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this
 * software is freely granted, provided that this notice is preserved.
 *
 * exp: x = k ln2 + r, |r| <= ln2 / 2; a rational function of r. log: x = 2^k (1 + f); a polynomial in f / (2 + f). pow:
 * log2(x) in two doubles, times y in two doubles, then 2 to that.
 *
 * No multiplication may be fused with an addition: ISO mode keeps gcc from it, the pragma clang.
 */
#include "strict_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

/* Remez coefficients of r - r (e^r + 1) / (e^r - 1) over [0, ln2 / 2], in r^2 */
static const double P1 = 1.66666666666666019037e-01, P2 = -2.77777777770155933842e-03, P3 = 6.61375632143793436117e-05,
                    P4 = -1.65339022054652515390e-06, P5 = 4.13813679705723846039e-08;
static const double ln2_hi = 6.93147180369123816490e-01, ln2_lo = 1.90821492927058770002e-10;
static const double inverse_ln2 = 1.44269504088896338700e+00;

static uint64_t bits_of(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double of_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

static int32_t high_word(double x)
{
    return (int32_t)(bits_of(x) >> 32);
}

static double with_high_word(double x, uint32_t high)
{
    return of_bits((bits_of(x) & 0xFFFFFFFFU) | (uint64_t)high << 32);
}

/* The leading half of the significand: products of two such are exact. */
static double without_low_word(double x)
{
    return of_bits(bits_of(x) & ~UINT64_C(0xFFFFFFFF));
}

static double exp_polynomial(double t)
{
    return t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
}

double strict_exp(double x)
{
    double magnitude = fabs(x);
    double hi = 0, lo = 0;
    int k = 0;

    if (x != x)
        return x;
    if (x > 7.09782712893383973096e+02)
        return INFINITY;
    if (x < -7.45133219101941108420e+02)
        return 0;
    int32_t high = high_word(magnitude);
    if (high > 0x3FD62E42) {     /* |x| > ln2 / 2 */
        if (high < 0x3FF0A2B2) { /* |x| < 1.5 ln2 */
            k = x < 0 ? -1 : 1;
            hi = x < 0 ? x + ln2_hi : x - ln2_hi;
            lo = x < 0 ? -ln2_lo : ln2_lo;
        } else {
            k = (int)(inverse_ln2 * x + (x < 0 ? -0.5 : 0.5));
            hi = x - k * ln2_hi;
            lo = k * ln2_lo;
        }
        x = hi - lo;
    } else if (high < 0x3E300000) { /* |x| < 2^-28 */
        return 1 + x;
    }
    double t = x * x;
    double c = x - exp_polynomial(t);
    if (k == 0)
        return 1 - ((x * c) / (c - 2.0) - x);
    double y = 1 - ((lo - (x * c) / (2.0 - c)) - hi);
    if (k >= -1021)
        return of_bits(bits_of(y) + ((uint64_t)(int64_t)k << 52));
    return of_bits(bits_of(y) + ((uint64_t)(int64_t)(k + 1000) << 52)) * 0x1p-1000;
}

double strict_log(double x)
{
    static const double Lg1 = 6.666666666666735130e-01, Lg2 = 3.999999999940941908e-01, Lg3 = 2.857142874366239149e-01,
                        Lg4 = 2.222219843214978396e-01, Lg5 = 1.818357216161805012e-01, Lg6 = 1.531383769920937332e-01,
                        Lg7 = 1.479819860511658591e-01;
    int32_t high = high_word(x);
    int k = 0;

    if (x != x || x == INFINITY)
        return x;
    if (high < 0x00100000) { /* subnormal */
        k = -54;
        x *= 0x1p54;
        high = high_word(x);
    }
    k += (high >> 20) - 1023;
    high &= 0xFFFFF;
    int32_t i = (high + 0x95F64) & 0x100000; /* x or x / 2, so that it lies in [sqrt(2) / 2, sqrt(2)] */
    x = with_high_word(x, (uint32_t)(high | (i ^ 0x3FF00000)));
    k += i >> 20;
    double f = x - 1.0;
    double dk = k;
    double R;
    if ((0xFFFFF & (2 + high)) < 3) { /* |f| < 2^-20 */
        if (f == 0)
            return k == 0 ? 0 : dk * ln2_hi + dk * ln2_lo;
        R = f * f * (0.5 - 0.33333333333333333 * f);
        return k == 0 ? f - R : dk * ln2_hi - ((R - dk * ln2_lo) - f);
    }
    double s = f / (2.0 + f);
    double z = s * s;
    double w = z * z;
    double t1 = w * (Lg2 + w * (Lg4 + w * Lg6));
    double t2 = z * (Lg1 + w * (Lg3 + w * (Lg5 + w * Lg7)));
    R = t2 + t1;
    if (((high - 0x6147A) | (0x6B851 - high)) > 0) {
        double half = 0.5 * f * f;
        return k == 0 ? f - (half - s * (half + R)) : dk * ln2_hi - ((half - (s * (half + R) + dk * ln2_lo)) - f);
    }
    return k == 0 ? f - s * (f - R) : dk * ln2_hi - ((s * (f - R) - dk * ln2_lo) - f);
}

/* log2 of ax > 0 as t1 + t2, t1 with few bits. */
static void log2_near_one(double ax, double *t1, double *t2)
{
    static const double ivln2_h = 1.44269502162933349609e+00, ivln2_l = 1.92596299112661746887e-08;
    double t = ax - 1.0;
    double w = (t * t) * (0.5 - t * (0.3333333333333333333333 - t * 0.25));
    double u = ivln2_h * t;
    double v = t * ivln2_l - w * inverse_ln2;

    *t1 = without_low_word(u + v);
    *t2 = v - (*t1 - u);
}

static void log2_split(double ax, double *t1, double *t2)
{
    static const double L1 = 5.99999999999994648725e-01, L2 = 4.28571428578550184252e-01,
                        L3 = 3.33333329818377432918e-01, L4 = 2.72728123808534006489e-01,
                        L5 = 2.30660745775561754067e-01, L6 = 2.06975017800338417784e-01;
    static const double cp = 9.61796693925975554329e-01, cp_h = 9.61796700954437255859e-01,
                        cp_l = -7.02846165095275826516e-09; /* 2 / (3 ln2), in two parts */
    static const double bp[] = {1.0, 1.5}, dp_h[] = {0.0, 5.84962487220764160156e-01},
                        dp_l[] = {0.0, 1.35003920212974897128e-08};
    int32_t high = high_word(ax);
    int n = 0, k;

    if (high < 0x00100000) {
        ax *= 0x1p53;
        n = -53;
        high = high_word(ax);
    }
    n += (high >> 20) - 0x3FF;
    int32_t j = high & 0xFFFFF;
    high = j | 0x3FF00000;
    if (j <= 0x3988E) { /* ax < sqrt(3/2) */
        k = 0;
    } else if (j < 0xBB67A) { /* ax < sqrt(3) */
        k = 1;
    } else {
        k = 0;
        n++;
        high -= 0x00100000;
    }
    ax = with_high_word(ax, (uint32_t)high);
    double u = ax - bp[k];
    double v = 1.0 / (ax + bp[k]);
    double ss = u * v;
    double s_h = without_low_word(ss);
    double t_h = of_bits((uint64_t)(uint32_t)(((high >> 1) | 0x20000000) + 0x00080000 + (k << 18)) << 32);
    double t_l = ax - (t_h - bp[k]);
    double s_l = v * ((u - s_h * t_h) - s_h * t_l);
    double s2 = ss * ss;
    double r = s2 * s2 * (L1 + s2 * (L2 + s2 * (L3 + s2 * (L4 + s2 * (L5 + s2 * L6)))));
    r += s_l * (s_h + ss);
    s2 = s_h * s_h;
    t_h = without_low_word(3.0 + s2 + r);
    t_l = r - ((t_h - 3.0) - s2);
    u = s_h * t_h;
    v = s_l * t_h + t_l * ss;
    double p_h = without_low_word(u + v);
    double p_l = v - (p_h - u);
    double z_h = cp_h * p_h;
    double z_l = cp_l * p_h + p_l * cp + dp_l[k];
    double t = n;
    *t1 = without_low_word(((z_h + z_l) + dp_h[k]) + t);
    *t2 = z_l - (((*t1 - t) - dp_h[k]) - z_h);
}

/* s * 2^(p_h + p_l) */
static double exp2_split(double s, double p_h, double p_l)
{
    static const double lg2 = 6.93147180559945286227e-01, lg2_h = 6.93147182464599609375e-01,
                        lg2_l = -1.90465429995776804525e-09;
    static const double ovt = 8.0085662595372944372e-17; /* -(1024 - log2(overflow + half a unit)) */
    double z = p_l + p_h;
    int32_t j = high_word(z);
    uint32_t low = (uint32_t)bits_of(z);
    int32_t n = 0;

    if (j >= 0x40900000) { /* z >= 1024 */
        if (((uint32_t)(j - 0x40900000) | low) != 0 || p_l + ovt > z - p_h)
            return s * INFINITY;
    } else if ((j & 0x7FFFFFFF) >= 0x4090CC00) { /* z <= -1075 */
        if (((uint32_t)j - 0xC090CC00U) != 0 || low != 0 || p_l <= z - p_h)
            return s * 0.0;
    }
    int32_t i = j & 0x7FFFFFFF;
    int k = (i >> 20) - 0x3FF;
    if (i > 0x3FE00000) { /* |z| > 0.5: n is z rounded */
        n = j + (0x00100000 >> (k + 1));
        k = ((n & 0x7FFFFFFF) >> 20) - 0x3FF;
        double whole = of_bits((uint64_t)((uint32_t)n & ~(uint32_t)(0x000FFFFF >> k)) << 32);
        n = ((n & 0x000FFFFF) | 0x00100000) >> (20 - k);
        if (j < 0)
            n = -n;
        p_h -= whole;
    }
    double t = without_low_word(p_l + p_h);
    double u = t * lg2_h;
    double v = (p_l - (t - p_h)) * lg2 + t * lg2_l;
    z = u + v;
    double w = v - (z - u);
    t = z * z;
    double t1 = z - exp_polynomial(t);
    double r = (z * t1) / (t1 - 2.0) - (w + z * w);
    z = 1.0 - (r - z);
    j = (int32_t)((uint32_t)high_word(z) + ((uint32_t)n << 20));
    z = (j >> 20) <= 0 ? scalbn(z, n) : with_high_word(z, (uint32_t)j);
    return s * z;
}

/* Java: an infinite y; any x that is no NaN. */
static double pow_infinite(double magnitude, double y)
{
    if (magnitude == 1)
        return NAN;
    return (magnitude > 1) == (y > 0) ? INFINITY : 0;
}

double strict_pow(double x, double y)
{
    double ax = fabs(x), t1, t2;
    bool integer = fabs(y) >= 0x1p53 || y == floor(y);
    bool odd = integer && fabs(y) < 0x1p53 && fmod(y, 2) != 0;
    double s = x < 0 && odd ? -1.0 : 1.0;

    if (y == 0)
        return 1;
    if (x != x || y != y)
        return NAN;
    if (isinf(y))
        return pow_infinite(ax, y);
    if (y == 1)
        return x;
    if (y == -1)
        return 1 / x;
    if (y == 2)
        return x * x;
    if (y == 0.5 && !isinf(x))
        return sqrt(x + 0.0);
    if (isinf(x) || x == 0 || ax == 1) {
        double z = y < 0 ? 1 / ax : ax;
        if (x == -1 && !integer)
            return NAN;
        return signbit(x) && odd ? -z : z;
    }
    if (x < 0 && !integer)
        return NAN;
    int32_t high = high_word(ax);
    if (fabs(y) > 0x1.00000ffffffffp+31) { /* the upper word is beyond 2^31's */
        if (high < 0x3FEFFFFF || fabs(y) >= 0x1.00001p+64)
            if (ax < 1)
                return y < 0 ? s * INFINITY : s * 0.0;
        if (high > 0x3FF00000 || fabs(y) >= 0x1.00001p+64)
            if (ax > 1)
                return y > 0 ? s * INFINITY : s * 0.0;
        log2_near_one(ax, &t1, &t2);
    } else {
        log2_split(ax, &t1, &t2);
    }
    double y1 = without_low_word(y);
    double p_l = (y - y1) * t1 + y * t2;
    double p_h = y1 * t1;
    return exp2_split(s, p_h, p_l);
}
