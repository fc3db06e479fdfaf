/* Which record of each partition was read last (kafka/reader.h, marks): a batch leaves them in commits/N, and the next
 * start has them compared with what is there, to see a topic that was made anew.
 */
#ifndef ENGINE_READ_MARKS_H
#define ENGINE_READ_MARKS_H

#include "common/buf.h"
#include "kafka/reader.h"

struct json_t; /* jansson's */

/* A growable list, in the order of read_marks_add. Topic names are copied into it. */
struct read_mark {
    char *topic;
    int32_t partition;
    struct reader_mark mark;
};

struct read_marks {
    size_t count;
    size_t cap;
    struct read_mark *items;
};

void read_marks_init(struct read_marks *marks);
void read_marks_release(struct read_marks *marks);
/* 0, -1 without memory. */
int read_marks_add(struct read_marks *marks, const char *topic, int32_t partition, const struct reader_mark *mark);
/* The mark of a partition, or NULL. */
const struct reader_mark *read_marks_find(const struct read_marks *marks, const char *topic, int32_t partition);

/* Append as JSON, marks of one topic standing together: {"topic":{"0":[offset,ms,size]}}. */
void read_marks_json(const struct read_marks *marks, struct buf *out);
/* Fill marks (initialised) from such an object; NULL gives none. 1; 0: not of the form; -1: no memory. On failure marks
 * is empty. */
int read_marks_parse(struct json_t *root, struct read_marks *marks);

#endif
