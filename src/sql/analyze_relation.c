/* FROM: views, tables, subqueries and joins, each a branch of its own until a join puts two together.
 *
 * The streaming side's operators go on; the table is looked up. So `FROM radio_code r JOIN calls c` runs as `calls
 * JOIN radio_code`, with the names in the order that was written.
 */
#include "analyze_internal.h"

#include "sql/diagnose.h"
#include "sql/function.h"
#include "sql/tree.h"

#include <string.h>

/* ---- one relation ------------------------------------------------------------------------------------------------ */

static const struct type *copy_type(struct analyzer *a, const struct type *type)
{
    if (type->id != TYPE_STRUCT)
        return type_of(type->id);
    struct type_field *fields = arena_calloc(a->arena, type->nfields + 1, sizeof *fields);
    if (fields == NULL)
        return NULL;
    for (size_t i = 0; i < type->nfields; i++) {
        fields[i].name = type->fields[i].name; /* type_struct copies names */
        fields[i].type = copy_type(a, type->fields[i].type);
        if (fields[i].type == NULL)
            return NULL;
    }
    return type_struct(a->arena, fields, type->nfields);
}

bool analyze_relation_copy(struct analyzer *a, const struct type_field *from, struct type_field *to)
{
    to->name = arena_strdup(a->arena, from->name);
    to->type = copy_type(a, from->type);
    return (to->name != NULL && to->type != NULL) || analyze_oom(a) != NULL;
}

static bool add_columns(struct analyzer *a, struct analyze_branch *branch, const struct schema *schema,
                        const char *qualifier)
{
    for (size_t i = 0; i < schema->ncolumns; i++) {
        struct type_field field;
        if (!analyze_relation_copy(a, &schema->columns[i], &field) ||
            !analyze_add_column(a, &branch->chain, field.name, field.type, false))
            return false;
        struct analyze_name name = {.name = field.name, .qualifier = qualifier, .type = field.type, .column = i};
        if (!analyze_add_name(a, &branch->scope, &name))
            return false;
    }
    return true;
}

static bool add_watermark(struct analyzer *a, struct analyze_branch *branch, const struct plan_view *view)
{
    struct sql_range nowhere = {-1, -1};
    size_t column = schema_find(view->columns, view->watermark_column, NULL);
    if (column == SIZE_MAX) {
        analyze_scope_unresolved(a, &branch->scope, 1, &view->watermark_column, nowhere);
        return false;
    }
    if (view->columns->columns[column].type->id != TYPE_TIMESTAMP) {
        struct buf type = BUF_INIT;
        type_sql_name(view->columns->columns[column].type, &type);
        diagnose(a->err, NULL, nowhere, "EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE", "42K09",
                 "The event time `%s` has the invalid type \"%s\", but expected \"TIMESTAMP\".",
                 view->columns->columns[column].name, type.data != NULL ? type.data : "");
        buf_release(&type);
        return false;
    }
    struct plan_op *op = analyze_op(a, &branch->chain, PLAN_WATERMARK);
    if (op == NULL)
        return false;
    op->u.watermark.column = column;
    op->u.watermark.delay_us = view->watermark_delay_us;
    branch->chain.columns[column].event_time = true;
    return analyze_seal(a, &branch->chain);
}

static bool scan_view(struct analyzer *a, size_t index, const char *qualifier, struct analyze_branch *branch)
{
    const struct plan_view *view = &a->catalog->views[index];
    branch->streaming = true;
    branch->chain.view = index;
    size_t count = view->columns->ncolumns;
    if (!add_columns(a, branch, view->columns, qualifier))
        return false;
    for (size_t i = count - view->nhidden; i < count; i++)
        branch->scope.names[i].unstarred = true;
    return view->watermark_column == NULL || add_watermark(a, branch, view);
}

static bool not_found(struct analyzer *a, const struct ast_relation *relation)
{
    struct buf name = BUF_INIT;
    for (size_t i = 0; i < relation->nparts; i++)
        buf_printf(&name, "%s`%s`", i > 0 ? "." : "", relation->parts[i]);
    diagnose(a->err, a->sql, relation->range, "TABLE_OR_VIEW_NOT_FOUND", "42P01",
             "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.\nIf "
             "you did not qualify "
             "the name with a schema, verify the current_schema() output, or qualify the name with the correct schema "
             "and catalog.",
             name.data != NULL ? name.data : "");
    buf_release(&name);
    return false;
}

