/* The pages, by calling their handlers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/clock.h"
#include "fixture.h"
#include "ui/page.h"

typedef void (*handler_fn)(struct http_request *, struct http_answer *);

static const struct {
    const char *path;
    handler_fn handler;
} pages[] = {
    {"/", page_overview},
    {"/StreamingQuery/", page_queries},
    {"/StreamingQuery/statistics", page_statistics},
    {"/batches/", page_batches},
    {"/batches/batch", page_batch},
    {"/source/", page_source},
    {"/result/", page_result},
    {"/plan/", page_plan},
    {"/tuning/", page_tuning},
    {"/records/", page_records},
    {"/environment/", page_environment},
    {"/executors/", page_executors},
};
#define PAGES (sizeof(pages) / sizeof(pages[0]))

static void expect(struct board *board, handler_fn handler, const char *path, const char *parameter, int status,
                   const char *holds)
{
    char text[128];
    char *parameters[] = {text};
    struct http_answer answer;

    snprintf(text, sizeof(text), "%s", parameter == NULL ? "" : parameter);
    fixture_call(board, handler, path, parameters, parameter != NULL, &answer);
    assert_false(answer.body.failed);
    if (answer.status != status || (holds != NULL && strstr(answer.body.data, holds) == NULL))
        fail_msg("%s?%s: %d, wanted %d with %s:\n%s", path, parameter, answer.status, status, holds, answer.body.data);
    buf_release(&answer.body);
}

/* Every tag that is opened is closed again, in order; attributes are quoted; nothing is inline that the content policy
 * forbids. */
static void well_formed(const char *html, const char *path)
{
    static const char *const empty[] = {"meta", "link", "input"};
    char stack[64][16];
    size_t depth = 0;

    for (const char *p = strchr(html, '<'); p != NULL; p = strchr(p, '<')) {
        char name[16] = "";
        bool closing = p[1] == '/', alone;
        if (p[1] == '!') {
            p++;
            continue;
        }
        if (sscanf(p + (closing ? 2 : 1), "%15[a-z0-9A-Z]", name) != 1)
            fail_msg("%s: a bare '<' at %.40s", path, p);
        const char *end = p;
        bool quoted = false;
        for (; *end != '\0' && (quoted || *end != '>'); end++)
            quoted = *end == '"' ? !quoted : quoted;
        alone = end[-1] == '/';
        for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
            alone = alone || strcmp(name, empty[i]) == 0;
        if (closing) {
            if (depth == 0 || strcmp(stack[depth - 1], name) != 0)
                fail_msg("%s: </%s> closes <%s>", path, name, depth > 0 ? stack[depth - 1] : "nothing");
            depth--;
        } else if (!alone) {
            assert_true(depth < 64);
            memcpy(stack[depth++], name, sizeof(name));
        }
        p = end;
    }
    if (depth != 0)
        fail_msg("%s: <%s> is not closed", path, stack[depth - 1]);
    if (strstr(html, " style=\"") != NULL || strstr(html, "<style") != NULL || strstr(html, " onclick") != NULL ||
        strstr(html, "<img") != NULL)
        fail_msg("%s: inline style, handler or injected markup", path);
}

static void all_pages(struct board *board)
{
    for (size_t i = 0; i < PAGES; i++) {
        struct http_answer answer;
        fixture_call(board, pages[i].handler, pages[i].path, NULL, 0, &answer);
        assert_false(answer.body.failed);
        assert_string_equal(answer.content_type, "text/html; charset=utf-8");
        well_formed(answer.body.data, pages[i].path);
        assert_non_null(strstr(answer.body.data, "SF &lt;b&gt;"));
        assert_non_null(strstr(answer.body.data, "no&amp;body"));
        buf_release(&answer.body);
    }
}

