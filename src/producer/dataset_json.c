/* Arrays and JSON lines. What stands between records is read here byte by byte, the records by json_copy. */
#include "dataset_internal.h"

#include "record/json_copy.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Step over white space, reading on. DATASET_FILL_DATA: data[begin] is something else. */
static enum dataset_fill next_byte(struct dataset *dataset, struct errbuf *err)
{
    for (;;) {
        for (; dataset->begin < dataset->end && is_space(dataset->data[dataset->begin]); dataset->begin++)
            dataset->fresh_line = dataset->fresh_line || dataset->data[dataset->begin] == '\n';
        if (dataset->begin < dataset->end)
            return DATASET_FILL_DATA;
        enum dataset_fill fill = dataset_fill(dataset, err);
        if (fill != DATASET_FILL_DATA)
            return fill;
    }
}

static enum dataset_status read_failed(struct dataset *dataset)
{
    dataset->state = DATASET_BROKEN;
    return DATASET_FAILED;
}

static bool in_lines(const struct dataset *dataset)
{
    return dataset->state == DATASET_IN_LINES || dataset->state == DATASET_BEHIND_LINE;
}

/* A damaged record: what follows it is looked for from `at` on. */
static enum dataset_status bad_record(struct dataset *dataset, size_t at, const char *reason, struct errbuf *err)
{
    enum dataset_status status = dataset_damage(dataset, DATASET_BAD, at, err, "%s", reason);

    dataset->state = in_lines(dataset) ? DATASET_SKIPPING_LINE : DATASET_SKIPPING_ELEMENT;
    dataset->skipped[0] = '\0';
    dataset->skipped[1] = '\0';
    /* A '{' at which the damage was found may itself begin the next record, if it begins its line. */
    dataset->skipped_line = at == dataset->begin && dataset->fresh_line;
    for (size_t i = at; i > dataset->begin && is_space(dataset->data[i - 1]); i--)
        dataset->skipped_line = dataset->skipped_line || dataset->data[i - 1] == '\n';
    dataset->begin = at;
    dataset->fresh_line = false;
    return status;
}

static enum dataset_status cut_off(struct dataset *dataset, struct errbuf *err)
{
    long long offset = (long long)dataset_position(dataset);
    long long line = (long long)dataset_line(dataset, dataset->begin);

    return dataset_damage(dataset, DATASET_FAILED, dataset->end, err,
                          "the file ends inside the record that begins at byte %lld, line %lld: it is cut off", offset,
                          line);
}

/* The record that begins at data[begin]. */
static enum dataset_status take_record(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err)
{
    for (;;) {
        const char *at = dataset->data + dataset->begin;
        size_t unread = dataset->end - dataset->begin;
        size_t used = 0;
        const char *reason = "";
        enum json_copy_status status = JSON_COPY_MORE;
        bool at_end = dataset->eof;

        if (*at != '{') {
            dataset->tried = 0;
            return bad_record(dataset, dataset->begin, "expected a record, an object in braces", err);
        }
        /* A record cannot end without a brace, so small pieces of a large one are not tried one by one. */
        if (dataset->tried == 0 || at_end || unread >= JSON_COPY_MAX_BYTES ||
            memchr(at + dataset->tried, '}', unread - dataset->tried) != NULL) {
            buf_reset(&dataset->record);
            status = json_copy_record(at, unread, in_lines(dataset), &dataset->shape, &dataset->record, &used, &reason);
        }
        dataset->tried = 0;
        switch (status) {
        case JSON_COPY_DONE:
            dataset->begin += used;
            dataset->fresh_line = false;
            *record = dataset->record.data;
            *len = dataset->record.len;
            return DATASET_RECORD;
        case JSON_COPY_BAD:
            return bad_record(dataset, dataset->begin + used, reason, err);
        case JSON_COPY_NOMEM:
            errbuf_oom(err, "record", unread);
            return read_failed(dataset);
        case JSON_COPY_MORE:
            break;
        }
        dataset->tried = unread;
        switch (dataset_fill(dataset, err)) {
        case DATASET_FILL_DATA:
            break;
        case DATASET_FILL_WAIT:
            return DATASET_WAIT;
        case DATASET_FILL_FAILED:
            return read_failed(dataset);
        case DATASET_FILL_END:
            if (at_end)
                return cut_off(dataset, err);
            break; /* once more, now that all is here: what looks cut off may be damaged before its end */
        }
    }
}