static void requalify(struct analyze_scope *scope, const char *qualifier)
{
    for (size_t i = 0; i < scope->nnames; i++)
        scope->names[i].qualifier = qualifier;
}

static bool rename_columns(struct analyzer *a, struct analyze_scope *scope, size_t nnames, const char *const *names,
                           struct sql_range range)
{
    if (nnames == 0)
        return true;
    if (nnames != scope->nnames) {
        diagnose(a->err, a->sql, range, "ASSIGNMENT_ARITY_MISMATCH", "42802",
                 "The number of columns or variables assigned or aliased: %zu does not match the number of source "
                 "expressions: %zu.",
                 nnames, scope->nnames);
        return false;
    }
    for (size_t i = 0; i < nnames; i++)
        scope->names[i].name = names[i];
    return true;
}

/* A query of WITH, analyzed anew at each use. -1: there is none of that name. */
static int use_cte(struct analyzer *a, const struct ast_relation *relation, struct analyze_branch *branch)
{
    for (const struct analyze_ctes *one = a->ctes; one != NULL; one = one->outer) {
        if (!analyze_same(one->cte->name, relation->parts[0]))
            continue;
        const struct analyze_ctes *saved = a->ctes;
        a->ctes = one->outer;
        a->cte_depth++;
        bool done = analyze_query(a, one->cte->query, branch);
        a->ctes = saved;
        a->cte_depth--;
        requalify(&branch->scope, one->cte->name);
        return done && rename_columns(a, &branch->scope, one->cte->nnames, one->cte->names, relation->range) ? 1 : 0;
    }
    return -1;
}

static bool analyze_named(struct analyzer *a, const struct ast_relation *relation, struct analyze_branch *branch)
{
    if (relation->nparts != 1)
        return not_found(a, relation);
    int cte = use_cte(a, relation, branch);
    if (cte >= 0)
        return cte == 1;
    for (size_t i = 0; i < a->catalog->nviews; i++) {
        if (analyze_same(a->catalog->views[i].name, relation->parts[0]))
            return scan_view(a, i, a->catalog->views[i].name, branch);
    }
    for (size_t i = 0; i < a->catalog->ntables; i++) {
        const struct plan_table *table = &a->catalog->tables[i];
        if (!analyze_same(table->name, relation->parts[0]))
            continue;
        branch->table = i;
        a->reads_table = true;
        return add_columns(a, branch, table->columns, table->name);
    }
    return not_found(a, relation);
}

static bool analyze_one(struct analyzer *a, const struct ast_relation *relation, struct analyze_branch *branch)
{
    memset(branch, 0, sizeof *branch);
    branch->chain.view = ANALYZE_NONE;
    branch->table = ANALYZE_NONE;
    bool done =
        relation->query != NULL ? analyze_query(a, relation->query, branch) : analyze_named(a, relation, branch);
    if (!done)
        return false;
    if (relation->alias != NULL)
        requalify(&branch->scope, relation->alias);
    else if (relation->query != NULL)
        requalify(&branch->scope, NULL);
    return rename_columns(a, &branch->scope, relation->nnames, relation->names, relation->alias_range);
}

/* ---- joins ------------------------------------------------------------------------------------------------------- */

struct join {
    struct analyze_branch *stream; /* whose operators go on */
    struct analyze_branch *table;
    size_t nstream; /* columns of the stream: those of the table follow */
    struct plan_op *op;
};

static bool is_side(const struct expr *expr, const struct join *join, bool table, bool *used)
{
    size_t total = join->stream->chain.ncolumns;
    memset(used, 0, total * sizeof *used);
    tree_columns(expr, used);
    bool any = false;
    for (size_t i = 0; i < total; i++) {
        if (!used[i])
            continue;
        if ((i >= join->nstream) != table)
            return false;
        any = true;
    }
    return any;
}

