/* What the parser's files share: the token cursor, how failures travel, and who parses what.
 *
 * A function that fails returns NULL (or -1). A plain syntax error only notes the token (fail_at); where Spark's
 * parser, having met a dead end inside a construct, goes back and reads the construct's keyword as a name, the caller
 * moves fail_at to where that reading ends.
 * An error whose text is already in err is final (hard).
 */
#ifndef SQL_PARSE_INTERNAL_H
#define SQL_PARSE_INTERNAL_H

#include "sql/ast.h"
#include "sql/token.h"

#include "common/arena.h"
#include "common/errbuf.h"

/* Deeper parentheses than this are refused: every level is a few C stack frames. */
#define PARSE_NESTING_MAX 200
/* Deeper expression trees likewise: a chain of 1000 additions is one. */
#define PARSE_DEPTH_MAX 1000

struct parser {
    const char *sql;
    struct arena *arena;
    struct errbuf *err;
    struct token_list list;
    size_t pos;
    size_t fail_at;
    bool hard;
    int nesting;   /* parentheses around the cursor within one query */
    bool argument; /* directly inside a call's arguments */
    bool aliasing; /* in a select list: a word behind an expression may be its alias */
    /* Found on the way, reported when the syntax is right: Spark notices them after parsing, and a syntax error comes
     * first. */
    struct errbuf *later;       /* a wrong literal or type; condition "" when there is none */
    struct errbuf *unsupported; /* outside the subset; likewise */
};

/* parse.c: tools */
const struct token *parse_peek(const struct parser *p, size_t ahead);
bool parse_at_word(const struct parser *p, size_t ahead, const char *word);
bool parse_at_sign(const struct parser *p, size_t ahead, const char *sign);
bool parse_accept_word(struct parser *p, const char *word);
bool parse_accept_sign(struct parser *p, const char *sign);
void *parse_fail(struct parser *p); /* at the current token; NULL */
void parse_blame(struct parser *p, size_t token);
void *parse_oom(struct parser *p);
bool parse_expect_word(struct parser *p, const char *word);
bool parse_expect_sign(struct parser *p, const char *sign);
bool parse_at_identifier(const struct parser *p, size_t ahead);
bool parse_starts_expression(const struct parser *p, size_t ahead);
/* The name at the cursor without back-quotes; NULL and failed when there is none. */
const char *parse_identifier(struct parser *p);
/* Likewise where Spark looks out for unquoted names like a-b: INVALID_IDENTIFIER. */
const char *parse_plain_identifier(struct parser *p);
/* (a, b): -1 on failure. */
int parse_identifier_list(struct parser *p, const char ***names, size_t *nnames);
struct sql_range parse_range(const struct parser *p, size_t first); /* from token `first` to the last one consumed */
bool parse_enter(struct parser *p);
void parse_leave(struct parser *p);
void parse_unsupported(struct parser *p, struct sql_range range, const char *feature); /* noted for later */
void *parse_refuse(struct parser *p, struct sql_range range, const char *feature);     /* at once; NULL */
/* Append item to an array of pointers in the arena that doubles when full. */
bool parse_push(struct parser *p, void ***items, size_t *count, void *item);
/* Likewise to an array of names; false when name is NULL. */
bool parse_push_name(struct parser *p, const char ***names, size_t *count, const char *name);

/* parse_alias.c */
/* A clause that can follow a select list (from: FROM itself too) begins at the word. */
bool parse_at_clause(const struct parser *p, size_t ahead, bool from);
bool parse_at_set_operation(const struct parser *p, size_t ahead);
bool parse_at_end(const struct parser *p, size_t ahead); /* of the text, a list or parentheses */
/* Alias and its column names, both optional; 0, or -1. */
int parse_relation_alias(struct parser *p, struct ast_relation *relation);
bool parse_at_query(const struct parser *p, size_t ahead); /* SELECT, WITH ..., perhaps in parentheses */
/* In a select list, FROM at `ahead` begins its clause for sure: so a keyword before it is a name (SELECT a AND FROM t
 * c WHERE ...). */
bool parse_at_from(const struct parser *p, size_t ahead);
/* An optional alias behind a select item (from: a FROM may follow too); 0, or -1. */
int parse_item_alias(struct parser *p, bool from, const char **alias);

/* parse_query.c */
struct ast_query *parse_query_body(struct parser *p); /* [WITH] query, without `;` */

/* parse_expr.c */
struct ast_expr *parse_expr(struct parser *p);  /* a boolean expression: the widest */
struct ast_expr *parse_value(struct parser *p); /* without AND, OR, NOT and predicates */
struct ast_expr *parse_node(struct parser *p, enum ast_kind kind, size_t first);
bool parse_add(struct parser *p, struct ast_expr *node, struct ast_expr *arg);

/* parse_primary.c */
struct ast_expr *parse_primary(struct parser *p);

/* parse_literal.c */
bool parse_at_number(const struct parser *p, size_t ahead);
struct ast_expr *parse_number(struct parser *p, bool negative, size_t first); /* at a number token */
struct ast_expr *parse_string(struct parser *p);                              /* one or more STRING tokens */
/* ESCAPE 'x' takes one character; the predicate began at token `first`. */
void parse_check_escape(struct parser *p, const struct ast_expr *escape, size_t first);
struct ast_expr *parse_typed_literal(struct parser *p); /* WORD STRING */
struct ast_expr *parse_interval(struct parser *p);      /* INTERVAL value unit ... */
const struct type *parse_type(struct parser *p);        /* behind AS or ::, BIGINT; NULL and failed */

#endif
