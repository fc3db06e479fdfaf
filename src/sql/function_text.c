/* Functions that make texts: letter case, trimming, joining, padding, and the lengths. Positions and lengths count code
 * points. Where the result is a part of the argument it shares the argument's bytes. */
#include "function_internal.h"
#include "unicode_internal.h"

#define UNUSED_EVAL                                                                                                    \
    do {                                                                                                               \
        (void)eval;                                                                                                    \
        (void)call;                                                                                                    \
    } while (0)

/* ---- letter case, reverse, hex ------------------------------------------------------------------------------- */

/* One text from another, by a function that appends. */
static int map_text(struct eval *eval, const struct vector *arg, const uint16_t *sel, size_t n, struct vector *out,
                    void (*append)(const char *text, size_t len, struct buf *out))
{
    struct function_texts texts;

    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(arg, row);
        append(text.data, text.len, &texts.buf);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static void append_reverse(const char *text, size_t len, struct buf *out)
{
    if (!buf_reserve(out, len))
        return;
    char *end = out->data + out->len + len;
    for (size_t at = 0, step; at < len; at += step) {
        step = unicode_step(text, len, at);
        end -= step;
        memcpy(end, text + at, step);
    }
    out->len += len;
    out->data[out->len] = '\0';
}

static void append_hex(const char *text, size_t len, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < len; i++) {
        buf_append_byte(out, digits[(unsigned char)text[i] >> 4]);
        buf_append_byte(out, digits[(unsigned char)text[i] & 15]);
    }
}

#define MAP_KERNEL(name, append)                                                                                       \
    static int name(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,        \
                    size_t n, struct vector *out)                                                                      \
    {                                                                                                                  \
        (void)call;                                                                                                    \
        return map_text(eval, &args[0], sel, n, out, append);                                                          \
    }

MAP_KERNEL(upper_kernel, unicode_upper)
MAP_KERNEL(lower_kernel, unicode_lower)
MAP_KERNEL(initcap_kernel, unicode_initcap)
MAP_KERNEL(reverse_kernel, append_reverse)
MAP_KERNEL(hex_text_kernel, append_hex)

static int hex_number_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                             size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        buf_printf(&texts.buf, "%llX", (unsigned long long)function_i64(&args[0], row));
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static struct expr *bind_hex(struct binding *binding)
{
    const struct type *type = binding->args[0]->type;

    if (coerce_is_number(type) || type->id == TYPE_NULL) {
        if (coerce_cast(binding, 0, type_of(TYPE_BIGINT)) != 0)
            return NULL;
        return function_call(binding, type_of(TYPE_STRING), hex_number_kernel, NULL);
    }
    if (type->id == TYPE_STRUCT)
        return function_unexpected(binding, 0, "(\"BIGINT\" or \"BINARY\" or \"STRING\")");
    if (coerce_input(binding, 0, 'x') != 0)
        return NULL;
    return function_call(binding, type_of(TYPE_STRING), NULL, NULL);
}

/* ---- trim ---------------------------------------------------------------------------------------------------- */

enum sides { LEADING = 1, TRAILING = 2, BOTH = 3 };

/* The letter of the name tells the sides; data is set when the characters come first (trim(chars, text)) rather than
 * last (btrim). */
static enum sides sides_of(const struct expr *call)
{
    switch (call->function->name[0]) {
    case 'l':
        return LEADING;
    case 'r':
        return TRAILING;
    default:
        return BOTH;
    }
}

static bool has_character(struct str set, const char *character, size_t width)
{
    for (size_t at = 0, step; at < set.len; at += step) {
        step = unicode_step(set.data, set.len, at);
        if (step == width && memcmp(set.data + at, character, width) == 0)
            return true;
    }
    return false;
}

static struct str trim_set(struct str text, struct str set, enum sides sides)
{
    while ((sides & LEADING) && text.len > 0) {
        size_t step = unicode_step(text.data, text.len, 0);
        if (!has_character(set, text.data, step))
            break;
        text.data += step;
        text.len -= (uint32_t)step;
    }
    while ((sides & TRAILING) && text.len > 0) {
        size_t begin = text.len - 1;
        while (begin > 0 && ((unsigned char)text.data[begin] & 0xC0) == 0x80)
            begin--;
        if (!has_character(set, text.data + begin, text.len - begin))
            break;
        text.len = (uint32_t)begin;
    }
    return text;
}

static int trim_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    enum sides sides = sides_of(call);
    bool set_last = call->function->name[0] == 'b';

    UNUSED_EVAL;
    if (call->nargs == 1) { /* U+0020 only */
        FOR_ROWS(row, sel, n)
        {
            struct str text = function_str(&args[0], row);
            while ((sides & LEADING) && text.len > 0 && text.data[0] == ' ') {
                text.data++;
                text.len--;
            }
            while ((sides & TRAILING) && text.len > 0 && text.data[text.len - 1] == ' ')
                text.len--;
            out->data.str[row] = text;
        }
        return 0;
    }
    FOR_ROWS(row, sel, n)
    {
        struct str first = function_str(&args[0], row), second = function_str(&args[1], row);
        out->data.str[row] = set_last ? trim_set(first, second, sides) : trim_set(second, first, sides);
    }
    return 0;
}

