// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/engine/snapshot.h"
#include "alerts/engine/window.h"

enum { SLOTS = 3, BYTES = 1024 };

// A device with a block of its own; slots laid out as the compiler does.
struct fixture {
	struct rule_slot slots[SLOTS];
	struct rule_set rules;
	struct engine_device *device;
};

static void set_up(struct fixture *f, const enum slot_kind *kinds, const uint64_t *hashes, size_t count)
{
	*f = (struct fixture){ .rules = { .slots = f->slots, .slot_count = count } };
	for (size_t i = 0; i < count; i++) {
		uint32_t size = window_slot_bytes(kinds[i]);
		f->slots[i] = (struct rule_slot){ .kind = kinds[i],
			.window_ms = 60000,
			.hash = hashes[i],
			.offset = f->rules.slot_bytes,
			.size = size };
		f->rules.slot_bytes += size;
	}
	f->device = calloc(1, sizeof *f->device + f->rules.slot_bytes);
	assert_non_null(f->device);
}

static void *state(const struct fixture *f, unsigned slot)
{
	return (uint8_t *)f->device->slots + f->slots[slot].offset;
}

static const enum slot_kind kinds[] = { SLOT_VALUE, SLOT_COUNTER, SLOT_EVENTS };
static const uint64_t hashes[] = { 11, 22, 33 };

// Slots 0 and 1 have something, slot 2 is empty.
static size_t pack_some(struct fixture *f, uint8_t *bytes)
{
	set_up(f, kinds, hashes, SLOTS);
	*f->device = (struct engine_device){ .recv_ms = 2000, .clock = { 1900, 5, 3 }, .beat_ms = 1800, .interval_ms = 60000 };
	window_add(&f->slots[0], state(f, 0), 1900, 3, 7);
	window_add(&f->slots[1], state(f, 1), 1900, 3, 70);
	return snapshot_pack(&f->rules, f->device, bytes, BYTES);
}

static void test_what_is_packed_comes_back(void **unused)
{
	(void)unused;
	struct fixture from, to;
	uint8_t bytes[BYTES], again[BYTES];
	size_t size = pack_some(&from, bytes);
	assert_in_range(size, 1, snapshot_max(&from.rules));
	set_up(&to, kinds, hashes, SLOTS);
	assert_int_equal(snapshot_unpack(&to.rules, to.device, bytes, size), 0);
	assert_memory_equal(to.device->slots, from.device->slots, to.rules.slot_bytes);
	assert_int_equal(to.device->interval_ms, 60000);
	assert_int_equal(snapshot_pack(&to.rules, to.device, again, BYTES), size);
	assert_memory_equal(bytes, again, size);
	free(from.device);
	free(to.device);
}

// A restart with other rules: slots in another order, one gone, one new, one of the same hash but another kind.
static void test_other_rules_take_what_they_know(void **unused)
{
	(void)unused;
	static const enum slot_kind other_kinds[] = { SLOT_COUNTER, SLOT_TOTAL, SLOT_MIN };
	static const uint64_t other_hashes[] = { 22, 44, 11 };
	struct fixture from, to;
	uint8_t bytes[BYTES];
	size_t size = pack_some(&from, bytes);
	set_up(&to, other_kinds, other_hashes, SLOTS);
	assert_int_equal(snapshot_unpack(&to.rules, to.device, bytes, size), 0);
	assert_memory_equal(state(&to, 0), state(&from, 1), from.slots[1].size);
	static const uint8_t zero[256];
	assert_memory_equal(state(&to, 1), zero, to.slots[1].size);
	assert_memory_equal(state(&to, 2), zero, to.slots[2].size);
	struct rule_set none = { 0 };
	struct engine_device bare = { 0 };
	assert_int_equal(snapshot_unpack(&none, &bare, bytes, size), 0);
	assert_int_equal(bare.recv_ms, 2000);
	free(from.device);
	free(to.device);
}

// Cut anywhere, or with something behind it: refused as a whole, and the alerts of the device stay.
static void test_what_is_none_leaves_the_device_empty(void **unused)
{
	(void)unused;
	struct fixture from, to;
	uint8_t bytes[BYTES] = { 0 };
	size_t size = pack_some(&from, bytes);
	struct alert alert = { 0 };
	set_up(&to, kinds, hashes, SLOTS);
	struct engine_device *empty = calloc(1, sizeof *empty + to.rules.slot_bytes);
	assert_non_null(empty);
	empty->alerts = &alert;
	for (size_t cut = 0; cut <= size + 1; cut++) {
		if (cut == size)
			continue;
		memset(to.device, 0, sizeof *to.device + to.rules.slot_bytes);
		to.device->alerts = &alert;
		assert_int_equal(snapshot_unpack(&to.rules, to.device, bytes, cut), -1);
		assert_memory_equal(to.device, empty, sizeof *empty + to.rules.slot_bytes);
	}
	bytes[0] = 2; // a later version
	assert_int_equal(snapshot_unpack(&to.rules, to.device, bytes, size), -1);
	free(empty);
	free(from.device);
	free(to.device);
}

static void test_too_little_room_packs_nothing(void **unused)
{
	(void)unused;
	struct fixture from;
	uint8_t bytes[BYTES];
	size_t size = pack_some(&from, bytes);
	for (size_t room = 0; room < size; room++)
		assert_int_equal(snapshot_pack(&from.rules, from.device, bytes, room), 0);
	assert_int_equal(snapshot_pack(&from.rules, from.device, bytes, size), size);
	free(from.device);
}

// The format is on disk: version 1 is read for ever.
static void test_bytes_of_version_1(void **unused)
{
	(void)unused;
	static const uint8_t bytes[] = {
		1, 0xD0, 7, 0, 0, 0, 0, 0, 0, 0x6C, 7, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0x60, 0xEA, 0, 0,
		1,
		0,
		11,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		SLOT_VALUE,
		0x6C,
		7,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0x1C,
		0x40,
	};
	struct fixture to;
	set_up(&to, kinds, hashes, SLOTS);
	assert_int_equal(snapshot_unpack(&to.rules, to.device, bytes, sizeof bytes), 0);
	assert_int_equal(to.device->recv_ms, 2000);
	assert_int_equal(to.device->clock.last_ms, 1900);
	assert_int_equal(to.device->clock.began_ms, 5);
	assert_int_equal(to.device->beat_ms, 1800);
	assert_int_equal(to.device->clock.boot, 3);
	assert_int_equal(to.device->interval_ms, 60000);
	assert_true(window_read(&to.slots[0], state(&to, 0), OP_VALUE, 1900) == 7);
	free(to.device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_packed_comes_back),
		cmocka_unit_test(test_other_rules_take_what_they_know),
		cmocka_unit_test(test_what_is_none_leaves_the_device_empty),
		cmocka_unit_test(test_too_little_room_packs_nothing),
		cmocka_unit_test(test_bytes_of_version_1),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
