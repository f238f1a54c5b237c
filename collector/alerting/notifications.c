// SPDX-License-Identifier: Apache-2.0
#include "collector/alerting/notifications.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "alerts/alerts.h"
#include "collector/alerting/transition_notice.h"
#include "collector/clock.h"
#include "collector/log.h"
#include "collector/store/cursors.h"
#include "collector/store/store_alerts.h"

enum { SECOND_MS = 1000, READ_ROWS = 512, SAY_AT_ONCE = 10, SAY_WINDOW_MS = 60000, URL_BYTES = 512, HOST_BYTES = 256 };

enum way { WAY_ALERTMANAGER, WAY_WEBHOOK, WAYS };

struct notifications {
	struct notifications_parts parts;
	struct event *wake, *second;
	struct alertmanager *alertmanager;
	struct webhook *webhook;
	uint64_t newest;   // transition that is durable
	uint64_t told;     // the Alertmanagers know of those up to here
	uint64_t delivered; // the webhook's cursor
	struct said {
		struct notifications *owner;
		uint64_t begun_ms, unsaid;
		unsigned count;
	} said[WAYS];
};

static const char *const remedies[WAYS] = {
	[WAY_ALERTMANAGER] = "see that it runs and notify.alertmanager_urls names it; of a refused alert, the labels of its rule",
	[WAY_WEBHOOK] = "see that the receiver runs and notify.webhook_url names it; of a refused alert, what the receiver says",
};

// A line for the log, at most SAY_AT_ONCE a window and way: the counters have all of them.
static void say(void *context, bool is_warning, const char *what, const char *where)
{
	struct said *said = context;
	uint64_t now_ms = clock_monotonic_ms();
	if (now_ms - said->begun_ms >= SAY_WINDOW_MS) {
		said->begun_ms = now_ms;
		said->count = 0;
	}
	if (said->count == SAY_AT_ONCE) {
		said->unsaid++;
		return;
	}
	said->count++;
	if (is_warning)
		log_warn("notify", what, "where=%s unsaid_before=%llu remedy=%s", log_quote(where).text, (unsigned long long)said->unsaid,
			log_quote(remedies[said - said->owner->said]).text);
	else
		log_info("notify", what, "where=%s unsaid_before=%llu", log_quote(where).text, (unsigned long long)said->unsaid);
	said->unsaid = 0;
}

// ---- Alertmanagers ----

struct walk {
	struct notifications *notifications;
	uint64_t since_ms, first; // of those stored since then, the first number
};

static int put(void *context, const struct store_transition *transition)
{
	struct notifications *notifications = context;
	struct transition_notice made;
	transition_notice_make(&made, transition);
	alertmanager_put(notifications->alertmanager, &made.notice);
	transition_notice_free(&made);
	return 0;
}

static int put_news(void *context, const struct store_transition *transition)
{
	struct notifications *notifications = context;
	notifications->told = transition->n;
	return transition_notice_is(transition) ? put(context, transition) : 0;
}

static int put_firing(void *context, const struct store_transition *transition)
{
	return transition_notice_fires(transition) ? put(context, transition) : 0;
}

static int find_first(void *context, const struct store_transition *transition)
{
	struct walk *walk = context;
	if (transition->stored_ms < walk->since_ms)
		return 1;
	walk->first = transition->n;
	return 0;
}

// What the last 15 minutes had, in order, and then all that fires. 0 or STORE_E*.
static int tell_all(struct notifications *notifications)
{
	struct store *store = notifications->parts.store;
	struct walk walk = { .since_ms = clock_wall_ms() - ALERTMANAGER_KEEP_RESOLVED_MS };
	int rows = store_transition_before(store, 0, ALERTMANAGER_ALERTS_MAX, find_first, &walk);
	if (rows >= 0 && walk.first) {
		notifications->told = walk.first - 1;
		rows = store_transition_after(store, notifications->told, ALERTMANAGER_ALERTS_MAX, put_news, notifications);
	}
	if (rows >= 0)
		rows = store_alert_each(store, put_firing, notifications);
	notifications->told = notifications->newest;
	return rows < 0 ? rows : 0;
}

// ---- the webhook ----

