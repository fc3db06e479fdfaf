/* One table of groups, changed in place; what a batch changes is logged so that it can be taken back.
 *
 * GROUPS. The table's hash map never forgets a key, so an evicted group stays as a dead entry (live[group] = 0) and
 * comes back to life when its key does. When the dead outnumber the living the table is built anew, at the start of a
 * batch, when nobody holds group numbers. The same moment serves to drop the outworn strings of min and max.
 *
 * A BATCH. The first time it touches a group, the group's number goes to `touched`, and its accumulator as it was to
 * `before` (a sparse set: touch[group] is its place in `touched`, believed only if that place names the group; so
 * nothing needs clearing between batches). Evicted groups are listed in `removed`. Rolling back revives the removed,
 * then restores or kills the touched.
 *
 * ORDER OF SUMS. Spark merges the partial aggregates of one batch among themselves before it adds them to the state
 * (seen on 4.0.0: a state of 1e16 and two partitions with 1.0 each give 1.0000000000000002E16). So with sums the
 * batch's own part is kept beside `before`, and a group touched a second time is computed again as before + (first +
 * second).
 *
 * LATE ROWS are dropped behind that same merge, so a late key is counted once a batch, however many partitions had it
 * (also seen on 4.0.0). */
#include "state_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NO_EVENT INT64_MAX            /* NULL event time: never evicted */
#define REBUILD_MIN ((size_t)1024)    /* dead groups below this are not worth a rebuild */
#define COMPACT_MIN ((size_t)1 << 20) /* bytes; likewise for strings */
#define SPREAD_GROUPS ((size_t)65536) /* below, a snapshot costs nothing to speak of */
#define SPREAD_ROWS ((size_t)32768)   /* 2 to 4 ms of a commit */

/* --- arrays by group --------------------------------------------------------------------------------------------- */

bool state_grow(void *array, size_t n, size_t size)
{
    void **pointer = array;
    void *grown = reallocarray(*pointer, n > 0 ? n : 1, size > 0 ? size : 1);

    if (grown == NULL)
        return false;
    *pointer = grown;
    return true;
}

static size_t doubled(size_t cap)
{
    return cap == 0 ? 64 : cap * 2;
}

/* Every group of the table has its place in our arrays. */
int state_ensure_groups(struct state *state, size_t more)
{
    size_t cap = state->groups_cap;

    if (state->table.count + more <= cap)
        return 0;
    while (cap < state->table.count + more)
        cap = doubled(cap);
    if (!state_grow(&state->live, cap, sizeof(*state->live)) ||
        !state_grow(&state->touch, cap, sizeof(*state->touch)) ||
        (aggregate_has_event_time(state->layout) && !state_grow(&state->event_us, cap, sizeof(*state->event_us))))
        return -1;
    memset(state->live + state->groups_cap, 0, cap - state->groups_cap);
    memset(state->touch + state->groups_cap, 0, (cap - state->groups_cap) * sizeof(*state->touch));
    state->groups_cap = cap;
    return 0;
}

static int64_t bytes_of(const struct state *state, uint32_t group)
{
    return (int64_t)aggregate_key_bytes(&state->table, group) + (int64_t)state->width;
}

static void revive(struct state *state, uint32_t group)
{
    int64_t event_us;

    if (state->event_us != NULL) {
        if (!aggregate_event_time(&state->table, group, &event_us))
            event_us = NO_EVENT;
        state->event_us[group] = event_us;
        if (event_us < state->oldest_event_us)
            state->oldest_event_us = event_us;
    }
    state->live[group] = 1;
    state->nlive++;
    state->live_bytes += bytes_of(state, group);
}

void state_kill_group(struct state *state, uint32_t group)
{
    state->live[group] = 0;
    state->nlive--;
    state->live_bytes -= bytes_of(state, group);
}

bool state_revive_group(struct state *state, uint32_t group)
{
    if (state->live[group] != 0)
        return true;
    aggregate_clear_one(state->layout, state_accumulator(state, group));
    revive(state, group);
    return false;
}

/* --- the undo log ------------------------------------------------------------------------------------------------- */

/* Room for `more` groups that the batch has not touched yet. */
static int ensure_touched(struct state *state, size_t more)
{
    size_t cap = state->touched_cap;
    size_t size;

    if (state->ntouched + more <= cap)
        return 0;
    while (cap < state->ntouched + more)
        cap = doubled(cap);
    if (__builtin_mul_overflow(cap, state->width, &size) ||
        !state_grow(&state->touched, cap, sizeof(*state->touched)) || !state_grow(&state->was_live, cap, 1) ||
        !state_grow(&state->before, cap, state->width))
        return -1;
    if (aggregate_merge_order_matters(state->layout) && !state_grow(&state->merged, cap, state->width))
        return -1;
    state->touched_cap = cap;
    return 0;
}

