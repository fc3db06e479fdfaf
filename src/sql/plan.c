/* From text to plan: parse, analyze, check what streaming allows, move filters down, prune, and note what the engine
 * asks for (where the aggregation is, which key is the event time). */
#include "sql/plan.h"

#include "plan_internal.h"
#include "sql/diagnose.h"
#include "sql/parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int plan_output_mode(const char *text, enum plan_output_mode *mode, struct errbuf *err)
{
    static const struct {
        const char *name;
        enum plan_output_mode mode;
    } modes[] = {{"complete", PLAN_COMPLETE}, {"update", PLAN_UPDATE}, {"append", PLAN_APPEND}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcasecmp(text, modes[i].name) == 0) {
            *mode = modes[i].mode;
            return 0;
        }
    }
    diagnose(err, NULL, (struct sql_range){-1, -1}, "STREAMING_OUTPUT_MODE.INVALID", "42KDE",
             "Invalid streaming output mode: %.60s. Accepted output modes are 'Append', 'Complete', 'Update'.", text);
    return -1;
}

static bool refuse(struct analyzer *a, const char *feature)
{
    diagnose_unsupported(a->err, a->sql, (struct sql_range){-1, -1}, "Outside the supported subset of Spark SQL: %s.",
                         feature);
    return false;
}

/* At most one aggregation; nothing that needs all rows below it. */
static bool place_stages(struct analyzer *a, struct plan *plan)
{
    plan->aggregate = plan->nops;
    for (size_t i = 0; i < plan->nops; i++) {
        if (plan->ops[i].kind != PLAN_AGGREGATE)
            continue;
        if (plan->aggregate < plan->nops)
            return refuse(a, "an aggregation of an aggregation");
        plan->aggregate = i;
    }
    if (plan->aggregate < plan->nops) {
        plan->final_stage = plan->aggregate + 1;
        for (size_t i = 0; i < plan->aggregate; i++) {
            if (plan->ops[i].kind == PLAN_LIMIT || plan->ops[i].kind == PLAN_SORT)
                return refuse(a, "LIMIT or ORDER BY below an aggregation");
        }
        return true;
    }
    plan->final_stage = plan->nops;
    for (size_t i = plan->nops; i > 0; i--) {
        if (plan->ops[i - 1].kind == PLAN_LIMIT || plan->ops[i - 1].kind == PLAN_SORT)
            plan->final_stage = i - 1;
    }
    return true;
}

/* Follow the watermark's column to the aggregation's keys. */
static bool find_event_time(struct analyzer *a, struct plan *plan)
{
    size_t widest = plan->ncolumns;
    for (size_t i = 0; i < plan->nops; i++)
        widest = plan->ops[i].ncolumns > widest ? plan->ops[i].ncolumns : widest;
    bool *marked = arena_calloc(a->arena, widest + 1, sizeof *marked);
    bool *next = arena_calloc(a->arena, widest + 1, sizeof *next);
    if (marked == NULL || next == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < plan->nops && i <= plan->aggregate; i++) {
        struct plan_op *op = &plan->ops[i];
        if (op->kind == PLAN_WATERMARK) {
            marked[op->u.watermark.column] = true;
        } else if (op->kind == PLAN_WINDOW) {
            marked[op->ncolumns - 1] = op->u.window.time->kind == EXPR_COLUMN && marked[op->u.window.time->column];
        } else if (op->kind == PLAN_PROJECT) {
            for (size_t k = 0; k < op->ncolumns; k++)
                next[k] = op->u.project.exprs[k]->kind == EXPR_COLUMN && marked[op->u.project.exprs[k]->column];
            memset(marked, 0, widest * sizeof *marked);
            memcpy(marked, next, op->ncolumns * sizeof *marked);
        } else if (op->kind == PLAN_AGGREGATE) {
            for (size_t k = 0; k < op->u.aggregate.nkeys && op->u.aggregate.event_time_key < 0; k++) {
                const struct expr *key = op->u.aggregate.keys[k];
                if (key->kind != EXPR_COLUMN || !marked[key->column])
                    continue;
                op->u.aggregate.event_time_key = (int)k;
                op->u.aggregate.event_time_window = key->type->id == TYPE_STRUCT;
            }
        }
    }
    return true;
}

