// SPDX-License-Identifier: Apache-2.0
#include "agent/port/linux/device.h"
#include "agent/image/app_image.h"
#include "agent/port/linux/bootloader.h"
#include "agent/port/linux/device_state.h"
#include "agent/port/linux/virtual_image.h"
#include "agent/recovery/reason.h"
#include "muster.pb-c.h"
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	BOOT_MS_MIN = 250, // from a reset to the agent's init
	BOOT_MS_MAX = 450,
	BRICK_RETRY_MS = 10000, // the real one resets for ever
	LIVENESS_DEFAULT_MS = 30000,
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

// What is joined when the configuration says nothing: the network that is always there.
static const struct mu_link_network default_network = { .ssid = "muster", .passphrase = "muster-demo", .least_auth = MU_LINK_AUTH_WPA2 };
static const struct mu_link_config default_link = { .networks = &default_network, .network_count = 1 };

static void arm_timer(struct mu_device *device, uint64_t now_ms, uint64_t due_ms)
{
	if (due_ms == UINT64_MAX)
		return;
	uint64_t delay_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	struct timeval delay = { .tv_sec = (time_t)(delay_ms / 1000), .tv_usec = (suseconds_t)(delay_ms % 1000 * 1000) };
	evtimer_add(&device->timer, &delay);
}

// ---- what MQTT and the radio tell

static void log_event(const struct mu_device *device, const struct mu_event *event)
{
	static const struct {
		enum mu_event_type type;
		int level;
		const char *name;
		bool has_reason;
	} rows[] = {
		{ MU_EVENT_LINK_ASSOCIATED, MU__LOG_LEVEL__LOG_DEBUG, "link_joined", false },
		{ MU_EVENT_LINK_UP, MU__LOG_LEVEL__LOG_INFO, "link_up", false },
		{ MU_EVENT_LINK_ADDRESS_LOST, MU__LOG_LEVEL__LOG_WARNING, "address_lost", false },
		{ MU_EVENT_LINK_DOWN, MU__LOG_LEVEL__LOG_WARNING, "link_down", true },
		{ MU_EVENT_MQTT_OPEN, MU__LOG_LEVEL__LOG_INFO, "mqtt_open", false },
		{ MU_EVENT_MQTT_CLOSED, MU__LOG_LEVEL__LOG_WARNING, "mqtt_closed", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].type != event->type)
			continue;
		int32_t reason = rows[i].has_reason ? event->reason : 0;
		bool is_code = event->type == MU_EVENT_LINK_DOWN && reason > 0;
		mu_virtual_log_printf(&device->log, rows[i].level, "event=%s reason=%d error=%s", rows[i].name, reason,
			is_code ? mu_reason_name(reason) : mu_err_name(reason));
	}
}

// Trait leak_reconnect_bytes: what a session's last way to its broker took and never gives back.
static void lose_heap(struct mu_device *device, const struct mu_event *event)
{
	int32_t last = device->mqtt.tls_used ? MU_MQTT_PHASE_TLS : MU_MQTT_PHASE_TCP;
	if (event->type == MU_EVENT_MQTT_PHASE && event->value == last && device->traits.leak_reconnect_bytes != MU_TRAIT_UNSET)
		mu_virtual_heap_lose(&device->system.heap, (uint32_t)device->traits.leak_reconnect_bytes);
}

static void on_network_event(void *context, const struct mu_event *event)
{
	struct mu_device *device = context;
	if (!device->on)
		return;
	log_event(device, event);
	lose_heap(device, event);
	mu_agent_post(device->agent, event);
	if (!device->running)
		arm_timer(device, 0, 0);
}

static bool topic_ends(const char *topic, const char *end)
{
	size_t size = strlen(topic), wanted = strlen(end);
	return size >= wanted && !strcmp(topic + size - wanted, end);
}

static void on_mqtt_sent(void *context, const char *topic, const void *payload, size_t size)
{
	struct mu_device *device = context;
	if (device->config.sent_log && topic_ends(topic, "/up"))
		mu_sent_log_uplink(device->config.sent_log, device->config.agent.id, payload, size);
}

static void on_mqtt_received(void *context, const char *topic, const void *payload, size_t size)
{
	struct mu_device *device = context;
	if (device->config.sent_log && topic_ends(topic, "/ack"))
		mu_sent_log_ack(device->config.sent_log, device->config.agent.id, payload, size);
}

// ---- resets

static void spoil_memory(struct mu_device *device)
{
	uint64_t garbage = mu_dice_u64(&device->system.dice);
	memset(device->agent, (int)(garbage | 1), mu_agent_size());
	memset(&device->application, 0, sizeof device->application);
}

