/* Syntax tree to bound expression: names become columns, calls and operators go through the table of functions. */
#include "analyze_internal.h"

#include "common/clock.h"
#include "record/timestamp.h"
#include "sql/diagnose.h"
#include "sql/function.h"
#include "sql/tree.h"

#include <string.h>
#include <strings.h>

static struct expr *bind_function(struct analyzer *a, const struct function *function, const char *name,
                                  struct expr **args, size_t nargs, struct sql_range range)
{
    struct binding binding = {.arena = a->arena,
                              .zone = a->options->zone,
                              .sql = a->sql,
                              .function = function,
                              .name = name,
                              .range = range,
                              .nargs = nargs,
                              .args = args,
                              .err = a->err};
    return function_bind(&binding);
}

struct expr *analyze_bind(struct analyzer *a, const char *sign, struct expr **args, size_t nargs,
                          struct sql_range range)
{
    return bind_function(a, function_operator(sign), sign, args, nargs, range);
}

struct expr *analyze_cast(struct analyzer *a, struct expr *arg, const struct type *type, bool try_cast, bool implicit,
                          struct sql_range range)
{
    struct expr *args[1] = {arg};
    struct binding binding = {.arena = a->arena,
                              .zone = a->options->zone,
                              .sql = a->sql,
                              .function = function_operator(try_cast ? "TRY_CAST" : "CAST"),
                              .name = "CAST",
                              .range = range,
                              .nargs = 1,
                              .args = args,
                              .err = a->err};
    return function_cast(&binding, arg, type,
                         implicit   ? FUNCTION_CAST_IMPLICIT
                         : try_cast ? FUNCTION_CAST_TRY
                                    : FUNCTION_CAST_ANSI);
}

/* ---- literals ---------------------------------------------------------------------------------------------------- */

/* The special values of typed literals (DateTimeUtils.convertSpecialTimestamp, convertSpecialDate): epoch, now, today,
 * tomorrow, yesterday, in any letter case, with a zone behind them that changes nothing for us but must be one. False:
 * the text is none of them. */
static bool special_time(struct analyzer *a, const struct ast_literal *literal, bool date, int64_t *value)
{
    static const struct {
        const char *word;
        int days; /* from today */
    } words[] = {{"epoch", 0}, {"now", 0}, {"today", 0}, {"tomorrow", 1}, {"yesterday", -1}};
    const struct zone *zone = a->options->zone;
    const char *p = literal->data;
    size_t len = literal->len;

    while (len > 0 && (unsigned char)*p <= 0x20) {
        p++;
        len--;
    }
    while (len > 0 && (unsigned char)p[len - 1] <= 0x20)
        len--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i].word);
        if (len < n || strncasecmp(p, words[i].word, n) != 0)
            continue;
        const char *rest = p + n;
        size_t left = len - n;
        while (left > 0 && (*rest == ' ' || *rest == '\t')) {
            rest++;
            left--;
        }
        if (left > 0 && (zone = zone_open(rest, left, NULL)) == NULL)
            return false;
        int64_t now_us = clock_wall_ms() * 1000;
        int32_t day = timestamp_to_date(now_us, zone) + words[i].days;
        if (i == 0)
            *value = 0;
        else if (date)
            *value = day;
        else
            *value = i == 1 ? now_us : timestamp_from_date(day, zone);
        return true;
    }
    return false;
}

/* DATE'...' and TIMESTAMP'...': what the cast of the text gives, as a constant. */
static struct expr *bind_typed(struct analyzer *a, const struct ast_expr *ast)
{
    const struct ast_literal *literal = &ast->literal;
    bool date = literal->kind == AST_LITERAL_DATE;
    int64_t special = 0;
    if (special_time(a, literal, date, &special)) {
        struct expr *constant = date ? expr_date(a->arena, (int32_t)special, ast->range)
                                     : expr_timestamp(a->arena, special, a->options->zone, ast->range);
        return constant != NULL ? constant : analyze_oom(a);
    }
    struct expr *text = expr_string(a->arena, literal->data, literal->len, ast->range);
    if (text == NULL)
        return analyze_oom(a);
    struct expr *cast = analyze_cast(a, text, type_of(date ? TYPE_DATE : TYPE_TIMESTAMP), true, false, ast->range);
    if (cast == NULL)
        return NULL;
    if (cast->literal.type == NULL || vector_is_null(&cast->literal, 0))
        return diagnose(a->err, a->sql, ast->range, "INVALID_TYPED_LITERAL", "42604",
                        "The value of the typed literal \"%s\" is invalid: '%.*s'.", date ? "DATE" : "TIMESTAMP",
                        literal->len > 80 ? 80 : (int)literal->len, literal->data);
    struct expr *expr = date ? expr_date(a->arena, cast->literal.data.i32[0], ast->range)
                             : expr_timestamp(a->arena, cast->literal.data.i64[0], a->options->zone, ast->range);
    return expr != NULL ? expr : analyze_oom(a);
}