static void copy_accumulator(const struct state *state, unsigned char *dst, const unsigned char *src)
{
    if (state->width > 0)
        memcpy(dst, src, state->width);
}

/* Log the group as it is now. */
static int touch(struct state *state, uint32_t group, bool was_live)
{
    if (ensure_touched(state, 1) != 0)
        return -1;
    state_snapshot_before_change(state, group);
    size_t place = state->ntouched++;
    state->touched[place] = group;
    state->touch[group] = (uint32_t)place;
    state->was_live[place] = was_live;
    copy_accumulator(state, state->before + place * state->width, state_accumulator(state, group));
    if (state->merged != NULL)
        aggregate_clear_one(state->layout, state->merged + place * state->width);
    return 0;
}

/* --- open and close ---------------------------------------------------------------------------------------------- */

struct state *state_open(struct wal *wal, const char *dir, const struct aggregate_layout *layout, int64_t version,
                         int snapshot_interval, struct errbuf *err)
{
    struct state *state = calloc(1, sizeof(*state));

    if (state == NULL) {
        errbuf_oom(err, "state", sizeof(*state));
        return NULL;
    }
    state->wal = wal;
    state->layout = layout;
    state->width = aggregate_width(layout);
    state->interval = snapshot_interval > 0 ? snapshot_interval : 1;
    state->oldest_event_us = NO_EVENT;
    state->spread_groups = SPREAD_GROUPS;
    state->spread_rows = SPREAD_ROWS;
    buf_init(&state->bytes);
    buf_init(&state->key);
    hashmap_init(&state->late);
    state->dir = strdup(dir);
    state->file = aggregate_file_new(layout);
    if (aggregate_table_init(&state->table, layout) != 0 || state->dir == NULL || state->file == NULL ||
        !state_grow(&state->sum, 1, state->width)) {
        errbuf_oom(err, "state", sizeof(*state));
        goto fail;
    }
    if (state->table.count > 0) { /* the one group of a global aggregate */
        if (state_ensure_groups(state, 0) != 0 || ensure_touched(state, 1) != 0) {
            errbuf_oom(err, "state", sizeof(*state));
            goto fail;
        }
        revive(state, 0);
        state->global = true;
    }
    if (state_store_load(state, version, err) != 0)
        goto fail;
    return state;

fail:
    state_close(state);
    return NULL;
}

void state_spread(struct state *state, size_t groups, size_t rows)
{
    state->spread_groups = groups;
    state->spread_rows = rows;
}

void state_close(struct state *state)
{
    if (state == NULL)
        return;
    state_snapshot_drop(state);
    aggregate_table_release(&state->table);
    hashmap_release(&state->late);
    buf_release(&state->bytes);
    buf_release(&state->key);
    aggregate_file_free(state->file);
    free(state->live);
    free(state->touch);
    free(state->event_us);
    free(state->touched);
    free(state->was_live);
    free(state->before);
    free(state->merged);
    free(state->sum);
    free(state->removed);
    free(state->listing);
    free(state->snapshots);
    free(state->dir);
    free(state);
}

/* --- housekeeping between batches -------------------------------------------------------------------------------- */

