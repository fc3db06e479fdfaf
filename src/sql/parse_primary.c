/* Primary expressions: names, constants, parentheses, CASE, CAST, calls and the calls with a grammar of their own. */
#include "parse_internal.h"

#include "sql/diagnose.h"

#include <string.h>

/* ---- names and calls --------------------------------------------------------------------------------------------- */

static bool add_part(struct parser *p, struct ast_expr *node, const char *name)
{
    return parse_push_name(p, &node->parts, &node->nparts, name);
}

/* * EXCEPT (a, b): at the word. */
static bool skip_star_except(struct parser *p, size_t first)
{
    const char **names = NULL;
    size_t nnames = 0;
    if (!parse_at_word(p, 0, "EXCEPT") || !parse_at_sign(p, 1, "("))
        return true;
    p->pos++;
    if (parse_identifier_list(p, &names, &nnames) != 0)
        return false;
    parse_unsupported(p, parse_range(p, first), "* EXCEPT");
    return true;
}

/* Whether a word that might be DISTINCT or ALL is one, or a column of that name. */
static bool at_quantifier(const struct parser *p)
{
    return (parse_at_word(p, 0, "DISTINCT") || parse_at_word(p, 0, "ALL")) && parse_starts_expression(p, 1);
}

static bool skip_parentheses(struct parser *p)
{
    size_t start = p->pos;
    int depth = 0;
    do {
        if (parse_at_sign(p, 0, "("))
            depth++;
        else if (parse_at_sign(p, 0, ")"))
            depth--;
        else if (parse_peek(p, 0)->kind == TOKEN_END) {
            p->pos = start;
            return false;
        }
        p->pos++;
    } while (depth > 0);
    return true;
}

/* What may stand behind a call: FILTER, OVER ... */
static bool parse_call_tail(struct parser *p, struct ast_expr *call, size_t first)
{
    if (parse_at_word(p, 0, "WITHIN") && parse_at_word(p, 1, "GROUP") && parse_at_sign(p, 2, "(")) {
        p->pos += 2;
        if (!skip_parentheses(p)) {
            parse_fail(p);
            return false;
        }
        parse_unsupported(p, parse_range(p, first), "WITHIN GROUP");
    }
    if (parse_at_word(p, 0, "FILTER") && parse_at_sign(p, 1, "(") && parse_at_word(p, 2, "WHERE") &&
        parse_starts_expression(p, 3)) {
        p->pos += 3;
        call->filter = parse_expr(p);
        if (call->filter == NULL || !parse_expect_sign(p, ")"))
            return false;
        if (call->filter->depth >= call->depth)
            call->depth = call->filter->depth + 1;
    }
    if ((parse_at_word(p, 0, "IGNORE") || parse_at_word(p, 0, "RESPECT")) && parse_at_word(p, 1, "NULLS")) {
        p->pos += 2;
        parse_unsupported(p, parse_range(p, first), "IGNORE NULLS and RESPECT NULLS");
    }
    if (parse_at_word(p, 0, "OVER") && parse_at_sign(p, 1, "(")) {
        size_t word = p->pos++;
        if (skip_parentheses(p))
            parse_unsupported(p, parse_range(p, first), "OVER (window functions)");
        else
            p->pos = word;
    }
    call->range = parse_range(p, first);
    return true;
}

static bool parse_arguments(struct parser *p, struct ast_expr *call, bool named)
{
    if (parse_accept_sign(p, ")"))
        return true;
    if (at_quantifier(p)) {
        call->distinct = parse_at_word(p, 0, "DISTINCT");
        p->pos++;
    }
    do {
        if (parse_at_identifier(p, 0) && parse_at_sign(p, 1, "=>")) {
            parse_unsupported(p, parse_range(p, p->pos), "named arguments");
            p->pos += 2;
        }
        struct ast_expr *arg = parse_expr(p);
        if (!parse_add(p, call, arg))
            return false;
        if (parse_at_sign(p, 0, "->")) {
            parse_refuse(p, arg->range, "lambda functions");
            return false;
        }
        if (named && parse_item_alias(p, true, &arg->alias) != 0)
            return false;
    } while (parse_accept_sign(p, ","));
    return parse_expect_sign(p, ")");
}

