// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/alertmanager.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/alert_body.h"
#include "alerts/notify/backoff.h"
#include "alerts/notify/bisect.h"
#include "alerts/notify/http_post.h"
#include "alerts/notify/notice_json.h"
#include "alerts/notify/outbox.h"
#include "alerts/notify/time_text.h"

enum { BATCH_BYTES = 1024 * 1024, URL_BYTES = 512, DETAIL_BYTES = 1024, SECOND_MS = 1000, MS_US = 1000 };

// One Alertmanager, with at most one request under way.
struct target {
	struct alertmanager *owner;
	unsigned number;
	char url[URL_BYTES];
	struct event *wake; // after the wait of a failure, or at once when there are news
	bool is_posting, is_resting, is_said_away;
	bool has_taken; // an alert, ever
	struct backoff backoff;
	// The batch that is being sent.
	struct outbox_item items[BISECT_ITEMS_MAX];
	unsigned count;
	bool is_refused[BISECT_ITEMS_MAX];
	unsigned taken;
	struct bisect bisect;
};

struct alertmanager {
	struct event_base *base;
	struct event *tick;
	struct http_poster *poster;
	struct outbox *outbox;
	struct alertmanager_settings settings; // without urls
	char generator_url[URL_BYTES];
	struct target *targets;
	unsigned target_count;
	struct notify_counts counts;
	bool is_said_full;
};

static void say(const struct alertmanager *alertmanager, bool is_warning, const char *what, const char *where, const char *detail)
{
	char text[URL_BYTES + DETAIL_BYTES + 4];
	if (!alertmanager->settings.say)
		return;
	snprintf(text, sizeof text, "%s%s%s", where, *detail ? ": " : "", detail);
	alertmanager->settings.say(alertmanager->settings.context, is_warning, what, text);
}

static void wake_in(struct target *target, uint32_t wait_ms)
{
	struct timeval wait = { .tv_sec = wait_ms / SECOND_MS, .tv_usec = (suseconds_t)(wait_ms % SECOND_MS) * MS_US };
	event_add(target->wake, &wait);
}

// ---- what an answer means ----

// The batch stays queued; it is tried again after a while.
static void rest(struct target *target, const char *why, uint64_t asked_ms)
{
	struct alertmanager *alertmanager = target->owner;
	uint32_t random = 0;
	evutil_secure_rng_get_bytes(&random, sizeof random);
	alertmanager->counts.failed++;
	for (unsigned i = target->count; i-- > 0;) // from the last, since each goes to the front
		if (target->items[i].id)
			outbox_back(alertmanager->outbox, target->number, &target->items[i], 1);
	target->count = 0;
	bisect_begin(&target->bisect, 0);
	target->is_resting = true;
	target->is_said_away = true;
	say(alertmanager, true, "an Alertmanager does not take alerts; they are kept and tried again", target->url, why);
	wake_in(target, backoff_fail(&target->backoff, random, asked_ms));
}

static void took(struct target *target, const struct bisect_range *range)
{
	struct alertmanager *alertmanager = target->owner;
	for (unsigned i = range->from; i < range->from + range->count; i++)
		target->items[i].id = 0; // nothing more to do with it
	bisect_done(&target->bisect);
	target->taken += range->count;
	target->has_taken = true;
	backoff_reset(&target->backoff);
	alertmanager->counts.sent += range->count;
	alertmanager->counts.last_success_ms = time_now_ms();
	if (target->is_said_away)
		say(alertmanager, false, "an Alertmanager takes alerts again", target->url, "");
	target->is_said_away = false;
}

static void refused(struct target *target, const struct bisect_range *range, const struct http_answer *answer)
{
	struct outbox_alert alert;
	const struct outbox_item *item = &target->items[range->from];
	char detail[DETAIL_BYTES];
	if (bisect_refused(&target->bisect))
		return; // in halves now
	target->is_refused[range->from] = true;
	if (!outbox_look(target->owner->outbox, item, &alert))
		return;
	snprintf(detail, sizeof detail, "status %ld, %s, labels %s", answer->status, answer->body, alert.labels);
	say(target->owner, true,
		answer->status == 422 ? "an Alertmanager cannot read an alert: a bug of musterd, report it"
				      : "an Alertmanager refuses an alert",
		target->url, detail);
}

