/* A line is built in memory and leaves with one write, so lines of several threads do not mix. The only lock guards the
 * table of repeated messages. Nothing here fails loudly: a log that cannot be written must not stop the program.
 *
 * Repeats: a small table keyed by the hash of level, module and text. A message may pass 10 times in its 10 s window;
 * more are counted, and the count is logged when the window has ended and any line is logged afterwards. */
#include "common/log.h"

#include "common/buf.h"
#include "common/clock.h"
#include "common/escape.h"
#include "common/fileio.h"
#include "common/hashmap.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REPEATS 64
#define WINDOW_US INT64_C(10000000)
#define PASS_PER_WINDOW 10

struct repeat {
    uint64_t hash; /* 0: unused */
    int64_t window_us;
    unsigned count;
    enum log_level level;
    char module[48];
    char text[160]; /* its beginning, for the line that tells the count */
};

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG", "TRACE"};

static atomic_int current_level = LOG_LEVEL_INFO;
static atomic_int current_format = LOG_FORMAT_TEXT;
static atomic_bool to_journal;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct repeat repeats[REPEATS];

/* systemd names the device and inode of the stream it reads; if ours is another one (redirected), no prefixes. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2 || fstat(STDERR_FILENO, &st) != 0)
        return false;
    return st.st_dev == (dev_t)device && st.st_ino == (ino_t)inode;
}

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store(&current_level, (int)level);
    atomic_store(&current_format, (int)format);
    atomic_store(&to_journal, stderr_is_journal());
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

static void append_local_time(int64_t wall_ms, struct buf *line)
{
    time_t when = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (localtime_r(&when, &tm) != NULL)
        buf_printf(line, "%02d/%02d/%02d %02d:%02d:%02d", tm.tm_year % 100, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec);
}

static void append_logfmt_value(const char *text, size_t len, struct buf *line)
{
    bool plain = len > 0;

    for (size_t i = 0; i < len && plain; i++)
        plain = (unsigned char)text[i] > ' ' && text[i] != '"' && text[i] != '=' && text[i] != '\\' &&
                (unsigned char)text[i] < 0x7f;
    if (plain) {
        buf_append(line, text, len);
        return;
    }
    buf_append_byte(line, '"');
    escape_json(text, len, 0, line);
    buf_append_byte(line, '"');
}

/* JSON and logfmt keep what the text says and only make it safe to show: bidi controls and C1 as visible escapes
 * first. */
static void emit(enum log_level level, const char *module, const char *text, size_t len, int visible_flags)
{
    static const char priority[] = {'3', '4', '6', '7', '7'}; /* sd-daemon(3) */
    enum log_format format = (enum log_format)atomic_load(&current_format);
    struct buf safe = BUF_INIT;
    struct buf line = BUF_INIT;
    int64_t now_ms = clock_wall_ms();

    if (atomic_load(&to_journal))
        buf_printf(&line, "<%c>", priority[level]);
    switch (format) {
    case LOG_FORMAT_TEXT:
        append_local_time(now_ms, &line);
        buf_printf(&line, " %s %s: ", level_names[level], module);
        escape_visible(text, len, visible_flags, &line);
        break;
    case LOG_FORMAT_JSON: /* the keys of Spark 4's structured log */
        escape_visible(text, len, ESCAPE_KEEP_LINE_FEEDS, &safe);
        buf_append_text(&line, "{\"ts\":\"");
        clock_iso_utc(now_ms, &line);
        buf_printf(&line, "\",\"level\":\"%s\",\"msg\":\"", level_names[level]);
        escape_json(safe.data != NULL ? safe.data : "", safe.len, 0, &line);
        buf_printf(&line, "\",\"logger\":\"%s\"}", module);
        break;
    case LOG_FORMAT_LOGFMT:
        escape_visible(text, len, ESCAPE_KEEP_LINE_FEEDS, &safe);
        buf_append_text(&line, "ts=");
        clock_iso_utc(now_ms, &line);
        buf_printf(&line, " level=%s logger=%s msg=", level_names[level], module);
        append_logfmt_value(safe.data != NULL ? safe.data : "", safe.len, &line);
        break;
    }
    buf_append_byte(&line, '\n');
    if (line.failed) {
        static const char lost[] = "ERROR Log: out of memory, a log line is lost\n";
        (void)!write(STDERR_FILENO, lost, sizeof(lost) - 1);
    } else {
        (void)fileio_write_all(STDERR_FILENO, line.data, line.len); /* nowhere left to complain */
    }
    buf_release(&line);
    buf_release(&safe);
}

