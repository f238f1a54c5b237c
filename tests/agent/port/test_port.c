// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/port/port.h"

// The tables as blocks of pointers: what they point to is never called here.
static const struct {
	size_t offset, functions;
	const char *table, *last;
} tables[] = {
	{ offsetof(struct mu_port, clock), sizeof(struct mu_clock_port) / sizeof(void (*)(void)), "clock", "clock.cpu_us" },
	{ offsetof(struct mu_port, system), sizeof(struct mu_system_port) / sizeof(void (*)(void)), "system", "system.unlock" },
	{ offsetof(struct mu_port, watchdog), sizeof(struct mu_watchdog_port) / sizeof(void (*)(void)), "watchdog", "watchdog.feed" },
	{ offsetof(struct mu_port, flash), sizeof(struct mu_flash_port) / sizeof(void (*)(void)), "flash", "flash.running_slot" },
	{ offsetof(struct mu_port, keyvalue), sizeof(struct mu_keyvalue_port) / sizeof(void (*)(void)), "keyvalue", "keyvalue.set" },
	{ offsetof(struct mu_port, link), sizeof(struct mu_link_port) / sizeof(void (*)(void)), "link", "link.status" },
	{ offsetof(struct mu_port, mqtt), sizeof(struct mu_mqtt_port) / sizeof(void (*)(void)), "mqtt", "mqtt.descriptor" },
	{ offsetof(struct mu_port, socket), sizeof(struct mu_socket_port) / sizeof(void (*)(void)), "socket", "socket.close" },
	{ offsetof(struct mu_port, udp), sizeof(struct mu_udp_port) / sizeof(void (*)(void)), "udp", "udp.descriptor" },
	{ offsetof(struct mu_port, crypto), sizeof(struct mu_crypto_port) / sizeof(void (*)(void)), "crypto", "crypto.verify_p256" },
	{ offsetof(struct mu_port, log), sizeof(struct mu_log_port) / sizeof(void (*)(void)), "log", "log.write" },
};
enum { TABLES = sizeof tables / sizeof *tables, FUNCTIONS_MAX = 16 };

static void (*functions[TABLES][FUNCTIONS_MAX])(void);

static void fill(struct mu_port *port)
{
	memset(port, 0, sizeof *port);
	for (size_t i = 0; i < TABLES; i++) {
		void *table = functions[i];
		for (size_t j = 0; j < FUNCTIONS_MAX; j++)
			functions[i][j] = abort;
		memcpy((char *)port + tables[i].offset, &table, sizeof table);
	}
}

static void test_full_port_passes(void **unused)
{
	(void)unused;
	struct mu_port port;
	const char *missing = "untouched";
	fill(&port);
	assert_int_equal(mu_port_check(&port, &missing), 0);
	assert_null(missing);
}

// A table that nobody filled in is named, whichever it is; so no table is forgotten by the check itself.
static void test_each_missing_table_is_named(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < TABLES; i++) {
		struct mu_port port;
		const char *missing = 0;
		fill(&port);
		memset((char *)&port + tables[i].offset, 0, sizeof(void *));
		assert_int_equal(mu_port_check(&port, &missing), MU_ERR_INVALID);
		assert_string_equal(missing, tables[i].table);
	}
}

// Each function in turn is missing; the last one of each table also by its name.
static void test_each_missing_function_is_found(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < TABLES; i++)
		for (size_t j = 0; j < tables[i].functions; j++) {
			struct mu_port port;
			const char *missing = 0;
			fill(&port);
			functions[i][j] = 0;
			assert_int_equal(mu_port_check(&port, &missing), MU_ERR_INVALID);
			assert_int_equal(strncmp(missing, tables[i].table, strlen(tables[i].table)), 0);
			if (j == tables[i].functions - 1)
				assert_string_equal(missing, tables[i].last);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_port_passes),
		cmocka_unit_test(test_each_missing_table_is_named),
		cmocka_unit_test(test_each_missing_function_is_found),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
