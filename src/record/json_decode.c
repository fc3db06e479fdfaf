/* The decoder: three ways through a record, from the quickest to the one that knows everything. Each may give up
 * ("surprise"), then the next begins at the record's first byte again; what was stored before is overwritten. The quick
 * ways accept only what they understand completely, so results never depend on which one ran. */
#include "json_scan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The quick way keeps places in 32 bits; a record that long is none to be quick about. */
#define LONGEST_QUICK ((size_t)1 << 30)

static int32_t match(const void *cookie, const char *name, size_t len)
{
    return json_column_find(cookie, name, len);
}

static int add_columns(struct json_decoder *decoder, const struct schema *schema, const size_t *wanted, size_t nwanted,
                       struct errbuf *err)
{
    decoder->columns = calloc(nwanted > 0 ? nwanted : 1, sizeof(*decoder->columns));
    if (decoder->columns == NULL)
        return errbuf_oom(err, "decoder", nwanted * sizeof(*decoder->columns));
    for (size_t i = 0; i < nwanted; i++) {
        const struct type_field *field = &schema->columns[wanted[i]];
        struct json_column *column = &decoder->columns[i];
        if (field->type->id == TYPE_STRUCT || field->type->id == TYPE_NULL)
            return errbuf_condition(err, "SFCRIME_UNSUPPORTED", "0A000",
                                    "column %s: this type cannot be read from JSON", field->name);
        size_t len = strlen(field->name);
        char *name = malloc(len + 1);
        if (name == NULL)
            return errbuf_oom(err, "decoder", len + 1);
        memcpy(name, field->name, len + 1);
        column->name = name;
        column->name_len = len;
        column->type = field->type->id;
        column->next_same_length = decoder->first_of_length[len & 63];
        decoder->first_of_length[len & 63] = (int32_t)i;
        decoder->ncolumns = i + 1;
        if (column->type == TYPE_BINARY)
            decoder->has_binary = true;
    }
    return 0;
}

struct json_decoder *json_decoder_new(const struct schema *schema, const size_t *wanted, size_t nwanted,
                                      const struct zone *zone, struct errbuf *err)
{
    struct json_decoder *decoder = calloc(1, sizeof(*decoder));

    if (decoder == NULL) {
        errbuf_oom(err, "decoder", sizeof(*decoder));
        return NULL;
    }
    for (size_t i = 0; i < 64; i++)
        decoder->first_of_length[i] = JSON_NO_COLUMN;
    json_token_init(&decoder->token);
    decoder->token.match = match;
    decoder->token.cookie = decoder;
    decoder->shapes = json_shape_new();
    if (decoder->shapes == NULL) {
        errbuf_oom(err, "decoder", sizeof(*decoder));
        json_decoder_free(decoder);
        return NULL;
    }
    timestamp_cache_init(&decoder->times, zone);
    if (add_columns(decoder, schema, wanted, nwanted, err) != 0) {
        json_decoder_free(decoder);
        return NULL;
    }
    return decoder;
}

void json_decoder_free(struct json_decoder *decoder)
{
    if (decoder == NULL)
        return;
    for (size_t i = 0; i < decoder->ncolumns; i++) {
        free((void *)(uintptr_t)decoder->columns[i].name);
        decoder->columns[i].name = NULL;
    }
    free(decoder->columns);
    decoder->columns = NULL;
    json_shape_free(decoder->shapes);
    decoder->shapes = NULL;
    json_token_release(&decoder->token);
    buf_release(&decoder->text);
    free(decoder);
}

void json_decoder_restrict(struct json_decoder *decoder, enum json_decoder_ways ways)
{
    decoder->ways = ways;
}

/* Columns that the record does not have are NULL: set before, since the scan only writes what it meets. */
static void clear_row(const struct json_decoder *decoder, struct vector *columns, size_t row)
{
    for (size_t i = 0; i < decoder->ncolumns; i++)
        columns[i].nulls[row] = 1;
}

static enum json_scan_result scan_quickly(struct json_decoder *decoder, struct json_scan *scan, const char *data)
{
    if (decoder->ways == JSON_DECODER_NO_SHAPES)
        return json_scan_record(scan, data, NULL);
    enum json_scan_result result = json_shape_record(decoder->shapes, scan, data);
    if (result != JSON_SCAN_SURPRISE)
        return result;
    clear_row(decoder, scan->columns, scan->row);
    if (!json_shape_curious(decoder->shapes))
        return json_scan_record(scan, data, NULL);
    struct json_trace *trace = json_shape_trace(decoder->shapes);
    result = json_scan_record(scan, data, trace);
    if (result == JSON_SCAN_DONE)
        json_shape_learn(decoder->shapes, data);
    return result;
}

enum json_decode_status json_decode_record(struct json_decoder *decoder, const char *data, size_t len,
                                           struct vector *columns, size_t row, struct arena *strings)
{
    struct json_scan scan = {decoder, data + len, columns, row, strings, false};
    enum json_scan_result result = JSON_SCAN_SURPRISE;

    if (!decoder->has_binary && decoder->ways != JSON_DECODER_SLOW_WAY && len <= LONGEST_QUICK) {
        decoder->error = NULL;
        decoder->error_column = JSON_NO_COLUMN;
        clear_row(decoder, columns, row);
        result = scan_quickly(decoder, &scan, data);
    }
    if (result == JSON_SCAN_SURPRISE)
        return json_slow_record(decoder, data, len, columns, row, strings);
    if (result == JSON_SCAN_NOMEM)
        return JSON_DECODE_NOMEM;
    for (size_t i = 0; i < decoder->ncolumns; i++)
        if (columns[i].nulls[row] != 0)
            columns[i].has_nulls = true;
    return decoder->error_column != JSON_NO_COLUMN ? JSON_DECODE_PARTIAL : JSON_DECODE_OK;
}

const char *json_decoder_reason(struct json_decoder *decoder)
{
    static const char *const articles[] = {
        [TYPE_BOOLEAN] = "a BOOLEAN", [TYPE_INT] = "an INT",        [TYPE_BIGINT] = "a BIGINT",
        [TYPE_DOUBLE] = "a DOUBLE",   [TYPE_STRING] = "sound JSON", [TYPE_TIMESTAMP] = "a TIMESTAMP",
        [TYPE_DATE] = "a DATE",       [TYPE_BINARY] = "base64",
    };

    if (decoder->error_column != JSON_NO_COLUMN) {
        const struct json_column *column = &decoder->columns[decoder->error_column];
        snprintf(decoder->reason, sizeof(decoder->reason), "column %.100s: not %s", column->name,
                 articles[column->type]);
    } else if (decoder->error != NULL) {
        snprintf(decoder->reason, sizeof(decoder->reason), "byte %zu: %s", decoder->error_offset, decoder->error);
    } else {
        decoder->reason[0] = '\0';
    }
    return decoder->reason;
}
