/* Families are written one after the other, each with all its samples together, as the formats demand; per query values
 * come from one snapshot each, taken once per answer, so that the numbers of an answer agree. */
#include "ui/metrics.h"

#include "report/snapshot.h"
#include "ui/process.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_QUERIES 256
#define MAX_COUNTED 64

/* Requests by path class and status; the server's thread alone reads and writes it. */
static struct counted {
    const char *path_class;
    int status;
    uint64_t n;
} counted[MAX_COUNTED];
static size_t ncounted;

void metrics_count_request(const char *path_class, int status)
{
    for (size_t i = 0; i < ncounted; i++) {
        if (counted[i].status == status && strcmp(counted[i].path_class, path_class) == 0) {
            counted[i].n++;
            return;
        }
    }
    if (ncounted < MAX_COUNTED)
        counted[ncounted++] = (struct counted){path_class, status, 1};
}

struct page {
    struct buf *out;
    bool open; /* OpenMetrics */
    size_t nqueries;
    struct snapshot *queries[MAX_QUERIES];
};

static void family(const struct page *page, const char *name, const char *type, const char *help)
{
    /* OpenMetrics names a counter's family without _total. */
    size_t len = strlen(name);
    if (page->open && strcmp(type, "counter") == 0 && len > 6 && strcmp(name + len - 6, "_total") == 0)
        len -= 6;
    buf_printf(page->out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, name, help, (int)len, name, type);
}

static void label_value(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\' || *p == '"')
            buf_append_byte(out, '\\');
        if (*p == '\n')
            buf_append_text(out, "\\n");
        else
            buf_append_byte(out, *p);
    }
}

static void query_label(struct buf *out, const struct snapshot *snapshot)
{
    buf_append_text(out, "query=\"");
    label_value(out, snapshot->name != NULL ? snapshot->name : snapshot->id);
    buf_append_byte(out, '"');
}

#define NUMBER_BYTES 32

/* The shortest form that is this number again; text: NUMBER_BYTES. */
static const char *shortest(double value, char *text)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_BYTES, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return text;
}

static void number(struct buf *out, double value)
{
    char text[NUMBER_BYTES];

    if (isnan(value))
        buf_append_text(out, " NaN\n");
    else
        buf_printf(out, " %s\n", shortest(value, text));
}

static void per_query(const struct page *page, const char *name, const char *type, const char *help,
                      int64_t (*value)(const struct snapshot *))
{
    family(page, name, type, help);
    for (size_t i = 0; i < page->nqueries; i++) {
        int64_t v = value(page->queries[i]);
        if (v == PROGRESS_NONE)
            continue;
        buf_printf(page->out, "%s{", name);
        query_label(page->out, page->queries[i]);
        buf_printf(page->out, "} %" PRId64 "\n", v);
    }
}

static int64_t input_rows(const struct snapshot *s)
{
    return s->input_rows_total;
}

static int64_t output_rows(const struct snapshot *s)
{
    return s->output_rows_total;
}

static int64_t batches_behind(const struct snapshot *s)
{
    return s->batches_behind;
}

static int64_t late_rows(const struct snapshot *s)
{
    return s->late_rows_total;
}

static int64_t batch_id(const struct snapshot *s)
{
    return s->nhistory > 0 ? s->history[s->nhistory - 1]->progress.batch_id : PROGRESS_NONE;
}

static int64_t max_offsets(const struct snapshot *s)
{
    return s->max_offsets_per_trigger > 0 ? s->max_offsets_per_trigger : PROGRESS_NONE;
}

static int64_t state_rows(const struct snapshot *s)
{
    return s->last != NULL && s->last->progress.nstates > 0 ? s->last->progress.states[0].rows_total : PROGRESS_NONE;
}

static int64_t state_bytes(const struct snapshot *s)
{
    return s->last != NULL && s->last->progress.nstates > 0 ? s->last->progress.states[0].memory_bytes : PROGRESS_NONE;
}

