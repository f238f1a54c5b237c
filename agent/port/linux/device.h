// SPDX-License-Identifier: Apache-2.0
// A virtual device: a flash with two firmware slots, a bootloader, RAM that a reset destroys, a radio, and the agent on top.
//
//   power on -> bootloader picks a slot -> the image's traits apply -> the agent is built from nothing and stepped -> reset -> ...
//
// A reset keeps what a chip keeps: flash, and RTC memory and time unless the power went. The agent's memory is filled with garbage.
// Everything runs from one timer and one socket on the caller's libevent loop; an idle device costs nothing.
// Memory: about 30 KiB, and the batch if it is larger than the agent's own, allocated at open. Thread: the one that runs the loop.
#ifndef MU_PORT_LINUX_DEVICE_H
#define MU_PORT_LINUX_DEVICE_H
#include "agent/agent.h"
#include "agent/port/linux/fault.h"
#include "agent/port/linux/flash_image.h"
#include "agent/port/linux/mqtt.h"
#include "agent/port/linux/sent_log.h"
#include <stdint.h>
#include <stdio.h>

struct event_base;
struct mu_device;
struct mu_hardware; // system.h
struct mu_resolver; // resolver.h

struct mu_device_config {
	struct event_base *loop;
	struct mu_flash_image *flash;  // laid out (virtual_image.h); the caller's, must outlive the device
	// Firmware and elf_sha are taken from the image that boots, a large batch is the device's; strings are kept by reference; link null:
	// the network of mu_air_default.
	struct mu_agent_config agent;
	struct mu_world world;         // traits come from the image
	struct mu_mqtt_tls tls;
	struct mu_resolver *resolver;  // of names, for all devices of the loop; must outlive the device; null: addresses only
	const struct mu_hardware *hardware; // null: an ESP32-C3; its flash must hold images for it
	uint64_t seed;                 // of radio, heap and sensors; never of keys or epochs
	struct mu_sent_log *sent_log;  // may be null
	FILE *log;                     // null: silent
	int log_level;                 // enum LogLevel of muster.proto
};

struct mu_device_counts {
	uint64_t boots, resets; // resets: by the device itself, its faults and its watchdogs
	uint64_t bricked;       // boots at which no image was found
	bool online;            // an MQTT session is open
	struct mu_mqtt_counts mqtt;
};

// Returns 0, MU_ERR_NO_MEMORY, or the error of a flash that is not laid out. *device is null after an error.
int mu_device_open(struct mu_device **device, const struct mu_device_config *config);
void mu_device_close(struct mu_device *device); // null is allowed; the power is gone at once

void mu_device_power_on(struct mu_device *device, uint32_t delay_ms); // once; delay 0: now
struct mu_device_counts mu_device_counts(const struct mu_device *device);
const char *mu_device_problem(const struct mu_device *device); // why the agent refused to start; null if it did not

#endif
