/* Compiling. Spark checks a pattern before Java sees it (weeks, letters that changed their meaning since Spark 2), then
 * Java does; and a pattern that only the old SimpleDateFormat took is reported as one whose meaning changed. */
#include "pattern_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *const pattern_months[12] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
const char *const pattern_days[7] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct compiler {
    struct arena *arena;
    struct datetime_pattern *pattern;
    bool parsing;
    bool era;           /* a G stands in it: y is the year of the era */
    size_t value;       /* 1 + index of the number that adjacent ones take their digits from; 0: none */
    size_t options[64]; /* open [ */
    size_t noptions;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- refusals ------------------------------------------------------------------------------------------------- */

/* Would SimpleDateFormat have taken it? Letters of its own, quotes closed, at most three X. */
static bool legacy_accepts(const char *text)
{
    bool quoted = false;

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            quoted = !quoted;
        } else if (!quoted && is_letter(*p)) {
            if (strchr("GyMdkHmsSEDFwWahKzZYuXL", *p) == NULL)
                return false;
            size_t run = strspn(p, "X");
            if (run > 3)
                return false;
        }
    }
    return !quoted;
}

static bool refuse(struct compiler *c, const char *condition, const char *sqlstate, const char *message)
{
    struct datetime_pattern *pattern = c->pattern;

    if (legacy_accepts(pattern->source)) {
        condition = "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION";
        sqlstate = "42K0B";
        message = arena_printf(c->arena,
                               "You may get a different result due to the upgrading to Spark >= 3.0:\n"
                               "Fail to recognize '%s' pattern in the DateTimeFormatter.\n"
                               "1) You can set \"spark.sql.legacy.timeParserPolicy\" to \"LEGACY\" to restore the "
                               "behavior before Spark 3.0.\n"
                               "2) You can form a valid datetime pattern with the guide from "
                               "'https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html'.",
                               pattern->source);
    }
    pattern->condition = condition;
    pattern->sqlstate = sqlstate;
    pattern->message = message != NULL ? message : "";
    return false;
}

static bool too_many(struct compiler *c, char letter)
{
    return refuse(c, "", "", arena_printf(c->arena, "Too many pattern letters: %c", letter));
}

/* What Spark looks for in a part between quotes. */
static bool check_part(struct compiler *c, const char *part, size_t len)
{
    static const char *const lengths[] = {"GGGGG", "MMMMM", "LLLLL", "EEEEE", "QQQQQ", "qqqqq", "yyyyyyy"};
    const char *source = c->pattern->source;

    for (size_t i = 0; i < len; i++)
        if (strchr("YWwuec", part[i]) != NULL)
            return refuse(c, "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN", "42K0B",
                          arena_printf(c->arena,
                                       "You may get a different result due to the upgrading to Spark >= 3.0:\nAll "
                                       "week-based patterns are unsupported since Spark 3.0, detected week-based "
                                       "character: %c.\nPlease use the SQL function EXTRACT instead.",
                                       part[i]));
    for (size_t i = 0; i < len; i++)
        if (strchr("ABnNp", part[i]) != NULL || (c->parsing && strchr("EFqQ", part[i]) != NULL))
            return refuse(c, "INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER", "22007",
                          arena_printf(c->arena,
                                       "Unrecognized datetime pattern: %s. Illegal pattern character found in datetime "
                                       "pattern: %c. Please provide legal character.",
                                       source, part[i]));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        if (memmem(part, len, lengths[i], strlen(lengths[i])) != NULL)
            return refuse(c, "INVALID_DATETIME_PATTERN.LENGTH", "22007",
                          arena_printf(c->arena,
                                       "Unrecognized datetime pattern: %s. Too many letters in datetime pattern: %s. "
                                       "Please reduce pattern length.",
                                       source, lengths[i]));
    return true;
}

static bool check_parts(struct compiler *c)
{
    const char *part = c->pattern->source;

    for (bool quoted = false;; quoted = !quoted) {
        size_t len = strcspn(part, "'");
        if (!quoted && memchr(part, 'G', len) != NULL)
            c->era = true;
        if (!quoted && !check_part(c, part, len))
            return false;
        if (part[len] == '\0')
            return true;
        part += len + 1;
    }
}

/* ---- elements ------------------------------------------------------------------------------------------------- */

static struct pattern_element *add(struct compiler *c, enum pattern_kind kind, char letter)
{
    struct pattern_element *element = &c->pattern->elements[c->pattern->nelements++];