static void seconds_gauge(const struct page *page, const char *name, const char *help,
                          int64_t (*value_ms)(const struct snapshot *))
{
    family(page, name, "gauge", help);
    for (size_t i = 0; i < page->nqueries; i++) {
        int64_t ms = value_ms(page->queries[i]);
        if (ms == PROGRESS_NONE)
            continue;
        buf_printf(page->out, "%s{", name);
        query_label(page->out, page->queries[i]);
        buf_append_byte(page->out, '}');
        number(page->out, (double)ms / 1000.0);
    }
}

static int64_t trigger_interval(const struct snapshot *s)
{
    return s->trigger_ms > 0 ? s->trigger_ms : 0; /* once and availableNow do not wait either */
}

static int64_t last_batch(const struct snapshot *s)
{
    const struct progress *p = s->nhistory > 0 ? &s->history[s->nhistory - 1]->progress : NULL;

    return p != NULL ? p->timestamp_ms + p->duration_ms : PROGRESS_NONE;
}

static int64_t watermark(const struct snapshot *s)
{
    return s->last != NULL && s->last->progress.has_watermark ? s->last->progress.watermark_ms : PROGRESS_NONE;
}

static int64_t last_event(const struct snapshot *s)
{
    for (size_t i = s->nhistory; i > 0; i--)
        if (s->history[i - 1]->progress.has_event_time)
            return s->history[i - 1]->progress.event_max_ms;
    return PROGRESS_NONE;
}

static void batches(const struct page *page)
{
    family(page, "sfcrime_batches_total", "counter", "Batches by result.");
    for (size_t i = 0; i < page->nqueries; i++) {
        const struct snapshot *s = page->queries[i];
        const struct {
            const char *result;
            int64_t n;
        } results[] = {{"ok", s->batches}, {"failed", s->batches_failed}, {"rerun", s->batches_rerun}};
        for (size_t r = 0; r < sizeof(results) / sizeof(results[0]); r++) {
            buf_append_text(page->out, "sfcrime_batches_total{");
            query_label(page->out, s);
            buf_printf(page->out, ",result=\"%s\"} %" PRId64 "\n", results[r].result, results[r].n);
        }
    }
}

static void durations(const struct page *page)
{
    const size_t nbounds = sizeof(snapshot_duration_bounds_ms) / sizeof(snapshot_duration_bounds_ms[0]);

    family(page, "sfcrime_batch_duration_seconds", "histogram", "Time from a trigger's start to its batch's commit.");
    for (size_t i = 0; i < page->nqueries; i++) {
        const struct snapshot *s = page->queries[i];
        char text[NUMBER_BYTES];
        int64_t sum = 0;
        for (size_t b = 0; b <= nbounds; b++) {
            sum += s->duration_bucket[b];
            buf_append_text(page->out, "sfcrime_batch_duration_seconds_bucket{");
            query_label(page->out, s);
            if (b < nbounds)
                buf_printf(page->out, ",le=\"%s\"} %" PRId64 "\n",
                           shortest((double)snapshot_duration_bounds_ms[b] / 1000.0, text), sum);
            else
                buf_printf(page->out, ",le=\"+Inf\"} %" PRId64 "\n", sum);
        }
        buf_append_text(page->out, "sfcrime_batch_duration_seconds_sum{");
        query_label(page->out, s);
        buf_append_byte(page->out, '}');
        number(page->out, (double)s->duration_us_total / 1e6);
        buf_append_text(page->out, "sfcrime_batch_duration_seconds_count{");
        query_label(page->out, s);
        buf_printf(page->out, "} %" PRId64 "\n", sum);
    }
}

static void phases(const struct page *page)
{
    family(page, "sfcrime_batch_phase_seconds_total", "counter", "Time spent in each phase of batches.");
    for (size_t i = 0; i < page->nqueries; i++) {
        for (int phase = 0; phase < PROGRESS_PHASES; phase++) {
            buf_append_text(page->out, "sfcrime_batch_phase_seconds_total{");
            query_label(page->out, page->queries[i]);
            buf_printf(page->out, ",phase=\"%s\"}", progress_phase_name((enum progress_phase)phase));
            number(page->out, (double)page->queries[i]->phase_us_total[phase] / 1e6);
        }
    }
}

