/* Weights are in 1/100 %, shares of dispositions in %. What a kind's own shares leave over follows OTHERS: the overall
 * mix less what the kinds with shares of their own contribute to it, so that the overall mix comes out as published. */
#include "datagen/kinds.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALL_WEIGHTS 10000
#define MAX_SHARES 7

struct share {
    const char *code; /* NULL ends the list */
    uint32_t share;
};

struct kind {
    const char *name;
    uint32_t weight;
    struct share shares[MAX_SHARES];
};

#define NOT_RECORDED "Not recorded"

static const struct kind KINDS[] = {
    {"Passing Call", 1760, {{"HAN", 49}, {NOT_RECORDED, 49}, {"ND", 2}}},
    {"Traffic Stop", 550, {{"CIT", 54}, {"ADV", 27}, {"HAN", 11}, {"ADM", 6}, {"ND", 2}}},
    {"Muni Inspection", 470, {{NOT_RECORDED, 88}, {"HAN", 12}}},
    {"Audible Alarm", 400, {{"PAS", 70}, {"CAN", 15}, {"NCR", 11}, {"HAN", 4}}},
    {"Traf Violation Cite", 340, {{"CIT", 46}, {"NOM", 18}, {"GOA", 18}, {NOT_RECORDED, 8}, {"HAN", 7}}},
    {"Suspicious Person", 300, {{"ADV", 40}, {"HAN", 10}, {"GOA", 10}, {"REP", 10}, {"CIT", 10}}},
    {"Suspicious Vehicle", 300, {{"ADV", 53}, {"HAN", 21}, {"CIT", 12}, {"ND", 6}}},
    {"Fight No Weapon", 220, {{"HAN", 37}, {"GOA", 11}, {"CAN", 11}, {"REP", 11}, {NOT_RECORDED, 11}}},
    {"Trespasser", 220, {{"HAN", 43}, {"GOA", 21}, {"ADV", 14}, {"NOM", 7}, {"UTL", 7}}},
    {"22500e", 210, {{"CIT", 62}, {"HAN", 19}, {"CAN", 12}, {"NOM", 7}}},
    {"Well Being Check", 200, {{"HAN", 43}, {"UTL", 21}}},
    {"Homeless Complaint", 160, {{"ADV", 60}, {"CIT", 20}, {"HAN", 20}}},
    {"Auto Boost / Strip", 150, {{"REP", 69}, {"UTL", 15}, {"GOA", 8}, {"ND", 8}}},
    {"Noise Nuisance", 150, {{"ADV", 33}, {"HAN", 20}, {"GOA", 20}}},
    {"601", 110, {{"HAN", 38}, {"ADV", 25}}},
    {"Mentally Disturbed", 90, {{NULL, 0}}},
    {"Poss", 90, {{NULL, 0}}},
    {"Assault / Battery", 90, {{NULL, 0}}},
    {"Complaint Unkn", 80, {{NULL, 0}}},
    {"Traf Violation Tow", 80, {{NULL, 0}}},
    {"Meet W/citizen", 50, {{NULL, 0}}},
    {"Petty Theft", 50, {{NULL, 0}}},
    {"Burglary", 50, {{NULL, 0}}},
    {"Veh Accident", 50, {{NULL, 0}}},
    {"Fraud", 50, {{NULL, 0}}},
    {"Vandalism", 50, {{NULL, 0}}},
    {"Intoxicated Person", 50, {{NULL, 0}}},
    {"Person W/knife", 50, {{NULL, 0}}},
    {"H&r Veh Accident", 30, {{NULL, 0}}},
    {"Meet W/officer", 30, {{NULL, 0}}},
    {"Caser", 30, {{NULL, 0}}},
    {"Jo", 30, {{NULL, 0}}},
    {"J/o", 30, {{NULL, 0}}},
    {"Prowler", 30, {{NULL, 0}}},
    {"909", 30, {{NULL, 0}}},
    {"910", 30, {{NULL, 0}}},
    {"917", 30, {{NULL, 0}}},
    {"415", 30, {{NULL, 0}}},
    {"594", 30, {{NULL, 0}}},
    {"518", 30, {{NULL, 0}}},
    {"459", 30, {{NULL, 0}}},
    {"7.2.25", 30, {{NULL, 0}}},
    {"7.2.27", 30, {{NULL, 0}}},
    {"22500f", 30, {{NULL, 0}}},
    {"Vehicle Alarm", 30, {{NULL, 0}}},
    {"Aided Case", 30, {{NULL, 0}}},
    {"Silent Alarm", 30, {{NULL, 0}}},
    {"Strongarm Robbery", 30, {{NULL, 0}}},
    {"Person Screaming", 30, {{NULL, 0}}},
    {"Indecent Exposure", 30, {{NULL, 0}}},
    {"Threats / Harassment", 30, {{NULL, 0}}},
    {"Fireworks", 30, {{NULL, 0}}},
    {"Party", 30, {{NULL, 0}}},
    {"Drunk Driver", 30, {{NULL, 0}}},
    {"At Risk", 30, {{NULL, 0}}},
    {"Missing Juvenile", 30, {{NULL, 0}}},
    {"Missing Adult", 30, {{NULL, 0}}},
    {"Return", 30, {{NULL, 0}}},
    {"Rep", 30, {{NULL, 0}}},
    {"Encampment", 30, {{NULL, 0}}},
    {"Tent", 30, {{NULL, 0}}},
};

