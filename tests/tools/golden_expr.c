/* golden_expr DIR [OUTSIDE]: run every row of DIR/expr*.jsonl through parser, analyzer and evaluator, and compare with
 * what Spark answered: type, name, value, or the error with its SQLSTATE and place.
 *
 * A row is `SELECT <expr>` over the one-row table of tables/README.md, or over the rows of its own `VALUES (...), (...)
 * AS v(c)`, whose values are computed by the same means. One line per failing row with the first difference, then "N
 * passed, N failed, N skipped". Skipped are the rows of OUTSIDE (DIR/../outside.txt), if they are refused as
 * SFCRIME_UNSUPPORTED. Exit code 0 if nothing failed.
 */
#include "engine/aggregate.h"
#include "record/timestamp.h"
#include "record/window.h"
#include "sql/coerce.h"
#include "sql/diagnose.h"
#include "sql/plan.h"

#include "golden.h"

#include <glob.h>
#include <math.h>

/* ---- the table t ---------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum type_id type;
    bool null;
    const char *text;
    double number;
    int64_t whole;
} t_columns[] = {
    {"s", TYPE_STRING, false, "Hello", 0, 0},
    {"n", TYPE_BIGINT, false, NULL, 0, 42},
    {"i", TYPE_INT, false, NULL, 0, 7},
    {"d", TYPE_DOUBLE, false, NULL, 2.5, 0},
    {"b", TYPE_BOOLEAN, false, NULL, 0, 1},
    {"t", TYPE_TIMESTAMP, false, NULL, 0, INT64_C(1546300620123456)},
    {"dt", TYPE_DATE, false, NULL, 0, 17896},
    {"z", TYPE_STRING, true, NULL, 0, 0},
    {"zn", TYPE_BIGINT, true, NULL, 0, 0},
    {"zi", TYPE_INT, true, NULL, 0, 0},
    {"zd", TYPE_DOUBLE, true, NULL, 0, 0},
    {"zb", TYPE_BOOLEAN, true, NULL, 0, 0},
    {"zt", TYPE_TIMESTAMP, true, NULL, 0, 0},
    {"zdt", TYPE_DATE, true, NULL, 0, 0},
    {"u", TYPE_STRING, false, "\u00dcn\u00efc\u00f6d\u00e9 \u00df \u65e5\u672c \U0001F600", 0, 0},
    {"e", TYPE_STRING, false, "", 0, 0},
    {"w", TYPE_STRING, false, "  pad  ", 0, 0},
    {"ns", TYPE_STRING, false, "123", 0, 0},
    {"f", TYPE_BOOLEAN, false, NULL, 0, 0},
    {"neg", TYPE_BIGINT, false, NULL, 0, -42},
    {"j", TYPE_INT, false, NULL, 0, -3},
    {"zero", TYPE_INT, false, NULL, 0, 0},
    {"imax", TYPE_INT, false, NULL, 0, INT32_MAX},
    {"imin", TYPE_INT, false, NULL, 0, INT32_MIN},
    {"lmax", TYPE_BIGINT, false, NULL, 0, INT64_MAX},
    {"lmin", TYPE_BIGINT, false, NULL, 0, INT64_MIN},
    {"nan", TYPE_DOUBLE, false, NULL, NAN, 0},
    {"inf", TYPE_DOUBLE, false, NULL, INFINITY, 0},
    {"ninf", TYPE_DOUBLE, false, NULL, -INFINITY, 0},
    {"nz", TYPE_DOUBLE, false, NULL, -0.0, 0},
    {"t0", TYPE_TIMESTAMP, false, NULL, 0, -1},
    {"ts", TYPE_STRING, false, "2018-12-31T23:57:00.000", 0, 0},
    {"bin", TYPE_BINARY, false, "abc", 0, 0},
    {"two words", TYPE_BIGINT, false, NULL, 0, 2},
    {"Mixed", TYPE_STRING, false, "x", 0, 0},
};

#define NCOLUMNS (sizeof(t_columns) / sizeof(t_columns[0]))

static struct schema t_schema;
static struct vector t_vectors[NCOLUMNS];
static struct arena t_arena;

static void make_t(void)
{
    schema_init(&t_schema);
    for (size_t i = 0; i < NCOLUMNS; i++) {
        struct vector *v = &t_vectors[i];
        const struct type *type = type_of(t_columns[i].type);
        golden_need(schema_add(&t_schema, t_columns[i].name, type) == 0 && vector_alloc(v, type, 1, &t_arena) == 0,
                    "out of memory");
        if (t_columns[i].null)
            vector_set_null(v, 0);
        else if (t_columns[i].text != NULL)
            v->data.str[0] = (struct str){t_columns[i].text, (uint32_t)strlen(t_columns[i].text)};
        else if (t_columns[i].type == TYPE_BOOLEAN)
            v->data.boolean[0] = (uint8_t)t_columns[i].whole;
        else if (t_columns[i].type == TYPE_INT || t_columns[i].type == TYPE_DATE)
            v->data.i32[0] = (int32_t)t_columns[i].whole;
        else if (t_columns[i].type == TYPE_DOUBLE)
            v->data.f64[0] = t_columns[i].number;
        else
            v->data.i64[0] = t_columns[i].whole;
    }
}

/* ---- a plan over a batch -------------------------------------------------------------------------------------- */

