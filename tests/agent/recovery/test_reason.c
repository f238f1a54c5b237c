// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/recovery/reason.h"
#include "proto/link_reasons.h"

enum {
	TRAN = MU_REASON_TRANSIENT,
	CRED = MU_REASON_CREDENTIALS,
	LOAD = MU_REASON_OVERLOAD,
	ROAM = MU_REASON_ROAMING,
	CONF = MU_REASON_CONFIGURATION
};

// Every code that there is, one by one: a code that slips by one place in the tables of reason.c shows here, as its neighbour's name.
static const struct {
	int32_t reason;
	const char *name;
	int reason_class;
} rows[] = {
	{ 1, "unspecified", TRAN },
	{ 2, "auth_expired", TRAN }, // also the access point that restarted and forgot us
	{ 3, "auth_leave", TRAN },
	{ 4, "inactivity", TRAN },
	{ 5, "too_many_stations", LOAD }, // all that wait for a place must not ask in step
	{ 6, "class2_frame", TRAN },
	{ 7, "class3_frame", TRAN },
	{ 8, "assoc_leave", TRAN },
	{ 9, "assoc_not_authed", TRAN },
	{ 10, "bad_power_capability", CONF },
	{ 11, "bad_channels", CONF },
	{ 12, "bss_transition", TRAN }, // sent away to a better one: joining again finds it
	{ 13, "invalid_element", CONF },
	{ 14, "mic_failure", TRAN },
	{ 15, "handshake_4way_timeout", CRED }, // what a wrong passphrase looks like
	{ 16, "group_key_timeout", TRAN }, // the key was good a moment ago
	{ 17, "handshake_element_differs", CONF },
	{ 18, "bad_group_cipher", CONF },
	{ 19, "bad_pairwise_cipher", CONF },
	{ 20, "bad_akm", CONF },
	{ 21, "bad_rsn_version", CONF },
	{ 22, "bad_rsn_capabilities", CONF },
	{ 23, "auth_802_1x_failed", CRED },
	{ 24, "cipher_rejected", CONF },
	{ 25, "tdls_unreachable", TRAN },
	{ 26, "tdls_unspecified", TRAN },
	{ 27, "ssp_disassoc", TRAN },
	{ 28, "no_roaming_agreement", CONF },
	{ 29, "bad_cipher_or_akm", CONF },
	{ 30, "not_authorized_here", CONF },
	{ 31, "service_change", CONF },
	{ 32, "unspecified_qos", TRAN },
	{ 33, "not_enough_bandwidth", LOAD },
	{ 34, "missing_acks", TRAN },
	{ 35, "exceeded_txop", TRAN },
	{ 36, "station_leaving", TRAN },
	{ 37, "end_of_block_ack", TRAN },
	{ 38, "unknown_block_ack", TRAN },
	{ 39, "timeout", TRAN },
	{ 45, "peerkey_mismatch", TRAN },
	{ 46, "peer_initiated", TRAN },
	{ 47, "ap_initiated", TRAN },
	{ 48, "bad_ft_frame_count", TRAN },
	{ 49, "bad_pmkid", TRAN }, // a cached key that the access point has dropped: the next join makes a new one
	{ 50, "bad_mde", TRAN },
	{ 51, "bad_fte", TRAN },
	{ 52, "mesh_peering_cancelled", TRAN },
	{ 53, "mesh_max_peers", LOAD },
	{ 54, "mesh_configuration", CONF },
	{ 55, "mesh_close", TRAN },
	{ 56, "mesh_max_retries", TRAN },
	{ 57, "mesh_confirm_timeout", TRAN },
	{ 58, "mesh_bad_gtk", TRAN },
	{ 59, "mesh_inconsistent", CONF },
	{ 60, "mesh_bad_security", CONF },
	{ 61, "mesh_no_proxy", TRAN },
	{ 62, "mesh_no_forwarding", TRAN },
	{ 63, "mesh_unreachable", TRAN },
	{ 64, "mesh_address_exists", CONF },
	{ 65, "mesh_channel_regulatory", TRAN },
	{ 66, "mesh_channel_switch", TRAN },
	{ 67, "link_establish_failed", TRAN },
	{ 68, "channel_occupied", LOAD },
	{ 200, "beacon_timeout", TRAN },
	{ 201, "no_ap_found", TRAN },
	{ 202, "auth_fail", CRED },
	{ 203, "assoc_fail", TRAN },
	{ 204, "handshake_timeout", CRED },
	{ 205, "connection_fail", TRAN },
	{ 206, "ap_tsf_reset", TRAN },
	{ 207, "roaming", ROAM },
	{ 208, "assoc_comeback_too_long", LOAD },
	{ 209, "sa_query_timeout", TRAN },
	{ 210, "no_ap_with_security", CONF },
	{ 211, "no_ap_in_auth_threshold", CONF },
	{ 212, "no_ap_in_rssi_threshold", CONF },
	{ 1001, "no_address", TRAN },
	{ 1002, "no_answer", TRAN },
	{ 1003, "no_names", TRAN },
	{ 1004, "address_lost", TRAN },
	{ 1005, "session_renewed", TRAN },
	{ 1006, "no_ack", TRAN },
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static void test_every_code(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		assert_string_equal(mu_reason_name(rows[i].reason), rows[i].name);
		if ((int)mu_reason_class(rows[i].reason) != rows[i].reason_class)
			fail_msg("%d %s is %s", (int)rows[i].reason, rows[i].name, mu_reason_class_name(mu_reason_class(rows[i].reason)));
	}
}

