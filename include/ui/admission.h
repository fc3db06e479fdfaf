/* Which requests reach a route at all: the raw target, Host and Origin, the method, no body. The server's thread
 * only. */
#ifndef UI_ADMISSION_H
#define UI_ADMISSION_H

#include "ui/http.h"

#include <microhttpd.h>

/* The names that a Host header, and the authority of an Origin, may have: "*" is any. */
struct admission_hosts {
    char **names;
    size_t n;
};

/* localhost, 127.0.0.1, [::1], the address bound to (brackets are added), and the allowed ones; all copied. 0, -1
 * without memory; to be released in either case. */
int admission_hosts_init(struct admission_hosts *hosts, const char *bound_to, const char *const *allowed,
                         size_t nallowed);
void admission_hosts_release(struct admission_hosts *hosts);

/* What is known of a request beside libmicrohttpd's view of it: the per-request cookie. */
struct admission {
    bool target_ok;
    bool target_long;
    bool admitted;    /* its head was checked; the answer is due at the handler's second call */
    char target[256]; /* as it came, to find kept answers by; "": too long for that */
};

/* libmicrohttpd's URI callback: a new struct admission for a request with this raw target. NULL without memory. */
void *admission_target(void *cookie, const char *uri, struct MHD_Connection *connection);
/* Its completion callback: frees it. */
void admission_completed(void *cookie, struct MHD_Connection *connection, void **admission,
                         enum MHD_RequestTerminationCode code);

/* Look at a request's head (admission may be NULL: no memory). True: it may be served. False after answering what is
 * wrong with it; the connection must not be used again then. */
bool admission_check(struct admission *admission, struct MHD_Connection *connection, const char *method,
                     const char *version, const struct admission_hosts *hosts, struct http_answer *answer);

#endif
