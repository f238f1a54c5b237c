// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/agent/uplink/spool_life.h"

struct spool_life spool_life;
static struct spool_life saved;
static uint8_t saved_flash[SPOOL_LIFE_SECTORS_MAX * MU_SECTOR_BYTES];

// Mostly heartbeats, so that thinning has work; every step has its own length and bytes.
static enum mu_record_class class_of(unsigned step)
{
	static const enum mu_record_class classes[] = { MU_CLASS_HEARTBEAT, MU_CLASS_EVENT, MU_CLASS_HEARTBEAT, MU_CLASS_LOG,
		MU_CLASS_HEARTBEAT, MU_CLASS_BOOT, MU_CLASS_HEARTBEAT, MU_CLASS_LINK, MU_CLASS_OTA, MU_CLASS_HEARTBEAT, MU_CLASS_COMMAND };
	return classes[step % (sizeof classes / sizeof *classes)];
}

size_t spool_life_fill(unsigned step, uint8_t bytes[SPOOL_LIFE_RECORD_BYTES])
{
	size_t size = spool_life.size_least + step * 37 % spool_life.size_spread;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(step * 31 + i * 7);
	return size;
}

void spool_life_begin(unsigned sectors, size_t size_least, size_t size_spread)
{
	memset(&spool_life, 0, sizeof spool_life);
	spool_life.size_least = size_least;
	spool_life.size_spread = size_spread;
	fake_port_init(&spool_life.fake, 7);
	fake_port_partition(&spool_life.fake, MU_PART_SPOOL, sectors);
}

void spool_life_end(void)
{
	fake_port_free(&spool_life.fake);
}

int spool_life_open(void)
{
	int err = mu_spool_open(&spool_life.spool, &spool_life.fake.port);
	if (err < 0)
		return err;
	if (spool_life.opened)
		assert_true(mu_spool_epoch(&spool_life.spool) == spool_life.epoch);
	spool_life.epoch = mu_spool_epoch(&spool_life.spool);
	spool_life.opened = true;
	return 0;
}

void spool_life_forget(void)
{
	memset(&spool_life.spool, 0xA5, sizeof spool_life.spool);
}

void spool_life_append(unsigned step)
{
	uint8_t bytes[SPOOL_LIFE_RECORD_BYTES];
	uint64_t seq = mu_spool_next_seq(&spool_life.spool);
	assert_in_range(seq, 1, SPOOL_LIFE_SEQS - 1);
	assert_false(spool_life.known[seq].durable); // the promise: never twice
	spool_life.known[seq].step = step;
	if (mu_spool_append(&spool_life.spool, class_of(step), bytes, spool_life_fill(step, bytes), &seq) < 0)
		return;
	spool_life.known[seq].durable = true;
	spool_life.newest = seq;
}

void spool_life_ack(void)
{
	if (spool_life.newest <= 3)
		return;
	uint64_t through = spool_life.newest - 3;
	spool_life.heard = through;
	if (mu_spool_ack(&spool_life.spool, through) == 0)
		spool_life.acked = through;
}

void spool_life_save(void)
{
	saved = spool_life;
	memcpy(saved_flash, spool_life.fake.flash[MU_PART_SPOOL], spool_life.fake.flash_bytes[MU_PART_SPOOL]);
}

void spool_life_restore(void)
{
	spool_life = saved;
	memcpy(spool_life.fake.flash[MU_PART_SPOOL], saved_flash, spool_life.fake.flash_bytes[MU_PART_SPOOL]);
}

// ---- looking

static void check_record(const struct mu_spool_entry *entry, const uint8_t *bytes)
{
	uint8_t wanted[SPOOL_LIFE_RECORD_BYTES];
	unsigned step = spool_life.known[entry->seq].step;
	assert_int_not_equal(step, 0);
	size_t size = spool_life_fill(step, wanted);
	assert_int_equal(entry->size, size);
	assert_int_equal(entry->record_class, class_of(step));
	assert_memory_equal(bytes, wanted, size);
}

static void check_gap(const struct mu_spool_entry *entry, bool may_be_damaged)
{
	assert_true(entry->gap != MU_GAP_DAMAGED || may_be_damaged);
	for (uint64_t seq = entry->seq; seq < entry->seq + entry->count; seq++)
		if (entry->gap == MU_GAP_RESERVED)
			assert_false(spool_life.known[seq].durable);
}

struct spool_life_count spool_life_read_all(bool readable[SPOOL_LIFE_SEQS], bool may_be_damaged)
{
	uint8_t bytes[SPOOL_LIFE_RECORD_BYTES];
	memset(readable, 0, SPOOL_LIFE_SEQS * sizeof *readable);
	uint64_t seq = mu_spool_oldest_seq(&spool_life.spool), next = mu_spool_next_seq(&spool_life.spool);
	uint32_t unacked = 0, damaged = 0;
	assert_true(next < SPOOL_LIFE_SEQS);
	while (seq < next) {
		struct mu_spool_entry entry;
		assert_int_equal(mu_spool_read(&spool_life.spool, seq, &entry, bytes, sizeof bytes), 0);
		assert_true(entry.seq == seq && entry.count >= 1 && entry.count <= next - seq);
		if (entry.gap == MU_GAP_NONE) {
			check_record(&entry, bytes);
			readable[seq] = true;
			unacked += seq > mu_spool_acked_through(&spool_life.spool);
		} else {
			check_gap(&entry, may_be_damaged);
			damaged += entry.gap == MU_GAP_DAMAGED ? (uint32_t)entry.count : 0;
		}
		seq += entry.count;
	}
	struct mu_spool_entry none;
	assert_int_equal(mu_spool_read(&spool_life.spool, next, &none, bytes, sizeof bytes), MU_ERR_NOT_FOUND);
	return (struct spool_life_count){ unacked, damaged };
}

void spool_life_check_depth(struct spool_life_count count)
{
	assert_in_range(mu_spool_depth(&spool_life.spool), count.unacked, count.unacked + count.damaged);
}
