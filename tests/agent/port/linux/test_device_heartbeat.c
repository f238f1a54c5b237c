// SPDX-License-Identifier: Apache-2.0
// What a virtual device tells of itself: every metric and every label of proto/metrics.def within its first ten heartbeats, or a reason why
// not. The device's port is the real one, in virtual time; only its MQTT client is a stand-in that acks everything.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "agent/agent_state.h"
#include "agent/port/linux/device_state.h"
#include "agent/port/linux/virtual_flash.h"
#include "proto/metrics.h"

enum { HEARTBEATS = 10 };

struct stand_in {
	struct mu_device *device;
	bool opening;
	int published; // message ids given out
	int pubacked;
	char topic[MU_TOPIC_MAX];
	Mu__Uplink *uplink; // to be answered
	uint64_t acked;
	unsigned heartbeats;
	bool metric[MU_METRIC_COUNT], label[MU_LABEL_COUNT]; // seen
};

static struct stand_in world;

static int open_session(void *context, const struct mu_mqtt_options *options)
{
	(void)context, (void)options;
	world.opening = true;
	world.device->mqtt.tls_used = true;
	world.device->mqtt.state = MU_MQTT_OPEN; // what the heap's model looks at
	return 0;
}

static void close_session(void *context)
{
	(void)context;
	world.device->mqtt.state = MU_MQTT_CLOSED;
}

static int subscribe(void *context, const char *topic, int qos)
{
	(void)context, (void)topic, (void)qos;
	return 0;
}

static int publish(void *context, const char *topic, const void *payload, size_t size, int qos)
{
	(void)context, (void)qos;
	if (strstr(topic, "/up")) {
		assert_null(world.uplink);
		world.uplink = mu__uplink__unpack(0, size, payload);
		assert_non_null(world.uplink);
	}
	return ++world.published;
}

static int phases(void *context, struct mu_mqtt_phases *out)
{
	(void)context;
	*out = (struct mu_mqtt_phases){ .dns_ms = 12, .tcp_ms = 34, .tls_ms = 560, .mqtt_ms = 20 };
	return 0;
}

static int descriptor(void *context)
{
	(void)context;
	return MU_ERR_NOT_FOUND;
}

static const struct mu_mqtt_port mqtt = { open_session, close_session, subscribe, publish, phases, descriptor };

static void look_at(const Mu__Heartbeat *heartbeat)
{
	if (world.heartbeats++ >= HEARTBEATS)
		return;
	int64_t value;
	const uint8_t *data;
	size_t size;
	for (int i = 0; i < MU_METRIC_COUNT; i++)
		world.metric[i] |= mu_metric_get_integer(heartbeat, i, &value);
	for (int i = 0; i < MU_LABEL_COUNT; i++)
		world.label[i] |= mu_label_get(heartbeat, i, &data, &size) && size > 0;
}

static void answer_uplink(void)
{
	uint8_t packed[64];
	Mu__Ack ack = MU__ACK__INIT;
	ack.epoch = world.uplink->epoch;
	ack.through_seq = world.uplink->first_seq + world.uplink->n_records - 1;
	for (size_t i = 0; i < world.uplink->n_records; i++)
		if (world.uplink->first_seq + i > world.acked && world.uplink->records[i]->body_case == MU__RECORD__BODY_HEARTBEAT)
			look_at(world.uplink->records[i]->heartbeat);
	if (ack.through_seq > world.acked)
		world.acked = ack.through_seq;
	mu__uplink__free_unpacked(world.uplink, 0);
	world.uplink = 0;
	mu_agent_post(world.device->agent,
		&(struct mu_event){ .type = MU_EVENT_MQTT_MESSAGE,
			.topic = "muster/v1/dev-1/ack",
			.payload = packed,
			.payload_bytes = mu__ack__pack(&ack, packed) });
}

static void answer(void)
{
	struct mu_event event;
	while (mu_virtual_link_step(&world.device->link, world.device->now_ms, &event))
		mu_agent_post(world.device->agent, &event);
	if (world.opening)
		mu_agent_post(world.device->agent, &(struct mu_event){ .type = MU_EVENT_MQTT_OPEN });
	world.opening = false;
	while (world.pubacked < world.published)
		mu_agent_post(world.device->agent, &(struct mu_event){ .type = MU_EVENT_MQTT_PUBLISHED, .value = ++world.pubacked });
	if (world.device->now_ms % 10000 == 0)
		mu_agent_post(world.device->agent, &(struct mu_event){ .type = MU_EVENT_MQTT_ALIVE });
	if (world.uplink)
		answer_uplink();
}

