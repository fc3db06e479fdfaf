/* Which files make a version of the state, and when they are written and removed. */
#include "state_internal.h"

#include "common/fileio.h"
#include "common/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_KEPT ((size_t)1 << 20) /* bytes */
#define SNAPSHOT_CHAIN 10 /* at most so many times the interval of deltas before a large snapshot is begun */
#define SNAPSHOT_HURRY                                                                                                 \
    2 /* ... and so many times that before it is written at once: starts that were too short for one */

/* --- loading ----------------------------------------------------------------------------------------------------- */

/* FNV-1a, 64 bits: told apart must be a handful of layouts, not chosen ones. */
static int hash_layout(const struct aggregate_layout *layout, uint64_t *hash)
{
    struct buf text = BUF_INIT;

    aggregate_layout_text(layout, &text);
    *hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++)
        *hash = (*hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    bool failed = text.failed;
    buf_release(&text);
    return failed ? -1 : 0;
}

static const unsigned char *load_texts(void *cookie, const unsigned char *at, const unsigned char *end,
                                       struct errbuf *err)
{
    struct state *state = cookie;
    bool oom;

    at = aggregate_file_take_texts(state->file, &state->table, at, end, &oom);
    if (oom)
        errbuf_oom(err, "state", aggregate_table_memory_bytes(&state->table));
    return at;
}

static const unsigned char *load_row(void *cookie, bool put, const unsigned char *at, const unsigned char *end,
                                     struct errbuf *err)
{
    struct state *state = cookie;
    size_t width = aggregate_file_key_width(state->layout);
    bool oom = false;
    uint32_t group;

    if ((size_t)(end - at) < width)
        return NULL;
    int found =
        state_ensure_groups(state, 1) != 0 ? -1 : aggregate_file_take_key(state->file, &state->table, at, put, &group);
    at += width;
    if (found > 0 && !put) {
        if (state->live[group] == 0)
            return NULL;
        state_kill_group(state, group);
        return at;
    }
    if (found > 0) {
        (void)state_revive_group(state, group);
        at = aggregate_decode_one(state->layout, at, end, state_accumulator(state, group), &state->table.strings, &oom);
    }
    if (found < 0 || oom)
        errbuf_oom(err, "state", aggregate_table_memory_bytes(&state->table));
    return found > 0 ? at : NULL;
}

static int build(struct state *state, int64_t version, struct errbuf *err)
{
    const struct state_file_sink sink = {load_texts, load_row, state};
    struct state_file_head want = {.layout_hash = state->layout_hash}, head;
    int64_t at = 0;
    uint32_t crc;

    for (size_t i = 0; i < state->nsnapshots && state->snapshots[i] <= version; i++)
        at = state->snapshots[i];
    if (at > 0) {
        want.kind = STATE_FILE_SNAPSHOT;
        want.version = at;
        if (state_file_read(state->dir, &want, &head, &crc, &sink, err) != 0)
            return -1;
        state->snapshot = at;
        state->delta_crc = head.own;
    }
    want.kind = STATE_FILE_DELTA;
    while (at < version) {
        want.version = ++at;
        want.parent = state->delta_crc;
        if (state_file_read(state->dir, &want, &head, &state->delta_crc, &sink, err) != 0)
            return -1;
        state->rows_since += head.puts + head.removes;
    }
    state->version = version;
    if (version < state->lowest)
        state->lowest = version + 1;
    return 0;
}

static int note_snapshot(struct state *state, int64_t version)
{
    if (state->nsnapshots == state->snapshots_cap) {
        size_t cap = state->snapshots_cap == 0 ? 64 : state->snapshots_cap * 2;
        if (!state_grow(&state->snapshots, cap, sizeof(*state->snapshots)))
            return -1;
        state->snapshots_cap = cap;
    }
    size_t at = state->nsnapshots;
    while (at > 0 && state->snapshots[at - 1] >= version)
        at--;
    if (at < state->nsnapshots && state->snapshots[at] == version)
        return 0;
    memmove(state->snapshots + at + 1, state->snapshots + at, (state->nsnapshots - at) * sizeof(*state->snapshots));
    state->snapshots[at] = version;
    state->nsnapshots++;
    return 0;
}

static void forget_snapshot(struct state *state, int64_t version)
{
    for (size_t i = 0; i < state->nsnapshots; i++) {
        if (state->snapshots[i] != version)
            continue;
        memmove(state->snapshots + i, state->snapshots + i + 1,
                (state->nsnapshots - i - 1) * sizeof(*state->snapshots));
        state->nsnapshots--;
        return;
    }
}

