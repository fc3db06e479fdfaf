/* Records logged by Spark 4.0.0 (tests/golden/logs), read into struct progress and written again: the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/json_writer.h"
#include "report/progress.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const files[] = {
    "progress_crimes_batch0.json",        "progress_crimes_batch12.json",   "progress_by_hour_batch0.json",
    "progress_by_hour_batch12.json",      "progress_crimes_idle.json",      "progress_by_hour_idle.json",
    "progress_by_hour_nodata_batch.json", "progress_strict_json_last.json", "progress_by_disposition_last.json",
};

static char *read_file(const char *name, size_t *len)
{
    char path[256];
    snprintf(path, sizeof(path), "tests/golden/logs/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = malloc(1 << 16);
    assert_non_null(text);
    *len = fread(text, 1, (1 << 16) - 1, file);
    text[*len] = '\0';
    fclose(file);
    while (*len > 0 && text[*len - 1] == '\n')
        text[--*len] = '\0';
    return text;
}

static int64_t time_ms(const char *iso)
{
    struct tm tm = {0};
    int ms = 0;
    assert_int_equal(sscanf(iso, "%d-%d-%dT%d:%d:%d.%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                            &tm.tm_sec, &ms),
                     7);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000 + ms;
}

static int64_t integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static double rate(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value == NULL ? NAN : json_number_value(value);
}

static char *text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? strdup(json_string_value(value)) : NULL;
}

static char *raw(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_object(value) ? json_dumps(value, JSON_COMPACT) : NULL;
}

static void load(const char *text, struct progress *p)
{
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    assert_non_null(root);
    progress_init(p);
    snprintf(p->id, sizeof(p->id), "%s", json_string_value(json_object_get(root, "id")));
    snprintf(p->run_id, sizeof(p->run_id), "%s", json_string_value(json_object_get(root, "runId")));
    p->name = text_of(root, "name");
    p->timestamp_ms = time_ms(json_string_value(json_object_get(root, "timestamp")));
    p->batch_id = integer(root, "batchId");
    p->duration_ms = integer(root, "batchDuration");
    p->input_rows_per_second = rate(root, "inputRowsPerSecond");
    p->processed_rows_per_second = rate(root, "processedRowsPerSecond");
    for (int i = 0; i < PROGRESS_PHASES; i++) {
        const json_t *value =
            json_object_get(json_object_get(root, "durationMs"), progress_phase_name((enum progress_phase)i));
        if (value != NULL)
            p->phase_ms[i] = json_integer_value(value);
    }
    const json_t *event = json_object_get(root, "eventTime");
    if (event != NULL) {
        p->has_watermark = true;
        p->watermark_ms = time_ms(json_string_value(json_object_get(event, "watermark")));
        if (json_object_get(event, "avg") != NULL) {
            p->has_event_time = true;
            p->event_avg_ms = time_ms(json_string_value(json_object_get(event, "avg")));
            p->event_max_ms = time_ms(json_string_value(json_object_get(event, "max")));
            p->event_min_ms = time_ms(json_string_value(json_object_get(event, "min")));
        }
    }
    const json_t *states = json_object_get(root, "stateOperators");
    p->nstates = json_array_size(states);
    p->states = calloc(p->nstates + 1, sizeof(*p->states));
    for (size_t i = 0; i < p->nstates; i++) {
        const json_t *state = json_array_get(states, i);
        const json_t *custom = json_object_get(state, "customMetrics");
        struct progress_state *s = &p->states[i];
        snprintf(s->operator_name, sizeof(s->operator_name), "%s",
                 json_string_value(json_object_get(state, "operatorName")));
        s->rows_total = integer(state, "numRowsTotal");
        s->rows_updated = integer(state, "numRowsUpdated");
        s->all_updates_ms = integer(state, "allUpdatesTimeMs");
        s->rows_removed = integer(state, "numRowsRemoved");
        s->all_removals_ms = integer(state, "allRemovalsTimeMs");
        s->commit_ms = integer(state, "commitTimeMs");
        s->memory_bytes = integer(state, "memoryUsedBytes");
        s->rows_dropped_by_watermark = integer(state, "numRowsDroppedByWatermark");
        s->shuffle_partitions = integer(state, "numShufflePartitions");
        s->store_instances = integer(state, "numStateStoreInstances");
        s->cache_hits = integer(custom, "loadedMapCacheHitCount");
        s->cache_misses = integer(custom, "loadedMapCacheMissCount");
        s->current_version_bytes = integer(custom, "stateOnCurrentVersionSizeBytes");
    }
    const json_t *sources = json_object_get(root, "sources");
    p->nsources = json_array_size(sources);
    p->sources = calloc(p->nsources + 1, sizeof(*p->sources));
    for (size_t i = 0; i < p->nsources; i++) {
        const json_t *source = json_array_get(sources, i);
        const json_t *metrics = json_object_get(source, "metrics");
        struct progress_source *s = &p->sources[i];
        s->description = text_of(source, "description");
        s->start_offset = raw(source, "startOffset");
        s->end_offset = raw(source, "endOffset");
        s->latest_offset = raw(source, "latestOffset");
        s->rows = integer(source, "numInputRows");
        if (metrics != NULL) {
            s->has_lag = true;
            s->lag_avg = strtod(json_string_value(json_object_get(metrics, "avgOffsetsBehindLatest")), NULL);
            s->lag_max = strtoll(json_string_value(json_object_get(metrics, "maxOffsetsBehindLatest")), NULL, 10);
            s->lag_min = strtoll(json_string_value(json_object_get(metrics, "minOffsetsBehindLatest")), NULL, 10);
        }
    }
    p->sink_description = text_of(json_object_get(root, "sink"), "description");
    p->output_rows = integer(json_object_get(root, "sink"), "numOutputRows");
    json_decref(root);
}

static void same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t len = 0;
        char *text = read_file(files[i], &len);
        bool pretty = text[1] == '\n';
        struct progress p;
        struct progress copy;
        struct buf out = BUF_INIT;

        load(text, &p);
        assert_int_equal(progress_copy(&copy, &p), 0);
        progress_release(&p);
        progress_json(&copy, pretty, &out);
        assert_false(out.failed);
        if (out.len != len || memcmp(out.data, text, len) != 0)
            fail_msg("%s:\nwanted %s\ngot    %s", files[i], text, out.data);
        progress_release(&copy);
        buf_release(&out);
        free(text);
    }
}

static void absent_numbers(void **state)
{
    struct progress p;
    struct buf out = BUF_INIT;

    (void)state;
    progress_init(&p);
    p.input_rows_per_second = NAN;
    p.processed_rows_per_second = INFINITY;
    progress_json(&p, false, &out);
    assert_null(strstr(out.data, "RowsPerSecond"));
    assert_null(strstr(out.data, "durationMs"));
    assert_null(strstr(out.data, "eventTime"));
    assert_non_null(strstr(out.data, "\"name\":null"));
    assert_non_null(strstr(out.data, "\"numOutputRows\":-1"));
    buf_release(&out);
    progress_release(&p);
}

static void strings(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t\x1b\x7f/", "\"\\b\\f\\n\\r\\t\\u001B\x7f/\""},
        {"caf\xC3\xA9 \xF0\x9F\x9A\x94", "\"caf\xC3\xA9 \xF0\x9F\x9A\x94\""},
        {"caf\xE9", "\"caf\xEF\xBF\xBD\""},
        {"\xF0\x9F\x9A!", "\"\xEF\xBF\xBD!\""},
        {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\xBD", "\"\xEF\xBF\xBD\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT;
        struct json_writer json;
        json_writer_init(&json, &out);
        json_writer_text(&json, rows[i].in);
        assert_string_equal(out.data, rows[i].out);
        buf_release(&out);
    }
}

static void pretty_forms(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"[]", "[ ]"},
        {"{}", "{ }"},
        {"[{\"a\":1},{}]", "[ {\n  \"a\" : 1\n}, { } ]"},
        {"{\"a\":[1,2],\"b\":\"x:,{\\\"}\"}", "{\n  \"a\" : [ 1, 2 ],\n  \"b\" : \"x:,{\\\"}\"\n}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT;
        json_writer_pretty(rows[i].in, strlen(rows[i].in), &out);
        assert_string_equal(out.data, rows[i].out);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(absent_numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(pretty_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
