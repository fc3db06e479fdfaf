#include "producer/dataset.h"

#include "common/buf.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char directory[] = "/tmp/sf-dataset.XXXXXX";

static void path_of(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", directory, name);
}

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* What reading to the end gave. */
struct outcome {
    enum dataset_status end; /* END or FAILED */
    size_t nrecords;
    size_t nbad;
    struct buf records;   /* a line each */
    struct errbuf first;  /* of the first BAD */
    struct errbuf failed; /* of FAILED */
};

static void outcome_release(struct outcome *outcome)
{
    buf_release(&outcome->records);
}

/* Read on until END or FAILED (true), or WAIT. */
static bool read_on(struct dataset *dataset, struct outcome *outcome)
{
    for (;;) {
        const char *record = NULL;
        size_t len = 0;
        struct errbuf err;

        errbuf_clear(&err);
        switch (dataset_next(dataset, &record, &len, &err)) {
        case DATASET_RECORD:
            outcome->nrecords++;
            buf_append(&outcome->records, record, len);
            buf_append_byte(&outcome->records, '\n');
            break;
        case DATASET_BAD:
            if (outcome->nbad++ == 0)
                outcome->first = err;
            break;
        case DATASET_WAIT:
            return false;
        case DATASET_END:
            outcome->end = DATASET_END;
            return true;
        case DATASET_FAILED:
            outcome->end = DATASET_FAILED;
            outcome->failed = err;
            return true;
        }
    }
}

static struct dataset *must_open(const char *path, enum dataset_format format)
{
    struct errbuf err;
    struct dataset *dataset = dataset_open(path, format, &err);

    if (dataset == NULL)
        fail_msg("%s", err.text);
    return dataset;
}

static void read_file(const char *name, const char *data, size_t len, enum dataset_format format,
                      struct outcome *outcome)
{
    char path[128];

    memset(outcome, 0, sizeof(*outcome));
    path_of(name, path);
    write_file(path, data, len);
    struct dataset *dataset = must_open(path, format);
    assert_true(read_on(dataset, outcome));
    dataset_close(dataset);
}

/* The same through a pipe that is fed `piece` bytes at a time. */
static void read_pipe(const char *data, size_t len, size_t piece, enum dataset_format format, struct outcome *outcome)
{
    int ends[2];
    char path[64];
    bool over = false;

    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    struct dataset *dataset = must_open(path, format);
    close(ends[0]);
    for (size_t at = 0; at < len && !over; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        assert_int_equal(write(ends[1], data + at, n), (ssize_t)n);
        over = read_on(dataset, outcome);
    }
    close(ends[1]);
    if (!over)
        assert_true(read_on(dataset, outcome));
    dataset_close(dataset);
}

static bool interrupted; /* the next poll ends as if a signal had come */

/* Stands in for libc's. */
int poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

    if (interrupted) {
        interrupted = false;
        errno = EINTR;
        return -1;
    }
    return ppoll(fds, nfds, timeout_ms < 0 ? NULL : &timeout, NULL);
}

/* An empty pipe is never read: a signal must not change that, or a stop request would wait for the pipe's writer. */
static void test_signal_while_waiting(void **state)
{
    struct outcome outcome = {0};
    int ends[2];
    char path[64];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    struct dataset *dataset = must_open(path, DATASET_AUTO);
    interrupted = true;
    alarm(20);
    assert_false(read_on(dataset, &outcome)); /* WAIT */
    alarm(0);
    assert_false(interrupted);
    assert_int_equal(write(ends[1], "{\"a\": 1}\n", 9), 9);
    close(ends[1]);
    assert_true(read_on(dataset, &outcome));
    assert_int_equal(outcome.nrecords, 1);
    assert_int_equal(outcome.end, DATASET_END);
    dataset_close(dataset);
    close(ends[0]);
    outcome_release(&outcome);
}

/* --- sound input -------------------------------------------------------------------------------------------------- */

#define TWO "{\"a\": 1}\n{\"b\": \"x\"}\n"