static bool fill_output(struct analyzer *a, const struct analyze_branch *branch, struct plan *plan)
{
    for (size_t i = 0; i < branch->chain.ncolumns; i++) {
        if (schema_add(&plan->output, branch->chain.columns[i].name, branch->chain.columns[i].type) != 0)
            return analyze_oom(a) != NULL;
    }
    plan->deterministic_order = false;
    for (size_t i = plan->nops; i > 0; i--) {
        enum plan_op_kind kind = plan->ops[i - 1].kind;
        if (kind == PLAN_PROJECT || kind == PLAN_LIMIT || kind == PLAN_FILTER)
            continue;
        plan->deterministic_order = kind == PLAN_SORT;
        break;
    }
    return true;
}

static bool keep_view(struct analyzer *a, struct analyze_branch *branch, struct plan *plan)
{
    plan->view = branch->chain.view == ANALYZE_NONE ? PLAN_NO_VIEW : branch->chain.view;
    if (plan->view == PLAN_NO_VIEW) {
        plan->view_name = "";
        return true;
    }
    const struct plan_view *view = &a->catalog->views[plan->view];
    struct type_field *columns = arena_calloc(a->arena, view->columns->ncolumns + 1, sizeof *columns);
    plan->view_name = arena_strdup(a->arena, view->name);
    if (columns == NULL || plan->view_name == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < view->columns->ncolumns; i++) {
        if (!analyze_relation_copy(a, &view->columns->columns[i], &columns[i]))
            return false;
    }
    a->view_columns = columns;
    a->nview = view->columns->ncolumns;
    return true;
}

static bool compile(struct analyzer *a, const struct ast_query *query, struct plan *plan)
{
    struct analyze_branch branch;
    if (!analyze_routines(a, query) || !analyze_query(a, query, &branch) || !analyze_stream_check(a, &branch))
        return false;
    if (branch.chain.view == ANALYZE_NONE && a->reads_table)
        analyze_refuse(a, query->range, "a query over static tables alone");
    if (a->refused) {
        diagnose_unsupported(a->err, a->sql, a->refused_range, "Outside the supported subset of Spark SQL: %s.",
                             a->refused_feature);
        return false;
    }
    if (!keep_view(a, &branch, plan) || !plan_filter_push(a, &branch.chain, a->nview) ||
        !plan_prune(a, &branch.chain, a->nview, &plan->ncolumns, &plan->columns))
        return false;
    struct type_field *scan = arena_calloc(a->arena, plan->ncolumns + 1, sizeof *scan);
    if (scan == NULL)
        return analyze_oom(a) != NULL;
    for (size_t i = 0; i < plan->ncolumns; i++)
        scan[i] = a->view_columns[plan->columns[i]];
    plan->scan_columns = scan;
    plan->nops = branch.chain.nops;
    plan->ops = branch.chain.ops;
    return place_stages(a, plan) && find_event_time(a, plan) && fill_output(a, &branch, plan);
}

struct plan *plan_compile(const char *sql, const struct plan_catalog *catalog, const struct plan_options *options,
                          struct errbuf *err)
{
    struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        errbuf_oom(err, "plan", sizeof *plan);
        return NULL;
    }
    arena_init(&plan->arena);
    schema_init(&plan->output);
    errbuf_clear(err);
    plan->output_mode = options->output_mode;
    plan->zone = options->zone;
    plan->sql = arena_strdup(&plan->arena, sql);
    if (plan->sql == NULL) {
        errbuf_oom(err, "plan", strlen(sql));
        goto failed;
    }
    struct ast_query *query = parse_query(plan->sql, &plan->arena, err);
    if (query == NULL)
        goto failed;
    struct analyzer analyzer = {
        .sql = plan->sql, .arena = &plan->arena, .catalog = catalog, .options = options, .err = err};
    if (!compile(&analyzer, query, plan))
        goto failed;
    return plan;
failed:
    plan_free(plan);
    return NULL;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    schema_release(&plan->output);
    arena_release(&plan->arena);
    free(plan);
}
