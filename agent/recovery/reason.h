// SPDX-License-Identifier: Apache-2.0
// Why a link went down or could not be had: every code of IEEE 802.11 (2020, table 9-49) and of ESP-IDF (wifi_err_reason_t), and our own.
//
// The class says how to go on; its cadence is the ladder's (ladder.h):
//   transient       the other side is away, or something got lost: try again, soon at first
//   credentials     the network does not accept who we are: it will not in a second either
//   overload        no room at the access point: every further try makes it worse
//   roaming         the radio is on its way to another access point of the same network: nothing is lost yet
//   configuration   both sides cannot agree as they are set up: only a change of that ends it
// What is not in the table (vendors have codes of their own) is transient, and so is 0: a port that could not even begin.
//
// Pure. Thread: any.
#ifndef MU_REASON_H
#define MU_REASON_H
#include <stdint.h>

enum mu_reason_class {
	MU_REASON_TRANSIENT,
	MU_REASON_CREDENTIALS,
	MU_REASON_OVERLOAD,
	MU_REASON_ROAMING,
	MU_REASON_CONFIGURATION,
	MU_REASON_CLASSES
};

enum { // our own, beside the 16 bits of 802.11: none of them is ever on the air
	MU_REASON_NO_ADDRESS = 1001, // joined, but nobody gave an address
	MU_REASON_NO_ANSWER = 1002, // the radio (or wire) never said how a connect ended
	MU_REASON_NO_NAMES = 1003, // joined, but names do not resolve
	MU_REASON_ADDRESS_LOST = 1004, // the lease ended and was not renewed
	// Of a session, never of a link:
	MU_REASON_RENEWED = 1005, // by the agent: the dates of certificates can be judged now
	MU_REASON_NO_ACK = 1006, // by the agent: the broker answers, the collector does not
};

enum mu_reason_class mu_reason_class(int32_t reason);
const char *mu_reason_name(
	int32_t reason); // "beacon_timeout"; "unknown". For logs and tests: 1.3 KB of text that a chip's firmware need not have
const char *mu_reason_class_name(enum mu_reason_class reason_class); // "transient"

// The access point no longer knew or waited for a station: what one is told whose radio slept through what it should have answered. Its
// name, as mu_reason_name(); null: power save is not to blame.
const char *mu_reason_of_power_save(int32_t reason);

#endif