static void test_forms(void **state)
{
    static const struct {
        const char *text;
        enum dataset_format format;
        const char *records;
    } CASES[] = {
        {"[{\"a\":1},{\"b\":\"x\"}]", DATASET_AUTO, TWO},
        {"[\n    {\n        \"a\": 1\n    },\n    {\n        \"b\": \"x\"\n    }\n]\n", DATASET_AUTO, TWO},
        {"[\r\n    {\r\n        \"a\": 1\r\n    },\r\n    {\r\n        \"b\": \"x\"\r\n    }\r\n]\r\n", DATASET_JSON,
         TWO},
        {"\xef\xbb\xbf[{\"a\":1},{\"b\":\"x\"}]", DATASET_AUTO, TWO},
        {"  \n[ {\"a\":1} ,\t{\"b\":\"x\"} ] \n\n", DATASET_AUTO, TWO},
        {"{\"a\":1}\n{\"b\":\"x\"}\n", DATASET_AUTO, TWO},
        {"{\"a\":1}\r\n\r\n  {\"b\":\"x\"}  ", DATASET_JSON, TWO},
        {"\xef\xbb\xbf{\"a\":1}\n{\"b\":\"x\"}", DATASET_JSONL, TWO},
        {"[]", DATASET_AUTO, ""},
        {" [ \n ] ", DATASET_AUTO, ""},
        {"", DATASET_AUTO, ""},
        {" \n\t\r\n", DATASET_AUTO, ""},
        {"\xef\xbb\xbf", DATASET_AUTO, ""},
        {"\n\n", DATASET_JSONL, ""},
    };
    static const size_t PIECES[] = {1, 2, 7, 4096};

    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        size_t len = strlen(CASES[i].text);
        for (size_t piece = 0; piece <= COUNT(PIECES); piece++) {
            struct outcome outcome;
            if (piece == COUNT(PIECES))
                read_file("forms", CASES[i].text, len, CASES[i].format, &outcome);
            else
                read_pipe(CASES[i].text, len, PIECES[piece], CASES[i].format, &outcome);
            if (outcome.end != DATASET_END || outcome.nbad != 0)
                fail_msg("case %zu: %s%s", i, outcome.first.text, outcome.failed.text);
            assert_string_equal(outcome.records.data != NULL ? outcome.records.data : "", CASES[i].records);
            outcome_release(&outcome);
        }
    }
}

/* --- every cut ---------------------------------------------------------------------------------------------------- */

static void every_cut(const char *text, const size_t *ends, size_t nends, bool lines)
{
    size_t len = strlen(text);

    for (size_t cut = 0; cut <= len; cut++) {
        struct outcome outcome;
        size_t whole = 0;
        char where[64];
        while (whole < nends && ends[whole] <= cut)
            whole++;
        if (cut % 2 == 0)
            read_file("cut", text, cut, DATASET_AUTO, &outcome);
        else
            read_pipe(text, cut, 5, DATASET_AUTO, &outcome);
        assert_int_equal(outcome.nrecords, whole);
        assert_int_equal(outcome.nbad, 0);
        /* sound: nothing at all; all of it; in lines also the end of any record or line */
        size_t last = cut;
        while (last > 0 && strchr(" \r\n", text[last - 1]) != NULL)
            last--;
        bool sound = last == 0 || (lines ? whole > 0 && last == ends[whole - 1] : text[last - 1] == ']');
        assert_int_equal(outcome.end, sound ? DATASET_END : DATASET_FAILED);
        if (!sound) {
            snprintf(where, sizeof(where), "at byte %zu, line ", cut);
            assert_non_null(strstr(outcome.failed.text, where));
            assert_non_null(strstr(outcome.failed.text, "cut off"));
            snprintf(where, sizeof(where), "(%zu whole records before it)", whole);
            assert_non_null(strstr(outcome.failed.text, where));
            assert_int_equal(outcome.failed.exit_code, EXIT_CODE_RUNTIME);
        }
        outcome_release(&outcome);
    }
}

