/* Constants and type names. What is wrong inside a constant (a range, a type that is not there) is noted for later:
 * Spark builds its tree only after the whole text has parsed. */
#include "parse_internal.h"

#include "common/escape.h"
#include "sql/diagnose.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The place for the first such error; a scratch one when there is one already. */
static struct errbuf *later(struct parser *p, struct errbuf *scratch)
{
    return p->later->condition[0] == '\0' ? p->later : scratch;
}

/* ---- strings ----------------------------------------------------------------------------------------------------- */

static int hex_value(const char *p, size_t digits, uint32_t *value)
{
    *value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = p[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A' + 10);
        else
            return -1;
        *value = *value << 4 | digit;
    }
    return 0;
}

/* Java writes a lone surrogate as a question mark. */
static size_t put_point(char *out, uint32_t point)
{
    return escape_utf8_put(out, point >= 0x110000 || (point >= 0xD800 && point <= 0xDFFF) ? '?' : point);
}

static char simple_escape(char c)
{
    switch (c) {
    case '0':
        return '\0';
    case 'b':
        return '\b';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'Z':
        return 0x1A;
    default:
        return c;
    }
}

/* One escape from the character behind the backslash; at most 4 bytes are written. Returns the bytes read. */
static size_t put_escape(const char *in, size_t room, char *out, size_t *n)
{
    uint32_t point;
    uint32_t low;
    if (in[0] == 'u' && room >= 5 && hex_value(in + 1, 4, &point) == 0) {
        if (point >= 0xD800 && point <= 0xDBFF && room >= 11 && in[5] == '\\' && in[6] == 'u' &&
            hex_value(in + 7, 4, &low) == 0 && low >= 0xDC00 && low <= 0xDFFF) {
            *n += put_point(out + *n, 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00));
            return 11;
        }
        *n += put_point(out + *n, point);
        return 5;
    }
    if (in[0] == 'U' && room >= 9 && hex_value(in + 1, 8, &point) == 0) {
        *n += put_point(out + *n, point);
        return 9;
    }
    if (room >= 3 && in[0] >= '0' && in[0] <= '3' && in[1] >= '0' && in[1] <= '7' && in[2] >= '0' && in[2] <= '7') {
        *n += put_point(out + *n, (uint32_t)((in[0] - '0') << 6 | (in[1] - '0') << 3 | (in[2] - '0')));
        return 3;
    }
    if (in[0] == '%' || in[0] == '_') /* LIKE takes the backslash itself */
        out[(*n)++] = '\\';
    out[(*n)++] = simple_escape(in[0]);
    return 1;
}

/* The value of one STRING token. NULL without memory. */
static char *unescape(struct parser *p, const struct token *token, size_t *len)
{
    const char *in = token->text;
    size_t size = token->len;
    bool raw = in[0] == 'r' || in[0] == 'R';
    if (raw) {
        in++;
        size--;
    }
    in++; /* the quotes */
    size -= 2;
    char *out = arena_alloc(p->arena, size + 1);
    size_t n = 0;
    if (out == NULL)
        return parse_oom(p);
    for (size_t i = 0; i < size;) {
        if (raw || in[i] != '\\' || i + 1 >= size)
            out[n++] = in[i++];
        else /* never longer than what it replaces */
            i += 1 + put_escape(in + i + 1, size - i - 1, out, &n);
    }
    out[n] = '\0';
    *len = n;
    return out;
}

static struct ast_expr *literal_node(struct parser *p, enum ast_literal_kind kind, size_t first)
{
    struct ast_expr *node = parse_node(p, AST_LITERAL, first);
    if (node != NULL)
        node->literal.kind = kind;
    return node;
}

