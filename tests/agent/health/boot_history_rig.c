// SPDX-License-Identifier: Apache-2.0
#include "tests/agent/health/boot_history_rig.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "proto/limits.h"

struct boots boots;

int boots_set_up(void **unused)
{
	(void)unused;
	memset(&boots, 0, sizeof boots);
	memcpy(boots.sha, "\1\2\3\4\5\6\7\10", sizeof boots.sha);
	fake_port_init(&boots.fake, 1);
	return 0;
}

int boots_tear_down(void **unused)
{
	(void)unused;
	fake_port_free(&boots.fake);
	return 0;
}

void boots_new_device(uint64_t seed)
{
	fake_port_free(&boots.fake);
	fake_port_init(&boots.fake, seed);
}

struct mu_boot_memory *boots_memory(void)
{
	return (struct mu_boot_memory *)(void *)boots.fake.retained;
}

int boots_after(uint32_t reset_raw)
{
	boots.fake.reset_info.reset_raw = reset_raw;
	return mu_boot_history_open(&boots.history, &boots.fake.port, boots_memory(), boots.sha);
}

int boots_after_power_loss(void)
{
	memset(boots.fake.retained, 0xA5, sizeof boots.fake.retained);
	memset(&boots.fake.reset_info, 0, sizeof boots.fake.reset_info);
	return boots_after(MU_RESET_RAW_POWERON);
}

void boots_crash_in(const char *task, uint32_t pc)
{
	struct mu_reset_info *info = &boots.fake.reset_info;
	info->has_crash = true;
	info->pc = pc;
	memset(info->task, 0, sizeof info->task);
	memcpy(info->task, task, strlen(task));
}

void boots_report(void)
{
	mu__boot__init(&boots.report);
	mu_boot_history_fill(&boots.history, &boots.report, &boots.storage);
	Mu__Record record;
	mu__record__init(&record);
	record.boot = mu_boot_history_boot(&boots.history);
	record.body_case = MU__RECORD__BODY_BOOT_REPORT;
	record.boot_report = &boots.report;
	struct mu_limits_fault fault;
	if (mu_limits_check_record(&record, &fault) < 0)
		fail_msg("%s %s", fault.field, fault.what);
	assert_true(mu__record__get_packed_size(&record) <= MU_RECORD_BYTES_MAX);
}
