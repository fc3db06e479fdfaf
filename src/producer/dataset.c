/* Input in blocks of 256 KiB by read(): mapping the file would save 4 % of the time, cost its size in resident memory
 * and turn a file that shrinks into SIGBUS. A record that a block's end cuts is moved to the front and read again from
 * its beginning with the next block behind it; at most a MiB is read twice. */
#include "dataset_internal.h"

#include "record/json_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define READ_BYTES ((size_t)256 * 1024)
#define CSV_PIECE_BYTES ((size_t)32 * 1024)
/* The beginning of a cut record in front of a whole block: typical ones are far smaller than 64 KiB. */
#define FIRST_CAP (READ_BYTES + 64 * 1024)

/* --- opening ----------------------------------------------------------------------------------------------------- */

static int open_input(const char *path, struct errbuf *err)
{
    if (strcmp(path, "-") == 0)
        return STDIN_FILENO;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd == -1)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: cannot open the input file: %s%s", path, strerror(errno),
                          errno == ENOENT ? "; name an existing file, or - for standard input" : "");
    return fd;
}

static bool ends_in(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);

    return len > suffix_len && strcasecmp(text + len - suffix_len, suffix) == 0;
}

struct dataset *dataset_open(const char *path, enum dataset_format format, struct errbuf *err)
{
    struct stat info;
    int fd = open_input(path, err);

    if (fd == -1)
        return NULL;
    struct dataset *dataset = calloc(1, sizeof(*dataset));
    if (dataset == NULL) {
        errbuf_oom(err, "input", sizeof(*dataset));
        if (fd != STDIN_FILENO)
            close(fd);
        return NULL;
    }
    dataset->fd = fd;
    dataset->format = format;
    if (format == DATASET_AUTO && ends_in(path, ".csv"))
        dataset->format = DATASET_CSV;
    buf_init(&dataset->record);
    dataset->name = strdup(fd == STDIN_FILENO ? "standard input" : path);
    dataset->data = malloc(FIRST_CAP);
    dataset->cap = FIRST_CAP;
    if (dataset->name == NULL || dataset->data == NULL) {
        errbuf_oom(err, "input", FIRST_CAP);
        goto failed;
    }
    if (fstat(fd, &info) == -1) {
        errbuf_set(err, EXIT_CODE_USAGE, "%s: cannot look at the input file: %s", dataset->name, strerror(errno));
        goto failed;
    }
    if (S_ISDIR(info.st_mode)) {
        errbuf_set(err, EXIT_CODE_USAGE, "%s: is a directory; name a file, or - for standard input", dataset->name);
        goto failed;
    }
    dataset->regular = S_ISREG(info.st_mode);
    dataset->size = dataset->regular ? (int64_t)info.st_size : -1;
    return dataset;
failed:
    dataset_close(dataset);
    return NULL;
}

void dataset_close(struct dataset *dataset)
{
    if (dataset == NULL)
        return;
    if (dataset->fd != STDIN_FILENO)
        close(dataset->fd);
    csv_rows_free(dataset->rows);
    buf_release(&dataset->record);
    free(dataset->data);
    free(dataset->name);
    free(dataset);
}

int dataset_rewind(struct dataset *dataset, struct errbuf *err)
{
    if (!dataset->regular || lseek(dataset->fd, 0, SEEK_SET) == -1)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: cannot be read again from its beginning; use a file",
                          dataset->name);
    dataset->eof = false;
    dataset->state = DATASET_AT_START;
    dataset->begin = 0;
    dataset->end = 0;
    dataset->base = 0;
    dataset->base_line = 0;
    dataset->nrecords = 0;
    dataset->tried = 0;
    dataset->fresh_line = false;
    csv_rows_free(dataset->rows);
    dataset->rows = NULL;
    return 0;
}

/* --- blocks ------------------------------------------------------------------------------------------------------ */

static int64_t count_line_feeds(const char *p, size_t len)
{
    int64_t count = 0;

#ifdef __SSE2__
    /* bytes of 0 or 255 are subtracted from byte counters, which are added up before they can overflow */
    while (len >= 16) {
        __m128i counters = _mm_setzero_si128();
        for (int i = 0; i < 255 && len >= 16; i++) {
            __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
            counters = _mm_sub_epi8(counters, _mm_cmpeq_epi8(x, _mm_set1_epi8('\n')));
            p += 16;
            len -= 16;
        }
        __m128i sums = _mm_sad_epu8(counters, _mm_setzero_si128());
        count += _mm_cvtsi128_si32(sums) + _mm_cvtsi128_si32(_mm_srli_si128(sums, 8));
    }
#endif
    for (size_t i = 0; i < len; i++)
        count += p[i] == '\n';
    return count;
}

int64_t dataset_line(const struct dataset *dataset, size_t at)
{
    return dataset->base_line + count_line_feeds(dataset->data, at) + 1;
}

/* Room for a whole block behind what is unread, which moves to the front. */
static int make_room(struct dataset *dataset, struct errbuf *err)
{
    size_t unread = dataset->end - dataset->begin;

    dataset->base_line += count_line_feeds(dataset->data, dataset->begin);
    dataset->base += (int64_t)dataset->begin;
    memmove(dataset->data, dataset->data + dataset->begin, unread);
    dataset->begin = 0;
    dataset->end = unread;
    if (dataset->cap - unread >= READ_BYTES)
        return 0;
    /* never much above the largest record: unread bytes are at most one unfinished record */
    size_t cap = dataset->cap * 2;
    char *data = realloc(dataset->data, cap);
    if (data == NULL)
        return errbuf_oom(err, "input block", cap);
    dataset->data = data;
    dataset->cap = cap;
    return 0;
}

