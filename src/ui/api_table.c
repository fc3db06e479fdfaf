/* GET /api/v1/table: a query's result as JSON or CSV. */
#include "api_internal.h"

#include "record/csv.h"
#include "record/json_text.h"
#include "record/table_text.h"

#include <string.h>

static void result_columns(struct json_writer *json, const struct schema *schema)
{
    json_writer_key(json, "columns");
    json_writer_begin(json, '[');
    for (size_t c = 0; c < schema->ncolumns; c++) {
        struct buf type = BUF_INIT;
        type_name(schema->columns[c].type, &type);
        json_writer_begin(json, '{');
        json_writer_key_text(json, "name", schema->columns[c].name);
        json_writer_key_text(json, "type", type.failed ? NULL : type.data);
        json_writer_end(json, '}');
        buf_release(&type);
    }
    json_writer_end(json, ']');
}

static void result_json(const struct snapshot *snapshot, size_t nrows, struct buf *out)
{
    const struct snapshot_result *result = snapshot->result;
    const struct zone *zone = snapshot->zone != NULL ? snapshot->zone : zone_utc();
    struct json_writer json;

    json_writer_init(&json, out);
    json_writer_begin(&json, '{');
    json_writer_key_text(&json, "query", snapshot->name);
    json_writer_key_i64(&json, "batchId", result->batch_id);
    json_writer_key_i64(&json, "totalRows", result->total_rows);
    result_columns(&json, &result->rows.schema);
    json_writer_key(&json, "rows");
    json_writer_begin(&json, '[');
    for (size_t row = 0; row < nrows; row++) {
        json_writer_begin(&json, '[');
        for (size_t c = 0; c < result->rows.schema.ncolumns; c++) {
            json_writer_raw(&json, "");
            json_text_append_value(out, &result->rows.columns[c], row, zone);
        }
        json_writer_end(&json, ']');
    }
    json_writer_end(&json, ']');
    json_writer_end(&json, '}');
}

/* STRUCT columns as columns of their text, which Spark's CSV cannot hold but a reader of windows wants. The other
 * columns are shared. NULL without memory. */
static struct vector *flat_columns(const struct rowset *rows, size_t nrows, const struct zone *zone,
                                   struct arena *arena)
{
    struct vector *columns = arena_calloc(arena, rows->schema.ncolumns, sizeof(*columns));

    if (columns == NULL)
        return NULL;
    for (size_t c = 0; c < rows->schema.ncolumns; c++) {
        columns[c] = rows->columns[c];
        if (columns[c].type->id != TYPE_STRUCT)
            continue;
        if (vector_alloc(&columns[c], type_of(TYPE_STRING), nrows, arena) != 0)
            return NULL;
        for (size_t row = 0; row < nrows; row++) {
            struct buf text = BUF_INIT;
            if (vector_is_null(&rows->columns[c], row)) {
                vector_set_null(&columns[c], row);
                continue;
            }
            table_text_cell(&text, &rows->columns[c], row, zone);
            const char *copy = text.failed ? NULL : arena_copy(arena, text.data, text.len);
            columns[c].data.str[row] = (struct str){copy, (uint32_t)text.len};
            buf_release(&text);
            if (copy == NULL)
                return NULL;
        }
    }
    return columns;
}

static void result_csv(const struct snapshot *snapshot, size_t nrows, struct buf *out)
{
    const struct rowset *rows = &snapshot->result->rows;
    const struct zone *zone = snapshot->zone != NULL ? snapshot->zone : zone_utc();
    struct arena arena = ARENA_INIT;
    struct vector *columns = flat_columns(rows, nrows, zone, &arena);
    struct csv_writer writer;

    if (columns == NULL) {
        out->failed = true;
    } else {
        csv_writer_init(&writer, zone);
        csv_writer_header(&writer, &rows->schema, out);
        for (size_t row = 0; row < nrows; row++)
            csv_writer_row(&writer, columns, rows->schema.ncolumns, row, out);
    }
    arena_release(&arena);
}

void api_table(struct http_request *request, struct http_answer *answer)
{
    int64_t limit = 20;
    bool bad = false;

    if (http_number(request, "limit", 0, 1000000, &limit, answer) < 0)
        return;
    bool csv = api_wants_csv(request, answer, &bad);
    if (bad)
        return;
    struct snapshot *snapshot = api_chosen(request, answer);
    if (snapshot == NULL)
        return;
    if (snapshot->result == NULL) {
        http_error(answer, 503, "the query has not finished a batch yet");
    } else {
        size_t nrows = snapshot->result->rows.nrows < (size_t)limit ? snapshot->result->rows.nrows : (size_t)limit;
        if (csv)
            result_csv(snapshot, nrows, &answer->body);
        else
            result_json(snapshot, nrows, &answer->body);
    }
    snapshot_unref(snapshot);
}
