/* Doubles to text: the C library gives correctly rounded digits, we look for the fewest that read back as the same
 * value. Sinks print few doubles, so a handful of conversions per value is cheap enough, and there is no table of
 * powers to trust. */
#include "record/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- to text ----------------------------------------------------------------------------------------------------- */

/* value = 0.d1d2d3... * 10^point, d1 != 0 */
struct decimal {
    char digits[20];
    int ndigits;
    int point;
};

/* The n-digit decimal nearest to value (> 0, finite). */
static void round_to(double value, int n, struct decimal *decimal)
{
    char text[40];
    int length = 0;

    snprintf(text, sizeof(text), "%.*e", n - 1, value);
    char *p = text;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            decimal->digits[length++] = *p;
    decimal->ndigits = n;
    decimal->point = (int)strtol(p + 1, NULL, 10) + 1;
}

/* Read back without a decimal point, which a locale might spell differently. */
static double read_back(const struct decimal *decimal)
{
    char text[40];

    snprintf(text, sizeof(text), "%.*se%d", decimal->ndigits, decimal->digits, decimal->point - decimal->ndigits);
    return strtod(text, NULL);
}

/* The neighbouring decimal of as many digits, one unit of the last place up or down. */
static void step(struct decimal *decimal, bool up)
{
    int i = decimal->ndigits - 1;
    char limit = up ? '9' : '0';

    while (i >= 0 && decimal->digits[i] == limit)
        decimal->digits[i--] = up ? '0' : '9';
    if (i >= 0)
        decimal->digits[i] = (char)(decimal->digits[i] + (up ? 1 : -1));
    if (up && i < 0) { /* 99 + 1 */
        memmove(decimal->digits + 1, decimal->digits, (size_t)decimal->ndigits - 1);
        decimal->digits[0] = '1';
        decimal->point++;
    } else if (!up && decimal->digits[0] == '0') { /* 10 - 1: one digit fewer, which the 9 of one place further fills */
        memmove(decimal->digits, decimal->digits + 1, (size_t)decimal->ndigits - 1);
        decimal->digits[decimal->ndigits - 1] = '9';
        decimal->point--;
    }
}

/* An n-digit decimal that reads back as value: the nearest, or its neighbour on the other side of value, because at a
 * power of two the nearest may lie just outside on the narrow side while the next one still is inside on the wide
 * side. */
static bool try_digits(double value, int n, struct decimal *decimal)
{
    round_to(value, n, decimal);
    double back = read_back(decimal);
    if (back == value)
        return true;
    step(decimal, back < value);
    return read_back(decimal) == value;
}

static void shortest(double value, struct decimal *decimal)
{
    /* Any decimal of up to DBL_DIG digits survives in a normal double, so that many digits already hold every shorter
     * answer (with zeros behind). Java generates at least two digits and takes the nearest of them (4.9E-324). */
    int n = value >= DBL_MIN ? DBL_DIG : 2;

    while (n < DBL_DECIMAL_DIG && !try_digits(value, n, decimal))
        n++;
    if (n == DBL_DECIMAL_DIG)
        round_to(value, n, decimal);
    while (decimal->ndigits > 1 && decimal->digits[decimal->ndigits - 1] == '0')
        decimal->ndigits--;
}

static size_t put(char *text, size_t at, const char *data, size_t len)
{
    memcpy(text + at, data, len);
    return at + len;
}

size_t number_double_text(double value, char text[NUMBER_DOUBLE_TEXT])
{
    struct decimal decimal;
    size_t at = 0;

    if (isnan(value))
        return put(text, 0, "NaN", 3);
    if (signbit(value)) {
        text[at++] = '-';
        value = -value;
    }
    if (isinf(value))
        return put(text, at, "Infinity", 8);
    if (value == 0)
        return put(text, at, "0.0", 3);
    shortest(value, &decimal);
    const char *digits = decimal.digits;
    size_t n = (size_t)decimal.ndigits;
    if (decimal.point > 0 && decimal.point <= 7) { /* 1 <= value < 10^7 */
        size_t whole = (size_t)decimal.point;
        size_t have = n < whole ? n : whole;
        at = put(text, at, digits, have);
        at = put(text, at, "0000000", whole - have);
        text[at++] = '.';
        if (n > whole)
            return put(text, at, digits + whole, n - whole);
        text[at++] = '0';
        return at;
    }
    if (decimal.point <= 0 && decimal.point > -3) { /* 10^-3 <= value < 1 */
        at = put(text, at, "0.00", 2 + (size_t)-decimal.point);
        return put(text, at, digits, n);
    }
    text[at++] = digits[0];
    text[at++] = '.';
    at = n > 1 ? put(text, at, digits + 1, n - 1) : put(text, at, "0", 1);
    return at + (size_t)snprintf(text + at, NUMBER_DOUBLE_TEXT - at, "E%d", decimal.point - 1);
}