/* Rows between two operators: at most VECTOR_ROWS of them. */
struct relation {
    struct batch batch;
    uint16_t sel[VECTOR_ROWS];
};

static int run_window(struct relation *r, const struct plan_op *op, struct eval *eval)
{
    struct window window = {op->u.window.window_us, op->u.window.slide_us, op->u.window.start_us};
    size_t old = r->batch.ncolumns, n = 0;
    struct vector *columns = arena_calloc(eval->arena, old + 1, sizeof(*columns));
    int64_t *starts = arena_calloc(eval->arena, window_max(&window), sizeof(*starts));
    struct vector time;

    golden_need(columns != NULL && starts != NULL, "out of memory");
    for (size_t c = 0; c <= old; c++)
        golden_need(vector_alloc(&columns[c], c < old ? r->batch.columns[c].type : type_window(), VECTOR_ROWS,
                                 eval->arena) == 0,
                    "out of memory");
    if (expr_eval(eval, op->u.window.time, &r->batch, r->batch.sel, r->batch.nselected, &time) != 0)
        return -1;
    for (size_t k = 0; k < r->batch.nselected; k++) {
        size_t row = r->batch.sel[k];
        if (vector_is_null(&time, row))
            continue;
        size_t count = window_starts(&window, time.data.i64[vector_row(&time, row)], starts);
        for (size_t w = 0; w < count; w++, n++) {
            golden_need(n < VECTOR_ROWS, "too many windows");
            for (size_t c = 0; c < old; c++)
                vector_copy(&columns[c], n, &r->batch.columns[c], vector_row(&r->batch.columns[c], row), NULL);
            columns[old].fields[0].data.i64[n] = starts[w];
            columns[old].fields[1].data.i64[n] = starts[w] + window.length_us;
        }
    }
    r->batch.columns = columns;
    r->batch.ncolumns = old + 1;
    r->batch.nrows = r->batch.nselected = n;
    for (size_t k = 0; k < n; k++)
        r->sel[k] = (uint16_t)k;
    return 0;
}

static int run_aggregate(struct relation *r, const struct plan_op *op, struct eval *eval, struct errbuf *err,
                         struct aggregate_layout **layout, struct aggregate_table *table)
{
    static uint32_t groups[VECTOR_ROWS];

