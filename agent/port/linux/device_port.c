// SPDX-License-Identifier: Apache-2.0
// The port's tables, over the parts of a virtual device.
#include "agent/port/linux/crypto.h"
#include "agent/port/linux/device_state.h"

// ---- clock

static int wall_read(void *context, uint64_t *wall_ms)
{
	struct mu_device *device = context;
	return mu_virtual_rtc_read(&device->rtc, device->now_ms, wall_ms);
}

static int wall_write(void *context, uint64_t wall_ms)
{
	struct mu_device *device = context;
	mu_virtual_rtc_write(&device->rtc, device->now_ms, wall_ms);
	return 0;
}

static uint64_t cpu_us(void *context)
{
	(void)context;
	return mu_thread_cpu_us();
}

static const struct mu_clock_port clock_port = { .wall_read = wall_read, .wall_write = wall_write, .cpu_us = cpu_us };

// ---- system

static int reset_info(void *context, struct mu_reset_info *out)
{
	*out = ((struct mu_device *)context)->system.reset;
	return 0;
}

static int vitals(void *context, struct mu_system_vitals *out)
{
	struct mu_device *device = context;
	// A connection costs from its handshake on, a TLS session from the end of its own.
	enum mu_mqtt_state state = device->mqtt.state;
	mu_virtual_system_sockets(&device->system, state > MU_MQTT_TCP, device->mqtt.tls_used && state > MU_MQTT_TLS);
	mu_virtual_system_vitals(&device->system, device->now_ms, out);
	struct mu_flash_statistics flash = mu_flash_statistics(device->config.flash);
	out->has_flash = true;
	out->flash_erases = (uint32_t)(flash.erases - device->flash_at_boot.erases);
	out->flash_written_bytes = (uint32_t)(flash.programmed_bytes - device->flash_at_boot.programmed_bytes);
	return 0;
}

static uint8_t *retained(void *context, bool *survives)
{
	*survives = true;
	return ((struct mu_device *)context)->system.retained;
}

static int random_bytes(void *context, void *out, size_t size)
{
	(void)context;
	return mu_crypto_random(out, size);
}

static void restart(void *context)
{
	((struct mu_device *)context)->restart_asked = true;
}

static const char *hardware(void *context)
{
	return ((struct mu_device *)context)->system.hardware->revision;
}

static void lock(void *context)
{
	pthread_mutex_lock(&((struct mu_device *)context)->lock);
}

static void unlock(void *context)
{
	pthread_mutex_unlock(&((struct mu_device *)context)->lock);
}

static const struct mu_system_port system_port = {
	.reset_info = reset_info,
	.vitals = vitals,
	.retained = retained,
	.random = random_bytes,
	.restart = restart,
	.hardware = hardware,
	.lock = lock,
	.unlock = unlock,
};

// ---- watchdog

static int watchdog_arm(void *context, uint32_t timeout_ms)
{
	struct mu_device *device = context;
	return mu_virtual_watchdog_arm(&device->watchdog, device->now_ms, timeout_ms);
}

static void watchdog_feed(void *context)
{
	struct mu_device *device = context;
	mu_virtual_watchdog_feed(&device->watchdog, device->now_ms);
}

static const struct mu_watchdog_port watchdog_port = { .arm = watchdog_arm, .feed = watchdog_feed };

// ---- flash, keyvalue

static int64_t flash_size(void *context, enum mu_partition part)
{
	return mu_flash_partitions_size(&((struct mu_device *)context)->partitions, part);
}

static int flash_read(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size)
{
	return mu_flash_partitions_read(&((struct mu_device *)context)->partitions, part, offset, out, size);
}

static int flash_erase(void *context, enum mu_partition part, uint32_t offset, size_t size)
{
	return mu_flash_partitions_erase(&((struct mu_device *)context)->partitions, part, offset, size);
}

static int flash_program(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size)
{
	return mu_flash_partitions_program(&((struct mu_device *)context)->partitions, part, offset, data, size);
}

static int running_slot(void *context)
{
	return ((struct mu_device *)context)->slot;
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
	return mu_keyvalue_get(&((struct mu_device *)context)->keyvalue, key, out, size);
}

static int keyvalue_set(void *context, const char *key, const void *value, size_t size)
{
	return mu_keyvalue_set(&((struct mu_device *)context)->keyvalue, key, value, size);
}

static const struct mu_keyvalue_port keyvalue_port = { .get = keyvalue_get, .set = keyvalue_set };

// ---- link

static int link_can(void *context)
{
	(void)context;
	return mu_virtual_link_can();
}

static int link_connect(void *context, const struct mu_link_join *join)
{
	struct mu_device *device = context;
	mu_virtual_link_connect(&device->link, join, device->now_ms);
	return 0;
}

static int link_disconnect(void *context)
{
	mu_virtual_link_disconnect(&((struct mu_device *)context)->link);
	return 0;
}

static int link_restart(void *context)
{
	struct mu_device *device = context;
	mu_virtual_link_restart(&device->link, device->now_ms);
	return 0;
}

