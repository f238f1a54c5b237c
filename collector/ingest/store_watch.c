// SPDX-License-Identifier: Apache-2.0
#include "collector/ingest/store_watch.h"

#include "collector/log.h"

void store_watch_init(struct store_watch *watch, struct store *store, struct counters *counters)
{
	*watch = (struct store_watch){ .store = store, .counters = counters };
}

void store_watch_failed(struct store_watch *watch, uint64_t now_ms)
{
	bool was_stopped = watch->is_stopped;
	watch->is_stopped = true;
	watch->why = *store_fault(watch->store);
	watch->counters->store_stopped = 1;
	if (was_stopped)
		return;
	watch->since_ms = now_ms;
	watch->counters->store_stops++;
	log_error("store", "store stopped: nothing is acknowledged until it takes commits again", "reason=%s file=%s remedy=%s",
		log_quote(watch->why.what).text, log_quote(watch->why.where).text, log_quote(watch->why.remedy).text);
}

bool store_watch_probe(struct store_watch *watch, uint64_t now_ms)
{
	if (!watch->is_stopped)
		return false;
	if (store_probe(watch->store) < 0) {
		watch->counters->store_probes_failed++;
		return false;
	}
	watch->is_stopped = false;
	watch->counters->store_stopped = 0;
	log_info("store", "store takes commits again", "stopped_s=%llu", (unsigned long long)((now_ms - watch->since_ms) / 1000));
	return true;
}
