/* Zone names come from a table made by Java: they are its CLDR data, which the system's tzdata does not have. */
#include "pattern_internal.h"

#include <string.h>

struct zone_names {
    const char *text[6]; /* standard short, long; daylight short, long; generic short, long */
};

struct named_zone {
    const char *id;
    int names;
};

#include "zone_names.inc"

static const struct zone_names *find(const char *id)
{
    size_t low = 0, high = sizeof(zones) / sizeof(zones[0]);

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(id, zones[middle].id);
        if (order == 0)
            return &names[zones[middle].names];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Ahead of what the zone has half a year earlier or later: daylight saving time. */
static bool is_daylight(const struct zone *zone, int64_t epoch_s)
{
    const int64_t half_year_s = INT64_C(15778800);
    int32_t now = zone_offset_at(zone, epoch_s);

    return now > zone_offset_at(zone, epoch_s - half_year_s) || now > zone_offset_at(zone, epoch_s + half_year_s);
}

void pattern_zone_name(const struct zone *zone, int64_t epoch_s, bool full, bool generic, struct buf *out)
{
    const struct zone_names *found = find(zone_id(zone));

    if (found == NULL)
        buf_append_text(out, zone_id(zone));
    else
        buf_append_text(out, found->text[(generic ? 4 : is_daylight(zone, epoch_s) ? 2 : 0) + full]);
}
