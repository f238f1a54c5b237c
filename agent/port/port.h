// SPDX-License-Identifier: Apache-2.0
// The seam between the portable agent and whatever it runs on: const tables of functions, one table a concern.
//
// A port fills every table; a missing function does not compile (ports build their tables with designated initialisers and
// mu_port_check() refuses a null one at init, by name). A port without a capability returns MU_ERR_UNSUPPORTED; the core copes.
// Calls return at once (flash: within one sector erase, about 40 ms); what takes longer comes back as an event (agent.h).
// Each function gets `context` first. All are called from the thread that steps the agent, except lock/unlock.
// Memory: pointers handed in are not kept beyond the call unless said so. Errors: 0 or a count, negative enum mu_err (image/err.h).
#ifndef MU_PORT_H
#define MU_PORT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/image/err.h"

enum {
	MU_SECTOR_BYTES = 4096, // erase unit of the flash
	MU_RETAINED_BYTES = 1024, // of memory that outlives a reset
	MU_ID_MAX = 32, // device id, without the NUL
	MU_SHA_BYTES = 8, // prefix of an ELF SHA-256 that identifies a build
	MU_TOPIC_MAX = 64,
	MU_NAME_MAX = 16, // task, token, metric and tag names, with the NUL
	MU_FIRMWARE_MAX = 32, // version string, with the NUL
	MU_BACKTRACE_MAX = 16,
};

// ---- clock: wall time only. Monotonic time is handed to mu_agent_step().
struct mu_clock_port {
	// Unix milliseconds kept by an RTC through resets. MU_ERR_NOT_FOUND if it was never set.
	int (*wall_read)(void *context, uint64_t *wall_ms);
	int (*wall_write)(void *context, uint64_t wall_ms);
	// Free-running microseconds, for measuring the agent's own cost; wraps as it likes. 0 if there is none.
	uint64_t (*cpu_us)(void *context);
};

// What the hardware and the panic handler know about the last reset.
struct mu_reset_info {
	uint32_t reset_raw; // esp_reset_reason_t
	uint32_t rom_reason[2]; // core 0 and 1; 0 if there is no such core
	bool has_crash; // the fields below are set
	char task[MU_NAME_MAX]; // NUL-terminated
	uint32_t pc;
	uint32_t backtrace[MU_BACKTRACE_MAX];
	uint32_t backtrace_count;
};

struct mu_system_vitals {
	uint32_t heap_free_bytes, heap_min_bytes, heap_largest_bytes; // internal RAM
	bool has_psram;
	uint32_t psram_free_bytes, psram_min_bytes, psram_largest_bytes;
	bool has_temperature;
	int32_t temperature_decicelsius;
	bool has_cpu;
	uint32_t cpu_permille[2];
	bool has_stack;
	uint32_t stack_min_bytes;
	char stack_min_task[MU_NAME_MAX];
	bool has_sockets;
	uint32_t sockets_open, sockets_limit, sockets_high_water;
	bool has_flash;
	uint32_t flash_erases, flash_written_bytes; // asked for through mu_flash_port and mu_keyvalue_port, since boot
};

struct mu_system_port {
	int (*reset_info)(void *context, struct mu_reset_info *out);
	int (*vitals)(void *context, struct mu_system_vitals *out);
	// MU_RETAINED_BYTES for the agent alone, aligned to 8 and addressable by bytes; never null. Asked for once, in mu_agent_init(), and in use
	// from then on. Should survive software, panic and watchdog resets (ESP-IDF: RTC_NOINIT_ATTR, or __NOINIT_ATTR where RTC memory is short
	// or out of reach of the stepping core); nobody may clear it at start. Whatever is in it after power-on and brown-out, the core tells from
	// its own by CRCs. *survives: false if no reset leaves it alone, as with ordinary memory: the history of boots is then what flash has of
	// it, the time is not known at start, and the ladder does not reboot before 6 h.
	uint8_t *(*retained)(void *context, bool *survives);
	int (*random)(void *context, void *out, size_t size); // cryptographic quality
	void (*restart)(void *context); // on hardware never returns; a port where it does stops stepping
	const char *(*hardware)(void *context); // "esp32c3-0.4"; at most 31 characters, static storage
	// Mutual exclusion between mu_agent_post() and mu_agent_step(); held for microseconds. Any thread.
	void (*lock)(void *context);
	void (*unlock)(void *context);
};