static void test_every_cut_of_an_array(void **state)
{
    static const char text[] =
        "[\r\n    {\r\n        \"a\": \"caf\xc3\xa9 \\u00e9\",\r\n        \"b\": -1.5e3\r\n    },\r\n"
        "    {\r\n        \"c\": {\"x\": {}},\r\n        \"d\": true\r\n    },\r\n    {}\r\n]\r\n";
    size_t ends[3];
    size_t n = 0;

    (void)state;
    /* records end with the braces that begin a line, or stand alone in it */
    for (const char *p = strstr(text, "    }"); p != NULL; p = strstr(p + 1, "    }"))
        ends[n++] = (size_t)(p - text) + 5;
    assert_int_equal(n, 2);
    ends[n++] = (size_t)(strstr(text, "    {}") - text) + 6;
    every_cut(text, ends, n, false);
}

static void test_every_cut_of_lines(void **state)
{
    static const char text[] = "{\"a\":\"\xe2\x82\xac\"}\n{\"b\":[1,2,{\"c\":null}]}\r\n\n{\"d\":\"\\\\\\\"\"}\n";
    size_t ends[3];
    size_t n = 0;

    (void)state;
    for (const char *p = text; (p = strpbrk(p, "\r\n")) != NULL; p++)
        if (p[-1] == '}')
            ends[n++] = (size_t)(p - text);
    assert_int_equal(n, 3);
    every_cut(text, ends, n, true);
}

/* --- damage ------------------------------------------------------------------------------------------------------- */

