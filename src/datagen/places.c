/* Street names are San Francisco's, which anyone may read off a map; no address is one of the real data set's. */
#include "datagen/places.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const STREETS[] = {
    "Mission",   "Market",    "Howard",      "Folsom",     "Harrison",    "Bryant",     "Brannan",     "Townsend",
    "King",      "Berry",     "Valencia",    "Guerrero",   "Dolores",     "Church",     "Sanchez",     "Noe",
    "Castro",    "Diamond",   "Turk",        "Eddy",       "Ellis",       "Ofarrell",   "Geary",       "Post",
    "Sutter",    "Bush",      "Pine",        "California", "Sacramento",  "Clay",       "Jackson",     "Pacific",
    "Broadway",  "Vallejo",   "Green",       "Union",      "Filbert",     "Greenwich",  "Lombard",     "Chestnut",
    "Francisco", "Bay",       "North Point", "Beach",      "Jefferson",   "Kearny",     "Grant",       "Stockton",
    "Powell",    "Mason",     "Taylor",      "Jones",      "Leavenworth", "Hyde",       "Larkin",      "Polk",
    "Franklin",  "Gough",     "Octavia",     "Laguna",     "Buchanan",    "Webster",    "Fillmore",    "Steiner",
    "Pierce",    "Scott",     "Divisadero",  "Broderick",  "Baker",       "Lyon",       "Haight",      "Page",
    "Oak",       "Fell",      "Hayes",       "Grove",      "Fulton",      "Mcallister", "Waller",      "Carl",
    "Irving",    "Judah",     "Kirkham",     "Lawton",     "Moraga",      "Noriega",    "Ortega",      "Pacheco",
    "Quintara",  "Rivera",    "Santiago",    "Taraval",    "Ulloa",       "Vicente",    "Wawona",      "Balboa",
    "Cabrillo",  "Anza",      "Clement",     "Lake",       "Potrero",     "Vermont",    "Kansas",      "Rhode Island",
    "De Haro",   "Carolina",  "Wisconsin",   "Arkansas",   "Missouri",    "Texas",      "Mississippi", "Pennsylvania",
    "Indiana",   "Minnesota", "Tennessee",   "Illinois",   "Main",        "Beale",      "Fremont",     "Spear",
    "Steuart",   "Battery",   "Sansome",     "Montgomery", "Davis",       "Drumm",      "Capp",        "Shotwell",
    "Alabama",   "Florida",   "York",        "Hampshire",  "Cortland",    "Precita",    "Jessie",      "Minna",
    "Natoma",    "Stevenson", "Clementina",  "Tehama",     "Silver",      "Felton",     "Burrows",     "Bacon",
    "Wayland",   "Sunnydale", "Visitacion",  "Leland",     "Raymond",     "Arleta",
};
static const char *const AVENUES[] = {
    "Van Ness", "South Van Ness", "Potrero",   "Golden Gate", "Columbus", "Ocean",     "Geneva",  "Excelsior",
    "Persia",   "Brazil",         "Holloway",  "Grafton",     "Lakeview", "Plymouth",  "Capitol", "Arguello",
    "Masonic",  "Presidio",       "Sunset",    "Jerrold",     "Quesada",  "Revere",    "Palou",   "La Salle",
    "Newcomb",  "Hudson",         "Innes",     "Thomas",      "Silver",   "San Bruno", "Paul",    "Gilman",
    "Ingalls",  "West Portal",    "Claremont", "Flood",       "Hearst",   "Monterey",  "Mansell", "Cole",
};
static const char *const BOULEVARDS[] = {"Geary", "Alemany", "Lincoln", "Park Presidio", "Portola", "Ocean", "Sloat"};
static const char *const OTHERS[] = {
    "Junipero Serra Dr", "Stanyan Ct", "Brotherhood Wy", "Lake Merced Rd", "Diamond Heights Dr", "Teresita Dr",
    "Glenview Dr",       "Burnett Dr", "Parkridge Dr",   "Rockridge Dr",   "Kezar Dr",           "Argonne Ct",
    "Turner Ct",         "Dakota Ct",  "Cashmere Ct",    "Harbor Rd",      "Bertha Ct",          "Marina Wy",
    "Twin Peaks Rd",     "Skyline Rd", "Willow Wy",      "Cargo Wy",
};
static const char *const COMMON[] = {
    "Ferry Bldg",        "Civic Center Bart",   "Powell Bart",
    "16th St Bart",      "24th St Bart",        "Glen Park Bart",
    "Balboa Park Bart",  "Montgomery Bart",     "Embarcadero Bart",
    "Main Library",      "City Hall",           "Hall Of Justice",
    "General Hospital",  "St Francis Hosp",     "Kaiser Hosp",
    "Ucsf Parnassus",    "Cal Pac Davies",      "Westfield Mall",
    "Stonestown Mall",   "Safeway Marina",      "Safeway Church",
    "Walgreens Castro",  "Target Metreon",      "Costco Tenth",
    "Union Square Park", "Dolores Park",        "Alamo Square Park",
    "Golden Gate Park",  "Mclaren Park",        "Washington Sq Park",
    "Caltrain Depot",    "Transbay Terminal",   "Pier 39",
    "Pier 45",           "Fishermans Wharf",    "Aquatic Park",
    "Mission High",      "Galileo High",        "Balboa High",
    "City College",      "State University",    "Usf",
    "Hilton Hotel",      "St Francis Hotel",    "Fairmont Hotel",
    "Hyatt Regency",     "Whitcomb Hotel",      "Seneca Hotel",
    "All Star Hotel",    "Next Door Shelter",   "Msc South Shelter",
    "Sanctuary Shelter", "St Anthonys",         "Glide Church",
    "Grace Cathedral",   "Moscone Center",      "At&t Park",
    "Chase Center",      "Palace Of Fine Arts", "Sf Zoo",
    "Conservatory",      "Cliff House",         "Coit Tower",
    "Japantown Mall",    "The \"Boardwalk\"",   "Pot Hill Rec Center",
};
static const char *const AREAS[] = {
    "Duboce Park",  "Buena Vista Park", "Lafayette Park", "Garfield Sq",  "Franklin Sq", "Jackson Park",
    "Precita Park", "Ocean Beach",      "Baker Beach",    "Crissy Field", "Lake Merced", "Bernal Hill",
};

