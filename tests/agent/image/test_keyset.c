// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/crc32.h"
#include "agent/image/err.h"
#include "agent/image/keyset.h"
#include <string.h>

static struct mu_keyset make_set(unsigned count)
{
	static const char *const names[] = { "release-2026", "alice", "musterd" };
	struct mu_keyset set = { .count = count };
	for (unsigned i = 0; i < count && i < MU_KEYSET_MAX; i++) {
		struct mu_key *key = &set.keys[i];
		memset(key->id, (int)(i + 1), sizeof key->id);
		key->role = (enum mu_key_role)(i % 3 + 1);
		memset(key->point, (int)(0x40 + i), sizeof key->point);
		key->point[0] = 4;
		memcpy(key->name, names[i % 3], strlen(names[i % 3]) + 1);
	}
	return set;
}

static void test_there_and_back(void **unused)
{
	(void)unused;
	for (unsigned count = 0; count <= MU_KEYSET_MAX; count++) {
		uint8_t bytes[MU_KEYSET_SIZE_MAX];
		struct mu_keyset set = make_set(count), back;
		int size = mu_keyset_write(&set, bytes, sizeof bytes);
		assert_int_equal(size, 12 + (int)count * MU_KEYSET_RECORD_SIZE);
		assert_int_equal(mu_keyset_parse(&back, bytes, (size_t)size), 0);
		assert_int_equal(back.count, count);
		for (unsigned i = 0; i < count; i++) {
			assert_memory_equal(back.keys[i].id, set.keys[i].id, MU_KEY_ID_SIZE);
			assert_int_equal(back.keys[i].role, set.keys[i].role);
			assert_memory_equal(back.keys[i].point, set.keys[i].point, MU_KEY_POINT_SIZE);
			assert_string_equal(back.keys[i].name, set.keys[i].name);
		}
	}
}

