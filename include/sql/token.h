/* SQL text to tokens, by the rules of Spark's lexer.
 *
 * Nothing is reserved in Spark: a keyword is a TOKEN_WORD that the parser asks for by its letters. Places are counted
 * in code points, as Spark's error reports count them; bytes that are no UTF-8 count one each.
 */
#ifndef SQL_TOKEN_H
#define SQL_TOKEN_H

#include "common/arena.h"
#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,       /* letters, digits, _: a name or a keyword; may begin with a digit (`1x`) */
    TOKEN_QUOTED,     /* `name` */
    TOKEN_STRING,     /* '...', "...", r'...' */
    TOKEN_INTEGER,    /* 12 */
    TOKEN_BIGINT,     /* 12L */
    TOKEN_SMALLINT,   /* 12S */
    TOKEN_TINYINT,    /* 12Y */
    TOKEN_DECIMAL,    /* 1.5 .5 1. */
    TOKEN_EXPONENT,   /* 1e3 1.5E-3: a DOUBLE */
    TOKEN_DOUBLE,     /* 1D 1.5e3D */
    TOKEN_FLOAT,      /* 1F */
    TOKEN_BIGDECIMAL, /* 1BD */
    TOKEN_SIGN,       /* an operator or punctuation, the longest that fits */
    TOKEN_HINT,       /* the opening of a hint */
    TOKEN_UNKNOWN     /* one character that begins no token */
};

struct token {
    enum token_kind kind;
    const char *text; /* into the SQL text, len bytes */
    size_t len;
    int32_t start; /* code points from the text's beginning; stop is inclusive */
    int32_t stop;
    int line;   /* from 1 */
    int column; /* code points from the line's beginning */
};

struct token_list {
    size_t count; /* with the TOKEN_END that closes the list */
    struct token *tokens;
};

/* Cut `sql` (NUL-terminated, outlives the tokens) into tokens allocated in arena; comments and blanks vanish. Returns
 * 0, or -1 with err: UNCLOSED_BRACKETED_COMMENT, or out of memory. */
int token_read(const char *sql, struct arena *arena, struct token_list *list, struct errbuf *err);

/* Whether the token is this word (upper case), whatever its letter case; back-quoted names never are. */
bool token_is_word(const struct token *token, const char *word);
bool token_is_sign(const struct token *token, const char *sign);

#endif
