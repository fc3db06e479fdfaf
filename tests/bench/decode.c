/* What one record costs: touching its bytes (the floor), our scanner without and with shapes, jansson.
 *
 * The records are made here, in the form they have on the wire: 14 fields, all texts, of which 3 are wanted, as the
 * shipped query does. The ways take turns in one run and medians are compared, because the machine's mood changes
 * between runs: only the ratios mean something.
 */
#include "record/json_decode.h"

#include "common/buf.h"
#include "common/clock.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 20000
#define ROUNDS 9
#define WANTED 3

static const char ddl[] =
    "crime_id STRING, original_crime_type_name STRING, report_date STRING, call_date STRING, offense_date STRING, "
    "call_time STRING, call_date_time TIMESTAMP, disposition STRING, address STRING, city STRING, state STRING, "
    "agency_id STRING, address_type STRING, common_location STRING";

struct record {
    size_t start;
    size_t len;
};

static struct buf text;
static struct record records[RECORDS];

static void die(const char *what)
{
    fprintf(stderr, "bench decode: %s\n", what);
    exit(1);
}

static void make_records(void)
{
    static const char *const kinds[] = {"Passing Call",      "Traffic Stop",    "Muni Inspection", "Audible Alarm",
                                        "Suspicious Person", "Fight No Weapon", "22500e",          "Well Being Check",
                                        "H&r Veh Accident",  "Meet W/citizen",  "Noise Nuisance",  "152 Poss Dv"};
    static const char *const dispositions[] = {"HAN", "Not recorded", "CIT", "ADV", "REP", "GOA", "UTL", "ND"};
    static const char *const places[] = {"Geary Bl/divisadero St",     "1900 Block Of 18th Av",
                                         "100 Blk Howard St",          "Duboce Park",
                                         "3000 Block Of San Bruno Av", "Mission St/16th St"};
    static const char *const types[] = {"Intersection", "Premise Address", "Geo-Override", "Common Location"};
    uint64_t x = 1;

    for (int i = 0; i < RECORDS; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned r = (unsigned)(x >> 33);
        unsigned day = 31 - (unsigned)i / 2300 % 31, minute = (unsigned)(RECORDS - i) % 1440;
        records[i].start = text.len;
        buf_printf(&text,
                   "{\"crime_id\": \"%u\", \"original_crime_type_name\": \"%s\", \"report_date\": "
                   "\"2018-12-%02uT00:00:00.000\", \"call_date\": \"2018-12-%02uT00:00:00.000\", \"offense_date\": "
                   "\"2018-12-%02uT00:00:00.000\", \"call_time\": \"%02u:%02u\", \"call_date_time\": "
                   "\"2018-12-%02uT%02u:%02u:00.000\", \"disposition\": \"%s\", \"address\": \"%s\", \"city\": \"San "
                   "Francisco\", \"state\": \"CA\", \"agency_id\": \"1\", \"address_type\": \"%s\", "
                   "\"common_location\": \"%s\"}",
                   183650000 + r % 9999, kinds[r % 12], day, day, day, minute / 60, minute % 60, day, minute / 60,
                   minute % 60, dispositions[r / 12 % 8], places[r / 96 % 6], types[r / 7 % 4],
                   r % 7 == 0 ? "Ferry Bldg, Sf" : "");
        records[i].len = text.len - records[i].start;
    }
    if (text.failed)
        die("out of memory");
}

/* --- the ways ---------------------------------------------------------------------------------------------------- */

typedef uint64_t block __attribute__((vector_size(16)));

static uint64_t sink; /* keeps the compiler from leaving work out */

static void touch(void)
{
    for (int i = 0; i < RECORDS; i++) {
        const char *p = text.data + records[i].start;
        block all = {0, 0}, word;
        size_t at = 0;
        for (; at + sizeof(word) <= records[i].len; at += sizeof(word)) {
            memcpy(&word, p + at, sizeof(word));
            all |= word;
        }
        sink += all[0] | all[1];
        for (; at < records[i].len; at++)
            sink += (unsigned char)p[at];
    }
}

static struct json_decoder *decoder;
static struct vector columns[WANTED];
static struct arena strings;

static void decode_all(enum json_decoder_ways ways)
{
    json_decoder_restrict(decoder, ways);
    for (int i = 0; i < RECORDS; i++) {
        size_t row = (size_t)i % VECTOR_ROWS;
        if (row == 0)
            arena_reset(&strings);
        if (json_decode_record(decoder, text.data + records[i].start, records[i].len, columns, row, &strings) !=
            JSON_DECODE_OK)
            die("a record was not decoded");
        sink += (uint64_t)columns[1].data.i64[row];
    }
}

static void generic(void)
{
    decode_all(JSON_DECODER_NO_SHAPES);
}

static void shape(void)
{
    decode_all(JSON_DECODER_ALL_WAYS);
}

static void jansson(void)
{
    for (int i = 0; i < RECORDS; i++) {
        json_error_t error;
        json_t *root = json_loadb(text.data + records[i].start, records[i].len, 0, &error);
        if (root == NULL)
            die("jansson refused a record");
        sink += strlen(json_string_value(json_object_get(root, "original_crime_type_name")));
        sink += strlen(json_string_value(json_object_get(root, "call_date_time")));
        sink += strlen(json_string_value(json_object_get(root, "disposition")));
        json_decref(root);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {{"touch", touch}, {"generic", generic}, {"shape", shape}, {"jansson", jansson}};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static const size_t wanted[WANTED] = {1, 6, 7};
    static double ns[WAYS][ROUNDS];
    double median[WAYS];
    struct schema schema;
    struct arena arena = ARENA_INIT;
    struct errbuf err;

    make_records();
    schema_init(&schema);
    if (schema_parse(&schema, ddl, &err) != 0)
        die(err.text);
    for (size_t i = 0; i < WANTED; i++)
        if (vector_alloc(&columns[i], schema.columns[wanted[i]].type, VECTOR_ROWS, &arena) != 0)
            die("out of memory");
    decoder = json_decoder_new(&schema, wanted, WANTED, zone_utc(), &err);
    if (decoder == NULL)
        die(err.text);
    for (int round = -1; round < ROUNDS; round++) { /* the first warms up */
        for (size_t w = 0; w < WAYS; w++) {
            int repeat = ways[w].run == jansson ? 1 : 10;
            int64_t start_us = clock_monotonic_us();
            for (int i = 0; i < repeat; i++)
                ways[w].run();
            if (round >= 0)
                ns[w][round] = (double)(clock_monotonic_us() - start_us) * 1000 / repeat / RECORDS;
        }
    }
    for (size_t w = 0; w < WAYS; w++) {
        qsort(ns[w], ROUNDS, sizeof(ns[w][0]), by_value);
        median[w] = ns[w][ROUNDS / 2];
    }
    printf("decode: %d records of %zu bytes, 3 of 14 columns, medians of %d rounds\n", RECORDS, text.len / RECORDS,
           ROUNDS);
    for (size_t w = 0; w < WAYS; w++)
        printf("  %-8s %8.1f ns/record  %6.1f x touch  %6.1f times as fast as jansson\n", ways[w].name, median[w],
               median[w] / median[0], median[WAYS - 1] / median[w]);
    json_decoder_free(decoder);
    schema_release(&schema);
    arena_release(&strings);
    arena_release(&arena);
    buf_release(&text);
    return sink == 0; /* never */
}
