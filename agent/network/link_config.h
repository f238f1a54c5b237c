// SPDX-License-Identifier: Apache-2.0
// What a device is told about its networks, and whether that can be.
//
// Pure. Memory: the caller's; kept by reference by whoever uses it. Thread: any.
#ifndef MU_LINK_CONFIG_H
#define MU_LINK_CONFIG_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MU_LINK_NETWORKS_MAX = 4, MU_LINK_PASSPHRASE_MIN = 8 };

struct mu_link_network {
	const char *ssid; // 1..32 characters
	const char *passphrase; // 8..64 characters; null or "": an open network
	bool hidden; // does not say its name
	enum mu_link_auth least_auth; // weaker access points are not joined; open, with a passphrase: WPA2
	struct mu_link_address address;
};

struct mu_link_config {
	const struct mu_link_network *networks; // in order of preference
	size_t network_count; // 0..4; 0: a wire, or the own access point alone
	bool wired; // Ethernet instead of a station
	struct mu_link_address wired_address;
	const struct mu_link_own *own; // the own access point; null: none
	bool own_always; // it is open from the start, beside the station; else in state fallback and recovery only
};

// 0; MU_ERR_INVALID with what is wrong in *problem (static text).
int mu_link_config_check(const struct mu_link_config *config, const char **problem);

// Null if the address can be: a contiguous netmask of /1 to /30, an address of a host in it, a gateway (0.0.0.0: none) in the same net that
// is not the address itself. Else what is wrong. DHCP: always null.
const char *mu_link_address_problem(const struct mu_link_address *address);

// Null if an own access point may be opened; never an open one. Else what is wrong.
const char *mu_link_own_problem(const struct mu_link_own *own);

// What access points must have at least.
enum mu_link_auth mu_link_least_auth(const struct mu_link_network *network);

#endif