static void partition_sample(const struct page *page, const char *name, const struct snapshot *s,
                             const struct snapshot_partition *p, const char *kind, int64_t value)
{
    if (value < 0)
        return;
    buf_printf(page->out, "%s{", name);
    query_label(page->out, s);
    buf_append_text(page->out, ",topic=\"");
    label_value(page->out, p->topic);
    buf_printf(page->out, "\",partition=\"%" PRId32 "\"", p->partition);
    if (kind != NULL)
        buf_printf(page->out, ",kind=\"%s\"", kind);
    buf_printf(page->out, "} %" PRId64 "\n", value);
}

static void partitions(const struct page *page)
{
    family(page, "sfcrime_consumer_lag_messages", "gauge",
           "Offsets between the query's position and the end of the partition.");
    for (size_t i = 0; i < page->nqueries; i++) {
        const struct snapshot *s = page->queries[i];
        for (size_t p = 0; p < s->npartitions; p++) {
            const struct snapshot_partition *part = &s->partitions[p];
            partition_sample(page, "sfcrime_consumer_lag_messages", s, part, NULL, snapshot_partition_lag(part));
        }
    }
    family(page, "sfcrime_partition_offset", "gauge", "Offsets of a partition: first, committed, next to read, end.");
    for (size_t i = 0; i < page->nqueries; i++) {
        const struct snapshot *s = page->queries[i];
        for (size_t p = 0; p < s->npartitions; p++) {
            const struct snapshot_partition *part = &s->partitions[p];
            partition_sample(page, "sfcrime_partition_offset", s, part, "low", part->low);
            partition_sample(page, "sfcrime_partition_offset", s, part, "committed", part->committed);
            partition_sample(page, "sfcrime_partition_offset", s, part, "position", part->position);
            partition_sample(page, "sfcrime_partition_offset", s, part, "high", snapshot_partition_high(part));
        }
    }
}

/* One reason so far; the label stands in the contract for more. */
static void bad_records(const struct page *page)
{
    family(page, "sfcrime_bad_records_total", "counter", "Records that FAILFAST would fail on.");
    for (size_t i = 0; i < page->nqueries; i++) {
        buf_append_text(page->out, "sfcrime_bad_records_total{");
        query_label(page->out, page->queries[i]);
        buf_printf(page->out, ",reason=\"malformed\"} %" PRId64 "\n", page->queries[i]->bad_records_total);
    }
}

static int64_t lost_offsets(const struct snapshot *s)
{
    return s->lost_offsets_total;
}

static int64_t unmatched_rows(const struct snapshot *s)
{
    return s->unmatched_rows_total;
}

static void process(const struct page *page, int64_t start_ms)
{
    double cpu = process_cpu_seconds();
    if (cpu >= 0) {
        family(page, "process_cpu_seconds_total", "counter", "Processor time, user and system.");
        buf_append_text(page->out, "process_cpu_seconds_total");
        number(page->out, cpu);
    }
    int64_t resident = process_resident_bytes();
    if (resident >= 0) {
        family(page, "process_resident_memory_bytes", "gauge", "Resident memory.");
        buf_printf(page->out, "process_resident_memory_bytes %" PRId64 "\n", resident);
    }
    int64_t virtual = process_virtual_bytes();
    if (virtual >= 0) {
        family(page, "process_virtual_memory_bytes", "gauge", "Address space.");
        buf_printf(page->out, "process_virtual_memory_bytes %" PRId64 "\n", virtual);
    }
    int64_t fds = process_open_descriptors();
    if (fds >= 0) {
        family(page, "process_open_fds", "gauge", "Open file descriptors.");
        buf_printf(page->out, "process_open_fds %" PRId64 "\n", fds);
    }
    family(page, "process_start_time_seconds", "gauge", "When the process started, since the epoch.");
    buf_append_text(page->out, "process_start_time_seconds");
    number(page->out, (double)start_ms / 1000.0);
}

