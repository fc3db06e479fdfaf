/* Functions that look for something in a text or take a part of it. Offsets inside are bytes: UTF-8 can be searched
 * bytewise; only what the user sees counts code points. Parts share the argument's bytes. */
#include "function_internal.h"
#include "unicode_internal.h"

#define UNUSED_EVAL                                                                                                    \
    do {                                                                                                               \
        (void)eval;                                                                                                    \
        (void)call;                                                                                                    \
    } while (0)

/* ---- substring, left, right ---------------------------------------------------------------------------------- */

static struct str slice(struct str text, size_t from, size_t to)
{
    return (struct str){text.data + from, (uint32_t)(to - from)};
}

/* Spark's substringSQL: position from 1, negative from the end, 0 as 1; what lies before the text still counts for the
 * length. */
static struct str substring(struct str text, int32_t position, int32_t length, bool bytes)
{
    int64_t count = bytes ? text.len : (int64_t)unicode_count(text.data, text.len);
    int64_t start = position > 0 ? position - 1 : position < 0 ? count + position : 0;
    int64_t end = start + length;

    if (start < 0)
        start = 0;
    if (end > count)
        end = count;
    if (end <= start)
        return (struct str){text.data, 0};
    if (bytes || count == text.len)
        return slice(text, (size_t)start, (size_t)end);
    size_t from = unicode_offset(text.data, text.len, (size_t)start);
    size_t to = from + unicode_offset(text.data + from, text.len - from, (size_t)(end - start));
    return slice(text, from, to);
}

static int substring_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                            size_t n, struct vector *out)
{
    bool bytes = call->type->id == TYPE_BINARY;

    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    out->data.str[row] =
        substring(function_str(&args[0], row), function_i32(&args[1], row), function_i32(&args[2], row), bytes);
    return 0;
}

static struct expr *bind_substring(struct binding *binding)
{
    if (function_default_int(binding, 2, INT32_MAX) != 0 || coerce_input(binding, 0, 'x') != 0 ||
        coerce_input(binding, 1, 'i') != 0 || coerce_input(binding, 2, 'i') != 0)
        return NULL;
    return function_call(binding, binding->args[0]->type, NULL, NULL);
}

static int left_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    out->data.str[row] =
        substring(function_str(&args[0], row), 1, function_i32(&args[1], row), call->type->id == TYPE_BINARY);
    return 0;
}

static struct expr *bind_left(struct binding *binding)
{
    if (coerce_input(binding, 0, 'x') != 0 || coerce_input(binding, 1, 'i') != 0)
        return NULL;
    return function_call(binding, binding->args[0]->type, NULL, NULL);
}

static int right_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    {
        int32_t length = function_i32(&args[1], row);
        struct str text = function_str(&args[0], row);
        out->data.str[row] = length <= 0 ? (struct str){text.data, 0} : substring(text, -length, INT32_MAX, false);
    }
    return 0;
}

/* ---- where is it --------------------------------------------------------------------------------------------- */

/* Byte offset of the first `what` at or behind from, or SIZE_MAX. */
static size_t find(struct str text, struct str what, size_t from)
{
    if (from > text.len)
        return SIZE_MAX;
    if (what.len == 0)
        return from;
    const char *at = memmem(text.data + from, text.len - from, what.data, what.len);
    return at != NULL ? (size_t)(at - text.data) : SIZE_MAX;
}

/* The number of the character where `what` begins, from 1, looking from the character `start` (from 0) on; 0:
 * nowhere. */
static int32_t position_of(struct str text, struct str what, size_t start)
{
    if (what.len == 0)
        return 1;
    size_t at = find(text, what, unicode_offset(text.data, text.len, start));
    return at == SIZE_MAX ? 0 : (int32_t)unicode_count(text.data, at) + 1;
}

static int instr_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    out->data.i32[row] = position_of(function_str(&args[0], row), function_str(&args[1], row), 0);
    return 0;
}

/* locate(what, text, start): a NULL start, alone among the arguments, gives 0. */
static int locate_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    {
        if (vector_is_null(&args[2], row)) {
            out->data.i32[row] = 0;
        } else if (vector_is_null(&args[0], row) || vector_is_null(&args[1], row)) {
            vector_set_null(out, row);
        } else {
            int32_t start = function_i32(&args[2], row);
            out->data.i32[row] =
                start < 1 ? 0
                          : position_of(function_str(&args[1], row), function_str(&args[0], row), (size_t)start - 1);
        }
    }
    return 0;
}

static struct expr *bind_locate(struct binding *binding)
{
    if (function_default_int(binding, 2, 1) != 0 || coerce_input(binding, 0, 'S') != 0 ||
        coerce_input(binding, 1, 'S') != 0 || coerce_input(binding, 2, 'i') != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_INT), NULL, NULL);
}

static int startswith_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                             size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row), what = function_str(&args[1], row);
        out->data.boolean[row] = what.len <= text.len && (what.len == 0 || memcmp(text.data, what.data, what.len) == 0);
    }
    return 0;
}

static int endswith_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row), what = function_str(&args[1], row);
        out->data.boolean[row] = what.len <= text.len &&
                                 (what.len == 0 || memcmp(text.data + (text.len - what.len), what.data, what.len) == 0);
    }
    return 0;
}

static int contains_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                           size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    out->data.boolean[row] = find(function_str(&args[0], row), function_str(&args[1], row), 0) != SIZE_MAX;
    return 0;
}

/* ---- split_part, substring_index ----------------------------------------------------------------------------- */

/* The part number `index` (from 1, negative from the end); nothing past either end. */
static struct str part(struct str text, struct str delimiter, int32_t index)
{
    size_t parts = 1, from = 0, at;
    int64_t wanted = index;