/* In 1/10,000; see the head of this file. */
static const struct share OTHERS[] = {
    {"HAN", 2394}, {NOT_RECORDED, 1639}, {"REP", 1366}, {"GOA", 810}, {"UTL", 734}, {"ADV", 689}, {"ND", 658},
    {"CIT", 605},  {"NOM", 500},         {"CAN", 253},  {"ABA", 84},  {"22", 84},   {"ADM", 78},  {"ARR", 63},
    {"PAS", 20},   {"SFD", 20},          {"CRM", 1},    {"CSA", 1},   {"VAS", 1},
};
#define ALL_OTHERS 10000

const struct kind *kinds_pick(struct prng *prng)
{
    uint32_t at = prng_below(prng, ALL_WEIGHTS);

    for (size_t i = 0; i < COUNT(KINDS); i++) {
        if (at < KINDS[i].weight)
            return &KINDS[i];
        at -= KINDS[i].weight;
    }
    return NULL;
}

static struct call_text constant(const char *text)
{
    return (struct call_text){text, strlen(text)};
}

struct call_text kinds_name(const struct kind *kind)
{
    return constant(kind->name);
}

struct call_text kinds_disposition(const struct kind *kind, struct prng *prng)
{
    if (kind != NULL && kind->shares[0].code != NULL) {
        uint32_t at = prng_below(prng, 100);
        for (size_t i = 0; i < MAX_SHARES && kind->shares[i].code != NULL; i++) {
            if (at < kind->shares[i].share)
                return constant(kind->shares[i].code);
            at -= kind->shares[i].share;
        }
    }
    uint32_t at = prng_below(prng, ALL_OTHERS);
    for (size_t i = 0; i < COUNT(OTHERS); i++) {
        if (at < OTHERS[i].share)
            return constant(OTHERS[i].code);
        at -= OTHERS[i].share;
    }
    return constant(OTHERS[0].code); /* the shares add up to less than ALL_OTHERS */
}

/* --- rare names -------------------------------------------------------------------------------------------------- */

static const char *const WORDS[] = {
    "Drugs",   "Eval",     "Dog",      "Drunk",      "Camping",  "Panhandling", "Scooter", "Bike",
    "Welfare", "Noise",    "Theft",    "Robbery",    "Trespass", "Battery",     "Threats", "Prop",
    "Parking", "Tow",      "Alarm",    "Assist",     "Escort",   "Search",      "Meet",    "Fall",
    "Smoke",   "Needle",   "Graffiti", "Loud Music", "Yelling",  "Refusing",    "Sleeper", "Blocking",
    "Dumping", "Keys",     "Phone",    "Wallet",     "Backpack", "Child",       "Elder",   "Roommate",
    "Tenant",  "Neighbor", "Security", "Delivery",   "Stalking", "Solicitor",   "Spit",    "Knife",
};
static const char *const CODES[] = {
    "152",   "153",   "240",    "242",    "245",   "311",   "314",   "404",    "406", "407", "408",  "487",
    "488",   "519",   "520",    "585",    "586",   "588",   "602",   "646",    "650", "801", "802",  "806",
    "851",   "852",   "853",    "905",    "914",   "916",   "918",   "919",    "921", "925", "5150", "10851",
    "11300", "11350", "22500h", "22502a", "25620", "33mpc", "63 Pc", "7.2.36", "603", "811",
};
static const char *const PLACES[] = {
    "Park",     "Lobby", "Garage", "Alley", "Sidewalk", "Muni", "Bart",    "School", "Hotel", "Store",
    "Bus Stop", "Lot",   "Roof",   "Bar",   "Church",   "Pier", "Library", "Clinic", "Gym",
};