static int survey(struct state *state, struct errbuf *err)
{
    int64_t *deltas;
    size_t ndeltas;

    if (fileio_make_dirs(state->dir, err) != 0 ||
        state_file_list(state->dir, STATE_FILE_SNAPSHOT, &state->snapshots, &state->nsnapshots, err) != 0)
        return -1;
    state->snapshots_cap = state->nsnapshots;
    if (state_file_list(state->dir, STATE_FILE_DELTA, &deltas, &ndeltas, err) != 0)
        return -1;
    state->lowest = ndeltas > 0 ? deltas[0] : 1;
    state->highest = ndeltas > 0 ? deltas[ndeltas - 1] : 0;
    if (state->nsnapshots > 0) {
        if (state->snapshots[0] < state->lowest)
            state->lowest = state->snapshots[0];
        if (state->snapshots[state->nsnapshots - 1] > state->highest)
            state->highest = state->snapshots[state->nsnapshots - 1];
    }
    free(deltas);
    return 0;
}

int state_store_load(struct state *state, int64_t version, struct errbuf *err)
{
    if (hash_layout(state->layout, &state->layout_hash) != 0)
        return errbuf_oom(err, "layout of the state", 0);
    return survey(state, err) != 0 ? -1 : build(state, version, err);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* A group that was born and evicted in this batch never existed for the files. */
static bool existed_before(const struct state *state, uint32_t group)
{
    return !state_is_touched(state, group) || state->was_live[state->touch[group]] != 0;
}

/* What a large file took is given back: batches are small, or rare. */
static int write_out(struct state *state, const struct state_file_head *head, uint32_t *crc, struct errbuf *err)
{
    int result = state_file_end(&state->bytes, crc) != 0
                     ? errbuf_oom(err, "state file", state->bytes.len)
                     : state_file_write(state->wal, state->dir, head, &state->bytes, err);

    if (state->bytes.cap > BUFFER_KEPT)
        buf_release(&state->bytes);
    return result;
}

static void append_put(struct state *state, uint32_t group)
{
    aggregate_file_put_key(state->file, &state->table, group, &state->bytes);
    aggregate_encode_one(state->layout, state_accumulator(state, group), &state->bytes);
}

/* The head, and the texts of the groups that were noted. Room for the rows in one piece, as far as can be told: a large
 * buffer that doubles is copied, page by new page. */
static void begin_file(struct state *state, const struct state_file_head *head)
{
    size_t key = aggregate_file_key_width(state->layout);

    state_file_begin(&state->bytes, head);
    aggregate_file_put_texts(state->file, &state->table, &state->bytes);
    (void)buf_reserve(&state->bytes, head->puts * (key + state->width) + head->removes * key);
}

static int write_delta(struct state *state, struct state_file_head *head, uint32_t *crc, struct errbuf *err)
{
    bool failed = false;

    head->kind = STATE_FILE_DELTA;
    head->puts = 0;
    head->removes = 0;
    aggregate_file_begin(state->file);
    for (size_t i = 0; i < state->ntouched; i++)
        if (state->live[state->touched[i]] != 0) {
            failed |= aggregate_file_note(state->file, &state->table, state->touched[i]) != 0;
            head->puts++;
        }
    for (size_t i = 0; i < state->nremoved; i++)
        if (existed_before(state, state->removed[i])) {
            failed |= aggregate_file_note(state->file, &state->table, state->removed[i]) != 0;
            head->removes++;
        }
    if (failed)
        return errbuf_oom(err, "texts of a state file", head->puts + head->removes);
    begin_file(state, head);
    for (size_t i = 0; i < state->ntouched; i++)
        if (state->live[state->touched[i]] != 0)
            append_put(state, state->touched[i]);
    for (size_t i = 0; i < state->nremoved; i++)
        if (existed_before(state, state->removed[i]))
            aggregate_file_put_key(state->file, &state->table, state->removed[i], &state->bytes);
    return write_out(state, head, crc, err);
}

static int write_snapshot(struct state *state, struct state_file_head *head, uint32_t own, struct errbuf *err)
{
    uint32_t crc;

    head->kind = STATE_FILE_SNAPSHOT;
    head->puts = state->nlive;
    head->removes = 0;
    head->own = own;
    aggregate_file_begin(state->file);
    for (uint32_t group = 0; group < state->table.count; group++)
        if (state->live[group] != 0 && aggregate_file_note(state->file, &state->table, group) != 0)
            return errbuf_oom(err, "texts of a state file", state->nlive);
    begin_file(state, head);
    for (uint32_t group = 0; group < state->table.count; group++)
        if (state->live[group] != 0)
            append_put(state, group);
    return write_out(state, head, &crc, err);
}

static bool is_large(const struct state *state)
{
    return state->nlive >= state->spread_groups;
}

/* Every `interval` versions; a large state only when the deltas have grown to a quarter of it, so that a batch that
 * changes little does not pay for a million groups every tenth time. */
static bool snapshot_due(const struct state *state, int64_t version, uint64_t rows)
{
    int64_t deltas = version - state->snapshot;

    if (deltas < state->interval)
        return false;
    return !is_large(state) || rows >= state->nlive / 4 || deltas >= (int64_t)state->interval * SNAPSHOT_CHAIN;
}

/* Files of this version and kind may lie there from a history that was given up (batches planned again by hand). The
 * delta is written over; a snapshot would be believed before it, so it goes first, and durably: the log, which has the
 * delta, does not know of it. */
static int remove_stale_snapshot(struct state *state, int64_t version, struct errbuf *err)
{
    if (version > state->highest)
        return 0;
    char *path = state_file_path(state->dir, STATE_FILE_SNAPSHOT, version);
    if (path == NULL)
        return errbuf_oom(err, "path", strlen(state->dir));
    int result = fileio_remove(path, err);
    free(path);
    if (result != 0 || fileio_sync_directory(state->dir, err) != 0)
        return -1;
    forget_snapshot(state, version);
    return 0;
}

void state_store_begin(struct state *state)
{
    if (state->large.unwritten == NULL && is_large(state) && snapshot_due(state, state->version, state->rows_since))
        state_snapshot_begin(state);
}

/* The next part of a snapshot that is under way. Its version is final, whatever becomes of this batch. */
static int go_on(struct state *state, struct errbuf *err)
{
    int64_t chain = state->version - state->snapshot;
    bool hurry = chain > (int64_t)state->interval * SNAPSHOT_CHAIN * SNAPSHOT_HURRY;
    bool done;

    if (state_snapshot_go_on(state, hurry ? SIZE_MAX : state->spread_rows, &done, err) != 0)
        return -1;
    if (!done)
        return 0;
    if (note_snapshot(state, state->large.version) != 0)
        return errbuf_oom(err, "list of snapshots", state->nsnapshots);
    state->snapshot = state->large.version;
    state->rows_since -= state->large.rows;
    state_snapshot_drop(state);
    return 0;
}

/* A small state's, of the version that is being committed. */
static int snapshot_at_once(struct state *state, struct state_file_head *head, struct errbuf *err)
{
    state->committed_snapshot =
        !is_large(state) && snapshot_due(state, head->version, state->rows_since + state->committed_rows);
    if (!state->committed_snapshot)
        return 0;
    if (note_snapshot(state, head->version) != 0)
        return errbuf_oom(err, "list of snapshots", state->nsnapshots);
    return write_snapshot(state, head, state->committed_crc, err);
}

int state_store_commit(struct state *state, int64_t version, struct errbuf *err)
{
    struct state_file_head head = {.version = version, .layout_hash = state->layout_hash, .parent = state->delta_crc};

    assert(version == state->version + 1);
    if (remove_stale_snapshot(state, version, err) != 0 || write_delta(state, &head, &state->committed_crc, err) != 0)
        return -1;
    if (version > state->highest)
        state->highest = version;
    state->committed_rows = head.puts + head.removes;
    state->committed_snapshot = false;
    if ((state->large.unwritten != NULL ? go_on(state, err) : snapshot_at_once(state, &head, err)) != 0)
        return -1;
    state->committed = true;
    return 0;
}

static void remove_file(const struct state *state, enum state_file_kind kind, int64_t version)
{
    char *path = state_file_path(state->dir, kind, version);
    struct errbuf err;

    if (path == NULL)
        return;
    if (wal_remove(state->wal, path, &err) != 0)
        log_warn("StateStore", "%s", err.text);
    free(path);
}

void state_store_purge(struct state *state, int64_t oldest_version)
{
    int64_t base = 0;

    for (size_t i = 0; i < state->nsnapshots && state->snapshots[i] <= oldest_version; i++)
        base = state->snapshots[i];
    for (; state->lowest < base; state->lowest++) {
        remove_file(state, STATE_FILE_DELTA, state->lowest);
        remove_file(state, STATE_FILE_SNAPSHOT, state->lowest);
        forget_snapshot(state, state->lowest);
    }
}