/* --- JSON lines -------------------------------------------------------------------------------------------------- */

/* Behind a record only blanks may stand on its line. Checked when the next one is asked for: a pipe's record is not
 * held back until its line feed arrives. DATASET_RECORD: at the line feed. */
static enum dataset_status finish_line(struct dataset *dataset, struct errbuf *err)
{
    for (;;) {
        while (dataset->begin < dataset->end && dataset->data[dataset->begin] != '\n' &&
               is_space(dataset->data[dataset->begin]))
            dataset->begin++;
        if (dataset->begin < dataset->end) {
            if (dataset->data[dataset->begin] != '\n')
                return bad_record(dataset, dataset->begin, "something stands behind a record on its line", err);
            dataset->state = DATASET_IN_LINES;
            return DATASET_RECORD;
        }
        switch (dataset_fill(dataset, err)) {
        case DATASET_FILL_DATA:
            break;
        case DATASET_FILL_WAIT:
            return DATASET_WAIT;
        case DATASET_FILL_FAILED:
            return read_failed(dataset);
        case DATASET_FILL_END:
            dataset->state = DATASET_AT_END;
            return DATASET_END;
        }
    }
}

static enum dataset_status next_line(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err)
{
    switch (next_byte(dataset, err)) {
    case DATASET_FILL_WAIT:
        return DATASET_WAIT;
    case DATASET_FILL_FAILED:
        return read_failed(dataset);
    case DATASET_FILL_END:
        dataset->state = DATASET_AT_END;
        return DATASET_END;
    case DATASET_FILL_DATA:
        break;
    }
    enum dataset_status status = take_record(dataset, record, len, err);
    if (status == DATASET_RECORD) {
        dataset->nrecords++;
        dataset->state = DATASET_BEHIND_LINE;
    }
    return status;
}

/* Go to the line behind damage. DATASET_RECORD: there. */
static enum dataset_status skip_line(struct dataset *dataset, struct errbuf *err)
{
    for (;;) {
        char *at = dataset->data + dataset->begin;
        char *line_feed = memchr(at, '\n', dataset->end - dataset->begin);
        if (line_feed != NULL) {
            dataset->begin += (size_t)(line_feed - at);
            dataset->state = DATASET_IN_LINES;
            return DATASET_RECORD;
        }
        dataset->begin = dataset->end;
        switch (dataset_fill(dataset, err)) {
        case DATASET_FILL_DATA:
            break;
        case DATASET_FILL_WAIT:
            return DATASET_WAIT;
        case DATASET_FILL_FAILED:
            return read_failed(dataset);
        case DATASET_FILL_END:
            dataset->state = DATASET_AT_END;
            return DATASET_END;
        }
    }
}

/* --- arrays ------------------------------------------------------------------------------------------------------ */

/* Go to the next element behind damage: a '{' that begins a line or follows "},". Nested objects in laid out JSON stand
 * behind their key, so the rule rarely takes one for an element; if it does, the rest of that record counts as damaged
 * too. */
static enum dataset_status skip_element(struct dataset *dataset, struct errbuf *err)
{
    for (;;) {
        for (; dataset->begin < dataset->end; dataset->begin++) {
            char c = dataset->data[dataset->begin];
            if (c == '\n')
                dataset->skipped_line = true;
            if (is_space(c))
                continue;
            if (c == '{' && (dataset->skipped_line || (dataset->skipped[0] == '}' && dataset->skipped[1] == ','))) {
                dataset->state = DATASET_BEFORE_ELEMENT;
                return DATASET_RECORD;
            }
            dataset->skipped_line = false;
            dataset->skipped[0] = dataset->skipped[1];
            dataset->skipped[1] = c;
        }
        switch (dataset_fill(dataset, err)) {
        case DATASET_FILL_DATA:
            break;
        case DATASET_FILL_WAIT:
            return DATASET_WAIT;
        case DATASET_FILL_FAILED:
            return read_failed(dataset);
        case DATASET_FILL_END:
            if (dataset->skipped[1] == ']') { /* the array's own: nothing but white space followed */
                dataset->state = DATASET_AT_END;
                return DATASET_END;
            }
            return dataset_damage(dataset, DATASET_FAILED, dataset->end, err,
                                  "the file ends before its array is closed: it is cut off");
        }
    }
}

