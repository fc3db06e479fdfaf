/* Reads a topic's partitions from where they are to be read, and hands every message to a printer. One thread. */
#ifndef CONSUMER_FOLLOW_H
#define CONSUMER_FOLLOW_H

#include "common/errbuf.h"
#include "consumer/printer.h"
#include "consumer/settings.h"

#include <stdint.h>

/* Run until the end that the settings name, stop_fd is readable or standard output is closed by its reader. *nmessages
 * counts what was shown. Returns 0; -1 with err: broker, topic, authentication (offsets.h), EXIT_CODE_STORAGE for
 * standard output. Messages that the topic no longer has (retention passed us) are warned about and stepped over. */
int follow_run(const struct consumer_settings *settings, struct printer *printer, int stop_fd, uint64_t *nmessages,
               struct errbuf *err);

#endif