static void at_every_stage(void **state)
{
    struct board *board = fixture_board();

    (void)state;
    all_pages(board); /* nothing known */
    expect(board, page_statistics, "/StreamingQuery/statistics", NULL, 200, "No query has been opened yet");
    for (size_t batches = 0; batches <= 4; batches++) {
        fixture_publish(board, batches);
        all_pages(board);
    }
    struct snapshot *failed = fixture_snapshot(2);
    failed->status = SNAPSHOT_FAILED;
    failed->end_ms = FIXTURE_START_MS + 6000;
    failed->error = strdup("[MALFORMED_RECORD] topic t, partition 0, offset 9: <script>");
    board_publish(board, 0, failed);
    all_pages(board);
    static const handler_fn tell[] = {page_overview, page_queries, page_statistics, page_records,
                                      page_batches,  page_source,  page_result,     page_plan};
    for (size_t i = 0; i < sizeof(tell) / sizeof(tell[0]); i++)
        expect(board, tell[i], "/", NULL, 200, "partition 0, offset 9: &lt;script&gt;");
    expect(board, page_queries, "/StreamingQuery/", NULL, 200, "Completed Streaming Queries (1)");
    struct snapshot *waiting = fixture_snapshot(2);
    waiting->status = SNAPSHOT_WAITING;
    free(waiting->message);
    waiting->message = strdup("Waiting for the broker: <refused>");
    waiting->lag_sampled_ms = FIXTURE_START_MS + 7000;
    board_publish(board, 0, waiting);
    all_pages(board);
    static const handler_fn wait[] = {page_overview, page_statistics, page_batches,
                                      page_source,   page_result,     page_plan};
    for (size_t i = 0; i < sizeof(wait) / sizeof(wait[0]); i++)
        expect(board, wait[i], "/", NULL, 200,
               "<p class=\"trouble waiting\">Waiting for the broker: &lt;refused&gt;</p>");
    expect(board, page_overview, "/", NULL, 200, "<small>as of 00:00:07</small>");
    struct snapshot *bare = snapshot_new(); /* a query without anything */
    assert_non_null(bare);
    board_publish(board, 0, bare);
    all_pages(board);
    expect(board, page_queries, "/StreamingQuery/", NULL, 200, "&lt;no name&gt;");
    board_free(board);
}

static void content(void **state)
{
    static const struct {
        handler_fn handler;
        const char *parameter;
        int status;
        const char *holds;
    } rows[] = {
        {page_overview, NULL, 200, "&lt;img src=x onerror=alert(1)&gt;"},
        {page_overview, NULL, 200, "<dt>Lag</dt><dd>6 <small>records</small>"},
        {page_overview, NULL, 200, "<dt>Behind by</dt><dd>3 s"},
        {page_overview, NULL, 200, "<dt>Caught up in</dt><dd>5 s"},
        {page_queries, NULL, 200, "Active Streaming Queries (1)"},
        {page_queries, NULL, 200,
         "<td class=\"number\">3.00</td><td class=\"number\">200.00</td><td class=\"number\">3</td>"},
        {page_queries, "sort=Name", 200, "aria-sort=\"ascending\""},
        {page_queries, "active.sort=Bogus", 200, "crimes"},
        {page_statistics, "id=" FIXTURE_RUN, 200, "Input Rate"},
        {page_statistics, "id=" FIXTURE_RUN, 200, "(<b>4</b> completed batches)"},
        {page_statistics, "id=nosuch", 404, "Failed to find streaming query nosuch"},
        {page_statistics, "query=<b>", 404, "Failed to find streaming query &lt;b&gt;"},
        {page_statistics, "last=2", 200, "2 batches"},
        {page_statistics, "last=0", 400, "from 1 to"},
        {page_statistics, "after=2", 200, " data-more>\n<tr data-key=\"3\""},
        {page_statistics, "after=3", 200, " data-more>\n</tbody>"},
        {page_statistics, "after=-1", 400, "whole number"},
        {page_batches, NULL, 200, "/batches/batch?query=crimes&amp;batch=3"},
        {page_batches, "page=99", 200, "aria-label=\"Batches\""},
        {page_batches, "page=x", 400, "whole number"},
        {page_batch, "batch=1", 200, "&quot;batchId&quot; : 1"},
        {page_batch, "batch=1", 200,
         "<td class=\"number\">10</td><td class=\"number\">20</td><td class=\"number\">10</td>"},
        {page_batch, "batch=77", 404, "not among those"},
        {page_batch, "batch=-1", 400, "whole number"},
        {page_source, NULL, 200, "<td>sf.crimes</td>"},
        {page_result, NULL, 200, "4 rows, batch 0"},
        {page_result, "q=SUSPICIOUS", 200, "1 found of 4 rows"},
        {page_result, "q=onerror", 200, "value=\"onerror\""},
        {page_result, "q=\"><script>", 200, "value=\"&quot;&gt;&lt;script&gt;\""},
        {page_result, "sort=count", 200, "aria-sort=\"ascending\""},
        {page_result, "sort=nosuch", 200, "4 rows"},
        {page_result, "page=2", 200, "Zebra"},
        {page_plan, NULL, 200, "5 without a match"},
        {page_plan, NULL, 200, /* the scan: nothing in, 20 out of the last batch; 80 of the run */
         "<td class=\"number\">–</td><td class=\"number\">20</td><td class=\"number\">–</td><td "
         "class=\"number\">80</td>"},
        {page_plan, NULL, 200, /* the aggregate: 25 in, 10 out; 100 in, 40 out: 40 % */
         "<td class=\"number\">25</td><td class=\"number\">10</td><td class=\"number\">100</td><td "
         "class=\"number\">40</td><td class=\"number\">40.0</td>"},
        {page_records, NULL, 200, "byte 3: why"},
        {page_records, NULL, 200, "not &lt;b&gt; json\\x01\\xFF…"},
        {page_records, NULL, 200, "<td class=\"number\">4,711</td>"},
        {page_batches, "sort=Input Rows", 200, "aria-sort=\"ascending\""},
        {page_batches, "sort=Bogus", 200, "data-key=\"3\""},
        {page_source, "sort=Lag", 200, "aria-sort=\"ascending\""},
        {page_batch, "batch=1", 200, "<span class=\"swatch s1\"></span>addBatch</td>"},
        {page_environment, NULL, 200, "librdkafka"},
        {page_environment, NULL, 200, "*********(redacted)"},
        {page_environment, "q=PORT", 200, "spark.ui.port"},
        {page_executors, NULL, 200, "driver"},
    };
    struct board *board = fixture_board();

    (void)state;
    fixture_publish(board, 4);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(board, rows[i].handler, "/result/", rows[i].parameter, rows[i].status, rows[i].holds);
    board_free(board);
}