/* Where a list of names from token `at` on breaks off. */
static size_t names_end(const struct parser *p, size_t at)
{
    bool name = true;
    for (;; at++, name = !name) {
        const struct token *token = &p->list.tokens[at];
        if (name ? token->kind != TOKEN_WORD && token->kind != TOKEN_QUOTED : !token_is_sign(token, ","))
            return at;
    }
}

/* At the opening parenthesis; call has its name. An argument's own call that breaks off while it still looks like a
 * name with a list of names behind it is reported at its parenthesis. */
static struct ast_expr *parse_call(struct parser *p, struct ast_expr *call, size_t first, bool named)
{
    size_t open = p->pos++;
    bool nested = p->argument;
    if (!parse_enter(p))
        return NULL;
    p->argument = true;
    bool done = parse_arguments(p, call, named);
    p->argument = nested;
    parse_leave(p);
    if (!done && nested && p->fail_at == names_end(p, open + 1))
        parse_blame(p, open);
    return done && parse_call_tail(p, call, first) ? call : NULL;
}

/* A name, perhaps qualified; a star behind a qualifier; or a call. */
static struct ast_expr *parse_name(struct parser *p)
{
    size_t first = p->pos;
    bool structure = parse_at_word(p, 0, "STRUCT");
    struct ast_expr *node = parse_node(p, AST_NAME, first);
    if (node == NULL || !add_part(p, node, parse_identifier(p)))
        return NULL;
    while (parse_at_sign(p, 0, ".")) {
        if (parse_at_sign(p, 1, "*")) {
            p->pos += 2;
            node->kind = AST_STAR;
            node->range = parse_range(p, first);
            return skip_star_except(p, first) ? node : NULL;
        }
        if (!parse_at_identifier(p, 1)) {
            p->pos++;
            return parse_fail(p);
        }
        p->pos++;
        if (!add_part(p, node, parse_identifier(p)))
            return NULL;
    }
    node->range = parse_range(p, first);
    if (!parse_at_sign(p, 0, "("))
        return node;
    node->kind = AST_CALL;
    return parse_call(p, node, first, structure && node->nparts == 1);
}

static struct ast_expr *call_node(struct parser *p, const char *name, size_t first)
{
    struct ast_expr *node = parse_node(p, AST_CALL, first);
    return node != NULL && add_part(p, node, name) ? node : NULL;
}

/* ---- calls with words between their arguments -------------------------------------------------------------------- */

/* CAST(x AS type); CAST(x) and CAST(x, y) are ordinary calls to the parser. */
static struct ast_expr *parse_cast(struct parser *p)
{
    size_t first = p->pos;
    bool try_cast = parse_at_word(p, 0, "TRY_CAST");
    p->pos += 2;
    if (!parse_enter(p))
        return NULL;
    struct ast_expr *arg = parse_at_sign(p, 0, ")") ? NULL : parse_expr(p);
    parse_leave(p);
    if (arg == NULL || parse_at_sign(p, 0, ",") || parse_at_sign(p, 0, ")")) {
        if (arg == NULL && !parse_at_sign(p, 0, ")"))
            return NULL;
        p->pos = first;
        return parse_name(p);
    }
    struct ast_expr *node = parse_node(p, AST_CAST, first);
    if (node == NULL || !parse_add(p, node, arg) || !parse_expect_word(p, "AS"))
        return NULL;
    node->try_cast = try_cast;
    node->type = parse_type(p);
    if (node->type == NULL || !parse_expect_sign(p, ")"))
        return NULL;
    node->range = parse_range(p, first);
    return node;
}