enum dataset_fill dataset_fill(struct dataset *dataset, struct errbuf *err)
{
    if (dataset->eof)
        return DATASET_FILL_END;
    if (!dataset->regular) {
        struct pollfd ready = {dataset->fd, POLLIN, 0};
        if (poll(&ready, 1, 0) <= 0) /* a signal ends it with an error: reading might then wait, deaf to a stop */
            return DATASET_FILL_WAIT;
    }
    if (make_room(dataset, err) == -1)
        return DATASET_FILL_FAILED;
    for (;;) {
        ssize_t n = read(dataset->fd, dataset->data + dataset->end, READ_BYTES);
        if (n > 0) {
            dataset->end += (size_t)n;
            return DATASET_FILL_DATA;
        }
        if (n == 0) {
            dataset->eof = true;
            return DATASET_FILL_END;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return DATASET_FILL_WAIT;
        if (errno != EINTR) {
            errbuf_set(err, EXIT_CODE_STORAGE, "%s: reading at byte %lld: %s", dataset->name,
                       (long long)(dataset->base + (int64_t)dataset->end), strerror(errno));
            return DATASET_FILL_FAILED;
        }
    }
}

enum dataset_status dataset_damage(struct dataset *dataset, enum dataset_status status, size_t at, struct errbuf *err,
                                   const char *format, ...)
{
    char reason[512];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    errbuf_set(err, EXIT_CODE_RUNTIME, "%s: damaged at byte %lld, line %lld: %s (%lld whole records before it)",
               dataset->name, (long long)(dataset->base + (int64_t)at), (long long)dataset_line(dataset, at), reason,
               (long long)dataset->nrecords);
    if (status == DATASET_FAILED)
        dataset->state = DATASET_BROKEN;
    return status;
}

/* --- CSV --------------------------------------------------------------------------------------------------------- */

static enum dataset_status csv_next(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err)
{
    for (;;) {
        switch (csv_rows_next(dataset->rows, record, len, err)) {
        case CSV_ROWS_RECORD:
            dataset->nrecords++;
            return DATASET_RECORD;
        case CSV_ROWS_BAD:
            errbuf_prefix(err, "%s", dataset->name);
            return DATASET_BAD;
        case CSV_ROWS_FAILED:
            errbuf_prefix(err, "%s", dataset->name);
            dataset->state = DATASET_BROKEN;
            return DATASET_FAILED;
        case CSV_ROWS_END:
            dataset->state = DATASET_AT_END;
            return DATASET_END;
        case CSV_ROWS_MORE:
            break;
        }
        if (dataset->begin < dataset->end) {
            /* in pieces, since their rows wait in memory and short ones grow to many times their size */
            size_t piece = dataset->end - dataset->begin;
            if (piece > CSV_PIECE_BYTES)
                piece = CSV_PIECE_BYTES;
            csv_rows_feed(dataset->rows, dataset->data + dataset->begin, piece);
            dataset->begin += piece;
            continue;
        }
        switch (dataset_fill(dataset, err)) {
        case DATASET_FILL_WAIT:
            return DATASET_WAIT;
        case DATASET_FILL_FAILED:
            dataset->state = DATASET_BROKEN;
            return DATASET_FAILED;
        case DATASET_FILL_END:
            csv_rows_end(dataset->rows);
            break;
        case DATASET_FILL_DATA:
            break;
        }
    }
}

/* --- the next record --------------------------------------------------------------------------------------------- */

enum dataset_status dataset_next(struct dataset *dataset, const char **record, size_t *len, struct errbuf *err)
{
    switch (dataset->state) {
    case DATASET_AT_END:
        return DATASET_END;
    case DATASET_BROKEN:
        errbuf_set(err, EXIT_CODE_RUNTIME, "%s: nothing more can be read", dataset->name);
        return DATASET_FAILED;
    case DATASET_AT_START:
        if (dataset->format == DATASET_CSV) {
            dataset->rows = csv_rows_new(err);
            if (dataset->rows == NULL) {
                dataset->state = DATASET_BROKEN;
                return DATASET_FAILED;
            }
            dataset->state = DATASET_IN_CSV;
        }
        break;
    default:
        break;
    }
    if (dataset->state == DATASET_IN_CSV)
        return csv_next(dataset, record, len, err);
    return dataset_json_next(dataset, record, len, err);
}

void dataset_wait(const struct dataset *dataset, int stop_fd, int timeout_ms)
{
    struct pollfd ready[2] = {{dataset->fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};

    /* A signal or an error ends the wait early, which the caller's next look copes with. */
    (void)poll(ready, stop_fd == -1 ? 1 : 2, timeout_ms);
}

int64_t dataset_position(const struct dataset *dataset)
{
    return dataset->base + (int64_t)dataset->begin;
}

int64_t dataset_size(const struct dataset *dataset)
{
    return dataset->size;
}

const char *dataset_name(const struct dataset *dataset)
{
    return dataset->name;
}