    *element = (struct pattern_element){.kind = kind, .letter = letter};
    c->value = 0;
    return element;
}

/* A number next to a number: fixed widths are taken from the digits of the first. */
static void add_number(struct compiler *c, enum pattern_kind kind, char letter, int min, int max,
                       enum pattern_sign sign)
{
    size_t base = c->value;
    struct pattern_element *element = add(c, kind, letter);

    element->min = min;
    element->max = max;
    element->sign = sign;
    c->value = c->pattern->nelements;
    if (base == 0)
        return;
    if (min == max && sign == PATTERN_NOT_NEGATIVE) {
        c->pattern->elements[base - 1].subsequent += max;
        c->value = base;
    }
}

static void add_offset(struct compiler *c, enum pattern_offset style, const char *zero)
{
    struct pattern_element *element = add(c, PATTERN_OFFSET, 'X');

    element->offset = style;
    element->text = zero;
    element->len = strlen(zero);
}

static bool add_zone(struct compiler *c, char letter, int count)
{
    static const enum pattern_offset styles[] = {PATTERN_HHmm, PATTERN_HHMM, PATTERN_HH_MM, PATTERN_HHMMss,
                                                 PATTERN_HH_MM_ss};

    switch (letter) {
    case 'V':
        if (count != 2)
            return refuse(c, "", "", "Pattern letter count must be 2: V");
        add(c, PATTERN_ZONE_ID, letter);
        return true;
    case 'v':
        if (count != 1 && count != 4)
            return refuse(c, "", "", "Wrong number of pattern letters: v");
        add(c, PATTERN_ZONE_GENERIC, letter)->full = count == 4;
        return true;
    case 'z':
        if (count > 4)
            return too_many(c, letter);
        add(c, PATTERN_ZONE_NAME, letter)->full = count == 4;
        return true;
    case 'O':
        if (count != 1 && count != 4)
            return refuse(c, "", "", "Pattern letter count must be 1 or 4: O");
        add(c, PATTERN_LOCALIZED, letter)->full = count == 4;
        return true;
    case 'Z':
        if (count > 5)
            return too_many(c, letter);
        if (count == 4)
            add(c, PATTERN_LOCALIZED, letter)->full = true;
        else
            add_offset(c, count == 5 ? PATTERN_HH_MM_ss : PATTERN_HHMM, count == 5 ? "Z" : "+0000");
        return true;
    default: /* X, x */
        if (count > 5)
            return too_many(c, letter);
        add_offset(c, styles[count - 1],
                   letter == 'X'    ? "Z"
                   : count == 1     ? "+00"
                   : count % 2 == 0 ? "+0000"
                                    : "+00:00");
        return true;
    }
}

static bool add_letter(struct compiler *c, char letter, int count)
{
    switch (letter) {
    case 'd':
    case 'h':
    case 'H':
    case 'k':
    case 'K':
    case 'm':
    case 's':
        if (count > 2)
            return too_many(c, letter);
        add_number(c, PATTERN_NUMBER, letter, count, count == 1 ? 19 : 2,
                   count == 1 ? PATTERN_NORMAL : PATTERN_NOT_NEGATIVE);
        return true;
    case 'D':
        if (count > 3)
            return too_many(c, letter);
        add_number(c, PATTERN_NUMBER, letter, count, count == 1 ? 19 : 3,
                   count == 1 ? PATTERN_NORMAL : PATTERN_NOT_NEGATIVE);
        return true;
    case 'F':
        if (count > 1)
            return too_many(c, letter);
        add_number(c, PATTERN_NUMBER, letter, 1, 19, PATTERN_NORMAL);
        return true;
    case 'g':
        add_number(c, PATTERN_NUMBER, letter, count, 19, PATTERN_NORMAL);
        return true;
    case 'y':
        if (count == 2)
            add_number(c, PATTERN_REDUCED, letter, 2, 2, PATTERN_NOT_NEGATIVE);
        else
            add_number(c, PATTERN_NUMBER, letter, count, 19, count < 4 ? PATTERN_NORMAL : PATTERN_EXCEEDS);
        return true;
    case 'M':
    case 'L':
    case 'Q':
    case 'q':
        if (count > 4)
            return too_many(c, letter);
        if (count <= 2)
            add_number(c, PATTERN_NUMBER, letter, count, count == 1 ? 19 : 2,
                       count == 1 ? PATTERN_NORMAL : PATTERN_NOT_NEGATIVE);
        else
            add(c, PATTERN_TEXT, letter)->full = count == 4;
        return true;
    case 'E':
    case 'G':
        if (count > 4)
            return too_many(c, letter);
        add(c, PATTERN_TEXT, letter)->full = count == 4;
        return true;
    case 'a':
        if (count > 1)
            return too_many(c, letter);
        add(c, PATTERN_TEXT, letter);
        return true;
    case 'S': {
        if (count > 9)
            return refuse(c, "", "",
                          arena_printf(c->arena, "Maximum width must be from 1 to 9 inclusive but was %d", count));
        struct pattern_element *element = add(c, PATTERN_FRACTION, letter);
        element->min = c->parsing ? 1 : count;
        element->max = count;
        return true;
    }
    case 'V':
    case 'v':
    case 'z':
    case 'O':
    case 'X':
    case 'x':
    case 'Z':
        return add_zone(c, letter, count);
    default:
        return refuse(c, "", "", arena_printf(c->arena, "Unknown pattern letter: %c", letter));
    }
}

