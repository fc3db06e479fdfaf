#include "state_internal.h"

#include "common/crc32c.h"
#include "common/fileio.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "SFCSTATE"
#define FORMAT 2
#define HEADER_BYTES ((size_t)64)
#define TRAILER_BYTES ((size_t)4)
/* More than any state that fits in memory; a guard against reading a foreign device or log file. */
#define MAX_BYTES ((size_t)16 << 30)
#define REMEDY                                                                                                         \
    "restore the directory from a backup, or start again with --from-scratch (the old directory is kept aside)"

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void append32(struct buf *out, uint32_t value)
{
    value = htole32(value);
    buf_append(out, &value, sizeof(value));
}

static void append64(struct buf *out, uint64_t value)
{
    value = htole64(value);
    buf_append(out, &value, sizeof(value));
}

void state_file_put_head(struct buf *out, const struct state_file_head *head)
{
    buf_append(out, MAGIC, 8);
    append32(out, FORMAT);
    append32(out, (uint32_t)head->kind);
    append64(out, (uint64_t)head->version);
    append64(out, (uint64_t)(head->kind == STATE_FILE_DELTA ? head->version - 1 : head->version));
    append64(out, head->layout_hash);
    append64(out, head->puts);
    append64(out, head->removes);
    append32(out, head->parent);
    append32(out, head->own);
}

void state_file_begin(struct buf *out, const struct state_file_head *head)
{
    buf_reset(out);
    state_file_put_head(out, head);
}

int state_file_end(struct buf *out, uint32_t *crc)
{
    *crc = crc32c_update(0, out->data, out->len);
    append32(out, *crc);
    return out->failed ? -1 : 0;
}

char *state_file_path(const char *dir, enum state_file_kind kind, int64_t version)
{
    char *path;

    if (asprintf(&path, "%s/%" PRId64 ".%s", dir, version, kind == STATE_FILE_DELTA ? "delta" : "snapshot") < 0)
        return NULL;
    return path;
}

int state_file_write(struct wal *wal, const char *dir, const struct state_file_head *head, const struct buf *bytes,
                     struct errbuf *err)
{
    char *path = state_file_path(dir, head->kind, head->version);

    if (path == NULL)
        return errbuf_oom(err, "path", strlen(dir));
    int result = wal_put(wal, path, bytes->data, bytes->len, true, err);
    free(path);
    return result;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *at;
    const unsigned char *end;
};

static uint32_t take32(struct reader *reader)
{
    uint32_t value;

    memcpy(&value, reader->at, sizeof(value));
    reader->at += sizeof(value);
    return le32toh(value);
}

static uint64_t take64(struct reader *reader)
{
    uint64_t value;

    memcpy(&value, reader->at, sizeof(value));
    reader->at += sizeof(value);
    return le64toh(value);
}

static int refuse(struct errbuf *err, const char *path, const char *what, uint64_t wanted, uint64_t found)
{
    return errbuf_set(err, EXIT_CODE_CHECKPOINT, "%s is not usable: %s, wanted %" PRIu64 ", found %" PRIu64 "; %s",
                      path, what, wanted, found, REMEDY);
}

static int damaged(struct errbuf *err, const char *path, const char *what)
{
    return errbuf_set(err, EXIT_CODE_CHECKPOINT, "%s is damaged: %s; %s", path, what, REMEDY);
}

/* Magic, format and checksum, in the order that gives the most telling refusal; then what the file says against what is
 * wanted. */
static int check(const char *path, const struct buf *bytes, const struct state_file_head *want,
                 struct state_file_head *head, uint32_t *crc, struct errbuf *err)
{
    struct reader reader = {(const unsigned char *)bytes->data, (const unsigned char *)bytes->data + bytes->len};

