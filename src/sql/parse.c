/* The cursor and the entry point; parse_query.c has the clauses, parse_expr.c and parse_primary.c expressions,
 * parse_literal.c constants and types. */
#include "sql/parse.h"

#include "parse_internal.h"
#include "sql/diagnose.h"

#include <string.h>

const struct token *parse_peek(const struct parser *p, size_t ahead)
{
    size_t at = p->pos + ahead;
    return &p->list.tokens[at < p->list.count ? at : p->list.count - 1];
}

bool parse_at_word(const struct parser *p, size_t ahead, const char *word)
{
    return token_is_word(parse_peek(p, ahead), word);
}

bool parse_at_sign(const struct parser *p, size_t ahead, const char *sign)
{
    return token_is_sign(parse_peek(p, ahead), sign);
}

bool parse_accept_word(struct parser *p, const char *word)
{
    if (!parse_at_word(p, 0, word))
        return false;
    p->pos++;
    return true;
}

bool parse_accept_sign(struct parser *p, const char *sign)
{
    if (!parse_at_sign(p, 0, sign))
        return false;
    p->pos++;
    return true;
}

void *parse_fail(struct parser *p)
{
    parse_blame(p, p->pos);
    return NULL;
}

void parse_blame(struct parser *p, size_t token)
{
    if (!p->hard)
        p->fail_at = token < p->list.count ? token : p->list.count - 1;
}

void *parse_oom(struct parser *p)
{
    if (!p->hard) {
        errbuf_oom(p->err, "parsing SQL", 0);
        p->hard = true;
    }
    return NULL;
}

bool parse_expect_word(struct parser *p, const char *word)
{
    if (parse_accept_word(p, word))
        return true;
    parse_fail(p);
    return false;
}

bool parse_expect_sign(struct parser *p, const char *sign)
{
    if (parse_accept_sign(p, sign))
        return true;
    parse_fail(p);
    return false;
}

bool parse_at_identifier(const struct parser *p, size_t ahead)
{
    enum token_kind kind = parse_peek(p, ahead)->kind;
    return kind == TOKEN_WORD || kind == TOKEN_QUOTED;
}

bool parse_starts_expression(const struct parser *p, size_t ahead)
{
    static const char *const signs[] = {"(", "*", "+", "-", "~", "!", "?", ":"};
    const struct token *token = parse_peek(p, ahead);
    switch (token->kind) {
    case TOKEN_END:
    case TOKEN_HINT:
    case TOKEN_UNKNOWN:
        return false;
    case TOKEN_SIGN:
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
            if (token_is_sign(token, signs[i]))
                return true;
        }
        return false;
    default:
        return true;
    }
}

static const char *unquote(struct parser *p, const struct token *token)
{
    char *name = arena_alloc(p->arena, token->len + 1);
    size_t n = 0;
    if (name == NULL)
        return parse_oom(p);
    for (size_t i = 1; i + 1 < token->len; i++) {
        name[n++] = token->text[i];
        if (token->text[i] == '`')
            i++; /* the second of two */
    }
    name[n] = '\0';
    return name;
}

const char *parse_identifier(struct parser *p)
{
    const struct token *token = parse_peek(p, 0);
    if (!parse_at_identifier(p, 0))
        return parse_fail(p);
    p->pos++;
    if (token->kind == TOKEN_QUOTED)
        return unquote(p, token);
    for (size_t i = 0; i < token->len; i++) {
        if ((unsigned char)token->text[i] >= 0x80) {
            if (!p->hard)
                diagnose(p->err, p->sql, (struct sql_range){token->start, token->stop}, "INVALID_IDENTIFIER", "42602",
                         "The unquoted identifier %.*s is invalid and must be back quoted as: `%.*s`. Unquoted "
                         "identifiers can "
                         "only contain ASCII letters ('a' - 'z', 'A' - 'Z'), digits ('0' - '9'), and underbar ('_').",
                         (int)token->len, token->text, (int)token->len, token->text);
            p->hard = true;
            return NULL;
        }
    }
    const char *name = arena_strndup(p->arena, token->text, token->len);
    return name != NULL ? name : parse_oom(p);
}

