/* /tuning/: what a batch costs by its rows, and what that says about maxOffsetsPerTrigger and the trigger interval. */
#include "page_internal.h"

#include "ui/chart.h"
#include "ui/study.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define SIZES 8 /* estimates, from the least size seen to the greatest */
#define TABLE "points"
#define POOR 0.5 /* share of the variance; below it the line is hardly worth its ink */

static const char here[] = "/tuning/";

static void per_row(struct buf *out, const char *name, double ms_per_row)
{
    page_fact(out, name);
    html_decimal(out, ms_per_row * 1000, fabs(ms_per_row) < 0.1 ? 2 : 0);
    buf_append_text(out, " <small>µs a row</small>");
    page_fact_end(out);
}

static void fact_ms(struct buf *out, const char *name, double ms)
{
    page_fact(out, name);
    chart_value(out, CHART_MS, ms);
    page_fact_end(out);
}

static void facts(struct buf *out, const struct study *study)
{
    const struct tuning_fit *fit = &study->fit;

    buf_append_text(out, "<dl class=\"facts\">\n");
    page_fact_number(out, "Batches", (int64_t)study->n);
    page_fact(out, "Rows of a batch");
    html_number(out, study_rows(study, false));
    buf_append_text(out, "–");
    html_number(out, study_rows(study, true));
    page_fact_end(out);
    if (study->fitted) {
        fact_ms(out, "Fixed cost", fit->fixed_ms);
        per_row(out, fit->has_knee ? "Below the knee" : "Cost of a row", fit->ms_per_row);
        if (fit->has_knee) {
            page_fact_number(out, "Knee at", (int64_t)fit->knee_rows);
            per_row(out, "Above the knee", fit->ms_per_row_above);
        }
        fact_ms(out, "Off by (rms)", fit->residual_ms);
        page_fact(out, "Explained");
        html_decimal(out, fit->r2 * 100, 0);
        buf_append_text(out, " <small>% of the variance</small>");
        page_fact_end(out);
    }
    buf_append_text(out, "</dl>\n");
}

static void chart(struct buf *out, const struct study *study)
{
    double *x = calloc(study->n + 1, sizeof(*x)), *y = calloc(study->n + 1, sizeof(*y));
    double line_x[3], line_y[3];
    size_t nline = 0;

    if (x == NULL || y == NULL) {
        out->failed = true;
        goto done;
    }
    for (size_t i = 0; i < study->n; i++) {
        x[i] = study->points[i].rows;
        y[i] = study->points[i].ms;
    }
    if (study->fitted) {
        line_x[nline++] = x[0];
        if (study->fit.has_knee)
            line_x[nline++] = study->fit.knee_rows;
        line_x[nline++] = x[study->n - 1];
        for (size_t i = 0; i < nline; i++)
            line_y[i] = tuning_ms(&study->fit, line_x[i]);
    }
    int64_t trigger_ms = study->snapshot->trigger_ms;
    const struct chart_scatter scatter = {.id = "cost",
                                          .title = "Batch Duration by Input Rows",
                                          .help = "Each retained batch, and the line through them.",
                                          .unit = CHART_MS,
                                          .n = study->n,
                                          .x = x,
                                          .y = y,
                                          .nline = nline,
                                          .line_x = line_x,
                                          .line_y = line_y,
                                          .line_name = "fit",
                                          .limit = trigger_ms > 0 ? (double)trigger_ms : NAN,
                                          .limit_name = "trigger interval",
                                          .table = TABLE};
    buf_append_text(out, "<div class=\"charts one\">\n");
    chart_scatter(out, &scatter);
    buf_append_text(out, "</div>\n");
done:
    free(x);
    free(y);
}

static void estimate_row(struct buf *out, const struct study *study, int64_t rows)
{
    const struct study_estimate found = study_estimate(study, rows);
    bool limit = rows == study->snapshot->max_offsets_per_trigger;

    buf_append_text(out, limit ? "<tr class=\"total\">" : "<tr>");
    page_cell_number(out, rows);
    page_cell(out, true);
    chart_value(out, CHART_MS, found.ms);
    buf_append_text(out, "</td>");
    page_cell_decimal(out, found.rows_per_second, 0);
    page_cell_text(out, study->snapshot->trigger_ms <= 0 ? "–" : found.keeps_up ? "yes" : "no");
    page_cell_decimal(out, found.ms > 0 ? (double)rows * 1000 / found.ms : NAN, 0);
    page_cell_decimal(out, found.ms > 0 ? found.ms * 1000 / (double)rows : NAN, 1);
    page_cell_text(out, limit ? "the limit in force" : "");
    buf_append_text(out, "</tr>\n");
}

