#include "checkpoint_internal.h"

#include "common/crc32c.h"
#include "common/fileio.h"
#include "engine/offset_plan.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define OWNER_VERSION 1
#define SEAL_FIELD "\"crc32c\":\""
#define SEAL_ZEROS "00000000"
#define MAX_PLAN ((size_t)32 << 20) /* 600,000 partitions */
#define MAX_SMALL ((size_t)1 << 20)
#define REMEDY "restore the directory from a backup, or " CHECKPOINT_FROM_SCRATCH

/* --- the checksum ------------------------------------------------------------------------------------------------ */

/* The 8 digits: of the last such field, as it is the last one of what we write. NULL: none. */
static char *find_seal(char *text, size_t len)
{
    size_t field = sizeof(SEAL_FIELD) - 1;

    for (size_t at = len; at >= field + 9; at--) {
        char *digits = text + at - 9;
        if (memcmp(digits - field, SEAL_FIELD, field) == 0 && digits[8] == '"')
            return digits;
    }
    return NULL;
}

static uint32_t seal_of(const char *text, size_t len, const char *digits)
{
    uint32_t crc = crc32c_update(0, text, (size_t)(digits - text));

    crc = crc32c_update(crc, SEAL_ZEROS, 8);
    return crc32c_update(crc, digits + 8, len - (size_t)(digits - text) - 8);
}

bool checkpoint_file_seal(char *text, size_t len)
{
    char *digits = find_seal(text, len);
    char hex[9];

    if (digits == NULL)
        return false;
    snprintf(hex, sizeof(hex), "%08" PRIx32, seal_of(text, len, digits));
    memcpy(digits, hex, 8);
    return true;
}

static void seal(struct buf *out)
{
    if (!out->failed)
        checkpoint_file_seal(out->data, out->len);
}

char *checkpoint_file_path(const char *dir, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

int checkpoint_file_write(const char *dir, const char *name, const struct buf *text, struct errbuf *err)
{
    char *path = checkpoint_file_path(dir, name);

    if (path == NULL || text->failed) {
        free(path);
        return errbuf_oom(err, name, text->len);
    }
    int result = fileio_replace(path, text->data, text->len, true, err);
    free(path);
    return result;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

void checkpoint_file_plan(const struct checkpoint_plan *plan, struct buf *out)
{
    buf_printf(out,
               "v%d\n{\"batchWatermarkMs\":%" PRId64 ",\"batchTimestampMs\":%" PRId64
               ",\"conf\":{\"spark.sql.streaming.multipleWatermarkPolicy\":\"min\"}," SEAL_FIELD SEAL_ZEROS "\"}\n",
               VERSION, plan->watermark_ms, plan->timestamp_ms);
    offset_plan_json(&plan->end, out);
    seal(out);
}

void checkpoint_file_commit(const struct checkpoint_commit *commit, struct buf *out)
{
    buf_printf(out, "v%d\n{\"nextBatchWatermarkMs\":%" PRId64, VERSION, commit->next_watermark_ms);
    if (commit->read.count > 0) {
        buf_append_text(out, ",\"lastRead\":");
        read_marks_json(&commit->read, out);
    }
    buf_append_text(out, "," SEAL_FIELD SEAL_ZEROS "\"}");
    seal(out);
}

/* A zero byte first: what Spark 2.1 wrote before it, and all later ones do for its sake. */
void checkpoint_file_initial(const struct offset_list *initial, struct buf *out)
{
    buf_append_byte(out, '\0');
    buf_printf(out, "v%d\n", VERSION);
    offset_plan_json(initial, out);
}

char *checkpoint_file_clean(const char *text)
{
    char *clean = strdup(text);
    json_t *value = json_string(text);

    if (value == NULL && clean != NULL)
        for (char *p = clean; *p != '\0'; p++)
            if ((unsigned char)*p > 127)
                *p = '?';
    json_decref(value);
    return clean;
}

int checkpoint_file_owner(const struct checkpoint_owner *owner, struct buf *out)
{
    char initial[9];

    snprintf(initial, sizeof(initial), "%08" PRIx32, owner->initial_crc);
    json_t *root = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s*, s:s}", "version", OWNER_VERSION, "id", owner->id, "query",
                             owner->query_name, "cluster", owner->cluster_id, "fingerprint", owner->fingerprint,
                             "initial", owner->has_initial ? initial : NULL, "crc32c", SEAL_ZEROS);
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);

    json_decref(root);
    if (text == NULL)
        return -1;
    buf_append_text(out, text);
    free(text);
    seal(out);
    return out->failed ? -1 : 0;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static int damaged(struct errbuf *err, const char *path, const char *what)
{
    return errbuf_set(err, EXIT_CODE_CHECKPOINT, "%s is damaged: %s; %s", path, what, REMEDY);
}

static int load(const char *path, size_t max_bytes, struct buf *out, bool *missing, struct errbuf *err)
{
    bool gone;

    if (missing != NULL)
        *missing = false;
    if (fileio_read(path, max_bytes, out, &gone, err) == 0)
        return 0;
    if (gone && missing != NULL) {
        *missing = true;
        return 0;
    }
    err->exit_code = EXIT_CODE_CHECKPOINT;
    return -1;
}