/* EXTRACT(field FROM x) */
static struct ast_expr *parse_extract(struct parser *p)
{
    size_t first = p->pos;
    p->pos += 2;
    const struct token *token = parse_peek(p, 0);
    struct ast_expr *field = parse_node(p, AST_LITERAL, p->pos);
    if (field == NULL || (field->literal.data = parse_identifier(p)) == NULL)
        return NULL;
    field->literal.kind = AST_LITERAL_STRING;
    field->literal.len = strlen(field->literal.data);
    field->range = (struct sql_range){token->start, token->stop};
    if (!parse_expect_word(p, "FROM"))
        return NULL;
    struct ast_expr *source = parse_value(p);
    if (source == NULL || !parse_expect_sign(p, ")"))
        return NULL;
    struct ast_expr *node = parse_node(p, AST_OPERATOR, first);
    if (node == NULL || !parse_add(p, node, field) || !parse_add(p, node, source))
        return NULL;
    node->sign = "EXTRACT";
    return node;
}

/* POSITION(a IN b) is locate(a, b). */
static struct ast_expr *parse_position(struct parser *p)
{
    size_t first = p->pos;
    p->pos += 2;
    struct ast_expr *sub = parse_value(p);
    if (sub == NULL)
        return NULL;
    if (!parse_accept_word(p, "IN")) {
        p->pos = first;
        return parse_name(p);
    }
    struct ast_expr *text = parse_value(p);
    if (text == NULL || !parse_expect_sign(p, ")"))
        return NULL;
    struct ast_expr *node = call_node(p, "locate", first);
    return node != NULL && parse_add(p, node, sub) && parse_add(p, node, text) ? node : NULL;
}

/* SUBSTRING(s FROM a [FOR b]) */
static struct ast_expr *parse_substring(struct parser *p)
{
    size_t first = p->pos;
    p->pos += 2;
    struct ast_expr *text = parse_at_sign(p, 0, ")") ? NULL : parse_value(p);
    if (text == NULL && !parse_at_sign(p, 0, ")"))
        return NULL;
    if (text == NULL || !parse_at_word(p, 0, "FROM")) {
        p->pos = first;
        return parse_name(p);
    }
    p->pos++;
    struct ast_expr *from = parse_value(p);
    if (from == NULL)
        return NULL;
    struct ast_expr *length = NULL;
    if (parse_accept_word(p, "FOR") && (length = parse_value(p)) == NULL)
        return NULL;
    if (!parse_expect_sign(p, ")"))
        return NULL;
    struct ast_expr *node = call_node(p, "substring", first); /* SUBSTR(... FROM ...) shows as substring too */
    if (node == NULL || !parse_add(p, node, text) || !parse_add(p, node, from) ||
        (length != NULL && !parse_add(p, node, length)))
        return NULL;
    return node;
}

/* TRIM([BOTH|LEADING|TRAILING] [x] FROM s): trim(x, s), ltrim(x, s) or rtrim(x, s). */
static struct ast_expr *parse_trim(struct parser *p)
{
    size_t first = p->pos;
    const char *name = "trim";
    p->pos += 2;
    if (parse_starts_expression(p, 1)) {
        if (parse_at_word(p, 0, "LEADING"))
            name = "ltrim";
        else if (parse_at_word(p, 0, "TRAILING"))
            name = "rtrim";
        if (name[0] != 't' || parse_at_word(p, 0, "BOTH"))
            p->pos++;
    }
    bool option = p->pos > first + 2;
    struct ast_expr *what = NULL;
    if (!(option && parse_at_word(p, 0, "FROM") && parse_starts_expression(p, 1))) {
        what = parse_at_sign(p, 0, ")") ? NULL : parse_value(p);
        if (what == NULL && !parse_at_sign(p, 0, ")"))
            return NULL;
        if (!parse_at_word(p, 0, "FROM")) {
            if (option)
                return parse_fail(p);
            p->pos = first;
            return parse_name(p);
        }
    }
    p->pos++;
    struct ast_expr *text = parse_value(p);
    if (text == NULL || !parse_expect_sign(p, ")"))
        return NULL;
    struct ast_expr *node = call_node(p, name, first);
    if (node == NULL || (what != NULL && !parse_add(p, node, what)))
        return NULL;
    return parse_add(p, node, text) ? node : NULL;
}