    if (delimiter.len == 0)
        return index == 1 || index == -1 ? text : (struct str){text.data, 0};
    if (wanted < 0) {
        for (at = find(text, delimiter, 0); at != SIZE_MAX; at = find(text, delimiter, at + delimiter.len))
            parts++;
        wanted += (int64_t)parts + 1;
    }
    if (wanted < 1)
        return (struct str){text.data, 0};
    for (int64_t i = 1;; i++) {
        at = find(text, delimiter, from);
        if (i == wanted)
            return slice(text, from, at == SIZE_MAX ? text.len : at);
        if (at == SIZE_MAX)
            return (struct str){text.data, 0};
        from = at + delimiter.len;
    }
}

static int split_part_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                             size_t n, struct vector *out)
{
    (void)call;
    FOR_ROWS(row, sel, n)
    {
        int32_t index = function_i32(&args[2], row);
        if (index == 0)
            return diagnose_row(eval, NULL, row, "INVALID_INDEX_OF_ZERO", "22003",
                                "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has "
                                "index 1).");
        out->data.str[row] = part(function_str(&args[0], row), function_str(&args[1], row), index);
    }
    return 0;
}

/* Everything before the count-th delimiter, or behind it from the right. Delimiters may overlap: each search goes on
 * one byte further, as Spark's. */
static struct str substring_index(struct str text, struct str delimiter, int32_t count)
{
    if (delimiter.len == 0 || count == 0)
        return (struct str){text.data, 0};
    if (count > 0) {
        size_t at = 0;
        for (int32_t i = 0; i < count; i++) {
            at = find(text, delimiter, i == 0 ? 0 : at + 1);
            if (at == SIZE_MAX)
                return text;
        }
        return slice(text, 0, at);
    }
    int64_t at = (int64_t)text.len - delimiter.len + 1;
    for (int64_t left = -(int64_t)count; left > 0; left--) {
        for (at--; at >= 0; at--)
            if (memcmp(text.data + at, delimiter.data, delimiter.len) == 0)
                break;
        if (at < 0)
            return text;
    }
    return slice(text, (size_t)at + delimiter.len, text.len);
}

static int substring_index_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                                  const uint16_t *sel, size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    out->data.str[row] =
        substring_index(function_str(&args[0], row), function_str(&args[1], row), function_i32(&args[2], row));
    return 0;
}

/* ---- replace, translate -------------------------------------------------------------------------------------- */

static int replace_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                          size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row);
        struct str what = function_str(&args[1], row), with = function_str(&args[2], row);
        size_t from = 0, at;
        while (what.len > 0 && (at = find(text, what, from)) != SIZE_MAX) {
            buf_append(&texts.buf, text.data + from, at - from);
            buf_append(&texts.buf, with.data, with.len);
            from = at + what.len;
        }
        buf_append(&texts.buf, text.data + from, text.len - from);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static struct expr *bind_replace(struct binding *binding)
{
    if (function_default_text(binding, 2, "") != 0)
        return NULL;
    return function_bind_signature(binding);
}

/* Character by character: the one at the same place of `to`, or nothing where `to` is shorter; the first occurrence in
 * `from` counts. */
static void translate(struct str text, struct str from, struct str to, struct buf *out)
{
    for (size_t at = 0, step; at < text.len; at += step) {
        size_t place = 0, place_step = 0;
        size_t index = 0;
        step = unicode_step(text.data, text.len, at);
        for (; place < from.len; place += place_step, index++) {
            place_step = unicode_step(from.data, from.len, place);
            if (place_step == step && memcmp(from.data + place, text.data + at, step) == 0)
                break;
        }
        if (place >= from.len) {
            buf_append(out, text.data + at, step);
            continue;
        }
        size_t target = unicode_offset(to.data, to.len, index);
        if (target < to.len)
            buf_append(out, to.data + target, unicode_step(to.data, to.len, target));
    }
}

static int translate_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                            size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        translate(function_str(&args[0], row), function_str(&args[1], row), function_str(&args[2], row), &texts.buf);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

#define STRICT FUNCTION_STRICT
#define SIGNED function_bind_signature

const struct function function_search_table[] = {
    {"substring", NULL, STRICT, 2, 3, bind_substring, substring_kernel, NULL, NULL},
    {"substr", NULL, STRICT, 2, 3, bind_substring, substring_kernel, NULL, NULL},
    {"left", NULL, STRICT, 2, 2, bind_left, left_kernel, NULL, NULL},
    {"right", NULL, STRICT, 2, 2, SIGNED, right_kernel, "Si>S", NULL},
    {"instr", NULL, STRICT, 2, 2, SIGNED, instr_kernel, "SS>i", NULL},
    {"locate", NULL, 0, 2, 3, bind_locate, locate_kernel, NULL, NULL},
    {"position", NULL, 0, 2, 3, bind_locate, locate_kernel, NULL, NULL},
    {"startswith", NULL, STRICT, 2, 2, SIGNED, startswith_kernel, "xx>b", NULL},
    {"endswith", NULL, STRICT, 2, 2, SIGNED, endswith_kernel, "xx>b", NULL},
    {"contains", NULL, STRICT, 2, 2, SIGNED, contains_kernel, "xx>b", NULL},
    {"split_part", NULL, STRICT, 3, 3, SIGNED, split_part_kernel, "SSi>S", NULL},
    {"substring_index", NULL, STRICT, 3, 3, SIGNED, substring_index_kernel, "SSi>S", NULL},
    {"replace", NULL, STRICT, 2, 3, bind_replace, replace_kernel, "SSS>S", NULL},
    {"translate", NULL, STRICT, 3, 3, SIGNED, translate_kernel, "SSS>S", NULL},
    {0},
};
