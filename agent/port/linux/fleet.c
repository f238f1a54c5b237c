// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/fleet.h"
#include "agent/port/linux/dice.h"
#include "agent/port/linux/fault.h"
#include "agent/port/linux/spool_list.h"
#include "agent/port/linux/system.h"
#include "agent/port/linux/virtual_flash.h"
#include "proto/limits.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct member {
	char id[MU_ID_MAX + 1];
	struct mu_faults faults;
	struct mu_flash_image *flash;
	struct mu_device *device;
};

// A flash that several devices start from.
struct base {
	struct mu_traits traits;
	struct mu_flash_image *flash;
};

struct mu_fleet {
	struct mu_fleet_config config;
	char *problem; // of the call under way
	struct mu_dice dice;
	struct member *members; // config.count
	struct base bases[MU_FLEET_FAULTS_MAX + 1];
	unsigned base_count;
};

static int complain(struct mu_fleet *fleet, int err, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(fleet->problem, MU_FLEET_PROBLEM_SIZE, format, arguments);
	va_end(arguments);
	return err;
}

// ---- faults: "panic=20:3,17"

static int add_fault(struct mu_fleet *fleet, const char *item, const char *indices)
{
	char fault[64], problem[MU_FAULT_PROBLEM_SIZE];
	size_t size = (size_t)(indices - item);
	if (size >= sizeof fault)
		return complain(fleet, MU_ERR_INVALID, "%s: no fault has so long a name", item);
	memcpy(fault, item, size);
	fault[size] = 0;
	do {
		char *end;
		unsigned long index = strtoul(indices + 1, &end, 10);
		if (end == indices + 1 || (*end && *end != ',') || index < 1 || index > fleet->config.count)
			return complain(fleet, MU_ERR_RANGE, "%s: wants NAME[=N]:INDEX[,INDEX...] with indices from 1 to %u", item,
				fleet->config.count);
		int err = mu_fault_add(&fleet->members[index - 1].faults, fault, problem);
		if (err < 0)
			return complain(fleet, err, "%s: %s", item, problem);
		indices = end;
	} while (*indices);
	return 0;
}

static int add_faults(struct mu_fleet *fleet)
{
	for (unsigned i = 0; i < fleet->config.fault_count; i++) {
		const char *item = fleet->config.faults[i], *indices = strrchr(item, ':');
		int err = indices ? add_fault(fleet, item, indices)
				  : complain(fleet, MU_ERR_INVALID, "%s: wants NAME[=N]:INDEX[,INDEX...]", item);
		if (err < 0)
			return err;
	}
	return 0;
}

// ---- flashes

static int make_base(struct mu_fleet *fleet, struct base *base, const struct mu_traits *traits)
{
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	const struct mu_hardware *hardware = fleet->config.device.hardware ? fleet->config.device.hardware : mu_hardware_find(0);
	contents.images[contents.active_slot].traits = *traits;
	for (unsigned i = 0; i < MU_VIRTUAL_SLOTS; i++)
		contents.images[i].chip_id = hardware->chip_id;
	if (fleet->config.keys)
		contents.keys = *fleet->config.keys;
	base->traits = *traits;
	int err = mu_flash_open(&base->flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT });
	return err < 0 ? err : mu_virtual_flash_create(base->flash, &contents);
}

// The base with these traits, made if there is none yet. Null if it cannot be made.
static const struct mu_flash_image *find_base(struct mu_fleet *fleet, const struct mu_traits *traits)
{
	for (unsigned i = 0; i < fleet->base_count; i++)
		if (!memcmp(&fleet->bases[i].traits, traits, sizeof *traits))
			return fleet->bases[i].flash;
	if (fleet->base_count == sizeof fleet->bases / sizeof *fleet->bases)
		return 0;
	struct base *base = &fleet->bases[fleet->base_count++];
	return make_base(fleet, base, traits) < 0 ? 0 : base->flash;
}

static int open_flash(struct mu_fleet *fleet, struct member *member)
{
	char path[PATH_MAX];
	struct mu_flash_options options = { .base = find_base(fleet, &member->faults.traits), .create = true };
	if (!options.base)
		return complain(fleet, MU_ERR_NO_MEMORY, "%s: too many different faults", member->id);
	if (fleet->config.flash_dir) {
		snprintf(path, sizeof path, "%s/%s.flash", fleet->config.flash_dir, member->id);
		options.path = path;
	}
	int err = mu_flash_open(&member->flash, &options);
	if (err == MU_ERR_BUSY)
		return complain(fleet, err, "%s: another process runs on this flash", path);
	return err < 0 ? complain(fleet, err, "%s: %s", options.path ? path : member->id, mu_err_name(err)) : 0;
}

// ---- members