static bool at_unit_call(const struct parser *p)
{
    static const char *const names[] = {"TIMESTAMPADD", "DATEADD",   "DATE_ADD", "TIMESTAMPDIFF",
                                        "DATEDIFF",     "DATE_DIFF", "TIMEDIFF"};
    static const char *const units[] = {"YEAR", "QUARTER", "MONTH",  "WEEK",        "DAY",        "DAYOFYEAR",
                                        "HOUR", "MINUTE",  "SECOND", "MILLISECOND", "MICROSECOND"};
    bool name = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        name = name || parse_at_word(p, 0, names[i]);
    if (!name || !parse_at_sign(p, 1, "(") || !parse_at_sign(p, 3, ","))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (parse_at_word(p, 2, units[i]))
            return true;
    }
    return false;
}

/* ---- CASE -------------------------------------------------------------------------------------------------------- */

static bool parse_whens(struct parser *p, struct ast_expr *node)
{
    do {
        if (!parse_expect_word(p, "WHEN") || !parse_add(p, node, parse_expr(p)) || !parse_expect_word(p, "THEN") ||
            !parse_add(p, node, parse_expr(p)))
            return false;
    } while (parse_at_word(p, 0, "WHEN"));
    if (parse_accept_word(p, "ELSE")) {
        node->has_else = true;
        if (!parse_add(p, node, parse_expr(p)))
            return false;
    }
    return parse_expect_word(p, "END");
}

static bool at_operator(const struct parser *p, size_t ahead)
{
    return parse_peek(p, ahead)->kind == TOKEN_SIGN && !parse_starts_expression(p, ahead) &&
           !parse_at_sign(p, ahead, ")") && !parse_at_sign(p, ahead, ",") && !parse_at_sign(p, ahead, ";");
}

/* At CASE. A searched CASE that breaks off is read anew as a column named CASE: the error is then at its WHEN, or
 * behind it where WHEN can be that column's alias. */
static struct ast_expr *parse_case(struct parser *p)
{
    size_t first = p->pos;
    struct ast_expr *node = parse_node(p, AST_CASE, first);
    if (node == NULL)
        return NULL;
    node->sign = "CASE";
    p->pos++;
    node->has_operand = !parse_at_word(p, 0, "WHEN") || at_operator(p, 1) || parse_at_word(p, 1, "WHEN");
    if (!parse_enter(p))
        return NULL;
    bool done = (!node->has_operand || parse_add(p, node, parse_expr(p))) && parse_whens(p, node);
    parse_leave(p);
    bool bare = p->pos == first + 2 || parse_at_sign(p, 0, "(");
    if (!done && !p->hard && bare && node->has_operand && node->nargs == 1 && p->fail_at == p->pos) {
        p->pos = first; /* no WHEN behind the operand: a column or function named CASE, or a literal of that type */
        return parse_peek(p, 1)->kind == TOKEN_STRING ? parse_typed_literal(p) : parse_name(p);
    }
    if (!done) {
        if (!node->has_operand)
            parse_blame(p, p->aliasing && p->nesting == 0 ? first + 2 : first + 1);
        return NULL;
    }
    node->range = parse_range(p, first);
    return node;
}

static bool at_case(const struct parser *p)
{
    if (!parse_at_word(p, 0, "CASE"))
        return false;
    if (parse_at_word(p, 1, "WHEN"))
        return parse_starts_expression(p, 2) || at_operator(p, 2);
    return parse_starts_expression(p, 1) && !parse_at_word(p, 1, "END") && !parse_at_word(p, 1, "ELSE") &&
           !parse_at_word(p, 1, "FROM") && !parse_at_word(p, 1, "AS");
}

/* ---- parentheses ------------------------------------------------------------------------------------------------- */

