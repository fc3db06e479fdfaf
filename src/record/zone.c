/* Names as Spark's DateTimeUtils.getZoneId and java.time.ZoneId.of take them; a list of opened zones that only grows.
 *
 * The list is searched under a lock: zones are opened at start and for the rare record that names a region, never per
 * record. Offsets (of which a hostile topic could name a hundred thousand) are answered by zone_parse_offset and are
 * only listed when opened as a zone.
 */
#include "record/zone.h"

#include "zone_internal.h"

#include "common/buf.h"
#include "common/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ZONEINFO "/usr/share/zoneinfo/"
#define LONGEST_NAME 64
#define LARGEST_FILE 65536
#define LARGEST_OFFSET_S (18 * 3600)
/* More than any offset from UTC, in seconds: transitions further away cannot touch a wall time. */
#define REACH_S (26 * 3600)

struct zone {
    struct zone *next;
    bool fixed; /* offset_s for ever; else table */
    int32_t offset_s;
    struct zone_table table;
    char name[LONGEST_NAME + 1];
    char id[LONGEST_NAME + 1];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zone *opened; /* under lock */
static const struct zone utc = {NULL, true, 0, {0}, "UTC", "UTC"};

/* java.time.ZoneId.SHORT_IDS (before JDK 24). */
static const struct {
    char name[4];
    const char *zone;
} short_ids[] = {
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"EST", "-05:00"},
    {"HST", "-10:00"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"MST", "-07:00"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
};

/* --- offsets ----------------------------------------------------------------------------------------------------- */

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool two_digits(const char *p, int most, int *value)
{
    if (!digit(p[0]) || !digit(p[1]))
        return false;
    *value = (p[0] - '0') * 10 + (p[1] - '0');
    return *value <= most;
}

/* ZoneOffset.of: Z, +h, +hh, +hhmm, +hh:mm, +hhmmss, +hh:mm:ss; and +h:mm, +h:m, +hh:m, which Spark completes with
 * zeros first. */
static bool parse_offset(const char *text, size_t len, int32_t *offset_s)
{
    char full[16];
    int hour, minute = 0, second = 0;

    if (len == 1 && text[0] == 'Z') {
        *offset_s = 0;
        return true;
    }
    if (len < 2 || len > 9 || (text[0] != '+' && text[0] != '-'))
        return false;
    memcpy(full, text, len);
    if (len >= 3 && digit(full[1]) && full[2] == ':') {
        memmove(full + 2, full + 1, len - 1);
        full[1] = '0';
        len++;
    }
    if (len == 5 && digit(full[1]) && digit(full[2]) && full[3] == ':' && digit(full[4])) {
        full[5] = full[4];
        full[4] = '0';
        len++;
    }
    if (len == 2) {
        full[2] = full[1];
        full[1] = '0';
        len++;
    }
    const char *p = full + 1;
    if (len != 3 && len != 5 && len != 6 && len != 7 && len != 9)
        return false;
    if (!two_digits(p, 18, &hour))
        return false;
    p += 2;
    bool colons = len == 6 || len == 9;
    if (len > 3) {
        if (colons && *p++ != ':')
            return false;
        if (!two_digits(p, 59, &minute))
            return false;
        p += 2;
    }
    if (len > 6) {
        if (colons && *p++ != ':')
            return false;
        if (!two_digits(p, 59, &second))
            return false;
    }
    int32_t seconds = hour * 3600 + minute * 60 + second;
    if (seconds > LARGEST_OFFSET_S)
        return false;
    *offset_s = full[0] == '-' ? -seconds : seconds;
    return true;
}

/* Length of a UTC, GMT or UT prefix that an offset may follow. */
static size_t offset_prefix(const char *name, size_t len)
{
    if (len >= 3 && (memcmp(name, "UTC", 3) == 0 || memcmp(name, "GMT", 3) == 0))
        return 3;
    return len >= 2 && memcmp(name, "UT", 2) == 0 ? 2 : 0;
}

bool zone_parse_offset(const char *name, size_t len, int32_t *offset_s)
{
    size_t prefix = offset_prefix(name, len);

    if (prefix == 0)
        return parse_offset(name, len, offset_s);
    if (len == prefix) {
        *offset_s = 0;
        return true;
    }
    return name[prefix] != 'Z' && parse_offset(name + prefix, len - prefix, offset_s);
}

/* ZoneOffset.getId: Z, +01:00, +01:00:30. */
static void offset_id(char *id, size_t size, const char *prefix, size_t prefix_len, int32_t offset_s)
{
    unsigned seconds = (unsigned)(offset_s < 0 ? -offset_s : offset_s);
    char sign = offset_s < 0 ? '-' : '+';

    if (seconds == 0)
        snprintf(id, size, "%.*s", prefix_len > 0 ? (int)prefix_len : 1, prefix_len > 0 ? prefix : "Z");
    else if (seconds % 60 == 0)
        snprintf(id, size, "%.*s%c%02u:%02u", (int)prefix_len, prefix, sign, seconds / 3600, seconds / 60 % 60);
    else
        snprintf(id, size, "%.*s%c%02u:%02u:%02u", (int)prefix_len, prefix, sign, seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
}

/* --- regions ----------------------------------------------------------------------------------------------------- */

/* Names that ZoneRegion accepts, and nothing that walks through the file system or lies beside the zones there. */
static bool region_name(const char *name, size_t len)
{
    static const char *const not_zones[] = {"Factory", "ROC", "localtime", "posixrules", "leapseconds"};

    if (len < 2 || !((name[0] | 0x20) >= 'a' && (name[0] | 0x20) <= 'z'))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && !digit((char)c) && (c == '\0' || strchr("~/._+-", c) == NULL))
            return false;
        if (c == '.' && (i == 0 || name[i - 1] == '.' || name[i - 1] == '/'))
            return false;
    }
    if ((len > 6 && memcmp(name, "posix/", 6) == 0) || (len > 6 && memcmp(name, "right/", 6) == 0))
        return false;
    for (size_t i = 0; i < sizeof(not_zones) / sizeof(not_zones[0]); i++)
        if (len == strlen(not_zones[i]) && memcmp(name, not_zones[i], len) == 0)
            return false;
    return true;
}