static void reset(struct mu_device *device, uint32_t raw, const char *crash_task)
{
	mu_virtual_log_printf(&device->log, MU__LOG_LEVEL__LOG_WARNING, "event=reset reason=%s uptime_ms=%llu task=%s",
		mu_reset_raw_name(raw), (unsigned long long)(device->now_ms - device->boot_ms), crash_task ? crash_task : "-");
	mu_mqtt_vanish(&device->mqtt);
	mu_udp_close(&device->udp);
	mu_virtual_system_reset(&device->system, raw, crash_task);
	if (raw == MU_RESET_RAW_POWERON || raw == MU_RESET_RAW_BROWNOUT)
		mu_virtual_rtc_power_on(&device->rtc);
	spoil_memory(device);
	device->on = false;
	device->counts.resets++;
	device->boot_ms = device->now_ms + (uint64_t)mu_dice_between(&device->system.dice, BOOT_MS_MIN, BOOT_MS_MAX);
}

// Ways in which a boot can end without the agent's doing.
static uint64_t in_seconds(const struct mu_device *device, int32_t seconds, int32_t unset)
{
	return seconds == unset ? UINT64_MAX : device->boot_ms + (uint64_t)seconds * 1000;
}

static uint64_t panic_due(const struct mu_device *device)
{
	return in_seconds(device, device->traits.panic_after_s, MU_TRAIT_UNSET);
}

static uint64_t heap_due(const struct mu_device *device)
{
	return mu_virtual_heap_exhausted_ms(&device->system.heap);
}

static uint64_t image_brownout_due(const struct mu_device *device)
{
	return in_seconds(device, device->traits.brownout_after_s, MU_TRAIT_UNSET);
}

static uint64_t brownout_due(const struct mu_device *device)
{
	return in_seconds(device, device->config.world.brownout_s, 0);
}

static uint64_t power_cut_due(const struct mu_device *device)
{
	return in_seconds(device, device->config.world.power_cut_s, 0);
}

static uint64_t watchdog_due(const struct mu_device *device)
{
	return mu_virtual_watchdog_deadline(&device->watchdog);
}

static const struct hazard {
	uint64_t (*due_ms)(const struct mu_device *device);
	uint32_t raw;
	const char *crash_task;
} hazards[] = {
	{ panic_due, MU_RESET_RAW_PANIC, "app" },
	{ heap_due, MU_RESET_RAW_PANIC, "app" }, // an allocation fails
	{ watchdog_due, MU_RESET_RAW_TASK_WDT, "muster" },
	{ image_brownout_due, MU_RESET_RAW_BROWNOUT, 0 },
	{ brownout_due, MU_RESET_RAW_BROWNOUT, 0 },
	{ power_cut_due, MU_RESET_RAW_POWERON, 0 },
};
enum { HAZARDS = sizeof hazards / sizeof *hazards };

static uint64_t hazards_due(const struct mu_device *device)
{
	uint64_t due_ms = UINT64_MAX;
	for (unsigned i = 0; i < HAZARDS; i++)
		due_ms = earlier(due_ms, hazards[i].due_ms(device));
	return due_ms;
}

// True if the boot has ended.
static bool meet_hazards(struct mu_device *device)
{
	for (unsigned i = 0; i < HAZARDS; i++)
		if (hazards[i].due_ms(device) <= device->now_ms) {
			reset(device, hazards[i].raw, hazards[i].crash_task);
			return true;
		}
	return false;
}

// ---- a boot

static int read_traits(struct mu_device *device, const struct mu_boot_result *result)
{
	struct mu_flash_window window;
	char problem[MU_TRAITS_PROBLEM_SIZE];
	struct mu_source source = mu_flash_source(&window, device->config.flash, result->partition.offset, result->partition.size);
	int err = mu_virtual_image_traits(&source, &device->traits, problem);
	if (err == MU_ERR_NOT_FOUND) {
		device->traits = mu_traits_none(); // an image of real hardware
		return 0;
	}
	if (err < 0)
		mu_virtual_log_printf(&device->log, MU__LOG_LEVEL__LOG_ERROR, "event=bad_traits problem=\"%s\"", problem);
	return err;
}

