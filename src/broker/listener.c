/* Note "bind": this file defines bind(). A program's own definition takes precedence over libc's, also for
 * the calls inside librdkafka.so, which is how the mock's listener gets our socket: there is no call in
 * librdkafka to say where a mock cluster listens. bind() passes everything else on to libc, found by
 * dlsym(RTLD_NEXT). librdkafka's clients never bind; the mock binds once, inside rd_kafka_new, on the
 * calling thread. */
#include "broker/listener.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int reserved_fd = -1;

typedef int (*bind_fn)(int, const struct sockaddr *, socklen_t);

/* libc's bind. Its prototype with glibc names the address argument by a transparent union, which is the
 * same call. */
static int libc_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    static bind_fn next;

    if (next == NULL) {
        /* ISO C has no cast from object to function pointer; POSIX promises that the bytes are the same. */
        void *symbol = dlsym(RTLD_NEXT, "bind");

        memcpy(&next, &symbol, sizeof(next));
        if (next == NULL) {
            errno = ENOSYS;
            return -1;
        }
    }
    return next(fd, address, len);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    const struct sockaddr_in *inet = (const struct sockaddr_in *)(const void *)address;

    if (reserved_fd == -1 || address->sa_family != AF_INET || len < sizeof(*inet) || inet->sin_port != 0)
        return libc_bind(fd, address, len);
    if (dup3(reserved_fd, fd, O_CLOEXEC) == -1)
        return -1;
    close(reserved_fd);
    reserved_fd = -1;
    return 0;
}

int listener_parse(const char *address, int *port, struct errbuf *err)
{
    const char *colon = strrchr(address, ':');
    char *end;
    long number;

    if (colon == NULL)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: expected HOST:PORT, for example 127.0.0.1:9092", address);
    if (!(colon - address == 9 && (strncmp(address, "127.0.0.1", 9) == 0 || strncmp(address, "localhost", 9) == 0)))
        return errbuf_set(err, EXIT_CODE_USAGE,
                          "%s: the embedded broker listens on 127.0.0.1 only; for other hosts run Apache Kafka",
                          address);
    errno = 0;
    number = strtol(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || errno != 0 || number > 65535)
        return errbuf_set(err, EXIT_CODE_USAGE, "%s: the port must be a number from 0 to 65535", address);
    *port = (int)number;
    return 0;
}

int listener_reserve(int port, struct errbuf *err)
{
    struct sockaddr_in inet;
    socklen_t len = sizeof(inet);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return errbuf_set(err, EXIT_CODE_RUNTIME, "cannot make a socket: %s", strerror(errno));
    memset(&inet, 0, sizeof(inet));
    inet.sin_family = AF_INET;
    inet.sin_port = htons((uint16_t)port);
    inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* Connections of a broker that just ended (TIME_WAIT) must not keep the port. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "setsockopt SO_REUSEADDR: %s", strerror(errno));
        goto fail;
    }
    /* listen() too: with SO_REUSEADDR, two sockets may be bound to a port as long as neither listens. */
    if (libc_bind(fd, (const struct sockaddr *)(const void *)&inet, sizeof(inet)) == -1 ||
        listen(fd, SOMAXCONN) == -1) {
        if (errno == EADDRINUSE)
            errbuf_set(
                err, EXIT_CODE_BUSY,
                "port %d on 127.0.0.1 is taken by another program (see `ss -ltnp sport = :%d`); stop it or choose "
                "another port with --listen 127.0.0.1:PORT (0: any free one)",
                port, port);
        else
            errbuf_set(err, EXIT_CODE_RUNTIME, "cannot listen on 127.0.0.1:%d: %s", port, strerror(errno));
        goto fail;
    }
    if (getsockname(fd, (struct sockaddr *)(void *)&inet, &len) == -1) {
        errbuf_set(err, EXIT_CODE_RUNTIME, "getsockname: %s", strerror(errno));
        goto fail;
    }
    listener_release();
    reserved_fd = fd;
    return ntohs(inet.sin_port);

fail:
    close(fd);
    return -1;
}

void listener_release(void)
{
    if (reserved_fd != -1)
        close(reserved_fd);
    reserved_fd = -1;
}
