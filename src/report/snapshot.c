/* The last reference frees. Dropping one releases what its holder did and acquires what the others did before, so that
 * the freeing thread sees every reader's last use (C11 7.17.3). */
#include "report/snapshot.h"

#include <stdlib.h>
#include <string.h>

const int64_t snapshot_duration_bounds_ms[15] = {1,   2,    5,    10,   20,    50,    100,  200,
                                                 500, 1000, 2000, 5000, 10000, 30000, 60000};

static const char *const status_names[] = {
    [SNAPSHOT_STARTING] = "starting", [SNAPSHOT_RUNNING] = "running", [SNAPSHOT_IDLE] = "idle",
    [SNAPSHOT_BEHIND] = "behind",     [SNAPSHOT_WAITING] = "waiting", [SNAPSHOT_STOPPING] = "stopping",
    [SNAPSHOT_STOPPED] = "stopped",   [SNAPSHOT_FAILED] = "failed",
};

const char *snapshot_status_name(enum snapshot_status status)
{
    return status_names[status];
}

int64_t snapshot_partition_high(const struct snapshot_partition *partition)
{
    return partition->high >= 0 && partition->position > partition->high ? partition->position : partition->high;
}

int64_t snapshot_partition_lag(const struct snapshot_partition *partition)
{
    if (partition->high < 0 || partition->position < 0)
        return -1;
    return snapshot_partition_high(partition) - partition->position;
}

int64_t snapshot_lag(const struct snapshot *snapshot)
{
    int64_t sum = 0;

    if (snapshot->npartitions == 0)
        return -1;
    for (size_t i = 0; i < snapshot->npartitions; i++) {
        int64_t lag = snapshot_partition_lag(&snapshot->partitions[i]);
        if (lag < 0)
            return -1;
        sum += lag;
    }
    return sum;
}

/* True when this was the last reference. */
static bool drop(atomic_int *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

struct snapshot_record *snapshot_record_new(const struct progress *progress)
{
    struct snapshot_record *record = malloc(sizeof(*record));

    if (record == NULL)
        return NULL;
    if (progress_copy(&record->progress, progress) != 0) {
        free(record);
        return NULL;
    }
    atomic_init(&record->refs, 1);
    return record;
}

struct snapshot_record *snapshot_record_ref(struct snapshot_record *record)
{
    if (record != NULL)
        atomic_fetch_add_explicit(&record->refs, 1, memory_order_relaxed);
    return record;
}

void snapshot_record_unref(struct snapshot_record *record)
{
    if (record == NULL || !drop(&record->refs))
        return;
    progress_release(&record->progress);
    free(record);
}

struct snapshot_result *snapshot_result_new(const struct schema *schema)
{
    struct snapshot_result *result = calloc(1, sizeof(*result));

    if (result == NULL)
        return NULL;
    if (rowset_init(&result->rows, schema) != 0) {
        free(result);
        return NULL;
    }
    atomic_init(&result->refs, 1);
    return result;
}

struct snapshot_result *snapshot_result_ref(struct snapshot_result *result)
{
    if (result != NULL)
        atomic_fetch_add_explicit(&result->refs, 1, memory_order_relaxed);
    return result;
}

bool snapshot_result_unshared(struct snapshot_result *result)
{
    return atomic_load_explicit(&result->refs, memory_order_acquire) == 1;
}

void snapshot_result_unref(struct snapshot_result *result)
{
    if (result == NULL || !drop(&result->refs))
        return;
    rowset_release(&result->rows);
    free(result);
}

struct snapshot_bad_list *snapshot_bad_list_add(struct snapshot_bad_list *list, const struct snapshot_bad *item)
{
    if (list == NULL || atomic_load_explicit(&list->refs, memory_order_acquire) != 1) {
        struct snapshot_bad_list *copy = calloc(1, sizeof(*copy));
        if (copy == NULL)
            return list;
        atomic_init(&copy->refs, 1);
        if (list != NULL) {
            copy->n = list->n;
            memcpy(copy->items, list->items, list->n * sizeof(list->items[0]));
        }
        snapshot_bad_list_unref(list);
        list = copy;
    }
    if (list->n == SNAPSHOT_BAD_MAX)
        memmove(list->items, list->items + 1, --list->n * sizeof(list->items[0]));
    list->items[list->n++] = *item;
    return list;
}

struct snapshot_bad_list *snapshot_bad_list_ref(struct snapshot_bad_list *list)
{
    if (list != NULL)
        atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
    return list;
}

void snapshot_bad_list_unref(struct snapshot_bad_list *list)
{
    if (list != NULL && drop(&list->refs))
        free(list);
}

struct snapshot *snapshot_new(void)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot != NULL)
        atomic_init(&snapshot->refs, 1);
    return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (snapshot == NULL || !drop(&snapshot->refs))
        return;
    for (size_t i = 0; i < snapshot->nhistory; i++)
        snapshot_record_unref(snapshot->history[i]);
    free(snapshot->history);
    snapshot_record_unref(snapshot->last);
    snapshot_result_unref(snapshot->result);
    snapshot_bad_list_unref(snapshot->bad);
    free(snapshot->reached);
    free(snapshot->reached_last);
    for (size_t i = 0; i < snapshot->npartitions; i++)
        free(snapshot->partitions[i].topic);
    free(snapshot->partitions);
    free(snapshot->name);
    free(snapshot->sql);
    free(snapshot->output_mode);
    free(snapshot->trigger);
    free(snapshot->explain);
    free(snapshot->message);
    free(snapshot->error);
    free(snapshot);
}
