// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alerts/alerts.h"
#include "alerts/notify/time_text.h"
#include "collector/alerting/notifications.h"
#include "collector/clock.h"
#include "collector/store/cursors.h"
#include "collector/store/store_alerts.h"
#include "tests/alerts/notify/peer.h"
#include "tests/collector/store/scratch.h"

struct rig {
	struct scratch *scratch;
	struct event_base *base;
	struct peer peer; // both an Alertmanager (by its path) and the webhook's receiver
	struct counters counters;
	struct config config;
	struct notifications *notifications;
	uint64_t newest;
};

static int set_up(void **state)
{
	void *scratch;
	if (scratch_setup(&scratch) != 0)
		return -1;
	struct rig *rig = calloc(1, sizeof *rig);
	rig->scratch = scratch;
	rig->base = event_base_new();
	config_defaults(&rig->config);
	peer_start(&rig->peer, rig->base);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	void *scratch = rig->scratch;
	notifications_free(rig->notifications);
	peer_free(&rig->peer);
	event_base_free(rig->base);
	free(rig);
	return scratch_teardown(&scratch);
}

static void use_alertmanager(struct rig *rig)
{
	snprintf(rig->config.notify.alertmanager_urls, CONFIG_TEXT_BYTES, "%s", rig->peer.url);
	rig->config.notify.resend_s = 3600; // no repetition within a test
}

static void use_webhook(struct rig *rig)
{
	snprintf(rig->config.notify.webhook_url, CONFIG_TEXT_BYTES, "%s/hook", rig->peer.url);
}

static void begin(struct rig *rig)
{
	char problem[NOTIFICATIONS_PROBLEM_BYTES];
	struct notifications_parts parts = { rig->base, rig->scratch->store, &rig->counters };
	rig->notifications = notifications_new(&parts, &rig->config, problem);
	if (!rig->notifications)
		fail_msg("%s", problem);
}

// musterd ends and starts again.
static void restart(struct rig *rig)
{
	notifications_free(rig->notifications);
	scratch_close(rig->scratch);
	scratch_open(rig->scratch);
	begin(rig);
}

// A transition of rule `uid` of device dev, stored so long ago.
static void add_past(struct rig *rig, uint32_t dev, const char *uid, uint32_t from, uint32_t to, uint64_t ago_ms)
{
	char labels[128];
	snprintf(labels, sizeof labels, "{\"alertname\":\"%s\",\"device\":\"d%u\",\"severity\":\"warning\"}", uid, dev);
	uint64_t at_ms = clock_wall_ms() - ago_ms;
	struct store_transition row = { .dev = dev,
		.uid = uid,
		.name = uid,
		.from = from,
		.to = to,
		.severity = ALERT_WARNING,
		.at_ms = at_ms,
		.stored_ms = at_ms,
		.started_ms = at_ms - 1000,
		.fired_ms = at_ms - 500,
		.labels = labels,
		.annotations = "{}" };
	assert_int_equal(store_transition_add(rig->scratch->store, &row, &rig->newest), 0);
}

static void add(struct rig *rig, uint32_t dev, const char *uid, uint32_t from, uint32_t to)
{
	add_past(rig, dev, uid, from, to, 0);
	notifications_changed(rig->notifications, rig->newest);
}

static bool has(const struct peer *peer, unsigned request, const char *piece)
{
	return strstr(peer->requests[request].body, piece) != 0;
}

static uint64_t cursor(struct rig *rig)
{
	uint64_t n;
	assert_int_equal(store_cursor_get(rig->scratch->store, CURSOR_WEBHOOK, &n), 0);
	return n;
}

static void wait_cursor(struct rig *rig, uint64_t n)
{
	for (unsigned i = 0; cursor(rig) < n; i++) {
		assert_true(i < 2000);
		peer_run(&rig->peer, 5);
	}
}

// Nothing configured: nothing happens, nothing breaks.
static void test_no_way_out(void **state)
{
	struct rig *rig = *state;
	begin(rig);
	add(rig, 1, "Low", ALERT_OK, ALERT_FIRING);
	peer_run(&rig->peer, 20);
	notifications_drain(rig->notifications, 100);
	assert_int_equal(rig->peer.count, 0);
	notifications_changed(0, 1);
	notifications_drain(0, 1);
}

