/* Clauses of a query. Which words begin one is parse_alias.c's. */
#include "parse_internal.h"

#include "sql/diagnose.h"

#include <string.h>
#include <strings.h>

/* ---- relations --------------------------------------------------------------------------------------------------- */

static struct ast_relation *parse_relation(struct parser *p)
{
    size_t first = p->pos;
    struct ast_relation *relation = arena_calloc(p->arena, 1, sizeof *relation);
    if (relation == NULL)
        return parse_oom(p);
    if (parse_at_word(p, 0, "LATERAL") && (parse_at_sign(p, 1, "(") || parse_at_identifier(p, 1)))
        return parse_refuse(p, parse_range(p, first), "LATERAL");
    if (parse_at_word(p, 0, "VALUES") && parse_starts_expression(p, 1) && !parse_at_identifier(p, 1))
        return parse_refuse(p, parse_range(p, first), "VALUES");
    if (parse_at_sign(p, 0, "(")) {
        if (!parse_at_query(p, 1))
            return parse_at_identifier(p, 1) || parse_at_sign(p, 1, "(")
                       ? parse_refuse(p, parse_range(p, first), "joins in parentheses")
                       : (p->pos++, parse_fail(p));
        p->pos++;
        if (!parse_enter(p))
            return NULL;
        relation->query = parse_query_body(p);
        parse_leave(p);
        if (relation->query != NULL && relation->query->inner != NULL && parse_at_identifier(p, 0))
            return parse_refuse(p, parse_range(p, first), "joins in parentheses");
        if (relation->query == NULL || !parse_expect_sign(p, ")"))
            return NULL;
    } else {
        do {
            if (!parse_push_name(p, &relation->parts, &relation->nparts, parse_plain_identifier(p)))
                return NULL;
        } while (parse_accept_sign(p, "."));
        if (parse_at_sign(p, 0, "("))
            return parse_refuse(p, parse_range(p, first), "table functions");
    }
    relation->range = parse_range(p, first);
    if (parse_at_word(p, 0, "TABLESAMPLE") && parse_at_sign(p, 1, "("))
        return parse_refuse(p, parse_range(p, p->pos), "TABLESAMPLE");
    if ((parse_at_word(p, 0, "PIVOT") || parse_at_word(p, 0, "UNPIVOT")) && parse_at_sign(p, 1, "("))
        return parse_refuse(p, parse_range(p, p->pos), "PIVOT and UNPIVOT");
    if (parse_relation_alias(p, relation) != 0)
        return NULL;
    relation->alias_range = parse_range(p, first);
    return relation;
}

static bool at_join(const struct parser *p)
{
    static const char *const words[] = {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "SEMI", "ANTI"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (parse_at_word(p, 0, words[i]))
            return true;
    }
    return false;
}

/* JOIN relation [ON ... | USING (...)], from the join's first word. */
static struct ast_relation *parse_join(struct parser *p)
{
    size_t first = p->pos;
    enum ast_join_kind kind = AST_JOIN_INNER;
    const char *outside = NULL;
    if (parse_accept_word(p, "NATURAL"))
        outside = "NATURAL JOIN";
    if (parse_accept_word(p, "CROSS")) {
        outside = "CROSS JOIN (a join needs ON or USING)";
    } else if (parse_accept_word(p, "LEFT")) {
        kind = AST_JOIN_LEFT;
        if (parse_at_word(p, 0, "SEMI") || parse_at_word(p, 0, "ANTI")) {
            outside = "SEMI and ANTI joins";
            p->pos++;
        } else {
            parse_accept_word(p, "OUTER");
        }
    } else if (parse_accept_word(p, "RIGHT")) {
        kind = AST_JOIN_RIGHT;
        parse_accept_word(p, "OUTER");
    } else if (parse_accept_word(p, "FULL")) {
        kind = AST_JOIN_FULL;
        parse_accept_word(p, "OUTER");
    } else if (parse_accept_word(p, "SEMI") || parse_accept_word(p, "ANTI")) {
        outside = "SEMI and ANTI joins";
    } else {
        parse_accept_word(p, "INNER");
    }
    if (!parse_expect_word(p, "JOIN"))
        return NULL;
    struct ast_relation *relation = parse_relation(p);
    if (relation == NULL)
        return NULL;
    relation->join = kind;
    if (parse_accept_word(p, "ON")) {
        bool aliasing = p->aliasing;
        p->aliasing = false;
        relation->on = parse_expr(p);
        p->aliasing = aliasing;
        if (relation->on == NULL)
            return NULL;
    } else if (parse_accept_word(p, "USING")) {
        if (parse_identifier_list(p, &relation->using_names, &relation->nusing) != 0)
            return NULL;
    } else if (outside == NULL) {
        outside = "a join without ON or USING (a cross join)";
    }
    relation->join_range = parse_range(p, first);
    if (outside != NULL)
        parse_unsupported(p, relation->join_range, outside);
    return relation;
}

