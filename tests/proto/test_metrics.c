// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "muster.pb-c.h"
#include "proto/limits.h"
#include "proto/metrics.h"

// How often part.field stands in metrics.def.
static unsigned times_listed(const char *part, const char *field)
{
	unsigned times = 0;
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		times += strcmp(mu_metric_words[i].part, part) == 0 && strcmp(mu_metric_words[i].field, field) == 0;
	for (int i = 0; i < MU_LABEL_COUNT; i++)
		times += strcmp(mu_label_words[i].part, part) == 0 && strcmp(mu_label_words[i].field, field) == 0;
	return times;
}

// A new field without a line in metrics.def fails here; so does a line twice. Repeated fields (reasons, app) have no single value.
static void test_each_scalar_field_is_listed_once(void **unused)
{
	(void)unused;
	unsigned fields = 0;
	for (unsigned p = 0; p < mu__heartbeat__descriptor.n_fields; p++) {
		const ProtobufCFieldDescriptor *part = &mu__heartbeat__descriptor.fields[p];
		if (part->label == PROTOBUF_C_LABEL_REPEATED)
			continue;
		assert_int_equal(part->type, PROTOBUF_C_TYPE_MESSAGE); // a number right in the heartbeat would escape the list
		const ProtobufCMessageDescriptor *message = part->descriptor;
		for (unsigned f = 0; f < message->n_fields; f++) {
			if (message->fields[f].label == PROTOBUF_C_LABEL_REPEATED)
				continue;
			fields++;
			if (times_listed(part->name, message->fields[f].name) != 1)
				fail_msg("%s.%s is %u times in metrics.def", part->name, message->fields[f].name,
					times_listed(part->name, message->fields[f].name));
		}
	}
	assert_int_equal(fields, MU_METRIC_COUNT + MU_LABEL_COUNT); // and no line without a field
}

static const ProtobufCFieldDescriptor *field_of(const char *part, const char *field)
{
	const ProtobufCFieldDescriptor *found = protobuf_c_message_descriptor_get_field_by_name(&mu__heartbeat__descriptor, part);
	assert_non_null(found);
	found = protobuf_c_message_descriptor_get_field_by_name(found->descriptor, field);
	assert_non_null(found);
	return found;
}

static void test_types_and_places_are_the_schemas(void **unused)
{
	(void)unused;
	static const ProtobufCType types[] = {
		[MU_METRIC_UINT] = PROTOBUF_C_TYPE_UINT32,
		[MU_METRIC_SINT] = PROTOBUF_C_TYPE_SINT32,
		[MU_METRIC_BOOL] = PROTOBUF_C_TYPE_BOOL,
		[MU_METRIC_ENUM] = PROTOBUF_C_TYPE_ENUM,
	};
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		const ProtobufCFieldDescriptor *field = field_of(mu_metric_words[i].part, mu_metric_words[i].field);
		assert_int_equal(field->type, types[mu_metrics[i].type]);
		assert_int_equal(field->offset, mu_metrics[i].field_offset);
		assert_int_equal(field->quantifier_offset, mu_metrics[i].has_offset);
	}
	for (int i = 0; i < MU_LABEL_COUNT; i++) {
		const ProtobufCFieldDescriptor *field = field_of(mu_label_words[i].part, mu_label_words[i].field);
		assert_int_equal(field->type, mu_labels[i].type == MU_LABEL_TEXT ? PROTOBUF_C_TYPE_STRING : PROTOBUF_C_TYPE_BYTES);
		assert_int_equal(field->offset, mu_labels[i].field_offset);
	}
}

