/* A batch's phases: their order, their colours, their bar. */
#include "page_internal.h"

#include <math.h>

#define SHOWN_MS 0.05 /* phases below that would read 0.0 ms */

const enum progress_phase page_parts_order[PAGE_PARTS] = {PROGRESS_LATEST_OFFSET, PROGRESS_WAL_COMMIT,
                                                          PROGRESS_GET_BATCH,     PROGRESS_QUERY_PLANNING,
                                                          PROGRESS_ADD_BATCH,     PROGRESS_COMMIT_OFFSETS};

int page_parts_colour(enum progress_phase phase)
{
    static const int colours[PROGRESS_PHASES] = {
        [PROGRESS_ADD_BATCH] = 1,     [PROGRESS_COMMIT_OFFSETS] = 2, [PROGRESS_GET_BATCH] = 3,
        [PROGRESS_LATEST_OFFSET] = 4, [PROGRESS_QUERY_PLANNING] = 5, [PROGRESS_TRIGGER_EXECUTION] = 7,
        [PROGRESS_WAL_COMMIT] = 6,
    };

    return colours[phase];
}

void page_parts_of(const struct progress *progress, struct chart_part parts[PAGE_PARTS])
{
    for (size_t i = 0; i < PAGE_PARTS; i++) {
        enum progress_phase phase = page_parts_order[i];
        double ms = (double)progress->phase_us[phase] / 1000.0;
        parts[i] = (struct chart_part){progress_phase_name(phase), page_parts_colour(phase),
                                       progress->phase_ms[phase] == PROGRESS_NONE ? NAN : ms};
    }
}

void page_parts(struct buf *out, const struct progress *progress)
{
    struct chart_part parts[PAGE_PARTS];

    page_parts_of(progress, parts);
    chart_parts(out, "Phases of the batch", parts, PAGE_PARTS);
    buf_append_text(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < PAGE_PARTS; i++) {
        if (!(parts[i].value >= SHOWN_MS))
            continue;
        buf_printf(out, "<li class=\"s%d\">%s <b>", parts[i].colour, parts[i].name);
        chart_value(out, CHART_MS, parts[i].value);
        buf_append_text(out, "</b></li>");
    }
    buf_append_text(out, "</ul>\n");
}
