/* How far the producer is: a bar on a terminal, a log line now and then elsewhere, and the closing line. All on stderr;
 * one thread. */
#ifndef PRODUCER_METER_H
#define PRODUCER_METER_H

#include "common/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct meter_counts {
    uint64_t sent;
    uint64_t acked;
    uint64_t skipped; /* damaged records passed over */
    int64_t position; /* bytes of the file consumed */
    int64_t size;     /* of the file; -1: unknown */
    uint64_t limit;   /* 0: none */
};

struct meter {
    bool terminal;
    bool drawn; /* the bar stands on the terminal's last line */
    int64_t began_us;
    int64_t next_us; /* when to show again */
    uint64_t last_acked;
    int64_t last_us;
    double rate; /* records/s lately */
    struct buf line;
};

/* terminal: stderr is one (main finds out). */
void meter_init(struct meter *meter, bool terminal);
void meter_release(struct meter *meter);

/* True when it is time to call meter_show; cheap. */
bool meter_due(const struct meter *meter);
void meter_show(struct meter *meter, const struct meter_counts *counts);

/* Take the bar away, before something is logged. */
void meter_clear(struct meter *meter);

/* "N records sent, N acknowledged in S s (R records/s)"; the bar is taken away. */
void meter_finish(struct meter *meter, const struct meter_counts *counts);

#endif