static void show_trim(const struct expr *call, struct buf *out)
{
    if (call->nargs == 1) {
        buf_printf(out, "%s(", call->function->name);
        expr_name(call->args[0], out);
    } else {
        enum sides sides = sides_of(call);
        buf_printf(out, "TRIM(%s ", sides == BOTH ? "BOTH" : sides == LEADING ? "LEADING" : "TRAILING");
        expr_name(call->args[0], out);
        buf_append_text(out, " FROM ");
        expr_name(call->args[1], out);
    }
    buf_append_byte(out, ')');
}

/* ---- concat -------------------------------------------------------------------------------------------------- */

static int concat_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    struct function_texts texts;

    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        for (size_t a = 0; a < call->nargs; a++) {
            struct str text = function_str(&args[a], row);
            buf_append(&texts.buf, text.data, text.len);
        }
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

/* BINARY when all are, else texts of everything. */
static struct expr *bind_concat(struct binding *binding)
{
    const struct type *type = type_of(binding->nargs > 0 ? TYPE_BINARY : TYPE_STRING);

    for (size_t i = 0; i < binding->nargs; i++) {
        if (binding->args[i]->type->id == TYPE_STRUCT)
            return function_unexpected(binding, i, "(\"STRING\" or \"BINARY\" or \"ARRAY\")");
        if (binding->args[i]->type->id != TYPE_BINARY)
            type = type_of(TYPE_STRING);
    }
    if (coerce_cast_all(binding, 0, 1, type) != 0)
        return NULL;
    return function_call(binding, type, NULL, NULL);
}

/* a || b is concat(a, b), also by name. */
static struct expr *bind_bars(struct binding *binding)
{
    return function_bind_other(binding, "concat", binding->args, 2);
}

/* NULL only for a NULL separator; other NULLs are left out. */
static int concat_ws_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                            size_t n, struct vector *out)
{
    struct function_texts texts;

    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        bool first = true;
        if (vector_is_null(&args[0], row)) {
            vector_set_null(out, row);
            continue;
        }
        struct str between = function_str(&args[0], row);
        for (size_t a = 1; a < call->nargs; a++) {
            if (vector_is_null(&args[a], row))
                continue;
            if (!first)
                buf_append(&texts.buf, between.data, between.len);
            first = false;
            struct str text = function_str(&args[a], row);
            buf_append(&texts.buf, text.data, text.len);
        }
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

/* ---- repeat, space, pad -------------------------------------------------------------------------------------- */

static int repeat_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row);
        int32_t times = text.len > 0 ? function_i32(&args[1], row) : 0;
        if (times > 0 && !function_texts_room(&texts, (uint64_t)times * text.len))
            break;
        for (; times > 0; times--)
            buf_append(&texts.buf, text.data, text.len);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

static int space_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        int32_t count = function_i32(&args[0], row);
        if (count > 0 && function_texts_room(&texts, (uint64_t)count))
            buf_append_fill(&texts.buf, ' ', (size_t)count);
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

/* `count` characters of the pad, over and over. */
static void append_pad(struct buf *out, struct str pad, size_t count, bool bytes)
{
    for (size_t at = 0; count > 0 && !out->failed; count--) {
        size_t step = bytes ? 1 : unicode_step(pad.data, pad.len, at);
        buf_append(out, pad.data + at, step);
        at += step;
        if (at >= pad.len)
            at = 0;
    }
}

static int pad_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                      size_t n, struct vector *out)
{
    bool left = call->function->name[0] == 'l';
    bool bytes = call->type->id == TYPE_BINARY;
    struct function_texts texts;

    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row), pad = function_str(&args[2], row);
        int32_t wanted = function_i32(&args[1], row);
        size_t width = wanted > 0 ? (size_t)wanted : 0;
        size_t has = bytes ? text.len : unicode_count(text.data, text.len);
        if (has >= width) {
            buf_append(&texts.buf, text.data, bytes ? width : unicode_offset(text.data, text.len, width));
        } else {
            size_t missing = pad.len > 0 ? width - has : 0;
            if (!function_texts_room(&texts, (uint64_t)missing * 4))
                break;
            if (left)
                append_pad(&texts.buf, pad, missing, bytes);
            buf_append(&texts.buf, text.data, text.len);
            if (!left)
                append_pad(&texts.buf, pad, missing, bytes);
        }
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

/* BINARY is padded with zero bytes by default, and stays BINARY against a BINARY pad. */
static struct expr *bind_pad(struct binding *binding)
{
    bool binary = binding->args[0]->type->id == TYPE_BINARY;