/* Ascending: NULL first, then bytes; descending the other way round. */
static void sorting(void **state)
{
    struct board *board = fixture_board();
    char sort[] = "sort=kind", desc[] = "desc=true", again[] = "sort=kind";
    char *up[] = {sort}, *down[] = {again, desc};
    struct http_answer answer;

    (void)state;
    fixture_publish(board, 1);
    fixture_call(board, page_result, "/result/", up, 1, &answer);
    const char *null = strstr(answer.body.data, ">NULL<"), *img = strstr(answer.body.data, "<td>&lt;img"),
               *zebra = strstr(answer.body.data, "<td>Zebra"), *apple = strstr(answer.body.data, "<td>apple");
    assert_true(null != NULL && null < img && img < zebra && zebra < apple);
    buf_release(&answer.body);
    fixture_call(board, page_result, "/result/", down, 2, &answer);
    assert_true(strstr(answer.body.data, "<td>apple") < strstr(answer.body.data, "<td>Zebra"));
    assert_non_null(strstr(answer.body.data, "aria-sort=\"descending\""));
    buf_release(&answer.body);
    board_free(board);
}

/* Rows in the order asked for, NaN last both ways, equal ones as they were. */
static void ordered_batches(void **state)
{
    static const struct {
        const char *sort, *desc;
        const char *first, *second;
    } rows[] = {
        {"sort=Batch", "desc=false", "data-key=\"0\"", "data-key=\"1\""},
        {"sort=Batch", "desc=true", "data-key=\"3\"", "data-key=\"2\""},
        {"sort=Duration, ms", "desc=false", "data-key=\"0\"", "data-key=\"3\""},
        {"sort=Lag after", "desc=true", "data-key=\"1\"", "data-key=\"0\""},    /* 40, 60 */
        {"sort=Process /sec", "desc=true", "data-key=\"3\"", "data-key=\"0\""}, /* all equal: newest first */
    };
    struct board *board = fixture_board();

    (void)state;
    fixture_publish(board, 4);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sort[64], desc[16];
        char *parameters[] = {sort, desc};
        struct http_answer answer;

        snprintf(sort, sizeof(sort), "%s", rows[i].sort);
        snprintf(desc, sizeof(desc), "%s", rows[i].desc);
        fixture_call(board, page_batches, "/batches/", parameters, 2, &answer);
        const char *first = strstr(answer.body.data, rows[i].first), *second = strstr(answer.body.data, rows[i].second);
        if (first == NULL || second == NULL || first > second)
            fail_msg("%s %s: %s comes after %s", rows[i].sort, rows[i].desc, rows[i].first, rows[i].second);
        buf_release(&answer.body);
    }
    board_free(board);
}

