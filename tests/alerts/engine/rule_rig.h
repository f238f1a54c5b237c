// SPDX-License-Identifier: Apache-2.0
// For tests of the rule builder: one rule built from its YAML.
#ifndef TESTS_ALERTS_ENGINE_RULE_RIG_H
#define TESTS_ALERTS_ENGINE_RULE_RIG_H
#include "alerts/engine/rule_build.h"
#include "alerts/engine/rule_texts.h"
#include "tests/alerts/engine/written.h"

struct rule_rig {
	struct written written;
	struct rule_params params; // floor: 50000, hold: 5m, share: 90%, wanted: downloading
	struct slot_table slots;
	struct rule rule;
};

// Builds the one rule of the group "Test group"; the codes of all problems. Then rule_rig_end().
const char *rule_rig_codes(struct rule_rig *rig, const char *text, const char *group_labels);
void rule_rig_end(struct rule_rig *rig);

#endif
