/* Messages to systemd (sd_notify(3)) without its library: a datagram to the socket that $NOTIFY_SOCKET names. */
#ifndef PROCESSOR_NOTIFY_H
#define PROCESSOR_NOTIFY_H

/* Send e.g. "READY=1\nSTATUS=running". Does nothing when no service manager listens; failures do not matter to us. Any
 * thread. */
void notify_send(const char *state);

#endif
