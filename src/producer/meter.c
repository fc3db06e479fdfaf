#include "producer/meter.h"

#include "common/clock.h"
#include "common/fileio.h"
#include "common/log.h"

#include <inttypes.h>
#include <unistd.h>

#define MODULE "Producer"
#define BAR_CELLS 24
#define BAR_EVERY_US 100000 /* fast enough to look alive, too slow to cost anything */
#define LINE_EVERY_US 5000000

void meter_init(struct meter *meter, bool terminal)
{
    *meter = (struct meter){.terminal = terminal};
    buf_init(&meter->line);
    meter->began_us = clock_monotonic_us();
    meter->last_us = meter->began_us;
    meter->next_us = meter->began_us + (terminal ? BAR_EVERY_US : LINE_EVERY_US);
}

void meter_release(struct meter *meter)
{
    buf_release(&meter->line);
}

bool meter_due(const struct meter *meter)
{
    return clock_monotonic_us() >= meter->next_us;
}

/* Per thousand that is done; -1 when that cannot be known. */
static int done_of(const struct meter_counts *counts)
{
    uint64_t done = 0;
    uint64_t all = 0;

    if (counts->size > 0) {
        done = (uint64_t)counts->position;
        all = (uint64_t)counts->size;
    }
    /* whichever comes first: the file's end or the limit */
    if (counts->limit > 0 && (all == 0 || (double)counts->sent / (double)counts->limit > (double)done / (double)all)) {
        done = counts->sent;
        all = counts->limit;
    }
    if (all == 0)
        return -1;
    return done >= all ? 1000 : (int)((double)done * 1000.0 / (double)all);
}

static void write_line(struct meter *meter)
{
    /* A terminal that takes nothing any more is no reason to stop sending. */
    if (!meter->line.failed)
        (void)fileio_write_all(STDERR_FILENO, meter->line.data, meter->line.len);
    buf_reset(&meter->line);
}

static void draw_bar(struct meter *meter, const struct meter_counts *counts, int done)
{
    buf_append_text(&meter->line, "\r\033[K");
    if (done >= 0) {
        size_t full = (size_t)done * BAR_CELLS / 1000;
        buf_append_byte(&meter->line, '[');
        buf_append_fill(&meter->line, '=', full);
        buf_append_fill(&meter->line, ' ', BAR_CELLS - full);
        buf_printf(&meter->line, "] %3d %%  ", done / 10);
    }
    buf_printf(&meter->line, "%" PRIu64 " acknowledged, %.0f records/s", counts->acked, meter->rate);
    if (counts->skipped > 0)
        buf_printf(&meter->line, ", %" PRIu64 " skipped", counts->skipped);
    write_line(meter);
    meter->drawn = true;
}

void meter_show(struct meter *meter, const struct meter_counts *counts)
{
    int64_t now = clock_monotonic_us();
    int done = done_of(counts);

    if (now > meter->last_us)
        meter->rate = (double)(counts->acked - meter->last_acked) * 1e6 / (double)(now - meter->last_us);
    meter->last_us = now;
    meter->last_acked = counts->acked;
    meter->next_us = now + (meter->terminal ? BAR_EVERY_US : LINE_EVERY_US);
    if (meter->terminal) {
        draw_bar(meter, counts, done);
        return;
    }
    if (done >= 0)
        buf_printf(&meter->line, "%d %%: ", done / 10);
    buf_printf(&meter->line, "%" PRIu64 " records sent, %" PRIu64 " acknowledged (%.0f records/s)", counts->sent,
               counts->acked, meter->rate);
    if (counts->skipped > 0)
        buf_printf(&meter->line, ", %" PRIu64 " damaged ones skipped", counts->skipped);
    if (!meter->line.failed)
        log_info(MODULE, "%s", meter->line.data);
    buf_reset(&meter->line);
}

void meter_clear(struct meter *meter)
{
    if (!meter->drawn)
        return;
    buf_append_text(&meter->line, "\r\033[K");
    write_line(meter);
    meter->drawn = false;
}

void meter_finish(struct meter *meter, const struct meter_counts *counts)
{
    double seconds = (double)(clock_monotonic_us() - meter->began_us) / 1e6;

    meter_clear(meter);
    buf_printf(&meter->line, "%" PRIu64 " records sent, %" PRIu64 " acknowledged in %.3f s (%.0f records/s)",
               counts->sent, counts->acked, seconds, seconds > 0 ? (double)counts->acked / seconds : 0);
    if (counts->skipped > 0)
        buf_printf(&meter->line, "; %" PRIu64 " damaged records skipped", counts->skipped);
    if (!meter->line.failed)
        log_info(MODULE, "%s", meter->line.data);
    buf_reset(&meter->line);
}
