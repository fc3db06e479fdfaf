/* Texts and numbers into columns: Spark's JacksonParser.makeConverter. */
#include "json_decode_internal.h"

#include "record/number.h"

#include <math.h>
#include <string.h>

static bool equals(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* The words that a string may hold for a DOUBLE, and no numbers. */
static bool double_word(const char *text, size_t len, double *value)
{
    if (equals(text, len, "NaN"))
        *value = NAN;
    else if (equals(text, len, "Infinity") || equals(text, len, "+Infinity") || equals(text, len, "+INF"))
        *value = INFINITY;
    else if (equals(text, len, "-Infinity") || equals(text, len, "-INF"))
        *value = -INFINITY;
    else
        return false;
    return true;
}

enum json_value_result json_value_text(struct json_decoder *decoder, enum type_id type, struct vector *vector,
                                       size_t row, const char *text, size_t len, struct arena *arena)
{
    switch (type) {
    case TYPE_STRING: {
        char *copy = arena_copy(arena, text, len);
        if (copy == NULL)
            return JSON_VALUE_NOMEM;
        vector->data.str[row] = (struct str){copy, (uint32_t)len};
        break;
    }
    case TYPE_TIMESTAMP:
        if (!timestamp_parse_cached(&decoder->times, text, len, &vector->data.i64[row]) &&
            !timestamp_parse_json(&decoder->times, text, len, &vector->data.i64[row]))
            return JSON_VALUE_INVALID;
        break;
    case TYPE_DATE:
        if (!timestamp_parse_json_date(text, len, &vector->data.i32[row]))
            return JSON_VALUE_INVALID;
        break;
    case TYPE_DOUBLE: {
        double value;
        if (!double_word(text, len, &value))
            return JSON_VALUE_INVALID;
        vector->data.f64[row] = value;
        break;
    }
    default:
        return JSON_VALUE_INVALID;
    }
    vector->nulls[row] = 0;
    return JSON_VALUE_OK;
}

enum json_value_result json_value_number(struct json_decoder *decoder, enum type_id type, struct vector *vector,
                                         size_t row, const char *text, size_t len, bool is_float)
{
    int64_t whole;

    (void)decoder;
    switch (type) {
    case TYPE_INT:
        if (is_float || !number_parse_int(text, len, &vector->data.i32[row]))
            return JSON_VALUE_INVALID;
        break;
    case TYPE_BIGINT:
        if (is_float || !number_parse_bigint(text, len, &vector->data.i64[row]))
            return JSON_VALUE_INVALID;
        break;
    case TYPE_TIMESTAMP:
        if (is_float || !number_parse_bigint(text, len, &whole))
            return JSON_VALUE_INVALID;
        /* seconds; Spark's product wraps */
        vector->data.i64[row] = (int64_t)((uint64_t)whole * (uint64_t)TIMESTAMP_US_PER_S);
        break;
    case TYPE_DOUBLE: {
        double value = number_json_double(text, len);
        vector->data.f64[row] = value == 0 && !is_float ? 0.0 : value; /* the integer -0 is 0 */
        break;
    }
    default:
        return JSON_VALUE_INVALID;
    }
    vector->nulls[row] = 0;
    return JSON_VALUE_OK;
}