/* The first line, as Spark's HDFSMetadataLog and validateVersion read it. The rest is at *body. */
static int check_version(const char *path, const char *text, size_t len, const char **body, struct errbuf *err)
{
    const char *end = memchr(text, '\n', len);
    size_t line = end == NULL ? len : (size_t)(end - text);
    int64_t version = 0;

    if (len == 0)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT, "Failed to read log file %s. Incomplete log file (0 bytes); %s",
                          path, REMEDY);
    bool number = line > 1 && line < 12 && text[0] == 'v';
    for (size_t i = 1; i < line && number; i++) {
        number = text[i] >= '0' && text[i] <= '9';
        version = version * 10 + (text[i] - '0');
    }
    if (!number || version == 0)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                          "Failed to read log file %s. Log file was malformed: failed to read correct log version from "
                          "its first line; %s",
                          path, REMEDY);
    if (version > VERSION) {
        errbuf_condition(err, "INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION", "KD002",
                         "Failed to read log file %s. UnsupportedLogVersion: the maximum supported log version is "
                         "v%d, but encountered v%" PRId64
                         ". A newer program wrote it; run that one, or start again with --from-scratch",
                         path, VERSION, version);
        err->exit_code = EXIT_CODE_CHECKPOINT;
        return -1;
    }
    if (end == NULL)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT, "Failed to read log file %s. Incomplete log file; %s", path,
                          REMEDY);
    *body = end + 1;
    return 0;
}

static int check_seal(const char *path, struct buf *text, struct errbuf *err)
{
    char *digits = find_seal(text->data, text->len);
    char computed[9];

    if (digits == NULL)
        return damaged(err, path, "it has no field crc32c (another program wrote it, or it was edited)");
    snprintf(computed, sizeof(computed), "%08" PRIx32, seal_of(text->data, text->len, digits));
    if (memcmp(digits, computed, 8) == 0)
        return 0;
    return errbuf_set(err, EXIT_CODE_CHECKPOINT, "%s is damaged: checksum, wanted %s, found %.8s; %s", path, computed,
                      digits, REMEDY);
}

static bool get_integer(json_t *root, const char *name, int64_t *value)
{
    json_t *field = json_object_get(root, name);

    if (!json_is_integer(field))
        return false;
    *value = json_integer_value(field);
    return true;
}

/* Spark's sources lines: ours is one. */
static int check_sources(const char *path, const char *sources, const char *end, struct errbuf *err)
{
    int n = 1;

    for (const char *p = sources; p < end; p++)
        n += *p == '\n';
    if (n == 1)
        return 0;
    return errbuf_set(err, EXIT_CODE_CHECKPOINT,
                      "%s: There are [%d] sources in the checkpoint offsets and now there are [1] sources requested by "
                      "the query. Cannot continue; use another checkpoint directory",
                      path, n);
}

static int parse_plan(const char *path, const char *body, const char *end, struct checkpoint_plan *plan,
                      struct errbuf *err)
{
    const char *line_end = memchr(body, '\n', (size_t)(end - body));
    int result = -1;

    if (line_end == NULL)
        return errbuf_set(err, EXIT_CODE_CHECKPOINT, "Failed to read log file %s. Incomplete log file; %s", path,
                          REMEDY);
    json_t *root = json_loadb(body, (size_t)(line_end - body), JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root) || !get_integer(root, "batchWatermarkMs", &plan->watermark_ms) ||
        !get_integer(root, "batchTimestampMs", &plan->timestamp_ms)) {
        damaged(err, path, "its second line is not the JSON of a plan");
        goto done;
    }
    if (check_sources(path, line_end + 1, end, err) != 0)
        goto done;
    if (memchr(line_end + 1, '\0', (size_t)(end - line_end - 1)) != NULL ||
        offset_plan_parse(line_end + 1, false, &plan->end, err) != 0) {
        damaged(err, path, "its third line is not the JSON of offsets");
        goto done;
    }
    result = 0;
done:
    json_decref(root);
    return result;
}

int checkpoint_file_read_plan(const char *path, struct checkpoint_plan *plan, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    const char *body;
    int result = -1;

    offset_list_init(&plan->end);
    if (load(path, MAX_PLAN, &text, NULL, err) == 0 && check_version(path, text.data, text.len, &body, err) == 0 &&
        check_seal(path, &text, err) == 0)
        result = parse_plan(path, body, text.data + text.len, plan, err);
    buf_release(&text);
    return result;
}

int checkpoint_file_read_commit(const char *path, struct checkpoint_commit *commit, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    const char *body;
    int result = -1;

    read_marks_init(&commit->read);
    if (load(path, MAX_PLAN, &text, NULL, err) == 0 && check_version(path, text.data, text.len, &body, err) == 0 &&
        check_seal(path, &text, err) == 0) {
        json_t *root = json_loadb(body, text.len - (size_t)(body - text.data), JSON_REJECT_DUPLICATES, NULL);
        int marks = 0;
        if (json_is_object(root) && get_integer(root, "nextBatchWatermarkMs", &commit->next_watermark_ms))
            marks = read_marks_parse(json_object_get(root, "lastRead"), &commit->read);
        if (marks == 1)
            result = 0;
        else if (marks == -1)
            errbuf_oom(err, path, text.len);
        else
            damaged(err, path, "its second line is not the JSON of a commit");
        json_decref(root);
    }
    buf_release(&text);
    return result;
}

