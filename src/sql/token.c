/* The lexer: one pass, longest match, as ANTLR does with Spark's SqlBaseLexer.
 *
 * What surprises: a number followed by letters is a name (`1x`, `1_000`), unless the whole is a number with a suffix
 * (`1L`); a decimal point makes a number only when neither letter, digit nor _ follows it; a bracketed comment nests;
 * `--` is continued by a backslash before the line feed.
 */
#include "sql/token.h"

#include "common/escape.h"
#include "sql/diagnose.h"

#include <string.h>

struct reader {
    const char *sql;
    const char *at;
    int32_t index; /* code points before `at` */
    int line;
    int column;
    struct arena *arena;
    struct token_list *list;
    size_t cap;
};

/* Length in bytes of the character at p; 1 for a byte that starts none. The NUL that ends the text continues no
 * sequence, so nothing behind it is read. */
static size_t char_length(const char *p, uint32_t *point)
{
    size_t n = escape_utf8_next(p, 4, point);

    if (*point != ESCAPE_MALFORMED)
        return n;
    *point = 0xFFFD;
    return 1;
}

/* Move over n bytes, counting characters and lines. */
static void advance(struct reader *reader, size_t n)
{
    const char *end = reader->at + n;
    while (reader->at < end) {
        uint32_t point;
        size_t len = char_length(reader->at, &point);
        reader->at += len;
        reader->index++;
        if (point == '\n') {
            reader->line++;
            reader->column = 0;
        } else {
            reader->column++;
        }
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_blank(uint32_t point)
{
    switch (point) {
    case ' ':
    case '\t':
    case '\n':
    case '\f':
    case '\r':
    case 0x0B:
    case 0xA0:
    case 0x1680:
    case 0x2028:
    case 0x202F:
    case 0x205F:
    case 0x3000:
        return true;
    default:
        return point >= 0x2000 && point <= 0x200A;
    }
}

/* Letters outside ASCII, by exclusion: blocks of punctuation, marks, symbols and emoji are none. It only decides
 * which error a stray character gets (INVALID_IDENTIFIER or a syntax error). */
static bool is_foreign_letter(uint32_t point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } none[] = {
        {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},       {0xD7, 0xD7},        {0xF7, 0xF7},
        {0x2C2, 0x2C5},   {0x2D2, 0x2DF},   {0x300, 0x36F},   {0x2000, 0x2070},   {0x2072, 0x207E},    {0x2080, 0x208F},
        {0x20A0, 0x2101}, {0x2190, 0x2BFF}, {0x3000, 0x3004}, {0x3007, 0x3030},   {0xD800, 0xF8FF},    {0xFE00, 0xFE6F},
        {0xFF00, 0xFF20}, {0xFF3B, 0xFF40}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF},
    };
    if (point < 0x80)
        return false;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (point >= none[i].first && point <= none[i].last)
            return false;
    }
    return true;
}

static size_t word_length(const char *p)
{
    size_t n = 0;
    for (;;) {
        uint32_t point;
        size_t len = char_length(p + n, &point);
        if (len == 1 && !(is_ascii_letter(p[n]) || is_digit(p[n]) || p[n] == '_'))
            return n;
        if (len > 1 && !is_foreign_letter(point))
            return n;
        n += len;
    }
}

/* A quoted thing from its opening quote: the bytes with both quotes, or 0 when it does not end. */
static size_t quoted_length(const char *p, bool escapes)
{
    char quote = p[0];
    size_t n = 1;
    while (p[n] != '\0') {
        if (escapes && p[n] == '\\' && p[n + 1] != '\0') {
            uint32_t point;
            n += 1 + char_length(p + n + 1, &point);
        } else if (p[n] == quote) {
            return n + 1;
        } else {
            n++;
        }
    }
    return 0;
}

static size_t backquoted_length(const char *p)
{
    size_t n = 1;
    while (p[n] != '\0') {
        if (p[n] != '`')
            n++;
        else if (p[n + 1] == '`')
            n += 2;
        else
            return n + 1;
    }
    return 0;
}

/* The longest number at p; 0 when there is none. */
static size_t number_length(const char *p, enum token_kind *kind)
{
    size_t n = 0;
    bool point = false;
    while (is_digit(p[n]))
        n++;
    size_t whole = n;
    if (p[n] == '.' && (whole > 0 || is_digit(p[n + 1]))) {
        point = true;
        n++;
        while (is_digit(p[n]))
            n++;
    }
    if (n == 0)
        return 0;
    size_t mantissa = n;
    bool exponent = false;
    if (upper(p[n]) == 'E') {
        size_t m = n + 1;
        if (p[m] == '+' || p[m] == '-')
            m++;
        if (is_digit(p[m])) {
            while (is_digit(p[m]))
                m++;
            n = m;
            exponent = true;
        }
    }
    /* isValidDecimal of Spark's lexer: with a decimal point, what follows must not go on like a name. */
#define ENDS(m) (!point || !(is_ascii_letter(p[m]) || is_digit(p[m]) || p[m] == '_'))
    for (;;) {
        char c = upper(p[n]);
        if (c == 'B' && upper(p[n + 1]) == 'D' && ENDS(n + 2)) {
            *kind = TOKEN_BIGDECIMAL;
            return n + 2;
        }
        if (c == 'D' && ENDS(n + 1)) {
            *kind = TOKEN_DOUBLE;
            return n + 1;
        }
        if (c == 'F' && ENDS(n + 1)) {
            *kind = TOKEN_FLOAT;
            return n + 1;
        }
        if (!point && !exponent && (c == 'L' || c == 'S' || c == 'Y')) {
            *kind = c == 'L' ? TOKEN_BIGINT : c == 'S' ? TOKEN_SMALLINT : TOKEN_TINYINT;
            return n + 1;
        }
        if (ENDS(n)) {
            *kind = exponent ? TOKEN_EXPONENT : point ? TOKEN_DECIMAL : TOKEN_INTEGER;
            return n;
        }
        if (exponent) { /* 1.5e3x: without the exponent it is no number either, but the digits before the point are */
            n = mantissa;
            exponent = false;
            continue;
        }
        break;
    }
#undef ENDS
    *kind = TOKEN_INTEGER;
    return whole;
}

