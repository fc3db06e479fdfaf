/* One family of functions per aggregate, each a loop over the selected rows of one column. The slots:
 *
 *   COUNT     n
 *   SUM       sum (BIGINT or DOUBLE), and how many values made it: 0 is NULL
 *   AVG       sum as DOUBLE, and how many values
 *   MIN, MAX  the value, whether there is one; STRING, BINARY and STRUCT (in the bytes of a key, exact) in the arena
 *
 * Sums of DOUBLE begin at 0.0 and add in the order of the rows, so a sum of -0.0 alone is 0.0: both as Spark. MIN and
 * MAX replace only what is strictly beaten: of values that tie (-0.0 and 0.0) the first seen stays. */
#include "aggregate_internal.h"

#include "sql/diagnose.h"

#include <endian.h>
#include <string.h>

struct slot_count {
    int64_t n;
};

struct slot_sum {
    union {
        int64_t i64;
        double f64;
    } sum;
    int64_t n;
};

struct slot_extreme {
    union {
        uint8_t boolean;
        int32_t i32;
        int64_t i64;
        double f64;
        const char *data;
    } value;
    uint32_t len;
    uint32_t present;
};

/* The slots are carved out of malloc'd records at multiples of 8. */
#define SLOT(type, records, width, group, slot)                                                                        \
    ((struct type *)(void *)((records) + (size_t)(group) * (width) + (slot)->offset))
#define CONST_SLOT(type, record, slot) ((const struct type *)(const void *)((record) + (slot)->offset))

static bool in_bytes(enum type_id id)
{
    return id == TYPE_STRING || id == TYPE_BINARY || id == TYPE_STRUCT;
}

size_t aggregate_accumulator_width(const struct plan_aggregate_call *call)
{
    enum type_id id = call->arg == NULL ? TYPE_NULL : call->arg->type->id;

    switch (call->kind) {
    case AGGREGATE_COUNT:
        return sizeof(struct slot_count);
    case AGGREGATE_SUM:
        return id == TYPE_INT || id == TYPE_BIGINT || id == TYPE_DOUBLE ? sizeof(struct slot_sum) : 0;
    case AGGREGATE_AVG:
        return id == TYPE_DOUBLE ? sizeof(struct slot_sum) : 0;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        return call->arg == NULL ? 0 : sizeof(struct slot_extreme);
    }
    return 0;
}

/* eval without a batch: the sum of two groups, at no record. */
static int overflow(struct eval *eval, size_t row)
{
    return diagnose_row(eval, NULL, row, "ARITHMETIC_OVERFLOW", "22003",
                        "long overflow. Use 'try_add' to tolerate overflow and return NULL instead. If necessary set "
                        "\"spark.sql.ansi.enabled\" to \"false\" to bypass this error.");
}

/* --- update ------------------------------------------------------------------------------------------------------ */

struct rows {
    unsigned char *records;
    size_t width;
    const uint32_t *groups;
    const struct vector *arg;
    const uint16_t *sel;
    size_t n;
};

#define ROW(rows, i) ((rows)->sel == NULL ? (i) : (rows)->sel[i])

static void update_count(const struct aggregate_slot *slot, const struct rows *rows)
{
    const struct vector *arg = rows->arg;
    bool all = arg == NULL || (!arg->has_nulls && arg->type->id != TYPE_NULL);

    if (all && rows->width == sizeof(struct slot_count)) {
        /* the usual query: count(*) and nothing else */
        int64_t *counts = (int64_t *)(void *)rows->records;
        if (rows->sel == NULL) {
            for (size_t i = 0; i < rows->n; i++)
                counts[rows->groups[i]]++;
        } else {
            for (size_t i = 0; i < rows->n; i++)
                counts[rows->groups[rows->sel[i]]]++;
        }
        return;
    }
    for (size_t i = 0; i < rows->n; i++) {
        size_t row = ROW(rows, i);
        if (all || !vector_is_null(arg, row))
            SLOT(slot_count, rows->records, rows->width, rows->groups[row], slot)->n++;
    }
}