/* "Behind by" goes by what the triggers noted of the log's end: it had 90 records between the second and the third
 * trigger, at 7.5 s. */
static void behind_by_the_notes(void **state)
{
    struct board *board = fixture_board();
    struct snapshot *snapshot = fixture_snapshot(4);
    int64_t begin_ms = clock_wall_ms() - 100000;
    struct http_answer answer;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        snapshot->history[i]->progress.timestamp_ms += begin_ms - FIXTURE_START_MS;
    for (size_t i = 0; i < 2; i++) {
        snapshot->partitions[i].position = 90; /* 2 x 80 at 5 s, 2 x 100 at 10 s */
        snapshot->partitions[i].high = 110;
    }
    board_publish(board, 0, snapshot);
    fixture_call(board, page_overview, "/", NULL, 0, &answer);
    assert_non_null(strstr(answer.body.data, "<dt>Lag</dt><dd>40 <small>records"));
    assert_non_null(strstr(answer.body.data, "<dt>Behind by</dt><dd>1.5 min"));
    buf_release(&answer.body);
    board_free(board);
}

/* 10 ms and 1 ms a row: what a batch costs, and what others would. */
static void tuning(void **state)
{
    struct board *board = fixture_board();
    struct snapshot *snapshot = fixture_snapshot(4);
    struct http_answer answer;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct progress *progress = &snapshot->history[i]->progress;
        progress->sources[0].rows = 20 * (i + 1);
        progress->phase_ms[PROGRESS_TRIGGER_EXECUTION] = 10 + 20 * (i + 1);
        progress->phase_us[PROGRESS_TRIGGER_EXECUTION] = 1000 * (10 + 20 * (i + 1));
    }
    snapshot->trigger_ms = 60;
    snapshot->max_offsets_per_trigger = 50;
    board_publish(board, 0, snapshot);
    fixture_call(board, page_tuning, "/tuning/", NULL, 0, &answer);
    well_formed(answer.body.data, "/tuning/");
    static const char *const holds[] = {
        "batches of up to 50 rows finish within the trigger interval of 60 ms",
        "<dt>Rows of a batch</dt><dd>20–80</dd>",
        "<dt>Fixed cost</dt><dd>10 ms</dd>",
        "<dt>Cost of a row</dt><dd>1,000 <small>µs a row</small></dd>",
        "<dt>Explained</dt><dd>100 <small>% of the variance</small></dd>",
        "<tr class=\"total\"><td class=\"number\">50</td><td class=\"number\">60 ms</td><td "
        "class=\"number\">833</td><td>yes</td>",
        "<td class=\"number\">80</td><td class=\"number\">90 ms</td><td class=\"number\">889</td><td>no</td>",
        "trigger interval</text>",
        "/api/v1/tuning?format=csv&amp;query=crimes",
    };
    for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
        if (strstr(answer.body.data, holds[i]) == NULL)
            fail_msg("no %s in\n%s", holds[i], answer.body.data);
    buf_release(&answer.body);
    board_free(board);
}

/* Several queries: links to switch, each on its own page, sorted. */
static void several_queries(void **state)
{
    struct board *board = fixture_board();
    struct snapshot *other = fixture_snapshot(2);

    (void)state;
    assert_int_equal(board_add(board), 1);
    fixture_publish(board, 4);
    free(other->name);
    other->name = strdup("b&b");
    memset(other->run_id, '1', 36);
    board_publish(board, 1, other);
    all_pages(board);
    expect(board, page_batches, "/batches/", "query=b&b", 200,
           "<a href=\"/batches/?query=b%26b\" aria-current=\"true\">b&amp;b</a>");
    expect(board, page_queries, "/StreamingQuery/", "sort=Latest Batch", 200, "Active Streaming Queries (2)");
    board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_stage),
        cmocka_unit_test(content),
        cmocka_unit_test(sorting),
        cmocka_unit_test(ordered_batches),
        cmocka_unit_test(behind_by_the_notes),
        cmocka_unit_test(tuning),
        cmocka_unit_test(several_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