static struct expr *bind_literal(struct analyzer *a, const struct ast_expr *ast)
{
    const struct ast_literal *literal = &ast->literal;
    struct expr *expr = NULL;
    switch (literal->kind) {
    case AST_LITERAL_NULL:
        expr = expr_null(a->arena, type_of(TYPE_NULL), ast->range);
        break;
    case AST_LITERAL_BOOLEAN:
        expr = expr_boolean(a->arena, literal->boolean, ast->range);
        break;
    case AST_LITERAL_INT:
        expr = expr_int(a->arena, (int32_t)literal->integer, ast->range);
        break;
    case AST_LITERAL_BIGINT:
        expr = expr_bigint(a->arena, literal->integer, ast->range);
        break;
    case AST_LITERAL_DOUBLE:
        expr = expr_double(a->arena, literal->number, ast->range);
        break;
    case AST_LITERAL_STRING:
        expr = expr_string(a->arena, literal->data, literal->len, ast->range);
        break;
    case AST_LITERAL_BINARY:
        expr = expr_binary(a->arena, literal->data, literal->len, ast->range);
        break;
    case AST_LITERAL_DATE:
    case AST_LITERAL_TIMESTAMP:
        return bind_typed(a, ast);
    }
    return expr != NULL ? expr : analyze_oom(a);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* A select item by its name. Several items of that name are only one when they are the same column. */
static enum analyze_found find_item(struct analyzer *a, const struct analyze_context *context,
                                    const struct ast_expr *name, struct expr **out)
{
    const struct analyze_item *found = NULL;
    for (size_t i = 0; i < context->nitems; i++) {
        const struct analyze_item *item = &context->items[i];
        if (!analyze_same(item->name, name->parts[0]))
            continue;
        if (found != NULL && (item->aliased || found->aliased || !expr_equal(found->expr, item->expr)))
            return ANALYZE_AMBIGUOUS;
        found = item;
    }
    if (found == NULL)
        return ANALYZE_MISSING;
    *out = found->expr;
    for (size_t i = 1; *out != NULL && i < name->nparts; i++)
        *out = analyze_scope_field(a, *out, name->parts[i], name->range);
    return *out == NULL ? ANALYZE_ERROR : ANALYZE_FOUND;
}

/* UNRESOLVED_COLUMN suggests what the operator that asks can see: the select items for ORDER BY and HAVING, else the
 * input. */
static struct expr *unresolved(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast)
{
    struct analyze_scope items = {0};
    if (context->nitems == 0 || context->lateral)
        return analyze_scope_unresolved(a, context->scope, ast->nparts, ast->parts, ast->range);
    if (!analyze_scope_of_items(a, context->nitems, context->items, &items))
        return NULL;
    return analyze_scope_unresolved(a, &items, ast->nparts, ast->parts, ast->range);
}

static struct expr *ambiguous_item(struct analyzer *a, const struct analyze_context *context,
                                   const struct ast_expr *ast)
{
    struct analyze_scope items = {0};
    if (!analyze_scope_of_items(a, context->nitems, context->items, &items))
        return NULL;
    return analyze_scope_ambiguous(a, &items, ast);
}

static struct expr *bind_name(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast)
{
    struct expr *expr = NULL;
    enum analyze_found found = ANALYZE_MISSING;
    bool several = false;
    if (context->items_first && !(context->items_outside && context->in_aggregate)) {
        found = find_item(a, context, ast, &expr);
        several = found == ANALYZE_AMBIGUOUS;
    }
    if (found == ANALYZE_MISSING ||
        (several && !context->items_only)) { /* a name that several items have may still be a column */
        found = analyze_scope_find(a, context->scope, ast, &expr);
        if (found == ANALYZE_AMBIGUOUS && several)
            return unresolved(a, context, ast);
        if (found == ANALYZE_AMBIGUOUS)
            return analyze_scope_ambiguous(a, context->scope, ast);
    }
    if (found == ANALYZE_MISSING && !context->items_first && context->nitems > 0) {
        found = find_item(a, context, ast, &expr);
        if (found == ANALYZE_FOUND && context->lateral)
            return diagnose_unsupported(
                a->err, a->sql, ast->range,
                "Outside the supported subset of Spark SQL: the name %s, given in the same select list (write "
                "its expression again, or use a subquery).",
                ast->parts[0]);
        if (found == ANALYZE_AMBIGUOUS)
            return ambiguous_item(a, context, ast);
    }
    if (found == ANALYZE_FOUND)
        return expr;
    /* ORDER BY x.part where x has no such part: Spark tries other meanings of x, and finds none */
    if (found == ANALYZE_ERROR && context->items_first && !context->items_outside &&
        (strcmp(a->err->condition, "INVALID_EXTRACT_BASE_FIELD_TYPE") == 0 ||
         strcmp(a->err->condition, "FIELD_NOT_FOUND") == 0)) {
        errbuf_clear(a->err);
        return unresolved(a, context, ast);
    }
    return found == ANALYZE_ERROR ? NULL : unresolved(a, context, ast);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static char *call_name(struct analyzer *a, const struct ast_expr *ast)
{
    struct buf name = BUF_INIT;
    for (size_t i = 0; i < ast->nparts; i++)
        buf_printf(&name, "%s`%s`", i > 0 ? "." : "", ast->parts[i]);
    char *text = name.failed ? NULL : arena_strdup(a->arena, name.data);
    buf_release(&name);
    return text != NULL ? text : analyze_oom(a);
}

/* The function of a call; NULL with err. */
static const struct function *find_function(struct analyzer *a, const struct ast_expr *ast)
{
    const char *name = ast->parts[ast->nparts - 1];
    const struct function *function = ast->nparts == 1 ? function_find(name, strlen(name)) : NULL;
    if (function != NULL)
        return function;
    if (ast->nparts == 1 && function_in_spark(name, strlen(name)))
        return diagnose_unsupported(a->err, a->sql, ast->range,
                                    "Outside the supported subset of Spark SQL: the function %s.", name);
    const char *nearest = function_nearest(name, strlen(name));
    const char *typed = call_name(a, ast);
    if (typed == NULL)
        return NULL;
    return diagnose(a->err, a->sql, ast->range, "UNRESOLVED_ROUTINE", "42883",
                    "Cannot resolve routine %s on search path [`system`.`builtin`, `system`.`session`, "
                    "`spark_catalog`.`default`].%s%s%s",
                    typed, nearest != NULL ? " Did you mean `" : "", nearest != NULL ? nearest : "",
                    nearest != NULL ? "`?" : "");
}

/* struct(x AS y): the argument with its name. */
static struct expr *bind_alias(struct analyzer *a, struct expr *value, const struct ast_expr *ast)
{
    struct expr **args = arena_calloc(a->arena, 2, sizeof *args);
    if (args == NULL)
        return analyze_oom(a);
    args[0] = value;
    args[1] = expr_string(a->arena, ast->alias, strlen(ast->alias), ast->range);
    return args[1] == NULL ? analyze_oom(a) : analyze_bind(a, "AS", args, 2, ast->range);
}

struct arguments {
    struct expr **list;
    size_t count;
};

static bool add_argument(struct analyzer *a, struct arguments *args, struct expr *arg)
{
    if (arg == NULL)
        return false;
    if ((args->count & (args->count - 1)) == 0) {
        struct expr **grown = arena_calloc(a->arena, args->count == 0 ? 1 : args->count * 2, sizeof *grown);
        if (grown == NULL)
            return analyze_oom(a) != NULL;
        if (args->count > 0)
            memcpy(grown, args->list, args->count * sizeof *grown);
        args->list = grown;
    }
    args->list[args->count++] = arg;
    return true;
}

/* The arguments of a call, stars spread out. */
static bool bind_arguments(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast,
                           struct arguments *args)
{
    for (size_t i = 0; i < ast->nargs; i++) {
        const struct ast_expr *arg = ast->args[i];
        if (arg->kind == AST_STAR && ast->kind == AST_CALL) {
            struct expr **columns = NULL;
            size_t count = 0;
            if (analyze_scope_star(a, context->scope, arg, &columns, &count) != 0)
                return false;
            for (size_t k = 0; k < count; k++) {
                if (!add_argument(a, args, columns[k]))
                    return false;
            }
            continue;
        }
        struct expr *value = analyze_expr(a, context, arg);
        if (value != NULL && arg->alias != NULL)
            value = bind_alias(a, value, arg);
        if (!add_argument(a, args, value))
            return false;
    }
    return true;
}

/* count(*) is count(1); count(t.*) is not allowed. */
static bool check_count(struct analyzer *a, const struct ast_expr *ast, struct arguments *args, bool *done)
{
    *done = false;
    if (ast->nargs != 1 || ast->args[0]->kind != AST_STAR)
        return true;
    if (ast->args[0]->nparts > 0) {
        diagnose(
            a->err, a->sql, (struct sql_range){-1, -1}, "_LEGACY_ERROR_TEMP_1021", "",
            "count(%s.*) is not allowed. Please use count(*) or expand the columns manually, e.g. count(col1, col2).",
            ast->args[0]->parts[0]);
        return false;
    }
    if (ast->distinct)
        return true;
    struct expr *one = expr_int(a->arena, 1, ast->args[0]->range);
    *done = true;
    return add_argument(a, args, one != NULL ? one : analyze_oom(a));
}

static struct expr *bind_filter(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast,
                                struct expr *call)
{
    struct expr *filter = analyze_expr(a, context, ast->filter);
    if (filter == NULL)
        return NULL;
    const char *sub = filter->type->id != TYPE_BOOLEAN ? "NOT_BOOLEAN"
                      : analyze_is_aggregate(filter)   ? "CONTAINS_AGGREGATE"
                                                       : NULL;
    if (sub != NULL)
        return diagnose(
            a->err, a->sql, ast->range,
            sub[0] == 'N' ? "INVALID_AGGREGATE_FILTER.NOT_BOOLEAN" : "INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE",
            "42903", "The FILTER expression \"%s\" in an aggregate function is invalid. %s", analyze_name_of(a, filter),
            sub[0] == 'N' ? "Expected a FILTER expression of the BOOLEAN type."
                          : "Expected a FILTER expression without an aggregation.");
    call->filter = filter;
    return call;
}

static struct expr *bind_aggregate(struct analyzer *a, const struct analyze_context *outer,
                                   const struct function *function, const struct ast_expr *ast)
{
    struct analyze_context context = *outer;
    struct arguments args = {0};
    struct analyze_note *note;
    bool done = false;
    if (outer->in_aggregate)
        return diagnose(a->err, a->sql, ast->range, "NESTED_AGGREGATE_FUNCTION", "42607",
                        "It is not allowed to use an aggregate function in the argument of another aggregate function. "
                        "Please use the "
                        "inner aggregate function in a sub-query.");
    context.in_aggregate = true;
    if (strcmp(function->name, "count") == 0 && !check_count(a, ast, &args, &done))
        return NULL;
    if (!done && !bind_arguments(a, &context, ast, &args))
        return NULL;
    if (ast->distinct && !analyze_note(a, ANALYZE_NOTE_DISTINCT_AGGREGATE, ast->range, &note))
        return NULL;
    struct expr *call = bind_function(a, function, ast->parts[0], args.list, args.count, ast->range);
    if (call == NULL || ast->filter == NULL)
        return call;
    context.in_aggregate = false;
    return bind_filter(a, &context, ast, call);
}

/* window(...): the column that the SELECT's window operator adds. */
static struct expr *place_window(struct analyzer *a, const struct analyze_context *context, struct expr *window)
{
    if (context->window == NULL) /* being collected for that operator */
        return window;
    if (!expr_equal(context->window->window, window))
        return diagnose(
            a->err, a->sql, window->range, "_LEGACY_ERROR_TEMP_1039", "",
            "Multiple time/session window expressions would result in a cartesian product of rows, therefore they are "
            "currently not supported.");
    struct expr *column = expr_column(a->arena, context->window->column, window->type, "window", window->range);
    if (column == NULL)
        return analyze_oom(a);
    column->implicit = true; /* a call, not a name: struct() calls its field col1 */
    return column;
}

static struct expr *bind_call(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast)
{
    struct arguments args = {0};
    const struct function *function = find_function(a, ast);
    if (function == NULL)
        return NULL;
    if (function->flags & FUNCTION_AGGREGATE)
        return bind_aggregate(a, context, function, ast);
    if (ast->distinct || ast->filter != NULL)
        return diagnose(a->err, a->sql, ast->range, "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX", "42000",
                        "Invalid SQL syntax: The function `%s` does not support %s.", function->name,
                        ast->distinct ? "DISTINCT" : "FILTER clause");
    if (!bind_arguments(a, context, ast, &args))
        return NULL;
    struct expr *call = bind_function(a, function, ast->parts[0], args.list, args.count, ast->range);
    return call != NULL && call->kind == EXPR_WINDOW ? place_window(a, context, call) : call;
}

/* (a, b): named_struct of the columns' names. */
static struct expr *bind_row(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast)
{
    struct arguments args = {0};
    const struct function *function = function_find("named_struct", strlen("named_struct"));
    for (size_t i = 0; i < ast->nargs; i++) {
        struct expr *value = analyze_expr(a, context, ast->args[i]);
        if (value == NULL)
            return NULL;
        const char *name = ast->args[i]->alias;
        if (name == NULL)
            name = (value->kind == EXPR_COLUMN && !value->implicit) || value->kind == EXPR_FIELD
                       ? value->name
                       : arena_printf(a->arena, "col%zu", i + 1);
        if (name == NULL)
            return analyze_oom(a);
        struct expr *text = expr_string(a->arena, name, strlen(name), ast->args[i]->range);
        if (!add_argument(a, &args, text != NULL ? text : analyze_oom(a)) || !add_argument(a, &args, value))
            return NULL;
    }
    return bind_function(a, function, "named_struct", args.list, args.count, ast->range);
}

/* CASE x WHEN v ... is CASE WHEN x = v ...; x is bound once. */
static struct expr *bind_case(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast)
{
    struct arguments args = {0};
    struct expr *operand = NULL;
    size_t i = 0;
    if (ast->has_operand) {
        operand = analyze_expr(a, context, ast->args[i++]);
        if (operand == NULL)
            return NULL;
    }
    size_t ends = ast->nargs - (ast->has_else ? 1 : 0);
    for (bool condition = true; i < ast->nargs; i++, condition = !condition) {
        struct expr *value = analyze_expr(a, context, ast->args[i]);
        if (value == NULL)
            return NULL;
        if (operand != NULL && condition && i < ends) {
            struct expr **sides = arena_calloc(a->arena, 2, sizeof *sides);
            if (sides == NULL)
                return analyze_oom(a);
            sides[0] = operand;
            sides[1] = value;
            value = analyze_bind(a, "=", sides, 2, ast->range);
        }
        if (!add_argument(a, &args, value))
            return NULL;
    }
    return analyze_bind(a, "CASE", args.list, args.count, ast->range);
}

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

struct expr *analyze_expr(struct analyzer *a, const struct analyze_context *context, const struct ast_expr *ast)
{
    struct arguments args = {0};
    struct expr *arg;
    switch (ast->kind) {
    case AST_NAME:
        return bind_name(a, context, ast);
    case AST_STAR:
        return diagnose(a->err, a->sql, (struct sql_range){-1, -1}, "INVALID_USAGE_OF_STAR_OR_REGEX", "42000",
                        "Invalid usage of '*' in expression.");
    case AST_LITERAL:
        return bind_literal(a, ast);
    case AST_CALL:
        return bind_call(a, context, ast);
    case AST_OPERATOR:
        return bind_arguments(a, context, ast, &args) ? analyze_bind(a, ast->sign, args.list, args.count, ast->range)
                                                      : NULL;
    case AST_CASE:
        return bind_case(a, context, ast);
    case AST_CAST:
        arg = analyze_expr(a, context, ast->args[0]);
        return arg == NULL ? NULL : analyze_cast(a, arg, ast->type, ast->try_cast, false, ast->range);
    case AST_FIELD:
        arg = analyze_expr(a, context, ast->args[0]);
        return arg == NULL ? NULL : analyze_scope_field(a, arg, ast->field, (struct sql_range){-1, -1});
    case AST_ROW:
        return bind_row(a, context, ast);
    }
    return NULL;
}

/* ---- unknown functions ------------------------------------------------------------------------------------------- */

static bool routines_in(struct analyzer *a, const struct ast_expr *ast)
{
    if (ast == NULL)
        return true;
    if (ast->kind == AST_CALL && find_function(a, ast) == NULL)
        return false;
    for (size_t i = 0; i < ast->nargs; i++) {
        if (!routines_in(a, ast->args[i]))
            return false;
    }
    return routines_in(a, ast->filter);
}

bool analyze_routines(struct analyzer *a, const struct ast_query *query)
{
    for (size_t i = 0; i < query->nctes; i++) {
        if (!analyze_routines(a, query->ctes[i].query))
            return false;
    }
    if (query->inner != NULL && !analyze_routines(a, query->inner))
        return false;
    for (size_t i = 0; i < query->nitems; i++) {
        if (!routines_in(a, query->items[i]))
            return false;
    }
    for (size_t i = 0; i < query->nrelations; i++) {
        const struct ast_relation *relation = query->relations[i];
        if ((relation->query != NULL && !analyze_routines(a, relation->query)) || !routines_in(a, relation->on))
            return false;
    }
    for (size_t i = 0; i < query->ngroups; i++) {
        if (!routines_in(a, query->groups[i]))
            return false;
    }
    for (size_t i = 0; i < query->nsorts; i++) {
        if (!routines_in(a, query->sorts[i].expr))
            return false;
    }
    return routines_in(a, query->where) && routines_in(a, query->having) && routines_in(a, query->limit) &&
           routines_in(a, query->offset);
}
