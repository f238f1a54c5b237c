// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/agent/failing_port.h"

static struct {
	const struct mu_port *inner;
	struct mu_port port;
	uint64_t calls[FAILING_CALLS];
	enum failing_call armed;
	uint64_t n; // 0: nothing is armed
	bool hit;
	const uint64_t *now_ms;
	uint64_t hit_ms;
} failing;

static bool fails(enum failing_call call)
{
	if (++failing.calls[call] != failing.n || call != failing.armed)
		return false;
	failing.hit = true;
	failing.hit_ms = *failing.now_ms;
	return true;
}

// This one cannot fail: what goes wrong is that no reset leaves its memory alone.
static uint8_t *forgotten(void *context, bool *survives)
{
	uint8_t *memory = failing.inner->system->retained(context, survives);
	memset(memory, 0xA5, MU_RETAINED_BYTES);
	*survives = false;
	return memory;
}

#define CAN_FAIL(table, function, type, failure, parameters, arguments) \
	static type table##_##function parameters \
	{ \
		if (fails(FAILING_##table##_##function)) \
			return failure; \
		return failing.inner->table->function arguments; \
	}
#define CANNOT_FAIL(table, function, parameters, arguments) \
	static void table##_##function parameters \
	{ \
		failing.calls[FAILING_##table##_##function]++; \
		failing.inner->table->function arguments; \
	}
FAILING_ALL(CAN_FAIL, CANNOT_FAIL)

#define FIELD(table, function, ...) .function = table##_##function,
static const struct mu_clock_port clock_table = { FAILING_CLOCK(FIELD, FIELD) };
static const struct mu_system_port system_table = { FAILING_SYSTEM(FIELD, FIELD) };
static const struct mu_watchdog_port watchdog_table = { FAILING_WATCHDOG(FIELD, FIELD) };
static const struct mu_flash_port flash_table = { FAILING_FLASH(FIELD, FIELD) };
static const struct mu_keyvalue_port keyvalue_table = { FAILING_KEYVALUE(FIELD, FIELD) };
static const struct mu_link_port link_table = { FAILING_LINK(FIELD, FIELD) };
static const struct mu_socket_port socket_table = { FAILING_SOCKET(FIELD, FIELD) };
static const struct mu_udp_port udp_table = { FAILING_UDP(FIELD, FIELD) };
static const struct mu_mqtt_port mqtt_table = { FAILING_MQTT(FIELD, FIELD) };
static const struct mu_crypto_port crypto_table = { FAILING_CRYPTO(FIELD, FIELD) };
static const struct mu_log_port log_table = { FAILING_LOG(FIELD, FIELD) };

const struct mu_port *failing_port_init(const struct mu_port *inner, const uint64_t *now_ms)
{
	const char *missing = "";
	memset(&failing, 0, sizeof failing);
	failing.inner = inner;
	failing.now_ms = now_ms;
	failing.port = (struct mu_port){
		.context = inner->context,
		.clock = &clock_table,
		.system = &system_table,
		.watchdog = &watchdog_table,
		.flash = &flash_table,
		.keyvalue = &keyvalue_table,
		.link = &link_table,
		.socket = &socket_table,
		.udp = &udp_table,
		.mqtt = &mqtt_table,
		.crypto = &crypto_table,
		.log = &log_table,
	};
	if (mu_port_check(&failing.port, &missing) < 0)
		fail_msg("%s is missing in tests/agent/failing_port.h", missing);
	return &failing.port;
}

void failing_port_arm(enum failing_call call, uint64_t n)
{
	memset(failing.calls, 0, sizeof failing.calls);
	failing.armed = call;
	failing.n = n;
	failing.hit = false;
}

bool failing_port_hit(void)
{
	return failing.hit;
}

uint64_t failing_port_hit_ms(void)
{
	return failing.hit_ms;
}

uint64_t failing_port_calls(enum failing_call call)
{
	return failing.calls[call];
}

static const struct {
	const char *name;
	bool can_fail;
} functions[FAILING_CALLS] = {
#define ROW_FAILS(table, function, ...) { #table "." #function, true },
#define ROW_FAILS_NOT(table, function, ...) { #table "." #function, false },
	FAILING_ALL(ROW_FAILS, ROW_FAILS_NOT)
};

const char *failing_port_name(enum failing_call call)
{
	return functions[call].name;
}

bool failing_port_can_fail(enum failing_call call)
{
	return functions[call].can_fail;
}
