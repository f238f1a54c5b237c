// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "proto/limits.h"
#include "tests/agent/uplink/uplink_rig.h"

int uplink_rig_set_up(void **state)
{
	static struct uplink_rig rig;
	fake_port_init(&rig.fake, 3);
	fake_port_partition(&rig.fake, MU_PART_SPOOL, 8);
	assert_int_equal(mu_spool_open(&rig.spool, &rig.fake.port), 0);
	assert_int_equal(mu_uplink_init(&rig.uplink, &rig.spool, &rig.fake.port, "dev-1", UPLINK_RIG_BOOT, rig.buffer, sizeof rig.buffer,
				 UPLINK_RIG_BATCH),
		0);
	rig.now_ms = 1000;
	*state = &rig;
	return 0;
}

int uplink_rig_tear_down(void **state)
{
	struct uplink_rig *rig = *state;
	fake_port_free(&rig->fake);
	return 0;
}

uint64_t uplink_rig_add(struct uplink_rig *rig, size_t size)
{
	char text[MU_LOG_TEXT_MAX + 1] = { 0 };
	memset(text, 'x', size);
	Mu__Log log = MU__LOG__INIT;
	log.level = MU__LOG_LEVEL__LOG_INFO;
	log.text = text;
	Mu__Record record = MU__RECORD__INIT;
	record.body_case = MU__RECORD__BODY_LOG;
	record.log = &log;
	struct mu_stamp stamp = { .boot = UPLINK_RIG_BOOT, .uptime_ms = rig->now_ms };
	uint64_t seq = 0;
	assert_int_equal(mu_record_append(&rig->spool, &stamp, MU_CLASS_LOG, &record, rig->packed, &seq), 0);
	return seq;
}

void uplink_rig_add_batches(struct uplink_rig *rig, unsigned batches)
{
	for (unsigned i = 0; i < batches * 8; i++) // eight records of about 270 bytes fill a batch
		uplink_rig_add(rig, MU_LOG_TEXT_MAX);
}

unsigned uplink_rig_steps(struct uplink_rig *rig)
{
	unsigned before = rig->fake.published;
	mu_uplink_step(&rig->uplink, rig->now_ms);
	return rig->fake.published - before;
}

void uplink_rig_puback(struct uplink_rig *rig)
{
	mu_uplink_published(&rig->uplink, fake_port_publish(&rig->fake, 0)->id, rig->now_ms);
}

unsigned uplink_rig_flush(struct uplink_rig *rig)
{
	unsigned count = 0;
	while (uplink_rig_steps(rig)) {
		uplink_rig_puback(rig);
		count++;
	}
	return count;
}

int uplink_rig_ack_full(struct uplink_rig *rig, uint64_t epoch, uint64_t through, uint32_t retry_after_s, struct mu_ack *out)
{
	uint8_t bytes[MU_ACK_BYTES_MAX];
	Mu__Ack ack = MU__ACK__INIT;
	ack.epoch = epoch;
	ack.through_seq = through;
	ack.has_retry_after_s = retry_after_s != 0;
	ack.retry_after_s = retry_after_s;
	ack.has_server_time_ms = 1;
	ack.server_time_ms = MU_WALL_MS_MIN + 5;
	assert_true(mu__ack__get_packed_size(&ack) <= sizeof bytes);
	return mu_uplink_ack(&rig->uplink, bytes, mu__ack__pack(&ack, bytes), rig->now_ms, out);
}

int uplink_rig_ack(struct uplink_rig *rig, uint64_t through)
{
	return uplink_rig_ack_full(rig, mu_spool_epoch(&rig->spool), through, 0, NULL);
}

struct mu_wire_uplink uplink_rig_sent(const struct uplink_rig *rig, unsigned back)
{
	struct mu_wire_uplink uplink;
	const struct fake_publish *publish = fake_port_publish(&rig->fake, back);
	assert_non_null(publish);
	assert_int_equal(publish->qos, 1);
	assert_string_equal(publish->topic, "muster/v1/dev-1/up");
	assert_int_equal(mu_wire_uplink_split(publish->payload, publish->size, &uplink), 0);
	return uplink;
}

void uplink_rig_open_session(struct uplink_rig *rig)
{
	mu_uplink_session_open(&rig->uplink, rig->now_ms);
}
