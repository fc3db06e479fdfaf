/* From checked settings to what the engine and the HTTP server are told: struct config and struct server_options. */
#ifndef PROCESSOR_ASSEMBLE_H
#define PROCESSOR_ASSEMBLE_H

#include "common/arena.h"
#include "common/settings.h"
#include "engine/config.h"
#include "report/board.h"
#include "ui/server.h"

struct assemble {
    struct config config;
    bool ui_enabled;
    struct server_options server;
    struct board_setting *shown; /* for the Environment page; secrets masked */
    size_t nshown;
    /* What the above points to. */
    struct arena arena;
    struct config_source *sources;
    struct config_table *tables;
    struct config_query *queries;
};

/* Fill assemble from settings that settings_load accepted. Borrows the settings' strings: settings must outlive it.
 * terminal: stdout is one (sf.console.escape = auto). Returns 0; -1 with err (EXIT_CODE_USAGE, or EXIT_CODE_RUNTIME
 * without memory) and nothing to release. */
int assemble_config(struct assemble *assemble, const struct settings *settings, bool terminal, struct errbuf *err);
void assemble_release(struct assemble *assemble);

#endif
