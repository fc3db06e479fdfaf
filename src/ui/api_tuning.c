/* GET /api/v1/tuning: how many milliseconds a batch takes by its rows, what that says about other limits and trigger
 * intervals, and the points that it is said from. Nothing is told outside the range of rows seen. */
#include "api_internal.h"

#include "ui/study.h"

#include <math.h>
#include <stdint.h>

static void write_fit(struct json_writer *json, const struct study *study)
{
    const struct tuning_fit *fit = &study->fit;

    json_writer_key(json, "fit");
    if (!study->fitted) {
        json_writer_raw(json, NULL);
        return;
    }
    json_writer_begin(json, '{');
    json_writer_key_double(json, "fixedMs", fit->fixed_ms);
    json_writer_key_double(json, "msPerRow", fit->ms_per_row);
    json_writer_key_known(json, "kneeRows", fit->has_knee ? (int64_t)fit->knee_rows : -1);
    json_writer_key_double(json, "msPerRowAbove", fit->has_knee ? fit->ms_per_row_above : NAN);
    json_writer_key_double(json, "residualMs", fit->residual_ms);
    json_writer_key_double(json, "r2", fit->r2);
    json_writer_end(json, '}');
}

static void estimate(struct json_writer *json, const struct study *study, int64_t rows)
{
    const struct study_estimate found = study_estimate(study, rows);

    json_writer_begin(json, '{');
    json_writer_key_i64(json, "rows", found.rows);
    json_writer_key_double(json, "batchMs", found.ms);
    json_writer_key_double(json, "rowsPerSecond", found.rows_per_second);
    json_writer_key(json, "keepsUp");
    if (study->snapshot->trigger_ms > 0)
        json_writer_bool(json, found.keeps_up);
    else
        json_writer_raw(json, NULL);
    json_writer_end(json, '}');
}

/* wanted: what ?rows= asks for, or -1. */
static void estimates(struct json_writer *json, const struct study *study, int64_t wanted)
{
    int64_t low = study_rows(study, false), high = study_rows(study, true),
            limit = study->snapshot->max_offsets_per_trigger;

    json_writer_key(json, "estimates");
    json_writer_begin(json, '[');
    if (study->fitted && wanted >= 0) {
        if (wanted >= low && wanted <= high)
            estimate(json, study, wanted);
    } else if (study->fitted) {
        estimate(json, study, low);
        if (study->fit.has_knee)
            estimate(json, study, (int64_t)study->fit.knee_rows);
        if (limit > low && limit < high)
            estimate(json, study, limit);
        estimate(json, study, high);
    }
    json_writer_end(json, ']');
}

static void advice(struct json_writer *json, const struct study *study)
{
    struct buf text = BUF_INIT;

    study_advice(study, &text);
    json_writer_key_text(json, "advice", text.failed ? NULL : text.data);
    buf_release(&text);
}

static void points_json(struct json_writer *json, const struct study *study)
{
    json_writer_key(json, "points");
    json_writer_begin(json, '[');
    for (size_t i = 0; i < study->n; i++) {
        const struct tuning_point *point = &study->points[i];
        json_writer_begin(json, '[');
        json_writer_i64(json, (int64_t)point->rows);
        json_writer_double(json, point->ms);
        json_writer_double(json, study->fitted ? point->ms - tuning_ms(&study->fit, point->rows) : 0);
        json_writer_end(json, ']');
    }
    json_writer_end(json, ']');
}

static void study_json(struct json_writer *json, const struct study *study, int64_t wanted)
{
    json_writer_begin(json, '{');
    json_writer_key_text(json, "name", study->snapshot->name);
    json_writer_key_i64(json, "batches", (int64_t)study->n);
    json_writer_key_known(json, "minRows", study_rows(study, false));
    json_writer_key_known(json, "maxRows", study_rows(study, true));
    write_fit(json, study);
    estimates(json, study, wanted);
    advice(json, study);
    points_json(json, study);
    json_writer_end(json, '}');
}

static void study_csv(const struct study *study, struct buf *out)
{
    buf_append_text(out, "rows,batchMs,fittedMs\n");
    for (size_t i = 0; i < study->n; i++) {
        buf_printf(out, "%.0f,%.3f,", study->points[i].rows, study->points[i].ms);
        if (study->fitted)
            buf_printf(out, "%.3f", tuning_ms(&study->fit, study->points[i].rows));
        buf_append_byte(out, '\n');
    }
}

void api_tuning(struct http_request *request, struct http_answer *answer)
{
    size_t n = board_queries(request->board);
    int64_t wanted = -1;
    bool bad = false;
    struct json_writer json;
    struct study study;

    if (http_number(request, "rows", 0, INT64_MAX, &wanted, answer) < 0)
        return;
    bool csv = api_wants_csv(request, answer, &bad);
    if (bad)
        return;
    if (csv) {
        struct snapshot *snapshot = api_chosen(request, answer);
        if (snapshot == NULL)
            return;
        if (study_init(&study, snapshot))
            study_csv(&study, &answer->body);
        else
            answer->body.failed = true;
        study_release(&study);
        snapshot_unref(snapshot);
        return;
    }
    json_writer_init(&json, &answer->body);
    json_writer_begin(&json, '{');
    json_writer_key(&json, "queries");
    json_writer_begin(&json, '[');
    for (size_t i = 0; i < n; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL && api_is_chosen(request, snapshot)) {
            if (study_init(&study, snapshot))
                study_json(&json, &study, wanted);
            else
                answer->body.failed = true;
            study_release(&study);
        }
        snapshot_unref(snapshot);
    }
    json_writer_end(&json, ']');
    json_writer_end(&json, '}');
}