static void test_an_alertmanager_is_told(void **state)
{
	struct rig *rig = *state;
	use_alertmanager(rig);
	begin(rig);
	add(rig, 1, "Low", ALERT_OK, ALERT_PENDING);
	peer_run(&rig->peer, 30);
	assert_int_equal(rig->peer.count, 0);
	add(rig, 1, "Low", ALERT_PENDING, ALERT_FIRING);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	assert_true(has(&rig->peer, 0, "\"device\":\"d1\""));
	assert_true(has(&rig->peer, 0, "\"generatorURL\":\"http://127.0.0.1:8970\"")); // of http.listen
	assert_true(has(&rig->peer, 0, "pending_since"));
	peer_run(&rig->peer, 1200); // the counters follow within a second
	assert_int_equal(rig->counters.notify_alertmanager_sent, 1);
	assert_int_equal(rig->counters.notify_alertmanager_waiting, 0);
}

// More transitions at once than are read in one turn.
static void test_many_at_once(void **state)
{
	struct rig *rig = *state;
	use_alertmanager(rig);
	begin(rig);
	assert_int_equal(store_begin(rig->scratch->store), 0);
	for (uint32_t dev = 0; dev < 1500; dev++)
		add_past(rig, dev, "Low", ALERT_OK, ALERT_FIRING, 0);
	assert_int_equal(store_commit(rig->scratch->store), 0);
	notifications_changed(rig->notifications, rig->newest);
	peer_wait(&rig->peer, &rig->peer.count, 6);
	peer_run(&rig->peer, 1200);
	assert_int_equal(rig->counters.notify_alertmanager_sent, 1500);
}

// At the start: what fires, however long; what ended lately; not what ended long ago, nor what is pending.
static void test_what_is_told_at_the_start(void **state)
{
	struct rig *rig = *state;
	const uint64_t minute_ms = 60000;
	add_past(rig, 1, "FiresLong", ALERT_OK, ALERT_FIRING, 3000 * minute_ms);
	add_past(rig, 2, "EndedLong", ALERT_OK, ALERT_FIRING, 3000 * minute_ms);
	add_past(rig, 2, "EndedLong", ALERT_FIRING, ALERT_OK, 2000 * minute_ms);
	add_past(rig, 3, "EndedNow", ALERT_OK, ALERT_FIRING, 20 * minute_ms);
	add_past(rig, 3, "EndedNow", ALERT_FIRING, ALERT_OK, 5 * minute_ms);
	add_past(rig, 4, "Recovers", ALERT_FIRING, ALERT_RECOVERING, 2 * minute_ms);
	add_past(rig, 5, "Waits", ALERT_OK, ALERT_PENDING, 1 * minute_ms);
	add_past(rig, 6, "AgainNow", ALERT_FIRING, ALERT_OK, 1 * minute_ms);
	add_past(rig, 6, "AgainNow", ALERT_OK, ALERT_FIRING, 0);
	use_alertmanager(rig);
	begin(rig);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	json_t *alerts = peer_json(&rig->peer, 0), *alert;
	size_t i;
	unsigned firing = 0;
	struct time_text now = time_text(clock_wall_ms());
	json_array_foreach(alerts, i, alert) {
		const char *name = 0, *ends = 0;
		assert_int_equal(json_unpack(alert, "{s:{s:s}, s:s}", "labels", "alertname", &name, "endsAt", &ends), 0);
		assert_null(strstr("EndedLong Waits", name));
		bool is_over = strcmp(ends, now.text) <= 0;
		assert_int_equal(is_over, strcmp(name, "EndedNow") == 0);
		firing += !is_over;
	}
	assert_int_equal(json_array_size(alerts), 4);
	assert_int_equal(firing, 3);
	json_decref(alerts);
}

// The webhook gets each transition in order; its cursor is in the store, so a restart neither repeats nor leaves out.
static void test_the_webhook_goes_on_after_a_restart(void **state)
{
	struct rig *rig = *state;
	use_webhook(rig);
	begin(rig);
	add(rig, 1, "Low", ALERT_OK, ALERT_FIRING);
	wait_cursor(rig, 1);
	assert_string_equal(rig->peer.requests[0].key, "1-1");
	peer_stop(&rig->peer);
	add(rig, 2, "Low", ALERT_OK, ALERT_FIRING);
	add(rig, 2, "Low", ALERT_FIRING, ALERT_OK);
	peer_run(&rig->peer, 50);
	restart(rig);
	assert_int_equal(cursor(rig), 1);
	peer_again(&rig->peer);
	wait_cursor(rig, 3);
	assert_string_equal(rig->peer.requests[1].key, "2-3");
	assert_int_equal(rig->peer.count, 2);
}

