// SPDX-License-Identifier: Apache-2.0
// The MQTT session of one device over port->mqtt: topics, last will, "online", subscriptions, and which message is what.
//
//   muster/v1/<id>/up     records to the collector, QoS 1     muster/v1/<id>/ack   Acks, subscribed at QoS 0
//   muster/v1/<id>/state  "online", last will "offline"       muster/v1/<id>/dn    signed commands, subscribed at QoS 1
//
// Certificates: chain, purpose and host name are always judged, their dates only by a time that can be trusted (SNTP, server). A device that
// comes up without one, and without a time server, would else never be able to ask for it: it opens the session with the dates unjudged
// (dates_unchecked), and agent/timekeeping.h reports that and opens it anew once a time is known. So a certificate that has run out, or is not
// valid yet, serves for that first session at most; no other mistake of a certificate is ever forgiven. Where only the Acks give time, the peer
// dates itself: who has stolen the key of a certificate that has run out can name a time at which it had not, down to the clock's floor.
// A time server closes that; so does a firmware that is newer than the certificate's end, by its floor.
//
// When to open and how long to wait is the ladder's business (agent/recovery/); here is only how. Nothing is retained on purpose, so a
// retained message on ack or dn is a mistake or an attack: ignored and counted.
//
// Flow: mu_session_open() -> MU_EVENT_MQTT_OPEN -> mu_session_opened() ... MU_EVENT_MQTT_CLOSED -> mu_session_closed().
// Memory: the caller's; the strings of the config are kept by reference. Thread: the one that steps the agent.
#ifndef MU_SESSION_H
#define MU_SESSION_H
#include <stdbool.h>
#include <stdint.h>
#include "agent/event.h"
#include "agent/port/port.h"

enum mu_session_phase { MU_SESSION_CLOSED, MU_SESSION_OPENING, MU_SESSION_OPEN };

enum mu_session_message {
	MU_MESSAGE_ACK,
	MU_MESSAGE_COMMAND,
	MU_MESSAGE_RETAINED, // ignored, counted
	MU_MESSAGE_FOREIGN,  // a topic that was not subscribed to: ignored, counted
};

enum {
	MU_SESSION_TIMEOUT_MS = 10000,
	MU_SESSION_STARVED_MS = 900000, // refusals for so long: starved
};

struct mu_session_config {
	const char *id, *uri, *user, *password; // user, password: null for none
	uint32_t keepalive_s;
};

struct mu_session {
	const struct mu_port *port;
	struct mu_session_config config;
	enum mu_session_phase phase;
	int online_id;                 // message id of "online" while its PUBACK is awaited; 0: none
	uint64_t trusted_wall_ms;      // set by the caller before each open: Unix time to judge certificates' dates by; 0: none can be trusted
	uint64_t refused_from_ms;      // first refusal in a row at the gates of the sockets; UINT64_MAX: none
	int refusal;                   // the last one: MU_ERR_NO_MEMORY, MU_ERR_FULL
	bool dates_unchecked;          // the session was opened without a time to judge dates by, over TLS
	uint32_t opened, retained_ignored, foreign_ignored; // counts since init
};

// 0; MU_ERR_INVALID: the id or the uri (neither mqtt:// nor mqtts://).
int mu_session_init(struct mu_session *session, const struct mu_port *port, const struct mu_session_config *config);

bool mu_session_is_tls(const struct mu_session *session);

// admitted: what the gates say (mu_sockets_admit); an error is given back, and those of heap and descriptors begin the time of starving.
// 0: opening, an event follows. MU_ERR_STATE: not closed. Else the port's error.
int mu_session_open(struct mu_session *session, int admitted, uint64_t now_ms);

// On MU_EVENT_MQTT_OPEN: subscribes, says "online". On an error the session is closed again; treat it as a failed try.
int mu_session_opened(struct mu_session *session);

// On MU_EVENT_MQTT_CLOSED. Returns true if the session had been open (it was lost), false if a try has failed.
bool mu_session_closed(struct mu_session *session);

void mu_session_close(struct mu_session *session); // at once; no event follows

// true if the PUBACK is for "online" and not for an Uplink.
bool mu_session_own_puback(struct mu_session *session, int message_id);

enum mu_session_message mu_session_classify(struct mu_session *session, const struct mu_event *event);

// A close reason that proves that the path to the broker works (netwatch.h: an answer): a CONNACK code, MU_ERR_CLOSED (the peer refused or reset
// the connection), MU_ERR_AUTH (TLS did not accept the peer, or the peer us). A time-out proves nothing.
bool mu_session_refusal_proves_path(int32_t reason);

// Refused for MU_SESSION_STARVED_MS. To be asked when it has just been refused: who does not try, for want of a link, is not.
bool mu_session_starved(const struct mu_session *session, uint64_t now_ms);

#endif