// All of the batch was sent. What was refused is so for good, unless that can hardly be the alert's fault.
static void close_batch(struct target *target)
{
	struct alertmanager *alertmanager = target->owner;
	unsigned count = 0;
	for (unsigned i = 0; i < target->count; i++)
		count += target->is_refused[i];
	if (count && !target->taken && (count > 1 || !target->has_taken)) {
		rest(target, "it refuses every alert; is this an Alertmanager?", 0);
		return;
	}
	for (unsigned i = 0; count && i < target->count; i++)
		if (target->is_refused[i])
			outbox_refuse(alertmanager->outbox, target->number, &target->items[i]);
	alertmanager->counts.refused += count;
	target->count = 0;
}

static void pump(struct target *target);

static bool is_about_contents(long status)
{
	return status == 400 || status == 413 || status == 422;
}

static void on_answer(void *context, const struct http_answer *answer)
{
	struct target *target = context;
	struct bisect_range range = { 0, 0 };
	bool is_there = bisect_next(&target->bisect, &range);
	assert(is_there);
	target->is_posting = false;
	target->owner->counts.requests++;
	if (answer->status >= 200 && answer->status < 300) {
		took(target, &range);
	} else if (is_about_contents(answer->status)) {
		refused(target, &range, answer);
	} else {
		char why[HTTP_POST_BODY_BYTES + 32];
		snprintf(why, sizeof why, "status %ld, %s", answer->status, answer->body);
		rest(target, answer->status ? why : answer->problem, answer->retry_after_ms);
	}
	pump(target);
}

// ---- sending ----

static int post(struct target *target, struct evbuffer *body)
{
	struct http_post request = { .url = target->url,
		.timeout_ms = target->owner->settings.timeout_ms,
		.done = on_answer,
		.context = target };
	request.size = evbuffer_get_length(body);
	request.body = evbuffer_pullup(body, -1);
	return request.body ? http_post(target->owner->poster, &request) : -1;
}

// How many of the range still exist; they are in the body then.
static unsigned fill(struct target *target, const struct bisect_range *range, struct evbuffer *body)
{
	const struct alertmanager *alertmanager = target->owner;
	uint64_t now_ms = time_now_ms(), lasting_ms = alert_body_lasting_ms(alertmanager->settings.resend_ms);
	unsigned alive = 0;
	evbuffer_add(body, "[", 1);
	for (unsigned i = range->from; i < range->from + range->count; i++) {
		struct outbox_alert alert;
		if (outbox_look(alertmanager->outbox, &target->items[i], &alert))
			alert_body_add(body, &alert, now_ms, lasting_ms, alive++ == 0);
	}
	evbuffer_add(body, "]", 1);
	return alive;
}

static bool next_batch(struct target *target)
{
	target->count = outbox_take(target->owner->outbox, target->number, target->items, BISECT_ITEMS_MAX, BATCH_BYTES);
	memset(target->is_refused, 0, sizeof target->is_refused);
	target->taken = 0;
	bisect_begin(&target->bisect, target->count);
	return target->count > 0;
}

// Sends the range, or is done with it if all of it is gone meanwhile.
static void send_range(struct target *target, const struct bisect_range *range)
{
	struct evbuffer *body = evbuffer_new();
	if (body && fill(target, range, body) == 0)
		bisect_done(&target->bisect);
	else if (body && post(target, body) == 0)
		target->is_posting = true;
	else
		rest(target, "no memory", 0);
	if (body)
		evbuffer_free(body);
}

