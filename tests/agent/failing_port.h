// SPDX-License-Identifier: Apache-2.0
// Any port, with the n-th call of one of its functions failing: for tests that fail every call once in each position.
//
// The list of functions below is the only place to extend when port.h grows. What is missing in it leaves a null in the tables, so that
// mu_port_check() names it, and failing_port_init() fails the test with that name.
// A function that returns nothing cannot fail; its calls are counted all the same.
// One at a time: the state is static. Not thread-safe.
#ifndef TESTS_AGENT_FAILING_PORT_H
#define TESTS_AGENT_FAILING_PORT_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stdint.h>

// F(table, function, type of the result, the result of a failure, parameters, arguments); V(table, function, parameters, arguments)
#define FAILING_CLOCK(F, V) \
	F(clock, wall_read, int, MU_ERR_IO, (void *c, uint64_t *wall_ms), (c, wall_ms)) \
	F(clock, wall_write, int, MU_ERR_IO, (void *c, uint64_t wall_ms), (c, wall_ms)) \
	F(clock, cpu_us, uint64_t, 0, (void *c), (c))
#define FAILING_SYSTEM(F, V) \
	F(system, reset_info, int, MU_ERR_IO, (void *c, struct mu_reset_info *out), (c, out)) \
	F(system, vitals, int, MU_ERR_IO, (void *c, struct mu_system_vitals *out), (c, out)) \
	F(system, retained, uint8_t *, forgotten(c, survives), (void *c, bool *survives), (c, survives)) \
	F(system, random, int, MU_ERR_IO, (void *c, void *out, size_t size), (c, out, size)) \
	V(system, restart, (void *c), (c)) \
	F(system, hardware, const char *, "", (void *c), (c)) \
	V(system, lock, (void *c), (c)) \
	V(system, unlock, (void *c), (c))
#define FAILING_WATCHDOG(F, V) \
	F(watchdog, arm, int, MU_ERR_IO, (void *c, uint32_t timeout_ms), (c, timeout_ms)) \
	V(watchdog, feed, (void *c), (c))
#define FAILING_FLASH(F, V) \
	F(flash, size, int64_t, MU_ERR_IO, (void *c, enum mu_partition part), (c, part)) \
	F(flash, read, int, MU_ERR_IO, (void *c, enum mu_partition part, uint32_t at, void *out, size_t size), (c, part, at, out, size)) \
	F(flash, erase, int, MU_ERR_IO, (void *c, enum mu_partition part, uint32_t at, size_t size), (c, part, at, size)) \
	F(flash, program, int, MU_ERR_IO, (void *c, enum mu_partition part, uint32_t at, const void *data, size_t size), \
		(c, part, at, data, size)) \
	F(flash, running_slot, int, MU_ERR_IO, (void *c), (c))
#define FAILING_KEYVALUE(F, V) \
	F(keyvalue, get, int, MU_ERR_IO, (void *c, const char *key, void *out, size_t size), (c, key, out, size)) \
	F(keyvalue, set, int, MU_ERR_IO, (void *c, const char *key, const void *value, size_t size), (c, key, value, size))
#define FAILING_LINK(F, V) \
	F(link, can, int, MU_ERR_IO, (void *c), (c)) \
	F(link, connect, int, MU_ERR_IO, (void *c, const struct mu_link_join *join), (c, join)) \
	F(link, disconnect, int, MU_ERR_IO, (void *c), (c)) \
	F(link, restart, int, MU_ERR_IO, (void *c), (c)) \
	F(link, scan, int, MU_ERR_IO, (void *c, const char *ssid), (c, ssid)) \
	F(link, scan_read, int, MU_ERR_IO, (void *c, struct mu_link_seen *out, size_t count), (c, out, count)) \
	F(link, serve, int, MU_ERR_IO, (void *c, const struct mu_link_own *own), (c, own)) \
	F(link, power_save, int, MU_ERR_IO, (void *c, bool on), (c, on)) \
	F(link, status, int, MU_ERR_IO, (void *c, struct mu_link_status *out), (c, out))