struct reading {
	void (*each)(void *to, const struct notice *notice);
	void *to;
	unsigned count, most;
	uint64_t through;
};

static int read_one(void *context, const struct store_transition *transition)
{
	struct reading *reading = context;
	if (transition_notice_is(transition)) {
		struct transition_notice made;
		transition_notice_make(&made, transition);
		reading->each(reading->to, &made.notice);
		transition_notice_free(&made);
		reading->count++;
	}
	reading->through = transition->n;
	return reading->count == reading->most;
}

static int read_log(void *context, uint64_t after, unsigned most, void (*each)(void *to, const struct notice *notice), void *to,
	uint64_t *through)
{
	struct said *said = context;
	struct reading reading = { each, to, 0, most, after };
	if (store_transition_after(said->owner->parts.store, after, READ_ROWS, read_one, &reading) < 0)
		return -1;
	*through = reading.through;
	return (int)reading.count;
}

static void delivered(void *context, uint64_t through)
{
	struct said *said = context;
	// Not stored: then what was delivered since the last time that it was is delivered again after a restart.
	if (store_cursor_set(said->owner->parts.store, CURSOR_WEBHOOK, through) == 0)
		said->owner->delivered = through;
}

// ---- timers ----

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct notifications *notifications = context;
	struct timeval at_once = { 0, 0 };
	(void)fd, (void)what;
	if (notifications->webhook)
		webhook_wake(notifications->webhook);
	if (!notifications->alertmanager)
		return;
	// An error: the next transition, or the next second, tries again.
	if (store_transition_after(notifications->parts.store, notifications->told, READ_ROWS, put_news, notifications) == READ_ROWS)
		event_add(notifications->wake, &at_once);
}

static void count(const struct notifications *notifications)
{
	struct counters *counters = notifications->parts.counters;
	struct notify_counts counts;
	if (notifications->alertmanager) {
		alertmanager_counts(notifications->alertmanager, &counts);
		counters->notify_alertmanager_sent = counts.sent;
		counters->notify_alertmanager_failed = counts.failed;
		counters->notify_alertmanager_refused = counts.refused;
		counters->notify_alertmanager_waiting = (int64_t)counts.waiting;
	}
	if (notifications->webhook) {
		webhook_counts(notifications->webhook, &counts);
		counters->notify_webhook_sent = counts.sent;
		counters->notify_webhook_failed = counts.failed;
		counters->notify_webhook_refused = counts.refused;
		counters->notify_webhook_waiting = (int64_t)(notifications->newest - notifications->delivered);
	}
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct notifications *notifications = context;
	(void)fd, (void)what;
	if (notifications->alertmanager && notifications->told < notifications->newest)
		on_wake(-1, 0, notifications);
	count(notifications);
}

// ---- the start ----

static int set_up_alertmanager(struct notifications *notifications, const struct config *config, const char *page, char *problem)
{
	struct alertmanager_settings settings = {
		.urls = config->notify.alertmanager_urls,
		.resend_ms = config->notify.resend_s * SECOND_MS,
		.timeout_ms = config->notify.timeout_ms,
		.generator_url = page,
		.say = say,
		.context = &notifications->said[WAY_ALERTMANAGER],
	};
	if (!*settings.urls)
		return 0;
	notifications->alertmanager = alertmanager_new(notifications->parts.base, &settings, problem);
	if (!notifications->alertmanager)
		return -1;
	return tell_all(notifications);
}

static int read_secret(const char *path, char secret[CONFIG_TEXT_BYTES], char *problem)
{
	FILE *file = *path ? fopen(path, "r") : 0;
	secret[0] = 0;
	if (!*path)
		return 0;
	bool is_read = file && fgets(secret, CONFIG_TEXT_BYTES, file);
	if (file)
		fclose(file);
	secret[strcspn(secret, "\r\n")] = 0;
	if (!is_read || !*secret)
		snprintf(problem, NOTIFICATIONS_PROBLEM_BYTES, "no secret in the first line of notify.webhook_secret_file, %s", path);
	return is_read && *secret ? 0 : -1;
}

