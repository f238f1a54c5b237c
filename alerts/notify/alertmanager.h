// SPDX-License-Identifier: Apache-2.0
// Tells Alertmanagers (API v2) which alerts fire: all of them, each again every resend_ms, because an Alertmanager forgets what is not
// repeated and what it had before a restart. Resolved ones are sent with endsAt for 15 minutes more.
//
// Every configured Alertmanager gets everything, by itself: one that is away delays nobody. Batches of at most 256 alerts or 1 MiB; a batch
// that is refused (400) is halved until the offender stands alone, which is refused for good: counted, logged by the owner's callback, not
// sent again; the others get through. 5xx, 429 and time-outs: again, doubling from 1 s to 60 s with jitter.
// Source: Alertmanager's OpenAPI v2, POST /api/v2/alerts.
// Uses libcurl on the caller's event loop, never blocks. Memory: bounded by ALERTMANAGER_ALERTS_MAX. Thread: the loop's.
#ifndef ALERTS_NOTIFY_ALERTMANAGER_H
#define ALERTS_NOTIFY_ALERTMANAGER_H
#include "alerts/notify/notice.h"

struct event_base;
struct alertmanager;

enum {
	ALERTMANAGER_URLS_MAX = 8,
	ALERTMANAGER_ALERTS_MAX = 100000, // kept to be repeated; beyond it new ones are counted as refused
	ALERTMANAGER_KEEP_RESOLVED_MS = 15 * 60 * 1000,
};

struct alertmanager_settings {
	const char *urls; // separated by blanks: http://HOST:PORT[/PREFIX]
	uint32_t resend_ms, timeout_ms;
	const char *generator_url; // of musterd's page, "": none
	// Something went wrong, or goes again: a line for the log. May be 0.
	void (*say)(void *context, bool is_warning, const char *what, const char *where);
	void *context;
};

// 0: *problem (256 bytes) says what is wrong with the settings.
struct alertmanager *alertmanager_new(struct event_base *base, const struct alertmanager_settings *settings, char *problem);
void alertmanager_free(struct alertmanager *alertmanager);

// An alert began to fire, changed its severity, or ended. At start: all that fire, and what ended in the last 15 minutes.
void alertmanager_put(struct alertmanager *alertmanager, const struct notice *notice);

// Tries to send what waits before the end, for at most timeout_ms. Runs the loop.
void alertmanager_drain(struct alertmanager *alertmanager, unsigned timeout_ms);

void alertmanager_counts(const struct alertmanager *alertmanager, struct notify_counts *counts);

#endif
