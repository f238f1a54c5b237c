// SPDX-License-Identifier: Apache-2.0
// (That a packed record's stamp is read back: test_record.c.)
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "agent/image/err.h"
#include "agent/uplink/stamp.h"
#include "muster.pb-c.h"

static const struct {
	uint8_t bytes[MU_STAMP_BYTES_MAX];
	size_t size;
	int result;
	uint64_t uptime_ms;
} rows[] = {
	{ { 0 }, 0, MU_ERR_INVALID, 0 }, // no boot
	{ { 16, 5 }, 2, MU_ERR_INVALID, 0 }, // still none
	{ { 8 }, 1, MU_ERR_INVALID, 0 }, // cut in a value
	{ { 8, 0x80, 0x80 }, 3, MU_ERR_INVALID, 0 }, // ... in a varint
	{ { 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, 12, MU_ERR_INVALID, 0 }, // eleven bytes
	{ { 8, 1, 16, 9 }, 4, 0, 9 },
	{ { 8, 1, 16, 0x80, 1 }, 5, 0, 128 },
	{ { 8, 1, 16, 9, 0x2A, 200 }, 6, 0, 9 }, // the body begins, and is cut off
	{ { 8, 1, 16, 9, 0xFD, 0x0F }, 6, 0, 9 }, // ... or is of a kind that is not known yet
};

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mu_stamp stamp;
		assert_int_equal(mu_stamp_read(rows[i].bytes, rows[i].size, &stamp), rows[i].result);
		if (!rows[i].result)
			assert_true(stamp.boot == 1 && stamp.uptime_ms == rows[i].uptime_ms);
	}
}

// The largest stamp there can be lies within the bytes that the spool looks at.
static void test_the_longest_stamp_is_covered(void **unused)
{
	(void)unused;
	uint8_t packed[64];
	Mu__Record record = MU__RECORD__INIT;
	Mu__Gap gap = MU__GAP__INIT;
	record.boot = UINT32_MAX;
	record.uptime_ms = UINT64_MAX;
	record.has_wall_ms = record.has_time_quality = 1;
	record.wall_ms = UINT64_MAX;
	record.time_quality = MU__TIME_QUALITY__TIME_SERVER;
	record.body_case = MU__RECORD__BODY_GAP;
	record.gap = &gap;
	assert_in_range(mu__record__pack(&record, packed), MU_STAMP_BYTES_MAX, sizeof packed);
	struct mu_stamp stamp;
	assert_int_equal(mu_stamp_read(packed, MU_STAMP_BYTES_MAX, &stamp), 0);
	assert_true(stamp.boot == UINT32_MAX && stamp.uptime_ms == UINT64_MAX && stamp.wall_ms == UINT64_MAX);
	assert_int_equal(stamp.time_quality, MU__TIME_QUALITY__TIME_SERVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_the_longest_stamp_is_covered),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
