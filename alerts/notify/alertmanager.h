// SPDX-License-Identifier: Apache-2.0
// Tells Alertmanagers (API v2) which alerts fire: all of them, each again every resend_ms, because an Alertmanager forgets what is not
// repeated and what it had before a restart. Resolved ones are sent with endsAt for 15 minutes more. A severity that changes is, for an
// Alertmanager, another alert: the one with the old label ends, the one with the new label begins.
//
// Every configured Alertmanager gets everything, by itself: one that is away delays nobody. Batches of at most 256 alerts or 1 MiB. One that
// is refused for its contents (400, 413, 422) is halved until the offender stands alone, which is refused for good: counted, said, not sent
// again until it changes; the others get through. Everything else (5xx, 429, other 4xx, no answer in time) is tried again, doubling from 1 s
// to 60 s with jitter; so is a batch of which not one alert is taken, or a lone alert where none was ever taken: then it is not the alert.
// Source: Alertmanager's OpenAPI v2, POST /api/v2/alerts.
// Uses libcurl on the caller's event loop, never blocks. Memory: bounded by ALERTMANAGER_ALERTS_MAX and ALERTMANAGER_BYTES_MAX; what came
// first is kept, what resolved makes room. Thread: the loop's.
#ifndef ALERTS_NOTIFY_ALERTMANAGER_H
#define ALERTS_NOTIFY_ALERTMANAGER_H
#include "alerts/notify/notice.h"

struct event_base;
struct alertmanager;

enum {
	ALERTMANAGER_URLS_MAX = 8,
	ALERTMANAGER_ALERTS_MAX = 100000, // kept to be repeated; beyond it new ones are counted as refused
	ALERTMANAGER_BYTES_MAX = 256 * 1024 * 1024, // of their texts
	ALERTMANAGER_KEEP_RESOLVED_MS = 15 * 60 * 1000,
};

struct alertmanager_settings {
	const char *urls; // separated by blanks: http://HOST:PORT[/PREFIX]
	uint32_t resend_ms, timeout_ms;
	const char *generator_url; // of musterd's page, "": none
	// Something went wrong, or goes again: a line for the log. May be 0. where may hold bytes from outside.
	void (*say)(void *context, bool is_warning, const char *what, const char *where);
	void *context;
};

// 0: *problem (256 bytes) says what is wrong with the settings.
struct alertmanager *alertmanager_new(struct event_base *base, const struct alertmanager_settings *settings, char *problem);
void alertmanager_free(struct alertmanager *alertmanager); // 0 is allowed

// An alert began to fire, changed its severity, or ended. At start: all that fire, and what ended in the last 15 minutes.
void alertmanager_put(struct alertmanager *alertmanager, const struct notice *notice);

// Tries to send what waits before the end, for at most timeout_ms; does not wait for one that is away. Runs the loop.
void alertmanager_drain(struct alertmanager *alertmanager, unsigned timeout_ms);

void alertmanager_counts(const struct alertmanager *alertmanager, struct notify_counts *counts);

#endif
