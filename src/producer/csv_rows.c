/* libcsv calls back while it is fed, the caller wants one record at a time: rows of one piece of the file wait in a
 * queue between the two. */
#include "producer/csv_rows.h"

#include "common/buf.h"
#include "common/escape.h"
#include "record/csv.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_ROW_BYTES ((size_t)1 << 20)
#define NAME_MAX_BYTES 64

/* In wire order. */
static const struct {
    const char *name;
    const char *alias;
    bool time;
} COLUMNS[] = {
    {"crime_id", NULL, false},
    {"original_crime_type_name", "original_crimetype_name", false},
    {"report_date", NULL, true},
    {"call_date", NULL, true},
    {"offense_date", NULL, true},
    {"call_time", NULL, false},
    {"call_date_time", "call_dttm", true},
    {"disposition", NULL, false},
    {"address", NULL, false},
    {"city", NULL, false},
    {"state", NULL, false},
    {"agency_id", NULL, false},
    {"address_type", NULL, false},
    {"common_location", NULL, false},
};

struct queued {
    size_t begin; /* of the record, or of a bad row's reason, in texts */
    size_t len;
    bool bad;
};

struct csv_rows {
    struct csv_reader *reader;
    bool header_read;
    bool ended;
    size_t place[COUNT(COLUMNS)]; /* field of each column */
    size_t nfields;               /* of the header */
    int64_t nrecords;
    struct buf texts;
    struct queued *queue;
    size_t nqueue;
    size_t queue_cap;
    size_t next;
    int failed; /* -1: err is what ends the reading, once the queue is empty */
    struct errbuf err;
};

/* --- header ------------------------------------------------------------------------------------------------------ */

static void normal_name(const struct csv_field *field, char name[NAME_MAX_BYTES])
{
    size_t n = 0;

    for (size_t i = 0; i < field->len && n < NAME_MAX_BYTES - 1; i++) {
        char c = field->data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        name[n++] = c == ' ' ? '_' : c;
    }
    name[n] = '\0';
}

static int read_header(struct csv_rows *rows, const struct csv_field *fields, size_t nfields)
{
    char missing[512] = "";
    size_t used = 0;

    for (size_t column = 0; column < COUNT(COLUMNS); column++) {
        size_t field = 0;
        for (; field < nfields; field++) {
            char name[NAME_MAX_BYTES];
            normal_name(&fields[field], name);
            if (strcmp(name, COLUMNS[column].name) == 0 ||
                (COLUMNS[column].alias != NULL && strcmp(name, COLUMNS[column].alias) == 0))
                break;
        }
        rows->place[column] = field;
        if (field == nfields) {
            int n =
                snprintf(missing + used, sizeof(missing) - used, "%s%s", used > 0 ? ", " : "", COLUMNS[column].name);
            used += (size_t)n < sizeof(missing) - used ? (size_t)n : 0;
        }
    }
    rows->nfields = nfields;
    rows->header_read = true;
    if (used > 0)
        return errbuf_set(&rows->err, EXIT_CODE_RUNTIME,
                          "line 1: the CSV header lacks %s; it must be that of \"Police Department Calls for Service\"",
                          missing);
    return 0;
}

/* --- times ------------------------------------------------------------------------------------------------------- */

/* Does text look like pattern? 'd' in it is a digit, everything else itself. */
static bool looks_like(const struct csv_field *text, const char *pattern)
{
    if (text->len != strlen(pattern))
        return false;
    for (size_t i = 0; i < text->len; i++) {
        char c = text->data[i];
        if (pattern[i] == 'd' ? c < '0' || c > '9' : c != pattern[i])
            return false;
    }
    return true;
}

