#pragma once
/* SIP over WebSocket (RFC 7118), server side: connections come from an http_server's upgrades, one
 * message a frame, text or binary. Calls to such a far end go by its flow, whatever its Contact
 * says. Control thread. */

struct sip_agent;
struct ws_answer;
struct ws_request;

/** Close every socket with 1001, without events: before an http_server is destroyed that was not
 * stopped. */
void sip_ws_close_all(struct sip_agent *agent);
/** An upgrade that offers the subprotocol "sip" (ws_request_offers(request, "sip")), on any path:
 * fills `answer` with 101 and the subprotocol, or a status. When the agent goes, the sockets are
 * closed with 1001. */
void sip_ws_accept(struct sip_agent *agent, const struct ws_request *request,
                   struct ws_answer *answer);
