#include "common/parsenum.h"

#include <ctype.h>
#include <errno.h>
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
