// SPDX-License-Identifier: Apache-2.0
// What a virtual device is made of. Private to device.c and device_port.c.
#ifndef MU_PORT_LINUX_DEVICE_STATE_H
#define MU_PORT_LINUX_DEVICE_STATE_H
#include "agent/port/linux/application.h"
#include "agent/port/linux/clock.h"
#include "agent/port/linux/device.h"
#include "agent/port/linux/flash_partitions.h"
#include "agent/port/linux/keyvalue.h"
#include "agent/port/linux/link.h"
#include "agent/port/linux/log.h"
#include "agent/port/linux/sockets.h"
#include "agent/port/linux/system.h"
#include "agent/port/linux/udp.h"
#include "agent/port/linux/watchdog.h"
#include <event2/event_struct.h>
#include <pthread.h>

struct mu_device {
	struct mu_device_config config;
	struct mu_port port;
	struct mu_agent *agent; // of mu_agent_size() bytes
	void *batch; // null: the agent's own is large enough
	pthread_mutex_t lock;
	struct event timer;
	uint64_t now_ms; // monotonic, of the run under way
	bool on;         // the agent lives; otherwise the bootloader is due at boot_ms
	bool running;    // inside of a run: what is posted will be seen by it
	bool restart_asked;
	uint64_t boot_ms; // when this boot began, or will begin
	uint64_t agent_due_ms;
	const char *problem;
	struct mu_device_counts counts;

	// What outlives a reset.
	struct mu_virtual_rtc rtc;
	struct mu_virtual_system system;
	struct mu_virtual_link link;
	struct mu_mqtt mqtt; // its socket, as the broker sees it
	struct mu_udp udp;
	struct mu_virtual_log log;
	struct mu_virtual_sockets sockets;

	// Of this boot.
	struct mu_flash_partitions partitions;
	struct mu_keyvalue keyvalue;
	struct mu_virtual_watchdog watchdog;
	struct mu_traits traits;
	struct mu_application application;
	struct mu_flash_statistics flash_at_boot; // what came before is not this boot's cost
	int slot;
};

extern const struct mu_port mu_device_port; // the tables, without a context

#endif