static void test_every_flipped_bit_is_refused(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	struct mu_keyset set = make_set(2), back;
	int size = mu_keyset_write(&set, bytes, sizeof bytes);
	for (int bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(mu_keyset_parse(&back, bytes, (size_t)size) < 0);
		assert_int_equal(back.count, 0);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_cut_and_erased(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	struct mu_keyset set = make_set(3), back;
	int size = mu_keyset_write(&set, bytes, sizeof bytes);
	for (int cut = 0; cut < size; cut++)
		assert_int_equal(mu_keyset_parse(&back, bytes, (size_t)cut), MU_ERR_SIZE);
	memset(bytes, 0xFF, sizeof bytes);
	assert_int_equal(mu_keyset_parse(&back, bytes, sizeof bytes), MU_ERR_NOT_FOUND);
}

// A sector whose CRC is right but whose contents are not: written by something else.
static void test_sealed_nonsense_is_refused(void **unused)
{
	(void)unused;
	static const struct {
		unsigned at;
		uint8_t value;
		int result;
	} rows[] = {
		{ 4, 2, MU_ERR_VERSION }, { 5, 17, MU_ERR_INVALID },
		{ 8 + 8, 0, MU_ERR_INVALID }, { 8 + 8, 4, MU_ERR_INVALID }, // role
		{ 8 + 11, 2, MU_ERR_INVALID },                              // compressed point
		{ 8 + 76, 0, MU_ERR_INVALID }, { 8 + 76, '\n', MU_ERR_INVALID }, // name
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t bytes[MU_KEYSET_SIZE_MAX];
		struct mu_keyset set = make_set(2), back;
		size_t end = (size_t)mu_keyset_write(&set, bytes, sizeof bytes) - 4;
		bytes[rows[i].at] = rows[i].value;
		uint32_t crc = mu_crc32_le(0, bytes, end);
		memcpy(bytes + end, &crc, sizeof crc);
		assert_int_equal(mu_keyset_parse(&back, bytes, sizeof bytes), rows[i].result);
	}
}

// One id twice: which of the two would be meant? Sealed by something else, for our writer refuses.
static void test_an_id_twice_is_refused(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	struct mu_keyset set = make_set(3);
	struct mu_key key;
	size_t end = (size_t)mu_keyset_write(&set, bytes, sizeof bytes) - 4;
	memcpy(bytes + 8 + 2 * MU_KEYSET_RECORD_SIZE, bytes + 8, MU_KEY_ID_SIZE);
	uint32_t crc = mu_crc32_le(0, bytes, end);
	memcpy(bytes + end, &crc, sizeof crc);
	struct mu_source source = mu_source_memory(bytes, sizeof bytes);
	assert_int_equal(mu_keyset_check(&source), MU_ERR_INVALID);
	assert_int_equal(mu_keyset_get(&source, set.keys[1].id, &key), MU_ERR_INVALID); // not even one that is there once
}

struct failing {
	struct mu_source bytes;
	unsigned reads, fail_at;
};

static int read_failing(void *context, uint32_t offset, void *buffer, size_t size)
{
	struct failing *failing = context;
	return ++failing->reads == failing->fail_at ? MU_ERR_IO : mu_source_read(&failing->bytes, offset, buffer, size);
}

// As a device reads: one key at a time, from flash that may refuse any read. No key is ever taken from a sector that was not read to its end.
static void test_one_key_from_a_source(void **unused)
{
	(void)unused;
	static const uint8_t unknown[MU_KEY_ID_SIZE] = { 9 };
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	struct mu_keyset set = make_set(MU_KEYSET_MAX);
	struct mu_key key;
	mu_keyset_write(&set, bytes, sizeof bytes);
	struct failing failing = { .bytes = mu_source_memory(bytes, sizeof bytes) };
	struct mu_source source = { .context = &failing, .read = read_failing, .size_bytes = sizeof bytes };
	assert_int_equal(mu_keyset_check(&source), MU_KEYSET_MAX);
	for (unsigned i = 0; i < MU_KEYSET_MAX; i++) {
		assert_int_equal(mu_keyset_get(&source, set.keys[i].id, &key), 0);
		assert_memory_equal(key.point, set.keys[i].point, sizeof key.point);
		assert_int_equal(key.role, set.keys[i].role);
	}
	assert_int_equal(mu_keyset_get(&source, unknown, &key), MU_ERR_NOT_FOUND);
	failing.reads = 0;
	mu_keyset_get(&source, set.keys[0].id, &key);
	for (unsigned reads = failing.reads; reads; reads--) {
		failing.reads = 0;
		failing.fail_at = reads;
		assert_int_equal(mu_keyset_get(&source, set.keys[0].id, &key), MU_ERR_IO);
	}
}

static void test_write_refuses(void **unused)
{
	(void)unused;
	uint8_t bytes[MU_KEYSET_SIZE_MAX];
	struct mu_keyset set = make_set(17);
	assert_int_equal(mu_keyset_write(&set, bytes, sizeof bytes), MU_ERR_FULL);
	set = make_set(1);
	assert_int_equal(mu_keyset_write(&set, bytes, 119), MU_ERR_FULL);
	assert_int_equal(mu_keyset_write(&set, bytes, 120), 120);
	set.keys[0].name[0] = 0;
	assert_int_equal(mu_keyset_write(&set, bytes, sizeof bytes), MU_ERR_INVALID);
	set = make_set(2);
	memcpy(set.keys[1].id, set.keys[0].id, MU_KEY_ID_SIZE); // which of the two would be meant?
	assert_int_equal(mu_keyset_write(&set, bytes, sizeof bytes), MU_ERR_INVALID);
}

static void test_find(void **unused)
{
	(void)unused;
	static const uint8_t unknown[MU_KEY_ID_SIZE] = { 9 };
	struct mu_keyset set = make_set(3);
	assert_ptr_equal(mu_keyset_find(&set, set.keys[2].id), &set.keys[2]);
	assert_null(mu_keyset_find(&set, unknown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_an_id_twice_is_refused),
		cmocka_unit_test(test_one_key_from_a_source),
		cmocka_unit_test(test_every_flipped_bit_is_refused),
		cmocka_unit_test(test_cut_and_erased),
		cmocka_unit_test(test_sealed_nonsense_is_refused),
		cmocka_unit_test(test_write_refuses),
		cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
