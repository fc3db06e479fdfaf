/* Base64 as Jackson's parser reads it, character by character from the quoted text. */
#include "json_token_internal.h"

#define PADDING (-2)

static int base64_value(int c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '/')
        return c == '+' ? 62 : 63;
    return c == '=' ? PADDING : -1;
}

/* The characters of base64 text: the quoted text in the input, read as it comes, or text that was read before. */
struct base64_source {
    struct json_token *t;
    size_t at; /* in t->text, when the string is complete */
    bool complete;
};

/* The next character, '"' at the end. -1 when the input ends. *escaped: it was written as an escape. */
static int base64_character(struct base64_source *source, bool *escaped)
{
    struct json_token *t = source->t;

    *escaped = false;
    if (source->complete)
        return source->at < t->text.len ? (unsigned char)t->text.data[source->at++] : '"';
    if (t->at == t->end)
        return json_token_fail(t, "the text ends inside quotes");
    int c = (unsigned char)*t->at++;
    if (c != '\\')
        return c;
    *escaped = true;
    return json_token_escape(t);
}

/* Groups of four; blanks only between groups; padding is required. A failure leaves the string incomplete, so that what
 * is left of it is skipped afterwards. */
static int decode_base64(struct base64_source *source, struct buf *out)
{
    struct json_token *t = source->t;

    for (;;) {
        uint32_t bits = 0;
        for (int i = 0; i < 4; i++) {
            bool escaped;
            int c = base64_character(source, &escaped);
            if (c < 0)
                return -1;
            int value = c < 0x80 ? base64_value(c) : -1;
            if (i == 0 && c <= ' ') {
                i--;
                continue;
            }
            if (value < 0 && !escaped && c == '"') {
                if (i == 0)
                    return 0;
                if (i > 1 && !source->complete)
                    t->at--; /* Jackson gives the quote back here, though not behind a single character */
                return json_token_fail(t, "base64 without its padding");
            }
            if (value == PADDING && i >= 2) {
                if (i == 2) {
                    c = base64_character(source, &escaped);
                    if (c < 0)
                        return -1;
                    if (c != '=')
                        return json_token_fail(t, "base64 without its padding");
                    buf_append_byte(out, (char)(bits >> 4));
                } else {
                    buf_append_byte(out, (char)(bits >> 10));
                    buf_append_byte(out, (char)(bits >> 2));
                }
                bits = 0;
                i = -1; /* the next group */
                continue;
            }
            if (value < 0)
                return json_token_fail(t, "not base64");
            bits = bits << 6 | (uint32_t)value;
        }
        buf_append_byte(out, (char)(bits >> 16));
        buf_append_byte(out, (char)(bits >> 8));
        buf_append_byte(out, (char)bits);
    }
}

int json_base64_read(struct json_token *t, struct buf *out)
{
    struct base64_source source = {t, 0, !t->incomplete};

    if (decode_base64(&source, out) != 0)
        return -1;
    t->incomplete = false;
    return 0;
}
