// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/port/linux/device_state.h"
#include "agent/port/linux/virtual_flash.h"

static struct mu_device *make_device(void)
{
	struct mu_device *device = calloc(1, sizeof *device);
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	assert_int_equal(mu_flash_open(&device->config.flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT }), 0);
	assert_int_equal(mu_virtual_flash_create(device->config.flash, &contents), 0);
	assert_int_equal(mu_flash_partitions_open(&device->partitions, device->config.flash), 0);
	assert_int_equal(mu_keyvalue_open(&device->keyvalue, device->config.flash, device->partitions.keyvalue.offset,
				 device->partitions.keyvalue.size),
		0);
	pthread_mutex_init(&device->lock, 0);
	mu_virtual_system_init(&device->system, 0, 1);
	mu_virtual_system_boot(&device->system, 0, 0);
	device->port = mu_device_port;
	device->port.context = device;
	return device;
}

static void free_device(struct mu_device *device)
{
	pthread_mutex_destroy(&device->lock);
	mu_flash_close(device->config.flash);
	free(device);
}

static void test_no_function_is_missing(void **unused)
{
	(void)unused;
	const char *missing;
	assert_int_equal(mu_port_check(&mu_device_port, &missing), 0);
}

// Each table reaches its own part of the device.
static void test_tables_reach_their_parts(void **unused)
{
	(void)unused;
	struct mu_device *device = make_device();
	const struct mu_port *port = &device->port;
	uint64_t wall_ms;
	bool survives = false;
	char value[8];
	struct mu_system_vitals vitals;
	device->now_ms = 1000;
	assert_int_equal(port->clock->wall_read(device, &wall_ms), MU_ERR_NOT_FOUND);
	assert_int_equal(port->clock->wall_write(device, 5000), 0);
	assert_int_equal(port->clock->wall_read(device, &wall_ms), 0);
	assert_ptr_equal(port->system->retained(device, &survives), device->system.retained);
	assert_true(survives);
	assert_int_equal(port->system->vitals(device, &vitals), 0);
	assert_true(vitals.heap_free_bytes > 100000);
	port->system->restart(device);
	assert_true(device->restart_asked);
	assert_int_equal(port->watchdog->arm(device, 30000), 0);
	assert_true(mu_virtual_watchdog_deadline(&device->watchdog) == 31000);
	device->slot = 1;
	assert_int_equal(port->flash->running_slot(device), 1);
	assert_int_equal(port->flash->size(device, MU_PART_SPOOL), 0x20000);
	assert_int_equal(port->keyvalue->set(device, "key", "value", 5), 0);
	assert_int_equal(port->keyvalue->get(device, "key", value, sizeof value), 5);
	mu_virtual_link_power_on(&device->link, &(struct mu_air){ .rssi_dbm = -58 }, 1, 0);
	assert_int_equal(port->link->connect(device, &(struct mu_link_join){ .wired = true }), 0);
	assert_int_equal(device->link.state, MU_STATION_JOINING);
	assert_int_equal(port->mqtt->publish(device, "t", "x", 1, 1), MU_ERR_CLOSED);
	free_device(device);
}

// What is programmed in one partition is read there and is not seen in another.
static void test_flash_by_partition(void **unused)
{
	(void)unused;
	struct mu_device *device = make_device();
	const struct mu_flash_port *flash = device->port.flash;
	char found[4];
	assert_int_equal(flash->erase(device, MU_PART_BOOT, 0, MU_SECTOR_BYTES), 0);
	assert_int_equal(flash->program(device, MU_PART_BOOT, 8, "boot", 4), 0);
	assert_int_equal(flash->read(device, MU_PART_BOOT, 8, found, 4), 0);
	assert_memory_equal(found, "boot", 4);
	assert_int_equal(flash->read(device, MU_PART_JOURNAL, 8, found, 4), 0);
	assert_memory_equal(found, "\xFF\xFF\xFF\xFF", 4);
	assert_int_equal(flash->program(device, MU_PART_KEYS, 8, "evil", 4), MU_ERR_AUTH); // keys are read only
	free_device(device);
}

// A device's sockets are real ones. Behind a silent link nothing can be said of the peer, whatever the kernel knows.
static void test_sockets(void **unused)
{
	(void)unused;
	struct mu_device *device = make_device();
	const struct mu_socket_port *port = device->port.socket;
	struct mu_socket_look look;
	int ends[2], seen[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	device->udp.fd = -1;
	assert_int_equal(port->limit(device), MU_SOCKETS_LIMIT);
	assert_int_equal(port->list(device, seen, 2), 0);
	assert_int_equal(port->configure(device, ends[0], &(struct mu_socket_options){ .keep_idle_s = 10 }), 0);
	assert_int_equal(port->list(device, seen, 2), 1);
	assert_int_equal(seen[0], ends[0]);
	assert_int_equal(device->port.udp->descriptor(device), MU_ERR_NOT_FOUND);
	device->udp.fd = ends[1]; // a request for the time: listed once, like any other
	assert_int_equal(device->port.udp->descriptor(device), ends[1]);
	assert_int_equal(port->configure(device, ends[1], &(struct mu_socket_options){ .keep_idle_s = 10 }), 0);
	assert_int_equal(port->list(device, seen, 2), 2);
	assert_true(seen[0] == ends[1] || seen[1] == ends[1]);
	assert_int_equal(port->list(device, seen, 0), 2);
	assert_int_equal(port->look(device, ends[0], &look), 0);
	assert_true(look.identity != 0);
	assert_int_equal(port->shutdown(device, ends[0]), 0);
	device->udp.fd = -1;
	close(ends[1]);
	assert_false(mu_virtual_link_carries(&device->link));
	assert_int_equal(port->check(device, ends[0]), 0);
	device->link.present = true;
	device->link.state = MU_STATION_UP;
	assert_true(mu_virtual_link_carries(&device->link));
	assert_int_equal(port->check(device, ends[0]), MU_ERR_CLOSED);
	assert_int_equal(port->close(device, ends[0], true), 0);
	device->link.state = MU_STATION_OFF;
	assert_int_equal(port->check(device, ends[0]), MU_ERR_NOT_FOUND);
	free_device(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_function_is_missing),
		cmocka_unit_test(test_tables_reach_their_parts),
		cmocka_unit_test(test_flash_by_partition),
		cmocka_unit_test(test_sockets),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
