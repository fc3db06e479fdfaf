/* What Spark refuses in a streaming query, in the order of its UnsupportedOperationChecker: first what the output
 * mode says of the whole query, then operator by operator from the source upwards. */
#include "analyze_internal.h"

#include "sql/diagnose.h"

static const char *mode_name(enum plan_output_mode mode)
{
    static const char *const names[] = {"complete", "update", "append"};
    return names[mode];
}

static bool wrong_mode(struct analyzer *a, const char *operation)
{
    diagnose(
        a->err, NULL, (struct sql_range){-1, -1}, "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION", "42KDE",
        "Invalid streaming output mode: %s. This output mode is not supported for %s on streaming DataFrames/DataSets.",
        mode_name(a->options->output_mode), operation);
    return false;
}

static bool refused(struct analyzer *a, struct sql_range range, const char *message)
{
    diagnose(a->err, a->sql, range, "_LEGACY_ERROR_TEMP_3102", "", "%s", message);
    return false;
}

static bool is_aggregation(const struct analyze_note *note)
{
    return note->kind == ANALYZE_NOTE_AGGREGATE || note->kind == ANALYZE_NOTE_DISTINCT;
}

static bool check_mode(struct analyzer *a)
{
    const struct analyze_note *top = NULL;
    size_t aggregations = 0;
    for (size_t i = 0; i < a->nnotes; i++) {
        if (!is_aggregation(&a->notes[i]))
            continue;
        top = &a->notes[i];
        aggregations++;
    }
    if (a->options->output_mode == PLAN_APPEND && top != NULL && !top->watermarked)
        return wrong_mode(a, "streaming aggregations without watermark");
    if (a->options->output_mode == PLAN_COMPLETE && top == NULL)
        return wrong_mode(a, "no streaming aggregations");
    if (aggregations > 1 && a->options->output_mode != PLAN_APPEND)
        return refused(a, (struct sql_range){-1, -1},
                       "Detected pattern of possible 'correctness' issue due to global watermark. The query contains "
                       "stateful operation "
                       "which can emit rows older than the current watermark plus allowed late record delay, which are "
                       "\"late rows\" in "
                       "downstream stateful operations and these rows can be discarded. Please refer the programming "
                       "guide doc for more "
                       "details. If you understand the possible risk of correctness issue and still need to run the "
                       "query, you can disable "
                       "this check by setting the config "
                       "`spark.sql.streaming.statefulOperator.checkCorrectness.enabled` to false.");
    return true;
}

static bool check_note(struct analyzer *a, const struct analyze_note *note)
{
    bool complete = a->options->output_mode == PLAN_COMPLETE;
    switch (note->kind) {
    case ANALYZE_NOTE_DISTINCT_AGGREGATE:
        return refused(a, note->range,
                       "Distinct aggregations are not supported on streaming DataFrames/Datasets. Consider using "
                       "approx_count_distinct() "
                       "instead.");
    case ANALYZE_NOTE_SORT:
        if (complete && note->on_aggregate)
            return true;
        return refused(a, note->range,
                       "Sorting is not supported on streaming DataFrames/Datasets, unless it is on aggregated "
                       "DataFrame/Dataset in Complete "
                       "output mode");
    case ANALYZE_NOTE_LIMIT:
        if (a->options->output_mode != PLAN_UPDATE)
            return true;
        return refused(a, note->range,
                       "Limits are not supported on streaming DataFrames/Datasets in Update output mode");
    case ANALYZE_NOTE_OFFSET:
        return refused(a, note->range, "Offset is not supported on streaming DataFrames/Datasets");
    case ANALYZE_NOTE_JOIN:
        return refused(a, note->range, note->message);
    case ANALYZE_NOTE_AGGREGATE:
    case ANALYZE_NOTE_DISTINCT:
        return true;
    }
    return true;
}

static bool outside_in_batch(struct analyzer *a)
{
    for (size_t i = 0; i < a->nnotes; i++) {
        if (a->notes[i].kind == ANALYZE_NOTE_DISTINCT_AGGREGATE)
            analyze_refuse(a, a->notes[i].range, "DISTINCT inside an aggregate function");
        if (a->notes[i].kind == ANALYZE_NOTE_OFFSET)
            analyze_refuse(a, a->notes[i].range, "OFFSET");
    }
    return true;
}

bool analyze_stream_check(struct analyzer *a, const struct analyze_branch *branch)
{
    if (a->options->batch)
        return outside_in_batch(a);
    if (!branch->streaming) {
        diagnose(a->err, NULL, (struct sql_range){-1, -1}, "WRITE_STREAM_NOT_ALLOWED", "42601",
                 "`writeStream` can be called only on streaming Dataset/DataFrame.");
        return false;
    }
    if (!check_mode(a))
        return false;
    for (size_t i = 0; i < a->nnotes; i++) {
        if (!check_note(a, &a->notes[i]))
            return false;
    }
    return true;
}
