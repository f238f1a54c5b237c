// SPDX-License-Identifier: Apache-2.0
#include "collector/http/server.h"
#include "collector/clock.h"
#include "collector/counters.h"
#include "collector/http/api.h"
#include "collector/http/auth.h"
#include "collector/http/fleet_summary.h"
#include "collector/http/listen.h"
#include "collector/http/page.h"
#include "collector/http/stream.h"
#include "collector/log.h"
#include "collector/signing/own_key.h"
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HEADERS_MAX = 16 * 1024,
	BODY_MAX = 64 * 1024,
	TIMEOUT_S = 30,
	CONNECTIONS_MAX = 256,
	STALL_MS = 500,
};

struct http_server {
	struct http_settings settings;
	struct http_sources sources;
	struct event_base *base;
	struct evhttp *http;
	struct evhttp_bound_socket *socket;
	struct event *resume; // after a stall
	struct loop_lag *lag;
	struct streams *streams;
	struct fleet_summary *summary;
	struct own_key *key; // null: none is configured
	SSL_CTX *tls;
	bool is_loopback;
	int fd_limit; // no connection is accepted while the lowest free descriptor is above
};

static const struct route {
	enum evhttp_cmd_type method;
	bool needs_token;
	const char *pattern;
	const char *query; // names that it knows
	exchange_handler *handle;
} routes[] = {
	{ EVHTTP_REQ_GET,  false, "/", "", page_index },
	{ EVHTTP_REQ_GET,  false, "/page/*file", "", page_file },
	{ EVHTTP_REQ_GET,  false, "/healthz", "", api_healthz },
	{ EVHTTP_REQ_GET,  false, "/readyz", "", api_readyz },
	{ EVHTTP_REQ_GET,  false, "/metrics", "", api_metrics },
	{ EVHTTP_REQ_GET,  false, "/api/v1/version", "", api_version },
	{ EVHTTP_REQ_GET,  false, "/api/v1/fleet", "", api_fleet },
	{ EVHTTP_REQ_GET,  false, "/api/v1/devices", "limit after offset order state severity alert firmware q", api_devices },
	{ EVHTTP_REQ_GET,  false, "/api/v1/devices/:id", "", api_device },
	{ EVHTTP_REQ_GET,  false, "/api/v1/devices/:id/history", "metrics since_ms until_ms points before", api_history },
	{ EVHTTP_REQ_GET,  false, "/api/v1/devices/:id/why", "", api_why },
	{ EVHTTP_REQ_GET,  false, "/api/v1/alerts", "limit after state severity device name match", api_alerts },
	{ EVHTTP_REQ_GET,  false, "/api/v1/alerts/log", "limit after before since_ms device match", api_alert_log },
	{ EVHTTP_REQ_GET,  false, "/api/v1/alerts/stream", "after since match pending", api_alert_stream },
	{ EVHTTP_REQ_GET,  false, "/api/v1/rules", "", api_rules },
	{ EVHTTP_REQ_GET,  false, "/api/v1/devices/:id/records", "limit before kind", api_records },
	{ EVHTTP_REQ_GET,  false, "/api/v1/ledger", "limit after", api_ledger },
	{ EVHTTP_REQ_GET,  false, "/api/v1/dead-letters", "limit before", api_dead_letters },
	{ EVHTTP_REQ_GET,  false, "/api/v1/audit", "limit before", api_audit },
	{ EVHTTP_REQ_GET,  false, "/api/v1/commands", "limit after device", api_commands },
	{ EVHTTP_REQ_GET,  false, "/api/v1/commands/:id", "", api_command },
	{ EVHTTP_REQ_POST, true,  "/api/v1/devices/:id/commands/prepare", "", api_prepare },
	{ EVHTTP_REQ_POST, true,  "/api/v1/devices/:id/commands", "", api_submit },
	{ EVHTTP_REQ_POST, true,  "/api/v1/devices/:id/rollback", "", api_rollback },
};

// ---- one request: each step replies and returns false if the request ends there

// The route, or null: 404 or 405 has been sent.
static const struct route *find_route(struct exchange *exchange)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(exchange->request);
	const struct route *other = 0;
	if (method == EVHTTP_REQ_HEAD)
		method = EVHTTP_REQ_GET;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		struct route_parameters parameters;
		if (!route_match(routes[i].pattern, exchange->path, &parameters))
			continue;
		if (routes[i].method == method) {
			exchange->parameters = parameters;
			return &routes[i];
		}
		other = &routes[i];
	}
	if (other) {
		const char *allowed = other->method == EVHTTP_REQ_GET ? "GET, HEAD" : "POST";
		evhttp_add_header(evhttp_request_get_output_headers(exchange->request), "Allow", allowed);
		reply_error(exchange, 405, exchange->path, "see collector/http/README.md for the methods of each path",
			"this path takes %s only", allowed);
	} else {
		reply_error(exchange, 404, exchange->path, "see collector/http/README.md for the paths", "there is nothing at this path");
	}
	return 0;
}