/* A quoted text at p (on its quote); *end is behind it. '' is a quote, inside and alone. */
static bool add_quoted(struct compiler *c, const char *p, const char **end)
{
    const char *source = c->pattern->source;
    char *text = arena_bytes(c->arena, strlen(p));
    size_t len = 0;

    for (p++;; p++) {
        if (*p == '\0' || text == NULL)
            return refuse(c, "", "",
                          arena_printf(c->arena, "Pattern ends with an incomplete string literal: %s", source));
        if (*p == '\'') {
            if (p[1] != '\'')
                break;
            p++;
        }
        text[len++] = *p;
    }
    *end = p + 1;
    struct pattern_element *element = add(c, PATTERN_LITERAL, '\0');
    element->text = len > 0 ? text : "'";
    element->len = len > 0 ? len : 1;
    return true;
}

static bool add_all(struct compiler *c)
{
    const char *p = c->pattern->source;

    while (*p != '\0') {
        if (is_letter(*p)) {
            int count = 1;
            while (p[count] == *p)
                count++;
            if (!add_letter(c, *p, count))
                return false;
            p += count;
        } else if (*p == '\'') {
            if (!add_quoted(c, p, &p))
                return false;
        } else if (*p == '[') {
            if (c->noptions == sizeof(c->options) / sizeof(c->options[0]))
                return refuse(c, "", "", "Too many optional sections in the pattern");
            c->options[c->noptions++] = c->pattern->nelements;
            add(c, PATTERN_OPTION, '[');
            p++;
        } else if (*p == ']') {
            if (c->noptions == 0)
                return refuse(c, "", "", "Pattern invalid as it contains ] without previous [");
            size_t open = c->options[--c->noptions];
            c->pattern->elements[open].skip = c->pattern->nelements - open - 1;
            c->value = 0;
            p++;
        } else if (*p == '{' || *p == '}' || *p == '#') {
            return refuse(c, "", "", arena_printf(c->arena, "Pattern includes reserved character: '%c'", *p));
        } else {
            struct pattern_element *element = add(c, PATTERN_LITERAL, '\0');
            element->text = p++;
            element->len = 1;
        }
    }
    while (c->noptions > 0) { /* Java closes what is still open */
        size_t open = c->options[--c->noptions];
        c->pattern->elements[open].skip = c->pattern->nelements - open - 1;
    }
    /* y is the proleptic year, which has negative values, unless the era stands beside it */
    for (size_t i = 0; i < c->pattern->nelements; i++)
        if (c->pattern->elements[i].letter == 'y' && !c->era)
            c->pattern->elements[i].letter = 'u';
    return true;
}

const struct datetime_pattern *pattern_compile(struct arena *arena, const char *text, size_t len, bool parsing)
{
    struct datetime_pattern *pattern = arena_calloc(arena, 1, sizeof(*pattern));
    struct compiler compiler = {.arena = arena, .pattern = pattern, .parsing = parsing};

    if (pattern == NULL)
        return NULL;
    pattern->source = arena_strndup(arena, text, len);
    pattern->elements = arena_calloc(arena, len + 1, sizeof(*pattern->elements));
    if (pattern->source == NULL || pattern->elements == NULL)
        return NULL;
    if (check_parts(&compiler))
        add_all(&compiler);
    return pattern;
}
