// SPDX-License-Identifier: Apache-2.0
// The port's tables, over the parts of a simulated device. Each call that may fail on hardware fails here now and then.
#include "agent/port/linux/crypto.h"
#include "proto/limits.h"
#include "tests/sim/operator.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sntp.h"
#include "tests/sim/world.h"
#include <stdio.h>
#include <string.h>

static struct sim_world *world_of(const void *context)
{
	return ((const struct sim_device *)context)->world;
}

static uint64_t now_of(const void *context)
{
	return world_of(context)->now_ms;
}

static bool fails(void *context, enum sim_port_call call)
{
	return sim_fault_port(context, call);
}

// ---- clock

static int wall_read(void *context, uint64_t *wall_ms)
{
	struct sim_device *device = context;
	return fails(context, SIM_CALL_OTHER) ? MU_ERR_IO : mu_virtual_rtc_read(&device->rtc, now_of(context), wall_ms);
}

static int wall_write(void *context, uint64_t wall_ms)
{
	if (fails(context, SIM_CALL_OTHER))
		return MU_ERR_IO;
	mu_virtual_rtc_write(&((struct sim_device *)context)->rtc, now_of(context), wall_ms);
	return 0;
}

static uint64_t cpu_us(void *context)
{
	return ((struct sim_device *)context)->cpu_us += 37;
}

static const struct mu_clock_port clock_port = { .wall_read = wall_read, .wall_write = wall_write, .cpu_us = cpu_us };

// ---- system

static int reset_info(void *context, struct mu_reset_info *out)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_RESET_INFO))
		return MU_ERR_IO;
	*out = device->chip.reset;
	return 0;
}

static int vitals(void *context, struct mu_system_vitals *out)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_OTHER))
		return MU_ERR_IO;
	sim_chip_vitals(&device->chip, now_of(context), out);
	struct mu_flash_statistics flash = mu_flash_statistics(device->flash);
	out->has_flash = true;
	out->flash_erases = (uint32_t)(flash.erases - device->flash_at_boot.erases);
	out->flash_written_bytes = (uint32_t)(flash.programmed_bytes - device->flash_at_boot.programmed_bytes);
	return 0;
}

static uint8_t *retained(void *context, bool *survives)
{
	*survives = true;
	return ((struct sim_device *)context)->chip.retained;
}

static int random_bytes(void *context, void *out, size_t size)
{
	uint8_t *bytes = out;
	if (fails(context, SIM_CALL_RANDOM))
		return MU_ERR_IO;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(mu_dice_u64(&world_of(context)->dice) >> 32);
	return 0;
}

static void restart(void *context)
{
	((struct sim_device *)context)->restart_asked = true;
}

static const char *hardware(void *context)
{
	return ((struct sim_device *)context)->chip.rich ? "esp32s3-0.2" : "esp32c3-0.4";
}

static void lock(void *context)
{
	(void)context; // one thread
}

static const struct mu_system_port system_port = {
	.reset_info = reset_info,
	.vitals = vitals,
	.retained = retained,
	.random = random_bytes,
	.restart = restart,
	.hardware = hardware,
	.lock = lock,
	.unlock = lock,
};

// ---- watchdog

static int watchdog_arm(void *context, uint32_t timeout_ms)
{
	return mu_virtual_watchdog_arm(&((struct sim_device *)context)->watchdog, now_of(context), timeout_ms);
}

static void watchdog_feed(void *context)
{
	mu_virtual_watchdog_feed(&((struct sim_device *)context)->watchdog, now_of(context));
}

static const struct mu_watchdog_port watchdog_port = { .arm = watchdog_arm, .feed = watchdog_feed };

// ---- flash, keyvalue: where the power can go

static int64_t flash_size(void *context, enum mu_partition part)
{
	return mu_flash_partitions_size(&((struct sim_device *)context)->partitions, part);
}

static int flash_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	if (fails(context, SIM_CALL_READ))
		return MU_ERR_IO;
	return mu_flash_partitions_read(&((struct sim_device *)context)->partitions, part, offset, out, size);
}

// What the operation was, in case that it was the last one.
static int survived(struct sim_device *device, int result, const char *what, enum mu_partition part, uint32_t offset)
{
	static const char *const names[] = { "otadata", "boot", "journal", "spool", "keys", "slot 0", "slot 1", "key-value" };
	if (mu_flash_has_power(device->flash))
		return result;
	snprintf(device->sector_text, sizeof device->sector_text, "%s of %s sector %u", what, names[part], offset / MU_SECTOR_BYTES);
	sim_device_power_lost(device);
	return MU_ERR_IO;
}

static int flash_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_WRITE))
		return MU_ERR_IO;
	return survived(device, mu_flash_partitions_erase(&device->partitions, part, offset, size), "erase", part, offset);
}

static int flash_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_WRITE))
		return MU_ERR_IO;
	return survived(device, mu_flash_partitions_program(&device->partitions, part, offset, data, size), "write", part, offset);
}

