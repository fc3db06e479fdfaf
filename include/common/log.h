/* Log lines on stderr: Spark's form `yy/MM/dd HH:mm:ss LEVEL Module: text`, or JSON, or logfmt. Any thread; a line is
 * one write.
 *
 * Text is made safe for a terminal (control and bidirectional characters as visible escapes; a line feed inside the
 * text only where the caller asks for it with log_block). The same text more than 10 times in 10 s from one place is
 * counted instead of repeated.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_LOGFMT };

/* Process-wide; default INFO, text. May be called again (SIGHUP). */
void log_configure(enum log_level level, enum log_format format);

bool log_enabled(enum log_level level);

/* module: the logger's name as users grep for it, e.g. "MicroBatchExecution". */
void log_line(enum log_level level, const char *module, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Text that keeps its line feeds (the pretty progress JSON) in text form. */
void log_block(enum log_level level, const char *module, const char *text, size_t len);

#define log_error(module, ...) log_line(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warn(module, ...) log_line(LOG_LEVEL_WARN, module, __VA_ARGS__)
#define log_info(module, ...) log_line(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)                                                                                         \
    do {                                                                                                               \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                                              \
            log_line(LOG_LEVEL_DEBUG, module, __VA_ARGS__);                                                            \
    } while (0)

#endif