static bool is_name(const char *name)
{
	if (name[0] < 'a' || name[0] > 'z')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static void test_names_are_unique_and_fit_for_prometheus(void **unused)
{
	(void)unused;
	for (int i = 0; i < MU_METRIC_COUNT; i++) {
		assert_true(is_name(mu_metric_words[i].name));
		assert_int_equal(mu_metric_find(mu_metric_words[i].name), i); // the first of two equal names would be found
		assert_true((int64_t)mu_metrics[i].min <= mu_metrics[i].max);
	}
	for (int i = 0; i < MU_LABEL_COUNT; i++) {
		assert_true(is_name(mu_label_words[i].name));
		assert_int_equal(mu_metric_find(mu_label_words[i].name), MU_ERR_NOT_FOUND);
	}
}

static void test_get(void **unused)
{
	(void)unused;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__Tasks tasks = MU__TASKS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	double value = 7;

	heartbeat.vitals = &vitals;
	heartbeat.tasks = &tasks;
	heartbeat.link = &link;
	vitals.has_heap_free_bytes = 1, vitals.heap_free_bytes = UINT32_MAX;
	link.has_rssi_dbm = 1, link.rssi_dbm = -71;
	link.has_state = 1, link.state = 77; // a state of a later version
	tasks.has_watchdog_armed = 1, tasks.watchdog_armed = 1;

	assert_true(mu_metric_get(&heartbeat, MU_METRIC_heap_free_bytes, &value));
	assert_true(value == 4294967295.0);
	assert_true(mu_metric_get(&heartbeat, MU_METRIC_rssi_dbm, &value));
	assert_true(value == -71);
	assert_true(mu_metric_get(&heartbeat, MU_METRIC_network_state, &value));
	assert_true(value == 77);
	assert_true(mu_metric_get(&heartbeat, MU_METRIC_watchdog_armed, &value));
	assert_true(value == 1);

	value = 7;
	assert_false(mu_metric_get(&heartbeat, MU_METRIC_heap_min_bytes, &value)); // the part is there, the field is not
	assert_false(mu_metric_get(&heartbeat, MU_METRIC_sockets_open, &value));   // no such part
	assert_false(mu_metric_get(&heartbeat, MU_METRIC_COUNT, &value));
	assert_false(mu_metric_get(&heartbeat, -1, &value));
	assert_true(value == 7);
	assert_int_equal(mu_metric_find("heap_free"), MU_ERR_NOT_FOUND);
}

static void test_labels(void **unused)
{
	(void)unused;
	char task[] = "mqtt_task";
	uint8_t sha[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	Mu__Tasks tasks = MU__TASKS__INIT;
	Mu__OtaHealth ota = MU__OTA_HEALTH__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
	const uint8_t *data;
	size_t size;

	assert_false(mu_label_get(&heartbeat, MU_LABEL_stack_min_task, &data, &size));
	heartbeat.tasks = &tasks;
	heartbeat.ota = &ota;
	assert_false(mu_label_get(&heartbeat, MU_LABEL_stack_min_task, &data, &size));
	assert_false(mu_label_get(&heartbeat, MU_LABEL_running_sha, &data, &size));
	tasks.stack_min_task = task;
	ota.has_running_sha = 1, ota.running_sha = (ProtobufCBinaryData){ sizeof sha, sha };
	assert_true(mu_label_get(&heartbeat, MU_LABEL_stack_min_task, &data, &size));
	assert_int_equal(size, 9);
	assert_true(mu_label_get(&heartbeat, MU_LABEL_running_sha, &data, &size));
	assert_int_equal(size, 8);
	assert_ptr_equal(data, sha);
	assert_false(mu_label_get(&heartbeat, MU_LABEL_COUNT, &data, &size));
}

// One mad sensor must cost its own value, not the heartbeat.
static void test_withhold_marks_only_what_is_out_of_range(void **unused)
{
	(void)unused;
	Mu__Vitals vitals = MU__VITALS__INIT;
	Mu__LinkHealth link = MU__LINK_HEALTH__INIT;
	Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;

	heartbeat.vitals = &vitals;
	heartbeat.link = &link;
	vitals.has_temperature_decicelsius = 1, vitals.temperature_decicelsius = 1501;
	vitals.has_heap_free_bytes = 1, vitals.heap_free_bytes = 0;
	link.has_rssi_dbm = 1, link.rssi_dbm = -129;
	link.has_rssi_min_dbm = 1, link.rssi_min_dbm = -128;
	assert_int_equal(mu_metrics_withhold(&heartbeat), 2);
	assert_false(vitals.has_temperature_decicelsius);
	assert_false(link.has_rssi_dbm);
	assert_true(vitals.has_heap_free_bytes && link.has_rssi_min_dbm);
	assert_int_equal(mu_metrics_withhold(&heartbeat), 0);
}

// Texts come from elsewhere, too: from other people's tasks, from the image in the other slot, which may be damaged.
static void test_withhold_texts(void **unused)
{
	(void)unused;
	static char long_task[] = "sixteen letters!", control[] = "1.0\x01", cut[] = "caf\xc3", good[] = "1.0.0";
	static char *const bad[] = { long_task, control, cut };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		Mu__Tasks tasks = MU__TASKS__INIT;
		Mu__OtaHealth ota = MU__OTA_HEALTH__INIT;
		Mu__Heartbeat heartbeat = MU__HEARTBEAT__INIT;
		Mu__Record record = MU__RECORD__INIT;
		heartbeat.tasks = &tasks;
		heartbeat.ota = &ota;
		tasks.stack_min_task = bad[i];
		ota.other_firmware = good;
		record.boot = 1;
		record.body_case = MU__RECORD__BODY_HEARTBEAT;
		record.heartbeat = &heartbeat;
		assert_true(mu_limits_check_record(&record, NULL) < 0);
		assert_int_equal(mu_metrics_withhold(&heartbeat), 1);
		assert_null(tasks.stack_min_task);
		assert_ptr_equal(ota.other_firmware, good);
		assert_int_equal(mu_limits_check_record(&record, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_scalar_field_is_listed_once),
		cmocka_unit_test(test_types_and_places_are_the_schemas),
		cmocka_unit_test(test_names_are_unique_and_fit_for_prometheus),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_withhold_texts),
		cmocka_unit_test(test_withhold_marks_only_what_is_out_of_range),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
