#include "wal_internal.h"

#include "common/crc32c.h"

#include <endian.h>
#include <string.h>

#define MAGIC "sfwl"

enum { AT_LENGTH = 4, AT_NUMBER = 8, AT_CRC = 16 };
enum { OP_BYTES = 8 }; /* kind, a zero byte, length of the name (2), length of the data (4) */

static uint32_t load32(const char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return le32toh(value);
}

static void store32(char *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
}

static uint32_t crc_of(const char *group, size_t body_len)
{
    return crc32c_update(crc32c_update(0, group + AT_LENGTH, AT_CRC - AT_LENGTH), group + WAL_GROUP_BYTES, body_len);
}

void wal_group_begin(struct buf *out)
{
    buf_reset(out);
    buf_append_fill(out, '\0', WAL_GROUP_BYTES);
}

size_t wal_group_add(struct buf *out, const struct wal_op *op)
{
    char head[OP_BYTES] = {(char)op->kind, 0, (char)(op->name_len & 0xff), (char)(op->name_len >> 8)};

    store32(head + 4, (uint32_t)op->len);
    buf_append(out, head, sizeof(head));
    buf_append(out, op->name, op->name_len);
    size_t at = out->len;
    buf_append(out, op->data, op->len);
    return at;
}

void wal_group_end(struct buf *out, uint64_t number)
{
    if (out->failed)
        return;
    memcpy(out->data, MAGIC, 4);
    store32(out->data + AT_LENGTH, (uint32_t)(out->len - WAL_GROUP_BYTES));
    number = htole64(number);
    memcpy(out->data + AT_NUMBER, &number, sizeof(number));
    store32(out->data + AT_CRC, crc_of(out->data, out->len - WAL_GROUP_BYTES));
}

size_t wal_group_read(const char *at, const char *end, uint64_t *number, const char **body, size_t *body_len)
{
    if ((size_t)(end - at) < WAL_GROUP_BYTES || memcmp(at, MAGIC, 4) != 0)
        return 0;
    *body_len = load32(at + AT_LENGTH);
    if (*body_len > (size_t)(end - at) - WAL_GROUP_BYTES || load32(at + AT_CRC) != crc_of(at, *body_len))
        return 0;
    memcpy(number, at + AT_NUMBER, sizeof(*number));
    *number = le64toh(*number);
    *body = at + WAL_GROUP_BYTES;
    return WAL_GROUP_BYTES + *body_len;
}

bool wal_group_next(const char **at, const char *end, struct wal_op *op)
{
    const char *p = *at;

    if (end - p < OP_BYTES)
        return false;
    op->kind = (enum wal_kind)p[0];
    op->name_len = (size_t)(unsigned char)p[2] | (size_t)(unsigned char)p[3] << 8;
    op->len = load32(p + 4);
    p += OP_BYTES;
    if (op->name_len == 0 || op->name_len > (size_t)(end - p) || op->len > (size_t)(end - p) - op->name_len)
        return false;
    op->name = p;
    op->data = p + op->name_len;
    *at = op->data + op->len;
    return op->kind == WAL_PUT || ((op->kind == WAL_REMOVE || op->kind == WAL_KEEP) && op->len == 0);
}
