/* Random ids of queries and runs. */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

#include "common/errbuf.h"

#define UUID_TEXT 37 /* with the zero byte */

/* A new UUID of version 4 (RFC 9562), as 36 lower-case characters. Any thread. 0, -1 with err: no random bytes. */
int uuid_random(char text[UUID_TEXT], struct errbuf *err);

#endif
