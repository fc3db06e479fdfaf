/* Automatic column names: Spark's "pretty" text of an expression, in which implicit casts do not show, texts stand
 * without quotes and names as the user typed them. */
#include "function_internal.h"
#include "record/json_text.h"
#include "record/number.h"
#include "record/timestamp.h"

static void name_literal(const struct vector *value, const char *typed, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";

    if (vector_is_null(value, 0)) {
        buf_append_text(out, "NULL");
        return;
    }
    switch (value->type->id) {
    case TYPE_BOOLEAN:
        buf_append_text(out, value->data.boolean[0] ? "true" : "false");
        break;
    case TYPE_INT:
        buf_append_i64(out, value->data.i32[0]);
        break;
    case TYPE_BIGINT:
        buf_append_i64(out, value->data.i64[0]);
        break;
    case TYPE_DOUBLE:
        number_append_double(out, value->data.f64[0]);
        break;
    case TYPE_STRING:
        buf_append(out, value->data.str[0].data, value->data.str[0].len);
        break;
    case TYPE_BINARY:
        buf_append_text(out, "X'");
        for (uint32_t i = 0; i < value->data.str[0].len; i++) {
            unsigned char byte = (unsigned char)value->data.str[0].data[i];
            buf_append_byte(out, digits[byte >> 4]);
            buf_append_byte(out, digits[byte & 15]);
        }
        buf_append_byte(out, '\'');
        break;
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
        buf_append_text(out, typed);
        break;
    case TYPE_NULL:
    case TYPE_STRUCT:
        break; /* there are no literals of these but NULL */
    }
}

static void name_call(const char *name, const struct expr *call, struct buf *out)
{
    buf_append_text(out, name);
    buf_append_byte(out, '(');
    for (size_t i = 0; i < call->nargs; i++) {
        if (i > 0)
            buf_append_text(out, ", ");
        expr_name(call->args[i], out);
    }
    buf_append_byte(out, ')');
}

void expr_name(const struct expr *expr, struct buf *out)
{
    switch (expr->kind) {
    case EXPR_COLUMN:
        buf_append_text(out, expr->name);
        break;
    case EXPR_LITERAL:
        name_literal(&expr->literal, expr->name, out);
        break;
    case EXPR_FIELD:
        expr_name(expr->args[0], out);
        buf_append_byte(out, '.');
        buf_append_text(out, expr->name);
        break;
    case EXPR_WINDOW:
        buf_append_text(out, "window");
        break;
    case EXPR_CALL:
        if (expr->implicit)
            expr_name(expr->args[0], out);
        else if (expr->function->show != NULL)
            expr->function->show(expr, out);
        else
            name_call(expr->function->name, expr, out);
        break;
    case EXPR_AGGREGATE:
        if (expr->nargs == 0)
            buf_printf(out, "%s(1)", expr->function->name);
        else
            name_call(expr->function->name, expr, out);
        if (expr->filter != NULL) {
            buf_append_text(out, " FILTER (WHERE ");
            expr_name(expr->filter, out);
            buf_append_byte(out, ')');
        }
        break;
    }
}