static struct ast_expr *parse_parentheses(struct parser *p)
{
    size_t first = p->pos;
    bool query = parse_at_query(p, 1);
    p->pos++;
    if (!parse_enter(p))
        return NULL;
    struct ast_expr *node = NULL;
    if (query) {
        if (parse_query_body(p) != NULL && parse_expect_sign(p, ")")) {
            node = parse_node(p, AST_ROW, first);
            parse_unsupported(p, parse_range(p, first), "subqueries in expressions");
        }
        parse_leave(p);
        return node;
    }
    bool argument = p->argument;
    p->argument = false;
    struct ast_expr *inner = parse_expr(p);
    p->argument = argument;
    if (inner != NULL &&
        (parse_at_sign(p, 0, ",") ||
         (!parse_at_sign(p, 0, ")") && parse_item_alias(p, true, &inner->alias) == 0 && inner->alias != NULL))) {
        node = parse_node(p, AST_ROW, first);
        if (node == NULL || !parse_add(p, node, inner) || !parse_at_sign(p, 0, ",")) {
            parse_leave(p);
            return parse_fail(p);
        }
        while (node != NULL && parse_accept_sign(p, ",")) {
            struct ast_expr *item = parse_expr(p);
            if (item == NULL || parse_item_alias(p, true, &item->alias) != 0 || !parse_add(p, node, item))
                node = NULL;
        }
    } else {
        node = inner;
    }
    parse_leave(p);
    if (node == NULL || !parse_expect_sign(p, ")"))
        return NULL;
    if (parse_at_sign(p, 0, "->"))
        return parse_refuse(p, parse_range(p, first), "lambda functions");
    if (node->kind == AST_ROW && node != inner)
        node->range = parse_range(p, first);
    return node;
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static struct ast_expr *parse_marker(struct parser *p)
{
    size_t first = p->pos;
    struct errbuf scratch;
    const char *name = "?";
    if (parse_at_sign(p, 0, ":")) {
        p->pos++;
        name = parse_identifier(p);
        if (name == NULL)
            return NULL;
    } else {
        p->pos++;
    }
    diagnose(p->later->condition[0] == '\0' ? p->later : &scratch, p->sql, parse_range(p, first),
             "UNBOUND_SQL_PARAMETER", "42P02",
             "Found the unbound parameter: %s. Please, fix `args` and provide a mapping of the parameter to either a "
             "SQL literal or "
             "collection constructor functions such as `map()`, `array()`, `struct()`.",
             name);
    return parse_node(p, AST_LITERAL, first);
}

/* A word with a meaning of its own, where it has it; NULL without failure: it is an ordinary name. */
static struct ast_expr *parse_special(struct parser *p, bool *special)
{
    static const struct {
        const char *word;
        struct ast_expr *(*parse)(struct parser *p);
    } calls[] = {{"CAST", parse_cast},           {"TRY_CAST", parse_cast},    {"POSITION", parse_position},
                 {"SUBSTRING", parse_substring}, {"SUBSTR", parse_substring}, {"TRIM", parse_trim}};
    static const char *const current[] = {"CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_USER", "USER", "SESSION_USER"};
    size_t first = p->pos;
    struct ast_expr *node;
    *special = true;
    if (parse_peek(p, 1)->kind == TOKEN_STRING && !parse_at_word(p, 0, "INTERVAL") && !at_case(p))
        return parse_typed_literal(p);
    if (parse_at_word(p, 0, "INTERVAL") && (parse_peek(p, 1)->kind == TOKEN_STRING || parse_at_number(p, 1) ||
                                            ((parse_at_sign(p, 1, "-") || parse_at_sign(p, 1, "+")) &&
                                             (parse_peek(p, 2)->kind == TOKEN_STRING || parse_at_number(p, 2)))))
        return parse_interval(p);
    if (!parse_at_sign(p, 1, "(") &&
        (parse_at_word(p, 0, "NULL") || parse_at_word(p, 0, "TRUE") || parse_at_word(p, 0, "FALSE"))) {
        p->pos++;
        node = parse_node(p, AST_LITERAL, first);
        if (node != NULL && !token_is_word(&p->list.tokens[first], "NULL")) {
            node->literal.kind = AST_LITERAL_BOOLEAN;
            node->literal.boolean = token_is_word(&p->list.tokens[first], "TRUE");
        }
        return node;
    }
    if (at_case(p))
        return parse_case(p);
    for (size_t i = 0; i < sizeof current / sizeof current[0]; i++) {
        if (parse_at_word(p, 0, current[i]) && !parse_at_sign(p, 1, "(") && !parse_at_sign(p, 1, ".")) {
            p->pos++;
            parse_unsupported(p, parse_range(p, first), arena_printf(p->arena, "the function %s", current[i]));
            return parse_node(p, AST_LITERAL, first);
        }
    }
    if (parse_at_sign(p, 1, "(")) {
        if (parse_at_word(p, 0, "EXISTS") && parse_at_query(p, 2)) {
            p->pos++;
            return parse_parentheses(p);
        }
        if (parse_at_word(p, 0, "EXTRACT") && parse_at_identifier(p, 2) && parse_at_word(p, 3, "FROM"))
            return parse_extract(p);
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            if (parse_at_word(p, 0, calls[i].word))
                return calls[i].parse(p);
        }
        if (at_unit_call(p))
            parse_unsupported(p, parse_range(p, first), "date arithmetic with a unit (DATEADD(DAY, ...))");
        if (parse_at_word(p, 0, "OVERLAY"))
            parse_unsupported(p, parse_range(p, first), "the function overlay");
    }
    *special = false;
    return NULL;
}

