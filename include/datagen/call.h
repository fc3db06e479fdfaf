/* One record of the synthetic data set: the fourteen columns of "Police Department Calls for Service", as plain
 * text. */
#ifndef DATAGEN_CALL_H
#define DATAGEN_CALL_H

#include <stddef.h>

/* In the order of the file. */
enum call_column {
    CALL_CRIME_ID,
    CALL_TYPE_NAME,
    CALL_REPORT_DATE,
    CALL_CALL_DATE,
    CALL_OFFENSE_DATE,
    CALL_CALL_TIME,
    CALL_CALL_DATE_TIME,
    CALL_DISPOSITION,
    CALL_ADDRESS,
    CALL_CITY,
    CALL_STATE,
    CALL_AGENCY_ID,
    CALL_ADDRESS_TYPE,
    CALL_COMMON_LOCATION,
    CALL_COLUMNS
};

/* A piece of text; not NUL-terminated. */
struct call_text {
    const char *data;
    size_t len;
};

#define CALL_TEXT_MAX 96

/* The texts point to constants or into the call's own room: valid until the next one is made, and not to be copied by
 * assignment. */
struct call {
    struct call_text column[CALL_COLUMNS];
    char id[16];
    char type_name[CALL_TEXT_MAX];
    char report_date[32];
    char call_date[32];
    char time[8];
    char date_time[32];
    char address[CALL_TEXT_MAX];
    char place[CALL_TEXT_MAX];
};

/* "crime_id", ... and "Crime Id", ...: the names in JSON and in CSV. */
const char *call_json_name(enum call_column column);
const char *call_csv_name(enum call_column column);

#endif