static int load_image(struct mu_device *device, struct mu_boot_result *result)
{
	const struct mu_boot_config config = { .rollback = true, .chip_id = device->system.hardware->chip_id };
	int err = mu_bootloader_run(device->config.flash, &config, result);
	if (!err)
		err = mu_flash_partitions_open(&device->partitions, device->config.flash);
	if (!err)
		err = read_traits(device, result);
	if (!err && device->partitions.keyvalue.size)
		err = mu_keyvalue_open(&device->keyvalue, device->config.flash, device->partitions.keyvalue.offset,
			device->partitions.keyvalue.size);
	device->slot = result->slot;
	device->flash_at_boot = mu_flash_statistics(device->config.flash);
	return err;
}

static void start_models(struct mu_device *device)
{
	uint32_t leak = device->traits.leak_bytes_per_s == MU_TRAIT_UNSET ? 0 : (uint32_t)device->traits.leak_bytes_per_s;
	mu_virtual_watchdog_reset(&device->watchdog);
	mu_virtual_system_boot(&device->system, leak, device->now_ms);
	if (device->traits.fragment_bytes_per_s != MU_TRAIT_UNSET)
		device->system.heap.fragment_bytes_per_s = (uint32_t)device->traits.fragment_bytes_per_s;
	mu_virtual_link_boot(&device->link, &device->traits, device->now_ms);
}

// 0; MU_ERR_STATE: the agent asked for a restart at once; MU_ERR_INVALID: it refuses its configuration.
static int start_agent(struct mu_device *device, const struct mu_app_desc *desc)
{
	struct mu_agent_config config = device->config.agent;
	config.firmware = desc->version;
	memcpy(config.elf_sha, desc->app_elf_sha256, sizeof config.elf_sha);
	device->restart_asked = false;
	const char *problem = 0;
	int err = mu_agent_init(device->agent, &config, &device->port, &problem);
	if (device->restart_asked)
		return MU_ERR_STATE;
	if (err >= 0 || err == MU_ERR_IO) // without its spool it lives on
		return 0;
	device->problem = problem ? problem : mu_err_name(err);
	return MU_ERR_INVALID;
}

// No boot would be any better: the device stays off, and the loop ends.
static void give_up(struct mu_device *device)
{
	mu_virtual_log_printf(&device->log, MU__LOG_LEVEL__LOG_ERROR, "event=agent_refused problem=\"%s\"", device->problem);
	device->on = false;
	device->boot_ms = UINT64_MAX;
	event_base_loopbreak(device->config.loop);
}

static void start_application(struct mu_device *device)
{
	uint32_t liveness_ms = device->config.agent.liveness_ms ? device->config.agent.liveness_ms : (uint32_t)LIVENESS_DEFAULT_MS;
	mu_application_start(&device->application, device->agent, &device->traits, liveness_ms, &device->system.dice);
	device->agent_due_ms = device->now_ms;
}

static void boot(struct mu_device *device)
{
	struct mu_boot_result result;
	device->counts.boots++;
	device->boot_ms = device->now_ms;
	int err = load_image(device, &result);
	if (err < 0) {
		device->counts.bricked++;
		device->boot_ms += BRICK_RETRY_MS;
		mu_virtual_log_printf(&device->log, MU__LOG_LEVEL__LOG_ERROR, "event=no_image error=%s", mu_err_name(err));
		return;
	}
	start_models(device);
	mu_virtual_log_printf(&device->log, MU__LOG_LEVEL__LOG_INFO, "event=boot slot=%d firmware=%s reset=%s", result.slot,
		result.desc.version, mu_reset_raw_name(device->system.reset.reset_raw));
	device->on = true;
	if (device->traits.boot_fails == 1) {
		reset(device, MU_RESET_RAW_PANIC, "main");
		return;
	}
	err = start_agent(device, &result.desc);
	if (err == MU_ERR_STATE)
		reset(device, MU_RESET_RAW_SW, 0);
	else if (err < 0)
		give_up(device);
	else
		start_application(device);
}

// ---- a run

static void step_link(struct mu_device *device)
{
	struct mu_event event;
	while (mu_virtual_link_step(&device->link, device->now_ms, &event)) {
		log_event(device, &event);
		mu_agent_post(device->agent, &event);
		device->agent_due_ms = device->now_ms;
	}
	mu_mqtt_set_silent(&device->mqtt, !mu_virtual_link_carries(&device->link));
	mu_udp_set_silent(&device->udp, !mu_virtual_link_carries(&device->link));
}

static bool frozen(const struct mu_device *device)
{
	return in_seconds(device, device->config.world.freeze_s, 0) <= device->now_ms;
}