/* Copy the live groups numbers[0..n) into a new table. */
static int copy_groups(const struct state *state, struct aggregate_table *table, const uint32_t *numbers, size_t n)
{
    uint32_t moved[AGGREGATE_BLOCK];
    struct errbuf err;

    if (aggregate_adopt(table, &state->table, numbers, n, moved) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (aggregate_merge_one(state->layout, table->accumulators + (size_t)moved[i] * state->width,
                                state_accumulator(state, numbers[i]), &table->strings, &err) != 0)
            return -1;
    return 0;
}

static int copy_live(const struct state *state, struct aggregate_table *table)
{
    uint32_t numbers[AGGREGATE_BLOCK];
    size_t n = 0;

    aggregate_reserve(table, state->nlive);
    if (aggregate_adopt_begin(table, &state->table) != 0)
        return -1;
    for (uint32_t group = 0; group < state->table.count; group++) {
        if (state->live[group] != 0)
            numbers[n++] = group;
        if (n == AGGREGATE_BLOCK) {
            if (copy_groups(state, table, numbers, n) != 0)
                return -1;
            n = 0;
        }
    }
    return copy_groups(state, table, numbers, n);
}

/* Leave the dead behind. Without memory the old table serves on. */
static void rebuild(struct state *state)
{
    struct aggregate_table table;
    size_t to = 0;

    if (aggregate_table_init(&table, state->layout) != 0)
        return;
    if (copy_live(state, &table) != 0) {
        aggregate_table_release(&table);
        return;
    }
    /* groups moved down only, in order: their times move with them */
    if (state->event_us != NULL)
        for (uint32_t group = 0; group < state->table.count; group++)
            if (state->live[group] != 0)
                state->event_us[to++] = state->event_us[group];
    assert(table.count == state->nlive);
    memset(state->live, 0, state->groups_cap);
    memset(state->live, 1, table.count);
    aggregate_table_release(&state->table);
    state->table = table;
    state->strings_kept = table.strings.reserved_bytes;
}

static void housekeep(struct state *state)
{
    size_t dead = state->table.count - state->nlive;

    if (state->large.unwritten != NULL)
        return; /* a snapshot counts on the groups' numbers; it ends after some batches */
    if ((dead > state->nlive && dead >= REBUILD_MIN) ||
        state->table.strings.reserved_bytes > 2 * state->strings_kept + COMPACT_MIN)
        rebuild(state);
}

void state_begin(struct state *state)
{
    if (state->committed) {
        state->version++;
        state->delta_crc = state->committed_crc;
        state->rows_since += state->committed_rows;
        if (state->committed_snapshot) {
            state->snapshot = state->version;
            state->rows_since = 0;
        }
        state->committed = false;
    }
    state->ntouched = 0;
    state->nremoved = 0;
    hashmap_reset(&state->late);
    housekeep(state);
    state_store_begin(state);
    /* A global aggregate gives its row in every batch, with or without input. There is room since the start. */
    if (state->global)
        (void)touch(state, 0, true);
}

/* --- a batch's changes ------------------------------------------------------------------------------------------- */

static int merge_group(struct state *state, uint32_t group, const unsigned char *part, struct errbuf *err)
{
    struct arena *strings = &state->table.strings;
    size_t place = state->touch[group];

    if (state->merged == NULL)
        return aggregate_merge_one(state->layout, state_accumulator(state, group), part, strings, err);
    unsigned char *merged = state->merged + place * state->width;
    if (aggregate_merge_one(state->layout, merged, part, strings, err) != 0)
        return -1;
    copy_accumulator(state, state->sum, state->before + place * state->width);
    if (aggregate_merge_one(state->layout, state->sum, merged, strings, err) != 0)
        return -1;
    copy_accumulator(state, state_accumulator(state, group), state->sum);
    return 0;
}

/* Count the key of a partial's group as late: once a batch. */
static int note_late(struct state *state, const struct aggregate_table *partial, uint32_t group)
{
    size_t len = aggregate_key_bytes(partial, group);
    bool inserted;

    buf_reset(&state->key);
    if (!buf_reserve(&state->key, len))
        return -1;
    aggregate_key_encode(partial, group, (unsigned char *)state->key.data);
    return hashmap_put(&state->late, state->key.data, len, hashmap_hash(state->key.data, len), &inserted) ==
                   HASHMAP_NONE
               ? -1
               : 0;
}

/* Merge groups numbers[0..n) of a partial. */
static int merge_block(struct state *state, const struct aggregate_table *partial, const uint32_t *numbers, size_t n,
                       struct errbuf *err)
{
    uint32_t groups[AGGREGATE_BLOCK];

    if (aggregate_adopt(&state->table, partial, numbers, n, groups) != 0)
        return errbuf_oom(err, "state", aggregate_table_memory_bytes(&state->table));
    for (size_t i = 0; i < n; i++) {
        uint32_t group = groups[i];
        bool alive = state_revive_group(state, group);
        if (!(alive && state_is_touched(state, group)) && touch(state, group, alive) != 0) {
            if (!alive)
                state_kill_group(state, group);
            return errbuf_oom(err, "state changes of a batch", state->touched_cap * state->width);
        }
        if (merge_group(state, group, partial->accumulators + numbers[i] * state->width, err) != 0)
            return -1;
    }
    return 0;
}

int state_merge(struct state *state, const struct aggregate_table *partial, int64_t late_us, struct errbuf *err)
{
    uint32_t numbers[AGGREGATE_BLOCK];
    size_t n = 0;
    int64_t event_us;

    assert(state->nremoved == 0 &&
           !state->committed); /* merges come before evictions: a removed group is out of the books */
    aggregate_reserve(&state->table, partial->count);
    if (state_ensure_groups(state, partial->count) != 0 || ensure_touched(state, partial->count) != 0 ||
        aggregate_adopt_begin(&state->table, partial) != 0)
        return errbuf_oom(err, "state", aggregate_table_memory_bytes(&state->table));
    for (uint32_t group = 0; group < partial->count; group++) {
        if (late_us != INT64_MIN && aggregate_event_time(partial, group, &event_us) && event_us <= late_us) {
            if (note_late(state, partial, group) != 0)
                return errbuf_oom(err, "late groups", hashmap_memory_bytes(&state->late));
            continue;
        }
        numbers[n++] = group;
        if (n == AGGREGATE_BLOCK) {
            if (merge_block(state, partial, numbers, n, err) != 0)
                return -1;
            n = 0;
        }
    }
    return n > 0 ? merge_block(state, partial, numbers, n, err) : 0;
}

static int remove_group(struct state *state, uint32_t group)
{
    if (state->nremoved == state->removed_cap) {
        size_t cap = doubled(state->removed_cap);
        if (!state_grow(&state->removed, cap, sizeof(*state->removed)))
            return -1;
        state->removed_cap = cap;
    }
    state_snapshot_before_change(state, group);
    state->removed[state->nremoved++] = group;
    state_kill_group(state, group);
    return 0;
}

int state_evict(struct state *state, int64_t watermark_us, struct errbuf *err)
{
    int64_t oldest = NO_EVENT;

    if (state->event_us == NULL || watermark_us < state->oldest_event_us)
        return 0;
    for (uint32_t group = 0; group < state->table.count; group++) {
        if (state->live[group] == 0 || state->event_us[group] == NO_EVENT)
            continue;
        if (state->event_us[group] > watermark_us) {
            if (state->event_us[group] < oldest)
                oldest = state->event_us[group];
        } else if (remove_group(state, group) != 0) {
            return errbuf_oom(err, "evicted groups", state->removed_cap * sizeof(*state->removed));
        }
    }
    state->oldest_event_us = oldest;
    return 0;
}

void state_rollback(struct state *state)
{
    for (size_t i = 0; i < state->nremoved; i++)
        revive(state, state->removed[i]);
    for (size_t i = 0; i < state->ntouched; i++) {
        uint32_t group = state->touched[i];
        if (state->was_live[i] != 0)
            copy_accumulator(state, state_accumulator(state, group), state->before + i * state->width);
        else
            state_kill_group(state, group);
    }
    state->ntouched = 0;
    state->nremoved = 0;
    state->committed = false;
    hashmap_reset(&state->late);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

const struct aggregate_table *state_table(const struct state *state)
{
    return &state->table;
}

static int room_in_listing(struct state *state, size_t n)
{
    if (n <= state->listing_cap)
        return 0;
    if (!state_grow(&state->listing, n, sizeof(*state->listing)))
        return -1;
    state->listing_cap = n;
    return 0;
}

/* A copy: the caller may sort it, while the order of `touched` ties it to `before`. */
int state_updated(struct state *state, uint32_t **groups, size_t *n)
{
    *groups = NULL;
    *n = 0;
    if (room_in_listing(state, state->ntouched) != 0)
        return -1;
    if (state->ntouched == 0)
        return 0;
    memcpy(state->listing, state->touched, state->ntouched * sizeof(*state->listing));
    *groups = state->listing;
    *n = state->ntouched;
    return 0;
}

int state_removed(struct state *state, uint32_t **groups, size_t *n)
{
    *groups = state->nremoved > 0 ? state->removed : NULL;
    *n = state->nremoved;
    return 0;
}

int state_all(struct state *state, uint32_t **groups, size_t *n)
{
    size_t found = 0;

    *groups = NULL;
    *n = 0;
    if (room_in_listing(state, state->nlive) != 0)
        return -1;
    for (uint32_t group = 0; group < state->table.count; group++)
        if (state->live[group] != 0)
            state->listing[found++] = group;
    if (found > 0)
        *groups = state->listing;
    *n = found;
    return 0;
}

void state_counts(const struct state *state, struct state_counts *counts)
{
    size_t by_group =
        sizeof(*state->live) + sizeof(*state->touch) + (state->event_us != NULL ? sizeof(*state->event_us) : 0);
    size_t by_touch = sizeof(*state->touched) + 1 + state->width * (state->merged != NULL ? 2 : 1);

    counts->total = (int64_t)state->nlive;
    counts->updated = (int64_t)state->ntouched;
    counts->removed = (int64_t)state->nremoved;
    counts->dropped = (int64_t)state->late.count;
    counts->memory_bytes =
        (int64_t)(sizeof(*state) + aggregate_table_memory_bytes(&state->table) + state->groups_cap * by_group +
                  state->touched_cap * by_touch + (state->removed_cap + state->listing_cap) * sizeof(uint32_t) +
                  hashmap_memory_bytes(&state->late) + state->bytes.cap + state->key.cap +
                  state_snapshot_memory_bytes(state));
    counts->current_version_bytes = state->live_bytes;
}

/* --- durability -------------------------------------------------------------------------------------------------- */

int state_commit(struct state *state, int64_t version, struct errbuf *err)
{
    return state_store_commit(state, version, err);
}

void state_purge(struct state *state, int64_t oldest_version)
{
    state_store_purge(state, oldest_version);
}