    if (binary && binding->nargs == 2) {
        if (function_append_arg(binding, expr_binary(binding->arena, "", 1, binding->range)) != 0)
            return NULL;
    } else if (function_default_text(binding, 2, " ") != 0) {
        return NULL;
    }
    binary = binary && binding->args[2]->type->id == TYPE_BINARY;
    if (coerce_input(binding, 0, binary ? 'x' : 'S') != 0 || coerce_input(binding, 1, 'i') != 0 ||
        coerce_input(binding, 2, binary ? 'x' : 'S') != 0)
        return NULL;
    return function_call(binding, type_of(binary ? TYPE_BINARY : TYPE_STRING), NULL, NULL);
}

/* ---- lengths, ascii, chr ------------------------------------------------------------------------------------- */

static int length_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                         size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row);
        bool bytes = args[0].type->id == TYPE_BINARY;
        out->data.i32[row] = (int32_t)(bytes ? text.len : unicode_count(text.data, text.len));
    }
    return 0;
}

static int octet_length_kernel(struct eval *eval, const struct expr *call, const struct vector *args,
                               const uint16_t *sel, size_t n, struct vector *out)
{
    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    out->data.i32[row] = (int32_t)function_str(&args[0], row).len;
    return 0;
}

static int ascii_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                        size_t n, struct vector *out)
{
    size_t step;

    UNUSED_EVAL;
    FOR_ROWS(row, sel, n)
    {
        struct str text = function_str(&args[0], row);
        out->data.i32[row] = text.len > 0 ? (int32_t)unicode_decode(text.data, text.len, 0, &step) : 0;
    }
    return 0;
}

/* The character U+0000 to U+00FF of the lowest byte; nothing for a negative number. */
static int chr_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                      size_t n, struct vector *out)
{
    struct function_texts texts;

    (void)call;
    if (function_texts_begin(&texts, eval, out, n) != 0)
        return -1;
    FOR_ROWS(row, sel, n)
    {
        int64_t code = function_i64(&args[0], row);
        if (code >= 0)
            unicode_append(&texts.buf, (uint32_t)(code & 0xFF));
        function_texts_row(&texts, row);
    }
    return function_texts_end(&texts, false);
}

#define STRICT FUNCTION_STRICT
#define SIGNED function_bind_signature

const struct function function_text_table[] = {
    {"upper", NULL, STRICT, 1, 1, SIGNED, upper_kernel, "S>S", NULL},
    {"ucase", NULL, STRICT, 1, 1, SIGNED, upper_kernel, "S>S", NULL},
    {"lower", NULL, STRICT, 1, 1, SIGNED, lower_kernel, "S>S", NULL},
    {"lcase", NULL, STRICT, 1, 1, SIGNED, lower_kernel, "S>S", NULL},
    {"initcap", NULL, STRICT, 1, 1, SIGNED, initcap_kernel, "S>S", NULL},
    {"reverse", NULL, STRICT, 1, 1, SIGNED, reverse_kernel, "S>S", NULL},
    {"hex", NULL, STRICT, 1, 1, bind_hex, hex_text_kernel, NULL, NULL},
    {"trim", NULL, STRICT, 1, 2, SIGNED, trim_kernel, "S>S", show_trim},
    {"ltrim", NULL, STRICT, 1, 2, SIGNED, trim_kernel, "S>S", show_trim},
    {"rtrim", NULL, STRICT, 1, 2, SIGNED, trim_kernel, "S>S", show_trim},
    {"btrim", NULL, STRICT, 1, 2, SIGNED, trim_kernel, "S>S", NULL},
    {"concat", NULL, STRICT, 0, -1, bind_concat, concat_kernel, NULL, NULL},
    {"||", NULL, FUNCTION_OPERATOR, 2, 2, bind_bars, NULL, NULL, NULL},
    {"concat_ws", NULL, 0, 1, -1, SIGNED, concat_ws_kernel, "S>S", NULL},
    {"repeat", NULL, STRICT, 2, 2, SIGNED, repeat_kernel, "Si>S", NULL},
    {"space", NULL, STRICT, 1, 1, SIGNED, space_kernel, "i>S", NULL},
    {"lpad", NULL, STRICT, 2, 3, bind_pad, pad_kernel, NULL, NULL},
    {"rpad", NULL, STRICT, 2, 3, bind_pad, pad_kernel, NULL, NULL},
    {"length", NULL, STRICT, 1, 1, SIGNED, length_kernel, "x>i", NULL},
    {"char_length", NULL, STRICT, 1, 1, SIGNED, length_kernel, "x>i", NULL},
    {"character_length", NULL, STRICT, 1, 1, SIGNED, length_kernel, "x>i", NULL},
    {"len", NULL, STRICT, 1, 1, SIGNED, length_kernel, "x>i", NULL},
    {"octet_length", NULL, STRICT, 1, 1, SIGNED, octet_length_kernel, "x>i", NULL},
    {"ascii", NULL, STRICT, 1, 1, SIGNED, ascii_kernel, "S>i", NULL},
    {"chr", NULL, STRICT, 1, 1, SIGNED, chr_kernel, "l>S", NULL},
    {"char", NULL, STRICT, 1, 1, SIGNED, chr_kernel, "l>S", NULL},
    {0},
};
