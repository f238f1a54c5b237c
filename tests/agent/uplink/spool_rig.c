// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/agent/uplink/spool_rig.h"

int spool_rig_set_up(void **state)
{
	static struct spool_rig rig;
	fake_port_init(&rig.fake, 11);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, 8);
	assert_int_equal(mu_spool_open(&rig.spool, &rig.fake.port), 0);
	*state = &rig;
	return 0;
}

int spool_rig_tear_down(void **state)
{
	struct spool_rig *rig = *state;
	assert_int_equal(rig->fake.rule_violations, 0);
	fake_port_free(&rig->fake);
	return 0;
}

void spool_rig_reopen(struct spool_rig *rig)
{
	assert_int_equal(mu_spool_open(&rig->spool, &rig->fake.port), 0);
}

uint64_t spool_rig_add(struct spool_rig *rig, enum mu_record_class record_class, size_t size)
{
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	uint64_t seq = 0;
	memset(bytes, (int)(mu_spool_next_seq(&rig->spool) * 7), size);
	assert_int_equal(mu_spool_append(&rig->spool, record_class, bytes, size, &seq), 0);
	return seq;
}

void spool_rig_add_many(struct spool_rig *rig, enum mu_record_class record_class, size_t size, unsigned count)
{
	while (count--)
		spool_rig_add(rig, record_class, size);
}

struct mu_spool_entry spool_rig_read_at(struct spool_rig *rig, uint64_t seq)
{
	uint8_t bytes[MU_SPOOL_RECORD_MAX];
	struct mu_spool_entry entry;
	assert_int_equal(mu_spool_read(&rig->spool, seq, &entry, bytes, sizeof bytes), 0);
	assert_true(entry.seq == seq && entry.count > 0);
	for (size_t i = 0; i < entry.size; i++)
		assert_int_equal(bytes[i], (uint8_t)(seq * 7));
	return entry;
}

uint64_t spool_rig_count_reason(struct spool_rig *rig, uint64_t seq, enum mu_gap_reason reason)
{
	uint64_t count = 0;
	while (seq < mu_spool_next_seq(&rig->spool)) {
		struct mu_spool_entry entry = spool_rig_read_at(rig, seq);
		count += entry.gap == reason ? entry.count : 0;
		seq += entry.count;
	}
	assert_true(seq == mu_spool_next_seq(&rig->spool));
	return count;
}

uint8_t *spool_rig_sector(struct spool_rig *rig, unsigned index)
{
	return rig->fake.flash[MU_PART_SPOOL] + index * MU_SECTOR_BYTES;
}