#define FAILING_SOCKET(F, V) \
	F(socket, limit, int, MU_ERR_IO, (void *c), (c)) \
	F(socket, list, int, MU_ERR_IO, (void *c, int *out, size_t count), (c, out, count)) \
	F(socket, configure, int, MU_ERR_IO, (void *c, int fd, const struct mu_socket_options *options), (c, fd, options)) \
	F(socket, check, int, MU_ERR_IO, (void *c, int fd), (c, fd)) \
	F(socket, look, int, MU_ERR_IO, (void *c, int fd, struct mu_socket_look *out), (c, fd, out)) \
	F(socket, shutdown, int, MU_ERR_IO, (void *c, int fd), (c, fd)) \
	F(socket, close, int, MU_ERR_IO, (void *c, int fd, bool abort), (c, fd, abort))
#define FAILING_UDP(F, V) \
	F(udp, request, int, MU_ERR_IO, (void *c, const char *host, uint16_t port, const void *data, size_t size), \
		(c, host, port, data, size)) \
	V(udp, close, (void *c), (c)) \
	F(udp, descriptor, int, MU_ERR_IO, (void *c), (c))
#define FAILING_MQTT(F, V) \
	F(mqtt, open, int, MU_ERR_IO, (void *c, const struct mu_mqtt_options *options), (c, options)) \
	V(mqtt, close, (void *c), (c)) \
	F(mqtt, subscribe, int, MU_ERR_IO, (void *c, const char *topic, int qos), (c, topic, qos)) \
	F(mqtt, publish, int, MU_ERR_IO, (void *c, const char *topic, const void *payload, size_t size, int qos), \
		(c, topic, payload, size, qos)) \
	F(mqtt, phases, int, MU_ERR_IO, (void *c, struct mu_mqtt_phases *out), (c, out)) \
	F(mqtt, descriptor, int, MU_ERR_IO, (void *c), (c))
#define FAILING_CRYPTO(F, V) \
	F(crypto, sha256_start, int, MU_ERR_IO, (void *c, void *state), (c, state)) \
	F(crypto, sha256_update, int, MU_ERR_IO, (void *c, void *state, const void *data, size_t size), (c, state, data, size)) \
	F(crypto, sha256_finish, int, MU_ERR_IO, (void *c, void *state, uint8_t digest[MU_SHA256_BYTES]), (c, state, digest)) \
	F(crypto, verify_p256, int, MU_ERR_IO, \
		(void *c, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature, size_t size), \
		(c, point, digest, signature, size))
#define FAILING_LOG(F, V) V(log, write, (void *c, int level, const char *line), (c, level, line))

#define FAILING_ALL(F, V) \
	FAILING_CLOCK(F, V) \
	FAILING_SYSTEM(F, V) \
	FAILING_WATCHDOG(F, V) \
	FAILING_FLASH(F, V) \
	FAILING_KEYVALUE(F, V) \
	FAILING_LINK(F, V) \
	FAILING_SOCKET(F, V) \
	FAILING_UDP(F, V) \
	FAILING_MQTT(F, V) \
	FAILING_CRYPTO(F, V) \
	FAILING_LOG(F, V)

enum failing_call {
#define FAILING_NAME(table, function, ...) FAILING_##table##_##function,
	FAILING_ALL(FAILING_NAME, FAILING_NAME) FAILING_CALLS
#undef FAILING_NAME
};

// Wraps inner, which must outlive the wrapped port, as must *now_ms; nothing fails. Returns the port to hand to the agent.
const struct mu_port *failing_port_init(const struct mu_port *inner, const uint64_t *now_ms);

// From now on the n-th call (from 1) of this function fails, once; calls are counted from 0 again.
void failing_port_arm(enum failing_call call, uint64_t n);

bool failing_port_hit(void); // it has failed
uint64_t failing_port_hit_ms(void); // when
uint64_t failing_port_calls(enum failing_call call); // since the last arming
const char *failing_port_name(enum failing_call call); // "flash.erase"
bool failing_port_can_fail(enum failing_call call);

#endif
