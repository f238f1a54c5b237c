// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/image/err.h"
#include "proto/link_reasons.h"

// Every single code stands in tests/agent/recovery/test_reason.c; here the ends of the runs, the holes between them, and sessions.
static const struct {
	int32_t reason;
	int place;
	const char *name;
} rows[] = {
	{ 0, -1, "unknown" },
	{ 1, 0, "unspecified" },
	{ 39, 38, "timeout" },
	{ 40, -1, "unknown" }, // reserved by 802.11
	{ 45, 39, "peerkey_mismatch" },
	{ 68, 62, "channel_occupied" },
	{ 69, -1, "unknown" },
	{ 199, -1, "unknown" },
	{ 200, 63, "beacon_timeout" },
	{ 212, 75, "no_ap_in_rssi_threshold" },
	{ 1001, 76, "no_address" },
	{ 1004, 79, "address_lost" },
	{ 1006, 81, "no_ack" },
	{ 1007, -1, "unknown" },
	{ MU_LINK_REASON_SESSION, -1, "unknown" }, // no error
	{ MU_LINK_REASON_SESSION - MU_ERR_TIMEOUT, -1, "timeout" }, // a broker that fell silent is no 802.11 code 13
	{ MU_LINK_REASON_SESSION - MU_ERR_CLOSED, -1, "closed" },
	{ MU_LINK_REASON_CONNACK, -1, "unknown" }, // accepted
	{ MU_LINK_REASON_CONNACK + 1, -1, "connack_bad_version" },
	{ MU_LINK_REASON_CONNACK + 4, -1, "connack_bad_user_or_password" },
	{ MU_LINK_REASON_CONNACK + 5, -1, "connack_not_authorized" }, // and not 802.11 code 5, too many stations
	{ MU_LINK_REASON_CONNACK + 6, -1, "unknown" }, // reserved by MQTT 3.1.1
	{ 60000, -1, "unknown" },
	{ -1, -1, "unknown" },
	{ INT32_MIN, -1, "unknown" },
	{ INT32_MAX, -1, "unknown" },
};

static void test_rows(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mu_link_reason_place(rows[i].reason), rows[i].place);
		assert_string_equal(mu_link_reason_name(rows[i].reason), rows[i].name);
	}
}

// A session's reason is never one of the radio's, and none of either goes without a name.
static void test_names(void **unused)
{
	(void)unused;
	unsigned known = 0;
	for (int32_t reason = 0; reason <= UINT16_MAX; reason++) {
		if (mu_link_reason_place(reason) < 0)
			continue;
		known++;
		assert_string_not_equal(mu_link_reason_name(reason), "unknown");
		assert_true(reason < MU_LINK_REASON_SESSION);
	}
	assert_int_equal(known, MU_LINK_REASON_COUNT);
	for (int err = -1; err >= MU_ERR_VERSION; err--)
		assert_string_equal(mu_link_reason_name(MU_LINK_REASON_SESSION - err), mu_err_name(err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
