/* sf-processor: settings, the HTTP server and the session wired together. Everything is checked before anything is
 * opened, opened before anything runs, and released in reverse; the page goes last, so that the end can be watched. */
#include "common/clock.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "common/log.h"
#include "common/thread.h"
#include "engine/session.h"
#include "kafka/conf.h"
#include "processor/assemble.h"
#include "processor/notify.h"
#include "processor/settings.h"
#include "ui/server.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE "SparkContext"

/* Read by jemalloc, if that is linked. Two arenas instead of four a processor keep librdkafka's thread and the query's
 * apart; what is free is given back after a fifth of a second, which no fetch takes, instead of ten seconds. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:2,tcache_max:4096,dirty_decay_ms:200,muzzy_decay_ms:0";

/* What the signal thread reaches. lock: session, which comes and goes while signals may arrive. */
struct program {
    const struct settings *settings;
    pthread_mutex_t lock;
    struct session *session;
};

static void on_signal(int number, void *cookie)
{
    struct program *program = cookie;
    struct errbuf err;

    if (number == SIGHUP) {
        if (settings_reload_log(program->settings, &err) == 0)
            log_info(MODULE, "SIGHUP: the log level was read again");
        else
            log_error(MODULE, "SIGHUP: nothing was changed: %s", err.text);
        return;
    }
    thread_lock(&program->lock);
    if (program->session != NULL)
        session_log_summary(program->session);
    thread_unlock(&program->lock);
}

static void publish_session(struct program *program, struct session *session)
{
    thread_lock(&program->lock);
    program->session = session;
    thread_unlock(&program->lock);
}

/* What a break-in could use: files for others, more rights, secrets in a core file. */
static void confine(void)
{
    const struct rlimit none = {0, 0};

    umask(077);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        log_warn(MODULE, "the process could not be confined: %s", strerror(errno));
}

static const char *user_name(void)
{
    const char *name = getenv("USER");
    struct passwd *entry;

    if (name != NULL && *name != '\0')
        return name;
    entry = getpwuid(geteuid());
    return entry != NULL ? entry->pw_name : "unknown";
}

/* Text for stdout, released afterwards. 0; -1 with err. */
static int answer(struct buf *text, struct errbuf *err)
{
    int result = fileio_print(text, err);

    buf_release(text);
    return result;
}

/* Run the session to its end. */
static int run(struct program *program, struct assemble *assembled, struct board *board, struct errbuf *err)
{
    struct session *session = session_open(&assembled->config, board, lifecycle_stop_fd(), err);
    int result;

    if (session == NULL)
        return lifecycle_stopping() && err->exit_code == EXIT_CODE_OK ? 0 : -1;
    result = session_start(session, err);
    if (result == 0) {
        publish_session(program, session);
        notify_send("READY=1\nSTATUS=running");
        result = session_wait(session, err);
        notify_send("STOPPING=1\nSTATUS=stopping");
        publish_session(program, NULL);
    }
    session_close(session);
    return result;
}

/* Page and board around the run. */
static int serve(struct program *program, struct assemble *assembled, struct errbuf *err)
{
    char id[40];
    struct board_application application = {
        .name = assembled->config.app_name, .id = id, .user = user_name(), .start_ms = clock_wall_ms()};
    struct server *server = NULL;
    int result = -1;

    snprintf(id, sizeof(id), "local-%" PRId64, application.start_ms);
    struct board *board = board_new(&application, assembled->shown, assembled->nshown, err);
    if (board == NULL)
        return -1;
    if (assembled->ui_enabled) { /* before the broker is asked: the page shows what is waited for */
        server = server_start(&assembled->server, board, err);
        if (server == NULL)
            goto out;
    }
    result = run(program, assembled, board, err);
    server_stop(server);
out:
    board_free(board);
    return result;
}

static void log_start(const struct settings *settings)
{
    size_t n;
    const char *const *files = settings_files(settings, &n);

    log_info(MODULE, "sf-processor %s (%s), %s", SFCRIME_VERSION, SFCRIME_REVISION, conf_library_version());
    for (size_t i = 0; i < n; i++)
        log_info(MODULE, "Configuration: %s", files[i]);
}

/* The one line that says why we end; an SQL error brings the text with a caret under it. Its further lines are
 * indented, so that no value in them can pass for a line of the log. */
static void log_end(const struct errbuf *err)
{
    struct buf text = BUF_INIT;

    for (const char *p = err->text; *p != '\0'; p++) {
        buf_append_byte(&text, *p);
        if (*p == '\n')
            buf_append_text(&text, "    ");
    }
    if (text.failed || text.data == NULL)
        log_error("sf-processor", "%s", err->text);
    else
        log_block(LOG_LEVEL_ERROR, "sf-processor", text.data, text.len);
    buf_release(&text);
}

/* Everything behind the settings. 0, -1 with err. */
static int process(struct settings *settings, enum settings_action action, struct errbuf *err)
{
    struct program program = {.settings = settings, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct assemble assembled;
    struct buf text = BUF_INIT;
    int result;

    settings_apply_log(settings);
    if (action == SETTINGS_PRINT_CONFIG) {
        settings_answer(settings, action, &text);
        return answer(&text, err);
    }
    if (assemble_config(&assembled, settings, isatty(STDOUT_FILENO) == 1, err) != 0)
        return -1;
    bool explain = settings_bool(settings, "explain", NULL);
    if (action == SETTINGS_CHECK_CONFIG || explain) {
        result = session_check(&assembled.config, explain ? &text : NULL, err);
        if (result == 0)
            result = answer(&text, err);
        if (result == 0 && action == SETTINGS_CHECK_CONFIG)
            log_info(MODULE, "The configuration is good: %zu quer%s", assembled.config.nqueries,
                     assembled.config.nqueries == 1 ? "y" : "ies");
        goto out;
    }
    log_start(settings);
    result = lifecycle_start(on_signal, &program, err);
    if (result != 0)
        goto out;
    result = serve(&program, &assembled, err);
    lifecycle_end();
    if (result == 0)
        log_info(MODULE, "Successfully stopped");
out:
    buf_release(&text);
    assemble_release(&assembled);
    return result;
}

int main(int argc, char **argv)
{
    struct errbuf err;
    struct buf text = BUF_INIT;
    struct settings *settings = settings_new(&settings_processor);
    int result = -1;

    errbuf_clear(&err);
    if (lifecycle_hold_stdio(&err) != 0)
        goto out;
    confine();
    if (settings == NULL) {
        errbuf_oom(&err, "settings", 0);
        goto out;
    }
    int action = settings_load(settings, argc, argv, environ, &err);
    switch (action) {
    case SETTINGS_HELP:
    case SETTINGS_VERSION:
    case SETTINGS_SAMPLE:
        settings_answer(settings, (enum settings_action)action, &text);
        result = answer(&text, &err);
        break;
    case SETTINGS_LIST:
        conf_list(&text);
        result = answer(&text, &err);
        break;
    case SETTINGS_RUN:
    case SETTINGS_PRINT_CONFIG:
    case SETTINGS_CHECK_CONFIG:
        result = process(settings, (enum settings_action)action, &err);
        break;
    default: /* err says what */
        break;
    }
out:
    if (result != 0)
        log_end(&err);
    settings_free(settings);
    if (result == 0)
        return EXIT_CODE_OK;
    return err.exit_code == EXIT_CODE_OK ? EXIT_CODE_RUNTIME : (int)err.exit_code;
}