// Sends whatever is next, if nothing is under way.
static void pump(struct target *target)
{
	struct bisect_range range;
	while (!target->is_posting && !target->is_resting) {
		if (bisect_next(&target->bisect, &range))
			send_range(target, &range);
		else if (target->count)
			close_batch(target);
		else if (!next_batch(target))
			return;
	}
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct target *target = context;
	(void)fd, (void)what;
	target->is_resting = false;
	pump(target);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct alertmanager *alertmanager = context;
	uint64_t now_ms = time_monotonic_ms(), wait_ms = outbox_tick(alertmanager->outbox, now_ms) - now_ms;
	struct timeval wait = { .tv_sec = (time_t)(wait_ms / SECOND_MS), .tv_usec = (suseconds_t)(wait_ms % SECOND_MS) * MS_US };
	(void)fd, (void)what;
	event_add(alertmanager->tick, &wait);
	for (unsigned i = 0; i < alertmanager->target_count; i++)
		pump(&alertmanager->targets[i]);
}

// ---- settings ----

static const char path[] = "/api/v2/alerts";

static int add_target(struct alertmanager *alertmanager, const char *url, size_t length, char *problem)
{
	if (alertmanager->target_count == ALERTMANAGER_URLS_MAX) {
		snprintf(problem, 256, "more than %d Alertmanagers", ALERTMANAGER_URLS_MAX);
		return -1;
	}
	struct target *target = &alertmanager->targets[alertmanager->target_count];
	*target = (struct target){ .owner = alertmanager, .number = alertmanager->target_count };
	if (length + sizeof path > sizeof target->url) {
		snprintf(problem, 256, "the URL of an Alertmanager is longer than %d bytes", URL_BYTES - (int)sizeof path);
		return -1;
	}
	snprintf(target->url, sizeof target->url, "%.*s", (int)length, url);
	const char *bad = http_post_url_problem(target->url, 1);
	if (bad) {
		snprintf(problem, 256, "the Alertmanager %.150s %s", target->url, bad);
		return -1;
	}
	while (length && target->url[length - 1] == '/')
		length--;
	snprintf(target->url + length, sizeof target->url - length, "%s", path);
	target->wake = evtimer_new(alertmanager->base, on_wake, target);
	alertmanager->target_count += target->wake != 0;
	return target->wake ? 0 : -1;
}

static int add_targets(struct alertmanager *alertmanager, const char *urls, char *problem)
{
	static const char blanks[] = " \t";
	for (urls += strspn(urls, blanks); *urls; urls += strspn(urls, blanks)) {
		size_t length = strcspn(urls, blanks);
		if (add_target(alertmanager, urls, length, problem) < 0)
			return -1;
		urls += length;
	}
	if (!alertmanager->target_count)
		snprintf(problem, 256, "no Alertmanager is named");
	return alertmanager->target_count ? 0 : -1;
}

static int start(struct alertmanager *alertmanager, const char *urls, char *problem)
{
	const char *generator_url = alertmanager->settings.generator_url;
	const char *bad = *generator_url ? http_post_url_problem(generator_url, 0) : 0;
	if (bad || strlen(generator_url) >= URL_BYTES) {
		snprintf(problem, 256, "the URL of the page, %.150s, %s", generator_url, bad ? bad : "is too long");
		return -1;
	}
	snprintf(alertmanager->generator_url, URL_BYTES, "%s", generator_url);
	alertmanager->settings.generator_url = alertmanager->generator_url;
	alertmanager->targets = calloc(ALERTMANAGER_URLS_MAX, sizeof *alertmanager->targets);
	if (!alertmanager->targets || add_targets(alertmanager, urls, problem) < 0)
		return -1;
	struct outbox_settings settings = {
		.targets = alertmanager->target_count,
		.resend_ms = alertmanager->settings.resend_ms,
		.keep_resolved_ms = ALERTMANAGER_KEEP_RESOLVED_MS,
		.alerts_max = ALERTMANAGER_ALERTS_MAX,
		.bytes_max = ALERTMANAGER_BYTES_MAX,
	};
	alertmanager->outbox = outbox_new(&settings, time_monotonic_ms());
	alertmanager->poster = http_poster_new(alertmanager->base);
	alertmanager->tick = evtimer_new(alertmanager->base, on_tick, alertmanager);
	return alertmanager->outbox && alertmanager->poster && alertmanager->tick ? 0 : -1;
}

