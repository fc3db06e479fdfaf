/* Shared by fileio.c (whole files) and fileio_log.c (files that grow). */
#ifndef COMMON_FILEIO_INTERNAL_H
#define COMMON_FILEIO_INTERNAL_H

#include "common/fileio.h"

/* "cannot STEP PATH: errno's reason; remedy" with EXIT_CODE_STORAGE. Returns -1. */
int fileio_failed(struct errbuf *err, const char *step, const char *path);

/* The directory that path is in. */
int fileio_sync_directory_of(const char *path, struct errbuf *err);

#endif