/* The expression over the table's own columns. */
static struct expr *of_table(struct analyzer *a, const struct join *join, struct expr *expr)
{
    size_t total = join->stream->chain.ncolumns;
    size_t *map = arena_calloc(a->arena, total + 1, sizeof *map);
    if (map == NULL)
        return analyze_oom(a);
    for (size_t i = join->nstream; i < total; i++)
        map[i] = i - join->nstream;
    struct expr *moved = tree_renumber(a->arena, expr, map);
    return moved != NULL ? moved : analyze_oom(a);
}

static bool add_condition(struct analyzer *a, struct expr **all, struct expr *part)
{
    if (part == NULL)
        return false;
    if (*all != NULL) {
        struct expr **args = arena_calloc(a->arena, 2, sizeof *args);
        if (args == NULL)
            return analyze_oom(a) != NULL;
        args[0] = *all;
        args[1] = part;
        part = analyze_bind(a, "AND", args, 2, part->range);
    }
    *all = part;
    return part != NULL;
}

static bool add_key(struct analyzer *a, struct join *join, struct expr *stream, struct expr *table, bool null_safe)
{
    size_t n = join->op->u.join.nkeys++;
    table = of_table(a, join, table);
    if (table == NULL)
        return false;
    join->op->u.join.stream_keys[n] = stream;
    join->op->u.join.table_keys[n] = table;
    join->op->u.join.null_safe[n] = null_safe;
    return true;
}

/* Sort one part of the ON condition into keys, what concerns the table alone, and the rest. An INNER join's condition
 * on the stream alone could be a filter before it; the optimizer moves it there. */
static bool place_condition(struct analyzer *a, struct join *join, struct expr *part, bool *used)
{
    bool equal = part->kind == EXPR_CALL && part->function == function_operator("=");
    bool null_safe = part->kind == EXPR_CALL && part->function == function_operator("<=>");
    if (equal || null_safe) {
        struct expr *left = part->args[0];
        struct expr *right = part->args[1];
        if (is_side(left, join, false, used) && is_side(right, join, true, used))
            return add_key(a, join, left, right, null_safe);
        if (is_side(left, join, true, used) && is_side(right, join, false, used))
            return add_key(a, join, right, left, null_safe);
    }
    if (is_side(part, join, true, used))
        return add_condition(a, &join->op->u.join.table_filter, of_table(a, join, part));
    return add_condition(a, &join->op->u.join.condition, part);
}

static bool split_condition(struct analyzer *a, struct join *join, struct expr *on)
{
    struct expr **parts = NULL;
    size_t nparts = tree_conjuncts(a->arena, on, &parts);
    bool *used = arena_calloc(a->arena, join->stream->chain.ncolumns + 1, sizeof *used);
    join->op->u.join.stream_keys = arena_calloc(a->arena, nparts, sizeof(struct expr *));
    join->op->u.join.table_keys = arena_calloc(a->arena, nparts, sizeof(struct expr *));
    join->op->u.join.null_safe = arena_calloc(a->arena, nparts, sizeof(bool));
    if (parts == NULL || used == NULL || join->op->u.join.stream_keys == NULL || join->op->u.join.table_keys == NULL ||
        join->op->u.join.null_safe == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < nparts; i++) {
        if (!place_condition(a, join, parts[i], used))
            return false;
    }
    return true;
}

static struct expr *bind_on(struct analyzer *a, const struct ast_relation *relation, const struct analyze_scope *scope)
{
    struct analyze_context context = {.scope = scope};
    struct expr *on = analyze_expr(a, &context, relation->on);
    if (on == NULL)
        return NULL;
    if (analyze_is_aggregate(on) || tree_find_kind(on, EXPR_WINDOW) != NULL)
        return diagnose(a->err, a->sql, relation->join_range, "UNSUPPORTED_EXPR_FOR_OPERATOR", "42K0E",
                        "A query operator contains one or more unsupported expressions. Consider to rewrite it to "
                        "avoid window functions, "
                        "aggregate functions, and generator functions in the WHERE clause. Invalid expressions: [%s]",
                        analyze_name_of(a, on));
    if (on->type->id != TYPE_BOOLEAN) {
        struct buf type = BUF_INIT;
        type_sql_name(on->type, &type);
        diagnose(a->err, a->sql, relation->join_range, "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", "42K0E",
                 "The join condition \"%s\" has the invalid type \"%s\", expected \"BOOLEAN\".", analyze_name_of(a, on),
                 type.data != NULL ? type.data : "");
        buf_release(&type);
        return NULL;
    }
    return on;
}

