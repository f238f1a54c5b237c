// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/port/linux/record_kind.h"
#include "muster.pb-c.h"

static void test_each_body(void **unused)
{
	(void)unused;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	Mu__Boot boot = MU__BOOT__INIT;
	Mu__Link link = MU__LINK__INIT;
	Mu__Ota ota = MU__OTA__INIT;
	Mu__CommandResult result = MU__COMMAND_RESULT__INIT;
	Mu__Event event = MU__EVENT__INIT;
	Mu__Log log = MU__LOG__INIT;
	Mu__Gap gap = MU__GAP__INIT;
	event.name = log.text = (char *)"x";
	const struct {
		int body;
		void *message;
		const char *kind;
	} rows[] = {
		{ MU__RECORD__BODY_HEARTBEAT, &heartbeat, "heartbeat" },
		{ MU__RECORD__BODY_BOOT_REPORT, &boot, "boot" },
		{ MU__RECORD__BODY_LINK, &link, "link" },
		{ MU__RECORD__BODY_OTA, &ota, "ota" },
		{ MU__RECORD__BODY_COMMAND_RESULT, &result, "result" },
		{ MU__RECORD__BODY_EVENT, &event, "event" },
		{ MU__RECORD__BODY_LOG, &log, "log" },
		{ MU__RECORD__BODY_GAP, &gap, "gap" },
		{ MU__RECORD__BODY__NOT_SET, 0, "unknown" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		Mu__Record record = MU__RECORD__INIT;
		uint8_t packed[128];
		record.body_case = (Mu__Record__BodyCase)rows[i].body;
		record.heartbeat = rows[i].message; // all members of the union are pointers
		assert_string_equal(mu_record_kind(packed, mu__record__pack(&record, packed)), rows[i].kind);
	}
}

static void test_what_does_not_decode(void **unused)
{
	(void)unused;
	assert_string_equal(mu_record_kind("\xFF\xFF\xFF", 3), "unknown");
	assert_string_equal(mu_record_kind("", 0), "unknown"); // required fields are missing
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_body), cmocka_unit_test(test_what_does_not_decode) };
	return cmocka_run_group_tests(tests, 0, 0);
}
