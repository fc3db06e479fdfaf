/* Files of a checkpoint, any bytes, with the checksum made right so that what is behind it is reached: refused as a
 * checkpoint and with the file's name, or understood; what was understood is written and read again the same. */
#include "../../src/engine/checkpoint_internal.h"

#include "common/crc32c.h"

#include "fuzz.h"

static char path[256];

static void must_be_refusal(const struct errbuf *err)
{
    if (err->exit_code != EXIT_CODE_CHECKPOINT || strstr(err->text, path) == NULL)
        fuzz_fail("exit code %d: %s", (int)err->exit_code, err->text);
}

static void rewrite(struct buf *text)
{
    fuzz_must(!text->failed && text->len > 0);
    fuzz_write(path, text->data, text->len);
    buf_release(text);
}

static void plan(struct errbuf *err)
{
    struct checkpoint_plan first, second;
    struct buf text = BUF_INIT;

    if (checkpoint_file_read_plan(path, &first, err) != 0) {
        fuzz_must(first.end.count == 0);
        must_be_refusal(err);
        return;
    }
    checkpoint_file_plan(&first, &text);
    rewrite(&text);
    if (checkpoint_file_read_plan(path, &second, err) != 0)
        fuzz_fail("%s", err->text);
    fuzz_must(first.watermark_ms == second.watermark_ms && first.timestamp_ms == second.timestamp_ms);
    fuzz_must(offset_list_equal(&first.end, &second.end));
    offset_list_release(&first.end);
    offset_list_release(&second.end);
}

static void commit(struct errbuf *err)
{
    struct checkpoint_commit first, second;
    struct buf text = BUF_INIT;

    if (checkpoint_file_read_commit(path, &first, err) != 0) {
        fuzz_must(first.read.count == 0);
        must_be_refusal(err);
        return;
    }
    checkpoint_file_commit(&first, &text);
    rewrite(&text);
    fuzz_must(checkpoint_file_read_commit(path, &second, err) == 0 &&
              first.next_watermark_ms == second.next_watermark_ms);
    fuzz_must(first.read.count == second.read.count);
    for (size_t i = 0; i < first.read.count; i++) {
        const struct read_mark *item = &first.read.items[i];
        const struct reader_mark *found = read_marks_find(&second.read, item->topic, item->partition);
        fuzz_must(found != NULL && memcmp(found, &item->mark, sizeof(*found)) == 0);
    }
    read_marks_release(&first.read);
    read_marks_release(&second.read);
}

static void initial(const uint8_t *data, size_t size, struct errbuf *err)
{
    struct checkpoint_owner owner = {.has_initial = true, .initial_crc = crc32c_update(0, data, size)};
    struct offset_list first, second;
    struct buf text = BUF_INIT;
    bool missing;

    if (checkpoint_file_read_initial(path, &owner, &first, &missing, err) != 0) {
        fuzz_must(first.count == 0);
        must_be_refusal(err);
        return;
    }
    fuzz_must(!missing);
    checkpoint_file_initial(&first, &text);
    owner.initial_crc = crc32c_update(0, text.data, text.len);
    rewrite(&text);
    fuzz_must(checkpoint_file_read_initial(path, &owner, &second, &missing, err) == 0);
    fuzz_must(offset_list_equal(&first, &second));
    offset_list_release(&first);
    offset_list_release(&second);
}

static void owner(struct errbuf *err)
{
    struct checkpoint_owner first, second;
    struct buf text = BUF_INIT;
    bool missing;

    if (checkpoint_file_read_owner(path, &first, &missing, err) != 0) {
        must_be_refusal(err);
        return;
    }
    fuzz_must(!missing && checkpoint_file_owner(&first, &text) == 0);
    rewrite(&text);
    if (checkpoint_file_read_owner(path, &second, &missing, err) != 0)
        fuzz_fail("%s", err->text);
    fuzz_must(strcmp(first.id, second.id) == 0 && strcmp(first.query_name, second.query_name) == 0);
    fuzz_must(strcmp(first.cluster_id, second.cluster_id) == 0 && strcmp(first.fingerprint, second.fingerprint) == 0);
    fuzz_must(first.has_initial == second.has_initial && first.initial_crc == second.initial_crc);
    checkpoint_file_release(&first);
    checkpoint_file_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t choice = fuzz_choice(&data, &size);
    char *text = fuzz_text(data, size);
    struct errbuf err;
    bool missing;
    char *id;

    if (path[0] == '\0')
        snprintf(path, sizeof(path), "%s/file", fuzz_dir());
    if (choice < 128)
        (void)checkpoint_file_seal(text, size);
    fuzz_write(path, text, size);
    errbuf_clear(&err);
    switch (choice % 5) {
    case 0:
        plan(&err);
        break;
    case 1:
        commit(&err);
        break;
    case 2:
        initial((const uint8_t *)text, size, &err);
        break;
    case 3:
        owner(&err);
        break;
    default:
        if (checkpoint_file_read_metadata(path, &id, &missing, &err) != 0)
            must_be_refusal(&err);
        else
            fuzz_must(!missing && strlen(id) == 36);
        free(id);
    }
    free(text);
    return 0;
}
