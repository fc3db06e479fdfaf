/* Keyword or name?
 *
 * Keywords are names too, so behind `city` the word FROM may begin a clause or be an alias. Spark's parser looks
 * ahead as far as it takes. Here two words are enough: a word is an alias when what follows it can follow an alias;
 * otherwise it begins its clause when what follows it can go on there.
 */
#include "parse_internal.h"

bool parse_at_set_operation(const struct parser *p, size_t ahead)
{
    static const char *const words[] = {"UNION", "EXCEPT", "INTERSECT", "MINUS"};
    static const char *const next[] = {"ALL", "DISTINCT", "SELECT", "FROM", "VALUES", "TABLE", "WITH"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!parse_at_word(p, ahead, words[i]))
            continue;
        if (parse_at_sign(p, ahead + 1, "("))
            return true;
        for (size_t j = 0; j < sizeof next / sizeof next[0]; j++) {
            if (parse_at_word(p, ahead + 1, next[j]))
                return true;
        }
    }
    return false;
}

/* A clause that can follow a select list (from: FROM itself too) begins at the word. */
bool parse_at_clause(const struct parser *p, size_t ahead, bool from)
{
    static const char *const by[] = {"GROUP", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE"};
    static const char *const expression[] = {"WHERE", "HAVING", "LIMIT", "OFFSET"};
    if (parse_peek(p, ahead)->kind != TOKEN_WORD)
        return parse_at_sign(p, ahead, "|>");
    if (from && parse_at_word(p, ahead, "FROM"))
        return parse_at_identifier(p, ahead + 1) || parse_at_sign(p, ahead + 1, "(");
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        if (parse_at_word(p, ahead, by[i]))
            return parse_at_word(p, ahead + 1, "BY");
    }
    for (size_t i = 0; i < sizeof expression / sizeof expression[0]; i++) {
        if (parse_at_word(p, ahead, expression[i]))
            return parse_starts_expression(p, ahead + 1);
    }
    if (parse_at_word(p, ahead, "LATERAL"))
        return parse_at_word(p, ahead + 1, "VIEW");
    if (parse_at_word(p, ahead, "WITH"))
        return parse_at_word(p, ahead + 1, "ROLLUP") || parse_at_word(p, ahead + 1, "CUBE");
    if (parse_at_word(p, ahead, "GROUPING"))
        return parse_at_word(p, ahead + 1, "SETS");
    if (parse_at_word(p, ahead, "WINDOW"))
        return parse_at_identifier(p, ahead + 1) && parse_at_word(p, ahead + 2, "AS");
    return parse_at_set_operation(p, ahead);
}

/* Words that cannot be a table's alias in Spark: joins mostly. */
static bool at_strict_word(const struct parser *p, size_t ahead)
{
    static const char *const words[] = {"ANTI", "CROSS",   "EXCEPT", "FULL",  "INNER", "INTERSECT", "JOIN",  "LATERAL",
                                        "LEFT", "NATURAL", "ON",     "RIGHT", "SEMI",  "MINUS",     "UNION", "USING"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (parse_at_word(p, ahead, words[i]))
            return true;
    }
    return false;
}

/* A join begins at the word. */
static bool at_join_word(const struct parser *p, size_t ahead)
{
    static const char *const kinds[] = {"INNER", "CROSS", "LEFT", "RIGHT", "FULL", "NATURAL", "SEMI", "ANTI"};
    static const char *const next[] = {"JOIN", "OUTER", "SEMI", "ANTI", "INNER", "LEFT", "RIGHT", "FULL"};
    if (parse_at_word(p, ahead, "JOIN") || parse_at_word(p, ahead, "ON") || parse_at_word(p, ahead, "USING"))
        return parse_starts_expression(p, ahead + 1);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t k = 0; k < sizeof next / sizeof next[0]; k++) {
            if (parse_at_word(p, ahead, kinds[i]) && parse_at_word(p, ahead + 1, next[k]))
                return true;
        }
    }
    return false;
}

bool parse_at_end(const struct parser *p, size_t ahead)
{
    return parse_peek(p, ahead)->kind == TOKEN_END || parse_at_sign(p, ahead, ")") || parse_at_sign(p, ahead, ",") ||
           parse_at_sign(p, ahead, ";");
}

