// SPDX-License-Identifier: Apache-2.0
// Each fault of the radio, end to end: a whole agent above the model of the radio, in virtual time. It must come back by itself, and what
// reaches the collector must say what was wrong.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "agent/port/linux/link.h"
#include "tests/agent/agent_rig.h"

enum { SLICE_MS = 50, MINUTE_MS = 60000, ADDRESS_LOST = MU_REASON_ADDRESS_LOST, NO_ADDRESS = MU_REASON_NO_ADDRESS };

static struct mu_virtual_link radio;
static unsigned connects, restarts, scans; // since power-on

// ---- the fake port with this radio in it

static int can(void *context)
{
	(void)context;
	return mu_virtual_link_can();
}

static int connect(void *context, const struct mu_link_join *join)
{
	(void)context;
	connects++;
	mu_virtual_link_connect(&radio, join, collector.now_ms);
	return 0;
}

static int disconnect(void *context)
{
	(void)context;
	mu_virtual_link_disconnect(&radio);
	return 0;
}

static int restart(void *context)
{
	(void)context;
	restarts++;
	mu_virtual_link_restart(&radio, collector.now_ms);
	return 0;
}

static int scan(void *context, const char *ssid)
{
	(void)context;
	scans++;
	mu_virtual_link_scan(&radio, ssid, collector.now_ms);
	return 0;
}

static int scan_read(void *context, struct mu_link_seen *out, size_t count)
{
	(void)context;
	return mu_virtual_link_scan_read(&radio, out, count, collector.now_ms);
}

static int serve(void *context, const struct mu_link_own *own)
{
	(void)context;
	return mu_virtual_link_serve(&radio, own, collector.now_ms);
}

static int power_save(void *context, bool on)
{
	(void)context;
	mu_virtual_link_power_save(&radio, on, collector.now_ms);
	return 0;
}

static int status(void *context, struct mu_link_status *out)
{
	(void)context;
	mu_virtual_link_status(&radio, collector.now_ms, out);
	return 0;
}

static const struct mu_link_port link_port = { can, connect, disconnect, restart, scan, scan_read, serve, power_save, status };

static const struct mu_link_network usual[] = {
	{ .ssid = "muster", .passphrase = "muster-demo", .address = { .dns = { { 0 }, { 0 }, { 9, 9, 9, 9 } } } },
};
static const struct mu_link_own own = { .ssid = "dev-1", .passphrase = "eight888", .stations_max = 4 };
static const struct mu_link_config usual_link = { .networks = usual, .network_count = 1, .own = &own };

static void power_on(struct mu_air air, const struct mu_link_config *link)
{
	struct mu_traits healthy = mu_traits_none();
	struct mu_agent_config config = agent_rig_plain;
	config.link = link;
	agent_rig_open(32);
	fake.port.link = &link_port;
	air.rssi_dbm = -58;
	connects = restarts = scans = 0;
	mu_virtual_link_power_on(&radio, &air, 7, 0);
	mu_virtual_link_boot(&radio, &healthy, 0);
	agent_rig_boot(&config, MU_RESET_RAW_POWERON);
}

// What the state of the radio means for the session above it.
static void pass_on(void)
{
	bool carries = mu_virtual_link_carries(&radio);
	collector.no_puback = collector.no_ack = !carries;
	fake.mqtt_result = !carries ? MU_ERR_IO : mu_virtual_link_resolves(&radio) ? 0 : MU_ERR_NOT_FOUND;
}

static void run(uint64_t duration_ms)
{
	uint64_t end_ms = collector.now_ms + duration_ms;
	while (collector.now_ms < end_ms) {
		struct mu_event event;
		while (mu_virtual_link_step(&radio, collector.now_ms, &event))
			mu_agent_post(agent, &event);
		pass_on();
		fake_collector_run(&collector, SLICE_MS);
		assert_int_equal(fake.restarts, 0); // none of this is worth a reboot
	}
}

// Returns how long it took, or fails.
static uint64_t run_until_connected(uint64_t patience_ms)
{
	uint64_t begin_ms = collector.now_ms;
	do
		run(SLICE_MS);
	while (agent->ladder.state != MU_LADDER_CONNECTED && collector.now_ms - begin_ms < patience_ms);
	assert_int_equal(agent->ladder.state, MU_LADDER_CONNECTED);
	return collector.now_ms - begin_ms;
}

