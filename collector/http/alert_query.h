// SPDX-License-Identifier: Apache-2.0
// What the list, the log and the stream of alerts have in common in what is asked of them. Inside collector/http only.
#ifndef COLLECTOR_HTTP_ALERT_QUERY_H
#define COLLECTOR_HTTP_ALERT_QUERY_H
#include "collector/http/exchange.h"
#include "collector/http/matcher.h"

// The parameter match; without it everything fits. 0: give it back with matchers_free(). -1: the error has been sent.
int exchange_matchers(struct exchange *exchange, struct matchers *matchers);

// The number behind which the transitions are that were stored at since_ms or later. 0 or STORE_E*. Reads about 20 rows.
int transition_since(struct store *store, uint64_t since_ms, uint64_t *after);

#endif
