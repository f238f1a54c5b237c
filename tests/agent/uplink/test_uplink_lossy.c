// SPDX-License-Identifier: Apache-2.0
// A device, a broker and a collector by the rules of proto/SPEC.md, with everything between them going wrong at random: sessions drop,
// Acks are lost, late and out of order, the device loses power, the collector falls back to a backup. Each record arrives as it was
// stored, none is acked that the collector does not have, nobody is flooded, and once the faults stop all is delivered.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/uplink/uplink.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "tests/agent/fake_port.h"

enum { SEEDS = 150, SEQS = 4096, QUEUE = 64, TICK_MS = 500, FAULTY_MS = 1800000, CALM_MS = 1500000 };

struct message { // on its way; due_ms 0: the place is free
	uint64_t due_ms, value;
	uint8_t bytes[4096];
	size_t size;
};

struct world {
	struct fake_port fake;
	struct mu_spool spool;
	struct mu_uplink uplink;
	uint8_t buffer[4096], packed[MU_SPOOL_RECORD_MAX];
	uint64_t now_ms, boot_ms;
	bool session, faulty;
	struct message up[QUEUE], acks[QUEUE];
	int puback; // id, 0: none outstanding
	uint64_t puback_due_ms;
	uint64_t expected, backup; // the collector's next number; what its backup has
	uint64_t promised; // highest number that it acked
	bool appended[SEQS], stored[SEQS], unexplained[SEQS];
	unsigned seen; // publishes that were taken from the fake
};

static struct world w;

static uint64_t chance(uint64_t n)
{
	return fake_port_random(&w.fake) % n;
}

static struct message *free_place(struct message *queue)
{
	for (int i = 0; i < QUEUE; i++)
		if (!queue[i].due_ms)
			return &queue[i];
	return NULL;
}

// ---- the collector

static void send_ack(void)
{
	struct message *ack = free_place(w.acks);
	w.promised = w.expected - 1 > w.promised ? w.expected - 1 : w.promised;
	if (!ack || (w.faulty && chance(4) == 0))
		return;
	ack->due_ms = w.now_ms + 1 + chance(w.faulty ? 4000 : 200);
	ack->value = w.expected - 1;
}

// A record's text tells its number; a wrong one would be a record that took another's place.
static void store(const struct mu_wire_record *wire)
{
	Mu__Record *record = mu__record__unpack(NULL, wire->size, wire->data);
	assert_non_null(record);
	assert_int_equal(mu_limits_check_record(record, NULL), 0);
	if (record->body_case == MU__RECORD__BODY_EVENT) {
		assert_true((uint64_t)record->event->value == wire->seq);
		w.stored[wire->seq] = true;
	} else {
		assert_int_equal(record->body_case, MU__RECORD__BODY_GAP);
		assert_int_not_equal(record->gap->reason, MU__GAP_REASON__GAP_DAMAGED);
	}
	mu__record__free_unpacked(record, NULL);
}

static void collect(const struct message *message)
{
	struct mu_wire_uplink uplink;
	struct mu_wire_record record;
	assert_int_equal(mu_wire_uplink_split(message->bytes, message->size, &uplink), 0);
	assert_true(uplink.epoch == mu_spool_epoch(&w.spool));
	while (w.expected < uplink.oldest_seq) // the device no longer has it
		w.unexplained[w.expected++] = true;
	if (uplink.first_seq <= w.expected) {
		for (mu_wire_record_first(&uplink, &record); record.data; mu_wire_record_next(&uplink, &record))
			if (record.seq + record.span > w.expected)
				store(&record);
		w.expected = uplink.last_seq + 1 > w.expected ? uplink.last_seq + 1 : w.expected;
	}
	send_ack();
}

// ---- the way between

static void deliver(void)
{
	for (int i = 0; i < QUEUE; i++) {
		struct message *up = &w.up[i], *ack = &w.acks[i];
		if (up->due_ms && up->due_ms <= w.now_ms) {
			up->due_ms = 0;
			collect(up);
		}
		if (!ack->due_ms || ack->due_ms > w.now_ms)
			continue;
		ack->due_ms = 0;
		Mu__Ack message = MU__ACK__INIT;
		uint8_t bytes[MU_ACK_BYTES_MAX];
		message.epoch = mu_spool_epoch(&w.spool);
		message.through_seq = ack->value;
		if (w.session)
			assert_int_equal(mu_uplink_ack(&w.uplink, bytes, mu__ack__pack(&message, bytes), w.now_ms, NULL), 0);
	}
	assert_true(mu_spool_acked_through(&w.spool) <= w.promised);
	if (w.puback && w.puback_due_ms <= w.now_ms) {
		mu_uplink_published(&w.uplink, w.puback, w.now_ms);
		w.puback = 0;
	}
}