const char *parse_plain_identifier(struct parser *p)
{
    const char *name = parse_identifier(p);
    if (name == NULL || !parse_at_sign(p, 0, "-") || !parse_at_identifier(p, 1) || parse_at_sign(p, 2, "("))
        return name;
    size_t first = p->pos;
    struct buf text = BUF_INIT;
    buf_append_text(&text, name);
    while (parse_at_sign(p, 0, "-") && parse_at_identifier(p, 1)) {
        buf_printf(&text, "-%.*s", (int)parse_peek(p, 1)->len, parse_peek(p, 1)->text);
        p->pos += 2;
    }
    if (!p->hard)
        diagnose(p->err, p->sql, parse_range(p, first), "INVALID_IDENTIFIER", "42602",
                 "The unquoted identifier %s is invalid and must be back quoted as: `%s`. Unquoted identifiers can "
                 "only contain ASCII "
                 "letters ('a' - 'z', 'A' - 'Z'), digits ('0' - '9'), and underbar ('_').",
                 text.data != NULL ? text.data : "", text.data != NULL ? text.data : "");
    p->hard = true;
    buf_release(&text);
    return NULL;
}

int parse_identifier_list(struct parser *p, const char ***names, size_t *nnames)
{
    if (!parse_expect_sign(p, "("))
        return -1;
    do {
        if (!parse_push_name(p, names, nnames, parse_plain_identifier(p)))
            return -1;
    } while (parse_accept_sign(p, ","));
    return parse_expect_sign(p, ")") ? 0 : -1;
}

struct sql_range parse_range(const struct parser *p, size_t first)
{
    size_t last = p->pos > first ? p->pos - 1 : first;
    return (struct sql_range){p->list.tokens[first].start, p->list.tokens[last].stop};
}

bool parse_enter(struct parser *p)
{
    if (p->nesting >= PARSE_NESTING_MAX) {
        parse_refuse(p, parse_range(p, p->pos), "nesting this deep");
        return false;
    }
    p->nesting++;
    return true;
}

void parse_leave(struct parser *p)
{
    p->nesting--;
}

void parse_unsupported(struct parser *p, struct sql_range range, const char *feature)
{
    if (p->unsupported->condition[0] == '\0')
        diagnose_unsupported(p->unsupported, p->sql, range, "Outside the supported subset of Spark SQL: %s.", feature);
}

void *parse_refuse(struct parser *p, struct sql_range range, const char *feature)
{
    if (!p->hard) {
        diagnose_unsupported(p->err, p->sql, range, "Outside the supported subset of Spark SQL: %s.", feature);
        p->hard = true;
    }
    return NULL;
}

bool parse_push(struct parser *p, void ***items, size_t *count, void *item)
{
    /* Full at every power of two: no capacity to carry around. */
    if ((*count & (*count - 1)) == 0) {
        size_t cap = *count == 0 ? 1 : *count * 2;
        void **grown = arena_calloc(p->arena, cap, sizeof *grown);
        if (grown == NULL) {
            parse_oom(p);
            return false;
        }
        if (*count > 0)
            memcpy(grown, *items, *count * sizeof *grown);
        *items = grown;
    }
    (*items)[(*count)++] = item;
    return true;
}

bool parse_push_name(struct parser *p, const char ***names, size_t *count, const char *name)
{
    if (name == NULL)
        return false;
    if ((*count & (*count - 1)) == 0) {
        const char **grown = arena_calloc(p->arena, *count == 0 ? 1 : *count * 2, sizeof *grown);
        if (grown == NULL) {
            parse_oom(p);
            return false;
        }
        for (size_t i = 0; i < *count; i++)
            grown[i] = (*names)[i];
        *names = grown;
    }
    (*names)[(*count)++] = name;
    return true;
}