    *layout = aggregate_layout_new(op);
    golden_need(*layout != NULL && aggregate_table_init(table, *layout) == 0, "out of memory");
    if (aggregate_update(table, eval, &r->batch, err) != 0)
        return -1;
    size_t n = table->count;
    golden_need(n <= VECTOR_ROWS, "too many groups");
    for (size_t g = 0; g < n; g++)
        groups[g] = (uint32_t)g;
    golden_need(aggregate_rows(table, groups, n, &r->batch, eval->arena) == 0, "out of memory");
    for (size_t k = 0; k < n; k++)
        r->sel[k] = (uint16_t)k;
    r->batch.sel = r->sel;
    r->batch.nselected = n;
    return 0;
}

static int run_op(struct relation *r, const struct plan_op *op, struct eval *eval, struct errbuf *err,
                  struct aggregate_layout **layout, struct aggregate_table *table)
{
    switch (op->kind) {
    case PLAN_FILTER: {
        long n = expr_select(eval, op->u.filter, &r->batch, r->batch.sel, r->batch.nselected, r->sel);
        if (n < 0)
            return -1;
        r->batch.nselected = (size_t)n;
        return 0;
    }
    case PLAN_PROJECT: {
        struct vector *columns = arena_calloc(eval->arena, op->ncolumns, sizeof(*columns));
        golden_need(columns != NULL, "out of memory");
        for (size_t c = 0; c < op->ncolumns; c++)
            if (expr_eval(eval, op->u.project.exprs[c], &r->batch, r->batch.sel, r->batch.nselected, &columns[c]) != 0)
                return -1;
        r->batch.columns = columns;
        r->batch.ncolumns = op->ncolumns;
        return 0;
    }
    case PLAN_WINDOW:
        return run_window(r, op, eval);
    case PLAN_AGGREGATE:
        return run_aggregate(r, op, eval, err, layout, table);
    case PLAN_JOIN:
        golden_need(false, "a join in an expression row");
        return -1;
    default:
        return 0;
    }
}

/* ---- one row -------------------------------------------------------------------------------------------------- */

struct outcome {
    bool refused_early; /* before it ran */
    struct errbuf err;
    struct buf type, name;
    size_t nvalues;
    json_t *values; /* texts or null */
};