/* Draw a rank from 0: a power of two 2^b from 16 on with weight 0.7^b, then uniform inside it, which together is about
 * k^-1.5 in integers. It begins at 16 so that no rare name is more frequent than those of KINDS. */
static uint32_t rare_rank(struct prng *prng)
{
    /* 1000 * 0.7^(b - 4), b = 4 .. 15 */
    static const uint32_t WEIGHTS[] = {1000, 700, 490, 343, 240, 168, 118, 82, 58, 40, 28, 20};
    enum { TOTAL = 3287 };
    uint32_t at = prng_below(prng, TOTAL);
    uint32_t b = 0;

    while (at >= WEIGHTS[b]) {
        at -= WEIGHTS[b];
        b++;
    }
    uint32_t first = 16u << b;
    return first - 16 + prng_below(prng, first);
}

/* turn: where in the list counting begins, so that the most frequent names do not all share their words. */
static const char *take_digit(uint32_t *number, const char *const *digits, size_t base, uint32_t turn)
{
    const char *digit = digits[(*number + 7 * turn) % base];

    *number /= (uint32_t)base;
    return digit;
}
#define TAKE(number, digits, turn) take_digit(number, digits, COUNT(digits), turn)

struct call_text kinds_rare_name(struct prng *prng, char *room)
{
    static const char *const SUFFIXES[] = {"", " Dv", " Susp", " In Prog", " Veh"};
    uint32_t number = rare_rank(prng);
    uint32_t form = number % 8;
    int len = 0;

    /* The number is spelt with words for digits, so different numbers of a form have different names. What is left of
     * it comes last, as the beat codes that some dispatchers add. */
    number /= 8;
    const char *first;
    const char *second;
    switch (form) {
    case 0:
    case 5: /* 152 Poss */
        first = TAKE(&number, CODES, form);
        second = form == 0 ? TAKE(&number, WORDS, form + 3) : TAKE(&number, PLACES, form);
        len = snprintf(room, CALL_TEXT_MAX, "%s %s", first, second);
        break;
    case 1: /* 853 */
        if (number < COUNT(CODES)) {
            len = snprintf(room, CALL_TEXT_MAX, "%s", CODES[number]);
        } else {
            len = snprintf(room, CALL_TEXT_MAX, "%u", (unsigned)(1000 + number));
        }
        number = 0;
        break;
    case 2: /* Poss Drugs */
        first = TAKE(&number, WORDS, form);
        len = snprintf(room, CALL_TEXT_MAX, "Poss %s", first);
        if (number > 0)
            len += snprintf(room + len, CALL_TEXT_MAX - (size_t)len, "/%s", TAKE(&number, CODES, form));
        break;
    case 3:
    case 6: /* Drugs/dog: only the first word keeps its capital */
        first = TAKE(&number, WORDS, form);
        second = form == 3 ? TAKE(&number, WORDS, form + 2) : TAKE(&number, CODES, form);
        len = snprintf(room, CALL_TEXT_MAX, "%s/%c%s", first,
                       second[0] >= 'A' && second[0] <= 'Z' ? second[0] - 'A' + 'a' : second[0], second + 1);
        break;
    case 4: /* Loud Music Park */
        first = TAKE(&number, WORDS, form);
        second = TAKE(&number, PLACES, form);
        len = snprintf(room, CALL_TEXT_MAX, "%s %s", first, second);
        break;
    default: /* Dog Dv */
        first = TAKE(&number, WORDS, form);
        second = TAKE(&number, SUFFIXES, form);
        len = snprintf(room, CALL_TEXT_MAX, "%s%s", first, second);
        break;
    }
    if (number > 0)
        len +=
            snprintf(room + len, CALL_TEXT_MAX - (size_t)len, " %u%c", (unsigned)(number / 4 + 1), "abcd"[number % 4]);
    return (struct call_text){room, (size_t)len};
}