static int update_sum(const struct aggregate_slot *slot, const struct rows *rows, struct eval *eval)
{
    const struct vector *arg = rows->arg;

    for (size_t i = 0; i < rows->n; i++) {
        size_t row = ROW(rows, i);
        if (vector_is_null(arg, row))
            continue;
        struct slot_sum *sum = SLOT(slot_sum, rows->records, rows->width, rows->groups[row], slot);
        size_t at = vector_row(arg, row);
        if (arg->type->id == TYPE_DOUBLE)
            sum->sum.f64 += arg->data.f64[at];
        else if (__builtin_add_overflow(sum->sum.i64,
                                        arg->type->id == TYPE_INT ? (int64_t)arg->data.i32[at] : arg->data.i64[at],
                                        &sum->sum.i64))
            return overflow(eval, row);
        sum->n++;
    }
    return 0;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_doubles(double a, double b)
{
    bool a_nan = a != a, b_nan = b != b;

    return a_nan || b_nan ? a_nan - b_nan : ORDER(a, b);
}

static int compare_bytes(const struct type *type, const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
    if (type->id == TYPE_STRUCT) {
        const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
        return aggregate_key_compare(type, &x, &y);
    }
    uint32_t common = a_len < b_len ? a_len : b_len;
    int order = common > 0 ? memcmp(a, b, common) : 0;
    return order != 0 ? order : ORDER(a_len, b_len);
}

static int compare_extremes(const struct type *type, const struct slot_extreme *a, const struct slot_extreme *b)
{
    switch (type->id) {
    case TYPE_NULL:
        return 0;
    case TYPE_BOOLEAN:
        return ORDER(a->value.boolean, b->value.boolean);
    case TYPE_INT:
    case TYPE_DATE:
        return ORDER(a->value.i32, b->value.i32);
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        return ORDER(a->value.i64, b->value.i64);
    case TYPE_DOUBLE:
        return compare_doubles(a->value.f64, b->value.f64);
    default:
        return compare_bytes(type, a->value.data, a->len, b->value.data, b->len);
    }
}

/* Let the candidate win or not; its bytes are copied only if it does. */
static int offer(const struct aggregate_slot *slot, struct slot_extreme *best, const struct slot_extreme *candidate,
                 struct arena *strings, struct errbuf *err)
{
    const struct type *type = slot->arg_type;

    if (best->present != 0) {
        int order = compare_extremes(type, candidate, best);
        if (slot->call->kind == AGGREGATE_MIN ? order >= 0 : order <= 0)
            return 0;
    }
    if (in_bytes(type->id)) {
        const char *copy = arena_copy(strings, candidate->value.data, candidate->len);
        if (copy == NULL)
            return errbuf_oom(err, "min or max of an aggregate", candidate->len);
        best->value.data = copy;
        best->len = candidate->len;
    } else {
        best->value = candidate->value;
    }
    best->present = 1;
    return 0;
}

static int update_extreme(const struct aggregate_slot *slot, const struct rows *rows, struct arena *strings,
                          struct errbuf *err)
{
    const struct vector *arg = rows->arg;
    struct buf bytes = BUF_INIT;
    int result = 0;

    for (size_t i = 0; i < rows->n && result == 0; i++) {
        size_t row = ROW(rows, i);
        if (vector_is_null(arg, row) || arg->type->id == TYPE_NULL)
            continue;
        struct slot_extreme candidate = {.present = 1};
        size_t at = vector_row(arg, row);
        switch (arg->type->id) {
        case TYPE_BOOLEAN:
            candidate.value.boolean = arg->data.boolean[at];
            break;
        case TYPE_INT:
        case TYPE_DATE:
            candidate.value.i32 = arg->data.i32[at];
            break;
        case TYPE_DOUBLE:
            candidate.value.f64 = arg->data.f64[at];
            break;
        case TYPE_STRING:
        case TYPE_BINARY:
            candidate.value.data = arg->data.str[at].data;
            candidate.len = arg->data.str[at].len;
            break;
        case TYPE_STRUCT: {
            size_t size = aggregate_key_size(arg, row);
            buf_reset(&bytes);
            if (size > UINT32_MAX || !buf_reserve(&bytes, size)) {
                result = errbuf_oom(err, "min or max of a struct", size);
                continue;
            }
            unsigned char *end = aggregate_key_write((unsigned char *)bytes.data, arg, row);
            candidate.value.data = bytes.data;
            candidate.len = (uint32_t)(end - (unsigned char *)bytes.data);
            break;
        }
        default:
            candidate.value.i64 = arg->data.i64[at];
            break;
        }
        result = offer(slot, SLOT(slot_extreme, rows->records, rows->width, rows->groups[row], slot), &candidate,
                       strings, err);
    }
    buf_release(&bytes);
    return result;
}

int aggregate_accumulator_update(const struct aggregate_slot *slot, unsigned char *records, size_t width,
                                 const uint32_t *groups, const struct vector *arg, const uint16_t *sel, size_t n,
                                 struct arena *strings, struct eval *eval)
{
    struct rows rows = {records, width, groups, arg, sel, n};

    switch (slot->call->kind) {
    case AGGREGATE_COUNT:
        update_count(slot, &rows);
        return 0;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        return update_sum(slot, &rows, eval);
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        break;
    }
    return update_extreme(slot, &rows, strings, eval->err);
}

int aggregate_accumulator_merge(const struct aggregate_slot *slot, unsigned char *dst, const unsigned char *src,
                                struct arena *strings, struct errbuf *err)
{
    switch (slot->call->kind) {
    case AGGREGATE_COUNT:
        SLOT(slot_count, dst, 0, 0, slot)->n += CONST_SLOT(slot_count, src, slot)->n;
        return 0;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG: {
        struct slot_sum *into = SLOT(slot_sum, dst, 0, 0, slot);
        const struct slot_sum *from = CONST_SLOT(slot_sum, src, slot);
        if (slot->arg_type->id == TYPE_DOUBLE)
            into->sum.f64 += from->sum.f64;
        else if (__builtin_add_overflow(into->sum.i64, from->sum.i64, &into->sum.i64))
            return overflow(&(struct eval){.err = err}, 0);
        into->n += from->n;
        return 0;
    }
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        break;
    }
    const struct slot_extreme *from = CONST_SLOT(slot_extreme, src, slot);
    return from->present == 0 ? 0 : offer(slot, SLOT(slot_extreme, dst, 0, 0, slot), from, strings, err);
}

/* --- bytes for the checkpoint ------------------------------------------------------------------------------------ */

static void append32(struct buf *out, uint32_t value)
{
    value = htole32(value);
    buf_append(out, &value, sizeof(value));
}

static void append64(struct buf *out, uint64_t value)
{
    value = htole64(value);
    buf_append(out, &value, sizeof(value));
}

void aggregate_accumulator_encode(const struct aggregate_slot *slot, const unsigned char *record, struct buf *out)
{
    switch (slot->call->kind) {
    case AGGREGATE_COUNT:
        append64(out, (uint64_t)CONST_SLOT(slot_count, record, slot)->n);
        return;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG: {
        const struct slot_sum *sum = CONST_SLOT(slot_sum, record, slot);
        append64(out, (uint64_t)sum->sum.i64); /* the bits, whichever member they are */
        append64(out, (uint64_t)sum->n);
        return;
    }
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        break;
    }
    const struct slot_extreme *extreme = CONST_SLOT(slot_extreme, record, slot);
    buf_append_byte(out, extreme->present != 0);
    if (extreme->present == 0)
        return;
    if (in_bytes(slot->arg_type->id)) {
        append32(out, extreme->len);
        buf_append(out, extreme->value.data, extreme->len);
        return;
    }
    switch (slot->arg_type->id) {
    case TYPE_BOOLEAN:
        append64(out, extreme->value.boolean);
        break;
    case TYPE_INT:
    case TYPE_DATE:
        append64(out, (uint64_t)(int64_t)extreme->value.i32);
        break;
    default:
        append64(out, (uint64_t)extreme->value.i64);
        break;
    }
}

static bool take64(const unsigned char **at, const unsigned char *end, uint64_t *value)
{
    if (end - *at < 8)
        return false;
    memcpy(value, *at, 8);
    *value = le64toh(*value);
    *at += 8;
    return true;
}

static const unsigned char *decode_bytes(const struct aggregate_slot *slot, const unsigned char *at,
                                         const unsigned char *end, struct slot_extreme *extreme, struct arena *strings,
                                         bool *oom)
{
    uint32_t len;

    if (end - at < 4)
        return NULL;
    memcpy(&len, at, 4);
    len = le32toh(len);
    at += 4;
    if ((size_t)(end - at) < len)
        return NULL;
    if (slot->arg_type->id == TYPE_STRUCT && aggregate_key_read(at, at + len, slot->arg_type, NULL, 0) != at + len)
        return NULL;
    extreme->value.data = arena_copy(strings, at, len);
    if (extreme->value.data == NULL) {
        *oom = true;
        return NULL;
    }
    extreme->len = len;
    return at + len;
}

static const unsigned char *decode_extreme(const struct aggregate_slot *slot, const unsigned char *at,
                                           const unsigned char *end, struct slot_extreme *extreme,
                                           struct arena *strings, bool *oom)
{
    uint64_t value;

    memset(extreme, 0, sizeof(*extreme));
    if (at == end || *at > 1)
        return NULL;
    extreme->present = *at++;
    if (extreme->present == 0)
        return at;
    if (in_bytes(slot->arg_type->id))
        return decode_bytes(slot, at, end, extreme, strings, oom);
    if (!take64(&at, end, &value))
        return NULL;
    switch (slot->arg_type->id) {
    case TYPE_BOOLEAN:
        if (value > 1)
            return NULL;
        extreme->value.boolean = (uint8_t)value;
        break;
    case TYPE_INT:
    case TYPE_DATE:
        if ((int64_t)value < INT32_MIN || (int64_t)value > INT32_MAX)
            return NULL;
        extreme->value.i32 = (int32_t)(int64_t)value;
        break;
    case TYPE_NULL:
        return NULL;
    default:
        extreme->value.i64 = (int64_t)value;
        break;
    }
    return at;
}

const unsigned char *aggregate_accumulator_decode(const struct aggregate_slot *slot, const unsigned char *at,
                                                  const unsigned char *end, unsigned char *record,
                                                  struct arena *strings, bool *oom)
{
    uint64_t value, n;

    switch (slot->call->kind) {
    case AGGREGATE_COUNT:
        if (!take64(&at, end, &n) || (int64_t)n < 0)
            return NULL;
        SLOT(slot_count, record, 0, 0, slot)->n = (int64_t)n;
        return at;
    case AGGREGATE_SUM:
    case AGGREGATE_AVG: {
        struct slot_sum *sum = SLOT(slot_sum, record, 0, 0, slot);
        if (!take64(&at, end, &value) || !take64(&at, end, &n) || (int64_t)n < 0)
            return NULL;
        sum->sum.i64 = (int64_t)value;
        sum->n = (int64_t)n;
        return at;
    }
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        break;
    }
    return decode_extreme(slot, at, end, SLOT(slot_extreme, record, 0, 0, slot), strings, oom);
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void extreme_result(const struct aggregate_slot *slot, const struct slot_extreme *extreme, struct vector *out,
                           size_t row)
{
    const unsigned char *bytes;

    if (extreme->present == 0) {
        vector_set_null(out, row);
        return;
    }
    switch (slot->arg_type->id) {
    case TYPE_NULL:
        break;
    case TYPE_BOOLEAN:
        out->data.boolean[row] = extreme->value.boolean;
        break;
    case TYPE_INT:
    case TYPE_DATE:
        out->data.i32[row] = extreme->value.i32;
        break;
    case TYPE_DOUBLE:
        out->data.f64[row] = extreme->value.f64;
        break;
    case TYPE_STRING:
    case TYPE_BINARY:
        out->data.str[row] = (struct str){extreme->value.data, extreme->len};
        break;
    case TYPE_STRUCT:
        bytes = (const unsigned char *)extreme->value.data;
        aggregate_key_read(bytes, bytes + extreme->len, slot->arg_type, out, row);
        break;
    default:
        out->data.i64[row] = extreme->value.i64;
        break;
    }
}

void aggregate_accumulator_result(const struct aggregate_slot *slot, const unsigned char *record, struct vector *out,
                                  size_t row)
{
    const struct slot_sum *sum;

    switch (slot->call->kind) {
    case AGGREGATE_COUNT:
        out->data.i64[row] = CONST_SLOT(slot_count, record, slot)->n;
        return;
    case AGGREGATE_SUM:
        sum = CONST_SLOT(slot_sum, record, slot);
        if (sum->n == 0)
            vector_set_null(out, row);
        else if (slot->arg_type->id == TYPE_DOUBLE)
            out->data.f64[row] = sum->sum.f64;
        else
            out->data.i64[row] = sum->sum.i64;
        return;
    case AGGREGATE_AVG:
        sum = CONST_SLOT(slot_sum, record, slot);
        if (sum->n == 0)
            vector_set_null(out, row);
        else
            out->data.f64[row] = sum->sum.f64 / (double)sum->n;
        return;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        break;
    }
    extreme_result(slot, CONST_SLOT(slot_extreme, record, slot), out, row);
}
