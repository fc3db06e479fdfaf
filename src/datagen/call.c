#include "datagen/call.h"

static const struct {
    const char *json;
    const char *csv;
} NAMES[CALL_COLUMNS] = {
    [CALL_CRIME_ID] = {"crime_id", "Crime Id"},
    [CALL_TYPE_NAME] = {"original_crime_type_name", "Original Crime Type Name"},
    [CALL_REPORT_DATE] = {"report_date", "Report Date"},
    [CALL_CALL_DATE] = {"call_date", "Call Date"},
    [CALL_OFFENSE_DATE] = {"offense_date", "Offense Date"},
    [CALL_CALL_TIME] = {"call_time", "Call Time"},
    [CALL_CALL_DATE_TIME] = {"call_date_time", "Call Date Time"},
    [CALL_DISPOSITION] = {"disposition", "Disposition"},
    [CALL_ADDRESS] = {"address", "Address"},
    [CALL_CITY] = {"city", "City"},
    [CALL_STATE] = {"state", "State"},
    [CALL_AGENCY_ID] = {"agency_id", "Agency Id"},
    [CALL_ADDRESS_TYPE] = {"address_type", "Address Type"},
    [CALL_COMMON_LOCATION] = {"common_location", "Common Location"},
};

const char *call_json_name(enum call_column column)
{
    return NAMES[column].json;
}

const char *call_csv_name(enum call_column column)
{
    return NAMES[column].csv;
}