bool parse_at_from(const struct parser *p, size_t ahead)
{
    if (!p->aliasing || p->nesting > 0 || !parse_at_word(p, ahead, "FROM"))
        return false;
    if (parse_at_sign(p, ahead + 1, "("))
        return parse_at_query(p, ahead + 2);
    return parse_at_identifier(p, ahead + 1) && !parse_at_end(p, ahead + 2) && !parse_at_sign(p, ahead + 2, ".") &&
           !parse_at_clause(p, ahead + 2, false) && parse_peek(p, ahead + 2)->kind == TOKEN_WORD;
}

/* Whether the identifier at `ahead` is a select item's alias (it was not announced by AS). */
static bool is_item_alias(const struct parser *p, size_t ahead, bool from)
{
    if (!parse_at_identifier(p, ahead))
        return false;
    if (parse_peek(p, ahead)->kind == TOKEN_QUOTED || !parse_at_clause(p, ahead, from))
        return true;
    if (parse_at_end(p, ahead + 1))
        return true;
    return parse_at_clause(p, ahead + 1, from);
}

static int parse_alias_list(struct parser *p)
{
    size_t first = p->pos;
    const char **names = NULL;
    size_t nnames = 0;
    if (parse_identifier_list(p, &names, &nnames) != 0)
        return -1;
    parse_unsupported(p, parse_range(p, first), "several aliases for one expression");
    return 0;
}

int parse_item_alias(struct parser *p, bool from, const char **alias)
{
    if (parse_at_word(p, 0, "AS")) {
        /* `city AS FROM calls`: AS is the alias itself when the word behind it begins a clause and goes on as one */
        bool is_name = !parse_at_identifier(p, 1)
                           ? parse_at_end(p, 1)
                           : parse_peek(p, 1)->kind == TOKEN_WORD && parse_at_clause(p, 1, from) &&
                                 !parse_at_end(p, 2) && !parse_at_clause(p, 2, from);
        if (!is_name) {
            p->pos++;
            if (parse_at_sign(p, 0, "("))
                return parse_alias_list(p);
        }
    } else if (parse_at_sign(p, 0, "(")) {
        return parse_alias_list(p);
    } else if (!is_item_alias(p, 0, from)) {
        return 0;
    }
    *alias = parse_plain_identifier(p);
    return *alias == NULL ? -1 : 0;
}

/* alias and its column names, both optional */
int parse_relation_alias(struct parser *p, struct ast_relation *relation)
{
    bool announced =
        parse_at_word(p, 0, "AS") && parse_at_identifier(p, 1) && !at_strict_word(p, 1) &&
        !(parse_at_clause(p, 1, false) && !parse_at_end(p, 2) && !parse_at_clause(p, 2, false) && !at_join_word(p, 2));
    if (announced)
        p->pos++;
    if (!parse_at_identifier(p, 0) || at_strict_word(p, 0))
        return 0;
    if (!announced && parse_peek(p, 0)->kind == TOKEN_WORD && parse_at_clause(p, 0, false) && !parse_at_end(p, 1) &&
        !parse_at_clause(p, 1, false) && !at_join_word(p, 1))
        return 0;
    if (!announced && parse_at_word(p, 0, "SELECT") && parse_starts_expression(p, 1) && !parse_at_clause(p, 1, false) &&
        !at_join_word(p, 1))
        return 0;
    relation->alias = parse_identifier(p);
    if (relation->alias == NULL)
        return -1;
    if (parse_at_sign(p, 0, "("))
        return parse_identifier_list(p, &relation->names, &relation->nnames);
    return 0;
}

bool parse_at_query(const struct parser *p, size_t ahead)
{
    while (parse_at_sign(p, ahead, "("))
        ahead++;
    if (parse_at_word(p, ahead, "SELECT"))
        return parse_starts_expression(p, ahead + 1) || parse_peek(p, ahead + 1)->kind == TOKEN_HINT;
    if (parse_at_word(p, ahead, "WITH"))
        return parse_at_identifier(p, ahead + 1) &&
               (parse_at_word(p, ahead + 2, "AS") || parse_at_sign(p, ahead + 2, "("));
    if (parse_at_word(p, ahead, "VALUES") || parse_at_word(p, ahead, "TABLE") || parse_at_word(p, ahead, "FROM"))
        return ahead > 0 && parse_starts_expression(p, ahead + 1) && !parse_at_sign(p, ahead + 1, "*") &&
               !parse_at_sign(p, ahead + 1, "+") && !parse_at_sign(p, ahead + 1, "-");
    return false;
}
