/* ASCII takes a loop of its own; everything else looks its code points up in sorted ranges. */
#include "unicode_internal.h"

#include "common/escape.h"

#include <stdbool.h>
#include <string.h>

/* first, first + step ... last map to themselves plus delta */
struct case_range {
    uint32_t first;
    uint32_t last;
    uint32_t step;
    int32_t delta;
};

/* up to three code points, 0 at the end */
struct case_special {
    uint32_t point;
    uint32_t to[3];
};

struct point_span {
    uint32_t first;
    uint32_t last;
};

#include "unicode_table.inc"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct case_map {
    const struct case_range *ranges;
    size_t nranges;
    const struct case_special *special;
    size_t nspecial;
};

static const struct case_map upper_map = {upper_ranges, COUNT(upper_ranges), upper_special, COUNT(upper_special)};
static const struct case_map lower_map = {lower_ranges, COUNT(lower_ranges), lower_special, COUNT(lower_special)};
static const struct case_map title_map = {title_ranges, COUNT(title_ranges), title_special, COUNT(title_special)};

size_t unicode_count(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t at = 0; at < len; at += unicode_step(text, len, at))
        n++;
    return n;
}

size_t unicode_offset(const char *text, size_t len, size_t index)
{
    size_t at = 0;

    for (; index > 0 && at < len; index--)
        at += unicode_step(text, len, at);
    return at;
}

uint32_t unicode_decode(const char *text, size_t len, size_t at, size_t *step)
{
    uint32_t point;
    size_t width = escape_utf8_next(text + at, len - at, &point);

    *step = point == ESCAPE_MALFORMED ? 1 : width;
    return point == ESCAPE_MALFORMED ? 0xFFFD : point;
}

void unicode_append(struct buf *out, uint32_t point)
{
    char bytes[4];

    buf_append(out, bytes, escape_utf8_put(bytes, point));
}

static void append_mapped(const struct case_map *map, uint32_t point, struct buf *out)
{
    size_t low = 0, high = map->nranges;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct case_range *range = &map->ranges[middle];
        if (point < range->first) {
            high = middle;
        } else if (point > range->last) {
            low = middle + 1;
        } else {
            if ((point - range->first) % range->step != 0)
                break;
            unicode_append(out, (uint32_t)((int32_t)point + range->delta));
            return;
        }
    }
    for (size_t i = 0; i < map->nspecial; i++) {
        if (map->special[i].point != point)
            continue;
        for (size_t k = 0; k < 3 && map->special[i].to[k] != 0; k++)
            unicode_append(out, map->special[i].to[k]);
        return;
    }
    unicode_append(out, point);
}

static bool in_spans(const struct point_span *spans, size_t n, uint32_t point)
{
    size_t low = 0;

    while (low < n) {
        size_t middle = (low + n) / 2;
        if (point < spans[middle].first)
            n = middle;
        else if (point > spans[middle].last)
            low = middle + 1;
        else
            return true;
    }
    return false;
}

/* Unicode's Final_Sigma: a cased letter before it and none behind it, case-ignorable characters not counted. */
static bool is_final_sigma(const char *text, size_t len, size_t at, size_t step)
{
    size_t next, before = at;
    bool cased_before = false;

    while (before > 0) {
        size_t begin = before - 1;
        while (begin > 0 && ((unsigned char)text[begin] & 0xC0) == 0x80)
            begin--;
        uint32_t point = unicode_decode(text, len, begin, &next);
        before = begin;
        if (in_spans(case_ignorable, COUNT(case_ignorable), point))
            continue;
        cased_before = in_spans(cased, COUNT(cased), point);
        break;
    }
    if (!cased_before)
        return false;
    for (at += step; at < len; at += next) {
        uint32_t point = unicode_decode(text, len, at, &next);
        if (in_spans(case_ignorable, COUNT(case_ignorable), point))
            continue;
        return !in_spans(cased, COUNT(cased), point);
    }
    return true;
}

static void lower_at(const char *text, size_t len, size_t at, size_t step, uint32_t point, struct buf *out)
{
    if (point == 0x3A3)
        unicode_append(out, is_final_sigma(text, len, at, step) ? 0x3C2 : 0x3C3);
    else
        append_mapped(&lower_map, point, out);
}

static bool ascii_only(const char *text, size_t len)
{
    unsigned char all = 0;

    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

/* Copy with every letter from `first` on (26 of them) changed by the bit that is the case. */
static void ascii_flip(const char *text, size_t len, char first, struct buf *out)
{
    if (!buf_reserve(out, len))
        return;
    char *to = out->data + out->len;
    for (size_t i = 0; i < len; i++)
        to[i] = (char)(text[i] ^ (((unsigned char)(text[i] - first) < 26) << 5));
    out->len += len;
    out->data[out->len] = '\0';
}

void unicode_upper(const char *text, size_t len, struct buf *out)
{
    size_t step;

    if (ascii_only(text, len)) {
        ascii_flip(text, len, 'a', out);
        return;
    }
    for (size_t at = 0; at < len; at += step) {
        uint32_t point = unicode_decode(text, len, at, &step);
        if (point < 0x80)
            buf_append_byte(out, (char)(point - (point >= 'a' && point <= 'z' ? 32 : 0)));
        else
            append_mapped(&upper_map, point, out);
    }
}

void unicode_lower(const char *text, size_t len, struct buf *out)
{
    size_t step;

    if (ascii_only(text, len)) {
        ascii_flip(text, len, 'A', out);
        return;
    }
    for (size_t at = 0; at < len; at += step) {
        uint32_t point = unicode_decode(text, len, at, &step);
        if (point < 0x80)
            buf_append_byte(out, (char)(point + (point >= 'A' && point <= 'Z' ? 32 : 0)));
        else
            lower_at(text, len, at, step, point, out);
    }
}

void unicode_initcap(const char *text, size_t len, struct buf *out)
{
    struct buf lower = BUF_INIT;
    bool first = true;
    size_t step;

    /* Spark lowers the whole text and then gives each word its title letter */
    unicode_lower(text, len, &lower);
    out->failed = out->failed || lower.failed;
    for (size_t at = 0; at < lower.len; at += step) {
        uint32_t point = unicode_decode(lower.data, lower.len, at, &step);
        if (first && point >= 'a' && point <= 'z')
            buf_append_byte(out, (char)(point - 32));
        else if (first && point >= 0x80)
            append_mapped(&title_map, point, out);
        else
            unicode_append(out, point);
        first = point == ' ';
    }
    buf_release(&lower);
}
