/* The plan as text: for people (explain) and for the checkpoint (fingerprint). */
#include "sql/plan.h"

#include "sql/tree.h"

#include <inttypes.h>
#include <string.h>

static void append_list(struct expr *const *exprs, size_t count, struct buf *out)
{
    buf_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        expr_name(exprs[i], out);
    }
    buf_append_byte(out, ']');
}

static void explain_project(const struct plan_op *op, struct buf *out)
{
    buf_append_text(out, "Project [");
    for (size_t i = 0; i < op->ncolumns; i++) {
        struct buf name = BUF_INIT;
        expr_name(op->u.project.exprs[i], &name);
        if (i > 0)
            buf_append_text(out, ", ");
        if (name.data != NULL)
            buf_append(out, name.data, name.len);
        if (name.data != NULL && strcmp(name.data, op->columns[i].name) != 0)
            buf_printf(out, " AS %s", op->columns[i].name);
        out->failed = out->failed || name.failed;
        buf_release(&name);
    }
    buf_append_byte(out, ']');
}

static void explain_join(const struct plan_op *op, struct buf *out)
{
    buf_printf(out, "Join %s %s [", op->u.join.left ? "left outer" : "inner", op->u.join.table_name);
    for (size_t i = 0; i < op->u.join.nkeys; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        expr_name(op->u.join.stream_keys[i], out);
        buf_append_text(out, op->u.join.null_safe[i] ? " <=> " : " = ");
        expr_name(op->u.join.table_keys[i], out);
    }
    buf_append_byte(out, ']');
    if (op->u.join.table_filter != NULL) {
        buf_append_text(out, ", of the table: ");
        expr_name(op->u.join.table_filter, out);
    }
    if (op->u.join.condition != NULL) {
        buf_append_text(out, ", where ");
        expr_name(op->u.join.condition, out);
    }
}