static void build_info(const struct page *page, const struct board *board)
{
    size_t n = 0;
    const struct board_setting *settings = board_settings(board, &n);
    const char *library = "";

    for (size_t i = 0; i < n; i++)
        if (strcmp(settings[i].name, "librdkafka") == 0)
            library = settings[i].value;
    family(page, "sfcrime_build_info", "gauge", "What runs.");
    buf_append_text(page->out, "sfcrime_build_info{version=\"" SFCRIME_VERSION "\",revision=\"" SFCRIME_REVISION
                               "\",librdkafka=\"");
    label_value(page->out, library);
    buf_append_text(page->out, "\"} 1\n");
}

static void requests(const struct page *page)
{
    family(page, "sfcrime_http_requests_total", "counter", "Answered HTTP requests.");
    for (size_t i = 0; i < ncounted; i++)
        buf_printf(page->out, "sfcrime_http_requests_total{path=\"%s\",code=\"%d\"} %" PRIu64 "\n",
                   counted[i].path_class, counted[i].status, counted[i].n);
}

void metrics_answer(struct http_request *request, struct http_answer *answer)
{
    struct page page = {.out = &answer->body};
    size_t n = board_queries(request->board);

    page.open = request->accept != NULL && strstr(request->accept, "application/openmetrics-text") != NULL;
    for (size_t i = 0; i < n && page.nqueries < MAX_QUERIES; i++) {
        struct snapshot *snapshot = board_get(request->board, (int)i);
        if (snapshot != NULL)
            page.queries[page.nqueries++] = snapshot;
    }
    answer->content_type = page.open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                     : "text/plain; version=0.0.4; charset=utf-8";
    build_info(&page, request->board);
    per_query(&page, "sfcrime_input_rows_total", "counter", "Records read from the source.", input_rows);
    per_query(&page, "sfcrime_output_rows_total", "counter", "Rows written to the sink.", output_rows);
    batches(&page);
    durations(&page);
    phases(&page);
    per_query(&page, "sfcrime_batch_id", "gauge", "Id of the newest finished batch.", batch_id);
    seconds_gauge(&page, "sfcrime_trigger_interval_seconds", "Trigger interval; 0: as fast as possible.",
                  trigger_interval);
    per_query(&page, "sfcrime_max_offsets_per_trigger", "gauge", "Limit of offsets per batch.", max_offsets);
    per_query(&page, "sfcrime_batches_behind_total", "counter", "Batches that took longer than the trigger interval.",
              batches_behind);
    seconds_gauge(&page, "sfcrime_last_batch_timestamp_seconds", "When the newest batch was finished.", last_batch);
    partitions(&page);
    seconds_gauge(&page, "sfcrime_watermark_timestamp_seconds", "Event-time watermark in force.", watermark);
    seconds_gauge(&page, "sfcrime_last_event_timestamp_seconds",
                  "Greatest event time of the newest batch that had any.", last_event);
    per_query(&page, "sfcrime_state_rows", "gauge", "Groups held in state.", state_rows);
    per_query(&page, "sfcrime_state_bytes", "gauge", "Memory of the state.", state_bytes);
    per_query(&page, "sfcrime_late_rows_dropped_total", "counter", "Partial groups dropped as late.", late_rows);
    per_query(&page, "sfcrime_join_unmatched_rows_total", "counter", "Rows of left joins without a match.",
              unmatched_rows);
    per_query(&page, "sfcrime_lost_offsets_total", "counter",
              "Offsets gone at the source before they were read, and passed over.", lost_offsets);
    bad_records(&page);
    requests(&page);
    process(&page, board_application(request->board)->start_ms);
    if (page.open)
        buf_append_text(page.out, "# EOF\n");
    for (size_t i = 0; i < page.nqueries; i++)
        snapshot_unref(page.queries[i]);
}