static struct ast_expr *parse_base(struct parser *p)
{
    const struct token *token = parse_peek(p, 0);
    size_t first = p->pos;
    bool special;
    if (token->kind == TOKEN_STRING)
        return parse_string(p);
    if (parse_at_number(p, 0))
        return parse_number(p, false, first);
    if (token_is_sign(token, "-") && parse_at_number(p, 1)) {
        p->pos++;
        return parse_number(p, true, first);
    }
    if (token_is_sign(token, "("))
        return parse_parentheses(p);
    if (token_is_sign(token, "*")) {
        p->pos++;
        struct ast_expr *star = parse_node(p, AST_STAR, first);
        return star != NULL && skip_star_except(p, first) ? star : NULL;
    }
    if (token_is_sign(token, "?") || token_is_sign(token, ":"))
        return parse_marker(p);
    if (!parse_at_identifier(p, 0))
        return parse_fail(p);
    struct ast_expr *node = parse_special(p, &special);
    return special ? node : parse_name(p);
}

struct ast_expr *parse_primary(struct parser *p)
{
    size_t first = p->pos;
    struct ast_expr *node = parse_base(p);
    while (node != NULL) {
        struct ast_expr *outer = NULL;
        if (parse_at_sign(p, 0, "::")) {
            p->pos++;
            outer = parse_node(p, AST_CAST, first);
            if (outer == NULL || (outer->type = parse_type(p)) == NULL)
                return NULL;
        } else if (parse_at_sign(p, 0, ".") && parse_at_identifier(p, 1)) {
            p->pos++;
            outer = parse_node(p, AST_FIELD, first);
            if (outer == NULL || (outer->field = parse_identifier(p)) == NULL)
                return NULL;
        } else if (parse_at_sign(p, 0, "[")) {
            p->pos++;
            if (parse_value(p) == NULL || !parse_expect_sign(p, "]"))
                return NULL;
            parse_unsupported(p, parse_range(p, first), "subscripts (ARRAY and MAP values)");
            continue;
        } else if (parse_at_word(p, 0, "COLLATE") && parse_at_identifier(p, 1) &&
                   parse_peek(p, 1)->kind == TOKEN_WORD) {
            p->pos += 2;
            parse_unsupported(p, parse_range(p, first), "COLLATE");
            continue;
        } else {
            break;
        }
        if (!parse_add(p, outer, node))
            return NULL;
        outer->range = parse_range(p, first);
        node = outer;
    }
    return node;
}
