/* Operators and predicates, loosest first, as in Spark's grammar:
 *
 *   OR, AND, NOT, one predicate (IS, IN, LIKE, BETWEEN), comparison, |, ^, &, shifts, + - ||, * / % DIV, sign, primary
 *
 * A predicate cannot be compared further: `n IS NULL = false` does not parse. A chain of ANDs (or ORs) becomes a
 * balanced tree, as Spark builds it: it shows in column names.
 */
#include "parse_internal.h"

#include <string.h>

struct ast_expr *parse_node(struct parser *p, enum ast_kind kind, size_t first)
{
    struct ast_expr *node = arena_calloc(p->arena, 1, sizeof *node);
    if (node == NULL)
        return parse_oom(p);
    node->kind = kind;
    node->depth = 1;
    node->range = parse_range(p, first);
    return node;
}

bool parse_add(struct parser *p, struct ast_expr *node, struct ast_expr *arg)
{
    void **items = (void **)node->args;
    if (arg == NULL || !parse_push(p, &items, &node->nargs, arg))
        return false;
    node->args = (struct ast_expr **)items;
    if (arg->depth >= node->depth)
        node->depth = arg->depth + 1;
    if (node->depth > PARSE_DEPTH_MAX) {
        parse_refuse(p, arg->range, "an expression this deep");
        return false;
    }
    return true;
}

static struct ast_expr *operator_node(struct parser *p, const char *sign, size_t first, struct ast_expr *a,
                                      struct ast_expr *b)
{
    struct ast_expr *node = parse_node(p, AST_OPERATOR, first);
    if (node == NULL || !parse_add(p, node, a) || (b != NULL && !parse_add(p, node, b)))
        return NULL;
    node->sign = sign;
    return node;
}

/* ---- value expressions ------------------------------------------------------------------------------------------- */

#define LEVELS 8

/* The operator at the cursor on that level (0: comparison ... 7: multiplication), or NULL. */
static const char *operator_at(const struct parser *p, int level)
{
    static const char *const table[LEVELS][12] = {
        {"=", "==", "<=>", "<>", "!=", "<", "<=", "!>", ">", ">=", "!<", NULL},
        {"|", NULL},
        {"^", NULL},
        {"&", NULL},
        {"<<", ">>", ">>>", NULL},
        {"+", "-", "||", NULL},
        {"*", "/", "%", NULL},
        {NULL},
    };
    for (size_t i = 0; table[level][i] != NULL; i++) {
        if (parse_at_sign(p, 0, table[level][i]))
            return table[level][i];
    }
    if (level == 6 && parse_at_word(p, 0, "DIV") && parse_starts_expression(p, 1))
        return "div";
    return NULL;
}

static struct ast_expr *parse_sign(struct parser *p)
{
    size_t first = p->pos;
    const char *sign = NULL;
    if (parse_at_sign(p, 0, "-")) {
        /* - and digits are one literal, blanks between them or not */
        if (parse_at_number(p, 1)) {
            return parse_primary(p);
        }
        sign = "negative";
    } else if (parse_at_sign(p, 0, "+")) {
        sign = "positive";
    } else if (parse_at_sign(p, 0, "~")) {
        sign = "~";
    } else {
        return parse_primary(p);
    }
    p->pos++;
    if (!parse_enter(p))
        return NULL;
    struct ast_expr *arg = parse_sign(p);
    parse_leave(p);
    if (arg == NULL)
        return NULL;
    if (sign[0] == '~')
        parse_unsupported(p, parse_range(p, first), "the operator ~");
    return operator_node(p, sign, first, arg, NULL);
}

static struct ast_expr *combine(struct parser *p, const char *sign, size_t first, struct ast_expr *left,
                                struct ast_expr *right)
{
    static const struct {
        const char *sign;
        const char *as;
        bool negated;
    } same[] = {{"==", "=", false}, {"<>", "=", true}, {"!=", "=", true}, {"!>", "<=", false}, {"!<", ">=", false}};
    static const char *const outside[] = {"|", "^", "&", "<<", ">>", ">>>"};
    bool negated = false;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        if (strcmp(sign, same[i].sign) == 0) {
            sign = same[i].as;
            negated = same[i].negated;
            break;
        }
    }
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        if (strcmp(sign, outside[i]) == 0)
            parse_unsupported(p, parse_range(p, first), "bit operators");
    }
    struct ast_expr *node = operator_node(p, sign, first, left, right);
    return node != NULL && negated ? operator_node(p, "NOT", first, node, NULL) : node;
}