void number_append_double(struct buf *out, double value)
{
    char text[NUMBER_DOUBLE_TEXT];

    buf_append(out, text, number_double_text(value, text));
}

/* --- from text --------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void number_trim(const char **text, size_t *len)
{
    while (*len > 0 && ((unsigned char)**text <= 0x20 || **text == 0x7F)) {
        ++*text;
        --*len;
    }
    while (*len > 0 && ((unsigned char)(*text)[*len - 1] <= 0x20 || (*text)[*len - 1] == 0x7F))
        --*len;
}

bool number_parse_bigint(const char *text, size_t len, int64_t *value)
{
    uint64_t magnitude = 0;
    size_t i = 0;

    number_trim(&text, &len);
    bool negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+'))
        i++;
    if (i == len)
        return false;
    for (; i < len; i++) {
        if (!is_digit(text[i]) || __builtin_mul_overflow(magnitude, UINT64_C(10), &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)(text[i] - '0'), &magnitude))
            return false;
    }
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

bool number_parse_int(const char *text, size_t len, int32_t *value)
{
    int64_t wide;

    if (!number_parse_bigint(text, len, &wide) || wide < INT32_MIN || wide > INT32_MAX)
        return false;
    *value = (int32_t)wide;
    return true;
}

static bool equals_ignoring_case(const char *text, size_t len, const char *lower)
{
    if (len != strlen(lower))
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (c != lower[i])
            return false;
    }
    return true;
}

bool number_parse_boolean(const char *text, size_t len, bool *value)
{
    static const char *const yes[] = {"t", "true", "y", "yes", "1"};
    static const char *const no[] = {"f", "false", "n", "no", "0"};

    number_trim(&text, &len);
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (equals_ignoring_case(text, len, yes[i])) {
            *value = true;
            return true;
        }
        if (equals_ignoring_case(text, len, no[i])) {
            *value = false;
            return true;
        }
    }
    return false;
}

/* strtod of text that need not end in NUL and may be of any length. */
static double convert(const char *text, size_t len)
{
    char small[64];
    char *copy = len < sizeof(small) ? small : malloc(len + 1);

    if (copy == NULL)
        return NAN; /* a number of gigabytes: not worth an error path of its own */
    memcpy(copy, text, len);
    copy[len] = '\0';
    double value = strtod(copy, NULL);
    if (copy != small)
        free(copy);
    return value;
}

double number_json_double(const char *text, size_t len)
{
    return convert(text, len);
}

static size_t count_digits(const char *text, size_t len, bool hexadecimal)
{
    size_t n = 0;

    while (n < len && (is_digit(text[n]) || (hexadecimal && ((text[n] | 0x20) >= 'a' && (text[n] | 0x20) <= 'f'))))
        n++;
    return n;
}

/* Java's FloatingPointLiteral grammar behind the sign (Double.valueOf), without a suffix: decimal, or hexadecimal with
 * its binary exponent. */
static bool java_number(const char *text, size_t len)
{
    bool hexadecimal = len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
    size_t at = hexadecimal ? 2 : 0;
    size_t digits = count_digits(text + at, len - at, hexadecimal);

    at += digits;
    if (at < len && text[at] == '.') {
        at++;
        size_t fraction = count_digits(text + at, len - at, hexadecimal);
        digits += fraction;
        at += fraction;
    }
    if (digits == 0)
        return false;
    if (at < len && (text[at] | 0x20) == (hexadecimal ? 'p' : 'e')) {
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-'))
            at++;
        size_t exponent = count_digits(text + at, len - at, false);
        return exponent > 0 && at + exponent == len;
    }
    return at == len && !hexadecimal;
}

bool number_parse_double(const char *text, size_t len, double *value)
{
    number_trim(&text, &len);
    bool negative = len > 0 && text[0] == '-';
    bool sign = negative || (len > 0 && text[0] == '+');
    const char *number = text + sign;
    size_t n = len - sign;

    if (equals_ignoring_case(number, n, "inf") || equals_ignoring_case(number, n, "infinity")) {
        *value = negative ? -INFINITY : INFINITY;
        return true;
    }
    /* Java's own parser takes a sign before exactly "NaN"; Spark's addition ignores letter case but knows no sign. */
    if ((n == 3 && memcmp(number, "NaN", 3) == 0) || (!sign && equals_ignoring_case(number, n, "nan"))) {
        *value = NAN;
        return true;
    }
    if (n > 1 && strchr("dDfF", number[n - 1]) != NULL && java_number(number, n - 1))
        n--;
    else if (!java_number(number, n))
        return false;
    double magnitude = convert(number, n);
    *value = negative ? -magnitude : magnitude;
    return true;
}