static bool read_query(struct exchange *exchange, const struct route *route, const char *text)
{
	const char *problem = "";
	if (query_parse(&exchange->query, text, &problem) < 0) {
		reply_error(exchange, 400, exchange->path, "write parameters as name=value, joined by &", "the query %s", problem);
		return false;
	}
	const char *unknown = query_unknown(&exchange->query, route->query);
	if (!unknown)
		return true;
	char remedy[128];
	snprintf(remedy, sizeof remedy, "%s%s", *route->query ? "it takes: " : "leave it out", route->query);
	reply_error(exchange, 400, unknown, remedy, "this path does not take this parameter");
	return false;
}

static const struct {
	int result;
	int status;
	const char *what;
} auth_errors[] = {
	{ AUTH_MISSING, 401, "an action needs a token" },
	{ AUTH_MALFORMED, 401, "the Authorization header is not a bearer token" },
	{ AUTH_UNKNOWN, 401, "this token is not in force" },
	{ AUTH_STORE, 503, "the tokens cannot be read" },
};

static bool check_token(struct exchange *exchange)
{
	const char *header = evhttp_find_header(evhttp_request_get_input_headers(exchange->request), "Authorization");
	int result = auth_check(exchange->sources->store, header, exchange->actor);
	if (result == AUTH_OK)
		return true;
	exchange->sources->counters->http_unauthorized++;
	if (result != AUTH_STORE)
		evhttp_add_header(evhttp_request_get_output_headers(exchange->request), "WWW-Authenticate", "Bearer"); // RFC 6750
	for (size_t i = 0; i < sizeof auth_errors / sizeof *auth_errors; i++)
		if (auth_errors[i].result == result)
			reply_error(exchange, auth_errors[i].status, "Authorization",
				"make one with `musterd token add NAME` and send it as `Authorization: Bearer TOKEN`", "%s",
				auth_errors[i].what);
	return false;
}

static bool read_body(struct exchange *exchange)
{
	json_error_t error;
	struct evbuffer *input = evhttp_request_get_input_buffer(exchange->request);
	size_t size = evbuffer_get_length(input);
	const char *text = size ? (const char *)evbuffer_pullup(input, -1) : "";
	exchange->body = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(exchange->body))
		return true;
	if (exchange->body)
		reply_error(exchange, 400, "body", "send {...}", "the body must be a JSON object");
	else
		reply_error(exchange, 400, "body", "send one JSON object", "the body is not JSON: line %d column %d: %s", error.line,
			error.column, error.text);
	return false;
}

static void answer(struct exchange *exchange, const char *query)
{
	const struct route *route = find_route(exchange);
	if (!route || !read_query(exchange, route, query))
		return;
	if (route->needs_token && !check_token(exchange))
		return;
	if (route->method == EVHTTP_REQ_POST && !read_body(exchange))
		return;
	route->handle(exchange);
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct http_server *server = context;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : 0;
	struct exchange exchange = {
		.request = request,
		.sources = &server->sources,
		.settings = &server->settings,
		.lag = server->lag,
		.streams = server->streams,
		.summary = server->summary,
		.key = server->key,
		.path = path && *path ? path : "/",
		.now_ms = clock_wall_ms(),
	};
	exchange.view = (struct condition_view){ server->sources.fleet, exchange.now_ms, server->settings.silent_after_ms };

	server->sources.counters->http_requests++;
	const char *host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");
	if (server->is_loopback && !server->tls && !listen_host_is_local(host))
		reply_error(&exchange, 403, "Host", "use the address itself, or TLS", "this server answers only to its own address");
	else
		answer(&exchange, uri ? evhttp_uri_get_query(uri) : 0);
	json_decref(exchange.body);
}

// ---- connections

static void on_resume(evutil_socket_t none, short events, void *context)
{
	(void)none, (void)events;
	struct http_server *server = context;
	evconnlistener_enable(evhttp_bound_socket_get_listener(server->socket));
}

// evhttp has no limit of its own. Descriptors are given out lowest first, so the lowest free one tells how many are in use.
static void stall_if_crowded(struct http_server *server)
{
	const struct timeval pause = { 0, STALL_MS * 1000 };
	int fd = fcntl(evhttp_bound_socket_get_fd(server->socket), F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && fd < server->fd_limit)
		return;
	server->sources.counters->http_stalls++;
	log_warn("http", "too many connections are open, none is accepted for a moment", "limit=%d", CONNECTIONS_MAX);
	evconnlistener_disable(evhttp_bound_socket_get_listener(server->socket));
	event_add(server->resume, &pause);
}

static struct bufferevent *new_connection(struct event_base *base, void *context)
{
	struct http_server *server = context;
	stall_if_crowded(server);
	if (!server->tls)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	SSL *ssl = SSL_new(server->tls);
	if (!ssl)
		return 0;
	struct bufferevent *connection = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
		BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS); // else a write that fails ends the connection under the writer's feet
	if (connection)
		bufferevent_openssl_set_allow_dirty_shutdown(connection, 1);
	return connection;
}

// ---- start and stop

static bool is_set(const char *text)
{
	return text && *text;
}

