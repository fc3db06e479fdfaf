/* libFuzzer entry: any text through parser, analyzer and optimizer, over the SF crime catalog, in every output mode.
 * A refusal must have a condition; a plan must explain itself. */
#include "common/buf.h"
#include "sql/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct schema calls;
static struct schema radio_code;

static void compile(const char *sql, enum plan_output_mode mode, bool batch, const char *watermark)
{
    struct plan_view view = {
        .name = "calls", .columns = &calls, .watermark_column = watermark, .watermark_delay_us = 3600000000};
    struct plan_table table = {"radio_code", &radio_code};
    struct plan_catalog catalog = {1, &view, 1, &table};
    struct plan_options options = {.output_mode = mode, .batch = batch, .zone = zone_utc()};
    struct errbuf err;
    struct plan *plan = plan_compile(sql, &catalog, &options, &err);
    struct buf text = BUF_INIT;
    if (plan == NULL) {
        if (err.condition[0] == '\0' || err.text[0] == '\0')
            abort();
        return;
    }
    plan_explain(plan, &text);
    plan_fingerprint(plan, &text);
    if (text.failed || text.len == 0)
        abort();
    buf_release(&text);
    plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errbuf err;
    if (calls.ncolumns == 0) {
        schema_init(&calls);
        schema_init(&radio_code);
        if (schema_parse(&calls,
                         "crime_id STRING, original_crime_type_name STRING, call_date_time TIMESTAMP, disposition "
                         "STRING, city STRING, n BIGINT, d DOUBLE, b BOOLEAN, _offset BIGINT",
                         &err) != 0 ||
            schema_parse(&radio_code, "disposition_code STRING, description STRING", &err) != 0)
            abort();
    }
    char *sql = malloc(size + 1);
    if (sql == NULL)
        return 0;
    memcpy(sql, data, size);
    sql[size] = '\0';
    compile(sql, PLAN_APPEND, true, NULL);
    compile(sql, PLAN_COMPLETE, false, NULL);
    compile(sql, PLAN_UPDATE, false, "call_date_time");
    free(sql);
    return 0;
}