static void explain_aggregate(const struct plan_op *op, struct buf *out)
{
    buf_append_text(out, op->u.aggregate.distinct ? "Distinct " : "Aggregate ");
    append_list(op->u.aggregate.keys, op->u.aggregate.nkeys, out);
    if (op->u.aggregate.distinct)
        return;
    buf_append_text(out, ", [");
    for (size_t i = 0; i < op->u.aggregate.ncalls; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", op->u.aggregate.calls[i].name);
    buf_append_byte(out, ']');
}

static void explain_sort(const struct plan_op *op, struct buf *out)
{
    buf_append_text(out, "Sort [");
    for (size_t i = 0; i < op->u.sort.nkeys; i++) {
        const struct plan_sort_key *key = &op->u.sort.keys[i];
        if (i > 0)
            buf_append_text(out, ", ");
        expr_name(key->expr, out);
        buf_printf(out, " %s NULLS %s", key->descending ? "DESC" : "ASC", key->nulls_first ? "FIRST" : "LAST");
    }
    buf_append_byte(out, ']');
}

static void append_seconds(int64_t us, struct buf *out)
{
    buf_printf(out, us % 1000000 == 0 ? "%" PRId64 " s" : "%" PRId64 " us", us % 1000000 == 0 ? us / 1000000 : us);
}

static void explain_op(const struct plan_op *op, struct buf *out)
{
    switch (op->kind) {
    case PLAN_FILTER:
        buf_append_text(out, "Filter ");
        expr_name(op->u.filter, out);
        break;
    case PLAN_PROJECT:
        explain_project(op, out);
        break;
    case PLAN_JOIN:
        explain_join(op, out);
        break;
    case PLAN_WINDOW:
        buf_append_text(out, "Window ");
        expr_name(op->u.window.time, out);
        buf_append_text(out, ", every ");
        append_seconds(op->u.window.slide_us, out);
        buf_append_text(out, ", of ");
        append_seconds(op->u.window.window_us, out);
        if (op->u.window.start_us != 0) {
            buf_append_text(out, ", from ");
            append_seconds(op->u.window.start_us, out);
        }
        break;
    case PLAN_WATERMARK:
        buf_printf(out, "Watermark %s, delay ", op->columns[op->u.watermark.column].name);
        append_seconds(op->u.watermark.delay_us, out);
        break;
    case PLAN_AGGREGATE:
        explain_aggregate(op, out);
        break;
    case PLAN_SORT:
        explain_sort(op, out);
        break;
    case PLAN_LIMIT:
        buf_printf(out, "Limit %" PRId64, op->u.limit.rows);
        break;
    }
}

void plan_explain(const struct plan *plan, struct buf *out)
{
    size_t depth = 0;
    for (size_t i = plan->nops; i > 0; i--, depth++) {
        if (depth > 0) {
            buf_append_fill(out, ' ', (depth - 1) * 3);
            buf_append_text(out, "+- ");
        }
        explain_op(&plan->ops[i - 1], out);
        buf_append_byte(out, '\n');
    }
    if (depth > 0) {
        buf_append_fill(out, ' ', (depth - 1) * 3);
        buf_append_text(out, "+- ");
    }
    buf_printf(out, "Scan %s [", plan->view == PLAN_NO_VIEW ? "one row" : plan->view_name);
    for (size_t i = 0; i < plan->ncolumns; i++)
        buf_printf(out, "%s%s", i > 0 ? ", " : "", plan->scan_columns[i].name);
    buf_append_text(out, "]\n");
}

/* ---- fingerprint ------------------------------------------------------------------------------------------------- */

/* Columns by the names that the view gives them, not as the user typed them this time. */
struct naming {
    struct arena *arena;
    const struct type_field *columns;
};

static bool rename_column(const struct expr *expr, void *cookie, struct expr **out)
{
    struct naming *naming = cookie;
    if (expr->kind != EXPR_COLUMN)
        return false;
    *out = expr_column(naming->arena, expr->column, expr->type, naming->columns[expr->column].name, expr->range);
    return true;
}

static void append_expr(const struct plan *plan, size_t at, struct expr *expr, struct buf *out)
{
    struct arena scratch;
    arena_init(&scratch);
    struct naming naming = {&scratch, at == 0 ? plan->scan_columns : plan->ops[at - 1].columns};
    const struct expr *renamed = tree_map(&scratch, expr, rename_column, &naming);
    if (renamed == NULL)
        out->failed = true;
    else
        expr_name(renamed, out);
    buf_append_text(out, ": ");
    type_name(expr->type, out);
    arena_release(&scratch);
}

static void fingerprint_op(const struct plan *plan, size_t at, struct buf *out)
{
    const struct plan_op *op = &plan->ops[at];
    if (op->kind == PLAN_WATERMARK) {
        buf_printf(out, "watermark %s %" PRId64 "\n", op->columns[op->u.watermark.column].name,
                   op->u.watermark.delay_us);
    } else if (op->kind == PLAN_WINDOW) {
        buf_append_text(out, "window ");
        append_expr(plan, at, op->u.window.time, out);
        buf_printf(out, " %" PRId64 " %" PRId64 " %" PRId64 "\n", op->u.window.window_us, op->u.window.slide_us,
                   op->u.window.start_us);
    } else if (op->kind == PLAN_AGGREGATE) {
        for (size_t i = 0; i < op->u.aggregate.nkeys; i++) {
            buf_append_text(out, "key ");
            append_expr(plan, at, op->u.aggregate.keys[i], out);
            buf_append_byte(out, '\n');
        }
        for (size_t i = 0; i < op->u.aggregate.ncalls; i++) {
            static const char *const kinds[] = {"count", "sum", "avg", "min", "max"};
            const struct plan_aggregate_call *call = &op->u.aggregate.calls[i];
            buf_printf(out, "aggregate %s", kinds[call->kind]);
            if (call->arg != NULL) {
                buf_append_byte(out, ' ');
                append_expr(plan, at, call->arg, out);
            }
            if (call->filter != NULL) {
                buf_append_text(out, " filter ");
                append_expr(plan, at, call->filter, out);
            }
            buf_append_byte(out, '\n');
        }
    } else if (op->kind == PLAN_LIMIT && plan->aggregate == plan->nops) {
        buf_append_text(out, "limit\n"); /* counts over the query's life, so it is state */
    }
}

void plan_fingerprint(const struct plan *plan, struct buf *out)
{
    static const char *const modes[] = {"complete", "update", "append"};
    buf_printf(out, "outputMode %s\n", modes[plan->output_mode]);
    for (size_t i = 0; i < plan->nops; i++)
        fingerprint_op(plan, i, out);
}