// A webhook that is new in the configuration is not told the history; what happens while it is away it is told, even if it never was there.
static void test_a_new_webhook_begins_with_what_comes(void **state)
{
	struct rig *rig = *state;
	add_past(rig, 1, "Old", ALERT_OK, ALERT_FIRING, 1000);
	use_webhook(rig);
	peer_stop(&rig->peer);
	begin(rig);
	add(rig, 2, "Low", ALERT_OK, ALERT_FIRING);
	peer_run(&rig->peer, 1200);
	assert_int_equal(rig->counters.notify_webhook_waiting, 1);
	assert_true(rig->counters.notify_webhook_failed >= 1);
	restart(rig);
	peer_again(&rig->peer);
	wait_cursor(rig, 2);
	assert_int_equal(rig->peer.count, 1);
	assert_string_equal(rig->peer.requests[0].key, "2-2");
}

// A fresh database: the first transition ever must not be missed either, if musterd dies before it is delivered.
static void test_the_first_one_ever(void **state)
{
	struct rig *rig = *state;
	use_webhook(rig);
	peer_stop(&rig->peer);
	begin(rig);
	add(rig, 1, "Low", ALERT_OK, ALERT_FIRING);
	restart(rig);
	peer_again(&rig->peer);
	wait_cursor(rig, 1);
	assert_string_equal(rig->peer.requests[0].key, "1-1");
}

// The secret is the file's first line, without its end.
static void test_the_secret(void **state)
{
	struct rig *rig = *state;
	FILE *file;
	use_webhook(rig);
	snprintf(rig->config.notify.webhook_secret_file, CONFIG_TEXT_BYTES, "%s/secret", rig->scratch->folder);
	file = fopen(rig->config.notify.webhook_secret_file, "w");
	fprintf(file, "Jefe\r\nsecond line\n");
	fclose(file);
	begin(rig);
	add(rig, 1, "Low", ALERT_OK, ALERT_FIRING);
	peer_wait(&rig->peer, &rig->peer.count, 1);
	assert_memory_equal(rig->peer.requests[0].signature, "sha256=", 7);
	remove(rig->config.notify.webhook_secret_file);
}

// Each row: what is wrong with the configuration, and a piece of what is said.
static const struct {
	const char *urls, *hook, *secret, *page, *problem;
} bad[] = {
	{ "localhost:9093", "", "", "", "localhost:9093 is not a URL" },
	{ "http://127.0.0.1:1", "", "", "muster", "page, muster" },
	{ "", "hook", "", "", "the URL of the webhook" },
	{ "", "http://127.0.0.1:1/", "/no/such/file", "", "notify.webhook_secret_file, /no/such/file" },
	{ "", "http://127.0.0.1:1/", "/dev/null", "", "no secret in the first line" },
};

static void test_bad_configurations(void **state)
{
	struct rig *rig = *state;
	struct notifications_parts parts = { rig->base, rig->scratch->store, &rig->counters };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char problem[NOTIFICATIONS_PROBLEM_BYTES];
		snprintf(rig->config.notify.alertmanager_urls, CONFIG_TEXT_BYTES, "%s", bad[i].urls);
		snprintf(rig->config.notify.webhook_url, CONFIG_TEXT_BYTES, "%s", bad[i].hook);
		snprintf(rig->config.notify.webhook_secret_file, CONFIG_TEXT_BYTES, "%s", bad[i].secret);
		snprintf(rig->config.http.external_url, CONFIG_TEXT_BYTES, "%s", bad[i].page);
		assert_null(notifications_new(&parts, &rig->config, problem));
		if (!strstr(problem, bad[i].problem))
			fail_msg("row %zu: %s", i, problem);
	}
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_no_way_out),
		WITH_RIG(test_an_alertmanager_is_told),
		WITH_RIG(test_many_at_once),
		WITH_RIG(test_what_is_told_at_the_start),
		WITH_RIG(test_the_webhook_goes_on_after_a_restart),
		WITH_RIG(test_a_new_webhook_begins_with_what_comes),
		WITH_RIG(test_the_first_one_ever),
		WITH_RIG(test_the_secret),
		WITH_RIG(test_bad_configurations),
	};
	return cmocka_run_group_tests(tests, 0, 0);
}