#define ONE_OF(prng, array) (array)[prng_below(prng, (uint32_t)COUNT(array))]

static struct call_text constant(const char *text)
{
    return (struct call_text){text, strlen(text)};
}

static size_t put(char *room, size_t at, const char *text)
{
    size_t len = strlen(text);

    if (len > CALL_TEXT_MAX - 1 - at)
        len = CALL_TEXT_MAX - 1 - at;
    memcpy(room + at, text, len);
    return at + len;
}

static size_t put_number(char *room, size_t at, uint32_t number)
{
    char digits[12];
    size_t n = sizeof(digits);

    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(room + at, digits + n, sizeof(digits) - n);
    return at + sizeof(digits) - n;
}

static const char *ordinal_suffix(uint32_t n)
{
    if (n % 100 / 10 == 1)
        return "th";
    return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

/* Append a street with its suffix: St 72 %, Av 20 %, Bl 4 %, then Dr, Ct, Wy, Rd. */
static size_t put_street(char *room, size_t at, struct prng *prng)
{
    uint32_t which = prng_below(prng, 100);

    if (which < 72) {
        if (which < 14) {
            uint32_t n = 2 + prng_below(prng, 29);
            at = put_number(room, at, n);
            at = put(room, at, ordinal_suffix(n));
        } else {
            /* the smaller of two draws: streets early in the list are called to more often */
            uint32_t a = prng_below(prng, (uint32_t)COUNT(STREETS));
            uint32_t b = prng_below(prng, (uint32_t)COUNT(STREETS));
            at = put(room, at, STREETS[a < b ? a : b]);
        }
        return put(room, at, " St");
    }
    if (which < 92) {
        if (which < 80) {
            uint32_t n = 2 + prng_below(prng, 47);
            at = put_number(room, at, n);
            at = put(room, at, ordinal_suffix(n));
        } else {
            at = put(room, at, ONE_OF(prng, AVENUES));
        }
        return put(room, at, " Av");
    }
    if (which < 96) {
        at = put(room, at, ONE_OF(prng, BOULEVARDS));
        return put(room, at, " Bl");
    }
    return put(room, at, ONE_OF(prng, OTHERS));
}

static size_t put_block(char *room, struct prng *prng)
{
    size_t at = 0;

    if (!prng_chance(prng, 1, 50)) {
        uint32_t a = prng_below(prng, 40);
        uint32_t b = prng_below(prng, 40);
        at = put_number(room, at, 100 * (a < b ? a : b));
        at = put(room, at, " ");
    }
    at = put(room, at, "Block Of ");
    return put_street(room, at, prng);
}

static void fill_intersection(struct call *call, struct prng *prng)
{
    size_t at = put_street(call->address, 0, prng);

    call->address[at++] = '/';
    size_t second = at;
    at = put_street(call->address, at, prng);
    if (call->address[second] >= 'A' && call->address[second] <= 'Z')
        call->address[second] = (char)(call->address[second] - 'A' + 'a');
    call->column[CALL_ADDRESS] = (struct call_text){call->address, at};
    call->column[CALL_ADDRESS_TYPE] = constant("Intersection");
}

static void fill_common(struct call *call, struct prng *prng)
{
    size_t at = put_block(call->address, prng);

    call->column[CALL_ADDRESS] = (struct call_text){call->address, at};
    call->column[CALL_ADDRESS_TYPE] = constant("Common Location");
    at = put(call->place, 0, ONE_OF(prng, COMMON));
    if (prng_chance(prng, 4, 5))
        at = put(call->place, at, ", Sf");
    call->column[CALL_COMMON_LOCATION] = (struct call_text){call->place, at};
}

static void fill_override(struct call *call, struct prng *prng)
{
    size_t at = 0;

    switch (prng_below(prng, 3)) {
    case 0: /* 100 Blk Howard St */
        at = put_number(call->address, at, 100 * (1 + prng_below(prng, 30)));
        at = put(call->address, at, " Blk ");
        at = put_street(call->address, at, prng);
        break;
    case 1: /* 549 Flood Ave */
        at = put_number(call->address, at, 1 + prng_below(prng, 2999));
        at = put(call->address, at, " ");
        at = put(call->address, at, ONE_OF(prng, AVENUES));
        at = put(call->address, at, " Ave");
        break;
    default: /* Duboce Park */
        at = put(call->address, at, ONE_OF(prng, AREAS));
        break;
    }
    call->column[CALL_ADDRESS] = (struct call_text){call->address, at};
    call->column[CALL_ADDRESS_TYPE] = constant("Geo-Override");
    /* 2.3 % of all records have no city: these are the ones */
    if (prng_chance(prng, 575, 1000))
        call->column[CALL_CITY] = constant("");
}

void places_fill(struct call *call, struct prng *prng)
{
    uint32_t city = prng_below(prng, 1000);
    uint32_t type = prng_below(prng, 100);

    call->column[CALL_CITY] = constant(city < 7    ? "Treasure Isla"
                                       : city == 7 ? "Daly City"
                                       : city == 8 ? "Hunters Point"
                                                   : "San Francisco");
    call->column[CALL_COMMON_LOCATION] = constant("");
    if (type < 51) {
        size_t at = put_block(call->address, prng);
        call->column[CALL_ADDRESS] = (struct call_text){call->address, at};
        call->column[CALL_ADDRESS_TYPE] = constant("Premise Address");
    } else if (type < 81) {
        fill_intersection(call, prng);
    } else if (type < 96) {
        fill_common(call, prng);
    } else {
        fill_override(call, prng);
    }
}