// ---- the contract ----

struct alertmanager *alertmanager_new(struct event_base *base, const struct alertmanager_settings *settings, char *problem)
{
	struct alertmanager *alertmanager = calloc(1, sizeof *alertmanager);
	snprintf(problem, 256, "no memory");
	if (!alertmanager)
		return 0;
	alertmanager->base = base;
	alertmanager->settings = *settings;
	alertmanager->settings.urls = 0;
	if (start(alertmanager, settings->urls, problem) < 0) {
		alertmanager_free(alertmanager);
		return 0;
	}
	on_tick(-1, 0, alertmanager);
	return alertmanager;
}

void alertmanager_free(struct alertmanager *alertmanager)
{
	if (!alertmanager)
		return;
	http_poster_free(alertmanager->poster);
	for (unsigned i = 0; i < alertmanager->target_count; i++)
		event_free(alertmanager->targets[i].wake);
	if (alertmanager->tick)
		event_free(alertmanager->tick);
	outbox_free(alertmanager->outbox);
	free(alertmanager->targets);
	free(alertmanager);
}

// severity: instead of that of the notice, 0: as it is. resolved_ms 0: it fires.
static void put(struct alertmanager *alertmanager, const struct notice *notice, const char *severity, uint64_t resolved_ms)
{
	json_t *json = notice_json_labels(notice, severity);
	char *labels = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : 0;
	char *details = alert_body_details(notice, alertmanager->settings.generator_url);
	struct outbox_alert alert = { labels, details, !resolved_ms, notice->fired_ms, resolved_ms };
	bool is_put = labels && details && outbox_put(alertmanager->outbox, &alert, time_monotonic_ms()) == 0;
	alertmanager->counts.refused += !is_put;
	if (!is_put && !alertmanager->is_said_full)
		say(alertmanager, true, "more alerts than can be kept for the Alertmanagers: some are not told",
			labels ? labels : "no memory", "");
	alertmanager->is_said_full = !is_put;
	json_decref(json);
	free(labels);
	free(details);
}

void alertmanager_put(struct alertmanager *alertmanager, const struct notice *notice)
{
	if (notice->was_severity)
		put(alertmanager, notice, notice->was_severity, notice->at_ms ? notice->at_ms : notice->fired_ms);
	put(alertmanager, notice, 0, notice->is_firing ? 0 : notice->resolved_ms);
	for (unsigned i = 0; i < alertmanager->target_count; i++) {
		const struct target *target = &alertmanager->targets[i];
		if (!target->is_posting && !target->is_resting && !evtimer_pending(target->wake, 0))
			wake_in(&alertmanager->targets[i], 0); // after all that is put in this turn of the loop
	}
}

static bool has_work(const struct alertmanager *alertmanager)
{
	for (unsigned i = 0; i < alertmanager->target_count; i++) {
		const struct target *target = &alertmanager->targets[i];
		if (!target->is_resting && (target->is_posting || outbox_urgent(alertmanager->outbox, i)))
			return true;
	}
	return false;
}

void alertmanager_drain(struct alertmanager *alertmanager, unsigned timeout_ms)
{
	uint64_t end_ms = time_monotonic_ms() + timeout_ms;
	while (has_work(alertmanager) && time_monotonic_ms() < end_ms)
		if (event_base_loop(alertmanager->base, EVLOOP_ONCE) != 0)
			return;
}

void alertmanager_counts(const struct alertmanager *alertmanager, struct notify_counts *counts)
{
	*counts = alertmanager->counts;
	counts->active = outbox_active(alertmanager->outbox);
	for (unsigned i = 0; i < alertmanager->target_count; i++)
		counts->waiting += outbox_waiting(alertmanager->outbox, i) + bisect_left(&alertmanager->targets[i].bisect);
}