struct mu_watchdog_port {
	int (*arm)(void *context, uint32_t timeout_ms); // MU_ERR_UNSUPPORTED: there is none; the core reports it
	void (*feed)(void *context);
};

// ---- flash: by partition, so that the core never knows addresses
enum mu_partition {
	MU_PART_OTADATA, // two sectors, ESP-IDF's format
	MU_PART_BOOT, // bit-clearing boot journal, two sectors
	MU_PART_JOURNAL, // update journal, two sectors
	MU_PART_SPOOL, // records
	MU_PART_KEYS, // public keys and roles, read only
	MU_PART_SLOT0, // application images
	MU_PART_SLOT1,
	MU_PART_COUNT
};

struct mu_flash_port {
	int64_t (*size)(void *context, enum mu_partition part); // bytes, a multiple of MU_SECTOR_BYTES; MU_ERR_NOT_FOUND
	int (*read)(void *context, enum mu_partition part, uint32_t offset, void *out, size_t size);
	int (*erase)(void *context, enum mu_partition part, uint32_t offset, size_t size); // whole sectors, to 0xFF
	int (*program)(void *context, enum mu_partition part, uint32_t offset, const void *data, size_t size); // clears bits only
	int (*running_slot)(void *context); // 0 or 1: which image runs, whatever otadata says
};

// Small durable values (NVS on the chip). A set is all or nothing, and durable when it returns.
enum { MU_KV_KEY_MAX = 15, MU_KV_VALUE_MAX = 512 };
struct mu_keyvalue_port {
	int (*get)(void *context, const char *key, void *out, size_t size); // length, MU_ERR_NOT_FOUND, MU_ERR_SIZE
	int (*set)(void *context, const char *key, const void *value, size_t size);
};

// ---- link: the radio (or wire) up to an IP address. Results: MU_EVENT_LINK_*, MU_EVENT_SCAN_DONE, MU_EVENT_STATION_*.
enum { MU_SSID_MAX = 32, MU_PASSPHRASE_MAX = 64, MU_BSSID_BYTES = 6, MU_DNS_SERVERS = 3 };

enum mu_link_can { // bits
	MU_LINK_CAN_STATION = 1 << 0,
	MU_LINK_CAN_ACCESS_POINT = 1 << 1,
	MU_LINK_CAN_BOTH = 1 << 2, // station and access point at the same time, on one channel
	MU_LINK_CAN_ETHERNET = 1 << 3,
	MU_LINK_CAN_WPA3 = 1 << 4,
};

enum mu_link_auth { // of rising strength
	MU_LINK_AUTH_OPEN,
	MU_LINK_AUTH_WEP,
	MU_LINK_AUTH_WPA,
	MU_LINK_AUTH_WPA2, // also WPA/WPA2 mixed
	MU_LINK_AUTH_WPA3, // also WPA2/WPA3 mixed
};

typedef uint8_t mu_ipv4[4]; // network order; 0.0.0.0: none

struct mu_link_address {
	bool is_static; // false: DHCP gives address, netmask and gateway
	mu_ipv4 address, netmask, gateway;
	mu_ipv4 dns[MU_DNS_SERVERS]; // main, backup, fallback; with DHCP those that are not 0.0.0.0 replace what it says
};

