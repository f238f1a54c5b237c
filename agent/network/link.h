// SPDX-License-Identifier: Apache-2.0
// Which network to join and how: a station among known networks, the own access point beside or instead of it, or a wire.
//
// When to join, scan or give up is the ladder's business (agent/recovery/); here is only how. A port tells what happened by events;
// mu_link_event() takes each of the link's and says what the ladder is to hear of it.
//
// Choice (link_choice.h): with several known networks the one that worked last is tried first, if there is one; else there is a scan, and
// then the best in sight, on the access point that was heard (BSSID and channel). After a failed try of a network any of its access points will
// do. A network that refuses its credentials makes room for another one at once; the ladder hears of it when there is none. One that refuses
// again and again rests (link_choice.h), while the others are looked for and tried as ever.
// A scan is one for all names, then one by name for each hidden network and, if there were more access points than fit, for each that was
// not among them.
// What a join promises, a link may fail to keep: without an address 15 s after the association, or when the address is lost, the link is
// disconnected and the ladder hears a reason of our own (agent/recovery/reason.h).
//
// What the port must do: look on all channels and take the strongest access point where neither BSSID nor channel is given (the channel is a
// hint only); offer WPA3 (SAE, protected management frames) wherever the access point does and MU_LINK_CAN_WPA3 is said, WPA2 otherwise;
// follow an access point that announces another channel, and keep the own access point on the station's.
// Memory: the caller's; the configuration is kept by reference. Thread: the one that steps the agent. Time: monotonic milliseconds.
#ifndef MU_LINK_H
#define MU_LINK_H
#include "agent/event.h"
#include "agent/network/access_point.h"
#include "agent/network/link_choice.h"
#include "agent/network/link_config.h"
#include "agent/port/port.h"
#include "agent/recovery/reason.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MU_LINK_ADDRESS_MS = 15000, // from association to an address
	MU_LINK_SCAN_TIMEOUT_MS = 8000, // of each single scan
	MU_LINK_FRESH_MS = 60000, // a scan is good for so long
	MU_LINK_SEEN_MAX = 16, // access points read from a scan; 0.8 KiB of stack
	MU_LINK_NAMES_ANEW = 3, // names that did not resolve, in a row, until the link is made anew
	MU_LINK_NAMES_OTHER = 6, // ... with the fallback name server first
	MU_LINK_NAMES_AGAIN = 30, // ... and so on, turn about
};

enum mu_link_heard { // what the ladder is to hear
	MU_LINK_HEARD_NOTHING,
	MU_LINK_HEARD_UP,
	MU_LINK_HEARD_DOWN, // value: the reason
	MU_LINK_HEARD_LEFT, // the same, but the next try is under way already: for the books, not for the ladder
	MU_LINK_HEARD_SCANNED, // value: known networks in sight that do not rest; -1: nobody can tell
};

enum mu_link_phase { MU_LINK_OFF, MU_LINK_JOINING, MU_LINK_ASSOCIATED, MU_LINK_UP };

struct mu_link {
	const struct mu_port *port;
	const struct mu_link_config *config;
	enum mu_link_phase phase;
	uint8_t chosen; // network of this try; MU_LINK_NONE: a wire, or none
	uint8_t scanning; // 0: no; 1: for all names; 2 + n: for network n
	bool scan_told; // the ladder waits for it
	bool join_next; // a join waits for it
	bool crowded; // more access points than fit
	bool leaving, leaving_told; // we asked the port to disconnect: its event is still to come; and the ladder knows already
	bool alone_due; // the own access point alone: up, still to be told
	bool awake; // power save was switched off
	bool other_names; // the fallback name server goes first
	uint16_t nameless; // names that did not resolve, in a row
	int32_t refusal; // reason of the try before, whose network made room for this one
	uint64_t fresh_ms; // the last scan is good until then
	uint64_t address_due_ms, scan_due_ms; // UINT64_MAX: none
	uint8_t refused; // network whose refusals are to be told; MU_LINK_NONE
	struct mu_link_choice choice;
	struct mu_access_point own;
};

// config null: a wire with DHCP. 0; MU_ERR_INVALID with the reason in *problem (may be null).
int mu_link_init(struct mu_link *link, const struct mu_port *port, const struct mu_link_config *config, const char **problem);

// Each: 0, or the port's error, and nothing will be heard of it. MU_ERR_AUTH (of connect and scan): all known networks rest.
int mu_link_connect(struct mu_link *link, uint64_t now_ms); // opens the own access point, too, if it is to be open always
int mu_link_disconnect(struct mu_link *link);
int mu_link_restart(struct mu_link *link);
// MU_ERR_UNSUPPORTED also if there is nothing to look for, or only what refused just now.
int mu_link_scan(struct mu_link *link, uint64_t now_ms);

enum mu_link_heard mu_link_event(struct mu_link *link, const struct mu_event *event, uint64_t now_ms, int32_t *value);

// What is due; call until MU_LINK_HEARD_NOTHING. *next_ms: when to call again at the latest (UINT64_MAX: not by itself).
enum mu_link_heard mu_link_step(struct mu_link *link, uint64_t now_ms, int32_t *value, uint64_t *next_ms);

// The own access point, open beside the station from now on, or no longer (with own_always it stays). As mu_access_point_serve().
int mu_link_serve(struct mu_link *link, bool on);

// Modem sleep between beacons. 0, or the port's error. Survives mu_link_restart().
int mu_link_power_save(struct mu_link *link, bool on);

// A name did not resolve although the link is up. True: make the link anew now (a new lease; the second time with the fallback name server first).
bool mu_link_name_failed(struct mu_link *link);
void mu_link_name_resolved(struct mu_link *link);

// Something for the records, an event of proto/events.def; call until false. Bounded: the own access point's changes at most once in
// MU_ACCESS_POINT_NOTICE_MS (the last one, with the stations that there are now), refusals at 1, 2, 4, 8 ... in a row.
struct mu_link_notice {
	const char *name, *text;
	int32_t value;
};
bool mu_link_notice(struct mu_link *link, uint64_t now_ms, struct mu_link_notice *out);

#endif
