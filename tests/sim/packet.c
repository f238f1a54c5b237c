// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/packet.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_packet *sim_packet_new(enum sim_packet_kind kind, const char *topic, const void *payload, size_t size)
{
	struct sim_packet *packet = calloc(1, sizeof *packet + size);
	if (!packet)
		abort();
	packet->kind = kind;
	packet->size = size;
	snprintf(packet->topic, sizeof packet->topic, "%s", topic ? topic : "");
	if (size)
		memcpy(packet->payload, payload, size);
	return packet;
}

struct sim_packet *sim_packet_copy(const struct sim_packet *packet)
{
	struct sim_packet *copy = malloc(sizeof *copy + packet->size);
	if (!copy)
		abort();
	memcpy(copy, packet, sizeof *copy + packet->size);
	return copy;
}

void sim_packet_free(struct sim_packet *packet)
{
	free(packet);
}
