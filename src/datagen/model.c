#include "datagen/model.h"

#include "datagen/kinds.h"
#include "datagen/places.h"
#include "record/timestamp.h"

#include <string.h>

#define FIRST_DAY 17896 /* 2018-12-31 */
#define MINUTES (24 * 60)

struct date {
    int64_t year;
    uint32_t month; /* 1-12 */
    uint32_t day;   /* 1-31 */
    uint32_t day_of_year;
    uint32_t weekday; /* 0 = Sunday */
};

static struct date date_of(int64_t days)
{
    struct date date;
    int month, day;

    timestamp_civil_of_days(days, &date.year, &month, &day);
    date.month = (uint32_t)month;
    date.day = (uint32_t)day;
    date.day_of_year = (uint32_t)(days - timestamp_days(date.year, 1, 1)) + 1;
    date.weekday = (uint32_t)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
    return date;
}

/* Mean 2,264 calls a day; the sum of twelve uniform numbers is normal enough and needs no floating point. */
static uint32_t volume_of(const struct date *date, struct prng *prng)
{
    enum { MEAN = 2284, DEVIATION = 200 };
    uint32_t volume = MEAN - 6 * DEVIATION + 6;

    for (int i = 0; i < 12; i++)
        volume += prng_below(prng, DEVIATION);
    if (date->weekday == 0)
        volume = volume * 94 / 100;
    int thanksgiving = date->month == 11 && date->weekday == 4 && date->day >= 22 && date->day <= 28;
    if (thanksgiving || (date->month == 12 && date->day == 25))
        volume = volume * 72 / 100;
    return volume;
}

static void fill_minutes(struct model *model, uint32_t volume)
{
    /* hundredths, hours 0 to 23 */
    static const uint8_t HOUR_WEIGHTS[24] = {75,  60,  50,  40,  35,  40,  60,  85,  100, 105, 110, 110,
                                             115, 115, 120, 130, 140, 140, 140, 125, 100, 100, 100, 85};
    enum { ALL_HOURS = 2280 };
    uint16_t calls_at[MINUTES];
    uint32_t n = 0;

    memset(calls_at, 0, sizeof(calls_at));
    for (uint32_t i = 0; i < volume; i++) {
        uint32_t at = prng_below(&model->prng, ALL_HOURS);
        uint32_t hour = 0;
        while (at >= HOUR_WEIGHTS[hour])
            at -= HOUR_WEIGHTS[hour++];
        calls_at[hour * 60 + prng_below(&model->prng, 60)]++;
    }
    for (uint32_t minute = 0; minute < MINUTES; minute++)
        for (uint32_t i = 0; i < calls_at[minute]; i++)
            model->minute[n++] = (uint16_t)minute;
}

/* Numbers of the day: 47 % of them are used (each call takes one out of its own two or three), a few change places with
 * a near neighbour. */
static void fill_sequence(struct model *model, uint32_t volume)
{
    uint32_t numbers = volume * 100 / 47;

    for (uint32_t i = 0; i < volume; i++) {
        uint32_t from = i * numbers / volume;
        uint32_t to = (i + 1) * numbers / volume;
        model->sequence[i] = (uint16_t)(1 + from + prng_below(&model->prng, to - from));
    }
    for (uint32_t i = 0; i + 3 < volume; i++) {
        if (!prng_chance(&model->prng, 1, 5))
            continue;
        uint32_t other = i + 1 + prng_below(&model->prng, 3);
        uint16_t number = model->sequence[i];
        model->sequence[i] = model->sequence[other];
        model->sequence[other] = number;
    }
}

static void fill_day(struct model *model)
{
    struct date date = date_of(model->day);
    uint32_t volume = volume_of(&date, &model->prng);

    fill_minutes(model, volume);
    fill_sequence(model, volume);
    model->ncalls = volume;
}

void model_init(struct model *model, uint64_t seed, uint32_t late_share)
{
    prng_seed(&model->prng, seed, 0);
    prng_seed(&model->late_prng, seed, 1);
    model->late_share = late_share;
    model->day = FIRST_DAY;
    fill_day(model);
}

static void put_digits(char *at, uint32_t number, int width)
{
    while (width-- > 0) {
        at[width] = (char)('0' + number % 10);
        number /= 10;
    }
}

static void put_date(char *room, const struct date *date)
{
    memcpy(room, "yyyy-mm-ddT00:00:00.000", 24);
    put_digits(room, (uint32_t)date->year, 4);
    put_digits(room + 5, date->month, 2);
    put_digits(room + 8, date->day, 2);
}

static void fill_when(struct model *model, uint32_t i, struct call *call)
{
    struct date date = date_of(model->day);
    uint32_t minute = model->minute[i];

    put_digits(call->id, (uint32_t)(date.year % 100), 2);
    put_digits(call->id + 2, date.day_of_year, 3);
    put_digits(call->id + 5, model->sequence[i], 4);
    put_date(call->report_date, &date);
    if (model->late_share > 0 && prng_chance(&model->late_prng, model->late_share, 10000)) {
        int64_t when = model->day * MINUTES + minute - (60 + (int64_t)prng_below(&model->late_prng, 71 * 60));
        date = date_of(when / MINUTES);
        minute = (uint32_t)(when % MINUTES);
    }
    put_date(call->call_date, &date);
    put_digits(call->time, minute / 60, 2);
    call->time[2] = ':';
    put_digits(call->time + 3, minute % 60, 2);
    memcpy(call->date_time, call->call_date, sizeof(call->date_time));
    memcpy(call->date_time + 11, call->time, 5);

    call->column[CALL_CRIME_ID] = (struct call_text){call->id, 9};
    call->column[CALL_REPORT_DATE] = (struct call_text){call->report_date, 23};
    call->column[CALL_CALL_DATE] = (struct call_text){call->call_date, 23};
    call->column[CALL_OFFENSE_DATE] = (struct call_text){call->call_date, 23};
    call->column[CALL_CALL_TIME] = (struct call_text){call->time, 5};
    call->column[CALL_CALL_DATE_TIME] = (struct call_text){call->date_time, 23};
}

void model_next(struct model *model, struct call *call)
{
    struct prng *prng = &model->prng;

    while (model->ncalls == 0) {
        model->day--;
        fill_day(model);
    }
    fill_when(model, --model->ncalls, call);
    const struct kind *kind = kinds_pick(prng);
    call->column[CALL_TYPE_NAME] = kind != NULL ? kinds_name(kind) : kinds_rare_name(prng, call->type_name);
    call->column[CALL_DISPOSITION] = kinds_disposition(kind, prng);
    places_fill(call, prng);
    call->column[CALL_STATE] = (struct call_text){"CA", 2};
    call->column[CALL_AGENCY_ID] = (struct call_text){"1", 1};
}