static int read_region(struct zone *zone, const char *name, size_t len)
{
    char path[sizeof(ZONEINFO) + LONGEST_NAME];
    struct stat status;
    unsigned char *data = NULL;
    int result = -1;

    snprintf(path, sizeof(path), ZONEINFO "%.*s", (int)len, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > LARGEST_FILE)
        goto close;
    data = malloc(LARGEST_FILE);
    if (data == NULL)
        goto close;
    size_t have = 0;
    while (have < LARGEST_FILE) {
        ssize_t n = read(fd, data + have, LARGEST_FILE - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            goto close;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    result = zone_file_read(&zone->table, data, have);

close:
    free(data);
    close(fd);
    return result;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static struct zone *make(const char *name, size_t len)
{
    struct zone *zone = calloc(1, sizeof(*zone));
    const char *target = name;
    size_t target_len = len;

    if (zone == NULL)
        return NULL;
    memcpy(zone->name, name, len);
    for (size_t i = 0; i < sizeof(short_ids) / sizeof(short_ids[0]); i++)
        if (len == 3 && memcmp(name, short_ids[i].name, 3) == 0) {
            target = short_ids[i].zone;
            target_len = strlen(target);
        }
    if (zone_parse_offset(target, target_len, &zone->offset_s)) {
        zone->fixed = true;
        offset_id(zone->id, sizeof(zone->id), target, offset_prefix(target, target_len), zone->offset_s);
        return zone;
    }
    memcpy(zone->id, target, target_len);
    if (region_name(target, target_len) && read_region(zone, target, target_len) == 0)
        return zone;
    free(zone);
    return NULL;
}

const struct zone *zone_open(const char *name, size_t len, struct errbuf *err)
{
    const struct zone *found = NULL;

    if (len == 3 && memcmp(name, "UTC", 3) == 0)
        return &utc;
    if (len > 0 && len <= LONGEST_NAME && memchr(name, '\0', len) == NULL) {
        thread_lock(&lock);
        for (struct zone *zone = opened; zone != NULL && found == NULL; zone = zone->next)
            if (strlen(zone->name) == len && memcmp(zone->name, name, len) == 0)
                found = zone;
        if (found == NULL) {
            struct zone *zone = make(name, len);
            if (zone != NULL) {
                zone->next = opened;
                opened = zone;
                found = zone;
            }
        }
        thread_unlock(&lock);
    }
    if (found == NULL && err != NULL)
        errbuf_condition(err, "INVALID_TIMEZONE", "22009",
                         "The timezone: %.*s is invalid. The timezone must be either a region-based zone ID, such as "
                         "'America/Los_Angeles', or an offset such as '-08', '+01:00' or '-13:33:33' in the range from "
                         "-18:00 to +18:00; 'Z' and 'UTC' stand for '+00:00'",
                         len > LONGEST_NAME ? LONGEST_NAME : (int)len, name);
    return found;
}

void zone_close_all(void)
{
    thread_lock(&lock);
    while (opened != NULL) {
        struct zone *zone = opened;
        opened = zone->next;
        zone_file_release(&zone->table);
        free(zone);
    }
    thread_unlock(&lock);
}

const struct zone *zone_utc(void)
{
    return &utc;
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

const char *zone_id(const struct zone *zone)
{
    return zone->id;
}

int32_t zone_offset_at(const struct zone *zone, int64_t epoch_s)
{
    return zone->fixed ? zone->offset_s : zone_file_offset(&zone->table, epoch_s);
}

bool zone_constant(const struct zone *zone, int64_t from_s, int64_t to_s)
{
    int64_t transition_s;
    int32_t offset_s;

    return zone->fixed || !zone_file_next(&zone->table, from_s, &transition_s, &offset_s) || transition_s > to_s;
}

int64_t zone_to_utc(const struct zone *zone, int64_t local_s)
{
    if (zone->fixed)
        return local_s - zone->offset_s;
    /* Walk the transitions that could matter. Before one, the wall shows instant + offset; at a gap (the offset grows)
     * wall times up to transition + new offset do not exist and are read with the old offset, which shifts them
     * forward; at an overlap wall times up to transition + old offset exist twice and the old offset is the earlier
     * instant. Both say: old offset below transition + the larger one. */
    int64_t at = local_s - REACH_S;
    int32_t before = zone_file_offset(&zone->table, at);
    int64_t transition_s;
    int32_t after;
    while (zone_file_next(&zone->table, at, &transition_s, &after) && transition_s <= local_s + REACH_S) {
        if (local_s < transition_s + (before > after ? before : after))
            break;
        before = after;
        at = transition_s;
    }
    return local_s - before;
}
