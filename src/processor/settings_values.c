#include "common/duration.h"
#include "processor/settings.h"

#include <string.h>
#include <strings.h>

int settings_split_watermark(const char *text, const char **column, size_t *column_len, int64_t *delay_us,
                             struct errbuf *err)
{
    struct duration duration;
    const char *rest;

    if (*text == '`') {
        *column = text + 1;
        *column_len = strcspn(text + 1, "`");
        rest = text + 1 + *column_len;
        if (*rest == '`')
            rest++;
    } else {
        *column = text;
        *column_len = strcspn(text, " \t");
        rest = text + *column_len;
    }
    const char *delay = rest + strspn(rest, " \t");
    if (*column_len == 0 || delay == rest || *delay == '\0')
        return errbuf_set(err, EXIT_CODE_USAGE, "a column and a delay are wanted, e.g. call_date_time 60 minutes");
    if (duration_parse(delay, strlen(delay), DURATION_SHORT, &duration, err) != 0 ||
        duration_total_us(&duration, 31, delay, strlen(delay), delay_us, err) != 0)
        return -1;
    if (*delay_us < 0)
        return errbuf_set(err, EXIT_CODE_USAGE, "delay threshold (%s) should not be negative", delay);
    return 0;
}

int settings_parse_trigger(const char *text, int64_t *trigger_ms, struct errbuf *err)
{
    struct duration duration;
    struct errbuf inner;
    int64_t us;

    if (strcasecmp(text, "once") == 0) {
        *trigger_ms = SETTINGS_TRIGGER_ONCE;
        return 0;
    }
    if (strcasecmp(text, "availableNow") == 0) {
        *trigger_ms = SETTINGS_TRIGGER_AVAILABLE_NOW;
        return 0;
    }
    if (duration_parse(text, strlen(text), DURATION_SHORT, &duration, &inner) != 0 ||
        duration_total_us(&duration, 0, text, strlen(text), &us, &inner) != 0 || us < 0)
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "an interval such as '5 seconds' (not negative, no months), availableNow or once is wanted");
    *trigger_ms = us / 1000;
    return 0;
}