/* Sizes in even ratios, and the limit in force among them where it is in the range. */
static void estimates(struct buf *out, const struct study *study)
{
    static const struct page_column columns[] = {
        {NULL, "maxOffsetsPerTrigger", true, "Rows of a batch that is full"},
        {NULL, "Batch takes", true, "By the fit"},
        {NULL, "Rows /sec", true, "With the trigger interval in force"},
        {NULL, "Within the interval", false, "Whether the batch ends before the next trigger"},
        {NULL, "Rows /sec at most", true, "With a trigger as short as the batch"},
        {NULL, "µs a row", true, "The whole batch, fixed cost and all"},
        {NULL, "", false, NULL},
    };
    double low = (double)study_rows(study, false), high = (double)study_rows(study, true);
    int64_t limit = study->snapshot->max_offsets_per_trigger, last = 0;

    buf_append_text(out, "<h2>Estimates within the range seen</h2>\n");
    page_table(out, "estimates", "Estimates", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (int i = 0; i < SIZES; i++) {
        int64_t rows = llround(low * pow(high / low, (double)i / (SIZES - 1)));
        if (limit > last && limit < rows && last > 0)
            estimate_row(out, study, limit);
        if (rows > last)
            estimate_row(out, study, rows);
        last = rows;
    }
    page_table_end(out);
}

static void points(struct buf *out, const struct study *study)
{
    static const struct page_column columns[] = {
        {NULL, "Rows", true, NULL},
        {NULL, "Batch, ms", true, NULL},
        {NULL, "Fit, ms", true, NULL},
        {NULL, "Off by, ms", true, NULL},
    };

    buf_append_text(out, "<details><summary>The batches behind it</summary>\n");
    page_table(out, TABLE, "Batches by rows", columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL, false);
    for (size_t i = 0; i < study->n; i++) {
        const struct tuning_point *point = &study->points[i];
        double ms = study->fitted ? tuning_ms(&study->fit, point->rows) : NAN;
        buf_append_text(out, "<tr>");
        page_cell_number(out, (int64_t)point->rows);
        page_cell_decimal(out, point->ms, 1);
        page_cell_decimal(out, ms, 1);
        page_cell_decimal(out, point->ms - ms, 1);
        buf_append_text(out, "</tr>\n");
    }
    page_table_end(out);
    buf_append_text(out, "</details>\n");
}

static void content(struct buf *out, const struct study *study)
{
    struct buf advice = BUF_INIT;

    study_advice(study, &advice);
    buf_append_text(out, "<p>By its batches with rows so far: <b>");
    html_text(out, advice.failed ? "" : advice.data);
    buf_append_text(out, "</b>.");
    if (study->fitted && study->fit.r2 < POOR)
        buf_append_text(out, " But rows explain little here: something else decides how long a batch takes.");
    buf_append_text(out, "</p>\n");
    buf_release(&advice);
    if (study->n > 0)
        facts(out, study);
    chart(out, study);
    if (study->fitted)
        estimates(out, study);
    if (study->n > 0)
        points(out, study);
}

void page_tuning(struct http_request *request, struct http_answer *answer)
{
    struct buf *out = &answer->body;
    struct snapshot *snapshot = page_choose(request, answer, "Tuning", here);
    struct study study;

    if (snapshot == NULL)
        return;
    page_begin(request, answer, "Tuning", here);
    page_switch(request, answer, snapshot);
    buf_append_text(out, "<p>");
    page_status(out, snapshot);
    buf_append_byte(out, ' ');
    html_text(out, page_name(snapshot));
    buf_append_text(out, ": trigger ");
    html_text(out, snapshot->trigger);
    buf_append_text(out, ", ");
    if (snapshot->max_offsets_per_trigger > 0) {
        buf_append_text(out, "maxOffsetsPerTrigger ");
        html_number(out, snapshot->max_offsets_per_trigger);
    } else {
        buf_append_text(out, "no maxOffsetsPerTrigger");
    }
    buf_append_text(out, "</p>\n");
    page_trouble(out, snapshot);
    if (study_init(&study, snapshot))
        content(out, &study);
    else
        out->failed = true;
    study_release(&study);
    buf_append_text(out, "<p class=\"soft\">The same as data");
    page_exports(out, "/api/v1/tuning?", "/api/v1/tuning?format=csv&", snapshot);
    buf_append_text(out, "</p>\n");
    page_end(request, answer);
    snapshot_unref(snapshot);
}