// Where the webhook begins: behind its cursor, or, the first time, with what comes.
static int find_cursor(struct notifications *notifications)
{
	struct store *store = notifications->parts.store;
	store_cursor_use(store, CURSOR_WEBHOOK, true);
	int err = store_cursor_begin(store, CURSOR_WEBHOOK, notifications->newest);
	return err ? err : store_cursor_get(store, CURSOR_WEBHOOK, &notifications->delivered);
}

static int set_up_webhook(struct notifications *notifications, const struct config *config, const char *page, char *problem)
{
	char secret[CONFIG_TEXT_BYTES];
	struct webhook_calls calls = { read_log, delivered, say, &notifications->said[WAY_WEBHOOK] };
	struct webhook_settings settings = { config->notify.webhook_url, secret, page, config->notify.timeout_ms, 0 };
	if (!*settings.url)
		return 0;
	if (read_secret(config->notify.webhook_secret_file, secret, problem) < 0)
		return -1;
	int err = find_cursor(notifications);
	if (err)
		return err;
	settings.after = notifications->delivered;
	notifications->webhook = webhook_new(notifications->parts.base, &settings, &calls, problem);
	return notifications->webhook ? 0 : -1;
}

// How people reach the page.
static void page_url(const struct config *config, char url[URL_BYTES])
{
	char host[HOST_BYTES] = "";
	const char *listen = config->http.listen, *port = strrchr(listen, ':');
	const char *scheme = *config->http.tls_cert_file ? "https" : "http";
	bool is_any = strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;
	if (*config->http.external_url)
		snprintf(url, URL_BYTES, "%s", config->http.external_url);
	else if (is_any && gethostname(host, sizeof host - 1) == 0)
		snprintf(url, URL_BYTES, "%s://%s%s", scheme, host, port);
	else
		snprintf(url, URL_BYTES, "%s://%s", scheme, listen);
}

static int start(struct notifications *notifications, const struct config *config, char *problem)
{
	uint64_t oldest;
	char page[URL_BYTES];
	struct timeval second = { .tv_sec = 1 };
	page_url(config, page);
	int err = store_transition_bounds(notifications->parts.store, &oldest, &notifications->newest);
	if (!err)
		err = set_up_alertmanager(notifications, config, page, problem);
	if (!err)
		err = set_up_webhook(notifications, config, page, problem);
	notifications->wake = evtimer_new(notifications->parts.base, on_wake, notifications);
	notifications->second = event_new(notifications->parts.base, -1, EV_PERSIST, on_second, notifications);
	if (err || !notifications->wake || !notifications->second)
		return -1;
	event_add(notifications->second, &second);
	return 0;
}

struct notifications *notifications_new(const struct notifications_parts *parts, const struct config *config,
	char problem[NOTIFICATIONS_PROBLEM_BYTES])
{
	struct notifications *notifications = calloc(1, sizeof *notifications);
	*problem = 0;
	if (notifications) {
		notifications->parts = *parts;
		for (unsigned i = 0; i < WAYS; i++)
			notifications->said[i].owner = notifications;
		if (start(notifications, config, problem) == 0)
			return notifications;
		notifications_free(notifications);
	}
	if (!*problem)
		snprintf(problem, NOTIFICATIONS_PROBLEM_BYTES, "%s", notifications ? store_fault(parts->store)->what : "no memory");
	return 0;
}

void notifications_free(struct notifications *notifications)
{
	if (!notifications)
		return;
	alertmanager_free(notifications->alertmanager);
	webhook_free(notifications->webhook);
	if (notifications->wake)
		event_free(notifications->wake);
	if (notifications->second)
		event_free(notifications->second);
	free(notifications);
}

// ---- the contract ----

void notifications_changed(struct notifications *notifications, uint64_t n)
{
	struct timeval at_once = { 0, 0 };
	if (!notifications || n <= notifications->newest)
		return;
	notifications->newest = n;
	if (!evtimer_pending(notifications->wake, 0))
		event_add(notifications->wake, &at_once);
}

void notifications_drain(struct notifications *notifications, unsigned timeout_ms)
{
	if (!notifications)
		return;
	on_wake(-1, 0, notifications);
	if (notifications->alertmanager)
		alertmanager_drain(notifications->alertmanager, timeout_ms);
	count(notifications);
}