static struct ast_expr *parse_level(struct parser *p, int level)
{
    size_t first = p->pos;
    if (level == LEVELS - 1)
        return parse_sign(p);
    struct ast_expr *left = parse_level(p, level + 1);
    const char *sign;
    while (left != NULL && (sign = operator_at(p, level)) != NULL) {
        p->pos++;
        struct ast_expr *right = parse_level(p, level + 1);
        left = right == NULL ? NULL : combine(p, sign, first, left, right);
    }
    return left;
}

struct ast_expr *parse_value(struct parser *p)
{
    return parse_level(p, 0);
}

/* ---- predicates -------------------------------------------------------------------------------------------------- */

static struct ast_expr *negate(struct parser *p, bool negated, size_t first, struct ast_expr *node)
{
    return node != NULL && negated ? operator_node(p, "NOT", first, node, NULL) : node;
}

/* IN: at the word. A list that breaks off is reported at IN, unless NOT stands before it: Spark's parser then knows
 * no other reading. */
static struct ast_expr *parse_in(struct parser *p, struct ast_expr *value, size_t first, bool negated)
{
    size_t word = p->pos++;
    struct ast_expr *node = parse_node(p, AST_OPERATOR, first);
    if (node == NULL || !parse_add(p, node, value))
        return NULL;
    node->sign = "IN";
    if (!parse_expect_sign(p, "("))
        return NULL;
    if (!parse_enter(p))
        return NULL;
    if (parse_at_query(p, 0)) {
        if (parse_query_body(p) == NULL)
            goto broken;
        parse_unsupported(p, parse_range(p, first), "IN with a subquery");
    } else {
        do {
            if (!parse_add(p, node, parse_expr(p)))
                goto broken;
        } while (parse_accept_sign(p, ","));
    }
    if (!parse_expect_sign(p, ")"))
        goto broken;
    parse_leave(p);
    node->range = parse_range(p, first);
    return negate(p, negated, first, node);
broken:
    if (!negated && p->nesting == 1)
        parse_blame(p, word);
    parse_leave(p);
    return NULL;
}

static struct ast_expr *parse_like(struct parser *p, struct ast_expr *value, size_t first, bool negated)
{
    bool like = parse_at_word(p, 0, "LIKE");
    p->pos++;
    if ((parse_at_word(p, 0, "ANY") || parse_at_word(p, 0, "SOME") || parse_at_word(p, 0, "ALL")) &&
        parse_at_sign(p, 1, "("))
        return parse_refuse(p, parse_range(p, first), "LIKE ANY and LIKE ALL");
    struct ast_expr *pattern = parse_value(p);
    if (pattern == NULL)
        return NULL;
    struct ast_expr *node = operator_node(p, "LIKE", first, value, pattern);
    if (node != NULL && like && parse_at_word(p, 0, "ESCAPE") && parse_peek(p, 1)->kind == TOKEN_STRING) {
        p->pos++;
        struct ast_expr *escape = parse_string(p);
        if (!parse_add(p, node, escape))
            return NULL;
        parse_check_escape(p, escape, first);
    }
    if (node == NULL)
        return NULL;
    node->range = parse_range(p, first);
    if (!like)
        parse_unsupported(p, node->range, "RLIKE, REGEXP and ILIKE");
    return negate(p, negated, first, node);
}

static struct ast_expr *parse_between(struct parser *p, struct ast_expr *value, size_t first, bool negated)
{
    p->pos++;
    struct ast_expr *low = parse_value(p);
    if (low == NULL || !parse_expect_word(p, "AND"))
        return NULL;
    struct ast_expr *high = parse_value(p);
    struct ast_expr *node = high == NULL ? NULL : operator_node(p, "BETWEEN", first, value, low);
    if (node == NULL || !parse_add(p, node, high))
        return NULL;
    node->range = parse_range(p, first);
    return negate(p, negated, first, node);
}

static struct ast_expr *parse_is(struct parser *p, struct ast_expr *value, size_t first)
{
    p->pos++;
    bool negated = parse_accept_word(p, "NOT") || parse_accept_sign(p, "!");
    const char *sign = NULL;
    if (parse_accept_word(p, "NULL")) {
        sign = negated ? "IS NOT NULL" : "IS NULL";
        negated = false;
    } else if (parse_accept_word(p, "TRUE")) {
        sign = "IS TRUE";
    } else if (parse_accept_word(p, "FALSE")) {
        sign = "IS FALSE";
    } else if (parse_accept_word(p, "UNKNOWN")) {
        sign = negated ? "IS NOT UNKNOWN" : "IS UNKNOWN";
        negated = false;
    }
    if (sign != NULL)
        return negate(p, negated, first, operator_node(p, sign, first, value, NULL));
    if (!parse_expect_word(p, "DISTINCT") || !parse_expect_word(p, "FROM"))
        return NULL;
    struct ast_expr *right = parse_value(p);
    if (right == NULL)
        return NULL;
    /* IS DISTINCT FROM is the negation of <=> */
    return negate(p, !negated, first, operator_node(p, "<=>", first, value, right));
}

