/* LIKE: % any characters, _ one character (code point), \ or the ESCAPE character before %, _ or itself.
 *
 * A pattern becomes a list of pieces between the %: each is a run of bytes and single-character places. The first piece
 * must match at the beginning, the last at the end, those between at the first place that fits (the leftmost fit leaves
 * most room for the rest). A pattern that is a constant is compiled when the query is bound.
 *
 * Spark evaluates LIKE by a regular expression in which a character beyond U+FFFF stands as two halves, and these match
 * nothing: such a pattern never matches. Only where the optimizer turns LIKE into a comparison of texts (a%, %a, %a%,
 * a%b or a alone, without an escape, against something that is no constant) it does. (Captured: u LIKE '_%\U0001F600'
 * is false.)
 */
#include "function_internal.h"
#include "unicode_internal.h"

#include <stdio.h>

/* One element: text (bytes), or with data NULL one character. */
struct piece {
    size_t first; /* index of its first element */
    size_t count;
    bool plain; /* exactly one text: memmem finds it */
};

struct pattern {
    struct str *elements;
    size_t npieces; /* at least 1; a % stands between two of them */
    struct piece *pieces;
    bool never;      /* see above */
    const char *bad; /* the condition of a pattern that Spark refuses, or NULL */
    char bad_character[8];
};

/* '\a\' of a message: backslashes doubled, as Spark's toSQLValue. */
static void quote(struct str text, struct buf *out)
{
    buf_append_byte(out, '\'');
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\' || text.data[i] == '\'')
            buf_append_byte(out, '\\');
        buf_append_byte(out, text.data[i]);
    }
    buf_append_byte(out, '\'');
}

static int refuse(struct eval *eval, const struct pattern *pattern, struct str source, size_t row)
{
    struct buf shown = BUF_INIT;

    quote(source, &shown);
    const char *text = shown.data != NULL ? shown.data : "''";
    if (pattern->bad_character[0] == '\0')
        diagnose_row(eval, NULL, row, pattern->bad, "42601",
                     "The format is invalid: %s. The escape character is not allowed to end with.", text);
    else
        diagnose_row(eval, NULL, row, pattern->bad, "42601",
                     "The format is invalid: %s. The escape character is not allowed to precede '%s'.", text,
                     pattern->bad_character);
    buf_release(&shown);
    return -1;
}

/* a%, %a, %a%, a%b or a: what Spark's optimizer knows. */
static bool is_simple(const struct pattern *pattern)
{
    const struct piece *pieces = pattern->pieces;
    size_t n = pattern->npieces;

    for (size_t i = 0; i < n; i++)
        if (pieces[i].count > 0 && !pieces[i].plain)
            return false;
    return n == 1 || (n == 2 && pieces[0].count + pieces[1].count > 0) ||
           (n == 3 && pieces[0].count == 0 && pieces[1].count > 0 && pieces[2].count == 0);
}

/* Compile into arena; the pattern's bytes are copied (runs of text lose their escapes). optimized: Spark may take the
 * way around the regular expression. Returns 0, -1 without memory. */
static int compile(struct arena *arena, struct str source, uint32_t escape, bool optimized, struct pattern *pattern)
{
    bool beyond = false; /* a character beyond U+FFFF is in it */
    char *bytes = arena_bytes(arena, source.len + 1U);
    struct piece *piece;
    size_t nelements = 0, used = 0, step;

    memset(pattern, 0, sizeof(*pattern));
    pattern->elements = arena_calloc(arena, source.len + 1U, sizeof(*pattern->elements));
    pattern->pieces = arena_calloc(arena, source.len + 1U, sizeof(*pattern->pieces));
    if (bytes == NULL || pattern->elements == NULL || pattern->pieces == NULL)
        return -1;
    piece = pattern->pieces;
    pattern->npieces = 1;
    for (size_t at = 0; at < source.len; at += step) {
        uint32_t point = unicode_decode(source.data, source.len, at, &step);
        const char *from = source.data + at;
        if (point == escape) {
            at += step;
            if (at >= source.len) {
                pattern->bad = "INVALID_FORMAT.ESC_AT_THE_END";
                return 0;
            }
            point = unicode_decode(source.data, source.len, at, &step);
            from = source.data + at;
            if (point != '%' && point != '_' && point != escape) {
                pattern->bad = "INVALID_FORMAT.ESC_IN_THE_MIDDLE";
                memcpy(pattern->bad_character, from, step);
                return 0;
            }
            optimized = false;
        } else if (point == '%') {
            piece = &pattern->pieces[pattern->npieces++];
            piece->first = nelements;
            continue;
        } else if (point == '_') {
            nelements++; /* an element without data */
            piece->count++;
            continue;
        }
        struct str *last = piece->count > 0 ? &pattern->elements[nelements - 1] : NULL;
        if (last == NULL || last->data == NULL) {
            last = &pattern->elements[nelements++];
            last->data = bytes + used;
            piece->count++;
        }
        beyond = beyond || point > 0xFFFF;
        memcpy(bytes + used, from, step);
        used += step;
        last->len += (uint32_t)step;
    }
    for (size_t i = 0; i < pattern->npieces; i++) {
        piece = &pattern->pieces[i];
        piece->plain = piece->count == 1 && pattern->elements[piece->first].data != NULL;
    }
    pattern->never = beyond && !(optimized && is_simple(pattern));
    return 0;
}

