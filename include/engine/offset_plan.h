/* What a batch reads: end offsets under Spark's rate limits. Pure: no clock, no broker.
 *
 * KafkaMicroBatchStream.rateLimit of Spark 4.0.0 to the last floating-point digit.
 */
#ifndef ENGINE_OFFSET_PLAN_H
#define ENGINE_OFFSET_PLAN_H

#include "kafka/offsets.h"

/* end[i] for each partition of `until`: from (sorted like until; a partition that is missing there starts at the same
 * partition's offset in `earliest`), limited to `limit` offsets in all. out is filled with until's partitions. Returns
 * 0, -1 without memory. */
int offset_plan_limit(const struct offset_list *from, const struct offset_list *earliest,
                      const struct offset_list *until, int64_t limit, struct offset_list *out);

/* minOffsetsPerTrigger: true when the batch must wait: fewer than min new offsets and less than max_delay_ms since
 * *last_trigger_ms (0 at first, so the first is never delayed). Updates *last_trigger_ms when it does not wait. */
bool offset_plan_delay(const struct offset_list *from, const struct offset_list *until, int64_t min,
                       int64_t max_delay_ms, int64_t now_ms, int64_t *last_trigger_ms);

/* Offsets as Spark's JSON {"topic":{"0":23}}: compact, topics and partitions in order. */
void offset_plan_json(const struct offset_list *list, struct buf *out);

/* The same form for whatever a partition has: what stands before its value. *topic is the one that is open, NULL before
 * the first partition; the end closes it. */
void offset_plan_json_key(struct buf *out, const char **topic, const char *of_topic, int32_t partition);
void offset_plan_json_end(struct buf *out, const char *topic);

/* Parse that JSON (partition offsets may be -1 and -2 when special is true) into out. 0; -1 with err: Spark's text
 * "Expected e.g. ...". */
int offset_plan_parse(const char *json, bool special, struct offset_list *out, struct errbuf *err);

#endif