// ---- what the collector was told

// In a heartbeat: a loss, or a try that failed. Their part about the link is sent when it changes.
static bool has_reason(const Mu__Record *record, uint32_t reason)
{
	const Mu__LinkHealth *link = record->body_case == MU__RECORD__BODY_HEARTBEAT ? record->heartbeat->link : 0;
	for (size_t i = 0; link && i < link->n_reasons; i++)
		if (link->reasons[i]->reason == reason && link->reasons[i]->count)
			return true;
	return false;
}

static bool told_reason(uint32_t reason)
{
	for (unsigned i = 0; i < collector.count; i++)
		if (has_reason(collector.records[i], reason))
			return true;
	return false;
}

static unsigned told_losses(uint32_t reason)
{
	unsigned count = 0;
	for (unsigned i = 0; i < collector.count; i++) {
		const Mu__Record *record = collector.records[i];
		count += record->body_case == MU__RECORD__BODY_LINK && record->link->change == MU__LINK_CHANGE__LINK_LOST &&
			record->link->reason == reason;
	}
	return count;
}

// The record of the link that is up again, with one of these reasons: of the last try that failed.
static const Mu__Link *restored(uint32_t reason, uint32_t or_reason)
{
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_RESTORED), 1);
	const Mu__Link *link = fake_collector_last_link(&collector, MU__LINK_CHANGE__LINK_RESTORED);
	assert_true(link->has_reason && (link->reason == reason || link->reason == or_reason));
	return link;
}

static void assert_nothing_is_lost(void)
{
	for (unsigned i = 0; i < collector.count; i++)
		assert_int_equal(collector.seqs[i], i + 1);
}

// ---- faults from the beginning on: no way to join, or joined without an address. They end; the device must come up, and say why it could not.

static const struct {
	struct mu_air air;
	uint32_t reason; // that must be told,
	uint32_t or_reason; // or this one
	uint32_t patience_min; // after the end of the fault; for a refused password that is its own cadence
	bool credentials;
} beginnings[] = {
	{ { .no_ap_s = 120 }, 201, 201, 10, false },
	{ { .wrong_password_s = 120 }, 15, 204, 20, true },
	{ { .auth_expire_s = 120 }, 2, 2, 10, false },
	{ { .handshake_s = 120 }, 15, 204, 20, true }, // cannot be told from a wrong password
	{ { .dhcp_dead_s = 120 }, NO_ADDRESS, NO_ADDRESS, 10, false },
};

static void test_cannot_join_at_first(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
		power_on(beginnings[i].air, &usual_link);
		run(119000);
		assert_int_not_equal(agent->ladder.state, MU_LADDER_CONNECTED);
		run_until_connected(beginnings[i].patience_min * MINUTE_MS);
		run(3 * MINUTE_MS);
		assert_true(told_reason(beginnings[i].reason) || told_reason(beginnings[i].or_reason));
		assert_int_equal(agent->disconnects.total, 0); // a try that fails is no loss
		assert_in_range(restored(beginnings[i].reason, beginnings[i].or_reason)->outage_ms, 119000, 120000 + 20 * MINUTE_MS);
		assert_int_equal(fake_collector_count_events(&collector, "credentials") > 0, beginnings[i].credentials);
		assert_nothing_is_lost();
		agent_rig_close();
	}
}

// ---- faults that come back while the link is up: each is a loss with its reason, and soon over

static const struct {
	struct mu_air air;
	uint32_t reason;
	unsigned least; // losses told in 20 minutes
} losses[] = {
	{ { .beacon_loss_s = 60 }, 200, 8 },
	{ { .channel_move_s = 60 }, 200, 3 },
	{ { .drops = 1 }, 200, 8 },
	{ { .lease_loss_s = 60 }, ADDRESS_LOST, 8 }, // joined, but without an address: of our own
};

