/* The snapshot of a large state, in pieces.
 *
 * A million groups take a quarter of a second to encode, check and write: no batch is to wait for that. So the snapshot
 * of version V begins when V is complete, before the next batch (its commit may still be under way: a version that no
 * commit names is written over when its batch runs again, its snapshot first removed, state_store.c), and each commit
 * that follows writes a piece of it: first the texts, which never change, then the groups in the order of their
 * numbers. A group that a batch is about to change, or to evict, before its turn is written first, as it was at V (copy
 * on write, into the file itself). Rows of a snapshot have no order. Texts that no group of V uses any more are written
 * as well.
 *
 * It is no file of the log (engine/wal.h): so nothing that is said there may name it before it is finished, or a
 * recovery would take it away (state_store.c removes a stale one of the same name by itself).
 *
 * CRASHES. Until it is finished the snapshot is a temp that nobody reads and the next start removes; the deltas since
 * the last snapshot stay until state_store.c knows of this one. A state that is closed gives up what is under way.
 *
 * While one is under way the table is not built anew (state.c), for that gives the groups new numbers. */
#include "state_internal.h"

#include "common/crc32c.h"
#include "common/fileio.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TRAILER_BYTES ((size_t)4)

void state_snapshot_begin(struct state *state)
{
    struct state_snapshot *large = &state->large;
    size_t columns = aggregate_file_columns(state->layout);

    assert(large->unwritten == NULL);
    memset(large, 0, sizeof(*large));
    large->unwritten = malloc(state->table.count + 1);
    large->ntexts = calloc(columns + 1, sizeof(*large->ntexts));
    if (large->unwritten == NULL || large->ntexts == NULL) {
        state_snapshot_drop(state);
        return;
    }
    memcpy(large->unwritten, state->live, state->table.count);
    for (size_t i = 0; i < columns; i++)
        large->ntexts[i] = state->table.dictionaries[i].count;
    large->groups = state->table.count;
    large->version = state->version;
    large->rows = state->rows_since;
    large->head = (struct state_file_head){.kind = STATE_FILE_SNAPSHOT,
                                           .version = state->version,
                                           .layout_hash = state->layout_hash,
                                           .puts = state->nlive,
                                           .own = state->delta_crc};
    state_file_put_head(&large->texts, &large->head);
}

void state_snapshot_drop(struct state *state)
{
    struct state_snapshot *large = &state->large;

    fileio_draft_drop(large->draft);
    buf_release(&large->texts);
    buf_release(&large->rows_out);
    free(large->unwritten);
    free(large->ntexts);
    memset(large, 0, sizeof(*large));
}

size_t state_snapshot_memory_bytes(const struct state *state)
{
    const struct state_snapshot *large = &state->large;

    return large->groups + large->texts.cap + large->rows_out.cap;
}

void state_snapshot_write_now(struct state *state, uint32_t group)
{
    struct state_snapshot *large = &state->large;

    aggregate_file_put_own_key(&state->table, group, &large->rows_out);
    aggregate_encode_one(state->layout, state_accumulator(state, group), &large->rows_out);
    large->unwritten[group] = 0;
}

/* The next texts, `items` at most; returns how many items are left. */
static size_t put_texts(struct state *state, size_t items)
{
    struct state_snapshot *large = &state->large;

    while (large->column < aggregate_file_columns(state->layout) && items > 0) {
        size_t count = large->ntexts[large->column], left = count - large->text;
        size_t n = left < items ? left : items;
        aggregate_file_put_own_texts(&state->table, large->column, count, large->text, n, &large->texts);
        large->text += n;
        items -= n;
        if (large->text == count) {
            large->column++;
            large->text = 0;
        }
    }
    return items;
}

static void put_groups(struct state *state, size_t items)
{
    struct state_snapshot *large = &state->large;

    for (; items > 0 && large->group < large->groups; large->group++)
        if (large->unwritten[large->group] != 0) {
            state_snapshot_write_now(state, large->group);
            items--;
        }
}

/* To the file, and out of the buffer. */
static int flush(struct state_snapshot *large, struct buf *bytes, struct errbuf *err)
{
    if (bytes->failed)
        return errbuf_oom(err, "snapshot of the state", bytes->cap);
    if (bytes->len == 0)
        return 0;
    large->crc = crc32c_update(large->crc, bytes->data, bytes->len);
    if (fileio_draft_append(large->draft, bytes->data, bytes->len, err) != 0)
        return -1;
    buf_reset(bytes);
    return 0;
}

static int finish(struct state_snapshot *large, struct errbuf *err)
{
    unsigned char trailer[TRAILER_BYTES];

    for (size_t i = 0; i < TRAILER_BYTES; i++) /* little endian */
        trailer[i] = (unsigned char)(large->crc >> 8 * i);
    if (fileio_draft_append(large->draft, trailer, sizeof(trailer), err) != 0)
        return -1;
    struct fileio_draft *draft = large->draft;
    large->draft = NULL; /* finishing frees it */
    return fileio_draft_finish(draft, err);
}

int state_snapshot_go_on(struct state *state, size_t items, bool *done, struct errbuf *err)
{
    struct state_snapshot *large = &state->large;

    *done = false;
    if (large->draft == NULL) {
        char *path = state_file_path(state->dir, STATE_FILE_SNAPSHOT, large->version);
        if (path == NULL)
            return errbuf_oom(err, "path", strlen(state->dir));
        large->draft = fileio_draft_open(path, err);
        free(path);
        if (large->draft == NULL)
            return -1;
    }
    items = put_texts(state, items);
    if (flush(large, &large->texts, err) != 0)
        return -1;
    if (large->column < aggregate_file_columns(state->layout))
        return 0;
    put_groups(state, items);
    if (flush(large, &large->rows_out, err) != 0)
        return -1;
    if (large->group < large->groups)
        return 0;
    if (finish(large, err) != 0)
        return -1;
    *done = true;
    return 0;
}