/* Whether the word after IS makes it a predicate. */
static bool at_is(const struct parser *p)
{
    static const char *const words[] = {"NOT", "NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT"};
    if (!parse_at_word(p, 0, "IS"))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (parse_at_word(p, 1, words[i]))
            return true;
    }
    return parse_at_sign(p, 1, "!");
}

static bool at_like(const struct parser *p, size_t ahead)
{
    return parse_at_word(p, ahead, "LIKE") || parse_at_word(p, ahead, "RLIKE") || parse_at_word(p, ahead, "REGEXP") ||
           parse_at_word(p, ahead, "ILIKE");
}

static struct ast_expr *parse_predicated(struct parser *p)
{
    struct ast_expr *value = parse_value(p);
    size_t first = p->pos;
    if (value == NULL)
        return NULL;
    if (at_is(p))
        return parse_is(p, value, first);
    bool negated = (parse_at_word(p, 0, "NOT") && !parse_at_word(p, 1, "FROM")) || parse_at_sign(p, 0, "!");
    size_t ahead = negated ? 1 : 0;
    if (parse_at_word(p, ahead, "IN") && (negated || parse_at_sign(p, 1, "("))) {
        p->pos += ahead;
        return parse_in(p, value, first, negated);
    }
    if (at_like(p, ahead) && (negated || (parse_starts_expression(p, 1) && !parse_at_from(p, 1)))) {
        p->pos += ahead;
        return parse_like(p, value, first, negated);
    }
    if (parse_at_word(p, ahead, "BETWEEN") && (negated || (parse_starts_expression(p, 1) && !parse_at_from(p, 1)))) {
        p->pos += ahead;
        return parse_between(p, value, first, negated);
    }
    return value;
}

/* ---- NOT, AND, OR ------------------------------------------------------------------------------------------------ */

static struct ast_expr *parse_not(struct parser *p)
{
    size_t first = p->pos;
    if (!(parse_at_sign(p, 0, "!") || (parse_at_word(p, 0, "NOT") && parse_starts_expression(p, 1))))
        return parse_predicated(p);
    if (parse_at_word(p, 0, "NOT") && (parse_at_sign(p, 1, "*") || parse_at_from(p, 1)))
        return parse_predicated(p); /* a column NOT, multiplied */
    p->pos++;
    if (!parse_enter(p))
        return NULL;
    struct ast_expr *arg = parse_not(p);
    parse_leave(p);
    return arg == NULL ? NULL : operator_node(p, "NOT", first, arg, NULL);
}

struct operand {
    struct ast_expr *expr;
    size_t first; /* its tokens */
    size_t last;
};

static struct ast_expr *balance(struct parser *p, const char *sign, struct operand **operands, size_t low, size_t high)
{
    if (low == high)
        return operands[low]->expr;
    size_t mid = low + (high - low) / 2;
    struct ast_expr *left = balance(p, sign, operands, low, mid);
    struct ast_expr *right = left == NULL ? NULL : balance(p, sign, operands, mid + 1, high);
    struct ast_expr *node = right == NULL ? NULL : operator_node(p, sign, operands[low]->first, left, right);
    if (node != NULL)
        node->range.stop = p->list.tokens[operands[high]->last].stop;
    return node;
}

static struct ast_expr *parse_logical(struct parser *p, bool is_and)
{
    const char *word = is_and ? "AND" : "OR";
    struct operand **operands = NULL;
    size_t count = 0;
    size_t at = p->pos;
    for (;;) {
        struct operand *operand = arena_calloc(p->arena, 1, sizeof *operand);
        if (operand == NULL)
            return parse_oom(p);
        operand->first = p->pos;
        bool bracket = parse_at_sign(p, 0, "(");
        operand->expr = is_and ? parse_not(p) : parse_logical(p, true);
        if (operand->expr == NULL) {
            /* with a bracket behind it, Spark's parser gives the word up as an operator when the bracket does not
             * close */
            if (count > 0 && bracket && p->nesting == 0)
                parse_blame(p, at);
            return NULL;
        }
        operand->last = p->pos > operand->first ? p->pos - 1 : operand->first;
        void **items = (void **)operands;
        if (!parse_push(p, &items, &count, operand))
            return NULL;
        operands = (struct operand **)items;
        if (!parse_at_word(p, 0, word) || !parse_starts_expression(p, 1))
            break;
        if (parse_at_from(p, 1))
            break;
        at = p->pos++;
    }
    return balance(p, word, operands, 0, count - 1);
}

struct ast_expr *parse_expr(struct parser *p)
{
    return parse_logical(p, false);
}
