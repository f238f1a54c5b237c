// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/webhook.h"

#include <event2/event.h>
#include <event2/util.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alerts/notify/backoff.h"
#include "alerts/notify/http_post.h"
#include "alerts/notify/signature.h"
#include "alerts/notify/time_text.h"
#include "alerts/notify/webhook_json.h"

enum { URL_BYTES = 512, SECRET_BYTES = 512, DETAIL_BYTES = 1024, SECOND_MS = 1000, MS_US = 1000, READ_AGAIN_MS = 1000 };

// What is being sent: it stays the same until it is taken, or refused for its contents.
struct batch {
	char *body;       // 0: none
	json_t *alerts;   // while it is gathered
	unsigned count;   // notices
	uint64_t first, last, through;
	unsigned attempts;
	bool is_short_of_memory;
};

struct webhook {
	struct event *wake;
	struct http_poster *poster;
	struct webhook_calls calls;
	char url[URL_BYTES], place[URL_BYTES], secret[SECRET_BYTES], external_url[URL_BYTES];
	uint32_t timeout_ms;
	uint64_t after;
	unsigned most; // notices in the next batch
	struct batch batch;
	struct backoff backoff;
	bool is_posting, is_resting, is_said_away;
	struct notify_counts counts;
};

static void say(const struct webhook *webhook, bool is_warning, const char *what, const char *detail)
{
	char where[URL_BYTES + DETAIL_BYTES + 4];
	if (!webhook->calls.say)
		return;
	snprintf(where, sizeof where, "%s%s%s", webhook->place, *detail ? ": " : "", detail);
	webhook->calls.say(webhook->calls.context, is_warning, what, where);
}

static void wake_in(struct webhook *webhook, uint32_t wait_ms)
{
	struct timeval wait = { .tv_sec = wait_ms / SECOND_MS, .tv_usec = (suseconds_t)(wait_ms % SECOND_MS) * MS_US };
	webhook->is_resting = wait_ms > 0;
	event_add(webhook->wake, &wait);
}

static void drop_batch(struct webhook *webhook)
{
	free(webhook->batch.body);
	json_decref(webhook->batch.alerts);
	webhook->batch = (struct batch){ 0 };
}

// ---- what an answer means ----

// The batch stays; it is tried again after a while.
static void rest(struct webhook *webhook, const char *why, uint64_t asked_ms)
{
	uint32_t random = 0;
	evutil_secure_rng_get_bytes(&random, sizeof random);
	webhook->counts.failed++;
	webhook->is_said_away = true;
	say(webhook, true, "the webhook does not take alerts; they are kept and tried again", why);
	wake_in(webhook, backoff_fail(&webhook->backoff, random, asked_ms));
}

static void pass(struct webhook *webhook)
{
	webhook->after = webhook->batch.through;
	drop_batch(webhook);
	backoff_reset(&webhook->backoff);
	webhook->calls.delivered(webhook->calls.context, webhook->after);
}

static void took(struct webhook *webhook)
{
	webhook->counts.sent += webhook->batch.count;
	webhook->counts.last_success_ms = time_now_ms();
	webhook->most = webhook->most * 2 < WEBHOOK_BATCH ? webhook->most * 2 : WEBHOOK_BATCH;
	if (webhook->is_said_away)
		say(webhook, false, "the webhook takes alerts again", "");
	webhook->is_said_away = false;
	pass(webhook);
}

static void refused(struct webhook *webhook, const char *why)
{
	if (webhook->batch.count > 1) {
		webhook->most = webhook->batch.count / 2;
		drop_batch(webhook); // read again, the first half of it
		return;
	}
	char detail[DETAIL_BYTES];
	snprintf(detail, sizeof detail, "transition %" PRIu64 ", %s", webhook->batch.last, why);
	webhook->counts.refused++;
	say(webhook, true, "the webhook refuses an alert", detail);
	pass(webhook);
}

static void pump(struct webhook *webhook);

static void on_answer(void *context, const struct http_answer *answer)
{
	struct webhook *webhook = context;
	char why[HTTP_POST_BODY_BYTES + 32];
	snprintf(why, sizeof why, "status %ld, %s", answer->status, answer->body);
	webhook->is_posting = false;
	webhook->counts.requests++;
	if (answer->status >= 200 && answer->status < 300)
		took(webhook);
	else if (answer->status == 400 || answer->status == 413 || answer->status == 422)
		refused(webhook, why);
	else
		rest(webhook, answer->status ? why : answer->problem, answer->retry_after_ms);
	pump(webhook);
}

// ---- sending ----

static void gather(void *to, const struct notice *notice)
{
	struct webhook *webhook = to;
	struct batch *batch = &webhook->batch;
	if (webhook_json_add(batch->alerts, notice, webhook->external_url) < 0)
		batch->is_short_of_memory = true;
	if (!batch->count++)
		batch->first = notice->n;
	batch->last = notice->n;
}