static json_t *base64(struct str bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf out = BUF_INIT;

    for (uint32_t i = 0; i < bytes.len; i += 3) {
        uint32_t bits = 0, have = bytes.len - i < 3 ? bytes.len - i : 3;
        for (uint32_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < have ? (unsigned char)bytes.data[i + k] : 0);
        for (uint32_t k = 0; k < 4; k++)
            buf_append_byte(&out, k <= have ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
    }
    json_t *json = json_string(out.data != NULL ? out.data : "");
    buf_release(&out);
    return json;
}

/* The value as CAST(... AS STRING), or hexadecimal for BINARY. */
static json_t *value_text(struct eval *eval, const struct relation *r, size_t row, struct errbuf *err)
{
    const struct sql_range nowhere = {-1, -1};
    struct expr *column = expr_column(eval->arena, 0, r->batch.columns[0].type, "v", nowhere);
    struct binding binding = {.arena = eval->arena, .zone = eval->zone, .range = nowhere, .err = err};
    const uint16_t one[] = {(uint16_t)row};
    struct vector text;

    if (vector_is_null(&r->batch.columns[0], row) || column->type->id == TYPE_NULL)
        return json_null();
    if (column->type->id == TYPE_BINARY) {
        struct str bytes = r->batch.columns[0].data.str[vector_row(&r->batch.columns[0], row)];
        char *hex = calloc(1, bytes.len * 2U + 1);
        for (uint32_t i = 0; i < bytes.len; i++)
            snprintf(hex + i * 2, 3, "%02X", (unsigned char)bytes.data[i]);
        json_t *json = json_string(hex);
        free(hex);
        return json;
    }
    binding.function = function_operator("CAST");
    struct expr *cast = function_cast(&binding, column, type_of(TYPE_STRING), FUNCTION_CAST_ANSI);
    if (cast == NULL || expr_eval(eval, cast, &r->batch, one, 1, &text) != 0)
        return json_string("(no text)");
    struct str value = text.data.str[vector_row(&text, row)];
    json_t *json = json_stringn(value.data, value.len);
    return json != NULL ? json : json_pack("{s:o}", "b64", base64(value)); /* no UTF-8 */
}

static void run(const char *sql, const char *view_name, const struct schema *schema, const struct vector *vectors,
                size_t nrows, const struct zone *zone, struct outcome *out, struct vector *keep, struct arena *arena)
{
    struct plan_view view = {.name = view_name, .columns = schema};
    struct plan_catalog catalog = {.nviews = 1, .views = &view};
    struct plan_options options = {.output_mode = PLAN_COMPLETE, .batch = true, .zone = zone};
    struct aggregate_layout *layout = NULL;
    struct aggregate_table table = {0};
    struct relation r = {0};
    int rc = 0;

    errbuf_clear(&out->err);
    out->values = json_array();
    struct plan *plan = plan_compile(sql, &catalog, &options, &out->err);
    if (plan == NULL) {
        out->refused_early = true;
        return;
    }
    type_name(plan->output.columns[0].type, &out->type);
    buf_append_text(&out->name, plan->output.columns[0].name);
    struct eval eval = {.arena = arena, .zone = zone, .sql = sql, .err = &out->err};
    r.batch =
        (struct batch){.nrows = nrows, .sel = r.sel, .nselected = nrows, .ncolumns = plan->ncolumns, .arena = arena};
    r.batch.columns = arena_calloc(arena, plan->ncolumns + 1, sizeof(struct vector));
    for (size_t c = 0; c < plan->ncolumns; c++)
        r.batch.columns[c] = vectors[plan->columns[c]];
    for (size_t k = 0; k < nrows; k++)
        r.sel[k] = (uint16_t)k;
    for (size_t i = 0; i < plan->nops && rc == 0; i++)
        rc = run_op(&r, &plan->ops[i], &eval, &out->err, &layout, &table);
    for (size_t k = 0; rc == 0 && k < r.batch.nselected; k++) {
        json_array_append_new(out->values, value_text(&eval, &r, r.batch.sel[k], &out->err));
        out->nvalues++;
    }
    if (rc == 0 && keep != NULL && r.batch.nselected == 1) {
        golden_need(vector_alloc(keep, r.batch.columns[0].type, 1, arena) == 0, "out of memory");
        vector_copy(keep, 0, &r.batch.columns[0], vector_row(&r.batch.columns[0], r.batch.sel[0]), arena);
    }
    if (layout != NULL) {
        aggregate_table_release(&table);
        aggregate_layout_free(layout);
    }
    plan_free(plan);
}

static void outcome_release(struct outcome *out)
{
    buf_release(&out->type);
    buf_release(&out->name);
    json_decref(out->values);
}

static char difference[900];

static bool differ(const char *what, const char *got, const char *expected)
{
    int len = (int)strcspn(got, "\n"); /* an error's first line says enough */

    snprintf(difference, sizeof(difference), "%s: got %.*s, expected %.360s", what, len < 360 ? len : 360, got,
             expected);
    return false;
}

static bool same_json(const char *what, const json_t *got, const json_t *expected)
{
    if (json_equal(got, expected))
        return true;
    char *a = got != NULL ? json_dumps(got, JSON_ENCODE_ANY) : NULL;
    char *b = expected != NULL ? json_dumps(expected, JSON_ENCODE_ANY) : NULL;
    differ(what, a != NULL ? a : "nothing", b != NULL ? b : "nothing");
    free(a);
    free(b);
    return false;
}

/* Carets of the message: how much is underlined. */
static int carets(const char *text)
{
    int n = 0;

    for (const char *p = strstr(text, "\n== SQL"); p != NULL && *p != '\0'; p++)
        n += *p == '^';
    return n;
}

static bool same_place(const char *sql, const json_t *row, const struct errbuf *err)
{
    char got[80], expected[80];
    const json_t *start = json_object_get(row, "start");

    if (start == NULL)
        return err->line == 0 ? true : differ("place", "one", "none");
    int32_t first = (int32_t)json_integer_value(start),
            stop = (int32_t)json_integer_value(json_object_get(row, "stop"));
    size_t from = diagnose_byte_offset(sql, first), to = diagnose_byte_offset(sql, stop + 1);
    int line = 1, column = first, underlined = stop - first + 1;
    for (size_t i = 0; i < from; i++)
        if (sql[i] == '\n') {
            line++;
            column = 0;
            for (size_t k = i + 1; k < from; k++)
                column += ((unsigned char)sql[k] & 0xC0) != 0x80;
        }
    for (size_t i = from; i < to; i++)
        underlined -= sql[i] == '\n';
    snprintf(got, sizeof(got), "line %d column %d, %d underlined", err->line, err->column, carets(err->text));
    snprintf(expected, sizeof(expected), "line %d column %d, %d underlined", line, column, underlined);
    return strcmp(got, expected) == 0 ? true : differ("place", got, expected);
}

/* The first line of Spark's message, where the row has it. */
static bool same_message(const json_t *row, const struct errbuf *err)
{
    const char *message = golden_text(row, "messageLine");
    size_t len = strcspn(err->text, "\n"), wanted = strcspn(message, "\n");

    if (message[0] == '\0' || (len == wanted && strncmp(err->text, message, len) == 0))
        return true;
    return differ("message", err->text, message);
}

static bool compare(const char *sql, const json_t *row, const struct outcome *out)
{
    const char *error = golden_text(row, "error");
    bool failed = out->err.text[0] != '\0';
    const char *condition = out->err.condition[0] != '\0' ? out->err.condition : "NO_CONDITION";

    if (failed != (error[0] != '\0'))
        return failed ? differ("outcome", out->err.text, "a value") : differ("outcome", "a value", error);
    if (!out->refused_early && json_object_get(row, "name") != NULL) {
        const char *type = out->type.data != NULL ? out->type.data : "";
        const char *name = out->name.data != NULL ? out->name.data : "";
        if (strcmp(type, golden_text(row, "type")) != 0)
            return differ("type", type, golden_text(row, "type"));
        if (strcmp(name, golden_text(row, "name")) != 0)
            return differ("name", name, golden_text(row, "name"));
    }
    if (failed) {
        bool early = strcmp(golden_text(row, "phase"), "runtime") != 0;
        if (strcmp(condition, error) != 0)
            return differ("error", out->err.text, error);
        if (strcmp(out->err.sqlstate, golden_text(row, "sqlState")) != 0)
            return differ("SQLSTATE", out->err.sqlstate, golden_text(row, "sqlState"));
        if (early != out->refused_early)
            return differ("phase", early ? "runtime" : "before", golden_text(row, "phase"));
        if (strcmp(golden_text(row, "phase"), "parse") == 0) /* where ANTLR stops is not binding */
            return true;
        return same_place(sql, row, &out->err) && same_message(row, &out->err);
    }
    if (json_object_get(row, "expected_rows") != NULL)
        return same_json("rows", out->values, json_object_get(row, "expected_rows"));
    if (out->nvalues != 1)
        return same_json("rows", out->values, json_object_get(row, "expected"));
    return same_json("value", json_array_get(out->values, 0), json_object_get(row, "expected"));
}

/* ---- VALUES (1), (2) AS v(c) ---------------------------------------------------------------------------------- */

/* Compute the literals one by one over t; their common type is the column's. False when one of them is refused (*out
 * tells). */
static bool make_values(const char *from, const struct zone *zone, struct schema *schema, struct vector *column,
                        size_t *nrows, struct outcome *out, struct arena *arena)
{
    struct vector values[64];
    const struct type *type = type_of(TYPE_NULL);
    const char *p = strchr(from, '(');

    for (*nrows = 0; p != NULL && *nrows < 64; (*nrows)++) {
        const char *end = p + 1;
        char sql[400];
        for (int depth = 1; *end != '\0'; end++) {
            if (*end == '\'')
                end = strchr(end + 1, '\'');
            depth += *end == '(';
            depth -= *end == ')';
            if (depth == 0)
                break;
        }
        snprintf(sql, sizeof(sql), "SELECT %.*s FROM t", (int)(end - p - 1), p + 1);
        outcome_release(out);
        memset(out, 0, sizeof(*out));
        run(sql, "t", &t_schema, t_vectors, 1, zone, out, &values[*nrows], arena);
        if (out->err.text[0] != '\0')
            return false;
        type = coerce_tightest(arena, type, values[*nrows].type);
        golden_need(type != NULL, "VALUES of several types");
        p = strncmp(end + 1, " AS", 3) == 0 ? NULL : strchr(end, '(');
    }
    schema_init(schema);
    golden_need(schema_add(schema, "c", type) == 0 && vector_alloc(column, type, *nrows, arena) == 0, "out of memory");
    for (size_t i = 0; i < *nrows; i++) {
        if (vector_is_null(&values[i], 0) || values[i].type->id == TYPE_NULL)
            vector_set_null(column, i);
        else
            golden_need(vector_copy(column, i, &values[i], 0, arena) == 0, "out of memory");
    }
    outcome_release(out);
    memset(out, 0, sizeof(*out));
    return true;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

static char *outside_ids;

static int passed, failed, skipped;

static void run_row(const json_t *row, const void *cookie)
{
    const char *id = golden_text(row, "id"), *from = golden_text(row, "from");
    const char *zone_text = json_object_get(row, "zone") != NULL ? golden_text(row, "zone") : "UTC";
    const struct zone *zone = zone_open(zone_text, strlen(zone_text), NULL);
    struct outcome out = {.values = NULL};
    struct arena arena = ARENA_INIT;
    struct buf sql = BUF_INIT;
    bool outside = golden_is_outside(outside_ids, id);

    (void)cookie;
    golden_need(zone != NULL, "a zone is missing: is tzdata installed?");
    if (from[0] == '\0') {
        buf_printf(&sql, "SELECT %s\nFROM t", golden_text(row, "expr"));
        run(sql.data, "t", &t_schema, t_vectors, 1, zone, &out, NULL, &arena);
    } else {
        struct schema schema;
        struct vector column;
        size_t nrows;
        buf_printf(&sql, "SELECT %s\nFROM v", golden_text(row, "expr"));
        if (make_values(from, zone, &schema, &column, &nrows, &out, &arena)) {
            run(sql.data, "v", &schema, &column, nrows, zone, &out, NULL, &arena);
            schema_release(&schema);
        }
    }
    bool refused = strcmp(out.err.condition, "SFCRIME_UNSUPPORTED") == 0;
    if (refused && outside) {
        skipped++;
    } else if (!outside && compare(sql.data, row, &out)) {
        passed++;
    } else {
        failed++;
        printf("%s  %s  ;; %s\n", id, golden_text(row, "expr"),
               outside ? "listed in outside.txt, but not refused" : difference);
    }
    outcome_release(&out);
    buf_release(&sql);
    arena_release(&arena);
}

int main(int argc, char **argv)
{
    char path[4096];
    glob_t files;

    outside_ids = golden_outside(argc, argv);
    make_t();
    snprintf(path, sizeof(path), "%s/expr*.jsonl", argv[1]);
    if (glob(path, 0, NULL, &files) != 0)
        memset(&files, 0, sizeof(files));
    for (size_t i = 0; i < files.gl_pathc; i++)
        golden_each(files.gl_pathv[i], run_row, NULL);
    globfree(&files);
    free(outside_ids);
    schema_release(&t_schema);
    arena_release(&t_arena);
    zone_close_all();
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed == 0 ? 0 : 1;
}
