/* reseal FILE...: make the checksum of checkpoint files right after they were edited by hand.
 *
 * offsets/N, commits/N, sfcrime.json: the field crc32c, which is added where it is missing. sources/0/0: its checksum
 * stands in the sfcrime.json two folders up. An empty file stays empty. For tests: a checkpoint is edited to look like
 * what a crash left behind. */
#include "../../src/engine/checkpoint_internal.h"

#include "common/crc32c.h"
#include "common/fileio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES ((size_t)16 << 20)

/* The last '}' of the metadata line: the second line of a log file, the only one of sfcrime.json. */
static char *end_of_object(const struct buf *text)
{
    char *start = text->data;

    if (start[0] == 'v') {
        start = memchr(text->data, '\n', text->len);
        if (start == NULL)
            return NULL;
        start++;
    }
    size_t rest = text->len - (size_t)(start - text->data);
    char *line_end = memchr(start, '\n', rest);
    return memrchr(start, '}', line_end == NULL ? rest : (size_t)(line_end - start));
}

/* text with the field, and sealed. */
static int seal(const struct buf *text, struct buf *out)
{
    if (checkpoint_file_seal(text->data, text->len)) {
        buf_append(out, text->data, text->len);
        return 0;
    }
    char *end = end_of_object(text);
    if (end == NULL)
        return -1;
    size_t before = (size_t)(end - text->data);
    buf_append(out, text->data, before);
    buf_append_text(out, end[-1] == '{' ? "\"crc32c\":\"00000000\"" : ",\"crc32c\":\"00000000\"");
    buf_append(out, end, text->len - before);
    return !out->failed && checkpoint_file_seal(out->data, out->len) ? 0 : -1;
}

static int seal_initial(const char *path, const struct buf *text, struct errbuf *err)
{
    struct checkpoint_owner owner;
    struct buf out = BUF_INIT;
    bool missing;
    char *owner_path;

    const char *tail = strstr(path, "sources/0/0");
    if (tail == NULL)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: wanted DIR/sources/0/0", path);
    if (asprintf(&owner_path, "%.*ssfcrime.json", (int)(tail - path), path) < 0)
        return errbuf_oom(err, "path", strlen(path));
    int result = checkpoint_file_read_owner(owner_path, &owner, &missing, err);
    if (result == 0 && missing)
        result = errbuf_set(err, EXIT_CODE_USAGE, "%s is missing", owner_path);
    if (result == 0) {
        owner.has_initial = true;
        owner.initial_crc = crc32c_update(0, text->data, text->len);
        result = checkpoint_file_owner(&owner, &out) != 0 ? errbuf_oom(err, owner_path, 0)
                                                          : fileio_replace(owner_path, out.data, out.len, true, err);
        checkpoint_file_release(&owner);
    }
    buf_release(&out);
    free(owner_path);
    return result;
}

static int reseal(const char *path, struct errbuf *err)
{
    struct buf text = BUF_INIT, out = BUF_INIT;
    int result = fileio_read(path, MAX_BYTES, &text, NULL, err);

    if (result == 0 && text.len > 0) {
        if (text.data[0] == '\0')
            result = seal_initial(path, &text, err);
        else if (seal(&text, &out) != 0)
            result = errbuf_set(err, EXIT_CODE_USAGE, "%s has no JSON object to put a checksum into", path);
        else
            result = fileio_replace(path, out.data, out.len, true, err);
    }
    buf_release(&text);
    buf_release(&out);
    return result;
}

int main(int argc, char **argv)
{
    struct errbuf err;
    int status = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: reseal FILE...\n");
        return EXIT_CODE_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        if (reseal(argv[i], &err) == 0)
            continue;
        fprintf(stderr, "reseal: %s\n", err.text);
        status = 1;
    }
    return status;
}