static const struct analyze_name *find_using(const struct analyze_scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->nnames; i++) {
        if (!scope->names[i].hidden && analyze_same(scope->names[i].name, name))
            return &scope->names[i];
    }
    return NULL;
}

static bool using_missing(struct analyzer *a, const struct analyze_scope *scope, const char *name, const char *side)
{
    struct buf names = BUF_INIT;
    analyze_scope_list(a, scope, &names);
    diagnose(a->err, a->sql, (struct sql_range){-1, -1}, "UNRESOLVED_USING_COLUMN_FOR_JOIN", "42703",
             "USING column `%s` cannot be resolved on the %s side of the join. The %s-side columns: [%s].", name, side,
             side, names.data != NULL ? names.data : "");
    buf_release(&names);
    return false;
}

static bool in_using(const struct ast_relation *relation, const char *name)
{
    for (size_t i = 0; i < relation->nusing; i++) {
        if (analyze_same(relation->using_names[i], name))
            return true;
    }
    return false;
}

/* Names of both sides in the order written. After USING: the shared columns (of the left side), the rest of the left,
 * the rest of the right; the right side's shared columns can only be named with their qualifier. */
static bool join_names(struct analyzer *a, const struct ast_relation *relation, const struct analyze_scope *left,
                       const struct analyze_scope *right, struct analyze_scope *scope)
{
    for (size_t i = 0; i < relation->nusing; i++) {
        const struct analyze_name *name = find_using(left, relation->using_names[i]);
        if (name == NULL)
            return using_missing(a, left, relation->using_names[i], "left");
        if (find_using(right, relation->using_names[i]) == NULL)
            return using_missing(a, right, relation->using_names[i], "right");
        if (!analyze_add_name(a, scope, name))
            return false;
    }
    for (size_t i = 0; i < left->nnames; i++) {
        if ((left->names[i].hidden || !in_using(relation, left->names[i].name)) &&
            !analyze_add_name(a, scope, &left->names[i]))
            return false;
    }
    for (size_t i = 0; i < right->nnames; i++) {
        struct analyze_name name = right->names[i];
        name.hidden = name.hidden || in_using(relation, name.name);
        if (!analyze_add_name(a, scope, &name))
            return false;
    }
    return true;
}

/* The condition that USING stands for. */
static struct expr *using_condition(struct analyzer *a, const struct ast_relation *relation,
                                    const struct analyze_scope *left, const struct analyze_scope *right)
{
    struct expr *all = NULL;
    for (size_t i = 0; i < relation->nusing; i++) {
        const struct analyze_name *l = find_using(left, relation->using_names[i]);
        const struct analyze_name *r = find_using(right, relation->using_names[i]);
        struct expr **args = arena_calloc(a->arena, 2, sizeof *args);
        if (args == NULL)
            return analyze_oom(a);
        args[0] = expr_column(a->arena, l->column, l->type, l->name, relation->join_range);
        args[1] = expr_column(a->arena, r->column, r->type, r->name, relation->join_range);
        if (args[0] == NULL || args[1] == NULL)
            return analyze_oom(a);
        struct expr *equal = analyze_bind(a, "=", args, 2, relation->join_range);
        if (equal == NULL || !add_condition(a, &all, equal))
            return NULL;
    }
    return all;
}

