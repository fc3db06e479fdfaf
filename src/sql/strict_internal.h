/* exp, log and pow with the very bits of Java's StrictMath, which Spark's EXP, LN and POWER are: the system's libm is
 * sometimes one unit in the last place off (EXP(1) is 2.7182818284590455 in Spark). */
#ifndef SQL_STRICT_INTERNAL_H
#define SQL_STRICT_INTERNAL_H

double strict_exp(double x);
double strict_log(double x); /* x > 0 or NaN */
double strict_pow(double x, double y);

#endif
