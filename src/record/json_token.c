#include "json_token_internal.h"

#include "common/escape.h"

#include <math.h>
#include <string.h>

#define END_OF_INPUT (-1)
#define FAILED (-2)

/* --- small things ------------------------------------------------------------------------------------------------ */

int json_token_fail(struct json_token *t, const char *error)
{
    t->error = error;
    t->error_offset = (size_t)(t->at - t->start);
    return -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Whether a character beyond ASCII is a letter, a digit or the like: by blocks, which is enough to tell words from
 * punctuation. */
static bool wide_identifier_part(uint32_t c)
{
    static const uint32_t others[][2] = {
        {0x00A0, 0x00A1}, {0x00A6, 0x00A9},     {0x00AB, 0x00AC}, {0x00AE, 0x00B4}, {0x00B6, 0x00B9}, {0x00BB, 0x00BF},
        {0x00D7, 0x00D7}, {0x00F7, 0x00F7},     {0x2000, 0x200A}, {0x2010, 0x2029}, {0x202F, 0x203E}, {0x2041, 0x2053},
        {0x2055, 0x205F}, {0x2190, 0x2BFF},     {0x3000, 0x3004}, {0x3008, 0x3020}, {0xD800, 0xF8FF}, {0xFF01, 0xFF03},
        {0xFF05, 0xFF0F}, {0xFFFC, UINT32_MAX}, /* one unit of a pair is no letter either */
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (c >= others[i][0] && c <= others[i][1])
            return false;
    return true;
}

/* Character.isJavaIdentifierPart of the character at p (before end): its bytes, or 0. */
static size_t identifier_part(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    uint32_t code;

    if (c < 0x80)
        return c == 0x7F || c == '_' || c == '$' || is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
               c <= 0x08 || (c >= 0x0E && c <= 0x1B);
    size_t n = escape_utf8_next(p, (size_t)(end - p), &code);
    return wide_identifier_part(code) ? n : 0;
}

/* Jackson reads UTF-16 units. When one of them is at fault, the reader stands behind it: behind the whole character
 * here, except that of a character of two units only the first was taken (stay inside it: its next byte is as
 * unexpected as the second unit). */
static void pass_character(struct json_token *t)
{
    unsigned char c = (unsigned char)t->at[-1];

    if (c >= 0xC0 && c < 0xF0)
        while (t->at < t->end && ((unsigned char)*t->at & 0xC0) == 0x80)
            t->at++;
}

void json_token_init(struct json_token *t)
{
    memset(t, 0, sizeof(*t));
    buf_init(&t->text);
}

void json_token_release(struct json_token *t)
{
    buf_release(&t->text);
}

void json_token_reset(struct json_token *t, const char *data, size_t len)
{
    t->start = t->at = data;
    t->end = data + len;
    t->kind = t->ahead = JSON_TOKEN_NONE;
    t->incomplete = false;
    t->error = NULL;
    t->depth = 0;
    t->contexts[0] = (struct json_token_context){'r', -1, -1};
}

static int push(struct json_token *t, char type)
{
    if ((size_t)t->depth + 1 >= sizeof(t->contexts) / sizeof(t->contexts[0]))
        return json_token_fail(t, "nested too deeply");
    t->contexts[++t->depth] = (struct json_token_context){type, -1, -1};
    return t->depth > JSON_TOKEN_MAX_DEPTH ? json_token_fail(t, "nested deeper than 1000") : 0;
}

/* The next byte that is no white space, consumed; END_OF_INPUT, or FAILED at a control character or a comment. */
static int skip_blanks(struct json_token *t)
{
    while (t->at < t->end) {
        unsigned char c = (unsigned char)*t->at++;
        if (c > ' ') {
            if (c != '/')
                return c;
            json_token_fail(t, "comments are not allowed");
            return FAILED;
        }
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            json_token_fail(t, "a control character between tokens");
            return FAILED;
        }
    }
    return END_OF_INPUT;
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static int hex_value(int c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int json_token_escape(struct json_token *t)
{
    if (t->at == t->end)
        return json_token_fail(t, "the text ends in an escape");
    char c = *t->at++;
    switch (c) {
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    case '"':
    case '/':
    case '\\':
    case '\'': /* comes with single quotes being allowed */
        return c;
    case 'u':
        break;
    default:
        pass_character(t);
        return json_token_fail(t, "an unknown escape");
    }
    int unit = 0;
    for (int i = 0; i < 4; i++) {
        if (t->at == t->end)
            return json_token_fail(t, "the text ends in an escape");
        int digit = hex_value((unsigned char)*t->at++);
        if (digit < 0) {
            pass_character(t);
            return json_token_fail(t, "\\u without four hexadecimal digits");
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

static void append_code_point(struct buf *out, uint32_t c)
{
    char bytes[4];

    buf_append(out, bytes, escape_utf8_put(bytes, c));
}

/* A unit from an escape: the second half of a pair makes one character with the first half before it. */
static void append_unit(struct buf *out, int unit)
{
    if (unit >= 0xDC00 && unit <= 0xDFFF && out->len >= 3) {
        const unsigned char *last = (const unsigned char *)out->data + out->len - 3;
        if (last[0] == 0xED && last[1] >= 0xA0 && last[1] <= 0xAF) {
            uint32_t high = 0xD000 | (uint32_t)(last[1] & 0x3F) << 6 | (last[2] & 0x3F);
            out->len -= 3;
            append_code_point(out, 0x10000 + ((high - 0xD800) << 10) + ((uint32_t)unit - 0xDC00));
            return;
        }
    }
    append_code_point(out, (uint32_t)unit);
}

/* Append the character at *p as UTF-8: as it is when it is sound, else one U+FFFD for the longest beginning of a sound
 * one (Unicode's "maximal subpart", which is what Java does). */
static void append_character(struct buf *out, const char **p, const char *end)
{
    uint32_t code;
    size_t n = escape_utf8_next(*p, (size_t)(end - *p), &code);

    if (code != ESCAPE_MALFORMED)
        buf_append(out, *p, n);
    else
        buf_append(out, "\xEF\xBF\xBD", 3);
    *p += n;
}

/* Text up to the closing quote, which is consumed. */
static int read_quoted(struct json_token *t, char quote)
{
    buf_reset(&t->text);
    for (;;) {
        const char *run = t->at;
        while (t->at < t->end && (unsigned char)*t->at >= ' ' && (unsigned char)*t->at < 0x80 && *t->at != quote &&
               *t->at != '\\')
            t->at++;
        buf_append(&t->text, run, (size_t)(t->at - run));
        if (t->at == t->end)
            return json_token_fail(t, "the text ends inside quotes");
        unsigned char c = (unsigned char)*t->at;
        if (c >= 0x80) {
            append_character(&t->text, &t->at, t->end);
            continue;
        }
        t->at++;
        if (c == (unsigned char)quote)
            return t->text.failed ? json_token_fail(t, "out of memory") : 0;
        if (c != '\\')
            return json_token_fail(t, "a control character inside quotes");
        int unit = json_token_escape(t);
        if (unit < 0)
            return -1;
        append_unit(&t->text, unit);
    }
}

static int skip_string(struct json_token *t)
{
    t->incomplete = false;
    for (;;) {
        if (t->at == t->end)
            return json_token_fail(t, "the text ends inside quotes");
        unsigned char c = (unsigned char)*t->at++;
        if (c == '"')
            return 0;
        if (c < ' ')
            return json_token_fail(t, "a control character inside quotes");
        if (c == '\\' && json_token_escape(t) < 0)
            return -1;
    }
}

int json_token_read_text(struct json_token *t)
{
    if (!t->incomplete)
        return 0;
    t->incomplete = false; /* before reading: after a failure there is nothing to take up again */
    return read_quoted(t, '"');
}

static size_t utf16_units(const struct buf *text)
{
    size_t n = 0;

    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];
        n += ((c & 0xC0) != 0x80) + (c >= 0xF0);
    }
    return n;
}

/* --- numbers and words ------------------------------------------------------------------------------------------- */

/* "word"[from..], of which the first `from` bytes were consumed; what follows must not go on as a word. */
static int match_word(struct json_token *t, const char *word, size_t from)
{
    size_t len = strlen(word);

    for (size_t i = from; i < len; i++) {
        if (t->at == t->end || *t->at != word[i])
            goto broken;
        t->at++;
    }
    if (t->at == t->end || (unsigned char)*t->at < '0' || *t->at == ']' || *t->at == '}' ||
        identifier_part(t->at, t->end) == 0)
        return 0;

broken:
    for (int i = 0; i < 256 && t->at < t->end; i++) {
        size_t n = identifier_part(t->at, t->end);
        if (n == 0)
            break;
        t->at += n;
    }
    return json_token_fail(t, "an unknown word");
}

static int special_number(struct json_token *t, double value, enum json_token_kind *kind)
{
    t->number = NULL;
    t->number_len = 0;
    t->special = value;
    *kind = JSON_TOKEN_FLOAT;
    return 0;
}

/* Behind a sign stands no digit; c is consumed. -Infinity, -INF and the like, or an error. */
static int odd_number(struct json_token *t, int c, bool negative, enum json_token_kind *kind)
{
    if (c == 'I') {
        if (t->at == t->end)
            return json_token_fail(t, "the text ends in a number");
        c = (unsigned char)*t->at++;
        if (c == 'N' || c == 'n') {
            if (match_word(t, c == 'N' ? "-INF" : "-Infinity", 3) != 0)
                return -1;
            return special_number(t, negative ? -INFINITY : INFINITY, kind);
        }
    }
    return json_token_fail(t, negative ? "'-' without a digit" : "numbers have no '+'");
}

static int finish_number(struct json_token *t, const char *first, size_t digits, bool is_float,
                         enum json_token_kind *kind)
{
    t->number = first;
    t->number_len = (size_t)(t->at - first);
    if (digits > JSON_TOKEN_MAX_NUMBER)
        return json_token_fail(t, "a number of more than 1000 digits");
    *kind = is_float ? JSON_TOKEN_FLOAT : JSON_TOKEN_INT;
    return 0;
}

/* A number from `first` (its sign or first digit; the byte at t->at - 1 is its first digit). Jackson has two ways
 * through a number, and they stop at different places in a broken one: the quick one stays behind the '.' or 'e' it met
 * first, the careful one, which is taken for a leading 0 and where the input ends, has consumed the byte at fault. */
static int read_number(struct json_token *t, const char *first, enum json_token_kind *kind)
{
    const char *p = t->at - 1;
    const char *end = t->end;
    const char *resume = NULL; /* where the quick way stays */
    size_t digits = 0;
    bool careful = *p == '0';

    if (careful && p + 1 < end && is_digit((unsigned char)p[1])) {
        t->at = p + 1;
        return json_token_fail(t, "a number with a leading 0");
    }
    for (; p < end && is_digit((unsigned char)*p); p++)
        digits++;
    if (p == end || (*p != '.' && (*p | 0x20) != 'e')) {
        t->at = p;
        return finish_number(t, first, digits, false, kind);
    }
    resume = p + 1;
    if (*p == '.') {
        const char *fraction = ++p;
        for (; p < end && is_digit((unsigned char)*p); p++)
            digits++;
        if (p == fraction) {
            t->at = careful && p < end ? p + 1 : careful || p == end ? p : resume;
            return json_token_fail(t, "a decimal point without a digit behind it");
        }
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        const char *exponent = p;
        for (; p < end && is_digit((unsigned char)*p); p++)
            digits++;
        if (p == exponent) {
            t->at = careful && p < end ? p + 1 : careful || p == end ? p : resume;
            return json_token_fail(t, "an exponent without a digit");
        }
    }
    t->at = p;
    return finish_number(t, first, digits, true, kind);
}

/* --- tokens ------------------------------------------------------------------------------------------------------ */

static int close_scope(struct json_token *t, char closing)
{
    char type = closing == ']' ? 'a' : 'o';

    if (t->contexts[t->depth].type != type)
        return json_token_fail(t, "a closing bracket that fits no opening one");
    t->depth--;
    t->kind = closing == ']' ? JSON_TOKEN_END_ARRAY : JSON_TOKEN_END_OBJECT;
    return 0;
}

/* The value that begins with c (consumed). */
static int read_value(struct json_token *t, int c, bool in_object, enum json_token_kind *kind)
{
    switch (c) {
    case '"':
        t->incomplete = true;
        *kind = JSON_TOKEN_STRING;
        return 0;
    case '\'':
        *kind = JSON_TOKEN_STRING;
        return read_quoted(t, '\'');
    case '[':
        *kind = JSON_TOKEN_START_ARRAY;
        return in_object ? 0 : push(t, 'a');
    case '{':
        *kind = JSON_TOKEN_START_OBJECT;
        return in_object ? 0 : push(t, 'o');
    case 't':
        *kind = JSON_TOKEN_TRUE;
        return match_word(t, "true", 1);
    case 'f':
        *kind = JSON_TOKEN_FALSE;
        return match_word(t, "false", 1);
    case 'n':
        *kind = JSON_TOKEN_NULL;
        return match_word(t, "null", 1);
    case 'N':
        return match_word(t, "NaN", 1) != 0 ? -1 : special_number(t, NAN, kind);
    case 'I':
        return match_word(t, "Infinity", 1) != 0 ? -1 : special_number(t, INFINITY, kind);
    case '+':
        if (t->at == t->end)
            return json_token_fail(t, "the text ends in a number");
        t->at++;
        pass_character(t);
        return odd_number(t, (unsigned char)t->at[-1], false, kind);
    case '-': {
        const char *first = t->at - 1;
        if (t->at == t->end)
            return json_token_fail(t, "the text ends in a number");
        t->at++;
        if (is_digit((unsigned char)t->at[-1]))
            return read_number(t, first, kind);
        pass_character(t);
        return odd_number(t, (unsigned char)t->at[-1], true, kind);
    }
    default: {
        const char *first = t->at - 1;
        if (is_digit(c))
            return read_number(t, first, kind);
        /* Jackson reads the whole of an unknown word, though only to show it */
        bool word = identifier_part(first, t->end) != 0;
        pass_character(t);
        if (word)
            return match_word(t, "", 0) != 0 ? -1 : json_token_fail(t, "an unknown word");
        return json_token_fail(t, "no value where one is expected");
    }
    }
}

/* Name and colon, up to the first byte of the value, which is returned. */
static int read_name(struct json_token *t, int c)
{
    if (c != '"' && c != '\'') {
        pass_character(t);
        json_token_fail(t, "no quoted name where one is expected");
        return FAILED;
    }
    if (read_quoted(t, (char)c) != 0)
        return FAILED;
    if (t->text.len > JSON_TOKEN_MAX_NAME && utf16_units(&t->text) > JSON_TOKEN_MAX_NAME) {
        json_token_fail(t, "a name of more than 50000 characters");
        return FAILED;
    }
    t->contexts[t->depth].column = t->match(t->cookie, t->text.len > 0 ? t->text.data : "", t->text.len);
    t->kind = JSON_TOKEN_NAME;
    t->ahead = JSON_TOKEN_NONE;
    c = skip_blanks(t);
    if (c == ':')
        c = skip_blanks(t);
    else if (c >= 0) {
        pass_character(t);
        json_token_fail(t, "no ':' behind a name");
        return FAILED;
    }
    if (c == END_OF_INPUT) {
        json_token_fail(t, "the text ends behind a name");
        return FAILED;
    }
    return c;
}

int json_token_next(struct json_token *t)
{
    enum json_token_kind kind = JSON_TOKEN_NONE;

    if (t->kind == JSON_TOKEN_NAME) {
        kind = t->ahead;
        t->ahead = JSON_TOKEN_NONE;
        if (kind == JSON_TOKEN_START_ARRAY || kind == JSON_TOKEN_START_OBJECT)
            if (push(t, kind == JSON_TOKEN_START_ARRAY ? 'a' : 'o') != 0)
                return -1;
        t->kind = kind;
        return 0;
    }
    if (t->incomplete && skip_string(t) != 0)
        return -1;
    int c = skip_blanks(t);
    if (c == FAILED)
        return -1;
    if (c == END_OF_INPUT) {
        if (t->depth > 0)
            return json_token_fail(t, "the text ends inside an object or array");
        t->kind = JSON_TOKEN_NONE;
        return 0;
    }
    if (c == ']' || c == '}')
        return close_scope(t, (char)c);
    struct json_token_context *context = &t->contexts[t->depth];
    if (++context->index > 0 && context->type != 'r') {
        if (c != ',') {
            pass_character(t);
            return json_token_fail(t, "no ',' between entries");
        }
        c = skip_blanks(t);
        if (c == FAILED)
            return -1;
        if (c == END_OF_INPUT)
            return json_token_fail(t, "the text ends behind a ','");
    }
    bool in_object = context->type == 'o';
    if (in_object) {
        c = read_name(t, c);
        if (c < 0)
            return -1;
    }
    if (read_value(t, c, in_object, &kind) != 0)
        return -1;
    if (in_object)
        t->ahead = kind;
    else
        t->kind = kind;
    return 0;
}

int json_token_skip_children(struct json_token *t)
{
    int open = 1;

    if (t->kind != JSON_TOKEN_START_OBJECT && t->kind != JSON_TOKEN_START_ARRAY)
        return 0;
    while (open > 0) {
        if (json_token_next(t) != 0)
            return -1;
        switch (t->kind) {
        case JSON_TOKEN_NONE:
            return json_token_fail(t, "the text ends inside an object or array");
        case JSON_TOKEN_START_OBJECT:
        case JSON_TOKEN_START_ARRAY:
            open++;
            break;
        case JSON_TOKEN_END_OBJECT:
        case JSON_TOKEN_END_ARRAY:
            open--;
            break;
        default:
            break;
        }
    }
    return 0;
}

int32_t json_token_column(const struct json_token *t)
{
    bool start = t->kind == JSON_TOKEN_START_OBJECT || t->kind == JSON_TOKEN_START_ARRAY;

    return t->contexts[start && t->depth > 0 ? t->depth - 1 : t->depth].column;
}
