// SPDX-License-Identifier: Apache-2.0
// The HTTP server of musterd: JSON API, health, Prometheus metrics. Reading is free on loopback; every action needs a bearer token and
// becomes a row of the audit log.
//
// Runs on the caller's event loop. Bounds: 256 connections, 64 of them streams of alerts, 16 KiB of headers, 64 KiB of body, 30 s for a request,
// pages of at most 1000.
// Listens on loopback only, unless TLS files are given and the store holds a token. Errors are {"error": {what, where, remedy}}.
// Thread: the loop's only. What `sources` points to must outlive the server.
#ifndef COLLECTOR_HTTP_SERVER_H
#define COLLECTOR_HTTP_SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct store;
struct fleet;
struct commands;
struct counters;
struct alerting;
struct http_server;

struct http_settings {
	const char *listen;        // HOST:PORT or [HOST]:PORT; port 0: any free one
	const char *tls_cert_file; // null or empty: plain HTTP
	const char *tls_key_file;
	uint32_t silent_after_ms;  // no word for so long: silent
	uint64_t started_ms;       // Unix time of the start of musterd
	bool has_kafka;            // kafka.brokers is set
	const char *command_key_file; // musterd's own key for commands; null or empty: none
};

// What the server shows; each is asked when it is needed.
struct http_sources {
	struct store *store;
	struct fleet *fleet;
	struct commands *commands;
	struct counters *counters;
	struct alerting *alerting; // null: no alerts
	// Null, or tells in a few words why musterd cannot take records now ("" and 0: it can). Called for /readyz and /metrics.
	int (*not_ready)(void *context, char *reasons, size_t size);
	void *context;
};

// Starts to listen. Null: *problem (at least 256 bytes) says what is wrong, where, and what to do.
struct http_server *http_start(struct event_base *base, const struct http_settings *settings, const struct http_sources *sources,
	char *problem, size_t problem_size);

// Takes new limits (silent_after_ms) after a reload; listening goes on as it was.
void http_set_silent_after(struct http_server *server, uint32_t silent_after_ms);

// Transitions of alerts up to number n are durable: the streams look at them with the next turn of the loop.
void http_wake(struct http_server *server, uint64_t n);

unsigned http_port(const struct http_server *server); // that it listens on

// Stops listening; requests that are under way are cut off.
void http_stop(struct http_server *server);

#endif
