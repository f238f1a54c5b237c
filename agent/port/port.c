// SPDX-License-Identifier: Apache-2.0
#include "agent/port/port.h"
#include <string.h>

typedef void (*mu_any_function)(void);

struct function_row {
	size_t offset;
	const char *name;
};

struct table_row {
	size_t offset;
	const char *name;
	const struct function_row *functions;
	size_t count;
};

#define FUNCTION(table, type, function) \
	{ \
		offsetof(struct type, function), #table "." #function \
	}
#define TABLE(table) \
	{ \
		offsetof(struct mu_port, table), #table, table##_rows, sizeof table##_rows / sizeof *table##_rows \
	}

static const struct function_row clock_rows[] = {
	FUNCTION(clock, mu_clock_port, wall_read),
	FUNCTION(clock, mu_clock_port, wall_write),
	FUNCTION(clock, mu_clock_port, cpu_us),
};
static const struct function_row system_rows[] = {
	FUNCTION(system, mu_system_port, reset_info),
	FUNCTION(system, mu_system_port, vitals),
	FUNCTION(system, mu_system_port, retained),
	FUNCTION(system, mu_system_port, random),
	FUNCTION(system, mu_system_port, restart),
	FUNCTION(system, mu_system_port, hardware),
	FUNCTION(system, mu_system_port, lock),
	FUNCTION(system, mu_system_port, unlock),
};
static const struct function_row watchdog_rows[] = {
	FUNCTION(watchdog, mu_watchdog_port, arm),
	FUNCTION(watchdog, mu_watchdog_port, feed),
};
static const struct function_row flash_rows[] = {
	FUNCTION(flash, mu_flash_port, size),
	FUNCTION(flash, mu_flash_port, read),
	FUNCTION(flash, mu_flash_port, erase),
	FUNCTION(flash, mu_flash_port, program),
	FUNCTION(flash, mu_flash_port, running_slot),
};
static const struct function_row keyvalue_rows[] = {
	FUNCTION(keyvalue, mu_keyvalue_port, get),
	FUNCTION(keyvalue, mu_keyvalue_port, set),
};
static const struct function_row link_rows[] = {
	FUNCTION(link, mu_link_port, can),
	FUNCTION(link, mu_link_port, connect),
	FUNCTION(link, mu_link_port, disconnect),
	FUNCTION(link, mu_link_port, restart),
	FUNCTION(link, mu_link_port, scan),
	FUNCTION(link, mu_link_port, scan_read),
	FUNCTION(link, mu_link_port, serve),
	FUNCTION(link, mu_link_port, power_save),
	FUNCTION(link, mu_link_port, status),
};
static const struct function_row socket_rows[] = {
	FUNCTION(socket, mu_socket_port, limit),
	FUNCTION(socket, mu_socket_port, list),
	FUNCTION(socket, mu_socket_port, configure),
	FUNCTION(socket, mu_socket_port, check),
	FUNCTION(socket, mu_socket_port, look),
	FUNCTION(socket, mu_socket_port, shutdown),
	FUNCTION(socket, mu_socket_port, close),
};
static const struct function_row udp_rows[] = {
	FUNCTION(udp, mu_udp_port, request),
	FUNCTION(udp, mu_udp_port, close),
};
static const struct function_row mqtt_rows[] = {
	FUNCTION(mqtt, mu_mqtt_port, open),
	FUNCTION(mqtt, mu_mqtt_port, close),
	FUNCTION(mqtt, mu_mqtt_port, subscribe),
	FUNCTION(mqtt, mu_mqtt_port, publish),
	FUNCTION(mqtt, mu_mqtt_port, phases),
	FUNCTION(mqtt, mu_mqtt_port, descriptor),
};
static const struct function_row crypto_rows[] = {
	FUNCTION(crypto, mu_crypto_port, sha256_start),
	FUNCTION(crypto, mu_crypto_port, sha256_update),
	FUNCTION(crypto, mu_crypto_port, sha256_finish),
	FUNCTION(crypto, mu_crypto_port, verify_p256),
};
static const struct function_row log_rows[] = {
	FUNCTION(log, mu_log_port, write),
};

static const struct table_row tables[] = {
	TABLE(clock),
	TABLE(system),
	TABLE(watchdog),
	TABLE(flash),
	TABLE(keyvalue),
	TABLE(link),
	TABLE(socket),
	TABLE(udp),
	TABLE(mqtt),
	TABLE(crypto),
	TABLE(log),
};

static const char *missing_in(const struct mu_port *port, const struct table_row *row)
{
	const char *table;
	memcpy(&table, (const char *)port + row->offset, sizeof table);
	if (!table)
		return row->name;
	for (size_t i = 0; i < row->count; i++) {
		mu_any_function function;
		memcpy(&function, table + row->functions[i].offset, sizeof function);
		if (!function)
			return row->functions[i].name;
	}
	return 0;
}

int mu_port_check(const struct mu_port *port, const char **missing)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		*missing = missing_in(port, &tables[i]);
		if (*missing)
			return MU_ERR_INVALID;
	}
	return 0;
}
