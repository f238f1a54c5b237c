// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/port/linux/device_state.h"
#include "agent/port/linux/spool_list.h"
#include "agent/port/linux/virtual_flash.h"
#include "agent/uplink/spool.h"
#include "muster.pb-c.h"

static struct mu_flash_image *make_flash(void)
{
	struct mu_flash_image *flash;
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	assert_int_equal(mu_flash_open(&flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT }), 0);
	assert_int_equal(mu_virtual_flash_create(flash, &contents), 0);
	return flash;
}

// Writes `count` link records as a device would, of which `acked` are acknowledged. The epoch.
static uint64_t write_records(struct mu_flash_image *flash, unsigned count, uint64_t acked)
{
	struct mu_device *device = calloc(1, sizeof *device);
	struct mu_spool spool;
	uint8_t packed[64];
	Mu__Link link = MU__LINK__INIT;
	Mu__Record record = MU__RECORD__INIT;
	record.body_case = MU__RECORD__BODY_LINK;
	record.link = &link;
	assert_int_equal(mu_flash_partitions_open(&device->partitions, flash), 0);
	device->port = mu_device_port;
	device->port.context = device;
	assert_int_equal(mu_spool_open(&spool, &device->port), 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(mu_spool_append(&spool, MU_CLASS_LINK, packed, mu__record__pack(&record, packed), 0), 0);
	assert_int_equal(mu_spool_ack(&spool, acked), 0);
	free(device);
	return mu_spool_epoch(&spool);
}

static void test_unacked_records_and_the_end(void **unused)
{
	(void)unused;
	char *text = 0, wanted[80];
	size_t size = 0;
	struct mu_flash_image *flash = make_flash();
	FILE *out = open_memstream(&text, &size);
	unsigned long long epoch = write_records(flash, 40, 0);
	assert_int_equal(mu_spool_list(flash, "dev-1", out), 0);
	fclose(out);
	unsigned lines = 0;
	for (const char *line = text; (line = strstr(line, "spool dev-1 ")); line++)
		lines++;
	assert_int_equal(lines, 40);
	snprintf(wanted, sizeof wanted, "spool dev-1 %016llx 40 1 link ", epoch);
	assert_non_null(strstr(text, wanted));
	snprintf(wanted, sizeof wanted, "end dev-1 %016llx 41 0\n", epoch);
	assert_non_null(strstr(text, wanted));
	free(text);
	mu_flash_close(flash);
}

static void test_a_flash_without_partitions(void **unused)
{
	(void)unused;
	struct mu_flash_image *flash;
	assert_int_equal(mu_flash_open(&flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT }), 0);
	assert_true(mu_spool_list(flash, "dev-1", stdout) < 0);
	mu_flash_close(flash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unacked_records_and_the_end),
		cmocka_unit_test(test_a_flash_without_partitions),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