static void test_losses_while_up(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
		power_on(losses[i].air, &usual_link);
		run(20 * MINUTE_MS);
		mu_virtual_link_air(&radio, &(struct mu_air){ .rssi_dbm = -58 }, collector.now_ms); // and now all is well
		run_until_connected(10 * MINUTE_MS);
		run(2 * MINUTE_MS);
		assert_true(told_losses(losses[i].reason) >= losses[i].least);
		assert_true(told_reason(losses[i].reason));
		assert_nothing_is_lost();
		agent_rig_close();
	}
}

// A station in power save that is forgotten: reasons 2, 4 and 8. Power save goes off, which is told, and that was all.
static void test_a_forgotten_sleeper(void **unused)
{
	(void)unused;
	power_on((struct mu_air){ .sleep_loss_s = 60 }, &usual_link);
	run(10 * MINUTE_MS);
	unsigned losses_told = told_losses(2) + told_losses(4) + told_losses(8);
	assert_in_range(losses_told, 1, 4);
	assert_true(told_reason(2) || told_reason(4) || told_reason(8));
	assert_int_equal(fake_collector_count_events(&collector, "power_save_off"), 1);
	assert_true(radio.awake);
	run(60 * MINUTE_MS);
	assert_int_equal(told_losses(2) + told_losses(4) + told_losses(8), losses_told);
	assert_nothing_is_lost();
	agent_rig_close();
}

// ---- names

// A router was restarted, and its name server is dead: a new lease has another one.
static void test_dead_names_and_a_new_lease(void **unused)
{
	(void)unused;
	power_on((struct mu_air){ .dns_dead = 1 }, &usual_link);
	run_until_connected(5 * MINUTE_MS);
	assert_int_equal(radio.leases, 2);
	run(2 * MINUTE_MS);
	assert_nothing_is_lost();
	agent_rig_close();
}

// No lease's server answers: the fallback of the configuration does.
static void test_dead_names_and_the_fallback(void **unused)
{
	(void)unused;
	power_on((struct mu_air){ .dns_dead = 2 }, &usual_link);
	run_until_connected(10 * MINUTE_MS);
	assert_int_equal(radio.join.address.dns[0][0], 9);
	agent_rig_close();
}

// ---- several networks

static const struct mu_air_point points[] = {
	{ .ssid = "barn", .passphrase = "new-secret", .bssid = { 2, 1 }, .channel = 1, .auth = MU_LINK_AUTH_WPA2 },
	{ .ssid = "attic", .passphrase = "attic-pass", .bssid = { 2, 2 }, .channel = 6, .louder_db = -15, .auth = MU_LINK_AUTH_WPA2, .hidden = true },
	{ .ssid = "attic", .passphrase = "attic-pass", .bssid = { 2, 3 }, .channel = 11, .louder_db = -18, .auth = MU_LINK_AUTH_WPA3, .hidden = true },
	{ .ssid = "yard", .bssid = { 2, 4 }, .channel = 11, .louder_db = 20, .auth = MU_LINK_AUTH_OPEN }, // somebody else's, with our name
};
static const struct mu_link_network known[] = {
	{ .ssid = "yard", .passphrase = "yard-pass" },
	{ .ssid = "barn", .passphrase = "old-secret" },
	{ .ssid = "attic", .passphrase = "attic-pass", .hidden = true },
};
static const struct mu_link_config three = { .networks = known, .network_count = 3 };

// The loudest is open and only has the name, the next has another password by now: the hidden one it is, and where it has WPA3, within a minute.
static void test_the_best_of_three(void **unused)
{
	(void)unused;
	struct mu_link_status now;
	power_on((struct mu_air){ .points = points, .point_count = 4 }, &three);
	assert_in_range(run_until_connected(MINUTE_MS), 1, MINUTE_MS);
	mu_virtual_link_status(&radio, collector.now_ms, &now);
	assert_int_equal(now.auth, MU_LINK_AUTH_WPA3);
	assert_int_equal(now.bssid[1], 3);
	run(2 * MINUTE_MS);
	assert_int_equal(fake_collector_count_events(&collector, "credentials"), 1);
	assert_true(told_reason(15) || told_reason(204));
	agent_rig_close();
}

