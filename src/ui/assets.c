/* Each file is in the binary twice: as it is, and as `gzip -9n` made it when the program was built. ETags are checksums
 * of the bytes sent, worked out when a file is first asked for; all on the server's thread. */
#include "ui/assets.h"

#include "common/crc32c.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INCLUDE(symbol, file)                                                                                          \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".globl assets_" symbol "_begin\n"                                                                         \
            ".globl assets_" symbol "_end\n"                                                                           \
            "assets_" symbol "_begin:\n"                                                                               \
            ".incbin \"" file "\"\n"                                                                                   \
            "assets_" symbol "_end:\n"                                                                                 \
            ".byte 0\n"                                                                                                \
            ".popsection\n")

/* The packed files are found by the assembler's include path, which the Makefile gives. */
#define ASSET(symbol, name)                                                                                            \
    INCLUDE(#symbol, "src/ui/assets/" name);                                                                           \
    INCLUDE(#symbol "_gz", name ".gz");                                                                                \
    extern const char assets_##symbol##_begin[], assets_##symbol##_end[], assets_##symbol##_gz_begin[],                \
        assets_##symbol##_gz_end[]

ASSET(style, "style.css");
ASSET(theme, "theme.js");
ASSET(live, "live.js");
ASSET(chart, "chart.js");
ASSET(icon, "icon.svg");
ASSET(openapi, "openapi.json");

#define ROW(path, type, symbol)                                                                                        \
    {                                                                                                                  \
        path, type, {assets_##symbol##_begin, assets_##symbol##_gz_begin},                                             \
        {                                                                                                              \
            assets_##symbol##_end, assets_##symbol##_gz_end                                                            \
        }                                                                                                              \
    }

static const struct asset {
    const char *path;
    const char *type;
    const char *begin[2]; /* plain, gzip */
    const char *end[2];
} assets[] = {
    ROW("/assets/style.css", "text/css; charset=utf-8", style),
    ROW("/assets/theme.js", "text/javascript; charset=utf-8", theme),
    ROW("/assets/live.js", "text/javascript; charset=utf-8", live),
    ROW("/assets/chart.js", "text/javascript; charset=utf-8", chart),
    ROW("/assets/icon.svg", "image/svg+xml", icon),
    ROW("/favicon.ico", "image/svg+xml", icon),
    ROW("/api/openapi.json", "application/json; charset=utf-8", openapi),
};
#define ASSETS (sizeof(assets) / sizeof(assets[0]))

static char etags[ASSETS][2][32];

static const char *etag(size_t i, int packed)
{
    size_t len = (size_t)(assets[i].end[packed] - assets[i].begin[packed]);

    if (etags[i][packed][0] == '\0')
        snprintf(etags[i][packed], sizeof(etags[i][packed]), "\"%zx-%08" PRIx32 "%s\"", len,
                 crc32c_update(0, assets[i].begin[packed], len), packed ? "-gz" : "");
    return etags[i][packed];
}

void assets_answer(struct http_request *request, struct http_answer *answer)
{
    int packed = request->gzip ? 1 : 0;

    for (size_t i = 0; i < ASSETS; i++) {
        if (strcmp(request->path, assets[i].path) != 0)
            continue;
        answer->content_type = assets[i].type;
        answer->cache = "no-cache"; /* kept, but asked for again with its ETag */
        answer->etag = etag(i, packed);
        answer->encoding = packed ? "gzip" : NULL;
        if (http_etag_matches(request->if_none_match, answer->etag)) {
            answer->status = 304;
            return;
        }
        answer->fixed = assets[i].begin[packed];
        answer->fixed_len = (size_t)(assets[i].end[packed] - assets[i].begin[packed]);
        return;
    }
    http_error(answer, 404, "there is nothing at %s", request->path);
}