static void syntax_error(struct parser *p)
{
    const struct token *token = &p->list.tokens[p->fail_at];
    struct sql_range range = {token->start, token->stop};
    if (token->kind == TOKEN_END)
        diagnose(p->err, p->sql, range, "PARSE_SYNTAX_ERROR", "42601", "Syntax error at or near end of input.");
    else
        diagnose(p->err, p->sql, range, "PARSE_SYNTAX_ERROR", "42601", "Syntax error at or near '%.*s'.",
                 token->len > 60 ? 60 : (int)token->len, token->text);
}

static bool is_empty_text(struct parser *p)
{
    if (p->list.count != 1 || strchr(p->sql, '-') != NULL || strchr(p->sql, '/') != NULL)
        return false;
    diagnose(p->err, p->sql, parse_range(p, 0), "PARSE_EMPTY_STATEMENT", "42617",
             "Syntax error, unexpected empty statement.");
    return true;
}

/* Statements that Spark has and this program does not; a bare keyword is a syntax error for Spark too. */
static bool is_other_statement(struct parser *p)
{
    static const char *const words[] = {"ADD",     "ALTER",    "ANALYZE", "BEGIN",  "CACHE",  "CALL",     "CLEAR",
                                        "COMMENT", "CREATE",   "DECLARE", "DELETE", "DESC",   "DESCRIBE", "DROP",
                                        "EXECUTE", "EXPLAIN",  "EXPORT",  "FROM",   "GRANT",  "IMPORT",   "INSERT",
                                        "LIST",    "LOAD",     "LOCK",    "MAP",    "MERGE",  "MSCK",     "REDUCE",
                                        "REFRESH", "REPAIR",   "REPLACE", "RESET",  "REVOKE", "SET",      "SHOW",
                                        "TABLE",   "TRUNCATE", "UNCACHE", "UNLOCK", "UPDATE", "USE",      "VALUES"};
    if (parse_peek(p, 1)->kind == TOKEN_END)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (parse_at_word(p, 0, words[i])) {
            parse_refuse(p, parse_range(p, 0),
                         strcmp(words[i], "FROM") == 0 ? "a query that begins with FROM"
                                                       : "statements other than SELECT");
            return true;
        }
    }
    return false;
}

static struct ast_query *parse_statement(struct parser *p)
{
    if (!parse_at_query(p, 0) && !parse_at_word(p, 0, "SELECT") && !parse_at_word(p, 0, "WITH")) {
        if (is_other_statement(p))
            return NULL;
        if (parse_at_identifier(p, 0) && parse_peek(p, 1)->kind == TOKEN_END &&
            (parse_at_word(p, 0, "DROP") || parse_at_word(p, 0, "EXPLAIN") || parse_at_word(p, 0, "CREATE")))
            p->pos++;
        while (parse_at_sign(p, 0, "("))
            p->pos++;
        return parse_fail(p);
    }
    struct ast_query *query = parse_query_body(p);
    if (query == NULL)
        return NULL;
    while (parse_accept_sign(p, ";"))
        continue;
    if (parse_peek(p, 0)->kind != TOKEN_END)
        return parse_fail(p);
    return query;
}

struct ast_query *parse_query(const char *sql, struct arena *arena, struct errbuf *err)
{
    struct errbuf later;
    struct errbuf unsupported;
    struct parser parser = {.sql = sql, .arena = arena, .err = err, .later = &later, .unsupported = &unsupported};

    errbuf_clear(&later);
    errbuf_clear(&unsupported);
    if (token_read(sql, arena, &parser.list, err) != 0)
        return NULL;
    if (is_empty_text(&parser))
        return NULL;
    struct ast_query *query = parse_statement(&parser);
    if (query == NULL) {
        if (!parser.hard)
            syntax_error(&parser);
        return NULL;
    }
    if (later.condition[0] != '\0') {
        *err = later;
        return NULL;
    }
    if (unsupported.condition[0] != '\0') {
        *err = unsupported;
        return NULL;
    }
    return query;
}
