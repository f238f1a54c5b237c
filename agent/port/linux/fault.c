// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/fault.h"
#include "agent/image/err.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct fault {
	const char *name, *argument, *help;
	int32_t value, low, high; // default and bounds of the argument; equal bounds: it takes none
	size_t offset; // of an int32_t in struct mu_faults
};

#define TRAIT(field) offsetof(struct mu_faults, traits.field)
#define WORLD(field) offsetof(struct mu_faults, world.field)

static const struct fault faults_known[] = {
	{ "leak", "BYTES", "firmware: loses so many bytes of heap a second", 1024, 1, 1048576, TRAIT(leak_bytes_per_s) },
	{ "leak_reconnect", "BYTES", "firmware: loses so many bytes of heap with each session", 1536, 1, 65536, TRAIT(leak_reconnect_bytes) },
	{ "fragment", "BYTES", "firmware: the largest free block shrinks by so much a second", 256, 1, 1048576, TRAIT(fragment_bytes_per_s) },
	{ "panic", "S", "firmware: panics so long after each boot", 20, 0, 86400, TRAIT(panic_after_s) },
	{ "hang", "S", "firmware: the task app hangs so long after each boot", 20, 0, 86400, TRAIT(hang_after_s) },
	{ "offline", "S", "firmware: loses the link for good so long after each boot", 30, 0, 86400, TRAIT(offline_after_s) },
	{ "chatty", "N", "firmware: writes so many log lines a second, and as many events", 50, 1, 1000, TRAIT(chatty_per_s) },
	{ "drop", 0, "world: the access point goes for 15-25 s every 30-45 s", 1, 1, 1, WORLD(air.drops) },
	{ "weak", "DBM", "world: signal strength around this", -86, -120, 0, WORLD(air.rssi_dbm) },
	{ "no_ap", "S", "world: no access point for so long from power-on", 60, 1, 31536000, WORLD(air.no_ap_s) },
	{ "wrong_password", "S", "world: the access points have another passphrase for so long", 60, 1, 31536000,
		WORLD(air.wrong_password_s) },
	{ "auth_expire", "S", "world: the authentication is not answered for so long", 60, 1, 31536000, WORLD(air.auth_expire_s) },
	{ "handshake", "S", "world: the 4-way handshake does not come through for so long", 60, 1, 31536000, WORLD(air.handshake_s) },
	{ "dhcp_dead", "S", "world: nobody gives an address for so long", 60, 1, 31536000, WORLD(air.dhcp_dead_s) },
	{ "beacon_loss", "S", "world: beacons are lost about so often, once the link is up", 30, 1, 86400, WORLD(air.beacon_loss_s) },
	{ "sleep_loss", "S", "world: a station in power save is forgotten about so often", 30, 1, 86400, WORLD(air.sleep_loss_s) },
	{ "lease_loss", "S", "world: the address is lost about so often", 30, 1, 86400, WORLD(air.lease_loss_s) },
	{ "channel_move", "S", "world: the access points change channel about so often", 30, 1, 86400, WORLD(air.channel_move_s) },
	{ "dns_dead", "N", "world: names do not resolve, 1: with the first lease, 2: with no lease's server", 1, 1, 2, WORLD(air.dns_dead) },
	{ "visitors", 0, "world: somebody joins and leaves the own access point all the time", 1, 1, 1, WORLD(air.visitors) },
	{ "brownout", "S", "world: the supply sags so long after each boot", 60, 1, 86400, WORLD(brownout_s) },
	{ "power", "S", "world: the power is cut so long after each boot", 60, 1, 86400, WORLD(power_cut_s) },
	{ "freeze", "S", "world: the health loop stands still so long after each boot", 20, 1, 86400, WORLD(freeze_s) },
};
enum { FAULTS = sizeof faults_known / sizeof *faults_known };

struct mu_faults mu_faults_none(void)
{
	return (struct mu_faults){ .traits = mu_traits_none(), .world.air.rssi_dbm = MU_RSSI_NORMAL_DBM };
}

static const struct fault *find(const char *name, size_t size)
{
	for (unsigned i = 0; i < FAULTS; i++)
		if (strlen(faults_known[i].name) == size && !memcmp(faults_known[i].name, name, size))
			return &faults_known[i];
	return 0;
}

static int parse_argument(const struct fault *fault, const char *text, int32_t *value, char *problem)
{
	char *end;
	if (!fault->argument) {
		snprintf(problem, MU_FAULT_PROBLEM_SIZE, "fault %s takes no argument", fault->name);
		return MU_ERR_INVALID;
	}
	long number = strtol(text, &end, 10);
	if (end == text || *end) {
		snprintf(problem, MU_FAULT_PROBLEM_SIZE, "fault %s: \"%.20s\" is not a number", fault->name, text);
		return MU_ERR_INVALID;
	}
	if (number < fault->low || number > fault->high) {
		snprintf(problem, MU_FAULT_PROBLEM_SIZE, "fault %s: %.20s is not within %d..%d", fault->name, text, fault->low,
			fault->high);
		return MU_ERR_RANGE;
	}
	*value = (int32_t)number;
	return 0;
}

int mu_fault_add(struct mu_faults *faults, const char *text, char *problem)
{
	size_t size = strcspn(text, "=");
	const struct fault *fault = find(text, size);
	if (!fault) {
		snprintf(problem, MU_FAULT_PROBLEM_SIZE, "no fault is called \"%.*s\"; \"--fault help\" lists them",
			size < 40 ? (int)size : 40, text);
		return MU_ERR_NOT_FOUND;
	}
	int32_t value = fault->value;
	int err = text[size] ? parse_argument(fault, text + size + 1, &value, problem) : 0;
	if (err < 0)
		return err;
	memcpy((char *)faults + fault->offset, &value, sizeof value);
	if (faults->traits.hang_after_s != MU_TRAIT_UNSET)
		snprintf(faults->traits.hang_task, sizeof faults->traits.hang_task, "app");
	return 0;
}

void mu_fault_help(FILE *out)
{
	fprintf(out, "faults (--fault NAME or --fault NAME=ARGUMENT):\n");
	for (unsigned i = 0; i < FAULTS; i++) {
		const struct fault *fault = &faults_known[i];
		char usage[32], preset[32] = "";
		snprintf(usage, sizeof usage, "%s%s%s", fault->name, fault->argument ? "=" : "", fault->argument ? fault->argument : "");
		if (fault->argument)
			snprintf(preset, sizeof preset, " (default %d)", fault->value);
		fprintf(out, "  %-14s %s%s\n", usage, fault->help, preset);
	}
}