struct ast_expr *parse_string(struct parser *p)
{
    size_t first = p->pos;
    struct buf joined = BUF_INIT;
    char *data = NULL;
    size_t len = 0;
    while (parse_peek(p, 0)->kind == TOKEN_STRING) {
        char *part = unescape(p, parse_peek(p, 0), &len);
        if (part == NULL) {
            buf_release(&joined);
            return NULL;
        }
        p->pos++;
        if (p->pos == first + 1 && parse_peek(p, 0)->kind != TOKEN_STRING) {
            data = part;
            break;
        }
        buf_append(&joined, part, len);
    }
    if (data == NULL) {
        len = joined.len;
        data = joined.failed ? NULL : arena_copy(p->arena, joined.data == NULL ? "" : joined.data, joined.len);
    }
    buf_release(&joined);
    if (data == NULL)
        return parse_oom(p);
    struct ast_expr *node = literal_node(p, AST_LITERAL_STRING, first);
    if (node != NULL) {
        node->literal.data = data;
        node->literal.len = len;
    }
    return node;
}

void parse_check_escape(struct parser *p, const struct ast_expr *escape, size_t first)
{
    struct errbuf scratch;
    size_t points = 0;
    bool wide = false; /* a character of two UTF-16 units is two to Spark */
    for (size_t i = 0; i < escape->literal.len; i++) {
        unsigned char byte = (unsigned char)escape->literal.data[i];
        points += (byte & 0xC0) != 0x80;
        wide = wide || byte >= 0xF0;
    }
    if (points == 1 && !wide)
        return;
    diagnose(later(p, &scratch), p->sql, parse_range(p, first), "INVALID_ESC", "42604",
             "Found an invalid escape string: \"%.*s\". The escape string must contain only one character.",
             escape->literal.len > 40 ? 40 : (int)escape->literal.len, escape->literal.data);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

bool parse_at_number(const struct parser *p, size_t ahead)
{
    enum token_kind kind = parse_peek(p, ahead)->kind;
    return kind >= TOKEN_INTEGER && kind <= TOKEN_BIGDECIMAL;
}

static void out_of_range(struct parser *p, size_t first, const char *text, const char *type, const char *min,
                         const char *max)
{
    struct errbuf scratch;
    diagnose(later(p, &scratch), p->sql, parse_range(p, first), "INVALID_NUMERIC_LITERAL_RANGE", "22003",
             "Numeric literal %.60s is outside the valid range for %s with minimum value of %s and maximum value of "
             "%s. Please adjust "
             "the value accordingly.",
             text, type, min, max);
}

/* A DECIMAL: refused, after Spark's own limit of 38 digits. */
static void decimal(struct parser *p, size_t first, const char *text)
{
    size_t digits = 0;
    bool leading = true;
    for (const char *c = text; *c != '\0' && *c != 'e' && *c != 'E' && *c != 'B' && *c != 'b'; c++) {
        if (*c < '0' || *c > '9')
            continue;
        if (*c != '0')
            leading = false;
        if (!leading)
            digits++;
    }
    if (digits > 38) {
        struct errbuf scratch;
        diagnose(later(p, &scratch), p->sql, (struct sql_range){-1, -1}, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                 "22003", "Decimal precision %zu exceeds max precision 38.", digits);
        return;
    }
    parse_unsupported(p, parse_range(p, first), "the type DECIMAL (for a DOUBLE write the number as 1e0 or 1D)");
}

static struct ast_expr *whole_number(struct parser *p, size_t first, const char *text, enum token_kind kind)
{
    struct ast_expr *node = literal_node(p, AST_LITERAL_INT, first);
    if (node == NULL)
        return NULL;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    bool overflow = errno == ERANGE;
    node->literal.integer = value;
    switch (kind) {
    case TOKEN_BIGINT:
        node->literal.kind = AST_LITERAL_BIGINT;
        if (overflow)
            out_of_range(p, first, text, "bigint", "-9223372036854775808", "9223372036854775807");
        break;
    case TOKEN_SMALLINT:
        if (overflow || value < -32768 || value > 32767)
            out_of_range(p, first, text, "smallint", "-32768", "32767");
        else
            parse_unsupported(p, node->range, "the type SMALLINT");
        break;
    case TOKEN_TINYINT:
        if (overflow || value < -128 || value > 127)
            out_of_range(p, first, text, "tinyint", "-128", "127");
        else
            parse_unsupported(p, node->range, "the type TINYINT");
        break;
    default:
        if (overflow)
            decimal(p, first, text);
        else if (value < INT32_MIN || value > INT32_MAX)
            node->literal.kind = AST_LITERAL_BIGINT;
        break;
    }
    return node;
}

struct ast_expr *parse_number(struct parser *p, bool negative, size_t first)
{
    const struct token *token = parse_peek(p, 0);
    enum token_kind kind = token->kind;
    p->pos++;
    /* strtoll and strtod stop at the suffix; an F or D in the text could be read by neither */
    char *text = arena_printf(p->arena, "%s%.*s", negative ? "-" : "", (int)token->len, token->text);
    if (text == NULL)
        return parse_oom(p);
    size_t len = strlen(text);
    if (kind == TOKEN_BIGINT || kind == TOKEN_SMALLINT || kind == TOKEN_TINYINT || kind == TOKEN_DOUBLE ||
        kind == TOKEN_FLOAT)
        text[len - 1] = '\0';
    else if (kind == TOKEN_BIGDECIMAL)
        text[len - 2] = '\0';
    if (kind <= TOKEN_TINYINT)
        return whole_number(p, first, text, kind);
    struct ast_expr *node = literal_node(p, AST_LITERAL_DOUBLE, first);
    if (node == NULL)
        return NULL;
    node->literal.number = strtod(text, NULL);
    if (kind == TOKEN_DECIMAL || kind == TOKEN_BIGDECIMAL)
        decimal(p, first, text);
    else if (kind == TOKEN_FLOAT && fabs(node->literal.number) > (double)FLT_MAX)
        out_of_range(p, first, text, "float", "-3.4028234663852886E+38", "3.4028234663852886E+38");
    else if (kind == TOKEN_FLOAT)
        parse_unsupported(p, node->range, "the type FLOAT");
    else if (isinf(node->literal.number))
        out_of_range(p, first, text, "double", "-1.7976931348623157E+308", "1.7976931348623157E+308");
    return node;
}

/* ---- typed literals ---------------------------------------------------------------------------------------------- */

static void invalid_typed(struct parser *p, size_t first, const char *type, const struct token *value)
{
    struct errbuf scratch;
    diagnose(later(p, &scratch), p->sql, parse_range(p, first), "INVALID_TYPED_LITERAL", "42604",
             "The value of the typed literal \"%s\" is invalid: %.*s.", type, value->len > 80 ? 80 : (int)value->len,
             value->text);
}

/* X'616': an odd number of digits gets a 0 in front. */
static bool hex_bytes(struct parser *p, struct ast_expr *node)
{
    size_t len = node->literal.len;
    const char *digits = node->literal.data;
    char *bytes = arena_alloc(p->arena, len / 2 + 1);
    size_t n = 0;
    size_t i = 0;
    uint32_t value;
    if (bytes == NULL) {
        parse_oom(p);
        return true;
    }
    if (len % 2 == 1) {
        if (hex_value(digits, 1, &value) != 0)
            return false;
        bytes[n++] = (char)value;
        i = 1;
    }
    for (; i < len; i += 2) {
        if (hex_value(digits + i, 2, &value) != 0)
            return false;
        bytes[n++] = (char)value;
    }
    node->literal.data = bytes;
    node->literal.len = n;
    return true;
}

struct ast_expr *parse_typed_literal(struct parser *p)
{
    size_t first = p->pos;
    const struct token *word = parse_peek(p, 0);
    const struct token *value = parse_peek(p, 1);
    struct errbuf scratch;
    size_t len;
    p->pos += 2;
    struct ast_expr *node = literal_node(p, AST_LITERAL_STRING, first);
    if (node == NULL || (node->literal.data = unescape(p, value, &len)) == NULL)
        return NULL;
    node->literal.len = len;
    if (token_is_word(word, "DATE")) {
        node->literal.kind = AST_LITERAL_DATE;
    } else if (token_is_word(word, "TIMESTAMP") || token_is_word(word, "TIMESTAMP_LTZ")) {
        node->literal.kind = AST_LITERAL_TIMESTAMP;
    } else if (token_is_word(word, "X")) {
        node->literal.kind = AST_LITERAL_BINARY;
        if (!hex_bytes(p, node))
            invalid_typed(p, first, "X", value);
    } else if (token_is_word(word, "TIMESTAMP_NTZ")) {
        parse_unsupported(p, node->range, "the type TIMESTAMP_NTZ");
    } else {
        diagnose(later(p, &scratch), p->sql, node->range, "UNSUPPORTED_TYPED_LITERAL", "0A000",
                 "Literals of the type \"%.*s\" are not supported. Supported types are \"DATE\", \"TIMESTAMP_NTZ\", "
                 "\"TIMESTAMP_LTZ\", "
                 "\"TIMESTAMP\", \"INTERVAL\", \"X\".",
                 (int)word->len, word->text);
    }
    return node;
}

static bool at_unit(const struct parser *p, size_t ahead)
{
    static const char *const units[] = {"NANOSECOND",   "NANOSECONDS", "MICROSECOND", "MICROSECONDS", "MILLISECOND",
                                        "MILLISECONDS", "SECOND",      "SECONDS",     "MINUTE",       "MINUTES",
                                        "HOUR",         "HOURS",       "DAY",         "DAYS",         "WEEK",
                                        "WEEKS",        "MONTH",       "MONTHS",      "YEAR",         "YEARS"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (parse_at_word(p, ahead, units[i]))
            return true;
    }
    return false;
}

struct ast_expr *parse_interval(struct parser *p)
{
    size_t first = p->pos++;
    for (;;) {
        size_t ahead = parse_at_sign(p, 0, "-") || parse_at_sign(p, 0, "+") ? 1 : 0;
        enum token_kind kind = parse_peek(p, ahead)->kind;
        if (kind != TOKEN_STRING && kind != TOKEN_INTEGER && kind != TOKEN_DECIMAL)
            break;
        if (!at_unit(p, ahead + 1)) {
            if (p->pos == first + 1 && ahead == 0 && kind == TOKEN_STRING) { /* INTERVAL '1 day' */
                p->pos++;
                break;
            }
            return parse_fail(p);
        }
        p->pos += ahead + 2;
        if (parse_at_word(p, 0, "TO") && at_unit(p, 1)) {
            p->pos += 2;
            break;
        }
    }
    struct ast_expr *node = literal_node(p, AST_LITERAL_NULL, first);
    if (node != NULL)
        parse_unsupported(p, node->range, "INTERVAL values");
    return node;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

/* `(10, 2)` behind a type's name: how many numbers, the first of them in *value. -1 on failure. */
static int type_parameters(struct parser *p, long *value)
{
    int count = 0;
    if (!parse_accept_sign(p, "("))
        return 0;
    do {
        const struct token *token = parse_peek(p, 0);
        if (token->kind != TOKEN_INTEGER) {
            parse_fail(p);
            return -1;
        }
        if (count++ == 0)
            *value = token->len > 9 ? 999999999 : strtol(token->text, NULL, 10);
        p->pos++;
    } while (parse_accept_sign(p, ","));
    return parse_expect_sign(p, ")") ? count : -1;
}

/* Move over <...> of ARRAY, MAP, STRUCT. */
static bool skip_angles(struct parser *p)
{
    int depth = 0;
    do {
        if (parse_at_sign(p, 0, "<"))
            depth++;
        else if (parse_at_sign(p, 0, ">"))
            depth--;
        else if (parse_at_sign(p, 0, ">>"))
            depth -= 2;
        else if (parse_peek(p, 0)->kind == TOKEN_END) {
            parse_fail(p);
            return false;
        }
        p->pos++;
    } while (depth > 0);
    return true;
}

const struct type *parse_type(struct parser *p)
{
    static const struct {
        const char *word;
        enum type_id id;
    } inside[] = {{"BOOLEAN", TYPE_BOOLEAN},
                  {"INT", TYPE_INT},
                  {"INTEGER", TYPE_INT},
                  {"BIGINT", TYPE_BIGINT},
                  {"LONG", TYPE_BIGINT},
                  {"DOUBLE", TYPE_DOUBLE},
                  {"STRING", TYPE_STRING},
                  {"DATE", TYPE_DATE},
                  {"BINARY", TYPE_BINARY},
                  {"TIMESTAMP", TYPE_TIMESTAMP},
                  {"TIMESTAMP_LTZ", TYPE_TIMESTAMP}};
    static const char *const outside[] = {"TINYINT", "BYTE", "SMALLINT", "SHORT",         "FLOAT", "REAL",
                                          "DECIMAL", "DEC",  "NUMERIC",  "TIMESTAMP_NTZ", "VOID",  "VARIANT"};
    static const char *const sized[] = {"CHAR", "CHARACTER", "VARCHAR"};
    size_t first = p->pos;
    const struct token *word = parse_peek(p, 0);
    struct errbuf scratch;
    long value = 0;
    if (!parse_at_identifier(p, 0))
        return parse_fail(p);
    p->pos++;
    if ((token_is_word(word, "ARRAY") || token_is_word(word, "MAP") || token_is_word(word, "STRUCT")) &&
        parse_at_sign(p, 0, "<")) {
        if (!skip_angles(p))
            return NULL;
        parse_unsupported(p, parse_range(p, first), "ARRAY, MAP and STRUCT types");
        return type_of(TYPE_STRING);
    }
    if (token_is_word(word, "INTERVAL") && at_unit(p, 0)) {
        p->pos++;
        if (parse_accept_word(p, "TO"))
            p->pos++;
        parse_unsupported(p, parse_range(p, first), "INTERVAL values");
        return type_of(TYPE_STRING);
    }
    int count = type_parameters(p, &value);
    if (count < 0)
        return NULL;
    if (count == 0) {
        for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
            if (token_is_word(word, inside[i].word))
                return type_of(inside[i].id);
        }
    }
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        if (!token_is_word(word, outside[i]))
            continue;
        if (i >= 6 && i <= 8 && value > 38)
            diagnose(later(p, &scratch), p->sql, (struct sql_range){-1, -1}, "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                     "22003", "Decimal precision %ld exceeds max precision 38.", value);
        else
            parse_unsupported(p, parse_range(p, first), arena_printf(p->arena, "the type %s", outside[i]));
        return type_of(TYPE_STRING);
    }
    for (size_t i = 0; i < sizeof sized / sizeof sized[0]; i++) {
        if (!token_is_word(word, sized[i]))
            continue;
        if (count == 0)
            diagnose(later(p, &scratch), p->sql, parse_range(p, first), "DATATYPE_MISSING_SIZE", "42K01",
                     "DataType \"%s\" requires a length parameter, for example \"%s\"(10). Please specify the length.",
                     sized[i], sized[i]);
        else
            parse_unsupported(p, parse_range(p, first), "the types CHAR and VARCHAR");
        return type_of(TYPE_STRING);
    }
    const struct token *last = &p->list.tokens[p->pos - 1];
    diagnose(later(p, &scratch), p->sql, parse_range(p, first), "UNSUPPORTED_DATATYPE", "0A000",
             "Unsupported data type \"%.*s\".", (int)(last->text + last->len - word->text), word->text);
    return type_of(TYPE_STRING);
}
