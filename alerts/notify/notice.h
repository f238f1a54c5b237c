// SPDX-License-Identifier: Apache-2.0
// What is told to the outside of one alert. Texts are valid UTF-8 (the sender's promise); everything is copied by who keeps it.
#ifndef ALERTS_NOTIFY_NOTICE_H
#define ALERTS_NOTIFY_NOTICE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notice_text {
	const char *name, *text;
};

// Times are Unix times by the collector's clock.
struct notice {
	uint64_t n;           // of the transition
	uint64_t incident;    // the same number for all notices of one incident of one alert
	bool is_firing;       // else resolved
	uint64_t at_ms;       // when this changed
	uint64_t started_ms;  // when it began to be pending; 0 or fired_ms: there was no waiting
	uint64_t fired_ms;
	uint64_t resolved_ms; // 0 while it fires
	const struct notice_text *labels, *annotations; // labels with alertname, device, severity
	unsigned label_count, annotation_count;
	const char *was_severity; // the severity label that the notice before had, if it was another; else 0
};

// How it goes, for /metrics; the owner reads it.
struct notify_counts {
	uint64_t sent;            // notices taken by the other side
	uint64_t requests;        // requests that were answered or failed
	uint64_t failed;          // of those, what has to be tried again
	uint64_t refused;         // notices that the other side refuses for good, or that there was no room for
	uint64_t active, waiting; // now: alerts that fire; notices that wait to be sent
	uint64_t last_success_ms; // Unix time, 0: never
};

#endif