static void test_damage(void **state)
{
    static const struct {
        const char *text;
        const char *records; /* that come out when damage is skipped */
        size_t nbad;
        const char *first; /* part of the text about the first damaged one */
        const char *failed;
    } CASES[] = {
        {"[{\"a\":1},{\"a\":tru},{\"a\":3}]", "{\"a\": 1}\n{\"a\": 3}\n", 1,
         "at byte 17, line 1: expected a value (1 whole", NULL},
        {"[\n{\"a\":1},\n{\"a\":\"x\n{\"a\":3}\n]", "{\"a\": 1}\n{\"a\": 3}\n", 1, "line 3: control character", NULL},
        {"[\n  {\"a\":1}\n  {\"a\":2}\n]", "{\"a\": 1}\n{\"a\": 2}\n", 1, "line 3: expected ',' or ']'", NULL},
        {"[\n  {\"a\":1},\n  {\"a\":\n  {\"a\":3},\n]", "{\"a\": 1}\n", 1, "line 5: expected", NULL},
        {"[\n  {\"a\":\xff},\n  {\"b\":2}]", "{\"b\": 2}\n", 1, "at byte 9, line 2: expected a value (0 whole", NULL},
        {"[1, {\"a\":1}]", "", 1, "expected a record", NULL},
        {"[[{\"a\":1}],\n{\"a\":2}]", "{\"a\": 2}\n", 1, "expected a record", NULL},
        {"[{\"a\":1},]", "{\"a\": 1}\n", 1, "expected a record", NULL},
        {"[{\"a\":1}] x", "{\"a\": 1}\n", 0, NULL, "something stands behind the array"},
        {"[{\"a\":1}][{\"a\":2}]", "{\"a\": 1}\n", 0, NULL, "something stands behind the array"},
        {"[{\"a\":x},", "", 1, "expected a value", "cut off"},
        {"hello", "", 0, NULL, "neither a JSON array"},
        {"\xff\xfe[", "", 0, NULL, "neither a JSON array"},
        {"{\"a\":1}\nnull\n{\"a\":2}\n", "{\"a\": 1}\n{\"a\": 2}\n", 1, "at byte 8, line 2: expected a record", NULL},
        {"{\"a\":1}\n{\"a\": 2\n{\"a\":3}\n", "{\"a\": 1}\n{\"a\": 3}\n", 1, "line 2: the line ends inside a record",
         NULL},
        {"{\"a\":1} {\"a\":2}\n{\"a\":3}\n", "{\"a\": 1}\n{\"a\": 3}\n", 1, "behind a record on its line", NULL},
        {"{\"a\":1},\n{\"a\":2}\n", "{\"a\": 1}\n{\"a\": 2}\n", 1, "behind a record on its line", NULL},
        {"{\"a\":1}\n{\"a\":\"\x01\"}\n\n{\"a\":\"\\q\"}\r\n{\"a\":4}", "{\"a\": 1}\n{\"a\": 4}\n", 2,
         "line 2: control character", NULL},
        {"{\"a\":1}\n{\"a\":nope}", "{\"a\": 1}\n", 1, "line 2: expected a value", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        for (size_t piece = 0; piece < 4; piece++) {
            struct outcome outcome;
            size_t len = strlen(CASES[i].text);
            if (piece == 0)
                read_file("damage", CASES[i].text, len, DATASET_AUTO, &outcome);
            else
                read_pipe(CASES[i].text, len, piece, DATASET_AUTO, &outcome);
            const char *records = outcome.records.data != NULL ? outcome.records.data : "";
            if (strcmp(records, CASES[i].records) != 0 || outcome.nbad != CASES[i].nbad)
                fail_msg("case %zu, pieces of %zu: %zu damaged, %s records %s", i, piece, outcome.nbad,
                         outcome.first.text, records);
            if (CASES[i].first != NULL && strstr(outcome.first.text, CASES[i].first) == NULL)
                fail_msg("case %zu: %s", i, outcome.first.text);
            assert_int_equal(outcome.end, CASES[i].failed != NULL ? DATASET_FAILED : DATASET_END);
            if (CASES[i].failed != NULL && strstr(outcome.failed.text, CASES[i].failed) == NULL)
                fail_msg("case %zu: %s", i, outcome.failed.text);
            outcome_release(&outcome);
        }
    }
}

static void test_forced_lines(void **state)
{
    struct outcome outcome;

    (void)state;
    read_file("lines", "[{\"a\":1}]\n{\"a\":2}\n", 18, DATASET_JSONL, &outcome);
    assert_int_equal(outcome.nbad, 1);
    assert_string_equal(outcome.records.data, "{\"a\": 2}\n");
    outcome_release(&outcome);
}

/* --- sizes -------------------------------------------------------------------------------------------------------- */

static void append_record(struct buf *text, size_t payload)
{
    buf_append_text(text, "    {\n        \"a\": \"");
    buf_append_fill(text, 'x', payload);
    buf_append_text(text, "\"\n    }");
}

/* Records of all sizes across the borders of blocks; one beyond the limit is damage, and what follows it comes out. */
static void test_large_records(void **state)
{
    static const size_t SIZES[] = {10, 262100, 5, 300000, 1048000, 70000, 1048576, 20, 900000, 2500000, 1};
    struct buf text = BUF_INIT;
    struct outcome outcome;

    (void)state;
    buf_append_text(&text, "[\n");
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        if (i > 0)
            buf_append_text(&text, ",\n");
        append_record(&text, SIZES[i]);
    }
    buf_append_text(&text, "\n]\n");
    assert_false(text.failed);
    read_file("large", text.data, text.len, DATASET_AUTO, &outcome);
    assert_int_equal(outcome.end, DATASET_END);
    assert_int_equal(outcome.nrecords, COUNT(SIZES) - 2);
    assert_int_equal(outcome.nbad, 2);
    assert_non_null(strstr(outcome.first.text, "more than 1 MiB"));
    size_t wanted = 0;
    for (size_t i = 0; i < COUNT(SIZES); i++)
        if (SIZES[i] < 1048570)
            wanted += SIZES[i] + strlen("{\"a\": \"\"}\n");
    assert_int_equal(outcome.records.len, wanted);
    outcome_release(&outcome);
    buf_release(&text);
}

/* A 2 MiB line without an end, fed in small pieces: refused once the limit is passed, not collected. */
static void test_endless_line(void **state)
{
    struct buf text = BUF_INIT;
    struct outcome outcome;

    (void)state;
    buf_append_text(&text, "{\"a\": \"");
    buf_append_fill(&text, 'y', (size_t)2 << 20);
    read_pipe(text.data, text.len, 4096, DATASET_AUTO, &outcome);
    assert_int_equal(outcome.nbad, 1);
    assert_non_null(strstr(outcome.first.text, "at byte 1048576, line 1: a record of more than 1 MiB"));
    assert_int_equal(outcome.end, DATASET_END);
    outcome_release(&outcome);
    buf_release(&text);
}

