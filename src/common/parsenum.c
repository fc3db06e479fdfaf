#include "common/parsenum.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits at text; *end is behind them. Negative numbers are collected as such: INT64_MIN has no positive. */
static int digits(const char *text, bool negative, const char **end, int64_t *value)
{
    int64_t number = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++) {
        int digit = *p - '0';
        if (__builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_add_overflow(number, (int64_t)(negative ? -digit : digit), &number))
            return -1;
    }
    if (p == text)
        return -1;
    *end = p;
    *value = number;
    return 0;
}

int parsenum_i64(const char *text, int64_t min, int64_t max, int64_t *value)
{
    bool negative = *text == '-';
    const char *end;
    int64_t number;

    if (*text == '-' || *text == '+')
        text++;
    if (digits(text, negative, &end, &number) != 0 || *end != '\0' || number < min || number > max)
        return -1;
    *value = number;
    return 0;
}

/* The shape is checked first, so that strtod's extras (hexadecimal, inf, nan, blanks) stay out; the programs never call
 * setlocale, so its decimal point is the C one. */
int parsenum_double(const char *text, double min, double max, double *value)
{
    const char *p = text;
    size_t ndigits = 0;

    if (*p == '-' || *p == '+')
        p++;
    for (; isdigit((unsigned char)*p); p++)
        ndigits++;
    if (*p == '.')
        for (p++; isdigit((unsigned char)*p); p++)
            ndigits++;
    if (ndigits == 0)
        return -1;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '-' || *p == '+')
            p++;
        if (!isdigit((unsigned char)*p))
            return -1;
        while (isdigit((unsigned char)*p))
            p++;
    }
    if (*p != '\0')
        return -1;
    double number = strtod(text, NULL);
    if (!isfinite(number) || number < min || number > max)
        return -1;
    *value = number;
    return 0;
}

int parsenum_bool(const char *text, bool *value)
{
    if (strcasecmp(text, "true") == 0)
        *value = true;
    else if (strcasecmp(text, "false") == 0)
        *value = false;
    else
        return -1;
    return 0;
}

int parsenum_bytes(const char *text, int64_t min, int64_t max, int64_t *value)
{
    static const char units[] = "kmgt";
    const char *end;
    int64_t number;

    if (digits(text, false, &end, &number) != 0)
        return -1;
    const char *unit = *end == '\0' ? NULL : strchr(units, tolower((unsigned char)*end));
    if (unit != NULL) {
        end++;
        if (__builtin_mul_overflow(number, (int64_t)1 << 10 * (unit - units + 1), &number))
            return -1;
    }
    if (*end == 'b' || *end == 'B')
        end++;
    if (*end != '\0' || number < min || number > max)
        return -1;
    *value = number;
    return 0;
}