static int open_member(struct mu_fleet *fleet, struct member *member)
{
	struct mu_device_config config = fleet->config.device;
	int err = open_flash(fleet, member);
	if (err < 0)
		return err;
	config.flash = member->flash;
	config.world = member->faults.world;
	config.world.air.points = fleet->config.device.world.air.points;
	config.world.air.point_count = fleet->config.device.world.air.point_count;
	config.agent.id = member->id;
	config.seed = mu_dice_u64(&fleet->dice);
	err = mu_device_open(&member->device, &config);
	return err < 0 ? complain(fleet, err, "%s: %s", member->id, mu_err_name(err)) : 0;
}

static int name_members(struct mu_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->config.count; i++) {
		struct member *member = &fleet->members[i];
		member->faults = mu_faults_none();
		if (snprintf(member->id, sizeof member->id, "%s%04u", fleet->config.prefix, i + 1) >= (int)sizeof member->id)
			return complain(fleet, MU_ERR_SIZE, "%s: the prefix makes ids longer than %d characters", fleet->config.prefix,
				MU_ID_MAX);
		if (!mu_id_valid(member->id))
			return complain(fleet, MU_ERR_INVALID, "%s: an id is made of A-Z a-z 0-9 _ -", fleet->config.prefix);
	}
	return 0;
}

static int fill(struct mu_fleet *fleet)
{
	const char *dir = fleet->config.flash_dir;
	if (dir && mkdir(dir, 0755) < 0 && errno != EEXIST)
		return complain(fleet, MU_ERR_IO, "%s: %s", dir, strerror(errno));
	int err = name_members(fleet);
	if (!err)
		err = add_faults(fleet);
	for (uint32_t i = 0; !err && i < fleet->config.count; i++)
		err = open_member(fleet, &fleet->members[i]);
	return err;
}

int mu_fleet_open(struct mu_fleet **out, const struct mu_fleet_config *config, char *problem)
{
	*out = 0;
	struct mu_fleet *fleet = calloc(1, sizeof *fleet);
	if (fleet)
		fleet->members = calloc(config->count, sizeof *fleet->members);
	if (!fleet || !fleet->members) {
		free(fleet);
		snprintf(problem, MU_FLEET_PROBLEM_SIZE, "out of memory");
		return MU_ERR_NO_MEMORY;
	}
	fleet->config = *config;
	fleet->problem = problem;
	mu_dice_init(&fleet->dice, config->seed);
	int err = fill(fleet);
	if (err < 0) {
		mu_fleet_close(fleet);
		return err;
	}
	*out = fleet;
	return 0;
}

void mu_fleet_close(struct mu_fleet *fleet)
{
	if (!fleet)
		return;
	for (uint32_t i = 0; i < fleet->config.count; i++) {
		mu_device_close(fleet->members[i].device);
		mu_flash_close(fleet->members[i].flash);
	}
	for (unsigned i = 0; i < fleet->base_count; i++)
		mu_flash_close(fleet->bases[i].flash);
	free(fleet->members);
	free(fleet);
}

void mu_fleet_power_on(struct mu_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->config.count; i++) {
		uint64_t delay_ms = fleet->config.spread_ms ? mu_dice_u64(&fleet->dice) % fleet->config.spread_ms : 0;
		mu_device_power_on(fleet->members[i].device, (uint32_t)delay_ms);
	}
}

struct mu_fleet_counts mu_fleet_counts(const struct mu_fleet *fleet)
{
	struct mu_fleet_counts sum = { 0 };
	for (uint32_t i = 0; i < fleet->config.count; i++) {
		struct mu_device_counts one = mu_device_counts(fleet->members[i].device);
		sum.online += one.online;
		sum.sent += one.mqtt.publishes;
		sum.pubacked += one.mqtt.pubacks;
		sum.messages += one.mqtt.messages;
		sum.sessions += one.mqtt.sessions;
		sum.reconnects += one.mqtt.sessions ? one.mqtt.sessions - 1 : 0;
		sum.boots += one.boots;
		sum.resets += one.resets;
		sum.flash_bytes += mu_flash_memory_bytes(fleet->members[i].flash);
	}
	return sum;
}

const char *mu_fleet_problem(const struct mu_fleet *fleet)
{
	for (uint32_t i = 0; i < fleet->config.count; i++)
		if (mu_device_problem(fleet->members[i].device))
			return mu_device_problem(fleet->members[i].device);
	return 0;
}

int mu_fleet_list_spools(struct mu_fleet *fleet, FILE *out)
{
	for (uint32_t i = 0; i < fleet->config.count; i++) {
		int err = mu_spool_list(fleet->members[i].flash, fleet->members[i].id, out);
		if (err < 0)
			return err;
	}
	return 0;
}