static int running_slot(void *context)
{
	return ((struct sim_device *)context)->slot;
}

static const struct mu_flash_port flash_port = {
	.size = flash_size,
	.read = flash_read,
	.erase = flash_erase,
	.program = flash_program,
	.running_slot = running_slot,
};

static int keyvalue_get(void *context, const char *key, void *out, size_t size)
{
	if (fails(context, SIM_CALL_KEYVALUE) || fails(context, SIM_CALL_KEYVALUE_GET))
		return MU_ERR_IO;
	return mu_keyvalue_get(&((struct sim_device *)context)->keyvalue, key, out, size);
}

static int keyvalue_set(void *context, const char *key, const void *value, size_t size)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_KEYVALUE))
		return MU_ERR_IO;
	return survived(device, mu_keyvalue_set(&device->keyvalue, key, value, size), "set", MU_PART_COUNT, 0);
}

static const struct mu_keyvalue_port keyvalue_port = { .get = keyvalue_get, .set = keyvalue_set };

// ---- link

static int link_can(void *context)
{
	(void)context;
	return MU_LINK_CAN_STATION | MU_LINK_CAN_ACCESS_POINT | MU_LINK_CAN_BOTH | MU_LINK_CAN_WPA3;
}

static int link_connect(void *context, const struct mu_link_join *join)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_OTHER))
		return MU_ERR_IO;
	sim_say(device->world, device->id, "joins \"%s\"", join->ssid);
	sim_cadence_join(device, join->ssid);
	sim_claims_acts(device);
	return sim_radio_connect(&device->radio, join, now_of(context));
}

static int link_disconnect(void *context)
{
	sim_claims_acts(context);
	return sim_radio_disconnect(&((struct sim_device *)context)->radio, now_of(context));
}

static int link_restart(void *context)
{
	struct sim_device *device = context;
	sim_say(device->world, device->id, "restarts the radio");
	sim_claims_acts(device);
	return sim_radio_restart(&device->radio, now_of(context));
}

static int link_scan(void *context, const char *ssid)
{
	struct sim_device *device = context;
	if (fails(context, SIM_CALL_OTHER))
		return MU_ERR_IO;
	sim_say(device->world, device->id, "scans");
	sim_claims_acts(device);
	return sim_radio_scan(&device->radio, ssid, now_of(context));
}

static int link_scan_read(void *context, struct mu_link_seen *out, size_t count)
{
	return sim_radio_scan_read(&((struct sim_device *)context)->radio, out, count);
}

static int link_serve(void *context, const struct mu_link_own *own)
{
	struct sim_device *device = context;
	device->radio.serving = own != 0;
	sim_say(device->world, device->id, own ? "opens its own access point" : "closes its own access point");
	return 0;
}

static int link_power_save(void *context, bool on)
{
	((struct sim_device *)context)->radio.power_save = on;
	return 0;
}

static int link_status(void *context, struct mu_link_status *out)
{
	sim_radio_status(&((struct sim_device *)context)->radio, now_of(context), out);
	return 0;
}

static const struct mu_link_port link_port = {
	.can = link_can,
	.connect = link_connect,
	.disconnect = link_disconnect,
	.restart = link_restart,
	.scan = link_scan,
	.scan_read = link_scan_read,
	.serve = link_serve,
	.power_save = link_power_save,
	.status = link_status,
};

// ---- sockets: one for the session (its connection's number, within 0..7), and the orphans above it

enum { ORPHAN = 8 };

static int own_descriptor(const struct sim_device *device)
{
	return (int)(device->client.serial % ORPHAN);
}

static bool is_open(const struct sim_device *device, int descriptor)
{
	if (descriptor < ORPHAN)
		return descriptor == own_descriptor(device) && device->client.state != SIM_CLIENT_CLOSED;
	return descriptor < ORPHAN + (int)device->chip.orphans;
}

static int socket_limit(void *context)
{
	(void)context;
	return SIM_SOCKETS;
}

static int socket_list(void *context, int *out, size_t count)
{
	const struct sim_device *device = context;
	int found = 0;
	for (int descriptor = 0; descriptor < ORPHAN + SIM_SOCKETS; descriptor++)
		if (is_open(device, descriptor) && (size_t)found++ < count)
			out[found - 1] = descriptor;
	return found;
}

static int socket_configure(void *context, int descriptor, const struct mu_socket_options *options)
{
	struct sim_device *device = context;
	if (!is_open(device, descriptor))
		return MU_ERR_NOT_FOUND;
	if (descriptor < ORPHAN)
		device->client.options = *options;
	return 0;
}

static int socket_check(void *context, int descriptor)
{
	return is_open(context, descriptor) ? 0 : MU_ERR_NOT_FOUND;
}