// Reads the next batch. False: there is none now; what is no notice has been passed.
static bool read_batch(struct webhook *webhook)
{
	struct batch *batch = &webhook->batch;
	*batch = (struct batch){ .alerts = json_array(), .through = webhook->after };
	int count = batch->alerts
		? webhook->calls.read(webhook->calls.context, webhook->after, webhook->most, gather, webhook, &batch->through)
		: -1;
	if (count > 0 && !batch->is_short_of_memory) {
		batch->body = webhook_json_text(batch->alerts, webhook->external_url);
		batch->alerts = 0;
	}
	if (batch->body)
		return true;
	bool is_passed = count == 0 && batch->through > webhook->after;
	if (is_passed)
		pass(webhook);
	else
		drop_batch(webhook);
	if (count || is_passed) // not now, or: there may be more behind
		wake_in(webhook, is_passed ? 0 : READ_AGAIN_MS);
	return false;
}

static int post(struct webhook *webhook)
{
	struct batch *batch = &webhook->batch;
	char key[80], attempt[32], signature[SIGNATURE_BYTES + 16] = "X-Signature: ";
	struct http_post request = {
		.url = webhook->url,
		.headers = { key, attempt, 0 },
		.body = batch->body,
		.size = strlen(batch->body),
		.timeout_ms = webhook->timeout_ms,
		.done = on_answer,
		.context = webhook,
	};
	snprintf(key, sizeof key, "Idempotency-Key: %" PRIu64 "-%" PRIu64, batch->first, batch->last);
	snprintf(attempt, sizeof attempt, "X-Attempt: %u", ++batch->attempts);
	if (webhook->secret[0]) {
		if (signature_make(webhook->secret, batch->body, request.size, signature + strlen(signature)) < 0)
			return -1;
		request.headers[2] = signature;
	}
	return http_post(webhook->poster, &request);
}

static void pump(struct webhook *webhook)
{
	if (webhook->is_posting || webhook->is_resting || (!webhook->batch.body && !read_batch(webhook)))
		return;
	if (post(webhook) == 0)
		webhook->is_posting = true;
	else
		rest(webhook, "no memory", 0);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct webhook *webhook = context;
	(void)fd, (void)what;
	webhook->is_resting = false;
	pump(webhook);
}

// ---- the contract ----

static int start(struct webhook *webhook, struct event_base *base, const struct webhook_settings *settings, char *problem)
{
	const char *bad = http_post_url_problem(settings->url, 0);
	if (!bad && strlen(settings->url) >= URL_BYTES)
		bad = "is too long";
	http_post_url_place(settings->url, webhook->place, sizeof webhook->place);
	if (bad || strlen(settings->secret) >= SECRET_BYTES || strlen(settings->external_url) >= URL_BYTES) {
		snprintf(problem, 256, "the URL of the webhook, %.150s..., %s", webhook->place,
			bad ? bad : "its secret or the page's URL is too long");
		return -1;
	}
	snprintf(webhook->url, sizeof webhook->url, "%s", settings->url);
	snprintf(webhook->secret, sizeof webhook->secret, "%s", settings->secret);
	snprintf(webhook->external_url, sizeof webhook->external_url, "%s", settings->external_url);
	webhook->poster = http_poster_new(base);
	webhook->wake = evtimer_new(base, on_wake, webhook);
	return webhook->poster && webhook->wake ? 0 : -1;
}

struct webhook *webhook_new(struct event_base *base, const struct webhook_settings *settings, const struct webhook_calls *calls,
	char *problem)
{
	struct webhook *webhook = calloc(1, sizeof *webhook);
	snprintf(problem, 256, "no memory");
	if (!webhook)
		return 0;
	*webhook = (struct webhook){ .calls = *calls, .timeout_ms = settings->timeout_ms, .after = settings->after, .most = WEBHOOK_BATCH };
	if (start(webhook, base, settings, problem) < 0) {
		webhook_free(webhook);
		return 0;
	}
	webhook_wake(webhook);
	return webhook;
}

void webhook_free(struct webhook *webhook)
{
	if (!webhook)
		return;
	http_poster_free(webhook->poster);
	if (webhook->wake)
		event_free(webhook->wake);
	drop_batch(webhook);
	free(webhook);
}

void webhook_wake(struct webhook *webhook)
{
	if (!webhook->is_posting && !webhook->is_resting && !evtimer_pending(webhook->wake, 0))
		wake_in(webhook, 0);
}

void webhook_counts(const struct webhook *webhook, struct notify_counts *counts)
{
	*counts = webhook->counts;
	counts->waiting = webhook->batch.count;
}
