/* The records of an input file, one at a time and in its order: a JSON array of any size, JSON lines, or CSV; from a
 * file or a pipe.
 *
 * Records come out in wire form (record/json_copy.h): strings and numbers as written in the file, for CSV as csv_rows.h
 * says. Memory is bounded by the largest record (1 MiB), whatever the size of the file. A byte order mark, LF or CRLF,
 * and white space around records are fine. One thread.
 */
#ifndef PRODUCER_DATASET_H
#define PRODUCER_DATASET_H

#include "common/errbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dataset_format {
    DATASET_AUTO,  /* CSV by name (.csv), otherwise JSON or JSON lines by the first byte */
    DATASET_JSON,  /* an array; or JSON lines, if the first byte is not [ */
    DATASET_JSONL, /* one object a line, nothing else */
    DATASET_CSV
};

enum dataset_status {
    DATASET_RECORD, /* *record is the next one, valid until the next call */
    DATASET_END,    /* all is read */
    DATASET_WAIT,   /* a pipe has nothing now: dataset_wait, then call again */
    DATASET_BAD,    /* one record is damaged, err says where and how; the next call goes on behind it */
    DATASET_FAILED  /* err: the file is cut off, is no such file at all, or cannot be read; nothing more comes */
};

struct dataset;

/* Open path ("-": standard input). NULL with err: EXIT_CODE_USAGE naming the path when there is no such file, it is a
 * directory or may not be read. */
struct dataset *dataset_open(const char *path, enum dataset_format format, struct errbuf *err);
/* NULL does nothing. Standard input stays open. */
void dataset_close(struct dataset *dataset);

/* The next record. err (only for BAD and FAILED) has byte offset, line and the number of whole records before that
 * place; code EXIT_CODE_RUNTIME, or EXIT_CODE_STORAGE for a read error.
 *
 * Going on after BAD: in JSON lines and CSV with the next line; in an array with the next '{' that begins a line or
 * follows "},". */
enum dataset_status dataset_next(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err);

/* Wait until a pipe has something (or its writer is gone), stop_fd is readable (-1: none) or timeout_ms passed (-1: for
 * ever). */
void dataset_wait(const struct dataset *dataset, int stop_fd, int timeout_ms);

/* Begin again at the first record. 0; -1 with err if the input is no regular file. */
int dataset_rewind(struct dataset *dataset, struct errbuf *err);

/* Bytes consumed so far in this pass, and the size of the file (-1: a pipe). */
int64_t dataset_position(const struct dataset *dataset);
int64_t dataset_size(const struct dataset *dataset);

/* The path, or "standard input". */
const char *dataset_name(const struct dataset *dataset);

#endif
