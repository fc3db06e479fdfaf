/* sf-datagen: the synthetic data set on stdout. */
#include "common/buf.h"
#include "common/errbuf.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "datagen/damage.h"
#include "datagen/layout.h"
#include "datagen/model.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)256 * 1024)
#define MAX_RECORDS 1000000000u

/* The course's file has one record less than 200,000; the seed has no meaning. */
#define DEFAULT_RECORDS 199999
#define DEFAULT_SEED 2018

struct options {
    uint64_t records;
    uint64_t seed;
    enum layout layout;
    uint32_t malformed; /* of 10,000 */
    uint32_t late;      /* of 10,000 */
};

static const char USAGE[] =
    "Usage: sf-datagen [OPTION...]\n"
    "Write a synthetic \"Police Department Calls for Service\" data set to standard output, newest call first.\n"
    "The same seed gives the same bytes on every machine; a smaller --records gives the beginning of a larger one.\n"
    "\n"
    "  -n, --records N          records to write, 0 to 1000000000 (default 199999)\n"
    "  -s, --seed S             any number from 0 to 2^64-1 (default 2018)\n"
    "  -f, --format FORMAT      json: one array in the original's layout (default); jsonl: a record a line;\n"
    "                           csv: with a header line\n"
    "      --malformed PERCENT  share of damaged records, e.g. 0.5: cut off, keys missing, values of other types, "
    "huge\n"
    "                           texts, bad UTF-8 and escapes, impossible times, repeated ids, in equal parts\n"
    "      --late PERCENT       share of records that are 1 to 72 hours older than their neighbours\n"
    "      --help               this text\n"
    "      --version            the version\n"
    "\n"
    "Exit status: 0 done, also when the reader closed the pipe; 2 usage; 7 the output could not be written.\n";

static int parse_number(const char *name, const char *text, uint64_t max, uint64_t *number, struct errbuf *err)
{
    char *end;

    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno == ERANGE || value > max)
        return errbuf_set(err, EXIT_CODE_USAGE, "--%s: \"%s\" is not a whole number from 0 to %llu", name, text,
                          (unsigned long long)max);
    *number = value;
    return 0;
}

/* "2", "0.25": in hundredths, without floating point. */
static int parse_percent(const char *name, const char *text, uint32_t *share, struct errbuf *err)
{
    const char *p = text;
    uint32_t value = 0;
    int digits = 0;

    for (; *p >= '0' && *p <= '9' && digits < 4; p++, digits++)
        value = value * 10 + (uint32_t)(*p - '0');
    value *= 100;
    if (digits > 0 && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        value += (uint32_t)(p[1] - '0') * 10;
        p += 2;
        if (*p >= '0' && *p <= '9')
            value += (uint32_t)(*p++ - '0');
    }
    if (digits == 0 || *p != '\0' || value > 10000)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "--%s: \"%s\" is not a percentage from 0 to 100 with at most two decimals", name, text);
    *share = value;
    return 0;
}

enum { OPTION_MALFORMED = 256, OPTION_LATE, OPTION_HELP, OPTION_VERSION };

/* 0: go on; 1: nothing more to do; -1 with err. */
static int parse_options(int argc, char **argv, struct options *options, struct errbuf *err)
{
    static const struct option OPTIONS[] = {
        {"records", required_argument, NULL, 'n'},      {"seed", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},       {"malformed", required_argument, NULL, OPTION_MALFORMED},
        {"late", required_argument, NULL, OPTION_LATE}, {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION}, {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "n:s:f:", OPTIONS, NULL)) != -1) {
        int rc = 0;
        switch (option) {
        case 'n':
            rc = parse_number("records", optarg, MAX_RECORDS, &options->records, err);
            break;
        case 's':
            rc = parse_number("seed", optarg, UINT64_MAX, &options->seed, err);
            break;
        case 'f':
            if (layout_parse(optarg, &options->layout) == -1)
                rc = errbuf_set(err, EXIT_CODE_USAGE, "--format: \"%s\" is none of json, jsonl, csv", optarg);
            break;
        case OPTION_MALFORMED:
            rc = parse_percent("malformed", optarg, &options->malformed, err);
            break;
        case OPTION_LATE:
            rc = parse_percent("late", optarg, &options->late, err);
            break;
        case OPTION_HELP:
            fputs(USAGE, stdout);
            return 1;
        case OPTION_VERSION:
            printf("sf-datagen %s (%s)\n", SFCRIME_VERSION, SFCRIME_REVISION);
            return 1;
        default: /* getopt has said what is wrong */
            return errbuf_set(err, EXIT_CODE_USAGE, "see sf-datagen --help");
        }
        if (rc == -1)
            return -1;
    }
    if (optind < argc)
        return errbuf_set(err, EXIT_CODE_USAGE, "\"%s\": no such argument; records go to standard output, see --help",
                          argv[optind]);
    return 0;
}

/* 0; 1 when nobody reads any more; -1 with err. */
static int flush_block(struct buf *out, struct errbuf *err)
{
    if (out->failed)
        return errbuf_oom(err, "output block", out->len);
    if (fileio_write_all(STDOUT_FILENO, out->data, out->len) == -1) {
        if (errno == EPIPE)
            return 1;
        return errbuf_set(err, EXIT_CODE_STORAGE, "writing to standard output: %s", strerror(errno));
    }
    buf_reset(out);
    return 0;
}

static int generate(const struct options *options, struct model *model, struct damage *damage, struct buf *out,
                    struct errbuf *err)
{
    struct call call;
    bool any = options->records > 0;

    layout_begin(options->layout, any, out);
    for (uint64_t i = 0; i < options->records; i++) {
        if (i > 0)
            layout_separator(options->layout, out);
        size_t begin = out->len;
        model_next(model, &call);
        damage_call(damage, &call);
        layout_record(options->layout, &call, &damage->defects, out);
        damage_text(damage, begin, out);
        if (out->len >= BLOCK_BYTES) {
            int rc = flush_block(out, err);
            if (rc != 0)
                return rc;
        }
    }
    layout_end(options->layout, any, out);
    return flush_block(out, err);
}

int main(int argc, char **argv)
{
    struct options options = {DEFAULT_RECORDS, DEFAULT_SEED, LAYOUT_JSON, 0, 0};
    struct buf out = BUF_INIT;
    struct damage damage;
    struct model model;
    struct errbuf err;

    errbuf_clear(&err);
    signal(SIGPIPE, SIG_IGN);
    int rc = lifecycle_hold_stdio(&err);
    if (rc == 0)
        rc = parse_options(argc, argv, &options, &err);
    if (rc == 1)
        return fflush(stdout) == 0 ? EXIT_CODE_OK : EXIT_CODE_STORAGE;
    if (rc == 0)
        rc = damage_init(&damage, options.seed, options.malformed, &err);
    if (rc == 0) {
        model_init(&model, options.seed, options.late);
        rc = generate(&options, &model, &damage, &out, &err);
        damage_release(&damage);
    }
    buf_release(&out);
    if (rc == -1) {
        fprintf(stderr, "sf-datagen: %s\n", err.text);
        return err.exit_code;
    }
    return EXIT_CODE_OK; /* 1: the reader went away, as `| head` does */
}