static enum dataset_status next_element(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err)
{
    for (;;) {
        switch (next_byte(dataset, err)) {
        case DATASET_FILL_WAIT:
            return DATASET_WAIT;
        case DATASET_FILL_FAILED:
            return read_failed(dataset);
        case DATASET_FILL_END:
            if (dataset->state == DATASET_BEHIND_ARRAY) {
                dataset->state = DATASET_AT_END;
                return DATASET_END;
            }
            return dataset_damage(dataset, DATASET_FAILED, dataset->end, err,
                                  "the file ends before its array is closed: it is cut off");
        case DATASET_FILL_DATA:
            break;
        }
        char c = dataset->data[dataset->begin];
        if (dataset->state == DATASET_BEHIND_ARRAY)
            return dataset_damage(dataset, DATASET_FAILED, dataset->begin, err, "something stands behind the array");
        if (dataset->state != DATASET_BEFORE_ELEMENT && c == ']') {
            dataset->begin++;
            dataset->state = DATASET_BEHIND_ARRAY;
            continue;
        }
        if (dataset->state == DATASET_BEHIND_ELEMENT) {
            if (c != ',')
                return bad_record(dataset, dataset->begin, "expected ',' or ']' behind a record", err);
            dataset->begin++;
            dataset->fresh_line = false;
            dataset->state = DATASET_BEFORE_ELEMENT;
            continue;
        }
        enum dataset_status status = take_record(dataset, record, len, err);
        if (status == DATASET_RECORD) {
            dataset->nrecords++;
            dataset->state = DATASET_BEHIND_ELEMENT;
        }
        return status;
    }
}

/* --- the beginning ----------------------------------------------------------------------------------------------- */

/* Tell array from lines. DATASET_RECORD: state is set. */
static enum dataset_status begin(struct dataset *dataset, struct errbuf *err)
{
    static const char BOM[] = "\xef\xbb\xbf";

    /* the mark may come in pieces from a pipe */
    while (dataset->base == 0 && dataset->begin == 0 && dataset->end < 3 &&
           memcmp(dataset->data, BOM, dataset->end) == 0) {
        enum dataset_fill fill = dataset_fill(dataset, err);
        if (fill == DATASET_FILL_WAIT)
            return DATASET_WAIT;
        if (fill == DATASET_FILL_FAILED)
            return read_failed(dataset);
        if (fill == DATASET_FILL_END)
            break;
    }
    if (dataset->base == 0 && dataset->begin == 0 && dataset->end >= 3 && memcmp(dataset->data, BOM, 3) == 0)
        dataset->begin = 3;
    switch (next_byte(dataset, err)) {
    case DATASET_FILL_WAIT:
        return DATASET_WAIT;
    case DATASET_FILL_FAILED:
        return read_failed(dataset);
    case DATASET_FILL_END:
        dataset->state = DATASET_AT_END;
        return DATASET_END;
    case DATASET_FILL_DATA:
        break;
    }
    char c = dataset->data[dataset->begin];
    if (dataset->format == DATASET_JSONL || c == '{') {
        dataset->state = DATASET_IN_LINES;
    } else if (c == '[') {
        dataset->begin++;
        dataset->state = DATASET_BEFORE_FIRST;
    } else {
        return dataset_damage(dataset, DATASET_FAILED, dataset->begin, err,
                              "neither a JSON array ([) nor JSON lines ({) begins here (byte value 0x%02x)",
                              (unsigned)(unsigned char)c);
    }
    return DATASET_RECORD;
}

enum dataset_status dataset_json_next(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err)
{
    enum dataset_status status = DATASET_RECORD;

    if (dataset->state == DATASET_AT_START)
        status = begin(dataset, err);
    else if (dataset->state == DATASET_BEHIND_LINE)
        status = finish_line(dataset, err);
    else if (dataset->state == DATASET_SKIPPING_LINE)
        status = skip_line(dataset, err);
    else if (dataset->state == DATASET_SKIPPING_ELEMENT)
        status = skip_element(dataset, err);
    if (status != DATASET_RECORD)
        return status;
    if (dataset->state == DATASET_IN_LINES)
        return next_line(dataset, record, len, err);
    return next_element(dataset, record, len, err);
}
