/* State files. The input is rows (lines of cells), then changes to the bytes of the file that holds their groups.
 * Without changes the groups come back as they were; with changes, and the checksum made right again, the file is
 * refused by name, or understood: then it can be written on and read again. A change is four bytes: two of place,
 * one of what (set, insert, remove, cut), the byte. */
#include "common/crc32c.h"
#include "common/fileio.h"
#include "common/log.h"
#include "engine/state.h"

#include "../unit/engine/groups.h"

#include "fuzz.h"

#define MOST_ROWS 12

static struct groups groups;
static struct aggregate_layout *layout;
static char dir[256], path[300];
static struct errbuf err;

static void set_up(void)
{
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    groups_init(&groups);
    groups_columns(&groups, "stldxb");
    groups_key(&groups, 0);
    groups_key(&groups, 1);
    groups_key(&groups, 5);
    groups_call(&groups, AGGREGATE_COUNT, -1, -1);
    groups_call(&groups, AGGREGATE_SUM, 2, -1);
    groups_call(&groups, AGGREGATE_AVG, 3, -1);
    groups_call(&groups, AGGREGATE_MAX, 0, -1);
    groups_call(&groups, AGGREGATE_MIN, 4, -1);
    groups.op.u.aggregate.event_time_key = 1;
    layout = aggregate_layout_new(&groups.op);
    fuzz_must(layout != NULL);
    snprintf(dir, sizeof(dir), "%s/state", fuzz_dir());
}

/* All groups as text, and their number. */
static size_t show(struct state *state, struct buf *out)
{
    struct state_counts counts;
    uint32_t *numbers;
    size_t n;

    fuzz_must(state_all(state, &numbers, &n) == 0);
    state_counts(state, &counts);
    fuzz_must(counts.total == (int64_t)n);
    groups_text(state_table(state), numbers, n, out);
    return n;
}

/* Version 1 out of the lines of text; false: they cannot be summed up. */
static bool build(struct wal *wal, char *text, int interval, struct buf *shown)
{
    const char *rows[MOST_ROWS + 1];
    struct aggregate_table partial;
    size_t n = 0;
    char *save = NULL;

    for (char *row = strtok_r(text, "\n", &save); row != NULL && n < MOST_ROWS; row = strtok_r(NULL, "\n", &save))
        rows[n++] = row;
    rows[n] = NULL;
    struct state *state = state_open(wal, dir, layout, 0, interval, &err);
    fuzz_must(state != NULL && aggregate_table_init(&partial, layout) == 0);
    state_begin(state);
    bool good = groups_update(&groups, &partial, rows) == 0 && state_merge(state, &partial, INT64_MIN, &err) == 0;
    if (good) {
        fuzz_must(state_commit(state, 1, &err) == 0 && wal_settle(wal, &err) == 0);
        show(state, shown);
    }
    aggregate_table_release(&partial);
    state_close(state);
    return good;
}

static void change(struct buf *file, const uint8_t *changes, size_t n)
{
    for (; n >= 4; n -= 4, changes += 4) {
        size_t at = (size_t)(changes[0] << 8 | changes[1]) % (file->len + 1);
        if (changes[2] % 4 == 3) {
            file->len = at;
        } else if (changes[2] % 4 == 1) {
            buf_append_byte(file, 0);
            memmove(file->data + at + 1, file->data + at, file->len - 1 - at);
            file->data[at] = (char)changes[3];
        } else if (at < file->len && changes[2] % 4 == 2) {
            memmove(file->data + at, file->data + at + 1, --file->len - at);
        } else if (at < file->len) {
            file->data[at] = (char)changes[3];
        }
    }
    uint32_t crc = crc32c_update(0, file->data, file->len);
    buf_append(file, &crc, sizeof(crc)); /* the machines that this runs on are little-endian, as is the file */
    fuzz_must(!file->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf built = BUF_INIT, loaded = BUF_INIT, again = BUF_INIT, file = BUF_INIT;
    uint8_t choice = fuzz_choice(&data, &size);
    int interval = 1 + choice % 2 * 9;
    const uint8_t *end = memchr(data, 0, size);
    size_t lines = end == NULL ? size : (size_t)(end - data), nchanges = end == NULL ? 0 : size - lines - 1;

    if (layout == NULL)
        set_up();
    fuzz_must(fileio_remove_tree(dir, &err) == 0 && fileio_make_dirs(dir, &err) == 0);
    struct wal *wal = wal_open(dir, &err);
    fuzz_must(wal != NULL);
    char *text = fuzz_text(data, lines);
    bool good = build(wal, text, interval, &built);
    free(text);
    if (!good)
        goto done;
    snprintf(path, sizeof(path), "%s/1.%s", dir, interval == 1 ? "snapshot" : "delta");
    fuzz_must(fileio_read(path, 1 << 20, &file, NULL, &err) == 0 && file.len > 4);
    file.len -= 4;
    change(&file, end == NULL ? NULL : end + 1, nchanges);
    fuzz_write(path, file.data, file.len);
    struct state *state = state_open(wal, dir, layout, 1, interval, &err);
    if (state == NULL) {
        if (nchanges < 4 || err.exit_code != EXIT_CODE_CHECKPOINT || strstr(err.text, path) == NULL)
            fuzz_fail("exit code %d: %s", (int)err.exit_code, err.text);
        goto done;
    }
    size_t n = show(state, &loaded);
    fuzz_must(nchanges >= 4 || fuzz_same(&built, &loaded));
    state_begin(state);
    fuzz_must(state_commit(state, 2, &err) == 0 && wal_settle(wal, &err) == 0);
    state_close(state);
    state = state_open(wal, dir, layout, 2, interval, &err);
    if (state == NULL)
        fuzz_fail("%s", err.text);
    fuzz_must(show(state, &again) == n && fuzz_same(&loaded, &again));
    state_close(state);
done:
    wal_close(wal);
    buf_release(&built);
    buf_release(&loaded);
    buf_release(&again);
    buf_release(&file);
    return 0;
}
