// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/port/linux/fake_names.h"
#include <arpa/inet.h>
#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_MAX = 512, TYPE_A = 1, TYPE_AAAA = 28 };

// One address behind the question, which its name points to. Returns the new size.
static size_t add_address(uint8_t *packet, size_t size, uint8_t type, const uint8_t *address, uint8_t address_size)
{
	const uint8_t head[] = { 0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address_size };
	memcpy(packet + size, head, sizeof head);
	memcpy(packet + size + sizeof head, address, address_size);
	packet[7]++;
	return size + sizeof head + address_size;
}

static size_t add_addresses(const struct fake_names *names, uint8_t *packet, size_t size)
{
	uint8_t type = packet[size - 3];
	for (unsigned i = 0; type == TYPE_A && i < names->ipv4_count; i++)
		size = add_address(packet, size, type, (const uint8_t[]){ 127, 0, 0, (uint8_t)(i + 1) }, 4);
	if (type == TYPE_AAAA && names->ipv6)
		size = add_address(packet, size, type, in6addr_loopback.s6_addr, 16);
	return size;
}

static void on_question(int fd, short what, void *context)
{
	struct fake_names *names = context;
	struct sockaddr_in from;
	socklen_t from_size = sizeof from;
	uint8_t packet[PACKET_MAX];
	(void)what;
	ssize_t got = recvfrom(fd, packet, PACKET_MAX / 2, 0, (struct sockaddr *)&from, &from_size);
	if (got < 17)
		return;
	names->asked++;
	if (names->mood == FAKE_NAMES_SILENT)
		return;
	size_t size = (size_t)got;
	packet[2] = 0x81;
	packet[3] = names->mood == FAKE_NAMES_ANSWER ? 0x80 : names->mood == FAKE_NAMES_NONE ? 0x83 : 0x85;
	if (names->mood == FAKE_NAMES_ANSWER)
		size = add_addresses(names, packet, size);
	sendto(fd, packet, size, 0, (struct sockaddr *)&from, from_size);
}

void fake_names_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert(file);
	fputs(text, file);
	fclose(file);
}

static void make_file(char *path, size_t size, const char *text)
{
	snprintf(path, size, "/tmp/muster-names-XXXXXX");
	int fd = mkstemp(path);
	assert(fd >= 0);
	close(fd);
	fake_names_write(path, text);
}

void fake_names_start(struct fake_names *names, struct event_base *loop, const char *hosts)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	*names = (struct fake_names){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .ipv4_count = 1 };
	assert(names->fd >= 0 && bind(names->fd, (struct sockaddr *)&address, size) == 0);
	getsockname(names->fd, (struct sockaddr *)&address, &size);
	event_assign(&names->io, loop, names->fd, EV_READ | EV_PERSIST, on_question, names);
	event_add(&names->io, 0);
	snprintf(names->nameserver, sizeof names->nameserver, "nameserver 127.0.0.1:%u\n", ntohs(address.sin_port));
	make_file(names->resolv_conf, sizeof names->resolv_conf, names->nameserver);
	make_file(names->hosts, sizeof names->hosts, hosts);
}

void fake_names_stop(struct fake_names *names)
{
	event_del(&names->io);
	close(names->fd);
	unlink(names->resolv_conf);
	unlink(names->hosts);
}
