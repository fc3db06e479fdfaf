#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../src/sql/strict_internal.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum function { EXP, LOG, POW };

/* Java's StrictMath, bit by bit. */
static void test_bits(void **state)
{
    static const struct {
        enum function function;
        double x, y, expected;
    } cases[] = {
        {POW, 2, 3, 8.0},
        {POW, 42, 2, 1764.0},
        {POW, 0, 0, 1.0},
        {POW, -8, 0.5, NAN},
        {POW, NAN, 0, 1.0},
        {EXP, 1, 0, 2.7182818284590455},
        {EXP, 0, 0, 1.0},
        {EXP, 1000, 0, INFINITY},
        {LOG, 2.5, 0, 0.9162907318741551},
        {LOG, 42, 0, 3.7376696182833684},
        {EXP, 2, 0, 7.38905609893065},
        {EXP, 0.5, 0, 1.6487212707001282},
        {EXP, -1, 0, 0.36787944117144233},
        {EXP, -745, 0, 4.9E-324},
        {EXP, -746, 0, 0.0},
        {EXP, 709.5, 0, 1.3549863193146328E308},
        {EXP, 710, 0, INFINITY},
        {EXP, NAN, 0, NAN},
        {EXP, -INFINITY, 0, 0.0},
        {EXP, 1e-10, 0, 1.0000000001},
        {EXP, 0.3, 0, 1.3498588075760032},
        {EXP, 0.7, 0, 2.0137527074704766},
        {EXP, 10.1, 0, 24343.00942440838},
        {EXP, -20.25, 0, 1.6052280551856116E-9},
        {EXP, 100.123, 0, 3.0399497973617747E43},
        {EXP, -740.5, 0, 2.5E-322},
        {EXP, -0.4, 0, 0.6703200460356393},
        {EXP, 3.14159, 0, 23.14063122695496},
        {LOG, 2, 0, 0.6931471805599453},
        {LOG, 10, 0, 2.302585092994046},
        {LOG, 0.5, 0, -0.6931471805599453},
        {LOG, 1.5, 0, 0.4054651081081644},
        {LOG, 1e300, 0, 690.7755278982137},
        {LOG, 1e-310, 0, -713.8013788281542},
        {LOG, INFINITY, 0, INFINITY},
        {LOG, NAN, 0, NAN},
        {LOG, 0.999999999, 0, -9.999999722180686E-10},
        {LOG, 1.0000001, 0, 9.999999505838704E-8},
        {LOG, 3, 0, 1.0986122886681096},
        {LOG, 7.25, 0, 1.9810014688665833},
        {LOG, 123456.789, 0, 11.723646487185881},
        {LOG, 0.1, 0, -2.3025850929940455},
        {POW, 2, 0.5, 1.4142135623730951},
        {POW, 2.5, 3.7, 29.67413253642086},
        {POW, 10, 308, 1.0E308},
        {POW, 10, -5, 9.999999999999999E-6},
        {POW, 10, 309, INFINITY},
        {POW, -2, 3, -8.0},
        {POW, -2, -3, -0.125},
        {POW, 1.1, 100, 13780.61233982238},
        {POW, 0.9, 1000.5, 1.658176263651966E-46},
        {POW, 3, 0.333, 1.4417215093019393},
        {POW, 1e-300, 2, 0.0},
        {POW, 1.0000001, 1e8, 22026.454910182532},
        {POW, 0.5, 1074, 4.9E-324},
        {POW, 2, -1074, 4.9E-324},
        {POW, 2, 1023, 8.98846567431158E307},
        {POW, INFINITY, -1, 0.0},
        {POW, -INFINITY, 3, -INFINITY},
        {POW, -INFINITY, -3, -0.0},
        {POW, -0.0, -1, -INFINITY},
        {POW, -0.0, 3, -0.0},
        {POW, 1, INFINITY, NAN},
        {POW, -1, INFINITY, NAN},
        {POW, 0.5, INFINITY, 0.0},
        {POW, 2, -INFINITY, 0.0},
        {POW, 7, 11.5, 5.231514822695327E9},
        {POW, 123.456, 1.5, 1371.7289437796435},
        {POW, 1.5, 2.5, 2.7556759606310752},
        {POW, 9, 0.5, 3.0},
        {POW, 1.0000000001, 1e11, 22026.48400858053},
        {POW, 0.999, 3e9, 0.0},
        {POW, 1.5, 4e9, INFINITY},
        {POW, 5, 3, 125.0},
        {POW, 12, 15, 1.5407021574586368E16},
        {POW, 0.1, 5, 1.0000000000000003E-5},
        {POW, 99.99, -7.3, 2.513720869816543E-15},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double x = cases[i].x, y = cases[i].y;
        double got = cases[i].function == EXP   ? strict_exp(x)
                     : cases[i].function == LOG ? strict_log(x)
                                                : strict_pow(x, y);
        bool same = isnan(got) ? isnan(cases[i].expected) : memcmp(&got, &cases[i].expected, sizeof(got)) == 0;
        if (!same)
            fail_msg("%d(%.17g, %.17g): got %.17g, expected %.17g", cases[i].function, x, y, got, cases[i].expected);
    }
}

/* Within a unit in the last place of the system's functions everywhere. */
static void test_near(void **state)
{
    (void)state;
    for (int i = 1; i < 20000; i++) {
        double x = i * 0.00371, y = (i % 211 - 100) * 0.173;
        double pairs[][2] = {{strict_exp(y), exp(y)}, {strict_log(x), log(x)}, {strict_pow(x, y), pow(x, y)}};
        for (size_t k = 0; k < 3; k++)
            if (fabs(pairs[k][0] - pairs[k][1]) > fabs(pairs[k][1]) * 0x1p-51)
                fail_msg("%zu of %.17g, %.17g: %.17g, libm says %.17g", k, x, y, pairs[k][0], pairs[k][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