int checkpoint_file_read_initial(const char *path, const struct checkpoint_owner *owner, struct offset_list *initial,
                                 bool *missing, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    const char *body;
    int result = -1;

    offset_list_init(initial);
    if (load(path, MAX_PLAN, &text, missing, err) != 0)
        goto done;
    if (*missing) {
        result = 0;
        goto done;
    }
    uint32_t crc = text.len > 0 ? crc32c_update(0, text.data, text.len) : 0;
    if (text.len == 0 || text.data[0] != '\0')
        damaged(err, path, "it does not begin with a zero byte");
    else if (check_version(path, text.data + 1, text.len - 1, &body, err) != 0)
        goto done;
    else if (!owner->has_initial || owner->initial_crc != crc)
        errbuf_set(err, EXIT_CODE_CHECKPOINT,
                   "%s is damaged: checksum, wanted %08" PRIx32 " (from sfcrime.json), found %08" PRIx32 "; %s", path,
                   owner->initial_crc, crc, REMEDY);
    else if (offset_plan_parse(body, false, initial, err) != 0)
        damaged(err, path, "it is not the JSON of offsets");
    else
        result = 0;
done:
    buf_release(&text);
    return result;
}

void checkpoint_file_release(struct checkpoint_owner *owner)
{
    free(owner->id);
    free(owner->query_name);
    free(owner->cluster_id);
    free(owner->fingerprint);
    memset(owner, 0, sizeof(*owner));
}

static bool parse_hex32(const char *text, uint32_t *value)
{
    *value = 0;
    if (strlen(text) != 8)
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        int digit = *p >= '0' && *p <= '9' ? *p - '0' : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static int parse_owner(const char *path, const struct buf *text, struct checkpoint_owner *owner, struct errbuf *err)
{
    json_t *root = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, NULL);
    const char *id, *query, *cluster, *fingerprint, *initial = NULL;
    json_int_t version;
    int result = -1;

    if (json_unpack(root, "{s:I, s:s, s:s, s:s, s:s, s?s}", "version", &version, "id", &id, "query", &query, "cluster",
                    &cluster, "fingerprint", &fingerprint, "initial", &initial) != 0 ||
        (initial != NULL && !parse_hex32(initial, &owner->initial_crc))) {
        damaged(err, path, "it is not the JSON of a checkpoint's owner");
        goto done;
    }
    if (version > OWNER_VERSION) {
        errbuf_set(err, EXIT_CODE_CHECKPOINT,
                   "%s is of a newer format: version, wanted %d, found %" JSON_INTEGER_FORMAT
                   "; run the program that wrote it, or start again with --from-scratch",
                   path, OWNER_VERSION, version);
        goto done;
    }
    owner->has_initial = initial != NULL;
    owner->id = strdup(id);
    owner->query_name = strdup(query);
    owner->cluster_id = strdup(cluster);
    owner->fingerprint = strdup(fingerprint);
    if (owner->id == NULL || owner->query_name == NULL || owner->cluster_id == NULL || owner->fingerprint == NULL) {
        checkpoint_file_release(owner);
        errbuf_oom(err, path, text->len);
        goto done;
    }
    result = 0;
done:
    json_decref(root);
    return result;
}

int checkpoint_file_read_owner(const char *path, struct checkpoint_owner *owner, bool *missing, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    int result = -1;

    memset(owner, 0, sizeof(*owner));
    if (load(path, MAX_SMALL, &text, missing, err) == 0) {
        if (*missing)
            result = 0;
        else if (check_seal(path, &text, err) == 0)
            result = parse_owner(path, &text, owner, err);
    }
    buf_release(&text);
    return result;
}

/* 8-4-4-4-12 hexadecimal digits */
static bool is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i;

    for (i = 0; form[i] != '\0'; i++) {
        bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (form[i] == '-' ? text[i] != '-' : !hex)
            return false;
    }
    return text[i] == '\0';
}

int checkpoint_file_read_metadata(const char *path, char **id, bool *missing, struct errbuf *err)
{
    struct buf text = BUF_INIT;
    const char *value;
    int result = -1;

    *id = NULL;
    if (load(path, MAX_SMALL, &text, missing, err) != 0 || *missing) {
        result = *missing ? 0 : -1;
        goto done;
    }
    json_t *root = text.len == 0 ? NULL : json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_unpack(root, "{s:s}", "id", &value) != 0 || !is_uuid(value)) {
        damaged(err, path, "it is not {\"id\":\"<uuid>\"}");
    } else {
        *id = strdup(value);
        result = *id == NULL ? errbuf_oom(err, path, text.len) : 0;
    }
    json_decref(root);
done:
    buf_release(&text);
    return result;
}
