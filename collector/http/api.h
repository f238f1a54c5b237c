// SPDX-License-Identifier: Apache-2.0
// The handlers of the API, one a route; the table of routes is in server.c. Each replies once. Inside collector/http only.
#ifndef COLLECTOR_HTTP_API_H
#define COLLECTOR_HTTP_API_H
#include "collector/http/exchange.h"

// api_devices.c
exchange_handler api_devices, api_device, api_ledger;
// fleet_summary.c
exchange_handler api_fleet;
// api_history.c
exchange_handler api_history;
// api_why.c
exchange_handler api_why;
// api_alerts.c
exchange_handler api_alerts, api_alert_log;
// api_stream.c
exchange_handler api_alert_stream;
// api_rules.c
exchange_handler api_rules;
// api_rollback.c
exchange_handler api_rollback;
// api_records.c
exchange_handler api_records;
// api_refused.c
exchange_handler api_dead_letters, api_audit;
// api_commands.c
exchange_handler api_commands, api_command, api_prepare, api_submit;
// api_health.c
exchange_handler api_healthz, api_readyz, api_version, api_metrics;

#endif