struct mu_link_join {
	bool wired; // Ethernet: only `address` counts
	char ssid[MU_SSID_MAX + 1]; // NUL-terminated, as all text here
	char passphrase[MU_PASSPHRASE_MAX + 1]; // "": an open network
	bool has_bssid; // this access point and no other; false: any
	uint8_t bssid[MU_BSSID_BYTES];
	uint32_t channel; // where to look first; 0: not known
	enum mu_link_auth least_auth; // weaker access points are not joined (reason 211)
	struct mu_link_address address;
};

struct mu_link_seen { // one access point of a scan
	char ssid[MU_SSID_MAX + 1]; // "": it hides its name
	uint8_t bssid[MU_BSSID_BYTES];
	int32_t rssi_dbm;
	uint32_t channel;
	enum mu_link_auth auth;
};

struct mu_link_own { // the device's own access point
	char ssid[MU_SSID_MAX + 1];
	char passphrase[MU_PASSPHRASE_MAX + 1]; // 8 characters at least: WPA2
	uint32_t channel; // 0: any; a joined station's channel goes before
	uint32_t stations_max;
};

struct mu_link_status {
	bool up; // has an address
	int32_t rssi_dbm; // 0: a wire
	uint32_t channel;
	uint8_t bssid[MU_BSSID_BYTES];
	enum mu_link_auth auth;
	uint32_t associate_ms, dhcp_ms;
	uint32_t stations; // at the own access point
};
struct mu_link_port {
	int (*can)(void *context); // bits of enum mu_link_can
	// Ends what was, without an event for it, and joins. Then MU_EVENT_LINK_ASSOCIATED, MU_EVENT_LINK_UP, or MU_EVENT_LINK_DOWN.
	int (*connect)(void *context, const struct mu_link_join *join);
	int (*disconnect)(void *context); // MU_EVENT_LINK_DOWN with reason 8 follows if it was up or under way
	int (*restart)(void *context); // the radio itself: stop, start; ends connection (as disconnect) and own access point, joins nothing
	// ssid null: all that can be heard; else one network that may hide its name. A connection that is up stays up.
	int (*scan)(void *context, const char *ssid);
	int (*scan_read)(void *context, struct mu_link_seen *out,
		size_t count); // of the last scan, strongest first; returns how many, at most count
	int (*serve)(void *context, const struct mu_link_own *own); // the own access point; null: no longer
	int (*power_save)(void *context, bool on); // modem sleep between beacons; on after power-on
	int (*status)(void *context, struct mu_link_status *out);
};

// ---- sockets: what the registry (agent/network/sockets.h) does with descriptors
struct mu_socket_options {
	uint32_t keep_idle_s, keep_interval_s, keep_probes; // TCP keep-alive; idle 0: off
	uint32_t user_timeout_ms; // unacked data: give up after; ignored where the stack has none
};
struct mu_socket_look {
	uint32_t identity; // a later socket with the same number has another one (inode, local port); 0: not known, or not yet
	bool pending; // data that the peer has not acknowledged, or the peer has ended the stream and the owner has not closed since
	uint32_t progress; // another value after each acknowledgement
};
struct mu_socket_port {
	int (*limit)(void *context); // descriptors that can be open at once
	// Descriptors that are open now, registered or not, at most count of them; returns how many there are. MU_ERR_UNSUPPORTED: cannot tell.
	int (*list)(void *context, int *out, size_t count);
	int (*configure)(void *context, int descriptor, const struct mu_socket_options *options); // also makes it non-blocking
	// 0 alive, or not yet connected; MU_ERR_CLOSED the peer is gone (ENOTCONN, EPIPE, reset); MU_ERR_TIMEOUT the stack gave up on a silent
	// peer; MU_ERR_NOT_FOUND not open. Any other error: cannot tell.
	int (*check)(void *context, int descriptor);
	int (*look)(void *context, int descriptor,
		struct mu_socket_look *out); // MU_ERR_NOT_FOUND not open; MU_ERR_UNSUPPORTED: cannot tell
	int (*shutdown)(void *context, int descriptor); // both directions
	int (*close)(void *context, int descriptor, bool abort); // abort: reset the connection, nothing lingers
};

