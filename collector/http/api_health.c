// SPDX-License-Identifier: Apache-2.0
#include "collector/http/api.h"
#include "collector/http/json_text.h"
#include "collector/http/prometheus.h"
#include "version.h"
#include <event2/buffer.h>
#include <string.h>

void api_healthz(struct exchange *exchange)
{
	reply_text(exchange, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

void api_readyz(struct exchange *exchange)
{
	const struct http_sources *sources = exchange->sources;
	char reasons[512] = "";
	if (sources->not_ready && sources->not_ready(sources->context, reasons, sizeof reasons))
		reply_error(exchange, 503, "musterd", "see the log of musterd; it goes on by itself when the cause is gone",
			"not ready: %s", reasons);
	else
		reply_text(exchange, 200, "text/plain; charset=utf-8", "ready\n", 6);
}

void api_version(struct exchange *exchange)
{
	reply_json(exchange, 200,
		json_pack("{s:s,s:s,s:s,s:o}", "program", "musterd", "version", MUSTER_VERSION, "commit", MUSTER_COMMIT, "started_ms",
			json_u64(exchange->settings->started_ms)));
}

void api_metrics(struct exchange *exchange)
{
	struct evbuffer *text = evbuffer_new();
	if (text && prometheus_write(exchange, text) == 0)
		reply_text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", (const char *)evbuffer_pullup(text, -1),
			evbuffer_get_length(text));
	else
		reply_error(exchange, 500, "musterd", "try again", "no memory for the metrics");
	if (text)
		evbuffer_free(text);
}