    if (bytes->len < HEADER_BYTES + TRAILER_BYTES)
        return refuse(err, path, "bytes", HEADER_BYTES + TRAILER_BYTES, bytes->len);
    if (memcmp(reader.at, MAGIC, 8) != 0)
        return damaged(err, path, "it does not begin with " MAGIC);
    reader.at += 8;
    uint32_t format = take32(&reader);
    struct reader trailer = {reader.end - TRAILER_BYTES, reader.end};
    *crc = take32(&trailer);
    uint32_t computed = crc32c_update(0, bytes->data, bytes->len - TRAILER_BYTES);
    if (computed == *crc && format != FORMAT)
        return refuse(err, path, "format version (a newer program wrote it)", FORMAT, format);
    if (computed != *crc)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT, "%s is damaged: checksum, wanted %08x, found %08x; %s", path,
                          computed, *crc, REMEDY);
    head->kind = (enum state_file_kind)take32(&reader);
    head->version = (int64_t)take64(&reader);
    int64_t base = (int64_t)take64(&reader);
    head->layout_hash = take64(&reader);
    head->puts = take64(&reader);
    head->removes = take64(&reader);
    head->parent = take32(&reader);
    head->own = take32(&reader);
    if (head->kind != want->kind)
        return refuse(err, path, "kind of file", (uint64_t)want->kind, (uint64_t)head->kind);
    if (head->version != want->version)
        return refuse(err, path, "state version", (uint64_t)want->version, (uint64_t)head->version);
    if (base != (want->kind == STATE_FILE_DELTA ? want->version - 1 : want->version))
        return refuse(err, path, "base version", (uint64_t)(want->version - 1), (uint64_t)base);
    if (head->layout_hash != want->layout_hash)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "%s belongs to other grouping columns or aggregates: layout, wanted %016" PRIx64
                          ", found %016" PRIx64 "; run the query that wrote it, or start again with --from-scratch",
                          path, want->layout_hash, head->layout_hash);
    if (want->kind == STATE_FILE_DELTA && head->parent != want->parent)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "%s does not follow the state before it (another history of this directory): parent, wanted "
                          "%08x, found %08x; %s",
                          path, want->parent, head->parent, REMEDY);
    return 0;
}

/* What a sink does not take is damage, unless it says otherwise. */
static int refused(const char *path, const char *what, struct errbuf *err)
{
    return err->text[0] != '\0' ? -1 : damaged(err, path, what);
}

static int contents(const char *path, struct reader *reader, const struct state_file_head *head,
                    const struct state_file_sink *sink, struct errbuf *err)
{
    reader->at = sink->texts(sink->cookie, reader->at, reader->end, err);
    if (reader->at == NULL)
        return refused(path, "the texts of its keys", err);
    /* Counts beyond what is there end with the bytes: only a query without keys has rows of few bytes, and it has one
     * of them. */
    for (uint64_t i = 0; i < head->puts || i - head->puts < head->removes; i++) {
        if (i > 0 && reader->at == reader->end)
            return damaged(err, path, "more rows than bytes");
        reader->at = sink->row(sink->cookie, i < head->puts, reader->at, reader->end, err);
        if (reader->at == NULL)
            return refused(path, "a row is no group of this query", err);
    }
    return reader->at == reader->end ? 0 : damaged(err, path, "bytes behind the last row");
}

int state_file_read(const char *dir, const struct state_file_head *want, struct state_file_head *head, uint32_t *crc,
                    const struct state_file_sink *sink, struct errbuf *err)
{
    char *path = state_file_path(dir, want->kind, want->version);
    struct buf bytes = BUF_INIT;
    bool missing;
    int result = -1;

    if (path == NULL)
        return errbuf_oom(err, "path", strlen(dir));
    errbuf_clear(err);
    if (fileio_read(path, MAX_BYTES, &bytes, &missing, err) != 0) {
        if (missing)
            errbuf_set(err, EXIT_CODE_CHECKPOINT, "%s is missing: state version %" PRId64 " cannot be built; %s", path,
                       want->version, REMEDY);
        else
            err->exit_code = EXIT_CODE_CHECKPOINT;
        goto done;
    }
    if (check(path, &bytes, want, head, crc, err) != 0)
        goto done;
    struct reader reader = {(const unsigned char *)bytes.data + HEADER_BYTES,
                            (const unsigned char *)bytes.data + bytes.len - TRAILER_BYTES};
    result = contents(path, &reader, head, sink, err);
done:
    buf_release(&bytes);
    free(path);
    return result;
}

/* --- the directory ----------------------------------------------------------------------------------------------- */

/* "12.delta" -> 12; -1 for names that are not ours. */
static int64_t version_of(const char *name, const char *suffix)
{
    char *end;

    if (name[0] < '0' || name[0] > '9' || (name[0] == '0' && name[1] != '.'))
        return -1;
    errno = 0;
    long long version = strtoll(name, &end, 10);
    return errno == 0 && strcmp(end, suffix) == 0 ? (int64_t)version : -1;
}

static int ascending(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

int state_file_list(const char *dir, enum state_file_kind kind, int64_t **versions, size_t *n, struct errbuf *err)
{
    char **names;
    size_t nnames;

    if (fileio_list(dir, &names, &nnames, err) != 0)
        return -1;
    *n = 0;
    *versions = calloc(nnames + 1, sizeof(**versions));
    if (*versions == NULL) {
        fileio_free_names(names, nnames);
        return errbuf_oom(err, "list of state files", nnames * sizeof(**versions));
    }
    for (size_t i = 0; i < nnames; i++) {
        int64_t version = version_of(names[i], kind == STATE_FILE_DELTA ? ".delta" : ".snapshot");
        if (version >= 0)
            (*versions)[(*n)++] = version;
    }
    fileio_free_names(names, nnames);
    if (*n > 1)
        qsort(*versions, *n, sizeof(**versions), ascending);
    return 0;
}