static void append_time(const struct csv_field *field, struct buf *out)
{
    const char *at = field->data;
    bool afternoon = looks_like(field, "dd/dd/dddd dd:dd:dd PM");

    if (looks_like(field, "dddd-dd-ddTdd:dd:dd")) { /* Kaggle */
        buf_append(out, at, 19);
        buf_append_text(out, ".000");
    } else if (looks_like(field, "dddd-dd-dd")) {
        buf_append(out, at, 10);
        buf_append_text(out, "T00:00:00.000");
    } else if (looks_like(field, "dd/dd/dddd")) { /* the portal */
        buf_printf(out, "%.4s-%.2s-%.2sT00:00:00.000", at + 6, at, at + 3);
    } else if (afternoon || looks_like(field, "dd/dd/dddd dd:dd:dd AM")) {
        int hour = (at[11] - '0') * 10 + (at[12] - '0');
        if (hour == 12)
            hour = 0;
        buf_printf(out, "%.4s-%.2s-%.2sT%02d:%.5s.000", at + 6, at, at + 3, hour + (afternoon ? 12 : 0), at + 14);
    } else {
        escape_json(at, field->len, 0, out);
    }
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static int enqueue(struct csv_rows *rows, size_t begin, bool bad)
{
    if (rows->texts.failed)
        return errbuf_oom(&rows->err, "CSV rows", rows->texts.len);
    if (rows->nqueue == rows->queue_cap) {
        size_t cap = rows->queue_cap == 0 ? 256 : rows->queue_cap * 2;
        struct queued *queue = realloc(rows->queue, cap * sizeof(*queue));
        if (queue == NULL)
            return errbuf_oom(&rows->err, "CSV rows", cap * sizeof(*queue));
        rows->queue = queue;
        rows->queue_cap = cap;
    }
    rows->queue[rows->nqueue++] = (struct queued){begin, rows->texts.len - begin, bad};
    return 0;
}

static void append_record(struct csv_rows *rows, const struct csv_field *fields)
{
    struct buf *out = &rows->texts;

    for (size_t column = 0; column < COUNT(COLUMNS); column++) {
        const struct csv_field *field = &fields[rows->place[column]];
        buf_append_text(out, column == 0 ? "{\"" : ", \"");
        buf_append_text(out, COLUMNS[column].name);
        buf_append_text(out, "\": \"");
        if (COLUMNS[column].time)
            append_time(field, out);
        else
            escape_json(field->data, field->len, 0, out);
        buf_append_byte(out, '"');
    }
    buf_append_byte(out, '}');
}

static int take_row(const struct csv_field *fields, size_t nfields, int64_t line, void *cookie)
{
    struct csv_rows *rows = cookie;
    size_t begin = rows->texts.len;
    bool utf8 = true;

    if (!rows->header_read)
        return read_header(rows, fields, nfields);
    for (size_t i = 0; i < nfields && utf8; i++)
        utf8 = escape_utf8_valid(fields[i].data, fields[i].len);
    if (nfields == rows->nfields && utf8) {
        append_record(rows, fields);
        rows->nrecords++;
        return enqueue(rows, begin, false);
    }
    if (!utf8)
        buf_printf(&rows->texts, "damaged at line %lld: not UTF-8", (long long)line);
    else
        buf_printf(&rows->texts, "damaged at line %lld: %zu fields where the header has %zu", (long long)line, nfields,
                   rows->nfields);
    buf_printf(&rows->texts, " (%lld whole records before it)", (long long)rows->nrecords);
    return enqueue(rows, begin, true);
}

struct csv_rows *csv_rows_new(struct errbuf *err)
{
    struct csv_rows *rows = calloc(1, sizeof(*rows));

    if (rows == NULL) {
        errbuf_oom(err, "CSV rows", sizeof(*rows));
        return NULL;
    }
    buf_init(&rows->texts);
    rows->reader = csv_reader_new(',', MAX_ROW_BYTES, take_row, rows, err);
    if (rows->reader == NULL) {
        csv_rows_free(rows);
        return NULL;
    }
    return rows;
}

void csv_rows_free(struct csv_rows *rows)
{
    if (rows == NULL)
        return;
    csv_reader_free(rows->reader);
    buf_release(&rows->texts);
    free(rows->queue);
    free(rows);
}

static void forget_queue(struct csv_rows *rows)
{
    buf_reset(&rows->texts);
    rows->nqueue = 0;
    rows->next = 0;
}

void csv_rows_feed(struct csv_rows *rows, const char *data, size_t len)
{
    forget_queue(rows);
    rows->failed = csv_reader_feed(rows->reader, data, len, &rows->err);
}

void csv_rows_end(struct csv_rows *rows)
{
    forget_queue(rows);
    rows->failed = csv_reader_end(rows->reader, &rows->err);
    rows->ended = true;
}

enum csv_rows_status csv_rows_next(struct csv_rows *rows, const char **record, size_t *len, struct errbuf *err)
{
    if (rows->next < rows->nqueue) {
        const struct queued *queued = &rows->queue[rows->next++];
        *record = rows->texts.data + queued->begin;
        *len = queued->len;
        if (!queued->bad)
            return CSV_ROWS_RECORD;
        errbuf_set(err, EXIT_CODE_RUNTIME, "%.*s", (int)queued->len, *record);
        return CSV_ROWS_BAD;
    }
    if (rows->failed != 0) {
        *err = rows->err;
        err->exit_code = EXIT_CODE_RUNTIME;
        return CSV_ROWS_FAILED;
    }
    return rows->ended ? CSV_ROWS_END : CSV_ROWS_MORE;
}
