// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/sent_log.h"
#include "agent/image/err.h"
#include "agent/port/linux/digest.h"
#include "agent/port/linux/record_kind.h"
#include "muster.pb-c.h"
#include "proto/wire.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 160, BUFFER_BYTES = 16384 };

struct buffer {
	char text[BUFFER_BYTES];
	size_t used;
};

int mu_sent_log_open(struct mu_sent_log *log, const char *path)
{
	*log = (struct mu_sent_log){ .fd = -1 };
	if (!path)
		return 0;
	log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return log->fd < 0 ? MU_ERR_IO : 0;
}

void mu_sent_log_close(struct mu_sent_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

static void write_out(struct mu_sent_log *log, struct buffer *buffer)
{
	if (write(log->fd, buffer->text, buffer->used) != (ssize_t)buffer->used)
		log->unreadable++;
	buffer->used = 0;
}

static void add_record(struct buffer *buffer, const char *id, uint64_t epoch, const struct mu_wire_record *record)
{
	uint8_t digest[MU_SHA256_SIZE] = { 0 };
	char sha[17];
	mu_digest_sha256(record->data, record->size, digest);
	for (unsigned i = 0; i < 8; i++)
		snprintf(sha + 2 * i, 3, "%02x", digest[i]);
	buffer->used +=
		(size_t)snprintf(buffer->text + buffer->used, LINE_MAX_BYTES, "record %s %016" PRIx64 " %" PRIu64 " %" PRIu64 " %s %s\n",
			id, epoch, record->seq, record->span, mu_record_kind(record->data, record->size), sha);
}

void mu_sent_log_uplink(struct mu_sent_log *log, const char *id, const void *payload, size_t size)
{
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;
	struct buffer buffer;
	if (log->fd < 0)
		return;
	if (mu_wire_uplink_split(payload, size, &uplink) < 0) {
		log->unreadable++;
		return;
	}
	buffer.used = 0;
	for (mu_wire_record_first(&uplink, &record); record.data; mu_wire_record_next(&uplink, &record)) {
		if (buffer.used + LINE_MAX_BYTES > sizeof buffer.text)
			write_out(log, &buffer);
		add_record(&buffer, id, uplink.epoch, &record);
		log->records++;
	}
	write_out(log, &buffer);
}

void mu_sent_log_ack(struct mu_sent_log *log, const char *id, const void *payload, size_t size)
{
	struct buffer buffer;
	if (log->fd < 0)
		return;
	Mu__Ack *ack = mu__ack__unpack(0, size, payload);
	if (!ack) {
		log->unreadable++;
		return;
	}
	buffer.used =
		(size_t)snprintf(buffer.text, LINE_MAX_BYTES, "ack %s %016" PRIx64 " %" PRIu64 "\n", id, ack->epoch, ack->through_seq);
	mu__ack__free_unpacked(ack, 0);
	log->acks++;
	write_out(log, &buffer);
}