// The only network refuses for hours: one try in 15 min and nothing else, for at the device's own access point somebody may be at work on just that.
static void test_a_wrong_password_for_hours(void **unused)
{
	(void)unused;
	power_on((struct mu_air){ .wrong_password_s = 4 * 3600 }, &usual_link);
	run(200 * MINUTE_MS);
	assert_true(radio.serving);
	assert_in_range(connects, 15, 19);
	assert_int_equal(restarts, 1);
	assert_int_equal(scans, 0);
	run(40 * MINUTE_MS);
	run_until_connected(20 * MINUTE_MS);
	assert_false(radio.serving);
	agent_rig_close();
}

static bool is_trying(const char *ssid)
{
	return radio.state != MU_STATION_OFF && !strcmp(radio.join.ssid, ssid);
}

// Of two networks one refuses for hours and the other is away. Who refuses is tried once in 15 min, and the other one is found within a period of
// scans when it comes back in the midst of that pause.
static void test_a_good_network_comes_back_in_the_pause(void **unused)
{
	(void)unused;
	static const struct mu_link_network two[] = { { .ssid = "barn", .passphrase = "old-secret" },
		{ .ssid = "attic", .passphrase = "attic-pass" } };
	const struct mu_link_config config = { .networks = two, .network_count = 2, .own = &own };
	struct mu_air_point both[] = { points[0], points[1] };
	unsigned tries = 0;
	both[1].hidden = false;
	power_on((struct mu_air){ .points = both, .point_count = 1 }, &config);
	run(30 * MINUTE_MS);
	while (!is_trying("barn"))
		run(SLICE_MS);
	for (uint64_t end_ms = collector.now_ms + 120 * MINUTE_MS; collector.now_ms < end_ms || !is_trying("barn");) {
		bool was_trying = is_trying("barn");
		run(SLICE_MS);
		tries += !was_trying && is_trying("barn");
	}
	assert_in_range(tries, 7, 9);
	run(MINUTE_MS);
	mu_virtual_link_air(&radio, &(struct mu_air){ .points = both, .point_count = 2, .rssi_dbm = -58 }, collector.now_ms);
	assert_in_range(run_until_connected(20 * MINUTE_MS), 1, MU_LADDER_SCAN_PERIOD_MS + 30000);
	assert_string_equal(radio.join.ssid, "attic");
	agent_rig_close();
}

// A wire has no air that could be bad, and a static address waits for nobody.
static void test_a_wire_with_a_static_address(void **unused)
{
	(void)unused;
	const struct mu_link_config wire = { .wired = true,
		.wired_address = { .is_static = true, .address = { 10, 0, 0, 2 }, .netmask = { 255, 255, 255, 0 } } };
	power_on((struct mu_air){ .dhcp_dead_s = 86400, .wrong_password_s = 86400 }, &wire);
	assert_in_range(run_until_connected(MINUTE_MS), 1, 10000);
	run(MINUTE_MS);
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_RESTORED), 0); // there was no outage
	assert_int_equal(fake_collector_count_links(&collector, MU__LINK_CHANGE__LINK_SESSION_RESTORED), 0);
	agent_rig_close();
}

// ---- the own access point, beside the station

static void test_the_own_access_point(void **unused)
{
	(void)unused;
	struct mu_link_config always = usual_link;
	always.own_always = true;
	power_on((struct mu_air){ .visitors = 1 }, &always);
	run_until_connected(MINUTE_MS);
	run(10 * MINUTE_MS);
	assert_true(radio.serving);
	assert_in_range(fake_collector_count_events(&collector, "access_point"), 10, 60); // visitors come and go each 5 to 20 s
	assert_nothing_is_lost();
	agent_rig_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cannot_join_at_first),
		cmocka_unit_test(test_losses_while_up),
		cmocka_unit_test(test_a_forgotten_sleeper),
		cmocka_unit_test(test_dead_names_and_a_new_lease),
		cmocka_unit_test(test_dead_names_and_the_fallback),
		cmocka_unit_test(test_the_best_of_three),
		cmocka_unit_test(test_a_wrong_password_for_hours),
		cmocka_unit_test(test_a_good_network_comes_back_in_the_pause),
		cmocka_unit_test(test_a_wire_with_a_static_address),
		cmocka_unit_test(test_the_own_access_point),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
