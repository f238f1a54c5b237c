// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/clock.h"
#include "collector/log.h"
#include "collector/store/devices.h"
#include "collector/store/records.h"
#include "collector/store/store_alerts.h"
#include "collector/store/store_tokens.h"
#include "tests/collector/fleet/sample.h"
#include "tests/collector/http/served.h"

static int publish(void *context, const char *device_id, const uint8_t *payload, size_t size)
{
	struct served *served = context;
	(void)device_id, (void)payload, (void)size;
	served->published++;
	return 0;
}

static int not_ready(void *context, char *reasons, size_t size)
{
	const struct served *served = context;
	snprintf(reasons, size, "%s", served->not_ready ? served->not_ready : "");
	return served->not_ready != 0;
}

static struct device *add_device(struct served *served, const char *id, uint64_t now_ms)
{
	struct device *device = fleet_add(served->fleet, id, now_ms);
	assert_int_equal(store_device_add(served->store, device->dev, id, now_ms), 0);
	fleet_set_presence(served->fleet, device, true, now_ms);
	return device;
}

// Into the store and the fleet, as the ingest does it.
static void commit(struct served *served, struct device *device, const Mu__Record *record, uint64_t now_ms)
{
	uint8_t bytes[2048];
	size_t size = mu__record__pack(record, bytes);
	struct store_record row = { .epoch = 7,
		.seq = device->ledger.next_seq++,
		.recv_ms = now_ms,
		.prev = device->ledger.last_n,
		.dev = device->dev,
		.kind = record->body_case,
		.body = { bytes, size } };
	assert_int_equal(store_begin(served->store), 0);
	assert_int_equal(store_record_append(served->store, &row, &device->ledger.last_n), 0);
	assert_int_equal(store_commit(served->store), 0);
	device->ledger.epoch = 7;
	device->ledger.accepted++;
	fleet_fold(served->fleet, device, record, now_ms);
}

static void fill(struct served *served)
{
	uint64_t now_ms = clock_wall_ms();
	struct sample sample;
	struct device *device = add_device(served, "edge-1", now_ms);
	sample_boot(&sample, 1, MU__RESET_CLASS__RESET_POWER_ON);
	commit(served, device, &sample.record, now_ms - 2000);
	for (int i = 0; i < 3; i++) {
		sample_heartbeat(&sample, 1, 5000 + (uint64_t)i);
		sample_add_ota(&sample, sample_sha_new, sample_sha_old);
		commit(served, device, &sample.record, now_ms - 1000 + (uint64_t)i);
	}
	device = add_device(served, "edge-2", now_ms);
	for (uint32_t i = 0; i < 4; i++) {
		sample_boot(&sample, 5 + i, MU__RESET_CLASS__RESET_CRASH);
		sample.boot.firmware = (char *)"\x1b[2J\xff";
		commit(served, device, &sample.record, now_ms - 5000 + i * 1000);
	}
	add_device(served, "edge-3", now_ms);
}

static void add_token(struct served *served)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)SERVED_TOKEN, strlen(SERVED_TOKEN), hash);
	assert_int_equal(store_token_add(served->store, "alice", hash, 1), 0);
}

int served_set_up(void **state)
{
	struct served *served = calloc(1, sizeof *served);
	struct store_fault fault;
	char path[100], problem[256] = "";
	snprintf(served->folder, sizeof served->folder, "/tmp/test-http-XXXXXX");
	assert_non_null(mkdtemp(served->folder));
	snprintf(path, sizeof path, "%s/muster.db", served->folder);
	log_set_threshold(LOG_AT_ERROR);
	served->base = event_base_new();
	assert_int_equal(store_open(&served->store, path, STORE_OWNER, &fault), 0);
	served->fleet = fleet_new();
	served->commands = commands_new(served->store, served->fleet, publish, served);
	fleet_set_broker(served->fleet, true, 1);
	fill(served);
	add_token(served);
	served->settings = (struct http_settings){ .listen = "127.0.0.1:0", .silent_after_ms = 180000, .started_ms = 1 };
	const struct http_sources sources = { served->store, served->fleet, served->commands, &served->counters, 0, not_ready, served };
	served->server = http_start(served->base, &served->settings, &sources, problem, sizeof problem);
	if (!served->server)
		fail_msg("%s", problem);
	*state = served;
	return 0;
}

int served_tear_down(void **state)
{
	struct served *served = *state;
	char command[100];
	http_stop(served->server);
	commands_free(served->commands);
	fleet_free(served->fleet);
	store_close(served->store);
	event_base_free(served->base);
	snprintf(command, sizeof command, "rm -rf %s", served->folder);
	free(served);
	return system(command);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct reply *reply = context;
	reply->body = realloc(reply->body, reply->size + size * count + 1);
	memcpy(reply->body + reply->size, bytes, size * count);
	reply->size += size * count;
	reply->body[reply->size] = 0;
	return size * count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct reply *reply = context;
	strncat(reply->headers, bytes, size * count < sizeof reply->headers - strlen(reply->headers) - 1 ? size * count : 0);
	return size * count;
}