/* What Spark says to an outer join whose streaming side is the one that gets NULLs, and what is outside the subset. */
static bool judge_join(struct analyzer *a, const struct ast_relation *relation, const struct analyze_branch *left,
                       const struct analyze_branch *right)
{
    const char *message = NULL;
    struct analyze_note *note;
    if (left->streaming && right->streaming) {
        analyze_refuse(a, relation->join_range, "a join of two streams");
        return true;
    }
    if (!left->streaming && !right->streaming) {
        analyze_refuse(a, relation->join_range, "a join of two static tables");
        return true;
    }
    if (relation->join == AST_JOIN_LEFT && right->streaming)
        message = "LeftOuter join with a streaming DataFrame/Dataset on the right and a static DataFrame/Dataset on "
                  "the left is not supported";
    if (relation->join == AST_JOIN_RIGHT && left->streaming)
        message = "RightOuter join with a streaming DataFrame/Dataset on the left and a static DataFrame/DataSet on "
                  "the right not supported";
    if (relation->join == AST_JOIN_FULL)
        message = left->streaming ? "FullOuter joins with streaming DataFrames/Datasets on the left and a static "
                                    "DataFrame/Dataset on the right is not supported"
                                  : "FullOuter joins with streaming DataFrames/Datasets on the right and a static "
                                    "DataFrame/Dataset on the left is not supported";
    if (message == NULL && relation->join == AST_JOIN_RIGHT)
        analyze_refuse(a, relation->join_range, "RIGHT JOIN (write it as a LEFT JOIN)");
    if ((left->streaming ? right : left)->table == ANALYZE_NONE)
        analyze_refuse(a, relation->join_range, "a join with a subquery over static tables");
    if (message == NULL)
        return true;
    if (a->options->batch)
        analyze_refuse(a, relation->join_range, "joins that are neither INNER nor LEFT with the stream on the left");
    if (!analyze_note(a, ANALYZE_NOTE_JOIN, relation->join_range, &note))
        return false;
    note->message = message;
    return true;
}

static bool join_two(struct analyzer *a, const struct ast_relation *relation, struct analyze_branch *left,
                     struct analyze_branch *right, struct analyze_branch *out)
{
    struct join join = {0};
    struct analyze_scope scope = {0};
    if (!judge_join(a, relation, left, right))
        return false;
    bool swapped = !left->streaming && right->streaming;
    join.stream = swapped ? right : left;
    join.table = swapped ? left : right;
    join.nstream = join.stream->chain.ncolumns;
    size_t ncolumns = join.table->chain.ncolumns;
    for (size_t i = 0; i < join.table->scope.nnames; i++)
        join.table->scope.names[i].column += join.nstream;
    for (size_t i = 0; i < ncolumns; i++) {
        if (!analyze_add_column(a, &join.stream->chain, join.table->chain.columns[i].name,
                                join.table->chain.columns[i].type, false))
            return false;
    }
    if (!join_names(a, relation, &left->scope, &right->scope, &scope))
        return false;
    struct expr *on =
        relation->on != NULL ? bind_on(a, relation, &scope) : using_condition(a, relation, &left->scope, &right->scope);
    if (on == NULL)
        return false;
    join.op = analyze_op(a, &join.stream->chain, PLAN_JOIN);
    if (join.op == NULL)
        return false;
    size_t *needed = arena_calloc(a->arena, ncolumns + 1, sizeof *needed);
    if (needed == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < ncolumns; i++)
        needed[i] = i;
    join.op->u.join.table = join.table->table;
    join.op->u.join.table_name =
        join.table->table != ANALYZE_NONE ? arena_strdup(a->arena, a->catalog->tables[join.table->table].name) : "";
    if (join.op->u.join.table_name == NULL)
        return analyze_oom(a) != NULL;
    join.op->u.join.left = relation->join == AST_JOIN_LEFT && !swapped;
    join.op->u.join.nneeded = ncolumns;
    join.op->u.join.needed = needed;
    if (!split_condition(a, &join, on) || !analyze_seal(a, &join.stream->chain))
        return false;
    *out = *join.stream;
    out->scope = scope;
    out->table = ANALYZE_NONE;
    return true;
}

bool analyze_relation_from(struct analyzer *a, const struct ast_query *query, struct analyze_branch *branch)
{
    memset(branch, 0, sizeof *branch);
    branch->chain.view = ANALYZE_NONE;
    branch->table = ANALYZE_NONE;
    if (query->nrelations == 0) /* SELECT 1: one row without columns */
        return true;
    if (!analyze_one(a, query->relations[0], branch))
        return false;
    for (size_t i = 1; i < query->nrelations; i++) {
        struct analyze_branch left = *branch;
        struct analyze_branch right;
        if (!analyze_one(a, query->relations[i], &right) || !join_two(a, query->relations[i], &left, &right, branch))
            return false;
    }
    return true;
}