static bool add_relation(struct parser *p, struct ast_query *query, struct ast_relation *relation)
{
    void **items = (void **)query->relations;
    if (relation == NULL || !parse_push(p, &items, &query->nrelations, relation))
        return false;
    query->relations = (struct ast_relation **)items;
    return true;
}

static bool parse_from(struct parser *p, struct ast_query *query)
{
    if (parse_at_word(p, 0, "SELECT") && parse_starts_expression(p, 1) && !parse_at_clause(p, 1, false) &&
        (!parse_at_identifier(p, 1) || parse_at_sign(p, 2, ",") ||
         !(parse_at_end(p, 2) || parse_at_clause(p, 2, false)))) {
        parse_fail(p); /* a subquery without its parentheses, rather than a table SELECT */
        return false;
    }
    if (!add_relation(p, query, parse_relation(p)))
        return false;
    for (;;) {
        if (at_join(p)) {
            if (!add_relation(p, query, parse_join(p)))
                return false;
        } else if (parse_at_sign(p, 0, ",")) {
            size_t comma = p->pos++;
            struct ast_relation *relation = parse_relation(p);
            if (!add_relation(p, query, relation))
                return false;
            relation->join_range = parse_range(p, comma);
            parse_unsupported(p, relation->join_range, "several relations in FROM without JOIN (a cross join)");
        } else if (parse_at_word(p, 0, "LATERAL") && parse_at_word(p, 1, "VIEW")) {
            parse_refuse(p, parse_range(p, p->pos), "LATERAL VIEW");
            return false;
        } else {
            return true;
        }
    }
}

/* ---- SELECT ... HAVING ------------------------------------------------------------------------------------------- */

static bool skip_hints(struct parser *p)
{
    while (parse_peek(p, 0)->kind == TOKEN_HINT) {
        while (!parse_at_sign(p, 0, "*/")) {
            if (parse_peek(p, 0)->kind == TOKEN_END) {
                parse_fail(p);
                return false;
            }
            p->pos++;
        }
        p->pos++;
    }
    return true;
}

static bool add_expr(struct parser *p, struct ast_expr ***list, size_t *count, struct ast_expr *expr)
{
    void **items = (void **)*list;
    if (expr == NULL || !parse_push(p, &items, count, expr))
        return false;
    *list = (struct ast_expr **)items;
    return true;
}

static bool parse_items(struct parser *p, struct ast_query *query)
{
    p->aliasing = true;
    if ((parse_at_word(p, 0, "DISTINCT") || parse_at_word(p, 0, "ALL")) && parse_starts_expression(p, 1) &&
        !parse_at_from(p, 1)) {
        query->distinct = parse_at_word(p, 0, "DISTINCT");
        p->pos++;
    }
    do {
        struct ast_expr *item = parse_expr(p);
        if (item == NULL || parse_item_alias(p, true, &item->alias) != 0 ||
            !add_expr(p, &query->items, &query->nitems, item))
            return false;
    } while (parse_accept_sign(p, ","));
    p->aliasing = false;
    return true;
}

/* Behind a grouping expression these words are no alias unless nothing else fits. */
static bool at_later_clause(const struct parser *p)
{
    static const char *const words[] = {"ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET", "WINDOW"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (parse_at_word(p, 0, words[i]))
            return !parse_at_end(p, 1) && !parse_at_clause(p, 1, false);
    }
    return false;
}