static bool is_listed(int32_t reason)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].reason == reason)
			return true;
	return false;
}

static void expect_unknown(int32_t reason)
{
	assert_int_equal(mu_reason_class(reason), MU_REASON_TRANSIENT);
	assert_string_equal(mu_reason_name(reason), "unknown");
}

// Told by tests/proto/test_link_reasons.c; the radio never gives one.
static bool is_of_session(int32_t reason)
{
	return (reason > MU_LINK_REASON_SESSION && reason <= MU_LINK_REASON_SESSION - MU_ERR_VERSION) ||
		(reason > MU_LINK_REASON_CONNACK && reason <= MU_LINK_REASON_CONNACK + 5);
}

// Vendors have codes of their own (108 was seen in the field); a device must get over them.
static void test_all_others_are_transient(void **unused)
{
	(void)unused;
	for (int32_t reason = -20; reason < 70000; reason++)
		if (!is_listed(reason) && !is_of_session(reason))
			expect_unknown(reason);
	expect_unknown(INT32_MIN);
	expect_unknown(INT32_MAX);
}

// Two codes with one name could not be told apart in a report.
static void test_names_differ(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < ROW_COUNT; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(rows[i].name, rows[k].name);
}

static void test_classes_have_names(void **unused)
{
	(void)unused;
	static const char *const names[] = { "transient", "credentials", "overload", "roaming", "configuration" };
	for (int i = 0; i < MU_REASON_CLASSES; i++)
		assert_string_equal(mu_reason_class_name(i), names[i]);
	assert_string_equal(mu_reason_class_name(MU_REASON_CLASSES), "unknown");
}

static void test_only_three_suspect_power_save(void **unused)
{
	(void)unused;
	for (int32_t reason = -20; reason < 2000; reason++) {
		const char *name = mu_reason_of_power_save(reason);
		assert_int_equal(name != 0, reason == 2 || reason == 4 || reason == 8);
		if (name)
			assert_string_equal(name, mu_reason_name(reason)); // which a chip's firmware leaves out
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_all_others_are_transient),
		cmocka_unit_test(test_names_differ),
		cmocka_unit_test(test_classes_have_names),
		cmocka_unit_test(test_only_three_suspect_power_save),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
