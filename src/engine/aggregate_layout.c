/* The layout of an aggregate: where each value of a key and each accumulator lies. */
#include "aggregate_internal.h"

#include <stdlib.h>

uint64_t aggregate_layout_double_bits(double value)
{
    uint64_t bits;

    if (value != value)
        return UINT64_C(0x7ff8000000000000);
    if (value == 0)
        value = 0; /* -0.0 */
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static size_t count_fields(const struct type *type)
{
    size_t n = 1;

    if (type->id == TYPE_STRUCT)
        for (size_t i = 0; i < type->nfields; i++)
            n += count_fields(type->fields[i].type);
    return n;
}

static void add_fields(struct aggregate_layout *layout, const struct type *type, size_t column)
{
    size_t at = layout->nfields++;
    struct aggregate_field *field = &layout->fields[at];

    field->type = type;
    field->column = column;
    layout->fixed_bytes++; /* its tag */
    if (type->id == TYPE_STRING || type->id == TYPE_BINARY) {
        field->dictionary = layout->ndictionaries++;
        layout->texts[field->dictionary] = at;
        layout->fixed_bytes += sizeof(uint32_t);
    } else {
        layout->fixed_bytes += type_width(type);
    }
    if (type->id == TYPE_STRUCT)
        for (size_t i = 0; i < type->nfields; i++)
            add_fields(layout, type->fields[i].type, column);
    layout->fields[at].next = layout->nfields;
}

/* Bytes of a value in a packed key. */
static size_t packed_size(const struct type *type)
{
    switch (type->id) {
    case TYPE_STRING:
    case TYPE_BINARY:
        return sizeof(uint32_t);
    default:
        return type_width(type);
    }
}

/* The widest values first: then each is aligned without gaps. */
static void place_fields(struct aggregate_layout *layout)
{
    static const size_t sizes[] = {8, 4, 1};
    size_t at = 0;

    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
        for (size_t i = 0; i < layout->nfields; i++)
            if (packed_size(layout->fields[i].type) == sizes[s]) {
                layout->fields[i].offset = at;
                at += sizes[s];
            }
    layout->nulls_at = at;
    for (size_t i = 0; i < layout->nfields; i++) {
        layout->fields[i].null_at = at + i / 8;
        layout->fields[i].null_bit = (uint8_t)(1 << i % 8);
    }
    at += (layout->nfields + 7) / 8;
    layout->key_width = (at + 7) & ~(size_t)7;
}

static int make_fields(struct aggregate_layout *layout)
{
    struct expr **keys = layout->op->u.aggregate.keys;
    size_t n = 0;

    for (size_t i = 0; i < layout->nkeys; i++)
        n += count_fields(keys[i]->type);
    layout->fields = calloc(n + 1, sizeof(*layout->fields));
    layout->texts = calloc(n + 1, sizeof(*layout->texts));
    if (layout->fields == NULL || layout->texts == NULL)
        return -1;
    for (size_t i = 0; i < layout->nkeys; i++) {
        layout->first[layout->order[i]] = layout->nfields;
        add_fields(layout, keys[layout->order[i]]->type, layout->order[i]);
    }
    place_fields(layout);
    layout->direct = layout->nfields == 1 && layout->ndictionaries == 1;
    return 0;
}

static bool has_double(const struct type *type)
{
    if (type->id == TYPE_STRUCT)
        for (size_t i = 0; i < type->nfields; i++)
            if (has_double(type->fields[i].type))
                return true;
    return type->id == TYPE_DOUBLE;
}

/* Sums of DOUBLE round, those of BIGINT overflow on the way; of -0.0 and 0.0 the first seen stays. */
static bool call_in_any_order(const struct plan_aggregate_call *call)
{
    switch (call->kind) {
    case AGGREGATE_COUNT:
        return true;
    case AGGREGATE_MIN:
    case AGGREGATE_MAX:
        return !has_double(call->arg->type);
    case AGGREGATE_SUM:
    case AGGREGATE_AVG:
        break;
    }
    return false;
}

struct aggregate_layout *aggregate_layout_new(const struct plan_op *op)
{
    size_t nkeys = op->u.aggregate.nkeys;
    struct aggregate_layout *layout = calloc(1, sizeof(*layout));

    if (layout == NULL)
        return NULL;
    layout->op = op;
    layout->nkeys = nkeys;
    layout->ncalls = op->u.aggregate.ncalls;
    layout->order = calloc(nkeys + 1, sizeof(*layout->order));
    layout->first = calloc(nkeys + 1, sizeof(*layout->first));
    layout->slots = calloc(layout->ncalls + 1, sizeof(*layout->slots));
    if (layout->order == NULL || layout->first == NULL || layout->slots == NULL) {
        aggregate_layout_free(layout);
        return NULL;
    }
    size_t at = 0;
    int event = op->u.aggregate.event_time_key;
    if (event >= 0)
        layout->order[at++] = (size_t)event;
    for (size_t i = 0; i < nkeys; i++)
        if (event < 0 || i != (size_t)event)
            layout->order[at++] = i;
    if (make_fields(layout) != 0) {
        aggregate_layout_free(layout);
        return NULL;
    }
    /* its column comes first; of a window it is the end: behind the struct and its start */
    layout->event_field = event < 0 ? -1 : op->u.aggregate.event_time_window ? 2 : 0;
    layout->counts_only = layout->any_order = true;
    for (size_t i = 0; i < layout->ncalls; i++) {
        const struct plan_aggregate_call *call = &op->u.aggregate.calls[i];
        layout->slots[i] = (struct aggregate_slot){call, call->arg == NULL ? NULL : call->arg->type, layout->width};
        layout->width += aggregate_accumulator_width(call);
        layout->counts_only &= call->kind == AGGREGATE_COUNT;
        layout->any_order &= call_in_any_order(call);
        if (call->kind == AGGREGATE_SUM || call->kind == AGGREGATE_AVG)
            layout->merge_order_matters = true;
    }
    return layout;
}

void aggregate_layout_free(struct aggregate_layout *layout)
{
    if (layout == NULL)
        return;
    free(layout->order);
    free(layout->first);
    free(layout->fields);
    free(layout->texts);
    free(layout->slots);
    free(layout);
}

void aggregate_layout_text(const struct aggregate_layout *layout, struct buf *out)
{
    static const char *const kinds[] = {"count", "sum", "avg", "min", "max"};

    buf_append_text(out, "state 2: keys");
    for (size_t i = 0; i < layout->nkeys; i++) {
        buf_printf(out, " %zu ", layout->order[i]);
        type_name(layout->op->u.aggregate.keys[layout->order[i]]->type, out);
    }
    buf_append_text(out, "; accumulators");
    for (size_t i = 0; i < layout->ncalls; i++) {
        buf_printf(out, " %s(", kinds[layout->slots[i].call->kind]);
        if (layout->slots[i].arg_type != NULL)
            type_name(layout->slots[i].arg_type, out);
        buf_append_byte(out, ')');
    }
}
