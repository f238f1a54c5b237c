// SPDX-License-Identifier: Apache-2.0
// Answers of a time server: whatever comes, the client goes on, and a time that it gives is one.
#include "agent/network/sntp.h"
#include "proto/limits.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

static int fill(void *context, void *out, size_t size)
{
	(void)context;
	memset(out, 0x5a, size);
	return 0;
}

static int request(void *context, const char *host, uint16_t port, const void *data, size_t size)
{
	(void)host, (void)data;
	must(port && size == MU_SNTP_PACKET_BYTES);
	++*(unsigned *)context;
	return 0;
}

static void end(void *context)
{
	(void)context;
}

// The first byte is the way there and back in units of 16 ms; the rest answers each server in turn. The number that is sent is always 5a5a...
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mu_system_port system = { .random = fill };
	static const struct mu_udp_port udp = { .request = request, .close = end };
	static const char *const servers[MU_SNTP_SERVERS] = { "a", "b:1", "[c]:2" };
	unsigned requests = 0;
	struct mu_port port = { .context = &requests, .system = &system, .udp = &udp };
	struct mu_sntp sntp;
	uint64_t now_ms = 0, next_ms = 0, wall_ms = 0;
	if (!size)
		return 0;
	must(mu_sntp_init(&sntp, &port, servers, 0) == 0);
	mu_sntp_link(&sntp, true, now_ms);
	for (unsigned i = 0; i < 8; i++) {
		mu_sntp_step(&sntp, 0, now_ms, &next_ms);
		const struct mu_event answer = { .type = MU_EVENT_UDP_ANSWER,
			.payload = data + 1,
			.payload_bytes = size - 1,
			.value = data[0] * 16 };
		bool waiting = sntp.waiting;
		if (mu_sntp_event(&sntp, &answer, now_ms, &wall_ms) == MU_SNTP_TIME)
			must(waiting && wall_ms >= MU_WALL_MS_MIN && wall_ms <= MU_WALL_MS_MAX);
		must(sntp.at <= sntp.count && requests <= 24);
		must(mu_sntp_step(&sntp, 0, now_ms, &next_ms) != MU_SNTP_TIME);
		if (next_ms == UINT64_MAX)
			break;
		must(next_ms > now_ms);
		now_ms = next_ms;
	}
	return 0;
}
