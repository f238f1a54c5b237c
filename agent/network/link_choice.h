// SPDX-License-Identifier: Apache-2.0
// Which of the known networks is the next to try: a table of one row a network, filled by scans and by what became of the tries.
//
// Of a network's access points the strongest counts; one of a stronger kind of protection (WPA3 before WPA2) goes before one that is
// up to MU_LINK_BETTER_AUTH_DB louder. Access points below the network's least_auth do not count. Among networks: the fewest failures and
// refusals first, then (if a scan has heard them) the loudest, else the one that worked last, else the order of the configuration. So a
// network that refused its credentials steps back behind the others. From the fifth refusal in a row on it rests for 15 min after each,
// and is not tried meanwhile, whatever becomes of the others; none is given up for ever.
// Pure. Memory: the caller's. Thread: one at a time.
#ifndef MU_LINK_CHOICE_H
#define MU_LINK_CHOICE_H
#include "agent/network/link_config.h"

enum {
	MU_LINK_BETTER_AUTH_DB = 8,
	MU_LINK_NONE = 0xFF,
	MU_LINK_REFUSALS = 5, // of one network's credentials
	MU_LINK_REST_MS = 900000, // kept in units of 1.024 s, so up to that much shorter
};

struct mu_link_place {
	uint8_t bssid[MU_BSSID_BYTES]; // of the best access point, if seen
	uint8_t channel; // of it, or of the last that worked; 0: not known
	uint8_t auth;
	int8_t rssi_dbm;
	bool seen;
	uint8_t failed; // tries in a row that failed; ends with any network that works
	uint8_t refused; // of them, or before, for its credentials; ends when this one works
	uint8_t refused_row; // ... in a row: interference looks like a wrong passphrase now and then
	bool rests;
	uint32_t rests_until; // in 1.024 s
};

struct mu_link_choice {
	struct mu_link_place places[MU_LINK_NETWORKS_MAX];
	uint8_t worked; // the network that worked last; MU_LINK_NONE
	bool weak; // the scan heard an access point of ours that is below least_auth
};

void mu_link_choice_init(struct mu_link_choice *choice);
void mu_link_choice_forget(struct mu_link_choice *choice); // what was heard: a scan begins
void mu_link_choice_hear(struct mu_link_choice *choice, const struct mu_link_config *config, bool wpa3, const struct mu_link_seen *seen,
	size_t count);

void mu_link_choice_wake(struct mu_link_choice *choice, uint64_t now_ms); // ends the rests that are over: call before the two below

// Networks in sight that may be tried. 0: none is in sight; MU_ERR_AUTH: only such as rest.
int mu_link_choice_in_sight(const struct mu_link_choice *choice, size_t networks);

// The next network to try, among those in sight or all. MU_LINK_NONE: there is none that does not rest.
uint8_t mu_link_choice_pick(const struct mu_link_choice *choice, size_t networks, bool in_sight);

void mu_link_choice_failed(struct mu_link_choice *choice, uint8_t network);
void mu_link_choice_refused(struct mu_link_choice *choice, uint8_t network, uint64_t now_ms); // for its credentials; failed, too
void mu_link_choice_worked(struct mu_link_choice *choice, uint8_t network, uint32_t channel);

#endif