static void test_many_records(void **state)
{
    struct buf text = BUF_INIT;
    struct outcome outcome;
    enum { RECORDS = 20000 };

    (void)state;
    buf_append_text(&text, "[");
    for (int i = 0; i < RECORDS; i++)
        buf_printf(&text, "%s\n  {\"n\": %d, \"text\": \"%.*s\"}", i > 0 ? "," : "", i, i % 60,
                   "the quick brown fox jumps over the lazy dog and back again, twice");
    buf_append_text(&text, ",\n  {\"n\": }\n]\n");
    read_file("many", text.data, text.len, DATASET_AUTO, &outcome);
    assert_int_equal(outcome.nrecords, RECORDS);
    assert_int_equal(outcome.nbad, 1);
    char where[64];
    snprintf(where, sizeof(where), "line %d: expected a value (%d whole", RECORDS + 2, RECORDS);
    assert_non_null(strstr(outcome.first.text, where));
    outcome_release(&outcome);
    buf_release(&text);
}

static void test_rewind(void **state)
{
    char path[128];
    struct outcome outcome;
    struct errbuf err;

    (void)state;
    memset(&outcome, 0, sizeof(outcome));
    path_of("rewind", path);
    write_file(path, "[{\"a\":1},{\"a\":2}]", 17);
    struct dataset *dataset = must_open(path, DATASET_AUTO);
    for (size_t pass = 1; pass <= 3; pass++) {
        assert_true(read_on(dataset, &outcome));
        assert_int_equal(outcome.nrecords, 2 * pass);
        assert_int_equal(dataset_position(dataset), 17);
        assert_int_equal(dataset_size(dataset), 17);
        assert_int_equal(dataset_rewind(dataset, &err), 0);
    }
    dataset_close(dataset);
    outcome_release(&outcome);
}