// ---- udp: one request and its answer at a time (SNTP). Results: MU_EVENT_UDP_ANSWER, MU_EVENT_UDP_FAILED.
struct mu_udp_port {
	// Resolves host, sends one datagram, waits for one answer from there. Ends a request under way, without an event for it.
	int (*request)(void *context, const char *host, uint16_t port, const void *data, size_t size);
	void (*close)(void *context); // no event follows
	int (*descriptor)(void *context); // of the request under way; MU_ERR_NOT_FOUND: none (yet, while the name is being resolved)
};

// ---- mqtt: one client, MQTT 3.1.1, clean session off. Results: MU_EVENT_MQTT_*.
struct mu_mqtt_options {
	const char *uri; // mqtt://HOST:PORT or mqtts://HOST:PORT
	const char *client_id; // the device id
	const char *user, *password;
	const char *will_topic, *will_payload; // QoS 1, not retained
	uint32_t keepalive_s;
	uint32_t timeout_ms; // for the whole of opening
	// TLS: Unix time to judge the dates of certificates by. 0: there is no trusted time; all but the dates is checked.
	uint64_t trusted_wall_ms;
};
struct mu_mqtt_phases {
	uint32_t dns_ms, tcp_ms, tls_ms, mqtt_ms;
};
enum mu_mqtt_phase { MU_MQTT_PHASE_NAME, MU_MQTT_PHASE_TCP, MU_MQTT_PHASE_TLS }; // each is told when it is over: MU_EVENT_MQTT_PHASE
struct mu_mqtt_port {
	int (*open)(void *context, const struct mu_mqtt_options *options); // options are copied if needed later
	void (*close)(void *context); // at once; no event follows
	int (*subscribe)(void *context, const char *topic, int qos);
	int (*publish)(void *context, const char *topic, const void *payload, size_t size, int qos); // message id > 0
	int (*phases)(void *context, struct mu_mqtt_phases *out); // of the last successful open
	int (*descriptor)(void *context); // of the session, from open on; MU_ERR_NOT_FOUND: none (yet)
};

// ---- crypto
enum { MU_SHA256_BYTES = 32, MU_HASH_STATE_BYTES = 256 };
struct mu_crypto_port {
	// Streaming SHA-256; `state` is MU_HASH_STATE_BYTES of the caller's, aligned to 8; finish ends its use. No allocation.
	int (*sha256_start)(void *context, void *state);
	int (*sha256_update)(void *context, void *state, const void *data, size_t size);
	int (*sha256_finish)(void *context, void *state, uint8_t digest[MU_SHA256_BYTES]);
	// ECDSA P-256, DER signature, uncompressed point of 65 bytes. 0 = good, MU_ERR_AUTH = not; any other error: it could not be judged.
	int (*verify_p256)(void *context, const uint8_t point[65], const uint8_t digest[MU_SHA256_BYTES], const uint8_t *signature,
		size_t signature_size);
};

struct mu_log_port {
	void (*write)(void *context, int level, const char *line); // level: enum LogLevel of muster.proto; key=value text
};

struct mu_port {
	void *context;
	const struct mu_clock_port *clock;
	const struct mu_system_port *system;
	const struct mu_watchdog_port *watchdog;
	const struct mu_flash_port *flash;
	const struct mu_keyvalue_port *keyvalue;
	const struct mu_link_port *link;
	const struct mu_socket_port *socket;
	const struct mu_udp_port *udp;
	const struct mu_mqtt_port *mqtt;
	const struct mu_crypto_port *crypto;
	const struct mu_log_port *log;
};

// 0, or MU_ERR_INVALID with *missing naming the absent table or function, e.g. "flash.erase".
// Its names are in functions.def; a function of the tables above without one does not compile.
int mu_port_check(const struct mu_port *port, const char **missing);

#endif
