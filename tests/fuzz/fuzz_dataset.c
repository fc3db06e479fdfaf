/* The producer's input: from a pipe, in any pieces, the same records, damages and end come as from a file in one piece.
 * Each record is sound JSON and stays as it is when it is read again. */
#include "producer/dataset.h"
#include "record/json_copy.h"

#include <jansson.h>

#include "fuzz.h"

static char path[256];

/* jansson is stricter than JSON where it cannot keep a value: lone surrogates, numbers beyond a double. */
static bool can_judge(const char *record, size_t len)
{
    size_t digits = 0;

    for (size_t i = 0; i < len; i++) {
        digits = record[i] >= '0' && record[i] <= '9' ? digits + 1 : 0;
        if (digits > 300 || (record[i] == '\\' && record[i + 1] == 'u') ||
            (digits > 0 && (record[i + 1] == 'e' || record[i + 1] == 'E')))
            return false;
    }
    return true;
}

static void must_be_record(const char *record, size_t len)
{
    struct buf again = BUF_INIT;
    const char *reason;
    json_error_t error;
    size_t used;

    fuzz_must(len <= 2 * JSON_COPY_MAX_BYTES && record[0] == '{' && memchr(record, '\n', len) == NULL);
    fuzz_must(json_copy_record(record, len, true, NULL, &again, &used, &reason) == JSON_COPY_DONE && used == len);
    if (again.len != len || memcmp(again.data, record, len) != 0)
        fuzz_fail("%.*s becomes %.*s", (int)len, record, (int)again.len, again.data);
    buf_release(&again);
    if (!can_judge(record, len))
        return;
    json_t *value = json_loadb(record, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    if (!json_is_object(value))
        fuzz_fail("%s: %.*s", error.text, (int)len, record);
    json_decref(value);
}

/* Read until the end (false) or WAIT (true). Texts without the name of the file in front. */
static bool read_on(struct dataset *dataset, struct buf *out)
{
    const char *record;
    size_t len;
    struct errbuf err;

    for (;;) {
        errbuf_clear(&err);
        enum dataset_status status = dataset_next(dataset, &record, &len, &err);
        if (status == DATASET_WAIT)
            return true;
        if (status == DATASET_END) {
            buf_append_text(out, "end\n");
            return false;
        }
        if (status == DATASET_RECORD) {
            must_be_record(record, len);
            buf_append(out, record, len);
            buf_append_byte(out, '\n');
            continue;
        }
        fuzz_must(strncmp(err.text, dataset_name(dataset), strlen(dataset_name(dataset))) == 0);
        buf_printf(out, "%s%s\n", status == DATASET_BAD ? "bad" : "failed", err.text + strlen(dataset_name(dataset)));
        if (status == DATASET_FAILED)
            return false;
    }
}

static void from_pipe(const uint8_t *data, size_t size, enum dataset_format format, uint32_t seed, struct buf *out)
{
    int ends[2];
    char name[64];
    struct errbuf err;

    fuzz_must(pipe2(ends, O_CLOEXEC) == 0);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
    struct dataset *dataset = dataset_open(name, format, &err);
    fuzz_must(dataset != NULL && dataset_size(dataset) == -1);
    bool more = true;
    for (size_t at = 0; at < size && more;) {
        size_t n = fuzz_chunk(&seed, size - at);
        fuzz_must(write(ends[1], data + at, n) == (ssize_t)n);
        at += n;
        more = read_on(dataset, out);
    }
    fuzz_must(close(ends[1]) == 0);
    if (more)
        fuzz_must(!read_on(dataset, out));
    dataset_close(dataset);
    fuzz_must(close(ends[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dataset_format formats[] = {DATASET_AUTO, DATASET_JSON, DATASET_JSONL, DATASET_CSV};
    uint8_t choice = fuzz_choice(&data, &size);
    enum dataset_format format = formats[choice % 4];
    struct buf whole = BUF_INIT, again = BUF_INIT, pieces = BUF_INIT;
    struct errbuf err;

    if (path[0] == '\0')
        snprintf(path, sizeof(path), "%s/input", fuzz_dir());
    fuzz_write(path, data, size);
    struct dataset *dataset = dataset_open(path, format, &err);
    fuzz_must(dataset != NULL && dataset_size(dataset) == (int64_t)size);
    fuzz_must(!read_on(dataset, &whole));
    fuzz_must(dataset_position(dataset) >= 0 && dataset_position(dataset) <= (int64_t)size);
    fuzz_must(dataset_rewind(dataset, &err) == 0 && !read_on(dataset, &again));
    dataset_close(dataset);
    if (!fuzz_same(&whole, &again))
        fuzz_fail("first\n%s\nand again\n%s", whole.data, again.data);
    from_pipe(data, size, format, choice, &pieces);
    if (!fuzz_same(&whole, &pieces))
        fuzz_fail("in one piece\n%s\nin pieces\n%s", whole.data, pieces.data);
    buf_release(&whole);
    buf_release(&again);
    buf_release(&pieces);
    return 0;
}