static bool parse_groups(struct parser *p, struct ast_query *query)
{
    query->grouped = true;
    do {
        size_t first = p->pos;
        if (((parse_at_word(p, 0, "ROLLUP") || parse_at_word(p, 0, "CUBE")) && parse_at_sign(p, 1, "(")) ||
            (parse_at_word(p, 0, "GROUPING") && parse_at_word(p, 1, "SETS"))) {
            parse_refuse(p, parse_range(p, first), "GROUPING SETS, ROLLUP and CUBE");
            return false;
        }
        const char *alias = NULL;
        if (!add_expr(p, &query->groups, &query->ngroups, parse_expr(p)))
            return false;
        if (at_later_clause(p))
            continue;
        if (parse_item_alias(p, false, &alias) != 0)
            return false;
        /* the grammar has aliases here for the sake of |> AGGREGATE; Spark then refuses them, naming no place */
        if (alias != NULL && p->later->condition[0] == '\0')
            diagnose(p->later, p->sql, (struct sql_range){-1, -1}, "PARSE_SYNTAX_ERROR", "42601",
                     "Syntax error at or near '%s': an alias in GROUP BY.", alias);
    } while (parse_accept_sign(p, ","));
    if (parse_at_word(p, 0, "WITH") && (parse_at_word(p, 1, "ROLLUP") || parse_at_word(p, 1, "CUBE"))) {
        p->pos += 2;
        parse_unsupported(p, parse_range(p, p->pos - 2), "GROUPING SETS, ROLLUP and CUBE");
    }
    if (parse_at_word(p, 0, "GROUPING") && parse_at_word(p, 1, "SETS")) {
        parse_refuse(p, parse_range(p, p->pos), "GROUPING SETS, ROLLUP and CUBE");
        return false;
    }
    return true;
}

static bool parse_select(struct parser *p, struct ast_query *query)
{
    size_t first = p->pos++;
    if (!skip_hints(p) || !parse_items(p, query))
        return false;
    if (parse_accept_word(p, "FROM") && !parse_from(p, query))
        return false;
    if (parse_accept_word(p, "WHERE") && (query->where = parse_expr(p)) == NULL)
        return false;
    size_t group = p->pos;
    if (parse_accept_word(p, "GROUP")) {
        if (!parse_expect_word(p, "BY") || !parse_groups(p, query))
            return false;
        query->groups_range = parse_range(p, group);
    }
    if (parse_accept_word(p, "HAVING") && (query->having = parse_expr(p)) == NULL)
        return false;
    query->select_range = parse_range(p, first);
    /* `SELECT city, FROM calls` reads as a column FROM with the alias calls */
    struct ast_expr *last = query->items[query->nitems - 1];
    query->trailing_comma = query->nrelations == 0 && query->nitems > 1 && last->kind == AST_NAME &&
                            last->nparts == 1 && strcasecmp(last->parts[0], "FROM") == 0;
    if (parse_at_word(p, 0, "WINDOW") && parse_at_identifier(p, 1)) {
        parse_refuse(p, parse_range(p, p->pos), "the WINDOW clause");
        return false;
    }
    return true;
}

/* ---- ORDER BY, LIMIT --------------------------------------------------------------------------------------------- */

static bool parse_sort_item(struct parser *p, struct ast_query *query)
{
    size_t first = p->pos;
    struct ast_sort item = {0};
    item.expr = parse_expr(p);
    if (item.expr == NULL)
        return false;
    if (parse_accept_word(p, "DESC"))
        item.descending = true;
    else
        parse_accept_word(p, "ASC");
    item.nulls_first = !item.descending;
    if (parse_accept_word(p, "NULLS")) {
        if (parse_accept_word(p, "FIRST"))
            item.nulls_first = true;
        else if (parse_expect_word(p, "LAST"))
            item.nulls_first = false;
        else
            return false;
    }
    item.range = parse_range(p, first);
    if ((query->nsorts & (query->nsorts - 1)) == 0) {
        struct ast_sort *grown = arena_calloc(p->arena, query->nsorts == 0 ? 1 : query->nsorts * 2, sizeof *grown);
        if (grown == NULL)
            return parse_oom(p) != NULL;
        if (query->nsorts > 0)
            memcpy(grown, query->sorts, query->nsorts * sizeof *grown);
        query->sorts = grown;
    }
    query->sorts[query->nsorts++] = item;
    return true;
}

