/* Text from outside: what goes to a terminal, a page or a JSON string is sound UTF-8 without anything that acts there,
 * and JSON says what the text said. */
#include "common/escape.h"
#include "record/json_text.h"

#include <jansson.h>

#include "fuzz.h"

static void visible(const char *text, size_t len, int flags, struct buf *out)
{
    uint32_t code;

    buf_reset(out);
    escape_visible(text, len, flags, out);
    fuzz_must_be_plain(out, flags & ESCAPE_KEEP_LINE_FEEDS ? "\n" : "");
    for (size_t at = 0; at < out->len;) {
        at += escape_utf8_next(out->data + at, out->len - at, &code);
        fuzz_must(code != 0x2028 && code != 0x2029 && code != 0x061C && code != 0x200E && code != 0x200F);
        fuzz_must(!(code >= 0x202A && code <= 0x202E) && !(code >= 0x2066 && code <= 0x2069));
    }
}

static void html(const char *text, size_t len, struct buf *out)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    buf_reset(out);
    escape_html(text, len, out);
    fuzz_must_be_plain(out, "\t\n\r");
    for (size_t at = 0; at < out->len; at++) {
        bool known = out->data[at] != '&';
        fuzz_must(strchr("<>\"'", out->data[at]) == NULL);
        for (size_t i = 0; !known && i < sizeof(entities) / sizeof(entities[0]); i++)
            known = strncmp(out->data + at, entities[i], strlen(entities[i])) == 0;
        fuzz_must(known);
    }
}

static void json(const struct buf *repaired, const char *text, size_t len, int flags, struct buf *out)
{
    json_error_t error;

    buf_reset(out);
    buf_append_byte(out, '"');
    escape_json(text, len, flags, out);
    buf_append_byte(out, '"');
    fuzz_must(!out->failed);
    if (flags & ESCAPE_JSON_FOR_HTML)
        fuzz_must(strpbrk(out->data, "<>&") == NULL && strstr(out->data, "\xE2\x80\xA8") == NULL);
    json_t *value = json_loadb(out->data, out->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (value == NULL)
        fuzz_fail("%s: %s", error.text, out->data);
    fuzz_must(json_string_length(value) == repaired->len);
    fuzz_must(repaired->len == 0 || memcmp(json_string_value(value), repaired->data, repaired->len) == 0);
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf repaired, again, out;
    char *text = fuzz_text(data, size);

    buf_reset(&repaired);
    escape_utf8_repair(text, size, &repaired);
    bool valid = escape_utf8_valid(text, size);
    fuzz_must(repaired.len == 0 || escape_utf8_valid(repaired.data, repaired.len));
    fuzz_must(!valid || (repaired.len == size && (size == 0 || memcmp(repaired.data, text, size) == 0)));
    buf_reset(&again);
    if (repaired.len > 0)
        escape_utf8_repair(repaired.data, repaired.len, &again);
    fuzz_must(fuzz_same(&repaired, &again));
    visible(text, size, 0, &out);
    visible(text, size, ESCAPE_KEEP_LINE_FEEDS, &out);
    html(text, size, &out);
    json(&repaired, text, size, 0, &out);
    json(&repaired, text, size, ESCAPE_JSON_FOR_HTML, &out);
    if (valid) {
        buf_reset(&out);
        json_text_append_copied_string(&out, text, size);
        json_t *value = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        fuzz_must(json_string_length(value) == size && memcmp(json_string_value(value), text, size) == 0);
        json_decref(value);
    }
    free(text);
    return 0;
}
