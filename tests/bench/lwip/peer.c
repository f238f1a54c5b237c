// SPDX-License-Identifier: Apache-2.0
#include "peer.h"
#include <stdlib.h>
#include <string.h>

enum {
	IP_BYTES = 20,
	TCP_BYTES = 20,
	CONNECTIONS = 16,
	ANSWERS = 64,
	WINDOW = 5760,
	FIN = 1,
	SYN = 2,
	RST = 4,
	ACK = 16,
};

struct connection {
	bool used;
	uint16_t device_port, peer_port;
	uint32_t next_sent, next_wanted; // sequence numbers
	uint16_t window;
};

struct answer {
	size_t size;
	uint8_t bytes[IP_BYTES + TCP_BYTES + 64];
};

static struct connection connections[CONNECTIONS];
static unsigned newest;
static struct answer answers[ANSWERS];
static unsigned first, waiting;
static enum peer_mode mode;

static uint32_t read_32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint16_t read_16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write_16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static void write_32(uint8_t *bytes, uint32_t value)
{
	write_16(bytes, value >> 16);
	write_16(bytes + 2, value);
}

static uint32_t add_up(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < size; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)~sum;
}

static void answer(const struct connection *connection, uint8_t flags, const char *text)
{
	if (waiting == ANSWERS)
		abort();
	struct answer *out = &answers[(first + waiting++) % ANSWERS];
	uint8_t *ip = out->bytes, *tcp = ip + IP_BYTES;
	size_t text_bytes = strlen(text), tcp_bytes = TCP_BYTES + text_bytes;
	static const uint8_t from_to[] = { 10, 0, 0, 1, 10, 0, 0, 2 };
	memset(out, 0, sizeof *out);
	out->size = IP_BYTES + tcp_bytes;
	ip[0] = 0x45;
	write_16(ip + 2, (uint32_t)out->size);
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, from_to, sizeof from_to);
	write_16(ip + 10, fold(add_up(ip, IP_BYTES)));
	write_16(tcp, connection->peer_port);
	write_16(tcp + 2, connection->device_port);
	write_32(tcp + 4, connection->next_sent);
	write_32(tcp + 8, connection->next_wanted);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = flags;
	write_16(tcp + 14, connection->window);
	memcpy(tcp + TCP_BYTES, text, text_bytes);
	write_16(tcp + 16, fold(add_up(tcp, tcp_bytes) + add_up(from_to, sizeof from_to) + 6 + (uint32_t)tcp_bytes));
}

size_t peer_answer(uint8_t packet[PEER_PACKET_MAX])
{
	if (!waiting)
		return 0;
	const struct answer *out = &answers[first];
	memcpy(packet, out->bytes, out->size);
	first = (first + 1) % ANSWERS;
	waiting--;
	return out->size;
}

static struct connection *find(uint16_t device_port, uint16_t peer_port)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].used && connections[i].device_port == device_port && connections[i].peer_port == peer_port)
			return &connections[i];
	return 0;
}

static void take_syn(uint16_t device_port, uint16_t peer_port, uint32_t sequence)
{
	struct connection *connection = find(device_port, peer_port);
	if (!connection)
		connection = &connections[newest++ % CONNECTIONS]; // the oldest is gone without a word
	*connection = (struct connection){ true, device_port, peer_port, sequence * 2654435761u, sequence + 1, WINDOW };
	answer(connection, SYN | ACK, "");
	connection->next_sent++;
}

static void take_stream(struct connection *connection, uint32_t sequence, size_t data_bytes, uint8_t flags)
{
	if (sequence == connection->next_wanted && connection->window) {
		connection->next_wanted += (uint32_t)data_bytes;
		if (flags & FIN) {
			connection->next_wanted++;
			answer(connection, FIN | ACK, "");
			connection->used = false;
			return;
		}
	}
	if (data_bytes || sequence != connection->next_wanted) // data, or a probe of the number before
		answer(connection, ACK, "");
}

void peer_receive(const uint8_t *packet, size_t size)
{
	const uint8_t *tcp = packet + IP_BYTES;
	if (size < IP_BYTES + TCP_BYTES || packet[9] != 6 || mode == PEER_VANISHED)
		return;
	size_t header_bytes = IP_BYTES + (size_t)(tcp[12] >> 4) * 4;
	uint16_t device_port = read_16(tcp), peer_port = read_16(tcp + 2);
	uint32_t sequence = read_32(tcp + 4);
	struct connection *connection = find(device_port, peer_port);
	if (tcp[13] & SYN) {
		take_syn(device_port, peer_port, sequence);
	} else if (tcp[13] & RST) {
		if (connection)
			connection->used = false;
	} else if (connection && mode == PEER_LIVES) {
		take_stream(connection, sequence, size - header_bytes, tcp[13]);
	} else if (mode == PEER_REBOOTED) {
		struct connection unknown = { true, device_port, peer_port, read_32(tcp + 8), 0, 0 };
		answer(&unknown, RST, "");
	}
}

void peer_set(enum peer_mode new_mode)
{
	if (new_mode != PEER_LIVES)
		memset(connections, 0, sizeof connections);
	mode = new_mode;
}

void peer_stall(void)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].used) {
			connections[i].window = 0;
			answer(&connections[i], ACK, "");
		}
}

void peer_end_streams(void)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].used) {
			answer(&connections[i], FIN | ACK, "");
			connections[i].next_sent++;
		}
}

void peer_send(const char *text)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (connections[i].used) {
			answer(&connections[i], ACK, text);
			connections[i].next_sent += (uint32_t)strlen(text);
		}
}
