// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/spool_list.h"
#include "agent/port/linux/device_state.h"
#include "agent/port/linux/digest.h"
#include "agent/port/linux/record_kind.h"
#include "agent/uplink/spool.h"
#include <inttypes.h>
#include <stdlib.h>

enum { RECORD_MAX_BYTES = 4096 };

static void show(const struct mu_spool *spool, const struct mu_spool_entry *entry, const uint8_t *packed, const char *id, FILE *out)
{
	uint8_t digest[MU_SHA256_SIZE] = { 0 };
	bool gap = entry->gap != MU_GAP_NONE;
	if (!gap)
		mu_digest_sha256(packed, entry->size, digest);
	fprintf(out, "spool %s %016" PRIx64 " %" PRIu64 " %" PRIu64 " %s ", id, mu_spool_epoch(spool), entry->seq, entry->count,
		gap ? "gap" : mu_record_kind(packed, entry->size));
	for (unsigned i = 0; i < 8; i++)
		fprintf(out, "%02x", digest[i]);
	fputc('\n', out);
}

static int show_all(struct mu_spool *spool, const char *id, FILE *out)
{
	uint8_t packed[RECORD_MAX_BYTES];
	struct mu_spool_entry entry;
	uint64_t seq = mu_spool_acked_through(spool) + 1;
	if (seq < mu_spool_oldest_seq(spool))
		seq = mu_spool_oldest_seq(spool);
	int err = 0;
	while (seq < mu_spool_next_seq(spool) && !err) {
		err = mu_spool_read(spool, seq, &entry, packed, sizeof packed);
		if (err < 0)
			break;
		err = 0;
		show(spool, &entry, packed, id, out);
		seq = entry.seq + entry.count;
	}
	fprintf(out, "end %s %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", id, mu_spool_epoch(spool), mu_spool_next_seq(spool),
		mu_spool_acked_through(spool));
	return err;
}

int mu_spool_list(struct mu_flash_image *flash, const char *id, FILE *out)
{
	struct mu_spool spool;
	struct mu_device *device = calloc(1, sizeof *device); // only its flash is used
	if (!device)
		return MU_ERR_NO_MEMORY;
	device->port = mu_device_port;
	device->port.context = device;
	int err = mu_flash_partitions_open(&device->partitions, flash);
	if (!err)
		err = mu_spool_open(&spool, &device->port);
	if (!err)
		err = show_all(&spool, id, out);
	free(device);
	return err;
}
