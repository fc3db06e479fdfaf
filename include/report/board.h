/* The board: the newest snapshot of each query, and a bell that rings when one changes.
 *
 * Writers are the query threads and the lag sampler; readers are HTTP and whoever wants to know. One mutex, held for
 * pointer swaps only.
 */
#ifndef REPORT_BOARD_H
#define REPORT_BOARD_H

#include "common/errbuf.h"
#include "report/snapshot.h"

struct board;

/* What the application is: shown by the API. Copied. */
struct board_application {
    const char *name; /* spark.app.name */
    const char *id;   /* "local-<epoch ms>" */
    const char *user;
    int64_t start_ms;
};

/* A setting as --print-config shows it: secrets are already masked. Copied. */
struct board_setting {
    const char *name;
    const char *value;
    const char *origin; /* "default", "config/sf-processor.properties:12", "environment", "command line" */
};

/* NULL with err. */
struct board *board_new(const struct board_application *application, const struct board_setting *settings,
                        size_t nsettings, struct errbuf *err);
/* All readers must have gone. NULL does nothing. */
void board_free(struct board *board);

const struct board_application *board_application(const struct board *board);
const struct board_setting *board_settings(const struct board *board, size_t *nsettings);

/* Add a query; returns its index. Before the threads start. -1 without memory. */
int board_add(struct board *board);
size_t board_queries(const struct board *board);

/* Replace query `index`'s snapshot: takes the caller's reference. Rings the bell. */
void board_publish(struct board *board, int index, struct snapshot *snapshot);

/* A reference to the newest snapshot of a query, or NULL before its first; the caller drops it with snapshot_unref. */
struct snapshot *board_get(struct board *board, int index);

/* Counts up with every publication; readers compare. */
uint64_t board_version(const struct board *board);

/* A bell for readers: an eventfd that becomes readable at each publication after board_bell_arm. The caller polls it
 * and arms it again; one reader thread (HTTP). */
int board_bell_fd(const struct board *board);
void board_bell_arm(struct board *board);

/* Ready: there are queries, and none of them is starting, waits for the broker or has failed. Otherwise reason (when
 * not NULL) says which one. */
bool board_ready(struct board *board, struct buf *reason);

#endif
