/* Errors with a place in the SQL text, in Spark's words: condition, message, SQLSTATE, then the lines concerned with a
 * caret under the part that is meant.
 *
 *   [DIVIDE_BY_ZERO] Division by zero. ... SQLSTATE: 22012
 *   == SQL (line 1, position 8) ==
 *   SELECT n / i AS q FROM calls
 *          ^^^^^
 */
#ifndef SQL_DIAGNOSE_H
#define SQL_DIAGNOSE_H

#include "sql/expr.h"

/* Bytes that a position (in code points) is from the start of the text; at most the text's length. */
size_t diagnose_byte_offset(const char *sql, int32_t position);

/* What is found before the query runs: "[CONDITION] message SQLSTATE: x; line 1 pos 7" and the caret, exit code
 * EXIT_CODE_USAGE, err->line and err->column. Without sqlstate ("") and for conditions that begin with "_LEGACY" the
 * bracket and the SQLSTATE are left out, as in Spark. sql may be NULL, range.start may be -1: then without a place.
 * Returns NULL, so that a function can `return diagnose(...)`. */
void *diagnose(struct errbuf *err, const char *sql, struct sql_range range, const char *condition, const char *sqlstate,
               const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Something outside the subset: SFCRIME_UNSUPPORTED (0A000), naming it. `what` is a noun phrase: "the type DECIMAL".
 * Returns NULL. */
void *diagnose_unsupported(struct errbuf *err, const char *sql, struct sql_range range, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What a row's value causes: likewise with EXIT_CODE_RUNTIME, and with the topic, partition and offset of the row when
 * eval->batch knows them. call: whose range is underlined, or NULL where Spark shows no place. Returns -1. */
int diagnose_row(struct eval *eval, const struct expr *call, size_t row, const char *condition, const char *sqlstate,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