/* Give an entry free; what it held back goes to told. */
static void take_count(struct repeat *repeat, struct repeat *told, size_t *ntold)
{
    if (repeat->hash != 0 && repeat->count > PASS_PER_WINDOW)
        told[(*ntold)++] = *repeat;
    repeat->hash = 0;
}

/* Which entry makes room first: an unused one, then the oldest that has nothing held back (so that many different
 * messages do not push out the one that floods the log), then the oldest. */
static bool goes_before(const struct repeat *a, const struct repeat *b)
{
    bool a_holds = a->count > PASS_PER_WINDOW, b_holds = b->count > PASS_PER_WINDOW;

    if ((a->hash == 0) != (b->hash == 0))
        return a->hash == 0;
    if (a->hash != 0 && a_holds != b_holds)
        return b_holds;
    return a->window_us < b->window_us;
}

/* True if the message may pass now. Counts of windows that have ended are moved to told (room for REPEATS). */
static bool admit(enum log_level level, const char *module, const char *text, size_t len, struct repeat *told,
                  size_t *ntold)
{
    uint64_t hash = hashmap_hash(text, len) ^ hashmap_hash(module, strlen(module)) * 3 ^ (uint64_t)level;
    int64_t now_us = clock_monotonic_us();
    struct repeat *found = NULL, *place = NULL;

    *ntold = 0;
    if (hash == 0)
        hash = 1;
    if (pthread_mutex_lock(&lock) != 0)
        return true;
    for (size_t i = 0; i < REPEATS; i++) {
        struct repeat *repeat = &repeats[i];
        if (repeat->hash != 0 && now_us - repeat->window_us >= WINDOW_US)
            take_count(repeat, told, ntold);
        if (repeat->hash == hash)
            found = repeat;
        if (place == NULL || goes_before(repeat, place))
            place = repeat;
    }
    if (found == NULL) {
        take_count(place, told, ntold);
        found = place;
        found->hash = hash;
        found->window_us = now_us;
        found->count = 0;
        found->level = level;
        snprintf(found->module, sizeof(found->module), "%s", module);
        snprintf(found->text, sizeof(found->text), "%.*s", len < 150 ? (int)len : 150, text);
    }
    bool pass = ++found->count <= PASS_PER_WINDOW;
    pthread_mutex_unlock(&lock);
    return pass;
}

void log_line(enum log_level level, const char *module, const char *format, ...)
{
    struct buf text = BUF_INIT;
    struct repeat told[REPEATS];
    size_t ntold;
    va_list args;
    int saved_errno = errno;

    if (!log_enabled(level))
        return;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    const char *data = text.failed || text.data == NULL ? format : text.data;
    size_t len = text.failed || text.data == NULL ? strlen(format) : text.len;
    bool pass = admit(level, module, data, len, told, &ntold);
    for (size_t i = 0; i < ntold; i++) {
        struct buf repeated = BUF_INIT;
        buf_printf(&repeated, "%s (repeated %u more times within 10 s)", told[i].text, told[i].count - PASS_PER_WINDOW);
        if (!repeated.failed)
            emit(told[i].level, told[i].module, repeated.data, repeated.len, 0);
        buf_release(&repeated);
    }
    if (pass)
        emit(level, module, data, len, 0);
    buf_release(&text);
    errno = saved_errno;
}

void log_block(enum log_level level, const char *module, const char *text, size_t len)
{
    if (log_enabled(level))
        emit(level, module, text, len, ESCAPE_KEEP_LINE_FEEDS);
}