static size_t sign_length(const char *p)
{
    static const char *const signs[] = {">>>", "<=>", "==", "<>", "!=", "<=", ">=", "!>", "!<", "<<", ">>", "||", "|>",
                                        "::",  "->",  "=>", "*/", ";",  "(",  ")",  ",",  ".",  "[",  "]",  "!",  "=",
                                        "<",   ">",   "+",  "-",  "*",  "/",  "%",  "~",  "&",  "|",  "^",  ":",  "?"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t len = strlen(signs[i]);
        if (strncmp(p, signs[i], len) == 0)
            return len;
    }
    return 0;
}

static size_t line_comment_length(const char *p)
{
    size_t n = 2;
    while (p[n] != '\0' && p[n] != '\n' && p[n] != '\r') {
        if (p[n] == '\\' && p[n + 1] == '\n')
            n++;
        n++;
    }
    return n;
}

/* Nested; 0 when it does not end. */
static size_t bracketed_comment_length(const char *p)
{
    size_t n = 2;
    int depth = 1;
    while (p[n] != '\0') {
        if (p[n] == '/' && p[n + 1] == '*' && p[n + 2] != '+') {
            depth++;
            n += 2;
        } else if (p[n] == '*' && p[n + 1] == '/') {
            n += 2;
            if (--depth == 0)
                return n;
        } else {
            n++;
        }
    }
    return 0;
}

static int push(struct reader *reader, enum token_kind kind, size_t len, struct errbuf *err)
{
    struct token_list *list = reader->list;
    if (list->count == reader->cap) {
        size_t cap = reader->cap == 0 ? 64 : reader->cap * 2;
        struct token *grown = arena_calloc(reader->arena, cap, sizeof *grown);
        if (grown == NULL)
            return errbuf_oom(err, "tokens", cap * sizeof *grown);
        if (list->count > 0)
            memcpy(grown, list->tokens, list->count * sizeof *grown);
        list->tokens = grown;
        reader->cap = cap;
    }
    struct token *token = &list->tokens[list->count++];
    token->kind = kind;
    token->text = reader->at;
    token->len = len;
    token->start = reader->index;
    token->line = reader->line;
    token->column = reader->column;
    advance(reader, len);
    token->stop = len == 0 ? token->start : reader->index - 1;
    return 0;
}

static int read_one(struct reader *reader, struct errbuf *err)
{
    const char *p = reader->at;
    size_t word = word_length(p);
    enum token_kind number = TOKEN_INTEGER;
    size_t digits = number_length(p, &number);
    if ((p[0] == 'r' || p[0] == 'R') && (p[1] == '\'' || p[1] == '"')) {
        size_t len = quoted_length(p + 1, false);
        if (len > 0)
            return push(reader, TOKEN_STRING, len + 1, err);
    }
    if (digits > 0 && digits >= word)
        return push(reader, number, digits, err);
    if (word > 0)
        return push(reader, TOKEN_WORD, word, err);
    size_t len = 0;
    if (p[0] == '\'' || p[0] == '"') {
        len = quoted_length(p, true);
        if (len > 0)
            return push(reader, TOKEN_STRING, len, err);
    } else if (p[0] == '`') {
        len = backquoted_length(p);
        if (len > 0)
            return push(reader, TOKEN_QUOTED, len, err);
    } else {
        len = sign_length(p);
        if (len > 0)
            return push(reader, TOKEN_SIGN, len, err);
    }
    uint32_t point;
    return push(reader, TOKEN_UNKNOWN, char_length(p, &point), err);
}

int token_read(const char *sql, struct arena *arena, struct token_list *list, struct errbuf *err)
{
    struct reader reader = {sql, sql, 0, 1, 0, arena, list, 0};
    memset(list, 0, sizeof *list);
    for (;;) {
        uint32_t point;
        size_t len = char_length(reader.at, &point);
        if (point == '\0')
            return push(&reader, TOKEN_END, 0, err);
        if (is_blank(point)) {
            advance(&reader, len);
        } else if (strncmp(reader.at, "--", 2) == 0) {
            advance(&reader, line_comment_length(reader.at));
        } else if (strncmp(reader.at, "/*+", 3) == 0) {
            if (push(&reader, TOKEN_HINT, 3, err) != 0)
                return -1;
        } else if (strncmp(reader.at, "/*", 2) == 0) {
            size_t comment = bracketed_comment_length(reader.at);
            if (comment == 0) {
                diagnose(err, sql, (struct sql_range){reader.index, reader.index + 1}, "UNCLOSED_BRACKETED_COMMENT",
                         "42601", "Found an unclosed bracketed comment. Please, append */ at the end of the comment.");
                return -1;
            }
            advance(&reader, comment);
        } else if (read_one(&reader, err) != 0) {
            return -1;
        }
    }
}

bool token_is_word(const struct token *token, const char *word)
{
    if (token->kind != TOKEN_WORD)
        return false;
    for (size_t i = 0; i < token->len; i++) {
        if (word[i] == '\0' || upper(token->text[i]) != word[i])
            return false;
    }
    return word[token->len] == '\0';
}

bool token_is_sign(const struct token *token, const char *sign)
{
    return token->kind == TOKEN_SIGN && strlen(sign) == token->len && memcmp(token->text, sign, token->len) == 0;
}
