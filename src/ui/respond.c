#include "ui/respond.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Below one packet's size gzip saves nothing. */
#define GZIP_FROM_BYTES 1400
#define GZIP_WINDOW_BITS (15 + 16) /* 16: a gzip header instead of zlib's */

static const char content_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct respond_packer {
    z_stream stream;
};

struct respond_packer *respond_packer_new(void)
{
    struct respond_packer *packer = calloc(1, sizeof(*packer));

    if (packer != NULL &&
        deflateInit2(&packer->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(packer);
        return NULL;
    }
    return packer;
}

void respond_packer_free(struct respond_packer *packer)
{
    if (packer == NULL)
        return;
    deflateEnd(&packer->stream);
    free(packer);
}

int respond_gzip(struct respond_packer *packer, const char *in, size_t len, struct buf *out)
{
    z_stream *stream = &packer->stream;
    size_t bound = deflateBound(stream, len);
    int rc = Z_MEM_ERROR;

    if (len <= UINT32_MAX / 2 && buf_reserve(out, bound)) {
        /* zlib's interface lacks the const; it does not write there. */
        union {
            const char *from;
            unsigned char *to;
        } input = {in};
        stream->next_in = input.to;
        stream->avail_in = (unsigned)len;
        stream->next_out = (unsigned char *)out->data;
        stream->avail_out = (unsigned)bound;
        rc = deflate(stream, Z_FINISH);
        if (rc == Z_STREAM_END)
            out->len = stream->total_out;
        (void)deflateReset(stream); /* fails for a broken stream only, which this is not */
    }
    if (rc != Z_STREAM_END) {
        buf_release(out);
        return -1;
    }
    return 0;
}

int respond_headers(struct MHD_Response *response, const struct http_answer *answer, bool close_after)
{
    const struct {
        const char *name;
        const char *value;
    } headers[] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, answer->status == 304 ? NULL : answer->content_type},
        {MHD_HTTP_HEADER_CACHE_CONTROL, answer->cache},
        {MHD_HTTP_HEADER_VARY, "Accept-Encoding"},
        {"Content-Security-Policy", content_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {MHD_HTTP_HEADER_CONTENT_ENCODING, answer->encoding},
        {MHD_HTTP_HEADER_ETAG, answer->etag},
        {MHD_HTTP_HEADER_ALLOW, answer->allow},
        {MHD_HTTP_HEADER_LOCATION, answer->location},
        {MHD_HTTP_HEADER_CONNECTION, close_after ? "close" : NULL},
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        if (headers[i].value != NULL && MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES)
            return -1;
    return 0;
}

/* Replace the body by its gzip form, where that helps and works. */
static void pack(struct http_answer *answer, struct respond_packer *packer)
{
    struct buf packed = BUF_INIT;

    if (answer->body.len < GZIP_FROM_BYTES || answer->encoding != NULL ||
        respond_gzip(packer, answer->body.data, answer->body.len, &packed) != 0)
        return;
    buf_release(&answer->body);
    answer->body = packed;
    answer->encoding = "gzip";
}

static struct MHD_Response *make(struct http_answer *answer)
{
    if (answer->status == 304)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (answer->fixed != NULL) {
        /* The library's interface lacks the const; a persistent buffer is only read. */
        union {
            const char *from;
            void *to;
        } body = {answer->fixed};
        return MHD_create_response_from_buffer(answer->fixed_len, body.to, MHD_RESPMEM_PERSISTENT);
    }
    size_t len = 0;
    char *body = buf_take(&answer->body, &len);
    if (body == NULL)
        return NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(body);
    return response;
}

struct MHD_Response *respond_make(struct http_answer *answer, struct respond_packer *packer, bool close_after,
                                  size_t *size)
{
    if (answer->body.failed)
        http_error(answer, 503, "out of memory");
    if (packer != NULL && answer->fixed == NULL)
        pack(answer, packer);
    *size = answer->fixed != NULL ? answer->fixed_len : answer->body.len;
    struct MHD_Response *response = make(answer);
    buf_release(&answer->body);
    if (response != NULL && respond_headers(response, answer, close_after) != 0) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}