static int link_scan(void *context, const char *ssid)
{
	struct mu_device *device = context;
	mu_virtual_link_scan(&device->link, ssid, device->now_ms);
	return 0;
}

static int link_scan_read(void *context, struct mu_link_seen *out, size_t count)
{
	struct mu_device *device = context;
	return mu_virtual_link_scan_read(&device->link, out, count, device->now_ms);
}

static int link_serve(void *context, const struct mu_link_own *own)
{
	struct mu_device *device = context;
	return mu_virtual_link_serve(&device->link, own, device->now_ms);
}

static int link_power_save(void *context, bool on)
{
	struct mu_device *device = context;
	mu_virtual_link_power_save(&device->link, on, device->now_ms);
	return 0;
}

static int link_status(void *context, struct mu_link_status *out)
{
	struct mu_device *device = context;
	mu_virtual_link_status(&device->link, device->now_ms, out);
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

// ---- sockets, udp

static int socket_limit(void *context)
{
	(void)context;
	return MU_SOCKETS_LIMIT;
}

static int socket_list(void *context, int *out, size_t count)
{
	return mu_virtual_sockets_list(&((struct mu_device *)context)->sockets, out, count);
}

static int socket_configure(void *context, int descriptor, const struct mu_socket_options *options)
{
	return mu_virtual_sockets_configure(&((struct mu_device *)context)->sockets, descriptor, options);
}

// Behind a silent link nobody can tell what has become of the peer, whatever the kernel knows.
static int socket_check(void *context, int descriptor)
{
	int state = mu_virtual_sockets_check(descriptor);
	return state == MU_ERR_NOT_FOUND || mu_virtual_link_carries(&((struct mu_device *)context)->link) ? state : 0;
}

static int socket_look(void *context, int descriptor, struct mu_socket_look *out)
{
	(void)context;
	return mu_virtual_sockets_look(descriptor, out);
}

static int socket_shutdown(void *context, int descriptor)
{
	(void)context;
	return mu_virtual_sockets_shutdown(descriptor);
}

static int socket_close(void *context, int descriptor, bool abort)
{
	(void)context;
	return mu_virtual_sockets_close(descriptor, abort);
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

static int udp_request(void *context, const char *host, uint16_t port, const void *data, size_t size)
{
	struct mu_device *device = context;
	mu_udp_set_silent(&device->udp, !mu_virtual_link_carries(&device->link));
	return mu_udp_request(&device->udp, host, port, data, size);
}

static void udp_close(void *context)
{
	mu_udp_close(&((struct mu_device *)context)->udp);
}

static int udp_descriptor(void *context)
{
	int fd = ((struct mu_device *)context)->udp.fd;
	return fd < 0 ? MU_ERR_NOT_FOUND : fd;
}

static const struct mu_udp_port udp_port = { .request = udp_request, .close = udp_close, .descriptor = udp_descriptor };

// ---- mqtt

static int mqtt_open(void *context, const struct mu_mqtt_options *options)
{
	struct mu_device *device = context;
	mu_mqtt_set_silent(&device->mqtt, !mu_virtual_link_carries(&device->link));
	mu_mqtt_set_names(&device->mqtt, mu_virtual_link_resolves(&device->link));
	return mu_mqtt_open(&device->mqtt, options);
}

static void mqtt_close(void *context)
{
	mu_mqtt_close(&((struct mu_device *)context)->mqtt);
}

static int mqtt_subscribe(void *context, const char *topic, int qos)
{
	return mu_mqtt_subscribe(&((struct mu_device *)context)->mqtt, topic, qos);
}

static int mqtt_publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	return mu_mqtt_publish(&((struct mu_device *)context)->mqtt, topic, payload, size, qos);
}

static int mqtt_phases(void *context, struct mu_mqtt_phases *out)
{
	return mu_mqtt_phases(&((struct mu_device *)context)->mqtt, out);
}

static int mqtt_descriptor(void *context)
{
	return mu_mqtt_descriptor(&((struct mu_device *)context)->mqtt);
}

static const struct mu_mqtt_port mqtt_port = {
	.open = mqtt_open,
	.close = mqtt_close,
	.subscribe = mqtt_subscribe,
	.publish = mqtt_publish,
	.phases = mqtt_phases,
	.descriptor = mqtt_descriptor,
};

// ---- log

static void log_write(void *context, int level, const char *line)
{
	mu_virtual_log_write(&((struct mu_device *)context)->log, level, line);
}

static const struct mu_log_port log_port = { .write = log_write };

const struct mu_port mu_device_port = {
	.clock = &clock_port,
	.system = &system_port,
	.watchdog = &watchdog_port,
	.flash = &flash_port,
	.keyvalue = &keyvalue_port,
	.link = &link_port,
	.socket = &socket_port,
	.udp = &udp_port,
	.mqtt = &mqtt_port,
	.crypto = &mu_crypto_openssl,
	.log = &log_port,
};
