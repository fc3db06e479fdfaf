/* The one error carrier: what went wrong, and what the program should exit with.
 *
 * A function that can fail takes a `struct errbuf *err` as its last argument and returns -1 (or NULL)
 * after filling it. The text is one line for a person: what, where, why, what to do. Only main
 * prints it and exits. A caller branches on exit_code, condition or retriable, never on text.
 */
#ifndef COMMON_ERRBUF_H
#define COMMON_ERRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* The documented exit codes of every program (README, "Exit codes"). */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_RUNTIME = 1,
    EXIT_CODE_USAGE = 2,      /* usage, configuration, input missing */
    EXIT_CODE_BROKER = 3,     /* broker not reachable in time */
    EXIT_CODE_DATA_LOSS = 4,  /* with failOnDataLoss = true */
    EXIT_CODE_CHECKPOINT = 5, /* checkpoint refused */
    EXIT_CODE_BUSY = 6,       /* lock held, strict port taken, fenced */
    EXIT_CODE_STORAGE = 7,    /* full, I/O error, not writable */
    EXIT_CODE_AUTH = 8        /* authentication, authorisation */
};

struct errbuf {
    enum exit_code exit_code;
    bool retriable;     /* the same call may succeed later (broker away) */
    char condition[96]; /* Spark's error condition, e.g. "DIVIDE_BY_ZERO", or "" */
    char sqlstate[6];   /* its SQLSTATE, or "" */
    int line;           /* in the SQL text, from 1; 0: no place known */
    int column;         /* in that line, from 0, in code points (Spark's "pos") */
    char text[2048];
};

/* Make err empty. A caller does this once before a chain of calls. */
void errbuf_clear(struct errbuf *err);

/* Set the text (cut at the buffer's end) and the code. Clears condition and place.
 * Always returns -1, so that a function can `return errbuf_set(err, ...)`. */
int errbuf_set(struct errbuf *err, enum exit_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As errbuf_set, with a condition and SQLSTATE (both copied) and code EXIT_CODE_RUNTIME; the caller changes the code to
 * EXIT_CODE_USAGE for what is found before a query runs. With a SQLSTATE the text is shown as Spark shows it:
 * "[CONDITION] text SQLSTATE: 22012"; with "" the condition is for callers only and the text stands alone. */
int errbuf_condition(struct errbuf *err, const char *condition, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Put "context: " in front of the text, e.g. "query crimes, batch 4". Returns -1. */
int errbuf_prefix(struct errbuf *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "out of memory (WHAT, N bytes)" with EXIT_CODE_RUNTIME. Returns -1. */
int errbuf_oom(struct errbuf *err, const char *what, size_t size_bytes);

#endif
