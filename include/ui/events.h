/* Server-sent events: what changes on the board, told to any number of open connections.
 *
 * A thread of its own waits for the board's bell, makes the text of each event once, and wakes the connections that
 * slept. It takes no snapshot longer than an event takes to write, and a slow reader holds nothing but its place: what
 * it misses is skipped.
 *
 * Events: `progress` (a batch was finished; id is its number), `idle`, `status` (state, lag or error changed). data is
 * the short form of GET /api/v1/progress. A comment goes out when nothing else did for five seconds.
 */
#ifndef UI_EVENTS_H
#define UI_EVENTS_H

#include "common/errbuf.h"
#include "report/board.h"

struct events;
struct MHD_Connection;
struct MHD_Response;

/* Start the thread. NULL with err. The board must outlive it. */
struct events *events_start(struct board *board, struct errbuf *err);
/* End every stream and the thread; nothing is told any more. Before the HTTP server stops. NULL does nothing. */
void events_end(struct events *events);
/* Free it, after the HTTP server has stopped. NULL does nothing. */
void events_free(struct events *events);

/* A response for this connection that never ends by itself. query: index on the board, or -1 for all. last_id: the
 * number of the batch that the client saw last, whose successors are sent first; -1: none. NULL without memory or with
 * too many streams (then *full). Server's thread. */
struct MHD_Response *events_open(struct events *events, struct MHD_Connection *connection, int query, int64_t last_id,
                                 bool *full);

#endif
