// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sntp.h"
#include "tests/sim/world.h"
#include <string.h>

enum { PACKET_BYTES = 48, TIMEOUT_MS = 3000, MODE_SERVER = 4, STRATUM = 2, PRECISION = 0xEC };
#define UNIX_TO_NTP_S UINT64_C(2208988800)

static void post(struct sim_device *device, const struct mu_event *event)
{
	device->udp_serial = 0;
	sim_device_post(device, event);
}

static void on_answer(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	if (device->udp_serial != event->number)
		return;
	post(device,
		&(struct mu_event){ .type = MU_EVENT_UDP_ANSWER,
			.value = (int32_t)world->network.latency_ms + 1,
			.payload = event->packet->payload,
			.payload_bytes = event->packet->size });
}

static void on_silence(struct sim_world *world, const struct sim_event *event)
{
	struct sim_device *device = event->subject;
	(void)world;
	if (device->udp_serial == event->number)
		post(device,
			&(struct mu_event){ .type = MU_EVENT_UDP_FAILED, .reason = event->packet ? MU_ERR_NOT_FOUND : MU_ERR_TIMEOUT });
}

static void put_time(uint8_t *out, uint64_t unix_ms)
{
	uint64_t seconds = unix_ms / 1000 + UNIX_TO_NTP_S, fraction = (unix_ms % 1000 << 32) / 1000;
	for (int i = 0; i < 4; i++) {
		out[i] = (uint8_t)(seconds >> (24 - 8 * i));
		out[4 + i] = (uint8_t)(fraction >> (24 - 8 * i));
	}
}

static void build(struct sim_world *world, const uint8_t *request, uint8_t answer[PACKET_BYTES])
{
	memset(answer, 0, PACKET_BYTES);
	answer[0] = (uint8_t)((request[0] & 0x38) | MODE_SERVER); // the version that was asked in
	answer[1] = world->faults.sntp == SIM_SNTP_KISS ? 0 : STRATUM;
	answer[3] = PRECISION;
	memcpy(answer + 12, answer[1] ? "GPS" : "RATE", 4);
	memcpy(answer + 24, request + 40, 8); // origin: what the client called its transmit time
	put_time(answer + 16, sim_wall_ms(world));
	put_time(answer + 32, sim_wall_ms(world));
	put_time(answer + 40, sim_wall_ms(world));
	for (int i = 0; world->faults.sntp == SIM_SNTP_RUBBISH && i < PACKET_BYTES; i++)
		answer[i] = (uint8_t)sim_dice(world, 0, 255);
}

int sim_sntp_request(struct sim_device *device, const void *data, size_t size)
{
	struct sim_world *world = device->world;
	uint8_t answer[PACKET_BYTES];
	device->udp_serial = ++world->udp_serials;
	bool names_dead = world->network.names_dead;
	if (size < PACKET_BYTES || !sim_device_carries(device) || world->network.dead || names_dead ||
		world->faults.sntp == SIM_SNTP_SILENT) {
		sim_after(world, TIMEOUT_MS, on_silence, device, device->udp_serial, names_dead ? sim_packet_new(SIM_RESET, 0, 0, 0) : 0);
		return 0;
	}
	build(world, data, answer);
	sim_after(world, (uint64_t)world->network.latency_ms + 1, on_answer, device, device->udp_serial,
		sim_packet_new(SIM_PUBLISH, 0, answer, sizeof answer));
	return 0;
}