static int socket_look(void *context, int descriptor, struct mu_socket_look *out)
{
	const struct sim_device *device = context;
	if (!is_open(device, descriptor))
		return MU_ERR_NOT_FOUND;
	*out = (struct mu_socket_look){ .identity = (uint32_t)descriptor + 1 };
	if (descriptor < ORPHAN)
		*out = (struct mu_socket_look){ .identity = (uint32_t)device->client.serial + ORPHAN * 2,
			.pending = device->client.lost && !device->client.deaf,
			.progress = device->client.heard };
	return 0;
}

static int socket_shutdown(void *context, int descriptor)
{
	return is_open(context, descriptor) ? 0 : MU_ERR_NOT_FOUND;
}

static void close_session(struct sim_device *device)
{
	sim_flow_closes(device);
	sim_claims_acts(device);
	sim_cadence_closes(device);
	sim_client_close(device->world, device);
}

static int socket_close(void *context, int descriptor, bool abort_it)
{
	struct sim_device *device = context;
	(void)abort_it;
	if (!is_open(device, descriptor))
		return MU_ERR_NOT_FOUND;
	if (descriptor < ORPHAN)
		close_session(device);
	else
		device->chip.orphans--;
	return 0;
}

static const struct mu_socket_port socket_port = {
	.limit = socket_limit,
	.list = socket_list,
	.configure = socket_configure,
	.check = socket_check,
	.look = socket_look,
	.shutdown = socket_shutdown,
	.close = socket_close,
};

// ---- udp

static int udp_request(void *context, const char *host, uint16_t port, const void *data, size_t size)
{
	(void)host, (void)port;
	return fails(context, SIM_CALL_OTHER) ? MU_ERR_IO : sim_sntp_request(context, data, size);
}

static void udp_close(void *context)
{
	((struct sim_device *)context)->udp_serial = 0;
}

static int udp_descriptor(void *context)
{
	(void)context;
	return MU_ERR_NOT_FOUND; // the model's requests take no socket
}

static const struct mu_udp_port udp_port = { .request = udp_request, .close = udp_close, .descriptor = udp_descriptor };

// ---- mqtt

static int mqtt_open(void *context, const struct mu_mqtt_options *options)
{
	sim_cadence_open(context);
	return fails(context, SIM_CALL_OTHER) ? MU_ERR_IO : sim_client_open(world_of(context), context, options);
}

static void mqtt_close(void *context)
{
	close_session(context);
}

static int mqtt_subscribe(void *context, const char *topic, int qos)
{
	return fails(context, SIM_CALL_OTHER) ? MU_ERR_IO : sim_client_subscribe(world_of(context), context, topic, qos);
}

static int mqtt_publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	if (fails(context, SIM_CALL_OTHER))
		return MU_ERR_IO;
	int id = sim_client_publish(world_of(context), context, topic, payload, size, qos);
	if (id > 0)
		sim_oracle_sent(context, topic, payload, size, id);
	return id;
}

static int mqtt_phases(void *context, struct mu_mqtt_phases *out)
{
	const struct sim_device *device = context;
	*out = device->client.phases;
	return device->client.has_phases ? 0 : MU_ERR_NOT_FOUND;
}

static int mqtt_descriptor(void *context)
{
	const struct sim_device *device = context;
	return device->client.state == SIM_CLIENT_CLOSED ? MU_ERR_NOT_FOUND : own_descriptor(device);
}

static const struct mu_mqtt_port mqtt_port = {
	.open = mqtt_open,
	.close = mqtt_close,
	.subscribe = mqtt_subscribe,
	.publish = mqtt_publish,
	.phases = mqtt_phases,
	.descriptor = mqtt_descriptor,
};

// ---- crypto: hashes are real, so images verify; a signature is SHA-256(point || digest), so that a seed decides all (operator.c)

static int verify_p256(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature, size_t size)
{
	uint8_t right[MU_SHA256_BYTES];
	(void)context;
	sim_sign(point, digest, right);
	return size == sizeof right && !memcmp(signature, right, sizeof right) ? 0 : MU_ERR_AUTH;
}

static const struct mu_crypto_port crypto_port = {
	.sha256_start = mu_crypto_sha256_start,
	.sha256_update = mu_crypto_sha256_update,
	.sha256_finish = mu_crypto_sha256_finish,
	.verify_p256 = verify_p256,
};

// ---- log

static void log_write(void *context, int level, const char *line)
{
	struct sim_device *device = context;
	sim_say(device->world, device->id, "log %d: %s", level, line);
}

static const struct mu_log_port log_port = { .write = log_write };

const struct mu_port sim_port = {
	.clock = &clock_port,
	.system = &system_port,
	.watchdog = &watchdog_port,
	.flash = &flash_port,
	.keyvalue = &keyvalue_port,
	.link = &link_port,
	.socket = &socket_port,
	.udp = &udp_port,
	.mqtt = &mqtt_port,
	.crypto = &crypto_port,
	.log = &log_port,
};
