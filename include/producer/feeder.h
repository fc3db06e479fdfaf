/* Moves records from a dataset to a topic: the producer's loop. One thread. */
#ifndef PRODUCER_FEEDER_H
#define PRODUCER_FEEDER_H

#include "common/errbuf.h"
#include "producer/dataset.h"
#include "producer/meter.h"
#include "producer/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct writer; /* kafka/writer.h */

struct feeder_result {
    uint64_t sent;
    uint64_t acked;
    uint64_t skipped;
    bool stopped; /* by stop_fd, before the input's end */
};

/* Send until the input ends, the limit is reached, stop_fd is readable, or something fails; then wait until all that
 * was sent is acknowledged or given up (bounded by the client's message.timeout.ms). Returns 0 when everything read was
 * acknowledged; otherwise -1 with err about what came first: damaged input (all records before it are acknowledged
 * unless the text says otherwise), or delivery. result is filled in either case. */
int feeder_run(const struct producer_settings *settings, struct dataset *dataset, struct writer *writer,
               struct meter *meter, int stop_fd, struct feeder_result *result, struct errbuf *err);

/* --dry-run: read and check everything, write the first record and the count to stdout. 0, -1 with err. */
int feeder_dry_run(const struct producer_settings *settings, struct dataset *dataset, int stop_fd, struct errbuf *err);

#endif