/* Bytes that the piece takes at text[at], SIZE_MAX if it does not match there. */
static size_t match_at(const struct pattern *pattern, const struct piece *piece, struct str text, size_t at)
{
    size_t begin = at;

    for (size_t i = piece->first; i < piece->first + piece->count; i++) {
        const struct str *element = &pattern->elements[i];
        if (element->data == NULL) {
            if (at >= text.len)
                return SIZE_MAX;
            at += unicode_step(text.data, text.len, at);
        } else {
            if (element->len > text.len - at || memcmp(text.data + at, element->data, element->len) != 0)
                return SIZE_MAX;
            at += element->len;
        }
    }
    return at - begin;
}

/* The first place at or behind `at` where the piece matches; *taken bytes. SIZE_MAX if there is none. */
static size_t match_from(const struct pattern *pattern, const struct piece *piece, struct str text, size_t at,
                         size_t *taken)
{
    if (piece->plain) {
        struct str wanted = pattern->elements[piece->first];
        const char *found = memmem(text.data + at, text.len - at, wanted.data, wanted.len);
        *taken = wanted.len;
        return found != NULL ? (size_t)(found - text.data) : SIZE_MAX;
    }
    for (;; at += unicode_step(text.data, text.len, at)) {
        *taken = match_at(pattern, piece, text, at);
        if (*taken != SIZE_MAX)
            return at;
        if (at >= text.len)
            return SIZE_MAX;
    }
}

/* The last piece must end where the text ends: count its characters from there. */
static bool match_end(const struct pattern *pattern, const struct piece *piece, struct str text, size_t at)
{
    size_t from = text.len;

    for (size_t i = piece->first + piece->count; i-- > piece->first;) {
        const struct str *element = &pattern->elements[i];
        size_t width = element->len;
        if (element->data == NULL) {
            if (from <= at)
                return false;
            width = 1;
            while (width < from - at && ((unsigned char)text.data[from - width] & 0xC0) == 0x80)
                width++;
        }
        if (width > from - at)
            return false;
        from -= width;
        if (element->data != NULL && memcmp(text.data + from, element->data, width) != 0)
            return false;
    }
    return true;
}

static bool match(const struct pattern *pattern, struct str text)
{
    size_t at = match_at(pattern, &pattern->pieces[0], text, 0);
    size_t taken;

    if (at == SIZE_MAX || pattern->never)
        return false;
    if (pattern->npieces == 1)
        return at == text.len;
    for (size_t i = 1; i + 1 < pattern->npieces; i++) {
        at = match_from(pattern, &pattern->pieces[i], text, at, &taken);
        if (at == SIZE_MAX)
            return false;
        at += taken;
    }
    return match_end(pattern, &pattern->pieces[pattern->npieces - 1], text, at);
}

static uint32_t escape_of(const struct expr *call)
{
    size_t step;

    if (call->nargs < 3)
        return '\\';
    struct str text = call->args[2]->literal.data.str[0];
    return unicode_decode(text.data, text.len, 0, &step);
}

/* A refused constant pattern is an error before any row is looked at, NULL or not. */
static int like_kernel(struct eval *eval, const struct expr *call, const struct vector *args, const uint16_t *sel,
                       size_t n, struct vector *out)
{
    const struct pattern *compiled = call->data;
    struct pattern pattern;

    if (compiled != NULL && compiled->bad != NULL)
        return refuse(eval, compiled, function_str(&args[1], 0), sel != NULL && n > 0 ? sel[0] : 0);
    FOR_ROWS(row, sel, n)
    {
        if (vector_is_null(&args[0], row) || vector_is_null(&args[1], row)) {
            vector_set_null(out, row);
            continue;
        }
        const struct pattern *use = compiled;
        if (use == NULL) {
            struct str source = function_str(&args[1], row);
            if (compile(eval->arena, source, escape_of(call), false, &pattern) != 0)
                return function_kernel_oom(eval, source.len);
            if (pattern.bad != NULL)
                return refuse(eval, &pattern, source, row);
            use = &pattern;
        }
        out->data.boolean[row] = match(use, function_str(&args[0], row));
    }
    return 0;
}

static struct expr *bind_like(struct binding *binding)
{
    struct pattern *pattern = NULL;

    if (coerce_input(binding, 0, 'S') != 0 || coerce_input(binding, 1, 'S') != 0)
        return NULL;
    const struct vector *constant = function_constant(binding->args[1]);
    if (constant != NULL && !vector_is_null(constant, 0)) {
        struct expr call = {.nargs = binding->nargs, .args = binding->args};
        pattern = arena_alloc(binding->arena, sizeof(*pattern));
        if (pattern == NULL ||
            compile(binding->arena, constant->data.str[0], escape_of(&call), !binding->args[0]->constant, pattern) != 0)
            return function_oom(binding);
    }
    return function_call(binding, type_of(TYPE_BOOLEAN), NULL, pattern);
}

static void show_like(const struct expr *call, struct buf *out)
{
    expr_name(call->args[0], out);
    buf_append_text(out, " LIKE ");
    expr_name(call->args[1], out);
    if (call->nargs > 2) {
        buf_append_text(out, " ESCAPE '");
        expr_name(call->args[2], out);
        buf_append_byte(out, '\'');
    }
}

const struct function function_like_table[] = {
    {"LIKE", NULL, FUNCTION_OPERATOR, 2, 3, bind_like, like_kernel, NULL, show_like},
    {0},
};