// The client's and the server's turns, until the client has its answer.
static void exchange(struct served *served, CURL *curl)
{
	CURLM *multi = curl_multi_init();
	int running = 1;
	curl_multi_add_handle(multi, curl);
	for (int turns = 0; running && turns < 5000; turns++) {
		curl_multi_perform(multi, &running);
		event_base_loop(served->base, EVLOOP_NONBLOCK);
		curl_multi_poll(multi, 0, 0, 2, 0);
	}
	curl_multi_remove_handle(multi, curl);
	curl_multi_cleanup(multi);
}

static struct reply ask_url(struct served *served, const char *method, const char *url, struct curl_slist *headers, const char *body)
{
	struct reply reply = { 0 };
	CURL *curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	exchange(served, curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	reply.json = json_loadb(reply.body ? reply.body : "", reply.size, 0, 0);
	return reply;
}

static struct reply ask(struct served *served, const char *method, const char *path, struct curl_slist *headers, const char *body)
{
	char url[4096];
	snprintf(url, sizeof url, "http://127.0.0.1:%u%s", http_port(served->server), path);
	return ask_url(served, method, url, headers, body);
}

struct reply served_ask_url(struct served *served, const char *url)
{
	return ask_url(served, "GET", url, 0, 0);
}

struct reply served_ask(struct served *served, const char *method, const char *path, const char *token, const char *body)
{
	char header[400];
	struct curl_slist *headers = curl_slist_append(0, "Expect:");
	snprintf(header, sizeof header, "Authorization: Bearer %s", token ? token : "");
	if (token)
		headers = curl_slist_append(headers, header);
	return ask(served, method, path, headers, body);
}

struct reply served_ask_host(struct served *served, const char *path, const char *host_header)
{
	return ask(served, "GET", path, curl_slist_append(0, host_header), 0);
}

static const char *what_of(const struct reply *reply)
{
	const char *what = 0, *where = 0, *remedy = 0;
	json_unpack(reply->json, "{s:{s:s,s:s,s:s}}", "error", "what", &what, "where", &where, "remedy", &remedy);
	return what && where && remedy && *remedy ? what : "";
}

void served_check(struct served *served, const struct served_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct reply reply = served_ask(served, rows[i].method, rows[i].path, rows[i].token, rows[i].body);
		const char *text = reply.status >= 400 ? what_of(&reply) : reply.body ? reply.body : "";
		if (reply.status != rows[i].status || !strstr(text, rows[i].piece))
			fail_msg("%s %s: %ld %s", rows[i].method, rows[i].path, reply.status, reply.body ? reply.body : "");
		served_done(&reply);
	}
}

void served_done(struct reply *reply)
{
	json_decref(reply->json);
	free(reply->body);
}

static const char *const severities[] = { "", "info", "warning", "critical" };

uint64_t served_transition(struct served *served, const struct served_alert *alert)
{
	char uid[64], labels[300], annotations[600];
	uint64_t n = 0;
	size_t length = strlen(alert->name);
	for (size_t i = 0; i <= length; i++)
		uid[i] = alert->name[i] >= 'A' && alert->name[i] <= 'Z' ? (char)(alert->name[i] + 32) : alert->name[i];
	snprintf(labels, sizeof labels, "{\"alertname\":\"%s\",\"severity\":\"%s\",\"device\":\"%s\",\"firmware\":\"1.1.0\"}", alert->name,
		severities[alert->severity], alert->device);
	snprintf(annotations, sizeof annotations,
		"{\"summary\":\"%s summary\",\"symptom\":\"%s symptom\",\"cause\":\"%s cause\",\"remedy\":\"%s remedy\"}", alert->name,
		alert->name, alert->name, alert->name);
	const struct store_transition row = { .incident = alert->incident,
		.dev = fleet_find(served->fleet, alert->device)->dev,
		.uid = uid,
		.name = alert->name,
		.from = (uint32_t)alert->from,
		.to = (uint32_t)alert->to,
		.severity = (uint32_t)alert->severity,
		.was_severity = (uint32_t)alert->severity,
		.at_ms = alert->at_ms,
		.stored_ms = alert->stored_ms,
		.started_ms = alert->at_ms,
		.fired_ms = alert->at_ms,
		.value = alert->value,
		.threshold = alert->threshold,
		.labels = labels,
		.annotations = annotations };
	assert_int_equal(store_begin(served->store), 0);
	assert_int_equal(store_transition_add(served->store, &row, &n), 0);
	assert_int_equal(store_commit(served->store), 0);
	http_wake(served->server, n);
	return n;
}
