// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/image/err.h"
#include "agent/port/linux/fault.h"

#define TRAIT(field) offsetof(struct mu_faults, traits.field)
#define WORLD(field) offsetof(struct mu_faults, world.field)

static const struct {
	const char *text;
	size_t offset;
	int32_t value;
} good[] = {
	{ "leak", TRAIT(leak_bytes_per_s), 1024 },
	{ "leak=4096", TRAIT(leak_bytes_per_s), 4096 },
	{ "chatty", TRAIT(chatty_per_s), 50 },
	{ "chatty=1000", TRAIT(chatty_per_s), 1000 },
	{ "panic", TRAIT(panic_after_s), 20 },
	{ "panic=0", TRAIT(panic_after_s), 0 }, // at once, every time
	{ "hang=7", TRAIT(hang_after_s), 7 },
	{ "offline", TRAIT(offline_after_s), 30 },
	{ "drop", WORLD(air.drops), 1 },
	{ "weak", WORLD(air.rssi_dbm), -86 },
	{ "weak=-95", WORLD(air.rssi_dbm), -95 },
	{ "no_ap", WORLD(air.no_ap_s), 60 },
	{ "wrong_password=20", WORLD(air.wrong_password_s), 20 },
	{ "auth_expire", WORLD(air.auth_expire_s), 60 },
	{ "handshake", WORLD(air.handshake_s), 60 },
	{ "dhcp_dead=31536000", WORLD(air.dhcp_dead_s), 31536000 }, // for good, as far as a test goes
	{ "beacon_loss", WORLD(air.beacon_loss_s), 30 },
	{ "sleep_loss=5", WORLD(air.sleep_loss_s), 5 },
	{ "lease_loss", WORLD(air.lease_loss_s), 30 },
	{ "channel_move", WORLD(air.channel_move_s), 30 },
	{ "dns_dead", WORLD(air.dns_dead), 1 },
	{ "dns_dead=2", WORLD(air.dns_dead), 2 },
	{ "visitors", WORLD(air.visitors), 1 },
	{ "brownout", WORLD(brownout_s), 60 },
	{ "power=5", WORLD(power_cut_s), 5 },
	{ "freeze", WORLD(freeze_s), 20 },
};

static const struct {
	const char *text;
	int err;
} bad[] = {
	{ "", MU_ERR_NOT_FOUND },        { "leaks", MU_ERR_NOT_FOUND },      { "lea", MU_ERR_NOT_FOUND },
	{ "=5", MU_ERR_NOT_FOUND },      { "leak=", MU_ERR_INVALID },        { "leak=much", MU_ERR_INVALID },
	{ "leak=10k", MU_ERR_INVALID },  { "leak=0", MU_ERR_RANGE },         { "chatty=0", MU_ERR_RANGE },
	{ "chatty=1001", MU_ERR_RANGE }, { "weak=1", MU_ERR_RANGE },         { "dns_dead=3", MU_ERR_RANGE },
	{ "drop=1", MU_ERR_INVALID },    { "panic=-1", MU_ERR_RANGE },       { "panic=99999999999999999999", MU_ERR_RANGE },
};

static void test_each_sets_its_own_field(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct mu_faults faults = mu_faults_none();
		char problem[MU_FAULT_PROBLEM_SIZE];
		int32_t value;
		assert_int_equal(mu_fault_add(&faults, good[i].text, problem), 0);
		memcpy(&value, (char *)&faults + good[i].offset, sizeof value);
		assert_int_equal(value, good[i].value);
		struct mu_faults none = mu_faults_none(); // and nothing else
		memcpy((char *)&none + good[i].offset, &value, sizeof value);
		if (none.traits.hang_after_s != MU_TRAIT_UNSET)
			snprintf(none.traits.hang_task, sizeof none.traits.hang_task, "app");
		assert_memory_equal(&none, &faults, sizeof none);
	}
}

static void test_bad_ones_change_nothing_and_say_why(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct mu_faults faults = mu_faults_none(), none = mu_faults_none();
		char problem[MU_FAULT_PROBLEM_SIZE] = "";
		assert_int_equal(mu_fault_add(&faults, bad[i].text, problem), bad[i].err);
		assert_memory_equal(&none, &faults, sizeof none);
		assert_true(strlen(problem) > 10);
	}
}

// Faults add up: a device may have a bad image and a bad place.
static void test_several_at_once(void **unused)
{
	(void)unused;
	struct mu_faults faults = mu_faults_none();
	char problem[MU_FAULT_PROBLEM_SIZE];
	assert_int_equal(mu_fault_add(&faults, "leak=9", problem), 0);
	assert_int_equal(mu_fault_add(&faults, "drop", problem), 0);
	assert_int_equal(faults.traits.leak_bytes_per_s, 9);
	assert_int_equal(faults.world.air.drops, 1);
}

// The help lists every fault that can be given.
static void test_help_lists_all(void **unused)
{
	(void)unused;
	char *text = 0;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	mu_fault_help(out);
	fclose(out);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char name[32];
		snprintf(name, sizeof name, "  %.*s", (int)strcspn(good[i].text, "="), good[i].text);
		assert_non_null(strstr(text, name));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_sets_its_own_field),
		cmocka_unit_test(test_bad_ones_change_nothing_and_say_why),
		cmocka_unit_test(test_several_at_once),
		cmocka_unit_test(test_help_lists_all),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
