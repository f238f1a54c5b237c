// SPDX-License-Identifier: Apache-2.0
#include "alerts/notify/http_post.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000, MS_US = 1000 };

struct http_poster {
	struct event_base *base;
	struct event *timer;
	CURLM *multi;
	struct request *requests;
};

// A request under way.
struct request {
	struct request *next;
	struct http_poster *poster;
	CURL *easy;
	struct curl_slist *headers;
	http_post_done *done;
	void *context;
	size_t answer_size;
	char body[HTTP_POST_BODY_BYTES + 1];
	char problem[CURL_ERROR_SIZE];
};

// ---- a request and its end ----

static void request_free(struct request *request)
{
	if (request->easy) {
		curl_multi_remove_handle(request->poster->multi, request->easy);
		curl_easy_cleanup(request->easy);
	}
	curl_slist_free_all(request->headers);
	free(request);
}

static void leave(struct request *request)
{
	struct request **at = &request->poster->requests;
	while (*at != request)
		at = &(*at)->next;
	*at = request->next;
}

static void end(struct request *request, CURLcode result)
{
	struct http_answer answer = { .problem = "", .body = request->body };
	curl_off_t retry_after_s = 0;
	leave(request);
	if (result == CURLE_OK) {
		curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &answer.status);
		curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
		answer.retry_after_ms = retry_after_s > 0 ? (uint64_t)retry_after_s * SECOND_MS : 0;
	} else {
		answer.problem = request->problem[0] ? request->problem : curl_easy_strerror(result);
	}
	request->done(request->context, &answer);
	request_free(request);
}

static void collect_ended(struct http_poster *poster)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(poster->multi, &left))) {
		struct request *request = 0;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		if (message->msg == CURLMSG_DONE)
			end(request, message->data.result);
	}
}

static size_t take(char *bytes, size_t one, size_t count, void *context)
{
	struct request *request = context;
	size_t size = one * count;
	if (request->answer_size < HTTP_POST_BODY_BYTES) {
		size_t room = HTTP_POST_BODY_BYTES - request->answer_size;
		memcpy(request->body + request->answer_size, bytes, size < room ? size : room);
	}
	request->answer_size += size;
	return request->answer_size > HTTP_POST_ANSWER_MAX ? 0 : size;
}

// ---- libcurl asks the loop ----