static void test_refused_paths(void **state)
{
    char path[128];
    struct errbuf err;

    (void)state;
    path_of("no-such-file", path);
    assert_null(dataset_open(path, DATASET_AUTO, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    assert_non_null(strstr(err.text, path));
    assert_null(dataset_open(directory, DATASET_AUTO, &err));
    assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    assert_non_null(strstr(err.text, "directory"));
    path_of("unreadable", path);
    write_file(path, "[]", 2);
    assert_int_equal(chmod(path, 0), 0);
    if (access(path, R_OK) != 0) { /* root may read everything */
        assert_null(dataset_open(path, DATASET_AUTO, &err));
        assert_int_equal(err.exit_code, EXIT_CODE_USAGE);
    }
    dataset_close(NULL);
}

/* --- CSV ---------------------------------------------------------------------------------------------------------- */

#define HEADER                                                                                                         \
    "Crime Id,Original Crime Type Name,Report Date,Call Date,Offense Date,Call Time,Call Date Time,Disposition,"       \
    "Address,City,State,Agency Id,Address Type,Common Location\n"
#define RECORD(id, date, date_time, place)                                                                             \
    "{\"crime_id\": \"" id "\", \"original_crime_type_name\": \"Poss\", \"report_date\": \"" date                      \
    "\", \"call_date\": \"" date "\", \"offense_date\": \"" date "\", \"call_time\": \"19:49\", \"call_date_time\": "  \
    "\"" date_time "\", \"disposition\": \"HAN\", \"address\": \"A St/b St\", \"city\": \"\", \"state\": \"CA\", "     \
    "\"agency_id\": \"1\", \"address_type\": \"Intersection\", \"common_location\": \"" place "\"}\n"
#define DAY "2016-03-31T00:00:00.000"

static void test_csv(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf" HEADER
        "1,Poss,2016-03-31T00:00:00,2016-03-31T00:00:00,2016-03-31T00:00:00,19:49,2016-03-31T19:49:00,HAN,A St/b "
        "St,,CA,1,Intersection,\"Ferry Bldg, Sf\"\r\n"
        "2,Poss,03/31/2016,03/31/2016,03/31/2016,19:49,03/31/2016 07:49:00 PM,HAN,A St/b St,,CA,1,Intersection,\"a "
        "\"\"b\"\"\"\n"
        "3,Poss,2016-03-31,2016-03-31,2016-03-31,19:49,03/31/2016 12:05:09 AM,HAN,A St/b St,,CA,1,Intersection,\n"
        "4,too few\n"
        "5,Poss,2016-03-31,2016-03-31,2016-03-31,19:49,03/31/2016 12:05:09 PM,HAN,A St/b St,,CA,1,Intersection,\n"
        "6,Po\xffss,2016-03-31,2016-03-31,2016-03-31,19:49,never,HAN,A St/b St,,CA,1,Intersection,\n"
        "7,Poss,2016-03-31,2016-03-31,2016-03-31,19:49,never,HAN,A St/b St,,CA,1,Intersection,";
    static const char records[] = RECORD("1", DAY, "2016-03-31T19:49:00.000", "Ferry Bldg, Sf")
        RECORD("2", DAY, "2016-03-31T19:49:00.000", "a \\\"b\\\"") RECORD("3", DAY, "2016-03-31T00:05:09.000", "")
            RECORD("5", DAY, "2016-03-31T12:05:09.000", "") RECORD("7", DAY, "never", "");
    struct outcome outcome;

    (void)state;
    for (size_t piece = 0; piece < 3; piece++) {
        if (piece == 0)
            read_file("calls.csv", text, sizeof(text) - 1, DATASET_AUTO, &outcome);
        else
            read_pipe(text, sizeof(text) - 1, piece, DATASET_CSV, &outcome);
        assert_int_equal(outcome.end, DATASET_END);
        assert_string_equal(outcome.records.data, records);
        assert_int_equal(outcome.nbad, 2);
        assert_non_null(strstr(outcome.first.text, "line 5: 2 fields where the header has 14 (3 whole"));
        outcome_release(&outcome);
    }
}

static void test_csv_header(void **state)
{
    struct outcome outcome;
    static const char api[] = "crime_id,original_crimetype_name,report_date,call_date,offense_date,call_time,call_dttm,"
                              "disposition,address,city,state,agency_id,address_type,common_location,extra\n"
                              "1,Poss,,,,19:49,,HAN,A St/b St,,CA,1,Intersection,,ignored\n";
    static const char lacking[] = "crime_id,original_crimetype_name\n1,Poss\n";

    (void)state;
    read_file("api.csv", api, sizeof(api) - 1, DATASET_AUTO, &outcome);
    assert_int_equal(outcome.end, DATASET_END);
    assert_string_equal(outcome.records.data, RECORD("1", "", "", ""));
    outcome_release(&outcome);
    read_file("lacking.csv", lacking, sizeof(lacking) - 1, DATASET_AUTO, &outcome);
    assert_int_equal(outcome.end, DATASET_FAILED);
    assert_non_null(strstr(outcome.failed.text, "lacks report_date, call_date"));
    assert_int_equal(outcome.nrecords, 0);
    outcome_release(&outcome);
    read_file("empty.csv", "", 0, DATASET_AUTO, &outcome);
    assert_int_equal(outcome.end, DATASET_END);
    outcome_release(&outcome);
}

/* --- */

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const NAMES[] = {"forms",  "cut",        "damage",    "lines",   "large",       "many",
                                        "rewind", "unreadable", "calls.csv", "api.csv", "lacking.csv", "empty.csv"};

    (void)state;
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        char path[128];
        path_of(NAMES[i], path);
        unlink(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signal_while_waiting),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_every_cut_of_an_array),
        cmocka_unit_test(test_every_cut_of_lines),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_forced_lines),
        cmocka_unit_test(test_large_records),
        cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_many_records),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_refused_paths),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_csv_header),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
