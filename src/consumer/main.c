/* sf-consumer: the messages of a topic on stdout. */
#include "common/buf.h"
#include "common/errbuf.h"
#include "common/fileio.h"
#include "common/lifecycle.h"
#include "common/log.h"
#include "common/settings.h"
#include "consumer/follow.h"
#include "consumer/printer.h"
#include "consumer/settings.h"

#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#define MODULE "Consumer"

extern char **environ;

/* Help, version, the sample file, the effective settings, the client's properties. */
static int answer(const struct settings *settings, enum settings_action action, struct errbuf *err)
{
    struct buf out = BUF_INIT;
    int rc;

    if (action == SETTINGS_LIST)
        conf_list(&out);
    else
        settings_answer(settings, action, &out);
    rc = fileio_print(&out, err);
    buf_release(&out);
    return rc;
}

static void on_signal(int signal_number, void *cookie)
{
    struct errbuf err;

    errbuf_clear(&err);
    if (signal_number == SIGHUP && settings_reload_log(cookie, &err) == -1)
        log_error(MODULE, "%s", err.text);
}

/* --check-config: the rows are good; is the table's schema? */
static int check(const struct consumer_settings *consumer, struct errbuf *err)
{
    struct printer *printer = printer_new(&consumer->printer, err);

    if (printer == NULL)
        return -1;
    printer_free(printer);
    log_info(MODULE, "the configuration is valid");
    return 0;
}

static int consume(struct settings *settings, const struct consumer_settings *consumer, struct errbuf *err)
{
    uint64_t nmessages = 0;
    int rc = -1;

    struct printer *printer = printer_new(&consumer->printer, err);
    if (printer == NULL)
        return -1;
    if (lifecycle_start(on_signal, settings, err) == 0) {
        rc = follow_run(consumer, printer, lifecycle_stop_fd(), &nmessages, err);
        lifecycle_end();
        if (rc == 0)
            log_info(MODULE, "%" PRIu64 " messages of topic %s", nmessages, consumer->topic);
    }
    printer_free(printer);
    return rc;
}

int main(int argc, char **argv)
{
    struct consumer_settings consumer;
    struct errbuf err;
    int rc = -1;

    errbuf_clear(&err);
    struct settings *settings = settings_new(&settings_consumer);
    if (lifecycle_hold_stdio(&err) != 0)
        goto done;
    if (settings == NULL) {
        errbuf_oom(&err, "settings", 0);
        goto done;
    }
    int action = settings_load(settings, argc, argv, environ, &err);
    if (action == -1)
        goto done;
    if (action != SETTINGS_RUN && action != SETTINGS_CHECK_CONFIG) {
        rc = answer(settings, (enum settings_action)action, &err);
        goto done;
    }
    settings_apply_log(settings);
    if (settings_consumer_init(&consumer, settings, &err) == -1)
        goto done;
    consumer.printer.escape = isatty(STDOUT_FILENO) == 1;
    if (action == SETTINGS_CHECK_CONFIG) {
        rc = check(&consumer, &err);
    } else {
        rc = consume(settings, &consumer, &err);
    }
    settings_consumer_release(&consumer);
done:
    settings_free(settings);
    if (rc == -1) {
        log_error(MODULE, "%s", err.text);
        return err.exit_code == EXIT_CODE_OK ? EXIT_CODE_RUNTIME : (int)err.exit_code;
    }
    return EXIT_CODE_OK;
}
