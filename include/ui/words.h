/* Spark's words for a query, as its page and its API have them. Any thread. */
#ifndef UI_WORDS_H
#define UI_WORDS_H

#include "report/snapshot.h"

/* The version whose behaviour, names and JSON this program follows. */
#define WORDS_SPARK_VERSION "4.0.0"

/* "RUNNING", "FINISHED", "FAILED". */
const char *words_status(const struct snapshot *snapshot);

/* The plain mean of the retained batches' rates, a rate that is no number counting as 0; NaN without a batch. */
double words_average(const struct snapshot *snapshot, bool input);

/* From the start to now, or to the last record of a run that has ended. */
int64_t words_duration_ms(const struct snapshot *snapshot);

#endif