static void on_socket_ready(evutil_socket_t fd, short what, void *context)
{
	struct http_poster *poster = context;
	int running, actions = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	curl_multi_socket_action(poster->multi, fd, actions, &running);
	collect_ended(poster);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct http_poster *poster = context;
	int running;
	(void)fd, (void)what;
	curl_multi_socket_action(poster->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_ended(poster);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct http_poster *poster = context;
	struct event *event = socket_context;
	(void)easy;
	if (event)
		event_free(event);
	event = 0;
	if (what != CURL_POLL_REMOVE) {
		short wanted = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
		event = event_new(poster->base, fd, wanted, on_socket_ready, poster);
		if (event)
			event_add(event, 0);
	}
	curl_multi_assign(poster->multi, fd, event);
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http_poster *poster = context;
	struct timeval wait = { .tv_sec = timeout_ms / SECOND_MS, .tv_usec = timeout_ms % SECOND_MS * MS_US };
	(void)multi;
	if (timeout_ms < 0)
		event_del(poster->timer);
	else
		event_add(poster->timer, &wait);
	return 0;
}

// ---- the contract ----

struct http_poster *http_poster_new(struct event_base *base)
{
	struct http_poster *poster = calloc(1, sizeof *poster);
	if (!poster)
		return 0;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	poster->base = base;
	poster->timer = evtimer_new(base, on_timer, poster);
	poster->multi = curl_multi_init();
	if (!poster->timer || !poster->multi) {
		http_poster_free(poster);
		return 0;
	}
	curl_multi_setopt(poster->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(poster->multi, CURLMOPT_SOCKETDATA, poster);
	curl_multi_setopt(poster->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(poster->multi, CURLMOPT_TIMERDATA, poster);
	return poster;
}

void http_poster_free(struct http_poster *poster)
{
	if (!poster)
		return;
	while (poster->requests) {
		struct request *request = poster->requests;
		poster->requests = request->next;
		request_free(request);
	}
	if (poster->multi)
		curl_multi_cleanup(poster->multi); // closes what was kept open, which still calls watch_socket() and set_timer()
	if (poster->timer)
		event_free(poster->timer);
	free(poster);
}

static bool is_loopback(const char *url)
{
	CURLU *parts = curl_url();
	char *host = 0;
	bool is = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		(strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0);
	curl_free(host);
	curl_url_cleanup(parts);
	return is;
}

static bool append_header(struct request *request, const char *header)
{
	struct curl_slist *longer = curl_slist_append(request->headers, header);
	if (longer)
		request->headers = longer;
	return longer != 0;
}

static bool set_headers(struct request *request, const struct http_post *post)
{
	// Without "Expect:" libcurl waits a second for a "100 Continue" before a body beyond 1 MiB.
	bool is_set = append_header(request, "Content-Type: application/json") && append_header(request, "Expect:");
	for (unsigned i = 0; is_set && i < HTTP_POST_HEADERS_MAX && post->headers[i]; i++)
		is_set = append_header(request, post->headers[i]);
	return is_set;
}

static bool set_options(struct request *request, const struct http_post *post)
{
	CURL *easy = request->easy;
	if (!easy || !set_headers(request, post))
		return false;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); // a name look-up under way must not hold up the end
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)post->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "muster");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->problem);
	if (is_loopback(post->url))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	return curl_easy_setopt(easy, CURLOPT_URL, post->url) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->size) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)post->body) == CURLE_OK;
}

int http_post(struct http_poster *poster, const struct http_post *post)
{
	struct request *request = calloc(1, sizeof *request);
	if (!request)
		return -1;
	request->poster = poster;
	request->done = post->done;
	request->context = post->context;
	request->easy = curl_easy_init();
	if (!set_options(request, post) || curl_multi_add_handle(poster->multi, request->easy) != CURLM_OK) {
		request_free(request);
		return -1;
	}
	request->next = poster->requests;
	poster->requests = request;
	return 0;
}

static const char *part_problem(CURLU *parts, int is_base)
{
	static const struct {
		CURLUPart part;
		const char *problem;
	} forbidden[] = {
		{ CURLUPART_USER, "must not have a user name in it" },
		{ CURLUPART_FRAGMENT, "must not have a fragment (#...)" },
		{ CURLUPART_QUERY, "must not have a query (?...)" }, // the last: is_base only
	};
	size_t count = sizeof forbidden / sizeof *forbidden - !is_base;
	for (size_t i = 0; i < count; i++) {
		char *text = 0;
		CURLUcode found = curl_url_get(parts, forbidden[i].part, &text, 0);
		curl_free(text);
		if (found == CURLUE_OK)
			return forbidden[i].problem;
	}
	return 0;
}

const char *http_post_url_problem(const char *text, int is_base)
{
	CURLU *parts = curl_url();
	const char *problem = "is not a URL such as http://HOST:PORT/PATH";
	bool is_http = strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
	if (!parts)
		return "no memory";
	if (is_http && curl_url_set(parts, CURLUPART_URL, text, 0) == CURLUE_OK)
		problem = part_problem(parts, is_base);
	curl_url_cleanup(parts);
	return problem;
}

void http_post_url_place(const char *text, char *place, size_t capacity)
{
	const char *host = strstr(text, "://");
	size_t length = host ? (size_t)(host - text) + 3 + strcspn(host + 3, "/?#") : 0;
	snprintf(place, capacity, "%.*s", (int)length, text);
}
