// SPDX-License-Identifier: Apache-2.0
// How a virtual device gets to its broker, from texts of a command line.
//
//   wifi     SSID[:PASSPHRASE[:hidden]]            a network that the device knows; at most 4, in order of preference
//   air      SSID[:PASSPHRASE[:FLAG[,FLAG...]]]    an access point that is there; at most 4. FLAG: hidden, wpa, wpa3 (with a passphrase WPA2 is
//                                                  the default, without one: open), or a number: so many dB louder than the usual
//   ap       SSID:PASSPHRASE[:always]              the device's own access point
//   address  A.B.C.D/BITS[,GATEWAY]                a static address
//   dns      [MAIN][,[BACKUP][,[FALLBACK]]]        name servers
//
// Without wifi and wired: the network that is always there (mu_air_default). An SSID or passphrase with a colon cannot be written.
// Pure. Memory: the caller's; *out points into itself, so it must not be moved. Thread: any.
#ifndef MU_PORT_LINUX_LINK_OPTIONS_H
#define MU_PORT_LINUX_LINK_OPTIONS_H
#include "agent/network/link_config.h"
#include "agent/port/linux/air.h"
#include "agent/port/linux/options.h"

enum { MU_LINK_OPTIONS_PROBLEM_SIZE = 160 };

struct mu_link_texts { // null and empty: not given
	struct mu_option_list wifi, air;
	const char *ap, *address, *dns;
	bool wired;
};

struct mu_link_options {
	struct mu_link_config config;
	struct mu_link_network networks[MU_LINK_NETWORKS_MAX];
	struct mu_air_point known[MU_LINK_NETWORKS_MAX]; // the texts of networks
	struct mu_air_point points[MU_AIR_POINTS_MAX];
	size_t point_count; // 0: mu_air_default
	struct mu_link_own own;
};

// 0, or MU_ERR_INVALID with the option and what is wrong in problem (MU_LINK_OPTIONS_PROBLEM_SIZE bytes): "--wifi x: ...".
int mu_link_options_parse(struct mu_link_options *out, const struct mu_link_texts *texts, char *problem);

#endif
