// SPDX-License-Identifier: Apache-2.0
// Raw QoS 1 publisher for benches: one socket, PUBLISH packets written in blocks, PUBACKs counted, nothing else. Agents cannot saturate a
// collector; this can. Every publish is a valid Uplink of one heartbeat; each device's numbers rise by one.
//
//   bench-publish PORT DEVICES COUNT RATE     RATE 0: as fast as WINDOW outstanding PUBACKs allow
//
// Prints: publishes=N seconds=S rate=R payload_bytes=B
#include "muster.pb-c.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 2000, BLOCK = 64, PACKET_MAX = 512 };

struct publisher {
	int fd;
	uint32_t devices;
	uint64_t sent, acked, count;
	uint32_t left_over; // bytes of a PUBACK that was cut by a read
	uint64_t *seq;
	size_t payload_bytes;
};

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t written = send(fd, data, size, MSG_NOSIGNAL);
		if (written <= 0)
			die("send");
		data += written;
		size -= (size_t)written;
	}
}

static int connect_to(uint16_t port)
{
	// CONNECT, MQTT 3.1.1, clean session, keep-alive off, client id "bench".
	static const uint8_t hello[] = { 0x10, 17, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 5, 'b', 'e', 'n', 'c', 'h' };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t answer[4];
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	write_all(fd, hello, sizeof hello);
	if (recv(fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer || answer[3])
		die("CONNACK");
	return fd;
}

// The heartbeat of a healthy device in its steady state.
static size_t pack_uplink(uint64_t device, uint64_t seq, uint8_t *out)
{
	Mu__Uplink uplink = MU__UPLINK__INIT;
	Mu__Record record = MU__RECORD__INIT, *records[] = { &record };
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	Mu__UplinkHealth health = MU__UPLINK_HEALTH__INIT;
	vitals.has_heap_free_bytes = vitals.has_heap_min_bytes = vitals.has_heap_largest_bytes = vitals.has_uptime_s = true;
	vitals.heap_free_bytes = 180000 + (uint32_t)(seq % 4096);
	vitals.heap_min_bytes = 150000;
	vitals.heap_largest_bytes = 110000;
	vitals.uptime_s = (uint32_t)(seq * 60);
	link.has_rssi_dbm = link.has_rssi_min_dbm = true;
	link.rssi_dbm = -60;
	link.rssi_min_dbm = -66;
	health.has_spool_records = health.has_ack_ms = true;
	health.spool_records = 1;
	health.ack_ms = 12;
	heartbeat.vitals = &vitals;
	heartbeat.link = &link;
	heartbeat.uplink = &health;
	record.boot = 1;
	record.uptime_ms = seq * 60000;
	record.body_case = MU__RECORD__BODY_HEARTBEAT;
	record.heartbeat = &heartbeat;
	uplink.epoch = 0x1234567800000001ULL + device;
	uplink.first_seq = seq;
	uplink.oldest_seq = seq;
	uplink.n_records = 1;
	uplink.records = records;
	return mu__uplink__pack(&uplink, out);
}

static size_t make_packet(struct publisher *publisher, uint8_t *out)
{
	uint8_t payload[PACKET_MAX];
	char topic[64];
	uint64_t device = publisher->sent % publisher->devices;
	size_t payload_size = pack_uplink(device, ++publisher->seq[device], payload);
	size_t topic_size = (size_t)snprintf(topic, sizeof topic, "muster/v1/bench-%06u/up", (unsigned)device);
	size_t left = 2 + topic_size + 2 + payload_size, at = 0;
	uint16_t id = (uint16_t)(publisher->sent % 65535 + 1);
	out[at++] = 0x32;
	out[at++] = (uint8_t)(left % 128 | (left > 127 ? 128 : 0));
	if (left > 127)
		out[at++] = (uint8_t)(left / 128);
	out[at++] = (uint8_t)(topic_size >> 8);
	out[at++] = (uint8_t)topic_size;
	memcpy(out + at, topic, topic_size);
	at += topic_size;
	out[at++] = (uint8_t)(id >> 8);
	out[at++] = (uint8_t)id;
	memcpy(out + at, payload, payload_size);
	publisher->sent++;
	publisher->payload_bytes = payload_size;
	return at + payload_size;
}

// Every packet that comes is a PUBACK of 4 bytes.
static void take_pubacks(struct publisher *publisher, int timeout_ms)
{
	uint8_t bytes[16384];
	struct pollfd wait = { .fd = publisher->fd, .events = POLLIN };
	if (poll(&wait, 1, timeout_ms) <= 0)
		return;
	ssize_t got = recv(publisher->fd, bytes, sizeof bytes, 0);
	if (got <= 0)
		die("the broker closed the connection");
	publisher->left_over += (uint32_t)got;
	publisher->acked += publisher->left_over / 4;
	publisher->left_over %= 4;
}

static uint64_t allowed(const struct publisher *publisher, double rate, double elapsed_s)
{
	uint64_t limit = publisher->acked + WINDOW;
	if (rate > 0 && (uint64_t)(rate * elapsed_s) < limit)
		limit = (uint64_t)(rate * elapsed_s);
	return limit < publisher->count ? limit : publisher->count;
}

static void run(struct publisher *publisher, double rate)
{
	static uint8_t block[BLOCK * PACKET_MAX];
	double start_s = now_s();
	while (publisher->acked < publisher->count) {
		uint64_t limit = allowed(publisher, rate, now_s() - start_s);
		size_t size = 0;
		for (int i = 0; i < BLOCK && publisher->sent < limit; i++)
			size += make_packet(publisher, block + size);
		write_all(publisher->fd, block, size);
		take_pubacks(publisher, size ? 0 : 1);
	}
	double seconds = now_s() - start_s;
	printf("publishes=%llu seconds=%.2f rate=%.0f payload_bytes=%zu\n", (unsigned long long)publisher->count, seconds,
		(double)publisher->count / seconds, publisher->payload_bytes);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: bench-publish PORT DEVICES COUNT RATE\n");
		return 2;
	}
	struct publisher publisher = { .devices = (uint32_t)strtoul(argv[2], 0, 10), .count = strtoull(argv[3], 0, 10) };
	if (!publisher.devices || !publisher.count)
		return 2;
	publisher.seq = calloc(publisher.devices, sizeof *publisher.seq);
	publisher.fd = connect_to((uint16_t)strtoul(argv[1], 0, 10));
	run(&publisher, strtod(argv[4], 0));
	close(publisher.fd);
	free(publisher.seq);
	return 0;
}
