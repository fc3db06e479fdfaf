/* golden_sql DIR [OUTSIDE]: run every row of DIR/sql_errors.jsonl, accepted.jsonl and streaming.jsonl through
 * plan_compile and compare with what Spark answered: names and types of the result, or condition, SQLSTATE and place
 * of the error.
 *
 * One line per failing row with the first difference, then "N passed, N failed, N skipped". Skipped are the rows of
 * OUTSIDE (DIR/../outside.txt), if they are refused as SFCRIME_UNSUPPORTED. Places are compared for syntax errors,
 * unresolved columns and type mismatches. Exit code 0 if nothing failed.
 */
#include "common/duration.h"
#include "record/schema.h"
#include "record/zone.h"
#include "sql/plan.h"

#include "golden.h"

static const char calls_ddl[] = "crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date "
                                "STRING, offense_date STRING, call_time STRING, "
                                "call_date_time TIMESTAMP, disposition STRING, address STRING, city STRING, state "
                                "STRING, agency_id STRING, address_type STRING, "
                                "common_location STRING";
static const char radio_code_ddl[] = "disposition_code STRING, description STRING";

static struct schema calls;
static struct schema radio_code;
static char *outside_ids;
static int passed, failed, skipped;

/* ---- one row ----------------------------------------------------------------------------------------------------- */

static char difference[512];

static bool differ(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool differ(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(difference, sizeof(difference), format, args);
    va_end(args);
    return false;
}

/* The plan of a row, or NULL with err. */
static struct plan *compile(const json_t *row, bool batch, struct errbuf *err)
{
    struct plan_view view = {.name = "calls", .columns = &calls};
    struct plan_table table = {"radio_code", &radio_code};
    struct plan_catalog catalog = {1, &view, 1, &table};
    struct plan_options options = {.output_mode = PLAN_APPEND, .batch = batch, .zone = zone_utc()};
    const json_t *watermark = json_object_get(row, "watermark");
    if (!batch && plan_output_mode(golden_text(row, "outputMode"), &options.output_mode, err) != 0)
        return NULL;
    if (json_is_array(watermark)) {
        const char *delay = json_string_value(json_array_get(watermark, 1));
        view.watermark_column = json_string_value(json_array_get(watermark, 0));
        struct duration duration;
        if (duration_parse(delay, strlen(delay), 0, &duration, err) != 0 ||
            duration_total_us(&duration, 31, delay, strlen(delay), &view.watermark_delay_us, err) != 0)
            return NULL;
    }
    return plan_compile(golden_text(row, "sql"), &catalog, &options, err);
}

static bool place_counts(const char *condition)
{
    return strcmp(condition, "PARSE_SYNTAX_ERROR") == 0 || strncmp(condition, "UNRESOLVED_COLUMN", 17) == 0 ||
           strncmp(condition, "DATATYPE_MISMATCH", 17) == 0;
}

static bool same_error(const json_t *row, const struct errbuf *err)
{
    const char *condition = golden_text(row, "error");
    if (strcmp(condition, err->condition) != 0)
        return differ("%s, not %s: %.200s", err->condition, condition, err->text);
    if (strcmp(golden_text(row, "sqlState"), err->sqlstate) != 0)
        return differ("SQLSTATE %s, not %s", err->sqlstate, golden_text(row, "sqlState"));
    const json_t *line = json_object_get(row, "line");
    const json_t *pos = json_object_get(row, "pos");
    if (place_counts(condition) && line != NULL && pos != NULL &&
        (err->line != json_integer_value(line) || err->column != json_integer_value(pos)))
        return differ("at %d:%d, not %d:%d", err->line, err->column, (int)json_integer_value(line),
                      (int)json_integer_value(pos));
    return true;
}

static bool same_output(const json_t *output, const struct plan *plan)
{
    if (json_array_size(output) != plan->output.ncolumns)
        return differ("%zu columns, not %zu", plan->output.ncolumns, json_array_size(output));
    for (size_t i = 0; i < plan->output.ncolumns; i++) {
        const json_t *column = json_array_get(output, i);
        const struct type_field *field = &plan->output.columns[i];
        struct buf type = BUF_INIT;
        bool same = true;
        type_name(field->type, &type);
        golden_need(!type.failed, "out of memory");
        if (strcmp(field->name, golden_text(column, "name")) != 0)
            same = differ("column %zu is named %s, not %s", i + 1, field->name, golden_text(column, "name"));
        else if (strcmp(type.data, golden_text(column, "type")) != 0)
            same = differ("column %s is %s, not %s", field->name, type.data, golden_text(column, "type"));
        buf_release(&type);
        if (!same)
            return false;
    }
    return true;
}

static bool check(const json_t *row, const struct plan *plan, const struct errbuf *err)
{
    if (json_object_get(row, "error") != NULL)
        return plan != NULL ? differ("accepted, not %s", golden_text(row, "error")) : same_error(row, err);
    if (plan == NULL)
        return differ("%s, not accepted: %.200s", err->condition, err->text);
    const json_t *output = json_object_get(row, "output");
    return output == NULL || same_output(output, plan);
}

static void run_row(const json_t *row, const void *cookie)
{
    bool batch = *(const bool *)cookie;
    const char *id = golden_text(row, "id");
    bool outside = golden_is_outside(outside_ids, id);
    struct errbuf err;

    difference[0] = '\0';
    errbuf_clear(&err);
    struct plan *plan = compile(row, batch, &err);
    bool refused = plan == NULL && strcmp(err.condition, "SFCRIME_UNSUPPORTED") == 0;
    if (refused && outside) {
        skipped++;
    } else if (!outside && check(row, plan, &err)) {
        passed++;
    } else {
        failed++;
        printf("%s  ", id);
        for (const char *p = golden_text(row, "sql"); *p != '\0'; p++)
            putchar(*p == '\n' ? ' ' : *p);
        printf("  ;; %.*s\n", (int)strcspn(difference, "\n"),
               outside ? "listed in outside.txt, but not refused" : difference);
    }
    plan_free(plan);
}

static void run_table(const char *directory, const char *table, bool batch)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s.jsonl", directory, table);
    golden_each(path, run_row, &batch);
}

int main(int argc, char **argv)
{
    struct errbuf err;

    outside_ids = golden_outside(argc, argv);
    schema_init(&calls);
    schema_init(&radio_code);
    golden_need(schema_parse(&calls, calls_ddl, &err) == 0 && schema_parse(&radio_code, radio_code_ddl, &err) == 0,
                err.text);
    run_table(argv[1], "sql_errors", true);
    run_table(argv[1], "accepted", true);
    run_table(argv[1], "streaming", false);
    schema_release(&calls);
    schema_release(&radio_code);
    free(outside_ids);
    zone_close_all();
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed == 0 ? 0 : 1;
}