static void make_device(const struct mu_hardware *hardware, bool other_slot)
{
	struct mu_device *device = calloc(1, sizeof *device);
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	for (unsigned i = 0; i < MU_VIRTUAL_SLOTS; i++)
		contents.images[i].chip_id = hardware->chip_id;
	contents.other_valid = other_slot;
	if (!other_slot)
		contents.images[!contents.active_slot].version = 0;
	memset(&world, 0, sizeof world);
	world.device = device;
	device->slot = (int)contents.active_slot;
	assert_int_equal(mu_flash_open(&device->config.flash, &(struct mu_flash_options){ .size_bytes = MU_FLASH_SIZE_DEFAULT }), 0);
	assert_int_equal(mu_virtual_flash_create(device->config.flash, &contents), 0);
	assert_int_equal(mu_flash_partitions_open(&device->partitions, device->config.flash), 0);
	assert_int_equal(mu_keyvalue_open(&device->keyvalue, device->config.flash, device->partitions.keyvalue.offset,
				 device->partitions.keyvalue.size),
		0);
	pthread_mutex_init(&device->lock, 0);
	device->traits = mu_traits_none();
	mu_virtual_system_init(&device->system, hardware, 1);
	mu_virtual_system_reset(&device->system, MU_RESET_RAW_POWERON, 0);
	mu_virtual_system_boot(&device->system, 0, 0);
	mu_virtual_link_power_on(&device->link, &(struct mu_air){ .rssi_dbm = -58 }, 1, 0);
	mu_virtual_link_boot(&device->link, &device->traits, 0);
	device->port = mu_device_port;
	device->port.context = device;
	device->port.mqtt = &mqtt;
	device->agent = malloc(mu_agent_size());
}

static void free_device(void)
{
	pthread_mutex_destroy(&world.device->lock);
	mu_flash_close(world.device->config.flash);
	free(world.device->agent);
	free(world.device);
}

static void live_for_ten_heartbeats(void)
{
	static const struct mu_link_network network = { .ssid = "muster", .passphrase = "muster-demo" };
	static const struct mu_link_config link = { .networks = &network, .network_count = 1 };
	static const struct mu_agent_config config = { .id = "dev-1",
		.firmware = "1.1.0",
		.elf_sha = { 1 },
		.broker_uri = "mqtts://127.0.0.1",
		.link = &link };
	struct mu_device *device = world.device;
	assert_int_equal(mu_agent_init(device->agent, &config, &device->port, 0), 0);
	struct mu_dice dice;
	mu_dice_init(&dice, 1);
	mu_application_start(&device->application, device->agent, &device->traits, 30000, &dice);
	for (; world.heartbeats < HEARTBEATS && device->now_ms < 900000; device->now_ms += 50) {
		mu_application_step(&device->application, &dice, device->now_ms);
		mu_agent_step(device->agent, device->now_ms);
		answer();
	}
	assert_int_equal(world.heartbeats, HEARTBEATS);
}

// What each kind of device does not tell, and why; all else must be there.
static const struct {
	const char *hardware;
	bool other_slot;
	const char *absent[8];
} rows[] = {
	{ "esp32s3-psram", true, { "rollback_block" } }, // a rollback can be done, so nothing blocks it
	{ "esp32c3", true, { "psram_free_bytes", "psram_min_bytes", "psram_largest_bytes", "cpu1_permille", "rollback_block" } }, // one core, no PSRAM
	{ "esp32s3-psram", false, { "other_sha", "other_firmware" } }, // an empty slot has neither; it is what blocks a rollback
};

static bool may_be_absent(size_t row, const char *name)
{
	for (size_t i = 0; i < sizeof rows[row].absent / sizeof *rows[row].absent && rows[row].absent[i]; i++)
		if (!strcmp(rows[row].absent[i], name))
			return true;
	return false;
}

static void test_every_field_is_told(void **unused)
{
	(void)unused;
	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
		make_device(mu_hardware_find(rows[row].hardware), rows[row].other_slot);
		live_for_ten_heartbeats();
		for (int i = 0; i < MU_METRIC_COUNT; i++)
			if (world.metric[i] == may_be_absent(row, mu_metric_words[i].name))
				fail_msg("row %zu: %s is %s", row, mu_metric_words[i].name, world.metric[i] ? "told" : "absent");
		for (int i = 0; i < MU_LABEL_COUNT; i++)
			if (world.label[i] == may_be_absent(row, mu_label_words[i].name))
				fail_msg("row %zu: %s is %s", row, mu_label_words[i].name, world.label[i] ? "told" : "absent");
		free_device();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_field_is_told) };
	return cmocka_run_group_tests(tests, 0, 0);
}