/* Spark's parser enters these clauses only when they are whole: one that breaks off is reported at its first word. */
static bool parse_organization(struct parser *p, struct ast_query *query)
{
    size_t first = p->pos;
    size_t word = p->pos;
    if (parse_at_word(p, 0, "ORDER") || parse_at_word(p, 0, "SORT")) {
        query->sort_local = parse_at_word(p, 0, "SORT");
        p->pos++;
        if (!parse_expect_word(p, "BY"))
            goto broken;
        do {
            if (!parse_sort_item(p, query))
                goto broken;
        } while (parse_accept_sign(p, ","));
    }
    if ((parse_at_word(p, 0, "CLUSTER") || parse_at_word(p, 0, "DISTRIBUTE") || parse_at_word(p, 0, "SORT")) &&
        parse_at_word(p, 1, "BY")) {
        parse_refuse(p, parse_range(p, p->pos), "CLUSTER BY and DISTRIBUTE BY");
        return false;
    }
    word = p->pos;
    if (parse_accept_word(p, "LIMIT")) {
        size_t limit = p->pos;
        if (parse_at_word(p, 0, "ALL") && (parse_at_end(p, 1) || parse_at_word(p, 1, "OFFSET"))) {
            query->limit_all = true;
            p->pos++;
        } else if ((query->limit = parse_expr(p)) == NULL) {
            goto broken;
        }
        query->limit_range = parse_range(p, limit);
    }
    word = p->pos;
    if (parse_accept_word(p, "OFFSET") && (query->offset = parse_expr(p)) == NULL)
        goto broken;
    if (p->pos > first)
        query->organization_range = parse_range(p, first);
    return true;
broken:
    parse_blame(p, word);
    return false;
}

/* ---- WITH -------------------------------------------------------------------------------------------------------- */

static bool parse_ctes(struct parser *p, struct ast_query *query)
{
    p->pos++;
    do {
        struct ast_cte cte = {0};
        cte.name = parse_plain_identifier(p);
        if (cte.name == NULL)
            return false;
        if (parse_at_sign(p, 0, "(") && !parse_at_query(p, 1) && parse_identifier_list(p, &cte.names, &cte.nnames) != 0)
            return false;
        parse_accept_word(p, "AS");
        if (!parse_expect_sign(p, "(") || !parse_enter(p))
            return false;
        cte.query = parse_query_body(p);
        parse_leave(p);
        if (cte.query == NULL || !parse_expect_sign(p, ")"))
            return false;
        if ((query->nctes & (query->nctes - 1)) == 0) {
            struct ast_cte *grown = arena_calloc(p->arena, query->nctes == 0 ? 1 : query->nctes * 2, sizeof *grown);
            if (grown == NULL)
                return parse_oom(p) != NULL;
            if (query->nctes > 0)
                memcpy(grown, query->ctes, query->nctes * sizeof *grown);
            query->ctes = grown;
        }
        query->ctes[query->nctes++] = cte;
    } while (parse_accept_sign(p, ","));
    return true;
}

static bool parse_body(struct parser *p, struct ast_query *query)
{
    if (parse_at_word(p, 0, "WITH") && !parse_ctes(p, query))
        return false;
    if (parse_at_sign(p, 0, "(")) {
        p->pos++;
        if (!parse_enter(p))
            return false;
        query->inner = parse_query_body(p);
        parse_leave(p);
        if (query->inner == NULL || !parse_expect_sign(p, ")"))
            return false;
    } else if (parse_at_word(p, 0, "SELECT")) {
        if (!parse_select(p, query))
            return false;
    } else if (parse_at_word(p, 0, "FROM") || parse_at_word(p, 0, "VALUES") || parse_at_word(p, 0, "TABLE")) {
        parse_refuse(p, parse_range(p, p->pos), "queries that begin with FROM, VALUES or TABLE");
        return false;
    } else {
        parse_fail(p);
        return false;
    }
    if (parse_at_set_operation(p, 0)) {
        parse_refuse(p, parse_range(p, p->pos), "set operations (UNION, EXCEPT, INTERSECT)");
        return false;
    }
    if (parse_at_sign(p, 0, "|>")) {
        parse_refuse(p, parse_range(p, p->pos), "the pipe operator |>");
        return false;
    }
    if (!parse_organization(p, query))
        return false;
    return true;
}

struct ast_query *parse_query_body(struct parser *p)
{
    struct ast_query *query = arena_calloc(p->arena, 1, sizeof *query);
    if (query == NULL)
        return parse_oom(p);
    int nesting = p->nesting;
    bool aliasing = p->aliasing;
    bool argument = p->argument;
    p->aliasing = false;
    p->argument = false;
    size_t first = p->pos;
    bool done = parse_body(p, query);
    query->range = parse_range(p, first);
    p->nesting = nesting;
    p->aliasing = aliasing;
    p->argument = argument;
    return done ? query : NULL;
}
