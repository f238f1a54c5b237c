// SPDX-License-Identifier: Apache-2.0
// A port for tests of the agent: everything in RAM, deterministic, every fault on request.
//
//   struct fake_port fake;
//   fake_port_init(&fake, 1);                                  // seed of its random numbers
//   fake_port_partition(&fake, MU_PART_SPOOL, 32);             // sectors; all partitions are absent until sized
//   ... &fake.port ...
//   fake_port_free(&fake);
//
// Power: cut_at = n lets the n-th durable operation from then on (erase, program or key-value set, counted from 1) take effect only in
// part, as `tear` says, and fails everything after it, as if the power were off; throw the module's RAM away, call
// fake_port_power_on() and open it again. Faults: fail_at, fail_count make calls of one kind fail with MU_ERR_IO and change nothing.
// The caller sets the public fields directly. Not thread-safe.
#ifndef TESTS_AGENT_FAKE_PORT_H
#define TESTS_AGENT_FAKE_PORT_H
#include "agent/port/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FAKE_PUBLISHES_MAX = 64,
	FAKE_KEYS_MAX = 16,
	FAKE_SIGNATURE_BYTES = MU_SHA256_BYTES,
};

// How much of the operation that is cut takes effect.
enum fake_tear {
	FAKE_TEAR_NOTHING, // cut before it
	FAKE_TEAR_HALF, // the first half of the bytes
	FAKE_TEAR_BITS, // the first half, and of the byte and of all behind it random bits
	FAKE_TEAR_LATE, // erase: only the second half; program: all but the last byte
	FAKE_TEAR_ALL, // all of it, but the caller never hears
	FAKE_TEAR_COUNT,
	FAKE_TEAR_AT = FAKE_TEAR_COUNT, // the first tear_at bytes, and of the next one random bits
};

enum fake_call { FAKE_CALL_READ, FAKE_CALL_ERASE, FAKE_CALL_PROGRAM, FAKE_CALL_GET, FAKE_CALL_SET, FAKE_CALL_RANDOM, FAKE_CALL_COUNT };

struct fake_publish {
	char topic[MU_TOPIC_MAX];
	uint8_t *payload; // a copy, the fake's
	size_t size;
	int qos;
	int id; // as returned
};

struct fake_key {
	char key[MU_KV_KEY_MAX + 1];
	uint8_t value[MU_KV_VALUE_MAX];
	size_t size;
};

struct fake_port {
	struct mu_port port; // what the module under test gets

	// flash
	uint8_t *flash[MU_PART_COUNT];
	size_t flash_bytes[MU_PART_COUNT];
	int running_slot;
	uint64_t rule_violations; // a program that would have set a bit
	uint64_t bytes_programmed;
	uint64_t calls[FAKE_CALL_COUNT]; // of each kind, since init
	uint64_t erases_by_sector[64]; // of MU_PART_SPOOL

	// faults
	uint64_t operations; // durable ones since init
	uint64_t cut_at; // 0: never; compared with `operations`
	enum fake_tear tear;
	size_t tear_at; // FAKE_TEAR_AT
	size_t cut_bytes; // of the operation that was cut last
	bool power_off; // set by a cut
	uint64_t fail_at[FAKE_CALL_COUNT]; // the n-th call of this kind (compared with `calls`) fails, 0: none
	uint64_t fail_count[FAKE_CALL_COUNT]; // so many from there on; 0 is taken as 1

	// key-value
	struct fake_key keys[FAKE_KEYS_MAX];

	// system
	uint64_t random_state;
	_Alignas(8) uint8_t retained[MU_RETAINED_BYTES];
	struct mu_reset_info reset_info;
	struct mu_system_vitals vitals;
	unsigned restarts;
	int lock_depth;
	int watchdog_result; // of arm
	uint32_t watchdog_timeout_ms;
	unsigned watchdog_feeds;

	// clock
	int wall_result; // of wall_read
	uint64_t wall_ms;
	uint64_t cpu_us;

	// link
	int link_can; // bits of enum mu_link_can
	int link_result; // of connect, disconnect, restart, scan, serve and power_save
	unsigned link_connects, link_disconnects, link_restarts, link_scans, link_serves;
	struct mu_link_join link_join; // of the last connect
	char link_scanned[MU_SSID_MAX + 1]; // of the last scan; "": all
	struct mu_link_seen link_seen[16]; // what scan_read gives
	size_t link_seen_count;
	struct mu_link_own link_own; // being served
	bool link_serving, link_awake; // awake: power save is off
	struct mu_link_status link_status;

	// sockets: descriptors 0..15
	int socket_limit;
	int socket_result; // of configure, look, shutdown and close
	int socket_state[16]; // what check gives; MU_ERR_NOT_FOUND: not open
	struct mu_socket_options socket_options[16];
	struct mu_socket_look socket_look[16];
	unsigned socket_shutdowns, socket_closes, socket_aborts;

	// udp
	int udp_result; // of request
	int udp_descriptor; // of the request under way; MU_ERR_NOT_FOUND until set
	unsigned udp_requests, udp_closes;
	char udp_host[64]; // of the last request
	uint16_t udp_port;
	uint8_t udp_payload[64];
	size_t udp_size;

	// mqtt
	int mqtt_result; // of open, subscribe and publish; 0: works
	unsigned mqtt_opens, mqtt_closes, mqtt_subscribes;
	char mqtt_uri[128], mqtt_client_id[MU_ID_MAX + 1], mqtt_will_topic[MU_TOPIC_MAX], mqtt_will_payload[32];
	char mqtt_subscribed[8][MU_TOPIC_MAX]; // the first ones
	struct mu_mqtt_phases mqtt_phases;
	uint64_t mqtt_trusted_wall_ms; // of the last open
	int mqtt_descriptor; // MU_ERR_NOT_FOUND until set; then a socket of that number is opened and closed with the session
	bool mqtt_leaks; // close leaves the socket open
	struct fake_publish publishes[FAKE_PUBLISHES_MAX]; // a ring: number i is at i % FAKE_PUBLISHES_MAX
	unsigned published; // how many ever
	int next_message_id;

	// log
	unsigned log_lines;
	int log_level;
	char log_last[256];
};

void fake_port_init(struct fake_port *fake, uint64_t seed);
void fake_port_free(struct fake_port *fake);
// Makes (or makes anew) a partition of blank flash.
void fake_port_partition(struct fake_port *fake, enum mu_partition part, unsigned sectors);
// The power is back after a cut: retained memory is garbage, faults are disarmed.
void fake_port_power_on(struct fake_port *fake);
// From now on, the n-th durable operation is cut.
void fake_port_cut(struct fake_port *fake, uint64_t after_operations, enum fake_tear tear);
// The n-th call of a kind from now on fails, and count - 1 after it.
void fake_port_fail(struct fake_port *fake, enum fake_call call, uint64_t after_calls, uint64_t count);
uint64_t fake_port_random(struct fake_port *fake);
// The newest publish, or the n-th before it. Null if there is none.
const struct fake_publish *fake_port_publish(const struct fake_port *fake, unsigned back);

// The fake's crypto is no crypto: its digest is 32 bytes of mixed FNV-1a, and a signature is good if it is the digest of
// point || digest. This makes one.
void fake_port_digest(const void *data, size_t size, uint8_t digest[MU_SHA256_BYTES]);
void fake_port_sign(const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], uint8_t signature[FAKE_SIGNATURE_BYTES]);

#endif
