// SPDX-License-Identifier: Apache-2.0
// The handlers of the API, one a route; the table of routes is in server.c. Each replies once. Inside collector/http only.
#ifndef COLLECTOR_HTTP_API_H
#define COLLECTOR_HTTP_API_H
#include "collector/http/exchange.h"

// api_devices.c
exchange_handler api_devices, api_device, api_ledger;
// api_records.c
exchange_handler api_records;
// api_refused.c
exchange_handler api_dead_letters, api_audit;
// api_commands.c
exchange_handler api_commands, api_command, api_prepare, api_submit;
// api_health.c
exchange_handler api_healthz, api_readyz, api_version, api_metrics;

#endif