// What the device has published goes to the broker, which has it for good, in order and perhaps twice.
static void take_publishes(void)
{
	for (; w.seen < w.fake.published; w.seen++) {
		const struct fake_publish *publish = fake_port_publish(&w.fake, w.fake.published - 1 - w.seen);
		struct message *up = free_place(w.up);
		assert_int_equal(w.puback, 0); // one awaits its PUBACK
		w.puback = publish->id;
		w.puback_due_ms = w.now_ms + 20 + chance(w.faulty ? 2000 : 50);
		if (!up || (w.faulty && chance(12) == 0))
			continue; // a broker that was restarted, or is full
		memcpy(up->bytes, publish->payload, publish->size);
		up->size = publish->size;
		up->due_ms = w.now_ms + 1 + chance(w.faulty ? 1500 : 100);
	}
}

static void set_session(bool open)
{
	if (open == w.session)
		return;
	w.puback = 0;
	w.session = open;
	if (open)
		mu_uplink_session_open(&w.uplink, w.now_ms);
	else
		mu_uplink_session_lost(&w.uplink);
}

static void boot(void)
{
	w.session = false;
	w.puback = 0;
	w.boot_ms = w.now_ms;
	assert_int_equal(mu_spool_open(&w.spool, &w.fake.port), 0);
	assert_int_equal(mu_uplink_init(&w.uplink, &w.spool, &w.fake.port, "d", 1, w.buffer, sizeof w.buffer, sizeof w.buffer), 0);
}

static void lose_power(void)
{
	struct mu_stamp stamp = { .boot = 1 };
	Mu__Event event = MU__EVENT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	event.name = (char *)"torn";
	event.has_value = 1;
	event.value = (int64_t)mu_spool_next_seq(&w.spool);
	record.body_case = MU__RECORD__BODY_EVENT;
	record.event = &event;
	fake_port_cut(&w.fake, 1 + chance(2), (enum fake_tear)chance(FAKE_TEAR_COUNT));
	mu_record_append(&w.spool, &stamp, MU_CLASS_EVENT, &record, w.packed, NULL);
	fake_port_power_on(&w.fake);
	boot();
}

static void add_record(void)
{
	char text[MU_EVENT_TEXT_MAX + 1] = { 0 };
	struct mu_stamp stamp = { .boot = 1, .uptime_ms = w.now_ms };
	Mu__Event event = MU__EVENT__INIT;
	Mu__Record record = MU__RECORD__INIT;
	memset(text, 'x', chance(MU_EVENT_TEXT_MAX));
	event.name = (char *)"something";
	event.text = text;
	event.has_value = 1;
	event.value = (int64_t)mu_spool_next_seq(&w.spool);
	record.body_case = MU__RECORD__BODY_EVENT;
	record.event = &event;
	assert_true(mu_spool_next_seq(&w.spool) < SEQS);
	uint64_t seq;
	assert_int_equal(mu_record_append(&w.spool, &stamp, MU_CLASS_EVENT, &record, w.packed, &seq), 0);
	w.appended[seq] = true;
}

static void go_wrong(void)
{
	if (chance(60) == 0)
		set_session(!w.session);
	if (chance(900) == 0)
		lose_power();
	if (chance(600) == 0)
		w.backup = w.expected;
	if (chance(1200) == 0 && w.backup)
		w.expected = w.backup;
}

// A collector that was restored can only ask when it is spoken to.
static bool is_heartbeat_due(void)
{
	return w.now_ms % 60000 < TICK_MS && w.now_ms < FAULTY_MS + CALM_MS - 600000;
}

static void live(uint64_t seed)
{
	memset(&w, 0, sizeof w);
	fake_port_init(&w.fake, seed);
	fake_port_partition(&w.fake, MU_PART_SPOOL, 8);
	w.expected = w.now_ms = 1;
	boot();
	for (; w.now_ms < FAULTY_MS + CALM_MS; w.now_ms += TICK_MS) {
		w.faulty = w.now_ms < FAULTY_MS;
		if (w.faulty)
			go_wrong();
		else
			set_session(true);
		if (w.faulty ? chance(10) == 0 : is_heartbeat_due())
			add_record();
		mu_uplink_step(&w.uplink, w.now_ms);
		take_publishes();
		deliver();
	}
}

static void check_delivered(void)
{
	assert_true(w.expected == mu_spool_next_seq(&w.spool));
	assert_int_equal(mu_spool_depth(&w.spool), 0);
	assert_true(mu_spool_acked_through(&w.spool) + 1 == w.expected);
	assert_int_equal(mu_uplink_statistics(&w.uplink)->acks_beyond, 0);
	for (uint64_t seq = 1; seq < SEQS; seq++) // events fit into the archive, so none was dropped on purpose
		assert_true(w.stored[seq] || w.unexplained[seq] || !w.appended[seq]);
	// 30 faulty minutes of 360 records or so, and 25 calm ones: at worst each publish carries one record and is sent twice.
	assert_in_range(w.fake.published, 20, 900);
}

static void test_random_worlds(void **unused)
{
	(void)unused;
	unsigned stored = 0, publishes = 0;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		live(seed);
		check_delivered();
		for (size_t i = 0; i < SEQS; i++)
			stored += w.stored[i];
		publishes += w.fake.published;
		fake_port_free(&w.fake);
	}
	print_message("seeds=%d stored=%u publishes=%u\n", SEEDS, stored, publishes);
	assert_true(stored > SEEDS * 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_worlds) };
	return cmocka_run_group_tests(tests, 0, 0);
}