static int check_exposure(struct http_server *server, const struct listen_address *address, char *problem, size_t size)
{
	const struct http_settings *settings = &server->settings;
	server->is_loopback = address->is_loopback;
	if (is_set(settings->tls_cert_file) != is_set(settings->tls_key_file)) {
		snprintf(problem, size, "http.tls_cert_file and http.tls_key_file must be given together");
		return -1;
	}
	if (is_set(settings->tls_cert_file)) {
		server->tls = listen_tls(settings->tls_cert_file, settings->tls_key_file, problem, size);
		if (!server->tls)
			return -1;
	}
	if (address->is_loopback)
		return 0;
	if (!server->tls) {
		snprintf(problem, size,
			"http.listen %s is not loopback: give http.tls_cert_file and http.tls_key_file, or listen on 127.0.0.1",
			settings->listen);
		return -1;
	}
	if (auth_has_token(server->sources.store) > 0)
		return 0;
	snprintf(problem, size, "http.listen %s is not loopback and no token is in force: make one with `musterd token add NAME`",
		settings->listen);
	return -1;
}

static int lowest_free_fd(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? 0 : fd;
}

// Without it the end of an answer larger than a segment waits for the client's delayed ACK, 40 ms. Connections inherit it.
static void do_not_wait_for_more(evutil_socket_t listener)
{
	int on = 1;
	if (setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		log_warn("http", "answers may be late by 40 ms", "reason=\"%s\"", strerror(errno));
}

static int listen_on(struct http_server *server, const struct listen_address *address, char *problem, size_t size)
{
	evhttp_set_max_headers_size(server->http, HEADERS_MAX);
	evhttp_set_max_body_size(server->http, BODY_MAX);
	evhttp_set_timeout(server->http, TIMEOUT_S);
	evhttp_set_default_content_type(server->http, "text/plain; charset=utf-8");
	evhttp_set_allowed_methods(server->http,
		EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH |
			EVHTTP_REQ_OPTIONS);
	evhttp_set_gencb(server->http, on_request, server);
	evhttp_set_bevcb(server->http, new_connection, server);
	server->socket = evhttp_bind_socket_with_handle(server->http, address->host, address->port);
	if (server->socket) {
		do_not_wait_for_more(evhttp_bound_socket_get_fd(server->socket));
		server->fd_limit = lowest_free_fd() + CONNECTIONS_MAX;
		return 0;
	}
	snprintf(problem, size, "cannot listen on %s: %s (%s)", server->settings.listen, strerror(errno),
		errno == EADDRINUSE ? "another program has the port: is another musterd running? choose another http.listen"
				    : "choose another http.listen");
	return -1;
}

static int open_server(struct http_server *server, char *problem, size_t size)
{
	struct listen_address address;
	if (listen_parse(server->settings.listen, &address) < 0) {
		snprintf(problem, size, "http.listen %s is not an address: write 127.0.0.1:8970 or [::1]:8970", server->settings.listen);
		return -1;
	}
	if (check_exposure(server, &address, problem, size) < 0)
		return -1;
	if (is_set(server->settings.command_key_file)) {
		server->key = own_key_load(server->settings.command_key_file, problem, size);
		if (!server->key)
			return -1;
	}
	server->http = evhttp_new(server->base);
	server->lag = loop_lag_start(server->base);
	server->resume = evtimer_new(server->base, on_resume, server);
	server->streams = streams_new(server->base, &server->sources);
	server->summary = fleet_summary_new();
	if (!server->http || !server->lag || !server->resume || !server->streams || !server->summary) {
		snprintf(problem, size, "no memory for the HTTP server");
		return -1;
	}
	return listen_on(server, &address, problem, size);
}

struct http_server *http_start(struct event_base *base, const struct http_settings *settings, const struct http_sources *sources,
	char *problem, size_t problem_size)
{
	struct http_server *server = calloc(1, sizeof *server);
	if (!server) {
		snprintf(problem, problem_size, "no memory for the HTTP server");
		return 0;
	}
	*server = (struct http_server){ .settings = *settings, .sources = *sources, .base = base };
	if (open_server(server, problem, problem_size) < 0) {
		http_stop(server);
		return 0;
	}
	return server;
}

void http_set_silent_after(struct http_server *server, uint32_t silent_after_ms)
{
	server->settings.silent_after_ms = silent_after_ms;
}

void http_wake(struct http_server *server, uint64_t n)
{
	streams_wake(server->streams, n);
}

unsigned http_port(const struct http_server *server)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { .v6 = { 0 } };
	socklen_t size = sizeof address;
	if (getsockname(evhttp_bound_socket_get_fd(server->socket), &address.any, &size) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

void http_stop(struct http_server *server)
{
	if (!server)
		return;
	if (server->resume)
		event_free(server->resume);
	streams_free(server->streams);
	if (server->http)
		evhttp_free(server->http);
	loop_lag_stop(server->lag);
	fleet_summary_free(server->summary);
	own_key_free(server->key);
	SSL_CTX_free(server->tls);
	free(server);
}
