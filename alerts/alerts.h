// SPDX-License-Identifier: Apache-2.0
// The alerts of Muster, as the collector sees them: rules, the engine that evaluates them, and the ways out. The one header of alerts/ that
// collector/ includes.
#ifndef ALERTS_ALERTS_H
#define ALERTS_ALERTS_H
#include "alerts/engine/engine.h"
#include "alerts/engine/event_kind.h"
#include "alerts/engine/nearest.h"
#include "alerts/engine/rule_test.h"
#include "alerts/engine/rules.h"
#include "alerts/notify/alertmanager.h"
#include "alerts/notify/webhook.h"
#include "alerts/embedded.h"

#endif