static void live(struct mu_device *device)
{
	uint64_t uptime_ms = device->now_ms - device->boot_ms;
	if (meet_hazards(device))
		return;
	step_link(device);
	if (frozen(device)) {
		device->agent_due_ms = UINT64_MAX;
		return;
	}
	mu_application_step(&device->application, &device->system.dice, uptime_ms);
	uint64_t next_ms = mu_agent_step(device->agent, uptime_ms);
	device->agent_due_ms = next_ms > UINT64_MAX - device->boot_ms ? UINT64_MAX : device->boot_ms + next_ms;
	if (device->restart_asked)
		reset(device, MU_RESET_RAW_SW, 0);
}

static uint64_t next_due(const struct mu_device *device)
{
	if (!device->on)
		return device->boot_ms;
	uint64_t due_ms = earlier(mu_virtual_link_deadline(&device->link), hazards_due(device));
	if (frozen(device))
		return due_ms;
	due_ms = earlier(due_ms, in_seconds(device, device->config.world.freeze_s, 0));
	due_ms = earlier(due_ms, device->boot_ms + device->application.due_ms);
	return earlier(due_ms, device->agent_due_ms);
}

static void on_timer(int fd, short what, void *context)
{
	struct mu_device *device = context;
	(void)fd, (void)what;
	device->now_ms = mu_monotonic_ms();
	device->running = true;
	if (!device->on && device->now_ms >= device->boot_ms)
		boot(device);
	if (device->on)
		live(device);
	device->running = false;
	arm_timer(device, device->now_ms, next_due(device));
}

// ---- open and close

static int take_memory(struct mu_device *device)
{
	uint32_t batch_bytes = device->config.agent.batch_bytes;
	device->agent = malloc(mu_agent_size());
	if (batch_bytes > MU_AGENT_BATCH_BYTES)
		device->config.agent.batch = device->batch = malloc(batch_bytes);
	return device->agent && (device->batch || batch_bytes <= MU_AGENT_BATCH_BYTES) ? 0 : MU_ERR_NO_MEMORY;
}

static void give_memory_back(struct mu_device *device)
{
	free(device->batch);
	free(device->agent);
	free(device);
}

int mu_device_open(struct mu_device **out, const struct mu_device_config *config)
{
	*out = 0;
	struct mu_device *device = calloc(1, sizeof *device);
	if (!device)
		return MU_ERR_NO_MEMORY;
	device->config = *config;
	if (!config->agent.link)
		device->config.agent.link = &default_link;
	if (take_memory(device) < 0) {
		give_memory_back(device);
		return MU_ERR_NO_MEMORY;
	}
	pthread_mutex_init(&device->lock, 0);
	device->port = mu_device_port;
	device->port.context = device;
	device->log = (struct mu_virtual_log){ .out = config->log, .level = config->log_level, .id = config->agent.id };
	struct mu_mqtt_listener listener = { .context = device,
		.post = on_network_event,
		.sent = on_mqtt_sent,
		.received = on_mqtt_received };
	mu_mqtt_init(&device->mqtt, config->loop, config->resolver, &listener, &config->tls);
	mu_udp_init(&device->udp, config->loop, config->resolver, device, on_network_event);
	mu_virtual_system_init(&device->system, config->hardware, config->seed);
	evtimer_assign(&device->timer, config->loop, on_timer, device);
	int err = mu_flash_partitions_open(&device->partitions, config->flash);
	if (err < 0) {
		mu_device_close(device);
		return err;
	}
	*out = device;
	return 0;
}

void mu_device_close(struct mu_device *device)
{
	if (!device)
		return;
	evtimer_del(&device->timer);
	mu_mqtt_destroy(&device->mqtt);
	mu_udp_close(&device->udp);
	pthread_mutex_destroy(&device->lock);
	give_memory_back(device);
}

void mu_device_power_on(struct mu_device *device, uint32_t delay_ms)
{
	device->now_ms = mu_monotonic_ms();
	device->boot_ms = device->now_ms + delay_ms;
	mu_virtual_system_reset(&device->system, MU_RESET_RAW_POWERON, 0);
	mu_virtual_rtc_power_on(&device->rtc);
	mu_virtual_link_power_on(&device->link, &device->config.world.air, mu_dice_u64(&device->system.dice), device->boot_ms);
	spoil_memory(device);
	arm_timer(device, device->now_ms, device->boot_ms);
}

struct mu_device_counts mu_device_counts(const struct mu_device *device)
{
	struct mu_device_counts counts = device->counts;
	counts.mqtt = device->mqtt.counts;
	counts.online = device->mqtt.state == MU_MQTT_OPEN;
	return counts;
}

const char *mu_device_problem(const struct mu_device *device)
{
	return device->problem;
}
